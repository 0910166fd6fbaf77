"""Figures of the reports: which published rows are drawn, under which statement."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..evidence import VERDICTS
from . import statements
from .book import Book
from .figures.words import VERDICT_KEYS, figure_words
from .registry import chart
from .sentences import by_branch, capital, code_name, verdict_groups

WIDTH = 7.2
"""Inches: drawn a tenth wider than paper, so that type is legible there and a screen is filled."""
MOST_ROWS = 20
"""Rows of a chart with groups; more are drawn as several charts."""


def _emit(book: Book, drawn: Any, name: str, caption: str, data: pd.DataFrame, label: str = "") -> None:
    """Print a figure, and file `data`: the published rows that are drawn."""
    from .emit import emit_figure, emit_markdown

    label = label or f"fig-{name}"
    if f"lead.{name}" in book.catalogue:
        emit_markdown(book.text(f"lead.{name}", figure=f"[](#{label})"))
    emit_figure(drawn.figure, label=label, caption=caption, alt=drawn.alt, stays=name == "tiles")
    book.exhibit("figure", label, caption, data)


def _options(book: Book, title: str, subtitle: str) -> dict[str, Any]:
    return {
        "title": title,
        "subtitle": subtitle,
        "source_line": book.text(
            "source_line", title=book.study.text_in("title", book.language)[0], licence=book.study.licence
        ),
        "synthetic": book.study.synthetic,
        "locale": book.language,
        "words": figure_words(book.catalogue),
        "width": WIDTH,
    }


def _nothing(book: Book, activity: str) -> None:
    from .emit import emit_markdown

    if text := book.absent(activity):
        emit_markdown(text)


def _labelled(book: Book, rows: pd.DataFrame, target_type: str = "skill") -> pd.DataFrame:
    """Return rows with names as labels, and record every number that will be drawn."""
    names = [_label(book, target, target_type) for target in rows["target_id"]]
    rows = book.drawable(rows)
    for row in rows.to_dict("records"):
        if row["status"] == "ok" and not pd.isna(row["estimate"]):
            book.number(row)
            if not pd.isna(row["ci_low"]):
                book.interval(row)
    return rows.assign(label=names)


def _label(book: Book, target: str, target_type: str) -> str:
    """Return the name of a target; an item is its id with its text."""
    name = book.name(target, target_type)
    return f"{target}  {name}" if target_type == "item" else name


def _split(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows in parts of whole groups, each short enough for a page, as even as possible."""
    if "group" not in frame or len(frame) <= MOST_ROWS:
        return [frame]
    sizes = frame.groupby("group", sort=False).size()
    n_parts = -(-len(frame) // MOST_ROWS)
    part_of = ((sizes.cumsum() - sizes / 2) * n_parts // len(frame)).astype(int)
    return [part for _, part in frame.groupby(frame["group"].map(part_of), sort=True)]


def _n_text(book: Book, rows: pd.DataFrame) -> str:
    sizes = rows["n_used"].dropna()
    if sizes.empty:
        return "–"
    low, high = int(sizes.min()), int(sizes.max())
    first = rows.loc[rows["n_used"] == low, "result_id"].iloc[0]
    text = book.count(low, first)
    return text if low == high else f"{text}–{book.count(high, first)}"


def _interval_cuts(book: Book) -> dict[str, float]:
    """Return what the lines of a chart of relevance mean, with their values."""
    names = {"line.supported": "relevance_supported", "line.not_supported": "relevance_not_supported"}
    return {book.text(line): book.rules.value(rule) for line, rule in names.items()}


@chart("tiles")
def tiles(book: Book) -> None:
    """Draw the set on one page: every skill as a tile with its verdict."""
    from .figures import tiles as draw

    groups = verdict_groups(book)
    rows = pd.DataFrame(
        [
            {
                "result_id": f"decisions.verdict.{skill}",
                "target_id": skill,
                "verdict": VERDICT_KEYS[name],
                "label": book.name(skill),
            }
            for name in VERDICTS
            for skill in groups[name]
        ]
    )
    ready = len(groups["keep"]) + len(groups["keep_discordant"])
    title = book.text(
        "statement.tiles", ready=book.count(ready, "decisions.n_verdict.all.keep"),
        total=book.number(book.row("decisions.n_skills.all")),
    )  # fmt: skip
    drawn = draw(rows, **_options(book, title, book.text("subtitle.skills")))
    _emit(book, drawn, "tiles", book.text("figure.tiles"), rows)


@chart("grades")
def grades(book: Book) -> None:
    """Draw the grade of every skill in every stream, verdict at the right."""
    from .figures import grade_matrix

    order = verdict_groups(book)
    ordered = [skill for name in VERDICTS for skill in order[name]]
    frame = _graded(book, ordered)
    verdicts = pd.DataFrame([{"target_id": skill, "verdict": VERDICT_KEYS[book.verdict(skill)]} for skill in ordered])
    options = _options(book, statements.grades(book, frame), book.text("subtitle.grades"))
    drawn = grade_matrix(frame, verdicts=verdicts, **options)
    _emit(book, drawn, "grades", book.text("figure.grades"), frame.merge(verdicts, on="target_id"))


@chart("upset")
def upset(book: Book) -> None:
    """Draw how many skills each combination of streams supports."""
    from .figures import upset as draw

    frame = _graded(book, list(book.framework.target_ids("skill")))
    if not (frame["grade"] != "?").any():
        return
    options = _options(book, statements.combinations(book, frame), book.text("subtitle.upset"))
    _emit(book, draw(frame, **options), "upset", book.text("figure.upset"), frame)


def _graded(book: Book, skills: list[str]) -> pd.DataFrame:
    """Return the grade of each skill in each stream, one row per pair."""
    return pd.DataFrame([
        {"result_id": f"decisions.grade.{stream}.{skill}", "target_id": skill, "label": book.name(skill),
         "grade": book.grade(skill, stream)[0], "stream": book.text(f"stream.{stream}")}
        for skill in skills
        for stream in ("relevance", "consensus", "items", "salience")
    ])  # fmt: skip


@chart("relevance")
def relevance(book: Book, *, activity: str = "guide_review", aspect: str = "relevance") -> None:
    """Draw the share of reviewers who call each target relevant (or clear), with thresholds."""
    from .figures import dot_interval

    rows = book.select(activity, "item_cvi", aspect=aspect)
    if rows.empty:
        return _nothing(book, activity)
    target_type = str(rows["target_type"].iloc[0])
    supported = len(by_branch(book, rows)["supported"])
    key = "items" if target_type == "item" else aspect
    slots: dict[str, Any] = {
        "k": book.count(supported, f"{activity}.item_cvi.{aspect}"),
        "total": book.count(len(rows), f"{activity}.item_cvi.{aspect}"),
    }  # fmt: skip
    marked = rows.assign(grade=[_share_sign(book, row) for row in rows.to_dict("records")])
    if target_type == "item":
        marked = marked.assign(group=[book.name(book.framework.item(i).skill) for i in marked["target_id"]])
    else:
        marked = marked.drop(columns="group").sort_values(
            ["ci_low", "estimate"], ascending=False, kind="stable", na_position="last"
        )
    options = _options(book, book.text(f"statement.{key}", **slots), book.text("subtitle.share", n=_n_text(book, rows)))
    parts = _split(_labelled(book, marked, target_type))
    for number, part in enumerate(parts, 1):
        caption = book.text(f"figure.{key}")
        if len(parts) > 1:
            first, last = (book.safe_name(book.framework.item(part["target_id"].iloc[end]).skill) for end in (0, -1))
            caption = book.text("figure.part", caption=caption, first=first, last=last)
        drawn = dot_interval(part, thresholds=_interval_cuts(book), value_format="share", **options)
        name = f"{activity}-{aspect}{f'-{number}' if number > 1 else ''}".replace("_", "-")
        _emit(book, drawn, name, caption, part)
    return None


def _share_sign(book: Book, row: dict[str, Any]) -> str:
    if not book.judged(row):
        return "?"
    if row["ci_low"] >= book.rules.value("relevance_supported"):
        return "+"
    return "-" if row["ci_high"] < book.rules.value("relevance_not_supported") else "0"


@chart("likert")
def likert(book: Book, *, activity: str = "guide_review", target_type: str = "skill",
           aspect: str = "relevance") -> None:  # fmt: skip
    """Draw all answers of a rating question as diverging bars."""
    from .figures import likert as draw

    rows = book.select(activity, "answers", aspect=aspect, target_type=target_type)
    if rows.empty:
        return _nothing(book, activity)
    points = sorted({int(group.split("_")[1]) for group in rows["group"]})
    cvi = book.select(activity, "item_cvi", aspect=aspect).set_index("target_id")
    records = []
    for row in rows.to_dict("records"):
        few = row["status"] == "ok" and book.rules.printing_for(int(row["n_used"])).print_ == "counts"
        if few:
            row |= {"status": "too_few", "reason": book.text("cell.too_few_for_shares")}
        shown = row["status"] == "ok"
        if shown:
            book.number(row)
        record = {"result_id": row["result_id"], "target_id": row["target_id"], "value": row["group"].split("_")[1],
                  "count": int(row["estimate"]) if shown else float("nan"), "n_used": row["n_used"],
                  "label": _label(book, row["target_id"], target_type),
                  "status": row["status"], "reason": row["reason"]}  # fmt: skip
        if shown and row["target_id"] in cvi.index and cvi.loc[row["target_id"], "status"] == "ok":
            record |= {c: cvi.loc[row["target_id"], c] for c in ("estimate", "ci_low", "ci_high", "ci_level")}
        records.append(record)
    frame = pd.DataFrame(records)
    middle = str(points[len(points) // 2]) if len(points) % 2 else None
    subtitle = book.text("subtitle.answers", n=_n_text(book, rows), low=str(points[0]), high=str(points[-1]))
    options = _options(book, statements.highest_answers(book, frame), subtitle)
    drawn = draw(frame, scale=[str(point) for point in points], neutral=middle, **options)
    _emit(book, drawn, f"likert-{activity}-{aspect}".replace("_", "-"), book.text("figure.likert"), frame)
    return None


@chart("flow")
def flow(book: Book) -> None:
    """Draw who was planned, invited, consented and used, per activity."""
    from .figures import flow as draw

    records = []
    for step in ("n_invited", "n_consented", "n_used_people"):
        for row in book.select("participants", step).to_dict("records"):
            if row["target_id"] == "any":
                continue
            shown = row["status"] == "ok"
            if shown and row["estimate"] == 0:
                continue
            word = {"n_invited": "invited", "n_consented": "consented", "n_used_people": "used"}[step]
            records.append(
                {"result_id": row["result_id"], "target_id": row["target_id"],
                 "label": capital(book.text(f"activity.{row['target_id']}")),
                 "group": book.text(f"column.{word}"), "count": int(row["estimate"]) if shown else pd.NA,
                 "status": row["status"], "reason": book.text(f"cell.{row['status']}") if not shown else ""}
            )  # fmt: skip
            if shown:
                book.number(row)
    if not records:
        return
    frame = pd.DataFrame(records)
    frame["count"] = frame["count"].astype("Int64")
    options = _options(book, statements.participants(book), book.text("subtitle.people"))
    _emit(book, draw(frame, **options), "flow", book.text("figure.flow"), frame)


@chart("alpha")
def alpha(book: Book, *, judged_only: bool = False) -> None:
    """Draw internal consistency per skill with its interval.

    Parameters
    ----------
    judged_only : bool
        Leave out skills with fewer answers than the rules ask for before anything is concluded, and the whole
        figure when none is left.
    """
    from .figures import dot_interval

    rows = book.select("self_assessment", "cronbach_alpha")
    if rows.empty:
        return _nothing(book, "self_assessment")
    if judged_only:
        rows = rows[(rows["status"] == "ok") & (rows["n_used"] >= book.rules.value("claim_consistency"))]
        if rows.empty:
            return None
    cut = book.rules.value("consistency")
    title = statements.consistency(book, rows, cut)
    options = _options(book, title, book.text("subtitle.alpha", n=_n_text(book, rows)))
    labelled = _labelled(book, rows.drop(columns="group"))
    drawn = dot_interval(
        labelled,
        thresholds={book.text("line.threshold"): cut}, value_format="coefficient", **options,
    )  # fmt: skip
    _emit(book, drawn, "alpha", book.text("figure.alpha"), labelled)
    return None


@chart("usability")
def usability(book: Book) -> None:
    """Draw the SUS score on its strip."""
    from .figures import gauge_strip

    row = book.find("tool_review.system_usability_scale.all")
    if row is None:
        return
    rows = book.select("tool_review", "system_usability_scale").assign(label=book.text("name.sus"))
    if row["status"] == "ok":
        book.cell(row)
    benchmark = book.rules.value("usability_benchmark")
    subtitle = book.text("subtitle.sus", name=book.text("name.sus"), n=_n_text(book, rows))
    options = _options(book, statements.usability(book, rows, benchmark), subtitle)
    drawn = gauge_strip(rows, benchmark=benchmark, **options)
    _emit(book, drawn, "usability", book.text("figure.sus"), rows)


@chart("rounds")
def rounds(book: Book) -> None:
    """Draw agreement from round to round; divided skills and those that rest on drop-out are in colour."""
    from .figures import slope

    rows = book.select("workshop", "share_agreeing")
    rows = rows[rows["group"].str.startswith("round_")]
    if rows.empty:
        return _nothing(book, "workshop")
    numbers = rows["group"].str.removeprefix("round_").astype(int)
    if numbers.nunique() < 2:
        return None
    changed = rows.assign(round=numbers)
    changed = _labelled(book, changed)
    wide = changed[changed["status"] == "ok"].pivot(index="target_id", columns="round", values="estimate")
    if wide.shape[1] < 2:
        return None  # the chart of the last round says why nothing can be shown
    moves = (wide.iloc[:, -1] - wide.iloc[:, 0]).abs().sort_values(ascending=False, kind="stable")
    highlight = [skill for skill in wide.index if book.grade(skill, "consensus")[1] == "panel_divided"]
    highlight += [skill for skill in moves.index if skill not in highlight]
    subtitle = book.text("subtitle.rounds", n=_n_text(book, changed))
    options = _options(book, statements.movement(book, wide), subtitle)
    drawn = slope(changed, value_format="share", highlight=highlight[:5], **options)
    _emit(book, drawn, "rounds", book.text("figure.rounds"), changed)
    return None


@chart("consensus")
def consensus(book: Book) -> None:
    """Draw agreement of the last round with interval and threshold."""
    from .figures import dot_interval

    rows = book.select("workshop", "share_agreeing", group="last_round")
    if rows.empty:
        return _nothing(book, "workshop")
    marked = rows.assign(grade=[book.grade(skill, "consensus")[0] for skill in rows["target_id"]])
    agreed = int((marked["grade"] == "+").sum())
    cut = book.rules.value("agreement_share")
    title = book.text("statement.consensus", k=book.count(agreed, "decisions.grade.consensus"),
                      total=book.count(len(rows), "decisions.grade.consensus"))  # fmt: skip
    marked = marked.drop(columns="group").sort_values(
        ["ci_low", "estimate"], ascending=False, kind="stable", na_position="last"
    )
    options = _options(book, title, book.text("subtitle.panel", n=_n_text(book, rows)))
    labelled = _labelled(book, marked)
    drawn = dot_interval(labelled, value_format="share",
                         thresholds={book.text("line.threshold"): cut}, **options)  # fmt: skip
    _emit(book, drawn, "consensus", book.text("figure.consensus"), labelled)
    return None


@chart("tiers")
def tiers(book: Book) -> None:
    """Draw best-worst scores in the tiers the data can tell apart."""
    from .figures import tiers as draw

    rows = book.select("ranking", "best_worst_score")
    if rows.empty:
        return _nothing(book, "best_worst")
    if not (rows["status"] == "ok").any():
        return None
    tier = book.select("ranking", "tier").set_index("target_id")["label"].astype(int)
    shown = rows.assign(_tier=[int(tier.get(target, 99)) for target in rows["target_id"]])
    shown = shown.sort_values(["_tier", "estimate"], ascending=[True, False], kind="stable")
    shown["group"] = [f"{book.text('column.tier')} {number}" for number in shown["_tier"]]
    title = book.text("statement.tiers", k=book.count(int(tier.max()), "ranking.tier"))
    options = _options(book, title, book.text("subtitle.score", n=_n_text(book, rows)))
    labelled = _labelled(book, shown.drop(columns="_tier"))
    drawn = draw(labelled, **options)
    _emit(book, drawn, "tiers", book.text("figure.tiers"), labelled)
    return None


@chart("salience")
def salience(book: Book, *, target_type: str = "skill") -> None:
    """Draw how many groups raised each skill, or each reason."""
    from .figures import dot_interval

    rows = book.select("focus_groups", "groups_raising", target_type=target_type)
    if target_type != "skill":
        rows = rows[rows["estimate"] != 0]  # the roof of the codebook, and codes nobody used
    if rows.empty:
        return _nothing(book, "focus_groups")
    rows = rows.sort_values(["estimate", "target_id"], ascending=[False, True], kind="stable", na_position="last")
    name = "salience" if target_type == "skill" else "reasons"
    subtitle = book.text("subtitle.groups", n=_n_text(book, rows))
    options = _options(book, statements.counted(book, rows, name), subtitle)
    top = float(rows["n_used"].max()) if rows["n_used"].notna().any() else 1.0
    labelled = _labelled(book, rows) if target_type == "skill" else _coded(book, rows)
    drawn = dot_interval(labelled.drop(columns="group"), value_format="count", limits=(0.0, top), **options)
    _emit(book, drawn, name, book.text(f"figure.{name}"), labelled)
    return None


def _coded(book: Book, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of codes with their names as labels, and record every number that will be drawn."""
    for row in rows[rows["status"] == "ok"].to_dict("records"):
        book.number(row)
    return rows.assign(label=[code_name(book, target) for target in rows["target_id"]])


@chart("saturation")
def saturation(book: Book) -> None:
    """Draw the share of codes raised after each further group."""
    from .figures import saturation as draw

    rows = book.select("focus_groups", "saturation")
    if (rows["status"] == "ok").sum() < 2:
        return
    for row in rows[rows["status"] == "ok"].to_dict("records"):
        book.cell(row)
    frame = rows.assign(
        value=rows["target_id"].str.removeprefix("groups_").astype(int), lowest=rows["ci_low"],
        highest=rows["ci_high"],
    ).sort_values("value")  # fmt: skip
    options = _options(book, statements.first_group(book), book.text("subtitle.codes", n=_n_text(book, rows)))
    _emit(book, draw(frame, **options), "saturation", book.text("figure.saturation"), frame.drop(columns="value"))


@chart("matrix")
def matrix(book: Book) -> None:
    """Draw coded turns per skill and group."""
    from .figures import heatmap

    rows = book.select("focus_groups", "turns_by_group", target_type="skill")
    if rows.empty:
        return _nothing(book, "focus_groups")
    turns = book.cell(book.find("focus_groups.n_coded_turns.all"))
    options = _options(book, statements.busiest_cell(book, rows), book.text("subtitle.turns", n=turns))
    labelled = _labelled(book, rows)
    drawn = heatmap(labelled, value_format="count", **options)
    _emit(book, drawn, "matrix", book.text("figure.matrix"), labelled)
    return None


@chart("feedback")
def feedback(book: Book) -> None:
    """Draw what became of the suggestions: kind to decision."""
    from .figures import alluvial

    rows = book.select("triage", "flow")
    rows = rows[rows["status"] == "ok"]
    if rows.empty:
        return _nothing(book, "triage")
    for row in rows.to_dict("records"):
        book.number(row)
    stages = (book.text("column.kind"), book.text("column.outcome"))
    frame = pd.DataFrame(
        {stages[0]: [_suggestion(book, "kind", name) for name in rows["target_id"]],
         stages[1]: [_suggestion(book, "outcome", name) for name in rows["group"]],
         "count": rows["estimate"].astype(int)}
    )  # fmt: skip
    options = _options(book, statements.accepted(book, rows), book.text("subtitle.suggestions"))
    drawn = alluvial(frame, stages=stages, **options)
    _emit(book, drawn, "feedback", book.text("figure.feedback"), rows)
    return None


def _suggestion(book: Book, what: str, name: str) -> str:
    """Return a kind of suggestion or a decision on it in the report's language; an unknown one is spelt out."""
    words = name.replace("_", " ")
    key = f"suggestion_{what}.{words.replace(' ', '_')}"
    return book.text(key) if key in book.catalogue else words


@chart("scree")
def scree(book: Book) -> None:
    """Draw eigenvalues against the reference of parallel analysis."""
    from .figures import scree as draw

    rows = book.select("self_assessment", "eigenvalue")
    if rows.empty or not ((rows["group"] == "reference") & (rows["status"] == "ok")).any():
        return
    for row in rows[rows["status"] == "ok"].to_dict("records"):
        book.number(row)
    numbers = rows["target_id"].str.extract(r"(\d+)", expand=False).astype(int)
    wide = rows.assign(value=numbers).pivot(index="value", columns="group", values="estimate").sort_index()
    bad = rows.assign(value=numbers)[rows["status"] != "ok"].drop_duplicates("value").set_index("value")
    frame = pd.DataFrame({"estimate": wide["observed"], "reference": wide["reference"]})
    for column, default in (("status", "ok"), ("reason", "")):
        frame[column] = bad[column].reindex(frame.index).fillna(default)
    subtitle = book.text("subtitle.eigen", n=_n_text(book, rows))
    options = _options(book, statements.dimensions(book, frame), subtitle)
    _emit(book, draw(frame.reset_index(), **options), "scree", book.text("figure.scree"), rows)
