"""Each registered statistic has a method page that says formula, missing answers, limits, source and an example."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
import sys
from pathlib import Path

import pytest

import ktss_analysis.psychometrics as package
from ktss_analysis.psychometrics.described import describe, parse
from ktss_analysis.psychometrics.registry import STATISTICS

REPO = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(REPO / "docs"))
import method_pages  # noqa: E402

for found in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"{package.__name__}.{found.name}")

HEADINGS = (
    "Definition", "Data and options", "Missing answers", "What it returns", "Limits: when not to use it", "Source",
    "Worked example",
)  # fmt: skip


def part(name: str) -> str:
    """Return what the committed page says about a statistic."""
    file = REPO / "docs" / "methods" / f"{method_pages.slug(STATISTICS[name].family)}.md"
    text = file.read_text(encoding="utf-8")
    return text.partition(f"\n## {name}\n")[2].split("\n## ")[0]


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_the_docstring_has_every_part(name: str) -> None:
    said = describe(STATISTICS[name])
    assert said.absent == []
    assert ".. math::" in said.definition or len(said.definition) >= 40, "neither a formula nor a definition in words"
    assert ">>>" in said.examples
    assert re.search(r"10\.\d{4,}/|\(\d{4}[a-z]?\)", said.references), "no DOI and no dated reference"


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_the_page_has_every_part(name: str) -> None:
    text = part(name)
    places = [text.find(f"\n**{heading}**\n") for heading in HEADINGS]
    assert min(places) > 0, HEADINGS[places.index(min(places))]
    assert places == sorted(places)
    bodies = re.split("|".join(rf"\n\*\*{re.escape(heading)}\*\*\n" for heading in HEADINGS), text)[1:]
    assert all(body.strip() for body in bodies)
    assert "```pycon\n>>>" in bodies[-1]


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_no_markup_of_docstrings_is_left(name: str) -> None:
    text = re.sub(r"```.*?```", "", part(name), flags=re.DOTALL)
    assert ":math:" not in text
    assert ".. " not in text.replace("... ", "")
    assert re.search(r"(?<!`)``(?!`)", text) is None


def test_every_family_has_a_page_and_no_page_is_left_over() -> None:
    there = {path.name for path in (REPO / "docs" / "methods").glob("*.md")}
    assert there == {f"{method_pages.slug(family)}.md" for family in method_pages.families()}


def test_a_docstring_without_limits_or_rule_is_noticed() -> None:
    """Negative control: what the test above would say of a poor docstring."""

    def mean(values: list[float]) -> float:
        """Compute a mean.

        Parameters
        ----------
        values : list
            Numbers.

        Returns
        -------
        float
            The mean.
        """
        return sum(values) / len(values)

    entry = dataclasses.replace(STATISTICS["longstring"], name="mean", function=mean)
    assert describe(entry).absent == ["definition", "raises", "notes", "references", "examples", "missing"]


def test_formulas_and_code_become_markdown() -> None:
    text = "With :math:`x_i` and ``y``:\n\n.. math:: a = b\n          + c\n\nwhere it ends."
    assert method_pages.markdown(text) == "With $x_i$ and `y`:\n\n```math\na = b\n+ c\n```\n\nwhere it ends."


def test_the_rule_for_missing_answers_is_taken_from_data_and_options() -> None:
    said = parse(STATISTICS["share_agreeing"].function)
    assert said.missing == "Ratings; missing ones are left out target by target and counted."
    assert "`listwise` leaves out rows with one" in parse(STATISTICS["cronbach_alpha"].function).missing
    assert "no answer that could be missing" in describe(STATISTICS["lix"]).missing
    assert describe(STATISTICS["ranking_tiers"]).missing.startswith("As `best_worst_scores`.")
