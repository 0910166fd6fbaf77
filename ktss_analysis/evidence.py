"""Joint display: one grade per skill and stream, a verdict per skill and item, its trace, and who set it aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from .disclosure import mask
from .framework import Framework
from .item_evidence import decide_items, item_flags
from .overrides import SKILL_VERDICTS, Override, check_not_stale
from .results import combine, count_row, read_results, text_row, write_results
from .rules import (
    Graded,
    Rows,
    Rules,
    apply_gates,
    by_id,
    grade_consensus,
    grade_items,
    grade_relevance,
    grade_salience,
    verdict,
)

STREAM = "decisions"
GRADE_WORDS = {"+": "supported", "0": "undecided", "-": "not_supported", "?": "not_evaluable"}
VERDICTS = SKILL_VERDICTS
"""From best to worst; also the order in which verdicts are shown."""


def grade_skill(rows: Rows, skill_id: str, framework: Framework, rules: Rules) -> dict[str, Graded]:
    """Return the grade of a skill in every stream."""
    items = [item.id for item in framework.scales().get(skill_id, [])]
    return {
        "relevance": grade_relevance(rows, skill_id, rules),
        "consensus": grade_consensus(rows, skill_id, rules),
        "salience": grade_salience(rows, skill_id, rules),
        "items": grade_items(rows, items, rules),
    }


def decide(rows: Rows, framework: Framework, rules: Rules) -> dict[str, tuple[dict[str, Graded], str, str]]:
    """Return, per skill: grades, the rule's verdict, and the id of the line that gave it."""
    decided: dict[str, tuple[dict[str, Graded], str, str]] = {}
    for skill in framework.skills:
        grades = grade_skill(rows, skill.id, framework, rules)
        decided[skill.id] = (grades, *verdict(grades, rules))
    return decided


def rule_verdicts(rows: Rows, framework: Framework, rules: Rules) -> dict[str, str]:
    """Return the rule's verdict on every skill and every item in use."""
    verdicts = {skill: outcome for skill, (_, outcome, _) in decide(rows, framework, rules).items()}
    return verdicts | {item: outcome for item, (outcome, _) in decide_items(rows, framework, rules).items()}


def decision_rows(
    rows: pd.DataFrame, framework: Framework, rules: Rules, overrides: Mapping[str, Override] | None = None
) -> pd.DataFrame:
    """Return grades, verdicts, counts of verdicts and loss of panellists as result rows.

    The rows that come in have passed the gates (`apply_gates`), so a statistic below its minimum n counts as
    not evaluable. ``decisions.verdict`` is the verdict in force, ``decisions.rule_verdict`` that of the rule; for items
    they are ``item_verdict`` and ``rule_item_verdict``. They differ where the decision log says so, and
    ``decisions.override`` says who decided, when and why.

    Raises
    ------
    InputError
        When an override was written against another verdict than the rule gives (see `overrides`).
    """
    known, overrides = by_id(rows), overrides or {}
    decided = decide(known, framework, rules)
    items = decide_items(known, framework, rules)
    ruled = {skill: (outcome, line) for skill, (_, outcome, line) in decided.items()}
    check_not_stale(overrides, {target: outcome for target, (outcome, _) in (ruled | items).items()})
    parts = []
    for skill_id, (grades, _, _) in decided.items():
        parts += [
            text_row(GRADE_WORDS[graded.grade], stream=STREAM, statistic="grade", target_type="skill",
                     target_id=skill_id, aspect=stream, reason=graded.reason, n_used=graded.n,
                     source_rows="|".join(graded.evidence))
            for stream, graded in grades.items()
        ]  # fmt: skip
        parts.append(
            text_row(_relation(grades), stream=STREAM, statistic="relation", target_type="skill",
                     target_id=skill_id)
        )  # fmt: skip
    source = f"rules:{rules.id} {rules.version}"
    parts += _verdict_rows(ruled, "skill", overrides, source) + _verdict_rows(items, "item", overrides, source)
    final = {skill: overrides[skill].verdict if skill in overrides else ruled[skill][0] for skill in ruled}
    for name in VERDICTS:
        count = sum(outcome == name for outcome in final.values())
        parts.append(count_row(count, stream=STREAM, statistic="n_verdict", group=name, n_used=len(final),
                               unit="verdicts"))  # fmt: skip
    parts.append(count_row(len(final), stream=STREAM, statistic="n_skills", unit="verdicts"))
    agreed = [skill for skill, (grades, _, _) in decided.items() if grades["consensus"].grade == "+"]
    parts.append(_attrition(rows, known, agreed, rules))
    return combine(parts)


