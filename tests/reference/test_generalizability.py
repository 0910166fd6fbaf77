"""Generalizability: a published data set, identities with alpha and ICC, exact expectations, and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.facet_designs import CrossedDesign
from ktss_analysis.psychometrics.generalizability import decision_study, generalizability
from ktss_analysis.psychometrics.intraclass import icc

# Gleser, Cronbach & Rajaratnam (1965), table 3: 12 patients, 6 symptoms x 2 raters (symptom 1 rater 1, rater 2, ...)
GLESER = np.array([
    [0, 0, 2, 1, 2, 0, 2, 1, 1, 1, 1, 2], [0, 0, 2, 1, 2, 0, 1, 2, 2, 1, 2, 1], [0, 0, 1, 1, 3, 3, 2, 1, 2, 1, 1, 2],
    [2, 0, 2, 1, 2, 2, 2, 1, 2, 1, 4, 1], [0, 0, 1, 2, 2, 0, 2, 3, 3, 3, 3, 3], [2, 0, 2, 1, 2, 0, 4, 1, 3, 3, 3, 1],
    [0, 1, 3, 1, 3, 1, 3, 4, 2, 2, 2, 3], [0, 0, 0, 1, 4, 3, 3, 4, 2, 3, 3, 3], [1, 2, 2, 1, 3, 6, 1, 3, 2, 3, 2, 1],
    [0, 1, 2, 4, 3, 3, 2, 2, 3, 5, 3, 1], [3, 4, 2, 2, 3, 2, 4, 5, 3, 3, 5, 5], [1, 1, 2, 4, 4, 4, 3, 3, 4, 6, 6, 6],
], dtype=float).reshape(12, 6, 2)  # fmt: skip
FACETS = ("item_id", "rater")


def long_table(scores, names=FACETS):
    cells = [(f"p{place[0]:02d}", *place[1:], value) for place, value in np.ndenumerate(scores)]
    return pd.DataFrame(cells, columns=["person_id", *names[: scores.ndim - 1], "value"])


def normal(n, i, seed, person=1.0):
    generator = np.random.default_rng(seed)
    scores = person * generator.standard_normal((n, 1)) + 0.6 * generator.standard_normal(i)
    return 3 + scores + generator.standard_normal((n, i))


def test_mean_squares_of_gleser():
    """A25, from R's aov: P 7.6515, J 1.0000, I 12.9333, PJ 1.7727, PI 1.4758, JI .8667, PJI .6212."""
    table = generalizability(long_table(GLESER), FACETS).components.set_index("effect")
    expected = {"p": 7.6515152, "r": 1.0, "i": 12.9333333, "p x r": 1.7727273, "p x i": 1.4757576, "i x r": 0.8666667,
                "p x i x r": 0.6212121}  # fmt: skip
    for effect, value in expected.items():
        assert table["mean_square"][effect] == pytest.approx(value, abs=5e-8)
    assert dict(table["df"]) == {"p": 11, "i": 5, "r": 1, "p x i": 55, "p x r": 11, "i x r": 5, "p x i x r": 55}


def test_components_and_coefficients_of_gleser():
    """Solved by hand from the mean squares; the raters' component is negative and set to zero, and says so."""
    p, j, i, pj, pi, ji, pji = (
        7.6515151515,
        1.0,
        12.9333333333,
        1.7727272727,
        1.4757575758,
        0.8666666667,
        0.6212121212,
    )
    by_hand = {
        "p x i x r": pji, "p x i": (pi - pji) / 2, "p x r": (pj - pji) / 6, "i x r": (ji - pji) / 12,
        "p": (p - pi - pj + pji) / 12, "i": (i - pi - ji + pji) / 24, "r": (j - pj - ji + pji) / 72,
    }  # fmt: skip
    study = generalizability(long_table(GLESER), FACETS)
    table = study.components.set_index("effect")
    for effect, value in by_hand.items():
        assert table["raw_estimate"][effect] == pytest.approx(value, abs=1e-9)
    assert by_hand["r"] == pytest.approx(-0.0141414, abs=1e-6)
    assert table["estimate"]["r"] == 0
    assert table["reason"]["r"] == "estimated at -0.01414, set to zero"
    assert pd.isna(table["ci_low"]["r"])
    relative = by_hand["p x i"] / 6 + by_hand["p x r"] / 2 + pji / 12
    absolute = relative + by_hand["i"] / 6 + by_hand["i x r"] / 12
    assert study.g.value == pytest.approx(by_hand["p"] / (by_hand["p"] + relative), abs=1e-9)
    assert study.phi.value == pytest.approx(by_hand["p"] / (by_hand["p"] + absolute), abs=1e-9)
    assert study.relative_error.value == pytest.approx(np.sqrt(relative), abs=1e-9)
    assert study.absolute_error.value == pytest.approx(np.sqrt(absolute), abs=1e-9)
    assert study.facets == "persons x item_id (i, 6) x rater (r, 2)"


