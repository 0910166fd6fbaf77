"""The feedback desk: what was suggested, what people wrote, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd

from .people import Person, answered
from .setting import Setting, choose, read_text_file

STREAM_DATES = {
    "workshop": date(2025, 11, 12),
    "guide_review": date(2026, 1, 19),
    "tool_review": date(2026, 2, 9),
    "focus_groups": date(2026, 3, 12),
    "quality_board": date(2026, 4, 2),
    "assembly": date(2026, 4, 9),
}
FIRST_VERSION = "1.0.0"
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


class Desk:
    """Collects suggestions and comments, one after the other from one stream of random numbers."""

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
        reworded = [s for s in self.suggestions if s.template == "item_simpler" and self.level_of(s.target) == "minor"]
        for suggestion in choose(self.rng, reworded, pairs - on_modules):
            suggestion.rival = Suggestion("item_keep", suggestion.target, rival=suggestion)
            self.suggestions.append(suggestion.rival)

    def level_of(self, item: str) -> str:
        """Return how much the new wording of a statement changes: patch, minor or major."""
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
        elif self.level_of(suggestion.target) == "major":
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
            "comment_id": f"Q-{number:03d}",
            "person": self._someone("focus_groups", quote["group"]).email,
            "stream": "focus_groups",
            "target_type": "skill",
            "target_id": quote["skill"],
            "version": FIRST_VERSION,
            "language": quote["language"],
            "text": quote["text"],
            "review": "released",
            "date": when.isoformat(),
            "stance": quote["stance"],
            "group": quote["group"],
        }

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
            "comment_id": f"K-{number:03d}",
            "person": person.email,
            "stream": stream,
            "target_type": kind,
            "target_id": suggestion.target,
            "version": FIRST_VERSION,
            "language": person.language,
            "text": text.format(name=name, id=suggestion.target),
            "review": "pending",
            "date": when.isoformat(),
        }
