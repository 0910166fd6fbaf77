"""Priorities: best-worst scores with intervals, and tiers the data can tell apart."""

from __future__ import annotations

import pandas as pd

from ..psychometrics.ranking import best_worst_scores, ranking_tiers
from ..results import rows_from, text_row
from .common import Setting, Tables, gather, mark

STREAM = "ranking"


def priorities(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return the best-worst score of every skill and the tier it stands in."""
    choices = tables["choices"]
    if choices.empty:
        return gather([])
    note = mark(choices, "choices", "all sets")
    scores = best_worst_scores(choices, ci_level=setting.level, n_boot=setting.n_boot,
                               seed=setting.seed("best_worst"))  # fmt: skip
    keep = ["target_id", "estimate", "ci_low", "ci_high", "ci_level", "ci_method", "method", "n_used",
            "n_missing", "status", "reason"]  # fmt: skip
    parts = [
        rows_from(scores[[c for c in keep if c in scores]], stream=STREAM, statistic="best_worst_score",
                  target_type="skill", unit="points", source_rows=note)
    ]  # fmt: skip
    tiers = ranking_tiers(choices, probability=setting.rules.value("tier_probability"),
                          n_boot=setting.n_boot, seed=setting.seed("best_worst"))  # fmt: skip
    n = int(choices["person_id"].nunique())
    parts += [
        text_row(str(int(row.tier)), stream=STREAM, statistic="tier", target_type="skill",
                 target_id=str(row.target_id), n_used=n, source_rows=note)
        for row in tiers.itertuples()
    ]  # fmt: skip
    return gather(parts)
