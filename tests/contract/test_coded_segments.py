"""Tables of coded segments, in the layouts that Taguette, QualCoder, MAXQDA and ATLAS.ti document, and one's own."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from ktss_analysis.core import InputError
from ktss_analysis.readers import read_table


def segments(folder: Path, text: str, name: str = "raw.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_taguette_highlights(tmp_path):
    path = segments(
        tmp_path,
        "id,document,tag,content\n4,Group 1,Listening,I hear\n4,Group 1,Trust,I hear\n"
        '7,Group 1,Trust,"we, all"\n9,Group 2,Trust,x\n',
    )
    table = read_table(path)
    assert (table.format, table.header_row, table.rows.tolist()) == ("coded_segments", 1, [2, 3, 4, 5])
    assert table.frame[["document", "turn", "code", "length", "id"]].to_numpy().tolist() == [
        ["Group 1", "1", "Listening", "6", "4"], ["Group 1", "1", "Trust", "6", "4"],
        ["Group 1", "2", "Trust", "7", "7"], ["Group 2", "1", "Trust", "1", "9"],
    ]  # fmt: skip
    assert "coder" not in table.frame
    assert any("equal cells in 'id' are one segment" in note for note in table.notes)
    assert any("not read out: 'content'" in note for note in table.notes)
    assert "I hear" not in table.frame.to_csv()


def test_qualcoder_report_gives_two_coders_of_one_passage_one_turn(tmp_path):
    path = segments(
        tmp_path,
        '"File","Coder","Coded","Id","Codename","Coded_Memo","Category"\n'
        '"t1","ann","same words","ctid:1","c1","my memo","A"\n'
        '"t1","bob","same words","ctid:2","c2","","A"\n"t1","bob","other","ctid:3","c1","",""\n',
    )
    table = read_table(path)
    assert table.frame[["document", "turn", "code", "coder"]].to_numpy().tolist() == [
        ["t1", "1", "c1", "ann"], ["t1", "1", "c2", "bob"], ["t1", "2", "c1", "bob"],
    ]  # fmt: skip
    assert list(table.frame.columns) == ["document", "turn", "code", "coder", "length", "Id", "Category"]
    assert "words" not in table.frame.to_csv()
    assert "memo" not in table.frame.to_csv()


def test_maxqda_and_atlas_tables(tmp_path):
    maxqda = segments(
        tmp_path,
        "Color\tComment\tDocument group\tDocument name\tCode\tBeginning\tEnd\tWeight score\tSegment\tModified by\n"
        "●\tc\tFG\tWarsaw\tSkills > Listening\t12\t13\t0\tsome words\tAnn\n",
        "m.tsv",
    )
    table = read_table(maxqda)
    assert table.frame.loc[0, ["document", "turn", "code", "coder", "length"]].tolist() == [
        "Warsaw", "12", "Skills > Listening", "Ann", "10",
    ]  # fmt: skip
    atlas = segments(
        tmp_path,
        "ID;Quotation Name;Document;Quotation Content;Codes;Comment\n"
        '1:1;some wo…;D 1;some words;"Listening\nTrust";note\n1:2;other…;D 1;other words;;\n',
        "a.csv",
    )
    table = read_table(atlas)
    assert table.rows.tolist() == [2, 2, 4]
    assert table.frame[["document", "turn", "code"]].to_numpy().tolist() == [
        ["D 1", "1", "Listening"], ["D 1", "1", "Trust"], ["D 1", "2", ""],
    ]  # fmt: skip
    assert "some wo" not in table.frame.to_csv()
    assert any("one row per code: 1" in note for note in table.notes)


@pytest.mark.parametrize(
    ("header", "cells", "codes"),
    [
        ("codes", ["A; B", "C"], [["A", "B"], ["C"]]),
        ("codes", ["A | B", ""], [["A", "B"], [""]]),
        ("Codes", ["A, B", "C"], [["A", "B"], ["C"]]),
        ("codes", ["A, a; B", "C"], [["A, a", "B"], ["C"]]),
        ("code", ["A, B", "C"], [["A, B"], ["C"]]),
        ("code", ["A;A;B", ";"], [["A", "B"], [""]]),
    ],
)
def test_several_codes_in_a_cell_of_ones_own_spreadsheet(tmp_path, header, cells, codes):
    rows = "".join(f'"g1","{cell}","{number}","hello"\n' for number, cell in enumerate(cells, 5))
    path = segments(tmp_path, f'"Group","{header}","Turn","Text"\n{rows}')
    assert read_table(path).format == "csv", "an unknown layout is a plain table unless the study file says more"
    table = read_table(path, format="coded_segments")
    assert table.frame["code"].tolist() == [code for cell in codes for code in cell]
    assert table.rows.tolist() == [number for number, cell in enumerate(codes, 2) for _ in cell]
    assert table.frame["turn"].tolist() == [str(number) for number, cell in enumerate(codes, 5) for _ in cell]
    assert table.columns["turn"].text == "Turn"


def test_a_workbook_of_coded_segments_and_tables_that_are_none(tmp_path):
    book = openpyxl.Workbook()
    for row in (["document", "id", "tag", "content"], ["d", 1, "x", "words"], ["d", 2, "y", "more"]):
        book.active.append(row)
    book.save(tmp_path / "raw.xlsx")
    book.close()
    table = read_table(tmp_path / "raw.xlsx")
    assert (table.format, table.frame["code"].tolist()) == ("coded_segments", ["x", "y"])
    path = segments(tmp_path, "id,document,content\n1,a,b\n")
    assert read_table(path).format == "csv"
    with pytest.raises(InputError, match="no column for the code of a segment; found 'id, document, content'"):
        read_table(path, format="coded_segments")
    with pytest.raises(InputError, match="no column for the document"):
        read_table(segments(tmp_path, "tag,x\n1,2\n"), format="coded_segments")
