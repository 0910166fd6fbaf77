"""Item analysis: how each item is answered and how it goes with the rest of its scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..core import StatisticError
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, constant_columns, drop_missing
from .frames import tidy
from .intervals import fisher_limits
from .moments import covariances, pair_correlations, to_correlation
from .registry import statistic

Key = Mapping[str, int] | Sequence[int] | None

_FISHER = "Fisher z, variance 1/(n - 3)"


def check_scale(matrix: FloatArray, names: Sequence[str], scale: tuple[float, float]) -> tuple[float, float]:
    """Return the scale's ends, or refuse an answer outside them; the message names item, row and value."""
    low, high = (float(end) for end in scale)
    if not low < high:
        raise StatisticError(f"scale={scale!r}; allowed: (lowest, highest) with lowest < highest")
    lowest, highest = np.fmin.reduce(matrix, axis=None, initial=low), np.fmax.reduce(matrix, axis=None, initial=high)
    if lowest < low or highest > high:
        outside = (matrix < low) | (matrix > high)
        row, column = np.argwhere(outside)[0]
        raise StatisticError(
            f"items: column {names[column]!r}, row {row + 1} holds {matrix[row, column]:g}; "
            f"allowed: {low:g} to {high:g}"
        )
    return low, high


def apply_keys(items: ArrayLike | pd.DataFrame, *, scale: tuple[float, float], key: Key = None) -> pd.DataFrame:
    r"""Return the answers with reverse-keyed items turned round.

    .. math:: x' = lo + hi - x \quad \text{for items with key } -1

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers on one scale; missing cells stay missing.
    scale : tuple of float
        Lowest and highest possible answer. Never taken from the data.
    key : mapping of item to 1 or -1, or sequence of 1 and -1, optional
        Direction of each item; items that a mapping does not name have key 1.

    Returns
    -------
    DataFrame, shape (n_persons, n_items)
        Floats under the same column names and index.

    Raises
    ------
    StatisticError
        For an answer outside the scale, a key that is not 1 or -1, or a key for an item that is not there.

    Examples
    --------
    >>> apply_keys([[1, 5], [2, 4]], scale=(1, 5), key=[1, -1]).to_numpy().tolist()
    [[1.0, 1.0], [2.0, 2.0]]
    """
    matrix, names = as_matrix(items)
    low, high = check_scale(matrix, names, scale)
    signs = _signs(key, names)
    index = items.index if isinstance(items, pd.DataFrame) else None
    return pd.DataFrame(np.where(signs < 0, low + high - matrix, matrix), columns=names, index=index)


def _signs(key: Key, names: Sequence[str]) -> FloatArray:
    if key is None:
        return np.ones(len(names))
    if isinstance(key, Mapping):
        unknown = [str(name) for name in key if str(name) not in names]
        if unknown:
            raise StatisticError(f"key: there is no item {unknown[0]!r}; items: {', '.join(names)}")
        by_name = {str(name): sign for name, sign in key.items()}
        signs = np.array([by_name.get(name, 1) for name in names], dtype=float)
    else:
        signs = np.array(list(key), dtype=float)
        if signs.shape != (len(names),):
            raise StatisticError(f"key: {signs.size} keys for {len(names)} items")
    if not np.isin(signs, (1, -1)).all():
        wrong = int(np.argmax(~np.isin(signs, (1, -1))))
        raise StatisticError(f"key of item {names[wrong]!r} is {signs[wrong]:g}; allowed: 1, -1")
    return signs


