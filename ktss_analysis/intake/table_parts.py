"""Tables and logs that grow on disk: cleaned rows wait in ranges of their order; each range is sorted by itself."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..csvfile import csv_rows, write_csv
from .coded import as_arrow, coded, taken
from .people import Cleaned
from .schemas import TABLES, conform, empty_table

if TYPE_CHECKING:
    import pyarrow as arrow

_SIGNS = "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORDER: dict[str, tuple[tuple[str, ...], str, str]] = {
    "ratings": (("source", "round"), "person_id", "PR"), "responses": ((), "person_id", "PR"),
    "comments": ((), "comment_id", "C"), "people": ((), "person_id", "PR"),
}  # fmt: skip
"""Table -> columns that count first in its order, the column of ids that counts next, and the signs ids start with."""


class TableParts:
    """Rows of canonical tables on disk, each table in ranges that follow each other in the table's order.

    Parameters
    ----------
    folder : pathlib.Path
        Where they wait; made here, removed by whoever made the folder above.
    n_ranges : int
        Ranges of ids per kind of id. What comes out does not depend on it.
    """

    def __init__(self, folder: Path, n_ranges: int) -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        self._files: dict[str, dict[tuple, Path]] = {name: {} for name in TABLES}
        self._starts = {start: _starts(start, n_ranges) for start in {ids for *_, ids in _ORDER.values()}}

    def add(self, name: str, frame: pd.DataFrame) -> None:
        """Put rows of a coded table where they belong."""
        if not len(frame):
            return
        before, ids, starts = _ORDER.get(name, ((), "", ""))
        groups = frame.groupby(list(before), observed=True, sort=True) if before else [((), frame)]
        for value, group in groups:
            place = self.range_of(group[ids], starts) if ids else np.zeros(len(group), dtype=np.int64)
            order = np.argsort(place, kind="stable")
            for part in np.unique(place):
                low, high = np.searchsorted(place[order], [part, part + 1])
                self._append(name, (*value, int(part)), group.iloc[order[low:high]])

    def range_of(self, ids: pd.Series, starts: str = "PR") -> np.ndarray:
        """Return the range in which each id lies; missing ones lie in the last."""
        column = coded(ids)
        texts = column.categories.to_numpy(dtype=object)
        borders = self._starts[starts]
        places = np.searchsorted(borders, texts, side="right") if len(texts) else np.zeros(0, dtype=np.int64)
        return np.append(places, len(borders))[column.codes]

    @property
    def ranges(self) -> range:
        """All ranges of persons."""
        return range(len(self._starts["PR"]) + 1)

    def _append(self, name: str, key: tuple, frame: pd.DataFrame) -> None:
        import pyarrow as arrow

        path = self._files[name].setdefault(key, self._folder / f"{name}.{len(self._files[name])}")
        table = as_arrow(frame.apply(_compact))
        with path.open("ab") as file, arrow.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table)

    def parts(self, name: str) -> Iterator[pd.DataFrame]:
        """Yield a table's ranges in the table's order; within a range rows are as they came."""
        for key in sorted(self._files[name]):
            yield self._read(name, key)

    def part(self, name: str, key: tuple) -> pd.DataFrame | None:
        """Return one range, or None when no row lies in it."""
        return self._read(name, key) if key in self._files[name] else None

    def _read(self, name: str, key: tuple) -> pd.DataFrame:
        import pyarrow as arrow

        tables = []
        path = self._files[name][key]
        with path.open("rb") as file:
            while file.tell() < path.stat().st_size:
                tables.append(arrow.ipc.open_stream(file).read_all())
        table = arrow.concat_tables(tables).unify_dictionaries().combine_chunks()
        return pd.DataFrame({column: _column(table.column(column)) for column in table.column_names}, copy=False)


def _starts(kinds: str, n_ranges: int) -> np.ndarray:
    """Return the first texts of all ranges but the first: ids are spread evenly over three signs after their kind."""
    size = len(_SIGNS)
    borders = []
    for kind in kinds:
        borders.append(kind)
        for number in range(1, n_ranges):
            place = number * size**3 // n_ranges
            borders.append(kind + _SIGNS[place // size**2] + _SIGNS[place // size % size] + _SIGNS[place % size])
    return np.array(borders, dtype=object)


def _compact(column: pd.Series) -> pd.Series:
    """Return a coded column without the texts that none of its rows has."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column
    return column.cat.remove_unused_categories()


