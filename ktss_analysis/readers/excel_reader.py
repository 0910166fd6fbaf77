"""Reader for workbooks: XLSX, and the older XLS and ODS that the same library opens."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core import InputError
from .archive import open_archive, refuse_encrypted_workbook
from .cell_text import cell_text
from .table import RawRecords, RawTable, ReadOptions, build_table
from .workbook_guard import check_workbook

_OLE = b"\xd0\xcf\x11\xe0"
_SUFFIXES = {".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls", ".ods": "ods"}


def sniff(path: Path, head: bytes) -> float:
    """Return how likely the file is a workbook, 0 to 1, from its name and first bytes."""
    kind = _kind(path, head)
    if kind:
        return 0.9
    return 0.5 if path.suffix.lower() in _SUFFIXES and not head.strip() else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read one sheet of a workbook as text.

    Parameters
    ----------
    path : pathlib.Path
        The workbook.
    options : ReadOptions
        `sheet` (the first visible sheet with content when not given) and `header_row` count; a workbook has
        neither encoding nor separator.

    Returns
    -------
    RawTable
        Whole numbers without ``.0``, other numbers in full precision, dates as ISO text, durations in
        seconds, truth values as TRUE and FALSE. Error cells such as ``#DIV/0!`` are empty, and a note counts
        them (in XLSX). A row without any content is no record.

    Raises
    ------
    InputError
        For a file that is no workbook, is protected by a password, or lacks the sheet.
    """
    raw = read_cells(path, options)
    return build_table(
        raw.records, raw.rows, file=path, format=raw.format, header_row=options.header_row, sheet=raw.sheet,
        notes=raw.notes,
    )  # fmt: skip


def read_cells(path: Path, options: ReadOptions) -> RawRecords:
    """Read the rows of one sheet, whatever stands in them; `read` and the platform readers build on it.

    Parameters
    ----------
    path, options
        As for `read`; `header_row` does not count here.

    Returns
    -------
    RawRecords
        Cells as text, with the format ``xlsx``, ``xls`` or ``ods``.

    Raises
    ------
    InputError
        As `read`.
    """
    kind = _kind(path, path.read_bytes()[:8])
    if not kind:
        raise InputError(
            "the file is no workbook, although its name or the study file says so",
            file=path.name, allowed="an XLSX file; for text give format: csv",
        )  # fmt: skip
    with _one_error(path):
        found = _guard(path, kind)
        workbook = _open(path)
        sheet, notes = _choose(workbook, path, options.sheet)
        name, cells = sheet.name, sheet.to_python(skip_empty_area=False)
    records, rows = [], []
    for number, values in enumerate(cells, 1):
        record = [cell_text(value) for value in values]
        if any(record):
            records.append(record)
            rows.append(number)
    if not records:
        raise InputError(f"sheet {name!r} is empty", file=path.name, allowed=_names(workbook))
    return RawRecords(records, rows, kind, sheet=name, notes=(*notes, *found))


def _kind(path: Path, head: bytes) -> str:
    if head.startswith(_OLE):
        return "xls"
    if head.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = set(archive.namelist())
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
            return ""
        if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
            return "xlsx"
        if "content.xml" in names:
            return "ods"
    return ""


def _guard(path: Path, kind: str) -> list[str]:
    """Refuse what the library should not be given: protected files, and archives that are no honest workbook."""
    if kind == "xls":
        refuse_encrypted_workbook(path)
    else:
        with open_archive(path) as archive:
            archive.measure()
    return check_workbook(path, kind)


def _open(path: Path) -> Any:
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_path(str(path))


@contextmanager
def _one_error(path: Path) -> Iterator[None]:
    """Turn whatever the library says about a damaged workbook into one error, its panics included."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise _unreadable(path, error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: BaseException) -> InputError:
    return InputError(
        f"the workbook cannot be opened: it is protected by a password or damaged ({error})",
        file=path.name, allowed="the file saved again as XLSX without a password",
    )  # fmt: skip


def _names(workbook: Any) -> str:
    return "sheets " + ", ".join(repr(name) for name in workbook.sheet_names)


def _choose(workbook: Any, path: Path, sheet: str | int | None) -> tuple[Any, list[str]]:
    """Return the sheet that was asked for, or the first visible one with content; opening one costs time."""
    names = list(workbook.sheet_names)
    if isinstance(sheet, int):
        if not 1 <= sheet <= len(names):
            raise InputError("there is no such sheet", file=path.name, found=sheet, allowed=f"1 to {len(names)}")
        return workbook.get_sheet_by_name(names[sheet - 1]), []
    if sheet is not None:
        if sheet not in names:
            raise InputError("there is no such sheet", file=path.name, found=sheet, allowed=_names(workbook))
        return workbook.get_sheet_by_name(sheet), []
    first, others = None, []
    for name in _visible(workbook) or names:
        opened = workbook.get_sheet_by_name(name)
        if opened.height and first is None:
            first = opened
        elif opened.height:
            others.append(name)
    if first is None:
        raise InputError("no sheet holds a cell", file=path.name, allowed="a row of headers and rows below it")
    listed = ", ".join(repr(name) for name in others)
    return first, [f"sheet {first.name!r} was read; not read: {listed}"] if others else []


def _visible(workbook: Any) -> list[str]:
    return [entry.name for entry in workbook.sheets_metadata if str(entry.visible).endswith("Visible")]


def first_cells(path: Path, n: int) -> list[list[str]]:
    """Return the first `n` filled rows of the first visible sheet with content, for recognition.

    Raises
    ------
    InputError
        As `read`.
    """
    with _one_error(path):
        workbook = _guarded(path)
        sheets = (workbook.get_sheet_by_name(name) for name in _visible(workbook) or workbook.sheet_names)
        sheet = next((sheet for sheet in sheets if sheet.height), None)
        found: list[list[str]] = []
        for values in [] if sheet is None else sheet.iter_rows():
            record = [cell_text(value) for value in values]
            if any(record):
                found.append(record)
            if len(found) == n:
                break
    return found


def sheet_names(path: Path) -> list[str]:
    """Return the names of all sheets, in the workbook's order.

    Raises
    ------
    InputError
        As `read`.
    """
    with _one_error(path):
        return list(_guarded(path).sheet_names)


def _guarded(path: Path) -> Any:
    with path.open("rb") as stream:
        kind = _kind(path, stream.read(8))
    _guard(path, kind)
    return _open(path)
