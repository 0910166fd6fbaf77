"""Labels to numbers: from the study file, the framework, a shipped scale, or the raw file's own value labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..core import StudyError
from ..framework import Framework
from ..lexicon import fold, no_opinion_texts, shipped_scale, undressed

__all__ = ["LabelTable", "closest", "disorder", "file_labels", "fold", "framework_labels", "label_table",
           "leading_number", "matched", "shipped_labels"]  # fmt: skip

_LEADING = re.compile(r"\s*([+-]?\d+)(?:\s*$|\s*[-–—−:.)=]\s*\D|\s+[^\d\s.,])")
_CODE = re.compile(r"([A-Za-z]*)0*(\d{1,4})(?:\.0+)?|(-\d{1,4})(?:\.0+)?")
CONTRADICTION = "contradiction"


class LabelTable(dict[str, float]):
    """Folded label -> number; `shown` keeps the spelling for messages."""

    def __init__(self, pairs: Iterable[tuple[str, float]] = (), where: str = "") -> None:
        super().__init__()
        self.shown: dict[str, str] = {}
        for label, number in pairs:
            self.add(label, number, where)

    def add(self, label: str, number: float, where: str) -> None:
        """Add a label, or refuse it when the same text stands for another number already."""
        key = fold(label)
        if not key:
            return
        if self.get(key, number) != number:
            raise StudyError(
                f"{where}: label {label!r} stands for {self[key]:g} and for {number:g}; give each label one number "
                "(case, accents, blanks, typographic signs and HTML do not count)"
            )
        self[key] = float(number)
        self.shown.setdefault(key, label)

    def nearest(self, text: str, n: int = 3) -> list[str]:
        """Return the labels most like a text, with their numbers, as messages show them."""
        found = closest(text, self.shown.values(), n)
        return [f"{label!r} ({self[fold(label)]:g})" for label in found]


def leading_number(text: str) -> float | None:
    """Return the whole number a label starts with (``7 – Very important``), or None."""
    match = _LEADING.match(text)
    return float(match.group(1)) if match else None


def matched(text: str, labels: Mapping[str, float]) -> float | str | None:
    """Return the number of a label that stands with its code beside it, or why it cannot be decided.

    Parameters
    ----------
    text : str
        Cell such as ``5 - Strongly agree``, ``Strongly agree (5)``, ``[5]`` or ``Often.``
    labels : mapping
        Folded label -> number.

    Returns
    -------
    float, str or None
        The number; `CONTRADICTION` when the label is known and the code beside it is another number; None when
        no label is recognised. A code alone counts only in brackets, and only if a label has this number.
    """
    bare = fold(text).rstrip(".;:,! ")
    if bare in labels:
        return labels[bare]
    for label, code in undressed(text):
        number = labels.get(label)
        if number is not None:
            return number if number == code else CONTRADICTION
        if not label and labels and float(code) in labels.values():
            return float(code)
    return None


def label_table(labels: Mapping[str, float], where: str) -> LabelTable:
    """Return folded label -> number, or refuse two labels that are the same text with different numbers."""
    return LabelTable(labels.items(), where)


def framework_labels(framework: Framework, where: str) -> LabelTable:
    """Return folded label -> number from the framework's response scale, all languages together."""
    if framework.scale is None or not framework.scale.labels:
        raise StudyError(f"{where}: labels: framework, but the framework's scale has no labels")
    pairs = [
        (label, float(number))
        for labels in framework.scale.labels.values()
        for number, label in enumerate(labels, framework.scale.min)
    ]
    return LabelTable(pairs, f"{where}: the framework's scale, all languages together")


def shipped_labels(name: str, where: str) -> LabelTable:
    """Return folded label -> number of a shipped scale such as ``agreement-5``, all languages together."""
    return LabelTable(shipped_scale(name).pairs(), f"{where}: labels {name}")


def file_labels(labels: Mapping[str, str], where: str) -> LabelTable | None:
    """Return label -> number and code -> number from the value labels that a raw file declares for a column.

    Parameters
    ----------
    labels : mapping of str to str
        Code as it stands in the cells -> its label in words.
    where : str
        For messages.

    Returns
    -------
    LabelTable or None
        None when the codes give no numbers. Codes are numbers (``1``, ``-9``), or letters that are the same in
        all codes with a number behind (``A1`` to ``A5``).

    Raises
    ------
    StudyError
        When a label stands for two numbers.
    """
    matches = {code: _CODE.fullmatch(code.strip()) for code in labels}
    numbered = {code: match for code, match in matches.items() if match is not None}
    prefixes = {match[1] or "" for match in numbered.values()}
    if not numbered or len(prefixes) > 1:
        return None
    if prefixes != {""} and len(numbered) < len(labels):
        return None
    table = LabelTable()
    for code, match in numbered.items():
        number = float(match[2] or match[3])
        table.add(code, number, where)
        table.add(labels[code], number, where)
    return table


def disorder(labels: Mapping[str, str]) -> str:
    """Return in words why the numbers of lettered codes (``A1``, ``A3``, ``A2``) are no scale; empty if they may be.

    Survey programs number such codes as options are added, so the number is a name. It is taken for a value only
    when it rises or falls with the order of the options, and is no other number than one that is the label itself.

    Parameters
    ----------
    labels : mapping of str to str
        Code -> its label, in the order in which the options were shown. Texts for "no opinion" do not count.
    """
    options = [(code.strip(), label.strip()) for code, label in labels.items() if fold(label) not in no_opinion_texts()]
    matches = [_CODE.fullmatch(code) for code, _ in options]
    numbers = [int(match[2]) for match in matches if match is not None and match[1]]
    if len(numbers) < len(options):
        return ""
    if numbers not in (sorted(numbers), sorted(numbers, reverse=True)):
        return "the codes do not follow the order of the options"
    named = zip(options, numbers, strict=True)
    if any(re.fullmatch(r"[+-]?\d{1,4}", label) and int(label) != number for (_, label), number in named):
        return "the codes have other numbers than their labels"
    return ""


def closest(wanted: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """Return the candidates most like a text that was not found, for messages."""
    from difflib import get_close_matches

    folded = {fold(candidate): candidate for candidate in candidates}
    return [folded[key] for key in get_close_matches(fold(wanted), folded, n=n, cutoff=0.5)]
