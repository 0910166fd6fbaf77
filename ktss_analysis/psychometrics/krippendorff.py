"""Krippendorff's alpha for any number of raters, four levels of measurement and missing ratings."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..core import Estimate, StatisticError
from .chance_corrected import Resampling, check_interval, finished, resample, total, without_disagreement
from .checks import FloatArray, as_matrix, check_choice
from .rating_tables import Weights, agreement_weights, check_cluster, count_values, equal_rows, weights_name
from .registry import statistic
from .resampling import TotalsStatistic

Level = Literal["nominal", "ordinal", "interval", "ratio"]

LEVELS: tuple[str, ...] = ("nominal", "ordinal", "interval", "ratio")
_FEW_VALUES = 20  # up to here equal units are taken together also at interval level
_SAME = "all ratings are equal ({:g}): agreement cannot be told from chance"


@statistic(
    family="agreement", symbol="alpha_K", data="units", bounds=(None, 1), min_n=2,
    invariant_to={"row_order", "column_order", "relabel"}, source="doi:10.1080/19312450709336664",
)  # fmt: skip
def krippendorff_alpha(
    ratings: ArrayLike | pd.DataFrame,
    *,
    level: Level = "nominal",
    weights: Weights | ArrayLike | None = None,
    ci_method: Literal["jackknife", "bootstrap"] = "jackknife",
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 0,
) -> Estimate:
    r"""Compute Krippendorff's alpha.

    .. math:: \alpha = 1 - \frac{D_o}{D_e} = 1 - (n - 1)
              \frac{\sum_u \frac{1}{m_u - 1} \sum_{i \ne j} \delta^2(x_{ui}, x_{uj})}
                   {\sum_{c,k} n_c n_k \delta^2(c, k)}

    with :math:`m_u \ge 2` ratings of unit u, :math:`n_c` ratings with value c, n in all, and the squared
    distance :math:`\delta^2`: 1 for different values (nominal); difference of mid-ranks squared (ordinal);
    :math:`(c - k)^2` (interval); :math:`((c - k)/(c + k))^2` (ratio).

    Parameters
    ----------
    ratings : array_like or DataFrame, shape (n_units, n_raters)
        Units in rows, raters in columns; codes as numbers. Missing cells are allowed; a unit with fewer than
        two ratings is left out and counted.
    level : {"nominal", "ordinal", "interval", "ratio"}, default "nominal"
        Level of measurement.
    weights : {None, "linear", "quadratic", "ordinal"} or matrix, default None
        Distances 1 - w from Gwet's weights (see `gwet_ac`) in place of those of `level`: another coefficient under
        the same name, named in `method`. Only with the default `level`.
    ci_method : {"jackknife", "bootstrap"}, default "jackknife"
        Leave one unit out with Student's t, or BCa bootstrap over units.
    cluster : array_like, shape (n_units,), optional
        Cluster of each unit, e.g. the focus group of a turn; clusters are then left out or drawn as a whole.
    ci_level : float, default .95
        Confidence level.
    n_boot, seed : int, default 2000 and 0
        Resamples and seed of the bootstrap.

    Returns
    -------
    Estimate
        At most 1; 0 is chance, below 0 systematic disagreement. `n_used` counts units with two ratings or
        more. ``undefined`` when all ratings are equal (prevalence guard), ``too_few`` under two such units.
        Without any disagreement the lower limit comes from the share of agreeing units.

    Raises
    ------
    StatisticError
        For text, infinite values, negative values at ratio level, or more than 100 different values where the
        distances need a table of values (ordinal, nominal, ratio).

    Notes
    -----
    With one dominant value alpha can be near 0 though raters nearly always agree: report the share of equal
    ratings beside it. At 30 units with a code on a tenth of them, 95 % intervals hold the true value less often
    (simulated: jackknife .88, bootstrap .85; docs/interval-coverage.md).

    The ordinal metric is Krippendorff's (ranks); ordinal weights of Gwet's coefficients are another thing and give
    another number (.834 instead of .815 in the example).

    References
    ----------
    Zapf, A., et al. (2016). Measuring inter-rater reliability for nominal data: which coefficients and confidence
    intervals are appropriate? https://doi.org/10.1186/s12874-016-0200-9 (bootstrap intervals).
    Hayes, A. F., & Krippendorff, K. (2007). Answering the call for a standard reliability measure for coding
    data. *Communication Methods and Measures, 1*, 77-89. https://doi.org/10.1080/19312450709336664
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability.
    https://repository.upenn.edu/asc_papers/43

    Examples
    --------
    Krippendorff (2011), 12 units and 4 observers with missing codes, prints .743, .815 and .849:

    >>> from ktss_analysis.psychometrics.krippendorff import krippendorff_alpha
    >>> n = float("nan")
    >>> units = [[1, 1, n, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    ...          [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [n, 5, 5, 5], [n, n, 1, 1], [n, 3, n, n]]
    >>> levels = ("nominal", "ordinal", "interval")
    >>> [round(krippendorff_alpha(units, level=level).value, 3) for level in levels]
    [0.743, 0.815, 0.849]
    """
    check_choice(level, LEVELS, "level")
    check_choice(ci_method, ("jackknife", "bootstrap"), "ci_method")
    if weights is not None and level != "nominal":
        raise StatisticError(f"level={level!r} and weights: allowed is one of them")
    options = check_interval(ci_method, ci_level, n_boot, seed, cluster)
    matrix, _ = as_matrix(ratings, "ratings")
    labels = check_cluster(cluster, len(matrix))
    pairable = (~np.isnan(matrix)).sum(axis=1) >= 2
    rows, n_missing = matrix[pairable], int((~pairable).sum())
    name = f"Krippendorff's alpha, {level if weights is None else weights_name(weights)[2:]}"
    if len(rows) < 2:
        reason = f"{len(rows)} unit(s) with two ratings or more; needs 2"
        return Estimate.absent("too_few", reason, method=name, n_used=len(rows), n_missing=n_missing)
    smallest, largest = np.nanmin(rows), np.nanmax(rows)
    if level == "ratio" and smallest < 0:
        raise StatisticError(f"level='ratio': found {smallest:g}; allowed: numbers from 0")
    if smallest == largest:
        same = _SAME.format(smallest)
        return Estimate.absent("undefined", same, method=name, n_used=len(rows), n_missing=n_missing)
    groups = None if labels is None else labels[pairable]
    if (np.nanmin(rows, axis=1) == np.nanmax(rows, axis=1)).all():
        size = len(rows) if groups is None else len(np.unique(groups))
        nominal = level == "nominal" and weights is None
        room = _nominal_room(rows) if nominal else 1.0
        return without_disagreement(name, size, options.level, room, len(rows), n_missing)
    return _with_interval(rows, groups, level, weights, name, options, n_missing)


def _with_interval(
    rows: FloatArray,
    groups: NDArray[np.object_] | None,
    level: str,
    weights: Weights | ArrayLike | None,
    name: str,
    options: Resampling,
    n_missing: int,
) -> Estimate:
    """Return alpha of units with two ratings or more, resampled by units, or by clusters when there are any."""
    if level == "interval" and not _has_few_values(rows):
        table, alpha = _interval_table(rows)
        often = np.ones(len(rows), dtype=np.int64)
    else:
        counts, values = count_values(rows, level)
        often = np.ones(len(rows), dtype=np.int64)
        if groups is None:
            counts, often = equal_rows(counts)
        table, alpha = _value_table(counts, values, level, weights)
    interval = resample(alpha, table, often, groups, options, None)
    value = float(alpha(total(table, often))[0])
    return finished(interval, name, len(rows), n_missing, value=value)


def _has_few_values(rows: FloatArray) -> bool:
    head = rows[:1000]
    if len(np.unique(head[~np.isnan(head)])) > _FEW_VALUES:
        return False
    return len(pd.unique(rows[~np.isnan(rows)])) <= _FEW_VALUES


def _nominal_room(rows: FloatArray) -> float:
    """Return the disagreement expected by chance at nominal level, with Krippendorff's n - 1."""
    _, n_c = np.unique(rows[~np.isnan(rows)], return_counts=True)
    n = n_c.sum()
    return float(1 - (n_c * (n_c - 1)).sum() / (n * (n - 1)))


def _interval_table(rows: FloatArray) -> tuple[FloatArray, TotalsStatistic]:
    """Return contributions of the units and alpha as a function of their totals, for squared differences.

    Columns: ratings, their sum, their squares, observed disagreement. No table of values is needed.
    """
    present = ~np.isnan(rows)
    centre = rows[present].mean()
    shifted = np.where(present, rows - centre, 0.0)
    count, total, squares = present.sum(axis=1), shifted.sum(axis=1), (shifted**2).sum(axis=1)
    observed = 2 * np.maximum(count * squares - total**2, 0.0) / (count - 1)

    def alpha(totals: FloatArray) -> FloatArray:
        n, first, second, within = totals.T
        return _one_minus_ratio(within, 2 * (n * second - first**2), n, 1e-12 * n * second)

    return np.column_stack([count, total, squares, observed]), alpha


def _value_table(
    counts: FloatArray, values: FloatArray, level: str, weights: Weights | ArrayLike | None
) -> tuple[FloatArray, TotalsStatistic]:
    """Return contributions of the units and alpha as a function of their totals, from counts of each value.

    Columns: count of each value, then the observed disagreement, or, for ranks, which change with the totals,
    the coincidences of each pair of values.
    """
    weight = 1 / (counts.sum(axis=1) - 1)
    n_values = len(values)
    first, second = np.triu_indices(n_values, 1)
    if level == "ordinal":
        coincidences = 2 * weight[:, None] * counts[:, first] * counts[:, second]

        def alpha(totals: FloatArray) -> FloatArray:
            n_c, observed = totals[:, :n_values], totals[:, n_values:]
            rank = np.cumsum(n_c, axis=1) - n_c / 2
            distance = (rank[:, first] - rank[:, second]) ** 2
            expected = 2 * (n_c[:, first] * n_c[:, second] * distance).sum(axis=1)
            return _one_minus_ratio((observed * distance).sum(axis=1), expected, n_c.sum(axis=1))

        return np.column_stack([counts, coincidences]), alpha
    distance = _distance(values, level, weights)
    disagreement = weight * ((counts @ distance) * counts).sum(axis=1)

    def alpha_fixed(totals: FloatArray) -> FloatArray:
        n_c = totals[:, :n_values]
        expected = ((n_c @ distance) * n_c).sum(axis=1)
        return _one_minus_ratio(totals[:, n_values], expected, n_c.sum(axis=1))

    return np.column_stack([counts, disagreement]), alpha_fixed


def _distance(values: FloatArray, level: str, weights: Weights | ArrayLike | None) -> FloatArray:
    """Return squared distances that do not depend on the totals."""
    if level == "ratio":
        return _ratio_distance(values)
    if level == "interval":
        return np.asarray(np.subtract.outer(values, values) ** 2)
    return 1 - agreement_weights(values, weights)


def _ratio_distance(values: FloatArray) -> FloatArray:
    total = np.add.outer(values, values)
    difference = np.subtract.outer(values, values)
    distance = np.zeros_like(total)
    np.divide(difference, total, out=distance, where=total > 0)
    return distance**2


def _one_minus_ratio(
    observed: FloatArray, expected: FloatArray, n: FloatArray, smallest: FloatArray | float = 0.0
) -> FloatArray:
    ratio = np.full(len(observed), np.nan)
    np.divide((n - 1) * observed, expected, out=ratio, where=expected > smallest)
    return np.asarray(1 - ratio)
