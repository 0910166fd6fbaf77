"""What several exports share: rows of items, answers that are no number, bytes of a workbook."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Sequence

from ...csvfile import neutralise
from ...framework import Framework, Item, Skill, pick, scale_labels
from ..strings import load_strings

NO_ANSWER = {"not_applicable": "NA", "prefer_not_to_say": "PNS"}
"""Answers that are no number, with the short codes that some tools need."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def scales(framework: Framework) -> list[tuple[Skill, list[Item]]]:
    """Return the skills that have items in use, with these items."""
    return [(framework.skill(key), items) for key, items in framework.scales().items()]


def answers(framework: Framework, language: str) -> list[tuple[str, str]]:
    """Return value and label of every possible answer in a language, those that are no number last."""
    if framework.scale is None:
        return []
    low = framework.scale.min
    numbers = [(str(low + place), label) for place, label in enumerate(scale_labels(framework, language))]
    strings = load_strings(language)
    return numbers + [(value, strings.text(f"answer.{value}")) for value in NO_ANSWER]


def title_of(framework: Framework, language: str) -> str:
    """Return the framework's title in a language."""
    return pick(framework.title, framework, language) or framework.id


def workbook_bytes(sheets: dict[str, Sequence[Sequence[object]]]) -> bytes:
    """Return an XLSX file with these sheets; text is never a formula, and the same rows give the same bytes."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([neutralise(cell) if isinstance(cell, str) else cell for cell in row])
        sheet.freeze_panes = "A2"
        for column in sheet.columns:
            widest = max(len(str(cell.value or "")) for cell in column)
            sheet.column_dimensions[column[0].column_letter].width = min(60, max(10, widest + 2))
    book.properties.created = book.properties.modified = datetime.datetime(2000, 1, 1)
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_times(buffer.getvalue())


def _without_times(content: bytes) -> bytes:
    """Return a zip file with all times set to one, so that equal content has equal bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _core_without_now(data)
            new.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _core_without_now(data: bytes) -> bytes:
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", data)
