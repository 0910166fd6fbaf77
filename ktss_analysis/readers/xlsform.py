"""XLSForm: the form that ODK and KoboToolbox collect with, as companion of their exports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core import InputError
from . import excel_reader
from .table import ReadOptions

_LANGUAGE = re.compile(r"(?:.*\()?\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*\)?")
_PLAIN = ""
_TYPES = frozenset(
    [
        "acknowledge", "audio", "audit", "background", "barcode", "begin", "calculate", "csv", "date", "dateTime",
        "datetime", "decimal", "deviceid", "email", "end", "file", "geopoint", "geoshape", "geotrace", "hidden",
        "image", "integer", "note", "osm", "phonenumber", "photo", "range", "rank", "select", "simserial", "start",
        "subscriberid", "text", "time", "today", "trigger", "username", "video", "xml",
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a form.

    Parameters
    ----------
    name : str
        Name in the data.
    groups : tuple of str
        Names of the groups and repeats around it, outermost first.
    kind : str
        Type, e.g. ``select_one``, ``select_multiple``, ``text``.
    texts : dict of str to str
        Language -> question; the key of a form in one language is empty.
    choices : dict of str to dict
        Name of a choice -> language -> label.
    """

    name: str
    groups: tuple[str, ...]
    kind: str
    texts: dict[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """The questions of a form in their order, and the language that is shown first."""

    questions: tuple[Question, ...]
    language: str

    def text(self, texts: dict[str, str]) -> str:
        """Return a text in the first language, else in the first one there is."""
        return texts.get(self.language) or next((text for text in texts.values() if text), "")


def read_form(path: Path) -> Form:
    """Read an XLSForm workbook.

    Raises
    ------
    InputError
        For a file that is no workbook, or has no sheet ``survey`` with the columns ``type`` and ``name``.
    """
    survey = _sheet(path, "survey")
    if not survey or not {"type", "name"} <= set(survey[0]):
        raise InputError(
            "the form has no sheet 'survey' with the columns type and name", file=path.name,
            allowed="an XLSForm workbook, as it was uploaded to ODK or KoboToolbox",
        )  # fmt: skip
    lists: dict[str, dict[str, dict[str, str]]] = {}
    for row in _sheet(path, "choices"):
        name = row.get("list_name") or row.get("list name") or ""
        if name and row.get("name"):
            lists.setdefault(name, {})[row["name"]] = _texts(row)
    settings = _sheet(path, "settings")
    questions = tuple(_questions(survey, lists))
    languages = list(dict.fromkeys(tag for question in questions for tag in question.texts))
    wanted = language_of(settings[0].get("default_language", "")) if settings else ""
    return Form(questions, wanted if wanted in languages else languages[0] if languages else _PLAIN)


def looks_like_form(records: Sequence[Sequence[str]]) -> bool:
    """Return whether the first rows of a workbook are those of a sheet ``survey``: type, name, label, known types."""
    if len(records) < 2:
        return False
    headers = [header.strip().lower() for header in records[0]]
    if not {"type", "name"} <= set(headers) or not any(header.startswith("label") for header in headers):
        return False
    place = headers.index("type")
    types = [record[place].split() for record in records[1:] if len(record) > place and record[place].strip()]
    return bool(types) and all(words[0].replace("_", " ").split()[0] in _TYPES for words in types)


def language_of(text: str) -> str:
    """Return the tag of a language written ``English (en)`` or ``en``; the words themselves when there is none."""
    plain = " ".join(text.split())
    match = _LANGUAGE.fullmatch(plain)
    return match.group(1) if match and ("(" in plain or len(plain) < 4 or "-" in plain) else plain


def _sheet(path: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of a sheet; none when there is no such sheet."""
    try:
        frame = excel_reader.read(path, ReadOptions(sheet=name)).frame
    except InputError as error:
        if "no such sheet" in error.problem or "is empty" in error.problem:
            return []
        raise
    frame.columns = [" ".join(str(header).split()) for header in frame.columns]
    return [{str(key): str(cell).strip() for key, cell in row.items()} for row in frame.to_dict("records")]


def _texts(row: dict[str, str]) -> dict[str, str]:
    """Return language -> label from ``label``, ``label::English (en)`` and ``label:English``."""
    found = {}
    for header, cell in row.items():
        match = re.fullmatch(r"label\s*(?:::?\s*(.+))?", header, flags=re.IGNORECASE)
        if match and cell:
            found[language_of(match.group(1) or "")] = " ".join(cell.split())
    return found


def _questions(survey: list[dict[str, str]], lists: dict[str, dict[str, dict[str, str]]]) -> list[Question]:
    questions: list[Question] = []
    groups: list[str] = []
    for row in survey:
        words = row.get("type", "").replace("_", " ").split()
        if words[:1] == ["begin"]:
            groups.append(row.get("name", ""))
        elif words[:1] == ["end"]:
            groups = groups[:-1]
        elif words and row.get("name"):
            kind, _, name = row["type"].partition(" ")
            if words[0] in ("select", "rank"):
                kind = "rank" if words[0] == "rank" else f"select_{words[1]}" if len(words) > 1 else "select"
                name = re.sub(r"^(?:select[_ ](?:one|multiple)|rank)\s+|\s+or[_ ]other$", "", row["type"].strip())
            questions.append(Question(row["name"], tuple(groups), kind, _texts(row), lists.get(name, {})))
    return questions
