"""Statistics that only expert readers look for: one table per theme, a sentence that says what it means.

What is below its gate is not a wall of empty cells: a sentence names it and says from which n on it would be reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from .book import Book
from .notes import level_text
from .registry import sentence, table
from .sentences import capital, paragraphs
from .tables import emit_records, n_cell, named

Row = dict[str, Any]
STREAM = "self_assessment"
CONSISTENCY = (
    "guttman_lambda_2", "guttman_lambda_6", "split_half_mean", "split_half_min", "split_half_max", "ordinal_alpha",
    "categorical_omega", "greatest_lower_bound",
)  # fmt: skip
STABILITY = (
    "retest_icc_agreement", "retest_error", "retest_smallest_detectable_change", "retest_bias", "retest_lower_limit",
    "retest_upper_limit",
)  # fmt: skip
STRUCTURE = ("kmo", "bartlett_chi_square", "bartlett_p", "parallel_analysis", "velicer_map", "empirical_kaiser")


# ------------------------------------------------------------------------------ what the gates say


def reported(book: Book, stream: str, statistics: Sequence[str]) -> list[str]:
    """Return the statistics with at least one number."""
    return [name for name in statistics if (book.select(stream, name)["status"] == "ok").any()]


def not_reported(book: Book, stream: str, statistics: Sequence[str]) -> str:
    """Say which statistics have no number because too few people answered, and from which n on they would have one."""
    by_minimum: dict[int, list[str]] = {}
    largest: dict[int, Row] = {}
    for name in statistics:
        rows = book.select(stream, name)
        gate = book.rules.gates.get(name)
        if gate is None or rows.empty or (rows["status"] == "ok").any() or rows["n_used"].isna().all():
            continue
        if not (rows["status"] == "too_few").any():
            continue
        by_minimum.setdefault(gate.minimum, []).append(name)
        largest[gate.minimum] = rows.loc[rows["n_used"].astype("Int64").idxmax()].to_dict()
    texts = []
    for minimum, names in sorted(by_minimum.items()):
        joined = book.joined([statistic_name(book, one) for one in names])
        text = book.text(
            "annex.not_reported", count=len(names), names=joined,
            n=book.number(largest[minimum], "n_used"), minimum=book.count(minimum, f"rules.{names[0]}"),
        )  # fmt: skip
        texts.append(text)
    return " ".join(texts)


def pilot_note(book: Book, stream: str, statistics: Sequence[str]) -> list[str]:
    """Return a note on the statistics that rest on fewer people than their gate asks for without a warning."""
    by_warn: dict[int, list[str]] = {}
    for name in statistics:
        rows = book.select(stream, name)
        gate = book.rules.gates.get(name)
        if gate is not None and ((rows["status"] == "ok") & (rows["n_used"] < gate.warn).fillna(False)).any():
            by_warn.setdefault(gate.warn, []).append(name)
    return [
        book.text(
            "note.pilot", names=book.joined([statistic_name(book, name) for name in names]),
            warn=book.count(warn, f"rules.{names[0]}"),
        )
        for warn, names in sorted(by_warn.items())
    ]  # fmt: skip


def statistic_name(book: Book, statistic: str) -> str:
    """Return a statistic's name for a sentence."""
    return book.text(f"statistic.{statistic}")


# ------------------------------------------------------------------------------ consistency, stability


@sentence("self_assessment.coefficients")
def coefficients_lead(book: Book) -> str:
    """Say what the other coefficients are for, how much the way of halving matters, and which are not reported."""
    if book.select(STREAM, "guttman_lambda_2").empty:
        return ""
    lead = spread = ""
    if reported(book, STREAM, CONSISTENCY):
        lead = book.text("self_assessment.coefficients")
        spread = _widest_split(book)
    return paragraphs(" ".join(text for text in (lead, spread) if text), not_reported(book, STREAM, CONSISTENCY))


