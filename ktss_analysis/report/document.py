"""An executed notebook as one Pandoc Markdown text with its pictures and facts: the source of all formats."""

from __future__ import annotations

import os
import re
import struct
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from ktss_analysis.core import KtssError
from ktss_analysis.display.text_safety import clean_text

#: Full language tags: a bare ``en`` would silently become American English in a PDF.
FULL_TAGS: Final = {"en": "en-GB", "it": "it-IT", "pl": "pl-PL", "fi": "fi-FI", "nl": "nl-NL"}
#: The start of ZIP's calendar, for documents without any date.
EARLIEST: Final = 315_532_800
_WIDEST_MM, _TALLEST_MM = 166.0, 205.0
#: A higher picture would leave a gap when the page has no room for it: the PDF lets it float.
TALL_MM: Final = 62.0
#: Form of a picture for HTML: an SVG that is dark on a dark page.
PAGE_SVG: Final = "page.svg"
_MM_PER_UNIT: Final = {"pt": 25.4 / 72, "px": 25.4 / 96, "": 25.4 / 96, "in": 25.4, "cm": 10.0, "mm": 1.0}
_LENGTH = re.compile(r"^\s*([\d.]+)\s*([a-z]*)\s*$")
_SVG_SIZE = {side: re.compile(rf'<svg\b[^>]*?\s{side}="([^"]+)"', re.DOTALL) for side in ("width", "height")}
_HEADING = re.compile(r"^#\s+(.+?)\s*#*\s*$")


@dataclass(frozen=True)
class Facts:
    """What is printed about a document besides its text; see `read_facts`."""

    title: str
    subtitle: str = ""
    date: str = ""
    language: str = "en-GB"
    authors: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    short_title: str = ""
    synthetic: bool = False
    version_line: str = ""
    licence: str = ""
    number_sections: bool = True
    contents: bool = True
    compact: bool = False
    languages: tuple[Mapping[str, str], ...] = ()

    @property
    def timestamp(self) -> int:
        """Seconds since 1970 to stamp into files: ``SOURCE_DATE_EPOCH``, else the document's date."""
        given = os.environ.get("SOURCE_DATE_EPOCH", "")
        if given.isdigit():
            return max(int(given), EARLIEST)
        try:
            day = date.fromisoformat(self.date[:10])
        except ValueError:
            return EARLIEST
        return max(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()), EARLIEST)


@dataclass(frozen=True)
class Document:
    """Markdown, its facts, and pictures by relative path; each exists as SVG, as `PAGE_SVG` and as PNG if it can."""

    markdown: str
    facts: Facts
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def read_facts(metadata: Mapping[str, Any], markdown: str) -> Facts:
    """Read ``metadata["ktss"]`` of a notebook; what is missing gets a default.

    Parameters
    ----------
    metadata : mapping
        The notebook's metadata.
    markdown : str
        The document; its first heading is the title when the metadata have none.

    Returns
    -------
    Facts
        With a full language tag and cleaned texts.

    Raises
    ------
    KtssError
        If the metadata hold a name or a language tag that is not known.
    """
    given = dict(metadata.get("ktss") or {})
    unknown = sorted(set(given) - set(Facts.__dataclass_fields__))
    if unknown:
        allowed = ", ".join(Facts.__dataclass_fields__)
        raise KtssError(f"notebook metadata 'ktss': unknown name {', '.join(unknown)}; allowed: {allowed}")
    values: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        if name == "languages":
            values[name] = tuple(
                {key: clean_text(str(other[key])) for key in ("tag", "name", "stem")} for other in value
            )
        elif name in {"authors", "keywords"}:
            parts = [value] if isinstance(value, str) else list(value)
            values[name] = tuple(clean_text(str(part)) for part in parts)
        elif name in {"synthetic", "number_sections", "contents", "compact"}:
            values[name] = bool(value)
        else:
            values[name] = " ".join(clean_text(str(value)).split())
    values["language"] = full_tag(values.get("language") or "en-GB")
    values["title"] = values.get("title") or _first_heading(markdown) or "Untitled report"
    values["short_title"] = values.get("short_title") or values["title"]
    return Facts(**values)


def full_tag(language: str) -> str:
    """Return a language tag with its region, e.g. ``en-GB`` for ``en``."""
    if re.fullmatch(r"[a-z]{2,3}-[A-Z]{2}", language):
        return language
    if language in FULL_TAGS:
        return FULL_TAGS[language]
    raise KtssError(f"language of the report: found {language!r}; allowed: a tag such as en-GB, pl-PL")


def _first_heading(markdown: str) -> str:
    for line in markdown.splitlines():
        match = _HEADING.match(line)
        if match:
            plain = re.sub(r"\s*\{[^}]*\}$", "", match[1])
            return re.sub(r"\\([!-/:-@\[-`{-~])|[*_`]", r"\1", plain)
    return ""


# ------------------------------------------------------------------------------------------- pictures


