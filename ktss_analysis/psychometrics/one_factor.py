r"""Maximum-likelihood fit of one common factor to a covariance matrix.

Model: :math:`\Sigma = \lambda\lambda' + \Psi`, factor variance 1, :math:`\Psi` diagonal and free of bounds.
The discrepancy :math:`F = \ln|\Sigma| + \operatorname{tr}(S\Sigma^{-1}) - \ln|S| - k` is minimised by Fisher
scoring from a fixed start, with analytic gradient and expected Hessian. A negative or zero unique variance at
the minimum (a Heywood case) is reported, not repaired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .checks import FloatArray
from .moments import singularity, to_correlation

_MAX_ITERATIONS = 300
_GRADIENT_TOLERANCE = 1e-10
_FLAT = 1e-4  # a unique variance below this share of the item's variance counts as zero


@dataclass(frozen=True, slots=True)
class OneFactorFit:
    r"""A fitted one-factor model.

    Parameters
    ----------
    loadings, uniquenesses : ndarray, shape (n_items,)
        :math:`\lambda` and the diagonal of :math:`\Psi`, in the metric of the covariance matrix. The sum of
        the loadings is not negative.
    covariance : ndarray, shape (n_items, n_items)
        The matrix it was fitted to.
    discrepancy : float
        :math:`F` at the minimum; chi-square is F times the number of persons (lavaan's convention).
    converged : bool
        The gradient is zero and the solution proper (no unique variance at or below zero).
    iterations : int
        Scoring steps taken.
    reason : str
        Why the fit must not be used; empty when `converged`.
    """

    loadings: FloatArray
    uniquenesses: FloatArray
    covariance: FloatArray
    discrepancy: float
    converged: bool
    iterations: int
    reason: str = ""

    @property
    def implied(self) -> FloatArray:
        """The model's covariance matrix."""
        return np.outer(self.loadings, self.loadings) + np.diag(self.uniquenesses)

    def functional(self, gradient: FloatArray, *, information: str) -> FloatArray:
        r"""Return the matrix M by which a function of the parameters follows changes of the covariances.

        If the function has derivative `gradient` at the estimates (loadings first), its estimate changes by
        :math:`\operatorname{tr}(M\,(S - \Sigma))`. With `information` ``"expected"`` this is the
        normal-theory delta method, with ``"observed"`` the robust one.
        """
        precision = np.asarray(np.linalg.inv(self.implied), dtype=float)
        if information == "expected":
            hessian = _expected_hessian(self.loadings, precision)
        else:
            hessian = _observed_hessian(self.loadings, precision, self.covariance)
        step = np.linalg.solve(hessian, gradient)
        k = len(self.loadings)
        inner = np.outer(step[:k], self.loadings)
        return np.asarray(precision @ (inner + inner.T + np.diag(step[k:])) @ precision)


def fit_one_factor(covariance: FloatArray, names: list[str] | tuple[str, ...] | None = None) -> OneFactorFit:
    """Fit one common factor by maximum likelihood.

    Parameters
    ----------
    covariance : ndarray, shape (n_items, n_items)
        Covariances (any divisor) of three items or more; all variances positive.
    names : sequence of str, optional
        Items, for the messages.

    Returns
    -------
    OneFactorFit
        `converged` is false, with a reason, for a singular matrix, a Heywood case, or no minimum.

    References
    ----------
    Jöreskog, K. G. (1967). Some contributions to maximum likelihood factor analysis. *Psychometrika, 32*,
    443-482. https://doi.org/10.1007/BF02289658
    """
    names = list(names) if names is not None else [f"V{index + 1}" for index in range(len(covariance))]
    k, deviation = len(covariance), np.sqrt(np.diagonal(covariance))
    if k < 3:
        return _failed(covariance, f"one factor is not identified from {k} items; needs 3")
    correlation = to_correlation(covariance)
    problem = singularity(correlation, names)
    if problem:
        return _failed(covariance, problem)
    loadings, unique, iterations, gradient = _score(correlation, *_start(correlation))
    if loadings.sum() < 0:
        loadings = -loadings
    reason = ""
    improper = np.flatnonzero(unique < _FLAT)
    if improper.size:
        reason = f"Heywood case: item {names[improper[0]]!r} has no positive unique variance"
    elif gradient > np.sqrt(_GRADIENT_TOLERANCE):
        reason = f"the one-factor model did not converge in {iterations} steps"
    discrepancy = _discrepancy(correlation, loadings, unique) - np.linalg.slogdet(correlation)[1] - k
    return OneFactorFit(
        loadings * deviation,
        unique * deviation**2,
        covariance,
        float(max(discrepancy, 0.0)),
        not reason,
        iterations,
        reason,
    )


def _failed(covariance: FloatArray, reason: str) -> OneFactorFit:
    nothing = np.full(len(covariance), np.nan)
    return OneFactorFit(nothing, nothing, covariance, float("nan"), False, 0, reason)


def _start(correlation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a principal-factor start from squared multiple correlations."""
    smc = 1 - 1 / np.diagonal(np.linalg.inv(correlation))
    reduced = correlation.copy()
    np.fill_diagonal(reduced, smc)
    values, vectors = np.linalg.eigh(reduced)
    loadings = np.clip(vectors[:, -1] * np.sqrt(max(values[-1], 0.1)), -0.95, 0.95)
    return loadings, 1 - loadings**2


def _score(
    correlation: FloatArray, loadings: FloatArray, unique: FloatArray
) -> tuple[FloatArray, FloatArray, int, float]:
    """Run Fisher scoring with step halving; return loadings, unique variances, steps and largest gradient."""
    k, value = len(correlation), _discrepancy(correlation, loadings, unique)
    largest = np.inf
    for iteration in range(_MAX_ITERATIONS):
        precision: FloatArray = np.asarray(np.linalg.inv(np.outer(loadings, loadings) + np.diag(unique)), dtype=float)
        slope = precision - precision @ correlation @ precision
        gradient = np.concatenate([2 * slope @ loadings, np.diagonal(slope)])
        largest = float(np.abs(gradient).max())
        if largest < _GRADIENT_TOLERANCE:
            return loadings, unique, iteration, largest
        step = np.linalg.lstsq(_expected_hessian(loadings, precision), gradient, rcond=None)[0]
        for halving in range(40):
            share = 0.5**halving
            trial = loadings - share * step[:k], unique - share * step[k:]
            trial_value = _discrepancy(correlation, *trial)
            if trial_value < value + 1e-14 * abs(value):
                break
        else:
            return loadings, unique, iteration, largest
        (loadings, unique), value = trial, min(value, trial_value)
    return loadings, unique, _MAX_ITERATIONS, largest


def _discrepancy(correlation: FloatArray, loadings: FloatArray, unique: FloatArray) -> float:
    """Return ln|Sigma| + tr(S Sigma^-1); infinite when Sigma is not positive definite."""
    implied = np.outer(loadings, loadings) + np.diag(unique)
    try:
        factor = np.linalg.cholesky(implied)
    except np.linalg.LinAlgError:
        return np.inf
    return float(2 * np.log(np.diagonal(factor)).sum() + np.trace(np.linalg.solve(implied, correlation)))


def _expected_hessian(loadings: FloatArray, precision: FloatArray) -> FloatArray:
    """Return tr(W S_a W S_b) for all pairs of parameters: twice the information per person."""
    weighted = precision @ loadings
    by_loading = 2 * np.outer(weighted, weighted) + 2 * (loadings @ weighted) * precision
    mixed = 2 * precision * weighted[None, :]
    return np.block([[by_loading, mixed], [mixed.T, precision**2]])


def _observed_hessian(loadings: FloatArray, precision: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return the second derivatives of the discrepancy at the given covariances."""
    k = len(loadings)
    change = np.zeros((2 * k, k, k))  # derivative of Sigma by each parameter
    index = np.arange(k)
    change[index, index, :] += loadings
    change[index, :, index] += loadings
    change[k + index, index, index] = 1.0
    misfit = precision @ covariance @ precision
    first = precision @ change @ precision
    second = precision @ change @ misfit
    slope = precision - misfit
    curve = -first + second + second.transpose(0, 2, 1)  # derivative of the slope matrix by each parameter
    by_loading = 2 * np.einsum("pij,j->pi", curve, loadings)
    by_loading[:k] += 2 * slope
    return np.concatenate([by_loading, np.diagonal(curve, axis1=1, axis2=2)], axis=1)
