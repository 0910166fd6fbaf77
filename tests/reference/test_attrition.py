"""Leavers against stayers: Cliff's delta against effsize (R), scipy and a simulation."""

from __future__ import annotations

import doctest

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics import attrition
from ktss_analysis.psychometrics.attrition import cliff_delta, round_attrition


def test_doctest_holds() -> None:
    assert doctest.testmod(attrition).failed == 0


def test_the_example_of_effsize() -> None:
    """effsize (R), cliff.delta of its help page: -.25, -.7265846 to .3890062."""
    treatment, control = [10, 10, 20, 20, 20, 30, 30, 30, 40, 50.0], [10, 20, 30, 40, 40, 50.0]
    found = cliff_delta(np.array(treatment), np.array(control), 0.95)
    assert found == pytest.approx((-0.25, -0.7265846, 0.3890062), abs=5e-8)


def test_delta_is_the_mann_whitney_statistic() -> None:
    generator = np.random.default_rng(1)
    one, two = generator.integers(1, 10, 13).astype(float), generator.integers(1, 10, 21).astype(float)
    u = stats.mannwhitneyu(one, two).statistic
    assert cliff_delta(one, two, 0.95)[0] == pytest.approx(2 * u / (13 * 21) - 1)
    delta, low, high = cliff_delta(one, two, 0.95)
    assert cliff_delta(two, one, 0.95) == pytest.approx((-delta, -high, -low))


def test_coverage_on_a_nine_point_scale() -> None:
    """600 panels with 12 leavers and 20 stayers; the true delta is computed from the two distributions."""
    points = np.arange(1, 10)
    left, stayed = (np.exp(-((points - centre) ** 2) / 8) for centre in (4, 6))
    left, stayed = left / left.sum(), stayed / stayed.sum()
    true = float(left @ np.sign(points[:, None] - points) @ stayed)
    generator, hits = np.random.default_rng(2), 0
    for _ in range(600):
        _, low, high = cliff_delta(
            generator.choice(points, 12, p=left).astype(float),
            generator.choice(points, 20, p=stayed).astype(float),
            0.95,
        )
        hits += low <= true <= high
    assert hits / 600 == pytest.approx(0.95, abs=0.03)


def test_critics_who_leave_are_seen() -> None:
    first = pd.DataFrame({"S": [8, 8, 9, 7, 8, 1, 1, 2], "T": [5, 6, 5, 4, 6, 5, 6, 4]}, index=list("abcdefgh"))
    second = first.loc[list("abcde")]
    table = round_attrition(first, second).set_index("target_id")
    assert table.loc["S", "estimate"] == -1
    assert table.loc["S", "ci_low"] == -1 < table.loc["S", "ci_high"]
    assert table.loc["S", ["median_lost", "median_stayed"]].tolist() == [1, 8]
    assert table.loc["T", "ci_low"] < 0 < table.loc["T", "ci_high"]
    assert table["n_lost"].tolist() == [3, 3]


def test_persons_without_a_first_rating_are_in_neither_group() -> None:
    first = pd.DataFrame({"S": [8, 8, 9, np.nan, 1, 1, 2]}, index=list("abcdefg"))
    second = pd.DataFrame({"S": [8, 7, 9, 6, 5]}, index=list("abcdx"))
    row = round_attrition(first, second).iloc[0]
    assert (row["n_stayed"], row["n_lost"], row["n_used"]) == (3, 3, 6)


def test_two_leavers_are_too_few() -> None:
    first = pd.DataFrame({"S": [8, 8, 9, 1, 1]}, index=list("abcde"))
    row = round_attrition(first, first.head(3)).iloc[0]
    assert (row["status"], row["reason"]) == ("too_few", "2 left and 3 stayed; needs 3 of each")
    assert pd.isna(row["estimate"])
    assert pd.isna(row["median_lost"])


def test_refusals() -> None:
    table = pd.DataFrame({"S": [1, 2]}, index=["a", "a"])
    with pytest.raises(StatisticError, match="person 'a' stands there twice"):
        round_attrition(table, table)
    with pytest.raises(StatisticError, match="a DataFrame is needed"):
        round_attrition([[1]], table)
