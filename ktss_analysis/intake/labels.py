"""Labels to numbers, without regard to case, accents, blanks and typographic signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from ..core import StudyError
from ..framework import Framework

_SAME = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("‘’‚‛′`´ʼ", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        "…": "...", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i", "æ": "ae",
        "Æ": "AE",
        "œ": "oe", "Œ": "OE",
    }
)  # fmt: skip
_LEADING = re.compile(r"\s*([+-]?\d+)(?:\s*$|\s*[-–—−:.)=]\s*\D|\s+[^\d\s.,])")


def fold(text: str) -> str:
    """Return the form in which two texts are the same label.

    Case, accents, repeated blanks and the shape of quotes and dashes do not count.
    """
    plain = text.translate(_SAME).casefold().translate(_SAME)
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    return " ".join(plain.split())


def leading_number(text: str) -> float | None:
    """Return the whole number a label starts with (``7 – Very important``), or None."""
    match = _LEADING.match(text)
    return float(match.group(1)) if match else None


def label_table(labels: Mapping[str, float], where: str) -> dict[str, float]:
    """Return folded label -> number, or refuse two labels that are the same text with different numbers."""
    table: dict[str, float] = {}
    for label, number in labels.items():
        key = fold(label)
        if table.get(key, number) != number:
            raise StudyError(
                f"{where}: label {label!r} stands for {table[key]:g} and for {number:g}; "
                "give each label one number (case, accents and blanks do not count)"
            )
        table[key] = float(number)
    return table


def framework_labels(framework: Framework, where: str) -> dict[str, float]:
    """Return folded label -> number from the framework's response scale, all languages together."""
    if framework.scale is None or not framework.scale.labels:
        raise StudyError(f"{where}: labels: framework, but the framework's scale has no labels")
    pairs: dict[str, float] = {}
    for labels in framework.scale.labels.values():
        for number, label in enumerate(labels, framework.scale.min):
            if pairs.get(fold(label), number) != number:
                raise StudyError(f"{where}: the framework's label {label!r} stands for two numbers in two languages")
            pairs[fold(label)] = float(number)
    return pairs


def closest(wanted: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """Return the candidates most like a text that was not found, for messages."""
    from difflib import get_close_matches

    folded = {fold(candidate): candidate for candidate in candidates}
    return [folded[key] for key in get_close_matches(fold(wanted), folded, n=n, cutoff=0.5)]
