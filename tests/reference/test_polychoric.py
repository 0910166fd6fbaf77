"""Ordinal correlations against lavaan, psych, polycor (R), SAS, and quadrature."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, special

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.bivariate_normal import (
    bivariate_normal_cdf,
    bivariate_normal_density,
    box_probability,
    by_quadrature,
    grid_cdf,
    grid_cdf_change,
)
from ktss_analysis.psychometrics.joint_counts import joint_counts
from ktss_analysis.psychometrics.pair_cells import PairCells
from ktss_analysis.psychometrics.pair_full_likelihood import _model, fit_full_likelihood
from ktss_analysis.psychometrics.pair_likelihood import fit_pairs, thresholds_of
from ktss_analysis.psychometrics.polychoric import polychoric
from ktss_analysis.psychometrics.polyserial import polyserial

ITEMS = [f"{letter}{number}" for letter in "ACENO" for number in range(1, 6)]
DRASGOW = [[13, 69, 41], [6, 113, 132], [0, 22, 104]]
HSB2 = [[73, 74], [18, 35]]
ONE_EMPTY = [[44268, 193], [14, 0]]


@pytest.fixture(scope="module")
def reference(shared):
    return json.loads((shared / "reference" / "polychoric.json").read_text())


@pytest.fixture(scope="module")
def complete(shared):
    return pd.read_csv(shared / "reference" / "data" / "bfi_complete.csv")[ITEMS]


@pytest.fixture(scope="module")
def all_answers(shared):
    return pd.read_csv(shared / "data" / "psych-bfi" / "bfi.csv")[ITEMS]


def matrix(entry):
    return np.array(entry["values"], dtype=float).reshape(len(entry["rows"]), len(entry["cols"]))


def fitted(table):
    tables = np.array([table], dtype=float)
    return fit_pairs(tables, thresholds_of(tables.sum(axis=2)), thresholds_of(tables.sum(axis=1)))


def persons(table):
    table = np.asarray(table)
    return np.repeat(np.argwhere(table >= 0), table.ravel(), axis=0)


# --- the bivariate normal distribution


@pytest.mark.parametrize("r", [-0.999, -0.93, -0.6, 0.0, 0.29, 0.31, 0.74, 0.76, 0.924, 0.926, 0.99])
def test_bivariate_normal_equals_quadrature(r):
    """Both sides of each change of method, and limits close to each other, where the integrand is steep."""
    generator = np.random.default_rng(5)
    h = np.concatenate([generator.normal(scale=1.7, size=12), [0.0, 0.7]])
    k = np.concatenate([generator.normal(scale=1.7, size=6), h[6:12] + 0.03, [0.4, 0.0]])
    for a, b in zip(h, k, strict=True):
        kink = [b / r] if r and -12 < b / r < a else None
        exact = integrate.quad(
            lambda x, b=b: np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * special.ndtr((b - r * x) / np.sqrt(1 - r * r)),
            -12, a, epsabs=1e-15, epsrel=1e-13, limit=400, points=kink,
        )[0]  # fmt: skip
        assert bivariate_normal_cdf(a, b, r) == pytest.approx(exact, abs=2e-14)


def test_bivariate_normal_at_its_ends():
    assert bivariate_normal_cdf(0.3, np.inf, 0.5) == pytest.approx(special.ndtr(0.3), abs=1e-15)
    assert bivariate_normal_cdf(0.3, -np.inf, 0.99) == pytest.approx(0, abs=1e-15)
    assert bivariate_normal_cdf(0.3, 0.9, 1.0) == pytest.approx(special.ndtr(0.3), abs=1e-15)
    assert bivariate_normal_cdf(0.3, 0.9, -1.0) == pytest.approx(special.ndtr(0.9) - special.ndtr(-0.3), abs=1e-15)
    assert bivariate_normal_cdf(-1, 0.9, -1.0) == 0  # X <= -1 and -X <= .9 exclude each other
    for r in (-0.95, -0.2, 0.4, 0.95, 1.0):
        assert bivariate_normal_cdf(0, 0, r) == pytest.approx(0.25 + np.arcsin(r) / (2 * np.pi), abs=1e-15)


def test_density_is_the_derivative_by_the_correlation():
    step, x, y = 1e-5, np.array([0.3]), np.array([-0.8])
    change = (bivariate_normal_cdf(x, y, 0.4 + step) - bivariate_normal_cdf(x, y, 0.4 - step)) / (2 * step)
    assert bivariate_normal_density(x, y, np.array([0.4])) == pytest.approx(change, rel=1e-9)


def halves(x, y):
    return x * y, (x * x + y * y) / 2


def test_a_short_step_equals_the_whole_integral():
    """The search moves the distribution by its change; the worst case is a long step at a high correlation."""
    generator = np.random.default_rng(6)
    x, y = generator.normal(scale=1.5, size=(2, 40, 9))
    y[:, :4] = x[:, :4] + 0.02
    start = generator.uniform(-0.8, 0.8, size=40)
    end = np.clip(start + generator.uniform(-0.1, 0.1, size=40), -0.8, 0.8)
    change = grid_cdf(x, y, end) - grid_cdf(x, y, start)
    np.testing.assert_allclose(grid_cdf_change(*halves(x.T, y.T), start, end).T, change, atol=1e-11)


def test_the_start_of_a_search_equals_the_whole_integral():
    generator = np.random.default_rng(7)
    x, y = generator.normal(scale=1.5, size=(2, 50, 9))
    correlation = np.concatenate([[-0.9, -0.3, 0.0, 0.3, 0.9], generator.uniform(-0.9, 0.9, size=45)])
    for r in (correlation, np.sort(correlation)):  # the nodes of a table depend on its place among the others
        added = by_quadrature(*halves(x.T, y.T), r).T
        np.testing.assert_allclose(special.ndtr(x) * special.ndtr(y) + added, grid_cdf(x, y, r), atol=1e-12)


@pytest.mark.parametrize(
    ("r", "x", "y"),
    [
        (0.0, (5.0, 5.5), (-5.5, -5.0)), (0.95, (-40.0, -1.5), (1.5, 40.0)), (0.99, (-40.0, -1.5), (1.5, 40.0)),
        (-0.9, (1.0, 2.0), (1.5, 40.0)), (0.999, (-1.0, -0.5), (0.5, 1.0)), (0.9999, (-0.2, 0.0), (0.5, 1.0)),
    ],
)  # fmt: skip
def test_improbable_boxes_equal_a_fine_sum(r, x, y):
    """From 1e-10 down to 1e-278, where a difference of the distribution at the corners is rounding error."""
    at = np.linspace(max(x[0], -12), x[1], 400_001)
    low, high = ((limit - r * at) / np.sqrt(1 - r * r) for limit in y)
    inner = np.where(low > 0, special.ndtr(-low) - special.ndtr(-high), special.ndtr(high) - special.ndtr(low))
    exact = integrate.simpson(inner * np.exp(-at * at / 2) / np.sqrt(2 * np.pi), x=at)
    found = box_probability(*(np.array([limit]) for limit in (*x, *y, r)))[0]
    assert 0 < exact < 1e-9
    assert found == pytest.approx(exact, rel=1e-8)


# --- small published tables


def test_drasgow_equals_polycor():
    """D1, D2: two-step estimate, its error with given thresholds, and the thresholds."""
    fit = fitted(DRASGOW)
    assert fit.correlation[0] == pytest.approx(0.49137, abs=5e-6)
    assert fit.standard_error_given_thresholds[0] == pytest.approx(0.0473, abs=5e-5)
    cuts = polychoric(persons(DRASGOW)).thresholds["estimate"].astype(float)
    np.testing.assert_allclose(cuts, [-0.68713, 0.66821, special.ndtri(19 / 500), -0.13577], atol=5e-6)


def test_tetrachoric_equals_sas():
    """D3: with two categories the two-step estimate is the maximum likelihood one, and so is its error."""
    row = polychoric(persons(HSB2)).frame.iloc[0]
    assert row["estimate"] == pytest.approx(0.2362, abs=5e-5)
    assert row["standard_error"] == pytest.approx(0.1156, abs=5e-5)


def test_empty_cell_depends_on_the_stated_policy():
    """D5: .232 with half a person in the empty cell (psych, Mplus); without, the likelihood rises to -1."""
    half = polychoric(persons(ONE_EMPTY), zero_cell="half")
    assert half.frame["estimate"].iloc[0] == pytest.approx(0.23232, abs=2e-5)
    assert "half a person" in half.warnings[0]
    none = polychoric(persons(ONE_EMPTY))
    assert none.frame[["estimate", "empty_cells", "at_boundary"]].iloc[0].tolist() == [-1.0, 1, True]
    assert none.frame["standard_error"].isna().all()
    assert "boundary" in none.frame["reason"].iloc[0]
    assert "boundary" in none.warnings[0]


# --- 25 items, 2,436 persons


def test_complete_data_equal_lavaan(reference, complete):
    ours = polychoric(complete)
    assert ours.converged
    assert not ours.warnings
    np.testing.assert_allclose(ours.matrix, matrix(reference["lavaan_complete"]["rho"]), atol=1e-7)
    cuts = ours.thresholds
    labels = cuts["item_id"] + "|t" + cuts["threshold"].astype(str)
    expected = [reference["lavaan_complete"]["th"][label] for label in labels]
    np.testing.assert_allclose(cuts["estimate"].astype(float), expected, atol=1e-12)


def test_psych_and_polycor_stop_a_little_early(reference, complete):
    """The sharp reference is lavaan; the others agree to what they print."""
    ours = polychoric(complete).matrix.to_numpy()
    assert np.abs(ours - matrix(reference["psych_complete_c0"]["rho"])).max() < 3e-5
    assert np.abs(ours - matrix(reference["polycor_two_step"]["rho"])).max() < 2e-4


def test_error_with_given_thresholds_equals_polycor(reference, complete):
    counts = joint_counts(complete)
    first, second = np.triu_indices(25, 1)
    tables = counts.counts[first, second].astype(float)
    fit = fit_pairs(tables, thresholds_of(tables.sum(axis=2)), thresholds_of(tables.sum(axis=1)))
    theirs = matrix(reference["polycor_two_step"]["se"])
    both = np.maximum(theirs, theirs.T)[first, second]
    np.testing.assert_allclose(fit.standard_error_given_thresholds, both, atol=4e-6)


def test_standard_error_equals_lavaan(complete):
    """Roots of the diagonal of lavaan's weight matrix Gamma / n (lavaan 0.6-14, lavInspect(fit, "gamma"))."""
    gamma = [
        0.0166750613684, 0.0180358589504, 0.0212220099428, 0.0181143572599, 0.0139469538139, 0.0183645563341,
        0.0160885997101, 0.0178934336122, 0.0129552508340, 0.0189433961386,
    ]  # fmt: skip
    ours = polychoric(complete[ITEMS[:5]]).frame["standard_error"].astype(float)
    np.testing.assert_allclose(ours, gamma, atol=1e-8)


