"""Results with and without flagged people: published side by side, nobody removed, and nobody given away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from ktss_analysis.disclosure import mask
from ktss_analysis.intake import clean_sources
from ktss_analysis.results import combine
from ktss_analysis.rules import load_rules
from ktss_analysis.streams.careless import flagged_people, with_and_without
from ktss_analysis.streams.common import Setting
from ktss_analysis.study import load_study

REPO = Path(__file__).resolve().parent.parent.parent
SKILLS, N_ITEMS = ("S1", "S2", "S3"), 4
ITEMS = [f"{skill}-{number}" for skill in SKILLS for number in range(1, N_ITEMS + 1)]


def study_with(folder: Path, n_careless: int, n_careful: int = 40) -> Setting:
    """Write answers of careful people, and of people who give one answer to all twelve statements in ten seconds."""
    generator = np.random.default_rng(3)
    lines = ["who,seconds," + ",".join(ITEMS)]
    for person in range(n_careful):
        skills = generator.normal(size=len(SKILLS))
        cells = [
            str(int(np.clip(np.round(3 + skills[place // N_ITEMS] + generator.normal(scale=0.7)), 1, 5)))
            for place in range(len(ITEMS))
        ]
        lines.append(f"p{person},{300 + person}," + ",".join(cells))
    lines += [f"c{person},10," + ",".join([str(person % 5 + 1)] * len(ITEMS)) for person in range(n_careless)]
    (folder / "raw.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    framework = {
        "id": "f", "version": "1.0.0", "status": "pilot", "languages": ["en"], "scale": {"min": 1, "max": 5},
        "skills": [{"id": skill, "name": {"en": skill}} for skill in SKILLS],
        "items": [{"id": item, "skill": item[:2], "text": {"en": f"I do {item}."}} for item in ITEMS],
    }  # fmt: skip
    (folder / "framework.yaml").write_text(yaml.safe_dump(framework), encoding="utf-8")
    source = {
        "name": "raw", "activity": "self_assessment", "files": ["raw.csv"], "person": {"column": "who"},
        "seconds": {"column": "seconds"},
        "blocks": [{"table": "responses", "columns": "{target}", "scale": "framework"}],
    }  # fmt: skip
    study = {
        "id": "s", "title": "S", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
        "privacy": {"pseudonym_key": "a public key of the tests"}, "sources": [source],
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    return Setting(load_study(folder / "study.yaml"), load_rules(REPO / "params" / "rules.yaml"))


@pytest.fixture(scope="module")
def six(tmp_path_factory) -> tuple[Setting, pd.DataFrame, pd.DataFrame]:
    setting = study_with(tmp_path_factory.mktemp("six"), 6)
    clean = clean_sources(setting.study)
    rows = with_and_without(clean.tables, setting, clean.change_log)
    return setting, clean.tables["responses"], rows


def alpha(items: np.ndarray) -> float:
    k = items.shape[1]
    return k / (k - 1) * (1 - items.var(axis=0, ddof=1).sum() / items.sum(axis=1).var(ddof=1))


def test_flagged_people_are_those_with_two_signs_and_stay_in_the_tables(six):
    setting, responses, _ = six
    clean = clean_sources(setting.study)
    people = flagged_people(clean.tables, clean.change_log)
    rows = set(responses.loc[responses["person_id"].isin(people), "source_row"])
    assert rows == {f"raw.csv:{row}" for row in range(42, 48)}
    assert responses["person_id"].nunique() == 46


def test_alpha_and_mean_side_by_side_are_those_of_the_plain_definitions(six):
    _, responses, rows = six
    wide = responses.pivot(index="source_row", columns="item_id", values="value").astype(float)
    careful = wide[[int(row.split(":")[1]) < 42 for row in wide.index]]
    rows = rows.set_index("result_id")
    for skill in SKILLS:
        own = [item for item in ITEMS if item.startswith(skill)]
        for name, compute in (("cronbach_alpha", alpha), ("score_mean", lambda items: items.mean())):
            found = [rows.loc[f"self_assessment.{name}_by_flag.{skill}.{group}"]
                     for group in ("everybody", "without_flagged", "difference")]  # fmt: skip
            meant = compute(wide[own].to_numpy()), compute(careful[own].to_numpy())
            assert [found[0].estimate, found[1].estimate] == pytest.approx(meant, abs=1e-12)
            assert found[2].estimate == pytest.approx(meant[1] - meant[0], abs=1e-12)
            assert [row.n_used for row in found] == [46, 40, 40]
    assert rows.loc["self_assessment.flagged_people.all", ["estimate", "n_used"]].tolist() == [6, 46]


def test_nobody_flagged_leaves_a_count_alone(tmp_path):
    setting = study_with(tmp_path, 0)
    clean = clean_sources(setting.study)
    rows = with_and_without(clean.tables, setting, clean.change_log)
    assert rows[["statistic", "estimate", "n_used"]].to_numpy().tolist() == [["flagged_people", 0.0, 40]]


def test_few_flagged_people_are_not_given_away(tmp_path, six):
    setting = study_with(tmp_path, 4)
    clean = clean_sources(setting.study)
    rows = combine([with_and_without(clean.tables, setting, clean.change_log)])
    public = mask(rows, 5).set_index("result_id")
    groups = public.groupby("group")["status"].unique().map(list).to_dict()
    assert groups == {"": ["ok"], "everybody": ["ok"], "without_flagged": ["masked"], "difference": ["masked"]}
    hidden = public[public["status"] == "masked"]
    assert hidden[["estimate", "ci_low", "ci_high", "n_used"]].isna().all(axis=None)
    assert hidden["reason"].str.contains("the difference would give them away").all()
    enough = mask(combine([six[2]]), 5)
    assert set(enough["status"]) == {"ok"}, "six people left out are enough"
    assert set(mask(rows, 4)["status"]) == {"ok"}, "the control: four are enough where four may be shown"
