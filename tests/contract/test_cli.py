"""The command line: help is quick, exit codes mean what they say, errors are one message without a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

STUDY = """
id: small
title: A study
framework: framework.yaml
rules: rules.yaml
sources:
  - name: guide
    activity: guide_review
    files: [guide.csv]
    person: {column: person}
    blocks:
      - {table: ratings, columns: "{target}", target_type: skill, aspect: relevance, scale: [1, 4]}
privacy: {pseudonym_key_env: KTSS_TEST_KEY}
"""
FRAMEWORK = """
id: small
version: 0.1.0
status: pilot
languages: [en]
skills: [{id: S01, name: {en: Listening}}]
"""


def ktss(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ktss_analysis.cli", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, check=False, timeout=120,
        env={**__import__("os").environ, "KTSS_TEST_KEY": "a key of the tests only"},
    )  # fmt: skip


@pytest.fixture
def study(tmp_path: Path, repo: Path) -> Path:
    (tmp_path / "framework.yaml").write_text(FRAMEWORK, encoding="utf-8")
    (tmp_path / "rules.yaml").write_bytes((repo / "params" / "rules.yaml").read_bytes())
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "guide.csv").write_text("person,S01\na,4\nb,3\nc,1\n", encoding="utf-8")
    return tmp_path / "study.yaml"


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, ktss_analysis.cli as cli; from typer.testing import CliRunner\n"
        "text = CliRunner().invoke(cli.app, ['--help']).output\n"
        "assert all(word in text for word in ('demo', 'check', 'run', 'stat')), text\n"
        "print([name for name in ('pandas', 'numpy', 'scipy', 'pydantic', 'papermill') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_wrong_usage_is_exit_code_2() -> None:
    assert ktss("run").returncode == 2
    assert ktss("no-such-command").returncode == 2
    assert ktss("stat", "--no-such-option").returncode == 2


def test_an_error_of_the_user_is_one_message_and_exit_code_1(tmp_path: Path) -> None:
    done = ktss("check", tmp_path / "absent.yaml")
    assert done.returncode == 1
    assert "there is no such file" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_check_passes_good_data(study: Path) -> None:
    done = ktss("check", study)
    assert done.returncode == 0, done.stderr
    assert "0 errors" in done.stdout


def test_check_lists_faults_with_their_place(study: Path) -> None:
    (study.parent / "guide.csv").write_text("person,S01\na,4\nb,9\nc,four\n", encoding="utf-8")
    done = ktss("check", study, "--json")
    rows = [row for row in json.loads(done.stdout) if row["rule"].startswith("value.")]
    assert {(row["row"], row["column"], row["found"]) for row in rows} == {
        (3, "S01", "9"),
        (4, "S01", "four"),
    }


def test_check_refuses_an_unreadable_source(study: Path) -> None:
    (study.parent / "guide.csv").write_bytes(b"")
    done = ktss("check", study)
    assert done.returncode == 1
    assert "guide.csv" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_stat_of_summary_numbers_prints_full_precision() -> None:
    done = ktss("stat", "wilson_interval", "-o", "count=26", "-o", "n=30", "--json")
    result = json.loads(done.stdout)
    assert result["ci_low"] == pytest.approx(0.703187, abs=1e-6)
    assert result["n_used"] == 30


def test_stat_reads_a_file_and_chosen_columns(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("who;A;B\nx;4;1\ny;3;2\nz;4;n/a\n", encoding="utf-8")
    rows = json.loads(ktss("stat", "item_cvi", path, "--columns", "A,B", "--json").stdout)
    assert [(row["target_id"], row["n_used"], row["n_missing"]) for row in rows] == [("A", 3, 0), ("B", 2, 1)]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["alpha"], "did you mean"),
        (["wilson_interval", "-o", "count=3"], "needs -o n="),
        (["wilson_interval", "-o", "count=3", "-o", "n=9", "-o", "colour=red"], "no option 'colour'"),
        (["wilson_interval", "-o", "count"], "write it as name=value"),
        (["cronbach_alpha"], "needs a file"),
    ],
)
def test_stat_says_what_is_missing(arguments: list[str], wanted: str) -> None:
    done = ktss("stat", *arguments)
    assert done.returncode == 1
    assert wanted in done.stderr
    assert "Traceback" not in done.stderr


def test_stat_reads_long_ratings_with_facets(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    rows = [(p, i, 2 * p + i + (p == i)) for p in range(4) for i in range(3)]
    path.write_text("person_id,item_id,value\n" + "".join(f"p{p},{i},{value}\n" for p, i, value in rows))
    done = ktss("stat", "generalizability", path, "-o", "facets=item_id", "--json")
    assert "0.98156" in done.stdout, done.stderr
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(path.read_text().replace("p1,0,2", "p1,0,two"))
    done = ktss("stat", "generalizability", wrong)
    assert done.returncode == 1
    assert "column 'value' holds 'two'; allowed: numbers" in " ".join(done.stderr.split())


def test_stat_names_the_cell_that_is_no_number(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("A,B\n1,2\n1,two\n", encoding="utf-8")
    done = ktss("stat", "cronbach_alpha", path)
    assert done.returncode == 1
    for text in ("data.csv", "row 3", "'B'", "'two'"):
        assert text in done.stderr


def test_stat_lists_every_registered_statistic() -> None:
    from ktss_analysis.psychometrics import STATISTICS

    rows = json.loads(ktss("stat", "--list", "--json").stdout)
    assert {row["name"] for row in rows} == set(STATISTICS)
    assert all(row["source"] and row["definition"] and row["min_n"] for row in rows)
