"""What must hold for joint counts and ordinal correlations of any answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.joint_counts import joint_counts
from ktss_analysis.psychometrics.pair_cells import PairCells
from ktss_analysis.psychometrics.pair_likelihood import fit_pairs, thresholds_of
from ktss_analysis.psychometrics.polychoric import polychoric

answers = hnp.arrays(
    float,
    st.tuples(st.integers(1, 40), st.integers(1, 4)),
    elements=st.sampled_from([1.0, 2.0, 3.0, 5.0, np.nan]),
)


def crosstab(rows: np.ndarray, i: int, j: int) -> dict:
    both = rows[~np.isnan(rows[:, [i, j]]).any(axis=1)]
    pairs, counts = np.unique(both[:, [i, j]], axis=0, return_counts=True)
    return {(int(a), int(b)): int(n) for (a, b), n in zip(pairs, counts, strict=True)}


@given(answers)
@settings(max_examples=80, deadline=None)
def test_counts_equal_counting(rows):
    counts = joint_counts(rows)
    for i, name in enumerate(counts.names):
        for j, other in enumerate(counts.names):
            table = counts.table(name, other)
            found = {
                (a, b): int(table.loc[a, b]) for a in table.index for b in table.columns if table.loc[a, b]
            }  # fmt: skip
            assert found == crosstab(rows, i, j)
            assert counts.joint_n[i, j] == sum(found.values())


@given(answers, st.data())
@settings(max_examples=60, deadline=None)
def test_counts_of_parts_add(rows, data):
    cut = data.draw(st.integers(0, len(rows)))
    missing = data.draw(st.sampled_from(["pairwise", "listwise"]))
    whole = joint_counts(rows, missing=missing)
    parts = joint_counts(rows[:cut], missing=missing) + joint_counts(rows[cut:], missing=missing)
    assert parts.categories == whole.categories
    assert (parts.n_used, parts.n_missing) == (whole.n_used, whole.n_missing)
    np.testing.assert_array_equal(parts.counts, whole.counts)


def test_wide_codes_and_blocks_change_nothing():
    """Codes far apart take another route, and more rows than one block are added up."""
    rows = np.random.default_rng(3).integers(1, 5, size=(30_000, 6)).astype(float)
    rows[::7, 2] = np.nan
    near, far = joint_counts(rows), joint_counts(rows * 1000)
    np.testing.assert_array_equal(near.counts, far.counts)
    assert far.categories[0] == (1000, 2000, 3000, 4000)
    assert near.table("V1", "V3").to_numpy().sum() == 30_000 - len(range(0, 30_000, 7))


def test_counts_of_other_items_are_not_added():
    with pytest.raises(StatisticError, match="cannot be added"):
        joint_counts([[1, 2]]) + joint_counts(pd.DataFrame({"A": [1], "B": [2]}))
    with pytest.raises(TypeError):
        joint_counts([[1, 2]]) + 1


@given(hnp.arrays(float, st.tuples(st.integers(2, 40), st.integers(2, 4)), elements=st.integers(1, 4).map(float)))
@settings(max_examples=60, deadline=None)
def test_correlation_is_inside_its_limits_and_turns_with_the_key(rows):
    fit = polychoric(rows)
    assert fit.converged
    frame = fit.frame
    value = frame["estimate"].dropna().astype(float)
    assert value.between(-1, 1).all()
    known = frame.dropna(subset=["ci_low"])
    assert (known["ci_low"] <= known["estimate"]).all()
    assert (known["estimate"] <= known["ci_high"]).all()
    turned = rows.copy()
    turned[:, 0] = 5 - turned[:, 0]
    other = polychoric(turned).frame["estimate"]
    sign = np.where(frame["item_id"] == "V1", -1, 1)
    np.testing.assert_allclose(
        other.astype(float).fillna(9), (frame["estimate"].astype(float) * sign).fillna(9), atol=1e-7
    )


@given(
    hnp.arrays(np.int64, st.tuples(st.integers(2, 5), st.integers(2, 5)), elements=st.integers(1, 60)),
)
@settings(max_examples=60, deadline=None)
def test_estimate_is_the_maximum(table):
    """No value nearby has a higher likelihood."""
    tables = np.array([table], dtype=float)
    h, k = thresholds_of(tables.sum(axis=2)), thresholds_of(tables.sum(axis=1))
    best = fit_pairs(tables, h, k).correlation

    def likelihood(r):
        counts = tables.transpose(1, 2, 0)
        corners = PairCells(counts > 0, h.T, k.T, np.zeros(1))
        return float((counts * np.log(corners.cells(r, slice(None)).probability)).sum())

    here = likelihood(best)
    for step in (-1e-3, 1e-3):
        assert here >= likelihood(best + step) - 1e-9


@given(st.integers(2, 5), st.integers(0, 10_000), st.floats(-0.999, 0.999), st.sampled_from([1, 1000]))
@settings(max_examples=60, deadline=None)
def test_no_correlation_on_a_grid_is_likelier(categories, seed, r, persons):
    """Also at high correlations, with empty cells, and with persons who answer against the trend."""
    generator = np.random.default_rng(seed)
    normal = generator.standard_normal((2, 60))
    normal[1, 2:] = r * normal[0, 2:] + np.sqrt(1 - r * r) * normal[1, 2:]
    cuts = np.sort(generator.normal(size=(2, categories - 1)), axis=1)
    table = np.zeros((categories, categories))
    np.add.at(table, tuple(np.searchsorted(cut, values) for cut, values in zip(cuts, normal, strict=True)), persons)
    if min((table.sum(axis=axis) > 0).sum() for axis in (0, 1)) < 2:
        return
    tables = table[None]
    h, k = (np.clip(thresholds_of(tables.sum(axis=axis)), -40, 40) for axis in (2, 1))
    found = np.clip(fit_pairs(tables, h, k).correlation, -0.9999, 0.9999)
    grid = np.concatenate([found, np.linspace(-0.9, 0.9, 19), [-0.9999, -0.99, -0.95, 0.95, 0.99, 0.9999]])
    counts = np.repeat(table[:, :, None], len(grid), axis=2)
    columns = (np.repeat(limits.T, len(grid), axis=1) for limits in (h, k))
    mass = PairCells(counts > 0, *columns, np.zeros(len(grid))).cells(grid, slice(None)).probability
    likelihood = np.where(counts > 0, counts * np.log(mass), 0.0).sum(axis=(0, 1))
    assert likelihood[0] >= likelihood.max() - 1e-7 * persons


def test_planted_correlation_is_found():
    """20,000 persons, known correlation: the estimate is within three of its own standard errors."""
    generator = np.random.default_rng(8)
    normal = generator.multivariate_normal([0, 0], [[1, 0.55], [0.55, 1]], size=20_000)
    rows = np.column_stack([np.digitize(normal[:, 0], [-1, 0.2, 1.5]), np.digitize(normal[:, 1], [-0.5, 0.4])])
    row = polychoric(rows).frame.iloc[0]
    assert abs(row["estimate"] - 0.55) < 3 * row["standard_error"]
    assert 0.005 < row["standard_error"] < 0.01


def test_standard_error_is_the_spread_of_estimates():
    """400 samples of 300 persons from one table: the mean standard error is the spread, within its sampling error."""
    share = np.array([[0.12, 0.10, 0.03], [0.09, 0.21, 0.10], [0.04, 0.12, 0.19]])
    tables = np.random.default_rng(4).multinomial(300, share.ravel(), size=400).reshape(-1, 3, 3).astype(float)
    fit = fit_pairs(tables, thresholds_of(tables.sum(axis=2)), thresholds_of(tables.sum(axis=1)))
    assert fit.standard_error.mean() == pytest.approx(fit.correlation.std(), rel=0.11)


def test_joint_counts_can_be_given_instead_of_answers():
    rows = np.random.default_rng(5).integers(1, 4, size=(80, 3)).astype(float)
    pd.testing.assert_frame_equal(polychoric(rows).frame, polychoric(joint_counts(rows)).frame)
