"""A realistic executed notebook for the report tests, built with the functions that notebooks use."""

from __future__ import annotations

from base64 import b64encode
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import nbformat
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from ktss_analysis.display.emit import emit_block, emit_figure, emit_markdown, emit_table
from ktss_analysis.display.text_safety import safe_text

FACTS = {
    "title": "Soft skills for knowledge transfer: what reviewers & focus groups said",
    "subtitle": "Report on the self-assessment framework, illustrative names",
    "date": "2026-11-20",
    "language": "en-GB",
    "authors": ["Jagiellonian University", "Università di Bologna"],
    "keywords": ["soft skills", "knowledge transfer"],
    "short_title": "Soft skills for knowledge transfer",
    "synthetic": True,
    "version_line": "Version 0.1.0 · data 3fa9c1 · rules 77b02e",
    "licence": "CC BY 4.0",
}
CODE_MARK = "SECRET_CODE_OF_A_CELL"


@contextmanager
def recorded():
    """Collect what the emit functions display as notebook outputs."""
    outputs: list[Any] = []

    def display(bundle: dict[str, Any], *, raw: bool, metadata: dict[str, Any]) -> None:
        assert raw
        data = {k: b64encode(v).decode() if isinstance(v, bytes) else v for k, v in bundle.items()}
        outputs.append(new_output("display_data", data=data, metadata=metadata))

    with patch("IPython.display.display", display):
        yield outputs


def cell(make, *args: Any, **options: Any) -> nbformat.NotebookNode:
    """Return an executed code cell that holds what one emit call displays."""
    with recorded() as outputs:
        make(*args, **options)
    return new_code_cell(f"# {CODE_MARK}", outputs=list(outputs), execution_count=1)


def notebook(cells: list[nbformat.NotebookNode], facts: dict[str, Any] | None = FACTS) -> nbformat.NotebookNode:
    """Return a notebook with fixed cell ids and the metadata that the pipeline sets."""
    for number, one in enumerate(cells):
        one["id"] = f"cell-{number}"
    metadata = {} if facts is None else {"ktss": dict(facts)}
    return new_notebook(cells=cells, metadata=metadata)


