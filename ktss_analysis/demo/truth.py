"""The planted truth, written apart from the raw exports: what a run should find and may not read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from .panels import Workshop, true_worths, voted_skills
from .people import Person
from .rawfiles import as_words, write_text
from .setting import Setting, read_text_file
from .triage import Triage

EXPECTED = {
    "strong": "keep",
    "good": "keep|provisional",
    "borderline": "provisional|revise|keep",
    "weak": "drop|revise",
    "irrelevant": "drop",
}


def skill_truth(setting: Setting) -> pd.DataFrame:
    """Return profile, planted shares, worth, plant and the verdicts that fit, one row per skill."""
    special = {skill: name for name, skill in setting.plan["special_skills"].items()} if setting.planted else {}
    measured, worth = set(setting.framework.scales()), true_worths(setting)
    rows = []
    for skill in setting.skills:
        profile, plant = setting.profile_of[skill], special.get(skill, "")
        expected = EXPECTED[profile]
        if profile in ("strong", "good") and skill not in measured:
            expected = "provisional"
        if plant in ("polarised", "two_bad_items"):
            expected = "revise"
        rows.append(
            {
                "skill_id": skill,
                "profile": "none" if setting.null else profile,
                "relevance": setting.profile(skill, "relevance"),
                "agreement": setting.profile(skill, "agreement"),
                "raised": setting.profile(skill, "raised"),
                "has_items": "yes" if skill in measured else "no",
                "worth": worth[skill],
                "plant": plant,
                "expected_verdict": "" if setting.null else expected,
            }
        )
    return pd.DataFrame(rows)


def write_truth(
    setting: Setting, people: list[Person], items: pd.DataFrame, panel: Workshop, desk: Triage, folder: Path
) -> None:
    """Write the truth tables as CSV files."""
    skills = skill_truth(setting)
    tables = {
        "skills": skills,
        "items": items.reset_index(),
        "people": _people(people, panel),
        "ranking": _ranking(skills),
        "codes": _codes(setting),
        "suggestion_pairs": desk.truth,
        "votes": pd.DataFrame({"skill_id": voted_skills(setting)}),
        "plants": pd.DataFrame(
            read_text_file("texts/plants.yaml") if setting.planted else [],
            columns=["plant", "how", "where", "expected"],
        ),
    }
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", table.map(as_words).assign(note="SYNTHETIC"))


def _people(people: list[Person], panel: Workshop) -> pd.DataFrame:
    rows = [(person.email, person.careless) for person in people if person.careless]
    rows += [(email, "left_after_round_1") for email in panel.left] + [(email, "late") for email in panel.late]
    return pd.DataFrame(sorted(rows), columns=["email", "kind"])


def _ranking(skills: pd.DataFrame) -> pd.DataFrame:
    table = skills.sort_values("worth", ascending=False, kind="stable")[["skill_id", "worth"]].reset_index(drop=True)
    table["place"] = range(1, len(table) + 1)
    table["top_eight"] = ["yes" if place <= 8 else "no" for place in table["place"]]
    return table


def _codes(setting: Setting) -> pd.DataFrame:
    plan = setting.plan["coding"]
    pair, only = plan["confused"]["codes"], plan["one_country"]
    if not setting.planted:
        return pd.DataFrame(columns=["code_id", "plant", "detail"])
    rows = [
        (code, "confused", f"coder 2 writes {other} in {plan['confused']['share']:.0%}")
        for code, other in (pair, pair[::-1])
    ]
    rows.append((only["code"], "one_country", only["country"]))
    return pd.DataFrame(rows, columns=["code_id", "plant", "detail"])
