"""An unchanged run ends in about a second, because what decides that nothing changed does not load pandas."""

from __future__ import annotations

import subprocess
import sys

LIGHT = "ktss_analysis.pipeline.graph", "ktss_analysis.opendata.descriptor", "ktss_analysis.selfassessment.strings"


def loaded(modules: tuple[str, ...]) -> str:
    code = f"import sys, {', '.join(modules)}; print('pandas' in sys.modules)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_way_of_an_unchanged_run_loads_no_pandas():
    assert loaded(LIGHT) == "False"


def test_the_control_does():
    assert loaded(("ktss_analysis.selfassessment.build",)) == "True"
