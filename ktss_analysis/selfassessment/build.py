"""Write the pages, the landing page and the exports of a self-assessment into one folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ..files import write_atomic
from ..framework import Framework
from ..rules import Rules
from .accessibility import accessibility_page
from .bandtest import bandtest_page
from .evidence import evidence_of
from .exports import EXPORTS, write_exports
from .instrument import instrument_of
from .landing import render_landing
from .page import Page, render_page


@dataclass(frozen=True)
class Built:
    """What was written.

    Parameters
    ----------
    pages : tuple of Page
        One per language.
    files : tuple of pathlib.Path
        All files, the landing page and the exports included.
    notes : tuple of str
        What an analyst should know: missing translations, languages without bands, pages over budget.
    """

    pages: tuple[Page, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...] = field(default=())


def build_tool(
    framework: Framework,
    rules: Rules,
    folder: Path,
    *,
    rows: pd.DataFrame | None = None,
    languages: Sequence[str] = (),
    funding: Sequence[str] = (),
    contact: str = "",
    exports: bool = True,
) -> Built:
    """Write the self-assessment of a framework.

    Parameters
    ----------
    framework : Framework
        Skills, items, scale.
    rules : Rules
        Thresholds and gates.
    folder : pathlib.Path
        Target folder; made when absent. Files of the same names are replaced.
    rows : pandas.DataFrame, optional
        Published results; without them the page shows no bands.
    languages : sequence of str
        Languages to write; all of the framework when empty.
    funding : sequence of str
        Lines printed at the end of each page.
    contact : str
        Whom people write to when something keeps them from using the pages, for the accessibility statement.
    exports : bool
        Also write the questionnaire in exchange formats.

    Returns
    -------
    Built
        Pages, files and notes.

    Raises
    ------
    StudyError
        When the framework has no scale or items, or lacks a language.
    KtssError
        When a page exceeds its budget.
    """
    wanted = list(languages) or list(framework.languages)
    pages, notes = [], []
    for language in wanted:
        instrument = instrument_of(framework, language)
        evidence = evidence_of(instrument, rules, rows)
        page = render_page(instrument, evidence, languages=wanted, funding=funding)
        pages.append(page)
        if page.missing:
            notes.append(f"{language}: no translation of {', '.join(page.missing)}; the reference language stands in")
        if not evidence.skills:
            notes.append(f"{language}: no bands, because no reliability is published for this language")
    folder.mkdir(parents=True, exist_ok=True)
    contents: dict[str, bytes] = {f"index.{page.language}.html": page.html.encode() for page in pages}
    for language in wanted:
        contents[f"accessibility.{language}.html"] = accessibility_page(framework, language, contact).encode()
    made = write_exports(framework, wanted) if exports else {}
    files = [(name, EXPORTS[name]) for name in made if name in EXPORTS]
    for language in wanted if exports else ():
        made[f"bandtest.{language}.html"] = bandtest_page(framework, language).encode()
    contents["index.html"] = render_landing(framework, wanted, files=files, funding=funding).encode()
    contents |= made
    paths = []
    for name, content in sorted(contents.items()):
        write_atomic(folder / name, content)
        paths.append(folder / name)
    return Built(tuple(pages), tuple(paths), tuple(notes))
