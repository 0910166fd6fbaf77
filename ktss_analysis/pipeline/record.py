"""The record of a run: what happened to each step, when, with which versions, and where the time went."""

from __future__ import annotations

import datetime
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..core import PipelineError

State = Literal["ran", "reused", "failed", "not_run"]
PHASES = ("kernel_start", "execution", "after", "total")


def now() -> str:
    """Return the time in UTC, in ISO 8601 with milliseconds."""
    moment = datetime.datetime.now(datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class StepRecord:
    """What happened to one step.

    Parameters
    ----------
    name : str
        Name of the step.
    state : {"ran", "reused", "failed", "not_run"}
        What was done.
    reason : str
        Why: what had changed, or what went wrong, in words.
    key : str
        The key of the step; empty when the step was not reached.
    seconds : dict of str to float
        ``kernel_start``, ``execution``, ``after``, ``total``; empty unless the step was executed now.
    outputs : dict of str to str
        Output file -> SHA-256, relative to the step's folder; empty unless they are valid.
    outputs_sha256 : str
        One hash over all outputs.
    normalised_sha256 : str
        Hash of the executed notebook without times and ids.
    produced : str
        When the outputs were made: for a reused step, in an earlier run.
    """

    name: str
    state: State
    reason: str
    key: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    outputs_sha256: str = ""
    normalised_sha256: str = ""
    produced: str = ""


@dataclass(frozen=True)
class RunRecord:
    """The record of a whole run; `run.json` is its text."""

    started: str
    finished: str
    command: str
    seed: int | None
    versions: dict[str, Any]
    platform: str
    steps: tuple[StepRecord, ...]
    warnings: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Say whether every step has valid outputs."""
        return all(step.state in ("ran", "reused") for step in self.steps)

    def step(self, name: str) -> StepRecord:
        """Return the record of one step."""
        for step in self.steps:
            if step.name == name:
                return step
        raise PipelineError(f"the record has no step {name}; steps: {', '.join(s.name for s in self.steps)}")

    def to_json(self) -> str:
        """Return the record as JSON text, in the order of the steps."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> RunRecord:
        """Read a record that `to_json` has written."""
        content = json.loads(text)
        steps = tuple(StepRecord(**step) for step in content.pop("steps"))
        return cls(**{**content, "warnings": tuple(content["warnings"])}, steps=steps)

    def time_table(self) -> str:
        """Return a plain table of where the time went; steps overlap, so the run can be the shorter."""
        ran = [step for step in self.steps if step.seconds]
        width = max([len("sum of steps"), *(len(step.name) for step in self.steps)])
        lines = [f"{'step':<{width}}  {'state':<7}" + "".join(f"  {phase:>12}" for phase in PHASES)]
        for step in self.steps:
            lines.append(_line(step.name, step.state, step.seconds, width))
        sums = {phase: sum(step.seconds.get(phase, 0.0) for step in ran) for phase in PHASES}
        lines.append(_line("sum of steps", "", sums, width))
        lines.append(f"{'whole run':<{width}}  {'':<7}" + f"  {self._seconds():>{14 * len(PHASES) - 2}.2f}")
        return "\n".join(lines)

    def _seconds(self) -> float:
        start, end = (datetime.datetime.fromisoformat(moment) for moment in (self.started, self.finished))
        return (end - start).total_seconds()


def _line(name: str, state: str, seconds: Mapping[str, float], width: int) -> str:
    cells = (f"{seconds[phase]:.2f}" if phase in seconds else "-" for phase in PHASES)
    return f"{name:<{width}}  {state:<7}" + "".join(f"  {cell:>12}" for cell in cells)


def versions(packages: Mapping[str, str], runner: str) -> dict[str, Any]:
    """Return the versions of Python, the runner and the packages."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"python": python, "runner": runner, "packages": dict(packages)}


def command_line() -> str:
    """Return the command that started this process, without the folder of the program."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv else ""


def raise_if_failed(record: RunRecord) -> None:
    """Raise a PipelineError with one line per failed step; its `record` is the whole record."""
    failed = [step for step in record.steps if step.state == "failed"]
    if not failed:
        return
    lost = [step.name for step in record.steps if step.state == "not_run" and step.reason.endswith(" failed")]
    lines = [f"{step.name} failed: {step.reason}" for step in failed]
    if lost:
        lines.append(f"not run because of this: {', '.join(lost)}")
    error = PipelineError("\n".join(lines))
    error.record = record  # type: ignore[attr-defined]
    raise error
