"""Rules on how a row came in: tests and previews, answers before the opening, broken off, sent twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..lexicon import fold
from .cells import EMPTY, NOT_A_NUMBER, RULES, UNKNOWN_LABEL
from .flags import FEWEST_PATTERN
from .rows import BoolArray, RowFacts, Rows
from .wide import WidePart

FEWEST_HEADERS, FEWEST_ROWS = 3, 3
"""Cells that a second row of headers has at least, and rows a file has when one is looked for."""

TEST_TEXTS: dict[str, frozenset[str]] = {
    "status": frozenset(["survey preview", "survey test", "spam", "spam preview", "preview", "test"]),
    "response type": frozenset(["survey preview", "survey test", "spam", "preview", "test"]),
    "distributionchannel": frozenset(["preview", "test"]),
}
"""Folded header -> folded cells by which survey platforms mark rows that no participant sent.

Qualtrics writes `Status` and `DistributionChannel`
(https://www.qualtrics.com/support/survey-platform/data-and-analysis-module/data/download-data/understanding-your-dataset/).
"""

TEST_CODES: dict[str, frozenset[str]] = {"status": frozenset(["1", "2", "8", "9", "17"])}
"""The same as numbers, which only count in files of the format `qualtrics`: 1 preview, 2 test, 8 spam, 9 spam preview,
17 preview without a connection.
"""


def submission_rules(rows: Rows, facts: RowFacts) -> None:
    """Set aside rows that are no answers of participants: marked as tests, or dated before the opening.

    Parameters
    ----------
    rows : Rows
        The rows; those set aside leave it.
    facts : RowFacts
        Their dates.
    """
    source = rows.gathered.source
    if source.test_answers != "keep":
        marked, reasons = _test_rows(rows)
        if source.test_answers == "set_aside":
            rows.set_aside(marked, "row.test", reasons)
        else:
            hits = marked & rows.alive
            why = [reasons[place] for place in np.flatnonzero(hits)]
            rows.log.change("row.test", "flagged", **rows.where(hits), reason=why)
    if source.opens is not None:
        early = (facts.stamp.dt.normalize() < pd.Timestamp(source.opens)).to_numpy(dtype=bool)
        reasons = [
            f"answered on {day}, before the opening date {source.opens}: taken for a test, not counted"
            for day in facts.date
        ]
        rows.set_aside(early, "row.early", reasons)


def _test_rows(rows: Rows) -> tuple[BoolArray, list[str]]:
    """Return the rows that the platform marked as tests, and why."""
    gathered = rows.gathered
    marked: BoolArray = np.zeros(len(gathered.row), dtype=bool)
    reasons = [""] * len(marked)
    coded = np.isin(gathered.file, [table.file.name for table in gathered.tables if table.format == "qualtrics"])
    for header in gathered.frame.columns:
        key = fold(str(header))
        if key not in TEST_TEXTS:
            continue
        cells = gathered.frame[header].fillna("").map(fold)
        hits = cells.isin(TEST_TEXTS[key]).to_numpy(dtype=bool)
        hits = hits | coded & cells.isin(TEST_CODES.get(key, frozenset())).to_numpy(dtype=bool)
        for place in np.flatnonzero(hits & ~marked):
            reasons[place] = f"the platform marks the row as a test: {header} is {cells.iloc[place]!r}"
        marked |= hits
    return marked, reasons


def header_rule(rows: Rows, parts: Sequence[WidePart], again: pd.Series | None = None) -> None:
    """Set aside the first row of a file when all its answers are texts that no other row of the file has.

    Survey programs write a second row of headers with the questions in full. It is told from a person by this: at
    least `FEWEST_HEADERS` cells, none of which is an answer or is written again below.

    Parameters
    ----------
    rows : Rows
        The rows.
    parts : sequence of WidePart
        The source's wide parts.
    again : pandas.Series of bool, optional
        When the rows are one piece of a file: per raw column, whether the cell of the file's first row is written
        again below; empty unless the piece begins with that row and the file has `FEWEST_ROWS` rows.
    """
    gathered = rows.gathered
    refused = [RULES.index(rule) for rule in (NOT_A_NUMBER, UNKNOWN_LABEL)]
    mask: BoolArray = np.zeros(len(gathered.row), dtype=bool)
    for table in gathered.tables:
        places = np.flatnonzero(gathered.file == table.file.name)
        if len(places) < FEWEST_ROWS if again is None else not len(again):
            continue
        first, rest = places[0], places[1:]
        headers = [(part, place) for part in parts for place in np.flatnonzero(part.asked[first])]
        filled = [(part, place) for part, place in headers if part.rules[first, place] != RULES.index(EMPTY)]
        if len(filled) < FEWEST_HEADERS or any(part.rules[first, place] not in refused for part, place in filled):
            continue
        headers_filled = [part.headers[place] for part, place in filled]
        if again is None:
            cells = [gathered.frame[header] for header in headers_filled]
            mask[first] = not any(column.iloc[rest].eq(column.iloc[first]).any() for column in cells)
        else:
            mask[first] = not again[headers_filled].any()
    rows.set_aside(
        mask, "row.header", "looks like a second row of headers: no cell is an answer, and none is written again below"
    )


def partial_rule(rows: Rows, parts: Sequence[WidePart]) -> None:
    """Flag, or set aside, rows with fewer answers than the source's `minimum_share` of the questions asked.

    A cell that a rule refused or that means "no opinion" is an answered question: somebody wrote something there.
    """
    source = rows.gathered.source
    if not parts or source.minimum_share == 0:
        return
    asked, filled = _counts(parts)
    few: BoolArray = rows.alive & too_few(rows, parts)
    reasons = [
        f"{n_filled} of {n_asked} questions answered, fewer than minimum_share {source.minimum_share:g}"
        for n_filled, n_asked in zip(filled, asked, strict=True)
    ]
    if source.partial == "set_aside":
        rows.set_aside(few, "row.partial", reasons)
        return
    why = [reasons[place] for place in np.flatnonzero(few)]
    rows.log.change("row.partial", "flagged", **rows.where(few), reason=why)


def too_few(rows: Rows, parts: Sequence[WidePart]) -> BoolArray:
    """Return the rows with fewer answers than `minimum_share` of the questions asked, in use or not."""
    source = rows.gathered.source
    if not parts or source.minimum_share == 0:
        return np.zeros(len(rows.alive), dtype=bool)
    asked, filled = _counts(parts)
    return np.asarray((asked > 0) & (filled < source.minimum_share * asked), dtype=bool)


def _counts(parts: Sequence[WidePart]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many questions each row was asked, and how many cells are filled."""
    empty = RULES.index(EMPTY)
    asked = np.sum([part.asked.sum(axis=1) for part in parts], axis=0)
    filled = np.sum([(part.asked & (part.rules != empty)).sum(axis=1) for part in parts], axis=0)
    return asked, filled


def double_rule(rows: Rows, facts: RowFacts, parts: Sequence[WidePart], texts: Callable[[], pd.DataFrame]) -> None:
    """Flag, or set aside, rows with the answers and the time of an earlier row: a form that was sent twice.

    Only times with hours and minutes count; on one day many people may give the same answers.

    Parameters
    ----------
    rows, facts : Rows, RowFacts
        The rows and their dates.
    parts : sequence of WidePart
        Their answers, which must be at least `FEWEST_PATTERN`.
    texts : callable
        Returns all answers and texts of the rows, to compare.
    """
    candidates = np.flatnonzero(may_be_double(rows, facts, parts) & rows.alive)
    if not len(candidates):
        return
    contents = texts().iloc[candidates].assign(_stamp=facts.stamp.iloc[candidates].to_numpy())
    again = contents.duplicated(keep="first").to_numpy(dtype=bool)
    mask: BoolArray = np.zeros(len(rows.alive), dtype=bool)
    mask[candidates[again]] = True
    treat_doubles(rows, mask)


def may_be_double(rows: Rows, facts: RowFacts, parts: Sequence[WidePart]) -> BoolArray:
    """Return the rows with a time of day and enough answers for `double_rule`, in use or not."""
    if not parts:
        return np.zeros(len(rows.alive), dtype=bool)
    stamp = facts.stamp
    timed = (stamp != stamp.dt.normalize()).to_numpy(dtype=bool) & stamp.notna().to_numpy(dtype=bool)
    n_answers = np.sum([(part.asked & ~np.isnan(part.answers)).sum(axis=1) for part in parts], axis=0)
    return np.asarray(timed & (n_answers >= FEWEST_PATTERN), dtype=bool)


def treat_doubles(rows: Rows, mask: BoolArray) -> None:
    """Flag, or set aside, the rows of `mask` as the source says."""
    reason = "the same answers at the same time as an earlier row: the form was probably sent twice"
    if rows.gathered.source.double_submissions == "set_aside":
        rows.set_aside(mask, "row.double", reason)
    else:
        rows.log.change("row.double", "flagged", **rows.where(mask), reason=reason + "; it stays")
