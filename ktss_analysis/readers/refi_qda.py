"""Reader for qualitative projects and codebooks in the exchange format REFI-QDA (.qdpx, .qde, .qdc)."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import InputError
from .archive import looks_like_xml
from .refi_project import Code, Coding, Project, load_project, project_members
from .table import ColumnInfo, RawTable, ReadOptions, Refused
from .text_positions import Positions

PARTS = ("codings", "codebook", "coders", "sources", "quotes")
RULE = "row.unreadable"
_STEP = " > "
Records = list[dict[str, str]]

_TEXTS = {
    "document": "name of the source", "document_id": "id of the source",
    "kind": "kind of the source, or of the place: text, time in milliseconds, area, whole source",
    "turn": "paragraph with text, counted from 1, in which the passage starts",
    "last_turn": "paragraph in which the passage ends", "code": "name of the code", "code_id": "id of the code",
    "path": "names of the code's parents and its own", "coder": "name of the coder", "coder_id": "id of the coder",
    "start": "position of the first sign", "end": "position after the last sign", "length": "signs marked",
    "created": "when the code was applied", "parent": "id of the parent code", "level": "depth, from 1",
    "description": "definition", "colour": "colour as #rrggbb", "codable": "whether the code may be applied",
    "text": "words that were marked", "n_codings": "codings",
    "n_characters": "signs of the text", "n_turns": "paragraphs with text",
}  # fmt: skip


COLUMNS = {
    "codings": ("document", "document_id", "kind", "turn", "last_turn", "code", "code_id", "path", "coder", "coder_id",
                "start", "end", "length", "created"),
    "quotes": ("document", "document_id", "kind", "turn", "last_turn", "code", "code_id", "path", "coder", "coder_id",
               "start", "end", "length", "created", "text"),
    "codebook": ("code_id", "code", "path", "parent", "level", "description", "colour", "codable"),
    "coders": ("coder_id", "coder", "n_codings"),
    "sources": ("document_id", "document", "kind", "created", "n_characters", "n_turns", "n_codings"),
}  # fmt: skip


def sniff(path: Path, head: bytes) -> float:
    """Return 1 for an archive with a project in it, and for XML of the exchange format, else 0."""
    if head.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                return 1.0 if project_members(archive.namelist()) else 0.0
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
            return 1.0 if path.suffix.lower() == ".qdpx" else 0.0
    if not looks_like_xml(head):
        return 0.0
    return 1.0 if b"urn:QDA-XML" in head.replace(b"\x00", b"") or path.suffix.lower() in (".qdc", ".qde") else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read one part of a qualitative project; the words that were marked are read out only on demand.

    Parameters
    ----------
    path : pathlib.Path
        A project or a codebook.
    options : ReadOptions
        `sheet` names the part: ``codings``, ``codebook``, ``coders``, ``sources``, or ``quotes``: the codings with a
        column `text` for the words that were marked. Without it, the codings, or the codebook when there are none.

    Returns
    -------
    RawTable
        Records in the order of the file, numbered from 1. Codings: document, turn, last_turn, code, coder, ids, start,
        end, length, created. Codebook: code_id, code, path, parent, level, description, colour, codable. A coding
        whose code, place or source cannot be right is in `refused`.

    Raises
    ------
    InputError
        As `load_project`; for a part that does not exist; for a project with neither codes nor codings.
    """
    project = load_project(path)
    part = _part(project, path, options.sheet)
    notes = list(project.notes)
    if part == "codings" and options.sheet is None:
        notes.append(f"part 'codings' was read; the others are {', '.join(map(repr, PARTS[1:]))} (give 'sheet')")
    if part == "codebook" and options.sheet is None:
        notes.append("there are no codings: part 'codebook' was read")
    makers: dict[str, Callable[[Project, list[str]], tuple[Records, list[Refused]]]] = {
        "codings": _codings, "quotes": _quotes, "codebook": _codebook, "coders": _coders, "sources": _sources,
    }  # fmt: skip
    records, refused = makers[part](project, notes)
    headers = COLUMNS[part]
    skipped = {entry.row for entry in refused}
    numbers = [number for number in range(1, len(records) + len(refused) + 1) if number not in skipped]
    frame = pd.DataFrame({name: pd.array([record[name] for record in records], dtype="str") for name in headers})
    return RawTable(
        frame, path, np.array(numbers, dtype=np.int64), 0, "refi_qda", sheet=part, refused=tuple(refused),
        notes=tuple(notes), columns={name: ColumnInfo(text=_TEXTS[name]) for name in headers},
    )  # fmt: skip


