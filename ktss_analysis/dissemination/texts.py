"""The summary in plain words and the paragraph for the press, as sections that every format prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from ..display.book import Book
from ..display.sentences import limits, rules_time, verdict_groups
from ..display.text_safety import clean_text
from .stories import Story, overridden_sentence

MOST_NAMES: Final = 12
"""Names in a list; what is beyond is a number."""
MOST_LETTERS: Final = 480
"""Letters of all names in a list, so that long names leave room on a page for the rest."""
STREAMS: Final = ("guide_review", "tool_review", "workshop", "focus_groups")
_OPEN: Final = re.compile(r"CC (BY|BY-SA) \d")
"""Licences that allow copying, sharing and changing for whatever purpose when the source is named."""
PRESS_STORIES: Final = ("ready", "people", "relevance", "consensus", "voices", "usability")


@dataclass(frozen=True)
class Section:
    """A heading, sentences, and a list under them; all plain text."""

    heading: str
    sentences: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()


def plain_summary(book: Book) -> list[Section]:
    """Return the summary in short sentences and common words.

    Parameters
    ----------
    book : Book
        Published results; numbers are recorded under the chapter ``plain_language``.
    """
    book.chapter = "plain_language"
    sections = [
        Section(book.text("kit.plain.about"), _about(book)),
        Section(book.text("kit.plain.found"), _found(book), tuple(ready_names(book))),
        Section(book.text("kit.plain.asked"), _asked(book)),
        Section(book.text("kit.plain.know"), _know(book)),
        Section(book.text("kit.plain.unknown"), _unknown(book)),
        Section(book.text("kit.plain.use"), (_permission(book),)),
    ]
    return [section for section in sections if section.sentences]


def ready_names(book: Book) -> list[str]:
    """Return the names of the skills that are ready; of many the first in the framework, and how many more."""
    groups = verdict_groups(book)
    return listed_names(book, [*groups["keep"], *groups["keep_discordant"]])


def listed_names(book: Book, skills: Sequence[str]) -> list[str]:
    """Return names as plain text, at most `MOST_NAMES` and `MOST_LETTERS`, then how many more there are."""
    names = [" ".join(clean_text(book.name(skill)).split()) for skill in skills]
    lengths = accumulate(map(len, names))
    kept = [name for name, letters in zip(names[:MOST_NAMES], lengths, strict=False) if letters <= MOST_LETTERS]
    rest = len(names) - len(kept)
    if not rest:
        return kept
    more = book.text("kit.more", count=rest, k=book.count(rest, "decisions.verdict"))
    return [*kept, more]


def _about(book: Book) -> tuple[str, ...]:
    row = book.find("decisions.n_skills.all")
    if row is None:
        return (book.text("kit.plain.question"),)
    list_of = book.text("kit.plain.skills", count=int(row["estimate"]), total=book.number(row))
    return list_of, book.text("kit.plain.question")


def _found(book: Book) -> tuple[str, ...]:
    """Return one sentence on each verdict that was given, and what leads to the list of those that are ready."""
    groups = verdict_groups(book)
    sizes = {name: len(skills) for name, skills in groups.items()}
    if not any(sizes.values()):
        return ()  # nothing was decided, so nothing was found either
    sizes["keep"] += sizes.pop("keep_discordant")
    sentences = [
        book.text(f"kit.plain.{name}", count=size, k=book.count(size, f"decisions.n_verdict.all.{name}"))
        for name, size in sizes.items()
        if size
    ]
    if not sizes["keep"]:
        return (book.text("kit.plain.none"), *sentences)
    return (*sentences, book.text("kit.plain.ready_names"))


def _asked(book: Book) -> tuple[str, ...]:
    row = book.find("participants.n_used_people.any")
    if row is None or row["status"] != "ok" or row["estimate"] == 0:
        return ()
    streams = [book.text(f"kit.plain.{stream}") for stream in STREAMS if book.collected(stream)]
    return (book.text("kit.plain.people", count=int(row["estimate"]), n=book.number(row)), *streams)


def _know(book: Book) -> tuple[str, ...]:
    if not any(verdict_groups(book).values()):
        return ()
    sentences = (
        book.text("kit.plain.rule"),
        book.text(f"kit.plain.rule.{rules_time(book)}"),
        overridden_sentence(book),
    )
    return tuple(sentence for sentence in sentences if sentence)


def _unknown(book: Book) -> tuple[str, ...]:
    """Return what the results do not show; the last two only where they apply."""
    sentences = [book.text("kit.plain.sample"), book.text("kit.plain.no_test")]
    if (book.rows["status"] == "masked").any():
        sentences.append(book.text("kit.plain.masked"))
    if book.study.instrument.status == "illustrative":
        sentences.append(book.text("kit.plain.illustrative"))
    return tuple(sentences)


def _permission(book: Book) -> str:
    """Return what may be done with the text; only an open licence is put into words."""
    key = "kit.plain.licence" if _OPEN.match(book.study.licence) else "kit.plain.licence_other"
    return book.text(key, licence=book.study.licence)


def press_paragraph(book: Book, told: Sequence[Story]) -> list[Section]:
    """Return a paragraph for the press: what was found, who was asked, a place for a quote, whom to ask.

    No quote is invented: the place says that the project adds one, from a person who agreed to be named.

    Parameters
    ----------
    book : Book
        Published results; the numbers are those of the stories.
    told : sequence of Story
        The stories.
    """
    statements = {story.key: story.statement for story in told}
    lead = tuple(statements[key] for key in PRESS_STORIES if key in statements)
    sections = [
        Section(clean_text(book.study.text_in("title", book.language)[0]), lead),
        Section(book.text("kit.press.quote"), (book.text("kit.press.quote_place"),)),
        Section(book.text("kit.press.limits"), (book.text("kit.plain.sample"), book.text("kit.plain.no_test"))),
        Section(book.text("kit.press.more"), (book.text("kit.press.contact"), citation_line(book))),
    ]
    return [section for section in sections if section.sentences]


def limit_lines(book: Book, most: int) -> list[str]:
    """Return the first of the report's sentences on what the data cannot say, as plain texts."""
    book.chapter = "limits"
    before = len(book.claims)
    lines = [line.removeprefix("- ").strip() for line in limits(book).splitlines() if line.strip()][:most]
    shown = [claim for claim in book.claims[before:] if any(claim.text in line.split() for line in lines)]
    book.claims[before:] = shown
    return lines


def citation_line(book: Book) -> str:
    """Return how to cite the report, as plain text."""
    study = book.study
    authors = ", ".join(study.authors) or book.text("cite.no_author")
    doi = f" {study.doi}." if study.doi else ""
    title = study.text_in("title", book.language)[0]
    citation = f"{authors} ({study.date[:4] or book.text('cite.no_date')}). {title}.{doi}"
    return book.text("cite.how", citation=clean_text(citation))
