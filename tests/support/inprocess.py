"""Execute the project's notebooks in this process: the same cells as in a run, without kernels, so it is fast.

The tests of the pipeline itself (kernels, keys, kills) are in tests/e2e; here only what the cells compute matters.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_output

from ktss_analysis.opendata.files import build_open_data
from ktss_analysis.pipeline.kit import write_kit
from ktss_analysis.pipeline.layout import NODES, translation
from ktss_analysis.pipeline.publish import LANDING, OPEN_DATA, assemble, render_document
from ktss_analysis.report.landing import landing_page
from ktss_analysis.resources import resource
from ktss_analysis.results import read_results
from ktss_analysis.rules import load_rules
from ktss_analysis.study import load_study

REPORTS = ("10_report", "11_technical_annex", "12_audit_annex", "13_quality_board")


def run_notebooks(study: Path, folder: Path, *, only: Sequence[str] | None = None) -> Path:
    """Execute notebooks one after the other into ``folder/private/stages``; return that folder.

    Parameters
    ----------
    study : pathlib.Path
        Study file.
    folder : pathlib.Path
        Folder of the run.
    only : sequence of str, optional
        Names or beginnings of names; all notebooks by default.
    """
    stages = folder / "private" / "stages"
    for node in NODES:
        if only is not None and not any(node.name.startswith(name) for name in only):
            continue
        out = stages / node.name
        out.mkdir(parents=True, exist_ok=True)
        _execute(node.name, study, folder, out)
    return stages


def run_reports(study: Path, folder: Path, formats: Sequence[str] = ("html",)) -> Path:
    """Execute and render the documents of a run whose first nine notebooks were executed; return public/."""
    write_open_data(study, folder)
    run_notebooks(study, folder, only=REPORTS)
    stages = folder / "private" / "stages"
    for node in NODES:
        if node.document:
            out = stages / node.name
            render_document(out / "executed.ipynb", out, stem=node.document, formats=formats)
            if node.translated and load_study(study).outputs.dissemination:
                write_kit(out / "executed.ipynb", out, study=str(study), language="en")
    assemble(folder, formats)
    return folder / "public"


def write_open_data(study: Path, folder: Path) -> None:
    """Write landing page, glossary, workbook and facts of the data package of a run whose decisions were executed."""
    loaded, decisions = load_study(study), folder / "private" / "stages" / "09_decisions"
    rows = read_results(decisions / "public.csv")
    build_open_data(rows, loaded, load_rules(loaded.rules_path), decisions / OPEN_DATA)
    (decisions / LANDING).write_text(landing_page(loaded, with_tool=False), encoding="utf-8")


def run_translation(study: Path, folder: Path, language: str, formats: Sequence[str] = ("html",)) -> Path:
    """Execute and render the report of such a run in a further language; return the folder with its files."""
    out = folder / "private" / "stages" / translation("10_report", language)
    out.mkdir(parents=True, exist_ok=True)
    _execute("10_report", study, folder, out, language)
    render_document(out / "executed.ipynb", out, stem=translation("report", language), formats=formats)
    return out


def _execute(name: str, study: Path, folder: Path, out: Path, language: str = "en") -> None:
    """Execute one notebook's cells in a fresh namespace and keep what they display."""
    notebook = nbformat.read(resource("notebooks") / f"{name}.ipynb", as_version=4)
    space: dict[str, Any] = {"study": str(study), "run": str(folder), "out": str(out), "language": language}
    with _Captured() as captured:
        for number, cell in enumerate(notebook.cells, 1):
            if cell.cell_type != "code":
                continue
            captured.clear()
            if "parameters" not in cell.metadata.get("tags", []):
                exec(compile(cell.source, f"{name}.ipynb, cell {number}", "exec"), space)
            cell.outputs, cell.execution_count = list(captured), 1
    (out / "executed.ipynb").write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


class _Captured(list[Any]):
    """Collects what cells display while it is entered."""

    def __enter__(self) -> _Captured:
        from ktss_analysis.display import emit

        self._emit, self._display = emit, emit._display
        emit._display = self._keep
        return self

    def __exit__(self, *_: object) -> None:
        self._emit._display = self._display

    def _keep(self, bundle: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        data = {
            kind: base64.b64encode(content).decode() if isinstance(content, bytes) else content
            for kind, content in bundle.items()
        }
        self.append(new_output("display_data", data=data, metadata=metadata or {}))
