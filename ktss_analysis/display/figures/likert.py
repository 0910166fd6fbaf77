"""Answers on a rating scale: diverging bars with the neutral answers apart, or 100 % stacked bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Unpack

import numpy as np
import pandas as pd

from ..colours import text_colour_on
from ..numbers import DisplayError, format_count, format_share, percent_digits
from ..palette import Mark, likert_steps
from ..style import SMALL, FrameOptions, Sheet, open_sheet, text_width, wrap
from . import intervals as panel
from .base import (
    Figure,
    RowGrid,
    draw_key,
    extremes_sentence,
    finish,
    hidden_sentence,
    key_line,
    n_range,
    prepare,
    row_grid,
    tick_texts,
)

SMALLEST_LABEL = 0.06
_PER_TARGET = ("estimate", "ci_low", "ci_high", "ci_level", "n_used", "status", "reason")


@dataclass(frozen=True)
class _Scale:
    """The categories by role; `colours` for all that are part of the scale."""

    low: tuple[str, ...]
    neutral: str | None
    high: tuple[str, ...]
    missing: str | None
    colours: dict[str, str]

    @property
    def answers(self) -> tuple[str, ...]:
        return (*self.low, *((self.neutral,) if self.neutral else ()), *self.high)


def likert(
    counts: pd.DataFrame,
    *,
    scale: Sequence[str],
    neutral: str | None = None,
    missing: str | None = None,
    variant: Literal["diverging", "stacked"] = "diverging",
    value_format: str = "share",
    **options: Unpack[FrameOptions],
) -> Figure:
    """Draw how often each category of a rating scale was chosen.

    Parameters
    ----------
    counts : pandas.DataFrame
        One row per target and category: `target_id, value` (the category's name) `, count`; optional `label`
        (the target's name) and, repeated in each row of a target, `estimate, ci_low, ci_high, ci_level,
        n_used, status, reason`. With `ci_low` the targets are sorted by it, best first; else the order is
        kept.
    scale : sequence of str
        The categories from the lower to the upper pole, the neutral one at its place.
    neutral : str, optional
        The category in the middle: it gets its own narrow column, so it does not push the sides apart.
    missing : str, optional
        Category of those who did not judge ("don't know"): own column, not part of the base of the shares.
    variant : {"diverging", "stacked"}
        Negative answers to the left and positive ones to the right, or all on one bar from 0 to 100 %.
    value_format : str, default "share"
        Kind of number of `estimate`.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.

    Returns
    -------
    Figure
        `data` has one row per target and category with `count` and `share` (of those who judged).
    """
    if variant not in ("diverging", "stacked"):
        raise DisplayError(f"variant={variant!r}; allowed: 'diverging', 'stacked'")
    with open_sheet(options) as sheet:
        parts = _roles(scale, neutral, missing, sheet)
        targets, data = _tables(counts, parts)
        key, key_height = key_line(sheet, _entries(parts))
        labels = targets["label"].tolist()
        margin = panel.margin_width(sheet, targets, value_format)
        side = 0.62 * (int(bool(parts.missing)) + int(bool(parts.neutral) and variant == "diverging"))
        width = sheet.room - row_grid(sheet, labels, share=0.3).label_width - margin - side
        notes = panel.reasons(sheet, targets, width + side)
        grid = row_grid(sheet, labels, share=0.3, notes=notes)
        top = key_height + 0.24
        sheet.lay_out(top + grid.total + 0.28)
        draw_key(sheet, key)
        grid.draw(sheet, top)
        _draw(sheet, parts, targets, data, grid, top, width, variant, notes)
        panel.draw_margin(sheet, targets, grid, top, value_format)
        sentence = sheet.word(
            "alt.likert",
            count=format_count(len(targets), locale=sheet.locale),
            n=n_range(targets, sheet.locale),
        )
        extremes = extremes_sentence(sheet, targets, value_format, "alt.likert_extremes")
        return finish(sheet, data, sentence, extremes, hidden_sentence(sheet, targets))


def _roles(scale: Sequence[str], neutral: str | None, missing: str | None, sheet: Sheet) -> _Scale:
    names = list(scale)
    if len(set(names)) != len(names) or len(names) < 2:
        raise DisplayError(f"likert: scale={names!r}; allowed: two or more different categories")
    if neutral is None:
        half = len(names) // 2
        if len(names) % 2:
            raise DisplayError("likert: a scale with an odd number of steps needs its neutral category named")
    else:
        if neutral not in names:
            raise DisplayError(f"likert: neutral={neutral!r} is not in the scale {names!r}")
        half = names.index(neutral)
    low, high = tuple(names[:half]), tuple(names[half + (neutral is not None) :])
    sides = max(len(low), len(high))
    if not low or not high:
        raise DisplayError("likert: the neutral category cannot stand at an end of the scale")
    steps = likert_steps(2 * sides + 1, sheet.theme)
    colours = dict(zip(low, steps[:sides], strict=False)) | dict(zip(reversed(high), reversed(steps), strict=False))
    if neutral:
        colours[neutral] = steps[sides]
    return _Scale(low, neutral, high, missing, colours)


def _tables(counts: pd.DataFrame, parts: _Scale) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per target in drawing order, and one row per target and category with shares."""
    if "value" not in counts:
        raise DisplayError("likert: column 'value' is missing; needed: target_id, value, count")
    named = counts.assign(category=counts["value"].astype(str)).drop(columns="value")
    data = prepare(named, ["target_id", "category", "count"], "likert", number="count")
    known = [*parts.answers, *([parts.missing] if parts.missing else [])]
    strange = data.loc[~data["category"].isin(known), "category"]
    if len(strange):
        raise DisplayError(f"likert: category {strange.iloc[0]!r} is not in the scale {known!r}")
    if (data["count"] < 0).any() or data.duplicated(["target_id", "category"]).any():
        raise DisplayError("likert: counts must be 0 or more, one per target and category")
    wide = data.pivot(index="target_id", columns="category", values="count").reindex(columns=known)
    first = data.drop_duplicates("target_id").set_index("target_id")
    bad = data.groupby("target_id", sort=False)["status"].agg(lambda status: (status != "ok").any())
    targets = first[["label", *[name for name in _PER_TARGET if name in first]]].copy()
    worst = data[data["status"] != "ok"].drop_duplicates("target_id").set_index("target_id")
    for name in ("status", "reason"):
        targets.loc[bad[bad].index, name] = worst[name]
    wide = wide.loc[targets.index].fillna(0.0)
    wide.loc[bad[bad].index] = np.nan
    base = wide[list(parts.answers)].sum(axis=1, min_count=1)
    empty = base[base == 0].index
    targets.loc[empty, ["status", "reason"]] = ["undefined", "no answer was collected"]
    targets["estimate"] = targets.get("estimate", np.nan)
    top_share = wide[list(parts.high)].sum(axis=1, min_count=1) / base.where(base > 0)
    targets["estimate"] = targets["estimate"].fillna(top_share)
    targets["n_used"] = targets["n_used"].fillna(base) if "n_used" in targets else base
    blank = [name for name in ("estimate", "ci_low", "ci_high") if name in targets]
    targets.loc[targets["status"] != "ok", blank] = np.nan
    targets.loc[targets["status"] == "masked", "n_used"] = np.nan
    if "ci_low" in targets:
        targets = targets.sort_values("ci_low", ascending=False, kind="stable", na_position="last")
    shares = wide.div(base.where(base > 0), axis=0)
    long = wide.loc[targets.index].reset_index().melt("target_id", var_name="category", value_name="count")
    long["share"] = [
        np.nan if row.category == parts.missing else shares.loc[row.target_id, row.category]
        for row in long.itertuples()
    ]
    details = targets[[name for name in targets if name not in ("ci_level",)]].reset_index()
    data = details.merge(long, on="target_id", sort=False).rename(columns={"category": "value"})
    return targets.reset_index(), data


def _entries(parts: _Scale) -> list[tuple[Mark, str]]:
    return [(Mark(parts.colours[name], "s", True, "■"), name) for name in parts.answers]


def _draw(
    sheet: Sheet,
    parts: _Scale,
    targets: pd.DataFrame,
    data: pd.DataFrame,
    grid: RowGrid,
    top: float,
    width: float,
    variant: str,
    notes: Sequence[str],
) -> None:
    wide = data.pivot(index="target_id", columns="value").loc[targets["target_id"]]
    shares, counts = wide["share"], wide["count"]
    left = grid.label_width
    diverging = variant == "diverging"
    axes = sheet.axes(left, top, width, grid.total)
    if diverging:
        reach = max(shares[list(side)].sum(axis=1).max() for side in (parts.low, parts.high))
        reach = min(1.0, np.ceil((reach if np.isfinite(reach) and reach > 0 else 1.0) * 10 + 1e-9) / 10)
        _axis(sheet, axes, (-reach, reach), grid)
        axes.axvline(0, color=sheet.theme.secondary, linewidth=1.0, zorder=5)
        _bars(sheet, axes, shares, parts.low[::-1], parts, grid, width / (2 * reach), sign=-1)
        _bars(sheet, axes, shares, parts.high, parts, grid, width / (2 * reach), sign=1)
    else:
        _axis(sheet, axes, (0.0, 1.0), grid)
        _bars(sheet, axes, shares, parts.answers, parts, grid, width, sign=1)
    x = left + width
    if parts.neutral and diverging:
        _column(sheet, shares[parts.neutral], parts.neutral, parts.colours[parts.neutral], grid, top, x)
        x += 0.62
    if parts.missing:
        total = counts.sum(axis=1, min_count=1)
        _column(sheet, counts[parts.missing] / total, parts.missing, sheet.theme.background, grid, top, x)
    for index, (row, y, note) in enumerate(zip(targets.itertuples(), grid.centres, notes, strict=True)):
        if row.status != "ok":
            mark = Mark(sheet.theme.note, "o", False, "○")
            axes.plot([axes.get_xlim()[0] + 0.1 * np.ptp(axes.get_xlim()) / width], [y], **sheet.marker(mark))
            fill = sheet.theme.band if index % 2 == 0 else sheet.theme.background
            box = {"facecolor": fill, "edgecolor": "none", "pad": 1.0}
            sheet.text(left + 0.24, top + y, note, size=SMALL, color=sheet.theme.note, bbox=box)


def _axis(sheet: Sheet, axes: Any, limits: tuple[float, float], grid: RowGrid) -> None:
    axes.set_xlim(*limits)
    axes.set_ylim(grid.total, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    room = axes.get_position().width * sheet.width / (limits[1] - limits[0])
    step = next((step for step in (0.1, 0.2, 0.25) if step * room > 0.45), 0.5)
    ticks = [round(tick, 4) for tick in np.arange(-1, 1.01, step) if limits[0] - 1e-9 <= tick <= limits[1] + 1e-9]
    axes.set_xticks(ticks, tick_texts([abs(tick) for tick in ticks], "share", sheet.locale))
    sheet.value_grid(axes)


def _bars(
    sheet: Sheet,
    axes: Any,
    shares: pd.DataFrame,
    names: Sequence[str],
    parts: _Scale,
    grid: RowGrid,
    inch: float,
    *,
    sign: int,
) -> None:
    """Draw one side of the bars outwards from 0; `inch` is how long a share of 1 is."""
    for index, y in enumerate(grid.centres):
        start = 0.0
        for name in names:
            share = shares.iloc[index][name]
            if not np.isfinite(share) or share <= 0:
                continue
            colour = parts.colours[name]
            axes.barh(y, sign * share, left=sign * start, height=0.19, color=colour,
                      edgecolor=sheet.theme.outline, linewidth=0.6, zorder=3)  # fmt: skip
            text = percent_digits(share, locale=sheet.locale)
            if share >= SMALLEST_LABEL and text_width(text, 7.5) + 0.05 < share * inch:
                axes.text(sign * (start + share / 2), y, text, size=7.5, ha="center", va="center_baseline",
                          color=text_colour_on(colour), zorder=6)  # fmt: skip
            start += share


def _column(sheet: Sheet, shares: pd.Series, name: str, colour: str, grid: RowGrid, top: float, left: float) -> None:
    """Draw a narrow column of small bars with their share, under its name."""
    axes = sheet.axes(left + 0.12, top, 0.5, grid.total, bare=True)
    axes.set_xlim(0, 1.0)
    axes.set_ylim(grid.total, 0)
    sheet.text(left + 0.12, top - 0.1, wrap(name, 0.62, size=7.0, lines=1), size=7.0, color=sheet.theme.note)
    for share, y in zip(shares, grid.centres, strict=True):
        if not np.isfinite(share):
            continue
        axes.barh(y, share, height=0.19, color=colour, edgecolor=sheet.theme.outline, linewidth=0.6)
        box = {"facecolor": "none", "edgecolor": "none", "pad": 0}
        inside = share > 0.45
        axes.text(share + 0.06 if not inside else share / 2, y, format_share(share, sheet.locale), size=7.0,
                  va="center", ha="center" if inside else "left", bbox=box,
                  color=text_colour_on(colour) if inside else sheet.theme.text)  # fmt: skip