def test_a_fixed_facet_moves_its_interaction_into_the_universe_score():
    study = generalizability(long_table(GLESER), FACETS, fixed=["item_id"])
    part = generalizability(long_table(GLESER), FACETS).components.set_index("effect")["estimate"]
    universe = part["p"] + part["p x i"] / 6
    relative = part["p x r"] / 2 + part["p x i x r"] / 12
    assert study.g.value == pytest.approx(universe / (universe + relative))
    assert study.phi.value == pytest.approx(universe / (universe + relative + part["i x r"] / 12))
    with pytest.raises(StatisticError, match="not all of"):
        generalizability(long_table(GLESER), FACETS, fixed=FACETS)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_facet_is_alpha_and_absolute_agreement(seed):
    scores = normal(40, 5, seed)
    study = generalizability(long_table(scores))
    assert study.g.value == pytest.approx(icc(scores, model="C-k").value, abs=1e-12)
    assert study.phi.value == pytest.approx(icc(scores, model="A-k").value, abs=1e-12)
    one = decision_study(long_table(scores), designs=[{"item_id": 1}]).set_index("statistic")["estimate"]
    assert one["g"] == pytest.approx(icc(scores, model="C-1").value, abs=1e-12)
    assert one["phi"] == pytest.approx(icc(scores, model="A-1").value, abs=1e-12)


def test_expected_mean_squares_are_exact_for_two_facets():
    """The estimators are quadratic forms: summed over the scaled eigenvectors they give back the components."""
    true = {"p": 1.3, "i": 0.5, "r": 0.2, "p x i": 0.7, "p x r": 0.4, "i x r": 0.1, "p x i x r": 0.9}
    shape = (4, 3, 2)
    axes = dict(zip("pir", np.indices(shape).reshape(3, -1), strict=True))
    covariance = sum(
        variance * np.all([axes[x][:, None] == axes[x] for x in effect.split(" x ")], axis=0)
        for effect, variance in true.items()
    )
    values, vectors = np.linalg.eigh(covariance)
    design = CrossedDesign(("i", "r"), shape[1:])
    found = np.zeros(7)
    for scaled in (vectors * np.sqrt(np.maximum(values, 0))).T:
        found += design.components(design.contributions(scaled.reshape(shape)).sum(axis=0)[None, :])[0]
    assert [" x ".join(effect) for effect in design.effects] == list(true)
    assert found == pytest.approx(list(true.values()), abs=1e-9)


def test_decision_study_divides_the_components():
    part = generalizability(long_table(GLESER), FACETS).components.set_index("effect")["estimate"]
    table = decision_study(long_table(GLESER), FACETS, designs=[{"item_id": 10, "rater": 3}]).set_index("statistic")
    relative = part["p x i"] / 10 + part["p x r"] / 3 + part["p x i x r"] / 30
    absolute = relative + part["i"] / 10 + part["i x r"] / 30
    assert table["estimate"]["g"] == pytest.approx(part["p"] / (part["p"] + relative))
    assert table["estimate"]["phi"] == pytest.approx(part["p"] / (part["p"] + absolute))
    assert table["design"]["g"] == "item_id: 10, rater: 3"
    grid = decision_study(long_table(GLESER), FACETS)
    assert len(grid) == 2 * 9
    by_size = grid[grid["statistic"] == "g"].set_index("design")["estimate"]
    assert by_size["item_id: 1, rater: 1"] < by_size["item_id: 6, rater: 1"] < by_size["item_id: 6, rater: 2"]


def test_jackknife_leaves_out_persons():
    scores = normal(20, 4, seed=5)
    table = long_table(scores)
    found = generalizability(table)
    left_out = [generalizability(table[table["person_id"] != person]).g.value for person in table["person_id"].unique()]
    turned = -np.log(1 - np.array(left_out))
    error = np.sqrt(19 / 20 * ((turned - turned.mean()) ** 2).sum())
    limits = -np.log(1 - found.g.value) + stats.t.ppf([0.025, 0.975], 19) * error
    assert (found.g.low, found.g.high) == pytest.approx(tuple(1 - np.exp(-limits)), abs=1e-9)


