"""Heat map with the numbers printed in the cells: co-occurrence, framework matrix, correlations."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import pandas as pd

from ..colours import text_colour_on
from ..numbers import DisplayError, format_count, format_value, percent_digits
from ..palette import Mark, ramp_colour
from ..style import SIZE, SMALL, FrameOptions, Sheet, block_height, block_width, open_sheet, text_width, wrap
from .base import (
    Figure,
    draw_note,
    finish,
    hidden_note,
    hidden_sentence,
    note_height,
    prepare,
    row_grid,
    short,
    shown,
)

SMALLEST = 6.5


def heatmap(
    matrix: pd.DataFrame,
    *,
    value_format: str = "coefficient",
    limits: tuple[float, float] | None = None,
    **options: Unpack[FrameOptions],
) -> Figure:
    """Draw a matrix as coloured cells with their numbers.

    Parameters
    ----------
    matrix : pandas.DataFrame
        One row per cell: `target_id` (row), `group` (column), `estimate`; optional `label` (name of the row),
        `status, reason`. Pairs that are absent stay blank, so the lower triangle of a symmetric matrix is
        drawn by giving only that.
    value_format : str, default "coefficient"
        Kind of number, see `numbers.format_value`; percent signs are left out in cells.
    limits : (float, float), optional
        Values of the palest and the strongest colour; by default the smallest and the largest value.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.

    Notes
    -----
    A matrix with many columns makes the sheet wider, so that the numbers stay legible. Small values are close
    to the ground of the page and large ones far from it, in one hue, so lightness alone carries the order.
    """
    data = prepare(matrix, ["target_id", "group", "estimate"], "heatmap")
    data["group"] = data["group"].astype(str)
    if data.duplicated(["target_id", "group"]).any():
        raise DisplayError("heatmap: one row per pair of row and column; a pair stands there twice")
    targets, columns = data.drop_duplicates("target_id"), list(dict.fromkeys(data["group"]))
    values = shown(data)["estimate"]
    ends = limits or ((values.min(), values.max()) if len(values) else (0.0, 1.0))
    texts = {
        (row.target_id, row.group): _cell_text(row.estimate, value_format, options.get("locale", "en"))
        for row in shown(data).itertuples()
    }
    with open_sheet(options) as sheet:
        grid = row_grid(sheet, targets["label"].tolist(), share=0.3, minimum=0.24)
        widest = max((text_width(text, SIZE) for text in texts.values()), default=0.1) / SIZE
        pitch = min((sheet.room - grid.label_width) / len(columns), 1.1)
        if pitch < widest * SMALLEST + 0.06:
            pitch = widest * SMALLEST + 0.06
            sheet.widen(grid.label_width + pitch * len(columns))
        size = min(SIZE, (pitch - 0.06) / widest)
        heads, upright = _heads(columns, pitch)
        top = max(block_width(h, SMALL) if upright else block_height(h, SMALL) for h in heads) + 0.12
        note = hidden_note(sheet, data)
        sheet.lay_out(top + grid.total + 0.02 + note_height(note))
        draw_note(sheet, note, top + grid.total)
        grid.draw(sheet, top, bands=False)
        for index, head in enumerate(heads):
            sheet.text(grid.label_width + (index + 0.5) * pitch, top - 0.05, head, size=SMALL, ha="center",
                       va="bottom", rotation=90 if upright else 0, ma="left" if upright else "center",
                       color=sheet.theme.secondary)  # fmt: skip
        axes = sheet.canvas()
        places = {target: (y, height) for target, y, height in
                  zip(targets["target_id"], grid.centres, grid.heights, strict=True)}  # fmt: skip
        for row in data.itertuples():
            y, height = places[row.target_id]
            x = grid.label_width + columns.index(row.group) * pitch
            text = texts.get((row.target_id, row.group))
            _cell(sheet, axes, (x, top + y, pitch, height), text, _scaled(row.estimate, ends), size)
        counts = {"rows": format_count(len(targets), locale=sheet.locale),
                  "columns": format_count(len(columns), locale=sheet.locale)}  # fmt: skip
        return finish(sheet, data, sheet.word("alt.heatmap", **counts), hidden_sentence(sheet, data),
                      _extremes(sheet, data, value_format))  # fmt: skip


def _cell_text(value: float, kind: str, locale: str) -> str:
    return percent_digits(value, locale=locale) if kind == "share" else format_value(value, kind, locale)


def _scaled(value: float, ends: tuple[float, float]) -> float:
    if not np.isfinite(value):
        return float("nan")
    return float(np.clip((value - ends[0]) / ((ends[1] - ends[0]) or 1.0), 0, 1))


def _heads(columns: list[str], pitch: float) -> tuple[list[str], bool]:
    """Return wrapped column names, and whether they must stand upright because the columns are narrow."""
    longest = max(text_width(word, SMALL) for name in columns for word in name.split())
    if longest <= pitch - 0.06:
        return [wrap(name, pitch - 0.06, size=SMALL) for name in columns], False
    lines = max(1, int((pitch - 0.02) / block_height("x", SMALL)))
    return [wrap(name, 1.5, size=SMALL, lines=min(lines, 2)) for name in columns], True


def _cell(
    sheet: Sheet,
    axes: Any,
    place: tuple[float, float, float, float],
    text: str | None,
    share: float,
    size: float,
) -> None:
    from matplotlib.patches import Rectangle

    x, y, width, height = place
    corner = (x + 0.01, y - height / 2 + 0.01)
    if text is None:
        edge: dict[str, Any] = {"edgecolor": sheet.theme.note, "linewidth": 0.7, "linestyle": "--"}
        axes.add_patch(Rectangle(corner, width - 0.02, height - 0.02, facecolor="none", **edge))
        axes.plot([x + width / 2], [y], **sheet.marker(Mark(sheet.theme.note, "o", False, "○"), size=5))
        return
    colour = ramp_colour(share, sheet.theme)
    axes.add_patch(Rectangle(corner, width - 0.02, height - 0.02, facecolor=colour, edgecolor="none"))
    sheet.text(x + width / 2, y, text, ha="center", va="center_baseline", size=size, color=text_colour_on(colour))


def _extremes(sheet: Sheet, data: pd.DataFrame, kind: str) -> str:
    rows = shown(data)
    pairs = rows[rows["target_id"] != rows["group"]]
    if pairs.empty:
        return sheet.word("alt.none")
    high, low = pairs.loc[pairs["estimate"].idxmax()], pairs.loc[pairs["estimate"].idxmin()]
    return sheet.word(
        "alt.heatmap_extremes",
        high=f"{short(high['label'], 28)} × {short(high['group'], 28)}",
        low=f"{short(low['label'], 28)} × {short(low['group'], 28)}",
        high_value=format_value(high["estimate"], kind, sheet.locale),
        low_value=format_value(low["estimate"], kind, sheet.locale),
    )
