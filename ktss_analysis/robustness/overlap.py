"""Verdicts without the people who took part in more than one stream of evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from ..evidence import STREAM
from ..results import combine, count_row, text_row
from ..rules import STREAMS
from ..streams.common import Setting, Tables
from ..streams.participants import people_used
from .panels import LETTERS, Grades
from .sample import OUTCOMES, sample_of, verdicts_of

ACTIVITIES = ("guide_review", "tool_review", "workshop", "focus_groups")
"""The activities behind the streams that decide."""


def overlapping(tables: Tables, setting: Setting) -> set[str]:
    """Return the pseudonyms of people of whom answers are used in more than one stream that decides."""
    times = Counter(person for activity in ACTIVITIES for person in people_used(tables, setting, activity))
    return {person for person, count in times.items() if count > 1}


def without_overlap(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return what the rule says without the people who took part in more than one stream.

    They make streams agree that are meant to be independent. All their answers and turns are left out, in every stream,
    and grades and verdicts computed anew.

    Parameters
    ----------
    tables : mapping
        Canonical tables; needs ``ratings``, ``responses``, ``codings``, ``codebook`` and ``choices``.
    setting : Setting
        Study and rules.

    Returns
    -------
    pandas.DataFrame
        ``n_overlapping``, how many such people there are; ``n_verdicts_changed`` (people, overlap) with the skills in
        `label`; and per skill ``verdict_without_overlap``, with what changes in `reason`: a grade as ``consensus +0``,
        a panel that falls below the size for a full verdict as ``consensus small``. `n_missing` is the number of people
        left out: under the minimum cell nothing of it is published.
    """
    people = overlapping(tables, setting)
    count = count_row(len(people), stream=STREAM, statistic="n_overlapping", unit="people")
    if not people:
        return combine([count])
    fewer = dict(tables)
    for name in ("ratings", "codings"):
        fewer[name] = tables[name][~tables[name]["person_id"].isin(people)]
    now, then = (sample_of(part, setting) for part in (tables, fewer))
    grades = now.grades(now.once()), then.grades(then.once())
    verdicts = [verdicts_of(found, setting.rules)[0] for found in grades]
    changed, rows = [], [count]
    for place, skill in enumerate(now.skills):
        moved = _moved(grades, place, setting)
        if verdicts[0][place] != verdicts[1][place]:
            changed.append(skill)
        row = text_row(OUTCOMES[verdicts[1][place]], stream=STREAM, statistic="verdict_without_overlap",
                       target_type="skill", target_id=skill, reason="|".join(moved))  # fmt: skip
        row["n_missing"] = len(people)
        rows.append(row)
    total = count_row(len(changed), stream=STREAM, statistic="n_verdicts_changed", target_type="people",
                      target_id="overlap", aspect="left_out", n_used=len(now.skills), unit="verdicts",
                      label="|".join(changed))  # fmt: skip
    total["n_missing"] = len(people)
    return combine([*rows, total])


def _moved(grades: tuple[Mapping[str, Grades], Mapping[str, Grades]], place: int, setting: Setting) -> list[str]:
    """Return which grades of a skill change, and which panels become too small for a full verdict."""
    found = []
    for stream in STREAMS:
        before, after = (part[stream] for part in grades)
        letters = [LETTERS[part.letters[0, place]] for part in (before, after)]
        if letters[0] != letters[1]:
            found.append(f"{stream} {''.join(letters)}")
        elif letters[1] != "?" and after.n[0, place] < setting.rules.streams[stream].full <= before.n[0, place]:
            found.append(f"{stream} small")
    return found
