"""Usability of the online tool: System Usability Scale."""

from __future__ import annotations

import pandas as pd

from ..psychometrics.usability import system_usability_scale
from ..results import rows_from
from .common import Setting, Tables, gather, mark, of_activity, select, wide


def usability(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return the mean SUS score with its interval."""
    rated = select(of_activity(tables["ratings"], setting, "tool_review"), target_type="usability")
    if rated.empty:
        return gather([])
    answers = wide(rated, [f"SUS{k:02d}" for k in range(1, 11)])
    estimate = system_usability_scale(answers, missing="listwise", ci_level=setting.level)
    return gather(
        [
            rows_from(estimate, stream="tool_review", statistic="system_usability_scale", target_type="study",
                      unit="points", source_rows=mark(rated, "ratings", "tool_review usability"))
        ]
    )  # fmt: skip
