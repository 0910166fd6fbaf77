"""The Plackett-Luce model: worths of targets from complete, partial or top rankings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..core import StatisticError
from .checks import FloatArray, as_matrix, check_choice, check_level
from .content import target_frame, too_few
from .draws import bootstrap_weights, canonical_rows, percentile_limits
from .ranking import MIN_PERSONS, tiers_from_replicates
from .registry import statistic

_CELLS = 2_000_000  # cells of stacked matrices handled at once
_STEPS = 60
_LARGEST = 25.0  # a log worth beyond this runs off to infinity


@dataclass(frozen=True, slots=True)
class _Stages:
    """Each ranking as a row of choices: which target was taken from which that were left.

    Parameters
    ----------
    left : ndarray, shape (n_stages, n_targets)
        1 where the target was still to be had.
    taken : ndarray of int, shape (n_stages,)
        Target taken.
    person : ndarray of int, shape (n_stages,)
        Row of the person.
    n_persons : int
        Persons with at least one choice among two targets.
    """

    left: FloatArray
    taken: NDArray[np.intp]
    person: NDArray[np.intp]
    n_persons: int


@dataclass(frozen=True, slots=True)
class PlackettLuceFit:
    """Worths of targets by maximum (penalised) likelihood.

    Parameters
    ----------
    targets : DataFrame
        One row per target in falling order: `estimate` is the log worth (mean zero), limits, `worth` (share of
        all worth), `quasi_std_error`, `tier`, `below_leader`, `n_used` persons who compared it with another.
    log_likelihood : float or None
        Of the rankings at the estimates, penalty not counted.
    penalty : float
        Weight of the pseudo-comparisons; 0 for maximum likelihood.
    converged : bool
        The last step changed no log worth by more than 1e-10.
    n_used, n_missing : int
        Persons who ranked two targets or more, and the others.
    status, reason : str
        As in `Estimate`.
    """

    targets: pd.DataFrame
    log_likelihood: float | None
    penalty: float
    converged: bool
    n_used: int
    n_missing: int
    status: str = "ok"
    reason: str = ""


@statistic(
    family="ranking", symbol="log worth", data="ratings", returns="other", min_n=MIN_PERSONS,
    invariant_to={"row_order", "column_order"}, source="doi:10.2307/2346567",
)  # fmt: skip
def plackett_luce(
    ranks: ArrayLike | pd.DataFrame,
    *,
    unranked: Literal["not_shown", "below"] = "not_shown",
    penalty: float = 0.0,
    certainty: float = 0.95,
    ci_level: float = 0.95,
    n_boot: int = 500,
    seed: int = 1,
) -> PlackettLuceFit:
    r"""Estimate the worths of targets from rankings (Plackett-Luce model).

    .. math:: P(j_1 \succ j_2 \succ \dots) = \prod_r \frac{e^{\theta_{j_r}}}{\sum_{l \in R_r} e^{\theta_l}},
              \qquad \text{penalty: } \lambda \sum_j \bigl(\theta_j - 2 \ln(1 + e^{\theta_j})\bigr)

    :math:`R_r` are the targets left when the r-th is taken, :math:`\theta` the log worths. The penalty adds, for
    each target, :math:`\lambda` wins and :math:`\lambda` losses against an imagined target of log worth zero.

    Parameters
    ----------
    ranks : DataFrame or array, shape (n_persons, n_targets)
        1 is the best; any numbers in the right order will do. What a missing rank means stands in `unranked`.
    unranked : {"not_shown", "below"}, default "not_shown"
        What a missing rank means: the person did not see the target; or it stands below all ranked ones, as in
        a list of the best three.
    penalty : float, default 0
        Weight :math:`\lambda`; 0 is maximum likelihood. With .5 worths are finite for any rankings.
    certainty : float, default .95
        As in `ranking_tiers`.
    ci_level : float, default .95
        Level of the percentile interval.
    n_boot, seed : int
        Resamples of persons, and seed.

    Returns
    -------
    PlackettLuceFit
        `targets`, log-likelihood, penalty, convergence. ``too_few`` under five persons, and for a target that
        fewer than five compared with another; ``undefined`` under two targets, and, without a penalty, where
        some targets always come before all others: then no finite worths exist. Limits and tiers are missing
        when more than 5 % of the resamples have no finite worths.

    Raises
    ------
    StatisticError
        For tied ranks within a person (the model has none), a negative penalty, text or an infinite value.

    Notes
    -----
    Assumes that what a person prefers among some targets does not depend on which others are there. The
    intervals resample persons and do not need the model to hold; the quasi standard errors (two targets differ
    with variance :math:`q_i^2 + q_j^2`, nearly) do. Compare targets by those, not by whether single intervals
    overlap. A penalty pulls worths together: name it beside the numbers.

    References
    ----------
    Plackett, R. L. (1975). The analysis of permutations. *Applied Statistics, 24*, 193-202.
    https://doi.org/10.2307/2346567
    Hunter, D. R. (2004). MM algorithms for generalized Bradley-Terry models. *Annals of Statistics, 32*,
    384-406. https://doi.org/10.1214/aos/1079120141 (existence of finite worths)
    Firth, D., & de Menezes, R. X. (2004). Quasi-variances. *Biometrika, 91*, 65-80.
    https://doi.org/10.1093/biomet/91.1.65
    Turner, H. L., et al. (2020). Modelling rankings in R: the PlackettLuce package. *Computational Statistics,
    35*, 1027-1057. https://doi.org/10.1007/s00180-020-00959-3 (pseudo-rankings)

    Examples
    --------
    Two targets: the log worths differ by the log odds of the votes, ln(9 / 3):

    >>> from ktss_analysis.psychometrics.plackett_luce import plackett_luce
    >>> fit = plackett_luce([[1, 2]] * 9 + [[2, 1]] * 3, n_boot=100)
    >>> worth = fit.targets["estimate"]
    >>> round(float(worth[0] - worth[1]), 6)
    1.098612
    """
    level = check_level(ci_level)
    check_choice(unranked, ("not_shown", "below"), "unranked")
    if not 0 <= penalty < np.inf:
        raise StatisticError(f"penalty={penalty!r}; allowed: a number from 0")
    if n_boot < 1:
        raise StatisticError(f"n_boot={n_boot!r}; allowed: 1 or more")
    matrix, names = as_matrix(ranks, "ranks")
    _refuse_ties(matrix)
    matrix = matrix[canonical_rows(np.nan_to_num(matrix, nan=np.inf), names)]
    stages = _stages(matrix, below=unranked == "below")
    compared = np.zeros(matrix.shape)
    np.maximum.at(compared, stages.person, stages.left)
    n_compared = compared.sum(axis=0).astype(int)
    problem = _obstacle(stages, names, n_compared > 0, penalty)
    if problem is not None:
        return _without_worths(names, n_compared, len(matrix), stages.n_persons, penalty, problem)
    worths, converged = _maximise(stages, np.ones((1, len(matrix))), np.zeros(len(names)), penalty)
    theta = worths[0]
    replicates = _replicates(stages, len(matrix), theta, penalty, n_boot, seed)
    low, high, replicates = _limits(replicates, theta, level, n_compared)
    table = _table(names, theta, (low, high, level), replicates, certainty, n_compared, len(matrix))
    table["quasi_std_error"] = pd.array(
        _quasi_errors(stages, theta, penalty)[[names.index(name) for name in table["target_id"]]], dtype="Float64"
    )
    ci_method = f"percentile, {n_boot} resamples of persons"
    table["ci_method"] = pd.array([ci_method] * len(table), dtype="string")
    table["method"] = pd.array([_method(penalty, unranked)] * len(table), dtype="string")
    log_likelihood = float(_log_likelihood(stages, theta))
    return PlackettLuceFit(
        table, log_likelihood, float(penalty), bool(converged[0]), stages.n_persons, len(matrix) - stages.n_persons
    )


def _method(penalty: float, unranked: str) -> str:
    how = "maximum likelihood" if penalty == 0 else f"penalised likelihood, {penalty:g} pseudo-wins and losses each"
    meaning = "unranked targets not shown" if unranked == "not_shown" else "unranked targets below the ranked"
    return f"log worth of the Plackett-Luce model, mean zero; {how}; {meaning}"


def _refuse_ties(matrix: FloatArray) -> None:
    ordered = np.sort(matrix, axis=1)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1) if matrix.shape[1] > 1 else np.zeros(len(matrix), bool)
    if tied.any():
        row = int(np.argmax(tied))
        raise StatisticError(f"ranks: row {row + 1} gives two targets one rank; the model has no ties")


def _stages(matrix: FloatArray, *, below: bool) -> _Stages:
    """Return the choices of each person; a choice from one target alone says nothing and is left out."""
    k = matrix.shape[1]
    n_ranked = (~np.isnan(matrix)).sum(axis=1)
    order = np.argsort(matrix, axis=1)  # missing ranks come last
    position = np.argsort(order, axis=1)
    n_left = np.where(n_ranked > 0, k if below else n_ranked, 0)
    rounds = np.arange(k)
    valid = (rounds < n_ranked[:, None]) & (n_left[:, None] - rounds > 1)
    person, number = np.nonzero(valid)
    left = (position[person] >= number[:, None]) & (position[person] < n_left[person][:, None])
    taken = order[person, number] if len(person) else np.zeros(0, dtype=np.intp)
    return _Stages(left.astype(float), taken, person, len(np.unique(person)))


def _obstacle(stages: _Stages, names: list[str], seen: NDArray[np.bool_], penalty: float) -> tuple[str, str] | None:
    """Return why there are no finite worths, or None if there are."""
    if len(names) < 2:
        return "undefined", f"{len(names)} target(s); needs 2"
    if stages.n_persons < MIN_PERSONS:
        return "too_few", f"{stages.n_persons} person(s) ranked two targets or more; needs {MIN_PERSONS}"
    if not seen.all() and penalty == 0:
        return "undefined", f"nobody compared target {names[int(np.argmin(seen))]!r} with another"
    first = _always_first(stages)
    if penalty == 0 and first.any():
        group = ", ".join(repr(name) for name, leads in zip(names, first, strict=True) if leads)
        return "undefined", f"{group}: never below any other target, so there are no finite worths; choose a penalty"
    return None


def _always_first(stages: _Stages) -> NDArray[np.bool_]:
    """Return the targets of a group that no other target ever beats; none where all are connected."""
    k = stages.left.shape[1]
    beats = np.zeros((k, k))
    np.add.at(beats, stages.taken, stages.left)
    reach = (beats > 0) | np.eye(k, dtype=bool)
    for _ in range(max(1, int(np.ceil(np.log2(k))))):
        reach = reach.astype(float) @ reach.astype(float) > 0
    if reach.all():
        return np.zeros(k, dtype=bool)
    group = reach & reach.T
    for target in range(k):
        if not (reach[:, target] & ~group[target]).any():
            return np.asarray(group[target])
    raise AssertionError("a finite order has a first element")


def _shares(stages: _Stages, theta: FloatArray) -> FloatArray:
    """Return the model's probability of each target at each stage, shape (n_replicates, n_stages, n_targets)."""
    power = np.exp(theta - theta.max(axis=-1, keepdims=True))[:, None, :] * stages.left
    return np.asarray(power / power.sum(axis=-1, keepdims=True))


