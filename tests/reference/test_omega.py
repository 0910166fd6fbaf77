"""Omega hierarchical, categorical and latent omega, ordinal alpha and the greatest lower bound against R."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.greatest_lower_bound import greatest_lower_bound, largest_error_variances
from ktss_analysis.psychometrics.lower_bounds import guttman_lambdas
from ktss_analysis.psychometrics.ordinal_factor import fit_ordinal_factor, pair_tables, resampled_tables
from ktss_analysis.psychometrics.ordinal_reliability import categorical_omega, latent_omega, ordinal_alpha
from ktss_analysis.psychometrics.reliability import omega_total
from ktss_analysis.psychometrics.schmid_leiman import omega_hierarchical

ITEMS = [f"{letter}{number}" for letter in "ACENO" for number in range(1, 6)]
REVERSED = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]
HS = [f"x{number}" for number in range(1, 10)]
FEW = 20  # resamples where the interval is not what is tested


@pytest.fixture(scope="module")
def reference(shared):
    return json.loads((shared / "reference" / "reliability.json").read_text())


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "reference" / "data"


@pytest.fixture(scope="module")
def complete(folder):
    return pd.read_csv(folder / "bfi_complete.csv")[ITEMS].astype(float)


@pytest.fixture(scope="module")
def keyed(complete):
    data = complete.copy()
    data[REVERSED] = 7 - data[REVERSED]
    return data


@pytest.fixture(scope="module")
def agreeableness(shared):
    """All 2,709 persons with the five items, A1 turned round: the data of the rows R9 to R13."""
    data = pd.read_csv(shared / "data" / "psych-bfi" / "bfi.csv")[ITEMS[:5]].astype(float)
    data["A1"] = 7 - data["A1"]
    return data


def scale(data, letter):
    return data[[f"{letter}{number}" for number in range(1, 6)]]


# --- ordinal reliabilities


@pytest.mark.parametrize(
    ("letter", "categorical", "latent", "alpha"),
    [
        ("A", 0.7397, 0.7861, 0.7698), ("C", 0.7606, 0.7900, 0.7760), ("E", 0.7818, 0.8049, 0.7962),
        ("N", 0.8439, 0.8669, 0.8427), ("O", 0.6505, 0.6940, 0.6805),
    ],
)  # fmt: skip
def test_five_scales_equal_semtools(keyed, letter, categorical, latent, alpha):
    items = scale(keyed, letter)
    assert categorical_omega(items, n_boot=FEW).value == pytest.approx(categorical, abs=5.1e-5)
    assert latent_omega(items, n_boot=FEW).value == pytest.approx(latent, abs=5.1e-5)
    assert ordinal_alpha(items, n_boot=FEW).value == pytest.approx(alpha, abs=5.1e-5)


@pytest.mark.parametrize("letter", ["A", "C", "E"])
def test_full_precision_equals_semtools(reference, keyed, letter):
    """One factor by diagonally weighted least squares as in WLSMV: weights and loadings must both agree."""
    expected, items = reference["sem_one_factor"][letter], scale(keyed, letter)
    assert categorical_omega(items, n_boot=FEW).value == pytest.approx(expected["omega_cat"], abs=2e-7)
    assert latent_omega(items, n_boot=FEW).value == pytest.approx(expected["omega_ord_latent"], abs=2e-7)
    assert ordinal_alpha(items, n_boot=FEW).value == pytest.approx(
        reference["ordinal_alpha"][letter]["alpha"], abs=1e-5
    )


def test_loadings_equal_lavaan(agreeableness):
    """F18: standardised loadings of WLSMV, with the first item turned round."""
    fit = fit_ordinal_factor(pair_tables(agreeableness.dropna().to_numpy()), "dwls")
    np.testing.assert_allclose(fit.loadings[0], [0.436, 0.718, 0.810, 0.515, 0.668], atol=5.1e-4)


def test_one_data_set_has_six_omegas(agreeableness):
    """R9-R13: each name has its own number, and the label says which it is."""
    items = agreeableness.dropna()
    assert len(items) == 2709
    values = {
        "model": omega_total(items).value,
        "observed": omega_total(items, denominator="observed").value,
        "exploratory": float(omega_hierarchical(items, 1, n_boot=FEW)["estimate"].iloc[1]),
        "categorical": categorical_omega(items, n_boot=FEW).value,
        "latent": latent_omega(items, n_boot=FEW).value,
    }
    expected = {"model": 0.71212897, "observed": 0.71413594, "exploratory": 0.72372, "categorical": 0.72900}
    for name, value in expected.items():
        assert values[name] == pytest.approx(value, abs=5.1e-6), name
    assert values["latent"] == pytest.approx(0.777, abs=5e-4)
    methods = {
        categorical_omega(items, n_boot=FEW).method, latent_omega(items, n_boot=FEW).method,
        latent_omega(items, denominator="model", n_boot=FEW).method, omega_total(items).method,
        omega_total(items, denominator="observed").method,
    }  # fmt: skip
    assert len(methods) == 5


def test_omega_total_of_polychorics_is_latent_omega(keyed):
    items = scale(keyed, "E").iloc[:300]
    for denominator in ("model", "observed"):
        total = omega_total(items, matrix="polychoric", denominator=denominator)
        assert total == latent_omega(items, denominator=denominator)
    assert omega_total(items).value != total.value


def test_ordinal_alpha_with_missing_cells(agreeableness):
    """R13: pairwise polychoric correlations of 2,800 persons (psych, thresholds of the item: .75899218)."""
    estimate = ordinal_alpha(agreeableness, missing="pairwise")
    assert estimate.value == pytest.approx(0.75899218, abs=3e-4)
    assert estimate.low is None
    assert "no interval" in estimate.method


def test_interval_is_the_spread_of_samples(keyed):
    """The bootstrap distribution of categorical omega, resample by resample, is what refitting the rows gives."""
    items = scale(keyed, "N").to_numpy()[:300]
    tables = resampled_tables(items, 5, seed=3)
    assert (tables.sum(axis=(2, 3)) == 300).all()
    batch = fit_ordinal_factor(tables, "dwls")
    for index in range(5):
        alone = fit_ordinal_factor(tables[index : index + 1], "dwls")
        np.testing.assert_allclose(batch.loadings[index], alone.loadings[0], atol=1e-9)
    estimate = categorical_omega(items, n_boot=300)
    assert estimate.low < estimate.value < estimate.high
    assert 0.01 < estimate.high - estimate.low < 0.15


def test_ordinal_reliability_refuses_in_words(keyed):
    items = scale(keyed, "A").iloc[:200]
    with pytest.raises(StatisticError, match="pairwise"):
        categorical_omega(items, missing="pairwise")
    constant = categorical_omega(items.assign(A2=3.0))
    assert (constant.status, "A2" in constant.reason) == ("undefined", True)
    twin = categorical_omega(items.assign(A2=items["A3"]))
    assert (twin.status, "boundary" in twin.reason) == ("undefined", True)
    assert categorical_omega(items.iloc[:5]).status == "too_few"


# --- omega hierarchical


def test_thurstone(folder, reference):
    """R14: omega_h .73607, omega_t .93083, their ratio .79077."""
    matrix = pd.read_csv(folder / "thurstone_r.csv", index_col=0)
    table = omega_hierarchical(matrix, 3, n_persons=213).set_index("statistic")["estimate"]
    np.testing.assert_allclose(table.astype(float), [0.73607, 0.93083, 0.79077], atol=6e-6)
    expected = reference["omega"]["thurstone_3"]
    np.testing.assert_allclose(
        table.astype(float), [expected[key] for key in ("omega_h", "omega_total", "omega_lim")], atol=2e-6
    )


@pytest.mark.parametrize(
    ("entry", "n_factors", "options"),
    [
        ("bfi25_5", 5, {}), ("bfi25_5_ml", 5, {"method": "ml"}), ("bfi25_5_poly", 5, {"matrix": "polychoric"}),
        ("hs9_3", 3, {}), ("ability_4", 4, {"missing": "pairwise"}),
    ],
)  # fmt: skip
def test_omega_hierarchical_equals_psych(folder, reference, complete, entry, n_factors, options):
    data = {
        "hs9_3": lambda: pd.read_csv(folder / "hs1939.csv")[HS],
        "ability_4": lambda: pd.read_csv(folder / "ability.csv"),
    }.get(entry, lambda: complete)()
    table = omega_hierarchical(data, n_factors, n_boot=FEW, **options)
    expected = reference["omega"][entry]
    theirs = [expected[key] for key in ("omega_h", "omega_total", "omega_lim")]
    np.testing.assert_allclose(table["estimate"].astype(float), theirs, atol=4e-5)  # psych rotates to 1e-5


def test_interval_of_omega_hierarchical(folder):
    """A known interval: percentile limits contain the estimate, shrink with n, and repeat with the seed."""
    data = pd.read_csv(folder / "hs1939.csv")[HS]
    one, again = omega_hierarchical(data, 3, n_boot=200), omega_hierarchical(data, 3, n_boot=200)
    pd.testing.assert_frame_equal(one, again)
    row = one.iloc[0]
    assert row["ci_low"] < row["estimate"] < row["ci_high"]
    larger = omega_hierarchical(pd.concat([data] * 4), 3, n_boot=200).iloc[0]
    assert larger["ci_high"] - larger["ci_low"] < 0.7 * (row["ci_high"] - row["ci_low"])


def test_planted_general_factor_is_found():
    """Three groups of three items; general loadings .6, group loadings .5: omega_h by arithmetic."""
    general, group = 0.6, 0.5
    matrix = general**2 + group**2 * np.kron(np.eye(3), np.ones((3, 3)))
    np.fill_diagonal(matrix, 1.0)
    expected = (9 * general) ** 2 / matrix.sum()
    table = omega_hierarchical(matrix, 3, n_persons=500)
    assert table["estimate"].iloc[0] == pytest.approx(expected, abs=1e-7)
    assert table["estimate"].iloc[1] == pytest.approx(1 - 9 * (1 - general**2 - group**2) / matrix.sum(), abs=1e-7)


def test_negative_items_are_turned_round_and_named():
    matrix = 0.36 + 0.25 * np.kron(np.eye(3), np.ones((3, 3)))
    np.fill_diagonal(matrix, 1.0)
    turned = matrix.copy()
    turned[0], turned[:, 0] = -turned[0], -turned[:, 0]
    turned[0, 0] = 1.0
    first, second = omega_hierarchical(matrix, 3, n_persons=90), omega_hierarchical(turned, 3, n_persons=90)
    np.testing.assert_allclose(first["estimate"].astype(float), second["estimate"].astype(float), atol=1e-6)
    assert "turned round: V1" in second["method"].iloc[0]
    kept = omega_hierarchical(turned, 3, n_persons=90, flip=False)
    assert kept["estimate"].iloc[0] < first["estimate"].iloc[0] - 0.05


def test_omega_hierarchical_refuses_in_words(folder):
    data = pd.read_csv(folder / "hs1939.csv")[HS]
    for items, n_factors, word in (
        (data.assign(x3=2.0), 3, "x3"), (data.assign(x2=data["x1"]), 3, "correlate perfectly"),
        (data.iloc[:9], 3, "9 person"), (data.iloc[:, :5], 3, "negative degrees of freedom"),
    ):  # fmt: skip
        table = omega_hierarchical(items, n_factors, n_boot=FEW)
        assert table["estimate"].isna().all()
        assert table["reason"].str.contains(word).all()
    with pytest.raises(StatisticError, match="n_factors=0"):
        omega_hierarchical(data, 0)


# --- the greatest lower bound


@pytest.mark.parametrize(
    ("letter", "value"), [("A", 0.76420712), ("C", 0.77844861), ("E", 0.79793405), ("N", 0.85434740), ("O", 0.66786530)]
)
def test_greatest_lower_bound_equals_csdp(keyed, letter, value):
    """psych 2.2.9 glb.algebraic, which solves the semidefinite program with CSDP (Rcsdp)."""
    assert greatest_lower_bound(scale(keyed, letter), matrix="correlation").value == pytest.approx(value, abs=6e-9)


def test_greatest_lower_bound_is_certified(complete):
    """What the search leaves to gain is bounded by the dual solution, and the point is feasible."""
    covariance = np.cov(complete.to_numpy().T)
    theta, gap = largest_error_variances(covariance)
    assert gap < 1e-9 * np.trace(covariance)
    assert (theta >= 0).all()
    assert np.linalg.eigvalsh(covariance - np.diag(theta))[0] > -1e-9
    for index in range(25):  # no single error variance can grow
        more = theta.copy()
        more[index] += 1e-4
        assert np.linalg.eigvalsh(covariance - np.diag(more))[0] < 0


def test_greatest_lower_bound_is_above_the_other_bounds(keyed):
    for letter in "ACENO":
        items = scale(keyed, letter)
        lambdas = guttman_lambdas(items)["estimate"].astype(float)
        assert greatest_lower_bound(items).value >= lambdas.max() - 1e-9


def test_greatest_lower_bound_refuses_in_words(keyed):
    items = scale(keyed, "A").iloc[:100]
    for data, word in (
        (items.assign(A2=1.0), "A2"),
        (items.assign(A2=items["A3"]), "perfectly"),
        (items.iloc[:3], "3 person"),
    ):
        estimate = greatest_lower_bound(data)
        assert estimate.value is None
        assert word in estimate.reason


def test_thin_tables_warn_that_weighted_least_squares_is_led_by_a_few_of_them():
    generator = np.random.default_rng(2)
    latent = generator.standard_normal((300, 1)) + 0.8 * generator.standard_normal((300, 4))
    answers = np.digitize(latent, [-1.6, -0.8, 0, 0.8, 1.6]).astype(float)
    thin, same = (
        categorical_omega(answers[:25], n_boot=FEW),
        categorical_omega(answers[:25], estimator="uls", n_boot=FEW),
    )
    assert thin.status == same.status == "ok"
    assert "cells of the pair tables are empty: DWLS can be too high" in thin.reason
    assert thin.value > same.value + 0.08
    assert same.reason == ""
    assert categorical_omega(answers, n_boot=FEW).reason == ""
