"""Calls of Pandoc: Markdown to HTML and DOCX, and to the Typst source of the PDF."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from ktss_analysis.core import KtssError
from ktss_analysis.display.numbers import format_day
from ktss_analysis.display.text_safety import glyph_names, safe_text
from ktss_analysis.report.document import PAGE_SVG, Document, Facts, picture_form
from ktss_analysis.report.labels import STAMP, banner, words

HERE: Final = Path(__file__).parent
FILTER: Final = HERE / "filters" / "ktss.lua"
#: Raw HTML, TeX and metadata blocks are off: no text of a notebook can bring code into a report.
READER: Final = (
    "markdown-raw_html-raw_tex-raw_attribute-latex_macros-yaml_metadata_block-pandoc_title_block"
    "-mmd_title_block-example_lists-citations+tex_math_dollars"
)


def to_html(document: Document, folder: Path) -> bytes:
    """Return one HTML file with pictures, style sheet and MathML inside.

    Parameters
    ----------
    document : Document
        Text, pictures and facts.
    folder : pathlib.Path
        An empty folder to work in.

    Returns
    -------
    bytes
        UTF-8 HTML; it asks for nothing from outside.
    """
    options = [
        "--to=html5", "--standalone", "--embed-resources", "--mathml", "--section-divs",
        "--shift-heading-level-by=1", f"--template={HERE / 'templates' / 'page.html'}",
        f"--css={HERE / 'styles.css'}",
    ]  # fmt: skip
    if document.facts.contents:
        options += ["--toc", "--toc-depth=3"]
    return run_pandoc(document, folder, options, forms=(PAGE_SVG, "svg", "png"))


def to_docx(document: Document, folder: Path) -> bytes:
    """Return a Word file with the house styles, alternative texts and repeated header rows.

    Parameters
    ----------
    document : Document
        Text, pictures and facts.
    folder : pathlib.Path
        An empty folder to work in.

    Returns
    -------
    bytes
        The DOCX.
    """
    from ktss_analysis.report.reference_docx import finish_docx, reference_docx

    (folder / "reference.docx").write_bytes(reference_docx(document.facts, pandoc_path()))
    options = ["--to=docx", "--standalone", "--reference-doc=reference.docx"]
    content = run_pandoc(document, folder, options, forms=("png", "svg"))
    return finish_docx(content, document.facts)


def to_typst(document: Document, folder: Path, extra_names: dict[str, str]) -> str:
    """Return the Typst source of the PDF and leave the pictures and facts beside it.

    Parameters
    ----------
    document : Document
        Text, pictures and facts.
    folder : pathlib.Path
        The folder to work in.
    extra_names : dict of str to str
        More characters to replace by a name, besides those found missing in the fonts.

    Returns
    -------
    str
        Typst markup.
    """
    options = ["--to=typst", "--standalone", f"--template={HERE / 'templates' / 'page.typ'}"]
    return run_pandoc(document, folder, options, forms=("svg", "png"), extra_names=extra_names).decode("utf-8")


def run_pandoc(
    document: Document,
    folder: Path,
    options: list[str],
    *,
    forms: Sequence[str],
    extra_names: dict[str, str] | None = None,
) -> bytes:
    """Run Pandoc on a document in a working folder and return what it writes.

    Parameters
    ----------
    document : Document
        Text, pictures and facts.
    folder : pathlib.Path
        Gets the text, the facts for filter and template, and the pictures.
    options : list of str
        Format options.
    forms : sequence of {"page.svg", "svg", "png"}
        Forms of a picture that the format can print, the best first.
    extra_names : dict of str to str, optional
        Characters to replace in the PDF.

    Returns
    -------
    bytes
        The output.

    Raises
    ------
    KtssError
        If Pandoc fails; the message is Pandoc's or the filter's.
    """
    facts = document.facts
    names = {**glyph_names(document.markdown), **(extra_names or {})}
    (folder / "document.md").write_text(document.markdown, encoding="utf-8", newline="\n")
    (folder / "facts.json").write_text(json.dumps(filter_facts(facts, names)), encoding="utf-8")
    (folder / "metadata.json").write_text(json.dumps(_metadata(facts)), encoding="utf-8")
    _write_pictures(document, folder, forms)
    command = [
        pandoc_path(), "document.md", f"--from={READER}", f"--lua-filter={FILTER}",
        "--metadata-file=metadata.json", "--output=-", *options,
    ]  # fmt: skip
    if facts.number_sections:
        command.append("--number-sections")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(facts.timestamp), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        raise KtssError(_message(done.stderr.decode("utf-8", "replace")))
    return done.stdout


@cache
def pandoc_path() -> str:
    """Return the Pandoc program that the package `pypandoc-binary` brings."""
    import pypandoc

    return str(pypandoc.get_pandoc_path())


def filter_facts(facts: Facts, names: dict[str, str]) -> dict[str, Any]:
    """Return what the Lua filter and the Typst template read, as plain data."""
    return {
        "title": facts.title,
        "subtitle": facts.subtitle,
        "short_title": facts.short_title,
        "date": format_day(facts.date, facts.language),
        "language": facts.language,
        "authors": list(facts.authors),
        "keywords": list(facts.keywords),
        "version_line": facts.version_line,
        "licence": facts.licence,
        "synthetic": facts.synthetic,
        "stamp": STAMP,
        "banner": banner(facts.language),
        "number_sections": facts.number_sections,
        "contents": facts.contents,
        "compact": facts.compact,
        "words": words(facts.language),
        "unprintable": names,
    }


def _metadata(facts: Facts) -> dict[str, Any]:
    """Return the metadata for Pandoc's own templates; Pandoc reads each text as Markdown."""
    texts = {
        "title": facts.title,
        "subtitle": facts.subtitle,
        "date": format_day(facts.date, facts.language),
        "short-title": facts.short_title,
        "version-line": facts.version_line,
        "licence": facts.licence,
        "stamp": STAMP if facts.synthetic else "",
        "banner": banner(facts.language) if facts.synthetic else "",
    }
    metadata: dict[str, Any] = {name: safe_text(text) for name, text in texts.items() if text}
    metadata |= {f"word-{name}": safe_text(text) for name, text in words(facts.language).items()}
    metadata["pagetitle"] = safe_text(f"{STAMP}: {facts.title}" if facts.synthetic else facts.title)
    metadata["toc-title"] = metadata["word-contents"]
    metadata["lang"] = facts.language
    metadata["author"] = [safe_text(name) for name in facts.authors]
    metadata["keywords"] = [safe_text(word) for word in facts.keywords]
    metadata["synthetic"] = facts.synthetic
    metadata["languages"] = [
        {name: safe_text(text) for name, text in {**other, "file": f"{other['stem']}.html"}.items()}
        for other in facts.languages
    ]
    return metadata


def _write_pictures(document: Document, folder: Path, forms: Sequence[str]) -> None:
    """Write each picture once, in the first of the forms that it has."""
    for name, content in document.pictures.items():
        stem, form = picture_form(name)
        if form == next((known for known in forms if f"{stem}.{known}" in document.pictures), None):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _message(stderr: str) -> str:
    own = [line.split("KTSS: ", 1)[1] for line in stderr.splitlines() if "KTSS: " in line]
    return f"report: {own[0]}" if own else f"Pandoc could not make the report: {stderr.strip()[:800]}"
