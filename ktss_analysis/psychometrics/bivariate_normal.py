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
from numpy.typing import ArrayLike, NDArray
from scipy import special

from .checks import FloatArray

# largest correlation in size, and the quadrature that serves up to there (error below 1e-14)
_RULES = tuple((limit, np.polynomial.legendre.leggauss(nodes)) for limit, nodes in ((0.3, 6), (0.75, 12), (0.925, 20)))

# the same for the start of a search (error below 1e-12)
_START_RULES = tuple(
    (limit, np.polynomial.legendre.leggauss(nodes)) for limit, nodes in ((0.3, 5), (0.5, 7), (0.7, 9), (0.9, 14))
)
_BOX_RULE = np.polynomial.legendre.leggauss(32)
_ZOOMS, _ZOOM_POINTS = 4, 33
_NEGLIGIBLE = 36.0  # logarithm of how much lower than its peak an integrand adds nothing
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


def grid_cdf_change(product: FloatArray, squares: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return what the distribution gains at its limits when the correlations move a little.

    Four nodes between the two: the error is below 1e-11 for steps below .1 while the correlations are below .8 in
    size. `product` is x y and `squares` (x^2 + y^2) / 2 of the limits x and y, finite, of shape (..., n) for the n
    correlations.
    """
    low = np.arcsin(start)
    return _integral(product, squares, low, (np.arcsin(end) - low) / 2, _SHORT_RULE)


def by_quadrature(product: FloatArray, squares: FloatArray, correlation: FloatArray) -> FloatArray:
    """Return what correlations up to .9 in size add to independence, as `grid_cdf_change`; error below 1e-12."""
    size, result, reached = np.abs(correlation), np.zeros(product.shape), -1.0
    for limit, rule in _START_RULES:
        here = np.flatnonzero((size > reached) & (size <= limit))
        if here.size:
            # neighbours in memory are taken without a copy
            run: slice | NDArray[np.intp] = here
            if here[-1] - here[0] + 1 == here.size:
                run = slice(here[0], here[-1] + 1)
            half = np.arcsin(correlation[run]) / 2
            result[..., run] = _integral(product[..., run], squares[..., run], np.zeros(half.shape), half, rule)
        reached = limit
    return result


def box_probability(
    x_low: FloatArray, x_high: FloatArray, y_low: FloatArray, y_high: FloatArray, correlation: FloatArray
) -> FloatArray:
    """Return the probability of boxes so improbable that a difference of `grid_cdf` would be rounding error.

    Integrates along x where the integrand is not negligible; all arguments of shape (n,), correlations inside -1 to
    1. The relative error is below 1e-9, down to probabilities of 1e-300.
    """
    root = np.sqrt((1 - correlation) * (1 + correlation))[:, None]
    left, right = np.clip(x_low, -40, 40)[:, None], np.clip(x_high, -40, 40)[:, None]

    def log_integrand(x: FloatArray) -> FloatArray:
        mean = correlation[:, None] * x
        inner = _log_interval((y_low[:, None] - mean) / root, (y_high[:, None] - mean) / root)
        return np.asarray(inner - x * x / 2 - np.log(2 * np.pi) / 2)

    grid = np.linspace(0, 1, _ZOOM_POINTS)
    for _ in range(_ZOOMS):
        height = log_integrand(left + (right - left) * grid)
        matters = height > height.max(axis=1, keepdims=True) - _NEGLIGIBLE
        first = np.maximum(np.argmax(matters, axis=1) - 1, 0)
        last = np.minimum(_ZOOM_POINTS - np.argmax(matters[:, ::-1], axis=1), _ZOOM_POINTS - 1)
        left, right = left + (right - left) * grid[first, None], left + (right - left) * grid[last, None]
    points, weights = _BOX_RULE
    half = (right - left) / 2
    return np.asarray((np.exp(log_integrand(left + half * (1 + points))) @ weights) * half[:, 0])


def _log_interval(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the logarithm of the normal probability between two limits, in whichever tail it is exact."""
    upper = low > 0
    low, high = np.where(upper, -high, low), np.where(upper, -low, high)
    top = special.log_ndtr(high)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(top + np.log1p(-np.exp(special.log_ndtr(low) - top)))


def _integral(
    product: FloatArray, squares: FloatArray, low: FloatArray, half: FloatArray, rule: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Return the integral of the module's formula from the angle `low` to `low` + 2 `half`."""
    total, power, other = np.zeros(product.shape), np.empty(product.shape), np.empty(product.shape)
    for point, weight in zip(*rule, strict=True):
        sine = np.sin(low + half * (1 + point))
        scale = 1 / (1 - sine * sine)
        np.multiply(product, sine * scale, out=power)
        np.multiply(squares, scale, out=other)
        power -= other
        np.exp(power, out=power)
        power *= half * (weight / (2 * np.pi))
        total += power
    return total


def _by_quadrature(h: FloatArray, k: FloatArray, r: FloatArray, rule: tuple[FloatArray, FloatArray]) -> FloatArray:
    half = np.arcsin(r) / 2
    added = _integral(h * k, (h * h + k * k) / 2, np.zeros(half.shape), half, rule)
    return np.asarray(special.ndtr(h) * special.ndtr(k) + added)


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
