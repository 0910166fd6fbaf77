"""Missing answers: which patterns occur, moments by maximum likelihood, and a test of missing completely at random.

Everything rests on `PatternTotals`: count, means and cross-products of each pattern of missing answers. They are
sufficient for the multivariate normal model and additive over chunks of persons, so data of any length are read
once, in pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError, Status
from .checks import FloatArray
from .frames import tidy
from .pattern_totals import PatternTotals, pattern_totals
from .registry import statistic

_BLOCK = 4_000_000  # cells of stacked matrices handled at once
_SINGULAR = "the covariance matrix is singular: items depend on each other, or too few persons answered them together"
_LITTLE = "doi:10.1080/01621459.1988.10478722"


@statistic(
    family="missing data", symbol="patterns", data="items", returns="frame", bounds=(0, 1), min_n=1,
    invariant_to={"row_order", "affine"}, source="doi:10.1002/9781119482260",
)  # fmt: skip
def missing_patterns(items: ArrayLike | pd.DataFrame) -> pd.DataFrame:
    """Count which items are missing together.

    Definition: two persons have one pattern when the same items are missing; `estimate` is the share of persons
    with it, all persons counted.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items)
        Answers; missing cells are what it looks at.

    Returns
    -------
    DataFrame
        One row per pattern, the most frequent first: `pattern` (1 answered, 0 missing, in the order of the
        items), `missing_items` joined by ``|``, `n_persons`, `n_answered` (items), `estimate`, `n_used` (all
        persons). ``too_few`` in one row without an answer.

    Raises
    ------
    StatisticError
        For text or an infinite value.

    Notes
    -----
    Tells what is missing, not why. A pattern with few persons can identify them: it is not published below
    the smallest cell. For a test of the pattern see `little_mcar`.

    References
    ----------
    Little, R. J. A., & Rubin, D. B. (2019). *Statistical analysis with missing data* (3rd ed., chapter 1).
    Wiley. https://doi.org/10.1002/9781119482260

    Examples
    --------
    >>> from ktss_analysis.psychometrics.missing_data import missing_patterns
    >>> nan = float("nan")
    >>> table = missing_patterns([[1, 2, 3], [2, nan, 3], [3, nan, 1], [1, 1, 1], [2, 2, 2]])
    >>> table[["pattern", "missing_items", "n_persons", "estimate"]].values.tolist()
    [['111', '', 3, 0.6], ['101', 'V2', 2, 0.4]]
    """
    totals = pattern_totals(items)
    names = np.array(totals.names, dtype=object)
    answered, counts = totals.answered, totals.counts
    if totals.n_empty:
        answered = np.vstack([answered, np.zeros((1, len(names)), dtype=bool)])
        counts = np.r_[counts, totals.n_empty]
    n_persons = int(counts.sum())
    if not totals.n_used:
        reason = "nobody answered any item" if n_persons else "there is no person"
        few = {"status": ["too_few"], "reason": [reason], "estimate": [np.nan], "n_used": [0]}
        return tidy({"pattern": [""], "missing_items": [""], "n_persons": [n_persons], **few}, "missing_patterns")
    text = ["".join("01"[one] for one in row) for row in answered.astype(int).tolist()]
    order = np.lexsort((np.array(text), -counts))
    n = len(order)
    return tidy(
        {
            "pattern": [text[index] for index in order],
            "missing_items": ["|".join(names[~answered[index]]) for index in order],
            "n_persons": counts[order], "n_answered": answered[order].sum(axis=1),
            "estimate": counts[order] / n_persons, "method": ["share of persons with the pattern"] * n,
            "n_used": [n_persons] * n, "status": ["ok"] * n, "reason": [""] * n,
        },
        "missing_patterns",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class EmMoments:
    """Means and covariances by maximum likelihood from incomplete answers.

    Parameters
    ----------
    items : DataFrame
        One row per item: `item_id`, `mean`, `sd` (divisor n, as maximum likelihood has it), `n_used`,
        `n_missing`.
    covariances : DataFrame
        One row per ordered pair, an item with itself included: `item_id`, `other_item_id`, `estimate`.
    log_likelihood : float or None
        Of the answers present, at the maximum.
    iterations : int
        Steps of the algorithm.
    converged : bool
        The last step changed no standardised moment by more than the tolerance.
    n_patterns, n_used, n_missing : int
        Patterns of missing answers, persons with an answer, persons without any.
    status, reason : str
        As in `Estimate`; when not ``ok`` the tables are empty.
    """

    items: pd.DataFrame
    covariances: pd.DataFrame
    log_likelihood: float | None
    iterations: int
    converged: bool
    n_patterns: int
    n_used: int
    n_missing: int
    status: str = "ok"
    reason: str = ""

    @property
    def mean(self) -> FloatArray:
        """Means in the order of the items, shape (n_items,)."""
        return self.items["mean"].to_numpy(dtype=float)

    @property
    def covariance(self) -> FloatArray:
        """Covariance matrix in the order of the items, shape (n_items, n_items)."""
        return self.covariances["estimate"].to_numpy(dtype=float).reshape(len(self.items), len(self.items))


class _Fit(NamedTuple):
    mean: FloatArray
    covariance: FloatArray
    log_likelihood: float
    iterations: int
    converged: bool


@statistic(
    family="missing data", symbol="mu, Sigma", data="items", returns="other", min_n=2,
    invariant_to={"row_order", "column_order"}, source="doi:10.1111/j.2517-6161.1977.tb01600.x",
)  # fmt: skip
def em_moments(
    items: ArrayLike | pd.DataFrame | PatternTotals, *, tolerance: float = 1e-9, max_iterations: int = 5000
) -> EmMoments:
    r"""Estimate means and covariances by maximum likelihood from incomplete answers (EM algorithm).

    Each step puts for a person's missing answers m their expectation given the answers present o,

    .. math:: E(y_m \mid y_o) = \mu_m + \Sigma_{mo} \Sigma_{oo}^{-1} (y_o - \mu_o),

    adds their conditional covariance :math:`\Sigma_{mm} - \Sigma_{mo} \Sigma_{oo}^{-1} \Sigma_{om}`, and takes the
    means and covariances (divisor n) of the completed answers, until they stay the same.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items), or PatternTotals
        Answers with missing cells; or the totals of `pattern_totals`, added up over chunks.
    tolerance : float, default 1e-9
        Largest change of any mean or covariance of the standardised items in the last step.
    max_iterations : int, default 5000
        Steps after which it stops with `converged` false.

    Returns
    -------
    EmMoments
        Tables, log-likelihood, steps, `converged`. Persons without any answer are left out and counted.
        ``too_few`` when there are not more persons than items, or an item has fewer than two answers;
        ``undefined`` for a constant item, two items that nobody answered together, or a singular matrix.

    Raises
    ------
    StatisticError
        For text, infinite values, or a tolerance that is not above 0.

    Notes
    -----
    Right when answers are missing at random (given the answers present) and the items are multivariate normal;
    means and covariances stay consistent for other distributions if missingness is completely at random. It
    fills in no answers: do not take it for imputation. Its cost grows with the number of patterns, not of
    persons; with many items almost every person has a pattern of one's own: take one scale at a time.
    Standard errors are not given: the number of persons that the moments are worth lies below `n_used`.

    References
    ----------
    Dempster, A. P., Laird, N. M., & Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM
    algorithm. *Journal of the Royal Statistical Society B, 39*, 1-38.
    https://doi.org/10.1111/j.2517-6161.1977.tb01600.x

    Examples
    --------
    One answer is missing; the regression of the complete pairs gives its share of the mean:

    >>> from ktss_analysis.psychometrics.missing_data import em_moments
    >>> result = em_moments([[1, 2], [2, 3], [3, 5], [4, 6], [5, float("nan")]])
    >>> result.mean.round(4).tolist(), result.converged
    ([3.0, 4.7], True)
    """
    if not tolerance > 0:
        raise StatisticError(f"tolerance={tolerance!r}; allowed: above 0")
    totals = items if isinstance(items, PatternTotals) else pattern_totals(items)
    problem = _obstacle(totals)
    fit = _maximise(totals, tolerance, max_iterations) if problem is None else None
    if fit is None:
        empty = tidy({"item_id": [], "mean": [], "sd": [], "n_used": [], "n_missing": []}, "em_moments")
        pairs = tidy({"item_id": [], "other_item_id": [], "estimate": []}, "em_moments")
        n_patterns = len(totals.counts)
        status, reason = problem or ("undefined", _SINGULAR)
        return EmMoments(empty, pairs, None, 0, False, n_patterns, totals.n_used, totals.n_empty, status, reason)
    n_item = totals.counts @ totals.answered
    names, k = list(totals.names), len(totals.names)
    table = tidy(
        {
            "item_id": names, "mean": fit.mean, "sd": np.sqrt(np.diagonal(fit.covariance)), "n_used": n_item,
            "n_missing": totals.n_used + totals.n_empty - n_item,
        },
        "em_moments",
    )  # fmt: skip
    pairs = tidy(
        {"item_id": np.repeat(names, k), "other_item_id": names * k, "estimate": fit.covariance.ravel()}, "em_moments"
    )
    return EmMoments(
        table,
        pairs,
        fit.log_likelihood,
        fit.iterations,
        fit.converged,
        len(totals.counts),
        totals.n_used,
        totals.n_empty,
    )


def _obstacle(totals: PatternTotals) -> tuple[Status, str] | None:
    """Return why no moments can be given, or None if they can."""
    names, k = totals.names, len(totals.names)
    if not k:
        return "undefined", "there is no item"
    together = (totals.answered * totals.counts[:, None]).T @ totals.answered.astype(float)
    each = np.diagonal(together)
    if totals.n_used <= k or each.min() < 2:
        thin = int(np.argmin(each))
        if each[thin] < 2 <= totals.n_used:
            return "too_few", f"item {names[thin]!r}: {each[thin]:.0f} answer(s); needs 2"
        return "too_few", f"{totals.n_used} person(s) with an answer; needs more than the {k} items"
    if together.min() < 2:
        first, second = np.argwhere(together < 2)[0]
        return "undefined", (
            f"items {names[first]!r} and {names[second]!r}: answered together by {together[first, second]:.0f}"
        )
    spread = _spread(totals)
    if (spread <= 0).any():
        return "undefined", f"item {names[int(np.argmax(spread <= 0))]!r}: everybody gave the same answer"
    return None


def _spread(totals: PatternTotals) -> FloatArray:
    """Return the variance of the answers present to each item, exactly 0 for a constant item."""
    n = totals.counts @ totals.answered
    mean = (totals.counts @ totals.means) / n
    between = np.where(totals.answered, totals.means - mean, 0.0) ** 2
    within = np.einsum("pii->i", totals.products)
    variance = (within + totals.counts @ between) / n
    return np.where(variance > 1e-20 * (1 + mean**2), variance, 0.0)


def _maximise(totals: PatternTotals, tolerance: float, max_iterations: int) -> _Fit | None:
    """Return the fit in the items' own metric, or None where the covariance matrix becomes singular."""
    n_item = totals.counts @ totals.answered
    centre, scale = (totals.counts @ totals.means) / n_item, np.sqrt(_spread(totals))
    means = np.where(totals.answered, (totals.means - centre) / scale, 0.0)
    products = totals.products / np.outer(scale, scale)
    mean, covariance = np.zeros(len(scale)), np.eye(len(scale))
    iterations, converged = 0, False
    while iterations < max_iterations and not converged:
        iterations += 1
        try:
            new_mean, new_covariance, _ = _step(totals, means, products, mean, covariance)
        except np.linalg.LinAlgError:
            return None
        change = max(np.abs(new_mean - mean).max(), np.abs(new_covariance - covariance).max())
        mean, covariance = new_mean, new_covariance
        if np.linalg.eigvalsh(covariance)[0] < 1e-10:
            return None
        converged = bool(change < tolerance) or len(totals.counts) == 1
    log_likelihood = _step(totals, means, products, mean, covariance)[2] - float(n_item @ np.log(scale))
    return _Fit(centre + scale * mean, covariance * np.outer(scale, scale), log_likelihood, iterations, converged)


