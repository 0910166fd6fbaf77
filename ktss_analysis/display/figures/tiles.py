"""Framework on a page: one tile per skill, by tier or verdict."""

from __future__ import annotations

from typing import Any, Unpack

import pandas as pd

from ..numbers import format_count
from ..palette import LIGHT, verdict_mark
from ..style import SMALL, FrameOptions, Sheet, block_height, open_sheet, text_width, wrap
from .base import Figure, finish, hidden_sentence, in_groups, prepare, reason_of, shown

GAP = 0.12
NAME = 8.5
INSET = 0.16
EDGE = 0.05


def tiles(rows: pd.DataFrame, *, columns: int = 5, **options: Unpack[FrameOptions]) -> Figure:
    """Draw every skill as a tile with its verdict as icon, word and colour.

    Parameters
    ----------
    rows : pandas.DataFrame
        `target_id, verdict` (keep; keep, discordant; provisional; revise; drop; not decided); optional
        `label`, `group` (the tier's name; tiles are put under headings in order of first appearance),
        `status, reason`.
    columns : int, default 5
        Tiles side by side; fewer when the sheet is narrow.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.

    Returns
    -------
    Figure
        A skill that is not shown has a dashed tile with the reason instead of a verdict.
    """
    data = prepare(rows, ["target_id", "verdict"], "tiles")
    data["verdict"] = [
        verdict_name(verdict) if status == "ok" else ""
        for verdict, status in zip(data["verdict"], data["status"], strict=True)
    ]
    if "group" in data:
        data = in_groups(data, "group")
    with open_sheet(options) as sheet:
        largest = int(data["group"].value_counts(dropna=False).max()) if "group" in data else len(data)
        columns = _columns(sheet, data, max(1, min(columns, largest)))
        width = (sheet.room - GAP * (columns - 1)) / columns
        texts = [_texts(sheet, row, width - INSET - EDGE) for row in data.itertuples()]
        tile = max(block_height(name, NAME) + block_height(word, SMALL) for name, word in texts) + 0.3
        places, headings, height = _places(sheet, data, columns, width, tile)
        sheet.lay_out(height + 0.03)
        axes = sheet.canvas()
        for text, y in headings:
            sheet.text(0, y, text, weight="bold", color=sheet.theme.secondary)
        for row, (name, word), (x, y) in zip(data.itertuples(), texts, places, strict=True):
            _tile(sheet, axes, row, name, word, (x, y, width, tile))
        counts = shown(data)["verdict"].value_counts()
        sentences = [
            sheet.word("alt.tile_count", verdict=sheet.word(f"verdict.{name}"),
                       count=format_count(counts[name], locale=sheet.locale))
            for name in sheet.theme.verdicts if name in counts
        ]  # fmt: skip
        first = sheet.word("alt.tiles", count=format_count(len(data), locale=sheet.locale))
        return finish(sheet, data, first, *sentences, hidden_sentence(sheet, data))


def verdict_name(verdict: str) -> str:
    """Return the one spelling of a verdict."""
    mark = verdict_mark(verdict, LIGHT)
    return next(name for name, other in LIGHT.verdicts.items() if other == mark)


def _columns(sheet: Sheet, data: pd.DataFrame, columns: int) -> int:
    """Return how many tiles stand side by side without breaking a word of a name."""
    longest = max(text_width(word, NAME, True) for name in data["label"] for word in name.split() or [""])
    while columns > 1 and (sheet.room - GAP * (columns - 1)) / columns < longest + INSET + EDGE:
        columns -= 1
    return columns


def _texts(sheet: Sheet, row: Any, width: float) -> tuple[str, str]:
    name = wrap(row.label, width, size=NAME, bold=True)
    if row.status != "ok":
        return name, wrap(reason_of(row, sheet), width - 0.18, size=SMALL)
    return name, wrap(sheet.word(f"verdict.{row.verdict}"), width - 0.18, size=SMALL)


def _places(
    sheet: Sheet, data: pd.DataFrame, columns: int, width: float, tile: float
) -> tuple[list[tuple[float, float]], list[tuple[str, float]], float]:
    """Return the top left corner of each tile, the headings, and the height of it all."""
    groups = data["group"].fillna("").astype(str).tolist() if "group" in data else [""] * len(data)
    places, headings, y, column, last = [], [], 0.0, 0, None
    for group in groups:
        if group != last:
            if column:
                y, column = y + tile + GAP, 0
            if group:
                headings.append((wrap(group, sheet.room, bold=True), y + 0.12))
                y += 0.12 + block_height(headings[-1][0])
            last = group
        if column == columns:
            y, column = y + tile + GAP, 0
        places.append((column * (width + GAP), y))
        column += 1
    return places, headings, y + tile


def _tile(sheet: Sheet, axes: Any, row: Any, name: str, word: str, place: tuple[float, float, float, float]) -> None:
    from matplotlib.patches import Rectangle

    x, y, width, height = place
    hidden = row.status != "ok"
    mark = sheet.theme.verdicts["not decided"] if hidden else sheet.theme.verdicts[row.verdict]
    fill = sheet.theme.background if hidden else sheet.theme.band
    edge: dict[str, Any] = {"edgecolor": mark.colour, "linewidth": 0.9, "linestyle": "--" if hidden else "-"}
    axes.add_patch(Rectangle((x + 0.01, y + 0.01), width - 0.02, height - 0.02, facecolor=fill, **edge))
    if not hidden:
        axes.add_patch(Rectangle((x, y), 0.07, height, facecolor=mark.colour, edgecolor="none"))
    sheet.text(x + INSET, y + 0.1, name, va="top", weight="bold", size=NAME)
    base = y + height - 0.1 - block_height(word, SMALL) / 2
    axes.plot([x + INSET + 0.06], [base], **sheet.marker(mark, size=7))
    sheet.text(x + INSET + 0.18, base, word, size=SMALL, color=sheet.theme.note if hidden else sheet.theme.secondary)
