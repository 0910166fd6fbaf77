"""What looks wrong and is never changed silently: data dictionaries that contradict the data, reversed items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..readers import ColumnInfo, RawTable, to_number
from ..study import Study
from .cell_rules import declared_of
from .cells import CellRules
from .labels import LabelTable, disorder, file_labels, fold
from .rows import BoolArray, Rows
from .wide import WidePart

FEWEST_FOR_ITEMS = 10
"""From this number of persons the interval of an item-rest correlation is short enough to lie below zero."""


def raise_suspicions(rows: Rows, parts: Sequence[WidePart], study: Study, *, all_rows: bool = True) -> None:
    """Log what the raw files say of their columns and do not keep, and items that run against their scale.

    Parameters
    ----------
    rows : Rows
        Rows still in use.
    parts : sequence of WidePart
        The source's wide parts.
    study : Study
        For the items of each scale.
    all_rows : bool
        Whether these are all rows of the source; items are judged by all rows or not at all.
    """
    for table in rows.gathered.tables:
        for part in parts:
            _dictionary(rows, table, part)
    for part in parts if all_rows else ():
        if part.block.table == "responses":
            _reversed_items(rows, part, study)


def _say(rows: Rows, table: RawTable, rule: str, header: str, reason: str) -> None:
    rows.log.change(
        rule, "flagged", file=[table.file.name], row=[table.header_row], column=header, reason=reason
    )  # fmt: skip


def _dictionary(rows: Rows, table: RawTable, part: WidePart) -> None:
    """Compare what a file declares for its columns with the study file and with the cells."""
    mask = rows.gathered.file == table.file.name
    for place, header in enumerate(part.headers):
        info = declared_of([table], header)
        if not info.labels and not info.missing:
            continue
        cells = set(rows.gathered.frame[header][mask & part.asked[:, place]].dropna().unique()) - {""}
        for reason in contradictions(info, part.column_rules[place], cells, missing=rows.gathered.source.missing):
            _say(rows, table, "dictionary.contradicts", header, reason)


def contradictions(info: ColumnInfo, rules: CellRules, cells: set[str], *, missing: object) -> list[str]:
    """Return in words where a file's own description of a column does not go with scale, labels or cells.

    Parameters
    ----------
    info : ColumnInfo
        What the file says.
    rules : CellRules
        How the study file has the column read.
    cells : set of str
        The distinct filled cells.
    missing : object
        The source's `missing`; ``"file"`` when the file's user-missing values count.
    """
    found = []
    unused = sorted(code for code in info.missing if code in cells)
    if unused and missing != "file":
        found.append(f"the file declares {', '.join(unused)} as missing; write missing: file to obey it")
    labels = {code: label for code, label in info.labels.items() if code not in info.missing}
    declared = file_labels(labels, "value labels") if labels and not disorder(labels) else None
    if declared is None:
        return found
    if rules.scale is not None:
        low, high = rules.scale
        outside = [f"{number:g}" for number in sorted(set(declared.values())) if not low <= number <= high]
        if outside:
            found.append(f"the file has labels for {', '.join(outside)}, outside the scale {low:g} to {high:g}")
    found += _other_numbers(labels, declared, rules)
    numbers = to_number(sorted(cells), decimal=".").numbers
    known = set(declared.values())
    odd = sorted({float(value) for value in numbers[~np.isnan(numbers)]} - known)
    odd = [value for value in odd if not min(known) <= value <= max(known) and str(int(value)) not in info.missing]
    if odd:
        shown = ", ".join(f"{value:g}" for value in odd[:5])
        found.append(f"the file labels {min(known):g} to {max(known):g}, but the cells hold {shown}")
    return found


def _other_numbers(labels: dict[str, str], declared: LabelTable, rules: CellRules) -> list[str]:
    """Return the labels for which the study file has another number than the file itself."""
    return [
        f"the file says {declared[fold(label)]:g} is {label!r}, the study file says {rules.labels[fold(label)]:g}"
        for label in labels.values()
        if rules.labels.get(fold(label), declared.get(fold(label))) != declared.get(fold(label))
    ]


def _reversed_items(rows: Rows, part: WidePart, study: Study) -> None:
    """Flag items whose correlation with the rest of their scale is below zero with its whole interval."""
    moments = ItemMoments(part)
    moments.add(part, rows.alive, study)
    for header, reason in moments.reversed(study):
        _say(rows, rows.gathered.tables[0], "item.reversed", header, reason)


class ItemMoments:
    """What the correlations of a part's items rest on: counts, sums and products of answers, piece by piece.

    Parameters
    ----------
    part : WidePart
        The part; its rows do not count before they are added.
    """

    def __init__(self, part: WidePart) -> None:
        self._targets, self._headers, self._scale = list(part.targets), list(part.headers), part.cell_rules.scale
        n_items = len(self._targets)
        self._joint, self._sums, self._cross = (np.zeros((n_items, n_items)) for _ in range(3))
        self._lowest, self._highest = np.full(n_items, np.inf), np.full(n_items, -np.inf)
        self._n_persons: dict[str, int] = {}

    def add(self, part: WidePart, alive: BoolArray, study: Study) -> None:
        """Add the rows that are in use."""
        if self._scale is None or not alive.any():
            return
        values = np.where(part.asked, part.answers, np.nan)[alive]
        present = ~np.isnan(values)
        self._lowest = np.minimum(self._lowest, np.where(present, values, np.inf).min(axis=0))
        self._highest = np.maximum(self._highest, np.where(present, values, -np.inf).max(axis=0))
        filled, weight = np.where(present, values - sum(self._scale) / 2, 0.0), present.astype(float)
        self._joint += weight.T @ weight
        self._sums += filled.T @ weight
        self._cross += filled.T @ filled
        for skill, places in self._scales(study).items():
            answered = int(present[:, places].any(axis=1).sum())
            self._n_persons[skill] = self._n_persons.get(skill, 0) + answered

    def _scales(self, study: Study) -> dict[str, list[int]]:
        known = {target: place for place, target in enumerate(self._targets)}
        scales = study.instrument.scales().items()
        return {skill: [known[item.id] for item in items if item.id in known] for skill, items in scales}

    def reversed(self, study: Study) -> list[tuple[str, str]]:
        """Return header and reason of each item that runs against its scale with its whole interval."""
        from ..psychometrics.items import item_rest_limits

        keys = {item.id: item.key for item in study.instrument.items}
        found = []
        for skill, places in self._scales(study).items():
            if len(places) < 3 or self._n_persons.get(skill, 0) < FEWEST_FOR_ITEMS:
                continue
            varying = [place for place in places if self._lowest[place] < self._highest[place]]
            square = np.ix_(varying, varying)
            joint, sums = self._joint[square], self._sums[square]
            signs = np.array([keys[self._targets[place]] for place in varying], dtype=float)
            covariance = np.full(joint.shape, np.nan)
            np.divide(self._cross[square] - sums * sums.T / np.maximum(joint, 1), joint - 1, out=covariance,
                      where=joint > 1)  # fmt: skip
            correlation, low, high = item_rest_limits(covariance * np.outer(signs, signs), joint)
            for index, place in enumerate(varying):
                if high[index] < 0:
                    found.append((self._headers[place], (
                        f"item {self._targets[place]}: correlation {correlation[index]:.2f} [{low[index]:.2f}, "
                        f"{high[index]:.2f}] with the other items of {skill}, n = {int(joint[index, index])}; check "
                        "its key in the framework, and whether its scale was upside down (then declare it with reverse)"
                    )))  # fmt: skip
        return found
