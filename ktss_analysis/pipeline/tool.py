"""What `ktss tool` does: find framework, rules and published results, and write the pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..core import StudyError
from ..framework import load_framework
from ..resources import resource
from ..results import read_results
from ..rules import load_rules
from ..selfassessment.build import Built, build_tool
from ..study import Study, load_study
from ..yamlfile import read_yaml
from .graph import study_of_run
from .publish import TOOL, tool_languages


def write_tool(target: Path, out: Path | None, languages: Sequence[str]) -> Built:
    """Write the self-assessment of a run, a study or a framework.

    Parameters
    ----------
    target : pathlib.Path
        Folder of a run (its published results decide what may be shown), a study file or a framework file.
    out : pathlib.Path, optional
        Target folder; ``self-assessment`` in the run's folder or beside the file by default.
    languages : sequence of str
        Languages to write; by default all of the framework that the pages have texts for.

    Raises
    ------
    KtssError
        When there is no such file or run, or no page can be made.
    """
    if target.is_dir():
        results = target / "public" / "results.csv"
        rows = read_results(results) if results.is_file() else None
        return _of_study(study_of_run(target), out or target / TOOL, languages, rows)
    if not target.is_file():
        raise StudyError(f"{target}: there is no such file or folder")
    content, _ = read_yaml(target)
    if isinstance(content, dict) and "sources" in content:
        return _of_study(load_study(target), out or target.parent / TOOL, languages, None)
    framework = load_framework(target)
    return build_tool(
        framework, load_rules(resource("params/rules.yaml")), out or target.parent / TOOL, languages=languages
    )


def _of_study(study: Study, out: Path, languages: Sequence[str], rows: pd.DataFrame | None) -> Built:
    return build_tool(
        study.instrument, load_rules(study.rules_path), out, rows=rows, languages=languages or tool_languages(study),
        funding=(study.funding.statement, study.funding.disclaimer), contact=study.contact,
    )  # fmt: skip
