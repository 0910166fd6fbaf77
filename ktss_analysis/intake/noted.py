"""What depends on rows that are not at hand, decided by noted keys: repeats, same answers, fences of flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..study import Source, Study
from .flags import FlagFacts, upper_fence
from .one_source import Settled
from .row_keys import DOUBLE, REPEATED, SAME_ANSWERS, SAME_PATTERN, Decisions, quartiles
from .rows import repeat_reason, repeated_person
from .submissions import treat_doubles
from .suspects import ItemMoments


class Noted:
    """Decides by noted keys what depends on rows that are not at hand; see `one_source.Across`.

    Parameters
    ----------
    source : Source
        Its rules on repeats.
    decisions : Decisions
        Keys of all rows.
    names : sequence of str
        Names of the files, in the order of their numbers in the keys.
    moments : list of ItemMoments
        One per wide part; filled on the way.
    study : Study
        For the items of each scale.
    """

    def __init__(
        self, source: Source, decisions: Decisions, names: Sequence[str], moments: list[ItemMoments], study: Study
    ) -> None:
        self._source, self._names, self._study, self._moments = source, names, study, moments
        self._keep = "last" if source.repeated == "last" else "first"
        self._place = self._next = 0
        self._decisions = decisions
        first = decisions.repeats(self._keep)
        if first is not None and source.repeated == "refuse":
            raise repeated_person(source, *(self._where(int(key["file"]), int(key["row"])) for key in first))
        decisions.doubles()
        gone = REPEATED | (DOUBLE if source.double_submissions == "set_aside" else 0)
        few = source.partial == "set_aside"
        decisions.same_answers(gone, without_few=few)
        self.fences = [self._fence(number, gone, few) for number in range(len(moments))]

    def _where(self, file: int, row: int) -> tuple[str, int]:
        return self._names[file], row

    def _fence(self, number: int, gone: int, few: bool) -> float:
        def spreads() -> Iterator[NDArray[np.float64]]:
            for keys in self._decisions.in_use(gone, without_few=few):
                values = keys["spread"][:, number]
                yield values[~np.isnan(values)]

        return upper_fence(*quartiles(spreads))

    def moved_to(self, n_rows: int) -> None:
        """Say that the next `n_rows` rows are at hand."""
        self._place, self._next = self._next, self._next + n_rows

    def _bits(self) -> NDArray[np.uint8]:
        return self._decisions.bits[self._place : self._next]

    def repeats(self, settled: Settled) -> None:
        """Set aside, or flag, rows that repeat a person or a form."""
        bits, kept = self._bits(), self._decisions.kept
        repeated = (bits & REPEATED) > 0
        reasons = [""] * len(bits)
        for place in np.flatnonzero(repeated):
            other = self._where(*kept[self._place + int(place)])
            reasons[place] = repeat_reason(self._keep, other, same=bool(bits[place] & SAME_ANSWERS))
        settled.rows.set_aside(repeated, "row.repeated", reasons)
        treat_doubles(settled.rows, (bits & DOUBLE) > 0)

    def flags(self, settled: Settled, /) -> FlagFacts:
        """Return what flags need to know of all rows, and add the answers at hand to the moments of items."""
        for moments, part in zip(self._moments, settled.parts, strict=True):
            if part.block.table == "responses":
                moments.add(part, settled.rows.alive, self._study)
        return FlagFacts((self._bits() & SAME_PATTERN) > 0, self.fences)
