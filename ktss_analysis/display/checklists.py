"""Filled checklists: each item with its status, and where it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from ..checklists import Checklist, Item, Place, checklists
from .book import Book
from .registry import sentence, table
from .sentences import capital
from .tables import emit_records

Status = Literal["reported", "in_part", "not_done", "not_reported", "not_applicable"]
STATUSES: tuple[Status, ...] = ("reported", "in_part", "not_done", "not_reported", "not_applicable")


@dataclass(frozen=True, slots=True)
class Answer:
    """How an item of a checklist is answered in a run.

    Parameters
    ----------
    status : str
        ``reported``: all that the item asks; ``in_part``: some of it; ``not_done``: it was tried and there were too
        few answers, or it is no part of such a study; ``not_reported``: nothing is said on it;
        ``not_applicable``: its activity was not collected.
    places : tuple of Place
        What answers it, and where that is printed.
    statement : str
        What the authors say on it.
    reasons : tuple of str
        Why more is not there, in the language of the book.
    """

    status: Status
    places: tuple[Place, ...] = ()
    statement: str = ""
    reasons: tuple[str, ...] = ()


def answer(book: Book, checklist: Checklist, item: Item) -> Answer:
    """Return how a run answers an item: from published results, facts, and what the authors state.

    Parameters
    ----------
    book : Book
        Published results with study and rules.
    checklist : Checklist
        The checklist the item belongs to.
    item : Item
        The item.
    """
    if checklist.activity is not None and not book.collected(checklist.activity):
        return Answer("not_applicable")
    states = {place: shown(book, place.shown) for place in item.places}
    found = tuple(place for place, state in states.items() if state == "yes")
    statement = book.study.statements.get(item.said or "", "")
    reasons = _reasons(book, item, states, statement)
    if (found or statement) and not reasons:
        return Answer("reported", found, statement)
    if found or statement:
        return Answer("in_part", found, statement, reasons)
    undone = item.undone is not None or "too_few" in states.values()
    return Answer("not_done" if undone else "not_reported", reasons=reasons)


def _reasons(book: Book, item: Item, states: Mapping[Place, str], statement: str) -> tuple[str, ...]:
    """Return what is missing: results that rest on too few answers, results not there, no statement."""
    reasons = []
    for state in ("too_few", "no"):
        missing = [place.shown for place, found in states.items() if found == state]
        if missing and not (state == "no" and item.undone is not None):
            reasons.append(book.text(f"checklist.missing.{state}", what=", ".join(missing)))
    if item.undone is not None and "yes" not in states.values():
        reasons.append(capital(item.undone) + ".")
    if item.said is not None and not statement:
        reasons.append(book.text("checklist.not_stated", name=item.said))
    return tuple(reasons)


def shown(book: Book, what: str) -> Literal["yes", "too_few", "no"]:
    """Return whether a result or fact is printed: yes, too few answers for it, or no.

    Parameters
    ----------
    book : Book
        Published results with study and rules.
    what : str
        ``stream.statistic``, or a fact such as ``study.plan.workshop``.
    """
    kind, _, name = what.partition(".")
    if kind in FACTS:
        return "yes" if FACTS[kind](book, name) else "no"
    rows = book.select(kind, name)
    if (rows["status"] == "ok").any():
        return "yes"
    return "too_few" if len(rows) else "no"


def _study_fact(book: Book, name: str) -> bool:
    kind, _, activity = name.partition(".")
    sources = book.study.of(activity) if activity else []
    rating = [source for source in sources if any(block.table == "ratings" for block in source.blocks)]
    scales = [block.scale for source in rating for block in source.blocks if block.table == "ratings"]
    return {
        "plan": activity in book.study.plan,
        "scale": bool(scales) and None not in scales,
        "began": bool(rating) and {source.name for source in rating} <= _dated(book),
        "closes": bool(rating) and all(source.closes for source in rating),
        "authors": bool(book.study.authors),
        "funding": bool(book.study.funding.statement),
    }[kind]


def _dated(book: Book) -> set[str]:
    """Return the sources whose first answer has a date."""
    rows = book.select("cleaning", "first_answer")
    return set(rows.loc[rows["status"] == "ok", "target_id"])


def _rules_fact(book: Book, name: str) -> bool:
    if name == "in_time":
        return book.facts.get("rules_late") == "no"
    return name == "verdicts" or name in book.rules.thresholds


FACTS = {
    "study": _study_fact,
    "rules": _rules_fact,
    "framework": lambda book, name: bool(book.framework.target_ids(name.removesuffix("s"))),
    "always": lambda *_: True,  # what every run prints: limits, versions of the software
}
"""What may answer an item besides result rows; see `Item.shown`."""


@sentence("checklists.intro")
def checklists_intro(book: Book) -> str:
    """Say what the checklists are, and who answers what."""
    return book.text("checklists.intro")


@sentence("checklist.lead")
def checklist_lead(book: Book, *, checklist: str) -> str:
    """Say how many items of a checklist are reported, and how many are not."""
    chosen = checklists()[checklist]
    answers = [answer(book, chosen, item) for item in chosen.items]
    counts = {status: sum(found.status == status for found in answers) for status in STATUSES}
    if counts["not_applicable"] == len(answers):
        stream = book.text(f"activity.{chosen.activity}")
        return book.text("checklist.lead.absent", checklist=chosen.name, stream=stream)
    slots: dict[str, Any] = {status: book.count(counts[status], f"checklist.{checklist}") for status in STATUSES[:4]}
    slots |= {"total": book.count(len(answers), f"checklist.{checklist}"), "subject": chosen.subject}
    return book.text("checklist.lead", checklist=chosen.name, **slots)


@table("checklist")
def checklist_table(book: Book, *, checklist: str) -> None:
    """Print the items of a checklist with status and evidence; nothing when its activity was not collected."""
    chosen = checklists()[checklist]
    answers = [(item, answer(book, chosen, item)) for item in chosen.items]
    if all(found.status == "not_applicable" for _, found in answers):
        return
    records = [
        {
            book.text("column.number"): item.id,
            book.text("column.section"): item.section,
            book.text("column.asks"): item.asks,
            book.text("column.status"): book.text(f"checklist.status.{found.status}"),
            book.text("column.answered"): evidence(book, found),
        }
        for item, found in answers
    ]
    caption = book.text("table.checklist", checklist=chosen.name)
    note = book.text("note.checklist", source=chosen.source)
    emit_records(book, records, f"checklist-{checklist}", caption, [note])


def evidence(book: Book, found: Answer) -> str:
    """Return where an item is answered, what the authors say, and what is missing."""
    lines = []
    for (document, chapter), places in groupby(found.places, key=lambda place: place[1:]):
        where = book.text("checklist.where", document=book.text(f"document.name.{document}"),
                          chapter=book.text(f"chapter.{chapter}"))  # fmt: skip
        names = ", ".join(place.shown for place in places if not place.shown.startswith("always."))
        lines.append(f"{where}: {names}" if names else where)
    if found.statement:
        lines.append(book.text("checklist.authors", text=found.statement))
    return "\n".join([*lines, *found.reasons]) or "–"
