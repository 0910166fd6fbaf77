"""Archives and XML from strangers: what is looked at before anything is unpacked or parsed.

A workbook, an OpenDocument sheet and a qualitative project are ZIP archives with XML inside. Every reader opens them
through this module. A file that tries something no office program does is refused with one error.
"""

from __future__ import annotations

import codecs
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..core import InputError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_MEMBERS = 20_000
"""Members of one archive. A project with one text and one picture per interview has a few thousand."""

MAX_UNPACKED = 2 * 1024**3
"""Bytes that the members read from one archive may unpack to: a sheet of a million rows and a hundred columns of short
cells needs about 1.5 GB of XML. Media in a project are never unpacked and do not count."""

MAX_XML = 128 * 1024**2
"""Bytes of one XML document that is read into memory, where it takes about ten times its size."""

RATIO_FROM = 16 * 1024**2
"""Unpacked bytes from which the ratio is looked at: below, even the highest possible one does no harm."""

MAX_RATIO = 400
"""Unpacked to packed size. Measured on the XML of sheets: 12 for numbers, 275 for the same cell throughout, written
without addresses. Deflate cannot exceed 1032, which is what bombs come near."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
_CHUNK = 1 << 20


class Archive:
    """A ZIP archive whose table of contents has been checked.

    Parameters
    ----------
    file : zipfile.ZipFile
        The open archive.
    path : pathlib.Path
        For messages.
    """

    def __init__(self, file: zipfile.ZipFile, path: Path) -> None:
        self._file, self._path = file, path
        self._left = MAX_UNPACKED
        self.members: dict[str, zipfile.ZipInfo] = {
            entry.filename: entry for entry in file.infolist() if not entry.is_dir()
        }

    def read(self, name: str, limit: int = MAX_XML) -> bytes:
        """Return the content of a member.

        Raises
        ------
        InputError
            When there is no such member, it is longer than `limit` bytes or than it says, all that was read is
            longer than `MAX_UNPACKED`, or its checksum is wrong.
        """
        if name not in self.members:
            raise InputError("the archive lacks a part", file=self._path.name, found=name, allowed="the whole export")
        size = self.members[name].file_size
        limit = min(limit, self._left)
        if size > limit:
            raise _too_large(self._path, name, size, limit)
        try:
            with self._file.open(name) as stream:
                data = stream.read(size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise _damaged(self._path, f"{name}: {error}") from None
        self._left -= len(data)
        return data

    def measure(self) -> None:
        """Unpack every member into nothing and refuse the archive if one is longer than it says.

        For archives that another library opens, which may trust the stream and not the table of contents.

        Raises
        ------
        InputError
            When a member unpacks to more than it says, all together to more than `MAX_UNPACKED`, or not at all.
        """
        total = sum(entry.file_size for entry in self.members.values())
        if total > MAX_UNPACKED:
            raise _too_large(self._path, f"{len(self.members)} parts", total, MAX_UNPACKED)
        with self._path.open("rb") as stream:
            for entry in self.members.values():
                _measure(stream, entry, self._path)


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a ZIP archive after a look at its table of contents.

    Parameters
    ----------
    path : pathlib.Path
        The archive. Nothing is ever written to disk.

    Yields
    ------
    Archive
        Its members, to be read one by one within limits.

    Raises
    ------
    InputError
        For a file that is no ZIP archive or is damaged; members with paths that lead outside, that are links,
        encrypted, there twice, packed in an unusual way or overlapping; more than `MAX_MEMBERS` members; a member
        that unpacks to more than `MAX_RATIO` times its size.
    """
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise _damaged(path, str(error)) from None
    with file:
        check_members(file.infolist(), path)
        yield Archive(file, path)


