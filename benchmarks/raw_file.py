"""From a raw survey export to cleaned tables: time of each phase, rows per second, peak memory, growth.

Each size is measured in a process of its own, because the peak of a process never falls again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .measure import DisagreementError, peak_resident

N_ITEMS = 57  # with person, language and date the file has 60 columns
LABELS = ("Never", "Rarely", "Sometimes", "Often", "Always")
ROOT = Path(__file__).resolve().parent.parent
Value = TypeVar("Value")


@dataclass(frozen=True)
class RawFile:
    """What one size cost: seconds per phase, peak of the whole process, and a plain pandas read beside it."""

    n_rows: int
    megabytes: float
    read: float
    pandas_read: float
    clean: float
    write: float
    rows_per_second: float
    peak: int
    at_start: int


@dataclass(frozen=True)
class Pieces:
    """What it cost to read one size piece by piece: seconds, and memory beyond what reading three rows needs."""

    n_rows: int
    megabytes: float
    seconds: float
    memory: int


@dataclass(frozen=True)
class InPieces:
    """What it cost to clean one size piece by piece, from raw file to files: seconds, and peak of the process."""

    n_rows: int
    megabytes: float
    seconds: float
    peak: int


def write_study(folder: Path, n_rows: int) -> dict[str, int]:
    """Write an untidy export with its study file; return what cleaning must find."""
    generator = np.random.default_rng(4)
    codes = generator.integers(1, 6, (n_rows, N_ITEMS))
    texts = np.array(["", *LABELS], dtype=object)[codes]
    untidy = generator.random(codes.shape)
    texts[untidy < 0.02] = ""
    texts[(untidy >= 0.02) & (untidy < 0.03)] = "n/a"
    wrong = (untidy >= 0.03) & (untidy < 0.031)
    texts[wrong] = "9"
    spaced = (untidy >= 0.04) & (untidy < 0.05)
    texts[spaced] = np.array([f" {label.upper()} " for label in texts[spaced]], dtype=object)
    names = [f"Q{number:02d}" for number in range(1, N_ITEMS + 1)]
    with (folder / "export.csv").open("w", encoding="utf-8", newline="") as file:
        file.write(";".join(["person", "language", "submitted", *names]) + "\r\n")
        for number, row in enumerate(texts):
            file.write(f"person{number}@example.org;en;{1 + number % 28:02d}.11.2025;" + ";".join(row) + "\r\n")
    items = "\n".join(f"  - {{id: {name}, skill: S01, text: {{en: Statement {name}}}}}" for name in names)
    (folder / "framework.yaml").write_text(
        "id: bench\nversion: 1.0.0\nstatus: illustrative\nlanguages: [en]\n"
        f"scale: {{min: 1, max: 5, labels: {{en: [{', '.join(LABELS)}]}}}}\n"
        f"skills: [{{id: S01, name: {{en: Skill}}}}]\nitems:\n{items}\n",
        encoding="utf-8",
    )
    (folder / "study.yaml").write_text(
        "id: bench\ntitle: Benchmark\nsynthetic: true\nframework: framework.yaml\nrules: rules.yaml\n"
        "privacy: {pseudonym_key: public-key-of-the-benchmark}\n"
        "sources:\n  - name: export\n    activity: self_assessment\n    files: [export.csv]\n"
        "    person: {column: person}\n    language: {column: language}\n    answered_on: {column: submitted}\n"
        '    blocks: [{table: responses, columns: "{target}", scale: framework, labels: framework}]\n',
        encoding="utf-8",
    )
    missing = (untidy < 0.03) | wrong
    return {"rows": n_rows, "sum": int(codes[~missing].sum()), "missing": int(missing.sum())}


def measure(folder: Path, planted: dict[str, int]) -> RawFile:
    """Read, clean and write one file; refuse to report when the cleaned numbers are not the planted ones."""
    import pandas as pd

    from ktss_analysis.intake import clean_sources, write_clean
    from ktss_analysis.readers import read_table
    from ktss_analysis.study import load_study

    study = load_study(folder / "study.yaml")
    export = folder / "export.csv"
    start = peak_resident()
    pandas_read = _timed(lambda: len(pd.read_csv(export, sep=";", dtype=str, keep_default_na=False)))[0]
    read = _timed(lambda: len(read_table(export).frame))[0]
    both, cleaned = _timed(lambda: clean_sources(study))
    write, _ = _timed(lambda: write_clean(cleaned, folder / "clean"))
    responses = cleaned.tables["responses"]
    found = {
        "rows": int(cleaned.accounts["n_used"].sum()),
        "sum": int(responses["value"].sum()),
        "missing": int(responses["value"].isna().sum()),
    }
    if found != planted:
        raise DisagreementError(f"raw file of {planted['rows']:,} rows: planted {planted}, found {found}")
    return RawFile(
        planted["rows"], export.stat().st_size / 1e6, read, pandas_read, both - read, write,
        planted["rows"] / (both + write), peak_resident(), start,
    )  # fmt: skip


def _timed(action: Callable[[], Value]) -> tuple[float, Value]:
    began = time.perf_counter()
    value = action()
    return time.perf_counter() - began, value


def measure_apart(n_rows: int) -> RawFile:
    """Write a file of this size and measure it in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        planted = write_study(Path(name), n_rows)
        return RawFile(**_in_a_process(name, json.dumps(planted)))


