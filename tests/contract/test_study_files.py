"""Study, framework and rules files: every complaint names file, line and path, and says what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ktss_analysis.core import StudyError
from ktss_analysis.framework import load_framework
from ktss_analysis.rules import load_rules
from ktss_analysis.study import load_study

FRAMEWORK = """
id: small
version: 0.1.0
status: pilot
languages: [en, it]
scale: {min: 1, max: 5, labels: {en: [a, b, c, d, e]}}
skills:
  - {id: S01, name: {en: Listening, it: Ascolto}}
  - {id: S02, name: {en: Negotiation}}
items:
  - {id: S01-1, skill: S01, text: {en: I listen.}}
  - {id: S01-2, skill: S01, key: -1, text: {en: I interrupt.}}
"""
STUDY = """
id: small
title: A study
framework: framework.yaml
rules: rules.yaml
sources:
  - name: guide
    activity: guide_review
    files: [guide.csv]
    blocks:
      - {table: ratings, columns: "{target}", target_type: skill, aspect: relevance, scale: [1, 4]}
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_framework_reads_keys_scales_and_names(tmp_path: Path) -> None:
    framework = load_framework(write(tmp_path, "framework.yaml", FRAMEWORK))
    assert [item.key for item in framework.items] == [1, -1]
    assert list(framework.scales()) == ["S01"]
    assert framework.scale is not None
    assert framework.scale.limits == (1, 5)
    assert framework.name("skill", "S01", "it") == "Ascolto"
    assert framework.name("skill", "S02", "it") == "Negotiation", "the reference language stands in"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (
            "status: pilot",
            "status: draft",
            ["line 4", "status", "'illustrative', 'pilot' or 'final'", "'draft'"],
        ),
        ("skill: S01, key: -1", "skill: S09, key: -1", ["items[2]", "'S09'"]),
        ("key: -1", "key: 2", ["line 12", "items[2].key", "found 2"]),
        ("id: S02", "id: S01", ["skills[2]", "'S01' is taken by skills[1]"]),
        ("[a, b, c, d, e]", "[a, b, c]", ["3 labels for 5 points"]),
        ("name: {en: Negotiation}", "name: {de: Verhandeln}", ["S02: no text in 'en'", "'de'"]),
        ("version: 0.1.0", "version: first", ["line 3", "version"]),
        (
            "status: pilot",
            "status: pilot\nstatus: final",
            ["line 5", "'status' stands there twice", "line 4"],
        ),
        ("status: pilot", "colour: red\nstatus: pilot", ["line 4", "colour"]),
        ("skills:", "skills: [", ["line", "not YAML"]),
    ],
)
def test_a_wrong_framework_is_refused_with_its_place(tmp_path: Path, old: str, new: str, wanted: list[str]) -> None:
    assert old in FRAMEWORK
    path = write(tmp_path, "framework.yaml", FRAMEWORK.replace(old, new))
    with pytest.raises(StudyError) as error:
        load_framework(path)
    for text in ["framework.yaml", *wanted]:
        assert text in str(error.value)


def test_study_finds_files_and_reads_the_framework_once(tmp_path: Path) -> None:
    write(tmp_path, "framework.yaml", FRAMEWORK)
    write(tmp_path, "guide.csv", "person,S01\na,4\n")
    study = load_study(write(tmp_path, "study.yaml", STUDY))
    assert study.files(study.sources[0]) == [tmp_path / "guide.csv"]
    assert study.instrument is study.instrument
    assert [source.name for source in study.of("guide_review", "workshop")] == ["guide"]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (
            "activity: guide_review",
            "activity: guide",
            ["line 8", "sources[1].activity", "'guide_review'", "'guide'"],
        ),
        ('"{target}"', '"relevance"', ["sources[1].blocks[1]", "{target}"]),
        ("aspect: relevance, ", "", ["target_type", "aspect"]),
        ("title: A study", "title: A study\nseeds: 4", ["line 4", "seeds"]),
        ("title: A study", "title: A study\nprivacy: {pseudonym_key: abc}", ["only for synthetic data"]),
        ("title: A study", "title: A study\nprivacy: {minimum_cell: 1}", ["minimum_cell", "found 1"]),
        (
            "    files: [guide.csv]",
            "    files: [guide.csv]\n    closes: 20.11.2024",
            ["closes", "2024-11-20"],
        ),
    ],
)
def test_a_wrong_study_is_refused_with_its_place(tmp_path: Path, old: str, new: str, wanted: list[str]) -> None:
    assert old in STUDY
    with pytest.raises(StudyError) as error:
        load_study(write(tmp_path, "study.yaml", STUDY.replace(old, new)))
    for text in ["study.yaml", *wanted]:
        assert text in str(error.value)


def test_a_missing_raw_file_names_source_and_folder(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, "study.yaml", STUDY))
    with pytest.raises(StudyError, match=r"source 'guide': no file 'guide\.csv'"):
        study.files(study.sources[0])


def test_a_missing_study_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there is no such file"):
        load_study(tmp_path / "absent.yaml")


def test_the_rules_file_is_complete_and_every_number_has_a_source(repo: Path) -> None:
    rules = load_rules(repo / "params" / "rules.yaml")
    assert rules.thresholds
    assert all(threshold.source and threshold.meaning for threshold in rules.thresholds.values())
    assert all(gate.source and gate.minimum <= gate.warn for gate in rules.gates.values())


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (
            "- {id: V7, verdict: revise}",
            "- {id: V7, verdict: revise, all: [{items: '+'}]}",
            "must match always",
        ),
        ('{relevance: "?"}', '{relevence: "?"}', "relevence"),
        ('{relevance: "?"}', '{relevance: "x"}', "is no condition"),
        ("verdict: drop", "verdict: reject", "verdict"),
        ('fixed_on: "2024-09-15"', "fixed_on: autumn", "fixed_on"),
    ],
)
def test_wrong_rules_are_refused(tmp_path: Path, repo: Path, old: str, new: str, wanted: str) -> None:
    text = (repo / "params" / "rules.yaml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(StudyError, match=wanted):
        load_rules(write(tmp_path, "rules.yaml", text.replace(old, new)))
