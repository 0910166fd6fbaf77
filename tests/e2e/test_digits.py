"""Every number of the report, in each of its formats, leads back to the published results."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from chromium import need
from printed_numbers import (
    chapters_of,
    docx_text,
    filed_numbers,
    headings,
    html_text,
    numbers_in,
    pdf_text,
    words_with_digits,
)

from ktss_analysis.csvfile import original
from ktss_analysis.display.book import Book
from ktss_analysis.display.numbers import format_value
from ktss_analysis.pipeline.publish import render_document
from ktss_analysis.results import read_results
from ktss_analysis.study import Study, load_study

pytestmark = pytest.mark.slow
OF_DRAWS = ("verdict_survival", "verdict_survival_error", "verdict_share")
"""Shares of thousands of draws, which are printed with one decimal."""
FIELDS = ("estimate", "ci_low", "ci_high", "n_used", "n_missing")


@pytest.fixture(scope="module")
def study(run: Path) -> Study:
    return load_study(run.parent / "study" / "study.yaml")


@pytest.fixture(scope="module")
def claims(run: Path) -> pd.DataFrame:
    frame = pd.read_csv(run / "private" / "stages" / "10_report" / "claims.csv", dtype=str, keep_default_na=False)
    return frame.assign(text=frame["text"].map(original))


@pytest.fixture(scope="module")
def results(run: Path) -> pd.DataFrame:
    return read_results(run / "public" / "results.csv").set_index("result_id", drop=False)


@pytest.fixture(scope="module")
def texts(run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    folder = tmp_path_factory.mktemp("digits")
    executed = run / "private" / "stages" / "10_report" / "executed.ipynb"
    shutil.copy(executed.with_name("document.json"), folder)
    render_document(executed, folder, stem="report", formats=("pdf", "docx"))
    return {
        "html": html_text(run / "public" / "report.html"), "pdf": pdf_text(folder / "report.pdf"),
        "docx": docx_text(folder / "report.docx"),
    }  # fmt: skip


def rebuilt(claim: dict[str, Any], results: pd.DataFrame) -> str | None:
    """Return a claim's text, made from the published results alone; None for what no single row holds."""
    if not claim["row_id"] or claim["field"] not in (*FIELDS, "label"):
        return None
    row = results.loc[claim["row_id"]].to_dict()
    if claim["field"] == "label":
        return str(row["label"])
    kind = "count" if claim["field"] in ("n_used", "n_missing") else Book.kind(row)
    digits = 1 if row["statistic"] in OF_DRAWS else None
    return format_value(float(row[claim["field"]]), kind, "en", digits=digits)


def wrong_claims(claims: pd.DataFrame, results: pd.DataFrame) -> list[str]:
    """Return the claims whose text differs from what the results say."""
    found = []
    for claim in claims.to_dict("records"):
        expected = rebuilt(claim, results)
        if expected is not None and expected != claim["text"]:
            found.append(f"{claim['result_id']}.{claim['field']}: {claim['text']!r} instead of {expected!r}")
    return found


def wrong_hits(claims: pd.DataFrame, results: pd.DataFrame) -> list[str]:
    """Return counts such as the 26 in "26 of 30" that are neither the share of the row times its n, nor an n.

    A text may say between which n the rows of one statistic lie; both are filed under the first row.
    """
    found = []
    for claim in claims[(claims["field"] == "count") & (claims["row_id"] != "")].to_dict("records"):
        row = results.loc[claim["row_id"]]
        alike = (results["stream"] == row["stream"]) & (results["statistic"] == row["statistic"])
        allowed = {round(row["estimate"] * row["n_used"]), *results.loc[alike, "n_used"].dropna().astype(int)}
        if row["unit"] == "share" and int(claim["text"]) not in allowed:
            found.append(f"{claim['result_id']}: {claim['text']}")
    return found


