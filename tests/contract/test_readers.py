"""Contract of the readers: a file is read as text with true row numbers, or refused with one clear error."""

from __future__ import annotations

import datetime
import os
import time
import zipfile
from pathlib import Path
from typing import get_args

import numpy as np
import openpyxl
import pandas as pd
import pytest

from ktss_analysis.core import InputError
from ktss_analysis.readers import READERS, find_decimal, find_reader, read_table, to_number
from ktss_analysis.readers.table import tidy_headers
from ktss_analysis.study import Format


def write(folder: Path, content: str | bytes, name: str = "raw.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(folder: Path, rows: list[list[object]], name: str = "raw.xlsx", title: str = "Data") -> Path:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(folder / name)
    book.close()
    return folder / name


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_same_cells_in_any_clothes(tmp_path, separator, newline, encoding):
    lines = [
        ["name", "città", "note"],
        ["Zoë", "perché", "3,5"],
        ["Åsa", 'say "hi"', "x;y,z\tw|v"],
        ["", "", "1"],
    ]
    text = newline.join(separator.join('"' + cell.replace('"', '""') + '"' for cell in line) for line in lines)
    table = read_table(write(tmp_path, text.encode(encoding)))
    assert table.separator == separator
    assert list(table.frame.columns) == lines[0]
    assert table.frame.to_numpy().tolist() == lines[1:]
    assert table.rows.tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "imię;ocena\nŁucja Żółć;5\ngęś i źdźbło;4\nwłaśnie tak;3\n"),
        ("iso8859_2", "imię;ocena\nŁucja Żółć;5\ngęś i źdźbło;4\nwłaśnie tak;3\n"),
        ("cp1250", "jméno;x\npříliš žluťoučký kůň;3\n"),
        ("cp1252", "nome;voto\nperché è così;4\nhyvää päivää;3\n“quoted” – née;2\ncoração até você;1\n"),
        ("cp1251", "имя;оценка\nПривет, как дела сегодня, хорошо;5\nэто просто проверка кодировки;4\n"),
    ],
)
def test_code_page_is_found_and_declared(tmp_path, encoding, text):
    table = read_table(write(tmp_path, text.encode(encoding)))
    assert table.encoding == encoding
    assert table.frame.iloc[0, 0] == text.splitlines()[1].split(";")[0]
    assert any("encoding" in note for note in table.notes)


def test_declared_encoding_that_does_not_fit_names_the_row(tmp_path):
    path = write(tmp_path, b"a,b\n1,2\n3,\xe9\n")
    with pytest.raises(InputError, match=r"raw\.csv, row 3: the text is not utf-8.*allowed: another 'encoding'"):
        read_table(path, encoding="utf-8")
    with pytest.raises(InputError, match="no such encoding; found 'klingon'"):
        read_table(path, encoding="klingon")


def test_rows_are_physical_lines(tmp_path):
    table = read_table(write(tmp_path, '\na,b\n1,2\n"x\ny\nz",3\n\n4,5\n'))
    assert table.header_row == 2
    assert table.rows.tolist() == [3, 4, 8]
    assert table.frame.iloc[1, 0] == "x\ny\nz"


def test_ragged_rows(tmp_path):
    table = read_table(write(tmp_path, "a,b,c\n1,2\n1,2,3,4\n1,2,3,,\n"))
    assert table.frame.to_numpy().tolist() == [["1", "2", ""], ["1", "2", "3"]]
    assert table.rows.tolist() == [2, 4]
    [refused] = table.refused
    assert (refused.row, refused.cells) == (3, ("1", "2", "3", "4"))
    assert "4 cells" in refused.reason
    assert "3 headers" in refused.reason
    assert table.n_records == 3
    assert any("fewer cells" in note for note in table.notes)


def test_headers_are_made_unique_visibly():
    headers, notes = tidy_headers(["Name", " Name ", "", "two\nlines", "Name (2)"])
    assert headers == ["Name", "Name (3)", "column 3", "two lines", "Name (2)"]
    assert "'Name (3)'" in notes[0]


def test_title_above_the_headers_is_skipped_and_told(tmp_path):
    path = write(tmp_path, "Survey of 2025\n\nid,a,b\n1,2,3\n")
    table = read_table(path)
    assert (table.header_row, table.rows.tolist()) == (3, [4])
    assert "skipped" in table.notes[0]
    assert read_table(path, header_row=4).frame.columns.tolist() == ["1", "2", "3"]
    with pytest.raises(InputError, match="row 2: no headers in the row given as header_row"):
        read_table(path, header_row=2)


