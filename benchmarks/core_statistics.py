"""Alpha, its bootstrap and the item table beside psych in R, and their growth with the number of persons.

``python3 run.py python -m benchmarks.core_statistics``. R does not belong to the environment of `ktss`; where `Rscript`
or psych is absent, the first part is left out and the page says so. Results are compared first, then times.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ktss_analysis.psychometrics import bootstrap_interval, cronbach_alpha, item_statistics, little_mcar

from .ordinal import RCase, answers, measure

PAGE = Path(__file__).resolve().parent / "core_statistics.md"
N_BOOT = 2_000


def r_cases() -> Iterator[RCase]:
    """Yield the tasks that psych does too. Bootstrap limits may differ by their Monte Carlo error."""
    for n, tolerance in ((30, 0.03), (2_436, 0.003)):
        frame = answers(n, 5, 6, 1)
        yield RCase(
            f"alpha and percentile limits, {N_BOOT:,} resamples", f"{n:,} x 5", "psych alpha", frame,
            lambda frame=frame: _alpha(frame), f"{{a <- alpha(x, n.iter = {N_BOOT}); c(a$total$raw_alpha, "
            "quantile(a$boot[, 'raw_alpha'], c(.025, .975)))}", "psych", tolerance, 3,
        )  # fmt: skip
    for n in (2_436, 100_000):
        frame = answers(n, 25, 6, 1)
        yield RCase(
            "item table (mean, sd, item-rest correlation, alpha if deleted)", f"{n:,} x 25", "psych alpha", frame,
            lambda frame=frame: _items(frame),
            "{a <- alpha(x); cbind(a$item.stats$mean, a$item.stats$sd, a$item.stats$r.drop, a$alpha.drop$raw_alpha)}",
            "psych", 1e-9, 3,
        )  # fmt: skip


def _alpha(frame: pd.DataFrame) -> np.ndarray:
    found = cronbach_alpha(frame, ci_method="percentile", n_boot=N_BOOT)
    return np.array([found.value, found.low, found.high], dtype=float)


def _items(frame: pd.DataFrame) -> np.ndarray:
    table = item_statistics(frame, scale=(1, 6))
    return table[["mean", "sd", "item_rest_correlation", "alpha_if_item_deleted"]].to_numpy(dtype=float)


def growth(*, large: bool) -> Iterator[tuple[str, ...]]:
    """Yield a line per task: seconds at each size, the exponent of growth, and pingouin's alpha beside ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pingouin

    sizes = (10_000, 100_000, 1_000_000) if large else (1_000, 10_000, 100_000)
    tasks: dict[str, Callable[[pd.DataFrame], object]] = {
        "cronbach_alpha with Feldt's interval": cronbach_alpha,
        "the point estimate by pingouin": pingouin.cronbach_alpha,
        "item_statistics": lambda frame: item_statistics(frame, scale=(1, 5)),
        "little_mcar, 1 % missing in five items": lambda frame: little_mcar(holed(frame)),
        "BCa of a correlation, 2,000 resamples": lambda frame: correlation_interval(frame.iloc[:10_000]),
    }
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for n in sizes:
        frame = answers(n, 50, 5, 1).astype(float)
        for name, task in tasks.items():
            seconds[name].append(best_of(lambda task=task, frame=frame: task(frame)))
    for name, taken in seconds.items():
        exponent = math.log10(taken[-1] / taken[-2])
        shown = f"{exponent:.2f}" if "correlation" not in name else "–"
        yield (name, *(f"{one * 1e3:,.1f} ms" for one in taken), shown)


def holed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return five items of which the last four have gaps."""
    few = frame.iloc[:, :5].to_numpy(copy=True)
    few[:, 1:][np.random.default_rng(4).random((len(few), 4)) < 0.01] = np.nan
    return pd.DataFrame(few)


def correlation_interval(frame: pd.DataFrame) -> object:
    """Return the bootstrap interval of the correlation of two columns with jittered, hence different, rows."""
    noise = np.random.default_rng(5).normal(scale=0.01, size=(len(frame), 2))
    x, y = (frame.iloc[:, :2].to_numpy() + noise).T

    def correlation(totals: np.ndarray) -> np.ndarray:
        sx, sy, sxy, sxx, syy, n = totals.T
        return (sxy - sx * sy / n) / np.sqrt((sxx - sx**2 / n) * (syy - sy**2 / n))

    return bootstrap_interval(correlation, np.column_stack([x, y, x * y, x * x, y * y, np.ones(len(x))]), n_boot=2000)


def best_of(task: Callable[[], object], repetitions: int = 3) -> float:
    """Return the median seconds of a call after a warm-up."""
    task()
    taken = []
    for _ in range(repetitions):
        began = time.perf_counter()
        task()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    marks = [":---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, marks, *rows))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code: 0 done, 1 results differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="growth up to a million persons (needs 4 GB)")
    parser.add_argument("--write", action="store_true", help=f"write benchmarks/{PAGE.name}")
    options = parser.parse_args(arguments)
    lines, versions = [], ""
    if shutil.which("Rscript") is None:
        print("Rscript is not installed: no comparison with psych (Debian: r-base-core, r-cran-psych)", file=sys.stderr)
    else:
        try:
            for case in r_cases():
                line, versions = measure(case)
                lines.append(line)
                print("  ".join(line), flush=True)
        except RuntimeError as problem:
            print(f"stopped: {problem}", file=sys.stderr)
            return 1
    sizes = ("10,000", "100,000", "1,000,000") if options.large else ("1,000", "10,000", "100,000")
    grown = list(growth(large=options.large))
    load = f" Load at the end (1 minute): {os.getloadavg()[0]:.1f}." if hasattr(os, "getloadavg") else ""
    beside = (
        f"R package: {versions}.\n\n"
        + table(("task", "peer", "size", "largest difference", "ours", "peer's time", "ratio"), lines)
        if lines
        else "R was not installed; nothing to compare with."
    )
    command = f"python3 run.py python -m benchmarks.core_statistics {'--large ' if options.large else ''}--write"
    page = "\n\n".join(
        [
            "# Core statistics: beside psych, and growth",
            f"Written by `{command}`. A ratio is the peer's time divided by ours, medians of\ncalls.{load} "
            "Data are simulated.",
            "## Beside psych",
            beside,
            "## Growth with persons, 50 items",
            "The exponent is that of the last tenfold: 1 is linear. The bootstrap is of the first 10,000 rows at most.",
            table(("task", *(f"{size} persons" for size in sizes), "exponent"), grown),
        ]
    )
    print(page)
    if options.write:
        PAGE.write_text(page + "\n", encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
