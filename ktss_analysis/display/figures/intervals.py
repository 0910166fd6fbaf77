"""The panel of dots with intervals that forest plots, rankings and strips share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..numbers import INTERVAL_WORD, format_count, format_share, format_value
from ..style import SMALL, Sheet, text_width, wrap
from .base import RowGrid, has_interval, nice_ticks, reason_of, row_mark, tick_texts, value_limits, value_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Limits = tuple[float, float]


def margin_texts(sheet: Sheet, data: pd.DataFrame, kind: str) -> tuple[list[str], list[str], str]:
    """Return the texts at the right: n, value with interval, and the heading of the latter with the level."""
    locale = sheet.locale
    counts = data["n_used"] if "n_used" in data else pd.Series(np.nan, index=data.index)
    n = [format_count(value, locale=locale) if np.isfinite(value) else "" for value in counts]
    values = [value_text(row, kind, locale) for row in data.itertuples()]
    levels = data.get("ci_level", pd.Series(dtype=float)).dropna().unique()
    heading = sheet.word("value")
    if any(has_interval(row) for row in data.itertuples()):
        word = INTERVAL_WORD.get(locale.replace("_", "-").split("-")[0], "CI")
        level = f"{format_share(float(levels[0]), locale)} " if len(levels) == 1 else ""
        heading = f"{heading} [{level}{word}]"
    return n, values, heading


def draw_margin(sheet: Sheet, data: pd.DataFrame, grid: RowGrid, top: float, kind: str) -> float:
    """Write n and value with interval at the right edge; return the width taken."""
    n, values, heading = margin_texts(sheet, data, kind)
    value_width = max(text_width(text, SMALL) for text in (*values, heading)) + 0.05
    n_width = max(text_width(text, SMALL) for text in (*n, sheet.word("n"))) if any(n) else 0.0
    right, n_right = sheet.room - 0.05, sheet.room - 0.05 - value_width - 0.12
    if any(values):
        sheet.text(right, top - 0.1, heading, size=SMALL, ha="right", color=sheet.theme.note)
    if any(n):
        sheet.text(n_right, top - 0.1, sheet.word("n"), size=SMALL, ha="right", color=sheet.theme.note)
    for y, count, value in zip(grid.centres, n, values, strict=True):
        if value:
            sheet.text(right, top + y, value, size=SMALL, ha="right")
        if count:
            sheet.text(n_right, top + y, count, size=SMALL, ha="right", color=sheet.theme.secondary)
    return margin_width(sheet, data, kind) if n_width or value_width else 0.0


def margin_width(sheet: Sheet, data: pd.DataFrame, kind: str) -> float:
    """Return the inches that `draw_margin` needs, with the gap to the panel."""
    n, values, heading = margin_texts(sheet, data, kind)
    width = max(text_width(text, SMALL) for text in (*values, heading)) + 0.1 if any(values) else 0.0
    if any(n):
        width += max(text_width(text, SMALL) for text in (*n, sheet.word("n"))) + 0.12
    return width + 0.18


def reasons(sheet: Sheet, data: pd.DataFrame, width: float) -> list[str]:
    """Return the wrapped reasons of rows that are not shown; empty texts for the others."""
    return [
        "" if row.status == "ok" else wrap(reason_of(row, sheet), width - 0.3, size=SMALL) for row in data.itertuples()
    ]


def limits_of(data: pd.DataFrame, thresholds: Mapping[str, float], kind: str, limits: Limits | None) -> Limits:
    """Return the ends of the axis so that every dot, interval and threshold is inside."""
    if limits is not None:
        return limits
    columns = [name for name in ("estimate", "ci_low", "ci_high") if name in data]
    return value_limits([*data[columns].to_numpy(dtype=float).ravel(), *thresholds.values()], kind)


def threshold_text(label: str, value: float, kind: str, locale: str) -> str:
    """Return a threshold's label with its value; a label that already names the value stays as it is."""
    number = format_value(value, kind, locale)
    return label if number in label else f"{label} {number}"


