"""Which skill, module or item of a framework a column is about: by its id, or by its text in any language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz import fuzz

from ..framework import Framework
from ..lexicon import fold
from ..readers import ColumnInfo

KINDS = ("item", "skill", "module")

TEXT_MATCH = 90.0
"""Least likeness (0 to 100, normalised edit distance) at which two texts are the same question.

One changed word in ten gives about 90. The most alike among the different texts of the demonstration, in all its
languages, reach 81 (a test measures it), so a question is not taken for its neighbour.
"""

TEXT_MARGIN = 5.0
"""The best target must be this much more like the column than the second best."""

LONG_ENOUGH = 20
"""A target's text of so many signs that stands whole in a longer question is a match."""

_NUMBERING = re.compile(r"^\s*(?:[a-z]{0,2}\d+(?:[._]\d+)*[a-z]?\s*[.):_-]+\s*)+", re.IGNORECASE)
_BRACKETS = re.compile(r"\[([^\[\]]+)\]\s*$")


@dataclass(frozen=True, slots=True)
class Target:
    """What a column is about.

    Parameters
    ----------
    kind, id : str
        Kind (skill, module, item) and id in the framework.
    pattern : str
        The header with ``{target}`` in place of the id; empty when it was found by its text.
    score : float
        100 for an id, else the likeness of the texts, 0 to 100.
    language : str
        Language of the text that was found; empty for an id.
    stem : str
        What the header says beside the target: the question above a grid, or the pattern.
    """

    kind: str
    id: str
    pattern: str
    score: float
    language: str = ""
    stem: str = ""


class KnownText(NamedTuple):
    """A text of a framework, folded, with the target it belongs to and its language."""

    kind: str
    id: str
    language: str
    text: str


def target_by_id(header: str, framework: Framework) -> Target | None:
    """Return the target whose id stands in a header, if no other does; a longer id hides those within it."""
    ids = [(target, kind) for kind in KINDS for target in framework.target_ids(kind)]
    found: list[tuple[int, int, str, str]] = []
    for target, kind in sorted(ids, key=lambda pair: (-len(pair[0]), pair)):
        expression = "[-_.]".join(map(re.escape, re.split(r"[-_]", target)))
        for match in re.finditer(rf"(?<![^\W_]){expression}(?![^\W_])", header, re.IGNORECASE):
            if not any(start <= match.start() and match.end() <= end for start, end, _, _ in found):
                found.append((*match.span(), target, kind))
    if len(found) != 1:
        return None
    start, end, target, kind = found[0]
    pattern = header[:start] + "{target}" + header[end:]
    spelled = header[start:end].casefold() == target.casefold()
    return Target(kind, target, pattern if spelled else "", 100.0, "", pattern.replace("{target}", " "))


def known_texts(framework: Framework) -> list[KnownText]:
    """Return the folded texts of all items, skills and modules in all languages."""
    return [
        KnownText(kind, target, language, fold(framework.name(kind, target, language)))
        for kind in KINDS
        for target in framework.target_ids(kind)
        for language in framework.languages
    ]


def target_by_text(header: str, info: ColumnInfo, known: Sequence[KnownText]) -> tuple[Target | None, Target | None]:
    """Return the target whose text a column shows, and the nearest one when that is not near enough.

    Returns
    -------
    found, nearest : Target or None
        `found` is at least `TEXT_MATCH` alike and at least `TEXT_MARGIN` more than any other target.
    """
    best: dict[tuple[str, str], Target] = {}
    for text, stem in _texts_of(header, info):
        for kind, target, language, name in known:
            score = _likeness(text, name)
            if score and (not (earlier := best.get((kind, target))) or score > earlier.score):
                best[kind, target] = Target(kind, target, "", score, language, stem)
    ranked = sorted(best.values(), key=lambda target: (-target.score, target.kind, target.id))
    if not ranked:
        return None, None
    second = ranked[1].score if len(ranked) > 1 else 0.0
    if ranked[0].score >= TEXT_MATCH and ranked[0].score - second >= TEXT_MARGIN:
        return ranked[0], None
    return None, ranked[0]


def _likeness(text: str, known: str) -> float:
    if len(known) >= LONG_ENOUGH and known in text:
        return 100.0
    return float(fuzz.ratio(text, known, score_cutoff=50.0))


def _texts_of(header: str, info: ColumnInfo) -> list[tuple[str, str]]:
    """Return the folded texts by which a column may be known, each with what stands around it."""
    found: list[tuple[str, str]] = []
    for text in (info.text, *info.texts.values(), header):
        inner = _BRACKETS.search(text)
        if inner:
            found.append((fold(inner[1]), text[: inner.start()]))
        found.append((fold(_NUMBERING.sub("", text)), ""))
    return list(dict.fromkeys((text, stem) for text, stem in found if len(text) > 2))
