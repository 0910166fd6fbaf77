"""Ranking as tiers: dots with intervals under the heading of their tier."""

from __future__ import annotations

from typing import Unpack

import pandas as pd

from ..numbers import format_count
from ..style import FrameOptions, open_sheet
from . import intervals as panel
from .base import Figure, extremes_sentence, finish, hidden_sentence, in_groups, prepare, row_grid, short


def tiers(
    rows: pd.DataFrame,
    *,
    value_format: str = "number",
    limits: tuple[float, float] | None = None,
    **options: Unpack[FrameOptions],
) -> Figure:
    """Draw estimates with intervals under the heading of their tier; places within a tier are not numbered.

    Parameters
    ----------
    rows : pandas.DataFrame
        `target_id, estimate, group` (the tier's name, in order of first appearance); optional `label, ci_low,
        ci_high, ci_level, n_used, status, reason`. Within a tier the order is kept.
    value_format : str, default "number"
        Kind of number, see `numbers.format_value`.
    limits : (float, float), optional
        Ends of the value axis.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.
    """
    data = in_groups(prepare(rows, ["target_id", "estimate", "group"], "tiers"), "group")
    groups = data["group"].fillna("").astype(str).tolist()
    with open_sheet(options) as sheet:
        margin = panel.margin_width(sheet, data, value_format)
        width = sheet.room - row_grid(sheet, data["label"].tolist()).label_width - margin
        notes = panel.reasons(sheet, data, width)
        grid = row_grid(sheet, data["label"].tolist(), notes=notes, groups=groups)
        ends = panel.limits_of(data, {}, value_format, limits)
        top = 0.24
        sheet.lay_out(top + grid.total + 0.28)
        back = grid.draw(sheet, top, bands=False)
        names = list(dict.fromkeys(groups))
        for name in names[::2]:
            inside = [index for index, group in enumerate(groups) if group == name]
            start = grid.centres[inside[0]] - grid.heights[inside[0]] / 2
            stop = grid.centres[inside[-1]] + grid.heights[inside[-1]] / 2
            back.axhspan(start, stop, color=sheet.theme.band, linewidth=0)
        banded = [names.index(group) % 2 == 0 for group in groups]
        panel.draw_panel(sheet, data, grid, (grid.label_width, top, width), value_format, ends, notes, banded)
        panel.draw_margin(sheet, data, grid, top, value_format)
        count, parts = (
            format_count(len(data), locale=sheet.locale),
            format_count(len(names), locale=sheet.locale),
        )
        sentences = [
            sheet.word("alt.tier", tier=short(name, 24), count=format_count(groups.count(name), locale=sheet.locale))
            for name in names
        ]
        extremes = extremes_sentence(sheet, data, value_format)
        first = sheet.word("alt.tiers", count=count, tiers=parts)
        return finish(sheet, data, first, *sentences, hidden_sentence(sheet, data), extremes)
