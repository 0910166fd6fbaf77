"""Feedback: each kind of broken link stops the run, each loose end is listed, a change of meaning voids old figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ktss_analysis.core import AuditError, StudyError
from ktss_analysis.disclosure import mask
from ktss_analysis.evidence import decision_rows, void_outdated
from ktss_analysis.overrides import Override
from ktss_analysis.results import combine, count_row, rows_from
from ktss_analysis.rules import load_rules
from ktss_analysis.streams import participants, triage
from ktss_analysis.streams.common import Setting
from ktss_analysis.streams.triage_links import loose_ends, orphans
from ktss_analysis.study import load_study
from ktss_analysis.trail import trail, unknown_evidence

FRAMEWORK = """
id: f
version: 1.0.0
status: pilot
languages: [en]
scale: {min: 1, max: 5}
skills: [{id: A, name: {en: Skill A}}, {id: B, name: {en: Skill B}}]
items: [{id: A-1, skill: A, version: VERSION, text: {en: I do.}}, {id: A-2, skill: A, text: {en: I try.}}]
"""
STUDY = """
id: s
title: S
synthetic: true
framework: framework.yaml
rules: rules.yaml
privacy: {pseudonym_key: a public key of the tests}
sources:
  - {name: log, activity: triage, files: [a.csv], blocks: [
      {table: comments, fields: {text: {column: t}}}]}
  - {name: guide, activity: guide_review, files: [b.csv], blocks: [
      {table: ratings, columns: "{target}", target_type: skill, aspect: relevance, scale: [1, 4]}]}
