"""How many factors: Velicer's minimum average partial and the empirical Kaiser criterion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..core import Status
from .checks import FloatArray, Missing
from .frames import tidy
from .matrices import Correlations, MatrixKind, correlations_of, given_correlations
from .moments import singularity
from .registry import statistic

_FACTS = {"row_order", "column_order", "affine"}


@dataclass(frozen=True, slots=True)
class Retention:
    """How many factors a criterion retains.

    Parameters
    ----------
    frame : DataFrame
        One row per component: `component`, `estimate`, `reference` (of the empirical Kaiser criterion), `retained`,
        `n_used`, `n_missing`, `method`, `status`, `reason`.
    n_factors : int or None
        Components retained; None when `status` is not ok.
    method : str
        Criterion, matrix and missing-data rule.
    n_used, n_missing : int
        Persons used and left out.
    status : {"ok", "too_few", "undefined"}
        Whether there is a number.
    reason : str
        Why not.
    """

    frame: pd.DataFrame
    n_factors: int | None
    method: str
    n_used: int
    n_missing: int
    status: Status = "ok"
    reason: str = ""


@statistic(
    family="dimensionality", symbol="MAP", data="items", returns="other", bounds=(0, 1), min_n=4, invariant_to=_FACTS,
    source="doi:10.1007/BF02293557",
)  # fmt: skip
def velicer_map(
    items: ArrayLike | pd.DataFrame,
    *,
    matrix: MatrixKind = "pearson",
    missing: Missing = "raise",
    n_persons: int | None = None,
) -> Retention:
    r"""Compute Velicer's minimum average partial: components until what is left is unsystematic.

    .. math:: MAP_m = \frac{1}{k(k-1)} \sum_{j \ne l} p_{jl \cdot m}^2

    with p the partial correlations of the k items after the first m principal components are taken out. The number of
    components is the m with the smallest average.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers; or a correlation matrix, when `n_persons` is given.
    matrix : {"pearson", "polychoric"}, default "pearson"
        Kind of correlation.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells.
    n_persons : int, optional
        Persons behind a correlation matrix.

    Returns
    -------
    Retention
        Rows for m = 1 to k - 1; `retained` up to the smallest average, which may be at m = 0 (then nothing is).
        ``undefined`` for a constant item, a singular matrix, or under three items; ``too_few`` unless there are more
        persons than items.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, or infinite values.

    Notes
    -----
    It tends to find too few factors when each has few items or low loadings. Read it beside `parallel_analysis`.

    References
    ----------
    Velicer, W. F. (1976). Determining the number of components from the matrix of partial correlations.
    *Psychometrika, 41*, 321-327. https://doi.org/10.1007/BF02293557

    Examples
    --------
    Two groups of three items, r = .6 within groups and 0 between:

    >>> import numpy as np
    >>> from ktss_analysis.psychometrics.retention import velicer_map
    >>> velicer_map(0.6 * np.kron(np.eye(2), np.ones((3, 3))) + 0.4 * np.eye(6), n_persons=100).n_factors
    2
    """
    data = _data(items, matrix, missing, n_persons)
    method = f"minimum average partial, {data.method}"
    if data.problem is not None:
        return _nothing(data, method, with_reference=False)
    averages = _average_partials(data.matrix)
    n_factors = int(np.argmin(averages))
    k = len(data.names)
    component = np.arange(1, k)
    return _retention(data, method, component, averages[1:], None, component <= n_factors, n_factors)


def _average_partials(matrix: FloatArray) -> FloatArray:
    """Return the average squared partial correlation after 0, 1, ... k - 1 components."""
    roots, vectors = np.linalg.eigh(matrix)
    loadings = (vectors * np.sqrt(np.maximum(roots, 0)))[:, ::-1]
    k = len(matrix)
    averages = np.full(k, np.inf)
    for m in range(k):
        rest = matrix - loadings[:, :m] @ loadings[:, :m].T
        variance = np.diagonal(rest)
        if variance.min() <= 1e-10:
            break  # an item is explained wholly: no partial correlation is left to average
        partial = rest / np.sqrt(np.outer(variance, variance))
        averages[m] = ((partial**2).sum() - k) / (k * (k - 1))
    return averages


@statistic(
    family="dimensionality", symbol="EKC", data="items", returns="other", bounds=(None, None), min_n=4,
    invariant_to=_FACTS, source="doi:10.1037/met0000074",
)  # fmt: skip
def empirical_kaiser(
    items: ArrayLike | pd.DataFrame,
    *,
    matrix: MatrixKind = "pearson",
    missing: Missing = "raise",
    n_persons: int | None = None,
) -> Retention:
    r"""Compute the empirical Kaiser criterion: eigenvalues against what sampling leaves to them.

    .. math:: \theta_j > \max\Bigl(1,\;
              \frac{k - \sum_{i<j} \theta_i}{k - j + 1} \bigl(1 + \sqrt{k/n}\bigr)^2\Bigr)

    for the eigenvalues :math:`\theta` of k items and n persons; components before the first that fails are retained.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers; or a correlation matrix, when `n_persons` is given.
    matrix : {"pearson", "polychoric"}, default "pearson"
        Kind of correlation.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells; with ``"pairwise"`` n is the smallest count behind any correlation.
    n_persons : int, optional
        Persons behind a correlation matrix.

    Returns
    -------
    Retention
        ``undefined`` and ``too_few`` as for `velicer_map`.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, or infinite values.

    Notes
    -----
    The floor of 1 belongs to the criterion: without it, as some programs have it, 25 items of 2,436 persons ask for
    17 factors instead of 6. It needs no simulation and does well with short scales that correlate.

    References
    ----------
    Braeken, J., & van Assen, M. A. L. M. (2017). An empirical Kaiser criterion. *Psychological Methods, 22*, 450-466.
    https://doi.org/10.1037/met0000074

    Examples
    --------
    Two groups of three items, r = .6 within groups and 0 between:

    >>> import numpy as np
    >>> from ktss_analysis.psychometrics.retention import empirical_kaiser
    >>> empirical_kaiser(0.6 * np.kron(np.eye(2), np.ones((3, 3))) + 0.4 * np.eye(6), n_persons=100).n_factors
    2
    """
    data = _data(items, matrix, missing, n_persons)
    method = f"empirical Kaiser criterion, floor 1, {data.method}"
    if data.problem is not None:
        return _nothing(data, method, with_reference=True)
    roots = np.asarray(np.linalg.eigvalsh(data.matrix)[::-1], dtype=float)
    reference = np.maximum(1.0, unfloored_references(roots, data.n_for_inference))
    retained = np.cumprod(roots > reference).astype(bool)
    return _retention(data, method, np.arange(1, len(roots) + 1), roots, reference, retained, int(retained.sum()))


def unfloored_references(eigenvalues: FloatArray, n: int) -> FloatArray:
    """Return the reference eigenvalues without the floor of 1: the part that reaches below it is no criterion."""
    k = len(eigenvalues)
    left = k - np.concatenate([[0.0], np.cumsum(eigenvalues)[:-1]])
    return np.asarray(left / (k - np.arange(k)) * (1 + np.sqrt(k / n)) ** 2)


def _data(items: ArrayLike | pd.DataFrame, matrix: MatrixKind, missing: Missing, n_persons: int | None) -> Correlations:
    data = (
        given_correlations(items, n_persons) if n_persons is not None
        else correlations_of(items, matrix, missing, smooth=matrix == "polychoric")
    )  # fmt: skip
    singular = singularity(data.matrix, data.names) if data.problem is None else ""
    if not singular:
        return data
    return Correlations(
        data.names, data.matrix, data.n_used, data.n_missing, data.n_for_inference, data.method,
        problem=("undefined", singular),
    )  # fmt: skip


def _retention(
    data: Correlations, method: str, component: np.ndarray, estimate: FloatArray, reference: FloatArray | None,
    retained: np.ndarray, n_factors: int,
) -> Retention:  # fmt: skip
    finite = np.isfinite(estimate)
    component, estimate, retained = component[finite], estimate[finite], retained[finite]
    rows = len(component)
    columns = {"component": component, "estimate": estimate}
    if reference is not None:
        columns["reference"] = reference[finite]
    frame = tidy(
        {
            **columns, "retained": retained, "n_used": [data.n_used] * rows, "n_missing": [data.n_missing] * rows,
            "method": [method] * rows, "status": ["ok"] * rows, "reason": ["; ".join(data.warnings)] * rows,
        },
        "retention",
    )  # fmt: skip
    return Retention(frame, n_factors, method, data.n_used, data.n_missing)


def _nothing(data: Correlations, method: str, *, with_reference: bool) -> Retention:
    status, reason = data.problem or ("undefined", "not defined")
    k = len(data.names)
    gaps = {"estimate": [np.nan] * k} | ({"reference": [np.nan] * k} if with_reference else {})
    frame = tidy(
        {
            "component": np.arange(1, k + 1), **gaps, "retained": [pd.NA] * k, "n_used": [data.n_used] * k,
            "n_missing": [data.n_missing] * k, "method": [method] * k, "status": [status] * k, "reason": [reason] * k,
        },
        "retention",
    )  # fmt: skip
    return Retention(frame, None, method, data.n_used, data.n_missing, status, reason)
