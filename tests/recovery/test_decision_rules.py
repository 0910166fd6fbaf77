"""The decision rules behave as documented: exact characteristics, simulated verdicts, and the page on them."""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from ktss_analysis.rules import Rules, load_rules

# Published design numbers: shares of 3 000 simulated studies, printed with two digits.
DESIGN = {
    "strong": (0.98, 0.01, 0.00, 0.00),
    "good": (0.66, 0.33, 0.01, 0.00),
    "borderline": (0.03, 0.50, 0.47, 0.00),
    "valued, two bad items": (0.00, 0.13, 0.87, 0.00),
    "liked by reviewers, panel split": (0.00, 0.03, 0.96, 0.00),
    "weak": (0.00, 0.00, 0.22, 0.78),
    "irrelevant": (0.00, 0.00, 0.01, 0.99),
}
DESIGN_REPLICATES = 3000
VOTES_NOT_STATED = "borderline"
"""How dissenting panellists rate was not stated with the design numbers; it matters for this profile only."""

EXACT = pd.DataFrame(
    {
        "true_share": [0.50, 0.60, 0.70, 0.78, 0.85, 0.90, 0.95],
        "point_at_or_above_cut": [".001", ".017", ".16", ".50", ".85", ".97", "1.00"],
        "supported": [".000", ".002", ".03", ".18", ".52", ".825", ".98"],  # .8245; ".83" in the notes is rounded twice
        "not_supported": [".90", ".57", ".16", ".02", ".001", ".000", ".000"],
    }
).set_index("true_share")
NEEDED = {24: 22, 26: 23, 28: 25, 30: 26, 36: 31, 40: 34}


@pytest.fixture(scope="module")
def script(repo: Path) -> ModuleType:
    path = repo / "benchmarks" / "decision_rules.py"
    spec = importlib.util.spec_from_file_location("decision_rules", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["decision_rules"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rules(repo: Path) -> Rules:
    return load_rules(repo / "params" / "rules.yaml")


@pytest.fixture(scope="module")
def shares(script: ModuleType, rules: Rules) -> pd.DataFrame:
    return script.verdict_shares(rules, replicates=500, seed=7)


def error(share: float, *sizes: int, digits: int) -> float:
    """Three Monte Carlo errors of a difference, and half a unit of the last printed digit.

    The share is kept at least one replicate away from 0 and 1, where its estimated error would vanish.
    """
    edge = 1 / min(sizes)
    share = min(max(share, edge), 1 - edge)
    return 3 * math.sqrt(sum(share * (1 - share) / size for size in sizes)) + 0.5 * 10**-digits


def page_table(repo: Path, name: str) -> pd.DataFrame:
    page = (repo / "docs" / "decision-rules.md").read_text(encoding="utf-8")
    part = re.search(rf"<!-- {name} -->\n\n(.*?)\n\n(?:<!--|\|)", page, re.S)
    assert part, f"docs/decision-rules.md has no part {name!r}"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part[1].splitlines()]
    return pd.DataFrame(rows[2:], columns=rows[0]).set_index(rows[0][0]).astype(float)


# ------------------------------------------------------------------------------- the relevance rule


@pytest.mark.parametrize("column", list(EXACT.columns))
@pytest.mark.parametrize("share", list(EXACT.index))
def test_operating_characteristics_are_the_published_ones(
    script: ModuleType, rules: Rules, column: str, share: float
) -> None:
    found = script.relevance_characteristics(rules).set_index("true_share").loc[share, column]
    printed = EXACT.loc[share, column]
    assert found == pytest.approx(float(printed), abs=0.5001 * 10 ** -len(printed.split(".")[1]))


def test_number_of_reviewers_needed_is_the_published_one(script: ModuleType, rules: Rules) -> None:
    assert {n: script.needed(rules, n) for n in NEEDED} == NEEDED


def test_eighteen_of_thirty_is_the_last_count_without_support(script: ModuleType, rules: Rules) -> None:
    grades = "".join(script.relevance_grades(rules))
    assert grades == "-" * 19 + "0" * 7 + "+" * 5


def test_a_looser_threshold_supports_more(script: ModuleType, rules: Rules) -> None:
    loose = rules.with_threshold("relevance_supported", 0.50)
    before, after = (script.relevance_characteristics(r)["supported"] for r in (rules, loose))
    assert (after >= before).all()
    assert script.needed(loose, 30) == 21


# ------------------------------------------------------------------------------- the verdict table


@pytest.mark.parametrize("profile", list(DESIGN))
def test_verdicts_of_planted_profiles_are_as_designed(shares: pd.DataFrame, profile: str) -> None:
    for outcome, designed in zip(shares.columns, DESIGN[profile], strict=True):
        found = shares.loc[profile, outcome]
        assert found == pytest.approx(designed, abs=error(designed, 500, DESIGN_REPLICATES, digits=2)), outcome


def test_no_strong_skill_is_dropped_and_no_irrelevant_one_kept(shares: pd.DataFrame) -> None:
    assert shares.loc["strong", "drop"] == 0
    assert shares.loc["irrelevant", ["keep", "provisional"]].sum() == 0
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1), "no profile ends undecided at full n"


