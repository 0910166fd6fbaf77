"""What must be known of a whole source before its rows can be cleaned piece by piece: found in one reading.

The rows are put aside on the way, in the private folder of the run, so that the raw file is read once.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import PipelineError
from ..readers import ColumnInfo, RawChunks, RawTable, Refused, decimal_marks, is_ambiguous
from .cells import distinct
from .coded import listed
from .dates import DateFormats, DateSigns, date_texts
from .exposure import Exposure, ExposureCount
from .gather import Gathered, anonymous_contents, identify, unified
from .identifiers import Scrubber
from .labels import fold
from .pseudonyms import Pseudonymiser
from .row_keys import KeyFile, hashes
from .submissions import FEWEST_ROWS

if TYPE_CHECKING:
    import pyarrow as arrow

_ANONYMOUS = np.dtype([("anonymous", "?"), ("content", "u8", 2)])
_GROUPS = 256


@dataclass
class FileFacts:
    """What is known of one raw file: decimal marks and dates of its cells, and whether its first row comes again."""

    n_rows: int = 0
    marks: set[str] = field(default_factory=set)
    unclear_number: bool = False
    dates: DateSigns = field(default_factory=DateSigns)
    first: pd.Series | None = None
    again: pd.Series = field(default_factory=lambda: pd.Series(dtype=bool))

    def add(self, piece: Gathered, numbers: Sequence[str], day: str) -> None:
        """Look at further rows."""
        frame, missing = piece.frame, piece.missing
        texts: set[str] = set()
        for header in numbers:
            texts.update(str(text) for text in frame[header].dropna().unique())
        asked = {text for text in texts if fold(text) not in missing}
        self.marks |= decimal_marks(asked)
        self.unclear_number = self.unclear_number or any(map(is_ambiguous, texts))
        if day:
            self.dates.add(date_texts(frame[day], missing))
        rest = frame
        if self.first is None and len(frame):
            self.first, rest = frame.iloc[0], frame.iloc[1:]
            self.again = pd.Series(False, index=frame.columns)
        if self.first is not None:
            for header in self.again.index[~self.again]:
                self.again[header] = bool(rest[header].eq(self.first[header]).any())
        self.n_rows += len(frame)

    @property
    def decimal(self) -> str | None:
        """The decimal mark that the cells speak for, or None."""
        return next(iter(self.marks)) if len(self.marks) == 1 else None


class KnownIdentifiers:
    """The identifiers of a source as they are written, as hashes on disk.

    Parameters
    ----------
    folder : pathlib.Path
        Where the hashes are kept.
    pseudonymiser : Pseudonymiser
        Gives the pseudonym of one that is found.
    """

    def __init__(self, folder: Path, pseudonymiser: Pseudonymiser) -> None:
        self._folder, self._pseudonymiser = folder, pseudonymiser
        self._read = functools.lru_cache(maxsize=16)(self._hashes)

    def add(self, identifiers: Sequence[str]) -> None:
        """Note further identifiers, blanks at the ends removed."""
        groups: dict[int, bytearray] = {}
        for text in identifiers:
            digest = _digest(text)
            groups.setdefault(digest[0], bytearray()).extend(digest)
        for number, digests in groups.items():
            with (self._folder / f"known.{number}").open("ab") as file:
                file.write(digests)

    def get(self, text: str, /) -> str | None:
        """Return the pseudonym of a text that is an identifier, else None."""
        digest = _digest(text)
        return self._pseudonymiser.person(text) if digest in self._read(digest[0]) else None

    def _hashes(self, number: int) -> frozenset[bytes]:
        path = self._folder / f"known.{number}"
        content = path.read_bytes() if path.is_file() else b""
        return frozenset(content[place : place + 16] for place in range(0, len(content), 16))


def _chunked(column: pd.Series) -> arrow.ChunkedArray:
    import pyarrow as arrow

    return arrow.chunked_array([arrow.array(column, type=arrow.large_string(), from_pandas=True)])


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Waiting:
    """The rows of a source on disk, as they were read, in their order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pieces: list[tuple[int, Path]] = []

    def add(self, number: int, table: RawTable) -> None:
        """Put further rows of the file with this number aside."""
        import pyarrow as arrow

        refused = [(entry.row, entry.reason, len(entry.cells), entry.rule) for entry in table.refused]
        columns = [_chunked(table.frame.iloc[:, place]) for place in range(table.frame.shape[1])]
        names = [str(place) for place in range(len(columns))]
        cells = arrow.Table.from_arrays([*columns, arrow.array(table.rows)], names=[*names, "row"])
        path = self._folder / f"rows.{len(self._pieces)}"
        with arrow.ipc.new_file(path, cells.schema.with_metadata({"refused": json.dumps(refused)})) as file:
            file.write_table(cells)
        self._pieces.append((number, path))

    def pieces(self, heads: Sequence[RawTable], headers: Sequence[str]) -> Iterator[tuple[int, RawTable]]:
        """Yield the rows again, with the number of their file."""
        import pyarrow as arrow

        kind = pd.StringDtype(na_value=np.nan)
        for number, path in self._pieces:
            with arrow.ipc.open_file(path) as file:
                cells, schema = file.read_all(), file.schema
            arrays = [pd.arrays.ArrowStringArray(column, dtype=kind) for column in cells.columns[:-1]]
            frame = pd.DataFrame(dict(zip(headers, arrays, strict=True)), copy=False)
            refused = [
                Refused(row, reason, ("",) * n_cells, rule)
                for row, reason, n_cells, rule in json.loads(schema.metadata[b"refused"])
            ]
            rows = cells.column("row").to_numpy()
            yield number, replace(heads[number], frame=frame, rows=rows, refused=tuple(refused), notes=())


