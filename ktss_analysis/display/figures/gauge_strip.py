"""One score on its full scale, with its interval and a benchmark; made for the System Usability Scale."""

from __future__ import annotations

from typing import Unpack

import pandas as pd

from ..numbers import EN_DASH, DisplayError, format_value
from ..style import FrameOptions, open_sheet
from . import intervals as panel
from .base import Figure, finish, hidden_sentence, prepare, row_grid, short, value_text

BENCHMARK = 68.0


def gauge_strip(
    row: pd.DataFrame | pd.Series,
    *,
    benchmark: float | None = BENCHMARK,
    limits: tuple[float, float] = (0.0, 100.0),
    value_format: str = "points",
    **options: Unpack[FrameOptions],
) -> Figure:
    """Draw a score as dot and interval on a strip that shows the whole scale.

    Parameters
    ----------
    row : pandas.DataFrame or pandas.Series
        One row or a few: `target_id, estimate`; optional `label, ci_low, ci_high, ci_level, n_used, status,
        reason`.
    benchmark : float, optional
        Value of the dashed line; 68 is the mean of many products on the System Usability Scale (Sauro, 2011,
        A practical guide to the System Usability Scale). None for no line.
    limits : (float, float), default (0, 100)
        Ends of the scale; a value outside is refused.
    value_format : str, default "points"
        Kind of number, see `numbers.format_value`.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.
    """
    frame = row.to_frame().T.infer_objects() if isinstance(row, pd.Series) else row
    data = prepare(frame, ["target_id", "estimate"], "gauge_strip")
    low, high = limits
    columns = [name for name in ("estimate", "ci_low", "ci_high") if name in data]
    values = data[columns].to_numpy(dtype=float).ravel()
    outside = values[(values < low) | (values > high)]
    if len(outside):
        raise DisplayError(f"gauge_strip: {outside[0]} is outside the scale from {low} to {high}")
    with open_sheet(options) as sheet:
        from matplotlib.patches import Rectangle

        lines = {} if benchmark is None else {sheet.word("benchmark"): benchmark}
        width = (
            sheet.room - row_grid(sheet, data["label"].tolist(), share=0.25).label_width
            - panel.margin_width(sheet, data, value_format)
        )  # fmt: skip
        notes = panel.reasons(sheet, data, width)
        grid = row_grid(sheet, data["label"].tolist(), share=0.25, notes=notes, minimum=0.4)
        placed = panel.threshold_places(sheet, lines, value_format, limits, grid.label_width, width)
        strip, lift = panel.threshold_strip(sheet, data, value_format, placed, grid.label_width + width)
        sheet.lay_out(strip + grid.total + 0.28)
        grid.draw(sheet, strip, bands=False)
        place = (grid.label_width, strip, width)
        axes = panel.draw_panel(sheet, data, grid, place, value_format, limits, notes, [False] * len(data))
        for y, note in zip(grid.centres, notes, strict=True):
            if not note:
                axes.add_patch(Rectangle((low, y - 0.1), high - low, 0.2, facecolor=sheet.theme.grid, zorder=1))
        panel.draw_thresholds(sheet, axes, placed, strip, lift)
        panel.draw_margin(sheet, data, grid, strip, value_format)
        ends = [format_value(end, value_format, sheet.locale, digits=0) for end in limits]
        mark = EN_DASH if benchmark is None else format_value(benchmark, value_format, sheet.locale)
        sentences = [
            sheet.word("alt.gauge_value", label=short(item.label), benchmark=mark,
                       value=value_text(item, value_format, sheet.locale))
            for item in data.itertuples() if item.status == "ok"
        ]  # fmt: skip
        first = sheet.word("alt.gauge", low=ends[0], high=ends[1])
        return finish(sheet, data, first, *sentences, hidden_sentence(sheet, data))