def test_every_filed_number_is_the_published_one(claims: pd.DataFrame, results: pd.DataFrame) -> None:
    checked = [rebuilt(claim, results) is not None for claim in claims.to_dict("records")]
    assert sum(checked) > 400
    assert sum(checked) / len(checked) > 0.6, "too few numbers can be rebuilt from one row"
    assert wrong_claims(claims, results) == []
    assert wrong_hits(claims, results) == []


def test_a_result_that_differs_from_its_print_is_found(claims: pd.DataFrame, results: pd.DataFrame) -> None:
    name = claims.loc[(claims["row_id"] != "") & (claims["field"] == "estimate"), "row_id"].iloc[0]
    changed = results.copy()
    changed.loc[name, "estimate"] += 0.5 if abs(changed.loc[name, "estimate"]) <= 1 else 7
    found = wrong_claims(claims, changed)
    assert found
    assert all(text.startswith(f"{name}.estimate") for text in found)


# ------------------------------------------------------------------------------ what stands on the page


@pytest.fixture(scope="module")
def known(run: Path, study: Study) -> tuple[set[str], list[str]]:
    """Return texts of people in which digits are words, and titles that carry numbers of their own."""
    return words_with_digits(run, study), [*headings(), *(skill.name["en"] for skill in study.instrument.skills)]


def unfiled(chapter: str, text: str, claims: pd.DataFrame, known: tuple[set[str], list[str]]) -> Counter[str]:
    """Return the numbers that a chapter prints more often than the index of claims files them for it.

    A threshold that several sentences name is filed as often as it is asked for, so one filing is enough.
    """
    mine = claims[claims["chapter"] == chapter]
    thresholds = filed_numbers(mine.loc[mine["field"].isin(["threshold", "ci_level"]), "text"])
    extra = numbers_in(text, *known) - filed_numbers(mine["text"])
    return Counter({number: times for number, times in extra.items() if number not in thresholds})


def test_every_chapter_prints_only_numbers_filed_for_it_and_no_oftener(
    run: Path, claims: pd.DataFrame, known: tuple[set[str], list[str]]
) -> None:
    chapters = chapters_of((run / "public" / "report.html").read_text(encoding="utf-8"))
    assert {"one_page", "summary", "cards", "workshop", "unknown"} <= set(chapters)
    assert sum(sum(numbers_in(text, *known).values()) for text in chapters.values()) > 500
    faults = {key: dict(extra) for key, text in chapters.items() if (extra := unfiled(key, text, claims, known))}
    assert faults == {}


@pytest.mark.parametrize(
    ("chapter", "pattern", "wrong"),
    [
        ("one_page", r"(\d+) of 25 skills are ready", "24"),
        ("cards", r"\d+ of (\d+) rated it relevant", "31"),
        ("summary", r"(\d+) % \[", "101"),
        ("unknown", r"(\d+) figures are hidden", "324000"),
    ],
)
def test_a_changed_number_is_found(
    run: Path, claims: pd.DataFrame, known: tuple[set[str], list[str]], chapter: str, pattern: str, wrong: str
) -> None:
    text = chapters_of((run / "public" / "report.html").read_text(encoding="utf-8"))[chapter]
    match = re.search(pattern, text)
    assert match, "the sentence is not in the text"
    start, end = match.span(1)
    assert dict(unfiled(chapter, text[:start] + wrong + text[end:], claims, known)) == {wrong: 1}


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_every_format_prints_the_numbers_of_the_page_each_as_often(
    texts: dict[str, str | None], known: tuple[set[str], list[str]], kind: str
) -> None:
    text, page = texts[kind], texts["html"]
    need(text, "pdftotext (poppler-utils)")
    assert text is not None
    assert page is not None
    assert numbers_in(text, *known) == numbers_in(page, *known)
    changed = text.replace(" of 25 skills", " of 26 skills", 1)
    assert dict(numbers_in(changed, *known) - numbers_in(page, *known)) == {"26": 1}, "the comparison can fail"
