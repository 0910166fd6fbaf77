"""The readers, and which of them opens a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..core import InputError
from . import (
    alchemer,
    code_list,
    coded_segments,
    companions,
    csv_reader,
    eusurvey,
    excel_reader,
    google_forms,
    jisc,
    limesurvey,
    marked_text,
    microsoft_forms,
    odk,
    parquet_reader,
    qualtrics,
    redcap,
    refi_qda,
    self_assessment,
    statistical,
    surveymonkey,
)
from .chunks import RawChunks
from .layout import OtherLayoutError
from .table import RawTable, ReadOptions

_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Reader:
    """One module that reads one family of formats.

    Parameters
    ----------
    name : str
        Name in messages.
    formats : tuple of str
        Values of a source's `format` that ask for this reader.
    sniff : callable
        ``sniff(path, head) -> float``: how likely this reader is the right one, 0 to 1, from the name and the
        first bytes.
    read : callable
        ``read(path, options) -> RawTable``, see `ReadOptions`.
    chunks : callable, optional
        ``chunks(path, options, n_rows) -> RawChunks`` for a format that can be read piece by piece.
    """

    name: str
    formats: tuple[str, ...]
    sniff: Callable[[Path, bytes], float]
    read: Callable[[Path, ReadOptions], RawTable]
    chunks: Callable[[Path, ReadOptions, int | None], RawChunks] | None = None


READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        Reader("text table", ("csv", "tsv"), csv_reader.sniff, csv_reader.read, csv_reader.chunks),
        Reader("workbook", ("xlsx", "xls", "ods"), excel_reader.sniff, excel_reader.read),
        Reader("SPSS file", ("spss",), statistical.sniff_spss, statistical.read_spss),
        Reader("Stata file", ("stata",), statistical.sniff_stata, statistical.read_stata),
        Reader("qualitative project", ("refi_qda",), refi_qda.sniff, refi_qda.read),
        Reader("marked-up text", ("marked_text",), marked_text.sniff, marked_text.read),
        Reader("coded segments", ("coded_segments",), coded_segments.sniff, coded_segments.read),
        Reader("list of codes", ("code_list",), code_list.sniff, code_list.read),
        Reader("result of the self-assessment", ("self_assessment",), self_assessment.sniff, self_assessment.read),
        Reader("Parquet file", ("parquet",), parquet_reader.sniff, parquet_reader.read, parquet_reader.chunks),
        Reader("LimeSurvey", ("limesurvey",), limesurvey.sniff, limesurvey.read),
        Reader("Qualtrics", ("qualtrics",), qualtrics.sniff, qualtrics.read),
        Reader("Google Forms", ("google_forms",), google_forms.sniff, google_forms.read),
        Reader("Microsoft Forms", ("microsoft_forms",), microsoft_forms.sniff, microsoft_forms.read),
        Reader("EUSurvey", ("eusurvey",), eusurvey.sniff, eusurvey.read),
        Reader("REDCap", ("redcap",), redcap.sniff, redcap.read),
        Reader("SurveyMonkey", ("surveymonkey",), surveymonkey.sniff, surveymonkey.read),
        Reader("Alchemer", ("alchemer",), alchemer.sniff, alchemer.read),
        Reader("JISC Online Surveys", ("jisc",), jisc.sniff, jisc.read),
        Reader("ODK or KoboToolbox", ("odk",), odk.sniff, odk.read),
        Reader("survey structure", (), companions.sniff, companions.read),
    )
}


def find_reader(path: Path, format: str = "auto") -> Reader:
    """Return the reader for a file: by declared format, else the one that recognises it best.

    Raises
    ------
    InputError
        For a format nobody reads, or a file nobody recognises.
    """
    if format != "auto":
        for reader in READERS.values():
            if format in reader.formats:
                return reader
        known = ", ".join(name for reader in READERS.values() for name in reader.formats)
        raise InputError("there is no such format", file=path.name, found=format, allowed=f"auto, {known}")
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    score, reader = max(((reader.sniff(path, head), reader) for reader in READERS.values()), key=lambda pair: pair[0])
    if score <= 0:
        known = ", ".join(name.upper() for entry in READERS.values() for name in entry.formats)
        if head.startswith(b"PK"):
            raise InputError("an archive of a kind that is not known here: unpack it and name the files inside",
                             file=path.name, allowed=known)  # fmt: skip
        raise InputError("nobody here can read this kind of file", file=path.name, allowed=known)
    return reader


def read_table(
    path: str | Path,
    *,
    format: str = "auto",
    sheet: str | int | None = None,
    header_row: int | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    structure: str | Path | None = None,
) -> RawTable:
    """Read a raw file as text.

    Parameters
    ----------
    path : str or pathlib.Path
        The file.
    format : str
        ``auto`` looks at the content; otherwise one of the readers' formats.
    sheet : str or int, optional
        Sheet of a workbook, by name or by number counted from 1.
    header_row : int, optional
        Row of the headers, counted from 1; found when not given.
    encoding, separator : str, optional
        Of a text file; found when not given.
    structure : str or pathlib.Path, optional
        Companion that describes the columns, for formats that have one.

    Returns
    -------
    RawTable
        All cells as text, with row numbers and notes.

    Raises
    ------
    InputError
        When the file is missing, empty, protected, of another kind than said, or has no headers.
    """
    reader, location, options = _prepared(path, format, sheet, header_row, encoding, separator, structure)
    try:
        return _read(reader, location, options, declared=format != "auto")
    except OSError as error:
        raise _unreadable(location, error) from None


def read_chunks(
    path: str | Path,
    n_rows: int | None = None,
    *,
    format: str = "auto",
    sheet: str | int | None = None,
    header_row: int | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    structure: str | Path | None = None,
) -> RawChunks:
    """Read a raw file piece by piece.

    Separated text of any length needs the memory of a few blocks. Other formats are read whole and handed on
    in pieces: a workbook has at most 1,048,576 rows.

    Parameters
    ----------
    path, format, sheet, header_row, encoding, separator, structure
        As for `read_table`.
    n_rows : int, optional
        Most records in one piece; the reader chooses when not given.

    Returns
    -------
    RawChunks
        Pieces that together are what `read_table` returns.

    Raises
    ------
    InputError
        As `read_table`.
    """
    reader, location, options = _prepared(path, format, sheet, header_row, encoding, separator, structure)
    try:
        if reader.chunks is not None:
            return reader.chunks(location, options, n_rows)
        return RawChunks.of(_read(reader, location, options, declared=format != "auto"), n_rows)
    except OSError as error:
        raise _unreadable(location, error) from None


def _read(reader: Reader, path: Path, options: ReadOptions, *, declared: bool) -> RawTable:
    """Read the file; another sheet or header row of what looked like an export is a plain table."""
    try:
        return reader.read(path, options)
    except OtherLayoutError:
        if declared or options.structure is not None:
            raise
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    plain = READERS["workbook"] if excel_reader.sniff(path, head) else READERS["text table"]
    return plain.read(path, options)


def _prepared(
    path: str | Path, format: str, sheet: str | int | None, header_row: int | None, encoding: str | None,
    separator: str | None, structure: str | Path | None,
) -> tuple[Reader, Path, ReadOptions]:  # fmt: skip
    location = Path(path)
    if not location.is_file():
        raise InputError("there is no such file", file=location)
    companion = None if structure is None else Path(structure)
    if companion is not None and not companion.is_file():
        raise InputError("there is no such structure file", file=companion)
    try:
        reader = find_reader(location, format)
    except OSError as error:
        raise _unreadable(location, error) from None
    return reader, location, ReadOptions(sheet, header_row, encoding, separator, companion)


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"the file cannot be read ({error.strerror})", file=path.name)
