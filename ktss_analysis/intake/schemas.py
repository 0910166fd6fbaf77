"""The canonical tables: their columns, what must be filled, and the words that are allowed."""

from __future__ import annotations

import functools
from typing import Any

import pandas as pd

from ..core import PipelineError
from ..glossary import COLUMNS

TABLES: dict[str, tuple[str, ...]] = {
    "people": (
        "person_id", "streams", "country", "role", "kt_years", "language", "invited", "consented", "used",
        "source", "source_row",
    ),
    "ratings": (
        "source", "round", "person_id", "target_type", "target_id", "aspect", "value", "language",
        "answered_on",
        "source_row",
    ),
    "responses": (
        "person_id", "occasion", "item_id", "value", "seconds", "language", "answered_on", "source",
        "source_row",
    ),
    "codings": (
        "group_id", "turn", "person_id", "code_id", "coder_id", "valence", "double_coded", "language",
        "source",
        "source_row",
    ),
    "codebook": (
        "code_id", "parent", "skill_id", "label", "definition", "when", "when_not", "version", "source",
        "source_row",
    ),
    "choices": ("person_id", "set_id", "shown", "best", "worst", "source", "source_row"),
    "comments": (
        "comment_id", "person_id", "stream", "group_id", "target_type", "target_id", "version", "language",
        "valence", "text", "review", "date", "source", "source_row",
    ),
    "suggestions": (
        "suggestion_id", "comment_ids", "kind", "severity", "merged_into", "text", "review", "source",
        "source_row",
    ),
    "decisions": (
        "decision_id", "suggestion_ids", "outcome", "reason", "decided_by", "date", "evidence", "target_id", "verdict",
        "rule_verdict", "merged_into", "source", "source_row",
    ),
    "changes": (
        "change_id", "decision_id", "item_id", "from_version", "to_version", "before", "after", "source",
        "source_row",
    ),
    "item_versions": ("item_id", "version", "label", "skill_id", "language", "date", "source", "source_row"),
}  # fmt: skip
"""Canonical table -> its columns in order. `item_versions.label` is the version's status.

A row of `decisions` with `target_id`, `verdict` and `rule_verdict` sets a verdict against the rule (see `overrides`).
"""

RECORDS: dict[str, tuple[str, ...]] = {
    "change_log": ("source", "file", "row", "column", "rule", "action", "before", "after", "reason"),
    "quarantine": ("source", "file", "row", "rule", "reason", "record"),
    "accounts": ("source", "file", "n_read", "n_used", "n_set_aside", "n_changed", "n_flagged"),
}
"""Tables about the cleaning itself."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "people": ("person_id",),
    "ratings": ("source", "round", "person_id", "target_type", "target_id", "aspect"),
    "responses": ("person_id", "occasion", "item_id"),
    "codings": ("group_id", "turn", "code_id", "coder_id"),
    "codebook": ("code_id",),
    "choices": ("person_id", "set_id"),
    "comments": ("comment_id", "text", "review"),
    "suggestions": ("suggestion_id",),
    "decisions": ("decision_id",),
    "changes": ("change_id", "item_id"),
    "item_versions": ("item_id", "version"),
}
"""Columns that must be filled in each row."""

VOCABULARY: dict[str, tuple[str, ...]] = {
    "valence": ("+", "0", "-"),
    "kind": ("wording", "add", "remove", "move", "scope", "technical", "praise"),
    "outcome": ("accept", "accept in part", "reject", "defer"),
    "review": ("pending", "released", "withheld"),
}
"""Columns with a closed list of words."""

KEYS: dict[str, tuple[str, ...]] = {
    "people": ("person_id",),
    "ratings": ("source", "round", "person_id", "target_type", "target_id", "aspect"),
    "responses": ("person_id", "occasion", "item_id", "source"),
    "codebook": ("code_id", "version"),
    "choices": ("person_id", "set_id", "source"),
    "comments": ("comment_id",),
    "suggestions": ("suggestion_id",),
    "decisions": ("decision_id",),
    "changes": ("change_id",),
    "item_versions": ("item_id", "version", "language"),
}
"""Columns that together name one row; codings may repeat."""


COUNTED = ("round", "occasion", "turn")
"""Columns that count from 1."""


def columns_of(name: str) -> tuple[str, ...]:
    """Return the columns of a canonical table or of a record of the cleaning."""
    columns = TABLES.get(name) or RECORDS.get(name)
    if columns is None:
        raise PipelineError(f"there is no table {name!r}; allowed: {', '.join((*TABLES, *RECORDS))}")
    return columns


def empty_table(name: str) -> pd.DataFrame:
    """Return a canonical table without rows, all columns with their dtypes."""
    return pd.DataFrame({column: pd.Series(dtype=COLUMNS[column].dtype) for column in columns_of(name)})


def conform(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return `frame` with exactly the columns and dtypes of a table, and check its content.

    Parameters
    ----------
    frame : pandas.DataFrame
        Converted values; columns that lack are added empty.
    name : str
        Name of the table.

    Raises
    ------
    PipelineError
        For a column the table does not have, a value of another type, an empty key or a repeated one. This
        is a fault of the program, not of the data: cleaning has to set such rows aside.
    """
    return validate(typed(frame, name), name)


def typed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return `frame` with the columns and dtypes of a table; the content is not checked, see `conform`."""
    columns = columns_of(name)
    foreign = [column for column in frame.columns if column not in columns]
    if foreign:
        raise PipelineError(f"{name}: column {foreign[0]!r} does not belong there; allowed: {', '.join(columns)}")
    try:
        return pd.DataFrame(
            {
                column: (
                    frame[column].astype(COLUMNS[column].dtype)
                    if column in frame
                    else pd.Series(pd.NA, index=frame.index, dtype=COLUMNS[column].dtype)
                )
                for column in columns
            }
        ).reset_index(drop=True)
    except (TypeError, ValueError) as error:
        raise PipelineError(f"{name}: a value does not fit its column ({error})") from None


def validate(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Check a table against its schema and return it unchanged.

    Raises
    ------
    PipelineError
        With the first cases found.
    """
    if name not in TABLES or not len(frame):
        return frame
    import pandera.errors

    try:
        schema(name).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases.head(3)
        shown = "; ".join(f"{case.column}: {case.check} ({case.failure_case})" for case in cases.itertuples())
        raise PipelineError(f"table {name} does not keep its schema: {shown}") from None
    return frame


@functools.cache
def schema(name: str) -> Any:
    """Return the pandera schema of a canonical table."""
    import pandera.pandas as pandera

    required, keys = REQUIRED[name], KEYS.get(name)
    columns = {}
    for column in TABLES[name]:
        checks = [pandera.Check.isin(VOCABULARY[column])] if column in VOCABULARY else []
        if column in COUNTED:
            checks.append(pandera.Check.ge(1))
        columns[column] = pandera.Column(COLUMNS[column].dtype, checks, nullable=column not in required)
    return pandera.DataFrameSchema(columns, strict=True, ordered=True, unique=list(keys) if keys else None, name=name)
