"""Reader for results that people send back from the online self-assessment: JSON of one person, or CSV of several."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ..core import InputError
from . import csv_reader
from .cell_text import number_text
from .table import ColumnInfo, RawTable, ReadOptions, Refused

KIND = "ktss-self-assessment"
FORMAT_VERSION = 1
RULE = "row.unreadable"
SPECIAL = {"not_applicable": "not applicable", "prefer_not_to_say": "prefer not to say"}
MAX_BYTES = 4 << 20
"""Bytes of one person's result; a thousand answers take about 20 kB."""

FIXED = {
    "instrument_id": "id of the self-assessment that was answered",
    "instrument_version": "its version",
    "instrument_language": "its language",
    "instrument_hash": "SHA-256 of its content",
    "created": "day of the answers",
    "seconds": "time taken",
    "occasion": "1 for the first time, 2 for the second, ...",
    "person_code": "code that links the occasions of one person",
    "respondent": "self, or colleague when somebody answered about a colleague",
}
_ANSWER = "an answer is a number, null, not_applicable or prefer_not_to_say"
Word = Annotated[str, Field(min_length=1, max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Instrument(_Strict):
    """Which self-assessment was answered."""

    id: Word
    version: Word
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
    hash: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class Result(_Strict):
    """One person's result, as the online self-assessment writes it; see docs/self-assessment-file.md."""

    kind: Literal["ktss-self-assessment"]
    format_version: Literal[1]
    instrument: Instrument
    created: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    answers: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")],
            int | float | Literal["not_applicable", "prefer_not_to_say"] | None,
        ],
        Field(min_length=1),
    ]
    seconds: Annotated[float, Field(ge=0)] | None = None
    occasion: Annotated[int, Field(ge=1, le=99)] = 1
    person_code: Annotated[str, Field(min_length=4, max_length=64)] | None = None
    respondent: Literal["self", "colleague"] = "self"

    @field_validator("created")
    @classmethod
    def _day(cls, value: str) -> str:
        datetime.date.fromisoformat(value)
        return value

    @field_validator("answers")
    @classmethod
    def _answers(cls, value: dict[str, Any]) -> dict[str, Any]:
        taken = sorted(set(value) & {*FIXED, "kind", "format_version"})
        if taken:
            raise ValueError(f"an item cannot be called {taken[0]!r}")
        return value


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a result; ``self_assessment.schema.json`` beside this module holds the same."""
    body = Result.model_json_schema()
    body["properties"]["answers"]["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **body, "title": KIND}


def sniff(path: Path, head: bytes) -> float:
    """Return 1 for JSON or CSV that names its kind, else 0."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        if KIND.encode() in head:
            return 1.0
        return 1.0 if path.stat().st_size <= MAX_BYTES and KIND.encode() in path.read_bytes() else 0.0
    first, _, rest = start.partition(b"\n")
    return 1.0 if first.strip(b'"').startswith(b"kind") and KIND.encode() in rest[:200] else 0.0


def read(path: Path, options: ReadOptions) -> RawTable:
    """Read results of the self-assessment: one row per person, one column per item.

    Parameters
    ----------
    path : pathlib.Path
        JSON with the result of one person, or CSV with one person per row.
    options : ReadOptions
        Only `encoding` and `separator` of a CSV file count.

    Returns
    -------
    RawTable
        Columns `FIXED`, then the items. An item that was not answered is an empty cell; ``not_applicable`` and
        ``prefer_not_to_say`` stay cells and stand in `ColumnInfo.missing`. Whether the instrument is the right one is
        for cleaning to judge. A result that does not keep the format is in `refused`, with the reason.

    Raises
    ------
    InputError
        For a file that is neither JSON nor CSV of this kind.
    """
    if not sniff(path, path.read_bytes()[:4096]):
        raise InputError(
            "the file is no result of the self-assessment", file=path.name,
            allowed=f'JSON with "kind": "{KIND}", or CSV with the column kind',
        )  # fmt: skip
    if path.read_bytes()[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return _table(path, [(1, _parse(path))], [])
    table = csv_reader.read(path, options)
    records = [
        (int(row), _nested(cells)) for row, cells in zip(table.rows, table.frame.to_dict("records"), strict=True)
    ]
    return _table(path, records, [*table.refused], table)


def _parse(path: Path) -> object:
    if path.stat().st_size > MAX_BYTES:
        raise InputError("the result is too long for one person", file=path.name, found=f"{path.stat().st_size} bytes",
                         allowed=f"up to {MAX_BYTES} bytes")  # fmt: skip
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise InputError("the JSON is not UTF-8", file=path.name, allowed="the file as it was downloaded") from None
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"the JSON cannot be read ({error})", file=path.name, row=getattr(error, "lineno", None),
            allowed="the file as it was downloaded",
        ) from None  # fmt: skip


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise ValueError(f"{twice!r} stands there twice")
    return dict(pairs)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no answer")