def test_rules_without_intervals_would_be_noticed(script: ModuleType, rules: Rules) -> None:
    """The comparison above can fail: with the point as good as its limit, far more borderline skills are kept."""
    lax = rules.with_threshold("relevance_supported", 0.55).with_threshold("agreement_low", 0.30)
    found = script.verdict_shares(lax, replicates=200, seed=7)
    designed = DESIGN["good"][0]
    assert abs(found.loc["good", "keep"] - designed) > error(designed, 200, DESIGN_REPLICATES, digits=2)


# ------------------------------------------------------------------------------- the page


def test_page_prints_the_exact_tables_of_the_functions(repo: Path, script: ModuleType, rules: Rules) -> None:
    page = (repo / "docs" / "decision-rules.md").read_text(encoding="utf-8")
    assert script.exact_tables(rules) in page


def test_page_agrees_with_a_second_simulation(repo: Path, shares: pd.DataFrame) -> None:
    page = page_table(repo, "simulated")
    assert list(page.index) == list(shares.index)
    assert list(page.columns) == list(shares.columns)
    for profile, row in page.iterrows():
        for outcome, printed in row.items():
            allowed = error(printed, 500, DESIGN_REPLICATES, digits=3)
            assert shares.loc[profile, outcome] == pytest.approx(printed, abs=allowed), (profile, outcome)


def test_page_explains_every_threshold_and_every_line_of_the_verdicts(repo: Path, rules: Rules) -> None:
    page = (repo / "docs" / "decision-rules.md").read_text(encoding="utf-8")
    decisive = (
        "relevance_supported", "relevance_not_supported", "agreement_share", "agreement_low", "agreement_iqr",
        "disagreement", "salience_raised", "salience_silent", "coder_agreement", "items_supported",
        "items_not_supported",
    )  # fmt: skip
    assert set(decisive) <= set(rules.thresholds)
    assert [name for name in decisive if f"`{name}`" not in page] == []
    assert re.findall(r"^\| (V\d+) \|", page, re.M) == [line.id for line in rules.verdicts]


@pytest.mark.nightly
def test_page_is_what_the_script_writes(repo: Path, script: ModuleType, rules: Rules) -> None:
    found = script.verdict_shares(rules)
    page = (repo / "docs" / "decision-rules.md").read_text(encoding="utf-8")
    assert script.simulated_table(found) in page
    for profile, row in found.iterrows():
        if profile != VOTES_NOT_STATED:
            for outcome, designed in zip(found.columns, DESIGN[profile], strict=True):
                allowed = error(designed, DESIGN_REPLICATES, DESIGN_REPLICATES, digits=2)
                assert row[outcome] == pytest.approx(designed, abs=allowed), (profile, outcome)
