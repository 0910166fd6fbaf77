"""Cells to values, column-wise: every cell ends as a value, as missing, or with the rule that refused it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..readers import to_number
from .labels import LabelTable, fold, leading_number, matched

MISSING, NOT_A_NUMBER, OUT_OF_RANGE, NOT_WHOLE, UNKNOWN_LABEL = (
    "missing.code", "value.not_a_number", "value.out_of_range", "value.not_whole", "label.unknown",
)  # fmt: skip
NO_OPINION, MISSING_NUMBER, CONTRADICTING_LABEL = "missing.no_opinion", "missing.number", "label.contradicts"
DECLINED = frozenset([MISSING, NO_OPINION, MISSING_NUMBER])
"""Rules by which a cell is no answer, as its person meant it."""
EMPTY = "empty"
RULES = (
    "", EMPTY, MISSING, NOT_A_NUMBER, OUT_OF_RANGE, NOT_WHOLE, UNKNOWN_LABEL, NO_OPINION, MISSING_NUMBER,
    CONTRADICTING_LABEL,
)  # fmt: skip
"""What may become of a cell that should be a number: a value, nothing, or the rule that set it missing."""

VALUE_OR_EMPTY, DECLINED_CODES = 2, tuple(RULES.index(rule) for rule in sorted(DECLINED))
_TRUE = frozenset(["true", "yes", "y", "1", "x", "t", "si", "ja", "tak", "kylla", "oui", "sim", "ano"])
_FALSE = frozenset(["false", "no", "n", "0", "f", "nein", "nie", "nee", "ei", "non", "nao", "ne"])


@dataclass(frozen=True, slots=True)
class CellRules:
    """How the cells of one part become numbers.

    Parameters
    ----------
    missing : frozenset of str
        Folded texts that mean "no answer".
    labels : mapping
        Folded label -> number.
    leading_number : bool
        Read the number a label starts with.
    scale : tuple of float, optional
        Allowed range.
    whole : bool
        Only whole numbers.
    no_opinion : frozenset of str
        Folded texts by which people decline to judge.
    missing_numbers : frozenset of float
        Numbers that mean "no answer" where they are outside the scale.
    """

    missing: frozenset[str] = frozenset()
    labels: Mapping[str, float] = field(default_factory=dict)
    leading_number: bool = False
    scale: tuple[float, float] | None = None
    whole: bool = False
    no_opinion: frozenset[str] = frozenset()
    missing_numbers: frozenset[float] = frozenset()

    def allowed(self) -> str:
        """Return what may stand in a cell, in words."""
        parts = []
        if self.scale is not None:
            kind = "whole numbers" if self.whole else "numbers"
            parts.append(f"{kind} from {self.scale[0]:g} to {self.scale[1]:g}")
        elif self.whole:
            parts.append("whole numbers")
        if self.labels:
            shown = self.labels.shown.values() if isinstance(self.labels, LabelTable) else self.labels
            labels = [repr(label) for label in list(shown)[:9]]
            parts.append("the labels " + ", ".join(labels) + (", ..." if len(self.labels) > len(labels) else ""))
        return " or ".join(parts) or "a number"

    def reason(self, rule: str, text: str = "") -> str:
        """Return why a cell was set missing, in words; for an unknown label `text` with the nearest known ones."""
        if rule in DECLINED:
            return {
                MISSING: "means 'no answer'",
                NO_OPINION: "means 'no opinion'",
                MISSING_NUMBER: "is a number that means 'no answer'",
            }[rule]
        why = {
            NOT_A_NUMBER: "is no number",
            OUT_OF_RANGE: "is outside the scale",
            NOT_WHOLE: "is no whole number",
            UNKNOWN_LABEL: "is no label of the study file",
            CONTRADICTING_LABEL: "is a known label beside another number; one of the two is wrong",
        }[rule]
        if rule == UNKNOWN_LABEL and text and isinstance(self.labels, LabelTable):
            nearest = self.labels.nearest(text)
            if nearest:
                return f"{why}; allowed: nearest known: {', '.join(nearest)}"
        advice = "; write whole: false if decimals are meant" if rule == NOT_WHOLE else ""
        return f"{why}; allowed: {self.allowed()}{advice}"


class Converted(NamedTuple):
    """Values (nan or None when missing) and, per cell, ``""``, `EMPTY` or the rule that set it missing."""

    cells: NDArray[np.float64] | NDArray[np.object_]
    rules: NDArray[np.object_]


def distinct(texts: pd.Series) -> tuple[NDArray[np.intp], pd.Series]:
    """Return per cell the place of its text, and the distinct texts; a missing cell counts as empty."""
    codes, unique = pd.factorize(texts.fillna("").astype(str))
    return codes, pd.Series(unique, dtype="str")


def to_values(texts: pd.Series, rules: CellRules, *, decimal: str | None) -> Converted:
    """Turn texts into numbers; the work is done once per distinct text.

    Parameters
    ----------
    texts : pandas.Series of str, shape (n,)
        Cells; missing ones count as empty.
    rules : CellRules
        Labels, missing codes, range.
    decimal : {".", ","} or None
        Decimal mark of the file.

    Raises
    ------
    InputError
        When a cell's decimal mark cannot be decided.
    """
    codes, unique = distinct(texts)
    if not len(unique):
        return Converted(np.zeros(0), np.zeros(0, dtype=object))
    values, found = read_texts(list(unique), rules, decimal=decimal)
    return Converted(values[codes], np.array(RULES, dtype=object)[found[codes]])


def read_texts(
    texts: Sequence[str], rules: CellRules, *, decimal: str | None
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Return the number of each text (nan when it is none) and the place in `RULES` of what became of it.

    Parameters
    ----------
    texts : sequence of str, shape (n_texts,)
        Distinct texts of columns that are read alike.
    rules, decimal
        As for `to_values`.

    Raises
    ------
    InputError
        When a text's decimal mark cannot be decided.
    """
    plain = [" ".join(str(text).split()) for text in texts]
    values = np.full(len(plain), np.nan)
    found = np.full(len(plain), "", dtype=object)
    open_cells = []
    for index, text in enumerate(plain):
        key = fold(text)
        if not text:
            found[index] = EMPTY
        elif key in rules.labels:
            values[index] = rules.labels[key]
        elif key in rules.missing:
            found[index] = MISSING
        elif key in rules.no_opinion:
            found[index] = NO_OPINION
        else:
            number = matched(text, rules.labels) if rules.labels else None
            if isinstance(number, str):
                found[index] = CONTRADICTING_LABEL
            elif number is not None:
                values[index] = number
            else:
                open_cells.append(index)
    _read_numbers(plain, open_cells, values, found, rules, decimal)
    _check_range(values, found, rules)
    return values, np.array([RULES.index(rule) for rule in found], dtype=np.int8)


