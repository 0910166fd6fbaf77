"""What several exports share: rows of items, answers that are no number."""

from __future__ import annotations

from ...framework import Framework, Item, Skill, pick, scale_labels
from ..strings import load_strings

NO_ANSWER = {"not_applicable": "NA", "prefer_not_to_say": "PNS"}
"""Answers that are no number, with the short codes that some tools need."""


def scales(framework: Framework) -> list[tuple[Skill, list[Item]]]:
    """Return the skills that have items in use, with these items."""
    return [(framework.skill(key), items) for key, items in framework.scales().items()]


def answers(framework: Framework, language: str) -> list[tuple[str, str]]:
    """Return value and label of every possible answer in a language, those that are no number last."""
    if framework.scale is None:
        return []
    low = framework.scale.min
    numbers = [(str(low + place), label) for place, label in enumerate(scale_labels(framework, language))]
    strings = load_strings(language)
    return numbers + [(value, strings.text(f"answer.{value}")) for value in NO_ANSWER]


def title_of(framework: Framework, language: str) -> str:
    """Return the framework's title in a language."""
    return pick(framework.title, framework, language) or framework.id
