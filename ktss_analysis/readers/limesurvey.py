"""Reader for LimeSurvey exports: codes, full texts or both in the header, with the survey structure as companion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .layout import (
    RECOGNISED,
    Layout,
    first_records,
    from_header_row,
    lay_out,
    plain,
    read_raw,
    refuse,
    some,
    with_notes,
)
from .limesurvey_files import read_structure
from .limesurvey_structure import Structure, column_key
from .table import ColumnInfo, RawTable, ReadOptions

_SYSTEM = {
    "id": ("response id", "antwort id"),
    "submitdate": ("date submitted", "datum abgeschickt"),
    "lastpage": ("last page", "letzte seite"),
    "startlanguage": ("start language", "start-sprache"),
    "seed": ("seed", "zufallsstartwert"),
    "token": ("token", "zugangscode", "access code"),
    "startdate": ("date started", "datum gestartet"),
    "datestamp": ("date last action", "datum letzte aktivität"),
    "ipaddr": ("ip address", "ip-adresse"),
    "refurl": ("referrer url", "referrer-url"),
    "interviewtime": ("total time", "gesamtzeit"),
}
_NAMES = {text: code for code, texts in _SYSTEM.items() for text in texts}
_CODE = r"[A-Za-z][A-Za-z0-9_]*(?:\[[^\[\]]*\])*"
_CODED = re.compile(rf"({_CODE})\. ?(.*)$", re.DOTALL)
_BARE = re.compile(_CODE)
_EMPTY_PART = re.compile(r"\s*\[\s*\]\s*$")
_NOT_ASKED = "N/A"


def sniff(path: Path, head: bytes) -> float:
    """Return whether LimeSurvey's own columns, or headers of the form ``code. text``, stand on top."""
    records = first_records(path, head)
    return RECOGNISED if records and _kind(records[0]) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read an export of LimeSurvey (CSV, TSV or XLSX).

    Parameters
    ----------
    path : pathlib.Path
        The export, with question codes, full question texts, or code and text as headers.
    options : ReadOptions
        `structure` may be the survey as LSS (XML) or as tab-separated text: texts in all languages, answer
        codes with labels and question types then stand in `RawTable.columns`, and full texts become codes.

    Returns
    -------
    RawTable
        Headers are question codes, ``code[subquestion]`` for parts; full texts stay texts without a
        companion. Answers without a date of submission stay rows; a note counts them. ``N/A``, which
        LimeSurvey writes for a question that was not shown, is declared as missing where no option is
        called so.

    Raises
    ------
    InputError
        For a file that does not look like LimeSurvey when no companion is given, and for a companion that
        cannot be read.
    """
    raw = from_header_row(read_raw(path, options), options)
    header = [" ".join(cell.split()) for cell in raw.records[0]] if raw.records else []
    structure = None if options.structure is None else read_structure(options.structure)
    if structure is None and not _kind(header):
        raise refuse(
            path, "LimeSurvey", "columns such as id, submitdate, lastpage, code[subquestion]; or give 'structure'"
        )
    headers, columns = [], []
    for cell in header:
        name, info = _read_header(cell, structure)
        headers.append(name)
        columns.append(info)
    notes = []
    if structure is not None:
        asked = [name for name, info in zip(headers, columns, strict=True) if name and info.kind != "system"]
        unknown = [name for name in asked if structure.column(name) is None]
        notes = [f"not in the structure file: {some(unknown)}"] if unknown else []
        if asked and len(unknown) == len(asked):
            raise refuse(path, "this LimeSurvey survey", "a file with questions of the survey given as 'structure'")
    table = lay_out(raw, Layout(headers, 0, 1, columns, notes), path, "limesurvey")
    if structure is not None:
        table = _in_language_of_cells(table, structure)
    return with_notes(_declare_not_asked(table), [*_row_notes(table), *_order_notes(table)])


def _kind(header: Sequence[str]) -> str:
    """Return ``codes``, ``texts`` or ``both``, or nothing for a header that is not LimeSurvey's."""
    cells = [" ".join(cell.split()) for cell in header]
    cells = [cell for cell in cells if cell]
    if len(set(cells) & set(_SYSTEM)) >= 3:
        return "codes"
    if len({_NAMES[cell.lower()] for cell in cells if cell.lower() in _NAMES}) >= 3:
        return "texts"
    matches = [match for cell in cells if (match := _CODED.match(cell)) and match.group(2)]
    parts = sum(1 for match in matches if "[" in match.group(1))
    several = len(matches) >= 0.6 * len(cells) and len(matches) >= 3 and parts >= 1
    unique = len({match.group(1) for match in matches}) == len(matches)
    return "both" if several and unique else ""


