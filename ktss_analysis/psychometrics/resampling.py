"""Bootstrap and jackknife intervals for statistics that are functions of column totals.

Protocol
--------
`data` is a table of contributions, shape (n_rows, n_columns): what each row (person, unit) adds to each
total. `statistic` takes totals of shape (n_replicates, n_columns) and returns one number per replicate, shape
(n_replicates,), nan where it is not defined. It is called with all replicates at once, so there is no loop
over replicates. A mean, a variance, a correlation, a kappa or an alpha are functions of totals: for the mean,
the columns are ``x`` and ``1``, and the statistic is ``lambda totals: totals[:, 0] / totals[:, 1]``.

Two things follow. Leaving a row out is a subtraction, so the jackknife is exact for a million rows. Resamples
are a product of weights and rows (see `draws`), and do not depend on the order of the rows in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ..core import Estimate, StatisticError
from .checks import FloatArray, as_matrix, check_choice, check_level
from .draws import bca_levels, bootstrap_weights, distinct_rows, quantiles, totals_in_blocks

__all__ = ["TotalsStatistic", "bootstrap_interval", "bootstrap_weights", "jackknife_interval"]

TotalsStatistic = Callable[[FloatArray], FloatArray]

_MOST_UNDEFINED = 0.05  # share of replicates that may be undefined before an interval is refused


def bootstrap_interval(
    statistic: TotalsStatistic,
    data: ArrayLike,
    *,
    method: Literal["bca", "percentile"] = "bca",
    n_boot: int = 2000,
    ci_level: float = 0.95,
    seed: int = 0,
    cluster: ArrayLike | None = None,
    counts: ArrayLike | None = None,
) -> Estimate:
    r"""Compute a bootstrap interval of a statistic that is a function of column totals.

    Rows are drawn with replacement, `n_boot` times. ``"percentile"`` takes the quantiles
    :math:`(1 \mp level)/2` of the replicates. ``"bca"`` corrects them for bias and skewness:

    .. math:: \Phi\Bigl(z_0 + \frac{z_0 + z}{1 - a (z_0 + z)}\Bigr), \qquad
              a = \frac{\sum_i d_i^3}{6 (\sum_i d_i^2)^{3/2}}

    with :math:`z_0` from the share of replicates below the estimate and :math:`d_i` the jackknife
    differences.

    Parameters
    ----------
    statistic : callable
        Takes totals, shape (n_replicates, n_columns); returns shape (n_replicates,). See the module's
        protocol.
    data : array_like, shape (n_rows, n_columns)
        Contributions of each row; no missing cells.
    method : {"bca", "percentile"}, default "bca"
        Kind of interval.
    n_boot : int, default 2000
        Resamples.
    ci_level : float, default .95
        Confidence level.
    seed : int, default 0
        Seed; the same seed gives the same interval, whatever the order of the rows.
    cluster : array_like, shape (n_rows,), optional
        Label of the cluster of each row (a person, a focus group). Whole clusters are drawn.
    counts : array_like of int, shape (n_rows,), optional
        How often each row occurs, for data of which equal rows are already taken together. Not with
        `cluster`.

    Returns
    -------
    Estimate
        `value` is the statistic of the data. ``too_few`` under two rows or clusters, ``undefined`` when the
        statistic is. The limits are missing when more than 5 % of the resamples are undefined.

    Raises
    ------
    StatisticError
        For missing cells, labels of the wrong length, or an unknown method.

    Notes
    -----
    Under about 20 rows a bootstrap interval is too narrow, whatever the method: prefer a closed form or the
    jackknife there. It does not repair dependence between rows that `cluster` does not name.

    References
    ----------
    Efron, B. (1987). Better bootstrap confidence intervals. *Journal of the American Statistical Association,
    82*, 171-185. https://doi.org/10.1080/01621459.1987.10478410

    Examples
    --------
    The correlation of the law school data (Efron & Tibshirani, 1993, tables 3.1 and 14.1: .776):

    >>> import numpy as np
    >>> lsat = np.array([576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594.0])
    >>> gpa = np.array([339, 330, 281, 303, 344, 307, 300, 343, 336, 313, 312, 274, 276, 288, 296.0])
    >>> x, y = lsat - lsat.mean(), gpa - gpa.mean()
    >>> def correlation(t):
    ...     n = t[:, 5]
    ...     return (t[:, 2] - t[:, 0] * t[:, 1] / n) / np.sqrt(
    ...         (t[:, 3] - t[:, 0] ** 2 / n) * (t[:, 4] - t[:, 1] ** 2 / n))
    >>> table = np.column_stack([x, y, x * y, x * x, y * y, np.ones(15)])
    >>> round(bootstrap_interval(correlation, table, seed=1).value, 3)
    0.776
    """
    level = check_level(ci_level)
    check_choice(method, ("bca", "percentile"), "method")
    unique, often, n_rows = _clusters(data, cluster, counts)
    whole = _of_all(statistic, unique, often)
    if isinstance(whole, Estimate):
        return whole
    value = whole
    unique, often = distinct_rows(unique, often)
    replicates = statistic(np.concatenate(list(totals_in_blocks(unique, often, n_boot, seed))))
    drawn = "rows" if cluster is None else "clusters"
    name = f"{'BCa' if method == 'bca' else 'percentile'} bootstrap, {n_boot} resamples of {often.sum()} {drawn}"
    undefined = np.isnan(replicates)
    defined = replicates[~undefined] if undefined.any() else replicates
    if len(defined) < (1 - _MOST_UNDEFINED) * n_boot:
        lost = n_boot - len(defined)
        return Estimate(value, method=f"no interval: undefined in {lost} of {n_boot} resamples", n_used=n_rows)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca":
        tails = bca_levels(defined, value, _left_out_differences(statistic, unique, often), often, level)
    low, high = quantiles(defined, tails).tolist()
    return Estimate(value, min(low, value), max(high, value), level, f"{name}, seed {seed}", n_rows)


def jackknife_interval(
    statistic: TotalsStatistic,
    data: ArrayLike,
    *,
    ci_level: float = 0.95,
    cluster: ArrayLike | None = None,
    counts: ArrayLike | None = None,
    bounds: tuple[float | None, float | None] = (None, None),
) -> Estimate:
    r"""Compute a jackknife interval of a statistic that is a function of column totals.

    .. math:: \hat\theta \pm t_{g-1} \sqrt{\tfrac{g-1}{g} \sum_i (\hat\theta_{(i)} - \bar\theta_{(\cdot)})^2}

    where :math:`\hat\theta_{(i)}` leaves out row (or cluster) i of g.

    Parameters
    ----------
    statistic : callable
        Takes totals, shape (n_replicates, n_columns); returns shape (n_replicates,). See the module's
        protocol.
    data : array_like, shape (n_rows, n_columns)
        Contributions of each row; no missing cells.
    ci_level : float, default .95
        Confidence level.
    cluster : array_like, shape (n_rows,), optional
        Label of the cluster of each row; whole clusters are left out.
    counts : array_like of int, shape (n_rows,), optional
        How often each row occurs, for data of which equal rows are already taken together. Not with `cluster`.
    bounds : tuple of float or None, optional
        Smallest and largest possible value; limits are cut there.

    Returns
    -------
    Estimate
        `value` is the statistic of the data (not corrected for bias). ``too_few`` under two rows or clusters,
        ``undefined`` when the statistic is. Limits are missing when leaving out one row makes the statistic
        undefined.

    Raises
    ------
    StatisticError
        For missing cells or labels of the wrong length.

    Notes
    -----
    No seed and no simulation. For smooth statistics only: not for a median, a maximum or a rank.

    References
    ----------
    Tukey, J. W. (1958). Bias and confidence in not-quite large samples. *Annals of Mathematical Statistics,
    29*, 614. Efron, B., & Stein, C. (1981). The jackknife estimate of variance. *Annals of Statistics, 9*,
    586-596. https://doi.org/10.1214/aos/1176345462

    Examples
    --------
    For a mean it is the Student interval:

    >>> import numpy as np
    >>> x = np.array([1.0, 2.0, 4.0, 5.0])
    >>> mean = jackknife_interval(lambda t: t[:, 0] / t[:, 1], np.column_stack([x, np.ones(4)]))
    >>> round(mean.low, 4), mean.value, round(mean.high, 4)
    (0.0948, 3.0, 5.9052)
    """
    level = check_level(ci_level)
    table, often, n_rows = _clusters(data, cluster, counts)
    whole = _of_all(statistic, table, often)
    if isinstance(whole, Estimate):
        return whole
    value, totals, n = whole, often @ table, int(often.sum())
    left_out = statistic(totals - table)
    left = "rows" if cluster is None else "clusters"
    if np.isnan(left_out).any():
        return Estimate(value, method=f"no interval: undefined when one of the {left} is left out", n_used=n_rows)
    error = float(np.sqrt((n - 1) / n * (often @ (left_out - (often @ left_out) / n) ** 2)))
    reach = float(special.stdtrit(n - 1, (1 + level) / 2)) * error
    smallest, largest = (
        (-np.inf if bounds[0] is None else bounds[0]),
        (np.inf if bounds[1] is None else bounds[1]),
    )
    low, high = max(value - reach, smallest), min(value + reach, largest)
    return Estimate(value, min(low, value), max(high, value), level, f"jackknife over {n} {left}, Student t", n_rows)


def _clusters(
    data: ArrayLike, cluster: ArrayLike | None, counts: ArrayLike | None = None
) -> tuple[FloatArray, NDArray[np.int64], int]:
    """Return the contributions of each cluster (or row), how often each occurs, and the number of rows."""
    table, _ = as_matrix(data, "data")
    if np.isnan(table).any():
        raise StatisticError("data: contributions hold missing cells; leave those rows out first")
    if counts is not None:
        often = np.asarray(counts)
        if cluster is not None:
            raise StatisticError("counts and cluster: allowed is one of them")
        if often.shape != (len(table),) or (often < 1).any() or (often % 1 != 0).any():
            raise StatisticError(f"counts: allowed: a whole number from 1 for each of {len(table)} rows")
        return table, often.astype(np.int64), int(often.sum())
    if cluster is None:
        return table, np.ones(len(table), dtype=np.int64), len(table)
    labels = np.asarray(cluster)
    if labels.shape != (len(table),):
        raise StatisticError(f"cluster: {labels.size} labels for {len(table)} rows")
    _, code = np.unique(labels, return_inverse=True)
    totals = np.zeros((int(code.max(initial=-1)) + 1, table.shape[1]))
    np.add.at(totals, code, table)
    return totals, np.ones(len(totals), dtype=np.int64), len(table)


def _of_all(statistic: TotalsStatistic, table: FloatArray, often: NDArray[np.int64]) -> float | Estimate:
    """Return the statistic of all rows, or the estimate that says why there is none."""
    n = int(often.sum())
    if n < 2:
        return Estimate.absent("too_few", f"{n} row(s) or cluster(s); resampling needs 2", n_used=n)
    value = float(statistic((often @ table)[None, :])[0])
    if value != value:
        return Estimate.absent("undefined", "the statistic is not defined for these data", n_used=n)
    return value


def _left_out_differences(statistic: TotalsStatistic, unique: FloatArray, counts: np.ndarray) -> FloatArray:
    """Return, per different row, mean of the leave-one-out values minus the value without that row."""
    left_out = statistic((counts[:, None] * unique).sum(axis=0) - unique)
    defined = ~np.isnan(left_out)
    mean = np.average(left_out[defined], weights=counts[defined]) if defined.any() else 0.0
    return np.where(defined, mean - left_out, 0.0)
