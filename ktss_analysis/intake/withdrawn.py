"""Rows of persons who withdrew: they leave before anything is read from them, and leave nothing behind."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from ..study import Study
from ..withdrawals import load_withdrawals, withdrawal_hash
from .gather import Gathered
from .pseudonyms import Pseudonymiser
from .rows import BoolArray, Rows

RULE = "person.purged"


def rows_of(gathered: Gathered, pseudonymiser: Pseudonymiser, persons: Collection[str]) -> BoolArray:
    """Return the raw rows that are about one of `persons` (pseudonyms), whichever column says so."""
    mask: BoolArray = gathered.person_id.isin(list(persons)).to_numpy(dtype=bool)
    for header in person_columns(gathered):
        mask = mask | pseudonymiser.persons(gathered.frame[header]).isin(list(persons)).to_numpy(dtype=bool)
    return mask


def person_columns(gathered: Gathered) -> list[str]:
    """Return the raw columns that fill `person_id` of a table, beside the source's own."""
    cells = [block.fields.get("person_id") for block in gathered.source.blocks]
    return sorted({gathered.column(cell.column) for cell in cells if cell is not None and cell.column is not None})


def set_aside_withdrawn(rows: Rows, study: Study, pseudonymiser: Pseudonymiser) -> None:
    """Set aside all rows of persons who withdrew; the quarantine says where they stand and holds no cell of them."""
    listed = {entry.hash for entry in load_withdrawals(study).purged}
    if not listed:
        return
    gathered = rows.gathered
    seen = [gathered.person_id, *(pseudonymiser.persons(gathered.frame[name]) for name in person_columns(gathered))]
    persons = pd.concat(seen).dropna().unique()
    gone = [person for person in persons if withdrawal_hash(study, str(person)) in listed]
    mask = rows_of(gathered, pseudonymiser, gone) & rows.alive
    for place in map(int, np.flatnonzero(mask)):
        rows.log.set_aside(
            str(gathered.file[place]), int(gathered.row[place]), RULE, "the person withdrew from the study", {}
        )
    rows.alive = rows.alive & ~mask
