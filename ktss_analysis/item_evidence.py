"""What the evidence says about single items: flags, and the verdict that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from .framework import Framework
from .results import combine, text_row
from .rules import Row, Rows, Rules, by_id, grade_share

STREAM = "decisions"
FLAGS = ("not_relevant", "revise_wording", "check_scoring", "weak", "redundant")
_OF_GRADE = {"+": "keep", "0": "provisional", "-": "drop", "?": "not_decided"}

Numbers = Mapping[tuple[str, str, str], Row]
ItemIndex = tuple[Numbers, list[Row]]


def item_flags(rows: pd.DataFrame, framework: Framework, rules: Rules) -> pd.DataFrame:
    """Return what to do about each item: keep, revise wording, look at it, check its scoring, or redundant.

    Every flag rests on published rows and a threshold of the rules file; more than one flag may stand.
    """
    numbers, pairs = item_index(by_id(rows))
    return combine(
        text_row(flag, stream=STREAM, statistic="item_flag", target_type="item", target_id=item.id,
                 aspect=flag, group=skill_id, source_rows=evidence)
        for skill_id, items in framework.scales().items()
        for item in items
        for flag, evidence in _flags_of(item.id, numbers, pairs, rules)
    )  # fmt: skip


def decide_items(
    rows: Rows, framework: Framework, rules: Rules, *, index: ItemIndex | None = None
) -> dict[str, tuple[str, str]]:
    """Return, per item in use, the verdict and its reason.

    The grade of an item's relevance in the tool review decides: supported is keep, undecided provisional, not supported
    drop, not evaluable not decided. Any flag but "not relevant" turns keep and provisional into revise. The reason is
    the names of the flags, joined by '|', or that of the grade. `index` is what `item_index` returns for `rows`, when
    many rules are tried on the same rows.
    """
    numbers, pairs = item_index(rows) if index is None else index
    minimum = rules.streams["items"].minimum
    decided = {}
    for items in framework.scales().values():
        for item in items:
            graded = grade_share(rows.get(f"tool_review.item_cvi.relevance.{item.id}"), rules, minimum)
            outcome = _OF_GRADE[graded.grade]
            flags = [flag for flag, _ in _flags_of(item.id, numbers, pairs, rules)]
            if flags and outcome in ("keep", "provisional"):
                outcome = "revise"
            decided[item.id] = (outcome, "|".join(flags) or graded.reason)
    return decided


def item_index(rows: Rows) -> ItemIndex:
    """Return the numbers on single items by item, statistic and aspect, and the correlations of pairs of items."""
    index: dict[tuple[str, str, str], Row] = {}
    pairs = []
    for key in sorted(rows):
        row = rows[key]
        if row["status"] != "ok":
            continue
        if row["target_type"] == "item":
            index.setdefault((str(row["target_id"]), str(row["statistic"]), str(row["aspect"])), row)
        if row["statistic"] == "inter_item_correlation":
            pairs.append(row)
    return index, pairs


def _flags_of(item_id: str, numbers: Numbers, pairs: Iterable[Row], rules: Rules) -> Iterator[tuple[str, str]]:
    relevance = numbers.get((item_id, "item_cvi", "relevance"))
    clarity = numbers.get((item_id, "item_cvi", "clarity"))
    cut = rules.value("relevance_not_supported")
    if relevance is not None and relevance["ci_high"] < cut:
        yield "not_relevant", str(relevance["result_id"])
    if clarity is not None and clarity["ci_high"] < cut:
        yield "revise_wording", str(clarity["result_id"])
    rest = numbers.get((item_id, "item_rest_correlation", ""))
    if rest is not None and rest["estimate"] < 0:
        yield "check_scoring", str(rest["result_id"])
    elif rest is not None and rest["estimate"] < rules.value("item_rest"):
        yield "weak", str(rest["result_id"])
    for row in pairs:
        if item_id in str(row["target_id"]).split("~") and row["estimate"] > rules.value("redundant"):
            yield "redundant", str(row["result_id"])
            break
