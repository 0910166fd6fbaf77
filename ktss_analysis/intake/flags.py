"""Flags: patterns an analyst should look at. A flag changes nothing and drops nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..study import Study
from .rows import BoolArray, Rows
from .wide import WidePart

FEWEST_ITEMS = 10
"""A straight line over fewer items is no sign of carelessness."""

FEWEST_PATTERN = 5
"""Equal answers to fewer columns happen by chance."""

SIGNS_NEEDED = 2
"""One sign alone is common among careful people."""

FEWEST_PERSONS = 10
"""Fewer persons have no quartiles worth the name."""

FEWEST_SCALES = 3
"""Even-odd consistency is a correlation over scales."""

FEWEST_TARGETS = 8
"""A correlation with the other reviewers over fewer targets says nothing."""

SECONDS_PER_ITEM = 2.0
"""Faster than this nobody reads (Huang et al. 2012, doi:10.1007/s10869-011-9231-8)."""

LOWEST_CONSISTENCY = 0.30
"""Even-odd consistency below this is one sign of two needed (Johnson 2005, doi:10.1016/j.jrp.2004.09.009)."""


@dataclass(frozen=True)
class FlagFacts:
    """What flags need to know of all rows when the rows at hand are some of them.

    Parameters
    ----------
    same_answers : numpy.ndarray of bool, shape (n_rows,)
        Rows without identifier whose answers all stand in an earlier row.
    fences : list of float
        Per wide part the upper fence of the spread within scales; infinite where there is none.
    """

    same_answers: BoolArray
    fences: list[float]


def raise_flags(
    rows: Rows, parts: Sequence[WidePart], seconds: pd.Series, study: Study, facts: FlagFacts | None = None
) -> None:
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
    facts : FlagFacts, optional
        What the rows at hand cannot tell, when they are not all rows of the source.
    """
    same = same_answers(rows, parts) if facts is None else facts.same_answers
    rows.log.change(
        "flag.same_answers", "flagged", **rows.where(same),
        reason="all answers equal those of an earlier row; without identifiers this may be chance; it stays",
    )  # fmt: skip
    for part in parts:
        if part.block.aspect == "relevance":
            _reversed_raters(rows, part)
    straight = _straight_lines(rows, parts)
    fast = _speeders(rows, parts, seconds)
    inconsistent, scattered = _scale_signs(rows, parts, study, None if facts is None else facts.fences)
    signs = {
        "straight line": straight, "speed": fast, "even-odd consistency": inconsistent,
        "spread within scales": scattered,
    }  # fmt: skip
    careless = np.sum(list(signs.values()), axis=0) >= SIGNS_NEEDED
    reasons = [
        "two or more signs of careless answers: " + ", ".join(name for name, hits in signs.items() if hits[place])
        for place in np.flatnonzero(careless)
    ]
    rows.log.change("flag.careless", "flagged", **rows.where(careless), reason=reasons)


def _none(rows: Rows) -> BoolArray:
    return np.zeros(len(rows.alive), dtype=bool)


def same_answers(rows: Rows, parts: Sequence[WidePart]) -> BoolArray:
    """Return each row without identifier whose answers all stand in an earlier row."""
    mask = _none(rows)
    anonymous = rows.alive & ~rows.gathered.has_id
    if not parts or not anonymous.any():
        return mask
    answers = patterns(parts)[anonymous]
    enough = answers.notna().sum(axis=1) >= FEWEST_PATTERN
    repeated = (answers.duplicated(keep="first") & enough).to_numpy(dtype=bool)
    mask[np.flatnonzero(anonymous)[repeated]] = True
    return mask


def patterns(parts: Sequence[WidePart]) -> pd.DataFrame:
    """Return the answers of all parts side by side, nan where a row was not asked."""
    return pd.DataFrame(np.hstack([np.where(part.asked, part.answers, np.nan) for part in parts]))


def _straight_lines(rows: Rows, parts: Sequence[WidePart]) -> BoolArray:
    any_line = _none(rows)
    for part in parts:
        if len(part.targets) < FEWEST_ITEMS or _two_points(part):
            continue
        values = np.where(part.asked, part.answers, np.nan)
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


def _two_points(part: WidePart) -> bool:
    """Return whether the part is a yes-no question; voting yes to all is a view, no carelessness."""
    scale = part.cell_rules.scale
    return scale is not None and part.block.whole and scale[1] - scale[0] <= 1


