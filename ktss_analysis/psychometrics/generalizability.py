"""Generalizability theory: how much of a score is the person, and how much items, raters or occasions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from ..core import Estimate, StatisticError
from .checks import FloatArray, check_choice, check_level
from .facet_designs import PERSON, CrossedDesign
from .frames import tidy
from .registry import statistic
from .resampling import TotalsStatistic, bootstrap_interval, jackknife_interval

Interval = Literal["jackknife", "bootstrap"]

_Options = tuple[Interval, float, int, int]


@dataclass(frozen=True, slots=True)
class GeneralizabilityStudy:
    """Result of `generalizability`.

    Parameters
    ----------
    g : Estimate
        Generalizability coefficient: reliability of differences between persons (relative decisions).
    phi : Estimate
        Dependability coefficient: reliability of the score itself (absolute decisions).
    relative_error, absolute_error : Estimate
        Standard errors of measurement that belong to them, in points.
    components : DataFrame
        One row per effect: `effect`, `df`, `mean_square`, variance component as `estimate` with limits,
        `raw_estimate` before a negative one is set to zero, `variance_share`, status.
    facets : str
        Facets, their letters and numbers of levels, in words.
    """

    g: Estimate
    phi: Estimate
    relative_error: Estimate
    absolute_error: Estimate
    components: pd.DataFrame
    facets: str


@dataclass(frozen=True, slots=True)
class _Data:
    """Complete scores of shape (n_persons, *levels), centred, or why there are none."""

    scores: FloatArray
    design: CrossedDesign
    n_missing: int
    facets: str
    problem: Estimate | None
    totals: FloatArray


@statistic(
    family="generalizability", symbol="G, Phi", data="facets", returns="other", bounds=(0, 1), min_n=2,
    invariant_to={"row_order"}, source="doi:10.1007/978-1-4757-3456-0",
)  # fmt: skip
def generalizability(
    ratings_long: pd.DataFrame,
    facets: Sequence[str] = ("item_id",),
    *,
    person: str = "person_id",
    value: str = "value",
    fixed: Sequence[str] = (),
    missing: Literal["raise", "listwise"] = "raise",
    ci_method: Interval = "jackknife",
    ci_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 0,
) -> GeneralizabilityStudy:
    r"""Compute variance components, G and Phi of a design of persons crossed with one or two facets.

    .. math:: X_{pir} = \mu + \nu_p + \nu_i + \nu_r + \nu_{pi} + \nu_{pr} + \nu_{ir} + \nu_{pir,e}, \qquad
              G = \frac{\sigma^2_p}{\sigma^2_p + \sigma^2_\delta}, \quad
              \Phi = \frac{\sigma^2_p}{\sigma^2_p + \sigma^2_\Delta}

    .. math:: \sigma^2_\delta = \frac{\sigma^2_{pi}}{n_i} + \frac{\sigma^2_{pr}}{n_r} + \frac{\sigma^2_{pir}}{n_i n_r},
              \qquad \sigma^2_\Delta = \sigma^2_\delta + \frac{\sigma^2_i}{n_i} + \frac{\sigma^2_r}{n_r}
              + \frac{\sigma^2_{ir}}{n_i n_r}

    Components come from the expected mean squares of the complete crossed design, effects random.

    Parameters
    ----------
    ratings_long : DataFrame
        One row per judgement: columns `person`, `facets` and `value`.
    facets : sequence of str, default ("item_id",)
        One or two columns whose levels every person meets (items, raters, occasions).
    person, value : str, default "person_id" and "value"
        Columns with the person and the number.
    fixed : sequence of str, optional
        Facets whose levels are all there are: their interaction with persons is part of what is measured. At
        least one facet must stay random.
    missing : {"raise", "listwise"}, default "raise"
        The design must be complete. ``"listwise"`` leaves out persons with a missing cell and counts them;
        ``"raise"`` names a missing cell.
    ci_method : {"jackknife", "bootstrap"}, default "jackknife"
        Interval of the coefficients: leave one person out, on the scale of :math:`\log(1 - G)`, with Student's t;
        or BCa bootstrap over persons. Both take the levels of the facets as given: they do not say how another
        handful of raters would change the result.
    ci_level : float, default .95
        Confidence level.
    n_boot, seed : int, default 2000 and 0
        Resamples and seed of the bootstrap.

    Returns
    -------
    GeneralizabilityStudy
        `g`, `phi`, both errors of measurement and the table of `components`. A component estimated below zero is
        set to zero, and its row says so in `reason`. Limits of components: Satterthwaite's chi-square, exact for
        the residual, rough for small components, none for one set to zero or with less than one degree of
        freedom. ``too_few`` under two persons, ``undefined`` under two levels of a facet or when all values are
        equal.

    Raises
    ------
    StatisticError
        For missing columns or cells, a cell that stands there twice, values that are not numbers, other than one
        or two facets, all facets fixed.

    Notes
    -----
    Components of a facet with two or three levels are hardly known; a design with unequal numbers is refused
    rather than approximated (for one facet, `icc` with ``missing="available"`` takes it). With one facet G is
    Cronbach's alpha and Phi the intraclass correlation A-k, unless a component is negative.

    References
    ----------
    Brennan, R. L. (2001). *Generalizability theory*. Springer. https://doi.org/10.1007/978-1-4757-3456-0
    Cronbach, L. J., Gleser, G. C., Nanda, H., & Rajaratnam, N. (1972). *The dependability of behavioral
    measurements*. Wiley.

    Examples
    --------
    Four persons and three items, by hand: mean squares 18.083 (persons), 4 (items) and 0.333, so that G is
    1 - 0.333 / 18.083.

    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.generalizability import generalizability
    >>> table = pd.DataFrame([(p, i, 2.0 * p + 1.0 * i + (p == i)) for p in range(4) for i in range(3)],
    ...                      columns=["person_id", "item_id", "value"])
    >>> study = generalizability(table)
    >>> round(study.g.value, 3), round(study.phi.value, 3)
    (0.982, 0.934)
    """
    check_choice(ci_method, ("jackknife", "bootstrap"), "ci_method")
    level = check_level(ci_level)
    facets, fixed = _names(facets), _names(fixed)
    data = _prepare(ratings_long, facets, person, value, fixed, missing)
    letters = dict(zip(facets, data.design.letters, strict=True))
    if data.problem is not None:
        gone = data.problem
        return GeneralizabilityStudy(gone, gone, gone, gone, _no_components(data), data.facets)
    sizes = dict(zip(data.design.letters, data.design.levels, strict=True))
    inner = [letters[facet] for facet in fixed]
    options = (ci_method, level, n_boot, seed)
    g, phi = (_coefficient(data, sizes, inner, absolute, options) for absolute in (False, True))
    relative, absolute = (_error(data, sizes, inner, absolute, options) for absolute in (False, True))
    return GeneralizabilityStudy(g, phi, relative, absolute, _component_table(data, level), data.facets)


@statistic(
    family="generalizability", symbol="G, Phi", data="facets", returns="frame", bounds=(0, 1), min_n=2,
    invariant_to={"row_order"}, source="doi:10.1007/978-1-4757-3456-0",
)  # fmt: skip
def decision_study(
    ratings_long: pd.DataFrame,
    facets: Sequence[str] = ("item_id",),
    *,
    designs: Sequence[Mapping[str, int]] | None = None,
    person: str = "person_id",
    value: str = "value",
    fixed: Sequence[str] = (),
    missing: Literal["raise", "listwise"] = "raise",
    ci_method: Interval = "jackknife",
    ci_level: float = 0.95,
    n_boot: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Compute G and Phi for other numbers of items, raters or occasions than those observed.

    The variance components of `generalizability`, divided by the numbers of levels of each design.

    Parameters
    ----------
    ratings_long, facets, person, value, fixed, missing, ci_method, ci_level, n_boot, seed
        See `generalizability`.
    designs : sequence of mappings, optional
        Levels of each facet, e.g. ``[{"item_id": 6, "rater": 2}]``. Default: all combinations of one level, as
        many as observed, and twice as many.

    Returns
    -------
    DataFrame
        Two rows per design, `statistic` `g` and `phi`: `design` in words and the fields of an estimate.

    Raises
    ------
    StatisticError
        See `generalizability`; a design without one of the facets, with another, or with less than one level; a
        fixed facet with another number of levels than observed.

    Notes
    -----
    A projection: it holds when the levels added are drawn like those observed.

    References
    ----------
    Brennan, R. L. (2001). *Generalizability theory*. Springer. https://doi.org/10.1007/978-1-4757-3456-0

    Examples
    --------
    With one facet, the Spearman-Brown formula:

    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.generalizability import decision_study
    >>> table = pd.DataFrame([(p, i, 2.0 * p + 1.0 * i + (p == i)) for p in range(4) for i in range(3)],
    ...                      columns=["person_id", "item_id", "value"])
    >>> found = decision_study(table, designs=[{"item_id": 1}, {"item_id": 3}])
    >>> [round(float(number), 3) for number in found[found["statistic"] == "g"]["estimate"]]
    [0.947, 0.982]
    """
    check_choice(ci_method, ("jackknife", "bootstrap"), "ci_method")
    level = check_level(ci_level)
    facets, fixed = _names(facets), _names(fixed)
    data = _prepare(ratings_long, facets, person, value, fixed, missing)
    letters = dict(zip(facets, data.design.letters, strict=True))
    observed = dict(zip(facets, data.design.levels, strict=True))
    if designs is None:
        choice = [(count,) if facet in fixed else sorted({1, count, 2 * count}) for facet, count in observed.items()]
        designs = [dict(zip(facets, numbers, strict=True)) for numbers in product(*choice)]
    rows = []
    for design in designs:
        if data.problem is None:
            _check_design(design, observed, fixed)
        words = ", ".join(f"{facet}: {design[facet]}" for facet in facets if facet in design)
        sizes = {letters[facet]: int(count) for facet, count in design.items() if facet in letters}
        for name, absolute in (("g", False), ("phi", True)):
            found = data.problem or _coefficient(
                data, sizes, [letters[facet] for facet in fixed], absolute, (ci_method, level, n_boot, seed)
            )
            rows.append({"design": words, "statistic": name, **found.as_row()})
    return tidy(pd.DataFrame(rows).to_dict(orient="list"), "decision_study")


