"""What must hold for the item analysis of any answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.glossary import COLUMNS
from ktss_analysis.psychometrics.items import (
    apply_keys,
    inter_item_correlations,
    item_statistics,
    score_items,
)
from ktss_analysis.psychometrics.reliability import cronbach_alpha

cells = st.one_of(st.integers(1, 5).map(float), st.just(np.nan))
answers = hnp.arrays(float, st.tuples(st.integers(0, 25), st.integers(1, 5)), elements=cells)
complete = hnp.arrays(
    float, st.tuples(st.integers(5, 25), st.integers(3, 5)), elements=st.integers(1, 5).map(float)
)  # fmt: skip


@given(answers)
@settings(max_examples=60, deadline=None)
def test_frames_keep_the_contract(data):
    for table in (
        item_statistics(data, scale=(1, 5)), inter_item_correlations(data, missing="pairwise"),
        score_items(data, scale=(1, 5), min_answered=1),
    ):  # fmt: skip
        for column in table.columns:
            assert str(table[column].dtype) == COLUMNS[column].dtype
        assert set(table["status"]) <= {"ok", "too_few", "undefined"}
        assert ((table["status"] == "ok") == (table["reason"] == "")).all()


@given(answers)
@settings(max_examples=60, deadline=None)
def test_shares_and_correlations_stay_in_their_range(data):
    table = item_statistics(data, scale=(1, 5))
    for column in ("item_difficulty", "floor_share", "ceiling_share"):
        assert table[column].dropna().between(0, 1).all()
    known = table.dropna(subset=["item_rest_correlation", "ci_low"])
    assert known["item_rest_correlation"].between(-1, 1).all()
    assert (known["ci_low"] <= known["item_rest_correlation"]).all()
    assert (known["item_rest_correlation"] <= known["ci_high"]).all()
    assert (table["n_used"] + table["n_missing"] == len(data)).all()


@given(answers, st.data())
@settings(max_examples=40, deadline=None)
def test_reversing_twice_changes_nothing(data, draw):
    key = draw.draw(st.lists(st.sampled_from([1, -1]), min_size=data.shape[1], max_size=data.shape[1]))
    once = apply_keys(data, scale=(1, 5), key=key)
    np.testing.assert_array_equal(apply_keys(once, scale=(1, 5), key=key).to_numpy(), data)


def test_a_forgotten_reverse_key_is_seen():
    """Negative control: the table must turn red when one key is dropped."""
    generator = np.random.default_rng(3)
    trait = generator.normal(size=(80, 1))
    raw = np.clip(np.rint(3 + trait + 0.7 * generator.normal(size=(80, 4))), 1, 5)
    raw[:, 2] = 6 - raw[:, 2]
    right = item_statistics(raw, scale=(1, 5), key=[1, 1, -1, 1])["item_rest_correlation"]
    wrong = item_statistics(raw, scale=(1, 5))["item_rest_correlation"]
    assert right.min() > 0.5
    assert wrong.iloc[2] < -0.5


@given(complete)
@settings(max_examples=60, deadline=None)
def test_columns_equal_their_definitions(data):
    table = item_statistics(data, scale=(1, 5))
    varying = [index for index in range(data.shape[1]) if np.ptp(data[:, index]) > 0]
    for index in varying:
        others = [other for other in varying if other != index]
        rest = data[:, others].sum(axis=1)
        row = table.iloc[index]
        if row["status"] == "ok":
            assert np.isclose(row["item_rest_correlation"], np.corrcoef(data[:, index], rest)[0, 1], atol=1e-9)
        if row["status"] == "ok" and len(others) > 1:
            assert np.isclose(row["alpha_if_item_deleted"], cronbach_alpha(data[:, others]).value, atol=1e-9)


@given(complete)
@settings(max_examples=40, deadline=None)
def test_correlations_equal_numpy(data):
    table = inter_item_correlations(data)
    for row in table[table["status"] == "ok"].itertuples():
        pair = [int(name[1:]) - 1 for name in (row.item_id, row.other_item_id)]
        assert np.isclose(row.estimate, np.corrcoef(data[:, pair].T)[0, 1], atol=1e-9)
    assert len(table) == data.shape[1] * (data.shape[1] - 1) // 2


@given(answers)
@settings(max_examples=40, deadline=None)
def test_score_is_the_mean_of_the_answers_present(data):
    frame = pd.DataFrame(data)
    frame.columns = [f"i{index}" for index in range(data.shape[1])]
    scores = score_items(frame, scale=(1, 5), min_answered=1)
    expected = frame.mean(axis=1)
    np.testing.assert_allclose(scores["scale_score"].astype(float), expected, atol=1e-12)
    assert scores.index.equals(frame.index)
