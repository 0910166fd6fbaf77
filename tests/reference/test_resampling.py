"""Resampling against closed forms, published intervals and scipy."""

from __future__ import annotations

import numpy as np
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.resampling import bootstrap_interval, bootstrap_weights, jackknife_interval

# Law school data, 15 schools (Efron & Tibshirani, 1993, table 3.1)
LSAT = np.array([576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594.0])
GPA = np.array([339, 330, 281, 303, 344, 307, 300, 343, 336, 313, 312, 274, 276, 288, 296.0])


def mean(totals):
    return totals[:, 0] / totals[:, 1]


def mean_table(values):
    return np.column_stack([values, np.ones(len(values))])


def correlation(totals):
    x, y, xy, xx, yy, n = totals.T
    r = np.full(len(totals), np.nan)
    spread = (xx - x**2 / n) * (yy - y**2 / n)
    np.divide(xy - x * y / n, np.sqrt(np.maximum(spread, 0)), out=r, where=spread > 1e-9 * xx * yy)
    return r


def correlation_table(x, y):
    x, y = x - x.mean(), y - y.mean()
    return np.column_stack([x, y, x * y, x * x, y * y, np.ones(len(x))])


def test_jackknife_of_a_mean_is_the_student_interval():
    from scipy import stats

    values = np.random.default_rng(2).normal(size=23)
    ours = jackknife_interval(mean, mean_table(values))
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high), rel=1e-10)


def test_jackknife_error_of_the_law_school_correlation():
    """Efron (1982, table 3.1): jackknife standard error .142."""
    ours = jackknife_interval(correlation, correlation_table(LSAT, GPA))
    assert ours.value == pytest.approx(0.776, abs=5e-4)
    assert (ours.value - ours.low) / 2.1447866879169273 == pytest.approx(0.142, abs=6e-4)


def test_bootstrap_error_of_the_law_school_correlation():
    """Efron & Tibshirani (1993): about .13; here by the central two thirds of the replicates."""
    ours = bootstrap_interval(
        correlation, correlation_table(LSAT, GPA), method="percentile", ci_level=0.6827, n_boot=6000, seed=4
    )
    assert (ours.high - ours.low) / 2 == pytest.approx(0.13, abs=0.012)


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_bootstrap_equals_scipy(method):
    from scipy import stats

    x = np.random.default_rng(1).exponential(size=40)
    y = x + np.random.default_rng(2).exponential(size=40)
    ours = bootstrap_interval(correlation, correlation_table(x, y), method=method, n_boot=9999, seed=1)
    scipy_interval = stats.bootstrap(
        (x, y), lambda a, b: np.corrcoef(a, b)[0, 1], paired=True, vectorized=False, n_resamples=4999,
        method={"bca": "BCa", "percentile": "percentile"}[method], rng=np.random.default_rng(5),
    ).confidence_interval  # fmt: skip
    assert (ours.low, ours.high) == pytest.approx((scipy_interval.low, scipy_interval.high), abs=0.03)


def test_weights_are_multinomial():
    weights = bootstrap_weights(8, 20_000, seed=1)
    assert (weights.sum(axis=1) == 8).all()
    np.testing.assert_allclose(weights.mean(axis=0), 1.0, atol=0.03)
    np.testing.assert_allclose(weights.var(axis=0), 1 - 1 / 8, atol=0.04)
    np.testing.assert_allclose(np.cov(weights[:, :2].T)[0, 1], -1 / 8, atol=0.03)


def test_equal_rows_drawn_together_have_the_same_distribution():
    """Weights of four equal rows add up to the weight of one row that counts four times."""
    together = bootstrap_weights(3, 20_000, seed=1, counts=[4, 1, 3])
    apart = bootstrap_weights(8, 20_000, seed=2)
    assert (together.sum(axis=1) == 8).all()
    np.testing.assert_allclose(together[:, 0].mean(), apart[:, :4].sum(axis=1).mean(), atol=0.04)
    np.testing.assert_allclose(together[:, 0].var(), apart[:, :4].sum(axis=1).var(), atol=0.06)


