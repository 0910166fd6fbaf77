"""The demonstration study: same bytes again, files that load, a complete framework, variants."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from ktss_analysis.core import StudyError
from ktss_analysis.demo import write_demo
from ktss_analysis.demo.panels import affine_plane
from ktss_analysis.demo.setting import HERE, LANGUAGES
from ktss_analysis.demo.triage import raise_version
from ktss_analysis.framework import Framework
from ktss_analysis.intake.clean import Clean, clean_sources
from ktss_analysis.study import Study, load_study


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("demo")
    write_demo(place)
    return place


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    return load_study(folder / "study.yaml")


@pytest.fixture(scope="module")
def framework(study: Study) -> Framework:
    return study.instrument


@pytest.fixture(scope="module")
def cleaned(study: Study) -> Clean:
    return clean_sources(study)


def test_committed_files_are_what_the_generator_writes(repo: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "data", params_dir=tmp_path / "params")
    committed = contents(repo / "data" / "demo")
    committed.pop("README.md")
    assert contents(tmp_path / "data") == committed
    assert contents(tmp_path / "params") == contents(repo / "params" / "demo")


def test_two_runs_give_the_same_bytes_and_another_seed_others(folder: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "again")
    write_demo(tmp_path / "other", seed=99)
    assert contents(tmp_path / "again") == contents(folder)
    assert (
        contents(tmp_path / "other")["data/synthetic_best_worst.tsv"]
        != (folder / "data" / "synthetic_best_worst.tsv").read_bytes()
    )


def test_study_files_differ_in_two_lines_only(repo: Path, folder: Path) -> None:
    ours = (repo / "params" / "demo" / "study.yaml").read_text(encoding="utf-8").splitlines()
    free = (folder / "study.yaml").read_text(encoding="utf-8").splitlines()
    changed = [a.split(":")[0] for a, b in zip(ours, free, strict=True) if a != b]
    assert changed == ["rules", "data_dir"]


def test_study_in_the_repository_and_in_a_free_folder_load(repo: Path, study: Study) -> None:
    ours = load_study(repo / "params" / "demo" / "study.yaml")
    assert ours.synthetic
    for one in (ours, study):
        assert one.rules_path.is_file()
        assert len(one.instrument.skills) == 25
        assert all(one.files(source) for source in one.sources)


def test_every_stream_has_a_source_and_a_plan(study: Study) -> None:
    activities = {source.activity for source in study.sources}
    assert activities == {"register", "triage", *study.plan}
    assert study.plan == {
        "guide_review": 30,
        "tool_review": 30,
        "focus_groups": 40,
        "workshop": 28,
        "best_worst": 30,
        "quality_board": 8,
        "assembly": 60,
    }


def test_raw_files_say_that_they_are_synthetic(folder: Path) -> None:
    for path in (p for p in (folder / "data").rglob("*") if p.is_file()):
        assert path.name.startswith("synthetic_")
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                times = {entry.date_time for entry in archive.infolist()}
                text = b"".join(archive.read(name) for name in archive.namelist())
            assert times == {(2026, 1, 1, 0, 0, 0)}
            assert b"SYNTHETIC" in text
    for path in (folder / "truth").iterdir():
        assert set(pd.read_csv(path)["note"]) <= {"SYNTHETIC"}


def test_addresses_belong_to_the_reserved_domain(folder: Path) -> None:
    found = set()
    for path in (p for p in folder.rglob("*") if p.suffix in (".csv", ".tsv") and p.is_file()):
        data = path.read_bytes()
        text = data.decode("utf-16" if data.startswith(b"\xff\xfe") else "latin-1")
        found |= set(re.findall(r"@([\w.-]+)", text.lower()))
    assert found == {"example.org"}


# --- framework
def test_names_and_statements_stand_in_five_languages(framework: Framework) -> None:
    assert framework.status == "illustrative"
    assert "illustrative" in framework.title["en"]
    assert framework.scale is not None
    assert set(framework.scale.labels) == set(LANGUAGES)
    for texts in (
        [s.name for s in framework.skills] + [i.text for i in framework.items] + [m.name for m in framework.modules]
    ):
        assert set(texts) == set(LANGUAGES)
        assert len(set(texts.values())) >= 3, texts


def test_labels_of_all_languages_are_different_texts(framework: Framework) -> None:
    labels = [text for texts in framework.scale.labels.values() for text in texts]  # type: ignore[union-attr]
    assert len(set(labels)) == 25


def test_skills_have_short_definitions_and_three_behaviours(framework: Framework) -> None:
    for skill in framework.skills:
        assert 5 <= len(skill.definition["en"].split()) <= 40
        assert len(skill.behaviours["en"]) == 3
        assert skill.cluster in framework.clusters
    assert sum(skill.esco is not None for skill in framework.skills) == 14
    assert all(len(items) == 4 for items in framework.scales().values())
    assert (len(framework.scales()), len(framework.items), len(framework.modules)) == (8, 32, 8)


def test_one_statement_is_reverse_keyed(framework: Framework) -> None:
    assert [item.id for item in framework.items if item.key == -1] == ["S01-4"]


# --- design of the best-worst sets
@pytest.mark.parametrize("order", [2, 3, 5, 7])
def test_affine_plane_shows_each_pair_once(order: int) -> None:
    classes = affine_plane(order)
    blocks = [set(block) for parallel in classes for block in parallel]
    assert len(classes) == order + 1
    assert len(blocks) == order * (order + 1)
    for parallel in classes:
        assert sorted(point for block in parallel for point in block) == list(range(order**2))
    for a in range(order**2):
        for b in range(a):
            assert sum({a, b} <= block for block in blocks) == 1


def test_versions_rise_by_level() -> None:
    assert [raise_version("1.2.3", level) for level in ("patch", "minor", "major")] == [
        "1.2.4",
        "1.3.0",
        "2.0.0",
    ]


# --- through the intake
def test_intake_uses_everybody_it_should(cleaned: Clean) -> None:
    people = cleaned.tables["people"]
    ratings = cleaned.tables["ratings"]
    n_people = ratings.groupby("source")["person_id"].nunique().to_dict()
    assert n_people == {
        "guide_review": 30,
        "tool_review": 30,
        "workshop_round1": 28,
        "workshop_round2": 24,
        "quality_board": 8,
        "assembly": 60,
    }
    assert cleaned.tables["responses"]["person_id"].nunique() == 30
    assert cleaned.tables["codings"]["person_id"].nunique() == 40
    assert len(cleaned.tables["choices"]) == 298
    everybody = set(ratings["person_id"]) | set(cleaned.tables["codings"]["person_id"])
    assert everybody <= set(people["person_id"])


def test_intake_sets_aside_what_was_planted_and_nothing_else(cleaned: Clean) -> None:
    answers = cleaned.quarantine
    counts = answers.groupby(["source", "rule"]).size().to_dict()
    assert counts == {
        ("best_worst", "choice.broken"): 2,
        ("tool_review", "row.repeated"): 1,
        ("workshop_round1", "row.late"): 1,
        ("workshop_round1", "row.repeated"): 1,
        ("workshop_round2", "row.late"): 1,
    }


def test_flags_point_at_the_planted_people_and_at_nobody_else(cleaned: Clean, folder: Path) -> None:
    people = pd.read_csv(folder / "truth" / "people.csv").set_index("kind")["email"]
    book = load_workbook(folder / "data" / "synthetic_tool_review.xlsx")
    rows = list(book["Responses"].iter_rows(values_only=True))
    row_of = {str(row[0]).strip().lower(): number for number, row in enumerate(rows, 1)}
    flags = cleaned.change_log[cleaned.change_log["rule"].str.startswith("flag.")]
    flags = flags[flags["source"] == "tool_review"]
    assert set(zip(flags["rule"], flags["row"], strict=True)) == {
        ("flag.longstring", row_of[people["straight_liner"]]),
        ("flag.careless", row_of[people["random"]]),
        ("flag.speed", row_of[people["random"]]),
        ("flag.speed", row_of[people["speeder"]]),
        ("flag.reversed_rater", row_of[people["reversed"]]),
    }


def test_clean_and_dirty_study_hold_the_same_answers(cleaned: Clean, tmp_path: Path) -> None:
    write_demo(tmp_path, clean=True)
    other = clean_sources(load_study(tmp_path / "study.yaml"))
    assert set(other.quarantine["rule"]) == {"choice.broken"}
    for name, table in cleaned.tables.items():
        left, right = (frame.drop(columns="source_row") for frame in (table, other.tables[name]))
        pd.testing.assert_frame_equal(left, right)


# --- variants
@pytest.mark.parametrize("n", [4, 8, 15])
def test_very_small_studies_load_and_clean(n: int, tmp_path: Path) -> None:
    write_demo(tmp_path, n=n)
    tables = clean_sources(load_study(tmp_path / "study.yaml")).tables
    assert tables["ratings"].groupby("source")["person_id"].nunique().eq(n).all()
    assert tables["responses"]["person_id"].nunique() == n
    assert tables["codings"]["person_id"].nunique() == n


def test_fewer_than_four_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="found 3; allowed: 4 or more"):
        write_demo(tmp_path, n=3)


def test_orphan_variant_adds_one_loose_decision_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    write_demo(tmp_path, orphan_decision=True)
    ours, theirs = contents(folder), contents(tmp_path)
    changed = [name for name in ours if ours[name] != theirs[name]]
    assert changed == ["data/triage/synthetic_decisions.csv"]
    assert theirs[changed[0]].decode().splitlines()[-1].split(",")[1] == "SG-999"


def test_texts_of_the_generator_hold_no_trace_of_a_real_project() -> None:
    for path in HERE.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert "ktsoftskills" not in text.lower()
        assert not re.search(r"\b(UNIBO|Jagiellonian|NETVAL|SOPU|ASTP)\b", text)
