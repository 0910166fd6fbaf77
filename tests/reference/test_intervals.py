"""Intervals against published limits and scipy's exact ones."""

from __future__ import annotations

import doctest
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from ktss_analysis.psychometrics import intervals

# I-CVI at 30 raters: count -> (low, high), three printed digits
WILSON_30 = {
    18: (0.423, 0.754), 19: (0.455, 0.781), 20: (0.488, 0.808), 21: (0.521, 0.833), 22: (0.556, 0.858),
    23: (0.591, 0.882), 24: (0.627, 0.905), 25: (0.664, 0.927), 26: (0.703, 0.947), 27: (0.744, 0.965),
    28: (0.787, 0.982), 29: (0.833, 0.994), 30: (0.886, 1.000),
}  # fmt: skip
# Newcombe (1998), table I: count, n -> Wilson without continuity correction, Clopper-Pearson
NEWCOMBE = {
    (81, 263): ((0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148): ((0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20): ((0.0, 0.1611), (0.0, 0.1684)),
    (1, 29): ((0.0061, 0.1718), (0.0009, 0.1776)),
    (29, 29): ((0.8830, 1.0), (0.8806, 1.0)),
}


def test_doctests_hold() -> None:
    assert doctest.testmod(intervals).failed == 0


@pytest.mark.parametrize(("count", "limits"), WILSON_30.items())
def test_wilson_at_thirty_raters(count: int, limits: tuple[float, float]) -> None:
    share = intervals.wilson_interval(count, 30)
    assert (share.low, share.high) == pytest.approx(limits, abs=5e-4)


@pytest.mark.parametrize(("case", "limits"), NEWCOMBE.items())
def test_newcombe_1998(case: tuple[int, int], limits: tuple[tuple[float, float], tuple[float, float]]) -> None:
    for function, printed in zip((intervals.wilson_interval, intervals.clopper_pearson_interval), limits, strict=True):
        share = function(*case)
        # printed at four digits; his Clopper-Pearson column for 29 of 29 is two-sided like ours
        assert (share.low, share.high) == pytest.approx(printed, abs=6e-5)


@pytest.mark.parametrize(("count", "n", "low"), [(10, 12, 0.552), (15, 20, 0.531), (18, 24, 0.551), (23, 30, 0.591)])
def test_wilson_lower_limits_of_panels_that_pass(count: int, n: int, low: float) -> None:
    assert intervals.wilson_interval(count, n).low == pytest.approx(low, abs=5e-4)


def test_nine_of_twelve_does_not_pass_one_half() -> None:
    assert intervals.wilson_interval(9, 12).low < 0.5


@pytest.mark.parametrize(("n", "needed"), [(24, 22), (26, 23), (28, 25), (30, 26), (36, 31), (40, 34)])
def test_fewest_votes_with_lower_limit_of_seventy(n: int, needed: int) -> None:
    low, _ = intervals.wilson_limits(np.arange(n + 1), n, 0.95)
    assert int(np.argmax(low >= 0.70)) == needed


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("count", "n"), [(0, 7), (3, 7), (7, 7), (41, 90)])
def test_scipy_agrees(count: int, n: int, level: float) -> None:
    exact = stats.binomtest(count, n)
    for function, method in (
        (intervals.wilson_interval, "wilson"),
        (intervals.clopper_pearson_interval, "exact"),
    ):
        ours, theirs = function(count, n, ci_level=level), exact.proportion_ci(level, method)
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-10)


@pytest.mark.parametrize(
    ("alpha", "low", "high"), [(0.60, 0.30, 0.79), (0.70, 0.48, 0.84), (0.80, 0.65, 0.90), (0.90, 0.83, 0.95)]
)
def test_feldt_at_thirty_persons_and_four_items(alpha: float, low: float, high: float) -> None:
    interval = intervals.feldt_interval(alpha, 30, 4)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-3)


def test_feldt_uses_his_degrees_of_freedom_not_those_of_statpsych() -> None:
    interval = intervals.feldt_interval(0.85, 89, 7)
    assert (interval.low, interval.high) == pytest.approx((0.79706, 0.89317), abs=5e-6)
    statpsych = (0.7971254, 0.8931436)  # second df n(k - 1)
    assert (interval.low, interval.high) == pytest.approx(statpsych, abs=5e-4)
    assert (interval.low, interval.high) != pytest.approx(statpsych, abs=1e-5)
    tails = 1 - 0.15 * stats.f.ppf([0.975, 0.025], 88, 88 * 6)
    assert (interval.low, interval.high) == pytest.approx(tuple(tails), abs=1e-10)


@pytest.mark.parametrize(("n", "ranks"), [(30, (10, 21)), (20, (6, 15)), (12, (3, 10)), (10, (2, 9)), (6, (1, 6))])
def test_median_interval_ranks(n: int, ranks: tuple[int, int]) -> None:
    median = intervals.median_interval(np.arange(1, n + 1)[::-1])
    assert (median.low, median.high) == ranks


def test_median_interval_states_the_coverage_reached() -> None:
    assert "coverage 0.957" in intervals.median_interval(range(30)).method


def test_five_values_have_no_interval() -> None:
    median = intervals.median_interval([5, 1, 4, 2, 3])
    assert (median.value, median.low, median.high, median.level) == (3, None, None, None)


@pytest.mark.parametrize(
    ("mean", "n", "scale", "limits"),
    [
        (3.4, 30, (1, 4), (0.706, 0.870)),
        (4.2, 30, (1, 5), (0.720, 0.862)),
        (3.8, 10, (1, 5), (0.546, 0.819)),
        (4.5, 10, (1, 5), (0.73888, 0.94540)),
    ],
)
def test_bounded_mean_limits(mean: float, n: int, scale: tuple[int, int], limits: tuple[float, float]) -> None:
    steps = scale[1] - scale[0]
    low, high = intervals.bounded_mean_limits((mean - scale[0]) / steps, n, steps, 0.95)
    assert (float(low), float(high)) == pytest.approx(limits, abs=5e-4)


def test_wilson_of_r_at_full_precision(shared: Path) -> None:
    """R 4.2.2, prop.test without continuity correction."""
    reference = json.loads((shared / "reference" / "agreement.json").read_text())["wilson"]
    for name, limits in reference.items():
        count, n = map(int, name.split("/"))
        interval = intervals.wilson_interval(count, n)
        assert (interval.low, interval.high) == pytest.approx(tuple(limits), abs=1e-12)


def test_alpha_intervals_of_psych_at_full_precision(shared: Path) -> None:
    reference = json.loads((shared / "reference" / "reliability.json").read_text())["bfi_listwise_within_scale"]
    for scale in reference.values():
        interval = intervals.feldt_interval(scale["total"]["raw_alpha"], scale["n"], scale["k"])
        psych = (scale["feldt"]["lower.ci"], scale["feldt"]["upper.ci"])
        assert (interval.low, interval.high) == pytest.approx(psych, abs=1e-10)
