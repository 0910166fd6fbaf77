"""Exporters for ``jupyter nbconvert --to ktss_html | ktss_pdf | ktss_docx``, also used by `render`.

They read an executed notebook. Code, its inputs and untagged chatter (prints, object names) never show;
what shows is Markdown cells and what `ktss_analysis.display.emit` put there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.preprocessors import Preprocessor, TagRemovePreprocessor
from nbformat import NotebookNode
from traitlets import default
from traitlets.config import Config

from ktss_analysis.core import KtssError
from ktss_analysis.display.text_safety import clean_text
from ktss_analysis.report.document import Document, figure_markdown, read_facts

HIDDEN_TAGS = ("remove-cell", "parameters", "injected-parameters")
_PICTURES = ("image/svg+xml", "image/png")


class PublishedOutputs(Preprocessor):
    """Keep published outputs only: Markdown as it is, pictures as figure blocks."""

    enabled = True

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Rewrite the outputs of each code cell; pictures go to ``resources["ktss_pictures"]``."""
        self.pictures: dict[str, bytes] = resources.setdefault("ktss_pictures", {})
        self.labels: dict[str, str] = {}
        self.n_figures = 0
        for position, cell in enumerate(nb.cells, start=1):
            if cell.cell_type == "code":
                where = f"cell {position}"
                kept = [self._published(output, where) for output in cell.outputs]
                cell.outputs = [output for output in kept if output is not None]
        return nb, resources

    def _published(self, output: NotebookNode, where: str) -> NotebookNode | None:
        if output.output_type == "error":
            raise KtssError(f"{where} failed with {output.ename}: {output.evalue}; run the notebook again")
        data = output.get("data", {})
        if "text/markdown" in data:
            text = data["text/markdown"]
        elif any(kind in data for kind in _PICTURES):
            self.n_figures += 1
            text = figure_markdown(output, where=where, pictures=self.pictures, number=self.n_figures)
        else:
            return None
        return NotebookNode(output_type="display_data", metadata={}, data={"text/markdown": text})


class KtssMarkdownExporter(TemplateExporter):
    """Base of the exporters: a notebook becomes one `Document`."""

    export_from_notebook = ""
    output_mimetype = "text/markdown"
    ktss_format = ""

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".md"

    @default("template_name")
    def _template_name_default(self) -> str:
        return "ktss"

    @default("template_extension")
    def _template_extension_default(self) -> str:
        return ".md.j2"

    @default("extra_template_basedirs")
    def _extra_template_basedirs_default(self) -> list[str]:
        return [*super()._default_extra_template_basedirs(), str(Path(__file__).parent / "templates")]

    @property
    def default_config(self) -> Config:
        """Hidden tags, and the preprocessor that keeps published outputs."""
        own = Config(
            {
                "TagRemovePreprocessor": {"enabled": True, "remove_cell_tags": set(HIDDEN_TAGS)},
                "KtssMarkdownExporter": {"preprocessors": [TagRemovePreprocessor, PublishedOutputs]},
            }
        )
        own.merge(super().default_config)
        return own

    def document(self, nb: NotebookNode, resources: dict[str, Any] | None = None) -> Document:
        """Return the notebook as Markdown with pictures and facts.

        Parameters
        ----------
        nb : NotebookNode
            An executed notebook.
        resources : dict, optional
            nbconvert's resources.

        Returns
        -------
        Document
            The source from which `ktss_analysis.report.render` makes each format.
        """
        markdown, resources = TemplateExporter.from_notebook_node(self, nb, resources)
        text = clean_text(markdown)
        return Document(text, read_facts(nb.metadata, text), resources.get("ktss_pictures", {}))

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **_: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Convert a notebook to the exporter's format; pictures are inside the one file."""
        from ktss_analysis.report.render import convert

        content = convert(self.document(nb, resources), self.ktss_format)
        done = {**(resources or {}), "outputs": {}, "output_extension": self.file_extension}
        return content, done


class KtssHtmlExporter(KtssMarkdownExporter):
    """One HTML file without any external request."""

    export_from_notebook = "KTSS report (HTML)"
    output_mimetype = "text/html"
    ktss_format = "html"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"


class KtssPdfExporter(KtssMarkdownExporter):
    """A tagged PDF: PDF/UA-1 and PDF/A-3a."""

    export_from_notebook = "KTSS report (PDF)"
    output_mimetype = "application/pdf"
    ktss_format = "pdf"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".pdf"


class KtssDocxExporter(KtssMarkdownExporter):
    """A Word file with real styles."""

    export_from_notebook = "KTSS report (DOCX)"
    output_mimetype = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ktss_format = "docx"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".docx"
