"""The raw exports: what the partners' files look like, with the defects such files have."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from .groups import FocusGroups
from .panels import Workshop
from .people import Person, answered
from .rawfiles import as_words, write_text, write_workbook
from .reviews import ToolReview
from .setting import Setting, choose
from .triage import Triage

PREFIX = "synthetic_"
BLANKS = ("", "n/a", "-")


def _day(rng: np.random.Generator, first: date, days: int, pattern: str = "%Y-%m-%d") -> str:
    return (first + timedelta(days=int(rng.integers(0, days)))).strftime(pattern)


def _blank(setting: Setting, rng: np.random.Generator, cells: pd.DataFrame) -> pd.DataFrame:
    """Write missing answers as people do: empty, n/a or a dash; empty in a clean study."""
    if setting.clean:
        return cells
    marks = rng.choice(BLANKS, p=[0.6, 0.25, 0.15], size=cells.shape)
    return cells.where(cells != "", pd.DataFrame(marks, index=cells.index, columns=cells.columns))


def _untidy(setting: Setting, rng: np.random.Generator, email: str) -> str:
    """Return the address as typed: now and then with capitals or a blank behind it."""
    if setting.clean or rng.random() > 0.08:
        return email
    return email.replace("person", "Person").replace("example", "Example") + " "


def register(setting: Setting, people: list[Person], folder: Path) -> None:
    """Write the register of everybody who was invited."""
    rng, codes = setting.random("register"), setting.plan["people"]["country_codes"]
    rows = []
    for person in people:
        code = codes[person.country]
        rows.append(
            {
                "e-mail": person.email,
                "activities": "|".join(person.invited_to),
                "country": code if isinstance(code, str) else str(rng.choice(code)),
                "role": person.role,
                "years in KT": person.kt_years,
                "language": person.language,
                "invited": "yes",
                "consent": "yes" if person.consented else "no",
            }
        )
    write_workbook(
        folder / f"{PREFIX}register.xlsx",
        {"Register": pd.DataFrame(rows)},
        ["Register: one row per invited person; 'activities' are those the person was invited to."],
    )


# country file: countries, encoding, separator, decimal mark, date pattern, order of the columns
GUIDE_FILES = {
    "IT.csv": (("IT",), "cp1252", ";", ",", "%d/%m/%Y", "as asked"),
    "PL.tsv": (("PL",), "utf-16", "\t", ".", "%d.%m.%Y", "modules first"),
    "FI.csv": (("FI",), "utf-8-sig", ";", ",", "%d.%m.%Y", "backwards"),
    "NL_other.csv": (("NL", "other"), "utf-8", ",", ".", "%Y-%m-%d", "as asked"),
}


def guide_review(setting: Setting, people: list[Person], table: pd.DataFrame, desk: Triage, folder: Path) -> None:
    """Write one file per partner country, each in that partner's way."""
    reviewers = {person.email: person for person in answered(people, "guide_review")}
    said = desk.comments[desk.comments["stream"] == "guide_review"].groupby("person")["text"].agg(" / ".join)
    for name, (countries, encoding, separator, decimal, pattern, order) in GUIDE_FILES.items():
        rng = setting.random(f"guide file {name}")
        mine = [email for email, person in reviewers.items() if person.country in countries]
        if setting.clean:
            encoding, separator, decimal, pattern, order = "utf-8", ",", ".", "%Y-%m-%d", "as asked"
        if not mine:
            continue
        questions = [column for column in table.columns if column != "seconds"]
        if order == "modules first":
            questions = [q for q in questions if q.startswith("M")] + [q for q in questions if q.startswith("S")]
        elif order == "backwards":
            questions = questions[::-1]
        answers = _blank(setting, rng, table.loc[mine, questions].map(as_words))
        days = [_day(setting.random(f"guide {email}"), date(2026, 1, 19), 12) for email in mine]
        head = pd.DataFrame(
            {
                "e-mail": [_untidy(setting, rng, email) for email in mine],
                "submitted": [date.fromisoformat(day).strftime(pattern) for day in days],
                "language": [reviewers[email].language for email in mine],
                "years in KT": [as_words(reviewers[email].kt_years).replace(".", decimal) for email in mine],
            },
            index=mine,
        )
        tail = pd.DataFrame(
            {
                "seconds": [f"{table.loc[email, 'seconds']:.1f}".replace(".", decimal) for email in mine],
                "open comment": [_fit(said.get(email, ""), encoding) for email in mine],
            },
            index=mine,
        )
        write_text(
            folder / "guide_review" / f"{PREFIX}guide_review_{name}",
            pd.concat([head, answers, tail], axis=1),
            encoding=encoding,
            separator=separator,
            line_end="\n" if setting.clean else "\r\n",
        )


def _fit(text: str, encoding: str) -> str:
    """Return the text without signs that the code page of the file does not have, as old programs save it."""
    return text.encode(encoding, errors="ignore").decode(encoding) if encoding.startswith("cp") else text


