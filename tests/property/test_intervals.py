"""What must hold for the intervals of any data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktss_analysis.core import Estimate, StatisticError
from ktss_analysis.psychometrics import intervals
from ktss_analysis.psychometrics.draws import resampled_totals

SHARES = [intervals.wilson_interval, intervals.clopper_pearson_interval]
counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.floats(0.5, 0.999)


@given(counts, levels)
@settings(deadline=None)
def test_shares_are_ordered_and_bounded(case: tuple[int, int], level: float) -> None:
    for function in SHARES:
        share = function(*case, ci_level=level)
        assert 0 <= share.low <= share.value <= share.high <= 1
        assert share.low < share.high


@given(counts, levels)
@settings(deadline=None)
def test_shares_mirror(case: tuple[int, int], level: float) -> None:
    count, n = case
    for function in SHARES:
        share, other = function(count, n, ci_level=level), function(n - count, n, ci_level=level)
        assert share.low == pytest.approx(1 - other.high, abs=1e-12)


@given(counts, st.floats(0.5, 0.98))
@settings(deadline=None)
def test_higher_level_is_wider(case: tuple[int, int], level: float) -> None:
    for function in SHARES:
        narrow, wide = function(*case, ci_level=level), function(*case, ci_level=level + 0.01)
        assert wide.low <= narrow.low + 1e-12
        assert wide.high >= narrow.high - 1e-12


@given(counts)
@settings(deadline=None)
def test_exact_interval_holds_its_promise(case: tuple[int, int]) -> None:
    """At the limits the observed count is exactly as unlikely as the level says."""
    from scipy import stats

    count, n = case
    share = intervals.clopper_pearson_interval(count, n)
    if count:
        assert stats.binom.sf(count - 1, n, share.low) == pytest.approx(0.025)
    if count < n:
        assert stats.binom.cdf(count, n, share.high) == pytest.approx(0.025)


@given(st.lists(counts, min_size=1, max_size=8), levels)
@settings(deadline=None)
def test_vector_and_scalar_agree(cases: list[tuple[int, int]], level: float) -> None:
    low, high = intervals.wilson_limits(*np.array(cases).T, level)
    for index, case in enumerate(cases):
        share = intervals.wilson_interval(*case, ci_level=level)
        assert (share.low, share.high) == (low[index], high[index])


@given(st.floats(-2, 0.999), st.integers(3, 500), st.integers(2, 40))
@settings(deadline=None)
def test_feldt_holds_alpha_and_narrows_with_n(alpha: float, n_persons: int, n_items: int) -> None:
    few, many = (intervals.feldt_interval(alpha, n, n_items) for n in (n_persons, 4 * n_persons))
    assert few.low <= alpha <= few.high <= 1
    assert many.high - many.low < few.high - few.low


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.randoms())
@settings(deadline=None)
def test_median_interval(values: list[int], random: object) -> None:
    median = intervals.median_interval(values)
    shuffled = sorted(values, key=lambda _: random.random())
    assert intervals.median_interval(shuffled) == median
    assert median.value == np.median(values)
    if median.low is not None:
        assert median.low <= median.value <= median.high
        assert len(values) >= 6


@given(st.integers(1, 3000), levels)
@settings(deadline=None)
def test_median_ranks_are_the_narrowest_that_cover(n: int, level: float) -> None:
    from scipy import special

    ranks = intervals.median_ranks(n, level)
    if ranks is None:
        assert 1 - 2 * 0.5**n < level
        return
    rank, coverage = ranks
    assert coverage >= level
    assert 1 <= rank <= (n + 1) / 2
    assert 1 - 2 * special.bdtr(rank, n, 0.5) < level


def test_degenerate_input_has_a_status() -> None:
    absent = [
        intervals.wilson_interval(0, 0),
        intervals.clopper_pearson_interval(0, 0),
        intervals.feldt_interval(0.7, 1, 4),
        intervals.feldt_interval(0.7, 30, 1),
        intervals.median_interval([]),
        intervals.median_interval([np.nan, np.nan]),
    ]
    for estimate in absent:
        assert isinstance(estimate, Estimate)
        assert estimate.status in ("too_few", "undefined")
        assert estimate.reason
    assert intervals.median_interval([np.nan, 3, 4]).n_missing == 1


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (intervals.wilson_interval, (5, 3)),
        (intervals.wilson_interval, (-1, 3)),
        (intervals.clopper_pearson_interval, (1.5, 3)),
        (intervals.feldt_interval, (1.2, 30, 4)),
        (intervals.feldt_interval, (float("nan"), 30, 4)),
        (intervals.median_interval, (["high"],)),
        (intervals.median_interval, ([np.inf],)),
        (intervals.median_interval, ([[1, 2], [3, 4]],)),
    ],
)
def test_wrong_input_is_refused(function: object, arguments: tuple) -> None:
    with pytest.raises(StatisticError):
        function(*arguments)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5])
def test_wrong_level_is_refused(level: float) -> None:
    with pytest.raises(StatisticError, match="ci_level"):
        intervals.wilson_interval(1, 2, ci_level=level)


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_resampled_totals_keep_the_number_of_persons(n_rows: int, seed: int) -> None:
    totals = resampled_totals(np.ones((n_rows, 2)), 30, seed)
    assert totals.shape == (30, 2)
    assert (totals == n_rows).all()


def test_coverage_of_the_wilson_interval() -> None:
    """Exact coverage over all shares stays near the level: no share is far under it at thirty raters."""
    from scipy import stats

    low, high = intervals.wilson_limits(np.arange(31), 30, 0.95)
    shares = np.linspace(0.05, 0.95, 181)
    inside = (low <= shares[:, None]) & (shares[:, None] <= high)
    coverage = (stats.binom.pmf(np.arange(31), 30, shares[:, None]) * inside).sum(axis=1)
    assert coverage.min() > 0.91
    assert coverage.mean() == pytest.approx(0.95, abs=0.01)
