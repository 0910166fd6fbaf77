"""Dimensionality against psych (R)."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.dimensionality import (
    bartlett_sphericity,
    correlation_eigenvalues,
    kmo,
    parallel_analysis,
)
from ktss_analysis.psychometrics.polychoric import polychoric
from ktss_analysis.psychometrics.reference_eigenvalues import shuffled_polychoric_eigenvalues
from ktss_analysis.psychometrics.retention import empirical_kaiser, unfloored_references, velicer_map

ITEMS = [f"{letter}{number}" for letter in "ACENO" for number in range(1, 6)]
HS = [f"x{number}" for number in range(1, 10)]


@pytest.fixture(scope="module")
def reference(shared):
    return json.loads((shared / "reference" / "factor.json").read_text())


@pytest.fixture(scope="module")
def complete(shared):
    return pd.read_csv(shared / "reference" / "data" / "bfi_complete.csv")[ITEMS]


@pytest.fixture(scope="module")
def holzinger(shared):
    return pd.read_csv(shared / "reference" / "data" / "hs1939.csv")[HS]


@pytest.fixture(scope="module")
def all_answers(shared):
    return pd.read_csv(shared / "data" / "psych-bfi" / "bfi.csv")[ITEMS]


def test_eigenvalues_equal_psych(reference, complete, holzinger):
    for data, entry in ((complete, "bfi"), (holzinger, "hs9")):
        ours = correlation_eigenvalues(data)["estimate"].astype(float)
        np.testing.assert_allclose(ours, reference["eigen"][entry], atol=1e-10)


def test_pairwise_eigenvalues_equal_psych(shared, all_answers):
    expected = json.loads((shared / "data" / "psych-bfi" / "reference_R.json").read_text())["all25"]
    ours = correlation_eigenvalues(all_answers, missing="pairwise")["estimate"].astype(float)
    np.testing.assert_allclose(ours, expected["eigenvalues_pearson"], atol=6e-9)


def test_bartlett_equals_psych(reference, complete, holzinger):
    for data, entry in ((complete, "bfi_complete"), (holzinger, "hs9")):
        row = bartlett_sphericity(data).iloc[0]
        assert row["estimate"] == pytest.approx(reference["bartlett"][entry]["chisq"], rel=1e-11)
        assert row["df"] == reference["bartlett"][entry]["df"]
        assert row["p_value"] == pytest.approx(reference["bartlett"][entry]["p"], rel=1e-6)


def test_kmo_equals_psych(reference, complete, holzinger, all_answers):
    cases = (
        (complete, "raise", "bfi_complete"),
        (holzinger, "raise", "hs9"),
        (all_answers, "pairwise", "bfi_pairwise"),
    )
    for data, missing, entry in cases:
        ours = kmo(data, missing=missing)
        assert ours["estimate"].iloc[0] == pytest.approx(reference["kmo"][entry]["MSA"], abs=1e-10), entry
        by_item = ours.iloc[1:].set_index("item_id")["estimate"]
        for item, value in reference["kmo"][entry]["MSAi"].items():
            assert by_item[item] == pytest.approx(value, abs=1e-10), item


def test_parallel_analysis_of_the_bfi(reference, complete):
    """psych: five components; its means carry simulation error, as ours do."""
    result = parallel_analysis(complete, n_sets=300, seed=1)
    assert result.n_factors == reference["parallel"]["both_200"]["ncomp"] == 5
    np.testing.assert_allclose(
        result.frame["reference_mean"].astype(float),
        reference["parallel"]["both_200"]["pc_sim_mean"],
        atol=4e-3,
    )


def test_shuffling_agrees_with_psych(reference, complete):
    result = parallel_analysis(complete, n_sets=60, seed=1, method="permutation")
    assert result.n_factors == 5
    np.testing.assert_allclose(
        result.frame["reference_mean"].astype(float),
        reference["parallel"]["both_200"]["pc_simr_mean"],
        atol=6e-3,
    )


def test_holzinger_swineford_has_three_dimensions(holzinger):
    assert parallel_analysis(holzinger, n_sets=200, seed=1).n_factors == 3


def test_reference_eigenvalues_equal_those_of_drawn_data():
    """The shortcut through cross-products has the distribution of eigenvalues of drawn variables."""
    from ktss_analysis.psychometrics.reference_eigenvalues import normal_eigenvalues

    generator = np.random.default_rng(8)
    drawn = np.array(
        [np.linalg.eigvalsh(np.corrcoef(generator.normal(size=(12, 4)), rowvar=False))[::-1] for _ in range(4000)]
    )
    short = normal_eigenvalues(12, 4, 4000, np.random.default_rng(9))
    np.testing.assert_allclose(short.mean(axis=0), drawn.mean(axis=0), atol=0.025)
    np.testing.assert_allclose(np.quantile(short, 0.95, axis=0), np.quantile(drawn, 0.95, axis=0), atol=0.06)


# --- data that other programs answer with a number, a warning or a crash

EVERY = (correlation_eigenvalues, parallel_analysis, bartlett_sphericity, kmo)


def verdict(result):
    if isinstance(result, pd.DataFrame):
        (pair,) = set(zip(result["status"], result["reason"], strict=True))
        assert result["estimate"].isna().all() or pair[0] == "ok"
        return pair
    assert (result.n_factors is None) == (result.status != "ok")
    return result.status, result.reason


@pytest.fixture
def answers():
    generator = np.random.default_rng(5)
    trait = generator.normal(size=(60, 1))
    raw = np.clip(np.rint(3.5 + trait + generator.normal(size=(60, 5))), 1, 6)
    return pd.DataFrame(raw, columns=["N1", "N2", "N3", "N4", "N5"])


@pytest.mark.parametrize("function", EVERY)
def test_constant_item(function, answers):
    assert verdict(function(answers.assign(N3=3.0))) == (
        "undefined",
        "item 'N3': everybody gave the same answer",
    )


@pytest.mark.parametrize("function", EVERY)
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_not_more_persons_than_items(function, answers, n):
    status, reason = verdict(function(answers.head(n)))
    assert status in ("too_few", "undefined")
    assert reason


@pytest.mark.parametrize("function", [parallel_analysis, bartlett_sphericity, kmo])
def test_duplicate_item_is_named(function, answers):
    status, reason = verdict(function(answers.assign(N2=answers["N1"])))
    assert status == "undefined"
    assert "'N1' and 'N2' correlate perfectly" in reason


@pytest.mark.parametrize("function", [parallel_analysis, bartlett_sphericity, kmo])
def test_dependent_items(function, answers):
    status, reason = verdict(function(answers.assign(N5=answers["N1"] + answers["N2"] - answers["N3"])))
    assert (status, "not positive definite" in reason) == ("undefined", True)


@pytest.mark.parametrize("function", EVERY)
def test_item_that_nobody_answered(function, answers):
    assert verdict(function(answers.assign(N3=np.nan), missing="pairwise")) == (
        "too_few", "item 'N3': nobody answered",
    )  # fmt: skip


@pytest.mark.parametrize("function", EVERY)
def test_one_item(function, answers):
    assert verdict(function(answers[["N1"]]))[0] == "undefined"


def test_two_items_have_no_kmo(answers):
    assert verdict(kmo(answers[["N1", "N2"]])) == ("undefined", "2 item(s); needs 3 or more")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_sets": 3}, "n_sets=3"),
        ({"quantile": 1.5}, "quantile=1.5"),
        ({"method": "bootstrap"}, "method='bootstrap'"),
        ({"method": "permutation", "missing": "pairwise"}, "complete rows"),
    ],
)
def test_wrong_options_are_refused(answers, options, message):
    with pytest.raises(StatisticError, match=message):
        parallel_analysis(answers, **options)


# --- Velicer's minimum average partial and the empirical Kaiser criterion


def test_velicer_map_equals_psych(shared, reference, complete):
    """D24 for Thurstone's nine tests, and all eight averages of the 25 items."""
    result = velicer_map(complete)
    assert result.n_factors == 5
    np.testing.assert_allclose(result.frame["estimate"].astype(float)[:8], reference["vss"]["map"], atol=1e-10)
    thurstone = pd.read_csv(shared / "reference" / "data" / "thurstone_r.csv", index_col=0)
    nine = velicer_map(thurstone, n_persons=213)
    np.testing.assert_allclose(
        nine.frame["estimate"].astype(float)[:4], [0.07466, 0.06708, 0.06609, 0.11432], atol=6e-6
    )
    assert nine.n_factors == 3


