"""Reader for comma-, semicolon-, tab- and bar-separated text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from pathlib import Path

from ..core import InputError
from .encodings import decode, looks_binary
from .table import RawRecords, RawTable, ReadOptions, build_table

SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_LINES = 200


def sniff(path: Path, head: bytes) -> float:
    """Return how likely the file is separated text, 0 to 1, from its name and first bytes."""
    if looks_binary(head):
        return 0.0
    return 0.9 if path.suffix.lower() in (".csv", ".tsv", ".tab", ".txt") else 0.3


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read separated text; encoding and separator are found when not given.

    Parameters
    ----------
    path : pathlib.Path
        The file. Line ends may be LF, CRLF or CR.
    options : ReadOptions
        `header_row`, `encoding` and `separator` count; text has no sheets.

    Returns
    -------
    RawTable
        A line without any sign is no record. Short rows are filled with empty cells and noted; rows with more
        cells than headers are in `refused`.

    Raises
    ------
    InputError
        For an empty file, a file that is no text, or a quotation mark that is never closed.
    """
    raw = read_records(path, options)
    return build_table(
        raw.records, raw.rows, file=path, format=raw.format, header_row=options.header_row,
        encoding=raw.encoding, separator=raw.separator, notes=raw.notes,
    )  # fmt: skip


def read_records(path: Path, options: ReadOptions) -> RawRecords:
    """Cut separated text into records, whatever stands in them; `read` and the platform readers build on it.

    Parameters
    ----------
    path, options
        As for `read`; `header_row` does not count here.

    Returns
    -------
    RawRecords
        Cells as they stand in the file, with the format ``csv`` or ``tsv``.

    Raises
    ------
    InputError
        As `read`.
    """
    data = path.read_bytes()
    if not data.strip():
        raise InputError("the file is empty", file=path.name, allowed="a row of headers and rows below it")
    if looks_binary(data[:8]):
        raise InputError(
            "the file is no text table, although its name or the study file says so",
            file=path.name, allowed="a CSV or TSV file; for a workbook give format: xlsx",
        )  # fmt: skip
    text, name, notes = decode(data, path, options.encoding)
    text, repaired = _repair(text)
    notes += repaired
    given = "\t" if options.separator == "tab" else options.separator
    text, skipped, separator = _separator_line(text, given)
    mark = separator if separator is not None else find_separator(text, prefer_tab=path.suffix.lower() == ".tsv")
    records, rows = _parse(text, mark, path, skipped)
    return RawRecords(records, rows, "tsv" if mark == "\t" else "csv", name, mark, notes=tuple(notes))


def find_separator(text: str, *, prefer_tab: bool = False) -> str:
    """Return the separator that cuts the first lines into the same number of cells, most often comma."""
    sample = "".join(io.StringIO(text, newline="").readlines(1 << 18)[:_SAMPLE_LINES])
    best, best_score = "\t" if prefer_tab else ",", (False, 0.0, 0)
    for mark in SEPARATORS:
        try:
            reader = csv.reader(io.StringIO(sample, newline=""), delimiter=mark, skipinitialspace=True)
            widths = [len(record) for record in reader if record]
        except csv.Error:
            continue
        if not widths:
            continue
        width, count = Counter(widths).most_common(1)[0]
        if width == 1 and max(widths) > 1:
            width, count = max(widths), 1
        if width == 1:
            continue
        score = (widths[0] == width, count / len(widths), width)
        if score > best_score:
            best, best_score = mark, score
    return best


def _repair(text: str) -> tuple[str, list[str]]:
    notes = []
    n_null = text.count("\x00")
    if n_null:
        notes.append(f"{n_null} null signs were removed")
        text = text.replace("\x00", "")
    return text.removeprefix("\ufeff"), notes


def _separator_line(text: str, separator: str | None) -> tuple[str, int, str | None]:
    """Read the line ``sep=;`` that Excel writes and obeys."""
    match = re.match(r"sep=(.)(?:\r\n|\n|\r)", text, flags=re.IGNORECASE)
    if not match:
        return text, 0, separator
    return text[match.end() :], 1, separator or match.group(1)


def _parse(text: str, separator: str, path: Path, skipped: int) -> tuple[list[list[str]], list[int]]:
    if len(separator) != 1:
        raise InputError("a separator is one sign", file=path.name, found=separator, allowed=", ; tab |")
    if text.count('"') % 2:
        _refuse_open_quote(text, separator, path, skipped)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    records: list[list[str]] = []
    rows: list[int] = []
    start = 0
    try:
        for record in reader:
            if record:
                records.append(record)
                rows.append(start + 1 + skipped)
            start = reader.line_num
    except csv.Error as error:
        raise InputError(
            f"the text cannot be cut into cells ({error})", file=path.name, row=start + 1 + skipped,
            allowed="quotation marks that are closed; give 'separator' if it is an unusual one",
        ) from None  # fmt: skip
    return records, rows


def _refuse_open_quote(text: str, separator: str, path: Path, skipped: int) -> None:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    start = 0
    try:
        for _ in reader:
            start = reader.line_num
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise InputError(
                "a quotation mark is opened and never closed, so the rest of the file would be one cell",
                file=path.name, row=start + 1 + skipped,
                allowed='pairs of " around a cell, doubled inside it',
            ) from None  # fmt: skip
