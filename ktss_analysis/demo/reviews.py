"""Answers of the guide review and of the tool review."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .people import Person, answered
from .setting import COUNTRIES, Setting, four_points, knock_out

ASPECTS = ("useful", "complete", "clear", "length", "examples", "fit")


def _frame(people: list[Person], columns: list[str], values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(values, index=pd.Index([person.email for person in people], name="email"), columns=columns)


def _warmth(setting: Setting, rng: np.random.Generator, n_targets: int, share: np.ndarray | float = 0.6) -> np.ndarray:
    """Return how warm the answers to each target are; higher for targets that more people endorse."""
    draw = rng.uniform(-0.3, 0.3, n_targets)
    return np.full(n_targets, 0.5) if setting.null else np.clip(share + draw * (0.5 + share / 2), 0.1, 0.9)


def guide_review(setting: Setting, people: list[Person]) -> pd.DataFrame:
    """Return relevance and clarity (1-4) of skills, six aspects (1-6) of modules, and the time taken."""
    reviewers = answered(people, "guide_review")
    rng, size = setting.random("guide"), len(reviewers)
    share = np.array([setting.profile(skill, "relevance") for skill in setting.skills])
    warmth = _warmth(setting, rng, len(share), share)
    relevance = four_points(rng, share, warmth, (size, len(share)))
    clarity = four_points(rng, 0.5 if setting.null else 0.9, _warmth(setting, rng, len(share)), relevance.shape)
    modules = setting.framework.target_ids("module")
    shape = (size, len(modules), len(ASPECTS))
    level = 3.5 if setting.null else 4.7 + rng.normal(0, 0.3, shape[1:]) + rng.normal(0, 0.5, (size, 1, 1))
    judged = np.clip(np.rint(level + rng.normal(0, 1.6 if setting.null else 0.8, shape)), 1, 6).reshape(size, -1)
    columns = [f"{skill}_{aspect}" for skill in setting.skills for aspect in ("relevance", "clarity")]
    columns += [f"{module}_{aspect}" for module in modules for aspect in ASPECTS]
    both = np.stack([relevance, clarity], axis=2).reshape(size, -1)
    values = knock_out(rng, np.hstack([both, judged]), setting.plan["missing"])
    if setting.planted:
        stop = setting.plan["stops_early"]
        values[stop["person"], round(stop["share"] * len(columns)) :] = np.nan
    table = _frame(reviewers, columns, values)
    table["seconds"] = np.round(rng.lognormal(np.log(2700), 0.35, size), 1)
    return table


@dataclass(frozen=True)
class ToolReview:
    """Answers of the tool review and the parameters they came from."""

    answers: pd.DataFrame
    truth: pd.DataFrame


def item_truth(setting: Setting) -> pd.DataFrame:
    """Return the planted parameters of every statement: loading, thresholds, relevance, clarity, defect."""
    plan, rng = setting.plan["items"], setting.random("items")
    rows = []
    defects = {} if setting.null else plan["defects"]
    relevance = 0.5 if setting.null else plan["relevance"]
    for item in setting.framework.items:
        low, high = plan["modest_loadings"] if item.id in plan["modest"] else plan["loadings"]
        loading = float(rng.uniform(low, high)) * item.key
        jitter = float(rng.normal(0, plan["threshold_jitter"]))
        row = {
            "item_id": item.id,
            "skill_id": item.skill,
            "key": item.key,
            "true_key": item.key,
            "loading": 0.0 if setting.null else round(loading, 4),
            "threshold_shift": round(jitter, 4),
            "relevance": relevance,
            "clarity": 0.5 if setting.null else plan["clarity"],
            "defect": "",
        }
        rows.append(row)
    table = pd.DataFrame(rows).set_index("item_id")
    for item, loading in defects.get("weak", {}).items():
        table.loc[item, ["loading", "defect"]] = [loading, "weak"]
    for item, loading in defects.get("misskeyed", {}).items():
        table.loc[item, ["loading", "true_key", "defect"]] = [loading, -1, "misskeyed"]
    for first, second in defects.get("duplicate", {}).items():
        table.loc[second, ["threshold_shift"]] = table.loc[first, ["threshold_shift"]]
        table.loc[[first, second], "defect"] = "near_duplicate"
    for item, clarity in defects.get("ambiguous", {}).items():
        table.loc[item, ["clarity", "defect"]] = [clarity, "ambiguous"]
    for item, share in defects.get("irrelevant", {}).items():
        table.loc[item, ["relevance", "defect"]] = [share, "not_relevant"]
    for name in ("double_barrelled", "long"):
        table.loc[defects.get(name, []), "defect"] = name
    if "translation" in defects:
        table.loc[defects["translation"]["item"], "defect"] = "translation_pl"
    return table


def self_ratings(setting: Setting, reviewers: list[Person], truth: pd.DataFrame) -> np.ndarray:
    """Return answers 1 to 5 from correlated factors with a graded response, all people careful."""
    plan, rng = setting.plan["items"], setting.random("self")
    scales = list(dict.fromkeys(truth["skill_id"]))
    size, r = len(reviewers), 0.0 if setting.null else plan["factor_correlation"]
    common = rng.normal(size=(size, 1))
    factors = np.sqrt(r) * common + np.sqrt(1 - r) * rng.normal(size=(size, len(scales)))
    agreeing = rng.normal(0, plan["acquiescence"], size) * (not setting.null)
    shifts = rng.normal(0, plan["country_intercept"], len(COUNTRIES))
    by_country = dict(zip(COUNTRIES, shifts, strict=True))
    country = np.array([by_country[person.country] for person in reviewers]) * (not setting.null)
    noise = rng.normal(size=(size, len(truth)))
    loading = truth["loading"].abs().to_numpy()
    latent = loading * factors[:, [scales.index(s) for s in truth["skill_id"]]] + np.sqrt(1 - loading**2) * noise
    items = list(truth.index)
    if not setting.null:
        for first, second in plan["defects"]["duplicate"].items():
            r_pair = plan["defects"]["duplicate_correlation"]
            own = noise[:, items.index(second)]
            latent[:, items.index(second)] = r_pair * latent[:, items.index(first)] + np.sqrt(1 - r_pair**2) * own
    direction = truth["true_key"].to_numpy(dtype=float)
    latent += agreeing[:, None] * direction + country[:, None]
    cuts = np.array(plan["thresholds"])[None, None, :] + truth["threshold_shift"].to_numpy()[None, :, None]
    cuts = np.repeat(cuts, size, axis=0)
    if not setting.null:
        defect = plan["defects"]["translation"]
        affected = [person.language == defect["language"] for person in reviewers]
        cuts[np.array(affected), items.index(defect["item"])] += defect["shift"]
    answers = 1 + (latent[:, :, None] > cuts).sum(axis=2)
    return np.where(direction < 0, 6 - answers, answers)


def _usability(setting: Setting, size: int) -> np.ndarray:
    rng = setting.random("usability")
    level = rng.normal(74, 12, (size, 1)) / 25
    points = np.clip(np.rint(level + rng.normal(0, 0.7, (size, 10))), 0, 4)
    if setting.null:
        points = rng.integers(0, 5, (size, 10))
    return np.where(np.arange(10) % 2 == 0, points + 1, 5 - points)


def tool_review(setting: Setting, people: list[Person]) -> ToolReview:
    """Return self-rating (1-5), relevance and clarity (1-4), usability (1-5) and time of the reviewers."""
    reviewers, truth = answered(people, "tool_review"), item_truth(setting)
    rng, size, n_items = setting.random("tool"), len(reviewers), len(truth)
    own = self_ratings(setting, reviewers, truth)
    relevance, clarity = (
        four_points(rng, truth[part].to_numpy(), _warmth(setting, rng, n_items), (size, n_items))
        for part in ("relevance", "clarity")
    )
    usability = _usability(setting, size)
    seconds = np.maximum(np.rint(rng.lognormal(np.log(1150), 0.3, size)), 420)
    own, relevance, clarity, usability = (
        knock_out(rng, part, share)
        for part, share in ((own, 0.025), (relevance, 0.025), (clarity, 0.025), (usability, 0.02))
    )
    for place, person in enumerate(reviewers):
        if person.careless == "straight_liner":
            own[place], relevance[place], clarity[place], usability[place] = 4, 4, 4, 4
        elif person.careless == "random":
            own[place], usability[place] = rng.integers(1, 6, n_items), rng.integers(1, 6, 10)
            relevance[place], clarity[place] = rng.integers(1, 5, n_items), rng.integers(1, 5, n_items)
            seconds[place] = setting.plan["seconds"]["random"]
        elif person.careless == "speeder":
            seconds[place] = setting.plan["seconds"]["speeder"]
        elif person.careless == "reversed":
            relevance[place], clarity[place] = 5 - relevance[place], 5 - clarity[place]
    items = list(truth.index)
    columns = [f"{item}_{part}" for part in ("self", "relevance", "clarity") for item in items]
    columns += [f"SUS{number:02d}" for number in range(1, 11)]
    table = _frame(reviewers, columns, np.hstack([own, relevance, clarity, usability]))
    table["seconds"] = seconds
    return ToolReview(table, truth)
