r"""Likelihood of the correlation behind a cross-table of ordered categories, for a batch of tables.

Two answers with ordered categories are taken as two normal variables cut at thresholds. The thresholds come from
the margins of the pair's table, the correlation r maximises the likelihood given them:

.. math:: \ell(r) = \sum_{a,b} n_{ab} \ln P_{ab}(r), \qquad
          P_{ab} = \Phi_2(h_a, k_b; r) - \Phi_2(h_{a-1}, k_b; r) - \Phi_2(h_a, k_{b-1}; r) + \Phi_2(h_{a-1}, k_{b-1}; r)

All pairs take their steps together (Halley's: Newton's, bent by the third derivative); one that has converged drops
out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .checks import FloatArray
from .pair_cells import Cells, PairCells, Selection
from .pair_errors import standard_errors

_MAX_ITERATIONS = 80
_STEP = 2e-4  # times 1 - r^2: a step below this ends the search; the error is then of the order of its cube
_SMALLEST_REST = 0.1  # of 1 - r^2 in that rule
_EDGE = 0.9999  # an estimate that would go beyond this is at the boundary: one answer settles the other
_FLAT = 1e-9  # information per person below this: rounding hides that the likelihood rises to the boundary
_STEEPEST_START = 0.9
_START_STEPS = 2
_FACTORIALS = special.gamma(np.arange(2.0, 8.0))  # of the orders that the start looks at
_TABLES_AT_ONCE = 512  # a block stays in the processor's cache


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
    h, k = (np.ascontiguousarray(np.clip(cuts, -40, 40).T) for cuts in (row_thresholds, column_thresholds))
    start = _start(tables, h, k)
    order = np.argsort(np.abs(start), kind="stable")  # neighbours then need the same quadrature
    found: dict[str, np.ndarray] = {
        field.name: np.empty(len(tables), dtype=bool if field.name in ("converged", "boundary") else float)
        for field in fields(PairFit)
    }
    for first in range(0, len(tables), _TABLES_AT_ONCE):
        block = order[first : first + _TABLES_AT_ONCE]
        counts = np.ascontiguousarray(tables[block].transpose(1, 2, 0))
        search = _Search(counts, h[:, block], k[:, block], start[block])
        search.run()
        fit = search.result()
        for name, values in found.items():
            values[block] = getattr(fit, name)
    return PairFit(**found)


def _start(tables: FloatArray, h: FloatArray, k: FloatArray) -> FloatArray:
    """Return the correlations that explain the covariances of the category numbers, nearly.

    The covariance that a correlation r makes is the sum over m of r^m / m! times the product, of rows and columns, of
    the density times the Hermite polynomial of order m - 1, summed over the thresholds. A few orders give a start.
    """
    x, y = np.indices(tables.shape[1:], dtype=float).reshape(2, -1)
    sums = tables.reshape(len(tables), -1) @ np.stack([np.ones_like(x), x, y, x * y], axis=1)
    total, sum_x, sum_y, sum_xy = sums.T
    covariance = sum_xy / total - sum_x * sum_y / total**2
    terms = _hermite_sums(h) * _hermite_sums(k) / _FACTORIALS[:, None]
    r = np.clip(covariance / terms[0], -_STEEPEST_START, _STEEPEST_START)
    for _ in range(_START_STEPS):
        value, slope = terms[-1], np.zeros(len(r))
        for term in (*terms[-2::-1], 0.0):  # Horner's rule, for the sum and its slope
            slope = slope * r + value
            value = value * r + term
        r = r + (covariance - value) / np.maximum(slope, terms[0] / 4)
        r = np.clip(r, -_STEEPEST_START, _STEEPEST_START)
    return np.asarray(r)


def _hermite_sums(thresholds: FloatArray) -> FloatArray:
    """Return, per order of the polynomial, its sum over the thresholds times the density, shape (n_orders, n)."""
    density = np.exp(-thresholds * thresholds / 2) / np.sqrt(2 * np.pi)
    before, now, sums = np.zeros_like(thresholds), density, []
    for order in range(len(_FACTORIALS)):
        sums.append(now.sum(axis=0))
        before, now = now, thresholds * now - order * before
    return np.array(sums)


class _Move(NamedTuple):
    """One step of the active tables: which are at their end, and what is known there."""

    done: NDArray[np.bool_]
    cells: Cells
    last_step: FloatArray
    information: FloatArray
    third: FloatArray


class _Search:
    """The search for the correlations of a block of tables; all arrays have the tables on their last axis."""

    def __init__(self, counts: FloatArray, h: FloatArray, k: FloatArray, start: FloatArray) -> None:
        n = len(start)
        self.counts, self.h, self.k, self.estimate = counts, h, k, start
        self.persons = counts.sum(axis=(0, 1))
        self.corners = PairCells(counts > 0, self.h, self.k, start)
        self.low, self.high = np.full(n, -1.0), np.full(n, 1.0)
        self.converged = np.zeros(n, dtype=bool)
        self.probability, self.first, self.information = np.ones(counts.shape), np.zeros(counts.shape), np.zeros(n)

    def run(self) -> None:
        """Move the estimates until each has converged, inside or at the edge."""
        active: Selection = slice(None)
        for _ in range(_MAX_ITERATIONS):
            move = self._move(active)
            n_done = np.count_nonzero(move.done)
            if 2 * n_done > len(move.done):  # else computing all costs less than picking some out
                self._keep(active, move)
                active = np.arange(len(self.estimate))[active][~move.done]
            if n_done == len(move.done):
                return
        self._keep(active, self._move(active))

    def _move(self, active: Selection) -> _Move:
        """Move the active estimates once."""
        here = self.estimate[active]
        cells = self.corners.cells(here, active)
        score, information, third = _slopes(self.counts[..., active], cells)
        if cells.impossible.any():  # too far out: at 0 every cell with persons can be
            score = np.where(cells.impossible, -np.sign(here), score)
            information = np.where(cells.impossible, 0.0, information)
        self.low[active] = low = np.where(score >= 0, here, self.low[active])
        self.high[active] = high = np.where(score <= 0, here, self.high[active])
        rises = information > 0
        step = _step(score, np.where(rises, information, np.inf), third)
        limit = _STEP * np.maximum(1 - here * here, _SMALLEST_REST)
        found = (np.abs(step) < limit) & (rises | (score == 0))  # before rounding can mislead the bracket
        flat = _FLAT * self.persons[active]
        leaves = (np.abs(here) >= _EDGE) & (np.sign(here) * score > -flat)
        leaves |= (np.abs(score) < flat) & (np.abs(information) < flat)
        trial = here + step
        inside = (trial > low) & (trial < high) & rises
        trial = np.clip(np.where(inside | found, trial, (low + high) / 2), -_EDGE, _EDGE)
        done = found | leaves
        self.estimate[active], self.converged[active] = np.where(leaves, here, trial), done
        return _Move(done, cells, np.where(found, step, 0.0), information, third)

    def _keep(self, active: Selection, move: _Move) -> None:
        """Keep the cells at the estimates; last steps are so short that they follow from the derivatives."""
        cells, last = move.cells, move.last_step
        self.probability[..., active] = cells.probability + last * (cells.first + last / 2 * cells.second)
        self.first[..., active] = cells.first + last * (cells.second + last / 2 * cells.third)
        self.information[active] = move.information - last * move.third

    def result(self) -> PairFit:
        """Return estimates, errors and flags."""
        boundary = (np.abs(self.estimate) >= _EDGE) | _flat_two_by_two(self.counts)
        boundary |= self.information < _FLAT * self.persons
        error = standard_errors(self.counts, self.h, self.k, self.estimate, self.probability, self.first)
        given = np.full(self.persons.shape, np.nan)
        np.divide(1.0, self.information, out=given, where=self.information > 0)
        return PairFit(
            np.where(boundary, np.sign(self.estimate), self.estimate),
            np.where(boundary, np.nan, error),
            np.where(boundary, np.nan, np.sqrt(given)),
            self.converged | boundary,
            boundary,
        )


def _slopes(counts: FloatArray, cells: Cells) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the first, minus the second, and the third derivative of the log-likelihood by the correlation."""
    weight = counts / cells.probability
    share = np.divide(cells.first, cells.probability, out=np.zeros(counts.shape), where=counts > 0)
    one, two, three = (weight * part for part in (cells.first, cells.second, cells.third))
    squares = np.einsum("ijp,ijp->p", one, share)
    cubes = np.einsum("ijp,ijp,ijp->p", one, share, share)
    mixed = np.einsum("ijp,ijp->p", two, share)
    score, second, third = (part.sum(axis=(0, 1)) for part in (one, two, three))
    return score, squares - second, third - 3 * mixed + 2 * cubes


def _step(score: FloatArray, information: FloatArray, third: FloatArray) -> FloatArray:
    """Return Halley's step; where the third derivative would more than double or halve Newton's, it is held back."""
    newton = score / information
    return np.asarray(newton / (1 + np.clip(-newton * third / (2 * information), -0.5, 1.0)))


def _flat_two_by_two(counts: FloatArray) -> np.ndarray:
    """Return which tables have two occupied rows and columns and an empty cell among these four.

    Their likelihood rises, if only by less than rounding shows, until the probability of that cell is zero.
    """
    occupied = (counts.sum(axis=1) > 0).sum(axis=0) * (counts.sum(axis=0) > 0).sum(axis=0)
    return np.asarray((occupied == 4) & ((counts > 0).sum(axis=(0, 1)) < 4))
