"""Agreement between raters: Krippendorff's alpha, kappas.

In this module and in `icc` **rows are the units that are rated** (persons, items, turns of speech) and
**columns are the raters**. Intraclass correlations are in the module of that name and re-exported here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError
from .checks import FloatArray, as_matrix, check_choice, check_level
from .intraclass import icc
from .registry import statistic
from .resampling import TotalsStatistic, bootstrap_interval, jackknife_interval

__all__ = ["cohen_kappa", "fleiss_kappa", "icc", "krippendorff_alpha"]

Level = Literal["nominal", "ordinal", "interval", "ratio"]

_MOST_CATEGORIES = 100
_SAME = "all ratings are equal ({:g}): agreement cannot be told from chance"


@statistic(
    family="agreement", symbol="alpha_K", data="units", bounds=(None, 1), min_n=2,
    invariant_to={"row_order", "column_order", "relabel"}, source="doi:10.1080/19312450709336664",
)  # fmt: skip
def krippendorff_alpha(
    ratings: ArrayLike | pd.DataFrame,
    *,
    level: Level = "nominal",
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

    Raises
    ------
    StatisticError
        For text, infinite values, negative values at ratio level, or more than 100 different values where the
        distances need a table of values (ordinal, nominal, ratio).

    Notes
    -----
    With one dominant value alpha can be near 0 though raters nearly always agree: report the share of equal
    ratings beside it. The ordinal metric is Krippendorff's (ranks); ordinal weights of Gwet's coefficients
    are another thing and give another number (.834 instead of .815 in the example).

    References
    ----------
    Hayes, A. F., & Krippendorff, K. (2007). Answering the call for a standard reliability measure for coding
    data. *Communication Methods and Measures, 1*, 77-89. https://doi.org/10.1080/19312450709336664
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability.
    https://repository.upenn.edu/asc_papers/43

    Examples
    --------
    Krippendorff (2011), 12 units and 4 observers with missing codes, prints .743, .815 and .849:

    >>> from ktss_analysis.psychometrics.agreement import krippendorff_alpha
    >>> n = float("nan")
    >>> units = [[1, 1, n, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    ...          [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [n, 5, 5, 5], [n, n, 1, 1], [n, 3, n, n]]
    >>> levels = ("nominal", "ordinal", "interval")
    >>> [round(krippendorff_alpha(units, level=level).value, 3) for level in levels]
    [0.743, 0.815, 0.849]
    """
    check_choice(level, ("nominal", "ordinal", "interval", "ratio"), "level")
    check_choice(ci_method, ("jackknife", "bootstrap"), "ci_method")
    confidence = check_level(ci_level)
    matrix, _ = as_matrix(ratings, "ratings")
    labels = _check_cluster(cluster, len(matrix))
    pairable = (~np.isnan(matrix)).sum(axis=1) >= 2
    rows, n_missing = matrix[pairable], int((~pairable).sum())
    method = f"Krippendorff's alpha, {level}"
    if len(rows) < 2:
        reason = f"{len(rows)} unit(s) with two ratings or more; needs 2"
        return Estimate.absent("too_few", reason, method=method, n_used=len(rows), n_missing=n_missing)
    present = rows[~np.isnan(rows)]
    if np.ptp(present) == 0:
        same = _SAME.format(present[0])
        return Estimate.absent("undefined", same, method=method, n_used=len(rows), n_missing=n_missing)
    table, alpha = _interval_table(rows) if level == "interval" else _value_table(rows, level)
    groups = None if labels is None else labels[pairable]
    if ci_method == "jackknife":
        interval = jackknife_interval(alpha, table, ci_level=confidence, cluster=groups, bounds=(None, 1))
    else:
        interval = bootstrap_interval(alpha, table, ci_level=confidence, cluster=groups, n_boot=n_boot, seed=seed)
    if interval.status != "ok":  # fewer than two clusters
        value = float(alpha(table.sum(axis=0)[None, :])[0])
        return Estimate(
            value, method=f"{method}; no interval: {interval.reason}", n_used=len(rows), n_missing=n_missing
        )
    return Estimate(
        interval.value,
        interval.low,
        interval.high,
        interval.level,
        f"{method}; {interval.method}",
        len(rows),
        n_missing,
    )


