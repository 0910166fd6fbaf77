"""Damaged files: each is read with every record accounted for, or refused with one of our errors; nothing hangs.

A case is one number. ``case(4711)`` builds the same damaged file again, on every machine; a failure names it.
"""

from __future__ import annotations

import datetime
import io
import json
import random
import re
import sys
import time
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from ktss_analysis.core import KtssError
from ktss_analysis.intake import check_study, clean_sources
from ktss_analysis.readers import READERS, RawTable, read_table
from ktss_analysis.study import load_study
from tests.support.mutations import MUTATIONS, HangError, damaged, time_limit

LIMIT = 10.0
N_QUICK, N_NIGHTLY, PER_TEST = 500, 10_000, 50
GROWTH, SMALL = 400 * 1024 * 1024, 60_000
SUFFIXES = (".csv", ".txt", ".xlsx", ".ods", ".sav", ".dta", ".json", ".xml", ".qdc", ".qdpx", ".parquet", "")
"""A name that lies is part of the damage."""

TEXTS = (
    "person;Q1;Q2;comment\r\nanna@x.eu;1;Often;good\r\nbo@x.eu;2;;\"two\nlines\"\r\n;3,5;Never;\r\n",
    "sep=,\nid,Ä1,Ą2\n1,ja,\"a \"\"b\"\" c\"\n2,nein,\n",
    "A title\n\nRespondent\tone\ttwo\n1\t5\t4\n2\t3\tn/a\n3\t\t\n",
    "id,when,value\n" + "".join(f"{row},2025-01-{1 + row % 28:02d},{row % 5}\n" for row in range(60)),
    "<?xml version='1.0'?><CodeBook xmlns='urn:QDA-XML:codebook:1.0'><Codes><Code guid='a' name='A'/></Codes>"
    "</CodeBook>",
    json.dumps({"kind": "ktss-self-assessment", "format_version": 1, "answers": {"S01-1": 4, "S01-2": None}}),
    "Some (QCODE)marked text(/QCODE){#code} here.\n",
)  # fmt: skip


@cache
def seeds() -> tuple[bytes, ...]:
    """Return small sound files of the formats that can be written here."""
    frame = pd.DataFrame({"id": range(8), "text": list("abcdéfgh"), "value": [1.5, None, 3, 4, 5, 1, 2, 3]})
    book, table = io.BytesIO(), io.BytesIO()
    with pd.ExcelWriter(book) as writer:
        frame.to_excel(writer, sheet_name="One", index=False)
        frame.to_excel(writer, sheet_name="Two", index=False, startrow=3)
    frame.to_parquet(table)
    stata = io.BytesIO()
    frame.to_stata(stata, write_index=False, version=118, time_stamp=datetime.datetime(2025, 1, 1))
    return (*(text.encode() for text in TEXTS), _timeless(book.getvalue()), table.getvalue(), stata.getvalue())


def _timeless(workbook: bytes) -> bytes:
    """Return a workbook without the time it was written, so that a number is one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            content = re.sub(rb"(W3CDTF\">)[^<]*", rb"\g<1>2025-01-01T00:00:00Z", old.read(name))
            new.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def outcome(read: Callable[[], RawTable], what: str) -> str:
    """Read, and check what every table promises; return in a word what happened."""
    try:
        with time_limit(LIMIT, what):
            table = read()
    except KtssError:
        return "refused"
    assert isinstance(table, RawTable), what
    assert len(table.frame) == len(table.rows), what
    assert table.n_records == len(table.rows) + len(table.refused), what
    assert table.frame.columns.is_unique, what
    assert all(isinstance(name, str) and name for name in table.frame.columns), what
    assert (table.rows > 0).all(), what
    assert bool(table.frame.notna().all(axis=None)) if table.frame.size else True, what
    return "read"


@cache
def real_seeds(data: Path) -> tuple[bytes, ...]:
    """Return the small ones among the real files, largest kinds of file thinned out so that all kinds have a chance."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.suffix != ".md" and 0 < path.stat().st_size < SMALL:
            kinds.setdefault(path.suffix.lower(), []).append(path)
    return tuple(path.read_bytes() for paths in kinds.values() for path in paths[:: 1 + len(paths) // 12])


def case(number: int, folder: Path, sound: tuple[bytes, ...] | None = None) -> str:
    """Build the damaged file of a number and read it, by its look or as a format picked at random."""
    rng = random.Random(number)
    data = damaged(sound or seeds(), rng)
    path = folder / f"case{rng.choice(SUFFIXES)}"
    path.write_bytes(data)
    formats = ["auto", "auto", *(name for reader in READERS.values() for name in reader.formats)]
    chosen = rng.choice(formats)
    try:
        return outcome(lambda: read_table(path, format=chosen), f"case {number}, format {chosen}, {path.name}")
    finally:
        path.unlink()


def peak_memory() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize("first", range(0, N_QUICK, PER_TEST))
def test_a_damaged_file_is_read_or_refused(first: int, tmp_path: Path) -> None:
    before = peak_memory()
    found = [case(number, tmp_path) for number in range(first, first + PER_TEST)]
    assert {"read", "refused"} == set(found), "damage that always or never matters tests nothing"
    assert peak_memory() - before < GROWTH


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(N_QUICK, N_QUICK + N_NIGHTLY, 500))
def test_many_damaged_files_are_read_or_refused(first: int, tmp_path: Path) -> None:
    before = peak_memory()
    for number in range(first, first + 500):
        case(number, tmp_path)
    assert peak_memory() - before < GROWTH


def test_a_damaged_real_file_is_read_or_refused(shared: Path, tmp_path: Path) -> None:
    sound = real_seeds(shared / "data")
    assert len(sound) > 60
    assert {case(number, tmp_path, sound) for number in range(150)} == {"read", "refused"}


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(N_QUICK, N_QUICK + N_NIGHTLY, 500))
def test_many_damaged_real_files_are_read_or_refused(shared: Path, first: int, tmp_path: Path) -> None:
    sound = real_seeds(shared / "data")
    before = peak_memory()
    for number in range(first, first + 500):
        case(number, tmp_path, sound)
    assert peak_memory() - before < GROWTH


