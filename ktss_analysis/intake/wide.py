"""Wide parts: one raw column per target becomes one table row per person and target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import InputError
from ..study import Block, Study
from .cell_rules import cell_rules_of
from .cells import DECLINED_CODES, EMPTY, RULES, VALUE_OR_EMPTY, CellRules, distinct, read_texts, to_words
from .coded import coded, constant, taken
from .gather import Gathered, target_type_of
from .labels import fold
from .rows import BoolArray, RowFacts, Rows, belongs, log_cells


@dataclass
class WidePart:
    """One converted wide part.

    Parameters
    ----------
    block : Block
        Its description.
    target_type : str
        Kind of target.
    headers, targets : list of str, length n_targets
        Raw columns and the targets they are about.
    asked : numpy.ndarray of bool, shape (n_rows, n_targets)
        Whether the row belongs to the part and its file has the column.
    answers : numpy.ndarray of float, shape (n_rows, n_targets)
        Answers, nan when missing.
    rules : numpy.ndarray of int8, shape (n_rows, n_targets)
        Per cell the place in `RULES` of what became of it: a value, nothing, or the rule that set it missing.
    column_rules : list of CellRules, length n_targets
        How the cells of each column were read.
    """

    block: Block
    target_type: str
    headers: list[str]
    targets: list[str]
    asked: BoolArray
    answers: NDArray[np.float64]
    rules: NDArray[np.int8]
    column_rules: list[CellRules]

    @property
    def cell_rules(self) -> CellRules:
        """How the cells were read, what all columns share: scale and whole numbers."""
        return self.column_rules[0]

    @property
    def name(self) -> str:
        """The part in words."""
        return " ".join(word for word in (self.target_type, self.block.aspect or "answers") if word)

    def answered(self) -> BoolArray:
        """Return which rows hold an answer, even one that a rule refuses."""
        unanswered = np.zeros(len(RULES), dtype=bool)
        unanswered[[RULES.index(EMPTY), *DECLINED_CODES]] = True
        return np.asarray((self.asked & ~unanswered[self.rules]).any(axis=1), dtype=bool)


def convert_wide(gathered: Gathered, block: Block, pairs: list[tuple[str, str]], study: Study) -> WidePart:
    """Convert all cells of a wide part at once, file by file."""
    headers, targets = [header for header, _ in pairs], [target for _, target in pairs]
    rules = _rules_of_columns(gathered, block, study, headers)
    values = np.full((len(gathered.row), len(headers)), np.nan)
    found = np.full(values.shape, RULES.index(EMPTY), dtype=np.int8)
    for name, decimal in gathered.decimals.items():
        mask = gathered.file == name
        for same in _same_rules(rules):
            places = [headers[place] for place in same]
            columns = [distinct(gathered.frame.loc[mask, header]) for header in places]
            texts = list(dict.fromkeys(text for _, unique in columns for text in unique))
            try:
                numbers, fates = read_texts(texts, rules[same[0]], decimal=decimal)
            except InputError as error:
                raise _in_file(error, name, places) from None
            place_of = {text: place for place, text in enumerate(texts)}
            for column, (codes, unique) in zip(same, columns, strict=True):
                order = np.array([place_of[text] for text in unique], dtype=np.intp)[codes]
                values[mask, column], found[mask, column] = numbers[order], fates[order]
    present = gathered.frame[headers].notna().to_numpy(dtype=bool)
    asked = present & belongs(gathered, block)[:, None]
    return WidePart(block, target_type_of(block), headers, targets, asked, values, found, rules)


def _rules_of_columns(gathered: Gathered, block: Block, study: Study, headers: list[str]) -> list[CellRules]:
    """Return each column's rules; they differ only when the raw file's own words count."""
    if block.labels == "file" or gathered.source.missing == "file":
        return [cell_rules_of(block, study, gathered, header) for header in headers]
    return [cell_rules_of(block, study, gathered)] * len(headers)


def _same_rules(rules: list[CellRules]) -> list[list[int]]:
    """Return the places of columns that are read alike, so that they are read at once."""
    groups: list[list[int]] = []
    for place, rule in enumerate(rules):
        group = next((group for group in groups if rules[group[0]] == rule), None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    return groups


def _in_file(error: InputError, file: str, headers: list[str]) -> InputError:
    column = headers[0] if len(headers) == 1 else f"{headers[0]} ... {headers[-1]}"
    return InputError(error.problem, file=file, column=column, found=error.found, allowed=error.allowed)


def log_wide(rows: Rows, part: WidePart) -> None:
    """Log the cells of a wide part that a rule set missing."""
    for place, header in enumerate(part.headers):
        touched = part.asked[:, place] & (part.rules[:, place] >= VALUE_OR_EMPTY)
        if not touched.any():
            continue
        rules = np.full(len(touched), "", dtype=object)
        rules[touched] = np.array(RULES, dtype=object)[part.rules[touched, place]]
        log_cells(rows, header, rows.gathered.frame[header], rules, part.column_rules[place].reason)


def wide_table(rows: Rows, part: WidePart, facts: RowFacts, language: pd.Series, seconds: pd.Series) -> pd.DataFrame:
    """Return the rows of `ratings` or `responses` that a part gives; missing answers stay as rows.

    Texts are coded. Rows stand in the order of persons and targets, so that the whole table need not be sorted
    when one part fills it.
    """
    gathered, block = rows.gathered, part.block
    persons = coded(gathered.person_id)
    by_person, by_target = np.argsort(persons.codes, kind="stable"), np.argsort(part.targets, kind="stable")
    used = part.asked & rows.alive[:, None]
    places, columns = np.nonzero(used[np.ix_(by_person, by_target)])
    places, columns = by_person[places], by_target[columns]
    n_rows = len(places)
    table: dict[str, object] = {
        "person_id": persons.take(places),
        "value": part.answers[places, columns],
        "language": coded(language).take(places),
        "answered_on": coded(facts.date).take(places),
        "source": constant(gathered.source.name, n_rows),
        "source_row": coded(pd.Series(source_rows(gathered))).take(places),
    }
    targets = taken(columns, part.targets)
    if block.table == "responses":
        table |= {"occasion": block.occasion or 1, "item_id": targets, "seconds": seconds.to_numpy()[places]}
    else:
        table |= {
            "round": block.round or 1, "target_type": constant(part.target_type, n_rows), "target_id": targets,
            "aspect": constant(str(block.aspect), n_rows),
        }  # fmt: skip
    return pd.DataFrame(table, index=places, copy=False)


def source_rows(gathered: Gathered) -> NDArray[np.object_]:
    """Return 'file:row' of each raw row."""
    return np.array([f"{file}:{row}" for file, row in zip(gathered.file, gathered.row, strict=True)], dtype=object)


@dataclass
class TextPart:
    """Free texts of one raw column: the target they are about and the cells with something in them."""

    header: str
    target_type: str
    target_id: str
    texts: pd.Series


def text_parts(gathered: Gathered) -> list[TextPart]:
    """Return all free texts of a source: its `free_text` columns and the wide parts that fill `comments`."""
    parts = [
        TextPart(header, "question", header, _filled(gathered, header, None))
        for header in map(gathered.column, gathered.source.free_text)
    ]
    for block, pairs in zip(gathered.source.blocks, gathered.wide, strict=True):
        if block.table == "comments":
            parts += [
                TextPart(header, target_type_of(block), target, _filled(gathered, header, block))
                for header, target in pairs
            ]
    return parts


def _filled(gathered: Gathered, header: str, block: Block | None) -> pd.Series:
    words = to_words(gathered.frame[header], missing=gathered.missing, labels={})
    texts = pd.Series(words.cells, index=gathered.frame.index, dtype="object")
    if block is not None:
        texts = texts.where(belongs(gathered, block))
    return texts.where(texts.map(lambda text: isinstance(text, str) and fold(text) != ""))
