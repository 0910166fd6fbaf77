"""Fourteen kinds of unusable data on which the peers in R and Python were tried: what we answer instead.

Expected answers: a refusal whose message names the place, a status with a reason, or a number with a remark.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import Estimate, StatisticError
from ktss_analysis.psychometrics.agreement import cohen_kappa, icc, krippendorff_alpha
from ktss_analysis.psychometrics.dimensionality import (
    bartlett_sphericity,
    correlation_eigenvalues,
    kmo,
    parallel_analysis,
)
from ktss_analysis.psychometrics.items import item_statistics
from ktss_analysis.psychometrics.reliability import (
    cronbach_alpha,
    guttman_lambdas,
    omega_total,
    split_half,
    standardized_alpha,
)

ITEMS = [f"{letter}{number}" for letter in "ACENO" for number in range(1, 6)]
FUNCTIONS = {
    "alpha": cronbach_alpha, "std": standardized_alpha, "omega": omega_total, "lambdas": guttman_lambdas,
    "split": split_half, "icc": icc, "eigen": correlation_eigenvalues, "parallel": parallel_analysis,
    "bartlett": bartlett_sphericity, "kmo": kmo, "krippendorff": krippendorff_alpha,
    "kappa": lambda data: cohen_kappa(data.iloc[:, :2], layout="ratings"),
    "items": lambda data: item_statistics(data, scale=(1, 6)),
}  # fmt: skip
OWN_RULE = {"krippendorff", "kappa", "items"}  # take missing cells without being told a rule
RATERS = {"icc", "krippendorff", "kappa"}  # for these a constant column is an opinion, not a fault

# by case: what the functions answer, then the exceptions
EXPECTED = {
    "constant_item": ("undefined", {"icc": "ok", "krippendorff": "ok", "kappa": "ok", "items": "undefined"}),
    "all_missing_item": ("too_few", {"icc": "refused", "krippendorff": "ok", "kappa": "ok"}),
    "n_below_k": (
        "too_few",
        dict.fromkeys(("alpha", "std", "split", "icc", "krippendorff", "kappa", "items"), "ok")
        | {"lambdas": "ok undefined"},
    ),
    "negative_alpha": ("ok", {"omega": "ok undefined"}),
    "single_category": ("undefined", {}),
    "duplicate_item": (
        "ok",
        {
            "omega": "undefined",
            "lambdas": "ok undefined",
            "parallel": "undefined",
            "bartlett": "undefined",
            "kmo": "undefined",
        },
    ),
    "one_row": ("too_few", {"items": "undefined"}),
    "two_rows": (
        "undefined",
        {
            "lambdas": "too_few",
            "omega": "too_few",
            "icc": "ok",
            "krippendorff": "ok",
            "kappa": "ok",
            "items": "too_few undefined",
        },
    ),
    "no_rows": ("too_few", {}),
    "one_item": ("undefined", {"krippendorff": "too_few", "kappa": "refused"}),
    "out_of_range": ("ok", {"items": "refused"}),
    "infinite": ("refused", {"kappa": "refused"}),
    "text_value": ("refused", {}),
    "empty_row_and_hole": ("refused", {"krippendorff": "ok", "kappa": "ok", "items": "ok"}),
}


@pytest.fixture(scope="module")
def cases(shared):
    raw = pd.read_csv(shared / "reference" / "data" / "bfi_complete.csv").iloc[:200].astype(float)
    scale = raw[["N1", "N2", "N3", "N4", "N5"]]
    third = np.random.default_rng(5).integers(1, 7, size=200)
    opposed = pd.DataFrame({"a": raw["E3"], "b": 7 - raw["E4"], "c": third})

    def changed(row, column, value):
        copy = scale.astype(object) if isinstance(value, str) else scale.copy()
        copy.loc[row, column] = value
        return copy

    holes = scale.copy()
    holes.iloc[3] = np.nan
    holes.iloc[5, 2] = np.nan
    return {
        "constant_item": scale.assign(N3=3.0),
        "all_missing_item": scale.assign(N3=np.nan),
        "n_below_k": raw[ITEMS].iloc[:10],
        "negative_alpha": opposed,
        "single_category": pd.DataFrame(np.full((50, 5), 3.0)),
        "duplicate_item": scale.assign(N2=scale["N1"]),
        "one_row": scale.iloc[:1],
        "two_rows": scale.iloc[:2],
        "no_rows": scale.iloc[:0],
        "one_item": scale[["N1"]],
        "out_of_range": changed(0, "N1", 55.0),
        "infinite": changed(0, "N1", np.inf),
        "text_value": changed(0, "N1", "agree"),
        "empty_row_and_hole": holes,
    }


def answer(function, data):
    """Return the statuses of a result, and check that each is a number or a reason."""
    try:
        result = function(data)
    except StatisticError as error:
        return {"refused"}, str(error)
    if isinstance(result, Estimate):
        assert (result.value is None) == (result.status != "ok")
        return {result.status}, result.reason
    frame = result if isinstance(result, pd.DataFrame) else result.frame
    if "estimate" in frame:
        assert (frame["estimate"].isna() == (frame["status"] != "ok")).all()
    return set(frame["status"]), "; ".join(frame["reason"])


def test_all_cases_of_the_peers_are_tried(shared):
    for file in ("bad_input_py.csv", "bad_input_r.csv"):
        assert set(pd.read_csv(shared / "reference" / file)["case"]) == set(EXPECTED)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("case", EXPECTED)
def test_bad_input(cases, case, name):
    usual, exceptions = EXPECTED[case]
    statuses, words = answer(FUNCTIONS[name], cases[case])
    allowed = set(exceptions.get(name, usual).split())
    assert statuses & allowed, (statuses, words)
    assert statuses <= allowed | {"ok"}, (statuses, words)
    if statuses != {"ok"}:
        assert len(words) > 10


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("out_of_range", "column 'N1', row 1 holds 55; allowed: 1 to 6"),
        ("infinite", "row 1, column 'N1' is infinite"),
        ("text_value", "column 'N1' holds"),
        ("constant_item", "item 'N3': everybody gave the same answer"),
        ("all_missing_item", "item 'N3': nobody answered"),
    ],
)
def test_the_message_names_item_and_reason(cases, case, words):
    assert words in answer(FUNCTIONS["items"], cases[case])[1]


def test_a_number_that_needs_a_remark_carries_one(cases):
    negative = cronbach_alpha(cases["negative_alpha"])
    assert negative.value < 0
    assert "check the keys" in negative.reason
    assert "'N1' and 'N2' correlate perfectly" in cronbach_alpha(cases["duplicate_item"]).reason


def test_holes_with_a_rule_are_dropped_and_counted(cases):
    for name in set(FUNCTIONS) - OWN_RULE - {"icc"}:
        statuses, _ = answer(
            lambda data, chosen=name: FUNCTIONS[chosen](data, missing="listwise"), cases["empty_row_and_hole"]
        )
        assert statuses == {"ok"}, name
    assert cronbach_alpha(cases["empty_row_and_hole"], missing="listwise").n_missing == 2
