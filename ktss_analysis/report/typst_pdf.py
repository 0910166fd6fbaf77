"""The PDF: Typst source from Pandoc, compiled as PDF/UA-1 and PDF/A-3a with bundled fonts only."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, Final, Literal

from ktss_analysis.core import KtssError
from ktss_analysis.display.text_safety import fallback_font_files, glyph_names, printable_text
from ktss_analysis.report.document import Document
from ktss_analysis.report.pandoc import filter_facts, to_typst

STANDARDS: Final[list[Literal["a-3a", "ua-1"]]] = ["a-3a", "ua-1"]
#: Typst names the text it has no glyph for, in quotes and with escapes such as \u{e000}.
_NO_GLYPH = re.compile(r'the text `?"(.+?)"`? could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}")
_ATTEMPTS: Final = 4


def to_pdf(document: Document, folder: Path) -> bytes:
    """Return a tagged, archivable PDF.

    Parameters
    ----------
    document : Document
        Text, pictures and facts.
    folder : pathlib.Path
        An empty folder to work in.

    Returns
    -------
    bytes
        The PDF; the same document gives the same bytes.

    Raises
    ------
    KtssError
        If Typst refuses the document, with its reason.

    Notes
    -----
    Characters without a glyph are replaced before compiling. Should a shaping rule of a font still lack
    one, Typst says which, and the text is replaced as well.
    """
    import typst

    fonts = _font_folder(folder)
    names: dict[str, str] = {}
    for _ in range(_ATTEMPTS):
        source = to_typst(document, folder, names)
        (folder / "main.typ").write_text(source, encoding="utf-8", newline="\n")
        _write_facts(document, folder)
        try:
            return _compile(folder, fonts, document.facts.timestamp)
        except typst.TypstError as error:
            found = _missing(error)
            if not found or set(found) <= set(names):
                raise KtssError(_explain(error)) from error
            names |= found
    raise KtssError(f"the PDF needs characters that no bundled font has: {''.join(names)!r}")


def _compile(folder: Path, fonts: Path, timestamp: int) -> bytes:
    import typst

    standards: Any = STANDARDS
    pdf = typst.compile(
        folder / "main.typ",
        root=folder,
        font_paths=[fonts],
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=standards,
        timestamp=timestamp,
    )
    if not isinstance(pdf, bytes):
        raise KtssError("Typst returned no PDF")
    return pdf


def _write_facts(document: Document, folder: Path) -> None:
    facts = filter_facts(document.facts, {})
    plain = {name: _printable(value) for name, value in facts.items() if name != "unprintable"}
    (folder / "facts.json").write_text(json.dumps(plain), encoding="utf-8")


def _printable(value: object) -> object:
    if isinstance(value, str):
        return printable_text(value)
    if isinstance(value, list):
        return [_printable(part) for part in value]
    return value


def _font_folder(folder: Path) -> Path:
    """Copy DejaVu Sans only: matplotlib's folder also holds a font of placeholder boxes for any character."""
    fonts = folder / "fonts"
    fonts.mkdir()
    for file in fallback_font_files():
        shutil.copy(file, fonts)
    return fonts


def _missing(error: Exception) -> dict[str, str]:
    message = f"{error} {getattr(error, 'diagnostic', '')}"
    texts = [_ESCAPE.sub(lambda code: chr(int(code[1], 16)), text) for text in _NO_GLYPH.findall(message)]
    characters = sorted({character for text in texts for character in text if ord(character) > 0x7F})
    known = glyph_names(characters)
    return {character: known.get(character, f"character U+{ord(character):04X}") for character in characters}


def _explain(error: Exception) -> str:
    detail = str(getattr(error, "diagnostic", "") or error).strip()
    return f"Typst could not make the PDF: {detail[:1500]}"
