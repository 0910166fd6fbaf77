"""Tidy frames of statistics: glossary columns with the glossary's types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..core import Estimate
from ..glossary import COLUMNS, check_columns


def tidy(columns: Mapping[str, Any], where: str) -> pd.DataFrame:
    """Return a frame whose columns have the glossary's names and types; nan becomes missing."""
    ready = {
        # straight to the type of the column: pandas would guess one first, which costs more than the conversion
        name: pd.array(values, dtype=COLUMNS[name].dtype)
        if name in COLUMNS and isinstance(values, list | np.ndarray) else values
        for name, values in columns.items()
    }  # fmt: skip
    frame = check_columns(pd.DataFrame(ready), where)
    rest = {name: COLUMNS[str(name)].dtype for name, dtype in frame.dtypes.items() if dtype != COLUMNS[str(name)].dtype}
    return frame.astype(rest) if rest else frame


def estimates_frame(estimates: Mapping[str, Estimate], where: str) -> pd.DataFrame:
    """Return one row per named estimate: `statistic` and the fields of `Estimate` as columns."""
    rows = [{"statistic": name, **estimate.as_row()} for name, estimate in estimates.items()]
    return tidy(pd.DataFrame(rows).to_dict(orient="list"), where)