"""


def setting_with(folder: Path, repo: Path, *, version: str = "1.0.0", more: str = "") -> Setting:
    (folder / "framework.yaml").write_text(FRAMEWORK.replace("VERSION", version), encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY + more, encoding="utf-8")
    (folder / "rules.yaml").write_text((repo / "params" / "rules.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    study = load_study(folder / "study.yaml")
    return Setting(study, load_rules(study.rules_path))


@pytest.fixture
def setting(tmp_path: Path, repo: Path) -> Setting:
    return setting_with(tmp_path, repo)


def frame(columns: str, *rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns.split(), dtype=object)


def chain() -> dict[str, pd.DataFrame]:
    """Return a sound chain: two comments, a suggestion and one merged into it, a rejected one, one major change."""
    return {
        "comments": frame(
            "comment_id person_id stream target_type target_id version text review date source",
            ("K1", "P1", "tool_review", "item", "A-1", "1.0.0", "unclear", "pending", "2026-02-10", "log"),
            ("K2", "P2", "tool_review", "item", "A-1", "1.0.0", "what?", "pending", "2026-02-12", "log"),
            ("K3", "P2", "guide_review", "skill", "B", "1.0.0", "drop it", "pending", "2026-02-20", "log"),
        ),
        "suggestions": frame(
            "suggestion_id comment_ids kind severity merged_into text review",
            ("S1", "K1", "wording", 2, "", "A-1: one thing at a time.", "released"),
            ("S2", "K2", "wording", 1, "S1", "A-1: clearer.", "released"),
            ("S3", "K3", "remove", 3, "", "Drop B, says Eva.", "pending"),
        ),
        "decisions": frame(
            "decision_id suggestion_ids outcome reason decided_by date evidence "
            "target_id verdict rule_verdict merged_into",
            ("D1", "S1|S2", "accept", "Two ideas in one.", "tool team", "2026-03-10", "", "", "", "", ""),
            ("D2", "S3", "reject", "The rule decides.", "lead", "2026-03-02", "x.y.z", "", "", "", ""),
        ),
        "changes": frame(
            "change_id decision_id item_id from_version to_version before after",
            ("C1", "D1", "A-1", "1.0.0", "2.0.0", "I do and try.", "I do."),
        ),
        "item_versions": frame(
            "item_id version label skill_id language date",
            ("A-1", "1.0.0", "retired", "A", "en", "2025-10-01"),
            ("A-1", "2.0.0", "active", "A", "en", "2026-03-11"),
            ("B", "1.0.0", "active", "B", "en", "2025-10-01"),
        ),
        "ratings": frame("target_type target_id answered_on", ("item", "A-1", "2026-02-09")),
        "responses": frame("item_id answered_on", ("A-1", "2026-02-09")),
    }


def put(tables: dict[str, pd.DataFrame], table: str, row: int, **cells: str) -> None:
    for column, value in cells.items():
        tables[table].loc[row, column] = value


def add(tables: dict[str, pd.DataFrame], table: str, **cells: object) -> None:
    line = dict.fromkeys(tables[table].columns, "") | cells
    tables[table] = pd.concat([tables[table], pd.DataFrame([line], dtype=object)], ignore_index=True)


def test_a_sound_chain_has_no_orphan_and_no_loose_end() -> None:
    tables = chain()
    assert orphans(tables).empty
    assert loose_ends(tables, tables["comments"]).empty


BROKEN: dict[str, tuple[Any, str]] = {
    "comment that is not there": (lambda t: put(t, "suggestions", 0, comment_ids="K9"), "comment K9 does not exist"),
    "suggestion without comment": (lambda t: put(t, "suggestions", 0, comment_ids=""), "names no comment"),
    "merged into nothing": (lambda t: put(t, "suggestions", 1, merged_into="S9"), "S9, which does not exist"),
    "merged in a circle": (lambda t: put(t, "suggestions", 0, merged_into="S2"), "which leads back to it"),
    "merged into itself": (lambda t: put(t, "suggestions", 1, merged_into="S2"), "which leads back to it"),
    "suggestion without decision": (lambda t: put(t, "decisions", 1, suggestion_ids="S1"), "has no decision"),
    "suggestion with two": (lambda t: put(t, "decisions", 1, suggestion_ids="S1|S3"), "has 2 decisions"),
    "decision on nothing": (lambda t: put(t, "decisions", 1, suggestion_ids=""), "names no suggestion"),
    "decision on a stranger": (
        lambda t: put(t, "decisions", 1, suggestion_ids="S3|S9"),
        "suggestion S9 does not exist",
    ),
    "rejected without reason": (lambda t: put(t, "decisions", 1, reason=""), "rejects without a reason"),
    "accepted without change": (lambda t: put(t, "decisions", 1, outcome="accept"), "'accept' without a change"),
    "in part without change": (lambda t: put(t, "decisions", 1, outcome="accept in part"), "in part' without a change"),
    "rejected and changed": (lambda t: put(t, "decisions", 0, outcome="reject"), "'reject', and yet a change"),
    "deferred and changed": (lambda t: put(t, "decisions", 0, outcome="defer"), "'defer', and yet a change"),
    "change without decision": (lambda t: put(t, "changes", 0, decision_id="D9"), "decision D9 does not exist"),
    "change that changes nothing": (lambda t: put(t, "changes", 0, to_version="1.0.0"), "are the same"),
    "change to no version": (lambda t: put(t, "changes", 0, to_version="3.0.0"), "version 3.0.0 of A-1 is not in"),
    "change from no version": (lambda t: put(t, "changes", 0, from_version="0.9.0"), "version 0.9.0 of A-1 is not in"),
    "version without change": (lambda t: add(t, "item_versions", item_id="B", version="1.1.0"), "no change led to"),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_each_kind_of_orphan_stops_the_run(name: str, setting: Setting) -> None:
    tables = chain()
    spoil, words = BROKEN[name]
    spoil(tables)
    assert orphans(tables)["reason"].str.contains(words, regex=False).any()
    focus_groups = setting.study.model_copy(update={"sources": [*setting.study.sources, _focus_groups(setting)]})
    with pytest.raises(AuditError, match="broken links"):
        triage.traceability(tables, Setting(focus_groups, setting.rules))


def _focus_groups(setting: Setting) -> Any:
    """Return a source of focus groups, without which a quoted comment may be missing."""
    return setting.study.sources[0].model_copy(update={"name": "groups", "activity": "focus_groups"})


LOOSE: dict[str, Any] = {
    "comment_unused": lambda t: add(t, "comments", comment_id="K4", target_id="B", version="1.0.0", source="log"),
    "comment_too_early": lambda t: put(t, "comments", 0, date="2025-09-30"),
    "version_unknown": lambda t: put(t, "comments", 0, version="1.5.0"),
    "decision_too_early": lambda t: put(t, "decisions", 0, date="2026-02-11"),
    "version_falls": lambda t: put(t, "changes", 0, from_version="2.0.0", to_version="1.0.0"),
}


@pytest.mark.parametrize("kind", list(LOOSE))
def test_each_kind_of_loose_end_is_listed(kind: str) -> None:
    tables = chain()
    LOOSE[kind](tables)
    assert list(loose_ends(tables, tables["comments"])["kind"]) == [kind]


def test_an_unused_comment_is_counted_and_the_run_goes_on(setting: Setting) -> None:
    tables = chain()
    LOOSE["comment_unused"](tables)
    rows = triage.traceability(tables, setting).set_index("result_id")
    assert (rows.loc["triage.n_traced.all", "estimate"], rows.loc["triage.n_traced.all", "n_used"]) == (3, 4)
    assert rows.loc["triage.finding.comment_unused.K4", "reason"] == "no suggestion names it"


def test_the_register_says_what_was_done_about_each_suggestion(setting: Setting) -> None:
    rows = triage.traceability(chain(), setting).set_index("result_id")
    done = rows.loc["triage.register.accept.D1.wording"]
    assert done["label"] == "A-1: one thing at a time.", "a merged suggestion is told by the one it was merged into"
    assert (done["reason"], done["method"], done["source_rows"]) == ("Two ideas in one.", "2026-03-10|tool team", "C1")
    assert rows.loc["triage.register.reject.D2.remove", "label"] == "remove", "nobody released the text"
    assert not rows.astype(str).apply(lambda column: column.str.contains("Eva")).any(axis=None)
    assert rows.loc["triage.change.major.A-1.C1", "source_rows"] == "decisions[D1]"
    assert rows.loc["triage.median_days_open.all", "estimate"] == (28 + 10) / 2
    assert rows.loc["triage.n_findings.all", "estimate"] == 0


def test_a_row_that_sets_a_verdict_needs_no_suggestion() -> None:
    tables = chain()
    add(tables, "decisions", decision_id="D3", target_id="B", verdict="drop", rule_verdict="revise")
    assert orphans(tables).empty


def test_decisions_that_cite_nothing_are_found() -> None:
    rows = unknown_evidence(chain()["decisions"], combine([count_row(1, stream="a", statistic="b")]))
    assert list(rows["result_id"]) == ["triage.finding.evidence_unknown.D2.x_y_z"]


# ------------------------------------------------------------------------------ changes of meaning


@pytest.mark.parametrize(
    ("version", "answered", "aspects"),
    [
        ("1.0.0", "2026-02-09", ["candidate"]),
        ("2.0.0", "2026-02-09", ["void"]),
        ("2.0.0", "", ["void"]),
        ("2.0.0", "2026-03-11", []),
        ("2.1.0", "2026-04-01", []),
    ],
)
def test_a_change_of_meaning_voids_answers_to_the_earlier_wording(
    tmp_path: Path, repo: Path, version: str, answered: str, aspects: list[str]
) -> None:
    tables = chain()
    for name in ("ratings", "responses"):
        tables[name]["answered_on"] = answered
    assert list(triage.retests(tables, setting_with(tmp_path, repo, version=version))["aspect"]) == aspects


def test_a_minor_change_voids_nothing(tmp_path: Path, repo: Path) -> None:
    tables = chain()
    put(tables, "changes", 0, to_version="1.1.0")
    assert triage.retests(tables, setting_with(tmp_path, repo, version="1.1.0")).empty


def test_void_figures_are_gone_and_the_grade_of_the_items_with_them(tmp_path: Path, repo: Path) -> None:
    setting = setting_with(tmp_path, repo, version="2.0.0")
    shares = pd.DataFrame({"target_id": ["A-1", "A-2"], "estimate": 0.95, "ci_low": 0.8, "ci_high": 0.99, "n_used": 30})
    pair = pd.DataFrame({"target_id": ["A-1~A-2", "A-2~A-3"], "estimate": [0.5, 0.4], "n_used": 30})
    rows = combine(
        [
            rows_from(shares, stream="tool_review", statistic="item_cvi", target_type="item", aspect="relevance"),
            rows_from(pair, stream="self_assessment", statistic="inter_item_correlation", target_type="item_pair"),
            triage.retests(chain(), setting),
        ]
    )
    left = void_outdated(rows).set_index("result_id")
    gone = left.loc[["tool_review.item_cvi.relevance.A-1", "self_assessment.inter_item_correlation.A-1~A-2"]]
    assert (gone["status"] == "undefined").all()
    assert gone[["estimate", "ci_low", "ci_high"]].isna().all(axis=None)
    assert gone["reason"].iloc[0] == "not tested again since version 2.0.0 of A-1"
    kept = left.loc[["tool_review.item_cvi.relevance.A-2", "self_assessment.inter_item_correlation.A-2~A-3"]]
    assert (kept["status"] == "ok").all()
    decided = decision_rows(void_outdated(rows), setting.framework, setting.rules).set_index("result_id")
    assert decided.loc["decisions.item_verdict.A-1", "label"] == "not_decided"
    assert decided.loc["decisions.item_verdict.A-2", "label"] == "keep"


# ------------------------------------------------------------------------------ first list to end


def test_every_skill_has_one_end_and_the_flow_adds_up(setting: Setting) -> None:
    shares = pd.DataFrame(
        {"target_id": ["A", "B"], "estimate": [0.95, 0.2], "ci_low": [0.8, 0.1], "ci_high": [0.99, 0.4], "n_used": 30}
    )
    rows = rows_from(shares, stream="guide_review", statistic="item_cvi", target_type="skill", aspect="relevance")
    merger = Override("D9", "skill", "B", "drop", "not_decided", "A", "board", "2026-04-01", "A covers it.", "log:2")
    decided = decision_rows(combine([rows]), setting.framework, setting.rules, {"B": merger})
    found = trail(combine([rows, decided]), setting.framework).set_index("result_id")
    assert found.loc["decisions.trail.A", "label"] == "open"
    assert found.loc["decisions.trail.A", "reason"].split("|")[0] == "consensus=not_collected"
    end = found.loc["decisions.trail.B"]
    assert (end["label"], end["method"], end["reason"]) == ("merged", "A", "A covers it.")
    flow = found[found["statistic"] == "trail_flow"]
    assert flow.groupby("target_id")["estimate"].sum().tolist() == [2] * 4
    assert found.loc["decisions.trail_flow.not_decided.rule~end.merged", "estimate"] == 1


# ------------------------------------------------------------------------------ planned and achieved


PLANNED = """
plan: {guide_review: 20}
planned:
  - {activity: guide_review, people: 20, reason: Two withdrew.}
  - {activity: guide_review, country: IT, people: 10}
  - {activity: guide_review, country: PL, people: 6, reason: Late start.}
  - {activity: guide_review, country: FI, people: 4}