STUDY = """
id: fuzz
title: Fuzz
synthetic: true
framework: framework.yaml
rules: rules.yaml
privacy: {pseudonym_key: public-key-of-the-fuzz-test}
sources:
  - name: raw
    activity: self_assessment
    files: ["raw*"]
    person: {column: person}
    free_text: [comment]
    repeated: first
    blocks: [{table: responses, columns: {Q1: S01-1, Q2: S01-2}, scale: framework, labels: framework}]
"""
FRAMEWORK = """
id: fuzz
version: 1.0.0
status: illustrative
languages: [en]
scale: {min: 1, max: 5, labels: {en: [Never, Rarely, Sometimes, Often, Always]}}
skills: [{id: S01, name: {en: Skill}}]
items: [{id: S01-1, skill: S01, text: {en: One}}, {id: S01-2, skill: S01, text: {en: Two}}]
"""


def study_case(number: int, folder: Path) -> str:
    """Build a study with a damaged raw file, check it and clean it; no row may be lost."""
    rng = random.Random(number)
    for old in folder.glob("raw*"):
        old.unlink()
    (folder / "study.yaml").write_text(STUDY)
    (folder / "framework.yaml").write_text(FRAMEWORK)
    book = io.BytesIO()
    rows = [line.split(";") for line in TEXTS[0].replace("\r\n", "\n").splitlines() if line.count(";") == 3]
    pd.DataFrame(rows[1:], columns=rows[0]).to_excel(book, index=False)
    text = (TEXTS[0] + "carl;9;Sometimes;x\r\n" * 3).encode()
    (folder / f"raw{rng.choice(('.csv', '.xlsx', '.txt'))}").write_bytes(
        damaged((text, text, text, _timeless(book.getvalue())), rng)
    )
    study = load_study(folder / "study.yaml")
    what = f"study case {number}"
    with time_limit(LIMIT, what):
        problems = check_study(study)
    try:
        with time_limit(LIMIT, what):
            clean = clean_sources(study)
    except KtssError:
        clean = None
    if clean is None:
        assert (problems["level"] == "error").any(), f"{what}: cleaning refuses what the check finds right"
        return "refused"
    assert not (problems["level"] == "error").any(), f"{what}: {problems.iloc[0].to_dict()}"
    accounts = clean.accounts.iloc[0]
    assert accounts["n_read"] == accounts["n_used"] + accounts["n_set_aside"], what
    assert accounts["n_set_aside"] == len(clean.quarantine), what
    return "read"


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_a_study_with_a_damaged_file_is_cleaned_or_refused(first: int, tmp_path: Path) -> None:
    assert {study_case(number, tmp_path) for number in range(first, first + 20)} == {"read", "refused"}


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(100, 2100, 200))
def test_many_studies_with_a_damaged_file_are_cleaned_or_refused(first: int, tmp_path: Path) -> None:
    for number in range(first, first + 200):
        study_case(number, tmp_path)


def test_one_number_is_one_file() -> None:
    first = [damaged(seeds(), random.Random(number)) for number in range(20)]
    seeds.cache_clear()
    assert [damaged(seeds(), random.Random(number)) for number in range(20)] == first
    assert len({damaged(seeds(), random.Random(number)) for number in range(50)}) > 45


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__.strip("_"))
def test_damage_is_damage(mutation: object) -> None:
    found = {mutation(seeds()[3], seeds(), random.Random(number)) for number in range(20)}  # type: ignore[operator]
    assert len(found - {seeds()[3]}) > 5


@pytest.mark.skipif(sys.platform == "win32", reason="no timers on this system")
def test_what_hangs_is_found() -> None:
    with pytest.raises(HangError, match="sleeper"), time_limit(0.05, "sleeper"):
        time.sleep(5)
