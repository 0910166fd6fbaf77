"""The demonstration's raw exports and truth, read without any module of the package."""

from __future__ import annotations

import csv
import io
from collections import Counter
from functools import cached_property
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from openpyxl import load_workbook

GUIDE = {
    "IT.csv": ("cp1252", ";"),
    "PL.tsv": ("utf-16", "\t"),
    "FI.csv": ("utf-8-sig", ";"),
    "NL_other.csv": ("utf-8", ","),
}
BLANK = {"", "n/a", "-"}


def wilson(count: float, n: int, z: float = 1.959964) -> tuple[float, float]:
    share = count / n
    middle, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def division(ratings: pd.Series) -> float:
    """RAND/UCLA disagreement index: IPR / IPRAS on nine points."""
    low, high = np.percentile(ratings.dropna(), [30, 70])
    return (high - low) / (2.35 + 1.5 * abs(5 - (low + high) / 2))


def alpha_of_code(first: set, second: set, units: set) -> float:
    """Krippendorff's alpha of two coders and a present/absent code."""
    pairs = [(unit in first, unit in second) for unit in units]
    n = 2 * len(pairs)
    ones = sum(a + b for a, b in pairs)
    observed = sum(a != b for a, b in pairs) / len(pairs)
    expected = 2 * ones * (n - ones) / (n * (n - 1))
    return 1 - observed / expected if expected else 1.0


def even_odd(answers: np.ndarray, scales: list[str]) -> float:
    """Correlation of the halves over scales, stepped up."""
    halves = np.array(
        [
            [np.nanmean(answers[[k for k, s in enumerate(scales) if s == scale][part::2]]) for part in (0, 1)]
            for scale in dict.fromkeys(scales)
        ]
    )
    r = np.corrcoef(halves[:, 0], halves[:, 1])[0, 1]
    return 2 * r / (1 + r)


