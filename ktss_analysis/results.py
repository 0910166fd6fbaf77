"""The result store: one row is one number that may be printed, under a stable id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .core import Estimate, KtssError
from .glossary import COLUMNS, RESULT_COLUMNS, check_columns


def result_id(stream: str, statistic: str, target_id: str, aspect: str = "", group: str = "") -> str:
    """Compose the id of a result: ``stream.statistic[.aspect].target[.group]``."""
    parts = [stream, statistic, aspect, target_id, group]
    return ".".join(str(part).replace(".", "_").replace(" ", "_") for part in parts if part)


def fingerprint(frame: pd.DataFrame, table: str, note: str = "") -> str:
    """Describe the rows a result rests on: table, filter, number and a hash of their content.

    The hash does not depend on the order of the rows, nor on pseudonyms or file positions: the same answers
    have the same fingerprint wherever they were read.
    """
    kept = frame.drop(columns=[c for c in ("person_id", "source_row", "answered_on") if c in frame.columns])
    lines = sorted("\x1f".join(map(str, row)) for row in kept.itertuples(index=False))
    digest = hashlib.sha256("\x1e".join(lines).encode()).hexdigest()[:16]
    return f"{table}[{note}] rows={len(frame)} sha256:{digest}"


def rows_from(
    values: pd.DataFrame | Estimate,
    *,
    stream: str,
    statistic: str,
    target_type: str,
    target_id: str = "all",
    aspect: str = "",
    group: str = "",
    unit: str = "",
    source_rows: str = "",
    **constant: Any,
) -> pd.DataFrame:
    """Return result rows from an estimate, or from a frame with one estimate per row.

    Parameters
    ----------
    values : Estimate or pandas.DataFrame
        A frame has the columns ``target_id`` and ``estimate`` and any other column of a result.
    stream, statistic, target_type, target_id, aspect, group, unit, source_rows : str
        Filled in where the frame does not say otherwise; they make the ids.
    **constant
        Further result columns with one value for all rows.
    """
    given = {
        "stream": stream, "statistic": statistic, "target_type": target_type, "target_id": target_id,
        "aspect": aspect, "group": group, "unit": unit, "source_rows": source_rows, **constant,
    }  # fmt: skip
    if isinstance(values, Estimate):
        return _one_row({**given, **values.as_row()})
    frame = values.copy()
    for column, value in given.items():
        if column not in frame.columns:
            frame[column] = value
    if "status" not in frame.columns:
        frame["status"] = np.where(frame["estimate"].isna(), "undefined", "ok")
    keys = zip(*(frame[c] for c in ("stream", "statistic", "target_id", "aspect", "group")), strict=True)
    frame["result_id"] = [result_id(*map(str, key)) for key in keys]
    return frame.reindex(columns=list(RESULT_COLUMNS))


def _one_row(values: dict[str, Any]) -> pd.DataFrame:
    """Return one result row; dtypes are set once, when rows are combined."""
    values["result_id"] = result_id(*(str(values[c]) for c in ("stream", "statistic", "target_id", "aspect", "group")))
    return pd.DataFrame({column: [values.get(column)] for column in RESULT_COLUMNS}, dtype=object)


def count_row(
    count: float,
    *,
    stream: str,
    statistic: str,
    target_type: str = "study",
    target_id: str = "all",
    aspect: str = "",
    group: str = "",
    n_used: int | None = None,
    unit: str = "people",
    label: str = "",
    source_rows: str = "",
) -> pd.DataFrame:
    """Return one result row with a count; `n_used` defaults to the count."""
    return _one_row(
        {"stream": stream, "statistic": statistic, "target_type": target_type, "target_id": target_id,
         "aspect": aspect, "group": group, "unit": unit, "label": label, "source_rows": source_rows,
         "estimate": float(count), "n_used": int(count) if n_used is None else n_used, "status": "ok"}
    )  # fmt: skip


def text_row(
    text: str,
    *,
    stream: str,
    statistic: str,
    target_type: str,
    target_id: str,
    aspect: str = "",
    group: str = "",
    reason: str = "",
    n_used: int | None = None,
    source_rows: str = "",
) -> pd.DataFrame:
    """Return one result row that holds a word or sentence (a grade, a verdict, a released quote)."""
    return _one_row(
        {"stream": stream, "statistic": statistic, "target_type": target_type, "target_id": target_id,
         "aspect": aspect, "group": group, "unit": "text", "label": text, "reason": reason, "n_used": n_used,
         "status": "ok", "source_rows": source_rows}
    )  # fmt: skip


def tidy(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with all result columns, in order, with the glossary's dtypes."""
    check_columns(rows, "results")
    rows = rows.reindex(columns=list(RESULT_COLUMNS))
    for column in RESULT_COLUMNS:
        dtype = COLUMNS[column].dtype
        if dtype == "Float64":
            rows[column] = pd.to_numeric(rows[column], errors="coerce").astype(float)
        elif dtype == "Int64":
            rows[column] = pd.to_numeric(rows[column], errors="coerce").astype("Int64")
        else:
            rows[column] = rows[column].astype("string").fillna("")
    return rows


def combine(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return all rows in one table, ordered by id.

    Raises
    ------
    KtssError
        When one id stands for two rows, or a row with status ok has neither a number nor a text.
    """
    kept = [part.astype(object) for part in parts if len(part)]
    rows = tidy(pd.concat(kept, ignore_index=True)) if kept else tidy(pd.DataFrame({"result_id": []}))
    twice = rows["result_id"][rows["result_id"].duplicated()]
    if len(twice):
        raise KtssError(f"result {twice.iloc[0]!r} was computed twice; ids name one number each")
    empty = (rows["status"] == "ok") & rows["estimate"].isna() & (rows["label"] == "")
    if empty.any():
        raise KtssError(f"result {rows['result_id'][empty].iloc[0]!r} has status ok but no number")
    unsaid = (rows["status"] != "ok") & (rows["reason"] == "")
    if unsaid.any():
        raise KtssError(f"result {rows['result_id'][unsaid].iloc[0]!r} has no number and no reason")
    return rows.sort_values("result_id", kind="stable", ignore_index=True)


def write_results(rows: pd.DataFrame, path: Path) -> None:
    """Write rows as CSV with full precision; the only writer of numbers."""
    from .csvfile import write_csv

    write_csv(combine([rows]), path)


def read_results(path: Path) -> pd.DataFrame:
    """Read rows written by `write_results`; the apostrophe before a text that looks like a formula goes again."""
    from .csvfile import original

    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in ("label", "reason", "group", "target_id"):
        text[column] = text[column].map(original)
    return tidy(text.replace("", pd.NA))
