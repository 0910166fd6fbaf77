"""The one adapter for pingouin: a second engine's point estimate beside ours.

Rows with missing cells are dropped before every call. pingouin's own listwise deletion counts the persons
before it drops them, which makes its interval too narrow; only its point estimates are used.
"""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from ..core import Estimate
from .checks import FloatArray, as_matrix, check_choice, drop_missing

OPINIONS: tuple[str, ...] = ("cronbach_alpha", "icc")

# pingouin's names of the models
_ICC_NAMES = {
    "1-1": "ICC(1,1)", "A-1": "ICC(A,1)", "C-1": "ICC(C,1)",
    "1-k": "ICC(1,k)", "A-k": "ICC(A,k)", "C-k": "ICC(C,k)",
}  # fmt: skip


def second_opinion(name: str, data: ArrayLike | pd.DataFrame, *, model: str = "A-1") -> Estimate:
    """Return pingouin's point estimate of one of our statistics.

    Parameters
    ----------
    name : {"cronbach_alpha", "icc"}
        The statistic, by our name.
    data : array_like or DataFrame
        The same data: persons x items, or units x raters. Rows with missing cells are dropped and counted.
    model : str, default "A-1"
        Model of the intraclass correlation, by our name.

    Returns
    -------
    Estimate
        Value without interval, engine and version in `method`. ``too_few`` under two complete rows,
        ``undefined`` under two columns or when pingouin gives no number.

    Raises
    ------
    StatisticError
        For an unknown name or model, text, or infinite values.

    Examples
    --------
    >>> from ktss_analysis.psychometrics.oracle import second_opinion
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> round(second_opinion("icc", judges, model="C-k").value, 4)
    0.9093
    """
    check_choice(name, OPINIONS, "name")
    check_choice(model, tuple(_ICC_NAMES), "model")
    matrix, _ = as_matrix(data, "data")
    rows, n_missing = drop_missing(matrix, "listwise", "data")
    if rows.shape[1] < 2:
        return Estimate.absent("undefined", f"{rows.shape[1]} column(s); needs 2", n_missing=len(matrix))
    if len(rows) < 2:
        return Estimate.absent(
            "too_few", f"{len(rows)} complete row(s); needs 2", n_used=len(rows), n_missing=n_missing
        )
    value, method = _ask(name, rows, model)
    if value != value:
        reason = "pingouin gives no number for these data"
        return Estimate.absent("undefined", reason, method=method, n_used=len(rows), n_missing=n_missing)
    return Estimate(value, method=method, n_used=len(rows), n_missing=n_missing)


def _ask(name: str, rows: FloatArray, model: str) -> tuple[float, str]:
    """Return pingouin's number for complete rows, and what was called."""
    import pingouin

    engine = f"pingouin {pingouin.__version__}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its deprecation and division warnings; a missing number is reported
        if name == "cronbach_alpha":
            value: Any = pingouin.cronbach_alpha(data=pd.DataFrame(rows))[0]
            return float(value), f"{engine}, cronbach_alpha, rows with missing answers dropped before the call"
        long = pd.DataFrame(rows).rename_axis("unit").reset_index().melt("unit", var_name="rater", value_name="rating")
        table = pingouin.intraclass_corr(data=long, targets="unit", raters="rater", ratings="rating")
    value = table.set_index("Type")["ICC"].get(_ICC_NAMES[model], float("nan"))
    return float(value), f"{engine}, intraclass_corr, {_ICC_NAMES[model]}, complete rows"
