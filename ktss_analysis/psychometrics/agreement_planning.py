"""How many units an agreement study needs."""

from __future__ import annotations

import numpy as np
from scipy import special

from ..core import Estimate, StatisticError
from .checks import check_level
from .registry import statistic


@statistic(
    family="agreement", symbol="n", data="summary", bounds=(2, None), min_n=1,
    source="doi:10.1002/sim.1108",
)  # fmt: skip
def icc_sample_size(icc: float, n_raters: int, width: float, *, ci_level: float = 0.95) -> Estimate:
    r"""Compute how many units an intraclass correlation needs, for an interval of a given width.

    .. math:: n = \frac{8 z^2 (1 - \rho)^2 (1 + (k - 1) \rho)^2}{k (k - 1) w^2} + 1
              \quad (+\, 5 \rho \text{ for } k = 2)

    rounded up; :math:`\rho` the coefficient of a single rater, k raters, w the width, z the normal quantile of the
    level.

    Parameters
    ----------
    icc : float
        Coefficient of a single rater (1-1 or C-1) expected, 0 to below 1.
    n_raters : int
        Raters (or occasions), 2 or more.
    width : float
        Width of the interval, upper minus lower limit, to plan for.
    ci_level : float, default .95
        Level of the interval.

    Returns
    -------
    Estimate
        Units with complete ratings. No interval.

    Raises
    ------
    StatisticError
        For a coefficient outside 0-1, fewer than two raters, a width outside 0-1.

    Notes
    -----
    An approximation for normal ratings; k = 2 carries Bonett's correction for high coefficients. For absolute
    agreement (A-1) with few raters no number of units makes the interval narrow: the raters are the sample then.
    Units with a missing rating do not count.

    References
    ----------
    Bonett, D. G. (2002). Sample size requirements for estimating intraclass correlations with desired precision.
    *Statistics in Medicine, 21*, 1331-1335. https://doi.org/10.1002/sim.1108

    Examples
    --------
    Three raters, .70, an interval .2 wide (the R package statpsych prints 68):

    >>> from ktss_analysis.psychometrics.agreement_planning import icc_sample_size
    >>> icc_sample_size(0.70, 3, 0.2).value
    68.0
    """
    level = check_level(ci_level)
    if not 0 <= icc < 1:
        raise StatisticError(f"icc={icc!r}; allowed: from 0 to below 1")
    if n_raters != n_raters or n_raters < 2 or n_raters % 1:
        raise StatisticError(f"n_raters={n_raters!r}; allowed: whole numbers from 2")
    if not 0 < width < 1:
        raise StatisticError(f"width={width!r}; allowed: between 0 and 1")
    z, k = float(special.ndtri((1 + level) / 2)), int(n_raters)
    n = 8 * (z * (1 - icc) * (1 + (k - 1) * icc) / width) ** 2 / (k * (k - 1)) + 1
    if k == 2:
        n += 5 * icc
    method = f"units for an interval {width:g} wide with {k} raters, Bonett's approximation"
    return Estimate(float(np.ceil(n - 1e-9)), method=method)
