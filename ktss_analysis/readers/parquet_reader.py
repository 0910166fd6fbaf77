"""Reader for Parquet files, such as another program's cleaned table: the cells become text like those of a workbook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..core import InputError
from .blocks import Piece
from .cell_text import cell_text
from .chunks import RawChunks, empty_frame
from .table import ColumnInfo, RawTable, ReadOptions, tidy_headers

if TYPE_CHECKING:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

_MARK = b"PAR1\x15"
"""Parquet's name and the first sign of what must follow it; a header of a text table may begin with the name."""
_ROWS = 50_000
"""Rows that become text at once: about 60 MB with sixty columns."""


def sniff(_path: Path, head: bytes) -> float:
    """Return 1 for a file that begins as Parquet files do, else 0."""
    return 1.0 if head.startswith(_MARK) else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read a Parquet file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    options : ReadOptions
        Nothing counts.

    Returns
    -------
    RawTable
        Rows counted from 1 (`header_row` is 0). Whole numbers without ``.0``, other numbers in full precision (a
        32-bit number in its own shortest text), dates and times in ISO 8601, truth values as TRUE and FALSE; lists and
        records as JSON. Missing values are empty cells. Types stand in `ColumnInfo.kind`.

    Raises
    ------
    InputError
        For a file that is no Parquet file, is damaged or encrypted, or has no columns.
    """
    return chunks(path, options, None).whole()


def chunks(path: Path, _options: ReadOptions, n_rows: int | None) -> RawChunks:
    """Read a Parquet file piece by piece, in blocks of at most fifty thousand rows; see `read`."""
    with _opened(path) as file:
        schema = file.schema_arrow
    if not len(schema.names):
        raise InputError("the file has no columns", file=path.name, allowed="a table")
    headers, notes = tidy_headers(schema.names)
    columns = {name: ColumnInfo(kind=str(field.type)) for name, field in zip(headers, schema, strict=True)}
    head = RawTable(
        empty_frame(headers), path, np.zeros(0, dtype=np.int64), 0, "parquet", notes=tuple(notes), columns=columns
    )
    return RawChunks(head, lambda: _pieces(path), n_rows)


def _opened(path: Path) -> parquet.ParquetFile:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    try:
        return parquet.ParquetFile(path)
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise _damaged(path, error) from None


def _pieces(path: Path) -> Iterator[Piece]:
    import pyarrow as arrow

    done = 0
    with _opened(path) as file:
        try:
            for batch in file.iter_batches(batch_size=_ROWS):
                rows = np.arange(done + 1, done + len(batch) + 1, dtype=np.int64)
                done += len(batch)
                cells = [arrow.array(_texts(column), type=arrow.large_string()) for column in batch.columns]
                names = [str(place) for place in range(len(cells))]
                yield Piece(arrow.Table.from_arrays(cells, names=names), rows, np.zeros(len(rows), dtype=bool), [])
        except (arrow.ArrowException, OSError) as error:
            raise _damaged(path, error) from None


def _texts(column: arrow.Array) -> list[str]:
    """Return the cells of a column; each distinct value is turned into text once."""
    import pyarrow as arrow

    kind = column.type
    if arrow.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if arrow.types.is_nested(kind):
        return ["" if value is None else json.dumps(value, ensure_ascii=False, default=cell_text)
                for value in column.to_pylist()]  # fmt: skip
    if arrow.types.is_float32(kind) or arrow.types.is_float16(kind):
        # 0.1 stored in 32 bits is 0.1 and not 0.10000000149011612
        return [_short(value) for value in column.to_numpy(zero_copy_only=False)]
    codes, values = pd.factorize(_as_objects(column), use_na_sentinel=True)
    known = np.array([*(_text(value) for value in values), ""], dtype=object)
    return list(known[codes])


def _as_objects(column: arrow.Array) -> Any:
    import pyarrow as arrow

    if arrow.types.is_timestamp(column.type):  # nanoseconds have no Python type; seconds are all a survey needs
        column = column.cast(arrow.timestamp("us", tz=column.type.tz), safe=False)
    if arrow.types.is_duration(column.type):
        column = column.cast(arrow.duration("us"), safe=False)
    if arrow.types.is_time(column.type):
        column = column.cast(arrow.time64("us"), safe=False)
    result = np.empty(len(column), dtype=object)
    result[:] = column.to_pylist()
    return result


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return cell_text(value)


def _short(value: Any) -> str:
    return cell_text(float(str(value)))


def _damaged(path: Path, error: Exception) -> InputError:
    text = " ".join(str(error).split()).rstrip(".")[:200]
    return InputError(f"the Parquet file cannot be read ({text})", file=path.name, allowed="the file written again")
