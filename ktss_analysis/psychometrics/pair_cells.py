r"""Cell probabilities of many cross-tables of ordered categories, with their derivatives by the correlation.

The probability of a cell is a difference of the bivariate normal distribution at its four corners. Its derivatives by
the correlation r are differences of the density and of that density's own derivatives: with the limits x and y,

.. math:: \varphi = \frac{e^q}{2\pi\sqrt{1-r^2}}, \quad q = \frac{rxy - (x^2 + y^2)/2}{1-r^2}, \quad u = xy + 2rq,
.. math:: \frac{\varphi'}{\varphi} = g = \frac{r + u}{1-r^2}, \qquad
          \frac{\varphi''}{\varphi} = g^2 + \frac{1 + r^2 + 2(1-r^2)q + 4ru}{(1-r^2)^2}.

Arrays have the tables on their last axis, so that all arithmetic runs over neighbours in memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .bivariate_normal import box_probability, by_quadrature, grid_cdf, grid_cdf_change
from .checks import FloatArray

Selection = slice | NDArray[np.intp]

_SHORT, _NOT_STEEP = 0.1, 0.8  # steps and correlations for which few nodes do
_IMPROBABLE = 1e-9  # below this a cell with persons is integrated by itself: the difference would be rounding error
_LEAST = 1e-300  # a cell with persons and less than this probability cannot be


class Cells(NamedTuple):
    """Cell probabilities and their first three derivatives, each of shape (n_rows, n_columns, n_tables).

    `impossible`, shape (n_tables,), marks tables with persons in a cell that cannot be at this correlation.
    """

    probability: FloatArray
    first: FloatArray
    second: FloatArray
    third: FloatArray
    impossible: NDArray[np.bool_]


class PairCells:
    """The joint distribution at the corners of all cells of a batch of tables, kept from step to step.

    Parameters
    ----------
    occupied : ndarray of bool, shape (n_rows, n_columns, n_tables)
        Cells with persons; the probability of others is not exact when it is small.
    h, k : ndarray, shapes (n_rows - 1, n_tables) and (n_columns - 1, n_tables)
        Thresholds, finite.
    start : ndarray, shape (n_tables,)
        First correlations, between -.9 and .9.
    """

    def __init__(self, occupied: NDArray[np.bool_], h: FloatArray, k: FloatArray, start: FloatArray) -> None:
        self.occupied = occupied
        self.product = h[:, None] * k[None]
        self.squares = (h * h)[:, None] / 2 + (k * k)[None] / 2
        self.h, self.k = h, k
        self.at = start.copy()
        below, left = special.ndtr(h), special.ndtr(k)
        self.cdf = np.zeros((len(h) + 2, len(k) + 2, len(start)))
        self.cdf[1:-1, -1], self.cdf[-1, 1:-1], self.cdf[-1, -1] = below, left, 1.0
        self.cdf[1:-1, 1:-1] = below[:, None] * left[None]
        self.cdf[1:-1, 1:-1] += by_quadrature(self.product, self.squares, start)

    def cells(self, correlation: FloatArray, which: Selection) -> Cells:
        """Return the cells of the tables in question at new correlations."""
        self._move(correlation, which)
        r, product = correlation, self.product[..., which]
        rest = 1 - r * r
        q = (r * product - self.squares[..., which]) / rest
        u = product + 2 * r * q
        corner = np.zeros((4, *self.cdf.shape[:2], len(r)))
        corner[0] = self.cdf[..., which]
        density, slope, bend = (corner[order, 1:-1, 1:-1] for order in (1, 2, 3))
        np.exp(q, out=density)
        density *= 1 / (2 * np.pi * np.sqrt(rest))
        g = (r + u) * (1 / rest)
        np.multiply(density, g, out=slope)
        bent = (1 + r * r + 2 * rest * q + 4 * r * u) * (1 / rest**2)
        bent += g * g
        np.multiply(density, bent, out=bend)
        boxes = corner[:, 1:] - corner[:, :-1]
        boxes = boxes[:, :, 1:] - boxes[:, :, :-1]
        impossible = self._mend(boxes[0], r, which)
        return Cells(boxes[0], boxes[1], boxes[2], boxes[3], impossible)

    def _mend(self, probability: FloatArray, correlation: FloatArray, which: Selection) -> NDArray[np.bool_]:
        """Put the exact probability where persons stand in an improbable cell; return which tables cannot be."""
        rare = (probability < _IMPROBABLE) & self.occupied[..., which]
        np.maximum(probability, _LEAST, out=probability)
        impossible = np.zeros(len(correlation), dtype=bool)
        if rare.any():
            row, column, table = np.nonzero(rare)
            x, y = (np.pad(limits, ((1, 1), (0, 0)), constant_values=40.0) for limits in (self.h, self.k))
            x[0], y[0] = -40.0, -40.0
            whole = np.arange(len(self.at))[which][table]
            exact = box_probability(
                x[row, whole], x[row + 1, whole], y[column, whole], y[column + 1, whole], correlation[table]
            )
            probability[rare] = np.maximum(exact, _LEAST)
            impossible[table[exact < _LEAST]] = True
        return impossible

    def _move(self, correlation: FloatArray, which: Selection) -> None:
        """Bring the distribution to new correlations: by what changes if it is little, else anew."""
        start = self.at[which]
        moved = correlation != start
        near = (np.abs(correlation - start) < _SHORT) & (np.maximum(np.abs(start), np.abs(correlation)) < _NOT_STEEP)
        if near.all():
            if moved.any():
                change = grid_cdf_change(self.product[..., which], self.squares[..., which], start, correlation)
                self.cdf[1:-1, 1:-1, which] += change
        else:
            tables = np.arange(len(self.at))[which]
            for part, anew in ((moved & near, False), (moved & ~near, True)):
                if part.any():
                    self._move_some(tables[part], correlation[part], anew=anew)
        self.at[which] = correlation

    def _move_some(self, tables: NDArray[np.intp], correlation: FloatArray, *, anew: bool) -> None:
        if anew:
            corners = np.broadcast_arrays(self.h[:, None, tables], self.k[None, :, tables])
            x, y = (limits.reshape(-1, len(tables)).T for limits in corners)
            self.cdf[1:-1, 1:-1, tables] = grid_cdf(x, y, correlation).T.reshape(corners[0].shape)
        else:
            start, inner = self.at[tables], (self.product[..., tables], self.squares[..., tables])
            self.cdf[1:-1, 1:-1, tables] += grid_cdf_change(*inner, start, correlation)
