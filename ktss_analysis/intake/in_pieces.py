"""One large source cleaned piece by piece, with the rules of `one_source`; only one piece is in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import StudyError
from ..readers import RawChunks, find_reader, read_chunks
from ..study import Source, Study
from .exposure import guard_of
from .flags import FEWEST_PATTERN, patterns, spread_within_scales
from .gather import Gathered, anonymous_contents, identify, number_anonymous, options, put_together
from .identifiers import Scrubber
from .labels import fold
from .log import Log
from .noted import Noted
from .one_source import Settled, finish, settle
from .people import Cleaned
from .piece_facts import look_through
from .pseudonyms import Pseudonymiser
from .row_keys import (
    ROWS_IN_A_GROUP,
    Decisions,
    KeyFile,
    hashes,
    key_type,
    numbered,
)  # fmt: skip
from .rows import Rows, exclude_note
from .submissions import may_be_double, too_few
from .suspects import ItemMoments
from .wide import convert_wide

LARGE = 48_000_000
"""Bytes of raw files from which a source is cleaned in pieces."""


def chunks_of(study: Study, source: Source, n_rows: int | None = None) -> list[RawChunks] | None:
    """Return a source's files for cleaning in pieces, or None when its rules need all rows at once.

    In pieces go sources whose files can be read in pieces and are not described by value labels, all of whose parts are
    wide, and which neither rate the relevance of something (each reviewer is compared with all others) nor keep
    several rows of a person.
    """
    blocks = source.blocks
    plain = source.repeated != "keep" and source.activity != "register" and study.structure(source) is None
    plain = plain and all(
        block.columns is not None and not block.fields and block.aspect != "relevance" for block in blocks
    )
    paths = study.files(source)
    if not plain or any(find_reader(path, source.format).chunks is None for path in paths):
        return None
    chunks = [read_chunks(path, n_rows, **options(study, source)) for path in paths]
    described = any(info.labels or info.missing for file in chunks for info in file.head.columns.values())
    return None if described else chunks


@dataclass(frozen=True)
class Sizes:
    """How a large source is cut; the cleaned tables do not depend on it.

    Parameters
    ----------
    large : int
        Bytes of raw files from which a source is cleaned in pieces.
    n_rows : int, optional
        Most rows in a piece; the reader chooses when not given.
    n_ranges : int, optional
        Ranges of persons that are sorted by themselves; by the size of the files when not given.
    rows_in_a_group : int
        Rows whose keys are compared at once.
    """

    large: int = LARGE
    n_rows: int | None = None
    n_ranges: int | None = None
    rows_in_a_group: int = ROWS_IN_A_GROUP


def n_bytes(study: Study, source: Source) -> int:
    """Return the size of a source's raw files."""
    return sum(path.stat().st_size for path in study.files(source))


def is_large(study: Study, source: Source, sizes: Sizes) -> bool:
    """Return whether a source is cleaned in pieces if it can be; absent files are left to cleaning, which says so."""
    try:
        return n_bytes(study, source) >= sizes.large
    except StudyError:
        return False


def source_in_pieces(
    study: Study, source: Source, pseudonymiser: Pseudonymiser, *, declined: frozenset[str], scrubber: Scrubber,
    folder: Path, sizes: Sizes,
) -> SourceInPieces | None:  # fmt: skip
    """Return a source looked through once, or None when it must be cleaned as a whole.

    Parameters
    ----------
    study, source, pseudonymiser, declined, scrubber
        As for `one_source.clean_source`.
    folder : pathlib.Path
        Where its rows wait; made here, removed by whoever made the folder above.
    sizes : Sizes
        How it is cut.
    """
    chunks = chunks_of(study, source, sizes.n_rows)
    if chunks is None:
        return None
    folder.mkdir(mode=0o700)
    found = SourceInPieces(
        study, source, pseudonymiser, scrubber, declined=declined, chunks=chunks, folder=folder, sizes=sizes
    )  # fmt: skip
    return found if found.decided else None


