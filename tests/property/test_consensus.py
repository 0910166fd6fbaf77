"""What must hold for the consensus measures of any panel."""

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
from ktss_analysis.psychometrics import consensus

FRAMES = {
    "share_agreeing": (partial(consensus.share_agreeing, agree_from=7), (0, 1)),
    "central_tendency": (consensus.central_tendency, (1, 9)),
    "disagreement_index": (partial(consensus.disagreement_index, n_boot=100), (0, 3.41)),
    "tastle_wierman": (partial(consensus.tastle_wierman, scale=(1, 9), n_boot=100), (0, 1)),
}


@st.composite
def panels(draw: st.DrawFn, missing: bool = True, least: int = 1) -> pd.DataFrame:
    shape = (draw(st.integers(least, 16)), draw(st.integers(1, 5)))
    matrix = draw(hnp.arrays(float, shape, elements=st.integers(1, 9).map(float)))
    if missing:
        matrix = np.where(draw(hnp.arrays(bool, shape)) & draw(hnp.arrays(bool, shape)), np.nan, matrix)
    return pd.DataFrame(matrix, columns=[f"S{index:02d}" for index in range(shape[1])])


def moved(ratings: pd.DataFrame, random: object) -> pd.DataFrame:
    rows, columns = list(range(len(ratings))), list(ratings.columns)
    random.shuffle(rows)
    random.shuffle(columns)
    return ratings.iloc[rows][columns]


@pytest.mark.parametrize("name", FRAMES)
@given(ratings=panels(), random=st.randoms())
@settings(max_examples=25, deadline=None)
def test_frames_keep_the_contract(name: str, ratings: pd.DataFrame, random: object) -> None:
    function, (low, high) = FRAMES[name]
    before = ratings.copy()
    table = function(ratings)
    for column in table.columns:
        assert str(table[column].dtype) == COLUMNS[column].dtype
    known, absent = table[table["status"] == "ok"], table[table["status"] != "ok"]
    assert known["estimate"].between(low, high).all()
    limited = known[known["ci_low"].notna()]
    assert limited["estimate"].between(limited["ci_low"], limited["ci_high"]).all()
    assert absent["estimate"].isna().all()
    assert (absent["reason"] != "").all()
    assert (table["n_used"] + table["n_missing"] == len(ratings)).all()
    again = function(moved(ratings, random)).set_index("target_id").loc[list(ratings.columns)]
    pd.testing.assert_frame_equal(again, table.set_index("target_id"))
    pd.testing.assert_frame_equal(ratings, before)


@given(panels(missing=False, least=3))
@settings(max_examples=30, deadline=None)
def test_turning_the_scale_around_changes_no_disagreement(ratings: pd.DataFrame) -> None:
    for name in ("disagreement_index", "tastle_wierman"):
        function = FRAMES[name][0]
        assert function(ratings)["estimate"].tolist() == pytest.approx(function(10 - ratings)["estimate"].tolist())


@given(panels(missing=False, least=3), st.integers(2, 4))
@settings(max_examples=30, deadline=None)
def test_copies_of_the_panel_keep_shape_measures(ratings: pd.DataFrame, copies: int) -> None:
    many = pd.concat([ratings] * copies)
    function = FRAMES["tastle_wierman"][0]
    assert function(many)["estimate"].tolist() == pytest.approx(function(ratings)["estimate"].tolist())


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.sampled_from([0.0, 0.3, 0.25, 0.5, 0.7, 1.0]))
@settings(deadline=None)
def test_quantiles_from_counts_are_numpys(values: list[int], share: float) -> None:
    points, counts = np.unique(np.array(values, dtype=float), return_counts=True)
    ours = consensus.quantile_from_counts(points, counts[None].astype(float), share)[0]
    assert ours == pytest.approx(np.quantile(values, share))


@given(panels(missing=False, least=2), st.randoms(), st.floats(0.1, 7), st.floats(-20, 20))
@settings(max_examples=50, deadline=None)
def test_kendall_w(ratings: pd.DataFrame, random: object, factor: float, shift: float) -> None:
    result = consensus.kendall_w(ratings, n_boot=100)
    estimate = result.estimate
    if estimate.status != "ok":
        assert estimate.status == "undefined"
        assert ratings.shape[1] < 2 or (ratings.max(axis=1) == ratings.min(axis=1)).all()
        assert result.chi_square is None
        return
    assert 0 <= estimate.value <= 1
    assert 0 <= result.p_value <= 1
    assert (estimate.low is None) == (len(ratings) < 5)
    if estimate.low is not None:
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    other = consensus.kendall_w(moved(ratings, random), n_boot=100).estimate
    assert (other.value, other.low, other.high) == pytest.approx((estimate.value, estimate.low, estimate.high))
    scaled = consensus.kendall_w(np.round(ratings * factor + shift, 9), n_boot=100).estimate
    assert scaled.value == pytest.approx(estimate.value)


