"""Titles of the figures: what a figure shows, as one statement with its numbers, chosen by intervals.

Each function takes published rows and returns a sentence; a number in it is recorded with the rows it was
counted from. Where nothing can be counted the sentence says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .book import Book
from .numbers import DECIMALS, round_half_up


def _of(book: Book, key: str, found: int, total: int, result_id: str) -> str:
    return book.text(f"statement.{key}", k=book.count(found, result_id), total=book.count(total, result_id))


def counted(book: Book, rows: pd.DataFrame, key: str) -> str:
    """Return a statement on the part of `rows` whose estimate is the most it can be: all of ``n_used``."""
    full = (rows["status"] == "ok") & (rows["estimate"] == rows["n_used"])
    return _of(book, key, int(full.sum()), len(rows), str(rows["result_id"].iloc[0]).rsplit(".", 1)[0])


def grades(book: Book, rows: pd.DataFrame) -> str:
    """Return how many skills every stream that could be judged supports; `rows` has one row per skill and stream."""
    judged = rows[rows["grade"] != "?"]
    supported = (judged["grade"] == "+").groupby(judged["target_id"]).all()
    return _of(book, "grades", int(supported.sum()), rows["target_id"].nunique(), "decisions.grade")


def combinations(book: Book, rows: pd.DataFrame) -> str:
    """Return how many skills two streams or more support."""
    plus = rows[rows["grade"] == "+"].groupby("target_id").size()
    return _of(book, "upset", int((plus >= 2).sum()), rows["target_id"].nunique(), "decisions.grade")


def consistency(book: Book, rows: pd.DataFrame, cut: float) -> str:
    """Return for how many skills the whole interval of alpha reaches the threshold."""
    reached = (rows["status"] == "ok") & (rows["ci_low"] >= cut)
    return _of(book, "alpha", int(reached.sum()), len(rows), "self_assessment.cronbach_alpha")


def usability(book: Book, rows: pd.DataFrame, benchmark: float) -> str:
    """Return on which side of the benchmark the interval of the usability score lies."""
    row = rows.iloc[0]
    if row["status"] != "ok" or pd.isna(row["ci_low"]):
        return book.text("statement.sus")
    return book.text(f"statement.sus.{usability_side(row.to_dict(), benchmark)}")


def usability_side(row: Mapping[str, Any], benchmark: float) -> str:
    """Return on which side of the benchmark an interval lies as it is printed: above, below or around.

    A limit that prints as the benchmark does not lie beyond it: 68.02 beside 68.0 would claim what nobody can see.
    """
    low, high = (round_half_up(row[limit], DECIMALS["points"]) for limit in ("ci_low", "ci_high"))
    return "above" if low > benchmark else "below" if high < benchmark else "around"


def movement(book: Book, table: pd.DataFrame) -> str:
    """Return for how many skills agreement rose and fell; `table` has one row per skill, one column per round."""
    moved = (table.iloc[:, -1] - table.iloc[:, 0]).dropna()
    rose, fell, total = (book.count(int(found), "workshop.share_agreeing")
                         for found in ((moved > 0).sum(), (moved < 0).sum(), len(moved)))  # fmt: skip
    return book.text("statement.rounds", up=rose, down=fell, total=total)


def first_group(book: Book) -> str:
    """Return the share of all codes that one group names on average."""
    row = book.find("focus_groups.saturation.groups_01")
    if row is None or row["status"] != "ok":
        return book.text("statement.saturation.hidden")
    return book.text("statement.saturation", share=book.number(row))


def busiest_cell(book: Book, rows: pd.DataFrame) -> str:
    """Return where most turns were coded: the skill and the group; the first of equals."""
    shown = rows[rows["status"] == "ok"]
    if shown.empty:
        return book.text("statement.matrix.hidden")
    row = shown.loc[shown["estimate"].idxmax()].to_dict()
    name = book.quoted(book.name(row["target_id"]))
    return book.text("statement.matrix", n=book.number(row), name=name, group=str(row["group"]))


def accepted(book: Book, rows: pd.DataFrame) -> str:
    """Return how many suggestions were accepted, whole or in part, of all that are drawn."""
    taken = rows[rows["group"].str.startswith("accept")]["estimate"].sum()
    return _of(book, "feedback", int(taken), int(rows["estimate"].sum()), "triage.flow")


def dimensions(book: Book, table: pd.DataFrame) -> str:
    """Return how many eigenvalues stand above the reference before the first that does not."""
    if (table["status"] != "ok").any():
        return book.text("statement.scree.hidden")
    above = (table["estimate"] > table["reference"]).cumprod()
    return _of(book, "scree", int(above.sum()), len(table), "self_assessment.eigenvalue")


def participants(book: Book) -> str:
    """Return of how many people the answers are used, each counted once."""
    row = book.find("participants.n_used_people.any")
    if row is None or row["status"] != "ok":
        return book.text("statement.flow.hidden")
    return book.text("statement.flow", n=book.number(row))


def highest_answers(book: Book, frame: pd.DataFrame) -> str:
    """Return for how many targets the highest point of the scale was chosen most often, without a tie."""
    table = frame.pivot(index="target_id", columns="value", values="count").astype(float).fillna(0.0)
    top = max(table.columns, key=int)
    others = table.drop(columns=top).max(axis=1)
    found, total = int((table[top] > others).sum()), len(table)
    return _of(book, "likert", found, total, str(frame["result_id"].iloc[0]).split(".")[0] + ".answers")
