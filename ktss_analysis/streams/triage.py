"""Feedback triage: comment -> suggestion -> decision -> change -> item version, without orphans."""

from __future__ import annotations

import pandas as pd

from ..core import AuditError, Estimate
from ..results import count_row, rows_from, text_row
from .common import Setting, Tables, gather, mark, of_activity
from .triage_links import days_of, links, loose_ends, orphans, version_key

STREAM = "triage"


def traceability(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return the feedback register as rows: counts, flow, what was said and done, and what is open.

    ``n_traced`` is the number of the register's comments that a suggestion names (of `n_used`), ``finding`` each loose
    end (see `triage_links.loose_ends`), ``median_days_open`` the days from the first comment behind a decision to it.
    ``register`` is one row per decision: what was suggested (`label`; its kind when nobody released the text), what was
    decided (`aspect`), why (`reason`), by whom and when (`method`), its kind (`group`) and its changes (`source_rows`).

    Raises
    ------
    AuditError
        When the chain has an orphan; every broken link is listed.
    """
    if all(tables[name].empty for name in ("comments", "suggestions", "decisions", "changes")):
        return gather([])
    if tables["suggestions"].empty and tables["decisions"].empty and tables["changes"].empty:
        return gather([])
    broken = orphans(tables, comments_complete=bool(setting.study.of("focus_groups")))
    if len(broken):
        lines = "; ".join(f"{row.source} {row.record} {row.reason}" for row in broken.head(20).itertuples())
        raise AuditError(f"{len(broken)} broken links in the feedback chain: {lines}")
    suggestions, decisions, changes = tables["suggestions"], tables["decisions"], tables["changes"]
    parts = []
    for name in ("suggestions", "decisions", "changes"):
        parts.append(count_row(len(tables[name]), stream=STREAM, statistic=f"n_{name}", unit="count of rows",
                               source_rows=mark(tables[name], name, "all")))  # fmt: skip
    linked = {ref for refs in links(suggestions["comment_ids"]) for ref in refs}
    parts.append(count_row(len(linked), stream=STREAM, statistic="n_comments", unit="count of rows"))
    merged = (suggestions["merged_into"].fillna("") != "").sum()
    parts.append(count_row(int(merged), stream=STREAM, statistic="n_merged", unit="count of rows",
                           n_used=len(suggestions)))  # fmt: skip
    for outcome, count in decisions["outcome"].value_counts().sort_index().items():
        parts.append(count_row(int(count), stream=STREAM, statistic="n_outcome", group=str(outcome),
                               n_used=len(decisions), unit="count of rows"))  # fmt: skip
    parts.append(_flow(suggestions, decisions))
    parts.append(_changed(changes, setting))
    parts.append(_rejections(suggestions, decisions))
    parts += [_traced(tables, setting), _register(tables), _days_open(tables), retests(tables, setting)]
    return gather(parts)


def _traced(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return how many comments of the register led to a suggestion, and every loose end."""
    register = of_activity(tables["comments"], setting, "triage")
    ends = loose_ends(tables, register)
    unused = int((ends["kind"] == "comment_unused").sum())
    parts = [
        count_row(len(register) - unused, stream=STREAM, statistic="n_traced", n_used=len(register),
                  unit="count of rows", source_rows=mark(register, "comments", "register")),
        count_row(len(ends), stream=STREAM, statistic="n_findings", unit="count of rows"),
    ]  # fmt: skip
    parts += [
        text_row(str(row.kind), stream=STREAM, statistic="finding", target_type=str(row.source),
                 target_id=str(row.record), aspect=str(row.kind), reason=str(row.reason))
        for row in ends.itertuples()
    ]  # fmt: skip
    return gather(parts)


def _days_open(tables: Tables) -> pd.DataFrame:
    """Return the median number of days from the first comment behind a decision to the decision."""
    dated = days_of(tables)
    days = (pd.to_datetime(dated["date"]) - pd.to_datetime(dated["first"])).dt.days
    method = "median of days from the first comment to the decision"
    middle = (
        Estimate(float(days.median()), method=method, n_used=len(days))
        if len(days)
        else Estimate.absent("undefined", "comments or decisions carry no date", method=method)
    )
    row = rows_from(middle, stream=STREAM, statistic="median_days_open", target_type="study", unit="days")
    return gather([row])


def _register(tables: Tables) -> pd.DataFrame:
    """Return one row per decision on suggestions: what was said, what was done about it, and why.

    A suggestion's text is told only when somebody released it for print; else `label` is its kind, as `group` is.
    """
    frame = tables["suggestions"]
    suggestions = {str(row["suggestion_id"]): row for row in frame.to_dict("records")}
    changes = tables["changes"].groupby("decision_id")["change_id"].agg("|".join)
    rows = []
    for row, refs in zip(tables["decisions"].itertuples(), links(tables["decisions"]["suggestion_ids"]), strict=True):
        heads = [ref for ref in refs if ref in suggestions and not _plain(suggestions[ref]["merged_into"])]
        if not heads:
            continue
        told = [suggestions[ref]["text"] for ref in heads if _plain(suggestions[ref]["review"]) == "released"]
        kind = _plain(suggestions[heads[0]]["kind"]) or "other"
        line = text_row(
            "; ".join(dict.fromkeys(filter(None, map(_plain, told)))) or kind, stream=STREAM, statistic="register",
            target_type="decision", target_id=str(row.decision_id), aspect=_plain(row.outcome).replace(" ", "_"),
            group=kind, reason=_plain(row.reason), n_used=len(refs),
            source_rows=_plain(changes.get(row.decision_id)),
        )  # fmt: skip
        line["method"] = f"{_plain(row.date)}|{_plain(row.decided_by)}"
        rows.append(line)
    return gather(rows)


def _plain(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def retests(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return the items whose meaning changed and whose answers are of the earlier wording.

    A change is of meaning when the first number of the version rises. `aspect` is ``void`` when the framework file has
    the new wording: then earlier figures are not carried over (`evidence.void_outdated`). It is ``candidate`` when the
    framework still has the earlier wording: the figures are those of the text that is printed. Answers given after the
    new version's date, and no earlier ones, are a re-test; without dates there is none.
    """
    versions = tables.get("item_versions")
    since = (
        {} if versions is None else {(str(r.item_id), str(r.version)): _plain(r.date) for r in versions.itertuples()}
    )
    known = {item.id: item.version for item in setting.framework.items}
    answers = _first_answers(tables)
    parts = []
    for row in tables["changes"].itertuples():
        item, before, after = _plain(row.item_id), version_key(row.from_version), version_key(row.to_version)
        if item not in known or after[0] <= before[0]:
            continue
        void = version_key(known[item])[0] >= after[0]
        began, first = since.get((item, _plain(row.to_version)), ""), answers.get(item, "")
        if void and began and first and first >= began:
            continue
        parts.append(
            text_row("not_retested", stream=STREAM, statistic="retest", target_type="item", target_id=item,
                     aspect="void" if void else "candidate", group=str(row.to_version),
                     reason=f"{row.from_version} → {row.to_version}, {began or 'no date'}; first answer "
                     f"{first or 'without date'}", source_rows=f"changes[{row.change_id}]")
        )  # fmt: skip
    return gather(parts)


def _first_answers(tables: Tables) -> dict[str, str]:
    """Return the date of the earliest rating or answer of every item; empty when one of them has no date."""
    rated = tables["ratings"][tables["ratings"]["target_type"] == "item"].rename(columns={"target_id": "item_id"})
    dates = pd.concat([rated[["item_id", "answered_on"]], tables["responses"][["item_id", "answered_on"]]])
    dates = dates.assign(answered_on=dates["answered_on"].astype(object).where(dates["answered_on"].notna(), ""))
    return dict(dates.groupby("item_id")["answered_on"].min())


def _flow(suggestions: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    kinds = suggestions.set_index("suggestion_id")["kind"]
    pairs = [
        (str(kinds.get(ref, "other")), str(row.outcome))
        for row, refs in zip(decisions.itertuples(), links(decisions["suggestion_ids"]), strict=True)
        for ref in refs
    ]
    counts = pd.Series(pairs, dtype=object).value_counts()
    return gather(
        count_row(int(count), stream=STREAM, statistic="flow", target_type="kind", target_id=kind, group=outcome,
                  unit="count of rows", n_used=len(pairs))
        for (kind, outcome), count in sorted(counts.items())
    )  # fmt: skip


def _changed(changes: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """Return every change; one of meaning (major version) voids the earlier figures of its target."""
    parts = []
    kinds = {target: kind for kind in ("skill", "module", "item") for target in setting.framework.target_ids(kind)}
    for row in changes.itertuples():
        item = "" if pd.isna(row.item_id) else str(row.item_id)
        if not item:
            continue
        before, after = str(row.from_version), str(row.to_version)
        major = version_key(before)[0] != version_key(after)[0]
        note = [str(text) if pd.notna(text) else "" for text in (row.before, row.after)]
        parts.append(
            text_row(" → ".join(note) if all(note) else after, stream=STREAM, statistic="change",
                     target_type=kinds.get(item, "other"), target_id=item, group=str(row.change_id),
                     aspect="major" if major else "minor", reason=f"{before} → {after}",
                     source_rows=f"decisions[{row.decision_id}]")
        )  # fmt: skip
    return gather(parts)


def _rejections(suggestions: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Return the reasons of rejected suggestions, the most severe first; the text only of those released for print."""
    by_id = suggestions.set_index("suggestion_id")
    severity, kind = by_id["severity"], by_id["kind"]
    text = by_id.loc[by_id["review"] == "released", "text"].dropna()
    rejected = decisions[decisions["outcome"] == "reject"]
    rows = []
    for row, refs in zip(rejected.itertuples(), links(rejected["suggestion_ids"]), strict=True):
        weight = max((int(severity.get(ref, 0)) for ref in refs if pd.notna(severity.get(ref))), default=0)
        said = next((str(text[ref]) for ref in refs if ref in text.index), "")
        kinds = [str(kind[ref]) for ref in refs if pd.notna(kind.get(ref))]
        rows.append((-weight, str(row.decision_id), said, kinds[0] if kinds else "other", str(row.reason)))
    return gather(
        text_row(said or about, stream=STREAM, statistic="rejection", target_type="decision", target_id=decision,
                 aspect="" if said else "kind", reason=reason)
        for _, decision, said, about, reason in sorted(rows)
    )  # fmt: skip
