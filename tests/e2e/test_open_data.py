"""The open data of a whole run: they hold to their schema, to each other and to the documents beside them."""

from __future__ import annotations

import csv
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from table_schema import faults_of

from ktss_analysis.pipeline.publish import assemble

pytestmark = pytest.mark.slow


@pytest.fixture
def public(few: Path) -> Path:
    """Return the public folder of a run with masked and small cells."""
    return few / "public"


@pytest.fixture
def package(public: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((public / "datapackage.json").read_text(encoding="utf-8"))
    return loaded


def test_every_file_of_a_run_holds_to_the_package(public: Path, package: dict[str, Any]) -> None:
    files = {path.relative_to(public).as_posix(): path.read_bytes() for path in public.rglob("*") if path.is_file()}
    assert faults_of(package, files) == []
    described = {resource["path"] for resource in package["resources"]}
    data = {name for name in files if name.endswith(".csv") and not name.startswith("self-assessment/")}
    assert described == data
    assert len(described) > 30


def test_the_landing_page_leads_to_all_tables_of_the_package(public: Path, package: dict[str, Any]) -> None:
    page = (public / "index.html").read_text(encoding="utf-8")
    links = set(re.findall(r'href="([^"#]+)"', page))
    assert {name for name in links if not (public / name).is_file()} <= {
        f"{document}.{suffix}"
        for document in ("report", "technical-annex", "audit-annex", "quality-board")
        for suffix in ("pdf", "docx")
    }, "formats that this run does not make"
    single = {resource["path"] for resource in package["resources"] if not re.search(r"/\w+-[^/]+/", resource["path"])}
    assert {name for name in single if name.count("/") < 2} <= links


@pytest.mark.parametrize("document", ["report", "technical-annex", "audit-annex"])
def test_tables_have_the_number_and_caption_they_are_printed_with(public: Path, document: str) -> None:
    html = (public / f"{document}.html").read_text(encoding="utf-8")
    captions = re.findall(r"<(?:fig)?caption[^>]*>(.*?)</(?:fig)?caption>", html, flags=re.DOTALL)
    printed = [" ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split()) for text in captions]
    index = pd.read_csv(public / "tables" / "index.csv", keep_default_na=False).query("document == @document")
    filed = [f"{row.kind.capitalize()} {row.number}" for row in index.itertuples()]
    assert [re.match(r"(Table|Figure) \d+", text)[0] for text in printed] == filed
    for text, row in zip(printed, index.itertuples(), strict=True):
        assert row.caption in text
        assert (public / "tables" / document / row.file).is_file()


def test_results_of_tables_are_published_and_masked_numbers_stay_masked(public: Path) -> None:
    results = pd.read_csv(public / "results.csv", dtype=str, keep_default_na=False).set_index("result_id")
    index = pd.read_csv(public / "tables" / "index.csv", dtype=str, keep_default_na=False)
    named = {name for cell in index["result_ids"] for name in cell.split("|") if name}
    assert len(named) > 300
    assert named <= set(results.index)
    shown = 0
    for path in sorted((public / "tables").rglob("figure-*.csv")):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        for row in rows.to_dict("records"):
            if results.loc[row["result_id"], "status"] != "ok":
                shown += 1
                assert row.get("count", "") == ""
                if results.loc[row["result_id"], "statistic"] != "answers":
                    assert row.get("estimate", "") == ""
    assert shown >= 5


def test_public_files_name_no_person_column(public: Path) -> None:
    for path in public.rglob("*.csv"):
        header = next(csv.reader([path.read_text(encoding="utf-8").split("\n", 1)[0]]))
        assert "person_id" not in header


def test_a_table_that_is_no_longer_printed_is_removed(public: Path) -> None:
    before = {path: path.read_bytes() for path in public.rglob("*") if path.is_file()}
    (public / "tables" / "report" / "table-99.csv").write_text("a\n1\n", encoding="utf-8")
    (public / "results.xlsx").unlink()
    assemble(public.parent, ("html",))
    assert {path: path.read_bytes() for path in public.rglob("*") if path.is_file()} == before