def figure_markdown(output: Mapping[str, Any], *, where: str, pictures: dict[str, bytes], number: int) -> str:
    """Turn an image output into a figure block and store its pictures.

    Parameters
    ----------
    output : mapping
        A notebook output with ``image/svg+xml`` or ``image/png``.
    where : str
        The cell, for messages.
    pictures : dict
        Receives the files under ``figures/``.
    number : int
        Counts figures; names those without a label.

    Returns
    -------
    str
        A fenced block that the Lua filter turns into a numbered figure.

    Raises
    ------
    KtssError
        If the picture has no alternative text.
    """
    data, facts = output["data"], _picture_facts(output)
    label = facts.get("label") or f"fig-{number}"
    alt, caption = str(facts.get("alt", "")).strip(), str(facts.get("caption", "")).strip()
    if not alt:
        raise KtssError(f"{where}: a figure without alternative text; use emit_figure(..., alt=...)")
    contents: dict[str, bytes] = {}
    if "image/svg+xml" in data:
        svg = _text(data["image/svg+xml"])
        contents["svg"] = svg.encode("utf-8")
        if facts.get("dark"):
            contents[PAGE_SVG] = follow_page(svg, facts["dark"]).encode("utf-8")
    if "image/png" in data:
        contents["png"] = b64decode(_text(data["image/png"]))
    name = f"figures/{re.sub(r'[^A-Za-z0-9_.-]', '-', label)}"
    pictures.update({f"{name}.{extension}": content for extension, content in contents.items()})
    width, height = _printed_size(contents)
    data_label = f' data-label="{facts["data_label"]}"' if facts.get("data_label") else ""
    attributes = (
        f'#{label} .figure kinds="{" ".join(contents)}" src="{name}" width="{width:.1f}mm" '
        f'tall="{int(height > TALL_MM and not facts.get("stays"))}" '
        f'alt="{_attribute(alt)}"{data_label}'
    )
    return f":::: {{{attributes}}}\n{caption}\n::::"


def picture_form(name: str) -> tuple[str, str]:
    """Return the path of a picture without its ending, and the ending: its form."""
    form = PAGE_SVG if name.endswith(f".{PAGE_SVG}") else name.rpartition(".")[2]
    return name.removesuffix(f".{form}"), form


def follow_page(svg: str, dark: Mapping[str, str]) -> str:
    """Return the drawing with a style that turns its colours into the dark ones where the reader's page is dark.

    Parameters
    ----------
    svg : str
        SVG whose colours stand in `style` attributes, as matplotlib writes them.
    dark : mapping of str to str
        Colour ``#rrggbb`` of the drawing to the one in its place on dark.

    Returns
    -------
    str
        The drawing is the same on paper, and for programs that know no media queries.
    """
    rules = "".join(
        f'[style*="{role}: {light}"]{{{role}:{other}!important}}'
        for light, other in sorted(dark.items())
        for role in ("fill", "stroke")
        if f"{role}: {light}" in svg
    )
    head, opening, rest = svg.partition("<svg")
    tag, end, body = rest.partition(">")
    style = f"<style>@media screen and (prefers-color-scheme:dark){{{rules}}}</style>"
    return f"{head}{opening}{tag}{end}{style}{body}"


def _picture_facts(output: Mapping[str, Any]) -> dict[str, Any]:
    metadata = output.get("metadata") or {}
    return {**metadata, **(metadata.get("image/png") or {}), **(metadata.get("image/svg+xml") or {})}


def _text(value: object) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _attribute(text: str) -> str:
    return " ".join(clean_text(text).split()).replace("\\", "\\\\").replace('"', '\\"')


def _printed_size(contents: Mapping[str, bytes]) -> tuple[float, float]:
    """Return width and height in millimetres at which a picture fits the page, never enlarged."""
    width, height = _svg_size(contents["svg"]) if "svg" in contents else _png_size(contents["png"])
    scale = min(1.0, _WIDEST_MM / width, _TALLEST_MM / height)
    return width * scale, height * scale


def _svg_size(content: bytes) -> tuple[float, float]:
    head = content[:4000].decode("utf-8", "replace")
    sizes = []
    for side in ("width", "height"):
        found = _SVG_SIZE[side].search(head)
        length = _LENGTH.match(found[1]) if found else None
        if length is None or length[2] not in _MM_PER_UNIT:
            return _WIDEST_MM, _WIDEST_MM * 0.6
        sizes.append(float(length[1]) * _MM_PER_UNIT[length[2]])
    return sizes[0], sizes[1]


def _png_size(content: bytes) -> tuple[float, float]:
    width, height = struct.unpack(">II", content[16:24])
    position, per_metre = content.find(b"pHYs"), 7874
    if 0 < position < len(content) - 12:
        per_metre = struct.unpack(">I", content[position + 4 : position + 8])[0] or per_metre
    return width * 1000 / per_metre, height * 1000 / per_metre
