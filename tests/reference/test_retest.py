"""Retest error, smallest detectable change, limits of agreement and error at a score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.conditional_error import conditional_error
from ktss_analysis.psychometrics.intraclass import icc
from ktss_analysis.psychometrics.retest import (
    limits_of_agreement,
    retest_error,
    retest_summary,
    smallest_detectable_change,
)

# Bland & Altman (1986), table 1: peak flow of 17 persons, large and mini Wright meter, first and second measurement
LARGE = np.array([494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427.0])
LARGE_AGAIN = np.array([490, 397, 512, 401, 470, 611, 415, 431, 638, 429, 420, 633, 275, 492, 165, 372, 421.0])
MINI = np.array([512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451.0])
METERS, TWICE = np.column_stack([MINI, LARGE]), np.column_stack([LARGE, LARGE_AGAIN])


def rows(table, *names):
    return table.set_index("statistic").loc[list(names)]


def scores(n, seed, shift=0.0):
    generator = np.random.default_rng(seed)
    return 3 + generator.standard_normal((n, 1)) + 0.5 * generator.standard_normal((n, 2)) + [0.0, shift]


def test_peak_flow_of_bland_and_altman():
    """They print a mean of -2.1, a standard deviation of 38.8, limits -79.7 and 75.5 with 2 standard deviations."""
    table = rows(limits_of_agreement(METERS), "bias", "lower_limit", "upper_limit")
    sd = (table["estimate"]["upper_limit"] - table["estimate"]["bias"]) / 1.959963984540054
    assert table["estimate"]["bias"] == pytest.approx(-2.1, abs=0.05)
    assert sd == pytest.approx(38.8, abs=0.05)
    assert table["estimate"]["bias"] - 2 * sd == pytest.approx(-79.7, abs=0.06)
    # as printed: 95 % limits of the bias -22.0 to 17.8
    assert table["ci_low"]["bias"] == pytest.approx(-22.0, abs=0.1)
    assert table["ci_high"]["bias"] == pytest.approx(17.8, abs=0.1)


def test_two_measurements_of_bland_and_altman():
    """Standard deviation 21.6 of the differences between repeated measurements, mean taken for zero."""
    assert np.sqrt(((LARGE - LARGE_AGAIN) ** 2).mean()) == pytest.approx(21.6, abs=0.05)
    sd = np.std(LARGE_AGAIN - LARGE, ddof=1)
    assert retest_error(TWICE, kind="consistency").value == pytest.approx(sd / np.sqrt(2), abs=1e-12)


@pytest.mark.parametrize("n", [5, 17, 30, 300])
def test_exact_limits_invert_the_noncentral_t(n):
    """At the ends of the interval the observed limit lies in a tail of 2.5 % of its own distribution."""
    table = rows(limits_of_agreement(scores(n, seed=n)), "bias", "upper_limit")
    data = scores(n, seed=n)
    bias, sd = (data[:, 1] - data[:, 0]).mean(), np.std(data[:, 1] - data[:, 0], ddof=1)
    for end, tail in (("ci_low", 0.025), ("ci_high", 0.975)):
        t = (table[end]["upper_limit"] - bias) / sd * np.sqrt(n)
        assert stats.nct.cdf(t, n - 1, 1.959963984540054 * np.sqrt(n)) == pytest.approx(tail, abs=1e-7)


def test_the_order_of_occasions_turns_the_signs():
    data = scores(30, seed=1)
    one = rows(limits_of_agreement(data), "upper_limit")
    other = rows(limits_of_agreement(data[:, ::-1]), "lower_limit")
    assert other["estimate"].iloc[0] == pytest.approx(-one["estimate"].iloc[0])
    assert other["ci_low"].iloc[0] == pytest.approx(-one["ci_high"].iloc[0])


def test_limits_use_196_and_not_2():
    data = scores(40, seed=2)
    difference = data[:, 1] - data[:, 0]
    upper = rows(limits_of_agreement(data), "upper_limit")["estimate"].iloc[0]
    assert upper == pytest.approx(difference.mean() + 1.959963984540054 * difference.std(ddof=1), abs=1e-12)
    assert upper != pytest.approx(difference.mean() + 2 * difference.std(ddof=1), abs=1e-3)


def test_a_spread_that_grows_shows_in_the_slope():
    generator = np.random.default_rng(3)
    true = generator.uniform(1, 5, 80)
    second = 0.7 * true + 0.1 * generator.standard_normal(80)
    slope = rows(limits_of_agreement(np.column_stack([true, second])), "slope_on_mean")
    expected = stats.linregress((true + second) / 2, second - true)
    assert slope["estimate"].iloc[0] == pytest.approx(expected.slope, abs=1e-12)
    assert slope["ci_high"].iloc[0] == pytest.approx(expected.slope + stats.t.ppf(0.975, 78) * expected.stderr)
    assert slope["ci_high"].iloc[0] < 0


def test_error_is_the_deviation_times_the_unreliable_share():
    """SEM = s * sqrt(1 - ICC) with the variance of the same model."""
    data = scores(50, seed=4, shift=0.8)
    covariance = np.cov(data.T)
    residual = (covariance[0, 0] + covariance[1, 1]) / 2 - covariance[0, 1]
    persons = covariance[0, 1]
    assert icc(data, model="C-1").value == pytest.approx(persons / (persons + residual))
    assert retest_error(data, kind="consistency").value == pytest.approx(np.sqrt(residual))
    a1 = icc(data, model="A-1").value
    agreement = retest_error(data).value
    assert agreement == pytest.approx(np.sqrt(persons / a1 - persons))
    assert agreement > retest_error(data, kind="consistency").value
    assert smallest_detectable_change(data).value == pytest.approx(1.959963984540054 * np.sqrt(2) * agreement)


def test_consistency_error_has_the_chi_square_interval():
    data = scores(30, seed=5)
    error = retest_error(data, kind="consistency")
    low, high = error.value * np.sqrt(29 / stats.chi2.ppf([0.975, 0.025], 29))
    assert (error.low, error.high) == pytest.approx((low, high), abs=1e-12)


def test_jackknife_of_the_agreement_error_leaves_out_persons():
    data = scores(20, seed=6, shift=0.5)
    logs = np.array([np.log(retest_error(np.delete(data, person, axis=0)).value) for person in range(20)])
    error = np.sqrt(19 / 20 * ((logs - logs.mean()) ** 2).sum())
    found = retest_error(data)
    assert found.low == pytest.approx(found.value * np.exp(-stats.t.ppf(0.975, 19) * error), rel=1e-9)


def test_change_of_a_group_and_of_a_person():
    data = scores(25, seed=7)
    person, group = smallest_detectable_change(data), smallest_detectable_change(data, group_size=16)
    assert (group.value, group.low, group.high) == pytest.approx((person.value / 4, person.low / 4, person.high / 4))
    assert "mean of 16 persons" in group.method
    for wrong in (0, 1.5, np.nan):
        with pytest.raises(StatisticError, match="group_size"):
            smallest_detectable_change(data, group_size=wrong)
    with pytest.raises(StatisticError, match="confidence"):
        smallest_detectable_change(data, confidence=95)


def test_summary_holds_the_same_numbers():
    data = scores(40, seed=8)
    table = retest_summary(data).set_index("statistic")
    assert table["estimate"]["icc_agreement"] == icc(data).value
    assert table["estimate"]["correlation"] == pytest.approx(np.corrcoef(data.T)[0, 1])
    assert table["ci_low"]["smallest_detectable_change"] == smallest_detectable_change(data).low
    assert list(table.index[-4:]) == ["bias", "lower_limit", "upper_limit", "slope_on_mean"]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_persons(n):
    data = scores(3, seed=9)[:n]
    for table in (retest_summary(data), limits_of_agreement(data)):
        assert set(table["status"]) == {"too_few"}
        assert table["estimate"].isna().all()


def test_no_difference_at_all():
    """Everybody answers the same twice: no error, and no pretence of an interval."""
    same = np.repeat([[1.0], [3.0], [4.0], [5.0]], 2, axis=1)
    error = retest_error(same)
    assert (error.value, error.low, error.high) == (0.0, None, None)
    assert smallest_detectable_change(same).value == 0
    table = limits_of_agreement(same).set_index("statistic")
    assert table["estimate"]["upper_limit"] == 0
    assert pd.isna(table["ci_low"]["upper_limit"])
    equal = limits_of_agreement(np.full((5, 2), 3.0)).set_index("statistic")
    assert equal["status"]["slope_on_mean"] == "undefined"
    assert retest_summary(np.full((5, 2), 3.0)).set_index("statistic")["status"]["correlation"] == "undefined"


def test_missing_and_superfluous_columns():
    holed = scores(10, seed=10)
    holed[2, 1] = np.nan
    with pytest.raises(StatisticError, match="cells are missing"):
        retest_summary(holed)
    table = retest_summary(holed, missing="listwise")
    assert set(table["n_used"]) == {9}
    assert set(table["n_missing"]) == {1}
    for function in (limits_of_agreement, retest_summary):
        with pytest.raises(StatisticError, match="3 columns"):
            function(np.ones((5, 3)))
    with pytest.raises(StatisticError, match="repeated measurements need complete rows"):
        retest_error(holed, missing="pairwise")


def test_lord_is_the_case_of_two_categories():
    generator = np.random.default_rng(11)
    answers = (generator.random((200, 12)) < generator.random((200, 1))).astype(float)
    table = conditional_error(answers, score="sum")
    x = table["scale_score"].to_numpy(dtype=float)
    assert table["estimate"].to_numpy(dtype=float) == pytest.approx(np.sqrt(x * (12 - x) / 11), abs=1e-12)
    assert table["n_used"].sum() == 200


def test_mean_squared_error_is_the_absolute_error_variance():
    """Over all persons: (variance of items + residual) / k, items as columns of the two-way table."""
    generator = np.random.default_rng(12)
    answers = np.clip(np.rint(3 + generator.standard_normal((90, 1)) + generator.standard_normal((90, 6))), 1, 5)
    table = conditional_error(answers)
    squared = (table["estimate"] ** 2 * table["n_used"]).sum() / 90
    assert squared == pytest.approx(answers.var(axis=1, ddof=1).mean() / 6, abs=1e-12)
    doubled = conditional_error(answers, score="sum")
    assert (doubled["estimate"] / table["estimate"]).dropna().to_numpy(dtype=float) == pytest.approx(6.0)
    one = table[table["n_used"] == 1]
    assert one["ci_low"].isna().all()
