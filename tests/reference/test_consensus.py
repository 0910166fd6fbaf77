"""Consensus measures against published panels and R."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ktss_analysis.psychometrics import consensus

RAM = [4, 5, 6, *[7] * 5, *[8] * 5, 9, 9]  # BMJ Open 2012;2:e001431, table 1


def column(values: list[float]) -> list[list[float]]:
    return [[x] for x in values]


def test_doctests_hold() -> None:
    assert doctest.testmod(consensus).failed == 0


def test_ram_panel() -> None:
    row = consensus.disagreement_index(column(RAM)).iloc[0]
    assert row["interpercentile_range"] == 1
    assert row["asymmetry_adjusted_range"] == pytest.approx(6.1)
    assert row["estimate"] == pytest.approx(0.16393, abs=5e-6)
    assert consensus.central_tendency(column(RAM))["estimate"][0] == 7


def test_trap_the_constant_is_not_two_and_a_half() -> None:
    row = consensus.disagreement_index(column(RAM)).iloc[0]
    assert row["asymmetry_adjusted_range"] != pytest.approx(2.5 + 1.5 * 2.5)


def test_split_panel_disagrees() -> None:
    row = consensus.disagreement_index(column([1] * 15 + [9] * 15)).iloc[0]
    assert row["estimate"] == pytest.approx(3.40, abs=5e-3)


def test_other_scales_are_stretched_and_say_so() -> None:
    nine = consensus.disagreement_index(column([1, 3, 5, 7, 9, 9])).iloc[0]
    five = consensus.disagreement_index(column([1, 2, 3, 4, 5, 5]), scale=(1, 5)).iloc[0]
    assert five["estimate"] == pytest.approx(nine["estimate"])
    assert "extension" in five["method"]
    assert "extension" not in nine["method"]


@pytest.mark.parametrize(("agree", "n", "low"), [(10, 12, 0.552), (15, 20, 0.531), (18, 24, 0.551), (23, 30, 0.591)])
def test_share_agreeing(agree: int, n: int, low: float) -> None:
    row = consensus.share_agreeing(column([7] * agree + [6] * (n - agree)), agree_from=7).iloc[0]
    assert row["estimate"] == agree / n
    assert row["ci_low"] == pytest.approx(low, abs=5e-4)


def test_quartiles_are_linear() -> None:
    row = consensus.central_tendency(column([1, 2, 3, 4])).iloc[0]
    assert (row["quartile_low"], row["quartile_high"], row["interquartile_range"]) == (1.75, 3.25, 1.5)


@pytest.mark.parametrize(
    ("counts", "value", "digits"),
    [
        ([30, 40, 210, 130, 530, 50, 10], 0.7256876, 5e-8),
        ([19, 16, 26, 29, 10], 0.518, 5e-4),
        ([20] * 5, 0.434, 5e-4),
        ([0, 0, 12, 0, 0], 1, 0),
        ([6, 0, 0, 0, 6], 0, 0),
    ],
)
def test_tastle_wierman(counts: list[int], value: float, digits: float) -> None:
    scale = (1, len(counts))
    row = consensus.tastle_wierman(column(counts), scale=scale, form="counts").iloc[0]
    assert row["estimate"] == pytest.approx(value, abs=digits)
    ratings = column(np.repeat(np.arange(1, len(counts) + 1), counts).tolist())
    assert consensus.tastle_wierman(ratings, scale=scale)["estimate"][0] == row["estimate"]


def test_kendall_w_of_anxiety_data(shared: Path) -> None:
    data = pd.read_csv(shared / "data" / "irr-rater-data" / "anxiety.csv")
    result = consensus.kendall_w(data.T)
    assert result.estimate.value == pytest.approx(0.540, abs=5e-4)
    assert (result.chi_square, result.df) == (pytest.approx(30.76, abs=5e-3), 19)
    assert result.p_value == pytest.approx(0.043, abs=5e-4)


def test_trap_without_tie_correction_w_is_lower(shared: Path) -> None:
    ranks = stats.rankdata(pd.read_csv(shared / "data" / "irr-rater-data" / "anxiety.csv"), axis=0)
    raters, targets = 3, 20
    plain = 12 * ((ranks.sum(axis=1) - raters * (targets + 1) / 2) ** 2).sum() / (raters**2 * (targets**3 - targets))
    assert plain == pytest.approx(0.502, abs=5e-4)
    assert consensus.kendall_w(ranks.T).estimate.value > plain + 0.03


def test_kendall_w_siegel_1956() -> None:
    result = consensus.kendall_w([[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]])
    assert result.estimate.value == pytest.approx(25.5 / 157.5)


def test_kendall_chi_square_is_friedmans() -> None:
    data = np.random.default_rng(7).integers(1, 5, (12, 6))
    result = consensus.kendall_w(data)
    friedman = stats.friedmanchisquare(*data.T)
    assert result.chi_square == pytest.approx(friedman.statistic)
    assert result.p_value == pytest.approx(friedman.pvalue)


def test_significance_is_trivial_for_many_raters() -> None:
    assert stats.chi2.isf(0.05, 24) / (30 * 24) == pytest.approx(0.051, abs=5e-4)


def test_weighted_kappa_is_cohens_with_linear_weights() -> None:
    table = np.array([[20, 5, 1], [3, 10, 4], [0, 2, 9]])
    first, second = (np.repeat(index, table.ravel()) + 1 for index in map(np.ravel, np.indices((3, 3))))
    row = consensus.round_stability(pd.DataFrame({"S": first}), pd.DataFrame({"S": second}), scale=(1, 3)).iloc[0]
    shares = table / table.sum()
    weights = np.abs(np.subtract.outer(range(3), range(3)))
    expected = 1 - (shares * weights).sum() / (np.outer(shares.sum(1), shares.sum(0)) * weights).sum()
    assert row["weighted_kappa"] == pytest.approx(expected)
    assert row["estimate"] == pytest.approx(39 / 54)
    assert row["stable_share"] == pytest.approx(np.minimum(shares.sum(1), shares.sum(0)).sum())


def test_large_panels_take_the_other_road_to_the_same_kappa() -> None:
    generator = np.random.default_rng(3)
    first = generator.integers(1, 10, 2500).astype(float)
    second = np.clip(first + generator.integers(-1, 2, 2500), 1, 9)
    assert consensus._mean_distance(first, second) == pytest.approx(np.abs(first[:, None] - second).mean())
    row = consensus.round_stability(pd.DataFrame({"S": first}), pd.DataFrame({"S": second})).iloc[0]
    assert row["weighted_kappa"] == pytest.approx(
        1 - np.abs(first - second).mean() / np.abs(first[:, None] - second).mean()
    )


def test_false_consensus_by_drop_out_is_visible() -> None:
    first = pd.DataFrame({"S": [8, 8, 9, 1, 1, 2]}, index=list("abcdef"))
    second = pd.DataFrame({"S": [8, 8, 9, 7]}, index=list("abcg"))
    row = consensus.round_stability(first, second).iloc[0]
    assert (row["n_used"], row["n_lost"], row["n_joined"], row["estimate"]) == (3, 3, 1, 1)


def test_round_medians_of_a_real_two_round_study(shared: Path) -> None:
    import json

    expected = json.loads((shared / "data/delphi-replicats-2rounds/reference_py.json").read_text())["by_claim"]
    data = pd.read_csv(shared / "data" / "delphi-replicats-2rounds" / "ratings.csv")
    best = data[(data["element"] == "three_point_best") & (data["round"] == "round_1")]
    wide = best.pivot_table(index="user_name", columns="paper_id", values="value")
    table = consensus.central_tendency(wide).set_index("target_id")
    for claim in wide.columns:
        assert table.loc[str(claim), "estimate"] == expected[f"round_1|{claim}"]["median"]
