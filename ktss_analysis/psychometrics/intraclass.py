"""Intraclass correlations of raters: six models from one two-way table of mean squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ..core import Estimate, StatisticError
from .chance_corrected import Resampling, resample
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, drop_missing, is_finite
from .crossed_components import contributions, intraclass_of_totals
from .frames import estimates_frame
from .rating_tables import check_cluster
from .registry import statistic

Model = Literal["1-1", "A-1", "C-1", "1-k", "A-k", "C-k"]

MODELS: tuple[str, ...] = ("1-1", "A-1", "C-1", "1-k", "A-k", "C-k")


class MeanSquares(NamedTuple):
    """Mean squares of a units x raters table: between units, between raters, residual, within units."""

    units: float
    raters: float
    residual: float
    within: float


def mean_squares(table: FloatArray) -> MeanSquares:
    """Return the mean squares of a complete table, shape (n_units, n_raters)."""
    n, k = table.shape
    by_rater = np.ascontiguousarray(table.T)  # few raters, many units: sums and differences then run over neighbours
    centred = by_rater - by_rater.mean()
    units, raters = centred.sum(axis=0) / k, centred.sum(axis=1) / n
    centred -= units
    within = np.vdot(centred, centred)
    centred -= raters[:, None]
    residual = np.vdot(centred, centred)
    return MeanSquares(
        float(k * np.vdot(units, units) / (n - 1)), float(n * np.vdot(raters, raters) / (k - 1)),
        float(residual / ((n - 1) * (k - 1))), float(within / (n * (k - 1))),
    )  # fmt: skip


@statistic(
    family="agreement", symbol="ICC", data="units", bounds=(None, 1), min_n=2,
    invariant_to={"row_order", "column_order", "affine"}, source="doi:10.1037/1082-989X.1.1.30",
)  # fmt: skip
def icc(
    ratings: ArrayLike | pd.DataFrame,
    *,
    model: Model = "A-1",
    missing: Missing | Literal["available"] = "raise",
    ci_method: Literal["f", "jackknife", "bootstrap"] | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 0,
) -> Estimate:
    r"""Compute an intraclass correlation.

    With mean squares between units B, between raters J, residual E and within units W, n units and k raters

    .. math::
        \text{1-1}: \frac{B - W}{B + (k-1) W}, \quad
        \text{A-1}: \frac{B - E}{B + (k-1) E + \frac{k}{n} (J - E)}, \quad
        \text{C-1}: \frac{B - E}{B + (k-1) E}, \\
        \text{1-k}: \frac{B - W}{B}, \quad
        \text{A-k}: \frac{B - E}{B + \frac{1}{n} (J - E)}, \quad
        \text{C-k}: \frac{B - E}{B}

    Parameters
    ----------
    ratings : array_like or DataFrame, shape (n_units, n_raters)
        Units in rows, raters (or occasions) in columns.
    model : {"A-1", "C-1", "1-1", "A-k", "C-k", "1-k"}, default "A-1"
        1: each unit has other raters; A: the same raters, absolute agreement; C: the same raters, consistency
        (a rater's constant severity does not count). -1: one rater; -k: the mean of all k. Shrout and Fleiss
        call them ICC(1,1), (2,1), (3,1), (1,k), (2,k), (3,k).
    missing : {"raise", "listwise", "available"}, default "raise"
        Rule for missing cells: refuse them, use complete units, or use all ratings with variance components by
        Henderson's first method (for complete tables the same number). ``"pairwise"`` is refused.
    ci_method : {"f", "jackknife", "bootstrap"}, optional
        ``"f"``, the default for complete tables: exact F limits for 1 and C, Satterthwaite's for A.
        ``"jackknife"``, the default for ``missing="available"``: leave one unit out, on the scale of
        :math:`\log(1 - ICC)`, with Student's t. ``"bootstrap"``: BCa over units. The last two do not assume
        normal effects; for A they take the raters as given, so they do not widen with few raters.
    cluster : array_like, shape (n_units,), optional
        Cluster of each unit, for the jackknife and the bootstrap.
    ci_level : float, default .95
        Confidence level.
    n_boot, seed : int, default 2000 and 0
        Resamples and seed of the bootstrap.

    Returns
    -------
    Estimate
        At most 1; negative values are estimates of values near 0. ``undefined`` under two raters, when the
        ratings do not vary, when the denominator is not positive, or when raters have too few units in common;
        ``too_few`` under two units with two ratings. `n_used` are the units, with ``"available"`` all that
        somebody rated; -k is then the mean of as many raters as there are columns.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, pairwise deletion, text, or an unknown model.

    Notes
    -----
    With ``"available"``, ratings must be missing for reasons that have nothing to do with them. Other programs
    (psych) fit a mixed model there: the same on complete tables, some hundredths apart when a fifth of the ratings
    is missing.

    Depends on how much the units differ: low in a homogeneous group even if raters agree closely. The limits
    assume normal effects. With fewer than 30 units they are wide; report them, not the point alone.

    References
    ----------
    McGraw, K. O., & Wong, S. P. (1996). Forming inferences about some intraclass correlation coefficients.
    *Psychological Methods, 1*, 30-46. https://doi.org/10.1037/1082-989X.1.1.30
    Henderson, C. R. (1953). Estimation of variance and covariance components. *Biometrics, 9*, 226-252.
    https://doi.org/10.2307/3001853 (incomplete tables)
    Shrout, P. E., & Fleiss, J. L. (1979). https://doi.org/10.1037/0033-2909.86.2.420

    Examples
    --------
    Shrout and Fleiss (1979, table 4) print .17, .29, .71, .44, .62 and .91:

    >>> from ktss_analysis.psychometrics.intraclass import MODELS, icc
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> [round(icc(judges, model=model).value, 2) for model in MODELS]
    [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]
    """
    check_choice(model, MODELS, "model")
    return _estimates(ratings, (model,), missing, ci_method, cluster, ci_level, n_boot, seed)[model]


@statistic(
    family="agreement", symbol="ICC", data="units", returns="frame", bounds=(None, 1), min_n=2,
    invariant_to={"row_order", "column_order", "affine"}, source="doi:10.1037/1082-989X.1.1.30",
)  # fmt: skip
def icc_models(
    ratings: ArrayLike | pd.DataFrame,
    *,
    missing: Missing | Literal["available"] = "raise",
    ci_method: Literal["f", "jackknife", "bootstrap"] | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Compute the intraclass correlations of all six models from one analysis of variance.

    The formulas of `icc` for 1-1, A-1, C-1 (one rater; raters nested, absolute agreement, consistency) and 1-k, A-k,
    C-k (the mean of all raters), applied to the same mean squares.

    Parameters
    ----------
    ratings : array_like or DataFrame, shape (n_units, n_raters)
        Units in rows, raters (or occasions) in columns.
    missing : {"raise", "listwise", "available"}, default "raise"
        Rule for missing cells, see `icc`.
    ci_method : {"f", "jackknife", "bootstrap"}, optional
        Interval, see `icc`.
    cluster : array_like, shape (n_units,), optional
        Cluster of each unit, for the jackknife and the bootstrap.
    ci_level : float, default .95
        Confidence level.
    n_boot, seed : int, default 2000 and 0
        Resamples and seed of the bootstrap.

    Returns
    -------
    DataFrame
        One row per model, `statistic` ``icc_1-1``, ``icc_A-1``, ``icc_C-1``, ``icc_1-k``, ``icc_A-k``, ``icc_C-k``,
        with the fields of an estimate.

    Raises
    ------
    StatisticError
        See `icc`.

    Notes
    -----
    The models answer different questions; the design of the study says which one counts, not the table.

    References
    ----------
    McGraw, K. O., & Wong, S. P. (1996). https://doi.org/10.1037/1082-989X.1.1.30

    Examples
    --------
    Shrout and Fleiss (1979, table 4):

    >>> from ktss_analysis.psychometrics.intraclass import icc_models
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> [round(float(number), 2) for number in icc_models(judges)["estimate"]]
    [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]
    """
    found = _estimates(ratings, MODELS, missing, ci_method, cluster, ci_level, n_boot, seed)
    return estimates_frame({f"icc_{model}": estimate for model, estimate in found.items()}, "icc_models")


def _estimates(
    ratings: ArrayLike | pd.DataFrame,
    models: Sequence[str],
    missing: str,
    ci_method: str | None,
    cluster: ArrayLike | None,
    ci_level: float,
    n_boot: int,
    seed: int,
) -> dict[str, Estimate]:
    """Check the options and the table once, and return the estimate of each model."""
    level = check_level(ci_level)
    chosen = ci_method or ("jackknife" if missing == "available" or cluster is not None else "f")
    check_choice(chosen, ("f", "jackknife", "bootstrap"), "ci_method")
    check_choice(missing, ("raise", "listwise", "available"), "missing")
    if chosen == "f" and (missing == "available" or cluster is not None):
        raise StatisticError("ci_method='f' needs complete independent units; allowed: 'jackknife', 'bootstrap'")
    matrix, _ = as_matrix(ratings, "ratings")
    labels = check_cluster(cluster, len(matrix))
    table, keep = _rows_to_use(matrix, missing)
    n_missing = len(matrix) - len(table)
    methods = {model: f"ICC({model}), {_RULES.get(missing, missing)}" for model in models}
    problem = _obstacle(table, methods[models[0]], n_missing)
    if problem is not None:
        return {model: replace(problem, method=method) for model, method in methods.items()}
    if chosen != "f":
        options = Resampling(chosen, level, n_boot, seed)  # type: ignore[arg-type]
        groups = None if labels is None else labels[keep]
        return {
            model: _resampled(table, groups, model, method, options, n_missing) for model, method in methods.items()
        }
    squares = _without_rounding_error(mean_squares(table), table)
    return {
        model: _with_f_limits(squares, table.shape, model, f"{method}; {_INTERVALS[model[0]]}", level, n_missing)
        for model, method in methods.items()
    }


def _rows_to_use(matrix: FloatArray, missing: str) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the rows that the rule for missing cells keeps, and which they are."""
    if matrix.size and is_finite(matrix):
        return matrix, np.ones(len(matrix), dtype=bool)
    absent = np.isnan(matrix)
    if not absent.any():
        return matrix, np.ones(len(matrix), dtype=bool)
    if missing == "raise":
        drop_missing(matrix, "raise", "ratings")
    holes = absent.sum(axis=1)
    keep = holes < matrix.shape[1] if missing == "available" else holes == 0
    return matrix[keep], keep


def _obstacle(table: FloatArray, method: str, n_missing: int) -> Estimate | None:
    """Return the estimate without a number for a table without raters, units or differences, else None."""
    n, k = table.shape
    base: dict[str, Any] = {"method": method, "n_missing": n_missing}
    if k < 2:
        base["n_missing"] = n_missing + n
        return Estimate.absent("undefined", f"{k} rater(s); needs 2 or more", **base)
    several, needed = n, "all ratings; needs 2 or more"
    complete = bool(table.size) and is_finite(table)
    if not complete and np.isnan(table).any():
        several, needed = int(((~np.isnan(table)).sum(axis=1) > 1).sum()), "two ratings or more; needs 2"
    if several < 2:
        return Estimate.absent("too_few", f"{several} unit(s) with {needed}", n_used=n, **base)
    smallest = np.fmin.reduce(table, axis=None)
    if np.fmax.reduce(table, axis=None) == smallest:
        reason = f"all ratings are equal ({smallest:g}): agreement cannot be told from chance"
        return Estimate.absent("undefined", reason, n_used=n, **base)
    return None


def _with_f_limits(
    squares: MeanSquares, shape: tuple[int, ...], model: str, method: str, level: float, n_missing: int
) -> Estimate:
    """Return the coefficient of a complete table with the limits of McGraw and Wong (1996)."""
    n, k = shape
    value = _coefficient(squares, n, k, model)
    if value is None:
        reason = "the units do not differ: the denominator is not positive"
        return Estimate.absent("undefined", reason, method=method, n_used=n, n_missing=n_missing)
    low, high = _limits(squares, n, k, model, level)
    if low is None or high is None:
        return Estimate(value, method=f"{method}: none here", n_used=n, n_missing=n_missing)
    return Estimate(value, min(low, value), max(high, value), level, method, n, n_missing)


def _resampled(
    table: FloatArray, groups: NDArray[np.object_] | None, model: str, method: str, options: Resampling, n_missing: int
) -> Estimate:
    """Return the coefficient of a table with or without holes, with units (or clusters) left out or drawn."""
    n, k = table.shape
    rows, coefficient = contributions(table), intraclass_of_totals(model, k)
    value = float(coefficient(rows.sum(axis=0)[None, :])[0])
    if value != value:
        reason = "the units do not differ, or the raters have too few units in common"
        return Estimate.absent("undefined", reason, method=method, n_used=n, n_missing=n_missing)
    if value > 1 - 1e-12:
        return Estimate(
            min(value, 1.0), method=f"{method}; no interval: no error at all", n_used=n, n_missing=n_missing
        )

    def distance(totals: FloatArray) -> FloatArray:
        found = coefficient(totals)
        return np.asarray(-np.log1p(-np.where(found < 1 - 1e-12, found, np.nan)))

    found = resample(distance, rows, np.ones(n, dtype=np.int64), groups, options, None, None)
    if found.low is None or found.high is None:
        why = found.reason or found.method.removeprefix("no interval: ")
        return Estimate(value, method=f"{method}; no interval: {why}", n_used=n, n_missing=n_missing, reason=why)
    low, high = (float(-np.expm1(-limit)) for limit in (found.low, found.high))
    scale = ", on the scale of log(1 - ICC)" if options.method == "jackknife" else ""
    method = f"{method}; {found.method}{scale}"
    return Estimate(value, min(low, value), max(high, value), options.level, method, n, n_missing)


_RULES = {"raise": "complete ratings", "available": "all ratings, Henderson's method 1"}
_INTERVALS = {"1": "exact F interval", "C": "exact F interval", "A": "Satterthwaite F interval"}


def _without_rounding_error(squares: MeanSquares, table: FloatArray) -> MeanSquares:
    """Return the mean squares with those that are zero but for rounding set to zero."""
    floor = 1e-13 * max(float(table.max()), -float(table.min())) ** 2
    return MeanSquares(*(part if part > floor else 0.0 for part in squares))


def _coefficient(squares: MeanSquares, n: int, k: int, model: str) -> float | None:
    b, j, e, w = squares
    error = w if model[0] == "1" else e
    if model.endswith("-1"):
        below = b + (k - 1) * error + (k / n * (j - e) if model[0] == "A" else 0.0)
    else:
        below = b + ((j - e) / n if model[0] == "A" else 0.0)
    return (b - error) / below if below > 1e-12 * max(b, j, e, w) else None


def _limits(squares: MeanSquares, n: int, k: int, model: str, level: float) -> tuple[float | None, float | None]:
    """Return limits of the single-rater coefficient, stepped up for the mean of k raters."""
    b, _, e, w = squares
    upper = (1 + level) / 2
    if model[0] == "A":
        low, high = _agreement_limits(squares, n, k, upper)
    else:
        error, df = (w, n * (k - 1)) if model[0] == "1" else (e, (n - 1) * (k - 1))
        if error == 0:
            return 1.0, 1.0
        ratio = b / error
        f_low = ratio / float(special.fdtri(n - 1, df, upper))
        f_high = ratio * float(special.fdtri(df, n - 1, upper))
        if model.endswith("k"):
            return 1 - 1 / f_low if f_low > 0 else None, 1 - 1 / f_high if f_high > 0 else None
        return (f_low - 1) / (f_low + k - 1), (f_high - 1) / (f_high + k - 1)
    if low is None or high is None or model.endswith("-1"):
        return low, high
    if min(1 + low * (k - 1), 1 + high * (k - 1)) <= 0:
        return None, None
    return low * k / (1 + low * (k - 1)), high * k / (1 + high * (k - 1))


def _agreement_limits(squares: MeanSquares, n: int, k: int, upper: float) -> tuple[float | None, float | None]:
    b, j, e, _ = squares
    if e == 0:
        return (1.0, 1.0) if j == 0 else (None, None)
    single = (b - e) / (b + (k - 1) * e + k / n * (j - e))
    f_raters = j / e
    mixed = n * (1 + (k - 1) * single) - k * single
    top = (n - 1) * (k - 1) * (k * single * f_raters + mixed) ** 2
    df = top / ((n - 1) * k**2 * single**2 * f_raters**2 + mixed**2)
    if not df > 0:
        return None, None
    f_low, f_high = float(special.fdtri(n - 1, df, upper)), float(special.fdtri(df, n - 1, upper))
    spread = k * j + (k * n - k - n) * e
    low = n * (b - f_low * e) / (f_low * spread + n * b)
    high = n * (f_high * b - e) / (spread + n * f_high * b)
    return low, high
