r"""Omega hierarchical by the Schmid-Leiman transformation of oblique factors.

Oblique factors with pattern P and correlations :math:`\Phi` are themselves explained by one general factor with
loadings :math:`\gamma`: an item loads :math:`P\gamma` on the general factor and :math:`p_f \sqrt{1 - \gamma_f^2}` on
what is left of factor f. A batch of correlation matrices is treated at once, since the interval is a bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..core import Estimate, StatisticError, Status
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, drop_missing
from .factor_analysis import Method, degrees_of_freedom
from .factor_extraction import extract_factors
from .frames import estimates_frame
from .matrices import Correlations, MatrixKind, correlations_of, given_correlations
from .moments import singularity
from .registry import statistic
from .resampling import bootstrap_weights
from .rotation import gradient_projection, rotate, turned

_NAMES = ("omega_hierarchical", "omega_total_schmid_leiman", "omega_limit")
_MOST_UNDEFINED = 0.05


@dataclass(frozen=True, slots=True)
class SchmidLeiman:
    """General and group factors of a batch.

    Parameters
    ----------
    general : ndarray, shape (n_matrices, n_items)
        Loadings on the general factor.
    groups : ndarray, shape (n_matrices, n_items, n_factors)
        Loadings on the group factors, which are uncorrelated with the general factor and each other.
    uniquenesses : ndarray, shape (n_matrices, n_items)
        Unique variances.
    second_order : ndarray, shape (n_matrices, n_factors)
        Loadings of the oblique factors on the general one.
    converged, heywood : ndarray of bool, shape (n_matrices,)
        Both extractions and the rotation ended at a minimum; a unique variance is at its bound.
    """

    general: FloatArray
    groups: FloatArray
    uniquenesses: FloatArray
    second_order: FloatArray
    converged: NDArray[np.bool_]
    heywood: NDArray[np.bool_]


def schmid_leiman(
    matrices: FloatArray, n_factors: int, method: str = "minres", *, n_starts: int = 10, seed: int = 0
) -> SchmidLeiman:
    """Return general and group factors after an oblimin rotation.

    Parameters
    ----------
    matrices : ndarray, shape (n_matrices, n_items, n_items)
        Correlations. The first is rotated from several starts, the others from its solution.
    n_factors : int
        Group factors; with one there is no group factor, with two their correlation is split evenly.
    method : {"minres", "ml"}, default "minres"
        Extraction of the first-order factors.
    n_starts, seed : int, default 10 and 0
        Rotation starts of the first matrix.
    """
    first = extract_factors(matrices, n_factors, method)
    if n_factors == 1:
        general = first.loadings[:, :, 0]
        return SchmidLeiman(
            general,
            np.zeros((*general.shape, 1)),
            1 - general**2,
            np.ones((len(general), 1)),
            first.converged,
            first.heywood,
        )
    pattern, correlations, rotated = _oblique(first.loadings, n_starts, seed)
    if n_factors == 2:
        between = correlations[:, 0, 1]
        second = np.sqrt(np.abs(between))[:, None] * np.column_stack([np.ones(len(between)), np.sign(between)])
        higher_converged = np.ones(len(between), dtype=bool)
    else:
        higher = extract_factors(correlations, 1)
        second, higher_converged = higher.loadings[:, :, 0], higher.converged
    general = np.einsum("bif,bf->bi", pattern, second)
    groups = pattern * np.sqrt(np.maximum(1 - second**2, 0))[:, None, :]
    unique = 1 - (first.loadings**2).sum(axis=2)
    return SchmidLeiman(
        general, groups, unique, second, first.converged & rotated & higher_converged, first.heywood
    )  # fmt: skip


def _oblique(loadings: FloatArray, n_starts: int, seed: int) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Return oblimin patterns and factor correlations; replicates start where the first matrix ended."""
    best = rotate(loadings[0], "oblimin", n_starts=n_starts, seed=seed)
    # the rotation matrix of the first solution: pattern = loadings inv(T)'
    start = np.linalg.inv(np.linalg.lstsq(loadings[0], best.loadings, rcond=None)[0]).T
    left, _, right = np.linalg.svd(loadings.transpose(0, 2, 1) @ loadings[0])  # turns each matrix towards the first
    starts = (left @ right) @ start
    starts /= np.sqrt((starts**2).sum(axis=1, keepdims=True))
    turn, _, length = gradient_projection(loadings, starts, "oblimin", 1e-7 if len(loadings) == 1 else 1e-5)
    pattern, correlations = turned(loadings, turn, oblique=True)
    return pattern, correlations, length < 1e-4


