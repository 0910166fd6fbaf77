"""What LimeSurvey makes of a tab-separated survey: a model of its importer, field by field.

Written from the behaviour of ``TSVImportSurvey`` in LimeSurvey 4 and later, in its
``application/helpers/admin/import_helper.php``; no line of it was taken over. What PHP calls empty (nothing, or the
text ``0``) is empty here too.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import Any

_KNOWN = {"class", "type/scale", "name", "text", "validation", "relevance", "help", "language", "mandatory", "other",
          "same_default", "same_script", "default"}  # fmt: skip
CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,19}")
"""What the model of a question accepts as its code; another one is renamed."""

ANSWER_CODE_LENGTH = 5


@dataclass
class Imported:
    """The tables that the importer fills."""

    settings: dict[str, str] = field(default_factory=dict)
    titles: dict[str, dict[str, str]] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    attributes: list[tuple[int, str, str]] = field(default_factory=list)


def import_survey(data: bytes) -> Imported:
    """Return what LimeSurvey holds after the import of a file."""
    found = Imported()
    rows = _rows(data)
    for row in rows:
        if row["class"] == "S":
            found.settings[row["name"]] = row["text"]
        elif row["class"] == "SL":
            found.titles.setdefault(row["language"], {})[row["name"]] = row["text"]
    base = found.settings.get("language", "en")
    groups: dict[str, int] = {}
    questions: dict[str, tuple[int, int]] = {}
    language, counter, group, question, order, n_answers = "", 0, 0, 0, 0, 0
    for row in rows:
        if row["class"] == "G":
            spoken = row.get("language") or base
            counter = counter if spoken == language else 0
            language = spoken
            key = row.get("type/scale", "")
            if key in ("", "0"):
                key, counter = f"G{counter}", counter + 1
            group = groups.setdefault(key, len(groups) + 1)
            order = 0
            found.groups.append({"gid": group, "group_name": row["name"], "language": spoken,
                                 "grelevance": row.get("relevance", "")})  # fmt: skip
        elif row["class"] == "Q":
            key = f"G{group}_{row['name']}"
            if key not in questions:
                questions[key] = len(questions) + 1, order
                order += 1
            question, place = questions[key]
            n_answers = 0
            found.questions.append(
                {"qid": question, "gid": group, "type": row["type/scale"], "title": row["name"],
                 "question": row["text"], "language": row.get("language", base), "question_order": place,
                 "mandatory": row.get("mandatory", ""), "other": row.get("other", "N"),
                 "encrypted": row.get("encrypted", "N"), "relevance": row.get("relevance", ""),
                 "same_default": row.get("same_default", "0")}
            )  # fmt: skip
            found.attributes += [(question, name, cell) for name, cell in row.items() if name not in _KNOWN and cell]
        elif row["class"] == "A":
            n_answers += 1
            found.answers.append(
                {"qid": question, "code": row["name"], "answer": row["text"], "scale_id": row.get("type/scale", "0"),
                 "language": row.get("language", base), "sortorder": n_answers}
            )  # fmt: skip
    return found


def _rows(data: bytes) -> list[dict[str, str]]:
    text = re.sub("\r\n|[\n\v\f\r\u0085\u2028\u2029]", "\n", data.decode("utf-8"))
    records = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    header = [cell.strip() for cell in records[0]]
    header[0] = re.sub(r"^\W+", "", header[0])
    return [
        {name: _unwrapped(record[place]) if place < len(record) else "" for place, name in enumerate(header)}
        for record in records[1:]
    ]


def _unwrapped(cell: str) -> str:
    """Take away quotation marks around a cell, as the importer does once more after the cells were cut."""
    return cell[1:-1].replace('""', '"') if re.fullmatch(r'".*"', cell) else cell