@statistic(
    family="items", symbol="X", data="items", returns="frame", min_n=1, invariant_to={"column_order"},
    source="doi:10.1177/0011000012445176",
)  # fmt: skip
def score_items(
    items: ArrayLike | pd.DataFrame,
    *,
    scale: tuple[float, float],
    key: Key = None,
    method: Literal["mean", "sum"] = "mean",
    min_answered: int | None = None,
) -> pd.DataFrame:
    r"""Compute each person's scale score after reversing keys.

    ``"mean"`` is the mean of the answers present; ``"sum"`` is that mean times the number of items, so that a
    person who skipped an item is not scored as if the answer were zero.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers on one scale; missing cells allowed.
    scale : tuple of float
        Lowest and highest possible answer. Never taken from the data.
    key : mapping of item to 1 or -1, or sequence of 1 and -1, optional
        Direction of each item; 1 where not given.
    method : {"mean", "sum"}, default "mean"
        Kind of score.
    min_answered : int, optional
        Fewest answered items for which a score is given; by default all.

    Returns
    -------
    DataFrame, one row per person
        `scale_score` in scale points, `n_answered`, `status`, `reason`, under the index of `items`.
        ``too_few`` where fewer than `min_answered` items were answered.

    Raises
    ------
    StatisticError
        For an answer outside the scale, a wrong key, or a `min_answered` outside 1 to the number of items.

    Notes
    -----
    With missing answers the score assumes that the person would have answered the skipped items as the
    answered ones. It is not a score when the items measure different things.

    References
    ----------
    Parent, M. C. (2013). Handling item-level missing data: Simpler is just as good. *The Counseling
    Psychologist, 41*, 568-600. https://doi.org/10.1177/0011000012445176

    Examples
    --------
    One person on the ten items of Rosenberg (1965), 1-4, items 2, 5, 6, 8 and 9 reversed; the range is 10-40:

    >>> answers = [[4, 1, 4, 4, 1, 2, 4, 1, 1, 4]]
    >>> key = [1, -1, 1, 1, -1, -1, 1, -1, -1, 1]
    >>> float(score_items(answers, scale=(1, 4), key=key, method="sum")["scale_score"].iloc[0])
    39.0
    """
    check_choice(method, ("mean", "sum"), "method")
    keyed = apply_keys(items, scale=scale, key=key)
    n_items = keyed.shape[1]
    least = n_items if min_answered is None else min_answered
    if n_items and not 1 <= least <= n_items:
        raise StatisticError(f"min_answered={min_answered!r}; allowed: 1 to {n_items}")
    matrix = keyed.to_numpy()
    answered = (~np.isnan(matrix)).sum(axis=1)
    enough = (answered >= least) & (answered > 0)
    score = np.full(len(matrix), np.nan)
    np.divide(np.nansum(matrix, axis=1), answered, out=score, where=enough)
    if method == "sum":
        score = score * n_items
    reason = [
        "" if fine else f"{count} of {n_items} items answered; needs {least}"
        for fine, count in zip(enough, answered, strict=True)
    ]
    columns = {
        "scale_score": score,
        "n_answered": answered,
        "status": np.where(enough, "ok", "too_few"),
        "reason": reason,
    }
    return tidy(columns, "score_items").set_axis(keyed.index)


