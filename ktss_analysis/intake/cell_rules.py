"""How the numbers of a part are read: labels, scale, missing codes, from study file, framework and raw file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..core import InputError, StudyError
from ..lexicon import no_opinion_texts, shipped_scale
from ..readers import ColumnInfo, RawTable
from ..study import Block, Cell, Source, Study
from .cells import CellRules
from .gather import Gathered
from .labels import LabelTable, disorder, file_labels, fold, framework_labels, label_table, shipped_labels

Scale = tuple[float, float]


def cell_rules_of(block: Block, study: Study, gathered: Gathered, header: str = "") -> CellRules:
    """Return how the cells of a column of a part are read.

    Parameters
    ----------
    block : Block
        The part.
    study, gathered : Study, Gathered
        For the framework's scale and the raw files' own words about the column.
    header : str
        The column; only needed when labels or missing codes come from the raw file.

    Raises
    ------
    StudyError
        When the study file asks for labels or a scale that are not there, or that contradict each other.
    InputError
        When the raw file should say what a label means and does not.
    """
    where = f"{study.path}, source {gathered.source.name!r}"
    info = declared_of(gathered.tables, header) if header else ColumnInfo()
    scale = _scale(block, study, where)
    labels = _labels(block, study, where, info, header, gathered.tables)
    missing = gathered.missing
    if gathered.source.missing == "file":
        missing |= {fold(code) for code in info.missing} | {fold(info.labels.get(code, "")) for code in info.missing}
        missing -= {""}
    return CellRules(
        missing, labels, block.leading_number, scale, block.whole, _no_opinion(gathered.source, labels),
        frozenset(gathered.source.missing_numbers),
    )  # fmt: skip


def with_labels(rules: CellRules, cell: Cell, source: str) -> CellRules:
    """Return the rules with the labels of one cell description, which count before those of its part.

    Raises
    ------
    StudyError
        When a label of the cell stands for no number, or for two.
    """
    own = LabelTable()
    for label, number in cell.labels.items():
        try:
            own.add(label, float(number), f"source {source!r}, column {cell.column!r}")
        except ValueError as error:
            if isinstance(error, StudyError):
                raise
            raise StudyError(
                f"source {source!r}, column {cell.column!r}: label {label!r} stands for {number!r}; allowed: a number"
            ) from None
    shown = rules.labels.shown if isinstance(rules.labels, LabelTable) else {key: key for key in rules.labels}
    rest = [(shown[key], number) for key, number in rules.labels.items() if key not in own]
    return replace(rules, labels=LabelTable([*((own.shown[key], number) for key, number in own.items()), *rest]))


def declared_of(tables: Iterable[RawTable], header: str) -> ColumnInfo:
    """Return what the raw files say about a column, all files together; the first word on a code counts."""
    labels: dict[str, str] = {}
    missing: list[str] = []
    text, kind = "", ""
    for table in tables:
        for name, info in table.columns.items():
            if name == header or fold(name) == fold(header):
                labels = {**info.labels, **labels}
                missing += [code for code in info.missing if code not in missing]
                text, kind = text or info.text, kind or info.kind
    return ColumnInfo(text, labels, tuple(missing), {}, kind)


def _scale(block: Block, study: Study, where: str) -> Scale | None:
    scale = block.scale
    if scale == "framework":
        if study.instrument.scale is None:
            raise StudyError(f"{where}: scale: framework, but the framework has no scale")
        low, high = study.instrument.scale.limits
        scale = (float(low), float(high))
    if scale is not None and scale[0] >= scale[1]:
        raise StudyError(
            f"{where}: scale {list(scale)}: the first number is not below the second; allowed: [lowest, highest]"
        )
    if isinstance(block.labels, str) and block.labels not in ("framework", "file"):
        limits = shipped_scale(block.labels).limits
        if scale is not None and scale != limits:
            raise StudyError(
                f"{where}: labels {block.labels} stand for {limits[0]:g} to {limits[1]:g}, but scale is "
                f"{scale[0]:g} to {scale[1]:g}; correct the scale, or write label -> number under 'labels'"
            )
        return limits
    return scale


def _labels(
    block: Block, study: Study, where: str, info: ColumnInfo, header: str, tables: list[RawTable]
) -> LabelTable:
    if isinstance(block.labels, dict):
        return label_table(block.labels, where)
    if block.labels == "framework":
        return framework_labels(study.instrument, where)
    if block.labels != "file":
        return shipped_labels(block.labels, where)
    if not header:
        return LabelTable()
    asked = {code: label for code, label in info.labels.items() if code not in info.missing}
    found = file_labels(asked, f"{where}, column {header!r}: the file's value labels")
    if found is None:
        raise InputError(
            "labels: file, but the file does not say which number a label of this column stands for",
            file=", ".join(table.file.name for table in tables), column=header,
            found=", ".join(f"{code} = {label}" for code, label in list(asked.items())[:5]) or "no value labels",
            allowed="a file or a companion (structure) with numbered value labels, or label -> number under 'labels'",
        )  # fmt: skip
    wrong = disorder(asked)
    if wrong:
        raise InputError(
            f"labels: file, but {wrong}, so their numbers are no scale",
            file=", ".join(table.file.name for table in tables), column=header,
            found=", ".join(f"{code} = {label}" for code, label in asked.items()),
            allowed="codes numbered in the order of the options, or label -> number under 'labels'",
        )  # fmt: skip
    return found


def _no_opinion(source: Source, labels: LabelTable) -> frozenset[str]:
    """Return the texts that mean "no opinion"; one that is a label of the scale is none."""
    texts = no_opinion_texts() if source.no_opinion == "shipped" else frozenset(map(fold, source.no_opinion))
    return texts - set(labels)
