"""What every registered statistic must do, by the facts in its registry entry.

A statistic is tested from the day it is registered. One that the drivers below cannot call fails
`test_every_statistic_has_a_driver`; a property that does not hold by design stands in `EXCEPTIONS`, with its
reason.
"""

from __future__ import annotations

import copy
import dataclasses
import doctest
import importlib
import inspect
import pkgutil
import re
import sys

import numpy as np
import pandas as pd
import pytest

import ktss_analysis.psychometrics as package
from ktss_analysis.core import Estimate, StatisticError
from ktss_analysis.pocket import shown
from ktss_analysis.psychometrics.registry import STATISTICS

for found in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"{package.__name__}.{found.name}")

NAMES = sorted(STATISTICS)
TABLES = {"items", "ratings", "units", "counts"}  # kinds whose first argument is a table of numbers
LONG = {"choices", "codings", "facets"}
IDS = [
    "pattern",
    "statistic",
    "component",
    "item_id",
    "other_item_id",
    "target_id",
    "other_target_id",
    "code_id",
    "other_code_id",
    "skill_id",
    "group_id",
    "person_id",
    "tier",
    "n_groups",
]

# (statistic, property): why it does not hold
EXCEPTIONS = {
    (
        "friedman_nemenyi",
        "column_order",
    ): "the first of a pair is the target whose column comes first: signs follow",
    ("alpha_sample_size", "wider_level"): "it has no interval; its level is that of the interval planned for",
    ("icc_sample_size", "wider_level"): "it has no interval; its level is that of the interval planned for",
}


# --- data of each kind


def items() -> pd.DataFrame:
    """60 persons, six items, 1-5, one factor with unequal loadings."""
    generator = np.random.default_rng(11)
    trait = generator.normal(size=(60, 1))
    raw = 3 + trait * np.array([0.9, 0.8, 1.0, 0.7, 0.9, 0.6]) + 0.8 * generator.normal(size=(60, 6))
    frame = pd.DataFrame(np.clip(np.rint(raw), 1, 5), columns=[f"S1-{number}" for number in range(1, 7)])
    return frame.set_index(pd.Index([f"p{number:02d}" for number in range(60)]))


def holes(data: pd.DataFrame) -> pd.DataFrame:
    """The same data with a tenth of the cells missing."""
    return data.mask(np.random.default_rng(19).random(data.shape) < 0.1)


def ratings(low: int = 1, high: int = 4) -> pd.DataFrame:
    """14 raters, six targets."""
    raw = np.random.default_rng(12).integers(low, high + 1, size=(14, 6)).astype(float)
    raw[:, 0] = np.where(np.arange(14) < 12, high, low)
    return pd.DataFrame(
        raw, columns=[f"S{number:02d}" for number in range(1, 7)], index=[f"r{n:02d}" for n in range(14)]
    )


def rankings() -> pd.DataFrame:
    """30 persons who rank six targets without ties."""
    noisy = np.linspace(-1, 1, 6) + np.random.default_rng(20).gumbel(size=(30, 6))
    raw = np.argsort(np.argsort(noisy, axis=1), axis=1) + 1.0
    return pd.DataFrame(raw, columns=ratings().columns, index=[f"r{n:02d}" for n in range(30)])


def units(n_raters: int = 3) -> pd.DataFrame:
    """25 units, codes 1-4, raters who agree more than by chance."""
    generator = np.random.default_rng(13)
    truth = generator.integers(1, 5, size=(25, 1))
    noise = generator.integers(1, 5, size=(25, n_raters))
    raw = np.where(generator.random((25, n_raters)) < 0.7, truth, noise).astype(float)
    return pd.DataFrame(raw, columns=[f"rater {n}" for n in range(n_raters)], index=[f"u{n:02d}" for n in range(25)])


