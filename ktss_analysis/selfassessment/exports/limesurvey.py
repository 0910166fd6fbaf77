"""The questionnaire as LimeSurvey's tab-separated survey structure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from ...core import StudyError
from ...framework import Framework, pick
from .common import NO_ANSWER, answers, scales, title_of

COLUMNS = ("class", "type/scale", "name", "relevance", "text", "help", "language", "validation", "mandatory", "other")
"""No ids: the importer would keep them as attributes of the questions, and finds what belongs together by codes."""


def question_codes(framework: Framework) -> dict[str, str]:
    """Return item id -> LimeSurvey code: letters and digits only, at most 20, starting with a letter.

    Raises
    ------
    StudyError
        When two items would get the same code.
    """
    codes: dict[str, str] = {}
    for _, items in scales(framework):
        for item in items:
            code = re.sub(r"[^A-Za-z0-9]", "", item.id)[:20]
            if code in codes.values():
                raise StudyError(f"items {item.id!r} and another one have the same LimeSurvey code {code!r}")
            codes[item.id] = code
    return codes


def limesurvey_tab(framework: Framework, languages: Sequence[str]) -> bytes:
    """Return the survey structure: one group per skill, one list question per item, no answer compulsory.

    The whole survey stands there once per language, in the same order and with the same codes, as LimeSurvey's
    manual asks. Groups are numbered from 1, since the importer takes 0 for no number. UTF-8 with a byte order mark.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, delimiter="\t", lineterminator="\n", restval="")
    writer.writeheader()
    first = languages[0]
    for name, value in (("language", first), ("additional_languages", " ".join(languages[1:])), ("format", "G")):
        writer.writerow({"class": "S", "name": name, "text": value})
    for language in languages:
        row = {"class": "SL", "name": "surveyls_title", "language": language}
        writer.writerow({**row, "text": _plain(title_of(framework, language))})
    codes = question_codes(framework)
    for language in languages:
        _one_language(writer, framework, language, codes)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def _one_language(writer: csv.DictWriter, framework: Framework, language: str, codes: dict[str, str]) -> None:
    for group, (skill, items) in enumerate(scales(framework), 1):
        name = _plain(pick(skill.name, framework, language))
        writer.writerow({"class": "G", "type/scale": group, "name": name, "relevance": "1", "language": language})
        for item in items:
            writer.writerow(
                {"class": "Q", "type/scale": "L", "name": codes[item.id], "relevance": "1",
                 "text": _plain(pick(item.text, framework, language)), "language": language, "mandatory": "N",
                 "other": "N"}
            )  # fmt: skip
            for value, label in answers(framework, language):
                writer.writerow({"class": "A", "type/scale": 0, "name": NO_ANSWER.get(value, value),
                                 "text": _plain(label), "language": language})  # fmt: skip


def _plain(text: str) -> str:
    """Return a text without tabs and line breaks, and with the signs of HTML written out.

    Quotation marks are, because the importer takes away those that stand around a whole text.
    """
    flat = " ".join(text.split())
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
