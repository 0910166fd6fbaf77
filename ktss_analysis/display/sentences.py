"""Sentences chosen by interval against threshold: the rules that pick a catalogue entry and fill its slots."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..evidence import VERDICTS
from .book import Book
from .numbers import format_value
from .overridden import n_overridden, overridden_sentence
from .registry import sentence
from .statements import usability_side
from .text_safety import safe_text

ACTIVITIES = (
    "workshop", "guide_review", "tool_review", "best_worst", "focus_groups", "quality_board", "assembly",
    "self_assessment",
)  # fmt: skip


def paragraphs(*texts: str) -> str:
    """Join the texts that are not empty as paragraphs."""
    return "\n\n".join(text for text in texts if text)


def bullets(texts: list[str]) -> str:
    """Join texts as a bullet list."""
    return "\n".join(f"- {text}" for text in texts if text)


# ------------------------------------------------------------------------------ shares: the verb ladder


def share_sentence(book: Book, row: dict[str, Any] | None, key: str) -> str:
    """Return the sentence on a share of reviewers, by its interval and by what its n allows to print.

    Parameters
    ----------
    book : Book
        The report.
    row : dict or None
        Published row with a share; None when it was not collected.
    key : str
        Prefix of the catalogue entries.
    """
    if row is None:
        return book.text("cell.not_collected_sentence")
    if row["status"] != "ok":
        return book.text(f"{key}.{row['status']}")
    printing = book.rules.printing_for(int(row["n_used"]))
    hits = round(float(row["estimate"]) * int(row["n_used"]))
    slots: dict[str, Any] = {"hits": book.count(hits, row["result_id"]), "n": book.number(row, "n_used")}
    if printing.print_ == "counts":
        return book.text(f"{key}.counts", **slots)
    if printing.print_ == "counts and interval":
        return book.text(f"{key}.small", **slots, interval=book.span(row))
    branch = share_branch(row, book)
    slots |= {"share": book.number(row), "interval": book.span(row)}
    if branch == "probably":
        slots["low"] = book.number(row, "ci_low")
    return book.text(f"{key}.{branch}", **slots)


def share_branch(row: dict[str, Any], book: Book) -> str:
    """Return which line of the verb ladder a share stands on: supported, probably, unclear, not_supported."""
    if row["ci_low"] >= book.rules.value("relevance_supported"):
        return "supported"
    if row["ci_high"] < book.rules.value("relevance_not_supported"):
        return "not_supported"
    return "probably" if row["estimate"] >= book.rules.value("relevance_not_supported") else "unclear"


@sentence("guide_review.skill")
def guide_review_skill(book: Book, *, skill_id: str) -> str:
    """Say how relevant guide reviewers find a skill."""
    row = book.find(f"guide_review.item_cvi.relevance.{skill_id}")
    return share_sentence(book, row, "guide_review.skill")


# ------------------------------------------------------------------------------ one page


def verdict_groups(book: Book) -> dict[str, list[str]]:
    """Return the skills under each verdict, in framework order."""
    rows = book.select("decisions", "verdict")
    return {name: list(rows.loc[rows["label"] == name, "target_id"]) for name in VERDICTS}


@sentence("one_page.headline")
def headline(book: Book) -> str:
    """Say how many skills are ready, provisional, to be revised, dropped, undecided."""
    total = book.row("decisions.n_skills.all")
    counts = {name: book.row(f"decisions.n_verdict.all.{name}") for name in VERDICTS}
    ready = int(counts["keep"]["estimate"] + counts["keep_discordant"]["estimate"])
    total_text = book.number(total)
    if ready == 0:
        first = book.text("one_page.none", total=total_text)
    else:
        first = book.text(
            "one_page.ready", count=ready, k=book.count(ready, "decisions.n_verdict.all.keep"), total=total_text
        )
    rest = [
        book.text(f"one_page.{name}", count=int(counts[name]["estimate"]), k=book.number(counts[name]))
        for name in ("provisional", "revise", "drop", "not_decided")
        if counts[name]["estimate"] > 0
    ]
    overridden = n_overridden(book, "skill")
    if overridden is not None and overridden["estimate"] > 0:
        rest.append(book.text("one_page.overridden", count=int(overridden["estimate"]), k=book.number(overridden)))
    return " ".join([f"**{first}**", *rest])


@sentence("one_page.how")
def one_page_how(book: Book) -> str:
    """Say how a verdict comes about, and whether the rule is older than the answers."""
    level = format_value(book.rules.ci_level, "share", book.language)
    how = book.text("one_page.how", level=book.claim(level, "rules.ci_level", "ci_level"))
    return paragraphs(f"{how} {book.text(f'one_page.rules.{rules_time(book)}')}")


def rules_time(book: Book) -> str:
    """Return whether the rules were fixed in time: in_time, late, or unknown_time."""
    return {"yes": "late", "no": "in_time"}.get(book.facts.get("rules_late", ""), "unknown_time")


@sentence("summary.intro")
def summary_intro(book: Book) -> str:
    """Say what the summary shows; with no skill that is ready, the provisional ones are listed too."""
    slots: dict[str, Any] = {"figure": "[](#fig-grades)"}
    if not summary_skills(book)[0]:
        return book.text("summary.intro.none", **slots)
    groups = verdict_groups(book)
    none_ready = not groups["keep"] and not groups["keep_discordant"]
    both = "summary.intro.only_provisional" if none_ready else "summary.intro.provisional"
    key = "summary.intro" if summary_skills(book)[1] else both
    return book.text(key, **slots, table="[](#tbl-summary)")


MOST_IN_SUMMARY = 9
"""With more rows than these, the summary lists the skills that are ready and leaves the rest to the annex."""


def summary_skills(book: Book) -> tuple[list[str], bool]:
    """Return the skills of the summary, and whether only those that are ready are listed."""
    groups = verdict_groups(book)
    ready = [*groups["keep"], *groups["keep_discordant"]]
    both = [*ready, *groups["provisional"]]
    return (ready, True) if ready and len(both) > MOST_IN_SUMMARY else (both, not groups["provisional"])


# ------------------------------------------------------------------------------ who took part


@sentence("participants.lead")
def participants_lead(book: Book) -> str:
    """Say how many people took part and that they are no random sample."""
    row = book.find("participants.n_used_people.any")
    if row is None or row["status"] != "ok" or row["estimate"] == 0:
        return book.text("participants.nobody")
    population = book.of_study("population")
    if population:
        return book.text("participants.lead.population", n=book.number(row), population=population)
    return book.text("participants.lead", n=book.number(row))


@sentence("participants.gaps")
def participants_gaps(book: Book) -> str:
    """List the activities in which fewer people took part than planned, or more."""
    lines = []
    for activity in ACTIVITIES:
        planned = book.find(f"participants.n_planned.{activity}")
        used = book.find(f"participants.n_used_people.{activity}")
        if planned is None or used is None:
            continue
        name = book.text(f"activity.{activity}")
        if used["status"] != "ok":
            lines.append(book.text("participants.masked", activity=capital(name)))
        elif used["estimate"] == 0:
            lines.append(book.text("participants.not_collected", activity=capital(name)))
        elif used["estimate"] != planned["estimate"]:
            numbers: dict[str, Any] = {"used": book.number(used), "planned": book.number(planned)}
            lines.append(book.text("participants.gap", activity=capital(name), **numbers))
    return paragraphs(book.text("participants.gaps") if lines else book.text("participants.no_gap"), bullets(lines))


def capital(text: str) -> str:
    """Return a text with a capital first letter."""
    return text[:1].upper() + text[1:]


@sentence("participants.overlap")
def participants_overlap(book: Book) -> str:
    """Say which activities share people."""
    lines = []
    for _, row in book.select("participants", "n_overlap").iterrows():
        if row["status"] != "ok" or row["estimate"] == 0:
            continue
        first, second = str(row["target_id"]).split("~")
        count = int(row["estimate"])
        lines.append(
            book.text("participants.overlap", count=count, k=book.number(row.to_dict()),
                      first=book.text(f"activity.{first}"), second=book.text(f"activity.{second}"))
        )  # fmt: skip
    return paragraphs(*lines)


# ------------------------------------------------------------------------------ guide review


def by_branch(book: Book, rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return the targets on each line of the verb ladder."""
    groups: dict[str, list[str]] = {"supported": [], "probably": [], "unclear": [], "not_supported": [], "none": []}
    for row in rows.to_dict("records"):
        groups[share_branch(row, book) if book.judged(row) else "none"].append(str(row["target_id"]))
    return groups


