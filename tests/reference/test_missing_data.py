"""Missing data: airquality against naniar (R), an independent optimiser, and what must hold for any data."""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.missing_data import em_moments, little_mcar, missing_patterns
from ktss_analysis.psychometrics.pattern_totals import pattern_totals

# R's data set airquality: New York, May to September 1973 (Chambers et al., 1983); - is missing
OZONE = """
    41 36 12 18 - 28 23 19 8 - 7 16 11 14 18 14 34 6 30 11 1 11 4 32 - - - 23 45 115 37 - - - - - - 29 - 71 39 - -
    23 - - 21 37 20 12 13 - - - - - - - - - - 135 49 32 - 64 40 77 97 97 85 - 10 27 - 7 48 35 61 79 63 16 - - 80 108
    20 52 82 50 64 59 39 9 16 78 35 66 122 89 110 - - 44 28 65 - 22 59 23 31 44 21 9 - 45 168 73 - 76 118 84 85 96
    78 73 91 47 32 20 23 21 24 44 21 28 9 13 46 18 13 24 16 13 23 36 7 14 30 - 14 18 20
"""

SOLAR = """
    190 118 149 313 - - 299 99 19 194 - 256 290 274 65 334 307 78 322 44 8 320 25 92 66 266 - 13 252 223 279 286 287
    242 186 220 264 127 273 291 323 259 250 148 332 322 191 284 37 120 137 150 59 91 250 135 127 47 98 31 138 269
    248 236 101 175 314 276 267 272 175 139 264 175 291 48 260 274 285 187 220 7 258 295 294 223 81 82 213 275 253
    254 83 24 77 - - - 255 229 207 222 137 192 273 157 64 71 51 115 244 190 259 36 255 212 238 215 153 203 225 237
    188 167 197 183 189 95 92 252 220 230 259 236 259 238 24 112 237 224 27 238 201 238 14 139 49 20 193 145 191 131
    223
"""

WIND = """
    7.4 8 12.6 11.5 14.3 14.9 8.6 13.8 20.1 8.6 6.9 9.7 9.2 10.9 13.2 11.5 12 18.4 11.5 9.7 9.7 16.6 9.7 12 16.6
    14.9 8 12 14.9 5.7 7.4 8.6 9.7 16.1 9.2 8.6 14.3 9.7 6.9 13.8 11.5 10.9 9.2 8 13.8 11.5 14.9 20.7 9.2 11.5 10.3
    6.3 1.7 4.6 6.3 8 8 10.3 11.5 14.9 8 4.1 9.2 9.2 10.9 4.6 10.9 5.1 6.3 5.7 7.4 8.6 14.3 14.9 14.9 14.3 6.9 10.3
    6.3 5.1 11.5 6.9 9.7 11.5 8.6 8 8.6 12 7.4 7.4 7.4 9.2 6.9 13.8 7.4 6.9 7.4 4.6 4 10.3 8 8.6 11.5 11.5 11.5 9.7
    11.5 10.3 6.3 7.4 10.9 10.3 15.5 14.3 12.6 9.7 3.4 8 5.7 9.7 2.3 6.3 6.3 6.9 5.1 2.8 4.6 7.4 15.5 10.9 10.3 10.9
    9.7 14.9 15.5 6.3 10.9 11.5 6.9 13.8 10.3 10.3 8 12.6 9.2 10.3 10.3 16.6 6.9 13.2 14.3 8 11.5
"""

TEMP = """
    67 72 74 62 56 66 65 59 61 69 74 69 66 68 58 64 66 57 68 62 59 73 61 61 57 58 57 67 81 79 76 78 74 67 84 85 79
    82 87 90 87 93 92 82 80 79 77 72 65 73 76 77 76 76 76 75 78 73 80 77 83 84 85 81 84 83 83 88 92 92 89 82 73 81
    91 80 81 82 84 87 85 74 81 82 86 85 82 86 88 86 83 81 81 81 82 86 85 87 89 90 90 92 86 86 82 80 79 77 79 76 78
    78 77 72 75 79 81 86 88 97 94 96 94 91 92 93 93 87 84 80 78 75 73 81 76 77 71 71 78 67 76 68 82 64 71 81 69 63
    70 77 75 76 68
"""
DAYS = {5: 31, 6: 30, 7: 31, 8: 31, 9: 30}
NAN = float("nan")


def airquality() -> pd.DataFrame:
    columns = {"Ozone": OZONE, "Solar.R": SOLAR, "Wind": WIND, "Temp": TEMP}
    frame = pd.DataFrame(
        {name: [NAN if cell == "-" else float(cell) for cell in text.split()] for name, text in columns.items()}
    )
    frame["Month"] = np.repeat(list(DAYS), list(DAYS.values())).astype(float)
    frame["Day"] = np.concatenate([np.arange(1.0, days + 1) for days in DAYS.values()])
    return frame


