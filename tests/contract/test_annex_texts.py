"""What stands under tables, before empty sections, and for texts that nobody released."""

from __future__ import annotations

from pathlib import Path

import IPython.display
import pandas as pd
import pytest
from small_study import small_study

from ktss_analysis.core import Estimate
from ktss_analysis.display import emit, tables
from ktss_analysis.display.book import Book
from ktss_analysis.display.catalogue import Catalogue
from ktss_analysis.display.notes import METHODS, interval_note
from ktss_analysis.display.sentences import _first_answer
from ktss_analysis.intake.catalogue import RULES
from ktss_analysis.psychometrics.intervals import feldt_interval, wilson_interval
from ktss_analysis.results import combine, rows_from, text_row
from ktss_analysis.rules import load_rules
from ktss_analysis.streams.common import Setting
from ktss_analysis.streams.triage import traceability

FRAMEWORK = """
skills: [{id: S01, name: {en: Listening}}]
items: [{id: S01-1, skill: S01, text: {en: I listen.}}]
"""


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    study = small_study(tmp_path, FRAMEWORK)
    return Setting(study, load_rules(study.rules_path))


@pytest.fixture
def make_book(setting: Setting):
    def make(*rows: pd.DataFrame) -> Book:
        return Book(combine(rows), setting.study, setting.rules)

    return make


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what a notebook shows, in order."""
    texts: list[str] = []
    monkeypatch.setattr(IPython.display, "display", lambda bundle, **_: texts.append(bundle["text/markdown"]))
    emit.hold("")
    return texts


def share(hits: int = 26, n: int = 30) -> pd.DataFrame:
    interval = wilson_interval(hits, n)
    value = Estimate(hits / n, interval.low, interval.high, 0.95, "share of answers", n, 0)
    return rows_from(value, stream="guide_review", statistic="item_cvi", target_type="skill", target_id="S01",
                     aspect="relevance", unit="share").assign(ci_method="Wilson score")  # fmt: skip


def alpha() -> pd.DataFrame:
    interval = feldt_interval(0.8, 60, 4)
    value = Estimate(0.8, interval.low, interval.high, 0.95, "raw alpha, listwise; Feldt interval", 60, 0)
    return rows_from(value, stream="self_assessment", statistic="cronbach_alpha", target_type="skill",
                     target_id="S01", unit="coefficient")  # fmt: skip


def test_a_note_names_the_intervals_that_stand_in_the_table_and_no_other(make_book) -> None:
    book = make_book(share(), alpha())
    book._begin_exhibit()
    assert interval_note(book) == []
    book.cell(book.find("guide_review.item_cvi.relevance.S01"), with_interval=False)
    assert interval_note(book) == [], "no limit was printed"
    book.cell(book.find("guide_review.item_cvi.relevance.S01"))
    assert interval_note(book) == ["Intervals have a level of 95\u00a0%: shares by Wilson."]
    book._begin_exhibit()
    book.cell(book.find("self_assessment.cronbach_alpha.S01"))
    assert interval_note(book) == ["Intervals have a level of 95\u00a0%: alpha by Feldt."]


def test_every_interval_method_has_its_words() -> None:
    english = Catalogue("en")
    assert [name for name in METHODS if f"interval_method.{name}" not in english] == []


def test_a_section_without_content_has_no_heading(make_book, shown: list[str]) -> None:
    book = make_book(share())
    book.open_chapter("focus_groups")
    book.open_section("salience")
    book.say("focus_groups.saturation")
    book.open_section("coding")
    book.say("focus_groups.coders")
    book.open_chapter("content")
    book.open_section("items")
    book.say("content.intro")
    assert shown == ["# Focus groups", "# Content validity", "## Items", book.text("content.intro")]


def coder_alpha(value: float, low: float, high: float) -> pd.DataFrame:
    estimate = Estimate(value, low, high, 0.95, "Krippendorff's alpha, nominal; jackknife over 5 clusters", 140, 0)
    return rows_from(estimate, stream="focus_groups", statistic="krippendorff_alpha", target_type="skill",
                     target_id="S01", unit="coefficient")  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "cell", "explained"),
    [((-1.0, 1.0), "1.00, no disagreement seen", True), ((0.4, 1.0), "1.00\u00a0[.40,\u00a01.00]", False)],
)
def test_an_interval_that_holds_every_value_is_not_printed_as_one(
    make_book, monkeypatch: pytest.MonkeyPatch, limits: tuple[float, float], cell: str, explained: bool
) -> None:
    frames: list[pd.DataFrame] = []
    notes: list[str] = []
    monkeypatch.setattr(emit, "emit_table", lambda frame, **parts: (frames.append(frame), notes.extend(parts["notes"])))
    book = make_book(coder_alpha(1.0, *limits))
    tables.coders(book)
    assert frames[0]["Alpha"].to_list() == [cell]
    assert any("every value is possible" in note for note in notes) == explained


def test_every_cleaning_rule_has_its_words() -> None:
    english = Catalogue("en")
    assert len(RULES) > 30
    assert [name for name in RULES if f"rule.{name.replace('.', '_')}" not in english] == []


# ------------------------------------------------------------------------------ suggestions


def chain(review: str) -> dict[str, pd.DataFrame]:
    """Return a chain of one comment, one rejected suggestion and its decision."""
    return {
        "comments": pd.DataFrame({"comment_id": ["K1"], "source": ["register"], "date": [""]}, dtype="string"),
        "suggestions": pd.DataFrame(
            {"suggestion_id": ["S1"], "comment_ids": ["K1"], "kind": ["wording"], "severity": [1],
             "merged_into": [None], "text": ["Ask Ms Canary of Anytown."], "review": [review]}
        ),
        "decisions": pd.DataFrame(
            {"decision_id": ["D1"], "suggestion_ids": ["S1"], "outcome": ["reject"], "reason": ["out of scope"],
             "date": [""], "decided_by": ["team"]}
        ),
        "changes": pd.DataFrame(
            columns=["change_id", "decision_id", "item_id", "from_version", "to_version", "before", "after"]
        ),
        "ratings": pd.DataFrame(columns=["target_type", "target_id", "answered_on"]),
        "responses": pd.DataFrame(columns=["item_id", "answered_on"]),
    }  # fmt: skip


@pytest.mark.parametrize(("review", "published"), [("released", True), ("pending", False), ("withheld", False)])
def test_only_a_released_suggestion_is_printed_in_words(
    make_book, setting: Setting, monkeypatch: pytest.MonkeyPatch, review: str, published: bool
) -> None:
    frames: list[pd.DataFrame] = []
    monkeypatch.setattr(emit, "emit_table", lambda frame, **_: frames.append(frame))
    rows = traceability(chain(review), setting)
    assert rows["label"].str.contains("Canary").any() == published
    tables.rejections(make_book(rows))
    cell = frames[0]["Suggestion"][0]
    expected = "Ask Ms Canary of Anytown." if published else "a suggestion of the kind “wording”; its text was not"
    assert cell.startswith(expected)
    assert frames[0]["Reason"].to_list() == ["out of scope"]


def test_the_first_answer_is_dated_and_counted(make_book) -> None:
    def answered(date: str, source: str) -> pd.DataFrame:
        return text_row(date, stream="cleaning", statistic="first_answer", target_type="source", target_id=source)

    book = make_book(answered("2025-11-10", "panel"), answered("2025-10-02", "guide"))
    book.facts |= {"hash rules": "0" * 64, "rules_late": "no"}
    assert _first_answer(book) == "That date is earlier than the first answer, of 2 October 2025."
    assert [claim.result_id for claim in book.claims] == ["cleaning.first_answer.guide"]
    assert "carry no dates" in _first_answer(make_book(alpha()))
