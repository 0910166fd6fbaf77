"""Identifiers to pseudonyms: a keyed hash, so that a person is recognised and nobody can be looked up."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import StudyError
from ..study import Study

KEY_FILE = Path(".ktss") / "pseudonym.key"
_SHORTEST = 16


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
        self._key = _find_key(study)

    def __repr__(self) -> str:
        return "Pseudonymiser(key hidden)"

    def digest(self, kind: str, text: str, n_signs: int = 10) -> str:
        """Return the first base32 signs of the keyed hash of `text` within a `kind` of thing."""
        code = hmac.new(self._key, f"{kind}\x1f{text}".encode(), hashlib.sha256).digest()
        return base64.b32encode(code).decode("ascii")[:n_signs]

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


def _find_key(study: Study) -> bytes:
    if study.synthetic and study.privacy.pseudonym_key is not None:
        return _checked(study.privacy.pseudonym_key, f"{study.path}, privacy.pseudonym_key")
    name = study.privacy.pseudonym_key_env
    if os.environ.get(name):
        return _checked(os.environ[name], f"environment variable {name}")
    for folder in (study.folder, *study.folder.parents):
        if (folder / KEY_FILE).is_file():
            return _checked((folder / KEY_FILE).read_text(encoding="utf-8"), str(folder / KEY_FILE))
    return _new_key(study, name)


def _checked(key: str, where: str) -> bytes:
    if len(key.strip()) < _SHORTEST:
        raise StudyError(f"{where}: the key is too short; allowed: {_SHORTEST} signs or more, chosen at random")
    return key.strip().encode()


def _new_key(study: Study, name: str) -> bytes:
    root = next((folder for folder in (study.folder, *study.folder.parents) if (folder / ".git").exists()), None)
    path = (root or study.folder) / KEY_FILE
    key = secrets.token_hex(32)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(key)
    except FileExistsError:
        return _checked(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise StudyError(
            f"{path}: the key for pseudonyms cannot be written ({error.strerror}); "
            f"set the environment variable {name} instead"
        ) from None
    return key.encode()
