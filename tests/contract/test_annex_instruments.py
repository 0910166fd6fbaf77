"""What was asked, as the technical annex prints it: scales, dates, every statement in every language."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest
import yaml

from ktss_analysis.display import decision_tables, instruments
from ktss_analysis.display.book import Book
from ktss_analysis.display.checklists import shown
from ktss_analysis.framework import instrument_hash
from ktss_analysis.psychometrics.reading_ease import readability
from ktss_analysis.results import combine, text_row
from ktss_analysis.rules import load_rules
from ktss_analysis.study import load_study

WORDS = "I listen to what people say to me before I answer them in a meeting"
PAROLE = "Ascolto quello che le persone mi dicono prima di rispondere in una riunione di lavoro"
ITEMS = [
    {"id": f"S01-{number}", "skill": "S01", "key": -1 if number == 3 else 1, "version": f"1.{number}.0",
     "text": {"en": f"{WORDS} {'again ' * number}."} | ({"it": f"{PAROLE}."} if number != 2 else {})}
    for number in range(1, 9)
]  # fmt: skip
FRAMEWORK = {
    "id": "f", "version": "2.1.0", "status": "pilot", "languages": ["en", "it", "fi"],
    "scale": {"min": 1, "max": 3, "labels": {"en": ["Never", "Often", "Always"], "it": ["Mai", "Spesso", "Sempre"]}},
    "skills": [{"id": "S01", "name": {"en": "Listening"}}, {"id": "S02", "name": {"en": "Talking"}}], "items": ITEMS,
}  # fmt: skip
SOURCES = """
- {name: panel_1, activity: workshop, files: [a.csv], closes: "2025-11-14", person: {column: who}, blocks: [
    {table: ratings, columns: "{target}", target_type: skill, aspect: importance, round: 1, scale: [1, 9]}]}
- {name: votes, activity: assembly, files: [b.csv], person: {column: who}, blocks: [
    {table: ratings, columns: "{target}", target_type: skill, aspect: support, scale: [0, 1],
     labels: {"yes": 1, "no": 0}}]}
- {name: tool, activity: tool_review, files: [c.csv], person: {column: who}, blocks: [
    {table: responses, columns: "{target}_self", scale: framework, labels: framework},
    {table: ratings, columns: "{target}_r", target_type: item, aspect: relevance, scale: [1, 4]},
    {table: ratings, columns: "{target}_c", target_type: item, aspect: clarity, scale: [1, 4]},
    {table: comments, columns: "{target}_t"}]}
