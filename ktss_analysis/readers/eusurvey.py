"""Reader for EUSurvey exports: a preamble of alias and date, then questions, ``text (id)`` when ids were asked for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..core import InputError
from . import excel_reader
from .layout import (
    RECOGNISED,
    Export,
    Layout,
    first_records,
    from_header_row,
    lay_out,
    multiple_note,
    plain,
    read_raw,
    refuse,
    some,
    with_notes,
)
from .table import ColumnInfo, RawTable, ReadOptions

_SYSTEM = {
    "invitation number": "Invitation Number", "contribution id": "Contribution Id", "user name": "User Name",
    "creation date": "Creation Date", "last update": "Last Update", "languages": "Languages",
    "total score": "Total Score",
}  # fmt: skip
_WITH_ID = re.compile(r"(.*\S)\s+\(([^()\s]+)\)$", re.DOTALL)
_TABLE_WITH_IDS = re.compile(r"(.*\S)\s+\(([^()\s]+)\):(.*\S)\s+\(([^()\s]+)\)$", re.DOTALL)
_SHEET = "Content"


def sniff(path: Path, head: bytes) -> float:
    """Return whether the rows Alias and Export Date stand on top."""
    return RECOGNISED if _preamble(first_records(path, head)) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read an export of EUSurvey (XLSX, XLS or ODS).

    Parameters
    ----------
    path : pathlib.Path
        The workbook. Surveys of more than 254 columns go on in the sheets Content1, Content2, ...; they are
        joined row by row.
    options : ReadOptions
        `sheet` reads one sheet alone. There is no companion.

    Returns
    -------
    RawTable
        With ids exported (`label (id)` in header and cells), headers are the ids of the questions; cells keep
        both, and `ColumnInfo.labels` maps each such cell to its label. Without ids, headers are the texts.

    Raises
    ------
    InputError
        For a file without these rows, and for further sheets with another number of rows.
    """
    raw = _joined(read_raw(path, options), path, options)
    raw = from_header_row(raw, options)
    first = _preamble(raw.records)
    if options.header_row is not None:
        first = 0
    elif not first:
        raise refuse(path, "EUSurvey", "the rows Alias and Export Date above the questions")
    header = raw.records[first] if first < len(raw.records) else []
    named = [_read_header(cell) for cell in header]
    asked = [key for text, key in named if text and text not in _SYSTEM.values()]
    with_ids = 5 * sum(1 for key in asked if key) >= 4 * len(asked) > 0
    if not with_ids:  # a text may end in a word in brackets; where ids were exported, nearly all end so
        named = [
            (text, text) if text in _SYSTEM.values() else (plain(cell), "")
            for cell, (text, _) in zip(header, named, strict=True)
        ]
    headers = [key or text for text, key in named]
    columns = [ColumnInfo(text=text, kind="system" if text in _SYSTEM.values() else "") for text, _ in named]
    table = lay_out(raw, Layout(headers, first, first + 1, columns), path, "eusurvey")
    return _label(table) if with_ids else table


def _preamble(records: Sequence[Sequence[str]]) -> int:
    """Return how many records stand above the questions; 0 when this is no EUSurvey export."""
    if len(records) < 3:
        return 0
    names = [record[0].strip().lower() if record else "" for record in records[:2]]
    narrow = all(not any(cell.strip() for cell in record[2:]) for record in records[:2])
    return 2 if names == ["alias", "export date"] and narrow else 0


def _joined(raw: Export, path: Path, options: ReadOptions) -> Export:
    """Append the columns of the sheets that EUSurvey began because a sheet was full."""
    if options.sheet is not None or raw.sheet != _SHEET:
        return raw
    number, records = 1, [list(record) for record in raw.records]
    while f"{_SHEET}{number}" in excel_reader.sheet_names(path):
        more = excel_reader.read_cells(path, replace(options, sheet=f"{_SHEET}{number}"))
        added = dict(zip(more.rows, more.records, strict=True))
        if set(added) - set(raw.rows):
            raise InputError(
                f"sheet {more.sheet!r} has rows that sheet {raw.sheet!r} has not",
                file=path.name, row=min(set(added) - set(raw.rows)), allowed="the same rows in both",
            )  # fmt: skip
        width = max(len(record) for record in records)
        for row, record in zip(raw.rows, records, strict=True):
            preamble = row < raw.rows[2]
            record += [""] * (width - len(record))
            record += [] if preamble else added.get(row, [])
        number += 1
    notes = (f"the columns of {number} sheets were joined row by row",) if number > 1 else raw.notes
    return replace(raw, records=records, notes=notes)


def _read_header(cell: str) -> tuple[str, str]:
    """Return text and id of a header; the id is empty where none was exported."""
    text = plain(cell)
    if text.lower() in _SYSTEM:
        return _SYSTEM[text.lower()], _SYSTEM[text.lower()]
    table = _TABLE_WITH_IDS.match(text)
    if table:
        return f"{table.group(1)}: {table.group(3)}", f"{table.group(2)}:{table.group(4)}"
    match = _WITH_ID.match(text)
    return (match.group(1), match.group(2)) if match else (text, "")


def _label(table: RawTable) -> RawTable:
    """Describe cells of the form ``label (id)``: each is one option, or several joined by a semicolon.

    Only where an option recurs: a free text may end in a word in brackets, and is nobody's label.
    """
    lists = []
    for name, info in list(table.columns.items()):
        cells = [_options(cell) for cell in table.frame[name] if cell]
        parts = Counter(part for options in cells for part in options)
        if info.kind or not parts or max(parts.values()) == 1 or not all(_WITH_ID.match(part) for part in parts):
            continue
        labels = {part: plain(str(_WITH_ID.sub(r"\1", part))) for part in parts}
        table.columns[name] = replace(info, labels=labels, kind="choice")
        if any(len(options) > 1 for options in cells):
            lists.append(name)
    chosen = [name for name, info in table.columns.items() if info.kind == "choice"]
    notes = [f"cells hold label and id of the option: {some(chosen)}"] if chosen else []
    return with_notes(table, [*notes, *multiple_note(table, lists, ";")])


def _options(cell: str) -> list[str]:
    """Cut ``a (x);b (y)`` behind the ids, so that a semicolon inside a label stays."""
    return [part.strip() for part in re.split(r"(?<=\));", cell) if part.strip()]
