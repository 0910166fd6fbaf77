"""What all agreement coefficients of the form (observed - chance) / (1 - chance) share: totals and intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ..core import Estimate, StatisticError
from .checks import FloatArray, check_choice, check_level
from .rating_tables import UnitCounts
from .resampling import TotalsStatistic, bootstrap_interval, jackknife_interval

CiMethod = Literal["analytic", "jackknife", "bootstrap"]

NO_CHANCE = "agreement cannot be told from chance"
_SMALLEST_ROOM = 1e-12  # 1 minus chance agreement under which a coefficient is not defined


class Chance(NamedTuple):
    """Chance agreement as a function of the shares of the categories.

    `expected` takes shares of shape (n_replicates, n_values) and returns shape (n_replicates,). `score` takes
    the shares of each unit's ratings and the overall shares; its mean over the units is `expected`, and its
    deviations are half the influence of the units (none for a constant).
    """

    expected: Callable[[FloatArray], FloatArray]
    score: Callable[[FloatArray, FloatArray], FloatArray]


class Resampling(NamedTuple):
    """How an interval is computed."""

    method: CiMethod
    level: float
    n_boot: int
    seed: int


def check_interval(method: str, level: float, n_boot: int, seed: int, cluster: ArrayLike | None) -> Resampling:
    """Return the options of an interval after a check; an analytic one knows no clusters."""
    check_choice(method, ("analytic", "jackknife", "bootstrap"), "ci_method")
    if method == "analytic" and cluster is not None:
        raise StatisticError("ci_method='analytic' knows no clusters; allowed with cluster: 'jackknife', 'bootstrap'")
    return Resampling(method, check_level(level), n_boot, seed)  # type: ignore[arg-type]


def total(table: FloatArray, often: FloatArray | NDArray[np.int64]) -> FloatArray:
    """Return the totals of contributions that occur `often`, shape (1, n_columns)."""
    return np.asarray(often @ table, dtype=float)[None, :]


def pair_agreement(counts: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the weighted agreement of a unit's pairs of raters, shape (n_rows,); 0 for a unit with one rater."""
    raters = counts.sum(axis=1)
    agreeing = (counts * (counts @ weight)).sum(axis=1) - raters
    return np.asarray(agreeing / np.maximum(raters * (raters - 1), 1))


def coefficient(
    units: UnitCounts, weight: FloatArray, chance: Chance, name: str, options: Resampling, *, lowest: float | None = -1
) -> Estimate:
    """Return a coefficient whose chance agreement depends on the shares of the categories alone."""
    several = units.n_raters > 1
    n, n_several = int(units.often.sum()), int(units.often[several].sum())
    problem = obstacle(units.counts, n_several, name, units.n_missing)
    if problem is not None:
        return problem
    shares = units.counts / units.n_raters[:, None]
    table = np.column_stack([shares, np.ones(len(shares)), pair_agreement(units.counts, weight), several])

    def corrected(totals: FloatArray) -> FloatArray:
        size, agreeing, pairs = totals[:, -3], totals[:, -2], totals[:, -1]
        observed = np.where(pairs > 0.5, agreeing / np.maximum(pairs, 1), np.nan)
        return one_minus_ratio(observed, chance.expected(totals[:, :-3] / size[:, None]))

    if np.isnan(corrected(total(table, units.often))[0]):
        reason = f"chance agreement is complete: {NO_CHANCE}"
        return Estimate.absent("undefined", reason, method=name, n_used=n, n_missing=units.n_missing)
    if bool((table[several, -2] > 1 - _SMALLEST_ROOM).all()):
        overall = (units.often @ shares / n)[None, :]
        room = 1 - float(chance.expected(overall)[0])
        nominal = bool((weight[~np.eye(len(weight), dtype=bool)] == 0).all())
        groups = n_several if units.groups is None else len(np.unique(units.groups[several]))
        return without_disagreement(name, groups, options.level, room if nominal else 1.0, n, units.n_missing)
    if options.method == "analytic":
        interval = _linearised(units, shares, table, corrected, chance, options.level)
    else:
        interval = resample(corrected, table, units.often, units.groups, options, lowest)
    return finished(interval, name, n, units.n_missing)


