"""After the notebooks: rendering of a document, and the public folder put together from the stages."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from ..files import files_below, write_atomic
from ..study import REFERENCE_LANGUAGE, Study
from .layout import NODES, translation

REVIEW_FILE = "free_text_review.csv"
"""The free texts of a run with their review status, in its private folder."""

TOOL = "self-assessment"
"""Folder of the pages, in the stage that makes them and in ``public``."""
LANDING = "index.html"
"""The page that leads to all public files."""
OPEN_DATA = "open-data"
"""Folder of glossary, workbook and facts of the data package, in the stage that makes them."""
KIT = "dissemination"
"""Folder of texts and pictures to share, in the stage of the report and in ``public``."""


def render_document(executed: Path, out: Path, *, stem: str, formats: Sequence[str]) -> None:
    """Render an executed notebook; its title page comes from ``document.json`` beside it."""
    import nbformat

    from ..report.render import render

    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata["ktss"] = json.loads((out / "document.json").read_text(encoding="utf-8"))
    render(notebook, formats=tuple(formats), out=out, stem=stem)


def publish_results(executed: Path, out: Path, *, study: str) -> None:  # noqa: ARG001
    """Write open data, the landing page, and the self-assessment where there can be one, from the public results."""
    from ..opendata.files import build_open_data
    from ..report.landing import landing_page
    from ..results import read_results
    from ..rules import load_rules
    from ..study import load_study

    loaded = load_study(study)
    rules, rows, languages = load_rules(loaded.rules_path), read_results(out / "public.csv"), tool_languages(loaded)
    build_open_data(rows, loaded, rules, out / OPEN_DATA)
    write_atomic(out / LANDING, landing_page(loaded, with_tool=bool(languages)))
    if languages:
        from ..selfassessment.build import build_tool

        funding = (loaded.funding.statement, loaded.funding.disclaimer)
        build_tool(
            loaded.instrument, rules, out / TOOL, rows=rows, languages=languages, funding=funding,
            contact=loaded.contact,
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
    return write_csv(texts[columns], folder / "private" / REVIEW_FILE)


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
    wanted = {public / name: content for name, content in _public_contents(stages, formats, translations).items()}
    results = stages / "09_decisions" / "results.csv"
    whole = {folder / "private" / "results.csv": results.read_bytes()} if results.is_file() else {}
    for target, content in (wanted | whole).items():
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(target, content)
    if public.is_dir():
        for found in list(files_below(public)):
            path = found if found.is_absolute() else public / found
            if path not in wanted:
                os.unlink(path)
    return sorted(wanted)


def _public_contents(stages: Path, formats: Sequence[str], translations: Sequence[str]) -> dict[str, bytes]:
    """Return the content of every public file by its path in ``public``."""
    from ..opendata.descriptor import PACKAGE_FILE, describe

    results = stages / "09_decisions"
    sources = {"results.csv": results / "public.csv", "claims.csv": stages / "10_report" / "claims.csv"}
    sources |= {
        f"claims.{language}.csv": stages / translation("10_report", language) / "claims.csv"
        for language in translations
    }
    sources |= {name: results / OPEN_DATA / name for name in ("glossary.csv", "results.xlsx")}
    sources[LANDING] = results / LANDING
    for stage, document in _documents(translations):
        sources |= {f"{document}.{suffix}": stages / stage / f"{document}.{suffix}" for suffix in formats}
    if (results / TOOL).is_dir():
        sources |= {f"{TOOL}/{path.name}": path for path in (results / TOOL).iterdir()}
    for language in (REFERENCE_LANGUAGE, *translations):
        sources |= _kit_files(stages, language)
    contents = {name: path.read_bytes() for name, path in sources.items() if path.is_file()}
    contents |= _printed_tables(stages)
    facts = results / OPEN_DATA / "package.json"
    if facts.is_file():
        contents[PACKAGE_FILE] = describe(json.loads(facts.read_text(encoding="utf-8")), contents)
    return contents


def _kit_files(stages: Path, language: str) -> dict[str, Path]:
    """Return the files of the kit in one language; English lies at the top, each other language in its folder."""
    main = language == REFERENCE_LANGUAGE
    folder = stages / ("10_report" if main else translation("10_report", language)) / KIT
    top = KIT if main else f"{KIT}/{language}"
    found = (path if path.is_absolute() else folder / path for path in files_below(folder)) if folder.is_dir() else ()
    return {f"{top}/{path.relative_to(folder).as_posix()}": path for path in found}


def _printed_tables(stages: Path) -> dict[str, bytes]:
    """Return the tables and figures of all documents as CSV, each document's in its folder, and one index."""
    from ..display.exhibits import FOLDER

    contents: dict[str, bytes] = {}
    index: list[bytes] = []
    for entry in NODES:
        folder = stages / entry.name / FOLDER
        if not entry.document or not (folder / "index.csv").is_file():
            continue
        for path in sorted(folder.glob("*.csv")):
            if path.name != "index.csv":
                contents[f"{FOLDER}/{entry.document}/{path.name}"] = path.read_bytes()
        header, _, rows = (folder / "index.csv").read_bytes().partition(b"\n")
        index += [rows] if index else [header + b"\n", rows]
    return contents | ({f"{FOLDER}/index.csv": b"".join(index)} if index else {})


def _documents(translations: Sequence[str]) -> list[tuple[str, str]]:
    """Return the stage and file name of every document, those in English first."""
    entries = [entry for entry in NODES if entry.document]
    return [(entry.name, entry.document) for entry in entries] + [
        (translation(entry.name, language), translation(entry.document, language))
        for language in translations
        for entry in entries
        if entry.translated
    ]
