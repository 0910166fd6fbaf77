"""The kit of a whole run: complete, every number filed, nothing cut, accessible, the same bytes each time."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER

from ktss_analysis.display.book import Book
from ktss_analysis.display.document import rules_are_late
from ktss_analysis.dissemination import pictures
from ktss_analysis.dissemination.brand import brand_of
from ktss_analysis.dissemination.kit import SIZES, _facts_of, _page_facts
from ktss_analysis.dissemination.stories import stories
from ktss_analysis.dissemination.texts import plain_summary
from ktss_analysis.pipeline.kit import write_kit
from ktss_analysis.pipeline.publish import KIT, assemble
from ktss_analysis.psychometrics.reading_ease import readability
from ktss_analysis.results import read_results
from ktss_analysis.rules import load_rules
from ktss_analysis.study import load_study

pytestmark = pytest.mark.slow
FORBIDDEN = re.compile(
    r"\b(validated|prove[sn]?|significant(ly)?|everyone|everybody|perfect|guarantees?)\b", re.IGNORECASE
)
EASE = {"en": ("flesch", 70, 206), "it": ("gulpease", 60, 110), "nl": ("flesch", 60, 206), "pl": ("fog_polish", 0, 9),
        "fi": ("lix", 0, 48)}  # fmt: skip
"""Measure of reading ease of each language, with the range of a text that most grown-ups read without effort."""


def book_of(run: Path, language: str = "en") -> Book:
    study = load_study(run.parent / "study" / "study.yaml")
    rows, rules = read_results(run / "public" / "results.csv"), load_rules(study.rules_path)
    return Book(rows, study, rules, language, rules_are_late(rules, rows))


@pytest.fixture(scope="module", params=["run", "few"])
def kit(request: pytest.FixtureRequest) -> Path:
    """Return the kit of the whole study, and of one with so few people that most of it is masked."""
    folder: Path = request.getfixturevalue(request.param)
    return folder / "public" / KIT


def words_of(path: Path) -> str:
    """Return what a reader of a page or text sees, and the descriptions of its pictures."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        text = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
        alts = " ".join(re.findall(r'alt="([^"]*)"', text))
        text = unescape(re.sub(r"<[^>]+>", " ", text) + alts)
    return text.replace("\\", "")


def slide_texts(path: Path) -> Iterator[str]:
    for slide in Presentation(str(path)).slides:
        for shape in slide.placeholders:
            if shape.has_text_frame and shape.placeholder_format.type != PP_PLACEHOLDER.SLIDE_NUMBER:
                yield shape.text_frame.text
            yield from (shape._element.xpath(".//@descr") or [])


def test_the_kit_is_complete(run: Path) -> None:
    names = {path.relative_to(run / "public" / KIT).as_posix() for path in (run / "public" / KIT).rglob("*")}
    cards = {name for name in names if name.endswith(".png")}
    assert {name.split("-")[-1] for name in cards} == {"1200x630.png", "1080x1080.png"}
    assert len(cards) == 12
    assert len({name for name in names if name.endswith(".svg")}) == 8
    assert names >= {"index.html", "summary.pdf", "slides.pptx", "plain-language.html", "plain-language.md",
                     "press.html", "press.txt", "claims.csv", "cards/alt.csv", "cards/alt.json"}  # fmt: skip


def test_every_file_is_listed_and_every_link_leads_to_a_file(kit: Path) -> None:
    html = (kit / "index.html").read_text(encoding="utf-8")
    linked = {unescape(link) for link in re.findall(r'(?:href|src)="([^"]+)"', html) if "://" not in link}
    assert linked
    assert [link for link in linked if not (kit / link).is_file()] == []
    made = {path.relative_to(kit).as_posix() for path in kit.rglob("*") if path.is_file()} - {"index.html"}
    assert made - linked - {"cards/alt.csv", "cards/alt.json"} == set()