def _speeders(rows: Rows, parts: Sequence[WidePart], seconds: pd.Series) -> BoolArray:
    """Flag rows answered in less than two seconds per distinct thing judged."""
    time = seconds.to_numpy(dtype=float, na_value=np.nan)
    targets: dict[tuple[str, str], BoolArray] = {}
    for part in parts:
        answered = part.asked & ~np.isnan(part.answers)
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
    """Flag reviewers whose ratings run against the mean of all the others and fit it better turned round.

    The correlation alone also falls below zero for careful reviewers when all targets are about equally
    good. Both signs together are rare by chance and certain when somebody read the scale upside down.
    """
    from ..psychometrics.screening import reversed_rater

    values = np.where(part.asked & rows.alive[:, None], part.answers, np.nan)
    found = reversed_rater(values)
    correlations = found["estimate"].to_numpy(dtype=float, na_value=np.nan)
    n_targets = found["n_used"].to_numpy(dtype=float, na_value=0)
    with np.errstate(invalid="ignore"):
        against = rows.alive & (n_targets >= FEWEST_TARGETS) & (correlations < 0)
    if part.cell_rules.scale is not None:
        against &= _fits_turned_round(values, part.cell_rules.scale)
    reasons = [
        f"{part.name}: correlation {correlations[place]:.2f} with the mean of the other reviewers over "
        f"{int(n_targets[place])} targets, and the ratings fit that mean better when turned round; ask the "
        "person whether the scale was read upside down"
        for place in np.flatnonzero(against)
    ]
    rows.log.change("flag.reversed_rater", "flagged", **rows.where(against), reason=reasons)


def _fits_turned_round(values: NDArray[np.float64], scale: tuple[float, float]) -> BoolArray:
    """Return which rows are nearer to the mean of the other rows when reversed on the scale."""
    present = ~np.isnan(values)
    filled = np.where(present, values, 0.0)
    n_others = present.sum(axis=0) - present
    both = present & (n_others > 0)
    others = (filled.sum(axis=0) - filled) / np.maximum(n_others, 1)
    as_given = np.where(both, np.abs(values - others), 0.0).sum(axis=1)
    turned = np.where(both, np.abs(sum(scale) - values - others), 0.0).sum(axis=1)
    return turned < as_given


def _scale_signs(
    rows: Rows, parts: Sequence[WidePart], study: Study, fences: Sequence[float] | None
) -> tuple[BoolArray, BoolArray]:
    """Mark persons whose items of the same scales do not go together; these are no flags of their own.

    Returns
    -------
    inconsistent : numpy.ndarray of bool
        Even-odd consistency below `LOWEST_CONSISTENCY`.
    scattered : numpy.ndarray of bool
        Mean standard deviation within scales above the upper fence of all persons, as in random answers
        (Marjanovic et al. 2015, doi:10.1016/j.paid.2014.08.021).
    """
    from ..psychometrics.screening import even_odd_consistency

    inconsistent, scattered = _none(rows), _none(rows)
    for place, part in enumerate(parts):
        scored, scales = _scored(part, study)
        if len(scales) < FEWEST_SCALES:
            continue
        index = even_odd_consistency(scored, scales)["estimate"].to_numpy(dtype=float, na_value=np.nan)
        spread = _spread(scored, scales)
        present = spread[rows.alive & ~np.isnan(spread)]
        fence = upper_fence(len(present), *_quartiles(present)) if fences is None else fences[place]
        with np.errstate(invalid="ignore"):
            inconsistent |= rows.alive & (-index < LOWEST_CONSISTENCY)
            scattered |= rows.alive & (spread > fence)
    return inconsistent, scattered


def spread_within_scales(part: WidePart, study: Study) -> NDArray[np.float64]:
    """Return each row's mean standard deviation within scales; nan where the part has too few scales for it."""
    scored, scales = _scored(part, study)
    return _spread(scored, scales) if len(scales) >= FEWEST_SCALES else np.full(len(part.answers), np.nan)


def upper_fence(n_persons: int, lower: float, upper: float) -> float:
    """Return the third quartile and 1.5 interquartile ranges; infinite for fewer than `FEWEST_PERSONS`."""
    return upper + 1.5 * (upper - lower) if n_persons >= FEWEST_PERSONS else np.inf


def _quartiles(values: NDArray[np.float64]) -> tuple[float, float]:
    if not len(values):
        return np.nan, np.nan
    lower, upper = np.quantile(values, [0.25, 0.75])
    return float(lower), float(upper)


def _scored(part: WidePart, study: Study) -> tuple[pd.DataFrame, dict[str, Sequence[str]]]:
    """Return a part's answers with reversed items turned, and its scales of two items or more."""
    if part.block.table != "responses":
        return pd.DataFrame(), {}
    scored = _turned(part, study)
    scales: dict[str, Sequence[str]] = {
        skill: [item.id for item in items if item.id in scored] for skill, items in study.instrument.scales().items()
    }
    return scored, {skill: items for skill, items in scales.items() if len(items) >= 2}


def _spread(scored: pd.DataFrame, scales: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    apart = [scored[list(items)].std(axis=1) for items in scales.values()]
    return pd.concat(apart, axis=1).mean(axis=1).to_numpy(dtype=float)


def _turned(part: WidePart, study: Study) -> pd.DataFrame:
    """Return the answers with reversed items turned, for screening only; the tables keep them as given."""
    scored = pd.DataFrame(np.where(part.asked, part.answers, np.nan), columns=part.targets)
    present = scored.to_numpy()[~np.isnan(scored.to_numpy())]
    low, high = part.cell_rules.scale or ((present.min(), present.max()) if present.size else (0.0, 0.0))
    for item in study.instrument.items:
        if item.key == -1 and item.id in scored:
            scored[item.id] = low + high - scored[item.id]
    return scored
