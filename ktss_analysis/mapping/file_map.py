"""`ktss map`: what unknown files are, which of their columns mean what, and a `sources:` block to paste."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..core import InputError
from ..framework import load_framework
from ..intake.identifiers import Scrubber
from ..lexicon import fold
from ..readers import RawTable, companion_of, find_decimal, read_table
from .columns import Column, recognise
from .sources import ProposedSource, round_of_name
from .structures import Structures
from .words import activity_of_name

FILE_COLUMNS = ("file", "format", "encoding", "separator", "decimal", "sheet", "header_row", "n_read", "n_columns")
_MOST_SHEETS = 50
COLUMN_COLUMNS = ("file", "column", "role", "target_type", "target_id", "score", "scale", "reason")


@dataclass(frozen=True)
class FileMap:
    """What `map_files` returns.

    Parameters
    ----------
    files : pandas.DataFrame
        One row per file: format, encoding, separator, decimal mark, sheet, row of the headers, rows, columns.
    notes : tuple of str
        What was guessed or repaired while reading.
    columns : pandas.DataFrame
        One row per column: `role`, `target_type`, `target_id`, `score` (likeness, 0 to 100), `scale`, `reason`.
        No cell stands in it.
    sources : tuple of dict
        The proposed sources, as a study file holds them.
    yaml : str
        The block ``sources:`` to paste, with remarks as comments; empty when nothing was understood.
    unreadable : tuple of str
        Why files that stand beside others could not be read; they are in no table.
    """

    files: pd.DataFrame
    notes: tuple[str, ...]
    columns: pd.DataFrame
    sources: tuple[dict[str, Any], ...]
    yaml: str
    unreadable: tuple[str, ...] = ()

    @property
    def not_understood(self) -> pd.DataFrame:
        """The columns that no proposed source uses, and why."""
        unused = self.columns["role"].isin(["unknown", "identifier", "platform", "empty"])
        return self.columns.loc[unused, ["file", "column", "role", "reason"]].reset_index(drop=True)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        records = {
            name: frame.astype(object).where(frame.notna(), None).to_dict("records")
            for name, frame in (
                ("files", self.files),
                ("columns", self.columns),
                ("not_understood", self.not_understood),
            )
        }
        return {
            **records,
            "notes": list(self.notes),
            "sources": list(self.sources),
            "yaml": self.yaml,
            "unreadable": list(self.unreadable),
        }


def map_files(
    paths: Sequence[str | Path],
    *,
    framework: str | Path | None = None,
    sheet: str | int | None = None,
    structure: str | Path | None = None,
) -> FileMap:
    """Look at raw files and propose how a study file reads them.

    Parameters
    ----------
    paths : sequence of str or pathlib.Path
        The files; those with the same headers become one source.
    framework : str or pathlib.Path, optional
        Framework file; its ids and texts are looked for in headers and question texts.
    sheet : str or int, optional
        Sheet of workbooks, by name or number.
    structure : str or pathlib.Path, optional
        Companion that describes the questions of the files. When not given, one that stands beside a file is used,
        if it describes columns of it and no other does so as well; one of several `paths` counts as standing beside.

    Returns
    -------
    FileMap
        The same files give the same map. Cells are never shown.

    Raises
    ------
    InputError
        When none of the files can be read.
    StudyError
        When the framework file is wrong.

    Notes
    -----
    The proposal is a start: activity, aspect and scale are what the file suggests. Nobody but the analyst knows
    what people were asked.
    """
    known = load_framework(Path(framework)) if framework is not None else None
    files = [Path(path) for path in sorted({str(path) for path in paths})]
    structures = Structures(Path(structure) if structure is not None else None)
    tables, unreadable = _read_all(_with_answers(files), sheet, structures)
    base = Path(os.path.commonpath([path.parent for path in files]))
    n_sheets = Counter(table.file for table in tables)
    sources, columns = [], []
    for group in _layouts(tables, structures):
        source = ProposedSource(
            group, recognise(_together(group), known), known, base, n_sheets[group[0].file] > 1,
            structures.used(group[0]),
        )  # fmt: skip
        columns += [_column_row(column, group, source) for column in source.columns]
        if source.usable:
            sources.append(source)
    _unique_names(sources)
    head = f"# The paths start in {str(base)!r}: set data_dir in the study file to this folder.\nsources:\n"
    text = head + "\n\n".join(source.yaml() for source in sources) + "\n" if sources else ""
    return FileMap(
        pd.DataFrame([_file_row(table) for table in tables], columns=list(FILE_COLUMNS)),
        tuple(f"{table.file.name}: {note}" for table in tables for note in table.notes),
        pd.DataFrame(columns, columns=list(COLUMN_COLUMNS)),
        tuple({**source.keys, "blocks": [block.keys for block in source.blocks]} for source in sources),
        text,
        unreadable,
    )


def _with_answers(files: Sequence[Path]) -> Sequence[Path]:
    """Return the files without those that describe the questions of others among them."""
    formats = {path: companion_of(path) for path in files}
    found = [path for path in files if not formats[path]]
    folders = {path.parent for path in found}
    return [path for path in files if not formats[path] or path.parent not in folders]


def _read_all(
    files: Sequence[Path], sheet: str | int | None, structures: Structures
) -> tuple[list[RawTable], tuple[str, ...]]:
    """Return the tables of all files that can be read, and why the others cannot; refuse when none can."""
    tables: list[RawTable] = []
    errors: list[InputError] = []
    for path in files:
        try:
            tables += _sheets(path, sheet, structures)
        except InputError as error:
            errors.append(error)
    if errors and not tables:
        raise errors[0] if len(errors) == 1 else InputError("\n".join(map(str, errors)))
    return tables, tuple(map(str, errors))


def _sheets(path: Path, sheet: str | int | None, structures: Structures) -> list[RawTable]:
    """Return the table of a file, or of every filled sheet of a workbook when none is asked for."""
    first = structures.read(path, sheet)
    if sheet is not None or not first.sheet or structures.used(first)[0] is not None:
        return [first]
    found = []
    for number in range(1, _MOST_SHEETS + 1):
        try:
            found.append(read_table(path, sheet=number))
        except InputError as error:
            if error.found == number:  # there is no such sheet
                break
    return found or [first]


def _layouts(tables: Sequence[RawTable], structures: Structures) -> list[list[RawTable]]:
    """Return the tables in groups with the same headers in any order, the same structure, activity and round."""
    groups: dict[tuple[Hashable, ...], list[RawTable]] = {}
    for table in tables:
        stem = table.file.stem
        headers = frozenset(fold(str(name)) for name in table.frame.columns)
        key = (headers, table.sheet, *structures.used(table), activity_of_name(stem), round_of_name(stem))
        groups.setdefault(key, []).append(table)
    return list(groups.values())


def _together(group: list[RawTable]) -> RawTable:
    first = group[0]
    if len(group) == 1:
        return first
    spelled = {fold(str(name)): str(name) for name in first.frame.columns}
    frames = [
        table.frame.rename(columns={name: spelled[fold(str(name))] for name in table.frame.columns}) for table in group
    ]
    return replace(first, frame=pd.concat(frames, ignore_index=True))


def _unique_names(sources: list[ProposedSource]) -> None:
    seen: Counter[str] = Counter()
    for source in sources:
        name = str(source.keys["name"])
        seen[name] += 1
        if seen[name] > 1:
            source.keys["name"] = f"{name[:36]}_{seen[name]}"


def _file_row(table: RawTable) -> dict[str, Any]:
    texts = {str(text) for name in table.frame.columns for text in table.frame[name].unique()}
    return {
        "file": table.file.name, "format": table.format, "encoding": table.encoding or None,
        "separator": {"\t": "tab"}.get(table.separator, table.separator) or None, "decimal": find_decimal(texts),
        "sheet": table.sheet or None, "header_row": table.header_row, "n_read": table.n_records,
        "n_columns": len(table.frame.columns),
    }  # fmt: skip


def _column_row(column: Column, group: list[RawTable], source: ProposedSource) -> dict[str, Any]:
    target, fit = column.target, column.fit
    field = next((name for name, header in source.fields.items() if header == column.header), None)
    role, why = column.role, column.why
    if field is not None:
        role, why = "field", f"column {field!r} of table {source.blocks[0].keys['table']}"
    elif source.fields and role not in ("person", "empty", "identifier", "platform"):
        role, why = "unknown", f"table {source.blocks[0].keys['table']} has no such column"
    return {
        "file": ", ".join(table.file.name for table in group), "column": Scrubber().text(column.header), "role": role,
        "target_type": target.kind if target is not None and field is None else None,
        "target_id": target.id if target is not None and field is None else None,
        "score": target.score if target is not None and field is None else None,
        "scale": fit.name if fit is not None and field is None else None, "reason": why,
    }  # fmt: skip
