"""The kit's pages and plain texts: HTML from templates that escape everything, Markdown from the same sections."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

from ..display.book import Book
from ..display.text_safety import safe_text
from .brand import Brand
from .pictures import ASSETS
from .texts import Section, citation_line


def html_page(template: str, book: Book, brand: Brand, heading: str, **values: Any) -> bytes:
    """Return a filled template; only the style sheet, the emblem and a language tag enter as they are."""
    from markupsafe import Markup

    css = (ASSETS / "kit.css").read_text(encoding="utf-8")
    trusted = {"css": css, "emblem": brand.emblem_svg.strip(),
               "foreign": _language(brand, brand.study_language),
               "foreign_funding": _language(brand, brand.funding_language)}  # fmt: skip
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    page = _environment().get_template(template).render(
        brand=brand, heading=heading, t=book.text, citation=citation_line(book),
        policy=f"default-src 'none'; img-src 'self' file: data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'",
        **{name: Markup(text) for name, text in trusted.items()}, **values,
    )  # fmt: skip
    return page.encode("utf-8")


def _language(brand: Brand, language: str) -> str:
    """Return the attribute that marks a text in another language than the page's; nothing for one in the page's."""
    other = language.split("-")[0] != brand.language.split("-")[0]
    return f' lang="{escape(language)}"' if other else ""


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def markdown_text(title: str, sections: Sequence[Section], brand: Brand) -> bytes:
    """Return sections as Markdown; signs that Markdown would read as markup are escaped."""
    parts = [f"# {safe_text(title)}", *_above(brand, safe_text)]
    for section in sections:
        parts += [f"## {safe_text(section.heading)}", safe_text(" ".join(section.sentences))]
        if section.entries:
            parts.append("\n".join(f"- {safe_text(entry)}" for entry in section.entries))
    return _joined([*parts, *map(safe_text, _below(brand))])


def plain_text(title: str, sections: Sequence[Section], brand: Brand) -> bytes:
    """Return sections as plain text."""
    parts = [title, *_above(brand, str)]
    for section in sections:
        heading = [section.heading] if section.heading != brand.title else []
        entries = ["\n".join(f"- {entry}" for entry in section.entries)] if section.entries else []
        parts += [*heading, " ".join(section.sentences), *entries]
    return _joined([*parts, *_below(brand)])


def _above(brand: Brand, form: Any) -> list[str]:
    invented = [form(f"{brand.stamp}. {brand.banner}.")] if brand.stamp else []
    return [*invented, form(brand.title), *map(form, brand.notes)]


def _below(brand: Brand) -> list[str]:
    return [part for part in (brand.source, brand.licence, brand.funding, brand.disclaimer) if part]


def _joined(parts: Sequence[str]) -> bytes:
    return ("\n\n".join(parts) + "\n").encode("utf-8")


def language_links(languages: Sequence[str], own: str, names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return where the other languages' kits lie as seen from one of them; the first language lies at the top."""
    first = languages[0] if languages else own
    up = "" if own == first else "../"
    return [
        {"tag": tag, "name": names[tag], "address": f"{up}index.html" if tag == first else f"{up}{tag}/index.html"}
        for tag in languages
        if tag != own
    ]
