"""Agreement against published examples and psych, vcd, irr, irrCAC (R)."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.agreement import (
    agreement_summary,
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    count_values,
    fleiss_kappa,
    g_index,
    gwet_ac,
    icc,
    krippendorff_alpha,
    percent_agreement,
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


# --- Gwet's family (A13-A17), Conger, weights


@pytest.fixture(scope="module")
def raw(shared):
    """Gwet's 12 units and 4 raters; unit 12 has its only rating from rater 3, which Conger's kappa sees."""
    return pd.read_csv(shared / "data" / "irrcac-gwet" / "cac.raw4raters.csv").iloc[:, 1:]


@pytest.fixture(scope="module")
def distribution(shared):
    return pd.read_csv(shared / "data" / "irrcac-gwet" / "distrib.6raters.csv").iloc[:, 1:]


def standard_error(estimate, df):
    from scipy import stats

    return (estimate.value - estimate.low) / stats.t.ppf(0.975, df)


def test_gwets_raw_ratings_equal_irrcac(raw):
    """A13: irrCAC (R) prints AC1 .77544 with standard error .14295, Fleiss .76117, Conger .76282, alpha .74342."""
    ac1 = gwet_ac(raw)
    assert ac1.value == pytest.approx(0.77544, abs=5e-6)
    assert standard_error(ac1, 11) == pytest.approx(0.14295, abs=5e-6)
    assert (ac1.n_used, ac1.n_missing) == (12, 0)
    assert fleiss_kappa(raw, layout="ratings").value == pytest.approx(0.76117, abs=5e-6)
    assert conger_kappa(raw).value == pytest.approx(0.76282, abs=5e-6)
    assert krippendorff_alpha(raw).value == pytest.approx(0.74342, abs=5e-6)


def test_missing_is_not_a_category(raw):
    """The Python irrCAC under pandas 3 counts missing ratings as a category and prints .78553."""
    assert gwet_ac(raw).value != pytest.approx(0.78553, abs=1e-3)
    assert gwet_ac(raw.fillna(9)).value != pytest.approx(gwet_ac(raw).value, abs=1e-3)


@pytest.mark.parametrize(("weights", "ac2", "fleiss", "alpha"), [
    ("quadratic", 0.91400, 0.86494, 0.84911), ("linear", 0.85874, 0.81794, 0.80038), ("ordinal", None, None, 0.83364),
])  # fmt: skip
def test_weighted_coefficients_equal_irrcac(raw, weights, ac2, fleiss, alpha):
    """A14, A15, and Gwet's ordinal weights, which are not Krippendorff's ordinal metric."""
    assert krippendorff_alpha(raw, weights=weights).value == pytest.approx(alpha, abs=5e-6)
    if ac2 is not None:
        assert gwet_ac(raw, weights=weights).value == pytest.approx(ac2, abs=5e-6)
        assert fleiss_kappa(raw, layout="ratings", weights=weights).value == pytest.approx(fleiss, abs=5e-6)
    assert f"{weights} weights" in krippendorff_alpha(raw, weights=weights).method


def test_counts_of_six_raters_equal_irrcac(distribution):
    """A17."""
    found = {
        "AC1": gwet_ac(distribution, layout="counts"), "Fleiss": fleiss_kappa(distribution),
        "BP": brennan_prediger(distribution, layout="counts"),
    }  # fmt: skip
    assert found["AC1"].value == pytest.approx(0.4448007, abs=5e-8)
    assert found["Fleiss"].value == pytest.approx(0.4139265, abs=5e-8)
    assert found["BP"].value == pytest.approx(0.4388889, abs=5e-8)
    ratings = np.array([np.repeat(np.arange(1, 6), row) for row in distribution.to_numpy()])
    assert krippendorff_alpha(ratings).value == pytest.approx(0.4204384, abs=5e-8)
    for name, function in (("AC1", gwet_ac), ("BP", brennan_prediger)):
        same = function(ratings, categories=range(1, 6))
        assert (same.value, same.low, same.high) == pytest.approx(
            (found[name].value, found[name].low, found[name].high), abs=1e-12
        )


def test_three_abstractors_equal_irrcac(shared):
    """irrCAC prints for two raters and 100 patients: kappa .7964, pi .7962, AC1 .8493, BP .835, alpha .7973."""
    table = pd.read_csv(shared / "data" / "irrcac-gwet" / "cont3x3abstractors.csv", index_col=0).to_numpy()
    ratings = np.array([(i, j) for i in range(3) for j in range(3) for _ in range(int(table[i, j]))], dtype=float)
    kappa = cohen_kappa(table)
    assert kappa.value == pytest.approx(0.7964094, abs=5e-8)
    assert (kappa.high - kappa.value) / 1.959964 == pytest.approx(0.05891072, abs=5e-8)
    pi = fleiss_kappa(ratings, layout="ratings", ci_method="analytic")
    assert pi.value == pytest.approx(0.7962397, abs=5e-8)
    # for tables irrCAC divides by n, for raw ratings (A13) by n - 1
    assert standard_error(pi, 99) * np.sqrt(99 / 100) == pytest.approx(0.05905473, abs=5e-8)
    assert gwet_ac(ratings).value == pytest.approx(0.8493, abs=5e-5)
    assert brennan_prediger(ratings).value == pytest.approx(0.835, abs=5e-4)
    assert krippendorff_alpha(ratings).value == pytest.approx(0.7973, abs=5e-5)
    assert conger_kappa(ratings).value == pytest.approx(kappa.value, abs=1e-12)


def test_irr_diagnoses(shared):
    """A18: Fleiss' kappa .430, exact (Conger's) .442."""
    texts = pd.read_csv(shared / "data" / "irr-rater-data" / "diagnoses.csv")
    codes = texts.apply(lambda column: column.str[0].astype(float))
    assert fleiss_kappa(codes, layout="ratings").value == pytest.approx(0.430, abs=5e-4)
    assert conger_kappa(codes).value == pytest.approx(0.442, abs=5e-4)
    assert fleiss_kappa(codes, layout="ratings").value == pytest.approx(0.4302445, abs=5e-8)
    # as printed by Fleiss (1971): mean agreement .556
    assert percent_agreement(codes).value == pytest.approx(0.556, abs=5e-4)


@pytest.mark.parametrize(("variable", "expected"), [
    ("n_pictures", 0.880), ("pop_elite", 0.339), ("pop_people", 0.287), ("pop_othering", 0.566),
])  # fmt: skip
def test_facebook_posts_equal_tidycomm(shared, variable, expected):
    """45 posts, 6 coders, skewed categories: alpha low although coders mostly agree (vignette of tidycomm)."""
    posts = pd.read_csv(shared / "data" / "tidycomm-fbposts-6coders" / "fbposts.csv")
    wide = posts.pivot(index="post_id", columns="coder_id", values=variable)
    assert krippendorff_alpha(wide).value == pytest.approx(expected, abs=5e-4)
    if variable == "pop_people":
        table = agreement_summary(wide).set_index("statistic")["estimate"]
        assert table["percent_agreement"] > 0.85
        assert table["gwet_ac"] > table["krippendorff_alpha"] + 0.4


def test_intraclass_kappa_of_statpsych():
    """A10: the counts 31, 12, 4, 58 have intraclass kappa .674, which is Fleiss' for two raters."""
    pairs = [[1, 1]] * 31 + [[1, 2]] * 12 + [[2, 1]] * 4 + [[2, 2]] * 58
    assert fleiss_kappa(pairs, layout="ratings").value == pytest.approx(0.674, abs=5e-4)