# --- thresholds and correlation together


def test_full_likelihood_equals_polycor(reference, complete):
    """D1: .49151 (.0486), and all pairs of five items with their standard errors.

    Run with reltol = 1e-15 instead of 1e-8, polycor 0.8-1 gives .4914786523 (.0485541) for D1.
    """
    row = polychoric(persons(DRASGOW), estimator="ml").frame.iloc[0]
    assert row["estimate"] == pytest.approx(0.4914786523, abs=2e-8)
    assert row["estimate"] == pytest.approx(0.49151, abs=5e-5)
    assert row["standard_error"] == pytest.approx(0.0485541, abs=2e-6)
    ours = polychoric(complete[ITEMS[:5]], estimator="ml")
    assert ours.converged
    # on six by six categories polycor stops up to .003 short of the maximum: see the next test
    np.testing.assert_allclose(ours.matrix, matrix(reference["polycor_full_ml_A"]["rho"]), atol=4e-3)
    difference = np.abs(ours.matrix.to_numpy() - polychoric(complete[ITEMS[:5]]).matrix.to_numpy()).max()
    assert 1e-4 < difference < 4e-3


@pytest.mark.parametrize(("first", "second", "deviance"), [("A2", "A3", 121.4289), ("A1", "A2", None)])
def test_full_likelihood_is_the_maximum(all_answers, first, second, deviance):
    """D8: polycor prints .55935 with a deviance of 121.466; with reltol = 1e-15 it gets to .56020 and 121.429.

    A general optimiser, which knows neither derivatives nor scoring, finds no better correlation nearby.
    """
    rows = all_answers[ITEMS[:5]].dropna()
    table = pd.crosstab(rows[first], rows[second]).to_numpy(dtype=float)
    value, error = fit_full_likelihood(table, 0.0)
    assert 0.01 < error < 0.02
    cuts = np.concatenate([special.ndtri(np.cumsum(table.sum(axis=axis))[:-1] / table.sum()) for axis in (1, 0)])
    saturated = (table[table > 0] * np.log(table[table > 0] / table.sum())).sum()

    def deviance_at(r):
        found = optimize.minimize(lambda free: -_model(table, np.concatenate([[r], free]), 5)[0], cuts, tol=1e-9)
        return 2 * (saturated + found.fun)

    best = deviance_at(value)
    assert best <= min(deviance_at(value - 2e-3), deviance_at(value + 2e-3))
    if deviance is not None:
        assert best < deviance
        assert value == pytest.approx(0.55935, abs=2e-3)


