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
from ktss_analysis.psychometrics import rank_tests, ranking

# Demšar (2006), table 5: q_.05 (already divided by the root of 2)
DEMSAR = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 9: 3.102, 10: 3.164}


def test_doctests_hold() -> None:
    assert doctest.testmod(ranking).failed == doctest.testmod(rank_tests).failed == 0


@pytest.mark.parametrize(("k", "q"), [*DEMSAR.items(), (25, 3.658)])
def test_studentized_range(k: int, q: float) -> None:
    assert rank_tests.studentized_range_quantile(k, 0.05) / np.sqrt(2) == pytest.approx(q, abs=1.5e-3)


@pytest.mark.parametrize(("k", "difference"), [(8, 1.92), (10, 2.47), (15, 3.92), (25, 6.95)])
def test_critical_difference_at_thirty_persons(k: int, difference: float) -> None:
    ranks = np.array([np.roll(np.arange(1, k + 1), shift) for shift in range(30)])
    assert rank_tests.friedman_nemenyi(ranks).critical_difference == pytest.approx(difference, abs=5e-3)


def test_friedman_agrees_with_scipy_when_tied() -> None:
    data = np.random.default_rng(2).integers(1, 4, (15, 5))
    result = rank_tests.friedman_nemenyi(data)
    friedman = stats.friedmanchisquare(*data.T)
    assert result.chi_square == pytest.approx(friedman.statistic)
    assert result.p_value == pytest.approx(friedman.pvalue)
    assert result.df == 4


def test_ties_narrow_the_critical_difference() -> None:
    plain = rank_tests.friedman_nemenyi([[1, 2, 3, 4]] * 10)
    tied = rank_tests.friedman_nemenyi([[1, 2, 2, 4]] * 10)
    variance = np.var([1, 2.5, 2.5, 4], ddof=1) / np.var([1, 2, 3, 4], ddof=1)
    assert tied.critical_difference == pytest.approx(plain.critical_difference * np.sqrt(variance))


def test_nemenyi_pairs() -> None:
    result = rank_tests.friedman_nemenyi(pd.DataFrame([[1, 2, 3]] * 12, columns=["A", "B", "C"]))
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


def test_friedman_of_conover_1999() -> None:
    """Seven stores and five brands of hand lotion (Conover, 1999, p. 372): R prints 8.3284, df 4, p .0803."""
    sales = [
        [5, 4, 7, 10, 12], [1, 3, 1, 0, 2], [16, 12, 22, 22, 35], [5, 4, 3, 5, 4], [10, 9, 7, 13, 10],
        [19, 18, 28, 37, 58], [10, 7, 6, 8, 7],
    ]  # fmt: skip
    result = rank_tests.friedman_nemenyi(sales)
    assert (result.chi_square, result.df) == (pytest.approx(8.3284, abs=5e-5), 4)
    assert result.p_value == pytest.approx(0.0803, abs=5e-5)


def test_conover_is_the_comparison_after_a_two_way_analysis_of_ranks() -> None:
    """The book's own form, 2(bA - sum of squared rank sums) / ((b - 1)(k - 1)), on tied ranks."""
    data = np.random.default_rng(3).integers(1, 6, (12, 4)) + np.arange(4)
    ranks = stats.rankdata(data, axis=1)
    b, k = ranks.shape
    sums = ranks.sum(axis=0)
    error = np.sqrt(2 * (b * (ranks**2).sum() - (sums**2).sum()) / ((b - 1) * (k - 1)))
    pairs = list(combinations(range(k), 2))
    plain = [2 * stats.t.sf(abs(sums[i] - sums[j]) / error, (b - 1) * (k - 1)) for i, j in pairs]
    order = np.argsort(plain)
    holm, so_far = np.empty(len(pairs)), 0.0
    for place, index in enumerate(order):
        so_far = max(so_far, (len(pairs) - place) * plain[index])
        holm[index] = min(so_far, 1)
    ours = rank_tests.friedman_nemenyi(data).pairs
    assert ours["p_value"].to_numpy(dtype=float) == pytest.approx(holm, rel=1e-9)
    assert (ours["p_value"] < 0.05).sum() >= ours["flagged"].sum() >= 1


def test_conover_when_all_rank_alike() -> None:
    alike = rank_tests.friedman_nemenyi([[1, 2, 3]] * 5).pairs
    assert alike["p_value"].tolist() == [0, 0, 0]


def test_best_worst_ratio() -> None:
    rows = [(person, "A|B|C", best, worst) for person, (best, worst) in enumerate(["AB", "AC", "BC", "CA", "AB", "BA"])]
    table = ranking.best_worst_scores(pd.DataFrame(rows, columns=["person_id", "shown", "best", "worst"]))
    assert table["best_worst_ratio"].tolist() == pytest.approx([np.sqrt(3 / 2), 1, np.sqrt(1 / 2)])


def test_trap_the_ratio_of_a_target_that_is_never_worst_takes_a_half() -> None:
    rows = [(person, "A|B|C", "A", worst) for person, worst in enumerate("BBBCC")]
    table = ranking.best_worst_scores(pd.DataFrame(rows, columns=["person_id", "shown", "best", "worst"]))
    expected = [np.sqrt(5.5 / 0.5), np.sqrt(0.5 / 3.5), np.sqrt(0.5 / 2.5)]
    assert table["best_worst_ratio"].tolist() == pytest.approx(expected)
