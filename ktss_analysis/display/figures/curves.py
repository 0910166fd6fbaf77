"""What the curves over a counted axis share: the table, the axes and the labels beside the last point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ..numbers import DisplayError, format_count
from ..style import SMALL, Sheet, block_height, spread, wrap
from .base import nice_ticks, prepare, tick_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 0.15
HEIGHT = 2.7
BELOW = 0.5
LEFT = 0.6


def counted(rows: pd.DataFrame, required: Sequence[str], chart: str) -> pd.DataFrame:
    """Return the checked rows in the order of `value`, a count that stays visible in hidden rows."""
    data = prepare(rows, ["value", *required], chart)
    data["value"] = pd.to_numeric(rows["value"]).astype(int).to_numpy()
    twice = data.loc[data["value"].duplicated(), "value"]
    if len(twice):
        raise DisplayError(f"{chart}: value {twice.iloc[0]} stands there twice")
    return data.sort_values("value", kind="stable").reset_index(drop=True)


def counted_axes(
    sheet: Sheet, data: pd.DataFrame, name: str, *, right: float, limits: tuple[float, float], kind: str
) -> Axes:
    """Return axes with whole numbers along the bottom, `right` inches kept free for labels."""
    axes = sheet.axes(LEFT, TOP, sheet.room - LEFT - right, HEIGHT)
    axes.set_xlim(data["value"].min() - 0.25, data["value"].max() + 0.25)
    axes.set_ylim(*limits)
    ticks = nice_ticks(*limits)
    axes.set_yticks(ticks, tick_texts(ticks, kind, sheet.locale))
    some = data["value"][:: max(1, -(-len(data) // 14))]
    axes.set_xticks(some, [format_count(value, locale=sheet.locale) for value in some])
    axes.set_xlabel(name, color=sheet.theme.secondary, size=SMALL, labelpad=3)
    sheet.value_grid(axes, "y")
    return axes


def side_labels(
    sheet: Sheet, axes: Axes, labels: Sequence[tuple[str, float, str]], right: float, indent: float = 0.1
) -> list[float]:
    """Write text, value, colour triples beside the values, moved apart; return their places in inches."""
    low, high = axes.get_ylim()
    texts = [wrap(text, right - indent - 0.05, size=SMALL) for text, *_ in labels]
    wanted = [TOP + HEIGHT * (high - value) / (high - low) for _, value, _ in labels]
    places = spread(wanted, [block_height(text, SMALL) + 0.06 for text in texts], TOP - 0.1, TOP + HEIGHT)
    for text, (_, _, ink), y in zip(texts, labels, places, strict=True):
        sheet.text(sheet.room - right + indent, y, text, size=SMALL, color=ink)
    return places
