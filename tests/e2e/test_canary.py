"""Planted identifiers and small groups: none of them is found in anything that a run leaves behind."""

from __future__ import annotations

import base64
import io
import re
import shutil
import struct
import zipfile
import zlib
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from attacker import Attacker
from canaries import HOSTILE, NEEDLES, SMALL, found_in, parts_of, plant

from ktss_analysis.demo import write_demo
from ktss_analysis.intake import clean_sources, write_clean
from ktss_analysis.intake.identifiers import Scrubber
from ktss_analysis.pipeline.graph import run_study
from ktss_analysis.results import read_results
from ktss_analysis.study import load_study

pytestmark = pytest.mark.slow
MINIMUM = 5


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("canary") / "study"
    write_demo(folder)
    plant(folder)
    return folder / "study.yaml"


@pytest.fixture(scope="module")
def run(study: Path) -> Path:
    folder = study.parent.parent / "run"
    run_study(load_study(study), folder, quiet=True)
    return folder


def test_the_canaries_are_planted(study: Path) -> None:
    """Control: the search finds each of them in the raw files."""
    found = {entry.split(": ")[0] for entry in found_in(study.parent / "data", NEEDLES)}
    assert found == set(NEEDLES)
    assert len(NEEDLES) >= 30


def test_no_canary_in_anything_a_run_leaves_behind(run: Path) -> None:
    names = {path.suffix for path in run.rglob("*") if path.is_file()}
    assert names >= {".html", ".pdf", ".docx", ".csv", ".ipynb", ".parquet", ".json"}
    assert found_in(run, NEEDLES) == []


def test_what_stands_in_their_place_is_there(run: Path) -> None:
    """The texts were not lost: comments stand in the private tables with the kinds in brackets."""
    comments = pd.read_parquet(run / "private" / "stages" / "01_clean_reviews" / "comments.parquet")["text"]
    text = " ".join(comments.dropna())
    for kind in ("e-mail", "phone", "url", "handle", "bank account", "national id", "IP address", "coordinates",
                 "address", "birth date", "name"):  # fmt: skip
        assert f"[{kind}]" in text, kind
    quotes = read_results(run / "public" / "results.csv").query("statistic == 'quote'")["label"]
    assert any("[name] ([e-mail], [national id]) would agree." in quote for quote in quotes)


def test_without_the_scrubber_the_search_finds_them(study: Path, tmp_path: Path, monkeypatch) -> None:
    """Negative control: cleaning without replacing lets them into the private folder."""
    monkeypatch.setattr(Scrubber, "_replaced", lambda self, text: (text, ()))
    write_clean(clean_sources(load_study(study)), tmp_path)
    found = {entry.split(": ")[0] for entry in found_in(tmp_path, NEEDLES)}
    assert len(found) >= 25


def test_small_groups_are_in_no_public_table_and_cannot_be_worked_out(run: Path) -> None:
    private = read_results(run / "private" / "results.csv").query("statistic == 'people'").fillna({"group": ""})
    public = read_results(run / "public" / "results.csv")
    small = private[private["estimate"].between(1, MINIMUM - 1)]
    planted = small[
        small["target_id"].isin([c.lower() for c in SMALL]) | small["group"].isin([c.lower() for c in SMALL])
    ]
    assert len(small) >= 10
    assert len(planted) >= 6
    shown = public.set_index("result_id")["status"]
    assert set(shown[small["result_id"]]) == {"masked"}
    attacker = Attacker(public)
    for row in small.itertuples():
        low, high = attacker.range_of((row.aspect, row.group, row.target_id))
        assert low < high, row.result_id
        assert high >= MINIMUM, row.result_id


def test_markup_in_a_skill_name_and_a_released_quote_is_text(run: Path) -> None:
    """Nothing of it runs or is followed, and the reader sees what was written, in all three formats."""
    html = (run / "public" / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"<script[^>]*>\s*alert|<img[^>]+onerror|href=\"(?:javascript|file):|src=\"file:|>49<", html)
    seen = {name: _seen(text) for name, text in parts_of("report.html", html.encode()) if name in ("words",)}
    assert seen["words"].count(_seen(HOSTILE)) >= 2
    with zipfile.ZipFile(run / "public" / "report.docx") as archive:
        document = archive.read("word/document.xml").decode("utf-8")
        links = archive.read("word/_rels/document.xml.rels").decode("utf-8")
    assert _seen(unescape(re.sub(r"<[^>]*>", "", document))).count(_seen(HOSTILE)) >= 2
    assert "javascript:" not in links
    assert "file:" not in links
    if shutil.which("pdftotext") is not None:
        pages = dict(parts_of("report.pdf", (run / "public" / "report.pdf").read_bytes()))["pages"]
        assert _seen("<script>alert(1)</script>") in _seen(pages)


def _seen(text: str) -> str:
    return re.sub(r"[^!-~]", "", text)


@pytest.mark.parametrize("where", ["attribute", "entity", "split words", "picture", "docx property", "pdf stream"])
def test_the_search_looks_everywhere(where: str) -> None:
    """Control of the search: it finds a canary in each kind of place."""
    needle = "zeb.canary@canary.example"
    chunk = b"Comment\0" + needle.encode()
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", len(chunk), b"tEXt") + chunk + b"\0\0\0\0"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("docProps/core.xml", f"<dc:creator>{needle}</dc:creator>")
    name, content = {
        "attribute": ("a.html", f'<img alt="{needle}">'.encode()),
        "entity": ("a.html", needle.replace("@", "&#64;").encode()),
        "split words": ("a.html", needle.replace("canary", "can<b>ary</b>").encode()),
        "picture": ("a.html", b'<img src="data:image/png;base64,' + base64.b64encode(png) + b'">'),
        "docx property": ("a.docx", packed.getvalue()),
        "pdf stream": ("a.pdf", b"%PDF-1.7 stream\n" + zlib.compress(needle.encode()) + b"endstream"),
    }[where]
    assert any(needle in text for _, text in parts_of(name, content))
