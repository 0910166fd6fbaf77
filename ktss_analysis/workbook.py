"""One way to write an XLSX file: same bytes for the same rows, and text that is never a formula."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Mapping, Sequence

from .csvfile import neutralise

_EPOCH = (1980, 1, 1, 0, 0, 0)
_WIDEST = 60


def workbook_bytes(sheets: Mapping[str, Sequence[Sequence[object]]], *, header: str = "") -> bytes:
    """Return an XLSX file with these sheets.

    Parameters
    ----------
    sheets : mapping of str to rows
        Name of a sheet and its rows, the first of them the header. A cell is a text, a number, a truth value or
        None, which stays empty.
    header : str
        A line at the head of every printed page; none by default.

    Returns
    -------
    bytes
        The file; the same rows give the same bytes. Text gets an apostrophe where a spreadsheet would run it
        (`neutralise`), and loses control characters, which XLSX cannot hold.
    """
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([_safe(cell) if isinstance(cell, str) else cell for cell in row])
        sheet.freeze_panes = "A2"
        if header:
            sheet.oddHeader.center.text = header
        for column in sheet.columns:
            widest = max(len(str(cell.value or "")) for cell in column)
            sheet.column_dimensions[column[0].column_letter].width = min(_WIDEST, max(10, widest + 2))
    book.properties.created = book.properties.modified = datetime.datetime(2000, 1, 1)
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_times(buffer.getvalue())


def _safe(text: str) -> str:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return neutralise(ILLEGAL_CHARACTERS_RE.sub("", text))


def _without_times(content: bytes) -> bytes:
    """Return a zip file with all times set to one, so that equal content has equal bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _core_without_now(data)
            new.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _core_without_now(data: bytes) -> bytes:
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", data)
