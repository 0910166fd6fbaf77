"""Disclosure control: which result rows must not be published, so that no few people stand out.

Protected are *groups* of few people: a number that rests on fewer than `minimum` of them, a cell of a table of people
with fewer, and what would give such a number away by subtraction. How many people took part in an activity is no
secret (`SIZES`), and neither is that one of thirty reviewers chose an answer: an answer alone names no group.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

NOT_ABOUT_PEOPLE = (
    "count of rows", "days", "plan", "text", "groups", "speakers", "share of turns", "share of codes", "verdicts",
)  # fmt: skip
"""Units of rows whose n is not a number of answering people; the minimum cell does not concern them."""

SIZES = (
    "n_invited", "n_consented", "n_used_people", "n_overlap", "n_overlapping", "n_speakers", "panel_size",
    "panel_stayed", "panel_left",
)  # fmt: skip
"""Statistics that say how many people there were and nothing about them; the number of rows tells it as well."""

DIFFERENCES: tuple[tuple[str, str, str, str], ...] = (
    ("workshop", "share_agreeing_completers", "share_agreeing", "before"),
    ("workshop", "share_agreeing_all_panel", "share_agreeing", "after"),
)
"""Stream, statistic of a group that contains or is part of another, the other's statistic, and in which round.

The difference of the two is the answers of those who left the panel, whom the panel knows.
"""


def mask(rows: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Return result rows as they may be published.

    Parameters
    ----------
    rows : pandas.DataFrame
        All result rows, with the columns of `ktss_analysis.results`.
    minimum : int
        Smallest number of people that may be shown.
    """
    rows = mask_planned(rows, minimum)
    rows = mask_few_overlapping(mask_few_left_out(mask_tables(rows, minimum), minimum), minimum)
    return mask_rows(mask_differences(rows, minimum), minimum)


