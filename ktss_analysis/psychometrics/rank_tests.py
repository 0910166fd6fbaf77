"""Tests of complete rankings: Friedman's, with Nemenyi's and Conover's comparisons of all pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, drop_missing
from .consensus import rank_rows
from .content import target_frame
from .registry import statistic


@dataclass(frozen=True, slots=True)
class FriedmanNemenyi:
    """Friedman's test with Nemenyi's and Conover's comparisons of all pairs.

    Parameters
    ----------
    chi_square, df, p_value : float, int, float or None
        Friedman's test, corrected for ties.
    critical_difference : float or None
        Difference of mean ranks beyond which a pair is told apart.
    mean_ranks : DataFrame
        One row per target, `estimate` is the mean rank, 1 for the best.
    pairs : DataFrame
        One row per pair, `estimate` is the difference of mean ranks, `flagged` where it is beyond the
        critical difference, limits are the difference plus and minus it; `p_value` is Conover's, adjusted for
        all pairs by Holm's method.
    n_used, n_missing : int
        Persons used, and persons left out.
    status, reason : str
        As in `Estimate`.
    """

    chi_square: float | None
    df: int | None
    p_value: float | None
    critical_difference: float | None
    mean_ranks: pd.DataFrame
    pairs: pd.DataFrame
    n_used: int
    n_missing: int
    status: str = "ok"
    reason: str = ""


@statistic(
    family="ranking", symbol="chi2_F", data="ratings", returns="other", bounds=(0, None), min_n=2,
    invariant_to={"row_order", "column_order"}, source="doi:10.1080/01621459.1937.10503522",
)  # fmt: skip
def friedman_nemenyi(
    ranks: ArrayLike | pd.DataFrame, *, missing: Missing = "raise", level: float = 0.05
) -> FriedmanNemenyi:
    r"""Test complete rankings for a common order and compare all pairs of targets.

    .. math:: \chi^2_F = \frac{N \sum_j (\bar R_j - \frac{k+1}{2})^2}{s^2}, \qquad
              CD = q_k \sqrt{2 s^2 / N}

    with :math:`s^2` the mean variance of the ranks within a person: :math:`k(k+1)/12` without ties, which
    makes :math:`CD = q_k\sqrt{k(k+1)/(6N)}`. :math:`q_k` is the quantile of the studentized range with
    infinite degrees of freedom, divided by :math:`\sqrt 2`. Conover's comparison of two targets is

    .. math:: t = \frac{|\bar R_i - \bar R_j|}{\sqrt{2\,MS_{res} / N}}, \qquad df = (N - 1)(k - 1),

    with the residual mean square of the ranks after persons and targets.

    Parameters
    ----------
    ranks : DataFrame or array, shape (n_persons, n_targets)
        1 is the best; ties and other numbers are turned into mid-ranks within a person.
    missing : {"raise", "listwise"}, default "raise"
        ``"listwise"`` leaves out persons who did not rank all.
    level : float, default .05
        Familywise error rate of the comparisons.

    Returns
    -------
    FriedmanNemenyi
        Test, critical difference, mean ranks and pairs. ``too_few`` under two persons; ``undefined`` under
        two targets or when all persons tie all targets.

    Raises
    ------
    StatisticError
        For text, or a missing rank under ``missing="raise"``.

    Notes
    -----
    With 30 persons and 25 targets the critical difference is 6.95 places: such data give tiers, not places.
    Nemenyi's test is cautious; a pair that it does not flag is not shown to be equal. Conover's is sharper, and
    stays inside the error rate after Holm's adjustment only if Friedman's test rejects first. Name the one used.

    References
    ----------
    Friedman, M. (1937). The use of ranks to avoid the assumption of normality implicit in the analysis of
    variance. *Journal of the American Statistical Association, 32*, 675-701.
    https://doi.org/10.1080/01621459.1937.10503522

    Demšar, J. (2006). Statistical comparisons of classifiers over multiple data sets. *Journal of Machine
    Learning Research, 7*, 1-30. https://www.jmlr.org/papers/v7/demsar06a.html

    Conover, W. J., & Iman, R. L. (1979). *On multiple-comparisons procedures* (LA-7677-MS). Los Alamos
    Scientific Laboratory. https://doi.org/10.2172/6057803

    Holm, S. (1979). A simple sequentially rejective multiple test procedure. *Scandinavian Journal of
    Statistics, 6*, 65-70.

    Examples
    --------
    Demšar (2006), four methods on fourteen data sets: critical difference 1.25 at .05.

    >>> from ktss_analysis.psychometrics.rank_tests import friedman_nemenyi
    >>> result = friedman_nemenyi([[1, 2, 3, 4]] * 7 + [[4, 3, 2, 1]] * 7)
    >>> round(result.critical_difference, 2)
    1.25
    """
    check_level(level)
    check_choice(missing, ("raise", "listwise"), "missing")
    matrix, names = as_matrix(ranks, "ranks")
    matrix, n_missing = drop_missing(matrix, missing, "ranks")
    n_persons, n_targets = matrix.shape
    ranked = rank_rows(matrix) if matrix.size else matrix
    variance = float(ranked.var(axis=1, ddof=1).mean()) if n_persons and n_targets > 1 else 0.0
    if n_persons < 2 or variance == 0:
        status = "too_few" if n_persons < 2 else "undefined"
        reason = "two persons or more are needed" if n_persons < 2 else "nobody prefers any target to another"
        empty = target_frame([], status=[], reason=[], estimate=[])
        return FriedmanNemenyi(None, None, None, None, empty, empty, n_persons, n_missing, status, reason)
    mean_ranks = ranked.mean(axis=0)
    chi_square = n_persons * float(((mean_ranks - (n_targets + 1) / 2) ** 2).sum()) / variance
    difference = studentized_range_quantile(n_targets, level) * np.sqrt(variance / n_persons)
    table = target_frame(
        names, estimate=mean_ranks, method="mean rank, 1 is the best", status=["ok"] * n_targets,
        reason=[""] * n_targets, n_used=n_persons, n_missing=n_missing,
    )  # fmt: skip
    return FriedmanNemenyi(
        chi_square, n_targets - 1, float(special.chdtrc(n_targets - 1, chi_square)), float(difference),
        table, _pairs(names, ranked, float(difference), level), n_persons, n_missing,
    )  # fmt: skip


@lru_cache(maxsize=256)
def studentized_range_quantile(n_targets: int, level: float) -> float:
    """Return the upper `level` quantile of the studentized range with infinite degrees of freedom."""
    from scipy.stats import studentized_range

    return float(studentized_range.isf(level, n_targets, np.inf))


def _pairs(names: list[str], ranked: FloatArray, difference: float, level: float) -> pd.DataFrame:
    """Return all pairs with Nemenyi's limits and Conover's p-value, adjusted by Holm's method."""
    first, second = np.triu_indices(len(names), k=1)
    mean_ranks = ranked.mean(axis=0)
    gap = mean_ranks[first] - mean_ranks[second]
    return target_frame(
        [names[index] for index in first], other_target_id=[names[index] for index in second], estimate=gap,
        ci_low=gap - difference, ci_high=gap + difference, ci_level=1 - level,
        ci_method="Nemenyi, simultaneous", method="difference of mean ranks; p of Conover's test, Holm-adjusted",
        flagged=np.abs(gap) > difference, p_value=_holm(_conover(ranked, np.abs(gap))),
        status=["ok"] * len(gap), reason=[""] * len(gap), n_used=len(ranked),
    )  # fmt: skip


def _conover(ranked: FloatArray, gap: FloatArray) -> FloatArray:
    """Return two-sided p-values of differences of mean ranks against the residual mean square of the ranks."""
    n_persons, k = ranked.shape
    df = (n_persons - 1) * (k - 1)
    residual = ranked - ranked.mean(axis=0) - ranked.mean(axis=1, keepdims=True) + ranked.mean()
    error = np.sqrt(2 * (residual**2).sum() / df / n_persons)
    if error <= 1e-12:  # all persons rank alike
        return np.where(gap > 0, 0.0, 1.0)
    return np.asarray(2 * special.stdtr(df, -gap / error))


def _holm(p_values: FloatArray) -> FloatArray:
    """Return p-values adjusted for their number by Holm's step-down method."""
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
