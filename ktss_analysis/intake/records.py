"""Row-wise parts: each raw row becomes one row of a table, filled from named cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import InputError
from ..glossary import COLUMNS
from ..study import Block, Cell, Study
from .cell_rules import cell_rules_of, with_labels
from .cells import CellRules, Converted, iso_dates, per_text, to_language, to_truth, to_values, to_words
from .dates import read_dates
from .gather import FRAMEWORK_TARGETS, Gathered, known_targets
from .labels import fold
from .protection import kinds_in_words, masked_texts, masked_words
from .pseudonyms import Pseudonymiser
from .rows import BoolArray, RowFacts, Rows, belongs, log_cells
from .schemas import KEYS, REQUIRED, TABLES, VOCABULARY
from .wide import source_rows

_LISTS = ("comment_ids", "suggestion_ids", "evidence", "shown", "streams")
_TEXTS = ("text", "definition", "when", "when_not", "reason", "before", "after", "label")
_COUNTED = ("round", "occasion", "turn", "severity")
_ANONYMOUS = ("ratings", "responses", "choices", "people")
_RANGES = {"severity": (1.0, 3.0), "round": (1.0, 99.0), "occasion": (1.0, 99.0), "turn": (1.0, 1e6),
           "kt_years": (0.0, 80.0), "seconds": (0.0, 1e7)}  # fmt: skip


@dataclass
class Dropped:
    """Table rows that could not be used: raw row -> rule and reason."""

    reasons: dict[int, tuple[str, str]] = field(default_factory=dict)


def cell_texts(gathered: Gathered, cell: Cell) -> tuple[str, pd.Series]:
    """Return the header (empty for a constant) and the texts of a cell description."""
    if cell.column is not None:
        header = gathered.column(cell.column)
        return header, gathered.frame[header]
    return "", pd.Series(str(cell.value), index=gathered.frame.index, dtype="str")


def language_of(rows: Rows, study: Study) -> pd.Series:
    """Return the language of each row: as the source says, else the study's only language."""
    gathered = rows.gathered
    if gathered.source.language is None:
        only = study.languages[0] if len(study.languages) == 1 else np.nan
        return pd.Series(only, index=gathered.frame.index, dtype="str")
    return _typed(rows, "language", gathered.source.language, study, None)


def seconds_of(rows: Rows, study: Study) -> pd.Series:
    """Return the time each row took, missing when it is not recorded."""
    if rows.gathered.source.seconds is None:
        return pd.Series(np.nan, index=rows.gathered.frame.index)
    return _typed(rows, "seconds", rows.gathered.source.seconds, study, None)


def _typed(rows: Rows, column: str, cell: Cell, study: Study, block: Block | None) -> pd.Series:
    """Return one table column in its type; cells that a rule refuses are logged and missing."""
    gathered = rows.gathered
    header, texts = cell_texts(gathered, cell)
    if block is not None:
        texts = texts.where(belongs(gathered, block))
    reasons: Mapping[str, str] | Callable[[str, str], str] = {}
    if column in ("date", "answered_on"):
        return _date(rows, header, texts)
    if column == "value" and block is not None:
        rules = with_labels(cell_rules_of(block, study, gathered, header), cell, gathered.source.name)
        found, reasons = _numbers(gathered, header, texts, rules), rules.reason
    elif COLUMNS[column].dtype in ("Float64", "Int64"):
        plain = CellRules(gathered.missing, scale=_RANGES.get(column), whole=column in _COUNTED)
        rules = with_labels(plain, cell, gathered.source.name)
        found, reasons = _numbers(gathered, header, texts, rules), rules.reason
    elif COLUMNS[column].dtype == "boolean":
        found = to_truth(texts, missing=gathered.missing, labels=cell.labels)
        reasons = {"label.unknown": "is neither yes nor no; allowed: yes, no, true, false, 1, 0, or 'labels'"}
    elif column == "language":
        found = to_language(texts, missing=gathered.missing, labels=cell.labels)
        reasons = {"label.unknown": "is no language tag; allowed: a tag such as en or pt-BR, or 'labels'"}
    elif column == "country":
        found = per_text(
            texts, lambda unique: _countries(to_words(unique, missing=gathered.missing, labels=cell.labels))
        )
        reasons = {"label.unknown": "is no country code; allowed: two letters, 'other', or 'labels'"}
    else:
        allowed = VOCABULARY.get(column, ())
        found = to_words(texts, missing=gathered.missing, labels=cell.labels, allowed=allowed)
        reasons = {"label.unknown": "is not one of the words; allowed: " + ", ".join(allowed)}
    log_cells(rows, header, texts, found.rules, reasons)
    return pd.Series(found.cells, index=texts.index)


