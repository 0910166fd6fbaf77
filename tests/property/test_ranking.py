"""What must hold for rankings of any choices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.core import StatisticError
from ktss_analysis.glossary import COLUMNS
from ktss_analysis.psychometrics import rank_tests, ranking

TARGETS = list("ABCDEF")


@st.composite
def choice_tables(draw: st.DrawFn, least: int = 1) -> pd.DataFrame:
    rows = []
    for person in range(draw(st.integers(least, 9))):
        for number in range(draw(st.integers(1, 3))):
            shown = draw(st.permutations(TARGETS))[: draw(st.integers(2, 5))]
            best, worst = shown[0], shown[1]
            if draw(st.integers(0, 9)) == 0:
                worst = None
            rows.append((f"P{person}", f"{number}", "|".join(sorted(shown)), best, worst))
    return pd.DataFrame(rows, columns=["person_id", "set_id", "shown", "best", "worst"])


@given(choice_tables(), st.randoms())
@settings(max_examples=25, deadline=None)
def test_best_worst_scores(choices: pd.DataFrame, random: object) -> None:
    before = choices.copy()
    table = ranking.best_worst_scores(choices, n_boot=100)
    answered = choices.dropna()
    for column in table.columns:
        assert str(table[column].dtype) == COLUMNS[column].dtype
    assert table["n_best"].sum() == table["n_worst"].sum() == len(answered)
    assert table["n_shown"].sum() == answered["shown"].str.split("|").str.len().sum()
    known = table[table["status"] == "ok"]
    assert known["estimate"].between(-1, 1).all()
    assert known["estimate"].between(known["ci_low"], known["ci_high"]).all()
    assert (known["n_used"] >= 5).all()
    assert table.loc[table["status"] != "ok", "estimate"].isna().all()
    rows = list(range(len(choices)))
    random.shuffle(rows)
    again = ranking.best_worst_scores(choices.iloc[rows], n_boot=100)
    pd.testing.assert_frame_equal(again, table)
    pd.testing.assert_frame_equal(choices, before)


@given(choice_tables(least=5))
@settings(max_examples=30, deadline=None)
def test_swapping_best_and_worst_turns_the_scores(choices: pd.DataFrame) -> None:
    choices = choices.dropna()
    swapped = choices.rename(columns={"best": "worst", "worst": "best"})
    table, turned = (ranking.best_worst_scores(x, n_boot=50) for x in (choices, swapped))
    assert table["status"].tolist() == turned["status"].tolist()
    known = (table["status"] == "ok").to_numpy()
    assert table["estimate"][known].tolist() == pytest.approx((-turned["estimate"][known]).tolist())


@given(choice_tables(least=5))
@settings(max_examples=30, deadline=None)
def test_tiers_fall(choices: pd.DataFrame) -> None:
    table = ranking.ranking_tiers(choices, n_boot=100)
    ranked = table[table["status"] == "ok"]
    assert ranked["estimate"].is_monotonic_decreasing
    assert ranked["tier"].is_monotonic_increasing
    assert ranked["tier"].diff().dropna().isin([0, 1]).all()
    assert (ranked["below_leader"] < 0.95).all()
    assert (ranked["below_previous"].dropna() >= 0).all()
    assert table.loc[table["status"] != "ok", "tier"].isna().all()


@given(
    hnp.arrays(float, (60, 5), elements=st.integers(-5, 5).map(float)),
    st.floats(0.55, 0.85),
    st.floats(0.86, 0.99),
)
@settings(max_examples=25, deadline=None)
def test_more_certainty_makes_no_tier_border_appear_at_the_top(
    replicates: np.ndarray, lenient: float, strict: float
) -> None:
    scores = replicates.mean(axis=0)
    tables = [ranking.tiers_from_replicates(TARGETS[:5], scores, replicates, certainty=x) for x in (lenient, strict)]
    first = [(table["tier"] == 1).sum() for table in tables]
    assert first[0] <= first[1]


@given(hnp.arrays(float, st.tuples(st.integers(2, 12), st.integers(2, 6)), elements=st.integers(1, 6).map(float)))
@settings(max_examples=15, deadline=None)
def test_friedman_and_kendall_are_one_test(ranks: np.ndarray) -> None:
    from ktss_analysis.psychometrics.consensus import kendall_w

    result, other = rank_tests.friedman_nemenyi(ranks), kendall_w(ranks, n_boot=20)
    assert (result.status == "undefined") == (other.estimate.status == "undefined")
    if result.status == "ok":
        assert result.chi_square == pytest.approx(other.chi_square)
        assert result.mean_ranks["estimate"].sum() == pytest.approx(ranks.shape[1] * (ranks.shape[1] + 1) / 2)
        k = ranks.shape[1]
        assert result.critical_difference <= rank_tests.studentized_range_quantile(k, 0.05) * np.sqrt(
            k * (k + 1) / (12 * len(ranks))
        ) * (1 + 1e-12)
        assert len(result.pairs) == k * (k - 1) // 2


def one_set(**changes: object) -> pd.DataFrame:
    return pd.DataFrame([{"person_id": "P1", "shown": "A|B|C", "best": "A", "worst": "B"} | changes])


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (one_set(worst="A"), "both hold 'A'"),
        (one_set(best="D"), "holds 'D'"),
        (one_set(shown="A|B|A"), "shows 'A' twice"),
        (one_set().drop(columns="worst"), "'worst' is missing"),
        (pd.concat([one_set(set_id=1)] * 2), "answered set '1' twice"),
        ([["P1", "A|B", "A", "B"]], "DataFrame"),
    ],
)
def test_impossible_choices_are_refused(choices: object, words: str) -> None:
    for function in (ranking.best_worst_scores, ranking.ranking_tiers):
        with pytest.raises(StatisticError, match=words):
            function(choices)


@pytest.mark.parametrize(
    "choices",
    [one_set().iloc[:0], one_set(), one_set(best=None), one_set(worst=" ")],
    ids=["empty", "one person", "no best", "blank worst"],
)
def test_degenerate_choices_have_a_status(choices: pd.DataFrame) -> None:
    for function in (ranking.best_worst_scores, ranking.ranking_tiers):
        table = function(choices)
        assert set(table["status"]) <= {"too_few", "undefined"}
        assert table["estimate"].isna().all()
        assert (table["reason"] != "").all()


@pytest.mark.parametrize(
    ("ranks", "status"),
    [
        ([[1, 2, 3]], "too_few"),
        ([[1, 1]] * 4, "undefined"),
        ([[1]] * 4, "undefined"),
        (pd.DataFrame(), "too_few"),
    ],
)
def test_degenerate_rankings_have_a_status(ranks: object, status: str) -> None:
    result = rank_tests.friedman_nemenyi(ranks)
    assert (result.status, result.chi_square, result.critical_difference) == (status, None, None)
    assert result.reason


def test_missing_ranks_are_refused_or_dropped() -> None:
    ranks = [[1, 2, 3], [1, np.nan, 2], [3, 2, 1]]
    with pytest.raises(StatisticError, match="missing"):
        rank_tests.friedman_nemenyi(ranks)
    assert rank_tests.friedman_nemenyi(ranks, missing="listwise").n_missing == 1
