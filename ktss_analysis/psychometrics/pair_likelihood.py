r"""Likelihood of the correlation behind a cross-table of ordered categories, for a batch of tables.

Two answers with ordered categories are taken as two normal variables cut at thresholds. The thresholds come from
the margins of the pair's table, the correlation r maximises the likelihood given them:

.. math:: \ell(r) = \sum_{a,b} n_{ab} \ln P_{ab}(r), \qquad
          P_{ab} = \Phi_2(h_a, k_b; r) - \Phi_2(h_{a-1}, k_b; r) - \Phi_2(h_a, k_{b-1}; r) + \Phi_2(h_{a-1}, k_{b-1}; r)

All pairs take their Newton steps together; a pair that has converged drops out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .bivariate_normal import bivariate_normal_density, grid_cdf, grid_cdf_change
from .checks import FloatArray

_MAX_ITERATIONS = 80
_STEP = 1e-5  # Newton steps below this end the search; the error is then of the order of its square
_EDGE = 0.9999  # an estimate beyond this is the boundary: one category of one item settles that of the other
_FLAT = 1e-9  # information per person below this: rounding hides that the likelihood rises to the boundary
_SHORT, _NOT_STEEP = 0.1, 0.9  # steps and correlations for which four nodes do
_TINY = 1e-30  # a cell with persons has at least this probability; rounding can make it negative


@dataclass(frozen=True, slots=True)
class PairFit:
    """Two-step estimates of a batch of tables.

    Parameters
    ----------
    correlation : ndarray, shape (n_pairs,)
        Estimates; 1 or -1 at the boundary.
    standard_error : ndarray, shape (n_pairs,)
        With the uncertainty of the thresholds, robust against a wrong model (as in weighted least squares).
    standard_error_given_thresholds : ndarray, shape (n_pairs,)
        From the curvature of the likelihood, thresholds taken as known.
    converged, boundary : ndarray of bool, shape (n_pairs,)
        Whether the search ended, and whether it ended at 1 or -1.
    """

    correlation: FloatArray
    standard_error: FloatArray
    standard_error_given_thresholds: FloatArray
    converged: np.ndarray
    boundary: np.ndarray


@dataclass(frozen=True, slots=True)
class _Cells:
    """Cell probabilities of each table with their derivatives by the correlation."""

    probability: FloatArray
    first: FloatArray
    second: FloatArray


def thresholds_of(margin: FloatArray) -> FloatArray:
    """Return the thresholds behind counts per category, shape (..., n_categories - 1); infinite for empty ends."""
    share = np.cumsum(margin, axis=-1)
    total = share[..., -1:]
    return np.asarray(special.ndtri(np.clip(share[..., :-1] / np.where(total > 0, total, 1.0), 0.0, 1.0)))


def fit_pairs(tables: FloatArray, row_thresholds: FloatArray, column_thresholds: FloatArray) -> PairFit:
    """Estimate the correlation behind each table.

    Parameters
    ----------
    tables : ndarray, shape (n_pairs, n_rows, n_columns)
        Counts; padded with zero rows and columns. Every table has two occupied rows and columns.
    row_thresholds, column_thresholds : ndarray, shapes (n_pairs, n_rows - 1) and (n_pairs, n_columns - 1)
        Thresholds; infinite in the padding.
    """
    h, k = np.clip(row_thresholds, -40, 40), np.clip(column_thresholds, -40, 40)
    estimate = _start(tables, h, k)
    corners = _Corners(h, k)
    low, high = np.full(len(tables), -1.0), np.full(len(tables), 1.0)
    converged, active = np.zeros(len(tables), dtype=bool), np.arange(len(tables))
    for _ in range(_MAX_ITERATIONS):
        if not active.size:
            break
        here = estimate[active]
        score, information = _slope(tables[active], _cells(here, corners, active))
        low[active] = np.where(score >= 0, here, low[active])
        high[active] = np.where(score <= 0, here, high[active])
        step = np.zeros(len(active))
        np.divide(score, information, out=step, where=information > 0)
        trial = here + step
        middle = (low[active] + high[active]) / 2
        found = (np.abs(step) < _STEP) & ((information > 0) | (score == 0))  # before rounding can mislead the bracket
        inside = (trial > low[active]) & (trial < high[active]) & (information > 0)
        trial = np.where(inside | found, trial, middle)
        done = found | (np.abs(trial) > _EDGE)
        estimate[active] = trial
        converged[active[done]] = True
        active = active[~done]
    boundary = (np.abs(estimate) > _EDGE) | _flat_two_by_two(tables)
    cells = _cells(np.clip(estimate, -_EDGE, _EDGE), corners, np.arange(len(tables)))
    information = _slope(tables, cells)[1]
    boundary |= information < _FLAT * tables.sum(axis=(1, 2))
    error, given = _errors(tables, h, k, estimate, cells, information)
    return PairFit(
        np.where(boundary, np.sign(estimate), estimate),
        np.where(boundary, np.nan, error),
        np.where(boundary, np.nan, given),
        converged | boundary,
        boundary,
    )


def _start(tables: FloatArray, h: FloatArray, k: FloatArray) -> FloatArray:
    """Return the correlation that explains the covariance of the category numbers, to first order."""
    total = tables.sum(axis=(1, 2))
    x, y = np.arange(tables.shape[1]), np.arange(tables.shape[2])
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    covariance = np.einsum("pij,i,j->p", tables, x, y) / total - (rows @ x) * (columns @ y) / total**2
    slope = np.exp(-h * h / 2).sum(axis=1) * np.exp(-k * k / 2).sum(axis=1) / (2 * np.pi)
    return np.clip(covariance / slope, -0.9, 0.9)


class _Corners:
    """The joint distribution at the corners of all cells, kept from step to step."""

    def __init__(self, h: FloatArray, k: FloatArray) -> None:
        n, rows, columns = len(h), h.shape[1], k.shape[1]
        self.shape = rows, columns
        self.x, self.y = np.repeat(h, columns, axis=1), np.tile(k, (1, rows))
        self.at = np.full(n, np.nan)
        self.cdf = np.zeros((n, rows + 2, columns + 2))
        self.cdf[:, 1:-1, -1], self.cdf[:, -1, 1:-1], self.cdf[:, -1, -1] = special.ndtr(h), special.ndtr(k), 1.0

    def move(self, correlation: FloatArray, which: NDArray[np.intp]) -> None:
        """Bring the pairs in question to new correlations: by what changes if it is little, else anew."""
        start = self.at[which]
        near = (np.abs(correlation - start) < _SHORT) & (np.maximum(np.abs(start), np.abs(correlation)) < _NOT_STEEP)
        for part, anew in ((near, False), (~near, True)):
            if not part.any():
                continue
            pairs, r = which[part], correlation[part]
            x, y = self.x[pairs], self.y[pairs]
            inner = grid_cdf(x, y, r) if anew else grid_cdf_change(x, y, start[part], r)
            inner = inner.reshape(-1, *self.shape)
            self.cdf[pairs, 1:-1, 1:-1] = inner if anew else self.cdf[pairs, 1:-1, 1:-1] + inner
        self.at[which] = correlation


def _cells(correlation: FloatArray, corners: _Corners, which: NDArray[np.intp]) -> _Cells:
    corners.move(correlation, which)
    x, y, r = corners.x[which], corners.y[which], correlation[:, None]
    density, bend = np.zeros((2, len(which), corners.shape[0] + 2, corners.shape[1] + 2))
    rest = 1 - r * r
    inner = bivariate_normal_density(x, y, r)
    density[:, 1:-1, 1:-1] = inner.reshape(-1, *corners.shape)
    inner *= ((1 + r * r) * x * y - r * (x * x + y * y - rest)) / rest**2
    bend[:, 1:-1, 1:-1] = inner.reshape(-1, *corners.shape)
    return _Cells(np.maximum(_boxes(corners.cdf[which]), _TINY), _boxes(density), _boxes(bend))


def _boxes(corner: FloatArray) -> FloatArray:
    """Return the mass of each cell from values at its corners."""
    along = corner[:, 1:] - corner[:, :-1]
    return np.asarray(along[:, :, 1:] - along[:, :, :-1])


def _slope(tables: FloatArray, cells: _Cells) -> tuple[FloatArray, FloatArray]:
    """Return first and minus second derivative of the log-likelihood by the correlation."""
    weight = tables / cells.probability
    share = np.divide(cells.first, cells.probability, out=np.zeros(tables.shape), where=tables > 0)
    score = (weight * cells.first).sum(axis=(1, 2))
    information = (tables * share * share - weight * cells.second).sum(axis=(1, 2))
    return score, information


def _flat_two_by_two(tables: FloatArray) -> np.ndarray:
    """Return which tables have two occupied rows and columns and an empty cell among these four.

    Their likelihood rises, if only by less than rounding shows, until the probability of that cell is zero.
    """
    occupied = (tables.sum(axis=2) > 0).sum(axis=1) * (tables.sum(axis=1) > 0).sum(axis=1)
    return np.asarray((occupied == 4) & ((tables > 0).sum(axis=(1, 2)) < 4))


def _errors(
    tables: FloatArray, h: FloatArray, k: FloatArray, correlation: FloatArray, cells: _Cells, information: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return standard errors with estimated and with given thresholds.

    A person in a cell moves the estimate by the cell's score, less what it moves the thresholds by times what
    these move the score; the sum of squares of these influences is the variance (Muthen, 1984; cross-products
    stand for the derivatives, as in the usual weight matrix of weighted least squares).
    """
    n = tables.sum(axis=(1, 2))
    ratio = np.divide(cells.first, cells.probability, out=np.zeros(tables.shape), where=tables > 0)
    squares = (tables * ratio**2).sum(axis=(1, 2))
    by_cell = tables * ratio / cells.probability
    r = np.clip(correlation, -_EDGE, _EDGE)
    rows = _threshold_part(tables, by_cell, h, k, r)
    columns = _threshold_part(tables.transpose(0, 2, 1), by_cell.transpose(0, 2, 1), k, h, r)
    influence = ratio - rows[:, :, None] - columns[:, None, :]
    variance = np.full(n.shape, np.nan)
    np.divide((tables * influence**2).sum(axis=(1, 2)), squares**2, out=variance, where=squares > 0)
    given = np.full(n.shape, np.nan)
    np.divide(1.0, information, out=given, where=information > 0)
    return np.sqrt(variance), np.sqrt(given)


def _threshold_part(tables: FloatArray, by_cell: FloatArray, h: FloatArray, k: FloatArray, r: FloatArray) -> FloatArray:
    """Return, per row category, the effect on the score of the row thresholds that a person there moves."""
    n = tables.sum(axis=(1, 2))[:, None]
    root = np.sqrt(1 - r * r)[:, None, None]
    below = np.zeros((len(h), h.shape[1], k.shape[1] + 2))
    below[:, :, 1:-1] = special.ndtr((k[:, None, :] - r[:, None, None] * h[:, :, None]) / root)
    below[:, :, -1] = 1.0
    # a threshold moves the score by its density times this, a person moves the threshold by one over that density
    effect = ((by_cell[:, :-1] - by_cell[:, 1:]) * (below[:, :, 1:] - below[:, :, :-1])).sum(axis=2) / n
    share = np.cumsum(tables.sum(axis=2), axis=1)[:, :-1] / n
    total = effect.sum(axis=1, keepdims=True)
    at_or_below = np.concatenate([total, total - np.cumsum(effect, axis=1)], axis=1)  # thresholds i, i + 1, ...
    return np.asarray(at_or_below - (share * effect).sum(axis=1, keepdims=True))
