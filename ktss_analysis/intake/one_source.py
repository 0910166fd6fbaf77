"""One source from its raw rows to table rows: row rules, conversion, tables, flags, accounts."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from ..overrides import headers_of, read_overrides
from ..study import Source, Study
from .coded import listed
from .exposure import Exposure
from .flags import FlagFacts, raise_flags
from .gather import Gathered, gather
from .identifiers import Scrubber
from .log import Log
from .people import Cleaned, accounts_of
from .protection import masked_texts, protect, scrubber_of
from .pseudonyms import Pseudonymiser
from .records import Dropped, comment_ids, language_of, log_masked, record_table, seconds_of, without_taken
from .returned import returned_rules
from .reversals import apply_reversals, log_reversals
from .rows import BoolArray, RowFacts, Rows, answered_rules, belongs, first_rules, refuse_long_rows, repeated_rule
from .schemas import TABLES
from .submissions import double_rule, header_rule, partial_rule, submission_rules
from .suspects import raise_suspicions
from .wide import TextPart, WidePart, convert_wide, log_wide, source_rows, text_parts, wide_table
from .withdrawn import set_aside_withdrawn


@dataclass
class Settled:
    """Rows after all rules that look at one row at a time.

    Parameters
    ----------
    rows : Rows
        The rows and which of them are in use.
    facts : RowFacts
        Their dates.
    parts : list of WidePart
        Converted wide parts.
    turned : list of numpy.ndarray of bool
        Per part, the cells that were turned round on its scale.
    texts : list of TextPart
        Free texts.
    """

    rows: Rows
    facts: RowFacts
    parts: list[WidePart]
    turned: list[BoolArray]
    texts: list[TextPart]

    @functools.cached_property
    def answers(self) -> pd.DataFrame:
        """What each row answers, to tell a repeat with the same answers from one with others."""
        return _answers(self.parts, self.texts, self.rows.gathered)


class Across(Protocol):
    """What is decided by looking at all rows of a source: by the rows themselves, or by facts noted beforehand."""

    def repeats(self, settled: Settled) -> None:
        """Set aside, or flag, rows of persons who stand there twice and forms that were sent twice."""

    def flags(self, settled: Settled, /) -> FlagFacts | None:
        """Return what flags need to know of all rows; None when these are all rows."""


class AllRows:
    """The rows at hand are all rows of the source."""

    def repeats(self, settled: Settled) -> None:
        """Apply the rules on repeats to the rows at hand."""
        rows, facts = settled.rows, settled.facts
        repeated_rule(rows, facts, lambda: settled.answers)
        double_rule(rows, facts, settled.parts, lambda: settled.answers)

    def flags(self, _: Settled, /) -> FlagFacts | None:
        """Return None: flags look at the rows at hand."""
        return None


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
    settled = settle(Rows(gathered, log), study, pseudonymiser, declined)
    return finish(settled, study, pseudonymiser, exposures, AllRows())


def settle(
    rows: Rows,
    study: Study,
    pseudonymiser: Pseudonymiser,
    declined: frozenset[str],
    header_again: pd.Series | None = None,
) -> Settled:
    """Apply the rules that look at one row at a time, and convert the wide parts.

    Parameters
    ----------
    rows : Rows
        The rows.
    study, pseudonymiser, declined
        As for `clean_source`.
    header_again : pandas.Series of bool, optional
        As for `submissions.header_rule`, when the rows are not all rows of their file.
    """
    gathered = rows.gathered
    refuse_long_rows(rows)
    set_aside_withdrawn(rows, study, pseudonymiser)
    facts = first_rules(rows, declined)
    submission_rules(rows, facts)
    returned_rules(rows, study)
    blocks = zip(gathered.source.blocks, gathered.wide, strict=True)
    parts = [
        convert_wide(gathered, block, pairs, study) for block, pairs in blocks if pairs and block.table != "comments"
    ]
    turned = [apply_reversals(gathered, part, study) for part in parts]
    texts = text_parts(gathered)
    header_rule(rows, parts, header_again)
    answered_rules(rows, _any_part(gathered), _answered(gathered, parts, texts))
    return Settled(rows, facts, parts, turned, texts)


def finish(
    settled: Settled, study: Study, pseudonymiser: Pseudonymiser, exposures: list[Exposure], across: Across
) -> Cleaned:
    """Apply the rules on repeats, make the tables, and raise flags.

    Parameters
    ----------
    settled : Settled
        What `settle` returned.
    study, pseudonymiser
        As for `clean_source`.
    exposures : list of Exposure
        Where identifiers stand in the source.
    across : Across
        Decides what depends on other rows.
    """
    rows, parts = settled.rows, settled.parts
    across.repeats(settled)
    partial_rule(rows, parts)
    _log_persons(rows)
    result = Cleaned(rows.gathered, exposures=exposures)
    language, seconds = language_of(rows, study), seconds_of(rows, study)
    dropped = Dropped()
    _wide_tables(settled, result, language, seconds, dropped)
    blocks = zip(rows.gathered.source.blocks, rows.gathered.wide, strict=True)
    for block in (block for block, _ in blocks if block.columns is None):
        table = record_table(rows, block, study, settled.facts, language, seconds, pseudonymiser, dropped)
        result.tables.append((block.table, table))
        if block.table == "decisions":
            read_overrides(table, study.instrument, headers_of(study))
    result.tables.append(("comments", _comments(rows, settled.texts, settled.facts, language, study, pseudonymiser)))
    _set_aside_unused(rows, result, dropped)
    facts = across.flags(settled)
    raise_flags(rows, parts, seconds, study, facts)
    raise_suspicions(rows, parts, study, all_rows=facts is None)
    result.change_log, result.quarantine = rows.log.change_frame(), rows.log.quarantine_frame()
    result.accounts = accounts_of(result)
    return result


def _wide_tables(settled: Settled, result: Cleaned, language: pd.Series, seconds: pd.Series, dropped: Dropped) -> None:
    rows = settled.rows
    for part, cells in zip(settled.parts, settled.turned, strict=True):
        log_wide(rows, part)
        log_reversals(rows, part, cells)
        table = wide_table(rows, part, settled.facts, language, seconds)
        if rows.gathered.source.repeated == "keep":
            table = without_taken(rows, part.block, table, dropped)
        result.tables.append((part.block.table, table))


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
