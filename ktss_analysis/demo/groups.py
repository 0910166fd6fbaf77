"""Focus groups: who spoke when, which codes the turns carry, and what two coders made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .people import Person
from .setting import Setting, read_text_file

NO_TOPIC = "C30"
FRAME_CODES = ("C26", "C27", "C28", "C29")


@dataclass(frozen=True)
class FocusGroups:
    """Codings (one row per turn, code and coder) and the codebook."""

    codings: pd.DataFrame
    codebook: pd.DataFrame


def _talk_shares(setting: Setting, rng: np.random.Generator, size: int) -> np.ndarray:
    shares = np.sort(rng.dirichlet(np.full(size, setting.plan["coding"]["talk_shares"])))[::-1]
    if size >= 6:
        shares[:2] *= 1.5
        shares[-2:] *= 0.3
    return rng.permutation(shares / shares.sum())


def _rates(setting: Setting, rng: np.random.Generator, country: str) -> dict[str, float]:
    """Return the chance of each code per turn in one group."""
    plan = setting.plan["coding"]
    rates = {}
    for number, skill in enumerate(setting.skills, 1):
        code = f"C{number:02d}"
        confused = setting.planted and code in plan["confused"]["codes"]
        raised = rng.random() < setting.profile(skill, "raised") or confused
        rates[code] = (0.13 if confused else setting.profile(skill, "turns")) if raised else 0.0
    for code in FRAME_CODES:
        only = plan["one_country"]
        allowed = setting.null or code != only["code"] or country == only["country"]
        rates[code] = plan["context_rate"] if allowed else 0.0
    return rates


def _turns(rng: np.random.Generator, rates: dict[str, float], n_turns: int) -> list[set[str]]:
    turns = [{code for code, rate in rates.items() if rng.random() < rate} for _ in range(n_turns)]
    for code, rate in rates.items():
        if rate and not any(code in turn for turn in turns):
            turns[int(rng.integers(n_turns))].add(code)
    return turns


def _seen(setting: Setting, rng: np.random.Generator, codes: set[str], possible: list[str], coder: int) -> set[str]:
    """Return what a coder notes for a turn: with misses, false codes, and coder 2's swaps of a pair."""
    plan = setting.plan["coding"]
    seen = {code for code in sorted(codes) if rng.random() >= plan["coder_miss"]}
    seen |= {code for code in possible if rng.random() < plan["coder_false"]}
    pair = plan["confused"]["codes"]
    swaps = {pair[0]: pair[1], pair[1]: pair[0]}
    if coder == 2 and not setting.null:
        seen = {swaps[c] if c in swaps and rng.random() < plan["confused"]["share"] else c for c in sorted(seen)}
    return seen or {NO_TOPIC}


def _valence(setting: Setting, rng: np.random.Generator, code: str) -> str:
    number = int(code[1:])
    shares = (
        setting.profile(setting.skills[number - 1], "valence") if number <= len(setting.skills) else [0.3, 0.5, 0.2]
    )
    return str(rng.choice(["+", "0", "-"], p=shares)) if code != NO_TOPIC else "0"


def _group_rows(setting: Setting, group: dict[str, object], members: list[Person]) -> list[dict[str, object]]:
    rng, plan = setting.random(f"group {group['id']}"), setting.plan["coding"]
    low, high = (30, 45) if setting.n is not None else plan["turns"]
    n_turns = int(rng.integers(low, high + 1))
    shares = _talk_shares(setting, rng, len(members))
    speakers = rng.choice(len(members), size=n_turns, p=shares)
    speakers[rng.choice(n_turns, size=len(members), replace=False)] = np.arange(len(members))
    double = set(rng.choice(n_turns, size=round(plan["double_share"] * n_turns), replace=False).tolist())
    rates = _rates(setting, rng, members[0].country)
    possible = [code for code, rate in rates.items() if rate]
    rows: list[dict[str, object]] = []
    for turn, codes in enumerate(_turns(rng, rates, n_turns)):
        valence = {code: _valence(setting, rng, code) for code in [*rates, NO_TOPIC]}
        for coder in (1, 2) if turn in double else (1,):
            for code in sorted(_seen(setting, rng, codes, possible, coder)):
                tone = valence[code] if coder == 1 or rng.random() < 0.9 else "0"
                rows.append(
                    {
                        "group": group["id"],
                        "turn": turn + 1,
                        "speaker": members[speakers[turn]].email,
                        "code": code,
                        "coder": f"coder-{coder}",
                        "valence": tone,
                        "double_coded": "yes" if turn in double else "no",
                        "language": group["language"],
                    }
                )
    return rows


def codebook(setting: Setting) -> pd.DataFrame:
    """Return the codebook: one code per skill, five codes around them, and their two parents."""
    texts = read_text_file("texts/codebook.yaml")
    rows = [{**entry, "parent": "", "skill": ""} for entry in texts["parents"]]
    for number, skill in enumerate(setting.framework.skills, 1):
        rows.append(
            {
                "id": f"C{number:02d}",
                "parent": "SKILL",
                "skill": skill.id,
                "label": skill.name["en"],
                "definition": skill.definition["en"],
                "when": f"Such as: {skill.behaviours['en'][0]}",
                "when_not": "The word is named in a list and nothing is said about it.",
            }
        )
    rows += [{**entry, "parent": "FRAME", "skill": ""} for entry in texts["codes"]]
    table = pd.DataFrame(rows)
    table["version"] = "1.1.0"
    return table[["id", "parent", "skill", "label", "definition", "when", "when_not", "version"]]


def focus_groups(setting: Setting, people: list[Person]) -> FocusGroups:
    """Return the coded turns of all groups and the codebook."""
    rows: list[dict[str, object]] = []
    for group in setting.plan["focus_groups"]:
        members = [person for person in people if person.group == group["id"]]
        if members:
            rows += _group_rows(setting, group, members)
    return FocusGroups(pd.DataFrame(rows), codebook(setting))
