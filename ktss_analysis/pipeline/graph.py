"""The notebooks of a study as steps of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from ..files import write_atomic
from ..resources import resource
from ..secret import find_key, keyed_hash
from ..study import Study
from .layout import NODES, Node
from .plan import PlannedStep, plan_steps
from .progress import Silent
from .publish import assemble, render_document
from .record import RunRecord
from .runner import run_steps
from .steps import Step


def study_steps(study: Study, folder: Path) -> list[Step]:
    """Return the steps of a study, ready to run.

    Parameters
    ----------
    study : Study
        The study.
    folder : pathlib.Path
        Folder of the run (``reports/<run>``).
    """
    notebooks = resource("notebooks")
    key_file = _key_fingerprint(study, folder)
    common = (study.path, study.framework_path, study.rules_path)
    return [
        Step(
            entry.name,
            notebooks / f"{entry.name}.ipynb",
            needs=entry.needs,
            inputs=(*common, *_raw_files(study, entry), *((key_file,) if entry.activities else ())),
            parameters={"study": str(study.path), "run": str(folder)},
            after=partial(render_document, stem=entry.document, formats=tuple(study.outputs.formats))
            if entry.document
            else None,
            outputs=_outputs(entry, study),
        )
        for entry in NODES
    ]


def _raw_files(study: Study, entry: Node) -> tuple[Path, ...]:
    sources = study.of(*entry.activities)
    companions = [path for source in sources if (path := study.structure(source)) is not None]
    files = [path for source in sources for path in study.files(source)]
    return tuple(dict.fromkeys([*files, *companions]))


def _outputs(entry: Node, study: Study) -> tuple[str, ...]:
    if entry.document:
        return ("claims.csv", *(f"{entry.document}.{suffix}" for suffix in study.outputs.formats))
    return ("results.csv", "public.csv") if entry.name == "09_decisions" else ("results.csv",)


def _key_fingerprint(study: Study, folder: Path) -> Path:
    """Write a hash of the pseudonym key where the step keys can see that it changed; never the key itself."""
    path = folder / "private" / "pseudonym-key.sha256"
    text = hashlib.sha256(keyed_hash(find_key(study), "fingerprint", "key").encode()).hexdigest() + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    return path


def plan_study(
    study: Study, folder: Path, *, only: Collection[str] | None = None, force: bool = False
) -> list[PlannedStep]:
    """Return what a run would do to each notebook, and why."""
    return plan_steps(study_steps(study, folder), folder / "private", only=only, force=force)


def run_study(
    study: Study,
    folder: Path,
    *,
    only: Collection[str] | None = None,
    jobs: int = 2,
    force: bool = False,
    executor: Executor | None = None,
    quiet: bool = False,
) -> RunRecord:
    """Run the notebooks of a study that are not up to date, render, and put the public folder together.

    Parameters
    ----------
    study : Study
        The study.
    folder : pathlib.Path
        Folder of the run.
    only : collection of str, optional
        Run these notebooks and what they need; the public folder is then left as it is.
    jobs : int
        Notebooks at the same time.
    force : bool
        Run them whether anything changed or not.
    executor : concurrent.futures.Executor, optional
        Where they run; threads by default.
    quiet : bool
        Show no progress.

    Returns
    -------
    RunRecord
        What ran, what was reused, and where the time went.

    Raises
    ------
    PipelineError
        When a notebook fails. Nothing that depends on it has run, and the public folder still holds the last
        complete run.
    """
    record = run_steps(
        study_steps(study, folder), folder / "private", executor=executor, jobs=jobs, only=only, force=force,
        progress=Silent() if quiet else None, seed=study.seed,
    )  # fmt: skip
    if only is None:
        assemble(folder, study.outputs.formats)
    return record
