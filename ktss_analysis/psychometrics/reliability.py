"""Reliability of a sum or mean of items: alpha, omega and the standard error of measurement.

Every estimate names definition, missing-data rule and interval in `method`, because several numbers share
each name. Guttman's lambdas and split halves are in `lower_bounds`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError, Status
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, drop_missing
from .intervals import feldt_interval
from .lower_bounds import guttman_lambdas, split_half
from .moments import Moments, absent, item_moments, largest_pair, obstacle
from .one_factor import OneFactorFit, fit_one_factor
from .registry import statistic
from .resampling import bootstrap_interval

__all__ = [
    "cronbach_alpha", "guttman_lambdas", "omega_total", "split_half", "standard_error_of_measurement",
    "standardized_alpha",
]  # fmt: skip

_ROWS_ONLY = "needs complete rows; choose missing='listwise'"
_INVARIANT = {"row_order", "column_order", "affine"}


@statistic(
    family="reliability", symbol="alpha", data="items", bounds=(None, 1), min_n=2, invariant_to=_INVARIANT,
    source="doi:10.1007/BF02310555",
)  # fmt: skip
def cronbach_alpha(
    items: ArrayLike | pd.DataFrame,
    *,
    missing: Missing = "raise",
    ci_method: Literal["feldt", "adf", "bca"] = "feldt",
    ci_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 0,
) -> Estimate:
    r"""Compute coefficient alpha of the raw scores.

    .. math:: \alpha = \frac{k}{k-1}\Bigl(1 - \frac{\sum_j s_{jj}}{\sum_{j,l} s_{jl}}\Bigr)

    with k items and :math:`s_{jl}` their covariances.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers of one scale, reverse-keyed items already turned round (see `items.apply_keys`).
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells. ``"pairwise"`` takes each covariance from the persons who answered both items.
    ci_method : {"feldt", "adf", "bca"}, default "feldt"
        ``"feldt"``: from the F distribution; assumes parallel normal items. ``"adf"``: distribution-free
        delta method, for skewed items and a hundred persons or more. ``"bca"``: bootstrap over persons.
    ci_level : float, default .95
        Confidence level.
    n_boot, seed : int, default 2000 and 0
        Resamples and seed of ``"bca"``.

    Returns
    -------
    Estimate
        Alpha, at most 1, negative when items contradict each other; `reason` then names the items that do.
        ``undefined`` under two items, for an item that does not vary, or a sum that does not vary;
        ``too_few`` under two persons.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, infinite values, or an unknown option.

    Notes
    -----
    Not a measure of one-dimensionality: a scale of two unrelated halves can have a high alpha. With unequal
    loadings it is a lower bound; `omega_total` is not. With pairwise deletion the interval rests on the
    smallest number of persons behind any covariance.

    References
    ----------
    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. *Psychometrika, 16*,
    297-334. https://doi.org/10.1007/BF02310555 Feldt, L. S. (1965), https://doi.org/10.1007/BF02289499.
    Maydeu-Olivares, A., Coffman, D. L., & Hartmann, W. M. (2007), https://doi.org/10.1037/1082-989X.12.2.157
    (``"adf"``).

    Examples
    --------
    Alpha equals the intraclass correlation ICC(3,k); Shrout and Fleiss (1979) print .91 for their table 2:

    >>> from ktss_analysis.psychometrics.reliability import cronbach_alpha
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(cronbach_alpha(judges).value, 4)
    0.9093
    """
    check_choice(ci_method, ("feldt", "adf", "bca"), "ci_method")
    level = check_level(ci_level)
    matrix, names = as_matrix(items)
    method = f"raw alpha, {_rule(missing)}"
    problem = obstacle(matrix, names, missing)
    if problem:
        return absent(problem, method, len(matrix))
    moments = item_moments(matrix, names, missing)
    if ci_method != "feldt" and missing == "pairwise":
        raise StatisticError(f"ci_method={ci_method!r} {_ROWS_ONLY}")
    k, total = len(names), moments.covariance.sum()
    if total <= 1e-12 * np.trace(moments.covariance):
        return absent(("undefined", "the sum of the items does not vary"), method, len(matrix), moments.n_used)
    value = float(k / (k - 1) * (1 - np.trace(moments.covariance) / total))
    if ci_method == "feldt":
        interval = feldt_interval(min(value, 1.0), moments.n_for_inference, k, ci_level=level)
        low, high, how = interval.low, interval.high, "Feldt interval"
    else:
        rows, _ = drop_missing(matrix, missing)
        low, high, how = _alpha_from_rows(rows, value, ci_method, level, n_boot, seed)
    return _estimate(value, low, high, level, f"{method}; {how}", moments, remark=_remark(moments, value))


def _alpha_from_rows(
    rows: FloatArray, value: float, ci_method: str, level: float, n_boot: int, seed: int
) -> tuple[float | None, float | None, str]:
    """Return limits that need the single rows: distribution-free delta method or bootstrap."""
    n, k = rows.shape
    z = rows - rows.mean(axis=0)
    squares, total = (z**2).sum(axis=1), z.sum(axis=1)
    if ci_method == "adf":
        variance, sum_variance = total @ total / n, squares.sum() / n
        influence = -k / (k - 1) * (squares / variance - sum_variance / variance**2 * total**2)
        reach = float(special.ndtri((1 + level) / 2)) * float(influence.std()) / n**0.5
        return value - reach, min(value + reach, 1.0), "distribution-free delta interval"
    table = np.column_stack([z, squares, total**2, np.ones(n)])
    interval = bootstrap_interval(_alpha_of_totals, table, n_boot=n_boot, ci_level=level, seed=seed)
    return interval.low, interval.high, interval.method


def _alpha_of_totals(totals: FloatArray) -> FloatArray:
    """Return alpha from the totals of items, squares, squared sums and ones."""
    sums, squares, total_squares, n = totals[:, :-3], totals[:, -3], totals[:, -2], totals[:, -1]
    k = sums.shape[1]
    within = squares - (sums**2).sum(axis=1) / n
    between = total_squares - sums.sum(axis=1) ** 2 / n
    alpha = np.full(len(totals), np.nan)
    np.divide(within, between, out=alpha, where=between > 1e-12 * np.abs(total_squares))
    return np.asarray(k / (k - 1) * (1 - alpha))


@statistic(
    family="reliability", symbol="alpha_std", data="items", bounds=(None, 1), min_n=3,
    invariant_to=_INVARIANT, source="doi:10.1007/BF02310555",
)  # fmt: skip
def standardized_alpha(
    items: ArrayLike | pd.DataFrame, *, missing: Missing = "raise", ci_level: float = 0.95
) -> Estimate:
    r"""Compute coefficient alpha of standardised items.

    .. math:: \alpha_{std} = \frac{k \bar r}{1 + (k-1) \bar r}

    with :math:`\bar r` the mean of the correlations of all pairs of the k items.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers of one scale, reverse-keyed items already turned round.
    missing : {"raise", "listwise", "pairwise"}, default "raise"
        Rule for missing cells. ``"pairwise"`` gives no interval.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        At most 1. ``undefined`` and ``too_few`` as for `cronbach_alpha`.

    Raises
    ------
    StatisticError
        For missing cells under ``missing="raise"``, text, or infinite values.

    Notes
    -----
    Reliability of the sum of *standardised* items, which few studies use; for raw sums take `cronbach_alpha`.
    The interval is the distribution-free delta method, for a hundred persons or more.

    References
    ----------
    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. *Psychometrika, 16*,
    297-334. https://doi.org/10.1007/BF02310555 Hayashi, K., & Kamata, A. (2005). A note on the estimator of
    the alpha coefficient for standardized variables under normality. *Psychometrika, 70*, 579-586.
    https://doi.org/10.1007/s11336-001-0888-1

    Examples
    --------
    Two items with r = .816 (Anscombe, 1973, first data set): 2r / (1 + r) = .899 (Spearman-Brown):

    >>> from ktss_analysis.psychometrics.reliability import standardized_alpha
    >>> x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    >>> y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    >>> round(standardized_alpha(list(zip(x, y))).value, 3)
    0.899
    """
    level = check_level(ci_level)
    matrix, names = as_matrix(items)
    method = f"alpha of standardised items, {_rule(missing)}"
    problem = obstacle(matrix, names, missing)
    if problem:
        return absent(problem, method, len(matrix))
    moments = item_moments(matrix, names, missing)
    k, correlation = len(names), moments.correlation
    mean_r = (correlation.sum() - k) / (k * (k - 1))
    if 1 + (k - 1) * mean_r <= 1e-12:
        flat: tuple[Status, str] = ("undefined", "the sum of the standardised items does not vary")
        return absent(flat, method, len(matrix), moments.n_used)
    value = float(k * mean_r / (1 + (k - 1) * mean_r))
    low = high = None
    how = "no interval with pairwise deletion"
    if missing != "pairwise":
        rows, _ = drop_missing(matrix, missing)
        z = (rows - rows.mean(axis=0)) / rows.std(axis=0)
        influence = z.sum(axis=1) ** 2 - (z**2) @ correlation.sum(axis=1)  # of the sum of all correlations
        slope = k / (1 + (k - 1) * mean_r) ** 2 / (k * (k - 1))
        reach = float(special.ndtri((1 + level) / 2) * slope * influence.std() / len(rows) ** 0.5)
        low, high, how = value - reach, min(value + reach, 1.0), "distribution-free delta interval"
    return _estimate(value, low, high, level, f"{method}; {how}", moments, remark=_remark(moments, value))


@statistic(
    family="reliability", symbol="omega_t", data="items", bounds=(0, 1), min_n=4, invariant_to=_INVARIANT,
    source="doi:10.4324/9781410601087",
)  # fmt: skip
def omega_total(
    items: ArrayLike | pd.DataFrame,
    *,
    matrix: Literal["pearson"] = "pearson",
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
    matrix : {"pearson"}, default "pearson"
        Covariances the model is fitted to.
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
    check_choice(matrix, ("pearson",), "matrix")
    check_choice(denominator, ("model", "observed"), "denominator")
    check_choice(ci_method, ("robust", "normal"), "ci_method")
    if missing == "pairwise":
        raise StatisticError(f"missing='pairwise': maximum likelihood {_ROWS_ONLY}")
    level = check_level(ci_level)
    data, names = as_matrix(items)
    method = f"omega total, one-factor ML, Pearson covariances, {denominator} denominator, {_rule(missing)}"
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
    return _estimate(value, low, high, level, f"{method}; delta interval, {ci_method} variance", moments)


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
    method = f"standard error of the {score} score, sd * sqrt(1 - raw alpha), {_rule(missing)}"
    problem = obstacle(matrix, names, missing)
    if problem:
        return absent(problem, method, len(matrix))
    moments = item_moments(matrix, names, missing)
    k, covariance = len(names), moments.covariance
    residual = max((np.trace(covariance) - covariance.sum() / k) / (k - 1), 0.0)
    value = float(np.sqrt(residual * k if score == "sum" else residual / k))
    df = (moments.n_used - 1) * (k - 1)
    low, high = (value * np.sqrt(df / special.chdtri(df, [(1 - level) / 2, (1 + level) / 2]))).tolist()
    return _estimate(value, low, high, level, f"{method}; chi-square interval", moments)


def _error_from_summary(reliability: float, sd: float) -> Estimate:
    if not reliability <= 1:
        raise StatisticError(f"alpha={reliability!r}; allowed: a number up to 1")
    if not 0 <= sd < np.inf:
        raise StatisticError(f"sd={sd!r}; allowed: a number from 0")
    return Estimate(float(sd * np.sqrt(1 - reliability)), method="sd * sqrt(1 - reliability), as given; no interval")


def _rule(missing: Missing) -> str:
    return "complete answers" if missing == "raise" else missing


def _estimate(
    value: float,
    low: float | None,
    high: float | None,
    level: float,
    method: str,
    moments: Moments,
    *,
    remark: str = "",
) -> Estimate:
    """Return the estimate with its base; rounding error must not put it outside its own limits."""
    if low is None or high is None:
        return Estimate(value, None, None, None, method, moments.n_used, moments.n_missing, reason=remark)
    low, high = float(min(low, value)), float(max(high, value))
    return Estimate(value, low, high, level, method, moments.n_used, moments.n_missing, reason=remark)


def _remark(moments: Moments, value: float) -> str:
    """Return what a reader must know about a number that was computed: contradicting or duplicate items."""
    covariance, names, remarks = moments.covariance, moments.names, []
    rest = covariance.sum(axis=1) - np.diagonal(covariance)
    against = [repr(name) for name, with_rest in zip(names, rest, strict=True) if with_rest < 0]
    if value < 0 or against:
        remarks.append(f"correlate negatively with the rest: {', '.join(against) or 'items'}; check the keys")
    twin = largest_pair(moments.correlation)
    if twin is not None and moments.correlation[twin] > 1 - 1e-10:
        remarks.append(f"items {names[twin[0]]!r} and {names[twin[1]]!r} correlate perfectly")
    return "; ".join(remarks)
