"""A cold and an unchanged run of the demonstration study, from the command line, with the run's own time table."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .measure import DisagreementError


@dataclass(frozen=True)
class WholeRun:
    """Seconds of a cold and of an unchanged run as a person waits for them, and where the cold one went."""

    cold: float
    unchanged: float
    times: str


def measure() -> WholeRun:
    """Run the demonstration study twice; the second run must reuse all steps and leave the public files alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _ktss("demo", str(folder / "study"))
        command = ("run", str(folder / "study" / "study.yaml"), "--out", str(folder / "run"))
        cold = _ktss(*command)
        before, first = _public(folder / "run"), (folder / "run" / "private" / "run.json").read_text(encoding="utf-8")
        unchanged = _ktss(*command)
        record = json.loads((folder / "run" / "private" / "run.json").read_text(encoding="utf-8"))
        if {step["state"] for step in record["steps"]} != {"reused"} or _public(folder / "run") != before:
            raise DisagreementError("the unchanged run did not reuse all steps, or changed public files")
        return WholeRun(cold, unchanged, _time_table(first))


def _ktss(*arguments: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "ktss_analysis.cli", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DisagreementError(f"ktss {arguments[0]} failed: {done.stderr.strip().splitlines()[-1]}")
    return time.perf_counter() - began


def _public(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "public").rglob("*") if path.is_file()}


def _time_table(text: str) -> str:
    from ktss_analysis.pipeline.record import RunRecord

    return RunRecord.from_json(text).time_table()
