"""Internal consistency beside alpha and omega: lower bounds, split halves, ordinal coefficients, error in points."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from ..core import Estimate
from ..framework import Item
from ..psychometrics.greatest_lower_bound import greatest_lower_bound
from ..psychometrics.lower_bounds import guttman_lambdas, split_half
from ..psychometrics.ordinal_reliability import categorical_omega, ordinal_alpha
from ..psychometrics.reliability import standard_error_of_measurement
from ..psychometrics.retest import change_beyond_error
from ..results import rows_from
from .common import Setting, Tables, gated, gather, mark
from .responses import STREAM, keyed_answers

LAMBDAS = {"lambda_2": "guttman_lambda_2", "lambda_6": "guttman_lambda_6"}
HALVES = ("split_half_mean", "split_half_min", "split_half_max")


def other_coefficients(tables: Tables, setting: Setting) -> pd.DataFrame:
    """Return, per skill, what other definitions of reliability give for the same answers.

    Guttman's lambda 2 and 6, the mean, worst and best split half, ordinal alpha, categorical omega, the greatest lower
    bound, and the smallest change of one person beyond the error of measurement on one occasion. Complete answers
    only. Categorical omega is fitted without weights (ULS), which Forero et al. (2009, doi:10.1080/10705510903203573)
    found more exact than DWLS in samples of a few hundred. Definition and estimator stand in `method`; what is below
    its gate is not computed and says from which n on it is.
    """
    parts = []
    for skill_id, items in setting.framework.scales().items():
        answers = keyed_answers(tables, setting, items)
        if not answers.empty:
            parts += _of_skill(tables, setting, skill_id, items, answers)
    return gather(parts)


def _of_skill(
    tables: Tables, setting: Setting, skill_id: str, items: list[Item], answers: pd.DataFrame
) -> list[pd.DataFrame]:
    responses = tables["responses"]
    own = responses[responses["item_id"].isin([item.id for item in items])]
    common = {
        "stream": STREAM, "target_type": "skill", "target_id": skill_id,
        "source_rows": mark(own, "responses", skill_id),
    }  # fmt: skip
    n_used = len(answers.dropna())
    n_missing = len(answers) - n_used
    rows = []
    for statistic, unit, compute in _measures(answers, setting, skill_id):
        value = gated(setting, statistic, n_used, n_missing, compute, method=f"{statistic.replace('_', ' ')}, listwise")
        rows.append(rows_from(value, statistic=statistic, unit=unit, **common))
    bounds = guttman_lambdas(answers, missing="listwise", ci_level=setting.level).set_index("statistic")
    for name, statistic in LAMBDAS.items():
        row = bounds.loc[[name]].assign(target_id=skill_id)
        row["method"] = f"{name.replace('_', ' ')}, " + row["method"]
        rows.append(rows_from(row, statistic=statistic, unit="coefficient", **common))
    halves = split_half(answers, missing="listwise", seed=setting.seed("split_half", skill_id)).set_index("statistic")
    for statistic in HALVES:
        row = halves.loc[[statistic]].assign(target_id=skill_id)
        row["method"] = f"{statistic.rpartition('_')[2]} over all splits; " + row["method"]
        rows.append(rows_from(row, statistic=statistic, unit="coefficient", **common))
    return rows


def _measures(answers: pd.DataFrame, setting: Setting, skill_id: str) -> list[tuple[str, str, Callable[[], Estimate]]]:
    level = setting.level

    def change() -> Estimate:
        error = standard_error_of_measurement(answers, missing="listwise", ci_level=level)
        return change_beyond_error(error, confidence=level)

    def ordinal(statistic: Callable[..., Estimate], **options: str) -> Callable[[], Estimate]:
        seed = setting.seed(statistic.__name__, skill_id)
        return partial(statistic, answers, missing="listwise", ci_level=level, seed=seed, **options)

    return [
        ("smallest_detectable_change_one_occasion", "points", change),
        ("ordinal_alpha", "coefficient", ordinal(ordinal_alpha)),
        ("categorical_omega", "coefficient", ordinal(categorical_omega, estimator="uls")),
        ("greatest_lower_bound", "coefficient", partial(greatest_lower_bound, answers, missing="listwise")),
    ]
