"""Usability and readability against their definitions and published numbers."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from scipy import stats

from ktss_analysis.core import StatisticError
from ktss_analysis.psychometrics import reading_ease, usability


def test_doctests_hold() -> None:
    assert doctest.testmod(usability).failed == 0


def test_sus_anchor_patterns() -> None:
    answers = [[5, 1] * 5, [3] * 10, [1, 5] * 5, [4, 2] * 5, [5] * 10]
    assert usability.sus_scores(answers)["estimate"].tolist() == [100, 50, 0, 75, 50]


def test_sus_of_brooke_1996() -> None:
    # the filled-in form that accompanies the scale: 22 points * 2.5 = 55
    answers = [[5, 4, 2, 1, 2, 3, 2, 4, 5, 2]]
    assert usability.sus_scores(answers)["estimate"][0] == 55


@pytest.mark.parametrize(("sd", "reach"), [(12.5, 4.7), (15, 5.6), (20, 7.5)])
def test_reach_of_the_t_interval_at_thirty(sd: float, reach: float) -> None:
    assert stats.t.ppf(0.975, 29) * sd / np.sqrt(30) == pytest.approx(reach, abs=0.05)


def some_answers(n: int = 30, seed: int = 8) -> np.ndarray:
    generator = np.random.default_rng(seed)
    level = generator.normal(0.6, 0.8, (n, 1))
    sign = np.array([1, -1] * 5)
    return np.clip(np.round(3 + sign * (level + generator.normal(0, 0.7, (n, 10)))), 1, 5)


def test_t_interval_is_scipys() -> None:
    answers = some_answers()
    score = usability.system_usability_scale(answers)
    points = usability.sus_scores(answers)["estimate"].to_numpy(dtype=float)
    low, high = stats.t.interval(0.95, 29, points.mean(), stats.sem(points))
    assert (score.value, score.low, score.high) == pytest.approx((points.mean(), low, high), abs=1e-10)


def test_bca_interval_is_close_to_scipys() -> None:
    answers = some_answers()
    score = usability.system_usability_scale(answers, ci_method="bca", n_boot=20_000)
    points = usability.sus_scores(answers)["estimate"].to_numpy(dtype=float)
    theirs = stats.bootstrap(
        (points,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    assert (score.low, score.high) == pytest.approx((theirs.low, theirs.high), abs=0.35)


def test_t_interval_is_cut_off_at_the_ends_of_the_scale() -> None:
    score = usability.system_usability_scale([[5, 1] * 5, [3] * 10])
    assert score.high == 100
    assert score.low == 0


def test_lix_of_the_survey() -> None:
    assert reading_ease.lix("The cat sat on the mat. I help people agree.").value == 5.0


def test_lix_by_hand() -> None:
    # 8 words, 2 sentences, long: negotiation, difficult, partners
    assert reading_ease.lix("Negotiation is difficult. Our partners like it, too.").value == pytest.approx(8 / 2 + 37.5)


@pytest.mark.parametrize(
    ("text", "n_sentences"),
    [
        ("We agree, e.g. on terms. Then we sign.", 2),
        ("It costs 3.5 euro. Fine!", 2),
        ("Really?! Yes…", 2),
        ("He said “no.” She left.", 2),
        ("One heading\n\nOne sentence without a full stop", 2),
        ("Ääni kuuluu. Łódź jest daleko. Ödön ei tule.", 3),
    ],
)
def test_sentences(text: str, n_sentences: int) -> None:
    assert reading_ease.words_and_sentences(text)[1] == n_sentences


def test_items_of_an_instrument_are_sentences_without_full_stops() -> None:
    assert (
        reading_ease.lix(["I listen", "I adapt my language"]).value
        == reading_ease.lix("I listen. I adapt my language.").value
    )


def test_gulpease_by_hand() -> None:
    text = "La casa è rossa. Il cane corre nel giardino."
    letters, words, sentences = 34, 9, 2
    table = reading_ease.readability(text, "it-IT", min_words=1).set_index("statistic")
    assert table.loc["gulpease", "estimate"] == pytest.approx(89 + (300 * sentences - 10 * letters) / words)


@pytest.mark.parametrize(("language", "words"), [("pl", "Polish"), ("fi", "Finnish"), ("it", "English and Dutch")])
def test_trap_no_flesch_where_it_is_not_valid(language: str, words: str) -> None:
    table = reading_ease.readability("word " * 120, language).set_index("statistic")
    assert table.loc["flesch", "status"] == "undefined"
    assert words in table.loc["flesch", "reason"]
    assert table.loc["gulpease", "status"] == ("ok" if language == "it" else "undefined")
    assert table.loc["lix", "status"] == "ok"


def test_wrong_number_of_items_is_refused() -> None:
    with pytest.raises(StatisticError, match="9 columns"):
        usability.sus_scores([[3] * 9])
