"""Positions in the texts of qualitative projects: what a program counts, and which turn a position is in."""

from __future__ import annotations

import bisect
import re

from .refi_project import Coding

_ENOUGH_LETTERS = 12
"""Letters of a selection's words that need not be the whole passage to tell it from its neighbours."""


class Positions:
    """What the positions in a text count, and which turn a position is in.

    The standard says Unicode characters; programs also count UTF-16 units (NVivo), take a line end for one sign or for
    two, and count the byte order mark. Where a selection carries its own words, the way of counting that finds most of
    these words is taken; where nothing speaks for another way, the standard's.

    Parameters
    ----------
    text : str
        The source's text as the project holds it.
    codings : list of Coding
        The text codings of the source.
    """

    WAYS = (
        ("characters", False, False, 0), ("characters, line ends as one", True, False, 0),
        ("UTF-16 units", False, True, 0), ("UTF-16 units, line ends as one", True, True, 0),
        ("characters after a byte order mark", False, False, 1),
    )  # fmt: skip

    def __init__(self, text: str, codings: list[Coding]) -> None:
        text = text.removeprefix("\ufeff")
        best = -1
        for name, one_sign, wide, shift in self.WAYS:
            view = text.replace("\r\n", "\n") if one_sign else text
            data = view.encode("utf-16-le", "surrogatepass") if wide else view
            score = sum(_same_words(_cut(data, coding, shift), coding.quote) for coding in codings)
            if score > best:
                best, self.way, self._data, self._wide, self._shift = score, name, data, wide, shift
        self._starts = self._turn_starts()

    def __len__(self) -> int:
        return len(self._data) // (2 if self._wide else 1) + self._shift

    @property
    def n_turns(self) -> int:
        """Number of paragraphs with text."""
        return len(self._starts)

    def words(self, coding: Coding) -> str:
        """Return the words of a passage; empty when its positions are no numbers."""
        return _cut(self._data, coding, self._shift)

    def turn(self, position: int) -> int:
        """Return the number of the paragraph with text, from 1, in which a position lies."""
        return max(1, bisect.bisect_right(self._starts, position - self._shift))

    def _turn_starts(self) -> list[int]:
        view = self._data.decode("utf-16-le", "replace") if isinstance(self._data, bytes) else self._data
        starts, place = [], 0
        for line in re.split(r"(\r\n|\r|\n|\u2029)", view):
            if line.strip():
                starts.append(place)
            place += len(line.encode("utf-16-le", "surrogatepass")) // 2 if self._wide else len(line)
        return starts


def _cut(data: str | bytes, coding: Coding, shift: int) -> str:
    try:
        start, end = int(coding.start) - shift, int(coding.end) - shift
    except ValueError:
        return ""
    if start < 0:
        return ""
    if isinstance(data, bytes):
        return data[2 * start : 2 * end].decode("utf-16-le", "replace")
    return data[start:end]


def _same_words(found: str, quote: str) -> bool:
    """Return whether a passage begins with the words of its selection, which programs shorten and mark as cut."""
    plain, wanted = " ".join(found.split()), " ".join(quote.split()).rstrip(".…").strip()
    if not wanted or not plain:
        return False
    if len(wanted) >= _ENOUGH_LETTERS:
        return plain.startswith(wanted)
    return plain == wanted
