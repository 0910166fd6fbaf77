"""Rules on whole rows: each raw row is used, or set aside with one reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import InputError
from ..study import Block, Source
from .cells import EMPTY, MISSING, distinct, iso_dates
from .dates import read_dates
from .gather import Gathered
from .labels import fold
from .log import Log

BoolArray = NDArray[np.bool_]


class RowFacts(NamedTuple):
    """What is known of each raw row beside its answers: time stamp (NaT when none), and ISO date as text."""

    stamp: pd.Series
    date: pd.Series


class Rows:
    """The raw rows of a source and which of them are still in use.

    Parameters
    ----------
    gathered : Gathered
        The rows.
    log : Log
        Receives each row that is set aside.
    """

    def __init__(self, gathered: Gathered, log: Log) -> None:
        self.gathered, self.log = gathered, log
        self.alive: BoolArray = np.ones(len(gathered.row), dtype=bool)
        self._mapped = gathered.mapped()

    def set_aside(self, mask: BoolArray, rule: str, reason: str | Sequence[str], *, logged: bool = False) -> None:
        """Put the rows of `mask` that are in use into quarantine; `reason` is one text, or one per row."""
        places = np.flatnonzero(mask & self.alive)
        for place, record in zip(map(int, places), self.records(places), strict=True):
            why = reason if isinstance(reason, str) else reason[place]
            self.log.set_aside(
                str(self.gathered.file[place]), int(self.gathered.row[place]), rule, why, record, logged=logged
            )
        self.alive = self.alive & ~mask

    def records(self, places: NDArray[np.intp]) -> list[dict[str, object]]:
        """Return the mapped cells of some rows; the identifier becomes the pseudonym, the log scrubs the rest."""
        gathered = self.gathered
        person = gathered.source.person
        header = gathered.column(person.column) if person is not None and person.column is not None else None
        cells = gathered.frame[self._mapped].iloc[places].astype(object).to_numpy()
        pseudonyms = gathered.person_id.iloc[places]
        return [
            {
                name: pseudonym if name == header else text
                for name, text in zip(self._mapped, row, strict=True)
                if isinstance(text, str) and text.strip()
            }
            for row, pseudonym in zip(cells, pseudonyms, strict=True)
        ]

    def where(self, mask: BoolArray) -> dict[str, list]:
        """Return file and row of the rows of `mask`, as the log wants them."""
        return {"file": list(self.gathered.file[mask]), "row": [int(row) for row in self.gathered.row[mask]]}


def refuse_long_rows(rows: Rows) -> None:
    """Set aside what the reader could not place into columns; the cells themselves are not recorded."""
    for table in rows.gathered.tables:
        for entry in table.refused:
            rows.log.set_aside(table.file.name, entry.row, entry.rule, entry.reason, {"cells": len(entry.cells)})


def first_rules(rows: Rows, declined: frozenset[str]) -> RowFacts:
    """Apply the rules that need no answers: empty, excluded by hand, consent declined, too late.

    Parameters
    ----------
    rows : Rows
        The rows; those set aside leave it.
    declined : frozenset of str
        Pseudonyms of persons whose consent the register records as not given.
    """
    gathered = rows.gathered
    source, frame = gathered.source, gathered.frame
    rows.set_aside(_empty_rows(frame), "row.empty", "no cell of the row is filled")
    for exclude in source.exclude:
        wanted = {fold(value) for value in exclude.values}  # noqa: PD011 - a field of the study file
        codes, unique = distinct(frame[gathered.column(exclude.column)])
        folded = [fold(text) for text in unique]
        hits = np.isin(folded, list(wanted))[codes]
        unused = wanted - set(folded)
        if unused:
            gathered.notes.append(exclude_note(exclude.column, len(unused), len(wanted)))
        rows.set_aside(hits, "row.excluded", exclude.reason)
    if declined and source.activity != "register":
        refused = gathered.person_id.isin(declined).to_numpy(dtype=bool)
        rows.set_aside(refused, "row.no_consent", "the register says that the person did not consent")
    facts = _dates(rows)
    if source.closes is not None:
        late = (facts.stamp.dt.normalize() > pd.Timestamp(source.closes)).to_numpy(dtype=bool)
        reasons = [
            f"answered on {day}, after the closing date {source.closes}: listed, not counted" for day in facts.date
        ]
        rows.set_aside(late, "row.late", reasons)
    return facts


def exclude_note(column: str, n_unused: int, n_wanted: int) -> str:
    """Return the note on values of `exclude` that no row has."""
    return f"exclude by column {column!r}: {n_unused} of {n_wanted} values stand in no row"


def _dates(rows: Rows) -> RowFacts:
    gathered = rows.gathered
    source, frame = gathered.source, gathered.frame
    cell = source.answered_on
    if cell is None:
        none = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us]")
        return RowFacts(none, pd.Series(np.nan, index=frame.index, dtype="str"))
    header = gathered.column(cell.column) if cell.column is not None else ""
    texts = frame[header] if header else pd.Series(str(cell.value), index=frame.index, dtype="str")
    stamps, bad, reason = read_dates(gathered, header, texts)
    bad = bad & rows.alive
    rows.log.change(
        "date.unreadable", "flagged", **rows.where(bad), column=header, before=list(texts[bad]), reason=reason
    )
    return RowFacts(stamps, iso_dates(stamps))


def _empty_rows(frame: pd.DataFrame) -> BoolArray:
    """Return which rows hold nothing but blanks; a row is looked at until its first filled cell."""
    empty = np.ones(len(frame), dtype=bool)
    places = np.arange(len(frame))
    for name in frame.columns:
        if not len(places):
            break
        cells = frame[name].iloc[places].fillna("").str.strip()
        filled = (cells != "").to_numpy(dtype=bool)
        empty[places[filled]] = False
        places = places[~filled]
    return empty


def belongs(gathered: Gathered, block: Block) -> BoolArray:
    """Return which rows a block is for."""
    mask = np.ones(len(gathered.row), dtype=bool)
    for name, texts in block.when.items():
        wanted = {fold(text) for text in texts}
        codes, unique = distinct(gathered.frame[gathered.column(name)])
        mask &= np.array([fold(text) in wanted for text in unique], dtype=bool)[codes]
    return mask


def answered_rules(rows: Rows, parts: BoolArray, answered: BoolArray) -> None:
    """Set aside rows that no block is for, and rows in which no question is answered."""
    rows.set_aside(~parts, "row.no_part", "no part of the study file is for this row ('when' fits nowhere)")
    rows.set_aside(~answered, "row.no_answer", "no question is answered")


def repeated_rule(rows: Rows, facts: RowFacts, answers_of: Callable[[], pd.DataFrame]) -> None:
    """Keep one row per person, as the source's `repeated` says; order is by time stamp, then file and row.

    Parameters
    ----------
    rows, facts : Rows, RowFacts
        The rows and their time stamps.
    answers_of : callable
        Returns what each row answers; called only when somebody stands there twice.

    Raises
    ------
    InputError
        When `repeated` is ``refuse`` and somebody stands there twice.
    """
    gathered = rows.gathered
    source: Source = gathered.source
    if source.repeated == "keep":
        return
    places = np.flatnonzero(rows.alive & gathered.has_id)
    if gathered.person_id.iloc[places].is_unique:
        return
    order = pd.DataFrame(
        {
            "person": gathered.person_id.iloc[places].to_numpy(),
            "stamp": facts.stamp.iloc[places].to_numpy(),
            "file": gathered.file[places], "row": gathered.row[places], "place": places,
        }
    ).sort_values(["person", "stamp", "file", "row"], na_position="last", kind="stable")  # fmt: skip
    keep = "last" if source.repeated == "last" else "first"
    kept = order.drop_duplicates("person", keep=keep).set_index("person")
    extra = order[~order["place"].isin(kept["place"])]
    if not len(extra):
        return
    if source.repeated == "refuse":
        first = extra.iloc[0]
        other = kept.loc[first["person"]]
        raise repeated_person(source, (first["file"], int(first["row"])), (other["file"], int(other["row"])))
    reasons = [""] * len(gathered.row)
    mask = np.zeros(len(gathered.row), dtype=bool)
    answers = answers_of()
    for entry in extra.itertuples():
        other = kept.loc[entry.person]
        same = answers.iloc[entry.place].equals(answers.iloc[int(other["place"])])
        reasons[entry.place] = repeat_reason(keep, (other["file"], other["row"]), same=same)
        mask[entry.place] = True
    rows.set_aside(mask, "row.repeated", reasons)


def repeat_reason(keep: str, other: tuple[str, int], *, same: bool) -> str:
    """Return why a row of a person is not used, in words; `other` is file and row of the one that is."""
    kind = "same person, same answers" if same else "same person, other answers"
    return f"{kind}; the {keep} one is used: {other[0]}, row {other[1]}"


def repeated_person(source: Source, where: tuple[str, int], other: tuple[str, int]) -> InputError:
    """Return the refusal of a person who stands there twice."""
    return InputError(
        f"source {source.name!r}: the same person stands there more than once",
        file=where[0], row=where[1], found=f"also in {other[0]}, row {other[1]}",
        allowed="one row per person; choose repeated: first, last or keep",
    )  # fmt: skip


def log_cells(
    rows: Rows,
    header: str,
    texts: pd.Series,
    rules: NDArray[np.object_],
    reason: Mapping[str, str] | Callable[[str, str], str],
) -> None:
    """Log the cells of one column that a rule set missing, in rows that are still in use.

    `reason` gives the words: per rule, or by a function of rule and text.
    """
    touched = (rules != "") & (rules != EMPTY) & rows.alive
    for rule in sorted(set(rules[touched])):
        mask = touched & (rules == rule)
        before = list(texts[mask])
        if isinstance(reason, Mapping):
            why: str | list[str] = reason.get(rule) or (
                "means 'no answer'" if rule == MISSING else "is not allowed here"
            )
        else:
            words = {text: reason(rule, text) for text in set(before)}
            why = [words[text] for text in before]
        rows.log.change(rule, "set_missing", **rows.where(mask), column=header, before=before, reason=why)
