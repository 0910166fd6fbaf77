"""The harness that measures coverage: intervals known to hold, and ones known not to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks import coverage
from ktss_analysis.core import Estimate


def normal(generator, n):
    """Normal scores."""
    return generator.standard_normal(n)


def student(data, factor=1.0):
    reach = factor * stats.t.ppf(0.975, len(data) - 1) * data.std(ddof=1) / np.sqrt(len(data))
    return Estimate(float(data.mean()), float(data.mean() - reach), float(data.mean() + reach), 0.95)


def test_an_exact_interval_holds_and_a_narrow_one_is_marked():
    case = coverage.Case("mean, Student", normal, student)
    found = coverage.measure(case, 20, 1000, truth=0.0)
    assert abs(found.coverage - 0.95) < 4 * found.error
    assert not found.is_short
    narrow = coverage.Case("mean, half", normal, lambda data: student(data, 0.5))
    halved = coverage.measure(narrow, 20, 1000, truth=0.0)
    assert halved.coverage == pytest.approx(0.67, abs=0.05)
    assert halved.is_short
    lines = coverage.lessons([found, halved])
    assert len(lines) == 2
    assert "`mean, half` covers less than it claims at n = 20" in lines[0]
    assert "other 1 of 2 rows" in lines[1]


def test_samples_without_an_interval_are_counted_and_not_covered():
    case = coverage.Case("some", normal, lambda data: student(data) if data[0] > 0 else Estimate(float(data.mean())))
    found = coverage.measure(case, 10, 200, truth=0.0)
    assert 60 < found.without < 140
    assert found.samples == 200
    assert found.coverage > 0.9


def test_a_case_is_registered_with_its_population():
    before = len(coverage.CASES)
    try:
        coverage.interval("mean", normal)(student)
        assert coverage.CASES[-1].population is normal
        assert coverage.true_value(coverage.CASES[-1]) == pytest.approx(0, abs=0.01)
    finally:
        del coverage.CASES[before:]
    assert len({(case.name, case.population) for case in coverage.CASES}) == len(coverage.CASES)


@pytest.mark.parametrize("name", [
    "icc, A-1, f", "icc, C-1, available, jackknife", "krippendorff_alpha, ordinal, jackknife", "gwet_ac, analytic",
    "retest_error, consistency",
])  # fmt: skip
def test_registered_intervals_are_near_their_level(name):
    """A coarse check at n = 60 (the page has the fine one): a wrong formula misses by far more."""
    case = next(case for case in coverage.CASES if case.name == name)
    truth = coverage.true_value(case)
    found = coverage.measure(case, 60, 200, truth=truth)
    assert found.coverage > 0.88


def test_the_page_says_what_was_measured():
    text = coverage.page([coverage.Coverage("mean, half", "Normal scores", 20, 1000, 3, 0.67, 0.16, 0.17, 0.4)])
    row = "| `mean, half` | Normal scores | 20 | 0.670 (0.015) | **short** | 0.160 | 0.170 | 0.400 | 3 | 1000 |"
    assert row in text


def test_what_the_shipped_page_says_follows_from_its_table(repo):
    """Read back from the table, the lessons are the same text, and every row is a case that can be measured again."""
    text = (repo / "docs" / "interval-coverage.md").read_text(encoding="utf-8")
    found = coverage.read_rows(text)
    marks = [line.split(" | ")[4].strip() for line in text.splitlines() if line.startswith("| `")]
    assert [one.is_short for one in found] == ["short" in mark for mark in marks]
    assert [one.is_judged for one in found] == ["too few" not in mark for mark in marks]
    assert {(case.name, coverage._title(case.population)) for case in coverage.CASES} >= {
        (one.name, one.population) for one in found
    }
    assert len(found) > 100
    assert text.startswith(coverage.INTRODUCTION + "\n".join(coverage.lessons(found)))
    assert {one.n for one in found} == set(coverage.SIZES)
    assert coverage.page(found) == text


def test_an_interval_that_is_seldom_given_is_not_judged():
    never = coverage.Case("never", normal, lambda data: Estimate(float(data.mean())))
    found = coverage.measure(never, 10, 30, truth=0.0)
    assert found.without == 30
    assert not found.is_judged
    assert not found.is_short
    lines = coverage.lessons([found])
    assert "`never` seldom gives an interval at n = 10 (Normal scores): 30 of 30 without" in lines[0]
    assert "other 0 of 1 rows" in lines[1]
    assert coverage.page(coverage.read_rows(coverage.page([found]))) == coverage.page([found])


def test_rows_measured_again_take_the_place_of_the_old():
    names = [(case.name, coverage._title(case.population)) for case in coverage.CASES[:3]]
    old = [coverage.Coverage(*name, 30, 600, 0, 0.95, 0.02, 0.03, 0.4) for name in names]
    new = [coverage.Coverage(*names[1], n, 600, 0, 0.91, 0.05, 0.04, 0.3) for n in (30, 60)]
    gone = coverage.Coverage("no such interval", "nobody", 30, 600, 0, 0.95, 0.02, 0.03, 0.4)
    assert coverage.merged([*old, gone], new) == [old[0], *new, old[2]]