def check_members(entries: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse an archive by its table of contents, see `open_archive`."""
    if len(entries) > MAX_MEMBERS:
        raise InputError(
            "the archive has too many parts", file=path.name, found=len(entries), allowed=f"up to {MAX_MEMBERS}"
        )
    seen: set[str] = set()
    for entry in entries:
        trick = _trick(entry)
        if not trick and entry.filename in seen:
            trick = "stands in it twice, so programs disagree which one counts"
        if trick:
            raise InputError(
                f"the archive is refused: its part {entry.filename[:80]!r} {trick}",
                file=path.name, allowed="a file as the program saved it; export it again",
            )  # fmt: skip
        seen.add(entry.filename)
    _check_overlap(entries, path)


def refuse_encrypted_workbook(path: Path) -> None:
    """Say clearly that an Office file is protected by a password.

    Such a file is an OLE container with a stream ``EncryptedPackage`` and not a ZIP archive any more.

    Raises
    ------
    InputError
        When the file is such a container.
    """
    with path.open("rb") as stream:
        if stream.read(len(_OLE)) != _OLE:
            return
        stream.seek(0)
        data = stream.read(64 * _CHUNK)
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise InputError(
            "the workbook is protected by a password", file=path.name,
            allowed="the file saved again without a password",
        )  # fmt: skip


def parse_xml(data: bytes, path: Path, part: str = "") -> Element:
    """Return the root element of an XML document that is taken from outside.

    Parameters
    ----------
    data : bytes
        The document. A declared encoding and a byte order mark are obeyed.
    path : pathlib.Path
        For messages.
    part : str
        Member of the archive, for messages.

    Raises
    ------
    InputError
        For text that is no XML, for a document type with entities, external parts or a definition of its own, and
        for a document longer than `MAX_XML`.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    name = f"{path.name} ({part})" if part else path.name
    if len(data) > MAX_XML:
        raise _too_large(path, part or "the document", len(data), MAX_XML)
    try:
        root: Element = fromstring(data, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise InputError(
            "the XML defines a document type or entities, which can be used to read other files or to fill the memory",
            file=name, allowed="XML without <!DOCTYPE ...>, as survey and analysis programs write it",
        ) from None  # fmt: skip
    except ParseError as error:
        raise InputError(f"the XML is not well-formed ({error})", file=name, row=error.position[0],
                         allowed="the file as the program exported it") from None  # fmt: skip
    except (LookupError, ValueError, RecursionError) as error:
        raise InputError(f"the XML cannot be read ({error})", file=name, allowed="XML in UTF-8") from None
    return root


def looks_like_xml(head: bytes) -> bool:
    """Return whether the first bytes begin an XML document."""
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        head = head.removeprefix(mark)
    return head.replace(b"\x00", b"").lstrip().startswith(b"<")


def _trick(entry: zipfile.ZipInfo) -> str:
    """Return what is wrong with a member, empty when nothing is."""
    # `orig_filename` keeps what `zipfile` has already repaired: signs after a null, backslashes on Windows
    name = entry.orig_filename
    parts = re.split(r"[/\\]", name)
    if "\x00" in name or not name.strip("/"):
        return "has no proper name"
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in parts:
        return "leads out of the archive"
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if entry.flag_bits & 0x1 or entry.flag_bits & 0x40 or entry.flag_bits & 0x2000:
        return "is encrypted"
    if entry.compress_type not in _METHODS:
        return "is packed in a way that office programs do not use"
    if entry.file_size > RATIO_FROM and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        return f"would unpack to {_size(entry.file_size)} from {_size(entry.compress_size)}, like a bomb"
    if entry.compress_type == zipfile.ZIP_STORED and entry.file_size != entry.compress_size:
        return "gives two lengths for itself"
    return ""


def _check_overlap(entries: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse members that share bytes of the file: the densest bombs are built so."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise InputError(
                f"the archive is refused: its part {entry.filename[:80]!r} overlaps another one",
                file=path.name, allowed="a file as the program saved it; export it again",
            )  # fmt: skip
        end = entry.header_offset + 30 + entry.compress_size


def _measure(stream: IO[bytes], entry: zipfile.ZipInfo, path: Path) -> None:
    if entry.compress_type == zipfile.ZIP_STORED:
        return
    stream.seek(entry.header_offset)
    header = stream.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise _damaged(path, f"{entry.filename}: no header")
    skip = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    stream.seek(skip, 1)
    left, n_out = entry.compress_size, 0
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while left > 0 and not engine.eof:
            block = stream.read(min(_CHUNK, left))
            if not block:
                raise _damaged(path, f"{entry.filename}: the end is missing")
            left -= len(block)
            while block:
                n_out += len(engine.decompress(block, _CHUNK))
                block = engine.unconsumed_tail
                if n_out > entry.file_size:
                    raise InputError(
                        f"the archive is refused: its part {entry.filename[:80]!r} is longer than it says",
                        file=path.name, found=f"more than {entry.file_size} bytes",
                        allowed="a file as the program saved it; export it again",
                    )  # fmt: skip
    except zlib.error as error:
        raise _damaged(path, f"{entry.filename}: {error}") from None


def _too_large(path: Path, part: str, size: int, limit: int) -> InputError:
    return InputError(
        f"the archive is refused: {part} would unpack to {_size(size)}", file=path.name, allowed=f"up to {_size(limit)}"
    )


def _damaged(path: Path, detail: str) -> InputError:
    return InputError(
        f"the archive is damaged ({detail.strip()})", file=path.name, allowed="the file exported or downloaded again"
    )


def _size(n_bytes: int) -> str:
    if n_bytes < 1024:
        return f"{n_bytes} bytes"
    return f"{n_bytes / 1024**2:,.1f} MB" if n_bytes < 1024**3 else f"{n_bytes / 1024**3:,.1f} GB"
