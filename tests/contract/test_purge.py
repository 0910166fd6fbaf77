"""A participant withdraws: nothing of the person is left, nothing of others is touched. All persons are invented."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from openpyxl import Workbook
from typer.testing import CliRunner

from ktss_analysis.cli import app
from ktss_analysis.core import InputError, KtssError, StudyError
from ktss_analysis.intake import TABLES, Pseudonymiser, clean_sources, read_clean, write_clean
from ktss_analysis.pipeline.graph import study_steps
from ktss_analysis.purge import carry_out, log_path, plan_purge, remove_rows
from ktss_analysis.study import Study, load_study
from ktss_analysis.withdrawals import list_path

ANNA, MARY = "anna.v@example.org", "mary.w@example.org"
TEXT = "I would rather see shorter texts in all of the modules"
ANSWERS = (
    "e-mail;S1_relevance;S2_relevance;note\r\n"
    f'{MARY};4;3;"two\r\nlines"\r\n'
    f'{ANNA};1;2;"{TEXT};\r\nwith a break"\r\n'
    "third@example.org;2;9;zażółć gęślą jaźń\r\n"
    f"{ANNA.upper()};1;1;\r\n"
    "last@example.org;3;3;no line end"
)


def make(folder: Path, content: bytes | None = None) -> Study:
    folder.mkdir(parents=True, exist_ok=True)
    framework = {
        "id": "toy", "version": "1.0.0", "status": "pilot", "languages": ["en"],
        "skills": [{"id": f"S{n}", "name": {"en": f"Skill {n}"}} for n in (1, 2)],
    }  # fmt: skip
    ratings = {"table": "ratings", "columns": "{target}_relevance", "target_type": "skill", "aspect": "relevance",
               "scale": [1, 4]}  # fmt: skip
    people = {"table": "people", "fields": {"role": {"column": "role"}}}
    comments = {"table": "comments", "fields": {"person_id": {"column": "who"}, "text": {"column": "said"}}}
    sources = [
        {"name": "register", "activity": "register", "files": ["register.xlsx"], "person": {"column": "e-mail"},
         "blocks": [people]},
        {"name": "review", "activity": "guide_review", "files": ["answers.csv"], "person": {"column": "e-mail"},
         "free_text": ["note"], "blocks": [ratings]},
        {"name": "heard", "activity": "triage", "files": ["heard.csv"], "repeated": "keep", "blocks": [comments]},
    ]  # fmt: skip
    study = {
        "id": "toy", "title": "Toy", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
        "privacy": {"pseudonym_key": "a-public-key-for-tests-only"}, "languages": ["en"], "sources": sources,
    }  # fmt: skip
    (folder / "answers.csv").write_bytes(ANSWERS.encode() if content is None else content)
    (folder / "heard.csv").write_text(f"who,said\n{ANNA},{TEXT} too\n{MARY},fine\n")
    (folder / "framework.yaml").write_text(yaml.safe_dump(framework))
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    book = Workbook()
    for row in (["e-mail", "role"], [ANNA, "boss of all"], [MARY, "officer"]):
        book.active.append(row)
    book.save(folder / "register.xlsx")
    return load_study(folder / "study.yaml")


def run_of(study: Study, folder: Path) -> Path:
    """Leave behind what a run leaves: a stage with the person, one without, and two files beside the stages."""
    write_clean(clean_sources(study), folder / "private" / "stages" / "01_clean_reviews")
    other = folder / "private" / "stages" / "04_reliability"
    other.mkdir(parents=True)
    (other / "results.csv").write_text("result_id\nx\n")
    (folder / "private" / "results.csv").write_text(f"label\n{TEXT}; with a break\n")
    (folder / "public").mkdir()
    (folder / "public" / "results.csv").write_text("label\nsomething else\n")
    return folder


def stored(study: Study, folder: Path) -> str:
    clean = clean_sources(study)
    paths = write_clean(clean, folder)
    shown = "".join(path.read_text(encoding="utf-8") for path in paths if path.suffix == ".csv")
    return shown + "".join(read_clean(folder, name).to_csv() for name in TABLES)


def test_the_person_is_gone_and_the_others_are_as_before(tmp_path):
    study = make(tmp_path / "in")
    name = Pseudonymiser(study).person(ANNA)
    before = clean_sources(study)
    assert name in stored(study, tmp_path / "a")  # the negative control
    assert TEXT[:20] in stored(study, tmp_path / "a")
    plan = plan_purge(study, ANNA, [])
    assert [(row.file, row.row, row.rewritable) for row in plan.rows] == [
        ("register.xlsx", 2, False), ("answers.csv", 4, True), ("answers.csv", 7, True), ("heard.csv", 2, True)
    ]  # fmt: skip
    carry_out(study, plan, reason="asked by letter", raw=False, today=date(2026, 3, 1))
    after = clean_sources(study)
    shown = stored(study, tmp_path / "b")
    for secret in (name, TEXT[:20], "boss of all", "anna", ANNA):
        assert secret not in shown, secret
    gone = after.quarantine[after.quarantine["rule"] == "person.purged"]
    assert sorted(gone["file"] + ":" + gone["row"].astype(str)) == [
        "answers.csv:4", "answers.csv:7", "heard.csv:2", "register.xlsx:2"
    ]  # fmt: skip
    assert set(gone["record"]) == {"{}"}
    assert after.accounts["n_read"].tolist() == before.accounts["n_read"].tolist()
    for table in ("ratings", "comments", "people"):
        old = before.tables[table]
        rest = old[old["person_id"] != name].reset_index(drop=True)
        pd.testing.assert_frame_equal(after.tables[table].drop(columns="comment_id", errors="ignore"),
                                      rest.drop(columns="comment_id", errors="ignore"))  # fmt: skip


def test_list_and_log_hold_hashes_dates_and_places_alone(tmp_path):
    study = make(tmp_path)
    carry_out(study, plan_purge(study, ANNA, []), reason="asked by letter", raw=True, today=date(2026, 3, 1))
    text = list_path(study).read_text() + log_path(study).read_text()
    for secret in ("anna", "example.org", Pseudonymiser(study).person(ANNA).casefold(), TEXT[:12].casefold()):
        assert secret not in text.casefold()
    entry = yaml.safe_load(list_path(study).read_text())["purged"]
    assert [(item["date"], item["reason"]) for item in entry] == [("2026-03-01", "asked by letter")]
    log = pd.read_csv(log_path(study), dtype=str).fillna("")
    assert log[["action", "file", "row"]].to_numpy().tolist() == [
        ["listed", "study.purged.yaml", ""], ["raw row removed", "answers.csv", "4"],
        ["raw row removed", "answers.csv", "7"], ["raw row removed", "heard.csv", "2"],
        ["raw row left to the analyst", "register.xlsx", "2"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("codec", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("cp1250", b""),
    ],
)
def test_raw_rows_go_and_all_other_bytes_stay(tmp_path, codec, mark):
    content = mark + ANSWERS.encode(codec)
    study = make(tmp_path, content)
    carry_out(study, plan_purge(study, ANNA, []), reason="letter", raw=True, today=date(2026, 3, 1))
    rest = ANSWERS.replace(f'{ANNA};1;2;"{TEXT};\r\nwith a break"\r\n', "").replace(f"{ANNA.upper()};1;1;\r\n", "")
    assert (tmp_path / "answers.csv").read_bytes() == mark + rest.encode(codec)
    assert (tmp_path / "heard.csv").read_text() == f"who,said\n{MARY},fine\n"


def test_a_file_that_would_be_read_differently_is_left_as_it_is(tmp_path, monkeypatch):
    study = make(tmp_path)
    before = (tmp_path / "answers.csv").read_bytes()
    monkeypatch.setattr("ktss_analysis.purge._lines", lambda content, *_: content.splitlines(keepends=True)[::-1])
    with pytest.raises(InputError, match="left as it is"):
        remove_rows(study, tmp_path / "answers.csv", [4])
    assert (tmp_path / "answers.csv").read_bytes() == before


def test_runs_that_hold_the_person_are_cleared_and_others_stay(tmp_path):
    study = make(tmp_path / "in")
    run = run_of(study, tmp_path / "run")
    plan = plan_purge(study, ANNA, [run, tmp_path / "no such run"])
    names = sorted(str(path.relative_to(run)) for path in plan.outputs)
    assert names == ["private/results.csv", "private/stages/01_clean_reviews"]
    carry_out(study, plan, reason="letter", raw=False, today=date(2026, 3, 1))
    assert not (run / "private" / "stages" / "01_clean_reviews").exists()
    assert (run / "private" / "stages" / "04_reliability" / "results.csv").is_file()
    assert (run / "public" / "results.csv").is_file()


def test_a_second_purge_changes_nothing(tmp_path):
    study = make(tmp_path)
    for raw in (False, True, True):
        plan = plan_purge(study, ANNA, [])
        carry_out(study, plan, reason="letter", raw=raw, today=date(2026, 3, 1))
    state = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    plan = plan_purge(study, ANNA, [])
    assert plan.known
    carry_out(study, plan, reason="letter", raw=True, today=date(2026, 3, 1))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == state


def test_identifier_in_another_spelling_and_pseudonym_are_the_same_person(tmp_path):
    study = make(tmp_path)
    plans = [plan_purge(study, name, []) for name in (ANNA, f" {ANNA.upper()} ", Pseudonymiser(study).person(ANNA))]
    assert len({plan.hash for plan in plans}) == 1
    assert len({plan.rows for plan in plans}) == 1


def test_the_list_is_an_input_of_every_step(tmp_path):
    study = make(tmp_path / "in")
    assert all(list_path(study) not in step.inputs for step in study_steps(study, tmp_path / "run"))
    carry_out(study, plan_purge(study, ANNA, []), reason="letter", raw=False, today=date(2026, 3, 1))
    assert all(list_path(study) in step.inputs for step in study_steps(study, tmp_path / "run"))


def test_a_broken_list_is_refused(tmp_path):
    study = make(tmp_path)
    list_path(study).write_text("purged:\n- {hash: anna, date: 2026-03-01, reason: letter}\n")
    with pytest.raises(StudyError, match="hash"):
        clean_sources(study)


def test_command_line(tmp_path):
    study = make(tmp_path / "in")
    runner = CliRunner()
    options = [str(study.path), ANNA, "--out", str(run_of(study, tmp_path / "run"))]
    refused = runner.invoke(app, ["purge", *options])
    assert refused.exit_code == 1
    assert "nothing was changed" in refused.output
    assert not list_path(study).exists()
    done = runner.invoke(app, ["purge", *options, "--yes", "--json", "--raw"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["raw_rows_removed"] == 3
    assert [row["file"] for row in told["raw_rows_left"]] == ["register.xlsx"]
    assert "anna" not in done.output
    again = runner.invoke(app, ["purge", *options, "--yes"])
    assert again.exit_code == 0
    assert "register.xlsx, row 2: remove it yourself" in again.output


def test_an_unknown_person_is_an_error_that_does_not_repeat_the_name(tmp_path):
    study = make(tmp_path)
    with pytest.raises(KtssError, match="nobody of this name") as caught:
        plan_purge(study, "nobody@example.org", [])
    assert "example.org" not in str(caught.value)
    assert not list_path(study).exists()
    assert not log_path(study).exists()
