"""Workshop rounds: agreement, spread, division, concordance, stability and loss of panellists."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from ..glossary import RESULT_COLUMNS
from ..psychometrics.attrition import round_attrition
from ..psychometrics.consensus import (
    central_tendency,
    disagreement_index,
    kendall_w,
    round_stability,
    share_agreeing,
)
from ..results import count_row, rows_from
from .common import Setting, Tables, gather, mark, of_activity, select, wide

STREAM = "workshop"


def panel_scale(setting: Setting) -> tuple[float, float]:
    """Return the range of the panel's rating scale, as the study file states it."""
    for source in setting.study.of(STREAM):
        for block in source.blocks:
            if block.table == "ratings" and isinstance(block.scale, tuple):
                return block.scale
    return (1.0, 9.0)


def agree_from(setting: Setting) -> float:
    """Return the lowest point of the panel's scale that counts as agreement."""
    low, high = panel_scale(setting)
    return float(np.ceil(low + setting.rules.value("agreement_from") * (high - low) - 1e-9))


def consensus(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return agreement share, median, spread and disagreement index per skill, for each round and the last.

    Rows of the last round stand twice, once under their round and once under ``last_round``, because verdicts
    rest on the last round whatever its number.
    """
    ratings = select(of_activity(tables["ratings"], setting, STREAM), aspect="importance")
    if ratings.empty:
        return gather([])
    rounds = sorted(int(number) for number in ratings["round"].dropna().unique())
    parts = []
    for number in rounds:
        rated = select(ratings, round=number)
        frame = _one_round(rated, setting, f"round_{number}")
        parts.append(frame)
        if number == rounds[-1]:
            parts.append(_one_round(rated, setting, "last_round"))
    parts.append(_movement(ratings, rounds, setting))
    return gather(parts)


def _one_round(rated: pd.DataFrame, setting: Setting, group: str) -> pd.DataFrame:
    target_type = str(rated["target_type"].iloc[0])
    table = wide(rated, setting.framework.target_ids(target_type))
    scale = panel_scale(setting)
    common = {
        "stream": STREAM, "target_type": target_type, "group": group, "aspect": "importance",
        "source_rows": mark(rated, "ratings", f"workshop {group}"),
    }  # fmt: skip
    share = share_agreeing(table, agree_from=agree_from(setting), ci_level=setting.level, scale=scale)
    middle = central_tendency(table, ci_level=setting.level)
    spread = middle.assign(
        estimate=middle["interquartile_range"] / (scale[1] - scale[0]),
        ci_low=np.nan, ci_high=np.nan, ci_method="", method="interquartile range as part of the scale",
    )  # fmt: skip
    index = disagreement_index(
        table, scale=scale, ci_level=setting.level, n_boot=setting.n_boot,
        seed=setting.seed("disagreement", group),
    )  # fmt: skip
    parts = [
        rows_from(_slim(share), statistic="share_agreeing", unit="share", **common),
        rows_from(_slim(middle), statistic="median", unit="points", **common),
        rows_from(_slim(spread), statistic="interquartile_share", unit="share",
                  **common),
        rows_from(_slim(index), statistic="disagreement_index", unit="coefficient",
                  **common),
        count_row(len(table), stream=STREAM, statistic="panel_size", group=group),
    ]  # fmt: skip
    result = kendall_w(table, missing="listwise", ci_level=setting.level, n_boot=setting.n_boot,
                       seed=setting.seed("kendall_w", group))  # fmt: skip
    parts.append(
        rows_from(result.estimate, statistic="kendall_w", unit="coefficient",
                  **{**common, "target_type": "study"})
    )  # fmt: skip
    return gather(parts)


def _movement(ratings: pd.DataFrame, rounds: list[int], setting: Setting) -> pd.DataFrame:
    """Return change and loss between consecutive rounds, and the last round's completers in round one."""
    parts = []
    scale = panel_scale(setting)
    for before, after in pairwise(rounds):
        first, second = select(ratings, round=before), select(ratings, round=after)
        target_type = str(second["target_type"].iloc[0])
        ids = setting.framework.target_ids(target_type)
        tables_ = [_by_person(part, ids) for part in (first, second)]
        both = [target for target in tables_[0].columns if target in tables_[1].columns]
        stayed = tables_[0].index.intersection(tables_[1].index)
        left = tables_[0].index.difference(tables_[1].index)
        group = f"round_{before}_to_{after}"
        note = mark(pd.concat([first, second]), "ratings", f"workshop {group}")
        common = {"stream": STREAM, "target_type": target_type, "aspect": "importance", "group": group,
                  "source_rows": note}  # fmt: skip
        parts.append(count_row(len(stayed), stream=STREAM, statistic="panel_stayed", group=group))
        parts.append(count_row(len(left), stream=STREAM, statistic="panel_left", group=group,
                               n_used=len(tables_[0])))  # fmt: skip
        if not both or not len(stayed):
            continue
        if len(left):
            delta = _leavers(tables_[0][both], tables_[1][both], scale, setting.level)
            parts.append(rows_from(delta, statistic="attrition_delta", unit="coefficient", **common))
        stability = round_stability(tables_[0][both], tables_[1][both], scale=scale)
        parts.append(rows_from(_slim(stability), statistic="share_unchanged", unit="share", **common))
        completers = share_agreeing(
            tables_[0].loc[stayed, both], agree_from=agree_from(setting), ci_level=setting.level
        )
        parts.append(rows_from(_slim(completers), statistic="share_agreeing_completers", unit="share", **common))
        everybody = tables_[1].reindex(tables_[0].index.union(tables_[1].index))[both]
        carried = everybody.fillna(tables_[0].reindex(everybody.index)[both])
        all_panel = share_agreeing(carried, agree_from=agree_from(setting), ci_level=setting.level)
        parts.append(rows_from(_slim(all_panel), statistic="share_agreeing_all_panel", unit="share", **common))
    return gather(parts)


def _leavers(first: pd.DataFrame, second: pd.DataFrame, scale: tuple[float, float], level: float) -> pd.DataFrame:
    """Return Cliff's delta of those who left against those who stayed, per target.

    Its base is the smaller of the two groups: that one decides whether the number may be computed and shown.
    """
    frame = round_attrition(first, second, scale=scale, ci_level=level)
    frame["method"] = frame["method"] + "; n is the smaller of the two groups"
    smaller = frame[["n_lost", "n_stayed"]].min(axis=1)
    return _slim(frame.assign(n_used=smaller, n_missing=0))


def _slim(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[column for column in RESULT_COLUMNS if column in frame.columns]]


def _by_person(rated: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    return wide(rated, ids).sort_index()
