"""Tables whose texts are codes: each distinct text is kept once, and a row of a column costs four bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import PipelineError
from ..glossary import COLUMNS
from .schemas import COUNTED, REQUIRED, TABLES, VOCABULARY

if TYPE_CHECKING:
    import pyarrow as arrow

_LARGEST_KEY = 1 << 62


def listed(column: pd.Series | pd.Index) -> list:
    """Return a column as a list; one by one, cells of an Arrow column are a hundred times as slow."""
    return column.to_numpy(dtype=object).tolist()


def coded(texts: pd.Series) -> pd.Categorical:
    """Return a column of texts as codes of its sorted distinct texts; missing stays missing."""
    if isinstance(texts.dtype, pd.CategoricalDtype):
        return _sorted(texts.array)
    codes, unique = pd.factorize(texts)
    return taken(codes, unique)


def taken(codes: NDArray[np.integer], texts: Sequence[object] | NDArray[np.object_]) -> pd.Categorical:
    """Return a coded column from the place of each row's text among distinct `texts`; -1 is missing."""
    names = np.array([str(text) for text in texts], dtype=object)
    order = np.argsort(names, kind="stable")
    rank = np.empty(len(names) + 1, dtype=np.int32)
    rank[order], rank[-1] = np.arange(len(names), dtype=np.int32), -1
    kind = pd.CategoricalDtype(pd.Index(names[order], dtype="str"))
    return pd.Categorical.from_codes(rank[codes], dtype=kind, validate=False)


def constant(text: str, n_rows: int) -> pd.Categorical:
    """Return a column that says one thing."""
    kind = pd.CategoricalDtype(pd.Index([text], dtype="str"))
    return pd.Categorical.from_codes(np.zeros(n_rows, dtype=np.int32), dtype=kind, validate=False)


def _sorted(column: pd.Categorical) -> pd.Categorical:
    texts = column.categories
    return column if texts.is_monotonic_increasing else taken(column.codes, texts.to_numpy(dtype=object))


def stacked(frames: Sequence[pd.DataFrame], name: str) -> pd.DataFrame:
    """Return rows of one canonical table under each other, its texts coded, other columns in their dtypes.

    Raises
    ------
    PipelineError
        For a column that the table does not have, or a value that does not fit its column.
    """
    foreign = [column for frame in frames for column in frame.columns if column not in TABLES[name]]
    if foreign:
        raise PipelineError(f"{name}: column {foreign[0]!r} does not belong there; allowed: {', '.join(TABLES[name])}")
    try:
        return pd.DataFrame({column: _column(frames, column) for column in TABLES[name]}, copy=False)
    except (TypeError, ValueError) as error:
        raise PipelineError(f"{name}: a value does not fit its column ({error})") from None


def _column(frames: Sequence[pd.DataFrame], column: str) -> object:
    kind = COLUMNS[column].dtype
    parts = [frame[column] if column in frame else pd.Series(pd.NA, index=frame.index, dtype=kind) for frame in frames]
    if kind != "string":
        typed = [part.astype(kind) for part in parts]
        return pd.concat(typed, ignore_index=True) if len(typed) > 1 else typed[0].reset_index(drop=True)
    codings = [coded(part) for part in parts]
    if len(codings) == 1:
        return codings[0]
    texts = codings[0].categories
    for coding in codings[1:]:
        texts = texts.union(coding.categories)
    codes = [np.append(texts.get_indexer(coding.categories), -1).astype(np.int32)[coding.codes] for coding in codings]
    kind_of = pd.CategoricalDtype(pd.Index(texts, dtype="str"))
    return pd.Categorical.from_codes(np.concatenate(codes), dtype=kind_of, validate=False)


