"""From comments to changed texts: comments, suggestions, decisions, changes, versions, every link a row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from .desk import FIRST_VERSION, Desk, Suggestion
from .people import Person
from .setting import Setting, choose

VERSION_DATE = "2025-10-01"


@dataclass(frozen=True)
class Triage:
    """The five linked tables, the quotes apart, and the planted duplicates and contradictions."""

    comments: pd.DataFrame
    quotes: pd.DataFrame
    suggestions: pd.DataFrame
    decisions: pd.DataFrame
    changes: pd.DataFrame
    versions: pd.DataFrame
    truth: pd.DataFrame


def _summary(desk: Desk, suggestion: Suggestion) -> str:
    template = desk.templates[suggestion.template]
    words = template["summary"] if suggestion.head is None else template["en"][-1]
    name = desk.setting.framework.name(template["target"], suggestion.target, "en")
    return words.format(name=name, id=suggestion.target)


def suggestion_table(desk: Desk) -> pd.DataFrame:
    """Return the suggestions in the order of their ids."""
    return pd.DataFrame(
        [
            {
                "suggestion_id": s.id,
                "comment_ids": "|".join(sorted(s.comments)),
                "kind": desk.templates[s.template]["kind"],
                "severity": desk.templates[s.template]["severity"],
                "merged_into": s.head.id if s.head else "",
                "text": _summary(desk, s),
            }
            for s in desk.suggestions
        ]
    )


def decision_table(desk: Desk) -> pd.DataFrame:
    """Return one decision per different suggestion; merged suggestions are decided with theirs."""
    rows: list[dict[str, str]] = []
    bodies = ["tool team", "guide team", "project lead", "Quality Board"]
    for suggestion in (s for s in desk.suggestions if s.head is None):
        together = [suggestion.id] + [s.id for s in desk.suggestions if s.head is suggestion]
        kind = desk.templates[suggestion.template]["target"]
        reason = suggestion.reason
        if suggestion.outcome == "reject" and suggestion.rival and suggestion.rival.outcome.startswith("accept"):
            reason = desk.reasons["contradicts"].format(other=suggestion.rival.id)
        decided_by = {"item": bodies[0], "module": bodies[1]}.get(kind, str(desk.rng.choice(bodies[2:])))
        when = date(2026, 4, 22) + timedelta(days=int(desk.rng.integers(0, 20)))
        rows.append(
            {
                "decision_id": f"D-{len(rows) + 1:03d}",
                "suggestion_ids": "|".join(sorted(together)),
                "outcome": suggestion.outcome,
                "reason": reason,
                "decided_by": decided_by,
                "date": when.isoformat(),
                "evidence": _evidence(suggestion),
            }
        )
    if desk.setting.orphan_decision:
        rows.append(
            {
                "decision_id": f"D-{len(rows) + 1:03d}",
                "suggestion_ids": "SG-999",
                "outcome": "reject",
                "reason": desk.reasons["reject"][0],
                "decided_by": bodies[2],
                "date": "2026-05-11",
                "evidence": "",
            }
        )
    return pd.DataFrame(rows)


def _evidence(suggestion: Suggestion) -> str:
    aspect = {"item_simpler": "clarity", "item_remove": "relevance"}.get(suggestion.template)
    return f"tool_review.item_cvi.{aspect}.{suggestion.target}" if aspect else ""


def change_tables(desk: Desk, decisions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the changes of the accepted decisions and all versions of all texts."""
    by_id = {s.id: s for s in desk.suggestions}
    accepted = decisions[decisions["outcome"].str.startswith("accept")].sort_values(["date", "decision_id"])
    twice = _changed_twice(desk, accepted, by_id)
    current: dict[str, tuple[str, str]] = {}
    changes: list[dict[str, str]] = []
    versions = _first_versions(desk)
    for row in accepted.itertuples():
        suggestion = next(by_id[key] for key in row.suggestion_ids.split("|") if by_id[key].head is None)
        for text_part in range(2 if row.decision_id in twice else 1):
            before, after, level = _texts(desk, suggestion, text_part, current)
            version = current.get(suggestion.target, (FIRST_VERSION, ""))[0]
            new = raise_version(version, level)
            current[suggestion.target] = (
                new,
                after if suggestion.template.split("_")[0] != "module" else "",
            )
            changes.append(
                {
                    "change_id": f"CH-{len(changes) + 1:03d}",
                    "decision_id": row.decision_id,
                    "item_id": suggestion.target,
                    "from_version": version,
                    "to_version": new,
                    "before": before,
                    "after": after,
                }
            )
            versions.append(_version(suggestion.target, new, row.date))
    table = pd.DataFrame(versions)
    newest = ~table.duplicated("item_id", keep="last")
    major = table["version"].str.startswith("2.")
    table["status"] = np.where(newest, np.where(major, "candidate", "active"), "retired")
    return pd.DataFrame(changes), table