@dataclass
class SourceFacts:
    """What is known of a source after its rows were looked at once.

    Parameters
    ----------
    template : Gathered
        The source without rows: its columns and what each is.
    files : list of FileFacts
        One per raw file.
    exposures : list of Exposure
        Where identifiers stand.
    waiting : Waiting
        The rows.
    known : KnownIdentifiers
        Identifiers as written.
    contents : KeyFile
        Hashes of rows without identifier.
    excluded : list of set of str
        Per `exclude` of the study file, its folded values that stand in a row.
    """

    template: Gathered
    files: list[FileFacts]
    waiting: Waiting
    known: KnownIdentifiers
    contents: KeyFile
    excluded: list[set[str]]
    exposures: list[Exposure] = field(default_factory=list)

    @property
    def decided(self) -> bool:
        """Whether each file's decimal mark is declared, clear or not needed."""
        declared = self.template.source.decimal is not None
        return declared or all(file.decimal is not None or not file.unclear_number for file in self.files)

    def decimals(self) -> dict[str, str | None]:
        """Return each file's decimal mark, as `Gathered.decimals`."""
        declared = self.template.source.decimal
        names = [table.file.name for table in self.template.tables]
        return {name: declared or file.decimal for name, file in zip(names, self.files, strict=True)}

    def date_formats(self) -> dict[str, DateFormats]:
        """Return each file's formats of dates."""
        names = [table.file.name for table in self.template.tables]
        return {name: file.dates.found() for name, file in zip(names, self.files, strict=True)}

    def header_again(self, number: int) -> pd.Series:
        """Return which cells of a file's first row are written again below; empty for a file of few rows."""
        file = self.files[number]
        return file.again if file.n_rows >= FEWEST_ROWS else pd.Series(dtype=bool)

    def pieces(self) -> Iterator[tuple[int, Gathered]]:
        """Yield the rows of the source piece by piece, with the number of their file."""
        template = self.template
        for number, table in self.waiting.pieces(template.tables, list(template.frame.columns)):
            yield number, piece_of(template, number, table)


