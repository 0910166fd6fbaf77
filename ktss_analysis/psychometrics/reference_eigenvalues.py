"""Eigenvalues of data without structure: what `parallel_analysis` compares with."""

from __future__ import annotations

import numpy as np

from .checks import FloatArray
from .pair_likelihood import fit_pairs, thresholds_of

_CELLS_AT_ONCE = 4_000_000


def sorted_columns(rows: FloatArray, names: list[str]) -> FloatArray:
    """Return each column sorted, columns by name: shuffling must not depend on the order in the file."""
    return np.sort(rows, axis=0)[:, np.argsort(np.asarray(names))]


def normal_eigenvalues(n: int, k: int, n_sets: int, generator: np.random.Generator) -> FloatArray:
    """Return eigenvalues, largest first, of correlations of k independent normal variables of n persons.

    The cross-products of n centred rows have the distribution of A A', A lower triangular with independent
    normal entries and roots of chi-squares with n - 1, n - 2, ... degrees of freedom on the diagonal.
    """
    step, parts = max(1, _CELLS_AT_ONCE // (k * k)), []
    for start in range(0, n_sets, step):
        size = min(step, n_sets - start)
        factor = np.tril(generator.standard_normal((size, k, k)), -1)
        index = np.arange(k)
        factor[:, index, index] = np.sqrt(generator.chisquare(n - 1 - index, size=(size, k)))
        factor /= np.sqrt((factor**2).sum(axis=2, keepdims=True))
        parts.append(np.linalg.eigvalsh(factor @ factor.transpose(0, 2, 1))[:, ::-1])
    return np.concatenate(parts)


def shuffled_eigenvalues(rows: FloatArray, n_sets: int, generator: np.random.Generator) -> FloatArray:
    """Return eigenvalues, largest first, of correlations after shuffling each column on its own."""
    n = len(rows)
    z = ((rows - rows.mean(axis=0)) / (rows.std(axis=0) * np.sqrt(n))).T
    step, parts = max(1, _CELLS_AT_ONCE // rows.size), []
    for start in range(0, n_sets, step):
        shuffled = _shuffled(z, min(step, n_sets - start), generator)
        parts.append(np.linalg.eigvalsh(shuffled @ shuffled.transpose(0, 2, 1))[:, ::-1])
    return np.concatenate(parts)


def _shuffled(columns: FloatArray, size: int, generator: np.random.Generator) -> FloatArray:
    """Return copies of the columns (here in rows, shape (n_items, n_persons)), each shuffled on its own.

    The first column keeps its order: it matters only how the columns stand to each other.
    """
    shuffled = np.repeat(columns[None], size, axis=0)
    generator.permuted(shuffled[:, 1:], axis=2, out=shuffled[:, 1:])
    return shuffled


def shuffled_polychoric_eigenvalues(rows: FloatArray, n_sets: int, generator: np.random.Generator) -> FloatArray:
    """Return eigenvalues, largest first, of polychoric correlations after shuffling each column on its own."""
    k = rows.shape[1]
    codes = np.stack([np.unique(column, return_inverse=True)[1] for column in rows.T]).astype(float)
    c = int(codes.max()) + 1
    first, second = np.triu_indices(k, 1)
    single = np.stack([np.bincount(code.astype(int), minlength=c) for code in codes]).astype(float)
    cuts = thresholds_of(single)  # shuffling does not change the margins
    tables = np.empty((n_sets, len(first), c, c))
    for number in range(n_sets):
        shuffled = _shuffled(codes, 1, generator)[0]
        indicator = (shuffled[:, None, :] == np.arange(c)[:, None]).astype(np.float32).reshape(k * c, -1)
        joint = (indicator @ indicator.T).reshape(k, c, k, c)
        tables[number] = joint.transpose(0, 2, 1, 3)[first, second]
    rows_cut, columns_cut = (np.tile(cuts[which], (n_sets, 1)) for which in (first, second))
    correlation = fit_pairs(tables.reshape(-1, c, c), rows_cut, columns_cut).correlation.reshape(n_sets, -1)
    matrices = np.broadcast_to(np.eye(k), (n_sets, k, k)).copy()
    matrices[:, first, second] = matrices[:, second, first] = correlation
    return np.asarray(np.linalg.eigvalsh(matrices)[:, ::-1])