def measure_pieces(folder: Path, n_rows: int) -> Pieces:
    """Read the export of a folder piece by piece; refuse to report when a row is lost."""
    from ktss_analysis.readers import read_chunks

    for _ in read_chunks(folder / "small.csv"):  # so that loading the parser is no part of what is measured
        pass
    start = peak_resident()
    export = folder / "export.csv"
    seconds, found = _timed(lambda: sum(piece.n_records for piece in read_chunks(export)))
    if found != n_rows:
        raise DisagreementError(f"{n_rows:,} rows written, {found:,} read in pieces")
    return Pieces(n_rows, export.stat().st_size / 1e6, seconds, peak_resident() - start)


def measure_pieces_apart(n_rows: int) -> Pieces:
    """Write a file of this size, the same 20,000 rows over and over, and read it in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_study(folder, 20_000)
        lines = (folder / "export.csv").read_bytes().splitlines(keepends=True)
        (folder / "small.csv").write_bytes(b"".join(lines[:4]))
        with (folder / "export.csv").open("wb") as file:
            file.write(lines[0])
            for start in range(0, n_rows, 20_000):
                file.writelines(lines[1 : 1 + min(20_000, n_rows - start)])
        return Pieces(**_in_a_process(name, json.dumps(n_rows)))


def measure_cleaning(folder: Path, n_rows: int) -> InPieces:
    """Clean the export of a folder piece by piece; refuse to report when a row is lost."""
    from ktss_analysis.intake import Sizes, clean_to_files
    from ktss_analysis.study import load_study

    study = load_study(folder / "study.yaml")
    seconds, found = _timed(lambda: clean_to_files(study, folder / "clean", sizes=Sizes(large=0)))
    if found.accounts[["n_read", "n_used"]].to_numpy().tolist() != [[n_rows, n_rows]]:
        raise DisagreementError(f"{n_rows:,} rows written, accounts say {found.accounts.to_dict('records')}")
    return InPieces(n_rows, (folder / "export.csv").stat().st_size / 1e6, seconds, peak_resident())


def measure_cleaning_apart(n_rows: int) -> InPieces:
    """Write a file of this size, the same 20,000 rows with other persons over and over, and clean it in a process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_study(folder, min(n_rows, 20_000))
        header, *lines = (folder / "export.csv").read_bytes().splitlines(keepends=True)
        with (folder / "export.csv").open("wb") as file:
            file.write(header)
            for start in range(0, n_rows, len(lines)):
                file.writelines(b"%d." % start + line for line in lines[: n_rows - start])
        return InPieces(**_in_a_process(name, json.dumps({"clean": n_rows})))


def _in_a_process(*arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.raw_file", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DisagreementError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout)


if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    place = Path(sys.argv[1])
    if isinstance(given, int):
        print(json.dumps(asdict(measure_pieces(place, given))))
    elif "clean" in given:
        print(json.dumps(asdict(measure_cleaning(place, given["clean"]))))
    else:
        print(json.dumps(asdict(measure(place, given))))
