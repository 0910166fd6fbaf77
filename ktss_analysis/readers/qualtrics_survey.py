"""The definition of a Qualtrics survey (QSF, a JSON file): question types, value labels, translations."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core import InputError
from .layout import plain
from .table import ColumnInfo

_MULTIPLE = ("MAVR", "MAHR", "MACOL", "MSB")


@dataclass(frozen=True, slots=True)
class Survey:
    """The questions of a QSF file.

    Parameters
    ----------
    questions : dict of str to dict
        QID -> the question as it stands in the file.
    tags : dict of str to str
        Export tag in small letters -> QID; longest tags first.
    """

    questions: dict[str, dict[str, Any]]
    tags: dict[str, str]

    def column(self, name: str, imported: str) -> ColumnInfo | None:
        """Return what the survey says about a column of the export, by its ImportId or else by its name."""
        match = re.match(r"(QID\d+)(?![0-9])(.*)$", imported)
        if match and match.group(1) in self.questions:
            return _describe(self.questions[match.group(1)], match.group(2), by_choice=True)
        folded = name.lower()
        for tag, key in self.tags.items():
            if folded == tag or (folded.startswith(tag) and folded[len(tag)] in "_#-"):
                return _describe(self.questions[key], name[len(tag) :], by_choice=False)
        return None


def read_survey(path: Path) -> Survey:
    """Read a QSF file.

    Raises
    ------
    InputError
        When the file is no QSF file.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
        elements = [element for element in content["SurveyElements"] if element["Element"] == "SQ"]
        payloads = [element["Payload"] for element in elements]
        questions = {str(payload["QuestionID"]): payload for payload in payloads}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(
            "the structure file is no Qualtrics survey",
            file=path.name, allowed="the QSF file of the survey (Tools, Import/Export, Export survey)",
        ) from None  # fmt: skip
    tags = {str(question.get("DataExportTag", "")).lower(): key for key, question in questions.items()}
    tags.pop("", None)
    return Survey(questions, dict(sorted(tags.items(), key=lambda pair: -len(pair[0]))))


def _describe(question: Mapping[str, Any], rest: str, *, by_choice: bool) -> ColumnInfo:
    kind = f"{question.get('QuestionType', '')} {question.get('Selector', '')}".strip()
    texts = {
        language.lower(): plain(str(words["QuestionText"]))
        for language, words in _dictionary(question.get("Language")).items()
        if isinstance(words, Mapping) and words.get("QuestionText")
    }
    if rest.endswith("TEXT"):
        return ColumnInfo(texts=texts, kind="text")
    return ColumnInfo(labels=_labels(question, rest, by_choice), texts=texts, kind=kind)


def _labels(question: Mapping[str, Any], rest: str, by_choice: bool) -> dict[str, str]:
    """Return code -> label of the cells of one column; empty where cells are no codes of options."""
    kind, selector = question.get("QuestionType"), str(question.get("Selector"))
    likert = kind == "Matrix" and selector == "Likert"
    if not likert and kind != "MC":
        return {}
    options = _words(question.get("Answers" if likert else "Choices"))
    recoded = {str(key): str(code) for key, code in _dictionary(question.get("RecodeValues")).items()}
    labels = {recoded.get(key, key): label for key, label in options.items()}
    multiple = question.get("SubSelector") == "MultipleAnswer" if likert else selector in _MULTIPLE
    part = re.search(r"[_#-](-?\d+)$", rest) if multiple else None
    if not part:
        return labels
    # one column for each option: 1 where it was ticked. Names end in the option's code, ImportIds in its number
    label = (options if by_choice else labels).get(part.group(1))
    return {} if label is None else {"1": label}


def _words(options: object) -> dict[str, str]:
    found = {}
    for key, option in _dictionary(options).items():
        if isinstance(option, Mapping) and "Display" in option:
            found[str(key)] = plain(str(option["Display"]))
    return found


def _dictionary(value: object) -> Mapping[str, Any]:
    """Return a JSON object; Qualtrics writes an empty one as an empty list, and a list counts from 0 or 1."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list):
        return {str(number): entry for number, entry in enumerate(value, 1)}
    return {}
