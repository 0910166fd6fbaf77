"""The chain comment -> suggestion -> decision -> change -> item version: broken links, and loose ends."""

from __future__ import annotations

import pandas as pd

from ..overrides import is_override
from .common import Tables

Found = list[tuple[str, str, str]]


def links(column: pd.Series) -> list[list[str]]:
    """Return the ids of each cell of a column of ids joined by '|'."""
    return [[part for part in str(cell).split("|") if part] if pd.notna(cell) else [] for cell in column]


def orphans(tables: Tables, *, comments_complete: bool = True) -> pd.DataFrame:
    """Return every broken link of the chain: which row of which table, and what is missing.

    A row that names something that is not there, a suggestion without decision, an acceptance without change, a
    change that was not accepted, a version that no change led to: the chain cannot be followed, so the run stops.

    Parameters
    ----------
    tables : mapping
        Canonical tables; needs ``comments``, ``suggestions``, ``decisions`` and ``changes``; ``item_versions`` is
        looked at where it has rows.
    comments_complete : bool
        False when a source of comments is not part of the study: a comment that is not there is then no fault.

    Returns
    -------
    pandas.DataFrame
        Columns ``source`` (table), ``record`` (id of the row) and ``reason``; empty when all links hold.
    """
    found = _suggestion_faults(tables, comments_complete) + _decision_faults(tables) + _change_faults(tables)
    versions = tables.get("item_versions")
    if versions is not None and len(versions):
        found += _version_faults(versions, tables["changes"])
    return pd.DataFrame(found, columns=["source", "record", "reason"]).astype("string")


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def _suggestion_faults(tables: Tables, comments_complete: bool) -> Found:
    suggestions = tables["suggestions"]
    comments = set(tables["comments"]["comment_id"].astype(str))
    known = set(suggestions["suggestion_id"].astype(str))
    answered = pd.Series(
        [ref for refs in links(tables["decisions"]["suggestion_ids"]) for ref in refs], dtype=object
    ).value_counts()
    heads = {str(row.suggestion_id): _text(row.merged_into) for row in suggestions.itertuples()}
    found: Found = []
    for own, refs in zip(suggestions["suggestion_id"], links(suggestions["comment_ids"]), strict=True):
        found += [("suggestions", own, f"comment {ref} does not exist")
                  for ref in refs if comments_complete and ref not in comments]  # fmt: skip
        if not refs:
            found.append(("suggestions", own, "names no comment"))
        into, count = heads[str(own)], int(answered.get(str(own), 0))
        if into and into not in known:
            found.append(("suggestions", own, f"was merged into {into}, which does not exist"))
        elif into and _in_circle(str(own), heads):
            found.append(("suggestions", own, f"was merged into {into}, which leads back to it"))
        elif not into and count != 1:
            found.append(("suggestions", own, "has no decision" if count == 0 else f"has {count} decisions"))
    return found


def _in_circle(own: str, heads: dict[str, str]) -> bool:
    """Tell whether following mergers from a suggestion leads back to it."""
    seen, place = {own}, heads[own]
    while place and place not in seen:
        seen.add(place)
        place = heads.get(place, "")
    return place == own


def _decision_faults(tables: Tables) -> Found:
    decisions = tables["decisions"]
    known = set(tables["suggestions"]["suggestion_id"].astype(str))
    changed = set(tables["changes"]["decision_id"].astype(str))
    sets_verdict = is_override(decisions)
    found: Found = []
    for row, refs, override in zip(
        decisions.itertuples(), links(decisions["suggestion_ids"]), sets_verdict, strict=True
    ):  # fmt: skip
        own = str(row.decision_id)
        if not refs and not override:
            found.append(("decisions", own, "names no suggestion"))
        found += [("decisions", own, f"suggestion {ref} does not exist") for ref in refs if ref not in known]
        if row.outcome == "reject" and not _text(row.reason):
            found.append(("decisions", own, "rejects without a reason"))
        if row.outcome in ("accept", "accept in part") and own not in changed:
            found.append(("decisions", own, f"outcome {row.outcome!r} without a change"))
        if row.outcome in ("reject", "defer") and own in changed:
            found.append(("decisions", own, f"outcome {row.outcome!r}, and yet a change"))
    return found


def _change_faults(tables: Tables) -> Found:
    changes, known = tables["changes"], set(tables["decisions"]["decision_id"].astype(str))
    found: Found = [
        ("changes", own, f"decision {ref} does not exist")
        for own, ref in zip(changes["change_id"], changes["decision_id"], strict=True)
        if ref not in known
    ]
    same = changes[changes["from_version"] == changes["to_version"]]
    return found + [("changes", own, "from and to version are the same") for own in same["change_id"]]


