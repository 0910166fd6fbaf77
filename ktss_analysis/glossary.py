"""Every column name that may stand in any table: dtype, unit, meaning.

The names are the interface between all parts: a table with a column that is not listed here is refused
(`check_columns`), so two modules cannot call one thing by two names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .core import KtssError

if TYPE_CHECKING:
    import pandas as pd


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
    "merged_into": Column("string", "", "suggestion, or skill, this one was merged into"),
    "outcome": Column("string", "", "outcome of a decision: accept, accept in part, reject, defer"),
    "decided_by": Column("string", "", "role that decided"),
    "evidence": Column("string", "", "ids of results a decision rests on, joined by '|'"),
    "from_version": Column("string", "", "item version before a change"),
    "to_version": Column("string", "", "item version after a change"),
    "date": Column("string", "", "date, ISO 8601"),
    # --- intake: accounts of each raw file and the list of problems
    "n_read": Column("Int64", "", "records read from a raw file"),
    "n_set_aside": Column("Int64", "", "records set aside in quarantine"),
    "n_changed": Column("Int64", "", "cells that cleaning recoded or set missing"),
    "n_flagged": Column("Int64", "", "flags raised; a flag changes nothing"),
    "level": Column("string", "", "weight of a problem: error, warning or note"),
    "found": Column("string", "", "what stands in the cell, e-mail addresses masked"),
    "n_cells": Column("Int64", "count", "cells or rows that a finding is about; missing when it is about a file"),
    "allowed": Column("string", "", "what could stand there instead, or what to do"),
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
    "grade": Column(
        "string", "", "grade of a target in a stream: + supported, 0 undecided, - not supported, ? not known"
    ),
    "verdict": Column("string", "", "verdict on a skill or item, as the key of its badge"),
    "rule_verdict": Column("string", "", "verdict of the rule, which a row of the decision log sets aside"),
    "count": Column("Int64", "count", "people, answers or suggestions counted"),
    # --- statistics detail (content, consensus, ranking, coding)
    "chance_agreement": Column("Float64", "share", "probability that so many raters agree by chance alone"),
    "n_essential": Column("Int64", "count", "raters who call the target essential"),
    "n_essential_needed": Column("Int64", "count", "votes needed, by the exact one-sided binomial test"),
    "tail_probability": Column("Float64", "share", "probability of so many votes or more at one half"),
    "quartile_low": Column("Float64", "scale points", "first quartile, linear between order statistics"),
    "quartile_high": Column("Float64", "scale points", "third quartile, linear between order statistics"),
    "interquartile_range": Column("Float64", "scale points", "third minus first quartile"),
    "interpercentile_range": Column("Float64", "scale points", "70th minus 30th percentile on 9 points"),
    "asymmetry_adjusted_range": Column("Float64", "scale points", "IPRAS: range expected at disagreement"),
    "weighted_kappa": Column("Float64", "coefficient", "agreement of two rounds, linear weights"),
    "median_change": Column("Float64", "scale points", "later minus earlier median, same persons"),
    "range_change": Column("Float64", "scale points", "change of the interquartile range, same persons"),
    "stable_share": Column("Float64", "share", "share of the histogram that two rounds have in common"),
    "n_lost": Column("Int64", "persons", "persons of the earlier round who did not answer in the later"),
    "median_lost": Column("Float64", "scale points", "earlier median of the persons who left"),
    "median_stayed": Column("Float64", "scale points", "earlier median of the persons who stayed"),
    "n_stayed": Column("Int64", "persons", "persons with a rating in both rounds"),
    "n_joined": Column("Int64", "persons", "persons of the later round who did not answer in the earlier"),
    "n_shown": Column("Int64", "count", "answered best-worst sets that showed the target"),
    "n_best": Column("Int64", "count", "times chosen as best"),
    "best_worst_ratio": Column("Float64", "", "root of times best over times worst; above 1 more often best"),
    "n_worst": Column("Int64", "count", "times chosen as worst"),
    "tier": Column("Int64", "", "tier of a ranking, 1 is the highest"),
    "worth": Column("Float64", "share", "worth of the target as a share of all worth"),
    "quasi_std_error": Column("Float64", "", "two targets differ with a variance near the sum of these, squared"),
    "below_leader": Column("Float64", "share", "resamples in which it is below the leader of its tier"),
    "below_previous": Column("Float64", "share", "resamples in which it is below the leader one tier up"),
    "other_target_id": Column("string", "", "second target of a pair"),
    "n_groups": Column("Int64", "count", "focus groups"),
    "n_speakers": Column("Int64", "count", "speakers, counted once each"),
    "n_turns": Column("Int64", "count", "speech turns, counted once each"),
    "n_positive": Column("Int64", "count", "turns with tone +"),
    "n_neutral": Column("Int64", "count", "turns with tone 0"),
    "n_negative": Column("Int64", "count", "turns with tone -"),
    "agreement_share": Column("Float64", "share", "turns on which all who coded them say the same of the code"),
    "group_share": Column("Float64", "share", "groups that raise the code, of all groups"),
    "speaker_share": Column("Float64", "share", "speakers who raise the code, of all participants"),
    "share_low": Column("Float64", "share", "smallest share over the orders of the groups; not an interval"),
    "share_high": Column("Float64", "share", "largest share over the orders of the groups; not an interval"),
    "coverage": Column("Float64", "share", "codes heard so far, of all codes; mean over orders of groups"),
    "coverage_low": Column("Float64", "share", "smallest coverage over the orders of the groups"),
    "coverage_high": Column("Float64", "share", "largest coverage over the orders of the groups"),
    "n_orders": Column("Int64", "count", "orders of the groups that the row rests on"),
    "other_code_id": Column("string", "", "second code of a pair"),
    "n_both": Column("Int64", "count", "units with both codes"),
    "n_either": Column("Int64", "count", "units with one code or both"),
    "average_run": Column("Float64", "items", "mean length of runs of the same answer"),
    "answer_set": Column("Int64", "", "number of a set of persons with the same answers throughout"),
    "flagged": Column("boolean", "", "the value is beyond the limit that was given"),
    # --- statistics detail (items, reliability, agreement, dimensionality)
    "mean": Column("Float64", "scale points", "mean of the answers present"),
    "sd": Column("Float64", "scale points", "standard deviation of the answers present, divisor n - 1"),
    "item_difficulty": Column("Float64", "share", "item mean as a share of the scale's range; high = endorsed"),
    "floor_share": Column("Float64", "share", "answers at the lowest point of the scale"),
    "ceiling_share": Column("Float64", "share", "answers at the highest point of the scale"),
    "item_rest_correlation": Column("Float64", "correlation", "item with the sum of the other items"),
    "alpha_if_item_deleted": Column("Float64", "coefficient", "raw alpha of the other items"),
    "largest_correlation": Column("Float64", "correlation", "correlation with the item it resembles most"),
    "other_item_id": Column("string", "", "second item of a pair; the item most like this one"),
    "scale_score": Column("Float64", "scale points", "mean or sum of a person's answers after reversing keys"),
    "n_answered": Column("Int64", "count", "items the person answered"),
    "pattern": Column("string", "", "pattern of missing answers: 1 answered, 0 missing, in the order of the items"),
    "missing_items": Column("string", "", "items that are missing in the pattern, joined by '|'"),
    "n_persons": Column("Int64", "persons", "persons with the pattern"),
    "component": Column("Int64", "", "number of an eigenvalue, 1 is the largest"),
    "reference_mean": Column("Float64", "", "mean eigenvalue of data without structure"),
    "reference_quantile": Column("Float64", "", "upper quantile of the eigenvalue of data without structure"),
    "reference": Column("Float64", "", "what the estimate is compared with"),
    "retained": Column("boolean", "", "the component is retained, and so are all before it"),
    "standard_error": Column("Float64", "", "standard error of the estimate"),
    "factor": Column("string", "", "a factor, F1 explains the most"),
    "communality": Column("Float64", "share", "variance of the item that the factors explain"),
    "uniqueness": Column("Float64", "share", "variance of the item that the factors leave"),
    "complexity": Column("Float64", "", "factors that describe the item, Hofmann's index; 1 is simple"),
    "explained": Column("Float64", "", "variance of all items that the factor explains, in items"),
    "explained_share": Column("Float64", "share", "variance of all items that the factor explains"),
    "empty_cells": Column("Int64", "count", "cells of a pair's table without persons, both categories in use"),
    "at_boundary": Column("boolean", "", "the likelihood rises to the end of the scale: 1 or -1"),
    "threshold": Column("Int64", "", "number of a threshold between two categories, 1 is the lowest"),
    "df": Column("Float64", "", "degrees of freedom"),
    "effect": Column("string", "", "effect of a design, factors joined by ' x '; p is the person"),
    "mean_square": Column("Float64", "", "mean square of an effect"),
    "raw_estimate": Column("Float64", "", "estimate before a negative variance is set to zero"),
    "variance_share": Column("Float64", "share", "variance component as a share of all components"),
    "design": Column("string", "", "levels of each facet, 'facet: number' joined by commas"),
    "p_value": Column("Float64", "", "probability of a value as large if the null hypothesis holds"),
}

RESULT_COLUMNS: tuple[str, ...] = (
    "result_id", "stream", "statistic", "target_type", "target_id", "group", "aspect", "estimate",
    "ci_low", "ci_high", "ci_level", "ci_method", "method", "n_used", "n_missing", "unit", "status",
    "reason", "label", "source_rows",
)  # fmt: skip

FIGURE_COLUMNS: tuple[str, ...] = (
    "result_id", "target_type", "target_id", "label", "stream", "statistic", "group", "aspect", "round", "value",
    "count", "grade", "verdict", "estimate", "ci_low", "ci_high", "ci_level", "n_used", "unit", "status", "reason",
)  # fmt: skip
"""What the data of a figure may hold, in this order."""

CLAIM_COLUMNS: dict[str, Column] = {
    "chapter": Column("string", "", "chapter of the report the number is printed in"),
    "text": Column("string", "", "the number as it is printed"),
    "result_id": Column("string", "", "id of the result, of a family of results that was counted, or of a rule"),
    "field": Column("string", "", "column of the result the number stands in; count, threshold: see result_id"),
    "row_id": Column("string", "", "result_id where it is one row of results.csv; else empty"),
}
"""Columns of ``claims.csv``, the index of printed numbers."""

TABLE_INDEX_COLUMNS: dict[str, Column] = {
    "document": Column("string", "", "document it is printed in, and folder of its file"),
    "kind": Column("string", "", "table, or figure: then the file holds the data that are drawn"),
    "number": Column("Int64", "", "the number it is printed with"),
    "file": Column("string", "", "file in the document's folder"),
    "label": Column("string", "", "identifier in the document"),
    "caption": Column("string", "", "caption as printed"),
    "n_rows": Column("Int64", "count", "rows of the file without its header"),
    "result_ids": Column("string", "", "ids of the rows of results.csv it was made from, joined by '|'"),
}
"""Columns of ``tables/index.csv``."""

PICTURE_COLUMNS: dict[str, Column] = {
    "file": Column("string", "", "file in the folder of the pictures"),
    "title": Column("string", "", "what the picture is about"),
    "width": Column("Int64", "pixels", "width of the picture"),
    "height": Column("Int64", "pixels", "height of the picture"),
    "alt": Column("string", "", "the picture in words, for those who do not see it"),
}
"""Columns of ``dissemination/cards/alt.csv``."""

GLOSSARY_COLUMNS: dict[str, Column] = {
    "table": Column("string", "", "results, claims, tables, figures, pictures or glossary"),
    "column": Column("string", "", "name of the column"),
    "type": Column("string", "", "string, number, integer or boolean"),
    "unit": Column("string", "", "unit of the column; of results, see the column unit of each row"),
    "meaning": Column("string", "", "what stands in the column"),
}
"""Columns of ``glossary.csv``."""


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
