"""Filled checklists: status and evidence of every item follow from results, facts and statements, never from hope."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from small_study import small_study

from ktss_analysis.checklists import NAMES, Checklist, Item, checklists, statement_names
from ktss_analysis.core import Estimate, StudyError
from ktss_analysis.display.book import Book
from ktss_analysis.display.catalogue import Catalogue
from ktss_analysis.display.checklists import FACTS, answer, checklist_lead, checklist_table, evidence
from ktss_analysis.results import combine, count_row, rows_from
from ktss_analysis.rules import load_rules

FRAMEWORK = """
skills: [{id: S01, name: {en: Listening}}]
"""
#: Items by section, as the publications count them.
COUNTS = {
    "accord": {"Title": 1, "Introduction": 3, "Methods": 21, "Results": 5, "Discussion": 2, "Other": 3},
    "coreq": {"Team": 8, "Design": 15, "Analysis": 9},
}


@pytest.fixture
def make_book(tmp_path: Path):
    def make(*rows, statements: str = "", late: str = "no") -> Book:
        study = small_study(tmp_path, FRAMEWORK, statements)
        return Book(combine(rows), study, load_rules(study.rules_path), facts={"rules_late": late})

    return make


def item(**parts: object) -> Item:
    return Item.model_validate({"id": "1", "section": "Methods", "asks": "what was done", **parts})


def checklist(one: Item, activity: str | None = None) -> Checklist:
    return Checklist(id="coreq", name="COREQ", subject="tests", source="doi 10.1/x", activity=activity, items=[one])


def groups(n: int = 5):
    return count_row(n, stream="focus_groups", statistic="n_groups", unit="groups")


def alpha(status: str):
    if status == "ok":
        value = Estimate(0.8, 0.7, 0.9, 0.95, "Feldt", 40, 0)
    else:
        value = Estimate(None, None, None, 0.95, "Feldt", 4, 0, status="too_few", reason="n = 4")
    return rows_from(value, stream="self_assessment", statistic="cronbach_alpha", target_type="skill", target_id="S01",
                     unit="coefficient")  # fmt: skip


GROUPS = "focus_groups.n_groups@report/why"
ALPHA = "self_assessment.cronbach_alpha@technical_annex/reliability"


@pytest.mark.parametrize(
    ("parts", "statements", "expected"),
    [
        ({"shown": [GROUPS]}, "", "reported"),
        ({"said": "facilitators"}, "facilitators: two trained people", "reported"),
        ({"said": "facilitators"}, "", "not_reported"),
        ({"shown": [GROUPS], "said": "facilitators"}, "", "in_part"),
        ({"shown": [GROUPS], "said": "facilitators"}, "facilitators: two trained people", "reported"),
        ({"shown": [GROUPS, ALPHA]}, "", "in_part"),
        ({"shown": [ALPHA]}, "", "not_done"),
        ({"shown": ["workshop.kendall_w@report/workshop"]}, "", "not_reported"),
        ({"shown": ["workshop.kendall_w@report/workshop"], "undone": "nobody was asked twice"}, "", "not_done"),
        ({"undone": "not part of a pilot"}, "", "not_done"),
        ({"shown": ["rules.in_time@audit_annex/decisions"]}, "", "reported"),
    ],
)
def test_a_status_follows_from_results_facts_and_statements(make_book, parts, statements: str, expected: str) -> None:
    block = f"statements:\n  {statements}\n" if statements else ""
    book = make_book(groups(), alpha("too_few"), statements=block)
    one = item(**parts)
    found = answer(book, checklist(one), one)
    assert found.status == expected
    assert (expected == "reported") == (not found.reasons), "whatever is not reported in full has a reason"
    assert evidence(book, found) != "–"


def test_late_rules_are_no_evidence_that_consensus_was_defined_beforehand(make_book) -> None:
    accord = checklists()["accord"]
    definition = next(one for one in accord.items if one.id == "M13")
    row = count_row(20, stream="workshop", statistic="panel_size", unit="people")
    assert answer(make_book(row), accord, definition).status == "reported"
    late = answer(make_book(row, late="yes"), accord, definition)
    assert (late.status, late.reasons) == ("in_part", ("Not published: rules.in_time.",))


def test_more_answers_turn_an_item_from_not_done_into_reported(make_book) -> None:
    one = item(shown=[ALPHA])
    before = answer(make_book(alpha("too_few")), checklist(one), one)
    after = answer(make_book(alpha("ok")), checklist(one), one)
    assert (before.status, after.status) == ("not_done", "reported")
    assert before.reasons == ("Too few answers for self_assessment.cronbach_alpha.",)
    book = make_book(alpha("ok"))
    assert evidence(book, after) == "Technical annex, “Reliability and structure”: self_assessment.cronbach_alpha"


def test_a_checklist_of_an_activity_that_was_not_held_is_one_sentence(make_book, monkeypatch) -> None:
    from ktss_analysis.display import checklists as module

    printed: list[str] = []
    monkeypatch.setattr(module, "emit_records", lambda *parts: printed.append("table"))
    book = make_book(alpha("ok"))
    assert checklist_lead(book, checklist="coreq") == (
        "COREQ does not apply: no data on the focus groups were collected."
    )
    checklist_table(book, checklist="coreq")
    assert printed == []
    checklist_table(make_book(groups()), checklist="coreq")
    assert printed == ["table"]


def test_the_lead_counts_what_the_table_shows(make_book, monkeypatch) -> None:
    from ktss_analysis.display import checklists as module

    tables: list[list[dict[str, str]]] = []
    monkeypatch.setattr(module, "emit_records", lambda book, records, *rest: tables.append(records))
    book = make_book(groups(), statements="statements:\n  facilitators: two trained people\n")
    checklist_table(book, checklist="coreq")
    states = [record["Status"] for record in tables[0]]
    numbers = [int(number) for number in re.findall(r"\d+", checklist_lead(book, checklist="coreq"))]
    words = ("reported", "in part", "not done", "not reported")
    assert numbers == [32, *(states.count(word) for word in words)]
    assert (states.count("reported"), states.count("in part")) == (1, 2)
    assert states.count("not reported") > 10
    assert {claim.result_id for claim in book.claims} == {"checklist.coreq"}


# ------------------------------------------------------------------------------ the lists themselves


@pytest.mark.parametrize("name", NAMES)
def test_every_place_is_a_chapter_of_that_document(repo: Path, name: str) -> None:
    files = {"report": "10_report", "technical_annex": "11_technical_annex", "audit_annex": "12_audit_annex"}
    english = Catalogue("en")
    for one in checklists()[name].items:
        for place in one.places:
            notebook = json.loads((repo / "notebooks" / f"{files[place.document]}.ipynb").read_text(encoding="utf-8"))
            code = "".join("".join(cell["source"]) for cell in notebook["cells"])
            assert f'open_chapter("{place.chapter}")' in code, f"{one.id}: {place}"
            assert f"chapter.{place.chapter}" in english


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_items_are_as_many_as_published(name: str) -> None:
    found: dict[str, int] = {}
    for one in checklists()[name].items:
        found[one.section] = found.get(one.section, 0) + 1
    assert found == COUNTS[name]


def test_facts_are_known_kinds(make_book) -> None:
    book = make_book()
    for name in NAMES:
        for one in checklists()[name].items:
            for place in one.places:
                kind, _, rest = place.shown.partition(".")
                if kind in FACTS:
                    assert FACTS[kind](book, rest) in (True, False)


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ({}, "nothing can answer it"),
        ({"shown": ["focus_groups.n_groups"]}, "shown"),
        ({"shown": ["focus_groups.n_groups@appendix/why"]}, "shown"),
        ({"said": "Who did it?"}, "said"),
        ({"asks": "x", "said": "aim"}, "asks"),
    ],
)
def test_an_item_that_cannot_be_answered_or_checked_is_refused(parts: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        item(**parts)


def test_a_statement_that_no_checklist_asks_for_is_refused_with_the_nearest(make_book) -> None:
    with pytest.raises(StudyError, match=r"no checklist asks for 'facilitator'; nearest: facilitators"):
        make_book(statements="statements:\n  facilitator: two trained people\n")
    with pytest.raises(StudyError, match="at least 8 characters"):
        make_book(statements="statements:\n  facilitators: two\n")


def test_the_page_of_the_study_file_lists_every_statement(repo: Path) -> None:
    page = (repo / "docs" / "study-file.md").read_text(encoding="utf-8")
    assert len(statement_names()) > 40
    assert [name for name in statement_names() if f"| `{name}` |" not in page] == []
