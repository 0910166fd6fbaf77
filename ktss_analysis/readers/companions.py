"""Files that describe a survey and hold no answers: recognised, so that nobody reads one as a table by mistake."""

from __future__ import annotations

from pathlib import Path

from ..core import InputError
from .archive import looks_like_xml
from .layout import RECOGNISED, first_records
from .redcap_dictionary import is_dictionary
from .table import RawTable, ReadOptions
from .xlsform import looks_like_form

_LIMESURVEY = frozenset(["class", "type/scale", "name", "text", "language"])
_KINDS = {
    "limesurvey": "a LimeSurvey structure", "qualtrics": "a Qualtrics survey (QSF)",
    "redcap": "a REDCap data dictionary", "odk": "an XLSForm",
}  # fmt: skip


def sniff(path: Path, head: bytes) -> float:
    """Return whether the file is the survey of LimeSurvey or Qualtrics, REDCap's data dictionary, or an XLSForm."""
    return RECOGNISED if _format(path, head) else 0.0


def read(path: Path, _options: ReadOptions) -> RawTable:
    """Refuse the file and say where it belongs.

    Raises
    ------
    InputError
        Always.
    """
    raise InputError(
        f"the file is {_KINDS[companion_of(path)]}: it describes the questions and holds no answers", file=path.name,
        allowed="the file with the answers; name this one as its 'structure'",
    )  # fmt: skip


def companion_of(path: Path) -> str:
    """Return the format whose answers a file describes; empty for any other file."""
    try:
        with path.open("rb") as stream:
            return _format(path, stream.read(4096))
    except OSError:
        return ""


def _format(path: Path, head: bytes) -> str:
    if looks_like_xml(head) and b"<LimeSurveyDocType>" in head:
        return "limesurvey"
    if b'"SurveyEntry"' in head and head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "qualtrics"
    records = first_records(path, head)
    if not records:
        return ""
    if {cell.strip().lower() for cell in records[0]} >= _LIMESURVEY:
        return "limesurvey"
    if is_dictionary(records[0]):
        return "redcap"
    return "odk" if looks_like_form(records) else ""
