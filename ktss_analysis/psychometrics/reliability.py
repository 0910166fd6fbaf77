"""Reliability of a sum or mean of items: omega and the standard error of measurement.

Every estimate names definition, missing-data rule and interval in `method`, because several numbers share
each name. Alpha is in `alpha`, Guttman's lambdas and split halves are in `lower_bounds`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError
from .alpha import cronbach_alpha, reliability_estimate, rule_in_words, standardized_alpha
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, drop_missing
from .lower_bounds import guttman_lambdas, split_half
from .matrices import MatrixKind
from .moments import absent, item_moments, obstacle
from .one_factor import OneFactorFit, fit_one_factor
from .ordinal_reliability import latent_omega
from .registry import statistic

__all__ = [
    "cronbach_alpha", "guttman_lambdas", "omega_total", "split_half", "standard_error_of_measurement",
    "standardized_alpha",
]  # fmt: skip

_ROWS_ONLY = "needs complete rows; choose missing='listwise'"
_INVARIANT = {"row_order", "column_order", "affine"}


@statistic(
    family="reliability", symbol="omega_t", data="items", bounds=(0, 1), min_n=4, invariant_to=_INVARIANT,
    source="doi:10.4324/9781410601087",
)  # fmt: skip
def omega_total(
    items: ArrayLike | pd.DataFrame,
    *,
    matrix: MatrixKind = "pearson",
    denominator: Literal["model", "observed"] = "model",
    missing: Missing = "raise",
    ci_method: Literal["robust", "normal"] = "robust",
    ci_level: float = 0.95,
) -> Estimate:
    r"""Compute omega total from one common factor fitted by maximum likelihood.

    .. math:: \omega = \frac{(\sum_j \lambda_j)^2}{D}, \qquad
              D = \Bigl(\sum_j \lambda_j\Bigr)^2 + \sum_j \psi_j \;\text{(model)} \quad\text{or}\quad
              D = \sum_{j,l} s_{jl} \;\text{(observed)}

    with loadings :math:`\lambda_j` and unique variances :math:`\psi_j` in the metric of the raw items.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers of one scale, reverse-keyed items already turned round. Three items or more.
    matrix : {"pearson", "polychoric"}, default "pearson"
        What the model is fitted to. ``"polychoric"`` is `latent_omega`, about the sum of the variables behind the
        answers, by weighted least squares and with its bootstrap interval whatever `ci_method`.
    denominator : {"model", "observed"}, default "model"
        Variance of the sum: the model's, or the sample's. They agree when the model fits.
    missing : {"raise", "listwise"}, default "raise"
        Rule for missing cells. ``"pairwise"`` is refused: such a matrix has no likelihood.
    ci_method : {"robust", "normal"}, default "robust"
        Delta method with the sandwich variance from the rows and observed information (as MLR does), or with
        expected information under normality.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        Omega in 0-1; the limits are cut there. ``undefined`` when the factor is not identified, the matrix is
        singular, a unique variance is not positive (Heywood case) or the fit did not converge; ``too_few``
        when there are not more persons than items.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, pairwise deletion, text, or infinite values.

    Notes
    -----
    Right only if one factor holds: look at the dimensionality first. Under some 100 persons the delta
    interval is too optimistic. The five values that programs print as omega for one data set (.712 to .777
    for the agreeableness items of the bfi data) differ in denominator, estimator and matrix; this one is
    named in `method`.

    References
    ----------
    McDonald, R. P. (1999). *Test theory: A unified treatment* (chapter 6). Erlbaum.
    https://doi.org/10.4324/9781410601087
    Raykov, T. (2002). Analytic estimation of standard error and confidence interval for scale reliability.
    *Multivariate Behavioral Research, 37*, 89-103. https://doi.org/10.1207/S15327906MBR3701_04

    Examples
    --------
    The judges of Shrout and Fleiss (1979, table 2) as items; their ICC(3,k), which is alpha, is .91 too:

    >>> from ktss_analysis.psychometrics.reliability import omega_total
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(omega_total(judges).value, 2)
    0.91
    """
    check_choice(matrix, ("pearson", "polychoric"), "matrix")
    check_choice(denominator, ("model", "observed"), "denominator")
    check_choice(ci_method, ("robust", "normal"), "ci_method")
    if matrix == "polychoric":
        return latent_omega(items, denominator=denominator, missing=missing, ci_level=ci_level)
    if missing == "pairwise":
        raise StatisticError(f"missing='pairwise': maximum likelihood {_ROWS_ONLY}")
    level = check_level(ci_level)
    data, names = as_matrix(items)
    method = f"omega total, one-factor ML, Pearson covariances, {denominator} denominator, {rule_in_words(missing)}"
    problem = obstacle(data, names, missing, min_items=3, min_n=len(names) + 1)
    if problem:
        return absent(problem, method, len(data))
    moments = item_moments(data, names, missing)
    n = moments.n_used
    fit = fit_one_factor(moments.covariance * (n - 1) / n, names)
    if not fit.converged:
        return absent(("undefined", fit.reason), method, len(data), n)
    value, functional = _omega(fit, denominator, ci_method)
    if ci_method == "normal":
        change = functional @ fit.implied
        error = np.sqrt(2 * np.trace(change @ change) / n)
    else:
        rows, _ = drop_missing(data, missing)
        centred = rows - rows.mean(axis=0)
        error = ((centred @ functional) * centred).sum(axis=1).std() / np.sqrt(n)
    reach = float(special.ndtri((1 + level) / 2) * error)
    low, high = max(value - reach, 0.0), min(value + reach, 1.0)
    return reliability_estimate(value, low, high, level, f"{method}; delta interval, {ci_method} variance", moments)


def _omega(fit: OneFactorFit, denominator: str, ci_method: str) -> tuple[float, FloatArray]:
    """Return omega and the matrix by which it follows changes of the covariances."""
    k, common = len(fit.loadings), fit.loadings.sum()
    total = fit.implied.sum() if denominator == "model" else fit.covariance.sum()
    if denominator == "model":
        unique = fit.uniquenesses.sum()
        gradient = np.concatenate([np.full(k, 2 * common * unique), np.full(k, -(common**2))]) / total**2
    else:
        gradient = np.concatenate([np.full(k, 2 * common / total), np.zeros(k)])
    functional = fit.functional(gradient, information="expected" if ci_method == "normal" else "observed")
    if denominator == "observed":
        functional = functional - common**2 / total**2
    return float(common**2 / total), functional


@statistic(
    family="reliability", symbol="SEM", data="items", bounds=(0, None), min_n=2,
    invariant_to={"row_order", "column_order"}, source="doi:10.1519/15184.1",
)  # fmt: skip
def standard_error_of_measurement(
    items: ArrayLike | pd.DataFrame | tuple[float, float],
    *,
    score: Literal["mean", "sum"] = "mean",
    missing: Missing = "raise",
    ci_level: float = 0.95,
) -> Estimate:
    r"""Compute the standard error of measurement of a scale score.

    .. math:: SEM = s_X \sqrt{1 - \alpha}, \qquad
              SEM_{sum} = \sqrt{k\,MS_{res}}, \quad SEM_{mean} = \sqrt{MS_{res}/k}

    The second form, with the residual mean square of the persons x items table, is the same number; it gives
    the limits :math:`SEM \sqrt{df / \chi^2_{df}}` with df = (n - 1)(k - 1).

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items), or tuple (alpha, sd)
        Answers of one scale, keys applied; or a reliability and the standard deviation of the score.
    score : {"mean", "sum"}, default "mean"
        Score the error belongs to, for `items`. A tuple gives the error in the unit of its `sd`.
    missing : {"raise", "listwise"}, default "raise"
        Rule for missing cells.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        In points of the score. No limits for a tuple. ``undefined`` and ``too_few`` as for `cronbach_alpha`.

    Raises
    ------
    StatisticError
        For a reliability above 1, a negative sd, missing cells, or pairwise deletion.

    Notes
    -----
    One number for all persons; at the ends of the scale the true error is smaller. The limits assume normal
    residuals with equal variance in all items.

    References
    ----------
    Weir, J. P. (2005). Quantifying test-retest reliability using the intraclass correlation coefficient and
    the SEM. *Journal of Strength and Conditioning Research, 19*, 231-240. https://doi.org/10.1519/15184.1

    Examples
    --------
    A scale with sd 15 and reliability .97, as full-scale intelligence quotients have: 15 * sqrt(.03) points.

    >>> from ktss_analysis.psychometrics.reliability import standard_error_of_measurement
    >>> round(standard_error_of_measurement((0.97, 15)).value, 2)
    2.6
    """
    check_choice(score, ("mean", "sum"), "score")
    level = check_level(ci_level)
    if isinstance(items, tuple) and len(items) == 2 and all(np.ndim(part) == 0 for part in items):
        return _error_from_summary(float(items[0]), float(items[1]))
    if missing == "pairwise":
        raise StatisticError(f"missing='pairwise': the error of a score {_ROWS_ONLY}")
    matrix, names = as_matrix(items)
    method = f"standard error of the {score} score, sd * sqrt(1 - raw alpha), {rule_in_words(missing)}"
    problem = obstacle(matrix, names, missing)
    if problem:
        return absent(problem, method, len(matrix))
    moments = item_moments(matrix, names, missing)
    k, covariance = len(names), moments.covariance
    residual = max((np.trace(covariance) - covariance.sum() / k) / (k - 1), 0.0)
    value = float(np.sqrt(residual * k if score == "sum" else residual / k))
    df = (moments.n_used - 1) * (k - 1)
    low, high = (value * np.sqrt(df / special.chdtri(df, [(1 - level) / 2, (1 + level) / 2]))).tolist()
    return reliability_estimate(value, low, high, level, f"{method}; chi-square interval", moments)


def _error_from_summary(reliability: float, sd: float) -> Estimate:
    if not reliability <= 1:
        raise StatisticError(f"alpha={reliability!r}; allowed: a number up to 1")
    if not 0 <= sd < np.inf:
        raise StatisticError(f"sd={sd!r}; allowed: a number from 0")
    return Estimate(float(sd * np.sqrt(1 - reliability)), method="sd * sqrt(1 - reliability), as given; no interval")
