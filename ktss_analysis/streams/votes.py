"""Quality board and assembly: counts only, never pooled with the workshop, never a gate."""

from __future__ import annotations

import pandas as pd

from ..results import count_row
from .common import Setting, Tables, gather, mark, of_activity, wide


def votes(tables: Tables, setting: Setting, activity: str) -> pd.DataFrame:
    """Return how many members support each skill, of how many who answered."""
    rated = of_activity(tables["ratings"], setting, activity)
    rated = rated[rated["aspect"] == "support"]
    if rated.empty:
        return gather([])
    low, high = _range(setting, activity)
    cut = low + setting.rules.value("agreement_from") * (high - low)
    table = wide(rated, setting.framework.target_ids("skill"))
    note = mark(rated, "ratings", f"{activity} support")
    parts = [count_row(len(table), stream=activity, statistic="panel_size", source_rows=note)]
    for target in table.columns:
        answers = table[target].dropna()
        parts.append(
            count_row(int((answers >= cut).sum()), stream=activity, statistic="n_supporting",
                      target_type="skill", target_id=str(target), n_used=len(answers), source_rows=note)
        )  # fmt: skip
    return gather(parts)


def _range(setting: Setting, activity: str) -> tuple[float, float]:
    for source in setting.study.of(activity):
        for block in source.blocks:
            if block.table == "ratings" and isinstance(block.scale, tuple):
                return block.scale
    return (0.0, 1.0)
