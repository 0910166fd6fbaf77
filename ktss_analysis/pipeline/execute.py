"""Execution of one notebook: the only module that uses papermill."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .kernels import LOG, end_kernels, is_stopped, kernel_manager, own_event_loop
from .steps import After
from .store import EXECUTED

_ENGINE = "ktss"
_INJECTED = "injected-parameters"
_MARKER = "papermill-error-cell-tag"


@dataclass(frozen=True)
class Job:
    """All that is needed to execute a step, as plain values: it can be sent to another machine.

    Parameters
    ----------
    run : str
        Id of the run, for `stop_kernels`.
    name, file_name : str
        Names of the step and of its notebook, for messages.
    notebook : str
        Text of the source notebook.
    parameters : dict
        Parameters to pass, with `out` and `root` filled in.
    temporary, final : str
        Folder the step is made in, and the folder's later name.
    root : str
        Folder of the run.
    outputs : tuple of str
        Files that must exist afterwards.
    after : callable, optional
        Run on the executed notebook.
    packages : tuple of str
        Folders of the packages whose code was hashed; kernels import these and no other copies.
    start_timeout : int
        Seconds a kernel may take to start.
    """

    run: str
    name: str
    file_name: str
    notebook: str
    parameters: dict[str, Any]
    temporary: str
    final: str
    root: str
    outputs: tuple[str, ...] = ()
    after: After | None = None
    packages: tuple[str, ...] = ()
    start_timeout: int = 120


@dataclass(frozen=True)
class Outcome:
    """What became of a job: no `failure` means that it is complete."""

    failure: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    normalised_sha256: str = ""
    retried: bool = False


class _IncompleteError(Exception):
    """A notebook did not run to its end, whatever papermill says."""


@dataclass
class _Watch:
    """Filled in while papermill works: the notebook as far as it got and when the kernel was ready."""

    notebook: Any = None
    ready: float | None = None


def execute(job: Job) -> Outcome:
    """Execute a notebook, check that it is complete, and run what is to run after it.

    Nothing is raised for a fault of the notebook: it comes back as the outcome's `failure`, in one line.
    The executed notebook is in the temporary folder in either case, unless no kernel could be started.
    """
    begin = time.perf_counter()
    outcome = _attempt(job)
    if outcome.failure and "execution" not in outcome.seconds and not is_stopped(job.run):
        _empty(Path(job.temporary))
        again = _attempt(job)
        outcome = Outcome(again.failure, again.seconds, again.normalised_sha256, retried=True)
    return Outcome(
        outcome.failure,
        {**outcome.seconds, "total": time.perf_counter() - begin},
        outcome.normalised_sha256,
        outcome.retried,
    )


def _attempt(job: Job) -> Outcome:
    """Try once; seconds without ``execution`` mean that the kernel did not start."""
    watch, seconds = _Watch(), {}
    begin = time.perf_counter()
    failure = _run_notebook(job, watch)
    end = time.perf_counter()
    ready = watch.ready
    if ready is None:
        return Outcome(f"no kernel could be started: {failure}", {"kernel_start": end - begin})
    seconds = {"kernel_start": ready - begin, "execution": end - ready}
    normalised = _write_executed(job, watch.notebook)
    if not failure and job.after is not None:
        begin = time.perf_counter()
        failure = _run_after(job)
        seconds["after"] = time.perf_counter() - begin
    return Outcome(failure or _missing_outputs(job), seconds, normalised)


def _run_notebook(job: Job, watch: _Watch) -> str:
    """Run the notebook through papermill and return what went wrong, in one line, or nothing."""
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    _register_engine()
    with _scratch(job) as scratch, own_event_loop():
        try:
            papermill.execute_notebook(
                nbformat.reads(job.notebook, as_version=4),
                None,
                parameters=job.parameters,
                engine_name=_ENGINE,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                request_save_on_cell_execute=False,
                autosave_cell_every=0,
                start_timeout=job.start_timeout,
                kernel_manager_class=kernel_manager(
                    job.run, folder=job.temporary, scratch=scratch, packages=job.packages
                ),
                watch=watch,
            )
            _check_complete(watch.notebook)
        except PapermillExecutionError as error:
            return f"{_place(watch.notebook, error)}: {_one_line(error.ename, error.evalue)}"
        except _IncompleteError as error:
            return str(error)
        except Exception as error:
            said = "" if watch.ready else _last_line(scratch / LOG)
            return f"{_last_place(watch.notebook)}: {_one_line(type(error).__name__, str(error))}{said}"
        finally:
            end_kernels(job.run, scratch)
    return ""


@functools.cache
def _register_engine() -> None:
    """Register with papermill an engine that hands out the notebook even when it fails."""
    from papermill.engines import NBClientEngine, papermill_engines

    class WatchedEngine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            watch: _Watch = options.pop("watch")
            watch.notebook = nb_man.nb

            def ready(**_: Any) -> None:
                watch.ready = time.perf_counter()

            return super().execute_managed_notebook(nb_man, kernel_name, on_notebook_start=ready, **options)

    papermill_engines.register(_ENGINE, WatchedEngine)
    for name in ("papermill", "traitlets"):
        logging.getLogger(name).addHandler(logging.NullHandler())  # faults come back as outcomes, in one line


@contextlib.contextmanager
def _scratch(job: Job) -> Iterator[Path]:
    """Give a folder for the kernel's own files, beside the step's and removed like it."""
    temporary = Path(job.temporary)
    folder = Path(tempfile.mkdtemp(dir=temporary.parent, prefix=f"{temporary.name}-kernel-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_complete(notebook: Any) -> None:
    """Refuse a notebook that stopped early although papermill calls it complete."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                message = _one_line(output.ename, output.evalue)
                where = f"cell {_source_number(notebook, index)}"
                raise _IncompleteError(f"{where}: {message}; the rest was not run")
        if cell.execution_count is None:
            raise _IncompleteError(f"cell {_source_number(notebook, index)} was not run")