@statistic(
    family="items", symbol="r", data="items", returns="frame", bounds=(-1, 1), min_n=4,
    invariant_to={"row_order", "affine"}, source="doi:10.2307/2331838",
)  # fmt: skip
def inter_item_correlations(
    items: ArrayLike | pd.DataFrame, *, missing: Missing = "raise", ci_level: float = 0.95
) -> pd.DataFrame:
    r"""Compute the product-moment correlation of each pair of items.

    .. math:: r = s_{xy} / (s_x s_y), \qquad \tanh\bigl(\operatorname{artanh} r \mp z/\sqrt{n-3}\bigr)

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells; ``"pairwise"`` uses, for each pair, the persons who answered both.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    DataFrame, one row per pair
        `item_id`, `other_item_id`, `estimate` in -1 to 1, `ci_low`, `ci_high`, `ci_level`, `method`,
        `n_used`, `n_missing`, `status`, `reason`. ``too_few`` under four persons, ``undefined`` for a
        constant item.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``.

    Notes
    -----
    Assumes intervals and, for the limits, normal variables; for few answer categories the correlation is too
    small in size.

    References
    ----------
    Fisher, R. A. (1915). Frequency distribution of the values of the correlation coefficient in samples from
    an indefinitely large population. *Biometrika, 10*, 507-521. https://doi.org/10.2307/2331838

    Examples
    --------
    Anscombe's first data set (1973), r = .816:

    >>> x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    >>> y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    >>> float(inter_item_correlations(list(zip(x, y)))["estimate"].round(3).iloc[0])
    0.816
    """
    level = check_level(ci_level)
    matrix, names = as_matrix(items)
    rows, _ = drop_missing(matrix, missing)
    first, second = np.triu_indices(len(names), 1)
    r, joint = pair_correlations(rows)
    n_used = joint[first, second]
    low, high = fisher_limits(r[first, second], n_used, level)
    labels = np.array(names, dtype=object)
    few, undefined = n_used < 4, np.isnan(r[first, second])
    constant = constant_columns(rows, names)
    pairs = zip(labels[first], labels[second], strict=True)
    reason = [
        f"{count} person(s) answered both; needs 4" if small else _why_constant(pair, constant) if flat else ""
        for count, small, flat, pair in zip(n_used, few, undefined, pairs, strict=True)
    ]
    blank = few | undefined
    return tidy(
        {
            "item_id": labels[first], "other_item_id": labels[second],
            "estimate": np.where(blank, np.nan, r[first, second]),
            "ci_low": np.where(blank, np.nan, low), "ci_high": np.where(blank, np.nan, high),
            "ci_level": np.where(blank, np.nan, level),
            "method": [f"product-moment correlation, {_rule(missing)}; {_FISHER}"] * len(first),
            "n_used": n_used, "n_missing": len(matrix) - n_used,
            "status": np.select([few, undefined], ["too_few", "undefined"], "ok"), "reason": reason,
        },
        "inter_item_correlations",
    )  # fmt: skip


def _rule(missing: str) -> str:
    return "complete answers" if missing == "raise" else missing


def _why_constant(pair: tuple[str, str], constant: Sequence[str]) -> str:
    named = [repr(name) for name in pair if name in constant]
    who = " and ".join(named) if named else f"{pair[0]!r} or {pair[1]!r}, among the persons who answered both,"
    return f"{who} does not vary"


@statistic(
    family="items", symbol="r_ir", data="items", returns="frame", bounds=(-1, 1), min_n=4,
    invariant_to={"row_order", "column_order"}, source="doi:10.1177/001316445301300109",
)  # fmt: skip
def item_statistics(
    items: ArrayLike | pd.DataFrame,
    *,
    scale: tuple[float, float],
    key: Key = None,
    ci_level: float = 0.95,
) -> pd.DataFrame:
    r"""Compute the table of an item analysis: one row per item.

    With :math:`C` the covariances of the items and :math:`T` their sum, for item j

    .. math:: \text{difficulty} = \frac{\bar x_j - lo}{hi - lo}, \qquad
              r_{ir} = \frac{\sum_{l \ne j} c_{jl}}{\sqrt{c_{jj} \sum_{l,m \ne j} c_{lm}}}, \qquad
              \alpha_{-j} = \frac{k-1}{k-2}
              \Bigl(1 - \frac{\sum_{l \ne j} c_{ll}}{\sum_{l,m \ne j} c_{lm}}\Bigr)

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers of one scale; missing cells allowed. Each item uses the answers present; a covariance uses the
        persons who answered both.
    scale : tuple of float
        Lowest and highest possible answer. Never taken from the data.
    key : mapping of item to 1 or -1, or sequence of 1 and -1, optional
        Direction of each item; items with -1 are turned round first.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    DataFrame, one row per item
        `item_id`, `n_used`, `n_missing`, `mean`, `sd`, `item_difficulty` (0-1), `floor_share`,
        `ceiling_share`, `item_rest_correlation` (-1 to 1) with `ci_low`, `ci_high`, `ci_level`, `ci_method`,
        `alpha_if_item_deleted`, `largest_correlation` and `other_item_id` (the most similar item: a check for
        redundancy), `status`, `reason`. The status is that of the columns that relate the item to others; the
        description of the item itself is given whenever somebody answered.

    Raises
    ------
    StatisticError
        For an answer outside the scale or a wrong key; the message names item, row and value.

    Notes
    -----
    The interval is Fisher's, with variance 1/(n - 3) and n the smallest count of persons behind the item's
    covariances; it takes the rest score as given and normal variables: with half of the answers at the top of the
    scale the 95 % limits held in .90 to .92 of simulated samples. An item that does not vary is left out
    of the rest scores and alphas of the others. In this project shares and means of fewer than five persons
    are not published.

    References
    ----------
    Guilford, J. P. (1953). The correlation of an item with a composite of the remaining items in a test.
    *Educational and Psychological Measurement, 13*, 87-93. https://doi.org/10.1177/001316445301300109
    Fisher, R. A. (1915), https://doi.org/10.2307/2331838 (interval).

    Examples
    --------
    The judges of Shrout and Fleiss (1979, table 2, 1-10) taken as items; the second judge's mean is 2.5:

    >>> answers = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> table = item_statistics(answers, scale=(1, 10))
    >>> table["item_difficulty"].round(3).tolist()
    [0.741, 0.167, 0.37, 0.63]
    """
    level = check_level(ci_level)
    keyed = apply_keys(items, scale=scale, key=key)
    matrix, names = keyed.to_numpy(), list(keyed.columns)
    described = _describe(matrix, names, scale)
    related = _relate(matrix, names, level)
    return tidy({**described, **related}, "item_statistics")


