"""Votes of the workshop, the quality board and the assembly, and the best-worst choices."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from .people import Person, answered
from .setting import Setting, choose


@dataclass(frozen=True)
class Workshop:
    """Ratings (1-9) of both rounds, the addresses of those who left after round 1 and of the late ones."""

    first: pd.DataFrame
    second: pd.DataFrame
    left: list[str]
    late: list[str]


def _second_round(setting: Setting, rng: np.random.Generator, size: int) -> np.ndarray:
    if setting.null:
        return rng.integers(1, 10, (size, len(setting.skills)))
    share = np.array([setting.profile(skill, "agreement") for skill in setting.skills])
    agree = rng.random((size, len(share))) < share
    high = rng.choice([7, 8, 9], p=[0.22, 0.60, 0.18], size=agree.shape)
    low = rng.choice([6, 5, 4, 3, 2, 1], p=[0.30, 0.28, 0.18, 0.12, 0.08, 0.04], size=agree.shape)
    return np.where(agree, high, low)


def _first_round(rng: np.random.Generator, second: np.ndarray) -> np.ndarray:
    moved = rng.random(second.shape) < 0.4
    step = rng.choice([-2, -1, 1, 2], p=[0.15, 0.35, 0.35, 0.15], size=second.shape)
    return np.clip(np.where(moved, second + step, second), 1, 9)


def _polarise(rng: np.random.Generator, size: int) -> np.ndarray:
    low = rng.permutation(np.arange(size) < size // 2)
    return np.where(low, rng.choice([1, 2], size=size), rng.choice([8, 9], size=size))


def workshop(setting: Setting, people: list[Person]) -> Workshop:
    """Return both rounds; round 2 lacks those who left, who are the dissenters on one skill."""
    panel = answered(people, "workshop")
    late = [person.email for person in people if person.late]
    emails = [person.email for person in panel] + late
    rng = setting.random("workshop")
    lost = 0 if setting.n is not None else setting.plan["activities"]["workshop"]["lost"]
    left = choose(setting.random("left"), emails[: len(panel)], lost)
    second = _second_round(setting, rng, len(emails))
    first = rng.integers(1, 10, second.shape) if setting.null else _first_round(rng, second)
    later, earlier = (pd.DataFrame(part, index=emails, columns=setting.skills) for part in (second, first))
    if setting.planted:
        special = setting.plan["special_skills"]
        staying = [email for email in emails[: len(panel)] if email not in left]
        later.loc[staying, special["polarised"]] = _polarise(rng, len(staying))
        earlier.loc[staying, special["polarised"]] = later.loc[staying, special["polarised"]].to_numpy()
        _drop_out(rng, earlier, later, staying, left, special["drop_out"])
    return Workshop(earlier, later.drop(index=left), left, late)


def _drop_out(
    rng: np.random.Generator,
    first: pd.DataFrame,
    second: pd.DataFrame,
    staying: list[str],
    left: list[str],
    skill: str,
) -> None:
    """Plant agreement that rises only because the dissenters leave: 20 of 28, then 21 of 24."""
    order = choose(rng, staying, len(staying))
    n_against = len(staying) // 6
    first.loc[order, skill] = rng.choice([7, 8, 9], p=[0.25, 0.6, 0.15], size=len(order))
    first.loc[order[:n_against], skill] = rng.choice([4, 5, 6], size=n_against)
    second.loc[order, skill] = first.loc[order, skill].to_numpy()
    second.loc[order[0], skill] = 7
    first.loc[left, skill] = rng.choice([1, 2], size=len(left))


def quality_board(setting: Setting, people: list[Person]) -> pd.DataFrame:
    """Return the board's support (1-5) of every skill."""
    board, rng = answered(people, "quality_board"), setting.random("board")
    share = np.array([setting.profile(skill, "agreement") for skill in setting.skills])
    agree = rng.random((len(board), len(share))) < share
    values = np.where(agree, rng.choice([4, 5], size=agree.shape), rng.choice([1, 2, 3], size=agree.shape))
    return pd.DataFrame(values, index=[person.email for person in board], columns=setting.skills)


