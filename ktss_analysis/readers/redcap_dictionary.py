"""REDCap's data dictionary: what each field asks, its codes with labels, and when it is asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core import InputError
from .csv_reader import read_records
from .layout import plain
from .table import ColumnInfo, ReadOptions

# header of the CSV from the designer -> name in the metadata export of the API
_COLUMNS = {
    "variable / field name": "field_name",
    "form name": "form_name",
    "field type": "field_type",
    "field label": "field_label",
    "choices, calculations, or slider labels": "select_choices_or_calculations",
    "text validation type or show slider number": "text_validation_type_or_show_slider_number",
    "branching logic (show field only if...)": "branching_logic",
}
_NEEDED = frozenset(("field_name", "field_type", "field_label", "select_choices_or_calculations"))
_CODED = ("radio", "dropdown", "checkbox")
_TWO = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}
_BOX = {"1": "Checked", "0": "Unchecked"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the dictionary: text, type with its validation, codes with labels, when it is asked."""

    text: str
    kind: str
    labels: dict[str, str]
    branching: str


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The fields of a project.

    Parameters
    ----------
    fields : dict of str to Field
        Field name -> field.
    names : dict of str to str
        Header of an export with labels -> column of a raw export, where the text is unique.
    """

    fields: dict[str, Field]
    names: dict[str, str]

    def name(self, header: str) -> str:
        """Return the column of a raw export that a header stands for; the header itself when unknown."""
        return header if self.knows(header) else self.names.get(header, header)

    def knows(self, name: str) -> bool:
        """Return whether the column is a field or a box of one."""
        return name in self.fields or self._box(name) is not None

    def branching(self, name: str) -> str:
        """Return the condition under which the column is asked; empty when always."""
        field, _, _ = name.partition("___")
        return self.fields[field].branching if field in self.fields else ""

    def column(self, name: str) -> ColumnInfo | None:
        """Return what the dictionary says about a column of a raw export."""
        if name in self.fields:
            field = self.fields[name]
            return ColumnInfo(text=field.text, labels=dict(field.labels), kind=field.kind)
        box = self._box(name)
        if box is None:
            return None
        field, label = box
        return ColumnInfo(text=f"{field.text} [{label}]", labels=dict(_BOX), kind=field.kind)

    def _box(self, name: str) -> tuple[Field, str] | None:
        stem, mark, code = name.partition("___")
        if not mark or stem not in self.fields:
            return None
        for key, label in self.fields[stem].labels.items():
            # REDCap writes codes of boxes in small letters, and other signs than letters and digits as _
            if re.sub(r"[^a-z0-9]", "_", key.lower()) == code:
                return self.fields[stem], label
        return None


def is_dictionary(record: Sequence[str]) -> bool:
    """Return whether a header has the columns of a data dictionary."""
    return not _NEEDED - set(_names(record))


def _names(record: Sequence[str]) -> list[str]:
    return [_COLUMNS.get(cell.strip().lower(), cell.strip().lower()) for cell in record]


def read_dictionary(path: Path) -> Dictionary:
    """Read a data dictionary.

    Raises
    ------
    InputError
        When the file is no data dictionary, or names a field twice.
    """
    raw = read_records(path, ReadOptions())
    header = _names(raw.records[0])
    lacking = _NEEDED - set(header)
    if lacking:
        raise InputError(
            "the structure file is no REDCap data dictionary",
            file=path.name, row=raw.rows[0], found="no column " + ", ".join(sorted(lacking)),
            allowed="the CSV from Project Setup, Data Dictionary, Download",
        )  # fmt: skip
    fields: dict[str, Field] = {}
    for row, record in zip(raw.rows[1:], raw.records[1:], strict=True):
        entry = dict(zip(header, [*record, *[""] * len(header)], strict=False))
        name = entry["field_name"].strip()
        if not name:
            continue
        if name in fields:
            raise InputError("the data dictionary names a field twice", file=path.name, row=row, found=name,
                             allowed="each field once")  # fmt: skip
        fields[name] = _field(entry)
    return Dictionary(fields, _unique_texts(fields))


def _field(entry: dict[str, str]) -> Field:
    kind = entry["field_type"].strip()
    validation = entry.get("text_validation_type_or_show_slider_number", "").strip()
    labels = _TWO.get(kind, {})
    if kind in _CODED:
        labels = _choices(entry["select_choices_or_calculations"])
    shown = f"{kind} ({validation})" if kind == "text" and validation else kind
    return Field(plain(entry["field_label"]), shown, labels, entry.get("branching_logic", "").strip())


def _choices(text: str) -> dict[str, str]:
    """Read ``1, Yes | 2, No``; the blanks around the bar may lack, and a label may hold commas."""
    found = {}
    for part in text.split("|"):
        code, comma, label = part.partition(",")
        if comma and code.strip():
            found[code.strip()] = plain(label)
    return found


def _unique_texts(fields: dict[str, Field]) -> dict[str, str]:
    pairs = []
    for name, field in fields.items():
        if field.kind == "checkbox":
            pairs += [
                (f"{field.text} (choice={label})", f"{name}___{re.sub(r'[^a-z0-9]', '_', code.lower())}")
                for code, label in field.labels.items()
            ]
        else:
            pairs.append((field.text, name))
    counts = Counter(text for text, _ in pairs)
    return {text: name for text, name in pairs if counts[text] == 1}