def test_empirical_kaiser_needs_its_floor(complete, holzinger):
    """D17, D18: six and three factors with the floor of 1; 17 and five without, as one program prints."""
    for data, n_factors, without in ((complete, 6, 17), (holzinger, 3, 5)):
        result = empirical_kaiser(data)
        assert result.n_factors == n_factors
        roots = result.frame["estimate"].to_numpy(dtype=float)
        reference = unfloored_references(roots, len(data))
        assert int(np.cumprod(roots > reference).sum()) == without
        assert (result.frame["reference"] >= 1).all()
    first = unfloored_references(empirical_kaiser(complete).frame["estimate"].to_numpy(dtype=float), len(complete))[:5]
    np.testing.assert_allclose(first, [1.213, 1.004, 0.902, 0.825, 0.758], atol=6e-4)


def test_uncorrelated_items_have_no_factor():
    identity = np.eye(6)
    assert velicer_map(identity, n_persons=100).n_factors == 0
    assert empirical_kaiser(identity, n_persons=100).n_factors == 0


def test_retention_refuses_in_words(holzinger):
    for function in (velicer_map, empirical_kaiser):
        for data, word in (
            (holzinger.assign(x1=1.0), "x1"), (holzinger.assign(x2=holzinger["x1"]), "perfectly"),
            (holzinger.iloc[:9], "9 person"), (holzinger.iloc[:, :2], "2 item"),
        ):  # fmt: skip
            result = function(data)
            assert result.n_factors is None
            assert word in result.reason
            assert result.frame["estimate"].isna().all()