def test_every_number_in_the_texts_is_a_claim_that_leads_to_a_published_result(kit: Path) -> None:
    claims = pd.read_csv(kit / "claims.csv", dtype=str, keep_default_na=False)
    results = read_results(kit.parent / "results.csv")
    ids = set(results["result_id"])
    assert len(claims) > 5
    for claim in claims.to_dict("records"):
        family = claim["result_id"]
        known = family in ids or any(name.startswith(f"{family}.") for name in ids) or family.startswith("rules.")
        assert known or family.startswith("status."), claim
        assert claim["row_id"] in ids | {""}
    filed = set(re.findall(r"[\d.]*\d", " ".join(claims["text"])))
    fixed = {"4.0", "2026", "1200", "630", "1080", "0", "100"}  # licence, year of the study, sizes, ends of the scale
    texts = [words_of(kit / name) for name in ("plain-language.html", "plain-language.md", "press.html", "press.txt")]
    texts.append(re.sub(r"\S+\.(png|svg|html|csv)", "", words_of(kit / "index.html")))
    texts += [record["alt"] for record in alts(kit)]
    texts += [text for text in slide_texts(kit / "slides.pptx") if not re.fullmatch(r"15 May 2026.*", text)]
    found = {number for text in texts for number in re.findall(r"(?<![\w-])[\d.]*\d", text.replace("15 May 2026", ""))}
    assert found - filed - fixed == set()
    assert found & filed


def alts(kit: Path) -> list[dict[str, object]]:
    path = kit / "cards" / "alt.json"
    records: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return records