@statistic(
    family="reliability", symbol="omega_h", data="items", returns="frame", bounds=(0, None), min_n=4,
    invariant_to={"row_order", "affine"}, source="doi:10.1007/s11336-003-0974-7",
)  # fmt: skip
def omega_hierarchical(
    items: ArrayLike | pd.DataFrame,
    n_factors: int = 3,
    *,
    method: Method = "minres",
    matrix: MatrixKind = "pearson",
    flip: bool = True,
    missing: Missing = "raise",
    ci_level: float = 0.95,
    n_boot: int = 500,
    n_starts: int = 10,
    seed: int = 0,
    n_persons: int | None = None,
) -> pd.DataFrame:
    r"""Compute omega hierarchical: how much of the variance of the sum is due to one general factor.

    .. math:: \omega_h = \frac{(\sum_j g_j)^2}{\sum_{j,l} r_{jl}}, \qquad
              \omega_t = 1 - \frac{\sum_j u_j^2}{\sum_{j,l} r_{jl}}, \qquad \omega_{lim} = \omega_h / \omega_t

    with loadings g on the general factor of a Schmid-Leiman transformation of oblimin factors, unique variances
    :math:`u^2` and correlations r.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers of several subscales; or a correlation matrix, when `n_persons` is given.
    n_factors : int, default 3
        Group factors. With 1 there is no hierarchy: both omegas come from one common factor.
    method : {"minres", "ml"}, default "minres"
        Extraction.
    matrix : {"pearson", "polychoric"}, default "pearson"
        Kind of correlation; polychoric gives no interval.
    flip : bool, default True
        Turn round items that load negatively on the general factor.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells; ``"pairwise"`` gives no interval.
    ci_level : float, default .95
        Confidence level.
    n_boot : int, default 500
        Resamples of persons for the percentile interval.
    n_starts, seed : int, default 10 and 0
        Starts of the rotation, and the seed of them and of the resamples.
    n_persons : int, optional
        Persons behind a correlation matrix (no interval).

    Returns
    -------
    DataFrame, three rows
        `statistic` (``omega_hierarchical``, ``omega_total_schmid_leiman``, ``omega_limit``) and the fields of an
        estimate. ``undefined`` for a constant item, a singular matrix, or negative degrees of freedom; ``too_few``
        unless there are more persons than items.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, infinite values, fewer than one factor, unknown options.

    Notes
    -----
    :math:`\omega_t` is the one that the R package psych prints for exploratory factors; it differs from `omega_total`,
    which fits one factor to covariances. With two group factors :math:`\omega_h` is not identified without the
    convention that both load equally on the general factor. In small samples :math:`\omega_h` is too high when there
    is no general factor.

    References
    ----------
    Zinbarg, R. E., Revelle, W., Yovel, I., & Li, W. (2005). Cronbach's alpha, Revelle's beta, and McDonald's omega_H:
    Their relations with each other and two alternative conceptualizations of reliability. *Psychometrika, 70*, 123-133.
    https://doi.org/10.1007/s11336-003-0974-7
    Schmid, J., & Leiman, J. M. (1957). https://doi.org/10.1007/BF02289209

    Examples
    --------
    Six items, two groups of three; r = .6 within and .3 between groups: 36 * .3 of a total of 18.6 is general.

    >>> import numpy as np
    >>> from ktss_analysis.psychometrics.schmid_leiman import omega_hierarchical
    >>> matrix = 0.3 + 0.3 * np.kron(np.eye(2), np.ones((3, 3))) + 0.4 * np.eye(6)
    >>> omega_hierarchical(matrix, 2, n_persons=100)["estimate"].round(3).tolist()
    [0.581, 0.871, 0.667]
    """
    check_choice(method, ("minres", "ml"), "method")
    level = check_level(ci_level)
    if n_factors < 1 or n_boot < 1:
        raise StatisticError(f"n_factors={n_factors!r}, n_boot={n_boot!r}; allowed: 1 or more")
    data = (
        given_correlations(items, n_persons) if n_persons is not None
        else correlations_of(items, matrix, missing, smooth=matrix == "polychoric")
    )  # fmt: skip
    text = f"Schmid-Leiman, {method}, oblimin, {n_factors} group factor(s), {data.method}"
    problem = data.problem or _problem(data, n_factors)
    if problem is None:
        solution = schmid_leiman(data.matrix[None], n_factors, method, n_starts=n_starts, seed=seed)
        if not solution.converged[0]:
            problem = ("undefined", "the factors did not converge")
    if problem is not None:
        gap = Estimate.absent(*problem, method=text, n_used=data.n_used, n_missing=data.n_missing)
        return estimates_frame(dict.fromkeys(_NAMES, gap), "omega_hierarchical")
    general = solution.general[0] * (1.0 if solution.general[0].sum() >= 0 else -1.0)
    key = np.where(general < 0, -1.0, 1.0) if flip else np.ones(len(data.names))
    values = _coefficients(data.matrix[None], solution, key)[:, 0]
    turned_round = [name for name, sign in zip(data.names, key, strict=True) if sign < 0]
    if turned_round:
        text += f"; turned round: {', '.join(turned_round)}"
    low: list[float | None] = [None] * len(values)
    high = low
    how = "no interval without rows" if n_persons is not None else f"no interval with {matrix}, {missing}"
    if n_persons is None and matrix == "pearson" and missing != "pairwise":
        rows, _ = drop_missing(as_matrix(items)[0], missing)
        low, high, how = _interval(rows, n_factors, method, key, level, n_boot, seed)
    remark = "; ".join(
        (*data.warnings, *(["Heywood case: a unique variance is at its bound"] * bool(solution.heywood[0])))
    )
    estimates = {
        name: _estimate(float(value), bottom, top, level, f"{text}; {how}", data, remark)
        for name, value, bottom, top in zip(_NAMES, values, low, high, strict=True)
    }
    return estimates_frame(estimates, "omega_hierarchical")


