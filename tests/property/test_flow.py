"""Reading piece by piece: any text, cut anywhere, gives what reading it whole with the csv module gives."""

from __future__ import annotations

import csv
import io
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ktss_analysis.core import InputError
from ktss_analysis.readers import RawTable, ReadOptions, blocks, csv_reader, encodings, read_chunks, read_table
from ktss_analysis.readers.table import build_table

CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "3,5", "Often", " x", "x ", '"q"', '"a;b"', '"a\nb"', '"a\r\nb"', '"say ""no"""', 'in"ch']
    ),
    st.sampled_from(["é", "ł", "日本", "\x0b", "\x85", "\u2028", "\xa0", "\\", "'", "\t"]),
    st.text(alphabet='ab1 ;,"\n\r\té', max_size=5),
)
LINES = st.lists(st.lists(CELLS, min_size=1, max_size=4).map(";".join), min_size=1, max_size=14)
TEXTS = st.one_of(
    st.builds(lambda end, lines, tail: end.join(lines) + tail, st.sampled_from(["\n", "\r\n", "\r"]), LINES,
              st.sampled_from(["", "\n", "\r\n", "\n\n;;\n \n"])),
    st.text(alphabet='ab ;,"\n\r', max_size=60),
)  # fmt: skip


def by_csv_module(text: str, path: Path, options: ReadOptions) -> RawTable:
    """Read as one would without any speed: the whole text through the csv module."""
    padded = csv_reader.open_text(path, options).padded
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";", skipinitialspace=padded)
    records, rows, start = [], [], 0
    for record in reader:
        if record:
            records.append(record)
            rows.append(start + 1)
        start = reader.line_num
    return build_table(records, rows, file=path, format="csv", header_row=options.header_row, encoding="utf-8",
                       separator=";", notes=[csv_reader._PADDED] * padded)  # fmt: skip


def outcome(read: object) -> tuple:
    try:
        table = read()  # type: ignore[operator]
    except InputError as error:
        return ("refused", str(error))
    return (
        list(table.frame.columns), table.frame.to_numpy().tolist(), table.rows.tolist(), table.header_row,
        table.refused, table.notes, table.frame.dtypes.tolist(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flow")


@settings(max_examples=400, deadline=None)
@given(text=TEXTS, size=st.sampled_from([1, 2, 3, 7, 40, 1 << 22]), header_row=st.sampled_from([None, None, 1, 3]))
@example(text="a;b;;\n1;2;;\n1;2;3;\n", size=1 << 22, header_row=None)
@example(text="a;b;;\n1;2;;4\n1;2;3;4;5\n", size=5, header_row=None)
@example(text='a;b\n1;"2\n\n3"\n\n;\n4;5\n;\n;\n', size=4, header_row=None)
@example(text='a;b\n"1";2" pipe\n"x\ny";"";\n', size=4, header_row=None)
def test_reading_in_blocks_is_reading_whole(folder: Path, text: str, size: int, header_row: int | None) -> None:
    """Not compared: texts with an open quotation mark, which reading refuses before it cuts anything."""
    path = folder / "raw.csv"
    path.write_text(text, encoding="utf-8", newline="")
    options = ReadOptions(encoding="utf-8", separator=";", header_row=header_row)
    whole = outcome(lambda: csv_reader.read(path, options))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "file_blocks", partial(encodings.file_blocks, n_bytes=size))
        assert outcome(lambda: csv_reader.read(path, options)) == whole
    if whole[0] == "refused" and ("never closed" in whole[1] or "is empty" in whole[1]):
        return
    assert whole == outcome(lambda: by_csv_module(text.removeprefix("\ufeff"), path, options))


@settings(max_examples=100, deadline=None)
@given(text=TEXTS, size=st.sampled_from([3, 1 << 22]), n_rows=st.sampled_from([1, 2, 7, 1000]))
def test_pieces_together_are_the_table(folder: Path, text: str, size: int, n_rows: int) -> None:
    path = folder / "pieces.csv"
    path.write_text(text, encoding="utf-8", newline="")
    options = ReadOptions(separator=";")
    whole = outcome(lambda: csv_reader.read(path, options))

    def joined() -> RawTable:
        chunks = csv_reader.chunks(path, options, n_rows)
        pieces = list(chunks)
        assert all(len(piece.rows) <= n_rows for piece in pieces)
        assert all(list(piece.frame.columns) == list(chunks.head.frame.columns) for piece in pieces)
        frames = [piece.frame for piece in pieces] or [chunks.head.frame]
        return RawTable(
            pd.concat(frames, ignore_index=True), path,
            np.concatenate([piece.rows for piece in pieces] or [chunks.head.rows]), chunks.head.header_row, "csv",
            refused=tuple(entry for piece in pieces for entry in piece.refused), notes=tuple(chunks.notes),
        )  # fmt: skip

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "file_blocks", partial(encodings.file_blocks, n_bytes=size))
        assert outcome(joined) == whole


