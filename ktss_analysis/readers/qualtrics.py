"""Reader for Qualtrics exports: two header rows (legacy) or three (ids, texts, ImportId), with the QSF as companion."""

from __future__ import annotations

import re
from pathlib import Path

from .layout import (
    RECOGNISED,
    Layout,
    count_values,
    first_records,
    from_header_row,
    lay_out,
    multiple_note,
    plain,
    read_raw,
    refuse,
    some,
    with_notes,
)
from .qualtrics_survey import Survey, read_survey
from .table import ColumnInfo, RawTable, ReadOptions

_SYSTEM = {
    "StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)", "Finished", "RecordedDate",
    "ResponseId", "ResponseID", "ResponseSet", "Name", "RecipientLastName", "RecipientFirstName", "RecipientEmail",
    "ExternalReference", "ExternalDataReference", "EmailAddress", "DistributionChannel", "UserLanguage",
    "LocationLatitude", "LocationLongitude", "LocationAccuracy",
}  # fmt: skip
_IMPORT_ID = re.compile(r"""\{\s*["']ImportId["']\s*:\s*["']([^"']*)["']""")
_STATUS = {
    "0": "IP address", "1": "Survey preview", "2": "Survey test", "4": "Imported", "8": "Spam",
    "9": "Survey preview, spam", "12": "Imported, spam", "16": "Offline", "17": "Offline survey preview",
}  # fmt: skip
_NO_ANSWERS = {
    **{code: _STATUS[code] for code in ("1", "2", "8", "9", "12", "17")},
    "Survey Preview": "Survey preview", "Survey Test": "Survey test", "Spam": "Spam", "Possible Spam": "Spam",
    "Spam (Preview)": "Survey preview, spam", "Preview Spam": "Survey preview, spam",
    "Offline Survey Preview": "Offline survey preview",
}  # fmt: skip
_SYSTEM_LABELS = {"Status": _STATUS, "Finished": {"0": "False", "1": "True"}}
_SEEN_BUT_UNANSWERED = "-99"


def sniff(path: Path, head: bytes) -> float:
    """Return whether ids, texts and ImportId rows of Qualtrics stand on top of the file."""
    return RECOGNISED if _n_headers(first_records(path, head)) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read an export of Qualtrics (CSV, TSV or XLSX).

    Parameters
    ----------
    path : pathlib.Path
        The export.
    options : ReadOptions
        `structure` may be the survey's QSF file: value labels, question types and translations then stand in
        `RawTable.columns`.

    Returns
    -------
    RawTable
        One column per id of the first header row (the names of the second row for the V1 to V10 of a legacy
        export). Previews, tests and spam stay rows here; a note counts them. ``-99`` that the survey has no label
        for is declared as missing: Qualtrics writes it for a question seen and not answered.

    Raises
    ------
    InputError
        For a file without these headers, and for a companion that is no QSF file.
    """
    raw = from_header_row(read_raw(path, options), options)
    n_headers = _n_headers(tuple(tuple(record) for record in raw.records[:3]))
    if not n_headers:
        raise refuse(path, "Qualtrics", "a row of ids (StartDate, ResponseId, Q1, ...) above a row of question texts")
    ids = [cell.strip() for cell in raw.records[0]]
    texts = [*map(plain, raw.records[1]), *[""] * len(ids)][: len(ids)]
    imported = _import_ids(raw.records[2]) if n_headers == 3 else []
    imported = [*imported, *[""] * len(ids)][: len(ids)]
    headers = [
        text if re.fullmatch(r"V\d+", name) and text in _SYSTEM else name for name, text in zip(ids, texts, strict=True)
    ]  # fmt: skip
    survey = None if options.structure is None else read_survey(options.structure)
    columns = [_describe(*facts, survey) for facts in zip(headers, texts, imported, strict=True)]
    table = lay_out(raw, Layout(headers, 0, n_headers, columns), path, "qualtrics")
    table = _declare_unanswered(table)
    return with_notes(table, [*_status_notes(table), *multiple_note(table, _coded_lists(table), ",")])


def _n_headers(records: tuple[tuple[str, ...], ...]) -> int:
    """Return 3 or 2 header rows, or 0 for a file that is not Qualtrics."""
    if len(records) < 2:
        return 0
    names = {cell.strip() for cell in records[0]}
    if len(names & _SYSTEM) >= 3 and len(records) > 2:
        found = [bool(_IMPORT_ID.match(cell.strip())) for cell in records[2]]
        if sum(found) >= 0.5 * len(found):
            return 3
    below = {cell.strip() for cell in records[1]}
    legacy = {f"V{number}" for number in range(1, 9)} <= names and len(below & _SYSTEM) >= 5
    # in the rows of ids and texts, Qualtrics calls its own columns by one name
    same = sum(1 for name, text in zip(records[0], records[1], strict=False) if name.strip() == text.strip() != "")
    return 2 if legacy or (len(names & _SYSTEM & below) >= 5 and same >= 5) else 0


def _import_ids(record: list[str]) -> list[str]:
    return [match.group(1) if (match := _IMPORT_ID.match(cell.strip())) else "" for cell in record]


def _describe(name: str, text: str, imported: str, survey: Survey | None) -> ColumnInfo:
    if name in _SYSTEM:
        return ColumnInfo(text=text, labels=dict(_SYSTEM_LABELS.get(name, {})), kind="system")
    if survey is None:
        return ColumnInfo(text=text)
    found = survey.column(name, imported)
    return ColumnInfo(text, dict(found.labels), (), dict(found.texts), found.kind) if found else ColumnInfo(text=text)


def _declare_unanswered(table: RawTable) -> RawTable:
    columns = dict(table.columns)
    changed = []
    for name, info in table.columns.items():
        open_code = info.kind != "system" and bool(info.labels) and _SEEN_BUT_UNANSWERED not in info.labels
        if open_code and (table.frame[name] == _SEEN_BUT_UNANSWERED).any():
            changed.append(name)
            columns[name] = ColumnInfo(info.text, info.labels, (_SEEN_BUT_UNANSWERED,), info.texts, info.kind)
    if not changed:
        return table
    table.columns.update(columns)
    return with_notes(table, [f"-99 means seen and not answered, and is declared as missing: {some(changed)}"])


def _status_notes(table: RawTable) -> list[str]:
    if "Status" not in table.frame.columns:
        return []
    found = count_values(table, "Status", _NO_ANSWERS)
    if not found:
        return []
    kinds = ", ".join(f"{meaning} {count}" for meaning, count in found.items())
    return [f"rows that are no participants' answers by column 'Status' ({kinds}); test_answers of the source decides"]


def _coded_lists(table: RawTable) -> list[str]:
    """Return the columns in which all cells are codes and some hold several, as ``1,4,5``."""
    found = []
    for name in table.frame.columns:
        cells = [cell for cell in table.frame[name] if cell]
        if any("," in cell for cell in cells) and all(re.fullmatch(r"-?\d+(?:,-?\d+)*", cell) for cell in cells):
            found.append(name)
    return found
