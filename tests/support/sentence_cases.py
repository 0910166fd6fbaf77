"""Made-up published rows for every branch of the automatic sentences, each with a name a reader understands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ktss_analysis.glossary import RESULT_COLUMNS
from ktss_analysis.results import result_id

Row = dict[str, Any]
SKILLS = ("S01", "S02", "S03")
ITEMS = ("S01-1", "S01-2", "S01-3", "S02-1")


@dataclass(frozen=True)
class Case:
    """One branch: the sentence that is asked for, the rows it is given, and what it is called in the golden file."""

    name: str
    key: str
    rows: list[Row]
    options: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)


def row(place: str, estimate: float | None = None, low: float | None = None, high: float | None = None,
        n: int | None = None, **more: Any) -> Row:  # fmt: skip
    """Return one published row; `place` is ``stream.statistic.target``."""
    stream, statistic, target = place.split(".", 2)
    values: Row = {"stream": stream, "statistic": statistic, "target_id": target, "target_type": "skill",
                   "aspect": "", "group": "", "unit": "people", "status": "ok", "label": "", "reason": "",
                   "estimate": estimate, "ci_low": low, "ci_high": high, "n_used": n, **more}  # fmt: skip
    if values["status"] != "ok":
        values |= {"estimate": None, "ci_low": None, "ci_high": None, "reason": values["reason"] or "too few"}
    keys = (str(values[c]) for c in ("stream", "statistic", "target_id", "aspect", "group"))
    return {column: values.get(column) for column in RESULT_COLUMNS} | {"result_id": result_id(*keys)}


def frame(rows: list[Row]) -> list[pd.DataFrame]:
    """Return rows as the parts that `combine` takes."""
    return [pd.DataFrame([one], dtype=object) for one in rows]


def study(place: str, value: float, n: int | None = None, **more: Any) -> Row:
    """Return a count about the study as a whole."""
    return row(f"{place}.all", value, n=int(value) if n is None else n, target_type="study", **more)


def share(place: str, hits: int, n: int, low: float, high: float, **more: Any) -> Row:
    """Return a share with its interval."""
    return row(place, hits / n, low, high, n, unit="share", **more)


def absent(place: str, status: str, n: int = 3, **more: Any) -> Row:
    """Return a row without a number."""
    return row(place, status=status, n=n, **more)


# ------------------------------------------------------------------------------ reviewers

LADDER = {
    "supported: the whole interval reaches the threshold": (26, 30, 0.703, 0.947),
    "probably: the point does, the lower limit does not": (24, 30, 0.627, 0.905),
    "unclear: the interval includes the threshold, the point lies below": (20, 30, 0.488, 0.808),
    "not supported: the whole interval lies below": (18, 40, 0.307, 0.602),
    "small panel, no verdict": (12, 15, 0.548, 0.930),
    "few answers, counts only": (7, 9, 0.453, 0.937),
}


def relevance(hits: int, n: int, low: float, high: float, skill: str = "S01", aspect: str = "relevance") -> Row:
    return share(f"guide_review.item_cvi.{skill}", hits, n, low, high, aspect=aspect)


def item_relevance(hits: int, n: int, low: float, high: float, item: str) -> Row:
    return share(f"tool_review.item_cvi.{item}", hits, n, low, high, aspect="relevance", target_type="item")


def reviewer_cases() -> Iterator[Case]:
    for name, numbers in LADDER.items():
        yield Case(name, "guide_review.skill", [relevance(*numbers)], {"skill_id": "S01"})
    for status in ("masked", "too_few", "undefined"):
        rows = [absent("guide_review.item_cvi.S01", status, aspect="relevance")]
        yield Case(status, "guide_review.skill", rows, {"skill_id": "S01"})
    yield Case("nobody asked", "guide_review.skill", [], {"skill_id": "S01"})
    ladder = list(LADDER.values())
    yield Case("not collected", "guide_review.overall", [])
    yield Case("one skill on three lines each", "guide_review.overall",
               [relevance(*ladder[k], skill) for k, skill in enumerate(SKILLS)])  # fmt: skip
    yield Case("all supported", "guide_review.overall", [relevance(*ladder[0], skill) for skill in SKILLS])
    yield Case("none supported, two rejected, one too small", "guide_review.overall",
               [relevance(*ladder[k], skill) for k, skill in zip((3, 3, 4), SKILLS, strict=True)])  # fmt: skip
    yield Case("one supported, two too small", "guide_review.overall",
               [relevance(*ladder[k], skill) for k, skill in zip((0, 4, 5), SKILLS, strict=True)])  # fmt: skip
    yield Case("all too few", "guide_review.overall", [relevance(*ladder[5], skill) for skill in SKILLS])
    clear = relevance(29, 30, 0.833, 0.994, aspect="clarity")
    yield Case("relevant and clear", "guide_review.clarity", [relevance(*ladder[0]), clear])
    yield Case("relevant, one wording unclear", "guide_review.clarity",
               [relevance(*ladder[0]), relevance(14, 30, 0.302, 0.638, aspect="clarity")])  # fmt: skip
    yield Case("relevant, two wordings unclear", "guide_review.clarity",
               [relevance(*ladder[0], skill, aspect) if aspect == "relevance" else
                relevance(14, 30, 0.302, 0.638, skill, aspect)
                for skill in SKILLS[:2] for aspect in ("relevance", "clarity")])  # fmt: skip
    yield Case("nothing relevant: nothing to say on clarity", "guide_review.clarity", [relevance(*ladder[3])])
    for n in (0, 1, 5):
        yield Case(f"{n} comments", "guide_review.comments", [study("guide_review.n_comments", n)])
        yield Case(f"{n} comments", "tool_review.comments", [study("tool_review.n_comments", n)])


def tool_cases() -> Iterator[Case]:
    ladder = list(LADDER.values())
    yield Case("not collected", "tool_review.items", [])
    yield Case("one of two supported", "tool_review.items",
               [item_relevance(*ladder[0], ITEMS[0]), item_relevance(*ladder[2], ITEMS[1])])  # fmt: skip
    yield Case("all supported", "tool_review.items", [item_relevance(*ladder[0], item) for item in ITEMS])
    yield Case("none supported", "tool_review.items", [item_relevance(*ladder[2], item) for item in ITEMS[:2]])
    yield Case("too few", "tool_review.items", [item_relevance(*ladder[5], item) for item in ITEMS[:2]])
    yield Case("no flag", "tool_review.flags", [item_relevance(*ladder[0], ITEMS[0])])
    yield Case("not collected: silent", "tool_review.flags", [])
    for items in (ITEMS[:1], ITEMS[:3]):
        flags = [row(f"decisions.item_flag.{item}", target_type="item", aspect="weak", unit="text", label="weak")
                 for item in items]  # fmt: skip
        yield Case(f"{len(items)} flagged", "tool_review.flags", flags)
    for name, low, high in (("above", 70.0, 80.5), ("around", 63.0, 72.0), ("below", 50.0, 60.0)):
        rows = [row("tool_review.system_usability_scale.all", (low + high) / 2, low, high, 24, unit="points")]
        yield Case(f"usability {name} the benchmark", "tool_review.usability", rows)
    yield Case("usability not asked", "tool_review.usability", [item_relevance(*ladder[0], ITEMS[0])])
    yield Case("nobody reviewed: silent", "tool_review.usability", [])
    for status in ("masked", "too_few"):
        rows = [absent("tool_review.system_usability_scale.all", status)]
        yield Case(f"usability {status}", "tool_review.usability", rows)
    yield Case("with a form", "self_assessment.page", [])
    yield Case("minutes", "self_assessment.time",
               [row("self_assessment.median_minutes.all", 18.3, 15.8, 22.7, 30, unit="minutes")])  # fmt: skip
    yield Case("asked in focus groups", "focus_groups.bandtest",
               [share("focus_groups.share_understanding.all", 20, 25, 0.609, 0.911)])  # fmt: skip
    yield Case("asked, too few", "focus_groups.bandtest", [absent("focus_groups.share_understanding.all", "too_few")])


# ------------------------------------------------------------------------------ self-assessment


def alpha(skill: str, value: float, low: float, high: float, n: int) -> Row:
    return row(f"self_assessment.cronbach_alpha.{skill}", value, low, high, n, unit="coefficient")


def self_assessment_cases() -> Iterator[Case]:
    key = "self_assessment.reliability"
    yield Case("not collected", key, [])
    yield Case("fewer than the least n for words", key, [alpha("S01", 0.85, 0.72, 0.93, 29)])
    yield Case("two scales below the least n for words", key,
               [alpha("S01", 0.85, 0.72, 0.93, 25), alpha("S02", 0.5, 0.1, 0.75, 29)])  # fmt: skip
    yield Case("exactly the least n: a pilot estimate, above", key, [alpha("S01", 0.85, 0.72, 0.93, 30)])
    yield Case("around the threshold, pilot", key, [alpha("S01", 0.76, 0.58, 0.88, 40)])
    yield Case("below the threshold, pilot", key, [alpha("S01", 0.3, 0.1, 0.55, 60)])
    yield Case("above, around and below, many answers", key,
               [alpha("S01", 0.85, 0.82, 0.88, 240), alpha("S02", 0.71, 0.66, 0.76, 240),
                alpha("S03", 0.5, 0.4, 0.6, 240)])  # fmt: skip
    for name, numbers in (("above", (0.85, 0.82, 0.88)), ("around", (0.71, 0.66, 0.76)), ("below", (0.5, 0.4, 0.6))):
        yield Case(f"two {name}", key, [alpha(skill, *numbers, 240) for skill in SKILLS[:2]])
    yield Case("no coefficient", key, [absent("self_assessment.cronbach_alpha.S01", "too_few", 12)])
    yield Case("enough", "self_assessment.structure",
               [row("self_assessment.parallel_analysis.all", 2, n=240, unit="dimensions")])  # fmt: skip
    yield Case("one dimension", "self_assessment.structure",
               [row("self_assessment.parallel_analysis.all", 1, n=240, unit="dimensions")])  # fmt: skip
    yield Case("too few", "self_assessment.structure", [absent("self_assessment.parallel_analysis.all", "too_few")])
    flagged = row("self_assessment.flagged_people.all", 1, n=30)
    several = row("self_assessment.flagged_people.all", 6, n=60)
    without = row("self_assessment.cronbach_alpha_by_flag.S01", 0.8, 0.7, 0.9, 54, group="without_flagged",
                  unit="coefficient")  # fmt: skip
    yield Case("none careless", "self_assessment.flagged", [row("self_assessment.flagged_people.all", 0, n=30)])
    yield Case("one careless, results without it hidden", "self_assessment.flagged", [flagged])
    yield Case("six careless, results without them shown", "self_assessment.flagged", [several, without])
    yield Case("nobody a second time", "self_assessment.retest", [alpha("S01", 0.8, 0.7, 0.9, 60)])
    yield Case("not collected", "self_assessment.retest", [])


# ------------------------------------------------------------------------------ workshop, ranking, votes


def consensus(skill: str, label: str, reason: str) -> Row:
    return row(f"decisions.grade.{skill}", aspect="consensus", unit="text", label=label, reason=reason)


def panel(n: int = 24) -> Row:
    return row("workshop.panel_size.all", n, n=n, group="last_round", target_type="study")


def workshop_cases() -> Iterator[Case]:
    agree = [consensus(skill, "supported", "panel_agrees") for skill in SKILLS]
    open_ = [consensus(skill, "undecided", "interval_includes_threshold") for skill in SKILLS]
    none = [consensus(skill, "not_evaluable", "too_few") for skill in SKILLS]
    divided = [consensus(skill, "not_supported", "panel_divided") for skill in SKILLS]
    w = row("workshop.kendall_w.all", 0.23, 0.18, 0.29, 24, aspect="importance", group="last_round",
            unit="coefficient", target_type="study")  # fmt: skip
    key = "workshop.overall"
    yield Case("not collected", key, [])
    yield Case("agreement on all, with concordance", key, [panel(), *agree, w])
    yield Case("agreement on one", key, [panel(), agree[0], *open_[1:]])
    yield Case("agreement on none", key, [panel(), *open_])
    yield Case("too few", key, [panel(8), *none])
    yield Case("one panellist", key, [panel(1), *none])
    yield Case("one skill divided", "workshop.dissent", [panel(), divided[0], *agree[1:]])
    yield Case("two skills divided", "workshop.dissent", [panel(), *divided[:2], agree[2]])
    yield Case("no skill divided", "workshop.dissent", [panel(), *agree])
    yield Case("too few: silent", "workshop.dissent", [panel(8), *none])
    yield Case("nobody left: silent", "workshop.attrition", [panel()])
    for left in (1, 4):
        yield Case(f"{left} left", "workshop.attrition", [row("workshop.panel_left.all", left, n=28, group="round_2")])
    for skills in (SKILLS[:1], SKILLS[:2]):
        doubt = [row(f"decisions.attrition.{skill}", unit="text", label="rests on who stayed") for skill in skills]
        yield Case(f"agreement on {len(skills)} rests on who stayed", "workshop.attrition",
                   [row("workshop.panel_left.all", 4, n=28, group="round_2"), *doubt])  # fmt: skip
    w1 = w | row("workshop.kendall_w.all", 0.2, 0.14, 0.26, 28, aspect="importance", group="round_1",
                 unit="coefficient", target_type="study")  # fmt: skip
    yield Case("one round", "workshop.concordance_by_round", [w1])
    for status, name in (("ok", "compared"), ("too_few", "too few")):
        delta = row("workshop.attrition_delta.S01", 0.1, -0.2, 0.4, 6, unit="coefficient", status=status)
        yield Case(name, "workshop.leavers", [delta])


def ranking_cases() -> Iterator[Case]:
    def tier(skill: str, number: int) -> list[Row]:
        return [row(f"ranking.tier.{skill}", unit="text", label=str(number), n=30),
                row(f"ranking.best_worst_score.{skill}", 0.4, 0.2, 0.6, 30, unit="points")]  # fmt: skip

    yield Case("not collected", "ranking.tiers", [])
    yield Case("one tier", "ranking.tiers", [*tier("S01", 1), *tier("S02", 1)])
    yield Case("two tiers, one skill first", "ranking.tiers", [*tier("S01", 1), *tier("S02", 2)])
    yield Case("two tiers, two skills first", "ranking.tiers", [*tier("S01", 1), *tier("S02", 1), *tier("S03", 2)])
    yield Case("too few", "ranking.tiers", [absent("ranking.best_worst_score.S01", "too_few")])
    for activity in ("quality_board", "assembly"):
        yield Case("not held", "votes.lead", [], {"activity": activity})
    size = study("quality_board.panel_size", 8)
    for hits in (0, 1, 2):
        rows = [row(f"quality_board.n_supporting.{skill}", 7 if k < hits else 2, n=8) for k, skill in enumerate(SKILLS)]
        yield Case(f"majority for {hits}", "votes.lead", [size, *rows], {"activity": "quality_board"})
    yield Case("too few members", "votes.lead", [absent("quality_board.panel_size.all", "masked")],
               {"activity": "quality_board"})  # fmt: skip


# ------------------------------------------------------------------------------ focus groups


def group_cases() -> Iterator[Case]:
    groups = study("focus_groups.n_groups", 5, unit="groups")
    turns = study("focus_groups.n_coded_turns", 692, unit="count of rows")
    yield Case("not collected", "focus_groups.lead", [])
    yield Case("five groups", "focus_groups.lead", [groups, study("focus_groups.n_speakers", 40), turns])
    yield Case("one group", "focus_groups.lead",
               [study("focus_groups.n_groups", 1, unit="groups"), study("focus_groups.n_speakers", 8),
                turns])  # fmt: skip
    yield Case("one group, few speakers", "focus_groups.lead",
               [study("focus_groups.n_groups", 1, unit="groups"), absent("focus_groups.n_speakers.all", "masked"),
                turns])  # fmt: skip
    everywhere = row("focus_groups.groups_raising.C1", 5, n=5, target_type="code", unit="groups")
    second = row("focus_groups.groups_raising.C2", 5, n=5, target_type="code", unit="groups")
    rare = row("focus_groups.groups_raising.C3", 2, n=5, target_type="code", unit="groups")
    yield Case("one topic everywhere", "focus_groups.reasons", [everywhere, rare])
    yield Case("two topics everywhere", "focus_groups.reasons", [everywhere, second])
    yield Case("no topic everywhere", "focus_groups.reasons", [rare])
    yield Case("no topic besides the skills: silent", "focus_groups.reasons", [])
    curve = [row(f"focus_groups.saturation.groups_{k}", 0.7 + 0.05 * k, 0.6, 0.96, 5, target_type="curve",
                 unit="share of codes") for k in (1, 2, 3)]  # fmt: skip
    yield Case("curve", "focus_groups.saturation", curve)
    yield Case("one group: silent", "focus_groups.saturation", curve[:1])
    for k in (0, 1, 2, 3):
        values = [0.9 if place < k else 0.4 for place in range(3)]
        rows = [row(f"focus_groups.krippendorff_alpha.{skill}", value, 0.2, 1.0, 140, unit="coefficient")
                for skill, value in zip(SKILLS, values, strict=True)]  # fmt: skip
        yield Case(f"coders agree on {k} of three codes", "focus_groups.coders", rows)
    yield Case(
        "no code often enough", "focus_groups.coders", [absent("focus_groups.krippendorff_alpha.S01", "too_few")]
    )
    yield Case("not collected: silent", "focus_groups.coders", [])
    yield Case("part coded twice", "focus_groups.double_coding",
               [study("focus_groups.n_double_coded_turns", 140, unit="count of rows"), turns])  # fmt: skip

    def quote(text: str, tone: str, place: str) -> Row:
        return row("focus_groups.quote.S01", unit="text", label=text, aspect=tone, group=text[:3], reason=place)

    yield Case("for and against, one in another language", "focus_groups.quotes",
               [quote("We listen first.", "supporting", "en|FG1"), quote("Basta.", "contrary", "it|FG2")],
               {"skill_id": "S01"})  # fmt: skip
    yield Case("a language and no group", "focus_groups.quotes", [quote("Basta.", "contrary", "it|")],
               {"skill_id": "S01"})  # fmt: skip
    yield Case("without a place", "focus_groups.quotes", [quote("We listen first.", "supporting", "")],
               {"skill_id": "S01"})  # fmt: skip


# ------------------------------------------------------------------------------ verdicts, people, feedback, limits


def verdicts(**counts: int) -> list[Row]:
    names = ("keep", "keep_discordant", "provisional", "revise", "drop", "not_decided")
    rows = [row("decisions.n_verdict.all", counts.get(name, 0), n=25, group=name, target_type="study", unit="skills")
            for name in names]  # fmt: skip
    return [*rows, row("decisions.n_skills.all", 25, n=25, target_type="study", unit="skills")]


def verdict_cases() -> Iterator[Case]:
    key = "one_page.headline"
    yield Case("none ready, all undecided", key, verdicts(not_decided=25))
    yield Case("one of each", key, verdicts(keep=1, provisional=1, revise=1, drop=1, not_decided=1))
    yield Case(
        "several of each", key, verdicts(keep=5, keep_discordant=2, provisional=4, revise=7, drop=5, not_decided=2)
    )
    for late, name in (("no", "in time"), ("yes", "late"), ("", "unknown")):
        facts = {"rules_late": late} if late else {}
        yield Case(f"rules {name}", "one_page.how", [], facts=facts)
    for names in (("keep",), ("provisional",), ("revise",)):
        rows = [row(f"decisions.verdict.{skill}", unit="text", label=name)
                for skill, name in zip(SKILLS, names, strict=False)]  # fmt: skip
        yield Case(f"{names[0]} only", "summary.intro", rows)
    many = [row(f"decisions.verdict.{skill}", unit="text", label=name)
            for skill, name in zip(SKILLS, ("keep", "provisional", "drop"), strict=True)]  # fmt: skip
    yield Case("ready and provisional", "summary.intro", many)
    changed = row("decisions.n_verdicts_changed.relevance_supported", 7, n=25, target_type="threshold",
                  aspect="higher", unit="skills")  # fmt: skip
    yield Case("one threshold matters", "sensitivity.lead", [changed])
    yield Case("one verdict changes", "sensitivity.lead", [changed | {"estimate": 1}])
    yield Case("nothing changes", "sensitivity.lead", [changed | {"estimate": 0}])
    yield Case("not computed: silent", "sensitivity.lead", [])


def people_cases() -> Iterator[Case]:
    yield Case("188 people", "participants.lead", [row("participants.n_used_people.any", 188, n=188)])
    yield Case("nobody", "participants.lead", [row("participants.n_used_people.any", 0, n=0)])

    def activity(name: str, planned: int, used: int, status: str = "ok") -> list[Row]:
        return [row(f"participants.n_planned.{name}", planned, n=planned),
                row(f"participants.n_used_people.{name}", used, n=used, status=status)]  # fmt: skip

    yield Case("as planned", "participants.gaps", activity("workshop", 28, 28))
    yield Case("fewer, more, none, hidden", "participants.gaps",
               [*activity("workshop", 28, 24), *activity("guide_review", 30, 33), *activity("tool_review", 30, 0),
                *activity("assembly", 60, 3, "masked")])  # fmt: skip
    for k in (0, 1, 8):
        rows = [row("participants.n_overlap.workshop~focus_groups", k, n=k)]
        yield Case(f"{k} people in both", "participants.overlap", rows)


def feedback_cases() -> Iterator[Case]:
    def chain(n: int, merged: int = 0) -> list[Row]:
        rows = [study(f"triage.n_{name}", n, unit="count of rows")
                for name in ("comments", "suggestions", "decisions", "changes")]  # fmt: skip
        return [*rows, study("triage.n_merged", merged, n=n, unit="count of rows")]

    yield Case("not collected", "triage.lead", [])
    yield Case("one of each", "triage.lead", chain(1))
    yield Case("many, one merged", "triage.lead", chain(40, 1))
    yield Case("many, several merged", "triage.lead", chain(40, 6))
    for traced, n in ((1, 1), (40, 40), (38, 40)):
        rows = [row("triage.n_traced.all", traced, n=n, target_type="study", unit="count of rows"),
                row("triage.median_days_open.all", 12, n=n, target_type="study", unit="days")]  # fmt: skip
        yield Case(f"{traced} of {n} comments traced", "triage.traced", rows if n > 1 else rows[:1])
    yield Case("not collected: silent", "triage.traced", [])
    rejection = row("triage.rejection.D1", target_type="decision", unit="text", label="Add a case.", reason="No room.")
    yield Case("some rejected", "triage.rejected", [rejection])
    yield Case("none rejected: silent", "triage.rejected", [])
    for items in (ITEMS[:1], ITEMS[:2]):
        rows = [row(f"triage.retest.{item}", target_type="item", unit="text", label="void") for item in items]
        yield Case(f"{len(items)} with a new meaning", "triage.not_retested", rows)


def limit_cases() -> Iterator[Case]:
    yield Case("nothing collected", "limits", [])
    alpha_row, gap = alpha("S01", 0.8, 0.7, 0.9, 60), absent("self_assessment.cronbach_alpha.S02", "too_few")
    everything = [
        relevance(26, 30, 0.703, 0.947), item_relevance(26, 30, 0.703, 0.947, ITEMS[0]), panel(),
        study("focus_groups.n_groups", 5, unit="groups"), *[absent("ranking.best_worst_score.S01", "masked")],
        alpha_row, gap, absent("self_assessment.parallel_analysis.all", "too_few"),
        row("participants.n_overlap.workshop~focus_groups", 8, n=8),
        row("decisions.verdict.S01", unit="text", label="not_decided"),
    ]  # fmt: skip
    yield Case("all that can be limited", "limits", everything, facts={"rules_late": "yes"})


def more_limit_cases() -> Iterator[Case]:
    hidden = [absent(f"ranking.best_worst_score.{skill}", "masked") for skill in SKILLS]
    yield Case("one figure too few, three hidden", "limits",
               [*hidden, absent("self_assessment.cronbach_alpha.S02", "too_few")])  # fmt: skip


def cases() -> list[Case]:
    """Return every case, in the order of the report."""
    parts = (verdict_cases, people_cases, reviewer_cases, tool_cases, self_assessment_cases, workshop_cases,
             ranking_cases, group_cases, feedback_cases, limit_cases, more_limit_cases)  # fmt: skip
    return [case for part in parts for case in part()]
