"""A check of data packages by the rules of Data Package 2.0 and Table Schema, written apart from what makes them."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?INF|NaN")
_NAME = re.compile(r"[a-z0-9._-]+")


def rows_of(content: bytes) -> list[list[str]]:
    """Return all rows of a CSV file, the header first."""
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def faults_of(package: Mapping[str, Any], files: Mapping[str, bytes]) -> list[str]:
    """Return what breaks the standard or the promises of the package, in words; nothing for a sound one."""
    return [*_package_faults(package), *(f for r in package["resources"] for f in _resource_faults(r, package, files))]


def _package_faults(package: Mapping[str, Any]) -> Iterator[str]:
    for name in ("$schema", "name", "title", "licenses", "resources"):
        if not package.get(name):
            yield f"package: {name} is missing"
    if not _NAME.fullmatch(package.get("name", "")):
        yield "package: name"
    if not all("name" in one or "path" in one for one in package["licenses"]):
        yield "package: a licence has neither name nor path"
    if "created" in package and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", package["created"]):
        yield "package: created"
    names = [resource["name"] for resource in package["resources"]]
    if len(set(names)) < len(names):
        yield "package: two resources of one name"


def _resource_faults(
    resource: Mapping[str, Any], package: Mapping[str, Any], files: Mapping[str, bytes]
) -> Iterator[str]:
    path = resource["path"]
    if path.startswith("/") or ".." in path.split("/") or path not in files:
        yield f"{path}: no such file"
        return
    content, schema = files[path], resource["schema"]
    if not _NAME.fullmatch(resource["name"]) or resource["type"] != "table" or not resource["title"]:
        yield f"{path}: name, type or title"
    if resource["bytes"] != len(content) or resource["hash"] != f"sha256:{hashlib.sha256(content).hexdigest()}":
        yield f"{path}: bytes or hash"
    header, *rows = rows_of(content)
    names = [field["name"] for field in schema["fields"]]
    if header != names or len(set(names)) < len(names):
        yield f"{path}: header {header} is not {names}"
        return
    missing = set(schema["missingValues"])
    for place, field in enumerate(schema["fields"]):
        column = [row[place] for row in rows]
        if not field["description"]:
            yield f"{path}: {field['name']} has no description"
        for fault in _column_faults(field, column, missing):
            yield f"{path}, {field['name']}: {fault}"
    yield from _key_faults(resource, package, files)


def _column_faults(field: Mapping[str, Any], column: list[str], missing: set[str]) -> Iterator[str]:
    limits = field.get("constraints", {})
    present = [value for value in column if value not in missing]
    if limits.get("required") and len(present) < len(column):
        yield "required, and a cell is empty"
    if limits.get("unique") and len(set(present)) < len(present):
        yield "a value stands there twice"
    pattern = {"integer": _INTEGER, "number": _NUMBER}.get(field["type"])
    if field["type"] not in ("string", "integer", "number", "boolean"):
        yield f"unknown type {field['type']}"
    wrong = [value for value in present if pattern is not None and not pattern.fullmatch(value)]
    if wrong:
        yield f"{wrong[0]!r} is no {field['type']}"
        return
    for value in present:
        if "enum" in limits and value not in limits["enum"]:
            yield f"{value!r} is not in enum"
        if "minimum" in limits and float(value) < limits["minimum"]:
            yield f"{value} is below minimum"
        if "maximum" in limits and float(value) > limits["maximum"]:
            yield f"{value} is above maximum"


def _key_faults(resource: Mapping[str, Any], package: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[str]:
    schema = resource["schema"]
    keys = _values(files[resource["path"]], schema.get("primaryKey", []))
    if schema.get("primaryKey") and len(set(keys)) < len(keys):
        yield f"{resource['path']}: a primary key stands there twice"
    for foreign in schema.get("foreignKeys", []):
        other = next(r for r in package["resources"] if r["name"] == foreign["reference"]["resource"])
        known = set(_values(files[other["path"]], foreign["reference"]["fields"]))
        for value in _values(files[resource["path"]], foreign["fields"]):
            if any(value) and value not in known:
                yield f"{resource['path']}: {other['name']} has no {value}"


def _values(content: bytes, fields: list[str]) -> list[tuple[str, ...]]:
    header, *rows = rows_of(content)
    places = [header.index(field) for field in fields if field in header]
    return [tuple(row[place] for place in places) for row in rows]
