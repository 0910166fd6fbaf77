"""Closed-form intervals of a reliability coefficient, and how many persons alpha needs."""

from __future__ import annotations

from math import ceil, exp, log, log1p

from scipy import special

from ..core import Estimate, StatisticError
from .checks import check_level
from .registry import statistic

_BONETT_WRIGHT = "doi:10.1002/job.1960"


def _check_coefficient(value: float, name: str) -> float:
    if not value <= 1:
        raise StatisticError(f"{name}={value!r}; allowed: a number up to 1")
    return float(value)


def _log_limits(value: float, n_persons: int, reach: float) -> tuple[float, float]:
    """Return limits that are symmetric in log(1 - value), with its bias log(n / (n - 1)) taken off."""
    if value == 1:
        return 1.0, 1.0
    centre = log(1 - value) - log(n_persons / (n_persons - 1))
    return min(1 - exp(centre + reach), value), max(1 - exp(centre - reach), value)


@statistic(
    family="intervals", symbol="alpha", data="summary", bounds=(None, 1), min_n=3, source=_BONETT_WRIGHT,
)  # fmt: skip
def bonett_interval(alpha: float, n_persons: int, n_items: int, *, ci_level: float = 0.95) -> Estimate:
    r"""Compute the interval of a coefficient alpha after Bonett.

    .. math:: 1 - \exp\Bigl(\ln(1 - \hat\alpha) - \ln\tfrac{n}{n-1} \pm
              z \sqrt{\tfrac{2k}{(k-1)(n-2)}}\Bigr)

    with n persons and k items.

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
        Alpha and limits. ``too_few`` under three persons, ``undefined`` under two items.

    Raises
    ------
    StatisticError
        For an alpha above 1 or not a number.

    Notes
    -----
    Assumes compound symmetry (equal variances and covariances) and normal items, as `feldt_interval` does,
    which is the exact form; the two differ in the third decimal at 30 persons. Use it for planning, where its
    closed form can be solved for n. Do not use either for strongly skewed items.

    References
    ----------
    Bonett, D. G. (2002). Sample size requirements for testing and estimating coefficient alpha. *Journal of
    Educational and Behavioral Statistics, 27*, 335-340. https://doi.org/10.3102/10769986027004335
    Bonett, D. G., & Wright, T. A. (2015). Cronbach's alpha reliability: Interval estimation, hypothesis
    testing, and sample size planning. *Journal of Organizational Behavior, 36*, 3-15.
    https://doi.org/10.1002/job.1960

    Examples
    --------
    Beside Feldt's .797 and .893 for alpha .85, 7 items, 89 persons:

    >>> from ktss_analysis.psychometrics.alpha_intervals import bonett_interval
    >>> interval = bonett_interval(0.85, 89, 7)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.796, 0.892)
    """
    level = check_level(ci_level)
    value = _check_coefficient(alpha, "alpha")
    method = "coefficient alpha as given; Bonett interval"
    if n_persons < 3:
        return Estimate.absent("too_few", "the interval needs three persons or more", method=method,
                               n_used=int(n_persons))  # fmt: skip
    if n_items < 2:
        return Estimate.absent("undefined", "alpha needs two items or more", method=method, n_used=int(n_persons))
    error = (2 * n_items / ((n_items - 1) * (n_persons - 2))) ** 0.5
    low, high = _log_limits(value, int(n_persons), float(special.ndtri((1 + level) / 2)) * error)
    return Estimate(value, low, high, level, method, int(n_persons))


@statistic(
    family="intervals", symbol="rel", data="summary", bounds=(None, 1), min_n=2, source=_BONETT_WRIGHT,
)  # fmt: skip
def reliability_interval(
    reliability: float, std_error: float, n_persons: int, *, ci_level: float = 0.95
) -> Estimate:  # fmt: skip
    r"""Compute the interval of a reliability of which the standard error is known.

    .. math:: 1 - \exp\Bigl(\ln(1 - \hat\rho) - \ln\tfrac{n}{n-1} \pm z \frac{SE}{1 - \hat\rho}\Bigr)

    Symmetric on the scale of :math:`\ln(1 - \rho)`, on which the sampling distribution is nearly normal.

    Parameters
    ----------
    reliability : float
        Any reliability coefficient (alpha, omega, an intraclass correlation) below 1.
    std_error : float
        Its standard error on its own scale, 0 or more.
    n_persons : int
        Persons it was computed from.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        Reliability and limits. ``too_few`` under two persons; ``undefined`` at a reliability of 1.

    Raises
    ------
    StatisticError
        For a reliability above 1, or a standard error that is negative or not a number.

    Notes
    -----
    For published coefficients whose data are not at hand. As good as the standard error that is put in: one
    from a normal-theory program is too small for skewed items.

    References
    ----------
    Bonett, D. G., & Wright, T. A. (2015). Cronbach's alpha reliability: Interval estimation, hypothesis
    testing, and sample size planning. *Journal of Organizational Behavior, 36*, 3-15.
    https://doi.org/10.1002/job.1960

    Examples
    --------
    The example of the R package statpsych (reliability .88, standard error .0147, 100 persons):

    >>> from ktss_analysis.psychometrics.alpha_intervals import reliability_interval
    >>> interval = reliability_interval(0.88, 0.0147, 100)
    >>> round(interval.low, 3), round(interval.high, 4)
    (0.849, 0.9066)
    """
    level = check_level(ci_level)
    value = _check_coefficient(reliability, "reliability")
    if not 0 <= std_error < float("inf"):
        raise StatisticError(f"std_error={std_error!r}; allowed: a number from 0")
    method = "reliability as given; interval symmetric in log(1 - reliability)"
    if n_persons < 2:
        return Estimate.absent("too_few", "two persons or more are needed", method=method, n_used=int(n_persons))
    if value == 1:
        return Estimate.absent("undefined", "a reliability of 1 has no standard error", method=method,
                               n_used=int(n_persons))  # fmt: skip
    reach = float(special.ndtri((1 + level) / 2)) * std_error / (1 - value)
    low, high = _log_limits(value, int(n_persons), reach)
    return Estimate(value, low, high, level, method, int(n_persons))


