"""The fourteen kinds of unusable data (see test_bad_input.py) on ordinal correlations, factors and reliabilities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.dimensionality import parallel_analysis
from ktss_analysis.psychometrics.factor_analysis import fit_efa
from ktss_analysis.psychometrics.greatest_lower_bound import greatest_lower_bound
from ktss_analysis.psychometrics.ordinal_reliability import categorical_omega, latent_omega, ordinal_alpha
from ktss_analysis.psychometrics.polychoric import polychoric
from ktss_analysis.psychometrics.retention import empirical_kaiser, velicer_map
from ktss_analysis.psychometrics.schmid_leiman import omega_hierarchical

SHORT = {"n_boot": 20}
FUNCTIONS = {
    "polychoric": lambda data: polychoric(data, missing="raise").frame,
    "ordinal_alpha": lambda data: ordinal_alpha(data, **SHORT),
    "categorical_omega": lambda data: categorical_omega(data, **SHORT),
    "latent_omega": lambda data: latent_omega(data, **SHORT),
    "omega_hierarchical": lambda data: omega_hierarchical(data, 1, **SHORT),
    "greatest_lower_bound": greatest_lower_bound,
    "fit_efa": lambda data: fit_efa(data, 1).fit_measures,
    "polychoric efa": lambda data: fit_efa(data, 1, matrix="polychoric").fit_measures,
    "velicer_map": lambda data: velicer_map(data).frame,
    "empirical_kaiser": lambda data: empirical_kaiser(data).frame,
    "polychoric parallel": lambda data: parallel_analysis(data, matrix="polychoric", n_sets=20).frame,
}

# case -> what the functions answer, a word of the reason, and the functions that answer otherwise
EXPECTED = {
    "constant_item": ("undefined", "N3", {}),
    "all_missing_item": ("too_few", "N3", {"polychoric": "refused"}),
    "n_below_k": ("too_few", "person", {"polychoric": "ok"}),
    "single_category": ("undefined", "", {}),
    "duplicate_item": (
        "undefined", "N1", {"polychoric": "ok", "ordinal_alpha": "ok", "polychoric efa": "ok"}
    ),  # the last is smoothed, with a warning
    "one_row": ("too_few", "", {"polychoric": "too_few"}),
    "two_rows": ("too_few undefined", "", {}),
    "no_rows": ("too_few", "", {}),
    "one_item": ("undefined", "1 item", {"polychoric": "empty"}),
    "infinite": ("refused", "row 1, column 'N1' is infinite", {}),
    "text_value": ("refused", "'agree'", {}),
    "empty_row_and_hole": ("refused", "cells are missing", {}),
    "half_point": ("refused", "whole numbers", dict.fromkeys(
        ("omega_hierarchical", "greatest_lower_bound", "fit_efa", "velicer_map", "empirical_kaiser"), "ok")),
    "opposed_items": ("ok", "", dict.fromkeys(("categorical_omega", "latent_omega"), "ok undefined")),
}  # fmt: skip


def cases():
    generator = np.random.default_rng(9)
    trait = generator.normal(size=(120, 1))
    raw = np.clip(np.rint(3.5 + trait + generator.normal(size=(120, 5))), 1, 6)
    scale = pd.DataFrame(raw, columns=[f"N{number}" for number in range(1, 6)])
    wide = pd.DataFrame(generator.integers(1, 7, size=(10, 25)).astype(float)).add_prefix("V")
    holes, half, infinite, text = scale.copy(), scale.copy(), scale.copy(), scale.astype(object)
    holes.iloc[3], holes.iloc[5, 2] = np.nan, np.nan
    half.iloc[4, 1], infinite.iloc[0, 0], text.iloc[0, 0] = 2.5, np.inf, "agree"
    return {
        "constant_item": scale.assign(N3=3.0), "all_missing_item": scale.assign(N3=np.nan), "n_below_k": wide,
        "single_category": pd.DataFrame(np.full((50, 5), 3.0)), "duplicate_item": scale.assign(N2=scale["N1"]),
        "one_row": scale.iloc[:1], "two_rows": scale.iloc[:2], "no_rows": scale.iloc[:0], "one_item": scale[["N1"]],
        "infinite": infinite, "text_value": text, "empty_row_and_hole": holes, "half_point": half,
        "opposed_items": pd.DataFrame({"a": scale["N1"], "b": 7 - scale["N2"], "c": scale["N3"], "d": 7 - scale["N4"]}),
    }  # fmt: skip


def answer(function, data):
    """Return the statuses and the reasons of a result, and check that each row is a number or a reason."""
    try:
        result = function(data)
    except StatisticError as error:
        return {"refused"}, str(error)
    frame = result if isinstance(result, pd.DataFrame) else pd.DataFrame([result.as_row()])
    if frame.empty:
        return {"empty"}, ""
    gone = frame["status"] != "ok"
    assert (frame["estimate"].isna() == gone).all()
    assert (frame.loc[gone, "reason"].str.len() > 10).all()
    return set(frame["status"]), "; ".join(frame["reason"])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("case", EXPECTED)
def test_bad_input(case, name):
    """Warnings are errors in this suite, so a nan on the way would fail here too."""
    usual, word, exceptions = EXPECTED[case]
    statuses, words = answer(FUNCTIONS[name], cases()[case])
    allowed = set(exceptions.get(name, usual).split())
    assert statuses & allowed, (statuses, words)
    assert statuses <= allowed | {"ok", "undefined"}, (statuses, words)
    if name not in exceptions:
        assert word in words


def test_a_smoothed_matrix_is_announced():
    fit = fit_efa(cases()["duplicate_item"], 1, matrix="polychoric")
    assert any("at the boundary" in text for text in fit.warnings)
    assert any("not positive definite" in text for text in fit.warnings)
