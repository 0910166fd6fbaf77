"""Speed and memory of `ktss` beside its peers, measured in one run: ``python3 run.py bench``.

A full run also writes the pages of `benchmarks.core_statistics` and `benchmarks.ordinal`.

Ratios are medians over interleaved repetitions; seconds are shown for orientation and promise nothing for another
machine. Both sides of a comparison must return the same number, else the run fails with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import against_peers, raw_file, whole_run
from .measure import Comparison, DisagreementError, compare, machine

PAGE = Path(__file__).resolve().parent / "results.md"
FURTHER = ("core_statistics", "ordinal")  # pages of their own, beside R where that is installed


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table; all columns but the first two are numbers and stand on the right."""
    marks = [":---" if number < 2 else "---:" for number in range(len(header))]
    return ["| " + " | ".join(line) + " |" for line in (header, marks, *rows)]


def comparison_lines(found: Sequence[Comparison]) -> list[str]:
    rows = [
        (
            one.name, f"{one.peer_name}{f' ({one.remark})' if one.remark else ''}", one.size,
            f"**{one.ratio:.2f}** ({one.ratio_low:.2f}–{one.ratio_high:.2f})", f"{one.memory_ratio:.2f}",
            _time(one.seconds), _time(one.peer_seconds),
        )
        for one in found
    ]  # fmt: skip
    header = ("task", "peer", "size", "speed ratio (min–max)", "memory ratio", "ours", "peer's time")
    return table(header, rows)


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def raw_lines(found: Sequence[raw_file.RawFile]) -> list[str]:
    rows = [
        (
            f"{one.n_rows:,} x 60", f"{one.megabytes:.1f} MB", f"{one.read:.2f} s", f"{one.pandas_read / one.read:.2f}",
            f"{one.clean:.2f} s", f"{one.write:.2f} s", f"{one.rows_per_second:,.0f}",
            f"{one.peak / 1e6:,.0f} MB", f"{(one.peak - one.at_start) / 1e3 / one.n_rows:.1f} kB",
        )
        for one in found
    ]  # fmt: skip
    header = (
        "rows x columns", "file", "read", "read: pandas / ours", "clean", "write", "rows per second",
        "peak memory", "of it per row",
    )  # fmt: skip
    lines = table(header, rows)
    if len(found) > 1:
        small, large = found[0], found[-1]
        growth = (large.read + large.clean + large.write) / (small.read + small.clean + small.write)
        lines += ["", f"A file {large.n_rows / small.n_rows:.0f} times as long takes {growth:.1f} times the time."]
    return lines


def piece_lines(found: Sequence[raw_file.Pieces]) -> list[str]:
    rows = [
        (
            f"{one.n_rows:,} x 60", f"{one.megabytes:.0f} MB", f"{one.seconds:.2f} s",
            f"{one.n_rows / one.seconds:,.0f}", f"{one.memory / 1e6:.0f} MB",
        )
        for one in found
    ]  # fmt: skip
    return table(("rows x columns", "file", "time", "rows per second", "memory"), rows)


def cleaning_lines(found: Sequence[raw_file.InPieces]) -> list[str]:
    rows = [
        (
            f"{one.n_rows:,} x 60", f"{one.megabytes:.0f} MB", f"{one.seconds:.2f} s",
            f"{one.n_rows / one.seconds:,.0f}", f"{one.peak / 1e6:.0f} MB",
        )
        for one in found
    ]  # fmt: skip
    return table(("rows x columns", "file", "time", "rows per second", "peak memory"), rows)


