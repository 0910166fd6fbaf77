"""Sentences on how far verdicts depend on the people who were asked."""

from __future__ import annotations

from typing import Any

from .book import Book
from .numbers import format_value
from .registry import sentence


@sentence("survival.lead")
def survival_lead(book: Book) -> str:
    """Say which verdict comes out again least often in draws of the people."""
    rows = book.select("decisions", "verdict_survival")
    rows = rows[rows["status"] == "ok"]
    draws = book.find("decisions.n_resamples.all")
    if rows.empty or draws is None:
        return ""
    row = rows.sort_values("estimate", kind="stable").iloc[0].to_dict()
    error = book.row(f"decisions.verdict_survival_error.{row['target_id']}")
    return book.text(
        "survival.lead", n=book.number(draws), skill=book.safe_name(str(row["target_id"])),
        share=share_of_draws(book, row), error=share_of_draws(book, error), table="[](#tbl-survival)",
    )  # fmt: skip


@sentence("overlap.lead")
def overlap_lead(book: Book) -> str:
    """Say how many people took part in several streams, and what the rule says without them."""
    people = book.find("decisions.n_overlapping.all")
    if people is None:
        return ""
    if people["estimate"] == 0:
        return book.text("overlap.nobody")
    changed = book.find("decisions.n_verdicts_changed.left_out.overlap")
    if changed is None or changed["status"] != "ok":
        return book.text("overlap.few")
    count = int(changed["estimate"])
    said = [
        book.text("overlap.lead", count=count, n=book.number(people), k=book.number(changed),
                  total=book.number(changed, "n_used"))
    ]  # fmt: skip
    skills = [skill for skill in str(changed["label"]).split("|") if skill]
    reasons = [str(book.row(f"decisions.verdict_without_overlap.{skill}")["reason"]) for skill in skills]
    small = sum(all(part.endswith(" small") for part in reason.split("|")) for reason in reasons)
    if small:
        said.append(
            book.text("overlap.small_only", count=small, k=book.count(small, "decisions.verdict_without_overlap"))
        )
    return " ".join(said)


def share_of_draws(book: Book, row: dict[str, Any]) -> str:
    """Return a share of draws with one decimal, which thousands of draws allow; words where there is no number."""
    if row["status"] != "ok":
        return book.cell(row)
    return book.claim(format_value(float(row["estimate"]), "share", book.language, digits=1), str(row["result_id"]))


def survival_line(book: Book, skill_id: str) -> str:
    """Return the line of a skill card on draws of the people; empty where there is no number."""
    row, draws = book.find(f"decisions.verdict_survival.{skill_id}"), book.find("decisions.n_resamples.all")
    if row is None or draws is None or row["status"] != "ok":
        return ""
    return book.text("card.survival", share=share_of_draws(book, row), n=book.number(draws))