def _coefficient(
    data: _Data,
    sizes: Mapping[str, int],
    fixed: Sequence[str],
    absolute: bool,
    options: tuple[Interval, float, int, int],
) -> Estimate:
    """Return G or Phi of a design with its interval over persons."""
    level = options[1]
    function = data.design.coefficient(sizes, fixed, absolute=absolute)
    name = f"{'dependability' if absolute else 'generalizability'} coefficient, expected mean squares"
    base: dict[str, Any] = {"n_used": len(data.scores), "n_missing": data.n_missing}
    value = float(function(data.totals)[0])
    if value != value:
        return Estimate.absent("undefined", "neither persons nor errors vary", method=name, **base)
    if value > 1 - 1e-12:
        return Estimate(1.0, method=f"{name}; no interval: no error at all", **base)
    found = _interval(data, _log_distance(function), options)
    if found.low is None or found.high is None:
        why = found.reason or found.method.removeprefix("no interval: ")
        return Estimate(value, method=f"{name}; no interval: {why}", reason=f"no interval: {why}", **base)
    low, high = (float(-np.expm1(-limit)) for limit in (found.low, found.high))
    method = f"{name}; {found.method}, on the scale of log(1 - G)"
    return Estimate(value, max(min(low, value), 0.0), max(high, value), level, method, **base)


