"""A study small enough to read, for tests that print result rows made by hand."""

from __future__ import annotations

from pathlib import Path

from ktss_analysis.study import Study, load_study

RULES = Path(__file__).resolve().parents[2] / "params" / "rules.yaml"
HEAD = """
id: small
version: 0.1.0
status: pilot
languages: [en]
scale: {min: 1, max: 5}
"""


def small_study(folder: Path, framework: str, more: str = "") -> Study:
    """Write a study into a folder and return it: the rules as shipped, `framework` after `HEAD`, `more` keys."""
    (folder / "framework.yaml").write_text(HEAD + framework, encoding="utf-8")
    (folder / "rules.yaml").write_text(RULES.read_text(encoding="utf-8"), encoding="utf-8")
    text = "id: small\ntitle: A study\nframework: framework.yaml\nrules: rules.yaml\n"
    (folder / "study.yaml").write_text(text + more, encoding="utf-8")
    return load_study(folder / "study.yaml")
