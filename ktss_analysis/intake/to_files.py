"""Sources of any size to cleaned tables on disk, in memory that does not grow with the rows of large ones."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..core import InputError
from ..study import Source, Study
from .clean import Clean, clean_sources, ordered
from .coded import coded, spelled, stacked
from .identifiers import Scrubber
from .in_pieces import Sizes, chunks_of, is_large, n_bytes, source_in_pieces
from .one_source import clean_source
from .people import Cleaned, declined_in, people_from, seen_in
from .protection import nameless, scrubber_of
from .pseudonyms import Pseudonymiser
from .review import load_review, reviewed
from .schemas import TABLES, conform, empty_table
from .table_parts import ParquetFile, PieceLogs, RecordFile, TableParts, add_logs
from .write import parquet_schema, write_clean

SHOWN = 1_000
"""Rows of the quarantine that are handed back; all are in the file."""
_WAITING = ".rows-"
_BYTES_PER_RANGE = 2_000_000


@dataclass
class Written:
    """What cleaning to files leaves in memory.

    Parameters
    ----------
    accounts : pandas.DataFrame
        As in `Clean`.
    notes : tuple of str
        As in `Clean`.
    touched : pandas.DataFrame
        Cells or rows that each rule touched: `source`, `rule`, `action`, `n_cells`.
    set_aside : pandas.DataFrame
        Rows in quarantine: `source`, `rule`, `n_cells`.
    quarantine : pandas.DataFrame
        The first `SHOWN` rows of the quarantine, without the records.
    first_answers : pandas.DataFrame
        Date of the first dated answer: `table`, `source`, `answered_on`.
    paths : list of pathlib.Path
        The files.
    """

    accounts: pd.DataFrame
    notes: tuple[str, ...]
    touched: pd.DataFrame
    set_aside: pd.DataFrame
    quarantine: pd.DataFrame
    first_answers: pd.DataFrame
    paths: list[Path]


def clean_to_files(
    study: Study, folder: str | Path, activities: Sequence[str] | None = None, *, sizes: Sizes | None = None
) -> Written:
    """Read and clean the sources of some activities, and write tables and records.

    Parameters
    ----------
    study : Study
        The study.
    folder : str or pathlib.Path
        Private folder of the run; made when absent. While a large source is cleaned its rows wait there.
    activities : sequence of str, optional
        As for `clean_sources`.
    sizes : Sizes, optional
        How large sources are cut.

    Returns
    -------
    Written
        Accounts, counts and notes. The files are those of `write_clean`, and hold the same rows in the same order.

    Raises
    ------
    InputError, StudyError, PipelineError
        As `clean_sources`.
    """
    cut = sizes or Sizes()
    target = Path(folder)
    wanted = [source for source in study.sources if activities is None or source.activity in activities]
    large = [source.name for source in wanted if is_large(study, source, cut)]
    if not any(chunks_of(study, source) for source in wanted if source.name in large):
        return _written(clean_sources(study, activities), target)
    scrubber = scrubber_of(study, wanted)
    target.mkdir(parents=True, exist_ok=True)
    for left in target.glob(f"{_WAITING}*"):  # of a run that was killed; it holds raw rows
        shutil.rmtree(left)
    try:
        with tempfile.TemporaryDirectory(dir=target, prefix=_WAITING) as name:
            return _Cleaning(study, wanted, scrubber, target, Path(name), cut).run(large)
    except InputError as error:
        raise nameless(error, scrubber) from None


class _Cleaning:
    """Cleaning of a study with a large source: tables and logs are on disk as soon as they are made."""

    def __init__(
        self, study: Study, wanted: list[Source], scrubber: Scrubber, target: Path, folder: Path, sizes: Sizes
    ) -> None:
        self._study, self._wanted, self._scrubber, self._target, self._folder = study, wanted, scrubber, target, folder
        self._sizes = sizes
        n_ranges = sizes.n_ranges or max(1, sum(n_bytes(study, source) for source in wanted) // _BYTES_PER_RANGE)
        self._parts, self._seen = (TableParts(folder / name, n_ranges) for name in ("tables", "seen"))
        self._tally = Tally()
        self._accounts: list[pd.DataFrame] = []
        self._notes: list[str] = []

    def run(self, large: Sequence[str]) -> Written:
        study, pseudonymiser = self._study, Pseudonymiser(self._study)
        registers = {
            source.name: clean_source(study, source, pseudonymiser, scrubber=self._scrubber)
            for source in study.of("register")
        }
        declined = declined_in(list(registers.values()))
        logs = {name: RecordFile(self._target / f"{name}.csv", name) for name in ("change_log", "quarantine")}
        for source in sorted(self._wanted, key=lambda source: source.name):
            pieces = None
            if source.name in large:
                pieces = source_in_pieces(
                    study, source, pseudonymiser, declined=declined, scrubber=self._scrubber,
                    folder=self._folder / f"source.{len(self._accounts)}", sizes=self._sizes,
                )  # fmt: skip
            if pieces is not None:
                notes = pieces.notes
                with PieceLogs(self._folder, logs) as order:
                    self._keep(pieces.cleaned(), order.add)
            else:
                whole = registers.get(source.name) or clean_source(
                    study, source, pseudonymiser, declined=declined, scrubber=self._scrubber
                )
                notes = whole.gathered.notes
                self._keep([whole], lambda part: add_logs(logs, part))
            self._notes += [f"{source.name}: {self._scrubber.text(note)}" for note in notes]
        paths = [self._table(name) for name in TABLES if name != "people"]
        paths += [self._people(), *(log.close() for log in logs.values())]
        accounts = conform(pd.concat(self._accounts, ignore_index=True), "accounts")
        record = RecordFile(self._target / "accounts.csv", "accounts")
        record.add(accounts)
        return self._tally.written(accounts, tuple(self._notes), sorted([*paths, record.close()]))

    def _keep(self, cleaned: Iterable[Cleaned], log: Callable[[Cleaned], None]) -> None:
        """Put tables, persons and logs on disk; a source is its pieces, or all of it."""
        accounts = []
        for part in cleaned:
            for name, table in part.tables:
                if len(table):
                    self._parts.add(name, stacked([table], name))
            seen = seen_in([part])
            texts = {name: coded(seen[name]) for name in seen if name != "used"}
            self._seen.add("people", seen.assign(**texts))
            self._tally.add(part.change_log, part.quarantine, part.tables)
            log(part)
            accounts.append(part.accounts)
        self._accounts.append(added_up(accounts))

    def _table(self, name: str) -> Path:
        decisions = load_review(self._study) if name == "comments" else {}
        file = ParquetFile(self._target / f"{name}.parquet", parquet_schema(name))
        for part in self._parts.parts(name):
            table = ordered(part, name)
            file.add(reviewed(spelled(table), decisions) if decisions else table)
        return file.close()

    def _people(self) -> Path:
        file = ParquetFile(self._target / "people.parquet", parquet_schema("people"))
        for number in self._parts.ranges:
            seen, register = self._seen.part("people", (number,)), self._parts.part("people", (number,))
            if seen is None and register is None:
                continue
            known = empty_table("people") if register is None else spelled(ordered(register, "people"))
            people = people_from(seen_in([]) if seen is None else _plain(seen), known)
            file.add(people)
        return file.close()


def _plain(seen: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {name: seen[name].astype(bool) if name == "used" else seen[name].astype("str") for name in seen}
    )


def added_up(accounts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the accounts of a source from those of its pieces."""
    whole = pd.concat([part for part in accounts if len(part)], ignore_index=True)
    if whole["file"].is_unique:
        return whole
    return whole.groupby(["source", "file"], sort=False, as_index=False).sum()