def _error(data: _Data, sizes: Mapping[str, int], fixed: Sequence[str], absolute: bool, options: _Options) -> Estimate:
    """Return the relative or absolute standard error of measurement with its interval over persons."""
    name = f"{'absolute' if absolute else 'relative'} standard error of measurement, {data.facets}"
    base: dict[str, Any] = {"n_used": len(data.scores), "n_missing": data.n_missing}

    def log_error(totals: FloatArray) -> FloatArray:
        _, relative, whole = data.design.parts(np.maximum(data.design.components(totals), 0), sizes, fixed)
        error = whole if absolute else relative
        return np.asarray(np.log(np.where(error > 0, error, np.nan)) / 2)

    value = float(np.exp(log_error(data.totals)[0]))
    if value != value:
        return Estimate(0.0, method=f"{name}; no interval: no error at all", **base)
    found = _interval(data, log_error, options)
    if found.low is None or found.high is None:
        why = found.reason or found.method.removeprefix("no interval: ")
        return Estimate(value, method=f"{name}; no interval: {why}", reason=f"no interval: {why}", **base)
    low, high = (float(np.exp(limit)) for limit in (found.low, found.high))
    method = f"{name}; {found.method}, on the scale of the logarithm"
    return Estimate(value, min(low, value), max(high, value), options[1], method, **base)


