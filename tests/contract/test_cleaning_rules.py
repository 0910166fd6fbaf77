"""Cleaning rules as data in the study file: each fires where it should, says what it did, and can be refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from ktss_analysis.core import InputError, StudyError
from ktss_analysis.intake import catalogue, check_study, clean_sources
from ktss_analysis.intake.cells import CellRules
from ktss_analysis.intake.dates import find_date_formats
from ktss_analysis.intake.labels import LabelTable
from ktss_analysis.intake.suspects import contradictions
from ktss_analysis.readers import ColumnInfo
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


# ------------------------------------------------------------------------------------- tests, early, partial, double
def answers_csv(rows: list[str], first: str = "who") -> str:
    return ",".join([first, *ITEMS]) + "\n" + "\n".join(rows) + "\n"


def full(value: int, n: int = 10) -> str:
    return ",".join([str(value)] * n + [""] * (10 - n))


def aside(study: Study) -> list[tuple[int, str]]:
    table = clean_sources(study).quarantine
    return list(table[["row", "rule"]].itertuples(index=False, name=None))


def test_rows_that_a_platform_marks_as_tests(tmp_path):
    rows = [f"{status},{full(n + 1)}" for n, status in enumerate(["IP Address", "Survey Preview", "Spam", "imported"])]
    text = answers_csv(rows, "Status")
    assert aside(make(tmp_path, text, {})) == [(3, "row.test"), (4, "row.test")]
    reason = clean_sources(make(tmp_path, text, {})).quarantine["reason"].iloc[0]
    assert reason == "the platform marks the row as a test: Status is 'survey preview'"
    flagged = make(tmp_path, text, {"test_answers": "flag"})
    assert aside(flagged) == []
    assert ("row.test", "flagged", 3) in log_of(flagged, "rule", "action", "row")
    assert aside(make(tmp_path, text, {"test_answers": "keep"})) == []
    assert "row.test" not in {rule for (rule,) in log_of(make(tmp_path, text, {"test_answers": "keep"}), "rule")}
    plain = answers_csv([f"{code},{full(3)}" for code in (0, 1, 8)], "Status")
    assert aside(make(tmp_path, plain, {})) == [], "numbers mean this in Qualtrics files alone"


def test_the_test_answers_that_qualtrics_generates_are_set_aside(shared, tmp_path):
    folder = shared / "data" / "export-qualtrics-tools"
    source = {"files": ["Better_Sample_Survey__Better_Sample_Survey.csv"], "person": {"column": "ResponseID"}}
    blocks = [{"table": "ratings", "columns": {"q2_favorite": "q2"}, "target_type": "question", "aspect": "favour"}]
    study = make(tmp_path, {}, {**source, "blocks": blocks})
    content = yaml.safe_load((tmp_path / "study.yaml").read_text())
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({**content, "data_dir": str(folder)}))
    clean = clean_sources(load_study(study.path))
    assert clean.quarantine["rule"].tolist() == ["row.test"] * 10
    assert clean.quarantine["reason"].unique().tolist() == ["the platform marks the row as a test: Status is '2'"]


def test_answers_before_the_opening_and_after_the_closing(tmp_path):
    text = answers_csv([f"2026-01-{day:02d},{full(3)}" for day in (4, 5, 20, 21)], "day")
    study = make(tmp_path, text, {**DATED, "opens": "2026-01-05", "closes": "2026-01-20"})
    assert aside(study) == [(2, "row.early"), (5, "row.late")]
    with pytest.raises(StudyError, match=r"opens: needs a date such as 2024-11-20; found '5 January'"):
        make(tmp_path, text, {**DATED, "opens": "5 January"})


def test_partial_answers_are_flagged_or_set_aside(tmp_path):
    text = answers_csv([f"a,{full(3)}", f"b,{full(3, 5)}", f"c,{full(3, 4)}", "d,1,n/a,x,,,,,,,"])
    person = {"person": {"column": "who"}}
    assert aside(make(tmp_path, text, person)) == []
    log = log_of(make(tmp_path, text, person), "rule", "row", "reason")
    found = [entry for entry in log if entry[0] == "row.partial"]
    assert found == [
        ("row.partial", 4, "4 of 10 questions answered, fewer than minimum_share 0.5"),
        ("row.partial", 5, "3 of 10 questions answered, fewer than minimum_share 0.5"),
    ]
    strict = make(tmp_path, text, {**person, "partial": "set_aside", "minimum_share": 0.6})
    assert aside(strict) == [(3, "row.partial"), (4, "row.partial"), (5, "row.partial")]
    off = make(tmp_path, text, {**person, "minimum_share": 0})
    assert "row.partial" not in {rule for (rule,) in log_of(off, "rule")}


def test_a_form_that_was_sent_twice(tmp_path):
    answers = "1,2,3,4,5,1,2,3,4,5"
    rows = [
        f"2026-01-05 10:00:00,{answers}", f"2026-01-05 10:00:00,{answers}", f"2026-01-05 10:00:01,{answers}",
        f"2026-01-05 10:00:00,{full(2)}", f"2026-01-06,{answers}", f"2026-01-06,{answers}",
    ]  # fmt: skip
    study = make(tmp_path, answers_csv(rows, "day"), DATED)
    assert [row for rule, row in log_of(study, "rule", "row") if rule == "row.double"] == [3]
    strict = make(tmp_path, answers_csv(rows, "day"), {**DATED, "double_submissions": "set_aside"})
    assert aside(strict) == [(3, "row.double")], "equal answers on one day, without a time, are no double"


# --------------------------------------------------------------------------------------------------- reversals
def test_declared_reversals_are_applied_and_logged(tmp_path):
    text = "who,lang,S1-1,S1-2\na,en,1,2\nb,it,1,2\nc,it,9,\n"
    reversal = {"targets": ["S1-1"], "column": "lang", "texts": ["IT"], "reason": "the Italian form was reversed"}
    block = {"reverse": [reversal]}
    study = make(tmp_path, text, {"person": {"column": "who"}}, block)
    table = clean_sources(study).tables["responses"].set_index(["source_row", "item_id"])["value"]
    assert table["raw.csv:2", "S1-1"] == 1
    assert table["raw.csv:3", "S1-1"] == 5
    assert table["raw.csv:3", "S1-2"] == 2
    log = log_of(study, "rule", "row", "column", "action", "before", "after", "reason")
    assert [entry[1:] for entry in log if entry[0] == "value.reversed"] == [
        (3, "S1-1", "recoded", "1", "5", "turned round on 1 to 5: the Italian form was reversed")
    ]


def test_reversals_that_cannot_be_are_refused(tmp_path):
    text = "who,S1-1\na,1\n"
    wrong = {"reverse": [{"targets": ["S1-9"], "reason": "known from the form"}]}
    with pytest.raises(StudyError, match="source 'raw', reverse: the part has no target 'S1-9'; allowed: S1-1"):
        clean_sources(make(tmp_path, text, {}, wrong))
    with pytest.raises(StudyError, match="turned round on a scale; give the block's 'scale'"):
        clean_sources(make(tmp_path, text, {}, {"scale": None, "reverse": [{"reason": "known from the form"}]}))
    with pytest.raises(StudyError, match="give 'column' and 'texts' together"):
        make(tmp_path, text, {}, {"reverse": [{"column": "who", "reason": "known from the form"}]})
    with pytest.raises(StudyError, match="reason"):
        make(tmp_path, text, {}, {"reverse": [{"reason": "why"}]})


def one_factor(n: int, reverse: str | None) -> str:
    generator = np.random.default_rng(7)
    skill = generator.normal(size=n)
    rows = []
    for person in range(n):
        cells = []
        for item in ITEMS:
            value = float(np.clip(np.round(3 + 1.1 * skill[person] + generator.normal(scale=0.6)), 1, 5))
            cells.append(f"{6 - value if item == reverse else value:g}")
        rows.append(f"p{person}," + ",".join(cells))
    return answers_csv(rows)


@pytest.mark.parametrize(("n", "reverse", "found"), [(40, "S1-3", ["S1-3"]), (40, None, []), (9, "S1-3", [])])
def test_a_probably_reversed_item_is_said_and_not_turned(tmp_path, n, reverse, found):
    text = one_factor(n, reverse)
    study = make(tmp_path, text, {"person": {"column": "who"}})
    clean = clean_sources(study)
    entries = clean.change_log.query("rule == 'item.reversed'")
    assert entries["column"].tolist() == found
    values = clean.tables["responses"].pivot(index="source_row", columns="item_id", values="value")["S1-3"]
    raw = [float(line.split(",")[3]) for line in text.splitlines()[1:]]
    assert sorted(values) == sorted(raw)
    problems = check_study(study).query("rule == 'item.reversed'")
    assert problems["level"].tolist() == ["warning"] * len(found)
    if found:
        assert "check its key in the framework" in entries["reason"].iloc[0]
        turned = make(tmp_path, text, {"person": {"column": "who"}},
                      {"reverse": [{"targets": ["S1-3"], "reason": "the form had the scale upside down"}]})  # fmt: skip
        assert clean_sources(turned).change_log.query("rule == 'item.reversed'").empty


# ------------------------------------------------------------------------------------------- data dictionaries
RULES_1_TO_5 = CellRules(scale=(1.0, 5.0), whole=True, labels=LabelTable([("Never", 1), ("Always", 5)]))


@pytest.mark.parametrize(
    ("info", "cells", "missing", "expected"),
    [
        (ColumnInfo(labels={"1": "Never", "5": "Always"}), {"1", "3", "5"}, [], []),
        (ColumnInfo(labels={"0": "Nie", "4": "Immer"}), {"0", "4"}, [],
         ["the file has labels for 0, outside the scale 1 to 5"]),
        (ColumnInfo(labels={"5": "Never", "1": "Always"}), {"1"}, [],
         ["the file says 5 is 'Never', the study file says 1", "the file says 1 is 'Always', the study file says 5"]),
        (ColumnInfo(labels={"1": "Low", "2": "High"}), {"1", "2", "7"}, [],
         ["the file labels 1 to 2, but the cells hold 7"]),
        (ColumnInfo(labels={"1": "Low", "2": "High", "9": "none"}, missing=("9",)), {"1", "9"}, [],
         ["the file declares 9 as missing; write missing: file to obey it"]),
        (ColumnInfo(labels={"1": "Low", "2": "High", "9": "none"}, missing=("9",)), {"1", "9"}, "file", []),
    ],
)  # fmt: skip
def test_contradictions_of_a_data_dictionary(info, cells, missing, expected):
    assert contradictions(info, RULES_1_TO_5, cells, missing=missing) == expected


# ------------------------------------------------------------------------------------------------ the catalogue
def test_every_rule_that_the_code_names_is_documented_and_every_documented_rule_exists():
    folder = Path(catalogue.__file__).parent
    code = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "catalogue.py")
    code += "".join(path.read_text() for path in (folder.parent / "readers").glob("*.py"))
    kinds = {rule.partition(".")[0] for rule in catalogue.RULES}
    named = {name for name in re.findall(r'"([a-z]+\.[a-z_]+)"', code) if name.partition(".")[0] in kinds}
    assert named - {"code.description", "content.xml"} == set(catalogue.RULES)
    assert {rule.action for rule in catalogue.RULES.values()} <= {
        "set_aside", "set_missing", "recoded", "flagged", "flagged or set_aside", "set_aside or flagged",
    }  # fmt: skip
