"""What is wrong with the inputs of a study, without writing anything."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import pandas as pd

from ..core import InputError, KtssError
from ..glossary import COLUMNS
from ..study import Study
from .cells import CONTRADICTING_LABEL, DECLINED, UNKNOWN_LABEL
from .clean import clean_source
from .log import mask_mail
from .people import Cleaned, declined_in
from .pseudonyms import Pseudonymiser

PROBLEM_COLUMNS = ("level", "source", "file", "row", "column", "rule", "found", "n_cells", "reason", "allowed")
_LEVELS = {"set_missing": "warning", "set_aside": "warning", "recoded": "note", "flagged": "note"}
_EXPECTED = (*sorted(DECLINED), "row.excluded", "row.late")
_BY_TEXT = (UNKNOWN_LABEL, CONTRADICTING_LABEL)
_ORDER = {"error": 0, "warning": 1, "note": 2}
Value = TypeVar("Value")


def check_study(study: Study) -> pd.DataFrame:
    """Read and clean all sources in memory and list what a person should look at.

    Parameters
    ----------
    study : Study
        The study.

    Returns
    -------
    pandas.DataFrame
        One row per finding: `level` (``error``: the run stops; ``warning``: a cell or row is not used;
        ``note``: nothing is lost), `source`, `file`, `row`, `column`, `rule`, `found`, `n_cells`, `reason`,
        `allowed`. Errors come first. A text that is no known label is one finding per file, however many cells
        hold it: `row` and `column` are those of the first, `n_cells` says how many there are. No file is
        written, but for a key of pseudonyms when the study has none.
    """
    problems: list[dict[str, object]] = []
    _try(lambda: study.instrument, "", problems)
    pseudonymiser = _try(lambda: Pseudonymiser(study), "", problems)
    if problems or pseudonymiser is None:
        return _frame(problems)
    registers = study.of("register")
    known: list[Cleaned] = []
    for source in [*registers, *(source for source in study.sources if source not in registers)]:
        clean = functools.partial(clean_source, study, source, pseudonymiser, declined=declined_in(known))
        cleaned = _try(clean, source.name, problems)
        if cleaned is None:
            continue
        if source in registers:
            known.append(cleaned)
        problems += _findings(cleaned)
    return _frame(problems)


def _try(action: Callable[[], Value], source: str, problems: list[dict[str, object]]) -> Value | None:
    try:
        return action()
    except InputError as error:
        problems.append(
            {
                "level": "error", "source": source, "file": None if error.file is None else str(error.file),
                "row": error.row, "column": error.column, "rule": "input",
                "found": None if error.found is None else mask_mail(str(error.found)),
                "reason": error.problem,
                "allowed": error.allowed,
            }
        )  # fmt: skip
    except KtssError as error:
        problems += [
            {"level": "error", "source": source, "rule": "study", "reason": line} for line in str(error).splitlines()
        ]
    return None


def _findings(cleaned: Cleaned) -> list[dict[str, object]]:
    source = cleaned.gathered.source.name
    found: list[dict[str, object]] = [
        {"level": "note", "source": source, "rule": "reading", "reason": note} for note in cleaned.gathered.notes
    ]
    for entry in _by_text(cleaned.change_log).to_dict("records"):
        reason, _, allowed = str(entry["reason"]).partition("; allowed: ")
        level = "note" if entry["rule"] in _EXPECTED else _LEVELS[str(entry["action"])]
        found.append(
            {
                "level": level, "source": source, "file": entry["file"], "row": entry["row"],
                "column": entry["column"], "rule": entry["rule"], "found": entry["before"],
                "n_cells": entry["n_cells"], "reason": reason, "allowed": allowed,
            }
        )  # fmt: skip
    return found


def _by_text(change_log: pd.DataFrame) -> pd.DataFrame:
    """Return the entries with their number of cells; equal unknown labels of one file become one entry."""
    counted = change_log.assign(n_cells=1)
    of_text = counted["rule"].isin(_BY_TEXT)
    if not of_text.any():
        return counted
    groups = counted[of_text].sort_values(["row", "column"], kind="stable")
    groups = groups.groupby(["file", "rule", "before", "reason"], sort=False)
    first = groups.head(1).assign(n_cells=groups["n_cells"].transform("sum"))
    return pd.concat([counted[~of_text], first])


def _frame(problems: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            name: pd.Series([problem.get(name) for problem in problems], dtype=COLUMNS[name].dtype)
            for name in PROBLEM_COLUMNS
        }
    )
    frame = frame.mask(frame == "")
    order = frame["level"].map(_ORDER).astype("Int64")
    return (
        frame.assign(_order=order)
        .sort_values(["_order", "source", "file", "row", "column", "rule"], kind="stable", na_position="last")
        .drop(columns="_order")
        .reset_index(drop=True)
    )
