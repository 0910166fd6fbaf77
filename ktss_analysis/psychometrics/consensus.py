"""Panels and Delphi rounds: how far raters agree, and whether their views have settled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, drop_missing
from .content import check_cut, rating_matrix, target_frame, too_few
from .draws import canonical_rows, percentile_limits
from .intervals import median_ranks, wilson_limits
from .registry import statistic

MIN_PANEL = 3
MIN_RATERS_FOR_INTERVAL = 5
_BOTH = frozenset({"row_order", "column_order"})


@statistic(
    family="consensus", symbol="% agreement", data="ratings", returns="frame", bounds=(0, 1), min_n=MIN_PANEL,
    invariant_to=_BOTH, source="doi:10.1016/j.jclinepi.2013.12.002",
)  # fmt: skip
def share_agreeing(
    ratings: ArrayLike | pd.DataFrame, *, agree_from: float, ci_level: float = 0.95,
    scale: tuple[float, float] | None = None,
) -> pd.DataFrame:  # fmt: skip
    r"""Compute the share of the panel that agrees, per target.

    .. math:: p = \#\{x_i \ge \text{agree\_from}\} / n

    Parameters
    ----------
    ratings : DataFrame or array, shape (n_panellists, n_targets)
        Ratings; missing ones are left out target by target and counted.
    agree_from : float
        Lowest point that counts as agreement. There is no default: it must be fixed before round one.
    ci_level : float, default .95
        Level of the Wilson interval.
    scale : (float, float), optional
        Theoretical range; when given, other values are refused.

    Returns
    -------
    DataFrame
        One row per target with Wilson limits. ``too_few`` under three panellists.

    Raises
    ------
    StatisticError
        For text, or a value outside `scale`.

    Notes
    -----
    A high share can hide a hostile minority: read it beside `disagreement_index`, and beside
    `round_stability` before a Delphi stops.

    References
    ----------
    Diamond, I. R., et al. (2014). Defining consensus: A systematic review recommends methodologic criteria
    for reporting of Delphi studies. *Journal of Clinical Epidemiology, 67*, 401-409.
    https://doi.org/10.1016/j.jclinepi.2013.12.002

    Examples
    --------
    Twelve panellists, ten agree: the lower limit is .552.

    >>> from ktss_analysis.psychometrics.consensus import share_agreeing
    >>> row = share_agreeing([[8]] * 10 + [[3]] * 2, agree_from=7).iloc[0]
    >>> row[["estimate", "ci_low"]].astype(float).round(3).tolist()
    [0.833, 0.552]
    """
    level = check_level(ci_level)
    matrix, names = as_matrix(ratings, "ratings") if scale is None else rating_matrix(ratings, scale)
    if scale is not None:
        check_cut(agree_from, scale, "agree_from")
    agree, n_used = (matrix >= agree_from).sum(axis=0), (~np.isnan(matrix)).sum(axis=0)
    low, high = wilson_limits(agree, n_used, level)
    status, reason = too_few(n_used, MIN_PANEL, "panellists")
    return target_frame(
        names, estimate=agree / np.where(n_used > 0, n_used, np.nan), ci_low=low, ci_high=high,
        ci_level=level, ci_method="Wilson score",
        method=f"share at {agree_from:g} or higher; answers present",
        n_used=n_used, n_missing=len(matrix) - n_used, status=status, reason=reason,
    )  # fmt: skip


@statistic(
    family="consensus", symbol="median", data="ratings", returns="frame", min_n=1, invariant_to=_BOTH,
    source="doi:10.1002/9780470316771",
)  # fmt: skip
def central_tendency(ratings: ArrayLike | pd.DataFrame, *, ci_level: float = 0.95) -> pd.DataFrame:
    """Compute median, quartiles and the median's exact interval, per target.

    Quartiles are linear between order statistics (Hyndman and Fan's type 7, R's default), so that they do not
    change with a program's default. The interval is that of `median_interval`.

    Parameters
    ----------
    ratings : DataFrame or array, shape (n_panellists, n_targets)
        Ratings; missing ones are left out target by target and counted.
    ci_level : float, default .95
        Least coverage of the median's interval.

    Returns
    -------
    DataFrame
        One row per target: `estimate` (median), limits, `quartile_low`, `quartile_high`,
        `interquartile_range`. ``too_few`` without an answer; no limits where n is too small for the level.

    Raises
    ------
    StatisticError
        For text or an infinite value.

    Notes
    -----
    On a short scale the interquartile range jumps in whole points; a value of 1 may hide two camps.

    References
    ----------
    Hyndman, R. J., & Fan, Y. (1996). Sample quantiles in statistical packages. *The American Statistician,
    50*, 361-365. https://doi.org/10.1080/00031305.1996.10473566

    Examples
    --------
    Fifteen ratings on nine points (BMJ Open 2012;2:e001431, table 1: median 7):

    >>> from ktss_analysis.psychometrics.consensus import central_tendency
    >>> ratings = [[x] for x in [4, 5, 6, 7, 7, 7, 7, 7, 8, 8, 8, 8, 8, 9, 9]]
    >>> row = central_tendency(ratings).iloc[0]
    >>> row[["estimate", "interquartile_range"]].astype(float).tolist()
    [7.0, 1.0]
    """
    level = check_level(ci_level)
    matrix, names = as_matrix(ratings, "ratings")
    n_used = (~np.isnan(matrix)).sum(axis=0)
    summary = np.full((5, len(names)), np.nan)
    ci_method = []
    for index, n in enumerate(n_used.tolist()):
        values = np.sort(matrix[:, index])[:n]
        ranks = median_ranks(n, level)
        if n:
            summary[:3, index] = np.quantile(values, [0.5, 0.25, 0.75])
        if ranks is not None:
            summary[3:, index] = values[ranks[0] - 1], values[n - ranks[0]]
        ci_method.append(
            "none: too few values for the level" if ranks is None
            else f"order statistics {ranks[0]} and {n + 1 - ranks[0]}, coverage {ranks[1]:.3f}"
        )  # fmt: skip
    status, reason = too_few(n_used, 1)
    spread = ["quartile_low", "quartile_high", "interquartile_range"]
    return target_frame(
        names, estimate=summary[0], ci_low=summary[3], ci_high=summary[4],
        ci_level=np.where(np.isnan(summary[3]), np.nan, level), ci_method=ci_method,
        quartile_low=summary[1], quartile_high=summary[2], interquartile_range=summary[2] - summary[1],
        method="median; quartiles linear between order statistics; answers present",
        n_used=n_used, n_missing=len(matrix) - n_used, status=status, reason=reason, blank=spread,
    )  # fmt: skip


def quantile_from_counts(points: FloatArray, counts: FloatArray, share: float) -> FloatArray:
    """Return the linear quantile of each row of counts over the sorted `points`."""
    cumulative = counts.cumsum(axis=1)
    position = (cumulative[:, -1] - 1) * share
    lower = np.floor(position)
    last = len(points) - 1
    below = points[np.minimum((cumulative <= lower[:, None]).sum(axis=1), last)]
    above = points[np.minimum((cumulative <= np.ceil(position)[:, None]).sum(axis=1), last)]
    return below + (position - lower) * (above - below)


def disagreement_from_counts(points: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return DI, IPR and IPRAS of each row of counts; `points` are on the 9-point scale."""
    low, high = quantile_from_counts(points, counts, 0.30), quantile_from_counts(points, counts, 0.70)
    asymmetry = np.abs(5 - (low + high) / 2)
    adjusted = 2.35 + 1.5 * asymmetry
    return (high - low) / adjusted, high - low, adjusted


