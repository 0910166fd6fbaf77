"""Result files of the self-assessment come back as answers: the right version counts, all others are set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tool_sample import framework

from ktss_analysis.framework import instrument_hash
from ktss_analysis.intake import check_study, clean_sources
from ktss_analysis.rules import load_rules
from ktss_analysis.selfassessment.bandtest import EXAMPLE, RIGHT, bandtest_page
from ktss_analysis.streams.bandtest import band_understanding
from ktss_analysis.streams.common import Setting
from ktss_analysis.study import load_study

ITEMS = [item.id for item in framework().items]


@pytest.fixture
def study(tmp_path, repo, monkeypatch):
    monkeypatch.setenv("KTSS_PSEUDONYM_KEY", "a key for this test only")
    (tmp_path / "framework.yaml").write_text(yaml.safe_dump(framework().model_dump(mode="json")))
    (tmp_path / "results").mkdir()
    content = {
        "id": "back", "title": "Back", "framework": "framework.yaml", "rules": str(repo / "params" / "rules.yaml"),
        "data_dir": "results", "languages": ["en"],
        "sources": [
            {"name": "tool", "activity": "self_assessment", "files": ["*.json"], "format": "self_assessment",
             "missing": "file",
             "person": {"column": "person_code"}, "language": {"column": "instrument_language"},
             "answered_on": {"column": "created"}, "seconds": {"column": "seconds"},
             "blocks": [{"table": "responses", "columns": "{target}", "scale": "framework"}]}
        ],
    }  # fmt: skip
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    return tmp_path


def write(folder: Path, name: str, *, language: str = "en", **changes: object) -> None:
    content: dict[str, object] = {
        "kind": "ktss-self-assessment", "format_version": 1, "created": "2026-03-04", "occasion": 1, "seconds": 200,
        "respondent": "self", "person_code": f"{name}-0123456789",
        "instrument": {"id": "sample", "version": "1.2.0", "language": language,
                       "hash": instrument_hash(framework(), language)},
        "answers": dict.fromkeys(ITEMS, 3) | {"S01-1": "not_applicable", "S01-2": None},
    }  # fmt: skip
    content["instrument"] = {**content["instrument"], **changes.pop("instrument", {})}  # type: ignore[dict-item]
    (folder / "results" / f"{name}.json").write_text(json.dumps({**content, **changes}))


def test_results_become_answers_in_their_language(study):
    write(study, "a")
    write(study, "b", language="pl")
    tables = clean_sources(load_study(study / "study.yaml")).tables
    answers = tables["responses"]
    assert answers.groupby("language")["person_id"].nunique().to_dict() == {"en": 1, "pl": 1}
    assert len(answers) == 2 * len(ITEMS)
    assert answers["value"].notna().sum() == 2 * (len(ITEMS) - 2)
    assert set(answers["seconds"]) == {200.0}
    assert not check_study(load_study(study / "study.yaml"))["level"].eq("error").any()


@pytest.mark.parametrize(
    ("changes", "rule", "reason"),
    [
        ({"instrument": {"id": "other"}}, "row.instrument", "another self-assessment, 'other'; allowed: 'sample'"),
        ({"instrument": {"version": "1.1.0"}}, "row.instrument", "version 1.1.0 of the statements"),
        ({"instrument": {"hash": "sha256:" + "0" * 64}}, "row.instrument", "are not the framework's"),
        ({"instrument": {"language": "de"}}, "row.instrument", "answers in 'de'"),
        ({"respondent": "colleague"}, "row.colleague", "about a colleague"),
    ],
)
def test_other_questions_and_other_people_are_set_aside(study, changes, rule, reason):
    write(study, "a")
    write(study, "b", **changes)
    clean = clean_sources(load_study(study / "study.yaml"))
    assert clean.tables["responses"]["person_id"].nunique() == 1
    [row] = clean.quarantine.to_dict("records")
    assert (row["file"], row["rule"]) == ("b.json", rule)
    assert reason in row["reason"]
    assert clean.accounts[["n_read", "n_used", "n_set_aside"]].sum().tolist() == [2, 1, 1]


# --- the three questions about a band


def test_understanding_of_bands_is_counted_from_the_answers_of_the_focus_groups(study, repo):
    (study / "results" / "bandtest.csv").write_text(
        "code;q1;q2;q3\n" + "".join(f"p{n};{'b' if n < 8 else 'a'};{'c' if n < 6 else 'd'};a\n" for n in range(10))
    )
    content = yaml.safe_load((study / "study.yaml").read_text())
    letters = dict.fromkeys("abcd", 0)
    content["sources"] = [
        {"name": "bandtest", "activity": "focus_groups", "files": ["bandtest.csv"], "person": {"column": "code"},
         "blocks": [
             {"table": "ratings", "columns": {question: question}, "target_type": "question", "aspect": "bandtest",
              "labels": {**letters, right: 1}, "scale": [0, 1]}
             for question, right in RIGHT.items()
         ]}
    ]  # fmt: skip
    (study / "study.yaml").write_text(yaml.safe_dump(content))
    loaded = load_study(study / "study.yaml")
    rows = band_understanding(clean_sources(loaded).tables, Setting(loaded, load_rules(loaded.rules_path)))
    found = rows.set_index("target_id")
    assert found["estimate"].to_dict() == pytest.approx({"q1": 0.8, "q2": 0.6, "q3": 1.0, "all": 0.6})
    assert found.loc["all", "ci_low"] == pytest.approx(0.3126738, abs=1e-6)
    assert found.loc["all", "n_used"] == 10
    content["sources"][0]["blocks"][0]["aspect"] = "other"
    (study / "study.yaml").write_text(yaml.safe_dump({**content, "sources": content["sources"][:1]}))
    loaded = load_study(study / "study.yaml")
    other = band_understanding(clean_sources(loaded).tables, Setting(loaded, load_rules(loaded.rules_path)))
    assert set(other["target_id"]) == {"q2", "q3", "all"}


@pytest.mark.parametrize("language", ["en", "it", "pl", "fi", "nl"])
def test_the_sheet_has_three_questions_with_one_right_answer_each_and_no_script(language):
    page = bandtest_page(framework(), language)
    assert page.count("<fieldset>") == 3
    assert page.count('type="radio"') == 12
    assert "<script" not in page
    for question, letter in RIGHT.items():
        assert f'name="{question}" value="{letter}"' in page
    low, high = EXAMPLE["a"], EXAMPLE["b"]
    assert low[2] > high[1], "the bands overlap, so 'too close to call' is right"
