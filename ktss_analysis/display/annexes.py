"""Tables and sentences that only the annexes print: distributions, designs, traces."""

from __future__ import annotations

from .book import Book
from .registry import table
from .tables import emit_records, n_cell, named


def _column(book: Book, key: str) -> str:
    return book.text(f"column.{key}")


def _plain(book: Book, result_id: str) -> str:
    return book.cell(book.find(result_id), with_interval=False)


# ------------------------------------------------------------------------------ items


@table("item_distribution")
def item_distribution(book: Book) -> None:
    """Print mean, spread, and the shares at both ends of the scale per item; nothing when nobody answered."""
    rows = book.select("self_assessment", "item_mean")
    if rows.empty:
        return
    records = [
        {
            _column(book, "item"): named(book, row["target_id"], "item"),
            _column(book, "mean"): book.cell(row, with_interval=False),
            _column(book, "sd"): _plain(book, f"self_assessment.item_sd.{row['target_id']}"),
            _column(book, "floor"): _plain(book, f"self_assessment.floor_share.{row['target_id']}"),
            _column(book, "ceiling"): _plain(book, f"self_assessment.ceiling_share.{row['target_id']}"),
            _column(book, "n"): n_cell(book, row),
        }
        for row in rows.to_dict("records")
    ]
    emit_records(book, records, "item-distribution", book.text("table.item_distribution"),
                 [book.text("note.item_distribution")])  # fmt: skip
