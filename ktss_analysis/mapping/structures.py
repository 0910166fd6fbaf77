"""Files that describe a survey, found for the files with its answers: those that are named, or stand beside them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..core import InputError
from ..readers import RawTable, companion_of, read_table

_SUFFIXES = frozenset([".lss", ".txt", ".qsf", ".csv", ".xlsx"])
_MOST_BESIDE = 200
"""Files of a folder that are looked at."""


class Structures:
    """The companions of the files that are mapped.

    Parameters
    ----------
    named : pathlib.Path or None
        The companion of all files, as the user says; nothing is looked for then.
    """

    def __init__(self, named: Path | None = None) -> None:
        self.named = named
        self._kinds: dict[Path, dict[Path, str]] = {}
        self._used: dict[tuple[Path, str], tuple[Path, str]] = {}

    def read(self, path: Path, sheet: str | int | None) -> RawTable:
        """Read a file with the companion that describes it, if there is one.

        Raises
        ------
        InputError
            When the file cannot be read, or not with the companion that was named.
        """
        if self.named is not None:
            return self._with(path, sheet, self.named, companion_of(self.named) or "auto")
        table = read_table(path, sheet=sheet)
        best, others = self._beside(table, sheet)
        if best is None:
            return table
        if others:
            names = ", ".join(repr(one.name) for one in (best, *others))
            note = f"several files may describe it ({names}), none was used: name one with --structure"
            return replace(table, notes=(*table.notes, note))
        return self._with(path, sheet, best, table.format)

    def used(self, table: RawTable) -> tuple[Path | None, str]:
        """Return the companion that a table was read with, and the format to declare if the file does not show it."""
        return self._used.get((table.file, table.sheet), (None, ""))

    def _with(self, path: Path, sheet: str | int | None, companion: Path, format: str) -> RawTable:
        table = read_table(path, sheet=sheet, format=format, structure=companion)
        self._used[table.file, table.sheet] = companion, _undeclared(path, sheet, table.format)
        return replace(table, notes=(*table.notes, f"{companion.name} was read as its structure"))

    def _beside(self, table: RawTable, sheet: str | int | None) -> tuple[Path | None, list[Path]]:
        """Return the file beside a table that describes most of its columns, and others that do as well."""
        found: list[tuple[int, int, Path]] = []
        for candidate in self._candidates(table):
            try:
                described = read_table(table.file, sheet=sheet, format=table.format, structure=candidate)
            except InputError:
                continue
            n_new = _n_described(described) - _n_described(table)
            if n_new > 0:
                found.append((n_new, _n_alike(candidate.name, table.file.name), candidate))
        if not found:
            return None, []
        found.sort(key=lambda entry: (-entry[0], -entry[1], entry[2].name))
        return found[0][2], [entry[2] for entry in found[1:] if entry[:2] == found[0][:2]]

    def _candidates(self, table: RawTable) -> Iterable[Path]:
        folder = table.file.parent
        if folder not in self._kinds:
            files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file())
            self._kinds[folder] = {path: kind for path in files[:_MOST_BESIDE] if (kind := companion_of(path))}
        return [path for path, kind in self._kinds[folder].items() if kind == table.format and path != table.file]


def _n_described(table: RawTable) -> int:
    """Return how much a table says of its columns: texts of questions, and value labels."""
    return sum(bool(info.text) + bool(info.labels) for info in table.columns.values())


def _n_alike(one: str, other: str) -> int:
    """Return how many signs two names have in common at their start."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _undeclared(path: Path, sheet: str | int | None, format: str) -> str:
    """Return the format if nobody would recognise the file as such."""
    try:
        return "" if read_table(path, sheet=sheet).format == format else format
    except InputError:
        return format
