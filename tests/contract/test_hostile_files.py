"""Tables as they come: each is read rightly, or refused with one error that says what to do."""

from __future__ import annotations

import datetime
import io
import re
import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest

from ktss_analysis.core import InputError
from ktss_analysis.readers import RawTable, read_table
from tests.support.mutations import time_limit


def text(tmp_path: Path, content: bytes | str, name: str = "raw.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def cells(table: RawTable) -> list[list[str]]:
    return [list(table.frame.columns), *table.frame.to_numpy().tolist()]


def refusal(path: Path, **options: str) -> str:
    with time_limit(30, path.name), pytest.raises(InputError) as caught:
        read_table(path, **options)  # type: ignore[arg-type]
    return str(caught.value)


PLAIN = [["name", "answer"], ["Zoë", "3,5"], ["Łukasz", "4"]]
PLAIN_TEXT = "name;answer\nZoë;3,5\nŁukasz;4\n"
WESTERN = [["name", "answer"], ["Zoë", "3,5"], ["René", "4"]]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PLAIN_TEXT.encode(), PLAIN),
        (PLAIN_TEXT.encode("utf-8-sig"), PLAIN),
        (PLAIN_TEXT.encode("utf-16"), PLAIN),
        (PLAIN_TEXT.encode("utf-16-le"), PLAIN),
        (PLAIN_TEXT.encode("utf-16-be"), PLAIN),
        (PLAIN_TEXT.encode("utf-32"), PLAIN),
        (PLAIN_TEXT.replace("ë", "e").encode("cp1250"), [PLAIN[0], ["Zoe", "3,5"], PLAIN[2]]),
        (PLAIN_TEXT.replace("Łukasz", "René").encode("cp1252"), WESTERN),
        (PLAIN_TEXT.replace("\n", "\r").encode(), PLAIN),
        (PLAIN_TEXT.replace("\n", "\r\n").encode(), PLAIN),
        (PLAIN_TEXT.replace("\nZ", "\rZ").replace("5\n", "5\r\n").encode(), PLAIN),
        (("sep=;\n" + PLAIN_TEXT).encode(), PLAIN),
        (("sep=;\r\n" + PLAIN_TEXT).encode("utf-16"), PLAIN),
        (PLAIN_TEXT.replace("Z", "\x00Z\x00").encode(), PLAIN),
        (("Export of 3 March\n\n" + PLAIN_TEXT).encode(), PLAIN),
        ((PLAIN_TEXT + ";\n;\n \n;\n").encode(), PLAIN),
        (PLAIN_TEXT.replace("name", '"name"').replace("Zoë", '"Zoë"').encode(), PLAIN),
        (PLAIN_TEXT.replace("name", '"na\nme"').encode(), [["na me", "answer"], *PLAIN[1:]]),
        (b"id;;answer\n1;x;3\n2;y;4\n", [["id", "column 2", "answer"], ["1", "x", "3"], ["2", "y", "4"]]),
        (PLAIN_TEXT.replace("answer", "name").encode(), [["name", "name (2)"], *PLAIN[1:]]),
        (PLAIN_TEXT.replace(";", "\t").encode(), PLAIN),
        (PLAIN_TEXT.replace(";", "|").encode(), PLAIN),
    ],
    ids=[
        "utf-8", "bom", "utf-16", "utf-16-le without mark", "utf-16-be without mark", "utf-32", "cp1250", "cp1252",
        "cr", "crlf", "mixed line ends", "sep line", "sep line in utf-16", "null signs", "title above",
        "empty rows below", "quotes", "header of two lines", "empty header", "repeated header", "tabs", "bars",
    ],
)  # fmt: skip
def test_a_table_in_any_clothes_is_the_same_table(tmp_path: Path, content: bytes, expected: list[list[str]]) -> None:
    assert cells(read_table(text(tmp_path, content))) == expected


def test_rows_that_do_not_fit_keep_their_place(tmp_path: Path) -> None:
    table = read_table(text(tmp_path, "a,b,c\n1,2\n1,2,3,4\n\n5,6,7\n"))
    assert cells(table) == [["a", "b", "c"], ["1", "2", ""], ["5", "6", "7"]]
    assert table.rows.tolist() == [2, 5]
    assert [(entry.row, entry.cells) for entry in table.refused] == [(3, ("1", "2", "3", "4"))]


