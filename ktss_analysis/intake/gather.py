"""All raw files of one source as one frame of text, and which raw column feeds what."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import InputError
from ..readers import RawTable, find_decimal, read_table
from ..study import Block, Source, Study
from .labels import closest, fold
from .pseudonyms import Pseudonymiser

if TYPE_CHECKING:
    from .dates import DateFormats

FRAMEWORK_TARGETS = ("skill", "item", "module")


@dataclass
class Gathered:
    """The raw rows of one source.

    Parameters
    ----------
    source : Source
        The source.
    frame : pandas.DataFrame
        Text; a cell is missing (not ``""``) where the row's file has no such column.
    file, row : numpy.ndarray, shape (n_rows,)
        Where each row stands.
    tables : list of RawTable
        What the readers returned, one per file.
    wide : list of (header, target) lists
        For each block of the source, the raw columns and targets of its wide part; empty for the others.
    notes : list of str
        What an analyst should know.
    person_id : pandas.Series of str, shape (n_rows,)
        Pseudonym, or an id made from the row's content.
    has_id : numpy.ndarray of bool, shape (n_rows,)
        Whether the row has an identifier.
    date_formats : dict of str to DateFormats
        File -> formats of its dates, where the rows are some of the file's rows and all of them were looked at.
    """

    source: Source
    frame: pd.DataFrame
    file: NDArray[np.object_]
    row: NDArray[np.int64]
    tables: list[RawTable]
    wide: list[list[tuple[str, str]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    person_id: pd.Series = field(default_factory=lambda: pd.Series(dtype="str"))
    has_id: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    date_formats: Mapping[str, DateFormats] = field(default_factory=dict)

    @property
    def missing(self) -> frozenset[str]:
        """Folded texts that mean "no answer"."""
        return frozenset(fold(text) for text in self.source.missing_texts)

    def column(self, name: str) -> str:
        """Return the header a study file's column name stands for, or refuse it with the nearest headers."""
        return find_column(self.frame.columns, name, self.source, self.tables)

    @functools.cached_property
    def decimals(self) -> dict[str, str | None]:
        """Each file's decimal mark: declared, else the one its answer columns speak for."""
        if self.source.decimal is not None:
            return {table.file.name: self.source.decimal for table in self.tables}
        headers = self.number_columns()
        marks = {}
        for table in self.tables:
            part = self.frame.loc[self.file == table.file.name, headers]
            texts: set[str] = set()
            for header in headers:
                texts.update(str(text) for text in part[header].dropna().unique())
            marks[table.file.name] = find_decimal(text for text in texts if fold(text) not in self.missing)
        return marks

    def number_columns(self) -> list[str]:
        """Return the raw columns that hold answers and other numbers."""
        numeric = ("value", "seconds", "kt_years")
        cells = [cell for block in self.source.blocks for name, cell in block.fields.items() if name in numeric]
        cells += [self.source.seconds] if self.source.seconds else []
        named = {self.column(cell.column) for cell in cells if cell.column is not None}
        return sorted({header for part in self.wide for header, _ in part} | named)

    def text_columns(self) -> list[str]:
        """Return the raw columns that fill `text` of a table."""
        cells = [cell for block in self.source.blocks for name, cell in block.fields.items() if name == "text"]
        return [self.column(cell.column) for cell in cells if cell.column is not None]

    def mapped(self) -> list[str]:
        """Return the raw columns that the study file uses, in the file's order."""
        used = {header for part in self.wide for header, _ in part}
        used |= {self.column(name) for name in _declared(self.source)}
        return [name for name in self.frame.columns if name in used]


def _declared(source: Source) -> list[str]:
    """Return every raw column that the source names, wide parts apart."""
    cells = [source.person, source.language, source.answered_on, source.seconds]
    cells += [cell for block in source.blocks for cell in block.fields.values()]
    names = [cell.column for cell in cells if cell is not None and cell.column is not None]
    names += [name for block in source.blocks for name in block.when]
    names += [one.column for block in source.blocks for one in block.reverse if one.column is not None]
    return [*names, *source.free_text, *(exclude.column for exclude in source.exclude)]


def find_column(headers: Iterable[str], name: str, source: Source, tables: list[RawTable]) -> str:
    """Return the header equal to `name`, or the only one that differs in case, accents and blanks alone."""
    known = list(headers)
    if name in known:
        return name
    same = [header for header in known if fold(header) == fold(name)]
    if len(same) == 1:
        return same[0]
    near = closest(name, known) if len(known) > 1 else []
    uncut = len(known) == 1 and next((sign for sign in ";,|\t" if sign in known[0]), None)
    advice = "a header of the file; correct the study file, or name the file that has the column"
    if uncut:
        advice = f"cells cut at {uncut!r}: correct or remove 'separator' in the study file"
    raise InputError(
        f"source {source.name!r} needs a column that is not there",
        file=", ".join(table.file.name for table in tables), column=name,
        found=("nearest: " + ", ".join(near)) if near else "headers: " + ", ".join(known[:12]),
        allowed=advice,
    )  # fmt: skip


