"""Two occasions, the same persons: error in points, smallest detectable change, limits of agreement."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, drop_missing
from .frames import estimates_frame
from .intervals import fisher_interval
from .intraclass import icc, mean_squares
from .registry import statistic
from .resampling import jackknife_interval

Kind = Literal["agreement", "consistency"]

_KINDS: tuple[str, ...] = ("agreement", "consistency")


@statistic(
    family="retest", symbol="SEM", data="units", bounds=(0, None), min_n=2,
    invariant_to={"row_order", "column_order"}, source="doi:10.1016/j.jclinepi.2005.10.015",
)  # fmt: skip
def retest_error(
    ratings: ArrayLike | pd.DataFrame,
    *,
    kind: Kind = "agreement",
    missing: Missing = "raise",
    ci_level: float = 0.95,
) -> Estimate:
    r"""Compute the standard error of measurement from repeated measurements.

    .. math:: SEM_{agreement} = \sqrt{\sigma^2_o + \sigma^2_e}, \qquad SEM_{consistency} = \sqrt{\sigma^2_e},
              \qquad \sigma^2_e = E, \quad \sigma^2_o = \max\bigl((J - E) / n, 0\bigr)

    with the mean squares between occasions J and residual E of the persons x occasions table of n persons.

    Parameters
    ----------
    ratings : array_like or DataFrame, shape (n_persons, n_occasions)
        Scores of persons in rows, occasions (or raters) in columns.
    kind : {"agreement", "consistency"}, default "agreement"
        Whether a shift of everybody between occasions counts as error. For reading a person's score against a
        fixed threshold it does.
    missing : {"raise", "listwise"}, default "raise"
        Rule for missing cells.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    Estimate
        In points of the score. Limits: consistency, exact chi-square; agreement, jackknife over persons on the
        scale of the logarithm, the occasions taken as given. ``too_few`` under two persons, ``undefined`` under
        two occasions. Without any difference the value is 0 and has no limits.

    Raises
    ------
    StatisticError
        For missing cells, pairwise deletion, text, or an unknown kind.

    Notes
    -----
    One number for all persons, see `conditional_error`. It is :math:`s \sqrt{1 - ICC}` with the standard
    deviation and the coefficient of the same model, but needs no reliability. The jackknife does not know how
    much another pair of occasions would shift: with two occasions nothing does.

    References
    ----------
    de Vet, H. C. W., Terwee, C. B., Knol, D. L., & Bouter, L. M. (2006). When to use agreement versus reliability
    measures. *Journal of Clinical Epidemiology, 59*, 1033-1039. https://doi.org/10.1016/j.jclinepi.2005.10.015

    Examples
    --------
    The judges of Shrout and Fleiss (1979): E = 1.01944, J = 32.48611, six targets.

    >>> from ktss_analysis.psychometrics.retest import retest_error
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(retest_error(judges, kind="consistency").value**2, 4), round(retest_error(judges).value**2, 4)
    (1.0194, 6.2639)
    """
    check_choice(kind, _KINDS, "kind")
    level = check_level(ci_level)
    name = f"standard error of measurement, {kind}"
    table, n_missing, problem = _complete(ratings, missing, name)
    if problem is not None:
        return problem
    n, k = table.shape
    squares = mean_squares(table)
    shift = max((squares.raters - squares.residual) / n, 0.0) if kind == "agreement" else 0.0
    value = float(np.sqrt(squares.residual + shift))
    if value < 1e-7 * max(1.0, float(np.abs(table).max())):
        method = f"{name}; no interval: the occasions do not differ at all"
        return Estimate(0.0, method=method, n_used=n, n_missing=n_missing)
    if kind == "consistency":
        df = (n - 1) * (k - 1)
        low, high = (value * np.sqrt(df / special.chdtri(df, [(1 - level) / 2, (1 + level) / 2]))).tolist()
        return Estimate(value, low, high, level, f"{name}; chi-square interval", n, n_missing)
    interval = jackknife_interval(_log_error, _error_table(table), ci_level=level)
    if interval.low is None or interval.high is None:
        why = interval.method.removeprefix("no interval: ")
        return Estimate(value, method=f"{name}; no interval: {why}", n_used=n, n_missing=n_missing, reason=why)
    low, high = np.exp([interval.low, interval.high]).tolist()
    method = f"{name}; {interval.method}, on the scale of the logarithm"
    return Estimate(value, min(low, value), max(high, value), level, method, n, n_missing)


def _complete(
    ratings: ArrayLike | pd.DataFrame, missing: Missing, name: str, *, least: int = 2
) -> tuple[FloatArray, int, Estimate | None]:
    """Return the complete rows, how many were left out, and the estimate without a number if they do not do."""
    if missing == "pairwise":
        raise StatisticError("missing='pairwise': repeated measurements need complete rows; use 'listwise'")
    matrix, _ = as_matrix(ratings, "ratings")
    table, n_missing = drop_missing(matrix, missing, "ratings")
    n, k = table.shape
    if k < 2:
        reason = f"{k} occasion(s); needs 2 or more"
        return table, n_missing, Estimate.absent("undefined", reason, method=name, n_missing=len(matrix))
    if n < least:
        reason = f"{n} person(s) with all measurements; needs {least}"
        return table, n_missing, Estimate.absent("too_few", reason, method=name, n_used=n, n_missing=n_missing)
    return table, n_missing, None


def _error_table(table: FloatArray) -> FloatArray:
    """Return what persons add: scores less the person's mean, their squares, 1."""
    within = table - table.mean(axis=1, keepdims=True)
    return np.column_stack([within, (within**2).sum(axis=1), np.ones(len(table))])


