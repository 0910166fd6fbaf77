"""Result files of the self-assessment come back as answers: the right version counts, all others are set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tool_sample import framework

from ktss_analysis.framework import instrument_hash
from ktss_analysis.intake import check_study, clean_sources
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
