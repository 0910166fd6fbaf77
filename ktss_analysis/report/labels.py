"""The few words that the report formats add by themselves, in the languages of the reports."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "contents": "Contents", "skip": "Skip to content", "figure": "Figure", "table": "Table",
        "note": "Note", "limits": "Limits", "synthetic": "Synthetic data", "data": "Data:", "page": "Page",
        "licence": "Licence",
    },
    "it": {
        "contents": "Indice", "skip": "Vai al contenuto", "figure": "Figura", "table": "Tabella",
        "note": "Nota", "limits": "Limiti", "synthetic": "Dati sintetici", "data": "Dati:", "page": "Pagina",
        "licence": "Licenza",
    },
    "pl": {
        "contents": "Spis treści", "skip": "Przejdź do treści", "figure": "Rysunek", "table": "Tabela",
        "note": "Uwaga", "limits": "Ograniczenia", "synthetic": "Dane syntetyczne", "data": "Dane:",
        "page": "Strona", "licence": "Licencja",
    },
    "fi": {
        "contents": "Sisällys", "skip": "Siirry sisältöön", "figure": "Kuva", "table": "Taulukko",
        "note": "Huomautus", "limits": "Rajoitukset", "synthetic": "Synteettinen aineisto", "data": "Tiedot:",
        "page": "Sivu", "licence": "Lisenssi",
    },
    "nl": {
        "contents": "Inhoud", "skip": "Naar de inhoud", "figure": "Figuur", "table": "Tabel",
        "note": "Opmerking", "limits": "Beperkingen", "synthetic": "Synthetische gegevens",
        "data": "Gegevens:", "page": "Pagina", "licence": "Licentie",
    },
}  # fmt: skip

#: The stamp itself stays one word everywhere, so that a search for it finds each page.
STAMP: Final = "SYNTHETIC"
BANNER: Final[dict[str, str]] = {
    "en": "Synthetic demonstration data: no real person answered",
    "it": "Dati dimostrativi sintetici: nessuna persona reale ha risposto",
    "pl": "Syntetyczne dane demonstracyjne: nie odpowiadała żadna prawdziwa osoba",
    "fi": "Synteettinen esimerkkiaineisto: kukaan oikea henkilö ei ole vastannut",
    "nl": "Synthetische demonstratiegegevens: geen echte persoon heeft geantwoord",
}


def words(language: str) -> dict[str, str]:
    """Return the words for a language tag such as ``pl-PL``; English where a language is not known."""
    return WORDS.get(language.split("-")[0].lower(), WORDS["en"])


def banner(language: str) -> str:
    """Return the sentence on synthetic data; other languages keep the English one beside it."""
    english = BANNER["en"]
    own = BANNER.get(language.split("-")[0].lower(), english)
    return own if own == english else f"{own} ({english})"
