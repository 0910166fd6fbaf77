"""What a statistic's docstring says, in parts: the method pages, the command line and a test read it from here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from .registry import STATISTICS, Statistic

_SECTION = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_SPEAKS_OF_IT = re.compile(
    r"\bmissing\b|\bgaps?\b|\bleft out\b|\banswers present\b|\bwithout an(y)? (answer|rating)\b", re.IGNORECASE
)
_RULES = (
    "`raise` refuses data with a missing cell, `listwise` leaves out rows with one, `pairwise` takes for each pair of "
    "columns the rows that have both."
)
_DOES_NOT_MEET_ANSWERS = {"summary"}  # kinds of data in which no cell can be missing


@dataclass(frozen=True, slots=True)
class Description:
    """The parts of a statistic's docstring, as they stand in it.

    Parameters
    ----------
    summary : str
        First sentence.
    definition : str
        Formula with its symbols, or the definition in words.
    parameters : tuple of (str, str, str)
        Name, kind and meaning of each.
    returns, raises, notes, references, examples : str
        The sections; `notes` holds the limits and when not to use it.
    missing : str
        What happens to missing answers: the sentences that say so.
    """

    summary: str
    definition: str
    parameters: tuple[tuple[str, str, str], ...]
    returns: str
    raises: str
    notes: str
    references: str
    examples: str
    missing: str

    @property
    def absent(self) -> list[str]:
        """Names of the parts that say nothing."""
        return [field.name for field in fields(self) if not getattr(self, field.name)]


def describe(entry: Statistic) -> Description:
    """Return the parts of a registered statistic's docstring; see `parse` for what is a part.

    A statistic that points to another for its data ("See `gwet_ac`") treats missing answers as that one does.
    """
    found = parse(entry.function)
    if found.missing:
        return found
    words = ""
    if entry.data in _DOES_NOT_MEET_ANSWERS:
        words = "Takes numbers or text as they are given; there is no answer that could be missing."
    for name in re.findall(r"See `(\w+)`", inspect.getdoc(entry.function) or ""):
        if not words and name in STATISTICS and name != entry.name:
            words = f"As `{name}`. {parse(STATISTICS[name].function).missing}".strip()
    return replace(found, missing=words)


def parse(function: Callable[..., Any]) -> Description:
    """Return the parts of a numpydoc docstring; a part that is not there is empty.

    Examples
    --------
    >>> def half(x):
    ...     '''Halve it.
    ...
    ...     Definition: x / 2. Missing values stay missing.
    ...     '''
    >>> parse(half).definition
    'Definition: x / 2. Missing values stay missing.'
    """
    text = inspect.getdoc(function) or ""
    pieces = _SECTION.split(text)
    head = pieces[0].strip()
    sections = dict(zip(pieces[1::2], (part.strip() for part in pieces[2::2]), strict=True))
    summary, _, definition = head.partition("\n\n")
    parameters = _parameters(sections.get("Parameters", ""))
    return Description(
        " ".join(summary.split()), definition.strip(), parameters,
        sections.get("Returns", ""), sections.get("Raises", ""), sections.get("Notes", ""),
        sections.get("References", ""), sections.get("Examples", ""),
        _on_missing(definition, parameters, sections.get("Notes", "")),
    )  # fmt: skip


def _parameters(section: str) -> tuple[tuple[str, str, str], ...]:
    found: list[tuple[str, str, list[str]]] = []
    for line in section.splitlines():
        if line[:1].strip():
            name, _, kind = line.partition(" : ")
            found.append((name.strip(), kind.strip(), []))
        elif found:
            found[-1][2].append(line.strip())
    return tuple((name, kind, " ".join(lines).strip()) for name, kind, lines in found)


def _on_missing(definition: str, parameters: Sequence[tuple[str, str, str]], notes: str) -> str:
    """Return the sentences that speak of missing answers: of the data, of the rule to choose, of the limits."""
    rule = [
        f"Rule to choose: `missing` ({kind}). {meaning} {_RULES}"
        for name, kind, meaning in parameters
        if name == "missing"
    ]
    first = parameters[0][2] if parameters else ""
    chosen = [one for text in (first, definition, notes) for one in _sentences(text) if _SPEAKS_OF_IT.search(one)]
    return " ".join([*rule, *dict.fromkeys(chosen)])


def _sentences(text: str) -> list[str]:
    """Return the sentences of a text, formulas left out."""
    plain = re.sub(r"\.\. math::.*?(?=\n\n|\Z)", "", text, flags=re.DOTALL)
    found = []
    for paragraph in re.split(r"\n\s*\n", plain):
        found += re.split(r"(?<=\.)\s+(?=[A-Z`])", " ".join(paragraph.split()))
    return [sentence for sentence in found if sentence.endswith(".") and not sentence[0].islower()]
