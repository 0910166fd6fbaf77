"""The two files that describe a LimeSurvey survey: LSS (XML) and tab-separated text."""

from __future__ import annotations

from pathlib import Path

from ..core import InputError
from .archive import looks_like_xml, parse_xml
from .csv_reader import read_records
from .layout import plain
from .limesurvey_structure import Question, Structure, Texts
from .table import ReadOptions


def read_structure(path: Path) -> Structure:
    """Read the structure of a survey.

    Parameters
    ----------
    path : pathlib.Path
        LSS file, or the tab-separated text of the same survey.

    Raises
    ------
    InputError
        For XML that is damaged or declares entities, and for a file that describes no survey.
    """
    with path.open("rb") as stream:
        head = stream.read(512)
    structure = _read_lss(path) if looks_like_xml(head) else _read_tabbed(path)
    if not structure.columns:
        raise _no_structure(path)
    return structure


def _no_structure(path: Path) -> InputError:
    return InputError(
        "the structure file is no LimeSurvey survey",
        file=path.name, allowed="the LSS file (Display/Export, Survey structure) or its tab-separated text",
    )  # fmt: skip


def _read_lss(path: Path) -> Structure:
    root = parse_xml(path.read_bytes(), path)
    tables: dict[str, list[dict[str, str]]] = {}
    for table in root:
        rows = table.find("rows")
        tables[table.tag] = [{cell.tag: cell.text or "" for cell in row} for row in rows] if rows is not None else []
    languages = [entry.text or "" for entry in root.findall("languages/language")]
    settings = tables.get("surveys", [])
    base = settings[0].get("language", "") if settings else ""
    return Structure(_questions(tables), base or (languages[0] if languages else "en"))


def _questions(tables: dict[str, list[dict[str, str]]]) -> list[Question]:
    """Build the questions from the tables of the file; texts stand in it, or since version 4 in tables of their own."""
    found: dict[str, Question] = {}
    order: list[str] = []
    parts: list[tuple[str, str]] = []
    for name in ("questions", "subquestions"):
        for row in tables.get(name, []):
            key, parent = row.get("qid", ""), row.get("parent_qid", "0")
            if key not in found:
                scale, other = row.get("scale_id") or "0", row.get("other") == "Y"
                found[key] = Question(row.get("title", ""), row.get("type", ""), scale=scale, other=other)
                if parent not in ("", "0"):
                    parts.append((parent, key))
                else:
                    order.append(key)
            if "question" in row:
                found[key].texts[row.get("language", "")] = plain(row["question"])
    for row in tables.get("question_l10ns", []):
        if row.get("qid") in found:
            found[row["qid"]].texts[row.get("language", "")] = plain(row.get("question", ""))
    for parent, key in parts:
        if parent in found:
            found[parent].parts.append(found[key])
    _add_answers(found, tables)
    return [found[key] for key in order]


def _add_answers(found: dict[str, Question], tables: dict[str, list[dict[str, str]]]) -> None:
    numbered: dict[str, Texts] = {}
    for row in sorted(tables.get("answers", []), key=_place):
        if row.get("qid") not in found:
            continue
        texts = found[row["qid"]].answers[row.get("scale_id") or "0"].setdefault(row.get("code", ""), {})
        if "answer" in row:
            texts[row.get("language", "")] = plain(row["answer"])
        numbered[row.get("aid", "")] = texts
    for row in tables.get("answer_l10ns", []):
        if row.get("aid") in numbered:
            numbered[row["aid"]][row.get("language", "")] = plain(row.get("answer", ""))


def _place(row: dict[str, str]) -> int:
    place = row.get("sortorder", "")
    return int(place) if place.isdecimal() else 0


def _read_tabbed(path: Path) -> Structure:
    raw = read_records(path, ReadOptions(separator="tab"))
    header = [cell.strip().lower() for cell in raw.records[0]]
    if not {"class", "type/scale", "name", "text", "language"} <= set(header):
        raise _no_structure(path)
    base, order = "en", []
    questions: dict[str, Question] = {}
    part: dict[tuple[str, str, str], Question] = {}
    current = ""
    for record in raw.records[1:]:
        row = dict(zip(header, [*record, *[""] * len(header)], strict=False))
        kind, scale, name, language = row["class"], row["type/scale"], row["name"], row["language"]
        if kind == "S" and name == "language":
            base = row["text"] or base
        elif kind == "Q":
            current = name
            if name not in questions:
                questions[name] = Question(name, scale, other=row.get("other", "") == "Y")
                order.append(name)
            questions[name].texts[language] = plain(row["text"])
        elif kind == "SQ" and current:
            key = (current, scale or "0", name)
            if key not in part:
                part[key] = Question(name, "", scale=scale or "0")
                questions[current].parts.append(part[key])
            part[key].texts[language] = plain(row["text"])
        elif kind == "A" and current:
            questions[current].answers[scale or "0"].setdefault(name, {})[language] = plain(row["text"])
    return Structure([questions[name] for name in order], base)
