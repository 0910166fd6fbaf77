"""Files with seeded damage, and a limit of time for what reads them."""

from __future__ import annotations

import contextlib
import io
import random
import re
import signal
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence

Mutation = Callable[[bytes, Sequence[bytes], random.Random], bytes]

_ODD = (
    b"\x00", b"\xff", b"\xfe", b"\xef\xbb\xbf", b'"', b"'",
    b"\r", b"\n", b"\r\n", b";", b",", b"\t", b"=", b"\x1a", b"\xc3", b"\xed\xa0\x80", b"sep=|\n", b"&", b"<",
    b"]]>", b"\xe2\x80\xa8",
)  # fmt: skip
_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252", "cp1250", "latin-1", "utf-32")


class HangError(Exception):
    """A case took longer than it may."""


def _flip(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    out = bytearray(data)
    for _number in range(rng.choice((1, 1, 2, 8, 40))):
        if out:
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def _cut(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _drop(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 2, 7, 50, 400)) :]


def _splice(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    other = rng.choice(others)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _repeat(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True) or [data]
    place = rng.randrange(len(lines))
    return b"".join([*lines[:place], *[lines[place]] * rng.choice((2, 3, 30)), *lines[place + 1 :]])


def _insert(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(_ODD) * rng.choice((1, 1, 2, 5000)) + data[place:]


def _recode(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    return data.decode(rng.choice(("utf-8", "cp1252", "utf-16")), "ignore").encode(rng.choice(_ENCODINGS), "ignore")


def _inside(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Damage one part of an archive and pack it again, so that the damage gets past the checksum."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old:
            parts = {name: old.read(name) for name in sorted(old.namelist())}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, zlib.error):
        return _flip(data, others, rng)
    if not parts:
        return data
    name = rng.choice(sorted(parts))
    parts[name] = rng.choice((_flip, _cut, _drop, _insert, _numbers))(parts[name], others, rng)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part, content in parts.items():
            new.writestr(zipfile.ZipInfo(part, (2025, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _numbers(data: bytes, _: Sequence[bytes], rng: random.Random) -> bytes:
    """Replace one number in a text by one that nobody expects."""
    places = list(re.finditer(rb"\d+", data))
    if not places:
        return data
    place = rng.choice(places)
    odd = rng.choice((b"0", b"-1", b"99999", b"4294967296", b"1e308", b"18446744073709551616", b"NaN", b""))
    return data[: place.start()] + odd + data[place.end() :]


MUTATIONS: tuple[Mutation, ...] = (_flip, _cut, _drop, _splice, _repeat, _insert, _recode, _numbers, _inside)


def damaged(seeds: Sequence[bytes], rng: random.Random) -> bytes:
    """Return one of the files with one to three kinds of damage."""
    data = rng.choice(seeds)
    for _number in range(rng.choice((1, 1, 2, 3))):
        data = rng.choice(MUTATIONS)(data, seeds, rng)
    return data


@contextlib.contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Raise `HangError` when the block takes too long; do nothing where there are no timers, or in other threads."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise HangError(f"{what}: not done after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
