"""When two texts are the same label: case, accents, blanks, typographic signs, HTML and codes beside it."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NamedTuple

_SAME = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("‘’‚‛′`´ʼ", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        "…": "...", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i", "æ": "ae",
        "Æ": "AE",
        "œ": "oe", "Œ": "OE",
    }
)  # fmt: skip
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-fA-F]+|[A-Za-z]+);")
_CODE = r"[A-Za-z]{0,2}(\d{1,3})"
_DRESSED = (
    re.compile(rf"[\[(]\s*{_CODE}\s*[\])][\s:.-]*(?P<label>.*)", re.DOTALL),  # [5] Always, (5) Always, [5]
    re.compile(rf"{_CODE}\s*[-:.)=/]\s*(?P<label>[^\d\s].*)", re.DOTALL),  # 5 - Always, 5. Always, A5: Always
    re.compile(rf"{_CODE}\s+(?P<label>[^\d\s.,:;-].*)", re.DOTALL),  # 5 Always
    re.compile(rf"(?P<label>.*?)[\s:-]*[\[(]\s*{_CODE}\s*[\])]", re.DOTALL),  # Always (5), Always [A5]
    re.compile(rf"(?P<label>.*?\D)\s*[-:=]\s*{_CODE}", re.DOTALL),  # Always = 5, Always - 5
)


class Undressed(NamedTuple):
    """A label without the code beside it: folded `label` (empty when there is a code alone) and the number."""

    label: str
    code: int


def fold(text: str) -> str:
    """Return the form in which two texts are the same label.

    Case, accents, repeated blanks, the shape of quotes and dashes, HTML entities and HTML tags do not count.
    """
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if text.isascii():
        return " ".join(text.replace("`", "'").casefold().split())
    plain = text.translate(_SAME).casefold().translate(_SAME)
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    return " ".join(plain.split())


def undressed(text: str) -> list[Undressed]:
    """Return the ways to read a text as a label with its code beside it, folded; none when there is no code.

    ``5 - Strongly agree``, ``5. Strongly agree``, ``[5] Strongly agree``, ``Strongly agree (5)``,
    ``Strongly agree = 5`` and ``A5: Strongly agree`` all give ``strongly agree`` and 5; ``[5]`` gives an empty
    label and 5.
    """
    plain = fold(text)
    found = []
    for pattern in _DRESSED:
        match = pattern.fullmatch(plain)
        if match is not None:
            label = match["label"].strip(" -:.=")
            code = next(group for group in match.groups() if group is not None and group.isdigit())
            entry = Undressed(label, int(code))
            if entry not in found and (not label or any(sign.isalpha() for sign in label)):
                found.append(entry)
    return found
