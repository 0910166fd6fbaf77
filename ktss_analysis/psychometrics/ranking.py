"""Priorities: best-worst scores, tiers that honour their uncertainty, and tests of complete rankings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import StatisticError
from .checks import FloatArray, Missing, as_matrix, check_choice, check_level, drop_missing
from .consensus import rank_rows
from .content import target_frame, too_few
from .draws import percentile_limits, resampled_totals
from .registry import statistic

MIN_PERSONS = 5
_LOUVIERE = "doi:10.1017/CBO9781107337855"


@dataclass(frozen=True, slots=True)
class _ChoiceCounts:
    """Times best, worst and shown, each (n_persons, n_targets), and the sets left unanswered."""

    targets: list[str]
    best: FloatArray
    worst: FloatArray
    shown: FloatArray
    n_asked: FloatArray

    @property
    def scores(self) -> FloatArray:
        """Return (best - worst) / shown of all persons together; nan for a target never shown."""
        return _ratio(self.best.sum(axis=0) - self.worst.sum(axis=0), self.shown.sum(axis=0))

    def replicates(self, n_boot: int, seed: int) -> FloatArray:
        """Return the scores of resampled persons, shape (n_boot, n_targets)."""
        both = np.hstack([self.best - self.worst, self.shown])
        both = both[self.shown.any(axis=1)]
        totals = resampled_totals(both, n_boot, seed)
        return _ratio(totals[:, : len(self.targets)], totals[:, len(self.targets) :])


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def _blank(column: pd.Series) -> pd.Series:
    return column.isna() | (column.astype("string").str.strip() == "").fillna(True)


def _count_choices(choices: pd.DataFrame) -> _ChoiceCounts:
    """Return counts per person and target, or refuse a choice that cannot be."""
    if not isinstance(choices, pd.DataFrame):
        raise StatisticError("choices: a DataFrame with person_id, shown, best and worst is needed")
    for name in ("person_id", "shown", "best", "worst"):
        if name not in choices.columns:
            raise StatisticError(f"choices: column {name!r} is missing")
    if "set_id" in choices.columns and choices.duplicated(["person_id", "set_id"]).any():
        row = choices[choices.duplicated(["person_id", "set_id"])].iloc[0]
        raise StatisticError(f"choices: person '{row['person_id']}' answered set '{row['set_id']}' twice")
    table = choices.reset_index(drop=True)
    answered = ~(_blank(table["best"]) | _blank(table["worst"]))
    shown = table["shown"].astype("string").fillna("").str.split("|").explode().str.strip()
    shown = shown[shown != ""].reset_index(name="target")
    _check_choices(table[answered], shown)
    persons = pd.Categorical(table["person_id"].astype("string"))
    targets = sorted(shown["target"].unique().tolist())
    shape = (len(persons.categories), len(targets))

    def count(rows: ArrayLike, names: ArrayLike) -> FloatArray:
        cells = np.zeros(shape)
        columns = pd.Categorical(names, categories=targets).codes
        np.add.at(cells, (persons.codes[np.asarray(rows)], columns), 1)
        return cells

    chosen = np.flatnonzero(answered)
    valid = shown[shown["index"].isin(chosen)]
    return _ChoiceCounts(
        targets, count(chosen, table["best"][chosen].astype("string").str.strip()),
        count(chosen, table["worst"][chosen].astype("string").str.strip()),
        count(valid["index"], valid["target"]), count(shown["index"], shown["target"]),
    )  # fmt: skip


def _check_choices(answered: pd.DataFrame, shown: pd.DataFrame) -> None:
    """Refuse a set that shows a target twice, or whose best and worst are the same or were not shown."""
    pairs = pd.MultiIndex.from_frame(shown[["index", "target"]])
    if pairs.has_duplicates:
        index, target = pairs[pairs.duplicated()][0]
        raise StatisticError(f"choices: row {index + 1} shows {target!r} twice")
    best, worst = (answered[name].astype("string").str.strip() for name in ("best", "worst"))
    if (best == worst).any():
        row = int(answered.index[best == worst][0])
        raise StatisticError(f"choices: columns 'best' and 'worst', row {row + 1} both hold {best[row]!r}")
    for name, chosen in (("best", best), ("worst", worst)):
        known = pd.MultiIndex.from_arrays([answered.index, chosen]).isin(pairs)
        if not known.all():
            row = int(answered.index[~known][0])
            raise StatisticError(
                f"choices: column {name!r}, row {row + 1} holds {chosen[row]!r}; allowed: a target shown"
            )


@statistic(
    family="ranking", symbol="B-W", data="choices", returns="frame", bounds=(-1, 1), min_n=MIN_PERSONS,
    invariant_to={"row_order"}, source=_LOUVIERE,
)  # fmt: skip
def best_worst_scores(
    choices: pd.DataFrame, *, ci_level: float = 0.95, n_boot: int = 2000, seed: int = 1
) -> pd.DataFrame:
    r"""Compute standardized best-worst scores (case 1, object scaling).

    .. math:: s_j = (B_j - W_j) / N_j

    B and W count how often target j was chosen as best and as worst, N the answered sets that showed it.

    Parameters
    ----------
    choices : DataFrame, one row per set and person
        Columns `person_id`, `shown` (ids joined by ``|``), `best`, `worst`; `set_id` optional. A set without
        a best or a worst is not answered and counts nowhere but in `n_missing`.
    ci_level : float, default .95
        Level of the percentile interval.
    n_boot, seed : int
        Resamples of persons (not of sets: one person's answers belong together), and seed.

    Returns
    -------
    DataFrame
        One row per target, sorted by id: `n_shown`, `n_best`, `n_worst`, `estimate` in -1 to 1. `n_used`
        counts persons, `n_missing` persons who were shown the target but answered no set with it.
        ``too_few`` under five persons.

    Raises
    ------
    StatisticError
        For a set that shows a target twice or was answered twice by one person, for best equal to worst,
        and for a choice that was not shown.

    Notes
    -----
    Counts are a good scale only under a balanced design such as `affine_plane_design`. They order targets;
    a difference of two scores is no ratio of importance.

    References
    ----------
    Louviere, J. J., Flynn, T. N., & Marley, A. A. J. (2015). *Best-worst scaling*. Cambridge University
    Press. https://doi.org/10.1017/CBO9781107337855

    Examples
    --------
    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.ranking import best_worst_scores
    >>> rows = [(person, "A|B|C", "A", worst) for person, worst in enumerate("BBBCC")]
    >>> choices = pd.DataFrame(rows, columns=["person_id", "shown", "best", "worst"])
    >>> best_worst_scores(choices)["estimate"].tolist()
    [1.0, -0.6, -0.4]
    """
    level = check_level(ci_level)
    counts = _count_choices(choices)
    n_used = (counts.shown > 0).sum(axis=0)
    low, high = np.full((2, len(counts.targets)), np.nan)
    if counts.shown.any():
        low, high = percentile_limits(counts.replicates(n_boot, seed), counts.scores, level)
    status, reason = too_few(n_used, MIN_PERSONS, "persons")
    return target_frame(
        counts.targets, estimate=counts.scores, ci_low=low, ci_high=high, ci_level=level,
        ci_method=f"percentile, {n_boot} resamples of persons",
        method="(best - worst) / shown, answered sets",
        n_shown=counts.shown.sum(axis=0), n_best=counts.best.sum(axis=0), n_worst=counts.worst.sum(axis=0),
        n_used=n_used, n_missing=(counts.n_asked > 0).sum(axis=0) - n_used, status=status, reason=reason,
    )  # fmt: skip


def tiers_from_replicates(
    targets: Sequence[str], scores: ArrayLike, replicates: ArrayLike, *, certainty: float = 0.95
) -> pd.DataFrame:
    """Return the tier of each target from its score and resampled scores of any ranking method.

    See `ranking_tiers` for the rule.

    Parameters
    ----------
    targets : sequence of str
        Ids.
    scores : array_like, shape (n_targets,)
        Higher is better; a target without a score (nan) gets no tier.
    replicates : array_like, shape (n_boot, n_targets)
        Scores in resamples of persons.
    certainty : float, default .95
        Share of resamples that must put a target below the leader before a new tier starts.

    Returns
    -------
    DataFrame
        `target_id`, `estimate`, `tier`, `below_leader`, `below_previous`, in falling order.
    """
    check_level(certainty)
    scores, replicates = np.asarray(scores, dtype=float), np.asarray(replicates, dtype=float)
    if replicates.shape[1:] != scores.shape or len(targets) != len(scores):
        raise StatisticError("replicates: one column per score is needed")
    order = np.lexsort((np.asarray(targets, dtype=str), -scores))
    scored = order[~np.isnan(scores[order])]
    tier, own, above = (np.full(len(scores), np.nan) for _ in range(3))
    leader, former, number = -1, -1, 0
    for index in scored:
        below = _below(replicates, index, leader) if leader >= 0 else 0.0
        if leader < 0 or below >= certainty:
            leader, former, number = index, leader, number + 1
            below = 0.0
        tier[index], own[index] = number, below
        above[index] = _below(replicates, index, former) if former >= 0 else np.nan
    status = np.where(np.isnan(scores), "undefined", "ok")
    reason = np.where(np.isnan(scores), "the target has no score", "")
    return target_frame(
        [targets[index] for index in order], status=status[order].tolist(), reason=reason[order].tolist(),
        method=f"new tier where {certainty:g} of resamples put a target below the leader of its tier",
        estimate=scores[order], tier=tier[order], below_leader=own[order], below_previous=above[order],
    )  # fmt: skip


def _below(replicates: FloatArray, index: int, leader: int) -> float:
    """Return the share of resamples with `index` below `leader`; a tie counts one half."""
    difference = replicates[:, leader] - replicates[:, index]
    difference = difference[~np.isnan(difference)]
    return float((np.sign(difference) + 1).mean() / 2) if difference.size else 0.0


@statistic(
    family="ranking", symbol="tier", data="choices", returns="frame", bounds=(-1, 1), min_n=MIN_PERSONS,
    invariant_to={"row_order"}, source=_LOUVIERE,
)  # fmt: skip
def ranking_tiers(choices: pd.DataFrame, *, certainty: float = 0.95, n_boot: int = 2000, seed: int = 1) -> pd.DataFrame:
    """Sort targets into tiers that the data can tell apart.

    The rule: order the targets by best-worst score. The first leads tier 1. Going down, a target starts a new
    tier, and leads it, as soon as at least `certainty` of the resamples of persons put it below the leader of
    the present tier (a tie counts one half). So no member of a tier is told apart from its leader.

    Parameters
    ----------
    choices : DataFrame
        As in `best_worst_scores`.
    certainty : float, default .95
        Share of resamples needed for a new tier.
    n_boot, seed : int
        Resamples of persons, and seed.

    Returns
    -------
    DataFrame
        One row per target in falling order: `estimate` (score), `tier`, `below_leader`, `below_previous`
        (missing in tier 1), `n_used`. ``too_few`` for a target seen by fewer than five persons: it has no
        tier. ``undefined`` for one that no answered set shows.

    Raises
    ------
    StatisticError
        As in `best_worst_scores`.

    Notes
    -----
    Neighbours across a border may be indistinguishable; only leaders are compared. Never print places within
    a tier. For other rankings use `tiers_from_replicates`.

    References
    ----------
    Louviere, J. J., Flynn, T. N., & Marley, A. A. J. (2015). *Best-worst scaling*. Cambridge University
    Press. https://doi.org/10.1017/CBO9781107337855

    Examples
    --------
    All put A first; B and C share the last place:

    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.ranking import ranking_tiers
    >>> rows = [(person, "A|B|C", "A", worst) for person, worst in enumerate("BCBCBC")]
    >>> choices = pd.DataFrame(rows, columns=["person_id", "shown", "best", "worst"])
    >>> ranking_tiers(choices)[["target_id", "tier"]].values.tolist()
    [['A', 1], ['B', 2], ['C', 2]]
    """
    counts = _count_choices(choices)
    n_used = (counts.shown > 0).sum(axis=0)
    scores = np.where(n_used >= MIN_PERSONS, counts.scores, np.nan)
    replicates = counts.replicates(n_boot, seed) if counts.shown.any() else np.full((1, len(scores)), np.nan)
    frame = tiers_from_replicates(counts.targets, scores, replicates, certainty=certainty)
    persons = dict(zip(counts.targets, n_used.tolist(), strict=True))
    used = [persons[target] for target in frame["target_id"]]
    status, reason = too_few(used, MIN_PERSONS, "persons")
    frame["n_used"] = pd.array(used, dtype="Int64")
    frame["status"], frame["reason"] = pd.array(status, dtype="string"), pd.array(reason, dtype="string")
    return frame


@dataclass(frozen=True, slots=True)
class FriedmanNemenyi:
    """Friedman's test with Nemenyi's comparison of all pairs.

    Parameters
    ----------
    chi_square, df, p_value : float, int, float or None
        Friedman's test, corrected for ties.
    critical_difference : float or None
        Difference of mean ranks beyond which a pair is told apart.
    mean_ranks : DataFrame
        One row per target, `estimate` is the mean rank, 1 for the best.
    pairs : DataFrame
        One row per pair, `estimate` is the difference of mean ranks, `flagged` where it is beyond the
        critical difference, limits are the difference plus and minus it.
    n_used, n_missing : int
        Persons used, and persons left out.
    status, reason : str
        As in `Estimate`.
    """

    chi_square: float | None
    df: int | None
    p_value: float | None
    critical_difference: float | None
    mean_ranks: pd.DataFrame
    pairs: pd.DataFrame
    n_used: int
    n_missing: int
    status: str = "ok"
    reason: str = ""


@statistic(
    family="ranking", symbol="chi2_F", data="ratings", returns="other", bounds=(0, None), min_n=2,
    invariant_to={"row_order", "column_order"}, source="doi:10.1080/01621459.1937.10503522",
)  # fmt: skip
def friedman_nemenyi(
    ranks: ArrayLike | pd.DataFrame, *, missing: Missing = "raise", level: float = 0.05
) -> FriedmanNemenyi:
    r"""Test complete rankings for a common order and compare all pairs of targets.

    .. math:: \chi^2_F = \frac{N \sum_j (\bar R_j - \frac{k+1}{2})^2}{s^2}, \qquad
              CD = q_k \sqrt{2 s^2 / N}

    with :math:`s^2` the mean variance of the ranks within a person: :math:`k(k+1)/12` without ties, which
    makes :math:`CD = q_k\sqrt{k(k+1)/(6N)}`. :math:`q_k` is the quantile of the studentized range with
    infinite degrees of freedom, divided by :math:`\sqrt 2`.

    Parameters
    ----------
    ranks : DataFrame or array, shape (n_persons, n_targets)
        1 is the best; ties and other numbers are turned into mid-ranks within a person.
    missing : {"raise", "listwise"}, default "raise"
        ``"listwise"`` leaves out persons who did not rank all.
    level : float, default .05
        Familywise error rate of the comparisons.

    Returns
    -------
    FriedmanNemenyi
        Test, critical difference, mean ranks and pairs. ``too_few`` under two persons; ``undefined`` under
        two targets or when all persons tie all targets.

    Raises
    ------
    StatisticError
        For text, or a missing rank under ``missing="raise"``.

    Notes
    -----
    With 30 persons and 25 targets the critical difference is 6.95 places: such data give tiers, not places.
    Nemenyi's test is cautious; a pair that it does not flag is not shown to be equal.

    References
    ----------
    Friedman, M. (1937). The use of ranks to avoid the assumption of normality implicit in the analysis of
    variance. *Journal of the American Statistical Association, 32*, 675-701.
    https://doi.org/10.1080/01621459.1937.10503522

    Demšar, J. (2006). Statistical comparisons of classifiers over multiple data sets. *Journal of Machine
    Learning Research, 7*, 1-30. https://www.jmlr.org/papers/v7/demsar06a.html

    Examples
    --------
    Demšar (2006), four methods on fourteen data sets: critical difference 1.25 at .05.

    >>> from ktss_analysis.psychometrics.ranking import friedman_nemenyi
    >>> result = friedman_nemenyi([[1, 2, 3, 4]] * 7 + [[4, 3, 2, 1]] * 7)
    >>> round(result.critical_difference, 2)
    1.25
    """
    check_level(level)
    check_choice(missing, ("raise", "listwise"), "missing")
    matrix, names = as_matrix(ranks, "ranks")
    matrix, n_missing = drop_missing(matrix, missing, "ranks")
    n_persons, n_targets = matrix.shape
    ranked = rank_rows(matrix) if matrix.size else matrix
    variance = float(ranked.var(axis=1, ddof=1).mean()) if n_persons and n_targets > 1 else 0.0
    if n_persons < 2 or variance == 0:
        status = "too_few" if n_persons < 2 else "undefined"
        reason = "two persons or more are needed" if n_persons < 2 else "nobody prefers any target to another"
        empty = target_frame([], status=[], reason=[], estimate=[])
        return FriedmanNemenyi(None, None, None, None, empty, empty, n_persons, n_missing, status, reason)
    mean_ranks = ranked.mean(axis=0)
    chi_square = n_persons * float(((mean_ranks - (n_targets + 1) / 2) ** 2).sum()) / variance
    difference = studentized_range_quantile(n_targets, level) * np.sqrt(variance / n_persons)
    table = target_frame(
        names, estimate=mean_ranks, method="mean rank, 1 is the best", status=["ok"] * n_targets,
        reason=[""] * n_targets, n_used=n_persons, n_missing=n_missing,
    )  # fmt: skip
    return FriedmanNemenyi(
        chi_square, n_targets - 1, float(special.chdtrc(n_targets - 1, chi_square)), float(difference),
        table, _nemenyi_pairs(names, mean_ranks, difference, level, n_persons), n_persons, n_missing,
    )  # fmt: skip


def studentized_range_quantile(n_targets: int, level: float) -> float:
    """Return the upper `level` quantile of the studentized range with infinite degrees of freedom."""
    from scipy.stats import studentized_range

    return float(studentized_range.isf(level, n_targets, np.inf))


def _nemenyi_pairs(
    names: list[str], mean_ranks: FloatArray, difference: float, level: float, n_persons: int
) -> pd.DataFrame:
    first, second = np.triu_indices(len(names), k=1)
    gap = mean_ranks[first] - mean_ranks[second]
    return target_frame(
        [names[index] for index in first], other_target_id=[names[index] for index in second], estimate=gap,
        ci_low=gap - difference, ci_high=gap + difference, ci_level=1 - level,
        ci_method="Nemenyi, simultaneous", method="difference of mean ranks",
        flagged=np.abs(gap) > difference,
        status=["ok"] * len(gap), reason=[""] * len(gap), n_used=n_persons,
    )  # fmt: skip


def affine_plane_design(targets: Sequence[str], order: int = 5) -> list[list[tuple[str, ...]]]:
    """Return the affine plane AG(2, order): best-worst sets in which each pair of targets meets once.

    Parameters
    ----------
    targets : sequence of str
        ``order ** 2`` ids: 25 for order 5, 9 for order 3, 49 for order 7.
    order : int, default 5
        A prime.

    Returns
    -------
    list of list of tuple
        ``order + 1`` classes of ``order`` sets of ``order`` targets; each class shows each target once.

    Raises
    ------
    StatisticError
        When the order is not a prime, or the number of targets is not its square.

    Notes
    -----
    Give each person two of the six classes of order 5, each of the 15 pairs of classes to equally many
    persons: with 30 persons each answers 10 sets, each target is seen 60 times, each pair 10 times.

    Examples
    --------
    >>> from ktss_analysis.psychometrics.ranking import affine_plane_design
    >>> classes = affine_plane_design([f"S{number:02d}" for number in range(1, 26)])
    >>> len(classes), sum(len(sets) for sets in classes), classes[0][0]
    (6, 30, ('S01', 'S06', 'S11', 'S16', 'S21'))
    """
    if order < 2 or any(order % divisor == 0 for divisor in range(2, order)):
        raise StatisticError(f"order={order!r}; allowed: a prime, e.g. 3, 5, 7")
    if len(targets) != order**2 or len(set(targets)) != len(targets):
        raise StatisticError(f"targets: {order**2} different ids are needed, found {len(set(targets))}")
    points = list(product(range(order), repeat=2))
    classes = [
        [
            tuple(targets[order * x + y] for x, y in points if (y - slope * x) % order == intercept)
            for intercept in range(order)
        ]
        for slope in range(order)
    ]
    verticals = [tuple(targets[order * x + y] for y in range(order)) for x in range(order)]
    return [*classes, verticals]