@sentence("guide_review.overall")
def guide_review_overall(book: Book) -> str:
    """Say for how many skills reviewers' support is clear, probable, unclear or missing."""
    rows = book.select("guide_review", "item_cvi", aspect="relevance")
    if rows.empty:
        return book.absent("guide_review")
    groups = by_branch(book, rows)
    total = len(rows)
    base = "guide_review.item_cvi.relevance"
    supported = len(groups["supported"])
    if len(groups["none"]) == total:
        return book.text("guide_review.group.too_few")
    if supported:
        first = book.text("guide_review.group.supported", count=supported, k=book.count(supported, base),
                          total=book.count(total, base))  # fmt: skip
    else:
        first = book.text("guide_review.group.supported.none", total=book.count(total, base))
    rest = [
        book.text(f"guide_review.group.{name}", count=len(groups[name]), k=book.count(len(groups[name]), base))
        for name in ("probably", "unclear", "not_supported", "none")
        if groups[name]
    ]
    return " ".join([first, *rest])


@sentence("guide_review.clarity")
def guide_review_clarity(book: Book) -> str:
    """Name the skills reviewers find relevant but not clear: their wording is revised, they are not dropped."""
    relevant = book.select("guide_review", "item_cvi", aspect="relevance")
    if relevant.empty:
        return ""
    unclear = []
    for _, row in relevant.iterrows():
        clarity = book.find(f"guide_review.item_cvi.clarity.{row['target_id']}")
        if clarity is None or not book.judged(row.to_dict()) or not book.judged(clarity):
            continue
        if share_branch(row.to_dict(), book) == "supported" and share_branch(clarity, book) in (
            "unclear", "not_supported",
        ):  # fmt: skip
            unclear.append(str(row["target_id"]))
    if not unclear:
        return book.text("guide_review.all_clear") if by_branch(book, relevant)["supported"] else ""
    return book.text("guide_review.unclear", count=len(unclear), names=book.names(unclear))


