"""Intervals for shares, bounded means, medians, correlations and alphas."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError
from .checks import FloatArray, check_level
from .registry import statistic


def wilson_limits(count: ArrayLike, n: ArrayLike, level: float) -> tuple[FloatArray, FloatArray]:
    """Return Wilson score limits of `count` / `n`, elementwise; nan where `n` is 0."""
    count, n = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(n, dtype=float))
    z = float(special.ndtri((1 + level) / 2))
    base = np.where(n > 0, n, np.nan)
    share = count / base
    centre = share + z**2 / (2 * base)
    reach = z * np.sqrt(share * (1 - share) / base + z**2 / (4 * base**2))
    low, high = (centre - reach) / (1 + z**2 / base), (centre + reach) / (1 + z**2 / base)
    low = np.where(count == 0, base * 0, np.clip(low, 0, share))
    high = np.where(count == n, base * 0 + 1, np.clip(high, share, 1))
    return low, high


def bounded_mean_limits(share: ArrayLike, n: ArrayLike, n_steps: float, level: float) -> tuple[FloatArray, FloatArray]:
    """Return score limits of a mean on a scale with `n_steps` steps, as a share of the range.

    Penfield and Giacobbi (2004): the mean of `n` ratings is treated like `n * n_steps` yes-no answers.
    """
    trials = np.asarray(n, dtype=float) * n_steps
    return wilson_limits(np.asarray(share, dtype=float) * trials, trials, level)


def median_ranks(n: int, level: float) -> tuple[int, float] | None:
    """Return the lower order statistic (from 1) of the median's interval and its coverage; None if too few.

    The interval runs from the r-th smallest to the r-th largest value; r is the largest rank whose exact
    binomial coverage reaches `level`.
    """
    if n < 1 or 1 - 2 * 0.5**n < level:
        return None
    rank = max(1, int(special.bdtrik((1 - level) / 2, n, 0.5)))
    while 1 - 2 * special.bdtr(rank, n, 0.5) >= level:
        rank += 1
    while 1 - 2 * special.bdtr(rank - 1, n, 0.5) < level:
        rank -= 1
    return rank, float(1 - 2 * special.bdtr(rank - 1, n, 0.5))


def fisher_limits(correlation: ArrayLike, n: ArrayLike, level: float) -> tuple[FloatArray, FloatArray]:
    r"""Return limits :math:`\tanh(\operatorname{artanh} r \mp z/\sqrt{n-3})`; nan below four persons.

    A correlation of 1 or -1 has no sampling variance on this scale: both limits equal it.
    """
    r, count = np.broadcast_arrays(np.asarray(correlation, dtype=float), np.asarray(n, dtype=float))
    inner = np.clip(r, -1 + 1e-15, 1 - 1e-15)
    reach = special.ndtri((1 + level) / 2) / np.sqrt(np.where(count > 3, count - 3, np.nan))
    low, high = np.tanh(np.arctanh(inner) - reach), np.tanh(np.arctanh(inner) + reach)
    exact = (np.abs(r) >= 1 - 1e-12) & (count > 3)
    return np.where(exact, r, low), np.where(exact, r, high)


def _check_share(count: float, n: float) -> tuple[int, int]:
    for name, number in (("count", count), ("n", n)):
        if number != number or number < 0 or number != int(number):
            raise StatisticError(f"{name}={number!r}; allowed: whole numbers from 0")
    if count > n:
        raise StatisticError(f"count={count!r} is larger than n={n!r}")
    return int(count), int(n)


@statistic(
    family="intervals", symbol="p", data="summary", bounds=(0, 1), min_n=1,
    source="doi:10.1080/01621459.1927.10502953",
)  # fmt: skip
def wilson_interval(count: int, n: int, *, ci_level: float = 0.95) -> Estimate:
    r"""Compute a share with its Wilson score interval.

    .. math:: \frac{p + z^2/2n \mp z\sqrt{p(1-p)/n + z^2/4n^2}}{1 + z^2/n}, \quad p = count / n

    Parameters
    ----------
    count : int
        Persons who agree, 0 to `n`.
    n : int
        Persons who answered; those with a missing answer are not in it.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        Share in 0-1. ``too_few`` when `n` is 0.

    Raises
    ------
    StatisticError
        For a count that is negative, not whole, or larger than `n`.

    Notes
    -----
    Assumes independent persons: do not use it for speakers within one focus group. It keeps inside 0-1 and
    has a width above zero at 0 and `n`, which the usual normal interval has not.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. *Journal of
    the American Statistical Association, 22*, 209-212. https://doi.org/10.1080/01621459.1927.10502953

    Examples
    --------
    Newcombe (1998, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E),
    81 of 263:

    >>> from ktss_analysis.psychometrics.intervals import wilson_interval
    >>> share = wilson_interval(81, 263)
    >>> round(share.low, 4), round(share.high, 4)
    (0.2553, 0.3662)
    """
    count, n = _check_share(count, n)
    level = check_level(ci_level)
    if n == 0:
        return Estimate.absent("too_few", "nobody answered", method="share")
    low, high = wilson_limits(count, n, level)
    return Estimate(count / n, float(low), float(high), level, "share; Wilson score interval", n)


@statistic(
    family="intervals", symbol="p", data="summary", bounds=(0, 1), min_n=1,
    source="doi:10.1093/biomet/26.4.404",
)  # fmt: skip
def clopper_pearson_interval(count: int, n: int, *, ci_level: float = 0.95) -> Estimate:
    r"""Compute a share with its exact (Clopper-Pearson) interval.

    The limits are the shares at which the observed count has a binomial tail of :math:`(1 - level)/2`; they
    are quantiles of the beta distributions :math:`B(x, n-x+1)` and :math:`B(x+1, n-x)`.

    Parameters
    ----------
    count : int
        Persons who agree, 0 to `n`.
    n : int
        Persons who answered.
    ci_level : float, default .95
        Least coverage, whatever the true share.

    Returns
    -------
    Estimate
        Share in 0-1. ``too_few`` when `n` is 0.

    Raises
    ------
    StatisticError
        For a count that is negative, not whole, or larger than `n`.

    Notes
    -----
    Never covers less than the level and therefore is wide. Decisions in this project use
    `wilson_interval`; take this one where a guarantee is asked for.

    References
    ----------
    Clopper, C. J., & Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case
    of the binomial. *Biometrika, 26*, 404-413. https://doi.org/10.1093/biomet/26.4.404

    Examples
    --------
    Newcombe (1998), 81 of 263:

    >>> from ktss_analysis.psychometrics.intervals import clopper_pearson_interval
    >>> share = clopper_pearson_interval(81, 263)
    >>> round(share.low, 4), round(share.high, 4)
    (0.2527, 0.3676)
    """
    count, n = _check_share(count, n)
    level = check_level(ci_level)
    if n == 0:
        return Estimate.absent("too_few", "nobody answered", method="share")
    tail = (1 - level) / 2
    low = special.betaincinv(count, n - count + 1, tail) if count > 0 else 0.0
    high = special.betaincinv(count + 1, n - count, 1 - tail) if count < n else 1.0
    return Estimate(count / n, float(low), float(high), level, "share; Clopper-Pearson exact interval", n)


@statistic(
    family="intervals", symbol="alpha", data="summary", bounds=(None, 1), min_n=2,
    source="doi:10.1007/BF02289499",
)  # fmt: skip
def feldt_interval(alpha: float, n_persons: int, n_items: int, *, ci_level: float = 0.95) -> Estimate:
    r"""Compute the interval of a coefficient alpha after Feldt.

    .. math:: 1 - (1 - \hat\alpha) F_{1-\gamma},\; 1 - (1 - \hat\alpha) F_{\gamma}, \qquad
              F \sim F(n-1,\ (n-1)(k-1)),\ \gamma = (1 - level)/2

    Parameters
    ----------
    alpha : float
        Coefficient alpha of the sample, at most 1.
    n_persons : int
        Persons it was computed from, *after* dropping those with missing answers.
    n_items : int
        Items of the scale.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        Alpha and limits. ``too_few`` under two persons, ``undefined`` under two items.

    Raises
    ------
    StatisticError
        For an alpha above 1 or not a number.

    Notes
    -----
    Exact for parallel normal items; too narrow for strongly skewed items with unequal variances. Some
    programs use :math:`n(k-1)` as second degrees of freedom; limits then differ in the fourth decimal.

    References
    ----------
    Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson reliability coefficient
    twenty. *Psychometrika, 30*, 357-370. https://doi.org/10.1007/BF02289499

    Examples
    --------
    The case of the R package statpsych (alpha .85, 7 items, 89 persons), which prints .797 and .893:

    >>> from ktss_analysis.psychometrics.intervals import feldt_interval
    >>> interval = feldt_interval(0.85, 89, 7)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.797, 0.893)
    """
    level = check_level(ci_level)
    if not alpha <= 1:
        raise StatisticError(f"alpha={alpha!r}; allowed: a number up to 1")
    method = "coefficient alpha as given; Feldt interval"
    n_used = int(n_persons)
    if n_persons < 2:
        return Estimate.absent("too_few", "alpha needs two persons or more", method=method, n_used=n_used)
    if n_items < 2:
        return Estimate.absent("undefined", "alpha needs two items or more", method=method, n_used=n_used)
    tails = np.array([(1 + level) / 2, (1 - level) / 2])
    quantiles = special.fdtri(n_used - 1, (n_used - 1) * (int(n_items) - 1), tails)
    low, high = (1 - (1 - alpha) * quantiles).tolist()
    return Estimate(float(alpha), min(low, alpha), max(high, alpha), level, method, n_used)


@statistic(
    family="intervals", symbol="r", data="summary", bounds=(-1, 1), min_n=4, source="doi:10.2307/2331838",
)  # fmt: skip
def fisher_interval(correlation: float, n: int, *, ci_level: float = 0.95) -> Estimate:
    r"""Compute the interval of a correlation after Fisher.

    .. math:: \tanh\bigl(\operatorname{artanh} r \mp z / \sqrt{n - 3}\bigr)

    Parameters
    ----------
    correlation : float
        Product-moment correlation of the sample, -1 to 1.
    n : int
        Persons behind it; those with a missing value are not in it.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        Correlation and limits. ``too_few`` under four persons. At -1 and 1 both limits equal it.

    Raises
    ------
    StatisticError
        For a correlation outside -1 to 1 or not a number, or a negative n.

    Notes
    -----
    For product-moment correlations of normal variables. Not for polychoric correlations or rank correlations,
    whose sampling variance is larger, and not for correlations that were corrected for unreliability.

    References
    ----------
    Fisher, R. A. (1915). Frequency distribution of the values of the correlation coefficient in samples from
    an indefinitely large population. *Biometrika, 10*, 507-521. https://doi.org/10.2307/2331838

    Examples
    --------
    Anscombe (1973), first data set, r = .8164205 of eleven pairs; R's ``cor.test`` prints .424 and .951:

    >>> from ktss_analysis.psychometrics.intervals import fisher_interval
    >>> interval = fisher_interval(0.8164205, 11)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.424, 0.951)
    """
    level = check_level(ci_level)
    if not -1 <= correlation <= 1:
        raise StatisticError(f"correlation={correlation!r}; allowed: -1 to 1")
    _, n = _check_share(0, n)
    if n < 4:
        return Estimate.absent("too_few", f"{n} person(s); needs 4", method="correlation as given", n_used=n)
    low, high = (float(limit) for limit in fisher_limits(correlation, n, level))
    low, high = min(low, float(correlation)), max(high, float(correlation))
    return Estimate(float(correlation), low, high, level, "correlation as given; Fisher interval", n)


@statistic(
    family="intervals", symbol="median", data="summary", min_n=1, invariant_to={"row_order"},
    source="doi:10.1002/9780470316771",
)  # fmt: skip
def median_interval(values: ArrayLike, *, ci_level: float = 0.95) -> Estimate:
    r"""Compute a median with its exact interval from order statistics.

    The interval runs from the r-th smallest to the r-th largest value, r being the largest rank with
    :math:`1 - 2 P(X \le r - 1) \ge level`, X binomial (n, 1/2). No shape of the distribution is assumed.

    Parameters
    ----------
    values : array_like, shape (n_persons,)
        Numbers; missing values are left out and counted.
    ci_level : float, default .95
        Least coverage; the coverage reached stands in `method`.

    Returns
    -------
    Estimate
        Median and limits in the unit of `values`. ``too_few`` without a value. Without limits where n is too
        small for the level (under 6 at .95): then even smallest to largest covers less.

    Raises
    ------
    StatisticError
        For text, an infinite value, or more than one column.

    Notes
    -----
    On a short scale many values are tied and the interval covers more than it says. It does not describe
    the spread of opinions; use the quartiles for that.

    References
    ----------
    Hahn, G. J., & Meeker, W. Q. (1991). *Statistical intervals* (section 5.2). Wiley.
    https://doi.org/10.1002/9780470316771

    Examples
    --------
    With 30 values the limits are the 10th and the 21st (coverage .957):

    >>> from ktss_analysis.psychometrics.intervals import median_interval
    >>> median = median_interval(range(1, 31))
    >>> median.value, median.low, median.high
    (15.5, 10.0, 21.0)
    """
    level = check_level(ci_level)
    present, n_missing = _one_column(values)
    if present.size == 0:
        return Estimate.absent("too_few", "nobody answered", method="median", n_missing=n_missing)
    present, n = np.sort(present), present.size
    ranks = median_ranks(n, level)
    if ranks is None:
        method = f"median; no interval: {n} values cannot reach the level"
        return Estimate(float(np.median(present)), method=method, n_used=n, n_missing=n_missing)
    rank, coverage = ranks
    method = f"median; exact interval, order statistics {rank} and {n + 1 - rank}, coverage {coverage:.3f}"
    low, high = float(present[rank - 1]), float(present[n - rank])
    return Estimate(float(np.median(present)), low, high, level, method, n, n_missing)


def _one_column(values: ArrayLike) -> tuple[FloatArray, int]:
    """Return the present values as floats and how many are missing."""
    if hasattr(values, "to_numpy"):
        try:
            array = values.to_numpy(dtype=float, na_value=np.nan)
        except (TypeError, ValueError):
            raise StatisticError("values: hold text; map labels to numbers first") from None
    else:
        try:
            array = np.asarray(list(values) if isinstance(values, range) else values, dtype=float)
        except (TypeError, ValueError) as error:
            raise StatisticError(f"values: not numbers ({error})") from None
    if array.ndim != 1:
        raise StatisticError(f"values: one column is needed, found {array.ndim} dimension(s)")
    if np.isinf(array).any():
        raise StatisticError(f"values: number {int(np.argmax(np.isinf(array))) + 1} is infinite")
    absent = np.isnan(array)
    return array[~absent], int(absent.sum())
