"""Text to numbers, with either decimal mark; what cannot be decided is refused, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import InputError

_SPACES = re.compile(r"(?<=\d)[\u00a0\u202f\u2009 '’](?=\d{3}(?!\d))")
_SIGNS = str.maketrans({"−": "-", "–": "-", "﹣": "-", "－": "-"})
_PLAIN = r"[+-]?\d+(?:[eE][+-]?\d{1,3})?"
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")
_DECIMAL = {
    mark: re.compile(
        rf"[+-]?(?:\d+|[1-9]\d{{0,2}}(?:{re.escape(group)}\d{{3}})+)?(?:{re.escape(mark)}\d*)?(?:[eE][+-]?\d{{1,3}})?"
    )
    for mark, group in ((".", ","), (",", "."))
}


class Numbers(NamedTuple):
    """Result of `to_number`: `numbers` with nan for empty cells, `bad` for text that is no number."""

    numbers: NDArray[np.float64]
    bad: NDArray[np.bool_]


def _simplify(text: str) -> str:
    return _SPACES.sub("", text.strip().translate(_SIGNS))


def _parse(text: str, mark: str) -> float | None:
    """Return the number when `text` is written with this decimal mark, else None."""
    if not any(sign.isdigit() for sign in text) or not text.isascii() or not _DECIMAL[mark].fullmatch(text):
        return None
    group = "," if mark == "." else "."
    try:
        return float(text.replace(group, "").replace(mark, "."))
    except ValueError:
        return None


def find_decimal(texts: Iterable[str]) -> str | None:
    """Return the decimal mark that the texts speak for, or None when none or both do.

    ``3,5`` speaks for the comma, ``3.5`` for the point, ``1.234,5`` for the comma; ``1,234`` and whole
    numbers speak for neither.
    """
    marks = decimal_marks(texts)
    return marks.pop() if len(marks) == 1 else None


def decimal_marks(texts: Iterable[str]) -> set[str]:
    """Return all decimal marks that the texts speak for, as `find_decimal` understands them."""
    marks = set()
    for text in {_simplify(text) for text in texts}:
        if "." not in text and "," not in text:
            continue
        point, comma = _parse(text, "."), _parse(text, ",")
        if (point is None) != (comma is None):
            marks.add("," if point is None else ".")
    return marks


def is_ambiguous(text: str) -> bool:
    """Tell whether a text such as ``1,234`` may be one or one thousand."""
    return _AMBIGUOUS.fullmatch(_simplify(text)) is not None


def to_number(texts: Iterable[str] | pd.Series, *, decimal: str | None = None) -> Numbers:
    """Read texts as numbers.

    Parameters
    ----------
    texts : iterable of str, shape (n,)
        Cells; empty and missing ones become nan. Blanks, non-breaking blanks and apostrophes between groups
        of three digits are ignored, and a typographic minus counts as one.
    decimal : {".", ","}, optional
        Decimal mark. When not given, each cell is read with the mark it shows; a cell that shows neither
        clearly (``1,234``) is read with the mark of the other cells.

    Returns
    -------
    Numbers
        `numbers` (float, nan where empty or bad) and `bad` (True where a text is no number).

    Raises
    ------
    InputError
        When `decimal` is not given and a cell such as ``1,234`` may be one or one thousand; the message lists
        examples.
    """
    series = pd.Series(texts, dtype="object").fillna("")
    codes, unique = pd.factorize(series)
    simple = [_simplify(str(text)) for text in unique]
    mark = decimal
    if decimal is None and any(_AMBIGUOUS.fullmatch(text) for text in simple):
        mark = find_decimal(simple)
        if mark is None:
            examples = sorted(text for text in simple if _AMBIGUOUS.fullmatch(text))[:3]
            raise InputError(
                "the decimal mark is not clear: these cells may be thousands or parts",
                found=", ".join(examples), allowed="decimal: '.' or decimal: ',' in the study file",
            )  # fmt: skip
    numbers = np.array([_read(text, mark, strict=decimal is not None) for text in simple], dtype=float)
    empty = np.array([not text for text in simple], dtype=bool)
    if not len(numbers):
        return Numbers(np.zeros(0), np.zeros(0, dtype=bool))
    values = numbers[codes]
    return Numbers(values, np.isnan(values) & ~empty[codes])


def _read(text: str, mark: str | None, *, strict: bool) -> float:
    if not text:
        return np.nan
    if re.fullmatch(_PLAIN, text):
        return float(text) if text.isascii() else np.nan
    marks = (mark,) if strict else (mark, ".", ",") if mark else (".", ",")
    for candidate in marks:
        number = _parse(text, str(candidate))
        if number is not None and np.isfinite(number):
            return number
    return np.nan
