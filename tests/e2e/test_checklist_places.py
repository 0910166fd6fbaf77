"""The filled checklists tell the truth about the demonstration study: what they point at is printed there."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

from ktss_analysis.checklists import checklists
from ktss_analysis.display.catalogue import Catalogue
from ktss_analysis.display.checklists import FACTS

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
