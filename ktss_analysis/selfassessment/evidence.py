"""What the published results allow the page to show: bands, norms, or an honest "not yet"."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import NormalDist

import pandas as pd

from ..rules import Rules
from .instrument import Instrument
from .scoring import needed

STREAM = "self_assessment"


@dataclass(frozen=True, slots=True)
class ScaleEvidence:
    """What is known about the scores of one skill in one language.

    Parameters
    ----------
    n : int
        People behind it.
    reliability, low, high : float
        Cronbach's alpha with its interval.
    used : float
        The reliability that the band rests on: the lower limit while few people took part, else alpha.
    sd : float
        Standard deviation of the scores (mean answers), in scale points.
    half_widths : dict of int to int
        Number of answered items -> half width of the band in thousandths of a point, rounded up.
    quantiles : list of (float, float, float)
        Deciles 10 to 90 % of the scores of the norm group as (value, low, high); empty without norms.
    n_norm : int
        People in the norm group.
    """

    n: int
    reliability: float
    low: float
    high: float
    used: float
    sd: float
    half_widths: dict[int, int]
    quantiles: list[tuple[float, float, float]] = field(default_factory=list)
    n_norm: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the page may use, by skill; skills that are not listed have no band.

    Parameters
    ----------
    skills : dict of str to ScaleEvidence
        Per skill.
    share : float
        Share of a skill's items that must be answered for a score.
    level : float
        Confidence level of bands and comparisons.
    lower_bound_below : int
        People below which the lower limit of the reliability is used.
    norms_from : int
        People from which norms are shown.
    """

    share: float
    level: float
    lower_bound_below: int
    norms_from: int
    skills: dict[str, ScaleEvidence] = field(default_factory=dict)

    @property
    def z(self) -> float:
        """Normal quantile of the level."""
        return NormalDist().inv_cdf(0.5 + self.level / 2)

    @property
    def pair_factor(self) -> float:
        """Factor that widens the error of a difference when all pairs of skills are compared (Bonferroni)."""
        pairs = len(self.skills) * (len(self.skills) - 1) // 2
        if pairs < 2:
            return 1.0
        return NormalDist().inv_cdf(1 - (1 - self.level) / (2 * pairs)) / self.z


def evidence_of(instrument: Instrument, rules: Rules, rows: pd.DataFrame | None = None) -> Evidence:
    """Return what the published results say about the scores of one language.

    A band needs, in this language, a published reliability with an interval and a published standard
    deviation of the scores; the gate of ``cronbach_alpha_by_language`` in the rules file has already decided
    whether there is one. The standard error of a mean of m of k items follows from the error variance of one
    item, which Cronbach's alpha takes to be equal for all: SEM(m) = SD sqrt(1 - r) sqrt(k / m).

    Parameters
    ----------
    instrument : Instrument
        The self-assessment in one language.
    rules : Rules
        Thresholds and gates.
    rows : pandas.DataFrame, optional
        Published results (``public/results.csv``). Without them nothing is known.
    """
    evidence = Evidence(
        share=rules.value("tool_answered_share"),
        level=rules.ci_level,
        lower_bound_below=int(rules.value("tool_lower_bound_below")),
        norms_from=rules.gates["score_quantile"].minimum,
    )
    if rows is None or rows.empty:
        return evidence
    mine = rows[(rows["stream"] == STREAM) & (rows["status"] == "ok")]
    for skill, items in instrument.skills:
        found = _scale(mine, skill.id, len(items), instrument.language, evidence)
        if found is not None:
            evidence.skills[skill.id] = found
    return evidence


def _scale(rows: pd.DataFrame, skill: str, n_items: int, language: str, evidence: Evidence) -> ScaleEvidence | None:
    alpha = _one(rows, "cronbach_alpha_by_language", skill, language)
    spread = _one(rows, "score_sd", skill, language)
    if alpha is None or spread is None or pd.isna(alpha["ci_low"]):
        return None
    n = int(alpha["n_used"])
    used = float(alpha["ci_low"] if n < evidence.lower_bound_below else alpha["estimate"])
    if used <= 0:
        return None
    sd = float(spread["estimate"])
    error = evidence.z * sd * math.sqrt(1 - min(used, 1.0))
    least = needed(n_items, evidence.share)
    widths = {m: math.ceil(1000 * error * math.sqrt(n_items / m) - 1e-9) for m in range(least, n_items + 1)}
    quantiles, n_norm = _norms(rows, skill, language)
    return ScaleEvidence(
        n, float(alpha["estimate"]), float(alpha["ci_low"]), float(alpha["ci_high"]), used, sd, widths,
        quantiles, n_norm,
    )  # fmt: skip


def _one(rows: pd.DataFrame, statistic: str, skill: str, group: str) -> pd.Series | None:
    found = rows[(rows["statistic"] == statistic) & (rows["target_id"] == skill) & (rows["group"] == group)]
    return None if found.empty else found.iloc[0]


def _norms(rows: pd.DataFrame, skill: str, language: str) -> tuple[list[tuple[float, float, float]], int]:
    found = [_one(rows, "score_quantile", skill, f"{language}_q{percent}") for percent in range(10, 100, 10)]
    if any(row is None or pd.isna(row["ci_low"]) or pd.isna(row["ci_high"]) for row in found):
        return [], 0
    rows_found = [row for row in found if row is not None]
    deciles = [(float(row["estimate"]), float(row["ci_low"]), float(row["ci_high"])) for row in rows_found]
    return deciles, int(min(row["n_used"] for row in rows_found))
