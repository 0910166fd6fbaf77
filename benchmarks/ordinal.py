"""Ordinal statistics beside lavaan and psych in R: ``python3 run.py python -m benchmarks.ordinal``.

R does not belong to the environment of `ktss`; where `Rscript` or the packages are absent, this says so and ends. Both
sides get the same data. Results are compared first, then times: medians of calls in turn, one process per side, R's
start not counted. Linear algebra runs on one thread here, as R's reference library does.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is loaded

import numpy as np
import pandas as pd

from ktss_analysis.psychometrics import fit_efa, omega_hierarchical, polychoric

from .measure import calls_per_sample, machine, sample

PAGE = Path(__file__).resolve().parent / "ordinal.md"
LONG = 4.0  # seconds: what the repetitions of a call in R may take
MOST_ROUNDS = 15

# one task in R: reads data.csv, writes the result of an expression, then times it once per line "go" it is sent
R_SCRIPT = """
arguments <- commandArgs(TRUE)
folder <- arguments[1]; expression <- parse(text = arguments[2]); packages <- strsplit(arguments[3], ",")[[1]]
for (package in packages) suppressPackageStartupMessages(library(package, character.only = TRUE))
x <- read.csv(file.path(folder, "data.csv"))
quiet <- function(code) { capture.output(result <- suppressWarnings(suppressMessages(eval(code)))); result }
timed <- function() {
  start <- Sys.time(); found <<- quiet(expression); as.numeric(difftime(Sys.time(), start, units = "secs"))
}
set.seed(1); seconds <- timed()
write.table(as.matrix(found), file.path(folder, "result.csv"), sep = ",", row.names = FALSE, col.names = FALSE)
versions <- sapply(packages, function(package) as.character(packageVersion(package)))
cat(paste(packages, versions), sep = ", ", file = file.path(folder, "versions.txt"))
cat(seconds, "\\n", sep = ""); flush(stdout())
input <- file("stdin"); open(input); number <- 1
while (length(readLines(input, n = 1))) {
  number <- number + 1; set.seed(number); cat(timed(), "\\n", sep = ""); flush(stdout())
}
"""


@dataclass(frozen=True)
class RCase:
    """One task: our call, R's expression on the data frame `x`, and how close the results must be.

    Parameters
    ----------
    name, size, peer : str
        What, on how much, by whom else.
    data : DataFrame
        Answers, given to both sides.
    ours : callable
        Does the task; returns the numbers to compare.
    expression, packages : str
        R code that does the same and returns a matrix or a vector, and the packages it needs, joined by commas.
    tolerance : float
        Largest absolute difference.
    """

    name: str
    size: str
    peer: str
    data: pd.DataFrame
    ours: Callable[[], np.ndarray]
    expression: str
    packages: str
    tolerance: float


def answers(n_persons: int, n_items: int, n_categories: int, n_factors: int, seed: int = 1) -> pd.DataFrame:
    """Return ordinal answers with correlated factors and thresholds that differ between items."""
    generator = np.random.default_rng(seed)
    general = generator.standard_normal((n_persons, 1))
    factors = 0.5 * general + np.sqrt(0.75) * generator.standard_normal((n_persons, n_factors))
    mine = np.arange(n_items) * n_factors // n_items
    loading = generator.uniform(0.5, 0.8, n_items)
    latent = loading * factors[:, mine] + np.sqrt(1 - loading**2) * generator.standard_normal((n_persons, n_items))
    cuts = np.sort(generator.uniform(-1.6, 1.6, (n_items, n_categories - 1)), axis=1)
    values = np.column_stack([1 + np.searchsorted(cuts[item], latent[:, item]) for item in range(n_items)])
    return pd.DataFrame(values, columns=[f"Q{number:02d}" for number in range(1, n_items + 1)])


LAVCOR = "unclass(lavCor(x, ordered = names(x)))"
PSYCH = "polychoric(x, correct = 0, smooth = FALSE)$rho"


def cases(*, large: bool) -> Iterator[RCase]:
    """Yield the tasks, quick ones first."""
    for n, k, c in ((2_436, 25, 6), (20_000, 60, 5)):
        frame = answers(n, k, c, 5)

        def ours(frame: pd.DataFrame = frame) -> np.ndarray:
            return polychoric(frame).matrix.to_numpy()

        yield RCase("polychoric", f"{n:,} x {k}", "lavaan lavCor", frame, ours, LAVCOR, "lavaan", 1e-6)
        yield RCase("polychoric", f"{n:,} x {k}", "psych polychoric", frame, ours, PSYCH, "psych", 2e-4)
    frame = answers(2_436, 25, 6, 5)
    yield RCase(
        "fit_efa, 5 factors, minres, oblimin", "2,436 x 25", "psych fa", frame, lambda: _communalities(frame),
        "fa(x, nfactors = 5, fm = 'minres', rotate = 'oblimin')$communality", "psych,GPArotation", 1e-4,
    )  # fmt: skip
    small = answers(301, 9, 6, 3)
    yield RCase(
        "omega_hierarchical, 100 resamples", "301 x 9", "psych omega", small, lambda: _omegas(small),
        "{o <- omega(x, nfactors = 3, n.iter = 100, plot = FALSE)$om; c(o$omega_h, o$omega.tot)}",
        "psych,GPArotation", 2e-4,
    )  # fmt: skip
    if large:
        for n, peer, code, package, tolerance in (
            (100_000, "lavaan lavCor", LAVCOR, "lavaan", 1e-6), (1_000_000, "psych polychoric", PSYCH, "psych", 2e-4),
        ):  # fmt: skip
            frame = answers(n, 25, 6, 5)

            def many(frame: pd.DataFrame = frame) -> np.ndarray:
                return polychoric(frame).matrix.to_numpy()

            yield RCase("polychoric", f"{n:,} x 25", peer, frame, many, code, package, tolerance)


def _communalities(frame: pd.DataFrame) -> np.ndarray:
    return fit_efa(frame, 5).item_table["communality"].to_numpy(dtype=float)


def _omegas(frame: pd.DataFrame) -> np.ndarray:
    return omega_hierarchical(frame, 3, n_boot=100)["estimate"].to_numpy(dtype=float)[:2]


def run_in_turn(case: RCase) -> tuple[np.ndarray, list[float], list[float], str]:
    """Run the task in R and here in turn; return R's result, seconds of R, of ours, and the packages' versions.

    A call of R that takes more than `LONG` seconds is made once; of quick ones there are as many as fit into that
    time, 3 to `MOST_ROUNDS`. One sample of ours is as many calls as take `SHORTEST_SAMPLE` seconds.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case.data.to_csv(folder / "data.csv", index=False)
        (folder / "task.R").write_text(R_SCRIPT, encoding="utf-8")
        command = ["Rscript", str(folder / "task.R"), name, case.expression, case.packages]
        with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, encoding="utf-8") as process:
            assert process.stdin is not None
            assert process.stdout is not None
            first = process.stdout.readline()
            if not first:
                complaint = process.communicate()[1].strip().splitlines()
                raise RuntimeError(f"{case.peer}: {complaint[-1] if complaint else 'R ended without a word'}")
            case.ours()
            calls = calls_per_sample(case.ours)
            theirs, ours = [float(first)], [sample(case.ours, calls)]
            if theirs[0] < LONG:
                theirs, ours = [], []  # the first calls were the warm-up
                for _ in range(min(MOST_ROUNDS, max(3, round(LONG / float(first))))):
                    process.stdin.write("go\n")
                    process.stdin.flush()
                    theirs.append(float(process.stdout.readline()))
                    ours.append(sample(case.ours, calls))
            process.communicate()
        result = pd.read_csv(folder / "result.csv", header=None).to_numpy(dtype=float)
        return result, theirs, ours, (folder / "versions.txt").read_text(encoding="utf-8").strip()


