"""The greatest lower bound of reliability, by an interior-point search."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..core import Estimate
from .alpha import rule_in_words
from .checks import FloatArray, Missing, as_matrix, check_choice
from .moments import absent, item_moments, obstacle, singularity
from .registry import statistic

_GAP = 1e-10  # duality gap, as a share of the sum of variances, that ends the search
_MAX_STEPS = 200


@statistic(
    family="reliability", symbol="glb", data="items", bounds=(None, 1), min_n=4,
    invariant_to={"row_order", "column_order", "affine"}, source="doi:10.1007/BF02289858",
)  # fmt: skip
def greatest_lower_bound(
    items: ArrayLike | pd.DataFrame,
    *,
    matrix: Literal["covariance", "correlation"] = "covariance",
    missing: Missing = "raise",
) -> Estimate:
    r"""Compute the greatest lower bound of the reliability of a sum.

    .. math:: glb = 1 - \frac{\max_\theta \sum_j \theta_j}{\sum_{j,l} s_{jl}} \quad\text{subject to}\quad
              S - \operatorname{diag}(\theta) \succeq 0, \; \theta_j \ge 0

    that is, the reliability when the items have as much error as their covariances S allow.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers of one scale, reverse-keyed items already turned round.
    matrix : {"covariance", "correlation"}, default "covariance"
        Raw items, or standardised ones.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells.

    Returns
    -------
    Estimate
        Without limits. ``undefined`` under two items, for a constant item, or a singular matrix; ``too_few`` unless
        there are more persons than items.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, or infinite values.

    Notes
    -----
    In a sample it is too high, by .05 and more under a thousand persons and ten items, because it makes the most of
    chance; the bootstrap repeats that bias, so no interval is given. Use it beside `omega_total`, never alone. Solved
    as a semidefinite program by a barrier method, until the duality gap is below 1e-10 of the sum of variances.

    References
    ----------
    Woodhouse, B., & Jackson, P. H. (1977). Lower bounds for the reliability of the total score on a test composed of
    non-homogeneous items: II. *Psychometrika, 42*, 579-591. https://doi.org/10.1007/BF02295980
    Jackson, P. H., & Agunwamba, C. C. (1977). https://doi.org/10.1007/BF02295979
    ten Berge, J. M. F., & Sočan, G. (2004). https://doi.org/10.1007/BF02289858 (bias)

    Examples
    --------
    Two items: the smaller variance of error is bounded by the covariance, which gives 4 s12 / total.

    >>> from ktss_analysis.psychometrics.greatest_lower_bound import greatest_lower_bound
    >>> x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    >>> y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    >>> round(greatest_lower_bound(list(zip(x, y)), matrix="correlation").value, 3)  # 2r / (1 + r), r = .816
    0.899
    """
    check_choice(matrix, ("covariance", "correlation"), "matrix")
    data, names = as_matrix(items)
    method = f"greatest lower bound, {matrix} matrix, {rule_in_words(missing)}; no interval"
    problem = obstacle(data, names, missing, min_n=len(names) + 1)
    if problem is not None:
        return absent(problem, method, len(data))
    moments = item_moments(data, names, missing)
    singular = singularity(moments.correlation, names)
    if singular:
        return absent(("undefined", singular), method, len(data), moments.n_used)
    chosen = moments.covariance if matrix == "covariance" else moments.correlation
    if chosen.sum() <= 1e-12 * np.trace(chosen):
        return absent(("undefined", "the sum of the items does not vary"), method, len(data), moments.n_used)
    error, _ = largest_error_variances(chosen)
    value = float(1 - error.sum() / chosen.sum())
    return Estimate(value, method=method, n_used=moments.n_used, n_missing=moments.n_missing)


def largest_error_variances(covariance: FloatArray) -> tuple[FloatArray, float]:
    r"""Return the error variances with the largest sum that leave the matrix positive semidefinite.

    Newton steps on :math:`\sum \theta + \mu (\ln|S - \Theta| + \sum \ln \theta)` while the barrier weight
    :math:`\mu` goes to zero. The matrix :math:`\mu (S - \Theta)^{-1}` is then feasible for the dual, which bounds what
    is left to gain.

    Parameters
    ----------
    covariance : ndarray, shape (n_items, n_items)
        Positive definite.

    Returns
    -------
    theta : ndarray, shape (n_items,)
        Error variances.
    gap : float
        Duality gap: no sum is larger than that of `theta` by more than this.
    """
    scale = np.sqrt(np.diagonal(covariance))
    k, trace = len(covariance), float(np.trace(covariance))
    theta = np.full(k, 0.5 * float(np.linalg.eigvalsh(covariance / np.outer(scale, scale))[0])) * scale**2
    weight = trace / k
    for _ in range(_MAX_STEPS):
        inverse = np.linalg.inv(covariance - np.diag(theta))
        gradient = 1 + weight * (1 / theta - np.diagonal(inverse))
        curvature = weight * (inverse**2 + np.diag(1 / theta**2))
        step = np.linalg.solve(curvature, gradient)
        decrement = float(gradient @ step)
        theta = theta + _inside(covariance, theta, step) * step
        if decrement < 0.1 * weight:
            if 2 * k * weight < _GAP * trace:
                break
            weight /= 8
    return theta, 2 * k * weight


def _inside(covariance: FloatArray, theta: FloatArray, step: FloatArray) -> float:
    """Return the share of a step that stays inside: positive error variances, positive definite rest."""
    share = 1.0
    for _ in range(60):
        trial = theta + share * step
        if (trial > 0).all():
            try:
                np.linalg.cholesky(covariance - np.diag(trial))
            except np.linalg.LinAlgError:
                pass
            else:
                return share
        share /= 2
    return 0.0