def page(facts: dict[str, str], sections: dict[str, list[str]]) -> str:
    """Return the results as one Markdown page."""
    lines = ["# Measured speed and memory", "", "Written by `python3 run.py bench`; change nothing here by hand.", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    for title, content in sections.items():
        lines += ["", f"## {title}", "", *content]
    return "\n".join(lines) + "\n"


INTRODUCTION = [
    "A ratio is the peer's time (or peak memory) divided by ours, measured in turn in one process: above 1 we need",
    "less. Median of {repetitions} repetitions, smallest and largest beside it. Both sides return the same number, or",
    "the run fails. Peak memory is what one call allocates (Python objects and numpy arrays).",
    "",
    "The goal for intraclass correlations, 1,000 times, was set against pingouin 0.6.1 (5.8 s for 10,000 x 5); release",
    "0.7.0 is some thirty times faster than that, and the ratio below is against the release named.",
    "",
]


def measure_all(repetitions: int, *, quick: bool, large: bool) -> Iterator[tuple[str, list[str], Any]]:
    """Yield title, lines and plain values of each section, as soon as it is measured."""
    found = []
    for case in against_peers.cases(quick=quick):
        found.append(compare(case, repetitions))
        print(f"  {case.name}, {case.size}: {found[-1].ratio:.2f}", file=sys.stderr, flush=True)
    introduction = [line.format(repetitions=repetitions) for line in INTRODUCTION]
    yield "Statistics beside their peers", introduction + comparison_lines(found), [asdict(one) for one in found]
    files = [raw_file.measure_apart(n_rows) for n_rows in ((2_000, 20_000) if quick else (20_000, 200_000))]
    lines = ["An untidy survey export (labels, blanks, wrong values), each size in a process of its own.", ""]
    yield "From a raw file to cleaned tables", lines + raw_lines(files), [asdict(one) for one in files]
    sizes = (2_000, 20_000) if quick else (20_000, 200_000, 1_000_000) if large else (20_000, 200_000)
    pieces = [raw_file.measure_pieces_apart(n_rows) for n_rows in sizes]
    lines = ["`read_chunks`: memory beyond what reading three rows needs does not grow with the file.", ""]
    yield "Reading piece by piece", lines + piece_lines(pieces), [asdict(one) for one in pieces]
    sizes = (2_000, 20_000) if quick else (10_000, 100_000, 1_000_000) if large else (10_000, 100_000)
    cleaned = [raw_file.measure_cleaning_apart(n_rows) for n_rows in sizes]
    lines = ["`clean_to_files`, as for a large source: reading, tables and logs; peak of the whole process.", ""]
    yield "Cleaning piece by piece", lines + cleaning_lines(cleaned), [asdict(one) for one in cleaned]
    run = whole_run.measure()
    lines = [
        f"Cold {run.cold:.1f} s; unchanged {run.unchanged:.1f} s, since nothing runs again.",
        "The command's own table of the cold run; two steps run at a time, so the whole is less than the sum:", "",
        "```text", *run.times.splitlines(), "```",
    ]  # fmt: skip
    yield "The demonstration study", lines, asdict(run)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page (a quick run writes nothing); return the exit code."""
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes; benchmarks/results.md stays as it is")
    parser.add_argument("--large", action="store_true", help="also a raw file of a million rows (440 MB)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    parser.add_argument("--repetitions", type=int, default=5, help="interleaved repetitions, 5 or more")
    options = parser.parse_args(arguments)
    if options.repetitions < 5:
        parser.error("--repetitions: 5 or more")
    facts = machine()
    sections, values = {}, {}
    try:
        for title, lines, plain in measure_all(options.repetitions, quick=options.quick, large=options.large):
            sections[title], values[title] = lines, plain
    except DisagreementError as problem:
        print(f"stopped: {problem}", file=sys.stderr)
        return 1
    text = page(facts, sections)
    print(json.dumps({"machine": facts, **values}, indent=1) if options.json else text)
    if options.quick:
        return 0
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    return write_further_pages()


def write_further_pages() -> int:
    """Measure and write the other pages, each in a process of its own; return the exit code of the first that failed.

    Exit code 2 of a page says that R is not installed: there is nothing to compare with, and its page stays.
    """
    root = Path(__file__).resolve().parent.parent
    for name in FURTHER:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", "--write"], cwd=root, stdout=sys.stderr, check=False
        )
        if done.returncode not in (0, 2):
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