def _column(column: arrow.ChunkedArray) -> Any:
    import pyarrow as arrow

    whole = column.combine_chunks()
    if isinstance(whole, arrow.ChunkedArray):
        whole = arrow.concat_arrays(whole.chunks)
    if arrow.types.is_dictionary(whole.type):
        codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return taken(codes, whole.dictionary.to_numpy(zero_copy_only=False))
    return whole.to_pandas(types_mapper=_TYPES().get)


def _TYPES() -> dict:  # noqa: N802
    import pyarrow as arrow

    return {arrow.int64(): pd.Int64Dtype(), arrow.float64(): pd.Float64Dtype(), arrow.bool_(): pd.BooleanDtype()}


class ParquetFile:
    """A table's Parquet file, written range by range; it appears when it is complete.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    name : str
        Table.
    """

    def __init__(self, path: Path, schema: arrow.Schema) -> None:
        import pyarrow.parquet as parquet

        self.path, self._schema = path, schema
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}")
        self._writer = parquet.ParquetWriter(self._temporary, schema, compression="zstd", store_schema=False)

    def add(self, frame: pd.DataFrame) -> None:
        """Write a coded range as a row group."""
        if len(frame):
            self._writer.write_table(as_arrow(frame).cast(self._schema))

    def close(self) -> Path:
        """Complete the file."""
        self._writer.close()
        self._temporary.replace(self.path)
        return self.path


class RecordFile:
    """A record of the cleaning as CSV, written piece by piece; it appears when it is complete.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    name : str
        Which record, see `schemas.RECORDS`.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}")
        write_csv(empty_table(name), self._temporary)

    def add(self, frame: pd.DataFrame) -> None:
        """Write further rows."""
        append(frame, self.name, self._temporary)

    def add_file(self, path: Path) -> None:
        """Write the rows that `append` wrote elsewhere."""
        with path.open("rb") as rows, self._temporary.open("ab") as file:
            shutil.copyfileobj(rows, file)

    def close(self) -> Path:
        """Complete the file."""
        self._temporary.replace(self.path)
        return self.path


def append(frame: pd.DataFrame, name: str, path: Path) -> None:
    """Append rows of a record to a file, as `csvfile.write_csv` writes them."""
    if len(frame):
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(csv_rows(conform(frame, name)))


def add_logs(logs: dict[str, RecordFile], part: Cleaned) -> None:
    """Write the logs of a whole source."""
    logs["change_log"].add(part.change_log)
    logs["quarantine"].add(part.quarantine)


class PieceLogs:
    """Writes the logs of a source that comes in pieces in the order of files and rows.

    Pieces come file by file, their rows in order, but for two kinds of entries: what the reader refused may be handed
    over before the rows above it, and what is about a whole column comes last and stands in the row of the headers.
    """

    def __init__(self, folder: Path, logs: dict[str, RecordFile]) -> None:
        self._folder, self._logs = folder, logs
        self._files: set[str] = set()
        self._early: dict[tuple[str, str], pd.DataFrame] = {}

    def __enter__(self) -> PieceLogs:
        return self

    def add(self, part: Cleaned) -> None:
        """Take the entries of the next piece, or those about the whole source."""
        entries = {"change_log": part.change_log, "quarantine": part.quarantine}
        if not part.gathered.tables:
            for file, mine in part.change_log.groupby("file"):
                append(mine, "change_log", self._path("change_log", str(file), "first"))
            return
        file, rows = part.gathered.tables[0].file.name, part.gathered.row
        last = int(rows[-1]) if len(rows) else 0
        self._files.add(file)
        for name, frame in entries.items():
            held = self._early.pop((name, file), None)
            if held is not None:
                columns = list(_ORDER_OF[name])
                frame = pd.concat([held, frame]).sort_values(columns, kind="stable", ignore_index=True)
            late = frame["row"] > last if len(frame) else None
            if late is not None and bool(late.any()):
                self._early[name, file] = frame[late]
                frame = frame[~late]
            append(frame, name, self._path(name, file, "rows"))

    def _path(self, name: str, file: str, what: str) -> Path:
        return self._folder / f"{name}.{what}.{hashlib.sha256(file.encode()).hexdigest()}"

    def __exit__(self, kind: object, *_: object) -> None:
        """Hand all entries to the logs, unless something went wrong."""
        if kind is not None:
            return
        for (name, file), frame in self._early.items():
            append(frame, name, self._path(name, file, "rows"))
        for name, log in self._logs.items():
            for file in sorted(self._files):
                for what in ("first", "rows"):
                    path = self._path(name, file, what)
                    if path.is_file():
                        log.add_file(path)
                        path.unlink()


_ORDER_OF = {"change_log": ("file", "row", "column", "rule", "before"), "quarantine": ("file", "row")}
