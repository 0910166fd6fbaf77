"""The catalogue of sentences: no digits, no overclaiming, every slot and key known."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from ktss_analysis.core import KtssError
from ktss_analysis.display.catalogue import SLOT, Catalogue

FORBIDDEN = re.compile(
    r"\b(validated|proves?|proven|significant(ly)?|everyone|everybody|best(?!-worst)|perfect|guarantees?|undoubtedly)\b",
    re.I,
)
ALLOWED = {
    "participants.lead": "says that the figures describe these people and nobody else",
    "limits.self_rating": "says that no figure shows how skilled anybody is",
}


@pytest.fixture(scope="module")
def english() -> Catalogue:
    return Catalogue("en")


def faults(entries: dict[str, tuple[str, ...]]) -> list[str]:
    found = []
    for key, forms in entries.items():
        for form in forms:
            text = SLOT.sub("", form)
            if re.search(r"\d", text):
                found.append(f"{key}: digit")
            if (match := FORBIDDEN.search(text)) and key not in ALLOWED:
                found.append(f"{key}: {match[0]}")
    return found


def test_no_entry_holds_a_digit_or_claims_too_much(english: Catalogue) -> None:
    assert faults(english._entries) == []


@pytest.mark.parametrize("text", ["It is valid for 30 people.", "This proves it.", "The best skill is {name}."])
def test_the_lint_can_fail(text: str) -> None:
    assert faults({"bad.entry": (text,)})


def test_plural_forms_follow_the_count(english: Catalogue) -> None:
    assert english.text("one_page.ready", count=1, k="1", total="25").startswith("1 of 25 skills is ready")
    assert english.text("one_page.ready", count=8, k="8", total="25").startswith("8 of 25 skills are ready")
    with pytest.raises(KtssError, match="give the count"):
        english.text("one_page.ready", k="8", total="25")


def test_unknown_keys_and_wrong_slots_are_refused(english: Catalogue) -> None:
    with pytest.raises(KtssError, match=r"no sentence 'no\.such\.key'"):
        english.text("no.such.key")
    with pytest.raises(KtssError, match="slots"):
        english.text("list.and", first="a")
    with pytest.raises(KtssError, match="slots"):
        english.text("list.and", first="a", last="b", middle="c")


def test_a_language_without_catalogue_is_refused_with_those_that_exist() -> None:
    with pytest.raises(KtssError, match="there are: en"):
        Catalogue("xx")


def keys_in_code(folder: Path) -> set[str]:
    """Return every literal first argument of a call of `text` in the display package."""
    keys = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "text" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    keys.add(first.value)
    return keys


def test_every_sentence_the_code_asks_for_exists(repo: Path, english: Catalogue) -> None:
    asked = keys_in_code(repo / "ktss_analysis" / "display")
    assert len(asked) > 50, "the search found too little to mean anything"
    assert sorted(key for key in asked if key not in english) == []
