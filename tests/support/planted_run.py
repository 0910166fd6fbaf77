"""The demonstration study with its planted truth, run through notebooks 01 to 09 in this process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from demo_raw import Raw
from inprocess import run_notebooks

from ktss_analysis.demo import write_demo
from ktss_analysis.pipeline.layout import NODES
from ktss_analysis.results import read_results

ANALYSIS = tuple(node.name for node in NODES if not node.document)


@dataclass
class Run:
    """A study and the folder of its run."""

    study: Path
    folder: Path

    @property
    def stages(self) -> Path:
        return self.folder / "private" / "stages"

    @property
    def public_file(self) -> Path:
        return self.stages / "09_decisions" / "public.csv"

    @cached_property
    def rows(self) -> pd.DataFrame:
        """All result rows, before masking."""
        rows = read_results(self.stages / "09_decisions" / "results.csv")
        return rows.set_index("result_id", drop=False)

    @cached_property
    def public(self) -> pd.DataFrame:
        """The published rows."""
        return read_results(self.public_file).set_index("result_id", drop=False)

    @cached_property
    def raw(self) -> Raw:
        """The raw exports, read without the package."""
        folder = self.study.parent
        return Raw(folder / "data", folder / "truth", folder / "framework.yaml")

    def log(self, stage: str = "01_clean_reviews") -> pd.DataFrame:
        return pd.read_csv(self.stages / stage / "change_log.csv", keep_default_na=False)

    def quarantine(self, stage: str = "01_clean_reviews") -> pd.DataFrame:
        return pd.read_csv(self.stages / stage / "quarantine.csv", keep_default_na=False)

    def select(self, stream: str, statistic: str) -> pd.DataFrame:
        return self.rows[(self.rows["stream"] == stream) & (self.rows["statistic"] == statistic)]

    def labels(self, stream: str, statistic: str) -> dict[str, str]:
        """Return the texts of a statistic by target."""
        rows = self.select(stream, statistic)
        return dict(zip(rows["target_id"], rows["label"], strict=True))

    def number(self, result_id: str) -> float:
        row = self.rows.loc[result_id]
        assert row["status"] == "ok", f"{result_id}: {row['status']} ({row['reason']})"
        return float(row["estimate"])


def run_analysis(study: Path, folder: Path) -> Run:
    """Run notebooks 01 to 09 of a study."""
    run_notebooks(study, folder, only=ANALYSIS)
    return Run(study, folder)


def run_demo(place: Path, **options: object) -> Run:
    """Write a demonstration study and run its notebooks 01 to 09."""
    write_demo(place / "study", **options)  # type: ignore[arg-type]
    return run_analysis(place / "study" / "study.yaml", place / "run")
