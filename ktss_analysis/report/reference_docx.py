"""The Word template, made by code from Pandoc's own: house styles, header with the stamp, page numbers."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ktss_analysis.core import KtssError
from ktss_analysis.report.document import Facts
from ktss_analysis.report.labels import STAMP, words

_W: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_REL: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_FONT: Final = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri" w:eastAsia="Calibri"/>'
_INK, _SOFT, _NAVY, _LINE = "1B1F27", "3D4552", "0B3C6F", "C3CAD3"
#: What the Lua filter puts before a heading that starts a page.
PAGE_BREAK: Final = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
#: What may stand between two blocks without being seen.
_BETWEEN: Final = r"(?:\s|<w:bookmark(?:Start|End)\b[^>]*/>)*"
#: Twentieths of a point that the number of a heading of each level takes, two digits in each place.
_NUMBER_WIDTH: Final = {1: 737, 2: 907, 3: 1077, 4: 1247}
#: Text colour and ground of each badge, as in the style sheet.
_BADGES: Final = {
    "Keep": ("0B3C6F", "EAF1F8"),
    "Provisional": ("8A5005", "FDF3E4"),
    "Revise": ("8A5005", "FDF3E4"),
    "Drop": ("7A1238", "F8E7ED"),
    "Undecided": ("5B6470", "F3F5F8"),
    "Plain": ("5B6470", "F3F5F8"),
}
_BOXES: Final = {
    "Callout Note": ("0B3C6F", "EAF1F8"),
    "Callout Limits": ("8A5005", "FDF3E4"),
    "Callout Synthetic": ("7A1238", "F8E7ED"),
    "Synthetic Banner": ("7A1238", "F8E7ED"),
}


def reference_docx(facts: Facts, pandoc: str) -> bytes:
    """Return the template for one document.

    Parameters
    ----------
    facts : Facts
        Short title and stamp go into the header of each page, the version line into the footer.
    pandoc : str
        The Pandoc program.

    Returns
    -------
    bytes
        A DOCX whose styles Pandoc copies.
    """
    parts = _base_parts(pandoc)
    styles = parts["word/styles.xml"].decode("utf-8")
    parts["word/styles.xml"] = _with_styles(styles).encode("utf-8")
    parts["word/header1.xml"] = _header(facts).encode("utf-8")
    parts["word/footer1.xml"] = _footer(facts).encode("utf-8")
    _link_header_and_footer(parts)
    return zip_parts(parts)


def finish_docx(content: bytes, facts: Facts) -> bytes:
    """Complete what Pandoc leaves open: language of the text, rows that stay whole, chapters on a page of their own.

    Parameters
    ----------
    content : bytes
        Pandoc's DOCX.
    facts : Facts
        The language.

    Returns
    -------
    bytes
        The same document, with entries in a fixed order and with fixed dates.
    """
    parts = read_parts(content)
    styles = parts["word/styles.xml"].decode("utf-8")
    language = f'<w:lang w:val="{facts.language}" w:eastAsia="{facts.language}" w:bidi="ar-SA"/>'
    parts["word/styles.xml"] = re.sub(r"<w:lang\b[^>]*/>", language, styles).encode("utf-8")
    body = parts["word/document.xml"].decode("utf-8")
    body = re.sub(r"<w:tr>(?!<w:trPr>)", "<w:tr><w:trPr><w:cantSplit/></w:trPr>", body)
    body = body.replace("<w:trPr><w:tblHeader", "<w:trPr><w:cantSplit/><w:tblHeader")
    after_table = rf'(</w:tbl>{_BETWEEN}<w:p><w:pPr><w:pStyle w:val=")(?:BodyText|FirstParagraph)"'
    body = re.sub(after_table, r'\1AfterTable"', body)
    parts["word/document.xml"] = _own_pages(body).encode("utf-8")
    return zip_parts(parts)


def _own_pages(body: str) -> str:
    """Let headings after a break start their page by themselves: a break of its own can fall on an empty page."""
    heading = rf'({_BETWEEN}<w:p><w:pPr><w:pStyle w:val="Heading1" ?/>)'
    return re.sub(re.escape(PAGE_BREAK) + heading, r"\1<w:pageBreakBefore/>", body)


def read_parts(content: bytes) -> dict[str, bytes]:
    """Return the files inside a DOCX."""
    with ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_parts(parts: dict[str, bytes]) -> bytes:
    """Return a DOCX; the content types come first, as readers expect, then the rest in a fixed order."""
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name in sorted(parts, key=lambda part: (part != "[Content_Types].xml", part)):
            entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, parts[name])
    return stream.getvalue()


def _base_parts(pandoc: str) -> dict[str, bytes]:
    return dict(_base_items(pandoc))


@cache
def _base_items(pandoc: str) -> tuple[tuple[str, bytes], ...]:
    command = [pandoc, "--print-default-data-file=reference.docx"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise KtssError("Pandoc did not give its DOCX template")
    return tuple(read_parts(done.stdout).items())


# ---------------------------------------------------------------------------------------------- styles


def _with_styles(styles: str) -> str:
    styles = re.sub(r"<w:rPrDefault>.*?</w:rPrDefault>", _defaults(), styles, flags=re.DOTALL)
    for style in _styles():
        identifier = re.search(r'w:styleId="([^"]+)"', style)
        if identifier is None:
            raise KtssError("a house style has no identifier")
        pattern = rf'<w:style\b[^>]*w:styleId="{re.escape(identifier[1])}".*?</w:style>'
        styles = re.sub(pattern, "", styles, flags=re.DOTALL)
        styles = styles.replace("</w:styles>", style + "</w:styles>")
    return styles


def _defaults() -> str:
    run = f'{_FONT}<w:color w:val="{_INK}"/><w:sz w:val="22"/><w:szCs w:val="22"/><w:lang w:val="en-GB"/>'
    return f"<w:rPrDefault><w:rPr>{run}</w:rPr></w:rPrDefault>"


def _paragraph(
    name: str,
    *,
    based_on: str = "Normal",
    following: str = "",
    paragraph: str = "",
    run: str = "",
    outline: int | None = None,
) -> str:
    level = "" if outline is None else f'<w:outlineLvl w:val="{outline}"/>'
    after = f'<w:next w:val="{following}"/>' if following else ""
    base = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    identifier = name.title().replace(" ", "") if name.islower() or " " in name else name
    return (
        f'<w:style w:type="paragraph" w:styleId="{identifier}"><w:name w:val="{name}"/>{base}{after}'
        f'<w:uiPriority w:val="9"/><w:qFormat/><w:pPr>{paragraph}{level}</w:pPr>'
        f"<w:rPr>{run}</w:rPr></w:style>"
    )


def _space(before: int, after: int, line: int = 0) -> str:
    rule = f' w:line="{line}" w:lineRule="auto"' if line else ""
    return f'<w:spacing w:before="{before}" w:after="{after}"{rule}/>'


def _size(half_points: int) -> str:
    return f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>'


def _colour(value: str) -> str:
    return f'<w:color w:val="{value}"/>'


def _styles() -> list[str]:
    """Return the house styles; the order of elements inside each is that of the file format."""
    together = "<w:keepNext/><w:keepLines/>"
    styles = [
        _paragraph("Body Text", paragraph=_space(0, 140, 276)),
        _paragraph("First Paragraph", based_on="BodyText"),
        _paragraph("Compact", based_on="BodyText", paragraph=_space(20, 20, 252)),
        _paragraph("Title", following="BodyText", paragraph=f"{together}{_space(480, 120)}",
                   run=f"<w:b/>{_colour(_NAVY)}{_size(52)}"),
        _paragraph("Subtitle", following="BodyText", paragraph=_space(0, 200),
                   run=_colour(_SOFT) + _size(28)),
        _paragraph("Author", following="BodyText", paragraph=_space(0, 60), run=_colour(_SOFT)),
        _paragraph("Date", following="BodyText", paragraph=_space(0, 200), run=_colour(_SOFT)),
        _paragraph("Version Line", paragraph=_space(0, 80), run=_colour(_SOFT) + _size(20)),
        _paragraph("Table Caption", based_on="Normal", paragraph=f"<w:keepNext/>{_space(280, 80)}",
                   run=_size(20)),
        _paragraph("Image Caption", based_on="Normal", paragraph=_space(60, 280), run=_size(20)),
        _paragraph("Captioned Figure", based_on="Normal", paragraph=f"<w:keepNext/>{_space(240, 60)}"),
        _paragraph("Table Note", based_on="Normal", paragraph=_space(80, 280),
                   run=_colour(_SOFT) + _size(18)),
        _paragraph("TOC Heading", following="BodyText", paragraph=f"<w:keepNext/>{_space(240, 120)}",
                   run=f"<w:b/>{_colour(_NAVY)}{_size(28)}"),
        _paragraph("toc 1", paragraph=_space(40, 40)).replace('"Toc1"', '"TOC1"'),
        _paragraph("toc 2", paragraph=_space(0, 20) + '<w:ind w:left="340"/>').replace('"Toc2"', '"TOC2"'),
        _paragraph("Table Small", based_on="Compact", run=_size(15)),
        _paragraph("Quote", paragraph=_side_border(_LINE) + _space(120, 160) + '<w:ind w:left="300"/>',
                   run=_colour(_SOFT)),
        _paragraph("Skill Card", based_on="BodyText", paragraph=_card_border()),
        _paragraph("After Table", based_on="BodyText", following="BodyText", paragraph=_space(240, 140, 276)),
        _paragraph("Skill Card Label", based_on="SkillCard", paragraph="<w:keepNext/>"),
        _paragraph("header", paragraph=_tabs(), run=_colour(_SOFT) + _size(17)),
        _paragraph("footer", paragraph=_tabs(), run=_colour(_SOFT) + _size(17)),
    ]  # fmt: skip
    for level, (size, before) in enumerate([(34, 420), (27, 340), (23, 280), (22, 240)], start=1):
        run = f"<w:b/>{_colour(_NAVY)}{_size(size)}"
        tab = f'<w:tabs><w:tab w:val="left" w:pos="{_NUMBER_WIDTH[level]}"/></w:tabs>'
        spacing = f"{together}{tab}{_space(before, 120)}"
        styles.append(
            _paragraph(f"heading {level}", following="BodyText", paragraph=spacing, run=run, outline=level - 1)
        )
    for name, (colour, ground) in _BOXES.items():
        frame = f'{_side_border(colour)}<w:shd w:val="clear" w:color="auto" w:fill="{ground}"/>'
        frame += _space(80, 80, 264) + '<w:ind w:left="200" w:right="120"/>'
        styles.append(_paragraph(name, paragraph=frame, run=_colour(colour if "Banner" in name else _INK)))
    styles += [_badge(name, *colours) for name, colours in _BADGES.items()]
    return [*styles, _hyperlink(), _table_style()]


def _side_border(colour: str) -> str:
    return f'<w:pBdr><w:left w:val="single" w:sz="24" w:space="8" w:color="{colour}"/></w:pBdr>'


def _card_border() -> str:
    return f'{_side_border(_NAVY)}{_space(40, 100, 264)}<w:ind w:left="240"/>'


def _tabs() -> str:
    return '<w:tabs><w:tab w:val="right" w:pos="9410"/></w:tabs>'


def _badge(name: str, colour: str, ground: str) -> str:
    run = f'<w:b/>{_colour(colour)}<w:shd w:val="clear" w:color="auto" w:fill="{ground}"/>'
    return (
        f'<w:style w:type="character" w:customStyle="1" w:styleId="Badge{name}">'
        f'<w:name w:val="Badge {name}"/>'
        f'<w:uiPriority w:val="22"/><w:qFormat/><w:rPr>{run}</w:rPr></w:style>'
    )


def _hyperlink() -> str:
    return (
        '<w:style w:type="character" w:styleId="Hyperlink"><w:name w:val="Hyperlink"/>'
        f'<w:uiPriority w:val="99"/><w:rPr>{_colour(_NAVY)}<w:u w:val="single"/></w:rPr></w:style>'
    )


def _table_style() -> str:
    """Rules at the top, under the header and at the bottom; thin ones between rows."""
    strong = f'w:val="single" w:sz="10" w:space="0" w:color="{_INK}"'
    thin = f'w:val="single" w:sz="2" w:space="0" w:color="{_LINE}"'
    borders = f"<w:tblBorders><w:top {strong}/><w:bottom {strong}/><w:insideH {thin}/></w:tblBorders>"
    margins = (
        '<w:tblCellMar><w:top w:w="30" w:type="dxa"/><w:left w:w="60" w:type="dxa"/>'
        '<w:bottom w:w="30" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar>'
    )
    header = (
        '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr><w:tcPr><w:tcBorders>'
        f'<w:bottom w:val="single" w:sz="8" w:space="0" w:color="{_INK}"/></w:tcBorders>'
        '<w:vAlign w:val="bottom"/></w:tcPr></w:tblStylePr>'
    )
    return (
        '<w:style w:type="table" w:default="1" w:styleId="Table"><w:name w:val="Table"/><w:qFormat/>'
        f"<w:rPr>{_size(18)}</w:rPr><w:tblPr>{borders}{margins}</w:tblPr>{header}</w:style>"
    )


# ------------------------------------------------------------------------------------- header and footer


def _run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _field(code: str) -> str:
    return f'<w:fldSimple w:instr=" {code} "><w:r><w:t>1</w:t></w:r></w:fldSimple>'


def _header(facts: Facts) -> str:
    stamp = _run(STAMP, f"<w:b/>{_colour('7A1238')}") if facts.synthetic else ""
    line = f"{_run(facts.short_title)}<w:r><w:tab/></w:r>{stamp}"
    return _part("hdr", f'<w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr>{line}</w:p>')


def _footer(facts: Facts) -> str:
    page = _run(words(facts.language)["page"] + " ") + _field("PAGE") + _run(" / ") + _field("NUMPAGES")
    line = f"{_run(facts.version_line)}<w:r><w:tab/></w:r>{page}"
    return _part("ftr", f'<w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>{line}</w:p>')


def _part(tag: str, content: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:{tag} {_W}>{content}</w:{tag}>'


def _link_header_and_footer(parts: dict[str, bytes]) -> None:
    """Register both parts and put A4, margins and the references into the section of the template."""
    types = parts["[Content_Types].xml"].decode("utf-8")
    relations = parts["word/_rels/document.xml.rels"].decode("utf-8")
    references = ""
    for kind in ("header", "footer"):
        override = (
            f'<Override PartName="/word/{kind}1.xml" ContentType='
            f'"application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}+xml"/>'
        )
        types = types.replace("</Types>", override + "</Types>")
        relation = f'<Relationship Id="rKtss{kind}" Type="{_REL}/{kind}" Target="{kind}1.xml"/>'
        relations = relations.replace("</Relationships>", relation + "</Relationships>")
        references += f'<w:{kind}Reference w:type="default" r:id="rKtss{kind}"/>'
    section = (
        f'<w:sectPr xmlns:r="{_REL}">{references}<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1474" '
        'w:right="1247" w:bottom="1361" w:left="1247" w:header="680" w:footer="624" w:gutter="0"/></w:sectPr>'
    )
    body = parts["word/document.xml"].decode("utf-8")
    body = re.sub(r"<w:sectPr\b[^>]*?/>|<w:sectPr\b.*?</w:sectPr>", "", body, flags=re.DOTALL)
    parts["word/document.xml"] = body.replace("</w:body>", section + "</w:body>").encode("utf-8")
    parts["[Content_Types].xml"] = types.encode("utf-8")
    parts["word/_rels/document.xml.rels"] = relations.encode("utf-8")
