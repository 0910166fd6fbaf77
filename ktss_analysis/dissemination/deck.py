"""The design of the slides: a master with three layouts, made from the one that python-pptx brings.

Nothing is placed by hand on a slide: titles, texts, pictures, foot and number stand in placeholders, so a deck can be
given another design in one step, and a screen reader reads them in their order.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import Slide, SlideLayout

EMU: Final = 914_400  # per inch
WIDTH, HEIGHT = 13.333, 7.5
LAYOUTS: Final = ("Title Slide", "Title and Content", "Picture with Caption")
TITLE, POINTS, PICTURE = LAYOUTS
FOOT: Final = ("ftr", "sldNum")

Place = tuple[float, float, float, float]
_FOOT_PLACES: Final[dict[str, Place]] = {"ftr": (0.6, 6.78, 11.2, 0.5), "sldNum": (11.9, 6.78, 0.85, 0.5)}
_PLACES: Final[dict[str, dict[int, Place]]] = {
    TITLE: {0: (0.6, 1.5, 12.1, 2.0), 1: (0.6, 3.65, 12.1, 2.9)},
    POINTS: {0: (0.6, 0.5, 12.1, 1.25), 1: (0.6, 1.95, 12.1, 4.6)},
    PICTURE: {0: (0.6, 0.5, 12.1, 1.25), 1: (6.6, 1.95, 6.133, 4.6), 2: (0.6, 1.95, 5.7, 4.6)},
}
_COLOURS: Final = {
    "dk1": "1B1F27", "lt1": "FFFFFF", "dk2": "0B3C6F", "lt2": "F1F4F8", "accent1": "0F4C8A", "accent2": "D5810E",
    "accent3": "7A1238", "accent4": "009688", "accent5": "8E5BD6", "accent6": "5B6470", "hlink": "0B3C6F",
    "folHlink": "6B1F12",
}  # fmt: skip
_FONTS: Final = {"major": "Georgia", "minor": "Arial"}
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)


def open_deck() -> Presentation:
    """Return a presentation without slides in the house style, wide format, three layouts."""
    import pptx
    from pptx.opc.constants import RELATIONSHIP_TYPE as RT

    deck = pptx.Presentation()
    deck.slide_width, deck.slide_height = _emu(WIDTH), _emu(HEIGHT)
    for layout in list(deck.slide_layouts):
        if layout.name not in LAYOUTS:
            deck.slide_layouts.remove(layout)
    master = deck.slide_master
    _paint_theme(master.part.part_related_by(RT.THEME))
    _style_master(master)
    for layout in deck.slide_layouts:
        _style_layout(layout)
    _drop_leftovers(deck)
    return deck


def add_slide(deck: Presentation, layout: str, foot: str) -> Slide:
    """Return a new slide of a layout with its foot and number, title first in the order of reading."""
    chosen: Any = next(found for found in deck.slide_layouts if found.name == layout)
    slide = deck.slides.add_slide(chosen)
    for shape in chosen.placeholders:
        kind = shape._element.xpath(".//p:ph/@type")
        if kind and kind[0] in FOOT:
            copied = deepcopy(shape._element)
            copied.nvSpPr.cNvPr.set("id", str(max(int(i) for i in slide.shapes._spTree.xpath(".//p:cNvPr/@id")) + 1))
            slide.shapes._spTree.append(copied)
            if kind[0] == "ftr":
                slide.placeholders[shape.placeholder_format.idx].text_frame.text = foot
    return slide


def set_language(slide: Slide, language: str) -> None:
    """Say in which language each text of a slide and of its notes is."""
    for element in (slide._element, slide.notes_slide._element):
        for run in element.xpath(".//a:r"):
            run.get_or_add_rPr().set("lang", language)
        for properties in element.xpath(".//a:fld/a:rPr | .//a:endParaRPr"):
            properties.set("lang", language)


def save_deck(deck: Presentation, facts: Mapping[str, str], timestamp: int) -> bytes:
    """Return the presentation as bytes that depend on its content alone.

    Parameters
    ----------
    deck : Presentation
        The slides.
    facts : mapping of str to str
        ``title``, ``author``, ``subject``, ``keywords`` and ``language`` of the file's properties.
    timestamp : int
        Seconds since 1970 for the dates of creation and change.
    """
    properties, day = deck.core_properties, datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)
    for name, value in facts.items():
        setattr(properties, name, value)
    properties.created = properties.modified = day
    properties.last_modified_by, properties.revision = "ktss", 1
    raw = io.BytesIO()
    deck.save(raw)
    packed = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        names = sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        for name in names:
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            target.writestr(entry, source.read(name))
    return packed.getvalue()


# ------------------------------------------------------------------------------ master and layouts


def _emu(inches: float) -> Any:
    from pptx.util import Emu

    return Emu(round(inches * EMU))


def _put(shape: Any, place: Place) -> None:
    shape.left, shape.top, shape.width, shape.height = map(_emu, place)


def _paint_theme(part: Any) -> None:
    """Give the theme our colours and fonts that every office has."""
    xml = part.blob.decode("utf-8")
    for name, colour in _COLOURS.items():
        xml = re.sub(rf"(<a:{name}>).*?(</a:{name}>)", rf'\g<1><a:srgbClr val="{colour}"/>\g<2>', xml, flags=re.DOTALL)
    for kind, font in _FONTS.items():
        xml = re.sub(rf'(<a:{kind}Font>\s*<a:latin typeface=")[^"]*', rf"\g<1>{font}", xml)
    xml = re.sub(r'(<a:theme [^>]*name=")[^"]*', r"\g<1>ktss", xml)
    part._blob = xml.encode("utf-8")


def _style_master(master: Any) -> None:
    """Set titles to the left in the colour of the house, texts a size that fits, and draw the bar at the top."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    find, style = master._element.xpath, "p:txStyles/p:titleStyle/a:lvl1pPr"
    find(style)[0].set("algn", "l")
    find(f"{style}/a:defRPr")[0].set("sz", "3000")
    find(f"{style}/a:defRPr")[0].set("b", "1")
    find(f"{style}/a:defRPr/a:solidFill/a:schemeClr")[0].set("val", "tx2")
    for level, size in (("1", "2200"), ("2", "1800"), ("3", "1600")):
        find(f"p:txStyles/p:bodyStyle/a:lvl{level}pPr/a:defRPr")[0].set("sz", size)
    for gap in find("p:txStyles/p:bodyStyle/a:lvl1pPr/a:spcBef/a:spcPct"):
        gap.set("val", "50000")
    for shape in master.placeholders:
        kind = (shape._element.xpath(".//p:ph/@type") or [""])[0]
        place = {"title": _PLACES[POINTS][0], "body": _PLACES[POINTS][1], **_FOOT_PLACES}.get(kind)
        if place is not None:
            _put(shape, place)
        own, lists = shape._element.xpath, "p:txBody/a:lstStyle/a:lvl1pPr"
        for level in own(lists) if kind == "ftr" else []:
            level.set("algn", "l")
        for tint in own(f"{lists}//a:tint"):
            tint.getparent().remove(tint)
        for properties in own(f"{lists}/a:defRPr"):
            properties.set("sz", "1100")
    bar = parse_xml(
        f'<p:sp {nsdecls("p", "a")}><p:nvSpPr><p:cNvPr id="20" name="Bar"/><p:cNvSpPr/>'
        '<p:nvPr userDrawn="1"/></p:nvSpPr>'
        f'<p:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{_emu(WIDTH)}" cy="{_emu(0.16)}"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill><a:schemeClr val="tx2"/></a:solidFill>'
        "<a:ln><a:noFill/></a:ln></p:spPr></p:sp>"
    )
    master.shapes._spTree.insert(2, bar)


