"""Rankings against published critical values, scipy, and the geometry of the design."""

from __future__ import annotations

import doctest
from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics import ranking

# Demšar (2006), table 5: q_.05 (already divided by the root of 2)
DEMSAR = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 9: 3.102, 10: 3.164}


def test_doctests_hold() -> None:
    assert doctest.testmod(ranking).failed == 0


@pytest.mark.parametrize(("k", "q"), [*DEMSAR.items(), (25, 3.658)])
def test_studentized_range(k: int, q: float) -> None:
    assert ranking.studentized_range_quantile(k, 0.05) / np.sqrt(2) == pytest.approx(q, abs=1.5e-3)


@pytest.mark.parametrize(("k", "difference"), [(8, 1.92), (10, 2.47), (15, 3.92), (25, 6.95)])
def test_critical_difference_at_thirty_persons(k: int, difference: float) -> None:
    ranks = np.array([np.roll(np.arange(1, k + 1), shift) for shift in range(30)])
    assert ranking.friedman_nemenyi(ranks).critical_difference == pytest.approx(difference, abs=5e-3)


def test_friedman_agrees_with_scipy_when_tied() -> None:
    data = np.random.default_rng(2).integers(1, 4, (15, 5))
    result = ranking.friedman_nemenyi(data)
    friedman = stats.friedmanchisquare(*data.T)
    assert result.chi_square == pytest.approx(friedman.statistic)
    assert result.p_value == pytest.approx(friedman.pvalue)
    assert result.df == 4


def test_ties_narrow_the_critical_difference() -> None:
    plain = ranking.friedman_nemenyi([[1, 2, 3, 4]] * 10)
    tied = ranking.friedman_nemenyi([[1, 2, 2, 4]] * 10)
    variance = np.var([1, 2.5, 2.5, 4], ddof=1) / np.var([1, 2, 3, 4], ddof=1)
    assert tied.critical_difference == pytest.approx(plain.critical_difference * np.sqrt(variance))


def test_nemenyi_pairs() -> None:
    result = ranking.friedman_nemenyi(pd.DataFrame([[1, 2, 3]] * 12, columns=["A", "B", "C"]))
    pairs = result.pairs.set_index(["target_id", "other_target_id"])
    assert pairs.loc[("A", "C"), "estimate"] == -2
    assert result.critical_difference == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 12)), abs=1e-3)
    assert pairs["flagged"].tolist() == [True, True, True]
    p_value = stats.studentized_range.sf(2 * np.sqrt(12), 3, np.inf)  # the same pair by its p-value
    assert p_value < 0.05


@pytest.mark.parametrize("order", [2, 3, 5, 7])
def test_affine_plane(order: int) -> None:
    targets = [f"T{number}" for number in range(order**2)]
    classes = ranking.affine_plane_design(targets, order)
    assert [len(sets) for sets in classes] == [order] * (order + 1)
    for sets in classes:
        assert sorted(target for one in sets for target in one) == sorted(targets)
    pairs = Counter(frozenset(pair) for sets in classes for one in sets for pair in combinations(one, 2))
    assert len(pairs) == order**2 * (order**2 - 1) // 2
    assert set(pairs.values()) == {1}


def test_two_classes_each_show_every_pair_ten_times() -> None:
    classes = ranking.affine_plane_design(list(range(25)))
    shown, pairs = Counter(), Counter()
    for one, other in [*combinations(range(6), 2)] * 2:
        for block in (*classes[one], *classes[other]):
            shown.update(block)
            pairs.update(frozenset(pair) for pair in combinations(block, 2))
    assert set(shown.values()) == {60}
    assert set(pairs.values()) == {10}
    assert len(pairs) == 300


@pytest.mark.parametrize(("targets", "order"), [(range(16), 4), (range(24), 5), ([0] * 25, 5), (range(1), 1)])
def test_affine_plane_refuses(targets: range, order: int) -> None:
    with pytest.raises(StatisticError):
        ranking.affine_plane_design(list(targets), order)


def planted_choices(spread: float, n_persons: int = 30, seed: int = 5) -> tuple[pd.DataFrame, np.ndarray]:
    """Return choices of persons with a common order and some taste of their own."""
    generator = np.random.default_rng(seed)
    worth = np.linspace(spread, -spread, 25)
    classes = ranking.affine_plane_design([f"S{number:02d}" for number in range(25)])
    pairs = [*combinations(range(6), 2)]
    rows = []
    for person in range(n_persons):
        taste = worth + generator.normal(0, 0.5, 25)
        for one in pairs[person % 15]:
            for number, block in enumerate(classes[one]):
                utility = {target: taste[int(target[1:])] + generator.gumbel() for target in block}
                best, worst = max(utility, key=utility.get), min(utility, key=utility.get)
                rows.append((f"P{person}", f"{one}-{number}", "|".join(block), best, worst))
    return pd.DataFrame(rows, columns=["person_id", "set_id", "shown", "best", "worst"]), worth


def test_planted_worth_is_recovered() -> None:
    choices, worth = planted_choices(1.7)
    table = ranking.best_worst_scores(choices)
    assert set(table["n_shown"]) == {60}
    assert table["n_best"].sum() == table["n_worst"].sum() == 300
    tau = stats.kendalltau(table["estimate"].to_numpy(dtype=float), worth).statistic
    assert tau > 0.75  # the survey's simulation has .84 on average at this spread
    true_top = {f"S{number:02d}" for number in range(8)}
    found = set(table.sort_values("estimate", ascending=False)["target_id"][:8])
    assert len(true_top & found) >= 6


def test_tiers_separate_far_targets_and_join_equal_ones() -> None:
    choices, _ = planted_choices(2.0)
    tiers = ranking.ranking_tiers(choices)
    numbers = tiers["tier"].tolist()
    assert numbers == sorted(numbers)
    assert 3 <= max(numbers) <= 12
    assert tiers.set_index("target_id").loc["S00", "tier"] < tiers.set_index("target_id").loc["S24", "tier"]
    flat = ranking.ranking_tiers(planted_choices(0.0)[0])
    assert max(flat["tier"]) <= 4


def test_tier_rule_by_hand() -> None:
    replicates = np.column_stack([np.full(100, 3.0), np.r_[np.full(94, 2.0), np.full(6, 4.0)], np.full(100, 1.0)])
    table = ranking.tiers_from_replicates(["A", "B", "C"], [3, 2, 1], replicates)
    assert table["tier"].tolist() == [1, 1, 2]
    assert table["below_leader"].tolist() == [0, 0.94, 0]
    assert table["below_previous"].tolist()[2] == 1
    sure = ranking.tiers_from_replicates(["A", "B", "C"], [3, 2, 1], replicates, certainty=0.9)
    assert sure["tier"].tolist() == [1, 2, 3]
