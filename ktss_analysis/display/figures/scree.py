"""Scree plot: eigenvalues of the data against those of data without structure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd

from ..numbers import format_count, format_number
from ..palette import Mark
from ..style import SMALL, FrameOptions, Sheet, open_sheet
from .base import Figure, draw_note, finish, hidden_sentence, listed_note, note_height, reason_of, shown
from .curves import BELOW, HEIGHT, TOP, counted, counted_axes, side_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RIGHT = 1.5


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
    data = counted(rows, ["estimate", "reference"], "scree")
    suggested = _suggested(data)
    with open_sheet(options) as sheet:
        note = listed_note(sheet, [
            f"{sheet.word('component')} {row.value}: {reason_of(row, sheet)}"
            for row in data[data["status"] != "ok"].itertuples()
        ])  # fmt: skip
        bottom = TOP + HEIGHT + BELOW
        sheet.lay_out(bottom + note_height(note))
        draw_note(sheet, note, bottom)
        numbers = data[["estimate", "reference"]].to_numpy(dtype=float)
        limits = (
            float(np.nanmin([0.0, *numbers.ravel()])) * 1.1,
            float(np.nanmax([1.0, *numbers.ravel()])) * 1.08,
        )
        axes = counted_axes(sheet, data, sheet.word("component"), right=RIGHT, limits=limits, kind="number")
        axes.set_ylabel(sheet.word("eigenvalue"), color=sheet.theme.secondary, size=SMALL, labelpad=3)
        mark, other = sheet.theme.categories[:2]
        axes.plot(data["value"], data["reference"], color=other.colour, linewidth=1.4, linestyle=(0, (4, 3)))
        axes.plot(data["value"], data["reference"], **sheet.marker(other, size=5))
        axes.plot(data["value"], data["estimate"], color=mark.colour, linewidth=1.6)
        for index, (x, y) in enumerate(zip(data["value"], data["estimate"], strict=True)):
            filled = suggested is not None and index < suggested
            look = Mark(mark.colour, mark.marker, filled, mark.glyph)
            axes.plot([x], [y], zorder=4, **sheet.marker(look, size=7))
        _name_lines(sheet, axes, shown(data))
        return finish(sheet, data, *_sentences(sheet, data, suggested), hidden_sentence(sheet, data))


def _suggested(data: pd.DataFrame) -> int | None:
    """Return how many components stand above the reference up to the first that does not; None if hidden."""
    for index, row in enumerate(data.itertuples()):
        if row.status != "ok" or not np.isfinite(row.reference):
            return None
        if row.estimate <= row.reference:
            return index
    return len(data)


def _name_lines(sheet: Sheet, axes: Axes, known: pd.DataFrame) -> None:
    """Write the names of the two lines beside their last points, each with its mark."""
    if known.empty:
        return
    last, ink = known.iloc[-1], sheet.theme.text
    labels = [
        (sheet.word(word), float(last[column]), ink)
        for word, column in (("observed", "estimate"), ("reference", "reference"))
        if np.isfinite(last[column])
    ]
    canvas = sheet.canvas()
    for look, y in zip(sheet.theme.categories, side_labels(sheet, axes, labels, RIGHT, 0.27), strict=False):
        canvas.plot([sheet.room - RIGHT + 0.16], [y], **sheet.marker(look, size=6))


def _sentences(sheet: Sheet, data: pd.DataFrame, suggested: int | None) -> list[str]:
    locale = sheet.locale
    known = shown(data)
    pairs = ", ".join(
        " / ".join(format_number(value, digits=2, locale=locale) for value in (row.estimate, row.reference))
        for row in known[np.isfinite(known["reference"])].head(3).itertuples()
    )
    sentences = [sheet.word("alt.scree", count=format_count(len(data), locale=locale))]
    if suggested is not None:
        sentences.append(sheet.word("alt.scree_suggested", count=format_count(suggested, locale=locale)))
    if pairs:
        sentences.append(f"{sheet.word('observed')} / {sheet.word('reference')}: {pairs}.")
    return sentences
