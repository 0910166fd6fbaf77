"""Tables on feedback and on the way of the skills: what was said, what was done, what is open, who was planned."""

from __future__ import annotations

from .book import Book
from .registry import sentence, table
from .tables import emit_records, sign_text, suggested_text


@sentence("triage.traced")
def triage_traced(book: Book) -> str:
    """Say whether each comment led to a suggestion, and how long decisions took."""
    row = book.find("triage.n_traced.all")
    if row is None:
        return ""
    total = int(row["n_used"])
    if int(row["estimate"]) == total:
        said = [book.text("triage.traced.all", count=total, n=book.number(row, "n_used"))]
    else:
        said = [book.text("triage.traced.some", k=book.number(row), n=book.number(row, "n_used"))]
    days = book.find("triage.median_days_open.all")
    if days is not None and days["status"] == "ok":
        said.append(book.text("triage.days", days=book.number(days, kind="count")))
    return " ".join(said)


@table("register")
def register(book: Book) -> None:
    """Print every decision on suggestions: what was said, what was done, why and by whom."""
    changes: dict[str, list[str]] = {}
    for change in book.uses(book.select("triage", "change")):
        decision = str(change["source_rows"]).removeprefix("decisions[").removesuffix("]")
        changes.setdefault(decision, []).append(f"{change['target_id']} {change['reason']}")
    records = []
    for row in book.uses(book.select("triage", "register").sort_values("target_id", kind="stable")):
        date, _, role = str(row["method"]).partition("|")
        outcome = book.text(f"suggestion_outcome.{row['aspect']}")
        made = "; ".join(changes.get(str(row["target_id"]), []))
        records.append(
            {
                book.text("column.said"): suggested_text(
                    book, {"label": row["label"], "aspect": "kind" if row["label"] == row["group"] else ""}
                ),
                book.text("column.did"): book.text("cell.outcome_changes", outcome=outcome, changes=made)
                if made
                else outcome,
                book.text("column.reason"): book.study_text(str(row["reason"])),
                book.text("column.decided_by"): f"{book.study_text(role)}, {book.day(date)}",
            }
        )
    emit_records(book, records, "register", book.text("table.register"))


@table("findings")
def findings(book: Book) -> None:
    """Print the loose ends of the feedback register; nothing when there are none."""
    rows = book.select("triage", "finding")
    if rows.empty:
        return
    records = [
        {
            book.text("column.finding"): book.text(f"finding.{row['aspect']}"),
            book.text("column.row"): str(row["target_id"]),
            book.text("column.reason"): str(row["reason"]),
        }
        for row in book.uses(rows)
    ]
    emit_records(book, records, "findings", book.text("table.findings"))


@table("trail")
def trail(book: Book) -> None:
    """Print the way of every skill of the first list: two grades, the rule's verdict, its end and why."""
    records = []
    for row in book.uses(book.select("decisions", "trail")):
        skill, into = str(row["target_id"]), str(row["method"])
        record = {book.text("column.skill"): book.cell_name(skill)}
        for stream in ("relevance", "consensus"):
            record[book.text(f"stream.{stream}")] = sign_text(book.grade(skill, stream)[0])
        ruled = str(book.row(f"decisions.rule_verdict.{skill}")["label"])
        record[book.text("column.rule_verdict")] = book.text(f"verdict.{ruled}")
        record[book.text("column.end")] = (
            book.text("end.merged", skill=book.cell_name(into)) if into else book.text(f"end.{row['label']}")
        )
        record[book.text("column.reason")] = _why(book, skill, str(row["reason"]))
        records.append(record)
    emit_records(book, records, "trail", book.text("table.trail"))


def _why(book: Book, skill_id: str, reason: str) -> str:
    """Return the override's reason, or what each stream that does not support the skill says."""
    if book.find(f"decisions.override.{skill_id}") is not None:
        return book.study_text(reason)
    pairs = [part.partition("=") for part in reason.split("|") if part]
    said = [
        book.text("cell.trail_reason", stream=book.text(f"stream.{stream}"), reason=book.text(f"reason.{why}"))
        for stream, _, why in pairs
    ]
    return "; ".join(said) or "–"


@table("planned")
def planned(book: Book) -> None:
    """Print planned and achieved people per group, with the reason of the study file; nothing without such groups."""
    rows = book.select("participants", "n_planned_group")
    if rows.empty:
        return
    records = []
    for row in rows.to_dict("records"):
        activity, group = str(row["target_id"]), str(row["group"])
        reason = book.find(f"participants.planned_reason.{activity}.{group}")
        whole = group == "all"
        records.append(
            {
                book.text("column.activity"): book.text(f"activity.{activity}"),
                book.text("column.group"): book.text("cell.whole_activity") if whole else str(row["label"]),
                book.text("column.planned"): book.number(row),
                book.text("column.used"): book.cell(book.row(f"participants.n_used_group.{activity}.{group}")),
                book.text("column.reason"): book.study_text(str(reason["label"])) if reason else "–",
            }
        )
    emit_records(book, records, "planned", book.text("table.planned"))
