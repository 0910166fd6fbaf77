"""Identifiers to pseudonyms: a keyed hash, so that a person is recognised and nobody can be looked up."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

from ..secret import find_key, keyed_hash
from ..study import Study


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
    and case-folded: "Anna@x.eu " and "anna@X.EU" are one person. It does not depend on the source, so one
    person keeps one pseudonym in all of them. Rows without an identifier get ``R`` and ten signs of the
    HMAC over the source's name and the row's content, so the id does not depend on the order of rows or
    columns; identical rows are told apart by a counter.
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
        plain = unicodedata.normalize("NFKC", identifier)
        plain = unicodedata.normalize("NFKC", " ".join(plain.casefold().split()))
        return "P" + self.digest("person", plain)

    def persons(self, identifiers: pd.Series) -> pd.Series:
        """Return the pseudonyms of a column of identifiers; missing where there is none."""
        codes, unique = pd.factorize(identifiers.fillna("").astype(str))
        names = np.array([self.person(text) if text.strip() else "" for text in unique], dtype=object)
        result = pd.Series(names[codes] if len(names) else [], index=identifiers.index, dtype="str")
        return result.mask(result == "")

    def rows(self, source: str, contents: pd.Series) -> pd.Series:
        """Return ids of rows without identifier, from what stands in them; equal rows are numbered."""
        repeat = contents.groupby(contents, sort=False).cumcount()
        ids = [
            "R" + self.digest("row", f"{source}\x1f{text}\x1f{count}")
            for text, count in zip(contents, repeat, strict=True)
        ]
        return pd.Series(ids, index=contents.index, dtype="str")