def _interval(data: _Data, function: TotalsStatistic, options: _Options) -> Estimate:
    """Return the jackknife or bootstrap interval over persons."""
    kind, level, n_boot, seed = options
    rows = data.design.contributions(data.scores)
    if kind == "bootstrap":
        found = bootstrap_interval(function, rows, ci_level=level, n_boot=n_boot, seed=seed)
    else:
        found = jackknife_interval(function, rows, ci_level=level)
    if found.low is not None and found.low == found.high:
        return Estimate(found.value, method="no interval: leaving out a person changes nothing")
    return found


def _log_distance(function: TotalsStatistic) -> TotalsStatistic:
    def distance(totals: FloatArray) -> FloatArray:
        value = function(totals)
        return np.asarray(-np.log1p(-np.where(value < 1 - 1e-12, value, np.nan)))

    return distance


def _component_table(data: _Data, level: float) -> pd.DataFrame:
    """Return the analysis of variance with components and Satterthwaite's limits."""
    design, totals = data.design, data.totals
    squares, freedom = (part[0] for part in design.mean_squares(totals))
    terms = design.weights(totals[:, -1])[0] * squares
    raw = terms.sum(axis=1)
    tiny = 1e-12 * max(float(np.abs(terms).max()), 1e-300)
    value = np.where(raw > tiny, raw, 0.0)
    positive = value > 0
    df = np.where(positive, raw**2 / np.maximum((terms**2 / freedom).sum(axis=1), 1e-300), 1.0)
    known = positive & (df >= 1)
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = (np.where(known, df * value / special.chdtri(np.maximum(df, 1), tail), np.nan) for tail in tails)
    rows: dict[str, Any] = {
        "effect": [" x ".join(effect) for effect in design.effects], "df": freedom, "mean_square": squares,
        "estimate": value, "raw_estimate": raw, "variance_share": value / value.sum() if positive.any() else value,
        "ci_low": low, "ci_high": high, "ci_level": np.where(known, level, np.nan), "n_used": len(data.scores),
        "n_missing": data.n_missing, "method": f"{data.facets}; expected mean squares; Satterthwaite interval",
        "status": "ok", "reason": [_remark(*part, tiny) for part in zip(raw, known, strict=True)],
    }  # fmt: skip
    return tidy(rows, "generalizability")


def _remark(raw: float, known: bool, tiny: float) -> str:
    """Return what a reader must know about a component: that it was negative, or is too uncertain for limits."""
    if raw < -tiny:
        return f"estimated at {raw:.4g}, set to zero"
    return "" if known or raw <= tiny else "no interval: less than one degree of freedom"


def _no_components(data: _Data) -> pd.DataFrame:
    assert data.problem is not None
    row = data.problem.as_row()
    row = {
        "effect": PERSON,
        **{key: row[key] for key in ("estimate", "n_used", "n_missing", "method", "status", "reason")},
    }
    return tidy(pd.DataFrame([row]).to_dict(orient="list"), "generalizability")


def _check_design(design: Mapping[str, int], observed: Mapping[str, int], fixed: Sequence[str]) -> None:
    if set(design) != set(observed):
        raise StatisticError(f"designs: found {dict(design)}; allowed: a number for each of {', '.join(observed)}")
    for facet, count in design.items():
        if count < 1 or count % 1:
            raise StatisticError(f"designs: {facet}: {count!r}; allowed: whole numbers from 1")
        if facet in fixed and count != observed[facet]:
            raise StatisticError(f"designs: {facet} is fixed at {observed[facet]} levels, found {count}")


