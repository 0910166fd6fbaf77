"""Who must not be named: the persons of a study, and the guard that cleaning asks before it stores a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import InputError, KtssError
from ..readers import ColumnInfo, read_chunks
from ..study import Source, Study
from .exposure import Exposure, Guard, find_exposures, guard_of, placeholder
from .gather import Gathered, find_column, options
from .identifier_headers import kind_of_header
from .identifiers import Scrubber, name_parts, regions_of
from .labels import fold
from .pseudonyms import Pseudonymiser

_NOT_ABOUT_PEOPLE = ("codebook", "item_versions")
_LISTS = ("comment_ids", "suggestion_ids", "evidence", "shown", "streams")


def scrubber_of(study: Study, sources: Iterable[Source]) -> Scrubber:
    """Return what replaces identifiers in the texts of some sources.

    Names of persons are taken from the register and from the sources themselves: from columns that identify the
    person, and from columns called "name" and the like, mapped or not. They stay in memory.

    Parameters
    ----------
    study : Study
        The study; its languages say which countries' telephone numbers are tried.
    sources : iterable of Source
        The sources that are cleaned together.
    """
    wanted = list(sources)
    names: frozenset[str] = frozenset()
    if any(_has_texts(source) for source in wanted):
        registers = study.of("register")
        for source in [*registers, *(source for source in wanted if source not in registers)]:
            names |= name_parts(_persons_written(study, source))
    return Scrubber(names, regions_of(study.languages))


def _has_texts(source: Source) -> bool:
    texts = ("comments", "suggestions", "decisions", "changes")
    return bool(source.free_text) or any(block.table in texts for block in source.blocks)


def _persons_written(study: Study, source: Source) -> Iterator[str]:
    """Yield the cells that name persons; a file that cannot be read is left to cleaning, which says why."""
    person = None if source.person is None else source.person.column
    try:
        for path in study.files(source):
            for table in read_chunks(path, **options(study, source)):
                headers = [header for header in table.frame.columns if kind_of_header(str(header)) == "name"]
                yield from _whole_names(table.frame, headers)
                if person is not None:
                    cells = table.frame[find_column(table.frame.columns, person, source, [table])]
                    names = (text for text in cells.unique() if not any(sign.isdigit() for sign in text.split("@")[0]))
                    yield from names
    except KtssError:
        return


def _whole_names(frame: pd.DataFrame, headers: Sequence[str]) -> Iterator[str]:
    """Yield the cells of columns with names, and the names that the columns of one row make together."""
    for header in headers:
        yield from frame[header].unique()
    if len(headers) > 1:
        yield from frame[list(headers)].agg(" ".join, axis=1).unique()


def protect(study: Study, gathered: Gathered, scrubber: Scrubber) -> tuple[list[Exposure], Guard]:
    """Return where identifiers stand in a source's raw columns, and the guard of its texts."""
    columns: dict[str, ColumnInfo] = {}
    for table in gathered.tables:
        columns |= table.columns
    exposures = find_exposures(gathered.frame, scrubber, columns)
    return exposures, guard_of(study, gathered.source, exposures, scrubber)


def masked_texts(texts: pd.Series, header: str, guard: Guard) -> tuple[pd.Series, list[tuple[str, ...]]]:
    """Return free texts without identifiers, and per text the kinds that were replaced.

    Parameters
    ----------
    texts : pandas.Series of str, shape (n,)
        Texts; missing ones stay missing.
    header : str
        Raw column they come from.
    guard : Guard
        The source's guard; a column that the study keeps is not touched.
    """
    if fold(header) in guard.kept:
        return texts, [()] * len(texts)
    hidden = guard.hidden.get(fold(header))
    if hidden is not None:
        filled = texts.map(lambda text: isinstance(text, str))
        return texts.mask(filled, placeholder(hidden)), [(hidden,) if is_text else () for is_text in filled]
    pairs = [guard.scrubber.replace(text) if isinstance(text, str) else (text, ()) for text in texts]
    masked = pd.Series([text for text, _ in pairs], index=texts.index, dtype=texts.dtype)
    return masked, [kinds for _, kinds in pairs]


def masked_words(
    cells: NDArray[np.object_], column: str, header: str, table: str, guard: Guard, pseudonymiser: Pseudonymiser
) -> NDArray[np.object_]:
    """Return words of a column of a table without identifiers.

    In a column of ids (groups, coders, comments) a cell with an identifier becomes a pseudonym, so that rows which
    belong together still do; in other columns the identifier becomes the name of its kind. In tables that
    are not about people (`codebook`, `item_versions`) a column called "name" is not hidden for its header alone.
    """
    key = fold(header)
    if not header or key in guard.kept:
        return cells
    is_id = column.endswith("_id") or column == "decided_by" or column in _LISTS
    hidden = None if table in _NOT_ABOUT_PEOPLE else guard.hidden.get(key)

    def one(text: str) -> str:
        if hidden is not None:
            return pseudonymiser.person(text) if is_id else placeholder(hidden)
        replaced, kinds = guard.scrubber.replace(text)
        if not kinds or not is_id:
            return replaced
        return text if text.isdigit() else pseudonymiser.person(text)

    def whole(text: object) -> object:
        if not isinstance(text, str) or column not in _LISTS:
            return one(text) if isinstance(text, str) else text
        return re.sub(r"[^|;,\s][^|;,]*", lambda part: one(part.group()), text)

    codes, unique = pd.factorize(pd.Series(cells, dtype="object"), use_na_sentinel=True)
    masked = np.array([*(whole(text) for text in unique), None], dtype=object)
    return np.asarray(masked[codes], dtype=object)


def nameless(error: InputError, scrubber: Scrubber) -> InputError:
    """Return the same refusal without identifiers: a message is printed, and stored in the notebook that ran."""
    hide = scrubber.text
    return InputError(
        hide(error.problem), file=error.file, row=error.row,
        column=None if error.column is None else hide(str(error.column)),
        found=None if error.found is None else hide(str(error.found)),
        allowed=None if error.allowed is None else hide(str(error.allowed)),
    )  # fmt: skip


def kinds_in_words(kinds: Iterable[str]) -> str:
    """Return what stands in the place of some kinds, without repeats."""
    return ", ".join(dict.fromkeys(map(placeholder, kinds)))
