"""Verdicts without some people and in resamples: what is computed from weights equals what the streams publish."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from ktss_analysis.disclosure import mask
from ktss_analysis.evidence import decide
from ktss_analysis.intake import clean_sources
from ktss_analysis.results import combine
from ktss_analysis.robustness.overlap import overlapping, without_overlap
from ktss_analysis.robustness.panels import LETTERS
from ktss_analysis.robustness.sample import OUTCOMES, sample_of, verdict_table, verdicts_of
from ktss_analysis.robustness.survival import survival
from ktss_analysis.rules import STREAMS, Rules, apply_gates, by_id, load_rules
from ktss_analysis.streams import expert_review, focus_groups, workshop
from ktss_analysis.streams.common import Setting, Tables
from ktss_analysis.study import load_study

GRADED = ("keep", "keep_discordant", "provisional", "revise", "drop", "not_decided")


@pytest.fixture(scope="module")
def setting(repo: Path) -> Setting:
    study = load_study(repo / "params" / "demo" / "study.yaml")
    fewer = {"outputs": study.outputs.model_copy(update={"boot": 200})}
    return Setting(study.model_copy(update=fewer), load_rules(study.rules_path))


@pytest.fixture(scope="module")
def tables(setting: Setting) -> Tables:
    needed = ("register", "guide_review", "tool_review", "workshop", "focus_groups")
    return clean_sources(setting.study, needed).tables


def by_streams(tables: Tables, setting: Setting) -> dict[str, tuple[dict[str, tuple[str, int]], str]]:
    """Return grades with their n, and the verdict, per skill, through the result rows of the streams."""
    rows = apply_gates(
        combine(
            [
                expert_review.content_validity(tables, setting, activity="guide_review", target_type="skill"),
                expert_review.content_validity(tables, setting, activity="tool_review", target_type="item"),
                workshop.consensus(tables, setting),
                focus_groups.salience(tables, setting),
                focus_groups.coder_agreement(tables, setting),
            ]
        ),
        setting.rules,
    )
    decided = decide(by_id(rows), setting.framework, setting.rules)
    return {
        skill: ({stream: (graded.grade, graded.n) for stream, graded in grades.items()}, outcome)
        for skill, (grades, outcome, _) in decided.items()
    }


def by_weights(tables: Tables, setting: Setting, weights: dict[str, np.ndarray] | None = None) -> dict[str, object]:
    sample = sample_of(tables, setting)
    grades = sample.grades(weights or sample.once())
    verdicts = verdicts_of(grades, setting.rules)[0]
    return {
        skill: (
            {stream: (LETTERS[found.letters[0, place]], int(found.n[0, place])) for stream, found in grades.items()},
            OUTCOMES[verdicts[place]],
        )
        for place, skill in enumerate(sample.skills)
    }


def test_everybody_once_gives_what_the_streams_publish(tables: Tables, setting: Setting) -> None:
    assert by_weights(tables, setting) == by_streams(tables, setting)


def drawn(table: pd.DataFrame, column: str, times: dict[str, int]) -> pd.DataFrame:
    """Return a table in which each person (or group) stands as often as it was drawn, under a name of its own."""
    parts = [
        table[table[column] == name].assign(**{part: table[part] + f"#{number}" for part in {column, "person_id"}})
        for name, count in times.items()
        for number in range(count)
    ]
    return pd.concat(parts, ignore_index=True)


def test_a_resample_gives_what_the_streams_say_of_these_people(tables: Tables, setting: Setting) -> None:
    sample = sample_of(tables, setting)
    rng = np.random.default_rng(11)
    weights = {name: rng.multinomial(sample.size(name), np.full(sample.size(name), 1 / sample.size(name)), size=1)
               for name in STREAMS}  # fmt: skip
    groups = sorted(tables["codings"]["group_id"].unique())
    codings = drawn(tables["codings"], "group_id", dict(zip(groups, weights["salience"][0].tolist(), strict=True)))
    ratings = []
    for stream, activity, wanted in (
        ("relevance", "guide_review", {"target_type": "skill", "aspect": "relevance"}),
        ("items", "tool_review", {"target_type": "item", "aspect": "relevance"}),
        ("consensus", "workshop", {"aspect": "importance", "round": 2}),
    ):  # fmt: skip
        mine = tables["ratings"][tables["ratings"]["source"].isin(setting.sources(activity))]
        for column, value in wanted.items():
            mine = mine[mine[column] == value]
        targets = setting.framework.target_ids("item" if stream == "items" else "skill")
        order = people_in_order(mine, targets)
        ratings.append(drawn(mine, "person_id", dict(zip(order, weights[stream][0].tolist(), strict=True))))
    resampled = {**tables, "ratings": pd.concat(ratings, ignore_index=True), "codings": codings}
    assert by_weights(tables, setting, weights) == by_streams(resampled, setting)


def people_in_order(rated: pd.DataFrame, targets: list[str]) -> list[str]:
    """Return people in the order of the rows of a panel: by their answers."""
    from ktss_analysis.streams.common import wide

    return list(wide(rated, targets).index)


def test_without_overlapping_people_the_verdicts_are_those_of_the_others(tables: Tables, setting: Setting) -> None:
    people = overlapping(tables, setting)
    assert len(people) == 8, "the demonstration plants eight people of the workshop in focus groups"
    others = {name: table[~table["person_id"].isin(people)] if name in ("ratings", "codings") else table
              for name, table in tables.items()}  # fmt: skip
    found = without_overlap(tables, setting).set_index("result_id")
    expected = {skill: outcome for skill, (_, outcome) in by_streams(others, setting).items()}
    for skill, outcome in expected.items():
        assert found.loc[f"decisions.verdict_without_overlap.{skill}", "label"] == outcome
    now = {skill: outcome for skill, (_, outcome) in by_streams(tables, setting).items()}
    row = found.loc["decisions.n_verdicts_changed.left_out.overlap"]
    assert row["label"].split("|") == [skill for skill in now if now[skill] != expected[skill]]
    assert row["estimate"] == len(row["label"].split("|"))
    assert found.loc["decisions.verdict_without_overlap.S01", "reason"] == "consensus small"


def test_verdicts_without_few_people_are_not_published(tables: Tables, setting: Setting) -> None:
    rows = without_overlap(tables, setting)
    shown, hidden = mask(rows, 5), mask(rows, 9)
    about = rows["statistic"].isin(["verdict_without_overlap", "n_verdicts_changed"])
    assert (shown.loc[about, "status"] == "ok").all()
    assert (hidden.loc[about, "status"] == "masked").all()
    assert hidden.loc[about, ["label", "estimate"]].isna().all(axis=None)


# ------------------------------------------------------------------------------ survival


ONE_SKILL = """
id: one
version: 1.0.0
status: pilot
languages: [en]
scale: {min: 1, max: 5}
skills: [{id: A, name: {en: Skill A}}, {id: B, name: {en: Skill B}}]
items: [{id: A-1, skill: A, text: {en: I do.}}, {id: A-2, skill: A, text: {en: I try.}},
        {id: A-3, skill: A, text: {en: I act.}}]