def counts() -> pd.DataFrame:
    """15 units that six raters put in four categories."""
    shares = np.random.default_rng(14).dirichlet([0.5] * 4, size=15)
    raw = np.array([np.random.default_rng(row).multinomial(6, share) for row, share in enumerate(shares)])
    return pd.DataFrame(raw, columns=list("abcd"), index=[f"u{n:02d}" for n in range(15)])


def choices() -> pd.DataFrame:
    """Ten persons, four sets of four out of six targets."""
    generator, rows = np.random.default_rng(15), []
    for person in range(10):
        for number in range(4):
            shown = sorted(generator.choice(list("ABCDEF"), size=4, replace=False))
            best, worst = shown[0], shown[int(generator.integers(1, 4))]
            rows.append((f"p{person}", f"s{number}", "|".join(shown), best, worst))
    return pd.DataFrame(rows, columns=["person_id", "set_id", "shown", "best", "worst"])


def codings() -> pd.DataFrame:
    """Five groups, codes on turns by four speakers each."""
    generator, rows = np.random.default_rng(16), []
    for group in range(5):
        for turn in range(12):
            code = ["adapt", "listen", "trust", "lead"][int(generator.integers(0, 4))]
            rows.append((f"g{group}", f"g{group}-p{turn % 4}", turn + 1, code, "c1", "+0-"[turn % 3], f"skill {code}"))
    names = ["group_id", "person_id", "turn", "code_id", "coder_id", "valence", "skill_id"]
    return pd.DataFrame(rows, columns=names)


def facets() -> pd.DataFrame:
    """30 persons who rate five items: one facet."""
    generator, rows = np.random.default_rng(17), []
    person, item = generator.normal(size=30), generator.normal(size=5) / 2
    for p in range(30):
        for i in range(5):
            value = float(np.clip(np.rint(3 + person[p] + item[i] + generator.normal()), 1, 5))
            rows.append((f"p{p:02d}", f"item {i}", value))
    return pd.DataFrame(rows, columns=["person_id", "item_id", "value"])


def double_codings() -> pd.DataFrame:
    """The codings of a second coder, who now and then takes another code, beside those of the first."""
    first, generator = codings(), np.random.default_rng(21)
    second = first.assign(coder_id="c2")
    other = generator.random(len(second)) < 0.25
    second.loc[other, "code_id"] = generator.choice(["adapt", "listen", "trust", "lead"], other.sum())
    return pd.concat([first, second], ignore_index=True)


MAKE = {
    "items": items,
    "ratings": ratings,
    "units": units,
    "counts": counts,
    "choices": choices,
    "facets": facets,
    "codings": codings,
}
TEXT = "The coach listens to the team and asks what each person needs. " * 30

