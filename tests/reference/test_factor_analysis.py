"""Exploratory factor analysis against psych, GPArotation and base R."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics import factor_extraction
from ktss_analysis.psychometrics.factor_analysis import degrees_of_freedom, fit_efa
from ktss_analysis.psychometrics.factor_extraction import extract_factors
from ktss_analysis.psychometrics.rotation import CRITERIA, rotate

ITEMS = [f"{letter}{number}" for letter in "ACENO" for number in range(1, 6)]
HS = [f"x{number}" for number in range(1, 10)]
IN_R = {"geomin": "geominQ"}

# psych and stats::varimax stop at a gradient or a gain of 1e-5; how far from the minimum that leaves the loadings
STOPS_AT = {"none": 1e-5, "oblimin": 4e-5, "geomin": 2e-4, "varimax": 1.5e-3, "promax": 1e-3}

# minres, five factors of the 25 items: extraction by L-BFGS-B to rounding, then GPArotation with eps = 1e-9 (R 4.2.2,
# GPArotation 2022.10-2); loadings of A1 and C2, first row of the factor correlations
SHARP = {
    "oblimin": (
        [0.203599350, -0.178759186, 0.066003337, -0.435023327, -0.050935636],
        [0.152105744, 0.086530037, 0.669416908, 0.078470678, 0.044634511],
        [0.216941063, -0.190892619, -0.046223602, -0.001496992],
    ),
    "geomin": (
        [0.130707667, 0.124308963, 0.054445169, -0.459205712, -0.050899355],
        [0.100110932, -0.057618870, 0.662269082, 0.049387617, 0.070915925],
        [-0.097466007, -0.092844654, 0.015167905, 0.077339582],
    ),
    "varimax": (
        [0.111218822, 0.041012300, 0.022847303, -0.428079346, -0.077973294],
        [0.089574059, 0.033080854, 0.648717495, 0.102905608, 0.115454895],
        [0.0, 0.0, 0.0, 0.0],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def reference(shared):
    return json.loads((shared / "reference" / "factor.json").read_text())


@pytest.fixture(scope="module")
def complete(shared):
    return pd.read_csv(shared / "reference" / "data" / "bfi_complete.csv")[ITEMS]


@pytest.fixture(scope="module")
def holzinger(shared):
    return pd.read_csv(shared / "reference" / "data" / "hs1939.csv")[HS]


def matrix(entry):
    return np.array(entry["values"], dtype=float).reshape(len(entry["rows"]), len(entry["cols"]))


def matched(fit, expected):
    """Return loadings and factor correlations in the order and with the signs of the expected loadings."""
    ours, correlations = fit.loadings.to_numpy(), fit.factor_correlations.to_numpy()
    best = min(permutations(range(ours.shape[1])), key=lambda p: np.abs(np.abs(ours[:, p]) - np.abs(expected)).sum())
    signs = np.sign((ours[:, best] * expected).sum(axis=0))
    return ours[:, best] * signs, correlations[np.ix_(best, best)] * np.outer(signs, signs)


@pytest.mark.parametrize("rotation", ["none", "oblimin", "geomin", "varimax", "promax"])
@pytest.mark.parametrize("method", ["minres", "ml"])
@pytest.mark.parametrize("data", ["bfi5", "hs3"])
def test_loadings_equal_psych(reference, complete, holzinger, data, method, rotation):
    items, n_factors = (complete, 5) if data == "bfi5" else (holzinger, 3)
    fit = fit_efa(items, n_factors, method=method, rotation=rotation)
    assert fit.converged
    expected = reference[data][f"{method}_{IN_R.get(rotation, rotation)}"]
    loadings, correlations = matched(fit, matrix(expected["loadings"]))
    np.testing.assert_allclose(loadings, matrix(expected["loadings"]), atol=STOPS_AT[rotation])
    if expected["Phi"]:
        np.testing.assert_allclose(correlations, matrix(expected["Phi"]), atol=STOPS_AT[rotation])
    communality = fit.item_table["communality"].astype(float)
    theirs = expected["communality"]
    np.testing.assert_allclose(communality, list(theirs.values()) if isinstance(theirs, dict) else theirs, atol=2e-5)


@pytest.mark.parametrize("rotation", sorted(SHARP))
def test_loadings_equal_r_run_to_rounding(complete, rotation):
    first, seventh, correlations = SHARP[rotation]
    fit = fit_efa(complete, 5, rotation=rotation)
    np.testing.assert_allclose(fit.loadings.loc["A1"], first, atol=1e-7)
    np.testing.assert_allclose(fit.loadings.loc["C2"], seventh, atol=1e-7)
    np.testing.assert_allclose(fit.factor_correlations.iloc[0, 1:], correlations, atol=1e-7)


@pytest.mark.parametrize("rotation", ["oblimin", "geomin", "varimax"])
def test_criterion_is_not_above_psych(reference, complete, rotation):
    """Where we differ by more than rounding, ours is the lower point."""
    expected = reference["bfi5"][f"ml_{IN_R.get(rotation, rotation)}"]
    theirs, ours = (
        matrix(expected["loadings"]),
        fit_efa(complete, 5, method="ml", rotation=rotation).loadings.to_numpy(),
    )
    scale = np.sqrt((matrix(reference["bfi5"]["ml_none"]["loadings"]) ** 2).sum(axis=1))[:, None]
    if rotation != "varimax":
        scale = np.ones_like(scale)
    value = CRITERIA[rotation](np.stack([ours / scale, theirs / scale]))[0]
    assert value[0] <= value[1] + 1e-5 * abs(value[1])


def test_order_and_signs_equal_psych(reference, complete):
    """D21, D23: first rows as printed, without any matching; the last is printed in another order of factors."""
    oblimin = fit_efa(complete, 5)
    np.testing.assert_allclose(oblimin.loadings.loc["A1"], [0.2036, -0.1788, 0.0660, -0.4350, -0.0509], atol=5.1e-5)
    varimax = fit_efa(complete, 5, method="ml", rotation="varimax")
    np.testing.assert_allclose(varimax.loadings.loc["A1"], [0.1036, 0.0451, 0.0048, -0.3929, -0.0566], atol=7e-4)
    plain = fit_efa(complete, 5, method="ml", rotation="varimax", kaiser=False).loadings.loc["A1"].abs()
    np.testing.assert_allclose(sorted(plain), sorted([0.0799, 0.1593, 0.0139, 0.3685, 0.0515]), atol=7e-4)


def test_chi_square_equals_psych(complete):
    """D19, and it cannot depend on the rotation."""
    values = {
        fit_efa(complete, 5, method="ml", rotation=rotation).measure("chi_square")
        for rotation in ("none", "oblimin", "promax", "varimax")
    }  # fmt: skip
    assert len(values) == 1
    assert values.pop() == pytest.approx(1490.587, abs=5e-4)


@pytest.mark.parametrize("method", ["minres", "ml"])
@pytest.mark.parametrize("data", ["bfi5", "hs3"])
def test_fit_measures_equal_psych(reference, complete, holzinger, data, method):
    items, n_factors = (complete, 5) if data == "bfi5" else (holzinger, 3)
    expected = reference[data][f"{method}_oblimin"]
    fit, n = fit_efa(items, n_factors, method=method), len(items)
    assert fit.measure("chi_square") == pytest.approx(expected["chisq_ml"], rel=1e-5)
    assert fit.measure("tli") == pytest.approx(expected["TLI"], abs=1e-6)
    assert fit.measure("bic") == pytest.approx(expected["BIC"], abs=1e-3)
    assert fit.measure("srmr") == pytest.approx(expected["rms"], abs=1e-7)
    row = fit.fit_measures.set_index("statistic").loc["rmsea"]
    df, chi = float(row["df"]), fit.measure("chi_square")
    # psych takes n - 1 in one place and n in another; with those the numbers are theirs
    in_psych = np.sqrt(max(chi / (df * n) - 1 / (n - 1), 0))
    assert in_psych == pytest.approx(expected["RMSEA"]["RMSEA"], abs=1e-5)
    assert row["estimate"] == pytest.approx(expected["RMSEA"]["RMSEA"], abs=2e-4)
    for column, key in (("ci_low", "lower"), ("ci_high", "upper")):
        assert row[column] * np.sqrt(n / (n - 1)) == pytest.approx(expected["RMSEA"][key], abs=1e-5)
    assert row["ci_level"] == 0.90
    assert fit.fit_measures["df"].iloc[0] == expected["dof"]
    assert fit.fit_measures["p_value"].iloc[0] == pytest.approx(expected["pval"], rel=1e-2, abs=1e-12)


def test_polychoric_factors_equal_psych(reference, complete):
    fit = fit_efa(complete, 5, matrix="polychoric")
    expected = reference["bfi5_polychoric"]["minres_oblimin"]
    loadings, correlations = matched(fit, matrix(expected["loadings"]))
    np.testing.assert_allclose(loadings, matrix(expected["loadings"]), atol=6e-5)
    np.testing.assert_allclose(correlations, matrix(expected["Phi"]), atol=6e-5)
    assert fit.measure("srmr") == pytest.approx(expected["rms"], abs=1e-5)
    measures = fit.fit_measures.set_index("statistic")
    assert measures.loc["chi_square", "status"] == "undefined"
    assert "weight matrix" in measures.loc["chi_square", "reason"]


# --- what a package got wrong, and what must be refused or flagged


def test_factor_correlations_follow_the_order_of_the_loadings(complete):
    """factor_analyzer orders the loadings but not the correlations; the model then no longer holds."""
    fit = fit_efa(complete, 5)
    pattern, correlations = fit.loadings.to_numpy(), fit.factor_correlations.to_numpy()
    unrotated = fit_efa(complete, 5, rotation="none").loadings.to_numpy()
    np.testing.assert_allclose(pattern @ correlations @ pattern.T, unrotated @ unrotated.T, atol=1e-10)
    np.testing.assert_allclose(pattern @ correlations, fit.structure, atol=1e-12)
    order = [1, 0, 2, 3, 4]
    wrong = pattern @ correlations[np.ix_(order, order)] @ pattern.T
    assert np.abs(wrong - unrotated @ unrotated.T).max() > 0.01


def test_heywood_case_is_named():
    """A variable that is nearly the sum of two factors' indicators: its unique variance goes to the bound."""
    pattern = np.array([0.7, 0.7, 0.999, 0.5])
    correlations = np.outer(pattern, pattern)
    correlations[0, 2] = correlations[2, 0] = 0.78
    np.fill_diagonal(correlations, 1.0)
    fit = fit_efa(pd.DataFrame(correlations, columns=list("abcd")), 1, n_persons=200)
    assert any("Heywood case: 'c'" in text for text in fit.warnings)
    assert fit.item_table["uniqueness"].iloc[2] < 0.006


