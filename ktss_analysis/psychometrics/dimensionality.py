"""How many dimensions: eigenvalues, parallel analysis, and whether correlations are worth factoring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import StatisticError, Status
from .checks import FloatArray, Missing, as_matrix, check_choice, drop_missing
from .frames import tidy
from .matrices import MatrixKind
from .moments import Moments, item_moments, obstacle, pair_correlations, singularity
from .polychoric import polychoric
from .reference_eigenvalues import (
    normal_eigenvalues,
    shuffled_eigenvalues,
    shuffled_polychoric_eigenvalues,
    sorted_columns,
)
from .registry import statistic


@dataclass(frozen=True, slots=True)
class ParallelAnalysis:
    """Result of a parallel analysis.

    Parameters
    ----------
    frame : DataFrame
        One row per component: `component`, `estimate` (observed eigenvalue), `reference_mean`,
        `reference_quantile`, `retained`, `n_used`, `n_missing`, `method`, `status`, `reason`.
    n_factors : int or None
        Components before the first whose eigenvalue does not exceed the reference; None when `status` is not
        ok.
    method : str
        Matrix, kind and number of reference data sets, quantile and seed.
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


def _moments(
    items: ArrayLike | pd.DataFrame, missing: Missing, *, min_items: int = 2
) -> tuple[FloatArray, list[str], Moments | None, tuple[Status, str] | None]:
    """Return data, names and moments, or why there are none."""
    matrix, names = as_matrix(items)
    problem = obstacle(matrix, names, missing, min_items=min_items)
    moments = None if problem else item_moments(matrix, names, missing)
    if moments is not None and moments.n_for_inference <= len(names):
        problem = ("too_few", f"{moments.n_for_inference} person(s) for {len(names)} items; needs more")
        moments = None
    return matrix, names, moments, problem


def _correlation(matrix: FloatArray, moments: Moments) -> FloatArray:
    """Return correlations; with pairwise deletion each is that of the persons who answered both items."""
    return pair_correlations(matrix)[0] if moments.missing == "pairwise" else moments.correlation


def _rule(missing: Missing) -> str:
    return "complete answers" if missing == "raise" else missing


@statistic(
    family="dimensionality", symbol="eigenvalue", data="items", returns="frame", min_n=3,
    invariant_to={"row_order", "column_order", "affine"}, source="doi:10.1037/h0071325",
)  # fmt: skip
def correlation_eigenvalues(items: ArrayLike | pd.DataFrame, *, missing: Missing = "raise") -> pd.DataFrame:
    r"""Compute the eigenvalues of the correlation matrix, largest first.

    .. math:: R v_i = \theta_i v_i, \qquad \sum_i \theta_i = k

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells; a pairwise matrix can have negative eigenvalues.

    Returns
    -------
    DataFrame, one row per component
        `component` (from 1), `estimate`, `n_used`, `n_missing`, `method`, `status`, `reason`. ``undefined``
        for a constant item or under two items, ``too_few`` unless there are more persons than items.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, or infinite values.

    Notes
    -----
    The largest are too large and the smallest too small in every sample; compare them with
    `parallel_analysis`, not with 1.

    References
    ----------
    Hotelling, H. (1933). Analysis of a complex of statistical variables into principal components. *Journal
    of Educational Psychology, 24*, 417-441. https://doi.org/10.1037/h0071325

    Examples
    --------
    Two items with r = .816 (Anscombe, 1973, first data set): 1 + r and 1 - r.

    >>> from ktss_analysis.psychometrics.dimensionality import correlation_eigenvalues
    >>> x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    >>> y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    >>> correlation_eigenvalues(list(zip(x, y)))["estimate"].round(3).tolist()
    [1.816, 0.184]
    """
    matrix, names, moments, problem = _moments(items, missing)
    k = len(names)
    if moments is None:
        values, n_used, n_missing = np.full(k, np.nan), 0, len(matrix)
    else:
        correlation = _correlation(matrix, moments)
        n_used, n_missing = moments.n_used, moments.n_missing
        if np.isnan(correlation).any():
            problem, values = ("undefined", singularity(correlation, names)), np.full(k, np.nan)
        else:
            values = np.linalg.eigvalsh(correlation)[::-1]
    status, reason = problem or ("ok", "")
    return tidy(
        {
            "component": np.arange(1, k + 1), "estimate": values,
            "n_used": [n_used] * k, "n_missing": [n_missing] * k,
            "method": [f"eigenvalues, Pearson correlations, {_rule(missing)}"] * k, "status": [status] * k,
            "reason": [reason] * k,
        },
        "correlation_eigenvalues",
    )  # fmt: skip