def _style_layout(layout: SlideLayout) -> None:
    """Place a layout's placeholders; what it says of type is left to the master, but for the title slide."""
    for shape in list(layout.placeholders):
        kind = (shape._element.xpath(".//p:ph/@type") or [""])[0]
        if kind == "dt":
            shape._element.getparent().remove(shape._element)
            continue
        _put(shape, _FOOT_PLACES.get(kind) or _PLACES[layout.name][shape.placeholder_format.idx])
        for style in shape._element.xpath(".//a:lstStyle"):
            for child in list(style):
                style.remove(child)
        if kind not in FOOT and kind != "pic":
            _set_type(shape, layout.name, kind)


def _set_type(shape: Any, layout: str, kind: str) -> None:
    """Anchor a text, let long ones shrink, and give the title slide and lists without bullets their own type."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    body = shape._element.xpath("p:txBody/a:bodyPr")[0]
    body.set("anchor", "b" if kind in ("title", "ctrTitle") else "t")
    for child in list(body):
        body.remove(child)
    body.append(parse_xml(f"<a:normAutofit {nsdecls('a')}/>"))
    size = {"ctrTitle": "4400", "subTitle": "2000"}.get(kind)
    if size or (layout == PICTURE and kind == "body"):
        style = shape._element.xpath("p:txBody/a:lstStyle")[0]
        chosen = f' sz="{size}"' if size else ""
        style.append(
            parse_xml(
                f'<a:lvl1pPr {nsdecls("a")} marL="0" indent="0" algn="l"><a:buNone/><a:defRPr{chosen}/></a:lvl1pPr>'
            )
        )


def _drop_leftovers(deck: Presentation) -> None:
    """Remove what the shipped file carries along: a thumbnail and settings of a printer."""
    package = deck.part.package
    for relations in (package._rels, deck.part.rels):
        for name, relation in list(relations.items()):
            if relation.reltype.rsplit("/", 1)[-1] in ("thumbnail", "printerSettings"):
                relations.pop(name)
