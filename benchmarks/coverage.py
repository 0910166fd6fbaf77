"""How often intervals hold the true value: ``python3 run.py python -m benchmarks.coverage``.

Samples of 30, 60 and 300 persons (or units) are drawn from populations of ordinal answers with known truth. The
share of intervals that hold it is compared with the level they claim. Another module registers its own intervals
with `interval`; `--write` puts the table into docs/interval-coverage.md, `--full` takes 600 samples per row (200 of a
bootstrap, 60 of one that fits a model to each resample). With `--only` the other rows of the page stay.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ktss_analysis.core import Estimate
from ktss_analysis.psychometrics import (
    aiken_v,
    categorical_omega,
    cohen_kappa,
    conger_kappa,
    cronbach_alpha,
    fleiss_kappa,
    generalizability,
    gwet_ac,
    icc,
    item_statistics,
    krippendorff_alpha,
    latent_omega,
    limits_of_agreement,
    omega_hierarchical,
    omega_total,
    ordinal_alpha,
    percent_agreement,
    polychoric,
    retest_error,
    standardized_alpha,
)

from . import __main__ as bench

PAGE = Path(__file__).resolve().parent.parent / "docs" / "interval-coverage.md"
LEVEL = 0.95
SIZES = (30, 60, 300)
CLOSED_FORM, BOOTSTRAP, MODEL_BOOTSTRAP = 600, 200, 60  # samples per row in a full run
FEWEST_INTERVALS = 20  # that a coverage is judged by
LARGE = 400_000  # persons of the sample that stands for the population

Population = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class Case:
    """One interval on one population.

    Parameters
    ----------
    name : str
        Statistic and interval, as a reader knows them.
    population : callable
        Takes a generator and a number of persons, returns their answers.
    estimate : callable
        Takes the answers and returns the estimate with its interval at 95 %.
    truth : callable or None
        Takes answers of a very large sample and returns the true value; None: the estimate's own value there.
    samples : int
        Samples drawn in a full run; a sixth of them otherwise.
    """

    name: str
    population: Population
    estimate: Callable[[np.ndarray], Estimate]
    truth: Callable[[np.ndarray], float] | None = None
    samples: int = CLOSED_FORM


@dataclass(frozen=True)
class Coverage:
    """What was found: shares of all samples that gave an interval."""

    name: str
    population: str
    n: int
    samples: int
    without: int
    coverage: float
    too_high: float
    too_low: float
    width: float

    @property
    def error(self) -> float:
        """Return the Monte Carlo standard error of the coverage, never 0."""
        count = max(self.samples - self.without, 1)
        share = (self.coverage * count + 2) / (count + 4)
        return float(np.sqrt(share * (1 - share) / (count + 4)))

    @property
    def is_judged(self) -> bool:
        """Tell whether enough samples gave an interval."""
        return self.samples - self.without >= FEWEST_INTERVALS

    @property
    def is_short(self) -> bool:
        """Tell whether the coverage is below the level by more than two Monte Carlo errors and half a point."""
        return self.is_judged and self.coverage + 2 * self.error + 0.005 < LEVEL


CASES: list[Case] = []


def interval(
    name: str,
    population: Population,
    *,
    truth: Callable[[np.ndarray], float] | None = None,
    samples: int = CLOSED_FORM,
) -> Callable[[Callable[[np.ndarray], Estimate]], Callable[[np.ndarray], Estimate]]:
    """Register the decorated estimate as a case; the population's docstring is its name on the page."""

    def register(estimate: Callable[[np.ndarray], Estimate]) -> Callable[[np.ndarray], Estimate]:
        CASES.append(Case(name, population, estimate, truth, samples))
        return estimate

    return register


def measure(case: Case, n: int, samples: int, *, seed: int = 1, truth: float | None = None) -> Coverage:
    """Draw samples of n persons and count the intervals that hold the truth."""
    target = true_value(case) if truth is None else truth
    generator = np.random.default_rng([seed, n])
    found = [case.estimate(case.population(generator, n)) for _ in range(samples)]
    limits = np.array([(one.low, one.high) for one in found if one.low is not None], dtype=float).reshape(-1, 2)
    if not len(limits):
        return Coverage(case.name, _title(case.population), n, samples, samples, *[float("nan")] * 4)
    above, below = limits[:, 0] > target, limits[:, 1] < target
    return Coverage(
        case.name, _title(case.population), n, samples, samples - len(limits), float(1 - (above | below).mean()),
        float(above.mean()), float(below.mean()), float((limits[:, 1] - limits[:, 0]).mean()),
    )  # fmt: skip