class Tally:
    """Counts what is handed back in numbers, piece by piece."""

    def __init__(self) -> None:
        self._touched: Counter[tuple[str, str, str]] = Counter()
        self._aside: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], str] = {}
        self._shown: list[pd.DataFrame] = [empty_table("quarantine")]

    def add(
        self, change_log: pd.DataFrame, quarantine: pd.DataFrame, tables: Iterable[tuple[str, pd.DataFrame]]
    ) -> None:
        """Count the entries and the dates of sources, or of a piece of one."""
        self._touched.update(change_log.groupby(["source", "rule", "action"]).size().to_dict())
        self._aside.update(quarantine.groupby(["source", "rule"]).size().to_dict())
        n_shown = sum(map(len, self._shown))
        if n_shown < SHOWN and len(quarantine):
            self._shown.append(conform(quarantine.head(SHOWN - n_shown), "quarantine"))
        for name, table in tables:
            if "answered_on" not in table:
                continue
            dated = table.loc[table["answered_on"].notna(), ["source", "answered_on"]]
            for source in dated["source"].unique():
                first = min(map(str, dated.loc[dated["source"] == source, "answered_on"].unique()))
                self._first[name, source] = min(first, self._first.get((name, source), first))

    def written(self, accounts: pd.DataFrame, notes: tuple[str, ...], paths: list[Path]) -> Written:
        """Return everything."""
        touched = [(*key, count) for key, count in sorted(self._touched.items())]
        aside = [(*key, count) for key, count in sorted(self._aside.items())]
        first = [(*key, day) for key, day in sorted(self._first.items())]
        return Written(
            accounts, notes, pd.DataFrame(touched, columns=["source", "rule", "action", "n_cells"]),
            pd.DataFrame(aside, columns=["source", "rule", "n_cells"]),
            pd.concat(self._shown, ignore_index=True).drop(columns="record"),
            pd.DataFrame(first, columns=["table", "source", "answered_on"]), paths,
        )  # fmt: skip


def _written(clean: Clean, folder: Path) -> Written:
    """Write what was cleaned in memory, and return its counts."""
    tally = Tally()
    tally.add(clean.change_log, clean.quarantine, clean.tables.items())
    return tally.written(clean.accounts, clean.notes, write_clean(clean, folder))