def voted_skills(setting: Setting) -> list[str]:
    """Return the skills the assembly votes on: those whose true profile is strong or good."""
    kept = {*setting.plan["skills"]["strong"], *setting.plan["skills"]["good"]}
    return [skill for skill in setting.skills if skill in kept]


def assembly(setting: Setting, people: list[Person]) -> pd.DataFrame:
    """Return the assembly's votes: 1 yes, 0 no, missing for an abstention."""
    voters, rng, skills = answered(people, "assembly"), setting.random("assembly"), voted_skills(setting)
    share = np.array([setting.profile(skill, "agreement") for skill in skills])
    votes = (rng.random((len(voters), len(skills))) < share).astype(float)
    votes[rng.random(votes.shape) < 0.04] = np.nan
    return pd.DataFrame(votes, index=[person.email for person in voters], columns=skills)


def affine_plane(order: int = 5) -> list[list[list[int]]]:
    """Return the parallel classes of AG(2, order), each a list of blocks of point numbers; order is a prime.

    For order 5: 25 points, 6 classes of 5 blocks of 5; every pair of points shares exactly one block.
    """
    sloped = [
        [[order * x + (slope * x + shift) % order for x in range(order)] for shift in range(order)]
        for slope in range(order)
    ]
    return [*sloped, [[order * x + y for y in range(order)] for x in range(order)]]


def true_worths(setting: Setting) -> pd.Series:
    """Return the planted worths: normal scores in the planted order, mean 0, standard deviation `spread`."""
    plan = setting.plan["ranking"]
    order = plan["order"]
    scores = -ndtri((np.arange(1, len(order) + 1) - 0.5) / len(order))
    scores = scores / scores.std() * (0 if setting.null else plan["spread"])
    return pd.Series(scores.round(6) + 0.0, index=order, name="worth")


def best_worst(setting: Setting, people: list[Person]) -> pd.DataFrame:
    """Return one row per set: who, which block, what was shown, best and worst; skipped sets are empty."""
    judges, rng, worth = answered(people, "guide_review"), setting.random("choices"), true_worths(setting)
    classes, pairs = affine_plane(), list(combinations(range(6), 2))
    point = choose(rng, setting.skills, len(setting.skills))
    plan = [pairs[index] for half in range(-(-len(judges) // len(pairs))) for index in rng.permutation(len(pairs))]
    rows = []
    for person, pair in zip(judges, plan[: len(judges)], strict=True):
        taste = worth + rng.normal(0, setting.plan["ranking"]["taste"], len(worth))
        sets = [(number, block) for number in pair for block in range(5)]
        for index in rng.permutation(len(sets)):
            number, block = sets[index]
            shown = choose(rng, [point[place] for place in classes[number][block]], 5)
            utility = taste[shown].to_numpy()
            best = int(np.argmax(utility + rng.gumbel(size=5)))
            against = -utility + rng.gumbel(size=5)
            against[best] = -np.inf
            rows.append(
                (
                    person.email,
                    f"B{number * 5 + block + 1:02d}",
                    "|".join(shown),
                    shown[best],
                    shown[int(np.argmax(against))],
                )
            )
    table = pd.DataFrame(rows, columns=["email", "set", "shown", "best", "worst"])
    return _damage(setting, table) if setting.planted else table


def _damage(setting: Setting, table: pd.DataFrame) -> pd.DataFrame:
    """Break some sets (best = worst) and let one person skip some."""
    plan, rng = setting.plan["choices"], setting.random("broken")
    emails = table["email"].unique().tolist()
    skipper, *others = choose(rng, emails, plan["broken"] + 1)
    rows = table.index[table["email"] == skipper].tolist()[-plan["skipped"] :]
    table.loc[rows, ["best", "worst"]] = ""
    for email in others:
        row = int(rng.choice(table.index[table["email"] == email]))
        table.loc[row, "worst"] = table.loc[row, "best"]
    return table
