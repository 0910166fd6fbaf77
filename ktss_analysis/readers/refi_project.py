"""REFI-QDA projects and codebooks: the XML and the texts of a qualitative project as plain records.

The standard is QDA-XML 1.0 (www.qdasoftware.org). NVivo, ATLAS.ti, MAXQDA, QualCoder, Quirkos and others write it, each
in its own way; what differs is noted where it matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import InputError
from .archive import Archive, open_archive, parse_xml
from .encodings import decode

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SOURCES = {
    "TextSource": "text", "PDFSource": "pdf", "PictureSource": "picture",
    "AudioSource": "audio", "VideoSource": "video",
}  # fmt: skip
MAX_LEVELS = 100
"""Depth of a codebook. Ten levels are unusual; without a limit a small file could ask for any amount of memory."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code: its id, name, ids of its parents from the root, description, colour and whether it can be applied."""

    guid: str
    name: str
    parents: tuple[str, ...]
    description: str
    colour: str
    codable: bool


@dataclass(frozen=True, slots=True)
class Coding:
    """One code on one place of one source; positions are as the file gives them, empty where it gives none."""

    source: str
    code: str
    coder: str
    kind: str
    start: str
    end: str
    created: str
    quote: str = field(repr=False, default="")


@dataclass(slots=True)
class Document:
    """One source: its id, name, kind, date, and its text if the project holds it."""

    guid: str
    name: str
    kind: str
    created: str
    text: str | None = field(repr=False, default=None)


@dataclass(slots=True)
class Project:
    """What a project or codebook says.

    Parameters
    ----------
    origin : str
        Program that wrote it.
    codes, codings, documents : list
        In the order of the file.
    coders : dict of str to str
        Id of a user -> name.
    notes : list of str
        What was not read or had to be guessed.
    """

    origin: str = ""
    codes: list[Code] = field(default_factory=list)
    codings: list[Coding] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    coders: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def load_project(path: Path) -> Project:
    """Read a project (``.qdpx``, or its ``.qde`` alone) or a codebook (``.qdc``).

    Raises
    ------
    InputError
        For an archive or XML that is refused (see `archive`), a project without its XML, or XML that is neither a
        project nor a codebook.
    """
    with path.open("rb") as stream:
        zipped = stream.read(2) == b"PK"
    if not zipped:
        return _project(parse_xml(path.read_bytes(), path), path, None)
    with open_archive(path) as archive:
        names = project_members(archive.members)
        if len(names) != 1:
            raise InputError(
                "the archive is no REFI-QDA project", file=path.name, found=f"{len(names)} .qde files",
                allowed="one project.qde and the folder 'sources'",
            )  # fmt: skip
        return _project(parse_xml(archive.read(names[0]), path, names[0]), path, archive)


def project_members(names: Iterable[str]) -> list[str]:
    """Return the names of an archive's members that hold a project."""
    return [name for name in names if re.fullmatch(r"[^/\\]*\.qde", name, re.IGNORECASE)]


def tag_of(element: Element) -> str:
    """Return the name of an element without its namespace, which not every program writes."""
    return element.tag.rpartition("}")[2]


def guid_of(text: str | None) -> str:
    """Return an id in one spelling: small letters, no braces."""
    return (text or "").strip().strip("{}").lower()


def _project(root: Element, path: Path, archive: Archive | None) -> Project:
    if tag_of(root) not in ("Project", "CodeBook"):
        raise InputError(
            "the XML is neither a REFI-QDA project nor a codebook", file=path.name, found=f"<{tag_of(root)}>",
            allowed="<Project> or <CodeBook>",
        )  # fmt: skip
    project = Project(origin=root.get("origin") or "")
    owner = guid_of(root.get("creatingUserGUID"))
    for part in root:
        kind = tag_of(part)
        if kind == "Users":
            project.coders = {guid_of(user.get("guid")): user.get("name") or user.get("id") or "" for user in part}
        elif kind == "CodeBook":
            project.codes = [code for child in part for code in _codes(child, path)]
        elif kind == "Codes":
            project.codes = list(_codes(part, path))
        elif kind == "Sources":
            for source in part:
                _read_source(source, project, owner, archive)
        elif kind == "Cases":
            coded = sum(1 for node in part.iter() if tag_of(node) == "CodeRef")
            if coded:
                project.notes.append(f"codes of whole cases are not codings of a passage and were not read: {coded}")
    return project


