"""Argument checks shared by all statistics: one place that decides what counts as usable data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..core import StatisticError

Missing = Literal["raise", "listwise", "pairwise"]
FloatArray = NDArray[np.float64]


def as_matrix(data: ArrayLike | pd.DataFrame, what: str = "items") -> tuple[FloatArray, list[str]]:
    """Return `data` as floats of shape (n_rows, n_columns) with column names; missing cells are nan.

    Raises
    ------
    StatisticError
        When the data are not two-dimensional, hold text, or hold an infinite value.
    """
    if isinstance(data, pd.DataFrame):
        names = [str(name) for name in data.columns]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise StatisticError(f"{what}: column {twice!r} stands there twice; give each column its own name")
        for name, dtype in zip(names, data.dtypes, strict=True):
            if dtype.kind in "fiub" or pd.api.types.is_numeric_dtype(dtype):
                continue
            if not data[data.columns[names.index(name)]].isna().all():
                found = data[data.columns[names.index(name)]].dropna().iloc[0]
                raise StatisticError(f"{what}: column {name!r} holds {found!r}; map labels to numbers first")
        matrix = data.to_numpy(dtype=float, na_value=np.nan)
    else:
        try:
            matrix = np.array(data, dtype=float)
        except (TypeError, ValueError) as error:
            raise StatisticError(f"{what}: not a table of numbers ({error})") from None
        if matrix.ndim != 2:
            raise StatisticError(f"{what}: needs rows and columns, found {matrix.ndim} dimension(s)")
        names = [f"V{index + 1}" for index in range(matrix.shape[1])]
    if not is_finite(matrix) and np.isinf(matrix).any():
        row, column = np.argwhere(np.isinf(matrix))[0]
        raise StatisticError(f"{what}: row {row + 1}, column {names[column]!r} is infinite")
    return matrix, names


def is_finite(matrix: FloatArray) -> bool:
    """Tell, from one sum, that no cell is missing or infinite; False means that one may be."""
    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.isfinite(matrix.sum()))


def drop_missing(matrix: FloatArray, missing: Missing, what: str = "items") -> tuple[FloatArray, int]:
    """Return the rows to use and how many were left out, by the missing-data rule.

    ``"raise"`` refuses any missing cell, ``"listwise"`` drops rows with one, ``"pairwise"`` drops only rows
    that are missing throughout.
    """
    if missing in ("raise", "listwise", "pairwise") and matrix.size and is_finite(matrix):
        return matrix, 0
    absent = np.isnan(matrix)
    if missing == "raise":
        if absent.any():
            raise StatisticError(
                f"{what}: {int(absent.sum())} cells are missing in {int(absent.any(axis=1).sum())} rows; "
                "choose missing='listwise' or 'pairwise'"
            )
        return matrix, 0
    if missing == "listwise":
        keep = ~absent.any(axis=1)
    elif missing == "pairwise":
        keep = ~absent.all(axis=1)
    else:
        raise StatisticError(f"missing={missing!r}; allowed: 'raise', 'listwise', 'pairwise'")
    return matrix[keep], int((~keep).sum())


def check_level(ci_level: float) -> float:
    """Return `ci_level`, or refuse one that is not strictly between 0 and 1."""
    if not 0 < ci_level < 1:
        raise StatisticError(f"ci_level={ci_level!r}; allowed: between 0 and 1, e.g. .95")
    return float(ci_level)


def check_choice(value: str, allowed: Sequence[str], name: str) -> str:
    """Return `value`, or refuse one that is not among `allowed`."""
    if value not in allowed:
        raise StatisticError(f"{name}={value!r}; allowed: {', '.join(map(repr, allowed))}")
    return value


def constant_columns(matrix: FloatArray, names: Sequence[str]) -> list[str]:
    """Return the names of columns in which everybody gave the same answer (or nobody gave one)."""
    if not len(matrix):
        return list(names)
    low, high = np.fmin.reduce(matrix, axis=0), np.fmax.reduce(matrix, axis=0)
    return [name for name, varies in zip(names, high > low, strict=True) if not varies]
