"""What the self-assessment page needs to know about its scores, per skill and language."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from ..core import Estimate
from ..framework import Item
from ..psychometrics.reliability import cronbach_alpha
from ..results import rows_from
from .common import Setting, Tables, gather, mark
from .responses import STREAM, keyed_answers

PERCENTS = tuple(range(10, 100, 10))


def scores_by_language(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return reliability, mean, standard deviation and deciles of each skill's scores in each language.

    A person counts with complete answers to the skill's items on the first occasion, in the language of the
    answers. The rows' `group` is the language; deciles have ``<language>_q10`` to ``_q90``.
    """
    responses = tables["responses"]
    if responses.empty:
        return gather([])
    first = responses[responses["occasion"] == 1]
    parts = []
    for skill_id, items in setting.framework.scales().items():
        for language in setting.framework.languages:
            own = first[first["language"] == language]
            if len(own):
                parts += _of_skill({**tables, "responses": own}, setting, skill_id, items, language)
    return gather(parts)


def _of_skill(tables: Tables, setting: Setting, skill_id: str, items: list[Item], language: str) -> list[pd.DataFrame]:
    answers = keyed_answers(tables, setting, items)
    if answers.empty:
        return []
    ids = [item.id for item in items]
    own = tables["responses"]
    common = {
        "stream": STREAM, "target_type": "skill", "target_id": skill_id,
        "source_rows": mark(own[own["item_id"].isin(ids)], "responses", f"{skill_id}, {language}"),
    }  # fmt: skip
    scores = np.sort(answers.dropna().mean(axis=1).to_numpy(float))
    n_missing = len(answers) - len(scores)
    alpha = cronbach_alpha(answers, missing="listwise", ci_level=setting.level)
    rows = [
        rows_from(alpha, statistic="cronbach_alpha_by_language", unit="coefficient", group=language, **common),
        rows_from(_moment(scores, n_missing, 0), statistic="score_mean", unit="points", group=language, **common),
        rows_from(_moment(scores, n_missing, 1), statistic="score_sd", unit="points", group=language, **common),
    ]
    for percent in PERCENTS:
        estimate = score_quantile(scores, percent / 100, setting.level, n_missing)
        group = f"{language}_q{percent}"
        rows.append(rows_from(estimate, statistic="score_quantile", unit="points", group=group, **common))
    return rows


def _moment(scores: np.ndarray, n_missing: int, order: int) -> Estimate:
    """Return the mean (order 0) or the standard deviation with n - 1 (order 1)."""
    method = ("mean of the scores", "standard deviation of the scores, n - 1")[order] + ", complete answers"
    if len(scores) <= order:
        reason = f"{len(scores)} complete answers"
        return Estimate.absent("too_few", reason, method=method, n_used=len(scores), n_missing=n_missing)
    value = float(scores.mean() if order == 0 else scores.std(ddof=1))
    return Estimate(value, method=method, n_used=len(scores), n_missing=n_missing)


def score_quantile(scores: np.ndarray, share: float, level: float, n_missing: int = 0) -> Estimate:
    """Return a quantile of sorted scores with the distribution-free interval of its order statistics.

    The limits are the order statistics r and s with binomial probability of at least `level` between them,
    each tail at most (1 - level) / 2 (Hahn and Meeker 1991, doi:10.1002/9780470316771, 5.2). Without such
    order statistics there are no limits.
    """
    n = len(scores)
    method = "quantile, linear between order statistics; interval by order statistics"
    if n < 1:
        return Estimate.absent("too_few", "no complete answers", method=method, n_missing=n_missing)
    tail = (1 - level) / 2
    below = special.bdtr(np.arange(n + 1), n, share)  # P(X <= k), X the number of scores below the quantile
    lower = int(np.searchsorted(below, tail, side="right"))  # largest r with P(X <= r - 1) <= tail
    upper = int(np.searchsorted(below, 1 - tail, side="left")) + 1  # smallest s with P(X <= s - 1) >= 1 - tail
    bounded = lower >= 1 and upper <= n
    low, high = (float(scores[lower - 1]), float(scores[upper - 1])) if bounded else (None, None)
    value = float(np.quantile(scores, share))
    return Estimate(value, low, high, level if bounded else None, method, n, n_missing)
