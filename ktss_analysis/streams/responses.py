"""Self-assessment answers: item statistics, reliability per skill, dimensionality, time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..core import Estimate
from ..framework import Item
from ..psychometrics.dimensionality import parallel_analysis
from ..psychometrics.intervals import median_interval
from ..psychometrics.items import inter_item_correlations, item_statistics
from ..psychometrics.reliability import cronbach_alpha, omega_total, standard_error_of_measurement
from ..results import rows_from
from .common import Setting, Tables, gather, mark, seconds_of, wide

STREAM = "self_assessment"


def keyed_answers(tables: Tables, setting: Setting, items: list[Item], occasion: int = 1) -> pd.DataFrame:
    """Return persons x items with reverse-keyed items turned, so that high means more of the skill."""
    responses = tables["responses"]
    ids = [item.id for item in items]
    if responses.empty:
        return pd.DataFrame(columns=ids, dtype=float)
    mine = responses[(responses["occasion"] == occasion) & responses["item_id"].isin(ids)]
    table = wide(mine, ids, column="item_id").reindex(columns=ids)
    low, high = setting.framework.scale.limits if setting.framework.scale else (1, 5)
    for item in items:
        if item.key == -1:
            table[item.id] = low + high - table[item.id]
    return table.dropna(how="all")


def reliability(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return alpha, omega total and the standard error of measurement of every skill's items."""
    parts = []
    for skill_id, items in setting.framework.scales().items():
        answers = keyed_answers(tables, setting, items)
        if answers.empty:
            continue
        common = {
            "stream": STREAM, "target_type": "skill", "target_id": skill_id,
            "source_rows": _mark(tables, items, skill_id),
        }  # fmt: skip
        alpha = cronbach_alpha(answers, missing="listwise", ci_level=setting.level)
        parts.append(rows_from(alpha, statistic="cronbach_alpha", unit="coefficient", **common))
        omega = omega_total(answers, missing="listwise", ci_level=setting.level)
        parts.append(rows_from(omega, statistic="omega_total", unit="coefficient", **common))
        error = standard_error_of_measurement(answers, missing="listwise")
        parts.append(rows_from(error, statistic="standard_error_of_measurement", unit="points", **common))
    return gather(parts)


def item_analysis(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return mean, difficulty, floor, ceiling, item-rest correlation and alpha without the item, per item."""
    parts = []
    scale = setting.framework.scale.limits if setting.framework.scale else (1, 5)
    for skill_id, items in setting.framework.scales().items():
        answers = keyed_answers(tables, setting, items)
        if answers.empty:
            continue
        frame = item_statistics(answers, scale=scale, ci_level=setting.level)
        frame = frame.rename(columns={"item_id": "target_id"})
        note = _mark(tables, items, skill_id)
        parts += [_item_rows(frame, name, unit, note) for name, unit in _ITEM_COLUMNS.items()]
        rest = frame[["target_id", "n_used", "n_missing", "status", "reason"]].assign(
            estimate=frame["item_rest_correlation"], ci_low=frame["ci_low"], ci_high=frame["ci_high"],
            ci_level=setting.level, ci_method=frame.get("ci_method", ""),
        )  # fmt: skip
        parts.append(_rows(_honest(rest), "item_rest_correlation", "correlation", note))
        pairs = inter_item_correlations(answers, missing="pairwise", ci_level=setting.level)
        pairs = pairs.assign(target_id=pairs["item_id"] + "~" + pairs["other_item_id"])
        parts.append(
            rows_from(_honest(pairs.drop(columns=["item_id", "other_item_id"])),
                      statistic="inter_item_correlation", unit="correlation", stream=STREAM,
                      target_type="item_pair", group=skill_id, source_rows=note)
        )  # fmt: skip
    return gather(parts)


_ITEM_COLUMNS = {
    "mean": "points", "sd": "points", "item_difficulty": "share", "floor_share": "share",
    "ceiling_share": "share", "alpha_if_item_deleted": "coefficient",
}  # fmt: skip


def _item_rows(frame: pd.DataFrame, name: str, unit: str, note: str) -> pd.DataFrame:
    part = frame[["target_id", "n_used", "n_missing"]].assign(
        estimate=frame[name], status=frame["status"], reason=frame["reason"]
    )
    return _rows(_honest(part), "item_mean" if name == "mean" else "item_sd" if name == "sd" else name, unit, note)


def _honest(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a row without a number a status and a reason, and a row with one the status ok."""
    frame = frame.copy()
    absent = frame["estimate"].isna()
    if "status" not in frame.columns:
        frame["status"], frame["reason"] = "ok", ""
    frame.loc[~absent, "status"] = "ok"
    frame.loc[~absent, "reason"] = ""
    without_reason = absent & (frame["reason"].isna() | (frame["reason"] == ""))
    frame.loc[absent & (frame["status"] == "ok"), "status"] = "undefined"
    frame.loc[without_reason, "reason"] = "cannot be computed from these answers"
    return frame


def _rows(frame: pd.DataFrame, statistic: str, unit: str, note: str) -> pd.DataFrame:
    return rows_from(frame, stream=STREAM, statistic=statistic, target_type="item", unit=unit, source_rows=note)


def dimensionality(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return eigenvalues of the correlation matrix with the reference of parallel analysis, for all items."""
    items = [item for group in setting.framework.scales().values() for item in group]
    answers = keyed_answers(tables, setting, items) if items else pd.DataFrame()
    if answers.empty:
        return gather([])
    note = _mark(tables, items, "all items")
    result = parallel_analysis(answers, missing="listwise", n_sets=500, seed=setting.seed("parallel_analysis"))
    common = {"stream": STREAM, "source_rows": note, "method": result.method}
    count = pd.DataFrame(
        {"estimate": [np.nan if result.n_factors is None else float(result.n_factors)], "n_used": [result.n_used],
         "n_missing": [result.n_missing], "status": [result.status], "reason": [result.reason]}
    )  # fmt: skip
    parts = [rows_from(count, statistic="parallel_analysis", target_type="study", unit="count", **common)]
    for group, column in (("observed", "estimate"), ("reference", "reference_quantile")):
        frame = pd.DataFrame(
            {"target_id": [f"component_{int(k):02d}" for k in result.frame["component"]],
             "estimate": result.frame[column].to_numpy(float), "group": group, "n_used": result.n_used,
             "n_missing": result.n_missing}
        )  # fmt: skip
        if result.status == "ok":
            parts.append(rows_from(frame, statistic="eigenvalue", target_type="component", unit="points", **common))
    return gather(parts)


def time_taken(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return the median time people took for the form."""
    responses = tables["responses"]
    seconds = seconds_of(responses) if len(responses) else pd.Series(dtype=float)
    if seconds.empty:
        estimate = Estimate.absent("undefined", "no times were recorded", method="median")
    else:
        minutes = np.sort(seconds.to_numpy()) / 60
        estimate = median_interval(minutes, ci_level=setting.level)
    return rows_from(estimate, stream=STREAM, statistic="median_minutes", target_type="study", unit="minutes",
                     source_rows=mark(responses, "responses", "seconds"))  # fmt: skip


def _mark(tables: Tables, items: list[Item], note: str) -> str:
    responses = tables["responses"]
    return mark(responses[responses["item_id"].isin([item.id for item in items])], "responses", note)
