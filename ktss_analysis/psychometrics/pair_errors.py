"""Standard errors of two-step polychoric correlations, for a batch of tables.

Arrays have the tables on their last axis, as in `pair_cells`.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from .checks import FloatArray


def standard_errors(
    counts: FloatArray,
    h: FloatArray,
    k: FloatArray,
    correlation: FloatArray,
    probability: FloatArray,
    first: FloatArray,
) -> FloatArray:
    """Return standard errors that hold the uncertainty of the thresholds; nan where there is none.

    A person in a cell moves the estimate by the cell's score, less what it moves the thresholds by times what
    these move the score; the sum of squares of these influences is the variance (Muthen, 1984; cross-products
    stand for the derivatives, as in the usual weight matrix of weighted least squares).

    Parameters
    ----------
    counts, probability, first : ndarray, shape (n_rows, n_columns, n_tables)
        Persons, probability and its derivative by the correlation, of each cell.
    h, k : ndarray, shapes (n_rows - 1, n_tables) and (n_columns - 1, n_tables)
        Thresholds, finite.
    correlation : ndarray, shape (n_tables,)
        Estimates inside -1 to 1.
    """
    ratio = np.divide(first, probability, out=np.zeros(counts.shape), where=counts > 0)
    weighted = counts * ratio
    squares = np.einsum("ijp,ijp->p", weighted, ratio)
    by_cell = weighted / probability
    rows = _threshold_part(counts.sum(axis=1), by_cell, h, k, correlation)
    columns = _threshold_part(counts.sum(axis=0), by_cell.transpose(1, 0, 2), k, h, correlation)
    influence = ratio - rows[:, None] - columns[None]
    variance = np.full(squares.shape, np.nan)
    total = np.einsum("ijp,ijp,ijp->p", counts, influence, influence)
    squares *= squares
    np.divide(total, squares, out=variance, where=squares > 0)
    return np.asarray(np.sqrt(variance))


def _threshold_part(margin: FloatArray, by_cell: FloatArray, h: FloatArray, k: FloatArray, r: FloatArray) -> FloatArray:
    """Return, per row category, the effect on the score of the row thresholds that a person there moves."""
    n = margin.sum(axis=0)
    scale = 1 / np.sqrt(1 - r * r)
    below = np.zeros((len(h), len(k) + 2, len(r)))
    special.ndtr((k * scale)[None] - (h * (r * scale))[:, None], out=below[:, 1:-1])
    below[:, -1] = 1.0
    # a threshold moves the score by its density times this, a person moves the threshold by one over that density
    effect = np.einsum("ijp,ijp->ip", by_cell[:-1] - by_cell[1:], below[:, 1:] - below[:, :-1]) / n
    share = np.cumsum(margin, axis=0)[:-1] / n
    total = effect.sum(axis=0, keepdims=True)
    at_or_below = np.concatenate([total, total - np.cumsum(effect, axis=0)])  # thresholds i, i + 1, ...
    return np.asarray(at_or_below - (share * effect).sum(axis=0))
