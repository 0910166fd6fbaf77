"""From comments to changed texts: comments, suggestions, decisions, changes and versions, every link a row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from .people import Person, answered
from .setting import Setting, choose, read_text_file

STREAM_DATES = {
    "workshop": date(2025, 11, 12), "guide_review": date(2026, 1, 19), "tool_review": date(2026, 2, 9),
    "focus_groups": date(2026, 3, 12), "quality_board": date(2026, 4, 2), "assembly": date(2026, 4, 9),
}  # fmt: skip
FIRST_VERSION = "1.0.0"
VERSION_DATE = "2025-10-01"
MODULE_TEMPLATES = {"module_example": 8, "module_case": 8, "module_link": 6, "module_move": 8}


@dataclass
class Suggestion:
    """One suggestion with the comments behind it."""

    template: str
    target: str
    id: str = ""
    outcome: str = ""
    reason: str = ""
    head: Suggestion | None = None
    rival: Suggestion | None = None
    comments: list[str] = field(default_factory=list)


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


class _Desk:
    """The triage desk: builds the tables one after the other from one stream of random numbers."""

    def __init__(self, setting: Setting, people: list[Person]) -> None:
        self.setting, self.people = setting, people
        self.rng = setting.random("triage")
        self.templates = read_text_file("texts/comments.yaml")
        self.reasons = self.templates.pop("reasons")
        revisions = read_text_file("texts/revisions.yaml")
        self.new_items: dict[str, Any] = revisions["items"]
        self.new_modules: dict[str, Any] = revisions["modules"]
        self.quotes = read_text_file("texts/quotes.yaml")
        self.suggestions: list[Suggestion] = []

    # --- suggestions
    def suggest(self) -> None:
        """Fill the list of suggestions: different ones first, then duplicates merged into some of them."""
        add = self.suggestions.append
        for quote in self.quotes:
            template = "skill_keep" if quote["stance"] == "+" else "skill_reconsider"
            if not any(s.template == template and s.target == quote["skill"] for s in self.suggestions):
                add(Suggestion(template, quote["skill"]))
        for item, revision in self.new_items.items():
            add(Suggestion(revision["template"], item))
        for skill in self.setting.skills:
            add(Suggestion("skill_example", skill))
        modules = self.setting.framework.target_ids("module")
        for template, count in MODULE_TEMPLATES.items():
            for module in sorted(choose(self.rng, modules, count)):
                add(Suggestion(template, module))
        self._contradict(modules)
        plan = self.setting.plan["triage"]
        rest = [item for item in self.setting.items if item not in self.new_items]
        for item in sorted(choose(self.rng, rest, plan["suggestions"] - plan["duplicates"] - len(self.suggestions))):
            add(Suggestion("item_simpler", item))
        self._decide()
        heads = [s for s in self.suggestions if s.template not in ("skill_keep", "skill_reconsider", "item_keep")]
        for head in choose(self.rng, heads, plan["duplicates"]):
            add(Suggestion(head.template, head.target, outcome=head.outcome, head=head))
        self.suggestions = choose(self.rng, self.suggestions, len(self.suggestions))
        for number, suggestion in enumerate(self.suggestions, 1):
            suggestion.id = f"SG-{number:03d}"

    def _contradict(self, modules: list[str]) -> None:
        pairs = self.setting.plan["triage"]["contradictions"]
        on_modules = min(6, pairs)
        for module in sorted(choose(self.rng, modules, on_modules)):
            pair = [Suggestion("module_shorten", module), Suggestion("module_extend", module)]
            pair[0].rival, pair[1].rival = pair[1], pair[0]
            self.suggestions += pair
        reworded = [s for s in self.suggestions if s.template == "item_simpler" and self._level(s.target) == "minor"]
        for suggestion in choose(self.rng, reworded, pairs - on_modules):
            suggestion.rival = Suggestion("item_keep", suggestion.target, rival=suggestion)
            self.suggestions.append(suggestion.rival)

    def _level(self, item: str) -> str:
        return self.new_items[item]["level"]

    def _decide(self) -> None:
        for suggestion in self.suggestions:
            template = suggestion.template
            if template in ("skill_keep", "skill_reconsider"):
                suggestion.outcome, suggestion.reason = "defer", self.reasons["scope"]
            elif suggestion.target in self.new_items and template != "item_keep":
                self._accept_revision(suggestion)
            elif template == "item_keep" or (suggestion.rival and suggestion.rival.outcome.startswith("accept")):
                suggestion.outcome = "reject"
            elif self.rng.random() < (0.0 if template == "item_simpler" else self.templates[template]["accept"]):
                suggestion.outcome = str(self.rng.choice(["accept", "accept in part"], p=[0.75, 0.25]))
            else:
                suggestion.outcome = str(self.rng.choice(["reject", "defer"], p=[0.8, 0.2]))
            if not suggestion.reason:
                suggestion.reason = str(self.rng.choice(self.reasons[suggestion.outcome]))

    def _accept_revision(self, suggestion: Suggestion) -> None:
        suggestion.outcome = "accept"
        if suggestion.template == "item_remove":
            suggestion.outcome, suggestion.reason = "accept in part", self.reasons["retire"]
        elif self._level(suggestion.target) == "major":
            suggestion.reason = self.reasons["major"]

    # --- comments
    def comment(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the comments and the quotes, and note on each suggestion which comments it rests on."""
        plan = self.setting.plan["triage"]
        by_key = {(s.template, s.target): s for s in self.suggestions if s.head is None}
        quotes = [self._quote(number, quote, by_key) for number, quote in enumerate(self.quotes, 1)]
        bare = [s for s in self.suggestions if not s.comments]
        usual = [s for s in self.suggestions if s.template not in ("skill_keep", "skill_reconsider")]
        count = plan["comments"] - len(quotes)
        extra = self.rng.choice(len(usual), size=max(0, count - len(bare)))
        authors = choose(self.rng, bare + [usual[index] for index in extra], count)
        rows = [self._one_comment(number, suggestion) for number, suggestion in enumerate(authors, 1)]
        return pd.DataFrame(rows), pd.DataFrame(quotes)

    def _someone(self, stream: str, group: str = "") -> Person:
        pool = [p for p in answered(self.people, stream) if not group or p.group == group]
        pool = pool or answered(self.people, stream)
        return pool[int(self.rng.integers(len(pool)))]

    def _quote(self, number: int, quote: dict[str, str], by_key: dict[tuple[str, str], Suggestion]) -> dict[str, str]:
        template = "skill_keep" if quote["stance"] == "+" else "skill_reconsider"
        by_key[template, quote["skill"]].comments.append(f"Q-{number:03d}")
        when = STREAM_DATES["focus_groups"] + timedelta(days=int(quote["group"][-1]))
        return {
            "comment_id": f"Q-{number:03d}", "person": self._someone("focus_groups", quote["group"]).email,
            "stream": "focus_groups", "target_type": "skill", "target_id": quote["skill"], "version": FIRST_VERSION,
            "language": quote["language"], "text": quote["text"], "review": "released", "date": when.isoformat(),
            "stance": quote["stance"], "group": quote["group"],
        }  # fmt: skip

    def _one_comment(self, number: int, suggestion: Suggestion) -> dict[str, str]:
        template = self.templates[suggestion.template]
        kind = template["target"]
        streams = ["tool_review", "guide_review", "workshop", "focus_groups", "quality_board", "assembly"]
        weights = [0.85, 0.03, 0.02, 0.04, 0.04, 0.02] if kind == "item" else [0.0, 0.70, 0.08, 0.08, 0.07, 0.07]
        stream = str(self.rng.choice(streams, p=weights))
        person = self._someone(stream)
        text = str(self.rng.choice(template[person.language]))
        name = self.setting.framework.name(kind, suggestion.target, person.language)
        when = STREAM_DATES[stream] + timedelta(days=int(self.rng.integers(0, 12)))
        suggestion.comments.append(f"K-{number:03d}")
        return {
            "comment_id": f"K-{number:03d}", "person": person.email, "stream": stream, "target_type": kind,
            "target_id": suggestion.target, "version": FIRST_VERSION, "language": person.language,
            "text": text.format(name=name, id=suggestion.target), "review": "pending", "date": when.isoformat(),
        }  # fmt: skip

    # --- tables of suggestions, decisions, changes, versions
    def _summary(self, suggestion: Suggestion) -> str:
        template = self.templates[suggestion.template]
        words = template["summary"] if suggestion.head is None else template["en"][-1]
        name = self.setting.framework.name(template["target"], suggestion.target, "en")
        return words.format(name=name, id=suggestion.target)

    def suggestion_table(self) -> pd.DataFrame:
        """Return the suggestions in the order of their ids."""
        return pd.DataFrame([
            {"suggestion_id": s.id, "comment_ids": "|".join(sorted(s.comments)),
             "kind": self.templates[s.template]["kind"], "severity": self.templates[s.template]["severity"],
             "merged_into": s.head.id if s.head else "", "text": self._summary(s)}
            for s in self.suggestions
        ])  # fmt: skip

    def decision_table(self) -> pd.DataFrame:
        """Return one decision per different suggestion; merged suggestions are decided with theirs."""
        rows, bodies = [], ["tool team", "guide team", "project lead", "Quality Board"]
        for suggestion in (s for s in self.suggestions if s.head is None):
            together = [suggestion.id] + [s.id for s in self.suggestions if s.head is suggestion]
            kind = self.templates[suggestion.template]["target"]
            reason = suggestion.reason
            if suggestion.outcome == "reject" and suggestion.rival and suggestion.rival.outcome.startswith("accept"):
                reason = self.reasons["contradicts"].format(other=suggestion.rival.id)
            decided_by = {"item": bodies[0], "module": bodies[1]}.get(kind, str(self.rng.choice(bodies[2:])))
            when = date(2026, 4, 22) + timedelta(days=int(self.rng.integers(0, 20)))
            rows.append({
                "decision_id": f"D-{len(rows) + 1:03d}", "suggestion_ids": "|".join(sorted(together)),
                "outcome": suggestion.outcome, "reason": reason, "decided_by": decided_by,
                "date": when.isoformat(), "evidence": self._evidence(suggestion),
            })  # fmt: skip
        if self.setting.orphan_decision:
            rows.append({"decision_id": f"D-{len(rows) + 1:03d}", "suggestion_ids": "SG-999", "outcome": "reject",
                         "reason": self.reasons["reject"][0], "decided_by": bodies[2], "date": "2026-05-11",
                         "evidence": ""})  # fmt: skip
        return pd.DataFrame(rows)

    @staticmethod
    def _evidence(suggestion: Suggestion) -> str:
        aspect = {"item_simpler": "clarity", "item_remove": "relevance"}.get(suggestion.template)
        return f"tool_review.item_cvi.{aspect}.{suggestion.target}" if aspect else ""

    def change_tables(self, decisions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the changes of the accepted decisions and all versions of all texts."""
        by_id = {s.id: s for s in self.suggestions}
        accepted = decisions[decisions["outcome"].str.startswith("accept")].sort_values(["date", "decision_id"])
        twice = self._changed_twice(accepted, by_id)
        current: dict[str, tuple[str, str]] = {}
        changes, versions = [], self._first_versions()
        for row in accepted.itertuples():
            suggestion = next(by_id[key] for key in row.suggestion_ids.split("|") if by_id[key].head is None)
            for text_part in range(2 if row.decision_id in twice else 1):
                before, after, level = self._texts(suggestion, text_part, current)
                version = current.get(suggestion.target, (FIRST_VERSION, ""))[0]
                new = raise_version(version, level)
                current[suggestion.target] = (new, after if suggestion.template.split("_")[0] != "module" else "")
                changes.append({"change_id": f"CH-{len(changes) + 1:03d}", "decision_id": row.decision_id,
                                "item_id": suggestion.target, "from_version": version, "to_version": new,
                                "before": before, "after": after})  # fmt: skip
                versions.append(self._version(suggestion.target, new, row.date))
        table = pd.DataFrame(versions)
        newest = ~table.duplicated("item_id", keep="last")
        major = table["version"].str.startswith("2.")
        table["status"] = np.where(newest, np.where(major, "candidate", "active"), "retired")
        return pd.DataFrame(changes), table

    def _changed_twice(self, accepted: pd.DataFrame, by_id: dict[str, Suggestion]) -> set[str]:
        able = [row.decision_id for row in accepted.itertuples()
                if not by_id[row.suggestion_ids.split("|")[0]].template.startswith("item_")]  # fmt: skip
        return set(choose(self.rng, able, self.setting.plan["triage"]["split_changes"]))

    def _texts(
        self, suggestion: Suggestion, part: int, current: dict[str, tuple[str, str]]
    ) -> tuple[str, str, str]:
        target, framework = suggestion.target, self.setting.framework
        if target in self.new_items:
            return framework.name("item", target, "en"), self.new_items[target]["text"], self._level(target)
        if suggestion.template == "skill_example":
            skill = framework.skill(target)
            before = current.get(target, ("", ""))[1] or skill.definition["en"]
            return before, f"{before} For example: {skill.behaviours['en'][part]}", "minor"
        change = self.new_modules["second" if part else suggestion.template]
        skill_id = next(module.skills[0] for module in framework.modules if module.id == target)
        behaviour = framework.skill(skill_id).behaviours["en"][0]
        return change["before"], change["after"].format(behaviour=behaviour), change["level"]

    def _version(self, target: str, version: str, when: str) -> dict[str, str]:
        skill = target[:3] if target.startswith("S") else ""
        return {"item_id": target, "version": version, "skill_id": skill, "language": "en", "date": when}

    def _first_versions(self) -> list[dict[str, str]]:
        framework = self.setting.framework
        targets = [*self.setting.items, *self.setting.skills, *framework.target_ids("module")]
        return [self._version(target, FIRST_VERSION, VERSION_DATE) for target in targets]

    def truth_table(self) -> pd.DataFrame:
        """Return the planted pairs of suggestions: duplicates and contradictions."""
        rows = [{"kind": "duplicate", "first": s.head.id, "second": s.id} for s in self.suggestions if s.head]
        rows += [
            {"kind": "contradiction", "first": s.id, "second": s.rival.id}
            for s in self.suggestions
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
    desk = _Desk(setting, people)
    desk.suggest()
    comments, quotes = desk.comment()
    decisions = desk.decision_table()
    known = decisions if not setting.orphan_decision else decisions.iloc[:-1]
    changes, versions = desk.change_tables(known)
    used = Counter(key for keys in desk.suggestion_table()["comment_ids"] for key in keys.split("|"))
    if set(used) != {*comments["comment_id"], *quotes["comment_id"]}:
        raise RuntimeError("the generator lost a comment")
    return Triage(comments, quotes, desk.suggestion_table(), decisions, changes, versions, desk.truth_table())