def _codes(codes: Element, path: Path) -> Iterator[Code]:
    """Return the codes depth first, each after its parent."""
    waiting: list[tuple[Element, tuple[str, ...]]] = [(child, ()) for child in reversed(codes)]
    while waiting:
        element, parents = waiting.pop()
        if tag_of(element) != "Code":
            continue
        guid = guid_of(element.get("guid"))
        if len(parents) >= MAX_LEVELS:
            raise InputError("the codebook has too many levels", file=path.name, allowed=f"up to {MAX_LEVELS}")
        about = next((child.text or "" for child in element if tag_of(child) == "Description"), "")
        yield Code(
            guid, " ".join((element.get("name") or "").split()), parents, about.strip(), element.get("color") or "",
            (element.get("isCodable") or "true").strip().lower() in ("true", "1"),
        )  # fmt: skip
        waiting += [(child, (*parents, guid)) for child in reversed(element)]


def _read_source(source: Element, project: Project, owner: str, archive: Archive | None) -> None:
    kind = SOURCES.get(tag_of(source))
    if kind is None:
        return
    guid = guid_of(source.get("guid"))
    document = Document(guid, source.get("name") or guid, kind, source.get("creationDateTime") or "")
    project.documents.append(document)
    holder = _text_holder(source)
    if holder is not None:
        document.text = _text_of(holder, document, project, archive)
    owner = guid_of(source.get("creatingUser")) or owner
    points = _sync_points(source)
    for element in source.iter():
        # a selection holds its codings; a source and a transcript may hold codings of the whole
        for coding in (child for child in element if tag_of(child) == "Coding"):
            project.codings += _codings(coding, element, guid, owner, points)


def _text_holder(source: Element) -> Element | None:
    """Return the element whose plain text the text selections count in; none when several could be meant."""
    if tag_of(source) == "TextSource":
        return source
    holders = [node for node in source if tag_of(node) in ("Representation", "Transcript", "TextDescription")]
    return holders[0] if len(holders) == 1 else None


def _sync_points(source: Element) -> dict[str, str]:
    return {
        guid_of(node.get("guid")): node.get("position") or "" for node in source.iter() if tag_of(node) == "SyncPoint"
    }


def _codings(coding: Element, place: Element, source: str, owner: str, points: dict[str, str]) -> Iterator[Coding]:
    coder = guid_of(coding.get("creatingUser")) or guid_of(place.get("creatingUser")) or owner
    created = coding.get("creationDateTime") or place.get("creationDateTime") or ""
    kind, start, end = _place(place, points)
    quote = place.get("name") or "" if kind == "text" else ""
    for reference in (child for child in coding if tag_of(child) == "CodeRef"):
        yield Coding(source, guid_of(reference.get("targetGUID")), coder, kind, start, end, created, quote)


def _place(element: Element, points: dict[str, str]) -> tuple[str, str, str]:
    """Return what kind of place an element marks, and where it starts and ends."""
    tag = tag_of(element)
    if tag == "PlainTextSelection":
        return "text", element.get("startPosition") or "", element.get("endPosition") or ""
    if tag == "TranscriptSelection":
        start, end = guid_of(element.get("fromSyncPoint")), guid_of(element.get("toSyncPoint"))
        return "text", points.get(start, ""), points.get(end, "")
    if tag in ("AudioSelection", "VideoSelection"):
        return "time", element.get("begin") or "", element.get("end") or ""
    if tag in ("PDFSelection", "PictureSelection"):
        page = element.get("page") or "0"
        return (
            "area",
            f"{page}:{element.get('firstX')},{element.get('firstY')}",
            (f"{page}:{element.get('secondX')},{element.get('secondY')}"),
        )
    return "whole", "", ""


def _text_of(holder: Element, document: Document, project: Project, archive: Archive | None) -> str | None:
    content = next((child.text or "" for child in holder if tag_of(child) == "PlainTextContent"), None)
    if content is not None:
        return content
    where = holder.get("plainTextPath") or ""
    scheme, _, rest = where.partition("://")
    if not where or scheme.lower() != "internal" or archive is None:
        project.notes.append(f"source {document.guid}: its text is not in the project")
        return None
    wanted = re.split(r"[/\\]", rest)[-1].lower()
    for name in archive.members:
        folder, _, last = name.replace("\\", "/").rpartition("/")
        if folder.lower() == "sources" and last.lower() == wanted:
            return decode(archive.read(name), Path(last))[0]
    project.notes.append(f"source {document.guid}: its text {rest!r} is not in the project")
    return None
