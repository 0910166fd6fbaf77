"""Recognised columns to the blocks of a study file."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from ..framework import Framework
from ..lexicon import fold
from .columns import Column
from .content import YES_NO, ScaleFit, fit_scale
from .words import aspect_of

Fields = dict[str, Any]

FEWEST_ALIKE = 3
"""Fewer columns of bare numbers in a series are more likely facts about a person than questions."""


@dataclass
class Proposed:
    """One proposed block: its keys in the study file, and remarks that stand beside it."""

    keys: Fields
    remarks: list[str] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)


def wide_blocks(columns: list[Column], framework: Framework | None, free_aspect: str = "answer") -> list[Proposed]:
    """Return one block for the columns that share kind of target, pattern and scale.

    Parameters
    ----------
    columns : list of Column
        All columns of a file.
    framework : Framework, optional
        For its scale and ids.
    free_aspect : str
        Aspect of judgements of which the file does not say what is judged.
    """
    groups: dict[tuple[str, ...], list[Column]] = {}
    for column in columns:
        if column.role == "judgement":
            groups.setdefault(_group_of(column), []).append(column)
    blocks = [_block(group, columns, framework, free_aspect) for group in groups.values()]
    return _numbered(blocks)


def without_singles(columns: list[Column]) -> list[Column]:
    """Return the columns; numbers or yes and no that stand alone are no judgements but ages, counts and the like.

    A questionnaire asks at least `FEWEST_ALIKE` questions alike. Labels of a scale are judgements also alone.
    """
    sizes = Counter(_group_of(column) for column in columns if column.role == "judgement")
    result = []
    for column in columns:
        fit = column.fit
        bare = fit is not None and fit.labels in ("", "yes/no") and not fit.leading
        if column.role == "judgement" and column.target is None and fit is not None and bare:
            if sizes[_group_of(column)] >= FEWEST_ALIKE:
                result.append(column)
                continue
            why = f"{fit.name}, but fewer than {FEWEST_ALIKE} columns alike; if it is a question, add it by hand"
            column = replace(column, role="unknown", why=why)
        result.append(column)
    return result


def _group_of(column: Column) -> tuple[str, ...]:
    if column.target is None:
        fit, grid = column.fit, column.header.partition("[")
        series = re.fullmatch(r"(\D+?)\d+", fold(column.header))
        if grid[1]:
            return "free", fold(grid[0])
        if series is not None and fit is not None and not fit.labels:
            return "free", series[1]
        return "free", "", "" if fit is None else f"{fit.labels}|{fit.low:g}|{fit.high:g}|{fit.leading}"
    return column.target.kind, fold(column.target.pattern), fold(column.target.stem)


def _block(group: list[Column], columns: list[Column], framework: Framework | None, free_aspect: str) -> Proposed:
    counts: Counter[str] = Counter()
    for column in group:
        counts.update(column.counts)
    own = group[0].fit
    fit = own if own is not None and own.labels == "file" else fit_scale(counts, framework) or own
    target = group[0].target
    kind = target.kind if target is not None else "question"
    stem = target.stem if target is not None else group[0].header.partition("[")[0]
    aspect = aspect_of(stem) or _own_aspect(stem if target is not None else "")
    proposed = Proposed({}, columns=group)
    if kind == "item" and aspect in (None, "answers") and _on_framework_scale(fit, framework):
        proposed.keys = {"table": "responses", "columns": _columns(group, columns, framework)}
    else:
        family = fit.labels.rpartition("-")[0] if fit is not None and fit.labels != "file" else ""
        named = aspect if aspect not in (None, "answers") else family or free_aspect
        proposed.keys = {"table": "ratings", "columns": _columns(group, columns, framework), "target_type": kind,
                         "aspect": named}  # fmt: skip
    if fit is not None:
        _describe_scale(proposed, fit)
    return proposed


def _own_aspect(stem: str) -> str | None:
    word = re.sub(r"[^a-z]+", " ", fold(stem)).strip()
    return word if re.fullmatch(r"[a-z]{3,20}", word) else None


def _on_framework_scale(fit: ScaleFit | None, framework: Framework | None) -> bool:
    if fit is None or framework is None or framework.scale is None:
        return False
    low, high = framework.scale.limits
    if fit.labels == "file":
        return (fit.low, fit.high) == (low, high)
    return fit.labels == "framework" or (not fit.labels and low <= fit.low and fit.high <= high)


def _columns(group: list[Column], columns: list[Column], framework: Framework | None) -> str | dict[str, str]:
    """Return a pattern when it names exactly these columns, else header -> target."""
    first = group[0].target
    if first is not None and first.pattern and framework is not None and len(group) > 1:
        known = {fold(target) for target in framework.target_ids(first.kind)}
        parts = fold(first.pattern.replace("{target}", "\x00")).split("\x00")
        expression = r"(?P<target>[\w.-]+)".join(map(re.escape, parts))
        matches = {column.header: re.fullmatch(expression, fold(column.header)) for column in columns}
        fitting = {header for header, match in matches.items() if match is not None and match["target"] in known}
        foreign = [match for header, match in matches.items() if match is not None and header not in fitting]
        headers = {column.header for column in group}
        if fitting == headers and (not foreign or first.pattern.strip() == "{target}"):
            return first.pattern
    if first is not None:
        return {column.header: column.target.id for column in group if column.target is not None}
    return {column.header: _free_name(column, columns) for column in group}


def _free_name(column: Column, columns: list[Column]) -> str:
    """Return the header itself when it is a short id, else the number of the column."""
    short = re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,19}", column.header)
    return column.header if short else f"Q{columns.index(column) + 1:02d}"


def _describe_scale(proposed: Proposed, fit: ScaleFit) -> None:
    keys = proposed.keys
    whole = [int(fit.low), int(fit.high)]
    if fit.labels == "framework":
        keys |= {"scale": "framework", "labels": "framework"}
    elif fit.labels == "yes/no":
        seen = {fold(text) for column in proposed.columns for text in column.counts}
        keys |= {"scale": [0, 1], "labels": {text: number for text, number in YES_NO.items() if fold(text) in seen}}
    elif fit.labels == "file":
        keys |= {"scale": "framework" if keys["table"] == "responses" else whole, "labels": "file"}
    elif fit.labels:
        keys |= {"labels": fit.labels}
    elif keys["table"] == "responses":
        keys |= {"scale": "framework"}
    else:
        keys |= {"scale": whole}
        if fit.n_seen < whole[1] - whole[0] + 1:
            proposed.remarks.append(f"{fit.n_seen} of {whole[1] - whole[0] + 1} points were seen: check the scale")
    if fit.leading:
        keys["leading_number"] = True
    if fit.also:
        proposed.remarks.append("fits as well: " + ", ".join(fit.also) + "; check which scale was shown")
    if fit.n_unknown:
        cells = "cell is" if fit.n_unknown == 1 else "cells are"
        proposed.remarks.append(f"{fit.n_unknown} {cells} not on the scale; ktss check lists them")
    if keys.get("target_type") == "question":
        proposed.remarks.append(
            "no target of the framework was recognised: ids are headers, or Q and the number of the column"
        )


def _numbered(blocks: list[Proposed]) -> list[Proposed]:
    """Give blocks about the same targets and aspect different aspects, so that no two columns give one target."""
    taken: dict[tuple[str, str], list[set[str]]] = {}
    for block in blocks:
        if block.keys["table"] != "ratings":
            continue
        targets = {column.target.id if column.target is not None else column.header for column in block.columns}
        earlier = taken.setdefault((block.keys["target_type"], block.keys["aspect"]), [])
        clashes = sum(1 for others in earlier if others & targets)
        earlier.append(targets)
        if clashes:
            block.keys["aspect"] = f"{block.keys['aspect']}_{clashes + 1}"
            block.remarks.append("a second group of columns about the same: name its aspect")
    return blocks
