"""What the kit tells: statements that published rows allow, each with its drawing, its n and its words for the blind.

A story is chosen by the same branches as the sentences of the report (interval against threshold, smallest n). What
has no published rows has no story.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from ..display.book import Book
from ..display.figures.words import VERDICT_KEYS
from ..display.numbers import format_value
from ..display.palette import LIGHT, Mark, verdict_mark
from ..display.sentences import ACTIVITIES, by_branch, capital, rules_time, share_branch, verdict_groups
from ..display.statements import usability_side
from ..evidence import VERDICTS

MOST_STORIES: Final = 6
BAR: Final = "#0F4C8A"
LADDER: Final = {"supported": "+", "probably": "0", "unclear": "0", "not_supported": "-", "none": "?"}

Chart = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """One statement with its drawing.

    Parameters
    ----------
    key : str
        What it is about: ``ready``, ``people``, ``relevance``, ``consensus``, ``voices``, ``usability``, ``feedback``.
    kicker : str
        What it is about, in words.
    statement : str
        The finding, one or two sentences.
    base : str
        Who or what it rests on, with n.
    chart : dict
        What ``assets/kit.typ`` draws: kind, rows, texts.
    drawn : str
        The drawing in words.
    explanation : str
        What the statement means and what it does not.
    """

    key: str
    kicker: str
    statement: str
    base: str
    chart: Chart
    drawn: str
    explanation: str

    @property
    def alt(self) -> str:
        """The whole story in words, for those who do not see it."""
        return f"{self.statement} {self.drawn} {self.base}."


def stories(book: Book, most: int = MOST_STORIES) -> list[Story]:
    """Return the stories that the published rows allow, at most `most` of them.

    Parameters
    ----------
    book : Book
        Published results; every number is recorded as a claim under the chapter ``story.<key>``.
    most : int
        How many at most.
    """
    found: list[Story] = []
    for key, tell in TELLERS.items():
        if len(found) == most:
            break
        book.chapter = f"story.{key}"
        before = len(book.claims)
        told = tell(book)
        if told is None:
            del book.claims[before:]  # numbers that were formed and not printed
        else:
            kicker = book.text(f"kit.kicker.{key}")
            statement, base, chart, drawn, explanation = told
            found.append(Story(key, kicker, statement, base, chart, drawn, explanation))
    return found


Told = tuple[str, str, Chart, str, str]


def _ready(book: Book) -> Told | None:
    """Tell how many skills are ready, and draw every skill under its verdict."""
    groups = verdict_groups(book)
    total_row = book.find("decisions.n_skills.all")
    if total_row is None or not any(groups.values()):
        return None
    ready = len(groups["keep"]) + len(groups["keep_discordant"])
    total = book.number(total_row)
    statement = book.text("one_page.none", total=total)
    overridden = overridden_sentence(book)
    if ready:
        k = book.count(ready, "decisions.n_verdict.all.keep")
        key = "kit.ready" if overridden else "one_page.ready"  # a verdict by people need not meet the criteria
        statement = book.text(key, count=ready, k=k, total=total)
    rows = [
        _group_row(book, book.text(f"verdict.{name}"), len(groups[name]), f"decisions.n_verdict.all.{name}",
                   verdict_mark(VERDICT_KEYS[name]))
        for name in VERDICTS
        if groups[name]
    ]  # fmt: skip
    parts = [book.text("kit.explain.ready"), book.text(f"one_page.rules.{rules_time(book)}"), overridden]
    explanation = " ".join(part for part in parts if part)
    return statement, _people_base(book), _groups(rows), _groups_alt(book, rows), explanation


def _people(book: Book) -> Told | None:
    """Tell how many people took part, and draw how many in each activity."""
    row = book.find("participants.n_used_people.any")
    if row is None or row["status"] != "ok" or row["estimate"] == 0:
        return None
    statement = book.text("kit.people", count=int(row["estimate"]), n=book.number(row))
    bars = []
    for activity in ACTIVITIES:
        used = book.find(f"participants.n_used_people.{activity}")
        if used is not None and used["status"] == "ok" and used["estimate"] > 0:
            name = capital(book.text(f"activity.{activity}"))
            bars.append((name, float(used["estimate"]), book.number(used)))
    if not bars:
        return None
    drawn = book.text("kit.alt.bars.people", list=_listed([(name, text) for name, _, text in bars]))
    return statement, _people_base(book), _bars(bars), drawn, book.text("limits.sample")


def _relevance(book: Book) -> Told | None:
    """Tell how many skills the reviewers of the guide support, and draw the interval of each."""
    rows = book.select("guide_review", "item_cvi", aspect="relevance", target_type="skill")
    judged = rows[[book.judged(row) for row in rows.to_dict("records")]] if len(rows) else rows
    if judged.empty:
        return None
    groups = by_branch(book, rows)
    base_id = "guide_review.item_cvi.relevance"
    total, supported = book.count(len(rows), base_id), len(groups["supported"])
    statement = book.text("guide_review.group.supported.none", total=total)
    if supported:
        k = book.count(supported, base_id)
        statement = book.text("guide_review.group.supported", count=supported, k=k, total=total)
    level = format_value(float(judged["ci_level"].iloc[0]), "share", book.language)
    first = str(judged["result_id"].iloc[0])
    n = _range(book, judged)
    base = book.text("kit.base.reviewers", n=n, level=book.claim(level, first, "ci_level"))
    chart, drawn = _intervals(book, judged, groups)
    cut = book.claim(_cut(book, "relevance_supported"), "rules.relevance_supported", "threshold")
    return statement, base, chart, drawn, book.text("kit.explain.relevance", cut=cut)


def _intervals(book: Book, judged: pd.DataFrame, groups: dict[str, list[str]]) -> tuple[Chart, str]:
    """Return the drawing of shares with their intervals, highest lower limit first, and its words."""
    ordered = judged.sort_values(["ci_low", "estimate"], ascending=False, kind="stable").to_dict("records")
    lines = []
    for row in ordered:
        mark = LIGHT.grades[LADDER[share_branch(row, book)]]
        for column in ("estimate", "ci_low", "ci_high"):
            book.number(row, column)
        lines.append({"point": row["estimate"], "low": row["ci_low"], "high": row["ci_high"], **_look(mark)})
    counts = []
    for sign in "+0-?":
        size = sum(len(groups[name]) for name, own in LADDER.items() if own == sign)
        if size:
            word = book.text(f"kit.ladder.{sign}")
            counts.append((sign, word, book.count(size, "guide_review.item_cvi.relevance")))
    names = ("relevance_supported", "relevance_not_supported")
    high, low = (book.claim(_cut(book, name), f"rules.{name}", "threshold") for name in names)
    values = {high: book.rules.value("relevance_supported"), low: book.rules.value("relevance_not_supported")}
    upper = max(values.values())
    cuts = [{"at": value, "text": text, "lift": 1.05 if value == upper else -0.05} for text, value in values.items()]
    ticks = [{"at": at, "text": format_value(at, "share", book.language)} for at in (0.0, 0.5, 1.0)]
    legend = [{"label": f"{word}: {text}", **_look(LIGHT.grades[sign])} for sign, word, text in counts if sign != "?"]
    chart = {"kind": "intervals", "rows": lines, "cuts": cuts, "ticks": ticks, "legend": legend}
    words = _listed([(word, text) for _, word, text in counts])
    return chart, book.text("kit.alt.intervals", high=high, low=low, list=words)


def _consensus(book: Book) -> Told | None:
    """Tell on how many skills the panel agrees, and draw every skill by what the panel said."""
    if not book.collected("workshop"):
        return None
    groups: dict[str, list[str]] = {"agreed": [], "open": [], "divided": [], "too_few": []}
    for skill in book.framework.skills:
        sign, reason = book.grade(skill.id, "consensus")
        name = "divided" if reason == "panel_divided" else {"+": "agreed", "?": "too_few"}.get(sign, "open")
        groups[name].append(skill.id)
    judged = sum(len(skills) for name, skills in groups.items() if name != "too_few")
    if not judged:
        return None
    base_id = "decisions.grade.consensus"
    total, agreed = book.count(judged, base_id), len(groups["agreed"])
    statement = book.text("kit.consensus.none", total=total)
    if agreed:
        statement = book.text("kit.consensus", count=agreed, k=book.count(agreed, base_id), total=total)
    looks = {"agreed": LIGHT.grades["+"], "open": LIGHT.grades["0"], "divided": LIGHT.grades["-"],
             "too_few": LIGHT.grades["?"]}  # fmt: skip
    rows = [
        _group_row(book, book.text(f"kit.panel.{name}"), len(skills), base_id, looks[name])
        for name, skills in groups.items()
        if skills
    ]
    size = book.find("workshop.panel_size.all.last_round")
    known = size is not None and size["status"] == "ok"
    base = book.text("kit.base.panel", n=book.number(size)) if known and size else book.text("kit.base.masked")
    share = book.claim(_cut(book, "agreement_share"), "rules.agreement_share", "threshold")
    return statement, base, _groups(rows), _groups_alt(book, rows), book.text("kit.explain.consensus", share=share)


def _voices(book: Book) -> Told | None:
    """Tell how many skills came up in each focus group, and draw how many in how many groups."""
    rows = book.select("focus_groups", "groups_raising", target_type="skill")
    rows = rows[rows["status"] == "ok"]
    groups = book.find("focus_groups.n_groups.all")
    if rows.empty or groups is None or groups["status"] != "ok" or not (rows["n_used"] == rows["n_used"].iloc[0]).all():
        return None
    n_groups, base_id = int(rows["n_used"].iloc[0]), "focus_groups.groups_raising"
    first = rows.iloc[0].to_dict()
    counts = rows["estimate"].astype(int).value_counts()
    every = int(counts.get(n_groups, 0))
    statement = book.text("kit.voices.none")
    if every:
        total = book.count(len(rows), base_id)
        statement = book.text("kit.voices", count=every, k=book.count(every, base_id), total=total)
    bars = []
    for size in range(n_groups, -1, -1):
        number = int(counts.get(size, 0))
        if number:
            label = book.text("kit.voices.in", k=book.count(size, base_id), total=book.number(first, "n_used"))
            bars.append((label, float(number), book.count(number, base_id)))
    drawn = book.text("kit.alt.bars.voices", list=_listed([(label, text) for label, _, text in bars]))
    base = book.text("kit.base.groups", n=book.number(groups))
    return statement, base, _bars(bars), drawn, book.text("kit.explain.voices")


def _usability(book: Book) -> Told | None:
    """Tell how usable reviewers find the self-assessment, read from the whole interval."""
    row = book.find("tool_review.system_usability_scale.all")
    if row is None or row["status"] != "ok" or pd.isna(row["ci_low"]):
        return None
    benchmark = book.rules.value("usability_benchmark")
    branch = usability_side(row, benchmark)
    text = format_value(benchmark, "points", book.language)
    cut = book.claim(text, "rules.usability_benchmark", "threshold")
    level, interval, score = book.number(row, "ci_level"), book.span(row), book.number(row)
    notes = [book.text("kit.strip.interval", level=level, interval=interval), book.text("kit.strip.benchmark", cut=cut)]
    chart = {
        "kind": "strip", "text": score, "point": row["estimate"] / 100, "low": row["ci_low"] / 100,
        "high": row["ci_high"] / 100, "benchmark": benchmark / 100, "notes": notes,
        "ticks": [{"at": at, "text": format_value(100 * at, "count", book.language)} for at in (0.0, 1.0)],
    }  # fmt: skip
    drawn = book.text("kit.alt.strip", score=score, interval=interval, cut=cut)
    base = book.text("kit.base.tool", n=book.number(row, "n_used"))
    explanation = book.text("tool_review.usability.not_percent")
    return book.text(f"kit.usability.{branch}"), base, chart, drawn, explanation


def _feedback(book: Book) -> Told | None:
    """Tell how many comments led to how many changes."""
    names = ("comments", "suggestions", "decisions", "changes")
    rows = {name: book.find(f"triage.n_{name}.all") for name in names}
    found = {name: row for name, row in rows.items() if row is not None and row["status"] == "ok"}
    if len(found) < len(names) or not any(row["estimate"] for row in found.values()):
        return None
    texts = {name: book.number(row) for name, row in found.items()}
    bars = [(book.text(f"kit.feedback.{name}"), float(found[name]["estimate"]), texts[name]) for name in names]
    statement = book.text("kit.feedback", comments=texts["comments"], changes=texts["changes"])
    drawn = book.text("kit.alt.bars.feedback", list=_listed([(label, text) for label, _, text in bars]))
    base = book.text("kit.base.comments", n=texts["comments"])
    return statement, base, _bars(bars), drawn, book.text("kit.explain.feedback")


TELLERS: Final[dict[str, Callable[[Book], Told | None]]] = {
    "ready": _ready, "people": _people, "relevance": _relevance, "consensus": _consensus, "voices": _voices,
    "usability": _usability, "feedback": _feedback,
}  # fmt: skip
"""What can be told, the most important first."""


# ------------------------------------------------------------------------------ parts


def overridden_sentence(book: Book) -> str:
    """Return that verdicts on skills were set against the rule; empty when none was."""
    count = len(book.select("decisions", "override", target_type="skill"))
    if not count:
        return ""
    return book.text("kit.overridden", count=count, k=book.count(count, "decisions.override"))


def _people_base(book: Book) -> str:
    row = book.find("participants.n_used_people.any")
    known = row is not None and row["status"] == "ok"
    return book.text("kit.base.people", n=book.number(row)) if known and row else book.text("kit.base.masked")


def _cut(book: Book, name: str) -> str:
    return format_value(book.rules.value(name), "share", book.language)


def _range(book: Book, rows: pd.DataFrame) -> str:
    """Return the smallest and the largest n of rows, as one number where they are equal."""
    low, high = rows.loc[rows["n_used"].idxmin()].to_dict(), rows.loc[rows["n_used"].idxmax()].to_dict()
    text = book.number(low, "n_used")
    return text if low["n_used"] == high["n_used"] else f"{text}–{book.number(high, 'n_used')}"


def _listed(pairs: list[tuple[str, str]]) -> str:
    return capital(", ".join(f"{name}: {text}" for name, text in pairs))


def _look(mark: Mark) -> dict[str, Any]:
    return {"colour": mark.colour, "shape": mark.marker, "filled": mark.filled}


def _group_row(book: Book, label: str, size: int, result_id: str, mark: Mark) -> dict[str, Any]:
    return {"label": label, "count": size, "text": book.count(size, result_id), **_look(mark)}


def _groups(rows: list[dict[str, Any]]) -> Chart:
    return {"kind": "groups", "rows": rows}


def _groups_alt(book: Book, rows: list[dict[str, Any]]) -> str:
    return book.text("kit.alt.groups", list=_listed([(row["label"], row["text"]) for row in rows]))


def _bars(bars: list[tuple[str, float, str]]) -> Chart:
    longest = max(value for _, value, _ in bars)
    rows = [{"label": label, "value": value / longest, "text": text, "colour": BAR} for label, value, text in bars]
    return {"kind": "bars", "rows": rows}
