"""Lower bounds of reliability: Guttman's lambdas, and all ways to split a scale into halves."""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError, Status
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level
from .frames import estimates_frame
from .moments import Moments, item_moments, obstacle, singularity
from .registry import statistic

_ALL_SPLITS_UP_TO = 16
_LAMBDAS = ("lambda_1", "lambda_2", "lambda_3", "lambda_4", "lambda_5", "lambda_6")


def half_splits(n_items: int, n_splits: int, seed: int) -> tuple[FloatArray, bool]:
    """Return splits into halves as rows of 1 and -1, and whether these are all there are.

    Up to 16 items every split is listed once; above, `n_splits` are drawn with a seed. With an odd number of
    items one half has one item more.
    """
    half = n_items // 2
    if n_items <= _ALL_SPLITS_UP_TO:
        chosen = np.array(list(combinations(range(n_items), half)), dtype=int)
        if n_items % 2 == 0:
            chosen = chosen[chosen[:, 0] == 0]  # the other half is the same split
        complete = True
    else:
        chosen = np.argsort(np.random.default_rng(seed).random((n_splits, n_items)), axis=1)[:, :half]
        complete = False
    signs = -np.ones((len(chosen), n_items))
    np.put_along_axis(signs, chosen, 1.0, axis=1)
    return signs, complete


def split_coefficients(covariance: FloatArray, signs: FloatArray) -> FloatArray:
    r"""Return :math:`4\,cov(A, B)/var(A + B)` of each split."""
    total = covariance.sum()
    difference = ((signs @ covariance) * signs).sum(axis=1)  # variance of A - B
    return np.asarray((total - difference) / total)