def _widest_split(book: Book) -> str:
    """Name the skill whose split halves differ most."""
    lowest, highest = (book.select(STREAM, f"split_half_{end}").set_index("target_id") for end in ("min", "max"))
    ok = [skill for skill in lowest.index if lowest.loc[skill, "status"] == "ok" and skill in highest.index]
    if not ok:
        return ""
    skill = max(ok, key=lambda one: float(highest.loc[one, "estimate"]) - float(lowest.loc[one, "estimate"]))
    ends = (book.number(book.row(f"{STREAM}.split_half_{end}.{skill}")) for end in ("min", "max"))
    low, high = ends
    return book.text("self_assessment.coefficients.split", names=book.names([skill]), low=low, high=high)


@table("coefficients")
def coefficients(book: Book) -> None:
    """Print the coefficients beside alpha and omega that have a number for any skill."""
    shown = reported(book, STREAM, CONSISTENCY)
    if not shown:
        return
    records = []
    for row in book.select(STREAM, "guttman_lambda_2").to_dict("records"):
        skill = row["target_id"]
        record = {book.text("column.skill"): book.name(skill)}
        for name in (one for one in shown if one not in ("split_half_min", "split_half_max")):
            record[capital(statistic_name(book, name))] = book.cell(book.find(f"{STREAM}.{name}.{skill}"))
        if "split_half_min" in shown:
            record[book.text("column.split_range")] = _range(book, skill)
        records.append({**record, book.text("column.n"): n_cell(book, row)})
    notes = [book.text("note.coefficients", level=level_text(book)), *pilot_note(book, STREAM, shown)]
    emit_records(book, records, "coefficients", book.text("table.coefficients"), notes)


def _range(book: Book, skill: str) -> str:
    """Return the worst and the most favourable split half."""
    found = [book.find(f"{STREAM}.split_half_{end}.{skill}") for end in ("min", "max")]
    if any(row is None or row["status"] != "ok" for row in found):
        return book.cell(found[0])
    low, high = (book.number(row) for row in found if row is not None)
    return book.text("interval.span", low=low, high=high)


@sentence("self_assessment.retest")
def retest_lead(book: Book) -> str:
    """Say what a second occasion tells, that it was too small, or that there was none."""
    if not book.collected(STREAM):
        return book.absent(STREAM)
    if book.select(STREAM, "retest_icc_agreement").empty:
        return book.text("self_assessment.retest.none")
    lead = book.text("self_assessment.retest") if reported(book, STREAM, STABILITY) else ""
    return paragraphs(lead, not_reported(book, STREAM, STABILITY))


@table("retest")
def retest(book: Book) -> None:
    """Print agreement, error, smallest detectable change and limits of agreement of two occasions, per skill."""
    shown = reported(book, STREAM, STABILITY)
    if not shown:
        return
    rows = book.select(STREAM, "retest_icc_agreement").to_dict("records")
    several = len({row["group"] for row in rows}) > 1
    records = []
    for row in rows:
        skill, group = row["target_id"], row["group"]
        occasions = " → ".join(
            book.claim(part, row["result_id"], "group") for part in str(group).split("_") if part.isdigit()
        )
        record = {book.text("column.skill"): book.name(skill)}
        if several:
            record[book.text("column.occasions")] = occasions
        for name in STABILITY:
            record[capital(statistic_name(book, name))] = book.cell(book.find(f"{STREAM}.{name}.{skill}.{group}"))
        records.append({**record, book.text("column.n"): n_cell(book, row)})
    notes = [book.text("note.retest", level=level_text(book)), *pilot_note(book, STREAM, shown)]
    emit_records(book, records, "retest", book.text("table.retest"), notes)


# ------------------------------------------------------------------------------ missing answers, structure


@sentence("self_assessment.missing")
def missing_lead(book: Book) -> str:
    """Say how many people answered everything, and whether the gaps look as if they had come by chance."""
    row = book.find(f"{STREAM}.complete_answers.all")
    if row is None or row["status"] != "ok":
        return ""
    n = book.number(row, "n_used")
    if row["estimate"] == row["n_used"]:
        return book.text("self_assessment.missing.none", n=n)
    gaps, patterns = book.row(f"{STREAM}.missing_answers.all"), book.row(f"{STREAM}.missing_patterns.all")
    text = book.text(
        "self_assessment.missing", k=book.number(row), n=n, gaps=book.number(gaps), patterns=book.number(patterns),
    )  # fmt: skip
    return f"{text} {_chance(book)}"


