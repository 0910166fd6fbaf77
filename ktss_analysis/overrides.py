"""Overrides: the only way in which people set a verdict against the rule, as rows of the decision log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .core import InputError
from .framework import Framework
from .study import Study

SKILL_VERDICTS = ("keep", "keep_discordant", "provisional", "revise", "drop", "not_decided")
"""Verdicts on a skill from best to worst; also the order in which they are shown."""
ITEM_VERDICTS = ("keep", "provisional", "revise", "drop", "not_decided")
SHORTEST_REASON = 8
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_OWN = ("target_id", "verdict", "rule_verdict", "merged_into")


@dataclass(frozen=True, slots=True)
class Override:
    """One row of the decision log that sets a verdict.

    Parameters
    ----------
    decision_id : str
        The row's id in the decision log.
    target_type : {"skill", "item"}
        What it is about.
    target_id : str
        Id in the framework.
    verdict, rule_verdict : str
        The verdict that people set, and the one of the rule they had before them.
    merged_into : str
        Skill that a dropped one was merged into; else empty.
    decided_by, date, reason : str
        Role, ISO date, sentence.
    source_row, rule_column : str
        ``file:row``, and the header of the column with the rule's verdict, for messages.
    """

    decision_id: str
    target_type: str
    target_id: str
    verdict: str
    rule_verdict: str
    merged_into: str
    decided_by: str
    date: str
    reason: str
    source_row: str
    rule_column: str = "rule_verdict"

    @property
    def changes_verdict(self) -> bool:
        """Tell whether the verdict differs from the rule's; a merger of a dropped skill may leave it."""
        return self.verdict != self.rule_verdict


def is_override(decisions: pd.DataFrame) -> pd.Series:
    """Tell which rows of the decision log set a verdict: any of the columns that only such a row has is filled."""
    filled = pd.Series(False, index=decisions.index)
    for column in _OWN:
        if column in decisions:
            filled |= decisions[column].fillna("").astype(str).str.strip() != ""
    return filled


def read_overrides(
    decisions: pd.DataFrame, framework: Framework, headers: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Override]:
    """Return the overrides of a decision log by what they are about.

    Parameters
    ----------
    decisions : pandas.DataFrame
        Canonical table ``decisions``; rows that set no verdict are passed over.
    framework : Framework
        Says which skills and items there are.
    headers : mapping, optional
        Source -> canonical column -> header in the raw file, for messages.

    Returns
    -------
    dict
        Skill or item -> override.

    Raises
    ------
    InputError
        With file, row and column: for a target the framework does not have or that a second row decides too, a word
        that is no verdict, a missing reason, role or date, an override that changes nothing, and a merger that leads
        nowhere.
    """
    found: dict[str, Override] = {}
    for record in decisions[is_override(decisions)].to_dict("records"):
        row = _Row(record, headers or {})
        kind = _target_type(row, framework)
        _check_words(row, kind, framework)
        override = Override(target_type=kind, rule_column=row.header("rule_verdict"),
                            **{name: row.text(name) for name in _FIELDS})  # fmt: skip
        if override.target_id in found:
            first = found[override.target_id]
            raise row.refusal("target_id", f"the verdict is set by {first.decision_id} too ({first.source_row})",
                              allowed="one row per skill or item")  # fmt: skip
        found[override.target_id] = override
    _refuse_chains(decisions, found, headers or {})
    return found


def check_not_stale(overrides: Mapping[str, Override], rule_verdicts: Mapping[str, str]) -> None:
    """Refuse an override that was written against another verdict than the rule gives now.

    Parameters
    ----------
    overrides : mapping
        Target -> override.
    rule_verdicts : mapping
        Target -> verdict of the rule in this run.

    Raises
    ------
    InputError
        With file, row and column. People decided on evidence that has changed since; they have to look again.
    """
    for target, override in overrides.items():
        now = rule_verdicts.get(target)
        if now != override.rule_verdict:
            file, _, number = override.source_row.rpartition(":")
            says = f"the rule says {now!r} now" if now else "the rule gives no verdict on it"
            raise InputError(
                f"override {override.decision_id} of {target} is out of date: {says}", file=file or None,
                row=int(number) if number.isdigit() else None, column=override.rule_column,
                found=override.rule_verdict, allowed=f"{now!r}, once somebody has decided again" if now else None,
            )  # fmt: skip


