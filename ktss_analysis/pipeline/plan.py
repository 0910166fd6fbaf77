"""What has to run and why: the comparison of a step's key with what is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .imports import ModuleGraph
from .keys import (
    DEFAULT_PACKAGES,
    InputHashes,
    Parts,
    default_lock_file,
    difference,
    environment_parts,
    key_of,
    own_parts,
    with_outputs,
)
from .notebook import Notebook, check_parameters, read_notebook
from .steps import Step, in_order, with_needs
from .store import Store, Stored


@dataclass(frozen=True)
class PlannedStep:
    """What would become of a step.

    Parameters
    ----------
    name : str
        Name of the step.
    will_run : bool or "maybe"
        ``"maybe"``: a step it needs will run, and this one runs too if the outputs then differ.
    reason : str
        Why, in words.
    """

    name: str
    will_run: bool | Literal["maybe"]
    reason: str


@dataclass(frozen=True)
class Verdict:
    """Whether a stored result can be used: `stored` is set if so; `warning` is set for altered files."""

    key: str
    parts: Parts
    reason: str
    stored: Stored | None = None
    warning: str = ""


class Judge:
    """Decides step by step whether the stored outputs are those that a new execution would be based on.

    Parameters
    ----------
    steps : sequence of Step
        The whole graph.
    store : Store
        The run's folder.
    packages : mapping of str to pathlib.Path, optional
        Packages whose modules count; by default this one.
    lock_file : pathlib.Path, optional
        The lock file of the environment; by default that of the source tree.

    Raises
    ------
    PipelineError
        If the graph, a notebook, a parameter or an input file is wrong: before anything runs.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        store: Store,
        *,
        packages: Mapping[str, Path] | None = None,
        lock_file: Path | None = None,
    ) -> None:
        self.steps = in_order(steps)
        self.store = store
        self.packages = dict(packages or DEFAULT_PACKAGES)
        self.environment = environment_parts(lock_file or default_lock_file())
        self.inputs = InputHashes(store.root / ".input-hashes.json")
        self.notebooks: dict[str, Notebook] = {step.name: read_notebook(step.notebook) for step in self.steps}
        for step in self.steps:
            check_parameters(step, self.notebooks[step.name])
        self.refresh()
        for step in self.steps:
            self.own(step)

    def refresh(self) -> None:
        """Look at the package's files anew from now on."""
        self._graph = ModuleGraph(self.packages)
        self._own: dict[str, Parts] = {}

    def own(self, step: Step) -> Parts:
        """Return the parts of a step's key that do not depend on other steps."""
        if step.name not in self._own:
            self._own[step.name] = own_parts(
                step,
                self.notebooks[step.name],
                root=self.store.root,
                graph=self._graph,
                environment=self.environment,
                inputs=self.inputs,
            )
        return self._own[step.name]

    def verdict(self, step: Step, needs: Mapping[str, str], *, force: bool = False) -> Verdict:
        """Compare a step with what is stored under its name, and read the stored files again in full.

        Parameters
        ----------
        step : Step
            The step.
        needs : mapping of str to str
            Needed step -> hash of its outputs.
        force : bool
            Do not use what is stored.
        """
        parts = with_outputs(self.own(step), needs)
        key = key_of(parts)
        stored = self.store.read(step.name)
        if stored is None:
            return Verdict(key, parts, "there is no earlier result")
        missing, altered = stored.faults()
        warning = f"{step.name}: {_list(altered)} altered since it was written" if altered else ""
        if force:
            return Verdict(key, parts, "it was asked for by force", None, warning)
        reasons = difference(stored.record.get("parts", {}), parts) if stored.key != key else []
        if stored.key != key and not reasons:
            reasons = ["its record does not fit its key"]
        reasons += [f"{_list(missing)} missing"] * bool(missing)
        reasons += [f"{_list(altered)} altered since it was written"] * bool(altered)
        if reasons:
            return Verdict(key, parts, "; ".join(reasons), None, warning)
        return Verdict(key, parts, "nothing changed", stored)

    def changed_meanwhile(self, step: Step, before: Parts, needs: Mapping[str, Stored]) -> list[str]:
        """Return what a step depends on and what changed while it ran, in words."""
        self.refresh()
        after = with_outputs(self.own(step), {name: stored.outputs_sha256 for name, stored in needs.items()})
        altered = [f"output of {name} changed" for name, stored in needs.items() if any(stored.faults())]
        return difference(before, after) + altered


def _list(names: Sequence[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest


def plan_steps(
    steps: Sequence[Step],
    root: Path,
    *,
    only: Collection[str] | None = None,
    force: bool = False,
    packages: Mapping[str, Path] | None = None,
    lock_file: Path | None = None,
) -> list[PlannedStep]:
    """Return what `run_steps` with the same arguments would run, and why; nothing is written.

    Parameters
    ----------
    steps, root, only, force, packages, lock_file
        As for `ktss_analysis.pipeline.runner.run_steps`.

    Returns
    -------
    list of PlannedStep
        In the order of the graph. Steps outside `only` are listed as not to be run.
    """
    store = Store(root)
    judge = Judge(steps, store, packages=packages, lock_file=lock_file)
    chosen = with_needs(judge.steps, only)
    planned: dict[str, PlannedStep] = {}
    for step in judge.steps:
        if step.name not in chosen:
            planned[step.name] = PlannedStep(step.name, False, "it was not chosen")
            continue
        open_needs = [need for need in step.needs if planned[need].will_run]
        forced = force and (only is None or step.name in only)
        planned[step.name] = _planned(judge, step, open_needs, force=forced)
    return list(planned.values())


def _planned(judge: Judge, step: Step, open_needs: list[str], *, force: bool) -> PlannedStep:
    """Judge a step; needs that will run are taken to give the same outputs as before."""
    stored = judge.store.read(step.name)
    before = stored.record.get("parts", {}).get("needs", {}) if stored else {}
    needs = {}
    for need in step.needs:
        result = judge.store.read(need)
        assumed = before.get(need, "") if need in open_needs else ""
        needs[need] = assumed or (result.outputs_sha256 if result else "")
    verdict = judge.verdict(step, needs, force=force)
    if verdict.stored is None:
        return PlannedStep(step.name, True, verdict.reason)
    if open_needs:
        return PlannedStep(step.name, "maybe", f"runs if the outputs of {', '.join(open_needs)} change")
    return PlannedStep(step.name, False, verdict.reason)
