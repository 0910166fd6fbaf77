"""Item analysis against psych (R) and against small cases that can be checked by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.items import (
    apply_keys,
    inter_item_correlations,
    item_statistics,
    score_items,
)

REVERSED = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]


@pytest.fixture(scope="module")
def bfi(shared):
    return pd.read_csv(shared / "data" / "psych-bfi" / "bfi.csv")


@pytest.fixture(scope="module")
def psych(shared):
    return json.loads((shared / "reference" / "reliability.json").read_text())


def column(table, name):
    return [row[table["cols"].index(name)] for row in table["values"]]


@pytest.mark.parametrize("letter", ["A", "C", "E"])
def test_item_table_equals_psych(bfi, psych, letter):
    names = [f"{letter}{number}" for number in range(1, 6)]
    key = {name: -1 for name in REVERSED if name in names}
    ours = item_statistics(bfi[names], scale=(1, 6), key=key)
    reference = psych["bfi_pairwise"][letter]
    for theirs, column_name in (
        ("mean", "mean"),
        ("sd", "sd"),
        ("r.drop", "item_rest_correlation"),
        ("n", "n_used"),
    ):
        np.testing.assert_allclose(ours[column_name].astype(float), column(reference["item_stats"], theirs), atol=1e-10)
    np.testing.assert_allclose(
        ours["alpha_if_item_deleted"].astype(float), column(reference["alpha_drop"], "raw_alpha"), atol=1e-10
    )
    np.testing.assert_allclose(ours["floor_share"].astype(float), column(reference["response_freq"], "1"), atol=1e-12)
    np.testing.assert_allclose(ours["ceiling_share"].astype(float), column(reference["response_freq"], "6"), atol=1e-12)


@pytest.mark.parametrize(
    ("scale", "letter"),
    [("agree", "A"), ("conscientious", "C"), ("extraversion", "E"), ("neuroticism", "N"), ("openness", "O")],
)
def test_item_rest_correlations_of_all_scales(bfi, shared, scale, letter):
    reference = json.loads((shared / "data" / "psych-bfi" / "reference_R.json").read_text())["scales"][scale]
    names = [f"{letter}{number}" for number in range(1, 6)]
    ours = item_statistics(bfi[names], scale=(1, 6), key={name: -1 for name in REVERSED if name in names})
    expected = [reference["item_total_corrected"][name] for name in names]
    np.testing.assert_allclose(ours["item_rest_correlation"].astype(float), expected, atol=6e-9)


def test_difficulty_is_the_mean_as_share_of_the_range():
    table = item_statistics([[1, 5], [5, 5], [3, 4], [3, 2]], scale=(1, 5))
    assert table["item_difficulty"].tolist() == [0.5, 0.75]
    assert table["floor_share"].tolist() == [0.25, 0.0]
    assert table["ceiling_share"].tolist() == [0.25, 0.5]


def test_fisher_interval_of_a_correlation():
    """R: cor.test(anscombe$x1, anscombe$y1) prints .4243912 and .9506933."""
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    row = inter_item_correlations(list(zip(x, y, strict=True))).iloc[0]
    assert row["estimate"] == pytest.approx(0.8164205, abs=5e-8)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.4243912, 0.9506933), abs=5e-8)


def test_redundant_item_is_named():
    data = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [1, 2, 3, 4, 4], "c": [5, 1, 4, 2, 2]})
    table = item_statistics(data, scale=(1, 5)).set_index("item_id")
    assert table.loc["a", "other_item_id"] == "b"
    assert table.loc["a", "largest_correlation"] == pytest.approx(np.corrcoef(data["a"], data["b"])[0, 1])


def test_scores_reverse_keys_and_say_how_many_answers():
    data = pd.DataFrame({"a": [1, 5, np.nan], "b": [5, 1, 2]}, index=["p", "q", "r"])
    scores = score_items(data, scale=(1, 5), key={"b": -1})
    assert scores["scale_score"].iloc[:2].tolist() == [1.0, 5.0]
    assert scores.loc["r", "status"] == "too_few"
    assert scores.loc["r", "reason"] == "1 of 2 items answered; needs 2"
    assert score_items(data, scale=(1, 5), key={"b": -1}, min_answered=1, method="sum").loc["r", "scale_score"] == 8.0


# --- data that other programs answer with a number, a warning or a crash


@pytest.fixture
def answers():
    generator = np.random.default_rng(5)
    trait = generator.normal(size=(200, 1))
    raw = np.clip(np.rint(3.5 + trait + generator.normal(size=(200, 5))), 1, 6)
    return pd.DataFrame(raw, columns=["N1", "N2", "N3", "N4", "N5"])


def test_out_of_range_value_is_refused_with_item_and_row(answers):
    answers.loc[0, "N1"] = 55
    with pytest.raises(StatisticError, match="'N1', row 1 holds 55; allowed: 1 to 6"):
        item_statistics(answers, scale=(1, 6))


def test_infinite_value_is_refused(answers):
    answers.loc[3, "N2"] = np.inf
    with pytest.raises(StatisticError, match="row 4, column 'N2' is infinite"):
        item_statistics(answers, scale=(1, 6))


def test_text_is_refused(answers):
    answers["N1"] = answers["N1"].astype(object)
    answers.loc[0, "N1"] = "agree"
    with pytest.raises(StatisticError, match="'N1' holds 'agree'"):
        item_statistics(answers, scale=(1, 6))


@pytest.mark.parametrize(
    ("filler", "status", "reason"),
    [
        (3.0, "undefined", "item 'N3': everybody gave the same answer"),
        (np.nan, "too_few", "item 'N3': nobody answered"),
    ],
)
def test_constant_or_empty_item_does_not_spoil_the_others(answers, filler, status, reason):
    spoilt = item_statistics(answers.assign(N3=filler), scale=(1, 6)).set_index("item_id")
    assert (spoilt.loc["N3", "status"], spoilt.loc["N3", "reason"]) == (status, reason)
    clean = item_statistics(answers.drop(columns="N3"), scale=(1, 6)).set_index("item_id")
    pd.testing.assert_frame_equal(spoilt.drop(index="N3"), clean)


def test_one_item_has_no_rest(answers):
    row = item_statistics(answers[["N1"]], scale=(1, 6)).iloc[0]
    assert (row["status"], row["reason"]) == ("undefined", "there is no other item that varies")
    assert row["mean"] == pytest.approx(answers["N1"].mean())


def test_three_persons_are_too_few_for_a_correlation(answers):
    table = item_statistics(answers.head(3), scale=(1, 6))
    assert set(table["status"]) <= {"too_few", "undefined"}
    assert table["item_rest_correlation"].isna().all()


@pytest.mark.parametrize(("key", "message"), [
    ({"Z": -1}, "no item 'Z'"), ([1, -1], "2 keys for 5 items"), ({"N1": 0}, "key of item 'N1' is 0"),
])  # fmt: skip
def test_wrong_keys_are_refused(answers, key, message):
    with pytest.raises(StatisticError, match=message):
        apply_keys(answers, scale=(1, 6), key=key)


def test_wrong_scale_is_refused(answers):
    with pytest.raises(StatisticError, match="lowest < highest"):
        item_statistics(answers, scale=(6, 1))
