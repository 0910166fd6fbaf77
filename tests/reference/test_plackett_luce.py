"""Plackett-Luce worths against choix, an independent optimiser, closed forms and planted worths."""

from __future__ import annotations

import doctest
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.plackett_luce import PlackettLuceFit, plackett_luce

NAN = float("nan")


def ranks(*rankings: str, targets: str = "ABCD") -> pd.DataFrame:
    """Return ranks from rankings written as letters, the best first; letters left out are not ranked."""
    rows = [[one.index(target) + 1 if target in one else NAN for target in targets] for one in rankings]
    return pd.DataFrame(rows, columns=list(targets), dtype=float)


def worths(fit: PlackettLuceFit) -> np.ndarray:
    return fit.targets.sort_values("target_id")["estimate"].to_numpy(dtype=float)


COMPLETE = ranks("ABCD", "ABDC", "BACD", "ACBD", "BADC", "CABD", "ADBC", "BCAD", "ABCD", "DABC")
PARTIAL = ranks("AB", "BC", "CD", "DA", "BAD", "CBA", "DCB", "AC")
TOP_ONE = ranks("A", "B", "A", "C", "D", "A", "B")


def drawn(worth: np.ndarray, n: int, seed: int) -> pd.DataFrame:
    """Return rankings of n persons under the model: the order of log worths with Gumbel noise."""
    noisy = worth + np.random.default_rng(seed).gumbel(size=(n, len(worth)))
    order = np.argsort(np.argsort(-noisy, axis=1), axis=1) + 1.0
    return pd.DataFrame(order, columns=[f"S{number:02d}" for number in range(len(worth))])


def test_doctest_holds() -> None:
    assert doctest.testmod(sys.modules[plackett_luce.__module__]).failed == 0


@pytest.mark.parametrize(
    ("data", "unranked", "expected"),
    [
        (COMPLETE, "not_shown", [1.16122143, 0.51901881, -0.62090857, -1.05933166]),
        (PARTIAL, "not_shown", [-0.09186827, 0.02807023, 0.1895743, -0.12577627]),
        (TOP_ONE, "below", [0.65067242, 0.24520731, -0.44793987, -0.44793987]),
    ],
    ids=["complete", "partial", "top one"],
)
def test_worths_of_choix(data: pd.DataFrame, unranked: str, expected: list[float]) -> None:
    """Computed with choix 0.4.1 (ilsr_rankings, ilsr_top1, alpha 0): another algorithm for the same maximum."""
    fit = plackett_luce(data, unranked=unranked, n_boot=20)
    shown = fit.targets.sort_values("target_id")
    known = shown["estimate"].notna().to_numpy()
    assert fit.converged
    assert worths(fit)[known] == pytest.approx(np.array(expected)[known], abs=1e-6)
    assert known.any()


@pytest.mark.parametrize("unranked", ["not_shown", "below"])
@pytest.mark.parametrize("penalty", [0.0, 0.5])
def test_the_likelihood_is_at_its_maximum(unranked: str, penalty: float) -> None:
    """BFGS on the likelihood written out ranking by ranking ends at the same worths."""
    data = drawn(np.array([1.0, 0.3, 0, -0.4, -0.9]), 25, seed=4)
    data = data.mask(data > 3) if unranked == "below" else data.mask(np.random.default_rng(1).random(data.shape) < 0.2)
    matrix = data.to_numpy()

    def minus(theta: np.ndarray) -> float:
        total = penalty * (theta - 2 * np.log1p(np.exp(theta))).sum()
        for row in matrix:
            order = [int(target) for target in np.argsort(row) if not np.isnan(row[target])]
            rest = [target for target in range(5) if np.isnan(row[target])] if unranked == "below" else []
            for place, target in enumerate(order):
                total += theta[target] - np.log(np.exp(theta[order[place:] + rest]).sum())
        return -total

    found = optimize.minimize(minus, np.zeros(5), method="BFGS", options={"gtol": 1e-7})
    fit = plackett_luce(data, unranked=unranked, penalty=penalty, n_boot=20)
    assert worths(fit) == pytest.approx(found.x - found.x.mean(), abs=2e-6)
    if penalty == 0:
        assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-9)


def test_two_targets_are_log_odds() -> None:
    fit = plackett_luce(ranks(*["AB"] * 15, *["BA"] * 5, targets="AB"), n_boot=200)
    theta = worths(fit)
    assert theta[0] - theta[1] == pytest.approx(np.log(3), abs=1e-9)
    error = np.sqrt((fit.targets["quasi_std_error"].astype(float) ** 2).sum())
    assert error == pytest.approx(np.sqrt(1 / 15 + 1 / 5), abs=1e-6)


