"""The way of every skill of the first list to its end, and whether decisions cite results that exist."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from .evidence import STREAM
from .framework import Framework
from .results import combine, count_row, text_row
from .rules import by_id

ENDS = {
    "keep": "kept", "keep_discordant": "kept", "provisional": "kept_provisionally", "revise": "to_revise",
    "drop": "dropped", "not_decided": "open",
}  # fmt: skip
STAGES = ("list", "relevance", "consensus", "rule", "end")
"""What the flow passes: the first list, two grades, the verdict of the rule, the end."""


def trail(rows: pd.DataFrame, framework: Framework) -> pd.DataFrame:
    """Return the end of every skill with its reason, and how many skills went which way.

    Parameters
    ----------
    rows : pandas.DataFrame
        Results with grades and verdicts (`evidence.decision_rows`).
    framework : Framework
        Its skills are the first list.

    Returns
    -------
    pandas.DataFrame
        ``trail`` per skill: `label` is the end (kept, kept_provisionally, to_revise, dropped, merged, open), `reason`
        the override's reason, or ``stream=reason`` of each grade that is not support, joined by '|'; `method` is the
        skill it was merged into. ``trail_flow`` per pair of neighbouring stages, the data of an alluvial chart:
        `target_id` such as ``relevance~consensus``, `aspect` and `group` the states before and after, and how many
        skills went from one to the other.
    """
    known = by_id(rows)
    ways, parts = [], []
    for skill in framework.target_ids("skill"):
        rule, final = (str(known[f"{STREAM}.{name}.{skill}"]["label"]) for name in ("rule_verdict", "verdict"))
        override = known.get(f"{STREAM}.override.{skill}")
        into = "" if override is None else [*str(override["method"]).split("|"), ""][2]
        end = "merged" if into else ENDS[final]
        grades = {stream: known[f"{STREAM}.grade.{stream}.{skill}"] for stream in ("relevance", "consensus")}
        ways.append(("all", *(str(grade["label"]) for grade in grades.values()), rule, end))
        reason = _open_points(known, skill) if override is None else str(override["label"])
        row = text_row(end, stream=STREAM, statistic="trail", target_type="skill", target_id=skill, reason=reason,
                       source_rows=f"{STREAM}.verdict.{skill}")  # fmt: skip
        row["method"] = into
        parts.append(row)
    parts += [_flow(ways, place, pair) for place, pair in enumerate(pairwise(STAGES))]
    return combine(parts)


def _open_points(known: dict[str, dict[str, object]], skill: str) -> str:
    """Return why a skill is not simply kept: each grade that is not support, with its reason."""
    found = []
    for stream in ("relevance", "consensus", "items", "salience"):
        row = known[f"{STREAM}.grade.{stream}.{skill}"]
        if row["label"] != "supported":
            found.append(f"{stream}={row['reason']}")
    return "|".join(found)


def _flow(ways: list[tuple[str, ...]], place: int, pair: tuple[str, str]) -> pd.DataFrame:
    counts = pd.Series([(way[place], way[place + 1]) for way in ways], dtype=object).value_counts()
    return combine(
        count_row(int(count), stream=STREAM, statistic="trail_flow", target_type="stage", target_id="~".join(pair),
                  aspect=before, group=after, n_used=len(ways), unit="verdicts")
        for (before, after), count in counts.items()
    )  # fmt: skip


def unknown_evidence(decisions: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a finding for each result that a row of the decision log cites and that this run does not have."""
    known = set(rows["result_id"])
    cited = [
        (str(row.decision_id), cited)
        for row in decisions.itertuples()
        for cited in dict.fromkeys(str(row.evidence if pd.notna(row.evidence) else "").split("|"))
    ]
    return combine(
        text_row("evidence_unknown", stream="triage", statistic="finding", target_type="decisions", target_id=own,
                 aspect="evidence_unknown", group=result, reason=result)
        for own, result in cited
        if result and result not in known
    )  # fmt: skip