def _log_error(totals: FloatArray) -> FloatArray:
    """Return the logarithm of the error of agreement from totals of `_error_table`."""
    k = totals.shape[1] - 2
    n, all_squares = totals[:, -1], totals[:, -2]
    between = (totals[:, :k] ** 2).sum(axis=1) / n
    residual = np.where(n > 1.5, (all_squares - between) / np.maximum((n - 1) * (k - 1), 1), np.nan)
    shift = np.maximum((between / (k - 1) - residual) / n, 0)
    found = residual + shift
    return np.asarray(np.log(np.where(found > 0, found, np.nan)) / 2)


@statistic(
    family="retest", symbol="SDC", data="units", bounds=(0, None), min_n=2,
    invariant_to={"row_order", "column_order"}, source="doi:10.1016/j.jclinepi.2005.10.015",
)  # fmt: skip
def smallest_detectable_change(
    ratings: ArrayLike | pd.DataFrame,
    *,
    kind: Kind = "agreement",
    confidence: float = 0.95,
    group_size: int = 1,
    missing: Missing = "raise",
    ci_level: float = 0.95,
) -> Estimate:
    r"""Compute the smallest change that is larger than measurement error.

    .. math:: SDC = z_{(1 + confidence)/2}\, \sqrt{2}\, SEM / \sqrt{n_{group}}

    Parameters
    ----------
    ratings : array_like or DataFrame, shape (n_persons, n_occasions)
        Scores of persons who did not change in between; persons in rows, occasions in columns.
    kind : {"agreement", "consistency"}, default "agreement"
        See `retest_error`.
    confidence : float, default .95
        Share of unchanged persons whose observed change stays below it.
    group_size : int, default 1
        Persons whose mean change is read; 1 is a single person.
    missing : {"raise", "listwise"}, default "raise"
        Rule for missing cells.
    ci_level : float, default .95
        Confidence level of the interval.

    Returns
    -------
    Estimate
        In points of the score; limits are those of the error times the same factor. Statuses as for
        `retest_error`.

    Raises
    ------
    StatisticError
        See `retest_error`; a confidence outside 0 to 1; a group of less than one person.

    Notes
    -----
    Says what can be told from error, not what matters to people. Only as good as the assumption that nobody
    changed.

    References
    ----------
    de Vet, H. C. W., et al. (2006). https://doi.org/10.1016/j.jclinepi.2005.10.015

    Examples
    --------
    1.96 * sqrt(2) * SEM, with the judges of Shrout and Fleiss (1979), SEM = 2.5028:

    >>> from ktss_analysis.psychometrics.retest import smallest_detectable_change
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(smallest_detectable_change(judges).value, 3)
    6.937
    """
    if not 0 < confidence < 1:
        raise StatisticError(f"confidence={confidence!r}; allowed: between 0 and 1")
    if group_size != group_size or group_size < 1 or group_size % 1:
        raise StatisticError(f"group_size={group_size!r}; allowed: whole numbers from 1")
    error = retest_error(ratings, kind=kind, missing=missing, ci_level=ci_level)
    return change_beyond_error(error, confidence=confidence, group_size=group_size)


