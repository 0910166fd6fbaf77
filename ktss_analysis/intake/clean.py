"""Raw sources to canonical tables, with a record of everything that was touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ..core import InputError
from ..study import Source, Study
from .coded import check_content, combined, repeated, sort_rows, spelled, stacked
from .identifiers import Scrubber
from .one_source import clean_source
from .people import Cleaned, declined_in, people_of
from .protection import nameless, scrubber_of
from .pseudonyms import Pseudonymiser
from .review import load_review, reviewed
from .schemas import KEYS, RECORDS, TABLES, conform, empty_table


@dataclass(frozen=True)
class Clean:
    """What cleaning returns.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        All canonical tables (see `ktss_analysis.intake.schemas.TABLES`), those without rows included. They
        are ordered by content, so the order of the raw rows and columns leaves no trace but `source_row`.
    change_log : pandas.DataFrame
        One row per cell or row that a rule touched or flagged.
    quarantine : pandas.DataFrame
        One row per raw row that is not used, with the reason and the row itself.
    accounts : pandas.DataFrame
        Per file: records read, used, set aside; cells changed; flags.
    notes : tuple of str
        What was guessed or repaired while reading, and targets that were not asked.
    """

    tables: dict[str, pd.DataFrame]
    change_log: pd.DataFrame
    quarantine: pd.DataFrame
    accounts: pd.DataFrame
    notes: tuple[str, ...]


def clean_sources(study: Study, activities: Sequence[str] | None = None) -> Clean:
    """Read and clean the sources of some activities.

    Parameters
    ----------
    study : Study
        The study.
    activities : sequence of str, optional
        Activities to read; all when not given. The register is always asked who declined consent.

    Returns
    -------
    Clean
        Canonical tables and the record of the cleaning.

    Raises
    ------
    InputError
        When a raw file cannot be read or does not fit the study file.
    StudyError
        When a file is absent or the key for pseudonyms is not usable.
    PipelineError
        When the rows read are not the rows used and set aside: a fault of the program.
    """
    pseudonymiser = Pseudonymiser(study)
    wanted = [source for source in study.sources if activities is None or source.activity in activities]
    scrubber = scrubber_of(study, wanted)
    try:
        cleaned = _cleaned(study, wanted, pseudonymiser, scrubber)
    except InputError as error:
        raise nameless(error, scrubber) from None
    tables = {name: spelled(joined(name, cleaned)) for name in TABLES}
    tables["comments"] = reviewed(tables["comments"], load_review(study))
    tables["people"] = people_of(cleaned, tables["people"])
    records = {name: conform(_stacked([getattr(part, name) for part in cleaned], name), name) for name in RECORDS}
    notes = [f"{part.gathered.source.name}: {scrubber.text(note)}" for part in cleaned for note in part.gathered.notes]
    return Clean(tables, records["change_log"], records["quarantine"], records["accounts"], tuple(notes))


def _cleaned(study: Study, wanted: list[Source], pseudonymiser: Pseudonymiser, scrubber: Scrubber) -> list[Cleaned]:
    """Clean the register first, which says who declined, then the other sources by name."""
    registers = {
        source.name: clean_source(study, source, pseudonymiser, scrubber=scrubber) for source in study.of("register")
    }
    declined = declined_in(list(registers.values()))
    return [
        registers[source.name]
        if source.name in registers
        else clean_source(study, source, pseudonymiser, declined=declined, scrubber=scrubber)
        for source in sorted(wanted, key=lambda source: source.name)
    ]


def _stacked(frames: list[pd.DataFrame], name: str) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else empty_table(name)


def joined(name: str, cleaned: Sequence[Cleaned]) -> pd.DataFrame:
    """Return one canonical table of all sources, ordered and checked, its texts coded."""
    frames = [table for part in cleaned for kind, table in part.tables if kind == name and len(table)]
    return ordered(stacked(frames or [empty_table(name)], name), name)


def ordered(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a coded table in its order, its keys and its content checked."""
    table = sort_rows(table)
    if name == "people":
        table = table.drop_duplicates("person_id", ignore_index=True)
    _check_keys(table, name)
    check_content(table, name)
    return table


def _check_keys(table: pd.DataFrame, name: str) -> None:
    """Refuse one id in two sources; within a source such rows are set aside."""
    key = list(KEYS.get(name, ()))
    if key and (twice := table[repeated(combined(table, key))]).size:
        first, second = (
            twice.sort_values(key, kind="stable").iloc[0],
            twice.sort_values(key, kind="stable").iloc[1],
        )
        raise InputError(
            f"table {name}: the same {', '.join(key)} stands in two sources, {first['source']!r} and "
            f"{second['source']!r}, or in two parts of one",
            file=str(first["source_row"]), found=", ".join(str(first[part]) for part in key),
            allowed=f"one row; the other is {second['source_row']}",
        )  # fmt: skip
