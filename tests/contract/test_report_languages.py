"""The report in several languages: which steps there are, what they publish, and what a translation marks."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ktss_analysis.core import Estimate, KtssError, StudyError
from ktss_analysis.display import catalogue as catalogue_module
from ktss_analysis.display import charts, emit, sentences, tables  # noqa: F401 - they register what a book can say
from ktss_analysis.display.book import Book
from ktss_analysis.display.catalogue import FOLDER, PSEUDO, Catalogue, pseudo_text
from ktss_analysis.display.document import _other_languages
from ktss_analysis.display.emit import _html_cell, _markdown_cell, _widest
from ktss_analysis.display.numbers import DisplayError, format_day, format_exact, format_value
from ktss_analysis.pipeline.graph import study_steps
from ktss_analysis.pipeline.imports import ModuleGraph
from ktss_analysis.pipeline.keys import DEFAULT_PACKAGES, InputHashes, own_parts
from ktss_analysis.pipeline.notebook import read_notebook
from ktss_analysis.pipeline.publish import assemble
from ktss_analysis.pipeline.steps import Step
from ktss_analysis.report.document import Document, Facts
from ktss_analysis.report.labels import banner, words
from ktss_analysis.report.landing import landing_page
from ktss_analysis.report.pandoc import to_html
from ktss_analysis.results import count_row, rows_from, text_row
from ktss_analysis.rules import load_rules
from ktss_analysis.study import Study, load_study, report_languages

FRAMEWORK = """
id: small
version: 0.1.0
status: pilot
languages: [en, fi]
skills:
  - {id: S01, name: {en: Listening, fi: Kuuntelu}}
  - {id: S02, name: {en: "Give *and* take"}}
