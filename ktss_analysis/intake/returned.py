"""Result files that people send back from the online self-assessment: the right questions, answered about oneself."""

from __future__ import annotations

import numpy as np

from ..framework import instrument_hash
from ..study import Study
from .rows import BoolArray, Rows

FORMAT = "self_assessment"


def returned_rules(rows: Rows, study: Study) -> None:
    """Set aside results of another self-assessment, version or wording, and those about a colleague.

    Only files of the format `self_assessment` are concerned. A result counts when its id and version are the
    framework's and its check sum is that of the framework in the result's language (see
    `framework.instrument_hash`): then exactly these statements, in this language, were answered.

    Parameters
    ----------
    rows : Rows
        The rows; those set aside leave it.
    study : Study
        For the framework.
    """
    gathered = rows.gathered
    names = [table.file.name for table in gathered.tables if table.format == FORMAT]
    mine: BoolArray = np.isin(gathered.file, names) & rows.alive
    if not mine.any():
        return
    framework = study.instrument
    hashes = {language: instrument_hash(framework, language) for language in framework.languages}
    cells = gathered.frame.loc[mine, ["instrument_id", "instrument_version", "instrument_language", "instrument_hash"]]
    reasons = [""] * len(gathered.row)
    wrong: BoolArray = np.zeros(len(gathered.row), dtype=bool)
    columns = (list(cells[name]) for name in cells.columns)
    for place, (found, version, language, check_sum) in zip(
        np.flatnonzero(mine), zip(*columns, strict=True), strict=True
    ):
        if found != framework.id:
            why = f"answers to another self-assessment, {found!r}; allowed: {framework.id!r}"
        elif version != framework.version:
            why = f"answers to version {version} of the statements; the framework is version {framework.version}"
        elif language not in hashes:
            why = f"answers in {language!r}; the framework has {', '.join(framework.languages)}"
        elif check_sum != hashes[language]:
            why = "the statements answered are not the framework's, although the version is the same"
        else:
            continue
        wrong[place], reasons[place] = True, why
    rows.set_aside(wrong, "row.instrument", reasons)
    about_others = mine & (gathered.frame["respondent"] == "colleague").fillna(False).to_numpy(dtype=bool)
    rows.set_aside(about_others, "row.colleague", "somebody answered about a colleague, not about himself or herself")
