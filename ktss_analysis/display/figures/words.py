"""Every word a chart draws or says comes from the catalogue: entries ``figure_word.*``, verdicts and grades.

A page in another language passes that language's words (option `words`). Slots are filled with numbers and
names that are already formatted.
"""

from __future__ import annotations

from ..catalogue import Catalogue

PREFIX = "figure_word."
VERDICT_KEYS = {
    "keep": "keep", "keep_discordant": "keep, discordant", "provisional": "provisional", "revise": "revise",
    "drop": "drop", "not_decided": "not decided",
}  # fmt: skip
"""Key of a verdict in results and catalogue -> its spelling in the palette."""


def figure_words(catalogue: Catalogue) -> dict[str, str]:
    """Return all words of the charts in the catalogue's language; verdicts and grades as everywhere else."""
    words = {key.removeprefix(PREFIX): catalogue.template(key) for key in catalogue.keys_under(PREFIX)}
    words |= {f"verdict.{word}": catalogue.text(f"verdict.{key}") for key, word in VERDICT_KEYS.items()}
    return words | {f"grade.{sign}": catalogue.text(f"grade.{sign}") for sign in "+0-?"}


WORDS: dict[str, str] = figure_words(Catalogue("en"))
