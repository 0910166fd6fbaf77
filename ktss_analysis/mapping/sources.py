"""One file, or several of one layout, to a source of a study file."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ..framework import Framework
from ..intake.dates import find_date_formats
from ..lexicon import fold
from ..readers import RawTable
from .blocks import Proposed, wide_blocks, without_singles
from .columns import Column
from .words import activity_of_name, field_headers, words

LANGUAGE_NAMES = {
    "english": "en", "englanti": "en", "inglese": "en", "italian": "it", "italiano": "it", "polish": "pl",
    "polski": "pl", "finnish": "fi", "suomi": "fi", "dutch": "nl", "nederlands": "nl", "german": "de",
    "deutsch": "de", "french": "fr", "français": "fr", "spanish": "es", "español": "es", "portuguese": "pt",
    "português": "pt",
}  # fmt: skip

_OF_PERSONS = ("ratings", "responses", "choices", "people", "codings")


class ProposedSource:
    """A proposed source: its keys, its blocks, the activity and what speaks for it, and remarks.

    Parameters
    ----------
    tables : sequence of RawTable
        Files of one layout.
    columns : list of Column
        What the columns are, of all files together.
    framework : Framework, optional
        The framework.
    base : pathlib.Path
        Folder that the paths of the files start in.
    sheets : bool
        Whether the file is a workbook with several filled sheets, so that the sheet must be named.
    structure : tuple of (pathlib.Path or None, str)
        The companion, and the format to declare when the file alone would not be recognised.
    """

    def __init__(
        self,
        tables: Sequence[RawTable],
        columns: list[Column],
        framework: Framework | None,
        base: Path,
        sheets: bool,
        structure: tuple[Path | None, str] = (None, ""),
    ) -> None:
        self.tables, self.columns, self.framework = tables, without_singles(columns), framework
        self.base, self.sheets, self.structure = base, sheets, structure
        self.remarks: list[str] = []
        self.fields: dict[str, str] = {}
        table = _row_wise(columns)
        self.blocks: list[Proposed] = []
        if table is not None:
            self.fields = field_headers(table, [column.header for column in columns])
            fields = {name: _field(name, header, columns) for name, header in self.fields.items()}
            self.blocks = [Proposed({"table": table, "fields": fields})]
        else:
            self.blocks = wide_blocks(self.columns, framework)
        self.activity, self.activity_why = _activity(tables, table, self.fields, self.blocks)
        self._name_support()
        self.keys = self._keys(table)

    @property
    def usable(self) -> bool:
        """Whether anything fills a table."""
        return bool(self.blocks)

    def of(self, role: str) -> list[Column]:
        """Return the columns with a role that the row-wise fields do not use."""
        return [column for column in self.columns if column.role == role and column.header not in self.fields.values()]

    def _name_support(self) -> None:
        for block in self.blocks:
            if block.keys.get("aspect") == "yes/no":
                block.keys["aspect"] = "support"
            elif block.keys.get("aspect") == "answer" and block.keys["target_type"] == "skill":
                block.keys["aspect"] = "importance" if self.activity == "workshop" else "support"
                block.remarks.append("the file does not say what is judged: check the aspect")

    def _keys(self, table: str | None) -> dict[str, Any]:
        first = self.tables[0]
        files = sorted({one.file.relative_to(self.base).as_posix() for one in self.tables})
        keys: dict[str, Any] = {"name": self._name(), "activity": self.activity, "files": files}
        if self.sheets:
            keys["sheet"] = first.sheet
        companion, format = self.structure
        if format:
            keys["format"] = format
        if companion is not None:
            keys["structure"] = Path(os.path.relpath(companion, self.base)).as_posix()
        person = self.of("person")
        if person:
            keys["person"] = {"column": person[0].header}
        elif self.blocks and self.blocks[0].keys["table"] in _OF_PERSONS:
            self.remarks.append("no column names the person: every row counts as a person of its own")
        if table is None or "language" not in self.fields:
            for column in self.of("language"):
                keys["language"] = _language(column)
        for column in self.of("answered_on") if table is None else []:
            self._add_date(keys, column)
        for column in self.of("seconds") if table is None else []:
            keys["seconds"] = {"column": column.header}
        numbers = sorted({number for column in self.columns if column.fit for number in column.fit.missing_numbers})
        if numbers:
            keys["missing_numbers"] = numbers
        if any(column.declared_missing for column in self.columns):
            keys["missing"] = "file"
        if table is not None:
            keys["repeated"] = "keep"
        texts = [column.header for column in self.of("free text")] if table is None else []
        if texts:
            keys["free_text"] = texts
        self._add_round()
        return keys

    def _name(self) -> str:
        stem = _common_start([one.file.stem for one in self.tables])
        stem = stem if len(stem) >= 3 else self.tables[0].file.stem
        name = re.sub(r"[^A-Za-z0-9]+", "_", fold(stem)).strip("_")
        return (name if name[:1].isalpha() else f"source_{name}")[:40]

    def _add_date(self, keys: dict[str, Any], column: Column) -> None:
        keys["answered_on"] = {"column": column.header}
        for one in self.tables:
            if column.header not in one.frame:
                continue
            found = find_date_formats(sorted({str(text).strip() for text in one.frame[column.header]} - {""}))
            if found.unclear or found.both:
                del keys["answered_on"]
                self.remarks.append(
                    f"{column.header!r} may be day first or month first: add answered_on and date_formats by hand"
                )
                return

    def _add_round(self) -> None:
        number = round_of_name(self.tables[0].file.stem)
        if number is not None and self.activity == "workshop":
            for block in self.blocks:
                if block.keys["table"] == "ratings":
                    block.keys["round"] = number

    def yaml(self) -> str:
        """Return the source as it stands in a study file, remarks as comments."""
        lines = [f"  # {self.activity}: {self.activity_why}"]
        lines += [f"  # {remark}" for remark in self.remarks]
        for place, (key, value) in enumerate(self.keys.items()):
            lines.append(("  - " if place == 0 else "    ") + f"{key}: {flow(value)}")
        lines.append("    blocks:")
        for block in self.blocks:
            lines += [f"      # {remark}" for remark in block.remarks]
            lines.append(f"      - {flow(block.keys)}")
        return "\n".join(lines)


def _common_start(names: list[str]) -> str:
    return "".join(
        signs[0] for signs in itertools.takewhile(lambda signs: len(set(signs)) == 1, zip(*names, strict=False))
    )


def round_of_name(name: str) -> int | None:
    """Return the number of a round that stands in a file's name."""
    match = re.search(r"(?:round|runde|ronde|tour|runda|kierros|ronda)[ _-]*(\d)", name, re.IGNORECASE)
    return int(match[1]) if match else None


def flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1_000_000)
    return str(text).removesuffix("\n").removesuffix("\n...")


def _row_wise(columns: list[Column]) -> str | None:
    """Return the canonical table of which every row of the file is one row, if it is such a file."""
    headers = [column.header for column in columns if column.role != "empty"]
    judged = sum(1 for column in columns if column.role == "judgement" and column.target is not None)
    fits = [
        (len(found), name)
        for name, table in words().tables.items()
        if set(table.needs) <= set(found := field_headers(name, headers))
    ]
    if not fits or judged > 2:
        return None
    return max(fits)[1]


def _field(name: str, header: str, columns: list[Column]) -> dict[str, Any]:
    column = next(column for column in columns if column.header == header)
    return _language(column) if name == "language" else {"column": header}


def _language(column: Column) -> dict[str, Any]:
    names = {
        text: LANGUAGE_NAMES[text.casefold()] for text in sorted(column.counts) if text.casefold() in LANGUAGE_NAMES
    }
    return {"column": column.header, **({"labels": names} if names else {})}


def _activity(
    tables: Sequence[RawTable], table: str | None, fields: dict[str, str], blocks: list[Proposed]
) -> tuple[str, str]:
    """Return the probable activity and why; a person has to confirm it."""
    if table is not None:
        if table == "comments" and "group_id" in fields:
            return "focus_groups", "the columns are those of quotes from groups"
        return words().tables[table].activity, f"the columns are those of table {table}"
    named = activity_of_name(tables[0].file.stem)
    if named is not None:
        return named, "by the file's name; check it"
    kinds = {(block.keys["table"], block.keys.get("target_type")) for block in blocks}
    if kinds == {("responses", None)}:
        return "self_assessment", "answers to statements and nothing else; check it"
    if ("ratings", "item") in kinds:
        return "tool_review", "statements are judged; check it"
    if ("ratings", "module") in kinds:
        return "guide_review", "modules are judged; check it"
    if ("ratings", "skill") in kinds:
        return "guide_review", "skills are judged; it may be a workshop or a vote: check it"
    return "tool_review", "nothing in the file says; choose one of the activities of docs/study-file.md"
