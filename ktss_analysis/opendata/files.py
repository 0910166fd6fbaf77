"""Glossary and workbook of a run's published results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from ..csvfile import write_csv
from ..display.book import Book
from ..display.sentences import verdict_groups
from ..files import write_atomic
from ..rules import Rules
from ..study import Study
from ..workbook import workbook_bytes
from .descriptor import STAMP, package_facts
from .schema import glossary_table

STATUSES: Final = ("ok", "too_few", "undefined", "masked")
STREAMS: Final = ("relevance", "consensus", "items", "salience")

Rows = list[Sequence[object]]


def build_open_data(rows: pd.DataFrame, study: Study, rules: Rules, out: Path) -> None:
    """Write ``glossary.csv``, ``results.xlsx`` and the facts of the data package.

    Parameters
    ----------
    rows : pandas.DataFrame
        Published results, after masking.
    study, rules
        The files behind them.
    out : pathlib.Path
        Folder to write to; it is made when absent.
    """
    write_csv(glossary_table(), out / "glossary.csv")
    write_atomic(out / "results.xlsx", results_workbook(rows, study, rules))
    facts = json.dumps(package_facts(study, rules), ensure_ascii=False, indent=1)
    write_atomic(out / "package.json", facts + "\n")


def results_workbook(rows: pd.DataFrame, study: Study, rules: Rules) -> bytes:
    """Return a workbook with the sheets about, results, glossary and decisions."""
    sheets = {
        "about": _about(rows, study, rules),
        "decisions": _decisions(Book(rows, study, rules)),
        "results": _sheet(rows),
        "glossary": _sheet(glossary_table()),
    }
    return workbook_bytes(sheets, header=STAMP if study.synthetic else "")


def _about(rows: pd.DataFrame, study: Study, rules: Rules) -> Rows:
    facts = package_facts(study, rules)
    counts = rows["status"].value_counts()
    hashes = [(f"SHA-256 of the {name} file", value) for name, value in facts["sha256"].items()]
    return [
        ("about", "content"),
        ("title", facts["title"]),
        ("description", facts["description"]),
        ("authors", "; ".join(study.authors)),
        ("date", study.date),
        ("licence", study.licence),
        ("made by", facts["software"]),
        ("decision rules", facts["rules"]),
        *hashes,
        *((f"results with status {status}", int(counts.get(status, 0))) for status in STATUSES),
        ("sheet decisions", "verdict on every skill, the rule that decided, and grade and reason in every stream"),
        ("sheet results", "every published result; an empty cell has no value, status and reason say why"),
        ("sheet glossary", "what stands in the columns of these sheets and of the CSV files"),
    ]


def _sheet(frame: pd.DataFrame) -> Rows:
    """Return header and rows; a missing value is an empty cell."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [list(frame.columns), *plain.to_numpy().tolist()]


def _decisions(book: Book) -> Rows:
    """Return verdict, rule, grades and reasons of every skill in words."""
    head = ["skill_id", book.text("column.skill"), book.text("column.verdict"), book.text("column.rule")]
    table: Rows = [head + [book.text(f"stream.{stream}") for stream in STREAMS]]
    for verdict, skills in verdict_groups(book).items():
        for skill in skills:
            grades = []
            for stream in STREAMS:
                sign, reason = book.grade(skill, stream)
                grades.append(f"{book.text(f'grade.{sign}')}: {book.text(f'reason.{reason}')}")
            rule = str(book.row(f"decisions.verdict.{skill}")["reason"])
            table.append([skill, book.name(skill), book.text(f"verdict.{verdict}"), rule, *grades])
    return table
