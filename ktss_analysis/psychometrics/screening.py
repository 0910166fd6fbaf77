"""Screening of answers: indices of careless answering. They flag; people decide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import StatisticError
from .checks import FloatArray, Missing, as_matrix, check_level, drop_missing
from .content import target_frame, too_few
from .registry import statistic

_CURRAN = "doi:10.1016/j.jesp.2015.07.006"
_JOHNSON = "doi:10.1016/j.jrp.2004.09.009"


def _persons(data: object, n_rows: int) -> list[str]:
    index = data.index if isinstance(data, pd.DataFrame | pd.Series) else range(n_rows)
    return [str(person) for person in index]


def _row_correlation(one: FloatArray, two: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the correlation of each row of `one` with that of `two` over shared cells, and their n."""
    both = ~(np.isnan(one) | np.isnan(two))
    n = both.sum(axis=1)
    divisor = np.maximum(n, 1)[:, None]
    a, b = np.where(both, one, 0), np.where(both, two, 0)
    a = np.where(both, a - a.sum(axis=1, keepdims=True) / divisor, 0)
    b = np.where(both, b - b.sum(axis=1, keepdims=True) / divisor, 0)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    flat = scale <= 1e-12 * (1 + np.nanmax(np.abs(one), initial=0) ** 2)
    correlation = np.divide((a * b).sum(axis=1), scale, out=np.full(len(a), np.nan), where=~flat)
    return np.clip(correlation, -1, 1), n


def _index_frame(
    persons: Sequence[str], values: FloatArray, n_used: ArrayLike, least: int, method: str, flat: str,
    n_missing: ArrayLike = 0, unit: str = "answers", **columns: object,
) -> pd.DataFrame:  # fmt: skip
    """Return one row per person: too few cells first, then `flat` where the index is not defined."""
    status, reason = too_few(n_used, least, unit)
    for row in np.flatnonzero(np.isnan(values)):
        if status[row] == "ok":
            status[row], reason[row] = "undefined", flat
    return target_frame(
        persons, key="person_id", estimate=values, method=method, n_used=n_used, n_missing=n_missing,
        status=status, reason=reason, blank=[name for name in columns if name != "flagged"], **columns,
    )  # fmt: skip


@statistic(
    family="screening", symbol="longstring", data="items", returns="frame", bounds=(1, None), min_n=1,
    invariant_to={"row_order", "relabel"}, source=_JOHNSON,
)  # fmt: skip
def longstring(items: ArrayLike | pd.DataFrame) -> pd.DataFrame:
    """Compute the longest run of one and the same answer of each person.

    Definition: the largest number of neighbouring items with equal answers. A missing answer ends a run.

    Parameters
    ----------
    items : DataFrame or array, shape (n_persons, n_items)
        Answers *as given*, in the order shown, before any item is reversed.

    Returns
    -------
    DataFrame
        One row per person (`person_id` is the index): `estimate` (longest run), `average_run` (mean length).
        ``too_few`` without an answer.

    Raises
    ------
    StatisticError
        For text or an infinite value.

    Notes
    -----
    Depends on the order of items. Careful persons reach runs of 9 and more on one-sided instruments: never
    exclude by this number alone.

    References
    ----------
    Johnson, J. A. (2005). Ascertaining the validity of individual protocols from web-based personality
    inventories. *Journal of Research in Personality, 39*, 103-129. https://doi.org/10.1016/j.jrp.2004.09.009

    Examples
    --------
    >>> from ktss_analysis.psychometrics.screening import longstring
    >>> longstring([[3, 3, 3, 2, 2, 4], [1, 2, 3, 4, 5, 1]])["estimate"].tolist()
    [3.0, 1.0]
    """
    matrix, names = as_matrix(items)
    present = ~np.isnan(matrix)
    longest, run = np.zeros(len(matrix)), np.zeros(len(matrix))
    n_runs = np.zeros(len(matrix))
    for column in range(len(names)):
        same = present[:, column] & (matrix[:, column] == matrix[:, column - 1]) if column else np.False_
        n_runs += present[:, column] & ~same
        run = np.where(present[:, column], np.where(same, run + 1, 1), 0)
        longest = np.maximum(longest, run)
    n_used = present.sum(axis=1)
    return _index_frame(
        _persons(items, len(matrix)), longest, n_used, 1, "longest run of equal answers; a gap ends a run",
        "", len(names) - n_used, average_run=n_used / np.maximum(n_runs, 1),
    )  # fmt: skip


