"""One in-process run of the demonstration study, made once per test session and shared by report tests."""

from __future__ import annotations

from pathlib import Path

from inprocess import REPORTS, run_notebooks, run_reports

from ktss_analysis.demo import write_demo
from ktss_analysis.pipeline.layout import NODES


def demo_run(folder: Path, *, n: int | None = None, formats: tuple[str, ...] = ("html",)) -> Path:
    """Write the demonstration study below `folder`, run it and return the folder of the run."""
    study = folder / "study"
    write_demo(study) if n is None else write_demo(study, n=n)
    run = folder / "run"
    run_notebooks(study / "study.yaml", run, only=[node.name for node in NODES if node.name not in REPORTS])
    run_reports(study / "study.yaml", run, formats=formats)
    return run
