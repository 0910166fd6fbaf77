"""What would make the workbook library take all memory or end the process: looked for before it opens a file."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ..core import InputError

MAX_CELLS = 70_000_000
"""Cells of one sheet, empty ones included: a sheet of all 1,048,576 rows may have 66 columns."""

SPARSE_FROM, MAX_EMPTY = 5_000_000, 50
"""From this many cells on, a sheet with fewer than one filled cell in fifty is no table: a stray cell far away makes
the library ask for memory for all between."""

_ADDRESS = re.compile(rb"<(?:\w+:)?(?:c|row)\b[^>]*?\br\s*=\s*[\"']([A-Z]{0,3})(\d{1,10})[\"']")
_ERROR = re.compile(rb"<(?:\w+:)?c\b[^>]*?\bt\s*=\s*[\"']e[\"']")
_REPEATED = re.compile(rb"<table:(table-cell|covered-table-cell|table-row|/table-row)\b([^>]*)>|</table:(table-row)>")
_TIMES = re.compile(rb"number-(?:columns|rows)-repeated\s*=\s*[\"'](\d{1,10})[\"']")
_COUNT = re.compile(rb"\b(?:uniqueCount|count)\s*=\s*[\"'](\d{1,30})[\"']")
_BLOCK, _OVERLAP = 1 << 20, 1 << 12
_END, _FREE = 0xFFFFFFFE, 0xFFFFFFFF


def check_workbook(path: Path, kind: str) -> list[str]:
    """Refuse a workbook that the library cannot open within sensible memory.

    Parameters
    ----------
    path : pathlib.Path
        The workbook, whose archive has been checked.
    kind : {"xlsx", "xls", "ods"}
        Its family.

    Returns
    -------
    list of str
        A note when the workbook holds error cells such as ``#N/A``, which the library reads as empty.

    Raises
    ------
    InputError
        For a sheet that spans far more cells than it fills or more than `MAX_CELLS`, and for an old workbook whose
        parts point in a circle.
    """
    if kind == "xls":
        _refuse_circles(path)
        return []
    n_errors = 0
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if kind == "xlsx" and entry.filename.startswith("xl/") and entry.filename.endswith(".xml"):
                with archive.open(entry) as stream:
                    n_rows, n_columns, n_cells, found = _span(stream, path, entry.file_size)
                _refuse_span(path, n_rows, n_columns, n_cells)
                n_errors += found
            elif kind == "ods" and entry.filename == "content.xml":
                with archive.open(entry) as stream:
                    _refuse_span(path, *_repeats(stream))
    words = "cells of the workbook hold an error such as #N/A or #DIV/0!; they are read as empty"
    return [f"{n_errors} {words}"] if n_errors else []


def _refuse_span(path: Path, n_rows: int, n_columns: int, n_filled: int) -> None:
    n_cells = n_rows * n_columns
    if n_cells > MAX_CELLS or (n_cells > SPARSE_FROM and n_cells > MAX_EMPTY * n_filled):
        raise InputError(
            f"a sheet spans {n_rows:,} rows and {n_columns:,} columns with {n_filled:,} cells in them",
            file=path.name, allowed="a sheet without stray cells far from the table; copy the table to a new sheet",
        )  # fmt: skip


def _blocks(stream: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield overlapping blocks of a part, so that no tag is cut, and where the next block begins in each."""
    rest = b""
    while fresh := stream.read(_BLOCK):
        block = rest + fresh
        keep = max(len(block) - _OVERLAP, 0)
        yield block, keep
        rest = block[keep:]
    yield rest, len(rest)


