"""The graph of the notebooks as data, and where a run lives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core import PipelineError
from ..resources import PACKAGE


@dataclass(frozen=True, slots=True)
class Node:
    """One notebook of the run.

    Parameters
    ----------
    name : str
        File name without ending.
    activities : tuple of str
        Activities whose raw files it reads.
    owns : tuple of str
        Activities it accounts for; one activity is accounted for in one notebook only.
    tables : tuple of str
        Canonical tables that later notebooks take from it.
    needs : tuple of str
        Notebooks whose outputs it reads.
    document : str
        File name of the document it renders, without ending.
    translated : bool
        Whether it also runs once for each further language of the report, see `translation`.
    """

    name: str
    activities: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    document: str = ""
    translated: bool = False


REVIEWS = (
    "register", "guide_review", "tool_review", "workshop", "best_worst", "quality_board", "assembly", "triage",
)  # fmt: skip

NODES: tuple[Node, ...] = (
    Node(
        "01_clean_reviews", REVIEWS, REVIEWS,
        ("people", "ratings", "choices", "comments", "suggestions", "decisions", "changes", "item_versions"),
    ),
    Node(
        "02_clean_focus_groups", ("register", "focus_groups"), ("focus_groups",),
        ("codings", "codebook", "comments", "ratings"),
    ),
    Node(
        "03_clean_responses", ("register", "tool_review", "self_assessment"), ("self_assessment",),
        ("responses",),
    ),
    Node("04_reliability", needs=("02_clean_focus_groups", "03_clean_responses")),
    Node("05_item_validity", needs=("01_clean_reviews", "03_clean_responses")),
    Node("06_structure", needs=("03_clean_responses",)),
    Node("07_consensus", needs=("01_clean_reviews",)),
    Node("08_focus_groups", needs=("01_clean_reviews", "02_clean_focus_groups", "03_clean_responses")),
    Node(
        "09_decisions",
        needs=(
            "01_clean_reviews", "02_clean_focus_groups", "03_clean_responses", "04_reliability",
            "05_item_validity", "06_structure", "07_consensus", "08_focus_groups",
        ),
    ),
    Node("10_report", needs=("09_decisions",), document="report", translated=True),
    Node("11_technical_annex", needs=("09_decisions",), document="technical-annex"),
    Node("12_audit_annex", needs=("09_decisions", "10_report"), document="audit-annex"),
    Node("13_quality_board", needs=("09_decisions",), document="quality-board"),
)  # fmt: skip


def node(name: str) -> Node:
    """Return a notebook's entry."""
    for entry in NODES:
        if entry.name == name:
            return entry
    raise PipelineError(f"no notebook {name!r}; there are: {', '.join(entry.name for entry in NODES)}")


def translation(name: str, language: str) -> str:
    """Return the name of a step or document in a further language: ``10_report.it``, ``report.it``."""
    return f"{name}.{language}"


def needs_of(name: str) -> tuple[str, ...]:
    """Return the notebooks whose outputs a notebook reads."""
    return node(name).needs


def run_folder(study_id: str, run: str = "") -> Path:
    """Return the folder of a run: the one given, or ``reports/<study id>`` in the project or working folder."""
    if run:
        return Path(run).expanduser().resolve()
    base = PACKAGE.parent if (PACKAGE.parent / "reports").is_dir() else Path().resolve()
    return base / "reports" / study_id