def _prepare(
    table: pd.DataFrame, facets: Sequence[str], person: str, value: str, fixed: Sequence[str], missing: str
) -> _Data:
    """Return the scores of a complete design as an array, or why there are none."""
    check_choice(missing, ("raise", "listwise"), "missing")
    if len(facets) not in (1, 2) or len(set(facets)) != len(facets):
        raise StatisticError(f"facets={facets!r}; allowed: one or two different columns")
    if not set(fixed) < set(facets):
        raise StatisticError(f"fixed={tuple(fixed)!r}; allowed: facets, but not all of {', '.join(facets)}")
    if not isinstance(table, pd.DataFrame):
        raise StatisticError("ratings_long: needs a table with one row per judgement")
    for column in (person, *facets, value):
        if column not in table.columns:
            raise StatisticError(f"ratings_long: no column {column!r}; allowed: {', '.join(map(str, table.columns))}")
    letters = _letters(facets)
    used = table.loc[table[[person, *facets, value]].notna().all(axis=1), [person, *facets, value]]
    numbers = _numbers(used[value], value)
    twice = used.duplicated([person, *facets])
    if twice.any():
        cell = used.loc[twice, [person, *facets]].iloc[0].tolist()
        raise StatisticError(f"ratings_long: {_cell(person, facets, cell)} stands there twice")
    axes = [pd.factorize(used[column], sort=True) for column in (person, *facets)]
    shape = tuple(len(levels) for _, levels in axes)
    scores = np.full(shape, np.nan)
    scores[tuple(codes for codes, _ in axes)] = numbers
    everybody = table[person].nunique()
    complete = ~np.isnan(scores).reshape(shape[0], -1).any(axis=1) if scores.size else np.zeros(shape[0], dtype=bool)
    if missing == "raise" and not complete.all():
        gap = np.argwhere(np.isnan(scores))[0]
        cell = [levels[place] for (_, levels), place in zip(axes, gap, strict=True)]
        raise StatisticError(
            f"ratings_long: {_cell(person, facets, cell)} is missing, the design is not complete; "
            "choose missing='listwise' to leave out such persons"
        )
    n_missing = everybody - int(complete.sum())
    words = " x ".join(
        f"{facet} ({letter}, {size})" for facet, letter, size in zip(facets, letters, shape[1:], strict=True)
    )
    design = CrossedDesign(tuple(letters), shape[1:])
    kept = scores[complete]
    problem = _problem(kept, facets, n_missing)
    if problem is None:
        kept = kept - kept.mean()
    totals = design.contributions(kept).sum(axis=0)[None, :] if problem is None else np.zeros((1, 1))
    return _Data(kept, design, n_missing, f"persons x {words}", problem, totals)


def _problem(scores: FloatArray, facets: Sequence[str], n_missing: int) -> Estimate | None:
    n, levels = len(scores), scores.shape[1:]
    base: dict[str, Any] = {"method": "generalizability", "n_used": n, "n_missing": n_missing}
    if n < 2:
        return Estimate.absent("too_few", f"{n} person(s) with all ratings; needs 2", **base)
    for facet, count in zip(facets, levels, strict=True):
        if count < 2:
            return Estimate.absent("undefined", f"{facet} has {count} level(s); needs 2", **base)
    if np.ptp(scores) == 0:
        return Estimate.absent("undefined", f"all values are equal ({scores.flat[0]:g})", **base)
    return None


def _names(columns: Sequence[str]) -> list[str]:
    """Return column names as a list; one name may stand alone, as on the command line."""
    return [columns] if isinstance(columns, str) else list(columns)


def _letters(facets: Sequence[str]) -> list[str]:
    """Return a letter for each facet: its first one that is free and is not p."""
    letters: list[str] = []
    for facet in facets:
        free = [letter for letter in [*str(facet).lower(), *"abcdefgh"] if letter.isalpha() and letter != PERSON]
        letters.append(next(letter for letter in free if letter not in letters))
    return letters


def _cell(person: str, facets: Sequence[str], cell: Sequence[object]) -> str:
    plain = [value.item() if isinstance(value, np.generic) else value for value in cell]
    return ", ".join(f"{name} {value!r}" for name, value in zip((person, *facets), plain, strict=True))


def _numbers(values: pd.Series, name: str) -> FloatArray:
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.isna().any():
        wrong = values[numbers.isna()].iloc[0]
        raise StatisticError(f"ratings_long: column {name!r} holds {wrong!r}; allowed: numbers")
    if np.isinf(numbers.to_numpy(dtype=float)).any():
        raise StatisticError(f"ratings_long: column {name!r} holds an infinite value")
    return numbers.to_numpy(dtype=float)
