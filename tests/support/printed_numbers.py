"""Numbers as a reader sees them in the report's three formats, and what may hold digits without being a result."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from html import unescape
from pathlib import Path
from zipfile import ZipFile

import pandas as pd

from ktss_analysis.display.catalogue import Catalogue
from ktss_analysis.study import Study

NUMBER = re.compile(r"[−-]?(?<![\w.])\.?\d+(?:[.,]\d+)*")
SPACES = "\u00a0\u202f\u2009\u200b\u2060"

#: What may hold digits without being a result, each with the reason.
ALLOWED = {
    r"\bS\d+-\d+\b": "identifier of an item, printed before its text",
    r"\bM\d+:": "identifier of a module in a suggestion",
    r"\bgroup FG\d+\b": "identifier of a focus group under a quote",
    r"CC BY \d\.\d": "the licence",
    r"\(\d{4}\)": "the year in the citation",
    r"ktss \d+\.\d+\.\d+ · study [0-9a-f]{7} · rules \d+\.\d+\.\d+ [0-9a-f]{7}": "versions and hashes",
    r"Page \d+ / \d+": "page number",
    r"\bContents(?: \d+)+": "numbers of chapters, which a PDF may hold before their titles",
    r"\b(?:Table|Figure) \d+\b": "number of a table or figure",
    r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2} (?:[A-Z][a-z]+) \d{4}\b": "a date",
}


def flat(text: str) -> str:
    """Return text with plain spaces, words that the PDF divided put together."""
    text = re.sub("\u00ad\\s*", "", text)
    return " ".join(re.sub(f"[{SPACES}]", " ", text).split())


def html_text(path: Path) -> str:
    """Return the visible text of a page without navigation and code."""
    return plain_html(re.sub(r"data:[^\"']+", "", path.read_text(encoding="utf-8")))


def plain_html(html: str) -> str:
    """Return the visible text of a piece of HTML without navigation and code."""
    for pattern in (r"<head>.*?</head>", r"<nav\b.*?</nav>", r"<code>.*?</code>", r"<style\b.*?</style>"):
        html = re.sub(pattern, " ", html, flags=re.DOTALL)
    return flat(unescape(re.sub(r"<[^>]+>", " ", html)))


def pdf_text(path: Path) -> str | None:
    """Return the text of a PDF; None where the program that reads it is not installed."""
    if shutil.which("pdftotext") is None:
        return None
    done = subprocess.run(["pdftotext", "-enc", "UTF-8", str(path), "-"], capture_output=True, check=True)
    return flat(done.stdout.decode("utf-8"))


def docx_text(path: Path) -> str:
    """Return the text of a Word file, paragraph by paragraph, with headers and footers."""
    texts = []
    with ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if re.fullmatch(r"word/(document|header\d*|footer\d*)\.xml", name):
                xml = archive.read(name).decode("utf-8")
                xml = re.sub(r"<w:instrText[^>]*>.*?</w:instrText>", " ", xml, flags=re.DOTALL)
                xml = re.sub(r"</w:p>|<w:br ?/>|<w:tab ?/>|</w:tc>", " ", xml)
                texts.append(re.sub(r"<[^>]+>", "", xml))
    return flat(unescape(" ".join(texts)))


def words_with_digits(run: Path, study: Study) -> set[str]:
    """Return published texts and texts of the framework in which digits are words of people, not results."""
    rows = pd.read_csv(run / "public" / "results.csv", dtype=str, keep_default_na=False)
    frame = study.instrument
    texts = {*rows["label"], *rows.loc[rows["stream"] == "triage", "reason"], study.title, study.subtitle}
    texts |= {frame.name(kind, target, "en") for kind in ("skill", "item") for target in frame.target_ids(kind)}
    return {flat(text) for text in texts if re.search(r"\d", text) and re.search(r"[^\W\d]{3}", text)}


def headings(language: str = "en") -> list[str]:
    """Return chapter and section titles, before which the documents print numbers of their own."""
    catalogue = Catalogue(language)
    keys = [*catalogue.keys_under("chapter."), *catalogue.keys_under("section.")]
    return [flat(catalogue.text(key)) for key in keys]


def numbers_in(text: str, known: Iterable[str] = (), titles: Iterable[str] = ()) -> Counter[str]:
    """Return how often each number stands in a text, without those that need no result.

    Parameters
    ----------
    text : str
        Flat text of a document or chapter.
    known : iterable of str
        Texts of people and of the framework.
    titles : iterable of str
        Names of chapters, sections and skills, which carry a number before and a page number after them.
    """
    for phrase in sorted(known, key=len, reverse=True):
        text = text.replace(phrase, " ")
    for title in sorted(titles, key=len, reverse=True):
        text = re.sub(rf"\b\d+(?:\.\d+)? {re.escape(title)}(?:[ .]*[.] ?\d+)?", " ", text)
    for pattern in ALLOWED:
        text = re.sub(pattern, " ", text)
    return Counter(NUMBER.findall(text))


def chapters_of(html: str, language: str = "en") -> dict[str, str]:
    """Return the flat text of each chapter of a page by its key."""
    catalogue = Catalogue(language)
    keys = {flat(catalogue.text(key)): key.removeprefix("chapter.") for key in catalogue.keys_under("chapter.")}
    found = {}
    for part in re.split(r"(?=<h2\b)", re.sub(r"data:[^\"']+", "", html))[1:]:
        heading, _, body = part.partition("</h2>")
        title = plain_html(heading).lstrip("0123456789. ")
        found[keys[title]] = plain_html(body)
    return found


def filed_numbers(texts: Iterable[str]) -> Counter[str]:
    """Return how often each number stands in printed texts."""
    return Counter(number for text in texts for number in NUMBER.findall(flat(text)))