@sentence("guide_review.comments")
def guide_review_comments(book: Book) -> str:
    """Say how many written comments reviewers gave."""
    row = book.find("guide_review.n_comments.all")
    if row is None or row["estimate"] == 0:
        return ""
    return book.text("guide_review.comments", count=int(row["estimate"]), k=book.number(row))


# ------------------------------------------------------------------------------ tool review


@sentence("tool_review.items")
def tool_review_items(book: Book) -> str:
    """Say how many items reviewers support, and which items need work for which reason."""
    rows = book.select("tool_review", "item_cvi", aspect="relevance")
    if rows.empty:
        return book.absent("tool_review")
    groups = by_branch(book, rows)
    supported = len(groups["supported"])
    if len(groups["none"]) == len(rows):
        return book.text("tool_review.items.too_few")
    if not supported:
        return book.text("tool_review.items.none", total=book.count(len(rows), "tool_review.item_cvi.relevance"))
    return book.text(
        "tool_review.items", count=supported, k=book.count(supported, "tool_review.item_cvi.relevance"),
        total=book.count(len(rows), "tool_review.item_cvi.relevance"),
    )  # fmt: skip


@sentence("tool_review.comments")
def tool_review_comments(book: Book) -> str:
    """Say how many written comments reviewers of the self-assessment gave."""
    row = book.find("tool_review.n_comments.all")
    if row is None or row["status"] != "ok" or row["estimate"] == 0:
        return ""
    return book.text("tool_review.comments", count=int(row["estimate"]), k=book.number(row))


@sentence("tool_review.flags")
def tool_review_flags(book: Book) -> str:
    """Say how many items are flagged; the table names them."""
    flags = book.select("decisions", "item_flag")
    if flags.empty:
        return book.text("tool_review.no_flags") if book.collected("tool_review") else ""
    count = flags["target_id"].nunique()
    return book.text("tool_review.flags", count=count, k=book.count(count, "decisions.item_flag"),
                     table="[](#tbl-flagged)")  # fmt: skip


