"""What must hold for content validity of any panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.core import StatisticError
from ktss_analysis.glossary import COLUMNS
from ktss_analysis.psychometrics import content

PER_ITEM = {
    content.item_cvi: (0, 1),
    content.modified_kappa: (-1, 1),
    content.aiken_v: (0, 1),
    content.content_validity_ratio: (-1, 1),
}
CALLS = [
    (function, {} if function is not content.content_validity_ratio else {"scale": (1, 4)}) for function in PER_ITEM
]


@st.composite
def panels(draw: st.DrawFn, high: int = 4, missing: bool = True) -> pd.DataFrame:
    shape = (draw(st.integers(1, 14)), draw(st.integers(1, 5)))
    matrix = draw(hnp.arrays(float, shape, elements=st.integers(1, high).map(float)))
    if missing:
        matrix = np.where(draw(hnp.arrays(bool, shape)) & draw(hnp.arrays(bool, shape)), np.nan, matrix)
    return pd.DataFrame(matrix, columns=[f"S{index:02d}" for index in range(shape[1])])


@given(panels(), st.randoms())
@settings(max_examples=40, deadline=None)
def test_frames_keep_the_contract(ratings: pd.DataFrame, random: object) -> None:
    before = ratings.copy()
    rows, columns = list(range(len(ratings))), list(ratings.columns)
    random.shuffle(rows)
    random.shuffle(columns)
    for function, options in CALLS:
        table = function(ratings, **options)
        assert list(table["target_id"]) == list(ratings.columns)
        for name in table.columns:
            assert str(table[name].dtype) == COLUMNS[name].dtype
        assert (table["n_used"] + table["n_missing"] == len(ratings)).all()
        known = table[table["status"] == "ok"]
        low, high = PER_ITEM[function]
        assert known["estimate"].between(low, high).all()
        assert (known["ci_low"] <= known["estimate"] + 1e-12).all()
        assert (known["estimate"] <= known["ci_high"] + 1e-12).all()
        absent = table[table["status"] != "ok"]
        assert absent[["estimate", "ci_low", "ci_high"]].isna().all(axis=None)
        assert (absent["reason"] != "").all()
        moved = function(ratings.iloc[rows][columns], **options).set_index("target_id").loc[list(ratings.columns)]
        pd.testing.assert_frame_equal(moved, table.set_index("target_id"))
    pd.testing.assert_frame_equal(ratings, before)


@given(panels())
@settings(max_examples=30, deadline=None)
def test_missing_answers_equal_absent_persons(ratings: pd.DataFrame) -> None:
    for function, options in CALLS:
        table = function(ratings, **options).set_index("target_id").drop(columns="n_missing")
        for name in ratings.columns:
            alone = function(ratings[[name]].dropna(), **options).set_index("target_id").drop(columns="n_missing")
            pd.testing.assert_frame_equal(alone, table.loc[[name]])


@given(panels(), st.floats(0.5, 0.98))
@settings(max_examples=30, deadline=None)
def test_higher_level_is_wider(ratings: pd.DataFrame, level: float) -> None:
    for function, options in CALLS:
        narrow, wide = (function(ratings, ci_level=x, **options) for x in (level, level + 0.01))
        assert ((wide["ci_low"] <= narrow["ci_low"] + 1e-12) | narrow["ci_low"].isna()).all()
        assert ((wide["ci_high"] >= narrow["ci_high"] - 1e-12) | narrow["ci_high"].isna()).all()


@given(panels(missing=False))
@settings(max_examples=30, deadline=None)
def test_reversing_the_scale_mirrors_aikens_v(ratings: pd.DataFrame) -> None:
    table, mirrored = content.aiken_v(ratings), content.aiken_v(5 - ratings)
    if len(ratings) >= content.MIN_RATERS:
        assert table["estimate"].tolist() == pytest.approx((1 - mirrored["estimate"]).tolist())
        assert table["ci_low"].tolist() == pytest.approx((1 - mirrored["ci_high"]).tolist())


@given(panels(), st.randoms())
@settings(max_examples=30, deadline=None)
def test_scale_cvi(ratings: pd.DataFrame, random: object) -> None:
    average = content.scale_cvi(ratings, n_boot=200)
    universal = content.scale_cvi(ratings, variant="universal")
    assert average.status == universal.status
    if average.status != "ok":
        assert average.reason
        return
    items = content.item_cvi(ratings)["estimate"]
    assert average.value == pytest.approx(items.mean())
    assert 0 <= average.low <= average.value <= average.high <= 1
    assert average.low < average.high
    assert universal.value <= average.value
    rows, columns = list(range(len(ratings))), list(ratings.columns)
    random.shuffle(rows)
    random.shuffle(columns)
    moved = content.scale_cvi(ratings.iloc[rows][columns], n_boot=200)
    assert (moved.value, moved.low, moved.high) == pytest.approx((average.value, average.low, average.high))
    assert content.scale_cvi(ratings, n_boot=200) == average


def test_raters_of_different_items_still_have_an_honest_width() -> None:
    gap = np.nan
    average = content.scale_cvi([[4, gap]] * 3 + [[gap, 1]] * 3)
    assert average.value == 0.5
    assert average.high - average.low > 0.5


def test_all_agree_still_has_an_honest_width() -> None:
    average = content.scale_cvi(np.full((30, 8), 4))
    assert average.value == 1
    assert average.low == pytest.approx(0.886, abs=5e-4)


@given(st.integers(5, 300), st.floats(0.01, 0.2))
@settings(deadline=None)
def test_critical_count_is_the_smallest(n: int, level: float) -> None:
    from scipy import stats

    try:
        needed = content.critical_cvr(n, level=level).count
    except StatisticError:
        assert 0.5**n > level
        return
    assert stats.binom.sf(needed - 1, n, 0.5) <= level < stats.binom.sf(needed - 2, n, 0.5)


@pytest.mark.parametrize(
    "ratings",
    [pd.DataFrame(), pd.DataFrame(columns=["A", "B"]), [[4]], [[np.nan, np.nan]] * 5, [[4, 4]] * 2],
    ids=["empty", "no rows", "one person", "all missing", "two persons"],
)
def test_degenerate_input_has_a_status(ratings: object) -> None:
    for function, options in CALLS:
        table = function(ratings, **options)
        assert set(table["status"]) <= {"too_few"}
        assert table["estimate"].isna().all()
    assert content.scale_cvi(ratings).status in ("too_few", "undefined")


@pytest.mark.parametrize("value", [0, 5, 2.5, "relevant", np.inf])
def test_values_off_the_scale_are_refused_by_name(value: object) -> None:
    ratings = pd.DataFrame({"S01": [4, 3, 4], "S02": [4, value, 2]})
    for function, options in CALLS:
        with pytest.raises(StatisticError, match="S02"):
            function(ratings, **options)
    with pytest.raises(StatisticError, match="S02"):
        content.scale_cvi(ratings)


def test_wrong_options_are_refused() -> None:
    with pytest.raises(StatisticError, match="scale"):
        content.item_cvi([[1]] * 3, scale=(4, 1))
    for cut in (1, 5):
        with pytest.raises(StatisticError, match="relevant_from"):
            content.item_cvi([[1]] * 3, relevant_from=cut)
    with pytest.raises(StatisticError, match="essential_from"):
        content.content_validity_ratio([[1]] * 3, scale=(0, 1))
    with pytest.raises(StatisticError, match="variant"):
        content.scale_cvi([[1]] * 3, variant="median")
    with pytest.raises(StatisticError, match="n_boot"):
        content.scale_cvi([[1, 4], [4, 4], [1, 1]], n_boot=0)
