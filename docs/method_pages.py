"""The method pages: one page per family of statistics, written from the docstrings by `make_reference.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from ktss_analysis.psychometrics import STATISTICS
from ktss_analysis.psychometrics.described import Description, describe
from ktss_analysis.psychometrics.registry import Statistic

# What a reader should know before choosing within a family; a family without an entry has no such paragraph.
CHOICE = {
    "agreement": "Agreement of raters or coders. Look at the share of agreement first, then at a coefficient that "
    "takes chance off; where nearly all ratings fall into one category, kappa is low whatever the raters do, and the "
    "share must stand beside it.",
    "coding": "Focus-group codings. Persons within a group are not independent: these are counts and shares, without "
    "intervals and tests.",
    "consensus": "Panels and Delphi rounds. Agreement is the result of a Delphi, stability its stopping rule; read who "
    "left before either.",
    "content validity": "Ratings of relevance or clarity by experts, item by item. Decide by the lower limit, not by "
    "the share itself.",
    "correlations": "Correlations of ordered categories as those of normal variables cut at thresholds.",
    "dimensionality": "Whether a scale can be taken as measuring one thing. No single criterion decides.",
    "intervals": "Intervals from summary numbers, for published figures whose data are not at hand.",
    "items": "How each item is answered and how it goes with the rest of its scale.",
    "missing data": "Which answers are missing, and moments that use all the answers there are.",
    "ranking": "Priorities from best-worst choices or from rankings. Report tiers, not places.",
    "readability": "Formulas are valid within one language only and were fitted to passages, not to single items.",
    "reliability": "Several numbers share each name: definition, matrix, denominator and missing-data rule stand in "
    "`method`. Alpha is a lower bound when loadings differ; omega is not, if one factor holds.",
    "screening": "Indices of careless answering. They flag; people decide. Never exclude by one index.",
    "usability": "The System Usability Scale.",
}  # fmt: skip


def slug(family: str) -> str:
    """Return a family's file name without ending."""
    return re.sub(r"[^a-z0-9]+", "-", family.lower()).strip("-")


def families() -> list[str]:
    """Return all families in order."""
    return sorted({entry.family for entry in STATISTICS.values()})


def of_family(family: str) -> list[Statistic]:
    """Return the statistics of a family by name."""
    return sorted((entry for entry in STATISTICS.values() if entry.family == family), key=lambda entry: entry.name)


def markdown(text: str) -> str:
    """Return docstring text as Markdown: formulas, code and paragraphs."""
    lines, out = text.splitlines(), []
    number = 0
    while number < len(lines):
        line = lines[number]
        if line.strip().startswith(".. math::"):
            formula = [line.strip().removeprefix(".. math::").strip()]
            number += 1
            while number < len(lines) and lines[number].strip():
                formula.append(lines[number].strip())
                number += 1
            out += ["```math", *(part for part in formula if part), "```"]
            continue
        out.append(line)
        number += 1
    body = "\n".join(out)
    body = re.sub(r":math:`([^`]+)`", lambda found: f"${' '.join(found[1].split())}$", body)
    return re.sub(r"(?<!`)``(?!`)", "`", body).strip()


def section(entry: Statistic, said: Description) -> str:
    """Return the part of a page that is about one statistic."""
    low, high = (("–" if end is None else f"{end:g}") for end in entry.bounds)
    facts = (
        f"Symbol: {entry.symbol} · data: {entry.data} · smallest n: {entry.min_n} · range: {low} to {high} · "
        f"`ktss stat {entry.name}`"
    )
    options = [f"- **`{name}`** ({markdown(kind)}): {markdown(meaning)}" for name, kind, meaning in said.parameters]
    parts = [
        f"## {entry.name}", markdown(said.summary), facts, "### Definition", markdown(said.definition),
        "### Data and options", "\n".join(options), "### Missing answers", markdown(said.missing),
        "### What it returns", returned(said.returns), "### Limits: when not to use it", markdown(said.notes),
        "### Source", markdown(said.references), "### Worked example", example(said.examples),
    ]  # fmt: skip
    return "\n\n".join(parts)


def returned(text: str) -> str:
    """Return the section on results: each kind in bold before its meaning."""
    out: list[str] = []
    for line in text.splitlines():
        if line[:1].strip():
            out.append(f"\n**{line.strip()}**:")
        else:
            out.append(line.strip())
    return markdown("\n".join(out).strip())


def example(text: str) -> str:
    """Return an example with its code in fenced blocks; a test runs the same code."""
    out: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        start = next((place for place, line in enumerate(lines) if line.startswith(">>>")), len(lines))
        if start:
            out.append(markdown("\n".join(lines[:start])))
        if lines[start:]:
            out.append("\n".join(["```pycon", *lines[start:], "```"]))
    return "\n\n".join(out)


def page(family: str, note: str) -> str:
    """Return the page of a family."""
    title = family[:1].upper() + family[1:]
    entries = of_family(family)
    links = ", ".join(f"[{entry.name}](#{entry.name})" for entry in entries)
    parts = [note, f"# {title}", *([CHOICE[family]] if family in CHOICE else []), f"On this page: {links}."]
    parts += [section(entry, describe(entry)) for entry in entries]
    # one heading text per page level: the parts of a statistic carry no link target of their own
    return re.sub(r"^### (.+)$", r"**\1**", "\n\n".join(parts), flags=re.MULTILINE) + "\n"


def pages(note: str) -> dict[str, Callable[[], str]]:
    """Return file name -> function that writes the page, for all families."""
    return {f"methods/{slug(family)}.md": partial(page, family, note) for family in families()}