@sentence("tool_review.usability")
def tool_review_usability(book: Book) -> str:
    """Say how usable reviewers find the tool, read from the whole interval."""
    row = book.find("tool_review.system_usability_scale.all")
    if row is None:
        return book.text("tool_review.no_usability") if book.collected("tool_review") else ""
    if row["status"] != "ok":
        return book.text(f"state.{row['status']}", name=book.text("name.sus"))
    benchmark = book.rules.value("usability_benchmark")
    branch = usability_side(row, benchmark)
    text = book.text(
        f"tool_review.usability.{branch}", score=book.number(row), interval=book.span(row),
        n=book.number(row, "n_used"), benchmark=_threshold(book, "usability_benchmark", "points"),
    )  # fmt: skip
    return f"{text} {book.text('tool_review.usability.not_percent')}"


@sentence("self_assessment.flagged")
def self_assessment_flagged(book: Book) -> str:
    """Say how many people's answers look careless, and whether results without them can be shown."""
    row = book.find("self_assessment.flagged_people.all")
    if row is None or row["status"] != "ok":
        return ""
    people = book.number(row, "n_used")
    if row["estimate"] == 0:
        return book.text("self_assessment.flagged.none", n=people)
    shown = any(
        (book.select("self_assessment", f"{name}_by_flag", group="without_flagged")["status"] == "ok").any()
        for name in ("cronbach_alpha", "omega_total", "score_mean")
    )
    branch = "shown" if shown else "hidden"
    text = book.text("self_assessment.flagged", count=int(row["estimate"]), flagged=book.number(row), n=people)
    return f"{text} {book.text(f'self_assessment.flagged.{branch}')}"


@sentence("focus_groups.bandtest")
def focus_groups_bandtest(book: Book) -> str:
    """Say how many people read the band of a score as it is meant, if they were asked."""
    row = book.find("focus_groups.share_understanding.all")
    if row is None:
        return ""
    if row["status"] != "ok":
        return book.text(f"state.{row['status']}", name=book.text("name.bandtest"))
    return book.text(
        "focus_groups.bandtest", share=book.number(row), interval=book.span(row), n=book.number(row, "n_used")
    )


@sentence("self_assessment.page")
def self_assessment_page(book: Book) -> str:
    """Say that the self-assessment itself comes with the report, when there is one."""
    framework = book.framework
    return book.text("self_assessment.page") if framework.scale is not None and framework.scales() else ""


@sentence("self_assessment.time")
def self_assessment_time(book: Book) -> str:
    """Say how long the form takes."""
    row = book.find("self_assessment.median_minutes.all")
    if row is None or row["status"] != "ok":
        return ""
    return book.text("self_assessment.time", minutes=book.number(row), interval=book.span(row))


@sentence("self_assessment.reliability")
def self_assessment_reliability(book: Book) -> str:
    """Say how consistent the items of each skill are, by the whole interval and never by the point alone."""
    rows = book.select("self_assessment", "cronbach_alpha")
    if rows.empty:
        return book.absent("self_assessment")
    cut = book.rules.value("consistency")
    minimum = book.rules.value("claim_consistency")
    groups: dict[str, list[str]] = {"above": [], "around": [], "below": [], "few": [], "none": []}
    for _, row in rows.iterrows():
        if row["status"] != "ok":
            groups["none"].append(str(row["target_id"]))
        elif row["n_used"] < minimum:
            groups["few"].append(str(row["target_id"]))
        else:
            branch = "above" if row["ci_low"] >= cut else "below" if row["ci_high"] < cut else "around"
            groups[branch].append(str(row["target_id"]))
    lines = [
        book.text(f"self_assessment.reliability.{name}", count=len(skills), names=book.names(skills),
                  **_cut_of(book, name))
        for name, skills in groups.items()
        if skills
    ]  # fmt: skip
    judged = rows[(rows["status"] == "ok") & (rows["n_used"] >= minimum)]
    gate = book.rules.gates.get("cronbach_alpha")
    if judged.empty or gate is None or int(judged["n_used"].min()) >= gate.warn:
        return " ".join(lines)
    smallest = judged.loc[judged["n_used"].astype(int).idxmin()].to_dict()
    return paragraphs(" ".join(lines), book.text("self_assessment.pilot", n=book.number(smallest, "n_used")))


def _cut_of(book: Book, branch: str) -> dict[str, Any]:
    """Return the slot of the number that a branch on consistency compares with."""
    if branch == "few":
        return {"minimum": _threshold(book, "claim_consistency", "count")}
    return {} if branch == "none" else {"cut": _threshold(book, "consistency", "coefficient")}


