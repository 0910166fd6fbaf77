"""Every column name that may stand in any table: dtype, unit, meaning.

The names are the interface between all parts: a table with a column that is not listed here is refused
(`check_columns`), so two modules cannot call one thing by two names.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .core import KtssError


@dataclass(frozen=True, slots=True)
class Column:
    """One column: pandas dtype, unit (empty when it has none) and meaning in one sentence."""

    dtype: str
    unit: str
    meaning: str


COLUMNS: dict[str, Column] = {
    # --- who, where, when
    "person_id": Column("string", "", "pseudonym of a participant, a keyed hash"),
    "streams": Column("string", "", "activities the person took part in, joined by '|'"),
    "country": Column("string", "", "country of work, ISO 3166 two letters, or 'other'"),
    "role": Column("string", "", "role in knowledge transfer"),
    "kt_years": Column("Float64", "years", "years of work in knowledge transfer"),
    "language": Column("string", "", "language the person answered in, BCP 47 tag"),
    "invited": Column("boolean", "", "the person was invited"),
    "consented": Column("boolean", "", "the person consented"),
    "used": Column("boolean", "", "at least one answer of the person is used"),
    # --- where a value came from
    "source": Column("string", "", "name of the source in the study file"),
    "file": Column("string", "", "raw file's name"),
    "row": Column("Int64", "", "row in the raw file as a spreadsheet counts it, header = 1"),
    "column": Column("string", "", "header of the raw column"),
    "source_row": Column("string", "", "file and row the value was read from, 'file:row'"),
    "rule": Column("string", "", "id of the cleaning rule or decision rule"),
    "action": Column("string", "", "what cleaning did: recoded, set_missing, set_aside, flagged"),
    "before": Column("string", "", "cell before cleaning, as text"),
    "after": Column("string", "", "cell after cleaning, as text"),
    "record": Column("string", "", "the whole input row as JSON, direct identifiers removed"),
    # --- judgements and answers
    "round": Column("Int64", "", "round of a panel, counted from 1"),
    "target_type": Column("string", "", "kind of the thing judged: skill, module, item, scale, study"),
    "target_id": Column("string", "", "id of the thing judged, as in the framework file"),
    "aspect": Column("string", "", "what is judged: relevance, clarity, essential, importance, usability"),
    "value": Column("Float64", "scale points", "the judgement or answer as a number"),
    "occasion": Column("Int64", "", "occasion of measurement, counted from 1"),
    "item_id": Column("string", "", "item's id in the framework file"),
    "seconds": Column("Float64", "s", "time the person took for the form"),
    "answered_on": Column("string", "", "date of the answer, ISO 8601"),
    # --- focus groups
    "group_id": Column("string", "", "focus group"),
    "turn": Column("Int64", "", "speech turn in the group, counted from 1"),
    "code_id": Column("string", "", "code of the codebook"),
    "coder_id": Column("string", "", "who coded"),
    "valence": Column("string", "", "tone of the coded turn: +, 0 or -"),
    "double_coded": Column("boolean", "", "the turn belongs to the sample that two coders coded"),
    "parent": Column("string", "", "code one level up"),
    "definition": Column("string", "", "definition in words"),
    "when": Column("string", "", "when to use the code"),
    "when_not": Column("string", "", "when not to use the code"),
    "version": Column("string", "", "version, semantic numbering"),
    "skill_id": Column("string", "", "skill's id in the framework file"),
    "text": Column("string", "", "free text; never leaves the private folder without review"),
    "review": Column("string", "", "review status of a free text: pending, released, withheld"),
    # --- best-worst choices
    "set_id": Column("string", "", "best-worst set"),
    "shown": Column("string", "", "ids shown in the set, joined by '|'"),
    "best": Column("string", "", "id chosen as best"),
    "worst": Column("string", "", "id chosen as worst"),
    # --- comment -> suggestion -> decision -> change -> item version
    "comment_id": Column("string", "", "comment"),
    "suggestion_id": Column("string", "", "suggestion"),
    "decision_id": Column("string", "", "decision"),
    "change_id": Column("string", "", "change"),
    "comment_ids": Column("string", "", "comments behind a suggestion, joined by '|'"),
    "suggestion_ids": Column("string", "", "suggestions a decision answers, joined by '|'"),
    "kind": Column("string", "", "kind of suggestion: wording, add, remove, move, scope, technical, praise"),
    "severity": Column("Int64", "", "severity of a suggestion, 1 to 3"),
    "merged_into": Column("string", "", "suggestion this one was merged into"),
    "outcome": Column("string", "", "outcome of a decision: accept, accept in part, reject, defer"),
    "decided_by": Column("string", "", "role that decided"),
    "evidence": Column("string", "", "ids of results a decision rests on, joined by '|'"),
    "from_version": Column("string", "", "item version before a change"),
    "to_version": Column("string", "", "item version after a change"),
    "date": Column("string", "", "date, ISO 8601"),
    # --- results: one row is one number that may be printed
    "result_id": Column("string", "", "stable id, stream.statistic.aspect.target[.group]"),
    "stream": Column("string", "", "evidence stream the number belongs to"),
    "statistic": Column("string", "", "name of the statistic, with variant where several share a name"),
    "group": Column("string", "", "subgroup the number is for; empty for all"),
    "estimate": Column("Float64", "", "the number; missing unless status is ok"),
    "ci_low": Column("Float64", "", "lower limit of the interval"),
    "ci_high": Column("Float64", "", "upper limit of the interval"),
    "ci_level": Column("Float64", "", "confidence level, 0 to 1"),
    "ci_method": Column("string", "", "how the interval was computed"),
    "method": Column("string", "", "definition, estimator, matrix and missing-data rule"),
    "n_used": Column("Int64", "", "persons or units the number rests on"),
    "n_missing": Column("Int64", "", "persons or units left out for missing answers"),
    "unit": Column("string", "", "unit: share, count, points, correlation, coefficient, text"),
    "status": Column("string", "", "ok, too_few, undefined or masked"),
    "reason": Column("string", "", "why there is no number, or why a row was set aside, in words"),
    "source_rows": Column("string", "", "where the rows it rests on are: table, filter and SHA-256 of them"),
    "label": Column("string", "", "a verdict, grade or category in words"),
}

RESULT_COLUMNS: tuple[str, ...] = (
    "result_id", "stream", "statistic", "target_type", "target_id", "group", "aspect", "estimate",
    "ci_low", "ci_high", "ci_level", "ci_method", "method", "n_used", "n_missing", "unit", "status",
    "reason", "label", "source_rows",
)  # fmt: skip


def check_columns(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return `frame` unchanged, or refuse it when a column is not in the glossary.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table that leaves the module that made it.
    where : str
        Name of the table, for the message.

    Raises
    ------
    KtssError
        For a column name that is not in `COLUMNS`.
    """
    unknown = [name for name in frame.columns if name not in COLUMNS]
    if unknown:
        raise KtssError(f"{where}: column {unknown[0]!r} is not in the glossary; see ktss_analysis/glossary.py")
    return frame
