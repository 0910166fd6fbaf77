"""Reader for REDCap exports (raw or labels), with the project's data dictionary as companion."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .layout import RECOGNISED, Layout, first_records, from_header_row, lay_out, read_raw, refuse, some, with_notes
from .redcap_dictionary import Dictionary, read_dictionary
from .table import ColumnInfo, RawTable, ReadOptions

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BOX = re.compile(r"[a-z][a-z0-9_]*___[a-z0-9_]+")
_OWN = {
    "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group",
    "redcap_survey_identifier",
}  # fmt: skip
_LABELLED_BOX = re.compile(r"(.*\S)\s*\(choice=(.*)\)\s*$", re.DOTALL)
_COMPLETE = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}


def sniff(path: Path, head: bytes) -> float:
    """Return whether the header has REDCap's own columns, or its boxes or states of forms beside a record id."""
    records = first_records(path, head)
    return RECOGNISED if records and _is_header(records[0]) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read an export of REDCap.

    Parameters
    ----------
    path : pathlib.Path
        The CSV export, raw or with labels.
    options : ReadOptions
        `structure` may be the data dictionary (CSV of 18 columns, or the metadata export of the API): texts,
        value labels and field types then stand in `RawTable.columns`, and the headers of an export with
        labels become field names where their text is unique.

    Returns
    -------
    RawTable
        One column per field; boxes to tick are ``field___code`` with 1 and 0. Events, arms and repeated
        instruments stay rows; notes say which there are, so that ``when`` of the study file can choose.

    Raises
    ------
    InputError
        For a file without REDCap's columns when no dictionary is given, and for a companion that is no data
        dictionary.
    """
    raw = from_header_row(read_raw(path, options), options)
    dictionary = None if options.structure is None else read_dictionary(options.structure)
    headers = [" ".join(cell.split()) for cell in raw.records[0]] if raw.records else []
    if dictionary is None and not _is_header(headers):
        raise refuse(path, "REDCap", "columns such as record_id, form_complete, field___1; or give 'structure'")
    notes: list[str] = []
    if dictionary is not None:
        headers = [dictionary.name(header) for header in headers]
        unknown = [name for name in headers if name and not dictionary.knows(name) and not _is_own(name)]
        notes += [f"not in the data dictionary: {some(unknown)}"] if unknown else []
        if len(unknown) == len(headers):
            raise refuse(path, "this REDCap project", "a file with fields of the data dictionary given as 'structure'")
    columns = [_describe(name, dictionary) for name in headers]
    table = lay_out(raw, Layout(headers, 0, 1, columns, notes), path, "redcap")
    return with_notes(table, [*_row_notes(table), *_branching_notes(table, dictionary)])


def _is_header(record: Sequence[str]) -> bool:
    names = [cell.strip() for cell in record]
    if _OWN & set(names):
        return True
    labelled = [name for name in names if name == "Complete?" or _LABELLED_BOX.match(name)]
    if "Complete?" in labelled and len(labelled) > 1:
        return True
    if not all(_NAME.fullmatch(name) for name in names):
        return False
    states = any(name.endswith("_complete") for name in names)
    return states and (names[0] == "record_id" or any(_BOX.fullmatch(name) for name in names))


def _is_own(name: str) -> bool:
    return name in _OWN or name.endswith(("_complete", "_timestamp"))


def _describe(name: str, dictionary: Dictionary | None) -> ColumnInfo:
    if name in _OWN or name.endswith("_timestamp"):
        return ColumnInfo(kind="system")
    found = dictionary.column(name) if dictionary is not None else None
    if found is not None:
        return found
    if name.endswith("_complete"):
        return ColumnInfo(
            text=f"State of the form {name.removesuffix('_complete')}", labels=dict(_COMPLETE), kind="state"
        )
    return (
        ColumnInfo(labels={"1": "Checked", "0": "Unchecked"}, kind="checkbox") if _BOX.fullmatch(name) else ColumnInfo()
    )


def _row_notes(table: RawTable) -> list[str]:
    frame = table.frame
    notes = []
    for column, what in (("redcap_event_name", "events"), ("redcap_repeat_instrument", "repeated instruments")):
        if column in frame.columns:
            counts = frame.loc[frame[column] != "", column].value_counts(sort=False)
            listed = ", ".join(f"{name} ({count})" for name, count in counts.items())
            if listed:
                notes.append(f"a person has several rows; {what} in {column!r}: {listed}")
    return notes


def _branching_notes(table: RawTable, dictionary: Dictionary | None) -> list[str]:
    if dictionary is None:
        return []
    asked = [name for name in table.frame.columns if dictionary.branching(name)]
    return [f"asked of some people only (branching logic), so empty is not refused: {some(asked)}"] if asked else []