"""
ONE_STUDY = """
id: one
title: One
synthetic: true
framework: framework.yaml
rules: rules.yaml
privacy: {pseudonym_key: a public key of the tests}
sources:
  - {name: guide, activity: guide_review, files: [a.csv], blocks: [
      {table: ratings, columns: "{target}", target_type: skill, aspect: relevance, scale: [1, 4]}]}
  - {name: tool, activity: tool_review, files: [b.csv], blocks: [
      {table: ratings, columns: "{target}", target_type: item, aspect: relevance, scale: [1, 4]}]}
  - {name: panel, activity: workshop, files: [c.csv], blocks: [
      {table: ratings, columns: "{target}", target_type: skill, aspect: importance, scale: [1, 9]}]}
"""


@pytest.fixture(scope="module")
def small(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Setting:
    folder = tmp_path_factory.mktemp("one")
    (folder / "framework.yaml").write_text(ONE_SKILL, encoding="utf-8")
    (folder / "study.yaml").write_text(ONE_STUDY, encoding="utf-8")
    (folder / "rules.yaml").write_text((repo / "params" / "rules.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    study = load_study(folder / "study.yaml")
    return Setting(study, load_rules(study.rules_path))


def ratings(source: str, targets: list[str], values: list[float], kind: str, aspect: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"source": source, "round": 1, "person_id": f"{source}{person}", "target_type": kind, "target_id": target,
             "aspect": aspect, "value": value}
            for person, value in enumerate(values)
            for target in targets
        ]
    )  # fmt: skip


def study_tables(n: int, n_relevant: int, *, skills: tuple[str, ...] = ("A",)) -> Tables:
    """Return a study in which only relevance is in doubt: `n_relevant` of `n` reviewers, everything else unanimous."""
    return {
        "ratings": pd.concat(
            [
                ratings("guide", list(skills), [4.0] * n_relevant + [1.0] * (n - n_relevant), "skill", "relevance"),
                ratings("tool", ["A-1", "A-2", "A-3"], [4.0] * n, "item", "relevance"),
                ratings("panel", list(skills), [9.0] * n, "skill", "importance"),
            ],
            ignore_index=True,
        ),
        "codings": pd.DataFrame(columns=["group_id", "person_id", "turn", "code_id", "coder_id", "double_coded"]),
        "codebook": pd.DataFrame(columns=["code_id", "skill_id"]),
    }


def number(rows: pd.DataFrame, result_id: str) -> pd.Series:
    return rows.set_index("result_id").loc[result_id]


def test_survival_is_the_binomial_probability_where_only_one_share_is_in_doubt(small: Setting) -> None:
    """26 of 30 reviewers are needed; each draw calls the skill relevant with .9."""
    rows = survival(study_tables(30, 27), small)
    found = number(rows, "decisions.verdict_survival.A")
    error = number(rows, "decisions.verdict_survival_error.A")
    exact = binom.sf(25, 30, 0.9)
    assert found["estimate"] == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 2000))
    assert error["estimate"] == pytest.approx(np.sqrt(found["estimate"] * (1 - found["estimate"]) / 2000))
    assert found["n_used"] == 30
    assert number(rows, "decisions.n_resamples.all")["estimate"] == 2000
    shares = rows[rows["statistic"] == "verdict_share"].set_index("group")["estimate"]
    assert shares.sum() == pytest.approx(1)
    assert shares["keep"] == found["estimate"]


def test_a_unanimous_study_survives_always_and_the_seed_decides_the_rest(small: Setting) -> None:
    assert number(survival(study_tables(30, 30), small), "decisions.verdict_survival.A")["estimate"] == 1
    again = [survival(study_tables(30, 27), small) for _ in range(2)]
    pd.testing.assert_frame_equal(*again)
    other = replace(small, study=small.study.model_copy(update={"seed": 5}))
    assert not survival(study_tables(30, 27), other).equals(again[0])


def test_a_small_panel_has_no_survival(small: Setting) -> None:
    rules = small.rules.model_copy(
        update={"streams": {name: line.model_copy(update={"minimum": 1}) for name, line in small.rules.streams.items()}}
    )
    found = number(survival(study_tables(11, 11), replace(small, rules=rules)), "decisions.verdict_survival.A")
    assert found["status"] == "too_few"
    assert "n = 11" in found["reason"]
    enough = number(survival(study_tables(12, 12), replace(small, rules=rules)), "decisions.verdict_survival.A")
    assert enough["status"] == "ok"


def test_a_skill_without_verdict_has_none_to_survive(small: Setting) -> None:
    rows = survival(study_tables(30, 27), small)
    assert number(rows, "decisions.verdict_survival.B")["status"] == "undefined", "nobody was asked about it"
    assert not len(rows[(rows["statistic"] == "verdict_share") & (rows["target_id"] == "B")])


def test_the_table_of_verdicts_is_the_rule_table(small: Setting) -> None:
    rules: Rules = small.rules
    table = verdict_table(rules)
    assert OUTCOMES == GRADED
    place = {letter: LETTERS.index(letter) for letter in LETTERS}
    assert OUTCOMES[table[place["+"], place["+"], place["?"], place["+"], 0]] == "keep"
    assert OUTCOMES[table[place["+"], place["+"], place["?"], place["+"], 1]] == "provisional"
    assert OUTCOMES[table[place["-"], place["-"], place["+"], place["+"], 0]] == "drop"
