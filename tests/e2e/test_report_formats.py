"""One executed notebook becomes HTML, PDF and DOCX that people with and without sight can read."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import matplotlib as mpl
import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

sys.path.insert(0, str(Path(__file__).resolve().parent))

from chromium import need
from report_sample import CODE_MARK, FACTS, HOSTILE, cell, dot_figure, notebook, sample_cells, sample_notebook

from ktss_analysis.core import KtssError
from ktss_analysis.display.emit import emit_figure, emit_markdown, emit_table
from ktss_analysis.display.text_safety import clean_text, safe_text
from ktss_analysis.report import FORMATS, render
from ktss_analysis.report.document import Document, full_tag, read_facts
from ktss_analysis.report.labels import banner, words
from ktss_analysis.report.render import convert, read_document
from ktss_analysis.study import report_languages

mpl.use("Agg")
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class Page(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.skipping = 0
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.skipping += tag in {"style", "script"}

    def handle_endtag(self, tag):
        self.skipping -= tag in {"style", "script"}

    def handle_data(self, data):
        if not self.skipping:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def document() -> Document:
    return read_document(sample_notebook())


@pytest.fixture(scope="module")
def files(document) -> dict[str, bytes]:
    return {name: convert(document, name) for name in FORMATS}


@pytest.fixture(scope="module")
def page(files) -> Page:
    return Page(files["html"].decode())


@pytest.fixture(scope="module")
def docx(files) -> dict[str, str]:
    with ZipFile(BytesIO(files["docx"])) as archive:
        return {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}


def pdf_text(content: bytes, *options: str) -> str:
    """Return the text of a PDF by poppler, or skip where it is absent."""
    need(shutil.which("pdftotext"), "pdftotext (poppler-utils)")
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=content, capture_output=True, check=True)
    return done.stdout.decode()


def docx_text(content: bytes) -> str:
    with ZipFile(BytesIO(content)) as archive:
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    paragraphs = []
    for paragraph in root.iter(f"{W}p"):
        parts: list[str] = []
        for element in paragraph.iter():
            if element.tag == f"{W}t":
                parts.append(element.text or "")
            elif element.tag == f"{W}br":
                parts.append("\n")
            elif element.tag == f"{W}softHyphen":
                parts.append("\u00ad")
        paragraphs.append("".join(parts))
    return "\n".join(paragraphs)


# ------------------------------------------------------------------------------------------------ HTML


def test_html_asks_for_nothing_from_outside(page):
    assert not page.all("script", "iframe", "object", "embed", "base")
    sources = [value for _, attributes in page.tags for name, value in attributes.items() if name in {"src", "srcset"}]
    assert sources
    assert all(str(source).startswith("data:") for source in sources)
    assert not page.all("link")


def test_html_style_sheet_loads_nothing(files):
    styles = "".join(re.findall(r"<style.*?</style>", files["html"].decode(), flags=re.DOTALL))
    assert "prefers-color-scheme: dark" in styles
    assert "@media print" in styles
    assert not re.search(r"url\(|@import", styles)


def test_html_has_language_title_and_landmarks(page):
    assert page.all("html")[0]["lang"] == "en-GB"
    assert len(page.all("main")) == 1
    assert page.all("main")[0]["id"] == "content"
    assert page.all("a")[0] == {"class": "skip-link", "href": "#content"}
    assert any(attributes.get("class") == "contents" for attributes in page.all("nav"))


def test_html_has_one_first_heading_and_levels_in_order(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert len(levels) > 6
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_html_pictures_have_the_given_alternative_text(page):
    alts = [attributes["alt"] for attributes in page.all("img")]
    assert alts == [
        "Dots with intervals for four skills; listening is highest.",
        "The same dots on a very tall canvas.",
    ]


def test_html_header_cells_have_scopes_and_tables_names(page):
    scopes = [attributes.get("scope") for attributes in page.all("th")]
    assert scopes.count("col") == 12
    assert scopes.count("row") == 17
    assert None not in scopes
    identifiers = {attributes.get("id") for _, attributes in page.tags}
    named = [a["aria-labelledby"] for a in page.all("div") if a.get("class") == "table-scroll"]
    assert len(named) == 2
    assert set(named) <= identifiers
    assert len(page.all("caption")) == 2


def test_html_identifiers_are_unique_and_links_lead_somewhere(page):
    identifiers = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(identifiers) == len(set(identifiers))
    targets = {a["href"][1:] for a in page.all("a") if str(a.get("href", "")).startswith("#")}
    assert targets
    assert targets <= set(identifiers)


def test_html_numbers_figures_and_tables_and_refers_to_them(page):
    assert "See Figure\u00a01 and Table\u00a01." in "".join(page.words)
    assert "95% intervals. Data: Table 1" in page.text


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_colours_have_enough_contrast_in_light_and_dark(repo):
    assert contrast("#767D88", "#FFFFFF") == pytest.approx(4.15, abs=0.01)
    styles = (repo / "ktss_analysis" / "report" / "styles.css").read_text()
    schemes = [
        dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6})", block))
        for block in re.findall(r":root {(.*?)}", styles, re.DOTALL)
    ]
    assert len(schemes) == 3
    for scheme in schemes:
        pairs = [(text, "paper") for text in ("ink", "soft", "faint", "navy", "alarm", "amber")]
        pairs += [
            ("alarm", "alarm-panel"),
            ("amber", "amber-panel"),
            ("navy", "note-panel"),
            ("ink", "panel"),
        ]
        pairs += [("ink", ground) for ground in ("alarm-panel", "amber-panel", "note-panel")]
        low = {pair: contrast(scheme[pair[0]], scheme[pair[1]]) for pair in pairs}
        assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


@pytest.mark.browser
def test_html_fits_a_narrow_screen_and_sends_no_request(files, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = next((p for p in ("/usr/bin/chromium", "/usr/bin/google-chrome") if Path(p).exists()), None)
    need(chromium, "a Chromium")
    path = tmp_path / "report.html"
    path.write_bytes(files["html"])
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width in (320, 1280):
            tab = browser.new_page(viewport={"width": width, "height": 800})
            requests: list[str] = []
            tab.on("request", lambda request, seen=requests: seen.append(request.url))
            tab.goto(path.as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert [url for url in requests if not url.startswith(("data:", "file:"))] == []
            tab.keyboard.press("Tab")
            assert tab.evaluate("document.activeElement.className") == "skip-link"
        browser.close()


# ------------------------------------------------------------------------------------------------- PDF


@pytest.mark.parametrize("profile", ["ua1", "3a"])
def test_pdf_passes_the_independent_checker(files, profile):
    checker = pytest.importorskip("page")
    report = checker.validate_pdf_bytes(files["pdf"], profile=profile)
    assert report.rules.total > 100
    assert [failure.rule_id for failure in report.failures] == []


def test_pdf_checker_can_fail():
    checker = pytest.importorskip("page")
    import typst

    untagged = typst.compile(b"= Heading\ntext", format="pdf", pdf_tags=False)
    assert checker.validate_pdf_bytes(untagged, profile="ua1").rules.failed >= 5


def test_pdf_carries_title_and_language(files):
    assert b"/Lang(en-GB)" in files["pdf"]
    assert b"/DisplayDocTitle true" in files["pdf"]
    assert b"reviewers &amp; focus groups said" in files["pdf"]


def structure(content: bytes, folder: Path) -> list[tuple[int, str]]:
    """Return the elements of the structure tree and their texts, each with its depth, by poppler."""
    need(shutil.which("pdfinfo"), "pdfinfo (poppler-utils)")
    path = folder / "tagged.pdf"
    path.write_bytes(content)
    done = subprocess.run(["pdfinfo", "-struct-text", str(path)], capture_output=True, check=True)
    lines = [
        line
        for line in done.stdout.decode("utf-8", "replace").splitlines()
        if line.strip() and not line.strip().startswith("/")
    ]
    return [(len(line) - len(line.lstrip()), line.strip()) for line in lines]


def test_pdf_structure_has_paragraphs_headings_and_header_cells_in_reading_order(files, tmp_path):
    tree = structure(files["pdf"], tmp_path)
    kinds = [text.split()[0].rstrip(":") for _, text in tree if not text.startswith('"')]
    spoken = " ".join(text.strip('"') for _, text in tree if text.startswith('"'))
    top = min(depth for depth, _ in tree[1:])
    loose = [after for (depth, text), (_, after) in pairwise(tree[1:]) if depth == top and text.split()[0] == "Span"]
    assert loose == ['"Its definition."']  # the text of a definition list, which Typst has no tag for
    levels = [int(kind[1]) for kind in kinds if re.fullmatch(r"H[1-6]", kind)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert kinds.count("Figure") == 2
    assert kinds.count("Table") == kinds.count("Caption") - kinds.count("Figure") == 2
    assert kinds.count("TH") == 12
    order = [spoken.index(words) for words in ("Soft skills for", "Synthetic demonstration", "Contents")]
    order += [spoken.rindex(words) for words in ("On one page", "Why these rules", "Evidence side by side", "Who took")]
    assert order == sorted(order)


def test_pdf_is_stamped_on_every_page(files):
    pages = pdf_text(files["pdf"], "-layout").split("\f")[:-1]
    assert len(pages) >= 5
    assert all("SYNTHETIC" in text for text in pages)
    assert banner("en") in pages[0]


def test_pdf_repeats_the_header_of_a_table_that_breaks(files):
    pages = [text for text in pdf_text(files["pdf"], "-layout").split("\f") if "keep provisionally" in text]
    with_table = [text for text in pages if "Relevance" in text and "Workshop" in text]
    assert len(with_table) >= 2


def test_pdf_text_stays_inside_the_margins(files):
    boxes = pdf_text(files["pdf"], "-bbox")
    width = float(re.search(r'<page width="([\d.]+)"', boxes)[1])
    right = [float(value) for value in re.findall(r'<word [^>]*xMax="([\d.]+)"', boxes)]
    assert width == pytest.approx(595.28, abs=0.1)
    assert len(right) > 300
    assert max(right) <= width - 22 / 25.4 * 72 + 1.5


def test_pdf_leaves_no_heading_at_the_foot_of_a_page():
    filler = "Words that fill a page. " * 18
    cells = [new_markdown_cell(f"# Part {n}\n\n{filler}\n\n" + f"{filler}\n\n" * (n % 3)) for n in range(30)]
    content = convert(read_document(notebook(cells, {**FACTS, "contents": False})), "pdf")
    for text in pdf_text(content, "-layout").split("\f")[:-1]:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        body = [line for line in lines if not line.startswith("Version 0.1.0")]
        assert not re.match(r"^\d+\s+Part \d+$", body[-1]), body[-3:]


def test_pdf_has_wide_tables_with_long_words_on_the_page():
    frame = pd.DataFrame(
        {f"Column number {n}": [f"tool_review.item_cvi.relevance.S{n:02d}-2.extended"] * 3 for n in range(12)}
    )
    cells = [new_markdown_cell("# A\n\ntext"), cell(emit_table, frame, label="tbl-w", caption="Wide")]
    boxes = pdf_text(convert(read_document(notebook(cells)), "pdf"), "-bbox")
    for part in boxes.split("<page ")[1:]:
        width = float(re.search(r'width="([\d.]+)"', part)[1])
        right = [float(value) for value in re.findall(r'xMax="([\d.]+)"', part)]
        assert max(right) <= width - 60


# ------------------------------------------------------------------------------------------------ DOCX


def test_docx_parts_are_well_formed(docx):
    for name, content in docx.items():
        if name.endswith((".xml", ".rels")):
            ElementTree.fromstring(content)


def test_docx_has_styles_alternative_texts_and_repeated_headers(docx):
    body = docx["word/document.xml"]
    for style in (
        "Heading1",
        "Heading2",
        "Title",
        "TableCaption",
        "ImageCaption",
        "CalloutLimits",
        "SkillCard",
        "TOC1",
    ):
        assert f'w:val="{style}"' in body, style
        assert f'w:styleId="{style}"' in docx["word/styles.xml"], style
    assert 'w:val="BadgeKeep"' in body
    assert 'w:styleId="BadgeKeep"' in docx["word/styles.xml"]
    assert body.count("<w:tblHeader") == 2
    assert 'descr="Dots with intervals for four skills; listening is highest."' in body


def test_docx_uses_styles_that_exist(docx):
    used = set(re.findall(r'<w:(?:pStyle|rStyle|tblStyle) w:val="([^"]+)"', docx["word/document.xml"]))
    defined = set(re.findall(r'w:styleId="([^"]+)"', docx["word/styles.xml"]))
    assert used <= defined, used - defined


def test_docx_chapter_on_a_page_of_its_own_needs_no_empty_paragraph():
    cells = [new_markdown_cell(text) for text in ("# First\n\na", "# Alone {.own-page}\n\nb", "# Last\n\nc")]
    with ZipFile(BytesIO(convert(read_document(notebook(cells)), "docx"))) as archive:
        body = archive.read("word/document.xml").decode()
    assert 'w:type="page"' not in body.partition("First")[2]
    starts = re.findall(r'<w:pStyle w:val="Heading1" ?/>(<w:pageBreakBefore/>)?.*?</w:p>', body)
    assert starts == ["", "<w:pageBreakBefore/>", "<w:pageBreakBefore/>"]


def test_docx_words_over_a_list_of_a_card_stay_with_it(docx):
    body = docx["word/document.xml"]
    assert 'w:val="SkillCardLabel"' in body
    label = re.search(r'<w:style [^>]*w:styleId="SkillCardLabel".*?</w:style>', docx["word/styles.xml"])
    assert "<w:keepNext" in label[0]


def test_docx_text_after_a_table_keeps_its_distance():
    table = cell(emit_table, pd.DataFrame({"Skill": ["Listening"]}), label="tbl-a", caption="A")
    document = read_document(notebook([new_markdown_cell("# A"), table, new_markdown_cell("Words.")]))
    with ZipFile(BytesIO(convert(document, "docx"))) as archive:
        body = archive.read("word/document.xml").decode()
    assert 'w:val="AfterTable"' in body
    between = r"(?:\s|<w:bookmarkEnd[^>]*>)*"
    plain = rf'</w:tbl>{between}<w:p><w:pPr><w:pStyle w:val="(?:BodyText|FirstParagraph)"'
    assert not re.search(plain, body)


@pytest.mark.nightly
def test_docx_opens_in_a_word_processor_without_empty_pages(files, tmp_path):
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice (soffice) is not installed; nothing of the project needs it")
    (tmp_path / "report.docx").write_bytes(files["docx"])
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [soffice, "--headless", profile, "--convert-to", "pdf", "--outdir", str(tmp_path), "report.docx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=180)
    pages = pdf_text((tmp_path / "report.pdf").read_bytes(), "-layout").split("\f")[:-1]
    bodies = [[line for line in page.splitlines() if line.strip()][1:-1] for page in pages]
    assert len(bodies) > 2
    assert all(bodies)
    assert not any(re.match(r"^\s*\d+(\.\d+)*\s+\S", body[-1]) for body in bodies[:-1])


def test_docx_header_carries_the_stamp(docx):
    assert "SYNTHETIC" in docx["word/header1.xml"]
    assert banner("en") in docx["word/document.xml"]
    assert re.search(r'<w:headerReference[^>]*w:type="default"', docx["word/document.xml"])
    assert "NUMPAGES" in docx["word/footer1.xml"]


def test_docx_language_is_that_of_the_report(docx):
    assert set(re.findall(r'<w:lang w:val="([^"]+)"', docx["word/styles.xml"])) == {"en-GB"}


# ----------------------------------------------------------------------------------- all formats alike


def texts(files: dict[str, bytes]) -> dict[str, str]:
    return {
        "html": Page(files["html"].decode()).text,
        "docx": " ".join(docx_text(files["docx"]).split()),
        "pdf": " ".join(pdf_text(files["pdf"]).split()),
    }


def test_hidden_things_stay_hidden(files):
    for name, text in texts(files).items():
        for hidden in (CODE_MARK, "PARAMETER OUTPUT", "REMOVED OUTPUT", "STDOUT NOISE", "OBJECT NOISE"):
            assert hidden not in text, (name, hidden)


def test_words_in_every_language_arrive(files):
    for name, text in texts(files).items():
        for expected in ("Zażółć gęślą jaźń", "Perché così", "Hyvää työtä", "geüpload", "κ ≥ .60"):
            assert expected in text, (name, expected)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_notebook_gives_the_same_bytes(files, name, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.sleep(1.1)
    assert convert(read_document(sample_notebook()), name) == files[name]


@pytest.mark.parametrize("name", ["pdf", "docx"])
def test_the_date_of_the_files_can_be_set(document, files, name, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert convert(document, name) != files[name]


def test_without_synthetic_nothing_is_stamped():
    cells = [one for one in sample_cells() if "SYNTHETIC" not in str(one)]
    document = read_document(notebook(cells, {**FACTS, "synthetic": False}))
    made = {name: convert(document, name) for name in FORMATS}
    for name, text in texts(made).items():
        assert "SYNTHETIC" not in text, name
        assert banner("en") not in text, name
    with ZipFile(BytesIO(made["docx"])) as archive:
        assert b"SYNTHETIC" not in archive.read("word/header1.xml")


@pytest.mark.parametrize("language", report_languages())
def test_every_language_has_its_words(language):
    assert all(words(language).values())
    assert (words(language)["contents"] == words("en")["contents"]) == (language == "en")
    document = read_document(notebook(sample_cells(), {**FACTS, "language": language}))
    page = Page(convert(document, "html").decode())
    assert page.all("html")[0]["lang"] == full_tag(language)
    assert f"{words(language)['table']} 1" in page.text
    assert banner("en") in page.text


def test_pdf_in_another_language_passes_the_checker():
    checker = pytest.importorskip("page")
    content = convert(read_document(notebook(sample_cells(), {**FACTS, "language": "pl-PL"})), "pdf")
    assert checker.validate_pdf_bytes(content, profile="ua1").is_compliant
    assert b"/Lang(pl-PL)" in content


def test_a_notebook_without_facts_takes_its_title_from_the_first_heading():
    cells = [new_markdown_cell("# My *own* analysis\n\n## One\n\ntext\n\n## Two\n\ntext")]
    document = read_document(notebook(cells, None))
    assert document.facts.title == "My own analysis"
    page = Page(convert(document, "html").decode())
    headings = [tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings == ["h1", "h2", "h2"]
    assert page.text.count("My own analysis") == 3, "window title, bar and heading; not a fourth time as a section"
    assert convert(document, "pdf").startswith(b"%PDF")


def test_titles_are_text_and_never_markup():
    title = 'A *b* "c" <d> & $e$ #f @g \\h [i](j) {k} `l` 中'
    document = read_document(
        notebook([new_markdown_cell("# One\n\ntext")], {**FACTS, "title": title, "short_title": title})
    )
    made = {name: convert(document, name) for name in FORMATS}
    assert title in Page(made["html"].decode()).text
    assert title in docx_text(made["docx"])
    assert title.replace("中", "[Chinese or Japanese, 1 character]") in " ".join(pdf_text(made["pdf"]).split())


# --------------------------------------------------------------------------------------- hostile texts


def naughty(shared: Path) -> list[str]:
    lines = (shared / "data" / "nasty-formula-injection" / "blns.txt").read_text("utf-8", "replace").split("\n")
    return [line for line in lines if line.strip() and not line.startswith("#")]


def visible(text: str) -> str:
    return "".join(clean_text(text).split())


def test_hostile_strings_arrive_as_they_were_written(shared):
    strings = [*naughty(shared), HOSTILE, "| a | b |\n|---|---|", ":::", "```", "\\[", "1. x", "- y", "> z"]
    assert len(strings) > 400
    frame = pd.DataFrame({"Number": [str(n) for n in range(len(strings))], "Text": strings})
    quotes = "\n\n".join(f"{n}: {safe_text(text)}" for n, text in enumerate(strings))
    cells = [
        new_markdown_cell("# Quotes"),
        cell(emit_markdown, f"{quotes}\n\n{safe_text(chr(0xD83D) + ' lone half of a pair')}"),
        cell(emit_table, frame, label="tbl-hostile", caption=safe_text(strings[-9])),
    ]
    document = read_document(notebook(cells))
    html = convert(document, "html").decode()
    page = Page(html)
    assert not page.all("script", "iframe", "svg", "img", "object", "embed", "video", "audio", "form", "input")
    assert not [a for _, a in page.tags for name in a if name.startswith("on")]
    docx = docx_text(convert(document, "docx"))
    lost = {"html": [], "docx": []}
    for name, text in (("html", visible("".join(page.words))), ("docx", visible(docx))):
        lost[name] = [s for s in strings if text.count(visible(s)) < 2]
    assert lost == {"html": [], "docx": []}
    checker = pytest.importorskip("page")
    assert checker.validate_pdf_bytes(convert(document, "pdf"), profile="ua1").is_compliant


def test_pdf_recovers_when_only_typst_knows_that_a_glyph_is_missing(monkeypatch):
    monkeypatch.setattr("ktss_analysis.report.pandoc.glyph_names", lambda _: {})
    text = "# A\n\nFirst \N{THINKING FACE}, then 中文, then \N{BRAIN}."
    content = convert(read_document(notebook([new_markdown_cell(text)])), "pdf")
    printed = " ".join(pdf_text(content).split())
    assert "First [emoji: thinking face], then [Chinese or Japanese, 2 characters], then [emoji: brain]." in printed


def test_unescaped_markup_cannot_bring_code_or_metadata():
    text = "# A\n\n<script>alert(1)</script>\n\n---\ntitle: stolen\n---\n\n"
    text += "```{=html}\n<b>x</b>\n```\n\n`#panic()`{=typst}"
    document = read_document(notebook([new_markdown_cell(text)]))
    page = Page(convert(document, "html").decode())
    assert not page.all("script", "b")
    assert FACTS["title"] in page.text
    assert convert(document, "pdf").startswith(b"%PDF")


# ------------------------------------------------------------------------------------------ what it refuses


def refuse(cells, match, formats=("html",), facts=FACTS):
    for name in formats:
        with pytest.raises(KtssError, match=match):
            convert(read_document(notebook(cells, facts)), name)


def test_refuses_a_figure_without_alternative_text():
    output = new_output("display_data", data={"image/svg+xml": "<svg/>"}, metadata={})
    refuse([new_code_cell("x", outputs=[output])], "cell 1: a figure without alternative text")


def test_refuses_a_failed_notebook():
    refuse(
        [new_code_cell("x", outputs=[new_output("error", ename="ValueError", evalue="no", traceback=[])])],
        "cell 1 failed",
    )


def test_refuses_a_link_that_leads_nowhere():
    refuse([new_markdown_cell("# A\n\nSee [](#tbl-none).")], "#tbl-none", FORMATS[:1])


def test_refuses_a_label_used_twice():
    twice = [cell(emit_figure, dot_figure(), label="fig-a", caption="C", alt="A") for _ in range(2)]
    refuse(twice, "fig-a is used twice")


@pytest.mark.parametrize("facts", [{"titel": "x"}, {"title": "x", "language": "english"}])
def test_refuses_wrong_facts(facts):
    with pytest.raises(KtssError, match="allowed"):
        read_facts({"ktss": facts}, "")


def test_refuses_an_unknown_format(tmp_path):
    with pytest.raises(KtssError, match="allowed: html, pdf, docx"):
        render(sample_notebook(), formats=["odt"], out=tmp_path, stem="x")


# ------------------------------------------------------------------------------------------- interfaces


def test_render_writes_all_files_and_no_other(tmp_path, files):
    path = tmp_path / "executed.ipynb"
    nbformat.write(sample_notebook(), path)
    made = render(path, out=tmp_path / "out", stem="report")
    assert {name: file.name for name, file in made.items()} == {name: f"report.{name}" for name in FORMATS}
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "report.docx",
        "report.html",
        "report.pdf",
    ]
    assert {name: file.read_bytes() for name, file in made.items()} == files


def test_render_leaves_old_files_when_a_format_fails(tmp_path):
    old = tmp_path / "report.html"
    old.write_text("old")
    broken = notebook([new_markdown_cell("[](#nowhere)")])
    with pytest.raises(KtssError):
        render(broken, formats=["html"], out=tmp_path, stem="report")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert old.read_text() == "old"


@pytest.mark.parametrize("name", FORMATS)
def test_exporter_classes_give_the_same_file(files, name):
    from ktss_analysis.report import exporters

    exporter = getattr(exporters, f"Ktss{name.capitalize()}Exporter")()
    content, resources = exporter.from_notebook_node(sample_notebook())
    assert content == files[name]
    assert resources["output_extension"] == f".{name}"


def test_nbconvert_knows_the_exporters(tmp_path, files):
    from importlib.metadata import entry_points

    if "ktss_html" not in entry_points(group="nbconvert.exporters").names:
        pytest.skip("the package is not installed, so nbconvert cannot see its exporters")
    nbformat.write(sample_notebook(), tmp_path / "report.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "ktss_docx", "report.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.docx").read_bytes() == files["docx"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["report.docx", "report.ipynb"]
