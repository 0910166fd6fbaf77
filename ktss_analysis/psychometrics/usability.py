"""Usability of the tool (SUS) and readability of its texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from ..core import Estimate, StatisticError
from .checks import FloatArray, Missing, check_choice, check_level
from .content import rating_matrix, target_frame
from .draws import bca_levels, resampled_totals
from .registry import statistic

SUS_ITEMS = 10
MIN_WORDS = 100
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s+[^a-zà-öø-ÿąćęłńóśźż\s]|\s*$)|\n\s*\n")
_NO_FLESCH = {
    "pl": "no Flesch formula was fitted to Polish",
    "fi": "no Flesch formula is valid for Finnish: its words are long by grammar",
}


def _sus_matrix(answers: ArrayLike | pd.DataFrame) -> tuple[FloatArray, list[str]]:
    matrix, names = rating_matrix(answers, (1, 5), "answers")
    if len(names) != SUS_ITEMS:
        raise StatisticError(f"answers: {len(names)} columns; the scale has {SUS_ITEMS} items")
    index = answers.index if isinstance(answers, pd.DataFrame) else range(len(matrix))
    return matrix, [str(person) for person in index]


def _sus_points(matrix: FloatArray) -> FloatArray:
    """Return 0-100 points per person; nan for a person with a missing answer."""
    return 2.5 * ((matrix[:, 0::2] - 1).sum(axis=1) + (5 - matrix[:, 1::2]).sum(axis=1))


@statistic(
    family="usability", symbol="SUS", data="items", returns="frame", bounds=(0, 100), min_n=1,
    invariant_to={"row_order"}, source="Brooke (1996), in Usability evaluation in industry, Taylor & Francis",
)  # fmt: skip
def sus_scores(answers: ArrayLike | pd.DataFrame) -> pd.DataFrame:
    r"""Compute the System Usability Scale score of each person.

    .. math:: 2.5 \left(\sum_{odd} (x - 1) + \sum_{even} (5 - x)\right)

    Parameters
    ----------
    answers : DataFrame or array, shape (n_persons, 10)
        Points 1-5 in the order of the questionnaire: odd items are positive, even ones negative. As answered:
        do not reverse them first. A person with a missing answer has no score.

    Returns
    -------
    DataFrame
        One row per person (`person_id` is the index): `estimate` in 0-100. ``undefined`` for a person with a
        missing answer: no answer is filled in.

    Raises
    ------
    StatisticError
        For a number of columns other than ten, text, or a value that is not 1-5.

    Notes
    -----
    Not a percentage, and no diagnosis of single features.

    References
    ----------
    Brooke, J. (1996). SUS: A "quick and dirty" usability scale. In P. W. Jordan et al. (Eds.), *Usability
    evaluation in industry* (pp. 189-194). Taylor & Francis.

    Examples
    --------
    >>> from ktss_analysis.psychometrics.usability import sus_scores
    >>> sus_scores([[5, 1] * 5, [3] * 10])["estimate"].tolist()
    [100.0, 50.0]
    """
    matrix, persons = _sus_matrix(answers)
    n_missing = np.isnan(matrix).sum(axis=1)
    return target_frame(
        persons, key="person_id", estimate=_sus_points(matrix), method="System Usability Scale, ten answers",
        n_used=SUS_ITEMS - n_missing, n_missing=n_missing,
        status=np.where(n_missing, "undefined", "ok").tolist(),
        reason=[f"{count} of 10 answers are missing" if count else "" for count in n_missing.tolist()],
    )  # fmt: skip


@statistic(
    family="usability", symbol="SUS", data="items", bounds=(0, 100), min_n=2, invariant_to={"row_order"},
    source="Brooke (1996), in Usability evaluation in industry, Taylor & Francis",
)  # fmt: skip
def system_usability_scale(
    answers: ArrayLike | pd.DataFrame, *, missing: Missing = "raise", ci_method: str = "t",
    ci_level: float = 0.95, n_boot: int = 5000, seed: int = 1,
) -> Estimate:  # fmt: skip
    r"""Compute the mean System Usability Scale score with its interval.

    .. math:: \bar s \mp t_{n-1} \, sd / \sqrt n

    Parameters
    ----------
    answers : DataFrame or array, shape (n_persons, 10)
        As in `sus_scores`.
    missing : {"raise", "listwise"}, default "raise"
        ``"listwise"`` leaves out persons with a missing answer and counts them.
    ci_method : {"t", "bca"}, default "t"
        t interval, cut off at 0 and 100; or the bias-corrected and accelerated bootstrap over persons, which
        keeps inside the scale by itself and follows a skewed sample.
    ci_level : float, default .95
        Confidence level.
    n_boot, seed : int
        Resamples of persons, and seed, for ``"bca"``.

    Returns
    -------
    Estimate
        0-100. ``too_few`` under two persons. Without limits when all persons have one score: such a sample
        says nothing on the spread.

    Raises
    ------
    StatisticError
        As in `sus_scores`; for a missing answer under ``missing="raise"``.

    Notes
    -----
    Not a percentage: 68 is the mean of many products. At 30 persons the interval is some 5 points either
    way, which usually spans two of the popular letter grades; do not print a grade.

    References
    ----------
    Brooke, J. (1996). SUS: A "quick and dirty" usability scale. In P. W. Jordan et al. (Eds.), *Usability
    evaluation in industry* (pp. 189-194). Taylor & Francis.

    Efron, B. (1987). Better bootstrap confidence intervals. *Journal of the American Statistical Association,
    82*, 171-185. https://doi.org/10.1080/01621459.1987.10478410

    Examples
    --------
    >>> from ktss_analysis.psychometrics.usability import system_usability_scale
    >>> score = system_usability_scale([[5, 1] * 5, [3] * 10, [4, 2] * 5])
    >>> score.value, round(score.low, 1), score.high
    (75.0, 12.9, 100.0)
    """
    level = check_level(ci_level)
    check_choice(ci_method, ("t", "bca"), "ci_method")
    check_choice(missing, ("raise", "listwise"), "missing")
    points = _sus_points(_sus_matrix(answers)[0])
    absent = int(np.isnan(points).sum())
    if absent and missing == "raise":
        raise StatisticError(f"answers: {absent} persons have a missing answer; choose missing='listwise'")
    points = np.sort(points[~np.isnan(points)])
    method, n = "mean System Usability Scale score, complete answers", len(points)
    if n < 2:
        return Estimate.absent("too_few", "two persons or more are needed", method=method, n_used=n,
                               n_missing=absent)  # fmt: skip
    mean = float(points.mean())
    if np.ptp(points) == 0:
        method = f"{method}; no interval: all scores are equal"
        return Estimate(mean, method=method, n_used=n, n_missing=absent)
    if ci_method == "t":
        reach = float(special.stdtrit(n - 1, (1 + level) / 2) * points.std(ddof=1) / np.sqrt(n))
        low, high, name = max(0.0, mean - reach), min(100.0, mean + reach), "t interval cut off at 0 and 100"
    else:
        low, high = _bca_limits(points, level, n_boot, seed)
        name = f"BCa interval, {n_boot} resamples of persons"
    return Estimate(mean, low, high, level, f"{method}; {name}", n, absent)


def _bca_limits(values: FloatArray, level: float, n_boot: int, seed: int) -> tuple[float, float]:
    """Return bias-corrected and accelerated limits of a mean of values that are not all equal."""
    mean = values.mean()
    replicates = resampled_totals(values[:, None], n_boot, seed)[:, 0] / len(values)
    levels = bca_levels(replicates, mean, values - mean, np.ones(len(values)), level)
    low, high = np.quantile(replicates, levels)
    return float(min(low, mean)), float(max(high, mean))


def _words_and_sentences(text: str | Sequence[str]) -> tuple[list[str], int]:
    """Return the words and the number of sentences that hold a word."""
    passages = [text] if isinstance(text, str) else list(text)
    if not all(isinstance(passage, str) for passage in passages):
        raise StatisticError("text: a string or a sequence of strings is needed")
    parts = [part for passage in passages for part in _SENTENCE_END.split(passage)]
    return [word for part in parts for word in _WORD.findall(part)], sum(bool(_WORD.search(p)) for p in parts)


def _n_letters(word: str) -> int:
    return sum(character.isalpha() for character in word)


@statistic(
    family="readability", symbol="LIX", data="summary", bounds=(0, None), min_n=1,
    source="Björnsson (1968), Läsbarhet, Liber",
)  # fmt: skip
def lix(text: str | Sequence[str]) -> Estimate:
    r"""Compute the readability index LIX.

    .. math:: LIX = W / S + 100 \, L / W

    W words, S sentences, L words of more than six letters.

    Parameters
    ----------
    text : str or sequence of str
        A passage; or several texts (the items of an instrument), each of which ends a sentence.

    Returns
    -------
    Estimate
        0 or more; `n_used` is the number of words. ``undefined`` without a word. No interval: it describes
        this text.

    Raises
    ------
    StatisticError
        For something that is no text.

    Notes
    -----
    Made for passages of 100 words or more. Compare versions within one language only: Finnish and Polish
    words are longer than English ones. A sentence ends at ``. ! ? …`` unless a small letter follows ("e.g.
    this"), at an empty line, and at the end of each text.

    References
    ----------
    Björnsson, C. H. (1968). *Läsbarhet*. Liber.

    Examples
    --------
    >>> from ktss_analysis.psychometrics.usability import lix
    >>> lix("The cat sat on the mat. I help people agree.").value
    5.0
    """
    words, n_sentences = _words_and_sentences(text)
    method = "LIX, words of more than six letters"
    if not words:
        return Estimate.absent("undefined", "the text holds no word", method=method)
    n_long = sum(_n_letters(word) > 6 for word in words)
    return Estimate(len(words) / n_sentences + 100 * n_long / len(words), method=method, n_used=len(words))


@statistic(
    family="readability", symbol="readability", data="summary", returns="frame", bounds=(None, None),
    min_n=MIN_WORDS, source="Lucisano & Piemontese (1988), Scuola e città 39, 110-124",
)  # fmt: skip
def readability(text: str | Sequence[str], language: str, *, min_words: int = MIN_WORDS) -> pd.DataFrame:
    r"""Compute the readability measures that are valid for the language of a text.

    LIX (see `lix`), words per sentence and the share of words of more than six letters for every language;
    for Italian also Gulpease, :math:`89 + (300 S - 10 L) / W` with S sentences, L letters, W words.

    Parameters
    ----------
    text : str or sequence of str
        The whole instrument, or a passage; see `lix`.
    language : str
        BCP 47 tag, e.g. ``"it"`` or ``"it-IT"``.
    min_words : int, default 100
        Fewer words give ``too_few``: the formulas were fitted to passages.

    Returns
    -------
    DataFrame
        One row per `statistic`. Measures that are not valid for the language, or that we do not compute, are
        ``undefined`` with the reason: Flesch formulas need syllables, which spelling alone does not give; for
        Polish and Finnish there is no valid one at all.

    Raises
    ------
    StatisticError
        For something that is no text, or an empty language.

    Notes
    -----
    No formula sees meaning: also look for two questions in one item, negations and jargon.

    References
    ----------
    Lucisano, P., & Piemontese, M. E. (1988). Gulpease: Una formula per la predizione della leggibilità di
    testi in lingua italiana. *Scuola e città, 39*, 110-124.

    Examples
    --------
    >>> from ktss_analysis.psychometrics.usability import readability
    >>> table = readability("Il gatto dorme. Il cane mangia.", "it", min_words=1)
    >>> float(table.set_index("statistic")["estimate"]["gulpease"])
    149.0
    """
    if not str(language).strip():
        raise StatisticError(f"language={language!r}; allowed: a language tag such as 'en' or 'it'")
    tongue = str(language).strip().lower().split("-")[0]
    words, n_sentences = _words_and_sentences(text)
    n_words = len(words)
    measures = dict.fromkeys(("lix", "words_per_sentence", "long_word_share", "gulpease", "flesch"), np.nan)
    reasons = dict.fromkeys(measures, "")
    if n_words:
        letters = np.array([_n_letters(word) for word in words])
        measures |= {
            "lix": n_words / n_sentences + 100 * float((letters > 6).mean()),
            "words_per_sentence": n_words / n_sentences,
            "long_word_share": float((letters > 6).mean()),
            "gulpease": 89 + (300 * n_sentences - 10 * float(letters.sum())) / n_words,
        }
    if n_words < max(min_words, 1):
        reasons = dict.fromkeys(measures, f"{max(min_words, 1)} words are needed, {n_words} there")
    status = {name: "too_few" if reasons[name] else "ok" for name in measures}
    refusals = {"flesch": _NO_FLESCH.get(tongue, "needs syllables, which spelling alone does not give")}
    if tongue != "it":
        refusals["gulpease"] = "was fitted to Italian only"
    for name, why in refusals.items():
        status[name], reasons[name] = "undefined", why
    return target_frame(
        list(measures), key="statistic", estimate=list(measures.values()), n_used=n_words,
        unit=["points", "words", "share", "points", "points"], method=f"whole text, language {tongue}",
        status=list(status.values()), reason=list(reasons.values()),
    )  # fmt: skip