def measure(case: RCase) -> tuple[tuple[str, ...], str]:
    """Compare the results, then the times; return a line of the table and the versions."""
    theirs, their_seconds, our_seconds, versions = run_in_turn(case)
    ours = np.asarray(case.ours(), dtype=float)
    difference = float(np.abs(ours.ravel() - theirs.ravel()).max())
    if not difference <= case.tolerance:
        raise RuntimeError(f"{case.name}, {case.size}: differs from {case.peer} by {difference:.2g}")
    mine, peer = statistics.median(our_seconds), statistics.median(their_seconds)
    ratio = statistics.median(their / our for their, our in zip(their_seconds, our_seconds, strict=True))
    line = (
        case.name, case.peer, case.size, f"{difference:.1e}", f"{mine * 1e3:,.2f} ms", f"{peer * 1e3:,.0f} ms",
        f"**{ratio:,.0f}**" if ratio >= 10 else f"**{ratio:.1f}**", str(len(their_seconds)),
    )  # fmt: skip
    return line, versions


HEADER = ("task", "peer", "size", "largest difference", "ours", "peer's time", "ratio", "rounds")
MARKS = (":---", ":---", *["---:"] * 6)


def facts() -> str:
    """Return machine, versions and date as a Markdown list."""
    return "\n".join(f"- {name}: {value}" for name, value in machine().items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code: 0 done, 1 results differ, 2 R is absent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="also 100,000 and a million persons (minutes in R)")
    parser.add_argument("--write", action="store_true", help=f"write benchmarks/{PAGE.name}")
    options = parser.parse_args(arguments)
    if shutil.which("Rscript") is None:
        print("Rscript is not installed: nothing to compare with (Debian: r-base-core, r-cran-lavaan, r-cran-psych, "
              "r-cran-gparotation)", file=sys.stderr)  # fmt: skip
        return 2
    lines, versions = [], set()
    for case in cases(large=options.large):
        try:
            line, found = measure(case)
        except RuntimeError as problem:
            print(f"stopped: {problem}", file=sys.stderr)
            return 1
        lines.append(line)
        versions |= set(found.split(", "))
        print("  ".join(line), flush=True)
    page = (
        "# Ordinal statistics beside R\n\nWritten by `python3 run.py python -m benchmarks.ordinal --write`; a ratio is "
        "the peer's time divided by\nours, the median of rounds in which both sides run in turn; linear algebra on one "
        "thread. Data are simulated.\n\n"
    )
    page += f"{facts()}\n- R packages: {', '.join(sorted(versions))}\n\n"
    page += "\n".join("| " + " | ".join(row) + " |" for row in (HEADER, MARKS, *lines))
    if options.write:
        PAGE.write_text(page + "\n", encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
