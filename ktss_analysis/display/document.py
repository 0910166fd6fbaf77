"""A document a notebook writes: a `Book` with a title page, skill cards and a record of its numbers."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from babel import Locale

from .. import __version__
from ..csvfile import write_csv
from ..rules import Rules
from ..study import REFERENCE_LANGUAGE, Study
from ..yamlfile import sha256_of
from . import (  # noqa: F401 - they register what a document can say and show
    annexes,
    board,
    charts,
    checklists,
    coefficients,
    decision_sentences,
    decision_tables,
    instruments,
    register_tables,
    sentences,
    tables,
)
from .book import Book
from .cards import show_cards
from .emit import emit_block, show_page
from .exhibits import FOLDER, write_exhibits
from .sentences import paragraphs

PACKAGES = ("numpy", "pandas", "scipy", "matplotlib", "papermill", "nbconvert", "pypandoc-binary", "typst")


class Place(Protocol):
    """What a document needs to know of the run: where to write, what was published, earlier folders."""

    out: Path
    setting: Any

    def published(self) -> pd.DataFrame:
        """Return the public results."""

    def folder(self, stage: str) -> Path:
        """Return the folder of an earlier notebook."""

    def write_json(self, name: str, content: object) -> None:
        """Write a small file."""


@dataclass
class Document(Book):
    """A report, technical annex or audit annex in the making."""

    place: Place = field(kw_only=True)
    variant: str = field(default="report", kw_only=True)

    def show_cards(self) -> None:
        """Print the cards of all skills, best verdict first."""
        show_cards(self)

    def preview_self_assessment(self) -> None:
        """Show the self-assessment page in the notebook; it is not printed in the document."""
        folder = self.place.folder("09_decisions") / "self-assessment"
        page = folder / f"index.{self.language.split('-')[0]}.html"
        if page.is_file():
            show_page(page.read_text(encoding="utf-8"), self.framework.id)

    def claims_of(self, stage: str) -> pd.DataFrame:
        """Return the numbers printed by an earlier document."""
        return pd.read_csv(self.place.folder(stage) / "claims.csv", dtype=str, keep_default_na=False)

    def close(self) -> None:
        """Write the title page, the record of every number printed, and each table and figure as data."""
        write_csv(self.claims_frame(), self.place.out / "claims.csv")
        write_exhibits(self.exhibits, self.place.out / FOLDER, self.variant.replace("_", "-"))
        self.place.write_json("document.json", self._title_page())

    def _title_page(self) -> dict[str, Any]:
        study = self.study
        rules = self.rules
        line = self.text(
            "document.version", version=__version__, study=self.facts["hash study"][:7],
            rules=f"{rules.version} {self.facts['hash rules'][:7]}",
        )  # fmt: skip
        title, subtitle = (study.text_in(name, self.language)[0] for name in ("title", "subtitle"))
        return {
            "title": self.text(f"document.{self.variant}.title", title=title),
            "subtitle": subtitle,
            "short_title": title,
            "date": study.date,
            "language": {"en": "en-GB"}.get(self.language, self.language),
            "authors": list(study.authors),
            "licence": study.licence,
            "synthetic": study.synthetic,
            "compact": self.variant == "quality_board",
            "contents": self.variant != "quality_board",
            "version_line": line,
            "languages": _other_languages(study, self.language) if self.variant == "report" else [],
        }


def open_document(place: Place, kind: str, *, language: str = "en") -> Document:
    """Open a document on the published results of a run.

    Parameters
    ----------
    place : Place
        The notebook's stage.
    kind : {"report", "technical_annex", "audit_annex", "quality_board"}
        Which document.
    language : str
        Language of its texts.
    """
    study, rules = place.setting.study, place.setting.rules
    rows = place.published()
    facts = _facts(study, rules, rows)
    document = Document(rows, study, rules, language, facts, place=place, variant=kind)
    if kind == "report":
        emit_block("cover", _cover(document))
    elif study.instrument.status == "illustrative":
        emit_block("note", document.text("note.illustrative"))
    return document


def _cover(document: Document) -> str:
    """Return what stands under the title: what the report is, whose names these are, who paid."""
    study = document.study
    subject = document.of_study("subject")
    about = document.text("document.plain")
    if subject:
        about = document.text("document.plain.subject", subject=subject)
    illustrative = document.text("note.illustrative") if study.instrument.status == "illustrative" else ""
    translated = document.language != REFERENCE_LANGUAGE
    draft = f"::: {{.callout .note}}\n{document.text('note.translation')}\n:::" if translated else ""
    funding = (document.of_study("statement"), document.of_study("disclaimer"))
    return paragraphs(draft, about, illustrative, *funding)


def _other_languages(study: Study, language: str) -> list[dict[str, str]]:
    """Return the other languages of the report: tag, name in itself, and the name of its files without ending."""
    return [
        {
            "tag": tag,
            "name": str(Locale.parse(tag).get_display_name()),
            "stem": "report" if tag == REFERENCE_LANGUAGE else f"report.{tag}",
        }
        for tag in study.outputs.languages
        if tag != language
    ]


def _facts(study: Study, rules: Rules, rows: pd.DataFrame) -> dict[str, str]:
    hashes = study.fingerprint()
    facts = {f"hash {name}": value for name, value in hashes.items()}
    for name, value in hashes.items():
        facts[f"print SHA-256 of the {name} file"] = value
    for source in study.sources:
        for path in study.files(source):
            facts[f"print SHA-256 of {path.name}"] = sha256_of(path)
    facts["print ktss"] = __version__
    facts["print Python"] = platform.python_version()
    facts |= {f"print {name}": version(name) for name in PACKAGES}
    facts["print seed"] = str(study.seed)
    return facts | rules_are_late(rules, rows)


def rules_are_late(rules: Rules, rows: pd.DataFrame) -> dict[str, str]:
    """Return the date of the first answer and whether the rules were fixed after it; empty without dates."""
    dates = rows.loc[rows["statistic"] == "first_answer", "label"]
    if not len(dates):
        return {}
    first = str(dates.min())
    return {"first_answer": first, "rules_late": "yes" if rules.fixed_on > first else "no"}