def obstacle(counts: FloatArray, n_several: int, name: str, n_missing: int) -> Estimate | None:
    """Return the estimate without a number when there are too few units or one category, else None."""
    if n_several < 2:
        reason = f"{n_several} unit(s) with two ratings or more; needs 2"
        return Estimate.absent("too_few", reason, method=name, n_used=n_several, n_missing=n_missing)
    if counts.shape[1] < 2:
        reason = f"all ratings are equal: {NO_CHANCE}"
        return Estimate.absent("undefined", reason, method=name, n_used=n_several, n_missing=n_missing)
    return None


def resample(
    function: TotalsStatistic,
    table: FloatArray,
    often: NDArray[np.int64],
    groups: NDArray[np.object_] | None,
    options: Resampling,
    lowest: float | None,
    highest: float | None = 1,
) -> Estimate:
    """Return the jackknife or bootstrap interval over units, or over clusters when there are any."""
    counts = often if groups is None else None
    if options.method == "bootstrap":
        return bootstrap_interval(
            function, table, ci_level=options.level, cluster=groups, counts=counts, n_boot=options.n_boot,
            seed=options.seed,
        )  # fmt: skip
    return jackknife_interval(
        function, table, ci_level=options.level, cluster=groups, counts=counts, bounds=(lowest, highest)
    )


def finished(interval: Estimate, name: str, n: int, n_missing: int, *, value: float | None = None) -> Estimate:
    """Return the interval as the estimate of a coefficient; when there is none, say why in method and reason."""
    if interval.status != "ok" and value is None:
        return Estimate.absent(interval.status, interval.reason, method=name, n_used=n, n_missing=n_missing)
    if interval.status != "ok" or interval.low is None:
        why = interval.reason or interval.method.removeprefix("no interval: ")
        point = interval.value if value is None else value
        return Estimate(
            point, method=f"{name}; no interval: {why}", n_used=n, n_missing=n_missing, reason=f"no interval: {why}"
        )
    method = f"{name}; {interval.method}"
    return Estimate(interval.value, interval.low, interval.high, interval.level, method, n, n_missing)


def without_disagreement(name: str, n_units: int, level: float, room: float, n_used: int, n_missing: int) -> Estimate:
    """Return a coefficient of 1, whose variance is 0, with the exact lower limit of the share of agreeing units.

    A standard error of 0 would give the interval 1 to 1, however few the units. That all of n units agree still
    leaves shares of agreeing units down to :math:`((1 - level) / 2)^{1/n}` possible; `room` is what disagreement
    the chance model leaves.
    """
    share = ((1 - level) / 2) ** (1 / n_units)
    low = max(1 - (1 - share) / room, -1.0)
    method = f"{name}; no disagreement seen: lower limit from the exact limit of the share of agreeing units"
    return Estimate(1.0, low, 1.0, level, method, n_used, n_missing)


def one_minus_ratio(observed: FloatArray, expected: FloatArray) -> FloatArray:
    """Return (observed - expected) / (1 - expected), nan where chance agreement is complete."""
    value = np.full(np.shape(observed), np.nan)
    np.divide(observed - expected, 1 - expected, out=value, where=1 - expected > _SMALLEST_ROOM)
    return value


def _linearised(
    units: UnitCounts,
    shares: FloatArray,
    table: FloatArray,
    corrected: TotalsStatistic,
    chance: Chance,
    level: float,
) -> Estimate:
    """Return Gwet's interval: Student's t with the variance of the units' linearised contributions."""
    n, several = int(units.often.sum()), table[:, -1]
    value = float(corrected(total(table, units.often))[0])
    overall = units.often @ shares / n
    expected = float(chance.expected(overall[None, :])[0])
    agreeing = n / float(units.often @ several) * (table[:, -2] - expected * several) / (1 - expected)
    terms = agreeing - 2 * (1 - value) * (chance.score(shares, overall) - expected) / (1 - expected)
    error = float(np.sqrt(units.often @ (terms - value) ** 2 / (n * (n - 1))))
    reach = float(special.stdtrit(n - 1, (1 + level) / 2)) * error
    return Estimate(value, value - reach, min(value + reach, 1.0), level, "Gwet's linearised variance, Student t", n)