"""
STUDY = "id: small\ntitle: A study\nframework: framework.yaml\nrules: rules.yaml\n"
TRANSLATIONS = [language for language in report_languages() if language != "en"]


def study_with(folder: Path, repo: Path, outputs: str) -> Study:
    (folder / "framework.yaml").write_text(FRAMEWORK, encoding="utf-8")
    (folder / "rules.yaml").write_text((repo / "params" / "rules.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "study.yaml").write_text(f"{STUDY}{outputs}", encoding="utf-8")
    return load_study(folder / "study.yaml")


def book_in(language: str, folder: Path, repo: Path, *rows: pd.DataFrame) -> Book:
    study = study_with(folder, repo, "")
    value = Estimate(0.83, 0.7, 0.92, 0.95, "share", 30, 0)
    own = rows or (rows_from(value, stream="self_assessment", statistic="cronbach_alpha", target_type="skill",
                             target_id="S01", unit="coefficient"),)  # fmt: skip
    return Book(pd.concat(own, ignore_index=True), study, load_rules(study.rules_path), language)


# ------------------------------------------------------------------------------ study file and graph


def test_a_study_is_in_english_unless_it_says_otherwise(tmp_path: Path, repo: Path) -> None:
    study = study_with(tmp_path, repo, "")
    assert (study.outputs.languages, study.outputs.translations) == (["en"], [])
    steps = study_steps(study, tmp_path / "run")
    assert [step.name for step in steps if step.name.startswith("10_")] == ["10_report"]


@pytest.mark.parametrize(
    ("languages", "wanted"),
    [
        ("[en, xx]", "no catalogue of texts for 'xx'; allowed: .*en"),
        ("[en, en-XA]", "no catalogue of texts for 'en-XA'"),
        ("[en, en]", "'en' stands there twice"),
        ("[]", "outputs"),
        pytest.param("[fi]", "'en' is missing: the English text prevails", marks=pytest.mark.skipif(
            "fi" not in TRANSLATIONS, reason="there is no Finnish catalogue")),
    ],
)  # fmt: skip
def test_wrong_languages_are_refused_with_their_place(tmp_path: Path, repo: Path, languages: str, wanted: str) -> None:
    with pytest.raises(StudyError, match=wanted) as caught:
        study_with(tmp_path, repo, f"outputs: {{languages: {languages}}}\n")
    assert "study.yaml" in str(caught.value)
    assert "line 5" in str(caught.value)


@pytest.mark.skipif(not TRANSLATIONS, reason="there is no catalogue besides English")
def test_each_further_language_is_a_step_of_the_same_notebook(tmp_path: Path, repo: Path) -> None:
    language = TRANSLATIONS[0]
    study = study_with(tmp_path, repo, f"outputs: {{languages: [en, {language}], formats: [html]}}\n")
    steps = {step.name: step for step in study_steps(study, tmp_path / "run")}
    english, own = steps["10_report"], steps[f"10_report.{language}"]
    assert own.notebook == english.notebook
    assert own.needs == english.needs
    assert {**own.parameters, "language": "en"} == english.parameters
    assert own.parameters["language"] == language
    kits = [{name for name in step.outputs if name.startswith("dissemination/")} for step in (own, english)]
    assert set(own.outputs) - kits[0] == {"claims.csv", f"report.{language}.html"}
    assert kits[0] == kits[1] != set()
    assert not any(own.name in step.needs for step in steps.values())


def catalogues_in_key(step: Step, root: Path) -> set[str]:
    """Return the catalogues whose change runs a step again."""
    parts = own_parts(step, read_notebook(step.notebook), root=root, graph=ModuleGraph(DEFAULT_PACKAGES),
                      environment={}, inputs=InputHashes())  # fmt: skip
    return {Path(name).stem for name in parts["modules"] if name.endswith(".po")}


@pytest.mark.skipif(len(TRANSLATIONS) < 2, reason="there are not two catalogues besides English")
def test_a_corrected_catalogue_runs_its_own_language_and_no_other(tmp_path: Path, repo: Path) -> None:
    one, two = TRANSLATIONS[:2]
    study = study_with(tmp_path, repo, f"outputs: {{languages: [en, {one}, {two}]}}\n")
    found = {step.name: catalogues_in_key(step, tmp_path) for step in study_steps(study, tmp_path / "run")}
    english = ("09_decisions", "10_report", "11_technical_annex", "12_audit_annex", "13_quality_board")
    wanted = {name: {"en"} for name in english}
    wanted |= {f"10_report.{language}": {"en", language} for language in (one, two)}
    assert {name: known for name, known in found.items() if known} == wanted
    whole = next(replace(step, unread=()) for step in study_steps(study, tmp_path / "run") if step.name == "10_report")
    assert catalogues_in_key(whole, tmp_path) == {"en", *TRANSLATIONS}


def test_a_language_is_printed_from_its_own_catalogue_and_the_english_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `Step.unread` leaves out of the keys is not read."""
    read: list[str] = []
    real = catalogue_module._read
    monkeypatch.setattr(catalogue_module, "_read", lambda path: read.append(path.stem) or real(path))
    for language in report_languages():
        read.clear()
        Catalogue(language)
        assert set(read) == {"en", language}


def test_each_language_is_published_beside_the_english_report_and_goes_when_it_is_dropped(tmp_path: Path) -> None:
    for stage, stem in (("10_report", "report"), ("10_report.fi", "report.fi")):
        folder = tmp_path / "private" / "stages" / stage
        folder.mkdir(parents=True)
        (folder / f"{stem}.html").write_text(stem, encoding="utf-8")
        (folder / "claims.csv").write_text(f"chapter of {stem}\n", encoding="utf-8")
    names = {path.name for path in assemble(tmp_path, ["html"], ["fi"])}
    assert names == {"report.html", "report.fi.html", "claims.csv", "claims.fi.csv"}
    assert "report.fi" in (tmp_path / "public" / "claims.fi.csv").read_text(encoding="utf-8")
    assemble(tmp_path, ["html"])
    assert {path.name for path in (tmp_path / "public").iterdir()} == {"report.html", "claims.csv"}


# ------------------------------------------------------------------------------ texts


