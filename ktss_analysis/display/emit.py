"""Put texts, figures and tables into a notebook so that every report format can print them.

Each function shows one bundle: what JupyterLab draws (HTML, SVG) and what the exporters of
`ktss_analysis.report` read (Pandoc Markdown, images with alternative text and caption).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from ktss_analysis.core import KtssError
from ktss_analysis.display.numbers import DisplayError
from ktss_analysis.display.text_safety import clean_text, safe_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Kinds of block that all report formats know, and what each is for.
BLOCK_KINDS: Final = {
    "note": "a remark the reader may skip",
    "limits": "what the data cannot say",
    "synthetic": "a warning that the data are invented",
    "skill-card": "one skill with its evidence",
    "cover": "moves to the cover page",
    "quote": "words of a participant",
}
#: Names of verdict badges; a cell or a text ``[keep]{.badge .keep}`` is drawn as a badge.
BADGE_KINDS: Final = ("keep", "provisional", "revise", "drop", "undecided")
PNG_DPI: Final = 160  # of the Word file; HTML and PDF take the SVG

_LABEL = re.compile(r"^[A-Za-z][A-Za-z0-9_.:-]*[A-Za-z0-9]$")
_BADGE = re.compile(r"^\[([^\[\]{}<>\\`*\n]{1,60})\]\{\.badge \.([a-z][a-z-]*)\}$")
_FOREIGN = re.compile(r"^\[(.+)\]\{lang=([a-z]{2,3}(?:-[A-Z]{2})?)\}$", re.DOTALL)
_ALIGNMENTS: Final = {"left": ":---", "right": "---:", "center": ":---:"}


_held: list[str] = []


def hold(markdown: str) -> None:
    """Keep a heading back until something follows it; one that nothing follows is never shown.

    Parameters
    ----------
    markdown : str
        The heading; empty drops the one that is held.
    """
    _held[:] = [markdown] if markdown else []


def emit_markdown(text: str) -> None:
    """Show Markdown that all report formats print.

    Parameters
    ----------
    text : str
        Pandoc Markdown. Free text inside it must have passed `safe_text`.
    """
    _display({"text/markdown": text, "text/plain": text})


def emit_block(kind: str, markdown: str) -> None:
    """Show a marked-off block: a note, the limits of a result, a skill card, the words on the cover.

    Parameters
    ----------
    kind : str
        One of `BLOCK_KINDS`.
    markdown : str
        The content as Pandoc Markdown.

    Raises
    ------
    KtssError
        If the kind is unknown or the content empty.
    """
    if kind not in BLOCK_KINDS:
        raise KtssError(f"unknown kind of block {kind!r}; allowed: {', '.join(BLOCK_KINDS)}")
    _need(markdown, "a block needs content", kind)
    classes = f".callout .{kind}" if kind in {"note", "limits", "synthetic"} else f".{kind}"
    runs = re.findall(r"^\s*(:{3,})", markdown, flags=re.MULTILINE)
    fence = ":" * (max([2, *map(len, runs)]) + 1)
    emit_markdown(f"{fence} {{{classes}}}\n{markdown.strip()}\n{fence}")


def emit_figure(
    figure: Figure,
    *,
    label: str,
    caption: str,
    alt: str,
    data_label: str | None = None,
    stays: bool = False,
) -> None:
    """Show a matplotlib figure as SVG and PNG with alternative text, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; the same figure gives the same bytes on each run.
    label : str
        Its identifier in the document, e.g. ``"fig-relevance"``; ``[](#fig-relevance)`` refers to it.
    caption : str
        The title under the figure, Markdown.
    alt : str
        What the figure shows, in words, for people who do not see it. Plain text.
    data_label : str, optional
        Identifier of the table that holds the figure's numbers; the caption then links to it.
    stays : bool
        Whether the PDF must print it exactly here; by default a tall figure may move to the top or the foot
        of a page, so that text fills the space before it.

    Raises
    ------
    KtssError
        If the alternative text or the caption is empty, or a label is not an identifier.
    """
    _check_label(label)
    _need(caption, "a figure needs a caption", label)
    _need(alt, "a figure needs alternative text", label)
    if data_label is not None:
        _check_label(data_label)
    facts: dict[str, Any] = {"label": label, "caption": _one_line(caption), "alt": _one_line(clean_text(alt))}
    if data_label is not None:
        facts["data_label"] = data_label
    if stays:
        facts["stays"] = "1"
    svg, png = _pictures(figure)
    if dark := _dark_colours(svg):
        facts["dark"] = dark
    bundle = {"image/svg+xml": svg, "image/png": png, "text/plain": f"Figure {label}: {facts['alt']}"}
    _display(bundle, {"image/svg+xml": facts, "image/png": facts})


def emit_table(
    frame: pd.DataFrame,
    *,
    label: str,
    caption: str,
    notes: Sequence[str] = (),
    row_header: bool = True,
    align: Sequence[str] | None = None,
    note_word: str = "Note.",
) -> None:
    """Show a table of formatted texts with caption, header cells and notes.

    Parameters
    ----------
    frame : pandas.DataFrame
        Texts as they shall be printed; missing cells stay empty. The index is not shown. A cell
        ``[keep]{.badge .keep}`` is drawn as a badge, one such as ``[Active listening]{lang=en}`` is marked as
        another language; everything else is printed as it stands.
    label : str
        Its identifier, e.g. ``"tbl-relevance"``; ``[](#tbl-relevance)`` refers to it.
    caption : str
        The title above the table, Markdown.
    notes : sequence of str
        Sentences under the table, Markdown, one paragraph in all.
    row_header : bool
        Whether the first column names the rows.
    align : sequence of {"left", "right", "center"}, optional
        One for each column; by default columns of numbers are set to the right.
    note_word : str
        The word before the notes, in the language of the report.

    Raises
    ------
    KtssError
        If the caption is empty, the label is not an identifier, the frame has no column, or `align`
        does not fit the columns.
    """
    _check_label(label)
    _need(caption, "a table needs a caption", label)
    header, rows = _texts(frame, label)
    chosen = _alignments(align, header, rows, label)
    markdown = _markdown_table(header, rows, chosen, label, _one_line(caption), row_header)
    if notes:
        note = " ".join(_one_line(text) for text in notes)
        markdown += f"\n\n::: {{.table-note}}\n*{note_word}* {note}\n:::"
    html = _html_table(header, rows, chosen, label, caption, row_header, notes, note_word)
    plain = pd.DataFrame(rows, columns=header).to_string(index=False)
    _display({"text/html": html, "text/markdown": f":::: {{.table-block}}\n{markdown}\n::::", "text/plain": plain})


# ---------------------------------------------------------------------------------------------- checks


def _need(text: str, problem: str, where: str) -> None:
    if not text.strip():
        raise KtssError(f"{where}: {problem}; found {text!r}")


def _check_label(label: str) -> None:
    if not _LABEL.match(label):
        raise KtssError(f"a label starts with a letter and holds letters, digits and - _ . : only; found {label!r}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def show_page(html: str, name: str) -> None:
    """Show a page in a frame of its own in the notebook; it is no Markdown, so no document prints it."""
    source = html.replace("&", "&amp;").replace('"', "&quot;")
    frame = (
        f'<iframe title="{name}" sandbox="allow-scripts allow-downloads" width="100%" height="640" srcdoc="{source}">'
        "</iframe>"
    )
    _display({"text/html": frame, "text/plain": f"the self-assessment {name}"})


def _display(bundle: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    from IPython.display import display

    while _held:
        heading = _held.pop()
        display({"text/markdown": heading, "text/plain": heading}, raw=True)
    display(bundle, raw=True, metadata=metadata or {})


# --------------------------------------------------------------------------------------------- figures


def _pictures(figure: Figure) -> tuple[str, bytes]:
    """Return SVG text and PNG bytes that depend on the drawing alone, at the size it was laid out for."""
    from ktss_analysis.display.style import save_figure

    svg, png = BytesIO(), BytesIO()
    save_figure(figure, svg, "svg")
    save_figure(figure, png, "png", dpi=PNG_DPI)
    figure.clear()
    return svg.getvalue().decode("utf-8"), png.getvalue()


def _dark_colours(svg: str) -> dict[str, str]:
    """Return the dark partner of each colour; none for a drawing with colours of its own, which stays light."""
    from ktss_analysis.display.colours import dark_colours

    try:
        return dark_colours(svg)
    except DisplayError:
        return {}


# ---------------------------------------------------------------------------------------------- tables


def _texts(frame: pd.DataFrame, label: str) -> tuple[list[str], list[list[str]]]:
    if not len(frame.columns):
        raise KtssError(f"{label}: a table needs at least one column; found none")
    header = [clean_text(str(name)) for name in frame.columns]
    values = frame.astype(object).where(frame.notna(), "").to_numpy().tolist()
    rows = [[clean_text(str(value)) for value in row] for row in values]
    return header, rows or [["–"] * len(header)]


_NUMBER = re.compile(r"^[-−+<>≤≥=~≈]?\s*[\d.,\s ]*\d\s*%?(\s*[(\[].*[)\]])?$|^\d+ / \d+$|^[–—-]?$")


def _alignments(align: Sequence[str] | None, header: list[str], rows: list[list[str]], label: str) -> list[str]:
    if align is None:
        return ["right" if _numeric(column) else "left" for column in zip(*rows, strict=True)]
    if len(align) != len(header) or not set(align) <= set(_ALIGNMENTS):
        allowed = f"{len(header)} of {', '.join(_ALIGNMENTS)}"
        raise KtssError(f"{label}: align is {list(align)!r}; allowed: {allowed}")
    return list(align)


def _numeric(column: Sequence[str]) -> bool:
    """Tell whether a column holds numbers; a few cells may say in a word or two why there is none."""
    numbers = sum(bool(_NUMBER.match(text)) for text in column)
    words = [text for text in column if not _NUMBER.match(text)]
    return numbers == len(column) or (2 * numbers > len(column) and all(len(text) <= 14 for text in words))


def _markdown_table(
    header: list[str], rows: list[list[str]], align: list[str], label: str, caption: str, row_header: bool
) -> str:
    """Return a pipe table: one line a row, so no width has to be counted and no cell text can break it."""
    lines = [header, *rows]
    body = ["| " + " | ".join(_markdown_cell(text) for text in line) + " |" for line in lines]
    body.insert(1, "|" + "|".join(_ALIGNMENTS[side] for side in align) + "|")
    columns = [list(column) for column in zip(*lines, strict=True)]
    facts = (
        f'#{label} row-header="{int(row_header)}" '
        f'widest="{" ".join(str(_widest(column)) for column in columns)}" '
        f'longest="{" ".join(str(_longest_word(column)) for column in columns)}"'
    )
    return "\n".join(body) + f"\n\n: {caption} {{{facts}}}"


def _markdown_cell(text: str) -> str:
    if _BADGE.match(text):
        return text
    foreign = _FOREIGN.match(text)
    if foreign:
        return f"[{safe_text(foreign[1], breaks='[]{.line-break}')}]{{lang={foreign[2]}}}"
    return safe_text(text, breaks="[]{.line-break}")


def _widest(column: list[str]) -> int:
    return max(len(_shown(line)) for text in column for line in text.split("\n"))


def _longest_word(column: list[str]) -> int:
    parts = [[_shown(text)] if _BADGE.match(text) else re.split("[ \n]+", _shown(text)) for text in column]
    return max((len(word) for words in parts for word in words), default=1)


def _shown(text: str) -> str:
    badge, foreign = _BADGE.match(text), _FOREIGN.match(text)
    return f"{badge[1]}   " if badge else foreign[1] if foreign else text


def _html_table(
    header: list[str],
    rows: list[list[str]],
    align: list[str],
    label: str,
    caption: str,
    row_header: bool,
    notes: Sequence[str],
    note_word: str,
) -> str:
    def cell(tag: str, text: str, side: str, scope: str = "") -> str:
        scoped = f' scope="{scope}"' if scope else ""
        return f'<{tag}{scoped} style="text-align:{side}">{_html_cell(text)}</{tag}>'

    head = "".join(cell("th", text, side, "col") for text, side in zip(header, align, strict=True))
    body = []
    for row in rows:
        cells = [cell("td", text, side) for text, side in zip(row, align, strict=True)]
        if row_header:
            cells[0] = cell("th", row[0], align[0], "row")
        body.append(f"<tr>{''.join(cells)}</tr>")
    foot = f"<p><em>{escape(note_word)}</em> {escape(' '.join(notes))}</p>" if notes else ""
    return (
        f'<table id="{label}"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>{foot}"
    )


def _html_cell(text: str) -> str:
    badge = _BADGE.match(text)
    if badge:
        return f'<span class="badge {badge[2]}">{escape(badge[1])}</span>'
    foreign = _FOREIGN.match(text)
    if foreign:
        return f'<span lang="{foreign[2]}">{_html_cell(foreign[1])}</span>'
    return escape(text).replace("\n", "<br>")
