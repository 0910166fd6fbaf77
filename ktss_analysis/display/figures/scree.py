"""Scree plot: eigenvalues of the data against those of data without structure."""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pandas as pd

from ..numbers import DisplayError, format_count, format_number
from ..palette import Mark
from ..style import SMALL, FrameOptions, block_height, open_sheet, spread, wrap
from .base import Figure, finish, hidden_sentence, nice_ticks, prepare, reason_of, shown, tick_texts


def scree(rows: pd.DataFrame, **options: Unpack[FrameOptions]) -> Figure:
    """Draw observed eigenvalues and the reference of parallel analysis.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per component: `value` (1, 2, ...), `estimate` (observed eigenvalue), `reference` (eigenvalue
        of data without structure, e.g. the 95th percentile); optional `status, reason`.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.

    Returns
    -------
    Figure
        Components above the reference, up to the first that is not, are filled; the others are hollow.
    """
    numbers = pd.to_numeric(rows["value"]).astype(int).to_numpy() if "value" in rows else None
    data = prepare(rows, ["value", "estimate", "reference"], "scree")
    data["value"] = numbers
    data = data.sort_values("value").reset_index(drop=True)
    if data["value"].duplicated().any():
        raise DisplayError("scree: one row per component; a component stands there twice")
    above = (data["estimate"] > data["reference"]).to_numpy()
    suggested = int(np.argmin(above)) if not above.all() else len(above)
    with open_sheet(options) as sheet:
        theme, locale = sheet.theme, sheet.locale
        right, height = 1.5, 2.7
        hidden = data[data["status"] != "ok"]
        notes = [
            wrap(
                f"○ {sheet.word('component')} {row.value}: {reason_of(row, sheet)}",
                sheet.room - 0.1,
                size=SMALL,
            )
            for row in hidden.itertuples()
        ]
        sheet.lay_out(0.1 + height + 0.5 + sum(block_height(note, SMALL) + 0.05 for note in notes))
        axes = sheet.axes(0.6, 0.1, sheet.room - 0.6 - right, height)
        highest = np.nanmax([*data["estimate"], *data["reference"], 1.0])
        lowest = np.nanmin([*data["estimate"], *data["reference"], 0.0])
        axes.set_xlim(data["value"].min() - 0.3, data["value"].max() + 0.3)
        axes.set_ylim(lowest * 1.1, highest * 1.08)
        ticks = nice_ticks(*axes.get_ylim())
        axes.set_yticks(ticks, tick_texts(ticks, "number", locale))
        step = max(1, -(-len(data) // 16))
        axes.set_xticks(
            data["value"][::step], [format_count(v, locale=locale) for v in data["value"][::step]]
        )
        axes.set_xlabel(sheet.word("component"), color=theme.secondary, size=SMALL, labelpad=3)
        axes.set_ylabel(sheet.word("eigenvalue"), color=theme.secondary, size=SMALL, labelpad=3)
        sheet.value_grid(axes, "y")
        mark, other = theme.categories[0], theme.categories[1]
        axes.plot(data["value"], data["reference"], color=other.colour, linewidth=1.4, linestyle=(0, (4, 3)))
        axes.plot(data["value"], data["reference"], **sheet.marker(other, size=5))
        axes.plot(data["value"], data["estimate"], color=mark.colour, linewidth=1.6)
        hollow = Mark(mark.colour, mark.marker, False, "○")
        for index, row in data.iterrows():
            axes.plot([row["value"]], [row["estimate"]], zorder=4,
                      **sheet.marker(mark if int(str(index)) < suggested else hollow, size=7))  # fmt: skip
        known = shown(data)
        if len(known):
            texts = [wrap(sheet.word(key), right - 0.35, size=SMALL) for key in ("observed", "reference")]
            low, high = axes.get_ylim()
            wanted = [
                0.1 + height * (high - known[name].iloc[-1]) / (high - low)
                for name in ("estimate", "reference")
            ]
            places = spread(wanted, [block_height(text, SMALL) + 0.04 for text in texts], 0.0, 0.1 + height)
            canvas = sheet.canvas()
            for text, y, look in zip(texts, places, (mark, other), strict=True):
                canvas.plot([sheet.room - right + 0.16], [y], **sheet.marker(look, size=6))
                sheet.text(sheet.room - right + 0.27, y, text, size=SMALL)
        y = 0.1 + height + 0.5
        for note in notes:
            sheet.text(0.05, y, note, va="top", size=SMALL, color=theme.note)
            y += block_height(note, SMALL) + 0.05
        pairs = ", ".join(
            f"{format_number(row.estimate, digits=2, locale=locale)} / "
            f"{format_number(row.reference, digits=2, locale=locale)}"
            for row in known[np.isfinite(known["reference"])].head(3).itertuples()
        )  # fmt: skip
        first = sheet.word("alt.scree", count=format_count(len(data), locale=locale))
        count = sheet.word("alt.scree_suggested", count=format_count(suggested, locale=locale))
        values = f"{sheet.word('observed')} / {sheet.word('reference')}: {pairs}." if pairs else ""
        return finish(sheet, data, first, count, values, hidden_sentence(sheet, data))
