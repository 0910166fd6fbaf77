"""Reader for plain lists of codes with their categories, as QualCoder imports them: ``category>>code<tab>memo``."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import InputError
from .encodings import decode, looks_binary
from .table import ColumnInfo, RawTable, ReadOptions, Refused

COLUMNS = {
    "code_id": "names of the categories and the code", "code": "name of the code", "parent": "code_id of the category",
    "level": "depth, from 1", "description": "memo", "codable": "FALSE for a category",
}  # fmt: skip
RULE = "row.unreadable"
_STEP = " > "
_LINE = re.compile(r"\s*([^\t>]+(?:>>[^\t>]+)*)(?:\t([^\t]*))?")


def sniff(_path: Path, head: bytes) -> float:
    """Return 1 for text in which every line is a code and one at least has a category, else 0."""
    if looks_binary(head) or b">>" not in head:
        return 0.0
    lines = head.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    lines = [line for line in (lines[:-1] if len(head) >= 4096 else lines) if line.strip()]
    matches = [_LINE.fullmatch(line) for line in lines]
    return 1.0 if all(matches) and any(match and ">>" in match.group(1) for match in matches) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read a list of codes as a codebook.

    Parameters
    ----------
    path : pathlib.Path
        Text, one code per line, without headers.
    options : ReadOptions
        Only `encoding` counts.

    Returns
    -------
    RawTable
        One row per code, and one per category in the line it is first named in. `header_row` is 0. A line that is no
        code, or a code that an earlier line has, is in `refused`.

    Raises
    ------
    InputError
        For a file without any code.
    """
    data = path.read_bytes()
    text, encoding, notes = decode(data, path, options.encoding)
    if looks_binary(data) or re.search(r"[\x00-\x08\x0e-\x1f]", text):
        raise InputError(
            "the file is no list of codes", file=path.name, allowed="text with lines such as category>>code"
        )
    records: dict[str, list[str]] = {}
    rows: list[int] = []
    refused: list[Refused] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        parts = [part.strip() for part in match.group(1).split(">>")] if match else [""]
        if match is None or not all(parts) or _STEP.join(parts) in records:
            reason = "the line is no code" if match is None or not all(parts) else "an earlier line has the same code"
            refused.append(Refused(number, reason, (), RULE))
            continue
        for level in range(1, len(parts) + 1):
            name = _STEP.join(parts[:level])
            if name in records:
                continue
            leaf = level == len(parts)
            records[name] = [
                name, parts[level - 1], _STEP.join(parts[: level - 1]), str(level),
                (match.group(2) or "").strip() if leaf else "", "TRUE" if leaf else "FALSE",
            ]  # fmt: skip
            rows.append(number)
    if not records:
        raise InputError("the file lists no codes", file=path.name, allowed="lines such as category>>code")
    cells = zip(*records.values(), strict=True)
    frame = pd.DataFrame(
        {name: pd.array(list(column), dtype="str") for name, column in zip(COLUMNS, cells, strict=True)}
    )
    return RawTable(
        frame, path, np.array(rows, dtype=np.int64), 0, "code_list", encoding=encoding, refused=tuple(refused),
        notes=tuple(notes), columns={name: ColumnInfo(text=meaning) for name, meaning in COLUMNS.items()},
    )  # fmt: skip
