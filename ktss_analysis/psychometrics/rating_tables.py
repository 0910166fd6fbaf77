"""Ratings as counts: how often each unit got each value, weights between values, equal units taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..core import StatisticError
from .checks import FloatArray, as_matrix, check_choice

Layout = Literal["ratings", "counts"]
Weights = Literal["linear", "quadratic", "ordinal"]

MOST_CATEGORIES = 100
WEIGHTS: tuple[str, ...] = ("linear", "quadratic", "ordinal")


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """Counts of values per unit: one row stands for `often` units, or, with `groups`, for one unit.

    Parameters
    ----------
    counts : ndarray, shape (n_rows, n_values)
        How many raters gave the unit the value.
    often : ndarray of int, shape (n_rows,)
        Units with these counts.
    values : ndarray, shape (n_values,)
        The codes, ascending; 1, 2, ... for a table of counts.
    n_missing : int
        Units nobody rated; they are not in `counts`.
    groups : ndarray, shape (n_rows,), or None
        Cluster of each unit.
    """

    counts: FloatArray
    often: NDArray[np.int64]
    values: FloatArray
    n_missing: int
    groups: NDArray[np.object_] | None = None

    @property
    def n_raters(self) -> FloatArray:
        """Return the number of ratings of a unit, shape (n_rows,)."""
        return np.asarray(self.counts.sum(axis=1))

    def rated_by(self, at_least: int) -> UnitCounts:
        """Return the units with so many ratings; the others are added to `n_missing`."""
        keep = self.n_raters >= at_least
        return replace(
            self, counts=self.counts[keep], often=self.often[keep],
            n_missing=self.n_missing + int(self.often[~keep].sum()),
            groups=None if self.groups is None else self.groups[keep],
        )  # fmt: skip


def unit_counts(
    data: ArrayLike | pd.DataFrame,
    *,
    layout: Layout = "ratings",
    categories: Sequence[float] | None = None,
    cluster: ArrayLike | None = None,
) -> UnitCounts:
    """Return the counts of units from ratings (units x raters) or from a table of counts (units x categories).

    `categories` names all codes that could have been given, also those nobody gave; a code outside it is refused.
    """
    check_choice(layout, ("ratings", "counts"), "layout")
    matrix, names = as_matrix(data, layout)
    if layout == "counts":
        counts = check_counts(matrix, names)
        values = np.arange(1.0, matrix.shape[1] + 1) if categories is None else _categories(categories)
        if len(values) != matrix.shape[1]:
            raise StatisticError(f"categories: {len(values)} for {matrix.shape[1]} columns of counts")
    else:
        counts, values = count_values(matrix)
        if categories is not None:
            counts, values = _among(counts, values, _categories(categories))
    groups = check_cluster(cluster, len(matrix))
    rated = counts.sum(axis=1) > 0
    n_missing = int((~rated).sum())
    if groups is not None:
        return UnitCounts(counts[rated], np.ones(int(rated.sum()), dtype=np.int64), values, n_missing, groups[rated])
    patterns, often = equal_rows(counts[rated])
    return UnitCounts(patterns, often, values, n_missing)


def count_values(rows: FloatArray, level: str = "nominal") -> tuple[FloatArray, FloatArray]:
    """Return how often each unit got each value, shape (n_units, n_values), and the sorted values."""
    quick = _count_small_codes(rows)
    if quick is not None:
        return quick
    codes, values = pd.factorize(rows.ravel(), sort=True)
    n_values = len(values)
    if n_values > MOST_CATEGORIES:
        raise StatisticError(f"level={level!r}: {n_values} different values, at most {MOST_CATEGORIES}; use 'interval'")
    unit = np.repeat(np.arange(len(rows)), rows.shape[1])
    there = codes >= 0
    cells = np.bincount(unit[there] * n_values + codes[there], minlength=len(rows) * n_values)
    return cells.reshape(len(rows), n_values).astype(float), np.asarray(values, dtype=float)


def _count_small_codes(rows: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Return what `count_values` does if the values are whole numbers close to each other, else None."""
    present = ~np.isnan(rows)
    low, high = (end.reduce(rows, axis=None, initial=np.nan) for end in (np.fmin, np.fmax))
    if not high - low < MOST_CATEGORIES:
        return None
    width = int(high - low) + 2  # the last column counts the missing
    code = np.where(present, rows - low, width - 1)
    whole = code.astype(np.intp)
    if not np.array_equal(whole, code):
        return None
    whole += (np.arange(len(rows)) * width)[:, None]
    counts = np.bincount(whole.ravel(), minlength=len(rows) * width).reshape(len(rows), width)[:, :-1]
    occurs = counts.any(axis=0)
    return counts[:, occurs].astype(float), low + np.flatnonzero(occurs)


