"""Response scales that are shipped: a name such as ``agreement-5`` and its labels in nine languages."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core import StudyError
from ..yamlfile import Strict, load_model
from .folding import fold

FOLDER = Path(__file__).resolve().parent
FAMILIES = ("agreement", "frequency", "importance", "satisfaction", "content")
_OR = " | "


class _Family(Strict):
    """One resource file of scales."""

    review: Literal["draft", "reviewed"]
    source: str
    scales: dict[str, dict[str, list[str]]]


class _Texts(Strict):
    """The resource file of texts that mean "no opinion"."""

    review: Literal["draft", "reviewed"]
    texts: dict[str, list[str]]


@dataclass(frozen=True)
class ShippedScale:
    """One response scale; its points count from 1.

    Parameters
    ----------
    name : str
        Name in the study file, e.g. ``agreement-5``.
    labels : dict of str to tuple of tuples of str
        Language -> per point, lowest first, the usual text and its other spellings.
    review : {"draft", "reviewed"}
        Whether native speakers have reviewed the texts.
    """

    name: str
    labels: dict[str, tuple[tuple[str, ...], ...]]
    review: str

    @property
    def n_points(self) -> int:
        """Number of points."""
        return len(next(iter(self.labels.values())))

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest point."""
        return 1.0, float(self.n_points)

    def pairs(self) -> list[tuple[str, float]]:
        """Return (text, number) of all languages and spellings."""
        return [
            (text, float(number))
            for points in self.labels.values()
            for number, texts in enumerate(points, 1)
            for text in texts
        ]


@functools.cache
def shipped_scales() -> dict[str, ShippedScale]:
    """Return all shipped scales by name.

    Raises
    ------
    StudyError
        When a resource file is broken: a scale with unequal numbers of points, or a text that stands for two
        points of one scale.
    """
    found = {}
    for family in FAMILIES:
        content = load_model(_Family, FOLDER / f"{family}.yaml")
        for name, languages in content.scales.items():
            labels = {
                language: tuple(tuple(text.split(_OR)) for text in points) for language, points in languages.items()
            }
            found[name] = checked(ShippedScale(name, labels, content.review))
    return found


def checked(scale: ShippedScale) -> ShippedScale:
    """Return the scale, or refuse it when its languages do not agree on what a text means."""
    expected = int(scale.name.rpartition("-")[2])
    for language, points in scale.labels.items():
        if len(points) != expected:
            raise StudyError(f"{scale.name}, {language}: {len(points)} points; allowed: {expected}")
    seen: dict[str, tuple[str, float]] = {}
    for text, number in scale.pairs():
        other, taken = seen.setdefault(fold(text), (text, number))
        if taken != number:
            raise StudyError(f"{scale.name}: {text!r} is point {number:g}, and {other!r} is point {taken:g}")
    return scale


def shipped_scale(name: str) -> ShippedScale:
    """Return a shipped scale by name, or refuse an unknown name with those that exist."""
    try:
        return shipped_scales()[name]
    except KeyError:
        raise StudyError(f"there are no labels {name!r}; allowed: {', '.join(shipped_scales())}") from None


@functools.cache
def no_opinion_texts() -> frozenset[str]:
    """Return the folded texts, of all languages, by which people decline to judge."""
    content = load_model(_Texts, FOLDER / "no_opinion.yaml")
    return frozenset(fold(text) for texts in content.texts.values() for text in texts)
