"""Which encoding a text file is in: marks first, then UTF-8, then the Western and Central European pages."""

from __future__ import annotations

import re
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
    r"(?<=[^\W\d_])[^\w\s\x00-\x7f–—‘’“”«»…·°ºª](?=[^\W\d_])|[\x80-\x9f]|[¹²³¼½¾][^\W\d_]|[^\W\d_][¹²³¼½¾¿]"
)
_BINARY = (b"\x89PNG", b"\xff\xd8\xff", b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"GIF8", b"$FL2")


def looks_binary(head: bytes) -> bool:
    """Return whether the first bytes belong to a picture, a PDF, an archive or an office file."""
    return head.startswith(_BINARY)


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
    if encoding is not None:
        return _declared(data, file, encoding), encoding, []
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _declared(data, file, name), name, []
    wide = _unmarked_utf16(data)
    if wide:
        return _declared(data, file, wide), wide, [f"read as {wide.upper()}, which the file does not say"]
    try:
        return data.decode("utf-8"), "utf-8", []
    except UnicodeDecodeError:
        name = _single_byte(data)
        note = f"read as {name}; if accented letters look wrong, give 'encoding' in the study file"
        return data.decode(name), name, [note]


def _declared(data: bytes, file: Path, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError:
        raise InputError(
            "there is no such encoding",
            file=file.name,
            found=encoding,
            allowed="utf-8, utf-16, cp1252, cp1250, ...",
        ) from None
    except UnicodeError as error:
        place = getattr(error, "start", 0)
        raise InputError(
            f"the text is not {encoding} (byte {place})",
            file=file.name, row=data[:place].count(b"\n") + 1,
            allowed="another 'encoding', or the file saved again as UTF-8",
        ) from None  # fmt: skip


def _unmarked_utf16(data: bytes) -> str | None:
    sample = data[: 1 << 14]
    half = len(sample) // 2
    if half < 2 or len(data) % 2:
        return None
    if sample[1::2].count(0) > 0.7 * half and sample[0::2].count(0) < 0.05 * half:
        return "utf-16-le"
    if sample[0::2].count(0) > 0.7 * half and sample[1::2].count(0) < 0.05 * half:
        return "utf-16-be"
    return None


def _single_byte(data: bytes) -> str:
    """Choose among the European code pages by how often a decoded sign cannot stand where it stands."""
    sample = b"\n".join(line for line in data.splitlines() if any(byte > 127 for byte in line))[: 1 << 16]
    best, fewest = "latin-1", len(sample) + 1
    for name in _SINGLE_BYTE:
        try:
            text = sample.decode(name)
            data.decode(name)
        except UnicodeDecodeError:
            continue
        odd = len(_ODD.findall(text))
        if odd < fewest:
            best, fewest = name, odd
    text = sample.decode(best)
    high = sum(1 for sign in text if sign > "\x7f" and sign.isalpha())
    low = sum(1 for sign in text if sign <= "\x7f" and sign.isalpha())
    if high > low and high > 20:
        return _other_script(data) or best
    return best


def _other_script(data: bytes) -> str | None:
    """Ask charset-normalizer when most letters are beyond ASCII: Cyrillic, Greek and the like."""
    from charset_normalizer import from_bytes

    match = from_bytes(data).best()
    return match.encoding if match is not None else None
