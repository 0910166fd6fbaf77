"""Tidy frames of statistics: glossary columns with the glossary's types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..core import Estimate
from ..glossary import COLUMNS, check_columns


def tidy(columns: Mapping[str, Any], where: str) -> pd.DataFrame:
    """Return a frame whose columns have the glossary's names and types; nan becomes missing."""
    frame = check_columns(pd.DataFrame(dict(columns)), where)
    return frame.astype({name: COLUMNS[name].dtype for name in frame.columns})


def estimates_frame(estimates: Mapping[str, Estimate], where: str) -> pd.DataFrame:
    """Return one row per named estimate: `statistic` and the fields of `Estimate` as columns."""
    rows = [{"statistic": name, **estimate.as_row()} for name, estimate in estimates.items()]
    return tidy(pd.DataFrame(rows).to_dict(orient="list"), where)
