"""The words by which columns, tables and activities are recognised."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from ..lexicon import fold
from ..yamlfile import Strict, load_model

FILE = Path(__file__).resolve().parent / "words.yaml"


class TableWords(Strict):
    """How a row-wise table is recognised: `needs` are canonical columns, `fields` their headers."""

    activity: str
    needs: list[str]
    fields: dict[str, list[str]]


class Words(Strict):
    """The whole resource file."""

    roles: dict[str, list[str]]
    aspects: dict[str, list[str]]
    tables: dict[str, TableWords]
    files: dict[str, list[str]]


@functools.cache
def words() -> Words:
    """Return the words, read once."""
    return load_model(Words, FILE)


def plain(text: str) -> str:
    """Return a header in the form in which headers are compared: folded, signs between words made blanks."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text) if not text.isupper() else text
    return " ".join(re.split(r"[^\w()]+|_", fold(spaced))).strip()


def rank_of(role: str, header: str) -> int | None:
    """Return how early a header stands in a role's list of words, or None when it is not there."""
    return _ranks(role).get(_key(header))


@functools.cache
def _ranks(role: str) -> dict[str, int]:
    ranks: dict[str, int] = {}
    for place, word in enumerate(words().roles[role]):
        ranks.setdefault(_key(word), place)
    return ranks


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9()]", "", fold(text))


def field_headers(table: str, headers: list[str]) -> dict[str, str]:
    """Return canonical column -> header of a row-wise table, for the columns that are there."""
    known = {_key(header): header for header in reversed(headers)}
    found: dict[str, str] = {}
    for column, names in words().tables[table].fields.items():
        for name in (column, *names):
            header = known.get(_key(name))
            if header is not None and header not in found.values():
                found[column] = header
                break
    return found


def aspect_of(text: str) -> str | None:
    """Return the aspect that a text speaks of, when it is one only; ``answers`` means the person's own answer."""
    tokens = set(plain(text).split())
    found = [aspect for aspect, names in words().aspects.items() if tokens & {fold(name) for name in names}]
    return found[0] if len(found) == 1 else None


def activity_of_name(name: str) -> str | None:
    """Return the activity that a file's name speaks for; the word that stands last decides."""
    apart = re.sub(r"([a-zA-Z])([0-9])", r"\1 \2", name)
    text = f" {plain(apart)} "
    places = [
        (text.rfind(f" {plain(word)} "), len(word), activity)
        for activity, names in words().files.items()
        for word in names
    ]
    place, _, activity = max(places)
    return activity if place >= 0 else None
