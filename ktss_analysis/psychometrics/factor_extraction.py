r"""Unrotated factors by minimum residuals or maximum likelihood, for a batch of correlation matrices.

Both minimise over the unique variances :math:`\psi` alone; the loadings follow from eigenvectors. With
:math:`\theta_m, u_m` the eigenpairs that the f factors leave over,

.. math::
    F_{minres} = \tfrac12 \sum_{m>f} \theta_m^2 \ \text{of}\ R - \Psi, \qquad
    F_{ML} = \sum_{m>f} (\theta_m - \ln\theta_m - 1) \ \text{of}\ \Psi^{-1/2} R \Psi^{-1/2}.

Newton steps use the exact second derivatives (Jöreskog, 1977); all matrices of the batch step together.

References
----------
Harman, H. H., & Jones, W. H. (1966). Factor analysis by minimizing residuals (minres). *Psychometrika, 31*, 351-368.
https://doi.org/10.1007/BF02289468
Jöreskog, K. G. (1967). Some contributions to maximum likelihood factor analysis. *Psychometrika, 32*, 443-482.
https://doi.org/10.1007/BF02289658
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .checks import FloatArray

BoolArray = NDArray[np.bool_]

SMALLEST_UNIQUENESS = 0.005  # a unique variance that ends there is a Heywood case
_MAX_ITERATIONS = 200
_GRADIENT_TOLERANCE = 1e-9
_HALVINGS = 12


@dataclass(frozen=True, slots=True)
class Extraction:
    """Unrotated solutions of a batch.

    Parameters
    ----------
    loadings : ndarray, shape (n_matrices, n_items, n_factors)
        Columns by falling eigenvalue, each with a sum that is not negative.
    uniquenesses : ndarray, shape (n_matrices, n_items)
        Not below .005.
    discrepancy : ndarray, shape (n_matrices,)
        The function minimised.
    converged, heywood : ndarray of bool, shape (n_matrices,)
        The gradient is zero; a unique variance is at its bound.
    iterations : int
        Newton steps of the slowest matrix.
    """

    loadings: FloatArray
    uniquenesses: FloatArray
    discrepancy: FloatArray
    converged: BoolArray
    heywood: BoolArray
    iterations: int


def extract_factors(correlations: FloatArray, n_factors: int, method: str = "minres") -> Extraction:
    """Extract factors from each correlation matrix.

    Parameters
    ----------
    correlations : ndarray, shape (n_matrices, n_items, n_items)
        Positive definite.
    n_factors : int
        Fewer than items.
    method : {"minres", "ml"}, default "minres"
        Function minimised.
    """
    matrices = np.asarray(correlations, dtype=float)
    unique = _start(matrices, n_factors)
    values, gradient, hessian = _derivatives(matrices, unique, n_factors, method)
    active, converged = np.arange(len(matrices)), np.zeros(len(matrices), dtype=bool)
    for iteration in range(_MAX_ITERATIONS + 1):
        free = _free(unique[active], gradient)
        flat = np.abs(np.where(free, gradient, 0.0)).max(axis=1) < _GRADIENT_TOLERANCE
        converged[active[flat]] = True
        keep = ~flat
        active, gradient, hessian, free = active[keep], gradient[keep], hessian[keep], free[keep]
        if not active.size or iteration == _MAX_ITERATIONS:
            break
        step = _newton_step(gradient, hessian, free)
        moved, better = _line_search(matrices[active], unique[active], values[active], step, n_factors, method)
        unique[active] = moved
        active = active[better]  # without progress the last point stands; it has not converged
        if not active.size:
            break
        values[active], gradient, hessian = _derivatives(matrices[active], unique[active], n_factors, method)
    loadings = _loadings(matrices, unique, n_factors, method)
    heywood = np.any(unique <= SMALLEST_UNIQUENESS * (1 + 1e-6), axis=1)
    return Extraction(loadings, unique, values, converged, heywood, iteration)


def _start(matrices: FloatArray, n_factors: int) -> FloatArray:
    """Return unique variances from squared multiple correlations, smaller for more factors (Jöreskog, 1963)."""
    k = matrices.shape[1]
    share = 1 / np.diagonal(np.linalg.inv(matrices), axis1=1, axis2=2)
    return np.asarray(np.clip((1 - n_factors / (2 * k)) * share, 2 * SMALLEST_UNIQUENESS, 1.0))


def _reduced(matrices: FloatArray, unique: FloatArray, method: str) -> FloatArray:
    if method == "ml":
        scale = 1 / np.sqrt(unique)
        return np.asarray(matrices * scale[:, :, None] * scale[:, None, :])
    reduced = matrices.copy()
    index = np.arange(matrices.shape[1])
    reduced[:, index, index] -= unique
    return reduced


def _value(left_over: FloatArray, method: str) -> FloatArray:
    if method == "ml":
        positive = np.maximum(left_over, 1e-300)
        return np.asarray((positive - np.log(positive) - 1).sum(axis=1))
    return np.asarray((left_over**2).sum(axis=1) / 2)


def _derivatives(
    matrices: FloatArray, unique: FloatArray, n_factors: int, method: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return value, gradient and Hessian by the unique variances (by their logarithms for ``"ml"``)."""
    roots, vectors = np.linalg.eigh(_reduced(matrices, unique, method))  # ascending
    rest = matrices.shape[1] - n_factors
    theta, kept = roots[:, :rest], roots[:, rest:]
    u, v = vectors[:, :, :rest], vectors[:, :, rest:]
    gap = theta[:, :, None] - kept[:, None, :]
    gap = np.where(np.abs(gap) < 1e-12, -1e-12, gap)
    if method == "ml":
        slope, own = theta - 1, (theta[:, :, None] + theta[:, None, :]) / 2
        cross = slope[:, :, None] * (theta[:, :, None] + kept[:, None, :]) / gap
    else:
        slope, own = theta, None
        cross = 2 * theta[:, :, None] / gap
    gradient = -np.einsum("bim,bm->bi", u * u, slope)
    if own is None:
        hessian = (u @ u.transpose(0, 2, 1)) ** 2
    else:
        weighted = (u * theta[:, None, :]) @ u.transpose(0, 2, 1)
        hessian = weighted * (u @ u.transpose(0, 2, 1))
    pairs = u[:, :, :, None] * v[:, :, None, :]
    flat = pairs.reshape(*pairs.shape[:2], -1)
    hessian = hessian + (flat * cross.reshape(len(cross), 1, -1)) @ flat.transpose(0, 2, 1)
    return _value(theta, method), gradient, hessian


