"""Resamples of rows, drawn for all statistics in one place: weights, totals, and the limits read from replicates.

A resample of rows is a row of weights (how often each row stands in it), and the totals of all resamples are
weights times rows: one matrix product, no loop over resamples. Rows are put in an order that depends on their
content alone, so a seed gives the same resamples whatever the order of the file.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ..core import StatisticError
from .checks import FloatArray

_CELLS_IN_CACHE = 1 << 16  # weights handled at once: a block that stays in the processor's cache
_ROWS_PER_PATTERN = 20  # from here on one draw per pattern is cheaper than one draw per row


def canonical_rows(matrix: FloatArray, names: list[str] | None = None) -> NDArray[np.intp]:
    """Return a row order that depends on the rows' content alone, so that a seed gives one interval.

    Without it the same people in another file order would get a slightly different bootstrap interval.
    `names` makes the order independent of the order of columns too.
    """
    if matrix.shape[1] == 0:
        return np.arange(len(matrix))
    columns = np.argsort(np.asarray(names)) if names is not None else np.arange(matrix.shape[1])
    return np.lexsort(matrix[:, columns].T[::-1])


def distinct_rows(
    table: FloatArray, counts: NDArray[np.int64] | None = None
) -> tuple[FloatArray, NDArray[np.int64]]:  # fmt: skip
    """Return the different rows in canonical order, and how often each occurs (`counts` says it of each row)."""
    order = canonical_rows(table)
    ordered = table[order]
    if not len(ordered):
        return ordered, np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, (ordered[1:] != ordered[:-1]).any(axis=1)])
    if counts is None:
        return ordered[starts], np.diff(np.r_[starts, len(ordered)])
    return ordered[starts], np.add.reduceat(counts[order], starts)


def bootstrap_weights(
    n: int, n_boot: int, seed: int | np.random.Generator, *, counts: ArrayLike | None = None
) -> FloatArray:
    """Draw bootstrap weights: how often each row stands in each resample.

    Parameters
    ----------
    n : int
        Rows (or different rows, when `counts` is given).
    n_boot : int
        Resamples.
    seed : int or numpy.random.Generator
        Seed; a generator is advanced.
    counts : array_like of int, shape (n,), optional
        How often each different row occurs; each resample then has ``sum(counts)`` rows.

    Returns
    -------
    ndarray, shape (n_boot, n)
        Each row sums to the number of rows drawn.

    Raises
    ------
    StatisticError
        When `n` or `n_boot` is below 1.

    Examples
    --------
    >>> bootstrap_weights(5, 2, seed=1).sum(axis=1)
    array([5., 5.])
    """
    if n < 1 or n_boot < 1:
        raise StatisticError(f"n={n!r}, n_boot={n_boot!r}; allowed: 1 or more")
    often = np.ones(n, dtype=np.int64) if counts is None else np.asarray(counts, dtype=np.int64)
    generator, total = np.random.default_rng(seed), int(often.sum())
    if total > _ROWS_PER_PATTERN * n:
        return generator.multinomial(total, often / total, size=n_boot).astype(float)
    drawn = generator.integers(0, total, size=(n_boot, total))
    if total > n:
        drawn = np.repeat(np.arange(n), often)[drawn]
    drawn += (np.arange(n_boot) * n)[:, None]
    return np.bincount(drawn.ravel(), minlength=n_boot * n).reshape(n_boot, n).astype(float)


def totals_in_blocks(
    unique: FloatArray, counts: NDArray[np.int64], n_boot: int, seed: int | np.random.Generator
) -> Iterator[FloatArray]:
    """Yield the column totals of `n_boot` resamples in blocks, shape (n_block, n_columns) each."""
    if n_boot < 1:
        raise StatisticError(f"n_boot={n_boot!r}; allowed: 1 or more")
    generator, total = np.random.default_rng(seed), int(counts.sum())
    if len(unique) < total < 2 * len(unique):  # few rows are equal: drawing them one by one is the same and cheaper
        unique, counts = np.repeat(unique, counts, axis=0), np.ones(total, dtype=np.int64)
    width = len(unique) if total > _ROWS_PER_PATTERN * len(unique) else total
    step = max(1, _CELLS_IN_CACHE // width)
    for start in range(0, n_boot, step):
        yield bootstrap_weights(len(unique), min(step, n_boot - start), generator, counts=counts) @ unique


def resampled_totals(matrix: FloatArray, n_boot: int, seed: int | np.random.Generator) -> FloatArray:
    """Return the column totals of `n_boot` resamples of the rows, shape (n_boot, n_columns).

    Memory does not grow with the number of rows. Persons with equal rows are drawn together where that is
    cheaper, so many persons with few answer patterns cost little.
    """
    return np.concatenate(list(totals_in_blocks(*distinct_rows(matrix), n_boot, seed)))


def quantiles(values: FloatArray, shares: ArrayLike) -> FloatArray:
    """Return quantiles of values without nans, interpolated as `numpy.quantile` does, at less cost for few values."""
    place = np.asarray(shares, dtype=float) * (len(values) - 1)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, len(values) - 1)
    ordered = np.partition(values, np.concatenate([below, above]))
    return np.asarray(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


def percentile_limits(replicates: FloatArray, estimate: ArrayLike, level: float) -> tuple[FloatArray, FloatArray]:
    """Return percentile limits over the first axis, widened to hold the estimate; nans are skipped."""
    estimate = np.broadcast_to(np.asarray(estimate, dtype=float), replicates.shape[1:])
    tails = [(1 - level) / 2, (1 + level) / 2]
    if not np.isnan(replicates).any():
        low, high = np.quantile(replicates, tails, axis=0)
        known = ~np.isnan(estimate)
        return np.where(known, np.fmin(low, estimate), np.nan), np.where(known, np.fmax(high, estimate), np.nan)
    low, high = np.full(estimate.shape, np.nan), np.full(estimate.shape, np.nan)
    for index in np.ndindex(estimate.shape):
        values = replicates[(slice(None), *index)]
        values = values[~np.isnan(values)]
        if values.size and not np.isnan(estimate[index]):
            low[index], high[index] = np.quantile(values, tails)
    return np.fmin(low, estimate), np.fmax(high, estimate)


def bca_levels(
    replicates: FloatArray, value: float, differences: FloatArray, counts: ArrayLike, level: float
) -> FloatArray:
    """Return the two quantile levels that the bias-corrected and accelerated interval reads the replicates at.

    `differences` are the jackknife differences (mean of the leave-one-out values minus each), one per different
    row; `counts` says how often each row occurs.
    """
    often = np.asarray(counts, dtype=float)
    below = (np.sum(replicates < value) + np.sum(replicates == value) / 2) / len(replicates)
    below = np.clip(below, 0.5 / len(replicates), 1 - 0.5 / len(replicates))
    spread = (often * differences**2).sum()
    acceleration = (often * differences**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    bias = special.ndtri(below)
    shifted = bias + special.ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    return np.asarray(special.ndtr(bias + shifted / (1 - acceleration * shifted)))