@statistic(
    family="dimensionality", symbol="PA", data="items", returns="other", min_n=3,
    invariant_to={"row_order", "column_order", "affine"}, source="doi:10.1007/BF02289447",
)  # fmt: skip
def parallel_analysis(
    items: ArrayLike | pd.DataFrame,
    *,
    matrix: MatrixKind = "pearson",
    missing: Missing = "raise",
    n_sets: int = 500,
    quantile: float = 0.95,
    seed: int = 0,
    method: Literal["normal", "permutation"] | None = None,
) -> ParallelAnalysis:
    r"""Compare the eigenvalues of the correlations with those of data without structure.

    Component i is retained while :math:`\theta_j > q(\theta_j^{ref})` for all :math:`j \le i`, q being a
    quantile over the reference data sets of the same size.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers; more persons than items.
    matrix : {"pearson", "polychoric"}, default "pearson"
        Kind of correlation.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells. With ``"pairwise"`` the reference has the size of the smallest pair and
        `method` must be ``"normal"``; so it is for Pearson correlations only.
    n_sets : int, default 500
        Reference data sets.
    quantile : float, default .95
        Quantile the observed eigenvalue must exceed.
    seed : int, default 0
        Seed.
    method : {"normal", "permutation"}, optional
        Independent normal variables, drawn through their cross-products (Bartlett's decomposition, so that
        the cost does not depend on the number of persons), or each column of the data shuffled. By default
        ``"normal"``, with polychoric correlations ``"permutation"``, the only one they have.

    Returns
    -------
    ParallelAnalysis
        Frame of eigenvalues and `n_factors`. ``too_few`` unless there are more persons than items,
        ``undefined`` for a constant item, a singular matrix, or under two items.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, `n_sets` below 20, a quantile outside 0-1, shuffling
        with pairwise deletion.

    Notes
    -----
    Eigenvalues of the full correlation matrix (components). It finds major dimensions; a minor factor behind
    a strong one can be missed, and with few answer categories skewness can pass for a dimension.

    References
    ----------
    Horn, J. L. (1965). A rationale and test for the number of factors in factor analysis. *Psychometrika,
    30*, 179-185. https://doi.org/10.1007/BF02289447 Glorfeld, L. W. (1995).
    https://doi.org/10.1177/0013164495055003002 (quantile instead of mean).

    Examples
    --------
    One strong dimension behind four judges of six targets (Shrout & Fleiss, 1979, table 2):

    >>> from ktss_analysis.psychometrics.dimensionality import parallel_analysis
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> parallel_analysis(judges, n_sets=200, seed=1).n_factors
    1
    """
    check_choice(matrix, ("pearson", "polychoric"), "matrix")
    method = method or ("normal" if matrix == "pearson" else "permutation")
    check_choice(method, ("normal", "permutation"), "method")
    if matrix == "polychoric" and method == "normal":
        raise StatisticError("method='normal' has no categories; polychoric correlations need method='permutation'")
    if n_sets < 20:
        raise StatisticError(f"n_sets={n_sets!r}; allowed: 20 or more")
    if not 0 < quantile < 1:
        raise StatisticError(f"quantile={quantile!r}; allowed: between 0 and 1, e.g. .95")
    if method == "permutation" and missing == "pairwise":
        raise StatisticError("method='permutation' needs complete rows; choose missing='listwise'")
    data, names, moments, problem = _moments(items, missing)
    kind = "Pearson" if matrix == "pearson" else matrix
    text = f"parallel analysis, {kind} correlations, {_rule(missing)}; {n_sets} {method} data sets, "
    text += f"quantile {quantile:g}, seed {seed}"
    correlation = np.empty((0, 0))
    if moments is not None:
        correlation, problem = _kind_of_correlation(data, names, moments, matrix, missing)
    if moments is None or problem:
        return _no_analysis(len(names), problem or ("undefined", "not defined"), text, len(data))
    observed = np.linalg.eigvalsh(correlation)[::-1].astype(np.float64)
    generator = np.random.default_rng(seed)
    if method == "normal":
        reference = normal_eigenvalues(moments.n_for_inference, len(names), n_sets, generator)
    else:
        rows = sorted_columns(drop_missing(data, missing)[0], names)
        shuffle = shuffled_eigenvalues if matrix == "pearson" else shuffled_polychoric_eigenvalues
        reference = shuffle(rows, n_sets, generator)
    limit = np.asarray(np.quantile(reference, quantile, axis=0), dtype=float)
    retained = np.cumprod(observed > limit).astype(bool)
    frame = _parallel_frame(observed, reference.mean(axis=0).astype(np.float64), limit, retained, text, moments)
    return ParallelAnalysis(frame, int(retained.sum()), text, moments.n_used, moments.n_missing)


