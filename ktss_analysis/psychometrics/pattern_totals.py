"""Sufficient statistics of incomplete answers: count, means and cross-products of each pattern of missing answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..core import StatisticError
from .checks import FloatArray, as_matrix

MOST_CELLS = 200_000_000  # of cross-products, all patterns together: 1.6 GB


@dataclass(frozen=True, slots=True)
class PatternTotals:
    """Sufficient statistics of each pattern of missing answers; add two to join two sets of persons.

    Parameters
    ----------
    names : tuple of str
        Items, in column order.
    answered : ndarray of bool, shape (n_patterns, n_items)
        Which items each pattern has answers to; at least one.
    counts : ndarray of int, shape (n_patterns,)
        Persons with the pattern.
    means : ndarray, shape (n_patterns, n_items)
        Means of the answered items, 0 for the others.
    products : ndarray, shape (n_patterns, n_items, n_items)
        Cross-products around the pattern's own means, 0 where an item is not answered.
    n_empty : int
        Persons without any answer; they are in no pattern.
    """

    names: tuple[str, ...]
    answered: NDArray[np.bool_]
    counts: NDArray[np.int64]
    means: FloatArray
    products: FloatArray
    n_empty: int

    @property
    def n_used(self) -> int:
        """Persons with at least one answer."""
        return int(self.counts.sum())

    def __add__(self, other: PatternTotals) -> PatternTotals:
        """Return the totals of both sets of persons together."""
        if self.names != other.names:
            raise StatisticError(f"items differ: {', '.join(self.names)} and {', '.join(other.names)}")
        patterns, code = np.unique(np.vstack([self.answered, other.answered]), axis=0, return_inverse=True)
        counts, means, products = (
            np.concatenate([getattr(self, field), getattr(other, field)]) for field in ("counts", "means", "products")
        )
        total = np.zeros(len(patterns), dtype=np.int64)
        np.add.at(total, code, counts)
        mean = np.zeros((len(patterns), len(self.names)))
        np.add.at(mean, code, counts[:, None] * means)
        mean /= total[:, None]
        apart = means - mean[code]
        joined = np.zeros((len(patterns), *products.shape[1:]))
        np.add.at(joined, code, products + counts[:, None, None] * apart[:, :, None] * apart[:, None, :])
        return PatternTotals(self.names, patterns, total, mean, joined, self.n_empty + other.n_empty)


def pattern_totals(items: ArrayLike | pd.DataFrame) -> PatternTotals:
    """Return count, means and cross-products of each pattern of missing answers.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers; missing cells allowed. For long data pass chunks of rows and add the results.

    Returns
    -------
    PatternTotals
        One entry per pattern that occurs.

    Raises
    ------
    StatisticError
        For text, infinite values, or more patterns than memory should hold (80,000 patterns of 50 items).

    Examples
    --------
    >>> part = pattern_totals([[1, 2], [3, float("nan")]])
    >>> whole = part + pattern_totals([[5, float("nan")]])
    >>> whole.counts.tolist(), whole.means.tolist()
    ([2, 1], [[4.0, 0.0], [1.0, 2.0]])
    """
    matrix, names = as_matrix(items)
    k = len(names)
    present = ~np.isnan(matrix)
    some = present.any(axis=1)
    rows, present = matrix[some], present[some]
    packed, code = np.unique(np.packbits(present, axis=1), axis=0, return_inverse=True)
    order, counts = np.argsort(code, kind="stable"), np.bincount(code, minlength=len(packed))
    if len(packed) * k * k > MOST_CELLS:
        raise StatisticError(
            f"items: {len(packed)} patterns of missing answers over {k} items are too many to hold; "
            "take fewer items at a time, e.g. one scale"
        )
    answered = np.unpackbits(packed, axis=1, count=k).astype(bool) if len(packed) else np.zeros((0, k), dtype=bool)
    means, products = np.zeros((len(packed), k)), np.zeros((len(packed), k, k))
    for pattern, members in enumerate(np.split(order, np.cumsum(counts)[:-1]) if len(packed) else []):
        items_here = np.flatnonzero(answered[pattern])
        part = rows[np.ix_(members, items_here)]
        mean = part.mean(axis=0)
        means[pattern, items_here] = mean
        products[pattern][np.ix_(items_here, items_here)] = (part - mean).T @ (part - mean)
    return PatternTotals(tuple(names), answered, counts.astype(np.int64), means, products, int((~some).sum()))