def test_intervals_are_near_the_exact_one_for_normal_scores():
    scores = normal(300, 5, seed=6)
    exact = icc(scores, model="C-k")
    for method in ("jackknife", "bootstrap"):
        g = generalizability(long_table(scores), ci_method=method, seed=1).g
        assert (g.low, g.high) == pytest.approx((exact.low, exact.high), abs=0.02)


def test_residual_component_has_the_exact_interval():
    scores = normal(25, 4, seed=7)
    table = generalizability(long_table(scores)).components.set_index("effect")
    row = table.loc["p x i"]
    limits = 72 * row["mean_square"] / stats.chi2.ppf([0.975, 0.025], 72)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(limits), rel=1e-12)


def test_incomplete_designs_are_refused_in_words_or_persons_left_out():
    table = long_table(GLESER)
    holed = table.drop(index=3)
    with pytest.raises(StatisticError, match=r"person_id 'p00', item_id 1, rater 1 is missing"):
        generalizability(holed, FACETS)
    study = generalizability(holed, FACETS, missing="listwise")
    assert (study.g.n_used, study.g.n_missing) == (11, 1)
    assert study.g.value == pytest.approx(generalizability(table[table["person_id"] != "p00"], FACETS).g.value)
    blank = table.assign(value=table["value"].mask(table.index == 3))
    assert generalizability(blank, FACETS, missing="listwise").g.value == study.g.value


@pytest.mark.parametrize(("change", "message"), [
    (lambda t: pd.concat([t, t.iloc[:1]]), "stands there twice"),
    (lambda t: t.rename(columns={"rater": "coder"}), "no column 'rater'"),
    (lambda t: t.assign(value=t["value"].astype(object).mask(t.index == 5, "often")), "holds 'often'; allowed"),
    (lambda t: t.assign(value=t["value"].mask(t.index == 5, np.inf)), "infinite"),
])  # fmt: skip
def test_faulty_tables_are_refused(change, message):
    with pytest.raises(StatisticError, match=message):
        generalizability(change(long_table(GLESER)), FACETS)


def test_faulty_options_are_refused():
    table = long_table(GLESER)
    for facets in ((), ("item_id", "item_id"), ("item_id", "rater", "value")):
        with pytest.raises(StatisticError, match="one or two different columns"):
            generalizability(table, facets)
    for design, message in (
        ({"item_id": 3}, "a number for each"),
        ({"item_id": 3, "rater": 0}, "whole numbers from 1"),
    ):
        with pytest.raises(StatisticError, match=message):
            decision_study(table, FACETS, designs=[design])
    with pytest.raises(StatisticError, match="is fixed at 6 levels"):
        decision_study(table, FACETS, fixed=["item_id"], designs=[{"item_id": 3, "rater": 1}])


@pytest.mark.parametrize(("scores", "status", "words"), [
    (GLESER[:1], "too_few", "1 person"), (GLESER[:, :, :1], "undefined", "rater has 1 level"),
    (np.full((5, 3, 2), 2.0), "undefined", "all values are equal"),
])  # fmt: skip
def test_no_information_gives_a_reason(scores, status, words):
    study = generalizability(long_table(scores), FACETS)
    for estimate in (study.g, study.phi, study.relative_error, study.absolute_error):
        assert (estimate.status, estimate.value) == (status, None)
        assert words in estimate.reason
    assert list(study.components["status"]) == [status]
    assert set(decision_study(long_table(scores), FACETS, designs=[{"item_id": 1, "rater": 1}])["status"]) == {status}


def test_no_error_at_all_and_no_persons_at_all():
    """Exact additive scores have G = 1 without limits; items alone have G undefined, not a division by zero."""
    additive = np.add.outer(np.arange(5.0), np.array([0.0, 1, 3]))
    study = generalizability(long_table(additive))
    assert (study.g.value, study.g.low) == (1.0, None)
    assert study.relative_error.value == 0
    assert 0 < study.phi.value < 1
    items = np.repeat([[1.0, 2.0, 4.0]], 5, axis=0)
    gone = generalizability(long_table(items))
    assert (gone.g.status, gone.g.reason) == ("undefined", "neither persons nor errors vary")
    assert gone.phi.value == 0