def change_beyond_error(error: Estimate, *, confidence: float = 0.95, group_size: int = 1) -> Estimate:
    """Return the smallest detectable change that follows from a standard error of measurement.

    Parameters
    ----------
    error : Estimate
        Standard error of measurement in points of the score, from a retest or from one occasion; without a number its
        status and reason are passed on.
    confidence : float, default .95
        Share of unchanged persons whose difference of two scores stays below the result.
    group_size : int, default 1
        Persons in a group whose mean is followed.

    Returns
    -------
    Estimate
        The error times z * sqrt(2 / group_size), and so are its limits.
    """
    factor = float(special.ndtri((1 + confidence) / 2) * np.sqrt(2 / group_size))
    of_whom = "one person" if group_size == 1 else f"the mean of {group_size} persons"
    method = f"smallest detectable change of {of_whom}, {confidence:g}; {error.method}"
    base: dict[str, Any] = {"method": method, "n_used": error.n_used, "n_missing": error.n_missing}
    if error.value is None:
        return Estimate.absent(error.status, error.reason, **base)
    low, high = (None if limit is None else limit * factor for limit in (error.low, error.high))
    return Estimate(error.value * factor, low, high, error.level, reason=error.reason, **base)


@statistic(
    family="retest", symbol="LoA", data="units", returns="frame", min_n=3,
    invariant_to={"row_order"}, source="doi:10.1016/S0140-6736(86)90837-8",
)  # fmt: skip
def limits_of_agreement(
    ratings: ArrayLike | pd.DataFrame,
    *,
    share: float = 0.95,
    missing: Missing = "raise",
    ci_level: float = 0.95,
) -> pd.DataFrame:
    r"""Compute Bland and Altman's limits of agreement, with an interval for each limit.

    .. math:: \bar d \mp z\, s_d, \qquad d = second - first, \quad z = z_{(1 + share)/2} = 1.96

    Exact limits of :math:`\bar d + z s_d` are :math:`\bar d + s_d\, t'_{\gamma, n-1}(z \sqrt n) / \sqrt n` with
    quantiles of the noncentral t distribution.

    Parameters
    ----------
    ratings : array_like or DataFrame, shape (n_persons, 2)
        First and second measurement.
    share : float, default .95
        Share of differences between the limits.
    missing : {"raise", "listwise"}, default "raise"
        Rule for missing cells.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    DataFrame
        Rows `bias` (Student's t), `lower_limit`, `upper_limit`, and `slope_on_mean`: the regression of the
        difference on the pair's mean; away from 0, one pair of limits does not fit all persons. ``too_few`` under
        three persons. Without any difference the limits have no interval.

    Raises
    ------
    StatisticError
        For other than two columns, missing cells, text.

    Notes
    -----
    Supposes normal differences with the same spread everywhere; scores near the end of a scale cannot spread both
    ways. The limits are uncertain: with 30 persons by a third of a standard deviation either way.

    References
    ----------
    Bland, J. M., & Altman, D. G. (1986). Statistical methods for assessing agreement between two methods of
    clinical measurement. *Lancet, 327*, 307-310. https://doi.org/10.1016/S0140-6736(86)90837-8
    Carkeet, A. (2015). Exact parametric confidence intervals for Bland-Altman limits of agreement. *Optometry and
    Vision Science, 92*, e71-e80. https://doi.org/10.1097/OPX.0000000000000513

    Examples
    --------
    Peak flow by two meters in 17 persons (Bland & Altman, 1986), mean difference -2.1, limits -79.7 and 75.5 with
    2 for 1.96; here with 1.96:

    >>> from ktss_analysis.psychometrics.retest import limits_of_agreement
    >>> wright = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    >>> mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
    >>> table = limits_of_agreement(list(zip(mini, wright))).set_index("statistic")["estimate"]
    >>> [round(float(number), 1) for number in table[["bias", "lower_limit", "upper_limit"]]]
    [-2.1, -78.1, 73.9]
    """
    if not 0 < share < 1:
        raise StatisticError(f"share={share!r}; allowed: between 0 and 1")
    level = check_level(ci_level)
    rows = ("bias", "lower_limit", "upper_limit", "slope_on_mean")
    table, n_missing, problem = _complete(ratings, missing, "limits of agreement", least=3)
    if table.shape[1] > 2:
        raise StatisticError(f"ratings: {table.shape[1]} columns; allowed: two measurements")
    if problem is not None:
        return estimates_frame(dict.fromkeys(rows, problem), "limits_of_agreement")
    n, difference = len(table), table[:, 1] - table[:, 0]
    bias, sd, z = float(difference.mean()), float(difference.std(ddof=1)), float(special.ndtri((1 + share) / 2))
    base: dict[str, Any] = {"n_used": n, "n_missing": n_missing}
    reach = float(special.stdtrit(n - 1, (1 + level) / 2)) * sd / np.sqrt(n)
    found = {
        "bias": Estimate(bias, bias - reach, bias + reach, level, "mean difference; Student t interval", **base),
        "slope_on_mean": _slope(table.mean(axis=1), difference, level, base),
    }
    below, above = _limit_factors(n, z, level)
    for name, sign in (("lower_limit", -1), ("upper_limit", 1)):
        method = f"mean difference {'-+'[sign > 0]} {z:.4g} sd; exact interval"
        if sd == 0:
            found[name] = Estimate(bias, method="all differences are equal; no interval", **base)
            continue
        ends = sorted((bias + sign * below * sd, bias + sign * above * sd))
        found[name] = Estimate(bias + sign * z * sd, ends[0], ends[1], level, method, **base)
    return estimates_frame({name: found[name] for name in rows}, "limits_of_agreement")


