"""Content validity: how far raters call items relevant, clear or essential."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError
from ..glossary import COLUMNS, check_columns
from .checks import FloatArray, as_matrix, check_choice, check_level
from .draws import percentile_limits, resampled_totals
from .intervals import bounded_mean_limits, wilson_limits
from .registry import statistic

MIN_RATERS = 3
_POLIT = "doi:10.1002/nur.20199"


def rating_matrix(
    data: ArrayLike | pd.DataFrame, scale: tuple[float, float], what: str = "ratings", *, whole: bool = True
) -> tuple[FloatArray, list[str]]:
    """Return ratings as floats with column names, or refuse a value that is not on the scale."""
    matrix, names = as_matrix(data, what)
    low, high = scale
    if not low < high:
        raise StatisticError(f"scale={scale!r}; allowed: (lowest, highest) with lowest < highest")
    present = ~np.isnan(matrix)
    wrong = present & ((matrix < low) | (matrix > high))
    if whole:
        wrong |= present & (matrix % 1 != low % 1)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        kind = "whole steps" if whole else "numbers"
        raise StatisticError(
            f"{what}: column {names[column]!r}, row {row + 1} holds {matrix[row, column]:g}; "
            f"allowed: {kind} from {low:g} to {high:g}"
        )
    return matrix, names


def check_cut(cut: float, scale: tuple[float, float], name: str) -> float:
    """Return the lowest point that counts, or refuse one that nobody or everybody would reach."""
    if not scale[0] < cut <= scale[1]:
        raise StatisticError(f"{name}={cut!r}; allowed: above {scale[0]:g} and up to {scale[1]:g}")
    return cut


def too_few(n_used: ArrayLike, least: int, unit: str = "answers") -> tuple[list[str], list[str]]:
    """Return status and reason for each base: ``too_few`` where it is under `least`."""
    counts = np.atleast_1d(np.asarray(n_used)).astype(int).tolist()
    status = ["ok" if count >= least else "too_few" for count in counts]
    reason = ["" if count >= least else f"{least} {unit} are needed, {count} there" for count in counts]
    return status, reason


def target_frame(
    names: Iterable[object], *, status: Sequence[str], reason: Sequence[str], key: str = "target_id",
    blank: Sequence[str] = (), **columns: Any,
) -> pd.DataFrame:  # fmt: skip
    """Return one row per target in the glossary's dtypes; numbers are missing where the status is not ok.

    `blank` names further columns that are emptied together with the estimate and its limits.
    """
    frame = pd.DataFrame({key: list(names)})
    length = len(frame)
    for name, values in {**columns, "status": status, "reason": reason}.items():
        if isinstance(values, str) or np.ndim(values) == 0:
            values = [values] * length
        dtype = COLUMNS[name].dtype if name in COLUMNS else "object"
        if dtype == "Int64":
            values = pd.array([None if pd.isna(v) else int(v) for v in values], dtype="Int64")
        frame[name] = pd.array(values, dtype=dtype)
    frame[key] = frame[key].astype("string")
    hidden = frame["status"].to_numpy() != "ok"
    emptied = {"estimate", "ci_low", "ci_high", "ci_level", *blank} & set(frame.columns)
    for name in emptied:
        frame.loc[hidden, name] = pd.NA
    return check_columns(frame, "statistic")


@statistic(
    family="content validity", symbol="I-CVI", data="ratings", returns="frame", bounds=(0, 1),
    min_n=MIN_RATERS, invariant_to={"row_order", "column_order"}, source=_POLIT,
)  # fmt: skip
def item_cvi(
    ratings: ArrayLike | pd.DataFrame, *, relevant_from: float = 3, ci_level: float = 0.95,
    scale: tuple[float, float] = (1, 4),
) -> pd.DataFrame:  # fmt: skip
    r"""Compute the item content validity index of each item.

    .. math:: \text{I-CVI} = A / N

    where A raters of the N who answered rate the item `relevant_from` or higher.

    Parameters
    ----------
    ratings : DataFrame or array, shape (n_reviewers, n_items)
        Whole points on `scale`. Missing answers are left out item by item and counted.
    relevant_from : float, default 3
        Lowest point that counts as relevant: 3 and 4 on the usual four points.
    ci_level : float, default .95
        Level of the Wilson interval.
    scale : (float, float), default (1, 4)
        Theoretical range; never taken from the data.

    Returns
    -------
    DataFrame
        One row per item: `estimate` in 0-1, Wilson limits, `n_used`, `n_missing`. ``too_few`` under three
        raters.

    Raises
    ------
    StatisticError
        For text, or a value that is not a whole point of the scale (0, 5 or 2.5 on 1-4).

    Notes
    -----
    Says nothing on clarity, on what is missing from the set, or on reliability. At 30 raters the lower limit
    reaches .70 from 26 of 30 on; judge by that limit, not by the point.

    References
    ----------
    Polit, D. F., Beck, C. T., & Owen, S. V. (2007). Is the CVI an acceptable indicator of content validity?
    *Research in Nursing & Health, 30*, 459-467. https://doi.org/10.1002/nur.20199

    Examples
    --------
    Six experts, one of whom disagrees (PMC7253559, table 4: .83):

    >>> from ktss_analysis.psychometrics.content import item_cvi
    >>> table = item_cvi([[4], [4], [3], [3], [4], [2]])
    >>> round(float(table["estimate"][0]), 2)
    0.83
    """
    level = check_level(ci_level)
    matrix, names = rating_matrix(ratings, scale)
    check_cut(relevant_from, scale, "relevant_from")
    agree, n_used = (matrix >= relevant_from).sum(axis=0), (~np.isnan(matrix)).sum(axis=0)
    low, high = wilson_limits(agree, n_used, level)
    status, reason = too_few(n_used, MIN_RATERS)
    share = agree / np.where(n_used > 0, n_used, np.nan)
    return target_frame(
        names, estimate=share, ci_low=low, ci_high=high, ci_level=level,
        ci_method="Wilson score", method=f"share of answers at {relevant_from:g} or higher; answers present",
        n_used=n_used, n_missing=len(matrix) - n_used, status=status, reason=reason,
    )  # fmt: skip


@statistic(
    family="content validity", symbol="S-CVI", data="ratings", bounds=(0, 1), min_n=MIN_RATERS,
    invariant_to={"row_order", "column_order"}, source=_POLIT,
)  # fmt: skip
def scale_cvi(
    ratings: ArrayLike | pd.DataFrame, *, variant: str = "average", relevant_from: float = 3,
    ci_level: float = 0.95, scale: tuple[float, float] = (1, 4), n_boot: int = 2000, seed: int = 1,
) -> Estimate:  # fmt: skip
    r"""Compute the content validity index of a whole scale.

    .. math:: \text{S-CVI/Ave} = \frac1k \sum_i \text{I-CVI}_i, \qquad
              \text{S-CVI/UA} = \frac1k \#\{i : \text{I-CVI}_i = 1\}

    Parameters
    ----------
    ratings : DataFrame or array, shape (n_reviewers, n_items)
        Whole points on `scale`; missing answers are left out item by item.
    variant : {"average", "universal"}, default "average"
        Mean of the item indices, or the share of items on which all agree.
    relevant_from : float, default 3
        As in `item_cvi`.
    ci_level : float, default .95
        Level of the interval of the average.
    scale : (float, float), default (1, 4)
        Theoretical range.
    n_boot, seed : int
        Resamples of raters and seed of the interval of the average.

    Returns
    -------
    Estimate
        0-1. The average has a percentile interval over resampled raters; where the resamples do not differ
        (all raters agree), the Wilson interval of that share in n raters stands instead, as if each rater
        gave one answer. The universal variant has no interval: it is no mean over raters.

    Raises
    ------
    StatisticError
        As in `item_cvi`, and for an unknown variant.

    Notes
    -----
    Do not judge 30 raters by the universal variant: if each says "relevant" with probability .95, all 30
    agree on an item with probability .21.

    References
    ----------
    Polit, D. F., & Beck, C. T. (2006). The content validity index: Are you sure you know what's being
    reported? *Research in Nursing & Health, 29*, 489-497. https://doi.org/10.1002/nur.20147

    Examples
    --------
    Twelve items, six experts, one disagreement on two items (PMC7253559, table 4: .97 and .83):

    >>> import numpy as np
    >>> from ktss_analysis.psychometrics.content import scale_cvi
    >>> ratings = np.full((6, 12), 4)
    >>> ratings[0, 2] = ratings[3, 7] = 2
    >>> round(scale_cvi(ratings).value, 5), round(scale_cvi(ratings, variant="universal").value, 5)
    (0.97222, 0.83333)
    """
    level = check_level(ci_level)
    check_choice(variant, ("average", "universal"), "variant")
    matrix, names = rating_matrix(ratings, scale)
    check_cut(relevant_from, scale, "relevant_from")
    method = f"S-CVI/{'Ave' if variant == 'average' else 'UA'}, answers at {relevant_from:g} or higher"
    present = ~np.isnan(matrix)
    answered = present.any(axis=1)
    n_used, n_missing = int(answered.sum()), int((~answered).sum())
    per_item = present.sum(axis=0)
    if not len(names):
        return Estimate.absent("undefined", "there is no item", method=method, n_missing=n_missing)
    if per_item.min() < MIN_RATERS:
        least = names[int(per_item.argmin())]
        reason = f"item {least!r} has {per_item.min()} answers, {MIN_RATERS} are needed"
        return Estimate.absent("too_few", reason, method=method, n_used=n_used, n_missing=n_missing)
    agree = (matrix >= relevant_from).astype(float)
    item_indices = agree.sum(axis=0) / per_item
    if variant == "universal":
        value = float(np.mean(item_indices == 1))
        return Estimate(value, method=f"{method}; no interval", n_used=n_used, n_missing=n_missing)
    value = float(item_indices.mean())
    low, high, ci_method = _average_limits(agree, present.astype(float), names, value, level, n_boot, seed)
    return Estimate(value, low, high, level, f"{method}; {ci_method}", n_used, n_missing)


def _average_limits(
    agree: FloatArray, present: FloatArray, names: list[str], value: float, level: float, n_boot: int,
    seed: int,
) -> tuple[float, float, str]:  # fmt: skip
    """Return the limits of S-CVI/Ave and how they were made."""
    answered = present.any(axis=1)
    n_raters = int(answered.sum())
    columns = np.argsort(np.asarray(names))
    both = np.hstack([agree[:, columns], present[:, columns]])[answered]
    totals = resampled_totals(both, n_boot, seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = np.mean(totals[:, : len(names)] / totals[:, len(names) :], axis=1)
    replicates = replicates[~np.isnan(replicates)]
    if not replicates.size or np.ptp(replicates) < 1e-12:
        low, high = wilson_limits(value * n_raters, n_raters, level)
        return float(low), float(high), "Wilson interval, raters as units (resamples do not differ)"
    low, high = percentile_limits(replicates, value, level)
    return float(low), float(high), f"percentile interval, {n_boot} resamples of raters"


@statistic(
    family="content validity", symbol="kappa*", data="ratings", returns="frame", bounds=(-1, 1),
    min_n=MIN_RATERS, invariant_to={"row_order", "column_order"}, source=_POLIT,
)  # fmt: skip
def modified_kappa(
    ratings: ArrayLike | pd.DataFrame, *, relevant_from: float = 3, ci_level: float = 0.95,
    scale: tuple[float, float] = (1, 4),
) -> pd.DataFrame:  # fmt: skip
    r"""Compute the chance-corrected item content validity index (modified kappa).

    .. math:: \kappa^* = \frac{\text{I-CVI} - P_c}{1 - P_c}, \qquad P_c = \binom{N}{A} 0.5^N

    Parameters
    ----------
    ratings : DataFrame or array, shape (n_reviewers, n_items)
        Whole points on `scale`; missing answers are left out item by item.
    relevant_from : float, default 3
        Lowest point that counts as relevant.
    ci_level : float, default .95
        Level of the interval.
    scale : (float, float), default (1, 4)
        Theoretical range.

    Returns
    -------
    DataFrame
        One row per item: `estimate`, `chance_agreement` (:math:`P_c`), and the Wilson limits of the I-CVI put
        through the same formula with :math:`P_c` held. ``too_few`` under three raters.

    Raises
    ------
    StatisticError
        As in `item_cvi`.

    Notes
    -----
    For panels under about 12. At 30 raters it differs from the I-CVI by .005 at most where 21 or more agree,
    so it tells nothing new there.

    References
    ----------
    Polit, D. F., Beck, C. T., & Owen, S. V. (2007). Is the CVI an acceptable indicator of content validity?
    *Research in Nursing & Health, 30*, 459-467. https://doi.org/10.1002/nur.20199

    Examples
    --------
    Ten experts, eight agree (PMC5557472, table 10: chance .044, kappa .79):

    >>> from ktss_analysis.psychometrics.content import modified_kappa
    >>> row = modified_kappa([[4]] * 8 + [[1]] * 2).iloc[0]
    >>> row[["chance_agreement", "estimate"]].astype(float).round(3).tolist()
    [0.044, 0.791]
    """
    frame = item_cvi(ratings, relevant_from=relevant_from, ci_level=ci_level, scale=scale)
    n_used = frame["n_used"].to_numpy(dtype=float)
    index = frame["estimate"].to_numpy(dtype=float, na_value=np.nan)
    agree = np.round(np.where(np.isnan(index), 0, index) * n_used)
    log_ways = special.gammaln(n_used + 1) - special.gammaln(agree + 1) - special.gammaln(n_used - agree + 1)
    chance = np.where(np.isnan(index), np.nan, np.exp(log_ways - n_used * np.log(2)))
    for column in ("estimate", "ci_low", "ci_high"):
        share = frame[column].to_numpy(dtype=float, na_value=np.nan)
        frame[column] = pd.array((share - chance) / (1 - chance), dtype="Float64")
    frame.insert(2, "chance_agreement", pd.array(chance, dtype="Float64"))
    frame["method"] = ("modified kappa of " + frame["method"]).astype("string")
    frame["ci_method"] = pd.array(["Wilson score of the I-CVI, chance held"] * len(frame), dtype="string")
    return frame


class CriticalRatio(NamedTuple):
    """Votes needed and the content validity ratio they make."""

    count: int  # type: ignore[assignment]  # shadows tuple.count, which nobody needs here
    ratio: float


def _votes_needed(n: int, level: float) -> int | None:
    """Return the smallest count whose upper tail at one half is `level` or less, if there is one."""
    counts = np.arange(n + 1)
    enough = special.bdtrc(counts - 1, n, 0.5) <= level if n else np.array([False])
    return int(counts[enough][0]) if enough.any() else None


@statistic(
    family="content validity", symbol="critical CVR", data="summary", returns="other", bounds=(0, 1), min_n=5,
    source="doi:10.1177/0748175613513808",
)  # fmt: skip
def critical_cvr(n: int, *, level: float = 0.05) -> CriticalRatio:
    r"""Compute how many "essential" votes are needed, by the exact one-sided binomial test.

    The smallest :math:`n_e` with :math:`P(X \ge n_e) \le level`, X binomial (n, 1/2).

    Parameters
    ----------
    n : int
        Raters who answered.
    level : float, default .05
        One-sided error rate.

    Returns
    -------
    CriticalRatio
        `count` of votes and the `ratio` :math:`(n_e - n/2)/(n/2)`.

    Raises
    ------
    StatisticError
        When even all votes are not enough (under 5 raters at .05).

    Notes
    -----
    Lawshe's table of 1975 is not this (it prints .62 for 10 raters): it cannot be reproduced exactly, and
    rounded ratios between two possible counts mislead. Compare counts.

    References
    ----------
    Ayre, C., & Scally, A. J. (2014). Critical values for Lawshe's content validity ratio. *Measurement and
    Evaluation in Counseling and Development, 47*, 79-86. https://doi.org/10.1177/0748175613513808

    Examples
    --------
    >>> from ktss_analysis.psychometrics.content import critical_cvr
    >>> critical_cvr(10)
    CriticalRatio(count=9, ratio=0.8)
    """
    check_level(level)
    if n != int(n) or n < 0:
        raise StatisticError(f"n={n!r}; allowed: a whole number from 0")
    needed = _votes_needed(int(n), level)
    if needed is None:
        raise StatisticError(f"n={n}: even {n} of {n} votes do not reach level {level:g}; ask more raters")
    return CriticalRatio(needed, 2 * needed / int(n) - 1)


@statistic(
    family="content validity", symbol="CVR", data="ratings", returns="frame", bounds=(-1, 1),
    min_n=MIN_RATERS, invariant_to={"row_order", "column_order"},
    source="doi:10.1111/j.1744-6570.1975.tb01393.x",
)  # fmt: skip
def content_validity_ratio(
    votes: ArrayLike | pd.DataFrame, *, essential_from: float = 3, scale: tuple[float, float] = (1, 3),
    ci_level: float = 0.95, level: float = 0.05,
) -> pd.DataFrame:  # fmt: skip
    r"""Compute Lawshe's content validity ratio of each item.

    .. math:: \text{CVR} = \frac{n_e - N/2}{N/2}

    Parameters
    ----------
    votes : DataFrame or array, shape (n_raters, n_items)
        1 not needed, 2 useful, 3 essential; for 0/1 votes give ``scale=(0, 1), essential_from=1``. Missing
        votes are left out item by item.
    essential_from : float, default 3
        Lowest code that means essential.
    scale : (float, float), default (1, 3)
        Allowed codes.
    ci_level : float, default .95
        Level of the Wilson interval of the share, put on the -1 to 1 range.
    level : float, default .05
        One-sided error rate for `n_essential_needed`.

    Returns
    -------
    DataFrame
        One row per item with `n_essential`, `n_essential_needed` (missing when no count reaches the level)
        and the exact `tail_probability`. ``too_few`` under three raters.

    Raises
    ------
    StatisticError
        For text or a code outside the scale.

    Notes
    -----
    The test asks only for more than half: at 30 raters an item that 60 % of all experts call essential
    passes in 29 % of studies. Not to be used as the only gate.

    References
    ----------
    Lawshe, C. H. (1975). A quantitative approach to content validity. *Personnel Psychology, 28*, 563-575.
    https://doi.org/10.1111/j.1744-6570.1975.tb01393.x

    Examples
    --------
    >>> from ktss_analysis.psychometrics.content import content_validity_ratio
    >>> row = content_validity_ratio([[3]] * 20 + [[2]] * 10).iloc[0]
    >>> row[["estimate", "n_essential_needed", "tail_probability"]].astype(float).round(3).tolist()
    [0.333, 20.0, 0.049]
    """
    check_level(level)
    confidence = check_level(ci_level)
    matrix, names = rating_matrix(votes, scale, "votes")
    check_cut(essential_from, scale, "essential_from")
    essential, n_used = (matrix >= essential_from).sum(axis=0), (~np.isnan(matrix)).sum(axis=0)
    low, high = wilson_limits(essential, n_used, confidence)
    status, reason = too_few(n_used, MIN_RATERS)
    needed = {n: _votes_needed(n, level) for n in set(n_used.tolist())}
    tail = np.where(essential > 0, special.bdtrc(essential - 1.0, np.maximum(n_used, 1), 0.5), 1.0)
    return target_frame(
        names, estimate=2 * essential / np.where(n_used > 0, n_used, np.nan) - 1, ci_low=2 * low - 1,
        ci_high=2 * high - 1, ci_level=confidence, ci_method="Wilson score of the share",
        method=f"content validity ratio, essential from {essential_from:g}; answers present",
        n_essential=essential, n_essential_needed=[needed[n] for n in n_used.tolist()], tail_probability=tail,
        n_used=n_used, n_missing=len(matrix) - n_used, status=status, reason=reason,
        blank=["tail_probability"],
    )  # fmt: skip


@statistic(
    family="content validity", symbol="V", data="ratings", returns="frame", bounds=(0, 1), min_n=MIN_RATERS,
    invariant_to={"row_order", "column_order"}, source="doi:10.1207/s15327841mpee0804_3",
)  # fmt: skip
def aiken_v(
    ratings: ArrayLike | pd.DataFrame, *, scale: tuple[float, float] = (1, 4), ci_level: float = 0.95
) -> pd.DataFrame:
    r"""Compute Aiken's V of each item with its score interval.

    .. math:: V = \frac{\bar x - l}{k}, \qquad
              \frac{2nkV + z^2 \mp z\sqrt{4nkV(1 - V) + z^2}}{2(nk + z^2)}, \qquad k = h - l

    Parameters
    ----------
    ratings : DataFrame or array, shape (n_raters, n_items)
        Whole points on `scale` (l, h); missing answers are left out item by item.
    scale : (float, float), default (1, 4)
        Theoretical range.
    ci_level : float, default .95
        Level of the interval.

    Returns
    -------
    DataFrame
        One row per item, V in 0-1. ``too_few`` under three raters.

    Raises
    ------
    StatisticError
        For text or a value that is not a whole point of the scale.

    Notes
    -----
    V is the mean on a 0-1 range: a split panel and a lukewarm one have the same V. Read it with the
    distribution. The score interval takes a rating for yes-no answers that are independent; where ratings spread
    more than such answers do, its 95 % limits held in .91 to .93 of simulated samples.

    References
    ----------
    Penfield, R. D., & Giacobbi, P. R. (2004). Applying a score confidence interval to Aiken's item
    content-relevance index. *Measurement in Physical Education and Exercise Science, 8*, 213-225.
    https://doi.org/10.1207/s15327841mpee0804_3

    Examples
    --------
    Ten raters on five points with mean 3.8: V = .70, interval .546 to .819.

    >>> from ktss_analysis.psychometrics.content import aiken_v
    >>> row = aiken_v([[4]] * 8 + [[3]] * 2, scale=(1, 5)).iloc[0]
    >>> row[["estimate", "ci_low", "ci_high"]].astype(float).round(3).tolist()
    [0.7, 0.546, 0.819]
    """
    level = check_level(ci_level)
    matrix, names = rating_matrix(ratings, scale)
    n_used = (~np.isnan(matrix)).sum(axis=0)
    steps = np.where(n_used > 0, n_used, np.nan) * (scale[1] - scale[0])
    share = np.nansum(matrix - scale[0], axis=0) / steps
    low, high = bounded_mean_limits(share, n_used, scale[1] - scale[0], level)
    status, reason = too_few(n_used, MIN_RATERS)
    return target_frame(
        names, estimate=share, ci_low=low, ci_high=high, ci_level=level, ci_method="Penfield-Giacobbi score",
        method=f"Aiken's V on {scale[0]:g} to {scale[1]:g}; answers present",
        n_used=n_used, n_missing=len(matrix) - n_used, status=status, reason=reason,
    )  # fmt: skip