@sentence("self_assessment.structure")
def self_assessment_structure(book: Book) -> str:
    """Say what can be said on dimensionality at this n."""
    row = book.find("self_assessment.parallel_analysis.all")
    if row is None:
        return ""
    if row["status"] != "ok":
        return book.text("self_assessment.structure.too_few")
    return book.text("self_assessment.structure.ok", count=int(row["estimate"]), k=book.number(row),
                     n=book.number(row, "n_used"))  # fmt: skip


def _threshold(book: Book, name: str, kind: str) -> str:
    text = format_value(book.rules.value(name), kind, book.language)
    return book.claim(text, f"rules.{name}", "threshold")


# ------------------------------------------------------------------------------ workshop


@sentence("workshop.overall")
def workshop_overall(book: Book) -> str:
    """Say on how many skills the panel agrees in its last round, and how concordant its ratings are."""
    if not book.collected("workshop"):
        return book.absent("workshop")
    grades = {skill: book.grade(skill, "consensus")[0] for skill in _skills(book)}
    agreed = [skill for skill, grade in grades.items() if grade == "+"]
    size = book.find("workshop.panel_size.all.last_round")
    parts = []
    if size is not None and size["status"] == "ok":
        parts.append(book.text("workshop.panel", count=int(size["estimate"]), n=book.number(size)))
    judged = sum(grade != "?" for grade in grades.values())
    if judged == 0:
        return paragraphs(" ".join([*parts, book.text("workshop.too_few")]))
    slots: dict[str, Any] = {"total": book.count(judged, "decisions.grade.consensus"),
             "share": _threshold(book, "agreement_share", "share")}  # fmt: skip
    if agreed:
        k = book.count(len(agreed), "decisions.grade.consensus")
        parts.append(book.text("workshop.agreed", count=len(agreed), k=k, **slots))
    else:
        parts.append(book.text("workshop.agreed.none", **slots))
    concordance = book.find("workshop.kendall_w.importance.all.last_round")
    if concordance is not None and concordance["status"] == "ok":
        parts.append(book.text("workshop.concordance", w=book.number(concordance),
                               interval=book.span(concordance)))  # fmt: skip
    return " ".join(parts)


@sentence("workshop.dissent")
def workshop_dissent(book: Book) -> str:
    """Name the skills on which the panel is divided; no mean is printed for them."""
    if not book.collected("workshop"):
        return ""
    divided = [skill for skill in _skills(book) if book.grade(skill, "consensus")[1] == "panel_divided"]
    if not divided:
        judged = any(book.grade(skill, "consensus")[0] != "?" for skill in _skills(book))
        return book.text("workshop.no_division") if judged else ""
    return book.text("workshop.divided", count=len(divided), names=book.names(divided))


@sentence("workshop.attrition")
def workshop_attrition(book: Book) -> str:
    """Say how many left, and where agreement rests on who stayed."""
    parts = []
    for _, row in book.select("workshop", "panel_left").iterrows():
        if row["status"] == "ok" and row["estimate"] > 0:
            parts.append(book.text("workshop.left", count=int(row["estimate"]), k=book.number(row.to_dict()),
                                   n=book.number(row.to_dict(), "n_used")))  # fmt: skip
    doubtful = list(book.select("decisions", "attrition")["target_id"])
    if doubtful:
        parts.append(book.text("workshop.dropout", count=len(doubtful), names=book.names(doubtful)))
    return " ".join(parts)


def _skills(book: Book) -> list[str]:
    return [skill.id for skill in book.framework.skills]


# ------------------------------------------------------------------------------ priorities, focus groups, votes


@sentence("ranking.tiers")
def ranking_tiers(book: Book) -> str:
    """Say how many tiers the data can tell apart and what stands in the first; never a place in a ranking."""
    tiers = book.select("ranking", "tier")
    if not book.collected("ranking"):
        return book.absent("best_worst")
    scores = book.select("ranking", "best_worst_score")
    if not (scores["status"] == "ok").any():
        return book.text("ranking.too_few")
    numbers = tiers["label"].astype(int)
    first = list(tiers.loc[numbers == 1, "target_id"])
    n = int(numbers.max())
    lead = book.text("ranking.tiers", count=n, k=book.count(n, "ranking.tier"))
    if n > 1:
        lead += " " + book.text("ranking.first", count=len(first), names=book.names(first))
    return paragraphs(lead, book.text("ranking.caution"))


