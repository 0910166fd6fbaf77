"""What must hold for any codings."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktss_analysis.core import StatisticError
from ktss_analysis.glossary import COLUMNS
from ktss_analysis.psychometrics import coding

FUNCTIONS = [coding.code_salience, coding.saturation, coding.code_cooccurrence, coding.framework_matrix]
NAMES = ["group_id", "person_id", "turn", "code_id", "valence"]

tables = st.lists(
    st.tuples(
        st.sampled_from(["FG1", "FG2", "FG3", "FG4"]), st.sampled_from(["P1", "P2", "P3"]), st.integers(1, 6),
        st.sampled_from(["adapt", "listen", "trust", "lead"]), st.sampled_from(["+", "0", "-", None]),
    ),
    min_size=1, max_size=40,
).map(lambda rows: pd.DataFrame(rows, columns=NAMES))  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS)
@given(codings=tables, random=st.randoms())
@settings(max_examples=25, deadline=None)
def test_frames_keep_the_contract(function: object, codings: pd.DataFrame, random: object) -> None:
    before = codings.copy()
    table = function(codings)
    for column in table.columns:
        assert str(table[column].dtype) == COLUMNS[column].dtype
    rows = list(range(len(codings)))
    random.shuffle(rows)
    pd.testing.assert_frame_equal(function(codings.iloc[rows]), table)
    pd.testing.assert_frame_equal(codings, before)


@given(tables)
@settings(max_examples=10, deadline=None)
def test_a_second_coder_who_agrees_changes_nothing(codings: pd.DataFrame) -> None:
    for function in FUNCTIONS:
        pd.testing.assert_frame_equal(function(pd.concat([codings, codings])), function(codings))


@given(tables)
@settings(max_examples=20, deadline=None)
def test_counts_nest(codings: pd.DataFrame) -> None:
    table = coding.code_salience(codings)
    assert (table["n_groups"] <= table["n_speakers"]).all()
    assert table["group_share"].between(0, 1).all()
    assert table["speaker_share"].between(0, 1).all()
    cells = coding.framework_matrix(codings).groupby("code_id")["n_turns"].sum()
    assert cells.to_dict() == table.set_index("code_id")["n_turns"].to_dict()


@given(tables)
@settings(max_examples=20, deadline=None)
def test_saturation_curves(codings: pd.DataFrame) -> None:
    table = coding.saturation(codings)
    assert table["coverage"].is_monotonic_increasing
    assert table["coverage"].iloc[-1] == 1
    known = table[table["status"] == "ok"]
    assert known["estimate"].between(known["share_low"], known["share_high"] + 1e-12).all()
    # over all orders, a later group adds no more than an earlier one
    assert (known["estimate"].diff().dropna() <= 1e-12).all()


@given(tables)
@settings(max_examples=20, deadline=None)
def test_jaccard(codings: pd.DataFrame) -> None:
    for unit in ("turn", "person", "group"):
        table = coding.code_cooccurrence(codings, unit=unit)
        assert table["estimate"].between(0, 1).all()
        assert (table["n_both"] <= table["n_either"]).all()
        assert (table["n_groups"] <= table["n_both"]).all()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_empty_codings_give_an_empty_table(function: object) -> None:
    empty = pd.DataFrame({name: pd.Series(dtype="string") for name in NAMES})
    assert len(function(empty)) == 0
    assert len(function(pd.DataFrame([{**dict.fromkeys(NAMES), "group_id": "FG1"}], columns=NAMES))) == 0


def test_one_group_and_one_code() -> None:
    codings = pd.DataFrame([("FG1", "P1", 1, "listen", "+")], columns=NAMES)
    assert coding.saturation(codings)["status"].tolist() == ["undefined"]
    assert coding.saturation(codings)["coverage"].tolist() == [1]
    assert len(coding.code_cooccurrence(codings)) == 0
    assert coding.code_salience(codings)["estimate"].tolist() == [1]


def test_wrong_input_is_refused() -> None:
    codings = pd.DataFrame([("FG1", "P1", 1, "listen", "good")], columns=NAMES)
    with pytest.raises(StatisticError, match="'valence' holds 'good'"):
        coding.code_salience(codings)
    with pytest.raises(StatisticError, match="'turn' is missing"):
        coding.code_cooccurrence(codings.drop(columns="turn"))
    with pytest.raises(StatisticError, match="unit"):
        coding.code_cooccurrence(codings, unit="word")
    with pytest.raises(StatisticError, match="base=0"):
        coding.saturation(codings, base=0)
    with pytest.raises(StatisticError, match="DataFrame"):
        coding.saturation([["FG1", "listen"]])
    with pytest.raises(StatisticError, match="by="):
        coding.framework_matrix(codings, by="turn")
