"""What looks wrong and is never changed silently: data dictionaries that contradict the data, reversed items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..readers import ColumnInfo, RawTable, to_number
from ..study import Study
from .cell_rules import declared_of
from .cells import CellRules
from .labels import LabelTable, disorder, file_labels, fold
from .rows import Rows
from .wide import WidePart

FEWEST_FOR_ITEMS = 10
"""From this number of persons the interval of an item-rest correlation is short enough to lie below zero."""


def raise_suspicions(rows: Rows, parts: Sequence[WidePart], study: Study) -> None:
    """Log what the raw files say of their columns and do not keep, and items that run against their scale.

    Parameters
    ----------
    rows : Rows
        Rows still in use.
    parts : sequence of WidePart
        The source's wide parts.
    study : Study
        For the items of each scale.
    """
    for table in rows.gathered.tables:
        for part in parts:
            _dictionary(rows, table, part)
    for part in parts:
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
    from ..psychometrics.items import item_statistics

    values = np.where(part.asked & rows.alive[:, None], part.answers, np.nan)
    frame = pd.DataFrame(values, columns=part.targets)
    scale = part.cell_rules.scale
    if scale is None:
        return
    for skill, items in study.instrument.scales().items():
        present = [item for item in items if item.id in frame]
        answers = frame[[item.id for item in present]].dropna(how="all")
        if len(present) < 3 or len(answers) < FEWEST_FOR_ITEMS:
            continue
        table = item_statistics(answers, scale=scale, key={item.id: item.key for item in present})
        for entry in table[(table["ci_high"] < 0).fillna(False)].itertuples():
            header = part.headers[part.targets.index(entry.item_id)]
            _say(
                rows, rows.gathered.tables[0], "item.reversed", header,
                f"item {entry.item_id}: correlation {entry.item_rest_correlation:.2f} "
                f"[{entry.ci_low:.2f}, {entry.ci_high:.2f}] with the other items of {skill}, n = {entry.n_used}; check "
                "its key in the framework, and whether its scale was upside down (then declare it with reverse)",
            )  # fmt: skip
