"""Reader for tables of coded segments: Taguette, QualCoder, MAXQDA, ATLAS.ti, and spreadsheets of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import InputError
from . import csv_reader, excel_reader
from .layout import RECOGNISED, first_records
from .table import ColumnInfo, RawTable, ReadOptions

PROGRAMS: dict[str, frozenset[str]] = {
    "Taguette": frozenset(["id", "document", "tag", "content"]),
    "QualCoder": frozenset(["coder", "coded", "codename"]),
    "MAXQDA": frozenset(["document name", "code", "segment"]),
    "ATLAS.ti": frozenset(["document", "codes", "quotation content"]),
}
"""Program -> headers by which its table is recognised; a spreadsheet of one's own needs ``format: coded_segments``."""

ROLES: dict[str, tuple[str, ...]] = {
    "code": ("tag", "tags", "code", "codes", "codename", "code name", "code_id"),
    "document": ("document", "document name", "file", "filename", "file name", "source", "transcript", "interview",
                 "group", "group_id", "case"),
    "words": ("content", "coded", "segment", "coded segment", "quotation content", "quotation", "text", "quote",
              "excerpt", "passage"),
    "coder": ("coder", "coder_id", "coded by", "created by", "user", "modified by"),
    "turn": ("turn", "paragraph", "beginning", "line"),
    "id": ("id", "segment id", "highlight id", "quotation id"),
}  # fmt: skip
"""What a column is for -> its possible headers, in order of preference."""

_FREE_TEXT = frozenset(["coded_memo", "memo", "comment", "comments", "quotation name", "note", "notes"])
_SEVERAL = ("codes", "tags")


def sniff(path: Path, head: bytes) -> float:
    """Return whether the header is that of a program's table of coded segments."""
    records = first_records(path, head)
    return RECOGNISED if records and _program(records[0]) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read a table of coded segments as codings; the words of the segments are not read out.

    Parameters
    ----------
    path : pathlib.Path
        CSV or workbook, one row per segment; a cell may hold several codes, each on its line or with ``;`` or ``|``
        between them, in a column called ``codes`` or ``tags`` also with ``,``.
    options : ReadOptions
        As for a text table or a workbook.

    Returns
    -------
    RawTable
        One row per segment and code, `rows` is the segment's row, so a row with several codes occurs several times.
        Columns `document`, `turn`, `code`, `coder` (where there is one), `length`, then the table's other columns
        without those of free text. `turn` is the table's own, else the running number of the segment in its document.
        Segments without a code stay, with an empty code.

    Raises
    ------
    InputError
        For a table without a column for codes or for documents.
    """
    with path.open("rb") as stream:
        workbook = excel_reader.sniff(path, stream.read(8)) > 0
    table = (excel_reader if workbook else csv_reader).read(path, options)
    headers = [str(name) for name in table.frame.columns]
    roles = _roles(headers)
    for role in ("code", "document"):
        if role not in roles:
            raise InputError(
                f"the table has no column for the {role} of a segment", file=path.name,
                found=", ".join(headers[:12]), allowed=", ".join(ROLES[role]),
            )  # fmt: skip
    frame = table.frame
    notes = [*table.notes]
    turns = _turns(frame, roles, _program(headers), notes)
    codes, split_note = _codes(frame[roles["code"]].tolist(), roles["code"])
    notes += [split_note] if split_note else []
    hidden = [name for name in headers if name == roles.get("words") or name.strip().lower() in _FREE_TEXT]
    if hidden:
        notes.append(f"columns with words of people were not read out: {', '.join(map(repr, hidden))}")
    made = {
        "document": frame[roles["document"]], "turn": pd.Series(turns, dtype="str"),
        "code": frame[roles["code"]],
        **({"coder": frame[roles["coder"]]} if "coder" in roles else {}),
        **({"length": frame[roles["words"]].str.strip().str.len().astype("str")} if "words" in roles else {}),
    }  # fmt: skip
    used = {roles[role] for role in ("document", "turn", "code", "coder") if role in roles}
    rest = {name: frame[name] for name in headers if name not in used and name not in hidden and name not in made}
    places = np.repeat(np.arange(len(frame)), [len(cell) for cell in codes])
    result = pd.DataFrame({**made, **rest}).iloc[places].reset_index(drop=True)
    result["code"] = pd.array([code for cell in codes for code in cell], dtype="str")
    columns = {"code": ColumnInfo(text=roles["code"]), "turn": ColumnInfo(text=roles.get("turn", ""))}
    return replace(
        table, frame=result.astype("str"), rows=table.rows[places], format="coded_segments", notes=tuple(notes),
        columns=columns,
    )  # fmt: skip


def _program(headers: Iterable[str]) -> str:
    names = {" ".join(header.split()).lower() for header in headers}
    return next((program for program, needed in PROGRAMS.items() if needed <= names), "")


def _roles(headers: Sequence[str]) -> dict[str, str]:
    """Return what each column is for; a column has one role."""
    names = {header.strip().lower(): header for header in reversed(headers)}
    found: dict[str, str] = {}
    for role, wanted in ROLES.items():
        match = next((names[name] for name in wanted if name in names and names[name] not in found.values()), None)
        if match is not None:
            found[role] = match
    return found


def _turns(frame: pd.DataFrame, roles: dict[str, str], program: str, notes: list[str]) -> list[str]:
    if "turn" in roles:
        return [str(cell) for cell in frame[roles["turn"]]]
    # QualCoder numbers codings, not segments: two coders of one passage have two numbers, and the same words
    same = roles.get("words") if program == "QualCoder" else roles.get("id")
    what = f"equal cells in {same!r} are one segment" if same else "each row is one segment"
    notes.append(f"the table has no turns; 'turn' is the running number of the segment in its document ({what})")
    documents = frame[roles["document"]]
    identity = frame[same] if same else pd.Series(np.arange(len(frame)), index=frame.index).astype("str")
    known: dict[str, dict[str, int]] = {}
    turns = []
    for document, cell in zip(documents, identity, strict=True):
        numbers = known.setdefault(str(document), {})
        turns.append(str(numbers.setdefault(str(cell), len(numbers) + 1)))
    return turns


def _codes(cells: Sequence[str], header: str) -> tuple[list[list[str]], str]:
    """Return the codes of each cell, and a note if cells were split."""
    marks = [mark for mark in ("\n", ";", "|") if any(mark in cell.strip() for cell in cells)]
    if not marks and header.strip().lower() in _SEVERAL and any("," in cell for cell in cells):
        marks = [","]
    if not marks:
        return [[cell.strip()] for cell in cells], ""
    pattern = "|".join(re.escape(mark) for mark in marks)
    split = [
        list(dict.fromkeys(part.strip() for part in re.split(pattern, cell) if part.strip())) or [""] for cell in cells
    ]
    n_several = sum(len(parts) > 1 for parts in split)
    return split, f"cells with several codes in {header!r} became one row per code: {n_several}" if n_several else ""
