"""The tables and figures of a document as data: each as CSV under the number it is printed with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..glossary import COLUMNS, FIGURE_COLUMNS, TABLE_INDEX_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["table", "figure"]

FOLDER = "tables"
"""Folder of these files beside the document, and in ``public``."""

_BADGE = re.compile(r"^\[([^\[\]]*)\]\{\.badge \.[a-z-]+\}$")
_FOREIGN_CELL = re.compile(r"^\[(.+)\]\{lang=[A-Za-z-]+\}$", re.DOTALL)
_FOREIGN_TEXT = re.compile(r"\[((?:\\.|[^\\\[\]])*)\]\{lang=[A-Za-z-]+\}")
_ESCAPED_OR_MARK = re.compile(r"\\([!-/:-@\[-`{-~])|[*_`]")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A printed table, or the data behind a printed figure.

    Parameters
    ----------
    kind : {"table", "figure"}
        Tables and figures are numbered apart.
    number : int
        The number in the document, from 1.
    label : str
        Its identifier in the document.
    caption : str
        The caption as plain text.
    frame : pandas.DataFrame
        Of a table the cells as printed, of a figure the published rows that are drawn.
    result_ids : tuple of str
        Published results it was made from.
    """

    kind: Kind
    number: int
    label: str
    caption: str
    frame: pd.DataFrame
    result_ids: tuple[str, ...]

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.kind}-{self.number:02d}.csv"


def make_exhibit(
    earlier: Sequence[Exhibit], kind: Kind, label: str, caption: str, frame: pd.DataFrame, result_ids: Iterable[str]
) -> Exhibit:
    """Return the next exhibit of a document; the documents count tables and figures in the order of printing."""
    number = 1 + sum(exhibit.kind == kind for exhibit in earlier)
    if kind == "figure":
        result_ids, frame = list(frame.get("result_id", ())) or result_ids, figure_data(frame)
    else:
        frame = frame.map(lambda cell: plain_cell(str(cell)))
    return Exhibit(kind, number, label, plain_text(caption), frame, tuple(dict.fromkeys(map(str, result_ids))))


def figure_data(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what a figure draws under the names of the glossary, with its dtypes."""
    import pandas as pd

    kept = frame[[name for name in FIGURE_COLUMNS if name in frame.columns]].reset_index(drop=True)
    for name in kept.columns:
        dtype = COLUMNS[name].dtype
        kept[name] = kept[name].astype(dtype) if dtype == "string" else pd.to_numeric(kept[name]).astype(dtype)
    return kept


def plain_cell(text: str) -> str:
    """Return a printed cell as plain text: a badge is its word, a no-break space a space; languages are not marked."""
    marked = _BADGE.match(text) or _FOREIGN_CELL.match(text)
    return (marked[1] if marked else text).replace("\u00a0", " ").replace("\u202f", " ")


def plain_text(markdown: str) -> str:
    """Return a caption without emphasis, escapes and marks of languages."""
    unmarked = _FOREIGN_TEXT.sub(lambda match: match[1], markdown)
    return " ".join(_ESCAPED_OR_MARK.sub(lambda match: match[1] or "", unmarked).split())


def write_exhibits(exhibits: Sequence[Exhibit], folder: Path, document: str) -> None:
    """Write each exhibit of a document as CSV, and ``index.csv`` with number, caption and results of each."""
    import pandas as pd

    from ..csvfile import write_csv

    for exhibit in exhibits:
        write_csv(exhibit.frame, folder / exhibit.file)
    rows = [
        (document, e.kind, e.number, e.file, e.label, e.caption, len(e.frame), "|".join(e.result_ids)) for e in exhibits
    ]  # fmt: skip
    write_csv(pd.DataFrame(rows, columns=list(TABLE_INDEX_COLUMNS)), folder / "index.csv")
