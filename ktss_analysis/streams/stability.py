"""Two occasions of the self-assessment: how well the scores of the same people agree."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from ..psychometrics.retest import retest_summary
from ..results import rows_from
from .common import Setting, Tables, gather, mark
from .responses import STREAM, keyed_answers

STATISTICS = {
    "icc_agreement": ("retest_icc_agreement", "coefficient"),
    "retest_error": ("retest_error", "points"),
    "smallest_detectable_change": ("retest_smallest_detectable_change", "points"),
    "bias": ("retest_bias", "points"),
    "lower_limit": ("retest_lower_limit", "points"),
    "upper_limit": ("retest_upper_limit", "points"),
}
"""Rows of `retest_summary` that are published, each with its name in the results and its unit."""


def retest(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return, per skill and pair of consecutive occasions, how the scores of the same people agree.

    ICC(A,1), the error and the smallest detectable change in points, the mean difference (later minus earlier) and the
    limits of agreement. A person counts with complete answers to the skill's items on both occasions. No rows without
    a second occasion. `group` is ``occasion_1_to_2``.
    """
    responses = tables["responses"]
    occasions = sorted(int(number) for number in responses["occasion"].dropna().unique()) if len(responses) else []
    parts = []
    for before, after in pairwise(occasions):
        for skill_id, items in setting.framework.scales().items():
            scores = [
                keyed_answers(tables, setting, items, occasion).dropna().mean(axis=1).rename(str(occasion))
                for occasion in (before, after)
            ]
            ids = [item.id for item in items]
            own = responses[responses["item_id"].isin(ids) & responses["occasion"].isin([before, after])]
            pairs = pd.concat(scores, axis=1, join="inner").sort_values([str(before), str(after)])
            everybody = own["person_id"].nunique()
            parts += _of_skill(pairs, setting, skill_id, f"occasion_{before}_to_{after}", everybody, own)
    return gather(parts)


def _of_skill(
    pairs: pd.DataFrame, setting: Setting, skill_id: str, group: str, everybody: int, own: pd.DataFrame
) -> list[pd.DataFrame]:
    summary = retest_summary(pairs, ci_level=setting.level).set_index("statistic")
    rows = []
    for name, (statistic, unit) in STATISTICS.items():
        row = summary.loc[[name]].assign(target_id=skill_id, n_missing=everybody - len(pairs))
        rows.append(
            rows_from(row, stream=STREAM, statistic=statistic, target_type="skill", group=group, unit=unit,
                      source_rows=mark(own, "responses", f"{skill_id}, {group}"))
        )  # fmt: skip
    return rows
