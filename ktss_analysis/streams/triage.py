"""Feedback triage: comment -> suggestion -> decision -> change -> item version, without orphans."""

from __future__ import annotations

import pandas as pd

from ..core import AuditError
from ..results import count_row, text_row
from .common import Setting, Tables, gather, mark

STREAM = "triage"


def links(column: pd.Series) -> list[list[str]]:
    """Return the ids of each cell of a column of ids joined by '|'."""
    return [[part for part in str(cell).split("|") if part] if pd.notna(cell) else [] for cell in column]


def orphans(tables: Tables, *, comments_complete: bool = True) -> pd.DataFrame:
    """Return every broken link of the chain: which row of which table, and what is missing.

    Parameters
    ----------
    tables : mapping
        Canonical tables; needs ``comments``, ``suggestions``, ``decisions`` and ``changes``.
    comments_complete : bool
        False when a source of comments is not part of the study: a comment that is not there is then no fault.

    Returns
    -------
    pandas.DataFrame
        Columns ``source`` (table), ``record`` (id of the row) and ``reason``; empty when all links hold.
    """
    found: list[tuple[str, str, str]] = []
    known = {
        name: set(tables[name][key].astype(str))
        for name, key in (("comments", "comment_id"), ("suggestions", "suggestion_id"),
                          ("decisions", "decision_id"))
    }  # fmt: skip
    suggestions, decisions, changes = tables["suggestions"], tables["decisions"], tables["changes"]
    for own, refs in zip(suggestions["suggestion_id"], links(suggestions["comment_ids"]), strict=True):
        found += [("suggestions", own, f"comment {ref} does not exist")
                  for ref in refs if comments_complete and ref not in known["comments"]]  # fmt: skip
        if not refs:
            found.append(("suggestions", own, "names no comment"))
    answered: dict[str, int] = {}
    for own, refs in zip(decisions["decision_id"], links(decisions["suggestion_ids"]), strict=True):
        if not refs:
            found.append(("decisions", own, "names no suggestion"))
        for ref in refs:
            answered[ref] = answered.get(ref, 0) + 1
            if ref not in known["suggestions"]:
                found.append(("decisions", own, f"suggestion {ref} does not exist"))
    merged = suggestions["merged_into"].notna() & (suggestions["merged_into"] != "")
    for own, into, is_merged in zip(suggestions["suggestion_id"], suggestions["merged_into"], merged, strict=True):
        if is_merged and into not in known["suggestions"]:
            found.append(("suggestions", own, f"was merged into {into}, which does not exist"))
        if not is_merged and answered.get(own, 0) != 1:
            count = answered.get(own, 0)
            found.append(("suggestions", own, "has no decision" if count == 0 else f"has {count} decisions"))
    for own, ref in zip(changes["change_id"], changes["decision_id"], strict=True):
        if ref not in known["decisions"]:
            found.append(("changes", own, f"decision {ref} does not exist"))
    found += _decision_faults(decisions, changes)
    return pd.DataFrame(found, columns=["source", "record", "reason"]).astype("string")


def _decision_faults(decisions: pd.DataFrame, changes: pd.DataFrame) -> list[tuple[str, str, str]]:
    found = []
    changed = set(changes["decision_id"].astype(str))
    for row in decisions.itertuples():
        reason = "" if pd.isna(row.reason) else str(row.reason)
        if row.outcome == "reject" and not reason:
            found.append(("decisions", row.decision_id, "rejects without a reason"))
        if row.outcome in ("accept", "accept in part") and row.decision_id not in changed:
            found.append(("decisions", row.decision_id, f"outcome {row.outcome!r} without a change"))
    same = changes[changes["from_version"] == changes["to_version"]]
    found += [("changes", own, "from and to version are the same") for own in same["change_id"]]
    return found


def traceability(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return counts of comments, suggestions, decisions and changes, by kind and outcome, and the flow.

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
    return gather(parts)


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
        major = before.split(".")[0] != after.split(".")[0]
        note = [str(text) if pd.notna(text) else "" for text in (row.before, row.after)]
        parts.append(
            text_row(" → ".join(note) if all(note) else after, stream=STREAM, statistic="change",
                     target_type=kinds.get(item, "other"), target_id=item, group=str(row.change_id),
                     aspect="major" if major else "minor", reason=f"{before} → {after}")
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
