"""Coefficients that do not collapse when one category dominates: Gwet's AC1 and AC2, Brennan-Prediger, G-index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError
from .chance_corrected import Chance, CiMethod, check_interval, coefficient, pair_agreement
from .checks import FloatArray, check_level
from .intervals import wilson_interval, wilson_limits
from .rating_tables import Layout, Weights, agreement_weights, unit_counts, weights_name
from .registry import statistic


@statistic(
    family="agreement", symbol="AC1", data="units", bounds=(None, 1), min_n=2,
    invariant_to={"row_order", "column_order", "relabel"}, source="doi:10.1348/000711006X126600",
)  # fmt: skip
def gwet_ac(
    ratings: ArrayLike | pd.DataFrame,
    *,
    weights: Weights | ArrayLike | None = None,
    layout: Layout = "ratings",
    categories: Sequence[float] | None = None,
    ci_method: CiMethod = "analytic",
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 0,
) -> Estimate:
    r"""Compute Gwet's agreement coefficient: AC1, or AC2 with weights.

    .. math:: AC = \frac{p_a - p_e}{1 - p_e}, \quad
              p_a = \frac{1}{n'} \sum_{u: m_u > 1} \frac{\sum_c n_{uc} (\sum_k w_{ck} n_{uk} - 1)}{m_u (m_u - 1)},
              \quad p_e = \frac{\sum_{ck} w_{ck}}{q (q - 1)} \sum_c \pi_c (1 - \pi_c), \quad
              \pi_c = \frac{1}{n} \sum_u \frac{n_{uc}}{m_u}

    with :math:`n_{uc}` of the :math:`m_u` raters of unit u choosing category c of q, n rated units and
    :math:`n'` units with two raters or more.

    Parameters
    ----------
    ratings : array_like or DataFrame, shape (n_units, n_raters) or (n_units, n_categories)
        Codes, raters in columns, missing cells allowed; or counts with ``layout="counts"``. A unit with one
        rating counts for :math:`\pi_c` only, a unit without is left out and counted.
    weights : {None, "linear", "quadratic", "ordinal"} or matrix, default None
        How far two categories agree, see Notes; None gives AC1.
    layout : {"ratings", "counts"}, default "ratings"
        What the columns are.
    categories : sequence of float, optional
        All codes that could have been given. Default: those that occur (for counts: all columns). A category
        more lowers :math:`p_e`.
    ci_method : {"analytic", "jackknife", "bootstrap"}, default "analytic"
        Gwet's linearised variance with Student's t; leave one unit out with Student's t; BCa bootstrap.
    cluster : array_like, shape (n_units,), optional
        Cluster of each unit (a focus group); clusters are left out or drawn as a whole.
    ci_level : float, default .95
        Confidence level.
    n_boot, seed : int, default 2000 and 0
        Resamples and seed of the bootstrap.

    Returns
    -------
    Estimate
        At most 1. ``undefined`` when only one category is known, ``too_few`` under two units with two ratings.
        Without any disagreement the lower limit is that of the share of agreeing units.

    Raises
    ------
    StatisticError
        For text, a code outside `categories`, wrong weights, counts that are not whole.

    Notes
    -----
    AC1 supposes that raters guess only on units that are hard to rate; it stays high when one category
    dominates, where kappa drops. It is not kappa on another scale: do not apply kappa's benchmarks. ``"linear"``
    and ``"quadratic"`` weights use the distance of the codes, ``"ordinal"`` Gwet's ranks, which are not
    Krippendorff's ordinal metric.

    References
    ----------
    Gwet, K. L. (2008). Computing inter-rater reliability and its variance in the presence of high agreement.
    *British Journal of Mathematical and Statistical Psychology, 61*, 29-48.
    https://doi.org/10.1348/000711006X126600

    Examples
    --------
    Gwet's example with 12 units, 4 raters and missing ratings, .775 with standard error .143:

    >>> from ktss_analysis.psychometrics.gwet import gwet_ac
    >>> n = float("nan")
    >>> units = [[1, 1, n, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    ...          [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [n, 5, 5, 5], [n, n, 1, 1], [n, 3, n, n]]
    >>> ac1 = gwet_ac(units)
    >>> round(ac1.value, 3), round((ac1.value - ac1.low) / 2.201, 3)
    (0.775, 0.143)
    """
    options = check_interval(ci_method, ci_level, n_boot, seed, cluster)
    units = unit_counts(ratings, layout=layout, categories=categories, cluster=cluster)
    weight = agreement_weights(units.values, weights)
    n_values = len(units.values)
    factor = weight.sum() / (n_values * (n_values - 1)) if n_values > 1 else 0.0

    def expected(shares: FloatArray) -> FloatArray:
        return np.asarray(factor * (shares * (1 - shares)).sum(axis=1))

    chance = Chance(expected, lambda unit, overall: factor * (unit @ (1 - overall)))
    name = f"Gwet's AC{1 if weights is None else 2}{weights_name(weights)}"
    return coefficient(units, weight, chance, name, options, lowest=None)


@statistic(
    family="agreement", symbol="kappa_BP", data="units", bounds=(None, 1), min_n=2,
    invariant_to={"row_order", "column_order", "relabel"}, source="doi:10.1177/001316448104100307",
)  # fmt: skip
def brennan_prediger(
    ratings: ArrayLike | pd.DataFrame,
    *,
    weights: Weights | ArrayLike | None = None,
    layout: Layout = "ratings",
    categories: Sequence[float] | None = None,
    ci_method: CiMethod = "analytic",
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 0,
) -> Estimate:
    r"""Compute the Brennan-Prediger coefficient: agreement beyond even guessing.

    .. math:: \kappa_{BP} = \frac{p_a - p_e}{1 - p_e}, \qquad p_e = \frac{1}{q^2} \sum_{ck} w_{ck}

    with the observed agreement :math:`p_a` of `gwet_ac`; without weights :math:`p_e = 1/q`. For two raters it is
    the prevalence- and bias-adjusted kappa (PABAK), and the G-index of Holley and Guilford.

    Parameters
    ----------
    ratings, weights, layout, cluster
        See `gwet_ac`.
    categories : sequence of float, optional
        All codes that could have been given. The result depends on their number: name them whenever a code may
        have stayed unused. Default: those that occur.
    ci_method : {"analytic", "jackknife", "bootstrap"}, default "analytic"
        See `gwet_ac`.
    ci_level : float, default .95
        Confidence level.
    n_boot, seed : int, default 2000 and 0
        Resamples and seed of the bootstrap.

    Returns
    -------
    Estimate
        At most 1; ``undefined`` and ``too_few`` as for `gwet_ac`.

    Raises
    ------
    StatisticError
        See `gwet_ac`.

    Notes
    -----
    Even guessing over all categories is rarely how people err; the coefficient is a yardstick beside kappa, not a
    replacement.

    References
    ----------
    Brennan, R. L., & Prediger, D. J. (1981). Coefficient kappa: Some uses, misuses, and alternatives.
    *Educational and Psychological Measurement, 41*, 687-699. https://doi.org/10.1177/001316448104100307
    Byrt, T., Bishop, J., & Carlin, J. B. (1993). Bias, prevalence and kappa.
    https://doi.org/10.1016/0895-4356(93)90018-V

    Examples
    --------
    Two readers who agree on 35 of 50 proposals, two categories: 2 * .70 - 1.

    >>> from ktss_analysis.psychometrics.gwet import brennan_prediger
    >>> pairs = [[1, 1]] * 20 + [[1, 2]] * 5 + [[2, 1]] * 10 + [[2, 2]] * 15
    >>> round(brennan_prediger(pairs).value, 3)
    0.4
    """
    options = check_interval(ci_method, ci_level, n_boot, seed, cluster)
    units = unit_counts(ratings, layout=layout, categories=categories, cluster=cluster)
    weight = agreement_weights(units.values, weights)
    even = float(weight.mean()) if weight.size else 1.0
    chance = Chance(lambda shares: np.full(len(shares), even), lambda unit, _: np.full(len(unit), even))
    name = f"Brennan-Prediger, {len(units.values)} categories{weights_name(weights)}"
    return coefficient(units, weight, chance, name, options, lowest=None)


@statistic(
    family="agreement", symbol="p_a", data="units", bounds=(0, 1), min_n=1,
    invariant_to={"row_order", "column_order", "relabel"}, source="doi:10.1348/000711006X126600",
)  # fmt: skip
def percent_agreement(
    ratings: ArrayLike | pd.DataFrame,
    *,
    weights: Weights | ArrayLike | None = None,
    layout: Layout = "ratings",
    categories: Sequence[float] | None = None,
    ci_level: float = 0.95,
) -> Estimate:
    r"""Compute the observed agreement: the share of agreeing pairs of raters, averaged over units.

    :math:`p_a` of `gwet_ac`: nothing is taken off for chance.

    Parameters
    ----------
    ratings, weights, layout, categories
        See `gwet_ac`; with weights, pairs agree in part.
    ci_level : float, default .95
        Confidence level. The interval is Wilson's for a share of n units.

    Returns
    -------
    Estimate
        0 to 1. ``too_few`` when no unit has two ratings.

    Raises
    ------
    StatisticError
        See `gwet_ac`.

    Notes
    -----
    For two raters and no weights Wilson's interval is the one of a share; otherwise a unit's agreement lies
    between 0 and 1 and varies less than a yes or no, and the interval is too wide rather than too narrow. Units
    of one focus group are not independent: look at the cluster bootstrap of a coefficient instead.

    References
    ----------
    Gwet, K. L. (2008). https://doi.org/10.1348/000711006X126600
    Wilson, E. B. (1927). https://doi.org/10.1080/01621459.1927.10502953

    Examples
    --------
    Fleiss (1971), 30 patients and 6 psychiatrists, prints .556 for its data; here three units of four raters:

    >>> from ktss_analysis.psychometrics.gwet import percent_agreement
    >>> round(percent_agreement([[1, 1, 1, 1], [1, 1, 2, 2], [2, 2, 2, 1]]).value, 4)
    0.6111
    """
    level = check_level(ci_level)
    units = unit_counts(ratings, layout=layout, categories=categories).rated_by(2)
    name = f"share of agreeing pairs of raters{weights_name(weights)}"
    n = int(units.often.sum())
    if n == 0:
        reason = "no unit with two ratings or more"
        return Estimate.absent("too_few", reason, method=name, n_missing=units.n_missing)
    weight = agreement_weights(units.values, weights)
    value = float(units.often @ pair_agreement(units.counts, weight)) / n
    low, high = (float(limit) for limit in wilson_limits(value * n, n, level))
    method = f"{name}; Wilson score interval of n units"
    return Estimate(value, min(low, value), max(high, value), level, method, n, units.n_missing)


@statistic(
    family="agreement", symbol="G", data="summary", bounds=(-1, 1), min_n=1,
    source="doi:10.1177/001316446402400402",
)  # fmt: skip
def g_index(count: int, n: int, n_categories: int, *, ci_level: float = 0.95) -> Estimate:
    r"""Compute the G-index of two raters from the number of units they agree on.

    .. math:: G = \frac{q p_o - 1}{q - 1}, \quad p_o = count / n; \qquad
              \tilde p \mp z \sqrt{\tilde p (1 - \tilde p) / (n + 4)}, \quad \tilde p = \frac{count + 2}{n + 4}

    The limits of the share (Agresti and Coull) are carried to the scale of G.

    Parameters
    ----------
    count : int
        Units on which both raters gave the same category.
    n : int
        Units both rated.
    n_categories : int
        Categories q that could have been given.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        -1 to 1. ``too_few`` when `n` is 0.

    Raises
    ------
    StatisticError
        For counts that are not whole or larger than `n`, and fewer than two categories.

    Notes
    -----
    The value of `brennan_prediger` for two raters, when all that is known is how often they agreed.

    References
    ----------
    Holley, J. W., & Guilford, J. P. (1964). A note on the G index of agreement. *Educational and Psychological
    Measurement, 24*, 749-753. https://doi.org/10.1177/001316446402400402
    Agresti, A., & Coull, B. A. (1998). https://doi.org/10.1080/00031305.1998.10480550

    Examples
    --------
    The case of the R package statpsych, 214 of 250 in three categories, which prints .784, .7098 and .8414:

    >>> from ktss_analysis.psychometrics.gwet import g_index
    >>> g = g_index(214, 250, 3)
    >>> round(g.value, 3), round(g.low, 4), round(g.high, 4)
    (0.784, 0.7098, 0.8414)
    """
    if n_categories != n_categories or n_categories < 2 or n_categories % 1:
        raise StatisticError(f"n_categories={n_categories!r}; allowed: whole numbers from 2")
    share = wilson_interval(count, n, ci_level=ci_level)
    if share.value is None:
        return Estimate.absent("too_few", "no unit rated by both", method="G-index")
    centre = (count + 2) / (n + 4)
    reach = float(special.ndtri((1 + ci_level) / 2)) * np.sqrt(centre * (1 - centre) / (n + 4))
    value, low, high = (
        float((n_categories * part - 1) / (n_categories - 1))
        for part in (share.value, max(centre - reach, 0.0), min(centre + reach, 1.0))
    )
    method = f"G-index, {n_categories} categories; adjusted Wald interval of the share"
    return Estimate(value, min(low, value), max(high, value), ci_level, method, int(n))