def _step(
    totals: PatternTotals, means: FloatArray, products: FloatArray, mean: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Return mean and covariance after one step of EM, and the log-likelihood before it.

    All patterns are handled at once: an unanswered item is an identity row in the matrix to be inverted.
    """
    k, n = len(mean), totals.n_used
    shift, second, log_likelihood = np.zeros(k), np.zeros((k, k)), 0.0
    block = max(1, _BLOCK // (k * k))
    for start in range(0, len(totals.counts), block):
        part = slice(start, start + block)
        seen, counts = totals.answered[part].astype(float), totals.counts[part].astype(float)
        inverse, log_determinant = _inverses(covariance, seen)
        complete = covariance @ inverse  # answered items as they are, the others by regression
        apart = np.where(totals.answered[part], means[part] - mean, 0.0)
        shift += np.einsum("p,pij,pj->i", counts, complete, apart)
        observed = products[part] + counts[:, None, None] * apart[:, :, None] * apart[:, None, :]
        second += (complete @ observed @ complete.transpose(0, 2, 1)).sum(axis=0)
        second += counts.sum() * covariance - (counts[:, None, None] * (complete @ covariance)).sum(axis=0)
        log_likelihood -= 0.5 * float(
            counts @ (log_determinant + seen.sum(axis=1) * np.log(2 * np.pi)) + (inverse * observed).sum()
        )
    shift /= n
    new = second / n - np.outer(shift, shift)
    return mean + shift, (new + new.T) / 2, log_likelihood


def _inverses(covariance: FloatArray, seen: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return, per pattern, the inverse of the answered items' covariances (0 elsewhere) and the log determinant."""
    both = seen[:, :, None] * seen[:, None, :]
    padded = covariance * both
    diagonal = np.arange(len(covariance))
    padded[:, diagonal, diagonal] += 1 - seen
    return np.linalg.inv(padded) * both, np.linalg.slogdet(padded)[1]


@dataclass(frozen=True, slots=True)
class LittleMcar:
    """Little's test of missing completely at random.

    Parameters
    ----------
    estimate : Estimate
        Chi-square; no interval.
    df : int or None
        Degrees of freedom: answered items summed over patterns, minus items.
    p_value : float or None
        Probability of a chi-square as large if answers are missing completely at random.
    n_patterns : int
        Patterns of missing answers.
    iterations : int
        Steps of the EM algorithm.
    """

    estimate: Estimate
    df: int | None = None
    p_value: float | None = None
    n_patterns: int = 0
    iterations: int = 0


@statistic(
    family="missing data", symbol="chi2", data="items", returns="other", bounds=(0, None), min_n=3,
    invariant_to={"row_order", "column_order", "affine"}, source=_LITTLE,
)  # fmt: skip
def little_mcar(
    items: ArrayLike | pd.DataFrame | PatternTotals, *, tolerance: float = 1e-9, max_iterations: int = 5000
) -> LittleMcar:
    r"""Test whether answers are missing completely at random (Little's chi-square).

    .. math:: d^2 = \sum_p n_p (\bar y_p - \hat\mu_p)^\top \hat\Sigma_p^{-1} (\bar y_p - \hat\mu_p), \qquad
              df = \sum_p k_p - k

    over the patterns p with :math:`n_p` persons and :math:`k_p` answered items of k; :math:`\hat\mu_p` and
    :math:`\hat\Sigma_p` are the maximum-likelihood moments (`em_moments`, divisor n) of those items.

    Parameters
    ----------
    items : array_like or DataFrame, shape (n_persons, n_items), or PatternTotals
        Answers with missing cells; or the totals of `pattern_totals`, added up over chunks.
    tolerance, max_iterations : float, int
        As in `em_moments`.

    Returns
    -------
    LittleMcar
        `estimate` (chi-square), `df`, `p_value`, `n_patterns`. ``undefined`` when there is one pattern only
        (nothing to compare), or the moments are not there or did not converge; ``too_few`` as in `em_moments`.

    Raises
    ------
    StatisticError
        For text, infinite values, or a tolerance that is not above 0.

    Notes
    -----
    A small p-value speaks against "completely at random"; a large one does not show it, least of all with
    thirty persons. It cannot see answers that are missing because of their own value. Assumes normal items and
    equal covariances in all patterns. Some programs multiply the covariances by n / (n - 1), which makes the
    chi-square smaller by that factor.

    References
    ----------
    Little, R. J. A. (1988). A test of missing completely at random for multivariate data with missing values.
    *Journal of the American Statistical Association, 83*, 1198-1202.
    https://doi.org/10.1080/01621459.1988.10478722

    Examples
    --------
    >>> from ktss_analysis.psychometrics.missing_data import little_mcar
    >>> nan = float("nan")
    >>> rows = [[1, 2], [2, 3], [3, 5], [4, 6], [5, nan], [6, nan], [2, 2], [3, 4]]
    >>> test = little_mcar(rows)
    >>> round(test.estimate.value, 3), test.df
    (5.538, 1)
    """
    totals = items if isinstance(items, PatternTotals) else pattern_totals(items)
    method = "Little's chi-square, moments by maximum likelihood (EM)"
    moments = em_moments(totals, tolerance=tolerance, max_iterations=max_iterations)
    n_patterns = len(totals.counts)
    status: Status = "too_few" if moments.status == "too_few" else "undefined"
    reason = moments.reason
    if not reason and n_patterns < 2:
        reason = "no answer is missing, or the same items are missing for everybody"
    if not reason and not moments.converged:
        reason = f"the EM algorithm did not converge in {max_iterations} steps"
    if reason:
        none = Estimate.absent(status, reason, method=method, n_used=totals.n_used, n_missing=totals.n_empty)
        return LittleMcar(none, None, None, n_patterns)
    inverse, _ = _inverses(moments.covariance, totals.answered.astype(float))
    apart = np.where(totals.answered, totals.means - moments.mean, 0.0)
    value = float(np.einsum("p,pi,pij,pj->", totals.counts.astype(float), apart, inverse, apart))
    df = int(totals.answered.sum()) - len(totals.names)
    estimate = Estimate(max(value, 0.0), method=method, n_used=totals.n_used, n_missing=totals.n_empty)
    return LittleMcar(estimate, df, float(special.chdtrc(df, value)), n_patterns, moments.iterations)