# data other than the kind's, by name
DATA = {
    "cohen_kappa": lambda: (units(2),),
    "g_index": lambda: (214, 250, 3),
    "icc_sample_size": lambda: (0.70, 3, 0.2),
    "limits_of_agreement": lambda: (units(2),),
    "retest_summary": lambda: (units(2),),
    "content_validity_ratio": lambda: (ratings(1, 3),),
    "disagreement_index": lambda: (ratings(1, 9),),
    "round_stability": lambda: (ratings(1, 9), ratings(1, 9).clip(2, 8)),
    "friedman_nemenyi": lambda: (ratings(1, 9),),
    "round_attrition": lambda: (ratings(1, 9), ratings(1, 9).iloc[:9]),
    "kendall_w": lambda: (ratings(1, 9),),
    "reversed_rater": lambda: (ratings(1, 9),),
    "plackett_luce": lambda: (rankings(),),
    "duplicate_answers": lambda: (pd.concat([items(), items().iloc[:2].rename(index="{}-again".format)]),),
    "even_odd_consistency": lambda: (items().iloc[:, [0, 1, 2, 3, 4, 5]], [2, 2, 2]),
    "sus_scores": lambda: (pd.concat([items(), items().iloc[:, :4].add_suffix("b")], axis=1),),
    "system_usability_scale": lambda: (pd.concat([items(), items().iloc[:, :4].add_suffix("b")], axis=1),),
    "polyserial": lambda: (pd.DataFrame({"score": items().sum(axis=1), "S1-1": items()["S1-1"]}),),
    "coder_agreement": lambda: (double_codings(),),
    "missing_patterns": lambda: (holes(items()),),
    "em_moments": lambda: (holes(items()),),
    "little_mcar": lambda: (holes(items()),),
    # summary numbers
    "wilson_interval": lambda: (81, 263),
    "clopper_pearson_interval": lambda: (81, 263),
    "feldt_interval": lambda: (0.85, 89, 7),
    "bonett_interval": lambda: (0.85, 89, 7),
    "reliability_interval": lambda: (0.88, 0.0147, 100),
    "fisher_interval": lambda: (0.6, 40),
    "alpha_sample_size": lambda: (0.75, 5),
    "median_interval": lambda: (np.random.default_rng(17).integers(1, 10, size=31).astype(float),),
    "critical_cvr": lambda: (10,),
    "speeders": lambda: (pd.Series(np.random.default_rng(18).uniform(20, 300, size=30)), 24),
    "lix": lambda: (TEXT,),
    "readability": lambda: (TEXT, "en"),
}  # fmt: skip
OPTIONS = {
    "coder_agreement": {"rare": 3},
    "fit_efa": {"n_factors": 2},
    "omega_hierarchical": {"n_factors": 2, "n_starts": 2},
    "alpha_sample_size": {"width": 0.15},
    "item_statistics": {"scale": (1, 5)},
    "score_items": {"scale": (1, 5)},
    "share_agreeing": {"agree_from": 3},
    "tastle_wierman": {"scale": (1, 4)},
    "psychometric_synonyms": {"correlation_from": 0.2},
}
# options that keep simulations short
SHORT = {"n_boot": 200, "n_sets": 60, "n_orders": 60}


def arguments(name: str) -> tuple:
    entry = STATISTICS[name]
    return DATA[name]() if name in DATA else (MAKE[entry.data](),)


def call(name: str, *args: object, **options: object):
    function = STATISTICS[name].function
    known = inspect.signature(function).parameters
    short = {key: value for key, value in SHORT.items() if key in known}
    return function(*args, **{**short, **OPTIONS.get(name, {}), **options})


def tables(result: object) -> list[pd.DataFrame]:
    """Return the numbers of a result as frames: one row per estimate, one frame per result field."""
    if isinstance(result, Estimate):
        return [pd.DataFrame([result.as_row()])]
    if isinstance(result, pd.DataFrame):
        return [result]
    if dataclasses.is_dataclass(result):
        fields = {name: getattr(result, name) for name in shown(type(result))}
    else:
        fields = result._asdict()
    parts = [part for value in fields.values() if isinstance(value, Estimate | pd.DataFrame) for part in tables(value)]
    scalars = {key: value for key, value in fields.items() if not isinstance(value, Estimate | pd.DataFrame)}
    return [*parts, pd.DataFrame([scalars])]


def aligned(frame: pd.DataFrame, like: pd.Index | None) -> pd.DataFrame:
    """Return the frame in an order that does not depend on the input's: by person, else by ids."""
    by_person = like is not None and "person_id" not in frame.columns
    if by_person and len(frame) == len(like) and set(frame.index) == set(like) and len(set(like)) == len(like):
        return frame.loc[sorted(frame.index)]
    ids = [name for name in IDS if name in frame.columns]
    return (frame.sort_values(ids, kind="stable") if ids else frame).reset_index(drop=True)


def assert_same(one: object, other: object, *, like: pd.Index | None = None, only: str | None = None) -> None:
    """Check that two results are the same to ten digits."""
    for first, second in zip(tables(one), tables(other), strict=True):
        first, second = aligned(first, like), aligned(second, like)
        if only is not None:
            columns = [name for name in ("estimate", "status") if name in first.columns]
            first, second = first[columns], second[columns]
        pd.testing.assert_frame_equal(first, second, check_dtype=False, rtol=1e-8, atol=1e-10)