def test_quasi_errors_give_back_the_variances_of_differences() -> None:
    """With three targets three sums fit three variances exactly: here from the information written by hand."""
    data = drawn(np.array([0.6, 0.0, -0.6]), 40, seed=2)
    fit = plackett_luce(data, n_boot=20)
    theta = worths(fit)
    information = np.zeros((3, 3))
    for row in data.to_numpy():
        left = list(np.argsort(row))
        while len(left) > 1:
            share = np.zeros(3)
            share[left] = np.exp(theta[left]) / np.exp(theta[left]).sum()
            information += np.diag(share) - np.outer(share, share)
            left.pop(0)
    covariance = np.linalg.pinv(information)
    q = fit.targets.sort_values("target_id")["quasi_std_error"].to_numpy(dtype=float) ** 2
    for i, j in ((0, 1), (0, 2), (1, 2)):
        variance = covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]
        assert q[i] + q[j] == pytest.approx(variance, rel=1e-6)


def test_planted_worths_are_found_and_covered() -> None:
    planted = np.array([1.2, 0.8, 0.3, 0.0, -0.3, -0.8, -1.2])
    fit = plackett_luce(drawn(planted, 1500, seed=3), n_boot=100)
    assert worths(fit) == pytest.approx(planted, abs=0.12)
    assert fit.targets["worth"].sum() == pytest.approx(1)
    hits = []
    for seed in range(40):
        table = plackett_luce(drawn(planted, 60, seed), n_boot=200).targets.sort_values("target_id")
        low, high = table["ci_low"].to_numpy(dtype=float), table["ci_high"].to_numpy(dtype=float)
        hits += ((low <= planted) & (planted <= high)).tolist()
    assert np.mean(hits) == pytest.approx(0.94, abs=0.05)


def test_equal_worths_share_a_tier_and_far_ones_do_not() -> None:
    tiers = plackett_luce(drawn(np.array([2.0, 2.0, -1.0, -3.0]), 60, seed=5), n_boot=300).targets
    numbers = tiers.set_index("target_id")["tier"]
    assert numbers["S00"] == numbers["S01"] == 1
    assert numbers["S00"] < numbers["S02"] < numbers["S03"]


def test_a_target_that_always_leads_has_no_finite_worth() -> None:
    """Negative control: Newton's method alone would stop somewhere and look converged."""
    data = ranks("ABCD", "ACBD", "ADCB", "ABDC", "ACDB", "ADBC")
    fit = plackett_luce(data, n_boot=50)
    assert (fit.status, fit.converged, fit.log_likelihood) == ("undefined", False, None)
    assert "'A': never below any other target" in fit.reason
    assert fit.targets["estimate"].isna().all()
    penalised = plackett_luce(data, penalty=0.5, n_boot=200)
    assert (penalised.status, penalised.penalty, penalised.converged) == ("ok", 0.5, True)
    assert penalised.targets["target_id"][0] == "A"
    assert "0.5 pseudo-wins and losses" in penalised.targets["method"][0]
    assert penalised.targets[["ci_low", "ci_high"]].notna().all().all()


def test_two_groups_that_nobody_compared_are_not_connected() -> None:
    split = ranks(*["AB", "BA"] * 3, *["CD", "DC"] * 3)
    assert plackett_luce(split, n_boot=20).status == "undefined"
    unseen = ranks(*["AB", "BA"] * 3, targets="ABC")
    assert "nobody compared target 'C'" in plackett_luce(unseen, n_boot=20).reason


def test_a_strong_penalty_makes_worths_equal() -> None:
    assert worths(plackett_luce(COMPLETE, penalty=1e6, n_boot=20)) == pytest.approx(0, abs=1e-4)


def test_resamples_without_finite_worths_leave_no_limits() -> None:
    """One person alone puts B before A: a third of the resamples miss that person."""
    fit = plackett_luce(ranks(*["AB"] * 6, "BA", targets="AB"), n_boot=200)
    assert fit.status == "ok"
    assert fit.targets["ci_low"].isna().all()
    assert fit.targets["tier"].isna().all()


def test_only_the_order_counts() -> None:
    one, other = plackett_luce(COMPLETE, n_boot=50), plackett_luce(COMPLETE**2 * 10, n_boot=50)
    pd.testing.assert_frame_equal(one.targets, other.targets)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plackett_luce([[1, 1, 2]] * 6), "row 1 gives two targets one rank"),
        (lambda: plackett_luce(COMPLETE, penalty=-1), "penalty=-1"),
        (lambda: plackett_luce(COMPLETE, unranked="last"), "unranked='last'"),
        (lambda: plackett_luce(COMPLETE, n_boot=0), "n_boot=0"),
        (lambda: plackett_luce([["first", "second"]]), "ranks"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(StatisticError, match=message):
        call()


def test_four_persons_are_too_few() -> None:
    fit = plackett_luce(COMPLETE.head(4))
    assert (fit.status, fit.n_used) == ("too_few", 4)
    assert set(fit.targets["status"]) == {"too_few"}