def _check_cluster(cluster: ArrayLike | None, n_rows: int) -> np.ndarray | None:
    if cluster is None:
        return None
    labels = np.asarray(cluster)
    if labels.shape != (n_rows,):
        raise StatisticError(f"cluster: {labels.size} labels for {n_rows} units")
    if pd.isna(labels).any():
        raise StatisticError(f"cluster: the label of unit {int(np.argmax(pd.isna(labels))) + 1} is missing")
    return labels


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


def _value_table(rows: FloatArray, level: str) -> tuple[FloatArray, TotalsStatistic]:
    """Return contributions of the units and alpha as a function of their totals, from counts of each value.

    Columns: count of each value, then the observed disagreement, or, for ranks, which change with the totals,
    the coincidences of each pair of values.
    """
    counts, values = count_values(rows, level)
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
    distance = _ratio_distance(values) if level == "ratio" else 1.0 - np.eye(n_values)
    disagreement = weight * ((counts @ distance) * counts).sum(axis=1)

    def alpha_fixed(totals: FloatArray) -> FloatArray:
        n_c = totals[:, :n_values]
        expected = ((n_c @ distance) * n_c).sum(axis=1)
        return _one_minus_ratio(totals[:, n_values], expected, n_c.sum(axis=1))

    return np.column_stack([counts, disagreement]), alpha_fixed


def _ratio_distance(values: FloatArray) -> FloatArray:
    if values[0] < 0:
        raise StatisticError(f"level='ratio': found {values[0]:g}; allowed: numbers from 0")
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


def count_values(rows: FloatArray, level: str = "nominal") -> tuple[FloatArray, FloatArray]:
    """Return how often each unit got each value, shape (n_units, n_values), and the sorted values."""
    codes, values = pd.factorize(rows.ravel(), sort=True)
    n_values = len(values)
    if n_values > _MOST_CATEGORIES:
        raise StatisticError(
            f"level={level!r}: {n_values} different values, at most {_MOST_CATEGORIES}; use 'interval'"
        )
    unit = np.repeat(np.arange(len(rows)), rows.shape[1])
    there = codes >= 0
    cells = np.bincount(unit[there] * n_values + codes[there], minlength=len(rows) * n_values)
    return cells.reshape(len(rows), n_values).astype(float), np.asarray(values, dtype=float)


