"""One notebook, three formats: `render` does the nbconvert pass once and the conversions side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import TYPE_CHECKING, Final, Literal

from ktss_analysis.core import KtssError

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from ktss_analysis.report.document import Document

Format = Literal["html", "pdf", "docx"]
FORMATS: Final[tuple[Format, ...]] = ("html", "pdf", "docx")


def render(
    notebook: str | Path | NotebookNode,
    *,
    formats: Sequence[str] = FORMATS,
    out: str | Path,
    stem: str,
) -> dict[str, Path]:
    """Write an executed notebook as HTML, PDF and DOCX.

    Parameters
    ----------
    notebook : path or NotebookNode
        The executed notebook. Its metadata ``ktss`` may hold title, subtitle, date, language, authors,
        keywords, short_title, synthetic, version_line, licence, number_sections and contents.
    formats : sequence of {"html", "pdf", "docx"}
        What to write.
    out : path
        The folder; it is made if it does not exist.
    stem : str
        The file name without its ending.

    Returns
    -------
    dict of str to pathlib.Path
        The file of each format. A file appears complete or not at all: it is written under a temporary
        name and renamed when every format has succeeded.

    Raises
    ------
    KtssError
        If a format is unknown, a cell of the notebook failed, a figure has no alternative text, or
        Typst or Pandoc refuses the text.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise KtssError(f"unknown format {unknown[0]!r}; allowed: {', '.join(FORMATS)}")
    document = read_document(notebook)
    with ThreadPoolExecutor(max_workers=max(1, len(formats))) as pool:
        contents = dict(zip(formats, pool.map(lambda name: convert(document, name), formats), strict=True))
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    return {name: _write(folder / f"{stem}.{name}", content) for name, content in contents.items()}


def read_document(notebook: str | Path | NotebookNode) -> Document:
    """Do the nbconvert pass: an executed notebook becomes Markdown, pictures and facts."""
    import nbformat

    from ktss_analysis.report.exporters import KtssMarkdownExporter

    node = notebook if not isinstance(notebook, (str, Path)) else nbformat.read(notebook, as_version=4)
    return KtssMarkdownExporter().document(node)


def convert(document: Document, output_format: str) -> bytes:
    """Convert a document to one format.

    Parameters
    ----------
    document : Document
        From `read_document`.
    output_format : {"html", "pdf", "docx"}
        The format.

    Returns
    -------
    bytes
        The file. The same document gives the same bytes.
    """
    from ktss_analysis.report import pandoc, typst_pdf

    makers = {"html": pandoc.to_html, "docx": pandoc.to_docx, "pdf": typst_pdf.to_pdf}
    with TemporaryDirectory(prefix="ktss-report-") as folder:
        return makers[output_format](document, Path(folder))


def _write(path: Path, content: bytes) -> Path:
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
        stream.write(content)
    Path(stream.name).chmod(0o644)
    os.replace(stream.name, path)
    return path
