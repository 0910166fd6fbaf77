"""The slides: one statement each, its drawing with words for those who do not see it, sources in the notes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..display.book import Book, Claim
from ..display.text_safety import clean_text
from .brand import Brand
from .deck import PICTURE, POINTS, TITLE, add_slide, open_deck, save_deck, set_language
from .stories import Story
from .texts import citation_line, limit_lines, listed_names, ready_names

if TYPE_CHECKING:
    from pptx.slide import Slide

MOST_LIMITS = 6


def slide_deck(book: Book, told: Sequence[Story], pictures: Sequence[bytes], brand: Brand) -> bytes:
    """Return the slides as PPTX.

    Parameters
    ----------
    book : Book
        Published results; numbers on list slides are recorded under their own chapters.
    told : sequence of Story
        The stories, a slide each.
    pictures : sequence of bytes
        The drawing of each story, PNG of four by three.
    brand : Brand
        What every slide says besides: source, funding, stamp.

    Returns
    -------
    bytes
        The file; the same content gives the same bytes.
    """
    deck = open_deck()
    foot = " · ".join(part for part in (brand.stamp, brand.source, brand.funding) if part)
    cover = add_slide(deck, TITLE, foot)
    _fill(cover, {0: [brand.title], 1: _cover_lines(book, brand)})
    _note(cover, book, [])
    if brand.emblem:
        _add_emblem(cover, brand)
    if told:
        _list_slide(deck, book, foot, book.text("kit.slides.short"), [story.statement for story in told],
                    _claims(book, [f"story.{story.key}" for story in told]))  # fmt: skip
    for story, picture in zip(told, pictures, strict=True):
        _story_slide(deck, book, foot, story, picture)
    _names_slide(deck, book, foot)
    limits = limit_lines(book, MOST_LIMITS)
    _list_slide(deck, book, foot, book.text("chapter.unknown"), limits, _claims(book, ["limits"]))
    closing = [citation_line(book), brand.licence, brand.funding, brand.disclaimer]
    _list_slide(deck, book, foot, book.text("chapter.cite"), closing, [])
    for slide in deck.slides:
        set_language(slide, brand.tag)
    facts = {
        "title": f"{brand.stamp}: {brand.title}" if brand.stamp else brand.title, "author": ", ".join(brand.authors),
        "subject": brand.source, "keywords": "", "language": brand.tag,
    }  # fmt: skip
    return save_deck(deck, facts, brand.timestamp)


def _cover_lines(book: Book, brand: Brand) -> list[str]:
    authors = ", ".join(brand.authors)
    return [brand.subtitle, book.text("kit.slides.by", authors=authors) if authors else "", brand.date,
            *brand.notes, brand.banner, brand.disclaimer]  # fmt: skip


def _story_slide(deck: Any, book: Book, foot: str, story: Story, picture: bytes) -> None:
    slide = add_slide(deck, PICTURE, foot)
    _fill(slide, {0: [story.statement], 2: [story.kicker, story.explanation, story.base]})
    lead = slide.placeholders[2].text_frame.paragraphs[0]
    for run in lead.runs:
        run.font.bold = True
    holder = slide.placeholders[1]
    drawn = holder.insert_picture(io.BytesIO(picture))
    drawn._element.nvPicPr.cNvPr.set("descr", story.drawn)
    drawn._element.nvPicPr.cNvPr.set("name", story.kicker)
    _note(slide, book, _claims(book, [f"story.{story.key}"]))


def _names_slide(deck: Any, book: Book, foot: str) -> None:
    """Add a slide with the names of the skills that are ready, or else provisional; none without either."""
    from ..display.sentences import verdict_groups

    book.chapter = "ready_names"
    ready, provisional = ready_names(book), listed_names(book, verdict_groups(book)["provisional"])
    for heading, names in (("ready", ready), ("provisional", provisional)):
        if names:
            title = book.text(f"kit.summary.{heading}")
            claims = _claims(book, ["ready_names"])
            _list_slide(deck, book, foot, title, names, claims)
            return


def _list_slide(deck: Any, book: Book, foot: str, title: str, lines: Sequence[str], claims: Sequence[Claim]) -> None:
    slide = add_slide(deck, POINTS, foot)
    _fill(slide, {0: [title], 1: list(lines)})
    _note(slide, book, claims)


def _fill(slide: Slide, texts: dict[int, list[str]]) -> None:
    for place, lines in texts.items():
        kept = [" ".join(clean_text(line).split()) for line in lines if line.strip()]
        frame = slide.placeholders[place].text_frame
        frame.text = kept[0] if kept else ""
        for line in kept[1:]:
            frame.add_paragraph().text = line
        size = _points(slide, place, kept)
        for paragraph in frame.paragraphs if size else ():
            for run in paragraph.runs:
                run.font.size = size


def _points(slide: Slide, place: int, lines: Sequence[str]) -> Any:
    """Return a smaller type for much text, or None: a program that opens the file need not shrink it by itself."""
    from pptx.util import Pt

    letters = sum(map(len, lines))
    if place == 0:
        cover = slide.slide_layout.name == TITLE
        return Pt(36 if cover else 24) if letters > (50 if cover else 95) else None
    narrow = slide.slide_layout.name == PICTURE
    rows = sum(1 + len(line) // (40 if narrow else 90) for line in lines) + 0.5 * len(lines)
    return Pt(14) if rows > 17 else Pt(16) if rows > 15 else Pt(18) if rows > 12 else None


def _claims(book: Book, chapters: Sequence[str]) -> list[Claim]:
    return [claim for claim in book.claims if claim.chapter in chapters]


def _note(slide: Slide, book: Book, claims: Sequence[Claim]) -> None:
    """Write into the notes which result each number on the slide is."""
    lines = [book.text("kit.slides.source", text=claim.text, id=claim.result_id) for claim in claims]
    head = "kit.slides.sources" if lines else "kit.slides.none"
    text = "\n".join([book.text(head), *dict.fromkeys(lines)])
    frame = slide.notes_slide.notes_text_frame
    if frame is not None:
        frame.text = text


def _add_emblem(slide: Slide, brand: Brand) -> None:
    """Put the emblem on the cover, above the foot, with its name."""
    from .deck import _emu

    picture: Any = slide.shapes.add_picture(io.BytesIO(brand.emblem_png), _emu(11.2), _emu(0.55), height=_emu(0.95))
    picture._element.nvPicPr.cNvPr.set("descr", brand.emblem_alt)
