"""The tasks: each statistic of ours beside a package, or plain code, that computes the same number."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ktss_analysis.psychometrics import (
    bootstrap_interval,
    cronbach_alpha,
    item_statistics,
    krippendorff_alpha,
    parallel_analysis,
)

from . import agreement
from .measure import Case


def answers(n_persons: int, n_items: int, *, missing: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Return answers from 1 to 5 with one common factor; some cells missing."""
    generator = np.random.default_rng(seed)
    latent = generator.standard_normal((n_persons, 1)) + generator.standard_normal((n_persons, n_items))
    values = np.clip(np.round(3 + latent), 1, 5)
    values[generator.random(values.shape) < missing] = np.nan
    return pd.DataFrame(values, columns=[f"Q{number:02d}" for number in range(1, n_items + 1)])


def cases(*, quick: bool) -> Iterator[Case]:
    """Yield the tasks, small ones first."""
    yield from alpha_cases(quick=quick)
    yield from coder_cases()
    yield from agreement.cases(quick=quick)
    yield from item_cases(quick=quick)
    yield from parallel_cases()
    yield from bootstrap_cases()


def alpha_cases(*, quick: bool) -> Iterator[Case]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pingouin

    for missing, rule in ((0.0, "listwise"), (0.05, "pairwise")):
        for n in (30, 3_000, 100_000) + (() if quick else (1_000_000,)):
            frame = answers(n, 8, missing=missing)
            ours_rule = "pairwise" if missing else "raise"
            yield Case(
                f"cronbach_alpha, {'5 % missing, pairwise' if missing else 'complete'}", f"{n:,} x 8", "pingouin",
                lambda frame=frame, rule=ours_rule: cronbach_alpha(frame, missing=rule).value,
                lambda frame=frame, rule=rule: pingouin.cronbach_alpha(frame, nan_policy=rule)[0],
                remark="both with Feldt's interval",
            )  # fmt: skip


def coder_cases() -> Iterator[Case]:
    import krippendorff

    for n_units in (200, 20_000):
        generator = np.random.default_rng(2)
        truth = generator.integers(1, 6, (n_units, 1))
        units = np.where(generator.random((n_units, 3)) < 0.8, truth, generator.integers(1, 6, (n_units, 3)))
        units = np.where(generator.random(units.shape) < 0.05, np.nan, units)
        for level in ("nominal", "ordinal"):
            yield Case(
                f"krippendorff_alpha, {level}", f"{n_units:,} units x 3", "krippendorff",
                lambda units=units, level=level: krippendorff_alpha(units, level=level).value,
                lambda units=units, level=level: krippendorff.alpha(units.T, level_of_measurement=level),
                remark="ours adds a jackknife interval",
            )  # fmt: skip


def item_cases(*, quick: bool) -> Iterator[Case]:
    for n, k in ((300, 20), (3_000, 60)) + (() if quick else ((100_000, 20),)):
        frame = answers(n, k)
        yield Case(
            "item_statistics", f"{n:,} x {k}", "pandas, item by item",
            lambda frame=frame: _item_numbers(item_statistics(frame, scale=(1, 5))),
            lambda frame=frame: item_loop(frame),
            remark="ours adds intervals",
        )  # fmt: skip


ITEM_COLUMNS = (
    "mean", "sd", "floor_share", "ceiling_share", "item_rest_correlation", "alpha_if_item_deleted",
)  # fmt: skip


def _item_numbers(table: pd.DataFrame) -> np.ndarray:
    return table[list(ITEM_COLUMNS)].to_numpy(dtype=float)


def item_loop(frame: pd.DataFrame) -> np.ndarray:
    """Return the item analysis as one writes it with pandas: one item after the other."""
    rows = []
    for name in frame.columns:
        item, others = frame[name], frame.drop(columns=name)
        k = others.shape[1]
        alpha = k / (k - 1) * (1 - others.var().sum() / others.sum(axis=1).var())
        rows.append(
            (item.mean(), item.std(), (item == 1).mean(), (item == 5).mean(), item.corr(others.sum(axis=1)), alpha)
        )
    return np.array(rows)


