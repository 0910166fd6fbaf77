"""Joint display: which grade each evidence stream gave each target."""

from __future__ import annotations

from typing import Any, Unpack

import pandas as pd

from ..colours import text_colour_on
from ..numbers import MINUS, DisplayError, format_count
from ..palette import Mark, grade_mark, verdict_mark
from ..style import SIZE, SMALL, FrameOptions, Sheet, block_height, open_sheet, text_width, wrap
from .base import (
    Figure,
    RowGrid,
    draw_key,
    draw_note,
    finish,
    hidden_note,
    hidden_sentence,
    key_line,
    note_height,
    prepare,
    row_grid,
    shown,
)
from .tiles import verdict_name

GRADES = ("+", "0", "-", "?")


def grade_matrix(
    rows: pd.DataFrame, *, verdicts: pd.DataFrame | None = None, **options: Unpack[FrameOptions]
) -> Figure:
    """Draw targets as rows, evidence streams as columns and the grade as symbol and colour of the cell.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per target and stream: `target_id, stream, grade` (``+ 0 - ?``); optional `label, status,
        reason`. Targets and streams are drawn in order of first appearance.
    verdicts : pandas.DataFrame, optional
        `target_id, verdict`: written at the right as icon and word.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.

    Returns
    -------
    Figure
        A cell that is not shown, or for which there is no row, is hollow with a dashed edge.
    """
    data = prepare(rows, ["target_id", "stream", "grade"], "grade_matrix")
    data["stream"] = data["stream"].astype(str)
    data["grade"] = [
        checked_grade(grade) if status == "ok" else ""
        for grade, status in zip(data["grade"], data["status"], strict=True)
    ]
    if data.duplicated(["target_id", "stream"]).any():
        raise DisplayError("grade_matrix: one row per target and stream; a pair stands there twice")
    targets = data.drop_duplicates("target_id")
    streams = list(dict.fromkeys(data["stream"]))
    with open_sheet(options) as sheet:
        words = _verdict_words(sheet, targets, verdicts)
        right = 1.5 if words else 0.0
        longest = max(text_width(word, SMALL) for stream in streams for word in stream.split())
        for share in (0.36, 0.3, 0.24):
            grid = row_grid(sheet, targets["label"].tolist(), share=share, minimum=0.27)
            pitch = min((sheet.room - grid.label_width - right) / len(streams), 1.25)
            if pitch > longest + 0.08:
                break
        heads = [wrap(stream, pitch - 0.08, size=SMALL) for stream in streams]
        key, key_height = key_line(sheet, _key(sheet, data))
        top = key_height + max(block_height(head, SMALL) for head in heads) + 0.12
        note = hidden_note(sheet, data)
        sheet.lay_out(top + grid.total + note_height(note))
        draw_note(sheet, note, top + grid.total)
        draw_key(sheet, key)
        grid.draw(sheet, top)
        axes = sheet.canvas()
        for index, head in enumerate(heads):
            x = grid.label_width + (index + 0.5) * pitch
            sheet.text(x, top - 0.05, head, ha="center", va="bottom", size=SMALL, color=sheet.theme.secondary)
        _draw_cells(sheet, axes, data, grid, pitch, top)
        x = grid.label_width + len(streams) * pitch + 0.14
        for target, y in zip(targets["target_id"], grid.centres, strict=True):
            if target in words:
                mark, word = words[target]
                axes.plot([x], [top + y], **sheet.marker(mark, size=7))
                sheet.text(x + 0.13, top + y, wrap(word, 1.2, size=SMALL), size=SMALL)
        counts = shown(data)["grade"].value_counts()
        sentences = [
            sheet.word("alt.grade_count", grade=sheet.word(f"grade.{grade}"),
                       count=format_count(counts[grade], locale=sheet.locale))
            for grade in GRADES if grade in counts
        ]  # fmt: skip
        sizes = {"rows": format_count(len(targets), locale=sheet.locale), "columns": len(streams)}
        return finish(sheet, data, sheet.word("alt.matrix", **sizes), *sentences, hidden_sentence(sheet, data))


def _draw_cells(sheet: Sheet, axes: Any, data: pd.DataFrame, grid: RowGrid, pitch: float, top: float) -> None:
    """Draw the cell of every target and stream; a pair without a row is drawn as not shown."""
    grades = data.set_index(["target_id", "stream"])["grade"].to_dict()
    streams = list(dict.fromkeys(data["stream"]))
    for target, y in zip(dict.fromkeys(data["target_id"]), grid.centres, strict=True):
        for index, stream in enumerate(streams):
            place = (grid.label_width + (index + 0.5) * pitch, top + y, min(pitch - 0.08, 0.72))
            _cell(sheet, axes, grades.get((target, stream), ""), place)


def checked_grade(grade: object) -> str:
    """Return a grade in its plain spelling, or refuse it."""
    grade_mark(str(grade))
    return str(grade).replace(MINUS, "-")


def _verdict_words(sheet: Sheet, targets: pd.DataFrame, verdicts: pd.DataFrame | None) -> dict[str, tuple[Mark, str]]:
    if verdicts is None:
        return {}
    known = verdicts.assign(target_id=verdicts["target_id"].astype(str)).set_index("target_id")["verdict"]
    return {
        target: (
            verdict_mark(known[target], sheet.theme),
            sheet.word(f"verdict.{verdict_name(known[target])}"),
        )
        for target in targets["target_id"]
        if target in known.index
    }


def _key(sheet: Sheet, data: pd.DataFrame) -> list[tuple[Mark, str]]:
    present = set(shown(data)["grade"])
    entries = []
    for grade in GRADES:
        if grade in present:
            mark = grade_mark(grade, sheet.theme)
            symbol = grade.replace("-", MINUS)
            entries.append((Mark(mark.colour, "s", mark.filled, "■"), f"{symbol}  {sheet.word(f'grade.{grade}')}"))
    return entries


def _cell(sheet: Sheet, axes: Any, grade: str, place: tuple[float, float, float]) -> None:
    from matplotlib.patches import Rectangle

    x, y, width = place
    height = 0.2
    corner = (x - width / 2, y - height / 2)
    if not grade:
        axes.plot([x], [y], **sheet.marker(Mark(sheet.theme.note, "o", False, "○"), size=6))
        axes.add_patch(Rectangle(corner, width, height, facecolor="none", edgecolor=sheet.theme.note,
                                 linewidth=0.8, linestyle="--"))  # fmt: skip
        return
    mark = grade_mark(grade, sheet.theme)
    fill = mark.colour if mark.filled else sheet.theme.background
    axes.add_patch(Rectangle(corner, width, height, facecolor=fill, edgecolor=mark.colour, linewidth=1.0))
    ink = text_colour_on(fill) if mark.filled else sheet.theme.text
    style = {"size": SIZE + 1, "weight": "bold", "color": ink}
    sheet.text(x, y, grade.replace("-", MINUS), ha="center", va="center_baseline", **style)