@statistic(
    family="screening", symbol="IRV", data="items", returns="frame", bounds=(0, None), min_n=2,
    invariant_to={"row_order", "column_order"}, source="doi:10.1007/s10869-016-9479-0",
)  # fmt: skip
def intra_individual_variability(items: ArrayLike | pd.DataFrame) -> pd.DataFrame:
    r"""Compute the standard deviation of each person's answers (intra-individual response variability).

    .. math:: IRV = \sqrt{\sum_j (x_j - \bar x)^2 / (k - 1)}

    over the k answers present; divisor k - 1, not k.

    Parameters
    ----------
    items : DataFrame or array, shape (n_persons, n_items)
        Answers as given; missing ones are left out person by person.

    Returns
    -------
    DataFrame
        One row per person; 0 for a straight line. ``too_few`` under two answers.

    Raises
    ------
    StatisticError
        For text or an infinite value.

    Notes
    -----
    Small values suggest straight lines, large ones random answers; both also occur in honest people.

    References
    ----------
    Dunn, A. M., et al. (2018). Intra-individual response variability as an indicator of insufficient effort
    responding. *Journal of Business and Psychology, 33*, 105-121. https://doi.org/10.1007/s10869-016-9479-0

    Examples
    --------
    >>> from ktss_analysis.psychometrics.screening import intra_individual_variability
    >>> intra_individual_variability([[3, 3, 3], [1, 2, 3]])["estimate"].tolist()
    [0.0, 1.0]
    """
    matrix, names = as_matrix(items)
    present = ~np.isnan(matrix)
    n_used = present.sum(axis=1)
    mean = np.where(present, matrix, 0).sum(axis=1) / np.maximum(n_used, 1)
    squares = np.where(present, (matrix - mean[:, None]) ** 2, 0).sum(axis=1)
    values = np.where(n_used > 1, np.sqrt(squares / np.maximum(n_used - 1, 1)), np.nan)
    return _index_frame(
        _persons(items, len(matrix)), values, n_used, 2, "standard deviation over items, divisor k - 1", "",
        len(names) - n_used,
    )  # fmt: skip


def _halves(matrix: FloatArray, names: list[str], scales: Sequence[int] | dict[str, Sequence[str]]) -> FloatArray:
    """Return means of odd and even items per scale, shape (2, n_persons, n_scales)."""
    if isinstance(scales, dict):
        unknown = [item for items in scales.values() for item in items if str(item) not in names]
        if unknown:
            raise StatisticError(f"scales: item {unknown[0]!r} is not a column of items")
        groups = [[names.index(str(item)) for item in items] for items in scales.values()]
    else:
        if sum(scales) != len(names):
            raise StatisticError(f"scales: lengths add up to {sum(scales)}, but there are {len(names)} items")
        ends = np.cumsum(scales).tolist()
        groups = [list(range(end - length, end)) for end, length in zip(ends, scales, strict=True)]
    short = next((index for index, group in enumerate(groups) if len(group) < 2), None)
    if short is not None:
        raise StatisticError(f"scales: scale number {short + 1} has fewer than two items")
    halves = np.full((2, len(matrix), len(groups)), np.nan)
    for index, group in enumerate(groups):
        for half in (0, 1):
            part = matrix[:, group[half::2]]
            n = (~np.isnan(part)).sum(axis=1)
            halves[half, :, index] = np.where(n > 0, np.nansum(part, axis=1) / np.maximum(n, 1), np.nan)
    return halves


