"""The few words that the report formats add by themselves; they stand in the catalogue as ``format.*``."""

from __future__ import annotations

from typing import Final

from ktss_analysis.core import KtssError
from ktss_analysis.display.catalogue import Catalogue

PREFIX: Final = "format."
#: The stamp itself stays one word everywhere, so that a search for it finds each page.
STAMP: Final = "SYNTHETIC"


def words(language: str) -> dict[str, str]:
    """Return the words for a language tag such as ``pl-PL``; English where a language has no catalogue."""
    catalogue = _catalogue(language)
    return {key.removeprefix(PREFIX): catalogue.text(key) for key in catalogue.keys_under(PREFIX)}


def banner(language: str) -> str:
    """Return the sentence on synthetic data; other languages keep the English one beside it."""
    english, own = (_catalogue(tag).text("synthetic.banner") for tag in ("en", language))
    return own if own == english else f"{own} ({english})"


def _catalogue(language: str) -> Catalogue:
    try:
        return Catalogue(language)
    except KtssError:
        return Catalogue("en")
