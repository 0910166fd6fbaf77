"""Flow of participants: per activity, how many people stood at each step."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np
import pandas as pd

from ..numbers import MINUS, DisplayError, format_count
from ..style import SIZE, SMALL, FrameOptions, Sheet, block_height, open_sheet, text_width, wrap
from .base import (
    Figure,
    alternative_text,
    draw_note,
    hidden_note,
    hidden_sentence,
    note_height,
    prepare,
    row_grid,
    short,
)

BOX = 0.33


def flow(boxes: pd.DataFrame, **options: Unpack[FrameOptions]) -> Figure:
    """Draw boxes with n, one line of boxes per activity, arrows with the number lost between them.

    Parameters
    ----------
    boxes : pandas.DataFrame
        One row per box: `target_id` (activity), `group` (the step, e.g. invited, consented, used, in order of
        first appearance), `count`; optional `label` (activity's name), `status, reason`.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.

    Returns
    -------
    Figure
        A count that is not shown has a dashed box, and the losses beside it are left out, since they would
        give it away.
    """
    data = prepare(boxes, ["target_id", "group", "count"], "flow", number="count")
    data["group"] = data["group"].astype(str)
    if data.duplicated(["target_id", "group"]).any():
        raise DisplayError("flow: one row per activity and step; a pair stands there twice")
    steps = list(dict.fromkeys(data["group"]))
    activities = data.drop_duplicates("target_id")
    with open_sheet(options) as sheet:
        reason = hidden_note(sheet, data)
        grid = row_grid(sheet, activities["label"].tolist(), share=0.3, minimum=BOX + 0.17)
        heads = [wrap(step, 1.3, size=SMALL, bold=True) for step in steps]
        top = max(block_height(head, SMALL) for head in heads) + 0.12
        sheet.lay_out(top + grid.total + 0.02 + note_height(reason))
        grid.draw(sheet, top)
        pitch = (sheet.room - grid.label_width) / len(steps)
        width = min(1.2, pitch - 0.55) if len(steps) > 1 else min(1.2, pitch)
        if width < 0.45:
            raise DisplayError(f"flow: {len(steps)} steps do not fit; allowed: at most 6")
        lefts = [grid.label_width + index * pitch + 0.05 for index in range(len(steps))]
        for head, left in zip(heads, lefts, strict=True):
            name = wrap(head, max(width, pitch - 0.1), size=SMALL, bold=True)
            style = {"size": SMALL, "weight": "bold", "color": sheet.theme.secondary}
            sheet.text(left + width / 2, top - 0.06, name, ha="center", va="bottom", **style)
        axes = sheet.canvas()
        for activity, y in zip(activities["target_id"], grid.centres, strict=True):
            cells = data[data["target_id"] == activity].set_index("group")
            _line(sheet, axes, cells, steps, lefts, width, top + y)
        draw_note(sheet, reason, top + grid.total)
        count = format_count(len(activities), locale=sheet.locale)
        chains = [_chain(sheet, data[data["target_id"] == target]) for target in activities["target_id"]]
        alt = alternative_text(sheet, sheet.word("alt.flow", count=count), hidden_sentence(sheet, data), *chains)
        return Figure(sheet.figure, data, alt)


def _line(
    sheet: Sheet, axes: Any, cells: pd.DataFrame, steps: list[str], lefts: list[float], width: float, y: float
) -> None:
    """Draw the boxes of one activity; steps it does not have are skipped."""
    from matplotlib.patches import FancyBboxPatch

    theme = sheet.theme
    before: tuple[float, float] | None = None
    for step, left in zip(steps, lefts, strict=True):
        if step not in cells.index:
            continue
        count, hidden = cells.loc[step, "count"], cells.loc[step, "status"] != "ok"
        style = "round,pad=0,rounding_size=0.05"
        axes.add_patch(FancyBboxPatch(
            (left, y - BOX / 2), width, BOX, boxstyle=style, facecolor=theme.background,
            edgecolor=theme.note if hidden else theme.categories[0].colour, linewidth=1.2,
            linestyle="--" if hidden else "-", zorder=3,
        ))  # fmt: skip
        text = wrap(f"○ {sheet.word('not_shown')}", width - 0.06, size=SMALL) if hidden else format_count(
            count, locale=sheet.locale)  # fmt: skip
        look: dict[str, Any] = {"size": SIZE + 1, "weight": "bold"}
        if hidden:
            look = {"size": SMALL, "color": theme.note}
        sheet.text(left + width / 2, y, text, ha="center", **look)
        if before is not None:
            start, previous = before
            axes.annotate("", xy=(left - 0.03, y), xytext=(start + 0.03, y), zorder=2,
                          arrowprops={"arrowstyle": "-|>", "color": theme.secondary, "linewidth": 1.1,
                                      "shrinkA": 0, "shrinkB": 0})  # fmt: skip
            change = count - previous
            if np.isfinite(change) and change:
                sign = MINUS if change < 0 else "+"
                lost = sheet.word("lost", sign=sign, count=format_count(abs(change), locale=sheet.locale))
                if text_width(lost, SMALL) < left - start - 0.04:
                    sheet.text((start + left) / 2, y - 0.11, lost, ha="center", size=SMALL, color=theme.secondary)
        before = (left + width, count)


def _chain(sheet: Sheet, cells: pd.DataFrame) -> str:
    parts = []
    for step, count, status in zip(cells["group"], cells["count"], cells["status"], strict=True):
        text = format_count(count, locale=sheet.locale) if status == "ok" else sheet.word("not_shown")
        parts.append(f"{short(step, 16)} {text}")
    return sheet.word("alt.flow_row", label=short(cells["label"].iloc[0], 24), chain=", ".join(parts))