def test_the_pseudo_locale_changes_words_and_nothing_that_acts() -> None:
    text = "See {table}: `claims.csv` and [the page](#fig-one)."
    assert pseudo_text(text) == "Šéé {table}: `claims.csv` áñď [ţĥé páĝé](#fig-one)."
    assert not (FOLDER / f"{PSEUDO}.po").exists()
    assert Catalogue(PSEUDO).keys_under("") == Catalogue("en").keys_under("")
    assert Catalogue(PSEUDO).text("list.and", first="a", last="b") == "a áñď b"
    assert format_value(0.5, "coefficient", PSEUDO) == format_value(0.5, "coefficient", "en")
    with pytest.raises(DisplayError, match="locale"):
        format_value(0.5, "coefficient", "xx-XA")


def test_dates_follow_the_language_and_other_texts_stay() -> None:
    assert format_day("2026-05-04", "en-GB") == "4 May 2026"
    assert format_day("2026-05-04", "it-IT") == "4 maggio 2026"
    assert format_day("2026-05-04") == "4 May 2026"
    assert format_day("2026-05-04", PSEUDO) == format_day("2026-05-04", "en")
    assert format_day("spring of this year") == "spring of this year"


def test_the_words_of_the_formats_come_from_the_catalogue() -> None:
    assert words("en-GB")["contents"] == "Contents"
    assert words(PSEUDO)["contents"] == pseudo_text("Contents")
    assert words("de-DE") == words("en")
    assert banner(PSEUDO).endswith(f"({banner('en')})")


def test_a_name_without_translation_says_its_language(tmp_path: Path, repo: Path) -> None:
    book = book_in(PSEUDO, tmp_path, repo)
    assert book.safe_name("S02") == r"[Give \*and\* take]{lang=en}"
    assert book.cell_name("S02", prefix="S02: ") == "[S02: Give *and* take]{lang=en}"
    assert book_in("en", tmp_path, repo).safe_name("S02") == r"Give \*and\* take"


@pytest.mark.skipif("fi" not in TRANSLATIONS, reason="there is no Finnish catalogue")
def test_names_and_numbers_are_those_of_the_language(tmp_path: Path, repo: Path) -> None:
    book = book_in("fi", tmp_path, repo)
    assert book.safe_name("S01") == "Kuuntelu"
    assert book.safe_name("S02") == r"[Give \*and\* take]{lang=en}"
    assert book.cell(book.find("self_assessment.cronbach_alpha.S01")) == "0,83\u00a0[0,70;\u00a00,92]"


def test_why_a_number_is_not_shown_is_said_in_the_language(tmp_path: Path, repo: Path) -> None:
    few = Estimate.absent("too_few", "an English reason", n_used=3, n_missing=0)
    rows = rows_from(few, stream="self_assessment", statistic="cronbach_alpha", target_type="skill",
                     target_id="S01", unit="coefficient")  # fmt: skip
    wanted = Catalogue(PSEUDO).text("cell.too_few")
    assert list(book_in(PSEUDO, tmp_path, repo, rows).rows["reason"]) == [wanted]
    assert list(book_in("en", tmp_path, repo, rows).rows["reason"]) == ["an English reason"]


def test_a_cell_in_another_language_is_marked_and_its_markup_printed() -> None:
    cell = "[Give *and* take]{lang=en}"
    assert _markdown_cell(cell) == r"[Give \*and\* take]{lang=en}"
    assert _html_cell(cell) == '<span lang="en">Give *and* take</span>'
    assert _widest(["x", cell]) == len("Give *and* take")
    assert _markdown_cell("[no]{lang=<script>}").startswith(r"\[no\]")


def test_an_unknown_language_of_a_report_is_refused(tmp_path: Path, repo: Path) -> None:
    with pytest.raises(KtssError, match="no catalogue"):
        book_in("xx", tmp_path, repo)