"""


def guide(counts: dict[str, int]) -> dict[str, pd.DataFrame]:
    named = [(f"{country}{number}", country) for country, n in counts.items() for number in range(n)]
    people = frame("person_id country role language streams", *((p, c, "r", "en", "guide_review") for p, c in named))
    return {
        "people": people.assign(invited=True, consented=True, kt_years=1.0),
        "ratings": frame("source person_id value", *(("guide", person, 4.0) for person, _ in named)),
    }


def test_planned_and_achieved_people_stand_side_by_side_with_the_reason(tmp_path: Path, repo: Path) -> None:
    setting = setting_with(tmp_path, repo, more=PLANNED)
    rows = participants.flow(guide({"IT": 9, "PL": 5, "FI": 6}), setting).set_index("result_id")
    for group, planned, used in (("all", 20, 20), ("country-it", 10, 9), ("country-pl", 6, 5), ("country-fi", 4, 6)):
        assert rows.loc[f"participants.n_planned_group.guide_review.{group}", "estimate"] == planned
        assert rows.loc[f"participants.n_used_group.guide_review.{group}", "estimate"] == used
    assert rows.loc["participants.planned_reason.guide_review.country-pl", "label"] == "Late start."


def test_a_small_group_and_what_would_give_it_away_are_hidden(tmp_path: Path, repo: Path) -> None:
    setting = setting_with(tmp_path, repo, more=PLANNED)
    rows = participants.flow(guide({"IT": 9, "PL": 3, "FI": 6}), setting)
    public = mask(rows, 5).set_index("result_id")
    states = {name: public.loc[f"participants.n_used_group.guide_review.country-{name}", "status"]
              for name in ("it", "pl", "fi")}  # fmt: skip
    assert states == {"it": "ok", "pl": "masked", "fi": "masked"}, "the total of 18 would give PL away"
    assert public.loc["participants.n_planned_group.guide_review.country-pl", "estimate"] == 6, "a plan names nobody"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("  - {activity: guide_review, country: IT, people: 3}\n", "guide_review country IT stands there twice"),
        ("  - {activity: workshop, country: IT, role: TTO, people: 3}\n", "one of country, role and language"),
        ("  - {activity: party, people: 3}\n", "activity"),
    ],
)
def test_a_plan_that_says_two_things_is_refused(tmp_path: Path, repo: Path, line: str, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        setting_with(tmp_path, repo, more=PLANNED + line)
    with pytest.raises(StudyError, match="but 'plan' says 21"):
        setting_with(tmp_path, repo, more=PLANNED.replace("plan: {guide_review: 20}", "plan: {guide_review: 21}"))