def _numbers(gathered: Gathered, header: str, texts: pd.Series, rules: CellRules) -> Converted:
    values = np.full(len(texts), np.nan)
    found = np.full(len(texts), "", dtype=object)
    for name, decimal in gathered.decimals.items():
        mask = gathered.file == name
        try:
            converted = to_values(texts[mask], rules, decimal=decimal)
        except InputError as error:
            raise InputError(
                error.problem, file=name, column=header, found=error.found, allowed=error.allowed
            ) from None
        values[mask], found[mask] = converted.cells, converted.rules
    return Converted(values, found)


def _countries(words: Converted) -> Converted:
    values, rules = words.cells.copy(), words.rules.copy()
    for index, word in enumerate(values):
        if word is None:
            continue
        if re.fullmatch(r"[A-Za-z]{2}", word):
            values[index] = word.upper()
        elif fold(word) == "other":
            values[index] = "other"
        else:
            values[index], rules[index] = None, "label.unknown"
    return Converted(values, rules)


def _date(rows: Rows, header: str, texts: pd.Series) -> pd.Series:
    stamps, bad, reason = read_dates(rows.gathered, header, texts)
    bad = bad & rows.alive
    rows.log.change(
        "date.unreadable", "flagged", **rows.where(bad), column=header, before=list(texts[bad]), reason=reason
    )
    return iso_dates(stamps)


def record_table(
    rows: Rows, block: Block, study: Study, facts: RowFacts, language: pd.Series, seconds: pd.Series,
    pseudonymiser: Pseudonymiser, dropped: Dropped,
) -> pd.DataFrame:  # fmt: skip
    """Return the table rows that a row-wise block gives; index is the raw row's place.

    Rows with an empty key, an id the framework does not have, an impossible best-worst choice or a key that
    is taken are logged, not used, and noted in `dropped`.
    """
    gathered = rows.gathered
    columns: dict[str, Any] = {}
    for column in TABLES[block.table]:
        cell = block.fields.get(column)
        if column == "person_id":
            columns[column] = _persons(gathered, block, cell, pseudonymiser)
        elif cell is not None:
            words = _typed(rows, column, cell, study, block)
            columns[column] = _protected(rows, column, cell, words, block, pseudonymiser)
        else:
            columns[column] = _default(column, block, facts, language, seconds, study)
    table = pd.DataFrame(columns, index=gathered.frame.index)
    table["source"], table["source_row"] = gathered.source.name, source_rows(gathered)
    if block.table == "comments":
        _complete_comments(table, gathered, pseudonymiser)
    for column in _LISTS:
        if column in table:
            table[column] = table[column].map(_joined, na_action="ignore")
    table = table[rows.alive & belongs(gathered, block)]
    for check in (_incomplete, _foreign, _broken_choice):
        table = check(rows, block, table, study, dropped)
    return without_taken(rows, block, table, dropped)


