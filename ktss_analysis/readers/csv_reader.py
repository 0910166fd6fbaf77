"""Reader for comma-, semicolon-, tab- and bar-separated text."""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..core import InputError
from .blocks import Cutter
from .chunks import RawChunks, empty_frame, find_layout
from .encodings import file_blocks, find_encoding, looks_binary, utf8_blocks
from .table import RawRecords, RawTable, ReadOptions

SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_LINES, _SAMPLE_BYTES = 200, 1 << 20
_PADDED_SHARE = 0.9
_PADDED = "blanks behind separators belong to the layout of this file and were left out of the cells"


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
    return chunks(path, options, None).whole()


def chunks(path: Path, options: ReadOptions, n_rows: int | None) -> RawChunks:
    """Read separated text piece by piece, in memory that does not grow with the file.

    Parameters
    ----------
    path, options
        As for `read`.
    n_rows : int or None
        Most records in one piece; None leaves the size to the reader.

    Returns
    -------
    RawChunks
        Pieces that together are what `read` returns.

    Raises
    ------
    InputError
        As `read`; faults of the whole file (encoding, quotation marks) before the first piece.
    """
    text = open_text(path, options)
    head = find_layout(text, options.header_row)
    return RawChunks(
        RawTable(
            empty_frame(head.headers), path, np.zeros(0, dtype=np.int64), head.header_row, text.format, text.encoding,
            text.separator, notes=(*text.notes, *head.notes),
        ),
        lambda: head.pieces(text), n_rows,
    )  # fmt: skip


