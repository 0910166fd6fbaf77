"""Whether people read the band of a score as it is meant: the three questions of the focus groups."""

from __future__ import annotations

import pandas as pd

from ..core import Estimate
from ..psychometrics.intervals import wilson_interval
from ..results import rows_from
from .common import Setting, Tables, gather, mark, of_activity, select, wide

STREAM, ASPECT, TARGET = "focus_groups", "bandtest", "question"


def band_understanding(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return the share of right answers to each question, and of people with all of them right.

    The answers stand in `ratings` as 1 (right) or 0, with aspect ``bandtest``. An unanswered question counts
    neither way; "I do not know" is not right. People of one group heard the same talk, so the interval is
    rather too narrow.
    """
    ratings = tables["ratings"]
    mine = of_activity(select(ratings, aspect=ASPECT, target_type=TARGET), setting, STREAM)
    if mine.empty:
        return gather([])
    answers = wide(mine, [])
    common = {
        "stream": STREAM, "statistic": "share_understanding", "target_type": TARGET, "unit": "share",
        "source_rows": mark(mine, "ratings", ASPECT),
    }  # fmt: skip
    parts = [
        rows_from(_share(answers[question].dropna() == 1, len(answers), setting.level), target_id=question, **common)
        for question in answers.columns
    ]
    whole = answers.dropna()
    parts.append(rows_from(_share((whole == 1).all(axis=1), len(answers), setting.level), target_id="all", **common))
    return gather(parts)


def _share(right: pd.Series, n_people: int, level: float) -> Estimate:
    method = "share of people with the right answer; Wilson interval"
    if not len(right):
        return Estimate.absent("too_few", "nobody answered", method=method, n_missing=n_people)
    found = wilson_interval(int(right.sum()), len(right), ci_level=level)
    return Estimate(found.value, found.low, found.high, level, method, len(right), n_people - len(right))
