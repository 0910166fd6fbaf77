"""Coding statistics against counts by hand and by brute force."""

from __future__ import annotations

import doctest
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics import coding
from ktss_analysis.psychometrics.coder_agreement import coder_agreement

CODINGS = pd.DataFrame(
    [
        ("FG1", "P1", 1, "listen", "+"), ("FG1", "P1", 1, "listen", "+"), ("FG1", "P1", 1, "adapt", "0"),
        ("FG1", "P2", 3, "listen", "-"), ("FG2", "P3", 1, "listen", "+"), ("FG2", "P3", 2, "trust", "+"),
        ("FG3", "P4", 7, "adapt", "0"), ("FG3", "P4", 7, "trust", "-"), ("FG3", "P5", 9, "adapt", "+"),
    ],
    columns=["group_id", "person_id", "turn", "code_id", "valence"],
)  # fmt: skip


def test_doctests_hold() -> None:
    assert doctest.testmod(coding).failed == 0


def test_salience_by_hand() -> None:
    table = coding.code_salience(CODINGS, n_groups=5, n_speakers=40).set_index("code_id")
    numbers = ["n_groups", "n_speakers", "n_turns", "n_positive", "n_neutral", "n_negative"]
    assert table.loc["listen", numbers].tolist() == [2, 3, 3, 2, 0, 1]
    assert table.loc["adapt", numbers].tolist() == [2, 3, 3, 1, 2, 0]
    assert table.loc["listen", ["group_share", "speaker_share"]].tolist() == [0.4, 3 / 40]


def test_salience_refuses_totals_below_what_is_there() -> None:
    with pytest.raises(StatisticError, match="n_groups=2, but 3"):
        coding.code_salience(CODINGS, n_groups=2)


@pytest.mark.parametrize(("base", "run"), [(2, 1), (1, 1), (1, 2), (3, 2)])
def test_saturation_equals_enumeration(base: int, run: int) -> None:
    generator = np.random.default_rng(11)
    rows = [(group, code) for group in range(5) for code in range(12) if generator.random() < 0.4]
    codings = pd.DataFrame(rows, columns=["group_id", "code_id"])
    heard = {group: set(part["code_id"]) for group, part in codings.groupby("group_id")}
    all_codes = set(codings["code_id"])
    for row in coding.saturation(codings, base=base, run=run).itertuples():
        shares, coverage = [], []
        for order in permutations(range(5)):
            before = set().union(*(heard[g] for g in order[: row.n_groups - run])) if row.n_groups > run else set()
            now = set().union(*(heard[g] for g in order[: row.n_groups]))
            shares.append(len(now - before) / len(set().union(*(heard[g] for g in order[:base]))))
            coverage.append(len(now) / len(all_codes))
        assert row.n_orders == 120
        assert (row.coverage, row.coverage_low, row.coverage_high) == pytest.approx(
            (np.mean(coverage), min(coverage), max(coverage))
        )
        if row.n_groups >= base + run:
            assert (row.estimate, row.share_low, row.share_high) == pytest.approx(
                (np.mean(shares), min(shares), max(shares))
            )
        else:
            assert row.status == "undefined"


def test_coverage_follows_the_rarefaction_formula() -> None:
    codings = pd.DataFrame({"group_id": [1, 2, 3, 4, 5, 1, 2, 1], "code_id": list("AAAAABBC")})
    table = coding.saturation(codings)
    absent_after_two = [0, 3 * 2 / (5 * 4), 4 * 3 / (5 * 4)]  # codes in 5, 2 and 1 of five groups
    assert table["coverage"][1] == pytest.approx(1 - np.mean(absent_after_two))


def test_a_silent_group_counts_when_it_has_a_row() -> None:
    silent = pd.DataFrame({"group_id": ["FG4"], "code_id": [None]})
    table = coding.saturation(pd.concat([CODINGS[["group_id", "code_id"]], silent]))
    assert len(table) == 4