@statistic(
    family="agreement", symbol="kappa", data="units", bounds=(-1, 1), min_n=2,
    invariant_to={"row_order", "column_order", "relabel"},
    source="doi:10.1037/h0028106",
)  # fmt: skip
def cohen_kappa(
    table_or_ratings: ArrayLike | pd.DataFrame,
    *,
    weights: Literal["linear", "quadratic"] | None = None,
    layout: Literal["auto", "table", "ratings"] = "auto",
    ci_level: float = 0.95,
) -> Estimate:
    r"""Compute Cohen's kappa of two raters, plain or weighted.

    .. math:: \kappa = \frac{p_o - p_e}{1 - p_e}, \qquad p_o = \sum_{ij} w_{ij} p_{ij}, \quad
              p_e = \sum_{ij} w_{ij} p_{i.} p_{.j}

    with shares :math:`p_{ij}` of units that rater 1 put in category i and rater 2 in j, and weights
    :math:`w_{ij} = 1 - (|i - j| / (range))^q`: q = 1 linear, 2 quadratic; without weights 1 for i = j, else
    0.

    Parameters
    ----------
    table_or_ratings : array_like or DataFrame
        Square table of counts, shape (n_categories, n_categories), rater 1 in rows; or ratings, shape
        (n_units, 2), units in rows, raters in columns, units with a missing rating being left out and
        counted.
    weights : {None, "linear", "quadratic"}, default None
        Weights. For ratings the distance is that of the codes, for a table that of the rows' numbers.
    layout : {"auto", "table", "ratings"}, default "auto"
        What the data are. ``"auto"`` takes a square array for a table, also one of shape (2, 2).
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        1 is perfect agreement, 0 chance. Limits: normal with the large-sample variance of Fleiss, Cohen and
        Everitt, cut at -1 and 1. ``undefined`` when both raters use one and the same category throughout
        (prevalence guard), ``too_few`` under two units.

    Raises
    ------
    StatisticError
        For negative counts, a table that is not square, ratings with other than two columns, text.

    Notes
    -----
    Kappa falls when one category dominates, at the same share of agreement. Quadratic kappa grows with the
    number of categories. Below some 30 units the normal interval is too narrow.

    References
    ----------
    Fleiss, J. L., Cohen, J., & Everitt, B. S. (1969). Large sample standard errors of kappa and weighted
    kappa. *Psychological Bulletin, 72*, 323-327. https://doi.org/10.1037/h0028106 Cohen, J. (1960).
    https://doi.org/10.1177/001316446002000104; (1968). https://doi.org/10.1037/h0026256

    Examples
    --------
    A widely printed example, 50 proposals read by two readers, kappa .40:

    >>> from ktss_analysis.psychometrics.agreement import cohen_kappa
    >>> kappa = cohen_kappa([[20, 5], [10, 15]])
    >>> round(kappa.value, 3), round(kappa.low, 4), round(kappa.high, 4)
    (0.4, 0.1511, 0.6489)
    """
    if weights is not None:
        check_choice(weights, ("linear", "quadratic"), "weights")
    level = check_level(ci_level)
    table, codes, n_missing = _cross_table(table_or_ratings, layout)
    kind = "Cohen's kappa" if weights is None else f"Cohen's kappa, {weights} weights"
    method = f"{kind}; normal interval, Fleiss-Cohen-Everitt variance"
    n = table.sum()
    if n < 2:
        return Estimate.absent("too_few", f"{n:.0f} unit(s) rated by both; needs 2", method=method, n_missing=n_missing)
    rows, columns = table.sum(axis=1) / n, table.sum(axis=0) / n
    weight = _kappa_weights(codes, weights)
    chance = rows @ weight @ columns
    if 1 - chance < 1e-12:
        reason = "both raters use one and the same category: agreement cannot be told from chance"
        return Estimate.absent("undefined", reason, method=method, n_used=round(n), n_missing=n_missing)
    share = table / n
    kappa = float(((weight * share).sum() - chance) / (1 - chance))
    mean_weight = np.add.outer(weight @ columns, rows @ weight)
    variance = (share * (weight - mean_weight * (1 - kappa)) ** 2).sum() - (kappa - chance * (1 - kappa)) ** 2
    reach = float(special.ndtri((1 + level) / 2) * np.sqrt(max(variance, 0.0) / n) / (1 - chance))
    low, high = max(kappa - reach, -1.0), min(kappa + reach, 1.0)
    return Estimate(kappa, min(low, kappa), max(high, kappa), level, method, round(n), n_missing)


def _cross_table(data: ArrayLike | pd.DataFrame, layout: str) -> tuple[FloatArray, FloatArray, int]:
    """Return the square table of counts, the numbers its categories stand for, and the units left out."""
    check_choice(layout, ("auto", "table", "ratings"), "layout")
    matrix, _ = as_matrix(data, "table_or_ratings")
    square = matrix.shape[0] == matrix.shape[1] and matrix.shape[0] > 1
    if layout == "table" or (layout == "auto" and square):
        if not square:
            raise StatisticError(f"table: shape {matrix.shape}; allowed: a square table of counts")
        if np.isnan(matrix).any() or (matrix < 0).any():
            raise StatisticError("table: a count is missing or negative; allowed: numbers from 0")
        return matrix, np.arange(len(matrix), dtype=float), 0
    if matrix.shape[1] != 2:
        raise StatisticError(f"ratings: {matrix.shape[1]} columns; allowed: two raters (or a square table)")
    both = ~np.isnan(matrix).any(axis=1)
    codes, values = pd.factorize(matrix[both].ravel(), sort=True)
    if len(values) > _MOST_CATEGORIES:
        raise StatisticError(f"ratings: {len(values)} different values, at most {_MOST_CATEGORIES}")
    k = len(values)
    pairs = codes.reshape(-1, 2)
    table = np.bincount(pairs[:, 0] * k + pairs[:, 1], minlength=k * k).reshape(k, k).astype(float)
    return table, np.asarray(values, dtype=float), int((~both).sum())


def _kappa_weights(codes: FloatArray, weights: str | None) -> FloatArray:
    if weights is None:
        return np.eye(len(codes))
    distance = np.abs(np.subtract.outer(codes, codes))
    if len(codes) > 1:
        distance = distance / distance.max()
    return np.asarray(1 - distance ** (1 if weights == "linear" else 2))


