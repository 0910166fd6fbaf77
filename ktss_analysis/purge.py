"""Remove one participant from a study on request: from what is analysed, from runs, and from raw CSV files."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from .core import InputError, KtssError
from .csvfile import write_csv
from .files import files_below, write_atomic
from .intake.gather import gather
from .intake.pseudonyms import Pseudonymiser
from .intake.withdrawn import rows_of
from .readers import RawTable
from .study import Study
from .withdrawals import Withdrawal, add_withdrawal, list_path, load_withdrawals, withdrawal_hash

_PSEUDONYM = re.compile(r"[PR][A-Z2-7]{10}")
_LONG_TEXT = 30
_TEXT_FORMATS = ("csv", "tsv")
_LINE = re.compile("[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
LOG_COLUMNS = ("date", "action", "file", "row")


@dataclass(frozen=True, slots=True)
class RawRow:
    """Where a row of the person stands in a raw file; `rewritable` when ``--raw`` can take it out."""

    source: str
    file: str
    row: int
    rewritable: bool


@dataclass(frozen=True)
class Purge:
    """What a purge does, or would do.

    Parameters
    ----------
    known : bool
        The person stands in the list of those who withdrew already.
    rows : tuple of RawRow
        Rows of the person in the raw files, as they are now.
    outputs : tuple of pathlib.Path
        Folders and files of runs that hold the person.
    files : dict of pathlib.Path to list of int
        Raw text files that can be rewritten, with the rows to take out.
    """

    hash: str
    known: bool
    rows: tuple[RawRow, ...]
    outputs: tuple[Path, ...]
    files: dict[Path, list[int]]

    def as_dict(self) -> dict[str, object]:
        """Return what is safe to print: places, and nothing that names the person."""
        return {
            "already_listed": self.known, "raw_rows": [asdict(row) for row in self.rows],
            "outputs": [str(path) for path in self.outputs],
        }  # fmt: skip


def plan_purge(study: Study, person: str, runs: Sequence[Path]) -> Purge:
    """Find everything of one person, and change nothing.

    Parameters
    ----------
    study : Study
        The study.
    person : str
        Identifier as it stands in a raw file, or pseudonym.
    runs : sequence of pathlib.Path
        Folders of runs to look through.

    Raises
    ------
    KtssError
        When no raw row, no run and no earlier purge knows the person.
    """
    pseudonymiser = Pseudonymiser(study)
    text = person.strip()
    names = {pseudonymiser.person(text)} | ({text} if _PSEUDONYM.fullmatch(text) else set())
    rows: list[RawRow] = []
    files: dict[Path, list[int]] = {}
    texts: set[str] = set()
    for source in study.sources:
        gathered = gather(study, source, pseudonymiser)
        mask = rows_of(gathered, pseudonymiser, names)
        if not mask.any():
            continue
        texts |= set(_long_texts(gathered.frame.loc[mask]))
        tables = {table.file.name: table for table in gathered.tables}
        for place in np.flatnonzero(mask):
            table, row = tables[str(gathered.file[place])], int(gathered.row[place])
            rows.append(RawRow(source.name, table.file.name, row, table.format in _TEXT_FORMATS))
            if table.format in _TEXT_FORMATS and row not in files.setdefault(table.file, []):
                files[table.file].append(row)
    outputs = tuple(_outputs_with(runs, names, texts))
    listed = {entry.hash for entry in load_withdrawals(study).purged}
    hashes = {name: withdrawal_hash(study, name) for name in sorted(names)}
    known = next((code for code in hashes.values() if code in listed), None)
    if not rows and not outputs and known is None:
        raise KtssError(
            "nobody of this name stands in the raw files or runs of the study; give the identifier exactly as it "
            "stands in the column that identifies the person, or the pseudonym"
        )
    name = text if text in hashes else next(iter(hashes))
    return Purge(known or hashes[name], known is not None, tuple(rows), outputs, files)


def _long_texts(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the longest line of each text of the person that is long enough to be told from those of others."""
    for column in frame.columns:
        for cell in frame[column].dropna().astype(str):
            line = max(cell.splitlines() or [""], key=len).strip()
            if len(line) >= _LONG_TEXT:
                yield line


def _outputs_with(runs: Sequence[Path], names: set[str], texts: set[str]) -> Iterator[Path]:
    """Yield the folders of stages, and the other files of runs, that hold a pseudonym or a text of the person."""
    needles = [name.encode() for name in names] + [text.encode() for text in texts]
    for run in runs:
        stages = run / "private" / "stages"
        for place in (stages, run / "private" / "interactive"):
            for folder in sorted(place.iterdir()) if place.is_dir() else []:
                if folder.is_dir() and any(_holds(path, names, needles) for path in _files(folder)):
                    yield folder
        for place in (run / "private", run / "public"):
            for path in _files(place) if place.is_dir() else []:
                if stages not in path.parents and _holds(path, names, needles):
                    yield path


def _files(folder: Path) -> list[Path]:
    return [path if path.is_absolute() else folder / path for path in files_below(folder)]


