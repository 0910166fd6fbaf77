"""The questionnaire as a PDF for reviewers: all languages side by side, missing translations marked."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...display.text_safety import fallback_font_files, printable_text
from ...framework import Framework
from ..language_names import language_name
from .common import answers, scales, title_of

TEMPLATE = Path(__file__).parent.parent / "assets" / "questionnaire.typ"
MISSING = "not translated"


def questionnaire_data(framework: Framework, languages: Sequence[str]) -> dict[str, Any]:
    """Return what the PDF shows; a missing translation is None."""
    columns = [answers(framework, language) for language in languages]
    return {
        "title": title_of(framework, languages[0]),
        "facts": f"{framework.id}, version {framework.version}, status {framework.status}. {framework.licence}.",
        "stamp": "SYNTHETIC" if framework.status == "illustrative" else "",
        "language": languages[0],
        "languages": [{"tag": tag, "name": language_name(tag)} for tag in languages],
        "scale": [[entry[0][0], *(label for _, label in entry)] for entry in zip(*columns, strict=True)],
        "skills": [
            {
                "names": [skill.name.get(tag) for tag in languages],
                "items": [
                    {"id": item.id, "turned": item.key == -1, "texts": [item.text.get(tag) for tag in languages]}
                    for item in items
                ],
            }
            for skill, items in scales(framework)
        ],
        "missing": MISSING,
    }


def questionnaire_pdf(framework: Framework, languages: Sequence[str]) -> bytes:
    """Return the questionnaire as a tagged PDF (PDF/UA-1 and PDF/A-3a)."""
    import typst

    data = _printable(questionnaire_data(framework, languages))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        fonts = folder / "fonts"
        fonts.mkdir()
        for file in fallback_font_files():
            shutil.copy(file, fonts)
        shutil.copy(TEMPLATE, folder / "main.typ")
        (folder / "data.json").write_text(json.dumps(data), encoding="utf-8")
        standards: Any = ["a-3a", "ua-1"]
        content = typst.compile(
            folder / "main.typ", root=folder, font_paths=[fonts], ignore_system_fonts=True, format="pdf",
            pdf_standards=standards, timestamp=946684800,
        )  # fmt: skip
    assert isinstance(content, bytes)  # one file, because the format is PDF
    return content


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable_text(value)
    if isinstance(value, dict):
        return {key: _printable(part) for key, part in value.items()}
    return [_printable(part) for part in value] if isinstance(value, list) else value
