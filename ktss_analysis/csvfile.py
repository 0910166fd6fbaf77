"""One way to write a CSV file: same bytes for the same table, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

_BLANK = r"[\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]*"
_SIGNS = "=@\uff1d\uff20\ufe66\ufe6b"
_OTHER_SIGNS = "+\\-%\u2212\uff0b\uff0d\ufe62\ufe63\uff05"
_RISKY = re.compile(
    # the start of the cell: blanks before the sign do not help, some programs trim them
    rf"(?P<before>\A{_BLANK})(?P<marks>'*)(?=[{_SIGNS}{_OTHER_SIGNS}]|DDE\s*\()"
    # a tab or a line break in front, which some programs drop before they look at the rest
    r"|(?P<lead>\A)(?P<first>'*)(?=[\t\n])"
    # after what another program may take for a separator: a sign that always starts a formula ...
    rf"|(?P<between>[;,|\t\n]{_BLANK}\"?)(?P<more>'*)(?=[{_SIGNS}]|DDE\s*\("
    # ... or one that also starts a number or a list item, when a call or a DDE link follows
    rf"|[{_OTHER_SIGNS}][^\n]*[|(!])",
    re.IGNORECASE,
)


def neutralise(text: str) -> str:
    """Return `text` with an apostrophe wherever a spreadsheet would take what follows for a formula.

    That is at the start, also behind blanks and invisible signs and for full-width signs, and behind a comma,
    semicolon, bar, tab or line break, because a program in another country may split the cell there. A text that
    begins with a tab or a line break gets one too, since some programs drop these before they look. A single
    ``+`` or ``-`` is a value here (the tone of a coded turn) and stays as it is. Line breaks become LF. `original`
    takes the apostrophes away again.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    if plain in ("+", "-"):
        return plain
    return _RISKY.sub(_with_mark, plain)


def original(text: str) -> str:
    """Return the text that `neutralise` was given, but for the kind of its line breaks."""
    return _RISKY.sub(_without_mark, text)


def _with_mark(match: re.Match[str]) -> str:
    place, marks = _place_and_marks(match)
    return f"{place}'{marks}"


def _without_mark(match: re.Match[str]) -> str:
    place, marks = _place_and_marks(match)
    return place + marks[1:]


def _place_and_marks(match: re.Match[str]) -> tuple[str, str]:
    """Return what stands before the apostrophes of a risky place, and the apostrophes."""
    return match["before"] or match["between"] or "", match["marks"] or match["more"] or match["first"] or ""


def _cells(column: pd.Series) -> list[str]:
    if pd.api.types.is_bool_dtype(column.dtype):
        return ["" if pd.isna(value) else ("true" if value else "false") for value in column]
    if pd.api.types.is_integer_dtype(column.dtype):
        return ["" if pd.isna(value) else str(int(value)) for value in column]
    if pd.api.types.is_float_dtype(column.dtype):
        return ["" if pd.isna(value) else repr(float(value)) for value in column]
    texts = column.to_numpy(dtype=object).tolist()  # cell by cell, a column of Arrow texts is a hundred times as slow
    written = {text: "" if pd.isna(text) else neutralise(str(text)) for text in set(texts)}
    return [written[text] for text in texts]


def csv_rows(frame: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Return the rows of a table as `write_csv` writes them, for files that are written piece by piece."""
    columns = [_cells(frame.iloc[:, index]) for index in range(frame.shape[1])]
    return zip(*columns, strict=True)


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
    Text that a spreadsheet would run gets an apostrophe before it (`neutralise`), so it is shown and not run.
    Number columns are left alone.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([neutralise(str(name)) for name in frame.columns])
    writer.writerows(csv_rows(frame))
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_bytes(buffer.getvalue().encode("utf-8"))
    temporary.replace(target)
    return target
