"""What must hold for screening indices of any answers."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.core import StatisticError
from ktss_analysis.glossary import COLUMNS
from ktss_analysis.psychometrics import screening

FUNCTIONS = {
    "longstring": (screening.longstring, (1, 6)),
    "irv": (screening.intra_individual_variability, (0, 3)),
    "even_odd": (partial(screening.even_odd_consistency, scales=[2, 2, 2]), (-1, 1)),
    "mahalanobis": (partial(screening.mahalanobis_distance, missing="listwise"), (0, 1e6)),
    "synonyms": (partial(screening.psychometric_synonyms, correlation_from=0.2), (-1, 1)),
    "reversed": (screening.reversed_rater, (-1, 1)),
}


@st.composite
def answers(draw: st.DrawFn, missing: bool = True) -> pd.DataFrame:
    shape = (draw(st.integers(1, 15)), 6)
    matrix = draw(hnp.arrays(float, shape, elements=st.integers(1, 5).map(float)))
    if missing:
        matrix = np.where(draw(hnp.arrays(bool, shape)) & draw(hnp.arrays(bool, shape)), np.nan, matrix)
    return pd.DataFrame(matrix, columns=list("abcdef"), index=[f"P{number:02d}" for number in range(shape[0])])


@pytest.mark.parametrize("name", FUNCTIONS)
@given(items=answers(), random=st.randoms())
@settings(max_examples=30, deadline=None)
def test_frames_keep_the_contract(name: str, items: pd.DataFrame, random: object) -> None:
    function, (low, high) = FUNCTIONS[name]
    before = items.copy()
    table = function(items)
    assert list(table["person_id"]) == list(items.index)
    for column in table.columns:
        assert str(table[column].dtype) == COLUMNS[column].dtype
    known, absent = table[table["status"] == "ok"], table[table["status"] != "ok"]
    assert known["estimate"].between(low, high).all()
    assert absent["estimate"].isna().all()
    assert (absent["reason"] != "").all()
    rows = list(items.index)
    random.shuffle(rows)
    again = function(items.loc[rows]).set_index("person_id").loc[list(items.index)]
    pd.testing.assert_frame_equal(again, table.set_index("person_id"))
    pd.testing.assert_frame_equal(items, before)


@given(answers(missing=False), st.floats(0.1, 9), st.floats(-9, 9))
@settings(max_examples=30, deadline=None)
def test_units_do_not_matter_where_they_must_not(items: pd.DataFrame, factor: float, shift: float) -> None:
    other = items * factor + shift
    for name in ("even_odd", "mahalanobis", "reversed"):
        function = FUNCTIONS[name][0]
        table, moved = function(items), function(other)
        assert table["status"].tolist() == moved["status"].tolist()
        known = (table["status"] == "ok").to_numpy()
        assert table["estimate"][known].tolist() == pytest.approx(moved["estimate"][known].tolist(), abs=1e-6)
    spread = FUNCTIONS["irv"][0](items)["estimate"] * factor
    assert FUNCTIONS["irv"][0](other)["estimate"].tolist() == pytest.approx(spread.tolist(), abs=1e-9)


@given(answers(missing=False))
@settings(max_examples=30, deadline=None)
def test_squared_distances_add_up(items: pd.DataFrame) -> None:
    """Their sum is (n - 1) times the number of items, whatever the data."""
    table = screening.mahalanobis_distance(items)
    if (table["status"] == "ok").all():
        assert table["estimate"].sum() == pytest.approx((len(items) - 1) * 6)


@given(answers())
@settings(max_examples=40, deadline=None)
def test_duplicates_are_pandas_duplicates(items: pd.DataFrame) -> None:
    table = screening.duplicate_answers(items)
    answered = items[items.notna().any(axis=1)]
    assert set(table["person_id"]) == set(answered.index[answered.duplicated(keep=False)])
    for _, group in table.groupby("answer_set"):
        rows = items.loc[list(group["person_id"])]
        assert len(rows.drop_duplicates()) == 1
        assert (group["estimate"] == len(rows)).all()


@given(st.lists(st.one_of(st.none(), st.floats(0, 4000)), min_size=1, max_size=20), st.integers(1, 60))
@settings(deadline=None)
def test_speeders(seconds: list[float | None], n_items: int) -> None:
    table = screening.speeders(pd.Series(seconds, dtype="Float64"), n_items)
    for row, time in zip(table.itertuples(), seconds, strict=True):
        if time is None:
            assert row.status == "undefined"
            assert row.flagged is pd.NA
        else:
            assert row.flagged == (time / n_items < 2)


@given(answers(missing=False))
@settings(max_examples=30, deadline=None)
def test_turning_a_rater_turns_the_correlation_of_that_rater(ratings: pd.DataFrame) -> None:
    turned = ratings.copy()
    turned.iloc[0] = 6 - turned.iloc[0]
    one, other = screening.reversed_rater(ratings).iloc[0], screening.reversed_rater(turned).iloc[0]
    assert one["status"] == other["status"]
    if one["status"] == "ok":
        assert one["estimate"] == pytest.approx(-other["estimate"])
        assert one["ci_low"] == pytest.approx(-other["ci_high"])


@pytest.mark.parametrize(
    "items",
    [
        pd.DataFrame({name: pd.Series(dtype=float) for name in "abcdef"}),
        pd.DataFrame(np.full((4, 6), np.nan)),
        pd.DataFrame(np.full((1, 6), 3.0)),
    ],
    ids=["no rows", "all missing", "one person"],
)
def test_degenerate_input_has_a_status(items: pd.DataFrame) -> None:
    for name, (function, _) in FUNCTIONS.items():
        table = function(items)
        assert len(table) == len(items)
        if len(items) == 4:
            assert set(table["status"]) == {"too_few"}, name
    assert len(screening.duplicate_answers(items)) == 0
    assert len(screening.speeders([], 5)) == 0


def test_one_value_throughout() -> None:
    flat = pd.DataFrame(np.full((9, 6), 3.0))
    assert set(screening.longstring(flat)["estimate"]) == {6}
    assert set(screening.intra_individual_variability(flat)["estimate"]) == {0}
    for name in ("even_odd", "mahalanobis", "reversed"):
        assert set(FUNCTIONS[name][0](flat)["status"]) == {"undefined"}
    assert set(FUNCTIONS["synonyms"][0](flat)["status"]) == {"too_few"}


@pytest.mark.parametrize("value", ["often", np.inf])
def test_text_and_infinity_are_refused_by_name(value: object) -> None:
    items = pd.DataFrame({name: [1, 2, 3] for name in "abcde"} | {"f": [1, 2, value]})
    for function, _ in FUNCTIONS.values():
        with pytest.raises(StatisticError, match="'f'"):
            function(items)
    with pytest.raises(StatisticError, match="'f'"):
        screening.duplicate_answers(items)


def test_wrong_options_are_refused() -> None:
    with pytest.raises(StatisticError, match="n_items"):
        screening.speeders([10], 0)
    with pytest.raises(StatisticError, match="holds -1"):
        screening.speeders([10, -1], 5)
    with pytest.raises(StatisticError, match="missing"):
        screening.mahalanobis_distance([[1, np.nan], [2, 3], [3, 1]])