def piece_of(template: Gathered, number: int, table: RawTable) -> Gathered:
    """Return rows of one file as `gather` returns a source; persons are not looked at."""
    name = template.tables[number].file.name
    files = np.full(len(table.rows), name, dtype=object)
    return Gathered(template.source, table.frame, files, table.rows, [table], wide=template.wide)


def look_through(
    template: Gathered, chunks: Sequence[RawChunks], scrubber: Scrubber, pseudonymiser: Pseudonymiser, folder: Path
) -> SourceFacts:
    """Read all files of a source once, note what rules need to know of all rows, and put the rows aside.

    Parameters
    ----------
    template : Gathered
        The source without rows.
    chunks : sequence of RawChunks
        Its files.
    scrubber, pseudonymiser
        As for `one_source.clean_source`.
    folder : pathlib.Path
        A private folder for this source.
    """
    source, headers = template.source, list(template.frame.columns)
    excluded: list[set[str]] = [set() for _ in source.exclude]
    facts = SourceFacts(
        template, [FileFacts() for _ in chunks], Waiting(folder), KnownIdentifiers(folder, pseudonymiser),
        KeyFile(folder / "contents", _ANONYMOUS), excluded,
    )  # fmt: skip
    columns: dict[str, ColumnInfo] = {}
    for table in template.tables:
        columns |= table.columns
    counts = [ExposureCount(header, columns.get(header)) for header in headers]
    numbers = template.number_columns()
    day = "" if source.answered_on is None or source.answered_on.column is None else source.answered_on.column
    day = template.column(day) if day and not source.date_formats else ""
    for number, file in enumerate(chunks):
        for table in file:
            frame = _squared(unified(table.frame, template.tables[0].frame.columns), headers)
            piece = piece_of(template, number, replace(table, frame=frame))
            facts.waiting.add(number, piece.tables[0])
            facts.files[number].add(piece, numbers, day)
            for header, count in zip(headers, counts, strict=True):
                count.add(frame[header], scrubber)
            for hits, exclude in zip(excluded, source.exclude, strict=True):
                wanted = {fold(value) for value in exclude.values}  # noqa: PD011 - a field of the study file
                hits |= wanted & {fold(text) for text in distinct(frame[template.column(exclude.column)])[1]}
            _note_persons(facts, piece, pseudonymiser)
    facts.exposures = [exposure for count in counts for exposure in count.found()]
    return facts


def _squared(frame: pd.DataFrame, headers: Sequence[str]) -> pd.DataFrame:
    """Return the frame with all columns of the source; a cell is missing where the file has no such column."""
    absent = pd.Series(np.nan, index=frame.index, dtype="str")
    return pd.DataFrame({header: frame.get(header, absent) for header in headers}, copy=False)


def _note_persons(facts: SourceFacts, piece: Gathered, pseudonymiser: Pseudonymiser) -> None:
    person = piece.source.person
    if person is not None and person.column is not None:
        cells = piece.frame[piece.column(person.column)].fillna("").str.strip()
        texts = listed(cells[cells != ""].drop_duplicates())
        facts.known.add([text for text in texts if not (text.isdigit() and len(text) < 5)])
    identify(piece, pseudonymiser)
    keys = np.zeros(len(piece.row), dtype=_ANONYMOUS)
    keys["anonymous"] = ~piece.has_id
    contents = anonymous_contents(piece)
    keys["content"][contents.index.to_numpy(dtype=np.intp)] = hashes(contents.to_frame("content"))
    facts.contents.add(keys)


def check_rows(facts: SourceFacts, n_rows: int) -> None:
    """Refuse to go on when rows got lost on disk."""
    expected: NDArray[np.int64] = np.array([file.n_rows for file in facts.files])
    if int(expected.sum()) != n_rows:
        raise PipelineError(f"{int(expected.sum())} rows were put aside and {n_rows} came back; please report this")