def gather(study: Study, source: Source, pseudonymiser: Pseudonymiser) -> Gathered:
    """Read all files of a source and settle what each column is.

    Raises
    ------
    InputError
        When a file cannot be read, a column that the study file names is absent, or a column names a target
        that the framework does not have.
    """
    gathered = put_together(study, source, [read_table(path, **options(study, source)) for path in study.files(source)])
    _identify(gathered, pseudonymiser)
    return gathered


def options(study: Study, source: Source) -> dict[str, Any]:
    """Return how the study file says that the files of a source are read."""
    return {
        "format": source.format, "sheet": source.sheet, "header_row": source.header_row, "encoding": source.encoding,
        "separator": source.separator, "structure": study.structure(source),
    }  # fmt: skip


def put_together(study: Study, source: Source, tables: list[RawTable]) -> Gathered:
    """Settle what each column of some raw tables is; persons are not looked at.

    Raises
    ------
    InputError
        When a column that the study file names is absent, or a column names a target that the framework does not have.
    """
    names = [table.file.name for table in tables]
    if len(set(names)) < len(names):
        raise InputError(f"source {source.name!r}: two files have one name", found=sorted(names)[0],
                         allowed="a name of its own for each file")  # fmt: skip
    frames = [unified(table.frame, tables[0].frame.columns) for table in tables]
    gathered = Gathered(
        source,
        pd.concat(frames, ignore_index=True),
        np.concatenate([np.full(len(table.rows), table.file.name, dtype=object) for table in tables]),
        np.concatenate([table.rows for table in tables]),
        tables,
        notes=[f"{table.file.name}: {note}" for table in tables for note in table.notes],
    )
    _check_each_file(gathered)
    gathered.wide = [_wide_columns(gathered, block, study) for block in source.blocks]
    _check_overlap(gathered)
    return gathered


def unified(frame: pd.DataFrame, first: Iterable[str]) -> pd.DataFrame:
    """Give columns of a later file the spelling of the first file's headers."""
    spelled = {fold(name): name for name in first}
    names = {name: spelled[fold(name)] for name in frame.columns if fold(name) in spelled}
    renamed = [names.get(name, name) for name in frame.columns]
    return frame.set_axis(renamed, axis="columns") if len(set(renamed)) == len(renamed) else frame


def _check_each_file(gathered: Gathered) -> None:
    source = gathered.source
    columns = [cell.column for cell in (source.person, source.answered_on) if cell is not None and cell.column]
    for table in gathered.tables:
        for name in columns:
            find_column(table.frame.columns, str(name), source, [table])
    for name in _declared(source):
        gathered.column(name)


def _wide_columns(gathered: Gathered, block: Block, study: Study) -> list[tuple[str, str]]:
    if block.columns is None:
        return []
    source, headers = gathered.source, list(gathered.frame.columns)
    known = known_targets(study, target_type_of(block))
    if isinstance(block.columns, dict):
        pairs = [(gathered.column(header), target) for header, target in block.columns.items()]
        for header, target in pairs:
            if known and target not in known:
                raise _unknown_target(gathered, header, target, known)
    else:
        pairs = _matching(gathered, block, study, known)
    if not pairs:
        raise InputError(
            f"source {source.name!r}: no column fits the pattern {block.columns!r}",
            file=", ".join(table.file.name for table in gathered.tables), found=", ".join(headers[:12]),
            allowed="{target} is " + (f"one of {', '.join(known[:12])}" if known else "letters and digits"),
        )  # fmt: skip
    order = {target: place for place, target in enumerate(known)}
    pairs.sort(key=lambda pair: (order.get(pair[1], len(order)), pair[1]))
    absent = [target for target in known if target not in {found for _, found in pairs}]
    if absent:
        gathered.notes.append(f"{target_type_of(block)} {block.aspect or block.table}: not asked: {', '.join(absent)}")
    return pairs


