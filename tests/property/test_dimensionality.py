"""What must hold for the dimensionality of any answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.glossary import COLUMNS
from ktss_analysis.psychometrics.dimensionality import (
    bartlett_sphericity,
    correlation_eigenvalues,
    kmo,
    parallel_analysis,
)

complete = hnp.arrays(
    float, st.tuples(st.integers(8, 30), st.integers(3, 5)), elements=st.integers(1, 5).map(float)
)  # fmt: skip
holed = hnp.arrays(
    float,
    st.tuples(st.integers(0, 30), st.integers(1, 5)),
    elements=st.one_of(st.integers(1, 5).map(float), st.just(np.nan)),
)


@given(holed, st.sampled_from(["listwise", "pairwise"]))
@settings(max_examples=80, deadline=None)
def test_every_result_is_a_number_or_a_reason(data, missing):
    tables = [function(data, missing=missing) for function in (correlation_eigenvalues, bartlett_sphericity, kmo)]
    tables.append(parallel_analysis(data, missing=missing, n_sets=20).frame)
    for table in tables:
        for column in table.columns:
            assert str(table[column].dtype) == COLUMNS[column].dtype
        assert ((table["status"] == "ok") == table["estimate"].notna()).all()
        assert ((table["status"] == "ok") == (table["reason"] == "")).all()


@given(complete)
@settings(max_examples=60, deadline=None)
def test_eigenvalues_sum_to_the_number_of_items(data):
    table = correlation_eigenvalues(data)
    assume((table["status"] == "ok").all())
    values = table["estimate"].to_numpy(dtype=float)
    assert values.sum() == pytest.approx(data.shape[1], abs=1e-9)
    assert (np.diff(values) <= 1e-12).all()
    assert values[-1] >= -1e-9


@given(complete)
@settings(max_examples=60, deadline=None)
def test_bartlett_is_the_log_of_the_product_of_eigenvalues(data):
    row = bartlett_sphericity(data).iloc[0]
    assume(row["status"] == "ok")
    values = correlation_eigenvalues(data)["estimate"].to_numpy(dtype=float)
    n, k = data.shape
    assert row["estimate"] == pytest.approx(-(n - 1 - (2 * k + 5) / 6) * np.log(values).sum(), rel=1e-6, abs=1e-8)
    assert 0 <= row["p_value"] <= 1


@given(complete)
@settings(max_examples=60, deadline=None)
def test_kmo_from_regressions(data):
    """Partial correlations as correlations of residuals, one pair at a time."""
    table = kmo(data)
    assume((table["status"] == "ok").all())
    r = np.corrcoef(data.T)
    assume(np.linalg.cond(r) < 1e6)
    k, partial = len(r), np.zeros_like(r)
    for i in range(k):
        for j in range(k):
            if i != j:
                others = np.column_stack([np.ones(len(data)), np.delete(data, [i, j], axis=1)])
                residual = data[:, [i, j]] - others @ np.linalg.lstsq(others, data[:, [i, j]], rcond=None)[0]
                partial[i, j] = np.corrcoef(residual.T)[0, 1]
    shared = r**2 - np.eye(k)
    expected = shared.sum() / (shared.sum() + (partial**2).sum())
    assert table["estimate"].iloc[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("method", ["normal", "permutation"])
def test_planted_dimensions_are_found(method):
    generator = np.random.default_rng(3)
    factors = generator.normal(size=(400, 3))
    data = np.repeat(factors, 4, axis=1) + generator.normal(size=(400, 12))
    assert parallel_analysis(data, n_sets=100, seed=2, method=method).n_factors == 3


def test_noise_has_no_dimension_nineteen_times_in_twenty():
    generator = np.random.default_rng(4)
    found = [parallel_analysis(generator.normal(size=(80, 6)), n_sets=200, seed=1).n_factors for _ in range(300)]
    share = np.mean(np.array(found) > 0)
    assert share == pytest.approx(0.05, abs=0.038)


def test_a_component_after_a_gap_is_not_retained():
    """Uncorrelated items: the first eigenvalue is below its reference, the last above; none is retained."""
    data = np.linalg.qr(np.random.default_rng(5).normal(size=(60, 5)) @ np.eye(5))[0]
    data = np.linalg.qr(data - data.mean(axis=0))[0]
    result = parallel_analysis(data, n_sets=100, seed=1)
    exceeds = result.frame["estimate"] > result.frame["reference_quantile"]
    assert not exceeds.iloc[0]
    assert exceeds.iloc[-1]
    assert not result.frame["retained"].any()
    assert result.n_factors == 0


def test_seed_decides_and_chunks_do_not(monkeypatch):
    from ktss_analysis.psychometrics import reference_eigenvalues

    data = np.random.default_rng(6).normal(size=(50, 5))
    first = parallel_analysis(data, n_sets=40, seed=1, method="permutation").frame
    assert first.equals(parallel_analysis(data, n_sets=40, seed=1, method="permutation").frame)
    assert not first.equals(parallel_analysis(data, n_sets=40, seed=2, method="permutation").frame)
    monkeypatch.setattr(reference_eigenvalues, "_CELLS_AT_ONCE", 700)
    assert first["reference_mean"].equals(
        parallel_analysis(data, n_sets=40, seed=1, method="permutation").frame["reference_mean"]
    )
