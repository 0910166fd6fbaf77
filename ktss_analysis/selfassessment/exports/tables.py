"""Skills and statements as one table: CSV and XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ...csvfile import neutralise
from ...framework import Framework
from ...workbook import workbook_bytes
from .common import answers, scales


def item_rows(framework: Framework, languages: Sequence[str]) -> list[list[object]]:
    """Return a header and one row per item; a missing translation is an empty cell."""
    header: list[object] = ["item_id", "skill_id", "key", "version", "status"]
    header += [f"skill_{language}" for language in languages] + [f"text_{language}" for language in languages]
    rows = [header]
    for skill, items in scales(framework):
        for item in items:
            facts: list[object] = [item.id, skill.id, item.key, item.version, item.status]
            facts += [skill.name.get(language, "") for language in languages]
            rows.append(facts + [item.text.get(language, "") for language in languages])
    return rows


def items_csv(framework: Framework, languages: Sequence[str]) -> bytes:
    """Return the table of items as CSV, UTF-8 with a byte order mark so that spreadsheets read it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in item_rows(framework, languages):
        writer.writerow([neutralise(cell) if isinstance(cell, str) else cell for cell in row])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def items_xlsx(framework: Framework, languages: Sequence[str]) -> bytes:
    """Return items, scale and skills as a workbook with three sheets."""
    scale: list[list[object]] = [["value", *languages]]
    columns = [answers(framework, language) for language in languages]
    scale += [[entries[0][0], *(label for _, label in entries)] for entries in zip(*columns, strict=True)]
    skills: list[list[object]] = [["skill_id", "cluster", *(f"name_{language}" for language in languages)]]
    skills[0] += ["definition", "esco_uri", "esco_match", "esco_version"]
    first = framework.languages[0]
    for skill in framework.skills:
        esco = skill.esco
        skills.append(
            [
                skill.id, skill.cluster, *(skill.name.get(language, "") for language in languages),
                skill.definition.get(first, ""), esco.uri if esco else "", esco.match if esco else "none",
                esco.version if esco else "",
            ]
        )  # fmt: skip
    return workbook_bytes({"items": item_rows(framework, languages), "scale": scale, "skills": skills})
