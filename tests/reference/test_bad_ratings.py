"""Unusable ratings: each function answers with a refusal that names the place, a status with a reason, or a number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import Estimate, StatisticError
from ktss_analysis.psychometrics import (
    agreement_summary,
    brennan_prediger,
    conditional_error,
    conger_kappa,
    decision_study,
    fleiss_kappa,
    generalizability,
    gwet_ac,
    icc,
    percent_agreement,
    retest_error,
    retest_summary,
    smallest_detectable_change,
)

NAMES = ["r1", "r2", "r3"]


def long_table(data):
    long = data.rename_axis("person_id").reset_index().melt("person_id", var_name="item_id", value_name="value")
    return long[["person_id", "item_id", "value"]]


FUNCTIONS = {
    "fleiss": lambda data: fleiss_kappa(data, layout="ratings"), "conger": conger_kappa, "gwet": gwet_ac,
    "bp": brennan_prediger, "percent": percent_agreement, "summary": agreement_summary,
    "icc": lambda data: icc(data, missing="available"), "error": retest_error, "change": smallest_detectable_change,
    "retest": lambda data: retest_summary(data.iloc[:, :2]), "conditional": conditional_error,
    "g": lambda data: generalizability(long_table(data)), "d": lambda data: decision_study(long_table(data)),
}  # fmt: skip
AGREEMENT = ("fleiss", "conger", "gwet", "bp", "percent", "summary", "icc")  # take missing ratings
COMPLETE = ("error", "change", "retest", "conditional", "g", "d")


def ratings():
    generator = np.random.default_rng(21)
    truth = generator.integers(1, 6, (40, 1))
    raw = np.where(generator.random((40, 3)) < 0.6, truth, generator.integers(1, 6, (40, 3)))
    return pd.DataFrame(raw.astype(float), columns=NAMES)


def changed(value):
    table = ratings().astype(object) if isinstance(value, str) else ratings()
    table.loc[0, "r1"] = value
    return table


CASES = {
    "constant rater": lambda: ratings().assign(r3=3.0),
    "rater without ratings": lambda: ratings().assign(r2=np.nan),
    "single category": lambda: ratings() * 0 + 3,
    "twin raters": lambda: ratings().assign(r2=ratings()["r1"]),
    "one row": lambda: ratings().iloc[:1], "two rows": lambda: ratings().iloc[:2],
    "no rows": lambda: ratings().iloc[:0], "one rater": lambda: ratings()[["r1"]],
    "infinite": lambda: changed(np.inf), "text": lambda: changed("agree"),
    "all missing": lambda: ratings() * np.nan,
    "empty row and hole": lambda: ratings().mask(
        (np.arange(40) == 3)[:, None] | ((np.arange(40) == 5)[:, None] & (np.arange(3) == 2))
    ),
}  # fmt: skip


def statuses(result):
    """Return the statuses of a result, checking that a number or a reason stands everywhere."""
    if isinstance(result, Estimate):
        assert (result.value is None) == (result.status != "ok")
        assert result.status == "ok" or result.reason
        return {result.status}
    if isinstance(result, pd.DataFrame):
        gone = result["status"] != "ok"
        assert (result.loc[gone, "reason"].str.len() > 0).all()
        assert result.loc[~gone, "estimate"].notna().all()
        return set(result["status"])
    return statuses(result.g) | statuses(result.phi) | statuses(result.components)


def answer(name, data):
    try:
        return " ".join(sorted(statuses(FUNCTIONS[name](data))))
    except StatisticError as error:
        return f"refused: {error}"


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("case", CASES)
def test_every_case_ends_in_a_number_a_reason_or_a_refusal(name, case):
    """Warnings are errors here: none of the 156 calls may warn, crash or return a bare gap."""
    found = answer(name, CASES[case]())
    if found.startswith("refused"):
        assert case in ("infinite", "text", "empty row and hole", "rater without ratings", "all missing", "one rater")
        assert len(found) > len("refused: ") + 15
    else:
        assert set(found.split()) <= {"ok", "too_few", "undefined"}
        assert found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_refusal_names_the_place(name):
    data, infinite = CASES["text"](), CASES["infinite"]()
    assert "'agree'" in answer(name, data)
    assert "infinite" in answer(name, infinite)
    if name not in ("g", "d"):
        assert "'r1'" in answer(name, data)
        assert "row 1, column 'r1'" in answer(name, infinite)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_missing_ratings_are_used_or_refused_in_words(name):
    found = answer(name, CASES["empty row and hole"]())
    if name in AGREEMENT:
        assert found == "ok"
    else:
        assert found.startswith("refused")
        assert "missing" in found


@pytest.mark.parametrize(("case", "names", "expected"), [
    ("single category", ("fleiss", "conger", "gwet", "bp", "icc"), "undefined"),
    ("single category", ("g", "d"), "undefined"), ("single category", ("percent", "error", "change"), "ok"),
    ("one row", ("fleiss", "conger", "gwet", "bp", "icc", "error", "change", "retest", "g", "d"), "too_few"),
    ("no rows", ("fleiss", "gwet", "bp", "percent", "icc", "error", "change", "retest", "g", "d"), "too_few"),
    ("one rater", ("conger", "icc", "error", "change", "conditional", "g", "d"), "undefined"),
    ("one rater", ("fleiss", "gwet", "bp", "percent"), "too_few"),
    ("constant rater", (*AGREEMENT, "error", "g"), "ok"), ("twin raters", (*AGREEMENT, *COMPLETE[:2], "g"), "ok"),
])  # fmt: skip
def test_expected_answers(case, names, expected):
    assert {name: answer(name, CASES[case]()) for name in names} == dict.fromkeys(names, expected)
