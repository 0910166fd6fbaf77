"""What can be said on the form as a whole: missing answers, fitness for factors, number of dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from ..core import Estimate
from ..psychometrics.dimensionality import bartlett_sphericity, kmo
from ..psychometrics.missing_data import little_mcar, missing_patterns
from ..psychometrics.polychoric import polychoric
from ..psychometrics.retention import Retention, empirical_kaiser, velicer_map
from ..results import count_row, rows_from
from .common import Setting, Tables, gated, gather, mark
from .responses import STREAM, keyed_answers

_LITTLE = "Little's chi-square, moments by maximum likelihood (EM)"


def _all_answers(tables: Tables, setting: Setting) -> tuple[pd.DataFrame, str]:
    """Return persons x all items of the form, and the description of the rows behind."""
    items = [item for group in setting.framework.scales().values() for item in group]
    answers = keyed_answers(tables, setting, items) if items else pd.DataFrame()
    responses = tables["responses"]
    own = responses[responses["item_id"].isin([item.id for item in items])] if len(responses) else responses
    return answers, mark(own, "responses", "all items")


def missing_answers(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return how many people answered every item, how many patterns of gaps there are, and Little's test of them."""
    answers, note = _all_answers(tables, setting)
    if answers.empty:
        return gather([])
    n = len(answers)
    common: dict[str, Any] = {"stream": STREAM, "source_rows": note, "n_used": n}
    patterns = missing_patterns(answers)
    parts = [
        count_row(int(answers.notna().all(axis=1).sum()), statistic="complete_answers", **common),
        count_row(int(answers.isna().to_numpy().sum()), statistic="missing_answers", unit="answers", **common),
        count_row(len(patterns), statistic="missing_patterns", unit="patterns", **common),
    ]
    chi_square, p_value = _little(answers, setting)
    test = {"stream": STREAM, "target_type": "study", "source_rows": note}
    parts.append(rows_from(chi_square, statistic="little_mcar", unit="chi-square", **test))
    parts.append(rows_from(p_value, statistic="little_mcar_p", unit="probability", **test))
    return gather(parts)


def _little(answers: pd.DataFrame, setting: Setting) -> tuple[Estimate, Estimate]:
    """Return Little's chi-square with its degrees of freedom in `method`, and the p-value."""
    n = len(answers)
    reason = setting.rules.too_few("little_mcar", n)
    if reason:
        absent = Estimate.absent("too_few", reason, method=_LITTLE, n_used=n)
        return absent, absent
    test = little_mcar(answers)
    found = test.estimate
    if found.value is None or test.p_value is None:
        return found, found
    method = f"{found.method}; df {test.df}, {test.n_patterns} patterns"
    return Estimate(found.value, method=method, n_used=n), Estimate(test.p_value, method=method, n_used=n)


def factorability(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return KMO, Bartlett's test, Velicer's MAP, the empirical Kaiser criterion, and how sparse the answers are.

    All for the whole form and complete answers. `sparse_pairs` is the share of item pairs whose table of answers has
    an empty cell: there polychoric correlations lean on the model more than on the answers.
    """
    answers, note = _all_answers(tables, setting)
    if answers.empty:
        return gather([])
    n_used = len(answers.dropna())
    n_missing = len(answers) - n_used
    common = {"stream": STREAM, "target_type": "study", "source_rows": note}
    measures: list[tuple[str, str, Callable[[], Estimate]]] = [
        ("kmo", "coefficient", lambda: _whole(kmo(answers, missing="listwise"))),
        ("bartlett_chi_square", "chi-square", lambda: _whole(bartlett_sphericity(answers, missing="listwise"))),
        ("bartlett_p", "probability", lambda: _whole(bartlett_sphericity(answers, missing="listwise"), "p_value")),
        ("velicer_map", "dimensions", lambda: _retained(velicer_map(answers, missing="listwise"))),
        ("empirical_kaiser", "dimensions", lambda: _retained(empirical_kaiser(answers, missing="listwise"))),
        ("sparse_pairs", "share of pairs", lambda: _sparse(answers)),
    ]
    parts = [
        rows_from(gated(setting, statistic, n_used, n_missing, compute, method=statistic.replace("_", " ")),
                  statistic=statistic, unit=unit, **common)
        for statistic, unit, compute in measures
    ]  # fmt: skip
    return gather(parts)


def _whole(frame: pd.DataFrame, column: str = "estimate") -> Estimate:
    """Return the first row, that of the whole form, as an estimate without limits."""
    row = frame.iloc[0]
    base: dict[str, Any] = {"method": row["method"], "n_used": int(row["n_used"]), "n_missing": int(row["n_missing"])}
    if row["status"] != "ok":
        return Estimate.absent(row["status"], row["reason"], **base)
    if "df" in frame.columns:
        base["method"] += f"; df {row['df']:g}"
    return Estimate(float(row[column]), **base)


def _retained(criterion: Retention) -> Estimate:
    base: dict[str, Any] = {
        "method": criterion.method, "n_used": criterion.n_used, "n_missing": criterion.n_missing,
    }  # fmt: skip
    if criterion.n_factors is None:
        return Estimate.absent(criterion.status, criterion.reason, **base)
    return Estimate(float(criterion.n_factors), **base)


def _sparse(answers: pd.DataFrame) -> Estimate:
    complete = answers.dropna()
    pairs = polychoric(complete).frame
    method = "item pairs with an empty cell in their table of answers, both categories in use"
    base: dict[str, Any] = {"method": method, "n_used": len(complete), "n_missing": len(answers) - len(complete)}
    known = pairs[pairs["status"] == "ok"]
    if known.empty:
        return Estimate.absent("undefined", "no pair of items varies", **base)
    return Estimate(float((known["empty_cells"] > 0).mean()), **base)
