"""Guide review and tool review by experts: content validity, clarity, opinions on the modules."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..glossary import RESULT_COLUMNS
from ..psychometrics.content import aiken_v, content_validity_ratio, item_cvi, modified_kappa, scale_cvi
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
        limits = rating_range(setting, activity, target_type, aspect)
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
                          scale=limits, ci_level=setting.level),
                statistic="scale_cvi_average", unit="share", **common,
            )
        )  # fmt: skip
        parts += _small_panel(table, setting, limits, common)
        parts.append(_distribution(rated, common, limits))
    return gather(parts)


def _small_panel(
    table: pd.DataFrame, setting: Setting, limits: tuple[float, float], common: dict[str, str]
) -> list[pd.DataFrame]:
    """Return what only a small panel is judged by: CVI corrected for chance, and the share of targets all agree on.

    With more reviewers the correction vanishes, and that all of them agree says little even on a sound set.
    """
    small = table.loc[:, table.notna().sum() < setting.rules.value("small_panel")]
    if small.empty or not small.shape[1]:
        return []
    options: dict[str, Any] = {
        "relevant_from": setting.rules.value("relevant_from"),
        "scale": limits,
        "ci_level": setting.level,
    }
    corrected = modified_kappa(small, **options)
    corrected = corrected[[column for column in RESULT_COLUMNS if column in corrected.columns]]
    rows = [rows_from(corrected, statistic="modified_kappa", unit="coefficient", **common)]
    if small.shape[1] == table.shape[1]:
        universal = scale_cvi(table, variant="universal", **options)
        rows.append(rows_from(universal, statistic="scale_cvi_universal", unit="share", **common))
    return rows


def essential(tables: Tables, setting: Setting, *, activity: str, target_type: str) -> pd.DataFrame:
    """Return Lawshe's content validity ratio where `activity` was asked how essential its targets are.

    The top point of the scale means essential. `n_essential` counts those who say so, `n_essential_needed` how many the
    exact one-sided binomial test asks for. No rows where the question was not asked.
    """
    rated = select(of_activity(tables["ratings"], setting, activity), target_type=target_type, aspect="essential")
    if rated.empty:
        return gather([])
    limits = rating_range(setting, activity, target_type, "essential")
    table = wide(rated, setting.framework.target_ids(target_type))
    ratios = content_validity_ratio(table, essential_from=limits[1], scale=limits, ci_level=setting.level)
    common = {
        "stream": activity, "target_type": target_type, "aspect": "essential",
        "source_rows": mark(rated, "ratings", f"{activity} {target_type} essential"),
    }  # fmt: skip
    slim = ratios[[column for column in RESULT_COLUMNS if column in ratios.columns]]
    parts = [rows_from(slim, statistic="content_validity_ratio", unit="coefficient", **common)]
    for column in ("n_essential", "n_essential_needed"):
        counts = ratios.loc[ratios[column].notna(), ["target_id", "n_used", "n_missing"]]
        counts["estimate"] = ratios.loc[counts.index, column].astype(float)
        parts.append(rows_from(counts, statistic=column, unit="people", **common))
    return gather(parts)


def module_opinions(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return, for each module and aspect of the guide, the share of reviewers in the top third of the scale."""
    ratings = select(of_activity(tables["ratings"], setting, "guide_review"), target_type="module")
    parts = []
    for aspect in sorted(ratings["aspect"].unique()):
        rated = select(ratings, aspect=aspect)
        low, high = rating_range(setting, "guide_review", "module", aspect)
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


def rating_range(setting: Setting, activity: str, target_type: str, aspect: str) -> tuple[float, float]:
    """Return the range of the ratings of an activity's targets, as the study file states it."""
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
