"""Tables on decisions: verdicts set against the rule, and how far verdicts depend on choices and on people."""

from __future__ import annotations

from typing import Any

from ..rules import VerdictRule
from .book import Book
from .decision_sentences import share_of_draws
from .overridden import override_of
from .registry import table
from .sentences import verdict_groups
from .tables import badge, emit_records, named, sign_text

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


@table("survival")
def survival(book: Book) -> None:
    """Print how often each verdict of the rule comes out again, what else comes out, and what overlap changes."""
    draws = book.find("decisions.n_resamples.all")
    if draws is None:
        return
    records = []
    for skills in verdict_groups(book).values():
        for skill in skills:
            row = book.row(f"decisions.verdict_survival.{skill}")
            records.append(
                {
                    book.text("column.skill"): book.cell_name(skill),
                    book.text("column.rule_verdict"): badge(
                        book, str(book.row(f"decisions.rule_verdict.{skill}")["label"])
                    ),
                    book.text("column.survives"): share_of_draws(book, row),
                    book.text("column.error"): share_of_draws(
                        book, book.row(f"decisions.verdict_survival_error.{skill}")
                    ),
                    book.text("column.otherwise"): _otherwise(book, skill),
                    book.text("column.without_overlap"): without_overlap_cell(book, skill),
                }
            )
    note = book.text("note.survival", n=book.number(draws))
    emit_records(book, records, "survival", book.text("table.survival"), [note])


def _otherwise(book: Book, skill_id: str) -> str:
    """Return the most frequent other verdict of the draws, with its share; a dash when there is none."""
    now = str(book.row(f"decisions.rule_verdict.{skill_id}")["label"])
    rows = book.select("decisions", "verdict_share", target_id=skill_id)
    rows = rows[(rows["group"] != now) & (rows["status"] == "ok")].sort_values(
        ["estimate", "group"], ascending=[False, True], kind="stable"
    )
    if rows.empty:
        return "–"
    row = rows.iloc[0].to_dict()
    word = book.text(f"verdict.{row['group']}")
    return f"{word} {share_of_draws(book, row)}"


def without_overlap_cell(book: Book, skill_id: str) -> str:
    """Return what the rule says of a skill without the people of several streams: nothing new, or what and why."""
    row = book.find(f"decisions.verdict_without_overlap.{skill_id}")
    if row is None:
        return "–"
    if row["status"] != "ok":
        return book.cell(row)
    if row["label"] == book.row(f"decisions.rule_verdict.{skill_id}")["label"]:
        return book.text("cell.same")
    moved = "; ".join(_moved(book, text) for text in str(row["reason"]).split("|"))
    word = book.text(f"verdict.{row['label']}")
    return f"{word} ({moved})"


def _moved(book: Book, text: str) -> str:
    """Return a change such as ``consensus +0`` or ``consensus small`` in words."""
    stream, _, change = text.partition(" ")
    name = book.text(f"stream.{stream}")
    if change == "small":
        return book.text("overlap.small", stream=name)
    return book.text("overlap.grade", stream=name, before=sign_text(change[0]), after=sign_text(change[1]))


# ------------------------------------------------------------------------------ the rules in words

GRADE_WORDS = {"+": "supported", "0": "undecided", "-": "not_supported", "?": "not_evaluable"}


@table("verdict_rules")
def verdict_rules(book: Book) -> None:
    """Print the verdict table of the rules file in words, line by line in the order in which it is read."""
    records = [
        {
            book.text("column.rule"): rule.id,
            book.text("column.condition"): _conditions(book, rule),
            book.text("column.verdict"): badge(book, rule.verdict),
        }
        for rule in book.rules.verdicts
    ]
    emit_records(book, records, "verdict-rules", book.text("table.verdict_rules"))


def _conditions(book: Book, rule: VerdictRule) -> str:
    """Return what a line of the verdict table asks for, one part a line."""
    parts = [
        book.text(f"verdictrule.{kind}", conditions="; ".join(_condition(book, one) for one in conditions))
        for kind, conditions in (("all", rule.all), ("any", rule.any))
        if conditions
    ]
    return "\n".join(parts) or book.text("verdictrule.else")


def _condition(book: Book, condition: dict[str, str]) -> str:
    """Return one condition: a stream and its grades; several streams in one condition hold together."""
    return book.joined([
        book.text("verdictrule.grades", stream=book.text(f"stream.{stream}"), grades=_grades(book, allowed))
        for stream, allowed in condition.items()
    ])  # fmt: skip


def _grades(book: Book, allowed: str) -> str:
    words = [book.text(f"verdictrule.{GRADE_WORDS[sign]}", sign=sign_text(sign)) for sign in allowed]
    if len(words) < 2:
        return "".join(words)
    return book.text("list.or", first=", ".join(words[:-1]), last=words[-1])