def parallel_cases() -> Iterator[Case]:
    for method in ("normal", "permutation"):
        for n in (300, 3_000):
            frame = answers(n, 20)
            yield Case(
                f"parallel_analysis, {method}", f"{n:,} x 20, 200 sets", "numpy, set by set",
                lambda frame=frame, method=method: _parallel(frame, method),
                lambda frame=frame, method=method: parallel_loop(frame.to_numpy(), method),
                tolerance=_same_reference,
                remark="same within Monte Carlo error",
            )  # fmt: skip


N_SETS = 200


def _parallel(frame: pd.DataFrame, method: Any) -> tuple[int, np.ndarray, None]:
    found = parallel_analysis(frame, n_sets=N_SETS, method=method, seed=1)
    return found.n_factors, found.frame["reference_mean"].to_numpy(dtype=float), None


def parallel_loop(data: np.ndarray, method: str) -> tuple[int, np.ndarray, np.ndarray]:
    """Return components retained, mean reference eigenvalues and their spread: one data set after the other."""
    generator = np.random.default_rng(2)
    reference = np.empty((N_SETS, data.shape[1]))
    for number in range(N_SETS):
        if method == "normal":
            drawn = generator.standard_normal(data.shape)
        else:
            drawn = np.column_stack([generator.permutation(column) for column in data.T])
        reference[number] = np.linalg.eigvalsh(np.corrcoef(drawn, rowvar=False))[::-1]
    observed = np.linalg.eigvalsh(np.corrcoef(data, rowvar=False))[::-1]
    retained = int(np.cumprod(observed > np.quantile(reference, 0.95, axis=0)).sum())
    return retained, reference.mean(axis=0), reference.std(axis=0)


def _same_reference(ours: Any, peer: Any) -> bool:
    """Tell whether both retain as many components, and means differ by less than five standard errors."""
    error = peer[2] * np.sqrt(2 / N_SETS)
    return ours[0] == peer[0] and bool((np.abs(ours[1] - peer[1]) < 5 * error).all())


def bootstrap_cases() -> Iterator[Case]:
    for n in (100, 1_000):
        generator = np.random.default_rng(3)
        x = generator.standard_normal(n)
        y = 0.5 * x + generator.standard_normal(n)
        yield Case(
            "bootstrap_interval, BCa of a correlation", f"{n:,} rows, 2,000 resamples", "scipy.stats.bootstrap",
            lambda x=x, y=y: _our_bootstrap(x, y),
            lambda x=x, y=y: _scipy_bootstrap(x, y),
            tolerance=_same_limits,
            remark="same within Monte Carlo error",
        )  # fmt: skip


def _correlation_of_totals(totals: np.ndarray) -> np.ndarray:
    sx, sy, sxy, sxx, syy, n = totals.T
    return (sxy - sx * sy / n) / np.sqrt((sxx - sx**2 / n) * (syy - sy**2 / n))


def _our_bootstrap(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    table = np.column_stack([x, y, x * y, x * x, y * y, np.ones_like(x)])
    found = bootstrap_interval(_correlation_of_totals, table, n_boot=2000, seed=1)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def _scipy_bootstrap(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    from scipy import stats

    def correlation(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
        da, db = a - a.mean(axis=axis, keepdims=True), b - b.mean(axis=axis, keepdims=True)
        return (da * db).sum(axis) / np.sqrt((da * da).sum(axis) * (db * db).sum(axis))

    found = stats.bootstrap(
        (x, y), correlation, paired=True, vectorized=True, n_resamples=2000, method="BCa", rng=1
    ).confidence_interval
    return float(found.low), float(found.high)


def _same_limits(ours: tuple[float, float], peer: tuple[float, float]) -> bool:
    """Tell whether limits differ by less than a fifth of the half width: four Monte Carlo errors at 2,000."""
    return bool(np.abs(np.subtract(ours, peer)).max() < 0.2 * (peer[1] - peer[0]) / 2)