def _resampled_counts(counts: FloatArray, n_boot: int, seed: int) -> FloatArray:
    """Return counts of resampled persons, shape (n_boot, n_points): memory does not grow with persons."""
    if n_boot < 1:
        raise StatisticError(f"n_boot={n_boot!r}; allowed: 1 or more")
    total = int(counts.sum())
    return np.random.default_rng(seed).multinomial(total, counts / total, size=n_boot).astype(float)


@statistic(
    family="consensus", symbol="DI", data="ratings", returns="frame", bounds=(0, None), min_n=MIN_PANEL,
    invariant_to=_BOTH, source="Fitch et al. (2001), RAND MR-1269",
)  # fmt: skip
def disagreement_index(
    ratings: ArrayLike | pd.DataFrame, *, scale: tuple[float, float] = (1, 9), ci_level: float = 0.95,
    n_boot: int = 2000, seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    r"""Compute the RAND/UCLA disagreement index per target.

    .. math:: DI = \frac{P_{70} - P_{30}}{2.35 + 1.5\,|5 - (P_{30} + P_{70})/2|}

    The numerator is the interpercentile range (IPR); the denominator the range expected where a panel
    disagrees, adjusted for asymmetry (IPRAS). Disagreement is :math:`DI \ge 1`.

    Parameters
    ----------
    ratings : DataFrame or array, shape (n_panellists, n_targets)
        Ratings on `scale`; missing ones are left out target by target.
    scale : (float, float), default (1, 9)
        Theoretical range. Another one is stretched to nine points, :math:`1 + 8(x - l)/(h - l)`; that is an
        extension of the method and `method` says so.
    ci_level : float, default .95
        Level of the percentile interval.
    n_boot, seed : int
        Resamples of panellists, and seed.

    Returns
    -------
    DataFrame
        One row per target: `estimate` (DI, 0 or more), `interpercentile_range`, `asymmetry_adjusted_range`.
        ``too_few`` under three panellists.

    Raises
    ------
    StatisticError
        For text, or a value outside the scale.

    Notes
    -----
    The constants were fitted to panels on nine points. Some papers print 2.5 in place of 2.35; their own
    worked value (6.1) comes from 2.35. Percentiles of small panels are coarse: the interval is a guide only.

    References
    ----------
    Fitch, K., et al. (2001). *The RAND/UCLA appropriateness method user's manual* (MR-1269). RAND.

    Examples
    --------
    Fifteen ratings on nine points (BMJ Open 2012;2:e001431, table 1: IPR 1, IPRAS 6.1):

    >>> from ktss_analysis.psychometrics.consensus import disagreement_index
    >>> ratings = [[x] for x in [4, 5, 6, 7, 7, 7, 7, 7, 8, 8, 8, 8, 8, 9, 9]]
    >>> row = disagreement_index(ratings).iloc[0]
    >>> columns = ["interpercentile_range", "asymmetry_adjusted_range", "estimate"]
    >>> row[columns].astype(float).round(3).tolist()
    [1.0, 6.1, 0.164]
    """
    level = check_level(ci_level)
    matrix, names = rating_matrix(ratings, scale, whole=False)
    low, high = scale
    nine = 1 + 8 * (matrix - low) / (high - low)
    n_used = (~np.isnan(matrix)).sum(axis=0)
    values = np.full((5, len(names)), np.nan)
    for index in np.flatnonzero(n_used):
        points, counts = np.unique(nine[~np.isnan(nine[:, index]), index], return_counts=True)
        values[:3, index] = np.ravel(disagreement_from_counts(points, counts[None].astype(float)))
        replicates = disagreement_from_counts(points, _resampled_counts(counts.astype(float), n_boot, seed))[0]
        values[3:, index] = percentile_limits(replicates, values[0, index], level)
    status, reason = too_few(n_used, MIN_PANEL, "panellists")
    extension = "" if (low, high) == (1, 9) else f"; extension: {low:g} to {high:g} stretched to 1 to 9"
    return target_frame(
        names, estimate=values[0], ci_low=values[3], ci_high=values[4], ci_level=level,
        ci_method=f"percentile, {n_boot} resamples of panellists",
        interpercentile_range=values[1], asymmetry_adjusted_range=values[2],
        method=f"IPR / IPRAS with constant 2.35{extension}; answers present",
        n_used=n_used, n_missing=len(matrix) - n_used, status=status, reason=reason,
        blank=["interpercentile_range", "asymmetry_adjusted_range"],
    )  # fmt: skip


def _cns(counts: FloatArray, points: FloatArray) -> FloatArray:
    """Return Tastle and Wierman's index of each row of counts over the scale's points."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = np.abs(points - (shares @ points)[:, None]) / (points[-1] - points[0])
    logs = np.log2(1 - distance, out=np.zeros_like(distance), where=shares > 0)
    return np.clip(1 + (shares * logs).sum(axis=1), 0, 1)


@statistic(
    family="consensus", symbol="Cns", data="ratings", returns="frame", bounds=(0, 1), min_n=MIN_PANEL,
    invariant_to=_BOTH | {"affine"}, source="doi:10.1016/j.ijar.2006.06.024",
)  # fmt: skip
def tastle_wierman(
    ratings: ArrayLike | pd.DataFrame, *, scale: tuple[int, int], form: str = "ratings",
    ci_level: float = 0.95, n_boot: int = 2000, seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    r"""Compute Tastle and Wierman's measure of consensus per target.

    .. math:: Cns = 1 + \sum_i p_i \log_2\left(1 - \frac{|x_i - \mu|}{h - l}\right)

    Parameters
    ----------
    ratings : DataFrame or array
        Shape (n_panellists, n_targets) with whole points on `scale`; or, with ``form="counts"``, shape
        (n_points, n_targets): one row per point of the scale from lowest to highest. Missing ratings are left
        out target by target and counted.
    scale : (int, int)
        Theoretical range (l, h). It is part of the formula, so there is no default.
    form : {"ratings", "counts"}, default "ratings"
        What the table holds.
    ci_level : float, default .95
        Level of the percentile interval.
    n_boot, seed : int
        Resamples of panellists, and seed.

    Returns
    -------
    DataFrame
        One row per target, 0 (split at the poles) to 1 (all at one point). ``too_few`` under three.

    Raises
    ------
    StatisticError
        For text, a value that is not a point of the scale, a negative count, or a wrong number of rows.

    Notes
    -----
    No cut-off is accepted: a flat distribution on five points already has .434. Show it, do not gate by it.

    References
    ----------
    Tastle, W. J., & Wierman, M. J. (2007). Consensus and dissention: A measure of ordinal dispersion.
    *International Journal of Approximate Reasoning, 45*, 531-545. https://doi.org/10.1016/j.ijar.2006.06.024

    Examples
    --------
    The example of the R package agrmt (0.7256876):

    >>> from ktss_analysis.psychometrics.consensus import tastle_wierman
    >>> counts = [[n] for n in (30, 40, 210, 130, 530, 50, 10)]
    >>> round(float(tastle_wierman(counts, scale=(1, 7), form="counts")["estimate"][0]), 7)
    0.7256876
    """
    level = check_level(ci_level)
    check_choice(form, ("ratings", "counts"), "form")
    points = np.arange(scale[0], scale[1] + 1, dtype=float)
    if form == "ratings":
        matrix, names = rating_matrix(ratings, scale)
        counts, n_rows = (matrix[:, :, None] == points).sum(axis=0).astype(float), len(matrix)
    else:
        counts, names, n_rows = *_counts_table(ratings, len(points)), 0
    n_used = counts.sum(axis=1)
    values = np.full((3, len(names)), np.nan)
    for index in np.flatnonzero(n_used):
        values[0, index] = _cns(counts[[index]], points)[0]
        replicates = _cns(_resampled_counts(counts[index], n_boot, seed), points)
        values[1:, index] = percentile_limits(replicates, values[0, index], level)
    status, reason = too_few(n_used, MIN_PANEL, "panellists")
    return target_frame(
        names, estimate=values[0], ci_low=values[1], ci_high=values[2], ci_level=level,
        ci_method=f"percentile, {n_boot} resamples of panellists",
        method=f"Tastle-Wierman on {scale[0]:g} to {scale[1]:g}; answers present", n_used=n_used,
        n_missing=np.maximum(n_rows - n_used, 0), status=status, reason=reason,
    )  # fmt: skip


def _counts_table(data: ArrayLike | pd.DataFrame, n_points: int) -> tuple[FloatArray, list[str]]:
    """Return counts as (n_targets, n_points), or refuse a table that is none."""
    matrix, names = as_matrix(data, "counts")
    if len(matrix) != n_points:
        raise StatisticError(f"counts: {len(matrix)} rows, but the scale has {n_points} points")
    wrong = np.isnan(matrix) | (matrix < 0) | (matrix % 1 != 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise StatisticError(
            f"counts: column {names[column]!r}, row {row + 1} holds {matrix[row, column]:g}; "
            "allowed: whole numbers from 0"
        )
    return matrix.T, names


@dataclass(frozen=True, slots=True)
class KendallW:
    """Kendall's W with its chi-square test.

    Parameters
    ----------
    estimate : Estimate
        W in 0-1 with its interval over resampled raters.
    chi_square, df, p_value : float, int, float or None
        Friedman's test of "no common order at all"; None where W is not defined.
    """

    estimate: Estimate
    chi_square: float | None = None
    df: int | None = None
    p_value: float | None = None


def rank_rows(matrix: FloatArray) -> FloatArray:
    """Return mid-ranks within each complete row, 1 for the smallest value."""
    return pd.DataFrame(matrix).rank(axis=1, method="average").to_numpy()


@statistic(
    family="agreement", symbol="W", data="ratings", returns="other", bounds=(0, 1), min_n=2,
    invariant_to=_BOTH | {"affine"}, source="doi:10.1214/aoms/1177732186",
)  # fmt: skip
def kendall_w(
    ratings: ArrayLike | pd.DataFrame, *, missing: Missing = "raise", ci_level: float = 0.95,
    n_boot: int = 2000, seed: int = 1,
) -> KendallW:  # fmt: skip
    r"""Compute Kendall's coefficient of concordance W, corrected for ties.

    .. math:: W = \frac{12 S}{m^2(n^3 - n) - m T}, \quad T = \sum (t^3 - t), \quad
              \chi^2 = m(n - 1)W, \quad df = n - 1

    m raters rank n targets; S is the sum of squared deviations of the rank totals; t are sizes of tied groups
    within a rater.

    Parameters
    ----------
    ratings : DataFrame or array, shape (n_raters, n_targets)
        Ratings or ranks; ranked within each rater here.
    missing : {"raise", "listwise"}, default "raise"
        ``"listwise"`` leaves out raters with a missing rating and counts them.
    ci_level : float, default .95
        Level of the percentile interval.
    n_boot, seed : int
        Resamples of raters, and seed.

    Returns
    -------
    KendallW
        `estimate` (an `Estimate`), `chi_square`, `df`, `p_value`. ``too_few`` under two raters;
        ``undefined`` under two targets or when every rater ties all targets. No limits under five raters.

    Raises
    ------
    StatisticError
        For text, or a missing rating under ``missing="raise"``.

    Notes
    -----
    The interval resamples raters, but two copies of one rater are not counted as two raters who agree:
    otherwise all resamples would lie above the estimate. The test is weak news: 30 raters and 25 targets make
    any W above .051 "significant".

    References
    ----------
    Kendall, M. G., & Babington Smith, B. (1939). The problem of m rankings. *Annals of Mathematical
    Statistics, 10*, 275-287. https://doi.org/10.1214/aoms/1177732186

    Examples
    --------
    Three executives rank six applicants (Siegel, 1956, *Nonparametric statistics*, p. 230: W = .16):

    >>> from ktss_analysis.psychometrics.consensus import kendall_w
    >>> result = kendall_w([[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]])
    >>> round(result.estimate.value, 2), result.df
    (0.16, 5)
    """
    level = check_level(ci_level)
    check_choice(missing, ("raise", "listwise"), "missing")
    matrix, names = as_matrix(ratings, "ratings")
    matrix, n_missing = drop_missing(matrix, missing, "ratings")
    n_raters, n_targets = matrix.shape
    method = "Kendall's W, tie-corrected, raters who rated all targets"
    base = {"method": method, "n_used": n_raters, "n_missing": n_missing}
    if n_raters < 2:
        return KendallW(Estimate.absent("too_few", "two raters or more are needed", **base))
    if n_targets < 2:
        return KendallW(Estimate.absent("undefined", "two targets or more are needed", **base))
    centred = rank_rows(matrix[canonical_rows(matrix, names)]) - (n_targets + 1) / 2
    own = (centred**2).sum(axis=1)
    if not own.sum():
        return KendallW(Estimate.absent("undefined", "every rater gives all targets one value", **base))
    value = float(np.clip((centred.sum(axis=0) ** 2).sum() / (n_raters * own.sum()), 0, 1))
    limits = _w_limits(centred, value, level, n_boot, seed)
    note = f"percentile interval, {n_boot} resamples of raters" if limits else "no interval under 5 raters"
    low, high = limits or (None, None)
    chi_square, df = n_raters * (n_targets - 1) * value, n_targets - 1
    shown_level = level if limits else None
    estimate = Estimate(value, low, high, shown_level, f"{method}; {note}", n_raters, n_missing)
    return KendallW(estimate, chi_square, df, float(special.chdtrc(df, chi_square)))


def _w_limits(centred: FloatArray, value: float, level: float, n_boot: int, seed: int) -> tuple[float, float] | None:
    """Return percentile limits of W; pairs of copies of one rater are left out of the mean over pairs."""
    n_raters = len(centred)
    if n_raters < MIN_RATERS_FOR_INTERVAL:
        return None
    weights = np.random.default_rng(seed).multinomial(n_raters, np.full(n_raters, 1 / n_raters), size=n_boot)
    weights = weights.astype(float)
    own = (centred**2).sum(axis=1)
    pairs = ((weights @ centred) ** 2).sum(axis=1) - weights**2 @ own
    n_pairs = n_raters**2 - (weights**2).sum(axis=1)
    variance = weights @ own / n_raters
    usable = (n_pairs > 0) & (variance > 0)
    mean_correlation = pairs[usable] / n_pairs[usable] / variance[usable]
    replicates = np.clip(1 / n_raters + (n_raters - 1) / n_raters * mean_correlation, 0, 1)
    low, high = percentile_limits(replicates, value, level)
    return float(low), float(high)


def _weighted_kappa(first: FloatArray, second: FloatArray) -> float:
    """Return Cohen's kappa with linear weights; nan where chance leaves nothing to disagree on."""
    expected = np.abs(first[:, None] - second).mean() if len(first) < 2000 else _mean_distance(first, second)
    return 1 - np.abs(first - second).mean() / expected if expected > 0 else np.nan


def _mean_distance(first: FloatArray, second: FloatArray) -> float:
    points_first, counts_first = np.unique(first, return_counts=True)
    points_second, counts_second = np.unique(second, return_counts=True)
    distance = np.abs(points_first[:, None] - points_second)
    return float(counts_first @ distance @ counts_second / (len(first) * len(second)))


@statistic(
    family="consensus", symbol="share unchanged", data="ratings", returns="frame", bounds=(0, 1),
    min_n=MIN_PANEL, source="doi:10.1016/j.techfore.2012.04.013",
)  # fmt: skip
def round_stability(
    first: pd.DataFrame, second: pd.DataFrame, *, scale: tuple[float, float] = (1, 9), ci_level: float = 0.95
) -> pd.DataFrame:
    r"""Compute how stable the ratings of the same persons are over two rounds, per target.

    Share unchanged; Cohen's kappa with linear weights, :math:`1 - \bar d_{obs} / \bar d_{exp}`; change of
    median and interquartile range; and the share of the histogram both rounds have in common,
    :math:`\sum_x \min(p_{1x}, p_{2x})`.

    Parameters
    ----------
    first, second : DataFrame, shape (n_panellists, n_targets)
        Ratings of the two rounds; the index is the person, the columns are the targets. Persons whose rating is
        missing in one of the rounds are left out target by target and counted. Targets of only one round are
        left out.
    scale : (float, float), default (1, 9)
        Theoretical range.
    ci_level : float, default .95
        Level of the Wilson interval of the share unchanged.

    Returns
    -------
    DataFrame
        One row per target of both rounds. `n_used`: persons with a rating in both; `n_lost`, `n_joined`:
        those with a rating in only one. ``too_few`` under three persons. `weighted_kappa` is missing, with a
        reason, where all give one and the same value.

    Raises
    ------
    StatisticError
        For a table that is no DataFrame, a person that stands there twice, text, or a value off the scale.

    Notes
    -----
    Stability is the stopping rule of a Delphi, agreement is its result. Persons who left are not in any of
    these numbers: a consensus can be made by drop-out, so read `n_lost` first.

    References
    ----------
    von der Gracht, H. A. (2012). Consensus measurement in Delphi studies. *Technological Forecasting and
    Social Change, 79*, 1525-1536. https://doi.org/10.1016/j.techfore.2012.04.013

    Examples
    --------
    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.consensus import round_stability
    >>> first = pd.DataFrame({"S01": [7, 8, 5, 2]}, index=["a", "b", "c", "d"])
    >>> second = pd.DataFrame({"S01": [7, 8, 7]}, index=["a", "b", "c"])
    >>> row = round_stability(first, second).iloc[0]
    >>> int(row["n_used"]), int(row["n_lost"]), round(float(row["estimate"]), 3)
    (3, 1, 0.667)
    """
    level = check_level(ci_level)
    one, two, names = two_rounds(first, second, scale)
    rows = [_stability_row(one[name].to_numpy(), two[name].to_numpy()) for name in names]
    table = pd.DataFrame(rows, columns=_STABILITY, index=range(len(names)))
    status, reason = too_few(table["n_used"].to_numpy(), MIN_PANEL, "persons in both rounds")
    flat = np.isnan(table["weighted_kappa"].to_numpy(dtype=float))
    words = "weighted kappa is not defined: all ratings are one value"
    reason = [words if why == "" and none else why for why, none in zip(reason, flat, strict=True)]
    low, high = wilson_limits(table["unchanged"], table["n_used"], level)
    share = table["unchanged"] / table["n_used"].where(table["n_used"] > 0)
    detail = {name: table[name].to_numpy(dtype=float) for name in _STABILITY[3:-2]}
    return target_frame(
        names, estimate=share.to_numpy(dtype=float), ci_low=low, ci_high=high, ci_level=level,
        ci_method="Wilson score", method="share unchanged, persons in both rounds", n_used=table["n_used"],
        n_missing=table["n_missing"], n_lost=table["n_lost"], n_joined=table["n_joined"], status=status,
        reason=reason, blank=list(detail), **detail,
    )  # fmt: skip


_STABILITY = [
    "n_used", "n_missing", "unchanged", "weighted_kappa", "median_change", "range_change", "stable_share",
    "n_lost", "n_joined",
]  # fmt: skip


def two_rounds(
    first: pd.DataFrame, second: pd.DataFrame, scale: tuple[float, float]
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Return both rounds on the union of persons, and the targets they share in the first round's order."""
    checked = []
    for data, what in ((first, "first"), (second, "second")):
        if not isinstance(data, pd.DataFrame):
            raise StatisticError(f"{what}: a DataFrame is needed, its index names the persons")
        if data.index.has_duplicates:
            twice = data.index[data.index.duplicated()][0]
            raise StatisticError(f"{what}: person {twice!r} stands there twice")
        matrix, names = rating_matrix(data, scale, what)
        checked.append(pd.DataFrame(matrix, index=data.index, columns=names))
    persons = checked[0].index.union(checked[1].index, sort=False)
    shared = [name for name in checked[0].columns if name in set(checked[1].columns)]
    return checked[0].reindex(persons), checked[1].reindex(persons), shared


def _stability_row(one: FloatArray, two: FloatArray) -> list[float]:
    """Return the numbers of one target in the order of `_STABILITY`."""
    in_one, in_two = ~np.isnan(one), ~np.isnan(two)
    both = in_one & in_two
    lost, joined = int((in_one & ~in_two).sum()), int((in_two & ~in_one).sum())
    a, b = one[both], two[both]
    if not a.size:
        return [0, lost + joined, 0, np.nan, np.nan, np.nan, np.nan, lost, joined]
    quartiles_a, quartiles_b = (np.quantile(x, [0.25, 0.5, 0.75]) for x in (a, b))
    points = np.union1d(a, b)
    common = np.minimum((a[:, None] == points).mean(axis=0), (b[:, None] == points).mean(axis=0)).sum()
    spread = (quartiles_b[2] - quartiles_b[0]) - (quartiles_a[2] - quartiles_a[0])
    return [
        a.size, lost + joined, int((a == b).sum()), _weighted_kappa(a, b), quartiles_b[1] - quartiles_a[1],
        spread, float(common), lost, joined,
    ]  # fmt: skip
