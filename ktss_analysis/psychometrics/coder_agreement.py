"""Agreement of coders, code by code, from the long table of codings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..core import Estimate, StatisticError
from .checks import FloatArray, check_level
from .content import target_frame
from .krippendorff import krippendorff_alpha
from .registry import statistic

_TURN = ["group_id", "turn"]


@statistic(
    family="coding", symbol="alpha", data="codings", returns="frame", bounds=(None, 1), min_n=2,
    invariant_to={"row_order"}, source="doi:10.1080/19312450709336664",
)  # fmt: skip
def coder_agreement(codings: pd.DataFrame, *, rare: int = 10, ci_level: float = 0.95) -> pd.DataFrame:
    """Compute how far coders agree on each code, on the turns that two or more of them coded.

    Definition: for a code, each turn is a unit and each coder who coded the turn gives 1 (the code was applied) or
    0; `estimate` is Krippendorff's nominal alpha of these marks, `agreement_share` the share of turns on which all
    its coders say the same.

    Parameters
    ----------
    codings : DataFrame
        Columns `group_id`, `turn`, `code_id`, `coder_id`. A row with a missing code says that the coder read the
        turn and applied none; without such rows a turn to which a coder applied nothing is missing for that coder,
        and agreement looks better than it is. Rows with a missing group, turn or coder are left out.
    rare : int, default 10
        A code applied to fewer of these turns has too little to agree on: ``too_few``.
    ci_level : float, default .95
        Level of the jackknife interval, which leaves out one group at a time: turns of one group are not
        independent.

    Returns
    -------
    DataFrame
        One row per code: `estimate` (at most 1), limits, `agreement_share`, `n_turns` (turns with the code),
        `n_used` (turns that two or more coded), `n_missing` (turns that one coded). ``too_few`` for a rare code;
        ``undefined`` for a code on all turns by all coders. No limits with one group.

    Raises
    ------
    StatisticError
        For a missing column, or `rare` below 1.

    Notes
    -----
    For a code on few turns the share is high whatever the coders do: read alpha. With fewer than about ten groups
    the interval is wide and rough. Coders who settled a turn by talking must not enter: give the codings from
    before.

    References
    ----------
    Hayes, A. F., & Krippendorff, K. (2007). Answering the call for a standard reliability measure for coding
    data. *Communication Methods and Measures, 1*, 77-89. https://doi.org/10.1080/19312450709336664

    Examples
    --------
    Two coders, four turns; on one of them only the first applied the code:

    >>> import pandas as pd
    >>> from ktss_analysis.psychometrics.coder_agreement import coder_agreement
    >>> rows = [("FG1", 1, "trust", "c1"), ("FG1", 1, "trust", "c2"), ("FG1", 2, "trust", "c1"),
    ...         ("FG1", 2, None, "c2"), ("FG2", 1, None, "c1"), ("FG2", 1, None, "c2"),
    ...         ("FG2", 2, None, "c1"), ("FG2", 2, None, "c2")]
    >>> codings = pd.DataFrame(rows, columns=["group_id", "turn", "code_id", "coder_id"])
    >>> row = coder_agreement(codings, rare=1).iloc[0]
    >>> round(float(row["estimate"]), 4), float(row["agreement_share"])
    (0.5333, 0.75)
    """
    level = check_level(ci_level)
    if rare != int(rare) or rare < 1:
        raise StatisticError(f"rare={rare!r}; allowed: whole numbers from 1")
    table = _read_turns(codings)
    turns = pd.MultiIndex.from_frame(table[_TURN].drop_duplicates().sort_values(_TURN))
    coders = sorted(table["coder_id"].astype(str).unique())
    read = _marks(table, turns, coders)
    several = read.sum(axis=1) >= 2
    groups = turns.get_level_values("group_id").to_numpy()[several]
    codes = sorted(table["code_id"].dropna().astype(str).unique())
    rows = []
    for code in codes:
        applied = _marks(table[table["code_id"].astype("string") == code], turns, coders)
        marks = np.where(read > 0, applied, np.nan)[several]
        rows.append(_row(marks, groups, rare, level))
    estimates = [row[0] for row in rows]
    return target_frame(
        codes, key="code_id", estimate=[one.value for one in estimates], ci_low=[one.low for one in estimates],
        ci_high=[one.high for one in estimates], ci_level=[one.level for one in estimates],
        method=[one.method for one in estimates], agreement_share=[row[1] for row in rows],
        n_turns=[row[2] for row in rows], n_used=int(several.sum()), n_missing=int((~several).sum()),
        status=[one.status for one in estimates], reason=[one.reason for one in estimates],
    )  # fmt: skip


def _read_turns(codings: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that name a turn and a coder, or refuse a table without the columns."""
    if not isinstance(codings, pd.DataFrame):
        raise StatisticError("codings: a DataFrame with group_id, turn, code_id and coder_id is needed")
    for name in (*_TURN, "code_id", "coder_id"):
        if name not in codings.columns:
            raise StatisticError(f"codings: column {name!r} is missing")
    return codings.dropna(subset=[*_TURN, "coder_id"])


def _marks(table: pd.DataFrame, turns: pd.MultiIndex, coders: list[str]) -> FloatArray:
    """Return 1 where a coder has a row on a turn, shape (n_turns, n_coders)."""
    marks = np.zeros((len(turns), len(coders)))
    rows = turns.get_indexer(pd.MultiIndex.from_frame(table[_TURN]))
    marks[rows, pd.Categorical(table["coder_id"].astype(str), categories=coders).codes] = 1
    return marks


def _row(marks: FloatArray, groups: np.ndarray, rare: int, level: float) -> tuple[Estimate, float, int]:
    """Return alpha, the share of turns with full agreement, and the turns with the code."""
    method = "Krippendorff's alpha, nominal, code applied or not"
    n_turns = int((np.nansum(marks, axis=1) > 0).sum()) if marks.size else 0
    if not len(marks):
        return Estimate.absent("too_few", "no turn was read by two coders", method=method), np.nan, 0
    high, low = np.fmax.reduce(marks, axis=1), np.fmin.reduce(marks, axis=1)
    share = float((high == low).mean())
    if n_turns < rare:
        reason = f"applied to {n_turns} turn(s) that two coders read; needs {rare}"
        return Estimate.absent("too_few", reason, method=method, n_used=len(marks)), share, n_turns
    alpha = krippendorff_alpha(marks, level="nominal", cluster=groups, ci_level=level)
    return alpha, share, n_turns
