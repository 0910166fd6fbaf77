"""Covariances and correlations under the three missing-data rules, with the count behind each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core import Estimate, Status
from .checks import FloatArray, Missing, constant_columns, drop_missing

_BLOCK = 4096  # rows handled at once
SINGULAR = 1e-10  # smallest eigenvalue of a correlation matrix that still counts as positive


@dataclass(frozen=True, slots=True)
class Moments:
    """What covariance-based statistics need to know about the data.

    Parameters
    ----------
    names : tuple of str
        Items, in column order.
    covariance : ndarray, shape (n_items, n_items)
        Divisor n - 1. With pairwise deletion each cell comes from the persons who answered both items.
    joint_n : ndarray, shape (n_items, n_items)
        Persons behind each cell.
    n_used, n_missing : int
        Persons used at all, and persons left out.
    missing : str
        The missing-data rule.
    """

    names: tuple[str, ...]
    covariance: FloatArray
    joint_n: NDArray[np.int64]
    n_used: int
    n_missing: int
    missing: str

    @property
    def n_for_inference(self) -> int:
        """The count an interval or test may rest on: the smallest count behind any cell."""
        return int(self.joint_n.min())

    @property
    def correlation(self) -> FloatArray:
        """Standardised covariances; every item must vary."""
        return to_correlation(self.covariance)


def to_correlation(covariance: FloatArray) -> FloatArray:
    """Return the correlation matrix of a covariance matrix with a positive diagonal."""
    deviation = np.sqrt(np.diagonal(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(correlation)


def covariances(matrix: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return covariances (divisor n - 1) from the rows present for each pair, and the counts.

    A pair answered by fewer than two persons has no covariance: nan. The rows are passed once, in blocks that
    fit into the processor's cache.
    """
    k = matrix.shape[1]
    joint, sums, cross = np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k))
    shift = _first_answers(matrix[:_BLOCK])
    workspace = np.empty((min(_BLOCK, len(matrix)), k), order="C" if matrix.flags.c_contiguous else "F")
    for start in range(0, len(matrix), _BLOCK):
        rows = matrix[start : start + _BLOCK]
        shifted = np.subtract(rows, shift, out=workspace[: len(rows)])
        totals = shifted.sum(axis=0)
        if np.isnan(totals).any():
            absent_cells = np.isnan(shifted)
            weight = 1.0 - absent_cells
            shifted = np.where(absent_cells, 0.0, shifted)
            joint += weight.T @ weight
            sums += shifted.T @ weight  # the row's item over the persons who answered the column's item
        else:
            joint += len(shifted)
            sums += totals[:, None]
        cross += shifted.T @ shifted
    covariance = np.full((k, k), np.nan)
    centred = cross - sums * sums.T / np.maximum(joint, 1)
    np.divide(centred, joint - 1, out=covariance, where=joint > 1)
    return covariance, np.rint(joint).astype(np.int64)