def _problem(data: Correlations, n_factors: int) -> tuple[Status, str] | None:
    k = len(data.names)
    if degrees_of_freedom(k, n_factors) < 0:
        return "undefined", f"{n_factors} factors of {k} items: negative degrees of freedom"
    singular = singularity(data.matrix, data.names)
    return ("undefined", singular) if singular else None


def _estimate(
    value: float, low: float | None, high: float | None, level: float, method: str, data: Correlations, remark: str
) -> Estimate:
    if low is None or high is None:
        return Estimate(value, method=method, n_used=data.n_used, n_missing=data.n_missing, reason=remark)
    return Estimate(
        value, min(low, value), max(high, value), level, method, data.n_used, data.n_missing, reason=remark
    )  # fmt: skip


def _coefficients(matrices: FloatArray, solution: SchmidLeiman, key: FloatArray) -> FloatArray:
    """Return omega hierarchical, total and their ratio, shape (3, n_matrices)."""
    total = np.einsum("bij,i,j->b", matrices, key, key)
    total = np.where(total > 1e-12, total, np.nan)
    hierarchical = (solution.general @ key) ** 2 / total
    whole = 1 - solution.uniquenesses.sum(axis=1) / total
    return np.stack([hierarchical, whole, hierarchical / np.where(whole > 0, whole, np.nan)])


def _interval(
    rows: FloatArray, n_factors: int, method: str, key: FloatArray, level: float, n_boot: int, seed: int
) -> tuple[list[float | None], list[float | None], str]:
    """Return percentile limits of the three coefficients."""
    patterns, counts = np.unique(rows, axis=0, return_counts=True)
    weights = bootstrap_weights(len(patterns), n_boot, seed, counts=counts)
    matrices = _weighted_correlations(patterns - rows.mean(axis=0), weights)
    matrices = matrices[np.isfinite(matrices).all(axis=(1, 2))]
    matrices = matrices[np.asarray(np.linalg.eigvalsh(matrices))[:, 0] > 1e-8]
    original = _weighted_correlations(patterns - rows.mean(axis=0), counts[None].astype(float))
    together = np.concatenate([original, matrices])
    solution = schmid_leiman(together, n_factors, method, seed=seed)
    values = _coefficients(together, solution, key)[:, 1:]
    values = values[:, solution.converged[1:] & np.isfinite(values).all(axis=0)]
    lost = n_boot - values.shape[1]
    if lost > _MOST_UNDEFINED * n_boot:
        nothing: list[float | None] = [None] * len(values)
        return nothing, nothing, f"no interval: undefined in {lost} of {n_boot} resamples"
    limits = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=1)
    how = f"percentile bootstrap, {n_boot} resamples of {len(rows)} rows, seed {seed}"
    return limits[0].tolist(), limits[1].tolist(), how


def _weighted_correlations(centred: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the correlation matrix under each row of weights; nan where an item does not vary."""
    k = centred.shape[1]
    first, second = np.triu_indices(k)
    total = weights.sum(axis=1)
    means = weights @ centred / total[:, None]
    products = weights @ (centred[:, first] * centred[:, second]) / total[:, None]
    covariance = np.empty((len(weights), k, k))
    covariance[:, first, second] = products - means[:, first] * means[:, second]
    covariance[:, second, first] = covariance[:, first, second]
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    scale = np.sqrt(np.where(variance > 1e-12, variance, np.nan))
    correlation = covariance / scale[:, :, None] / scale[:, None, :]
    return np.asarray(correlation)
