r"""One common factor behind polychoric correlations, by unweighted or diagonally weighted least squares.

.. math:: F = \sum_{j<l} w_{jl} (r_{jl} - \lambda_j \lambda_l)^2

with weights 1 (``"uls"``) or one over the sampling variances of the correlations (``"dwls"``). A batch of matrices is
fitted at once, since intervals come from the bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bivariate_normal import grid_cdf
from .checks import FloatArray
from .joint_counts import joint_counts
from .pair_likelihood import fit_pairs, thresholds_of
from .resampling import bootstrap_weights

_MAX_ITERATIONS = 200
_STEP = 1e-10
_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class OrdinalFactor:
    """One-factor solutions of a batch of polychoric correlation matrices.

    Parameters
    ----------
    correlations : ndarray, shape (n_matrices, n_items, n_items)
        What the factor was fitted to.
    loadings : ndarray, shape (n_matrices, n_items)
        Of the variables behind the answers, with a sum that is not negative; nan when there is no solution.
    thresholds : ndarray, shape (n_matrices, n_items, n_thresholds)
        Infinite in the padding of items with fewer categories.
    converged : ndarray of bool, shape (n_matrices,)
        The search ended, and every loading is below 1.
    """

    correlations: FloatArray
    loadings: FloatArray
    thresholds: FloatArray
    converged: NDArray[np.bool_]


def fit_ordinal_factor(tables: FloatArray, estimator: str | None) -> OrdinalFactor:
    """Fit one factor to each set of pair tables.

    Parameters
    ----------
    tables : ndarray, shape (n_matrices, n_pairs, n_categories, n_categories)
        Counts of all pairs, upper triangle row by row; complete rows, so that margins agree.
    estimator : {"uls", "dwls"} or None
        Weights; None computes the correlations alone.
    """
    n_matrices, n_pairs, c, _ = tables.shape
    k = round((1 + np.sqrt(1 + 8 * n_pairs)) / 2)
    first, second = np.triu_indices(k, 1)
    margins = np.empty((n_matrices, k, c))
    margins[:, 0] = tables[:, 0].sum(axis=2)
    margins[:, 1:] = tables[:, : k - 1].sum(axis=2)  # the first k - 1 pairs are those of item 1
    cuts = thresholds_of(margins)
    usable = ((margins > 0).sum(axis=2) > 1).all(axis=1)
    correlation, weight = np.full((n_matrices, n_pairs), np.nan), np.ones((n_matrices, n_pairs))
    if usable.any():
        flat = fit_pairs(
            tables[usable].reshape(-1, c, c),
            cuts[usable][:, first].reshape(-1, c - 1),
            cuts[usable][:, second].reshape(-1, c - 1),
        )
        correlation[usable] = flat.correlation.reshape(-1, n_pairs)
        if estimator == "dwls":
            weight[usable] = 1 / flat.standard_error.reshape(-1, n_pairs) ** 2
    matrices = np.broadcast_to(np.eye(k), (n_matrices, k, k)).copy()
    weights = np.zeros((n_matrices, k, k))
    for target, values in ((matrices, correlation), (weights, weight)):
        target[:, first, second] = values
        target[:, second, first] = values
    usable &= np.isfinite(correlation).all(axis=1) & np.isfinite(weight).all(axis=1)
    loadings, converged = np.full((n_matrices, k), np.nan), np.zeros(n_matrices, dtype=bool)
    if estimator and usable.any():
        loadings[usable], converged[usable] = _least_squares(matrices[usable], weights[usable])
    return OrdinalFactor(matrices, loadings, cuts, converged)


def _least_squares(matrices: FloatArray, weights: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return loadings by Gauss-Newton steps, from the largest principal component."""
    k = matrices.shape[1]
    weights = weights / weights.max(axis=(1, 2), keepdims=True)
    roots, vectors = np.linalg.eigh(matrices)
    loadings = 0.9 * vectors[:, :, -1] * np.sqrt(roots[:, -1:])
    off = 1 - np.eye(k)
    done = np.zeros(len(matrices), dtype=bool)
    for _ in range(_MAX_ITERATIONS):
        residual = (matrices - loadings[:, :, None] * loadings[:, None, :]) * off * weights
        slope = np.einsum("bij,bj->bi", residual, loadings)
        curve = weights * loadings[:, :, None] * loadings[:, None, :]
        curve[:, np.arange(k), np.arange(k)] = np.einsum("bij,bj->bi", weights, loadings**2) + 1e-12
        step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        step = np.where(done[:, None], 0.0, np.clip(step, -0.3, 0.3))
        loadings = loadings + step
        done |= np.abs(step).max(axis=1) < _STEP
        if done.all():
            break
    loadings = np.where(loadings.sum(axis=1, keepdims=True) < 0, -loadings, loadings)
    return loadings, done & (np.abs(loadings) < 1).all(axis=1)


def pair_tables(rows: FloatArray) -> FloatArray:
    """Return the tables of all pairs of complete rows, shape (1, n_pairs, n_categories, n_categories)."""
    counts = joint_counts(rows, missing="raise")
    first, second = np.triu_indices(rows.shape[1], 1)
    return counts.counts[first, second].astype(float)[None]


def resampled_tables(rows: FloatArray, n_boot: int, seed: int) -> FloatArray:
    """Return the pair tables of bootstrap samples of complete rows, shape (n_boot, n_pairs, c, c).

    Equal answer patterns are drawn together: the result does not depend on the order of the rows.
    """
    patterns, counts = np.unique(rows, axis=0, return_counts=True)
    k = rows.shape[1]
    code = np.empty(patterns.shape, dtype=np.intp)
    for item in range(k):
        code[:, item] = np.unique(patterns[:, item], return_inverse=True)[1]
    c = int(code.max()) + 1
    first, second = np.triu_indices(k, 1)
    cell = code[:, first] * c + code[:, second]
    result = np.empty((n_boot, len(first), c, c))
    generator, step = np.random.default_rng(seed), max(1, _CELLS_AT_ONCE // (len(patterns) * c * c))
    for start in range(0, n_boot, step):
        weight = bootstrap_weights(len(patterns), min(step, n_boot - start), generator, counts=counts)
        for pair in range(len(first)):
            indicator = cell[:, pair, None] == np.arange(c * c)
            result[start : start + len(weight), pair] = (weight @ indicator).reshape(-1, c, c)
    return result


def sum_covariances(thresholds: FloatArray, correlations: FloatArray) -> FloatArray:
    """Return the covariance matrices of the category numbers behind given correlations, shape as `correlations`.

    The number of the category is the count of thresholds passed, so covariances are sums of probabilities over pairs
    of thresholds. A correlation of 1 stands for the same item twice.
    """
    n, k, cuts = thresholds.shape
    first, second = np.triu_indices(k, 0)
    h = np.repeat(thresholds[:, first], cuts, axis=2).reshape(-1, cuts * cuts)
    t = np.tile(thresholds[:, second], (1, 1, cuts)).reshape(-1, cuts * cuts)
    joint = grid_cdf(h, t, correlations[:, first, second].reshape(-1)).sum(axis=1).reshape(n, -1)
    single = grid_cdf(
        thresholds.reshape(-1, cuts), np.full((n * k, cuts), 40.0), np.zeros(n * k)
    ).sum(axis=1).reshape(n, k)  # fmt: skip
    result = np.empty((n, k, k))
    result[:, first, second] = joint - single[:, first] * single[:, second]
    result[:, second, first] = result[:, first, second]
    return result
