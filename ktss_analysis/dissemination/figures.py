"""Figures of the report to embed elsewhere: drawings that stand alone, with title, description and licence inside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from ..display.exhibits import plain_text
from ..display.text_safety import clean_text
from .brand import Brand

EMBEDDED: Final = (
    "fig-tiles", "fig-grades", "fig-flow", "fig-guide-review-relevance", "fig-consensus", "fig-usability", "fig-tiers",
    "fig-feedback",
)  # fmt: skip
"""Labels of the report's figures that are offered for embedding, where the report has them."""

_SVG_START = re.compile(r"<svg\b[^>]*>", re.DOTALL)
_SIZE = re.compile(r'\b(width|height)="([\d.]+)pt"')
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_POINT: Final = 96 / 72


@dataclass(frozen=True)
class Figure:
    """A drawing of the report: file name without ending, SVG, caption and description, size in pixels."""

    name: str
    svg: str
    caption: str
    alt: str
    width: int
    height: int


def report_figures(outputs: Iterable[Mapping[str, Any]], brand: Brand) -> list[Figure]:
    """Return the figures to embed, from the outputs of the executed report.

    Parameters
    ----------
    outputs : iterable of mapping
        Outputs of notebook cells; those with ``image/svg+xml``, a label, a caption and a description count.
    brand : Brand
        Licence, source and mark that the drawings carry.
    """
    found: dict[str, Figure] = {}
    for output in outputs:
        drawn = output.get("data", {}).get("image/svg+xml")
        facts = {} if drawn is None else (output.get("metadata") or {}).get("image/svg+xml") or {}
        label = str(facts.get("label", ""))
        if label in EMBEDDED:
            svg = "".join(drawn) if isinstance(drawn, list) else str(drawn)
            name = label.removeprefix("fig-")
            found[label] = _figure(name, svg, plain_text(str(facts["caption"])), str(facts["alt"]), brand)
    return [found[label] for label in EMBEDDED if label in found]


def _figure(name: str, svg: str, caption: str, alt: str, brand: Brand) -> Figure:
    """Return a figure whose SVG starts at its root and says what it is, for whoever does not see it."""
    start = _SVG_START.search(svg)
    if start is None:
        raise ValueError(f"figure {name}: no SVG")
    root, inside = start[0], svg[start.end() :]
    sizes = {side: round(float(value) * _POINT) for side, value in _SIZE.findall(root)}
    named = f'{root[:-1]} role="img" aria-labelledby="title-{name} desc-{name}" xml:lang="{brand.tag}">'
    stamp = f"{brand.stamp}: " if brand.stamp else ""
    about = (
        f'<title id="title-{name}">{escape(stamp + clean_text(caption))}</title>'
        f'<desc id="desc-{name}">{escape(clean_text(alt))}</desc>{_rights(brand)}'
    )
    return Figure(
        name, named + about + _METADATA.sub("", inside, count=1).lstrip(), caption, alt,
        sizes.get("width", 0), sizes.get("height", 0),
    )  # fmt: skip


def _rights(brand: Brand) -> str:
    """Return who made it and under which licence, as metadata that programs read."""
    rights = " ".join(part for part in (brand.source, brand.funding) if part)
    licence = f'<cc:license rdf:resource="{escape(brand.licence_address)}"/>' if brand.licence_address else ""
    return (
        '<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:cc="http://creativecommons.org/ns#" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<cc:Work rdf:about=""><dc:rights>{escape(rights)}</dc:rights>{licence}</cc:Work></rdf:RDF></metadata>'
    )