def test_little_of_airquality() -> None:
    """M1: naniar prints 35.1, df 14, p .00142 and 4 patterns; exact maximum likelihood has 35.1062 and .0014178."""
    test = little_mcar(airquality())
    assert test.estimate.value == pytest.approx(35.1062, abs=5e-5)
    assert (test.df, test.n_patterns, test.estimate.n_used) == (14, 4, 153)
    assert test.p_value == pytest.approx(0.0014178, abs=5e-8)


def test_trap_unbiased_covariances_make_the_chi_square_smaller() -> None:
    test = little_mcar(airquality())
    assert test.estimate.value * 152 / 153 == pytest.approx(34.87672, abs=5e-5)
    assert test.p_value != pytest.approx(0.001439, abs=1e-5)  # pyampute and mcartest: not exact


def test_patterns_of_airquality() -> None:
    table = missing_patterns(airquality())
    assert table["pattern"].tolist() == ["111111", "011111", "101111", "001111"]
    assert table["missing_items"].tolist() == ["", "Ozone", "Solar.R", "Ozone|Solar.R"]
    assert table["n_persons"].tolist() == [111, 35, 5, 2]
    assert table["estimate"].sum() == pytest.approx(1)


def holed(n: int, k: int, share: float, seed: int) -> np.ndarray:
    """Return correlated normal items with cells missing completely at random."""
    generator = np.random.default_rng(seed)
    data = 3 + 0.8 * generator.normal(size=(n, 1)) + generator.normal(size=(n, k)) * (1 + np.arange(k) / k)
    data[generator.random(data.shape) < share] = np.nan
    return data


def test_moments_are_the_maximum_of_the_likelihood() -> None:
    """BFGS over means and a Cholesky factor, person by person, ends in the same place with the same likelihood."""
    data = holed(60, 3, 0.2, seed=2)
    k, lower = 3, np.tril_indices(3)

    def minus_log_likelihood(parameters: np.ndarray) -> float:
        factor = np.zeros((k, k))
        factor[lower] = parameters[k:]
        covariance, total = factor @ factor.T, 0.0
        for row in data:
            seen = ~np.isnan(row)
            if seen.any():
                total += stats.multivariate_normal.logpdf(
                    row[seen], parameters[:k][seen], covariance[np.ix_(seen, seen)]
                )
        return -total

    start = np.r_[np.nanmean(data, axis=0), np.diag(np.nanstd(data, axis=0))[lower]]
    found = optimize.minimize(minus_log_likelihood, start, method="BFGS", options={"gtol": 1e-4})
    ours = em_moments(data)
    factor = np.zeros((k, k))
    factor[lower] = found.x[k:]
    assert ours.converged
    assert ours.mean == pytest.approx(found.x[:k], abs=2e-4)
    assert ours.covariance == pytest.approx(factor @ factor.T, abs=5e-4)
    assert ours.log_likelihood == pytest.approx(-found.fun, abs=1e-5)
    assert ours.log_likelihood >= -found.fun - 1e-8


def test_complete_answers_give_plain_moments() -> None:
    data = holed(40, 4, 0.0, seed=3)
    ours = em_moments(data)
    assert ours.mean == pytest.approx(data.mean(axis=0), abs=1e-12)
    assert ours.covariance == pytest.approx(np.cov(data.T, bias=True), abs=1e-12)
    normal = stats.multivariate_normal(data.mean(axis=0), np.cov(data.T, bias=True))
    assert ours.log_likelihood == pytest.approx(normal.logpdf(data).sum(), abs=1e-9)
    assert (ours.iterations, ours.n_patterns) == (1, 1)


def test_two_items_of_which_one_has_gaps_have_a_closed_form() -> None:
    """Anderson (1957): the moments of the item with gaps follow from its regression on the complete one."""
    data = holed(50, 2, 0.0, seed=4)
    data[35:, 1] = np.nan
    x, y = data[:35, 0], data[:35, 1]
    slope = np.cov(x, y, bias=True)[0, 1] / x.var()
    whole = data[:, 0]
    ours = em_moments(data, tolerance=1e-12)
    assert ours.mean[1] == pytest.approx(y.mean() + slope * (whole.mean() - x.mean()), abs=1e-9)
    variance = y.var() + slope**2 * (whole.var() - x.var())
    assert ours.covariance[1] == pytest.approx([slope * whole.var(), variance], abs=1e-9)


