"""Reporting checklists as data: what each item asks, which results answer it, and what only the authors can say."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from ..yamlfile import Strict, load_model

FOLDER = Path(__file__).resolve().parent
NAMES = ("accord", "coreq", "cosmin", "gramms")
"""The shipped checklists, in the order in which they are printed."""

_SHOWN = re.compile(r"^[a-z_]+(\.[a-z_0-9]+)+@(report|technical_annex|audit_annex)/[a-z_]+$")


class Place(NamedTuple):
    """Where an item is answered: what shows it, in which document and chapter."""

    shown: str
    document: str
    chapter: str


class Item(Strict):
    """One item of a checklist.

    Parameters
    ----------
    id : str
        Its number in the checklist.
    section : str
        Part of the checklist.
    asks : str
        What must be told, in our own short words.
    shown : tuple of str
        ``stream.statistic@document/chapter``: results that answer the item and the chapter that prints them. The
        streams ``study``, ``rules``, ``framework`` and ``always`` stand for facts that are no result rows.
    said : str, optional
        Name of the statement in the study file by which the authors answer it.
    undone : str, optional
        Why nothing is there when neither a result nor a statement answers it.
    """

    id: str
    section: str
    asks: Annotated[str, Field(min_length=8, max_length=120)]
    shown: tuple[Annotated[str, Field(pattern=_SHOWN.pattern)], ...] = ()
    said: Annotated[str, Field(pattern=r"^[a-z_]+$")] | None = None
    undone: str | None = None

    @model_validator(mode="after")
    def _answerable(self) -> Item:
        if not self.shown and self.said is None and self.undone is None:
            raise ValueError(f"item {self.id}: give 'shown', 'said' or 'undone', else nothing can answer it")
        return self

    @property
    def places(self) -> list[Place]:
        """What shows that the item is answered, each with document and chapter."""
        parts = [text.partition("@") for text in self.shown]
        return [Place(shown, *where.split("/")) for shown, _, where in parts]


class Checklist(Strict):
    """A reporting checklist.

    Parameters
    ----------
    id, name, subject : str
        Short name, name as printed, what it is for.
    source : str
        Publication, with DOI.
    activity : str, optional
        Activity it is about; without answers from it no item applies.
    items : list of Item
        In the order of the publication.
    """

    id: Literal["accord", "coreq", "cosmin", "gramms"]
    name: str
    subject: str
    source: Annotated[str, Field(pattern=r"doi 10\.")]
    activity: str | None = None
    items: Annotated[list[Item], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Checklist:
        ids = [item.id for item in self.items]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"item {twice[0]!r} stands there twice")
        return self


@functools.cache
def checklists() -> dict[str, Checklist]:
    """Return the shipped checklists by id.

    Raises
    ------
    StudyError
        When a resource file is broken.
    """
    return {name: load_model(Checklist, FOLDER / f"{name}.yaml") for name in NAMES}


@functools.cache
def statement_names() -> tuple[str, ...]:
    """Return the names of all statements that a study file may hold, sorted."""
    said = {item.said for checklist in checklists().values() for item in checklist.items if item.said}
    return tuple(sorted(said))
