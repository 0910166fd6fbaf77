"""Variance components of units x raters tables with holes, as functions of totals over units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .checks import FloatArray
from .resampling import TotalsStatistic


class Components(NamedTuple):
    """Variance components per replicate, each of shape (n_replicates,): units, raters, residual; nan if undefined.

    `units_one_way` and `within` are those of the one-way model, in which raters are not told apart.
    """

    units: FloatArray
    raters: FloatArray
    residual: FloatArray
    units_one_way: FloatArray
    within: FloatArray


def contributions(table: FloatArray) -> FloatArray:
    """Return what each unit adds to the totals, for a table of shape (n_units, n_raters) with nan for no rating.

    Columns: for each rater whether it rated and what it rated (centred); number of ratings m, m squared, squared
    sum over m, sum of squares, 1. A row without a rating must be left out before.
    """
    present = ~np.isnan(table)
    centred = np.where(present, table - table[present].mean(), 0.0)
    m, total = present.sum(axis=1), centred.sum(axis=1)
    return np.column_stack([present, centred, m, m**2, total**2 / m, (centred**2).sum(axis=1), np.ones(len(table))])


def components(totals: FloatArray) -> Components:
    r"""Return the components by Henderson's first method, the analysis-of-variance estimator for unequal numbers.

    The uncorrected sums of squares of units, raters, all ratings and the mean are set equal to their expectations
    under random, independent effects and solved. For a complete table they are the usual ones. Ratings must be
    missing for reasons that have nothing to do with their value.
    """
    k = (totals.shape[1] - 5) // 2
    rated, sums = totals[:, :k], totals[:, k : 2 * k]
    n_all, m_squares, of_units, of_all, n = totals[:, 2 * k :].T
    active = rated > 0.5
    raters = active.sum(axis=1)
    of_raters = np.where(active, sums**2 / np.where(active, rated, 1), 0.0).sum(axis=1)
    of_mean = sums.sum(axis=1) ** 2 / n_all
    by_unit, by_rater = m_squares / n_all, (rated**2).sum(axis=1) / n_all
    expectation = np.stack(
        [
            np.stack([n_all - by_unit, n - by_rater, n - 1], axis=1),
            np.stack([raters - by_unit, n_all - by_rater, raters - 1], axis=1),
            np.stack([by_unit - raters, by_rater - n, n_all - n - raters + 1], axis=1),
        ],
        axis=1,
    )
    squares = np.stack([of_units - of_mean, of_raters - of_mean, of_all - of_units - of_raters + of_mean], axis=1)
    solution = np.full((len(totals), 3), np.nan)
    scale = np.abs(expectation).max(axis=(1, 2))
    solvable = np.abs(np.linalg.det(expectation / scale[:, None, None])) > 1e-10
    if solvable.any():
        solution[solvable] = np.linalg.solve(expectation[solvable], squares[solvable][:, :, None])[:, :, 0]
    units_one_way, within = _one_way(n_all, n, by_unit, of_units, of_all, of_mean)
    return Components(solution[:, 0], solution[:, 1], solution[:, 2], units_one_way, within)


def _one_way(
    n_all: FloatArray, n: FloatArray, by_unit: FloatArray, of_units: FloatArray, of_all: FloatArray, of_mean: FloatArray
) -> tuple[FloatArray, FloatArray]:
    within, units = np.full(len(n), np.nan), np.full(len(n), np.nan)
    np.divide(of_all - of_units, n_all - n, out=within, where=n_all - n > 0.5)
    between = (of_units - of_mean) / np.maximum(n - 1, 1)
    np.divide((between - within) * (n - 1), n_all - by_unit, out=units, where=n > 1.5)
    return units, within


def intraclass_of_totals(model: str, n_raters: int) -> TotalsStatistic:
    """Return the intraclass correlation of a model as a function of totals; nan where it is not defined."""

    def coefficient(totals: FloatArray) -> FloatArray:
        found = components(totals)
        signal = found.units_one_way if model[0] == "1" else found.units
        noise = found.within if model[0] == "1" else found.residual
        if model[0] == "A":
            noise = noise + found.raters
        if model.endswith("k"):
            noise = noise / n_raters
        value = np.full(len(totals), np.nan)
        biggest = np.nanmax(np.abs(np.stack(found)), axis=0, initial=0)
        np.divide(signal, signal + noise, out=value, where=signal + noise > 1e-12 * biggest)
        return value

    return coefficient