def mask_rows(rows: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Mask every number that rests on 1 to `minimum` - 1 people; tables of people have their own rule."""
    rows = rows.copy()
    about_people = ~rows["unit"].isin(NOT_ABOUT_PEOPLE) & ~rows["statistic"].isin(["people", *SIZES])
    small = about_people & (rows["n_used"] > 0).fillna(False) & (rows["n_used"] < minimum).fillna(False)
    return _masked(rows, small, minimum)


def _masked(rows: pd.DataFrame, where: pd.Series | np.ndarray, minimum: int) -> pd.DataFrame:
    rows.loc[where, ["estimate", "ci_low", "ci_high"]] = np.nan
    rows.loc[where, ["n_used", "n_missing"]] = pd.NA
    rows.loc[where, "status"] = "masked"
    rows.loc[where, "reason"] = f"fewer than {minimum} people, not shown"
    rows.loc[where, "label"] = pd.NA
    rows.loc[where, "source_rows"] = pd.NA
    return rows


def mask_differences(rows: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Mask a number whose base differs from that of a published one by fewer than `minimum` people.

    Where one group is part of another, count times share of both gives the count of the people between them.
    """
    rows = rows.copy()
    shown = rows[rows["status"] == "ok"]
    for stream, statistic, other, side in DIFFERENCES:
        mine = shown[(shown["stream"] == stream) & (shown["statistic"] == statistic)]
        rest = shown[(shown["stream"] == stream) & (shown["statistic"] == other)]
        sizes = {(row.target_id, row.aspect, row.group): int(row.n_used) for row in rest.itertuples() if row.n_used > 0}
        exposed = []
        for row in mine.itertuples():
            rounds = re.fullmatch(r"round_(\d+)_to_(\d+)", str(row.group))
            group = "" if rounds is None else f"round_{rounds[1 if side == 'before' else 2]}"
            n_other = sizes.get((row.target_id, row.aspect, group))
            exposed.append(n_other is not None and 0 < abs(n_other - int(row.n_used)) < minimum)
        where = mine.index[exposed]
        rows = _masked(rows, rows.index.isin(where), minimum)
        rows.loc[where, "reason"] = f"differs from a published number by fewer than {minimum} people"
    return rows


def mask_few_left_out(rows: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Mask results without some people, and their difference from all, when fewer than `minimum` were left out.

    A mean of all and a mean without one person give that person's answers; a coefficient gives them to whoever tries
    all possible answers. The number for everybody stays.
    """
    rows = rows.copy()
    key = ["stream", "statistic", "target_id", "aspect"]
    base = rows[rows["group"] == "everybody"].drop_duplicates(key).set_index(key)["n_used"]
    for group in ("without_flagged", "difference"):
        mine = rows[(rows["group"] == group) & (rows["status"] == "ok")]
        left_out = [
            n - row.n_used
            for row in mine.itertuples()
            for n in [base.get((row.stream, row.statistic, row.target_id, row.aspect), 0)]
        ]
        few = mine.index[[0 < n < minimum for n in left_out]]
        rows = _masked(rows, rows.index.isin(few), minimum)
        rows.loc[few, "reason"] = f"fewer than {minimum} people were left out; the difference would give them away"
    return rows


def mask_planned(rows: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Hide the small groups of an activity, and those that would give one away.

    The groups of one activity by country (role, language), and the people in none of them, add up to its people, whose
    number is published. A group is hidden too when the same group of all activities has only few more.
    """
    rows = rows.copy()
    mine = rows[(rows["statistic"] == "n_used_group") & (rows["status"] == "ok") & (rows["group"] != "all")]
    whole = rows[rows["statistic"] == "people"].set_index("result_id")["estimate"]
    sizes = rows[rows["statistic"] == "n_used_people"].set_index("target_id")["estimate"]
    dimensions = [str(group).partition("-")[0] for group in mine["group"]]
    for (activity, dimension), part in mine.groupby(["target_id", np.array(dimensions, dtype=object)]):
        counts = part["estimate"].to_numpy(int)
        rest = max(int(sizes.get(activity, counts.sum())) - counts.sum(), 0)
        names = [str(group).partition("-")[2] for group in part["group"]]
        more = np.array([whole.get(f"participants.people.{dimension}.{name}", np.inf) for name in names]) - counts
        cells = np.append(np.where((more > 0) & (more < minimum), np.minimum(counts, 1), counts), rest)
        hidden = suppress_cells(cells[None, :], minimum)[0, :-1]
        where = part.index[hidden]
        label = rows.loc[where, "label"]
        rows = _masked(rows, rows.index.isin(where), minimum)
        rows.loc[where, "label"] = label
        rows.loc[where, "reason"] = f"fewer than {minimum} people, or hidden to protect such a cell"
    return rows


def mask_few_overlapping(rows: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Mask verdicts without the people of several streams when they are few: what turns tells of their answers.

    `n_missing` of these rows is the number of people left out.
    """
    rows = rows.copy()
    about = (rows["statistic"] == "verdict_without_overlap") | (rows["target_id"] == "overlap")
    few = rows.index[about & (rows["n_missing"] < minimum).fillna(False)]
    rows = _masked(rows, rows.index.isin(few), minimum)
    rows.loc[few, "reason"] = f"fewer than {minimum} people were left out; the difference would give them away"
    return rows


# ------------------------------------------------------------------------------ tables of people


@dataclass(frozen=True)
class Sum:
    """What a reader can add up: some cells make a total, which is a cell too, or a number that is known."""

    cells: tuple[int, ...]
    total: int | None
    known: int = 0


def mask_tables(rows: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Hide the small cells of tables of people, and those that would give a small cell away.

    A table is the rows of statistic ``people`` of one aspect: `group` names its line, `target_id` its column. The
    table ``country_role`` has the tables ``country`` and ``role`` as its totals, and their total is the number of
    people of whom anything is used. All are protected together. The name of a cell stays, its count goes.
    """
    rows = rows.copy()
    people = rows[(rows["statistic"] == "people") & (rows["status"] == "ok")]
    if people.empty:
        return rows
    counts = people["estimate"].to_numpy(dtype=np.int64)
    everybody = rows[(rows["statistic"] == "n_used_people") & (rows["target_id"] == "any") & (rows["status"] == "ok")]
    total = int(everybody["estimate"].iloc[0]) if len(everybody) else None
    hidden = protect(counts, sums_of(people, total), _table_hiding(people, minimum), minimum)
    where = people.index[hidden]
    names = rows.loc[where, "label"]
    rows = _masked(rows, rows.index.isin(where), minimum)
    rows.loc[where, "label"] = names
    rows.loc[where, "reason"] = f"fewer than {minimum} people, or hidden to protect such a cell"
    return rows


def _table_hiding(people: pd.DataFrame, minimum: int) -> BoolArray:
    """Return the cells that each table by itself must hide."""
    hidden = np.zeros(len(people), dtype=bool)
    places = pd.Series(np.arange(len(people)), index=people.index)
    for _, part in people.groupby("aspect", sort=False):
        table = part.pivot(index="group", columns="target_id", values="estimate").fillna(0).astype(int)
        mine = pd.DataFrame(suppress_cells(table.to_numpy(), minimum), index=table.index, columns=table.columns)
        for index, row in part.iterrows():
            hidden[places[index]] = bool(mine.loc[row["group"], row["target_id"]])
    return hidden


def sums_of(people: pd.DataFrame, total: int | None) -> list[Sum]:
    """Return every sum that ties cells of tables of people together.

    Parameters
    ----------
    people : pandas.DataFrame
        Rows of statistic ``people``; cells are numbered in their order.
    total : int, optional
        Number of all people, where it is published.
    """
    numbers = {
        (str(row.aspect), str(row.group), str(row.target_id)): place for place, row in enumerate(people.itertuples())
    }
    aspects = list(dict.fromkeys(aspect for aspect, _, _ in numbers))
    sums = []
    for aspect in aspects:
        cells = [key for key in numbers if key[0] == aspect]
        if all(group == "" for _, group, _ in cells):
            if total is not None:
                sums.append(Sum(tuple(numbers[key] for key in cells), None, total))
            continue
        lines, columns = next(
            ((a, b) for a in aspects for b in aspects if f"{a}_{b}" == aspect), ("", "")
        )  # the two one-way tables that are its totals
        for part, name in ((1, lines), (2, columns)):
            for value in dict.fromkeys(key[part] for key in cells):
                margin = numbers.get((name, "", value))
                if margin is not None:
                    sums.append(Sum(tuple(numbers[key] for key in cells if key[part] == value), margin))
    return sums


def protect(counts: IntArray, sums: Sequence[Sum], hidden: BoolArray, minimum: int) -> BoolArray:
    """Hide further cells until no small one can be worked out from everything that is shown.

    A small cell is safe when what is shown allows a count of `minimum` or more, and more than one count. Each time
    that one is not, the smallest visible cell in a sum with it, or with cells hidden for it, is hidden too.

    Parameters
    ----------
    counts : ndarray of int, shape (n_cells,)
        True counts.
    sums : sequence of Sum
        What a reader can add up.
    hidden : ndarray of bool, shape (n_cells,)
        Cells that are hidden already; all cells of 1 to `minimum` - 1 people must be among them.
    minimum : int
        Smallest count that may be shown.

    Returns
    -------
    ndarray of bool, shape (n_cells,)
        Cells to hide.
    """
    hidden = hidden.copy()
    for cell in np.flatnonzero((counts > 0) & (counts < minimum)):
        while True:
            low, high = feasible_range(int(cell), counts, sums, hidden)
            if high >= minimum and high - low >= 1:
                break
            candidate = _next_to_hide(int(cell), counts, sums, hidden)
            if candidate is None:
                break
            hidden[candidate] = True
    return hidden


def feasible_range(cell: int, counts: IntArray, sums: Sequence[Sum], hidden: BoolArray) -> tuple[float, float]:
    """Return the smallest and largest count of a hidden cell that all published counts allow.

    Counts are at least 0. A sum that the true counts do not fulfil (someone gave no role) is no equation for the
    reader either: the cells then add up to at most their total.
    """
    from scipy.optimize import linprog

    unknown = np.flatnonzero(hidden)
    place = {int(number): column for column, number in enumerate(unknown)}
    equal: list[tuple[np.ndarray, float]] = []
    at_most: list[tuple[np.ndarray, float]] = []
    for entry in sums:
        line, rest = np.zeros(len(unknown)), float(entry.known)
        signs = dict.fromkeys(entry.cells, 1.0) | ({} if entry.total is None else {entry.total: -1.0})
        for number, sign in signs.items():
            if hidden[number]:
                line[place[number]] += sign
            else:
                rest -= sign * counts[number]
        exact = counts[list(entry.cells)].sum() == (entry.known if entry.total is None else counts[entry.total])
        if line.any():
            (equal if exact else at_most).append((line, rest))
    bounds = []
    for direction in (1.0, -1.0):
        goal = np.zeros(len(unknown))
        goal[place[cell]] = direction
        found = linprog(
            goal,
            A_eq=np.array([line for line, _ in equal]) if equal else None,
            b_eq=[rest for _, rest in equal] if equal else None,
            A_ub=np.array([line for line, _ in at_most]) if at_most else None,
            b_ub=[rest for _, rest in at_most] if at_most else None,
        )
        bounds.append(direction * found.fun if found.status == 0 else np.inf)
    low, high = bounds[0] - 1e-6, bounds[1] + 1e-6
    return float(np.ceil(low)), float(np.floor(high)) if np.isfinite(high) else np.inf


def _next_to_hide(cell: int, counts: IntArray, sums: Sequence[Sum], hidden: BoolArray) -> int | None:
    """Return the smallest visible cell that shares a sum with `cell`, or with hidden cells tied to it; else None."""
    reached, near = {cell}, {cell}
    while near:
        tied = {
            number
            for entry in sums
            for members in [{*entry.cells, *([] if entry.total is None else [entry.total])}]
            if members & near
            for number in members
        }
        visible = sorted((counts[number] == 0, counts[number], number) for number in tied if not hidden[number])
        if visible:
            return int(visible[0][2])
        near = {number for number in tied if hidden[number]} - reached
        reached |= near
    return None


def suppress_cells(counts: np.ndarray, minimum: int) -> np.ndarray:
    """Return which cells of a table of people must not be shown.

    Cells of 1 to `minimum` - 1 people are hidden, and further cells until no hidden cell can be computed
    from a row or column total: a row or column never has exactly one hidden cell, and the hidden cells of a
    line add up to at least `minimum`.

    Parameters
    ----------
    counts : ndarray of int, shape (n_rows, n_columns)
        The table without totals.
    minimum : int
        Smallest count that may be shown.

    Returns
    -------
    ndarray of bool, shape (n_rows, n_columns)
        True for hidden cells.
    """
    counts = np.asarray(counts)
    hidden = (counts > 0) & (counts < minimum)
    changed = True
    while changed:
        changed = False
        for axis in (1, 0):
            table, mask = (counts, hidden) if axis == 1 else (counts.T, hidden.T)
            if table.shape[1] < 2:
                continue
            for line in range(table.shape[0]):
                if not mask[line].any():
                    continue
                exposed = mask[line].sum() == 1 or table[line][mask[line]].sum() < minimum
                open_cells = np.flatnonzero(~mask[line])
                if exposed and open_cells.size:
                    positive = open_cells[table[line][open_cells] > 0]
                    choice = positive if positive.size else open_cells
                    mask[line, choice[np.argmin(table[line][choice])]] = True
                    changed = True
    return hidden
