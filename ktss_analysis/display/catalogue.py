"""The catalogue of all sentences the reports may print: one PO file per language, no digit in any entry.

Entries are named by keys (``guide_review.supported``), so a translator sees where a sentence stands. Slots are
written ``{name}`` and filled by the caller with texts that `Book` made from published numbers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.messages import Catalog
from babel.messages.pofile import read_po

from ..core import KtssError

FOLDER = Path(__file__).parent / "locales"
SLOT = re.compile(r"\{([a-z_]+)\}")
PSEUDO = "en-XA"
"""The pseudo-locale: English with accents on every letter that can carry one. What a report in it prints without
accents did not come from the catalogue."""
_ACCENTS = str.maketrans(
    "acdeghijklnorstuwyzACDEGHIJKLNORSTUWYZ", "áçďéĝĥîĵķļñöŕšţûŵýžÅÇĎÉĜĤÎĴĶĻÑÖŔŠŢÛŴÝŽ"
)  # fmt: skip
_UNTOUCHED = re.compile(r"(\{[^{}]*\}|`[^`]*`|\]\([^)]*\))")


def pseudo_text(text: str) -> str:
    """Return an English text with accents; slots, code and targets of links stay as they are."""
    parts = _UNTOUCHED.split(text)
    return "".join(part if place % 2 else part.translate(_ACCENTS) for place, part in enumerate(parts))


class Catalogue:
    """All entries of one language, with English where the language has none.

    Parameters
    ----------
    language : str
        BCP 47 tag; ``en-XA`` is the pseudo-locale, made from English.

    Raises
    ------
    KtssError
        When there is no catalogue for the language.
    """

    def __init__(self, language: str) -> None:
        path = FOLDER / f"{language.split('-')[0]}.po"
        if not path.is_file():
            known = ", ".join(sorted(found.stem for found in FOLDER.glob("*.po")))
            raise KtssError(f"no catalogue of texts for language {language!r}; there are: {known}")
        self.language = language
        pseudo = language == PSEUDO
        self.locale = Locale.parse("en" if pseudo else language.replace("-", "_"))
        self._entries = _pseudo_entries() if pseudo else _read(path)
        self._english = _read(FOLDER / "en.po")

    def __contains__(self, key: str) -> bool:
        return key in self._entries or key in self._english

    def text(self, key: str, *, count: int | None = None, **slots: str) -> str:
        """Return the sentence of `key`, its plural form chosen by `count`, its slots filled.

        Raises
        ------
        KtssError
            For an unknown key, and for a slot that is missing or not in the sentence.
        """
        forms = self._entries.get(key) or self._english.get(key)
        if forms is None:
            raise KtssError(f"no sentence {key!r} in the catalogue {self.language!r}")
        template = forms[0] if len(forms) == 1 else forms[self._plural(count, key)]
        wanted = set(SLOT.findall(template))
        allowed = wanted | {slot for form in forms for slot in SLOT.findall(form)}
        if wanted - slots.keys() or slots.keys() - allowed:
            raise KtssError(f"sentence {key!r}: slots {sorted(slots)} were given, it has {sorted(wanted)}")
        return SLOT.sub(lambda match: str(slots[match[1]]), template)

    def template(self, key: str) -> str:
        """Return an entry without plural forms with its slots unfilled.

        Raises
        ------
        KtssError
            For an unknown key.
        """
        forms = self._entries.get(key) or self._english.get(key)
        if forms is None or len(forms) != 1:
            raise KtssError(f"no sentence {key!r} without plural forms in the catalogue {self.language!r}")
        return forms[0]

    def keys_under(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`; English has all of them."""
        return [key for key in self._english if key.startswith(prefix)]

    def _plural(self, count: int | None, key: str) -> int:
        if count is None:
            raise KtssError(f"sentence {key!r} has plural forms; give the count")
        entry = self._entries if key in self._entries else self._english
        return min(_plural_index(self.language if entry is self._entries else "en", count), len(entry[key]) - 1)


@lru_cache(maxsize=16)
def _read(path: Path) -> dict[str, tuple[str, ...]]:
    with path.open("rb") as stream:
        catalog = read_po(stream, locale=path.stem)
    return {key: text for key, text in _entries(catalog) if all(text)}


@lru_cache(maxsize=1)
def _pseudo_entries() -> dict[str, tuple[str, ...]]:
    return {key: tuple(map(pseudo_text, forms)) for key, forms in _read(FOLDER / "en.po").items()}


def _entries(catalog: Catalog) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for message in catalog:
        if not message.id:
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        text = message.string
        found.append((key, tuple(text) if isinstance(text, list | tuple) else (text or "",)))
    return found


def _plural_index(language: str, count: int) -> int:
    from gettext import c2py

    from babel.messages.plurals import get_plural

    return int(c2py(get_plural(language.split("-")[0]).plural_expr)(count))
