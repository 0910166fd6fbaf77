"""Guide review and tool review by experts: content validity, clarity, opinions on the modules."""

from __future__ import annotations

import pandas as pd

from ..psychometrics.content import aiken_v, item_cvi, scale_cvi
from ..results import count_row, rows_from
from .common import Setting, Tables, gather, mark, of_activity, select, wide

CONTENT_ASPECTS = ("relevance", "clarity")


def content_validity(tables: Tables, setting: Setting, *, activity: str, target_type: str) -> pd.DataFrame:
    """Return item CVI, Aiken's V and the scale CVI of every target that `activity` rated.

    Parameters
    ----------
    tables : mapping
        Canonical tables; needs ``ratings``.
    setting : Setting
        Study and rules.
    activity : {"guide_review", "tool_review"}
        Who rated.
    target_type : {"skill", "item"}
        What was rated.

    Returns
    -------
    pandas.DataFrame
        Result rows ``<activity>.item_cvi.<aspect>.<target>`` and others.
    """
    ratings = select(of_activity(tables["ratings"], setting, activity), target_type=target_type)
    parts = []
    for aspect in CONTENT_ASPECTS:
        rated = select(ratings, aspect=aspect)
        if rated.empty:
            continue
        table = wide(rated, setting.framework.target_ids(target_type))
        limits = _range(setting, activity, target_type, aspect)
        common = {
            "stream": activity, "target_type": target_type, "aspect": aspect,
            "source_rows": mark(rated, "ratings", f"{activity} {target_type} {aspect}"),
        }  # fmt: skip
        parts.append(
            rows_from(
                item_cvi(
                    table,
                    relevant_from=setting.rules.value("relevant_from"),
                    ci_level=setting.level,
                    scale=limits,
                ),
                statistic="item_cvi", unit="share", **common,
            )
        )  # fmt: skip
        parts.append(
            rows_from(aiken_v(table, scale=limits, ci_level=setting.level), statistic="aiken_v",
                      unit="coefficient", **common)
        )  # fmt: skip
        parts.append(
            rows_from(
                scale_cvi(table, variant="average", relevant_from=setting.rules.value("relevant_from"),
                          scale=limits),
                statistic="scale_cvi_average", unit="share", **common,
            )
        )  # fmt: skip
        parts.append(_distribution(rated, common, limits))
    return gather(parts)


def module_opinions(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return, for each module and aspect of the guide, the share of reviewers in the top third of the scale."""
    ratings = select(of_activity(tables["ratings"], setting, "guide_review"), target_type="module")
    parts = []
    for aspect in sorted(ratings["aspect"].unique()):
        rated = select(ratings, aspect=aspect)
        low, high = _range(setting, "guide_review", "module", aspect)
        cut = low + 2 / 3 * (high - low)
        table = wide(rated, setting.framework.target_ids("module"))
        shares = item_cvi(table, relevant_from=cut, ci_level=setting.level, scale=(low, high))
        common = {
            "stream": "guide_review", "target_type": "module", "aspect": str(aspect),
            "source_rows": mark(rated, "ratings", f"guide_review module {aspect}"),
        }  # fmt: skip
        parts.append(rows_from(shares.assign(method=f"share at or above {cut:g} of {high:g}"),
                               statistic="share_favourable", unit="share", **common))  # fmt: skip
        parts.append(_distribution(rated, common, (low, high)))
    return gather(parts)


def comment_counts(tables: Tables, setting: Setting, activity: str) -> pd.DataFrame:
    """Return how many written comments an activity gave; nothing when it is not part of the study.

    Where a feedback register lists the comments, they are counted there and nowhere else.
    """
    if not setting.study.of(activity):
        return gather([])
    comments = tables["comments"]
    register = of_activity(comments, setting, "triage")
    listed = register if len(register) else of_activity(comments, setting, activity)
    count = int((listed["stream"] == activity).sum())
    return count_row(count, stream=activity, statistic="n_comments", unit="count of rows",
                     n_used=count)  # fmt: skip


def _range(setting: Setting, activity: str, target_type: str, aspect: str) -> tuple[float, float]:
    for source in setting.study.of(activity):
        for block in source.blocks:
            if block.target_type == target_type and block.aspect == aspect and block.scale:
                if block.scale == "framework":
                    return setting.framework.scale.limits if setting.framework.scale else (1, 5)
                return block.scale
    raise_missing(activity, target_type, aspect)
    return (1, 4)


def raise_missing(activity: str, target_type: str, aspect: str) -> None:
    """Refuse a rating whose scale range the study file does not state."""
    from ..core import StudyError

    raise StudyError(
        f"source of {activity!r}: state the range of {target_type} {aspect} ratings as 'scale: [low, high]'; "
        "it is never inferred from the answers"
    )


def _distribution(rated: pd.DataFrame, common: dict[str, str], limits: tuple[float, float]) -> pd.DataFrame:
    """Return how many gave each answer, per target."""
    present = rated.dropna(subset=["value"])
    sizes = present.groupby("target_id")["value"].size()
    frames = []
    low, high = round(limits[0]), round(limits[1])
    for point in range(low, high + 1):
        counts = present[present["value"] == point].groupby("target_id")["value"].size()
        counts = counts.reindex(sizes.index, fill_value=0)
        frames.append(
            pd.DataFrame(
                {"target_id": counts.index, "estimate": counts.to_numpy(float), "group": f"point_{point}",
                 "n_used": sizes.to_numpy()}
            )
        )  # fmt: skip
    if not frames:
        return pd.DataFrame()
    return rows_from(pd.concat(frames), statistic="answers", unit="people", **common)
