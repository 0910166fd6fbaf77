"""Verdicts that people set against the rule, in words: who, when and why."""

from __future__ import annotations

from typing import Any

from .book import Book
from .text_safety import safe_text

Row = dict[str, Any]


def override_of(book: Book, target_id: str) -> Row | None:
    """Return the row of the decision log that set a verdict on a skill or item, taken apart; None without one.

    Its keys: ``rule``, ``verdict``, ``merged_into``, ``date``, ``role``, ``reason``.
    """
    row = book.find(f"decisions.override.{target_id}")
    if row is None:
        return None
    rule, verdict, *into = str(row["method"]).split("|")
    date, _, role = str(row["reason"]).partition("|")
    return {
        "rule": rule, "verdict": verdict, "merged_into": into[0] if into else "", "date": date,
        "role": role, "reason": str(row["label"]), "target_type": str(row["target_type"]),
    }  # fmt: skip


def override_sentence(book: Book, skill_id: str) -> str:
    """Return who set a skill's verdict against the rule and why; empty when the rule's verdict is in force."""
    override = override_of(book, skill_id)
    if override is None:
        return ""
    slots: Row = {name: book.study_text(safe_text(override[name])) for name in ("role", "reason")}
    slots["date"] = safe_text(book.day(override["date"]))
    said = []
    if override["rule"] != override["verdict"]:
        said.append(book.text("card.override", rule=book.text(f"verdict.{override['rule']}"), **slots))
    if override["merged_into"]:
        said.append(book.text("card.merged", skill=book.safe_name(override["merged_into"]), **slots))
    return "\n\n".join(said)


def item_override(book: Book, item_id: str) -> str:
    """Return the mark on an item whose verdict was set against the rule; empty without one."""
    override = override_of(book, item_id)
    if override is None:
        return ""
    words: Row = {name: book.text(f"itemverdict.{override[name]}") for name in ("verdict", "rule")}
    return book.text("card.item_override", **words)


def rule_cell(book: Book, skill_id: str) -> str:
    """Return the line of the verdict table that fits a skill, and the rule's verdict where another is in force."""
    row = book.row(f"decisions.rule_verdict.{skill_id}")
    line, verdict = str(row["reason"]), str(row["label"])
    if verdict == book.verdict(skill_id):
        return line
    return book.text("cell.rule_says", line=line, verdict=book.text(f"verdict.{verdict}"))


def n_overridden(book: Book, kind: str) -> Row | None:
    """Return the row that counts verdicts set against the rule, on skills or on items."""
    return book.find(f"decisions.n_overridden.all.{kind}")


def overridden_sentence(book: Book) -> str:
    """Return how many verdicts on skills and items were set against the rule."""
    rows = [row for row in (n_overridden(book, kind) for kind in ("skill", "item")) if row is not None]
    changed = sum(int(row["estimate"]) for row in rows)
    if not changed:
        return book.text("decisions.no_override")
    total = sum(int(row["n_used"]) for row in rows)
    return book.text(
        "decisions.overridden", count=changed, k=book.count(changed, "decisions.n_overridden"),
        total=book.count(total, "decisions.n_overridden"), table="[](#tbl-overrides)",
    )  # fmt: skip
