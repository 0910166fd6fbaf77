"""Tables on decisions: verdicts set against the rule, and how far verdicts depend on choices and on people."""

from __future__ import annotations

from typing import Any

from .book import Book
from .overridden import override_of
from .registry import table
from .tables import badge, emit_records, named

Row = dict[str, Any]


@table("overrides")
def overrides(book: Book) -> None:
    """Print every verdict that people set, beside the rule's: who, when and why; nothing when there is none."""
    rows = book.select("decisions", "override")
    if rows.empty:
        return
    records = []
    for row in book.uses(rows.sort_values("target_type", ascending=False, kind="stable")):  # skills first
        override = override_of(book, str(row["target_id"])) or {}
        records.append(
            {
                book.text("column.target_changed"): named(book, str(row["target_id"]), str(row["target_type"])),
                book.text("column.rule_verdict"): _verdict(book, override, "rule"),
                book.text("column.final_verdict"): _verdict(book, override, "verdict"),
                book.text("column.decided_by"): f"{override['role']}, {book.day(override['date'])}",
                book.text("column.reason"): book.study_text(override["reason"]),
            }
        )
    emit_records(book, records, "overrides", book.text("table.overrides"))


def _verdict(book: Book, override: Row, field: str) -> str:
    """Return the rule's verdict or the one in force as a table cell."""
    if override["target_type"] == "item":
        return book.text(f"itemverdict.{override[field]}")
    if field == "verdict" and override["merged_into"]:
        word = book.text(f"verdict.{override[field]}")
        return book.text("cell.merged", verdict=word, skill=book.cell_name(override["merged_into"]))
    return badge(book, override[field])
