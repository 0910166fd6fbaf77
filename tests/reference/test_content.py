"""Content validity against published tables."""

from __future__ import annotations

import doctest
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics import content

# exact one-sided .05, method of Ayre and Scally (2014)
CRITICAL = {
    5: 5, 6: 6, 7: 7, 8: 7, 9: 8, 10: 9, 11: 9, 12: 10, 13: 10, 14: 11, 15: 12, 16: 12, 17: 13, 18: 13,
    19: 14, 20: 15, 25: 18, 28: 19, 29: 20, 30: 20, 35: 23, 40: 26,
}  # fmt: skip
CRITICAL_RATIO = {
    5: 1, 6: 1, 7: 1, 8: 0.75, 9: 0.778, 10: 0.80, 11: 0.636, 12: 0.667, 13: 0.538, 14: 0.571, 15: 0.60,
    16: 0.50, 17: 0.529, 18: 0.444, 19: 0.474, 20: 0.50, 25: 0.44, 28: 0.357, 29: 0.379, 30: 0.333, 35: 0.314,
    40: 0.30,
}  # fmt: skip
LAWSHE_1975 = {10: 0.62, 15: 0.49, 20: 0.42, 25: 0.37, 40: 0.29}
# (N, A) -> P_c
CHANCE = {
    (3, 3): 0.125, (4, 3): 0.25, (5, 4): 0.15625, (6, 5): 0.09375, (7, 6): 0.05469, (8, 7): 0.03125,
    (9, 7): 0.07031, (10, 8): 0.04395, (10, 9): 0.010, (10, 7): 0.117, (9, 6): 0.164,
}  # fmt: skip
KAPPA = {
    (4, 3): 0.667, (5, 4): 0.763, (6, 5): 0.816, (7, 6): 0.849, (8, 6): 0.719, (9, 6): 0.601, (10, 7): 0.660,
    (10, 8): 0.791, (10, 9): 0.90, (9, 7): 0.76,
}  # fmt: skip


def panel(n: int, agree: int, yes: float = 4, no: float = 1) -> list[list[float]]:
    return [[yes]] * agree + [[no]] * (n - agree)


def test_doctests_hold() -> None:
    assert doctest.testmod(content).failed == 0


def test_scale_cvi_of_pmc7253559_table_4() -> None:
    ratings = np.full((6, 12), 4)
    ratings[0, 2] = ratings[3, 7] = 2
    assert content.scale_cvi(ratings).value == pytest.approx(0.97222, abs=5e-6)
    assert content.scale_cvi(ratings, variant="universal").value == pytest.approx(0.83333, abs=5e-6)
    assert content.item_cvi(ratings)["estimate"][2] == pytest.approx(0.83, abs=5e-3)


@pytest.mark.parametrize(("case", "chance"), CHANCE.items())
def test_chance_agreement(case: tuple[int, int], chance: float) -> None:
    row = content.modified_kappa(panel(*case)).iloc[0]
    digits = 5e-6 if len(str(chance)) > 5 else 5e-4
    assert row["chance_agreement"] == pytest.approx(chance, abs=digits)


@pytest.mark.parametrize(("case", "kappa"), KAPPA.items())
def test_modified_kappa(case: tuple[int, int], kappa: float) -> None:
    digits = 5e-3 if len(str(kappa)) < 5 else 5e-4
    assert content.modified_kappa(panel(*case))["estimate"][0] == pytest.approx(kappa, abs=digits)


@pytest.mark.parametrize("agree", range(21, 31))
def test_modified_kappa_adds_nothing_at_thirty(agree: int) -> None:
    row = content.modified_kappa(panel(30, agree)).iloc[0]
    assert abs(row["estimate"] - agree / 30) <= 0.005


@pytest.mark.parametrize(("n", "count"), CRITICAL.items())
def test_critical_counts(n: int, count: int) -> None:
    critical = content.critical_cvr(n)
    assert critical.count == count
    assert critical.ratio == pytest.approx(CRITICAL_RATIO[n], abs=5e-4)


@pytest.mark.parametrize(("n", "ratio"), LAWSHE_1975.items())
def test_trap_lawshe_1975_is_not_returned(n: int, ratio: float) -> None:
    assert content.critical_cvr(n).ratio != pytest.approx(ratio, abs=9e-3)


def test_trap_wilson_2012_prints_a_ratio_no_panel_of_thirteen_can_have() -> None:
    assert content.critical_cvr(13).ratio == pytest.approx(2 * 10 / 13 - 1)
    assert content.critical_cvr(13).ratio != pytest.approx(0.456, abs=0.05)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_no_count_is_enough_under_five(n: int) -> None:
    with pytest.raises(StatisticError, match="ask more raters"):
        content.critical_cvr(n)


@pytest.mark.parametrize(("n", "count", "ratio", "tail"), [(30, 20, 0.333, 0.049), (40, 26, 0.300, 0.040)])
def test_content_validity_ratio(n: int, count: int, ratio: float, tail: float) -> None:
    row = content.content_validity_ratio(panel(n, count, 3, 2)).iloc[0]
    assert row["estimate"] == pytest.approx(ratio, abs=5e-4)
    assert row["tail_probability"] == pytest.approx(tail, abs=5e-4)
    assert row["n_essential"] == row["n_essential_needed"] == count


def test_content_validity_ratio_of_zero_and_all_votes() -> None:
    votes = pd.DataFrame({"none": [0] * 8, "all": [1] * 8})
    table = content.content_validity_ratio(votes, scale=(0, 1), essential_from=1)
    assert table["estimate"].tolist() == [-1, 1]
    assert table["tail_probability"].tolist() == pytest.approx([1, 2**-8])


@pytest.mark.parametrize(
    ("values", "scale", "v", "limits"),
    [
        ([4] * 12 + [3] * 18, (1, 4), 0.80, (0.706, 0.870)),
        ([5] * 6 + [4] * 24, (1, 5), 0.80, (0.720, 0.862)),
        ([4] * 8 + [3] * 2, (1, 5), 0.70, (0.546, 0.819)),
        ([5] * 5 + [4] * 5, (1, 5), 0.875, (0.73888, 0.94540)),
    ],
)
def test_aiken_v(values: list[int], scale: tuple[int, int], v: float, limits: tuple[float, float]) -> None:
    row = content.aiken_v([[x] for x in values], scale=scale).iloc[0]
    assert row["estimate"] == pytest.approx(v, abs=1e-12)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(limits, abs=5e-4)


@pytest.mark.parametrize("name", ["s1.xlsx", "s2.xlsx"])
def test_cvi_of_third_party_files(shared: Path, name: str) -> None:
    folder = shared / "data" / "cvijmv-samples"
    expected = json.loads((folder / "reference_py.json").read_text())[name]
    ratings = pd.read_excel(folder / name, engine="calamine")[list(expected["I_CVI"])]
    table = content.item_cvi(ratings)
    assert dict(zip(table["target_id"], table["estimate"], strict=True)) == pytest.approx(expected["I_CVI"])
    assert content.scale_cvi(ratings).value == pytest.approx(expected["S_CVI_Ave"])
    assert content.scale_cvi(ratings, variant="universal").value == pytest.approx(expected["S_CVI_UA"])
