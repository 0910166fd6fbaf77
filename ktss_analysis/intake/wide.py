"""Wide parts: one raw column per target becomes one table row per person and target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core import InputError, StudyError
from ..study import Block, Study
from .cells import EMPTY, MISSING, CellRules, to_values, to_words
from .gather import Gathered, target_type_of
from .labels import fold, framework_labels, label_table
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
    rules : numpy.ndarray of str, shape (n_rows, n_targets)
        Per cell ``""`` for a value, ``empty``, or the rule that set it missing.
    cell_rules : CellRules
        How the cells were read.
    """

    block: Block
    target_type: str
    headers: list[str]
    targets: list[str]
    asked: BoolArray
    answers: NDArray[np.float64]
    rules: NDArray[np.object_]
    cell_rules: CellRules

    @property
    def name(self) -> str:
        """The part in words."""
        return " ".join(word for word in (self.target_type, self.block.aspect or "answers") if word)

    def answered(self) -> BoolArray:
        """Return which rows hold an answer, even one that a rule refuses."""
        return (self.asked & (self.rules != EMPTY) & (self.rules != MISSING)).any(axis=1)


def cell_rules_of(block: Block, study: Study, gathered: Gathered) -> CellRules:
    """Return how the numbers of a block are read; labels and range may come from the framework."""
    where = f"{study.path}, source {gathered.source.name!r}"
    if block.labels == "framework":
        labels = framework_labels(study.instrument, where)
    else:
        labels = label_table(block.labels, where)
    scale = block.scale
    if scale == "framework":
        if study.instrument.scale is None:
            raise StudyError(f"{where}: scale: framework, but the framework has no scale")
        low, high = study.instrument.scale.limits
        scale = (float(low), float(high))
    if scale is not None and scale[0] >= scale[1]:
        raise StudyError(f"{where}: scale {list(scale)}: the first number is not below the second")
    return CellRules(gathered.missing, labels, block.leading_number, scale, block.whole)


def convert_wide(gathered: Gathered, block: Block, pairs: list[tuple[str, str]], study: Study) -> WidePart:
    """Convert all cells of a wide part at once, file by file."""
    headers, targets = [header for header, _ in pairs], [target for _, target in pairs]
    rules = cell_rules_of(block, study, gathered)
    shape = (len(gathered.row), len(headers))
    values = np.full(shape, np.nan)
    found = np.full(shape, EMPTY, dtype=object)
    for name, decimal in gathered.decimals.items():
        mask = gathered.file == name
        cells = pd.concat([gathered.frame.loc[mask, header] for header in headers], ignore_index=True)
        try:
            converted = to_values(cells, rules, decimal=decimal)
        except InputError as error:
            raise _in_file(error, name, headers) from None
        values[mask] = converted.cells.reshape(len(headers), -1).T
        found[mask] = converted.rules.reshape(len(headers), -1).T
    present = gathered.frame[headers].notna().to_numpy(dtype=bool)
    asked = present & belongs(gathered, block)[:, None]
    return WidePart(block, target_type_of(block), headers, targets, asked, values, found, rules)


def _in_file(error: InputError, file: str, headers: list[str]) -> InputError:
    column = headers[0] if len(headers) == 1 else f"{headers[0]} ... {headers[-1]}"
    return InputError(error.problem, file=file, column=column, found=error.found, allowed=error.allowed)


def log_wide(rows: Rows, part: WidePart) -> None:
    """Log the cells of a wide part that a rule set missing."""
    for place, header in enumerate(part.headers):
        rules = np.where(part.asked[:, place], part.rules[:, place], "")
        if not ((rules != "") & (rules != EMPTY)).any():
            continue
        reasons = {rule: part.cell_rules.reason(rule) for rule in set(rules) if rule not in ("", EMPTY)}
        log_cells(rows, header, rows.gathered.frame[header], rules, reasons)


def wide_table(rows: Rows, part: WidePart, facts: RowFacts, language: pd.Series, seconds: pd.Series) -> pd.DataFrame:
    """Return the rows of `ratings` or `responses` that a part gives; missing answers stay as rows."""
    gathered, block = rows.gathered, part.block
    places, columns = np.nonzero(part.asked & rows.alive[:, None])
    targets = np.array(part.targets, dtype=object)[columns]
    table = {
        "person_id": gathered.person_id.to_numpy()[places],
        "value": part.answers[places, columns],
        "language": language.to_numpy()[places],
        "answered_on": facts.date.to_numpy()[places],
        "source": gathered.source.name,
        "source_row": source_rows(gathered)[places],
    }
    if block.table == "responses":
        table |= {"occasion": block.occasion or 1, "item_id": targets, "seconds": seconds.to_numpy()[places]}
    else:
        table |= {
            "round": block.round or 1, "target_type": part.target_type, "target_id": targets,
            "aspect": block.aspect,
        }  # fmt: skip
    return pd.DataFrame(table, index=places)


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