def test_full_likelihood_of_two_categories_is_the_two_step_one():
    """Two by two cells leave nothing to gain."""
    one, two = (polychoric(persons(HSB2), estimator=name).frame.iloc[0] for name in ("two_step", "ml"))
    assert one["estimate"] == pytest.approx(two["estimate"], abs=1e-8)
    assert one["standard_error"] == pytest.approx(two["standard_error"], rel=1e-6)
    with pytest.raises(StatisticError, match="thresholds from the pair"):
        polychoric(persons(HSB2), estimator="ml", thresholds="item")


# --- missing answers: two kinds of thresholds


def test_thresholds_from_the_pair_or_the_item(reference, all_answers):
    """D9, D10: -.40740 with thresholds from the pair, -.40845 with thresholds from all who answered the item."""
    pair, item = polychoric(all_answers), polychoric(all_answers, thresholds="item")
    assert pair.matrix.loc["A1", "A2"] == pytest.approx(-0.407395, abs=5e-7)
    assert pair.joint_n.loc["A1", "A2"] == 2757
    assert item.matrix.loc["A1", "A2"] == pytest.approx(-0.40846, abs=2e-5)
    np.testing.assert_allclose(item.matrix, matrix(reference["lavaan_pairwise"]["rho"]), atol=1e-7)
    # the wrong answer of a package that takes missing as the highest category
    wrong = polychoric(all_answers[["A1", "A2"]].fillna(7)).matrix.iloc[0, 1]
    assert abs(wrong - pair.matrix.loc["A1", "A2"]) > 0.01


