"""A large source cleaned in pieces gives what it gives as a whole, however it is cut."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ktss_analysis.core import InputError
from ktss_analysis.intake import (
    RECORDS,
    TABLES,
    Sizes,
    check_study,
    clean_sources,
    clean_to_files,
    read_clean,
    write_clean,
)
from ktss_analysis.intake.in_pieces import chunks_of
from ktss_analysis.intake.row_keys import Decisions, quartiles
from ktss_analysis.study import load_study

SETTINGS = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
ITEMS = [f"Q{number:02d}" for number in range(1, 13)]
LABELS = ("Never", "Rarely", "Sometimes", "Often", "Always")
WORDS = ["n/a", "", " OFTEN ", "9", "perhaps", "2,5", "1.0", "-"]
NOTES = ["", "write to anna.rossi@example.org", "ask Anna Rossi", "fine", "n/a", "+39 06 6982 1234"]
PERSONS = ["anna.rossi@example.org", "ben@example.org", "", "17", "Anna Rossi", " BEN@example.org", "4711123"]
WIDE = {"table": "responses", "columns": "{target}", "scale": "framework", "labels": "framework"}


def framework() -> dict:
    items = [
        {"id": item, "skill": f"S{1 + place // 3}", "key": -1 if place % 5 == 4 else 1, "text": {"en": f"Text {item}"}}
        for place, item in enumerate(ITEMS)
    ]
    return {
        "id": "toy", "version": "1.0.0", "status": "pilot", "languages": ["en"],
        "scale": {"min": 1, "max": 5, "labels": {"en": list(LABELS)}},
        "skills": [{"id": f"S{number}", "name": {"en": f"Skill {number}"}} for number in range(1, 5)], "items": items,
    }  # fmt: skip


def study_of(folder: Path, files: dict[str, list[list[str]]], **source: object) -> Path:
    """Write raw files and a study with one source of answers; return the study file."""
    for name, rows in files.items():
        stream = io.StringIO()
        csv.writer(stream, delimiter=";", lineterminator="\n").writerows(rows)
        (folder / name).write_text(stream.getvalue(), encoding="utf-8")
    (folder / "framework.yaml").write_text(yaml.safe_dump(framework()))
    whole = {
        "name": "raw", "activity": "self_assessment", "files": list(files), "separator": ";", "header_row": 1,
        "person": {"column": "who"}, "answered_on": {"column": "day"}, "seconds": {"column": "time"},
        "free_text": ["note"], "language": {"value": "en"}, "blocks": [WIDE], **source,
    }  # fmt: skip
    study = {
        "id": "toy", "title": "Toy", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
        "privacy": {"pseudonym_key": "a-public-key-for-tests-only"}, "languages": ["en"], "sources": [whole],
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    return folder / "study.yaml"


def differences(path: Path, sizes: Sizes) -> list[str]:
    """Clean a study as a whole and in pieces, and say what differs: files, notes, counts or the refusal."""
    whole_folder, folder = path.parent / "whole", path.parent / "pieces"
    try:
        whole = clean_sources(load_study(path))
    except InputError as error:
        with pytest.raises(InputError) as caught:
            clean_to_files(load_study(path), folder, sizes=sizes)
        return [] if str(caught.value) == str(error) else [f"{caught.value} instead of {error}"]
    write_clean(whole, whole_folder)
    found = clean_to_files(load_study(path), folder, sizes=sizes)
    wrong = [
        name for name in RECORDS if (folder / f"{name}.csv").read_bytes() != (whole_folder / f"{name}.csv").read_bytes()
    ]
    for name in TABLES:
        try:
            pd.testing.assert_frame_equal(read_clean(folder, name), read_clean(whole_folder, name))
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    wrong += [] if found.notes == whole.notes else [f"notes: {found.notes}"]
    counts = whole.change_log.groupby(["source", "rule", "action"]).size().to_dict()
    wrong += [] if counts == found.touched.set_index(["source", "rule", "action"])["n_cells"].to_dict() else ["touched"]
    wrong += [f"left behind: {path.name}" for path in folder.iterdir() if path.name.startswith(".")]
    return wrong


@st.composite
def raw_files(draw) -> dict[str, list[list[str]]]:
    """Return one or two files with repeated persons and forms, careless people, identifiers and broken cells."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    columns = ["who", "day", "time", "note", *ITEMS]
    files = {}
    for name in draw(st.sampled_from([["a.csv"], ["a.csv", "b.csv"]])):
        absent = set(draw(st.sampled_from([[], ["Q07"], ["time"]]))) if name == "b.csv" else set()
        absent -= {"time"}
        rows = [[column for column in columns if column not in absent]]
        for _ in range(draw(st.integers(1, 24))):
            answers = [LABELS[place] for place in generator.integers(0, 5, len(ITEMS))]
            if generator.random() < 0.3:
                answers = [answers[0]] * len(ITEMS)
            for place in range(len(ITEMS)):
                if generator.random() < 0.1:
                    answers[place] = str(generator.choice(WORDS))
            person = str(generator.choice(PERSONS)) if generator.random() < 0.5 else f"p{generator.integers(99)}@x.org"
            day = str(generator.choice(["1.11.2025 10:00", "2.11.2025", "03.11.2025 11:30", "", "soon"]))
            cells = {
                "who": person, "day": day, "time": str(generator.integers(5, 300)),
                "note": str(generator.choice(NOTES)), **dict(zip(ITEMS, answers, strict=True)),
            }  # fmt: skip
            row = [cells[column] for column in rows[0]]
            rows += [row] * int(generator.choice([1, 1, 1, 2]))
            if generator.random() < 0.05:
                rows.append([*row, "too", "long"])
        if draw(st.booleans()):
            rows.insert(1, [f"Question {column} in full" if column in ITEMS else "" for column in rows[0]])
        files[name] = rows
    return files