def _read_numbers(
    plain: list[str],
    open_cells: list[int],
    values: NDArray[np.float64],
    found: NDArray[np.object_],
    rules: CellRules,
    decimal: str | None,
) -> None:
    numbers = to_number([plain[index] for index in open_cells], decimal=decimal)
    for index, number, bad in zip(open_cells, numbers.numbers, numbers.bad, strict=True):
        if not bad:
            values[index] = number
            continue
        start = leading_number(plain[index]) if rules.leading_number else None
        if start is not None:
            values[index] = start
        else:
            found[index] = UNKNOWN_LABEL if rules.labels or rules.leading_number else NOT_A_NUMBER


def _check_range(values: NDArray[np.float64], found: NDArray[np.object_], rules: CellRules) -> None:
    present = ~np.isnan(values)
    if rules.scale is not None:
        low, high = rules.scale
        outside = present & ~((values >= low) & (values <= high))
        found[outside] = np.where(np.isin(values[outside], list(rules.missing_numbers)), MISSING_NUMBER, OUT_OF_RANGE)
        values[outside] = np.nan
        present &= ~outside
    elif rules.missing_numbers:
        coded = present & np.isin(values, list(rules.missing_numbers))
        found[coded], values[coded] = MISSING_NUMBER, np.nan
        present &= ~coded
    if rules.whole:
        broken = present.copy()
        broken[present] = values[present] != np.round(values[present])
        found[broken] = NOT_WHOLE
        values[broken] = np.nan


