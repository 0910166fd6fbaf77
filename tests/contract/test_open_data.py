"""The published results as open data: the data package holds to its standard, to its files and to the documents."""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from table_schema import faults_of

from ktss_analysis.core import KtssError
from ktss_analysis.demo import write_demo
from ktss_analysis.display.exhibits import figure_data, make_exhibit, plain_cell, plain_text
from ktss_analysis.opendata.descriptor import describe, licence, package_facts
from ktss_analysis.opendata.files import build_open_data
from ktss_analysis.opendata.schema import TABLES, glossary_table, table_schema
from ktss_analysis.results import combine, count_row, text_row
from ktss_analysis.rules import Rules, load_rules
from ktss_analysis.study import Study, load_study
from ktss_analysis.workbook import workbook_bytes


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("open-data")
    write_demo(folder)
    return load_study(folder / "study.yaml")


@pytest.fixture(scope="module")
def rules(study: Study) -> Rules:
    return load_rules(study.rules_path)


@pytest.fixture
def contents() -> dict[str, bytes]:
    """Return the smallest public folder: one result, one printed number of it."""
    results = ",".join(TABLES["results"]) + "\na.b.S01,a,b,skill,S01,,,0.5,,,,,,10,0,share,ok,,,\n"
    return {
        "results.csv": results.encode(),
        "claims.csv": b"chapter,text,result_id,field,row_id\nsummary,50 %,a.b.S01,estimate,a.b.S01\n",
        "report.html": b"<p>",
    }


def faults(contents: dict[str, bytes], study: Study, rules: Rules) -> list[str]:
    package = json.loads(describe(package_facts(study, rules), contents))
    return faults_of(package, contents)


def test_a_package_of_sound_files_has_no_fault(contents: dict[str, bytes], study: Study, rules: Rules) -> None:
    assert faults(contents, study, rules) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "fault"),
    [
        ("claims.csv", b"estimate,a.b.S01", b"estimate,a.b.S99", "results has no"),
        ("claims.csv", b"estimate,a.b.S01", b",a.b.S01", "required"),
        ("results.csv", b",0.5,", b",half,", "number"),
        ("results.csv", b",10,0,", b",10.5,0,", "integer"),
        ("results.csv", b",10,0,", b",-1,0,", "minimum"),
        ("results.csv", b",ok,", b",fine,", "enum"),
        ("results.csv", b"a.b.S01,a", b"a.b.S01,a,b,skill,S01,,,0.5,,,,,,10,0,share,ok,,,\na.b.S01,a", "twice"),
        ("results.csv", b"result_id", b"id", "header"),
    ],
)
def test_the_check_finds_a_fault(
    contents: dict[str, bytes], study: Study, rules: Rules, file: str, before: bytes, after: bytes, fault: str
) -> None:
    """Negative control: a broken file does not pass as a sound one."""
    broken = contents[file].replace(before, after, 1)
    assert broken != contents[file]
    found = faults(contents | {file: broken}, study, rules)
    assert any(fault in text for text in found), found


def test_a_file_that_changed_after_it_was_described_is_found(
    contents: dict[str, bytes], study: Study, rules: Rules
) -> None:
    package = json.loads(describe(package_facts(study, rules), contents))
    changed = contents | {"results.csv": contents["results.csv"].replace(b"0.5", b"0.6")}
    assert any("hash" in fault for fault in faults_of(package, changed))


def test_the_numbers_of_a_translated_report_are_described_too(
    contents: dict[str, bytes], study: Study, rules: Rules
) -> None:
    translated = contents["claims.csv"].replace(b"50 %", "50\u00a0%".encode())
    package = json.loads(describe(package_facts(study, rules), contents | {"claims.fi.csv": translated}))
    assert faults_of(package, contents | {"claims.fi.csv": translated}) == []
    found = {resource["path"]: resource for resource in package["resources"]}
    assert found["claims.fi.csv"]["name"] == "claims-fi"
    assert found["claims.fi.csv"]["schema"] == found["claims.csv"]["schema"]
    broken = translated.replace(b"estimate,a.b.S01", b"estimate,a.b.S99")
    assert any("results has no" in text for text in faults(contents | {"claims.fi.csv": broken}, study, rules))


