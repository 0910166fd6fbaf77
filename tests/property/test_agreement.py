"""What must hold for the agreement of any ratings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.psychometrics.agreement import (
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    count_values,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
)
from ktss_analysis.psychometrics.intraclass import MODELS, icc

codes = st.integers(1, 4).map(float)
complete = hnp.arrays(float, st.tuples(st.integers(3, 15), st.integers(2, 4)), elements=codes)
holed = hnp.arrays(float, st.tuples(st.integers(3, 15), st.integers(2, 4)), elements=st.one_of(codes, st.just(np.nan)))
pairs = hnp.arrays(float, st.tuples(st.integers(3, 20), st.just(2)), elements=codes)
LEVELS = ["nominal", "ordinal", "interval", "ratio"]


def by_definition(data, level):
    """Alpha from its definition, with loops over units and pairs."""
    rows = [row[~np.isnan(row)] for row in data]
    rows = [row for row in rows if len(row) > 1]
    everything = np.concatenate(rows)
    values, n_c = np.unique(everything, return_counts=True)
    rank = dict(zip(values, np.cumsum(n_c) - n_c / 2, strict=True))
    distance = {
        "nominal": lambda a, b: float(a != b), "interval": lambda a, b: (a - b) ** 2,
        "ratio": lambda a, b: ((a - b) / (a + b)) ** 2, "ordinal": lambda a, b: (rank[a] - rank[b]) ** 2,
    }[level]  # fmt: skip
    observed = sum(
        distance(row[i], row[j]) / (len(row) - 1)
        for row in rows
        for i in range(len(row))
        for j in range(len(row))
        if i != j
    )
    expected = sum(distance(a, b) for a in everything for b in everything)
    return 1 - (len(everything) - 1) * observed / expected


@pytest.mark.parametrize("level", LEVELS)
@given(holed)
@settings(max_examples=40, deadline=None)
def test_krippendorff_equals_its_definition(level, data):
    alpha = krippendorff_alpha(data, level=level)
    assert alpha.n_used + alpha.n_missing == len(data)
    assume(alpha.status == "ok")
    assert alpha.value == pytest.approx(by_definition(data, level), abs=1e-10)
    if alpha.low is not None:
        assert alpha.low <= alpha.value <= alpha.high <= 1


@given(holed, st.integers(-3, 3), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_interval_alpha_survives_a_change_of_unit(data, shift, factor):
    one, other = (krippendorff_alpha(part, level="interval") for part in (data, factor * data + shift))
    assert one.status == other.status
    if one.status == "ok":
        assert one.value == pytest.approx(other.value, abs=1e-9)


@given(holed, st.permutations([1.0, 2.0, 3.0, 4.0]))
@settings(max_examples=40, deadline=None)
def test_nominal_alpha_survives_new_names(data, names):
    renamed = np.where(np.isnan(data), np.nan, np.array(names)[np.nan_to_num(data, nan=1).astype(int) - 1])
    one, other = krippendorff_alpha(data), krippendorff_alpha(renamed)
    assert one.status == other.status
    if one.status == "ok":
        assert one.value == pytest.approx(other.value, abs=1e-10)


@given(pairs)
@settings(max_examples=40, deadline=None)
def test_ordinal_alpha_survives_stretching_that_keeps_the_order(data):
    stretched = data**3 + 1
    one, other = (krippendorff_alpha(part, level="ordinal") for part in (data, stretched))
    if one.status == "ok":
        assert one.value == pytest.approx(other.value, abs=1e-10)


@given(pairs)
@settings(max_examples=60, deadline=None)
def test_kappa_equals_its_definition_and_ignores_who_is_first(data):
    kappa = cohen_kappa(data, layout="ratings")
    assume(kappa.status == "ok")
    equal = (data[:, 0] == data[:, 1]).mean()
    chance = sum((data[:, 0] == code).mean() * (data[:, 1] == code).mean() for code in (1, 2, 3, 4))
    assert kappa.value == pytest.approx((equal - chance) / (1 - chance), abs=1e-12)
    assert -1 <= kappa.low <= kappa.value <= kappa.high <= 1
    swapped = cohen_kappa(data[:, ::-1], layout="ratings")
    assert (swapped.value, swapped.low) == pytest.approx((kappa.value, kappa.low), abs=1e-12)


@given(pairs)
@settings(max_examples=40, deadline=None)
def test_quadratic_kappa_is_near_the_intraclass_correlation(data):
    """Fleiss and Cohen (1973): quadratic kappa equals the two-way coefficient with n for n - 1."""
    kappa = cohen_kappa(data, weights="quadratic", layout="ratings")
    assume(kappa.status == "ok")
    first, second = data.T
    expected = 2 * np.cov(data.T, bias=True)[0, 1] / (first.var() + second.var() + (first.mean() - second.mean()) ** 2)
    assert kappa.value == pytest.approx(expected, abs=1e-10)


@given(complete)
@settings(max_examples=40, deadline=None)
def test_fleiss_and_nominal_alpha_differ_by_the_small_sample_term(data):
    """On complete ratings alpha = kappa + (1 - kappa) / n for n ratings in all."""
    counts, _ = count_values(data)
    kappa, alpha = fleiss_kappa(counts), krippendorff_alpha(data)
    assume(kappa.status == "ok")
    assert alpha.value == pytest.approx(kappa.value + (1 - kappa.value) / data.size, abs=1e-10)


@given(complete)
@settings(max_examples=60, deadline=None)
def test_icc_models_are_ordered_and_stepped_up(data):
    results = {model: icc(data, model=model) for model in MODELS}
    k = data.shape[1]
    for result in results.values():
        assert result.status in ("ok", "undefined")
        if result.status == "ok":
            assert result.value <= 1 + 1e-12
            assert result.low is None or result.low <= result.value <= result.high
    for family in "1AC":
        single, mean = results[f"{family}-1"], results[f"{family}-k"]
        if single.status == mean.status == "ok" and 1 + (k - 1) * single.value > 1e-6:
            assert mean.value == pytest.approx(k * single.value / (1 + (k - 1) * single.value), rel=1e-6, abs=1e-8)


def test_severity_of_a_rater_counts_for_agreement_only():
    data = np.random.default_rng(5).integers(1, 8, size=(20, 3)).astype(float)
    severe = data - np.array([0.0, 0.0, 3.0])
    assert icc(severe, model="C-1").value == pytest.approx(icc(data, model="C-1").value, abs=1e-12)
    assert icc(severe, model="A-1").value != pytest.approx(icc(data, model="A-1").value, abs=1e-3)


def test_bootstrap_and_jackknife_intervals_are_alike():
    generator = np.random.default_rng(2)
    truth = generator.integers(1, 5, size=(150, 1))
    data = np.where(generator.random((150, 3)) < 0.6, truth, generator.integers(1, 5, size=(150, 3))).astype(float)
    for level in LEVELS:
        jackknife = krippendorff_alpha(data, level=level)
        boot = krippendorff_alpha(data, level=level, ci_method="bootstrap", seed=1)
        assert (boot.low, boot.high) == pytest.approx((jackknife.low, jackknife.high), abs=0.02)


SEVERAL = {
    "fleiss": lambda data, **options: fleiss_kappa(data, layout="ratings", **options), "gwet": gwet_ac,
    "brennan_prediger": brennan_prediger, "conger": conger_kappa, "krippendorff": krippendorff_alpha,
}  # fmt: skip


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("weights", [None, "linear", "quadratic", "ordinal"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_vectorised_jackknife_equals_leaving_out(name, weights, seed):
    """Totals of units that are taken together give the interval of a loop over the units of the file."""
    from scipy import stats

    generator = np.random.default_rng(seed)
    truth = generator.integers(1, 5, size=(30, 1))
    data = np.where(generator.random((30, 3)) < 0.6, truth, generator.integers(1, 5, size=(30, 3))).astype(float)
    data[generator.random(data.shape) < 0.15] = np.nan
    needed = 2 if name == "krippendorff" else 1
    used = data[(~np.isnan(data)).sum(axis=1) >= needed]
    given_to_all = {"weights": weights, "ci_method": "jackknife"}
    result = SEVERAL[name](data, **given_to_all)
    assert result.n_used == len(used)
    assert result.n_used + result.n_missing == len(data)
    n = len(used)
    left_out = np.array([SEVERAL[name](np.delete(used, unit, axis=0), **given_to_all).value for unit in range(n)])
    error = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    assert result.value - result.low == pytest.approx(stats.t.ppf(0.975, n - 1) * error, rel=1e-8)


@given(pairs)
@settings(max_examples=40, deadline=None)
def test_two_raters_conger_is_cohen_and_fleiss_is_scott(data):
    cohen, conger = cohen_kappa(data, layout="ratings"), conger_kappa(data)
    assert cohen.status == conger.status
    if cohen.status == "ok":
        assert conger.value == pytest.approx(cohen.value, abs=1e-10)
        fleiss = fleiss_kappa(data, layout="ratings")
        assert fleiss.value <= cohen.value + 1e-10


@given(holed)
@settings(max_examples=40, deadline=None)
def test_gwets_interval_is_the_delta_method_without_missing_ratings(data):
    """On complete ratings the linearised error is the infinitesimal jackknife: near the jackknife's, at any n."""
    complete_rows = data[~np.isnan(data).any(axis=1)]
    assume(len(complete_rows) >= 3)
    many = np.repeat(complete_rows, 40, axis=0)
    analytic, jackknife = gwet_ac(many), gwet_ac(many, ci_method="jackknife")
    assume(analytic.status == "ok" and analytic.low is not None)
    assert analytic.low == pytest.approx(jackknife.low, abs=0.02)


