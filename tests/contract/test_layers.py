"""The direction of imports: the contracts in ``pyproject.toml`` hold, and each of them can fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def check_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package in `folder`, with the contracts that lie there."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONUTF8": "1",
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, "-P", "-c", COMMAND, "--no-cache", "--config", str(folder / "pyproject.toml")],
        cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def copy(repo: Path, tmp_path: Path) -> Path:
    """Copy package and contracts to a temporary folder, with an empty module to plant imports in."""
    shutil.copy(repo / "pyproject.toml", tmp_path)
    ignored = shutil.ignore_patterns("__pycache__", "templates", "locales", "*.json", "*.csv")
    shutil.copytree(repo / "ktss_analysis", tmp_path / "ktss_analysis", ignore=ignored)
    parts = (
        "display",
        "intake",
        "pipeline",
        "psychometrics",
        "readers",
        "report",
        "streams",
    )
    for part in parts:
        folder = tmp_path / "ktss_analysis" / part
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / "planted.py").touch()
    return tmp_path


def add(path: Path, line: str) -> None:
    """Append a line to a module, which need not exist."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")


def broken(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines of the contracts that are broken."""
    return [row.strip() for row in done.stdout.splitlines() if " BROKEN" in row]


def test_imports_point_one_way(repo: Path) -> None:
    done = check_imports(repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("core.py", "import ktss_analysis.glossary", "Imports point one way"),
        ("psychometrics/planted.py", "from .. import study", "Imports point one way"),
        ("results.py", "from ktss_analysis.display import planted", "Imports point one way"),
        ("new_part.py", "", "Imports point one way"),
        ("display/planted.py", "from ..readers import planted", "Public outputs are made from"),
        ("opendata/schema.py", "from ..intake import planted", "Public outputs are made from"),
        ("streams/planted.py", "def run():\n    import papermill", "Only the pipeline runs notebooks"),
    ],
)
def test_a_planted_import_breaks_a_contract(copy: Path, module: str, line: str, contract: str) -> None:
    sound = check_imports(copy)
    assert sound.returncode == 0, sound.stdout + sound.stderr
    add(copy / "ktss_analysis" / module, line)
    done = check_imports(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(row.startswith(contract) for row in broken(done)), done.stdout


def test_an_import_through_a_third_module_is_found(copy: Path) -> None:
    add(copy / "ktss_analysis" / "rules.py", "from .streams import planted")
    add(copy / "ktss_analysis" / "display" / "planted.py", "from .. import rules")
    done = check_imports(copy)
    assert done.returncode == 1
    assert any(row.startswith("Public outputs are made from") for row in broken(done)), done.stdout


def test_the_pipeline_may_run_notebooks(copy: Path) -> None:
    add(copy / "ktss_analysis" / "pipeline" / "planted.py", "import papermill")
    done = check_imports(copy)
    assert done.returncode == 0, done.stdout + done.stderr
