"""The record of what cleaning touched; direct identifiers never reach it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd

from ..core import PipelineError
from .exposure import Guard

CHANGE_COLUMNS = ("source", "file", "row", "column", "rule", "action", "before", "after", "reason")
QUARANTINE_COLUMNS = ("source", "file", "row", "rule", "reason", "record")


class Known(Protocol):
    """Identifiers as written, each with its pseudonym."""

    def get(self, text: str, /) -> str | None:
        """Return the pseudonym of a text that is an identifier, else None."""


@dataclass
class Log:
    """Collects the rows of the change log and of the quarantine for one source.

    Parameters
    ----------
    source : str
        Name of the source.
    known : mapping, or anything with its `get`
        Identifier as written -> pseudonym; a cell that is one of them is logged as the pseudonym.
    guard : Guard
        Replaces identifiers in cells, headers and reasons.
    """

    source: str
    known: Known = field(default_factory=dict[str, str])
    guard: Guard = field(default_factory=Guard)
    _changes: dict[str, list] = field(default_factory=lambda: {name: [] for name in CHANGE_COLUMNS})
    _quarantine: list[tuple[str, int, str, str, str]] = field(default_factory=list)

    def safe(self, text: object, column: str = "") -> str:
        """Return a cell of a raw column as it may be logged."""
        plain = "" if text is None or (isinstance(text, float) and np.isnan(text)) else str(text)
        return self.known.get(plain.strip()) or self.guard.cell(column, plain)

    def change(
        self,
        rule: str,
        action: str,
        *,
        file: Sequence[str],
        row: Sequence[int],
        column: str | Sequence[str] = "",
        before: str | Sequence[object] = "",
        after: str | Sequence[object] = "",
        reason: str | Sequence[str] = "",
    ) -> None:
        """Log one entry per element of `file` and `row`; the other fields are one text or one per entry."""
        n = len(row)
        if not n:
            return
        columns = [column] * n if isinstance(column, str) else list(column)
        reasons = [reason] * n if isinstance(reason, str) else list(reason)
        entries: dict[str, list] = {
            "source": [self.source] * n, "file": list(file), "row": [int(number) for number in row],
            "column": [self.guard.header(header) for header in columns],
            "rule": [rule] * n, "action": [action] * n, "before": self._safe_all(before, columns),
            "after": self._safe_all(after, columns), "reason": [self.guard.scrubber.text(text) for text in reasons],
        }  # fmt: skip
        if any(len(values) != n for values in entries.values()):
            raise PipelineError(f"rule {rule!r}: {n} rows are logged with another number of cells or reasons")
        for name, values in entries.items():
            self._changes[name] += values

    def _safe_all(self, cells: str | Sequence[object], columns: Sequence[str]) -> list[str]:
        """Return cells as they may be logged; the work is done once per distinct cell of a column."""
        if isinstance(cells, str):
            return [self.safe(cells)] * len(columns)
        known: dict[tuple[object, str], str] = {}
        safe = []
        for cell, column in zip(cells, columns, strict=False):
            key = (cell, column)
            if key not in known:
                known[key] = self.safe(cell, column)
            safe.append(known[key])
        return safe + [""] * (len(cells) - len(safe))

    def set_aside(
        self,
        file: str,
        row: int,
        rule: str,
        reason: str,
        record: Mapping[str, object],
        *,
        logged: bool = False,
    ) -> None:
        """Put one raw row into quarantine, and say so in the change log unless it is `logged` there."""
        safe = {self.guard.header(str(name)): self.safe(value, str(name)) for name, value in record.items()}
        text = json.dumps({name: cell for name, cell in safe.items() if cell}, ensure_ascii=False)
        self._quarantine.append((str(file), int(row), rule, self.guard.scrubber.text(reason), text))
        if not logged:
            self.change(rule, "set_aside", file=[file], row=[row], reason=reason)

    def change_frame(self) -> pd.DataFrame:
        """Return the change log, ordered by file, row, column and rule."""
        frame = pd.DataFrame(self._changes, columns=list(CHANGE_COLUMNS))
        if not len(frame):
            return frame
        return frame.sort_values(["file", "row", "column", "rule", "before"], kind="stable", ignore_index=True)

    def quarantine_frame(self) -> pd.DataFrame:
        """Return the quarantine, ordered by file and row."""
        rows = [(self.source, *entry) for entry in sorted(self._quarantine)]
        return pd.DataFrame(rows, columns=list(QUARANTINE_COLUMNS))
