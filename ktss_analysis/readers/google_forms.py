"""Reader for Google Forms: the answers sheet saved as CSV, TSV or XLSX, with the time stamp first."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from .layout import (
    RECOGNISED,
    Layout,
    first_records,
    from_header_row,
    lay_out,
    multiple_note,
    option_columns,
    plain,
    read_raw,
    refuse,
    with_notes,
)
from .table import ColumnInfo, RawTable, ReadOptions

_STAMP = {
    "timestamp", "zeitstempel", "horodateur", "marca temporal", "informazioni cronologiche", "sygnatura czasowa",
    "tijdstempel", "aikaleima", "carimbo de data/hora",
}  # fmt: skip
_WHEN = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})[ T,]+\d{1,2}[:.]\d{2}.*")
_GRID = re.compile(r"(.*\S)\s*\[(.*)\]\s*$", re.DOTALL)
_WORDS = 4
_JOINED = (";", ", ")


def sniff(path: Path, head: bytes) -> float:
    """Return whether the first column holds time stamps, and questions stand beside it.

    A table of measurements has a time stamp too; its other headers are not questions, grids or sentences.
    """
    records = first_records(path, head)
    return RECOGNISED if records and _is_header(records[0]) and _is_dated(records[1:]) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read the answers of a Google form.

    Parameters
    ----------
    path : pathlib.Path
        The file: from the form (CSV, answers joined by ``;``) or from the linked sheet (joined by ``, ``).
    options : ReadOptions
        There is no companion.

    Returns
    -------
    RawTable
        Headers are the question texts, ``question [row]`` for the rows of a grid (`kind` ``grid``). Cells
        with several answers stay as they are; a note names their columns.

    Raises
    ------
    InputError
        For a file whose first column has neither the name of the time stamp nor dates with time in it.
    """
    raw = from_header_row(read_raw(path, options), options)
    start = tuple(tuple(record) for record in raw.records[:8])
    if not start or not (start[0][0].strip().lower() in _STAMP or (len(start) > 1 and _is_dated(start[1:]))):
        raise refuse(path, "Google Forms", "a first column of time stamps")
    headers = [" ".join(cell.split()) for cell in raw.records[0]]
    columns = [ColumnInfo(text=headers[0], kind="system"), *map(_describe, headers[1:])]
    table = lay_out(raw, Layout(headers, 0, 1, columns), path, "google_forms")
    notes: list[str] = []
    found: set[str] = set()
    for mark in _JOINED:
        lists = [name for name in option_columns(table, partial(str.split, sep=mark)) if name not in found]
        found.update(lists)
        notes += multiple_note(table, lists, mark)
    return with_notes(table, notes)


def _is_header(record: tuple[str, ...]) -> bool:
    if record[0].strip().lower() not in _STAMP:
        return False
    others = [cell.strip() for cell in record[1:]]
    return any(cell.endswith(("?", "]", ":")) or len(cell.split()) >= _WORDS for cell in others)


def _is_dated(records: tuple[tuple[str, ...], ...]) -> bool:
    return all(_WHEN.match(record[0].strip()) for record in records)


def _describe(header: str) -> ColumnInfo:
    grid = _GRID.match(header)
    if grid:
        return ColumnInfo(text=f"{plain(grid.group(1))} [{plain(grid.group(2))}]", kind="grid")
    return ColumnInfo(text=plain(header))
