"""Reader for SurveyMonkey exports: a row of questions above a row of answer options."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .layout import (
    RECOGNISED,
    Layout,
    first_records,
    from_header_row,
    lay_out,
    plain,
    read_raw,
    refuse,
    some,
    with_notes,
)
from .table import ColumnInfo, RawTable, ReadOptions

_FIRST = ("respondentid", "respondent id")
_ONLY_ANSWER = {
    "response", "open-ended response", "antwort", "offene antwort", "réponse", "réponse ouverte", "respuesta",
    "respuesta abierta", "risposta", "risposta aperta", "resposta", "resposta aberta", "antwoord", "open antwoord",
    "odpowiedź", "vastaus",
}  # fmt: skip


def sniff(path: Path, head: bytes) -> float:
    """Return whether the first column is SurveyMonkey's number of the respondent."""
    records = first_records(path, head)
    return RECOGNISED if records and _is_first(records[0]) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read an export of SurveyMonkey (CSV or XLSX, all responses, one or two header rows).

    Parameters
    ----------
    path : pathlib.Path
        The export.
    options : ReadOptions
        There is no companion; `encoding` and `separator` count for text.

    Returns
    -------
    RawTable
        A column is called as its question; where one question has several columns, ``question [option]``.
        Columns that hold their own option or nothing are boxes to tick (`kind` ``checkbox``).

    Raises
    ------
    InputError
        For a file whose first column is not RespondentID.
    """
    raw = from_header_row(read_raw(path, options), options)
    if not raw.records or not _is_first(raw.records[0]):
        raise refuse(path, "SurveyMonkey", "a first column RespondentID")
    questions = [plain(cell) for cell in raw.records[0]]
    two = len(raw.records) > 1 and not raw.records[1][0].strip()
    answers = [plain(cell) for cell in raw.records[1]] if two else []
    width = max(len(questions), len(answers))
    questions += [""] * (width - len(questions))
    answers += [""] * (width - len(answers))
    headers, columns = _combine(questions, answers)
    table = lay_out(raw, Layout(headers, 0, 2 if two else 1, columns), path, "surveymonkey")
    return _mark_boxes(table, dict(zip(headers, answers, strict=True)))


def _is_first(record: tuple[str, ...] | list[str]) -> bool:
    return bool(record) and record[0].strip().lower() in _FIRST


def _combine(questions: list[str], answers: list[str]) -> tuple[list[str], list[ColumnInfo]]:
    headers, columns = [], []
    question = ""
    for number, (asked, option) in enumerate(zip(questions, answers, strict=True)):
        question = asked or (question if option else "")
        more = number + 1 < len(questions) and not questions[number + 1] and bool(answers[number + 1])
        alone = bool(asked) and not more
        plainly = not option or (alone and option.lower() in _ONLY_ANSWER)
        header = question if plainly else f"{question} [{option}]"
        headers.append(header)
        columns.append(ColumnInfo(text=header))
    return headers, columns


def _mark_boxes(table: RawTable, options: dict[str, str]) -> RawTable:
    boxes = []
    for name in table.frame.columns:
        option = options.get(name)
        filled = {plain(cell) for cell in table.frame[name].unique()} - {""}
        if option and filled == {option} and name in table.columns:
            boxes.append(name)
            table.columns[name] = replace(table.columns[name], kind="checkbox")
    return with_notes(table, [f"boxes to tick, one column for each option: {some(boxes)}"] if boxes else [])
