"""Cleaned tables to files and back; the same tables give the same bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ..core import PipelineError
from ..csvfile import write_csv
from .clean import Clean
from .schemas import RECORDS, TABLES, conform, empty_table

if TYPE_CHECKING:
    import pyarrow as arrow


def write_clean(clean: Clean, folder: str | Path) -> list[Path]:
    """Write the canonical tables as Parquet, and change log, quarantine and accounts as CSV.

    Parameters
    ----------
    clean : Clean
        What cleaning returned.
    folder : str or pathlib.Path
        Private folder of the run; made when absent.

    Returns
    -------
    list of pathlib.Path
        The files, in alphabetical order. Tables without rows are written too, so that a later step can tell
        "no such rows" from "not cleaned".
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    paths = [_write_parquet(clean.tables[name], target / f"{name}.parquet") for name in TABLES]
    for name in RECORDS:
        paths.append(write_csv(getattr(clean, name), target / f"{name}.csv"))
    return sorted(paths)


def _write_parquet(frame: pd.DataFrame, path: Path) -> Path:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    table = arrow.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    parquet.write_table(table.cast(_without_large(table.schema)), temporary, compression="zstd", store_schema=False)
    temporary.replace(path)
    return path


def parquet_schema(name: str) -> arrow.Schema:
    """Return the columns of a canonical table as they are in its file."""
    import pyarrow as arrow

    empty = arrow.Table.from_pandas(empty_table(name), preserve_index=False)
    return _without_large(empty.replace_schema_metadata(None).schema)


def _without_large(schema: arrow.Schema) -> arrow.Schema:
    import pyarrow as arrow

    large = arrow.types.is_large_string
    return arrow.schema(
        [arrow.field(field.name, arrow.string() if large(field.type) else field.type) for field in schema]
    )


def read_clean(folder: str | Path, table: str) -> pd.DataFrame:
    """Read a table that `write_clean` wrote, with its dtypes.

    Raises
    ------
    PipelineError
        When the file is not there, or is not such a table.
    """
    base = Path(folder)
    if table in RECORDS:
        path = base / f"{table}.csv"
        _must_exist(path)
        frame = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
        numbers = [name for name in frame.columns if name == "row" or name.startswith("n_")]
        return conform(frame.assign(**{name: pd.to_numeric(frame[name]) for name in numbers}), table)
    if table not in TABLES:
        raise PipelineError(f"there is no table {table!r}; allowed: {', '.join((*TABLES, *RECORDS))}")
    path = base / f"{table}.parquet"
    _must_exist(path)
    import pyarrow.parquet as parquet

    return conform(parquet.read_table(path).to_pandas(), table)


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise PipelineError(f"{path}: there is no such file; run the cleaning step first")
