"""What every reader returns: all cells as text, with the row each record stands in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import InputError

LOOK_AT = 20
"""Records among which the headers are looked for."""
_FILLED_SHARE = 0.6
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Refused:
    """One record that a reader could not place into columns.

    Parameters
    ----------
    row : int
        Row in the file.
    reason : str
        Why, in words.
    cells : tuple of str
        The cells as they stand there.
    rule : str
        Rule that the record breaks, for the change log: more cells than headers, or a record that cannot be understood.
    """

    row: int
    reason: str
    cells: tuple[str, ...]
    rule: str = "row.too_long"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the study file says about a file; whatever is not given is found.

    Parameters
    ----------
    sheet : str or int, optional
        Sheet of a workbook by name or number counted from 1; the part of an archive with several tables.
    header_row : int, optional
        Row of the headers, counted from 1.
    encoding, separator : str, optional
        Of a text file; ``tab`` stands for the tab.
    structure : pathlib.Path, optional
        Companion that describes the columns: a data dictionary, a survey's structure file, a form.
    """

    sheet: str | int | None = None
    header_row: int | None = None
    encoding: str | None = None
    separator: str | None = None
    structure: Path | None = None


@dataclass(frozen=True, slots=True)
class RawRecords:
    """The records of a file as lists of cells, before anybody says which of them are headers.

    Parameters
    ----------
    records : list of list of str
        Every record with at least one cell; records may differ in length.
    rows : list of int
        Row each record starts in, counted as in `RawTable.rows`.
    format, encoding, separator, sheet : str
        As in `RawTable`.
    notes : tuple of str
        What was guessed or repaired, in words.
    """

    records: list[list[str]]
    rows: list[int]
    format: str
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """What a file, or its companion, says about one of its columns.

    Parameters
    ----------
    text : str
        Question or statement as respondents saw it; empty when the file does not say.
    labels : dict of str to str
        Code -> its label in words (value labels, answer options), in the file's order. A cell holds the code,
        or the label where the export wrote labels.
    missing : tuple of str
        Cells that the file declares to mean "no answer" (user-missing values).
    texts : dict of str to str
        Language tag -> question text, where the file holds several languages.
    kind : str
        What the file calls the column: its question or variable type; empty when it does not say.
    """

    text: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)
    kind: str = ""


@dataclass(frozen=True, slots=True)
class RawTable:
    """A raw file as text, before any conversion.

    Parameters
    ----------
    frame : pandas.DataFrame
        All cells as text, shape (n_records, n_columns); an empty cell is ``""``. Columns are the headers,
        with line breaks and repeated blanks made one blank. A header that stands there twice becomes
        ``"Name (2)"``, an empty one ``"column 7"``.
    file : pathlib.Path
        The file.
    rows : numpy.ndarray of int, shape (n_records,)
        Where each record starts, counted from 1. In a workbook this is the sheet's row. In a text file it
        is the physical line, so a record with line breaks inside quotes moves the numbers of later records
        on, as in a text editor.
    header_row : int
        Row of the headers, counted in the same way.
    format : str
        One of the readers' formats, e.g. ``csv`` or ``xlsx``.
    encoding, separator, sheet : str
        How the file was read; empty where the format has none.
    refused : tuple of Refused
        Records with more cells than there are columns; they are not in `frame`.
    notes : tuple of str
        What was guessed or repaired, in words.
    columns : dict of str to ColumnInfo
        For headers of `frame` that the file describes: question texts, value labels, missing codes.
    """

    frame: pd.DataFrame
    file: Path
    rows: NDArray[np.int64]
    header_row: int
    format: str
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = field(default=())
    columns: dict[str, ColumnInfo] = field(default_factory=dict)

    @property
    def n_records(self) -> int:
        """Number of records read, those refused included."""
        return len(self.rows) + len(self.refused)


