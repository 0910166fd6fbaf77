"""Who took part: planned, invited, consented and used people of every activity; country and role."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..core import Estimate
from ..psychometrics.intervals import median_interval
from ..results import count_row, rows_from, text_row
from ..study import PlannedGroup
from .common import Setting, Tables, gather, mark, of_activity

STREAM = "participants"
ACTIVITIES = (
    "workshop", "guide_review", "tool_review", "best_worst", "focus_groups", "quality_board", "assembly",
    "self_assessment",
)  # fmt: skip


def people_used(tables: Tables, setting: Setting, activity: str) -> set[str]:
    """Return the pseudonyms of all people of whom at least one answer of `activity` is used."""
    used: set[str] = set()
    for name in ("ratings", "responses", "codings", "choices"):
        table = tables.get(name)
        if table is None or table.empty:
            continue
        mine = of_activity(table, setting, activity)
        if "value" in mine.columns:
            mine = mine[mine["value"].notna()]
        used |= set(mine["person_id"].dropna().astype(str))
    return used


def flow(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return planned, invited, consented and used people per activity."""
    people = tables["people"]
    parts = []
    everybody: set[str] = set()
    for activity in ACTIVITIES:
        planned = setting.study.plan.get(activity)
        used = people_used(tables, setting, activity)
        everybody |= used
        if planned is None and not used:
            continue
        if planned is not None:
            parts.append(_count(planned, "n_planned", activity, unit="plan"))
        if len(people):
            mine = people[_in_stream(people, activity)]
            if len(mine):
                parts.append(_count(int(mine["invited"].fillna(False).sum()), "n_invited", activity))
                parts.append(_count(int(mine["consented"].fillna(False).sum()), "n_consented", activity))
        parts.append(_count(len(used), "n_used_people", activity))
    parts.append(_count(len(everybody), "n_used_people", "any"))
    parts.append(_overlap(tables, setting))
    parts += [_planned_group(tables, setting, entry) for entry in setting.study.planned]
    return gather(parts)


def _planned_group(tables: Tables, setting: Setting, entry: PlannedGroup) -> pd.DataFrame:
    """Return planned and used people of one group of an activity, and why they differ.

    `group` names the group, ``country-it`` or ``all``; who gave no background is in none. Small cells are hidden when
    the rows are published (`disclosure.mask_planned`).
    """
    column, value = entry.group
    used = people_used(tables, setting, entry.activity)
    if column:
        people = tables["people"]
        mine = people[people[column].fillna("").str.casefold() == value.casefold()] if len(people) else people
        used &= set(mine["person_id"].astype(str)) if len(mine) else set()
    common: dict[str, Any] = {
        "stream": STREAM, "target_type": "activity", "target_id": entry.activity,
        "group": _slug(f"{column} {value}") if column else "all",
    }  # fmt: skip
    parts = [
        count_row(entry.people, statistic="n_planned_group", unit="plan", label=value, **common),
        count_row(len(used), statistic="n_used_group", label=value, **common),
    ]
    if entry.reason:
        parts.append(text_row(entry.reason, statistic="planned_reason", **common))
    return pd.concat(parts)


def _in_stream(people: pd.DataFrame, activity: str) -> pd.Series:
    return ("|" + people["streams"].fillna("") + "|").str.contains(f"|{activity}|", regex=False)


def _count(value: int, statistic: str, activity: str, unit: str = "people") -> pd.DataFrame:
    return count_row(value, stream=STREAM, statistic=statistic, target_type="activity", target_id=activity,
                     unit=unit)  # fmt: skip


def _overlap(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return how many people took part in two evidence streams; they make the streams dependent."""
    streams = ("guide_review", "tool_review", "workshop", "focus_groups")
    used = {name: people_used(tables, setting, name) for name in streams}
    parts = []
    for number, first in enumerate(streams):
        for second in streams[number + 1 :]:
            if used[first] and used[second]:
                shared = len(used[first] & used[second])
                parts.append(
                    count_row(shared, stream=STREAM, statistic="n_overlap", target_type="activity_pair",
                              target_id=f"{first}~{second}", n_used=len(used[first] | used[second]))
                )  # fmt: skip
    return gather(parts)


def background(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return one-way tables of country, role and language, and the two-way table of country and role.

    Small cells, and those that would give one away, are hidden when the rows are published
    (`disclosure.mask_tables`), not here: the private results hold all.
    """
    people = tables["people"]
    used = {person for activity in ACTIVITIES for person in people_used(tables, setting, activity)}
    mine = people[people["person_id"].isin(used)] if len(people) else people
    if mine.empty:
        return gather([])
    note = mark(mine, "people", "used")
    parts = []
    for column in ("country", "role", "language"):
        parts += _cells(mine[column].dropna().value_counts().sort_index(), column, "", note)
    table = pd.crosstab(mine["country"], mine["role"])
    for country in table.index:
        parts += _cells(table.loc[country], "country_role", str(country), note)
    years = mine["kt_years"].dropna().astype(float)
    middle = (
        median_interval(np.sort(years.to_numpy()), ci_level=setting.level)
        if len(years)
        else Estimate.absent("undefined", "years were not asked")
    )
    parts.append(
        rows_from(
            middle, stream=STREAM, statistic="median_kt_years", target_type="study", unit="years", source_rows=note
        )
    )
    return gather(parts)


def _cells(counts: pd.Series, aspect: str, group: str, note: str) -> list[pd.DataFrame]:
    return [
        count_row(
            int(count), stream=STREAM, statistic="people", target_type="category", target_id=_slug(str(label)),
            aspect=aspect, group=_slug(group), unit="people", label=str(label), source_rows=note,
        )
        for label, count in counts.items()
    ]  # fmt: skip


def _slug(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in text).split()).lower()
