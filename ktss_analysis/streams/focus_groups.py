"""Focus groups: what was raised by how many groups and speakers, how well coders agree, saturation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..core import Estimate
from ..psychometrics.agreement import krippendorff_alpha
from ..psychometrics.coding import code_cooccurrence, code_salience, saturation
from ..psychometrics.gwet import gwet_ac
from ..results import count_row, rows_from, text_row
from .common import Setting, Tables, gather, mark

STREAM = "focus_groups"


def coded_turns(tables: Tables) -> pd.DataFrame:
    """Return the codings that count: those of the first coder, so that double coding counts nothing twice."""
    codings = tables["codings"]
    if codings.empty:
        return codings
    first = codings.groupby(["group_id", "turn"])["coder_id"].transform("min")
    return codings[codings["coder_id"] == first]


def target_of(codebook: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return code -> (target type, target id): codes that name a skill stand for the skill."""
    return {
        str(row.code_id): ("skill", str(row.skill_id)) if pd.notna(row.skill_id) and row.skill_id else
        ("code", str(row.code_id))
        for row in codebook.itertuples()
    }  # fmt: skip


def salience(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return groups and speakers that raise each code, and the tone of what they say.

    People within a group are not independent: counts are given, without interval or test.
    """
    codings = coded_turns(tables)
    if codings.empty:
        return gather([])
    n_groups = int(codings["group_id"].nunique())
    n_speakers = int(codings["person_id"].nunique())
    counted = code_salience(codings, n_groups=n_groups, n_speakers=n_speakers)
    note = mark(codings, "codings", "first coder")
    targets = target_of(tables["codebook"])
    counted = counted.set_index("code_id")
    parts = []
    for code_id, (target_type, target_id) in targets.items():
        row = counted.loc[code_id] if code_id in counted.index else None
        parts.append(_salience_rows(row, target_type, target_id, n_groups, n_speakers, note))
    parts += [
        text_row(str(row.label), stream=STREAM, statistic="code_label", target_type="code",
                 target_id=str(row.code_id))
        for row in tables["codebook"].itertuples()
        if targets[str(row.code_id)][0] == "code" and pd.notna(row.label)
    ]  # fmt: skip
    parts.append(count_row(n_groups, stream=STREAM, statistic="n_groups", unit="groups", source_rows=note))
    parts.append(count_row(n_speakers, stream=STREAM, statistic="n_speakers", source_rows=note))
    turns = len(codings[["group_id", "turn"]].drop_duplicates())
    parts.append(count_row(turns, stream=STREAM, statistic="n_coded_turns", unit="count of rows",
                           source_rows=note))  # fmt: skip
    return gather(parts)


def _salience_rows(
    row: pd.Series | None, target_type: str, target_id: str, n_groups: int, n_speakers: int, note: str
) -> pd.DataFrame:
    groups = float(row["n_groups"]) if row is not None else 0.0
    speakers = float(row["n_speakers"]) if row is not None else 0.0
    turns = float(row["n_turns"]) if row is not None else 0.0
    common = {"stream": STREAM, "target_type": target_type, "target_id": target_id, "source_rows": note}
    parts = [
        count_row(groups, statistic="groups_raising", n_used=n_groups, unit="groups", **common),
        count_row(speakers, statistic="speakers_raising", n_used=n_speakers, unit="speakers", **common),
        count_row(turns, statistic="turns_coded", n_used=int(turns), unit="count of rows", **common),
    ]
    for tone in ("positive", "negative"):
        if row is None or turns == 0:
            value = Estimate.absent("undefined", "never raised", method="share of coded turns")
        else:
            value = Estimate(float(row[f"n_{tone}"]) / turns, method="share of coded turns", n_used=int(turns))
        parts.append(rows_from(value, statistic=f"share_{tone}", unit="share of turns", **common))
    return pd.concat(parts)


def coder_agreement(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return how far coders agree on every code, on the turns that two coders coded, groups as clusters.

    Krippendorff's alpha, and beside it what makes it differ: Gwet's AC1, the share of turns on which all coders agree,
    and the prevalence, the mean over coders of the share of turns with the code.
    """
    codings = tables["codings"]
    double = codings[codings["double_coded"].fillna(False).astype(bool)] if len(codings) else codings
    if double.empty:
        return gather([])
    coders = sorted(double["coder_id"].unique())
    turns = double[["group_id", "turn"]].drop_duplicates().sort_values(["group_id", "turn"])
    index = pd.MultiIndex.from_frame(turns)
    note = mark(double, "codings", "double coded")
    rare = setting.rules.value("rare_code")
    parts = [count_row(len(turns), stream=STREAM, statistic="n_double_coded_turns", unit="count of rows",
                       source_rows=note)]  # fmt: skip
    for code_id, (target_type, target_id) in target_of(tables["codebook"]).items():
        mine = double[double["code_id"] == code_id]
        marks = np.zeros((len(turns), len(coders)))
        for number, coder in enumerate(coders):
            hit = pd.MultiIndex.from_frame(mine.loc[mine["coder_id"] == coder, ["group_id", "turn"]])
            marks[index.isin(hit), number] = 1
        common = {"stream": STREAM, "target_type": target_type, "target_id": target_id, "source_rows": note}
        agree = Estimate(float((marks == marks[:, :1]).all(axis=1).mean()), n_used=len(turns),
                         method="share of double-coded turns on which all coders agree")  # fmt: skip
        parts.append(rows_from(agree, statistic="coder_agreement_share", unit="share of turns", **common))
        used = Estimate(float(marks.mean()), n_used=len(turns), method="share of turns with the code, mean over coders")
        parts.append(rows_from(used, statistic="code_prevalence", unit="share of turns", **common))
        reason = f"coded in fewer than {rare:g} double-coded turns" if marks.any(axis=1).sum() < rare else ""
        for statistic, value in _chance_corrected(marks, turns["group_id"].to_numpy(), reason, setting.level).items():
            parts.append(rows_from(value, statistic=statistic, unit="coefficient", **common))
    return gather(parts)


def _chance_corrected(marks: np.ndarray, groups: np.ndarray, reason: str, level: float) -> dict[str, Estimate]:
    """Return Krippendorff's alpha and Gwet's AC1 of one code, or `reason` where it is too rare for either."""
    if reason:
        absent = {"krippendorff_alpha": "Krippendorff's alpha, nominal", "gwet_ac1": "Gwet's AC1"}
        return {
            statistic: Estimate.absent("too_few", reason, n_used=len(marks), method=name)
            for statistic, name in absent.items()
        }
    options: dict[str, Any] = {"ci_method": "jackknife", "ci_level": level, "cluster": groups}
    return {
        "krippendorff_alpha": krippendorff_alpha(marks, level="nominal", **options),
        "gwet_ac1": gwet_ac(marks, categories=(0, 1), **options),
    }


def saturation_curve(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return the share of all codes found after one, two, ... groups, over all orders of the groups."""
    codings = coded_turns(tables)
    if codings.empty or codings["group_id"].nunique() < 2:
        return gather([])
    curve = saturation(codings)
    note = mark(codings, "codings", "first coder")
    frame = pd.DataFrame(
        {
            "target_id": [f"groups_{int(k):02d}" for k in curve["n_groups"]],
            "estimate": curve["coverage"], "ci_low": curve["coverage_low"], "ci_high": curve["coverage_high"],
            "n_used": curve["n_used"],
        }
    )  # fmt: skip
    return rows_from(
        frame, stream=STREAM, statistic="saturation", target_type="position", unit="share of codes",
        ci_method="lowest and highest over all group orders", method="share of codes heard, mean over all orders",
        source_rows=note,
    )  # fmt: skip


def cooccurrence(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return the Jaccard similarity of skills that speakers raise together, for pairs in three or more groups."""
    codings = coded_turns(tables)
    if codings.empty:
        return gather([])
    pairs = code_cooccurrence(codings, unit="person")
    targets = target_of(tables["codebook"])
    rows = []
    for row in pairs.itertuples():
        first, second = targets.get(str(row.code_id)), targets.get(str(row.other_code_id))
        in_three_groups = int(row.n_groups) >= 3
        if in_three_groups and first and second and first[0] == second[0] == "skill":
            rows.append({"target_id": f"{first[1]}~{second[1]}", "estimate": float(row.estimate),
                         "n_used": int(row.n_used)})  # fmt: skip
    if not rows:
        return gather([])
    return rows_from(pd.DataFrame(rows), stream=STREAM, statistic="cooccurrence", target_type="skill_pair",
                     unit="coefficient", method="Jaccard over speakers",
                     source_rows=mark(codings, "codings", "first coder"))  # fmt: skip


def framework_matrix(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return the number of coded turns per skill and group."""
    codings = coded_turns(tables)
    if codings.empty:
        return gather([])
    note = mark(codings, "codings", "first coder")
    targets = target_of(tables["codebook"])
    counts = codings.groupby(["code_id", "group_id"]).size()
    groups = sorted(codings["group_id"].unique())
    parts = []
    for code_id, (target_type, target_id) in targets.items():
        frame = pd.DataFrame(
            {"target_id": target_id, "group": groups,
             "estimate": [float(counts.get((code_id, group), 0)) for group in groups],
             "n_used": [int(counts.get((code_id, group), 0)) for group in groups]}
        )  # fmt: skip
        parts.append(rows_from(frame, stream=STREAM, statistic="turns_by_group", target_type=target_type,
                               unit="count of rows", source_rows=note))  # fmt: skip
    return gather(parts)


def released_quotes(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return the quotes that were released for print, at most two per speaker, pseudonymous."""
    comments = tables["comments"]
    quotes = comments[(comments["stream"] == STREAM) & (comments["review"] == "released")]
    if quotes.empty:
        return gather([])
    quotes = quotes.sort_values("comment_id")
    quotes = quotes[quotes.groupby("person_id").cumcount() < 2]
    return gather(
        text_row(str(row.text), stream=STREAM, statistic="quote", target_type=str(row.target_type),
                 target_id=str(row.target_id), aspect=_tone(row), group=str(row.comment_id),
                 reason=f"{_plain(row.language)}|{_plain(row.group_id)}", source_rows=f"comments[{row.comment_id}]")
        for row in quotes.itertuples()
    )  # fmt: skip


def _plain(value: object) -> str:
    return "" if pd.isna(value) else str(value)


def _tone(row: Any) -> str:
    return {"+": "supporting", "-": "contrary"}.get(_plain(row.valence), "neutral")
