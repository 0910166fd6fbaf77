"""Raw files with the same bytes on each run: separated text in several encodings, and workbooks."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

FIXED = "2026-01-01T00:00:00Z"
README = [
    "SYNTHETIC DATA of a demonstration study.",
    "Nobody gave these answers. People, addresses and texts are invented.",
]


def write_text(
    path: Path, table: pd.DataFrame, *, encoding: str = "utf-8", separator: str = ",", line_end: str = "\n"
) -> None:
    """Write a frame of texts as separated values."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator=line_end)
    writer.writerow(table.columns)
    writer.writerows(table.itertuples(index=False, name=None))
    path.parent.mkdir(parents=True, exist_ok=True)
    text = stream.getvalue()
    # The mark and byte order of UTF-16 are written out: the codec's own choice depends on the machine.
    path.write_bytes(b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16" else text.encode(encoding))


def write_workbook(path: Path, sheets: dict[str, pd.DataFrame], notes: list[str]) -> None:
    """Write frames as sheets, with a sheet README that says the data are synthetic."""
    from openpyxl import Workbook

    book = Workbook()
    readme = book.active
    readme.title = "README"
    for line in [*README, *notes]:
        readme.append([line])
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(list(table.columns))
        for row in table.itertuples(index=False, name=None):
            sheet.append([_cell(value) for value in row])
    book.active = 1
    readme.sheet_view.tabSelected = False
    stream = io.BytesIO()
    book.save(stream)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_fixed_archive(stream.getvalue()))


def _cell(value: Any) -> Any:
    """Return None for an empty cell; plain Python numbers and texts otherwise."""
    if value is None or value == "":
        return None
    return value.item() if hasattr(value, "item") else value


def _fixed_archive(data: bytes) -> bytes:
    """Return the archive uncompressed, in the order of its names, with fixed times."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as target,
    ):
        for name in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            content = source.read(name)
            if name == "docProps/core.xml":
                text = content.decode("utf-8")
                content = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", FIXED, text).encode("utf-8")
            entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            target.writestr(entry, content)
    return result.getvalue()


def as_words(value: Any) -> str:
    """Return a number as people write it (7, 7.5) and nothing for a missing one."""
    if value is None or value == "" or value != value:
        return ""
    return f"{value:g}" if isinstance(value, int | float) or hasattr(value, "dtype") else str(value)