def true_value(case: Case) -> float:
    """Return the value that intervals of the case must hold."""
    everybody = case.population(np.random.default_rng(2026), LARGE)
    if case.truth is not None:
        return case.truth(everybody)
    return point(case.estimate(everybody))


def _title(function: Callable[..., Any]) -> str:
    return (function.__doc__ or function.__name__).splitlines()[0].rstrip(".")


# --- populations


def ordinal(latent: np.ndarray, cuts: Sequence[float]) -> np.ndarray:
    """Return categories from 1: how many cuts lie below the latent value, plus 1."""
    return np.searchsorted(np.asarray(cuts), latent).astype(float) + 1


def six_items(generator: np.random.Generator, n: int) -> np.ndarray:
    """6 items, 5 categories, unequal loadings."""
    loadings = np.array([0.8, 0.75, 0.7, 0.65, 0.6, 0.5])
    latent = loadings * generator.standard_normal((n, 1))
    latent += np.sqrt(1 - loadings**2) * generator.standard_normal((n, 6))
    return ordinal(latent, (-1.5, -0.5, 0.5, 1.5))


def six_skewed_items(generator: np.random.Generator, n: int) -> np.ndarray:
    """6 items, 5 categories, half the answers at the top."""
    loadings = np.array([0.8, 0.75, 0.7, 0.65, 0.6, 0.5])
    latent = loadings * generator.standard_normal((n, 1))
    latent += np.sqrt(1 - loadings**2) * generator.standard_normal((n, 6))
    return ordinal(latent, (-2.2, -1.6, -1.0, 0.0))


def nine_items(generator: np.random.Generator, n: int) -> np.ndarray:
    """9 items, 5 categories, a general and 3 group factors."""
    general, groups = generator.standard_normal((n, 1)), generator.standard_normal((n, 3))
    latent = 0.6 * general + 0.5 * np.repeat(groups, 3, axis=1)
    latent += np.sqrt(1 - 0.6**2 - 0.5**2) * generator.standard_normal((n, 9))
    return ordinal(latent, (-1.5, -0.5, 0.5, 1.5))


def _codes(generator: np.random.Generator, n: int, shares: Sequence[float], n_raters: int, sure: float) -> np.ndarray:
    chances = np.cumsum(shares)
    truth = np.searchsorted(chances, generator.random((n, 1)))
    guess = np.searchsorted(chances, generator.random((n, n_raters)))
    return np.where(generator.random((n, n_raters)) < sure, truth, guess).astype(float)


def two_coders(generator: np.random.Generator, n: int) -> np.ndarray:
    """2 raters, 4 codes of .4 .3 .2 .1."""
    return _codes(generator, n, (0.4, 0.3, 0.2, 0.1), 2, 0.8)


def two_coders_rare(generator: np.random.Generator, n: int) -> np.ndarray:
    """2 raters, a code on 10 % of the units."""
    return _codes(generator, n, (0.9, 0.1), 2, 0.8)


def three_coders(generator: np.random.Generator, n: int) -> np.ndarray:
    """3 raters, 4 codes of .4 .3 .2 .1."""
    return _codes(generator, n, (0.4, 0.3, 0.2, 0.1), 3, 0.8)


def three_coders_rare(generator: np.random.Generator, n: int) -> np.ndarray:
    """3 raters, a code on 10 % of the units."""
    return _codes(generator, n, (0.9, 0.1), 3, 0.8)


def three_coders_with_holes(generator: np.random.Generator, n: int) -> np.ndarray:
    """3 raters, 4 codes, a fifth of the ratings missing."""
    table = three_coders(generator, n)
    table[generator.random(table.shape) < 0.2] = np.nan
    return table