@statistic(
    family="screening", symbol="even-odd", data="items", returns="frame", bounds=(-1, 1), min_n=3,
    invariant_to={"row_order"}, source=_JOHNSON,
)  # fmt: skip
def even_odd_consistency(
    items: ArrayLike | pd.DataFrame, scales: Sequence[int] | dict[str, Sequence[str]]
) -> pd.DataFrame:
    r"""Compute the even-odd index of each person; higher means more careless.

    .. math:: -\frac{2 r}{1 + r}

    r correlates, over scales, the person's mean of the odd items with that of the even items of the scale.
    The Spearman-Brown value is held at -1 where it falls below.

    Parameters
    ----------
    items : DataFrame or array, shape (n_persons, n_items)
        Answers with reversed items already turned; missing ones are left out.
    scales : sequence of int, or dict
        Lengths of the scales in column order, adding up to all items; or scale -> item names.

    Returns
    -------
    DataFrame
        One row per person, -1 (consistent) to 1. `n_used` counts scales with both halves. ``too_few`` under
        three scales; ``undefined`` where a half is the same on all scales.

    Raises
    ------
    StatisticError
        For text, lengths that do not add up, an unknown item, or a scale of one item.

    Notes
    -----
    The sign follows the R package careless as documented since 1.2.0; its earlier versions and many papers
    have the opposite one. With eight scales 17 % of careful persons fall under r = .3: use it with a second
    index.

    References
    ----------
    Johnson, J. A. (2005). Ascertaining the validity of individual protocols from web-based personality
    inventories. *Journal of Research in Personality, 39*, 103-129. https://doi.org/10.1016/j.jrp.2004.09.009

    Examples
    --------
    Odd and even items agree on all three scales:

    >>> from ktss_analysis.psychometrics.screening import even_odd_consistency
    >>> round(float(even_odd_consistency([[1, 1, 3, 3, 5, 5]], [2, 2, 2])["estimate"][0]), 6)
    -1.0
    """
    matrix, names = as_matrix(items)
    odd, even = _halves(matrix, names, scales)
    correlation, n = _row_correlation(odd, even)
    usable = correlation > -1 + 1e-9
    stepped = np.divide(2 * correlation, 1 + correlation, out=np.full(len(n), -1.0), where=usable)
    stepped = np.where(np.isnan(correlation), np.nan, np.maximum(stepped, -1))
    return _index_frame(
        _persons(items, len(matrix)), -stepped, n, 3, "minus Spearman-Brown corrected even-odd correlation",
        "the answers do not differ between scales", odd.shape[1] - n, "scales",
    )  # fmt: skip


@statistic(
    family="screening", symbol="D2", data="items", returns="frame", bounds=(0, None), min_n=3,
    invariant_to={"row_order", "column_order", "affine"}, source="doi:10.1037/a0028085",
)  # fmt: skip
def mahalanobis_distance(
    items: ArrayLike | pd.DataFrame, *, missing: Missing = "raise", certainty: float = 0.99
) -> pd.DataFrame:
    r"""Compute the squared Mahalanobis distance of each person from the centre.

    .. math:: D^2 = (x - \bar x)^\top S^{-1} (x - \bar x)

    Parameters
    ----------
    items : DataFrame or array, shape (n_persons, n_items)
        Answers.
    missing : {"raise", "listwise"}, default "raise"
        ``"listwise"`` computes centre and spread from complete persons; the others have no distance.
    certainty : float, default .99
        Persons beyond this quantile of chi-square (df = items) are flagged.

    Returns
    -------
    DataFrame
        One row per person: :math:`D^2` (not D) and `flagged`. ``undefined`` for all when there are no more
        complete persons than items, or the items are linearly dependent.

    Raises
    ------
    StatisticError
        For text, or a missing answer under ``missing="raise"``.

    Notes
    -----
    Chi-square is a rough guide for items with few points. One index among several.

    References
    ----------
    Meade, A. W., & Craig, S. B. (2012). Identifying careless responses in survey data. *Psychological
    Methods, 17*, 437-455. https://doi.org/10.1037/a0028085

    Examples
    --------
    >>> from ktss_analysis.psychometrics.screening import mahalanobis_distance
    >>> table = mahalanobis_distance([[1, 2], [2, 1], [3, 4], [4, 3], [5, 5]])
    >>> table["estimate"].round(4).tolist()
    [2.0, 2.0, 1.1111, 1.1111, 1.7778]
    """
    check_level(certainty)
    matrix, names = as_matrix(items)
    complete = ~np.isnan(matrix).any(axis=1)
    used, _ = drop_missing(matrix, "listwise" if missing == "pairwise" else missing)
    values = np.full(len(matrix), np.nan)
    trouble = "complete persons must outnumber items"
    if len(used) > len(names) > 0:
        centred = used - used.mean(axis=0)
        trouble = "items are linearly dependent, or one is constant"
        if np.linalg.matrix_rank(centred) == len(names):
            inverse = np.linalg.inv(centred.T @ centred / (len(used) - 1))
            values[complete] = np.einsum("ij,jk,ik->i", centred, inverse, centred)
    limit = float(special.chdtri(max(len(names), 1), 1 - certainty))
    n_used = (~np.isnan(matrix)).sum(axis=1)
    flagged = [None if np.isnan(value) else bool(value > limit) for value in values]
    frame = _index_frame(
        _persons(items, len(matrix)), values, n_used, 1, "squared distance from the mean of complete persons",
        trouble, len(names) - n_used, flagged=flagged,
    )  # fmt: skip
    partial = (frame["status"] == "undefined").to_numpy() & ~complete
    frame.loc[partial, "reason"] = "the person has missing answers"
    return frame


