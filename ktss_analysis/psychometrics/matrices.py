"""Correlation matrices for factor models, with what a reader must know about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..core import StatisticError, Status
from .checks import FloatArray, Missing, as_matrix, check_choice
from .moments import item_moments, obstacle, pair_correlations
from .polychoric import polychoric

MatrixKind = Literal["pearson", "polychoric"]


@dataclass(frozen=True, slots=True)
class Correlations:
    """A correlation matrix, its base, or why there is none.

    Parameters
    ----------
    names : tuple of str
        Items.
    matrix : ndarray, shape (n_items, n_items)
        Correlations; nan when there is a problem.
    n_used, n_missing, n_for_inference : int
        Persons used at all, persons left out, and the smallest count behind any correlation.
    method : str
        Kind of correlation and missing-data rule.
    warnings : tuple of str
        What a reader must know.
    problem : tuple of status and reason, or None
        Why there is no matrix.
    """

    names: tuple[str, ...]
    matrix: FloatArray
    n_used: int
    n_missing: int
    n_for_inference: int
    method: str
    warnings: tuple[str, ...] = ()
    problem: tuple[Status, str] | None = None


def correlations_of(
    items: ArrayLike | pd.DataFrame, kind: MatrixKind, missing: Missing, *, smooth: bool = False, min_items: int = 3
) -> Correlations:
    """Return the correlations of items; more persons than items are needed.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers.
    kind : {"pearson", "polychoric"}
        Kind of correlation.
    missing : {"raise", "listwise", "pairwise"}
        Rule for missing cells.
    smooth : bool, default False
        Whether polychoric correlations may be smoothed.
    min_items : int, default 3
        Fewest items.
    """
    check_choice(kind, ("pearson", "polychoric"), "matrix")
    data, names = as_matrix(items)
    method = f"{'Pearson' if kind == 'pearson' else kind} correlations, "
    method += "complete answers" if missing == "raise" else missing
    nothing = np.full((len(names), len(names)), np.nan)
    problem = obstacle(data, names, missing, min_items=min_items)
    if problem is not None:
        return Correlations(tuple(names), nothing, 0, len(data), 0, method, problem=problem)
    moments = item_moments(data, names, missing)
    n, used, lost = moments.n_for_inference, moments.n_used, moments.n_missing
    if n <= len(names):
        few: tuple[Status, str] = ("too_few", f"{n} person(s) for {len(names)} items; needs more")
        return Correlations(tuple(names), nothing, used, lost, n, method, problem=few)
    warnings: tuple[str, ...] = ()
    if kind == "polychoric":
        fit = polychoric(pd.DataFrame(data, columns=names), missing=missing, smooth=smooth)
        matrix, warnings = fit.matrix.to_numpy(), fit.warnings
        problem = (fit.status, fit.reason) if fit.status != "ok" else None
    else:
        matrix = pair_correlations(data)[0] if missing == "pairwise" else moments.correlation
    return Correlations(tuple(names), matrix, used, lost, n, method, warnings, problem)


def given_correlations(matrix: ArrayLike | pd.DataFrame, n_persons: int) -> Correlations:
    """Return a correlation matrix that was given, checked.

    Raises
    ------
    StatisticError
        When it is not square, symmetric, with a diagonal of ones and values in -1 to 1, or `n_persons` is below 2.
    """
    values, names = as_matrix(matrix, "correlations")
    if values.shape[0] != values.shape[1]:
        raise StatisticError(f"correlations: {values.shape[0]} rows and {values.shape[1]} columns; needs a square")
    if np.isnan(values).any() or not np.allclose(values, values.T, atol=1e-8):
        raise StatisticError("correlations: not symmetric, or a cell is missing")
    if not np.allclose(np.diagonal(values), 1) or np.abs(values).max(initial=0) > 1 + 1e-8:
        raise StatisticError("correlations: the diagonal must be 1, all others between -1 and 1")
    if n_persons < 2:
        raise StatisticError(f"n_persons={n_persons!r}; allowed: 2 or more")
    problem: tuple[Status, str] | None = None
    if n_persons <= len(names):
        problem = ("too_few", f"{n_persons} person(s) for {len(names)} items; needs more")
    return Correlations(tuple(names), values, n_persons, 0, n_persons, "correlations as given", problem=problem)
