"""Screening indices against the R package careless and definitions by hand."""

from __future__ import annotations

import doctest
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics import screening


@pytest.fixture(scope="module")
def careless(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "data" / "careless-responding" / "careless_dataset.csv")


@pytest.fixture(scope="module")
def oracle(shared: Path) -> dict:
    return json.loads((shared / "data" / "careless-responding" / "reference_R.json").read_text())


def test_doctests_hold() -> None:
    assert doctest.testmod(screening).failed == 0


def test_longstring_of_careless_1_2_2(careless: pd.DataFrame, oracle: dict) -> None:
    table = screening.longstring(careless)
    longest = table["estimate"].to_numpy(dtype=float)
    assert longest[:5].tolist() == [6, 4, 3, 3, 3]
    assert longest.mean() == pytest.approx(5.87, abs=5e-3)
    assert longest.max() == oracle["longstring_max"]
    assert (np.flatnonzero(longest >= 10) + 1).tolist() == oracle["rows_longstring_ge_10_1based"]
    assert table["average_run"][:3].tolist() == pytest.approx([1.5625, 1.4705882, 1.5151515], abs=5e-8)


def test_irv_of_r(careless: pd.DataFrame, oracle: dict) -> None:
    values = screening.intra_individual_variability(careless)["estimate"].to_numpy(dtype=float)
    assert values.min() == oracle["irv_min"]
    assert (values == 0).sum() == oracle["n_irv_zero"]
    assert values == pytest.approx(careless.std(axis=1, ddof=1).to_numpy())


def test_mahalanobis_of_careless_1_2_2(careless: pd.DataFrame) -> None:
    values = screening.mahalanobis_distance(careless)["estimate"]
    assert values[:3].tolist() == pytest.approx([44.052381, 40.083684, 49.127623], abs=5e-7)


def test_top_synonym_pair_of_careless_1_2_2(careless: pd.DataFrame) -> None:
    strength = pd.DataFrame(
        screening._item_correlations(careless.to_numpy(dtype=float)), careless.columns, careless.columns
    )
    assert strength.loc["scaleI1", "scaleC1"] == pytest.approx(0.70008789, abs=5e-9)
    off = strength.to_numpy()[np.triu_indices(50, k=1)]
    assert off.max() == strength.loc["scaleI1", "scaleC1"]
    assert screening.psychometric_synonyms(careless, correlation_from=0.70)["n_used"].max() == 1


def test_synonyms_by_hand(careless: pd.DataFrame) -> None:
    matrix = careless.to_numpy(dtype=float)
    strength = np.corrcoef(matrix.T)
    pairs = [(a, b) for a in range(50) for b in range(a + 1, 50) if strength[a, b] >= 0.60]
    person = int(np.argmax(matrix.std(axis=1)))
    expected = stats.pearsonr([matrix[person, a] for a, _ in pairs], [matrix[person, b] for _, b in pairs]).statistic
    table = screening.psychometric_synonyms(careless)
    assert table["estimate"][person] == pytest.approx(expected)
    assert table["n_used"][person] == len(pairs)


def test_even_odd_by_hand(careless: pd.DataFrame) -> None:
    table = screening.even_odd_consistency(careless, [5] * 10)
    blocks = careless.to_numpy(dtype=float).reshape(200, 10, 5)
    odd, even = blocks[:, :, 0::2].mean(axis=2), blocks[:, :, 1::2].mean(axis=2)
    for person in (0, 1, 17, 150):
        r = np.corrcoef(odd[person], even[person])[0, 1]
        assert table["estimate"][person] == pytest.approx(-max(2 * r / (1 + r), -1))
    names = {letter: [f"scale{letter}{number}" for number in range(1, 6)] for letter in "ABCDEFGHIJ"}
    by_name = screening.even_odd_consistency(careless, names)
    pd.testing.assert_frame_equal(by_name, table)


def test_even_odd_is_higher_for_careless_persons() -> None:
    careful, careless_person = [1, 1, 3, 3, 5, 5], [1, 5, 3, 3, 5, 1]
    values = screening.even_odd_consistency([careful, careless_person], [2, 2, 2])["estimate"]
    assert values.tolist() == pytest.approx([-1, 1])


def test_straight_liners_have_no_even_odd_value(careless: pd.DataFrame) -> None:
    flat = screening.longstring(careless)["estimate"].to_numpy(dtype=float) == 50
    table = screening.even_odd_consistency(careless, [5] * 10)
    assert flat.sum() == 1
    assert set(table["status"][flat]) == {"undefined"}


