"""What stands in the three documents of the demonstration study: every number has a source, nothing is left over."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

from ktss_analysis.study import Study, load_study

pytestmark = pytest.mark.slow
DOCUMENTS = ("report", "technical-annex", "audit-annex")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
#: Parts of the page that number its own structure or name files and identifiers.
STRUCTURE = (
    r"<head>.*?</head>", r"<nav\b.*?</nav>", r'<span class="header-section-number">.*?</span>', r"<code>.*?</code>",
    r'<a href="#(?:fig|tbl)-[^"]*"[^>]*>.*?</a>', r"<strong>(?:Figure|Table)[^<]*</strong>",
    r'<p class="details">.*?</p>', r"<style\b.*?</style>", r'<a href="http[^"]*"[^>]*>',
)  # fmt: skip
#: Texts with digits that are no results, each with the reason why they may stand in a report.
ALLOWED = (
    r"\bS\d+-\d+\b",  # identifiers of items, printed before their text
    r"\bM\d+:",  # identifiers of modules in the suggestions of reviewers
    r"\bgroup FG\d+\b",  # identifiers of focus groups under quotes
    r"CC BY \d\.\d",  # the licence
    r"\(\d{4}\)",  # the year in the citation
)


@pytest.fixture
def study(run: Path) -> Study:
    return load_study(run.parent / "study" / "study.yaml")


def page(run: Path, document: str) -> str:
    html = (run / "public" / f"{document}.html").read_text(encoding="utf-8")
    return re.sub(r"data:[^\"']+", "", html)


def visible(html: str, *patterns: str) -> str:
    """Return the text of a page without the parts that match a pattern."""
    for pattern in ("<head>.*?</head>", *patterns):
        html = re.sub(pattern, " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def unexplained(text: str, known_texts: set[str], printed: set[str]) -> list[str]:
    """Return the numbers of a text that neither a claim nor a known text explains."""
    for known in sorted(known_texts, key=len, reverse=True):
        text = text.replace(" ".join(known.split()), " ")
    for pattern in ALLOWED:
        text = re.sub(pattern, " ", text)
    return sorted({number for number in NUMBER.findall(text) if number not in printed})


def texts_with_digits(run: Path, study: Study) -> set[str]:
    """Return published texts and framework texts, in which digits are words of people, not results."""
    rows = pd.read_csv(run / "public" / "results.csv", dtype=str, keep_default_na=False)
    frame = study.instrument
    texts = {*rows["label"], *rows.loc[rows["stream"] == "triage", "reason"], study.title, study.subtitle}
    texts |= {frame.name(kind, target, "en") for kind in ("skill", "item") for target in frame.target_ids(kind)}
    return {text for text in texts if NUMBER.search(text) and re.search(r"[^\W\d]{3}", text)}


def test_every_number_of_the_report_is_in_the_index_of_claims(run: Path, study: Study) -> None:
    claims = pd.read_csv(run / "private" / "stages" / "10_report" / "claims.csv", dtype=str)
    printed = {number for text in claims["text"] for number in NUMBER.findall(text)}
    text = visible(page(run, "report"), *STRUCTURE)
    assert len(printed) > 100, "the index is too short to mean anything"
    assert unexplained(text, texts_with_digits(run, study), printed) == []


def test_a_number_without_a_claim_is_found() -> None:
    assert unexplained("Of 25 skills, 7 are ready and 9 are not.", set(), {"25", "7"}) == ["9"]


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("which", ["run", "few"])
def test_nothing_is_left_over(which: str, document: str, request: pytest.FixtureRequest) -> None:
    html = page(request.getfixturevalue(which), document)
    text = visible(html, r"<code>.*?</code>")
    for word in ("nan", "None", "NaN", "NaT", "<NA>"):
        assert not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])(?! of| was| reached)", text), word
    assert "{" not in text
    assert "[](" not in text
    assert "::: " not in text


@pytest.mark.parametrize("which", ["run", "few"])
def test_every_figure_has_a_short_text_for_those_who_cannot_see_it(which: str, request: pytest.FixtureRequest) -> None:
    html = page(request.getfixturevalue(which), "report")
    images = re.findall(r"<img\b[^>]*>", html)
    alts = [unescape(found[1]) for image in images if (found := re.search(r'alt="([^"]*)"', image))]
    assert len(alts) == len(images) >= 8
    assert all(0 < len(alt) <= 250 for alt in alts)
    assert all(alt.startswith("Synthetic data.") for alt in alts)


@pytest.mark.parametrize("document", ["report", "technical-annex"])
def test_skills_are_called_by_their_names(run: Path, study: Study, document: str) -> None:
    text = visible(page(run, document), r"<code>.*?</code>")
    skills = study.instrument.target_ids("skill")
    assert [skill for skill in skills if re.search(rf"\b{skill}\b(?!-\d)", text)] == []


def test_verdicts_are_worded_alike_in_texts_and_badges(run: Path) -> None:
    badges = r'<span class="badge [a-z]+"><span aria-hidden="true">.</span>\s*([^<]+)</span>'
    words = {" ".join(unescape(word).split()) for word in re.findall(badges, page(run, "report"))}
    assert {"ready", "revise", "drop"} <= words
    assert words <= {"ready", "ready, with a discordant stream", "provisional", "revise", "drop", "not decided"}


def test_few_answers_are_counted_and_not_turned_into_shares(few: Path) -> None:
    text = visible(page(few, "report"), r"<nav\b.*?</nav>")
    assert "None of the" in text
    assert "too few" in text
    relevance = text.partition("What reviewers said of the guide")[2].partition("The guide, module by module")[0]
    assert "too few answers to say" in relevance


def test_a_quote_names_group_and_language_and_no_comment(run: Path) -> None:
    quotes = re.findall(r"<blockquote>(.*?)</blockquote>", page(run, "report"), flags=re.DOTALL)
    texts = [visible(quote) for quote in quotes]
    assert len(texts) > 5
    assert all(re.search(r"— group FG\d+(, in [A-Z][a-z]+)?$", text) for text in texts)
    assert not re.search(r"\bQ-\d+", " ".join(texts))
