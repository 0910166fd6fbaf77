"""Intervals of alpha and other reliabilities, and persons needed, against statpsych, MBESS, psych and closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics import (
    alpha_sample_size,
    bonett_interval,
    cronbach_alpha,
    feldt_interval,
    fisher_interval,
    reliability_interval,
)


def likert(n: int, seed: int = 1) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    raw = 3 + generator.normal(size=(n, 1)) + generator.normal(size=(n, 5))
    return pd.DataFrame(np.clip(np.rint(raw), 1, 6), columns=list("abcde"))


def test_the_example_of_pingouin() -> None:
    """R25: pingouin prints .592 and .195 to .840 for the data that it ships."""
    import pingouin

    wide = pingouin.read_dataset("cronbach_alpha").pivot(index="Subj", columns="Items", values="Scores")
    alpha = cronbach_alpha(wide)
    assert (alpha.value, alpha.low, alpha.high) == pytest.approx((0.592, 0.195, 0.840), abs=5e-4)


def test_interval_of_a_published_reliability() -> None:
    """R23: statpsych's ci.reliability (reliability .88, SE .0147, n 100) prints .849 and .9066."""
    interval = reliability_interval(0.88, 0.0147, 100)
    assert (interval.low, interval.high) == pytest.approx((0.849, 0.9066), abs=(5e-4))
    assert interval.high == pytest.approx(0.9066, abs=5e-5)


def test_persons_for_a_width() -> None:
    """R20: statpsych's size.ci.cronbach prints 109."""
    assert alpha_sample_size(0.75, 5, width=0.15).value == 109
    interval = bonett_interval(0.75, 109, 5)
    assert interval.high - interval.low == pytest.approx(0.15, abs=2e-3)


def test_persons_for_a_test() -> None:
    """R21: statpsych's size.test.cronbach (alpha .05, power .85, reliability .80, five items, null .7) prints 139.

    The survey of anchors gives that row as .85 against .70 with power .80, which needs 43: it had mixed up two
    arguments of the R call.
    """
    assert alpha_sample_size(0.80, 5, null=0.70, power=0.85).value == 139
    assert alpha_sample_size(0.85, 5, null=0.70, power=0.80).value == 43


def test_planned_power_is_reached() -> None:
    """Parallel normal items at the planned n: the test finds the difference as often as it says."""
    n, k, alpha = 139, 5, 0.80
    common = alpha / (k - alpha * (k - 1))  # correlation of parallel items with this alpha
    generator, rejected = np.random.default_rng(4), 0
    for _ in range(400):
        items = common**0.5 * generator.normal(size=(n, 1)) + (1 - common) ** 0.5 * generator.normal(size=(n, k))
        found = cronbach_alpha(items, ci_method="bonett")
        rejected += found.low > 0.70
    assert rejected / 400 == pytest.approx(0.85, abs=0.055)


def test_bonett_is_feldt_in_the_limit() -> None:
    for n, apart in ((30, 0.012), (300, 0.0012), (30_000, 1.2e-5)):
        one, other = bonett_interval(0.8, n, 6), feldt_interval(0.8, n, 6)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=apart)
        assert (one.low, one.high) != (other.low, other.high)


@pytest.mark.parametrize("method", ["feldt", "bonett"])
def test_the_interval_of_data_is_that_of_their_summary(method: str) -> None:
    data = likert(50)
    alpha = cronbach_alpha(data, ci_method=method)
    summary = {"feldt": feldt_interval, "bonett": bonett_interval}[method](alpha.value, 50, 5)
    assert (alpha.low, alpha.high) == (summary.low, summary.high)
    assert f"{method.capitalize()} interval" in alpha.method


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_bootstrap_of_alpha_is_that_of_a_plain_loop(method: str) -> None:
    """Rows drawn one resample after the other, and BCa as printed: scipy's own bootstrap of the same alpha."""
    data = likert(60, seed=8).to_numpy()

    def alpha(rows: np.ndarray, axis: int = -1) -> np.ndarray:
        whole = data[rows.astype(int)]  # (..., persons, items)
        k = data.shape[1]
        return k / (k - 1) * (1 - whole.var(axis=-2, ddof=1).sum(-1) / whole.sum(-1).var(axis=-1, ddof=1))

    theirs = stats.bootstrap(
        (np.arange(60),), alpha, vectorized=True, n_resamples=9999, rng=np.random.default_rng(1),
        method={"bca": "BCa", "percentile": "percentile"}[method],
    ).confidence_interval  # fmt: skip
    ours = cronbach_alpha(data, ci_method=method, n_boot=9999, seed=2)
    width = theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.06 * width)
    assert ours.value == pytest.approx(float(alpha(np.arange(60))), abs=1e-12)


def test_all_five_intervals_have_one_alpha_and_differ() -> None:
    data = likert(80)
    found = {
        method: cronbach_alpha(data, ci_method=method) for method in ("feldt", "bonett", "adf", "bca", "percentile")
    }
    assert len({estimate.value for estimate in found.values()}) == 1
    assert len({(estimate.low, estimate.high) for estimate in found.values()}) == 5


@pytest.mark.parametrize(("r", "n", "limits"), [(0.8164205, 11, (0.4243912, 0.9506933)), (1.0, 9, (1.0, 1.0))])
def test_fisher_interval(r: float, n: int, limits: tuple[float, float]) -> None:
    """R: cor.test(anscombe$x1, anscombe$y1) prints .4243912 and .9506933."""
    interval = fisher_interval(r, n)
    assert (interval.low, interval.high) == pytest.approx(limits, abs=5e-7)


def test_too_little_to_go_on() -> None:
    assert bonett_interval(0.8, 2, 5).status == "too_few"
    assert bonett_interval(0.8, 30, 1).status == "undefined"
    assert reliability_interval(0.8, 0.1, 1).status == "too_few"
    assert reliability_interval(1.0, 0.0, 30).status == "undefined"
    assert fisher_interval(0.5, 3).status == "too_few"
    perfect = bonett_interval(1.0, 30, 5)
    assert (perfect.low, perfect.value, perfect.high) == (1, 1, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bonett_interval(1.1, 30, 5), "alpha=1.1"),
        (lambda: reliability_interval(0.8, -0.1, 30), "std_error=-0.1"),
        (lambda: reliability_interval(0.8, float("nan"), 30), "std_error=nan"),
        (lambda: fisher_interval(1.2, 30), "correlation=1.2"),
        (lambda: fisher_interval(0.2, -3), "n=-3"),
        (lambda: alpha_sample_size(1.0, 5, width=0.1), "alpha=1.0"),
        (lambda: alpha_sample_size(0.8, 1, width=0.1), "n_items=1"),
        (lambda: alpha_sample_size(0.8, 5), "give either width"),
        (lambda: alpha_sample_size(0.8, 5, width=0.1, null=0.7), "give either width"),
        (lambda: alpha_sample_size(0.8, 5, width=2), "width=2"),
        (lambda: alpha_sample_size(0.8, 5, null=0.8), "null=0.8"),
        (lambda: alpha_sample_size(0.8, 5, null=0.7, power=1), "power=1"),
        (lambda: cronbach_alpha(likert(20), ci_method="exact"), "ci_method='exact'"),
        (lambda: cronbach_alpha(likert(20), ci_method="percentile", n_boot=0), "n_boot=0"),
        (lambda: cronbach_alpha(likert(20), ci_method="percentile", missing="pairwise"), "complete rows"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(StatisticError, match=message):
        call()
