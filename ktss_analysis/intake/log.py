"""The record of what cleaning touched; direct identifiers never reach it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..core import PipelineError

CHANGE_COLUMNS = ("source", "file", "row", "column", "rule", "action", "before", "after", "reason")
QUARANTINE_COLUMNS = ("source", "file", "row", "rule", "reason", "record")
_MAIL = re.compile(r"[^\s@<>(),;:\"'|]+@[^\s@<>(),;:\"'|]+\.[\w-]{2,}")
_MASK = "[e-mail]"


def mask_mail(text: str) -> str:
    """Return `text` with everything that looks like an e-mail address replaced."""
    return _MAIL.sub(_MASK, text) if "@" in text else text


@dataclass
class Log:
    """Collects the rows of the change log and of the quarantine for one source.

    Parameters
    ----------
    source : str
        Name of the source.
    known : mapping
        Identifier as written -> pseudonym; a cell that is one of them is logged as the pseudonym.
    """

    source: str
    known: Mapping[str, str] = field(default_factory=dict)
    _changes: dict[str, list] = field(default_factory=lambda: {name: [] for name in CHANGE_COLUMNS})
    _quarantine: list[tuple[str, int, str, str, str]] = field(default_factory=list)

    def safe(self, text: object) -> str:
        """Return a cell as it may be logged."""
        plain = "" if text is None or (isinstance(text, float) and np.isnan(text)) else str(text)
        return self.known.get(plain.strip()) or mask_mail(plain)

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
        entries: dict[str, list] = {
            "source": [self.source] * n, "file": list(file), "row": [int(number) for number in row],
            "column": [column] * n if isinstance(column, str) else list(column),
            "rule": [rule] * n, "action": [action] * n, "before": self._safe_all(before, n),
            "after": self._safe_all(after, n), "reason": [reason] * n if isinstance(reason, str) else list(reason),
        }  # fmt: skip
        if any(len(values) != n for values in entries.values()):
            raise PipelineError(f"rule {rule!r}: {n} rows are logged with another number of cells or reasons")
        for name, values in entries.items():
            self._changes[name] += values

    def _safe_all(self, cells: str | Sequence[object], n: int) -> list[str]:
        if isinstance(cells, str):
            return [self.safe(cells)] * n
        known: dict[object, str] = {}
        return [known[cell] if cell in known else known.setdefault(cell, self.safe(cell)) for cell in cells]

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
        cells = {str(name): safe for name, value in record.items() if (safe := self.safe(value))}
        text = json.dumps(cells, ensure_ascii=False)
        self._quarantine.append((str(file), int(row), rule, reason, text))
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
