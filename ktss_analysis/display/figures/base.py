"""What all charts share: result type, check of the input table, row grids, scales, alternative texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..numbers import EN_DASH, DisplayError, format_count, format_interval, format_number, format_value
from ..palette import Mark, grade_mark
from ..style import SMALL, Sheet, block_height, block_width, text_width, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

ALT_LIMIT = 250
NAME_LIMIT = 38
STATUSES = ("ok", "too_few", "undefined", "masked")
_NUMBERS = ("estimate", "ci_low", "ci_high", "value", "share", "lowest", "highest", "reference")
_COUNTS = ("n_used", "n_missing", "count")
ROW = 0.245
PAD = 0.08


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart: the drawing, the table of what is drawn, and sentences for those who cannot see it."""

    figure: Canvas
    data: pd.DataFrame
    alt: str


def prepare(rows: pd.DataFrame, required: Sequence[str], chart: str, *, number: str = "estimate") -> pd.DataFrame:
    """Return a checked copy of `rows` with `status` and `reason`, without any number that must not be shown.

    Numbers of rows whose status is not ``"ok"`` are blanked; counts too when the status is ``"masked"``.

    Raises
    ------
    DisplayError
        When the table is empty, a column is missing, a status is unknown or an ``"ok"`` row has no number.
    """
    absent = [name for name in required if name not in rows.columns]
    if absent:
        raise DisplayError(f"{chart}: column {absent[0]!r} is missing; needed: {', '.join(required)}")
    if rows.empty:
        raise DisplayError(f"{chart}: there are no rows to draw")
    data = rows.copy().reset_index(drop=True)
    data["status"] = data["status"].fillna("ok").astype(str) if "status" in data else "ok"
    data["reason"] = data["reason"].fillna("").astype(str) if "reason" in data else ""
    unknown = data.loc[~data["status"].isin(STATUSES), "status"]
    if len(unknown):
        raise DisplayError(f"{chart}: status {unknown.iloc[0]!r} is not known; allowed: {', '.join(STATUSES)}")
    if "target_id" in data:
        data["target_id"] = data["target_id"].astype(str)
        names = data["label"] if "label" in data else data["target_id"]
        data["label"] = names.fillna(data["target_id"]).astype(str)
    for name in (*_NUMBERS, *_COUNTS):
        if name in data:
            data[name] = pd.to_numeric(data[name]).astype(float)
            hidden = data["status"] != "ok" if name in _NUMBERS or name == number else data["status"] == "masked"
            data.loc[hidden, name] = np.nan
    if number in data:
        bad = data[(data["status"] == "ok") & ~np.isfinite(data[number])]
        if len(bad):
            where = bad["target_id"].iloc[0] if "target_id" in bad else f"row {bad.index[0] + 1}"
            raise DisplayError(f"{chart}: {where} has status 'ok' but no {number}")
    return data