def _read_header(cell: str, structure: Structure | None) -> tuple[str, ColumnInfo]:
    """Return the column's code (or its text when no code is to be found) and what is known about it."""
    match = _CODED.match(cell)
    code, text = (match.group(1), plain(match.group(2))) if match else (cell, "")
    if code in _SYSTEM or (not match and cell.lower() in _NAMES):
        known = code if code in _SYSTEM else _NAMES[cell.lower()]
        return known, ColumnInfo(text=text or ("" if cell == known else cell), kind="system")
    text = _EMPTY_PART.sub("", text)
    found = structure.column(code) if structure is not None else None
    if found is not None:
        return structure.name(code) if structure is not None else code, replace(found, text=text or found.text)
    if match:
        return code, ColumnInfo(text=text)
    named = structure.code_of(plain(cell)) if structure is not None else ""
    if structure is not None and named:
        return named, structure.column(named) or ColumnInfo(text=plain(cell))
    return cell, ColumnInfo(text="" if _BARE.fullmatch(cell) else plain(cell))


def _in_language_of_cells(table: RawTable, structure: Structure) -> RawTable:
    """Take each column's labels in the language in which most of its cells are written."""
    for name, info in list(table.columns.items()):
        choices = structure.labels_by_language(name)
        if len(choices) < 2:
            continue
        cells = set(table.frame[name].unique())
        best = max(choices, key=lambda language: len(cells & set(choices[language].values())))
        if cells & set(choices[best].values()):
            table.columns[name] = replace(info, labels=choices[best])
    return table


def _declare_not_asked(table: RawTable) -> RawTable:
    found = []
    for name in table.frame.columns:
        info = table.columns.get(name, ColumnInfo())
        if info.kind == "system" or _NOT_ASKED in {*info.labels, *info.labels.values()}:
            continue
        if (table.frame[name] == _NOT_ASKED).any():
            found.append(name)
            table.columns[name] = replace(info, missing=(_NOT_ASKED,))
    note = f"{_NOT_ASKED} stands for a question that was not shown, and is declared as missing: {some(found)}"
    return with_notes(table, [note]) if found else table


def _row_notes(table: RawTable) -> list[str]:
    frame, notes = table.frame, []
    if "submitdate" in frame.columns:
        n_open = int((frame["submitdate"] == "").sum())
        if n_open:
            notes.append(
                f"{n_open} rows have no submitdate: people who did not finish; they are kept until the study says"
            )
    if "startlanguage" in frame.columns:
        counts = frame.loc[frame["startlanguage"] != "", "startlanguage"].value_counts(sort=False)
        if len(counts) > 1:
            notes.append("answered in " + ", ".join(f"{name} ({count})" for name, count in counts.items()))
    parts: dict[str, list[str]] = {}
    for name in frame.columns:
        question, mark, _ = column_key(name).partition("_")
        if mark and table.columns.get(name, ColumnInfo()).kind in ("M", "P"):
            parts.setdefault(question, []).append(name)
    if parts:
        notes.append(f"boxes to tick, one column for each option: {some(list(parts))}")
    return notes


def _order_notes(table: RawTable) -> list[str]:
    """Warn of codes such as A1, A3, A2: an option was moved or added later, so their numbers are no scale."""
    found = []
    for name, info in table.columns.items():
        matches = [re.fullmatch(r"[A-Za-z]*(-?\d+)", code) for code in info.labels]
        numbers = [int(match.group(1)) for match in matches if match]
        if len(numbers) > 2 and numbers not in (sorted(numbers), sorted(numbers, reverse=True)):
            found.append(name)
    note = "the codes do not follow the order of the options, so their numbers are no scale (give labels yourself)"
    return [f"{note}: {some(found)}"] if found else []
