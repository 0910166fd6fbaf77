"""Forest plot: one dot with its interval per row, against labelled thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import pandas as pd

from ..numbers import format_count
from ..palette import grade_mark
from ..style import FrameOptions, Sheet, open_sheet
from . import intervals as panel
from .base import (
    Figure,
    draw_key,
    extremes_sentence,
    finish,
    hidden_sentence,
    in_groups,
    key_line,
    n_range,
    prepare,
    row_grid,
    shown,
)


def dot_interval(
    rows: pd.DataFrame,
    *,
    thresholds: Mapping[str, float] | None = None,
    value_format: str = "coefficient",
    limits: tuple[float, float] | None = None,
    **options: Unpack[FrameOptions],
) -> Figure:
    """Draw estimates with intervals as dots on lines, one row per target.

    Parameters
    ----------
    rows : pandas.DataFrame
        `target_id, estimate`; optional `label, ci_low, ci_high, ci_level, n_used, grade` (``+ 0 - ?``: shape
        and colour), `group` (rows are put under headings), `status, reason`. Rows are drawn in the order
        given.
    thresholds : mapping of str to float, optional
        Label and value of vertical dashed lines.
    value_format : str, default "coefficient"
        Kind of number, see `numbers.format_value`.
    limits : (float, float), optional
        Ends of the value axis; by default 0 to 1 for shares and whatever the rows need otherwise.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.

    Returns
    -------
    Figure
        Rows that are not ``"ok"`` are hollow marks with their reason; their numbers are not in `data`.
    """
    data = prepare(rows, ["target_id", "estimate"], "dot_interval")
    groups = None
    if "group" in data and len(set(data["group"].fillna(""))) > 1:
        data = in_groups(data, "group")
        groups = data["group"].fillna("").astype(str).tolist()
    lines = dict(thresholds or {})
    with open_sheet(options) as sheet:
        key, key_height = key_line(sheet, grade_entries(sheet, data))
        margin = panel.margin_width(sheet, data, value_format)
        guess = row_grid(sheet, data["label"].tolist())
        width = sheet.room - guess.label_width - margin
        notes = panel.reasons(sheet, data, width)
        grid = row_grid(sheet, data["label"].tolist(), notes=notes, groups=groups)
        ends = panel.limits_of(data, lines, value_format, limits)
        placed = panel.threshold_places(sheet, lines, value_format, ends, grid.label_width, width)
        strip, lift = panel.threshold_strip(sheet, data, value_format, placed, grid.label_width + width)
        top = key_height + strip
        sheet.lay_out(top + grid.total + 0.28)
        draw_key(sheet, key)
        grid.draw(sheet, top)
        axes = panel.draw_panel(sheet, data, grid, (grid.label_width, top, width), value_format, ends, notes)
        panel.draw_thresholds(sheet, axes, placed, top, lift)
        panel.draw_margin(sheet, data, grid, top, value_format)
        sentence = sheet.word(
            "alt.dot_interval",
            count=format_count(len(data), locale=sheet.locale),
            n=n_range(data, sheet.locale),
        )
        return finish(
            sheet, data, sentence, extremes_sentence(sheet, data, value_format), hidden_sentence(sheet, data),
            *(grade_sentences(sheet, data) or [
                threshold_sentence(sheet, data, label, value, value_format) for label, value in lines.items()
            ]),
        )  # fmt: skip


def grade_entries(sheet: Sheet, data: pd.DataFrame) -> list[tuple]:
    """Return marks and words of the grades that occur."""
    if "grade" not in data:
        return []
    present = {str(grade).replace("\u2212", "-") for grade in shown(data)["grade"].dropna()}
    return [(grade_mark(g, sheet.theme), sheet.word(f"grade.{g}")) for g in ("+", "0", "-", "?") if g in present]


def grade_sentences(sheet: Sheet, data: pd.DataFrame) -> list[str]:
    """Return how many rows have each grade that occurs."""
    if "grade" not in data:
        return []
    signs = shown(data)["grade"].dropna().astype(str).str.replace("\u2212", "-")
    return [
        sheet.word("alt.grade_count", grade=sheet.word(f"grade.{sign}"),
                   count=format_count(int((signs == sign).sum()), locale=sheet.locale))
        for sign in ("+", "0", "-", "?")
        if (signs == sign).any()
    ]  # fmt: skip


def threshold_sentence(sheet: Sheet, data: pd.DataFrame, label: str, value: float, kind: str) -> str:
    """Return how many rows have their whole interval at or above a threshold."""
    if "ci_low" not in data:
        return ""
    count = int((shown(data)["ci_low"] >= value).sum())
    return sheet.word(
        "alt.thresholds",
        count=format_count(count, locale=sheet.locale),
        threshold=panel.threshold_text(label, value, kind, sheet.locale),
    )
