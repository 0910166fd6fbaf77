"""What the readers of survey platforms share: a look at the first rows, and a table from ids, texts and answers."""

from __future__ import annotations

import csv
import functools
import html
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..core import InputError
from . import csv_reader, excel_reader
from .chunks import Layout as TextLayout
from .chunks import RawChunks, empty_frame
from .encodings import decode
from .table import ColumnInfo, RawRecords, RawTable, ReadOptions, build_table, tidy_headers

RECOGNISED = 1.0
"""Score of a platform's `sniff` that knows the file; plain tables and workbooks score less."""

_LOOK_AT = 8
_HEAD_BYTES = 1 << 19
_EXAMPLES = 8
_INLINE = re.compile(
    r"</?(?:a|abbr|b|big|code|em|font|i|mark|s|small|span|strong|sub|sup|u)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->|</?[a-zA-Z][^<>]*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a platform's file is to be read.

    Parameters
    ----------
    headers : list of str
        One id per column, as the analyst will map it; made unique by `lay_out`.
    header : int
        Index of the record that holds the ids.
    first : int
        Index of the first record with answers.
    columns : list of ColumnInfo
        What the file says about each column, in the order of `headers`.
    notes : list of str
        What an analyst should know.
    """

    headers: list[str]
    header: int
    first: int
    columns: list[ColumnInfo]
    notes: list[str] = field(default_factory=list)


def first_records(path: Path, head: bytes) -> tuple[tuple[str, ...], ...]:
    """Return the first records of a text file or of a workbook's first sheet; empty when there are none to see.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    head : bytes
        Its first bytes.

    Returns
    -------
    tuple of tuple of str
        At most eight records. Nothing is raised: a file that cannot be read is no platform's file.
    """
    facts = path.stat()
    return _first_records(path, facts.st_size, facts.st_mtime_ns, head)


@functools.lru_cache(maxsize=8)
def _first_records(path: Path, _size: int, _changed: int, head: bytes) -> tuple[tuple[str, ...], ...]:
    try:
        if excel_reader.sniff(path, head):
            return tuple(tuple(record) for record in excel_reader.first_cells(path, _LOOK_AT))
        if csv_reader.sniff(path, head):
            return _first_lines(path)
    except (InputError, csv.Error):
        pass
    return ()


def _first_lines(path: Path) -> tuple[tuple[str, ...], ...]:
    with path.open("rb") as stream:
        data = stream.read(_HEAD_BYTES)
    if len(data) == _HEAD_BYTES and 0 not in data[:64]:
        data = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
    text = decode(data, path)[0].removeprefix("\ufeff").replace("\x00", "")
    text, _, said = csv_reader.separator_line(text, None)
    mark = said or csv_reader.find_separator(text, prefer_tab=path.suffix.lower() == ".tsv")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=True)
    records: list[tuple[str, ...]] = []
    for record in reader:
        if any(cell.strip() for cell in record):
            records.append(tuple(record))
        if len(records) == _LOOK_AT:
            break
    return tuple(records)


@dataclass(frozen=True, slots=True)
class Export(RawRecords):
    """An export that was opened: all records of a workbook, the first ones of a text.

    Parameters
    ----------
    text : TextFile, optional
        The text, whose other records `lay_out` reads block by block.
    n_above : int
        Records of the text that stand above `records`.
    """

    text: csv_reader.TextFile | None = None
    n_above: int = 0


def read_raw(path: Path, options: ReadOptions) -> Export:
    """Open a text file or one sheet of a workbook, whichever the file is."""
    with path.open("rb") as stream:
        head = stream.read(8)
    if excel_reader.sniff(path, head):
        raw = excel_reader.read_cells(path, options)
        return Export(raw.records, raw.rows, raw.format, raw.encoding, raw.separator, raw.sheet, raw.notes)
    text = csv_reader.open_text(path, options)
    records, rows = text.cutter().records(_LOOK_AT + (options.header_row or 0))
    return Export(records, rows, text.format, text.encoding, text.separator, notes=text.notes, text=text)


def from_header_row(raw: Export, options: ReadOptions) -> Export:
    """Leave out what stands above the row that the study file calls the header row."""
    if options.header_row is None or options.header_row not in raw.rows:
        return raw
    index = raw.rows.index(options.header_row)
    return replace(raw, records=raw.records[index:], rows=raw.rows[index:], n_above=index)


class OtherLayoutError(InputError):
    """The part of the file that was asked for is not laid out as the platform's exports are."""


def refuse(path: Path, platform: str, needed: str) -> OtherLayoutError:
    """Return the error for a file that does not look like an export of the platform it was declared to be from."""
    return OtherLayoutError(
        f"the file does not look like an export of {platform}",
        file=path.name, allowed=f"{needed}; format: csv or xlsx reads any plain table",
    )  # fmt: skip


def lay_out(raw: Export, layout: Layout, path: Path, format: str) -> RawTable:
    """Build the table: ids as headers, answers below them, everything known about each column beside them."""
    width = len(layout.headers)
    while width and not layout.headers[width - 1].strip():
        width -= 1
    headers, renamed = tidy_headers(layout.headers[:width])
    row, notes = raw.rows[layout.header], [*raw.notes, *renamed]
    columns = {
        name: info for name, info in zip(headers, layout.columns[:width], strict=True) if info != ColumnInfo()
    }  # fmt: skip
    if raw.text is None:
        table = build_table(
            [headers, *raw.records[layout.first :]], [row, *raw.rows[layout.first :]],
            file=path, format=format, header_row=row, sheet=raw.sheet, notes=notes,
        )  # fmt: skip
        return replace(table, notes=(*table.notes, *layout.notes), columns=columns)
    text, last = raw.text, layout.first - 1
    found = TextLayout(headers, row, raw.n_above + last, max(len(raw.records[last]), width), ())
    head = RawTable(
        empty_frame(headers), path, np.zeros(0, dtype=np.int64), row, format, raw.encoding, raw.separator,
        notes=tuple(notes), columns=columns,
    )  # fmt: skip
    return with_notes(RawChunks(head, lambda: found.pieces(text), None).whole(), layout.notes)


def with_notes(table: RawTable, notes: Iterable[str]) -> RawTable:
    """Return the table with further notes."""
    return replace(table, notes=(*table.notes, *notes))


def plain(text: str) -> str:
    """Return the words of a text: no HTML tags, no entities, single blanks."""
    return " ".join(html.unescape(_TAG.sub(" ", _INLINE.sub("", text))).split())


def multiple_note(table: RawTable, names: Iterable[str], separator: str) -> list[str]:
    """Return the note that says which columns hold several answers in one cell."""
    found = [name for name in table.frame.columns if name in set(names)]
    return [f"several answers in one cell, joined by {separator!r}: {some(found)}"] if found else []


def some(names: Sequence[str]) -> str:
    """Return the names for a note; many are cut, with their number."""
    shown = ", ".join(repr(name) for name in names[:_EXAMPLES])
    return shown if len(names) <= _EXAMPLES else f"{shown} and {len(names) - _EXAMPLES} more"


def option_columns(table: RawTable, split: Callable[[str], list[str]]) -> list[str]:
    """Return the columns whose cells are lists of options.

    Options recur in different company; the parts of a sentence, or of one option that holds the separator, do
    not. A column counts when at least two rows hold a list, and at least half of the parts in its lists stand
    in two different cells or more.
    """
    found = []
    for name in table.frame.columns:
        rows = table.frame.loc[table.frame[name] != "", name].value_counts(sort=False)
        cells = [(set(split(str(cell))), int(n)) for cell, n in rows.items()]
        different = Counter(part for parts, _ in cells for part in parts)
        lists = [(parts, n) for parts, n in cells if len(parts) > 1]
        in_lists = sum(n * len(parts) for parts, n in lists)
        recurring = sum(n for parts, n in lists for part in parts if different[part] > 1)
        if sum(n for _, n in lists) > 1 and 2 * recurring >= in_lists:
            found.append(name)
    return found


def count_values(table: RawTable, column: str, meanings: Mapping[str, str]) -> dict[str, int]:
    """Return how many rows hold each of the given cells, by meaning; cells that do not occur are left out."""
    counts = table.frame[column].value_counts()
    found: dict[str, int] = {}
    for cell, meaning in meanings.items():
        if cell in counts.index:
            found[meaning] = found.get(meaning, 0) + int(counts[cell])
    return found
