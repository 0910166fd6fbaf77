"""Disclosure control against an attacker who has everything that is published, and integer programming.

The attacker knows the rules and the arithmetic of the tables. He is written here a second time, from the published
rows alone, and shares no code with what he attacks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from attacker import Attacker

from ktss_analysis.core import Estimate
from ktss_analysis.disclosure import mask, mask_differences, mask_rows
from ktss_analysis.results import combine, count_row, rows_from

MINIMUM = 5
COUNTRIES, ROLES = ("fi", "it", "nl", "pl", "other"), ("manager", "officer", "researcher", "other-role")


def people(counts: np.ndarray, no_role: np.ndarray | None = None) -> pd.DataFrame:
    """Return result rows of country, role, both, and the number of all people; `no_role` counts per country."""
    no_role = np.zeros(counts.shape[0], dtype=int) if no_role is None else no_role
    parts = [_cell("country", "", name, n) for name, n in zip(COUNTRIES, counts.sum(axis=1) + no_role, strict=False)]
    parts += [_cell("role", "", name, n) for name, n in zip(ROLES, counts.sum(axis=0), strict=False)]
    for country, line in zip(COUNTRIES, counts, strict=False):
        parts += [_cell("country_role", country, role, n) for role, n in zip(ROLES, line, strict=False)]
    parts.append(
        count_row(int(counts.sum() + no_role.sum()), stream="participants", statistic="n_used_people",
                  target_type="activity", target_id="any")
    )  # fmt: skip
    return combine(parts)


def _cell(aspect: str, group: str, target: str, count: int) -> pd.DataFrame:
    return count_row(int(count), stream="participants", statistic="people", target_type="category", target_id=target,
                     aspect=aspect, group=group, label=target)  # fmt: skip


def tables(seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    size = (int(draw.integers(2, 6)), int(draw.integers(2, 5)))
    return draw.poisson(draw.choice([2, 6, 12]), size) * (draw.random(size) < 0.85)


def small_cells(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    mine = rows[(rows["statistic"] == "people") & rows["estimate"].between(1, MINIMUM - 1)].fillna({"group": ""})
    return list(zip(mine["aspect"], mine["group"], mine["target_id"], strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_no_small_cell_can_be_worked_out_from_everything_public(seed):
    counts = tables(seed)
    rows = people(counts)
    public = mask(rows, MINIMUM)
    attacker = Attacker(public)
    for cell in small_cells(rows):
        low, high = attacker.range_of(cell)
        assert np.isnan(attacker.known[cell])
        assert low < high, (cell, low, high)
        assert high >= MINIMUM, (cell, low, high)


def test_without_complements_the_attacker_succeeds():
    """Negative control: with the small cells alone hidden, he finds about one in five of them."""
    exact = exposed = hidden = 0
    for seed in range(10):
        rows = people(tables(seed))
        public = rows.copy()
        small = (public["statistic"] == "people") & public["estimate"].between(1, MINIMUM - 1)
        public.loc[small, "estimate"] = np.nan
        attacker = Attacker(public)
        for cell in small_cells(rows):
            low, high = attacker.range_of(cell)
            exact, hidden = exact + (low == high), hidden + 1
            exposed += low == high or high < MINIMUM
    assert exact > 3
    assert exposed > 0.15 * hidden


def test_each_table_protected_for_itself_is_not_enough():
    """Negative control: a small country hidden in its own table comes out of the two-way table and the roles."""
    counts = np.array([[3, 0, 0, 0], [10, 9, 8, 7], [9, 8, 12, 11]])
    rows = people(counts)
    public = mask(rows, MINIMUM)
    assert Attacker(public).range_of(("country", "", "fi"))[1] >= MINIMUM
    naive = rows.copy()
    first = (naive["aspect"] == "country") & naive["target_id"].isin(["fi", "nl"])
    naive.loc[first & (naive["statistic"] == "people"), "estimate"] = np.nan
    assert Attacker(naive).range_of(("country", "", "fi")) == (3, 3)


def test_people_without_a_role_do_not_break_the_protection():
    rows = people(np.array([[2, 9, 9, 9], [8, 9, 9, 9], [9, 9, 9, 9]]), no_role=np.array([1, 0, 2]))
    public = mask(rows, MINIMUM)
    cells = public[public["statistic"] == "people"].set_index(["aspect", "group", "target_id"])
    assert cells.loc[("country_role", "fi", "manager"), "status"] == "masked"
    column = cells.xs("country_role").xs("manager", level="target_id")
    assert (column["status"] == "masked").sum() >= 2


def test_nothing_is_hidden_without_need():
    rows = people(np.array([[9, 9, 9, 9], [8, 9, 9, 9], [0, 9, 9, 9]]))
    assert (mask(rows, MINIMUM)["status"] == "ok").all()


# ------------------------------------------------------------------------- differences


def shares(statistic: str, group: str, count: int, n: int) -> pd.DataFrame:
    return rows_from(Estimate(count / n, n_used=n), stream="workshop", statistic=statistic, target_type="skill",
                     target_id="S01", aspect="importance", group=group, unit="share")  # fmt: skip


def panel(n_left: int) -> pd.DataFrame:
    n = 28
    return combine([
        shares("share_agreeing", "round_1", 14, n), shares("share_agreeing", "round_2", 15, n - n_left),
        shares("share_agreeing_completers", "round_1_to_2", 12, n - n_left),
        shares("share_agreeing_all_panel", "round_1_to_2", 16, n),
    ])  # fmt: skip


def answers_of_leavers(public: pd.DataFrame) -> float:
    """Return how many of those who left agreed in round one: the difference of two counts."""
    rows = public.set_index(["statistic", "group"])
    whole, rest = rows.loc[("share_agreeing", "round_1")], rows.loc[("share_agreeing_completers", "round_1_to_2")]
    return whole["estimate"] * whole["n_used"] - rest["estimate"] * rest["n_used"]


@pytest.mark.parametrize("n_left", [1, 4])
def test_few_leavers_do_not_come_out_by_subtraction(n_left):
    rows = panel(n_left)
    assert answers_of_leavers(rows) == pytest.approx(2)  # the negative control: unmasked, they do
    public = mask(rows, MINIMUM)
    assert pd.isna(answers_of_leavers(public))
    assert set(public.loc[public["status"] == "masked", "statistic"]) == {
        "share_agreeing_completers", "share_agreeing_all_panel"
    }  # fmt: skip
    assert public.loc[public["status"] == "masked", ["ci_low", "ci_high", "n_used"]].isna().all(axis=None)


@pytest.mark.parametrize("n_left", [0, 5, 9])
def test_equal_groups_and_larger_differences_stay(n_left):
    assert (mask_differences(panel(n_left), MINIMUM)["status"] == "ok").all()


# ------------------------------------------------------------------------- share times base


def test_no_statistic_of_a_small_base_is_left_beside_a_masked_one():
    """A count is share times base: all statistics of one small base go together, whatever their unit about people."""
    parts = [
        rows_from(Estimate(value, n_used=n, n_missing=30 - n), stream="guide_review", statistic=statistic,
                  target_type="skill", target_id=target, aspect="relevance", unit=unit)
        for target, n in (("S01", 4), ("S02", 5), ("S03", 1))
        for statistic, value, unit in (("item_cvi", 0.75, "share"), ("aiken_v", 0.7, "coefficient"),
                                       ("answers", 3, "people"), ("item_mean", 3.2, "points"))
    ]  # fmt: skip
    public = mask_rows(combine(parts), MINIMUM)
    assert set(public.loc[public["status"] == "ok", "target_id"]) == {"S02"}
    hidden = public[public["target_id"] != "S02"]
    assert hidden[["estimate", "n_used", "n_missing", "ci_low", "ci_high", "source_rows"]].isna().all(axis=None)


def test_a_gate_does_not_tell_the_size_of_a_small_base():
    """A row below its gate says its n in words; below the minimum cell these words go too."""
    row = rows_from(Estimate.absent("too_few", "n = 3; reported from n = 10", n_used=3), stream="self_assessment",
                    statistic="cronbach_alpha", target_type="scale", target_id="S01", unit="coefficient")  # fmt: skip
    public = mask_rows(combine([row]), MINIMUM)
    assert "3" not in str(public["reason"].iloc[0]).replace(str(MINIMUM), "")
    assert public["status"].tolist() == ["masked"]
