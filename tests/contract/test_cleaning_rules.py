"""Cleaning rules as data in the study file: each fires where it should, says what it did, and can be refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ktss_analysis.core import InputError
from ktss_analysis.intake import clean_sources
from ktss_analysis.intake.dates import find_date_formats
from ktss_analysis.study import Study, load_study

ITEMS = [f"S{skill}-{number}" for skill in (1, 2) for number in range(1, 6)]


def make(folder: Path, text: str | dict[str, str], source: dict, block: dict | None = None) -> Study:
    framework = {
        "id": "f", "version": "1.0.0", "status": "pilot", "languages": ["en"],
        "scale": {"min": 1, "max": 5, "labels": {"en": ["Never", "Rarely", "Sometimes", "Often", "Always"]}},
        "skills": [{"id": f"S{n}", "name": {"en": f"Skill {n}"}} for n in (1, 2)],
        "items": [{"id": item, "skill": item[:2], "text": {"en": f"I do {item}."}} for item in ITEMS],
    }  # fmt: skip
    (folder / "framework.yaml").write_text(yaml.safe_dump(framework), encoding="utf-8")
    files = {"raw.csv": text} if isinstance(text, str) else text
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    main = {"table": "responses", "columns": "{target}", "scale": "framework", **(block or {})}
    content = {
        "id": "s", "title": "S", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
        "privacy": {"pseudonym_key": "a public key of the tests"},
        "sources": [{"name": "raw", "activity": "self_assessment", "files": sorted(files), "blocks": [main], **source}],
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_study(folder / "study.yaml")


def log_of(study: Study, *columns: str) -> list[tuple]:
    return list(clean_sources(study).change_log[list(columns)].itertuples(index=False, name=None))


# -------------------------------------------------------------------------------------------------- dates
@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["2024-04-03", "3.4.2024"], ("%Y-%m-%d", "%d.%m.%Y")),
        (["03/04/2024", "25/04/2024"], ("%d/%m/%Y",)),
        (["03/04/2024", "04/25/2024"], ("%m/%d/%Y",)),
        (["03/03/2024"], ("%d/%m/%Y",)),
        (["7/31/2019 8:59:08", "7/3/2019 10:59:08 PM"], ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p")),
        (["2026-01-02T10:11:12.5Z", "2026-01-02T10:11:12+01:00"], ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z")),
        (["99/99/2024", "hello", "1/2/24"], ()),
    ],
)  # fmt: skip
def test_formats_of_a_column(texts, formats):
    found = find_date_formats(texts)
    assert (found.formats, found.unclear, found.both) == (formats, (), ())


def test_an_undecided_column_and_a_contradictory_one():
    assert find_date_formats(["03/04/2024", "05-06-2024"]).unclear == ("03/04/2024", "05-06-2024")
    assert find_date_formats(["25/04/2024", "04/25/2024", "01/02/2024"]).both == ("25/04/2024", "04/25/2024")


DATED = {"answered_on": {"column": "day"}}


def test_dates_are_decided_from_the_whole_column_of_each_file(tmp_path):
    files = {
        "a.csv": "day,S1-1\n03/04/2024,1\n25/04/2024,2\nsoon,3\n",
        "b.csv": "day,S1-1\n03/04/2024,1\n04/25/2024,2\n",
    }
    clean = clean_sources(make(tmp_path, files, DATED))
    days = clean.tables["responses"].set_index("source_row")["answered_on"].dropna().to_dict()
    assert days == {"a.csv:2": "2024-04-03", "a.csv:3": "2024-04-25", "b.csv:2": "2024-03-04", "b.csv:3": "2024-04-25"}
    assert clean.change_log[["file", "row", "rule", "before"]].to_numpy().tolist() == [
        ["a.csv", 4, "date.unreadable", "soon"]
    ]


def test_dates_that_nothing_decides_are_refused_and_a_declared_order_is_obeyed(tmp_path):
    text = "day,S1-1\n03/04/2024,1\n05/06/2024,2\n"
    with pytest.raises(
        InputError,
        match=r"raw\.csv, column 'day': the dates may be day first or month first, .*; found '03/04/2024, 05/06/2024'; "
        r"allowed: date_formats: \[\"%d/%m/%Y\"\] or",
    ):
        clean_sources(make(tmp_path, text, DATED))
    study = make(tmp_path, text, {**DATED, "date_formats": ["%m/%d/%Y"]})
    assert set(clean_sources(study).tables["responses"]["answered_on"].dropna()) == {"2024-03-04", "2024-05-06"}
    mixed = "day,S1-1\n25/04/2024,1\n04/25/2024,2\n"
    with pytest.raises(InputError, match=r"day first and dates with the month first.*found '25/04/2024, 04/25/2024'"):
        clean_sources(make(tmp_path, mixed, DATED))