def tidy_headers(cells: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return headers that are unique and not empty, and notes on those that had to be changed."""
    seen: dict[str, int] = {}
    headers: list[str] = []
    notes: list[str] = []
    plain = [re.sub(r"\s+", " ", cell).strip() for cell in cells]
    taken, used = set(plain), set[str]()
    for number, name in enumerate(plain, 1):
        if not name:
            name = f"column {number}"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            unique = f"{name} ({seen[name]})"
            while unique in taken or unique in used:
                seen[name] += 1
                unique = f"{name} ({seen[name]})"
            notes.append(f"header {name!r} stands there more than once; column {number} is called {unique!r}")
            name = unique
        headers.append(name)
        used.add(name)
    return headers, notes


def find_header(records: Sequence[Sequence[str]], rows: Sequence[int], file: Path) -> int:
    """Return the index of the header: the first record that is filled about as widely as those below it.

    Titles and comments above the header fill one cell or a few; a header fills most of the columns in use.
    """
    filled = [sum(1 for cell in record if cell.strip()) for record in records[:LOOK_AT]]
    if not any(filled):
        raise InputError("the file holds no text", file=file.name, allowed="a row of headers and rows below it")
    widest = max(filled)
    if widest == 2 and filled[0] == 1 and len(records[0]) > 1:
        _refuse_half_named(records, rows[0], file)
        return 0 if not records[0][0].strip() else filled.index(2)
    needed = max(1, _FILLED_SHARE * widest)
    return next(index for index, count in enumerate(filled) if count >= needed)


def _refuse_half_named(records: Sequence[Sequence[str]], row: int, file: Path) -> None:
    """Raise when the first record of a two-column table, one filled cell, may be headers with a name missing.

    A title stands in the first cell and has headers below it, and headers are no numbers: numbers right below a single
    name are answers, and taking them for headers would lose a row.
    """
    name = records[0][0].strip()
    full = next(record for record in records if sum(1 for cell in record if cell.strip()) > 1)
    if name and any(_NUMBER.fullmatch(cell.strip()) for cell in full):
        raise InputError(
            "the first row may be a title, or headers with the second name missing",
            file=file.name, row=row, found=name,
            allowed="a name over each column; or header_row in the study file, the row that holds the headers",
        )  # fmt: skip


def build_table(
    records: Sequence[Sequence[str]],
    rows: Sequence[int],
    *,
    file: Path,
    format: str,
    header_row: int | None = None,
    encoding: str = "",
    separator: str = "",
    sheet: str = "",
    notes: Sequence[str] = (),
) -> RawTable:
    """Turn records into a `RawTable`: find the headers, square the rows, set aside those that are too long.

    Parameters
    ----------
    records : sequence of sequences of str
        All records of the file that hold at least one cell.
    rows : sequence of int, shape (n_records,)
        Row each record starts in.
    file, format, encoding, separator, sheet
        As in `RawTable`.
    header_row : int, optional
        Row of the headers; found by `find_header` when not given.
    notes : sequence of str
        Notes of the reader.

    Raises
    ------
    InputError
        When there is no header, or `header_row` holds none.
    """
    comments = list(notes)
    index = header_index(records, rows, header_row, file)
    if header_row is None and index > 0:
        comments.append(f"rows above the headers in row {rows[index]} were skipped")
    headers, renamed = tidy_headers(without_empty_tail(records[index]))
    comments += renamed
    body, body_rows = _without_empty_end(records[index + 1 :], rows[index + 1 :], comments)
    width = len(headers)
    wider = max((len(without_empty_tail(record)) for record in body if len(record) > width), default=0)
    named = sum(1 for cell in records[index] if cell.strip())
    if wider > width and len(records[index]) >= wider and named:
        headers, _ = tidy_headers(records[index][:wider])
        width = wider
    good, good_rows, short, refused = square(body, body_rows, width)
    comments += short_note(sum(short))
    columns = zip(*good, strict=True) if good else [() for _ in headers]
    frame = pd.DataFrame(
        {name: pd.array(list(cells), dtype="str") for name, cells in zip(headers, columns, strict=True)}
    )
    return RawTable(
        frame, file, np.array(good_rows, dtype=np.int64), int(rows[index]), format, encoding, separator,
        sheet,
        tuple(refused), tuple(comments),
    )  # fmt: skip


def short_note(n_short: int) -> list[str]:
    """Return the note on rows with fewer cells than headers, if there are any."""
    if not n_short:
        return []
    return [f"{n_short} rows have fewer cells than there are headers; the cells that lack are empty"]


def end_note(n_empty: int) -> list[str]:
    """Return the note on empty rows at the end, if there are any."""
    return [f"{n_empty} empty rows at the end were left out"] if n_empty else []


def header_index(records: Sequence[Sequence[str]], rows: Sequence[int], header_row: int | None, file: Path) -> int:
    """Return the index of the headers among the records: the row the study file names, or the one found."""
    if header_row is None:
        return find_header(records, rows, file)
    if header_row not in rows:
        last = rows[-1] if rows else 0
        raise InputError(
            "no headers in the row given as header_row",
            file=file.name, row=header_row, allowed=f"a filled row from 1 to {last}",
        )  # fmt: skip
    return list(rows).index(header_row)


def without_empty_tail(record: Sequence[str]) -> list[str]:
    """Return the cells up to the last one with something in it."""
    cells = list(record)
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _without_empty_end(
    records: Sequence[Sequence[str]], rows: Sequence[int], notes: list[str]
) -> tuple[Sequence[Sequence[str]], Sequence[int]]:
    end = len(records)
    while end and not any(cell.strip() for cell in records[end - 1]):
        end -= 1
    notes += end_note(len(records) - end)
    return records[:end], rows[:end]


def square(
    records: Sequence[Sequence[str]], rows: Sequence[int], width: int
) -> tuple[list[Sequence[str]], list[int], list[bool], list[Refused]]:
    """Give every record `width` cells: short ones get empty cells, those with something beyond are refused.

    Returns
    -------
    records, rows, short : lists, length n_records
        The records in use, their rows, and whether each lacked cells.
    refused : list of Refused
        The others.
    """
    good: list[Sequence[str]] = []
    good_rows: list[int] = []
    short: list[bool] = []
    refused: list[Refused] = []
    for record, row in zip(records, rows, strict=True):
        length = len(record)
        if length > width:
            if any(cell.strip() for cell in record[width:]):
                reason = f"the row has {len(without_empty_tail(record))} cells, but there are {width} headers"
                refused.append(Refused(row, reason, tuple(record)))
                continue
            record = record[:width]
        elif length < width:
            record = [*record, *[""] * (width - length)]
        good.append(record)
        good_rows.append(row)
        short.append(length < width)
    return good, good_rows, short, refused