def ranks(column: pd.Series) -> tuple[NDArray[np.int64], int]:
    """Return each value's place among the sorted distinct values, missing last, and the number of places."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, n_values = column.cat.codes.to_numpy().astype(np.int64), len(column.cat.categories)
    else:
        found, unique = pd.factorize(column, sort=True)
        codes, n_values = found.astype(np.int64), len(unique)
    return np.where(codes < 0, n_values, codes), n_values + 1


def combined(frame: pd.DataFrame, names: Sequence[str], *, until_unique: bool = False) -> NDArray[np.int64]:
    """Return one number per row that orders rows as the named columns do, one after the other.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows; missing values come last.
    names : sequence of str
        Columns; the first counts most.
    until_unique : bool
        Stop at the first columns that tell all rows apart; later ones cannot change the order.
    """
    key = np.zeros(len(frame), dtype=np.int64)
    size = 1
    for name in names:
        places, n_places = ranks(frame[name])
        if len(places) == 0 or (places == places[0]).all():
            continue
        if size * n_places >= _LARGEST_KEY:
            key, size = np.unique(key, return_inverse=True)[1].astype(np.int64), len(frame)
        key, size = key * n_places + places, size * n_places
        if until_unique and size >= len(frame) and not repeated(key).any():
            break
    return key


def repeated(key: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rows have a key that another row has too."""
    if len(key) < 2 or bool((key[1:] > key[:-1]).all()):
        return np.zeros(len(key), dtype=bool)
    return pd.Series(key).duplicated(keep=False).to_numpy()


def sort_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows ordered by content, column by column; `source_row` decides last, missing comes last."""
    names = [name for name in frame.columns if name != "source_row"] + ["source_row"]
    key = combined(frame, [name for name in names if name in frame], until_unique=True)
    if len(key) < 2 or bool((key[1:] >= key[:-1]).all()):
        return frame.reset_index(drop=True)
    return frame.iloc[np.argsort(key, kind="stable")].reset_index(drop=True)


def check_content(frame: pd.DataFrame, name: str) -> None:
    """Check a coded table as `schemas.schema` does: what must be filled, closed lists, counts; not its keys.

    Raises
    ------
    PipelineError
        With the first fault. It is a fault of the program: cleaning has to set such rows aside.
    """
    for column in REQUIRED[name]:
        if bool(frame[column].isna().any()):
            raise PipelineError(f"table {name} does not keep its schema: {column} is empty in a row")
    for column in frame.columns:
        if column in VOCABULARY:
            texts = frame[column].cat.categories[np.unique(frame[column].cat.codes[frame[column].notna()])]
            wrong = [text for text in texts if text not in VOCABULARY[column]]
            if wrong:
                raise PipelineError(f"table {name} does not keep its schema: {column}: {wrong[0]!r}")
        if column in COUNTED and bool((frame[column] < 1).any()):
            raise PipelineError(f"table {name} does not keep its schema: {column} is below 1 in a row")


def spelled(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a coded table with its texts written out, in the dtypes of the glossary."""
    import pyarrow as arrow

    kind = pd.StringDtype("pyarrow")
    table = as_arrow(frame)
    columns = {}
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            texts = table.column(name).cast(arrow.large_string()).combine_chunks()
            columns[name] = pd.Series(pd.arrays.ArrowStringArray(texts, dtype=kind), index=frame.index)
        else:
            columns[name] = frame[name]
    return pd.DataFrame(columns, copy=False)


def as_arrow(frame: pd.DataFrame) -> arrow.Table:
    """Return a coded table as Arrow, its texts still coded."""
    import pyarrow as arrow

    columns = []
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes = column.cat.codes.to_numpy().astype(np.int32)  # wide enough for what is put together later
            texts = arrow.array(column.cat.categories.to_numpy(dtype=object), type=arrow.string())
            columns.append(arrow.DictionaryArray.from_arrays(arrow.array(codes, mask=codes < 0), texts))
        else:
            columns.append(arrow.array(column, from_pandas=True))
    return arrow.Table.from_arrays(columns, names=list(frame.columns))
