"""The register of the demonstration: invented people of five countries and what they were invited to."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .setting import COUNTRIES, Setting, choose

HOME = {"IT": "it", "PL": "pl", "FI": "fi", "NL": "nl", "other": "en"}


@dataclass
class Person:
    """One invented person."""

    email: str
    country: str
    role: str = ""
    kt_years: float = 0.0
    language: str = "en"
    invited_to: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    late: bool = False
    group: str = ""
    careless: str = ""

    @property
    def consented(self) -> bool:
        """Whether the person gave consent: everybody who answered did."""
        return bool(self.answered) or self.late


def _invited(setting: Setting, activity: str) -> dict[str, int]:
    counts = dict(setting.plan["activities"][activity]["invited"])
    if setting.n is None:
        return counts
    shares = np.array([counts[country] for country in COUNTRIES], dtype=float)
    exact = shares / shares.sum() * setting.n
    base = np.floor(exact).astype(int)
    for index in np.argsort(-(exact - base), kind="stable")[: setting.n - base.sum()]:
        base[index] += 1
    return dict(zip(COUNTRIES, base.tolist(), strict=True))


def _absent(setting: Setting, activity: str) -> dict[str, int]:
    return {} if setting.n else setting.plan["activities"][activity].get("absent", {})


def _enrol(setting: Setting, activity: str, people: list[Person], overlap: dict[str, list[Person]]) -> None:
    absent = _absent(setting, activity)
    for country, size in _invited(setting, activity).items():
        shared = overlap.get(country, [])
        fresh = [Person("", country) for _ in range(size - len(shared))]
        people += fresh
        members = shared + fresh
        for place, person in enumerate(members):
            person.invited_to.append(activity)
            if place < size - absent.get(country, 0):
                person.answered.append(activity)


def _mark_late(setting: Setting, people: list[Person]) -> None:
    if setting.n is not None:
        return
    plan = setting.plan["activities"]["workshop"]
    pool = [p for p in people if p.invited_to == ["workshop"] and p.country in plan["late_from"]]
    late = choose(setting.random("late"), pool, plan["late"])
    for person in late:
        person.answered, person.late = [], True


def _roles(setting: Setting, people: list[Person]) -> None:
    plan, rng = setting.plan["people"], setting.random("roles")
    roles, shares, trap = plan["roles"], np.array(plan["role_shares"]), plan["trap"]
    for country in COUNTRIES:
        present = [person for person in people if person.country == country and person.answered]
        others = [person for person in people if person.country == country and not person.answered]
        fixed = dict.fromkeys(roles, plan["role_minimum"]) if setting.n is None else dict.fromkeys(roles, 0)
        open_roles = list(roles)
        if setting.n is None and country == trap["country"]:
            fixed[trap["role"]] = trap["people"]
            open_roles.remove(trap["role"])
        wanted = [role for role, count in fixed.items() for _ in range(count)]
        weights = shares[[roles.index(role) for role in open_roles]]
        rest = rng.choice(open_roles, size=max(0, len(present) - len(wanted)), p=weights / weights.sum())
        given = [str(role) for role in rng.permutation(wanted + rest.tolist())]
        for person, role in zip(present, given, strict=True):
            person.role = role
        for person in others:
            person.role = roles[0]


def _languages(setting: Setting, people: list[Person]) -> None:
    rng = setting.random("languages")
    for person in people:
        person.language = HOME[person.country] if rng.random() < 0.7 else "en"
    reviewers = [person for person in people if "tool_review" in person.answered]
    if setting.n is not None:
        return
    wanted = setting.plan["activities"]["tool_review"]["languages"]
    for person in reviewers:
        person.language = "en"
    for language, size in wanted.items():
        native = [person for person in reviewers if HOME[person.country] == language and language != "en"]
        for person in native[:size]:
            person.language = language


def _groups(setting: Setting, people: list[Person]) -> None:
    attending = [person for person in people if "focus_groups" in person.answered]
    if setting.n is not None:
        count = max(1, min(len(setting.plan["focus_groups"]), setting.n // 4))
        for place, person in enumerate(attending):
            person.group = setting.plan["focus_groups"][place % count]["id"]
        return
    for country in COUNTRIES:
        members = [person for person in attending if person.country == country]
        homes = [group["id"] for group in setting.plan["focus_groups"] if country in group["countries"]]
        for place, person in enumerate(members):
            person.group = homes[place * len(homes) // len(members)]


def _careless(setting: Setting, people: list[Person]) -> None:
    if not setting.planted:
        return
    reviewers = answered(people, "tool_review")
    for kind, place in setting.plan["careless"].items():
        reviewers[place].careless = kind


def make_people(setting: Setting) -> list[Person]:
    """Return everybody, in the order of their addresses."""
    people: list[Person] = []
    overlap: dict[str, list[Person]] = {}
    for activity in setting.plan["activities"]:
        if activity == "workshop" and setting.n is None:
            shared = setting.plan["activities"]["workshop"]["from_focus_groups"]
            for country, size in shared.items():
                pool = [p for p in people if p.country == country and "focus_groups" in p.answered]
                overlap[country] = choose(setting.random(f"overlap {country}"), pool, size)
        _enrol(setting, activity, people, overlap if activity == "workshop" else {})
    _mark_late(setting, people)
    rng = setting.random("people")
    order = rng.permutation(len(people))
    for number, index in enumerate(order, 1):
        people[index].email = f"person.{number:03d}@example.org"
    years = setting.plan["people"]["kt_years"]
    for person in people:
        draw = float(rng.lognormal(np.log(years["median"]), years["sigma"]))
        person.kt_years = min(max(round(draw * 2) / 2, 0.5), years["maximum"])
    _roles(setting, people)
    _languages(setting, people)
    _groups(setting, people)
    people.sort(key=lambda person: person.email)
    _careless(setting, people)
    return people


def answered(people: list[Person], activity: str) -> list[Person]:
    """Return those who answered in an activity, in the order of their addresses."""
    return [person for person in people if activity in person.answered]