def _part(project: Project, path: Path, sheet: str | int | None) -> str:
    if sheet is None:
        if not project.codings and not project.codes:
            raise InputError(
                "the project has neither codes nor codings", file=path.name, allowed="a project that is coded"
            )
        return "codings" if project.codings else "codebook"
    part = PARTS[sheet - 1] if isinstance(sheet, int) and 1 <= sheet <= len(PARTS) else sheet
    if part not in PARTS:
        raise InputError("a project has no such part", file=path.name, found=sheet, allowed=", ".join(PARTS))
    return str(part)


def _paths(codes: list[Code]) -> dict[str, str]:
    names = {code.guid: code.name for code in codes}
    return {code.guid: _STEP.join([*(names[parent] for parent in code.parents), code.name]) for code in codes}


def _codings(project: Project, notes: list[str]) -> tuple[Records, list[Refused]]:
    names, paths = {code.guid: code.name for code in project.codes}, _paths(project.codes)
    documents = {document.guid: document for document in project.documents}
    positions = _positions(project, notes)
    places = _other_places(project, positions)
    records, refused = [], []
    counted: Counter[str] = Counter()
    for number, coding in enumerate(project.codings, 1):
        here = positions.get(coding.source)
        reason = _fault(coding, names, here)
        if reason:
            refused.append(Refused(number, reason, (coding.code, coding.start), RULE))
            continue
        turn, last = _turns(coding, here, places, counted)
        measured = coding.kind in ("text", "time") and coding.start and coding.end
        length = int(coding.end) - int(coding.start) if measured else None
        records.append(
            {
                "document": documents[coding.source].name, "document_id": coding.source, "kind": coding.kind,
                "turn": turn, "last_turn": last, "code": names[coding.code], "code_id": coding.code,
                "path": paths[coding.code], "coder": project.coders.get(coding.coder, ""), "coder_id": coding.coder,
                "start": coding.start, "end": coding.end, "length": "" if length is None else str(length),
                "created": coding.created,
            }
        )  # fmt: skip
    notes += [f"{text}: {count}" for text, count in counted.items()]
    twice = sorted(name for name, count in Counter(names.values()).items() if count > 1)
    if twice:
        notes.append(
            f"code names that stand in several places ({', '.join(twice[:5])}): 'path' or 'code_id' tell them apart"
        )
    return records, refused


def _quotes(project: Project, notes: list[str]) -> tuple[Records, list[Refused]]:
    """Return the codings with their words; a place in a recording or picture has none."""
    records, refused = _codings(project, notes)
    positions = _positions(project, [])
    set_aside = {entry.row for entry in refused}
    kept = [coding for number, coding in enumerate(project.codings, 1) if number not in set_aside]
    for record, coding in zip(records, kept, strict=True):
        here = positions.get(coding.source)
        record["text"] = here.words(coding) if here is not None and _in_text(coding, here) else ""
    return records, refused


def _fault(coding: Coding, names: dict[str, str], here: Positions | None) -> str:
    if coding.code not in names:
        return f"the codebook has no code {coding.code!r}"
    if coding.kind not in ("text", "time") or not coding.start:
        return ""
    try:
        start, end = int(coding.start), int(coding.end or coding.start)
    except ValueError:
        return f"the passage from {coding.start!r} to {coding.end!r} is no pair of whole numbers"
    if not 0 <= start <= end:
        return f"the passage ends before it starts: {start} to {end}"
    if coding.kind == "text" and here is not None and end > len(here) + 1:
        return f"the passage {start} to {end} lies outside the text of {len(here)} signs"
    return ""