def test_the_package_says_what_the_data_are(study: Study, rules: Rules) -> None:
    facts = package_facts(study, rules)
    assert facts["title"].startswith("SYNTHETIC")
    assert facts["licenses"] == [
        {"name": "CC-BY-4.0", "title": "CC BY 4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}
    ]
    assert facts["created"] == f"{study.date}T00:00:00Z"
    assert facts["sha256"] == study.fingerprint()
    real = study.model_copy(update={"synthetic": False, "date": "spring", "authors": []})
    real._path = study.path
    facts = package_facts(real, rules)
    assert "SYNTHETIC" not in facts["title"]
    assert not {"created", "contributors"} & set(facts)


def test_a_licence_that_is_no_creative_commons_has_no_address() -> None:
    assert licence("ODbL 1.0") == {"name": "ODbL-1.0", "title": "ODbL 1.0"}
    assert licence("CC BY-SA 4.0")["path"].endswith("/by-sa/4.0/")


def test_the_glossary_explains_every_column_of_every_table() -> None:
    table = glossary_table()
    assert not table.duplicated(["table", "column"]).any()
    assert set(table["table"]) == set(TABLES)
    assert (table["meaning"].str.len() > 5).all()
    with pytest.raises(KeyError):
        table_schema("results", ["no_such_column"])


# ------------------------------------------------------------------------------ workbook


def test_a_workbook_holds_no_formula_and_has_the_same_bytes_again() -> None:
    sheets = {"one": [["name", "n"], ["=1+1", 2], ["bell\x07", None], ["@SUM(1)", 0.5]]}
    content = workbook_bytes(sheets, header="SYNTHETIC")
    assert content == workbook_bytes(sheets, header="SYNTHETIC")
    sheet = openpyxl.load_workbook(io.BytesIO(content))["one"]
    assert [cell.value for cell in sheet["A"]] == ["name", "'=1+1", "bell", "'@SUM(1)"]
    assert {cell.data_type for row in sheet for cell in row} == {"s", "n"}
    assert sheet.oddHeader.center.text == "SYNTHETIC"


def test_the_workbook_holds_the_published_rows_and_the_decisions_in_words(
    study: Study, rules: Rules, tmp_path: Path
) -> None:
    rows = decided(study)
    build_open_data(rows, study, rules, tmp_path / "first")
    build_open_data(rows, study, rules, tmp_path / "again")
    for name in ("glossary.csv", "results.xlsx", "package.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    book = openpyxl.load_workbook(tmp_path / "first" / "results.xlsx")
    assert book.sheetnames == ["about", "decisions", "results", "glossary"]
    results = list(book["results"].values)
    assert len(results) == len(rows) + 1
    masked = dict(zip(results[0], next(row for row in results if row[0] == "x.share.masked"), strict=True))
    assert (masked["estimate"], masked["status"]) == (None, "masked")
    first = dict(zip(*list(book["decisions"].values)[:2], strict=True))
    assert first["Verdict"] == "revise"
    assert first["Relevance"] == "not evaluable: the tool has no item on it"


def decided(study: Study) -> pd.DataFrame:
    """Return published rows with a verdict on every skill and one masked number."""
    parts = []
    for skill in study.instrument.target_ids("skill"):
        parts.append(text_row("revise", stream="decisions", statistic="verdict", target_type="skill",
                              target_id=skill, reason="V4"))  # fmt: skip
        parts += [
            text_row("not_evaluable", stream="decisions", statistic="grade", target_type="skill", target_id=skill,
                     aspect=stream, reason="no_items")
            for stream in ("relevance", "consensus", "items", "salience")
        ]  # fmt: skip
    hidden = count_row(float("nan"), stream="x", statistic="share", target_id="masked", n_used=0)
    parts.append(hidden.assign(status="masked", reason="too few people", estimate=None))
    return combine(parts)


# ------------------------------------------------------------------------------ tables and figures


def test_tables_and_figures_are_counted_apart() -> None:
    frame = pd.DataFrame({"Skill": ["Trust"], "Verdict": ["[ready]{.badge .keep}"], "n": ["7\u00a0/\u00a09"]})
    first = make_exhibit([], "table", "tbl-a", r"What *we* \[think\]", frame, ["a", "b", "a"])
    figure = make_exhibit([first], "figure", "fig-a", "B", pd.DataFrame({"target_id": ["S01"]}), ["c"])
    second = make_exhibit([first, figure], "table", "tbl-b", "C", frame, [])
    assert [e.file for e in (first, figure, second)] == ["table-01.csv", "figure-01.csv", "table-02.csv"]
    assert first.frame.to_dict("records") == [{"Skill": "Trust", "Verdict": "ready", "n": "7 / 9"}]
    assert (first.caption, first.result_ids) == ("What we [think]", ("a", "b"))


def test_the_data_of_a_figure_hold_known_columns_only() -> None:
    data = figure_data(pd.DataFrame({"_place": [1], "n_used": [3.0], "label": ["x"], "colour": ["red"]}))
    assert data.to_dict("records") == [{"label": "x", "n_used": 3}]
    assert plain_cell("[a] b") == "[a] b"
    assert plain_text("`x` and _y_") == "x and y"


def test_the_language_of_a_text_is_a_mark_of_the_page_and_not_of_the_data() -> None:
    assert plain_cell("[Give [and] take]{lang=en}") == "Give [and] take"
    assert plain_cell("[Give]{lang=en} or take") == "[Give]{lang=en} or take"
    assert plain_text(r"From [Give \*and\* \[take\]]{lang=en} to [a]{lang=fi}") == "From Give *and* [take] to a"


def test_an_exhibit_names_the_results_looked_at_for_it(study: Study, rules: Rules) -> None:
    from ktss_analysis.display.book import Book

    book = Book(decided(study), study, rules)
    with pytest.raises(KtssError, match="no table"):
        book.show_table("nothing")
    book.find("decisions.verdict.S01")
    book.cell(book.find("x.share.masked"))
    book.claim("80 %", "rules.agreement_share")
    book.exhibit("table", "tbl-x", "X", pd.DataFrame({"a": ["b"]}))
    assert book.exhibits[0].result_ids == ("decisions.verdict.S01", "x.share.masked")
    claims = book.claims_frame()
    assert list(claims["row_id"]) == [""]
