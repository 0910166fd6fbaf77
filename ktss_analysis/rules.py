"""Decision rules: thresholds and gates from the rules file, applied to result rows.

No number stands here; all of them live in the rules file with their source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from .core import KtssError
from .yamlfile import Strict, load_model, sha256_of

Grade = Literal["+", "0", "-", "?"]
Verdict = Literal["keep", "keep_discordant", "provisional", "revise", "drop", "not_decided"]
STREAMS = ("relevance", "consensus", "salience", "items")


class Threshold(Strict):
    """A cut with its meaning and source; `step` is one step of the sensitivity analysis."""

    value: float
    step: float | None = None
    meaning: str
    source: Annotated[str, Field(min_length=3)]


class Gate(Strict):
    """Smallest n at which a statistic is reported, and at which it is reported without a warning."""

    minimum: Annotated[int, Field(ge=1)]
    warn: Annotated[int, Field(ge=1)]
    source: str


class Printing(Strict):
    """What is printed for a cell of at least `from_n` answers."""

    from_n: Annotated[int, Field(alias="from", ge=0)]
    print_: Annotated[
        Literal["nothing", "masked", "counts", "counts and interval", "percentages"], Field(alias="print")
    ]
    note: str = ""


class StreamRule(Strict):
    """Where a stream comes from and how many answers (or groups) it needs."""

    source: str
    minimum: int
    full: int


class VerdictRule(Strict):
    """One line of the verdict table; without conditions it always matches."""

    id: str
    verdict: Verdict
    all: list[dict[str, str]] = []
    any: list[dict[str, str]] = []

    def matches(self, grades: Mapping[str, str]) -> bool:
        """Tell whether the grades of a skill fulfil this line."""

        def holds(condition: dict[str, str]) -> bool:
            return all(grades.get(stream, "?") in allowed for stream, allowed in condition.items())

        return all(map(holds, self.all)) and (not self.any or any(map(holds, self.any)))


class Rules(Strict):
    """The rules file."""

    id: str
    version: str
    fixed_on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    ci_level: Annotated[float, Field(gt=0, lt=1)]
    thresholds: dict[str, Threshold]
    gates: dict[str, Gate]
    printing: list[Printing]
    streams: dict[str, StreamRule]
    verdicts: Annotated[list[VerdictRule], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Rules:
        missing = [name for name in STREAMS if name not in self.streams]
        if missing:
            raise ValueError(f"streams: {missing[0]!r} is missing")
        if self.verdicts[-1].all or self.verdicts[-1].any:
            raise ValueError("verdicts: the last line must match always, without 'all' or 'any'")
        for rule in self.verdicts:
            for condition in (*rule.all, *rule.any):
                for stream, allowed in condition.items():
                    if stream not in STREAMS or not allowed or set(allowed) - set("+0-?"):
                        raise ValueError(f"verdicts {rule.id}: {stream}: {allowed!r} is no condition")
        return self

    def value(self, name: str) -> float:
        """Return a threshold's value."""
        if name not in self.thresholds:
            raise KtssError(f"rules {self.id}: no threshold {name!r}")
        return self.thresholds[name].value

    def with_threshold(self, name: str, value: float) -> Rules:
        """Return the same rules with one threshold changed (for sensitivity analysis)."""
        changed = self.thresholds[name].model_copy(update={"value": value})
        return self.model_copy(update={"thresholds": {**self.thresholds, name: changed}})

    def too_few(self, statistic: str, n: int) -> str:
        """Return why a statistic is not reported for `n` answers; empty when it is, or has no gate."""
        gate = self.gates.get(statistic)
        return f"n = {n}; reported from n = {gate.minimum}" if gate is not None and n < gate.minimum else ""

    def printing_for(self, n: int) -> Printing:
        """Return what may be printed for a cell of `n` answers."""
        return [line for line in sorted(self.printing, key=lambda p: p.from_n) if n >= line.from_n][-1]


def load_rules(path: Path) -> Rules:
    """Read and check a rules file."""
    return load_model(Rules, Path(path))


def rules_hash(path: Path) -> str:
    """Return the SHA-256 of the rules file."""
    return sha256_of(Path(path))


# --------------------------------------------------------------------------------------- grades


@dataclass(frozen=True, slots=True)
class Graded:
    """The grade of one stream for one skill, and why."""

    grade: Grade
    n: int
    reason: str
    evidence: tuple[str, ...]


Row = Mapping[str, Any]
Rows = Mapping[str, Row]
"""Result rows by their id; see `by_id`."""


