"""Text in blocks to records: a regular block goes through a C parser, any other through the csv module.

Both ways give the same cells, the same row numbers and the same refusals; `tests/property/test_flow.py` holds
them to that for any text and any size of block.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..core import InputError
from .table import Refused, square

if TYPE_CHECKING:
    import pyarrow as arrow

LONGEST_CELL = csv.field_size_limit()
"""Signs in one cell (131,072): no answer is longer, and a quotation mark that is not closed soon is."""

_LF, _CR, _QUOTE, _BLANK = 10, 13, 34, 32
_LARGEST = 1 << 23  # bytes that may wait for the end of a quoted cell before the careful way looks at them


class Piece(NamedTuple):
    """Some consecutive records: cells by column, the row each starts in, which were short, what was refused."""

    table: arrow.Table
    rows: NDArray[np.int64]
    short: NDArray[np.bool_]
    refused: list[Refused]


class Cutter:
    """Cuts blocks of UTF-8 text into records, and remembers the line it has come to.

    Parameters
    ----------
    blocks : iterator of bytes
        The text, cut anywhere; no null signs.
    separator : str
        One sign between cells.
    file : pathlib.Path
        For messages.
    line : int
        Lines of the file that stand before the text.
    padded : bool
        Blanks behind a separator belong to the layout and not to the cell.
    """

    def __init__(
        self, blocks: Iterator[bytes], separator: str, file: Path, line: int = 0, *, padded: bool = False
    ) -> None:
        self._blocks, self._separator, self._file, self._padded = blocks, separator, file, padded
        self._text = self._rest = b""
        self._line, self._at_end = line, False

    def records(self, n_records: int, n_bytes: int = 0) -> tuple[list[list[str]], list[int]]:
        """Return the next records and the row of each: `n_records` at most, and not much beyond `n_bytes`.

        Raises
        ------
        InputError
            When a cell is longer than `LONGEST_CELL`.
        """
        lines = _Lines(self)
        reader = csv.reader(lines, delimiter=self._separator, skipinitialspace=self._padded)
        records: list[list[str]] = []
        rows: list[int] = []
        start = self._line
        try:
            while len(records) < n_records and (not n_bytes or lines.n_bytes < n_bytes):
                record = next(reader, None)
                if record is None:
                    break
                if record:
                    records.append(record)
                    rows.append(start + 1)
                start = self._line + reader.line_num
        except csv.Error as error:
            raise unreadable(error, self._file, start + 1) from None
        lines.give_back()
        self._line = start
        return records, rows

    def lines(self) -> Iterator[str]:
        """Return the lines still to come, for a caller that cuts them itself."""
        return iter(_Lines(self))

    def pieces(self, width: int, n_cells: int) -> Iterator[Piece]:
        """Yield all further records as they come.

        Parameters
        ----------
        width : int
            Number of columns; a record with something beyond them is refused.
        n_cells : int
            Cells that a regular record has: as many as the row of headers, empty ones at its end included.
        """
        while self.fill():
            piece = self._fast(width, n_cells)
            if piece is None:
                records, rows = self.records(len(self._text) + 1, len(self._text))
                piece = _piece(records, rows, width)
            yield piece

    def fill(self) -> bool:
        """Have at least one whole line at hand; return whether there is any text left."""
        while not self._text and not self._at_end:
            self.more()
        return bool(self._text)

    def more(self) -> None:
        """Take one more block; a line that is not complete yet waits, as does CR, which LF may follow."""
        block = next(self._blocks, None)
        if block is None:
            self._text, self._rest, self._at_end = self._text + self._rest, b"", True
            return
        fresh = self._rest + block
        cut = max(fresh.rfind(b"\n"), fresh.rfind(b"\r", 0, len(fresh) - 1)) + 1
        self._text, self._rest = self._text + fresh[:cut], fresh[cut:]

    def _fast(self, width: int, n_cells: int) -> Piece | None:
        if len(self._separator) != 1 or not self._separator.isascii() or self._separator in '" \r\n':
            return None
        found = regular_records(self._text, ord(self._separator), padded=self._padded)
        while found is not None and not len(found.starts) and not self._at_end and len(self._text) < _LARGEST:
            self.more()
            found = regular_records(self._text, ord(self._separator), padded=self._padded)
        if found is None or not found.end:
            return None
        table = _parsed(self._text[: found.end], self._separator, n_cells, quoted=found.quoted)
        if table is None or table.num_rows != len(found.starts):
            return None
        if found.blanks:
            table = _without_first_blanks(table)
        beyond = table.select(range(width, n_cells))
        if any(_filled(column) for column in beyond.columns):
            return None
        rows = self._line + 1 + found.starts
        self._line += found.n_lines
        self._text = self._text[found.end :]
        return Piece(table.select(range(width)), rows, np.zeros(len(rows), dtype=bool), [])


class _Lines:
    """The lines at hand one by one, as the csv module asks for them; what it did not ask for is given back."""

    def __init__(self, cutter: Cutter) -> None:
        self._cutter, self._lines, self._next = cutter, cutter._text.splitlines(keepends=True), 0
        self.n_bytes = 0
        cutter._text = b""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._next == len(self._lines):
            if not self._cutter.fill():
                raise StopIteration
            self._lines, self._next = self._cutter._text.splitlines(keepends=True), 0
            self._cutter._text = b""
        line = self._lines[self._next]
        self._next += 1
        self.n_bytes += len(line)
        return line.decode("utf-8")

    def give_back(self) -> None:
        self._cutter._text = b"".join(self._lines[self._next :]) + self._cutter._text


class Regular(NamedTuple):
    """Where the records of a regular text are."""

    starts: NDArray[np.int64]
    """Lines before each record."""
    end: int
    """Bytes of the text that hold whole records."""
    n_lines: int
    """Lines in these bytes."""
    quoted: bool
    blanks: bool
    """Whether a cell may start with blanks that do not count."""


def regular_records(text: bytes, mark: int, *, padded: bool = False) -> Regular | None:
    """Find the records of a text that every parser reads alike, or return None.

    It is regular when lines end with LF or CRLF throughout, each quotation mark opens a cell, closes it or
    stands doubled inside it, no cell can be longer than `LONGEST_CELL`, and no blank that does not count stands
    before a cell if there are quotation marks.

    Parameters
    ----------
    text : bytes
        Whole lines in UTF-8; the last one may lack its end.
    mark : int
        Byte of the separator.
    padded : bool
        Blanks before a cell do not count.
    """
    if text.count(b"\r") != text.count(b"\r\n"):
        return None
    signs = np.frombuffer(text, dtype=np.uint8)
    breaks = np.flatnonzero(signs == _LF)
    if not text.endswith(b"\n"):
        breaks = np.append(breaks, len(text))
    blanks = padded and (text.startswith(b" ") or b"\n " in text or bytes([mark, _BLANK]) in text)
    ends = breaks
    quoted = b'"' in text
    if quoted:
        quotes = np.flatnonzero(signs == _QUOTE)
        if blanks or not _well_placed(signs, quotes, mark):
            return None
        ends = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
    if not len(ends):
        return Regular(np.zeros(0, dtype=np.int64), 0, 0, quoted, blanks)
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (ends - starts).max() > LONGEST_CELL:
        return None
    empty = (ends == starts) | ((ends == starts + 1) & (signs[starts] == _CR))
    lines = np.searchsorted(breaks, starts)
    end = min(int(ends[-1]) + 1, len(text))
    return Regular(lines[~empty], end, int(np.searchsorted(breaks, ends[-1])) + 1, quoted, blanks)


def _well_placed(signs: NDArray[np.uint8], quotes: NDArray[np.int64], mark: int) -> bool:
    padded = np.concatenate([[_LF], signs, [_LF]])
    before, after = padded[quotes[0::2]], padded[quotes[1::2] + 2]
    opening = (before == mark) | (before == _LF) | (before == _QUOTE)
    closing = (after == mark) | (after == _LF) | (after == _CR) | (after == _QUOTE)
    return bool(opening.all() and closing.all())


def _parsed(text: bytes, separator: str, n_cells: int, *, quoted: bool) -> arrow.Table | None:
    """Return the cells by column, or None when a record has more or fewer of them."""
    import pyarrow as arrow
    import pyarrow.csv as parser

    names = [str(number) for number in range(n_cells)]
    try:
        return parser.read_csv(
            arrow.BufferReader(text),
            parser.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
            parser.ParseOptions(
                delimiter=separator, quote_char='"' if quoted else False, double_quote=True, escape_char=False,
                newlines_in_values=quoted, ignore_empty_lines=True,
            ),
            parser.ConvertOptions(
                column_types=dict.fromkeys(names, arrow.string()), strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )  # fmt: skip
    except arrow.ArrowInvalid:
        return None


def _without_first_blanks(table: arrow.Table) -> arrow.Table:
    import pyarrow as arrow
    import pyarrow.compute as compute

    columns = [compute.utf8_ltrim(column, characters=" ") for column in table.columns]
    return arrow.Table.from_arrays(columns, names=table.column_names)


def _filled(column: arrow.ChunkedArray) -> bool:
    import pyarrow.compute as compute

    return bool(compute.any(compute.not_equal(compute.utf8_trim_whitespace(column), "")).as_py())


def _piece(records: list[list[str]], rows: list[int], width: int) -> Piece:
    import pyarrow as arrow

    good, good_rows, short, refused = square(records, rows, width)
    columns = zip(*good, strict=True) if good else [()] * width
    arrays = [arrow.array(list(column), type=arrow.string()) for column in columns]
    table = arrow.Table.from_arrays(arrays, names=[str(number) for number in range(width)])
    return Piece(table, np.array(good_rows, dtype=np.int64), np.array(short, dtype=bool), refused)


def unreadable(error: csv.Error, file: Path, row: int) -> InputError:
    """Return what a user reads when the csv module gives up."""
    if "field limit" in str(error):
        return InputError(
            f"a cell holds more than {LONGEST_CELL:,} signs: a quotation mark is not closed, or it is no table",
            file=file.name, row=row, allowed='pairs of " around a cell, doubled inside it',
        )  # fmt: skip
    return InputError(
        f"the text cannot be cut into cells ({error})", file=file.name, row=row,
        allowed="quotation marks that are closed; give 'separator' if it is an unusual one",
    )  # fmt: skip