@given(holed)
@settings(max_examples=40, deadline=None)
def test_chance_correction_only_lowers_agreement(data):
    observed = percent_agreement(data)
    for function in SEVERAL.values():
        corrected = function(data)
        if function is not krippendorff_alpha and corrected.status == "ok":
            assert corrected.value <= observed.value + 1e-10


@pytest.mark.parametrize("name", [*SEVERAL, "cohen"])
def test_cluster_intervals_follow_the_clusters(name):
    """Ten groups of equal units: the interval is that of ten units, and wider than that of a hundred."""
    generator = np.random.default_rng(6)
    ten = np.where(generator.random((10, 2)) < 0.7, np.arange(10)[:, None] % 3, generator.integers(0, 3, (10, 2)))
    hundred, labels = np.repeat(ten.astype(float), 10, axis=0), np.repeat(np.arange(10), 10)
    options = {"layout": "ratings"} if name == "cohen" else {}
    function = cohen_kappa if name == "cohen" else SEVERAL[name]
    for method in ("jackknife", "bootstrap"):
        units = function(hundred, ci_method=method, **options)
        groups = function(hundred, ci_method=method, cluster=labels, **options)
        assert groups.value == pytest.approx(units.value, abs=1e-12)
        assert groups.high - groups.low > 1.8 * (units.high - units.low)
        assert "10 clusters" in groups.method