def test_too_many_factors_are_refused_in_words(holzinger):
    assert degrees_of_freedom(9, 3) == 12
    assert degrees_of_freedom(9, 6) < 0
    fit = fit_efa(holzinger, 6)
    assert (fit.status, fit.converged) == ("undefined", False)
    assert "negative degrees of freedom" in fit.reason
    with pytest.raises(StatisticError, match="n_factors=0"):
        fit_efa(holzinger, 0)
    with pytest.raises(StatisticError, match="no fit measure"):
        fit.measure("gfi")


def test_unusable_data_give_a_reason(holzinger):
    constant, doubled = holzinger.assign(x1=1.0), holzinger.assign(x2=holzinger["x1"])
    for data, status, word in (
        (constant, "undefined", "x1"), (doubled, "undefined", "correlate perfectly"),
        (holzinger.iloc[:8], "too_few", "8"),
        (holzinger.iloc[:1], "too_few", "1 person"), (holzinger.iloc[:, :2], "undefined", "2 item"),
    ):  # fmt: skip
        fit = fit_efa(data, 1)
        assert fit.status == status
        assert word in fit.reason
        assert fit.loadings.isna().all().all()
        assert (fit.fit_measures["status"] == status).all()


@pytest.mark.parametrize(
    ("cells", "message"),
    [([[1, 0.5]], "needs a square"), ([[1, 0.5], [0.4, 1]], "not symmetric"), ([[2, 0.5], [0.5, 2]], "diagonal")],
)
def test_a_wrong_matrix_is_refused(cells, message):
    with pytest.raises(StatisticError, match=message):
        fit_efa(cells, 1, n_persons=50)


