"""Intraclass correlations: published limits, tables with holes, intervals without normal theory."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.agreement_planning import icc_sample_size
from ktss_analysis.psychometrics.crossed_components import components, contributions
from ktss_analysis.psychometrics.intraclass import MODELS, icc, icc_models

# Shrout & Fleiss (1979), table 2: 6 targets, 4 judges
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7.0]])


def scores(n_units, n_raters, seed, missing=0.0):
    """Units with variance 2, raters 0.5, residual 1."""
    generator = np.random.default_rng(seed)
    table = (
        5 + np.sqrt(2) * generator.standard_normal((n_units, 1)) + np.sqrt(0.5) * generator.standard_normal(n_raters)
        + generator.standard_normal((n_units, n_raters))
    )  # fmt: skip
    table[generator.random(table.shape) < missing] = np.nan
    return table


def test_anxiety_data_of_irr(shared):
    """A7: ICC(A,1) = .198, limits -.039 to .494."""
    found = icc(pd.read_csv(shared / "data" / "irr-rater-data" / "anxiety.csv"))
    assert (found.value, found.low, found.high) == pytest.approx((0.198, -0.039, 0.494), abs=6e-4)


@pytest.mark.parametrize("entry", ["anova", "lmer"])
def test_all_limits_of_shrout_and_fleiss(shared, entry):
    """A1 and A2 at the full precision of psych; its mixed model stops its search at 1e-6."""
    reference = json.loads((shared / "reference" / "agreement.json").read_text())
    rows = reference[f"icc_shrout_fleiss_{entry}"]["table"]["values"]
    for model, row in zip(MODELS, rows, strict=True):
        found = icc(JUDGES, model=model)
        tolerance = 1e-12 if entry == "anova" else 4e-6
        assert (found.value, found.low, found.high) == pytest.approx((row[0], row[5], row[6]), abs=tolerance)


@pytest.mark.parametrize("model", MODELS)
def test_complete_tables_need_no_rule(model):
    """Henderson's first method is the analysis of variance when nothing is missing."""
    for table in (JUDGES, scores(40, 5, seed=1)):
        assert icc(table, model=model, missing="available").value == pytest.approx(icc(table, model=model).value)


def test_incomplete_components_from_their_expectations():
    """The estimator is a quadratic form: its expectation is its sum over the covariance's scaled eigenvectors."""
    present = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 1], [0, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 1]], dtype=bool)
    unit, rater = np.nonzero(present)
    covariance = 1.7 * (unit[:, None] == unit) + 0.4 * (rater[:, None] == rater) + 0.9 * np.eye(len(unit))
    found = np.zeros(3)
    values, vectors = np.linalg.eigh(covariance)
    for scaled in (vectors * np.sqrt(values)).T:
        table = np.full(present.shape, np.nan)
        table[unit, rater] = scaled
        result = components(contributions(table).sum(axis=0)[None, :])
        found += np.array([result.units[0], result.raters[0], result.residual[0]])
    assert found == pytest.approx([1.7, 0.4, 0.9], abs=1e-10)


def test_incomplete_tables_are_not_biased():
    """Mean over 200 tables of which a third of the cells is missing; true A-1 2 / 3.5, C-1 2 / 3."""
    components_found = np.array([
        [part[0] for part in components(contributions(table).sum(axis=0)[None, :])]
        for table in (rated(scores(50, 6, seed=seed, missing=1 / 3)) for seed in range(200))
    ])  # fmt: skip
    mean, error = components_found.mean(axis=0), components_found.std(axis=0) / np.sqrt(200)
    assert (np.abs(mean[:3] - [2, 0.5, 1]) < 3 * error[:3]).all()


def rated(table):
    return table[~np.isnan(table).all(axis=1)]


@pytest.mark.parametrize("model", MODELS)
def test_vectorised_jackknife_equals_leaving_out(model):
    from scipy import stats

    table = rated(scores(25, 4, seed=8, missing=0.25))
    found = icc(table, model=model, missing="available")
    left_out = [icc(np.delete(table, unit, axis=0), model=model, missing="available").value for unit in range(25)]
    turned = -np.log(1 - np.array(left_out))
    error = np.sqrt(24 / 25 * ((turned - turned.mean()) ** 2).sum())
    limits = -np.log(1 - found.value) + stats.t.ppf([0.025, 0.975], 24) * error
    assert (found.low, found.high) == pytest.approx(tuple(1 - np.exp(-limits)), abs=1e-9)
    assert "Henderson" in found.method
    assert (found.n_used, found.n_missing) == (25, 0)