def tool_review(setting: Setting, people: list[Person], review: ToolReview, folder: Path) -> None:
    """Write one workbook; the self-rating as labels in the language of the form, and one form sent twice."""
    rng, order = setting.random("tool file"), setting.random("tool order")
    labels = setting.framework.scale.labels  # type: ignore[union-attr]
    reviewers = {person.email: person for person in answered(people, "tool_review")}
    own = [column for column in review.answers.columns if column.endswith("_self")]
    rows = []
    for email in choose(order, list(reviewers), len(reviewers)):
        person, answers = reviewers[email], review.answers.loc[email]
        row: dict[str, object] = {
            "e-mail": _untidy(setting, rng, email),
            "submitted": _day(order, date(2026, 2, 9), 12),
            "language": person.language,
        }
        for column, value in answers.items():
            if np.isnan(value):
                row[str(column)] = "" if setting.clean else str(rng.choice(BLANKS, p=[0.7, 0.2, 0.1]))
            elif column in own and not setting.clean:
                row[str(column)] = labels[person.language][int(value) - 1]
            else:
                row[str(column)] = int(value)
        rows.append(row)
    if not setting.clean:
        rows.append({**rows[0], "submitted": "2026-02-23"})
    write_workbook(
        folder / f"{PREFIX}tool_review.xlsx",
        {"Responses": pd.DataFrame(rows)},
        ["Responses: self-rating (_self), relevance and clarity of each statement, usability (SUS)."],
    )


def workshop(setting: Setting, panel: Workshop, folder: Path) -> None:
    """Write both rounds; round 1 as text with labels at the ends of the scale, round 2 as a workbook."""
    closing = {1: date(2025, 11, 14), 2: date(2025, 11, 28)}
    late = {1: panel.late[:1], 2: panel.late[1:]}
    for number, ratings in ((1, panel.first), (2, panel.second)):
        rng = setting.random(f"workshop file {number}")
        on_time = [email for email in ratings.index if email not in panel.late]
        rows = []
        for email in choose(rng, on_time, len(on_time)):
            rows.append(
                {
                    "e-mail": email,
                    "date": _day(rng, closing[number] - timedelta(days=4), 5),
                    **_votes(setting, ratings.loc[email], number),
                }
            )
        if not setting.clean:
            for email in late[number]:
                day = (closing[number] + timedelta(days=3)).isoformat()
                rows.append({"e-mail": email, "date": day, **_votes(setting, ratings.loc[email], number)})
            if number == 1:
                changed = ratings.loc[on_time[0]].sub(1).clip(lower=1)
                again = {"e-mail": on_time[0], "date": closing[1].isoformat(), **_votes(setting, changed, 1)}
                rows.append(again)
        table = pd.DataFrame(rows)
        if number == 1:
            write_text(folder / f"{PREFIX}workshop_round1.csv", table.map(as_words))
        else:
            write_workbook(
                folder / f"{PREFIX}workshop_round2.xlsx",
                {"Round 2": table},
                ["Round 2: importance of each skill from 1 (not important) to 9 (essential)."],
            )


def _votes(setting: Setting, ratings: pd.Series, number: int) -> dict[str, object]:
    ends = {1: "1 - not important", 9: "9 - essential"} if number == 1 and not setting.clean else {}
    return {str(skill): ends.get(int(value), int(value)) for skill, value in ratings.items()}


def small_files(
    setting: Setting, board: pd.DataFrame, votes: pd.DataFrame, choices: pd.DataFrame, folder: Path
) -> None:
    """Write the votes of board and assembly and the best-worst choices."""
    rng = setting.random("small files")
    head = pd.DataFrame(
        {"e-mail": board.index, "date": [_day(rng, date(2026, 4, 2), 7) for _ in board.index]},
        index=board.index,
    )
    write_text(folder / f"{PREFIX}quality_board.csv", pd.concat([head, board.map(as_words)], axis=1), separator=";")
    words = votes.map(lambda vote: "abstain" if np.isnan(vote) else "yes" if vote else "no")
    if setting.clean:
        words = words.replace("abstain", "")
    head = pd.DataFrame({"e-mail": votes.index, "date": "2026-04-09"}, index=votes.index)
    write_text(folder / f"{PREFIX}assembly_votes.csv", pd.concat([head, words], axis=1))
    cells = choices.rename(columns={"email": "e-mail"})
    cells[["best", "worst"]] = cells[["best", "worst"]].replace("", "" if setting.clean else "-")
    write_text(folder / f"{PREFIX}best_worst.tsv", cells, separator="\t")


def focus_groups(groups: FocusGroups, desk: Triage, folder: Path) -> None:
    """Write codings, codebook and the released quotes."""
    base = folder / "focus_groups"
    write_text(base / f"{PREFIX}codings.csv", groups.codings.map(as_words), encoding="utf-8-sig", separator=";")
    write_text(base / f"{PREFIX}codebook.csv", groups.codebook)
    write_text(base / f"{PREFIX}quotes.csv", desk.quotes, encoding="utf-8-sig", separator=";")


def triage(desk: Triage, folder: Path) -> None:
    """Write the five linked tables of the feedback desk."""
    for name in ("comments", "suggestions", "decisions", "changes", "versions"):
        table: pd.DataFrame = getattr(desk, name)
        write_text(folder / "triage" / f"{PREFIX}{name}.csv", table.map(as_words))