def _protected(
    rows: Rows, column: str, cell: Cell, words: pd.Series, block: Block, pseudonymiser: Pseudonymiser
) -> pd.Series:
    """Return words without identifiers, and log what was replaced; numbers and truth values hold none."""
    header = cell_texts(rows.gathered, cell)[0]
    if not header or COLUMNS[column].dtype != "string" or column in VOCABULARY or column in ("date", "answered_on"):
        return words
    guard = rows.log.guard
    if column in _TEXTS:
        masked, kinds = masked_texts(words, header, guard)
        log_masked(rows, header, kinds)
        return masked
    cells = words.to_numpy(dtype=object)
    safe = masked_words(cells, column, header, block.table, guard, pseudonymiser)
    changed = np.array([isinstance(old, str) and old != new for old, new in zip(cells, safe, strict=True)], dtype=bool)
    rows.log.change(
        "identifier.masked", "recoded", **rows.where(changed & rows.alive), column=header,
        reason="a direct identifier is not stored",
    )  # fmt: skip
    return pd.Series(safe, index=words.index)


def log_masked(rows: Rows, header: str, kinds: list[tuple[str, ...]]) -> None:
    """Log the free texts in which identifiers were replaced, one entry per text."""
    changed = np.array([bool(found) for found in kinds], dtype=bool) & rows.alive
    rows.log.change(
        "text.identifier_masked", "recoded", **rows.where(changed), column=header,
        after=[kinds_in_words(kinds[place]) for place in np.flatnonzero(changed)],
        reason="direct identifiers in a free text are replaced",
    )  # fmt: skip


def _persons(gathered: Gathered, block: Block, cell: Cell | None, pseudonymiser: Pseudonymiser) -> pd.Series:
    if cell is not None:
        return pseudonymiser.persons(cell_texts(gathered, cell)[1])
    if block.table in _ANONYMOUS:
        return gathered.person_id
    return gathered.person_id.where(gathered.has_id)


def _default(column: str, block: Block, facts: RowFacts, language: pd.Series, seconds: pd.Series, study: Study) -> Any:
    constant: dict[str, Any] = {
        "round": block.round or 1, "occasion": block.occasion or 1, "target_type": block.target_type,
        "aspect": block.aspect, "language": language, "seconds": seconds, "answered_on": facts.date,
        "date": facts.date,
        "review": "pending", "version": study.instrument.version if block.table == "codebook" else None,
    }  # fmt: skip
    value = constant.get(column)
    return value if value is not None else pd.NA


def _joined(text: object) -> str:
    return "|".join(part.strip() for part in re.split(r"[|;,]", str(text)) if part.strip())


def _complete_comments(table: pd.DataFrame, gathered: Gathered, pseudonymiser: Pseudonymiser) -> None:
    table["stream"] = table["stream"].fillna(gathered.source.activity)
    table["comment_id"] = table["comment_id"].fillna(comment_ids(table, gathered.source.name, pseudonymiser))


def comment_ids(table: pd.DataFrame, source: str, pseudonymiser: Pseudonymiser) -> pd.Series:
    """Return ids made from what a comment is about and says; equal comments are numbered."""
    parts = table[["person_id", "target_type", "target_id", "text"]].astype("object").fillna("")
    joined = parts.apply(lambda row: "\x1f".join(map(str, row)), axis=1) if len(parts) else pd.Series(dtype="str")
    repeat = joined.groupby(joined).cumcount()
    return pd.Series(
        [
            "C" + pseudonymiser.digest("comment", f"{source}\x1f{text}\x1f{count}")
            for text, count in zip(joined, repeat, strict=True)
        ],
        index=table.index, dtype="str",
    )  # fmt: skip


def _drop(
    rows: Rows, table: pd.DataFrame, bad: NDArray[np.bool_], rule: str, reasons: list[str], dropped: Dropped
) -> pd.DataFrame:
    places = np.unique(table.index.to_numpy()[bad])
    for place, reason in zip(places, reasons, strict=True):
        dropped.reasons.setdefault(int(place), (rule, reason))
    mask: BoolArray = np.zeros(len(rows.gathered.row), dtype=bool)
    mask[places] = True
    rows.log.change(rule, "set_aside", **rows.where(mask), reason=reasons)
    return table[~bad]


