"""The whole run as a stranger starts it: cold, again, planned, tampered with, killed, and cut short."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
BYTES = (
    "report.html",
    "report.pdf",
    "report.docx",
    "technical-annex.html",
    "audit-annex.html",
    "quality-board.pdf",
    "results.csv",
)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "ktss_analysis.cli", *map(str, arguments)]


def run(study: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("run", study, "--out", out, *options),
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def states(out: Path) -> dict[str, str]:
    record = json.loads((out / "private" / "run.json").read_text(encoding="utf-8"))
    return {step["name"]: step["state"] for step in record["steps"]}


def public_bytes(out: Path) -> dict[str, bytes]:
    return {name: (out / "public" / name).read_bytes() for name in BYTES}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run(command("demo", folder), check=True, capture_output=True, timeout=120)
    shutil.rmtree(folder / "truth")  # no analysis may read the planted truth
    return folder / "study.yaml"


@pytest.fixture(scope="module")
def done(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "first"
    finished = run(study, out)
    assert finished.returncode == 0, finished.stderr[-3000:]
    return out


def test_a_cold_run_writes_all_documents_and_says_where_time_went(done: Path) -> None:
    assert set(states(done).values()) == {"ran"}
    assert all(len(content) > 1000 for content in public_bytes(done).values())
    assert (done / "public" / "report.pdf").read_bytes().startswith(b"%PDF")


def test_the_landing_page_leads_to_files_that_are_there(done: Path) -> None:
    page = (done / "public" / "index.html").read_text(encoding="utf-8")
    links = [link for link in re.findall(r'href="([^"]*)"', page) if not link.startswith("#")]
    assert len(links) >= 15
    assert [link for link in links if not (done / "public" / link).is_file()] == []


def test_an_unchanged_rerun_runs_nothing(study: Path, done: Path) -> None:
    before = public_bytes(done)
    finished = run(study, done)
    assert finished.returncode == 0
    assert set(states(done).values()) == {"reused"}
    assert public_bytes(done) == before


def test_the_plan_runs_nothing_and_gives_reasons(study: Path, done: Path, tmp_path: Path) -> None:
    kept = subprocess.run(command("run", study, "--out", done, "--plan"), capture_output=True, text=True, check=True)
    assert kept.stdout.count("keep") == 13
    fresh = subprocess.run(
        command("run", study, "--out", tmp_path / "new", "--plan", "--json"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert [entry["will_run"] for entry in json.loads(fresh.stdout)].count(False) == 0
    assert not (tmp_path / "new" / "private" / "stages").exists()


def test_a_second_run_elsewhere_gives_the_same_bytes_even_after_ten_kills(
    study: Path, done: Path, tmp_path: Path
) -> None:
    """Killed without warning at ten random moments, the next run completes with the bytes of the first."""
    out = tmp_path / "killed"
    moments = random.Random(7)
    for _ in range(10):
        process = subprocess.Popen(
            command("run", study, "--out", out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        time.sleep(moments.uniform(0.5, 9))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    finished = run(study, out)
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert public_bytes(out) == public_bytes(done)
    unfinished = [path.name for path in out.rglob("*") if path.name.startswith((".tmp", "."))]
    assert [name for name in unfinished if "tmp" in name] == []


def test_a_tampered_intermediate_is_noticed_and_made_again(study: Path, done: Path) -> None:
    before = public_bytes(done)
    path = done / "private" / "stages" / "05_item_validity" / "results.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0.9", "0.8"), encoding="utf-8")
    finished = run(study, done)
    assert finished.returncode == 0, finished.stderr[-3000:]
    assert states(done)["05_item_validity"] == "ran"
    assert public_bytes(done) == before


def test_a_failing_notebook_is_named_and_nothing_downstream_runs(study: Path, tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(study.parent, folder)
    changes = folder / "data" / "triage" / "synthetic_decisions.csv"
    lines = changes.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    changes.write_text("".join(lines[:-1]), encoding="utf-8")  # a suggestion loses its decision
    out = tmp_path / "out"
    finished = run(folder / "study.yaml", out)
    assert finished.returncode == 1
    assert "08_focus_groups" in finished.stderr
    assert "has no decision" in finished.stderr
    state = states(out)
    assert state["08_focus_groups"] == "failed"
    assert state["07_consensus"] == "ran"
    assert all(state[name] == "not_run" for name in ("09_decisions", "10_report", "12_audit_annex"))
    assert (out / "private" / "failed" / "08_focus_groups.ipynb").is_file()
    assert not (out / "public" / "report.html").exists()


def test_a_notebook_runs_by_itself_with_the_same_numbers(study: Path, done: Path, tmp_path: Path) -> None:
    """Plain papermill, no pipeline: the notebook finds what it needs and publishes the same rows."""
    import papermill

    from ktss_analysis.resources import resource

    out = tmp_path / "alone"
    papermill.execute_notebook(
        str(resource("notebooks") / "05_item_validity.ipynb"), str(tmp_path / "05.ipynb"),
        parameters={"study": str(study), "run": str(out)}, kernel_name="python3", progress_bar=False,
    )  # fmt: skip
    alone = (out / "private" / "interactive" / "05_item_validity" / "results.csv").read_bytes()
    assert alone == (done / "private" / "stages" / "05_item_validity" / "results.csv").read_bytes()
