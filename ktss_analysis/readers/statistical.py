"""Reader for files of statistical programs: SPSS (.sav, .zsav, .por) and Stata (.dta)."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import InputError
from .cell_text import cell_text, number_text
from .table import ColumnInfo, RawTable, ReadOptions

_SPSS_START = datetime.datetime(1582, 10, 14)
_STATA_START = datetime.datetime(1960, 1, 1)
_PORTABLE = (b"ASCII SPSS PORT FILE", "ASCII SPSS PORT FILE".encode("cp037"))
_STATA_RELEASES = frozenset(range(104, 116))
_SPSS_DATES = frozenset(["DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR"])
_SPSS_STAMPS = frozenset(["DATETIME", "YMDHMS"])
_SPSS_TIMES = frozenset(["TIME", "MTIME"])
_DAY = 86_400

Converter = Callable[[float], str]


def sniff_spss(_path: Path, head: bytes) -> float:
    """Return 1 for a file that begins as SPSS files do, else 0; the name does not count."""
    return 1.0 if _spss_kind(head) else 0.0


def sniff_stata(path: Path, head: bytes) -> float:
    """Return 1 for a file that begins as Stata files do, else 0; old ones must also be called ``.dta``."""
    if head.startswith(b"<stata_dta>"):
        return 1.0
    old = len(head) > 3 and head[0] in _STATA_RELEASES and head[1] in (1, 2) and head[2] == 1
    return 1.0 if old and path.suffix.lower() == ".dta" else 0.0


def read_spss(path: Path, options: ReadOptions) -> RawTable:
    """Read an SPSS file.

    Parameters
    ----------
    path : pathlib.Path
        A system file (``.sav``, compressed ``.zsav``) or a portable file (``.por``).
    options : ReadOptions
        `encoding` counts: old files do not say theirs.

    Returns
    -------
    RawTable
        Variable names as headers, cases as rows counted from 1 (`header_row` is 0: there is none). System-missing
        cells are empty. User-missing values stay cells and stand in `ColumnInfo.missing`; value labels, variable
        labels and the level of measurement stand in `ColumnInfo` too. Dates are ISO text, times of a day
        ``HH:MM:SS``, durations seconds. Multiple-response sets are in the notes.

    Raises
    ------
    InputError
        For a file that is no SPSS file, is damaged, or has text in another encoding than it says.
    """
    import pyreadstat

    kind = _spss_kind(_head(path))
    if not kind:
        raise _foreign(path, "SPSS", "an SPSS file (.sav, .zsav or .por)")
    if kind == "por":
        cells, meta = _load(pyreadstat.read_por, path, None)
    else:
        cells, meta = _load(pyreadstat.read_sav, path, options.encoding, user_missing=True)
    converters = {name: _spss_converter(str(form)) for name, form in meta.original_variable_types.items()}
    notes = [_set_note(name, entry) for name, entry in (getattr(meta, "mr_sets", None) or {}).items()]
    if kind == "por":
        notes.append("a portable file does not tell values declared missing from empty cells; a .sav file does")
    return _table(path, "spss", cells, meta, converters, _spss_missing, notes)


def read_stata(path: Path, options: ReadOptions) -> RawTable:
    """Read a Stata file.

    Parameters
    ----------
    path : pathlib.Path
        A ``.dta`` file of any release since Stata 7.
    options : ReadOptions
        `encoding` counts: files before Stata 14 do not say theirs.

    Returns
    -------
    RawTable
        As from `read_spss`. The missing value ``.`` is an empty cell; ``.a`` to ``.z`` stay cells and stand in
        `ColumnInfo.missing`. Weeks, months, quarters and half-years are given by their first day.

    Raises
    ------
    InputError
        For a file that is no Stata file, is damaged, or has text in another encoding.
    """
    import pyreadstat

    if not sniff_stata(path.with_suffix(".dta"), _head(path)):
        raise _foreign(path, "Stata", "a Stata file (.dta)")
    cells, meta = _load(pyreadstat.read_dta, path, options.encoding, user_missing=True)
    converters = {name: _stata_converter(str(form)) for name, form in meta.original_variable_types.items()}
    for name, letters in (meta.missing_user_values or {}).items():
        cells[name] = [f".{value}" if value in letters else value for value in cells[name]]
    return _table(path, "stata", cells, meta, converters, _stata_missing, [])


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(512)


def _spss_kind(head: bytes) -> str:
    if head.startswith((b"$FL2", b"$FL3", "$FL2".encode("cp037"))):
        return "sav"
    # a portable file begins with five lines of splash text in several character sets
    joined = head.replace(b"\r", b"").replace(b"\n", b"")
    return "por" if any(mark in joined for mark in _PORTABLE) else ""


def _foreign(path: Path, program: str, allowed: str) -> InputError:
    return InputError(
        f"the file is no {program} file, although its name or the study file says so", file=path.name, allowed=allowed
    )


def _load(
    function: Callable[..., Any], path: Path, encoding: str | None, **more: bool
) -> tuple[dict[str, Sequence[Any]], Any]:
    """Return the columns and the metadata; dates stay numbers, which no date is too far away for."""
    options: dict[str, Any] = {"disable_datetime_conversion": True, "output_format": "dict", **more}
    if encoding is not None:
        options["encoding"] = encoding
    try:
        columns, meta = function(str(path), **options)
    except Exception as error:
        text = str(error)
        if re.search("convert|encoding|character set", text.lower()):
            raise InputError(
                f"the text is not in the encoding that the file names ({text.rstrip('.')})", file=path.name,
                found=encoding, allowed="encoding: cp1252, cp1250, utf-8, ... in the study file",
            ) from None  # fmt: skip
        raise InputError(
            f"the file is damaged ({text.rstrip('.')})", file=path.name, allowed="the file saved again"
        ) from None
    return dict(columns), meta


def _table(
    path: Path,
    format: str,
    cells: Mapping[str, Sequence[Any]],
    meta: Any,
    converters: Mapping[str, Converter | None],
    missing_of: Callable[[Any, str, Converter, Sequence[Any]], list[str]],
    notes: Sequence[str],
) -> RawTable:
    if not cells:
        raise InputError("the file has no variables", file=path.name, allowed="a file with variables and cases")
    comments = list(notes)
    frame: dict[str, Any] = {}
    columns: dict[str, ColumnInfo] = {}
    labels = meta.variable_value_labels or {}
    for name, values in cells.items():
        codes, found = _distinct(values)
        convert, note = _safe(converters.get(name), found, codes, name)
        comments += [note] if note else []
        texts = [value if isinstance(value, str) else convert(float(value)) for value in found]
        frame[name] = pd.array(np.array([*texts, ""], dtype=object)[codes], dtype="str")
        columns[name] = ColumnInfo(
            text=" ".join(str(meta.column_names_to_labels.get(name) or "").split()),
            labels={_label_cell(key, convert, format): str(text) for key, text in labels.get(name, {}).items()},
            missing=tuple(missing_of(meta, name, convert, found)),
            kind=_kind(meta, name),
        )
    n_rows = len(next(iter(cells.values())))
    return RawTable(
        pd.DataFrame(frame), path, np.arange(1, n_rows + 1, dtype=np.int64), 0, format,
        encoding=str(meta.file_encoding or ""), notes=tuple(comments), columns=columns,
    )  # fmt: skip


def _kind(meta: Any, name: str) -> str:
    measure = str((meta.variable_measure or {}).get(name) or "")
    return measure if measure not in ("", "unknown") else str(meta.original_variable_types.get(name) or "")


def _distinct(values: Sequence[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """Return the distinct cells and where each stands; a missing one is -1. What follows is done once per cell."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    codes, found = pd.factorize(column, use_na_sentinel=True)
    return codes, list(found)