@pytest.mark.parametrize(
    "text", ["a;b\n1;2\n", '"a";"b"\r\n"1";"x ""y"" z"\r\n', 'a;b\n1;"2\n3"\n', "a;b\n\n1; 2\n", "a;b\n1;2"]
)
def test_regular_text_takes_the_fast_way(text: str) -> None:
    """Else the comparison above would compare the careful way with itself."""
    cutter = blocks.Cutter(iter([text.encode()]), ";", Path("x.csv"))
    cutter.fill()
    while not cutter._at_end:
        cutter.more()
    piece = cutter._fast(2, 2)
    assert piece is not None
    assert piece.table.num_rows == 2


@pytest.mark.parametrize(
    "text", ["a;b\r1;2\n", 'a;b\n1;2"\n', 'a;b\n"1"x;2\n', 'a;b\n1; "2"\n', "a;b\n1\n", "a;b\n1;2;3\n"]
)
def test_anything_else_takes_the_careful_way(text: str) -> None:
    cutter = blocks.Cutter(iter([text.encode()]), ";", Path("x.csv"))
    cutter.fill()
    while not cutter._at_end:
        cutter.more()
    assert cutter._fast(2, 2) is None


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40),
    name=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1250"]),
    size=st.integers(1, 9),
)
def test_decoding_in_blocks_is_decoding_whole(text: str, name: str, size: int) -> None:
    data = text.encode(name, "ignore")
    cut = [data[start : start + size] for start in range(0, len(data), size)]
    joined = b"".join(encodings.utf8_blocks(iter(cut), name))
    assert joined.decode() == data.decode(name).removeprefix("\ufeff")
    found = encodings.find_encoding(lambda: iter(cut), Path("x"), name)
    assert found == encodings.find_encoding(lambda: iter([data]), Path("x"), name)


def test_a_workbook_comes_in_pieces_too(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": range(10), "b": list("abcdefghij")})
    frame.to_excel(tmp_path / "book.xlsx", index=False)
    whole = read_table(tmp_path / "book.xlsx")
    chunks = read_chunks(tmp_path / "book.xlsx", 3)
    pieces = list(chunks)
    assert [len(piece.rows) for piece in pieces] == [3, 3, 3, 1]
    pd.testing.assert_frame_equal(pd.concat([piece.frame for piece in pieces], ignore_index=True), whole.frame)
    assert tuple(chunks.notes) == whole.notes


FREE = st.text(alphabet=' ab,;"\n\té', max_size=8)


@settings(max_examples=300, deadline=None)
@given(cells=st.lists(st.tuples(FREE, FREE), min_size=1, max_size=8), quoting=st.sampled_from([0, 1]))
@example(cells=[("", "  two blanks, then a word"), (" ", 'x "y" z')], quoting=0)
@example(cells=[(' "quoted" from the start', ""), (" plain", " ")], quoting=0)
@example(cells=[('"a", "b"', " plain")], quoting=0)
@example(cells=[(' "x', " y"), (' "', " z")], quoting=1)
def test_free_text_survives_as_it_was_typed(folder: Path, cells: list[tuple[str, str]], quoting: int) -> None:
    """Blanks at the start of a cell included, but for line ends, which may be any."""
    path = folder / "free.csv"
    text = io.StringIO(newline="")
    written = [("id", "first", "second"), *((f"p{row}", *pair) for row, pair in enumerate(cells))]
    csv.writer(text, quoting=quoting, lineterminator="\n").writerows(written)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    table = read_table(path, format="csv", separator=",")
    assert table.frame.to_numpy().tolist() == [list(row) for row in written[1:]]
    assert not any("blanks" in note for note in table.notes)


@pytest.mark.parametrize("size", [1, 3, 1 << 22])
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("id, mark, text\n1, 2, good\n2, , bad\n", [["1", "2", "good"], ["2", "", "bad"]]),
        ('id,mark,text\n1,  "2",  "a, b"\n', [["1", "2", "a, b"]]),
        ('id,text\n1,"a ""b"", c"\n2, "d, e"\n', [["1", 'a "b", c'], ["2", "d, e"]]),
    ],
    ids=["throughout", "before quotation marks", "once before a quotation mark"],
)
def test_blanks_of_the_layout_are_no_part_of_a_cell(folder: Path, text: str, rows: list[list[str]], size: int) -> None:
    path = folder / "padded.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "file_blocks", partial(encodings.file_blocks, n_bytes=size))
        table = csv_reader.read(path, ReadOptions())
    assert table.frame.to_numpy().tolist() == rows
    assert any("blanks behind separators" in note for note in table.notes)


def test_a_remark_in_quotation_marks_opens_no_cell(folder: Path) -> None:
    """Behind a blank and with words behind it, it is a part of what somebody typed."""
    path = folder / "remark.csv"
    path.write_text('id,text\n1, "good" they said\n2,no\n')
    assert csv_reader.read(path, ReadOptions()).frame["text"].tolist() == [' "good" they said', "no"]
