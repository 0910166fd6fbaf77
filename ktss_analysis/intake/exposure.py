"""Which columns of a raw file hold direct identifiers, and what cleaning does about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from ..readers import ColumnInfo
from ..study import Source, Study
from .cells import to_dates
from .identifier_headers import kind_of_header, kind_of_question
from .identifiers import PLACEHOLDERS, Scrubber
from .labels import fold

_SHARE = 0.5
_SHARE_OF_BARE_NUMBERS = 0.8
_FEWEST_BARE_NUMBERS = 3
_FEWEST_DATES = 5
_BORN_FROM, _BORN_UNTIL, _SPREAD_OF_BIRTHS = 1920, 2012, 5
_DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y")
_LONGEST_SCALE_CELL = 2


@dataclass(frozen=True, slots=True)
class Exposure:
    """One kind of direct identifier in one raw column.

    Parameters
    ----------
    column : str
        Header.
    kind : str
        Kind of identifier, e.g. ``phone``.
    evidence : {"header", "question", "content"}
        What gave it away.
    n_cells, n_filled : int
        Cells with such an identifier (all filled ones where header or question gave it away), filled cells.
    whole : bool
        The column consists of identifiers; else some of its cells contain one.
    """

    column: str
    kind: str
    evidence: str
    n_cells: int
    n_filled: int
    whole: bool


def find_exposures(
    frame: pd.DataFrame, scrubber: Scrubber, columns: Mapping[str, ColumnInfo] | None = None
) -> list[Exposure]:
    """Return the columns of a raw table that hold direct identifiers; no value of a cell is returned.

    Parameters
    ----------
    frame : pandas.DataFrame
        Cells as text, shape (n_rows, n_columns).
    scrubber : Scrubber
        Tells identifiers by their form.
    columns : mapping of str to ColumnInfo, optional
        What the file says about its columns; question texts are looked at as well.

    Returns
    -------
    list of Exposure
        In the order of the columns. A column that its header or question gives away is listed once.

    Notes
    -----
    A header alone does not make an identifier of scale answers: cells of one or two signs, or no more than two
    different cells in five rows or more, speak against it. Bare numbers that happen to pass a check digit count
    only when four in five cells do.
    """
    found: list[Exposure] = []
    for position, header in enumerate(map(str, frame.columns)):
        count = ExposureCount(header, (columns or {}).get(header))
        count.add(frame.iloc[:, position], scrubber)
        found += count.found()
    return found


class ExposureCount:
    """What the cells of one raw column say about identifiers; cells may come piece by piece.

    Parameters
    ----------
    header : str
        Header of the column.
    info : ColumnInfo, optional
        What the file says about it.

    Notes
    -----
    Of the texts themselves no more than `_FEWEST_DATES` are kept.
    """

    def __init__(self, header: str, info: ColumnInfo | None = None) -> None:
        self.header = header
        self.kind, self.evidence = _by_words(header, info)
        self._some: set[str] = set()
        self._n_filled, self._all_short = 0, True
        self._whole, self._contained, self._bare = Counter[str](), Counter[str](), Counter[str]()
        self._births, self._years = True, (9999, 0)

    def add(self, cells: pd.Series, scrubber: Scrubber) -> None:
        """Count further cells."""
        filled = cells.fillna("").astype(str).str.strip()
        counts = filled[filled != ""].value_counts(sort=False)
        texts = {str(text): int(count) for text, count in counts.items()}
        for text in texts:
            if len(self._some) >= _FEWEST_DATES:
                break
            self._some.add(text)
        self._n_filled += sum(texts.values())
        self._all_short = self._all_short and all(len(text) <= _LONGEST_SCALE_CELL for text in texts)
        if self.kind is None or self._looks_like_answers():
            self._look_inside(texts, scrubber)

    def found(self) -> list[Exposure]:
        """Return the kinds of identifiers in the column; one that header or question give away stands alone."""
        header, n_filled = self.header, self._n_filled
        if self.kind is not None and not self._looks_like_answers():
            return [Exposure(header, self.kind, self.evidence, n_filled, n_filled, True)]
        whole, contained = self._whole.copy(), self._contained.copy()
        for kind, count in self._bare.items():
            if count >= _SHARE_OF_BARE_NUMBERS * n_filled and count >= _FEWEST_BARE_NUMBERS:
                whole[kind] += count
            else:
                contained[kind] -= count
        exposures = [
            Exposure(header, kind, "content", count, n_filled, whole[kind] >= _SHARE * n_filled)
            for kind, count in contained.items()
            if count > 0
        ]
        if not exposures and self._are_births():
            exposures = [Exposure(header, "birth date", "content", n_filled, n_filled, True)]
        return exposures

    def _looks_like_answers(self) -> bool:
        if not self._some:
            return False
        return (len(self._some) <= 2 and self._n_filled >= 5) or self._all_short

    def _look_inside(self, texts: Mapping[str, int], scrubber: Scrubber) -> None:
        for text, count in texts.items():
            replaced, kinds = scrubber.replace(text)
            for kind in set(kinds):
                self._contained[kind] += count
                if replaced.strip() == PLACEHOLDERS[kind]:
                    (self._bare if text.isdigit() else self._whole)[kind] += count
        self._births = self._births and all(8 <= len(text) <= 10 for text in texts)
        if texts and self._births:
            stamps, bad = to_dates(pd.Series(list(texts), dtype="str"), _DATE_FORMATS, frozenset())
            self._births = not bad.any()
            if self._births:
                years = stamps.dt.year
                self._years = min(self._years[0], int(years.min())), max(self._years[1], int(years.max()))

    def _are_births(self) -> bool:
        """Tell whether all cells are dates of a time long ago that spread over years: births, not answers."""
        first, last = self._years
        if not self._births or len(self._some) < _FEWEST_DATES:
            return False
        return first >= _BORN_FROM and last <= _BORN_UNTIL and last - first > _SPREAD_OF_BIRTHS


def _by_words(header: str, info: ColumnInfo | None) -> tuple[str | None, str]:
    kind = kind_of_header(header)
    if kind is not None:
        return kind, "header"
    texts = [] if info is None else [info.text, *info.texts.values()]
    return next((kind for text in texts if text and (kind := kind_of_question(text))), None), "question"


@dataclass(frozen=True)
class Guard:
    """What cleaning asks before it stores or logs a cell of one source.

    Parameters
    ----------
    scrubber : Scrubber
        Replaces identifiers inside texts.
    hidden : mapping of str to str
        Folded headers of columns that consist of identifiers -> kind.
    kept : frozenset of str
        Folded headers of columns that the study keeps in clear and says why.
    """

    scrubber: Scrubber = field(default_factory=Scrubber)
    hidden: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()

    def header(self, header: str) -> str:
        """Return a header as it may be stored: headers, too, can name people."""
        return header if fold(header) in self.kept else self.scrubber.text(header)

    def cell(self, header: str, text: str) -> str:
        """Return a cell as it may be stored; a column of identifiers shows its kind alone."""
        key = fold(header)
        if not text.strip() or key in self.kept:
            return text
        kind = self.hidden.get(key)
        return placeholder(kind) if kind is not None else self.scrubber.text(text)


def placeholder(kind: str) -> str:
    """Return what stands in the place of an identifier."""
    return PLACEHOLDERS.get(kind, f"[{kind}]")


def kept_columns(study: Study, source: Source) -> frozenset[str]:
    """Return the folded headers that the study keeps in clear in a source."""
    return frozenset(fold(keep.column) for keep in study.privacy.keep if keep.source in (None, source.name))


def guard_of(study: Study, source: Source, exposures: Iterable[Exposure], scrubber: Scrubber) -> Guard:
    """Return the guard of a source, from what was found in its columns and what the study keeps.

    Cells that are told by their form are replaced one by one; a column is hidden as a whole when its header, its
    question or all its dates together gave it away.

    The column that identifies the person is not hidden: its cells become pseudonyms.
    """
    person = None if source.person is None else source.person.column
    hidden = {
        fold(found.column): found.kind
        for found in exposures
        if found.whole and (found.evidence != "content" or found.kind == "birth date")
    }
    hidden.pop(fold(person or ""), None)
    return Guard(scrubber, hidden, kept_columns(study, source))