def _limit_factors(n: int, z: float, level: float) -> tuple[float, float]:
    """Return how many standard deviations the inner and the outer end of a limit's interval are from the mean."""
    ends = special.nctdtrit(n - 1, z * np.sqrt(n), [(1 - level) / 2, (1 + level) / 2]) / np.sqrt(n)
    return float(ends[0]), float(ends[1])


def _slope(means: FloatArray, difference: FloatArray, level: float, base: dict[str, Any]) -> Estimate:
    method = "slope of the difference on the mean of the pair; Student t interval"
    centred = means - means.mean()
    spread = float(centred @ centred)
    if spread <= 1e-12 * max(1.0, float(means @ means)):
        return Estimate.absent("undefined", "the persons do not differ", method=method, **base)
    slope = float(centred @ difference) / spread
    residual = difference - difference.mean() - slope * centred
    error = np.sqrt(residual @ residual / (len(means) - 2) / spread)
    reach = float(special.stdtrit(len(means) - 2, (1 + level) / 2) * error)
    return Estimate(slope, slope - reach, slope + reach, level, method, **base)


@statistic(
    family="retest", symbol="ICC, SEM, SDC, LoA", data="units", returns="frame", min_n=3,
    invariant_to={"row_order"}, source="doi:10.1016/j.jclinepi.2005.10.015",
)  # fmt: skip
def retest_summary(
    ratings: ArrayLike | pd.DataFrame, *, missing: Literal["raise", "listwise"] = "raise", ci_level: float = 0.95
) -> pd.DataFrame:
    """Compute all that a retest says: reliability, error in points, and systematic change.

    Definition: the numbers of `icc`, `retest_error`, `smallest_detectable_change` and `limits_of_agreement` for the
    same persons, side by side, with the product-moment correlation for comparison.

    Parameters
    ----------
    ratings : array_like or DataFrame, shape (n_persons, 2)
        Scores on the first and the second occasion.
    missing : {"raise", "listwise"}, default "raise"
        Rule for missing cells: who came once only is refused, or left out and counted.
    ci_level : float, default .95
        Confidence level.

    Returns
    -------
    DataFrame
        One row per `statistic`: `icc_agreement` (A-1), `icc_consistency` (C-1), `correlation` (Pearson, Fisher's
        interval), `retest_error`, `retest_error_consistency`, `smallest_detectable_change`, and the rows of
        `limits_of_agreement`.

    Raises
    ------
    StatisticError
        For other than two columns, missing cells, text.

    Notes
    -----
    The correlation is there to be compared with, not to be reported instead: it does not see that everybody's
    score moved.

    References
    ----------
    de Vet, H. C. W., et al. (2006). https://doi.org/10.1016/j.jclinepi.2005.10.015 Koo, T. K., & Li, M. Y. (2016).
    https://doi.org/10.1016/j.jcm.2016.02.012

    Examples
    --------
    Peak flow measured twice with the same meter in 17 persons; Bland and Altman (1986) take the mean difference for
    zero and find 21.6 for the standard deviation of the differences, which is 15.3 for a single measurement:

    >>> from ktss_analysis.psychometrics.retest import retest_summary
    >>> first = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    >>> second = [490, 397, 512, 401, 470, 611, 415, 431, 638, 429, 420, 633, 275, 492, 165, 372, 421]
    >>> table = retest_summary(list(zip(first, second))).set_index("statistic")["estimate"]
    >>> round(float(table["retest_error"]), 1), round(float(table["icc_agreement"]), 3)
    (15.4, 0.983)
    """
    table, n_missing, problem = _complete(ratings, missing, "retest", least=3)
    if table.shape[1] > 2:
        raise StatisticError(f"ratings: {table.shape[1]} columns; allowed: two occasions")
    limits = limits_of_agreement(ratings, missing=missing, ci_level=ci_level)
    names = ("icc_agreement", "icc_consistency", "correlation", "retest_error", "retest_error_consistency",
             "smallest_detectable_change")  # fmt: skip
    if problem is not None:
        return pd.concat([estimates_frame(dict.fromkeys(names, problem), "retest_summary"), limits], ignore_index=True)
    options: dict[str, Any] = {"missing": missing, "ci_level": ci_level}
    found = [
        icc(ratings, model="A-1", **options), icc(ratings, model="C-1", **options),
        _correlation(table, n_missing, ci_level), retest_error(ratings, **options),
        retest_error(ratings, kind="consistency", **options), smallest_detectable_change(ratings, **options),
    ]  # fmt: skip
    head = estimates_frame(dict(zip(names, found, strict=True)), "retest_summary")
    return pd.concat([head, limits], ignore_index=True)


def _correlation(table: FloatArray, n_missing: int, level: float) -> Estimate:
    centred = table - table.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    method = "Pearson correlation"
    if (spread <= 1e-9 * np.maximum(1.0, np.abs(table).max(axis=0))).any():
        reason = "the scores of one occasion are all equal"
        return Estimate.absent("undefined", reason, method=method, n_used=len(table), n_missing=n_missing)
    value = float(np.clip(centred[:, 0] @ centred[:, 1] / spread.prod(), -1, 1))
    found = fisher_interval(value, len(table), ci_level=level)
    return Estimate(value, found.low, found.high, found.level, f"{method}; {found.method}", len(table), n_missing)
