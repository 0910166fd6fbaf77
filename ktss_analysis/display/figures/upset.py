"""UpSet chart: which combinations of evidence streams support how many targets."""

from __future__ import annotations

from typing import Unpack

import pandas as pd

from ..numbers import DisplayError, format_count
from ..palette import Mark
from ..style import SMALL, FrameOptions, Sheet, open_sheet, wrap
from .base import Figure, draw_note, finish, note_height, prepare, row_grid, short
from .grade_matrix import checked_grade

BARS = 1.5


def upset(rows: pd.DataFrame, **options: Unpack[FrameOptions]) -> Figure:
    """Draw how many targets each combination of streams supports (grade ``+``), most frequent first.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per target and stream: `target_id, stream, grade`; optional `label, status, reason`.
    **options
        Title, subtitle and the like, see `style.FrameOptions`.

    Returns
    -------
    Figure
        `data` has one row per combination: `stream` (names joined by ``|``), `count`, `target_id` (ids joined
        by ``|``). A target with any stream that is not shown is left out of all combinations, as it would be
        counted in the wrong one; one last row with status ``"masked"`` holds how many.
    """
    data = prepare(rows, ["target_id", "stream", "grade"], "upset")
    if data.duplicated(["target_id", "stream"]).any():
        raise DisplayError("upset: one row per target and stream; a pair stands there twice")
    streams = list(dict.fromkeys(data["stream"].astype(str)))
    sets = _combinations(data, streams)
    with open_sheet(options) as sheet:
        grid = row_grid(sheet, streams, share=0.3, minimum=0.3)
        top = BARS + 0.3
        note = wrap(_left_out(sheet, sets), sheet.room - 0.1, size=SMALL)
        sheet.lay_out(top + grid.total + note_height(note))
        draw_note(sheet, note, top + grid.total)
        grid.draw(sheet, top)
        axes = sheet.canvas()
        shown_sets = sets[sets["status"] == "ok"]
        pitch = min((sheet.room - grid.label_width) / max(len(shown_sets), 1), 0.6)
        if pitch < 0.2:
            raise DisplayError(f"upset: {len(shown_sets)} combinations do not fit; use grade_matrix")
        highest = max(shown_sets["count"].max(), 1) if len(shown_sets) else 1
        mark = sheet.theme.categories[0]
        off = Mark(sheet.theme.grid, "o", True, "●")
        for index, (names, size) in enumerate(zip(shown_sets["stream"], shown_sets["count"], strict=True)):
            x = grid.label_width + (index + 0.5) * pitch
            height = BARS * size / highest
            axes.bar(x, -height, bottom=top - 0.06, width=min(0.3, pitch * 0.6), color=mark.colour)
            number = format_count(size, locale=sheet.locale)
            sheet.text(x, top - 0.06 - height - 0.08, number, ha="center", size=SMALL)
            members = names.split("|") if names else []
            ys = [top + y for stream, y in zip(streams, grid.centres, strict=True) if stream in members]
            if len(ys) > 1:
                axes.plot([x, x], [min(ys), max(ys)], color=mark.colour, linewidth=1.6)
            for stream, y in zip(streams, grid.centres, strict=True):
                axes.plot([x], [top + y], **sheet.marker(mark if stream in members else off, size=8))
        sheet.text(0.05, top - 0.06 - BARS / 2, wrap(sheet.word("skills"), grid.label_width - 0.2),
                   color=sheet.theme.secondary)  # fmt: skip
        sentences = [
            sheet.word("alt.upset_set", count=format_count(size, locale=sheet.locale),
                       streams=short(names.replace("|", " + "), 60) or sheet.word("no_stream"))
            for names, size in zip(shown_sets["stream"], shown_sets["count"], strict=True)
        ]  # fmt: skip
        total = format_count(data["target_id"].nunique(), locale=sheet.locale)
        dropped = int(sets.loc[sets["status"] != "ok", "count"].sum())
        hidden = sheet.word("alt.hidden", count=format_count(dropped, locale=sheet.locale)) if dropped else ""
        return finish(sheet, sets, sheet.word("alt.upset", count=total), hidden, *sentences)


def _left_out(sheet: Sheet, sets: pd.DataFrame) -> str:
    """Return how many targets are in no combination, and why."""
    hidden = sets[sets["status"] != "ok"]
    if hidden.empty:
        return ""
    count = format_count(hidden["count"].sum(), locale=sheet.locale)
    return f"○ {sheet.word('alt.hidden', count=count).rstrip('.')}: {hidden['reason'].iloc[0]}".rstrip(": ")


def _combinations(data: pd.DataFrame, streams: list[str]) -> pd.DataFrame:
    """Return one row per combination of supporting streams, most frequent first, then those left out."""
    members: dict[str, list[str]] = {}
    left_out: list[str] = []
    reasons: list[str] = []
    for target, part in data.groupby("target_id", sort=False):
        if (part["status"] != "ok").any():
            left_out.append(str(target))
            reasons.extend(text for text in part.loc[part["status"] != "ok", "reason"] if text)
            continue
        plus = {str(row.stream) for row in part.itertuples() if checked_grade(row.grade) == "+"}
        members.setdefault("|".join(stream for stream in streams if stream in plus), []).append(str(target))
    records = [
        {"stream": names, "count": len(ids), "target_id": "|".join(ids), "status": "ok", "reason": ""}
        for names, ids in sorted(members.items(), key=lambda entry: (-len(entry[1]), -entry[0].count("|"), entry[0]))
    ]
    if left_out:
        records.append({"stream": "", "count": len(left_out), "target_id": "|".join(left_out),
                        "status": "masked", "reason": "; ".join(dict.fromkeys(reasons))})  # fmt: skip
    return pd.DataFrame(records)
