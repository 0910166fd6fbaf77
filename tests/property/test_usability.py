"""What must hold for usability and readability of any answers and texts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ktss_analysis.core import StatisticError
from ktss_analysis.glossary import COLUMNS
from ktss_analysis.psychometrics import reading_ease, usability

forms = hnp.arrays(float, st.tuples(st.integers(2, 20), st.just(10)), elements=st.integers(1, 5).map(float))
texts = st.text(alphabet="abcdeäłżò ABC.!?'-\n19", max_size=300)


@given(forms)
@settings(max_examples=50, deadline=None)
def test_scores_and_their_mirror(answers: np.ndarray) -> None:
    scores = usability.sus_scores(answers)
    for column in scores.columns:
        assert str(scores[column].dtype) == COLUMNS[column].dtype
    assert scores["estimate"].between(0, 100).all()
    mirrored = usability.sus_scores(6 - answers)["estimate"]
    assert (scores["estimate"] + mirrored == 100).all()


@pytest.mark.parametrize("ci_method", ["t", "bca"])
@given(answers=forms, random=st.randoms())
@settings(max_examples=30, deadline=None)
def test_mean_and_limits(ci_method: str, answers: np.ndarray, random: object) -> None:
    score = usability.system_usability_scale(answers, ci_method=ci_method, n_boot=200)
    assert score.value == pytest.approx(usability.sus_scores(answers)["estimate"].mean())
    if score.low is not None:
        assert 0 <= score.low <= score.value <= score.high <= 100
    rows = list(range(len(answers)))
    random.shuffle(rows)
    assert usability.system_usability_scale(answers[rows], ci_method=ci_method, n_boot=200) == score


@given(forms)
@settings(max_examples=20, deadline=None)
def test_listwise_equals_dropping_first(answers: np.ndarray) -> None:
    with_gap = answers.copy()
    with_gap[0, 3] = np.nan
    ours = usability.system_usability_scale(with_gap, missing="listwise")
    first = usability.system_usability_scale(answers[1:])
    assert (ours.value, ours.low, ours.high, ours.n_used) == (
        first.value,
        first.low,
        first.high,
        first.n_used,
    )
    assert ours.n_missing == 1
    with pytest.raises(StatisticError, match="1 persons"):
        usability.system_usability_scale(with_gap)
    assert usability.sus_scores(with_gap)["status"][0] == "undefined"


@given(texts)
@settings(deadline=None)
def test_any_text_has_a_lix_or_a_reason(text: str) -> None:
    index = reading_ease.lix(text)
    if index.status == "ok":
        assert index.value >= 1
        assert index.n_used >= 1
        twice = reading_ease.lix([text, text])
        assert twice.value == pytest.approx(index.value)
    else:
        assert "no word" in index.reason
    table = reading_ease.readability(text, "it")
    assert ((table["status"] == "ok") == table["estimate"].notna()).all()


def test_degenerate_input_has_a_status() -> None:
    empty = pd.DataFrame({f"Q{number}": pd.Series(dtype=float) for number in range(10)})
    assert usability.system_usability_scale(empty).status == "too_few"
    assert len(usability.sus_scores(empty)) == 0
    assert usability.system_usability_scale([[3] * 10]).status == "too_few"
    flat = usability.system_usability_scale([[3] * 10] * 6)
    assert (flat.value, flat.low, flat.high) == (50, None, None)
    assert reading_ease.lix("").status == "undefined"
    assert reading_ease.lix([]).status == "undefined"
    assert set(reading_ease.readability("", "en")["status"]) == {"too_few", "undefined"}
    assert reading_ease.readability("few words", "en").set_index("statistic").loc["lix", "status"] == "too_few"


@pytest.mark.parametrize("value", [0, 6, 3.5, "agree"])
def test_values_off_the_scale_are_refused_by_name(value: object) -> None:
    answers = pd.DataFrame({f"Q{number}": [3, 4] for number in range(9)} | {"Q9": [3, value]})
    for function in (usability.sus_scores, usability.system_usability_scale):
        with pytest.raises(StatisticError, match="Q9"):
            function(answers)


def test_wrong_options_are_refused() -> None:
    with pytest.raises(StatisticError, match="ci_method"):
        usability.system_usability_scale([[3] * 10] * 3, ci_method="normal")
    with pytest.raises(StatisticError, match="language"):
        reading_ease.readability("text", " ")
    with pytest.raises(StatisticError, match="text"):
        reading_ease.lix([3])
