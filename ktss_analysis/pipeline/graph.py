"""The notebooks of a study as steps of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

from ..files import write_atomic
from ..resources import resource
from ..study import Study
from .layout import NODES, Node
from .publish import assemble, render_document
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
    return tuple(path for source in study.of(*entry.activities) for path in study.files(source))


def _outputs(entry: Node, study: Study) -> tuple[str, ...]:
    if entry.document:
        return ("claims.csv", *(f"{entry.document}.{suffix}" for suffix in study.outputs.formats))
    return ("results.csv", "public.csv") if entry.name == "09_decisions" else ("results.csv",)


def _key_fingerprint(study: Study, folder: Path) -> Path:
    """Write a hash of the pseudonym key where the step keys can see that it changed; never the key itself."""
    from ..intake.pseudonyms import Pseudonymiser

    path = folder / "private" / "pseudonym-key.sha256"
    probe = Pseudonymiser(study).of("key fingerprint")
    text = hashlib.sha256(str(probe).encode()).hexdigest() + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    return path


def run_study(
    study: Study,
    folder: Path,
    *,
    only: Collection[str] | None = None,
    jobs: int = 2,
    force: bool = False,
    executor: Executor | None = None,
    quiet: bool = False,
    command: Sequence[str] = (),
) -> Any:
    """Run the notebooks of a study that are not up to date, render, and put the public folder together.

    Returns
    -------
    RunRecord
        What ran, what was reused, and where the time went.

    Raises
    ------
    PipelineError
        When a notebook fails; nothing that depends on it has run.
    """
    from .runner import run_steps

    record = run_steps(
        study_steps(study, folder), folder / "private", executor=executor, jobs=jobs, only=only, force=force,
        **({"progress": None} if quiet else {}),
    )  # fmt: skip
    assemble(folder, study.outputs.formats)
    return record
