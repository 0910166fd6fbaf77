"""Put the kit together: from published rows to a folder of texts and pictures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from ..csvfile import write_csv
from ..display.book import Book
from ..display.document import rules_are_late
from ..display.sentences import verdict_groups
from ..files import write_atomic
from ..glossary import PICTURE_COLUMNS
from ..rules import Rules
from ..study import Study
from .brand import Brand, brand_of
from .figures import report_figures
from .pages import html_page, language_links, markdown_text, plain_text
from .pictures import card_pictures, chart_pictures, summary_pdf, with_texts
from .slides import slide_deck
from .stories import Story, stories
from .texts import citation_line, limit_lines, listed_names, plain_summary, press_paragraph, ready_names

SIZES: Final = {"wide": (1200, 630), "square": (1080, 1080)}
MOST_LIMITS: Final = 5


def build_kit(
    rows: pd.DataFrame,
    study: Study,
    rules: Rules,
    out: Path,
    *,
    language: str = "en",
    outputs: Iterable[Mapping[str, Any]] = (),
) -> list[Path]:
    """Write the kit of a study in one language.

    Parameters
    ----------
    rows : pandas.DataFrame
        Published results, after masking; nothing else of the study's data is read.
    study, rules
        The files behind them.
    out : pathlib.Path
        Folder to write to; it is made when absent. The same rows and files give the same bytes.
    language : str
        Language of the texts.
    outputs : iterable of mapping
        Outputs of the executed report in that language; its figures are offered for embedding.

    Returns
    -------
    list of pathlib.Path
        The files, sorted.

    Raises
    ------
    StudyError
        When the study says nothing about who paid.
    KtssError
        When a text does not fit the place it is printed in.
    """
    book = Book(rows, study, rules, language, rules_are_late(rules, rows))
    brand = brand_of(book)
    told = stories(book)
    contents = _cards(told, brand)
    contents["summary.pdf"] = summary_pdf(_page_facts(book, told, brand), brand.timestamp)
    plain, title = plain_summary(book), book.text("kit.plain.title")
    contents["plain-language.html"] = html_page("text.html.j2", book, brand, title, sections=plain)
    contents["plain-language.md"] = markdown_text(title, plain, brand)
    book.chapter = "press"
    press, title = press_paragraph(book, told), book.text("kit.press.title")
    contents["press.html"] = html_page("text.html.j2", book, brand, title, sections=press)
    contents["press.txt"] = plain_text(title, press, brand)
    pictures = chart_pictures(brand.facts() | {"stories": [_facts_of(story) for story in told]}) if told else []
    contents["slides.pptx"] = slide_deck(book, told, pictures, brand)
    figures = report_figures(outputs, brand)
    for figure in figures:
        contents[f"figures/{figure.name}.svg"] = figure.svg.encode("utf-8")
        contents[f"figures/{figure.name}.html"] = html_page("figure.html.j2", book, brand, "", figure=figure)
    contents["index.html"] = html_page(
        "index.html.j2", book, brand, book.text("kit.title"), cards=_card_list(told, brand), figures=figures,
        languages=language_links(study.outputs.languages, language, _language_names(study.outputs.languages)),
    )  # fmt: skip
    paths = []
    for name, content in contents.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(out / name, content)
        paths.append(out / name)
    if told:
        paths.append(write_csv(_alt_table(told, brand), out / "cards" / "alt.csv"))
    paths.append(write_csv(book.claims_frame().drop_duplicates(), out / "claims.csv"))
    return sorted(paths)


def _facts_of(story: Story) -> dict[str, Any]:
    return {name: getattr(story, name) for name in ("kicker", "statement", "base", "chart", "drawn", "explanation")}


def _cards(told: Sequence[Story], brand: Brand) -> dict[str, bytes]:
    """Return the cards by path, each with title, description and rights inside, and the list of descriptions."""
    if not told:
        return {}
    drawn = card_pictures(brand.facts() | {"cards": [_facts_of(story) for story in told]})
    contents: dict[str, bytes] = {}
    for number, story in enumerate(told):
        texts = {
            "Title": f"{brand.stamp}: {story.kicker}" if brand.stamp else story.kicker,
            "Author": ", ".join(brand.authors), "Description": _alt(story, brand),
            "Copyright": " ".join(part for part in (brand.source, brand.funding) if part),
        }  # fmt: skip
        for place, size in enumerate(SIZES):
            picture = drawn[len(SIZES) * number + place]
            contents[_card_path(number, story, size)] = with_texts(picture, texts, brand.tag)
    listed = json.dumps(_alt_table(told, brand).to_dict("records"), ensure_ascii=False, indent=1)
    return contents | {"cards/alt.json": (listed + "\n").encode("utf-8")}


def _card_path(number: int, story: Story, size: str) -> str:
    width, height = SIZES[size]
    return f"cards/{number + 1}-{story.key}-{width}x{height}.png"


def _alt(story: Story, brand: Brand) -> str:
    return f"{brand.stamp}. {story.alt}" if brand.stamp else story.alt


def _alt_table(told: Sequence[Story], brand: Brand) -> pd.DataFrame:
    rows = [
        (_card_path(number, story, size).removeprefix("cards/"), story.kicker, width, height, _alt(story, brand))
        for number, story in enumerate(told)
        for size, (width, height) in SIZES.items()
    ]
    return pd.DataFrame(rows, columns=list(PICTURE_COLUMNS))


def _card_list(told: Sequence[Story], brand: Brand) -> list[dict[str, str]]:
    return [
        {"title": story.kicker, "alt": _alt(story, brand),
         **{size: _card_path(number, story, size) for size in SIZES}}
        for number, story in enumerate(told)
    ]  # fmt: skip


def _page_facts(book: Book, told: Sequence[Story], brand: Brand) -> dict[str, Any]:
    """Return what the summary on one page prints."""
    book.chapter = "summary"
    lists = [
        {"heading": book.text(f"kit.summary.{name}"), "entries": names}
        for name, names in (
            ("ready", ready_names(book)), ("provisional", listed_names(book, verdict_groups(book)["provisional"])),
        )
        if names
    ]  # fmt: skip
    column = [lists[0] | ({"second": lists[1]} if len(lists) > 1 else {})] if lists else []
    return brand.facts() | {
        "stories": [_facts_of(story) for story in told], "lists": column, "limits": limit_lines(book, MOST_LIMITS),
        "limits_heading": book.text("chapter.unknown"), "citation": citation_line(book),
    }  # fmt: skip


def _language_names(languages: Sequence[str]) -> dict[str, str]:
    from babel import Locale

    return {tag: str(Locale.parse(tag).get_display_name(tag)).capitalize() for tag in languages}