def test_complete_scale_equals_polycor(all_answers):
    """D8."""
    rows = all_answers[ITEMS[:5]].dropna()
    assert len(rows) == 2709
    fit = fitted(pd.crosstab(rows["A2"], rows["A3"]).to_numpy())
    assert fit.correlation[0] == pytest.approx(0.55786, abs=1e-5)
    assert fit.standard_error_given_thresholds[0] == pytest.approx(0.01419, abs=5e-6)


def test_tetrachoric_matrix_equals_psych(reference, shared):
    ability = pd.read_csv(shared / "reference" / "data" / "ability.csv")
    ours = polychoric(ability, thresholds="item").matrix
    np.testing.assert_allclose(ours, matrix(reference["tetra_ability_c0"]["rho"]), atol=4e-5)


def test_polyserial_is_at_least_as_likely_as_polycor(all_answers):
    """D11: .54264 (.0132); polycor divides by n - 1 and its search stops early, 1e-4 beside the maximum."""
    rows = all_answers[ITEMS[:5]].dropna()
    score, category = rows[["A3", "A4", "A5"]].sum(axis=1).to_numpy(), rows["A2"].to_numpy()
    ours = polyserial(np.column_stack([score, category]))
    assert ours.value == pytest.approx(0.54264, abs=2e-4)
    assert "standard error 0.0132" in ours.method
    z = (score - score.mean()) / score.std()
    cuts = np.concatenate(
        [[-np.inf], special.ndtri(np.cumsum(np.bincount(category.astype(int))[1:-1]) / len(z)), [np.inf]]
    )

    def likelihood(r):
        ends = (cuts[None, :] - r * z[:, None]) / np.sqrt(1 - r * r)
        mass = special.ndtr(ends[:, 1:]) - special.ndtr(ends[:, :-1])
        return np.log(mass[np.arange(len(z)), category.astype(int) - 1]).sum()

    around = ours.value + np.array([-1e-4, 0, 1e-4])
    assert np.argmax([likelihood(r) for r in around]) == 1
    assert likelihood(ours.value) > likelihood(0.54264)


