"""After the report: the kit for dissemination, from public results and the report's own figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .publish import KIT, render_document


def render_report(executed: Path, out: Path, *, stem: str, formats: Sequence[str], study: str, language: str) -> None:
    """Render the executed report, and write the kit of its language beside it."""
    render_document(executed, out, stem=stem, formats=formats)
    write_kit(executed, out, study=study, language=language)


def write_kit(executed: Path, out: Path, *, study: str, language: str) -> None:
    """Write the kit of one language into the stage of the report, from the public results of the stage beside it."""
    from ..dissemination.kit import build_kit
    from ..results import read_results
    from ..rules import load_rules
    from ..study import load_study

    loaded = load_study(study)
    notebook = json.loads(executed.read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    rows = read_results(out.parent / "09_decisions" / "public.csv")
    build_kit(rows, loaded, load_rules(loaded.rules_path), out / KIT, language=language, outputs=outputs)
