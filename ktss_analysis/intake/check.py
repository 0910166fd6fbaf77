"""What is wrong with the inputs of a study, without writing anything."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pandas as pd

from ..core import InputError, KtssError
from ..glossary import COLUMNS
from ..study import Study
from .cells import CONTRADICTING_LABEL, DECLINED, UNKNOWN_LABEL
from .exposure import Exposure, kept_columns
from .identifiers import Scrubber
from .in_pieces import Sizes, SourceInPieces, is_large, source_in_pieces
from .labels import fold
from .one_source import clean_source
from .people import Cleaned, declined_in
from .protection import nameless, scrubber_of
from .pseudonyms import Pseudonymiser
from .review import Decision, load_review, n_decided
from .wide import text_parts

PROBLEM_COLUMNS = ("level", "source", "file", "row", "column", "rule", "found", "n_cells", "reason", "allowed")
_LEVELS = {"set_missing": "warning", "set_aside": "warning", "recoded": "note", "flagged": "note"}
_EXPECTED = (*sorted(DECLINED), "row.excluded", "row.late", "row.early", "row.test")
_SUSPECT = ("dictionary.contradicts", "item.reversed", "flag.reversed_rater")
_BY_TEXT = (UNKNOWN_LABEL, CONTRADICTING_LABEL)
_PLURALS = {
    "phone": "telephone numbers", "e-mail": "e-mail addresses", "address on the web": "addresses on the web",
    "IP address": "IP addresses", "postal address": "postal addresses", "coordinates": "coordinates",
}  # fmt: skip
MOST_FINDINGS = 1_000
"""Different findings that are listed for one large source; further ones are counted per rule."""
_FURTHER = "further cells or rows of this rule"
_RENAME = "a name that names nobody; rename it"
_ORDER = {"error": 0, "warning": 1, "note": 2}
Value = TypeVar("Value")


def check_study(study: Study, *, sizes: Sizes | None = None) -> pd.DataFrame:
    """Read and clean all sources and list what a person should look at; nothing is kept.

    Parameters
    ----------
    study : Study
        The study.
    sizes : Sizes, optional
        From which size on a source is looked at in pieces.

    Returns
    -------
    pandas.DataFrame
        One row per finding: `level` (``error``: the run stops; ``warning``: a cell or row is not used;
        ``note``: nothing is lost), `source`, `file`, `row`, `column`, `rule`, `found`, `n_cells`, `reason`,
        `allowed`. Errors come first. A text that is no known label is one finding per file, however many cells
        hold it: `row` and `column` are those of the first, `n_cells` says how many there are. In a source that is
        looked at in pieces this holds for all cells of a column with one text and one reason. No file stays, but for
        a key of pseudonyms when the study has none; the rows of a large source wait in a temporary folder.
    """
    problems: list[dict[str, object]] = []
    _try(lambda: study.instrument, "", problems)
    pseudonymiser = _try(lambda: Pseudonymiser(study), "", problems)
    if problems or pseudonymiser is None:
        return _frame(problems)
    decisions = _try(lambda: load_review(study), "", problems)
    with tempfile.TemporaryDirectory() as folder:
        problems += _of_sources(study, pseudonymiser, decisions or {}, Path(folder), sizes or Sizes())
    return _frame(problems)


def _of_sources(
    study: Study, pseudonymiser: Pseudonymiser, decisions: dict[str, Decision], folder: Path, sizes: Sizes
) -> list[dict[str, object]]:
    """Return what is found in the sources, those of the register first, and in the review of their texts."""
    problems: list[dict[str, object]] = []
    registers = study.of("register")
    scrubber = scrubber_of(study, study.sources)
    known: list[Cleaned] = []
    n_reviewed = 0
    for number, source in enumerate([*registers, *(source for source in study.sources if source not in registers)]):
        declined, place = declined_in(known), folder / str(number)
        cut = functools.partial(
            source_in_pieces, study, source, pseudonymiser, declined=declined, scrubber=scrubber, folder=place,
            sizes=sizes,
        )  # fmt: skip
        pieces = _try(cut, source.name, problems, scrubber) if is_large(study, source, sizes) else None
        if pieces is not None:
            found = functools.partial(_in_pieces, pieces, scrubber, decisions)
            counted = _try(found, source.name, problems, scrubber)
            if counted is not None:
                problems += counted[0] + exposed(study, pieces.without_rows(), scrubber)
                n_reviewed += counted[1]
            continue
        if any(entry["source"] == source.name for entry in problems):
            continue
        clean = functools.partial(clean_source, study, source, pseudonymiser, declined=declined, scrubber=scrubber)
        cleaned = _try(clean, source.name, problems, scrubber)
        if cleaned is None:
            continue
        if source in registers:
            known.append(cleaned)
        problems += _findings(cleaned, scrubber) + exposed(study, cleaned, scrubber)
        n_reviewed += _n_reviewed(cleaned, decisions)
    return problems + _stale(study, decisions, n_reviewed)


def _n_reviewed(cleaned: Cleaned, decisions: dict[str, Decision]) -> int:
    return sum(n_decided(table, decisions) for name, table in cleaned.tables if name == "comments" and len(table))


def _in_pieces(
    pieces: SourceInPieces, scrubber: Scrubber, decisions: dict[str, Decision]
) -> tuple[list[dict[str, object]], int]:
    """Return the findings of a large source, equal ones as one, and how many of its texts were reviewed."""
    counted: dict[tuple, dict[str, object]] = {}
    n_reviewed = 0
    for part in pieces.cleaned():
        n_reviewed += _n_reviewed(part, decisions)
        for entry in _findings(part, scrubber):
            key: tuple = tuple(entry[name] for name in ("level", "file", "column", "rule", "found", "reason"))
            if key not in counted and len(counted) >= MOST_FINDINGS:
                key = (entry["level"], entry["file"], entry["rule"])
                entry |= {
                    "column": None,
                    "found": None,
                    "allowed": None,
                    "reason": "further cells or rows of this rule",
                }
            if key in counted:
                counted[key]["n_cells"] = int(str(counted[key]["n_cells"])) + int(str(entry["n_cells"]))
            else:
                counted[key] = entry
    notes = [_note(pieces.name, note, scrubber) for note in pieces.notes]
    return [*notes, *counted.values()], n_reviewed


def _stale(study: Study, decisions: dict[str, Decision], n_reviewed: int) -> list[dict[str, object]]:
    """Return a finding when decisions of the review fit no text any more."""
    count = len(decisions) - n_reviewed
    if not count or study.review_path is None:
        return []
    reason = "decisions about free texts that are not there, or read differently now; those texts keep their old status"
    return [{"level": "warning", "file": study.review_path.name, "rule": "review", "n_cells": count,
             "reason": reason, "allowed": "take the newest private/free_text_review.csv"}]  # fmt: skip


def _try(
    action: Callable[[], Value], source: str, problems: list[dict[str, object]], scrubber: Scrubber | None = None
) -> Value | None:
    try:
        return action()
    except InputError as error:
        safe = nameless(error, scrubber or Scrubber())
        problems.append(
            {
                "level": "error", "source": source, "file": None if safe.file is None else str(safe.file),
                "row": safe.row, "column": safe.column, "rule": "input", "found": safe.found,
                "reason": safe.problem, "allowed": safe.allowed,
            }
        )  # fmt: skip
    except KtssError as error:
        problems += [
            {"level": "error", "source": source, "rule": "study", "reason": line} for line in str(error).splitlines()
        ]
    return None


def exposed(study: Study, cleaned: Cleaned, scrubber: Scrubber) -> list[dict[str, object]]:
    """Return one finding per kind of direct identifier and raw column, and per name of a file; never the value."""
    gathered = cleaned.gathered
    source, kept = gathered.source, kept_columns(study, gathered.source)
    person = None if source.person is None else source.person.column
    texts = {fold(part.header) for part in text_parts(gathered)}
    texts |= {fold(header) for header in gathered.text_columns()}
    mapped = {fold(header) for header in gathered.mapped()}
    common = {"source": source.name, "file": gathered.tables[0].file.name, "rule": "identifier"}
    found = []
    for entry in cleaned.exposures:
        key = fold(entry.column)
        if person is not None and key == fold(gathered.column(person)):
            continue
        level, what = _treatment(key, kept, mapped, texts)
        found.append(
            {**common, "level": level, "column": scrubber.text(entry.column), "n_cells": entry.n_cells,
             "reason": _in_words(entry), "allowed": what}
        )  # fmt: skip
    for header in map(str, gathered.frame.columns):
        if scrubber.text(header) != header:
            found.append({**common, "level": "warning", "column": scrubber.text(header),
                          "reason": "a direct identifier stands in the header", "allowed": _RENAME})  # fmt: skip
    for table in gathered.tables:
        for place, name in (("file's", table.file.stem), ("sheet's", table.sheet)):
            if name and scrubber.text(name) != name:
                found.append(
                    {**common, "level": "warning", "file": scrubber.text(table.file.name),
                     "reason": f"a direct identifier stands in the {place} name", "allowed": _RENAME}
                )  # fmt: skip
    absent = kept - {fold(str(header)) for header in gathered.frame.columns}
    if any(keep.source == source.name and fold(keep.column) in absent for keep in study.privacy.keep):
        found.append({**common, "level": "warning", "reason": "privacy.keep names a column that is not there",
                      "allowed": "a header of the file; correct the study file"})  # fmt: skip
    return found


def _in_words(entry: Exposure) -> str:
    by = {"header": "by its header", "question": "by its question", "content": "by its cells"}[entry.evidence]
    kind = _PLURALS.get(entry.kind, entry.kind + "s")
    return f"the column holds {kind}, {by}" if entry.whole else f"some cells contain {kind}"


def _treatment(key: str, kept: frozenset[str], mapped: set[str], texts: set[str]) -> tuple[str, str]:
    if key in kept:
        return "note", "kept in clear, as privacy.keep says"
    if key not in mapped:
        return "note", "not mapped, not stored anywhere; best left out of the export"
    if key in texts:
        return "warning", "replaced in the text; read the text before it is released"
    return "warning", "not stored in clear; take it out of the study file, or say why under privacy.keep"


def _note(source: str, note: str, scrubber: Scrubber) -> dict[str, object]:
    return {"level": "note", "source": source, "rule": "reading", "reason": scrubber.text(note)}


def _findings(cleaned: Cleaned, scrubber: Scrubber) -> list[dict[str, object]]:
    source = cleaned.gathered.source.name
    found = [_note(source, note, scrubber) for note in cleaned.gathered.notes]
    for entry in _by_text(cleaned.change_log).to_dict("records"):
        reason, _, allowed = str(entry["reason"]).partition("; allowed: ")
        level = "note" if entry["rule"] in _EXPECTED else _LEVELS[str(entry["action"])]
        level = "warning" if entry["rule"] in _SUSPECT else level
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
