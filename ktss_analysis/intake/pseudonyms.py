"""Identifiers to pseudonyms: a keyed hash, so that a person is recognised and nobody can be looked up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..secret import find_key, keyed_hash, keyed_hashes
from ..study import Study
from .coded import listed


class Pseudonymiser:
    """Turns identifiers into pseudonyms with one secret key.

    Parameters
    ----------
    study : Study
        Says where the key is: for synthetic data the public key in the study file, else the environment
        variable `privacy.pseudonym_key_env`, else the file ``.ktss/pseudonym.key`` in the study's folder or
        the nearest folder above it. When there is none, the file is made at the root of the repository (or
        beside the study file) with mode 600 and its own ``.gitignore``.

    Notes
    -----
    A pseudonym is ``P`` and ten base32 signs (50 bits) of an HMAC-SHA256 over the identifier, trimmed, NFKC
    and case-folded: "Anna@x.eu " and "anna@X.EU" are one person, and so are "12" and "12.0". It does not
    depend on the source, so one person keeps one pseudonym in all of them. Rows without an identifier get
    ``R`` and ten signs of the HMAC over the source's name and the row's content, so the id does not depend on
    the order of rows or columns; identical rows are told apart by a counter.
    """

    def __init__(self, study: Study) -> None:
        self._key = find_key(study)

    def __repr__(self) -> str:
        return "Pseudonymiser(key hidden)"

    def digest(self, kind: str, text: str, n_signs: int = 10) -> str:
        """Return the first base32 signs of the keyed hash of `text` within a `kind` of thing."""
        return keyed_hash(self._key, kind, text)[:n_signs]

    def person(self, identifier: str) -> str:
        """Return the pseudonym of an identifier."""
        return "P" + self.digest("person", self._plain(identifier))

    @staticmethod
    def _plain(identifier: str) -> str:
        """Return the form in which two spellings are one person."""
        plain = identifier if identifier.isascii() else unicodedata.normalize("NFKC", identifier)
        plain = " ".join(plain.casefold().split())
        plain = re.sub(r"^(\d+)\.0+$", r"\1", plain)  # a spreadsheet writes the number 12 as 12.0
        return plain if plain.isascii() else unicodedata.normalize("NFKC", plain)

    def persons(self, identifiers: pd.Series) -> pd.Series:
        """Return the pseudonyms of a column of identifiers; missing where there is none."""
        codes, unique = pd.factorize(identifiers.fillna("").astype(str))
        plain = [self._plain(text) for text in listed(unique)]
        names = "P" + keyed_hashes(self._key, "person", plain, 10)
        names[[not text for text in plain]] = np.nan
        return pd.Series(names[codes] if len(names) else [], index=identifiers.index, dtype="str")

    def rows(self, source: str, contents: pd.Series, repeat: Sequence[int] | NDArray[np.int64]) -> pd.Series:
        """Return ids of rows without identifier, from what stands in them; equal rows are told apart by `repeat`."""
        rows = [f"{source}\x1f{text}\x1f{count}" for text, count in zip(listed(contents), repeat, strict=True)]
        ids = "R" + keyed_hashes(self._key, "row", rows, 10)
        return pd.Series(ids, index=contents.index, dtype="str")