def _verdict_rows(
    ruled: Mapping[str, tuple[str, str]], kind: str, overrides: Mapping[str, Override], source: str
) -> list[pd.DataFrame]:
    """Return the verdict in force and that of the rule per target, what was overridden, and how many."""
    parts, changed = [], 0
    for target, (outcome, reason) in ruled.items():
        override = overrides.get(target)
        final, rests_on = outcome, source
        if override is not None:
            final, rests_on = override.verdict, f"decisions[{override.decision_id}]"
            changed += override.changes_verdict
            parts.append(_override_row(override))
        common: dict[str, Any] = {"stream": STREAM, "target_type": kind, "target_id": target, "reason": reason}
        prefix = "" if kind == "skill" else f"{kind}_"
        parts.append(text_row(final, statistic=f"{prefix}verdict", source_rows=rests_on, **common))
        parts.append(text_row(outcome, statistic=f"rule_{prefix}verdict", source_rows=source, **common))
    if ruled:
        parts.append(count_row(changed, stream=STREAM, statistic="n_overridden", target_type=kind, group=kind,
                               n_used=len(ruled), unit="verdicts"))  # fmt: skip
    return parts


def _override_row(override: Override) -> pd.DataFrame:
    """Return the row that prints an override: why (label), which verdict replaces which, who and when."""
    row = text_row(
        override.reason, stream=STREAM, statistic="override", target_type=override.target_type,
        target_id=override.target_id, reason=f"{override.date}|{override.decided_by}",
        source_rows=f"decisions[{override.decision_id}]",
    )  # fmt: skip
    row["method"] = f"{override.rule_verdict}|{override.verdict}"
    if override.merged_into:
        row["method"] += f"|{override.merged_into}"
    return row


def _relation(grades: Mapping[str, Graded]) -> str:
    """Name how the streams relate: confirm, contradict, partly silent, or silent."""
    letters = [graded.grade for graded in grades.values() if graded.grade != "?"]
    if not letters:
        return "silent"
    if "+" in letters and "-" in letters:
        return "contradict"
    if len(letters) >= 2 and len(set(letters)) == 1 and letters[0] != "0":
        return "confirm"
    return "mixed" if len(letters) > 1 else "single"


def _attrition(frame: pd.DataFrame, rows: Rows, agreed: Iterable[str], rules: Rules) -> pd.DataFrame:
    """Return a row for each skill whose agreement in the last round rests on who stayed in the panel.

    So it is when those who stayed had agreed before the others left while the whole panel had not, or when the
    agreement does not hold once the last known answers of those who left are counted.
    """
    cut = rules.value("agreement_share")
    stayed = frame[(frame["statistic"] == "share_agreeing_completers") & (frame["status"] == "ok")]
    parts = []
    for skill_id in agreed:
        evidence: list[str] = []
        for row in stayed[stayed["target_id"] == skill_id].itertuples():
            before = str(row.group).split("_to_")[0]
            whole = rows.get(f"workshop.share_agreeing.importance.{skill_id}.{before}")
            counted = rows.get(f"workshop.share_agreeing_all_panel.importance.{skill_id}.{row.group}")
            if whole is not None and whole["status"] == "ok" and whole["estimate"] < cut <= row.estimate:
                evidence += [str(whole["result_id"]), str(row.result_id)]
            if counted is not None and counted["status"] == "ok" and counted["estimate"] < cut:
                evidence.append(str(counted["result_id"]))
        if evidence:
            parts.append(
                text_row("rests_on_who_stayed", stream=STREAM, statistic="attrition", target_type="skill",
                         target_id=skill_id, source_rows="|".join(evidence))
            )  # fmt: skip
    return combine(parts)


def void_outdated(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows without figures of items whose meaning has changed since people answered.

    The rows ``triage.retest.void`` name the items. Figures of an earlier wording say nothing about the wording that the
    framework has now; so the item's own rows, and those of pairs with it, have no number, and its grade is not
    evaluable.
    """
    named = rows[(rows["stream"] == "triage") & (rows["statistic"] == "retest") & (rows["aspect"] == "void")]
    items = dict(zip(named["target_id"], named["group"], strict=True))
    if not items:
        return rows
    rows = rows.copy()
    about = rows["target_type"].isin(["item", "item_pair"]) & (rows["stream"] != "triage")
    mine = [next((item for item in str(target).split("~") if item in items), "") for target in rows["target_id"]]
    void = rows.index[about & (pd.Series(mine, index=rows.index) != "") & (rows["unit"] != "text")]
    rows.loc[void, ["estimate", "ci_low", "ci_high"]] = float("nan")
    rows.loc[void, "status"] = "undefined"
    changed = pd.Series(mine, index=rows.index)[void]
    rows.loc[void, "reason"] = ["not tested again since version " + items[item] + " of " + item for item in changed]
    return rows


def merge_results(
    parts: Iterable[Path], framework: Framework, rules: Rules, overrides: Mapping[str, Override] | None = None
) -> pd.DataFrame:
    """Return all result rows of a run: the streams' rows after the gates, and the decisions on them."""
    rows = void_outdated(apply_gates(combine(read_results(path) for path in parts), rules))
    return combine([rows, decision_rows(rows, framework, rules, overrides), item_flags(rows, framework, rules)])


def publish(rows: pd.DataFrame, minimum_cell: int, path: Path) -> pd.DataFrame:
    """Mask small cells, write the public results, and return them."""
    public = mask(rows, minimum_cell)
    write_results(public, path)
    return public
