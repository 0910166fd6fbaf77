"""The fourteen kinds of bad input of the peers' survey, put to every registered statistic that takes a table.

Each answer must be a number, a status with a reason, or a refusal in words; never a warning (warnings are errors), a
bare gap or another exception. Text and infinite values must be refused with the name of the column, a value off the
scale by every statistic that is told the scale. What single functions answer is in tests/reference/test_bad_input.py.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics.registry import STATISTICS


def drivers() -> ModuleType:
    path = Path(__file__).resolve().parent / "test_registry.py"
    spec = importlib.util.spec_from_file_location("registry_drivers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DRIVERS = drivers()
TABLES = DRIVERS.having(kinds=DRIVERS.TABLES)
TAKES_SCALE = [name for name in TABLES if "scale" in DRIVERS.OPTIONS.get(name, {})]


def cell(data: pd.DataFrame, value: object) -> pd.DataFrame:
    changed = data.astype(object)
    changed.iloc[0, 0] = value
    return changed if isinstance(value, str) else changed.astype(float)


def holes(data: pd.DataFrame) -> pd.DataFrame:
    changed = data.astype(float)
    changed.iloc[min(3, len(data) - 1)] = np.nan
    changed.iloc[min(5, len(data) - 1), -1] = np.nan
    return changed


CASES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "constant_item": lambda data: data.assign(**{data.columns[0]: data.iloc[0, 0]}),
    "all_missing_item": lambda data: data.astype(float).assign(**{data.columns[0]: np.nan}),
    "n_below_k": lambda data: data.iloc[: max(1, data.shape[1] - 1)],
    "negative_alpha": lambda data: data.assign(
        **{data.columns[0]: data.iloc[:, 0].max() + data.min().min() - data.iloc[:, 0]}
    ),
    "single_category": lambda data: data * 0 + data.iloc[0, 0],
    "duplicate_item": lambda data: data.assign(**{data.columns[-1]: data.iloc[:, 0]}),
    "one_row": lambda data: data.iloc[:1],
    "two_rows": lambda data: data.iloc[:2],
    "no_rows": lambda data: data.iloc[:0],
    "one_item": lambda data: data.iloc[:, :1],
    "out_of_range": lambda data: cell(data, 55.0),
    "infinite": lambda data: cell(data, np.inf),
    "text_value": lambda data: cell(data, "agree"),
    "empty_row_and_hole": holes,
}


def answer(name: str, case: str) -> tuple[object, str]:
    """Return the result and an empty text, or None and the words of the refusal."""
    (data, *others) = DRIVERS.arguments(name)
    bad = CASES[case](data)
    others = [CASES[case](other) if isinstance(other, pd.DataFrame) else other for other in others]
    options = {}
    if (
        case in ("all_missing_item", "empty_row_and_hole")
        and "missing" in inspect.signature(STATISTICS[name].function).parameters
    ):
        options["missing"] = "listwise"
    try:
        return DRIVERS.call(name, bad, *others, **options), ""
    except StatisticError as error:
        return None, str(error)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", TABLES)
def test_a_number_a_reason_or_a_refusal(name: str, case: str) -> None:
    result, words = answer(name, case)
    if words:
        assert len(words) > 15
        assert "nan" not in words.split()
    else:
        DRIVERS.assert_no_bare_gap(result)


@pytest.mark.parametrize("case", ["infinite", "text_value"])
@pytest.mark.parametrize("name", TABLES)
def test_what_is_no_answer_is_refused_by_name(name: str, case: str) -> None:
    column = str(DRIVERS.arguments(name)[0].columns[0])
    result, words = answer(name, case)
    assert result is None, "a value that is no answer was used"
    assert repr(column) in words
    assert ("agree" if case == "text_value" else "infinite") in words


@pytest.mark.parametrize("name", TAKES_SCALE)
def test_a_value_off_the_scale_is_refused(name: str) -> None:
    result, words = answer(name, "out_of_range")
    assert result is None
    assert repr(str(DRIVERS.arguments(name)[0].columns[0])) in words
    assert "55" in words


@pytest.mark.parametrize("name", DRIVERS.having(option="missing", kinds=DRIVERS.TABLES))
def test_holes_without_a_rule_are_refused(name: str) -> None:
    (data, *others) = DRIVERS.arguments(name)
    with pytest.raises(StatisticError, match="missing"):
        DRIVERS.call(name, holes(data), *others, missing="raise")


def test_all_cases_of_the_survey_are_tried(shared: Path) -> None:
    for file in ("bad_input_py.csv", "bad_input_r.csv"):
        assert set(pd.read_csv(shared / "reference" / file)["case"]) == set(CASES)
    assert len(TAKES_SCALE) >= 3


def test_a_gap_would_be_noticed() -> None:
    """Negative control."""
    with pytest.raises(AssertionError):
        DRIVERS.assert_no_bare_gap(pd.DataFrame({"estimate": [np.nan], "status": ["ok"], "reason": [""]}))