def four_judges(generator: np.random.Generator, n: int) -> np.ndarray:
    """4 given raters, 5 ordinal categories."""
    severity = np.array([-0.4, 0.0, 0.1, 0.3])
    latent = generator.standard_normal((n, 1)) + severity + 0.8 * generator.standard_normal((n, 4))
    return ordinal(latent, (-1.5, -0.5, 0.5, 1.5))


def four_judges_with_holes(generator: np.random.Generator, n: int) -> np.ndarray:
    """4 given raters, 5 ordinal categories, a fifth missing."""
    table = four_judges(generator, n)
    table[generator.random(table.shape) < 0.2] = np.nan
    return table


def drawn_judges(generator: np.random.Generator, n: int) -> np.ndarray:
    """4 raters drawn anew, normal scores."""
    severity = 0.4 * generator.standard_normal(4)
    return generator.standard_normal((n, 1)) + severity + 0.8 * generator.standard_normal((n, 4))


def two_occasions(generator: np.random.Generator, n: int) -> np.ndarray:
    """Mean of 6 ordinal items, two occasions, small shift."""
    trait = generator.standard_normal((n, 1))
    means = []
    for shift in (0.0, 0.2):
        latent = 0.7 * trait + shift + np.sqrt(0.51) * generator.standard_normal((n, 6))
        means.append(ordinal(latent, (-1.5, -0.5, 0.5, 1.5)).mean(axis=1))
    return np.column_stack(means)


def long_table(scores: np.ndarray) -> pd.DataFrame:
    """Return one row per judgement."""
    person, item = np.indices(scores.shape)
    return pd.DataFrame({"person_id": person.ravel(), "item_id": item.ravel(), "value": scores.ravel()})


def point(estimate: Estimate) -> float:
    """Return the number of an estimate that has one."""
    assert estimate.value is not None
    return estimate.value


# --- intervals of agreement, intraclass correlation, retest and alpha

for _population in (two_coders, two_coders_rare):
    for _method in ("analytic", "jackknife", "bootstrap"):
        interval(f"cohen_kappa, {_method}", _population, samples=BOOTSTRAP if _method == "bootstrap" else CLOSED_FORM)(
            lambda data, method=_method: cohen_kappa(data, layout="ratings", ci_method=method, n_boot=1000)
        )
for _population in (three_coders, three_coders_rare, three_coders_with_holes):
    for _method in ("analytic", "jackknife"):
        interval(f"fleiss_kappa, {_method}", _population)(
            lambda data, method=_method: fleiss_kappa(data, layout="ratings", ci_method=method)
        )
        interval(f"gwet_ac, {_method}", _population)(lambda data, method=_method: gwet_ac(data, ci_method=method))
    interval("conger_kappa, jackknife", _population)(conger_kappa)
    interval("percent_agreement, Wilson", _population)(percent_agreement)
    for _method in ("jackknife", "bootstrap"):
        interval(
            f"krippendorff_alpha, nominal, {_method}",
            _population,
            samples=BOOTSTRAP if _method == "bootstrap" else CLOSED_FORM,
        )(lambda data, method=_method: krippendorff_alpha(data, ci_method=method, n_boot=1000))
for _metric in ("ordinal", "interval"):
    interval(f"krippendorff_alpha, {_metric}, jackknife", four_judges)(
        lambda data, level=_metric: krippendorff_alpha(data, level=level)
    )
interval("cohen_kappa, quadratic, analytic", four_judges)(
    lambda data: cohen_kappa(data[:, :2], weights="quadratic", layout="ratings")
)
for _model in ("C-1", "A-1"):
    for _method in ("f", "jackknife"):
        interval(f"icc, {_model}, {_method}", four_judges)(
            lambda data, model=_model, method=_method: icc(data, model=model, ci_method=method)
        )
    interval(f"icc, {_model}, available, jackknife", four_judges_with_holes)(
        lambda data, model=_model: icc(data, model=model, missing="available")
    )
interval("icc, A-1, f", drawn_judges, truth=lambda _: 1 / (1 + 0.4**2 + 0.8**2))(icc)
for _kind, _model in (("g", "C-k"), ("phi", "A-k")):
    interval(
        f"generalizability, {_kind}, jackknife", four_judges,
        truth=lambda data, model=_model: point(icc(data, model=model)),
    )(lambda data, kind=_kind: getattr(generalizability(long_table(data)), kind))  # fmt: skip
