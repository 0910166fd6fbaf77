"""Titles of figures: the statement follows from the rows, with masked rows and with nothing to count too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ktss_analysis.display import statements
from ktss_analysis.display.book import Book
from ktss_analysis.display.catalogue import Catalogue
from ktss_analysis.rules import load_rules
from ktss_analysis.study import load_study

NAN = float("nan")


def row(result_id: str, estimate: float = NAN, **more: Any) -> dict[str, Any]:
    stream, statistic, *_ = result_id.split(".")
    plain = {"result_id": result_id, "stream": stream, "statistic": statistic, "target_type": "skill",
             "target_id": result_id.split(".")[2], "group": "", "aspect": "", "estimate": estimate,
             "ci_low": NAN, "ci_high": NAN, "n_used": 5, "unit": "count of rows", "status": "ok", "reason": "",
             "label": ""}  # fmt: skip
    return plain | more


@pytest.fixture(scope="module")
def study(repo: Path) -> Any:
    return load_study(repo / "params" / "demo" / "study.yaml")


def book(study: Any, *rows: dict[str, Any]) -> Book:
    return Book(pd.DataFrame(rows or [row("triage.n_changes.all", 1)]), study, load_rules(study.rules_path))


def graded(*signs: str) -> pd.DataFrame:
    return pd.DataFrame(
        [(f"S{i:02d}", sign) for i, text in enumerate(signs) for sign in text], columns=["target_id", "grade"]
    )


@pytest.mark.parametrize(
    ("signs", "all_of_them", "two_or_more"),
    [
        (("++++", "+++?", "??+?", "+0-?"), "3 of 4", "2 of 4"),
        (("----",), "0 of 1", "0 of 1"),
        (("????", "????"), "0 of 2", "0 of 2"),
    ],
)
def test_skills_that_the_streams_support(study, signs, all_of_them: str, two_or_more: str) -> None:
    printed = book(study)
    assert f"supports {all_of_them} skills" in statements.grades(printed, graded(*signs))
    assert f"support {two_or_more} skills" in statements.combinations(printed, graded(*signs))
    assert [claim.text for claim in printed.claims[:2]] == all_of_them.split(" of ")


@pytest.mark.parametrize(
    ("low", "high", "status", "words"),
    [
        (68.1, 80.0, "ok", "is above the benchmark"),
        (68.04, 80.0, "ok", "holds the benchmark"),
        (68.0, 80.0, "ok", "holds the benchmark"),
        (67.9, 80.0, "ok", "holds the benchmark"),
        (50.0, 68.0, "ok", "holds the benchmark"),
        (50.0, 67.96, "ok", "holds the benchmark"),
        (50.0, 67.9, "ok", "below the benchmark"),
        (NAN, NAN, "masked", "cannot be set against"),
        (NAN, NAN, "ok", "cannot be set against"),
    ],
)
def test_usability_is_judged_by_its_interval(study, low: float, high: float, status: str, words: str) -> None:
    rows = pd.DataFrame([row("tool_review.sus.all", 70.0, ci_low=low, ci_high=high, status=status)])
    assert words in statements.usability(book(study), rows, 68.0)


def test_what_came_up_in_every_group(study) -> None:
    rows = pd.DataFrame([row("focus_groups.groups_raising.S01", 5), row("focus_groups.groups_raising.S02", 4),
                         row("focus_groups.groups_raising.S03", status="masked")])  # fmt: skip
    printed = book(study)
    assert statements.counted(printed, rows, "salience").startswith("1 of 3 skills")
    assert {claim.result_id for claim in printed.claims} == {"focus_groups.groups_raising"}


def test_consistency_needs_the_whole_interval(study) -> None:
    rows = pd.DataFrame([row("self_assessment.cronbach_alpha.S01", 0.9, ci_low=0.7),
                         row("self_assessment.cronbach_alpha.S02", 0.9, ci_low=0.69),
                         row("self_assessment.cronbach_alpha.S03", status="too_few")])  # fmt: skip
    assert "for 1 of 3 skills" in statements.consistency(book(study), rows, 0.7)


def test_movement_counts_rises_and_falls_of_skills_with_both_rounds(study) -> None:
    table = pd.DataFrame({1: [0.5, 0.5, 0.5, NAN], 2: [0.6, 0.4, 0.5, 0.9]})
    assert "rose for 1 and fell for 1 of 3 skills" in statements.movement(book(study), table)


def test_the_busiest_cell_is_named_and_a_masked_one_is_not(study) -> None:
    rows = pd.DataFrame([row("focus_groups.turns_by_group.S01.FG1", 3, group="FG1"),
                         row("focus_groups.turns_by_group.S02.FG1", 99, group="FG1", status="masked")])  # fmt: skip
    title = statements.busiest_cell(book(study), rows)
    assert "3, on “Active listening” in FG1" in title
    assert "cannot be shown" in statements.busiest_cell(book(study), rows.iloc[1:])


def test_accepted_suggestions_are_counted_whole_and_in_part(study) -> None:
    rows = pd.DataFrame([row("triage.flow.add.accept", 3, group="accept"),
                         row("triage.flow.add.reject", 4, group="reject"),
                         row("triage.flow.add.accept_in_part", 2, group="accept_in_part")])  # fmt: skip
    assert statements.accepted(book(study), rows).startswith("5 of 9 suggestions")


@pytest.mark.parametrize(
    ("observed", "status", "words"),
    [((3.0, 1.0, 1.5), "ok", "1 of 3"), ((0.5, 0.5, 0.5), "ok", "0 of 3"), ((3.0, 2.0, 1.5), "undefined", "cannot be")],
)
def test_eigenvalues_count_until_the_first_below_the_reference(study, observed, status: str, words: str) -> None:
    table = pd.DataFrame({"estimate": observed, "reference": [1.4, 1.2, 1.1], "status": ["ok", "ok", status]})
    assert words in statements.dimensions(book(study), table)


def test_the_highest_answer_must_be_alone_at_the_top(study) -> None:
    counts = {"S01": (1, 2, 3), "S02": (0, 3, 3), "S03": (NAN, NAN, NAN)}
    frame = pd.DataFrame([{"result_id": f"guide_review.answers.relevance.{skill}", "target_id": skill,
                           "value": str(value), "count": count}
                          for skill, column in counts.items() for value, count in enumerate(column, 1)])  # fmt: skip
    assert "for 1 of 3 skills" in statements.highest_answers(book(study), frame)


def test_numbers_that_are_not_published_are_not_in_a_title(study) -> None:
    assert "cannot be shown" in statements.first_group(book(study))
    assert "cannot be shown" in statements.participants(book(study))
    hidden = book(study, row("participants.n_used_people.any", status="masked"))
    assert "cannot be shown" in statements.participants(hidden)
    shown = book(study, row("participants.n_used_people.any", 188))
    assert statements.participants(shown) == "The answers of 188 people are used"


@pytest.mark.parametrize("language", ["en", "it", "pl", "fi", "nl"])
def test_titles_are_statements_with_a_number_or_a_side(language: str) -> None:
    catalogue = Catalogue(language)
    words_alone = {"sus", "sus.above", "sus.around", "sus.below"}
    for key in catalogue.keys_under("statement."):
        name = key.removeprefix("statement.")
        assert ("{" in catalogue.template(key)) != (name in words_alone or name.endswith(".hidden")), key