def test_saturated_model_has_no_chi_square_test(holzinger):
    fit = fit_efa(holzinger.iloc[:, :3], 1)
    measures = fit.fit_measures.set_index("statistic")
    assert measures.loc["srmr", "estimate"] == pytest.approx(0, abs=1e-8)
    assert "no degrees of freedom" in measures.loc["rmsea", "reason"]


def test_several_minima_are_counted_and_the_lowest_taken():
    """Random loadings under geomin: a single start can end higher than ten."""
    found = []
    for seed in range(12):
        loadings = np.random.default_rng(seed).normal(size=(8, 3))
        one, many = rotate(loadings, "geomin", n_starts=1), rotate(loadings, "geomin", n_starts=15)
        assert many.criterion <= one.criterion + 1e-6
        found.append((many.n_minima, one.criterion - many.criterion))
    assert max(n for n, _ in found) > 1
    assert max(gain for _, gain in found) > 1e-3


def test_a_batch_equals_one_by_one(complete):
    """The bootstrap fits many matrices at once."""
    matrices = np.stack([np.corrcoef(complete.to_numpy()[start : start + 400].T) for start in range(0, 2000, 400)])
    for method in ("minres", "ml"):
        batch = extract_factors(matrices, 3, method)
        assert batch.converged.all()
        for index, one in enumerate(matrices):
            alone = extract_factors(one[None], 3, method)
            np.testing.assert_allclose(batch.uniquenesses[index], alone.uniquenesses[0], atol=1e-7)


def test_a_search_in_which_nothing_moves_ends_without_having_converged(monkeypatch):
    """The last of many resamples can all be stuck at once: nothing is left to compute then."""
    monkeypatch.setattr(
        factor_extraction, "_line_search", lambda matrices, unique, *rest: (unique, np.zeros(len(unique), dtype=bool))
    )
    items = np.random.default_rng(4).standard_normal((80, 1)) + np.random.default_rng(5).standard_normal((80, 6))
    found = extract_factors(np.corrcoef(items.T)[None], 2)
    assert not found.converged.any()
    assert np.isfinite(found.loadings).all()