# --- parallel analysis of ordinal answers


def test_polychoric_parallel_analysis(complete):
    """Observed eigenvalues are those of the polychoric matrix; the reference lies above that of Pearson data."""
    items = complete.iloc[:600, :15]
    ordinal, plain = (parallel_analysis(items, matrix=kind, n_sets=60) for kind in ("polychoric", "pearson"))
    observed = np.linalg.eigvalsh(polychoric(items).matrix)[::-1]
    np.testing.assert_allclose(ordinal.frame["estimate"].astype(float), observed, atol=1e-10)
    assert ordinal.n_factors == plain.n_factors == 3
    assert ordinal.frame["reference_mean"].iloc[0] > plain.frame["reference_mean"].iloc[0] + 0.01
    assert ordinal.frame["reference_mean"].sum() == pytest.approx(15)
    with pytest.raises(StatisticError, match="permutation"):
        parallel_analysis(items, matrix="polychoric", method="normal")


def test_polychoric_reference_is_that_of_shuffled_answers(complete):
    """One set, by hand: shuffle each column and compute the polychoric correlations of what comes out."""
    rows = np.sort(complete.to_numpy(dtype=float)[:300, :6], axis=0)
    found = shuffled_polychoric_eigenvalues(rows, 40, np.random.default_rng(1))
    generator, by_hand = np.random.default_rng(2), []
    for _ in range(40):
        shuffled = np.column_stack([generator.permutation(column) for column in rows.T])
        by_hand.append(np.linalg.eigvalsh(polychoric(shuffled).matrix)[::-1])
    error = np.sqrt((found.var(axis=0) + np.var(by_hand, axis=0)) / 40)
    assert (np.abs(found.mean(axis=0) - np.mean(by_hand, axis=0)) < 4 * error).all()
