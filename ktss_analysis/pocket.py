"""One statistic on one file: what `ktss stat` computes."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .core import Estimate, InputError, KtssError
from .psychometrics import STATISTICS


def listing() -> pd.DataFrame:
    """Return name, symbol, what it is, smallest n and source of all statistics, by family."""
    rows = []
    for entry in sorted(STATISTICS.values(), key=lambda s: (s.family, s.name)):
        summary = (inspect.getdoc(entry.function) or "").split("\n\n")[0].replace("\n", " ")
        rows.append(
            {"family": entry.family, "name": entry.name, "symbol": entry.symbol, "definition": summary,
             "data": entry.data, "min_n": entry.min_n, "source": entry.source}
        )  # fmt: skip
    return pd.DataFrame(rows)


def compute(name: str, data: Path | None, *, columns: Sequence[str] = (), options: Sequence[str] = ()) -> Any:
    """Compute a statistic and return it as plain values (dictionary or list of dictionaries).

    Parameters
    ----------
    name : str
        A name of `STATISTICS`.
    data : pathlib.Path or None
        CSV, TSV or XLSX file; not needed for statistics of summary numbers.
    columns : sequence of str
        Columns to use, in this order; all when empty.
    options : sequence of str
        Options of the function as ``name=value``; values are read as JSON where they can be.

    Raises
    ------
    KtssError
        For an unknown statistic, option or column, and for a cell that is not a number.
    """
    if name not in STATISTICS:
        close = [known for known in STATISTICS if name.lower() in known or known in name.lower()]
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise KtssError(f"no statistic {name!r}{hint} `ktss stat --list` shows all")
    entry = STATISTICS[name]
    keywords = dict(map(_option, options))
    allowed = inspect.signature(entry.function).parameters
    for key in keywords:
        if key not in allowed:
            raise KtssError(f"{name}: no option {key!r}; allowed: {', '.join(allowed)}")
    if entry.data == "summary":
        missing = [
            key for key, parameter in allowed.items()
            if parameter.default is inspect.Parameter.empty and key not in keywords
        ]  # fmt: skip
        if missing:
            raise KtssError(f"{name} needs {', '.join(f'-o {key}=...' for key in missing)}")
        return plain(entry.function(**keywords))
    if data is None:
        raise KtssError(f"{name} needs a file: ktss stat {name} FILE")
    table = _long(data, columns) if entry.data in ("choices", "codings") else _numbers(data, columns)
    return plain(entry.function(table, **keywords))


def _option(text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not sign:
        raise KtssError(f"option {text!r}: write it as name=value")
    try:
        parsed = json.loads(value)
    except json.JSONDecodeError:
        parsed = value
    return key.strip(), tuple(parsed) if isinstance(parsed, list) else parsed


def _long(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    from .readers import read_table

    frame = read_table(path).frame
    return _pick(frame, columns, path).replace("", pd.NA)


def _numbers(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    from .readers import read_table
    from .readers.numbers import to_number

    raw = read_table(path)
    frame = _pick(raw.frame, columns, path)
    result = {}
    for column in frame.columns:
        texts = frame[column].mask(frame[column].isin(["NA", "n/a", "-"]), "")
        values, is_text = to_number(texts)
        if np.asarray(is_text).any():
            place = int(np.flatnonzero(np.asarray(is_text))[0])
            raise InputError(
                "not a number", file=path.name, row=int(raw.rows[place]), column=str(column),
                found=str(frame[column].iloc[place]), allowed="numbers; choose columns with --columns A,B,C",
            )  # fmt: skip
        result[str(column)] = np.asarray(values, dtype=float)
    return pd.DataFrame(result)


def _pick(frame: pd.DataFrame, columns: Sequence[str], path: Path) -> pd.DataFrame:
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise InputError(f"no column {absent[0]!r}", file=path.name, allowed=", ".join(map(str, frame.columns[:30])))
    return frame[list(columns)] if columns else frame


def plain(result: Any) -> Any:
    """Return a statistic's result as dictionaries, lists, texts and numbers; missing numbers are None."""
    if isinstance(result, Estimate):
        return {key: _cell(value) for key, value in result.as_row().items()}
    if isinstance(result, pd.DataFrame):
        named = result.reset_index() if result.index.name else result  # a matrix: its row labels are data
        return [{str(key): _cell(value) for key, value in row.items()} for row in named.to_dict("records")]
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        found: dict[str, Any] = {}
        for field in dataclasses.fields(result):
            value = getattr(result, field.name)
            found |= plain(value) if isinstance(value, Estimate) else {field.name: plain(value)}
        return found
    if hasattr(result, "_asdict"):
        return {key: _cell(value) for key, value in result._asdict().items()}
    if isinstance(result, np.ndarray | list | tuple):
        return [_cell(value) for value in np.asarray(result).ravel().tolist()]
    return _cell(result)


def _cell(value: Any) -> Any:
    if value is None or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value
