"""Alluvial chart: what became of the comments, from kind over decision to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import pandas as pd

from ..numbers import DisplayError, format_count
from ..style import SMALL, FrameOptions, Sheet, block_height, open_sheet, spread, wrap
from .base import (
    Figure,
    draw_note,
    finish,
    hidden_sentence,
    listed_note,
    note_height,
    prepare,
    reason_of,
    short,
    shown,
)

MOST = 5
BAR = 0.16
SIDE = 1.55


def alluvial(
    rows: pd.DataFrame,
    *,
    stages: Sequence[str] = ("kind", "outcome", "label"),
    **options: Unpack[FrameOptions],
) -> Figure:
    """Draw bands from stage to stage, as wide as their counts, with the counts printed.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per path: the columns named in `stages`, and `count`; optional `status, reason`.
    stages : sequence of str, default ("kind", "outcome", "label")
        Columns from left to right. A stage with more than five names keeps the four most frequent and puts
        the rest under "other".
    **options
        Title, subtitle and the like, see `style.FrameOptions`.

    Returns
    -------
    Figure
        `data` are the paths as drawn, rare names already under "other". Paths that are not shown are in no
        band and in no sum; they are listed below the chart.
    """
    if len(stages) < 2:
        raise DisplayError(f"alluvial: stages={list(stages)!r}; needed: two or more")
    data = prepare(rows, [*stages, "count"], "alluvial", number="count")
    with open_sheet(options) as sheet:
        known = _merged(sheet, shown(data), stages)
        hidden = data[data["status"] != "ok"]
        note = listed_note(sheet, [
            f"{' → '.join(str(row[stage]) for stage in stages)}: {reason_of(row, sheet)}"
            for _, row in hidden.iterrows()
        ])  # fmt: skip
        height = 3.1
        sheet.lay_out(height + 0.1 + note_height(note))
        draw_note(sheet, note, height)
        axes = sheet.canvas()
        if len(known):
            nodes = [_nodes(known, stage, height) for stage in stages]
            pitch = (sheet.room - SIDE * 2 - BAR) / (len(stages) - 1)
            for index in range(len(stages) - 1):
                start = SIDE + index * pitch + BAR
                _bands(
                    sheet,
                    axes,
                    known,
                    stages[index : index + 2],
                    nodes[index : index + 2],
                    start,
                    pitch - BAR,
                )
            for index, stage_nodes in enumerate(nodes):
                _draw_nodes(sheet, axes, stage_nodes, SIDE + index * pitch, index, len(nodes), height, pitch)
        drawn = pd.concat([known, hidden[[*stages, "count", "status", "reason"]]], ignore_index=True)
        total = format_count(known["count"].sum(), locale=sheet.locale)
        first = sheet.word("alt.alluvial", stages=len(stages), total=total)
        return finish(sheet, drawn, first, hidden_sentence(sheet, data), *_sums(sheet, known, stages))


def _merged(sheet: Sheet, known: pd.DataFrame, stages: Sequence[str]) -> pd.DataFrame:
    """Return the paths with rare names under 'other', equal paths added up."""
    known = known[[*stages, "count"]].copy()
    for stage in stages:
        known[stage] = known[stage].astype(str)
        totals = known.groupby(stage, sort=False)["count"].sum().sort_values(ascending=False, kind="stable")
        if len(totals) > MOST:
            rare = set(totals.index[MOST - 1 :])
            known[stage] = [sheet.word("other") if name in rare else name for name in known[stage]]
    known = known.groupby(list(stages), sort=False, as_index=False)["count"].sum()
    known = known[known["count"] > 0].reset_index(drop=True)
    return known.assign(status="ok", reason="")


def _nodes(known: pd.DataFrame, stage: str, height: float) -> dict[str, tuple[float, float, float]]:
    """Return top, height and count of each name of a stage, most frequent on top."""
    totals = known.groupby(stage, sort=False)["count"].sum().sort_values(ascending=False, kind="stable")
    gap = 0.12
    unit = (height - gap * (MOST - 1)) / known["count"].sum()
    top = (height - totals.sum() * unit - gap * (len(totals) - 1)) / 2
    nodes = {}
    for name, count in totals.items():
        nodes[str(name)] = (top, count * unit, float(count))
        top += count * unit + gap
    return nodes


def _bands(
    sheet: Sheet,
    axes: Any,
    known: pd.DataFrame,
    pair: Sequence[str],
    nodes: Sequence[dict[str, tuple[float, float, float]]],
    start: float,
    length: float,
) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    flows = known.groupby(list(pair), sort=False)["count"].sum()
    used: list[dict[str, float]] = [{}, {}]
    colours = {name: sheet.theme.categories[i % len(sheet.theme.categories)].colour for i, name in enumerate(nodes[0])}
    for source in nodes[0]:
        for goal in nodes[1]:
            count = float(flows.get((source, goal), 0.0))
            if not count:
                continue
            tops, thick = [], count * nodes[0][source][1] / nodes[0][source][2]
            for side, name in enumerate((source, goal)):
                tops.append(nodes[side][name][0] + used[side].get(name, 0.0))
                used[side][name] = used[side].get(name, 0.0) + thick
            middle, end = start + length / 2, start + length
            points = [
                (start, tops[0]), (middle, tops[0]), (middle, tops[1]), (end, tops[1]),
                (end, tops[1] + thick), (middle, tops[1] + thick), (middle, tops[0] + thick),
                (start, tops[0] + thick), (start, tops[0]),
            ]  # fmt: skip
            codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
            axes.add_patch(PathPatch(Path(points, codes), facecolor=colours[source], alpha=0.35, edgecolor="none"))


def _draw_nodes(
    sheet: Sheet,
    axes: Any,
    nodes: dict[str, tuple[float, float, float]],
    x: float,
    index: int,
    stages: int,
    height: float,
    pitch: float,
) -> None:
    """Draw the bars of a stage and their names: outside at both ends, to the right of the bar in between."""
    from matplotlib.patches import Rectangle

    first, last = index == 0, index == stages - 1
    room = SIDE - 0.15 if first or last else min(pitch - BAR - 0.2, 1.3)
    texts = {
        name: wrap(f"{name}  {format_count(count, locale=sheet.locale)}", room, size=SMALL)
        for name, (_, _, count) in nodes.items()
    }
    sizes = [block_height(text, SMALL) + 0.04 for text in texts.values()]
    places = spread([top + size / 2 for top, size, _ in nodes.values()], sizes, 0.0, height)
    for (name, (top, size, _)), y in zip(nodes.items(), places, strict=True):
        axes.add_patch(Rectangle((x, top), BAR, max(size, 0.01), facecolor=sheet.theme.secondary, edgecolor="none"))
        veil = {"facecolor": sheet.theme.background, "alpha": 0.75, "edgecolor": "none", "pad": 1.0}
        box = None if first or last else veil
        sheet.text(x - 0.08 if first else x + BAR + 0.08, y, texts[name], size=SMALL,
                   ha="right" if first else "left", bbox=box)  # fmt: skip


def _sums(sheet: Sheet, known: pd.DataFrame, stages: Sequence[str]) -> list[str]:
    sentences = []
    for stage in reversed(list(stages)):
        totals = known.groupby(stage, sort=False)["count"].sum().sort_values(ascending=False, kind="stable")
        parts = ", ".join(f"{short(str(n), 20)} {format_count(c, locale=sheet.locale)}" for n, c in totals.items())
        if parts:
            sentences.append(sheet.word("alt.stage", stage=stage, parts=parts))
    return sentences
