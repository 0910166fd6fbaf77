"""Usability of the tool: the System Usability Scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError
from .checks import FloatArray, Missing, check_choice, check_level
from .content import rating_matrix, target_frame
from .draws import bca_levels, resampled_totals
from .registry import statistic

SUS_ITEMS = 10


def _sus_matrix(answers: ArrayLike | pd.DataFrame) -> tuple[FloatArray, list[str]]:
    matrix, names = rating_matrix(answers, (1, 5), "answers")
    if len(names) != SUS_ITEMS:
        raise StatisticError(f"answers: {len(names)} columns; the scale has {SUS_ITEMS} items")
    index = answers.index if isinstance(answers, pd.DataFrame) else range(len(matrix))
    return matrix, [str(person) for person in index]


def _sus_points(matrix: FloatArray) -> FloatArray:
    """Return 0-100 points per person; nan for a person with a missing answer."""
    return 2.5 * ((matrix[:, 0::2] - 1).sum(axis=1) + (5 - matrix[:, 1::2]).sum(axis=1))


@statistic(
    family="usability", symbol="SUS", data="items", returns="frame", bounds=(0, 100), min_n=1,
    invariant_to={"row_order"}, source="Brooke (1996), in Usability evaluation in industry, Taylor & Francis",
)  # fmt: skip
def sus_scores(answers: ArrayLike | pd.DataFrame) -> pd.DataFrame:
    r"""Compute the System Usability Scale score of each person.

    .. math:: 2.5 \left(\sum_{odd} (x - 1) + \sum_{even} (5 - x)\right)

    Parameters
    ----------
    answers : DataFrame or array, shape (n_persons, 10)
        Points 1-5 in the order of the questionnaire: odd items are positive, even ones negative. As answered:
        do not reverse them first. A person with a missing answer has no score.

    Returns
    -------
    DataFrame
        One row per person (`person_id` is the index): `estimate` in 0-100. ``undefined`` for a person with a
        missing answer: no answer is filled in.

    Raises
    ------
    StatisticError
        For a number of columns other than ten, text, or a value that is not 1-5.

    Notes
    -----
    Not a percentage, and no diagnosis of single features.

    References
    ----------
    Brooke, J. (1996). SUS: A "quick and dirty" usability scale. In P. W. Jordan et al. (Eds.), *Usability
    evaluation in industry* (pp. 189-194). Taylor & Francis.

    Examples
    --------
    >>> from ktss_analysis.psychometrics.usability import sus_scores
    >>> sus_scores([[5, 1] * 5, [3] * 10])["estimate"].tolist()
    [100.0, 50.0]
    """
    matrix, persons = _sus_matrix(answers)
    n_missing = np.isnan(matrix).sum(axis=1)
    return target_frame(
        persons, key="person_id", estimate=_sus_points(matrix), method="System Usability Scale, ten answers",
        n_used=SUS_ITEMS - n_missing, n_missing=n_missing,
        status=np.where(n_missing, "undefined", "ok").tolist(),
        reason=[f"{count} of 10 answers are missing" if count else "" for count in n_missing.tolist()],
    )  # fmt: skip


@statistic(
    family="usability", symbol="SUS", data="items", bounds=(0, 100), min_n=2, invariant_to={"row_order"},
    source="Brooke (1996), in Usability evaluation in industry, Taylor & Francis",
)  # fmt: skip
def system_usability_scale(
    answers: ArrayLike | pd.DataFrame, *, missing: Missing = "raise", ci_method: str = "t",
    ci_level: float = 0.95, n_boot: int = 5000, seed: int = 1,
) -> Estimate:  # fmt: skip
    r"""Compute the mean System Usability Scale score with its interval.

    .. math:: \bar s \mp t_{n-1} \, sd / \sqrt n

    Parameters
    ----------
    answers : DataFrame or array, shape (n_persons, 10)
        As in `sus_scores`.
    missing : {"raise", "listwise"}, default "raise"
        ``"listwise"`` leaves out persons with a missing answer and counts them.
    ci_method : {"t", "bca"}, default "t"
        t interval, cut off at 0 and 100; or the bias-corrected and accelerated bootstrap over persons, which
        keeps inside the scale by itself and follows a skewed sample.
    ci_level : float, default .95
        Confidence level.
    n_boot, seed : int
        Resamples of persons, and seed, for ``"bca"``.

    Returns
    -------
    Estimate
        0-100. ``too_few`` under two persons. Without limits when all persons have one score: such a sample
        says nothing on the spread.

    Raises
    ------
    StatisticError
        As in `sus_scores`; for a missing answer under ``missing="raise"``.

    Notes
    -----
    Not a percentage: 68 is the mean of many products. At 30 persons the interval is some 5 points either
    way, which usually spans two of the popular letter grades; do not print a grade.

    References
    ----------
    Brooke, J. (1996). SUS: A "quick and dirty" usability scale. In P. W. Jordan et al. (Eds.), *Usability
    evaluation in industry* (pp. 189-194). Taylor & Francis.

    Efron, B. (1987). Better bootstrap confidence intervals. *Journal of the American Statistical Association,
    82*, 171-185. https://doi.org/10.1080/01621459.1987.10478410

    Examples
    --------
    >>> from ktss_analysis.psychometrics.usability import system_usability_scale
    >>> score = system_usability_scale([[5, 1] * 5, [3] * 10, [4, 2] * 5])
    >>> score.value, round(score.low, 1), score.high
    (75.0, 12.9, 100.0)
    """
    level = check_level(ci_level)
    check_choice(ci_method, ("t", "bca"), "ci_method")
    check_choice(missing, ("raise", "listwise"), "missing")
    points = _sus_points(_sus_matrix(answers)[0])
    absent = int(np.isnan(points).sum())
    if absent and missing == "raise":
        raise StatisticError(f"answers: {absent} persons have a missing answer; choose missing='listwise'")
    points = np.sort(points[~np.isnan(points)])
    method, n = "mean System Usability Scale score, complete answers", len(points)
    if n < 2:
        return Estimate.absent("too_few", "two persons or more are needed", method=method, n_used=n,
                               n_missing=absent)  # fmt: skip
    mean = float(points.mean())
    if np.ptp(points) == 0:
        method = f"{method}; no interval: all scores are equal"
        return Estimate(mean, method=method, n_used=n, n_missing=absent)
    if ci_method == "t":
        reach = float(special.stdtrit(n - 1, (1 + level) / 2) * points.std(ddof=1) / np.sqrt(n))
        low, high, name = max(0.0, mean - reach), min(100.0, mean + reach), "t interval cut off at 0 and 100"
    else:
        low, high = _bca_limits(points, level, n_boot, seed)
        name = f"BCa interval, {n_boot} resamples of persons"
    return Estimate(mean, low, high, level, f"{method}; {name}", n, absent)


def _bca_limits(values: FloatArray, level: float, n_boot: int, seed: int) -> tuple[float, float]:
    """Return bias-corrected and accelerated limits of a mean of values that are not all equal."""
    mean = values.mean()
    replicates = resampled_totals(values[:, None], n_boot, seed)[:, 0] / len(values)
    levels = bca_levels(replicates, mean, values - mean, np.ones(len(values)), level)
    low, high = np.quantile(replicates, levels)
    return float(min(low, mean)), float(max(high, mean))
