"""A step of the run as data, and the order of the graph."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from ..core import PipelineError

JSONValue = None | bool | int | float | str | list["JSONValue"] | dict[str, "JSONValue"]
After = Callable[[Path, Path], None]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Step:
    """One notebook of the run: what it reads, what it is told and what it must leave behind.

    Parameters
    ----------
    name : str
        Name of the step and of its output folder, e.g. ``"04_reliability"``.
    notebook : pathlib.Path
        The source notebook; it is never written to.
    needs : tuple of str
        Steps whose outputs it reads.
    inputs : tuple of pathlib.Path
        Files or folders whose content it depends on: raw data, study, framework and rules files.
    parameters : mapping of str to JSON value
        Values for the names in the notebook's cell tagged ``parameters``: all of them, and no others.
        `out` (the folder to write to) and `root` (the folder of the run) are filled in by the runner.
    modules : tuple of str
        Modules of the package it uses; empty means: those that the notebook imports.
    after : callable, optional
        Called with the executed notebook and the output folder when the notebook has succeeded, as a part of
        the step: the rendering of a report. A function of a module, or a `functools.partial` of one.
    outputs : tuple of str
        Files, relative to the output folder, that must exist and not be empty for the step to succeed.
    unread : tuple of str
        Files of the package, as ``package/folder/file``, that lie beside its modules and that it does not read: texts
        in other languages. They do not count for its key.
    """

    name: str
    notebook: Path
    needs: tuple[str, ...] = ()
    inputs: tuple[Path, ...] = ()
    parameters: Mapping[str, JSONValue] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    after: After | None = None
    outputs: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise PipelineError(
                f"a step is named {self.name!r}; allowed: letters, digits, '_', '-', '.', none of '-.' first"
            )


def in_order(steps: Sequence[Step]) -> list[Step]:
    """Return the steps so that each stands behind those it needs, otherwise in the order given.

    Raises
    ------
    PipelineError
        For a name used twice, a need that is no step, or a circle of needs.
    """
    by_name: dict[str, Step] = {}
    for step in steps:
        if step.name in by_name:
            raise PipelineError(f"two steps are named {step.name}")
        by_name[step.name] = step
    for step in steps:
        for need in step.needs:
            if need not in by_name:
                raise PipelineError(f"{step.name} needs {need}; steps there are: {', '.join(by_name)}")
    place = {name: index for index, name in enumerate(by_name)}
    sorter = sorter_of(steps)
    ordered: list[Step] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        ordered += [by_name[name] for name in ready]
        sorter.done(*ready)
    return ordered


def sorter_of(steps: Sequence[Step]) -> TopologicalSorter[str]:
    """Return the prepared sorter of the graph, ready for `get_ready`."""
    sorter = TopologicalSorter({step.name: step.needs for step in steps})
    try:
        sorter.prepare()
    except CycleError as error:
        raise PipelineError(f"the steps need each other in a circle: {' -> '.join(error.args[1])}") from None
    return sorter


def with_needs(steps: Sequence[Step], only: Collection[str] | None) -> set[str]:
    """Return the names of the steps chosen by `only` and of all steps these need; without `only`, of all."""
    by_name = {step.name: step for step in steps}
    if only is None:
        return set(by_name)
    only = [only] if isinstance(only, str) else only
    unknown = sorted(set(only) - set(by_name))
    if unknown:
        raise PipelineError(f"there is no step {', '.join(unknown)}; steps: {', '.join(by_name)}")
    chosen: set[str] = set()
    waiting = list(only)
    while waiting:
        name = waiting.pop()
        if name not in chosen:
            chosen.add(name)
            waiting += by_name[name].needs
    return chosen


def common_seed(steps: Sequence[Step]) -> int | None:
    """Return the parameter `seed` if all steps that have one agree, else None."""
    found = {step.parameters.get("seed") for step in steps if "seed" in step.parameters}
    seed = found.pop() if len(found) == 1 else None
    return seed if isinstance(seed, int) else None