def threshold_places(
    sheet: Sheet, thresholds: Mapping[str, float], kind: str, limits: Limits, left: float, width: float
) -> list[tuple[str, float, float, int]]:
    """Return text, value, x in inches and level of each threshold's label; colliding ones go up a level."""
    placed: list[tuple[str, float, float, int]] = []
    spans: list[tuple[float, float, int]] = []
    ordered = sorted(thresholds.items(), key=lambda entry: entry[1])
    for index, (label, value) in enumerate(ordered):
        text = threshold_text(label, value, kind, sheet.locale)
        half = text_width(text, SMALL) / 2 + 0.05
        line = left + width * (value - limits[0]) / (limits[1] - limits[0])
        shift = 0.0 if len(ordered) == 1 else half * (2 * index / (len(ordered) - 1) - 1)
        x = min(max(line + shift, half), sheet.room - half)
        level = 0
        while any(taken == level and x - half < end and start < x + half for start, end, taken in spans):
            level += 1
        spans.append((x - half, x + half, level))
        placed.append((text, value, x, level))
    return placed


def threshold_strip(
    sheet: Sheet, data: pd.DataFrame, kind: str, placed: Sequence[tuple[str, float, float, int]], right: float
) -> tuple[float, float]:
    """Return the height of the strip above the panel, and how far labels rise over the margin's heading."""
    levels = max((level for *_, level in placed), default=0) * 0.16
    reach = max((x + text_width(text, SMALL) / 2 for text, _, x, _ in placed), default=0.0)
    lift = 0.17 if reach > right and any(margin_texts(sheet, data, kind)[1]) else 0.0
    return 0.24 + levels + lift, lift


def draw_panel(
    sheet: Sheet,
    data: pd.DataFrame,
    grid: RowGrid,
    place: tuple[float, float, float],
    kind: str,
    limits: Limits,
    notes: Sequence[str],
    banded: Sequence[bool] | None = None,
) -> Axes:
    """Draw grid, intervals, marks and reasons at `place` (left, top, width); return the axes.

    `banded` tells which rows stand on a shaded band; by default every other one.
    """
    left, top, width = place
    axes = sheet.axes(left, top, width, grid.total)
    axes.set_xlim(*limits)
    axes.set_ylim(grid.total, 0)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    ticks = nice_ticks(*limits)
    if kind == "count":
        ticks = [tick for tick in ticks if tick == int(tick)]
    axes.set_xticks(ticks, tick_texts(ticks, kind, sheet.locale))
    sheet.value_grid(axes)
    for index, (row, y, note) in enumerate(zip(data.itertuples(), grid.centres, notes, strict=True)):
        mark = row_mark(row, sheet)
        if row.status != "ok":
            inch = (limits[1] - limits[0]) / width
            axes.plot([limits[0] + 0.1 * inch], [y], clip_on=False, zorder=4, **sheet.marker(mark))
            shaded = index % 2 == 0 if banded is None else banded[index]
            fill = sheet.theme.band if shaded else sheet.theme.background
            box = {"facecolor": fill, "edgecolor": "none", "pad": 1.0}
            sheet.text(left + 0.24, top + y, note, size=SMALL, color=sheet.theme.note, bbox=box)
            continue
        if has_interval(row):
            axes.plot([row.ci_low, row.ci_high], [y, y], color=mark.colour, linewidth=1.6, zorder=3, clip_on=False)
        axes.plot([row.estimate], [y], zorder=4, clip_on=False, **sheet.marker(mark))
    return axes


def draw_thresholds(
    sheet: Sheet, axes: Axes, placed: Sequence[tuple[str, float, float, int]], top: float, lift: float
) -> None:
    """Draw labelled dashed lines from the labels down to the axis."""
    bottom = axes.get_ylim()[0]
    for text, value, x, level in placed:
        height = lift + level * 0.16
        axes.plot([value, value], [-height - 0.02, bottom], color=sheet.theme.secondary, linewidth=1.1,
                  linestyle=(0, (4, 3)), zorder=2, clip_on=False)  # fmt: skip
        sheet.text(x, top - 0.1 - height, text, size=SMALL, ha="center", color=sheet.theme.secondary)