def read_records(path: Path, options: ReadOptions) -> RawRecords:
    """Cut separated text into records, whatever stands in them; the platform readers build on it.

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
    text = open_text(path, options)
    records, rows = text.cutter().records(sys.maxsize)
    return RawRecords(records, rows, text.format, text.encoding, text.separator, notes=text.notes)


@dataclass(frozen=True)
class TextFile:
    """A text that was looked through once: what it is written in, and where its table begins.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    encoding, separator, format : str
        As in `RawTable`.
    notes : tuple of str
        What was guessed or repaired.
    n_skipped, skipped_bytes : int
        Lines and bytes (in UTF-8) of the line ``sep=;`` before the table.
    only_cr : bool
        Lines end with CR throughout.
    padded : bool
        Blanks behind separators belong to the layout (``1, "a, b"``) and not to the cells, see `padding`.
    """

    path: Path
    encoding: str
    separator: str
    format: str
    notes: tuple[str, ...]
    n_skipped: int
    skipped_bytes: int
    only_cr: bool
    padded: bool = False

    def cutter(self) -> Cutter:
        """Return what cuts the table into records, set to its first line."""
        return Cutter(self.blocks(), self.separator, self.path, self.n_skipped, padded=self.padded)

    def blocks(self) -> Iterator[bytes]:
        """Yield the text in UTF-8, cut anywhere."""
        left = self.skipped_bytes
        for block in utf8_blocks(file_blocks(self.path), self.encoding):
            text = block[left:]
            left -= min(left, len(block))
            yield text.replace(b"\r", b"\n") if self.only_cr else text


def open_text(path: Path, options: ReadOptions) -> TextFile:
    """Look through a text once: encoding, separator, and what would make it unreadable.

    Raises
    ------
    InputError
        As `read`.
    """
    _refuse_other(path)
    encoding, notes = find_encoding(lambda: file_blocks(path), path, options.encoding)
    seen: Counter[str] = Counter()
    start = b""
    for block in utf8_blocks(file_blocks(path), encoding):
        start += block[: _SAMPLE_BYTES - len(start)]
        seen.update(quote=block.count(b'"'), cr=block.count(b"\r"), lf=block.count(b"\n"))
    n_null = _count_nulls(path, encoding)
    if n_null:
        notes = [*notes, f"{n_null} null signs were removed"]
    text = start.decode("utf-8", "ignore")
    given = "\t" if options.separator == "tab" else options.separator
    rest, skipped, separator = separator_line(text, given)
    mark = separator if separator is not None else find_separator(rest, prefer_tab=path.suffix.lower() == ".tsv")
    if len(mark) != 1 or mark in '"\r\n':
        raise InputError("a separator is one sign", file=path.name, found=mark, allowed=", ; tab |")
    found = TextFile(
        path, encoding, mark, "tsv" if mark == "\t" else "csv", tuple(notes), skipped,
        len(text.encode()) - len(rest.encode()), seen["cr"] > 0 and not seen["lf"] and not seen["quote"],
    )  # fmt: skip
    padded = mark == " " or padding(rest, mark) or (seen["quote"] > 0 and _opens_behind_blanks(found))
    if padded:
        found = replace(found, padded=True, notes=(*found.notes, _PADDED))
    if seen["quote"] % 2:
        _refuse_open_quote(found)
    return found


def _refuse_other(path: Path) -> None:
    filled = False
    for number, block in enumerate(file_blocks(path)):
        if number == 0 and looks_binary(block[:8]):
            raise InputError(
                "the file is no text table, although its name or the study file says so",
                file=path.name, allowed="a CSV or TSV file; for a workbook give format: xlsx",
            )  # fmt: skip
        filled = filled or bool(block.strip())
        if filled:
            return
    raise InputError("the file is empty", file=path.name, allowed="a row of headers and rows below it")


def _count_nulls(path: Path, encoding: str) -> int:
    """Count the null signs of a text; in UTF-16 and UTF-32 not every null byte is one."""
    if not any(0 in block for block in file_blocks(path)):
        return 0
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    return sum(decoder.decode(block).count("\x00") for block in file_blocks(path))


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


def padding(text: str, separator: str) -> bool:
    """Return whether the first lines are written with blanks behind their separators (``1, 2, 3``).

    They are when the headers and nearly all cells below them begin so, the first of a line apart. Else blanks before
    a word are a part of what somebody typed.
    """
    sample = "".join(io.StringIO(text, newline="").readlines(1 << 18)[:_SAMPLE_LINES])
    try:
        records = [record for record in csv.reader(io.StringIO(sample, newline=""), delimiter=separator) if record]
    except csv.Error:
        return False
    if not records:
        return False
    width = Counter(len(record) for record in records).most_common(1)[0][0]
    table = [[cell for cell in record[1:] if cell] for record in records if len(record) == width]
    cells = [cell for record in table for cell in record]
    n_padded = sum(cell.startswith(" ") for cell in cells)
    return bool(table[0]) and all(cell.startswith(" ") for cell in table[0]) and n_padded >= _PADDED_SHARE * len(cells)


def _opens_behind_blanks(text: TextFile) -> bool:
    """Return whether quotation marks open cells behind blanks, as in ``1, "a, b"``, and close them properly."""
    opening = re.compile(rb"(?:[\r\n]|" + re.escape(text.separator.encode()) + rb') +"')
    tail, n_before, found = b"\n", 0, False
    for block in text.blocks():
        piece, place, n_quotes = tail + block, 0, n_before
        for match in opening.finditer(piece):
            n_quotes += piece.count(b'"', place, match.start())
            place = match.start()
            found = found or n_quotes % 2 == 0
        tail = piece[max(len(piece.rstrip(b" ")) - len(text.separator.encode()), 0) :]
        n_before += piece.count(b'"') - tail.count(b'"')
    if not found:
        return False
    reader = csv.reader(text.cutter().lines(), delimiter=text.separator, skipinitialspace=True, strict=True)
    try:
        for _ in reader:
            pass
    except csv.Error as error:
        return "expected after" not in str(error)
    return True


def separator_line(text: str, separator: str | None) -> tuple[str, int, str | None]:
    """Read the line ``sep=;`` that Excel writes and obeys."""
    match = re.match(r"sep=(.)(?:\r\n|\n|\r)", text, flags=re.IGNORECASE)
    if not match:
        return text, 0, separator
    return text[match.end() :], 1, separator or match.group(1)


def _refuse_open_quote(text: TextFile) -> None:
    """Refuse a text whose last quotation mark is never closed; an odd mark inside a cell is none of these."""
    cutter = text.cutter()
    lines = cutter.lines()
    reader = csv.reader(lines, delimiter=text.separator, skipinitialspace=text.padded, strict=True)
    start = 0
    try:
        for _ in reader:
            start = reader.line_num
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise InputError(
                "a quotation mark is opened and never closed, so the rest of the file would be one cell",
                file=text.path.name, row=start + 1 + text.n_skipped,
                allowed='pairs of " around a cell, doubled inside it',
            ) from None  # fmt: skip
