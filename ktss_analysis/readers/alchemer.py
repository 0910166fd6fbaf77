"""Reader for Alchemer (formerly SurveyGizmo) exports: one header row, ``option:question`` where parts are asked."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

from .layout import (
    RECOGNISED,
    Layout,
    count_values,
    first_records,
    from_header_row,
    lay_out,
    multiple_note,
    option_columns,
    plain,
    read_raw,
    refuse,
    with_notes,
)
from .table import ColumnInfo, RawTable, ReadOptions

_NEEDED = frozenset(("time started", "date submitted", "status"))
_SYSTEM = _NEEDED | {
    "response id", "contact id", "legacy comments", "comments", "language", "referer", "sessionid", "user agent",
    "extended referer", "longitude", "latitude", "country", "city", "state/region", "postal", "ip address", "tags",
    "link name", "url variables",
}  # fmt: skip
_NOT_COMPLETE = {"Partial": "Partial", "Disqualified": "Disqualified", "Deleted": "Deleted"}


def sniff(path: Path, head: bytes) -> float:
    """Return whether Alchemer's own columns stand in the header."""
    records = first_records(path, head)
    return RECOGNISED if records and _is_header(records[0]) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read an export of Alchemer (CSV or XLSX).

    Parameters
    ----------
    path : pathlib.Path
        The export.
    options : ReadOptions
        There is no companion.

    Returns
    -------
    RawTable
        Headers are the texts of the file. `ColumnInfo.text` of a question with parts is ``question [option]``.
        Partial and disqualified responses stay rows, and cells with several answers stay as they are; notes
        name them.

    Raises
    ------
    InputError
        For a file without the columns Time Started, Date Submitted and Status.
    """
    raw = from_header_row(read_raw(path, options), options)
    if not raw.records or not _is_header(raw.records[0]):
        raise refuse(path, "Alchemer", "columns Time Started, Date Submitted and Status")
    headers = [" ".join(cell.split()) for cell in raw.records[0]]
    shared = _shared_questions(headers)
    columns = [_describe(header, shared) for header in headers]
    table = lay_out(raw, Layout(headers, 0, 1, columns), path, "alchemer")
    found = count_values(table, "Status", _NOT_COMPLETE) if "Status" in table.frame.columns else {}
    notes = ", ".join(f"{meaning} {count}" for meaning, count in found.items())
    comments = [f"rows that are not complete by column 'Status': {notes}"] if notes else []
    return with_notes(
        table, [*comments, *multiple_note(table, option_columns(table, partial(str.split, sep=";")), ";")]
    )


def _is_header(record: tuple[str, ...] | list[str]) -> bool:
    return {cell.strip().lower() for cell in record} >= _NEEDED


def _splits(header: str) -> list[tuple[str, str]]:
    """Return the ways to cut ``option:question``, shortest option first."""
    places = [place for place, sign in enumerate(header) if sign == ":"]
    cuts = [(header[:place].rstrip(": "), header[place + 1 :].strip(": ")) for place in places]
    return [(option, question) for option, question in cuts if option and question]


def _shared_questions(headers: list[str]) -> set[str]:
    """Return the texts that several headers end with: the questions that have parts."""
    counts = Counter(question for header in headers for question in {question for _, question in _splits(header)})
    whole = set(headers)
    return {question for question, count in counts.items() if count > 1 or question in whole}


def _describe(header: str, shared: set[str]) -> ColumnInfo:
    if header.lower() in _SYSTEM:
        return ColumnInfo(text=header, kind="system")
    for option, question in _splits(header):
        if question in shared:
            return ColumnInfo(text=f"{plain(question)} [{plain(option)}]")
    return ColumnInfo(text=plain(header))
