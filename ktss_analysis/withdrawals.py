"""Who withdrew: a list beside the study that holds keyed hashes, dates and reasons, and never an identifier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from .files import write_atomic
from .secret import find_key, keyed_hash
from .study import Study
from .yamlfile import Strict, load_model

_NOTE = (
    "# Written by ktss purge. Each entry is one person who withdrew; the hash is keyed and names nobody.\n"
    "# Keep this file with the study: without it the person's rows are used again.\n"
)
_SIGNS = 26


class Withdrawal(Strict):
    """One person who withdrew: a keyed hash of the pseudonym, the day, and why."""

    hash: Annotated[str, Field(pattern=rf"^[A-Z2-7]{{{_SIGNS}}}$")]
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    reason: Annotated[str, Field(min_length=3)]


class Withdrawals(Strict):
    """The list beside the study file."""

    purged: list[Withdrawal] = Field(default_factory=list)


def list_path(study: Study) -> Path:
    """Return where the list of a study is, or would be: ``study.purged.yaml`` beside ``study.yaml``."""
    return study.path.with_name(f"{study.path.stem}.purged.yaml")


def load_withdrawals(study: Study) -> Withdrawals:
    """Return the list of a study; empty when there is no file.

    Raises
    ------
    StudyError
        When the file is not such a list.
    """
    path = list_path(study)
    return load_model(Withdrawals, path) if path.is_file() else Withdrawals()


def withdrawal_hash(study: Study, pseudonym: str) -> str:
    """Return the keyed hash under which a person stands in the list; the pseudonym cannot be had from it."""
    return keyed_hash(find_key(study), "purged", pseudonym)[:_SIGNS]


def add_withdrawal(study: Study, entry: Withdrawal) -> Path:
    """Add a person to the list, unless the person stands there already."""
    known = load_withdrawals(study)
    path = list_path(study)
    if entry.hash not in {withdrawal.hash for withdrawal in known.purged}:
        entries = [withdrawal.model_dump() for withdrawal in [*known.purged, entry]]
        text = yaml.safe_dump({"purged": entries}, sort_keys=False, allow_unicode=True)
        write_atomic(path, _NOTE + text)
    return path
