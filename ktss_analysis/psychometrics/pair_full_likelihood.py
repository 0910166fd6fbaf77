"""Correlation and thresholds behind one cross-table together, by maximum likelihood (Fisher scoring)."""

from __future__ import annotations

import numpy as np
from scipy import special

from .bivariate_normal import bivariate_normal_density, grid_cdf
from .checks import FloatArray

_MAX_ITERATIONS = 60
_STEP = 1e-9
_DIFFERENCE = 1e-5
_TINY = 1e-30
_EDGE = 0.9999


def fit_full_likelihood(table: FloatArray, start: float) -> tuple[float, float]:
    """Return the correlation and its standard error; both nan when the search leaves -1 to 1 or does not end.

    Parameters
    ----------
    table : ndarray, shape (n_rows, n_columns)
        Counts; empty rows and columns are left out.
    start : float
        Where the correlation starts, e.g. the two-step estimate.

    Notes
    -----
    The standard error comes from the observed information of all parameters.
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n = table.sum()
    h, k = (special.ndtri(np.cumsum(table.sum(axis=axis))[:-1] / n) for axis in (1, 0))
    parameters = np.concatenate([[np.clip(start, -0.95, 0.95)], h, k])
    value, probability, change = _model(table, parameters, len(h))
    for _ in range(_MAX_ITERATIONS):
        weighted = change / probability
        information = n * np.einsum("aij,bij->ab", weighted, change)
        step = np.linalg.lstsq(information, np.einsum("aij,ij->a", weighted, table), rcond=None)[0]
        if np.abs(step).max() < _STEP:
            return float(parameters[0]), _standard_error(table, parameters, len(h))
        for halving in range(30):
            trial = parameters + 0.5**halving * step
            if _ordered(trial, len(h)):
                new = _model(table, trial, len(h))
                if new[0] >= value - 1e-12 * abs(value):
                    break
        else:
            break
        parameters, (value, probability, change) = trial, new
    return float("nan"), float("nan")


def _standard_error(table: FloatArray, parameters: FloatArray, n_rows: int) -> float:
    """Return the standard error of the correlation from differences of the analytic score; nan at no maximum."""
    curvature = np.empty((len(parameters), len(parameters)))
    for index in range(len(parameters)):
        shift = np.zeros(len(parameters))
        shift[index] = _DIFFERENCE
        ends = [_model(table, parameters + sign * shift, n_rows)[1:] for sign in (1, -1)]
        up, down = (np.einsum("aij,ij->a", change / probability, table) for probability, change in ends)
        curvature[index] = (down - up) / (2 * _DIFFERENCE)
    variance = np.linalg.pinv((curvature + curvature.T) / 2)[0, 0]
    return float(np.sqrt(variance)) if variance > 0 else float("nan")


def _ordered(parameters: FloatArray, n_rows: int) -> bool:
    """Return whether the correlation is inside its range and the thresholds rise."""
    h, k = parameters[1 : 1 + n_rows], parameters[1 + n_rows :]
    return bool(abs(parameters[0]) < _EDGE and (np.diff(h) > 0).all() and (np.diff(k) > 0).all())


def _model(table: FloatArray, parameters: FloatArray, n_rows: int) -> tuple[float, FloatArray, FloatArray]:
    """Return log-likelihood, cell probabilities, and their derivatives by all parameters."""
    r, h, k = parameters[0], parameters[1 : 1 + n_rows], parameters[1 + n_rows :]
    x, y = np.repeat(h, len(k))[None], np.tile(k, len(h))[None]
    corner, density = np.zeros((2, len(h) + 2, len(k) + 2))
    corner[1:-1, 1:-1] = grid_cdf(x, y, np.array([r])).reshape(len(h), len(k))
    corner[1:-1, -1], corner[-1, 1:-1], corner[-1, -1] = special.ndtr(h), special.ndtr(k), 1.0
    density[1:-1, 1:-1] = bivariate_normal_density(x, y, np.array([[r]])).reshape(len(h), len(k))
    probability = np.maximum(_boxes(corner), _TINY)
    change = np.zeros((len(parameters), *table.shape))
    change[0] = _boxes(density)
    for first, ends, others, turn in ((1, h, k, False), (1 + n_rows, k, h, True)):
        below = np.zeros((len(ends), len(others) + 2))
        below[:, 1:-1] = special.ndtr((others[None, :] - r * ends[:, None]) / np.sqrt(1 - r * r))
        below[:, -1] = 1.0
        mass = np.exp(-(ends**2) / 2)[:, None] / np.sqrt(2 * np.pi) * np.diff(below, axis=1)
        for index in range(len(ends)):  # a threshold moves mass between the two categories it parts
            target = change[first + index].T if turn else change[first + index]
            target[index] += mass[index]
            target[index + 1] -= mass[index]
    return float((table * np.log(probability)).sum()), probability, change


def _boxes(corner: FloatArray) -> FloatArray:
    return np.asarray(np.diff(np.diff(corner, axis=0), axis=1))
