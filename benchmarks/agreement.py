"""Agreement and intraclass correlation beside krippendorff, pingouin and statsmodels: part of ``run.py bench``.

By itself, ``python3 run.py python -m benchmarks.agreement``, it prints its table and writes nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from ktss_analysis.psychometrics import cohen_kappa, fleiss_kappa, icc_models, krippendorff_alpha

from .measure import Case

N_CALLS = 20  # single calls of krippendorff that 1,000 resamples are held against
PINGOUIN_MODELS = ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)")


def codes(n_units: int, n_raters: int, *, missing: float = 0.0, seed: int = 2) -> np.ndarray:
    """Return codes 1 to 5 on which raters mostly agree; some cells missing."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(1, 6, (n_units, 1))
    drawn = generator.integers(1, 6, (n_units, n_raters))
    table = np.where(generator.random((n_units, n_raters)) < 0.7, truth, drawn).astype(float)
    table[generator.random(table.shape) < missing] = np.nan
    return table


def cases(*, quick: bool) -> Iterator[Case]:
    """Yield the tasks, small ones first."""
    yield from kappa_cases()
    yield from krippendorff_cases()
    yield from icc_cases(quick=quick)


def kappa_cases() -> Iterator[Case]:
    from statsmodels.stats import inter_rater

    for n in (300, 100_000):
        pairs = codes(n, 2)
        table = pd.crosstab(pairs[:, 0], pairs[:, 1]).to_numpy()
        yield Case(
            "cohen_kappa, quadratic, from a table", f"{n:,} units", "statsmodels",
            lambda table=table: _numbers(cohen_kappa(table, weights="quadratic")),
            lambda table=table: _statsmodels_kappa(inter_rater, table),
            remark="both with the Fleiss-Cohen-Everitt interval",
        )  # fmt: skip
        units = codes(n, 6)
        yield Case(
            "fleiss_kappa, from ratings", f"{n:,} units x 6", "statsmodels",
            lambda units=units: fleiss_kappa(units, layout="ratings").value,
            lambda units=units: inter_rater.fleiss_kappa(inter_rater.aggregate_raters(units)[0]),
            remark="ours adds a jackknife interval",
        )  # fmt: skip


def _numbers(estimate: Any) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def _statsmodels_kappa(inter_rater: Any, table: np.ndarray) -> tuple[float, float, float]:
    found = inter_rater.cohens_kappa(table, wt="quadratic")
    return float(found.kappa), float(found.kappa_low), float(found.kappa_upp)


def krippendorff_cases() -> Iterator[Case]:
    import krippendorff

    units = codes(10_000, 5, missing=0.05)
    for level in ("nominal", "ordinal", "interval"):
        yield Case(
            f"krippendorff_alpha, {level}, 1,000 resamples", "10,000 units x 5", f"krippendorff, {N_CALLS} calls",
            lambda level=level: krippendorff_alpha(units, level=level, ci_method="bootstrap", n_boot=1000).value,
            lambda level=level: [
                krippendorff.alpha(units.T, level_of_measurement=level) for _ in range(N_CALLS)
            ][-1],
            remark="the peer has no interval",
        )  # fmt: skip


def icc_cases(*, quick: bool) -> Iterator[Case]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pingouin

    for n in (30, 1_000) + (() if quick else (10_000,)):
        table = codes(n, 5, seed=3)
        long = pd.DataFrame(table).rename_axis("unit").reset_index().melt("unit", var_name="rater", value_name="y")
        yield Case(
            "icc_models: six coefficients with limits, as a table", f"{n:,} x 5", f"pingouin {pingouin.__version__}",
            lambda table=table: icc_models(table)["estimate"].to_numpy(dtype=float),
            lambda long=long: _pingouin_icc(pingouin, long),
            remark="rounds its limits",
        )  # fmt: skip


def _pingouin_icc(pingouin: Any, long: pd.DataFrame) -> list[float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pingouin.intraclass_corr(data=long, targets="unit", raters="rater", ratings="y").set_index("Type")
    return [float(found["ICC"][name]) for name in PINGOUIN_MODELS]


def main() -> None:
    """Measure each task and print the table."""
    from .__main__ import comparison_lines
    from .measure import compare

    print("\n".join(comparison_lines([compare(case, 5) for case in cases(quick=False)])))


if __name__ == "__main__":
    main()
