"""What each column of a raw file is: who, when, which language, how long, a judgement, a free text, or unknown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from ..framework import Framework
from ..intake.exposure import find_exposures
from ..intake.identifiers import Scrubber
from ..lexicon import fold
from ..readers import ColumnInfo, RawTable
from .content import ScaleFit, counted, date_share, declared_scale, fit_scale, is_prose, is_several, numbers_in
from .targets import KnownText, Target, known_texts, target_by_id, target_by_text
from .words import rank_of

FILLED_SHARE = 0.8
"""A column that names the person is filled in four of five rows."""

SINGLE_ROLES = ("person", "answered_on", "seconds", "language")


@dataclass(frozen=True)
class Column:
    """One column and what it was recognised as.

    Parameters
    ----------
    header : str
        Its header.
    role : str
        person, answered_on, seconds, language, judgement, free text, identifier, platform, empty, or unknown.
    why : str
        What speaks for the role, or why there is none; never a cell.
    n_filled : int
        Filled cells.
    target : Target, optional
        What a judgement is about.
    fit : ScaleFit, optional
        The scale of a judgement.
    languages : tuple of str
        Languages of its labels or of its question.
    counts : Counter
        Distinct answers; for the program alone, never printed.
    declared_missing : bool
        Whether cells hold what the file declares to be missing.
    """

    header: str
    role: str
    why: str
    n_filled: int
    target: Target | None = None
    fit: ScaleFit | None = None
    languages: tuple[str, ...] = ()
    counts: Counter[str] = field(default_factory=Counter)
    declared_missing: bool = False


def recognise(table: RawTable, framework: Framework | None) -> list[Column]:
    """Return what every column of a file is, in the file's order.

    Parameters
    ----------
    table : RawTable
        The file.
    framework : Framework, optional
        Its skills, modules and items are looked for in headers and question texts.
    """
    texts = known_texts(framework) if framework is not None else []
    found = find_exposures(table.frame, Scrubber(), table.columns)
    exposed = {exposure.column: exposure.kind for exposure in found if exposure.whole}
    columns = [
        _recognise(table, header, framework, texts, exposed.get(header)) for header in map(str, table.frame.columns)
    ]
    for role in SINGLE_ROLES:
        chosen = _best(columns, role)
        columns = [
            replace(column, role="unknown", why=f"looks like {role} too, but {chosen.header!r} is taken for it")
            if chosen is not None and column.role == role and column is not chosen
            else column
            for column in columns
        ]
    return columns


def _best(columns: list[Column], role: str) -> Column | None:
    ranked = [(rank_of(role, column.header), place) for place, column in enumerate(columns) if column.role == role]
    named = [(rank, place) for rank, place in ranked if rank is not None]
    return columns[min(named)[1]] if named else None


def _recognise(
    table: RawTable, header: str, framework: Framework | None, texts: list[KnownText], exposed: str | None
) -> Column:
    cells = [str(text) for text in table.frame[header] if str(text).strip()]
    info = table.columns.get(header, ColumnInfo())
    if not cells:
        return Column(header, "empty", "no cell is filled", 0)
    counts = counted(cells)
    role, why = _named_role(header, cells, counts, len(table.frame), exposed)
    if role:
        return Column(header, role, why, len(cells), counts=counts)
    target, nearest = _target(header, info, framework, texts)
    fit = declared_scale(info, counts) or fit_scale(counts, framework)
    if fit is not None and _is_judgement(fit, target):
        language = (target.language,) if target is not None and target.language else ()
        missing = any(code in counts for code in info.missing)
        return Column(header, "judgement", _why(target, fit), len(cells), target, fit, language, counts, missing)
    return _other(header, cells, counts, target, nearest)


def _target(
    header: str, info: ColumnInfo, framework: Framework | None, texts: list[KnownText]
) -> tuple[Target | None, Target | None]:
    if framework is None:
        return None, None
    by_id = target_by_id(header, framework)
    return (by_id, None) if by_id is not None else target_by_text(header, info, texts)


def _named_role(
    header: str, cells: list[str], counts: Counter[str], n_rows: int, exposed: str | None
) -> tuple[str, str]:
    """Return the role that a header names, if the cells do not speak against it."""
    if rank_of("person", header) is None:
        if exposed is not None:
            return "identifier", f"names people directly ({exposed}); leave it out"
        if rank_of("platform", header) is not None:
            return "platform", "a column of the survey platform"
    if rank_of("person", header) is not None and len(cells) >= FILLED_SHARE * n_rows and len(set(cells)) > 1:
        return "person", "by its header"
    if rank_of("answered_on", header) is not None and date_share(counts) >= 0.8:
        return "answered_on", "by its header and its cells"
    if rank_of("seconds", header) is not None and _numeric(counts):
        return "seconds", "by its header and its cells"
    if rank_of("language", header) is not None and len(counts) <= 12:
        return "language", "by its header"
    if rank_of("free text", header) is not None and not _numeric(counts):
        return "free text", "by its header"
    return "", ""


def _numeric(counts: Counter[str]) -> bool:
    return bool(counts) and len(numbers_in(counts)) > 0.8 * len(counts)


def _is_judgement(fit: ScaleFit, target: Target | None) -> bool:
    """Return whether cells on a scale are judgements; 0 and 1 without a target may be anything."""
    return target is not None or (fit.n_seen >= 2 and not (not fit.labels and fit.high - fit.low <= 1))


def _why(target: Target | None, fit: ScaleFit) -> str:
    if target is None:
        return f"scale {fit.name}; no target of the framework recognised"
    how = "id" if not target.language else f"text, likeness {target.score:.0f} of 100, language {target.language}"
    return f"{target.kind} {target.id} by {how}; scale {fit.name}"


def _other(
    header: str, cells: list[str], counts: Counter[str], target: Target | None, nearest: Target | None
) -> Column:
    n_filled = len(cells)
    if target is not None:
        why = f"is about {target.kind} {target.id}, but its cells are on no scale that is known"
        return Column(header, "unknown", f"{why} ({len(counts)} different)", n_filled, target)
    if counts and date_share(counts) >= 0.8:
        return Column(header, "unknown", "dates; which date it is the header does not say", n_filled)
    if not _numeric(counts) and is_several(counts):
        return Column(header, "unknown", "several answers in one cell (multiple choice); no table takes them", n_filled)
    if is_prose(counts):
        return Column(header, "free text", "by its cells: sentences", n_filled)
    hint = ""
    if nearest is not None and nearest.score >= 70:
        hint = f"; nearest is {nearest.kind} {nearest.id} (likeness {nearest.score:.0f} of 100, not enough)"
    if counts and _numeric(counts):
        return Column(header, "unknown", "numbers on no usual response scale" + hint, n_filled)
    if len({fold(text) for text in counts}) == 1:
        return Column(header, "unknown", "the same text in all rows" + hint, n_filled)
    return Column(header, "unknown", f"{len(counts)} different texts, on no scale that is known" + hint, n_filled)