def test_sixteen_thousand_columns(tmp_path: Path) -> None:
    names = [f"Q{number}" for number in range(16_384)]
    with time_limit(60, "wide text"):
        table = read_table(text(tmp_path, ",".join(names) + "\n" + ",".join(["4"] * len(names)) + "\n"))
    assert table.frame.shape == (1, 16_384)
    assert not table.notes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b" \n\r\n\t ", "the file is empty"),
        (b"\xef\xbb\xbf", "holds no text"),
        (b"\x00\x00\x00\x00", "holds no text"),
        (b"%PDF-1.7 and so on", "no text table|nobody here can read"),
        (b'a;b\n1;"2\n3;4\n', "never closed"),
        (b'a;b\n1;"' + b"x" * 200_000 + b'"\n', "131,072 signs"),
        ("a;b\n1;2\n".encode("utf-16") + b"\x00\xd8", "is not utf-16"),
    ],
    ids=["nothing", "blanks", "only a mark", "only null signs", "pdf", "open quote", "endless cell", "lone surrogate"],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    assert re.search(words, refusal(text(tmp_path, content)))


def test_surrogates_in_utf8_are_no_utf8(tmp_path: Path) -> None:
    """The bytes are read in a code page, with a note, so that nothing later fails on a sign that is none."""
    table = read_table(text(tmp_path, b"a;b\n\xed\xa0\x80;2\n"))
    assert table.encoding != "utf-8"
    assert any("encoding" in note for note in table.notes)
    assert "is not utf-8" in refusal(text(tmp_path, b"a;b\n\xed\xa0\x80;2\n"), encoding="utf-8")


def test_a_declared_encoding_that_makes_signs_that_are_none(tmp_path: Path) -> None:
    assert "is not unicode_escape" in refusal(text(tmp_path, rb"a;b\n\ud800;2"), encoding="unicode_escape")
    assert "no such encoding" in refusal(text(tmp_path, "a;b\n1;2\n"), encoding="rot13")
    assert "no such encoding" in refusal(text(tmp_path, "a;b\n1;2\n"), encoding="utf-8\x00")


def test_a_cell_of_a_hundred_megabytes_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(b'a;b\n1;"')
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'"\n')
    assert "more than 131,072 signs" in refusal(path)


def book(tmp_path: Path, fill: object, name: str = "raw.xlsx") -> Path:
    workbook = openpyxl.Workbook()
    fill(workbook)  # type: ignore[operator]
    workbook.save(tmp_path / name)
    return tmp_path / name


def test_numbers_dates_and_errors_of_a_workbook(tmp_path: Path) -> None:
    """What is stored counts, not how it is shown: 0.25 formatted as 25 % is 0.25."""

    def fill(workbook: openpyxl.Workbook) -> None:
        sheet = workbook.active
        sheet.append(["share", "flag", "day", "moment", "whole", "error", "long"])
        sheet.append(
            [0.25, True, datetime.date(2025, 3, 4), datetime.datetime(2025, 3, 4, 13, 5), 12.0, "#DIV/0!", 0.1]
        )
        sheet["A2"].number_format = "0%"
        sheet["F2"].data_type = "e"
        sheet["G2"].number_format = "0.00"

    table = read_table(book(tmp_path, fill))
    row = table.frame.iloc[0].tolist()
    assert row[:2] == ["0.25", "TRUE"]
    assert row[2].startswith("2025-03-04")
    assert row[3:] == ["2025-03-04T13:05:00", "12", "", "0.1"]
    assert any("1 cells of the workbook hold an error" in note for note in table.notes)


def test_dates_counted_from_1904(tmp_path: Path) -> None:
    def fill(workbook: openpyxl.Workbook) -> None:
        workbook.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        workbook.active.append(["day", "answer"])
        workbook.active.append([datetime.datetime(2025, 3, 4), 1])

    assert read_table(book(tmp_path, fill)).frame.iloc[0, 0].startswith("2025-03-04")


def test_merged_headers_titles_and_hidden_sheets(tmp_path: Path) -> None:
    def fill(workbook: openpyxl.Workbook) -> None:
        workbook.active.title = "Secret"
        workbook.active.append(["not", "this"])
        workbook.active.sheet_state = "hidden"
        sheet = workbook.create_sheet("Answers")
        sheet.append(["Results of spring"])
        sheet.append(["id", "answer", None, "end"])
        sheet.merge_cells("B2:C2")
        sheet.append([1, 4, 5, "x"])

    table = read_table(book(tmp_path, fill))
    assert table.sheet == "Answers"
    assert cells(table) == [["id", "answer", "column 3", "end"], ["1", "4", "5", "x"]]
    assert table.rows.tolist() == [3]


