"""Flags: patterns an analyst should look at. A flag changes nothing and drops nobody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..study import Study
from .rows import BoolArray, Rows
from .wide import WidePart

FEWEST_ITEMS = 10
"""A straight line over fewer items is no sign of carelessness."""

FEWEST_PATTERN = 5
"""Equal answers to fewer columns happen by chance."""

FEWEST_SCALES = 3
"""Even-odd consistency is a correlation over scales."""

FEWEST_TARGETS = 8
"""A correlation with the other reviewers over fewer targets says nothing."""

SECONDS_PER_ITEM = 2.0
"""Faster than this nobody reads (Huang et al. 2012, doi:10.1007/s10869-011-9231-8)."""

LOWEST_CONSISTENCY = 0.30
"""Even-odd consistency below this counts as one of two indicators needed (Johnson 2005, doi:10.1016/j.jrp.2004.09.009)."""


def raise_flags(rows: Rows, parts: Sequence[WidePart], seconds: pd.Series, study: Study) -> None:
    """Log all flags of one source.

    Parameters
    ----------
    rows : Rows
        Rows still in use.
    parts : sequence of WidePart
        The source's wide parts.
    seconds : pandas.Series, shape (n_rows,)
        Time taken for the form.
    study : Study
        For the items of each scale.
    """
    _same_answers(rows, parts)
    for part in parts:
        if part.block.aspect == "relevance":
            _reversed_raters(rows, part)
    straight = _straight_lines(rows, parts)
    fast = _speeders(rows, parts, seconds)
    inconsistent = _inconsistent(rows, parts, study)
    careless = (straight.astype(int) + fast + inconsistent) >= 2
    names = ("straight line", "speed", "even-odd consistency")
    reasons = [
        "two or more signs of careless answers: "
        + ", ".join(name for name, hit in zip(names, hits, strict=True) if hit)
        for hits in zip(straight[careless], fast[careless], inconsistent[careless], strict=True)
    ]
    rows.log.change("flag.careless", "flagged", **rows.where(careless), reason=reasons)


def _none(rows: Rows) -> BoolArray:
    return np.zeros(len(rows.alive), dtype=bool)


def _same_answers(rows: Rows, parts: Sequence[WidePart]) -> None:
    """Flag each row without identifier whose answers all stand in an earlier row."""
    matrix = [np.where(part.asked, part.values, np.nan) for part in parts]
    anonymous = rows.alive & ~rows.gathered.has_id
    if not matrix or not anonymous.any():
        return
    answers = pd.DataFrame(np.hstack(matrix)[anonymous])
    enough = answers.notna().sum(axis=1) >= FEWEST_PATTERN
    repeated = (answers.duplicated(keep="first") & enough).to_numpy(dtype=bool)
    mask = _none(rows)
    mask[np.flatnonzero(anonymous)[repeated]] = True
    rows.log.change(
        "flag.same_answers", "flagged", **rows.where(mask),
        reason="all answers equal those of an earlier row; without an identifier this may be chance, so the row stays",
    )  # fmt: skip


def _straight_lines(rows: Rows, parts: Sequence[WidePart]) -> BoolArray:
    any_line = _none(rows)
    for part in parts:
        if len(part.targets) < FEWEST_ITEMS:
            continue
        values = np.where(part.asked, part.values, np.nan)
        n_answers = (~np.isnan(values)).sum(axis=1)
        filled = np.where(np.isnan(values), -np.inf, values).max(axis=1)
        lowest = np.where(np.isnan(values), np.inf, values).min(axis=1)
        line = rows.alive & (n_answers >= FEWEST_ITEMS) & (filled == lowest)
        reasons = [
            f"{part.name}: the same answer {answer:g} to all {count} questions"
            for answer, count in zip(filled[line], n_answers[line], strict=True)
        ]
        rows.log.change("flag.longstring", "flagged", **rows.where(line), reason=reasons)
        any_line |= line
    return any_line


def _speeders(rows: Rows, parts: Sequence[WidePart], seconds: pd.Series) -> BoolArray:
    """Flag rows answered in less than two seconds per distinct thing judged."""
    time = seconds.to_numpy(dtype=float, na_value=np.nan)
    targets: dict[tuple[str, str], BoolArray] = {}
    for part in parts:
        answered = part.asked & ~np.isnan(part.values)
        for place, target in enumerate(part.targets):
            key = (part.target_type, target)
            targets[key] = targets.get(key, _none(rows)) | answered[:, place]
    n_targets = np.sum(list(targets.values()), axis=0) if targets else np.zeros(len(time))
    with np.errstate(invalid="ignore"):
        fast = rows.alive & (n_targets > 0) & (time < SECONDS_PER_ITEM * n_targets)
    reasons = [f"{time[place]:g} s for {int(n_targets[place])} questions" for place in np.flatnonzero(fast)]
    rows.log.change("flag.speed", "flagged", **rows.where(fast), reason=reasons)
    return fast


def _reversed_raters(rows: Rows, part: WidePart) -> None:
    """Flag reviewers whose ratings run against the mean of all the others."""
    from ..psychometrics.screening import reversed_rater

    values = np.where(part.asked & rows.alive[:, None], part.values, np.nan)
    found = reversed_rater(values)
    correlations = found["estimate"].to_numpy(dtype=float, na_value=np.nan)
    n_targets = found["n_used"].to_numpy(dtype=float, na_value=0)
    with np.errstate(invalid="ignore"):
        against = rows.alive & (n_targets >= FEWEST_TARGETS) & (correlations < 0)
    reasons = [
        f"{part.name}: correlation {correlations[place]:.2f} with the mean of the other reviewers over "
        f"{int(n_targets[place])} targets; the scale may have been reversed"
        for place in np.flatnonzero(against)
    ]
    rows.log.change("flag.reversed_rater", "flagged", **rows.where(against), reason=reasons)


def _inconsistent(rows: Rows, parts: Sequence[WidePart], study: Study) -> BoolArray:
    """Mark persons whose even and odd items of the same scales do not go together; not a flag of its own."""
    from ..psychometrics.screening import even_odd_consistency

    result = _none(rows)
    for part in parts:
        if part.block.table != "responses":
            continue
        scored = pd.DataFrame(np.where(part.asked, part.values, np.nan), columns=part.targets)
        present = scored.to_numpy()[~np.isnan(scored.to_numpy())]
        low, high = part.cell_rules.scale or ((present.min(), present.max()) if present.size else (0.0, 0.0))
        for item in study.instrument.items:
            if item.key == -1 and item.id in scored:
                scored[item.id] = low + high - scored[item.id]
        scales: dict[str, Sequence[str]] = {
            skill: [item.id for item in items if item.id in scored]
            for skill, items in study.instrument.scales().items()
        }
        scales = {skill: items for skill, items in scales.items() if len(items) >= 2}
        if len(scales) < FEWEST_SCALES:
            continue
        index = even_odd_consistency(scored, scales)["estimate"].to_numpy(dtype=float, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            result |= rows.alive & (-index < LOWEST_CONSISTENCY)
    return result