@pytest.mark.parametrize("model", ["C-1", "C-k", "1-1"])
def test_three_intervals_are_alike_for_normal_ratings(model):
    table = scores(300, 4, seed=3)
    exact, jackknife, bootstrap = (
        icc(table, model=model, ci_method=method, seed=1) for method in ("f", "jackknife", "bootstrap")
    )
    for other in (jackknife, bootstrap):
        assert other.value == pytest.approx(exact.value, abs=1e-12)
        assert (other.low, other.high) == pytest.approx((exact.low, exact.high), abs=0.03)


def test_clusters_widen_the_interval():
    table = np.repeat(scores(12, 3, seed=4), 8, axis=0)
    labels = np.repeat(np.arange(12), 8)
    units, groups = icc(table, ci_method="jackknife", model="C-1"), icc(table, cluster=labels, model="C-1")
    assert groups.high - groups.low > 2 * (units.high - units.low)
    assert "12 clusters" in groups.method


def test_raters_without_units_in_common():
    table = np.full((6, 2), np.nan)
    table[:3, 0], table[3:, 1] = [1, 2, 3], [2, 3, 4]
    found = icc(table, missing="available")
    assert (found.status, found.value) == ("too_few", None)
    twice = np.full((4, 4), np.nan)
    twice[:2, :2], twice[2:, 2:] = [[1, 2], [3, 5]], [[2, 2], [4, 3]]
    assert icc(twice, missing="available").status in ("ok", "undefined")


def test_what_does_not_go_together_is_refused():
    holed = JUDGES.copy()
    holed[0, 0] = np.nan
    for options in ({"missing": "available", "ci_method": "f"}, {"cluster": range(6), "ci_method": "f"}):
        with pytest.raises(StatisticError, match="needs complete independent units"):
            icc(JUDGES, **options)
    with pytest.raises(StatisticError, match="'raise', 'listwise', 'available'"):
        icc(holed, missing="pairwise")
    with pytest.raises(StatisticError, match="cells are missing"):
        icc(holed)
    assert icc(holed, missing="available").n_used == 6
    assert icc(holed, missing="listwise").n_used == 5
    exact = icc(np.repeat([[1.0], [2.0], [4.0]], 3, axis=1), ci_method="jackknife")
    assert (exact.value, exact.low) == (1.0, None)


def test_sample_size_of_statpsych():
    """A6: ICC .70, three raters, width .2: 68 units."""
    assert icc_sample_size(0.70, 3, 0.2).value == 68


def test_sample_size_gives_the_width_it_promises():
    """Mean width of the exact interval over tables of the planned size; true C-1 2 / 3."""
    n = int(icc_sample_size(2 / 3, 4, 0.2).value)
    widths = [icc(scores(n, 4, seed=seed), model="C-1") for seed in range(100)]
    assert np.mean([found.high - found.low for found in widths]) == pytest.approx(0.2, abs=0.01)
    assert icc_sample_size(0.7, 2, 0.2).value > icc_sample_size(0.7, 3, 0.2).value


@pytest.mark.parametrize("wrong", [(1.0, 3, 0.2), (-0.1, 3, 0.2), (0.7, 1, 0.2), (0.7, 2.5, 0.2), (0.7, 3, 0.0)])
def test_sample_size_refuses_what_it_cannot_plan(wrong):
    with pytest.raises(StatisticError, match="allowed"):
        icc_sample_size(*wrong)


@pytest.mark.parametrize("options", [{}, {"missing": "available"}, {"ci_method": "bootstrap", "n_boot": 200}])
def test_the_table_of_models_holds_the_single_estimates(options):
    table = icc_models(JUDGES, **options).set_index("statistic")
    for model in MODELS:
        alone = icc(JUDGES, model=model, **options)
        row = table.loc[f"icc_{model}"]
        assert (row["estimate"], row["ci_low"], row["ci_high"]) == (alone.value, alone.low, alone.high)
        assert row["method"] == alone.method
    gone = icc_models(JUDGES[:1])
    assert set(gone["status"]) == {"too_few"}
    assert gone["method"].is_unique
