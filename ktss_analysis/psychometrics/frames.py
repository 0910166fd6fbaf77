"""Tidy frames of statistics: glossary columns with the glossary's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import Estimate
from ..glossary import COLUMNS, check_columns

_TEXT = pd.StringDtype()


@cache
def _dtype(name: str) -> Any:
    """Return the type of a column; made once, since pandas takes its time to read the name of a type."""
    return pd.api.types.pandas_dtype(COLUMNS[name].dtype)


def tidy(columns: Mapping[str, Any], where: str) -> pd.DataFrame:
    """Return a frame whose columns have the glossary's names and types; nan becomes missing."""
    ready = {
        # straight to the type of the column: pandas would guess one first, which costs more than the conversion
        name: pd.array(values, dtype=_dtype(name))
        if name in COLUMNS and isinstance(values, list | np.ndarray) else values
        for name, values in columns.items()
    }  # fmt: skip
    frame = check_columns(pd.DataFrame(ready), where)
    rest = {name: _dtype(name) for name, values in ready.items() if getattr(values, "dtype", None) != _dtype(name)}
    return frame.astype(rest) if rest else frame


def texts(choices: Sequence[str], index: NDArray[np.intp]) -> Any:
    """Return a column of texts, `choices` at the places in `index`: long columns hold few different ones."""
    return pd.array(np.array([*choices, ""], dtype=object)[index], dtype=_TEXT)


def estimates_frame(estimates: Mapping[str, Estimate], where: str) -> pd.DataFrame:
    """Return one row per named estimate: `statistic` and the fields of `Estimate` as columns."""
    rows = [estimate.as_row() for estimate in estimates.values()]
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    return tidy({"statistic": list(estimates), **columns}, where)
