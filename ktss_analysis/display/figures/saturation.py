"""Saturation curve: how many themes are known after one group, two groups and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np
import pandas as pd

from ..numbers import EN_DASH, DisplayError, format_count, format_value
from ..style import SMALL, FrameOptions, Sheet, block_height, open_sheet, spread, wrap
from .base import Figure, finish, hidden_sentence, nice_ticks, prepare, reason_of, shown, tick_texts
from .intervals import threshold_text


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
    groups = pd.to_numeric(rows["value"]).astype(int) if "value" in rows else None
    data = prepare(rows, ["value", "estimate", "lowest", "highest"], "saturation")
    data["value"] = groups.to_numpy() if groups is not None else data["value"]
    data = data.sort_values("value").reset_index(drop=True)
    if data["value"].duplicated().any():
        raise DisplayError("saturation: one row per number of groups; a number stands there twice")
    lines = dict(thresholds or {})
    with open_sheet(options) as sheet:
        theme, locale = sheet.theme, sheet.locale
        known = shown(data)
        right = 1.9
        notes = [
            wrap(f"○ {format_count(row.value, locale=locale)} {sheet.word('groups_analysed')}: "
                 f"{reason_of(row, sheet)}", sheet.room - 0.1, size=SMALL)
            for row in data[data["status"] != "ok"].itertuples()
        ]  # fmt: skip
        height, below = 2.7, 0.5
        sheet.lay_out(0.15 + height + below + sum(block_height(note, SMALL) + 0.05 for note in notes))
        axes = sheet.axes(0.6, 0.15, sheet.room - 0.6 - right, height)
        top = 1.0 if value_format == "share" else float(np.nanmax([*data["highest"], *lines.values(), 1.0]))
        axes.set_xlim(data["value"].min() - 0.15, data["value"].max() + 0.15)
        axes.set_ylim(0, top * (1.02 if value_format == "share" else 1.1))
        ticks = nice_ticks(0, top)
        axes.set_yticks(ticks, tick_texts(ticks, value_format, locale))
        step = max(1, -(-len(data) // 14))
        axes.set_xticks(
            data["value"][::step], [format_count(v, locale=locale) for v in data["value"][::step]]
        )
        axes.set_xlabel(sheet.word("groups_analysed"), color=theme.secondary, size=SMALL, labelpad=3)
        sheet.value_grid(axes, "y")
        colour = theme.categories[0].colour
        axes.fill_between(
            data["value"], data["lowest"], data["highest"], color=colour, alpha=0.18, linewidth=0
        )
        axes.plot(data["value"], data["estimate"], color=colour, linewidth=1.8, zorder=3)
        axes.plot(
            data["value"], data["estimate"], zorder=4, clip_on=False, **sheet.marker(theme.categories[0])
        )
        x = sheet.room - right + 0.1
        for value in lines.values():
            axes.axhline(value, color=theme.secondary, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2)
        named = [(threshold_text(label, value, value_format, locale), value, theme.secondary)
                 for label, value in lines.items()]  # fmt: skip
        if len(known):
            last, middle = known.iloc[-1], known.iloc[len(known) // 2 if len(known) > 2 else 0]
            mean = f"{sheet.word('mean')}: {format_value(last['estimate'], value_format, locale)}"
            named.append((mean, last["estimate"], theme.text))
            named.append((sheet.word("range"), (middle["lowest"] + middle["highest"]) / 2, theme.note))
        labels = [(wrap(text, right - 0.15, size=SMALL), float(value), ink) for text, value, ink in named]
        _write(sheet, labels, x, 0.15, height, axes.get_ylim()[1])
        y = 0.15 + height + below
        for note in notes:
            sheet.text(0.05, y, note, va="top", size=SMALL, color=theme.note)
            y += block_height(note, SMALL) + 0.05
        return finish(sheet, data, sheet.word("alt.saturation"), *_points(sheet, known, value_format),
                      hidden_sentence(sheet, data))  # fmt: skip


def _write(
    sheet: Sheet,
    labels: Sequence[tuple[str, float, str]],
    x: float,
    top: float,
    height: float,
    highest: float,
) -> None:
    """Write direct labels at the heights of what they name, moved apart where they would overlap."""
    wanted = [top + height * (1 - value / highest) for _, value, _ in labels]
    sizes = [block_height(text, SMALL) + 0.06 for text, *_ in labels]
    for (text, _, colour), y in zip(labels, spread(wanted, sizes, top - 0.1, top + height), strict=True):
        sheet.text(x, y, text, size=SMALL, color=colour)


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