# ------------------------------------------------------------------------------ what code must not spell out itself


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that receives every text a book prints."""
    texts: list[str] = []

    def keep(bundle: dict[str, str], metadata: object = None) -> None:
        texts.append(bundle["text/markdown"])

    monkeypatch.setattr(emit, "_display", keep)
    return texts


@pytest.mark.skipif("fi" not in TRANSLATIONS, reason="there is no Finnish catalogue")
def test_thresholds_and_their_date_are_written_as_the_language_does(
    tmp_path: Path, repo: Path, printed: list[str]
) -> None:
    for language, number, day in (("en", "| 0.7 ", "1 March 2026"), ("fi", "| 0,7 ", "1. maaliskuuta 2026")):
        book = book_in(language, tmp_path, repo)
        book.rules = book.rules.model_copy(update={"fixed_on": "2026-03-01"})
        book.show_table("rules")
        table = printed.pop().replace("\\", "")
        assert number in table
        assert day in table
        assert "2026-03-01" not in table


def test_a_number_is_printed_with_the_decimals_it_was_written_with() -> None:
    assert [format_exact(value) for value in (0.7, 3, 0.05, 10, 2.25)] == ["0.7", "3", "0.05", "10", "2.25"]
    assert format_exact(0.7, locale="fi") == "0,7"


def triage(**counts: int) -> list[pd.DataFrame]:
    return [
        count_row(value, stream="triage", statistic=f"n_{name}", n_used=value, unit="count")
        for name, value in counts.items()
    ]


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("en", ("1 comment,", "1 suggestion.", "1 decision ", "1 change."),
         ("5 comments,", "5 suggestions.", "5 decisions ", "5 changes.")),
        ("pl", ("1 komentarz,", "1 propozycję.", "1 decyzja)", "1 zmianę."),
         ("5 komentarzy,", "5 propozycji.", "5 decyzji)", "5 zmian.")),
    ],
)  # fmt: skip
def test_what_became_of_the_feedback_is_counted_in_the_right_number(
    tmp_path: Path, repo: Path, printed: list[str], language: str, one: tuple[str, ...], many: tuple[str, ...]
) -> None:
    for count, wanted in ((1, one), (5, many)):
        rows = triage(comments=count, suggestions=count, decisions=count, changes=count)
        book_in(language, tmp_path, repo, *rows).say("triage.lead")
        text = printed.pop().replace("\u00a0", " ")
        assert [words for words in wanted if words not in text] == []


def test_a_sentence_on_a_hidden_board_starts_with_a_capital(tmp_path: Path, repo: Path, printed: list[str]) -> None:
    hidden = count_row(float("nan"), stream="assembly", statistic="panel_size", n_used=0)
    hidden = hidden.assign(status="masked", reason="too few people", estimate=None)
    book = book_in("en", tmp_path, repo, hidden)
    book.say("votes.lead", activity="assembly")
    assert printed.pop()[0].isupper()


def test_what_the_study_team_wrote_is_marked_as_its_language(tmp_path: Path, repo: Path, printed: list[str]) -> None:
    rejected = text_row("Use *simpler* words.", stream="triage", statistic="rejection", target_type="suggestion",
                        target_id="U-1", reason="It changes the meaning.")  # fmt: skip
    for language, marked in (
        ("en", r"| Use \*simpler\* words\. |"),
        (PSEUDO, r"| [Use \*simpler\* words\.]{lang=en} |"),
    ):
        book = book_in(language, tmp_path, repo, rejected)
        book.study = book.study.model_copy(update={"languages": ["en"]})
        book.show_table("rejections")
        assert marked in printed.pop()


def test_what_is_left_of_the_categories_stands_last(tmp_path: Path, repo: Path, printed: list[str]) -> None:
    people = [
        count_row(count, stream="participants", statistic="people", aspect="country", target_id=country, n_used=30)
        for country, count in (("it", 12), ("other", 8), ("pl", 10))
    ]
    book_in("en", tmp_path, repo, *people).show_table("background")
    places = [printed[-1].index(name) for name in ("Italy", "Poland", "other")]
    assert places == sorted(places)


# ------------------------------------------------------------------------------ texts of the study, other languages


def test_a_text_of_the_study_is_printed_in_the_language_it_has_else_marked(tmp_path: Path, repo: Path) -> None:
    book = book_in(PSEUDO, tmp_path, repo)
    book.study = study_with(tmp_path, repo, "subtitle: A pilot\nlanguages: [en]\ntexts: {fi: {title: Tutkimus}}\n")
    assert book.of_study("title") == "[A study]{lang=en}"
    assert book.of_study("population") == ""
    assert book.study.text_in("title", "fi") == ("Tutkimus", "fi")
    assert book.study.text_in("subtitle", "fi") == ("A pilot", "en")


def test_a_text_of_the_study_in_no_language_of_the_report_is_refused(tmp_path: Path, repo: Path) -> None:
    with pytest.raises(StudyError, match="no catalogue of texts for 'xx'"):
        study_with(tmp_path, repo, "texts: {xx: {title: A}}\n")
    with pytest.raises(StudyError, match="heading"):
        study_with(tmp_path, repo, "texts: {fi: {heading: A}}\n")


def test_a_page_leads_to_the_report_in_its_other_languages(tmp_path: Path) -> None:
    others = ({"tag": "en", "name": "English", "stem": "report"}, {"tag": "pl", "name": "polski", "stem": "report.pl"})
    page = to_html(Document("# One\n", Facts("T", language="fi", languages=others)), tmp_path).decode("utf-8")
    for other, file in zip(others, ("report.html", "report.pl.html"), strict=True):
        tag = other["tag"]
        assert re.search(rf'<link rel="alternate" hreflang="{tag}" href="{re.escape(file)}"', page)
        assert re.search(rf'<a\s+href="{re.escape(file)}"\s+hreflang="{tag}"\s+lang="{tag}">{other["name"]}</a>', page)
    assert "Muilla kielillä" in " ".join(page.split()) or "fi" not in TRANSLATIONS
    alone = to_html(Document("# One\n", Facts("T", language="fi")), tmp_path).decode("utf-8")
    assert "hreflang" not in alone


def test_the_other_languages_of_a_report_are_those_of_the_study_file(tmp_path: Path, repo: Path) -> None:
    languages = ["en", *TRANSLATIONS[:2]]
    study = study_with(tmp_path, repo, f"outputs: {{languages: [{', '.join(languages)}]}}\n")
    for own in languages:
        found = _other_languages(study, own)
        assert [other["tag"] for other in found] == [tag for tag in languages if tag != own]
        assert all(other["stem"] == ("report" if other["tag"] == "en" else f"report.{other['tag']}") for other in found)


def test_the_landing_page_leads_to_each_language_and_marks_it(tmp_path: Path, repo: Path) -> None:
    languages = ["en", *TRANSLATIONS[:2]]
    texts = "".join(f"  {tag}: {{title: Title in {tag} <b>}}\n" for tag in TRANSLATIONS[:1])
    outputs = f"outputs: {{languages: [{', '.join(languages)}], formats: [html, pdf]}}\n"
    study = study_with(tmp_path, repo, outputs + (f"texts:\n{texts}" if texts else ""))
    page = landing_page(study, with_tool=False)
    for tag in languages:
        stem = "report" if tag == "en" else f"report.{tag}"
        for suffix in ("html", "pdf"):
            assert f'<a href="{stem}.{suffix}" hreflang="{tag}"' in page
        assert f'<strong lang="{tag}">' in page
    assert page.count("Draft translation") == len(languages) - 1
    assert "docx" not in page
    assert "self-assessment" not in page
    assert "SYNTHETIC" not in page.partition("<body>")[2]
    if TRANSLATIONS:
        assert f'<span lang="{TRANSLATIONS[0]}">Title in {TRANSLATIONS[0]} &lt;b&gt;</span>' in page
    synthetic = study_with(tmp_path, repo, "synthetic: true\n")
    assert "no real person answered" in landing_page(synthetic, with_tool=True)
    assert 'href="self-assessment/index.html"' in landing_page(synthetic, with_tool=True)
