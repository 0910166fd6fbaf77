"""Reading a source notebook with the standard library: its cells, its parameters, its Python code."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..core import PipelineError
from .steps import Step

FILLED_IN = ("out", "root")
_MAGIC_CELL = re.compile(r"\s*%%")
_MAGIC_LINE = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """The parts of a cell that decide what it does: outputs, ids and layout are left out."""

    kind: str
    source: str
    tags: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Return the hash of type, source and tags."""
        content = json.dumps([self.kind, self.source, self.tags], ensure_ascii=False)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Notebook:
    """A source notebook as it was when it was read; exactly this text is executed."""

    path: Path
    text: str
    cells: tuple[Cell, ...]

    @cached_property
    def cell_hashes(self) -> list[str]:
        """Return one hash per cell."""
        return [cell.sha256 for cell in self.cells]

    def code(self) -> list[ast.Module] | None:
        """Return the parsed code cells without shell and magic lines; None if one is not Python."""
        parsed = []
        for cell in self.cells:
            if cell.kind != "code" or _MAGIC_CELL.match(cell.source):
                continue
            try:
                parsed.append(ast.parse(_MAGIC_LINE.sub(r"\1pass", cell.source)))
            except SyntaxError:
                return None
        return parsed

    def parameter_names(self) -> list[str]:
        """Return the names that the cell tagged ``parameters`` assigns.

        Raises
        ------
        PipelineError
            If there is more than one such cell, or it holds anything but assignments to plain names.
        """
        tagged = [n for n, cell in enumerate(self.cells) if cell.kind == "code" and "parameters" in cell.tags]
        if not tagged:
            return []
        if len(tagged) > 1:
            places = ", ".join(str(number + 1) for number in tagged)
            raise PipelineError(f"{self.path.name}: cells {places} are tagged 'parameters'; allowed: one")
        try:
            statements = ast.parse(self.cells[tagged[0]].source).body
        except SyntaxError as error:
            raise PipelineError(f"{self.path.name}: the parameters cell is not Python: {error.msg}") from None
        return [name for statement in statements for name in self._assigned(statement)]

    def _assigned(self, statement: ast.stmt) -> list[str]:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return []
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if not names or len(names) < len(targets):
            raise PipelineError(
                f"{self.path.name}: the parameters cell holds {ast.unparse(statement)!r}; "
                "allowed: assignments such as  draws: int = 2000"
            )
        return names


def read_notebook(path: Path) -> Notebook:
    """Read a source notebook of format 4.

    Raises
    ------
    PipelineError
        If the file is not there, is no notebook, or is of an older format.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text)
    except FileNotFoundError:
        raise PipelineError(f"{path}: there is no such notebook") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise PipelineError(f"{path}: not a notebook: {error}") from None
    if not isinstance(content, dict) or content.get("nbformat") != 4 or "cells" not in content:
        found = content.get("nbformat") if isinstance(content, dict) else None
        raise PipelineError(f"{path}: notebook format {found}; allowed: 4 (open and save it in JupyterLab)")
    return Notebook(path, text, tuple(_cell(cell) for cell in content["cells"]))


def _cell(cell: Mapping[str, Any]) -> Cell:
    source = cell.get("source", "")
    tags = sorted(cell.get("metadata", {}).get("tags", []))
    return Cell(cell["cell_type"], source if isinstance(source, str) else "".join(source), tuple(tags))


def check_parameters(step: Step, notebook: Notebook) -> None:
    """Refuse a parameter that the notebook does not know, one it is not given, and values that are not JSON.

    Raises
    ------
    PipelineError
        With every fault of the step in one message.
    """
    known = notebook.parameter_names()
    faults = [f"unknown parameter {name!r}" for name in step.parameters if name not in known]
    given = {*step.parameters, *FILLED_IN}
    faults += [f"parameter {name!r} is not given" for name in known if name not in given]
    if "out" in step.parameters:
        faults.append("parameter 'out' is filled in by the runner and cannot be given")
    for name, value in step.parameters.items():
        if not _is_json(value):
            kind = type(value).__name__
            faults.append(f"parameter {name!r} is {kind}; allowed: text, number, list or mapping")
    if faults:
        names = ", ".join(known) or "none"
        raise PipelineError(f"{step.name}: {'; '.join(faults)} ({notebook.path.name} has: {names})")


def _is_json(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_json(part) for part in value)
    if isinstance(value, dict):
        return all(type(key) is str and _is_json(part) for key, part in value.items())
    return value is None or type(value) in (bool, int, float, str)