for _kind in ("agreement", "consistency"):
    interval(f"retest_error, {_kind}", two_occasions)(lambda data, kind=_kind: retest_error(data, kind=kind))


@interval("limits_of_agreement, upper limit", two_occasions)
def upper_limit(data: np.ndarray) -> Estimate:
    """Return the upper limit of agreement."""
    row = limits_of_agreement(data).set_index("statistic").loc["upper_limit"]
    return Estimate(float(row["estimate"]), float(row["ci_low"]), float(row["ci_high"]), LEVEL)


for _population in (six_items, six_skewed_items):
    for _method in ("feldt", "bonett", "adf", "bca", "percentile"):
        interval(
            f"cronbach_alpha, {_method}",
            _population,
            samples=BOOTSTRAP if _method in ("bca", "percentile") else CLOSED_FORM,
            truth=lambda data: point(cronbach_alpha(data)),
        )(lambda data, method=_method: cronbach_alpha(data, ci_method=method))
    interval("standardized_alpha, delta", _population)(standardized_alpha)


def first_item_with_the_rest(data: np.ndarray) -> Estimate:
    """Return the correlation of the first item with the sum of the others."""
    row = item_statistics(data, scale=(1, 5)).iloc[0]
    return Estimate(float(row["item_rest_correlation"]), float(row["ci_low"]), float(row["ci_high"]), LEVEL)


for _population in (six_items, six_skewed_items):
    interval("item_rest_correlation, fisher", _population)(first_item_with_the_rest)


@interval("aiken_v, score", six_skewed_items)
def first_item_as_rating(data: np.ndarray) -> Estimate:
    """Return Aiken's V of the first item, the persons taken as raters."""
    row = aiken_v(data[:, :1], scale=(1, 5)).iloc[0]
    return Estimate(float(row["estimate"]), float(row["ci_low"]), float(row["ci_high"]), LEVEL)


for _population in (six_items, six_skewed_items):
    for _variance in ("robust", "normal"):
        interval(f"omega_total, {_variance}", _population)(
            lambda data, variance=_variance: omega_total(data, ci_method=variance)
        )


@interval("polychoric, two-step, Fisher's z", six_items)
@interval("polychoric, two-step, Fisher's z", six_skewed_items)
def first_polychoric(data: np.ndarray) -> Estimate:
    """Return the polychoric correlation of the first two items."""
    row = polychoric(data[:, :2]).frame.iloc[0]
    if pd.isna(row["ci_low"]):
        return Estimate(float(row["estimate"]))
    return Estimate(float(row["estimate"]), float(row["ci_low"]), float(row["ci_high"]), LEVEL)


N_REFITS = 200  # resamples behind an interval that fits a model to each of them
for _population in (six_items, six_skewed_items):
    for _reliability in (ordinal_alpha, categorical_omega, latent_omega):
        interval(
            f"{_reliability.__name__}, percentile", _population, samples=MODEL_BOOTSTRAP,
            truth=lambda data, reliability=_reliability: point(reliability(data, n_boot=1)),
        )(lambda data, reliability=_reliability: reliability(data, n_boot=N_REFITS))  # fmt: skip


def hierarchical(data: np.ndarray, n_boot: int) -> Estimate:
    """Return omega hierarchical of three group factors."""
    row = omega_hierarchical(data, 3, n_boot=n_boot).set_index("statistic").loc["omega_hierarchical"]
    if pd.isna(row["estimate"]):
        return Estimate.absent(row["status"], row["reason"])
    limits = [None if pd.isna(row[name]) else float(row[name]) for name in ("ci_low", "ci_high")]
    return Estimate(float(row["estimate"]), *limits, LEVEL)


interval(
    "omega_hierarchical, percentile", nine_items, samples=MODEL_BOOTSTRAP,
    truth=lambda data: point(hierarchical(data[:100_000], 1)),
)(lambda data: hierarchical(data, N_REFITS))  # fmt: skip


# --- the page