def test_moment_estimator_of_two_halves_is_closed_form():
    """With a split at the median the only threshold is 0, so the denominator is phi(0)."""
    score, category = np.arange(20.0), np.array([0] * 6 + [1, 1] + [0] * 4 + [1] * 8)
    z = (score - score.mean()) / score.std()
    expected = (z * category).mean() / (1 / np.sqrt(2 * np.pi))
    ours = polyserial(np.column_stack([score, category]), estimator="moment")
    assert ours.value == pytest.approx(expected, abs=1e-12)


# --- what must be refused or flagged


def test_a_half_point_is_refused():
    with pytest.raises(StatisticError, match=r"row 2 of those used, column 'V2' is 2\.5"):
        polychoric([[1, 2], [2, 2.5], [1, 3]])


def test_a_continuous_column_is_refused():
    with pytest.raises(StatisticError, match="'V2' has 60 categories"):
        polychoric(np.column_stack([np.arange(60) % 2, np.arange(60) * 1000]))


def test_pairs_without_a_correlation_say_why():
    data = pd.DataFrame({"a": [1, 1, 1, 1], "b": [1, 2, 3, 1], "c": [np.nan] * 4})
    fit = polychoric(data)
    assert fit.frame["status"].tolist() == ["undefined", "too_few", "too_few"]
    assert "'a' has one category only" in fit.frame["reason"].iloc[0]
    assert fit.status == "undefined"
    assert np.isnan(fit.matrix.loc["a", "b"])


def test_perfect_order_is_the_boundary():
    diagonal, opposite, uneven = (
        [[9, 0, 0], [0, 7, 0], [0, 0, 8]],
        [[0, 0, 9], [0, 7, 0], [8, 0, 0]],
        [[9, 5, 0], [0, 0, 8]],
    )
    for table, end in ((diagonal, 1), (opposite, -1), (uneven, 1)):
        frame = polychoric(persons(table)).frame
        assert frame["estimate"].iloc[0] == end
        assert frame["at_boundary"].all()


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([[42760, 37560], [19640, 40]], -0.88858), ([[60, 37980], [28260, 33700]], -0.92588),
        ([[0, 24, 214], [0, 282, 7], [319, 154, 0]], -0.99344),
        ([[800, 0, 0], [16460, 10520, 20], [1080, 24300, 46820]], 0.94543),
    ],
)  # fmt: skip
def test_persons_in_an_improbable_cell_do_not_mislead_the_search(table, expected):
    """A step too far gives a cell with persons a probability below rounding error, and its score is then noise."""
    fit = fitted(table)
    assert fit.converged[0]
    assert not fit.boundary[0]
    assert fit.correlation[0] == pytest.approx(expected, abs=1e-5)
    counts = np.array(table, dtype=float)
    h, k = thresholds_of(counts.sum(axis=1))[:, None], thresholds_of(counts.sum(axis=0))[:, None]
    h, k = np.clip(h, -40, 40), np.clip(k, -40, 40)
    corners = PairCells(counts[..., None] > 0, h, k, np.zeros(1))

    def likelihood(r):
        mass = corners.cells(np.array([r]), slice(None)).probability[..., 0]
        return (counts[counts > 0] * np.log(mass[counts > 0])).sum()

    grid = np.concatenate([np.linspace(-0.9999, -0.9, 60), np.linspace(-0.89, 0.89, 60), np.linspace(0.9, 0.9999, 60)])
    assert likelihood(fit.correlation[0]) > max(likelihood(r) for r in grid) - 1e-6


def test_smoothing_only_on_request():
    """Three items whose pairs come from different persons contradict each other."""
    blocks = [persons([[20, 1], [1, 20]]), persons([[20, 1], [1, 20]]), persons([[1, 20], [20, 1]])]
    rows = np.full((126, 3), np.nan)
    for block, (columns, start) in zip(blocks, (((0, 1), 0), ((1, 2), 42), ((0, 2), 84)), strict=True):
        rows[start : start + 42, list(columns)] = block
    raw = polychoric(rows)
    assert np.linalg.eigvalsh(raw.matrix)[0] < -0.5
    assert "not positive definite" in raw.warnings[-1]
    assert not raw.smoothed
    smooth = polychoric(rows, smooth=True)
    assert smooth.smoothed
    assert "smoothed" in smooth.method
    assert np.linalg.eigvalsh(smooth.matrix)[0] > 0
    np.testing.assert_allclose(np.diagonal(smooth.matrix), 1)
    pd.testing.assert_series_equal(raw.frame["estimate"], smooth.frame["estimate"])
