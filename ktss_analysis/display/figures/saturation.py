"""Saturation curve: how many themes are known after one group, two groups and so on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np
import pandas as pd

from ..numbers import EN_DASH, format_count, format_value
from ..style import FrameOptions, Sheet, open_sheet
from .base import Figure, draw_note, finish, hidden_sentence, listed_note, note_height, reason_of, shown
from .curves import BELOW, HEIGHT, TOP, counted, counted_axes, side_labels
from .intervals import threshold_text

RIGHT = 1.9


def saturation(
    rows: pd.DataFrame,
    *,
    thresholds: Mapping[str, float] | None = None,
    value_format: str = "share",
    **options: Unpack[FrameOptions],
) -> Figure:
    """Draw the mean over all orders of the groups, with a band from the lowest to the highest order.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per number of groups: `value` (groups analysed, 1, 2, ...), `estimate` (mean share or count of
        themes known), `lowest, highest` (over the orders); optional `status, reason`.
    thresholds : mapping of str to float, optional
        Label and value of horizontal dashed lines.
    value_format : str, default "share"
        Kind of number, see `numbers.format_value`.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.
    """
    data = counted(rows, ["estimate", "lowest", "highest"], "saturation")
    lines = dict(thresholds or {})
    with open_sheet(options) as sheet:
        name = sheet.word("groups_analysed")
        note = listed_note(sheet, [
            f"{format_count(row.value, locale=sheet.locale)} {name}: {reason_of(row, sheet)}"
            for row in data[data["status"] != "ok"].itertuples()
        ])  # fmt: skip
        bottom = TOP + HEIGHT + BELOW
        sheet.lay_out(bottom + note_height(note))
        draw_note(sheet, note, bottom)
        top = 1.02 if value_format == "share" else 1.1 * np.nanmax([*data["highest"], *lines.values(), 1.0])
        axes = counted_axes(sheet, data, name, right=RIGHT, limits=(0.0, float(top)), kind=value_format)
        mark, x = sheet.theme.categories[0], data["value"]
        axes.fill_between(x, data["lowest"], data["highest"], color=mark.colour, alpha=0.18, linewidth=0)
        axes.plot(x, data["estimate"], color=mark.colour, linewidth=1.8, zorder=3)
        axes.plot(x, data["estimate"], zorder=4, clip_on=False, **sheet.marker(mark))
        dashed: dict[str, Any] = {"color": sheet.theme.secondary, "linewidth": 1.1, "linestyle": (0, (4, 3))}
        for value in lines.values():
            axes.axhline(value, zorder=2, **dashed)
        side_labels(sheet, axes, _labels(sheet, shown(data), lines, value_format), RIGHT)
        points = _points(sheet, shown(data), value_format)
        return finish(sheet, data, sheet.word("alt.saturation"), *points, hidden_sentence(sheet, data))


def _labels(sheet: Sheet, known: pd.DataFrame, lines: Mapping[str, float], kind: str) -> list[tuple[str, float, str]]:
    """Return text, value and colour of what stands beside the curve."""
    theme = sheet.theme
    labels = [
        (threshold_text(label, value, kind, sheet.locale), float(value), theme.secondary)
        for label, value in lines.items()
    ]
    if len(known):
        last, middle = known.iloc[-1], known.iloc[len(known) // 2 if len(known) > 2 else 0]
        mean = f"{sheet.word('mean')}: {format_value(last['estimate'], kind, sheet.locale)}"
        labels.append((mean, float(last["estimate"]), theme.text))
        labels.append((sheet.word("range"), float(middle["lowest"] + middle["highest"]) / 2, theme.note))
    return labels


def _points(sheet: Sheet, known: pd.DataFrame, kind: str) -> list[str]:
    """Return a sentence for the first, the middle and the last point."""
    if known.empty:
        return [sheet.word("alt.none")]
    places = sorted({0, len(known) // 2, len(known) - 1})
    return [
        sheet.word(
            "alt.saturation_point",
            groups=format_count(row["value"], locale=sheet.locale),
            value=format_value(row["estimate"], kind, sheet.locale),
            low=format_value(row["lowest"], kind, sheet.locale) if np.isfinite(row["lowest"]) else EN_DASH,
            high=format_value(row["highest"], kind, sheet.locale) if np.isfinite(row["highest"]) else EN_DASH,
        )
        for _, row in known.iloc[places].iterrows()
    ]
