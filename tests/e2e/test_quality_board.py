"""The summary for the quality board: two pages, each number a published result, the what-if table the rule's own."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from ktss_analysis.evidence import decide
from ktss_analysis.item_evidence import decide_items
from ktss_analysis.pipeline.publish import render_document
from ktss_analysis.results import read_results
from ktss_analysis.rules import by_id, load_rules
from ktss_analysis.study import load_study

pytestmark = pytest.mark.slow
STEPS = {"minus_2": -2, "minus_1": -1, "plus_1": 1, "plus_2": 2}


@pytest.fixture(scope="module")
def stage(run: Path) -> Path:
    return run / "private" / "stages" / "13_quality_board"


def test_the_summary_of_the_demonstration_is_two_pages(stage: Path, tmp_path: Path) -> None:
    (tmp_path / "document.json").write_bytes((stage / "document.json").read_bytes())
    render_document(stage / "executed.ipynb", tmp_path, stem="board", formats=("pdf",))
    content = (tmp_path / "board.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page[^s]", content)) == 2


def test_every_number_of_the_summary_is_a_result_a_threshold_or_a_count_of_results(run: Path, stage: Path) -> None:
    claims = pd.read_csv(stage / "claims.csv", dtype=str, keep_default_na=False)
    published = set(read_results(run / "public" / "results.csv")["result_id"])
    families = {".".join(name.split(".")[:2]) for name in published}
    assert len(claims) > 300
    for row in claims.itertuples():
        known = row.result_id in published or row.result_id.startswith("rules.")
        assert known or ".".join(row.result_id.split(".")[:2]) in families, row.result_id


def test_every_skill_has_one_line_with_its_verdict(run: Path) -> None:
    study = load_study(run.parent / "study" / "study.yaml")
    folder = run / "public" / "tables" / "quality-board"
    tables = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in sorted(folder.glob("*.csv"))]
    skills = next(table for table in tables if "Rule" in table.columns)
    assert sorted(cell[:3] for cell in skills["Skill"]) == study.instrument.target_ids("skill")


def test_what_if_is_what_the_rule_says_under_the_other_threshold(run: Path) -> None:
    study = load_study(run.parent / "study" / "study.yaml")
    rules, rows = load_rules(study.rules_path), read_results(run / "private" / "results.csv")
    known = by_id(rows)

    def verdicts(value: float | None, name: str) -> dict[str, str]:
        changed = rules if value is None else rules.with_threshold(name, value)
        skills = {skill: outcome for skill, (_, outcome, _) in decide(known, study.instrument, changed).items()}
        return skills | {item: outcome for item, (outcome, _) in decide_items(known, study.instrument, changed).items()}

    found = rows[rows["statistic"] == "what_if"]
    assert found["estimate"].sum() > 20, "the table has something to say"
    for row in found[found["target_id"].isin(["relevance_supported", "agreement_share"])].itertuples():
        threshold = rules.thresholds[row.target_id]
        assert threshold.step is not None
        value = threshold.value + STEPS[row.aspect] * threshold.step
        assert known[f"decisions.what_if_value.{row.aspect}.{row.target_id}"]["estimate"] == pytest.approx(value)
        before, after = verdicts(None, row.target_id), verdicts(value, row.target_id)
        flipped = [f"{target}={after[target]}" for target in before if before[target] != after[target]]
        assert sorted(row.label.split("|")) == sorted(flipped or [""])
        assert row.estimate == len(flipped)
