"""``datapackage.json``: what the public tables are, with the schema, size and hash of each file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from .. import __version__
from ..display.exhibits import FOLDER
from ..study import Study
from .schema import printed_schema, table_schema

if TYPE_CHECKING:
    from ..rules import Rules

PACKAGE_FILE: Final = "datapackage.json"
STAMP: Final = "SYNTHETIC"

_APOSTROPHE = (
    "A text that a spreadsheet would take for a formula has an apostrophe before the sign; it is no part of the text."
)
_TABLES: Final = {
    "results.csv": ("results", "Published results", "One row is one number or one text that may be printed."),
    "claims.csv": ("claims", "Printed numbers", "One row is one number as printed in the report."),
    "glossary.csv": ("glossary", "Glossary", "One row is one column of these tables: type, unit and meaning."),
    f"{FOLDER}/index.csv": ("tables", "Printed tables and figures", "One row is one table or figure of a document."),
}
_TRANSLATED_CLAIMS: Final = re.compile(r"claims\.([a-z]{2,3})\.csv")
_SHARED_TABLES: Final = {
    "claims.csv": ("claims", "Numbers of the texts and pictures to share", "One row is one number as printed there."),
    "cards/alt.csv": ("pictures", "Descriptions of the cards to share", "One row is one picture file."),
}
_SHARED: Final = re.compile(r"dissemination/(?:([a-z]{2,3})/)?(claims\.csv|cards/alt\.csv)")
_LICENCE = re.compile(r"CC (BY(?:-(?:SA|NC|ND|NC-SA|NC-ND))?) (\d\.\d)")


def package_facts(study: Study, rules: Rules) -> dict[str, Any]:
    """Return the part of the descriptor that describes the study: title, licence, sources, versions.

    Sources are named as in the study file; raw files and persons are not.
    """
    stamp = f"{STAMP}: " if study.synthetic else ""
    invented = "All data are synthetic: no real person answered. " if study.synthetic else ""
    hashes = study.fingerprint()
    facts: dict[str, Any] = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": re.sub(r"[^a-z0-9._-]+", "-", study.id.lower()),
        "title": f"{stamp}{study.title}",
        "description": (
            f"{invented}Results behind the report “{study.title}”. Numbers that rest on too few people are masked or "
            f"left out; the column reason says why a number is missing. {_APOSTROPHE}"
        ),
        "licenses": [licence(study.licence)],
        "sources": [{"title": f"{source.activity}: {source.name}"} for source in study.sources],
        "contributors": [{"title": name, "roles": ["author"]} for name in study.authors],
        "keywords": ["soft skills", "knowledge transfer", "self-assessment", "validation"],
        "version": study.date,
        "created": _timestamp(study.date),
        "id": study.doi,
        "software": f"ktss {__version__}",
        "rules": f"{rules.id} {rules.version}, fixed on {rules.fixed_on}",
        "sha256": hashes,
        "synthetic": study.synthetic,
    }
    return {name: value for name, value in facts.items() if value not in ("", [])}


def licence(name: str) -> dict[str, str]:
    """Return a licence with its identifier, and its address where it is a Creative Commons licence."""
    found = _LICENCE.fullmatch(name)
    identifier = {"name": re.sub(r"[^A-Za-z0-9._-]+", "-", name), "title": name}
    if found is None:
        return identifier
    return identifier | {"path": f"https://creativecommons.org/licenses/{found[1].lower()}/{found[2]}/"}


def describe(facts: Mapping[str, Any], contents: Mapping[str, bytes]) -> bytes:
    """Return ``datapackage.json`` for the public files.

    Parameters
    ----------
    facts : mapping
        From `package_facts`.
    contents : mapping of str to bytes
        Content of the public files by relative path; documents, pages and the workbook, a copy, are left out.

    Returns
    -------
    bytes
        The descriptor, UTF-8; the same files give the same bytes.
    """
    resources = [_resource(path, content) for path, content in sorted(contents.items()) if _is_data(path)]
    package = {**facts, "resources": resources}
    return (json.dumps(package, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def _is_data(path: str) -> bool:
    named = (_TRANSLATED_CLAIMS, _SHARED)
    known = path in _TABLES or any(pattern.fullmatch(path) is not None for pattern in named)
    return known or (path.startswith(f"{FOLDER}/") and path.endswith(".csv"))


def _resource(path: str, content: bytes) -> dict[str, Any]:
    name, title, description, schema = _table(path, content)
    return {
        "$schema": "https://datapackage.org/profiles/2.0/dataresource.json",
        "name": name, "path": path, "title": title, "description": description, "type": "table", "format": "csv",
        "mediatype": "text/csv", "encoding": "utf-8", "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}", "schema": schema,
    }  # fmt: skip


def _table(path: str, content: bytes) -> tuple[str, str, str, dict[str, Any]]:
    """Return name, title, description and schema of a table."""
    if path in _TABLES:
        name, title, description = _TABLES[path]
        return name, title, description, table_schema(name)
    if translated := _TRANSLATED_CLAIMS.fullmatch(path):
        name, title, description = _TABLES["claims.csv"]
        language = translated[1]
        return f"{name}-{language}", f"{title} ({language})", description, table_schema(name)
    if shared := _SHARED.fullmatch(path):
        name, title, description = _SHARED_TABLES[shared[2]]
        ending, language = (f"-{shared[1]}", f" ({shared[1]})") if shared[1] else ("", "")
        return f"dissemination-{name}{ending}", f"{title}{language}", description, table_schema(name)
    _, document, file = path.split("/")
    kind, number = file.removesuffix(".csv").split("-")
    columns = next(csv.reader(io.StringIO(content.decode("utf-8"))))
    title = f"{kind.capitalize()} {int(number)} of the document {document}"
    if kind == "figure":
        return f"{document}-{kind}-{number}", title, "The rows that are drawn.", table_schema("figures", columns)
    return f"{document}-{kind}-{number}", title, "The table as printed.", printed_schema(columns)


def _timestamp(day: str) -> str:
    try:
        return f"{date.fromisoformat(day).isoformat()}T00:00:00Z"
    except ValueError:
        return ""
