"""The people behind the verdicts of a study, and the verdicts when they count otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..rules import STREAMS, Graded, Rules, verdict
from ..streams.common import Setting, Tables, of_activity, select, wide
from ..streams.expert_review import rating_range
from ..streams.workshop import agree_from, panel_scale
from .groups import Groups, groups_of, salience_grades
from .panels import (
    LETTERS,
    Grades,
    IntArray,
    Panel,
    consensus_grades,
    item_grades,
    not_collected,
    relevance_grades,
)

OUTCOMES = ("keep", "keep_discordant", "provisional", "revise", "drop", "not_decided")


@dataclass(frozen=True)
class Sample:
    """Panels and focus groups of a study; a stream that was not collected is None."""

    setting: Setting
    panels: Mapping[str, Panel | None]
    groups: Groups | None

    @property
    def skills(self) -> list[str]:
        """Ids of the skills, in framework order."""
        return self.setting.framework.target_ids("skill")

    def size(self, stream: str) -> int:
        """Return how many people (or groups) a stream has."""
        part = self.groups if stream == "salience" else self.panels[stream]
        return 0 if part is None else part.n_groups if isinstance(part, Groups) else part.n_people

    def grades(self, weights: Mapping[str, IntArray]) -> dict[str, Grades]:
        """Return the grades of all skills in all streams.

        Parameters
        ----------
        weights : mapping
            Stream -> how often each of its people (or groups) counts, shape (n_weights, size).
        """
        rules, skills, n = self.setting.rules, self.skills, len(weights["relevance"])
        found = {stream: not_collected(n, len(skills)) for stream in STREAMS}
        scales = {skill: [item.id for item in items] for skill, items in self.setting.framework.scales().items()}
        if (panel := self.panels["relevance"]) is not None:
            found["relevance"] = relevance_grades(panel, weights["relevance"], skills, rules)
        if (panel := self.panels["consensus"]) is not None:
            found["consensus"] = consensus_grades(panel, weights["consensus"], skills, rules)
        if (panel := self.panels["items"]) is not None:
            found["items"] = item_grades(panel, weights["items"], scales, skills, rules)
        if self.groups is not None:
            found["salience"] = salience_grades(self.groups, weights["salience"], skills, rules)
        return found

    def once(self) -> dict[str, IntArray]:
        """Return weights under which everybody counts once."""
        return {stream: np.ones((1, self.size(stream)), dtype=np.int64) for stream in STREAMS}


def sample_of(tables: Tables, setting: Setting) -> Sample:
    """Return panels and groups from canonical tables; needs ``ratings``, ``codings`` and ``codebook``."""
    relevant = setting.rules.value("relevant_from")
    panels: dict[str, Panel | None] = {}
    for stream, activity, kind in (("relevance", "guide_review", "skill"), ("items", "tool_review", "item")):
        rated = select(of_activity(tables["ratings"], setting, activity), target_type=kind, aspect="relevance")
        panels[stream] = None
        if len(rated):
            scale = rating_range(setting, activity, kind, "relevance")
            panels[stream] = Panel.of(wide(rated, setting.framework.target_ids(kind)), scale, relevant)
    votes = select(of_activity(tables["ratings"], setting, "workshop"), aspect="importance")
    panels["consensus"] = None
    if len(votes):
        last = select(votes, round=int(votes["round"].max()))
        table = wide(last, setting.framework.target_ids("skill"))
        panels["consensus"] = Panel.of(table, panel_scale(setting), agree_from(setting))
    return Sample(setting, panels, groups_of(tables))


def verdict_table(rules: Rules) -> IntArray:
    """Return the verdict, as a place in `OUTCOMES`, for each combination of grades and small or full panels.

    Shape (4, 4, 4, 4, 2): grades in the order of `STREAMS`, then whether a graded stream has fewer answers than `full`.
    """
    table = np.zeros((len(LETTERS),) * len(STREAMS) + (2,), dtype=np.int64)
    enough = max(line.full for line in rules.streams.values())
    for places in product(range(len(LETTERS)), repeat=len(STREAMS)):
        for small in (0, 1):
            n = 0 if small else enough
            grades = {
                stream: Graded(LETTERS[place], n, "", ())  # type: ignore[arg-type]
                for stream, place in zip(STREAMS, places, strict=True)
            }
            table[(*places, small)] = OUTCOMES.index(verdict(grades, rules)[0])
    return table


def verdicts_of(grades: Mapping[str, Grades], rules: Rules) -> IntArray:
    """Return verdicts as places in `OUTCOMES`, shape (n_weights, n_skills)."""
    small = np.zeros(grades["relevance"].letters.shape, dtype=bool)
    for stream in STREAMS:
        graded = grades[stream].letters != LETTERS.index("?")
        small |= graded & (grades[stream].n < rules.streams[stream].full)
    return verdict_table(rules)[(*(grades[stream].letters for stream in STREAMS), small.astype(np.int64))]