def _positions(project: Project, notes: list[str]) -> dict[str, Positions]:
    found: dict[str, Positions] = {}
    ways: Counter[str] = Counter()
    for document in project.documents:
        if document.text is None:
            continue
        codings = [c for c in project.codings if c.source == document.guid and c.kind == "text"]
        found[document.guid] = Positions(document.text, codings)
        ways[found[document.guid].way] += bool(codings)
    usual = Positions.WAYS[0][0]
    notes += [
        f"positions count {way} in {count} sources, as the words of the passages show"
        for way, count in ways.items()
        if way != usual and count
    ]
    return found


def _other_places(project: Project, positions: dict[str, Positions]) -> dict[Coding, int]:
    """Return turns for places that lie in no text: their order in the source, counted on after its paragraphs."""
    waiting = [c for c in project.codings if c.kind != "whole" and not _in_text(c, positions.get(c.source))]
    numbers: dict[tuple[str, str, str], int] = {}
    last: Counter[str] = Counter({guid: here.n_turns for guid, here in positions.items()})
    for key in sorted({_place(c) for c in waiting}, key=lambda key: (key[0], _order(key[2]), key[1])):
        last[key[0]] += 1
        numbers[key] = last[key[0]]
    return {coding: numbers[_place(coding)] for coding in waiting}


def _place(coding: Coding) -> tuple[str, str, str]:
    return coding.source, coding.kind, coding.start


def _order(start: str) -> list[int]:
    return [int(part) if re.fullmatch(r"-?\d{1,18}", part) else 0 for part in re.split("[:,]", start)]


def _in_text(coding: Coding, here: Positions | None) -> bool:
    return coding.kind == "text" and here is not None and coding.start != ""


def _turns(coding: Coding, here: Positions | None, places: dict[Coding, int], counted: Counter[str]) -> tuple[str, str]:
    if coding.kind == "whole":
        counted["codings of a whole source have no turn"] += 1
        return "", ""
    if coding in places or here is None:
        counted["codings outside a text; their turn is the running number of marked places"] += 1
        return str(places[coding]), str(places[coding])
    return str(here.turn(int(coding.start))), str(here.turn(max(int(coding.end or coding.start) - 1, 0)))


def _codebook(project: Project, _: list[str]) -> tuple[Records, list[Refused]]:
    paths = _paths(project.codes)
    seen: set[str] = set()
    records, refused = [], []
    for number, code in enumerate(project.codes, 1):
        if not code.guid or code.guid in seen:
            refused.append(
                Refused(number, "the code has no id, or the id of an earlier one", (code.guid, code.name), RULE)
            )
            continue
        seen.add(code.guid)
        records.append(
            {
                "code_id": code.guid, "code": code.name, "path": paths[code.guid],
                "parent": code.parents[-1] if code.parents else "", "level": str(len(code.parents) + 1),
                "description": code.description, "colour": code.colour, "codable": "TRUE" if code.codable else "FALSE",
            }
        )  # fmt: skip
    return records, refused


def _coders(project: Project, _: list[str]) -> tuple[Records, list[Refused]]:
    counts = Counter(coding.coder for coding in project.codings)
    known = dict.fromkeys([*project.coders, *counts])
    return [
        {"coder_id": guid, "coder": project.coders.get(guid, ""), "n_codings": str(counts[guid])} for guid in known
    ], []


def _sources(project: Project, notes: list[str]) -> tuple[Records, list[Refused]]:
    counts = Counter(coding.source for coding in project.codings)
    positions = _positions(project, notes)
    return [
        {
            "document_id": document.guid, "document": document.name, "kind": document.kind, "created": document.created,
            "n_characters": str(len(document.text)) if document.text is not None else "",
            "n_turns": str(positions[document.guid].n_turns) if document.guid in positions else "",
            "n_codings": str(counts[document.guid]),
        }
        for document in project.documents
    ], []  # fmt: skip
