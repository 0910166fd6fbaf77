"""The framework file: skills, items, modules, response scale and their texts in all languages."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from .core import StudyError
from .yamlfile import Strict, load_model

Texts = dict[str, str]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=40)]
Version = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]


class Scale(Strict):
    """Response scale: the range is stated, never inferred from answers.

    `labels` holds, per language, one text per scale point from `min` to `max`.
    """

    min: int
    max: int
    labels: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _check(self) -> Scale:
        if self.max <= self.min:
            raise ValueError(f"max {self.max} is not above min {self.min}")
        for language, labels in self.labels.items():
            if len(labels) != self.n_points:
                raise ValueError(
                    f"labels.{language}: {len(labels)} labels for {self.n_points} points ({self.min} to {self.max})"
                )
        return self

    @property
    def n_points(self) -> int:
        """Number of scale points."""
        return self.max - self.min + 1

    @property
    def limits(self) -> tuple[int, int]:
        """Lowest and highest scale point."""
        return self.min, self.max


class Esco(Strict):
    """Link to a concept of the ESCO classification, and how close it is."""

    uri: str
    label: str = ""
    match: Literal["exact", "close", "none"] = "close"
    version: str = ""


class Skill(Strict):
    """One soft skill."""

    id: Identifier
    name: Texts
    definition: Texts = {}
    behaviours: dict[str, list[str]] = {}
    cluster: str = ""
    esco: Esco | None = None


class Module(Strict):
    """One module of the programme guide."""

    id: Identifier
    name: Texts
    skills: list[Identifier] = []


class Item(Strict):
    """One statement of the self-assessment; `key` is -1 when agreement means less of the skill."""

    id: Identifier
    skill: Identifier
    key: Literal[1, -1] = 1
    text: Texts
    version: Version = "1.0.0"
    status: Literal["candidate", "active", "retired"] = "active"


class Framework(Strict):
    """A set of skills with the items that measure them.

    Parameters
    ----------
    id, version, status : str
        Identity; `status` is ``illustrative`` (made up for a demonstration), ``pilot`` or ``final``.
    languages : list of str
        BCP 47 tags; the first is the reference language, which every text must have.
    scale : Scale
        Response scale of the items.
    skills, modules, items : list
        In the order in which they are shown.
    """

    id: Identifier
    version: Version
    status: Literal["illustrative", "pilot", "final"]
    title: Texts = {}
    licence: str = "CC BY 4.0"
    languages: Annotated[list[str], Field(min_length=1)]
    scale: Scale | None = None
    clusters: dict[str, Texts] = {}
    skills: Annotated[list[Skill], Field(min_length=1)]
    modules: list[Module] = []
    items: list[Item] = []

    @field_validator("languages")
    @classmethod
    def _tags(cls, value: list[str]) -> list[str]:
        for tag in value:
            if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag):
                raise ValueError(f"{tag!r} is not a language tag such as en, pl or pt-BR")
        return value

    @model_validator(mode="after")
    def _check(self) -> Framework:
        faults: list[str] = []
        lists: tuple[tuple[str, Sequence[Skill | Item | Module]], ...] = (
            ("skills", self.skills), ("items", self.items), ("modules", self.modules),
        )  # fmt: skip
        for kind, entries in lists:
            seen: dict[str, int] = {}
            for number, entry in enumerate(entries, 1):
                if entry.id in seen:
                    faults.append(f"{kind}[{number}]: id {entry.id!r} is taken by {kind}[{seen[entry.id]}]")
                seen[entry.id] = number
        skills = {skill.id for skill in self.skills}
        known = ", ".join(sorted(skills)[:12]) + (", ..." if len(skills) > 12 else "")
        faults += [
            f"items[{number}] ({item.id}): skill {item.skill!r} is not among the skills {known}"
            for number, item in enumerate(self.items, 1)
            if item.skill not in skills
        ]
        faults += [
            f"modules[{number}]: skill {skill!r} is not among the skills"
            for number, module in enumerate(self.modules, 1)
            for skill in module.skills
            if skill not in skills
        ]
        first = self.languages[0]
        for kind, pairs in (
            ("skills", [(skill.id, skill.name) for skill in self.skills]),
            ("items", [(item.id, item.text) for item in self.items]),
            ("modules", [(module.id, module.name) for module in self.modules]),
        ):
            faults += [f"{kind} {key}: no text in {first!r}" for key, texts in pairs if not texts.get(first)]
            faults += [
                f"{kind} {key}: language {tag!r} is not among the framework's languages"
                for key, texts in pairs
                for tag in texts
                if tag not in self.languages
            ]
        if self.items and self.scale is None:
            faults.append("items need a scale (min, max, labels)")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @cached_property
    def _skills(self) -> dict[str, Skill]:
        return {skill.id: skill for skill in self.skills}

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def _texts(self) -> dict[tuple[str, str], Texts]:
        texts = {("item", item.id): item.text for item in self.items}
        texts |= {("skill", skill.id): skill.name for skill in self.skills}
        return texts | {("module", module.id): module.name for module in self.modules}

    def skill(self, skill_id: str) -> Skill:
        """Return a skill by id, or refuse an unknown id with those that exist."""
        try:
            return self._skills[skill_id]
        except KeyError:
            raise StudyError(f"{self.id}: no skill {skill_id!r}; allowed: {', '.join(self._skills)}") from None

    def item(self, item_id: str) -> Item:
        """Return an item by id, or refuse an unknown id."""
        try:
            return self._items[item_id]
        except KeyError:
            raise StudyError(f"{self.id}: no item {item_id!r}; it has {len(self.items)} items") from None

    def scales(self) -> dict[str, list[Item]]:
        """Return the items of each skill that has items and is not retired, in framework order."""
        groups: dict[str, list[Item]] = {}
        for skill in self.skills:
            items = [item for item in self.items if item.skill == skill.id and item.status != "retired"]
            if items:
                groups[skill.id] = items
        return groups

    def target_ids(self, target_type: str) -> list[str]:
        """Return the ids of all skills, items or modules, in framework order."""
        return [target for kind, target in self._texts if kind == target_type]

    def name(self, target_type: str, target_id: str, language: str | None = None) -> str:
        """Return the text shown for a target, in `language` or else in the reference language."""
        texts = self._texts.get((target_type, target_id))
        return target_id if texts is None else texts.get(language or "", texts[self.languages[0]])

    def language_of(self, target_type: str, target_id: str, language: str) -> str:
        """Return the language of the text that `name` returns; empty when it returns the id."""
        texts = self._texts.get((target_type, target_id))
        return "" if texts is None else language if language in texts else self.languages[0]


def load_framework(path: Path) -> Framework:
    """Read and check a framework file.

    Raises
    ------
    StudyError
        With one line per fault: file, line, path in the file, what is wrong.
    """
    return load_model(Framework, Path(path))


def pick(texts: dict[str, str], framework: Framework, language: str) -> str:
    """Return a text in `language`, or else in the framework's reference language, or else ``""``."""
    return texts.get(language) or texts.get(framework.languages[0], "")


def scale_labels(framework: Framework, language: str) -> list[str]:
    """Return the scale's labels in `language`, else in the reference language, else the bare numbers."""
    if framework.scale is None:
        return []
    labels = framework.scale.labels
    numbers = [str(point) for point in range(framework.scale.min, framework.scale.max + 1)]
    return labels.get(language) or labels.get(framework.languages[0]) or numbers


def instrument_hash(framework: Framework, language: str) -> str:
    """Return a check sum over everything a respondent answers to in one language.

    It covers id, version and language, the scale with its labels, and each item in use with its skill, key
    and text, in order. Names, definitions and evidence may change without changing what was asked.

    Returns
    -------
    str
        ``sha256:`` and 64 hexadecimal digits, over compact JSON with sorted keys.
    """
    scale = framework.scale
    content = {
        "id": framework.id,
        "version": framework.version,
        "language": language,
        "scale": None if scale is None else [scale.min, scale.max, scale_labels(framework, language)],
        "items": [
            [item.id, item.skill, item.key, pick(item.text, framework, language)]
            for items in framework.scales().values()
            for item in items
        ],
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