def _describe(matrix: FloatArray, names: list[str], scale: tuple[float, float]) -> dict[str, object]:
    """Return the columns that need one item only."""
    low, high = scale
    present = ~np.isnan(matrix)
    n = present.sum(axis=0)
    some, several = n > 0, n > 1
    mean, sd = np.full(len(names), np.nan), np.full(len(names), np.nan)
    filled = matrix if n.min(initial=len(matrix)) == len(matrix) else np.where(present, matrix, 0.0)
    np.divide(filled.sum(axis=0), n, out=mean, where=some)
    apart = np.where(present, matrix - mean, 0.0)
    squares = np.einsum("ij,ij->j", apart, apart)
    sd[several] = np.sqrt(squares[several] / (n[several] - 1))
    floor, ceiling = np.full(len(names), np.nan), np.full(len(names), np.nan)
    np.divide((matrix == low).sum(axis=0), n, out=floor, where=some)
    np.divide((matrix == high).sum(axis=0), n, out=ceiling, where=some)
    return {
        "item_id": names, "n_used": n, "n_missing": len(matrix) - n, "mean": mean, "sd": sd,
        "item_difficulty": (mean - low) / (high - low), "floor_share": floor, "ceiling_share": ceiling,
    }  # fmt: skip


def _relate(matrix: FloatArray, names: list[str], level: float) -> dict[str, object]:
    """Return the columns that relate each item to the others."""
    k = len(names)
    constant = constant_columns(matrix, names)
    varying = np.array([index for index, name in enumerate(names) if name not in constant], dtype=int)
    r_rest, alpha, largest = np.full(k, np.nan), np.full(k, np.nan), np.full(k, np.nan)
    smallest_n, partner = np.zeros(k, dtype=int), np.full(k, None, dtype=object)
    if len(varying) > 1:
        covariance, joint = covariances(matrix[:, varying])
        r_rest[varying], alpha[varying] = _rest_and_alpha(covariance)
        smallest_n[varying] = joint.min(axis=1)
        complete = bool((joint == len(matrix)).all())
        correlation = to_correlation(covariance) if complete else pair_correlations(matrix[:, varying])[0]
        size = np.nan_to_num(np.abs(correlation), nan=-1.0)
        np.fill_diagonal(size, -1.0)
        best = size.argmax(axis=1)
        found = size.max(axis=1) >= 0
        values = correlation[np.arange(len(varying)), best]
        largest[varying[found]] = values[found]
        partner[varying[found]] = [names[index] for index in varying[best[found]]]
    status, reason = _item_status(names, constant, matrix, len(varying), smallest_n, r_rest)
    blank = np.array(status) != "ok"
    low, high = fisher_limits(np.where(blank, np.nan, r_rest), smallest_n, level)
    for column in (r_rest, alpha, largest):
        column[blank] = np.nan
    partner[blank] = None
    return {
        "item_rest_correlation": r_rest, "ci_low": low, "ci_high": high,
        "ci_level": np.where(blank, np.nan, level), "ci_method": [_FISHER] * k,
        "alpha_if_item_deleted": alpha, "largest_correlation": largest,
        "other_item_id": partner, "status": status, "reason": reason,
    }  # fmt: skip


