"""What stands in the documents of the demonstration study: every number has a source, nothing is left over."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
from babel import Locale
from inprocess import run_translation

from ktss_analysis.display.catalogue import PSEUDO, Catalogue, pseudo_text
from ktss_analysis.study import Study, load_study

pytestmark = pytest.mark.slow
DOCUMENTS = ("report", "technical-annex", "audit-annex", "quality-board")
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
    r"\bS\d\d\b",  # identifiers of skills, in the tables for the board
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


# ------------------------------------------------------------------------------ the report in other languages

#: A word without any accent: in the pseudo-locale it did not come from the catalogue.
PLAIN_WORD = re.compile(r"(?<![^\W\d_])[A-Za-z]{3,}(?![^\W\d_])")
#: The stamp is one word in all languages; the program's name.
SAME_EVERYWHERE = {"SYNTHETIC", "ktss"}


def unmarked(text: str, data: set[str]) -> list[str]:
    """Return the words of a page in the pseudo-locale that are neither from the catalogue nor data."""
    text = " ".join(text.split())
    for known in sorted(data, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", " ", text)
    return [word for word in PLAIN_WORD.findall(text) if word not in SAME_EVERYWHERE]


def data_texts(run: Path, study: Study) -> set[str]:
    """Return what people and files called things: it stands in every language of the report as it is."""
    rows = pd.read_csv(run / "public" / "results.csv", dtype=str, keep_default_na=False)
    texts = {*rows["label"], *rows.loc[rows["stream"] == "triage", "reason"], study.title, study.subtitle}
    texts |= {Catalogue("en").text("synthetic.banner")}  # printed in English too, in every language
    texts |= {*study.authors, study.licence, study.funding.statement, study.funding.disclaimer}
    locale = Locale("en")  # names of countries and languages come from Babel, in each language
    texts |= {*locale.territories.values(), *(locale.languages[tag] for tag in ("en", "fi", "it", "nl", "pl"))}
    return {" ".join(text.split()) for text in texts if len(text) > 2} - {"other"}


def without_foreign(html: str) -> str:
    """Return a page without what is marked as being in another language, and without quotes."""
    html = re.sub(r"<blockquote>.*?</blockquote>", " ", html, flags=re.DOTALL)
    return re.sub(r'<(span|a)\b[^>]*\slang="[^"]*"[^>]*>.*?</\1>', " ", html, flags=re.DOTALL)


def pseudo_page(out: Path) -> str:
    """Return the page in the pseudo-locale without its pictures."""
    html = (out / f"report.{PSEUDO}.html").read_text(encoding="utf-8")
    return re.sub(r"data:[a-z]+/[^\"']+", "", html)


@pytest.fixture(scope="session")
def pseudo(run: Path) -> Path:
    """Return the report in the pseudo-locale, in all formats."""
    return run_translation(run.parent / "study" / "study.yaml", run, PSEUDO, ("html", "pdf", "docx"))


@pytest.fixture(scope="session")
def pseudo_few(few: Path) -> Path:
    """Return the report on few people in the pseudo-locale."""
    return run_translation(few.parent / "study" / "study.yaml", few, PSEUDO)


@pytest.mark.parametrize("which", ["", "_few"])
def test_every_text_of_a_translated_report_comes_from_the_catalogue_or_is_data(
    which: str, study: Study, request: pytest.FixtureRequest
) -> None:
    out = request.getfixturevalue(f"pseudo{which}")
    text = visible(
        without_foreign(pseudo_page(out)), r"<code>.*?</code>", r"<nav\b.*?</nav>", r'<p class="details">.*?</p>'
    )
    assert len(re.findall(r"\w*[áéîöû]\w*", text)) > 500, "the page is too short to mean anything"
    assert unmarked(text, data_texts(out.parents[2], study)) == []


@pytest.mark.parametrize("which", ["", "_few"])
def test_every_word_of_a_translated_figure_comes_from_the_catalogue_or_is_data(
    which: str, study: Study, request: pytest.FixtureRequest
) -> None:
    out = request.getfixturevalue(f"pseudo{which}")
    frame = study.instrument
    data = data_texts(out.parents[2], study)
    data |= {frame.name(kind, target) for kind in ("skill", "item", "module") for target in frame.target_ids(kind)}
    notebook = json.loads((out / "executed.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    figures = [output for output in outputs if "image/svg+xml" in output["data"]]
    assert len(figures) >= 8
    for figure in figures:
        facts, svg = figure["metadata"]["image/svg+xml"], figure["data"]["image/svg+xml"]
        drawn = " ".join(re.findall(r"<!--(.*?)-->", svg, flags=re.DOTALL))  # what matplotlib notes beside the outlines
        caption = re.sub(r"\[[^\]]*\]\{lang=\w+\}", " ", facts["caption"])
        assert unmarked(f"{drawn} {caption}", data) == [], facts["label"]
        assert unmarked(re.sub(r"S\d+-\d [^…]*…|[^.:]*…", " ", facts["alt"]), data) == [], facts["label"]


def test_a_text_typed_in_code_is_found() -> None:
    assert unmarked("Ţĥé páñéļ fouñd Trust skills", {"Trust"}) == ["skills"]
    assert unmarked(without_foreign('<p>Öñ <span lang="en">Trust</span> note</p>'), set()).count("note") == 1


def test_a_translated_report_prints_the_same_results_and_files_each(run: Path, pseudo: Path, study: Study) -> None:
    english = pd.read_csv(run / "private" / "stages" / "10_report" / "claims.csv", dtype=str, keep_default_na=False)
    own = pd.read_csv(pseudo / "claims.csv", dtype=str, keep_default_na=False)
    columns = ["chapter", "result_id", "field"]
    pd.testing.assert_frame_equal(own[columns], english[columns])
    printed = {number for text in own["text"] for number in NUMBER.findall(text)}
    html = pseudo_page(pseudo)
    structure = [*STRUCTURE[:5], r"<strong>(?:Fîĝûŕé|Ţábļé)[^<]*</strong>", *STRUCTURE[6:]]
    text = re.sub(r"\bĝŕöûp FG\d+\b", " ", visible(html, *structure))
    assert unexplained(text, texts_with_digits(run, study), printed) == []


def test_the_language_stands_in_every_format_and_the_english_text_prevails(run: Path, pseudo: Path) -> None:
    html = pseudo_page(pseudo)
    assert f'<html lang="{PSEUDO}">' in html
    assert pseudo_text("the English text prevails") in " ".join(html.split())
    assert "the English text prevails" not in " ".join(page(run, "report").split())
    with ZipFile(pseudo / f"report.{PSEUDO}.docx") as archive:
        assert f'w:lang w:val="{PSEUDO}"' in archive.read("word/styles.xml").decode("utf-8")
    assert b"/Lang(en-XA)" in (pseudo / f"report.{PSEUDO}.pdf").read_bytes()
