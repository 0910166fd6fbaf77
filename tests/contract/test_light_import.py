"""Importing the statistics loads nothing heavy: what only some functions need is loaded when they are called."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "scipy.stats",
    "scipy.optimize",
    "scipy.integrate",
    "pingouin",
    "matplotlib",
    "statsmodels",
    "sklearn",
    "numba",
)


def loaded(statement: str) -> list[str]:
    """Return the heavy modules that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("part", ["psychometrics", "pocket"])
def test_no_heavy_package_is_loaded(part: str) -> None:
    assert loaded(f"import ktss_analysis.{part}") == []


def test_the_second_engine_is_loaded_only_when_asked() -> None:
    assert loaded("import ktss_analysis.psychometrics.oracle") == []


def test_a_heavy_package_would_be_noticed() -> None:
    assert loaded("import ktss_analysis.psychometrics, scipy.stats")[:2] == ["scipy.stats", "scipy.optimize"]
