"""Verdicts under other thresholds, and without one of the streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from ..evidence import STREAM, decide
from ..framework import Framework
from ..item_evidence import ItemIndex, decide_items, item_index
from ..results import combine, count_row
from ..rules import STREAMS, Graded, Rows, Rules, Threshold, by_id, verdict

STEPS = (-2, -1, 1, 2)
"""Steps away from the threshold in force; `Threshold.step` is one step."""


def sensitivity(rows: pd.DataFrame, framework: Framework, rules: Rules) -> pd.DataFrame:
    """Return how many verdicts of the rule change when a threshold moves, or when a stream is left out.

    Overrides do not count: asked is what the rule would say.

    Parameters
    ----------
    rows : pandas.DataFrame
        Result rows after the gates.
    framework, rules : Framework, Rules
        What is judged, and by which rules.

    Returns
    -------
    pandas.DataFrame
        ``n_verdicts_changed`` per threshold (one step lower or higher) and per stream left out, `label` naming the
        skills; ``what_if`` per threshold and step from -2 to +2, `label` naming skills and items with what they turn
        into, as ``S03=revise|S05=keep``, and ``what_if_value``, the threshold's value there. A step to below 0 is left
        out; 0 to 1 bounds the thresholds that are shares.
    """
    known = by_id(rows)
    parts = [*_moved(known, framework, rules), *_left_out(known, framework, rules)]
    return combine(parts)


def _verdicts(known: Rows, framework: Framework, rules: Rules, index: ItemIndex) -> dict[str, str]:
    skills = {skill: outcome for skill, (_, outcome, _) in decide(known, framework, rules).items()}
    items = decide_items(known, framework, rules, index=index)
    return skills | {item: outcome for item, (outcome, _) in items.items()}


def _moved(known: Rows, framework: Framework, rules: Rules) -> Iterator[pd.DataFrame]:
    index = item_index(known)
    now = _verdicts(known, framework, rules, index)
    skills = [skill.id for skill in framework.skills]
    for name, threshold in rules.thresholds.items():
        for step, value in steps_of(threshold):
            then = _verdicts(known, framework, rules.with_threshold(name, value), index)
            flipped = {target: outcome for target, outcome in then.items() if outcome != now[target]}
            common = {"stream": STREAM, "target_type": "threshold", "target_id": name, "unit": "verdicts"}
            if abs(step) == 1:
                changed = [skill for skill in skills if skill in flipped]
                direction = "lower" if step < 0 else "higher"
                yield count_row(len(changed), statistic="n_verdicts_changed", n_used=len(skills), aspect=direction,
                                label="|".join(changed), **common)  # fmt: skip
            place = {"aspect": step_name(step)}
            label = "|".join(f"{target}={outcome}" for target, outcome in flipped.items())
            yield count_row(len(flipped), statistic="what_if", n_used=len(now), label=label, **place, **common)
            yield count_row(value, statistic="what_if_value", n_used=len(now), **place, **common)


def steps_of(threshold: Threshold) -> list[tuple[int, float]]:
    """Return step and value for each step of a threshold that makes sense; none when it has no step."""
    if threshold.step is None:
        return []
    moved = [(step, round(threshold.value + step * threshold.step, 10)) for step in STEPS]
    highest = 1.0 if threshold.value < 1 else float("inf")
    return [(step, value) for step, value in moved if 0 <= value <= highest]


def step_name(step: int) -> str:
    """Return a step as it stands in ids: ``minus_2`` to ``plus_2``."""
    return f"{'minus' if step < 0 else 'plus'}_{abs(step)}"


def _left_out(known: Rows, framework: Framework, rules: Rules) -> Iterator[pd.DataFrame]:
    decided: Mapping[str, tuple[dict[str, Graded], str, str]] = decide(known, framework, rules)
    for stream in STREAMS:
        flipped = []
        for skill, (grades, outcome, _) in decided.items():
            silent = {**grades, stream: Graded("?", 0, "left_out", ())}
            if verdict(silent, rules)[0] != outcome:
                flipped.append(skill)
        yield count_row(len(flipped), stream=STREAM, statistic="n_verdicts_changed", target_type="stream",
                        target_id=stream, aspect="left_out", n_used=len(decided), unit="verdicts",
                        label="|".join(flipped))  # fmt: skip