def _free(unique: FloatArray, gradient: FloatArray) -> BoolArray:
    """Return which unique variances may move: not those at the bound that would leave it."""
    return np.asarray((unique > SMALLEST_UNIQUENESS * (1 + 1e-9)) | (gradient < 0))


def _newton_step(gradient: FloatArray, hessian: FloatArray, free: BoolArray) -> FloatArray:
    """Return descent steps; directions of negative curvature are turned round."""
    k = gradient.shape[1]
    both = free[:, :, None] & free[:, None, :]
    inner = np.where(both, hessian, 0.0)
    index = np.arange(k)
    inner[:, index, index] = np.where(free, inner[:, index, index], 1.0)
    values, vectors = np.linalg.eigh(inner)
    scale = np.maximum(np.abs(values), 1e-6 * np.abs(values).max(axis=1, keepdims=True))
    slope = np.where(free, gradient, 0.0)
    turned = np.einsum("bij,bi->bj", vectors, slope) / scale
    return np.asarray(np.where(free, -np.einsum("bij,bj->bi", vectors, turned), 0.0))


def _line_search(
    matrices: FloatArray, unique: FloatArray, values: FloatArray, step: FloatArray, n_factors: int, method: str
) -> tuple[FloatArray, BoolArray]:
    """Return the points reached by halving steps until the function falls, and whether it did."""
    best, open_, rest = unique.copy(), np.arange(len(unique)), matrices.shape[1] - n_factors
    better, share = np.zeros(len(unique), dtype=bool), np.ones(len(unique))
    for _ in range(_HALVINGS):
        part = share[open_, None] * step[open_]
        trial = unique[open_] * np.exp(np.clip(part, -3, 3)) if method == "ml" else unique[open_] + part
        trial = np.clip(trial, SMALLEST_UNIQUENESS, 1.0 if method == "minres" else 1.5)
        roots = np.asarray(np.linalg.eigvalsh(_reduced(matrices[open_], trial, method)), dtype=float)[:, :rest]
        # a step as small as rounding changes nothing that can be compared
        falls = _value(roots, method) <= values[open_] + 1e-13 * (1 + np.abs(values[open_]))
        best[open_[falls]], better[open_[falls]] = trial[falls], True
        open_ = open_[~falls]
        if not open_.size:
            break
        share[open_] /= 4
    return best, better


def _loadings(matrices: FloatArray, unique: FloatArray, n_factors: int, method: str) -> FloatArray:
    roots, vectors = np.linalg.eigh(_reduced(matrices, unique, method))
    roots, vectors = roots[:, ::-1][:, :n_factors], vectors[:, :, ::-1][:, :, :n_factors]
    if method == "ml":
        loadings = np.sqrt(unique)[:, :, None] * vectors * np.sqrt(np.maximum(roots - 1, 0))[:, None, :]
    else:
        loadings = vectors * np.sqrt(np.maximum(roots, 0))[:, None, :]
    signs = np.where(loadings.sum(axis=1) < 0, -1.0, 1.0)
    return np.asarray(loadings * signs[:, None, :])