def test_a_number_that_was_not_filed_is_found(run: Path, tmp_path: Path) -> None:
    """Control: the check above sees a number that somebody wrote by hand."""
    shutil.copytree(run / "public", tmp_path / "public")
    page = tmp_path / "public" / KIT / "press.txt"
    page.write_text(page.read_text(encoding="utf-8") + "\n4711 people agree.\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="4711"):
        test_every_number_in_the_texts_is_a_claim_that_leads_to_a_published_result(page.parent)


def test_no_text_claims_too_much_and_each_says_that_data_are_invented(kit: Path) -> None:
    pages = [path for path in kit.rglob("*") if path.suffix in (".html", ".md", ".txt")]
    assert len(pages) >= 5
    for path in pages:
        text = words_of(path)
        assert FORBIDDEN.search(text) is None, path.name
        assert "SYNTHETIC" in text, path.name
        assert "Placeholder: here stands the funding line" in text, path.name
    for text in slide_texts(kit / "slides.pptx"):
        assert FORBIDDEN.search(text) is None, text


def test_no_quote_is_invented(kit: Path) -> None:
    text = (kit / "press.txt").read_text(encoding="utf-8")
    assert "[To be added by the project: words of a person" in text
    assert not set('"“”«»„') & set(text)


# ------------------------------------------------------------------------------ cards


def test_cards_have_their_size_and_carry_description_rights_and_mark(run: Path) -> None:
    folder = run / "public" / KIT / "cards"
    listed = pd.read_csv(folder / "alt.csv", keep_default_na=False)
    assert set(listed["file"]) == {path.name for path in folder.glob("*.png")}
    for record in listed.to_dict("records"):
        content = (folder / record["file"]).read_bytes()
        drawn = imread(io.BytesIO(content))
        assert drawn.shape[:2] == (record["height"], record["width"])
        texts = pictures.png_texts(content)
        assert texts["Description"] == record["alt"]
        assert record["alt"].startswith("SYNTHETIC DATA. ")
        assert len(record["alt"]) > 80
        assert "CC BY 4.0" in texts["Copyright"]
        assert "funding line" in texts["Copyright"]
        assert texts["Title"].startswith("SYNTHETIC")


def test_nothing_on_a_card_is_cut_or_too_small_on_a_phone(run: Path) -> None:
    book = book_of(run)
    told = stories(book)
    facts = brand_of(book).facts() | {"cards": [_facts_of(story) for story in told]}
    measured = pictures.extents("cards.typ", facts)
    assert len(measured) == 3 * 2 * len(told)
    narrow = {"the statement of a card": 13.0, "the chart": 5.9, "the foot of a card": 5.9}
    for part in measured:
        assert part["needs"] <= part["has"] + 1e-6, part
        if "size" in part:
            smallest = float(part["size"].removesuffix("pt")) * 320 / max(width for width, _ in SIZES.values())
            assert smallest >= narrow[part["what"]], part


def test_the_edges_of_every_card_are_free(run: Path) -> None:
    """No letter touches the edge: but for the bar at the top and the foot, the outermost pixels are white."""
    folder = run / "public" / KIT / "cards"
    for path in sorted(folder.glob("*.png")):
        drawn = imread(path)[:, :, :3]
        foot = next(
            y for y in range(drawn.shape[0] - 1, 0, -1) if not np.allclose(drawn[y, 1] * 255, (11, 60, 111), atol=2)
        )
        assert foot > 0.6 * drawn.shape[0]
        assert np.allclose(drawn[20:foot, :20], 1), path.name
        assert np.allclose(drawn[20:foot, -20:], 1), path.name
        assert np.allclose(drawn[foot - 8 : foot], 1), f"{path.name}: a text stands too near the foot"


# ------------------------------------------------------------------------------ summary, slides, figures


def test_the_summary_is_one_tagged_page(kit: Path) -> None:
    pdf = (kit / "summary.pdf").read_bytes()
    assert re.findall(rb"/Type\s*/Pages\b[^>]*?/Count\s+1\b|/Count\s+1\b[^>]*?/Type\s*/Pages\b", pdf)
    for mark in (b"/StructTreeRoot", b"/MarkInfo", b"/Lang"):
        assert mark in pdf
    assert b"pdfuaid" in pdf
    if shutil.which("pdftotext") is not None:
        done = subprocess.run(["pdftotext", str(kit / "summary.pdf"), "-"], capture_output=True, check=True)
        text = " ".join(done.stdout.decode("utf-8").split())
        assert "SYNTHETIC DATA" in text
        assert "Placeholder: here stands who answers for the content" in text
        assert "What we do not know" in text


def test_the_summary_stays_one_page_with_long_names_in_every_language(run: Path) -> None:
    for language in ("en", "fi"):
        book = book_of(run, language)
        facts = _page_facts(book, stories(book), brand_of(book))
        long = ["Yhteistyötaitojen pitkäjänteinen kehittäminen monikulttuurisissa verkostoissa ja hankkeissa"] * 5
        facts["lists"] = [{"heading": "A", "entries": long, "second": {"heading": "B", "entries": long}}]
        pdf = pictures.summary_pdf(facts, 315_532_800)
        assert re.search(rb"/Count\s+1\b", pdf)


def test_slides_have_titles_layouts_descriptions_languages_and_sources(kit: Path) -> None:
    deck = Presentation(str(kit / "slides.pptx"))
    slides = list(deck.slides)
    assert 4 <= len(slides) <= 11
    for slide in slides:
        first, *others = slide.shapes
        assert first.placeholder_format.type in (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)
        assert first.text_frame.text
        assert all(shape.is_placeholder for shape in others)
        assert not any(shape.has_text_frame and not shape.text_frame.text for shape in slide.placeholders)
        ids = slide._element.xpath(".//p:cNvPr/@id")
        assert len(set(ids)) == len(ids)
        assert all(slide._element.xpath(".//p:pic/p:nvPicPr/p:cNvPr/@descr"))
        runs = slide._element.xpath(".//a:r")
        assert {run.rPr.get("lang") for run in runs} == {"en-GB"}
        assert any(text.startswith("SYNTHETIC DATA") for text in [shape.text_frame.text for shape in slide.placeholders
                                                                  if shape.has_text_frame])  # fmt: skip
        assert slide.has_notes_slide
    notes = " ".join(slide.notes_slide.notes_text_frame.text for slide in slides)
    ids = set(read_results(kit.parent / "results.csv")["result_id"])
    named = set(re.findall(r"result (\S+)", notes))
    assert named
    assert all(name in ids or name.split(".")[0] in ("rules", "status") or any(i.startswith(name) for i in ids)
               for name in named)  # fmt: skip


def test_figures_stand_alone_and_describe_themselves(run: Path) -> None:
    folder = run / "public" / KIT / "figures"
    for path in sorted(folder.glob("*.svg")):
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        assert root.get("role") == "img"
        texts = {child.tag.split("}")[-1]: "".join(child.itertext()) for child in root}
        assert texts["title"].startswith("SYNTHETIC DATA: ")
        assert len(texts["desc"]) > 40
        assert "CC BY 4.0" in texts["metadata"]
        assert "http" not in re.sub(r'xmlns[^=]*="[^"]*"|resource="[^"]*"', "", path.read_text(encoding="utf-8"))
        snippet = path.with_suffix(".html").read_text(encoding="utf-8")
        assert unescape(re.search(r'alt="([^"]*)"', snippet)[1]) == texts["desc"]
        assert 'rel="license" href="https://creativecommons.org/licenses/by/4.0/"' in snippet
        assert f'src="{path.name}"' in snippet


# ------------------------------------------------------------------------------ reading ease


@pytest.mark.parametrize("language", sorted(EASE))
def test_the_plain_summary_is_easy_to_read(run: Path, language: str) -> None:
    text = " ".join(sentence for section in plain_summary(book_of(run, language)) for sentence in section.sentences)
    table = readability(text, language).set_index("statistic")
    measure, low, high = EASE[language]
    assert table.loc[measure, "status"] == "ok"
    assert low <= float(table.loc[measure, "estimate"]) <= high
    assert float(table.loc["words_per_sentence", "estimate"]) <= 12


def test_the_report_s_own_summary_would_not_pass(run: Path) -> None:
    """Control: the technical wording of the report is outside the range."""
    text = Book.text(book_of(run), "one_page.how", level="95 %") + " " + Book.text(book_of(run), "note.coders")
    text += " " + Book.text(book_of(run), "self_assessment.coefficients")
    assert float(readability(text, "en", min_words=50).set_index("statistic").loc["flesch", "estimate"]) < EASE["en"][1]


# ------------------------------------------------------------------------------ bytes, languages, what is left behind


def test_the_same_rows_give_the_same_bytes(run: Path, tmp_path: Path) -> None:
    stage = tmp_path / "10_report"
    stage.mkdir()
    (tmp_path / "09_decisions").mkdir()
    shutil.copy(run / "public" / "results.csv", tmp_path / "09_decisions" / "public.csv")
    executed = run / "private" / "stages" / "10_report" / "executed.ipynb"
    write_kit(executed, stage, study=str(run.parent / "study" / "study.yaml"), language="en")
    first, again = run / "public" / KIT, stage / KIT
    names = sorted(path.relative_to(first).as_posix() for path in first.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(again).as_posix() for path in again.rglob("*") if path.is_file())
    assert [name for name in names if (first / name).read_bytes() != (again / name).read_bytes()] == []
    with zipfile.ZipFile(again / "slides.pptx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_further_language_has_its_own_folder_and_a_switched_off_kit_is_removed(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    study, stages = run.parent / "study" / "study.yaml", tmp_path / "run" / "private" / "stages"
    write_kit(stages / "10_report" / "executed.ipynb", stages / "10_report.it", study=str(study), language="it")
    public = tmp_path / "run" / "public"
    assemble(tmp_path / "run", ("html",), ("it",))
    page = (public / KIT / "it" / "index.html").read_text(encoding="utf-8")
    assert '<html lang="it-IT">' in page
    assert "Testi e immagini da condividere" in page
    assert "bozza di traduzione" in page
    assert len(list((public / KIT / "it" / "figures").glob("*.svg"))) == 8
    shutil.rmtree(stages / "10_report" / KIT)
    assemble(tmp_path / "run", ("html",))
    assert not list(public.glob(f"{KIT}/**/*.*"))
