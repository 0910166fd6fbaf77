"""What a notebook sees of the run: its inputs, where to write, and what was published before it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pandas as pd

from ..core import PipelineError
from ..files import write_atomic
from ..glossary import COLUMNS
from ..resources import find_file
from ..results import combine, read_results, write_results
from ..rules import load_rules
from ..streams.common import Setting
from ..study import load_study
from .layout import needs_of, node, run_folder


@dataclass
class Stage:
    """One notebook's place in the run.

    Parameters
    ----------
    name : str
        The notebook's name, e.g. ``"04_reliability"``.
    setting : Setting
        Study and rules.
    root : pathlib.Path
        Private folder of the run; ``root/stages/<name>`` holds what each notebook left.
    out : pathlib.Path
        Folder this notebook writes to.
    """

    name: str
    setting: Setting
    root: Path
    out: Path
    _rows: list[pd.DataFrame] = field(default_factory=list)

    def folder(self, stage: str) -> Path:
        """Return what an earlier notebook left, and refuse one that is not among this one's needs."""
        if stage not in needs_of(self.name):
            raise PipelineError(f"{self.name} does not need {stage}; it needs {', '.join(needs_of(self.name))}")
        return self.root / "stages" / stage

    def load(self, *names: str) -> dict[str, pd.DataFrame]:
        """Return canonical tables, from the cleaning notebooks this one needs.

        Parameters
        ----------
        *names : str
            Names of canonical tables; one without rows comes as an empty table.
        """
        tables = {}
        for name in names:
            parts = [
                read_table(path)
                for stage in needs_of(self.name)
                if name in node(stage).tables and (path := self.folder(stage) / f"{name}.parquet").is_file()
            ]
            if not parts:
                raise PipelineError(f"{self.name}: no cleaned table {name!r} in what it needs")
            kept = [part for part in parts if len(part)] or parts[:1]
            tables[name] = pd.concat(kept, ignore_index=True) if len(kept) > 1 else kept[0]
        return tables

    @property
    def owned(self) -> list[str]:
        """Names of the sources this notebook accounts for."""
        return self.setting.sources(*node(self.name).owns)

    def publish(self, *rows: pd.DataFrame) -> pd.DataFrame:
        """Add result rows to this notebook's results and return them."""
        self._rows += rows
        write_results(combine(self._rows), self.out / "results.csv")
        return combine(rows)

    def own_results(self) -> pd.DataFrame:
        """Return all rows that this notebook has published so far."""
        return combine(self._rows)

    def earlier_results(self) -> list[Path]:
        """Return the result files of all notebooks this one needs."""
        paths = [self.folder(stage) / "results.csv" for stage in needs_of(self.name)]
        return [path for path in paths if path.is_file()]

    def published(self) -> pd.DataFrame:
        """Return the public results of the run (after decisions and masking)."""
        return read_results(self.folder("09_decisions") / "public.csv")

    def write_json(self, name: str, content: object) -> None:
        """Write a small file beside this notebook's results."""
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
        write_atomic(self.out / name, text + "\n")


def read_table(path: Path) -> pd.DataFrame:
    """Return a canonical table with the glossary's dtypes."""
    frame = pd.read_parquet(path)
    return frame.astype({name: COLUMNS[name].dtype for name in frame.columns if name in COLUMNS})


def open_stage(name: str, *, study: str, run: str = "", out: str = "") -> Stage:
    """Open a notebook's stage; what it needs is run first when the notebook is opened by itself.

    Parameters
    ----------
    name : str
        The notebook's name.
    study : str
        The study file; relative paths start in the working folder or else in the project.
    run : str
        Folder of the run; empty for ``reports/<study id>``.
    out : str
        Where to write; filled in by the pipeline. Empty when an analyst runs the notebook by itself: then all
        notebooks it needs are run first (or reused), and it writes to a folder of its own that the
        pipeline never reads.
    """
    loaded = load_study(find_file(study))
    setting = Setting(loaded, load_rules(loaded.rules_path))
    folder = run_folder(loaded.id, run)
    root = folder / "private"
    if not out:
        target = root / "interactive" / name
        target.mkdir(parents=True, exist_ok=True)
        if needs_of(name):
            graph = import_module("ktss_analysis.pipeline.graph")  # not in step keys
            graph.run_study(loaded, folder, only=needs_of(name), quiet=True)
    else:
        target = Path(out)
    return Stage(name, setting, root, target)
