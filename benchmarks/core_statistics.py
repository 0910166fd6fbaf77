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
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is loaded, as in `ordinal`

import numpy as np
import pandas as pd

from ktss_analysis.psychometrics import bootstrap_interval, cronbach_alpha, item_statistics, little_mcar

from .measure import calls_per_sample, sample
from .ordinal import HEADER, RCase, answers, facts, measure

PAGE = Path(__file__).resolve().parent / "core_statistics.md"
N_BOOT = 2_000


def r_cases() -> Iterator[RCase]:
    """Yield the tasks that psych does too. Bootstrap limits may differ by their Monte Carlo error."""
    for n, tolerance in ((30, 0.03), (2_436, 0.003)):
        frame = answers(n, 5, 6, 1)
        yield RCase(
            f"alpha and percentile limits, {N_BOOT:,} resamples", f"{n:,} x 5", "psych alpha", frame,
            lambda frame=frame: _alpha(frame), f"{{a <- alpha(x, n.iter = {N_BOOT}); c(a$total$raw_alpha, "
            "quantile(a$boot[, 'raw_alpha'], c(.025, .975)))}", "psych", tolerance,
        )  # fmt: skip
    for n in (2_436, 100_000):
        frame = answers(n, 25, 6, 1)
        yield RCase(
            "item table (mean, sd, item-rest correlation, alpha if deleted)", f"{n:,} x 25", "psych alpha", frame,
            lambda frame=frame: _items(frame),
            "{a <- alpha(x); cbind(a$item.stats$mean, a$item.stats$sd, a$item.stats$r.drop, a$alpha.drop$raw_alpha)}",
            "psych", 1e-9,
        )  # fmt: skip


def _alpha(frame: pd.DataFrame) -> np.ndarray:
    found = cronbach_alpha(frame, ci_method="percentile", n_boot=N_BOOT)
    return np.array([found.value, found.low, found.high], dtype=float)


def _items(frame: pd.DataFrame) -> np.ndarray:
    table = item_statistics(frame, scale=(1, 6))
    return table[["mean", "sd", "item_rest_correlation", "alpha_if_item_deleted"]].to_numpy(dtype=float)


def growth(sizes: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """Yield a line per task: time and time per row at each size, and the exponent of the last tenfold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pingouin

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
        taken = in_turn([lambda task=task, frame=frame: task(frame) for task in tasks.values()])
        for name, median in zip(tasks, taken, strict=True):
            seconds[name].append(median)
    for name, taken in seconds.items():
        grows = "correlation" not in name
        cells = (
            f"{one * 1e3:,.2f} ms" + (f" ({one / n * 1e6:.2f} µs)" if grows else "")
            for one, n in zip(taken, sizes, strict=True)
        )
        yield (name, *cells, f"{math.log10(taken[-1] / taken[-2]):.2f}" if grows else "–")


def in_turn(tasks: Sequence[Callable[[], object]], rounds: int = 7) -> list[float]:
    """Return the median seconds of a call of each task; a round calls each, quick ones many times."""
    calls = [max(1, calls_per_sample(task)) for task in tasks]
    taken = [[sample(task, many) for task, many in zip(tasks, calls, strict=True)] for _ in range(rounds)]
    return [statistics.median(one) for one in zip(*taken, strict=True)]


IMPORTS = ("numpy, pandas", "numpy, pandas, scipy.special", "ktss_analysis.psychometrics", "pingouin")


def import_lines(repetitions: int = 10) -> Iterator[tuple[str, str]]:
    """Yield what is imported and the median milliseconds in a fresh interpreter, whose own start is not counted."""
    taken: dict[str, list[float]] = {names: [] for names in IMPORTS}
    for _ in range(repetitions):
        for names, found in taken.items():
            code = f"import time; began = time.perf_counter(); import {names}; print(time.perf_counter() - began)"
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
            )
            found.append(float(done.stdout))
    for names, found in taken.items():
        yield f"import {names}", f"{statistics.median(found) * 1e3:,.0f} ms"


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


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    marks = [":---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, marks, *rows))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code: 0 done, 1 results differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="growth up to 100,000 persons (a million needs 4 GB)")
    parser.add_argument("--write", action="store_true", help=f"write benchmarks/{PAGE.name}")
    options = parser.parse_args(arguments)
    lines: list[tuple[str, ...]] = []
    versions = ""
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
    sizes = (1_000, 10_000, 100_000) if options.small else (10_000, 100_000, 1_000_000)
    text = page(lines, versions, sizes, list(growth(sizes)), list(import_lines()))
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8", newline="\n")
    return 0


def page(
    beside_r: Sequence[Sequence[str]],
    r_versions: str,
    sizes: Sequence[int],
    grown: Sequence[Sequence[str]],
    imports: Sequence[Sequence[str]],
) -> str:
    """Return the Markdown page."""
    beside = "R was not installed; nothing to compare with."
    if beside_r:
        beside = f"R package: {r_versions}.\n\n{table(HEADER, beside_r)}"
    parts = [
        "# Core statistics: beside psych, and growth",
        "Written by `python3 run.py python -m benchmarks.core_statistics --write`. A ratio is the peer's time divided\n"
        "by ours, the median of rounds in which both sides run in turn; linear algebra on one thread. Data are\n"
        "simulated.",
        facts(),
        "## Beside psych",
        beside,
        "## Growth with persons, 50 items",
        "In brackets the time per person. The exponent is that of the last tenfold: 1 is linear. The bootstrap is of\n"
        "the first 10,000 rows.",
        table(("task", *(f"{size:,} persons" for size in sizes), "exponent"), grown),
        "## Import",
        "Median of ten fresh interpreters, whose own start is not counted.",
        table(("import", "time"), imports),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
