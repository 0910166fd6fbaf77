"""Reader for Microsoft Forms: the XLSX of all responses."""

from __future__ import annotations

import re
from pathlib import Path

from .layout import (
    RECOGNISED,
    Layout,
    first_records,
    from_header_row,
    lay_out,
    multiple_note,
    plain,
    read_raw,
    refuse,
    with_notes,
)
from .table import ColumnInfo, RawTable, ReadOptions

_START = {
    "start time", "startzeit", "heure de début", "hora de inicio", "ora di inizio", "begintijd",
    "godzina rozpoczęcia", "alkamisaika", "hora de início",
}  # fmt: skip
_END = {
    "completion time", "fertigstellungszeit", "heure de fin", "hora de finalización", "ora di completamento",
    "tijd van voltooien", "godzina ukończenia", "valmistumisaika", "hora de conclusão",
}  # fmt: skip
_SYSTEM = {
    "email", "e-mail", "adresse de messagerie", "correo electrónico", "posta elettronica", "name", "naam", "nom",
    "nombre", "nome", "last modified time", "tijd van laatste wijziging", "language", "langue", "total points",
    "quiz feedback", "grade posted time",
}  # fmt: skip
_FIRST = ("id", "identyfikator", "tunnus")
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")


def sniff(path: Path, head: bytes) -> float:
    """Return whether ID, start time and completion time are the first three columns.

    In a language whose words are not known here, an id column followed by two columns of ordered date and
    time in a workbook counts as well, when nobody's name for them stands in the header.
    """
    records = first_records(path, head)
    return RECOGNISED if records and (_is_header(records[0]) or _looks_dated(records)) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read the responses of a Microsoft form.

    Parameters
    ----------
    path : pathlib.Path
        The workbook (or the same table saved as CSV).
    options : ReadOptions
        There is no companion.

    Returns
    -------
    RawTable
        Headers are the question texts; Forms numbers repeated ones itself (``Name2``). Points and feedback
        of a quiz are of `kind` ``quiz``. Cells with several answers end with ``;`` and stay as they are.

    Raises
    ------
    InputError
        For a file without ID, start and completion time in the first three columns.
    """
    raw = from_header_row(read_raw(path, options), options)
    start = tuple(tuple(record) for record in raw.records[:8])
    if not start or not (_is_header(start[0]) or _looks_dated(start)):
        raise refuse(path, "Microsoft Forms", "the first columns ID, Start time, Completion time, Email, Name")
    headers = [" ".join(cell.split()) for cell in raw.records[0]]
    columns = [_describe(header, number) for number, header in enumerate(headers)]
    table = lay_out(raw, Layout(headers, 0, 1, columns), path, "microsoft_forms")
    lists = [name for name in table.frame.columns if _is_list(table.frame[name].tolist())]
    return with_notes(table, multiple_note(table, lists, ";"))


def _is_header(record: tuple[str, ...]) -> bool:
    names = [" ".join(cell.split()).lower() for cell in record[:3]]
    return len(names) == 3 and names[0] in _FIRST and names[1] in _START and names[2] in _END


def _looks_dated(records: tuple[tuple[str, ...], ...]) -> bool:
    if len(records) < 2 or len(records[0]) < 6 or records[0][0].strip().lower() not in _FIRST:
        return False
    rows = [record for record in records[1:] if len(record) > 2]
    dated = all(_DATED.match(record[1]) and _DATED.match(record[2]) and record[1] <= record[2] for record in rows)
    return bool(rows) and dated and all(record[0].isdigit() for record in rows)


def _describe(header: str, number: int) -> ColumnInfo:
    folded = header.lower()
    if number < 3 or (number < 9 and folded in _SYSTEM):
        return ColumnInfo(text=header, kind="system")
    return ColumnInfo(text=plain(header), kind="quiz" if folded.startswith(("points - ", "feedback - ")) else "")


def _is_list(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(cell.rstrip().endswith(";") for cell in filled)
