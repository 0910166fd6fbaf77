"""After the notebooks: rendering of a document, and the public folder put together from the stages."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from ..files import files_below, write_atomic
from ..study import Study
from .layout import NODES, translation

TOOL = "self-assessment"
"""Folder of the pages, in the stage that makes them and in ``public``."""


def render_document(executed: Path, out: Path, *, stem: str, formats: Sequence[str]) -> None:
    """Render an executed notebook; its title page comes from ``document.json`` beside it."""
    import nbformat

    from ..report.render import render

    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata["ktss"] = json.loads((out / "document.json").read_text(encoding="utf-8"))
    render(notebook, formats=tuple(formats), out=out, stem=stem)


def build_self_assessment(executed: Path, out: Path, *, study: str) -> None:  # noqa: ARG001
    """Write the self-assessment pages of a study from the public results in `out`, see `tool_languages`."""
    from ..results import read_results
    from ..rules import load_rules
    from ..selfassessment import build_tool
    from ..study import load_study

    loaded = load_study(study)
    build_tool(
        loaded.instrument, load_rules(loaded.rules_path), out / TOOL, rows=read_results(out / "public.csv"),
        languages=tool_languages(loaded), funding=(loaded.funding.statement, loaded.funding.disclaimer),
    )  # fmt: skip


def tool_languages(study: Study) -> list[str]:
    """Return the languages of the framework in which there can be a page; none without items in use or a scale."""
    framework = study.instrument
    if framework.scale is None or not framework.scales():
        return []
    from ..selfassessment.strings import available_languages

    known = available_languages()
    return [language for language in framework.languages if language.split("-")[0] in known]


def write_review(folder: Path) -> Path | None:
    """Write the free texts of a run with their review status, for a person to read and decide.

    The file is private: it is filled in, copied beside the study file and named under ``privacy.review``.
    """
    import pandas as pd

    from ..csvfile import write_csv
    from ..intake.review import REVIEW_COLUMNS

    paths = sorted((folder / "private" / "stages").glob("*_clean_*/comments.parquet"))
    frames = [frame for path in paths if len(frame := pd.read_parquet(path))]
    if not frames:
        return None
    columns = list(REVIEW_COLUMNS)
    texts = pd.concat(frames, ignore_index=True)[columns].drop_duplicates("comment_id")
    order = texts["review"].map({"pending": 0, "withheld": 1, "released": 2})
    texts = texts.assign(_order=order).sort_values(["_order", "comment_id"], kind="stable")
    return write_csv(texts[columns], folder / "private" / "free_text_review.csv")


def assemble(folder: Path, formats: Sequence[str], translations: Sequence[str] = ()) -> list[Path]:
    """Copy what may leave the private folder into ``public``; a file appears complete or not at all.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the run.
    formats : sequence of {"html", "pdf", "docx"}
        Formats of the documents.
    translations : sequence of str
        Languages of the report besides English.

    Returns
    -------
    list of pathlib.Path
        The public files. Files of an earlier run that no longer belong there are removed.
    """
    stages, public = folder / "private" / "stages", folder / "public"
    wanted: dict[Path, Path] = {}
    for stage, document in _documents(translations):
        for suffix in formats:
            source = stages / stage / f"{document}.{suffix}"
            if source.is_file():
                wanted[public / source.name] = source
    results = stages / "09_decisions"
    places = {"public.csv": public / "results.csv", "results.csv": folder / "private" / "results.csv"}
    for stem in ("", *translations):
        claims = stages / (translation("10_report", stem) if stem else "10_report") / "claims.csv"
        if claims.is_file():
            wanted[public / (f"claims.{stem}.csv" if stem else "claims.csv")] = claims
    wanted |= {target: results / name for name, target in places.items() if (results / name).is_file()}
    if (results / TOOL).is_dir():
        wanted |= {public / TOOL / path.name: path for path in sorted((results / TOOL).iterdir())}
    for target, source in wanted.items():
        content = source.read_bytes()
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(target, content)
    if public.is_dir():
        for found in list(files_below(public)):
            path = found if found.is_absolute() else public / found
            if path not in wanted:
                os.unlink(path)
    return sorted(path for path in wanted if public in path.parents)


def _documents(translations: Sequence[str]) -> list[tuple[str, str]]:
    """Return the stage and file name of every document, those in English first."""
    entries = [entry for entry in NODES if entry.document]
    return [(entry.name, entry.document) for entry in entries] + [
        (translation(entry.name, language), translation(entry.document, language))
        for language in translations
        for entry in entries
        if entry.translated
    ]