def _chance(book: Book) -> str:
    """Say what Little's test says, or why it was not done."""
    test, probability = (book.row(f"{STREAM}.{name}.all") for name in ("little_mcar", "little_mcar_p"))
    if test["status"] == "ok":
        return book.text("self_assessment.missing.tested", chi_square=book.number(test), p=book.number(probability))
    gate = book.rules.gates.get("little_mcar")
    if test["status"] == "too_few" and gate is not None and test["n_used"] < gate.minimum:
        minimum = book.claim(str(gate.minimum), "rules.little_mcar", "minimum")
        return book.text("self_assessment.missing.too_few", minimum=minimum)
    return book.text("self_assessment.missing.undefined")


@sentence("self_assessment.factorability")
def factorability_lead(book: Book) -> str:
    """Say whether the criteria for the number of dimensions agree, and how sparse the answers are."""
    if book.find(f"{STREAM}.kmo.all") is None:
        return ""
    counted = [
        name for name in ("parallel_analysis", "velicer_map", "empirical_kaiser") if reported(book, STREAM, [name])
    ]
    parts = []
    if len(counted) > 1:
        rows = sorted((book.row(f"{STREAM}.{name}.all") for name in counted), key=lambda row: float(row["estimate"]))
        low, high = book.number(rows[0]), book.number(rows[-1])
        if rows[0]["estimate"] == rows[-1]["estimate"]:
            parts.append(book.text("self_assessment.factorability.agree", count=int(rows[0]["estimate"]), k=low))
        else:
            parts.append(book.text("self_assessment.factorability.differ", low=low, high=high))
    sparse = book.find(f"{STREAM}.sparse_pairs.all")
    if sparse is not None and sparse["status"] == "ok":
        parts.append(book.text("self_assessment.factorability.sparse", share=book.number(sparse)))
    unreported = [name for name in (*STRUCTURE, "sparse_pairs") if name != "bartlett_p"]
    return paragraphs(" ".join(parts), not_reported(book, STREAM, unreported))


@table("structure")
def structure(book: Book) -> None:
    """Print fitness for factors and the number of dimensions by each criterion, for the whole form."""
    shown = reported(book, STREAM, STRUCTURE)
    if not shown:
        return
    records = [
        {
            book.text("column.criterion"): capital(statistic_name(book, name)),
            book.text("column.value"): book.cell(row),
            book.text("column.meaning"): book.text(f"criterion.{name}"),
            book.text("column.n"): n_cell(book, row),
        }
        for name in shown
        for row in [book.row(f"{STREAM}.{name}.all")]
    ]
    emit_records(book, records, "structure", book.text("table.structure"), pilot_note(book, STREAM, shown))


# ------------------------------------------------------------------------------ content validity of a set


_RATED = (("guide_review", "skill"), ("tool_review", "item"))


@sentence("content.set")
def content_set(book: Book) -> str:
    """Say what the average over the set is, where there is one."""
    sets = [book.select(activity, "scale_cvi_average") for activity, _ in _RATED]
    return book.text("content.set") if any((rows["status"] == "ok").any() for rows in sets) else ""


@table("scale_cvi")
def scale_cvi(book: Book) -> None:
    """Print the content validity of each set as a whole; agreement of all reviewers for small panels only."""
    records = []
    for activity, kind in _RATED:
        rows = book.select(activity, "scale_cvi_average", target_type=kind).to_dict("records")
        for row in sorted(rows, key=lambda one: str(one["aspect"]) != "relevance"):
            universal = book.find(f"{activity}.scale_cvi_universal.{row['aspect']}.all")
            record = {
                book.text("column.rated"): capital(book.text(f"target_type.{kind}")),
                book.text("column.aspect"): capital(book.text(f"aspect.{row['aspect']}")),
                book.text("column.scale_cvi"): book.cell(row),
            }
            if universal is not None:
                record[book.text("column.universal")] = book.cell(universal)
            records.append({**record, book.text("column.n"): n_cell(book, row)})
    if records:
        frame = pd.DataFrame(records).fillna("–")
        columns = [name for name in frame.columns if name != book.text("column.n")] + [book.text("column.n")]
        notes = [book.text("note.scale_cvi", level=level_text(book))]
        emit_records(book, frame[columns].to_dict("records"), "scale-cvi", book.text("table.scale_cvi"), notes)


