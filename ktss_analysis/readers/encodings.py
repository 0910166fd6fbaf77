"""Which encoding a text file is in: marks first, then UTF-8, then the Western and Central European pages."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ..core import InputError

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SINGLE_BYTE = ("cp1252", "cp1250", "iso8859_2", "latin-1")
_ODD = re.compile(
    r"(?<=[^\W\d_])[^\w\s\x00-\x7f–—‘’“”«»…·°ºª](?=[^\W\d_])|[\x80-\x9f]|[£¥¹²³¼½¾][^\W\d_]|[^\W\d_][¹²³¼½¾¿]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_HEAD, _SAMPLE = 1 << 14, 1 << 16
BLOCK = 1 << 22
"""Bytes that are read at a time."""

Blocks = Callable[[], Iterator[bytes]]
_BINARY = (
    b"\x89PNG", b"\xff\xd8\xff", b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"GIF8", b"$FL2", b"$FL3",
    b"PAR1\x15", b"<stata_d",
)  # fmt: skip


def looks_binary(head: bytes) -> bool:
    """Return whether the first bytes belong to a picture, a PDF, an archive, an office or a statistical file."""
    return head.startswith(_BINARY)


def file_blocks(path: Path, n_bytes: int = BLOCK) -> Iterator[bytes]:
    """Yield a file's bytes in blocks."""
    with path.open("rb") as stream:
        while block := stream.read(n_bytes):
            yield block


def decode(data: bytes, file: Path, encoding: str | None = None) -> tuple[str, str, list[str]]:
    """Return the text, the name of its encoding and notes on what was guessed.

    Parameters
    ----------
    data : bytes
        The whole file.
    file : pathlib.Path
        For messages.
    encoding : str, optional
        Declared encoding; nothing is guessed then.

    Raises
    ------
    InputError
        When the declared encoding is unknown or does not fit.
    """
    name, notes = find_encoding(lambda: iter([data]), file, encoding)
    return data.decode(name), name, notes


def find_encoding(blocks: Blocks, file: Path, encoding: str | None = None) -> tuple[str, list[str]]:
    """Return the encoding that fits a text from end to end, and notes on what was guessed.

    Parameters
    ----------
    blocks : callable
        Returns the text's bytes in blocks; called once per look at the text, so any size needs one block of
        memory.
    file, encoding
        As for `decode`.

    Raises
    ------
    InputError
        As `decode`.
    """
    if encoding is not None:
        _check(blocks, file, encoding)
        return encoding, []
    head = next(blocks(), b"")[:_HEAD]
    for mark, name in _MARKS:
        if head.startswith(mark):
            _check(blocks, file, name)
            return name, []
    wide = _unmarked_utf16(head, sum(map(len, blocks())) if 0 in head else 1)
    if wide:
        _check(blocks, file, wide)
        return wide, [f"read as {wide.upper()}, which the file does not say"]
    if _fault(blocks, "utf-8") is None:
        return "utf-8", []
    name = _single_byte(blocks)
    return name, [f"read as {name}; if accented letters look wrong, give 'encoding' in the study file"]


def _check(blocks: Blocks, file: Path, encoding: str) -> None:
    """Refuse an encoding that does not exist, does not fit, or gives signs that are no text."""
    try:
        "".encode(encoding)
        b"".decode(encoding)
        place = _fault(blocks, encoding)
    except (LookupError, ValueError):
        raise InputError(
            "there is no such encoding",
            file=file.name,
            found=encoding,
            allowed="utf-8, utf-16, cp1252, cp1250, ...",
        ) from None
    if place is not None:
        before = (block.count(b"\n") for block in _until(blocks(), place))
        raise InputError(
            f"the text is not {encoding} (byte {place})",
            file=file.name, row=sum(before) + 1, allowed="another 'encoding', or the file saved again as UTF-8",
        )  # fmt: skip


def _until(blocks: Iterator[bytes], n_bytes: int) -> Iterator[bytes]:
    for block in blocks:
        yield block[:n_bytes]
        n_bytes -= len(block)
        if n_bytes <= 0:
            return


def _fault(blocks: Blocks, encoding: str) -> int | None:
    """Return the byte at which a text stops being of an encoding, or None when it fits to the end."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    n_before, waiting = 0, 0
    for block, last in _with_last(blocks()):
        try:
            text = decoder.decode(block, last)
        except UnicodeDecodeError as error:
            return n_before - waiting + error.start
        if not text.isascii() and _SURROGATE.search(text):
            return n_before
        n_before += len(block)
        waiting = len(decoder.getstate()[0])
    return None


def _with_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    for block in blocks:
        yield block, False
    yield b"", True


def utf8_blocks(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Yield a text as UTF-8, without byte order mark and null signs; blocks may end within a sign.

    Parameters
    ----------
    blocks : iterator of bytes
        A text that `find_encoding` has found to be of this encoding.
    encoding : str
        Its name.
    """
    plain = codecs.lookup(encoding).name in ("utf-8", "ascii")
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    started = False
    waiting = b""
    for block, last in _with_last(blocks):
        waiting += block if plain else decoder.decode(block, last).encode("utf-8")
        if not started and len(waiting) < len(codecs.BOM_UTF8) and not last:
            continue
        text = waiting if started else waiting.removeprefix(codecs.BOM_UTF8)
        started, waiting = True, b""
        text = text.replace(b"\x00", b"") if 0 in text else text
        if text:
            yield text


def _unmarked_utf16(sample: bytes, n_bytes: int) -> str | None:
    half = len(sample) // 2
    if half < 2 or n_bytes % 2:
        return None
    if sample[1::2].count(0) > 0.7 * half and sample[0::2].count(0) < 0.05 * half:
        return "utf-16-le"
    if sample[0::2].count(0) > 0.7 * half and sample[1::2].count(0) < 0.05 * half:
        return "utf-16-be"
    return None


def _single_byte(blocks: Blocks) -> str:
    """Choose among the European code pages by how often a decoded sign cannot stand where it stands."""
    sample, used = _high_lines(blocks)
    best, fewest = "latin-1", len(sample) + 1
    for name in _SINGLE_BYTE:
        try:
            text = sample.decode(name)
            used.decode(name)
        except UnicodeDecodeError:
            continue
        odd = len(_ODD.findall(text))
        if odd < fewest:
            best, fewest = name, odd
    text = sample.decode(best)
    high = sum(1 for sign in text if sign > "\x7f" and sign.isalpha())
    low = sum(1 for sign in text if sign <= "\x7f" and sign.isalpha())
    if high > low and high > 20:
        return _other_script(blocks) or best
    return best


def _high_lines(blocks: Blocks) -> tuple[bytes, bytes]:
    """Return the first lines with signs beyond ASCII, and every byte value that occurs."""
    kept, size, rest = [], 0, b""
    seen: set[int] = set()
    for block in blocks():
        seen |= set(block)
        if size < _SAMPLE:
            *lines, rest = (rest + block).splitlines()
            high = [line for line in lines if not line.isascii()]
            kept += high
            size += sum(map(len, high)) + len(high)
    if size < _SAMPLE and not rest.isascii():
        kept.append(rest)
    return b"\n".join(kept)[:_SAMPLE], bytes(sorted(seen))


def _other_script(blocks: Blocks) -> str | None:
    """Ask charset-normalizer when most letters are beyond ASCII: Cyrillic, Greek and the like."""
    from charset_normalizer import from_bytes

    match = from_bytes(b"".join(_until(blocks(), _SAMPLE << 4))).best()
    return match.encoding if match is not None and _fault(blocks, match.encoding) is None else None