"""


@pytest.fixture
def make_book(tmp_path: Path, repo: Path):
    def make(sources: str = SOURCES, language: str = "en", framework: dict | None = None) -> Book:
        study = {"id": "s", "title": "S", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
                 "privacy": {"pseudonym_key": "a public key of the tests"},
                 "sources": yaml.safe_load(sources)}  # fmt: skip
        for name, content in (("framework", framework or FRAMEWORK), ("study", study)):
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        rules = (repo / "params" / "rules.yaml").read_text(encoding="utf-8")
        (tmp_path / "rules.yaml").write_text(rules, encoding="utf-8")
        day = text_row("2025-11-10", stream="cleaning", statistic="first_answer", target_type="source",
                       target_id="panel_1", aspect="ratings")  # fmt: skip
        return Book(combine([day]), load_study(tmp_path / "study.yaml"), load_rules(tmp_path / "rules.yaml"), language)

    return make


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[pd.DataFrame, str, list[str]]]:
    """Return what is printed: records, caption and notes by name."""
    printed: dict[str, tuple[pd.DataFrame, str, list[str]]] = {}

    def keep(book: Book, records: list[dict[str, str]], name: str, caption: str, notes: list[str] = ()) -> None:
        printed[name] = pd.DataFrame(records), caption, list(notes)

    for module in (instruments, decision_tables):
        monkeypatch.setattr(module, "emit_records", keep)
    return printed


def test_each_source_says_scale_labels_and_days(make_book, tables) -> None:
    book = make_book()
    book.show_table("asked")
    assert tables["asked"][0].to_numpy().tolist() == [
        ["panel 1", "Skill: importance", "1 to 9", "–", "10 November 2025", "14 November 2025"],
        ["votes", "Skill: support", "0 to 1", "0 = no; 1 = yes", "–", "–"],
        ["tool", "Item: the person's own answer", "1 to 3", "those of the questionnaire, in the next table", "–", "–"],
        ["tool", "Item: relevance, clarity", "1 to 4", "–", "–", "–"],
    ]
    assert ("9", "study.scale.workshop") in {(claim.text, claim.result_id) for claim in book.claims}


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        (', closes: "2025-11-14"', "", "study.closes.workshop"),
        ("scale: [1, 9]", "labels: file", "study.scale.workshop"),
        ("name: panel_1", "name: panel_2", "study.began.workshop"),
    ],
)
def test_a_checklist_does_not_point_at_a_scale_or_day_that_is_not_there(
    make_book, tables, old: str, new: str, fact: str
) -> None:
    assert shown(make_book(), fact) == "yes"
    changed = make_book(SOURCES.replace(old, new))
    assert shown(changed, fact) == "no"
    changed.show_table("asked")
    assert "–" in tables["asked"][0].iloc[0].tolist()


def test_one_of_two_rounds_without_closing_day_is_not_reported(make_book) -> None:
    second = SOURCES.split("\n- ")[1].replace("panel_1", "panel_2").replace('closes: "2025-11-14", ', "")
    assert shown(make_book(f"{SOURCES}- {second}\n"), "study.closes.workshop") == "no"


def test_every_statement_stands_there_in_every_language_with_its_mark(make_book, tables) -> None:
    make_book().show_table("instruments")
    assert list(tables) == ["statements-S01"]
    frame, caption, notes = tables["statements-S01"]
    assert caption == "Statements on “Listening”"
    assert len(frame) == len(ITEMS) * 3
    by_place = frame.set_index(["Item", "Language"])
    assert by_place.loc[("S01-1", "English"), "Text"] == ITEMS[0]["text"]["en"]
    assert by_place.loc[("S01-1", "Italian"), "Text"] == f"[{ITEMS[0]['text']['it']}]{{lang=it}}"
    assert by_place.loc[("S01-2", "Italian"), "Text"] == "not translated"
    assert set(by_place.loc[by_place["Key"] == "−"].index.get_level_values(0)) == {"S01-3"}
    assert by_place.loc[("S01-3", "English"), "Version"] == "1.3.0"
    assert len(notes) == 1
    assert "S01-3" in notes[0]


def test_labels_are_marked_as_their_language_and_never_borrowed(make_book, tables) -> None:
    make_book(language="it").show_table("scale_labels")
    assert tables["scale-labels"][0].to_numpy().tolist() == [
        ["inglese", "[Never]{lang=en}", "[Often]{lang=en}", "[Always]{lang=en}"],
        ["italiano", "Mai", "Spesso", "Sempre"],
        ["finlandese", *["non tradotto"] * 3],
    ]


def test_versions_say_extent_readability_and_check_sum(make_book, tables) -> None:
    book = make_book()
    book.show_table("languages")
    english, italian, finnish = (row for _, row in tables["languages"][0].set_index("Language").iterrows())
    texts = [item["text"]["en"] for item in ITEMS]
    expected = readability(texts, "en").set_index("statistic")["estimate"]
    assert english["Formula of the language"].startswith(f"Flesch {expected['flesch']:.1f}\nFlesch-Kincaid ")
    assert (english["LIX"], english["Words"]) == (f"{expected['lix']:.1f}", str(sum(len(t.split()) for t in texts) - 8))
    gulpease = readability([item["text"]["it"] for item in ITEMS if "it" in item["text"]], "it")
    value = gulpease.set_index("statistic").loc["gulpease", "estimate"]
    assert (italian["Statements"], italian["Formula of the language"]) == ("7", f"Gulpease {value:.1f}")
    assert (finnish["Words"], finnish["LIX"]) == ("0", "too few")
    assert finnish["Formula of the language"] == "none was fitted to it"
    assert instrument_hash(book.framework, "en").split(":")[1].startswith(english["Check sum"])
    assert len(english["Check sum"]) == len(hashlib.sha256().hexdigest()) / 4
    assert english["Check sum"] != italian["Check sum"]


def test_the_verdict_table_in_words_follows_the_rules_file(make_book, tables) -> None:
    book = make_book()
    book.show_table("verdict_rules")
    frame = tables["verdict-rules"][0]
    assert frame["Rule"].tolist() == [rule.id for rule in book.rules.verdicts]
    assert frame["When"].tolist()[:3] == [
        "at least one of these: Relevance: not evaluable (?); Consensus: not evaluable (?)",
        "all of these: Relevance: not supported (−); Consensus: not supported (−)",
        "all of these: Relevance: supported (+); Consensus: supported (+); Items: supported (+); "
        "Salience: supported (+), undecided (0) or not evaluable (?)",
    ]
    assert frame["When"].tolist()[-1] == "in all other cases"
    assert frame["Verdict"].iloc[1] == "[drop]{.badge .drop}"


def test_a_changed_line_of_the_rules_changes_its_words(make_book, tables) -> None:
    book = make_book()
    first = book.rules.verdicts[0]
    changed = first.model_copy(update={"all": [{"items": "+", "salience": "0"}]})
    book.rules = book.rules.model_copy(update={"verdicts": [changed, *book.rules.verdicts[1:]]})
    book.show_table("verdict_rules")
    assert tables["verdict-rules"][0]["When"].iloc[0].split("\n") == [
        "all of these: Items: supported (+) and Salience: undecided (0)",
        "at least one of these: Relevance: not evaluable (?); Consensus: not evaluable (?)",
    ]


def test_without_statements_nothing_of_a_questionnaire_is_printed(make_book, tables) -> None:
    bare = {**FRAMEWORK, "items": []}
    book = make_book(sources="[]", framework=bare)
    for name in ("asked", "scale_labels", "languages", "instruments"):
        book.show_table(name)
    assert tables == {}
