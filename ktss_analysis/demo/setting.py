"""What every part of the generator shares: plan, framework, options, named streams of random numbers."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ..core import StudyError
from ..framework import Framework, load_framework

HERE = Path(__file__).parent
LANGUAGES = ("en", "it", "pl", "fi", "nl")
COUNTRIES = ("IT", "PL", "FI", "NL", "other")


def read_text_file(name: str) -> Any:
    """Return the content of one YAML file of the package folder."""
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Setting:
    """Options of one generated study.

    Parameters
    ----------
    seed : int
        Seed of all random numbers.
    n : int, optional
        People per source, for very small studies; without it the numbers of the plan.
    clean : bool
        The same answers without any defect of format, without repeated and late submissions.
    null : bool
        No structure at all: all skills and items alike, answers without a common factor.
    orphan_decision : bool
        One decision answers a suggestion that does not exist.
    """

    seed: int
    n: int | None = None
    clean: bool = False
    null: bool = False
    orphan_decision: bool = False
    plan: dict[str, Any] = field(default_factory=lambda: read_text_file("plan.yaml"))

    def __post_init__(self) -> None:
        if self.n is not None and self.n < 4:
            raise StudyError(f"n: found {self.n}; allowed: 4 or more people per source")

    @cached_property
    def framework(self) -> Framework:
        """The illustrative framework."""
        return load_framework(HERE / "texts" / "framework.yaml")

    @cached_property
    def skills(self) -> list[str]:
        """Ids of all skills."""
        return self.framework.target_ids("skill")

    @cached_property
    def items(self) -> list[str]:
        """Ids of all statements."""
        return self.framework.target_ids("item")

    @cached_property
    def profile_of(self) -> dict[str, str]:
        """Profile of each skill."""
        return {skill: name for name, skills in self.plan["skills"].items() for skill in skills}

    def random(self, name: str) -> np.random.Generator:
        """Return a generator of its own for one purpose; changing one part leaves the others alone."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def profile(self, skill: str, quantity: str) -> Any:
        """Return a planted quantity of a skill; in a null study the same for every skill."""
        if self.null:
            flat = {
                "relevance": 0.5,
                "agreement": 1 / 3,
                "raised": 0.6,
                "turns": 0.04,
                "valence": [1 / 3] * 3,
            }
            return flat[quantity]
        return self.plan["profiles"][self.profile_of[skill]][quantity]

    @property
    def planted(self) -> bool:
        """Whether plants that need a full-size study with structure are set."""
        return self.n is None and not self.null


def choose(rng: np.random.Generator, values: list[Any], size: int) -> list[Any]:
    """Return `size` different values in random order."""
    return [values[index] for index in rng.permutation(len(values))[:size]]


def four_points(
    rng: np.random.Generator,
    share_high: float | np.ndarray,
    warmth: float | np.ndarray,
    shape: tuple[int, ...],
) -> np.ndarray:
    """Return answers 1 to 4 of which `share_high` are 3 or 4 on average.

    `warmth` is the share of 4 among the high answers and of 2 among the low ones. It lets targets with the
    same endorsement differ, as real ones do.
    """
    high = rng.random(shape) < share_high
    warm = rng.random(shape) < warmth
    return np.where(high, np.where(warm, 4, 3), np.where(warm, 2, 1))


def knock_out(rng: np.random.Generator, answers: np.ndarray, share: float) -> np.ndarray:
    """Return the answers as floats with `share` of them missing at random."""
    values = answers.astype(float)
    values[rng.random(values.shape) < share] = np.nan
    return values
