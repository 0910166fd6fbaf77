"""The review of free texts by a person: a table that a run writes, and the decisions in it that the next run reads."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ..core import InputError
from ..csvfile import original
from ..readers import read_table
from ..study import Study
from .coded import listed
from .schemas import VOCABULARY

REVIEW_COLUMNS = ("comment_id", "review", "text", "stream", "target_type", "target_id", "language", "source")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer decided about one text, and the text as the reviewer saw it."""

    review: str
    text: str


def load_review(study: Study) -> dict[str, Decision]:
    """Return the decisions of the study's review file by comment; empty when the study names none.

    Raises
    ------
    StudyError
        When there is no such file.
    InputError
        For a column that lacks, a word that is no status, or a comment that stands there twice with two statuses.
    """
    path = study.review_path
    if path is None:
        return {}
    table = read_table(path, format="auto")
    lacks = [name for name in REVIEW_COLUMNS[:3] if name not in table.frame.columns]
    if lacks:
        raise InputError("the review of free texts lacks a column", file=path.name, row=table.header_row,
                         column=lacks[0], allowed=", ".join(REVIEW_COLUMNS[:3]))  # fmt: skip
    decisions: dict[str, Decision] = {}
    columns = [listed(table.frame[name]) for name in REVIEW_COLUMNS[:3]]
    for row, comment, word, text in zip(table.rows, *columns, strict=True):
        status = str(word).strip().casefold()
        if not status or not str(comment).strip():
            continue
        if status not in VOCABULARY["review"]:
            raise InputError("no status of a free text", file=path.name, row=int(row), column="review", found=word,
                             allowed=", ".join(VOCABULARY["review"]))  # fmt: skip
        key, decision = original(str(comment).strip()), Decision(status, _plain(original(str(text))))
        if decisions.get(key, decision).review != status:
            raise InputError("one free text has two statuses", file=path.name, row=int(row), column="review",
                             found=word, allowed=decisions[key].review)  # fmt: skip
        decisions[key] = decision
    return decisions


def reviewed(comments: pd.DataFrame, decisions: dict[str, Decision]) -> pd.DataFrame:
    """Return the comments with the statuses that were decided.

    A decision counts only for the text that the reviewer saw: when the text has changed since, the status of the
    raw file stays.
    """
    if not decisions or comments.empty:
        return comments
    status = [
        review if decided is None else decided.review
        for decided, review in zip(_decided(comments, decisions), listed(comments["review"]), strict=True)
    ]
    return comments.assign(review=pd.Series(status, index=comments.index, dtype=comments["review"].dtype))


def n_decided(comments: pd.DataFrame, decisions: dict[str, Decision]) -> int:
    """Return how many comments of a table have a decision that counts."""
    return sum(decided is not None for decided in _decided(comments, decisions))


def _decided(comments: pd.DataFrame, decisions: dict[str, Decision]) -> list[Decision | None]:
    found = [decisions.get(str(comment)) for comment in listed(comments["comment_id"])]
    return [
        decision if decision is not None and decision.text == _plain(str(text)) else None
        for decision, text in zip(found, listed(comments["text"]), strict=True)
    ]


def _plain(text: str) -> str:
    return " ".join(text.split())
