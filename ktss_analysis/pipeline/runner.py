"""Runs the graph: what is up to date is reused, the rest is executed in parallel."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core import PipelineError
from ..files import write_atomic
from .execute import Job, Outcome, execute
from .kernels import forget_run, stop_kernels
from .keys import RUNNER_VERSION
from .plan import Judge, Verdict
from .progress import Progress, make_progress
from .record import RunRecord, State, StepRecord, command_line, now, raise_if_failed, versions
from .steps import Step, common_seed, sorter_of, with_needs
from .store import EXECUTED, Store, Stored, files_of_step


def run_steps(
    steps: Sequence[Step],
    root: Path,
    *,
    executor: Executor | None = None,
    jobs: int = 2,
    only: Collection[str] | None = None,
    force: bool = False,
    progress: Progress | None = None,
    packages: Mapping[str, Path] | None = None,
    lock_file: Path | None = None,
    seed: int | None = None,
    command: str | None = None,
    start_timeout: int = 120,
) -> RunRecord:
    """Bring the outputs of all steps up to date.

    Parameters
    ----------
    steps : sequence of Step
        The graph.
    root : pathlib.Path
        Folder of the run; outputs go to ``stages/<name>/`` in it, the record to ``run.json``.
    executor : concurrent.futures.Executor, optional
        Where notebooks are executed, for instance ``distributed.Client.get_executor()``; all its workers
        must see `root`. By default threads of this process: the work is done in the kernels.
    jobs : int
        How many notebooks at once; used without `executor` only.
    only : collection of str, optional
        Steps wanted; those that they need are brought up to date as well, and no others.
    force : bool
        Execute the steps of `only`, or all, even if nothing changed.
    progress : Progress, optional
        Told what happens; by default a live table in a terminal and plain lines elsewhere.
    packages : mapping of str to pathlib.Path, optional
        Packages whose modules belong to the keys; by default this one.
    lock_file : pathlib.Path, optional
        Lock file of the environment; by default that of the source tree, if there is one.
    seed : int, optional
        Seed of the run, for the record; by default the parameter `seed` if all steps that have one agree.
    command : str, optional
        The command that asked for the run, for the record; by default that of this process.
    start_timeout : int
        Seconds a kernel may take to start; a start that fails is tried once more.

    Returns
    -------
    RunRecord
        Also written to ``run.json``.

    Raises
    ------
    PipelineError
        Before anything runs: if the graph, a notebook, a parameter or an input is wrong, or another run is at
        work in `root`. After everything that could run: if a step failed; the error's `record` tells all.
    """
    store = Store(root)
    judge = Judge(steps, store, packages=packages, lock_file=lock_file)
    chosen = with_needs(judge.steps, only)
    forced = (chosen if only is None else set(only)) if force else set()
    progress = progress if progress is not None else make_progress()
    with store.locked():
        store.remove_unfinished()
        run = _Run(judge, store, progress, chosen, forced, start_timeout)
        try:
            run.through(executor, jobs)
        finally:
            record = run.record(seed if seed is not None else common_seed(judge.steps), command)
            write_atomic(store.root / "run.json", record.to_json())
    raise_if_failed(record)
    return record


@dataclass(frozen=True)
class _Work:
    """A step that is being executed."""

    step: Step
    verdict: Verdict
    temporary: Path
    started: str


class _Run:
    """The state of one run: which steps are settled, and how."""

    def __init__(
        self,
        judge: Judge,
        store: Store,
        progress: Progress,
        chosen: set[str],
        forced: set[str],
        start_timeout: int,
    ) -> None:
        self.judge, self.store, self.progress = judge, store, progress
        self.chosen, self.forced, self.start_timeout = chosen, forced, start_timeout
        self.id = uuid.uuid4().hex
        self.started = now()
        self.by_name = {step.name: step for step in judge.steps}
        self.settled: dict[str, StepRecord] = {}
        self.valid: dict[str, Stored] = {}
        self.warnings: list[str] = []
        self.working: dict[Future[Outcome], _Work] = {}

    def through(self, executor: Executor | None, jobs: int) -> None:
        """Settle all steps; on an interruption end the kernels and leave no unfinished folder."""
        own = None if executor is not None else ThreadPoolExecutor(max(1, jobs), thread_name_prefix="ktss")
        self.progress.begin(list(self.by_name))
        try:
            self._set_aside_unknown()
            self._loop(executor if own is None else own)  # type: ignore[arg-type]
        except BaseException:
            stop_kernels(self.id)
            for future in self.working:
                future.cancel()
            raise
        finally:
            if own is not None:
                own.shutdown(wait=True, cancel_futures=True)
            for work in self.working.values():
                self.store.abandon(work.temporary)
            forget_run(self.id)
            self.progress.end()
            self.judge.inputs.save()

    def _loop(self, executor: Executor) -> None:
        sorter = sorter_of(self.judge.steps)
        place = {name: index for index, name in enumerate(self.by_name)}
        while sorter.is_active():
            for name in sorted(sorter.get_ready(), key=place.__getitem__):
                if not self._start(self.by_name[name], executor):
                    sorter.done(name)
            for future in wait(self.working, timeout=0.5, return_when=FIRST_COMPLETED).done:
                work = self.working[future]
                self._finish(work, future)
                del self.working[future]
                sorter.done(work.step.name)

    def _set_aside_unknown(self) -> None:
        """Move outputs of steps that are no longer in the graph, so that nobody takes them for current."""
        for name in self.store.names():
            if name not in self.by_name:
                self.store.set_aside(name)
                self._warn(f"{name} is no step of this run; its outputs were moved to stale/{name}")

    def _start(self, step: Step, executor: Executor) -> bool:
        """Settle a step that need not be executed; else hand it to the executor and return True."""
        if step.name not in self.chosen:
            self._settle(step, "not_run", "it was not chosen")
            return False
        causes = [need for need in step.needs if need not in self.valid]
        if causes:
            self._invalidate(step, causes)
            return False
        needs = {need: self.valid[need].outputs_sha256 for need in step.needs}
        try:
            verdict = self.judge.verdict(step, needs, force=step.name in self.forced)
        except (PipelineError, OSError) as error:
            self.store.set_aside(step.name)
            self._settle(step, "failed", str(error))
            return False
        if verdict.warning:
            self._warn(verdict.warning)
        if verdict.stored is not None:
            self.store.restore(verdict.stored, step.name)
            self._accept(step, "reused", verdict.reason, {})
            return False
        temporary = self.store.begin(step.name)
        work = _Work(step, verdict, temporary, now())
        self.progress.started(step.name, verdict.reason)
        self.working[executor.submit(execute, self._job(work))] = work
        return True

    def _job(self, work: _Work) -> Job:
        step, notebook = work.step, self.judge.notebooks[work.step.name]
        filled = {"out": str(work.temporary), "root": str(self.store.root)}
        known = notebook.parameter_names()
        parameters = {name: value for name, value in filled.items() if name in known} | dict(step.parameters)
        return Job(
            run=self.id,
            name=step.name,
            file_name=notebook.path.name,
            notebook=notebook.text,
            parameters=parameters,
            temporary=str(work.temporary),
            final=str(self.store.folder(step.name)),
            root=str(self.store.root),
            outputs=step.outputs,
            after=step.after,
            packages=tuple(str(folder) for folder in self.judge.packages.values()),
            start_timeout=self.start_timeout,
        )

    def _finish(self, work: _Work, future: Future[Outcome]) -> None:
        """Publish what a step has made, or keep the failed notebook."""
        try:
            outcome = future.result()
        except Exception as error:  # the executor's own faults: a lost worker, a step that cannot be sent
            outcome = Outcome(f"could not be executed: {type(error).__name__}: {error}")
        step = work.step
        if outcome.retried:
            self._warn(f"{step.name}: the first kernel did not start; a second one was tried")
        failure = outcome.failure or self._changed_meanwhile(work)
        if failure:
            self._fail(work, failure, outcome)
            return
        self.store.publish(work.temporary, step.name, self._step_record(work, outcome))
        self._accept(step, "ran", work.verdict.reason, outcome.seconds)

    def _changed_meanwhile(self, work: _Work) -> str:
        needs = {need: self.valid[need] for need in work.step.needs}
        try:
            changes = self.judge.changed_meanwhile(work.step, work.verdict.parts, needs)
        except (PipelineError, OSError) as error:
            changes = [str(error)]
        return f"while the step ran, {'; '.join(changes)}: run again" if changes else ""

    def _step_record(self, work: _Work, outcome: Outcome) -> dict[str, Any]:
        outputs = files_of_step(work.temporary)
        executed = {"sha256": outputs.pop(EXECUTED), "normalised_sha256": outcome.normalised_sha256}
        return {
            "format": 1,
            "name": work.step.name,
            "key": work.verdict.key,
            "parts": work.verdict.parts,
            "outputs": outputs,
            "executed": executed,
            "started": work.started,
            "finished": now(),
            "seconds": outcome.seconds,
            "versions": self._versions(),
        }

    def _accept(self, step: Step, state: State, reason: str, seconds: dict[str, float]) -> None:
        """Take the step's folder as valid and pass it on to the steps that need it."""
        stored = self.store.read(step.name)
        if stored is None:
            raise PipelineError(f"{step.name}: its record vanished from {self.store.folder(step.name)}")
        self.valid[step.name] = stored
        self._settle(step, state, reason, stored, seconds)

    def _fail(self, work: _Work, failure: str, outcome: Outcome) -> None:
        kept = self.store.keep_failed(work.temporary, work.step.name)
        self.store.set_aside(work.step.name)
        where = f" (see {kept.relative_to(self.store.root).as_posix()})" if kept else ""
        reason = f"{self.judge.notebooks[work.step.name].path.name}, {failure}{where}"
        self._settle(work.step, "failed", reason, seconds=outcome.seconds, key=work.verdict.key)

    def _invalidate(self, step: Step, causes: list[str]) -> None:
        """Mark a step whose needs have no valid outputs, and move its own old outputs out of the way."""
        self.store.set_aside(step.name)
        first = self.settled[causes[0]]
        self._settle(step, "not_run", f"{causes[0]} failed" if first.state == "failed" else first.reason)

    def _settle(
        self,
        step: Step,
        state: State,
        reason: str,
        stored: Stored | None = None,
        seconds: dict[str, float] | None = None,
        key: str = "",
    ) -> None:
        record = StepRecord(
            step.name,
            state,
            reason,
            key=stored.key if stored else key,
            seconds={phase: round(value, 3) for phase, value in (seconds or {}).items()},
            outputs=stored.outputs if stored else {},
            outputs_sha256=stored.outputs_sha256 if stored else "",
            normalised_sha256=stored.record["executed"].get("normalised_sha256", "") if stored else "",
            produced=stored.record.get("finished", "") if stored else "",
        )
        self.settled[step.name] = record
        self.progress.finished(record)

    def _warn(self, text: str) -> None:
        self.warnings.append(text)
        self.progress.warn(text)

    def _versions(self) -> dict[str, Any]:
        return versions(self.judge.environment["packages"], RUNNER_VERSION)

    def record(self, seed: int | None, command: str | None) -> RunRecord:
        """Return the record; steps that were not reached are marked as interrupted."""
        interrupted = "the run was interrupted"
        found = (self.settled.get(name) or StepRecord(name, "not_run", interrupted) for name in self.by_name)
        return RunRecord(
            started=self.started,
            finished=now(),
            command=command if command is not None else command_line(),
            seed=seed,
            versions=self._versions(),
            platform=platform.platform(),
            steps=tuple(found),
            warnings=tuple(self.warnings),
        )
