"""Files that describe a survey and hold no answers: recognised, so that nobody reads one as a table by mistake."""

from __future__ import annotations

from pathlib import Path

from ..core import InputError
from .archive import looks_like_xml
from .layout import RECOGNISED, first_records
from .redcap_dictionary import is_dictionary
from .table import RawTable, ReadOptions
from .xlsform import looks_like_form


def sniff(path: Path, head: bytes) -> float:
    """Return whether the file is the survey of LimeSurvey or Qualtrics, REDCap's data dictionary, or an XLSForm."""
    return RECOGNISED if _kind(path, head) else 0.0


def read(path: Path, _options: ReadOptions) -> RawTable:
    """Refuse the file and say where it belongs.

    Raises
    ------
    InputError
        Always.
    """
    with path.open("rb") as stream:
        kind = _kind(path, stream.read(4096))
    raise InputError(
        f"the file is {kind}: it describes the questions and holds no answers", file=path.name,
        allowed="the file with the answers; name this one as its 'structure'",
    )  # fmt: skip


def _kind(path: Path, head: bytes) -> str:
    if looks_like_xml(head) and b"<LimeSurveyDocType>" in head:
        return "a LimeSurvey structure"
    if b'"SurveyEntry"' in head and head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "a Qualtrics survey (QSF)"
    records = first_records(path, head)
    if records and is_dictionary(records[0]):
        return "a REDCap data dictionary"
    return "an XLSForm" if looks_like_form(records) else ""
