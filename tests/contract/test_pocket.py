"""`ktss stat` reaches every registered statistic: the file gives the number that the function gives."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import KtssError
from ktss_analysis.pocket import about, compute, listing, plain
from ktss_analysis.psychometrics import STATISTICS

TESTS = Path(__file__).resolve().parent.parent


def drivers() -> ModuleType:
    """Return the data of the property tests: one honest call of each statistic."""
    path = TESTS / "property" / "test_registry.py"
    spec = importlib.util.spec_from_file_location("registry_drivers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DRIVERS = drivers()


def option(key: str, value: object) -> str:
    return f"{key}={json.dumps(value)}" if not isinstance(value, str) else f"{key}={value}"


def written(folder: Path, name: str) -> tuple[Path | None, list[str], str]:
    """Write the driver's data as a person has them; return the file, the options and the column with the names."""
    import inspect

    entry = STATISTICS[name]
    first, *others = DRIVERS.arguments(name)
    known = inspect.signature(entry.function).parameters
    options = {key: value for key, value in DRIVERS.SHORT.items() if key in known} | DRIVERS.OPTIONS.get(name, {})
    rest = list(known)[1 : 1 + len(others)]
    path, id_column = folder / "data.csv", ""
    for key, value in zip(rest, others, strict=True):
        if isinstance(value, pd.DataFrame):
            value.rename_axis("person").to_csv(folder / f"{key}.csv")
            value = str(folder / f"{key}.csv")
        options[key] = value
    if isinstance(first, pd.DataFrame):
        numbers = entry.data in ("items", "ratings", "units", "counts")
        id_column = "person" if numbers else ""
        first.rename_axis("person").to_csv(path, index=numbers)
    elif isinstance(first, pd.Series | np.ndarray):
        pd.DataFrame({"column": first}).to_csv(path, index=False)
    elif isinstance(first, str):
        path = folder / "data.txt"
        path.write_text(first, encoding="utf-8")
    else:
        options[next(iter(known))] = first
        return None, [option(*pair) for pair in options.items()], ""
    return path, [option(*pair) for pair in options.items()], id_column


def same(one: object, other: object) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return one == other


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_the_file_gives_what_the_function_gives(name: str, tmp_path: Path) -> None:
    path, options, id_column = written(tmp_path, name)
    result = compute(name, path, options=options, id_column=id_column)
    first, *others = DRIVERS.arguments(name)
    if id_column:
        first = first.rename_axis(id_column)
    expected = plain(DRIVERS.call(name, first, *others))
    assert same(result, expected), (result, expected)
    json.dumps(result, allow_nan=False)


def test_a_difference_would_be_noticed() -> None:
    assert same([{"a": 1.0}], [{"a": 1.0 + 1e-13}])
    assert not same([{"a": 1.0}], [{"a": 1.001}])
    assert not same([{"a": 1.0}], [])


def test_labels_of_rows_come_from_a_column(tmp_path: Path) -> None:
    from ktss_analysis.psychometrics import krippendorff_alpha

    units = DRIVERS.units()
    group = np.arange(len(units)) % 5
    path = tmp_path / "units.csv"
    units.assign(group=[f"FG{number}" for number in group]).to_csv(path, index_label="unit")
    result = compute("krippendorff_alpha", path, options=["cluster=group"], id_column="unit")
    direct = krippendorff_alpha(units, cluster=group)
    assert (result["estimate"], result["ci_low"]) == pytest.approx((direct.value, direct.low))


def test_about_says_what_the_page_says() -> None:
    said = about("little_mcar")
    assert "d^2" in said["definition"]
    assert "10.1080/01621459.1988.10478722" in said["source"]
    assert all(said.values())
    assert ":math:" not in "".join(said.values())
    assert ".. math::" not in "".join(said.values())


def test_the_list_has_every_statistic() -> None:
    table = listing()
    assert set(table["name"]) == set(STATISTICS)
    assert (table[["definition", "source"]] != "").all().all()


@pytest.mark.parametrize(
    ("name", "file", "options", "message"),
    [
        ("median_interval", "a,b\n1,2\n3,4\n", [], "takes one column; data.csv has 2"),
        ("round_stability", "p,S\n1,2\n", [], "needs -o second="),
        ("round_stability", "p,S\n1,2\n", ["second=nowhere.csv"], "no such file"),
        ("krippendorff_alpha", "a,b\n1,2\n3,4\n", ["cluster=group"], "no column 'group'"),
        ("wilson_interval", "n\n3\n", ["count=1"], "'count' is given twice"),
        ("cronbach_alpha", "a,b\n1,two\n3,4\n", [], "not a number"),
    ],
)
def test_refusals(name: str, file: str, options: list[str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(file, encoding="utf-8")
    with pytest.raises(KtssError, match=message):
        compute(name, path, options=options)


def test_a_text_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KtssError, match="not a text in UTF-8"):
        compute("lix", path)
    with pytest.raises(KtssError, match="no such file"):
        compute("lix", tmp_path / "absent.txt")


def test_rows_are_printed_with_what_they_share_below(capsys: pytest.CaptureFixture[str]) -> None:
    from ktss_analysis.cli import _print_result

    method = "share at 3 or higher; answers present"
    rows = [{"target_id": name, "estimate": 0.5, "reason": "", "method": method} for name in ("S01", "S02")]
    _print_result(rows)
    out = capsys.readouterr().out
    assert out.count(method) == 1
    assert f"method: {method}" in out
    assert "reason" not in out
    assert {"S01", "S02", "target_id"} <= set(out.replace("│", " ").replace("┃", " ").split())