def test_g_index_of_statpsych():
    """A23."""
    g = g_index(214, 250, 3)
    assert (g.value, g.low, g.high) == pytest.approx((0.784, 0.7098, 0.8414), abs=5e-5)
    pairs = [[1, 1]] * 200 + [[2, 2]] * 10 + [[3, 3]] * 4 + [[1, 2]] * 30 + [[2, 3]] * 6
    assert brennan_prediger(pairs).value == pytest.approx(g.value, abs=1e-12)
    for wrong in (1, 2.5, N):
        with pytest.raises(StatisticError, match="whole numbers from 2"):
            g_index(214, 250, wrong)
    assert g_index(0, 0, 2).status == "too_few"


def test_own_weights_are_used_and_checked():
    """A matrix gives what the name gives; one that is no agreement is refused."""
    ratings = np.array([[1, 1], [1, 2], [2, 2], [3, 3], [3, 2], [1, 3], [2, 1]])
    matrix = 1 - np.abs(np.subtract.outer([1.0, 2, 3], [1.0, 2, 3])) / 2
    for function in (cohen_kappa, conger_kappa, gwet_ac, brennan_prediger, percent_agreement):
        named, own = function(ratings, weights="linear"), function(ratings, weights=matrix)
        assert named.value == pytest.approx(own.value, abs=1e-14)
        assert "own weights" in own.method
    with pytest.raises(StatisticError, match="one row per category"):
        gwet_ac(ratings, weights=np.eye(2))
    for wrong in (matrix - 0.1, np.triu(matrix), matrix * 2):
        with pytest.raises(StatisticError, match="symmetric matrix of numbers from 0 to 1"):
            cohen_kappa(ratings, weights=wrong)
    with pytest.raises(StatisticError, match="'linear', 'quadratic', 'ordinal'"):
        fleiss_kappa(ratings, layout="ratings", weights="cubic")
    with pytest.raises(StatisticError, match="allowed is one of them"):
        krippendorff_alpha(ratings, level="ordinal", weights="linear")