def _source_number(notebook: Any, index: int) -> int:
    """Return the number of a cell in the source notebook, from 1, cells of all kinds counted."""
    added = {_INJECTED, _MARKER}
    return 1 + sum(not added & set(cell.metadata.get("tags", ())) for cell in notebook.cells[:index])


def _place(notebook: Any, error: Any) -> str:
    """Return the cell of an error: papermill counts without the two marks it then adds."""
    marks = [i for i, cell in enumerate(notebook.cells) if _MARKER in cell.metadata.get("tags", ())]
    return f"cell {_source_number(notebook, error.cell_index + len(marks))}"


def _last_place(notebook: Any) -> str:
    """Return the cell in which the kernel was lost: the last that was begun."""
    if notebook is None:
        return "before the first cell"
    marks = [cell.metadata.get("papermill", {}) for cell in notebook.cells]
    begun = [index for index, mark in enumerate(marks) if mark.get("start_time")]
    return f"cell {_source_number(notebook, begun[-1])}" if begun else "before the first cell"


def _last_line(log: Path) -> str:
    """Return what a kernel that did not start said last."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.is_file() else []
    said = [line.strip() for line in lines if line.strip()]
    return f" ({said[-1][:300]})" if said else ""


def _one_line(kind: str, message: str) -> str:
    first = message.strip().splitlines()[0].strip() if message.strip() else ""
    first = first if len(first) <= 300 else f"{first[:297]}..."
    return f"{kind}: {first}" if first else kind


def _write_executed(job: Job, notebook: Any) -> str:
    """Write the executed notebook under its later folder name and return its normalised hash."""
    import nbformat

    notebook.metadata["papermill"]["input_path"] = job.file_name
    notebook.metadata["papermill"]["output_path"] = EXECUTED
    text = nbformat.writes(notebook).replace(Path(job.temporary).name, Path(job.final).name)
    Path(job.temporary, EXECUTED).write_text(text + "\n", encoding="utf-8")
    return normalised_sha256(text, root=job.root)


def normalised_sha256(text: str, *, root: str | Path) -> str:
    """Return the hash of an executed notebook without what differs between two runs with the same results.

    Left out are papermill's and the kernel's times, ids of cells, the place of the run's folder, and the cell
    of injected parameters: these are in the key, and name the places of inputs.

    Parameters
    ----------
    text : str
        The executed notebook.
    root : str or pathlib.Path
        The run's folder.
    """
    place = str(root)
    for _ in range(3):  # as it is, as JSON text, and as JSON text of Python text
        text = text.replace(place, "<root>")
        place = json.dumps(place)[1:-1]
    notebook = json.loads(text)
    notebook.get("metadata", {}).pop("papermill", None)
    for cell in notebook["cells"]:
        cell.pop("id", None)
        if _INJECTED in cell.get("metadata", {}).get("tags", ()):
            cell["source"] = ""
        for part in ("papermill", "execution"):
            cell.get("metadata", {}).pop(part, None)
    return hashlib.sha256(json.dumps(notebook, sort_keys=True).encode("ascii")).hexdigest()


def _run_after(job: Job) -> str:
    """Run the function that follows the notebook; its faults are the step's."""
    try:
        if job.after is not None:
            job.after(Path(job.temporary, EXECUTED), Path(job.temporary))
    except Exception as error:
        return f"after the notebook: {_one_line(type(error).__name__, str(error))}"
    return ""


def _missing_outputs(job: Job) -> str:
    absent = [name for name in job.outputs if not _holds_something(Path(job.temporary, name))]
    return f"declared output {', '.join(absent)} is missing or empty" if absent else ""


def _holds_something(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.is_file() and path.stat().st_size > 0


def _empty(folder: Path) -> None:
    """Remove what a failed attempt left in the folder."""
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
