"""Overrides: a verdict against the rule comes from the decision log alone, with who, when and why, or is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from ktss_analysis.core import InputError, StudyError
from ktss_analysis.display import emit
from ktss_analysis.display.book import Book
from ktss_analysis.display.cards import card
from ktss_analysis.display.decision_tables import overrides as overrides_table
from ktss_analysis.display.sentences import decisions as decisions_sentence
from ktss_analysis.display.sentences import headline
from ktss_analysis.display.tables import joint
from ktss_analysis.evidence import decision_rows
from ktss_analysis.intake import check_study, clean_sources
from ktss_analysis.item_evidence import item_flags
from ktss_analysis.overrides import headers_of, is_override, read_overrides
from ktss_analysis.results import combine, rows_from
from ktss_analysis.rules import Rules, load_rules
from ktss_analysis.study import Study, load_study

SKILLS = ("LIS", "NEG", "PLA")
ITEMS = [f"{skill}-{number}" for skill in SKILLS[:1] for number in (1, 2, 3, 4)]
FRAMEWORK = f"""
id: small
version: 1.0.0
status: pilot
languages: [en]
scale: {{min: 1, max: 5}}
skills: [{", ".join(f"{{id: {skill}, name: {{en: Skill {skill}}}}}" for skill in SKILLS)}]
items: [{", ".join(f"{{id: {item}, skill: {item[:3]}, text: {{en: I do {item}.}}}}" for item in ITEMS)}]
"""
STUDY = """
id: small
title: A small study
synthetic: true
framework: framework.yaml
rules: rules.yaml
privacy: {pseudonym_key: a public key of the tests}
sources:
  - name: log
    activity: triage
    files: [log.csv]
    repeated: keep
    blocks:
      - table: decisions
        fields:
          decision_id: {column: No}
          suggestion_ids: {column: suggestions}
          outcome: {column: outcome}
          target_id: {column: about}
          verdict: {column: set to}
          rule_verdict: {column: instead of}
          merged_into: {column: into}
          reason: {column: why}
          decided_by: {column: body}
          date: {column: when}
