"""One way to write a CSV file: same bytes for the same table, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pandas as pd

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def neutralise(text: str) -> str:
    """Return `text` with a leading apostrophe when a spreadsheet would take it for a formula.

    A single ``+`` or ``-`` is a value here (the tone of a coded turn) and stays as it is. Line breaks
    become LF.
    """
    safe = "'" + text if text.startswith(_DANGEROUS) and text not in ("+", "-") else text
    return safe.replace("\r\n", "\n").replace("\r", "\n")


def _cells(column: pd.Series) -> list[str]:
    if pd.api.types.is_bool_dtype(column.dtype):
        return ["" if pd.isna(value) else ("true" if value else "false") for value in column]
    if pd.api.types.is_integer_dtype(column.dtype):
        return ["" if pd.isna(value) else str(int(value)) for value in column]
    if pd.api.types.is_float_dtype(column.dtype):
        return ["" if pd.isna(value) else repr(float(value)) for value in column]
    return ["" if pd.isna(value) else neutralise(str(value)) for value in column]


def write_csv(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a table as CSV: UTF-8, LF line ends, numbers in full precision, no formulas.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table; its index is not written. Missing cells become empty.
    path : str or pathlib.Path
        Target file; its folder is made when absent. The file appears only when it is complete.

    Returns
    -------
    pathlib.Path
        The file.

    Notes
    -----
    Text that starts with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return gets a leading apostrophe,
    so a spreadsheet shows it and does not run it. Number columns are left alone.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([neutralise(str(name)) for name in frame.columns])
    columns = [_cells(frame.iloc[:, index]) for index in range(frame.shape[1])]
    writer.writerows(zip(*columns, strict=True))
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_bytes(buffer.getvalue().encode("utf-8"))
    temporary.replace(target)
    return target
