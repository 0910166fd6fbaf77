"""Panels of people as matrices, and the grades of targets when each person counts any number of times.

A weight says how often a person counts: 1 each gives what the streams publish, 0 leaves a person out, draws with
replacement give a bootstrap. Counts under all weights are one matrix product; few of them differ, and each different
one is graded once, by the functions of `rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..psychometrics.consensus import disagreement_from_counts, quantile_from_counts
from ..psychometrics.intervals import wilson_limits
from ..rules import Graded, Rules, grade_consensus, grade_items, grade_share

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LETTERS = "+0-?"


@dataclass(frozen=True)
class Grades:
    """Grades of skills under many weights.

    Parameters
    ----------
    letters : ndarray of int, shape (n_weights, n_skills)
        Place in `LETTERS`.
    n : ndarray of int, same shape
        Answers (or groups) behind each grade.
    """

    letters: IntArray
    n: IntArray


@dataclass(frozen=True)
class Panel:
    """Who rated what: persons x targets, missing answers as nan.

    Parameters
    ----------
    ratings : ndarray, shape (n_people, n_targets)
        Points of the scale.
    targets : tuple of str
        Ids of the columns.
    scale : (float, float)
        Theoretical range.
    agree_from : float
        Lowest point that counts as relevant, or as agreement.
    """

    ratings: FloatArray
    targets: tuple[str, ...]
    scale: tuple[float, float]
    agree_from: float

    @classmethod
    def of(cls, table: pd.DataFrame, scale: tuple[float, float], agree_from: float) -> Panel:
        """Make a panel from a table persons x targets."""
        return cls(table.to_numpy(float), tuple(map(str, table.columns)), scale, agree_from)

    @property
    def n_people(self) -> int:
        """People with a row."""
        return len(self.ratings)

    def shares(self, weights: IntArray) -> IntArray:
        """Return agreeing and all answers per target, shape (n_weights, n_targets, 2)."""
        agreeing = (self.ratings >= self.agree_from).astype(np.int64)
        present = (~np.isnan(self.ratings)).astype(np.int64)
        return np.stack([weights @ agreeing, weights @ present], axis=2)


def grade_states(states: NDArray[Any], grade: Callable[[Any], Graded]) -> Grades:
    """Grade states, shape (n_weights, n_skills, n_numbers), each different one once."""
    flat = states.reshape(-1, states.shape[2])
    first, place = _different(flat)
    graded = [grade(state) for state in flat[first]]
    letters = np.array([LETTERS.index(one.grade) for one in graded], dtype=np.int64)
    n = np.array([one.n for one in graded], dtype=np.int64)
    shape = states.shape[:2]
    return Grades(letters[place].reshape(shape), n[place].reshape(shape))


def _different(states: NDArray[Any]) -> tuple[IntArray, IntArray]:
    """Return where each different row stands first, and for each row which of these it equals.

    Column by column, because sorting single numbers is ten times as fast as `numpy.unique` on whole rows.
    """
    place = np.zeros(len(states), dtype=np.int64)
    first = np.zeros(1, dtype=np.int64)
    for column in states.T:
        values, rank = np.unique(column, return_inverse=True)
        _, first, place = np.unique(place * len(values) + rank, return_index=True, return_inverse=True)
    return first, place


def not_collected(n_weights: int, n_skills: int) -> Grades:
    """Return grades of a stream that was not collected."""
    shape = (n_weights, n_skills)
    return Grades(np.full(shape, LETTERS.index("?")), np.zeros(shape, dtype=np.int64))


def spread_over(found: Grades, targets: Sequence[str], skills: Sequence[str]) -> Grades:
    """Return grades in the order of `skills`; a skill that was not asked is not evaluable."""
    whole = not_collected(len(found.letters), len(skills))
    for place, target in enumerate(targets):
        if target in skills:
            whole.letters[:, skills.index(target)] = found.letters[:, place]
            whole.n[:, skills.index(target)] = found.n[:, place]
    return whole


def share_rows(statistic: str, rules: Rules) -> Callable[[int, int], dict[str, Any]]:
    """Return a function of hits and answers: what a stream publishes on the share, as far as grades look at it."""

    @cache
    def row(hits: int, n: int) -> dict[str, Any]:
        too_few = n == 0 or rules.too_few(statistic, n) != ""
        low, high = wilson_limits(hits, n, rules.ci_level)
        return {
            "result_id": statistic, "n_used": n, "status": "too_few" if too_few else "ok",
            "estimate": hits / n if n else float("nan"), "ci_low": float(low), "ci_high": float(high),
        }  # fmt: skip

    return row


def relevance_grades(panel: Panel, weights: IntArray, skills: Sequence[str], rules: Rules) -> Grades:
    """Return grades of relevance."""
    minimum, row = rules.streams["relevance"].minimum, share_rows("item_cvi", rules)
    found = grade_states(panel.shares(weights), lambda state: grade_share(row(*state.tolist()), rules, minimum))
    return spread_over(found, panel.targets, skills)


def item_grades(
    panel: Panel, weights: IntArray, scales: Mapping[str, list[str]], skills: Sequence[str], rules: Rules
) -> Grades:
    """Return grades of the skills' items; `scales` is skill -> ids of its items."""
    shares, row = panel.shares(weights), share_rows("item_cvi", rules)
    whole = not_collected(len(weights), len(skills))
    for place, skill in enumerate(skills):
        items = scales.get(skill, [])
        columns = [panel.targets.index(item) for item in items if item in panel.targets]
        if len(columns) < len(items) or not items:
            only = grade_items({}, items, rules)
            whole.letters[:, place], whole.n[:, place] = LETTERS.index(only.grade), only.n
            continue
        keys = [f"tool_review.item_cvi.relevance.{item}" for item in items]
        order = np.lexsort((shares[:, columns, 1], shares[:, columns, 0]), axis=1)  # no matter which item is which
        pairs = np.take_along_axis(shares[:, columns, :], order[:, :, None], axis=1)
        found = grade_states(
            pairs.reshape(len(weights), 1, -1),
            lambda state, keys=keys, items=items: grade_items(  # type: ignore[misc]
                dict(zip(keys, (row(*pair) for pair in state.reshape(-1, 2).tolist()), strict=True)), items, rules
            ),
        )
        whole.letters[:, place], whole.n[:, place] = found.letters[:, 0], found.n[:, 0]
    return whole


