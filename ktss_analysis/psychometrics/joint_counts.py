"""Joint counts of the categories of all pairs of items: all that ordinal correlations need to know."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..core import StatisticError
from .checks import FloatArray, Missing, as_matrix, drop_missing

CountArray = NDArray[np.int64]

_MOST_CATEGORIES = 50
_BLOCK_CELLS = 600_000  # indicator cells at once: a block stays in the processor's cache


@dataclass(frozen=True, slots=True)
class JointCounts:
    """How often each pair of categories was chosen together, for all pairs of items.

    Counts of two sets of persons add: ``joint_counts(a) + joint_counts(b)`` is ``joint_counts`` of both, also when
    a category occurs in one of them only.

    Parameters
    ----------
    names : tuple of str
        Items, in column order.
    categories : tuple of tuple of int
        Categories that occur, per item, ascending.
    counts : ndarray of int, shape (n_items, n_items, most_categories, most_categories)
        ``counts[i, j, a, b]`` persons chose category a of item i and category b of item j. The diagonal blocks
        ``counts[i, i]`` hold the single counts. Items with fewer categories are padded with zeros.
    n_used, n_missing : int
        Persons used at all, and persons left out by the missing-data rule.
    missing : str
        The missing-data rule.
    """

    names: tuple[str, ...]
    categories: tuple[tuple[int, ...], ...]
    counts: CountArray
    n_used: int
    n_missing: int
    missing: str

    def __add__(self, other: JointCounts) -> JointCounts:
        """Return the counts of both sets of persons."""
        if not isinstance(other, JointCounts):
            return NotImplemented
        if self.names != other.names or self.missing != other.missing:
            raise StatisticError(
                f"joint counts of {', '.join(self.names)} ({self.missing}) and {', '.join(other.names)} "
                f"({other.missing}) cannot be added; items and missing-data rule must be the same"
            )
        both = tuple(tuple(sorted({*a, *b})) for a, b in zip(self.categories, other.categories, strict=True))
        total = _aligned(self, both) + _aligned(other, both)
        return JointCounts(
            self.names, both, total, self.n_used + other.n_used, self.n_missing + other.n_missing, self.missing
        )

    @property
    def joint_n(self) -> CountArray:
        """Persons who answered both items, shape (n_items, n_items)."""
        return np.asarray(self.counts.sum(axis=(2, 3)))

    @property
    def single_counts(self) -> CountArray:
        """Persons per item and category, shape (n_items, most_categories)."""
        items = np.arange(len(self.names))
        return np.asarray(np.diagonal(self.counts[items, items], axis1=1, axis2=2))

    def table(self, item: str, other_item: str) -> pd.DataFrame:
        """Return the cross-table of two items; rows and columns are their categories."""
        for name in (item, other_item):
            if name not in self.names:
                raise StatisticError(f"no item {name!r}; allowed: {', '.join(self.names)}")
        i, j = self.names.index(item), self.names.index(other_item)
        rows, columns = self.categories[i], self.categories[j]
        return pd.DataFrame(
            self.counts[i, j, : len(rows), : len(columns)],
            index=pd.Index(rows, name=item), columns=pd.Index(columns, name=other_item),
        )  # fmt: skip


def joint_counts(items: ArrayLike | pd.DataFrame, *, missing: Missing = "pairwise") -> JointCounts:
    """Count how often each pair of categories was chosen together, for all pairs of items.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers, whole numbers; the categories of an item are the values that occur. At most 50 per item.
    missing : {"raise", "listwise", "pairwise"}, default "pairwise"
        Rule for missing cells. ``"pairwise"`` counts a pair among the persons who answered both of its items.

    Returns
    -------
    JointCounts
        Additive over chunks of persons.

    Raises
    ------
    StatisticError
        For an answer that is not a whole number, an item with more than 50 categories, missing cells under
        ``missing="raise"``, text, or infinite values.

    Notes
    -----
    One pass over the rows, in blocks: time grows linearly with the number of persons, memory does not.

    Examples
    --------
    >>> from ktss_analysis.psychometrics.joint_counts import joint_counts
    >>> first, second = joint_counts([[1, 2], [1, 3], [2, 3]]), joint_counts([[2, 2], [1, 3]])
    >>> (first + second).table("V1", "V2")
    V2  2  3
    V1
    1   1  2
    2   1  1
    """
    matrix, names = as_matrix(items)
    rows, n_missing = drop_missing(matrix, missing)
    nothing = np.full(len(names), np.nan)
    low, high = (end.reduce(rows, axis=0, initial=np.nan) if len(rows) else nothing for end in (np.fmin, np.fmax))
    low = np.where(np.isnan(low), 0.0, np.rint(low))
    width = int(np.nanmax(high - low, initial=0.0)) + 1 if len(names) else 1
    if width > _MOST_CATEGORIES:
        dense, values = _dense_codes(rows, names)
        counts = _tabulate(dense, np.zeros(len(names)), max(len(value) for value in values), names)
        categories = tuple(tuple(int(code) for code in value) for value in values)
        return JointCounts(tuple(names), categories, counts, len(rows), n_missing, missing)
    counts = _tabulate(rows, low, width, names)
    full = tuple(tuple(range(int(start), int(start) + width)) for start in low)
    raw = JointCounts(tuple(names), full, counts, len(rows), n_missing, missing)
    occurring = tuple(
        tuple(value for value, count in zip(values, row, strict=True) if count)
        for values, row in zip(full, raw.single_counts.tolist(), strict=True)
    )
    gaps = any(values != whole[: len(values)] for values, whole in zip(occurring, full, strict=True))
    return replace(raw, categories=occurring, counts=_aligned(raw, occurring) if gaps else counts)


def _tabulate(rows: FloatArray, low: FloatArray, width: int, names: list[str]) -> CountArray:
    """Return the counts of codes `rows` - `low` in 0 to `width` - 1, as products of indicator matrices."""
    k = len(names)
    total = np.zeros((k * width, k * width))
    category = np.arange(width, dtype=np.uint8)[:, None]
    step = max(256, _BLOCK_CELLS // max(k * width, 1))
    for start in range(0, len(rows), step):
        code = rows[start : start + step].T - low[:, None]  # columns, so that comparing runs over neighbours
        code[np.isnan(code)] = width  # equals no category
        small = code.astype(np.uint8)
        if not np.array_equal(small, code):
            row, column = np.argwhere((small != code).T)[0]
            found = rows[start + row, column]
            raise StatisticError(
                f"items: row {start + row + 1} of those used, column {names[column]!r} is {found:g}; "
                "ordinal statistics need whole numbers"
            )
        block = (small[:, None] == category).astype(np.float32).reshape(k * width, -1)
        total += block @ block.T  # whole numbers below 2**24: exact in single precision
    counts = total.astype(np.int64).reshape(k, width, k, width)
    return np.ascontiguousarray(counts.transpose(0, 2, 1, 3))


def _dense_codes(rows: FloatArray, names: list[str]) -> tuple[FloatArray, list[FloatArray]]:
    """Return each column's answers as 0, 1, 2, ... in their order, and the answers these stand for."""
    dense, values = np.full(rows.shape, np.nan), []
    for column, name in enumerate(names):
        present = ~np.isnan(rows[:, column])
        found, code = np.unique(rows[present, column], return_inverse=True)
        if (found != np.rint(found)).any():
            odd = found[found != np.rint(found)][0]
            raise StatisticError(f"items: column {name!r} holds {odd:g}; ordinal statistics need whole numbers")
        if len(found) > _MOST_CATEGORIES:
            raise StatisticError(
                f"items: column {name!r} has {len(found)} categories; allowed: {_MOST_CATEGORIES}. Is it continuous?"
            )
        dense[present, column] = code
        values.append(found)
    return dense, values


def _aligned(counts: JointCounts, categories: tuple[tuple[int, ...], ...]) -> CountArray:
    """Return the counts with the categories of each item at the places given; absent ones are zero."""
    k, old = len(counts.names), counts.counts.shape[2]
    width = max((len(values) for values in categories), default=0)
    place = np.full((k, width), old)  # one place past the end is the padding below
    for item, values in enumerate(categories):
        known = {value: index for index, value in enumerate(counts.categories[item])}
        place[item, : len(values)] = [known.get(value, old) for value in values]
    padded = np.pad(counts.counts, ((0, 0), (0, 0), (0, 1), (0, 1)))
    at = np.arange(k)
    return padded[at[:, None, None, None], at[None, :, None, None], place[:, None, :, None], place[None, :, None, :]]