@given(panels(least=4))
@settings(max_examples=30, deadline=None)
def test_kendall_listwise_equals_dropping_first(ratings: pd.DataFrame) -> None:
    complete = ratings.dropna()
    ours = consensus.kendall_w(ratings, missing="listwise", n_boot=50)
    first = consensus.kendall_w(complete, n_boot=50)
    assert ours.estimate.value == first.estimate.value
    assert ours.estimate.n_missing == len(ratings) - len(complete)
    if len(complete) < len(ratings):
        with pytest.raises(StatisticError, match="missing"):
            consensus.kendall_w(ratings)


def test_copies_of_a_rater_do_not_raise_the_interval() -> None:
    """Raters without a common order: plain resampling would put the whole interval above the estimate."""
    data = np.random.default_rng(5).random((40, 12))
    estimate = consensus.kendall_w(data).estimate
    assert estimate.low < estimate.value < estimate.high
    assert estimate.value - estimate.low > 0.2 * (estimate.high - estimate.value)
    assert estimate.low <= 0.03


@given(panels(), panels(), st.randoms())
@settings(max_examples=40, deadline=None)
def test_round_stability(first: pd.DataFrame, second: pd.DataFrame, random: object) -> None:
    table = consensus.round_stability(first, second).set_index("target_id")
    shared = [name for name in first.columns if name in second.columns]
    assert list(table.index) == shared
    assert (table["n_missing"] == table["n_lost"] + table["n_joined"]).all()
    known = table[table["status"] == "ok"]
    for column in ("estimate", "stable_share"):
        assert known[column].between(0, 1 + 1e-12).all()
    assert (known["stable_share"] >= known["estimate"] - 1e-12).all()
    assert known["weighted_kappa"].dropna().between(-1, 1).all()
    assert (known["reason"][known["weighted_kappa"].isna()] != "").all()
    again = consensus.round_stability(moved(first, random), moved(second, random)).set_index("target_id")
    pd.testing.assert_frame_equal(again.loc[shared], table)


@given(panels(least=3, missing=False))
@settings(max_examples=20, deadline=None)
def test_the_same_round_twice_is_fully_stable(ratings: pd.DataFrame) -> None:
    table = consensus.round_stability(ratings, ratings)
    assert (table["estimate"] == 1).all()
    assert (table["stable_share"] >= 1 - 1e-12).all()
    assert (table["weighted_kappa"].dropna() == 1).all()
    assert (table[["median_change", "range_change"]] == 0).all(axis=None)


@pytest.mark.parametrize(
    "ratings",
    [pd.DataFrame(), pd.DataFrame(columns=["A", "B"]), [[np.nan, np.nan]] * 5],
    ids=["empty", "no rows", "all missing"],
)
def test_degenerate_input_has_a_status(ratings: object) -> None:
    for function, _ in FRAMES.values():
        table = function(ratings)
        assert set(table["status"]) <= {"too_few"}
        assert table["estimate"].isna().all()
    assert consensus.kendall_w(ratings, missing="listwise").estimate.status in ("too_few", "undefined")


def test_one_value_throughout() -> None:
    same = pd.DataFrame(np.full((8, 3), 7.0))
    assert set(FRAMES["disagreement_index"][0](same)["estimate"]) == {0}
    assert set(FRAMES["tastle_wierman"][0](same)["estimate"]) == {1}
    assert consensus.kendall_w(same).estimate.status == "undefined"
    assert consensus.round_stability(same, same)["weighted_kappa"].isna().all()


@pytest.mark.parametrize("value", [0, 10, "high"])
def test_values_off_the_scale_are_refused_by_name(value: object) -> None:
    ratings = pd.DataFrame({"S01": [4, 3, 4], "S02": [4, value, 2]})
    for call in (
        partial(consensus.share_agreeing, agree_from=7, scale=(1, 9)),
        consensus.disagreement_index,
        FRAMES["tastle_wierman"][0],
        partial(consensus.round_stability, ratings.iloc[:, :1]),
    ):
        with pytest.raises(StatisticError, match="S02"):
            call(ratings)


def test_wrong_tables_are_refused() -> None:
    frame = pd.DataFrame({"S": [1, 2]}, index=["a", "a"])
    with pytest.raises(StatisticError, match="'a' stands there twice"):
        consensus.round_stability(frame, frame)
    with pytest.raises(StatisticError, match="DataFrame"):
        consensus.round_stability([[1]], [[1]])
    with pytest.raises(StatisticError, match="3 rows"):
        consensus.tastle_wierman([[1], [2], [3]], scale=(1, 5), form="counts")
    with pytest.raises(StatisticError, match="holds -1"):
        consensus.tastle_wierman([[1], [-1], [3]], scale=(1, 3), form="counts")