@sentence("focus_groups.lead")
def focus_groups_lead(book: Book) -> str:
    """Say how many groups, speakers and turns there are."""
    groups = book.find("focus_groups.n_groups.all")
    if groups is None:
        return book.absent("focus_groups")
    speakers, turns = book.row("focus_groups.n_speakers.all"), book.row("focus_groups.n_coded_turns.all")
    if speakers["status"] != "ok":
        return book.text("focus_groups.lead.masked", groups=book.number(groups), turns=book.number(turns))
    return book.text("focus_groups.lead", count=int(groups["estimate"]), groups=book.number(groups),
                     speakers=book.number(speakers), turns=book.number(turns))  # fmt: skip


@sentence("focus_groups.reasons")
def focus_groups_reasons(book: Book) -> str:
    """Name the topics besides the skills that every group raised; the figure shows the others."""
    rows = book.select("focus_groups", "groups_raising", target_type="code")
    rows = rows[(rows["status"] == "ok") & (rows["estimate"] > 0)]
    if rows.empty:
        return ""
    everywhere = rows[rows["estimate"] == rows["n_used"].astype(float)]
    k = book.number(rows.iloc[0].to_dict(), "n_used")
    if everywhere.empty:
        return book.text("focus_groups.no_common", k=k)
    names = [
        book.quoted(book.study_text(safe_text(code_name(book, str(target))))) for target in everywhere["target_id"]
    ]
    return book.text("focus_groups.all_groups", count=len(names), names=book.joined(names), k=k)


def code_name(book: Book, code_id: str) -> str:
    """Return a code's label as it was published, else its id in words."""
    row = book.find(f"focus_groups.code_label.{code_id}")
    return str(row["label"]) if row is not None else code_id.replace("_", " ").replace("-", " ")


@sentence("focus_groups.quotes")
def focus_groups_quotes(book: Book, *, skill_id: str | None = None, limit: int = 3) -> str:
    """Print released quotes: of one skill (one supporting, one contrary), or some of different skills."""
    rows = book.select("focus_groups", "quote")
    if rows.empty:
        return ""
    if skill_id is not None:
        mine = rows[rows["target_id"] == skill_id]
        picked = [mine[mine["aspect"] == tone].head(1) for tone in ("supporting", "contrary")]
        chosen = pd.concat(picked) if any(map(len, picked)) else mine.head(1)
    else:
        chosen = rows[rows["target_type"] != "skill"].head(limit)
        if chosen.empty:
            chosen = _general_quotes(rows, limit)
    return paragraphs(*(quote_text(book, row) for row in chosen.to_dict("records")))