@statistic(
    family="screening", symbol="synonyms", data="items", returns="frame", bounds=(-1, 1), min_n=3,
    invariant_to={"row_order"}, source="doi:10.1037/a0028085",
)  # fmt: skip
def psychometric_synonyms(items: ArrayLike | pd.DataFrame, *, correlation_from: float = 0.60) -> pd.DataFrame:
    """Compute each person's correlation over pairs of items that most persons answer alike.

    Definition: pairs are those whose correlation over persons (pairwise complete) is `correlation_from` or
    more; the index correlates first with second members over the pairs.

    Parameters
    ----------
    items : DataFrame or array, shape (n_persons, n_items)
        Answers; missing ones are left out pair by pair.
    correlation_from : float, default .60
        Least correlation of a pair.

    Returns
    -------
    DataFrame
        One row per person, low values suggest careless answering. `n_used` counts pairs. ``too_few`` under
        three pairs; ``undefined`` for one answer throughout.

    Raises
    ------
    StatisticError
        For text or an infinite value.

    Notes
    -----
    Which member of a pair comes first is the order of columns; another order gives another value. Short
    instruments have too few such pairs.

    References
    ----------
    Meade, A. W., & Craig, S. B. (2012). Identifying careless responses in survey data. *Psychological
    Methods, 17*, 437-455. https://doi.org/10.1037/a0028085

    Examples
    --------
    >>> from ktss_analysis.psychometrics.screening import psychometric_synonyms
    >>> table = psychometric_synonyms([[1, 1, 1], [5, 5, 4], [2, 3, 2], [4, 4, 5]])
    >>> table["status"].tolist()[0], int(table["n_used"][1])
    ('undefined', 3)
    """
    matrix, names = as_matrix(items)
    first, second = np.triu_indices(len(names), k=1)
    strength = _item_correlations(matrix)[first, second]
    chosen = np.flatnonzero(strength >= correlation_from)
    one, two = matrix[:, first[chosen]], matrix[:, second[chosen]]
    values, n = _row_correlation(one, two)
    return _index_frame(
        _persons(items, len(matrix)), values, n, 3,
        f"correlation over item pairs with r >= {correlation_from:g}",
        "the answers do not differ between pairs", len(chosen) - n, "pairs",
    )  # fmt: skip


def _item_correlations(matrix: FloatArray) -> FloatArray:
    """Return pairwise-complete correlations of columns; nan where one does not vary."""
    n_items = matrix.shape[1]
    result = np.full((n_items, n_items), np.nan)
    for item in range(n_items):
        repeated = np.repeat(matrix[:, [item]], n_items, axis=1)
        result[item] = _row_correlation(repeated.T, matrix.T)[0]
    return result


