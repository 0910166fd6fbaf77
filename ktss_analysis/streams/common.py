"""What all streams share: who feeds a stream, persons x targets tables, seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core import Estimate
from ..framework import Framework
from ..results import combine, fingerprint
from ..rules import Rules
from ..study import Study

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Setting:
    """What every stream function needs besides the tables."""

    study: Study
    rules: Rules

    @property
    def framework(self) -> Framework:
        """The framework of the study."""
        return self.study.instrument

    @property
    def level(self) -> float:
        """Confidence level of all intervals."""
        return self.rules.ci_level

    @property
    def n_boot(self) -> int:
        """Bootstrap replicates."""
        return self.study.outputs.boot

    def seed(self, *names: str) -> int:
        """Return a seed that depends on the study's seed and on `names` only."""
        text = "/".join((str(self.study.seed), *names))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])

    def sources(self, *activities: str) -> list[str]:
        """Return the names of the sources that feed `activities`."""
        return [source.name for source in self.study.of(*activities)]


def gated(
    setting: Setting, statistic: str, n_used: int, n_missing: int, compute: Callable[[], Estimate], *, method: str = ""
) -> Estimate:
    """Return what `compute` returns, or that `n_used` is below the statistic's gate; then nothing is computed."""
    reason = setting.rules.too_few(statistic, n_used)
    if reason:
        return Estimate.absent("too_few", reason, method=method, n_used=n_used, n_missing=n_missing)
    return compute()


def of_activity(table: pd.DataFrame, setting: Setting, *activities: str) -> pd.DataFrame:
    """Return the rows of a table that come from one of `activities`."""
    return table[table["source"].isin(setting.sources(*activities))]


def select(ratings: pd.DataFrame, **wanted: object) -> pd.DataFrame:
    """Return the rows whose columns have the wanted values."""
    for column, value in wanted.items():
        ratings = ratings[(ratings[column] == value).fillna(False)]
    return ratings


def wide(
    frame: pd.DataFrame, targets: Sequence[str], *, column: str = "target_id", value: str = "value"
) -> pd.DataFrame:
    """Return persons x targets, targets in the given order, persons ordered by their answers.

    The order of persons carries no information (not input order, not pseudonym), so seeded resampling gives
    the same numbers whatever the order of the raw rows or the key of the pseudonyms.
    """
    table = frame.pivot(index="person_id", columns=column, values=value).astype(float)
    order = [target for target in targets if target in table.columns]
    order += sorted(str(name) for name in table.columns if name not in set(order))
    table = table[order]
    keys = np.nan_to_num(table.to_numpy(), nan=-1e9)
    ranks = np.lexsort(keys.T[::-1]) if keys.size else np.arange(len(table))
    table = table.iloc[ranks]
    table.columns.name = None
    return table


def seconds_of(responses: pd.DataFrame) -> pd.Series:
    """Return the time each person took, one value per person with a time."""
    return responses.groupby("person_id")["seconds"].first().dropna().astype(float)


def mark(frame: pd.DataFrame, table: str, note: str) -> str:
    """Return the description of the rows a result rests on."""
    return fingerprint(frame, table, note)


def gather(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return all rows of a stream in one table."""
    return combine(parts)