def consensus_grades(panel: Panel, weights: IntArray, skills: Sequence[str], rules: Rules) -> Grades:
    """Return grades of agreement in the last round."""
    points = np.unique(panel.ratings[~np.isnan(panel.ratings)])
    if not len(points):
        return not_collected(len(weights), len(skills))
    answers = (panel.ratings[:, :, None] == points).astype(np.int64)
    counts = np.tensordot(weights, answers, axes=1)
    row = share_rows("share_agreeing", rules)
    found = grade_states(_panel_states(counts, points, panel), lambda state: _graded_panel(state, row, rules))
    return spread_over(found, panel.targets, skills)


def _panel_states(counts: IntArray, points: FloatArray, panel: Panel) -> FloatArray:
    """Return agreeing and all answers, spread and disagreement index, from counts of answers at `points`."""
    low, high = panel.scale
    flat = counts.reshape(-1, len(points)).astype(float)
    n = flat.sum(axis=1)
    filled = np.where(n[:, None] > 0, flat, 1.0)  # without an answer the numbers are not looked at
    first, third = (quantile_from_counts(points, filled, part) for part in (0.25, 0.75))
    index = disagreement_from_counts(1 + 8 * (points - low) / (high - low), filled)[0]
    hits = flat[:, points >= panel.agree_from].sum(axis=1)
    states = np.column_stack([hits, n, (third - first) / (high - low), index])
    return states.reshape(*counts.shape[:2], states.shape[1])


def _graded_panel(state: FloatArray, row: Callable[[int, int], dict[str, Any]], rules: Rules) -> Graded:
    hits, n, spread, index = state.tolist()
    share = row(int(hits), int(n))
    few = rules.too_few("disagreement_index", int(n)) != ""
    rows = {
        "share_agreeing": share,
        "interquartile_share": {**share, "estimate": spread, "status": "ok" if n else "too_few"},
        "disagreement_index": {**share, "estimate": index, "status": "too_few" if few else "ok"},
    }
    return grade_consensus({f"workshop.{name}.importance.x.last_round": row for name, row in rows.items()}, "x", rules)
