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
    parts = [
        rows_from(scores, stream=STREAM, statistic="best_worst_score", target_type="skill", unit="points",
                  source_rows=note)
    ]  # fmt: skip
    tiers = ranking_tiers(choices, certainty=setting.rules.value("tier_probability"), n_boot=setting.n_boot,
                          seed=setting.seed("best_worst"))  # fmt: skip
    n = int(choices["person_id"].nunique())
    parts += [
        text_row(str(int(row.tier)), stream=STREAM, statistic="tier", target_type="skill",
                 target_id=str(row.target_id), n_used=n, source_rows=note)
        for row in tiers.itertuples()
        if row.status == "ok"
    ]  # fmt: skip
    return gather(parts)
