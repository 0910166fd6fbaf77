"""Disclosure control and verdicts: what holds for any table and any grades."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktss_analysis.disclosure import suppress_cells
from ktss_analysis.rules import STREAMS, Graded, Rules, load_rules, verdict

MINIMUM = 5
tables = st.integers(1, 5).flatmap(
    lambda rows: st.integers(1, 6).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(0, 12), min_size=columns, max_size=columns), min_size=rows, max_size=rows
        )
    )
)


@pytest.fixture(scope="module")
def rules(repo: Path) -> Rules:
    return load_rules(repo / "params" / "rules.yaml")


@given(tables)
def test_no_small_cell_is_shown(cells: list[list[int]]) -> None:
    counts = np.array(cells)
    hidden = suppress_cells(counts, MINIMUM)
    assert not (((counts > 0) & (counts < MINIMUM)) & ~hidden).any()


@given(tables)
def test_no_hidden_cell_follows_from_a_total(cells: list[list[int]]) -> None:
    counts = np.array(cells)
    hidden = suppress_cells(counts, MINIMUM)
    for table, mask in ((counts, hidden), (counts.T, hidden.T)):
        if table.shape[1] < 2:
            continue
        for line, marks in zip(table, mask, strict=True):
            if marks.any() and not marks.all():
                assert marks.sum() >= 2
                assert line[marks].sum() >= MINIMUM


@given(tables)
def test_a_table_without_small_cells_is_shown_whole(cells: list[list[int]]) -> None:
    counts = np.array(cells)
    counts[(counts > 0) & (counts < MINIMUM)] += MINIMUM
    assert not suppress_cells(counts, MINIMUM).any()


def test_primary_suppression_alone_would_give_the_cell_away() -> None:
    counts = np.array([[2, 10, 8], [7, 9, 6], [12, 5, 20]])
    assert ((counts > 0) & (counts < MINIMUM)).sum() == 1, "one small cell: row total minus the rest shows it"
    assert suppress_cells(counts, MINIMUM).sum() == 4


GRADES = dict.fromkeys("+0-?", 30)


def graded(letters: str, n: int = 30) -> dict[str, Graded]:
    return {stream: Graded(letter, n, "", ()) for stream, letter in zip(STREAMS, letters, strict=True)}  # type: ignore[arg-type]


def test_the_verdict_table_is_that_of_the_rules(rules: Rules) -> None:
    # order of letters: relevance, consensus, salience, items
    expected = {
        "++++": "keep", "++0+": "keep", "++?+": "keep", "++-+": "keep_discordant", "--++": "drop", "----": "drop",
        "+-++": "revise", "-+++": "revise", "+++-": "revise", "+++?": "provisional", "+++0": "provisional",
        "+0++": "provisional", "00++": "revise", "0000": "revise", "?+++": "not_decided", "+?++": "not_decided",
        "?-++": "not_decided", "-0++": "revise",
    }  # fmt: skip
    for letters, outcome in expected.items():
        assert verdict(graded(letters), rules)[0] == outcome, letters


def test_every_combination_of_grades_has_a_verdict(rules: Rules) -> None:
    for letters in product("+0-?", repeat=4):
        outcome, line = verdict(graded("".join(letters)), rules)
        assert outcome
        assert line


def test_better_evidence_never_gives_a_worse_verdict(rules: Rules) -> None:
    order = ["drop", "not_decided", "revise", "provisional", "keep_discordant", "keep"]
    better = {"-": "0", "0": "+"}
    for letters in product("+0-", repeat=4):
        now = order.index(verdict(graded("".join(letters)), rules)[0])
        for place in range(4):
            if letters[place] in better:
                raised = [*letters[:place], better[letters[place]], *letters[place + 1 :]]
                assert order.index(verdict(graded("".join(raised)), rules)[0]) >= now, (letters, raised)


def test_a_small_panel_caps_keep_at_provisional(rules: Rules) -> None:
    grades = graded("++++")
    grades["consensus"] = Graded("+", 15, "", ())
    assert verdict(grades, rules) == ("provisional", "V3+small")
