"""Raw sources to canonical tables, with a record of everything that was touched."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core import InputError
from ..overrides import headers_of, read_overrides
from ..study import Source, Study
from .coded import check_content, combined, listed, repeated, sort_rows, spelled, stacked
from .flags import raise_flags
from .gather import Gathered, gather
from .identifiers import Scrubber
from .log import Log
from .people import Cleaned, accounts_of, declined_in, people_of
from .protection import masked_texts, nameless, protect, scrubber_of
from .pseudonyms import Pseudonymiser
from .records import Dropped, comment_ids, language_of, log_masked, record_table, seconds_of, without_taken
from .returned import returned_rules
from .reversals import apply_reversals, log_reversals
from .review import load_review, reviewed
from .rows import RowFacts, Rows, answered_rules, belongs, first_rules, refuse_long_rows, repeated_rule
from .schemas import KEYS, RECORDS, TABLES, conform, empty_table
from .submissions import double_rule, header_rule, partial_rule, submission_rules
from .suspects import raise_suspicions
from .wide import TextPart, WidePart, convert_wide, log_wide, source_rows, text_parts, wide_table
from .withdrawn import set_aside_withdrawn


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


def clean_source(
    study: Study,
    source: Source,
    pseudonymiser: Pseudonymiser,
    *,
    declined: frozenset[str] = frozenset(),
    scrubber: Scrubber | None = None,
) -> Cleaned:
    """Clean one source: row rules, conversion, repeats, tables, flags, accounts.

    Parameters
    ----------
    study, source : Study, Source
        What to read.
    pseudonymiser : Pseudonymiser
        Holds the key.
    declined : frozenset of str
        Pseudonyms of persons who did not consent.
    scrubber : Scrubber, optional
        Replaces identifiers in texts; made from the register and this source when not given.
    """
    gathered = gather(study, source, pseudonymiser)
    exposures, guard = protect(study, gathered, scrubber or scrubber_of(study, [source]))
    log = Log(source.name, _known(gathered, pseudonymiser), guard)
    rows = Rows(gathered, log)
    refuse_long_rows(rows)
    set_aside_withdrawn(rows, study, pseudonymiser)
    facts = first_rules(rows, declined)
    submission_rules(rows, facts)
    returned_rules(rows, study)
    blocks = list(zip(source.blocks, gathered.wide, strict=True))
    parts = [
        convert_wide(gathered, block, pairs, study) for block, pairs in blocks if pairs and block.table != "comments"
    ]
    turned = [apply_reversals(gathered, part, study) for part in parts]
    texts = text_parts(gathered)
    header_rule(rows, parts)
    answered_rules(rows, _any_part(gathered), _answered(gathered, parts, texts))
    answers = functools.cache(lambda: _answers(parts, texts, gathered))
    repeated_rule(rows, facts, answers)
    double_rule(rows, facts, parts, answers)
    partial_rule(rows, parts)
    _log_persons(rows)
    result = Cleaned(gathered, exposures=exposures)
    language, seconds = language_of(rows, study), seconds_of(rows, study)
    dropped = Dropped()
    for part, cells in zip(parts, turned, strict=True):
        log_wide(rows, part)
        log_reversals(rows, part, cells)
        table = wide_table(rows, part, facts, language, seconds)
        if source.repeated == "keep":
            table = without_taken(rows, part.block, table, dropped)
        result.tables.append((part.block.table, table))
    for block in (block for block, pairs in blocks if block.columns is None):
        table = record_table(rows, block, study, facts, language, seconds, pseudonymiser, dropped)
        result.tables.append((block.table, table))
        if block.table == "decisions":
            read_overrides(table, study.instrument, headers_of(study))
    result.tables.append(("comments", _comments(rows, texts, facts, language, study, pseudonymiser)))
    _set_aside_unused(rows, result, dropped)
    raise_flags(rows, parts, seconds, study)
    raise_suspicions(rows, parts, study)
    result.change_log, result.quarantine = log.change_frame(), log.quarantine_frame()
    result.accounts = accounts_of(result)
    return result


def _known(gathered: Gathered, pseudonymiser: Pseudonymiser) -> dict[str, str]:
    """Return identifier as written -> pseudonym, for masking; short numbers may be answers: left out."""
    cells = [gathered.source.person, *(block.fields.get("person_id") for block in gathered.source.blocks)]
    headers = {gathered.column(cell.column) for cell in cells if cell is not None and cell.column is not None}
    known: dict[str, str] = {}
    for header in sorted(headers):
        texts = gathered.frame[header].fillna("").str.strip()
        texts = texts[texts != ""].drop_duplicates()
        known |= dict(zip(listed(texts), listed(pseudonymiser.persons(texts)), strict=True))
    return {text: code for text, code in known.items() if not (text.isdigit() and len(text) < 5)}


def _any_part(gathered: Gathered) -> np.ndarray:
    masks = [belongs(gathered, block) for block in gathered.source.blocks]
    return np.logical_or.reduce(masks)


def _answered(gathered: Gathered, parts: list[WidePart], texts: list[TextPart]) -> np.ndarray:
    """Return rows with an answer, a text, or a row-wise part (which is judged by its own keys)."""
    result = np.zeros(len(gathered.row), dtype=bool)
    for part in parts:
        result |= part.answered()
    for text in texts:
        result |= text.texts.notna().to_numpy(dtype=bool)
    for block in gathered.source.blocks:
        if block.columns is None:
            result |= belongs(gathered, block)
    return result


def _answers(parts: list[WidePart], texts: list[TextPart], gathered: Gathered) -> pd.DataFrame:
    """Return what each person answered, to tell a repeat with the same answers from one with others."""
    columns = {
        f"{index}.{place}": part.answers[:, place]
        for index, part in enumerate(parts)
        for place in range(len(part.targets))
    }
    columns |= {f"text.{index}": text.texts.fillna("") for index, text in enumerate(texts)}
    for index, block in enumerate(gathered.source.blocks):
        for name, cell in block.fields.items():
            if cell.column is not None:
                columns[f"field.{index}.{name}"] = gathered.frame[gathered.column(cell.column)].fillna("")
    return pd.DataFrame(columns, index=gathered.frame.index)


def _log_persons(rows: Rows) -> None:
    """Say which rows lack the identifier that their source has."""
    person = rows.gathered.source.person
    if person is None or person.column is None:
        return
    header = rows.gathered.column(person.column)
    tables = {block.table for block in rows.gathered.source.blocks}
    if tables & {"ratings", "responses", "choices", "people"}:
        rows.log.change(
            "person.missing", "flagged", **rows.where(rows.alive & ~rows.gathered.has_id), column=header,
            reason="no identifier; the row counts as a person of its own",
        )  # fmt: skip


def _comments(
    rows: Rows,
    texts: list[TextPart],
    facts: RowFacts,
    language: pd.Series,
    study: Study,
    pseudonymiser: Pseudonymiser,
) -> pd.DataFrame:
    gathered = rows.gathered
    frames = []
    where = source_rows(gathered)
    for part in texts:
        mask = rows.alive & part.texts.notna().to_numpy(dtype=bool)
        masked, kinds = masked_texts(part.texts, part.header, rows.log.guard)
        log_masked(rows, part.header, kinds)
        frames.append(
            pd.DataFrame(
                {
                    "person_id": gathered.person_id[mask], "stream": gathered.source.activity,
                    "target_type": part.target_type,
                    "target_id": rows.log.guard.header(part.target_id),
                    "version": _version(study, part), "language": language[mask], "text": masked[mask],
                    "review": "pending", "date": facts.date[mask], "source": gathered.source.name,
                    "source_row": where[mask],
                }
            )
        )  # fmt: skip
    table = pd.concat(frames) if frames else pd.DataFrame({name: [] for name in TABLES["comments"]})
    if len(table):
        table["comment_id"] = comment_ids(table, gathered.source.name, pseudonymiser).to_numpy()
    return table


def _version(study: Study, part: TextPart) -> str:
    if part.target_type == "item":
        return study.instrument.item(part.target_id).version
    return study.instrument.version


def _set_aside_unused(rows: Rows, result: Cleaned, dropped: Dropped) -> None:
    """Set aside the raw rows of which no table has a row."""
    unused = rows.alive & ~result.used()
    explained = np.zeros(len(unused), dtype=bool)
    reasons = [""] * len(unused)
    by_rule: dict[str, list[int]] = {}
    for place, (rule, reason) in dropped.reasons.items():
        explained[place], reasons[place] = True, reason
        by_rule.setdefault(rule, []).append(place)
    for rule, places in by_rule.items():
        mask = np.zeros(len(unused), dtype=bool)
        mask[places] = True
        rows.set_aside(unused & mask, rule, reasons, logged=True)
    rows.set_aside(unused & ~explained, "row.no_answer", "the row fills no table")


def _stacked(frames: list[pd.DataFrame], name: str) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else empty_table(name)


def joined(name: str, cleaned: Sequence[Cleaned]) -> pd.DataFrame:
    """Return one canonical table of all sources, ordered and checked, its texts coded."""
    frames = [table for part in cleaned for kind, table in part.tables if kind == name and len(table)]
    table = sort_rows(stacked(frames, name)) if frames else stacked([empty_table(name)], name)
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