def _holds(path: Path, names: set[str], needles: list[bytes]) -> bool:
    if path.suffix != ".parquet":
        content = path.read_bytes()
        return any(needle in content for needle in needles)
    frame = pd.read_parquet(path)
    columns = [name for name in frame.columns if name.endswith("_id")]
    return any(bool(frame[name].astype("string").isin(list(names)).any()) for name in columns)


def carry_out(study: Study, purge: Purge, *, reason: str, raw: bool, today: date) -> dict[str, object]:
    """List the person, delete the outputs, rewrite raw text files when `raw`, and log all of it.

    Returns
    -------
    dict
        What was done, and the raw rows that the analyst still has to remove.

    Raises
    ------
    InputError
        When a raw file cannot be rewritten without touching other rows; the steps before it are done.
    """
    day = today.isoformat()
    entries: list[tuple[str, str, str, int | None]] = []
    if not purge.known:
        path = add_withdrawal(study, Withdrawal(hash=purge.hash, date=day, reason=reason))
        entries.append((day, "listed", path.name, None))
    for output in purge.outputs:
        shutil.rmtree(output) if output.is_dir() else output.unlink(missing_ok=True)
        entries.append((day, "output deleted", output.name, None))
    removed: set[tuple[str, int]] = set()
    for path, numbers in purge.files.items() if raw else ():
        remove_rows(study, path, numbers)
        entries += [(day, "raw row removed", path.name, number) for number in sorted(numbers)]
        removed |= {(path.name, number) for number in numbers}
    left = [row for row in purge.rows if (row.file, row.row) not in removed]
    entries += [(day, "raw row left to the analyst", row.file, row.row) for row in left]
    if entries:
        _write_log(study, entries)
    return {
        "already_listed": purge.known, "list": str(list_path(study)), "log": str(log_path(study)),
        "outputs_deleted": [str(path) for path in purge.outputs], "raw_rows_removed": len(removed),
        "raw_rows_left": [asdict(row) for row in left],
    }  # fmt: skip


def log_path(study: Study) -> Path:
    """Return the log of all purges of a study; it names files and rows, never a person."""
    return study.path.with_name(f"{study.path.stem}.purge-log.csv")


def _write_log(study: Study, entries: list[tuple[str, str, str, int | None]]) -> None:
    path = log_path(study)
    before = pd.read_csv(path, dtype="string") if path.is_file() else None
    new = pd.DataFrame(entries, columns=list(LOG_COLUMNS)).astype({"row": "Int64"}).astype("string")
    known = set(map(tuple, before.fillna("").to_numpy())) if before is not None else set()
    new = new[[tuple(line) not in known for line in new.fillna("").to_numpy()]]
    if len(new):
        write_csv(new if before is None else pd.concat([before, new], ignore_index=True), path)


# ------------------------------------------------------------------------------ raw text files


def remove_rows(study: Study, path: Path, numbers: Sequence[int]) -> None:
    """Rewrite a raw text file without some rows; the bytes of the header and of all other rows stay the same.

    Parameters
    ----------
    study : Study
        Says how the file is read.
    path : pathlib.Path
        The file.
    numbers : sequence of int
        Rows as the readers count them: the physical line on which a record starts, from 1.

    Raises
    ------
    InputError
        When the file's bytes do not come back from its text, or what is left would be read differently.
    """
    before = _read_again(study, path)
    content = path.read_bytes()
    lines = _lines(content, before.encoding, path)
    starts = sorted({*map(int, before.rows), *(entry.row for entry in before.refused)})
    gone: set[int] = set()
    for number in numbers:
        later = [start for start in starts if start > number]
        gone.update(range(number, later[0] if later else len(lines) + 1))
    kept = b"".join(line for number, line in enumerate(lines, 1) if number not in gone)
    write_atomic(path, kept)
    after = _read_again(study, path)
    expected = before.frame[~np.isin(before.rows, list(numbers))].reset_index(drop=True)
    if not after.frame.equals(expected) or after.header_row != before.header_row:
        write_atomic(path, content)
        raise InputError(
            "the raw file would be read differently without the rows; it was left as it is",
            file=path.name, row=min(numbers), allowed="remove the rows by hand",
        )  # fmt: skip


def _read_again(study: Study, path: Path) -> RawTable:
    from .readers import read_table

    source = next(source for source in study.sources if path in study.files(source))
    return read_table(
        path, format=source.format, sheet=source.sheet, header_row=source.header_row, encoding=source.encoding,
        separator=source.separator, structure=study.structure(source),
    )  # fmt: skip


def _lines(content: bytes, encoding: str, path: Path) -> list[bytes]:
    """Return the physical lines of a text file as bytes, with line ends; a mark at the start stays in line 1."""
    mark = next((mark for mark in (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf") if content.startswith(mark)), b"")
    codec = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb\xbf": "utf-8"}.get(mark, encoding)
    try:
        text = content[len(mark) :].decode(codec)
        lines = [line.encode(codec) for line in _LINE.findall(text)]
    except (LookupError, UnicodeError):
        lines = []
    if not lines or mark + b"".join(lines) != content:
        raise InputError(
            "the raw file's bytes do not come back from its text, so it cannot be rewritten safely",
            file=path.name, found=encoding, allowed="remove the rows by hand",
        )  # fmt: skip
    return [mark + lines[0], *lines[1:]]
