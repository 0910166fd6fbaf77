r"""Rotation of factor loadings by gradient projection, for a batch of loadings or of starts at once.

The criterion f falls along its gradient projected on the rotations, T'T = I (orthogonal, L = A T), or on the matrices
with columns of length 1 (oblique, :math:`L = A (T^{-1})'`, factor correlations :math:`\Phi = T'T`).

References
----------
Jennrich, R. I. (2001). A simple general procedure for orthogonal rotation. *Psychometrika, 66*, 289-306.
https://doi.org/10.1007/BF02294840
Jennrich, R. I. (2002). A simple general method for oblique rotation. *Psychometrika, 67*, 7-19.
https://doi.org/10.1007/BF02294706
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .checks import FloatArray

Criterion = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

ORTHOGONAL = ("varimax", "quartimax")
OBLIQUE = ("oblimin", "geomin", "promax")
KAISER_BY_DEFAULT = ("varimax", "quartimax", "promax")
_GEOMIN_OFFSET = 0.01
_PROMAX_POWER = 4
_MAX_ITERATIONS = 2000
_TOLERANCE = 1e-8
_ROUGH = 1e-3  # what a random start must reach before the best are refined
_SAME_MINIMUM = 1e-4
_CONVERGED = 1e-6


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotated solution.

    Parameters
    ----------
    loadings : ndarray, shape (n_items, n_factors)
        Pattern.
    factor_correlations : ndarray, shape (n_factors, n_factors)
        Identity for orthogonal rotations.
    criterion : float
        Value minimised; missing for promax.
    converged : bool
        The projected gradient is zero.
    n_minima : int
        Different local minima that the random starts ended in.
    """

    loadings: FloatArray
    factor_correlations: FloatArray
    criterion: float
    converged: bool
    n_minima: int


def rotate(
    loadings: FloatArray, method: str, *, kaiser: bool | None = None, n_starts: int = 10, seed: int = 0
) -> Rotation:
    """Rotate one matrix of loadings; see `fit_efa` for the methods.

    Parameters
    ----------
    loadings : ndarray, shape (n_items, n_factors)
        Unrotated loadings.
    method : {"varimax", "quartimax", "oblimin", "geomin", "promax"}
        Criterion.
    kaiser : bool, optional
        Divide each row by its length before, and multiply after. By default for varimax, quartimax and promax.
    n_starts, seed : int, default 10 and 0
        Starts, the first of them the unrotated loadings, and the seed of the random others.
    """
    n_factors = loadings.shape[1]
    if n_factors < 2:
        return Rotation(loadings, np.eye(n_factors), 0.0, True, 1)
    weight = np.ones(len(loadings))
    if method in KAISER_BY_DEFAULT if kaiser is None else kaiser:
        length = np.sqrt((loadings**2).sum(axis=1))
        weight = np.where(length > 0, length, 1.0)
    scaled = loadings / weight[:, None]
    if method == "promax":
        return _promax(scaled, weight, n_starts, seed)
    oblique = method in OBLIQUE
    starts = _starts(n_factors, n_starts, seed)
    many = np.broadcast_to(scaled, (len(starts), *scaled.shape))
    turn, value, _ = gradient_projection(many, starts, method, _ROUGH)
    apart = _SAME_MINIMUM * (1 + np.abs(value).max())
    n_minima = 1 + int((np.diff(np.sort(value)) > apart).sum())
    chosen = np.flatnonzero(value <= value.min() + apart)[
        :1
    ]  # the first of equals, so the unrotated start if it can be
    turn, value, gradient = gradient_projection(many[chosen], turn[chosen], method, _TOLERANCE)
    rotated, correlations = turned(scaled[None], turn, oblique)
    return Rotation(
        rotated[0] * weight[:, None], correlations[0], float(value[0]), bool(gradient[0] < _CONVERGED), n_minima
    )


def _starts(n_factors: int, n_starts: int, seed: int) -> FloatArray:
    """Return rotation matrices: the identity, then random ones."""
    normal = np.random.default_rng(seed).standard_normal((max(n_starts, 1), n_factors, n_factors))
    starts = np.linalg.qr(normal)[0]
    starts[0] = np.eye(n_factors)
    return np.asarray(starts)


def turned(loadings: FloatArray, turn: FloatArray, oblique: bool) -> tuple[FloatArray, FloatArray]:
    """Return rotated loadings and factor correlations of each matrix of a batch."""
    if oblique:
        return loadings @ np.linalg.inv(turn).transpose(0, 2, 1), turn.transpose(0, 2, 1) @ turn
    return loadings @ turn, np.broadcast_to(np.eye(turn.shape[1]), turn.shape).copy()


