"""Texts and tables: which sentence is chosen, what is said without a number, and the record of every number."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_study import small_study

from ktss_analysis.core import Estimate, KtssError
from ktss_analysis.disclosure import mask_rows
from ktss_analysis.display import charts, tables
from ktss_analysis.display.book import Book
from ktss_analysis.display.registry import CHARTS, SENTENCES, TABLES
from ktss_analysis.display.sentences import share_sentence
from ktss_analysis.psychometrics.intervals import wilson_interval
from ktss_analysis.results import combine, count_row, rows_from, text_row
from ktss_analysis.rules import load_rules

FRAMEWORK = """
skills:
  - {id: S01, name: {en: Listening}}
  - {id: S02, name: {en: Negotiation}}
items:
  - {id: S01-1, skill: S01, text: {en: I listen.}}
"""


@pytest.fixture
def make_book(tmp_path: Path):
    study = small_study(tmp_path, FRAMEWORK)

    def make(*rows: pd.DataFrame, minimum: int = 5) -> Book:
        return Book(mask_rows(combine(rows), minimum), study, load_rules(study.rules_path))

    return make


def relevance(hits: int, n: int, skill: str = "S01") -> pd.DataFrame:
    interval = wilson_interval(hits, n)
    value = Estimate(hits / n, interval.low, interval.high, 0.95, "share", n, 0)
    return rows_from(value, stream="guide_review", statistic="item_cvi", target_type="skill", target_id=skill,
                     aspect="relevance", unit="share")  # fmt: skip


@pytest.mark.parametrize(
    ("hits", "n", "beginning", "contains"),
    [
        (26, 30, "Reviewers support it: 26 of 30", "87\u00a0%"),
        (24, 30, "Reviewers probably support it: 24 of 30", "as low as 63\u00a0%"),
        (20, 30, "It is unclear whether reviewers support it", "67\u00a0%"),
        (18, 30, "Reviewers do not support it as written: 18 of 30", "60\u00a0%"),
        (12, 15, "12 of 15 reviewers rated it relevant", "too few for a verdict"),
        (7, 9, "7 of 9 reviewers rated it relevant", "too few for an interval"),
        (3, 4, "Fewer reviewers than the minimum cell judged it", "nothing is shown"),
    ],
)
def test_the_sentence_follows_interval_and_n(make_book, hits: int, n: int, beginning: str, contains: str) -> None:
    book = make_book(relevance(hits, n))
    text = share_sentence(book, book.find("guide_review.item_cvi.relevance.S01"), "guide_review.skill")
    assert text.startswith(beginning)
    assert contains in text
    assert "nan" not in text.lower()


def test_no_answer_is_said_not_hidden(make_book) -> None:
    book = make_book(relevance(26, 30))
    assert share_sentence(book, None, "guide_review.skill") == "No answer was collected."


def test_every_number_of_a_sentence_is_recorded_with_its_result(make_book) -> None:
    book = make_book(relevance(26, 30))
    SENTENCES["guide_review.skill"](book, skill_id="S01")
    printed = {claim.text for claim in book.claims}
    assert {"26", "30", "87\u00a0%"} <= printed
    assert {claim.result_id for claim in book.claims} == {"guide_review.item_cvi.relevance.S01"}


def test_a_masked_number_cannot_be_printed(make_book) -> None:
    book = make_book(relevance(3, 4))
    row = book.row("guide_review.item_cvi.relevance.S01")
    assert book.cell(row) == "not shown"
    with pytest.raises(KtssError, match="no number to print"):
        book.number(row)


def test_a_text_may_not_speak_of_what_was_not_published(make_book) -> None:
    book = make_book(relevance(26, 30))
    with pytest.raises(KtssError, match="was not published"):
        book.row("guide_review.item_cvi.relevance.S99")


@pytest.mark.parametrize(("kind", "registry"), [("figure", "show_figure"), ("table", "show_table")])
def test_an_unknown_figure_or_table_is_refused_with_those_that_exist(make_book, kind: str, registry: str) -> None:
    with pytest.raises(KtssError, match=f"no {kind} 'no-such'"):
        getattr(make_book(relevance(26, 30)), registry)("no-such")


def test_missing_streams_are_named_by_every_lead_sentence(make_book) -> None:
    book = make_book(count_row(30, stream="participants", statistic="n_used_people", target_type="activity",
                               target_id="any"))  # fmt: skip
    for key in ("guide_review.overall", "tool_review.items", "workshop.overall", "ranking.tiers",
                "focus_groups.lead", "triage.lead", "self_assessment.reliability"):  # fmt: skip
        text = SENTENCES[key](book)
        assert "no data" in text, key


def test_counts_choose_singular_and_plural(make_book) -> None:
    verdicts = [
        text_row(word, stream="decisions", statistic="verdict", target_type="skill", target_id=skill)
        for skill, word in (("S01", "keep"), ("S02", "revise"))
    ]
    counts = [
        count_row(number, stream="decisions", statistic="n_verdict", group=name, n_used=2, unit="verdicts")
        for name, number in (("keep", 1), ("keep_discordant", 0), ("provisional", 0), ("revise", 1), ("drop", 0),
                             ("not_decided", 0))
    ]  # fmt: skip
    total = count_row(2, stream="decisions", statistic="n_skills", unit="verdicts")
    text = SENTENCES["one_page.headline"](make_book(*verdicts, *counts, total))
    first = "**1 of 2 skills is ready: the evidence meets all criteria.**"
    assert text == f"{first} 1 needs revision before it is looked at again."


def test_every_registered_table_and_sentence_has_a_description() -> None:
    assert tables.summary in TABLES.values()
    assert charts.tiles in CHARTS.values()
    for registry in (SENTENCES, TABLES, CHARTS):
        assert registry
        assert all((function.__doc__ or "").strip() for function in registry.values())