def test_two_columns_with_one_name_lose_no_row(tmp_path):
    table = read_table(write(tmp_path, ",value\n1,2\n3,4\n"))
    assert (table.header_row, table.rows.tolist()) == (1, [2, 3])
    half = write(tmp_path, "name,\na,2\nb,4\n", name="half.csv")
    with pytest.raises(InputError, match=r"row 1: .*title.*headers.*found 'name'.*header_row"):
        read_table(half)
    assert read_table(half, header_row=1).rows.tolist() == [2, 3]
    assert read_table(write(tmp_path, "A title\nid,a\n1,2\n", name="titled.csv")).header_row == 2


def test_separator_line_of_excel(tmp_path):
    table = read_table(write(tmp_path, "sep=;\na;b\n1,5;2\n"))
    assert (table.separator, table.rows.tolist(), table.frame.iloc[0, 0]) == (";", [3], "1,5")


def test_declared_separator(tmp_path):
    path = write(tmp_path, "a\tb;c\n1\t2;3\n")
    assert read_table(path, separator=";").frame.shape == (1, 2)
    assert list(read_table(path, separator="tab").frame.columns) == ["a", "b;c"]
    with pytest.raises(InputError, match="a separator is one sign; found ';;'"):
        read_table(path, separator=";;")


def test_decimal_commas_do_not_pass_for_separators(tmp_path):
    table = read_table(write(tmp_path, "y1;y2;y3\n2,5;0,0;3,3\n1,2;0,1;3,4\n"))
    assert table.separator == ";"


def test_header_only_file_has_no_rows(tmp_path):
    table = read_table(write(tmp_path, "a,b\n"))
    assert table.frame.shape == (0, 2)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"  \n"])
def test_empty_file_is_refused(tmp_path, content):
    with pytest.raises(InputError, match="the file is empty"):
        read_table(write(tmp_path, content))


def test_open_quote_is_refused_where_it_begins(tmp_path):
    with pytest.raises(InputError, match="row 3: a quotation mark is opened and never closed"):
        read_table(write(tmp_path, 'a,b\n1,2\n3,"x\n4,5\n6,7\n'))


def test_null_signs_are_removed_and_told(tmp_path):
    table = read_table(write(tmp_path, b"a,b\n\x001,2\n"))
    assert table.frame.iloc[0, 0] == "1"
    assert "1 null signs were removed" in table.notes


def test_missing_file_and_unknown_format(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="no such format; found 'sav'; allowed: auto, csv"):
        read_table(write(tmp_path, "a\n1\n"), format="sav")


def test_workbook_cells_as_text(tmp_path):
    path = workbook(
        tmp_path,
        [
            ["int", "float", "date", "stamp", "yes", "share", "duration", "text"],
            [3, 3.25, datetime.date(2025, 3, 1), datetime.datetime(2025, 3, 1, 14, 5), True, 0.52,
             datetime.timedelta(minutes=2), " x "],
        ],
    )  # fmt: skip
    table = read_table(path)
    assert table.frame.iloc[0].tolist()[:2] == ["3", "3.25"]
    assert table.frame.loc[0, "date"].startswith("2025-03-01")
    assert table.frame.loc[0, "stamp"] == "2025-03-01T14:05:00"
    assert table.frame.loc[0, ["yes", "share", "duration"]].tolist() == ["TRUE", "0.52", "120"]
    assert (table.format, table.sheet) == ("xlsx", "Data")


