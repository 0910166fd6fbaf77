"""Who left a panel: the answers of leavers against those of stayers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from .checks import FloatArray, check_level
from .consensus import MIN_PANEL, two_rounds
from .content import target_frame
from .registry import statistic


@statistic(
    family="consensus", symbol="delta", data="ratings", returns="frame", bounds=(-1, 1), min_n=2 * MIN_PANEL,
    source="doi:10.1037/0033-2909.114.3.494",
)  # fmt: skip
def round_attrition(
    first: pd.DataFrame, second: pd.DataFrame, *, scale: tuple[float, float] = (1, 9), ci_level: float = 0.95
) -> pd.DataFrame:
    r"""Compare the first-round ratings of those who left a panel with those of the ones who stayed.

    .. math:: \delta = P(X_{left} > X_{stayed}) - P(X_{left} < X_{stayed})

    (Cliff's delta) per target, both X from the first round.

    Parameters
    ----------
    first, second : DataFrame, shape (n_panellists, n_targets)
        Ratings of the two rounds; the index is the person, the columns are the targets. A person who rated the
        target in the first round and whose rating is missing in the second has left; one whose first rating is
        missing is in neither group. Targets of only one round are left out.
    scale : (float, float), default (1, 9)
        Theoretical range.
    ci_level : float, default .95
        Level of the interval, asymmetric after Feng and Cliff.

    Returns
    -------
    DataFrame
        One row per target of both rounds: `estimate` in -1 (all leavers rated lower) to 1, limits, `n_lost`,
        `n_stayed`, `median_lost`, `median_stayed`. ``too_few`` under three leavers or three stayers.

    Raises
    ------
    StatisticError
        For a table that is no DataFrame, a person that stands there twice, text, or a value off the scale.

    Notes
    -----
    A clearly negative delta says that critics left: agreement that rises from round to round may then be made
    by drop-out. An interval around zero does not show that leavers thought alike, least of all with few of
    them. It says nothing on persons who were invited and never rated.

    References
    ----------
    Cliff, N. (1993). Dominance statistics: Ordinal analyses to answer ordinal questions. *Psychological
    Bulletin, 114*, 494-509. https://doi.org/10.1037/0033-2909.114.3.494
    Feng, D., & Cliff, N. (2004). Monte Carlo evaluation of ordinal d with improved confidence interval.
    *Journal of Modern Applied Statistical Methods, 3*, 322-332. https://doi.org/10.22237/jmasm/1099267560

    Examples
    --------
    The three who left had rated lower than all who stayed, but for one tie:

    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.attrition import round_attrition
    >>> first = pd.DataFrame({"S01": [7, 8, 9, 2, 3, 7]}, index=list("abcdef"))
    >>> second = pd.DataFrame({"S01": [8, 8, 9]}, index=list("abc"))
    >>> row = round_attrition(first, second).iloc[0]
    >>> round(float(row["estimate"]), 3), int(row["n_lost"]), float(row["median_lost"])
    (-0.889, 3, 3.0)
    """
    level = check_level(ci_level)
    one, two, names = two_rounds(first, second, scale)
    rows = []
    for name in names:
        earlier, later = one[name].to_numpy(dtype=float), two[name].to_numpy(dtype=float)
        lost = earlier[~np.isnan(earlier) & np.isnan(later)]
        stayed = earlier[~np.isnan(earlier) & ~np.isnan(later)]
        rows.append((lost, stayed))
    n_lost, n_stayed = ([len(pair[side]) for pair in rows] for side in (0, 1))
    values = np.array([cliff_delta(lost, stayed, level) for lost, stayed in rows]).reshape(len(rows), 3)
    medians = np.array(
        [[np.median(part) if len(part) else np.nan for part in pair] for pair in rows], dtype=float
    ).reshape(len(rows), 2)
    enough = [min(left, kept) >= MIN_PANEL for left, kept in zip(n_lost, n_stayed, strict=True)]
    reason = [
        "" if fine else f"{left} left and {kept} stayed; needs {MIN_PANEL} of each"
        for fine, left, kept in zip(enough, n_lost, n_stayed, strict=True)
    ]
    return target_frame(
        names, estimate=values[:, 0], ci_low=values[:, 1], ci_high=values[:, 2], ci_level=level,
        ci_method="Feng and Cliff, asymmetric", method="Cliff's delta of first-round ratings, leavers to stayers",
        n_lost=n_lost, n_stayed=n_stayed, median_lost=medians[:, 0], median_stayed=medians[:, 1],
        n_used=[left + kept for left, kept in zip(n_lost, n_stayed, strict=True)],
        status=["ok" if fine else "too_few" for fine in enough], reason=reason,
        blank=["median_lost", "median_stayed"],
    )  # fmt: skip


def cliff_delta(one: FloatArray, two: FloatArray, level: float) -> tuple[float, float, float]:
    """Return Cliff's delta of two samples and its asymmetric limits; nan under two values in either.

    At -1 and 1 the variance is zero; the limit towards zero is then that of Feng and Cliff for the smaller
    sample, :math:`(n - t^2) / (n + t^2)`.
    """
    m, n = len(one), len(two)
    if min(m, n) < 2:
        return np.nan, np.nan, np.nan
    above = np.sign(one[:, None] - two)
    delta = float(above.mean())
    t2 = float(special.stdtrit(m + n - 2, (1 + level) / 2)) ** 2
    if abs(delta) == 1:
        near = (min(m, n) - t2) / (min(m, n) + t2)
        return (delta, near, 1.0) if delta > 0 else (delta, -1.0, -near)
    by_one, by_two = ((above.mean(axis=1) - delta) ** 2).sum(), ((above.mean(axis=0) - delta) ** 2).sum()
    variance = n**2 * by_one + m**2 * by_two - ((above - delta) ** 2).sum()
    variance = max(variance / (m * n * (m - 1) * (n - 1)), (1 - delta**2) / (m * n - 1))
    reach = np.sqrt(t2 * variance * ((1 - delta**2) ** 2 + t2 * variance))
    centre, below = delta - delta**3, 1 - delta**2 + t2 * variance
    return delta, float(max((centre - reach) / below, -1)), float(min((centre + reach) / below, 1))
