r"""The standard bivariate normal distribution, for many correlations at once.

.. math:: \Phi_2(h, k; r) = \Phi(h)\Phi(k) + \frac{1}{2\pi} \int_0^{\arcsin r}
          \exp\Bigl(-\frac{h^2 + k^2 - 2hk\sin t}{2\cos^2 t}\Bigr) dt

The integral is smooth while the correlation is not close to 1 in size; Gauss-Legendre nodes are exact to rounding
there. Closer to 1 Owen's T function takes over.

References
----------
Drezner, Z., & Wesolowsky, G. O. (1990). On the computation of the bivariate normal integral. *Journal of Statistical
Computation and Simulation, 35*, 101-107. https://doi.org/10.1080/00949659008811236
Owen, D. B. (1956). Tables for computing bivariate normal probabilities. *Annals of Mathematical Statistics, 27*,
1075-1090. https://doi.org/10.1214/aoms/1177728074
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from .checks import FloatArray

# largest correlation in size, and the quadrature that serves up to there (error below 1e-14)
_RULES = tuple((limit, np.polynomial.legendre.leggauss(nodes)) for limit, nodes in ((0.3, 6), (0.75, 12), (0.925, 20)))

_SHORT_RULE = np.polynomial.legendre.leggauss(4)


def bivariate_normal_cdf(upper: ArrayLike, other_upper: ArrayLike, correlation: ArrayLike) -> FloatArray:
    """Return the probability that both variables are at most their limits.

    Parameters
    ----------
    upper, other_upper : array_like
        Limits h and k; they may be infinite.
    correlation : array_like
        Correlations in -1 to 1. The three are broadcast against each other.

    Returns
    -------
    ndarray
        Probabilities, absolute error below 1e-14.

    Examples
    --------
    At the medians it is 1/4 + arcsin(r) / (2 pi) (Sheppard, 1899), 1/3 for r = .5:

    >>> from ktss_analysis.psychometrics.bivariate_normal import bivariate_normal_cdf
    >>> round(float(bivariate_normal_cdf(0, 0, 0.5)), 10)
    0.3333333333
    """
    h, k, r = np.broadcast_arrays(*(np.asarray(part, dtype=float) for part in (upper, other_upper, correlation)))
    return grid_cdf(h.reshape(-1, 1), k.reshape(-1, 1), r.ravel()).reshape(h.shape)


def grid_cdf(upper: FloatArray, other_upper: FloatArray, correlation: FloatArray) -> FloatArray:
    """Return `bivariate_normal_cdf` for limits of shape (n, m) and one correlation per row, shape (n,)."""
    # beyond 40 standard deviations nothing changes, and infinity times zero does not arise
    h, k, size = np.clip(upper, -40, 40), np.clip(other_upper, -40, 40), np.abs(correlation)
    result, reached = np.empty(h.shape), -1.0
    for limit, rule in _RULES:
        rows = np.flatnonzero((size > reached) & (size <= limit))
        if rows.size:
            result[rows] = _by_quadrature(h[rows], k[rows], correlation[rows, None], rule)
        reached = limit
    rows = np.flatnonzero(size > reached)
    if rows.size:
        result[rows] = _by_owens_t(h[rows], k[rows], correlation[rows, None])
    return np.clip(result, 0.0, 1.0)


def bivariate_normal_density(x: FloatArray, y: FloatArray, correlation: FloatArray) -> FloatArray:
    """Return the density at (x, y), which is also the derivative of `bivariate_normal_cdf` by the correlation."""
    rest = 1 - correlation**2
    return np.asarray(np.exp(-(x * x + y * y - 2 * correlation * x * y) / (2 * rest)) / (2 * np.pi * np.sqrt(rest)))


def grid_cdf_change(upper: FloatArray, other_upper: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return what `grid_cdf` gains when the correlations move a little, by four nodes between the two.

    The error is below 1e-9 for steps below .1 while the correlations are below .9 in size; limits finite.
    """
    points, weights = _SHORT_RULE
    low, high = np.arcsin(start)[:, None], np.arcsin(end)[:, None]
    half = (high - low) / 2
    squares, product = (upper * upper + other_upper * other_upper) / 2, upper * other_upper
    total = np.zeros(upper.shape)
    for point, weight in zip(points, weights, strict=True):
        sine = np.sin(low + half * (1 + point))
        scale = 1 / (1 - sine * sine)
        total += weight * np.exp(product * (sine * scale) - squares * scale)
    return np.asarray(half * total / (2 * np.pi))


def _by_quadrature(h: FloatArray, k: FloatArray, r: FloatArray, rule: tuple[FloatArray, FloatArray]) -> FloatArray:
    half = np.arcsin(r) / 2
    squares, product = (h * h + k * k) / 2, h * k
    total = np.zeros(h.shape)
    for point, weight in zip(*rule, strict=True):
        sine = np.sin(half * (1 + point))
        scale = 1 / (1 - sine * sine)
        total += weight * np.exp(product * (sine * scale) - squares * scale)
    return np.asarray(special.ndtr(h) * special.ndtr(k) + half * total / (2 * np.pi))


def _by_owens_t(h: FloatArray, k: FloatArray, r: FloatArray) -> FloatArray:
    root = np.sqrt((1 - r) * (1 + r))
    same, opposite = r >= 1, r <= -1
    root = np.where(same | opposite, 1.0, root)
    opposite_signs = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    result = (special.ndtr(h) + special.ndtr(k) - opposite_signs) / 2
    result -= _owens_part(h, k, r, root) + _owens_part(k, h, r, root)
    both_zero = (h == 0) & (k == 0)
    result = np.where(both_zero, 0.25 + np.arcsin(np.clip(r, -1, 1)) / (2 * np.pi), result)
    result = np.where(same, special.ndtr(np.minimum(h, k)), result)
    return np.asarray(np.where(opposite, special.ndtr(h) - special.ndtr(-k), result))


def _owens_part(h: FloatArray, k: FloatArray, r: FloatArray, root: FloatArray) -> FloatArray:
    """Return T(h, (k - r h) / (h sqrt(1 - r^2))); with h zero the slope is infinite, with the sign of k."""
    slope = np.where(k >= 0, np.inf, -np.inf)
    np.divide(k - r * h, h * root, out=slope, where=h != 0)
    return np.asarray(special.owens_t(h, slope))
