"""Focus groups as counts per group, and the grades of skills when each group counts any number of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..rules import Graded, Rules, grade_salience
from ..streams.common import Tables
from ..streams.focus_groups import coded_turns, target_of
from .panels import FloatArray, Grades, IntArray, grade_states, spread_over

COUNTS = ("raised", "turns", "positive", "negative", "marked", "off", "ones", "zeros")


@dataclass(frozen=True)
class Groups:
    """What every focus group said about every skill.

    Parameters
    ----------
    skills : tuple of str
        Skills with a code.
    counts : ndarray, shape (n_groups, n_skills, 8)
        Per group and skill: whether it was raised; coded turns, those with positive and negative tone; of the
        double-coded turns those with the code by any coder, twice the pairs of coders who disagree over the coders but
        one, marks with and without the code.
    n_coders : int
        Coders of the double-coded turns; 0 without double coding.
    spoke : ndarray of bool, shape (n_groups,)
        Groups with a coded turn; others count for the coders' agreement only.
    """

    skills: tuple[str, ...]
    counts: FloatArray
    n_coders: int
    spoke: NDArray[np.bool_]

    @property
    def n_groups(self) -> int:
        """Focus groups with a turn."""
        return len(self.counts)


def groups_of(tables: Tables) -> Groups | None:
    """Return the counts of all focus groups; None without codings."""
    codings = coded_turns(tables)
    if codings.empty:
        return None
    codes = {skill: code for code, (kind, skill) in target_of(tables["codebook"]).items() if kind == "skill"}
    everything = tables["codings"]
    double = everything[everything["double_coded"].fillna(False).astype(bool)]
    n_coders = int(double["coder_id"].nunique())
    names = sorted(set(codings["group_id"]) | set(double["group_id"]))
    counts = np.zeros((len(names), len(codes), len(COUNTS)))
    places = tuple({name: place for place, name in enumerate(part)} for part in (names, codes.values()))
    _talk(codings, counts, places)
    if n_coders > 1:
        _agreement(double, counts, places, n_coders)
    spoke = np.isin(names, codings["group_id"].unique().astype(object))
    return Groups(tuple(codes), counts, n_coders, spoke)


Places = tuple[dict[str, int], ...]


def _talk(codings: pd.DataFrame, counts: FloatArray, places: Places) -> None:
    """Fill in where each code was raised, and turns by tone: counted as `code_salience` counts them."""
    turns = codings[["group_id", "code_id", "turn", "valence"]].astype(object)
    turns = turns[turns["code_id"].isin(places[1])].drop_duplicates()
    once = turns.drop_duplicates(["group_id", "code_id", "turn"]).groupby(["group_id", "code_id"])
    for (group, code), n in once["turn"].count().items():
        counts[places[0][group], places[1][code], :2] = 1, n
    for (group, code, tone), n in turns.groupby(["group_id", "code_id", "valence"])["turn"].count().items():
        if str(tone).strip() in "+-":
            counts[places[0][group], places[1][code], 2 if str(tone).strip() == "+" else 3] += n


def _agreement(double: pd.DataFrame, counts: FloatArray, places: Places, n_coders: int) -> None:
    """Fill in what nominal Krippendorff's alpha of a mark "has the code" is made of."""
    rows = double[["group_id", "turn", "coder_id", "code_id"]].astype(object)
    turns = rows.groupby("group_id")["turn"].nunique()
    for group, n in turns.items():
        counts[places[0][group], :, 7] = n_coders * n
    rows = rows[rows["code_id"].isin(places[1])].drop_duplicates()
    for (group, code, _), k in rows.groupby(["group_id", "code_id", "turn"]).size().items():
        cell = counts[places[0][group], places[1][code]]
        cell[4:] += 1, 2 * k * (n_coders - k) / (n_coders - 1), k, -k


def salience_grades(groups: Groups, weights: IntArray, skills: Sequence[str], rules: Rules) -> Grades:
    """Return grades of salience; `weights` has shape (n_weights, n_groups)."""
    sums = np.tensordot(weights, groups.counts, axes=1)
    n_groups = np.broadcast_to((weights @ groups.spoke.astype(np.int64))[:, None, None], (*sums.shape[:2], 1))
    states = np.concatenate([sums, n_groups], axis=2)
    found = grade_states(states, lambda state: _graded(state, groups.n_coders, rules))
    return spread_over(found, groups.skills, skills)


def _graded(state: FloatArray, n_coders: int, rules: Rules) -> Graded:
    raised, turns, positive, negative, marked, off, ones, zeros, n_groups = map(float, state)
    toned = {"result_id": "share", "status": "ok" if turns else "undefined"}
    rows = {
        "groups_raising": {"result_id": "groups", "status": "ok", "estimate": raised, "n_used": int(n_groups)},
        "share_positive": {**toned, "estimate": positive / turns if turns else 0.0},
        "share_negative": {**toned, "estimate": negative / turns if turns else 0.0},
    }
    if n_coders:
        judged = n_coders > 1 and marked >= rules.value("rare_code") and ones > 0 and zeros > 0
        judged &= n_coders == 0 or rules.too_few("krippendorff_alpha", round((ones + zeros) / n_coders)) == ""
        alpha = 1 - (ones + zeros - 1) * off / (2 * ones * zeros) if judged else float("nan")
        rows["krippendorff_alpha"] = {"result_id": "a", "status": "ok" if judged else "too_few", "estimate": alpha}
    return grade_salience({f"focus_groups.{name}.x": row for name, row in rows.items()}, "x", rules)