def having(
    *, fact: str | None = None, kinds: set[str] | None = None, option: str | None = None, but: str = ""
) -> list[str]:
    """Return the names to test: by declared invariance, kind of data, or option of the function."""
    return [
        name for name in NAMES
        if (fact is None or fact in STATISTICS[name].invariant_to)
        and (kinds is None or STATISTICS[name].data in kinds)
        and (option is None or option in inspect.signature(STATISTICS[name].function).parameters)
        and (name, but) not in EXCEPTIONS
    ]  # fmt: skip


# --- the registry itself


def undriven(statistics: dict) -> list[str]:
    """Return the statistics that no driver can call, with their kind of data."""
    return [
        f"{name} (data={entry.data!r})"
        for name, entry in sorted(statistics.items())
        if name not in DATA and entry.data not in MAKE
    ]


def test_every_statistic_has_a_driver():
    without = undriven(STATISTICS)
    assert not without, f"no driver calls: {', '.join(without)}; add data to tests/property/test_registry.py"
    assert len(NAMES) > 20


def test_a_statistic_without_a_driver_is_noticed():
    """Negative control of the gate above."""
    entry = dataclasses.replace(STATISTICS["wilson_interval"], name="new_statistic")
    assert undriven({**STATISTICS, "new_statistic": entry}) == ["new_statistic (data='summary')"]


def test_gap_and_wrong_row_order_are_noticed():
    """Negative controls of the checks below."""
    gap = pd.DataFrame({"estimate": [np.nan], "status": ["ok"], "reason": [""]})
    with pytest.raises(AssertionError):
        assert_no_bare_gap(gap)
    with pytest.raises(AssertionError):
        assert_no_bare_gap(gap.assign(status="undefined"))
    first = pd.DataFrame({"item_id": ["a", "b"], "estimate": [0.1, 0.2]})
    assert_same(first, first.iloc[::-1])
    with pytest.raises(AssertionError):
        assert_same(first, first.assign(estimate=[0.2, 0.1]))


def test_drivers_and_exceptions_name_registered_statistics():
    named = {*DATA, *OPTIONS, *(name for name, _ in EXCEPTIONS)}
    assert named <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_registry_entry_is_complete(name):
    entry = STATISTICS[name]
    assert entry.family
    assert entry.symbol
    assert entry.returns in ("estimate", "frame", "other")
    assert entry.min_n >= 1
    assert entry.invariant_to <= {"row_order", "column_order", "affine", "relabel"}
    assert entry.source.startswith("doi:10.") or re.search(r"\(\d{4}\)", entry.source), entry.source


@pytest.mark.parametrize("name", NAMES)
def test_docstring_has_the_sections_and_a_source(name):
    text = inspect.getdoc(STATISTICS[name].function) or ""
    assert text.splitlines()[0].endswith(".")
    for section in ("Parameters", "Returns", "References", "Examples"):
        assert f"\n{section}\n{'-' * len(section)}\n" in text, section
    references = text.split("\nReferences\n")[1].split("\nExamples\n")[0]
    assert "https://doi.org/10." in references or re.search(r"\(\d{4}[a-z]?\)\. .+\. .+", references, re.DOTALL)


@pytest.mark.parametrize("name", NAMES)
def test_examples_in_the_docstring_run(name):
    function = STATISTICS[name].function
    module = sys.modules[function.__module__]
    (example, *_) = doctest.DocTestFinder(recurse=False).find(function, name, globs=dict(vars(module)))
    assert example.examples, "no example"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    report: list[str] = []
    runner.run(example, out=report.append)
    assert runner.failures == 0, "".join(report)


# --- one honest call