def _changed_twice(desk: Desk, accepted: pd.DataFrame, by_id: dict[str, Suggestion]) -> set[str]:
    able = [
        row.decision_id
        for row in accepted.itertuples()
        if not by_id[row.suggestion_ids.split("|")[0]].template.startswith("item_")
    ]
    return set(choose(desk.rng, able, desk.setting.plan["triage"]["split_changes"]))


def _texts(desk: Desk, suggestion: Suggestion, part: int, current: dict[str, tuple[str, str]]) -> tuple[str, str, str]:
    target, framework = suggestion.target, desk.setting.framework
    if target in desk.new_items:
        return framework.name("item", target, "en"), desk.new_items[target]["text"], desk.level_of(target)
    if suggestion.template == "skill_example":
        skill = framework.skill(target)
        before = current.get(target, ("", ""))[1] or skill.definition["en"]
        return before, f"{before} For example: {skill.behaviours['en'][part]}", "minor"
    change = desk.new_modules["second" if part else suggestion.template]
    skill_id = next(module.skills[0] for module in framework.modules if module.id == target)
    behaviour = framework.skill(skill_id).behaviours["en"][0]
    return change["before"], change["after"].format(behaviour=behaviour), change["level"]


def _version(target: str, version: str, when: str) -> dict[str, str]:
    skill = target[:3] if target.startswith("S") else ""
    return {"item_id": target, "version": version, "skill_id": skill, "language": "en", "date": when}


def _first_versions(desk: Desk) -> list[dict[str, str]]:
    framework = desk.setting.framework
    targets = [*desk.setting.items, *desk.setting.skills, *framework.target_ids("module")]
    return [_version(target, FIRST_VERSION, VERSION_DATE) for target in targets]


def truth_table(desk: Desk) -> pd.DataFrame:
    """Return the planted pairs of suggestions: duplicates and contradictions."""
    rows = [{"kind": "duplicate", "first": s.head.id, "second": s.id} for s in desk.suggestions if s.head]
    rows += [
        {"kind": "contradiction", "first": s.id, "second": s.rival.id}
        for s in desk.suggestions
        if s.rival and s.head is None and s.id < s.rival.id
    ]
    return pd.DataFrame(rows)


def raise_version(version: str, level: str) -> str:
    """Return the next version for a patch (typing), minor (wording) or major (meaning) change."""
    major, minor, patch = (int(part) for part in version.split("."))
    if level == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if level == "minor" else f"{major}.{minor}.{patch + 1}"


def triage(setting: Setting, people: list[Person]) -> Triage:
    """Return comments, quotes, suggestions, decisions, changes and versions."""
    desk = Desk(setting, people)
    desk.suggest()
    comments, quotes = desk.comment()
    decisions = decision_table(desk)
    known = decisions if not setting.orphan_decision else decisions.iloc[:-1]
    changes, versions = change_tables(desk, known)
    used = Counter(key for keys in suggestion_table(desk)["comment_ids"] for key in keys.split("|"))
    if set(used) != {*comments["comment_id"], *quotes["comment_id"]}:
        raise RuntimeError("the generator lost a comment")
    return Triage(comments, quotes, suggestion_table(desk), decisions, changes, versions, truth_table(desk))
