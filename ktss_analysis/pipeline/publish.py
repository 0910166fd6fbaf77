"""After the notebooks: rendering of a document, and the public folder put together from the stages."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from ..files import files_below, write_atomic
from .layout import NODES


def render_document(executed: Path, out: Path, *, stem: str, formats: Sequence[str]) -> None:
    """Render an executed notebook; its title page comes from ``document.json`` beside it."""
    import nbformat

    from ..report.render import render

    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata["ktss"] = json.loads((out / "document.json").read_text(encoding="utf-8"))
    render(notebook, formats=tuple(formats), out=out, stem=stem)


def assemble(folder: Path, formats: Sequence[str]) -> list[Path]:
    """Copy what may leave the private folder into ``public``; a file appears complete or not at all.

    Returns
    -------
    list of pathlib.Path
        The public files. Files of an earlier run that no longer belong there are removed.
    """
    stages, public = folder / "private" / "stages", folder / "public"
    wanted: dict[Path, Path] = {}
    for entry in NODES:
        for suffix in formats if entry.document else ():
            source = stages / entry.name / f"{entry.document}.{suffix}"
            if source.is_file():
                wanted[public / source.name] = source
    results = stages / "09_decisions"
    places = {"public.csv": public / "results.csv", "results.csv": folder / "private" / "results.csv"}
    claims = stages / "10_report" / "claims.csv"
    if claims.is_file():
        wanted[public / "claims.csv"] = claims
    wanted |= {target: results / name for name, target in places.items() if (results / name).is_file()}
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
