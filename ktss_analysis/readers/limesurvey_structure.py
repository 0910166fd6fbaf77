"""What columns the exports of a LimeSurvey survey have: codes, texts in all languages, labels of answers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .table import ColumnInfo

Texts = dict[str, str]
"""Language tag -> text."""

_FIXED: dict[str, dict[str, str]] = {
    "Y": {"Y": "Yes", "N": "No"},
    "G": {"F": "Female", "M": "Male"},
    "C": {"Y": "Yes", "U": "Uncertain", "N": "No"},
    "E": {"I": "Increase", "S": "Same", "D": "Decrease"},
    "M": {"Y": "Yes", "N": "No"},
    "P": {"Y": "Yes", "N": "No"},
}
_TWO_AXES = (":", ";")
_OTHER = "-oth-"


@dataclass
class Question:
    """One question or subquestion.

    Parameters
    ----------
    code, type : str
        Code, and LimeSurvey's letter of the type.
    texts : dict of str to str
        Language tag -> text.
    scale : str
        ``0``, or ``1`` for the columns of a two-way array.
    other : bool
        Whether there is a field for another answer.
    parts : list of Question
        Subquestions.
    answers : dict
        Scale -> code -> texts.
    """

    code: str
    type: str
    texts: Texts = field(default_factory=dict)
    scale: str = "0"
    other: bool = False
    parts: list[Question] = field(default_factory=list)
    answers: dict[str, dict[str, Texts]] = field(default_factory=lambda: defaultdict(dict))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an export: its code, its texts, its labels by language, and the type of its question."""

    code: str
    texts: Texts
    labels: dict[str, dict[str, str]]
    type: str


class Structure:
    """The columns that a survey's exports can have.

    Parameters
    ----------
    questions : list of Question
        In the survey's order.
    language : str
        Base language.
    """

    def __init__(self, questions: list[Question], language: str) -> None:
        self.language = language
        self.columns = {column_key(column.code): column for entry in questions for column in _columns(entry, language)}
        counts = Counter(text for column in self.columns.values() for text in set(column.texts.values()))
        self._codes = {
            text: column.code
            for column in self.columns.values()
            for text in column.texts.values()
            if text and counts[text] == 1
        }

    def name(self, code: str) -> str:
        """Return the column's code as LimeSurvey writes it today, ``question[part]``."""
        return self.columns[column_key(code)].code

    def code_of(self, text: str) -> str:
        """Return the code of the only column with this text in any language; empty when none or several."""
        return self._codes.get(text, "")

    def column(self, code: str) -> ColumnInfo | None:
        """Return what the survey says about a column; None when it has no such column."""
        found = self.columns.get(column_key(code))
        if found is None:
            return None
        base = found.texts.get(self.language, next(iter(found.texts.values()), ""))
        labels = found.labels.get(self.language, next(iter(found.labels.values()), {}))
        return ColumnInfo(text=base, labels=dict(labels), texts=dict(found.texts), kind=found.type)

    def labels_by_language(self, code: str) -> dict[str, dict[str, str]]:
        """Return language -> code -> label of a column."""
        found = self.columns.get(column_key(code))
        return {} if found is None else found.labels


def column_key(code: str) -> str:
    """Return the form in which ``q1[a]``, ``q1_a`` and ``q1[a_b]`` of different exports can be compared."""
    return re.sub(r"[\[\]_]+", "_", code).strip("_")


def _columns(question: Question, language: str) -> list[Column]:
    kind, code = question.type, question.code
    rows = [part for part in question.parts if part.scale == "0"]
    across = [part for part in question.parts if part.scale == "1"]
    labels = _labels(question, "0", language)
    found: list[Column] = []
    if kind == "R":
        places = range(1, 1 + (len(question.answers.get("0", {})) or len(rows)))
        ranked = labels or _by_language({part.code: part.texts for part in rows})
        found += [
            Column(f"{code}[{place}]", _join(question.texts, {}, f"Rank {place}"), ranked, kind) for place in places
        ]
    elif kind in _TWO_AXES:
        for row in rows:
            for part in across:
                texts = _join(_join(question.texts, row.texts), part.texts)
                found.append(Column(f"{code}[{row.code}_{part.code}]", texts, {}, kind))
    elif kind == "1":
        for row in rows:
            for number, scale in enumerate(("0", "1"), 1):
                texts = _join(_join(question.texts, row.texts), {}, f"Scale {number}")
                found.append(Column(f"{code}[{row.code}][{number}]", texts, _labels(question, scale, language), kind))
    elif rows:
        for row in rows:
            texts = _join(question.texts, row.texts)
            found.append(Column(f"{code}[{row.code}]", texts, labels, kind))
            if kind == "P":
                found.append(Column(f"{code}[{row.code}comment]", _join(texts, {}, "comment"), {}, "text"))
    else:
        found.append(Column(code, dict(question.texts), labels, kind))
        if kind == "O":
            found.append(Column(f"{code}[comment]", _join(question.texts, {}, "comment"), {}, "text"))
        if kind == "|":
            found.append(Column(f"{code}[filecount]", _join(question.texts, {}, "file count"), {}, "text"))
    if question.other:
        found.append(Column(f"{code}[other]", _join(question.texts, {}, "Other"), {}, "text"))
    return found


def _labels(question: Question, scale: str, language: str) -> dict[str, dict[str, str]]:
    answers = question.answers.get(scale, {})
    if not answers:
        fixed = _FIXED.get(question.type)
        return {language: dict(fixed)} if fixed else {}
    found = _by_language(answers)
    if question.other and question.type in ("L", "!", "O"):
        for labels in found.values():
            labels.setdefault(_OTHER, "Other")
    return found


def _by_language(answers: dict[str, Texts]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for code, texts in answers.items():
        for language, text in texts.items():
            found.setdefault(language, {})[code] = text
    return found


def _join(question: Texts, part: Texts, fixed: str = "") -> Texts:
    """Return ``question [part]`` in every language of the question."""
    joined = {}
    for language, text in question.items():
        inner = fixed or part.get(language, "")
        joined[language] = f"{text} [{inner}]" if inner else text
    return joined