@statistic(
    family="reliability", symbol="lambda", data="items", returns="frame", bounds=(None, 1), min_n=3,
    invariant_to={"row_order", "affine"}, source="doi:10.1007/BF02288892",
)  # fmt: skip
def guttman_lambdas(
    items: ArrayLike | pd.DataFrame,
    *,
    matrix: Literal["covariance", "correlation"] = "covariance",
    missing: Missing = "raise",
    ci_level: float = 0.95,
    n_splits: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Compute Guttman's six lower bounds of reliability.

    With covariances :math:`s_{jl}`, total variance :math:`T = \sum_{j,l} s_{jl}` and k items

    .. math::
        \lambda_1 = 1 - \tfrac{\sum_j s_{jj}}{T}, \quad
        \lambda_2 = \lambda_1 + \tfrac{1}{T}\sqrt{\tfrac{k}{k-1} \textstyle\sum_{j \ne l} s_{jl}^2}, \quad
        \lambda_3 = \tfrac{k}{k-1}\lambda_1, \\
        \lambda_4 = \max_{A,B} \tfrac{4 s_{AB}}{T}, \quad
        \lambda_5 = \lambda_1 + \tfrac{2}{T}\sqrt{\max_j \textstyle\sum_{l \ne j} s_{jl}^2}, \quad
        \lambda_6 = 1 - \tfrac{1}{T}\textstyle\sum_j 1/s^{jj}

    where A and B are halves of the scale and :math:`s^{jj}` is the diagonal of the inverse.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers of one scale, reverse-keyed items already turned round.
    matrix : {"covariance", "correlation"}, default "covariance"
        Raw items, or standardised ones as the R package psych does. :math:`\lambda_3` is raw or standardised
        alpha.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells.
    ci_level : float, default .95
        Confidence level.
    n_splits, seed : int, default 10000 and 0
        Splits drawn for :math:`\lambda_4` when there are more than 16 items, and their seed. All otherwise.

    Returns
    -------
    DataFrame, six rows
        `statistic` (``lambda_1`` to ``lambda_6``) and the fields of an estimate. Limits for ``lambda_1`` to
        ``lambda_3`` with raw items and complete rows only. ``lambda_6`` is ``undefined`` for a singular
        matrix, all are for a constant item or fewer than two items.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, or infinite values.

    Notes
    -----
    :math:`\lambda_4` is the best of many splits and too high in small samples, :math:`\lambda_6` as well;
    they carry no interval for that reason. With one-dimensional scales prefer `omega_total`.

    References
    ----------
    Guttman, L. (1945). A basis for analyzing test-retest reliability. *Psychometrika, 10*, 255-282.
    https://doi.org/10.1007/BF02288892

    Examples
    --------
    The third lambda is alpha; Shrout and Fleiss (1979) print .91 for their table 2 (ICC(3,k)):

    >>> from ktss_analysis.psychometrics.lower_bounds import guttman_lambdas
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(float(guttman_lambdas(judges)["estimate"].iloc[2]), 4)
    0.9093
    """
    check_choice(matrix, ("covariance", "correlation"), "matrix")
    level = check_level(ci_level)
    data, names = as_matrix(items)
    method = f"Guttman, {matrix} matrix, {'complete answers' if missing == 'raise' else missing}"
    problem = obstacle(data, names, missing, min_n=3)
    moments = None if problem else item_moments(data, names, missing)
    if moments is not None and not _sum_varies(_matrix(moments, matrix)):
        problem = ("undefined", "the sum of the items does not vary")
    if problem or moments is None:
        return _without_numbers(_LAMBDAS, problem, method, len(data))
    values = _lambdas(_matrix(moments, matrix), n_splits, seed)
    limits: dict[str, tuple[float, float]] = {}
    if matrix == "covariance" and missing != "pairwise":
        rows = data[~np.isnan(data).any(axis=1)]
        limits = _delta_limits(rows, values, level)
    singular = singularity(moments.correlation, names)
    estimates = {}
    for name in _LAMBDAS:
        low, high = limits.get(name, (None, None))
        text = f"{method}; {'distribution-free delta interval' if name in limits else 'no interval'}"
        if name == "lambda_4" and len(names) > _ALL_SPLITS_UP_TO:
            text += f"; best of {n_splits} splits drawn with seed {seed}"
        if name == "lambda_6" and singular:
            estimates[name] = Estimate.absent(
                "undefined", singular, method=text, n_used=moments.n_used, n_missing=moments.n_missing
            )
            continue
        confidence = level if name in limits else None
        estimates[name] = Estimate(values[name], low, high, confidence, text, moments.n_used, moments.n_missing)
    return estimates_frame(estimates, "guttman_lambdas")


def _matrix(moments: Moments, matrix: str) -> FloatArray:
    return moments.covariance if matrix == "covariance" else moments.correlation


def _sum_varies(covariance: FloatArray) -> bool:
    return bool(covariance.sum() > 1e-12 * np.trace(covariance))


def _without_numbers(
    names: tuple[str, ...], problem: tuple[Status, str] | None, method: str, n_missing: int
) -> pd.DataFrame:
    status, reason = problem or ("undefined", "not defined")
    row = Estimate.absent(status, reason, method=method, n_missing=n_missing)
    return estimates_frame(dict.fromkeys(names, row), "lower_bounds")


def _lambdas(covariance: FloatArray, n_splits: int, seed: int) -> dict[str, float]:
    k, total = len(covariance), covariance.sum()
    off = covariance - np.diag(np.diagonal(covariance))
    first = 1 - np.trace(covariance) / total
    signs, _ = half_splits(k, n_splits, seed)
    try:
        sixth = 1 - (1 / np.diagonal(np.linalg.inv(covariance))).sum() / total
    except np.linalg.LinAlgError:
        sixth = np.nan
    values = (
        first,
        first + np.sqrt(k / (k - 1) * (off**2).sum()) / total,
        k / (k - 1) * first,
        split_coefficients(covariance, signs).max(),
        first + 2 * np.sqrt((off**2).sum(axis=0).max()) / total,
        sixth,
    )
    return dict(zip(_LAMBDAS, map(float, values), strict=True))


def _delta_limits(rows: FloatArray, values: dict[str, float], level: float) -> dict[str, tuple[float, float]]:
    """Return distribution-free delta limits of the first three, which are smooth in the covariances."""
    n, k = rows.shape
    z = rows - rows.mean(axis=0)
    covariance = z.T @ z / n
    total = covariance.sum()
    off = covariance - np.diag(np.diagonal(covariance))
    spread = np.sqrt(k / (k - 1) * (off**2).sum())
    squares, sums = (z**2).sum(axis=1), z.sum(axis=1) ** 2
    first = -squares / total + np.trace(covariance) / total**2 * sums
    influence = {"lambda_1": first, "lambda_3": k / (k - 1) * first}
    if spread > 0:
        bend = k / (k - 1) * ((z @ off) * z).sum(axis=1) / (spread * total) - spread / total**2 * sums
        influence["lambda_2"] = first + bend
    reach = {name: float(special.ndtri((1 + level) / 2) * part.std() / n**0.5) for name, part in influence.items()}
    return {name: (values[name] - by, max(min(values[name] + by, 1.0), values[name])) for name, by in reach.items()}


@statistic(
    family="reliability", symbol="r_split", data="items", returns="frame", bounds=(None, 1), min_n=2,
    invariant_to={"row_order", "affine"}, source="doi:10.1007/BF02288892",
)  # fmt: skip
def split_half(
    items: ArrayLike | pd.DataFrame,
    *,
    matrix: Literal["covariance", "correlation"] = "covariance",
    missing: Missing = "raise",
    n_splits: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Compute the split-half reliabilities of a scale over its splits.

    .. math:: r_{A,B} = \frac{4\,s_{AB}}{s^2_{A+B}} = 2\Bigl(1 - \frac{s^2_A + s^2_B}{s^2_{A+B}}\Bigr)

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers of one scale, reverse-keyed items already turned round.
    matrix : {"covariance", "correlation"}, default "covariance"
        Raw items, or standardised ones.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells.
    n_splits, seed : int, default 10000 and 0
        Splits drawn when there are more than 16 items, and their seed. All splits otherwise.

    Returns
    -------
    DataFrame, seven rows
        `statistic` (``split_half_mean``, ``_min``, ``_quantile_025``, ``_median``, ``_quantile_975``,
        ``_max``, and ``_first_second`` for first against second half of the columns) and the fields of an
        estimate without limits. The quantiles describe the splits, not the uncertainty from the sample.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, infinite values, or `n_splits` below 1.

    Notes
    -----
    With an even number of items the mean over all splits is alpha; with an odd number it is a little less,
    because halves differ in length. One single split (odd against even items) is arbitrary: do not report it
    alone.

    References
    ----------
    Guttman, L. (1945). A basis for analyzing test-retest reliability. *Psychometrika, 10*, 255-282.
    https://doi.org/10.1007/BF02288892
    Cronbach, L. J. (1951). https://doi.org/10.1007/BF02310555 (mean of all splits).

    Examples
    --------
    The mean is alpha; Shrout and Fleiss (1979) print .91 for their table 2 (ICC(3,k)):

    >>> from ktss_analysis.psychometrics.lower_bounds import split_half
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(float(split_half(judges)["estimate"].iloc[0]), 4)
    0.9093
    """
    check_choice(matrix, ("covariance", "correlation"), "matrix")
    if n_splits < 1:
        raise StatisticError(f"n_splits={n_splits!r}; allowed: 1 or more")
    data, names = as_matrix(items)
    rule = "complete answers" if missing == "raise" else missing
    parts = ("mean", "min", "quantile_025", "median", "quantile_975", "max", "first_second")
    labels = tuple(f"split_half_{part}" for part in parts)
    problem = obstacle(data, names, missing)
    moments = None if problem else item_moments(data, names, missing)
    if moments is not None and not _sum_varies(_matrix(moments, matrix)):
        problem = ("undefined", "the sum of the items does not vary")
    if problem or moments is None:
        return _without_numbers(labels, problem, f"split halves, {matrix} matrix, {rule}", len(data))
    signs, complete = half_splits(len(names), n_splits, seed)
    values = split_coefficients(_matrix(moments, matrix), signs)
    in_order = np.where(np.arange(len(names)) < (len(names) + 1) // 2, 1.0, -1.0)
    drawn = f"all {len(signs)} splits" if complete else f"{len(signs)} splits drawn with seed {seed}"
    numbers = [values.mean(), values.min(), *np.quantile(values, [0.025, 0.5, 0.975]), values.max()]
    numbers.append(split_coefficients(_matrix(moments, matrix), in_order[None, :])[0])
    method = f"split halves, {matrix} matrix, {rule}; {drawn}; no interval"
    estimates = {
        label: Estimate(float(number), method=method, n_used=moments.n_used, n_missing=moments.n_missing)
        for label, number in zip(labels, numbers, strict=True)
    }
    return estimates_frame(estimates, "split_half")
