"""Make any text safe to print: free answers hold emoji, markup, control characters and worse.

Two questions are kept apart. `safe_text` answers "can this text change the document?": it escapes every
character that Markdown, HTML, LaTeX or Typst could read as markup. `printable_text` answers "can the PDF's
fonts draw it?": characters without a glyph become their name in brackets. HTML and DOCX use the reader's own
fonts and keep such characters; the PDF exporter replaces them on its own, whatever the notebook did.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from html import unescape

#: What a backslash may stand before in Pandoc's Markdown and in CommonMark alike.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
#: Not allowed in XML, or able to reorder and hide the text around them.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
#: Joiners and variation selectors only tune the character before; without a glyph they say nothing.
_SILENT = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
#: Letters of the European languages, common punctuation: every bundled font has them.
_SURELY_PRINTABLE = re.compile(
    "^[\\n\\t\u0020-\u007e\u00a0-\u00ac\u00ae-\u017f\u2013\u2014\u2018-\u201e\u2022\u2026\u20ac]*$"
)
_SCRIPTS = (
    ("CJK", "Chinese or Japanese"), ("HIRAGANA", "Japanese"), ("KATAKANA", "Japanese"),
    ("HANGUL", "Korean"), ("THAI", "Thai"), ("DEVANAGARI", "Devanagari"), ("BENGALI", "Bengali"),
    ("TAMIL", "Tamil"), ("TELUGU", "Telugu"), ("SINHALA", "Sinhala"), ("KHMER", "Khmer"),
    ("ETHIOPIC", "Ethiopic"), ("MYANMAR", "Myanmar"), ("HEBREW", "Hebrew"), ("ARABIC", "Arabic"),
)  # fmt: skip


def clean_text(text: str) -> str:
    """Remove what no output may hold: control characters, direction overrides, lone surrogates.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The text in Unicode's composed form (NFC) with plain line ends.
    """
    plain = _FORBIDDEN.sub("", _LINE_ENDS.sub("\n", text))
    return unicodedata.normalize("NFC", plain)


def safe_text(text: str, *, breaks: str = "\\\n", printable: bool = False) -> str:
    """Return Markdown that prints exactly the given text, whatever it contains.

    Parameters
    ----------
    text : str
        Text written by other people: a comment, a quote, a name.
    breaks : str
        What a line end becomes; the default is a hard line break of Markdown.
    printable : bool
        Also replace characters that the PDF's fonts cannot print (`printable_text`) in every format.

    Returns
    -------
    str
        Markdown on one paragraph; no character of it acts as markup in HTML, Typst or DOCX.
    """
    plain = clean_text(text).replace("\t", " ")
    if printable:
        plain = printable_text(plain)
    lines = (" ".join(line.split(" ")).strip() for line in plain.split("\n"))
    return breaks.join(_PUNCTUATION.sub(r"\\\1", line) for line in lines if line)


def printable_text(text: str) -> str:
    r"""Replace characters without a glyph in the PDF's fonts by a name in brackets.

    Parameters
    ----------
    text : str
        Plain text, not Markdown.

    Returns
    -------
    str
        The text with, for example, ``[emoji: grinning face]`` or ``[Korean, 3 characters]``.

    Examples
    --------
    >>> printable_text("Great \N{GRINNING FACE}!")
    'Great [emoji: grinning face]!'
    """
    if _SURELY_PRINTABLE.match(text):
        return text
    names = glyph_names(text)
    pieces: list[str] = []
    run, length = "", 0
    for character in [*text, ""]:
        name = names.get(character)
        if run and name != run:
            pieces.append(_bracketed(run, length))
            run, length = "", 0
        if name is None:
            pieces.append(character)
        elif name:
            run, length = name, length + 1
    return "".join(pieces)


def glyph_names(texts: str | Iterable[str]) -> dict[str, str]:
    """Return what to print for each character that the PDF's fonts lack.

    Parameters
    ----------
    texts : str or iterable of str
        The texts to look through; entities such as ``&#128512;`` are looked up as well.

    Returns
    -------
    dict of str to str
        Character to its replacement: ``"emoji: grinning face"``, ``"script: Korean"``, ``"character U+E000"``
        or the empty text for marks that are silently left out.
    """
    whole = texts if isinstance(texts, str) else "\n".join(texts)
    characters = {c for c in {*whole, *unescape(whole)} if not _SURELY_PRINTABLE.match(c)}
    if not characters:
        return {}
    known = _font_characters()
    return {c: _name(c) for c in sorted(characters) if ord(c) not in known or _SILENT.match(c)}


def _bracketed(name: str, length: int) -> str:
    if name.startswith("script: "):
        noun = "character" if length == 1 else "characters"
        return f"[{name.removeprefix('script: ')}, {length} {noun}]"
    return f"[{name}]" * length


def _name(character: str) -> str:
    """Return the name of one character, short enough to be read inside a sentence."""
    category = unicodedata.category(character)
    if _SILENT.match(character) or category in {"Mn", "Me", "Cf"}:
        return ""
    name = unicodedata.name(character, "")
    if not name:
        return f"character U+{ord(character):04X}"
    for prefix, script in _SCRIPTS:
        if name.startswith(prefix):
            return f"script: {script}"
    if name.startswith("EMOJI MODIFIER"):
        return ""
    kind = "emoji" if category == "So" and ord(character) >= 0x2300 else "character"
    return f"{kind}: {name.lower()}"


@cache
def _font_characters() -> frozenset[int]:
    """Return the code points of DejaVu Sans, the widest font that every PDF is made with."""
    from fontTools.ttLib import TTFont

    with TTFont(fallback_font_files()[0], lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def fallback_font_files() -> tuple[str, ...]:
    """Return the files of the DejaVu Sans family that matplotlib brings; the upright regular one first."""
    from pathlib import Path

    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    names = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique")
    return tuple(str(folder / f"{name}.ttf") for name in names)