def test_clusters_widen_the_interval_of_repeated_rows():
    """Five copies of each row carry no more information than one."""
    values = np.random.default_rng(3).normal(size=30)
    copies, label = np.repeat(values, 5), np.repeat(np.arange(30), 5)
    once, clustered = jackknife_interval(mean, mean_table(values)), jackknife_interval(
        mean, mean_table(copies), cluster=label
    )  # fmt: skip
    assert (clustered.low, clustered.high) == pytest.approx((once.low, once.high), rel=1e-10)
    naive = jackknife_interval(mean, mean_table(copies))
    assert naive.high - naive.low < 0.5 * (clustered.high - clustered.low)
    boot = bootstrap_interval(mean, mean_table(copies), cluster=label, seed=1)
    assert boot.high - boot.low == pytest.approx(clustered.high - clustered.low, rel=0.15)


def test_chunks_do_not_change_the_result(monkeypatch):
    from ktss_analysis.psychometrics import draws

    table = mean_table(np.random.default_rng(3).normal(size=50))
    whole = bootstrap_interval(mean, table, seed=7)
    monkeypatch.setattr(draws, "_CELLS_IN_CACHE", 333)
    assert bootstrap_interval(mean, table, seed=7) == whole


def test_undefined_resamples_leave_no_interval():
    """With three different points many resamples have no correlation."""
    table = correlation_table(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]))
    ours = bootstrap_interval(correlation, table, seed=1)
    assert (ours.status, ours.low, ours.high) == ("ok", None, None)
    assert "undefined in" in ours.method
    two = jackknife_interval(correlation, table[[0, 0, 1]])
    assert two.low is None


@pytest.mark.parametrize("function", [bootstrap_interval, jackknife_interval])
def test_bad_input(function):
    assert function(mean, np.ones((1, 2))).status == "too_few"
    assert function(mean, np.ones((0, 2))).status == "too_few"
    assert function(correlation, np.ones((5, 6))).status == "undefined"
    with pytest.raises(StatisticError, match="missing cells"):
        function(mean, [[np.nan, 1], [2, 1]])
    with pytest.raises(StatisticError, match="1 labels for 2 rows"):
        function(mean, [[1, 1], [2, 1]], cluster=["a"])
    with pytest.raises(StatisticError, match=r"ci_level=1\.5"):
        function(mean, [[1, 1], [2, 1]], ci_level=1.5)


def test_limits_are_cut_at_the_bounds():
    ours = jackknife_interval(mean, mean_table(np.array([1.0, 1, 1, 0])), bounds=(0, 1))
    assert (ours.low, ours.high) == (0.0, 1.0)


def test_counts_stand_for_repeated_rows():
    """Rows with counts give the intervals of the rows written out, in their sorted order digit by digit."""
    patterns, often = mean_table(np.array([1.0, 2.0, 4.0])), np.array([5, 7, 3])
    written_out = np.repeat(patterns, often, axis=0)
    for function, options in ((jackknife_interval, {}), (bootstrap_interval, {"seed": 3, "n_boot": 500})):
        short, long = function(mean, patterns, counts=often, **options), function(mean, written_out, **options)
        assert (short.value, short.low, short.high) == pytest.approx((long.value, long.low, long.high), abs=1e-12)
        assert (short.n_used, short.method) == (15, long.method)
    with pytest.raises(StatisticError, match="allowed is one of them"):
        jackknife_interval(mean, patterns, counts=often, cluster=["a", "b", "c"])
    for wrong in ([1, 2], [1, 0, 2], [1, 1.5, 2]):
        with pytest.raises(StatisticError, match="whole number from 1 for each of 3 rows"):
            bootstrap_interval(mean, patterns, counts=wrong)