@pytest.mark.parametrize("name", NAMES)
def test_good_data_give_a_number(name):
    """Without this, every other test could pass on statistics that never compute anything."""
    result = call(name, *arguments(name))
    kind = {"estimate": Estimate, "frame": pd.DataFrame}.get(STATISTICS[name].returns, object)
    assert isinstance(result, kind)
    for table in tables(result):
        if "status" in table:
            assert (table["status"] == "ok").any(), table["reason"].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_estimate_is_inside_bounds_and_interval(name):
    low, high = STATISTICS[name].bounds
    for table in tables(call(name, *arguments(name)))[: None if STATISTICS[name].returns != "other" else 1]:
        if "estimate" not in table:
            continue
        estimate = table["estimate"].dropna().astype(float)
        assert low is None or (estimate >= low - 1e-12).all()
        assert high is None or (estimate <= high + 1e-12).all()
        if "ci_low" in table:
            known = table.dropna(subset=["estimate", "ci_low", "ci_high"])
            assert (known["ci_low"].astype(float) <= known["estimate"].astype(float) + 1e-12).all()
            assert (known["estimate"].astype(float) <= known["ci_high"].astype(float) + 1e-12).all()


@pytest.mark.parametrize("name", having(option="ci_level", but="wider_level"))
def test_wider_level_gives_a_wider_interval(name):
    narrow, wide = (tables(call(name, *arguments(name), ci_level=level))[0] for level in (0.80, 0.95))
    narrow, wide = aligned(narrow, None), aligned(wide, None)
    both = narrow["ci_low"].notna() & wide["ci_low"].notna()
    assert both.any(), "no interval at all"
    narrow, wide = narrow[both].astype({"ci_low": float, "ci_high": float}), wide[both].astype(
        {"ci_low": float, "ci_high": float}
    )  # fmt: skip
    assert (wide["ci_low"] <= narrow["ci_low"] + 1e-12).all()
    assert (wide["ci_high"] >= narrow["ci_high"] - 1e-12).all()
    assert ((wide["ci_high"] - wide["ci_low"]) > (narrow["ci_high"] - narrow["ci_low"])).any()


@pytest.mark.parametrize("name", NAMES)
def test_inputs_are_not_modified_and_calls_repeat(name):
    args = arguments(name)
    before = copy.deepcopy(args)
    first, second = call(name, *args), call(name, *args)
    for ours, theirs in zip(args, before, strict=True):
        if isinstance(ours, pd.DataFrame):
            pd.testing.assert_frame_equal(ours, theirs)
        elif isinstance(ours, pd.Series):
            pd.testing.assert_series_equal(ours, theirs)
        else:
            np.testing.assert_array_equal(ours, theirs)
    for one, other in zip(tables(first), tables(second), strict=True):
        pd.testing.assert_frame_equal(one, other)


# --- what must not matter


@pytest.mark.parametrize("name", having(fact="row_order"))
def test_row_order(name):
    args = arguments(name)
    data = args[0]
    order = np.random.default_rng(1).permutation(len(data))
    turned = data.iloc[order] if hasattr(data, "iloc") else data[order]
    others = tuple(
        other.iloc[order] if isinstance(other, pd.DataFrame) and len(other) == len(data) else other
        for other in args[1:]
    )
    like = data.index if hasattr(data, "index") else None
    assert_same(call(name, *args), call(name, turned, *others), like=like)


@pytest.mark.parametrize("name", having(fact="column_order", kinds=TABLES, but="column_order"))
def test_column_order(name):
    (data, *others) = arguments(name)
    order = np.random.default_rng(2).permutation(data.shape[1])
    assert_same(call(name, data, *others), call(name, data.iloc[:, order], *others), like=data.index)


@pytest.mark.parametrize("name", having(fact="affine", kinds=TABLES))
def test_affine_change(name):
    (data, *others) = arguments(name)
    options = {}
    if "scale" in OPTIONS.get(name, {}):
        options["scale"] = tuple(3 * end + 2 for end in OPTIONS[name]["scale"])
    assert_same(
        call(name, data, *others),
        call(name, 3 * data + 2, *others, **options),
        like=data.index,
        only="estimate",
    )


