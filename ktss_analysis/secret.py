"""The key of the pseudonyms: where it is, and the keyed hash made with it. The key is never in an output."""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .core import StudyError
from .study import Study

KEY_FILE = Path(".ktss") / "pseudonym.key"
_SHORTEST = 16
_BASE32 = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", dtype="S1")


def keyed_hash(key: bytes, kind: str, text: str) -> str:
    """Return the base32 signs of the keyed hash of `text` within a `kind` of thing."""
    code = hmac.digest(key, f"{kind}\x1f{text}".encode(), "sha256")
    return base64.b32encode(code).decode("ascii")


def keyed_hashes(key: bytes, kind: str, texts: Sequence[str], n_signs: int) -> NDArray[np.object_]:
    """Return the first base32 signs of the keyed hashes of many texts, as `keyed_hash` gives one by one."""
    n_bytes = -(-5 * n_signs // 8)
    codes = b"".join(hmac.digest(key, f"{kind}\x1f{text}".encode(), "sha256")[:n_bytes] for text in texts)
    bits = np.unpackbits(np.frombuffer(codes, dtype=np.uint8).reshape(-1, n_bytes), axis=1)[:, : 5 * n_signs]
    places = bits.reshape(-1, n_signs, 5) @ np.array([16, 8, 4, 2, 1], dtype=np.uint8)
    signs: NDArray[np.object_] = _BASE32[places].view(f"S{n_signs}").ravel().astype(f"U{n_signs}").astype(object)
    return signs


def find_key(study: Study) -> bytes:
    """Return the study's key: see `ktss_analysis.intake.pseudonyms.Pseudonymiser` for where it is looked for.

    Raises
    ------
    StudyError
        When the key is too short, or cannot be written where there is none.
    """
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
