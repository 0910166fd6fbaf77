"""What everything in the kit says besides its findings: title, source, licence, who paid, invented data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..display.book import Book
from ..display.text_safety import clean_text
from ..opendata.descriptor import licence
from ..report.document import Facts, full_tag
from ..report.labels import STAMP, banner
from ..study import REFERENCE_LANGUAGE
from .emblem import emblem_svg


@dataclass(frozen=True)
class Brand:
    """Texts that stand on every part of the kit, as plain text.

    Parameters
    ----------
    language, tag : str
        Language of the texts, and its tag with region.
    study_language, funding_language : str
        Languages of the title, and of the funding line: the study file may lack a text in a language.
    title, subtitle, date : str
        From the study file.
    authors : tuple of str
        From the study file.
    source, licence, licence_name, licence_address : str
        Source line; licence as a sentence, by name, and where it stands (empty when not known).
    funding, disclaimer : str
        Who paid, and who answers for the content.
    emblem : bool
        Whether the emblem of the European Union stands beside the funding line.
    emblem_alt, stamp, banner : str
        Name of the emblem; mark and sentence for invented data, empty for real ones.
    notes : tuple of str
        That names are examples, that a translation is a draft.
    timestamp : int
        Seconds since 1970 that files are stamped with.
    """

    language: str
    tag: str
    study_language: str
    funding_language: str
    title: str
    subtitle: str
    date: str
    authors: tuple[str, ...]
    source: str
    licence: str
    licence_name: str
    licence_address: str
    funding: str
    disclaimer: str
    emblem: bool
    emblem_alt: str
    stamp: str
    banner: str
    notes: tuple[str, ...]
    timestamp: int

    @property
    def emblem_svg(self) -> str:
        """The emblem as SVG; empty without one."""
        return emblem_svg(self.emblem_alt) if self.emblem else ""

    @cached_property
    def emblem_png(self) -> bytes:
        """The emblem as PNG."""
        from .pictures import emblem_picture

        return emblem_picture(self.emblem_svg)

    def facts(self) -> dict[str, Any]:
        """Return what the Typst sources read."""
        return {
            "title": f"{self.stamp}: {self.title}" if self.stamp else self.title, "heading": self.title,
            "subtitle": self.subtitle, "language": self.tag, "authors": list(self.authors), "keywords": [],
            "source": self.source, "funding": self.funding, "disclaimer": self.disclaimer, "stamp": self.stamp,
            "banner": self.banner, "emblem": self.emblem, "emblem_alt": self.emblem_alt, "licence": self.licence,
            "notes": list(self.notes), "emblem_svg": self.emblem_svg,
        }  # fmt: skip


def brand_of(book: Book) -> Brand:
    """Return the texts of a study that every part of its kit carries.

    Raises
    ------
    StudyError
        When the study says nothing about who paid.
    """
    study, language = book.study, book.language
    study.require_funding()
    address = licence(study.licence).get("path", "")
    own = book.text("figure_word.synthetic")
    stamp = (own if STAMP in own else f"{STAMP} · {own}") if study.synthetic else ""
    notes = [book.text("note.illustrative")] if study.instrument.status == "illustrative" else []
    if language.split("-")[0] != REFERENCE_LANGUAGE:
        notes.append(book.text("note.translation"))
    tag = full_tag(language)
    title, study_language = study.text_in("title", language)
    funding, funding_language = study.text_in("statement", language)
    return Brand(
        language=language, tag=tag, study_language=study_language or language,
        funding_language=funding_language or language, title=_line(title),
        subtitle=_line(study.text_in("subtitle", language)[0]), date=_day(study.date, book),
        authors=tuple(_line(name) for name in study.authors),
        source=_line(book.text("source_line", title=title, licence=study.licence)),
        licence=book.text("cite.licence", licence=study.licence), licence_name=study.licence, licence_address=address,
        funding=_line(funding), disclaimer=_line(study.text_in("disclaimer", language)[0]),
        emblem=study.funding.emblem == "eu", emblem_alt=book.text("kit.emblem"), stamp=stamp,
        banner=banner(language) if study.synthetic else "", notes=tuple(notes),
        timestamp=Facts(title=study.title, date=study.date).timestamp,
    )  # fmt: skip


def _line(text: str) -> str:
    return " ".join(clean_text(text).split())


def _day(text: str, book: Book) -> str:
    """Return a date of the study file as it is written in the language; any other text as it stands."""
    from datetime import date

    from babel import Locale
    from babel.dates import format_date

    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _line(text)
    return str(format_date(day, "long", locale=Locale.parse(full_tag(book.language), sep="-")))