def _kind_of_correlation(
    data: FloatArray, names: list[str], moments: Moments, matrix: MatrixKind, missing: Missing
) -> tuple[FloatArray, tuple[Status, str] | None]:
    """Return the correlations asked for, and why they cannot be analysed if so."""
    correlation = _correlation(data, moments)
    singular = singularity(correlation, names)
    if singular or matrix == "pearson":
        return correlation, ("undefined", singular) if singular else None
    fit = polychoric(pd.DataFrame(data, columns=names), missing=missing)
    problem = (fit.status, fit.reason) if fit.status != "ok" else None
    return fit.matrix.to_numpy(), problem


def _parallel_frame(
    observed: FloatArray,
    mean: FloatArray,
    limit: FloatArray,
    retained: np.ndarray,
    text: str,
    moments: Moments,
) -> pd.DataFrame:
    k = len(observed)
    return tidy(
        {
            "component": np.arange(1, k + 1), "estimate": observed,
            "reference_mean": mean, "reference_quantile": limit, "retained": retained,
            "n_used": [moments.n_used] * k, "n_missing": [moments.n_missing] * k,
            "method": [text] * k, "status": ["ok"] * k, "reason": [""] * k,
        },
        "parallel_analysis",
    )  # fmt: skip


def _no_analysis(k: int, problem: tuple[Status, str], text: str, n_missing: int) -> ParallelAnalysis:
    status, reason = problem
    nothing = np.full(k, np.nan)
    frame = tidy(
        {
            "component": np.arange(1, k + 1), "estimate": nothing, "reference_mean": nothing,
            "reference_quantile": nothing, "retained": [pd.NA] * k,
            "n_used": [0] * k, "n_missing": [n_missing] * k,
            "method": [text] * k, "status": [status] * k, "reason": [reason] * k,
        },
        "parallel_analysis",
    )  # fmt: skip
    return ParallelAnalysis(frame, None, text, 0, n_missing, status, reason)


@statistic(
    family="dimensionality", symbol="chi2", data="items", returns="frame", bounds=(0, None), min_n=3,
    invariant_to={"row_order", "column_order", "affine"}, source="doi:10.1111/j.2044-8317.1950.tb00285.x",
)  # fmt: skip
def bartlett_sphericity(items: ArrayLike | pd.DataFrame, *, missing: Missing = "raise") -> pd.DataFrame:
    r"""Test whether the items are uncorrelated altogether (Bartlett's test of sphericity).

    .. math:: \chi^2 = -\Bigl(n - 1 - \frac{2k + 5}{6}\Bigr) \ln |R|, \qquad df = k(k-1)/2

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers; more persons than items.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells; with ``"pairwise"`` n is the smallest count behind any correlation.

    Returns
    -------
    DataFrame, one row
        `statistic`, `estimate` (chi-square, at least 0), `df`, `p_value`, `n_used`, `n_missing`, `method`,
        `status`, `reason`. ``undefined`` for a constant item or a singular matrix, ``too_few`` unless there
        are more persons than items.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, or infinite values.

    Notes
    -----
    Assumes normal items. With a hundred persons nearly every questionnaire rejects; it says nothing on how
    well factors describe the items.

    References
    ----------
    Bartlett, M. S. (1950). Tests of significance in factor analysis. *British Journal of Statistical
    Psychology, 3*, 77-85. https://doi.org/10.1111/j.2044-8317.1950.tb00285.x

    Examples
    --------
    Two items with r = .816 and n = 11 (Anscombe, 1973): -(10 - 9/6) ln(1 - r**2) = 9.34.

    >>> from ktss_analysis.psychometrics.dimensionality import bartlett_sphericity
    >>> x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    >>> y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    >>> float(bartlett_sphericity(list(zip(x, y)))["estimate"].round(2).iloc[0])
    9.34
    """
    matrix, names, moments, problem = _moments(items, missing)
    k, value, p_value = len(names), np.nan, np.nan
    df = k * (k - 1) / 2
    if moments is not None:
        singular = singularity(_correlation(matrix, moments), names)
        problem = ("undefined", singular) if singular else None
    if moments is not None and problem is None:
        factor = moments.n_for_inference - 1 - (2 * k + 5) / 6
        value = max(-factor * float(np.linalg.slogdet(_correlation(matrix, moments))[1]), 0.0)
        if factor <= 0:
            problem, value = (
                ("too_few", f"{moments.n_for_inference} persons for {k} items; needs more"),
                np.nan,
            )
        else:
            p_value = float(special.chdtrc(df, value))
    status, reason = problem or ("ok", "")
    return tidy(
        {
            "statistic": ["bartlett_sphericity"], "estimate": [value],
            "df": [df if problem is None else np.nan], "p_value": [p_value],
            "n_used": [moments.n_used if moments else 0],
            "n_missing": [moments.n_missing if moments else len(matrix)],
            "method": [f"Bartlett's test of sphericity, Pearson correlations, {_rule(missing)}"],
            "status": [status], "reason": [reason],
        },
        "bartlett_sphericity",
    )  # fmt: skip