@statistic(
    family="screening", symbol="duplicates", data="items", returns="frame", min_n=2,
    invariant_to={"column_order", "relabel"}, source=_CURRAN,
)  # fmt: skip
def duplicate_answers(items: ArrayLike | pd.DataFrame) -> pd.DataFrame:
    """List persons whose answers are the same throughout.

    Definition: two rows are duplicates when every cell is equal, a missing cell being equal to a missing one.
    Rows without any answer are left out.

    Parameters
    ----------
    items : DataFrame or array, shape (n_persons, n_items)
        Answers.

    Returns
    -------
    DataFrame
        One row per person with a duplicate, in the order of the data: `answer_set` numbers the sets, `n_used`
        is the number of answers, `estimate` the size of the set. Empty when there is none.

    Raises
    ------
    StatisticError
        For text or an infinite value.

    Notes
    -----
    Two persons may well agree on a short form, above all with one answer throughout. Equal answers are a
    reason to look at times and invitations, not to delete a row.

    References
    ----------
    Curran, P. G. (2016). Methods for the detection of carelessly invalid responses in survey data. *Journal
    of Experimental Social Psychology, 66*, 4-19. https://doi.org/10.1016/j.jesp.2015.07.006

    Examples
    --------
    >>> from ktss_analysis.psychometrics.screening import duplicate_answers
    >>> table = duplicate_answers([[1, 2, 3], [3, 2, 1], [1, 2, 3]])
    >>> table["person_id"].tolist(), table["answer_set"].tolist()
    (['0', '2'], [1, 1])
    """
    matrix, names = as_matrix(items)
    persons = np.array(_persons(items, len(matrix)), dtype=object)
    n_used = (~np.isnan(matrix)).sum(axis=1)
    rows = np.flatnonzero(n_used)
    # 0.0 and -0.0 are one answer; nan would differ from itself
    keys = pd.DataFrame(np.where(np.isnan(matrix[rows]), np.inf, matrix[rows] + 0.0))
    keep = keys.duplicated(keep=False).to_numpy() if len(names) else np.zeros(len(rows), dtype=bool)
    rows, number = rows[keep], np.zeros(int(keep.sum()), dtype=int)
    if keep.any():
        number = keys[keep].groupby(list(keys.columns), sort=False).ngroup().to_numpy()
    sizes = np.bincount(number, minlength=1)
    return target_frame(
        persons[rows], key="person_id", answer_set=number + 1, estimate=sizes[number],
        method="equal in every cell, missing cells included", n_used=n_used[rows],
        n_missing=len(names) - n_used[rows], status=["ok"] * len(rows), reason=[""] * len(rows),
    )  # fmt: skip


@statistic(
    family="screening", symbol="s/item", data="summary", returns="frame", bounds=(0, None), min_n=1,
    invariant_to={"row_order"}, source="doi:10.1007/s10869-011-9231-8",
)  # fmt: skip
def speeders(
    seconds: ArrayLike | pd.Series, n_items: int, *, seconds_per_item: float = 2.0
) -> pd.DataFrame:  # fmt: skip
    r"""Flag persons who answered faster than one can read.

    .. math:: seconds / n\_items < seconds\_per\_item

    Parameters
    ----------
    seconds : Series or array, shape (n_persons,)
        Time for the items; missing allowed.
    n_items : int
        Items shown in that time.
    seconds_per_item : float, default 2
        Limit; just at it is not flagged.

    Returns
    -------
    DataFrame
        One row per person: `estimate` (seconds per item), `flagged`. ``undefined`` without a time.

    Raises
    ------
    StatisticError
        For text, a negative time, or fewer than one item.

    Notes
    -----
    Time of the whole form, with introduction and breaks, hides speeding. Two seconds is a rule of thumb for
    short items.

    References
    ----------
    Huang, J. L., et al. (2012). Detecting and deterring insufficient effort responding to surveys. *Journal
    of Business and Psychology, 27*, 99-114. https://doi.org/10.1007/s10869-011-9231-8

    Examples
    --------
    >>> from ktss_analysis.psychometrics.screening import speeders
    >>> speeders([60, 64, 300], n_items=32)["flagged"].tolist()
    [True, False, False]
    """
    if n_items != int(n_items) or n_items < 1:
        raise StatisticError(f"n_items={n_items!r}; allowed: whole numbers from 1")
    matrix, _ = as_matrix(pd.DataFrame({"seconds": seconds}), "seconds")
    times = matrix[:, 0]
    if (times < 0).any():
        row = int(np.argmax(times < 0))
        raise StatisticError(f"seconds: row {row + 1} holds {times[row]:g}; allowed: 0 or more")
    present = ~np.isnan(times)
    pace = times / n_items
    return target_frame(
        _persons(seconds, len(times)), key="person_id", seconds=times, estimate=pace,
        n_used=present.astype(int), n_missing=(~present).astype(int),
        method=f"seconds per item, flagged under {seconds_per_item:g}",
        flagged=[bool(value < seconds_per_item) if value == value else None for value in pace.tolist()],
        status=np.where(present, "ok", "undefined").tolist(),
        reason=np.where(present, "", "no time was recorded").tolist(),
    )  # fmt: skip


