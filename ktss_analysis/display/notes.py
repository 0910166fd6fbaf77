"""The note under a table that says which intervals stand in it; it names no method that the table does not use."""

from __future__ import annotations

import re

from .book import Book
from .numbers import format_value

METHODS = {
    "wilson": r"Wilson",
    "score": r"Penfield-Giacobbi",
    "feldt": r"Feldt",
    "delta": r"delta interval",
    "chi_square": r"chi-square interval",
    "fisher": r"Fisher z",
    "bootstrap": r"percentile",
    "jackknife": r"jackknife",
    "order": r"order statistics",
    "t": r"\bt interval",
}
"""Name in the catalogue (``interval_method.wilson``) -> how the method column of a result row names it."""


def level_text(book: Book) -> str:
    """Return the confidence level in force as text."""
    level = format_value(book.rules.ci_level, "share", book.language)
    return book.claim(level, "rules.ci_level", "ci_level")


def interval_methods(book: Book) -> list[str]:
    """Return the methods of the intervals printed since the table began, in the order of `METHODS`."""
    printed = dict.fromkeys(claim.result_id for claim in book.claims_of_exhibit() if claim.field == "ci_low")
    rows = [row for name in printed if (row := book.find(name)) is not None]
    texts = [f"{row['ci_method']} {row['method']}" for row in rows]
    return [name for name, pattern in METHODS.items() if any(re.search(pattern, text) for text in texts)]


def interval_note(book: Book) -> list[str]:
    """Return the note on the intervals of the table in the making; none when no interval stands in it."""
    methods = [book.text(f"interval_method.{name}") for name in interval_methods(book)]
    return [book.text("note.interval", level=level_text(book), methods=", ".join(methods))] if methods else []
