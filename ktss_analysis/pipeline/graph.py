"""The notebooks of a study as steps of a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..core import PipelineError
from ..files import write_atomic
from ..resources import PACKAGE, resource
from ..secret import find_key, keyed_hash
from ..study import REFERENCE_LANGUAGE, Study, load_study, report_languages
from ..withdrawals import list_path
from .kit import render_report
from .layout import NODES, Node, translation
from .plan import PlannedStep, plan_steps
from .progress import Silent
from .publish import (
    KIT,
    LANDING,
    OPEN_DATA,
    REVIEW_FILE,
    TOOL,
    assemble,
    publish_results,
    render_document,
    tool_languages,
    write_review,
)
from .record import RunRecord
from .runner import run_steps
from .steps import After, Step

STUDY_FILE = "study.json"


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
    _remember_study(study, folder)
    withdrawn = list_path(study)
    beside = [withdrawn] if withdrawn.is_file() else []
    if study.review_path is not None:
        beside.append(study.review_path)
    common = (study.path, study.framework_path, study.rules_path, *beside)
    steps = [
        Step(
            entry.name,
            notebooks / f"{entry.name}.ipynb",
            needs=entry.needs,
            inputs=(*common, *_raw_files(study, entry), *((key_file,) if entry.activities else ())),
            parameters={"study": str(study.path), "run": str(folder)}
            | ({"language": REFERENCE_LANGUAGE} if entry.translated else {}),
            after=_after(entry, study),
            outputs=_outputs(entry, study),
            unread=_other_catalogues(REFERENCE_LANGUAGE) if entry.document or entry.name == "09_decisions" else (),
        )
        for entry in NODES
    ]
    originals = [(entry, step) for entry, step in zip(NODES, steps, strict=True) if entry.translated]
    return steps + [
        _translated(entry, step, study, language)
        for language in study.outputs.translations
        for entry, step in originals
    ]


def _translated(entry: Node, step: Step, study: Study, language: str) -> Step:
    """Return a step that runs the same notebook in a further language; nothing else needs it."""
    stem = translation(entry.document, language)
    formats = tuple(study.outputs.formats)
    return replace(
        step, name=translation(entry.name, language), parameters={**step.parameters, "language": language},
        after=_report(study, stem, language),
        outputs=("claims.csv", *(f"{stem}.{suffix}" for suffix in formats), *_kit_outputs(study)),
        unread=_other_catalogues(language),
    )  # fmt: skip


def _other_catalogues(language: str) -> tuple[str, ...]:
    """Return the catalogues that a step in `language` does not read: all but its own and the English one."""
    folder = f"{PACKAGE.name}/display/locales"
    return tuple(f"{folder}/{name}.po" for name in report_languages() if name not in (language, REFERENCE_LANGUAGE))


def _after(entry: Node, study: Study) -> After | None:
    """Return what is done with an executed notebook: documents are rendered, decisions become data and pages."""
    if entry.translated:
        return _report(study, entry.document, REFERENCE_LANGUAGE)
    if entry.document:
        return partial(render_document, stem=entry.document, formats=tuple(study.outputs.formats))
    if entry.name == "09_decisions":
        return partial(publish_results, study=str(study.path))
    return None


def _report(study: Study, stem: str, language: str) -> After:
    """Return what is done with an executed report: it is rendered, and the kit is made unless it is switched off."""
    formats = tuple(study.outputs.formats)
    if not study.outputs.dissemination:
        return partial(render_document, stem=stem, formats=formats)
    return partial(render_report, stem=stem, formats=formats, study=str(study.path), language=language)


def _kit_outputs(study: Study) -> tuple[str, ...]:
    names = ("index.html", "summary.pdf", "slides.pptx", "plain-language.html", "press.html", "claims.csv")
    return tuple(f"{KIT}/{name}" for name in names) if study.outputs.dissemination else ()


def _raw_files(study: Study, entry: Node) -> tuple[Path, ...]:
    sources = study.of(*entry.activities)
    companions = [path for source in sources if (path := study.structure(source)) is not None]
    files = [path for source in sources for path in study.files(source)]
    return tuple(dict.fromkeys([*files, *companions]))


def _outputs(entry: Node, study: Study) -> tuple[str, ...]:
    if entry.document:
        kit = _kit_outputs(study) if entry.translated else ()
        rendered = (f"{entry.document}.{suffix}" for suffix in study.outputs.formats)
        return ("claims.csv", "tables/index.csv", *rendered, *kit)
    if entry.name != "09_decisions":
        return ("results.csv",)
    pages = [f"{TOOL}/index.{language}.html" for language in tool_languages(study)]
    data = [f"{OPEN_DATA}/{name}" for name in ("glossary.csv", "results.xlsx", "package.json")]
    return ("results.csv", "public.csv", LANDING, *data, *pages)


def _key_fingerprint(study: Study, folder: Path) -> Path:
    """Write a hash of the pseudonym key where the step keys can see that it changed; never the key itself."""
    path = folder / "private" / "pseudonym-key.sha256"
    text = hashlib.sha256(keyed_hash(find_key(study), "fingerprint", "key").encode()).hexdigest() + "\n"
    return _write_if_new(path, text)


def _write_if_new(path: Path, text: str) -> Path:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    return path


def _remember_study(study: Study, folder: Path) -> None:
    """Write where the study file is, so that a command given only the run's folder finds it."""
    _write_if_new(folder / "private" / STUDY_FILE, json.dumps({"study": str(study.path)}) + "\n")


def study_of_run(folder: Path) -> Study:
    """Return the study of a run's folder.

    Raises
    ------
    PipelineError
        When the folder holds no run, or the study file is no longer there.
    """
    path = folder / "private" / STUDY_FILE
    if not path.is_file():
        raise PipelineError(f"{folder}: no run of ktss; allowed: a folder such as reports/<study id>")
    study = Path(json.loads(path.read_text(encoding="utf-8"))["study"])
    if not study.is_file():
        raise PipelineError(f"{folder}: its study file {study} is no longer there")
    return load_study(study)


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
    StudyError
        When the study says nothing about who paid, before anything runs.
    """
    if only is None:
        study.require_funding()
    record = run_steps(
        study_steps(study, folder), folder / "private", executor=executor, jobs=jobs, only=only, force=force,
        progress=Silent() if quiet else None, seed=study.seed,
    )  # fmt: skip
    if only is None:
        assemble(folder, study.outputs.formats, study.outputs.translations)
        cleaned = any(step.state == "ran" and "_clean_" in step.name for step in record.steps)
        if cleaned or not (folder / "private" / REVIEW_FILE).is_file():
            write_review(folder)
    return record
