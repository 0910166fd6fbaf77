"""Results with and without the people whose answers look careless: nobody is removed, everybody can compare."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from ..core import Estimate
from ..framework import Item
from ..psychometrics.reliability import cronbach_alpha, omega_total
from ..results import count_row, rows_from
from .common import Setting, Tables, gather, mark
from .responses import STREAM, keyed_answers

FLAG = "flag.careless"
EVERYBODY, WITHOUT, DIFFERENCE = "everybody", "without_flagged", "difference"


def flagged_people(tables: Tables, change_log: pd.DataFrame) -> frozenset[str]:
    """Return the persons whose rows cleaning flagged for two or more independent signs of careless answering.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Canonical tables; `responses` says which person stands in which raw row.
    change_log : pandas.DataFrame
        The change log of the cleaning.
    """
    flags = change_log[change_log["rule"] == FLAG]
    places = set(zip(flags["source"], flags["file"] + ":" + flags["row"].astype("string"), strict=True))
    responses = tables["responses"][["source", "source_row", "person_id"]].drop_duplicates()
    return frozenset(
        row.person_id for row in responses.itertuples(index=False) if (row.source, row.source_row) in places
    )


def with_and_without(tables: Tables, setting: Setting, change_log: pd.DataFrame) -> pd.DataFrame:
    """Return alpha, omega total and the mean score of each skill for everybody, without flagged people, and the change.

    Statistics end in ``_by_flag``; `group` is ``everybody``, ``without_flagged`` or ``difference`` (without minus
    with). `flagged_people` counts the flagged among the people who answered. When nobody is flagged, that count is
    all there is. Few flagged people are protected when results are published: the two numbers together would give
    their answers away (see `ktss_analysis.disclosure`).
    """
    responses = tables["responses"]
    if responses.empty:
        return gather([])
    flagged = flagged_people(tables, change_log)
    n_people = responses["person_id"].nunique()
    parts = [count_row(len(flagged), stream=STREAM, statistic="flagged_people", n_used=n_people)]
    if flagged:
        for skill_id, items in setting.framework.scales().items():
            parts += _of_skill(tables, setting, skill_id, items, flagged)
    return gather(parts)


def _of_skill(
    tables: Tables, setting: Setting, skill_id: str, items: list[Item], flagged: frozenset[str]
) -> list[pd.DataFrame]:
    answers = keyed_answers(tables, setting, items)
    if answers.empty:
        return []
    kept = answers[~answers.index.isin(flagged)]
    own = tables["responses"]
    own = own[own["item_id"].isin([item.id for item in items])]
    without = own[~own["person_id"].isin(flagged)]
    rows = []
    for statistic, unit, compute in _measures(setting):
        everybody, rest = compute(answers), compute(kept)
        for group, estimate, used in (
            (EVERYBODY, everybody, own), (WITHOUT, rest, without), (DIFFERENCE, _difference(everybody, rest), own),
        ):  # fmt: skip
            rows.append(
                rows_from(
                    estimate, stream=STREAM, statistic=statistic, target_type="skill", target_id=skill_id, group=group,
                    unit=unit, source_rows=mark(used, "responses", f"{skill_id}, {group}"),
                )
            )  # fmt: skip
    return rows


def _measures(setting: Setting) -> list[tuple[str, str, Callable[[pd.DataFrame], Estimate]]]:
    level = setting.level
    return [
        ("cronbach_alpha_by_flag", "coefficient", partial(cronbach_alpha, missing="listwise", ci_level=level)),
        ("omega_total_by_flag", "coefficient", partial(omega_total, missing="listwise", ci_level=level)),
        ("score_mean_by_flag", "points", _mean),
    ]


def _mean(answers: pd.DataFrame) -> Estimate:
    scores = answers.dropna().mean(axis=1)
    n_missing = len(answers) - len(scores)
    method = "mean of the scores, complete answers"
    if not len(scores):
        return Estimate.absent("too_few", "no complete answers", method=method, n_missing=n_missing)
    return Estimate(float(scores.mean()), method=method, n_used=len(scores), n_missing=n_missing)


def _difference(everybody: Estimate, rest: Estimate) -> Estimate:
    """Return the value without flagged people minus the value of everybody."""
    method = f"difference, without flagged people minus everybody; {rest.method}"
    if everybody.value is None or rest.value is None:
        worse = everybody if everybody.value is None else rest
        return Estimate.absent(worse.status, worse.reason, method=method, n_used=rest.n_used, n_missing=rest.n_missing)
    return Estimate(rest.value - everybody.value, method=method, n_used=rest.n_used, n_missing=rest.n_missing)