def rewritten(path: Path, part: str, change: object) -> Path:
    """Write a workbook again with one part changed."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[part] = change(parts[part])  # type: ignore[operator]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return path


def small_book(tmp_path: Path) -> Path:
    def fill(workbook: openpyxl.Workbook) -> None:
        workbook.active.append(["id", "answer"])
        workbook.active.append(["one", 4])

    return book(tmp_path, fill)


SHEET = "xl/worksheets/sheet1.xml"
END = b"</sheetData>"


def test_millions_of_declared_rows_are_nothing(tmp_path: Path) -> None:
    path = rewritten(small_book(tmp_path), SHEET, lambda xml: re.sub(rb'ref="A1:B2"', rb'ref="A1:XFD1048576"', xml))
    with time_limit(30, "declared rows"):
        assert cells(read_table(path)) == [["id", "answer"], ["one", "4"]]


def test_a_million_empty_rows_are_no_records(tmp_path: Path) -> None:
    empty = b"".join(b'<row r="%d"/>' % number for number in range(3, 200_003))
    path = rewritten(small_book(tmp_path), SHEET, lambda xml: xml.replace(b"</sheetData>", empty + b"</sheetData>"))
    with time_limit(30, "empty rows"):
        assert cells(read_table(path)) == [["id", "answer"], ["one", "4"]]


@pytest.mark.parametrize(
    ("part", "old", "new", "words"),
    [
        (SHEET, END, b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>' + END, "spans 1,048,576"),
        (SHEET, END, b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>" + END, "spans 1,048,576"),
        ("xl/styles.xml", b'count="', b'count="4294967296', "says it has"),
    ],
    ids=["stray cell", "stray cell, single quotes", "count of texts"],
)  # fmt: skip
def test_a_workbook_that_asks_for_all_memory_is_refused(
    tmp_path: Path, part: str, old: bytes, new: bytes, words: str
) -> None:
    """Each of these ended the process before: the library asked for hundreds of gigabytes."""
    path = rewritten(small_book(tmp_path), part, lambda xml: xml.replace(old, new))
    assert words in refusal(path)


@pytest.mark.parametrize("part", [SHEET, "xl/styles.xml", "xl/theme/theme1.xml"])
def test_a_workbook_with_a_wrong_checksum_is_refused(tmp_path: Path, part: str) -> None:
    """The fuzz found these: the look at the parts said it in words of its own."""
    book = small_book(tmp_path)
    data = bytearray(book.read_bytes())
    with zipfile.ZipFile(book) as archive:
        place = archive.getinfo(part).header_offset
        directory = archive.start_dir
    data[place + 14] ^= 1
    entry = data.index(b"PK\x01\x02", directory)
    while not data[entry + 46 :].startswith(part.encode()):
        entry = data.index(b"PK\x01\x02", entry + 4)
    data[entry + 16] ^= 1
    assert "damaged" in refusal(text(tmp_path, bytes(data), "raw.xlsx"))


def test_an_opendocument_sheet_that_unfolds_without_end_is_refused(tmp_path: Path) -> None:
    cell = b'<table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="1"/>'
    content = (
        b'<office:document-content xmlns:office="o" xmlns:table="t"><table:table>'
        b'<table:table-row table:number-rows-repeated="1048576">' + cell + b"</table:table-row></table:table>"
        b"</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    assert "spans 1,048,576 rows and 16,384 columns" in refusal(text(tmp_path, out.getvalue(), "raw.ods"))


def ole(directory_next: int) -> bytes:
    """Return an old workbook of four sectors whose directory goes on at a sector of choice."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<HHHHH", header, 24, 0x3E, 3, 0xFFFE, 9, 6)
    struct.pack_into("<IIIIIIIII", header, 44, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    struct.pack_into("<108I", header, 80, *[0xFFFFFFFF] * 108)
    table = struct.pack("<128I", 0xFFFFFFFD, directory_next, 0xFFFFFFFE, 0xFFFFFFFE, *[0xFFFFFFFF] * 124)
    return bytes(header) + table + bytes(512) + bytes(512) + bytes(512)


def test_an_old_workbook_that_points_in_a_circle_is_refused(tmp_path: Path) -> None:
    """The library followed the circle until memory ran out."""
    assert "point in a circle" in refusal(text(tmp_path, ole(1), "raw.xls"))
    assert "cannot be opened" in refusal(text(tmp_path, ole(0xFFFFFFFE), "raw.xls"))


def test_a_panic_of_the_library_is_an_error_of_ours(tmp_path: Path, shared: Path) -> None:
    """It derives from no ordinary exception, so it went past every handler."""
    data = (shared / "data" / "nasty-tabulator" / "table-with-booleans.xls").read_bytes()
    found = {refusal(text(tmp_path, data[:size], "raw.xls")) for size in (600, 1500, 3000)}
    assert all("cannot be opened" in message for message in found)


def test_a_protected_workbook_says_so(tmp_path: Path) -> None:
    content = ole(0xFFFFFFFE) + "EncryptedPackage".encode("utf-16-le")
    assert "protected by a password" in refusal(text(tmp_path, content, "raw.xlsx"))


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    path = small_book(tmp_path)
    assert read_table(path.rename(tmp_path / "raw.csv")).format == "xlsx"
    assert read_table(text(tmp_path, PLAIN_TEXT, "raw.xlsx")).format == "csv"
