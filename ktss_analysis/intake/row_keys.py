"""Rows that look alike somewhere in a source, found by keys on disk: repeated persons, forms sent twice, same answers.

A key is what a rule compares: a pseudonym, a time stamp, a hash of 128 bits over all answers. Keys of a source are
looked at in groups, so that equal keys meet and no more than a group is in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROWS_IN_A_GROUP = 200_000
"""Rows whose keys are compared at once."""
_BLOCK = 100_000
REPEATED, SAME_ANSWERS, DOUBLE, SAME_PATTERN = 1, 2, 4, 8
"""What is noted of a row, as bits: set aside as a repeat, with the kept row's answers; sent twice; equal answers."""

Keys = NDArray[np.void]


def key_type(n_parts: int) -> np.dtype:
    """Return what is kept of a row, with the spread within scales of each wide part."""
    return np.dtype(
        [
            ("person", "S11"), ("has_id", "?"), ("alive", "?"), ("few", "?"), ("timed", "?"), ("patterned", "?"),
            ("file", "i4"), ("row", "i8"), ("stamp", "i8"), ("content", "u8", 2), ("pattern", "u8", 2),
            ("spread", "f8", (n_parts,)),
        ]
    )  # fmt: skip


def hashes(frame: pd.DataFrame) -> NDArray[np.uint64]:
    """Return a hash of 128 bits of each row, shape (n_rows, 2): equal rows have equal hashes, nan equals nan."""
    numeric = [name for name in frame if frame[name].dtype.kind == "f"]
    numbers = np.ascontiguousarray(frame[numeric].to_numpy(dtype=float)) + 0.0  # -0 becomes 0
    numbers[np.isnan(numbers)] = np.nan
    texts = [frame[name].astype(object).tolist() for name in frame if name not in set(numeric)]
    digests = bytearray()
    for place, row in enumerate(numbers):
        digest = hashlib.blake2b(row.tobytes(), digest_size=16)
        for column in texts:
            text = str(column[place]).encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(text) + text)
        digests += digest.digest()
    return np.frombuffer(bytes(digests), dtype=np.uint64).reshape(-1, 2)