def _log_likelihood(stages: _Stages, theta: FloatArray) -> float:
    shares = _shares(stages, theta[None])[0]
    return float(np.log(shares[np.arange(len(stages.taken)), stages.taken]).sum())


def _derivatives(
    stages: _Stages, weights: FloatArray, theta: FloatArray, penalty: float
) -> tuple[FloatArray, FloatArray]:
    """Return score and information of each replicate; `weights` are per stage, shape (n_replicates, n_stages)."""
    shares = _shares(stages, theta)
    k = theta.shape[1]
    taken = np.zeros((len(stages.taken), k))
    taken[np.arange(len(taken)), stages.taken] = 1
    weighted = weights[:, :, None] * shares
    expected = weighted.sum(axis=1)
    information = -weighted.transpose(0, 2, 1) @ shares
    diagonal = np.arange(k)
    information[:, diagonal, diagonal] += expected
    score = weights @ taken - expected
    if penalty:
        chance = 1 / (1 + np.exp(-theta))
        score += penalty * (1 - 2 * chance)
        information[:, diagonal, diagonal] += 2 * penalty * chance * (1 - chance)
    return score, information


def _maximise(
    stages: _Stages, person_weights: FloatArray, start: FloatArray, penalty: float
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return log worths (mean zero) of each row of person weights, and which converged (Newton's method)."""
    weights = person_weights[:, stages.person]
    theta = np.tile(start, (len(weights), 1))
    k = theta.shape[1]
    active = np.ones(len(theta), dtype=bool)
    done = np.zeros(len(theta), dtype=bool)
    for _ in range(_STEPS):
        score, information = _derivatives(stages, weights[active], theta[active], penalty)
        if not penalty:
            information = information + 1 / k  # the mean is free: hold it
        information[:, np.arange(k), np.arange(k)] += 1e-12
        step = np.linalg.solve(information, score[:, :, None])[:, :, 0]
        size = np.abs(step).max(axis=1)
        theta[active] += step * np.minimum(1, 2 / np.maximum(size, 1e-300))[:, None]
        index = np.flatnonzero(active)
        done[index[size < 1e-10]] = True
        active[index[(size < 1e-10) | (np.abs(theta[index]).max(axis=1) > _LARGEST)]] = False
        if not active.any():
            break
    if not penalty:
        theta -= theta.mean(axis=1, keepdims=True)
    return theta - theta.mean(axis=1, keepdims=True), done


def _replicates(stages: _Stages, n_rows: int, theta: FloatArray, penalty: float, n_boot: int, seed: int) -> FloatArray:
    """Return log worths in resamples of persons, shape (n_boot, n_targets); nan where there are no finite ones."""
    generator, parts = np.random.default_rng(seed), []
    step = max(1, _CELLS // stages.left.size)
    for begin in range(0, n_boot, step):
        weights = bootstrap_weights(n_rows, min(step, n_boot - begin), generator)
        worths, done = _maximise(stages, weights, theta, penalty)
        worths[~done] = np.nan
        parts.append(worths)
    return np.concatenate(parts)


def _limits(
    replicates: FloatArray, theta: FloatArray, level: float, n_compared: NDArray[np.int_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return limits and the usable replicates; nan limits where too many resamples have no finite worths."""
    usable = replicates[~np.isnan(replicates).any(axis=1)]
    if len(usable) < 0.95 * len(replicates):
        nothing = np.full(len(theta), np.nan)
        return nothing, nothing, np.full((1, len(theta)), np.nan)
    low, high = percentile_limits(usable, theta, level)
    few = n_compared < MIN_PERSONS
    return np.where(few, np.nan, low), np.where(few, np.nan, high), usable


def _table(
    names: list[str], theta: FloatArray, limits: tuple[FloatArray, FloatArray, float], replicates: FloatArray,
    certainty: float, n_compared: NDArray[np.int_], n_persons: int,
) -> pd.DataFrame:  # fmt: skip
    """Return the targets in falling order with limits, worth and tier."""
    low, high, level = limits
    status, reason = too_few(n_compared, MIN_PERSONS, "persons")
    scores = np.where(n_compared < MIN_PERSONS, np.nan, theta)
    tiers = tiers_from_replicates(names, scores, replicates, certainty=certainty)
    order = [names.index(name) for name in tiers["target_id"]]
    known = ~np.isnan(replicates).all()
    share = np.exp(theta) / np.exp(theta).sum()
    return target_frame(
        [names[index] for index in order], estimate=scores[order], ci_low=low[order], ci_high=high[order],
        ci_level=np.where(np.isnan(low[order]), np.nan, level), worth=share[order],
        tier=tiers["tier"] if known else np.nan, below_leader=tiers["below_leader"] if known else np.nan,
        n_used=n_compared[order], n_missing=n_persons - n_compared[order], status=[status[index] for index in order],
        reason=[reason[index] for index in order], blank=["worth"],
    )  # fmt: skip


def _without_worths(
    names: list[str], n_compared: NDArray[np.int_], n_rows: int, n_used: int, penalty: float, problem: tuple[str, str]
) -> PlackettLuceFit:
    status, reason = problem
    table = target_frame(
        names, estimate=[np.nan] * len(names), n_used=n_compared, n_missing=n_rows - n_compared,
        status=[status] * len(names), reason=[reason] * len(names),
    )  # fmt: skip
    return PlackettLuceFit(table, None, float(penalty), False, n_used, n_rows - n_used, status, reason)


def _quasi_errors(stages: _Stages, theta: FloatArray, penalty: float) -> FloatArray:
    """Return quasi standard errors: variances of differences are nearly sums of their squares."""
    from scipy.optimize import least_squares

    k = len(theta)
    _, information = _derivatives(stages, np.ones((1, len(stages.taken))), theta[None], penalty)
    covariance = np.linalg.pinv(information[0], hermitian=True)
    first, second = np.triu_indices(k, 1)
    variance = np.diagonal(covariance)[first] + np.diagonal(covariance)[second] - 2 * covariance[first, second]
    if k == 2:
        return np.sqrt(np.full(2, variance[0] / 2))
    target = np.log(np.maximum(variance, 1e-300))
    start = np.log(np.maximum(np.diagonal(covariance), 1e-12))
    found = least_squares(
        lambda log_q: np.log(np.exp(log_q[first]) + np.exp(log_q[second])) - target, start, method="trf"
    )
    return np.asarray(np.exp(found.x / 2))
