"""Joint display: one grade per skill and stream, a verdict per skill, its trace and its sensitivity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from .disclosure import mask
from .framework import Framework
from .results import combine, count_row, read_results, text_row, write_results
from .rules import (
    STREAMS,
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
VERDICTS = ("keep", "keep_discordant", "provisional", "revise", "drop", "not_decided")
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
    """Return, per skill: grades, verdict, and the id of the rule that gave it."""
    decided: dict[str, tuple[dict[str, Graded], str, str]] = {}
    for skill in framework.skills:
        grades = grade_skill(rows, skill.id, framework, rules)
        decided[skill.id] = (grades, *verdict(grades, rules))
    return decided


def decision_rows(rows: pd.DataFrame, framework: Framework, rules: Rules) -> pd.DataFrame:
    """Return grades, verdicts, counts of verdicts and their sensitivity as result rows.

    The rows that come in have passed the gates (`apply_gates`), so a statistic below its minimum n counts as
    not evaluable.
    """
    known = by_id(rows)
    decided = decide(known, framework, rules)
    parts = []
    for skill_id, (grades, outcome, rule) in decided.items():
        parts += [
            text_row(GRADE_WORDS[graded.grade], stream=STREAM, statistic="grade", target_type="skill",
                     target_id=skill_id, aspect=stream, reason=graded.reason, n_used=graded.n,
                     source_rows="|".join(graded.evidence))
            for stream, graded in grades.items()
        ]  # fmt: skip
        parts.append(
            text_row(outcome, stream=STREAM, statistic="verdict", target_type="skill", target_id=skill_id,
                     reason=rule, source_rows=f"rules:{rules.id} {rules.version}")
        )  # fmt: skip
        parts.append(
            text_row(_relation(grades), stream=STREAM, statistic="relation", target_type="skill",
                     target_id=skill_id)
        )  # fmt: skip
    outcomes = {skill: outcome for skill, (_, outcome, _) in decided.items()}
    for name in VERDICTS:
        count = sum(outcome == name for outcome in outcomes.values())
        parts.append(count_row(count, stream=STREAM, statistic="n_verdict", group=name, n_used=len(outcomes),
                               unit="verdicts"))  # fmt: skip
    parts.append(count_row(len(outcomes), stream=STREAM, statistic="n_skills", unit="verdicts"))
    agreed = [skill for skill, (grades, _, _) in decided.items() if grades["consensus"].grade == "+"]
    parts.append(_attrition(rows, known, agreed, rules))
    parts.append(_sensitivity(known, framework, rules, outcomes))
    return combine(parts)


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


def _variants(rules: Rules) -> Iterator[tuple[str, str, Rules]]:
    """Yield the rules with each threshold one step lower and higher."""
    for name, threshold in rules.thresholds.items():
        if threshold.step is None:
            continue
        for direction, sign in (("lower", -1), ("higher", 1)):
            yield name, direction, rules.with_threshold(name, threshold.value + sign * threshold.step)


def _sensitivity(rows: Rows, framework: Framework, rules: Rules, outcomes: Mapping[str, str]) -> pd.DataFrame:
    """Return how many verdicts change when a threshold moves one step, or when a stream is left out."""
    parts = []
    for name, direction, changed in _variants(rules):
        other = {skill: outcome for skill, (_, outcome, _) in decide(rows, framework, changed).items()}
        flipped = [skill for skill in outcomes if outcomes[skill] != other[skill]]
        parts.append(
            count_row(len(flipped), stream=STREAM, statistic="n_verdicts_changed", target_type="threshold",
                      target_id=name, aspect=direction, n_used=len(outcomes), unit="verdicts",
                      label="|".join(flipped))
        )  # fmt: skip
    for stream in STREAMS:
        flipped = []
        for skill, (grades, outcome, _) in decide(rows, framework, rules).items():
            silent = {**grades, stream: Graded("?", 0, "left_out", ())}
            if verdict(silent, rules)[0] != outcome:
                flipped.append(skill)
        parts.append(
            count_row(len(flipped), stream=STREAM, statistic="n_verdicts_changed", target_type="stream",
                      target_id=stream, aspect="left_out", n_used=len(outcomes), unit="verdicts",
                      label="|".join(flipped))
        )  # fmt: skip
    return combine(parts)


def item_flags(rows: pd.DataFrame, framework: Framework, rules: Rules) -> pd.DataFrame:
    """Return what to do about each item: keep, revise wording, look at it, check its scoring, or redundant.

    Every flag rests on published rows and a threshold of the rules file; more than one flag may stand.
    """
    parts = []
    by_item = dict(list(rows[rows["target_type"] == "item"].groupby("target_id")))
    pairs = rows[(rows["statistic"] == "inter_item_correlation") & (rows["status"] == "ok")]
    for skill_id, items in framework.scales().items():
        for item in items:
            mine = by_item.get(item.id, rows.iloc[:0])
            for flag, evidence in _flags_of(item.id, mine, pairs, rules):
                parts.append(
                    text_row(flag, stream=STREAM, statistic="item_flag", target_type="item", target_id=item.id,
                             aspect=flag, group=skill_id, source_rows=evidence)
                )  # fmt: skip
    return combine(parts)


def _flags_of(item_id: str, mine: pd.DataFrame, pairs: pd.DataFrame, rules: Rules) -> Iterable[tuple[str, str]]:
    def find(statistic: str, aspect: str = "") -> pd.Series | None:
        hit = mine[(mine["statistic"] == statistic) & (mine["aspect"] == aspect) & (mine["status"] == "ok")]
        return None if hit.empty else hit.iloc[0]

    relevance, clarity = find("item_cvi", "relevance"), find("item_cvi", "clarity")
    cut = rules.value("relevance_not_supported")
    if relevance is not None and relevance["ci_high"] < cut:
        yield "not_relevant", relevance["result_id"]
    if clarity is not None and clarity["ci_high"] < cut:
        yield "revise_wording", clarity["result_id"]
    rest = find("item_rest_correlation")
    if rest is not None and rest["estimate"] < 0:
        yield "check_scoring", rest["result_id"]
    elif rest is not None and rest["estimate"] < rules.value("item_rest"):
        yield "weak", rest["result_id"]
    for row in pairs.itertuples():
        if item_id in str(row.target_id).split("~") and row.estimate > rules.value("redundant"):
            yield "redundant", str(row.result_id)
            break


def merge_results(parts: Iterable[Path], framework: Framework, rules: Rules) -> pd.DataFrame:
    """Return all result rows of a run: the streams' rows after the gates, and the decisions on them."""
    rows = apply_gates(combine(read_results(path) for path in parts), rules)
    return combine([rows, decision_rows(rows, framework, rules), item_flags(rows, framework, rules)])


def publish(rows: pd.DataFrame, minimum_cell: int, path: Path) -> pd.DataFrame:
    """Mask small cells, write the public results, and return them."""
    public = mask(rows, minimum_cell)
    write_results(public, path)
    return public