@statistic(
    family="intervals", symbol="n", data="summary", bounds=(3, None), min_n=1,
    source="doi:10.3102/10769986027004335",
)  # fmt: skip
def alpha_sample_size(
    alpha: float,
    n_items: int,
    *,
    width: float | None = None,
    null: float | None = None,
    power: float = 0.80,
    ci_level: float = 0.95,
) -> Estimate:
    r"""Compute how many persons alpha needs, for an interval of a given width or for a test.

    .. math:: n = \frac{8k}{k-1}(1 - \alpha)^2 \Bigl(\frac{z_{1-\gamma/2}}{w}\Bigr)^2 + 2, \qquad
              n = \frac{2k}{k-1} \Bigl(\frac{z_{1-\gamma/2} + z_{power}}{\ln\frac{1-\alpha_0}{1-\alpha}}\Bigr)^2 + 2

    rounded up; k items, w the width of the interval, :math:`\alpha_0` the value tested against.

    Parameters
    ----------
    alpha : float
        Alpha expected, below 1.
    n_items : int
        Items of the scale, 2 or more.
    width : float, optional
        Width of the interval (upper minus lower limit) to plan for.
    null : float, optional
        Value to test against, two-sided. Give either `width` or `null`.
    power : float, default .80
        Power of the test.
    ci_level : float, default .95
        Level of the interval; one minus the error rate of the test.

    Returns
    -------
    Estimate
        Persons with complete answers. No interval.

    Raises
    ------
    StatisticError
        For an alpha or a null value of 1 or more, equal to each other, fewer than two items, a width or a
        power outside 0-1, and unless exactly one of `width` and `null` is given.

    Notes
    -----
    First approximation of Bonett, for parallel normal items: with skewed answers and unequal items plan a
    fifth more. Persons with missing answers do not count: divide by the share expected to answer fully.

    References
    ----------
    Bonett, D. G. (2002). Sample size requirements for testing and estimating coefficient alpha. *Journal of
    Educational and Behavioral Statistics, 27*, 335-340. https://doi.org/10.3102/10769986027004335

    Examples
    --------
    Five items, alpha .75: an interval .15 wide (the R package statpsych prints 109):

    >>> from ktss_analysis.psychometrics.alpha_intervals import alpha_sample_size
    >>> alpha_sample_size(0.75, 5, width=0.15).value
    109.0
    """
    level = check_level(ci_level)
    if not alpha < 1:
        raise StatisticError(f"alpha={alpha!r}; allowed: a number below 1")
    if n_items < 2:
        raise StatisticError(f"n_items={n_items!r}; allowed: whole numbers from 2")
    if (width is None) == (null is None):
        raise StatisticError("give either width (of the interval) or null (the value to test against)")
    z = float(special.ndtri((1 + level) / 2))
    if width is not None:
        if not 0 < width < 1:
            raise StatisticError(f"width={width!r}; allowed: between 0 and 1")
        n = 8 * n_items / (n_items - 1) * (1 - alpha) ** 2 * (z / width) ** 2 + 2
        method = f"persons for an interval {width:g} wide, Bonett's approximation"
    else:
        assert null is not None
        if not null < 1 or null == alpha:
            raise StatisticError(f"null={null!r}; allowed: a number below 1 other than alpha")
        if not 0 < power < 1:
            raise StatisticError(f"power={power!r}; allowed: between 0 and 1")
        effect = log1p(-null) - log1p(-alpha)
        n = 2 * n_items / (n_items - 1) * ((z + float(special.ndtri(power))) / effect) ** 2 + 2
        method = f"persons for a two-sided test against {null:g} with power {power:g}, Bonett's approximation"
    return Estimate(float(max(ceil(n - 1e-9), 3)), method=method)