@pytest.mark.parametrize("name", having(fact="relabel", kinds=TABLES))
def test_relabelling(name):
    (data, *others) = arguments(name)
    labels = sorted(set(data.to_numpy().ravel()))
    new = dict(zip(labels, np.random.default_rng(3).permutation(labels) * 7 + 1, strict=True))
    assert_same(call(name, data, *others), call(name, data.replace(new), *others), like=data.index, only="estimate")


@pytest.mark.parametrize("name", having(option="missing", kinds=TABLES))
def test_listwise_equals_dropping_first(name):
    (data, *others) = arguments(name)
    holed = data.astype(float)
    holed.iloc[1, 0] = holed.iloc[1, 1] = holed.iloc[4, -1] = np.nan
    listwise, dropped = call(name, holed, *others, missing="listwise"), call(name, holed.dropna(), *others)
    numbers = ["estimate", "ci_low", "ci_high", "n_used", "status"]
    for one, other in zip(tables(listwise), tables(dropped), strict=True):
        columns = [column for column in numbers if column in one]
        if len(one) == len(data):  # one row per person: those left out have no number
            one = one[one["status"] == "ok"]
        one, other = aligned(one[columns], None), aligned(other[columns], None)
        pd.testing.assert_frame_equal(one, other, rtol=1e-10)
    with pytest.raises(StatisticError, match="missing"):
        call(name, holed, *others, missing="raise")


# --- data without information


def assert_no_bare_gap(result: object) -> None:
    """Check that each row is either a number or a reason, never a gap."""
    for table in tables(result):
        if "status" not in table:
            continue
        assert set(table["status"]) <= {"ok", "too_few", "undefined", "masked"}
        gone = table["status"] != "ok"
        assert (table.loc[gone, "reason"].str.len() > 0).all()
        for column in {"estimate", "ci_low", "ci_high"} & set(table.columns):
            assert table.loc[gone, column].isna().all(), column
        if "estimate" in table:
            assert table.loc[~gone, "estimate"].notna().all()


def reduced(kind: str, data: pd.DataFrame) -> pd.DataFrame:
    changed = {
        "constant": lambda: data * 0 + data.iloc[0, 0], "single row": lambda: data.iloc[:1],
        "empty": lambda: data.iloc[:0], "all missing": lambda: data * np.nan,
    }  # fmt: skip
    return changed[kind]()


@pytest.mark.parametrize("kind", ["constant", "single row", "empty", "all missing"])
@pytest.mark.parametrize("name", having(kinds=TABLES))
def test_tables_without_information_give_a_reason(name, kind):
    """No warning (warnings are errors), no bare gap; a refusal names what is wrong."""
    (data, *others) = arguments(name)
    table = reduced(kind, data)
    others = [reduced(kind, other) if isinstance(other, pd.DataFrame) else other for other in others]
    options = {}
    if kind == "all missing" and "missing" in inspect.signature(STATISTICS[name].function).parameters:
        options["missing"] = "listwise"
    refusal, result = None, None
    try:
        result = call(name, table, *others, **options)
    except StatisticError as error:
        refusal = str(error)
    if refusal is not None:
        assert kind in ("all missing", "constant"), f"refused: {refusal}"
        assert len(refusal) > 10
        return
    assert_no_bare_gap(result)
    if kind in ("empty", "all missing"):
        for part in tables(result):
            assert "status" not in part or not (part["status"] == "ok").any()


@pytest.mark.parametrize("kind", ["single row", "empty"])
@pytest.mark.parametrize("name", having(kinds=LONG))
def test_long_tables_without_information_give_a_reason(name, kind):
    assert_no_bare_gap(call(name, reduced(kind, *arguments(name))))
