"""Who took part, and whether every raw row is accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import PipelineError
from .coded import coded, listed
from .exposure import Exposure
from .gather import Gathered
from .schemas import conform


@dataclass
class Cleaned:
    """One source after cleaning; tables keep the raw row's place as index."""

    gathered: Gathered
    tables: list[tuple[str, pd.DataFrame]] = field(default_factory=list)
    change_log: pd.DataFrame = field(default_factory=pd.DataFrame)
    quarantine: pd.DataFrame = field(default_factory=pd.DataFrame)
    accounts: pd.DataFrame = field(default_factory=pd.DataFrame)
    exposures: list[Exposure] = field(default_factory=list)

    def used(self) -> NDArray[np.bool_]:
        """Return which raw rows a table has a row of."""
        used = np.zeros(len(self.gathered.row), dtype=bool)
        for _, table in self.tables:
            used[table.index.to_numpy(dtype=int)] = True
        return used


def declined_in(registers: list[Cleaned]) -> frozenset[str]:
    """Return the persons whose consent a register records as not given."""
    people = [table for part in registers for name, table in part.tables if name == "people"]
    return frozenset(
        person
        for table in people
        for person, consent in zip(table["person_id"], table["consented"], strict=True)
        if consent is False or consent is np.False_
    )  # fmt: skip


def accounts_of(result: Cleaned) -> pd.DataFrame:
    """Count records per file and check that each is either used or set aside."""
    gathered = result.gathered
    used_files = pd.Series(gathered.file[result.used()], dtype="object").value_counts()
    action = result.change_log["action"]
    entries = []
    for table in gathered.tables:
        name = table.file.name
        of_file = result.change_log["file"] == name
        n_used = int(used_files.get(name, 0))
        n_aside = int((result.quarantine["file"] == name).sum())
        if table.n_records != n_used + n_aside:
            raise PipelineError(
                f"source {gathered.source.name!r}, {name}: {table.n_records} rows read, but {n_used} used "
                f"and {n_aside} set aside; please report this fault of the program"
            )
        entries.append(
            {
                "source": gathered.source.name, "file": name, "n_read": table.n_records, "n_used": n_used,
                "n_set_aside": n_aside,
                "n_changed": int((of_file & action.isin(["set_missing", "recoded"])).sum()),
                "n_flagged": int((of_file & (action == "flagged")).sum()),
            }
        )  # fmt: skip
    return pd.DataFrame(entries)


def people_of(cleaned: Sequence[Cleaned], register: pd.DataFrame) -> pd.DataFrame:
    """Return one row per person seen: what the register says, the activities, and whether an answer is used.

    A comment alone is no answer: `used` means that a rating, response, choice or coding of the person
    stands in a table.
    """
    return people_from(seen_in(cleaned), register)


def people_from(seen: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Return the same from what `seen_in` found."""
    known = register.drop_duplicates("person_id").set_index("person_id")
    persons = pd.Index(sorted(set(known.index) | set(seen["person_id"])), name="person_id")
    people = known.reindex(persons)
    people["streams"] = _streams(known, seen, persons)
    people["used"] = persons.isin(seen.loc[seen["used"], "person_id"])
    first = seen.sort_values(["person_id", "source", "source_row"], kind="stable")
    first = first.drop_duplicates("person_id").set_index("person_id")
    for column in ("source", "source_row"):
        people[column] = people[column].fillna(first[column].reindex(persons).astype("string"))
    return conform(people.reset_index(), "people")


def seen_in(cleaned: Sequence[Cleaned]) -> pd.DataFrame:
    """Return activity, source and first row of each person in each table, and whether an answer is there."""
    columns = ["person_id", "activity", "used", "source", "source_row"]
    frames = []
    for part in cleaned:
        for name, table in part.tables:
            if name == "people" or "person_id" not in table or not len(table):
                continue
            persons = coded(table["person_id"])
            known = np.flatnonzero(persons.codes >= 0)[::-1]
            first = np.full(len(persons.categories), -1)
            first[persons.codes[known]] = known
            answers = table["value"].notna().to_numpy() if "value" in table else np.full(len(table), name != "comments")
            used = np.zeros(len(first), dtype=bool)
            used[persons.codes[known][answers[known]]] = True
            met = first >= 0
            frames.append(
                pd.DataFrame(
                    {
                        "person_id": persons.categories[met], "activity": part.gathered.source.activity,
                        "used": used[met], "source": part.gathered.source.name,
                        "source_row": table["source_row"].iloc[first[met]].astype("str").to_numpy(),
                    }
                )[columns]
            )  # fmt: skip
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=bool if name == "used" else "str") for name in columns})
    return pd.concat(frames, ignore_index=True).astype({"used": bool})


def _streams(register: pd.DataFrame, seen: pd.DataFrame, persons: pd.Index) -> list[str]:
    """Return each person's activities, those of the register and those seen, joined by '|'."""
    activities: dict[str, set[str]] = {person: set() for person in listed(persons)}
    pairs = seen[["person_id", "activity"]].drop_duplicates()
    for person, activity in zip(listed(pairs["person_id"]), listed(pairs["activity"]), strict=True):
        activities[person].add(activity)
    for person, text in zip(listed(register.index), listed(register["streams"]), strict=True):
        if isinstance(text, str):
            activities[person].update(part for part in text.split("|") if part)
    return ["|".join(sorted(activities[person])) for person in listed(persons)]
