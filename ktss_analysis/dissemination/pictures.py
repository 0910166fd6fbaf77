"""Typst at work for the kit: cards as PNG, the page as PDF, drawings for slides; and what a PNG says of itself."""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from ..core import KtssError
from ..display.text_safety import clean_text, fallback_font_files, printable_text
from ..report.typst_pdf import STANDARDS

ASSETS: Final = Path(__file__).parent / "assets"
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PANIC: Final = "KTSS: "


def card_pictures(facts: Mapping[str, Any]) -> list[bytes]:
    """Return the cards as PNG, one pixel a point: of each card the wide one, then the square one."""
    return _pages("cards.typ", facts, 72)


def chart_pictures(facts: Mapping[str, Any]) -> list[bytes]:
    """Return the drawing of each story as PNG."""
    return _pages("picture.typ", facts, 144)


def summary_pdf(facts: Mapping[str, Any], timestamp: int) -> bytes:
    """Return the summary as a PDF of one page, PDF/UA-1 and PDF/A-3a.

    Raises
    ------
    KtssError
        When its texts do not fit one page in a size that can be read.
    """
    made = _compile("summary.typ", facts, format="pdf", pdf_standards=STANDARDS, timestamp=timestamp)
    if not isinstance(made, bytes):
        raise KtssError("Typst returned no PDF")
    return made


def extents(name: Literal["cards.typ", "picture.typ", "summary.typ"], facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what each text that was fitted needs, and what room it has, in points."""
    import typst

    with _folder(facts) as folder:
        found = typst.query(folder / name, "<extent>", root=folder, font_paths=[folder / "fonts"], field="value",
                            ignore_system_fonts=True)  # fmt: skip
    parts: list[dict[str, Any]] = json.loads(found)
    return parts


def _pages(name: str, facts: Mapping[str, Any], ppi: float) -> list[bytes]:
    made = _compile(name, facts, format="png", ppi=ppi)
    return [made] if isinstance(made, bytes) else list(made)


def _compile(name: str, facts: Mapping[str, Any], **options: Any) -> bytes | list[bytes]:
    import typst

    with _folder(facts) as folder:
        try:
            made = typst.compile(
                folder / name, root=folder, font_paths=[folder / "fonts"], ignore_system_fonts=True, **options
            )
        except typst.TypstError as error:
            detail = str(getattr(error, "diagnostic", "") or error)
            own = detail.split(_PANIC, 1)[1].split('"')[0].split("\n")[0] if _PANIC in detail else detail.strip()[:800]
            raise KtssError(f"dissemination: {own}") from error
    return made


@contextmanager
def _folder(facts: Mapping[str, Any]) -> Iterator[Path]:
    """Give a folder with the drawings' source, the facts, the emblem and DejaVu Sans."""
    with TemporaryDirectory(prefix="ktss-") as name:
        folder = Path(name)
        for source in ASSETS.glob("*.typ"):
            shutil.copy(source, folder)
        plain = {key: value for key, value in facts.items() if key != "emblem_svg"}
        (folder / "facts.json").write_text(json.dumps(_printable(plain)), encoding="utf-8")
        (folder / "emblem.svg").write_text(str(facts.get("emblem_svg", "")), encoding="utf-8")
        (folder / "fonts").mkdir()
        for file in fallback_font_files():
            shutil.copy(file, folder / "fonts")
        yield folder


def _printable(value: Any) -> Any:
    """Return facts whose texts hold only characters that the fonts have."""
    if isinstance(value, str):
        return printable_text(clean_text(value))
    if isinstance(value, Mapping):
        return {key: _printable(part) for key, part in value.items()}
    return [_printable(part) for part in value] if isinstance(value, (list, tuple)) else value


def with_texts(png: bytes, texts: Mapping[str, str], language: str) -> bytes:
    """Return a PNG that carries texts, such as Title, Description and Copyright, as iTXt chunks after its header.

    References
    ----------
    W3C, Portable Network Graphics (PNG) Specification (Third Edition), section 11.3.3.
    """
    if not png.startswith(_SIGNATURE):
        raise KtssError("a picture is no PNG")
    header_end = len(_SIGNATURE) + 12 + struct.unpack(">I", png[8:12])[0]
    chunks = b"".join(_text_chunk(keyword, text, language) for keyword, text in texts.items() if text)
    return png[:header_end] + chunks + png[header_end:]


def _text_chunk(keyword: str, text: str, language: str) -> bytes:
    body = keyword.encode("latin-1") + b"\0\0\0" + language.encode("ascii") + b"\0\0" + text.encode("utf-8")
    checked = b"iTXt" + body
    return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))


def png_texts(png: bytes) -> dict[str, str]:
    """Return the texts that a PNG carries in iTXt chunks."""
    found, position = {}, len(_SIGNATURE)
    while position < len(png):
        (length,) = struct.unpack(">I", png[position : position + 4])
        if png[position + 4 : position + 8] == b"iTXt":
            keyword, rest = png[position + 8 : position + 8 + length].split(b"\0", 1)
            found[keyword.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode("utf-8")
        position += 12 + length
    return found


def emblem_picture(svg: str) -> bytes:
    """Return the emblem as PNG."""
    return _pages("emblem.typ", {"emblem_svg": svg}, 144)[0]