def test_workbook_sheets(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Empty"
    for name, value in (("First", 1), ("Second", 2)):
        sheet = book.create_sheet(name)
        sheet.append(["a"])
        sheet.append([value])
    book.save(tmp_path / "b.xlsx")
    book.close()
    table = read_table(tmp_path / "b.xlsx")
    assert table.sheet == "First"
    assert any("'Second'" in note for note in table.notes)
    assert read_table(tmp_path / "b.xlsx", sheet="Second").frame.iloc[0, 0] == "2"
    assert read_table(tmp_path / "b.xlsx", sheet=3).frame.iloc[0, 0] == "2"
    with pytest.raises(InputError, match="no such sheet; found 'Third'; allowed: sheets 'Empty', 'First', 'Second'"):
        read_table(tmp_path / "b.xlsx", sheet="Third")
    with pytest.raises(InputError, match="is empty"):
        read_table(tmp_path / "b.xlsx", sheet="Empty")


def test_workbook_row_numbers_are_the_sheets(tmp_path):
    path = workbook(tmp_path, [[], [], ["a", "b"], [1, 2], [], [3, 4]])
    table = read_table(path)
    assert (table.header_row, table.rows.tolist()) == (3, [4, 6])


def test_wrong_extension_is_no_obstacle_and_wrong_content_one_error(tmp_path):
    book = workbook(tmp_path, [["a", "b"], [1, 2]])
    renamed = tmp_path / "really_a_workbook.csv"
    book.rename(renamed)
    assert read_table(renamed).format == "xlsx"
    with pytest.raises(InputError, match="no text table"):
        read_table(renamed, format="csv")
    text = write(tmp_path, "a,b\n1,2\n", "really_text.xlsx")
    assert read_table(text).format == "csv"
    with pytest.raises(InputError, match="the file is no workbook"):
        read_table(text, format="xlsx")
    for name, content in (("p.pdf", b"%PDF-1.7 ..."), ("i.csv", b"\x89PNG\r\n")):
        with pytest.raises(InputError, match="nobody here can read"):
            read_table(write(tmp_path, content, name))


def test_protected_or_damaged_workbook_is_one_error(tmp_path):
    ole = write(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "locked.xlsx")
    with pytest.raises(InputError, match="protected by a password or damaged"):
        read_table(ole)
    with zipfile.ZipFile(tmp_path / "broken.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<not a workbook")
    with pytest.raises(InputError, match="protected by a password or damaged"):
        read_table(tmp_path / "broken.xlsx")


def test_registry_is_what_opens_files(tmp_path, monkeypatch):
    path = write(tmp_path, "KTSS1\nanything", "export.xyz")

    def read(path, options):
        return read_table(write(tmp_path, "from,plugin\n1,2\n", "other.csv"))

    plugin = type(next(iter(READERS.values())))("own", ("xyz",), lambda p, head: float(head.startswith(b"KTSS1")), read)
    monkeypatch.setitem(READERS, "own", plugin)
    assert find_reader(path).name == "own"
    assert list(read_table(path).frame.columns) == ["from", "plugin"]


def test_twenty_thousand_rows_in_a_second(tmp_path):
    cells = np.random.default_rng(1).integers(1, 6, (20_000, 60)).astype(str)
    text = ",".join(f"c{i}" for i in range(60)) + "\n" + "\n".join(map(",".join, cells))
    path = write(tmp_path, text)
    read_table(path)
    start = time.process_time()
    table = read_table(path)
    assert time.process_time() - start < 1
    assert (table.frame.to_numpy() == cells).all()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3,5", 3.5), ("3.5", 3.5), ("1 234,5", 1234.5), ("1\u00a0234,5", 1234.5), ("1\u202f234.5", 1234.5),
        ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1.234.567", 1234567.0), ("−2", -2.0), ("1e3", 1000.0),
        (".5", 0.5), ("5.", 5.0), ("007", 7.0), ("1'234.5", 1234.5), ("+4", 4.0), (" 4 ", 4.0), ("0,125",
        0.125),
    ],
)  # fmt: skip
def test_numbers(text, number):
    values, bad = to_number([text])
    assert values.tolist() == [number]
    assert not bad[0]


@pytest.mark.parametrize(
    "text", ["x", "3-4", "1 2", "inf", "nan", "0x10", "1_000", "12,34,5", "1.2.3", "٣", "3,5,", "--3"]
)
def test_not_numbers(text):
    values, bad = to_number([text])
    assert np.isnan(values[0])
    assert bad[0]


def test_decimal_mark_from_the_other_cells_or_refused():
    assert to_number(["1,234", "0,5"]).numbers.tolist() == [1.234, 0.5]
    assert to_number(["1,234", "0.5"]).numbers.tolist() == [1234.0, 0.5]
    assert to_number(["1,234"], decimal=",").numbers.tolist() == [1.234]
    assert to_number(["1,234"], decimal=".").numbers.tolist() == [1234.0]
    assert to_number(["3.5"], decimal=",").bad.tolist() == [True]
    for texts in (["1,234", "7"], ["1.234"], ["1,234", "3,5", "3.5"]):
        with pytest.raises(InputError, match=r"the decimal mark is not clear.*found '1[.,]234'.*decimal: '\.'"):
            to_number(texts)
    assert find_decimal(["1", "2,5"]) == ","
    assert find_decimal(["1.5", "2,5"]) is None
    empty = to_number(["", "  ", None])
    assert np.isnan(empty.numbers).all()
    assert not empty.bad.any()


SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
NASTY = sorted(
    path.relative_to(SHARED).as_posix()
    for folder in ("nasty-csv-spectrum", "nasty-csvkit", "nasty-readr", "nasty-tabulator",
    "nasty-derived-encodings",
                   "nasty-formula-injection")
    for path in (SHARED / folder).glob("*.*")
)  # fmt: skip
REFUSED = {
    "nasty-csvkit/empty.csv": "the file is empty",
}