INTRODUCTION = """# How often intervals hold the true value

Written by `python3 run.py python -m benchmarks.coverage --full --write`; change nothing here by hand.

Each row: samples of n persons (or rated units) from a population with known truth; the share of 95 % intervals that
hold it, with its Monte Carlo standard error; the shares that lie wholly above or below the truth; the mean width; and
how many samples gave no interval (for instance because everybody agreed, or a code occurred once). A coverage that is
below .95 by more than two Monte Carlo errors and half a point is marked **short**; one from fewer than 20 intervals is
not judged.

What follows for use:

"""


def lessons(found: Sequence[Coverage]) -> list[str]:
    """Return which intervals are short at which n, in words."""
    lines = []
    for name in dict.fromkeys(one.name for one in found):
        short = [one for one in found if one.name == name and one.is_short]
        if short:
            where = "; ".join(f"n = {one.n} ({one.population}): {one.coverage:.3f}" for one in short)
            lines.append(f"- `{name}` covers less than it claims at {where}.")
    for name in dict.fromkeys(one.name for one in found):
        few = [one for one in found if one.name == name and not one.is_judged]
        if few:
            where = "; ".join(f"n = {one.n} ({one.population}): {one.without} of {one.samples} without" for one in few)
            lines.append(f"- `{name}` seldom gives an interval at {where}.")
    held = sum(one.is_judged and not one.is_short for one in found)
    lines.append(f"- The other {held} of {len(found)} rows hold their level.")
    return [textwrap.fill(line, 120, subsequent_indent="  ", break_on_hyphens=False) for line in lines]


def page(found: Sequence[Coverage]) -> str:
    """Return the Markdown page."""
    rows = [
        (
            f"`{one.name}`", one.population, str(one.n), f"{one.coverage:.3f} ({one.error:.3f})",
            "**short**" if one.is_short else "" if one.is_judged else "too few", f"{one.too_high:.3f}",
            f"{one.too_low:.3f}", f"{one.width:.3f}", str(one.without), str(one.samples),
        )
        for one in found
    ]  # fmt: skip
    header = (
        "interval", "population", "n", "coverage (error)", "", "above", "below", "mean width", "no interval", "samples",
    )  # fmt: skip
    return INTRODUCTION + "\n".join([*lessons(found), "", *bench.table(header, rows)]) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the page, and write it when asked to; return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.coverage", description=__doc__)
    parser.add_argument("--full", action="store_true", help="all samples of a row, not a sixth of them")
    parser.add_argument("--only", default="", help="intervals whose name contains this, or one of these, joined by |")
    parser.add_argument("--write", action="store_true", help="write docs/interval-coverage.md (needs --full)")
    options = parser.parse_args(arguments)
    if options.write and not options.full:
        parser.error("--write: only with --full")
    found = []
    for case in CASES:
        if not any(part in case.name for part in options.only.split("|")):
            continue
        truth = true_value(case)
        samples = case.samples if options.full else case.samples // 6
        for n in SIZES:
            found.append(measure(case, n, samples, truth=truth))
        print(f"  {case.name}: {', '.join(f'{one.coverage:.3f}' for one in found[-3:])}", file=sys.stderr, flush=True)
    if options.only and options.write:
        found = merged(read_rows(PAGE.read_text(encoding="utf-8")), found)
    text = page(found)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


def read_rows(text: str) -> list[Coverage]:
    """Return the rows of a page."""
    found = []
    for line in text.splitlines():
        if line.startswith("| `"):
            name, population, n, share, _, above, below, width, without, samples = (
                cell.strip() for cell in line.strip("|").split(" | ")
            )
            numbers = (float(cell) for cell in (share.split(" ")[0], above, below, width))
            found.append(Coverage(name.strip("` "), population, int(n), int(samples), int(without), *numbers))
    return found


def merged(rows: Sequence[Coverage], new: Sequence[Coverage]) -> list[Coverage]:
    """Return the rows of a page with the new ones in place of the old, in the order of the cases."""
    order = {(case.name, _title(case.population)): place for place, case in enumerate(CASES)}
    known = {(one.name, one.population, one.n): one for one in (*rows, *new) if (one.name, one.population) in order}
    return sorted(known.values(), key=lambda one: (order[one.name, one.population], one.n))


if __name__ == "__main__":
    sys.exit(main())