def shown(data: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that carry a number."""
    return data[data["status"] == "ok"]


def reason_of(row: Any, sheet: Sheet) -> str:
    """Return what stands in place of a number that is not shown."""
    text = sheet.word("not_shown")
    return f"{text}: {row.reason}" if row.reason else text


def short(name: str, limit: int = NAME_LIMIT) -> str:
    """Return a name cut to `limit` characters for use in a sentence."""
    name = " ".join(str(name).split())
    return name if len(name) <= limit else name[: limit - 1].rstrip() + "…"


def alternative_text(sheet: Sheet, *sentences: str) -> str:
    """Join sentences up to 250 characters; the synthetic mark stands first, a late one may fall away."""
    text = sheet.word("alt.synthetic") if sheet.synthetic else ""
    for sentence in sentences:
        candidate = f"{text} {sentence}".strip()
        if sentence and len(candidate) <= ALT_LIMIT:
            text = candidate
    return text.replace("..", ".")


def hidden_sentence(sheet: Sheet, data: pd.DataFrame) -> str:
    """Return how many rows are not shown, or nothing."""
    count = int((data["status"] != "ok").sum())
    return sheet.word("alt.hidden", count=format_count(count, locale=sheet.locale)) if count else ""


def hidden_note(sheet: Sheet, data: pd.DataFrame) -> str:
    """Return the line below a chart that explains its hollow marks, wrapped, or nothing."""
    hidden = data[data["status"] != "ok"]
    if hidden.empty:
        return ""
    reasons = "; ".join(text for text in dict.fromkeys(hidden["reason"]) if text)
    return wrap(f"○ {sheet.word('not_shown')}{': ' if reasons else ''}{reasons}", sheet.room - 0.1, size=SMALL)


def listed_note(sheet: Sheet, entries: Sequence[str]) -> str:
    """Return one wrapped line or more below a chart per number that is not shown."""
    return "\n".join(wrap(f"○ {entry}", sheet.room - 0.1, size=SMALL) for entry in entries)


def note_height(note: str) -> float:
    """Return the height a note below a chart takes."""
    return block_height(note, SMALL) + 0.14 if note else 0.0


def draw_note(sheet: Sheet, note: str, top: float) -> None:
    """Write a note below a chart."""
    if note:
        sheet.text(0.05, top + 0.12, note, va="top", size=SMALL, color=sheet.theme.note)


def extremes_sentence(sheet: Sheet, data: pd.DataFrame, kind: str, key: str = "alt.extremes") -> str:
    """Return the highest and the lowest row with their values."""
    rows = shown(data)
    if rows.empty:
        return sheet.word("alt.none")
    high, low = rows.loc[rows["estimate"].idxmax()], rows.loc[rows["estimate"].idxmin()]
    texts = [format_value(row["estimate"], kind, sheet.locale) for row in (high, low)]
    if len(rows) == 1:
        return sheet.word("alt.only", label=short(high["label"]), value=texts[0])
    return sheet.word(key, high=short(high["label"]), high_value=texts[0], low=short(low["label"]), low_value=texts[1])


def n_range(data: pd.DataFrame, locale: str) -> str:
    """Return the smallest and the largest n of the rows shown, e.g. ``'28–30'``."""
    n = shown(data)["n_used"].dropna() if "n_used" in data else pd.Series(dtype=float)
    if n.empty:
        return EN_DASH
    ends = [format_count(value, locale=locale) for value in (n.min(), n.max())]
    return ends[0] if ends[0] == ends[1] else EN_DASH.join(ends)


def has_interval(row: Any) -> bool:
    """Tell whether a row carries both limits."""
    return bool(np.isfinite(getattr(row, "ci_low", np.nan)) and np.isfinite(getattr(row, "ci_high", np.nan)))


def value_text(row: Any, kind: str, locale: str) -> str:
    """Return ``'.83 [.70, .92]'`` or ``'83 % [70–92 %]'``; empty for a row without number."""
    if row.status != "ok":
        return ""
    text = format_value(row.estimate, kind, locale)
    if not has_interval(row):
        return text
    interval = format_interval(row.ci_low, row.ci_high, kind, locale=locale)
    return f"{text} [{interval}]" if kind == "share" else f"{text} {interval}"


def row_mark(row: Any, sheet: Sheet) -> Mark:
    """Return the mark of a row: by its grade if it has one, hollow grey if it is not shown."""
    if row.status != "ok":
        return Mark(sheet.theme.note, "o", False, "○")
    grade = getattr(row, "grade", None)
    if grade is None or grade is pd.NA or grade != grade or grade == "":
        return sheet.theme.categories[0]
    return grade_mark(str(grade), sheet.theme)


def in_groups(data: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the rows with each group together, groups in order of first appearance."""
    names = data[column].fillna("").astype(str)
    order = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return data.iloc[np.argsort(names.map(order).to_numpy(), kind="stable")].reset_index(drop=True)


@dataclass
class RowGrid:
    """Places of labelled rows: inches from the top of the grid."""

    labels: list[str]
    centres: list[float]
    heights: list[float]
    headings: list[tuple[str, float]] = field(default_factory=list)
    label_width: float = 0.0
    total: float = 0.0

    def draw(self, sheet: Sheet, top: float, *, bands: bool = True) -> Axes:
        """Write labels and headings, shade every other row; return the axes behind (unit inches)."""
        back = sheet.axes(0, top, sheet.room, self.total, bare=True)
        back.set_xlim(0, sheet.room)
        back.set_ylim(self.total, 0)
        for index, (label, centre, height) in enumerate(zip(self.labels, self.centres, self.heights, strict=True)):
            if bands and index % 2 == 0:
                back.axhspan(centre - height / 2, centre + height / 2, color=sheet.theme.band, linewidth=0)
            sheet.text(0.05, top + centre, label)
        for text, centre in self.headings:
            sheet.text(0, top + centre, text, weight="bold", color=sheet.theme.secondary)
        return back


def row_grid(
    sheet: Sheet,
    labels: Sequence[str],
    *,
    share: float = 0.36,
    notes: Sequence[str] = (),
    groups: Sequence[str] | None = None,
    minimum: float = ROW,
) -> RowGrid:
    """Wrap labels to at most `share` of the width and place the rows; `notes` must fit in the rows too."""
    widest = sheet.room * share
    wrapped = [wrap(label, widest) for label in labels]
    grid = RowGrid(wrapped, [], [], label_width=max(block_width(label) for label in wrapped) + 0.17)
    last: str | None = None
    for index, label in enumerate(wrapped):
        if groups is not None and groups[index] != last:
            last = groups[index]
            text = wrap(last, sheet.room, bold=True)
            height = block_height(text) + 0.2
            grid.headings.append((text, grid.total + height - block_height(text) / 2 - 0.05))
            grid.total += height
        note = block_height(notes[index], SMALL) if index < len(notes) and notes[index] else 0.0
        height = max(minimum, max(block_height(label), note) + PAD)
        grid.centres.append(grid.total + height / 2)
        grid.heights.append(height)
        grid.total += height
    return grid


def nice_ticks(low: float, high: float, parts: int = 5) -> list[float]:
    """Return round values inside `low` to `high`."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(nbins=parts, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [round(float(tick), 10) + 0.0 for tick in ticks if low - 1e-9 <= tick <= high + 1e-9]


def tick_texts(ticks: Sequence[float], kind: str, locale: str) -> list[str]:
    """Return the ticks as text, all with the decimals the finest one needs."""
    if kind == "share":
        return [format_value(tick, "share", locale) for tick in ticks]
    digits = next((d for d in range(4) if all(abs(tick - round(tick, d)) < 1e-9 for tick in ticks)), 4)
    if kind in ("coefficient", "correlation"):
        return [format_value(tick, kind, locale, digits=max(digits, 1)) if tick else "0" for tick in ticks]
    return [format_number(tick, digits=digits, locale=locale) for tick in ticks]


def value_limits(values: Sequence[float], kind: str) -> tuple[float, float]:
    """Return the ends of the value axis: 0 to 1 for shares, at least that for coefficients, else the data."""
    known = [value for value in values if np.isfinite(value)]
    if kind == "share":
        return 0.0, 1.0
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if kind in ("coefficient", "correlation"):
        return min(0.0, float(np.floor(low * 5) / 5)), max(1.0, float(np.ceil(high * 5) / 5))
    span = (high - low) or max(abs(high), 1.0)
    return low - 0.06 * span, high + 0.06 * span


def key_line(sheet: Sheet, entries: Sequence[tuple[Mark, str]]) -> tuple[list[tuple[Mark, str, float, float]], float]:
    """Return the places (x, y) of a key's entries, wrapped to the sheet, and the height they take."""
    places, x, y = [], 0.08, 0.09
    for mark, word in entries:
        width = text_width(word, SMALL) + 0.42
        if x + width > sheet.room and x > 0.1:
            x, y = 0.08, y + 0.2
        places.append((mark, word, x, y))
        x += width
    return places, y + 0.16 if entries else 0.0


def draw_key(sheet: Sheet, places: Sequence[tuple[Mark, str, float, float]], top: float = 0.0) -> None:
    """Draw mark and word of each entry; swatches are marks with marker ``'s'``."""
    if not places:
        return
    axes = sheet.canvas()
    for mark, word, x, y in places:
        axes.plot([x], [top + y], **sheet.marker(mark, size=7))
        sheet.text(x + 0.12, top + y, word, size=SMALL, color=sheet.theme.secondary, va="center_baseline")


def finish(sheet: Sheet, data: pd.DataFrame, *sentences: str) -> Figure:
    """Return the chart with its table and alternative text."""
    return Figure(sheet.figure, data.reset_index(drop=True), alternative_text(sheet, *sentences))
