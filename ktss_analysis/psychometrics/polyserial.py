"""The polyserial correlation of a continuous variable with ordered categories."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, constant_columns, drop_missing
from .moments import absent
from .pair_likelihood import thresholds_of
from .registry import statistic

_MAX_ITERATIONS = 100
_EDGE = 0.9999


@statistic(
    family="correlations", symbol="rho_ps", data="items", bounds=(-1, 1), min_n=3, invariant_to={"row_order", "affine"},
    source="doi:10.1007/BF02294164",
)  # fmt: skip
def polyserial(
    pair: ArrayLike | pd.DataFrame,
    *,
    estimator: Literal["likelihood", "moment"] = "likelihood",
    missing: Missing = "listwise",
    ci_level: float = 0.95,
) -> Estimate:
    r"""Compute the polyserial correlation of a continuous variable with ordered categories (two-step).

    With z the standardised continuous variable and thresholds :math:`h_a` from the shares of the categories, r
    maximises

    .. math:: \sum_i \ln \bigl[\Phi(u_i) - \Phi(v_i)\bigr], \qquad
              u_i = \frac{h_{a_i} - r z_i}{\sqrt{1 - r^2}}, \quad v_i = \frac{h_{a_i - 1} - r z_i}{\sqrt{1 - r^2}}

    where :math:`a_i` is the category person i chose. The moment estimator is
    :math:`r_{xy} s_y / \sum_a \varphi(h_a)`, with y the number of the category and :math:`\varphi` the normal
    density.

    Parameters
    ----------
    pair : array_like or DataFrame, shape (n_persons, 2)
        First column the continuous variable (a score, an age), second column whole numbers.
    estimator : {"likelihood", "moment"}, default "likelihood"
        Maximum of the likelihood given the thresholds, or the closed form, which some programs call two-step.
    missing : {"raise", "listwise"}, default "listwise"
        Rule for missing cells.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        ``undefined`` when a column does not vary or the estimate is at 1 or -1, ``too_few`` under three persons.

    Raises
    ------
    StatisticError
        For other than two columns, categories that are not whole numbers, missing cells under ``missing="raise"``,
        text, or infinite values.

    Notes
    -----
    Assumes that the continuous variable and the one behind the categories are bivariate normal. The limits are
    those of Fisher's z with the curvature of the likelihood, thresholds taken as known: a little too narrow.

    References
    ----------
    Olsson, U., Drasgow, F., & Dorans, N. J. (1982). The polyserial correlation coefficient. *Psychometrika, 47*,
    337-347. https://doi.org/10.1007/BF02294164

    Examples
    --------
    Two categories that split a normal score at its median: 15 of 20 persons are on their side of it.

    >>> import numpy as np
    >>> from ktss_analysis.psychometrics.polyserial import polyserial
    >>> score = np.arange(20)
    >>> category = np.array([0] * 8 + [1, 1] + [0] * 3 + [1] * 7)
    >>> round(polyserial(np.column_stack([score, category])).value, 2)
    0.87
    """
    check_choice(estimator, ("likelihood", "moment"), "estimator")
    level = check_level(ci_level)
    if missing == "pairwise":
        raise StatisticError("missing='pairwise': one pair needs complete rows; choose missing='listwise'")
    data, names = as_matrix(pair, "pair")
    if len(names) != 2:
        raise StatisticError(f"pair: {len(names)} column(s); allowed: 2, the continuous variable first")
    rows, n_missing = drop_missing(data, missing, "pair")
    how = "two-step" if estimator == "likelihood" else "moment estimator"
    method = f"polyserial, {how}, {'complete answers' if missing == 'raise' else missing}"
    odd = rows[rows[:, 1] != np.rint(rows[:, 1]), 1]
    if odd.size:
        raise StatisticError(f"pair: column {names[1]!r} holds {odd[0]:g}; categories are whole numbers")
    if len(rows) < 3:
        return absent(("too_few", f"{len(rows)} person(s); needs 3 or more"), method, len(data))
    constant = constant_columns(rows, names)
    if constant:
        return absent(("undefined", f"{constant[0]!r} does not vary"), method, len(data))
    z = (rows[:, 0] - rows[:, 0].mean()) / rows[:, 0].std()
    _, category, count = np.unique(rows[:, 1], return_inverse=True, return_counts=True)
    ends = np.concatenate([[-40.0], thresholds_of(count.astype(float)), [40.0]])
    upper, lower = ends[category + 1], ends[category]
    value, error = _maximise(z, upper, lower) if estimator == "likelihood" else _moment(z, category, upper, lower, ends)
    if abs(value) > _EDGE or not np.isfinite(error):
        side = "1" if value > 0 else "-1"
        return absent(
            ("undefined", f"the likelihood rises to {side}: the categories follow the scores"), method, len(data)
        )
    reach = float(special.ndtri((1 + level) / 2)) * error / (1 - value**2)
    low, high = np.tanh(np.arctanh(value) - reach), np.tanh(np.arctanh(value) + reach)
    method += f"; Fisher z interval, standard error {error:.4f}"
    return Estimate(value, float(low), float(high), level, method, len(rows), n_missing)


def _moment(
    z: FloatArray, category: np.ndarray, upper: FloatArray, lower: FloatArray, ends: FloatArray
) -> tuple[float, float]:
    """Return the closed-form estimate, and the standard error that the likelihood has there."""
    density = np.exp(-(ends[1:-1] ** 2) / 2).sum() / np.sqrt(2 * np.pi)
    value = float((z * (category - category.mean())).mean() / density)
    curvature = _slope(value, z, upper, lower)[1] if abs(value) < _EDGE else 0.0
    return value, float(1 / np.sqrt(curvature)) if curvature > 0 else np.inf


def _maximise(z: FloatArray, upper: FloatArray, lower: FloatArray) -> tuple[float, float]:
    """Return the correlation and its standard error given the thresholds, by bracketed Newton steps."""
    low, high, r, curvature = -1.0, 1.0, 0.0, np.inf
    for _ in range(_MAX_ITERATIONS):
        slope, curvature = _slope(r, z, upper, lower)
        low, high = (r, high) if slope > 0 else (low, r)
        trial = r + slope / curvature if curvature > 0 else np.inf
        if curvature > 0 and abs(trial - r) < 1e-9:
            return trial, float(1 / np.sqrt(curvature))
        r = trial if low < trial < high else (low + high) / 2
        if abs(r) > _EDGE:
            break
    return r, np.inf


def _slope(r: float, z: FloatArray, upper: FloatArray, lower: FloatArray) -> tuple[float, float]:
    """Return first and minus second derivative of the log-likelihood by the correlation."""
    rest = 1 - r * r
    mass = first = second = np.zeros(0)
    for sign, end in ((1.0, upper), (-1.0, lower)):
        u = (end - r * z) / np.sqrt(rest)
        bend = (r * end - z) / rest**1.5  # derivative of u by r
        height = np.exp(-np.minimum(u * u, 1400) / 2) / np.sqrt(2 * np.pi)
        bend_again = (end * (1 + 2 * r * r) - 3 * r * z) / rest**2.5
        parts = sign * special.ndtr(u), sign * height * bend, sign * height * (bend_again - u * bend * bend)
        mass, first, second = parts if sign > 0 else (mass + parts[0], first + parts[1], second + parts[2])
    mass = np.maximum(mass, 1e-60)
    ratio = first / mass
    return float(ratio.sum()), float((ratio * ratio - second / mass).sum())