def by_id(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return result rows as a dictionary from id to row."""
    records = rows.to_dict("records")
    return {str(record["result_id"]): record for record in records}


def grade_share(row: Row | None, rules: Rules, minimum: int) -> Graded:
    """Grade a share of reviewers by its interval: supported, not supported, undecided, not evaluable."""
    if row is None:
        return Graded("?", 0, "not_collected", ())
    n, ids = int(row["n_used"]), (str(row["result_id"]),)
    if row["status"] != "ok" or n < minimum:
        return Graded("?", n, "too_few", ids)
    if row["ci_low"] >= rules.value("relevance_supported"):
        return Graded("+", n, "lower_limit_reaches", ids)
    if row["ci_high"] < rules.value("relevance_not_supported"):
        return Graded("-", n, "upper_limit_below", ids)
    return Graded("0", n, "interval_includes_threshold", ids)


def grade_relevance(rows: Rows, skill_id: str, rules: Rules) -> Graded:
    """Grade stream 1: share of guide reviewers who call the skill relevant."""
    row = rows.get(f"guide_review.item_cvi.relevance.{skill_id}")
    return grade_share(row, rules, rules.streams["relevance"].minimum)


def grade_consensus(rows: Rows, skill_id: str, rules: Rules) -> Graded:
    """Grade stream 2: agreement of the panel in its last round."""
    share, spread, index = (
        rows.get(f"workshop.{statistic}.importance.{skill_id}.last_round")
        for statistic in ("share_agreeing", "interquartile_share", "disagreement_index")
    )
    if share is None:
        return Graded("?", 0, "not_collected", ())
    ids = tuple(str(row["result_id"]) for row in (share, spread, index) if row is not None)
    n = int(share["n_used"])
    if share["status"] != "ok" or n < rules.streams["consensus"].minimum:
        return Graded("?", n, "too_few", ids)
    if index is not None and index["status"] == "ok" and index["estimate"] >= rules.value("disagreement"):
        return Graded("-", n, "panel_divided", ids)
    if share["ci_high"] < rules.value("agreement_share"):
        return Graded("-", n, "upper_limit_below", ids)
    agreed = share["estimate"] >= rules.value("agreement_share") and share["ci_low"] > rules.value("agreement_low")
    narrow = spread is not None and spread["status"] == "ok" and spread["estimate"] <= rules.value("agreement_iqr")
    if agreed and narrow:
        return Graded("+", n, "panel_agrees", ids)
    return Graded("0", n, "spread_too_wide" if agreed else "interval_includes_threshold", ids)


def grade_salience(rows: Rows, skill_id: str, rules: Rules) -> Graded:
    """Grade stream 3: whether focus groups raise the skill by themselves.

    A code whose coders disagree counts for nothing. A code too rare for the coders' agreement to be judged can
    still show that hardly any group raised the skill; it cannot show more.
    """
    raised, positive, negative, alpha = (
        rows.get(f"focus_groups.{statistic}.{skill_id}")
        for statistic in ("groups_raising", "share_positive", "share_negative", "krippendorff_alpha")
    )
    if raised is None:
        return Graded("?", 0, "not_collected", ())
    n_groups = int(raised["n_used"])
    ids = tuple(str(row["result_id"]) for row in (raised, positive, negative, alpha) if row is not None)
    if n_groups < rules.streams["salience"].minimum:
        return Graded("?", n_groups, "too_few", ids)
    share = float(raised["estimate"]) / n_groups
    checked = alpha is not None and alpha["status"] == "ok"
    if checked and alpha is not None and alpha["estimate"] < rules.value("coder_agreement"):
        return Graded("?", n_groups, "coders_disagree", ids)
    if not checked and share > rules.value("salience_silent") + 1e-12:
        return Graded("?", n_groups, "coding_not_checked", ids)
    majority = rules.value("valence_majority")
    if negative is not None and negative["status"] == "ok" and negative["estimate"] > majority:
        return Graded("-", n_groups, "mostly_negative", ids)
    if share <= rules.value("salience_silent") + 1e-12:
        return Graded("-", n_groups, "hardly_raised", ids)
    if (
        share >= rules.value("salience_raised") - 1e-12
        and positive is not None
        and (positive["status"] == "ok" and positive["estimate"] > majority)
    ):
        return Graded("+", n_groups, "raised_by_many", ids)
    return Graded("0", n_groups, "raised_by_some", ids)


def grade_items(rows: Rows, item_ids: list[str], rules: Rules) -> Graded:
    """Grade stream 4: relevance of the skill's items in the tool review."""
    if len(item_ids) < rules.value("items_supported"):
        return Graded("?", 0, "no_items" if not item_ids else "too_few_items", ())
    minimum = rules.streams["items"].minimum
    graded = [
        grade_share(rows.get(f"tool_review.item_cvi.relevance.{item_id}"), rules, minimum) for item_id in item_ids
    ]
    ids = tuple(result for item in graded for result in item.evidence)
    n = min(item.n for item in graded)
    if any(item.grade == "?" for item in graded):
        return Graded("?", n, "not_collected" if n == 0 else "too_few", ids)
    minus = sum(item.grade == "-" for item in graded)
    plus = sum(item.grade == "+" for item in graded)
    if minus >= rules.value("items_not_supported"):
        return Graded("-", n, "items_not_supported", ids)
    if minus == 0 and plus >= rules.value("items_supported"):
        return Graded("+", n, "items_supported", ids)
    return Graded("0", n, "items_mixed", ids)


def verdict(grades: Mapping[str, Graded], rules: Rules) -> tuple[Verdict, str]:
    """Return the verdict of the first matching line and that line's id.

    A ``keep`` that rests on fewer answers than `full` in any stream is capped at ``provisional``.
    """
    letters = {stream: graded.grade for stream, graded in grades.items()}
    for line in rules.verdicts:
        if line.matches(letters):
            if line.verdict in ("keep", "keep_discordant") and any(
                graded.grade != "?" and graded.n < rules.streams[stream].full for stream, graded in grades.items()
            ):
                return "provisional", f"{line.id}+small"
            return line.verdict, line.id
    raise KtssError(f"rules {rules.id}: no line matches")


# --------------------------------------------------------------------------------------- gates


def apply_gates(rows: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return rows in which a statistic below its minimum n has no number and says so."""
    rows = rows.copy()
    minimum = rows["statistic"].map({name: gate.minimum for name, gate in rules.gates.items()})
    below = (rows["status"] == "ok") & minimum.notna() & (rows["n_used"] < minimum).fillna(False)
    rows.loc[below, ["estimate", "ci_low", "ci_high"]] = np.nan
    rows.loc[below, "status"] = "too_few"
    rows.loc[below, "reason"] = (
        "n = "
        + rows.loc[below, "n_used"].astype(str)
        + "; reported from n = "
        + minimum[below].astype("Int64").astype(str)
    )
    return rows
