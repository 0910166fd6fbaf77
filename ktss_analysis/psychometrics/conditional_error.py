"""Error of measurement at each score: smaller at the ends of the scale than in the middle."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import StatisticError
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, drop_missing
from .frames import tidy
from .registry import statistic


@statistic(
    family="retest", symbol="CSEM", data="items", returns="frame", bounds=(0, None), min_n=1,
    invariant_to={"row_order", "column_order"}, source="doi:10.1177/014662169802200401",
)  # fmt: skip
def conditional_error(
    items: ArrayLike | pd.DataFrame,
    *,
    score: Literal["mean", "sum"] = "mean",
    missing: Missing = "raise",
    ci_level: float = 0.95,
) -> pd.DataFrame:
    r"""Compute the standard error of measurement at each scale score.

    .. math:: CSEM_{sum}(x) = \sqrt{\frac{1}{n_x} \sum_{p: X_p = x} \frac{k}{k - 1} \sum_i (X_{pi} - \bar X_p)^2},
              \qquad CSEM_{mean} = CSEM_{sum} / k

    the absolute error of a score over k items that are seen as drawn from more such items, for the :math:`n_x`
    persons with the score x. For items scored 0 and 1 it is Lord's binomial error :math:`\sqrt{x (k - x)/(k - 1)}`.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers of one scale, keys applied, all items on the same scale.
    score : {"mean", "sum"}, default "mean"
        Score the error belongs to.
    missing : {"raise", "listwise"}, default "raise"
        Rule for missing cells.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    DataFrame
        One row per score that occurs, ascending: `scale_score`, the error as `estimate` in points of the score,
        limits (Student's t on the persons' squared errors; none for one person), `n_used`. One row with a status
        when nothing can be computed: ``undefined`` under two items, ``too_few`` without persons.

    Raises
    ------
    StatisticError
        For missing cells, pairwise deletion, or text.

    Notes
    -----
    Differences in the difficulty of the items count as error, so its mean square over all persons is the absolute
    error variance of `generalizability`, at least as large as that of `standard_error_of_measurement`. With few
    persons per score, neighbouring rows jump; read the curve, not single rows.

    References
    ----------
    Brennan, R. L. (1998). Raw-score conditional standard errors of measurement in generalizability theory. *Applied
    Psychological Measurement, 22*, 307-331. https://doi.org/10.1177/014662169802200401
    Lord, F. M. (1955). Estimating test reliability. https://doi.org/10.1177/001316445501500401

    Examples
    --------
    Three of ten items right: sqrt(3 * 7 / 9) items.

    >>> from ktss_analysis.psychometrics.conditional_error import conditional_error
    >>> table = conditional_error([[1, 1, 1, 0, 0, 0, 0, 0, 0, 0]], score="sum")
    >>> round(float(table["estimate"][0]), 4)
    1.5275
    """
    check_choice(score, ("mean", "sum"), "score")
    level = check_level(ci_level)
    if missing == "pairwise":
        raise StatisticError("missing='pairwise': an error of a score needs all items; use 'listwise'")
    matrix, _ = as_matrix(items)
    rows, n_missing = drop_missing(matrix, missing)
    n, k = rows.shape
    if k < 2:
        return _absent("undefined", f"{k} item(s); needs 2", len(matrix))
    if n == 0:
        return _absent("too_few", "no person answered all items", n_missing)
    squared = rows.var(axis=1, ddof=1) * (k if score == "sum" else 1 / k)
    scores = np.round(rows.sum(axis=1) if score == "sum" else rows.mean(axis=1), 10)
    values, group, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean = np.bincount(group, squared) / counts
    low, high = _limits(squared, group, counts, mean, level)
    return tidy(
        {
            "scale_score": values, "estimate": np.sqrt(mean), "ci_low": low, "ci_high": high,
            "ci_level": np.where(counts > 1, level, np.nan), "n_used": counts, "n_missing": n_missing,
            "method": f"absolute error of the {score} score at this score; Student t on squared errors",
            "status": "ok", "reason": "",
        },
        "conditional_error",
    )  # fmt: skip


def _limits(
    squared: FloatArray, group: np.ndarray, counts: np.ndarray, mean: FloatArray, level: float
) -> tuple[FloatArray, FloatArray]:
    spread = np.bincount(group, (squared - mean[group]) ** 2)
    several = np.maximum(counts - 1, 1)
    reach = special.stdtrit(several, (1 + level) / 2) * np.sqrt(spread / several / counts)
    reach = np.where(counts > 1, reach, np.nan)
    return np.sqrt(np.maximum(mean - reach, 0)), np.sqrt(mean + reach)


def _absent(status: str, reason: str, n_missing: int) -> pd.DataFrame:
    gone = {name: [None] for name in ("scale_score", "estimate", "ci_low", "ci_high", "ci_level")}
    rest = {"n_used": [0], "n_missing": [n_missing], "method": ["absolute error at a score"]}
    return tidy({**gone, **rest, "status": [status], "reason": [reason]}, "conditional_error")