def headers_of(study: Study) -> dict[str, dict[str, str]]:
    """Return, per source with a decision log, canonical column -> header in the raw file."""
    return {
        source.name: {name: cell.column for name, cell in block.fields.items() if cell.column is not None}
        for source in study.sources
        for block in source.blocks
        if block.table == "decisions"
    }


_FIELDS = (
    "decision_id", "target_id", "verdict", "rule_verdict", "merged_into", "decided_by", "date", "reason", "source_row",
)  # fmt: skip


class _Row:
    """One row of the decision log, and how to complain about a cell of it."""

    def __init__(self, record: Mapping[str, Any], headers: Mapping[str, Mapping[str, str]]) -> None:
        self.record = record
        self.headers = headers.get(self.text("source"), {})

    def text(self, column: str) -> str:
        value = self.record.get(column)
        return "" if value is None or pd.isna(value) else str(value).strip()

    def header(self, column: str) -> str:
        return self.headers.get(column, column)

    def refusal(self, column: str, problem: str, *, allowed: str | None = None) -> InputError:
        file, _, number = self.text("source_row").rpartition(":")
        return InputError(
            problem, file=file or None, row=int(number) if number.isdigit() else None, column=self.header(column),
            found=self.text(column) or None, allowed=allowed,
        )  # fmt: skip


def _target_type(row: _Row, framework: Framework) -> str:
    target = row.text("target_id")
    for kind in ("skill", "item"):
        if target and target in framework.target_ids(kind):
            return kind
    problem = f"the framework has no skill or item {target!r}" if target else "says not what the verdict is about"
    raise row.refusal("target_id", problem, allowed=", ".join(framework.target_ids("skill")) + ", or an item")


def _check_words(row: _Row, kind: str, framework: Framework) -> None:
    allowed = SKILL_VERDICTS if kind == "skill" else ITEM_VERDICTS
    for column in ("verdict", "rule_verdict"):
        if row.text(column) not in allowed:
            raise row.refusal(column, f"is no verdict on {kind} {row.text('target_id')}", allowed=", ".join(allowed))
    if len(row.text("reason")) < SHORTEST_REASON:
        raise row.refusal("reason", "a verdict against the rule needs a reason",
                          allowed=f"a sentence of {SHORTEST_REASON} signs or more")  # fmt: skip
    if not row.text("decided_by"):
        raise row.refusal("decided_by", "a verdict against the rule needs the role that decided")
    if not _DATE.fullmatch(row.text("date")):
        raise row.refusal("date", "a verdict against the rule needs its date", allowed="a date such as 2026-05-14")
    into = row.text("merged_into")
    if not into and row.text("verdict") == row.text("rule_verdict"):
        raise row.refusal("verdict", "is what the rule says already", allowed="another verdict, or no row")
    if into:
        _check_merger(row, kind, framework)


def _check_merger(row: _Row, kind: str, framework: Framework) -> None:
    into, target = row.text("merged_into"), row.text("target_id")
    others = [skill for skill in framework.target_ids("skill") if skill != target]
    if kind != "skill" or into not in others:
        raise row.refusal("merged_into", f"{kind} {target} cannot be merged into {into!r}",
                          allowed="for a skill: another skill of the framework")  # fmt: skip
    if row.text("verdict") != "drop":
        raise row.refusal("verdict", f"{target} is merged into {into}, so it does not stay in the list by itself",
                          allowed="drop")  # fmt: skip


def _refuse_chains(
    decisions: pd.DataFrame, found: Mapping[str, Override], headers: Mapping[str, Mapping[str, str]]
) -> None:
    """Refuse a merger into a skill that the log drops or merges itself."""
    for record in decisions[is_override(decisions)].to_dict("records"):
        row = _Row(record, headers)
        into = found.get(row.text("merged_into"))
        if into is not None and into.verdict == "drop":
            raise row.refusal("merged_into", f"{into.target_id} does not stay in the list either ({into.source_row})",
                              allowed="a skill that stays")  # fmt: skip