def test_duplicates_of_planted_rows(shared: Path) -> None:
    data = pd.read_csv(shared / "data" / "nasty-derived-encodings" / "GRiPS_first60_plus4_duplicate_rows.csv")
    answers = data.select_dtypes("number")
    table = screening.duplicate_answers(answers)
    assert set(table["person_id"].astype(int)) == set(answers.index[answers.duplicated(keep=False)])
    assert set(map(str, range(60, 64))) <= set(table["person_id"])


def test_a_gap_ends_a_run() -> None:
    assert screening.longstring([[2, 2, np.nan, 2, 2, 2]])["estimate"][0] == 3


def test_reversed_rater_is_found_in_a_noisy_panel() -> None:
    generator = np.random.default_rng(6)
    truth = np.tile([2.0, 3.0, 3.6, 1.2, 2.6], 5)
    ratings = np.clip(np.round(truth + generator.normal(0, 0.5, (30, 25))), 1, 4)
    ratings[12] = 5 - ratings[12]
    table = screening.reversed_rater(ratings)
    assert table.index[table["flagged"]].tolist() == [12]
    others = np.delete(ratings, 3, axis=0).mean(axis=0)
    assert table["estimate"][3] == pytest.approx(np.corrcoef(ratings[3], others)[0, 1])


@pytest.mark.parametrize("scales", [[2, 2], [2, 2, 1, 1], {"A": ["V1", "nope"]}])
def test_even_odd_refuses_scales_that_do_not_fit(scales: object) -> None:
    with pytest.raises(StatisticError, match="scales"):
        screening.even_odd_consistency([[1, 2, 3, 4, 5, 1]], scales)


# --- 2,436 persons on 25 items, indices written in base R from their definitions

REVERSED = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]


@pytest.fixture(scope="module")
def bfi(shared: Path) -> pd.DataFrame:
    data = pd.read_csv(shared / "reference" / "data" / "bfi_complete.csv")
    return data[[f"{letter}{number}" for letter in "ACENO" for number in range(1, 6)]]


@pytest.fixture(scope="module")
def base_r(shared: Path) -> dict:
    return json.loads((shared / "reference" / "irt_dif.json").read_text())["careless"]


def test_runs_of_2436_persons(bfi: pd.DataFrame, base_r: dict) -> None:
    longest = screening.longstring(bfi)["estimate"].astype(int)
    assert longest[:20].tolist() == base_r["longstring_first20"]
    counts = {str(length): count for length, count in longest.value_counts().items()}
    assert counts == base_r["longstring_table"]


def test_variability_of_2436_persons(bfi: pd.DataFrame, base_r: dict) -> None:
    values = screening.intra_individual_variability(bfi)["estimate"].to_numpy(dtype=float)
    assert values[:20] == pytest.approx(np.array(base_r["irv_first20"]), abs=1e-12)
    assert values.mean() == pytest.approx(base_r["irv_mean"], abs=1e-12)
    divisor_n = bfi.std(axis=1, ddof=0).to_numpy()[:20]
    assert values[:20] != pytest.approx(divisor_n, abs=1e-3)  # trap: careless-py divides by n


def test_distances_of_2436_persons(bfi: pd.DataFrame, base_r: dict) -> None:
    table = screening.mahalanobis_distance(bfi, certainty=0.999)
    values = table["estimate"].to_numpy(dtype=float)
    assert values[:20] == pytest.approx(np.array(base_r["mahalanobis_first20"]), abs=1e-9)
    assert values.max() == pytest.approx(base_r["mahalanobis_max"], abs=1e-9)
    assert table["flagged"].sum() == base_r["mahalanobis_flag_001"] == 84


def test_even_odd_of_2436_persons_is_turned_round_and_held_at_minus_one(bfi: pd.DataFrame, base_r: dict) -> None:
    """R's value is high for consistent persons and falls to -1.13 for one; ours is high for careless ones."""
    keyed = bfi.copy()
    keyed[REVERSED] = 7 - keyed[REVERSED]
    values = screening.even_odd_consistency(keyed, [5] * 5)["estimate"].to_numpy(dtype=float)[:20]
    theirs = np.array(base_r["even_odd_first20"])
    assert theirs.min() < -1
    assert values == pytest.approx(-np.maximum(theirs, -1), abs=1e-12)
    assert values.max() == 1