def _general_quotes(rows: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Return supporting quotes of different groups and skills, one contrary quote last."""
    places = rows["reason"].str.split("|").str[-1]
    supporting = rows[rows["aspect"] == "supporting"]
    one_each = supporting[~places[supporting.index].duplicated()]
    contrary = rows[(rows["aspect"] == "contrary") & ~rows["target_id"].isin(one_each["target_id"].head(limit - 1))]
    return pd.concat([one_each.head(limit - 1), contrary.head(1)])


def quote_text(book: Book, row: dict[str, Any]) -> str:
    """Return a quote in its language with the group it comes from; never the number of the comment."""
    language, _, group = str(row["reason"]).partition("|")
    text = safe_text(str(row["label"]))
    name = ""
    if language and language != book.language:
        text = f"[{text}]{{lang={language}}}"
        name = book.catalogue.locale.languages.get(language.split("-")[0], language)
    slots: dict[str, Any] = {key: value for key, value in (("group", safe_text(group)), ("language", name)) if value}
    key = "quote.from" if len(slots) == 2 else f"quote.from.{next(iter(slots), '')}"
    origin = f" {book.text(key, **slots)}" if slots else ""
    return f"> {book.quoted(text)}{origin}"


@sentence("focus_groups.saturation")
def focus_groups_saturation(book: Book) -> str:
    """Say what share of all codes the groups before the last had already raised."""
    rows = book.select("focus_groups", "saturation")
    ok = rows[rows["status"] == "ok"]
    if len(ok) < 2:
        return ""
    order = ok["target_id"].str.extract(r"(\d+)", expand=False).astype(int).sort_values().index
    row = ok.loc[order[-2]].to_dict()
    return book.text("focus_groups.saturation", share=book.number(row), low=book.number(row, "ci_low"),
                     high=book.number(row, "ci_high"))  # fmt: skip


@sentence("focus_groups.double_coding")
def focus_groups_double_coding(book: Book) -> str:
    """Say how many turns two coders coded independently, of how many."""
    double, turns = book.find("focus_groups.n_double_coded_turns.all"), book.find("focus_groups.n_coded_turns.all")
    if double is None or turns is None or double["status"] != "ok" or double["estimate"] == 0:
        return ""
    return book.text("focus_groups.double_coding", k=book.number(double), total=book.number(turns))


@sentence("focus_groups.coders")
def focus_groups_coders(book: Book) -> str:
    """Say for how many codes the coders agree well enough, and which fail."""
    rows = book.select("focus_groups", "krippendorff_alpha")
    ok = rows[rows["status"] == "ok"]
    if ok.empty:
        return book.text("focus_groups.coders.none") if book.collected("focus_groups") else ""
    failing = ok[ok["estimate"] < book.rules.value("coder_agreement")]
    good = len(ok) - len(failing)
    total, cut = book.count(len(ok), "focus_groups.krippendorff_alpha"), _threshold_digits(book, "coder_agreement")
    if good == 0:
        text = book.text("focus_groups.coders.no_code", total=total, cut=cut)
    else:
        k = book.count(good, "focus_groups.krippendorff_alpha")
        text = book.text("focus_groups.coders", count=good, k=k, total=total, cut=cut)
    if failing.empty:
        return text
    names = book.joined([
        book.quoted(book.safe_name(target) if kind == "skill" else book.study_text(safe_text(code_name(book, target))))
        for kind, target in zip(failing["target_type"], failing["target_id"], strict=True)
    ])  # fmt: skip
    return f"{text} {book.text('focus_groups.coders.failing', count=len(failing), names=names)}"


def _threshold_digits(book: Book, name: str) -> str:
    from .numbers import format_coefficient

    text = format_coefficient(book.rules.value(name), digits=3, locale=book.language)
    return book.claim(text, f"rules.{name}", "threshold")


@sentence("votes.lead")
def votes_lead(book: Book, *, activity: str) -> str:
    """Say how a board or assembly voted: counts only, never pooled with the panel."""
    size = book.find(f"{activity}.panel_size.all")
    if size is None:
        return book.absent(activity)
    if size["status"] != "ok":
        return book.text("votes.masked", activity=book.text(f"activity.{activity}"))
    rows = book.select(activity, "n_supporting")
    ok = rows[rows["status"] == "ok"]
    majority = ok[ok["estimate"] * 2 > ok["n_used"]]
    slots: dict[str, Any] = {"activity": book.text(f"activity.{activity}"), "n": book.number(size),
                             "total": book.count(len(ok), f"{activity}.n_supporting")}  # fmt: skip
    if majority.empty:
        return book.text("votes.lead.none", **slots)
    k = book.count(len(majority), f"{activity}.n_supporting")
    return book.text("votes.lead", count=len(majority), k=k, **slots)


# ------------------------------------------------------------------------------ feedback


@sentence("triage.lead")
def triage_lead(book: Book) -> str:
    """Say how many comments became suggestions, decisions and changes."""
    if not book.collected("triage"):
        return book.absent("triage")
    counted: dict[str, Any] = {
        name: book.text(f"triage.{name}", count=int(row["estimate"]), n=book.number(row))
        for name in ("comments", "suggestions", "decisions", "changes")
        for row in [book.row(f"triage.n_{name}.all")]
    }
    text = book.text("triage.lead", **counted)
    merged = book.find("triage.n_merged.all")
    if merged is not None and merged["estimate"] > 0:
        text += " " + book.text("triage.merged", count=int(merged["estimate"]), k=book.number(merged))
    return text


@sentence("triage.not_retested")
def triage_not_retested(book: Book) -> str:
    """Name the items whose meaning changed: their earlier figures no longer hold."""
    rows = book.select("triage", "retest")
    items = sorted(set(rows["target_id"]))
    if not items:
        return ""
    named = book.joined([f"{item} ({book.quoted(book.safe_name(item, 'item'))})" for item in items])
    return book.text("triage.not_retested", count=len(items), items=named)


@sentence("triage.rejected")
def triage_rejected(book: Book) -> str:
    """Lead to the table of suggestions that were not taken up, if there are any."""
    if book.select("triage", "rejection").empty:
        return ""
    return book.text("triage.rejected", table="[](#tbl-rejections)")


# ------------------------------------------------------------------------------ limits, citation


@sentence("limits")
def limits(book: Book) -> str:
    """List what the data cannot say; every line follows from the results."""
    lines = [book.text("limits.sample")]
    for activity in ("guide_review", "tool_review", "workshop", "focus_groups", "best_worst", "self_assessment"):
        stream = {"best_worst": "ranking"}.get(activity, activity)
        if not book.collected(stream):
            lines.append(book.text("limits.not_collected", stream=book.text(f"activity.{activity}")))
    if book.collected("self_assessment"):
        lines.append(book.text("limits.self_rating"))
        alpha = book.select("self_assessment", "cronbach_alpha")
        if len(alpha) and (alpha["status"] != "ok").any():
            lines.append(book.text("limits.reliability"))
    structure = book.find("self_assessment.parallel_analysis.all")
    if structure is not None and structure["status"] != "ok":
        lines.append(book.text("limits.structure"))
    for status in ("too_few", "masked"):
        count = int((book.rows["status"] == status).sum())
        if count:
            lines.append(book.text(f"limits.{status}", count=count, k=book.count(count, f"status.{status}")))
    overlap = book.select("participants", "n_overlap")
    if len(overlap) and (overlap["estimate"].fillna(0) > 0).any():
        lines.append(book.text("limits.overlap"))
    if book.select("decisions", "verdict")["label"].eq("not_decided").any():
        lines.append(book.text("limits.not_decided"))
    if book.facts.get("rules_late") == "yes":
        lines.append(book.text("limits.rules_late"))
    if book.collected("self_assessment") and not book.rows["statistic"].str.contains("dif").any():
        lines.append(book.text("limits.languages"))
    return bullets(lines)


@sentence("sensitivity.lead")
def sensitivity_lead(book: Book) -> str:
    """Say how many verdicts flip when one threshold moves by one step."""
    rows = book.select("decisions", "n_verdicts_changed", target_type="threshold")
    if rows.empty:
        return ""
    worst = rows.loc[rows["estimate"].idxmax()].to_dict()
    if worst["estimate"] == 0:
        return book.text("sensitivity.stable")
    return book.text(
        "sensitivity.lead", count=int(worst["estimate"]), k=book.number(worst), total=book.number(worst, "n_used"),
        threshold=book.text(f"threshold.{worst['target_id']}"), direction=book.text(f"direction.{worst['aspect']}"),
    )  # fmt: skip


@sentence("cite")
def cite(book: Book) -> str:
    """Say how to cite the report, and under which licence it is."""
    study = book.study
    doi = f" {study.doi}." if study.doi else ""
    authors = ", ".join(study.authors) or book.text("cite.no_author")
    year = study.date[:4] or book.text("cite.no_date")
    citation = f"{authors} ({year}). {book.study_text(f'*{study.title}*')}.{doi}"
    return paragraphs(
        book.text("cite.how", citation=citation),
        book.text("cite.licence", licence=study.licence),
        book.text("cite.funding") if study.funding.statement else "",
    )


def _first_answer(book: Book) -> str:
    """Return whether the rules are older than the first answer, and the date of that answer."""
    rows = book.select("cleaning", "first_answer")
    if rows.empty:
        return book.text("decisions.unknown_time")
    row = rows.loc[rows["label"].astype(str).idxmin()]
    date: str = book.claim(book.day(str(row["label"])), str(row["result_id"]), "label")
    return book.text(f"decisions.{rules_time(book)}", answer=date)


@sentence("decisions")
def decisions(book: Book) -> str:
    """Say when the rules were fixed, whether before the data, and how many verdicts people set against them."""
    return paragraphs(
        book.text("decisions.intro", date=book.day(book.rules.fixed_on), hash=f"`{book.facts['hash rules'][:12]}`"),
        _first_answer(book),
        overridden_sentence(book),
    )