def _incomplete(rows: Rows, block: Block, table: pd.DataFrame, _: Study, dropped: Dropped) -> pd.DataFrame:
    needed = [name for name in REQUIRED[block.table] if name in table]
    empty = table[needed].isna()
    bad = empty.any(axis=1).to_numpy(dtype=bool)
    reasons = [
        f"{', '.join(row.index[row])} is empty, which table {block.table!r} needs" for __, row in empty[bad].iterrows()
    ]
    return _drop(rows, table, bad, "row.incomplete", reasons, dropped)


def _foreign(rows: Rows, block: Block, table: pd.DataFrame, study: Study, dropped: Dropped) -> pd.DataFrame:
    """Refuse ids that the framework does not have; the history of changes may name retired ones."""
    bad = np.zeros(len(table), dtype=bool)
    found = np.full(len(table), "", dtype=object)
    pairs = [("item_id", "item"), ("skill_id", "skill")]
    for column, kind in pairs:
        if column in table and block.table not in ("changes", "item_versions"):
            known = set(known_targets(study, kind))
            wrong = table[column].notna().to_numpy(dtype=bool) & ~table[column].isin(known).to_numpy(dtype=bool)
            bad, found = bad | wrong, np.where(wrong, kind + " " + table[column].astype(str), found)
    if "target_type" in table and "target_id" in table:
        for kind in FRAMEWORK_TARGETS:
            of_kind = (table["target_type"] == kind).fillna(False).to_numpy(dtype=bool)
            known = set(known_targets(study, kind))
            wrong = of_kind & table["target_id"].notna().to_numpy(dtype=bool)
            wrong &= ~table["target_id"].isin(known).to_numpy(dtype=bool)
            bad, found = bad | wrong, np.where(wrong, kind + " " + table["target_id"].astype(str), found)
    reasons = [f"the framework has no {text}" for text in found[bad]]
    return _drop(rows, table, bad, "target.unknown", reasons, dropped)


def _broken_choice(rows: Rows, block: Block, table: pd.DataFrame, _: Study, dropped: Dropped) -> pd.DataFrame:
    """Refuse a best-worst set whose best is its worst, or whose choice was not shown."""
    if block.table != "choices":
        return table
    reasons = {}
    for place, row in zip(table.index, table.itertuples(), strict=True):
        shown = str(row.shown).split("|") if isinstance(row.shown, str) else None
        chosen = [text for text in (row.best, row.worst) if isinstance(text, str)]
        if len(chosen) == 2 and chosen[0] == chosen[1]:
            reasons[place] = f"set {row.set_id}: best and worst are both {row.best!r}"
        elif shown is not None and not set(chosen) <= set(shown):
            reasons[place] = f"set {row.set_id}: {', '.join(sorted(set(chosen) - set(shown)))} was not shown in it"
    bad = table.index.isin(list(reasons))
    return _drop(rows, table, bad, "choice.broken", list(reasons.values()), dropped)


def without_taken(rows: Rows, block: Block, table: pd.DataFrame, dropped: Dropped) -> pd.DataFrame:
    """Return the table without raw rows whose key an earlier raw row of the source has; they are logged."""
    if block.table not in KEYS:
        return table
    key = [name for name in KEYS[block.table] if name in table]
    order = table.assign(_place=table.index)
    order = order.sort_values([*(name for name in ("answered_on", "date") if name in order), "_place"], kind="stable")
    places = order.loc[order.duplicated(key, keep="first"), "_place"].unique()
    bad = table.index.isin(places)
    shown = ", ".join(name for name in key if name != "source")
    reasons = [f"the same {shown} stands in an earlier row, which is used"] * len(places)
    return _drop(rows, table, bad, "row.repeated", reasons, dropped)