@given(st.integers(0, 1000), st.integers(1, 59))
@settings(max_examples=25, deadline=None)
def test_totals_of_chunks_add_up(seed: int, cut: int) -> None:
    data = holed(60, 4, 0.25, seed)
    whole, parts = pattern_totals(data), pattern_totals(data[cut:]) + pattern_totals(data[:cut])
    assert (whole.answered == parts.answered).all()
    assert (whole.counts == parts.counts).all()
    assert whole.means == pytest.approx(parts.means, abs=1e-12)
    assert whole.products == pytest.approx(parts.products, abs=1e-10)
    assert whole.n_empty == parts.n_empty == np.isnan(data).all(axis=1).sum()
    assert little_mcar(parts).estimate.value == pytest.approx(little_mcar(data).estimate.value, abs=1e-6)


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_a_step_never_lowers_the_likelihood(seed: int) -> None:
    data = holed(40, 3, 0.3, seed)
    values = [em_moments(data, max_iterations=steps).log_likelihood for steps in (1, 2, 4, 8, 300)]
    assert values == sorted(values)
    assert not em_moments(data, max_iterations=1).converged


def test_size_of_the_test_when_the_null_holds_and_power_when_not() -> None:
    """200 data sets: 5 % are rejected when answers fall out at random, most when they depend on another item."""
    rejected = np.zeros(2)
    for seed in range(200):
        random = holed(120, 3, 0.0, seed)
        depends = random.copy()
        random[np.random.default_rng(seed + 1).random(120) < 0.25, 2] = np.nan
        depends[depends[:, 0] > np.quantile(depends[:, 0], 0.75), 2] = np.nan
        rejected += [little_mcar(data, tolerance=1e-6).p_value < 0.05 for data in (random, depends)]
    assert rejected[0] / 200 == pytest.approx(0.05, abs=0.046)  # three Monte Carlo errors
    assert rejected[1] / 200 > 0.95


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (np.zeros((0, 3)), "too_few", "0 person(s) with an answer; needs more than the 3 items"),
        (np.full((5, 2), NAN), "too_few", "0 person(s)"),
        (holed(3, 4, 0.0, 1), "too_few", "3 person(s) with an answer; needs more than the 4 items"),
        ([[1, 2], [2, NAN], [3, NAN], [4, NAN]], "too_few", "item 'V2': 1 answer(s); needs 2"),
        ([[1, NAN], [2, NAN], [NAN, 3], [NAN, 5]], "undefined", "'V1' and 'V2': answered together by 0"),
        ([[1, 2], [1, 3], [1, NAN], [1, 5]], "undefined", "item 'V1': everybody gave the same answer"),
        ([[1, 2], [2, 4], [3, 6], [4, NAN], [5, 10]], "undefined", "singular"),
        ([[1, 2], [2, 3], [3, 7], [4, 1]], "undefined", "no answer is missing"),
    ],
)
def test_no_number_without_a_reason(data: object, status: str, words: str) -> None:
    test = little_mcar(data)
    assert (test.estimate.status, test.df, test.p_value) == (status, None, None)
    assert words in test.estimate.reason
    if "no answer" not in words:
        moments = em_moments(data)
        assert (moments.status, moments.log_likelihood, moments.converged, len(moments.items)) == (
            status,
            None,
            False,
            0,
        )
        assert words in moments.reason


def test_a_stop_before_convergence_is_no_test() -> None:
    test = little_mcar(holed(60, 4, 0.25, 1), max_iterations=2)
    assert (test.estimate.status, test.estimate.value) == ("undefined", None)
    assert "did not converge in 2 steps" in test.estimate.reason


def test_refusals() -> None:
    with pytest.raises(StatisticError, match="tolerance=0"):
        em_moments([[1, 2], [2, 1]], tolerance=0)
    with pytest.raises(StatisticError, match="infinite"):
        little_mcar([[1, np.inf], [2, 1]])
    with pytest.raises(StatisticError, match="items differ: V1, V2 and V1"):
        pattern_totals([[1, 2]]) + pattern_totals([[1]])


def test_more_patterns_than_memory_should_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[pattern_totals.__module__], "MOST_CELLS", 50)
    with pytest.raises(StatisticError, match="patterns of missing answers over 4 items are too many"):
        missing_patterns(holed(60, 4, 0.3, 1))


def test_many_persons_cost_one_pass() -> None:
    """Steps of the algorithm see patterns, not persons: ten times the persons cost little more than one pass."""
    data = holed(100_000, 6, 0.05, seed=5)
    began = time.perf_counter()
    totals = pattern_totals(data)
    assert len(totals.counts) <= 2**6
    assert little_mcar(totals).estimate.status == "ok"
    assert time.perf_counter() - began < 5
