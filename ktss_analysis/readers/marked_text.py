"""Reader for transcripts with their codes in the text, as qcoder writes it: ``(QCODE)words(/QCODE){#code, #other}``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import InputError
from .csv_reader import read as read_csv
from .encodings import decode, looks_binary
from .table import ColumnInfo, RawTable, ReadOptions, Refused

PARTS = ("codings", "quotes")
COLUMNS = {
    "document": "name of the file, without its ending",
    "turn": "paragraph with text, counted from 1, in which the passage starts",
    "last_turn": "paragraph in which the passage ends",
    "code": "code, without #",
    "start": "position of the first sign in the text without marks",
    "end": "position after the last sign",
    "length": "signs marked",
}
RULE = "row.unreadable"

_OPEN, _CLOSE = "(QCODE)", "(/QCODE)"
_MARK = re.compile(r"\(QCODE\)|\(/QCODE\)|\n")
_BRACE = re.compile(r"[ \t]*\{([^{}\n]*)(\}?)")
_SNIFF_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Passage:
    """One marked passage: where it starts and ends in the plain text, its turns, the line it starts in, its codes."""

    start: int
    end: int
    turn: int
    last_turn: int
    line: int
    codes: tuple[str, ...]
    fault: str = ""


def sniff(path: Path, head: bytes) -> float:
    """Return 1 for text with an opening mark in its first megabyte, else 0."""
    if looks_binary(head):
        return 0.0
    with path.open("rb") as stream:
        data = stream.read(_SNIFF_BYTES)
    return 1.0 if _OPEN.encode() in data or _OPEN.encode("utf-16-le") in data else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read the codings of one marked-up text; the words that were marked are read out only on demand.

    Parameters
    ----------
    path : pathlib.Path
        A text file, one document. Passages may overlap when one lies inside another, and may span paragraphs.
    options : ReadOptions
        `encoding`; `sheet` ``codings`` (default) or ``quotes``, which adds a column `text` with the words;
        `structure`: a table with the columns ``code`` and ``code.description`` (or ``description``), whose codes the
        text must keep to.

    Returns
    -------
    RawTable
        One row per passage and code; `rows` is the line in which the passage starts, so lines with several passages
        occur several times. Passages with broken marks are in `refused`, each with its reason.

    Raises
    ------
    InputError
        For text without marks, or a `structure` without a column ``code``.
    """
    part = options.sheet or PARTS[0]
    if part not in PARTS:
        raise InputError("a marked-up text has no such part", file=path.name, found=part, allowed=", ".join(PARTS))
    text, encoding, notes = decode(path.read_bytes(), path, options.encoding)
    text = re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))
    if _OPEN not in text and _CLOSE not in text:
        raise InputError("the text holds no marks", file=path.name, allowed="(QCODE)words(/QCODE){#code}")
    known = _codes_of(options.structure)
    plain, passages = _scan(text)
    records, rows, refused = [], [], []
    for passage in sorted(passages, key=lambda passage: (passage.start, -passage.end)):
        fault = passage.fault or _unknown(passage, known)
        if fault:
            refused.append(Refused(passage.line, fault, (), RULE))
            continue
        for code in passage.codes:
            facts = (passage.turn, passage.last_turn, code, passage.start, passage.end, passage.end - passage.start)
            record = [path.stem, *map(str, facts)]
            records.append([*record, plain[passage.start : passage.end]] if part == "quotes" else record)
            rows.append(passage.line)
    headers = [*COLUMNS, "text"] if part == "quotes" else list(COLUMNS)
    cells = list(zip(*records, strict=True)) if records else [()] * len(headers)
    frame = pd.DataFrame(
        {name: pd.array(list(column), dtype="str") for name, column in zip(headers, cells, strict=True)}
    )
    columns = {name: ColumnInfo(text=meaning) for name, meaning in COLUMNS.items()}
    columns["code"] = ColumnInfo(text=COLUMNS["code"], labels={code: known[code] for code in known if known[code]})
    return RawTable(
        frame, path, np.array(rows, dtype=np.int64), 0, "marked_text", encoding=encoding, sheet=str(part),
        refused=tuple(refused), notes=tuple(notes), columns=columns,
    )  # fmt: skip


def _codes_of(structure: Path | None) -> dict[str, str]:
    if structure is None:
        return {}
    frame = read_csv(structure, ReadOptions()).frame
    if "code" not in frame:
        raise InputError(
            "the list of codes has no column 'code'", file=structure.name, found=", ".join(frame.columns[:12]),
            allowed="columns code and code.description",
        )  # fmt: skip
    about = next((name for name in ("code.description", "description") if name in frame), None)
    texts = frame[about] if about else [""] * len(frame)
    return {code.strip(): text.strip() for code, text in zip(frame["code"], texts, strict=True) if code.strip()}


def _unknown(passage: _Passage, known: dict[str, str]) -> str:
    absent = [code for code in passage.codes if known and code not in known]
    return f"the list of codes has no {', '.join(absent)}; allowed: {', '.join(known)}" if absent else ""


def _scan(text: str) -> tuple[str, list[_Passage]]:
    """Return the text without marks, and all passages, those with a fault included."""
    plain: list[str] = []
    done: list[_Passage] = []
    waiting: list[tuple[int, int, int]] = []  # start, turn, line
    length, turn, line, place, in_turn = 0, 0, 1, 0, False
    for mark, start, end in _marks(text):
        if start < place:  # inside the brace of a passage
            continue
        chunk = text[place:start]
        if chunk.strip() and not in_turn:
            in_turn, turn = True, turn + 1
        plain.append(chunk)
        length, place = length + len(chunk), end
        if mark == "\n":
            plain.append("\n")
            length, line, in_turn = length + 1, line + 1, False
        elif mark == _OPEN:
            waiting.append((length, turn if in_turn else turn + 1, line))
        elif mark == _CLOSE:
            codes, fault, place = _codes_after(text, end)
            if not waiting:
                done.append(_Passage(length, length, max(turn, 1), max(turn, 1), line, (), f"{_CLOSE} closes nothing"))
                continue
            first, first_turn, first_line = waiting.pop()
            done.append(_Passage(first, length, first_turn, max(turn, first_turn), first_line, codes, fault))
    plain.append(text[place:])
    done += [
        _Passage(first, first, first_turn, first_turn, first_line, (), f"{_OPEN} is opened and never closed")
        for first, first_turn, first_line in waiting
    ]
    return "".join(plain), done


def _marks(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _MARK.finditer(text):
        yield match.group(), match.start(), match.end()
    yield "", len(text), len(text)


def _codes_after(text: str, place: int) -> tuple[tuple[str, ...], str, int]:
    """Return the codes that stand in the brace after a closing mark, what is wrong with them, and where they end."""
    match = _BRACE.match(text, place)
    if match is None:
        return (), f"no {{#code}} stands directly after {_CLOSE}", place
    if not match.group(2):
        return (), "the brace after the passage is not closed with }", place
    names = [name.strip() for name in match.group(1).split(",")]
    if not all(re.fullmatch(r"#\S(?:.*\S)?", name) for name in names):
        return (), f"a code is written #code; found {{{match.group(1)}}}", match.end()
    return tuple(dict.fromkeys(name[1:] for name in names)), "", match.end()
