"""Read, check and fill the texts of the page; a pseudo-locale marks every one of them for tests."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel import Locale

from ...core import StudyError

FOLDER = Path(__file__).parent
PSEUDO = "en-XA"
"""Language tag of the pseudo-locale: English with every text in marks and lengthened."""

SLOT = re.compile(r"\{(\w+)\}")
Entry = str | dict[str, str]


@dataclass(frozen=True, slots=True)
class Strings:
    """The texts of one language.

    Parameters
    ----------
    language : str
        BCP 47 tag.
    entries : dict
        Key to text, or to one text per plural form of CLDR (``one``, ``few``, ``many``, ``other``).
    reviewed : str
        Who has checked the translation; empty as long as nobody has.
    """

    language: str
    entries: dict[str, Entry]
    reviewed: str

    def text(self, key: str, *, count: int | None = None, **slots: object) -> str:
        """Return the text of `key` with its slots filled; `count` chooses the plural form."""
        entry = self.entries[key]
        if not isinstance(entry, str):
            if count is None:
                raise StudyError(f"text {key!r} has plural forms and needs a count")
            form = Locale.parse(self.language.replace("-", "_").split("_")[0]).plural_form(count)
            entry = entry.get(form, entry["other"])
        return SLOT.sub(lambda match: str(slots[match[1]]), entry)


def available_languages() -> list[str]:
    """Return the languages that the page can be made in."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@lru_cache(maxsize=16)
def load_strings(language: str) -> Strings:
    """Return the texts of a language, complete and with the same slots as English.

    Raises
    ------
    StudyError
        When there is no such language, a text lacks or is foreign, a slot differs, or a plural form lacks.
    """
    if language == PSEUDO:
        return _pseudo()
    path = FOLDER / f"{language.split('-')[0]}.json"
    if not path.is_file():
        raise StudyError(f"the page has no texts in {language!r}; there are: {', '.join(available_languages())}")
    content = json.loads(path.read_text(encoding="utf-8"))
    entries = {key: value for key, value in content.items() if not key.startswith("_")}
    if path.stem != "en":
        _compare(path, entries, load_strings("en").entries)
    return Strings(language, entries, content.get("_reviewed", ""))


def _compare(path: Path, entries: dict[str, Entry], english: dict[str, Entry]) -> None:
    faults = [f"no text {key!r}" for key in english if key not in entries]
    faults += [f"text {key!r} does not exist in English" for key in entries if key not in english]
    wanted = Locale.parse(path.stem).plural_form.tags | {"other"}
    for key, entry in entries.items():
        reference = english.get(key, entry)
        if isinstance(entry, str) != isinstance(reference, str):
            faults.append(f"text {key!r}: plural forms in one language only")
            continue
        if not isinstance(entry, str) and set(entry) != wanted:
            faults.append(f"text {key!r}: plural forms {sorted(entry)}; allowed: {sorted(wanted)}")
        if slots_of(entry) != slots_of(reference):
            faults.append(f"text {key!r}: slots {sorted(slots_of(entry))}; allowed: {sorted(slots_of(reference))}")
    if faults:
        raise StudyError("; ".join(f"{path.name}: {fault}" for fault in faults))


def slots_of(entry: Entry) -> set[str]:
    """Return the slots that the text, or any of its plural forms, has."""
    texts = [entry] if isinstance(entry, str) else list(entry.values())
    return {slot for text in texts for slot in SLOT.findall(text)}


def _pseudo() -> Strings:
    def mark(text: str) -> str:
        return f"\u27e6{text} {'~' * max(1, len(text) // 4)}\u27e7"

    entries: dict[str, Entry] = {
        key: mark(entry) if isinstance(entry, str) else {form: mark(text) for form, text in entry.items()}
        for key, entry in load_strings("en").entries.items()
    }
    return Strings(PSEUDO, entries, "pseudo-locale for tests")
