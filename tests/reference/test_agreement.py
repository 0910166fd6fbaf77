"""Agreement against published examples and psych, vcd, irr, irrCAC (R)."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.agreement import (
    cohen_kappa,
    count_values,
    fleiss_kappa,
    icc,
    krippendorff_alpha,
)
from ktss_analysis.psychometrics.intraclass import MODELS, mean_squares

N = np.nan
# Krippendorff (2011) and Gwet: 12 units, 4 observers
CODES = np.array([
    [1, 1, N, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [N, 5, 5, 5], [N, N, 1, 1], [N, 3, N, N],
])  # fmt: skip
# Shrout & Fleiss (1979), table 2: 6 targets, 4 judges
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
FLEISS = np.array([
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
])  # fmt: skip


@pytest.fixture(scope="module")
def reference(shared):
    return json.loads((shared / "reference" / "agreement.json").read_text())


@pytest.mark.parametrize(("level", "expected"), [
    ("nominal", 0.743421052631579), ("ordinal", 0.815387503754881), ("interval", 0.849107142857143),
    ("ratio", 0.797402774711612),
])  # fmt: skip
def test_krippendorff_canonical_example(level, expected):
    alpha = krippendorff_alpha(CODES, level=level)
    assert alpha.value == pytest.approx(expected, abs=1e-13)
    assert (alpha.n_used, alpha.n_missing) == (11, 1)


def test_rank_metric_is_not_gwets_ordinal_weights():
    """The same name stands for .81539 (Krippendorff's ranks) and .83364 (Gwet's ordinal weights)."""
    assert krippendorff_alpha(CODES, level="ordinal").value == pytest.approx(0.81539, abs=5e-6)
    assert "ordinal" in krippendorff_alpha(CODES, level="ordinal").method


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_krippendorff_with_eight_raters_and_holes(shared, reference, level):
    data = pd.read_csv(shared / "reference" / "data" / "raters8_missing.csv")
    expected = reference["krippendorff_raters8_missing"][level]
    assert krippendorff_alpha(data, level=level).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_krippendorff_equals_the_python_package(level):
    krippendorff = pytest.importorskip("krippendorff")
    data = np.random.default_rng(3).integers(1, 6, size=(40, 3)).astype(float)
    data[np.random.default_rng(4).random(data.shape) < 0.2] = np.nan
    expected = krippendorff.alpha(reliability_data=data.T, level_of_measurement=level)
    assert krippendorff_alpha(data, level=level).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_jackknife_leaves_out_one_unit_at_a_time(level):
    """The vectorised jackknife equals a loop that drops each unit and starts again."""
    rows = CODES[:11]
    left_out = [krippendorff_alpha(np.delete(rows, unit, axis=0), level=level).value for unit in range(11)]
    error = np.sqrt(10 / 11 * ((np.array(left_out) - np.mean(left_out)) ** 2).sum())
    alpha = krippendorff_alpha(rows, level=level)
    assert (alpha.value - alpha.low) == pytest.approx(2.2281388519649385 * error, rel=1e-9)


@pytest.mark.parametrize(("model", "expected"), [
    ("1-1", 0.16574177), ("A-1", 0.28976378), ("C-1", 0.71484071),
    ("1-k", 0.44279713), ("A-k", 0.62005055), ("C-k", 0.90931554),
])  # fmt: skip
def test_shrout_fleiss_points(model, expected):
    assert icc(JUDGES, model=model).value == pytest.approx(expected, abs=5e-9)


@pytest.mark.parametrize(("model", "low", "high"), [
    ("1-1", -0.133, 0.723), ("A-1", 0.019, 0.761), ("C-1", 0.342, 0.946),
    ("1-k", -0.884, 0.912), ("A-k", 0.071, 0.927), ("C-k", 0.676, 0.986),
])  # fmt: skip
def test_shrout_fleiss_intervals(model, low, high):
    interval = icc(JUDGES, model=model)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-4)


def test_shrout_fleiss_mean_squares():
    squares = mean_squares(JUDGES.astype(float))
    assert squares == pytest.approx((11.24167, 32.48611, 1.01944, 6.26389), abs=5e-6)


@pytest.mark.parametrize(("entry", "file"), [
    ("icc_shrout_fleiss_anova", "shrout_fleiss.csv"), ("icc_raters8_anova", "raters8_full.csv"),
])  # fmt: skip
def test_icc_equals_psych_at_full_precision(shared, reference, entry, file):
    data = pd.read_csv(shared / "reference" / "data" / file)
    for model, row in zip(MODELS, reference[entry]["table"]["values"], strict=True):
        ours = icc(data, model=model)
        assert (ours.value, ours.low, ours.high) == pytest.approx((row[0], row[5], row[6]), abs=1e-12)


@pytest.mark.parametrize("name", ["anxiety", "video"])
def test_icc_of_irr_data(shared, name):
    """The reference comes from a mixed model fitted by iteration (lmer), hence 2e-7."""
    folder = shared / "data" / "irr-rater-data"
    expected = json.loads((folder / "reference_R.json").read_text())[f"icc_{name}"]
    for model, label in zip(MODELS, ["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"], strict=True):
        assert icc(pd.read_csv(folder / f"{name}.csv"), model=model).value == pytest.approx(expected[label], abs=2e-7)


def test_cohen_kappa_of_a_two_by_two_table():
    """statsmodels: .400, standard error .1270."""
    kappa = cohen_kappa([[20, 5], [10, 15]])
    assert kappa.value == pytest.approx(0.4, abs=1e-12)
    assert (kappa.low, kappa.high) == pytest.approx((0.1511, 0.6489), abs=5e-5)


def test_cohen_kappa_of_statpsych():
    """statpsych, counts 31, 12, 4, 58: .676, standard error .0734, .532 to .820."""
    kappa = cohen_kappa([[31, 12], [4, 58]])
    assert kappa.value == pytest.approx(0.676, abs=5e-4)
    assert (kappa.low, kappa.high) == pytest.approx((0.532, 0.820), abs=6e-4)


@pytest.mark.parametrize(("weights", "entry", "kind"), [
    (None, "kappa_vision_vcd_linear", "unweighted"), ("linear", "kappa_vision_vcd_linear", "weighted"),
    ("quadratic", "kappa_vision_vcd_quadratic", "weighted"),
])  # fmt: skip
def test_weighted_kappa_and_error_equal_vcd(shared, reference, weights, entry, kind):
    vision = pd.read_csv(shared / "reference" / "data" / "vision_women.csv")
    kappa = cohen_kappa(vision, weights=weights)
    assert kappa.value == pytest.approx(reference[entry][kind]["value"], abs=1e-12)
    assert (kappa.high - kappa.value) / 1.959963984540054 == pytest.approx(reference[entry][kind]["ASE"], abs=1e-10)
    table = pd.crosstab(vision["right"], vision["left"])
    assert cohen_kappa(table, weights=weights).value == pytest.approx(kappa.value, abs=1e-14)


def test_a_category_nobody_used_does_not_change_weighted_kappa():
    """Codes 1, 2, 5: distances come from the codes, not from their rank."""
    ratings = np.array([[1, 1], [1, 2], [2, 2], [5, 5], [5, 2], [1, 1], [2, 1]])
    table = np.zeros((5, 5))
    np.add.at(table, (ratings[:, 0] - 1, ratings[:, 1] - 1), 1)
    for weights in ("linear", "quadratic"):
        assert cohen_kappa(ratings, weights=weights).value == pytest.approx(cohen_kappa(table, weights=weights).value)


def test_fleiss_textbook_example():
    assert fleiss_kappa(FLEISS).value == pytest.approx(0.209930704421955, abs=1e-14)


def test_fleiss_with_missing_ratings_equals_irrcac():
    counts, values = count_values(CODES)
    assert values.tolist() == [1, 2, 3, 4, 5]
    assert fleiss_kappa(counts).value == pytest.approx(0.76117, abs=5e-6)


def test_fleiss_of_eight_raters(shared, reference):
    counts, _ = count_values(pd.read_csv(shared / "reference" / "data" / "raters8_full.csv").to_numpy(dtype=float))
    assert fleiss_kappa(counts).value == pytest.approx(reference["fleiss_raters8"]["kappa"], abs=1e-12)


def test_fleiss_of_six_raters_equals_irrcac(shared):
    data = pd.read_csv(shared / "data" / "irrcac-gwet" / "distrib.6raters.csv")
    counts = data.select_dtypes("number").to_numpy()[:, -5:]
    assert fleiss_kappa(counts).value == pytest.approx(0.4139265, abs=5e-8)


# --- data that other programs answer with a number, a warning or a crash


@pytest.mark.parametrize(
    "call",
    [
        lambda: krippendorff_alpha(np.full((50, 5), 3.0)),
        lambda: krippendorff_alpha(np.full((50, 5), 3.0), level="interval"),
        lambda: icc(np.full((50, 5), 3.0)),
        lambda: cohen_kappa(np.full((50, 2), 3.0)),
        lambda: cohen_kappa([[0, 0], [0, 50]]),
        lambda: fleiss_kappa([[0, 5], [0, 5], [0, 5]]),
    ],
)
def test_one_category_throughout_is_undefined(call):
    result = call()
    assert (result.status, result.value) == ("undefined", None)
    assert "agreement cannot be told from chance" in result.reason


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("function", [krippendorff_alpha, icc])
def test_no_unit_and_one_unit(function, n):
    assert function(JUDGES[:n]).status == "too_few"


def test_all_missing_rater_leaves_no_complete_unit():
    data = JUDGES.astype(float)
    data[:, 1] = np.nan
    assert icc(data, missing="listwise").status == "too_few"
    assert krippendorff_alpha(data, level="interval").status == "ok"


def test_one_rater():
    assert icc(JUDGES[:, :1]).status == "undefined"
    assert krippendorff_alpha(JUDGES[:, :1]).status == "too_few"
    with pytest.raises(StatisticError, match="1 columns"):
        cohen_kappa(JUDGES[:, :1])


@pytest.mark.parametrize("function", [krippendorff_alpha, icc])
def test_infinite_and_text_are_refused(function):
    data = pd.DataFrame(JUDGES, columns=list("abcd")).astype(float)
    with pytest.raises(StatisticError, match="row 1, column 'a' is infinite"):
        function(data.mask(data == 9, np.inf))
    with pytest.raises(StatisticError, match="'agree'"):
        function(data.astype(object).mask(data > 8, "agree"))


def test_perfect_agreement_has_no_warning():
    data = np.repeat([[1.0], [2.0], [4.0]], 3, axis=1)
    for model in MODELS:
        assert icc(data, model=model).value == 1.0
    assert krippendorff_alpha(data).value == 1.0
    assert cohen_kappa(data[:, :2]).value == 1.0


def test_negative_value_at_ratio_level_is_refused():
    with pytest.raises(StatisticError, match="allowed: numbers from 0"):
        krippendorff_alpha([[-1, 2], [2, 2]], level="ratio")


def test_many_different_values_need_the_interval_level():
    data = np.arange(240.0).reshape(120, 2)
    with pytest.raises(StatisticError, match="use 'interval'"):
        krippendorff_alpha(data, level="ordinal")
    assert krippendorff_alpha(data, level="interval").status == "ok"


@pytest.mark.parametrize(("counts", "message"), [
    ([[1.5, 2]], "holds 1.5"), ([[-1, 2]], "holds -1"), ([[N, 2]], "holds nan"),
])  # fmt: skip
def test_counts_must_be_whole(counts, message):
    with pytest.raises(StatisticError, match=message):
        fleiss_kappa(counts)


def test_clusters_are_left_out_as_a_whole():
    groups = np.repeat(["g1", "g2", "g3", "g4"], 3)
    clustered = krippendorff_alpha(CODES, cluster=groups)
    assert clustered.value == krippendorff_alpha(CODES).value
    assert "jackknife over 4 clusters" in clustered.method
    alone = krippendorff_alpha(CODES, cluster=np.repeat("g1", 12))
    assert (alone.low, alone.high) == (None, None)
    assert "no interval" in alone.method
    with pytest.raises(StatisticError, match="3 labels for 12 units"):
        krippendorff_alpha(CODES, cluster=["a", "b", "c"])
