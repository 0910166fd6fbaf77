"""Scores of the self-assessment and how they are written: the same numbers and texts as ``assets/score.mjs``.

Both sides add whole numbers first and divide once. What is shown is rounded half up in whole-number arithmetic,
so no binary fraction is ever rounded and the two languages cannot differ. Half widths of bands are whole
thousandths of a scale point, rounded up (see `evidence`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NO_ANSWER = ("not_applicable", "prefer_not_to_say")
"""Answers that are no number: they are left out of the score, like an unanswered item."""

MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one skill in whole numbers.

    Parameters
    ----------
    total : int
        Sum of the answers after turning reverse-keyed items.
    answered, items : int
        Items with a number, and all items of the skill.
    enough : bool
        Enough answers for a score, see `needed`.
    """

    total: int
    answered: int
    items: int
    enough: bool

    @property
    def mean(self) -> float:
        """Mean answer on the response scale; only meaningful when `enough`."""
        return self.total / self.answered


def needed(n_items: int, share: float) -> int:
    """Return how many items must be answered for a score: at least `share` of them, and at least one."""
    return max(1, math.ceil(n_items * share - 1e-9))


def score_skill(
    items: Sequence[Mapping[str, object]], answers: Mapping[str, object], limits: tuple[int, int], share: float
) -> Score:
    """Score one skill.

    Parameters
    ----------
    items : sequence of mappings with ``id`` and ``key``
        The items of the skill; key -1 turns an answer (lowest + highest - answer).
    answers : mapping from item id to answer
        A whole number in range, one of `NO_ANSWER`, or absent/None. Anything else is refused.
    limits : (int, int)
        Lowest and highest point of the response scale.
    share : float
        Share of the items that must be answered.

    Raises
    ------
    ValueError
        For an answer that is neither a whole number of the scale nor one of `NO_ANSWER`.
    """
    low, high = limits
    total = answered = 0
    for item in items:
        value = answers.get(str(item["id"]))
        if value is None or value in NO_ANSWER:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"item {item['id']}: {value!r}; allowed: whole numbers from {low} to {high}")
        total += low + high - value if item["key"] == -1 else value
        answered += 1
    return Score(total, answered, len(items), answered >= needed(len(items), share))


def divided_half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded to a whole number, halves away from zero; denominator above 0."""
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -size if numerator < 0 else size


def tenths_text(tenths: int, mark: str) -> str:
    """Return whole tenths as a decimal with one digit: 43 -> ``'4.3'`` or ``'4,3'``."""
    size = abs(tenths)
    return f"{MINUS if tenths < 0 else ''}{size // 10}{mark}{size % 10}"


def whole_text(value: int) -> str:
    """Return a whole number with a typographic minus."""
    return f"{MINUS if value < 0 else ''}{abs(value)}"


def score_text(score: Score, mark: str) -> str:
    """Return the score with one decimal, for use with a band."""
    return tenths_text(divided_half_up(10 * score.total, score.answered), mark)


def whole_score(score: Score) -> int:
    """Return the score as the nearest point of the scale, for use without a band."""
    return divided_half_up(score.total, score.answered)


def band_tenths(score: Score, half_width: int, limits: tuple[int, int]) -> tuple[int, int]:
    """Return the limits of the band in tenths of a point, kept inside the scale.

    Parameters
    ----------
    score : Score
        A score with enough answers.
    half_width : int
        Thousandths of a scale point, for this number of answers.
    limits : (int, int)
        Lowest and highest point of the response scale.
    """
    low = max(1000 * score.total - half_width * score.answered, 1000 * limits[0] * score.answered)
    high = min(1000 * score.total + half_width * score.answered, 1000 * limits[1] * score.answered)
    return divided_half_up(low, 100 * score.answered), divided_half_up(high, 100 * score.answered)


def differ(first: Score, second: Score, half_widths: tuple[int, int], factor: float = 1.0) -> int:
    """Return 1 or -1 when the first score is higher or lower beyond the error of the difference, else 0.

    The error of a difference is the root of the sum of the two squared half widths, times `factor` (which
    widens it when many pairs are looked at).
    """
    gap = first.total * second.answered - second.total * first.answered
    error = math.sqrt(half_widths[0] * half_widths[0] + half_widths[1] * half_widths[1])
    if abs(gap) * 1000 > first.answered * second.answered * error * factor:
        return 1 if gap > 0 else -1
    return 0
