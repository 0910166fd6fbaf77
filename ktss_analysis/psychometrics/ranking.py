"""Priorities: best-worst scores, and tiers that honour their uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..core import StatisticError
from .checks import FloatArray, check_level
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
        Columns `person_id`, `shown` (ids joined by ``|``), `best`, `worst`; `set_id` optional. A set with a
        missing best or worst is not answered and counts nowhere but in `n_missing`.
    ci_level : float, default .95
        Level of the percentile interval.
    n_boot, seed : int
        Resamples of persons (not of sets: one person's answers belong together), and seed.

    Returns
    -------
    DataFrame
        One row per target, sorted by id: `n_shown`, `n_best`, `n_worst`, `estimate` in -1 to 1,
        `best_worst_ratio`, which is the root of B / W (.5 is added to all B and W when one of them is 0, where
        the ratio would not be defined). `n_used` counts persons, `n_missing` persons who were shown the target
        but answered no set with it. ``too_few`` under five persons.

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
    best, worst = counts.best.sum(axis=0), counts.worst.sum(axis=0)
    more = 0.0 if (best > 0).all() and (worst > 0).all() else 0.5
    return target_frame(
        counts.targets, best_worst_ratio=np.sqrt((best + more) / (worst + more)),
        estimate=counts.scores, ci_low=low, ci_high=high, ci_level=level,
        ci_method=f"percentile, {n_boot} resamples of persons",
        method="(best - worst) / shown, answered sets",
        n_shown=counts.shown.sum(axis=0), n_best=best, n_worst=worst, blank=["best_worst_ratio"],
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
        See `best_worst_scores`.
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
