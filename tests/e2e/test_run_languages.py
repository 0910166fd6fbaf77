"""A run of a study whose report is printed in two languages, with kernels, as a stranger starts it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.nightly]


class Place:
    """A copy of the sources, whose catalogues a test may change, and a study in it."""

    def __init__(self, repo: Path, folder: Path) -> None:
        for name in ("ktss_analysis", "notebooks", "params"):
            shutil.copytree(repo / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "requirements.lock"):
            shutil.copy(repo / name, folder / name)
        self.folder = folder
        self.study = folder / "demo" / "study.yaml"
        subprocess.run(self.command("demo", folder / "demo"), cwd=folder, check=True, capture_output=True, timeout=120)
        with self.study.open("a", encoding="utf-8") as stream:
            stream.write("outputs: {languages: [en, it], formats: [html]}\n")

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "ktss_analysis.cli", *map(str, arguments)]

    def run(self, out: Path) -> dict[str, str]:
        """Run the study and return the state of each step."""
        finished = subprocess.run(
            self.command("run", self.study, "--out", out), cwd=self.folder, capture_output=True, text=True, check=False,
            timeout=900,
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr[-3000:]
        record = json.loads((out / "private" / "run.json").read_text(encoding="utf-8"))
        return {step["name"]: step["state"] for step in record["steps"]}

    def start(self, out: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command("run", self.study, "--out", out), cwd=self.folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def place(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(repo, tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def done(place: Place) -> Path:
    out = place.folder / "first"
    assert set(place.run(out).values()) == {"ran"}
    return out


def public_bytes(out: Path) -> dict[str, bytes]:
    public = out / "public"
    return {path.relative_to(public).as_posix(): path.read_bytes() for path in public.rglob("*") if path.is_file()}


def test_both_languages_are_published_and_an_unchanged_run_makes_neither_again(place: Place, done: Path) -> None:
    before = public_bytes(done)
    assert {"report.html", "report.it.html", "claims.csv", "claims.it.csv"} <= set(before)
    assert set(place.run(done).values()) == {"reused"}
    assert public_bytes(done) == before


def test_a_run_killed_while_it_prints_languages_ends_with_the_same_bytes(place: Place, done: Path) -> None:
    out = place.folder / "killed"
    shutil.copytree(done, out)
    for stage in ("10_report", "10_report.it", "11_technical_annex"):
        shutil.rmtree(out / "private" / "stages" / stage)
    moments = random.Random(11)
    for _ in range(4):
        process = place.start(out)
        time.sleep(moments.uniform(2, 8))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    place.run(out)
    assert public_bytes(out) == public_bytes(done)


def test_a_corrected_sentence_prints_its_own_language_again_and_no_other(place: Place, done: Path) -> None:
    before = public_bytes(done)
    catalogue = place.folder / "ktss_analysis" / "display" / "locales" / "it.po"
    text = catalogue.read_text(encoding="utf-8")
    key = 'msgid "chapter.summary"\nmsgstr "'
    assert key in text
    catalogue.write_text(text.replace(key, f"{key}Corretto: "), encoding="utf-8")
    states = place.run(done)
    assert [name for name, state in states.items() if state == "ran"] == ["10_report.it"]
    after = public_bytes(done)
    assert "Corretto: " in after["report.it.html"].decode("utf-8")
    assert {name for name in after if after[name] != before[name]} <= {
        "report.it.html", "claims.it.csv", "datapackage.json",
    }  # fmt: skip