@table("essential")
def essential(book: Book) -> None:
    """Print Lawshe's ratio with votes given and votes needed, where reviewers were asked how essential a target is."""
    for activity, kind in _RATED:
        rows = book.select(activity, "content_validity_ratio", target_type=kind).to_dict("records")
        records = []
        for row in rows:
            needed = book.find(f"{activity}.n_essential_needed.essential.{row['target_id']}")
            votes = book.find(f"{activity}.n_essential.essential.{row['target_id']}")
            records.append(
                {
                    book.text(f"column.{kind}"): named(book, row["target_id"], kind),
                    book.text("column.cvr"): book.cell(row),
                    book.text("column.essential"): "–" if votes is None else book.cell(votes),
                    book.text("column.needed"): "–" if needed is None else book.cell(needed),
                    book.text("column.n"): n_cell(book, row),
                }
            )
        if records:
            emit_records(book, records, f"essential-{kind}", book.text("table.essential"), [book.text("note.cvr")])


# ------------------------------------------------------------------------------ panel, focus groups


@sentence("workshop.concordance_by_round")
def concordance_by_round(book: Book) -> str:
    """Say how concordant the panel's ratings were in each round."""
    rows = book.select("workshop", "kendall_w")
    rows = rows[(rows["status"] == "ok") & (rows["group"] != "last_round")]
    lines = [
        book.text(
            "workshop.round_w", round=book.claim(str(row["group"]).rpartition("_")[2], row["result_id"], "group"),
            w=book.number(row), interval=book.span(row), n=book.number(row, "n_used"),
        )
        for row in rows.sort_values("group").to_dict("records")
    ]  # fmt: skip
    return " ".join([book.text("workshop.concordance_by_round"), *lines]) if lines else ""


@sentence("workshop.leavers")
def leavers_lead(book: Book) -> str:
    """Say whether those who left a panel had rated otherwise can be shown."""
    rows = book.select("workshop", "attrition_delta")
    if rows.empty:
        return ""
    if (rows["status"] == "ok").any():
        return book.text("workshop.leavers")
    gate = book.rules.gates["attrition_delta"]
    return book.text(
        "workshop.leavers.too_few", minimum=book.claim(str(gate.minimum), "rules.attrition_delta", "minimum")
    )


@table("leavers")
def leavers(book: Book) -> None:
    """Print how those who left had rated against those who stayed, per skill."""
    rows = book.select("workshop", "attrition_delta")
    if not (rows["status"] == "ok").any():
        return
    records = [
        {
            book.text("column.skill"): book.name(row["target_id"]),
            book.text("column.rounds"): " → ".join(
                book.claim(part, row["result_id"], "group") for part in str(row["group"]).split("_") if part.isdigit()
            ),
            book.text("column.delta"): book.cell(row),
            book.text("column.smaller"): n_cell(book, row),
        }
        for row in rows.to_dict("records")
    ]
    notes = [book.text("note.delta", level=level_text(book)), *pilot_note(book, "workshop", ["attrition_delta"])]
    emit_records(book, records, "leavers", book.text("table.leavers"), notes)


MOST_PAIRS = 12


@sentence("focus_groups.cooccurrence")
def cooccurrence_lead(book: Book) -> str:
    """Say what raising two skills together means, where pairs are published."""
    rows = book.select("focus_groups", "cooccurrence")
    return book.text("focus_groups.cooccurrence") if (rows["status"] == "ok").any() else ""


@table("cooccurrence")
def cooccurrence(book: Book) -> None:
    """Print the pairs of skills that the same speakers raise most often."""
    rows = book.select("focus_groups", "cooccurrence")
    rows = rows[rows["status"] == "ok"].sort_values("estimate", ascending=False, kind="stable")
    records = []
    for row in rows.head(MOST_PAIRS).to_dict("records"):
        first, second = str(row["target_id"]).split("~")
        records.append(
            {
                book.text("column.skill"): book.name(first),
                book.text("column.other_skill"): book.name(second),
                book.text("column.jaccard"): book.cell(row),
                book.text("column.speakers"): n_cell(book, row),
            }
        )
    if records:
        emit_records(book, records, "cooccurrence", book.text("table.cooccurrence"))