@statistic(
    family="dimensionality", symbol="KMO", data="items", returns="frame", bounds=(0, 1), min_n=4,
    invariant_to={"row_order", "column_order", "affine"}, source="doi:10.1007/BF02291817",
)  # fmt: skip
def kmo(items: ArrayLike | pd.DataFrame, *, missing: Missing = "raise") -> pd.DataFrame:
    r"""Compute the Kaiser-Meyer-Olkin measure of sampling adequacy, for all items and for each.

    .. math:: KMO = \frac{\sum_{j \ne l} r_{jl}^2}{\sum_{j \ne l} r_{jl}^2 + \sum_{j \ne l} p_{jl}^2}

    with correlations r and partial correlations p given all other items; for one item the sums run over l
    only.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers; three items or more, more persons than items.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells.

    Returns
    -------
    DataFrame, one row for the whole and one per item
        `statistic` (``kmo`` or ``kmo_item``), `item_id` (missing for the whole), `estimate` in 0-1, `n_used`,
        `n_missing`, `method`, `status`, `reason`. ``undefined`` for a constant item, a singular matrix or
        under three items (two items give .5 whatever the data), ``too_few`` unless there are more persons
        than items.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, or infinite values.

    Notes
    -----
    Low values say that pairs of items share what no third item shares. It grows with the number of items and
    is no test of a factor model.

    References
    ----------
    Kaiser, H. F. (1970). A second generation little jiffy. *Psychometrika, 35*, 401-415.
    https://doi.org/10.1007/BF02291817
    Kaiser, H. F., & Rice, J. (1974). https://doi.org/10.1177/001316447403400115

    Examples
    --------
    The judges of Shrout and Fleiss (1979, table 2) taken as items:

    >>> from ktss_analysis.psychometrics.dimensionality import kmo
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> float(kmo(judges)["estimate"].round(2).iloc[0])
    0.81
    """
    matrix, names, moments, problem = _moments(items, missing, min_items=3)
    k = len(names)
    values = np.full(k + 1, np.nan)
    if moments is not None:
        singular = singularity(_correlation(matrix, moments), names)
        problem = ("undefined", singular) if singular else None
    if moments is not None and problem is None:
        values = _sampling_adequacy(_correlation(matrix, moments))
        if np.isnan(values).any():
            problem, values = ("undefined", "the items are uncorrelated"), np.full(k + 1, np.nan)
    status, reason = problem or ("ok", "")
    rows = k + 1
    return tidy(
        {
            "statistic": ["kmo"] + ["kmo_item"] * k, "item_id": [None, *names], "estimate": values,
            "n_used": [moments.n_used if moments else 0] * rows,
            "n_missing": [moments.n_missing if moments else len(matrix)] * rows,
            "method": [f"Kaiser-Meyer-Olkin, Pearson correlations, {_rule(missing)}"] * rows,
            "status": [status] * rows, "reason": [reason] * rows,
        },
        "kmo",
    )  # fmt: skip


def _sampling_adequacy(correlation: FloatArray) -> FloatArray:
    """Return the measure for the whole matrix, then for each item."""
    precision = np.linalg.inv(correlation)
    scale = np.sqrt(np.diagonal(precision))
    shared, partial = correlation**2, (precision / np.outer(scale, scale)) ** 2
    np.fill_diagonal(shared, 0.0)
    np.fill_diagonal(partial, 0.0)
    top = np.array([shared.sum(), *shared.sum(axis=0)])
    below = top + np.array([partial.sum(), *partial.sum(axis=0)])
    values = np.full(len(top), np.nan)
    np.divide(top, below, out=values, where=below > 1e-20)
    return values
