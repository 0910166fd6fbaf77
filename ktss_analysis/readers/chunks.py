"""A raw file in pieces: headers found once, records as they come, notes when the last one was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .blocks import Cutter, Piece
from .table import (
    LOOK_AT,
    RawTable,
    end_note,
    header_index,
    short_note,
    tidy_headers,
    without_empty_tail,
)

if TYPE_CHECKING:
    import pyarrow as arrow


class Text(Protocol):
    """What `find_layout` needs of a text: its file, and records from the start as often as asked."""

    @property
    def path(self) -> Path:
        """The file."""

    def cutter(self) -> Cutter:
        """Return what cuts the text into records."""


@dataclass(frozen=True)
class Layout:
    """Where the headers of a text are and what they say.

    Parameters
    ----------
    headers : list of str
        Headers, unique and not empty.
    header_row : int
        Row they stand in.
    index : int
        Records before them.
    n_cells : int
        Cells of the header record, empty ones at its end included.
    notes : tuple of str
        On rows above the headers and on headers that had to be changed.
    """

    headers: list[str]
    header_row: int
    index: int
    n_cells: int
    notes: tuple[str, ...]

    def pieces(self, text: Text) -> Iterator[Piece]:
        """Yield the records below the headers."""
        cutter = text.cutter()
        cutter.records(self.index + 1)
        return cutter.pieces(len(self.headers), self.n_cells)


def find_layout(text: Text, header_row: int | None = None) -> Layout:
    """Find the headers of a text, as `build_table` does with all records at hand.

    Raises
    ------
    InputError
        When there is no header, or `header_row` holds none.
    """
    cutter = text.cutter()
    records, rows = cutter.records(LOOK_AT)
    while header_row is not None and rows and rows[-1] < header_row:
        more, more_rows = cutter.records(LOOK_AT)
        if not more:
            break
        records, rows = records + more, rows + more_rows
    index = header_index(records, rows, header_row, text.path)
    record = records[index]
    notes = [f"rows above the headers in row {rows[index]} were skipped"] if header_row is None and index else []
    named = without_empty_tail(record)
    headers, renamed = tidy_headers(named)
    layout = Layout(headers, int(rows[index]), index, len(record), (*notes, *renamed))
    if len(record) > len(named) and named:
        width = _filled_width(replace(layout, headers=list(record)), text, len(named))
        layout = replace(layout, headers=tidy_headers(record[:width])[0]) if width > len(named) else layout
    return layout


def _filled_width(layout: Layout, text: Text, named: int) -> int:
    """Return how many columns hold something, when the last headers are empty and no record is longer still."""
    import pyarrow.compute as compute

    width = named
    for piece in layout.pieces(text):
        if piece.refused:
            return named
        for place in range(width, piece.table.num_columns):
            if compute.any(compute.not_equal(compute.utf8_trim_whitespace(piece.table.column(place)), "")).as_py():
                width = place + 1
    return width


class RawChunks:
    """A raw file in pieces that can be read any number of times.

    Parameters
    ----------
    head : RawTable
        The file without its records: headers, format, notes made so far.
    pieces : callable
        Returns the records below the headers from the start.
    n_rows : int or None
        Most records in one piece.

    Attributes
    ----------
    notes : list of str
        All notes; those that count rows are there once the last piece was read.
    """

    def __init__(self, head: RawTable, pieces: Callable[[], Iterator[Piece]], n_rows: int | None) -> None:
        self.head, self._pieces, self._n_rows = head, pieces, n_rows
        self.notes = list(head.notes)

    @classmethod
    def of(cls, table: RawTable, n_rows: int | None) -> RawChunks:
        """Return a table that was read whole in pieces; it keeps what its columns are said to be."""
        import pyarrow as arrow

        names = [str(place) for place in range(table.frame.shape[1])]
        columns = [arrow.array(table.frame.iloc[:, place], type=arrow.large_string()) for place in range(len(names))]
        cells = arrow.Table.from_arrays(columns, names=names)
        piece = Piece(cells, table.rows, np.zeros(len(table.rows), dtype=bool), list(table.refused))
        head = replace(table, frame=table.frame.iloc[:0], rows=table.rows[:0], refused=())
        return cls(head, lambda: iter([piece]), n_rows)

    def __iter__(self) -> Iterator[RawTable]:
        """Yield the records in tables without notes; a refused record is in the piece it was met in."""
        for piece in self._kept():
            yield from self._cut(piece)

    def whole(self) -> RawTable:
        """Return everything as one table."""
        import pyarrow as arrow

        pieces = list(self._kept())
        empty = _plain(arrow.schema([(str(place), arrow.string()) for place in range(self.head.frame.shape[1])]))
        table = arrow.concat_tables([piece.table for piece in pieces]) if pieces else empty
        rows = np.concatenate([piece.rows for piece in pieces]) if pieces else self.head.rows
        refused = tuple(entry for piece in pieces for entry in piece.refused)
        return replace(self._table(table, rows), refused=refused, notes=tuple(self.notes))

    def _table(self, table: arrow.Table, rows: NDArray[np.int64]) -> RawTable:
        return replace(self.head, frame=_frame(table, self.head.frame.columns), rows=rows, notes=())

    def _cut(self, piece: Piece) -> Iterator[RawTable]:
        size = self._n_rows or max(len(piece.rows), 1)
        for start in range(0, max(len(piece.rows), 1), size):
            part = self._table(piece.table.slice(start, size), piece.rows[start : start + size])
            yield replace(part, refused=tuple(piece.refused)) if start == 0 else part

    def _kept(self) -> Iterator[Piece]:
        """Yield the pieces without the empty rows at the very end, and complete the notes."""
        waiting: list[Piece] = []
        n_short = 0
        for piece in self._pieces():
            end = _last_filled(piece)
            if end or piece.refused:
                for held in [*waiting, _part(piece, 0, end)]:
                    n_short += int(held.short.sum())
                    yield held
                waiting = []
            waiting.append(_part(piece, end, len(piece.rows))._replace(refused=[]))
        n_empty = sum(len(piece.rows) for piece in waiting)
        self.notes = [*self.head.notes, *end_note(n_empty), *short_note(n_short)]


def _part(piece: Piece, start: int, end: int) -> Piece:
    return Piece(piece.table.slice(start, end - start), piece.rows[start:end], piece.short[start:end], piece.refused)


def _last_filled(piece: Piece) -> int:
    """Return the number of records up to the last one that is filled or followed by a refused one."""
    import pyarrow.compute as compute

    n_rows = len(piece.rows)
    if n_rows and any(
        piece.table.column(place)[n_rows - 1].as_py().strip() for place in range(piece.table.num_columns)
    ):
        return n_rows
    filled = np.zeros(n_rows, dtype=bool)
    for column in piece.table.columns:
        filled |= compute.not_equal(compute.utf8_trim_whitespace(column), "").to_numpy(zero_copy_only=False)
    if piece.refused:
        filled |= piece.rows < piece.refused[-1].row
    places = np.flatnonzero(filled)
    return int(places[-1]) + 1 if len(places) else 0


def empty_frame(headers: Sequence[str]) -> pd.DataFrame:
    """Return a frame of texts without rows."""
    return pd.DataFrame(dict.fromkeys(headers, pd.array([], dtype="str")), copy=False)


def _plain(schema: arrow.Schema) -> arrow.Table:
    return schema.empty_table()


def _frame(table: arrow.Table, headers: Sequence[str]) -> pd.DataFrame:
    kind = pd.StringDtype(na_value=np.nan)
    arrays = [pd.arrays.ArrowStringArray(column.combine_chunks(), dtype=kind) for column in table.columns]
    return pd.DataFrame(dict(zip(headers, arrays, strict=True)), copy=False)
