"""Slope chart: how each target moved from round to round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import pandas as pd

from ..numbers import DisplayError, format_count, format_value
from ..palette import Mark
from ..style import SMALL, FrameOptions, Sheet, block_height, open_sheet, spread, text_width, wrap
from .base import (
    Figure,
    draw_note,
    finish,
    hidden_sentence,
    listed_note,
    nice_ticks,
    note_height,
    prepare,
    reason_of,
    short,
    shown,
    tick_texts,
    value_limits,
)


def slope(
    rows: pd.DataFrame,
    *,
    value_format: str = "share",
    highlight: Sequence[str] = (),
    **options: Unpack[FrameOptions],
) -> Figure:
    """Draw one line per target over the rounds, with the name at the end of the line.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per target and round: `target_id, round, estimate`; optional `label, n_used, status, reason`.
    value_format : str, default "share"
        Kind of number, see `numbers.format_value`.
    highlight : sequence of str
        At most five target ids drawn in colour with shapes; the others are grey.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.

    Returns
    -------
    Figure
        Rounds that are not shown break the line; they are listed below the chart with their reason.
    """
    data = prepare(rows, ["target_id", "round", "estimate"], "slope")
    if data.duplicated(["target_id", "round"]).any():
        raise DisplayError("slope: one row per target and round; a pair stands there twice")
    rounds = sorted(data["round"].astype(int).unique())
    if len(rounds) < 2:
        raise DisplayError(f"slope: {len(rounds)} round(s); needed: two or more")
    strange = [name for name in highlight if name not in set(data["target_id"])]
    if strange:
        raise DisplayError(f"slope: highlighted target {strange[0]!r} is not in the rows")
    with open_sheet(options) as sheet:
        if len(highlight) > len(sheet.theme.categories):
            raise DisplayError(f"slope: {len(highlight)} highlighted; allowed: {len(sheet.theme.categories)}")
        table = data.pivot(index="target_id", columns="round", values="estimate").astype(float)
        names = data.drop_duplicates("target_id").set_index("target_id")["label"]
        ends = _end_labels(sheet, table, names, highlight, value_format)
        note = listed_note(sheet, [
            f"{row.label}, {sheet.word('round', round=row.round)}: {reason_of(row, sheet)}"
            for row in data[data["status"] != "ok"].itertuples()
        ])  # fmt: skip
        height = max(2.6, sum(size for *_, size in ends.values()) + 0.1)
        bottom = 0.1 + height + 0.36
        sheet.lay_out(bottom + note_height(note))
        draw_note(sheet, note, bottom)
        label_width = sheet.room * 0.36
        left = 0.5
        axes = sheet.axes(left, 0.1, sheet.room - left - label_width - 0.35, height)
        limits = value_limits(table.to_numpy().ravel().tolist(), "number")
        if value_format == "share":
            limits = max(0.0, limits[0]), min(1.0, limits[1])
        _axis(sheet, axes, limits, rounds, value_format)
        _lines(sheet, axes, table, highlight)
        _write_ends(sheet, axes, table, ends, highlight, limits, height, sheet.room - label_width, value_format)
        sentence = sheet.word("alt.slope", count=format_count(len(table), locale=sheet.locale), rounds=len(rounds))
        return finish(sheet, data, sentence, _change(sheet, data, value_format), hidden_sentence(sheet, data))


def _end_labels(
    sheet: Sheet, table: pd.DataFrame, names: pd.Series, highlight: Sequence[str], kind: str
) -> dict[str, tuple[str, float, float]]:
    """Return text, last value and height of the label of each target that has a last value."""
    ends = {}
    for target, values in table.iterrows():
        known = values.dropna()
        if known.empty:
            continue
        bold = target in highlight
        room = sheet.room * 0.36 - _value_width(sheet, table, kind) - 0.05
        wrapped = wrap(str(names[target]), room, size=SMALL, bold=bold)
        ends[str(target)] = (wrapped, float(known.iloc[-1]), block_height(wrapped, SMALL) + 0.05)
    return ends


def _value_width(sheet: Sheet, table: pd.DataFrame, kind: str) -> float:
    known = table.to_numpy().ravel()
    texts = [format_value(value, kind, sheet.locale) for value in known[np.isfinite(known)]]
    return max((text_width(text, SMALL, True) for text in texts), default=0.0) + 0.1


def _axis(sheet: Sheet, axes: Any, limits: tuple[float, float], rounds: Sequence[int], kind: str) -> None:
    axes.set_xlim(rounds[0] - 0.04, rounds[-1] + 0.04)
    axes.set_ylim(*limits)
    ticks = nice_ticks(*limits)
    axes.set_yticks(ticks, tick_texts(ticks, kind, sheet.locale))
    axes.set_xticks(rounds, [sheet.word("round", round=number) for number in rounds])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    sheet.value_grid(axes, "y")


def _mark(sheet: Sheet, target: str, highlight: Sequence[str]) -> Mark:
    if target in highlight:
        return sheet.theme.categories[list(highlight).index(target)]
    return Mark(sheet.theme.note, "o", True, "●")


def _lines(sheet: Sheet, axes: Any, table: pd.DataFrame, highlight: Sequence[str]) -> None:
    for target, values in table.iterrows():
        mark, strong = _mark(sheet, str(target), highlight), target in highlight
        rounds = np.array(values.index, dtype=float)
        axes.plot(rounds, values.to_numpy(), color=mark.colour, linewidth=2.0 if strong else 1.0,
                  zorder=4 if strong else 2, clip_on=False)  # fmt: skip
        axes.plot(rounds, values.to_numpy(), clip_on=False, zorder=5 if strong else 3,
                  **sheet.marker(mark, size=7.5 if strong else 4.5))  # fmt: skip


def _write_ends(
    sheet: Sheet,
    axes: Any,
    table: pd.DataFrame,
    ends: dict[str, tuple[str, float, float]],
    highlight: Sequence[str],
    limits: tuple[float, float],
    height: float,
    left: float,
    kind: str,
) -> None:
    """Write the names beside the last points, moved apart where they would overlap, with thin leaders."""
    targets = list(ends)
    inches = [0.1 + height * (1 - (ends[name][1] - limits[0]) / (limits[1] - limits[0])) for name in targets]
    sizes = [ends[name][2] for name in targets]
    placed = spread(inches, sizes, 0.05, 0.15 + height)
    leaders = sheet.canvas()
    edge = axes.get_position().x1 * sheet.width - sheet.body.left
    span = edge - (axes.get_position().x0 * sheet.width - sheet.body.left)
    for name, y_point, y_label in zip(targets, inches, placed, strict=True):
        strong = name in highlight
        last = table.loc[name].dropna().index[-1]
        x_low, x_high = axes.get_xlim()
        x_point = edge - span * (x_high - float(last)) / (x_high - x_low)
        line: dict[str, Any] = {
            "linewidth": 0.6,
            "color": sheet.theme.note,
            "linestyle": "-" if last == table.columns[-1] else ":",
        }
        leaders.plot([x_point + 0.07, edge + 0.05, left - 0.06], [y_point, y_point, y_label], zorder=1, **line)
        colour = sheet.theme.text if strong else sheet.theme.note
        weight = "bold" if strong else "normal"
        value = format_value(ends[name][1], kind, sheet.locale)
        width = _value_width(sheet, table, kind)
        sheet.text(left + width - 0.1, y_label, value, size=SMALL, color=colour, weight=weight, ha="right")
        sheet.text(left + width, y_label, ends[name][0], size=SMALL, color=colour, weight=weight)


def _change(sheet: Sheet, data: pd.DataFrame, kind: str) -> str:
    """Return the target that moved most between its first and last shown round."""
    best: tuple[float, str] | None = None
    for _, part in shown(data).sort_values("round").groupby("target_id", sort=False):
        if len(part) > 1:
            first, last = part["estimate"].iloc[0], part["estimate"].iloc[-1]
            texts = [format_value(value, kind, sheet.locale) for value in (first, last)]
            sentence = sheet.word("alt.slope_change", label=short(part["label"].iloc[0]), first=texts[0], last=texts[1])
            if best is None or abs(last - first) > best[0]:
                best = (abs(last - first), sentence)
    return best[1] if best else sheet.word("alt.none")
