"""The two pages for the Quality Board: sources, skills, and what another threshold would change."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..overrides import SKILL_VERDICTS
from .book import Book
from .decision_sentences import share_of_draws
from .overridden import rule_cell
from .registry import table
from .sentences import verdict_groups
from .tables import badge, emit_records, groups_cell, items_cell, sign_text, tier_cell

Row = dict[str, Any]
SOURCES = (
    ("relevance", "guide_review"), ("consensus", "workshop"), ("items", "tool_review"), ("salience", "focus_groups"),
)  # fmt: skip
BESIDE = ("best_worst", "quality_board", "assembly")
"""Activities that give no grade."""
GRADES = ("supported", "undecided", "not_supported", "not_evaluable")


@table("board_sources")
def board_sources(book: Book) -> None:
    """Print every source: people planned and used, how many skills it supports, and why others have no grade."""
    records = []
    for stream, activity in SOURCES:
        grades = book.uses(book.select("decisions", "grade", aspect=stream))
        counts = Counter(str(row["label"]) for row in grades)
        reasons = Counter(str(row["reason"]) for row in grades if row["label"] == "not_evaluable")
        missing = "; ".join(
            book.text("cell.times", reason=book.text(f"reason.{reason}"), n=book.count(n, "decisions.grade"))
            for reason, n in sorted(reasons.items())
        )
        records.append(
            _people(book, activity)
            | {book.text(f"column.{name}"): book.count(counts[name], "decisions.grade") for name in GRADES}
            | {book.text("column.missing"): missing or book.text("cell.nothing_missing")}
        )
    dashes = {book.text(f"column.{name}"): "–" for name in (*GRADES, "missing")}
    records += [_people(book, activity) | dashes for activity in BESIDE if _took_part(book, activity)]
    ids = "`participants.n_used_people.*`, `decisions.grade.*`"
    note = book.text("board.ids_plain", ids=ids)
    emit_records(book, records, "board-sources", book.text("table.board_sources"), [note])


def _took_part(book: Book, activity: str) -> bool:
    return book.find(f"participants.n_used_people.{activity}") is not None


def _people(book: Book, activity: str) -> dict[str, str]:
    planned, used = (book.find(f"participants.{name}.{activity}") for name in ("n_planned", "n_used_people"))
    return {
        book.text("column.source"): book.text(f"activity.{activity}"),
        book.text("column.planned"): "–" if planned is None else book.cell(planned),
        book.text("column.used"): book.cell(used),
    }


@table("board_skills")
def board_skills(book: Book) -> None:
    """Print every skill on one line: verdict, the numbers behind it, and how often the verdict comes out again."""
    draws = book.find("decisions.n_resamples.all")
    records = []
    for skills in verdict_groups(book).values():
        for skill in skills:
            survives = book.find(f"decisions.verdict_survival.{skill}")
            share = f"workshop.share_agreeing.importance.{skill}.last_round"
            records.append(
                {
                    book.text("column.skill"): book.cell_name(skill, prefix=f"{skill} "),
                    book.text("column.verdict"): badge(book, book.verdict(skill)),
                    book.text("column.rule"): rule_cell(book, skill),
                    book.text("column.relevance"): _graded(
                        book, skill, "relevance", f"guide_review.item_cvi.relevance.{skill}"
                    ),
                    book.text("column.consensus"): _graded(book, skill, "consensus", share),
                    book.text("column.items"): items_cell(book, skill),
                    book.text("column.salience"): groups_cell(book, skill),
                    book.text("column.tier"): tier_cell(book, skill),
                    book.text("column.survives"): "–" if survives is None else share_of_draws(book, survives),
                }
            )
    names = (
        "decisions.verdict.<skill>", "guide_review.item_cvi.relevance.<skill>",
        "workshop.share_agreeing.importance.<skill>.last_round", "tool_review.item_cvi.relevance.<item>",
        "focus_groups.groups_raising.<skill>", "ranking.tier.<skill>", "decisions.verdict_survival.<skill>",
    )  # fmt: skip
    ids = ", ".join(f"`{name}`" for name in names)
    note = (
        book.text("board.ids", ids=ids, n=book.number(draws), column=book.text("column.survives"))
        if draws is not None
        else book.text("board.ids_plain", ids=ids)
    )
    emit_records(book, records, "board-skills", book.text("table.board_skills"), [note])


def _graded(book: Book, skill_id: str, stream: str, result_id: str) -> str:
    """Return a grade's sign with the share behind it."""
    return f"{sign_text(book.grade(skill_id, stream)[0])} {book.cell(book.find(result_id))}"


@table("what_if")
def what_if(book: Book) -> None:
    """Print, for each threshold that matters, what decisions turn into at each step from -2 to +2."""
    rows = book.select("decisions", "what_if")
    if rows.empty:
        return
    names = list(dict.fromkeys(rows["target_id"]))
    records = []
    for name in names:
        steps = {str(row["aspect"]): row for row in book.uses(rows[rows["target_id"] == name])}
        if not any(row["estimate"] > 0 for row in steps.values()):
            continue
        record = {
            book.text("column.threshold"): book.text(f"threshold.{name}"),
            book.text("column.in_force"): book.claim(f"{book.rules.value(name):g}", f"rules.{name}", "threshold"),
        }
        for step in ("minus_2", "minus_1", "plus_1", "plus_2"):
            record[book.text(f"step.{step}")] = _step(book, name, step, steps.get(step))
        records.append(record)
    rest = len(names) - len(records)
    ids = book.text("board.ids_plain", ids="`decisions.what_if.<step>.<threshold>`, `decisions.what_if_value.*`")
    notes = [book.text("note.what_if"), book.text("note.what_if_rest", count=rest, k=str(rest)), ids]
    book.count(rest, "decisions.what_if")
    emit_records(book, records, "what-if", book.text("table.what_if"), notes)


def _step(book: Book, name: str, step: str, row: Row | None) -> str:
    """Return the threshold's value at a step and what turns into what; a dash where there is no such step."""
    if row is None:
        return "–"
    value = book.row(f"decisions.what_if_value.{step}.{name}")
    shown = book.claim(f"{float(value['estimate']):g}", str(value["result_id"]))
    pairs = [pair.partition("=") for pair in str(row["label"]).split("|") if pair]
    skills = set(book.framework.target_ids("skill"))
    changes = []
    for verdict in SKILL_VERDICTS:
        turned = [target for target, _, outcome in pairs if target in skills and outcome == verdict]
        if turned:
            word = book.text(f"verdict.{verdict}")
            changes.append(book.text("cell.turn_into", targets=", ".join(turned), verdict=word))
    n_items = sum(target not in skills for target, _, _ in pairs)
    if n_items:
        changes.append(book.text("cell.items_changed", count=n_items, k=book.count(n_items, str(row["result_id"]))))
    return book.text("cell.what_if", value=shown, changes="; ".join(changes) or book.text("cell.no_change"))