@statistic(
    family="screening", symbol="r with others", data="ratings", returns="frame", bounds=(-1, 1), min_n=4,
    invariant_to={"row_order", "column_order", "affine"}, source=_CURRAN,
)  # fmt: skip
def reversed_rater(ratings: ArrayLike | pd.DataFrame, *, ci_level: float = 0.95) -> pd.DataFrame:
    """Correlate each rater with the mean of all others, to find one who read the scale upside down.

    Definition: Pearson correlation over targets between a rater's ratings and the mean of the other raters'
    ratings of the same targets.

    Parameters
    ----------
    ratings : DataFrame or array, shape (n_raters, n_targets)
        Ratings; missing ones are left out.
    ci_level : float, default .95
        Level of the Fisher interval.

    Returns
    -------
    DataFrame
        One row per rater: `estimate`, limits, `n_used` (targets). `flagged` where the whole interval is below
        zero. ``too_few`` under four common targets; ``undefined`` where the rater, or the others' mean, does
        not vary.

    Raises
    ------
    StatisticError
        For text or an infinite value.

    Notes
    -----
    A dissenter is not a reversed rater: ask the person. With few targets, or where all targets are good, the
    correlation is mostly noise.

    References
    ----------
    Curran, P. G. (2016). Methods for the detection of carelessly invalid responses in survey data. *Journal
    of Experimental Social Psychology, 66*, 4-19. https://doi.org/10.1016/j.jesp.2015.07.006

    Examples
    --------
    >>> from ktss_analysis.psychometrics.screening import reversed_rater
    >>> ratings = [[1, 2, 3, 4, 4], [1, 2, 2, 4, 3], [2, 1, 3, 4, 4], [4, 3, 2, 1, 1]]
    >>> reversed_rater(ratings)["flagged"].tolist()
    [False, False, False, True]
    """
    level = check_level(ci_level)
    matrix, names = as_matrix(ratings, "ratings")
    present = ~np.isnan(matrix)
    others = present.sum(axis=0) - present
    total = np.where(present, matrix, 0).sum(axis=0) - np.where(present, matrix, 0)
    mean_others = np.divide(total, others, out=np.full(matrix.shape, np.nan), where=others > 0)
    values, n = _row_correlation(matrix, mean_others)
    reach = special.ndtri((1 + level) / 2) / np.sqrt(np.maximum(n - 3, 1))
    centre = np.arctanh(np.clip(values, -1 + 1e-12, 1 - 1e-12))
    low, high = np.minimum(np.tanh(centre - reach), values), np.maximum(np.tanh(centre + reach), values)
    known = ~np.isnan(values) & (n >= 4)
    flagged = [bool(top < 0) if yes else None for top, yes in zip(high, known, strict=True)]
    return _index_frame(
        _persons(ratings, len(matrix)), values, n, 4, "correlation with the mean of the other raters",
        "the rater, or the mean of the others, does not vary", len(names) - n, "targets",
        ci_low=low, ci_high=high, ci_level=level, ci_method="Fisher", flagged=flagged,
    )  # fmt: skip
