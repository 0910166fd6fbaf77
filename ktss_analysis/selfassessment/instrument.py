"""What the page and the exports are made from: skills with their items in one language, and a check sum."""

from __future__ import annotations

from dataclasses import dataclass

from ..core import StudyError
from ..framework import Framework, Item, Scale, Skill, instrument_hash, pick, scale_labels


@dataclass(frozen=True, slots=True)
class Instrument:
    """The self-assessment in one language.

    Parameters
    ----------
    framework : Framework
        Where it comes from.
    language : str
        BCP 47 tag, one of the framework's languages.
    skills : tuple of (Skill, tuple of Item)
        Skills that have items in use, in framework order.
    missing : tuple of str
        Texts that this language lacks and the reference language stands in for, e.g. ``"item S01-2"``.
    hash : str
        Check sum of all that a respondent answers to, see `instrument_hash`.
    """

    framework: Framework
    language: str
    skills: tuple[tuple[Skill, tuple[Item, ...]], ...]
    missing: tuple[str, ...]
    hash: str

    @property
    def scale(self) -> Scale:
        """The response scale."""
        assert self.framework.scale is not None  # instrument_of refuses a framework without one
        return self.framework.scale

    @property
    def items(self) -> list[Item]:
        """All items in the order in which they are asked."""
        return [item for _, items in self.skills for item in items]

    @property
    def labels(self) -> list[str]:
        """Labels of the scale points, lowest first."""
        return scale_labels(self.framework, self.language)

    @property
    def title(self) -> str:
        """The framework's title in this language, else in the reference language, else its id."""
        return pick(self.framework.title, self.framework, self.language) or self.framework.id

    def text(self, texts: dict[str, str]) -> str:
        """Return a text in this language, or else in the reference language."""
        return pick(texts, self.framework, self.language)

    def modules(self, skill_id: str) -> list[str]:
        """Return the names of the programme's modules that treat a skill."""
        return [self.text(module.name) for module in self.framework.modules if skill_id in module.skills]


def instrument_of(framework: Framework, language: str) -> Instrument:
    """Return the self-assessment of a framework in one language; retired items are left out.

    Raises
    ------
    StudyError
        When the framework has no scale or no item in use, or does not have the language.
    """
    if language not in framework.languages:
        raise StudyError(f"{framework.id}: no language {language!r}; allowed: {', '.join(framework.languages)}")
    scales = framework.scales()
    if framework.scale is None or not scales:
        raise StudyError(f"{framework.id}: a self-assessment needs a scale and items; the framework has none in use")
    skills = tuple((framework.skill(key), tuple(items)) for key, items in scales.items())
    missing = [f"skill {skill.id}" for skill, _ in skills if not skill.name.get(language)]
    missing += [f"item {item.id}" for _, items in skills for item in items if not item.text.get(language)]
    if framework.scale.labels and language not in framework.scale.labels:
        missing.append("scale labels")
    return Instrument(framework, language, skills, tuple(missing), instrument_hash(framework, language))