def test_sampled_orders_come_close_to_the_exact_mean() -> None:
    generator = np.random.default_rng(4)
    rows = [(group, code) for group in range(10) for code in range(20) if generator.random() < 0.3]
    codings = pd.DataFrame(rows, columns=["group_id", "code_id"])
    table = coding.saturation(codings)
    counts = codings.groupby("code_id")["group_id"].nunique().to_numpy()
    missed = np.prod([(10 - counts - step) / (10 - step) for step in range(3)], axis=0)
    assert table["coverage"][2] == pytest.approx(1 - np.clip(missed, 0, 1).mean(), abs=5e-3)
    assert "20000 sampled orders" in table["method"][0]


def test_cooccurrence_by_hand() -> None:
    table = coding.code_cooccurrence(CODINGS).set_index(["code_id", "other_code_id"])
    assert table.loc[("adapt", "listen"), ["n_both", "n_either", "n_groups"]].tolist() == [1, 5, 1]
    assert table.loc[("adapt", "trust"), "estimate"] == pytest.approx(1 / 4)
    persons = coding.code_cooccurrence(CODINGS, unit="person").set_index(["code_id", "other_code_id"])
    assert persons.loc[("listen", "trust"), ["n_both", "n_either"]].tolist() == [1, 4]


def test_framework_matrix_by_hand() -> None:
    table = coding.framework_matrix(CODINGS).set_index(["code_id", "group_id"])
    assert len(table) == 9
    assert table.loc[("listen", "FG1"), ["n_turns", "n_speakers"]].tolist() == [2, 2]
    assert table.loc[("listen", "FG3"), "n_turns"] == 0


def test_coder_agreement_is_krippendorffs_alpha_of_marks() -> None:
    """Two hundred turns, three coders of whom each skips some turns; the package krippendorff has the same alpha."""
    import krippendorff

    generator = np.random.default_rng(3)
    truth = generator.random(200) < 0.4
    marks = np.where(generator.random((200, 3)) < 0.85, truth[:, None], ~truth[:, None]).astype(float)
    marks[generator.random(marks.shape) < 0.3] = np.nan
    rows = [
        (f"FG{turn % 5}", turn, "trust" if marks[turn, coder] else None, f"c{coder}")
        for turn in range(200) for coder in range(3) if not np.isnan(marks[turn, coder])
    ]  # fmt: skip
    table = coder_agreement(pd.DataFrame(rows, columns=["group_id", "turn", "code_id", "coder_id"]))
    several = marks[(~np.isnan(marks)).sum(axis=1) >= 2]
    expected = krippendorff.alpha(several.T, level_of_measurement="nominal")
    row = table.iloc[0]
    assert row["estimate"] == pytest.approx(expected, abs=1e-12)
    assert (row["n_used"], row["n_missing"]) == (len(several), (~np.isnan(marks)).any(axis=1).sum() - len(several))
    assert row["ci_low"] < row["estimate"] < row["ci_high"]
    assert row["agreement_share"] == pytest.approx(np.mean(np.nanmax(several, 1) == np.nanmin(several, 1)))


def test_a_rare_code_has_no_alpha_but_a_share() -> None:
    rows = [("FG1", turn, code, coder) for turn in range(20) for coder in ("a", "b") for code in ("often", None)]
    rows += [("FG1", 3, "rare", "a"), ("FG1", 5, "rare", "b")]
    table = coder_agreement(pd.DataFrame(rows, columns=["group_id", "turn", "code_id", "coder_id"])).set_index(
        "code_id"
    )
    assert table.loc["rare", "status"] == "too_few"
    assert table.loc["rare", "reason"] == "applied to 2 turn(s) that two coders read; needs 10"
    assert table.loc["rare", "agreement_share"] == 0.9
    assert table.loc["often", "status"] == "undefined"


def test_coder_agreement_refuses() -> None:
    with pytest.raises(StatisticError, match="column 'coder_id' is missing"):
        coder_agreement(pd.DataFrame({"group_id": [1], "turn": [1], "code_id": ["a"]}))
    with pytest.raises(StatisticError, match="rare=0"):
        coder_agreement(pd.DataFrame({"group_id": [1], "turn": [1], "code_id": ["a"], "coder_id": ["c"]}), rare=0)
    alone = pd.DataFrame({"group_id": [1, 1], "turn": [1, 2], "code_id": ["a", "a"], "coder_id": ["c", "c"]})
    row = coder_agreement(alone).iloc[0]
    assert (row["status"], row["reason"]) == ("too_few", "no turn was read by two coders")