def test_categories_nobody_used_count_for_gwet_and_brennan_prediger():
    pairs = [[1, 1]] * 8 + [[1, 2]] * 2 + [[2, 2]] * 5
    more = {"categories": (1, 2, 3)}
    assert gwet_ac(pairs, **more).value > gwet_ac(pairs).value
    assert brennan_prediger(pairs, **more).value == pytest.approx((13 / 15 - 1 / 3) / (2 / 3))
    assert fleiss_kappa(pairs, layout="ratings", **more).value == pytest.approx(
        fleiss_kappa(pairs, layout="ratings").value
    )
    with pytest.raises(StatisticError, match=r"found 2; allowed: 1, 3"):
        gwet_ac(pairs, categories=(1, 3))
    with pytest.raises(StatisticError, match="ascending"):
        gwet_ac(pairs, categories=(2, 1))


def test_prevalence_and_bias_of_two_raters():
    """Byrt, Bishop and Carlin (1993): |a - d| / n, |b - c| / n, and PABAK = 2 p - 1."""
    a, b, c, d = 40, 9, 6, 45
    pairs = [[1, 1]] * a + [[1, 2]] * b + [[2, 1]] * c + [[2, 2]] * d
    table = agreement_summary(pairs).set_index("statistic")["estimate"].astype(float)
    assert table["prevalence_index"] == pytest.approx(abs(a - d) / 100, abs=1e-12)
    assert table["bias_index"] == pytest.approx(abs(b - c) / 100, abs=1e-12)
    assert table["brennan_prediger"] == pytest.approx(2 * (a + d) / 100 - 1, abs=1e-12)
    assert table["cohen_kappa"] == pytest.approx(0.70, abs=5e-3)


def test_perfect_agreement_keeps_its_doubt():
    """A variance of 0 is not certainty: the lower limit is that of the share of agreeing units."""
    few, many = np.repeat([[1.0], [2.0]] * 5, 3, axis=1), np.repeat([[1.0], [2.0]] * 100, 3, axis=1)
    for function in (gwet_ac, brennan_prediger, conger_kappa, krippendorff_alpha):
        small, large = function(few), function(many)
        assert (small.value, small.high) == (1.0, 1.0)
        assert small.low < 0.5 < 0.9 < large.low < 1
        assert "no disagreement seen" in small.method
    share = 0.025 ** (1 / 10)
    assert gwet_ac(few).low == pytest.approx((share - 0.5) / 0.5, abs=1e-12)
    assert cohen_kappa(few[:, :2]).low == pytest.approx((share - 0.5) / 0.5, abs=1e-12)
    clustered = gwet_ac(few, ci_method="jackknife", cluster=np.repeat(["a", "b", "c", "d", "e"], 2))
    assert clustered.low == pytest.approx((0.025 ** (1 / 5) - 0.5) / 0.5, abs=1e-12)


def test_a_code_seen_once_has_no_interval_and_says_why():
    """Leaving out the one unit with the code leaves a constant: no limits, and a reason."""
    pairs = np.array([[0, 0]] * 9 + [[1, 0]], dtype=float)
    for function in (krippendorff_alpha, conger_kappa):
        rare = function(pairs)
        assert rare.status == "ok"
        assert (rare.low, rare.high) == (None, None)
        assert "undefined when one of the rows is left out" in rare.reason


def test_a_rater_without_ratings():
    data = JUDGES.astype(float)
    data[:, 1] = np.nan
    assert conger_kappa(data).reason == "rater 'V2' rated nothing"
    assert gwet_ac(data).status == "ok"
    table = agreement_summary(data).set_index("statistic")
    assert table.loc["conger_kappa", "status"] == "undefined"
    assert table.loc["bias_index", "status"] == "ok"


def test_clusters_and_the_analytic_interval_do_not_go_together():
    pairs = [[1, 1], [1, 2], [2, 2], [2, 2]]
    groups = ["a", "a", "b", "b"]
    for call in (
        lambda: gwet_ac(pairs, cluster=groups),
        lambda: cohen_kappa(pairs, cluster=groups),
        lambda: fleiss_kappa(pairs, layout="ratings", ci_method="analytic", cluster=groups),
    ):
        with pytest.raises(StatisticError, match="knows no clusters"):
            call()
    with pytest.raises(StatisticError, match="a table has no units"):
        cohen_kappa([[5, 1], [1, 5]], ci_method="jackknife", cluster=["a", "b"])
    with pytest.raises(StatisticError, match="whole counts"):
        cohen_kappa([[5.5, 1], [1, 5]], ci_method="bootstrap")


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
        lambda: gwet_ac(np.full((50, 5), 3.0)),
        lambda: brennan_prediger(np.full((50, 5), 3.0)),
        lambda: conger_kappa(np.full((50, 5), 3.0)),
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
