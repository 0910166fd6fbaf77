"""The questionnaire as an XLSForm, for ODK, Kobo and Enketo."""

from __future__ import annotations

from collections.abc import Sequence

from ...framework import Framework, pick
from ...workbook import workbook_bytes
from ..language_names import language_name
from .common import answers, scales, title_of


def xlsform(framework: Framework, languages: Sequence[str]) -> bytes:
    """Return a workbook with the sheets `survey`, `choices` and `settings`; no answer is required.

    Item ids stay the names of the questions, so answers come back under the framework's own ids.
    """
    tags = [f"{language_name(language)} ({language})" for language in languages]
    survey: list[list[object]] = [["type", "name", *(f"label::{tag}" for tag in tags), "appearance"]]
    for skill, items in scales(framework):
        names = [pick(skill.name, framework, language) for language in languages]
        survey.append(["begin_group", skill.id, *names, "field-list"])
        for item in items:
            texts = [pick(item.text, framework, language) for language in languages]
            survey.append(["select_one answer", item.id, *texts, ""])
        survey.append(["end_group", skill.id, *("" for _ in languages), ""])
    choices: list[list[object]] = [["list_name", "name", *(f"label::{tag}" for tag in tags)]]
    columns = [answers(framework, language) for language in languages]
    choices += [["answer", entry[0][0], *(label for _, label in entry)] for entry in zip(*columns, strict=True)]
    settings: list[list[object]] = [
        ["form_title", "form_id", "version", "default_language"],
        [title_of(framework, languages[0]), framework.id, framework.version, tags[0]],
    ]
    return workbook_bytes({"survey": survey, "choices": choices, "settings": settings})
