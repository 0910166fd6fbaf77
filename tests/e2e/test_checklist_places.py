"""The filled checklists tell the truth about the demonstration study: what they point at is printed there."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from printed_numbers import chapters_of

from ktss_analysis.checklists import checklists
from ktss_analysis.display.catalogue import Catalogue
from ktss_analysis.display.checklists import FACTS
from ktss_analysis.display.numbers import format_day, format_exact
from ktss_analysis.rules import load_rules
from ktss_analysis.study import Study, load_study

pytestmark = pytest.mark.slow
STAGES = {"report": "10_report", "technical_annex": "11_technical_annex", "audit_annex": "12_audit_annex"}


def words_of(run: Path, document: str) -> str:
    """Return the visible text of a document."""
    html = (run / "public" / f"{document}.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<head>.*?</head>", " ", html, flags=re.DOTALL))
    return " ".join(unescape(text).replace("\u200b", "").split())


def printed(run: Path, document: str, chapter: str) -> set[str]:
    """Return ``stream.statistic`` of what a chapter prints as a number, or a document in a table or figure."""
    folder = run / "private" / "stages" / STAGES[document]
    claims = pd.read_csv(folder / "claims.csv", dtype=str, keep_default_na=False)
    index = pd.read_csv(folder / "tables" / "index.csv", dtype=str, keep_default_na=False)
    ids = [*claims.loc[claims["chapter"] == chapter, "result_id"], *"|".join(index["result_ids"]).split("|")]
    return {".".join(name.split(".")[:2]) for name in ids}


def wrong_places(run: Path, rows: pd.DataFrame, found: dict[tuple[str, str], set[str]]) -> list[str]:
    """Return places of reported results that the document does not print."""
    reported = set(rows.loc[rows["status"] == "ok", "stream"] + "." + rows.loc[rows["status"] == "ok", "statistic"])
    wrong = []
    for checklist in checklists().values():
        for item in checklist.items:
            for place in item.places:
                if place.shown.split(".")[0] in FACTS or place.shown not in reported:
                    continue
                where = (place.document, place.chapter)
                if place.shown not in found.setdefault(where, printed(run, *where)):
                    wrong.append(f"{checklist.id} {item.id}: {place.shown} @ {'/'.join(where)}")
    return wrong


def words_of_fact(what: str, study: Study, rows: pd.DataFrame) -> list[str]:
    """Return the words that a chapter must print when it is said to show a fact of study, rules or framework."""
    kind, name, activity = (*what.split("."), "")[:3]
    sources = study.of(activity) if activity else []
    first = rows[(rows["statistic"] == "first_answer") & rows["target_id"].isin([source.name for source in sources])]
    scales = {block.scale for source in sources for block in source.blocks if isinstance(block.scale, tuple)}
    rules = load_rules(study.rules_path)
    words = {
        "study.plan": lambda: [str(study.plan[activity])],
        "study.scale": lambda: [f"{format_exact(low)} to {format_exact(high)}" for low, high in scales],
        "study.closes": lambda: [format_day(source.closes or "") for source in sources],
        "study.began": lambda: [format_day(day) for day in first["label"]],
        "study.authors": lambda: list(study.authors),
        "study.funding": lambda: [study.funding.statement],
        "framework.skills": lambda: [skill.definition["en"] for skill in study.instrument.skills],
        "rules.agreement_share": lambda: [rules.thresholds["agreement_share"].meaning, "0.75"],
        "rules.in_time": lambda: [format_day(rules.fixed_on), format_day(min(rows.loc[rows["statistic"] ==
                                                                                   "first_answer", "label"]))],
        "rules.verdicts": lambda: [rule.id for rule in rules.verdicts],
        "always.limits": lambda: ["figures are hidden"],
        "always.software": lambda: ["numpy", "typst"],
    }  # fmt: skip
    return [re.sub(r"\s+", " ", text).replace("'", "’") for text in words[f"{kind}.{name}"]()]


def facts_not_printed(run: Path, rows: pd.DataFrame, study: Study) -> list[str]:
    """Return the facts that a checklist points at and the chapter does not print."""
    names = {"report": "report", "technical_annex": "technical-annex", "audit_annex": "audit-annex"}
    chapters = {
        document: chapters_of((run / "public" / f"{name}.html").read_text(encoding="utf-8"))
        for document, name in names.items()
    }
    wrong = []
    for checklist in checklists().values():
        for item in checklist.items:
            for place in item.places:
                if place.shown.split(".")[0] not in FACTS:
                    continue
                text = chapters[place.document][place.chapter].replace("'", "’")
                if place.shown == "study.funding":  # stands on the cover, before all chapters
                    text = words_of(run, names[place.document]).replace("'", "’")
                needed = words_of_fact(place.shown, study, rows)
                assert needed, place.shown
                wrong += [f"{checklist.id} {item.id}: {word}" for word in needed if word not in text]
    return wrong


def in_words(run: Path, rows: pd.DataFrame) -> set[str]:
    """Return the statistics that stand in the report as text: quotes, and how the streams of a skill relate."""
    text = words_of(run, "report")
    quotes = rows.loc[rows["statistic"] == "quote", "label"].map(lambda quote: quote.split(".")[0][:40])
    relations = {f"relation.{label}" for label in rows.loc[rows["statistic"] == "relation", "label"]}
    assert all(Catalogue("en").text(key) in text for key in relations)
    assert sum(quote in text for quote in quotes) > len(quotes) / 2
    return {"focus_groups.quote", "decisions.relation"}


def test_what_a_checklist_calls_reported_is_printed_where_it_says(run: Path) -> None:
    rows = pd.read_csv(run / "public" / "results.csv", dtype=str, keep_default_na=False)
    words = in_words(run, rows)
    found = {("report", "cards"): printed(run, "report", "cards") | words}
    assert wrong_places(run, rows, found) == []


def test_a_place_that_does_not_print_its_result_is_found(run: Path) -> None:
    rows = pd.read_csv(run / "public" / "results.csv", dtype=str, keep_default_na=False)
    found = {("technical_annex", "consensus"): {"workshop.median"}, ("report", "cards"): in_words(run, rows)}
    assert "accord M14: workshop.share_agreeing @ technical_annex/consensus" in wrong_places(run, rows, found)


def test_the_audit_annex_holds_all_four_lists_with_what_is_not_reported(run: Path) -> None:
    text = words_of(run, "audit-annex")
    for checklist in checklists().values():
        assert f"{checklist.name}, item by item" in text
        assert checklist.source.split(";")[0].replace("'", "’") in text
    assert "Not stated by the authors" in text
    assert "not done" in text


def test_a_fact_that_a_checklist_points_at_is_printed_there(run: Path) -> None:
    rows = pd.read_csv(run / "public" / "results.csv", dtype=str, keep_default_na=False)
    assert facts_not_printed(run, rows, load_study(run.parent / "study" / "study.yaml")) == []


def test_a_day_that_is_not_printed_is_found(run: Path) -> None:
    rows = pd.read_csv(run / "public" / "results.csv", dtype=str, keep_default_na=False)
    study = load_study(run.parent / "study" / "study.yaml")
    rows.loc[(rows["statistic"] == "first_answer") & (rows["target_id"] == "workshop_round2"), "label"] = "2031-01-02"
    assert facts_not_printed(run, rows, study) == ["accord R1: 2 January 2031"]