class SourceInPieces:
    """A source that is cleaned piece by piece.

    Parameters
    ----------
    study, source, pseudonymiser, scrubber
        As for `one_source.clean_source`.
    declined : frozenset of str
        Pseudonyms of persons who did not consent.
    chunks : list of RawChunks
        What `chunks_of` returned.
    folder : pathlib.Path
        A private folder for this source, removed by whoever made it.
    sizes : Sizes
        How it is cut.

    Attributes
    ----------
    decided : bool
        False when only all rows together can decide how numbers are written; then nothing can be yielded.
    notes : list of str
        As `Gathered.notes`; complete when the source was read.
    """

    def __init__(
        self, study: Study, source: Source, pseudonymiser: Pseudonymiser, scrubber: Scrubber, *,
        declined: frozenset[str], chunks: list[RawChunks], folder: Path, sizes: Sizes,
    ) -> None:  # fmt: skip
        self._study, self._source, self._pseudonymiser, self._declined = study, source, pseudonymiser, declined
        self._folder, self._size = folder, sizes.rows_in_a_group
        template = put_together(study, source, [file.head for file in chunks])
        template.notes = template.notes[sum(len(file.head.notes) for file in chunks) :]
        parts = [convert_wide(template, block, pairs, study) for block, pairs in self._answered(template)]
        self._moments = [ItemMoments(part) for part in parts]
        self._n_parts = len(parts)
        scaled = all(part.cell_rules.scale is not None for part in parts if part.block.table == "responses")
        self._facts = look_through(template, chunks, scrubber, pseudonymiser, folder)
        self.decided = scaled and self._facts.decided
        self._guard = guard_of(study, source, self._facts.exposures, scrubber)
        self.notes = [f"{file.head.file.name}: {note}" for file in chunks for note in file.notes] + template.notes
        for hits, exclude in zip(self._facts.excluded, source.exclude, strict=True):
            values = {fold(value) for value in exclude.values}  # noqa: PD011 - a field of the study file
            if values - hits:
                self.notes.append(exclude_note(exclude.column, len(values - hits), len(values)))

    @staticmethod
    def _answered(template: Gathered) -> list[tuple]:
        blocks = zip(template.source.blocks, template.wide, strict=True)
        return [(block, pairs) for block, pairs in blocks if pairs and block.table != "comments"]

    def cleaned(self) -> Iterator[Cleaned]:
        """Yield the source piece by piece, as `one_source.clean_source` returns it as a whole.

        The last one holds nothing but the log entries that are about the whole source.
        """
        names = sorted(table.file.name for table in self._facts.template.tables)
        again = numbered(self._facts.contents, self._size)
        keys = KeyFile(self._folder / "keys", key_type(self._n_parts))
        for settled in self._settled(again):
            keys.add(self._keys_of(settled, names))
        across = Noted(self._source, Decisions(keys, self._size), names, self._moments, self._study)
        for settled in self._settled(again, keys):
            across.moved_to(len(settled.rows.alive))
            yield finish(settled, self._study, self._pseudonymiser, self._facts.exposures, across)
        yield self._about_all()

    def _settled(self, again: dict[int, int], keys: KeyFile | None = None) -> Iterator[Settled]:
        """Yield the rows after all rules that look at one row at a time; `keys` tell the persons, once noted."""
        facts, place, started = self._facts, 0, set[int]()
        decimals, formats = facts.decimals(), facts.date_formats()
        for number, piece in facts.pieces():
            name = facts.template.tables[number].file.name
            piece.decimals, piece.date_formats = {name: decimals[name]}, formats
            if keys is None:
                identify(piece, self._pseudonymiser)
                contents = anonymous_contents(piece)
                repeat = np.array([again.get(place + int(index), 0) for index in contents.index], dtype=np.int64)
                number_anonymous(piece, self._pseudonymiser, contents, repeat)
            else:
                noted = keys.rows(place, len(piece.row))
                piece.person_id = pd.Series(noted["person"].astype("U11"), index=piece.frame.index, dtype="str")
                piece.has_id = noted["has_id"]
            header = facts.header_again(number) if number not in started and len(piece.row) else None
            started |= {number} if len(piece.row) else set()
            rows = Rows(piece, Log(self._source.name, facts.known, self._guard))
            nothing = pd.Series(dtype=bool)
            yield settle(rows, self._study, self._pseudonymiser, self._declined, nothing if header is None else header)
            place += len(piece.row)

    def _keys_of(self, settled: Settled, names: Sequence[str]) -> NDArray[np.void]:
        rows, parts = settled.rows, settled.parts
        gathered = rows.gathered
        keys = np.zeros(len(gathered.row), dtype=key_type(self._n_parts))
        if not len(keys):
            return keys
        keys["person"] = gathered.person_id.to_numpy(dtype=object).astype("S11")
        keys["has_id"], keys["alive"], keys["few"] = gathered.has_id, rows.alive, too_few(rows, parts)
        keys["timed"] = may_be_double(rows, settled.facts, parts)
        keys["file"], keys["row"] = names.index(gathered.tables[0].file.name), gathered.row
        keys["stamp"] = settled.facts.stamp.to_numpy().astype("datetime64[us]").astype(np.int64)
        keys["content"] = hashes(settled.answers)
        if parts:
            pattern = patterns(parts)
            keys["patterned"] = pattern.notna().sum(axis=1) >= FEWEST_PATTERN
            keys["pattern"] = hashes(pattern)
        for place, part in enumerate(parts):
            keys["spread"][:, place] = spread_within_scales(part, self._study)
        return keys

    def _about_all(self) -> Cleaned:
        """Return the log entries that are about columns and not about rows."""
        template = self._facts.template
        table = template.tables[0]
        log = Log(self._source.name, self._facts.known, self._guard)
        for moments in self._moments:
            for header, reason in moments.reversed(self._study):
                log.change("item.reversed", "flagged", file=[table.file.name], row=[table.header_row], column=header,
                           reason=reason)  # fmt: skip
        change_log = log.change_frame()
        counts = {"n_read": 0, "n_used": 0, "n_set_aside": 0, "n_changed": 0, "n_flagged": len(change_log)}
        accounts = pd.DataFrame([{"source": self._source.name, "file": table.file.name, **counts}])
        return Cleaned(
            replace(template, tables=[]), [], change_log, log.quarantine_frame(), accounts, self._facts.exposures
        )

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._source.name

    def without_rows(self) -> Cleaned:
        """Return the source without its rows: its columns, and where identifiers stand."""
        return Cleaned(self._facts.template, exposures=self._facts.exposures)