"""
GOOD = {
    "No": "D-1", "suggestions": "", "outcome": "", "about": "NEG", "set to": "keep", "instead of": "provisional",
    "into": "", "why": "Two courses depend on it already.", "body": "Steering group", "when": "2026-05-12",
}  # fmt: skip


def study_with(folder: Path, repo: Path, *rows: dict[str, str]) -> Study:
    (folder / "framework.yaml").write_text(FRAMEWORK, encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    (folder / "rules.yaml").write_text((repo / "params" / "rules.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    with (folder / "log.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(GOOD))
        writer.writeheader()
        writer.writerows(rows)
    return load_study(folder / "study.yaml")


@pytest.fixture(scope="module")
def rules(repo: Path) -> Rules:
    return load_rules(repo / "params" / "rules.yaml")


def evidence(level: dict[str, float]) -> pd.DataFrame:
    """Return rows of a study in which each skill and item has a share of 30 people; narrow spread, no division."""
    parts = []
    for target, share in level.items():
        kind = "item" if "-" in target else "skill"
        common = {"n_used": 30, "n_missing": 0, "target_id": target}
        low, high = max(share - 0.1, 0), min(share + 0.1, 1)
        relevance = pd.DataFrame([{**common, "estimate": share, "ci_low": low, "ci_high": high}])
        stream = "tool_review" if kind == "item" else "guide_review"
        parts.append(rows_from(relevance, stream=stream, statistic="item_cvi", target_type=kind, aspect="relevance",
                               unit="share", ci_level=0.95))  # fmt: skip
        if kind == "skill":
            for statistic, value in (("share_agreeing", share), ("interquartile_share", 0.1),
                                     ("disagreement_index", 0.2)):  # fmt: skip
                frame = pd.DataFrame([{**common, "estimate": value, "ci_low": low, "ci_high": high}])
                parts.append(rows_from(frame, stream="workshop", statistic=statistic, target_type="skill",
                                       aspect="importance", group="last_round", unit="share"))  # fmt: skip
    return combine(parts)


ROWS = {"LIS": 0.95, "NEG": 0.95, "PLA": 0.3} | dict.fromkeys(ITEMS, 0.95)
RULE = {"LIS": "keep", "NEG": "provisional", "PLA": "drop"}


def book_of(study: Study, rules: Rules) -> Book:
    overrides = read_overrides(clean_sources(study).tables["decisions"], study.instrument, headers_of(study))
    rows = evidence(ROWS)
    decided = decision_rows(rows, study.instrument, rules, overrides)
    rows = combine([rows, decided, item_flags(rows, study.instrument, rules)])
    return Book(rows, study, rules, facts={"hash rules": "0" * 64})


# ------------------------------------------------------------------------------ an override that holds


def test_without_a_row_in_the_log_the_rule_decides(tmp_path: Path, repo: Path, rules: Rules) -> None:
    book = book_of(study_with(tmp_path, repo), rules)
    assert {skill: book.verdict(skill) for skill in SKILLS} == RULE
    assert book.row("decisions.n_overridden.all.skill")["estimate"] == 0
    assert "No verdict was overridden." in decisions_sentence(book)


def test_an_override_stands_beside_the_verdict_of_the_rule(tmp_path: Path, repo: Path, rules: Rules) -> None:
    book = book_of(study_with(tmp_path, repo, GOOD), rules)
    assert book.verdict("NEG") == "keep"
    assert book.row("decisions.rule_verdict.NEG")["label"] == "provisional"
    row = book.row("decisions.override.NEG")
    assert (row["label"], row["reason"]) == (GOOD["why"], "2026-05-12|Steering group")
    assert row["source_rows"] == "decisions[D-1]"
    assert book.row("decisions.n_verdict.all.keep")["estimate"] == 2, "counts are those of the verdicts in force"
    assert book.row("decisions.n_overridden.all.skill")["estimate"] == 1


def test_every_place_that_prints_the_verdict_prints_the_rule_too(
    tmp_path: Path, repo: Path, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = {**GOOD, "No": "D-2", "about": "LIS-1", "set to": "revise", "instead of": "keep"}
    book = book_of(study_with(tmp_path, repo, GOOD, item), rules)
    printed: dict[str, pd.DataFrame] = {}
    monkeypatch.setattr(emit, "emit_table", lambda frame, *, label, **_: printed.update({label: frame}))
    joint(book)
    overrides_table(book)
    rule_cells = dict(zip(printed["tbl-joint"]["Skill"], printed["tbl-joint"]["Rule"], strict=True))
    assert rule_cells["Skill NEG"] == "V6; the rule says: provisional"
    assert rule_cells["Skill LIS"] == "V3"
    log = printed["tbl-overrides"]
    assert list(log["What"]) == ["Skill NEG", "LIS-1: I do LIS-1."]
    assert list(log["Decided by, date"]) == ["Steering group, 12 May 2026"] * 2
    shown = card(book, skill_id="NEG").replace("\\", "")
    assert "Set against the rule, which says “provisional”. Decided by: Steering group, 12 May 2026." in shown
    assert GOOD["why"] in shown
    assert "decision log: look at again, instead of keep" in card(book, skill_id="LIS")
    assert "1 of these verdicts was set by people against the rule" in headline(book)
    assert "2 of 7 verdicts on skills and items were set against the rule" in decisions_sentence(book)


def test_a_dropped_skill_may_be_merged_into_one_that_stays(tmp_path: Path, repo: Path, rules: Rules) -> None:
    merger = {**GOOD, "about": "PLA", "set to": "drop", "instead of": "drop", "into": "LIS"}
    book = book_of(study_with(tmp_path, repo, merger), rules)
    assert book.verdict("PLA") == "drop"
    assert "Merged into “Skill LIS”" in card(book, skill_id="PLA")
    assert book.row("decisions.n_overridden.all.skill")["estimate"] == 0, "the verdict is the rule's"


def test_other_rows_of_the_log_set_no_verdict(tmp_path: Path, repo: Path) -> None:
    plain = {**GOOD, "suggestions": "SG-1", "outcome": "reject", "about": "", "set to": "", "instead of": ""}
    decisions = clean_sources(study_with(tmp_path, repo, plain)).tables["decisions"]
    assert len(decisions) == 1
    assert not is_override(decisions).any()


# ------------------------------------------------------------------------------ overrides that are refused


@pytest.mark.parametrize(
    ("changed", "column", "words"),
    [
        ({"why": ""}, "why", "needs a reason"),
        ({"why": "because"}, "why", "needs a reason"),
        ({"body": ""}, "body", "role"),
        ({"when": ""}, "when", "needs its date"),
        ({"about": "XYZ"}, "about", "no skill or item 'XYZ'"),
        ({"about": ""}, "about", "says not what"),
        ({"set to": "excellent"}, "set to", "is no verdict on skill NEG; found 'excellent'; allowed: keep, keep"),
        ({"set to": ""}, "set to", "is no verdict"),
        ({"instead of": ""}, "instead of", "is no verdict"),
        ({"set to": "provisional"}, "set to", "is what the rule says already"),
        ({"into": "LIS"}, "set to", "does not stay in the list"),
        ({"set to": "drop", "into": "NEG"}, "into", "cannot be merged into 'NEG'"),
        ({"set to": "drop", "into": "XYZ"}, "into", "cannot be merged into 'XYZ'"),
        ({"about": "LIS-1", "set to": "keep_discordant"}, "set to", "is no verdict on item LIS-1"),
        ({"about": "LIS-1", "set to": "drop", "into": "LIS"}, "into", "cannot be merged"),
    ],
)
def test_an_override_that_says_too_little_is_refused_with_its_place(
    tmp_path: Path, repo: Path, changed: dict[str, str], column: str, words: str
) -> None:
    study = study_with(tmp_path, repo, {**GOOD, "No": "D-0", "about": "LIS", "set to": "drop"}, {**GOOD, **changed})
    with pytest.raises(InputError) as refused:
        clean_sources(study)
    assert (Path(str(refused.value.file)).name, refused.value.row, refused.value.column) == ("log.csv", 3, column)
    assert words in str(refused.value)


def test_the_check_of_inputs_finds_it_before_a_run(tmp_path: Path, repo: Path) -> None:
    found = check_study(study_with(tmp_path, repo, {**GOOD, "why": ""}))
    errors = found[found["level"] == "error"]
    assert list(zip(errors["row"], errors["column"], strict=True)) == [(2, "why")]


def test_two_rows_on_one_skill_are_refused(tmp_path: Path, repo: Path) -> None:
    second = {**GOOD, "No": "D-2", "set to": "revise"}
    with pytest.raises(InputError, match=r"row 3, column 'about': the verdict is set by D-1 too \(log\.csv:2\)"):
        clean_sources(study_with(tmp_path, repo, GOOD, second))


def test_a_merger_into_a_skill_that_goes_is_refused(tmp_path: Path, repo: Path) -> None:
    first = {**GOOD, "about": "PLA", "set to": "drop", "instead of": "drop", "into": "LIS"}
    second = {**GOOD, "No": "D-2", "about": "LIS", "set to": "drop", "instead of": "keep"}
    with pytest.raises(InputError, match=r"row 2, column 'into': LIS does not stay in the list either"):
        clean_sources(study_with(tmp_path, repo, first, second))


def test_an_override_of_a_verdict_that_has_changed_since_is_refused(tmp_path: Path, repo: Path, rules: Rules) -> None:
    stale = {**GOOD, "instead of": "revise"}
    with pytest.raises(InputError) as refused:
        book_of(study_with(tmp_path, repo, stale), rules)
    assert (refused.value.row, refused.value.column, refused.value.found) == (2, "instead of", "revise")
    assert "out of date: the rule says 'provisional' now" in str(refused.value)


def load_all(path: Path) -> None:
    study = load_study(path)
    assert study.instrument
    load_rules(study.rules_path)


@pytest.mark.parametrize("file", ["study.yaml", "rules.yaml", "framework.yaml"])
@pytest.mark.parametrize("line", ["overrides: {NEG: keep}", "verdict: {NEG: keep}", "decisions: [{skill: NEG}]"])
def test_no_other_file_can_set_a_verdict(tmp_path: Path, repo: Path, file: str, line: str) -> None:
    study_with(tmp_path, repo)
    load_all(tmp_path / "study.yaml")
    with (tmp_path / file).open("a", encoding="utf-8") as stream:
        stream.write(f"\n{line}\n")
    with pytest.raises(StudyError, match=line.split(":")[0]):
        load_all(tmp_path / "study.yaml")


def test_a_verdict_in_the_framework_is_refused(tmp_path: Path, repo: Path) -> None:
    study_with(tmp_path, repo)
    text = FRAMEWORK.replace("{id: NEG,", "{id: NEG, verdict: keep,")
    (tmp_path / "framework.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match="verdict"):
        assert load_study(tmp_path / "study.yaml").instrument
