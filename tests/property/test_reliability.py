"""What must hold for the reliability of any answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.psychometrics.intraclass import icc
from ktss_analysis.psychometrics.lower_bounds import half_splits
from ktss_analysis.psychometrics.one_factor import fit_one_factor
from ktss_analysis.psychometrics.reliability import (
    cronbach_alpha,
    guttman_lambdas,
    omega_total,
    split_half,
    standard_error_of_measurement,
    standardized_alpha,
)

complete = hnp.arrays(
    float, st.tuples(st.integers(4, 30), st.integers(2, 6)), elements=st.integers(1, 5).map(float)
)  # fmt: skip
loadings = hnp.arrays(float, st.integers(3, 8), elements=st.floats(0.3, 2.0))


@given(complete)
@settings(max_examples=80, deadline=None)
def test_alpha_is_icc_c_k(data):
    """Two routes to one number: covariances and mean squares."""
    alpha = cronbach_alpha(data)
    assume(alpha.status == "ok")
    assert alpha.value == pytest.approx(icc(data, model="C-k").value, abs=1e-8)
    assert (alpha.low, alpha.high) == pytest.approx((icc(data, model="C-k").low, icc(data, model="C-k").high), abs=1e-8)


@given(complete)
@settings(max_examples=60, deadline=None)
def test_lambdas_are_ordered(data):
    table = guttman_lambdas(data).set_index("statistic")["estimate"]
    assume(table.notna()["lambda_3"])
    assert table["lambda_1"] <= table["lambda_3"] + 1e-12 or table["lambda_3"] < 0
    assert table["lambda_3"] <= table["lambda_2"] + 1e-12
    assert table["lambda_3"] == pytest.approx(cronbach_alpha(data).value, abs=1e-10)
    assert (table.dropna() <= 1 + 1e-12).all()


@given(
    hnp.arrays(
        float,
        st.tuples(st.integers(5, 20), st.sampled_from([2, 4, 6])),
        elements=st.integers(1, 5).map(float),
    )
)
@settings(max_examples=60, deadline=None)
def test_mean_of_all_equal_splits_is_alpha(data):
    alpha = cronbach_alpha(data)
    assume(alpha.status == "ok")
    table = split_half(data).set_index("statistic")["estimate"]
    assert table["split_half_mean"] == pytest.approx(alpha.value, abs=1e-8)
    assert table["split_half_min"] <= table["split_half_median"] <= table["split_half_max"]


@pytest.mark.parametrize(("k", "expected"), [(2, 1), (4, 3), (5, 10), (6, 10), (9, 126), (10, 126), (16, 6435)])
def test_every_split_is_listed_once(k, expected):
    signs, complete_list = half_splits(k, 10, seed=0)
    assert complete_list
    assert len(signs) == expected
    oriented = {tuple(row if row[0] > 0 else -row) for row in signs}
    assert len(oriented) == expected
    assert set(np.abs(signs.sum(axis=1))) <= {k % 2}


def test_more_than_sixteen_items_are_sampled_with_a_seed():
    data = np.random.default_rng(1).normal(size=(50, 18)) + np.random.default_rng(2).normal(size=(50, 1))
    first, again, other = (split_half(data, n_splits=500, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert first["estimate"].iloc[0] != other["estimate"].iloc[0]
    assert "500 splits drawn with seed 1" in first["method"].iloc[0]
    assert first["estimate"].iloc[0] == pytest.approx(cronbach_alpha(data).value, abs=0.01)


@given(loadings, st.data())
@settings(max_examples=80, deadline=None)
def test_fit_finds_the_model_it_is_given(truth, draw):
    """Population covariances of one factor are reproduced, and omega with them."""
    unique = np.array(draw.draw(st.lists(st.floats(0.2, 3.0), min_size=len(truth), max_size=len(truth))))
    covariance = np.outer(truth, truth) + np.diag(unique)
    fit = fit_one_factor(covariance)
    assert fit.converged, fit.reason
    np.testing.assert_allclose(fit.loadings, truth, rtol=1e-5)
    np.testing.assert_allclose(fit.uniquenesses, unique, rtol=1e-4, atol=1e-6)
    assert fit.discrepancy == pytest.approx(0, abs=1e-9)


def test_equal_covariances_make_omega_alpha():
    """With equal loadings (tau-equivalent items) omega and alpha are the same number."""
    generator = np.random.default_rng(4)
    raw = generator.normal(size=(40, 4))
    raw = (raw - raw.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T)).T)
    data = raw @ np.linalg.cholesky(np.full((4, 4), 0.5) + np.diag([0.5, 0.8, 0.3, 0.6])).T
    assert omega_total(data).value == pytest.approx(cronbach_alpha(data).value, abs=1e-8)
    assert omega_total(data, denominator="observed").value == pytest.approx(cronbach_alpha(data).value, abs=1e-8)


def test_observed_hessian_is_the_derivative_of_the_gradient():
    from ktss_analysis.psychometrics.one_factor import _observed_hessian

    generator = np.random.default_rng(6)
    lam, psi = generator.uniform(0.4, 1.2, 4), generator.uniform(0.3, 1.0, 4)
    sample = np.cov(generator.normal(size=(30, 4)).T)

    def gradient(parameters):
        precision = np.linalg.inv(np.outer(parameters[:4], parameters[:4]) + np.diag(parameters[4:]))
        slope = precision - precision @ sample @ precision
        return np.concatenate([2 * slope @ parameters[:4], np.diagonal(slope)])

    at, step = np.concatenate([lam, psi]), 1e-6
    numeric = np.array([(gradient(at + step * unit) - gradient(at - step * unit)) / (2 * step) for unit in np.eye(8)])
    precision = np.linalg.inv(np.outer(lam, lam) + np.diag(psi))
    np.testing.assert_allclose(_observed_hessian(lam, precision, sample), numeric, atol=1e-6)


def test_robust_and_normal_intervals_agree_for_normal_data():
    generator = np.random.default_rng(7)
    data = generator.normal(size=(20_000, 1)) * [0.9, 0.8, 0.7, 0.6] + 0.7 * generator.normal(size=(20_000, 4))
    for denominator in ("model", "observed"):
        robust, normal = (
            omega_total(data, denominator=denominator, ci_method=method) for method in ("robust", "normal")
        )  # fmt: skip
        assert (robust.high - robust.low) == pytest.approx(normal.high - normal.low, rel=0.03)


@pytest.mark.parametrize("denominator", ["model", "observed"])
def test_robust_error_of_omega_is_near_the_jackknife_error(denominator):
    """Skewed items with correlated residuals, so that neither normality nor the model helps."""
    generator = np.random.default_rng(9)
    data = generator.exponential(size=(200, 1)) + generator.exponential(size=(200, 4))
    data[:, 1] += 0.8 * data[:, 0]
    left_out = [omega_total(np.delete(data, row, axis=0), denominator=denominator).value for row in range(200)]
    jackknife = np.sqrt(199 / 200 * ((np.array(left_out) - np.mean(left_out)) ** 2).sum())
    omega = omega_total(data, denominator=denominator)
    assert (omega.value - omega.low) / 1.959963985 == pytest.approx(jackknife, rel=0.1)


def test_intervals_cover_as_often_as_they_say():
    """600 samples of 120 persons from one factor; 95 % plus or minus four Monte Carlo errors."""
    generator = np.random.default_rng(8)
    lam, psi = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([0.5, 0.6, 0.5, 0.7, 0.8])
    truth_omega = lam.sum() ** 2 / (lam.sum() ** 2 + psi.sum())
    covariance = np.outer(lam, lam) + np.diag(psi)
    truth_alpha = 5 / 4 * (1 - np.trace(covariance) / covariance.sum())
    hits = np.zeros(3)
    for _ in range(600):
        data = generator.normal(size=(120, 1)) * lam + generator.normal(size=(120, 5)) * np.sqrt(psi)
        omega, feldt, adf = omega_total(data), cronbach_alpha(data), cronbach_alpha(data, ci_method="adf")
        hits += [omega.low <= truth_omega <= omega.high, feldt.low <= truth_alpha <= feldt.high,
                 adf.low <= truth_alpha <= adf.high]  # fmt: skip
    np.testing.assert_allclose(hits / 600, 0.95, atol=0.036)


@given(complete, st.integers(0, 3), st.floats(0.5, 3.0))
@settings(max_examples=40, deadline=None)
def test_unit_of_one_item_does_not_change_standardized_alpha(data, column, factor):
    changed = data.copy()
    changed[:, column % data.shape[1]] *= factor
    one, other = standardized_alpha(data), standardized_alpha(changed)
    assert one.status == other.status
    if one.status == "ok":
        assert one.value == pytest.approx(other.value, rel=1e-6, abs=1e-8)


@given(complete)
@settings(max_examples=40, deadline=None)
def test_error_of_the_sum_is_k_times_that_of_the_mean(data):
    mean, total = (standard_error_of_measurement(data, score=score) for score in ("mean", "sum"))
    assume(mean.status == "ok")
    assert total.value == pytest.approx(mean.value * data.shape[1], abs=1e-10)
    assert mean.low <= mean.value <= mean.high
