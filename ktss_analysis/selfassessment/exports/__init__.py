"""The questionnaire and the set of skills in the formats of other tools, all from the framework file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...framework import Framework
from .ddi import ddi_codebook
from .framework_json import framework_json, framework_schema
from .limesurvey import limesurvey_tab
from .questionnaire import questionnaire_pdf
from .skos import skos_jsonld, skos_turtle
from .tables import items_csv, items_xlsx
from .xlsform import xlsform

Writer = Callable[[Framework, Sequence[str]], bytes]

WRITERS: dict[str, tuple[str, Writer]] = {
    "questionnaire.pdf": ("all languages side by side, for reading and review", questionnaire_pdf),
    "items.csv": ("skills and statements as a table", items_csv),
    "items.xlsx": ("the same as a workbook", items_xlsx),
    "framework.json": ("the whole framework as JSON", framework_json),
    "framework.schema.json": ("JSON Schema of the framework", framework_schema),
    "skills.ttl": ("the skills as SKOS concepts (Turtle), linked to ESCO", skos_turtle),
    "skills.jsonld": ("the same as JSON-LD", skos_jsonld),
    "xlsform.xlsx": ("form for ODK, Kobo and Enketo", xlsform),
    "limesurvey.txt": ("survey for LimeSurvey (tab-separated structure)", limesurvey_tab),
    "ddi-codebook.xml": ("description for data archives (DDI-Codebook 2.5)", ddi_codebook),
}
"""File name -> what it is, and what writes it."""

EXPORTS = {name: what for name, (what, _) in WRITERS.items()}


def write_exports(framework: Framework, languages: Sequence[str]) -> dict[str, bytes]:
    """Return all exports as file name -> content; the same framework gives the same bytes."""
    return {name: writer(framework, languages) for name, (_, writer) in WRITERS.items()}
