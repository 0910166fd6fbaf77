"""Table Schemas of the public tables, from the glossary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..glossary import (
    CLAIM_COLUMNS,
    COLUMNS,
    FIGURE_COLUMNS,
    GLOSSARY_COLUMNS,
    PICTURE_COLUMNS,
    RESULT_COLUMNS,
    TABLE_INDEX_COLUMNS,
    Column,
)

if TYPE_CHECKING:
    import pandas as pd

TYPES: Final = {"string": "string", "Float64": "number", "Int64": "integer", "boolean": "boolean"}
"""dtype of the glossary -> type of Table Schema."""

TABLES: Final[dict[str, dict[str, Column]]] = {
    "results": {name: COLUMNS[name] for name in RESULT_COLUMNS},
    "claims": CLAIM_COLUMNS,
    "tables": TABLE_INDEX_COLUMNS,
    "figures": {name: COLUMNS[name] for name in FIGURE_COLUMNS},
    "pictures": PICTURE_COLUMNS,
    "glossary": GLOSSARY_COLUMNS,
}
"""The kinds of public table and their columns."""

_STATUS: Final = {"enum": ["ok", "too_few", "undefined", "masked"]}
_SHARE: Final = {"minimum": 0, "maximum": 1}
_COUNT: Final = {"minimum": 0}
_ALWAYS: Final = {"required": True}
CONSTRAINTS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "results": {
        "result_id": {"required": True, "unique": True}, "stream": _ALWAYS, "statistic": _ALWAYS,
        "target_type": _ALWAYS, "target_id": _ALWAYS, "status": _ALWAYS | _STATUS, "ci_level": _SHARE,
        "n_used": _COUNT, "n_missing": _COUNT,
    },
    "claims": {"chapter": _ALWAYS, "text": _ALWAYS, "result_id": _ALWAYS, "field": _ALWAYS},
    "tables": {
        "document": _ALWAYS, "kind": _ALWAYS | {"enum": ["table", "figure"]},
        "number": {"required": True, "minimum": 1}, "file": _ALWAYS, "label": _ALWAYS, "caption": _ALWAYS,
        "n_rows": {"required": True, "minimum": 1},
    },
    "figures": {
        "status": _STATUS, "ci_level": _SHARE, "n_used": _COUNT, "count": _COUNT,
        "grade": {"enum": ["+", "0", "-", "?"]},
    },
    "pictures": {
        "file": {"required": True, "unique": True}, "title": _ALWAYS, "alt": _ALWAYS,
        "width": {"required": True, "minimum": 1}, "height": {"required": True, "minimum": 1},
    },
    "glossary": {
        "table": _ALWAYS | {"enum": list(TABLES)}, "column": _ALWAYS, "type": _ALWAYS | {"enum": list(TYPES.values())},
        "meaning": _ALWAYS,
    },
}  # fmt: skip
"""What a value must be, by kind of table and column."""

KEYS: Final = {
    "results": ["result_id"], "pictures": ["file"],
    "tables": ["document", "kind", "number"], "glossary": ["table", "column"],
}  # fmt: skip
"""Columns that name one row, by kind of table."""


def table_schema(table: str, columns: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the Table Schema of a kind of table in `TABLES`, or of some of its columns in the order given."""
    known = TABLES[table]
    names = list(known if columns is None else columns)
    schema = _schema([_field(name, known[name], CONSTRAINTS[table].get(name, {})) for name in names])
    if table in KEYS:
        schema["primaryKey"] = KEYS[table]
    if table == "claims":
        reference = {"resource": "results", "fields": ["result_id"]}
        schema["foreignKeys"] = [{"fields": ["row_id"], "reference": reference}]
    return schema


def printed_schema(columns: Iterable[str]) -> dict[str, Any]:
    """Return the Table Schema of a table as printed: every cell is a text."""
    return _schema([{"name": name, "type": "string", "description": "the cell as it is printed"} for name in columns])


def glossary_table() -> pd.DataFrame:
    """Return every column of every kind of public table with type, unit and meaning."""
    import pandas as pd

    rows = [
        (table, name, TYPES[column.dtype], column.unit, column.meaning)
        for table, columns in TABLES.items()
        for name, column in columns.items()
    ]
    return pd.DataFrame(rows, columns=list(GLOSSARY_COLUMNS))


def _schema(fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": fields,
        "missingValues": [""],
    }


def _field(name: str, column: Column, constraints: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "type": TYPES[column.dtype], "description": column.meaning}
    if column.unit:
        found["unit"] = column.unit
    if constraints:
        found["constraints"] = dict(constraints)
    return found