def pair_correlations(matrix: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return correlations from the rows present for each pair, and the counts; nan where an item is constant.

    The variances, too, come from the rows of the pair, so that no correlation can leave -1 to 1. On complete
    rows this is the correlation matrix; with missing cells it is not that of `covariances`.
    """
    k = matrix.shape[1]
    joint, sums, squares, cross = np.zeros((4, k, k))
    shift = _first_answers(matrix[:_BLOCK])
    for start in range(0, len(matrix), _BLOCK):
        shifted = matrix[start : start + _BLOCK] - shift
        totals = shifted.sum(axis=0)
        if np.isnan(totals).any():
            absent_cells = np.isnan(shifted)
            weight = 1.0 - absent_cells
            shifted = np.where(absent_cells, 0.0, shifted)
            joint += weight.T @ weight
            sums += shifted.T @ weight
            squares += (shifted**2).T @ weight
        else:
            joint += len(shifted)
            sums += totals[:, None]
            squares += np.einsum("ij,ij->j", shifted, shifted)[:, None]
        cross += shifted.T @ shifted
    safe = np.maximum(joint, 1)
    spread = squares - sums**2 / safe  # of the row's item over the persons who answered the column's item
    spread[spread <= 1e-12 * squares] = 0.0
    product = np.sqrt(spread * spread.T)
    correlation = np.full((k, k), np.nan)
    np.divide(cross - sums * sums.T / safe, product, out=correlation, where=product > 0)
    return np.clip(correlation, -1, 1), np.rint(joint).astype(np.int64)


def _first_answers(rows: FloatArray) -> FloatArray:
    """Return a value near the middle of each column, to keep sums of squares small; 0 where there is none."""
    present = ~np.isnan(rows)
    total, count = np.where(present, rows, 0.0).sum(axis=0), present.sum(axis=0)
    return np.asarray(np.rint(total / np.maximum(count, 1)))


def _constant(rows: FloatArray, names: Sequence[str]) -> list[str]:
    """Return `constant_columns`, reading all rows only for columns that do not vary in the first ones."""
    head = set(constant_columns(rows[:_BLOCK], names))
    doubtful = [index for index, name in enumerate(names) if name in head]
    return constant_columns(rows[:, doubtful], [names[index] for index in doubtful]) if doubtful else []


def item_moments(matrix: FloatArray, names: Sequence[str], missing: Missing) -> Moments:
    """Return the moments of the items under a missing-data rule; see `drop_missing` for the rules."""
    rows, n_missing = _rows_for(matrix, missing)
    covariance, joint = covariances(rows)
    return Moments(tuple(names), covariance, joint, len(matrix) - n_missing, n_missing, missing)


def _rows_for(matrix: FloatArray, missing: Missing) -> tuple[FloatArray, int]:
    """Return rows for sums and how many persons are left out: `drop_missing` without a copy if pairwise.

    Rows that are missing throughout add nothing to a sum over the rows present, so they may stay.
    """
    if missing != "pairwise":
        return drop_missing(matrix, missing)
    empty = np.isnan(matrix[:, 0]) if matrix.shape[1] else np.ones(len(matrix), dtype=bool)
    empty[empty] = np.isnan(matrix[empty]).all(axis=1)
    return matrix, int(empty.sum())


def obstacle(
    matrix: FloatArray, names: Sequence[str], missing: Missing, *, min_items: int = 2, min_n: int = 2
) -> tuple[Status, str] | None:
    """Return why no covariance-based number can be given for these items, or None if it can."""
    if len(names) < min_items:
        return "undefined", f"{len(names)} item(s); needs {min_items} or more"
    empty = [name for name in _constant(matrix, names) if np.isnan(matrix[:, names.index(name)]).all()]
    if len(matrix) and empty:
        return "too_few", f"item {empty[0]!r}: nobody answered"
    rows, n_missing = _rows_for(matrix, missing)
    n_used = len(matrix) - n_missing
    if n_used < min_n:
        dropped = f" ({n_missing} left out for missing answers)" if n_missing else ""
        return "too_few", f"{n_used} person(s){dropped}; needs {min_n} or more"
    constant = _constant(rows, names)
    if constant:
        return "undefined", f"item {constant[0]!r}: everybody gave the same answer"
    if missing == "pairwise" and 2 * np.isnan(rows).sum(axis=0).max() > len(rows) - min_n:
        present = (~np.isnan(rows)).astype(float)
        counts = present.T @ present
        if counts.min() < min_n:
            first, second = np.argwhere(counts < min_n)[0]
            return (
                "too_few",
                f"items {names[first]!r} and {names[second]!r}: answered together by {counts.min():.0f}",
            )
    return None


def singularity(correlation: FloatArray, names: Sequence[str]) -> str:
    """Return why a correlation matrix cannot be inverted, in words; empty if it can."""
    if np.isnan(correlation).any():
        first, second = np.argwhere(np.isnan(correlation))[0]
        pair = f"{names[first]!r} and {names[second]!r}"
        return f"items {pair}: one of them does not vary among the persons who answered both"
    twin = largest_pair(correlation)
    if twin is not None and abs(correlation[twin]) > 1 - SINGULAR:
        return f"items {names[twin[0]]!r} and {names[twin[1]]!r} correlate perfectly: the matrix is singular"
    if np.linalg.eigvalsh(correlation)[0] < SINGULAR:
        return "the correlation matrix is not positive definite: too few persons, or items that depend on others"
    return ""


def largest_pair(correlation: FloatArray) -> tuple[int, int] | None:
    """Return the positions of the pair with the largest correlation in size; None with one item."""
    if len(correlation) < 2:
        return None
    size = np.abs(correlation)
    size[np.tri(len(size), dtype=bool)] = -1.0
    first, second = divmod(int(np.argmax(size)), len(correlation))
    return first, second


def absent(problem: tuple[Status, str], method: str, n_rows: int, n_used: int = 0) -> Estimate:
    """Return the estimate without a number that `obstacle` asks for."""
    return Estimate.absent(*problem, method=method, n_used=n_used, n_missing=n_rows - n_used)
