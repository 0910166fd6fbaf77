"""Which format the dates of a column are in: decided from the whole column, or refused; never guessed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import InputError
from .cells import to_dates
from .gather import Gathered
from .labels import fold

_DATE = re.compile(
    r"(?P<a>\d{1,4})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{1,4})"
    r"(?:(?P<gap>T|,? )(?P<time>\d{1,2}:\d{2}(?P<seconds>:\d{2})?(?P<part>\.\d{1,9})?)(?P<half> ?[AaPp][Mm])?"
    r"(?P<zone> ?(?:Z|[+-]\d{2}:?\d{2}))?)?"
)


@dataclass(frozen=True, slots=True)
class DateFormats:
    """What the texts of a column say about their format.

    Parameters
    ----------
    formats : tuple of str
        Formats in `strptime` notation, in which each text that is a date can be read in one way.
    unclear : tuple of str
        Texts such as ``03/04/2024`` that may be the 3rd of April or the 4th of March; up to three of them.
    both : tuple of str
        When the column speaks for both orders: one text that can only be day first and one that can only be
        month first; else empty.
    """

    formats: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    both: tuple[str, ...] = ()


def find_date_formats(texts: Iterable[str]) -> DateFormats:
    """Return the formats of a column of dates.

    Parameters
    ----------
    texts : iterable of str
        Distinct cells, blanks at the ends removed; what is no date counts for nothing.

    Notes
    -----
    ``2024-04-03`` is year, month, day; ``3.4.2024`` is day, month, year, as everywhere where points are used.
    With slashes or dashes both orders are in use. ``25/04/2024`` can only be day first, so a column with one
    such cell is day first, unless another cell can only be month first. Years of two digits are not read.
    """
    signs = DateSigns()
    signs.add(texts)
    return signs.found()


class DateSigns:
    """What the texts of a column say about the format of its dates; texts may come piece by piece.

    The order of the texts and how often they come do not matter.
    """

    def __init__(self) -> None:
        self._certain: set[str] = set()
        self._either: set[tuple[str, str]] = set()
        self._one_order: dict[str, set[str]] = {"%d": set(), "%m": set()}
        self._example: dict[str, str] = {}
        self._open: list[str] = []
        self._unclear: list[str] = []

    def add(self, texts: Iterable[str]) -> None:
        """Look at further texts, blanks at their ends removed."""
        for text in texts:
            match = _DATE.fullmatch(text)
            if match is None:
                continue
            candidates = _candidates(match)
            if len(match["a"]) == 4 or match["sep"] == ".":
                self._certain.update(candidates)
            elif len(candidates) == 2:
                self._either.add((candidates[0], candidates[1]))
                self._open = _smallest(self._open, text)
                if _differs(text):
                    self._unclear = _smallest(self._unclear, text)
            elif candidates:
                start = candidates[0][:2]
                self._one_order[start].add(candidates[0])
                self._example[start] = min(text, self._example.get(start, text))

    def found(self) -> DateFormats:
        """Return the formats that all texts together speak for."""
        day_first, month_first = self._one_order["%d"], self._one_order["%m"]
        if day_first and month_first:
            return DateFormats((), tuple(self._open), (self._example["%d"], self._example["%m"]))
        if self._unclear and not day_first and not month_first:
            return DateFormats(_unique(self._certain), tuple(self._unclear))
        place = 1 if month_first else 0
        found = {candidates[place] for candidates in self._either}
        return DateFormats(_unique(self._certain | found | day_first | month_first))


def _smallest(texts: list[str], text: str) -> list[str]:
    """Return the first three of some texts and another one, in their order."""
    return texts if text in texts else sorted([*texts, text])[:3]


def _match(text: str) -> re.Match[str]:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no date")
    return match


def _unique(formats: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sorted(formats, key=lambda text: (not text.startswith("%Y"), text))))


def _candidates(match: re.Match[str]) -> list[str]:
    """Return the formats in which the text is a date that exists; day first before month first."""
    sep, first, second, third = match["sep"], match["a"], match["b"], match["c"]
    orders: list[tuple[str, tuple[str, str, str]]] = []
    if len(first) == 4 and len(third) <= 2:
        orders = [(f"%Y{sep}%m{sep}%d", (first, second, third))]
    elif len(third) == 4 and len(first) <= 2:
        orders = [(f"%d{sep}%m{sep}%Y", (third, second, first))]
        if sep != ".":
            orders.append((f"%m{sep}%d{sep}%Y", (third, first, second)))
    return [pattern + _time(match) for pattern, parts in orders if _exists(*parts)]


def _exists(year: str, month: str, day: str) -> bool:
    try:
        datetime.date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _differs(text: str) -> bool:
    match = _match(text)
    return int(match["a"]) != int(match["b"])


def _time(match: re.Match[str]) -> str:
    if not match["time"]:
        return ""
    half = match["half"] or ""
    pattern = match["gap"] + ("%I:%M" if half else "%H:%M") + (":%S" if match["seconds"] else "")
    pattern += ".%f" if match["part"] else ""
    pattern += " %p" if half.startswith(" ") else "%p" if half else ""
    zone = match["zone"] or ""
    return pattern + (" %z" if zone.startswith(" ") else "%z" if zone else "")


class ReadDates(NamedTuple):
    """Time stamps (NaT where missing or unreadable), which filled cells cannot be read, and why, in words."""

    stamps: pd.Series
    bad: NDArray[np.bool_]
    reason: str


def read_dates(gathered: Gathered, header: str, texts: pd.Series) -> ReadDates:
    """Read the dates of a column in the declared formats, or else in those that each file's column speaks for.

    Parameters
    ----------
    gathered : Gathered
        The rows of a source.
    header : str
        The column; empty for a constant.
    texts : pandas.Series of str, shape (n_rows,)
        Its cells.

    Raises
    ------
    InputError
        When no format is declared and a column can be read day first and month first.
    """
    declared = gathered.source.date_formats
    if declared:
        stamps, bad = to_dates(texts, declared, gathered.missing)
        return ReadDates(stamps, bad, f"fits none of the date formats: {', '.join(declared)}; the date is left missing")
    stamps = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[us]")
    bad = np.zeros(len(texts), dtype=bool)
    for table in gathered.tables:
        mask = gathered.file == table.file.name
        name = table.file.name
        noted = gathered.date_formats.get(name)
        found = _decided(noted or _formats(texts[mask], gathered.missing), name, header)
        stamps[mask], bad[mask] = to_dates(texts[mask], found.formats, gathered.missing)
    return ReadDates(stamps, bad, "is no date that is recognised; give 'date_formats'; the date is left missing")


def date_texts(texts: pd.Series, missing: frozenset[str]) -> list[str]:
    """Return the distinct texts of a column that may be dates, blanks at the ends removed."""
    distinct = {str(text).strip() for text in texts.dropna().unique()}
    return [text for text in distinct if fold(text) not in missing]


def _formats(texts: pd.Series, missing: frozenset[str]) -> DateFormats:
    return find_date_formats(date_texts(texts, missing))


def _decided(found: DateFormats, file: str, header: str) -> DateFormats:
    if found.both:
        raise InputError(
            "one column holds dates with the day first and dates with the month first, so no date of it is safe",
            file=file, column=header or None, found=", ".join(found.both),
            allowed="one order per file; correct the export, or name the order with date_formats",
        )  # fmt: skip
    if found.unclear:
        raise InputError(
            "the dates may be day first or month first, and no cell of the column decides",
            file=file, column=header or None, found=", ".join(found.unclear),
            allowed='date_formats: ["%d/%m/%Y"] or date_formats: ["%m/%d/%Y"] in the study file',
        )  # fmt: skip
    return found