class KeyFile:
    """Keys of the rows of one source on disk, in the order of the rows.

    Parameters
    ----------
    path : pathlib.Path
        File to write; it starts empty.
    kind : numpy.dtype
        Type of one key.
    """

    def __init__(self, path: Path, kind: np.dtype) -> None:
        self.path, self.kind, self.n_rows = path, kind, 0
        path.write_bytes(b"")

    def add(self, keys: Keys) -> None:
        """Append the keys of further rows."""
        with self.path.open("ab") as file:
            file.write(keys.tobytes())
        self.n_rows += len(keys)

    def blocks(self) -> Iterator[tuple[int, Keys]]:
        """Yield the keys piece by piece, each piece with the place of its first row."""
        for start in range(0, self.n_rows, _BLOCK):
            yield start, self.rows(start, _BLOCK)

    def rows(self, start: int, n_rows: int) -> Keys:
        """Return the keys of `n_rows` rows from a place on."""
        return np.fromfile(self.path, self.kind, n_rows, offset=start * self.kind.itemsize)

    def groups(
        self,
        usable: Callable[[int, Keys], NDArray[np.bool_]],
        part_of: Callable[[Keys], NDArray[np.uint64]],
        rows_in_a_group: int = ROWS_IN_A_GROUP,
    ) -> Iterator[tuple[NDArray[np.int64], Keys]]:
        """Yield the usable rows in groups of about `rows_in_a_group`; rows with equal `part_of` are in one group."""
        n_groups = max(1, -(-self.n_rows // rows_in_a_group))
        for number in range(n_groups):
            places, found = [], []
            for start, keys in self.blocks():
                mine = np.flatnonzero(usable(start, keys) & (part_of(keys) % np.uint64(n_groups) == number))
                places.append(start + mine)
                found.append(keys[mine])
            if places:
                yield np.concatenate(places), np.concatenate(found)


def person_number(keys: Keys) -> NDArray[np.uint64]:
    """Return a number that is the same for the same person."""
    signs = np.frombuffer(np.ascontiguousarray(keys["person"]).tobytes(), dtype=np.uint8).reshape(-1, 11)
    return np.asarray(signs[:, 1:] @ (np.uint64(37) ** np.arange(10, dtype=np.uint64)))


def numbered(keys: KeyFile, rows_in_a_group: int = ROWS_IN_A_GROUP) -> dict[int, int]:
    """Return for each row whose content stood there before how often it did; keys are hashes, shape (2,)."""
    earlier: dict[int, int] = {}
    groups = keys.groups(
        lambda _, found: found["anonymous"], lambda found: found["content"][:, 0], rows_in_a_group
    )  # fmt: skip
    for places, found in groups:
        content = pd.DataFrame(found["content"])
        counts = content.groupby([0, 1], sort=False).cumcount().to_numpy()
        again = np.flatnonzero(counts)
        earlier.update(zip(places[again].tolist(), counts[again].tolist(), strict=True))
    return earlier


class Decisions:
    """What rules on repeats decide about the rows of one source.

    Parameters
    ----------
    keys : KeyFile
        Keys of all rows.
    rows_in_a_group : int
        Rows whose keys are compared at once; the decisions do not depend on it.

    Attributes
    ----------
    bits : numpy.ndarray of uint8, shape (n_rows,)
        `REPEATED` and the like, added up.
    kept : dict of int to (int, int)
        Place of a repeated row -> file's number and row of the one that is used.
    """

    def __init__(self, keys: KeyFile, rows_in_a_group: int = ROWS_IN_A_GROUP) -> None:
        self.keys, self._size = keys, rows_in_a_group
        self.bits = np.zeros(keys.n_rows, dtype=np.uint8)
        self.kept: dict[int, tuple[int, int]] = {}

    def _without(self, bits: int) -> Callable[[int, Keys], NDArray[np.bool_]]:
        def usable(start: int, keys: Keys) -> NDArray[np.bool_]:
            return np.asarray(keys["alive"] & (self.bits[start : start + len(keys)] & bits == 0))

        return usable

    def repeats(self, keep: str) -> tuple[Keys, Keys] | None:
        """Find all but the ``first`` or ``last`` row of each person.

        Returns
        -------
        tuple of keys, or None
            The first row (by person, time, file, row) that is not kept and the one that is, for a refusal.
        """
        first: tuple[Keys, Keys] | None = None
        usable = self._without(0)
        groups = self.keys.groups(lambda start, keys: usable(start, keys) & keys["has_id"], person_number, self._size)
        for places, keys in groups:
            order = np.lexsort((keys["row"], keys["file"], _last(keys["stamp"]), keys["person"]))
            persons = keys["person"][order]
            new = np.r_[True, persons[1:] != persons[:-1]] if len(order) else np.zeros(0, dtype=bool)
            kept_at = np.flatnonzero(new if keep == "first" else np.r_[new[1:], True][: len(new)])
            kept = kept_at[np.cumsum(new) - 1] if len(order) else kept_at
            for extra in np.flatnonzero(kept != np.arange(len(order))):
                mine, other = keys[order[extra]], keys[order[kept[extra]]]
                place = int(places[order[extra]])
                self.kept[place] = (int(other["file"]), int(other["row"]))
                same = bool((mine["content"] == other["content"]).all())
                self.bits[place] |= REPEATED | (SAME_ANSWERS if same else 0)
                if first is None or mine["person"] < first[0]["person"]:
                    first = (mine, other)
        return first

    def doubles(self) -> None:
        """Find the rows with the content and time stamp of an earlier row that is in use."""
        usable = self._without(REPEATED)
        groups = self.keys.groups(
            lambda start, keys: usable(start, keys) & keys["timed"], lambda keys: keys["content"][:, 0], self._size
        )
        for places, keys in groups:
            frame = pd.DataFrame({"a": keys["content"][:, 0], "b": keys["content"][:, 1], "stamp": keys["stamp"]})
            self.bits[places[frame.duplicated(keep="first").to_numpy()]] |= DOUBLE

    def same_answers(self, gone: int, *, without_few: bool) -> None:
        """Find rows without identifier with the answers of an earlier one; rows with a bit of `gone` are not in use."""
        usable = self._without(gone)
        groups = self.keys.groups(
            lambda start, keys: (
                usable(start, keys) & keys["patterned"] & ~keys["has_id"] & ~(keys["few"] & without_few)
            ),
            lambda keys: keys["pattern"][:, 0],
            self._size,
        )
        for places, keys in groups:
            again = pd.DataFrame(keys["pattern"]).duplicated(keep="first").to_numpy()
            self.bits[places[again]] |= SAME_PATTERN

    def in_use(self, gone: int, *, without_few: bool) -> Iterator[Keys]:
        """Yield the keys of the rows still in use, piece by piece."""
        usable = self._without(gone)
        for start, keys in self.keys.blocks():
            yield keys[usable(start, keys) & ~(keys["few"] & without_few)]


def _last(stamps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return time stamps as numbers, with missing ones last."""
    return np.where(stamps == np.iinfo(np.int64).min, np.iinfo(np.int64).max, stamps)


def quartiles(pieces: Callable[[], Iterable[NDArray[np.float64]]]) -> tuple[int, float, float]:
    """Return how many values there are, and their quartiles as `numpy.quantile` gives them, without holding them.

    Parameters
    ----------
    pieces : callable
        Returns the values from the start, none of them below zero or nan; it is called a few times.
    """
    n_values = sum(len(piece) for piece in pieces())
    if not n_values:
        return 0, np.nan, np.nan
    found = []
    for share in (0.25, 0.75):
        position = (n_values - 1) * share
        below = int(position)
        pair = [order_statistic(pieces, place) for place in (below, min(below + 1, n_values - 1))]
        found.append(float(np.quantile(pair, position - below)))
    return n_values, found[0], found[1]


def order_statistic(pieces: Callable[[], Iterable[NDArray[np.float64]]], place: int) -> float:
    """Return the value at a place (from 0) of all values in order; 16 bits of it are settled in each pass."""
    known = np.uint64(0)
    for shift in (48, 32, 16, 0):
        counts = np.zeros(1 << 16, dtype=np.int64)
        for piece in pieces():
            bits = (np.ascontiguousarray(piece, dtype=float) + 0.0).view(np.uint64)
            if shift < 48:
                bits = bits[bits >> np.uint64(shift + 16) == known >> np.uint64(shift + 16)]
            digits = (bits >> np.uint64(shift)) & np.uint64(0xFFFF)
            counts += np.bincount(digits.astype(np.int64), minlength=1 << 16)
        ends = np.cumsum(counts)
        digit = int(np.searchsorted(ends, place, side="right"))
        place -= int(ends[digit - 1]) if digit else 0
        known |= np.uint64(digit) << np.uint64(shift)
    return float(np.array([known], dtype=np.uint64).view(float)[0])
