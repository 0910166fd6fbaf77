"""Reader for JISC Online Surveys (formerly BOS) exports: question numbers before the texts, no codes."""

from __future__ import annotations

import re
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
    some,
    with_notes,
)
from .table import ColumnInfo, RawTable, ReadOptions

_FIRST = "unique response number"
_NUMBERED = re.compile(r"(\d+(?:\.(?:\d+|[a-z]+|[ivx]+))*\.)(?:\s+(.*))?$", re.IGNORECASE | re.DOTALL)


def sniff(path: Path, head: bytes) -> float:
    """Return whether the first column is the number that JISC gives to each response."""
    records = first_records(path, head)
    return RECOGNISED if records and _is_header(records[0]) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read an export of JISC Online Surveys (XLSX or CSV).

    Parameters
    ----------
    path : pathlib.Path
        The export.
    options : ReadOptions
        There is no companion.

    Returns
    -------
    RawTable
        Headers are the texts with their question numbers, as in the file: numbers alone would change when a
        question is moved. `ColumnInfo.text` is the text without the number; a heading without answers
        has `kind` ``heading``.

    Raises
    ------
    InputError
        For a file whose first column is not "Unique Response Number".
    """
    raw = from_header_row(read_raw(path, options), options)
    if not raw.records or not _is_header(raw.records[0]):
        raise refuse(path, "JISC Online Surveys", "a first column 'Unique Response Number'")
    headers = [" ".join(cell.split()) for cell in raw.records[0]]
    columns = [ColumnInfo(text=_text(header)) for header in headers]
    table = lay_out(raw, Layout(headers, 0, 1, columns), path, "jisc")
    empty = [name for name in table.columns if not (table.frame[name] != "").any()]
    for name in empty:
        table.columns[name] = ColumnInfo(text=table.columns[name].text, kind="heading")
    notes = [f"no answer in any row, so these are headings or were never answered: {some(empty)}"] if empty else []
    lists = option_columns(table, lambda cell: cell.split(","))
    return with_notes(table, [*notes, *multiple_note(table, lists, ",")])


def _is_header(record: tuple[str, ...] | list[str]) -> bool:
    return bool(record) and record[0].strip().lower() == _FIRST


def _text(header: str) -> str:
    match = _NUMBERED.match(header)
    return plain(match.group(2) or "") if match else plain(header)
