"""Reader for exports of ODK Central and KoboToolbox, with the XLSForm as companion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..core import InputError
from . import csv_reader, excel_reader
from .layout import RECOGNISED, first_records
from .table import ColumnInfo, RawTable, ReadOptions
from .xlsform import Form, Question, read_form

_KOBO = frozenset(["_id", "_uuid", "_submission_time"])
_ODK = frozenset(["KEY", "SubmissionDate"])
_SYSTEM = frozenset(
    [
        "start", "end", "today", "deviceid", "username", "audit", "__version__", "_id", "_uuid", "_submission_time",
        "_validation_status", "_notes", "_status", "_submitted_by", "_tags", "_index", "_attachments", "formhub/uuid",
        "_parent_index", "_parent_table_name", "_submission__id", "_submission__uuid", "SubmissionDate", "KEY",
        "PARENT_KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status",
        "ReviewState", "DeviceID", "Edits", "FormVersion", "meta-instanceID", "meta-instanceName", "meta-entity-label",
        "meta/instanceID", "meta/rootUuid", "meta/deprecatedID", "instanceID", "instanceName",
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Column:
    """A column under its new name, and what is known about it."""

    name: str
    info: ColumnInfo = field(default_factory=ColumnInfo)
    several: bool = False


def sniff(path: Path, head: bytes) -> float:
    """Return whether the header has the columns that every export of ODK Central or KoboToolbox has."""
    records = first_records(path, head)
    return RECOGNISED if records and _is_header(records[0]) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read an export of ODK Central or KoboToolbox.

    Parameters
    ----------
    path : pathlib.Path
        CSV or XLSX of all submissions; a repeat is a sheet or a file of its own.
    options : ReadOptions
        `structure` may be the XLSForm. Then question texts in all languages, labels of choices and types stand in
        `RawTable.columns`, and headers become the names of the questions, also where the export shows texts as
        headers or joins groups with ``-``.

    Returns
    -------
    RawTable
        ``group/name`` becomes ``name`` where that is unique. A question with several answers keeps its cell
        (``a b``), and each choice its column ``name/choice`` with 1 and 0; notes name them.

    Raises
    ------
    InputError
        For a file without such columns when no form is given, and for a companion that is no XLSForm.
    """
    with path.open("rb") as stream:
        workbook = excel_reader.sniff(path, stream.read(8)) > 0
    table = (excel_reader if workbook else csv_reader).read(path, options)
    headers = [str(name) for name in table.frame.columns]
    form = None if options.structure is None else read_form(options.structure)
    if form is None and not _is_header(headers):
        raise InputError(
            "the file does not look like an export of ODK Central or KoboToolbox", file=path.name,
            allowed="columns _id, _uuid, _submission_time, or KEY, SubmissionDate; or give the form as 'structure'",
        )  # fmt: skip
    columns = _without_form(headers) if form is None else _with_form(headers, form)
    columns = _unique(columns, headers)
    notes = list(table.notes)
    several = [column.name for column in columns if column.several]
    if several:
        notes.append(f"several answers in one cell, joined by ' ': {', '.join(map(repr, several))}")
    if form is not None:
        found = {column.name for column in columns}
        absent = [q.name for q in form.questions if q.kind not in ("note", "calculate") and q.name not in found]
        if absent:
            notes.append(f"questions of the form without a column: {', '.join(map(repr, absent[:12]))}")
    elif any("-" in header for header in headers if header not in _SYSTEM and "KEY" in headers):
        notes.append("groups are joined with '-', which names may hold too: give the form as 'structure'")
    names = [column.name for column in columns]
    described = {column.name: column.info for column in columns if column.info != ColumnInfo()}
    return replace(
        table, frame=table.frame.set_axis(names, axis="columns"), format="odk", notes=tuple(notes), columns=described
    )


def _is_header(cells: Iterable[str]) -> bool:
    names = {cell.strip() for cell in cells}
    return names >= _KOBO or names >= _ODK or bool(names & {"meta-instanceID", "meta/instanceID"})


def _without_form(headers: list[str]) -> list[_Column]:
    """Drop the groups; ``name/choice`` is known by the column ``name`` beside it."""
    known = set(headers)
    columns = []
    for header in headers:
        if header in _SYSTEM:
            columns.append(_Column(header, ColumnInfo(kind="system")))
            continue
        question, _, choice = header.rpartition("/")
        if question in known:
            columns.append(_Column(f"{question.rpartition('/')[2]}/{choice}"))
            continue
        several = any(other.startswith(f"{header}/") for other in known)
        columns.append(_Column(choice, several=several))
    return columns


def _with_form(headers: list[str], form: Form) -> list[_Column]:
    places = _places(form)
    columns = []
    for header in headers:
        if header in _SYSTEM and header not in {question.name for question in form.questions}:
            columns.append(_Column(header, ColumnInfo(kind="system")))
            continue
        question = places.get(header)
        if question is not None:
            columns.append(_Column(question.name, _describe(question, form), question.kind == "select_multiple"))
            continue
        start, _, end = header.rpartition("/")
        question = places.get(start)
        choice = None if question is None else _choice(question, end)
        if question is not None and choice is not None:
            text = f"{form.text(question.texts)} [{form.text(question.choices[choice]) or choice}]"
            columns.append(_Column(f"{question.name}/{choice}", ColumnInfo(text=text.strip(), kind="choice")))
        else:
            columns.append(_Column(header))
    return columns


def _places(form: Form) -> dict[str, Question]:
    """Return every header under which a question may stand; a header that two questions share belongs to none."""
    found: dict[str, Question | None] = {}
    for question in form.questions:
        path = (*question.groups, question.name)
        spelled = {"/".join(path), "-".join(path), "_".join(path)}
        for name in spelled:
            found[name] = None if name in found else question
    # bare names and texts only where nothing stands there under its full name
    loose: dict[str, Question | None] = {}
    for question in form.questions:
        for name in {question.name, *(text for text in question.texts.values() if text)}:
            loose[name] = None if loose.get(name, question) is not question else question
    loose.update(found)
    return {name: question for name, question in loose.items() if question is not None}


def _choice(question: Question, text: str) -> str | None:
    if text in question.choices:
        return text
    same = [name for name, labels in question.choices.items() if text in labels.values()]
    return same[0] if len(same) == 1 else None


def _describe(question: Question, form: Form) -> ColumnInfo:
    labels = {name: form.text(texts) or name for name, texts in question.choices.items()}
    texts = {language: text for language, text in question.texts.items() if language}
    return ColumnInfo(
        text=form.text(question.texts), kind=question.kind, texts=texts,
        labels=labels if question.kind == "select_one" else {},
    )  # fmt: skip


def _unique(columns: list[_Column], headers: list[str]) -> list[_Column]:
    """Give a column its whole header back where two would have one name."""
    counts = Counter(column.name for column in columns)
    return [
        column if counts[column.name] == 1 else replace(column, name=header)
        for column, header in zip(columns, headers, strict=True)
    ]
