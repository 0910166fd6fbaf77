"""Answers on a scale that was shown upside down: declared in the study file, applied, and logged cell by cell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..core import StudyError
from ..study import Block, Reversal, Study
from .gather import Gathered
from .labels import closest, fold
from .rows import BoolArray, Rows
from .wide import WidePart


def reversed_cells(gathered: Gathered, part: WidePart) -> BoolArray:
    """Return which cells of a part the study file declares to be upside down, shape (n_rows, n_targets)."""
    mask: BoolArray = np.zeros(part.answers.shape, dtype=bool)
    for reversal in part.block.reverse:
        mask ^= _rows_of(gathered, reversal)[:, None] & _targets_of(part, reversal)[None, :]
    return mask & part.asked & ~np.isnan(part.answers)


def apply_reversals(gathered: Gathered, part: WidePart, study: Study) -> BoolArray:
    """Turn the declared cells round on the part's scale, in place, and return which they are.

    Raises
    ------
    StudyError
        When the part has no scale, or a reversal names a target that the part does not have.
    """
    if not part.block.reverse:
        return np.zeros(part.answers.shape, dtype=bool)
    where = f"{study.path}, source {gathered.source.name!r}, reverse"
    if part.cell_rules.scale is None:
        raise StudyError(f"{where}: answers are turned round on a scale; give the block's 'scale'")
    for target in (target for reversal in part.block.reverse for target in reversal.targets):
        if target not in part.targets:
            known = closest(target, part.targets) or part.targets[:12]
            raise StudyError(f"{where}: the part has no target {target!r}; allowed: {', '.join(known)}")
    mask = reversed_cells(gathered, part)
    part.answers[mask] = sum(part.cell_rules.scale) - part.answers[mask]
    return mask


def log_reversals(rows: Rows, part: WidePart, mask: BoolArray) -> None:
    """Log each cell that was turned round, in rows that are still in use."""
    low, high = part.cell_rules.scale or (0.0, 0.0)
    for place, header in enumerate(part.headers):
        hits = mask[:, place] & rows.alive
        if not hits.any():
            continue
        after = [f"{value:g}" for value in part.answers[hits, place]]
        rows.log.change(
            "value.reversed", "recoded", **rows.where(hits), column=header,
            before=list(rows.gathered.frame[header][hits]), after=after,
            reason=f"turned round on {low:g} to {high:g}: " + "; ".join(_reasons(part.block, part.targets[place])),
        )  # fmt: skip


def _reasons(block: Block, target: str) -> list[str]:
    return [reversal.reason for reversal in block.reverse if not reversal.targets or target in reversal.targets]


def _rows_of(gathered: Gathered, reversal: Reversal) -> BoolArray:
    if reversal.column is None:
        return np.ones(len(gathered.row), dtype=bool)
    wanted = {fold(text) for text in reversal.texts}
    cells: pd.Series = gathered.frame[gathered.column(reversal.column)].fillna("").map(fold)
    return np.asarray(cells.isin(wanted), dtype=bool)


def _targets_of(part: WidePart, reversal: Reversal) -> BoolArray:
    return np.array([not reversal.targets or target in reversal.targets for target in part.targets], dtype=bool)
