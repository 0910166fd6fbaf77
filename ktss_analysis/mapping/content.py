"""What the cells of a column look like: numbers on a scale, labels of a scale, dates, free text, or something else."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..core import StudyError
from ..framework import Framework
from ..intake.dates import find_date_formats
from ..intake.labels import LabelTable, disorder, file_labels, framework_labels, leading_number, matched
from ..lexicon import fold, no_opinion_texts, shipped_scales
from ..readers import ColumnInfo, to_number
from ..study import DEFAULT_MISSING

KNOWN_SHARE = 0.9
"""A scale fits when at least nine of ten filled cells are its labels; the rest may be typing errors."""

FEWEST_LABELS = 3
"""Value labels of fewer codes are yes and no, or name an end only."""

WIDEST_DECLARED = 10
"""Longer lists of value labels are categories such as countries."""

OFTEN = 3
"""An unknown text that so many cells hold is no typing error but a point of another scale."""

IN_RANGE_SHARE = 0.97
"""A range fits when it holds 97 of 100 numbers; a few typing errors and missing codes lie outside."""

SCALES = ((0, 1), (1, 4), (1, 5), (1, 6), (1, 7), (0, 4), (0, 6), (1, 9), (1, 10), (0, 10))
"""Ranges in use, in the order in which they are tried."""

MISSING_NUMBERS = frozenset([-99, -98, -97, -9, -8, -7, 77, 88, 97, 98, 99, 777, 888, 997, 998, 999])
"""Numbers by which survey programs write that there is no answer."""

LONG_TEXT = 25
"""Mean number of signs from which different texts are sentences rather than categories."""

YES_NO = {
    "yes": 1, "no": 0, "sì": 1, "tak": 1, "nie": 0, "kyllä": 1, "ei": 0, "ja": 1, "nee": 0, "nein": 0, "oui": 1,
    "non": 0, "sí": 1, "sim": 1, "não": 0, "true": 1, "false": 0,
}  # fmt: skip
_MISSING = frozenset(fold(text) for text in DEFAULT_MISSING)


@dataclass(frozen=True, slots=True)
class ScaleFit:
    """A scale that the cells of one or more columns are on.

    Parameters
    ----------
    labels : str
        ``framework``, a shipped scale, ``yes/no``, or ``file`` for the file's own value labels; empty for bare
        numbers.
    low, high : float
        Its range.
    leading : bool
        The cells are numbers with words behind them.
    n_known, n_unknown : int
        Cells that are a point of the scale, and those that are not.
    n_seen : int
        Distinct points seen.
    also : tuple of str
        Other scales that know as many of the cells and give them other numbers; none when each point of this one
        was seen.
    missing_numbers : tuple of int
        Numbers outside the range that usually mean "no answer".
    """

    labels: str
    low: float
    high: float
    n_known: int
    n_unknown: int
    n_seen: int
    leading: bool = False
    also: tuple[str, ...] = ()
    missing_numbers: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The scale in words."""
        span = f"{self.low:g} to {self.high:g}"
        return f"{self.labels} ({span})" if self.labels else f"numbers {span}"


def counted(cells: Iterable[str]) -> Counter[str]:
    """Return the distinct filled cells that are answers, with their numbers."""
    counts: Counter[str] = Counter()
    for text in cells:
        key = " ".join(str(text).split())
        if key and fold(key) not in _MISSING and fold(key) not in no_opinion_texts():
            counts[key] += 1
    return counts


def fit_scale(counts: Mapping[str, int], framework: Framework | None = None) -> ScaleFit | None:
    """Return the scale that the cells are on, or None.

    Parameters
    ----------
    counts : mapping of str to int
        Distinct cells with their numbers, of one column or of all columns with the same question.
    framework : Framework, optional
        The labels of its scale are tried first.
    """
    if not counts:
        return None
    return _numbers(counts) or _labels(counts, framework)


def declared_scale(info: ColumnInfo, counts: Mapping[str, int]) -> ScaleFit | None:
    """Return the scale that the file itself declares for a column by numbered value labels, or None."""
    labels = {code: label for code, label in info.labels.items() if code not in info.missing}
    try:
        usable = len(labels) >= FEWEST_LABELS and not disorder(labels)
        table = file_labels(labels, "value labels") if usable else None
    except StudyError:
        return None
    if table is None:
        return None
    low, high = min(table.values()), max(table.values())
    answers = {text: count for text, count in counts.items() if text not in info.missing}
    numbers = numbers_in(answers)
    seen = {
        text: number
        for text in answers
        if (number := table.get(fold(text), numbers.get(text))) is not None and low <= number <= high
    }
    total, n_known = sum(answers.values()), sum(answers[text] for text in seen)
    if high - low > WIDEST_DECLARED or not seen or n_known < KNOWN_SHARE * total:
        return None
    return ScaleFit("file", low, high, n_known, total - n_known, len(set(seen.values())))