def _span(stream: IO[bytes], path: Path, n_bytes: int) -> tuple[int, int, int, int]:
    """Return the last row and column that a sheet's addresses name, how many cells it has, and how many are errors.

    The library reserves memory for as many texts as a part says it has, so a count beyond the part's bytes is refused.
    """
    n_rows = n_columns = n_cells = n_errors = 0
    for block, end in _blocks(stream):
        said = max((int(match.group(1)) for match in _COUNT.finditer(block)), default=0)
        if said > max(n_bytes, 1 << 16):
            raise InputError(
                f"the workbook is damaged: a part of {n_bytes:,} bytes says it has {said:,} entries", file=path.name,
                allowed="the file saved again as XLSX",
            )  # fmt: skip
        for match in _ADDRESS.finditer(block):
            if match.start() >= end:
                break
            n_rows = max(n_rows, int(match.group(2)))
            n_columns = max(n_columns, _column(match.group(1)))
            n_cells += bool(match.group(1))
        n_errors += sum(1 for match in _ERROR.finditer(block) if match.start() < end)
    return n_rows, n_columns, n_cells, n_errors


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number


def _repeats(stream: IO[bytes]) -> tuple[int, int, int]:
    """Return rows and columns that the sheets of an OpenDocument file unfold to where they hold something."""
    n_rows = n_columns = n_tags = 0
    row_times, width, last = 1, 0, 0
    for block, end in _blocks(stream):
        for match in _REPEATED.finditer(block):
            if match.start() >= end:
                break
            times = _TIMES.search(match.group(2) or b"")
            count = int(times.group(1)) if times else 1
            if match.group(1) == b"table-row":
                row_times, width, last = count, 0, 0
            elif match.group(1) in (b"table-cell", b"covered-table-cell"):
                n_tags += 1
                width += count
                last = width if b"value-type" in match.group(2) else last
            elif last:
                n_rows, n_columns, last = n_rows + row_times, max(n_columns, last), 0
    return n_rows, n_columns, max(n_tags, 1)


def _refuse_circles(path: Path) -> None:
    """Follow every chain of sectors of an OLE file; one that comes back to itself would never end."""
    data = path.read_bytes()
    if len(data) < 512:
        return
    (shift,) = struct.unpack_from("<H", data, 30)
    if shift not in (9, 12):
        raise _broken(path)
    size = 1 << shift
    table = _allocation_table(data, size, path)
    minifat = b"".join(_sectors(data, size, table, struct.unpack_from("<I", data, 60)[0], path))
    small = np.frombuffer(minifat[: len(minifat) // 4 * 4], dtype="<u4")
    (cutoff,) = struct.unpack_from("<I", data, 56)
    directory = b"".join(_sectors(data, size, table, struct.unpack_from("<I", data, 48)[0], path))
    for start in range(0, len(directory) // 128 * 128, 128):
        kind = directory[start + 66]
        first, length = struct.unpack_from("<II", directory, start + 116)
        if kind == 5 or (kind == 2 and length >= cutoff):
            _chain(table, first, path)
        elif kind == 2:
            _chain(small, first, path)


def _allocation_table(data: bytes, size: int, path: Path) -> NDArray[np.uint32]:
    ids = list(struct.unpack_from("<109I", data, 76))
    (following,) = struct.unpack_from("<I", data, 68)
    seen: set[int] = set()
    while following < _FREE - 4 and (following + 2) * size <= len(data):
        if following in seen:
            raise _broken(path)
        seen.add(following)
        block = struct.unpack_from(f"<{size // 4}I", data, (following + 1) * size)
        ids += block[:-1]
        following = block[-1]
    parts = [data[(number + 1) * size : (number + 2) * size] for number in ids if (number + 2) * size <= len(data)]
    return np.frombuffer(b"".join(parts), dtype="<u4").astype(np.uint32)


def _sectors(data: bytes, size: int, table: NDArray[np.uint32], first: int, path: Path) -> list[bytes]:
    return [data[(number + 1) * size : (number + 2) * size] for number in _chain(table, first, path)]


def _chain(table: NDArray[np.uint32], first: int, path: Path) -> list[int]:
    """Return the sectors from `first` on; a chain that leaves the file ends there, the library says the rest."""
    chain: list[int] = []
    seen: set[int] = set()
    place = first
    while place < len(table):
        if place in seen:
            raise _broken(path)
        seen.add(place)
        chain.append(place)
        place = int(table[place])
    return chain


def _broken(path: Path) -> InputError:
    return InputError(
        "the workbook cannot be opened: it is protected by a password or damaged (its parts point in a circle)",
        file=path.name, allowed="the file saved again as XLSX without a password",
    )  # fmt: skip
