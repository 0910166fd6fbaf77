"""Over many seeds, verdicts and flags find what was planted; the page on it is what the counts say."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import planted_truth


@pytest.fixture(scope="module")
def records(repo: Path) -> pd.DataFrame:
    return pd.read_csv(repo / "benchmarks" / "planted_truth.csv")


def test_the_page_prints_what_the_counts_say(repo: Path, records: pd.DataFrame) -> None:
    assert planted_truth.table(records) in (repo / "docs" / "planted-truth.md").read_text(encoding="utf-8")
    assert list(records["seed"]) == list(range(1, len(records) + 1)), "no seed is left out"


def test_a_seed_gives_the_counts_that_are_kept(records: pd.DataFrame) -> None:
    assert planted_truth.record(2) == records.set_index("seed", drop=False).loc[2].to_dict()


def test_the_seeds_that_were_run_are_within_three_errors_of_what_is_wanted(records: pd.DataFrame) -> None:
    found = planted_truth.performance(records)
    missed = [name for name, line in found.iterrows() if not planted_truth.meets(line, len(records))]
    assert missed == []


def test_the_comparison_can_fail() -> None:
    counts = {f"n_{name}": [10, 10, 10] for name in planted_truth.MEASURES}
    counts |= {name: [9, 10, 10] if low >= 0.6 else [0, 0, 0] for name, (_, low, _) in planted_truth.MEASURES.items()}
    sound = pd.DataFrame({"seed": [1, 2, 3], **counts})
    found = planted_truth.performance(sound)
    assert found.loc["strong_kept", "share"] == pytest.approx(29 / 30)
    assert found.loc["strong_kept", "error"] == pytest.approx(1 / 30)
    assert planted_truth.meets(found.loc["strong_kept"], 3)
    spoilt = planted_truth.performance(sound.assign(strong_kept=[4, 5, 4], strong_dropped=[1, 0, 0]))
    assert not planted_truth.meets(spoilt.loc["strong_kept"], 3)
    assert not planted_truth.meets(spoilt.loc["strong_dropped"], 3), "one is too many"


@pytest.mark.nightly
def test_two_hundred_seeds_find_what_was_planted() -> None:
    records = planted_truth.run(200)
    found = planted_truth.performance(records)
    missed = {name: round(line["share"], 3) for name, line in found.iterrows()
              if not planted_truth.meets(line, len(records))}  # fmt: skip
    assert len(records) == 200
    assert missed == {}