def _label_cell(key: str | float, convert: Converter, format: str) -> str:
    """Return the cell a value label is for; Stata labels texts nowhere but in its missing values .a to .z."""
    if isinstance(key, str):
        return f".{key}" if format == "stata" else key
    return convert(float(key))


def _safe(
    converter: Converter | None, found: Sequence[Any], codes: NDArray[np.int64], name: str
) -> tuple[Converter, str]:
    """Return what turns the numbers of a column into text, and a note if some are no dates."""
    if converter is None:
        return number_text, ""
    if converter is _clock and any(not 0 <= number < _DAY for number in found):
        return number_text, f"{name}: some times are longer than a day, so all are given in seconds"
    bad = [place for place, number in enumerate(found) if not _converts(converter, number)]
    if not bad:
        return converter, ""

    def convert(number: float) -> str:
        return converter(number) if _converts(converter, number) else number_text(number)

    n_bad = int(np.isin(codes, bad).sum())
    return convert, f"{name}: cells that are no dates of the years 1 to 9999 were kept as numbers: {n_bad}"


def _converts(converter: Converter, number: float) -> bool:
    try:
        converter(number)
    except (OverflowError, ValueError):
        return False
    return True


def _stamp(start: datetime.datetime, seconds: float) -> datetime.datetime:
    return start + datetime.timedelta(seconds=round(seconds))