def gradient_projection(
    loadings: FloatArray, turn: FloatArray, method: str, tolerance: float = _TOLERANCE
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return rotation matrices, values and lengths of the projected gradients, for a batch.

    Parameters
    ----------
    loadings : ndarray, shape (n_starts, n_items, n_factors)
        Unrotated loadings of each start (or of each bootstrap replicate).
    turn : ndarray, shape (n_starts, n_factors, n_factors)
        Where each starts.
    method : str
        Criterion, not promax.
    tolerance : float, default 1e-8
        Length of the projected gradient that ends a search.
    """
    criterion, oblique = CRITERIA[method], method in OBLIQUE
    turn, size = turn.copy(), np.ones(len(turn))
    value, gradient = _slope(loadings, turn, criterion, oblique)
    length = np.full(len(turn), np.inf)
    active = np.arange(len(turn))
    for _ in range(_MAX_ITERATIONS):
        direction = _projected(gradient, turn[active], oblique)
        length[active] = np.sqrt((direction**2).sum(axis=(1, 2)))
        going = length[active] > tolerance
        active, direction, gradient = active[going], direction[going], gradient[going]
        if not active.size:
            break
        moved, new_value, new_gradient, new_size, falls = _step(
            loadings[active],
            turn[active],
            value[active],
            direction,
            2 * size[active],
            length[active],
            criterion,
            oblique,
        )
        turn[active], value[active], size[active] = moved, new_value, new_size
        active, gradient = active[falls], new_gradient[falls]  # no step falls any more: rounding
    return turn, value, length


def _slope(
    loadings: FloatArray, turn: FloatArray, criterion: Criterion, oblique: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the value and its derivative by the rotation matrix."""
    if not oblique:
        value, slope = criterion(loadings @ turn)
        return value, loadings.transpose(0, 2, 1) @ slope
    back = np.linalg.inv(turn)
    rotated = loadings @ back.transpose(0, 2, 1)
    value, slope = criterion(rotated)
    return value, -(rotated.transpose(0, 2, 1) @ slope @ back).transpose(0, 2, 1)


def _projected(gradient: FloatArray, turn: FloatArray, oblique: bool) -> FloatArray:
    if oblique:
        return np.asarray(gradient - turn * (turn * gradient).sum(axis=1, keepdims=True))
    inner = turn.transpose(0, 2, 1) @ gradient
    return np.asarray(gradient - turn @ (inner + inner.transpose(0, 2, 1)) / 2)


def _back_to_surface(moved: FloatArray, oblique: bool) -> FloatArray:
    if oblique:
        return np.asarray(moved / np.sqrt((moved**2).sum(axis=1, keepdims=True)))
    left, _, right = np.linalg.svd(moved)
    return np.asarray(left @ right)


def _step(
    loadings: FloatArray, turn: FloatArray, value: FloatArray, direction: FloatArray, size: FloatArray,
    length: FloatArray, criterion: Criterion, oblique: bool,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:  # fmt: skip
    """Return where a step leads that lowers the criterion enough, halving the step until it does."""
    best, best_value, gradient, size = turn.copy(), value.copy(), np.zeros(turn.shape), size.copy()
    falls, open_ = np.zeros(len(turn), dtype=bool), np.arange(len(turn))
    for _ in range(12):
        trial = _back_to_surface(turn[open_] - size[open_, None, None] * direction[open_], oblique)
        new_value, new_gradient = _slope(loadings[open_], trial, criterion, oblique)
        enough = new_value < value[open_] - 0.5 * size[open_] * length[open_] ** 2
        done = open_[enough]
        best[done], best_value[done], gradient[done] = trial[enough], new_value[enough], new_gradient[enough]
        falls[done] = True
        open_ = open_[~enough]
        if not open_.size:
            break
        size[open_] /= 2
    return best, best_value, gradient, size, falls


# --- criteria: value and derivative by the rotated loadings, for a batch


def _oblimin(rotated: FloatArray) -> tuple[FloatArray, FloatArray]:
    squares = rotated**2
    others = squares.sum(axis=2, keepdims=True) - squares
    return (squares * others).sum(axis=(1, 2)) / 4, rotated * others


def _geomin(rotated: FloatArray) -> tuple[FloatArray, FloatArray]:
    squares = rotated**2 + _GEOMIN_OFFSET
    mean = np.exp(np.log(squares).mean(axis=2))
    return mean.sum(axis=1), 2 / rotated.shape[2] * rotated / squares * mean[:, :, None]


def _varimax(rotated: FloatArray) -> tuple[FloatArray, FloatArray]:
    squares = rotated**2
    centred = squares - squares.mean(axis=1, keepdims=True)
    return -(centred**2).sum(axis=(1, 2)) / 4, -rotated * centred


def _quartimax(rotated: FloatArray) -> tuple[FloatArray, FloatArray]:
    return -(rotated**4).sum(axis=(1, 2)) / 4, -(rotated**3)


CRITERIA: dict[str, Criterion] = {
    "oblimin": _oblimin, "geomin": _geomin, "varimax": _varimax, "quartimax": _quartimax,
}  # fmt: skip


def _promax(scaled: FloatArray, weight: FloatArray, n_starts: int, seed: int) -> Rotation:
    """Raise varimax loadings to the fourth power, keeping signs, and rotate towards them by least squares."""
    start = rotate(scaled, "varimax", kaiser=False, n_starts=n_starts, seed=seed)
    simple = start.loadings
    target = simple * np.abs(simple) ** (_PROMAX_POWER - 1)
    turn = np.linalg.lstsq(simple, target, rcond=None)[0]
    inverse = np.linalg.inv(turn.T @ turn)
    turn = turn * np.sqrt(np.diagonal(inverse))
    back = np.linalg.inv(turn)
    return Rotation((simple @ turn) * weight[:, None], back @ back.T, float("nan"), start.converged, start.n_minima)