def _matching(gathered: Gathered, block: Block, study: Study, known: list[str]) -> list[tuple[str, str]]:
    """Return the headers that fit a pattern; one that fits but names an unknown target is refused."""
    pattern = str(block.columns)
    expression = re.escape(fold(pattern.replace("{target}", "\x00"))).replace(re.escape("\x00"), "(?P<target>[\\w.-]+)")
    expression = expression.replace(re.escape("*"), ".*")
    taken = {gathered.column(name) for name in _declared(gathered.source)}
    spelled = {fold(target): target for target in known}
    elsewhere = {fold(target) for kind in FRAMEWORK_TARGETS for target in known_targets(study, kind)}
    bare = pattern.strip() == "{target}"
    pairs = []
    for header in gathered.frame.columns:
        match = re.fullmatch(expression, fold(header))
        if match is None or header in taken:
            continue
        text = match["target"]
        if not known:
            start = fold(header).find(text)
            pairs.append((header, header[start : start + len(text)] if len(fold(header)) == len(header) else text))
        elif text in spelled:
            pairs.append((header, spelled[text]))
        elif not bare and text not in elsewhere:
            raise _unknown_target(gathered, header, text, known)
    return pairs


def _unknown_target(gathered: Gathered, header: str, target: str, known: list[str]) -> InputError:
    near = closest(target, known)
    return InputError(
        f"source {gathered.source.name!r}: the framework has no {target!r}",
        file=", ".join(table.file.name for table in gathered.tables), column=header, found=target,
        allowed=", ".join(near or known[:12]) + ("" if near or len(known) <= 12 else ", ..."),
    )  # fmt: skip


def target_type_of(block: Block) -> str:
    """Return the kind of target of a wide part; responses are answers to items."""
    return "item" if block.table == "responses" else block.target_type or "study"


def known_targets(study: Study, target_type: str) -> list[str]:
    """Return the framework's ids of a kind of target; none when the kind is outside the framework."""
    return study.instrument.target_ids(target_type) if target_type in FRAMEWORK_TARGETS else []


def _check_overlap(gathered: Gathered) -> None:
    taken: dict[tuple, dict[str, str]] = {}
    for block, pairs in zip(gathered.source.blocks, gathered.wide, strict=True):
        kind = (
            block.table,
            target_type_of(block),
            block.aspect,
            block.round,
            block.occasion,
            str(block.when),
        )
        seen = taken.setdefault(kind, {})
        for header, target in pairs if block.table != "comments" else []:
            if target in seen:
                raise InputError(
                    f"source {gathered.source.name!r}, {kind[2] or kind[0]}: two columns give {target!r}",
                    file=gathered.tables[0].file.name, column=header, found=seen[target],
                    allowed="one column per target",
                )  # fmt: skip
            seen[target] = header


def _identify(gathered: Gathered, pseudonymiser: Pseudonymiser) -> None:
    """Fill `person_id`: the pseudonym of the identifier, else an id made from the row's content."""
    identify(gathered, pseudonymiser)
    contents = anonymous_contents(gathered)
    number_anonymous(gathered, pseudonymiser, contents, contents.groupby(contents, sort=False).cumcount().to_numpy())


def identify(gathered: Gathered, pseudonymiser: Pseudonymiser) -> None:
    """Fill `person_id` and `has_id` from identifiers; rows without one are left to `number_anonymous`."""
    source, frame = gathered.source, gathered.frame
    person = source.person
    if person is not None and person.column is not None:
        ids = pseudonymiser.persons(frame[gathered.column(person.column)])
    elif person is not None:
        ids = pseudonymiser.persons(pd.Series(str(person.value), index=frame.index))
    else:
        ids = pd.Series(np.nan, index=frame.index, dtype="str")
    gathered.has_id, gathered.person_id = ids.notna().to_numpy(), ids


def anonymous_contents(gathered: Gathered) -> pd.Series:
    """Return what stands in the rows without identifier, whatever the order of columns; index is the row's place."""
    frame, anonymous = gathered.frame, np.flatnonzero(~gathered.has_id)
    contents = pd.Series("", index=anonymous, dtype="str")
    for header in sorted(frame.columns, key=fold) if len(anonymous) else ():
        cells = frame[header].iloc[anonymous].fillna("").str.strip().set_axis(anonymous)
        contents = contents.where(cells == "", contents + (f"\x1e{fold(header)}\x1f" + cells))
    return contents


def number_anonymous(
    gathered: Gathered, pseudonymiser: Pseudonymiser, contents: pd.Series, repeat: NDArray[np.int64]
) -> None:
    """Give rows without identifier an id; `repeat` counts the earlier rows of the source with the same content."""
    if len(contents):
        named = pseudonymiser.rows(gathered.source.name, contents, repeat)
        gathered.person_id.iloc[contents.index.to_numpy()] = named.to_numpy()