class Raw:
    """All raw files of one demonstration; repeated and late forms are left out of the answers."""

    def __init__(self, data: Path, truth: Path, framework: Path) -> None:
        self.data, self.truth_folder = data, truth
        self.framework = yaml.safe_load(framework.read_text(encoding="utf-8"))
        self.items = self.framework["items"]
        self.item_ids = [item["id"] for item in self.items]
        self.scale_of = [item["skill"] for item in self.items]
        self.skills = [skill["id"] for skill in self.framework["skills"]]

    def truth(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.truth_folder / f"{name}.csv", keep_default_na=False)

    def table(self, name: str, separator: str = ",") -> pd.DataFrame:
        return pd.read_csv(self.data / name, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")

    def sheet(self, name: str, sheet: str) -> pd.DataFrame:
        rows = list(load_workbook(self.data / name)[sheet].iter_rows(values_only=True))
        return pd.DataFrame(rows[1:], columns=rows[0])

    def guide_file(self, name: str) -> pd.DataFrame:
        encoding, separator = GUIDE[name]
        data = (self.data / "guide_review" / f"synthetic_guide_review_{name}").read_bytes()
        rows = list(csv.reader(io.StringIO(data.decode(encoding)), delimiter=separator))
        return pd.DataFrame(rows[1:], columns=rows[0])

    @cached_property
    def register(self) -> pd.DataFrame:
        return self.sheet("synthetic_register.xlsx", "Register")

    @cached_property
    def guide_cells(self) -> pd.DataFrame:
        table = pd.concat([self.guide_file(name) for name in GUIDE], ignore_index=True)
        return table.set_index(table.pop("e-mail").str.strip().str.lower())

    @cached_property
    def guide(self) -> pd.DataFrame:
        questions = [c for c in self.guide_cells if "_" in c]
        return self.guide_cells[questions].map(lambda cell: np.nan if cell in BLANK else float(cell))

    @cached_property
    def tool_cells(self) -> pd.DataFrame:
        table = self.sheet("synthetic_tool_review.xlsx", "Responses")
        return table.set_index(table.pop("e-mail").str.strip().str.lower())

    @cached_property
    def tool(self) -> pd.DataFrame:
        """One row per person, numbers; self-ratings as given, keys not turned."""
        labels = {text: k for texts in self.framework["scale"]["labels"].values() for k, text in enumerate(texts, 1)}
        first = self.tool_cells[~self.tool_cells.index.duplicated()].drop(columns=["submitted", "language"])
        return first.map(lambda c: np.nan if c is None or c in BLANK else float(labels.get(c, c)))

    def part(self, name: str) -> pd.DataFrame:
        return self.tool[[f"{item}_{name}" for item in self.item_ids]].set_axis(self.item_ids, axis=1)

    @cached_property
    def keyed(self) -> pd.DataFrame:
        own = self.part("self")
        return own.apply(lambda c: 6 - c if self.items[self.item_ids.index(c.name)]["key"] == -1 else c)

    def item_rest(self, item: str) -> float:
        mates = [i for i in self.item_ids if i[:3] == item[:3] and i != item]
        both = self.keyed[[item, *mates]].dropna()
        return float(np.corrcoef(both[item], both[mates].sum(axis=1))[0, 1])

    def person(self, kind: str) -> list[str]:
        people = self.truth("people")
        return people.loc[people["kind"] == kind, "email"].tolist()

    @cached_property
    def round_rows(self) -> dict[int, pd.DataFrame]:
        return {
            1: self.table("synthetic_workshop_round1.csv"),
            2: self.sheet("synthetic_workshop_round2.xlsx", "Round 2"),
        }

    def round(self, number: int) -> pd.DataFrame:
        rows = self.round_rows[number]
        closing = {1: "2025-11-14", 2: "2025-11-28"}[number]
        rows = rows[rows["date"] <= closing].sort_values("date", kind="stable").drop_duplicates("e-mail")
        return rows.set_index("e-mail")[self.skills].map(lambda cell: float(str(cell).split(" ")[0]))

    @cached_property
    def choices(self) -> pd.DataFrame:
        return self.table("synthetic_best_worst.tsv", "\t")

    def pairs_together(self) -> Counter:
        return Counter(pair for shown in self.choices["shown"] for pair in combinations(sorted(shown.split("|")), 2))

    def best_minus_worst(self) -> pd.Series:
        table = self.choices
        table = table[(table["best"] != table["worst"]) & ~table["best"].isin(BLANK)]
        counts = table["best"].value_counts().sub(table["worst"].value_counts(), fill_value=0)
        return counts.reindex(self.skills, fill_value=0).sort_values(ascending=False, kind="stable")

    @cached_property
    def codings(self) -> pd.DataFrame:
        return self.table("focus_groups/synthetic_codings.csv", ";").astype({"turn": int})

    def code_alpha(self, code: str) -> tuple[float, int]:
        """Alpha of a code in the double-coded turns, and how often it was given there by either coder."""
        double = self.codings[self.codings["double_coded"] == "yes"]
        units = set(zip(double["group"], double["turn"], strict=True))
        given = [
            {(g, t) for g, t, c in zip(part["group"], part["turn"], part["code"], strict=True) if c == code}
            for _, part in double.groupby("coder")
        ]
        return alpha_of_code(given[0], given[1], units), len(given[0] | given[1])

    def triage(self, name: str) -> pd.DataFrame:
        return self.table(f"triage/synthetic_{name}.csv")

    # --- the verdicts of the decision table, computed here a second time from the raw answers
    def grade(self, ratings: pd.Series) -> str:
        answers = ratings.dropna()
        low, high = wilson((answers >= 3).sum(), len(answers))
        return "+" if low >= 0.70 else "-" if high < 0.78 else "0"

    def consensus(self, skill: str) -> str:
        votes = self.round(2)[skill]
        low, high = wilson((votes >= 7).sum(), len(votes))
        spread = np.subtract(*np.percentile(votes, [75, 25]))
        if division(votes) >= 1 or high < 0.75:
            return "-"
        return "+" if (votes >= 7).mean() >= 0.75 and low > 0.5 and spread <= 2 else "0"

    def salience(self, skill: str) -> str:
        code = f"C{self.skills.index(skill) + 1:02d}"
        alpha, given = self.code_alpha(code) if skill in self.skills else (1.0, 0)
        if given >= 10 and alpha < 0.667:
            return "?"
        mine = self.codings[(self.codings["code"] == code) & (self.codings["coder"] == "coder-1")]
        groups, tones = mine["group"].nunique(), mine["valence"].value_counts()
        negative = tones.get("-", 0) > tones.sum() / 2
        if groups <= 1 or negative:
            return "-"
        return "+" if groups >= 3 and tones.get("+", 0) > tones.sum() / 2 else "0"

    def verdict(self, skill: str) -> str:
        relevance, consensus = self.grade(self.guide[f"{skill}_relevance"]), self.consensus(skill)
        grades = [self.grade(self.part("relevance")[item]) for item in self.item_ids if item[:3] == skill]
        items = "?" if not grades else "-" if grades.count("-") >= 2 else "0"
        if grades.count("+") >= 3 and "-" not in grades:
            items = "+"
        salience = self.salience(skill)
        if relevance == consensus == "-":
            return "drop"
        if relevance == consensus == items == "+":
            return "keep_discordant" if salience == "-" else "keep"
        if "-" in (relevance, consensus, items):
            return "revise"
        return "provisional" if "+" in (relevance, consensus) else "revise"