@SETTINGS
@given(
    files=raw_files(), repeated=st.sampled_from(["first", "first", "last", "refuse"]),
    partial=st.sampled_from(["keep", "set_aside"]), double=st.sampled_from(["flag", "set_aside"]),
    person=st.booleans(), n_rows=st.integers(3, 12), n_ranges=st.integers(1, 40), group=st.integers(1, 50),
)  # fmt: skip
def test_pieces_give_what_the_whole_gives(files, repeated, partial, double, person, n_rows, n_ranges, group):
    source: dict = {"repeated": repeated, "partial": partial, "double_submissions": double, "minimum_share": 0.5}
    source["exclude"] = [{"column": "who", "values": ["p7@x.org", "nobody"], "reason": "asked us to"}]
    if not person:
        source["person"] = None
    with tempfile.TemporaryDirectory() as name:
        path = study_of(Path(name), files, **source)
        assert chunks_of(load_study(path), load_study(path).sources[0]) is not None
        assert differences(path, Sizes(0, n_rows, n_ranges, group)) == []


def many(n_rows: int) -> list[list[str]]:
    """Return rows of different persons, with an odd cell here and there."""
    generator = np.random.default_rng(8)
    labels = np.array(LABELS)[generator.integers(0, 5, (n_rows, len(ITEMS)))]
    rows = [["who", "day", "time", "note", *ITEMS]]
    for number, answers in enumerate(labels):
        cells = ["n/a", *answers[1:]] if number % 50 == 0 else list(answers)
        rows.append([f"p{number}@x.org", "1.11.2025", "90", "", *cells])
    return rows


def test_comparison_sees_an_answer_that_pieces_lose(tmp_path, monkeypatch):
    original = Decisions.repeats
    path = study_of(tmp_path, {"a.csv": [*many(9), many(3)[1]]})

    def forgetful(decisions: Decisions, keep: str) -> object:
        original(decisions, keep)
        decisions.bits[:] = 0
        return None

    monkeypatch.setattr(Decisions, "repeats", forgetful)
    with pytest.raises(InputError, match="stands in two"):
        differences(path, Sizes(0, 4, 3))


def test_no_row_is_lost_over_pieces(tmp_path):
    rows = many(60)
    path = study_of(tmp_path, {"a.csv": [*rows, *rows[5:9], [""] * len(rows[0]), [*rows[1], "more"]]})
    found = clean_to_files(load_study(path), tmp_path / "out", sizes=Sizes(0, 7, 5))
    quarantine = read_clean(tmp_path / "out", "quarantine")
    used = set(read_clean(tmp_path / "out", "responses")["source_row"])
    assert found.accounts[["n_read", "n_used", "n_set_aside"]].to_numpy().tolist() == [[66, 60, 6]]
    assert used | {f"a.csv:{row}" for row in quarantine["row"]} == {f"a.csv:{row}" for row in range(2, 68)}
    assert found.set_aside.set_index("rule")["n_cells"].to_dict() == {
        "row.empty": 1, "row.repeated": 4, "row.too_long": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"repeated": "keep"},
        {"blocks": [{"table": "responses", "fields": {"item_id": {"column": "note"}, "value": {"column": "Q01"}}}]},
        {"activity": "guide_review", "blocks": [
            {"table": "ratings", "columns": "{target}", "target_type": "item", "aspect": "relevance", "scale": [1, 5]},
        ]},
    ],
)  # fmt: skip
def test_sources_whose_rules_need_all_rows_are_cleaned_whole(tmp_path, change):
    path = study_of(tmp_path, {"a.csv": many(12)}, **change)
    study = load_study(path)
    assert chunks_of(study, study.sources[0]) is None


def test_unclear_decimal_mark_is_refused_as_by_the_whole(tmp_path):
    rows = many(12)
    rows[3][6], rows[9][7] = "1,234", "2.345"
    assert differences(study_of(tmp_path, {"a.csv": rows}), Sizes(0, 2, 3)) == []


def test_check_counts_equal_findings_of_a_large_source(tmp_path):
    rows = many(200)
    rows[7][8] = "perhaps"
    study = load_study(study_of(tmp_path, {"a.csv": [*rows, *rows[11:13]]}))
    whole, pieces = check_study(study), check_study(study, sizes=Sizes(0, 30))
    counted = [frame.groupby(["level", "rule"])["n_cells"].sum().to_dict() for frame in (whole, pieces)]
    assert counted[0] == counted[1]
    missing = pieces[pieces["rule"] == "missing.code"]
    assert missing[["row", "column", "n_cells"]].to_numpy().tolist() == [[2, "Q01", 4]]
    assert not list(tmp_path.glob(".rows-*"))


@given(values=st.lists(st.floats(0, 1e6, allow_subnormal=False), max_size=60), size=st.integers(1, 20))
def test_quartiles_in_pieces_are_those_of_numpy(values, size):
    array = np.array(values)
    found = quartiles(lambda: (array[start : start + size] for start in range(0, len(array), size)))
    expected = np.quantile(array, [0.25, 0.75]) if len(array) else [np.nan, np.nan]
    np.testing.assert_array_equal(found, [len(array), *expected])