def _version_faults(versions: pd.DataFrame, changes: pd.DataFrame) -> Found:
    """Return changes from or to a version that is not listed, and versions that no change led to."""
    listed = {(str(row.item_id), str(row.version)) for row in versions.itertuples()}
    found: Found = []
    reached: set[tuple[str, str]] = set()
    for row in changes.itertuples():
        item = _text(row.item_id)
        for version in (_text(row.from_version), _text(row.to_version)):
            if version and (item, version) not in listed:
                found.append(("changes", str(row.change_id), f"version {version} of {item} is not in the list"))
        reached.add((item, _text(row.to_version)))
    first = {item: min((v for i, v in listed if i == item), key=version_key) for item, _ in listed}
    found += [
        ("item_versions", f"{item} {version}", "no change led to this version")
        for item, version in sorted(listed)
        if (item, version) not in reached and version != first[item]
    ]
    return found


def version_key(version: str) -> tuple[int, ...]:
    """Return a semantic version as numbers, for comparing; a part that is no number counts as nought."""
    return tuple(int(part) if part.isdigit() else 0 for part in str(version).split("."))


def loose_ends(tables: Tables, register: pd.DataFrame) -> pd.DataFrame:
    """Return what should not be so but breaks no link: listed in the audit annex, the run goes on.

    Parameters
    ----------
    tables : mapping
        As for `orphans`.
    register : pandas.DataFrame
        The comments of the feedback register, each of which should have led to a suggestion.

    Returns
    -------
    pandas.DataFrame
        Columns ``source``, ``record``, ``kind`` and ``reason``. Kinds: ``comment_unused`` (no suggestion names it),
        ``comment_too_early`` (older than the version it is about), ``version_unknown``, ``decision_too_early`` (older
        than a comment behind it), ``version_falls`` (a change to a lower version).
    """
    used = {ref for refs in links(tables["suggestions"]["comment_ids"]) for ref in refs}
    found = [
        ("comments", str(own), "comment_unused", "no suggestion names it")
        for own in register["comment_id"]
        if str(own) not in used
    ]
    found += _comment_versions(tables, register) + _early_decisions(tables)
    found += [
        ("changes", str(row.change_id), "version_falls", f"{row.from_version} to {row.to_version}")
        for row in tables["changes"].itertuples()
        if version_key(_text(row.to_version)) < version_key(_text(row.from_version))
    ]
    return pd.DataFrame(found, columns=["source", "record", "kind", "reason"]).astype("string")


def _comment_versions(tables: Tables, register: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    versions = tables.get("item_versions")
    if versions is None or versions.empty:
        return []
    since = {(str(row.item_id), str(row.version)): _text(row.date) for row in versions.itertuples()}
    items = {item for item, _ in since}
    found = []
    for row in register.itertuples():
        target, version = _text(row.target_id), _text(row.version)
        if target not in items or not version:
            continue
        began = since.get((target, version))
        if began is None:
            found.append(("comments", str(row.comment_id), "version_unknown", f"version {version} of {target}"))
        elif began and _text(row.date) and _text(row.date) < began:
            found.append(("comments", str(row.comment_id), "comment_too_early", f"{row.date}, version of {began}"))
    return found


def _early_decisions(tables: Tables) -> list[tuple[str, str, str, str]]:
    said = days_of(tables)
    return [
        ("decisions", str(row.decision_id), "decision_too_early", f"{row.date}, comment of {row.last}")
        for row in said.itertuples()
        if row.date < row.last
    ]


def days_of(tables: Tables) -> pd.DataFrame:
    """Return, per decision with dated comments, its `date` and those of the `first` and `last` comment behind it."""
    when = {str(row.comment_id): _text(row.date) for row in tables["comments"].itertuples()}
    suggestions = tables["suggestions"]
    behind = dict(zip(suggestions["suggestion_id"].astype(str), links(suggestions["comment_ids"]), strict=True))
    rows = []
    for row, refs in zip(tables["decisions"].itertuples(), links(tables["decisions"]["suggestion_ids"]), strict=True):
        dates = sorted(
            date for ref in refs for comment in behind.get(ref, []) for date in [when.get(comment, "")] if date
        )
        if dates and _text(row.date):
            rows.append((str(row.decision_id), _text(row.date), dates[0], dates[-1]))
    return pd.DataFrame(rows, columns=["decision_id", "date", "first", "last"])
