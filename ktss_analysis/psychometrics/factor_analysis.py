"""Exploratory factor analysis: extraction, rotation, and how well the factors reproduce the correlations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..core import StatisticError, Status
from .checks import FloatArray, Missing, check_choice, check_level
from .factor_extraction import Extraction, extract_factors
from .factor_fit import fit_measures, no_measures
from .frames import tidy
from .matrices import MatrixKind, correlations_of, given_correlations
from .moments import singularity
from .registry import statistic
from .rotation import OBLIQUE, ORTHOGONAL, Rotation, rotate

Method = Literal["minres", "ml"]
RotationName = Literal["oblimin", "geomin", "promax", "varimax", "quartimax", "none"]


@dataclass(frozen=True, slots=True)
class FactorFit:
    r"""A fitted exploratory factor model.

    Parameters
    ----------
    fit_measures : DataFrame
        One row per measure (``chi_square``, ``rmsea``, ``tli``, ``cfi``, ``bic``, ``srmr``): `statistic`, `estimate`,
        `ci_low`, `ci_high`, `ci_level`, `df`, `p_value`, `n_used`, `n_missing`, `method`, `status`, `reason`.
    item_table : DataFrame
        One row per item: `item_id`, `communality`, `uniqueness`, `complexity`.
    factor_table : DataFrame
        One row per factor: `factor` (``F1``, ...), `explained`, `explained_share`.
    loadings : DataFrame, shape (n_items, n_factors)
        Pattern: weights of the factors. Factors by falling explained variance, each with a sum of loadings that is
        not negative.
    structure : DataFrame, shape (n_items, n_factors)
        Correlations of items and factors: pattern times `factor_correlations`.
    factor_correlations : DataFrame, shape (n_factors, n_factors)
        :math:`\Phi`, in the same order and with the same signs as the loadings.
    correlations : DataFrame, shape (n_items, n_items)
        What it was fitted to.
    rotation_minima : int
        Different local minima of the rotation criterion that the random starts found; 1 is reassuring.
    converged : bool
        Extraction and rotation both ended at a minimum.
    warnings : tuple of str
        Heywood cases, no convergence, several rotation minima.
    method : str
        Extraction, rotation, matrix and missing-data rule.
    n_used, n_missing : int
        Persons used and left out.
    status : {"ok", "too_few", "undefined"}
        Whether there is a solution.
    reason : str
        Why not.
    """

    fit_measures: pd.DataFrame
    item_table: pd.DataFrame
    factor_table: pd.DataFrame
    loadings: pd.DataFrame
    structure: pd.DataFrame
    factor_correlations: pd.DataFrame
    correlations: pd.DataFrame
    rotation_minima: int
    converged: bool
    warnings: tuple[str, ...]
    method: str
    n_used: int
    n_missing: int
    status: Status = "ok"
    reason: str = ""

    def measure(self, name: str) -> float:
        """Return one fit measure, e.g. ``measure("rmsea")``; nan when it is not defined."""
        found = self.fit_measures.loc[self.fit_measures["statistic"] == name, "estimate"]
        if found.empty:
            raise StatisticError(f"no fit measure {name!r}; allowed: {', '.join(self.fit_measures['statistic'])}")
        return float(found.astype(float).iloc[0])


@statistic(
    family="factor analysis", symbol="EFA", data="items", returns="other", min_n=4,
    invariant_to={"row_order", "affine"}, source="doi:10.1007/BF02289468",
)  # fmt: skip
def fit_efa(
    items: ArrayLike | pd.DataFrame,
    n_factors: int = 1,
    *,
    method: Method = "minres",
    rotation: RotationName = "oblimin",
    matrix: MatrixKind = "pearson",
    missing: Missing = "raise",
    kaiser: bool | None = None,
    n_starts: int = 10,
    seed: int = 0,
    ci_level: float = 0.90,
    n_persons: int | None = None,
) -> FactorFit:
    r"""Fit an exploratory factor model.

    .. math:: R = \Lambda \Phi \Lambda' + \Psi

    with pattern :math:`\Lambda`, factor correlations :math:`\Phi` and unique variances :math:`\Psi`. ``"minres"``
    minimises the squared residual correlations, ``"ml"`` the normal-theory discrepancy
    :math:`\ln|\Sigma| + \operatorname{tr}(R\Sigma^{-1}) - \ln|R| - k`.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers; or a correlation matrix, when `n_persons` is given.
    n_factors : int, default 1
        Factors; the degrees of freedom must not be negative.
    method : {"minres", "ml"}, default "minres"
        Extraction.
    rotation : {"oblimin", "geomin", "promax", "varimax", "quartimax", "none"}, default "oblimin"
        ``"oblimin"`` (gamma 0, which is quartimin), ``"geomin"`` (offset .01) and ``"promax"`` (power 4) let the
        factors correlate, ``"varimax"`` and ``"quartimax"`` do not.
    matrix : {"pearson", "polychoric"}, default "pearson"
        Kind of correlation. Polychoric correlations that are not positive definite are smoothed, with a warning.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells. With ``"pairwise"`` the fit measures take n from the smallest pair.
    kaiser : bool, optional
        Kaiser normalisation; by default on for varimax, quartimax and promax, off for oblimin and geomin (as psych
        and GPArotation have it).
    n_starts, seed : int, default 10 and 0
        Rotation starts, since oblique criteria have local minima: the unrotated loadings and random ones.
    ci_level : float, default .90
        Level of the interval of RMSEA.
    n_persons : int, optional
        Persons behind a correlation matrix.

    Returns
    -------
    FactorFit
        ``undefined`` for a constant item, a singular matrix, or negative degrees of freedom; ``too_few`` unless there
        are more persons than items.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, infinite values, fewer than one factor, unknown options.

    Notes
    -----
    Chi-square is :math:`(n - 1 - (2k + 5)/6 - 2f/3) F_{ML}` at the solution, for ``"minres"`` too, with the same factor
    for the independence model in TLI and CFI; RMSEA uses n (not n - 1). SRMR is the root mean square of the
    residual correlations off the diagonal. With polychoric correlations only SRMR is given: a chi-square would need
    their weight matrix. Loadings of a hundred persons or fewer are rough; repeat the analysis on halves of the sample
    before you name a factor.

    References
    ----------
    Harman, H. H., & Jones, W. H. (1966). Factor analysis by minimizing residuals (minres). *Psychometrika, 31*,
    351-368. https://doi.org/10.1007/BF02289468
    Jöreskog, K. G. (1967). https://doi.org/10.1007/BF02289658 (maximum likelihood)
    Jennrich, R. I. (2002). https://doi.org/10.1007/BF02294706 (oblique rotation)
    Hendrickson, A. E., & White, P. O. (1964). https://doi.org/10.1111/j.2044-8317.1964.tb00244.x (promax)

    Examples
    --------
    Spearman's five school marks (classics, French, English, mathematics, discrimination of pitch), one factor:

    >>> import numpy as np
    >>> from ktss_analysis.psychometrics.factor_analysis import fit_efa
    >>> marks = np.array([[1, .83, .78, .70, .66], [.83, 1, .67, .67, .65], [.78, .67, 1, .64, .54],
    ...                   [.70, .67, .64, 1, .45], [.66, .65, .54, .45, 1]])
    >>> fit_efa(marks, 1, n_persons=33).loadings["F1"].round(2).tolist()
    [0.95, 0.88, 0.81, 0.74, 0.68]
    """
    check_choice(method, ("minres", "ml"), "method")
    check_choice(rotation, (*OBLIQUE, *ORTHOGONAL, "none"), "rotation")
    level = check_level(ci_level)
    if n_factors < 1:
        raise StatisticError(f"n_factors={n_factors!r}; allowed: 1 or more")
    smooth = matrix == "polychoric"
    data = (
        given_correlations(items, n_persons) if n_persons is not None
        else correlations_of(items, matrix, missing, smooth=smooth)
    )  # fmt: skip
    text = f"{method}, {rotation}, {n_factors} factor(s), {data.method}"
    k = len(data.names)
    problem = data.problem
    if problem is None and degrees_of_freedom(k, n_factors) < 0:
        problem = ("undefined", f"{n_factors} factors of {k} items: negative degrees of freedom")
    if problem is None and singularity(data.matrix, data.names):
        problem = ("undefined", singularity(data.matrix, data.names))
    if problem is not None:
        return _no_fit(data.names, n_factors, problem, text, data.n_used, data.n_missing)
    extraction = extract_factors(data.matrix[None], n_factors, method)
    turned = Rotation(extraction.loadings[0], np.eye(n_factors), 0.0, True, 1)
    if rotation != "none":
        turned = ordered(rotate(extraction.loadings[0], rotation, kaiser=kaiser, n_starts=n_starts, seed=seed))
    implied = extraction.loadings[0] @ extraction.loadings[0].T
    np.fill_diagonal(implied, 1.0)
    measures = fit_measures(
        data.matrix, implied, n_factors, data.n_for_inference, data.n_missing, level, text, ordinal=matrix != "pearson"
    )
    return _result(
        data.names, data.matrix, extraction, turned, measures, text, data.n_used, data.n_missing, data.warnings
    )


def degrees_of_freedom(n_items: int, n_factors: int) -> int:
    """Return correlations less free parameters of an exploratory model."""
    return ((n_items - n_factors) ** 2 - n_items - n_factors) // 2


def ordered(rotation: Rotation) -> Rotation:
    """Return the rotation with factors by falling explained variance and sums of loadings that are not negative."""
    explained = _explained(rotation.loadings, rotation.factor_correlations)
    order = np.argsort(-explained, kind="stable")
    signs = np.where(rotation.loadings.sum(axis=0) < 0, -1.0, 1.0)[order]
    correlations = rotation.factor_correlations[np.ix_(order, order)] * np.outer(signs, signs)
    return Rotation(
        rotation.loadings[:, order] * signs, correlations, rotation.criterion, rotation.converged, rotation.n_minima
    )


def _explained(loadings: FloatArray, correlations: FloatArray) -> FloatArray:
    """Return the share of all communalities that each factor explains; they add up to their sum."""
    return np.asarray(np.diagonal(correlations @ loadings.T @ loadings))


def _result(
    names: tuple[str, ...], matrix: FloatArray, extraction: Extraction, rotation: Rotation, measures: pd.DataFrame,
    text: str, n_used: int, n_missing: int, remarks: tuple[str, ...],
) -> FactorFit:  # fmt: skip
    loadings, correlations = rotation.loadings, rotation.factor_correlations
    factors = [f"F{number}" for number in range(1, loadings.shape[1] + 1)]
    rows, columns = pd.Index(names, name="item_id"), pd.Index(factors)
    communality = np.einsum("if,fg,ig->i", loadings, correlations, loadings)
    squares = loadings**2
    complexity = np.full(len(names), np.nan)
    np.divide(squares.sum(axis=1) ** 2, (squares**2).sum(axis=1), out=complexity, where=squares.sum(axis=1) > 0)
    warnings = list(remarks)
    at_bound = [name for name, low in zip(names, extraction.uniquenesses[0] <= 0.005 * (1 + 1e-6), strict=True) if low]
    if at_bound:
        warnings.append(f"Heywood case: {', '.join(map(repr, at_bound))} has no unique variance (held at .005)")
    if not extraction.converged[0]:
        warnings.append("the extraction did not converge")
    if not rotation.converged:
        warnings.append("the rotation did not converge")
    if rotation.n_minima > 1:
        warnings.append(f"the rotation has {rotation.n_minima} local minima; the lowest is shown")
    explained = _explained(loadings, correlations)
    return FactorFit(
        measures,
        tidy(
            {"item_id": names, "communality": communality, "uniqueness": 1 - communality, "complexity": complexity},
            "fit_efa",
        ),
        tidy({"factor": factors, "explained": explained, "explained_share": explained / len(names)}, "fit_efa"),
        pd.DataFrame(loadings, index=rows, columns=columns),
        pd.DataFrame(loadings @ correlations, index=rows, columns=columns),
        pd.DataFrame(correlations, index=pd.Index(factors, name="factor"), columns=columns),
        pd.DataFrame(matrix, index=rows, columns=pd.Index(names)),
        rotation.n_minima,
        bool(extraction.converged[0] and rotation.converged),
        tuple(warnings), text, n_used, n_missing,
    )  # fmt: skip


def _no_fit(
    names: tuple[str, ...], n_factors: int, problem: tuple[Status, str], text: str, n_used: int, n_missing: int
) -> FactorFit:
    status, reason = problem
    factors, rows = [f"F{number}" for number in range(1, n_factors + 1)], pd.Index(names, name="item_id")
    nothing = np.full(len(names), np.nan)
    empty = pd.DataFrame(np.full((len(names), n_factors), np.nan), index=rows, columns=pd.Index(factors))
    return FactorFit(
        no_measures(problem, text, n_used, n_missing),
        tidy({"item_id": names, "communality": nothing, "uniqueness": nothing, "complexity": nothing}, "fit_efa"),
        tidy({"factor": factors, **dict.fromkeys(("explained", "explained_share"), [np.nan] * n_factors)}, "fit_efa"),
        empty, empty.copy(),
        pd.DataFrame(np.full((n_factors, n_factors), np.nan), index=pd.Index(factors, name="factor"), columns=factors),
        pd.DataFrame(np.full((len(names), len(names)), np.nan), index=rows, columns=pd.Index(names)),
        0, False, (), text, n_used, n_missing, status, reason,
    )  # fmt: skip