def _nested(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return a CSV row in the shape of the JSON."""
    plain = {name: cell.strip() for name, cell in cells.items()}
    fixed = {"kind", "format_version", *FIXED}
    result: dict[str, Any] = {
        "kind": plain.get("kind"), "format_version": _number(plain.get("format_version", "")),
        "instrument": {
            name: plain.get(f"instrument_{name}", "") for name in ("id", "version", "language", "hash")
        },
        "created": plain.get("created", ""),
        "answers": {name: _number(cell) for name, cell in plain.items() if name not in fixed},
    }  # fmt: skip
    result |= {name: _number(plain[name]) for name in ("seconds", "occasion") if plain.get(name)}
    return result | {name: plain[name] for name in ("person_code", "respondent") if plain.get(name)}


def _number(cell: str) -> float | str | None:
    if not cell:
        return None
    try:
        number = float(cell)
    except ValueError:
        return cell
    return int(number) if number.is_integer() else number if math.isfinite(number) else cell


def _table(
    path: Path, records: Sequence[tuple[int, object]], refused: list[Refused],
    source: RawTable | None = None,
) -> RawTable:  # fmt: skip
    good: list[dict[str, str]] = []
    rows: list[int] = []
    for row, record in records:
        try:
            good.append(_cells(Result.model_validate(record)))
            rows.append(row)
        except ValidationError as error:
            refused.append(Refused(row, _words(error), (), RULE))
    items = list(dict.fromkeys(name for cells in good for name in cells if name not in FIXED))
    frame = pd.DataFrame(
        {name: pd.array([cells.get(name, "") for cells in good], dtype="str") for name in (*FIXED, *items)}
    )
    columns = {name: ColumnInfo(text=text, kind="result") for name, text in FIXED.items()}
    columns |= {name: ColumnInfo(labels=SPECIAL, missing=tuple(SPECIAL), kind="item") for name in items}
    return RawTable(
        frame, path, np.array(rows, dtype=np.int64), source.header_row if source else 0, "self_assessment",
        source.encoding if source else "utf-8", source.separator if source else "",
        refused=tuple(sorted(refused, key=lambda entry: entry.row)), notes=source.notes if source else (),
        columns=columns,
    )  # fmt: skip


def _cells(result: Result) -> dict[str, str]:
    instrument = {f"instrument_{name}": value for name, value in result.instrument.model_dump().items()}
    seconds = "" if result.seconds is None else number_text(result.seconds)
    fixed = {**instrument, "created": result.created, "seconds": seconds, "occasion": str(result.occasion),
             "person_code": result.person_code or "", "respondent": result.respondent}  # fmt: skip
    answers = {
        name: value if isinstance(value, str) else "" if value is None else number_text(float(value))
        for name, value in result.answers.items()
    }
    return {**fixed, **answers}


def _words(error: ValidationError) -> str:
    """Return what is wrong with a result, in words and without its values."""
    words: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in fault["loc"][:2]) or "the result"
        text = f"{fault['msg'][:1].lower()}{fault['msg'][1:]}".removeprefix("value error, ")
        words.setdefault(place, text if fault["loc"][:1] != ("answers",) or len(fault["loc"]) < 2 else _ANSWER)
    place, text = next(iter(words.items()))
    return f"{place}: {text}" + (f"; further faults: {len(words) - 1}" if len(words) > 1 else "")