def dot_figure(title: str = "Reviewers support most skills", height: float = 3.6):
    """Return a small chart of dots with intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, height), layout="constrained")
    axes = figure.add_subplot()
    for row, (middle, half) in enumerate([(0.93, 0.06), (0.84, 0.1), (0.71, 0.15), (0.55, 0.17)]):
        axes.plot([middle - half, middle + half], [row, row], color="#0B3C6F", linewidth=1.6)
        axes.plot(middle, row, "o", color="#0B3C6F", markeredgecolor="white", markersize=8)
    axes.axvline(0.7, linestyle="--", color="#3D4552")
    axes.set_yticks(range(4), ["Listening", "Negotiating", "Storytelling ≥", "Kuunteleminen"])
    axes.set_xlabel("Share of reviewers who find the skill relevant")
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


LONG = (
    "Raised in all groups, mostly by people who negotiate licences; participants would like to see "
    'more examples from small offices, because "the big ones have lawyers for that" (FG3-P05).'
)


def joint_display() -> pd.DataFrame:
    """Return a table of nine columns with long texts and verdict badges."""
    verdicts = ["[keep]{.badge .keep}", "[keep provisionally]{.badge .provisional}",
                "[revise]{.badge .revise}",
                "[drop]{.badge .drop}", "[not decided]{.badge .undecided}"]  # fmt: skip
    names = ["Active listening", "Negotiating agreements", "Storytelling with data", "Tolerance of ambiguity",
             "Networking across organisations"]  # fmt: skip
    rows = [
        {
            "Skill": names[i % 5], "n": str(30 - i), "Relevance": f".{93 - 3 * i}",
            "95% CI": f".{80 - 2 * i}–.{98 - i}",
            "Workshop": f"{85 - i}%", "Groups": f"{5 - i % 4} of 5",
            "What the groups said": LONG[: 60 + 40 * (i % 4)],
            "What reviewers changed": "Item S03-2 made shorter; tool_review.item_cvi.relevance.S03-2",
            "Verdict": verdicts[i % 5],
        }
        for i in range(14)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def narrow_table() -> pd.DataFrame:
    """Return a table of three columns that is smaller than the page."""
    return pd.DataFrame(
        {
            "Source": ["Guide review", "Tool review", "Focus groups"],
            "Invited": ["33", "33", "44"],
            "Used": ["30", "30", "40"],
        }
    )


HOSTILE = 'He said | "no" & <script>alert(1)</script> **b** $x_1$ #let \\textbf{x} @r [a](b) `c` 😀 中文 ~~~ _u_'


def sample_cells() -> list[nbformat.NotebookNode]:
    """Return the cells of a report with everything that a report may hold."""
    parameters = new_code_cell("run_folder = 'x'", metadata={"tags": ["parameters"]})
    parameters.outputs = [new_output("display_data", data={"text/markdown": "PARAMETER OUTPUT"})]
    noisy = new_code_cell(f"print('{CODE_MARK}')", execution_count=2)
    noisy.outputs = [
        new_output("stream", name="stdout", text="STDOUT NOISE"),
        new_output("execute_result", data={"text/plain": "<Axes: OBJECT NOISE>"}, execution_count=2),
    ]
    long_link = "https://example.org/a/very/long/address/that/must/break/somewhere/in/the/line"
    removed = new_code_cell("1", metadata={"tags": ["remove-cell"]})
    removed.outputs = [new_output("display_data", data={"text/markdown": "REMOVED OUTPUT"})]
    return [
        parameters,
        new_markdown_cell("# Soft skills for knowledge transfer"),
        cell(
            emit_block,
            "cover",
            "Four countries, five streams of evidence.\n\nRules fixed on 1 September 2026.",
        ),
        noisy,
        new_markdown_cell(
            "## On one page\n\nOf the skills reviewed, most are [keep]{.badge .keep} and some are "
            "[keep provisionally]{.badge .provisional}; others are [revise]{.badge .revise}, "
            "[drop]{.badge .drop} or [not decided]{.badge .undecided}. See [](#fig-relevance) and "
            "[](#tbl-joint).^[Intervals are Wilson intervals at the 95% level.]\n\n"
            "Zażółć gęślą jaźń. Perché così è più chiaro. Hyvää työtä, "
            "älykkäästi. Coöperatie en geüpload. κ ≥ .60 ● ▲ ■ ○ ✓"
        ),
        cell(
            emit_figure,
            dot_figure(),
            label="fig-relevance",
            caption="Relevance of *four* skills, 95% intervals",
            alt="Dots with intervals for four skills; listening is highest.",
            data_label="tbl-joint",
        ),
        new_markdown_cell(
            "### Why these rules\n\nThe index is\n\n$$ V = \\frac{\\bar{x} - l}{k} $$\n\nwhere $k$ is "
            "the range, "
            'and [$\\alpha$]{alt="alpha"} is a coefficient.'
        ),
        cell(
            emit_block,
            "limits",
            "Thirty answers describe **this** panel. They are no random sample.\n\n- one\n- two",
        ),
        cell(emit_block, "note", f"A [link]({long_link}) and its address: {long_link}"),
        new_markdown_cell("## Evidence side by side\n\n#### A skipped level\n\nText before the table."),
        cell(
            emit_table,
            joint_display(),
            label="tbl-joint",
            caption="Joint display of all streams by skill",
            notes=["n = persons used.", "Intervals are Wilson intervals."],
        ),
        cell(emit_table, narrow_table(), label="tbl-people", caption="Who took part"),
        new_markdown_cell("## The set, skill by skill"),
        cell(
            emit_block,
            "skill-card",
            "### Active listening [keep]{.badge .keep}\n\nUnderstands what researchers and firms mean.\n\n"
            "> “They hear the patent, not the person.” (FG2-P03)\n\n"
            "**Evidence.** Relevance .93, five groups.",
        ),
        cell(emit_block, "quote", safe_text(HOSTILE)),
        cell(
            emit_figure,
            dot_figure("Tall", height=14),
            label="fig-tall",
            caption="A figure taller than a page",
            alt="The same dots on a very tall canvas.",
        ),
        cell(emit_markdown, "## Limits {-}\n\n1. First\n2. Second\n\nTerm\n: Its definition."),
        removed,
    ]


def sample_notebook(**changes: Any) -> nbformat.NotebookNode:
    """Return the sample notebook; `changes` replace facts in its metadata."""
    return notebook(sample_cells(), {**FACTS, **changes})
