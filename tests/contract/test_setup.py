"""The set-up: `run.py` and `bootstrap.py` on a small project of their own, offline, and the lock files.

The small project has one dependency, a wheel made here, and the same `run.py`, `bootstrap.py` and uv as the
repository. Everything runs as a stranger would run it: in a new folder, with an empty home.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]
needs_uv = pytest.mark.skipif(
    not (REPOSITORY / ".uv").is_dir(), reason="uv is absent: this environment was not made by run.py"
)
needs_posix = pytest.mark.skipif(os.name == "nt", reason="replaces uv by a shell script")

BACKEND = '''
"""Build backend of the small project: an editable wheel that points here."""
import os, zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "ktss_analysis-0.1.0-py3-none-any.whl"
    info = "ktss_analysis-0.1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("_ktss.pth", os.getcwd() + "\\n")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: ktss-analysis\\nVersion: 0.1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
'''
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "ktss-analysis"
version = "0.1.0"
dependencies = ["tiny-numbers"]
"""
COMMAND = """
import os, sys, tiny_numbers
print("tiny", tiny_numbers.VERSION, "|", os.getcwd(), "|", *sys.argv[1:])
sys.exit(7 if "fail" in sys.argv else 0)
"""


def make_wheel(folder: Path, version: str) -> str:
    """Write a wheel of the package `tiny-numbers`; return its requirement line with the hash."""
    folder.mkdir(exist_ok=True)
    path = folder / f"tiny_numbers-{version}-py3-none-any.whl"
    info = f"tiny_numbers-{version}.dist-info"
    files = {
        "tiny_numbers/__init__.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny-numbers\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(text)}\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(name, text)
    return f"tiny-numbers=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@dataclass
class Small:
    """The small project and the stranger's environment."""

    root: Path
    wheels: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.root / "run.py"), *arguments]

    def start(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``run.py`` and return what it wrote."""
        return subprocess.run(
            self.command(*arguments), cwd=cwd or self.home, env=self.environment, capture_output=True,
            encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip

    def set_lock(self, line: str) -> None:
        (self.root / "requirements.lock").write_text(line, encoding="ascii")

    def installed(self) -> Path:
        return next((self.root / ".venv").rglob("tiny_numbers/__init__.py"))


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Make the small project in a folder with blanks and letters beyond ASCII, with an empty home."""
    root, wheels, home = tmp_path / "étude no 1 – ß", tmp_path / "wheels", tmp_path / "home"
    (root / "ktss_analysis").mkdir(parents=True)
    home.mkdir()
    for name in ("run.py", "bootstrap.py", "requirements-uv.lock"):
        shutil.copy(REPOSITORY / name, root)
    if (REPOSITORY / ".uv").is_dir():
        shutil.copytree(REPOSITORY / ".uv", root / ".uv", copy_function=link_or_copy)
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (root / "backend.py").write_text(BACKEND, encoding="utf-8")
    (root / "ktss_analysis" / "__init__.py").touch()
    (root / "ktss_analysis" / "cli.py").write_text(COMMAND, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_", "PYTHON"))}
    environment = {
        **kept, "HOME": str(home), "USERPROFILE": str(home), "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_NO_CONFIG": "1", "PYTHONUTF8": "1",
    }  # fmt: skip
    environment.pop("XDG_CONFIG_HOME", None)
    project = Small(root, wheels, home, environment)
    project.set_lock(make_wheel(wheels, "1.0"))
    return project


@pytest.fixture(scope="module")
def modules() -> tuple[ModuleType, ModuleType]:
    """Return the repository's own `run` and `bootstrap` as modules."""
    sys.path.insert(0, str(REPOSITORY))
    try:
        return importlib.import_module("run"), importlib.import_module("bootstrap")
    finally:
        sys.path.remove(str(REPOSITORY))


# ------------------------------------------------------------------------------------------------ starting


@needs_uv
def test_first_start_sets_up_and_the_second_does_no_work(small: Small) -> None:
    first = small.start("run", "check", "my study.yaml")
    assert first.returncode == 0, first.stderr
    assert f"tiny 1.0 | {small.home} | check my study.yaml" in first.stdout
    assert "Set up in" in first.stderr
    assert "Trying venv and pip" not in first.stderr
    before = {path: path.lstat().st_mtime_ns for path in (small.root / ".venv").rglob("*")}
    second = small.start("run", "fail", cwd=small.root)
    assert second.returncode == 7, "the job's exit code is handed on"
    assert second.stderr == ""
    assert {path: path.lstat().st_mtime_ns for path in before} == before
    outside = [path for path in small.home.rglob("*") if path.is_file() and "uv" not in path.parts]
    assert outside == [], "nothing is written to the home but uv's own bookkeeping"


@needs_uv
def test_a_changed_lock_is_installed_and_a_wrong_hash_is_refused(small: Small) -> None:
    assert small.start("run").returncode == 0
    line = make_wheel(small.wheels, "2.0")
    small.set_lock(line)
    changed = small.start("run")
    assert "tiny 2.0" in changed.stdout, changed.stderr
    small.set_lock(make_wheel(small.wheels, "3.0").replace("sha256:", "sha256:0")[:-2] + "\n")
    refused = small.start("run")
    assert refused.returncode == 3
    assert "Installing requirements.lock" in refused.stderr
    assert "tiny" not in refused.stdout
    small.set_lock(line)
    assert "tiny 2.0" in small.start("run").stdout, "a good lock mends what a bad one left"


@needs_uv
def test_a_moved_folder_is_set_up_again(small: Small, tmp_path: Path) -> None:
    assert small.start("run").returncode == 0
    small.root = small.root.rename(tmp_path / "moved")
    moved = small.start("run")
    assert moved.returncode == 0
    assert "Set up in" in moved.stderr


@needs_uv
@needs_posix
def test_a_set_up_killed_half_way_is_mended(small: Small) -> None:
    uv = small.root / ".uv" / "bin" / "uv"
    real = uv.rename(uv.with_name("uv-real"))
    uv.write_text(f'#!/bin/sh\n[ "$2" = sync ] && touch "{small.home}/syncing" && sleep 60\nexec "{real}" "$@"\n')
    uv.chmod(0o755)
    process = subprocess.Popen(
        small.command("run"), env=small.environment, start_new_session=True, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not (small.home / "syncing").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert (small.root / ".venv" / "ktss-stamp").read_text().strip() == "unfinished"
    real.replace(uv)
    again = small.start("run")
    assert "tiny 1.0" in again.stdout, again.stderr


@needs_uv
def test_half_written_packages_are_replaced_only_because_of_the_mark(small: Small) -> None:
    assert small.start("run").returncode == 0
    stamp = small.root / ".venv" / "ktss-stamp"
    small.installed().unlink()
    assert small.start("run").returncode == 1, "control: a stamp of a complete set-up is believed"
    stamp.write_text("unfinished\n")
    assert "tiny 1.0" in small.start("run").stdout


@needs_uv
def test_two_starts_at_once_do_one_set_up(small: Small) -> None:
    both = [
        subprocess.Popen(
            small.command("run"),
            env=small.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    texts = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    assert all("tiny 1.0" in out for out, _ in texts)
    assert sum("Set up in" in err for _, err in texts) == 1


def test_without_uv_the_set_up_falls_back_to_pip(small: Small) -> None:
    shutil.rmtree(small.root / ".uv", ignore_errors=True)
    small.environment["PATH"] = str(small.home)
    done = small.start("run")
    assert done.returncode == 0, done.stderr
    assert "Trying venv and pip" in done.stderr
    assert "tiny 1.0" in done.stdout


# --------------------------------------------------------------------------------------- small decisions


def test_an_old_python_can_read_run_py_and_is_told_what_it_lacks(modules, monkeypatch, capsys) -> None:
    source = (REPOSITORY / "run.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__ import annotations" not in source, "Python 3.6 does not know it"
    with pytest.raises(SyntaxError):
        ast.parse("if (n := 1): pass", feature_version=(3, 6))
    run, _ = modules
    monkeypatch.setattr(run, "OLDEST_PYTHON", (99, 1))
    assert run.main(["test"]) == 2
    assert "needs Python 99.1 or newer" in capsys.readouterr().err


def test_oldest_python_agrees_with_pyproject(modules) -> None:
    wanted = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert wanted == ">={}.{}".format(*modules[0].OLDEST_PYTHON)


def test_bare_start_lists_every_job_and_an_unknown_job_is_refused(modules, capsys) -> None:
    run, _ = modules
    assert run.main([]) == 0
    text = capsys.readouterr().out
    assert all(re.search(rf"^  {name} +\w.*\.$", text, re.MULTILINE) for name in run.JOBS)
    assert run.main(["no-such-job"]) == 2
    assert "Unknown job 'no-such-job'" in capsys.readouterr().err


def unknown_jobs(text: str, jobs: Iterable[str]) -> set[str]:
    """Return the words after ``run.py`` in a text that are not jobs."""
    return set(re.findall(r"run\.py[ \t]+([a-z][a-z-]*)\b", text)) - set(jobs)


def test_texts_name_only_jobs_that_exist(modules) -> None:
    jobs = modules[0].JOBS
    texts = [
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("*/README.md"),
        REPOSITORY / ".pre-commit-config.yaml",
    ]
    assert len(texts) >= 6
    for path in texts:
        assert unknown_jobs(path.read_text("utf-8"), jobs) == set(), path
    assert unknown_jobs("`python3 run.py report` and `python3 run.py publish`", jobs) == {"publish"}


def test_continuous_integration_runs_the_command_of_the_readme() -> None:
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    commands = [line.split("#")[0].strip() for line in readme.splitlines() if line.startswith("python3 run.py test")]
    script = (REPOSITORY / ".ci" / "run").read_text("utf-8").strip().splitlines()
    assert commands == ["python3 run.py test"]
    assert script[-1] == commands[0]
    assert "set -euo pipefail" in script


@pytest.mark.parametrize(
    ("arguments", "spread"),
    [
        ([], True),
        (["-k", "setup", "-q"], True),
        (["-n", "4"], False),
        (["-n0"], False),
        (["--numprocesses=3"], False),
        (["-p", "no:xdist"], False),
        (["--pdb"], False),
    ],
)
def test_tests_are_spread_over_the_cores_unless_the_user_decides(modules, arguments, spread) -> None:
    assert bool(modules[0].spread_options(arguments)) is spread


def test_the_folder_for_the_report_is_read_from_the_users_own_place(modules) -> None:
    run, _ = modules
    assert run.chosen_folder(["--out", "x"], os.sep + "here") == os.path.join(os.sep + "here", "x")
    assert run.chosen_folder(["--out=x"], os.sep + "here") == os.path.join(os.sep + "here", "x")
    assert run.chosen_folder(["--jobs", "2"], os.sep + "here") is None
    assert run.without_out(["--jobs", "2", "--out", "x", "--out=y", "--force"]) == ["--jobs", "2", "--force"]


def test_pip_settings_rank_environment_over_install_over_global(modules) -> None:
    _, bootstrap = modules
    listing = "\n".join(
        [
            "global.index-url='https://a.test/simple'",
            "install.index-url='https://b.test/simple'",
            ":env:.index-url='https://c.test/simple'",
            "install.trusted-host='b.test'",
            "freeze.timeout='10'",
            "WARNING: a line of another kind",
        ]
    )
    assert bootstrap.pip_settings(listing) == {"index-url": "https://c.test/simple", "trusted-host": "b.test"}
    assert bootstrap.pip_settings("global.index-url='https://a.test'\ninstall.index-url='https://b.test'") == {
        "index-url": "https://b.test"
    }


def test_uv_learns_the_index_of_pip_unless_it_has_its_own(modules) -> None:
    _, bootstrap = modules
    pip = {
        "index-url": "https://a.test/simple",
        "extra-index-url": "https://b.test/s\nhttps://c.test/s",
        "find-links": "/x /y",
        "no-index": "true",
        "cert": "/ca.pem",
    }
    assert bootstrap.index_settings({}, pip) == {
        "UV_DEFAULT_INDEX": "https://a.test/simple",
        "UV_INDEX": "https://b.test/s https://c.test/s",
        "UV_INDEX_STRATEGY": "unsafe-first-match",
        "UV_FIND_LINKS": "/x,/y",
        "UV_NO_INDEX": "1",
        "SSL_CERT_FILE": "/ca.pem",
    }
    own = {"UV_INDEX_URL": "https://u.test", "UV_INDEX": "https://v.test", "SSL_CERT_FILE": "/mine.pem"}
    assert bootstrap.index_settings(own, pip) == {"UV_FIND_LINKS": "/x,/y", "UV_NO_INDEX": "1"}
    assert bootstrap.index_settings({}, {}) == {}


# ------------------------------------------------------------------------------------------- lock files


def read_pins(lines: list[str]) -> set[tuple[str, str, str]]:
    """Return (name, version, marker) of each pinned requirement."""
    parsed = [Requirement(line.rstrip(" \\")) for line in lines]
    return {(canonicalize_name(one.name), str(one.specifier), str(one.marker or "")) for one in parsed}


def lock_problems(folder: Path) -> list[str]:
    """Return where pyproject.toml, requirements.lock, requirements-uv.lock and environment.yml disagree."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    lock_text = (folder / "requirements.lock").read_text("ascii")
    uv_text = (folder / "requirements-uv.lock").read_text("ascii")
    conda = yaml.safe_load((folder / "environment.yml").read_text("utf-8"))["dependencies"]
    listed = conda[-1]["pip"]
    lock = read_pins([line for line in lock_text.splitlines() if line[:1].isalnum()])
    uv_lock = read_pins([line for line in uv_text.splitlines() if line[:1].isalnum()])
    pinned = read_pins([line for line in listed if not line.startswith("-e")])

    problems = [f"{name} {version} is not pinned" for name, version, _ in lock if not version.startswith("==")]
    for where, lines, pins in (
        ("requirements.lock", [*project["project"]["dependencies"], *groups["dev"]], lock),
        ("environment.yml", project["project"]["dependencies"], pinned),
        ("requirements-uv.lock", groups["bootstrap"], uv_lock),
    ):
        for line in map(Requirement, lines):
            versions = [version[2:] for name, version, _ in pins if name == canonicalize_name(line.name)]
            if not versions:
                problems.append(f"{line.name} is not in {where}")
            elif not all(line.specifier.contains(version) for version in versions):
                problems.append(f"{line} is not met by {versions} in {where}")
    versions_only = {(name, version) for name, version, _ in lock}
    for name, version, _ in pinned:
        if (name, version) not in versions_only:
            problems.append(f"environment.yml has {name}{version}, requirements.lock has not")
    problems += [f"{build} is needed by --no-build-isolation" for build in ("hatchling", "editables")
                 if build not in {name for name, _, _ in lock}]  # fmt: skip
    if "-e ." not in listed or f"python={project['project']['requires-python'][2:]}" not in conda:
        problems.append("environment.yml lacks the project or the oldest Python")
    for block in re.split(r"\n(?=\S)", lock_text + uv_text):
        if block[:1].isalnum() and "--hash=sha256:" not in block:
            problems.append(f"no hash: {block.splitlines()[0]}")
    if re.search(r"://|--(extra-)?index|--find-links|file:", lock_text + uv_text):
        problems.append("a lock names an index")
    return problems


def test_lock_environment_and_pyproject_agree() -> None:
    assert lock_problems(REPOSITORY) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("pyproject.toml", '"pandas>=3.0"', '"pandas>=99"', "pandas>=99 is not met"),
        (
            "pyproject.toml",
            '  "rich>=14",',
            '  "rich>=14",\n  "no-such-package>=1",',
            "no-such-package is not in",
        ),
        ("pyproject.toml", "uv==", "uv==9.", "is not met by"),
        ("environment.yml", "- pandas==3", "- pandas==2", "requirements.lock has not"),
        ("environment.yml", "- -e .", "- pip==1", "lacks the project"),
        ("requirements.lock", "\npandas==", "\npandos==", "pandas is not in requirements.lock"),
        ("requirements.lock", "\nhatchling==", "\nbatchling==", "needed by --no-build-isolation"),
        ("requirements.lock", "--hash=sha256:", "--hush=sha256:", "no hash"),
        (
            "requirements.lock",
            "aiohappyeyeballs==",
            "--index-url https://x.test\naiohappyeyeballs==",
            "names an index",
        ),
    ],
)
def test_disagreement_is_found(tmp_path: Path, name: str, old: str, new: str, message: str) -> None:
    for file in ("pyproject.toml", "requirements.lock", "requirements-uv.lock", "environment.yml"):
        shutil.copy(REPOSITORY / file, tmp_path)
    text = (tmp_path / name).read_text("utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    assert any(message in problem for problem in lock_problems(tmp_path))
