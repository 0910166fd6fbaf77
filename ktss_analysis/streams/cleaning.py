"""What cleaning did: rows read, used and set aside per source; changes and flags per rule."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from ..results import count_row, text_row
from ..study import Study
from .common import gather

STREAM = "cleaning"


def accounts(frame: pd.DataFrame, owned: Collection[str]) -> pd.DataFrame:
    """Return rows read, used and set aside per source in `owned`; the three numbers always add up."""
    parts = []
    frame = frame[frame["source"].isin(owned)]
    for source, mine in frame.groupby("source", sort=True):
        for statistic, column in (
            ("rows_read", "n_read"),
            ("rows_used", "n_used"),
            ("rows_set_aside", "n_set_aside"),
        ):
            parts.append(
                count_row(int(mine[column].sum()), stream=STREAM, statistic=statistic, target_type="source",
                          target_id=str(source), unit="count of rows")
            )  # fmt: skip
    return gather(parts)


def changes(touched: pd.DataFrame, set_aside: pd.DataFrame, owned: Collection[str]) -> pd.DataFrame:
    """Return how many cells or rows each cleaning rule touched, per source in `owned`.

    Parameters
    ----------
    touched, set_aside : pandas.DataFrame
        Counts of the change log and of the quarantine, see `intake.Written`.
    owned : collection of str
        Sources whose counts are published here.
    """
    parts = []
    for entry in touched[touched["source"].isin(owned)].itertuples():
        parts.append(
            count_row(int(entry.n_cells), stream=STREAM, statistic="cells_touched", target_type="source",
                      target_id=entry.source, aspect=entry.rule, group=entry.action, unit="count of rows")
        )  # fmt: skip
    for entry in set_aside[set_aside["source"].isin(owned)].itertuples():
        parts.append(
            count_row(int(entry.n_cells), stream=STREAM, statistic="rows_set_aside_by_rule", target_type="source",
                      target_id=entry.source, aspect=entry.rule, unit="count of rows")
        )  # fmt: skip
    return gather(parts)


def kept(study: Study) -> pd.DataFrame:
    """Return the raw columns whose identifiers the study keeps in clear, each with its reason."""
    return gather(
        text_row(keep.reason, stream=STREAM, statistic="kept_in_clear", target_type="column",
                 target_id=f"column_{number:02d}", group=keep.source or "", reason=keep.column)
        for number, keep in enumerate(study.privacy.keep, 1)
    )  # fmt: skip


def first_answers(first: pd.DataFrame, owned: Collection[str]) -> pd.DataFrame:
    """Return the date of the first dated answer per source; rules fixed later than that were not fixed before."""
    parts = []
    for name in ("ratings", "responses"):
        for entry in first[(first["table"] == name) & first["source"].isin(owned)].itertuples():
            parts.append(
                text_row(str(entry.answered_on)[:10], stream=STREAM, statistic="first_answer", target_type="source",
                         target_id=entry.source, aspect=name)
            )  # fmt: skip
    return gather(parts)