def to_words(
    texts: pd.Series,
    *,
    missing: frozenset[str],
    labels: Mapping[str, object],
    allowed: Iterable[str] = (),
) -> Converted:
    """Turn texts into words: recoded by `labels`, and held to `allowed` when that is a closed list.

    A text that is an allowed word is never a missing code: ``-`` is a tone of a coded turn.
    """
    codes, unique = distinct(texts)
    if not len(unique):
        return Converted(np.zeros(0, dtype=object), np.zeros(0, dtype=object))
    table = {fold(label): str(word) for label, word in labels.items()}
    words = {fold(word): word for word in allowed}
    values = np.full(len(unique), None, dtype=object)
    found = np.full(len(unique), "", dtype=object)
    for index, text in enumerate(str(text).strip() for text in unique):
        key = fold(text)
        if not text:
            found[index] = EMPTY
        elif key in table:
            values[index] = table[key]
        elif key in words:
            values[index] = words[key]
        elif key in missing:
            found[index] = MISSING
        elif words:
            found[index] = UNKNOWN_LABEL
        else:
            values[index] = text
        if words and values[index] is not None and values[index] not in words.values():
            values[index], found[index] = None, UNKNOWN_LABEL
    return Converted(values[codes], found[codes])


def per_text(texts: pd.Series, convert: Callable[[pd.Series], Converted]) -> Converted:
    """Apply a conversion to the distinct texts only."""
    codes, unique = distinct(texts)
    found = convert(unique)
    return Converted(found.cells[codes], found.rules[codes]) if len(unique) else found


def to_truth(texts: pd.Series, *, missing: frozenset[str], labels: Mapping[str, object]) -> Converted:
    """Turn yes and no, true and false, 1 and 0 (and their usual translations) into truth values."""

    def convert(unique: pd.Series) -> Converted:
        words = to_words(unique, missing=missing, labels=labels)
        values = np.full(len(words.cells), None, dtype=object)
        rules = words.rules.copy()
        for index, word in enumerate(words.cells):
            if word is None:
                continue
            key = fold(str(word))
            if key in _TRUE or key in _FALSE:
                values[index] = key in _TRUE
            else:
                rules[index] = UNKNOWN_LABEL
        return Converted(values, rules)

    return per_text(texts, convert)


def to_dates(texts: pd.Series, formats: Iterable[str], missing: frozenset[str]) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Return timestamps, and which filled cells fit none of the formats (tried in their order)."""
    codes, unique = distinct(texts)
    plain = unique.str.strip()
    plain = plain.mask(plain.map(lambda text: fold(text) in missing).astype(bool), "")
    stamps = pd.Series(pd.NaT, index=unique.index, dtype="datetime64[us]")
    for pattern in formats:
        waiting = stamps.isna() & (plain != "")
        if not waiting.any():
            break
        read = pd.to_datetime(plain[waiting], format=pattern, errors="coerce", utc=True)
        stamps[waiting] = read.dt.tz_localize(None)
    bad = (stamps.isna() & (plain != "")).to_numpy(dtype=bool)
    return pd.Series(stamps.to_numpy()[codes], index=texts.index, dtype="datetime64[us]"), bad[codes]


def iso_dates(stamps: pd.Series) -> pd.Series:
    """Return the ISO dates of timestamps as text; missing stays missing."""
    codes, unique = pd.factorize(stamps)
    days = pd.Series(unique, dtype="datetime64[us]").dt.strftime("%Y-%m-%d").astype("str").array
    return pd.Series(days.take(codes, allow_fill=True), index=stamps.index, dtype="str")


_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z0-9]{2,8}))?")


def to_language(texts: pd.Series, *, missing: frozenset[str], labels: Mapping[str, object]) -> Converted:
    """Turn texts into language tags such as ``en`` and ``pt-BR``."""

    def convert(unique: pd.Series) -> Converted:
        words = to_words(unique, missing=missing, labels=labels)
        values, rules = words.cells.copy(), words.rules.copy()
        for index, word in enumerate(values):
            if word is None:
                continue
            match = _TAG.fullmatch(str(word))
            if match is None:
                values[index], rules[index] = None, UNKNOWN_LABEL
                continue
            region = match.group(2)
            values[index] = match.group(1).lower() + (
                f"-{region.upper() if len(region) == 2 else region}" if region else ""
            )
        return Converted(values, rules)

    return per_text(texts, convert)