def item_rest_limits(
    covariance: FloatArray, joint: FloatArray, *, ci_level: float = 0.95
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute corrected item-total correlations and their limits from moments, as `item_statistics` does from answers.

    Parameters
    ----------
    covariance : array, shape (n_items, n_items)
        Covariances of the items of one scale, reversed items turned round; only items that vary.
    joint : array, shape (n_items, n_items)
        Persons who answered both items of a pair. Additive over parts of the persons, as are the sums and
        products that covariances are made of.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    correlation, low, high : arrays, shape (n_items,)
        Correlation of each item with the sum of the others (-1 to 1) and its limits; nan for fewer than two items,
        where fewer than four persons answered an item with another, and where the rest does not vary.
    """
    level = check_level(ci_level)
    if len(covariance) < 2:
        nothing = np.full(len(covariance), np.nan)
        return nothing, nothing, nothing
    smallest_n = joint.min(axis=1)
    correlation = _rest_and_alpha(covariance)[0]
    correlation = np.where(smallest_n < 4, np.nan, correlation)
    low, high = fisher_limits(correlation, np.rint(smallest_n).astype(int), level)
    return correlation, low, high


def _rest_and_alpha(covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return item-rest correlations and alphas if deleted from covariances of items that vary."""
    k, variance, with_all = len(covariance), np.diagonal(covariance), covariance.sum(axis=1)
    rest = covariance.sum() - 2 * with_all + variance
    defined = rest > 1e-12 * variance.sum()
    r, alpha = np.full(k, np.nan), np.full(k, np.nan)
    np.divide(with_all - variance, np.sqrt(np.where(defined, variance * rest, 1.0)), out=r, where=defined)
    if k > 2:
        np.divide(variance.sum() - variance, rest, out=alpha, where=defined)
        alpha = (k - 1) / (k - 2) * (1 - alpha)
    inside = np.asarray(np.abs(r) <= 1 + 1e-9)  # pairwise covariances need not belong to one set of persons
    return np.where(inside, np.clip(r, -1, 1), np.nan), alpha


def _item_status(
    names: list[str],
    constant: list[str],
    matrix: FloatArray,
    n_varying: int,
    smallest_n: np.ndarray,
    r: FloatArray,
) -> tuple[list[str], list[str]]:
    status, reason = ["ok"] * len(names), [""] * len(names)
    empty = np.asarray(np.isnan(matrix).all(axis=0))
    for index, name in enumerate(names):
        if empty[index]:
            status[index], reason[index] = "too_few", f"item {name!r}: nobody answered"
        elif name in constant:
            status[index], reason[index] = "undefined", f"item {name!r}: everybody gave the same answer"
        elif n_varying < 2:
            status[index], reason[index] = "undefined", "there is no other item that varies"
        elif smallest_n[index] < 4:
            few = int(smallest_n[index])
            status[index], reason[index] = (
                "too_few",
                f"item {name!r}: {few} person(s) answered it with another; needs 4",
            )
        elif np.isnan(r[index]):
            status[index], reason[index] = (
                "undefined",
                f"item {name!r}: the sum of the other items does not vary",
            )
    return status, reason
