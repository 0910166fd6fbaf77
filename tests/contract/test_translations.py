"""The catalogues of all languages: complete, same slots as English, plural forms, no digits, no overclaiming."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from gettext import c2py
from pathlib import Path

import pytest
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

from ktss_analysis.display.catalogue import FOLDER, SLOT, Catalogue
from ktss_analysis.display.figures.words import WORDS, figure_words

LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.po"))
DRAFT = "Draft translation, not yet reviewed by a native speaker; the English text prevails."

FORBIDDEN = {
    "en": r"validated|prove[sn]?|significant(ly)?|perfect|guarantees?|undoubtedly",
    "fi": r"validoi\w*|todist\w+|merkitsevä(ä|n|sti)?|tilastollisesti merkit\w+|epäilemättä|kiistat\w+|takaa(vat)?",
    "it": r"validat[aeio]|dimostr\w+|comprov\w+|significativ\w+|perfett\w+|garanti\w+|indubbi\w+|senza dubbio",
    "nl": r"gevalideerde?|bewijst|bewezen|significante?|perfecte?|garande\w+|gegarandeerd|ongetwijfeld",
    "pl": r"z?walidowan\w+|dowodz\w+|udow[ao]dni\w+|statystycznie istotn\w+|istotn\w+ statystycznie|znamienn\w+"
    r"|gwarant\w+|niewątpliwie|doskonał\w+",
}
"""Words that claim more than data can show. A language without an entry here fails."""

QUOTES = {"en": "“”", "fi": "”»", "it": "«»", "nl": "“”‘’„", "pl": "„”«»"}
"""Marks a language may put around a name; ’ is an apostrophe everywhere."""
ANY_QUOTE = set('"“”„«»‘‚‹›')

INTERNATIONAL = {
    "alpha", "aspect", "code", "component", "consensus", "file: {file}.", "i-cvi", "item", "item-rest r", "items",
    "module", "n", "ok", "omega", "privacy", "score", "synthetic data", "system usability scale", "usability",
    "workshop",
}  # fmt: skip
"""Texts that may be the same as in English, in lower case."""


@dataclass(frozen=True)
class Texts:
    """What a PO file holds: its entries, its header, and every msgid as often as it stands there."""

    language: str
    entries: dict[str, tuple[str, ...]]
    comment: str
    declared: str
    plural: str
    n_plurals: int
    keys: tuple[str, ...]


def read(path: Path) -> Texts:
    with path.open("rb") as stream:
        catalog = read_po(stream, abort_invalid=True)
    entries = {}
    for message in catalog:
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            forms = message.string
            entries[key] = tuple(forms) if isinstance(forms, list | tuple) else (forms or "",)
    keys = tuple(re.findall(r'^msgid "(.+)"$', path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    return Texts(path.stem, entries, catalog.header_comment, str(catalog.locale_identifier), catalog.plural_expr,
                 catalog.num_plurals, keys)  # fmt: skip


def slots(text: str) -> Counter[str]:
    return Counter(SLOT.findall(text))


def faults_of_file(texts: Texts) -> list[str]:
    """Return what is wrong with the header, and entries that stand there twice."""
    expected = get_plural(texts.language)
    ours, theirs = c2py(texts.plural), c2py(expected.plural_expr)
    found = [f"{key}: more than once" for key, times in Counter(texts.keys).items() if times > 1]
    if texts.declared != texts.language:
        found.append(f"header: Language is {texts.declared}")
    if texts.n_plurals != expected.num_plurals or any(ours(n) != theirs(n) for n in range(201)):
        found.append(f"header: plural forms are not those of {texts.language}: {expected}")
    if texts.language != "en" and DRAFT not in " ".join(texts.comment.replace("#", " ").split()):
        found.append("header: does not say that the translation is a draft")
    return found


def faults_of_form(language: str, form: str) -> list[str]:
    """Return what is wrong with one text whatever its English says."""
    text = SLOT.sub("", form)
    found = []
    if not form.strip():
        found.append("empty")
    elif form != form.strip() or "\n" in form:
        found.append("space at an end, or a line break")
    if re.search(r"\d", text):
        found.append("digit")
    if "{" in text or "}" in text:
        found.append("brace that is no slot")
    if match := re.search(rf"\b({FORBIDDEN[language]})\b", text, flags=re.IGNORECASE):
        found.append(f"claims too much: {match[0]}")
    if strange := sorted((set(text) & ANY_QUOTE) - set(QUOTES[language])):
        found.append(f"quotation marks of another language: {' '.join(strange)}")
    return found


def faults_of_entry(language: str, forms: tuple[str, ...], english: tuple[str, ...], n_plurals: int) -> list[str]:
    """Return what is wrong with an entry beside its English."""
    found = [fault for form in forms for fault in faults_of_form(language, form)]
    if len(forms) != (n_plurals if len(english) > 1 else 1):
        found.append(f"{len(forms)} forms")
    if any(slots(form) not in [slots(text) for text in english] for form in forms):
        found.append("slots differ from English")
    if any(form[-1:] in ".:" or english[-1][-1:] in ".:" for form in forms) and any(
        form[-1:] != english[-1][-1:] for form in forms
    ):
        found.append("ends differently from English")
    if language != "en" and any(form in english and not may_be_the_same(form) for form in forms):
        found.append("not translated")
    return found


def may_be_the_same(text: str) -> bool:
    """Tell whether a text has nothing to translate: an international word, or slots and signs only."""
    return text.lower() in INTERNATIONAL or not re.search(r"[^\W\d_]", SLOT.sub("", text))


def faults(texts: Texts, english: Texts) -> list[str]:
    found = faults_of_file(texts)
    found += [f"{key}: missing" for key in english.entries if key not in texts.entries]
    found += [f"{key}: not in English" for key in texts.entries if key not in english.entries]
    for key, forms in texts.entries.items():
        if key in english.entries:
            problems = faults_of_entry(texts.language, forms, english.entries[key], texts.n_plurals)
            found += [f"{key}: {problem}" for problem in problems]
    return found


@pytest.fixture(scope="module")
def english() -> Texts:
    return read(FOLDER / "en.po")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_complete_and_says_the_same_as_english(language: str, english: Texts) -> None:
    texts = read(FOLDER / f"{language}.po")
    assert len(texts.entries) > 400, "the file holds too little to mean anything"
    assert faults(texts, english) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_entries_can_be_filled_for_every_count(language: str, english: Texts) -> None:
    catalogue = Catalogue(language)
    counted = {key: forms for key, forms in english.entries.items() if len(forms) > 1}
    assert len(counted) > 20, "too few entries with plural forms to mean anything"
    for key, forms in counted.items():
        filled = {slot: "x" for form in forms for slot in slots(form)}
        for count in (0, 1, 2, 5, 21, 22, 100):
            text = catalogue.text(key, count=count, **filled)
            assert text, key
            assert "{" not in text, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_charts_find_all_their_words(language: str) -> None:
    assert figure_words(Catalogue(language)).keys() == WORDS.keys()


# ------------------------------------------------------------------------------ the checks can fail


def pretend(english: Texts, language: str, **entries: tuple[str, ...]) -> Texts:
    """Return the English texts as if they were a translation without other faults, some entries replaced."""
    changed = {key.replace("__", "."): forms for key, forms in entries.items()}
    expected = get_plural(language)
    return replace(english, language=language, declared=language, comment=f"# {DRAFT}", plural=expected.plural_expr,
                   n_plurals=expected.num_plurals, entries={**english.entries, **changed})  # fmt: skip


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("", "empty"),
        (" Testo", "space at an end"),
        ("Testo con 3 cifre", "digit"),
        ("Testo {Nome}", "brace"),
        ("Lo studio dimostra tutto", "claims too much"),
        ("Le “competenze”", "quotation marks"),
        ("On one page", "not translated"),
        ("In una pagina {n}", "slots"),
        ("In una pagina.", "ends differently"),
    ],
)
def test_a_bad_text_is_found(english: Texts, form: str, expected: str) -> None:
    found = faults(pretend(english, "it", chapter__one_page=(form,)), english)
    assert any(fault.startswith("chapter.one_page: ") and expected in fault for fault in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_claim_is_found_in_each_language(language: str) -> None:
    claims = {
        "en": "This proves it.", "fi": "Tämä todistaa sen.", "it": "Ciò dimostra che è così.",
        "nl": "Dat bewijst het.", "pl": "To dowodzi skuteczności.",
    }  # fmt: skip
    assert any("claims too much" in fault for fault in faults_of_form(language, claims[language]))


def test_a_good_text_is_not_blamed(english: Texts) -> None:
    assert faults_of_entry("it", ("In una pagina",), english.entries["chapter.one_page"], 2) == []
    assert faults_of_entry("it", ("Alpha",), ("Alpha",), 2) == []
    assert faults_of_entry("it", ("{id}: {text}",), ("{id}: {text}",), 2) == []


def test_wrong_plural_forms_are_found(english: Texts) -> None:
    one_form = pretend(english, "pl", one_page__ready=("{k} z {total} umiejętności jest gotowych.",) * 2)
    assert "one_page.ready: 2 forms" in faults(one_form, english)
    wrong_rule = replace(pretend(english, "pl"), plural="(n != 1)", n_plurals=2)
    assert any("plural forms are not those of pl" in fault for fault in faults(wrong_rule, english))


def test_missing_unknown_and_repeated_keys_are_found(english: Texts) -> None:
    texts = pretend(english, "it", no__such__key=("Testo",))
    del texts.entries["chapter.one_page"]
    found = faults(replace(texts, keys=(*english.keys, "chapter.why")), english)
    assert {"chapter.one_page: missing", "no.such.key: not in English", "chapter.why: more than once"} <= set(found)


def test_a_wrong_header_is_found(english: Texts) -> None:
    found = faults_of_file(replace(pretend(english, "it"), declared="en", comment="# Translation."))
    assert found == ["header: Language is en", "header: does not say that the translation is a draft"]
