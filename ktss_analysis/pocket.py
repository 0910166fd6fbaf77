"""One statistic on one file: what `ktss stat` computes."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .core import Estimate, InputError, KtssError
from .psychometrics import STATISTICS
from .psychometrics.described import describe
from .psychometrics.registry import Statistic

if TYPE_CHECKING:
    from .readers.table import RawTable

_TABLES_OF_NUMBERS = frozenset({"items", "ratings", "units", "counts"})
_LONG_TEXTS = frozenset({"choices", "codings"})


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


def about(name: str) -> dict[str, Any]:
    """Return what the method page says about a statistic, as plain texts.

    Raises
    ------
    KtssError
        For an unknown statistic.
    """
    entry = _entry(name)
    said = describe(entry)
    parameters = "\n".join(f"{key} ({kind}): {meaning}" for key, kind, meaning in said.parameters)
    texts = {
        "name": entry.name, "symbol": entry.symbol, "what": said.summary, "definition": said.definition,
        "data": f"{entry.data}; smallest n {entry.min_n}", "options": parameters, "missing answers": said.missing,
        "returns": said.returns, "limits": said.notes, "source": said.references,
    }  # fmt: skip
    return {title: _without_markup(text) for title, text in texts.items()}


def _without_markup(text: str) -> str:
    """Return docstring text without the marks of its formulas and code; formulas stay in LaTeX."""
    text = re.sub(r":math:`([^`]+)`", r"\1", text).replace("``", "`")
    return re.sub(r"^\.\. math:: ", "    ", text, flags=re.MULTILINE)


def compute(
    name: str, data: Path | None, *, columns: Sequence[str] = (), options: Sequence[str] = (), id_column: str = ""
) -> Any:
    """Compute a statistic and return it as plain values (dictionary or list of dictionaries).

    Parameters
    ----------
    name : str
        A name of `STATISTICS`.
    data : pathlib.Path or None
        CSV, TSV or XLSX file; a text file for statistics of texts. Not needed for statistics of summary numbers.
    columns : sequence of str
        Columns to use, in this order; all when empty.
    options : sequence of str
        Options of the function as ``name=value``; values are read as JSON where they can be. For a second table
        (`second`) the value is a file, for labels of rows (`cluster`) a column of `data`.
    id_column : str
        Column that names the rows (persons, units); it is not used as data.

    Raises
    ------
    KtssError
        For an unknown statistic, option or column, and for a cell that is not a number.
    """
    entry = _entry(name)
    keywords = dict(map(_option, options))
    allowed = inspect.signature(entry.function).parameters
    for key in keywords:
        if key not in allowed:
            raise KtssError(f"{name}: no option {key!r}; allowed: {', '.join(allowed)}")
    given: list[Any] = []
    if data is not None:
        given = [_first_argument(entry, data, columns, keywords, id_column)]
    elif entry.data != "summary":
        raise KtssError(f"{name} needs a file: ktss stat {name} FILE")
    needed = [
        key for key, parameter in list(allowed.items())[len(given) :]
        if parameter.default is inspect.Parameter.empty and key not in keywords
    ]  # fmt: skip
    if needed:
        raise KtssError(f"{name} needs {', '.join(f'-o {key}=...' for key in needed)}")
    if "second" in keywords:
        keywords["second"] = _numbers(_file(keywords["second"], "second"), columns, id_column)
    return plain(entry.function(*given, **keywords))


def _entry(name: str) -> Statistic:
    if name not in STATISTICS:
        close = [known for known in STATISTICS if name.lower() in known or known in name.lower()]
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise KtssError(f"no statistic {name!r}{hint} `ktss stat --list` shows all")
    return STATISTICS[name]


def _first_argument(
    entry: Statistic, data: Path, columns: Sequence[str], keywords: dict[str, Any], id_column: str
) -> Any:
    """Return the data in the form that the statistic takes; labels of rows are put among the keywords."""
    first = next(iter(inspect.signature(entry.function).parameters))
    if first in keywords:
        raise KtssError(f"{entry.name}: {first!r} is given twice, as a file and as an option")
    if first == "text":
        return _text(data)
    if entry.data == "summary":
        table = _numbers(data, columns, id_column)
        if table.shape[1] != 1:
            raise KtssError(f"{entry.name} takes one column; {data.name} has {table.shape[1]}: choose with --columns")
        return table.iloc[:, 0]
    if entry.data not in _TABLES_OF_NUMBERS:
        return _long(data, columns, as_text=entry.data in _LONG_TEXTS)
    labels = keywords.get("cluster")
    if isinstance(labels, str):
        keywords["cluster"] = _pick(_read(data).frame, [labels], data)[labels].to_numpy()
    return _numbers(data, columns, id_column, leave_out=[labels] if isinstance(labels, str) else [])


def _option(text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not sign:
        raise KtssError(f"option {text!r}: write it as name=value")
    try:
        parsed = json.loads(value)
    except json.JSONDecodeError:
        parsed = value
    return key.strip(), tuple(parsed) if isinstance(parsed, list) else parsed


def _file(value: object, key: str) -> Path:
    path = Path(str(value))
    if not path.is_file():
        raise InputError(f"option {key}: no such file", found=str(value), allowed="the path of a table")
    return path


def _read(path: Path) -> RawTable:
    from .readers import read_table

    return read_table(path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError("no such file", file=path.name) from None
    except UnicodeDecodeError:
        raise InputError("not a text in UTF-8", file=path.name, allowed="a plain text file") from None


def _long(path: Path, columns: Sequence[str], *, as_text: bool) -> pd.DataFrame:
    """Return a long table; unless it is one of texts, columns that hold only numbers become numbers."""
    from .readers.numbers import to_number

    frame = _pick(_read(path).frame, columns, path).replace("", pd.NA)
    if as_text:
        return frame
    for column in frame.columns:
        values, is_text = to_number(frame[column].fillna(""))
        if not np.asarray(is_text).any():
            frame[column] = np.asarray(values, dtype=float)
    return frame


def _numbers(path: Path, columns: Sequence[str], id_column: str = "", leave_out: Sequence[str] = ()) -> pd.DataFrame:
    from .readers.numbers import to_number

    raw = _read(path)
    aside = [name for name in (id_column, *leave_out) if name]
    _pick(raw.frame, aside, path)
    frame = _pick(raw.frame, columns, path)
    frame = frame[[column for column in frame.columns if column not in aside]]
    result = {}
    for column in frame.columns:
        texts = frame[column].mask(frame[column].isin(["NA", "n/a", "-"]), "")
        values, is_text = to_number(texts)
        if np.asarray(is_text).any():
            place = int(np.flatnonzero(np.asarray(is_text))[0])
            raise InputError(
                "not a number", file=path.name, row=int(raw.rows[place]), column=str(column),
                found=str(frame[column].iloc[place]),
                allowed="numbers; choose columns with --columns A,B,C, name the persons' column with --id",
            )  # fmt: skip
        result[str(column)] = np.asarray(values, dtype=float)
    index = pd.Index(raw.frame[id_column].astype(str)) if id_column else None
    return pd.DataFrame(result, index=index)


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
        fields = {name: getattr(result, name) for name in shown(type(result))}
        alone = sum(isinstance(value, Estimate) for value in fields.values()) == 1
        found: dict[str, Any] = {}
        for name, value in fields.items():
            found |= plain(value) if alone and isinstance(value, Estimate) else {name: plain(value)}
        return found
    if hasattr(result, "_asdict"):
        return {key: _cell(value) for key, value in result._asdict().items()}
    if isinstance(result, np.ndarray):
        return (
            [_cell(value) for value in result.ravel().tolist()] if result.ndim < 2 else [plain(row) for row in result]
        )
    if isinstance(result, list | tuple):
        return [plain(value) for value in result]
    if isinstance(result, dict):
        return {str(key): plain(value) for key, value in result.items()}
    return _cell(result)


def shown(kind: type) -> list[str]:
    """Return the names of what a result holds: tables made when asked for, then its public fields."""
    made = [name for name, member in vars(kind).items() if isinstance(member, cached_property)]
    return made + [field.name for field in dataclasses.fields(kind) if not field.name.startswith("_")]


def _cell(value: Any) -> Any:
    if value is None or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value