@statistic(
    family="agreement", symbol="kappa_F", data="counts", bounds=(-1, 1), min_n=2,
    invariant_to={"row_order", "column_order"}, source="doi:10.1037/h0031619",
)  # fmt: skip
def fleiss_kappa(counts: ArrayLike | pd.DataFrame, *, ci_level: float = 0.95) -> Estimate:
    r"""Compute Fleiss' kappa of several raters.

    .. math:: \kappa = \frac{\bar P - \bar P_e}{1 - \bar P_e}, \qquad
              \bar P = \frac{1}{N} \sum_u \frac{\sum_c n_{uc}(n_{uc} - 1)}{m_u (m_u - 1)}, \quad
              \bar P_e = \sum_c \Bigl(\frac{1}{N} \sum_u \frac{n_{uc}}{m_u}\Bigr)^2

    with :math:`n_{uc}` of the :math:`m_u` raters of unit u choosing category c.

    Parameters
    ----------
    counts : array_like or DataFrame, shape (n_units, n_categories)
        How many raters put the unit in the category. Units may have different numbers of raters; a unit with
        one rater counts for :math:`\bar P_e` only, one without is left out.
    ci_level : float, default .95
        Confidence level; the interval is the jackknife over units.

    Returns
    -------
    Estimate
        1 is perfect agreement, 0 chance. ``undefined`` when one category takes all ratings (prevalence
        guard), ``too_few`` under two units with two raters or more.

    Raises
    ------
    StatisticError
        For counts that are missing, negative or not whole.

    Notes
    -----
    For nominal categories. The standard error that many programs print with it holds only if the raters agree
    by chance alone and is no basis for an interval. With a constant number of raters the formula is Fleiss';
    with different numbers it is Gwet's extension.

    References
    ----------
    Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters. *Psychological Bulletin, 76*,
    378-382. https://doi.org/10.1037/h0031619
    Gwet, K. L. (2008). https://doi.org/10.1348/000711006X126600 (different numbers of raters).

    Examples
    --------
    A widely printed example, 10 units and 14 raters, kappa .210:

    >>> from ktss_analysis.psychometrics.agreement import fleiss_kappa
    >>> counts = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    ...           [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
    >>> round(fleiss_kappa(counts).value, 3)
    0.21
    """
    level = check_level(ci_level)
    table, names = as_matrix(counts, "counts")
    wrong = np.isnan(table) | (table < 0) | (table % 1 != 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise StatisticError(
            f"counts: row {row + 1}, column {names[column]!r} holds {table[row, column]:g}; "
            "allowed: whole numbers from 0"
        )
    raters = table.sum(axis=1)
    rated, several = table[raters > 0], int((raters > 1).sum())
    n_missing = int((raters == 0).sum())
    method = "Fleiss' kappa"
    if several < 2:
        reason = f"{several} unit(s) with two raters or more; needs 2"
        return Estimate.absent("too_few", reason, method=method, n_used=several, n_missing=n_missing)
    if (rated.sum(axis=0) > 0).sum() < 2:
        reason = "one category takes all ratings: agreement cannot be told from chance"
        return Estimate.absent("undefined", reason, method=method, n_used=several, n_missing=n_missing)
    m = rated.sum(axis=1)
    pairs = (rated * (rated - 1)).sum(axis=1) / np.maximum(m * (m - 1), 1)
    contributions = np.column_stack([rated / m[:, None], np.ones(len(rated)), pairs, m > 1])
    interval = jackknife_interval(_fleiss, contributions, ci_level=level, bounds=(-1, 1))
    return Estimate(
        interval.value,
        interval.low,
        interval.high,
        interval.level,
        f"{method}; {interval.method}",
        len(rated),
        n_missing,
    )


def _fleiss(totals: FloatArray) -> FloatArray:
    """Return kappa from totals of category shares, units, agreement and units with several raters."""
    shares, n, agreement, several = totals[:, :-3], totals[:, -3], totals[:, -2], totals[:, -1]
    chance = ((shares / n[:, None]) ** 2).sum(axis=1)
    kappa = np.full(len(totals), np.nan)
    observed = agreement / np.maximum(several, 1)
    np.divide(observed - chance, 1 - chance, out=kappa, where=(1 - chance > 1e-12) & (several > 0.5))
    return kappa
