"""What a person reads after answering: the same texts, letter by letter, as ``assets/feedback.mjs`` makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .scoring import Score, band_tenths, differ, score_skill, score_text, tenths_text, whole_score, whole_text
from .strings import Strings

Data = Mapping[str, Any]
Answers = Mapping[str, object]


def feedback(data: Data, answers: Answers, strings: Strings) -> dict[str, Any]:
    """Return the texts of the result: one entry per skill, and the sentences about all of them.

    Parameters
    ----------
    data : mapping
        The page's data, see `page.page_data`.
    answers : mapping
        Item id to a whole number, ``"not_applicable"``, ``"prefer_not_to_say"`` or None.
    strings : Strings
        The texts of the page's language.

    Returns
    -------
    dict
        `skills`: list of ``{id, score, band, answered, sentence, norm, modules}``; `bands` and `differences`:
        sentences, empty where there is nothing to say.
    """
    scores = scores_of(data, answers)
    return {
        "skills": [_skill(data, skill, score, strings) for skill, score in zip(data["skills"], scores, strict=True)],
        "bands": _bands(data, strings),
        "differences": _differences(data, scores, strings),
    }


def scores_of(data: Data, answers: Answers) -> list[Score]:
    """Return the score of every skill, in the page's order."""
    limits = (data["limits"][0], data["limits"][1])
    return [score_skill(skill["items"], answers, limits, data["share"]) for skill in data["skills"]]


def half_width(skill: Data, score: Score) -> int | None:
    """Return the half width of a skill's band for this number of answers, None when there is no band."""
    evidence = skill["evidence"]
    return evidence["half"].get(str(score.answered)) if evidence and score.enough else None


def _skill(data: Data, skill: Data, score: Score, strings: Strings) -> dict[str, str]:
    entry = {
        "id": skill["id"],
        "score": strings.text("table.no_score"),
        "band": "\u2013",
        "answered": strings.text("table.answered_of", n=score.answered, all=score.items),
        "norm": "",
        "modules": "",
    }
    if skill["modules"]:
        entry["modules"] = strings.text("skill.modules", modules=", ".join(skill["modules"]))
    if not score.enough:
        n = skill["needed"]
        entry["sentence"] = strings.text("skill.too_few", count=n, n=n, items=score.items, answered=score.answered)
        return entry
    width = half_width(skill, score)
    if width is None:
        point = whole_score(score)
        entry["score"], entry["band"] = whole_text(point), strings.text("table.no_band")
        label = data["labels"][point - data["limits"][0]]
        entry["sentence"] = strings.text("skill.no_band", score=whole_text(point), label=label)
        return entry
    low, high = band_tenths(score, width, (data["limits"][0], data["limits"][1]))
    mark = data["mark"]
    entry["score"] = score_text(score, mark)
    entry["band"] = f"{tenths_text(low, mark)}\u00a0\u2013\u00a0{tenths_text(high, mark)}"
    entry["sentence"] = strings.text(
        "skill.band", score=entry["score"], low=tenths_text(low, mark), high=tenths_text(high, mark)
    )
    entry["norm"] = _norm(skill, score, strings)
    return entry


def _norm(skill: Data, score: Score, strings: Strings) -> str:
    """Say how many rated themselves lower, from deciles whose own limits lie below or above the score."""
    deciles = skill["evidence"]["deciles"]
    if not deciles:
        return ""
    surely_lower = sum(1 for _, __, high in deciles if high < score.mean)
    perhaps_lower = sum(1 for _, low, __ in deciles if low <= score.mean) + 1
    return strings.text(
        "skill.norm_between", n=skill["evidence"]["n_norm"], low=10 * surely_lower, high=10 * perhaps_lower
    )


def _bands(data: Data, strings: Strings) -> str:
    people = [skill["evidence"]["n"] for skill in data["skills"] if skill["evidence"]]
    if not people:
        return strings.text("bands.none")
    return strings.text("bands.lower_bound", n=min(people)) if min(people) < data["lower_bound_below"] else ""


def _differences(data: Data, scores: list[Score], strings: Strings) -> str:
    """Name the skills that lie below the highest one by more than the error of the difference."""
    ranked = [
        (skill, score, width)
        for skill, score in zip(data["skills"], scores, strict=True)
        if (width := half_width(skill, score)) is not None
    ]
    if len(ranked) < 2:
        return strings.text("differences.unknown")
    top_skill, top, top_width = ranked[0]
    for skill, score, width in ranked[1:]:
        if score.total * top.answered > top.total * score.answered:
            top_skill, top, top_width = skill, score, width
    lower = [
        skill["name"]
        for skill, score, width in ranked
        if differ(score, top, (width, top_width), data["pair_factor"]) == -1
    ]
    if not lower:
        return strings.text("differences.none")
    return strings.text("differences.some", highest=top_skill["name"], skills=", ".join(lower))


def comparison(data: Data, earlier: Answers, now: Answers, strings: Strings) -> list[dict[str, str]]:
    """Return for each skill the earlier score as text and what can be said about the change."""
    entries = []
    for skill, before, after in zip(data["skills"], scores_of(data, earlier), scores_of(data, now), strict=True):
        widths = half_width(skill, before), half_width(skill, after)
        if not (before.enough and after.enough):
            key, shown = "change.missing", strings.text("table.no_score")
            if before.enough:
                shown = whole_text(whole_score(before)) if widths[0] is None else score_text(before, data["mark"])
        elif widths[0] is None or widths[1] is None:
            key, shown = "change.unknown", whole_text(whole_score(before))
        else:
            change = differ(after, before, (widths[0], widths[1]))
            key = {1: "change.up", -1: "change.down", 0: "change.same"}[change]
            shown = score_text(before, data["mark"])
        entries.append({"id": skill["id"], "score": shown, "sentence": strings.text(key, skill=skill["name"])})
    return entries
