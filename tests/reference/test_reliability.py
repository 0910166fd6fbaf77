"""Reliability against psych, MBESS and lavaan (R), and against closed forms."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.one_factor import fit_one_factor
from ktss_analysis.psychometrics.reliability import (
    cronbach_alpha,
    guttman_lambdas,
    omega_total,
    split_half,
    standard_error_of_measurement,
    standardized_alpha,
)

REVERSED = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]
SCALES = [
    ("agree", "A"),
    ("conscientious", "C"),
    ("extraversion", "E"),
    ("neuroticism", "N"),
    ("openness", "O"),
]

# LSAT sections 6 and 7 (Bock & Lieberman, 1970): answer patterns of five items and their frequencies
LSAT6 = (
    3,
    6,
    2,
    11,
    1,
    1,
    3,
    4,
    1,
    8,
    0,
    16,
    0,
    3,
    2,
    15,
    10,
    29,
    14,
    81,
    3,
    28,
    15,
    80,
    16,
    56,
    21,
    173,
    11,
    61,
    28,
    298,
)
LSAT7 = (
    12,
    19,
    1,
    7,
    3,
    19,
    3,
    17,
    10,
    5,
    3,
    7,
    7,
    23,
    8,
    28,
    7,
    39,
    11,
    34,
    14,
    51,
    15,
    90,
    6,
    25,
    7,
    35,
    18,
    136,
    32,
    308,
)


def patterns(frequencies):
    rows = [[number >> bit & 1 for bit in (4, 3, 2, 1, 0)] for number in range(32)]
    return np.repeat(np.array(rows), frequencies, axis=0)


@pytest.fixture(scope="module")
def keyed(shared):
    frame = pd.read_csv(shared / "data" / "psych-bfi" / "bfi.csv")
    frame[REVERSED] = 7 - frame[REVERSED]
    return frame


@pytest.fixture(scope="module")
def psych(shared):
    return json.loads((shared / "reference" / "reliability.json").read_text())


@pytest.fixture(scope="module")
def lavaan(shared):
    return json.loads((shared / "data" / "psych-bfi" / "reference_R.json").read_text())["scales"]


def scale(frame, letter):
    return frame[[f"{letter}{number}" for number in range(1, 6)]]


@pytest.mark.parametrize(("frequencies", "expected"), [(LSAT6, 0.29500), (LSAT7, 0.45341)])
def test_alpha_of_the_law_school_test(frequencies, expected):
    """psych prints .29500 and .45341."""
    data = patterns(frequencies)
    assert len(data) == 1000
    assert cronbach_alpha(data).value == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize("letter", ["A", "C", "E"])
def test_raw_and_standardized_alpha_equal_psych(keyed, psych, letter):
    items = scale(keyed, letter)
    for missing, entry in (("pairwise", "bfi_pairwise"), ("listwise", "bfi_listwise_within_scale")):
        total = psych[entry][letter]["total"]
        assert cronbach_alpha(items, missing=missing).value == pytest.approx(total["raw_alpha"], abs=1e-12)
        assert standardized_alpha(items, missing=missing).value == pytest.approx(total["std.alpha"], abs=1e-12)


@pytest.mark.parametrize("letter", ["A", "C", "E"])
def test_feldt_interval_equals_psych(keyed, psych, letter):
    reference = psych["bfi_listwise_within_scale"][letter]["feldt"]
    alpha = cronbach_alpha(scale(keyed, letter), missing="listwise")
    assert (alpha.low, alpha.high) == pytest.approx((reference["lower.ci"], reference["upper.ci"]), abs=1e-10)
    assert alpha.n_used == psych["bfi_listwise_within_scale"][letter]["n"]


def test_same_name_different_number(keyed):
    """Alpha of one data set is .70302 or .70376: the rule for missing answers stands in the method."""
    items = scale(keyed, "A")
    pairwise, listwise = (cronbach_alpha(items, missing=rule) for rule in ("pairwise", "listwise"))
    assert (round(pairwise.value, 5), round(listwise.value, 5)) == (0.70302, 0.70376)
    assert "pairwise" in pairwise.method
    assert "listwise" in listwise.method
    assert (listwise.low, listwise.high) == pytest.approx((0.68574464, 0.72103597), abs=1e-8)


def test_distribution_free_interval_of_alpha_equals_mbess(keyed):
    """MBESS prints .683 and .725 (ADF)."""
    alpha = cronbach_alpha(scale(keyed, "A"), missing="listwise", ci_method="adf")
    assert (alpha.low, alpha.high) == pytest.approx((0.683, 0.725), abs=5e-4)


def test_bootstrap_interval_is_near_the_distribution_free_one(keyed):
    items = scale(keyed, "A")
    boot = cronbach_alpha(items, missing="listwise", ci_method="bca", seed=3)
    delta = cronbach_alpha(items, missing="listwise", ci_method="adf")
    assert (boot.low, boot.high) == pytest.approx((delta.low, delta.high), abs=3e-3)


@pytest.mark.parametrize(("name", "letter"), SCALES)
def test_omega_and_chi_square_equal_lavaan(keyed, lavaan, name, letter):
    """lavaan stops a little before the minimum, hence 5e-7; chi-square is flat there: 1e-7."""
    items = scale(keyed, letter)
    assert omega_total(items, missing="listwise").value == pytest.approx(
        lavaan[name]["omega_total_1factor_ML_listwise"], abs=5e-7
    )
    rows = items.dropna().to_numpy(dtype=float)
    fit = fit_one_factor(np.cov(rows.T, bias=True))
    assert fit.converged
    assert fit.discrepancy * len(rows) == pytest.approx(lavaan[name]["cfa1_ML"]["chisq"], abs=1e-7)


def test_two_denominators_and_robust_interval_equal_mbess(keyed):
    """MBESS: .71212897 (SE .01026256, MLR .69201-.73224) and .71413594."""
    items = scale(keyed, "A")
    model = omega_total(items, missing="listwise")
    observed = omega_total(items, missing="listwise", denominator="observed")
    assert model.value == pytest.approx(0.71212897, abs=5e-7)
    assert observed.value == pytest.approx(0.71413594, abs=2e-6)
    assert (model.low, model.high) == pytest.approx((0.69201, 0.73224), abs=6e-6)
    assert (model.high - model.low) / 2 / 1.959963985 == pytest.approx(0.01026256, abs=2e-8)


def test_omega_of_another_data_set(shared):
    folder = shared / "data" / "efatools-grips"
    reference = json.loads((folder / "reference_R.json").read_text())["total"]
    items = pd.read_csv(folder / "GRiPS_raw.csv")[list(reference["item_total_corrected"])]
    assert cronbach_alpha(items).value == pytest.approx(reference["alpha"], abs=6e-9)
    assert omega_total(items).value == pytest.approx(reference["omega_total_1factor_ML_listwise"], abs=5e-7)


@pytest.mark.parametrize("letter", ["A", "C", "E"])
def test_observed_denominator_equals_semtools(shared, psych, letter):
    items = pd.read_csv(shared / "reference" / "data" / "bfi_complete.csv")
    items[REVERSED] = 7 - items[REVERSED]
    reference = psych["sem_one_factor"][letter]
    omega = omega_total(scale(items, letter), denominator="observed")
    assert omega.value == pytest.approx(reference["omega_ml"], abs=2e-6)


@pytest.mark.parametrize("letter", ["A", "C", "E"])
def test_lambdas_equal_psych(keyed, psych, letter):
    reference = psych["bfi_listwise_within_scale"][letter]["guttman"]
    ours = guttman_lambdas(scale(keyed, letter), matrix="correlation", missing="listwise")
    for number in (1, 2, 3, 5, 6):
        estimate = ours["estimate"].iloc[number - 1]
        assert estimate == pytest.approx(reference[f"lambda.{number}"], abs=1e-10), number
    # psych 2.2.9 looks at half of the splits when the number of items is odd, and can miss the best
    assert ours["estimate"].iloc[3] >= reference["lambda.4"] - 1e-10


def test_best_split_is_the_best_of_all_halves(keyed):
    """Every pair of conscientiousness items against the other three, one by one."""
    correlation = scale(keyed, "C").dropna().corr().to_numpy()
    best = 0.0
    for first in range(5):
        for second in range(first):
            one = np.isin(np.arange(5), [first, second])
            best = max(best, 4 * correlation[np.ix_(one, ~one)].sum() / correlation.sum())
    ours = guttman_lambdas(scale(keyed, "C"), matrix="correlation", missing="listwise").set_index("statistic")
    assert ours.loc["lambda_4", "estimate"] == pytest.approx(best, abs=1e-12)


def test_all_6435_splits_of_sixteen_items(shared, psych):
    items = pd.read_csv(shared / "reference" / "data" / "ability.csv")
    reference = psych["ability"]
    ours = split_half(items, matrix="correlation", missing="pairwise").set_index("statistic")["estimate"]
    for part in ("mean", "min", "max"):
        assert ours[f"split_half_{part}"] == pytest.approx(reference["split"][part], abs=1e-10), part
    assert ours["split_half_median"] == pytest.approx(reference["split_quantiles"]["50%"], abs=1e-10)
    assert reference["split_n"] == 6435


@pytest.mark.parametrize(
    ("alpha", "n", "k", "low", "high"),
    [
        (0.85, 89, 7, 0.79706, 0.89317),
        (0.913, 873, 20, 0.9044024, 0.9211588),
        (0.83, 100, 20, 0.77765, 0.87480),
    ],
)
def test_published_feldt_limits(alpha, n, k, low, high):
    """statpsych; C. Evans' page at the MRC Cognition and Brain Sciences Unit; cocron's formula."""
    from ktss_analysis.psychometrics.intervals import feldt_interval

    interval = feldt_interval(alpha, n, k)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-6)


def test_error_of_measurement_is_sd_times_root_of_one_minus_alpha(keyed):
    items = scale(keyed, "A").dropna()
    alpha = cronbach_alpha(items).value
    for score, total in (("mean", items.mean(axis=1)), ("sum", items.sum(axis=1))):
        ours = standard_error_of_measurement(items, score=score)
        assert ours.value == pytest.approx(standard_error_of_measurement((alpha, total.std())).value, abs=1e-12)
        assert ours.low < ours.value < ours.high


# --- data that other programs answer with a number, a warning or a crash

EVERY = (
    cronbach_alpha,
    standardized_alpha,
    omega_total,
    standard_error_of_measurement,
    guttman_lambdas,
    split_half,
)


def statuses(result):
    if isinstance(result, pd.DataFrame):
        return set(zip(result["status"], result["reason"], strict=True))
    return {(result.status, result.reason)}


@pytest.fixture
def answers():
    generator = np.random.default_rng(5)
    trait = generator.normal(size=(200, 1))
    raw = np.clip(np.rint(3.5 + trait + generator.normal(size=(200, 5))), 1, 6)
    return pd.DataFrame(raw, columns=["N1", "N2", "N3", "N4", "N5"])


@pytest.mark.parametrize("function", EVERY)
def test_constant_item(function, answers):
    assert statuses(function(answers.assign(N3=3.0))) == {("undefined", "item 'N3': everybody gave the same answer")}


@pytest.mark.parametrize("function", EVERY)
def test_item_that_nobody_answered(function, answers):
    result = function(answers.assign(N3=np.nan), missing="listwise")
    assert statuses(result) == {("too_few", "item 'N3': nobody answered")}


@pytest.mark.parametrize("function", EVERY)
def test_single_category(function):
    ((status, reason),) = statuses(function(np.full((50, 5), 3.0)))
    assert status == "undefined"
    assert "everybody gave the same answer" in reason


@pytest.mark.parametrize("function", EVERY)
@pytest.mark.parametrize("n", [0, 1])
def test_no_rows_and_one_row(function, answers, n):
    ((status, reason),) = statuses(function(answers.head(n)))
    assert status == "too_few"
    assert reason.startswith(f"{n} person(s)")


@pytest.mark.parametrize("function", EVERY)
def test_one_item(function, answers):
    ((status, reason),) = statuses(function(answers[["N1"]]))
    assert status == "undefined"
    assert reason.startswith("1 item(s)")


@pytest.mark.parametrize("function", EVERY)
def test_missing_answers_need_a_rule(function, answers):
    answers.loc[3] = np.nan
    answers.loc[5, "N3"] = np.nan
    with pytest.raises(StatisticError, match="6 cells are missing in 2 rows"):
        function(answers)
    listwise, dropped = function(answers, missing="listwise"), function(answers.dropna())
    if isinstance(listwise, pd.DataFrame):
        np.testing.assert_allclose(listwise["estimate"].astype(float), dropped["estimate"].astype(float), rtol=1e-12)
        assert set(listwise["n_missing"]) == {2}
    else:
        numbers = (dropped.value, dropped.low, dropped.high)
        assert (listwise.value, listwise.low, listwise.high) == pytest.approx(numbers, rel=1e-12)
        assert (listwise.n_used, listwise.n_missing) == (198, 2)


@pytest.mark.parametrize("function", EVERY)
@pytest.mark.parametrize(("value", "message"), [(np.inf, "infinite"), ("agree", "'agree'")])
def test_infinite_and_text_are_refused(function, answers, value, message):
    answers = answers.astype(object)
    answers.loc[0, "N1"] = value
    if value == np.inf:
        answers = answers.astype(float)
    with pytest.raises(StatisticError, match=message):
        function(answers)


def test_negative_alpha_is_a_number_that_names_the_items(answers):
    answers["N1"] = 7 - answers["N1"]
    mixed = answers[["N1", "N2"]]
    alpha = cronbach_alpha(mixed)
    assert alpha.status == "ok"
    assert alpha.value < 0
    assert alpha.low <= alpha.value <= alpha.high
    assert alpha.reason == "correlate negatively with the rest: 'N1', 'N2'; check the keys"
    assert "'N1'" in cronbach_alpha(answers).reason


def test_duplicate_item_is_named(answers):
    twin = answers.assign(N2=answers["N1"])
    assert cronbach_alpha(twin).reason == "items 'N1' and 'N2' correlate perfectly"
    omega = omega_total(twin)
    assert (omega.status, omega.value) == ("undefined", None)
    assert "'N1' and 'N2' correlate perfectly" in omega.reason
    lambdas = guttman_lambdas(twin).set_index("statistic")
    assert lambdas.loc["lambda_6", "status"] == "undefined"
    assert lambdas.loc["lambda_3", "status"] == "ok"


def test_fewer_persons_than_items(answers):
    wide = pd.concat([answers.head(4), answers.iloc[4:8].reset_index(drop=True).add_suffix("b")], axis=1)
    assert cronbach_alpha(wide.iloc[:, [0, 1, 2, 5, 6]]).status in ("ok", "undefined")
    assert omega_total(answers.head(5)).status == "too_few"


def test_heywood_case_is_undefined():
    """Correlations .9, .9 and .6 need a loading above 1 on the first item."""
    generator = np.random.default_rng(1)
    raw = generator.normal(size=(50, 3))
    raw = (raw - raw.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T)).T)
    target = np.array([[1, 0.9, 0.9], [0.9, 1, 0.63], [0.9, 0.63, 1]])
    omega = omega_total(raw @ np.linalg.cholesky(target).T)
    assert (omega.status, omega.value) == ("undefined", None)
    assert "Heywood case: item 'V1'" in omega.reason


def test_items_without_a_common_factor_are_undefined():
    """With an odd number of negative correlations three items cannot share one factor."""
    generator = np.random.default_rng(1)
    raw = generator.normal(size=(60, 3))
    raw = (raw - raw.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T)).T)
    target = np.array([[1, 0.4, 0.4], [0.4, 1, -0.4], [0.4, -0.4, 1]])
    omega = omega_total(raw @ np.linalg.cholesky(target).T)
    assert omega.status == "undefined"
    assert omega.reason


def test_pairwise_has_no_likelihood(answers):
    with pytest.raises(StatisticError, match="listwise"):
        omega_total(answers, missing="pairwise")


@pytest.mark.parametrize(("summary", "message"), [((1.2, 3.0), "alpha=1.2"), ((0.8, -1.0), "sd=-1.0")])
def test_impossible_summaries_are_refused(summary, message):
    with pytest.raises(StatisticError, match=message):
        standard_error_of_measurement(summary)
