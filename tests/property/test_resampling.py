"""What must hold for resampling any table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.psychometrics.resampling import bootstrap_interval, bootstrap_weights, jackknife_interval

values = hnp.arrays(float, st.integers(2, 30), elements=st.integers(-9, 9).map(float))


def mean(totals):
    return totals[:, 0] / totals[:, 1]


def table(x):
    return np.column_stack([x, np.ones(len(x))])


@given(values, st.randoms(), st.sampled_from(["bca", "percentile"]))
@settings(max_examples=50, deadline=None)
def test_order_of_rows_does_not_matter(x, random, method):
    shuffled = list(x)
    random.shuffle(shuffled)
    one, other = (bootstrap_interval(mean, table(part), method=method, n_boot=100, seed=1) for part in (x, shuffled))
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)
    assert one.low <= one.value <= one.high


@given(values, st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_intervals_move_with_the_data(x, shift):
    for function in (jackknife_interval, lambda *a: bootstrap_interval(*a, n_boot=100, seed=2)):
        one, other = function(mean, table(x)), function(mean, table(x + shift))
        assert (other.low - shift, other.high - shift) == pytest.approx((one.low, one.high), abs=1e-9)


@given(values, st.data())
@settings(max_examples=40, deadline=None)
def test_single_row_clusters_change_nothing(x, draw):
    labels = draw.draw(st.permutations(range(len(x))))
    one, other = jackknife_interval(mean, table(x)), jackknife_interval(mean, table(x), cluster=labels)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-9)


@given(st.integers(1, 20), st.integers(1, 50), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_weights_are_whole_and_sum_to_n(n, n_boot, seed):
    weights = bootstrap_weights(n, n_boot, seed)
    assert weights.shape == (n_boot, n)
    assert (weights.sum(axis=1) == n).all()
    assert (weights >= 0).all()
    assert (weights % 1 == 0).all()
    np.testing.assert_array_equal(weights, bootstrap_weights(n, n_boot, seed))


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_coverage_of_a_skewed_mean(method):
    """500 samples of 40 exponential values; bootstrap intervals cover a little less than they say."""
    generator = np.random.default_rng(1)
    hits = 0
    for seed in range(500):
        interval = bootstrap_interval(mean, table(generator.exponential(size=40)), method=method, n_boot=400, seed=seed)
        hits += interval.low <= 1 <= interval.high
    assert hits / 500 == pytest.approx(0.93, abs=0.035)
