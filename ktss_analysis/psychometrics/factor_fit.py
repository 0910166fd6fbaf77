"""Fit measures of an exploratory factor model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from ..core import Status
from .checks import FloatArray
from .frames import tidy

_NAMES = ("chi_square", "rmsea", "tli", "cfi", "bic", "srmr")
_ORDINAL = "a chi-square of polychoric correlations would need their weight matrix; see srmr"


def fit_measures(
    matrix: FloatArray, implied: FloatArray, n_factors: int, n: int, n_missing: int, level: float, method: str,
    *, ordinal: bool,
) -> pd.DataFrame:  # fmt: skip
    """Return one row per measure for a correlation matrix and the one the factors imply (diagonal 1)."""
    k = len(matrix)
    df = ((k - n_factors) ** 2 - k - n_factors) // 2
    residual = (matrix - implied)[np.triu_indices(k, 1)]
    values = dict.fromkeys(_NAMES, np.nan) | {"srmr": float(np.sqrt((residual**2).mean()))}
    limits, p_value, reason = (np.nan, np.nan), np.nan, _ORDINAL
    if not ordinal:
        reason = "" if df > 0 else "no degrees of freedom are left"
        chi, base = _chi_square(matrix, implied, n_factors, n), _chi_square(matrix, np.eye(k), n_factors, n)
        values["chi_square"] = chi
        if df > 0:
            p_value = float(special.chdtrc(df, chi))
            limits = _rmsea_limits(chi, df, n, level)
            values |= _indices(chi, df, base, k * (k - 1) / 2, n)
    status = ["ok" if not np.isnan(values[name]) else "undefined" for name in _NAMES]
    at = {name: index for index, name in enumerate(_NAMES)}
    low, high, level_column, p = (np.full(len(_NAMES), np.nan) for _ in range(4))
    low[at["rmsea"]], high[at["rmsea"]] = limits
    level_column[at["rmsea"]] = level if not np.isnan(limits[0]) else np.nan
    p[at["chi_square"]] = p_value
    return tidy(
        {
            "statistic": list(_NAMES), "estimate": [values[name] for name in _NAMES], "ci_low": low, "ci_high": high,
            "ci_level": level_column, "df": [float(df)] * len(_NAMES), "p_value": p, "n_used": [n] * len(_NAMES),
            "n_missing": [n_missing] * len(_NAMES), "method": [method] * len(_NAMES), "status": status,
            "reason": ["" if state == "ok" else reason or "not defined" for state in status],
        },
        "fit_efa",
    )  # fmt: skip


def no_measures(problem: tuple[Status, str], method: str, n_used: int, n_missing: int) -> pd.DataFrame:
    """Return the same rows without numbers, and why."""
    rows, nothing = len(_NAMES), [np.nan] * len(_NAMES)
    gaps = dict.fromkeys(("estimate", "ci_low", "ci_high", "ci_level", "df", "p_value"), nothing)
    return tidy(
        {
            "statistic": list(_NAMES), **gaps, "n_used": [n_used] * rows, "n_missing": [n_missing] * rows,
            "method": [method] * rows, "status": [problem[0]] * rows, "reason": [problem[1]] * rows,
        },
        "fit_efa",
    )  # fmt: skip


def _chi_square(matrix: FloatArray, implied: FloatArray, n_factors: int, n: int) -> float:
    """Return the chi-square of the normal-theory discrepancy with Bartlett's factor for that number of factors."""
    k = len(matrix)
    sign, log_implied = np.linalg.slogdet(implied)
    if sign <= 0:
        return float("nan")
    discrepancy = log_implied - np.linalg.slogdet(matrix)[1] + np.trace(np.linalg.solve(implied, matrix)) - k
    return float(max(discrepancy, 0.0) * (n - 1 - (2 * k + 5) / 6 - 2 * n_factors / 3))


def _indices(chi: float, df: float, base: float, base_df: float, n: int) -> dict[str, float]:
    misfit, base_misfit = max(chi - df, 0.0), max(base - base_df, chi - df, 0.0)
    ratio = base / base_df
    return {
        "rmsea": float(np.sqrt(misfit / (df * n))),
        "tli": (ratio - chi / df) / (ratio - 1) if abs(ratio - 1) > 1e-12 else float("nan"),
        "cfi": 1 - misfit / base_misfit if base_misfit > 0 else 1.0,
        "bic": chi - df * float(np.log(n)),
    }


def _rmsea_limits(chi: float, df: float, n: int, level: float) -> tuple[float, float]:
    """Return limits from the noncentral chi-square distribution; 0 where no noncentrality reaches the tail."""
    tails = (1 + level) / 2, (1 - level) / 2
    low, high = (
        float(special.chndtrinc(chi, df, tail)) if special.chdtr(df, chi) > tail else 0.0 for tail in tails
    )  # fmt: skip
    return float(np.sqrt(low / (df * n))), float(np.sqrt(high / (df * n)))