def check_counts(table: FloatArray, names: Sequence[str]) -> FloatArray:
    """Return `table`, or refuse a cell that is not a whole number from 0."""
    wrong = np.isnan(table) | (table < 0) | (table % 1 != 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise StatisticError(
            f"counts: row {row + 1}, column {names[column]!r} holds {table[row, column]:g}; "
            "allowed: whole numbers from 0"
        )
    return table


def check_cluster(cluster: ArrayLike | None, n_rows: int) -> NDArray[np.object_] | None:
    """Return the labels of the units' clusters, or refuse a wrong number of labels or a missing one."""
    if cluster is None:
        return None
    labels = np.asarray(cluster)
    if labels.shape != (n_rows,):
        raise StatisticError(f"cluster: {labels.size} labels for {n_rows} units")
    if pd.isna(labels).any():
        raise StatisticError(f"cluster: the label of unit {int(np.argmax(pd.isna(labels))) + 1} is missing")
    return labels


def equal_rows(table: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the different rows of a table of small whole numbers, sorted, and how often each occurs."""
    base = int(table.max(initial=0)) + 1
    if table.shape[1] * np.log2(base) >= 62 or table.size == 0:
        rows, often = np.unique(table, axis=0, return_counts=True)
        return rows, often.astype(np.int64)
    places = base ** np.arange(table.shape[1], dtype=np.int64)[::-1]
    _, first, often = np.unique(table.astype(np.int64) @ places, return_index=True, return_counts=True)
    return table[first], often.astype(np.int64)


def agreement_weights(values: FloatArray, weights: Weights | ArrayLike | None) -> FloatArray:
    """Return how far two values agree, 0 to 1, shape (n_values, n_values).

    None: 1 for equal values, else 0. ``"linear"`` and ``"quadratic"``: 1 minus the distance of the codes, or its
    square, as a share of the largest. ``"ordinal"``: Gwet's weights from ranks, 1 - C(|i-j|+1, 2) / C(q, 2). A
    matrix is taken as it is after a check.
    """
    if weights is None:
        return np.eye(len(values))
    if not isinstance(weights, str):
        return _own_weights(weights, len(values))
    check_choice(weights, WEIGHTS, "weights")
    codes = np.arange(float(len(values))) if weights == "ordinal" else values
    distance = np.abs(np.subtract.outer(codes, codes))
    power = {"linear": distance, "quadratic": distance**2, "ordinal": distance * (distance + 1) / 2}[weights]
    return np.asarray(1 - power / power.max()) if len(values) > 1 else np.eye(1)


def weights_name(weights: Weights | ArrayLike | None) -> str:
    """Return the words for the weights that stand in a method: nothing, '..., linear weights'."""
    if weights is None:
        return ""
    return f", {weights} weights" if isinstance(weights, str) else ", own weights"


def _own_weights(weights: ArrayLike, n_values: int) -> FloatArray:
    matrix, _ = as_matrix(weights, "weights")
    if matrix.shape != (n_values, n_values):
        raise StatisticError(f"weights: shape {matrix.shape}; allowed: ({n_values}, {n_values}), one row per category")
    wrong = np.isnan(matrix) | (matrix < 0) | (matrix > 1)
    if wrong.any() or (np.diagonal(matrix) != 1).any() or (matrix != matrix.T).any():
        raise StatisticError("weights: allowed: a symmetric matrix of numbers from 0 to 1 with 1 on the diagonal")
    return matrix


def _categories(categories: Sequence[float]) -> FloatArray:
    values = np.asarray(categories, dtype=float)
    if values.ndim != 1 or np.isnan(values).any() or (np.diff(values) <= 0).any():
        raise StatisticError(f"categories={tuple(categories)!r}; allowed: ascending numbers, each once")
    if len(values) > MOST_CATEGORIES:
        raise StatisticError(f"categories: {len(values)}, at most {MOST_CATEGORIES}")
    return values


def _among(counts: FloatArray, values: FloatArray, wanted: FloatArray) -> tuple[FloatArray, FloatArray]:
    strange = values[~np.isin(values, wanted)]
    if len(strange):
        allowed = ", ".join(f"{value:g}" for value in wanted)
        raise StatisticError(f"ratings: found {strange[0]:g}; allowed: {allowed}")
    placed = np.zeros((len(counts), len(wanted)))
    placed[:, np.searchsorted(wanted, values)] = counts
    return placed, wanted