def numbers_in(counts: Mapping[str, int]) -> dict[str, float]:
    """Return the cells that are numbers with either decimal mark; the files of one source may differ in it."""
    texts = list(counts)
    point, comma = to_number(texts, decimal="."), to_number(texts, decimal=",")
    return {
        text: float(point.numbers[place] if not point.bad[place] else comma.numbers[place])
        for place, text in enumerate(texts)
        if not (point.bad[place] and comma.bad[place])
    }


def _numbers(counts: Mapping[str, int]) -> ScaleFit | None:
    """Return the range of bare numbers, or of numbers with words behind them."""
    values = numbers_in(counts)
    words = {text: number for text in counts if text not in values if (number := leading_number(text)) is not None}
    total = sum(counts.values())
    if sum(counts[text] for text in (*values, *words)) < KNOWN_SHARE * total:
        return None
    values |= words
    whole = {text: number for text, number in values.items() if number == round(number)}
    n_whole = sum(counts[text] for text in whole)
    codes = sorted({int(number) for number in whole.values() if number in MISSING_NUMBERS})
    n_codes = sum(counts[text] for text, number in whole.items() if number in codes)
    for low, high in SCALES:
        inside = {text for text, number in whole.items() if low <= number <= high}
        n_inside = sum(counts[text] for text in inside)
        if n_whole > n_codes and n_inside >= IN_RANGE_SHARE * (n_whole - n_codes) and n_inside >= 0.8 * total:
            seen = len({whole[text] for text in inside})
            leading = bool(words)
            return ScaleFit("", low, high, n_inside, total - n_inside, seen, leading, (), tuple(codes))
    return None


def candidates(framework: Framework | None) -> dict[str, LabelTable]:
    """Return all known label tables by name; the framework's first."""
    tables: dict[str, LabelTable] = {}
    if framework is not None and framework.scale is not None and framework.scale.labels:
        tables["framework"] = framework_labels(framework, framework.id)
    return tables | _common_tables()


@functools.cache
def _common_tables() -> dict[str, LabelTable]:
    tables = {name: LabelTable(scale.pairs(), name) for name, scale in shipped_scales().items()}
    tables["yes/no"] = LabelTable(((text, float(number)) for text, number in YES_NO.items()), "yes/no")
    return tables


def _labels(counts: Mapping[str, int], framework: Framework | None) -> ScaleFit | None:
    total = sum(counts.values())
    fits: list[tuple[ScaleFit, dict[str, float]]] = []
    for name, table in candidates(framework).items():
        read = {text: _number_of(text, table) for text in counts}
        values = {text: number for text, number in read.items() if number is not None}
        n_known = sum(counts[text] for text in values)
        often = name != "yes/no" and any(counts[text] >= OFTEN for text in counts if text not in values)
        if values and n_known >= KNOWN_SHARE * total and not often:
            low, high = min(table.values()), max(table.values())
            fits.append((ScaleFit(name, low, high, n_known, total - n_known, len(set(values.values()))), values))
    if not fits:
        return None
    fits.sort(key=lambda pair: _preference(pair[0]))
    best, values = fits[0]
    complete = best.n_seen == best.high - best.low + 1
    also = [fit.labels for fit, other in fits[1:] if fit.n_known == best.n_known and other != values and not complete]
    return ScaleFit(best.labels, best.low, best.high, best.n_known, best.n_unknown, best.n_seen, also=tuple(also))


def _preference(fit: ScaleFit) -> tuple[bool, int, float, float]:
    """Order fits: the framework's, then most cells known, then most of the scale's points seen, then shortest."""
    points = fit.high - fit.low + 1
    return fit.labels != "framework", -fit.n_known, -fit.n_seen / points, points


def _number_of(text: str, table: LabelTable) -> float | None:
    number = table.get(fold(text))
    if number is None:
        found = matched(text, table)
        number = found if isinstance(found, float) else None
    return number


def _is_date(text: str) -> bool:
    found = find_date_formats([text])
    return bool(found.formats or found.unclear)


def date_share(counts: Mapping[str, int]) -> float:
    """Return the share of cells that are dates."""
    total = sum(counts.values())
    n_dates = sum(count for text, count in counts.items() if _is_date(text))
    return n_dates / total if total else 0.0


def is_several(counts: Mapping[str, int]) -> bool:
    """Return whether cells hold several short answers each, joined by one separator."""
    for separator in (";", ",", "|"):
        split = {text: [part.strip() for part in text.split(separator)] for text in counts}
        parts = Counter(part for pieces in split.values() for part in pieces)
        many = sum(count for text, count in counts.items() if len(split[text]) > 1)
        if many >= 0.1 * sum(counts.values()) and len(parts) < len(counts) and len(parts) <= 40:
            return True
    return False


def is_prose(counts: Mapping[str, int]) -> bool:
    """Return whether the cells are sentences of their own."""
    total = sum(counts.values())
    if total == 0 or not any(re.search(r"[^\W\d_]", text) for text in counts):
        return False
    length = sum(len(text) * count for text, count in counts.items()) / total
    return len(counts) > 0.5 * total and length >= LONG_TEXT
