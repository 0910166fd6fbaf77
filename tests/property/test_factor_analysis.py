"""What must hold for factors of any correlations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktss_analysis.psychometrics.factor_analysis import fit_efa
from ktss_analysis.psychometrics.rotation import CRITERIA, OBLIQUE, gradient_projection, rotate

seeds = st.integers(0, 2**32 - 1)


def planted(seed: int, n_items: int = 9, n_factors: int = 3, n: int = 200) -> np.ndarray:
    generator = np.random.default_rng(seed)
    pattern = generator.uniform(-0.2, 0.2, size=(n_items, n_factors))
    pattern[np.arange(n_items), np.arange(n_items) % n_factors] = generator.uniform(0.5, 0.9, size=n_items)
    factors = generator.normal(size=(n, n_factors))
    return factors @ pattern.T + 0.6 * generator.normal(size=(n, n_items))


@given(seeds, st.sampled_from(["oblimin", "geomin", "promax", "varimax", "quartimax", "none"]))
@settings(max_examples=40, deadline=None)
def test_pattern_times_correlations_is_structure(seed, rotation):
    fit = fit_efa(planted(seed), 3, rotation=rotation)
    pattern, correlations = fit.loadings.to_numpy(), fit.factor_correlations.to_numpy()
    np.testing.assert_allclose(pattern @ correlations, fit.structure, atol=1e-12)
    np.testing.assert_allclose(np.diagonal(correlations), 1, atol=1e-10)
    np.testing.assert_allclose(
        np.diagonal(pattern @ correlations @ pattern.T), fit.item_table["communality"].astype(float), atol=1e-10
    )
    assert (fit.loadings.sum() >= -1e-12).all()
    explained = fit.factor_table["explained"].astype(float)
    assert explained.sum() == pytest.approx(fit.item_table["communality"].sum())
    if rotation != "none":
        assert explained.is_monotonic_decreasing


@given(seeds, st.sampled_from(["oblimin", "promax", "varimax"]))
@settings(max_examples=15, deadline=None)
def test_rotation_does_not_change_what_is_reproduced(seed, rotation):
    rows = planted(seed)
    rotated, plain = fit_efa(rows, 3, rotation=rotation), fit_efa(rows, 3, rotation="none")
    ours = rotated.loadings.to_numpy() @ rotated.factor_correlations.to_numpy() @ rotated.loadings.to_numpy().T
    np.testing.assert_allclose(ours, plain.loadings.to_numpy() @ plain.loadings.to_numpy().T, atol=1e-9)


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_order_of_items_does_not_matter(seed):
    rows = planted(seed)
    order = np.random.default_rng(seed).permutation(rows.shape[1])
    fit, other = fit_efa(rows, 3), fit_efa(rows[:, order], 3)
    np.testing.assert_allclose(fit.loadings.to_numpy()[order], other.loadings, atol=1e-5)


@given(seeds, st.sampled_from(sorted(CRITERIA)))
@settings(max_examples=25, deadline=None)
def test_derivative_of_each_criterion(seed, name):
    generator = np.random.default_rng(seed)
    rotated, direction = generator.normal(size=(2, 1, 6, 3))
    step = 1e-6
    up, down = (CRITERIA[name](rotated + sign * step * direction)[0][0] for sign in (1, -1))
    slope = (CRITERIA[name](rotated)[1] * direction).sum()
    assert (up - down) / (2 * step) == pytest.approx(slope, rel=1e-5, abs=1e-6)


@given(seeds, st.sampled_from(sorted(CRITERIA)))
@settings(max_examples=15, deadline=None)
def test_no_rotation_nearby_is_better(seed, name):
    generator = np.random.default_rng(seed)
    loadings = generator.normal(size=(7, 3))
    best = rotate(loadings, name, kaiser=False, n_starts=3)
    start = np.eye(3) + 0.02 * generator.normal(size=(3, 3))
    start = start / np.sqrt((start**2).sum(axis=0)) if name in OBLIQUE else np.linalg.qr(start)[0]
    turned = gradient_projection(best.loadings[None], start[None], name)[1][0]
    # oblique: turning on from the solution is a rotation of correlated factors, so only the orthogonal case compares
    if name not in OBLIQUE:
        assert best.criterion <= turned + 1e-7


def test_planted_structure_is_found():
    rows = planted(3, n_items=12, n=5000)
    fit = fit_efa(rows, 3)
    pattern = fit.loadings.to_numpy()
    largest = np.abs(pattern).argmax(axis=1)
    assert all(len(set(largest[group::3])) == 1 for group in range(3))
    assert fit.measure("rmsea") < 0.02
    assert fit.converged
    assert not fit.warnings
