"""Readability of texts, by the formulas that are valid for their language."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..core import Estimate, StatisticError
from .content import target_frame
from .registry import statistic
from .syllables import LANGUAGES, n_syllables

MIN_WORDS = 100
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s+[^a-zà-öø-ÿąćęłńóśźż\s]|\s*$)|\n\s*\n")
_UNITS = {
    "lix": "points", "words_per_sentence": "words", "long_word_share": "share", "syllables_per_word": "syllables",
    "flesch": "points", "flesch_kincaid": "grades", "gulpease": "points", "fog_polish": "years",
}  # fmt: skip
_VALID = {
    "flesch": ("en", "nl"), "flesch_kincaid": ("en",), "gulpease": ("it",), "fog_polish": ("pl",),
    "syllables_per_word": LANGUAGES,
}  # fmt: skip
_WHY_NOT = {
    ("flesch", "pl"): "no Flesch formula was fitted to Polish",
    ("flesch", "fi"): "no Flesch formula is valid for Finnish: its words are long by grammar",
    ("syllables_per_word", ""): "no rules to count syllables from spelling in this language",
    ("flesch", ""): "only the formulas for English and Dutch are computed",
    ("flesch_kincaid", ""): "was fitted to English only",
    ("gulpease", ""): "was fitted to Italian only",
    ("fog_polish", ""): "its limit of four syllables was set for Polish only",
}


def words_and_sentences(text: str | Sequence[str]) -> tuple[list[str], int]:
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
    >>> from ktss_analysis.psychometrics.reading_ease import lix
    >>> lix("The cat sat on the mat. I help people agree.").value
    5.0
    """
    words, n_sentences = words_and_sentences(text)
    method = "LIX, words of more than six letters"
    if not words:
        return Estimate.absent("undefined", "the text holds no word", method=method)
    n_long = sum(_n_letters(word) > 6 for word in words)
    return Estimate(len(words) / n_sentences + 100 * n_long / len(words), method=method, n_used=len(words))


@statistic(
    family="readability", symbol="readability", data="summary", returns="frame", bounds=(None, None),
    min_n=MIN_WORDS, source="doi:10.1037/h0057532",
)  # fmt: skip
def readability(text: str | Sequence[str], language: str, *, min_words: int = MIN_WORDS) -> pd.DataFrame:
    r"""Compute the readability measures that are valid for the language of a text.

    With W words, S sentences, L letters, Y syllables, and P words of four syllables or more: for every language
    LIX (see `lix`), words per sentence and the share of words of more than six letters;

    .. math:: \text{English: Flesch } 206.835 - 1.015\,W/S - 84.6\,Y/W, \quad
              \text{Flesch-Kincaid } 0.39\,W/S + 11.8\,Y/W - 15.59

    .. math:: \text{Dutch: Flesch-Douma } 206.84 - 0.93\,W/S - 77\,Y/W

    .. math:: \text{Italian: Gulpease } 89 + (300\,S - 10\,L)/W, \quad
              \text{Polish: fog } 0.4\,(W/S + 100\,P/W)

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
        One row per `statistic`: ``lix``, ``words_per_sentence``, ``long_word_share``, ``syllables_per_word``,
        ``flesch`` (higher is easier), ``flesch_kincaid`` (school grade), ``gulpease`` (higher is easier),
        ``fog_polish`` (years of school). Measures that are not valid for the language are ``undefined`` with the
        reason.

    Raises
    ------
    StatisticError
        For something that is no text, or an empty language.

    Notes
    -----
    Compare versions within one language, never languages. Syllables are counted from spelling (see
    `syllables.n_syllables`), with an error of a few per cent of the words; the Polish index was made for words in
    their base form and takes them here as written, which makes it a little too high. For Finnish no formula whose
    coefficients could be checked was found: read LIX against other Finnish texts. No formula sees meaning: also
    look for two questions in one item, negations and jargon.

    References
    ----------
    Flesch, R. (1948). A new readability yardstick. *Journal of Applied Psychology, 32*, 221-233.
    https://doi.org/10.1037/h0057532
    Kincaid, J. P., Fishburne, R. P., Rogers, R. L., & Chissom, B. S. (1975). *Derivation of new readability
    formulas for Navy enlisted personnel*. Naval Technical Training Command. https://doi.org/10.21236/ADA006655
    Douma, W. H. (1960). *De leesbaarheid van landbouwbladen*. Landbouwhogeschool Wageningen.
    Lucisano, P., & Piemontese, M. E. (1988). Gulpease: Una formula per la predizione della leggibilità di
    testi in lingua italiana. *Scuola e città, 39*, 110-124.
    Broda, B., Nitoń, B., Gruszczyński, W., & Ogrodniczuk, M. (2014). Measuring readability of Polish texts:
    Baseline experiments. *LREC 2014*, 573-580. (fog with four syllables)

    Examples
    --------
    >>> from ktss_analysis.psychometrics.reading_ease import readability
    >>> table = readability("Il gatto dorme. Il cane mangia.", "it", min_words=1)
    >>> float(table.set_index("statistic")["estimate"]["gulpease"])
    149.0
    """
    if not str(language).strip():
        raise StatisticError(f"language={language!r}; allowed: a language tag such as 'en' or 'it'")
    tongue = str(language).strip().lower().split("-")[0]
    words, n_sentences = words_and_sentences(text)
    measures = _measures(words, n_sentences, tongue)
    status, reasons = dict.fromkeys(measures, "ok"), dict.fromkeys(measures, "")
    for name in measures:
        if tongue not in _VALID.get(name, (tongue,)):
            status[name], reasons[name] = "undefined", _WHY_NOT.get((name, tongue)) or _WHY_NOT[name, ""]
        elif len(words) < max(min_words, 1):
            status[name], reasons[name] = "too_few", f"{max(min_words, 1)} words are needed, {len(words)} there"
    return target_frame(
        list(measures), key="statistic", estimate=list(measures.values()), n_used=len(words),
        unit=[_UNITS[name] for name in measures], method=f"whole text, language {tongue}",
        status=list(status.values()), reason=list(reasons.values()),
    )  # fmt: skip


def _measures(words: list[str], n_sentences: int, tongue: str) -> dict[str, float]:
    """Return all measures; nan where the text or the rules for the language do not allow one."""
    measures = dict.fromkeys(_UNITS, np.nan)
    if not words:
        return measures
    n_words = len(words)
    letters = np.array([_n_letters(word) for word in words])
    length, long = n_words / n_sentences, float((letters > 6).mean())
    measures |= {
        "lix": length + 100 * long, "words_per_sentence": length, "long_word_share": long,
        "gulpease": 89 + (300 * n_sentences - 10 * float(letters.sum())) / n_words,
    }  # fmt: skip
    if tongue in LANGUAGES:
        syllables = np.array([n_syllables(word, tongue) for word in words])
        mean = float(syllables.mean())
        measures |= {
            "syllables_per_word": mean,
            "flesch": 206.84 - 0.93 * length - 77 * mean if tongue == "nl" else 206.835 - 1.015 * length - 84.6 * mean,
            "flesch_kincaid": 0.39 * length + 11.8 * mean - 15.59,
            "fog_polish": 0.4 * (length + 100 * float((syllables >= 4).mean())),
        }
    return measures