def _clock(seconds: float) -> str:
    whole = min(round(seconds), _DAY - 1)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _spss_converter(form: str) -> Converter | None:
    """Return how numbers of an SPSS print format become text; None for plain numbers."""
    word = re.sub(r"[\d.]+$", "", form.upper())
    if word in _SPSS_DATES:
        return lambda seconds: _stamp(_SPSS_START, math.floor(seconds / _DAY) * _DAY).date().isoformat()
    if word in _SPSS_STAMPS:
        return lambda seconds: cell_text(_stamp(_SPSS_START, seconds))
    return _clock if word in _SPSS_TIMES else None


def _stata_converter(form: str) -> Converter | None:
    """Return how numbers of a Stata display format become text; None for plain numbers and years."""
    match = re.match(r"%-?(?:t([cCdwmqh])|(d))", form)
    if match is None:
        return None
    unit, layout = match.group(1) or "d", form[match.end() :]
    if unit in "cC":
        # %tc alone shows date and time; with a layout such as HH:MM:SS it may show the time only
        clock = layout.strip(".") and not re.search("[YyCDdNnJjWwhQq]|[Mm]on", layout)
        if clock:
            return lambda milliseconds: _clock(milliseconds / 1000 % _DAY)
        return lambda milliseconds: cell_text(_stamp(_STATA_START, milliseconds / 1000))
    if unit == "d":
        return lambda days: _stamp(_STATA_START, math.floor(days) * _DAY).date().isoformat()
    return lambda count: _first_day(int(count), unit)


def _first_day(count: int, unit: str) -> str:
    """Return the first day of a week, month, quarter or half-year counted from the start of 1960."""
    per_year = {"w": 52, "m": 12, "q": 4, "h": 2}[unit]
    year, place = 1960 + count // per_year, count % per_year
    if unit == "w":  # weeks of Stata begin on 1 January; the last one has eight or nine days
        return (datetime.date(year, 1, 1) + datetime.timedelta(days=7 * place)).isoformat()
    return datetime.date(year, 1 + place * (12 // per_year), 1).isoformat()


def _spss_missing(meta: Any, name: str, convert: Converter, found: Sequence[Any]) -> list[str]:
    """Return the declared single values, and of declared ranges the values that occur."""
    cells: list[str] = []
    for part in (meta.missing_ranges or {}).get(name, []):
        low, high = part["lo"], part["hi"]
        if isinstance(low, str):
            cells.append(low)
        elif low == high:
            cells.append(convert(float(low)))
        else:
            inside = sorted(number for number in found if not isinstance(number, str) and low <= number <= high)
            cells += [convert(float(number)) for number in inside]
    return list(dict.fromkeys(cells))


def _stata_missing(meta: Any, name: str, _convert: Converter, _found: Sequence[Any]) -> list[str]:
    return [f".{letter}" for letter in sorted((meta.missing_user_values or {}).get(name, []))]


def _set_note(name: str, entry: Mapping[str, Any]) -> str:
    label = f" ({entry['label']})" if entry.get("label") else ""
    counted = f"; ticked is {entry['counted_value']}" if entry.get("is_dichotomy") else ""
    return f"multiple-response set {name!r}{label}: columns {', '.join(entry['variable_list'])}{counted}"