@pytest.mark.parametrize("name", NASTY or ["absent"])
def test_nasty_files_are_read_or_refused(shared, name):
    if name in REFUSED:
        with pytest.raises(InputError, match=REFUSED[name]):
            read_table(shared / "data" / name)
        return
    table = read_table(shared / "data" / name)
    assert table.frame.shape[1] >= 1
    assert len(table.frame) == len(table.rows)
    assert not table.frame.isna().to_numpy().any()
    assert table.frame.columns.is_unique
    assert (np.diff(table.rows) > 0).all()


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("nasty-csv-spectrum/comma_in_quotes.csv", [["John", "Doe", "120 any st.", "Anytown, WW", "08123"]]),
        ("nasty-csv-spectrum/escaped_quotes.csv", [["1", 'ha "ha" ha'], ["3", "4"]]),
        (
            "nasty-csv-spectrum/newlines.csv",
            [["1", "2", "3"], ["Once upon \na time", "5", "6"], ["7", "8", "9"]],
        ),
        ("nasty-csv-spectrum/utf8.csv", [["1", "2", "3"], ["4", "5", "ʤ"]]),
        ("nasty-csvkit/test_utf16_big.csv", [["1", "2", "3"], ["4", "5", "ʤ"]]),
        ("nasty-csvkit/test_utf16_little.csv", [["1", "2", "3"], ["4", "5", "ʤ"]]),
        ("nasty-csvkit/test_latin1.csv", [["1", "2", "3"], ["4", "5", "©"]]),
        ("nasty-csvkit/mac_newlines.csv", [["1", "2", "3"], ["Once upon\ra time", "5", "6"]]),
        ("nasty-csvkit/null_byte.csv", [["", "2", "3"]]),
        ("nasty-csvkit/dummy.xlsx", [["1", "2", "3"]]),
        ("nasty-readr/eol-cr.csv", [["1", "a"], ["2", "b"], ["3", "c"]]),
        ("nasty-tabulator/sheet2.xlsx", [["1", "english"], ["2", "中国人"]]),
        ("nasty-tabulator/skip-rows.xlsx", [["8", "9"], ["", "TOTAL"]]),
        (
            "nasty-tabulator/preserve-formatting-percentage.xlsx",
            [["123", "0.52"], ["456", "0.3"], ["789", "0.06"]],
        ),
    ],
)
def test_nasty_cells(shared, name, cells):
    assert read_table(shared / "data" / name).frame.to_numpy().tolist() == cells


def test_same_numbers_in_european_clothes(shared):
    folder = shared / "data" / "nasty-derived-encodings"
    dressed = read_table(folder / "PoliticalDemocracy_semicolon_decimalcomma.csv")
    plain = next((shared / "data" / "lavaan-political-democracy").glob("*.csv"))
    expected = pd.read_csv(plain)
    for name in dressed.frame.columns:
        values = to_number(dressed.frame[name], decimal=find_decimal(dressed.frame.to_numpy().ravel())).numbers
        np.testing.assert_array_equal(values, expected[name].to_numpy(dtype=float))
    wide = read_table(folder / "mass_utf16le_tab.csv")
    marked = read_table(folder / "mass_utf8bom_semicolon.csv")
    names = [name for name in marked.frame.columns if name in set(wide.frame.columns)]
    assert len(names) >= 14
    pd.testing.assert_frame_equal(wide.frame[names], marked.frame[names])


def test_labelled_export_in_european_clothes(shared):
    dressed = read_table(
        shared / "data" / "nasty-derived-encodings" / "hdv2003_first400_semicolon_decimalcomma_crlf.csv"
    )
    plain = next((shared / "data" / "questionr-hdv2003-french").glob("*.csv"))
    expected = pd.read_csv(plain).head(400)
    for name in ("age", "poids", "heures.tv"):
        values, bad = to_number(dressed.frame[name].mask(dressed.frame[name] == "NA", ""), decimal=",")
        assert not bad.any()
        np.testing.assert_allclose(values, expected[name].to_numpy(dtype=float), rtol=1e-12)


def test_unreadable_file_is_one_error(tmp_path):
    path = write(tmp_path, "a\n1\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        assert read_table(path).frame.shape == (1, 1)
        return
    with pytest.raises(InputError, match="cannot be read"):
        read_table(path)


def test_every_format_of_a_reader_may_stand_in_a_study_file():
    formats = {name for reader in READERS.values() for name in reader.formats}
    assert set(get_args(Format)) == formats | {"auto"}
