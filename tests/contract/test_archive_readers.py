"""Archives, statistical files, forms, qualitative projects and our own result files: read rightly or refused."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import re
import stat
import struct
import zipfile
import zlib
from decimal import Decimal
from pathlib import Path
from typing import get_args

import jsonschema
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
import pyreadstat
import pytest

from ktss_analysis.core import InputError
from ktss_analysis.readers import archive, parquet_reader, read_chunks, read_table, self_assessment, statistical
from ktss_analysis.readers.archive import open_archive, parse_xml
from ktss_analysis.study import Format

# --- hostile archives ------------------------------------------------------------------------------------------------


def workbook_bytes(rows: list[list[object]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows or [["id", "a"], ["p1", 3]]:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    book.close()
    return stream.getvalue()


def repacked(data: bytes, folder: Path, name: str = "raw.xlsx", **extra: bytes) -> Path:
    """Write a workbook again with further members."""
    path = folder / name
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry, old.read(entry))
        for member, content in extra.items():
            new.writestr(member, content)
    return path


def patched(path: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ("../outside.xml", "leads out of the archive"),
        ("xl/../../outside.xml", "leads out of the archive"),
        ("..\\outside.xml", "leads out of the archive"),
        ("/etc/passwd", "leads out of the archive"),
        ("\\\\server\\share\\x", "leads out of the archive"),
        ("C:/windows/x.dll", "leads out of the archive"),
        ("c:x.dll", "leads out of the archive"),
    ],
)
def test_paths_that_lead_outside_are_refused(tmp_path, member, reason):
    path = repacked(workbook_bytes(), tmp_path, **{member: b"x"})
    with pytest.raises(InputError, match=rf"^raw\.xlsx: the archive is refused: .*{reason}.*; allowed: a file as"):
        read_table(path)


def test_harmless_archive_is_read(tmp_path):
    path = repacked(workbook_bytes(), tmp_path, **{"xl/media/note..v2.png": b"x" * 100})
    assert read_table(path).frame.to_numpy().tolist() == [["p1", "3"]]


def test_null_sign_in_a_name_is_refused(tmp_path):
    path = repacked(workbook_bytes(), tmp_path, **{"xl/sheetX.xml.png": b"x"})
    patched(path, b"xl/sheetX.xml.png", b"xl/sheetX.xml\x00png")
    with pytest.raises(InputError, match="has no proper name"):
        read_table(path)


def test_links_are_refused(tmp_path):
    path = tmp_path / "raw.xlsx"
    path.write_bytes(workbook_bytes())
    with zipfile.ZipFile(path, "a") as archive_file:
        link = zipfile.ZipInfo("xl/link.xml")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive_file.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match=r"xl/link\.xml' is a link or a device"):
        read_table(path)


def test_repeated_member_is_refused(tmp_path):
    path = tmp_path / "raw.xlsx"
    path.write_bytes(workbook_bytes())
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(path, "a") as archive_file,
    ):
        archive_file.writestr("xl/worksheets/sheet1.xml", "<other/>")
    with pytest.raises(InputError, match="stands in it twice"):
        read_table(path)


def test_encrypted_member_is_refused(tmp_path):
    path = tmp_path / "raw.xlsx"
    path.write_bytes(workbook_bytes())
    content = bytearray(path.read_bytes())
    place = content.rfind(b"PK\x01\x02")
    content[place + 8] |= 0x1
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="is encrypted"):
        read_table(path)


def test_unusual_packing_is_refused(tmp_path):
    path = tmp_path / "raw.xlsx"
    path.write_bytes(workbook_bytes())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as archive_file:
        archive_file.writestr("xl/extra.xml", "x" * 100)
    with pytest.raises(InputError, match="packed in a way that office programs do not use"):
        read_table(path)


def test_bomb_by_ratio_is_refused_and_a_dense_sheet_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "RATIO_FROM", 1 << 20)
    bomb = repacked(workbook_bytes(), tmp_path, "bomb.xlsx", **{"xl/worksheets/sheet2.xml": b" " * (4 << 20)})
    with pytest.raises(InputError, match=r"would unpack to 4\.0 MB from .* like a bomb"):
        read_table(bomb)
    row = b'<row r="%d"><c r="A%d"><v>5</v></c><c r="B%d"><v>5</v></c></row>'
    dense = b"".join(row % (number, number, number) for number in range(1, 80_000))
    honest = repacked(workbook_bytes(), tmp_path, "dense.xlsx", **{"xl/extra.xml": dense})
    assert len(dense) > archive.RATIO_FROM
    assert read_table(honest).n_records == 1


def test_total_size_and_number_of_members_are_limited(tmp_path, monkeypatch):
    path = repacked(workbook_bytes(), tmp_path)
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1000)
    with pytest.raises(InputError, match=r"parts would unpack to 0\.0 MB; allowed: up to 1000 bytes"):
        read_table(path)
    monkeypatch.undo()
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    with pytest.raises(InputError, match=r"too many parts; found \d+; allowed: up to 3"):
        read_table(path)


def lying(path: Path, member: str, size: int) -> Path:
    """Make the table of contents give another unpacked size for a member."""
    content = bytearray(path.read_bytes())
    place = content.rfind(member.encode()) - 46
    assert content[place : place + 4] == b"PK\x01\x02"
    struct.pack_into("<I", content, place + 24, size)
    path.write_bytes(bytes(content))
    return path


def test_member_longer_than_it_says_is_refused_before_the_library_sees_it(tmp_path):
    path = repacked(workbook_bytes(), tmp_path, **{"xl/extra.xml": b"<a>" + b"x" * 50_000 + b"</a>"})
    with pytest.raises(InputError, match=r"xl/extra\.xml' is longer than it says; found 'more than 10 bytes'"):
        read_table(lying(path, "xl/extra.xml", 10))


def test_overlapping_members_are_refused(tmp_path):
    """The densest bombs let many members share the bytes of one."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = kernel.compress(b"0" * 4096) + kernel.flush()
    check = zlib.crc32(b"0" * 4096)
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, check, len(packed), 4096, 15, 0)
    body = local + b"xl/workbook.xml" + packed
    central = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, check, len(packed), 4096, len(name), 0, 0, 0, 0,
                    0, 0) + name
        for name in (b"xl/workbook.xml", b"xl/styles0.xml")
    )  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 2, 2, len(central), len(body), 0)
    path = tmp_path / "raw.xlsx"
    path.write_bytes(body + central + end)
    with pytest.raises(InputError, match="overlaps another one"):
        read_table(path)


@pytest.mark.parametrize("cut", [10, 100, 1000, -30])
def test_cut_archive_is_refused(tmp_path, cut):
    path = tmp_path / "raw.xlsx"
    path.write_bytes(workbook_bytes()[:cut])
    with pytest.raises(InputError):
        read_table(path)


def test_archive_inside_an_archive_is_never_opened(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive_file:
        archive_file.writestr("../x", b"0")
    path = repacked(workbook_bytes(), tmp_path, **{"xl/embeddings/inner.zip": inner.getvalue()})
    assert read_table(path).n_records == 1, "office files may embed others; they stay closed"
    outer = tmp_path / "export.zip"
    with zipfile.ZipFile(outer, "w") as archive_file:
        archive_file.writestr("answers.csv", b"a,b\n1,2\n")
        archive_file.writestr("more.zip", inner.getvalue())
    with pytest.raises(InputError, match=r"^export\.zip: .*unpack"):
        read_table(outer)


def test_workbook_with_a_password_is_named_so(tmp_path):
    path = tmp_path / "raw.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(900)
    )
    with pytest.raises(InputError, match=r"^raw\.xlsx: the workbook is protected by a password; allowed: .*without"):
        read_table(path)


# --- hostile XML -----------------------------------------------------------------------------------------------------

LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{"&" + chr(97 + n) + ";" * 1}{"&" + chr(97 + n) + ";"}">' for n in range(20))
    + "]><x>&u;</x>"
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        '<!DOCTYPE x SYSTEM "http://example.org/evil.dtd"><x/>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://example.org/p"> %p;]><x/>',
        "<!DOCTYPE x><x/>",
    ],
    ids=["laughs", "file", "external", "parameter", "plain"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_entities_are_refused(text, encoding):
    with pytest.raises(InputError, match=r"^raw\.xml \(part\): the XML defines a document type or entities"):
        parse_xml(text.encode(encoding), Path("raw.xml"), "part")


@pytest.mark.parametrize("data", [b"", b"<a>", b"<a></b>", b"plain", b'<?xml version="1.0" encoding="klingon"?><a/>',
                                  b"<a>&nothing;</a>", b"<a>\xff</a>", b"\x00\x00"])  # fmt: skip
def test_broken_xml_is_one_clear_error(data):
    with pytest.raises(InputError, match=r"^raw\.xml.*: the XML (is not well-formed|cannot be read) \("):
        parse_xml(data, Path("raw.xml"))


def test_xml_is_limited_in_size_and_not_in_depth(monkeypatch):
    deep = b"<a>" * 50_000 + b"</a>" * 50_000
    assert parse_xml(deep, Path("raw.xml")).tag == "a"
    monkeypatch.setattr(archive, "MAX_XML", 1000)
    with pytest.raises(InputError, match="would unpack to"):
        parse_xml(deep, Path("raw.xml"))


def test_reading_a_member_counts_against_the_total(tmp_path, monkeypatch):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive_file:
        archive_file.writestr("one", b"x" * 600)
        archive_file.writestr("two", b"y" * 600)
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1000)
    with open_archive(path) as opened:
        assert opened.read("one") == b"x" * 600
        with pytest.raises(InputError, match="two would unpack to"):
            opened.read("two")
        with pytest.raises(InputError, match="lacks a part; found 'three'"):
            opened.read("three")


# --- files of statistical programs -----------------------------------------------------------------------------------


def spss(folder: Path, frame: pd.DataFrame, name: str = "raw.sav", **options: object) -> Path:
    pyreadstat.write_sav(frame, str(folder / name), **options)
    return folder / name


def test_spss_cells_labels_and_declared_missing(tmp_path):
    frame = pd.DataFrame({"i1": [1.0, 5.0, 9.0, np.nan, 97.0], "big": [1e14, 123456789012345.0, 0.1, 1 / 3, -2.0],
                          "txt": ["Žluťoučký", "", "x", "y ", "zz"]})  # fmt: skip
    path = spss(
        tmp_path, frame, column_labels={"i1": "I  listen\nwell"}, variable_measure={"i1": "ordinal"},
        variable_value_labels={"i1": {1.0: "never", 5.0: "always", 9.0: "no answer"}},
        missing_ranges={"i1": [9.0, {"lo": 90, "hi": 99}], "txt": ["zz"]},
    )  # fmt: skip
    table = read_table(path)
    assert (table.format, table.header_row, table.rows.tolist()) == ("spss", 0, [1, 2, 3, 4, 5])
    assert table.frame["i1"].tolist() == ["1", "5", "9", "", "97"]
    assert table.frame["big"].tolist() == ["100000000000000", "123456789012345", "0.1", repr(1 / 3), "-2"]
    assert table.frame["txt"].tolist() == ["Žluťoučký", "", "x", "y", "zz"]
    info = table.columns["i1"]
    assert (info.text, info.kind) == ("I listen well", "ordinal")
    assert info.labels == {"1": "never", "5": "always", "9": "no answer"}
    assert set(info.missing) == {"9", "97"}
    assert table.columns["txt"].missing == ("zz",)


def test_spss_dates_times_and_numbers_that_are_no_dates(tmp_path):
    day = datetime.date(2024, 2, 29)
    seconds = float((day - datetime.date(1582, 10, 14)).days * 86400)
    frame = pd.DataFrame({
        "d": [seconds, np.nan, -86400.0], "s": [seconds + 3661.6, 0.0, 9e15], "t": [43870.09, 0.0, np.nan],
        "long": [90_000.0, 1.0, 2.5], "m": [seconds, seconds, seconds], "w": [3.0, 4.0, 5.0],
    })  # fmt: skip
    table = read_table(
        spss(tmp_path, frame, variable_format={"d": "EDATE10", "s": "DATETIME20", "t": "TIME8", "long": "TIME8",
                                               "m": "MOYR8", "w": "WKDAY9"})
    )  # fmt: skip
    assert table.frame["d"].tolist() == ["2024-02-29", "", "1582-10-13"]
    assert table.frame["s"].tolist() == ["2024-02-29T01:01:02", "1582-10-14T00:00:00", "9000000000000000.0"]
    assert table.frame["t"].tolist() == ["12:11:10", "00:00:00", ""]
    assert table.frame["long"].tolist() == ["90000", "1", "2.5"]
    assert table.frame["m"].tolist() == ["2024-02-29"] * 3
    assert table.frame["w"].tolist() == ["3", "4", "5"]
    assert any("s: cells that are no dates" in note and note.endswith(": 1") for note in table.notes)
    assert any("long: some times are longer than a day" in note for note in table.notes)


def test_stata_extended_missing_values_and_periods(tmp_path):
    frame = pd.DataFrame({"q": [1, "a", 3, np.nan], "m": [0, 13, -1, np.nan], "w": [0.0, 53.0, 1.0, 2.0],
                          "h": [1.0, 2.0, 3.0, -1.0], "y": [2024.0, 1, 2, 3], "d": [0.0, 1.0, -1.0, 2.9]})  # fmt: skip
    path = tmp_path / "raw.dta"
    pyreadstat.write_dta(
        frame, str(path), version=15, missing_user_values={"q": ["a"]}, column_labels={"q": "Question"},
        variable_value_labels={"q": {1: "yes", 3: "no"}},
        variable_format={"m": "%tm", "w": "%tw", "h": "%th", "y": "%ty", "d": "%td"},
    )  # fmt: skip
    table = read_table(path)
    assert table.frame["q"].tolist() == ["1", ".a", "3", ""]
    assert table.columns["q"].missing == (".a",)
    assert table.columns["q"].labels == {"1": "yes", "3": "no"}
    assert table.frame["m"].tolist() == ["1960-01-01", "1961-02-01", "1959-12-01", ""]
    assert table.frame["w"].tolist() == ["1960-01-01", "1961-01-08", "1960-01-08", "1960-01-15"]
    assert table.frame["h"].tolist() == ["1960-07-01", "1961-01-01", "1961-07-01", "1959-07-01"]
    assert table.frame["y"].tolist() == ["2024", "1", "2", "3"]
    assert table.frame["d"].tolist() == ["1960-01-01", "1960-01-02", "1959-12-31", "1960-01-03"]


@pytest.mark.parametrize(("form", "number", "text"), [
    ("%tc", 0.0, "1960-01-01T00:00:00"), ("%tcHH:MM:SS", 3_661_000.0, "01:01:01"),
    ("%-tcDDmonCCYY", 0.0, "1960-01-01T00:00:00"),
    ("%tcNN/DD/CCYY_HH:MM", 60_000.0, "1960-01-01T00:01:00"), ("%d", 59.0, "1960-02-29"),
    ("%tdD_m_Y", 0.0, "1960-01-01"),
    ("%tq", 5.0, "1961-04-01"),
])  # fmt: skip
def test_stata_display_formats(form, number, text):
    assert statistical._stata_converter(form)(number) == text


@pytest.mark.parametrize("form", ["%9.0g", "%-16s", "%ty", "%12.2f", "%tbcal", ""])
def test_stata_formats_of_plain_numbers(form):
    assert statistical._stata_converter(form) is None


@pytest.mark.parametrize("version", [8, 10, 12, 13, 14, 15])
def test_stata_files_of_all_releases(tmp_path, version):
    frame = pd.DataFrame({"a": [1.0, 2.5], "b": ["x", "y"]})
    pyreadstat.write_dta(frame, str(tmp_path / "raw.dta"), version=version, column_labels={"a": "Question"})
    table = read_table(tmp_path / "raw.dta")
    assert (table.format, table.columns["a"].text) == ("stata", "Question")
    assert table.frame.to_numpy().tolist() == [["1", "x"], ["2.5", "y"]]


def test_statistical_files_are_known_by_content_alone(tmp_path):
    path = spss(tmp_path, pd.DataFrame({"a": [1.0]}), "export.csv")
    assert read_table(path).format == "spss"
    for name in ("raw.sav", "raw.por", "raw.dta"):
        (tmp_path / name).write_text("a,b\n1,2\n")
        assert read_table(tmp_path / name).format == "csv"
    with pytest.raises(InputError, match=r"raw\.sav: the file is no SPSS file, although .*allowed: an SPSS file"):
        read_table(tmp_path / "raw.sav", format="spss")
    with pytest.raises(InputError, match=r"raw\.dta: the file is no Stata file"):
        read_table(tmp_path / "raw.dta", format="stata")


@pytest.mark.parametrize("suffix", ["sav", "zsav", "dta"])
def test_cut_and_changed_statistical_files_are_one_clear_error_or_a_table(tmp_path, suffix):
    frame = pd.DataFrame({"a": np.arange(50.0), "b": ["text"] * 50})
    path = tmp_path / f"raw.{suffix}"
    if suffix == "dta":
        pyreadstat.write_dta(frame, str(path))
    else:
        pyreadstat.write_sav(frame, str(path), compress=suffix == "zsav")
    whole = path.read_bytes()
    random = np.random.default_rng(7)
    refused = 0
    for cut in [*range(20, len(whole) - 8, max(1, len(whole) // 25))]:
        path.write_bytes(whole[:cut])
        with contextlib.suppress(InputError):
            assert read_table(path).n_records == 50, "a cut file never passes for one with fewer cases"
            continue
        refused += 1
    assert refused >= 15
    for _ in range(60):
        broken = bytearray(whole)
        for place in random.integers(8, len(whole), 3):
            broken[place] = random.integers(0, 256)
        path.write_bytes(bytes(broken))
        with contextlib.suppress(InputError):
            read_table(path)


def test_spss_file_without_cases_or_with_a_wrong_encoding(tmp_path):
    path = spss(tmp_path, pd.DataFrame({"a": pd.Series([], dtype=float), "b": pd.Series([], dtype=object)}))
    assert read_table(path).n_records == 0
    path = spss(tmp_path, pd.DataFrame({"a": ["żółć"]}))
    with pytest.raises(InputError, match=r"raw\.sav: .*encoding"):
        read_table(path, encoding="klingon")


# --- results of the self-assessment ----------------------------------------------------------------------------------

RESULT: dict[str, object] = {
    "kind": "ktss-self-assessment", "format_version": 1,
    "instrument": {"id": "kt-soft-skills", "version": "1.2.0", "language": "pt-BR", "hash": "sha256:" + "0a" * 32},
    "created": "2024-05-17",
    "answers": {"S01-1": 4, "S01-2": None, "S01-3": "not_applicable", "S02-1": 2.5, "S02-2": "prefer_not_to_say"},
    "seconds": 312, "occasion": 2,
}  # fmt: skip
AS_CSV = (
    "kind,format_version,instrument_id,instrument_version,instrument_language,instrument_hash,created,seconds,occasion,"
    "S01-1,S01-2,S01-3,S02-1,S02-2\n"
    f"ktss-self-assessment,1,kt-soft-skills,1.2.0,pt-BR,sha256:{'0a' * 32},2024-05-17,312,2,4,,not_applicable,2.5,"
    "prefer_not_to_say\n"
)


def result(folder: Path, name: str = "r.json", **changes: object) -> Path:
    (folder / name).write_text(json.dumps({**RESULT, **changes}))
    return folder / name


def test_one_result_in_json_and_csv_is_the_same_row(tmp_path):
    (tmp_path / "r.csv").write_text(AS_CSV)
    one, two = read_table(result(tmp_path)), read_table(tmp_path / "r.csv")
    assert (one.format, two.format, one.rows.tolist(), two.rows.tolist()) == ("self_assessment",) * 2 + ([1], [2])
    pd.testing.assert_frame_equal(one.frame, two.frame)
    assert one.frame.loc[0].to_dict() == {
        "instrument_id": "kt-soft-skills", "instrument_version": "1.2.0", "instrument_language": "pt-BR",
        "instrument_hash": "sha256:" + "0a" * 32, "created": "2024-05-17", "seconds": "312", "occasion": "2",
        "person_code": "", "respondent": "self", "S01-1": "4", "S01-2": "", "S01-3": "not_applicable", "S02-1": "2.5",
        "S02-2": "prefer_not_to_say",
    }  # fmt: skip
    assert one.columns["S01-1"].missing == ("not_applicable", "prefer_not_to_say")
    assert one.columns == two.columns


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format_version": 2}, "format_version: input should be 1"),
        ({"created": "2024-02-30"}, "created: day is out of range for month"),
        ({"created": "17.05.2024"}, "created: string should match pattern"),
        ({"answers": {}}, "answers: dictionary should have at least 1 item"),
        ({"answers": {"S01-1": "often"}}, "answers.S01-1: an answer is a number, null, not_applicable"),
        ({"answers": {"S01-1": True}}, "answers.S01-1: an answer is a number"),
        ({"answers": {"S01-1": "4"}}, "answers.S01-1: an answer is a number"),
        ({"answers": {"=cmd()": 4}}, "answers.=cmd(): an answer is a number"),
        ({"answers": {"seconds": 4}}, "answers: an item cannot be called 'seconds'"),
        ({"occasion": 0}, "occasion: input should be greater than or equal to 1"),
        ({"seconds": -1}, "seconds: input should be greater than or equal to 0"),
        ({"email": "x@example.org"}, "email: extra inputs are not permitted"),
        ({"instrument": {"id": "a"}}, "instrument.version: field required; further faults: 2"),
        ({"instrument": {**RESULT["instrument"], "hash": "sha256:12"}}, "instrument.hash: string should match"),
    ],
)  # fmt: skip
def test_a_result_that_breaks_the_format_is_set_aside_with_the_reason(tmp_path, changes, reason):
    table = read_table(result(tmp_path, **changes))
    assert (table.n_records, len(table.frame)) == (1, 0)
    [refused] = table.refused
    assert refused.reason.startswith(reason)
    assert (refused.rule, refused.cells) == ("row.unreadable", ())
    assert "example.org" not in refused.reason


def test_rows_of_a_csv_file_are_judged_one_by_one(tmp_path):
    good = AS_CSV.splitlines()
    (tmp_path / "r.csv").write_text(
        "\n".join([*good, good[1].replace(",312,", ",long,"), good[1].replace("2024-", "24-"), good[1]])
    )
    table = read_table(tmp_path / "r.csv")
    assert table.rows.tolist() == [2, 5]
    assert [(entry.row, entry.reason.split(":")[0]) for entry in table.refused] == [(3, "seconds"), (4, "created")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"kind": "ktss-self-assessment", ', "the JSON cannot be read"),
        ('{"kind": "ktss-self-assessment", "answers": {"a": 1, "a": 2}}', "'a' stands there twice"),
        ('{"kind": "ktss-self-assessment", "answers": {"a": NaN}}', "NaN is no answer"),
        ('{"kind": "ktss-self-assessment", "x": ' + "[" * 100_000, "the JSON cannot be read"),
        ('{"kind": "ktss-self-assessment", "x": 1' + "0" * 5000 + "}", "the JSON cannot be read"),
    ],
    ids=["cut", "twice", "nan", "deep", "digits"],
)
def test_broken_json_is_one_clear_error(tmp_path, text, reason):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(InputError, match=rf"^r\.json.*{reason}"):
        read_table(tmp_path / "r.json")


def test_too_long_a_result_and_other_files_are_refused(tmp_path, monkeypatch):
    path = result(tmp_path)
    monkeypatch.setattr(self_assessment, "MAX_BYTES", 100)
    with pytest.raises(InputError, match="too long for one person"):
        read_table(path)
    (tmp_path / "x.csv").write_text("kind,a\nother,1\n")
    assert read_table(tmp_path / "x.csv").format == "csv"
    with pytest.raises(InputError, match="no result of the self-assessment; allowed: JSON with"):
        read_table(tmp_path / "x.csv", format="self_assessment")


def test_shipped_schema_is_that_of_the_reader_and_judges_alike(tmp_path):
    shipped = json.loads(Path(self_assessment.__file__).with_name("self_assessment.schema.json").read_text())
    assert shipped == self_assessment.schema(), "write it again: see docs/self-assessment-file.md"
    validator = jsonschema.Draft202012Validator(shipped)
    validator.validate(RESULT)
    for changes in ({"format_version": 2}, {"answers": {}}, {"answers": {"S01-1": "often"}}, {"email": "x"},
                    {"answers": {"=cmd()": 4}}, {"instrument": {"id": "a"}}, {"occasion": 0}):  # fmt: skip
        assert not validator.is_valid({**RESULT, **changes}), changes


def test_the_page_on_the_file_shows_a_result_that_is_read(repo, tmp_path):
    page = (repo / "docs" / "self-assessment-file.md").read_text()
    [example] = re.findall(r"```json\n(.*?)```", page, flags=re.DOTALL)
    (tmp_path / "r.json").write_text(example)
    table = read_table(tmp_path / "r.json")
    assert len(table.frame) == 1
    [lines] = re.findall(r"```csv\n(.*?)```", page, flags=re.DOTALL)
    (tmp_path / "r.csv").write_text(lines)
    pd.testing.assert_frame_equal(read_table(tmp_path / "r.csv").frame, table.frame)
    for name in (*self_assessment.FIXED, *self_assessment.SPECIAL):
        assert f"`{name}`" in page, name


# --- Parquet ---------------------------------------------------------------------------------------------------------


def test_parquet_cells_follow_the_rules_of_a_workbook(tmp_path):
    table = arrow.table(
        {
            "whole": arrow.array([1, None, -3]), "float": arrow.array([1.0, 0.1, None]),
            "single": arrow.array([0.1, 2.0, None], arrow.float32()), "truth": arrow.array([True, False, None]),
            "text": arrow.array(["Zoë", "", None]), "day": arrow.array([datetime.date(2024, 2, 29), None, None]),
            "stamp": arrow.array([datetime.datetime(2024, 1, 2, 3, 4, 5), None, None], arrow.timestamp("ns")),
            "long": arrow.array([datetime.timedelta(minutes=2), None, None], arrow.duration("ns")),
            "list": arrow.array([["a", "ü"], [], None]), "price": arrow.array([Decimal("5.00"), Decimal("2.50"), None]),
            "word": arrow.array(["x", "y", "x"]).dictionary_encode(), "text ": arrow.array(["p", "q", "r"]),
            "big": arrow.array([2**63, 1, None], arrow.uint64()), "raw": arrow.array([b"ab", None, b"\xff"]),
        }
    )  # fmt: skip
    parquet.write_table(table, tmp_path / "raw.parquet")
    read = read_table(tmp_path / "raw.parquet")
    assert (read.format, read.header_row, read.rows.tolist()) == ("parquet", 0, [1, 2, 3])
    assert {name: cells.tolist() for name, cells in read.frame.items()} == {
        "whole": ["1", "", "-3"], "float": ["1", "0.1", ""], "single": ["0.1", "2", ""],
        "truth": ["TRUE", "FALSE", ""], "text": ["Zoë", "", ""], "day": ["2024-02-29", "", ""],
        "stamp": ["2024-01-02T03:04:05", "", ""], "long": ["120", "", ""], "list": ['["a", "ü"]', "[]", ""],
        "price": ["5", "2.5", ""], "word": ["x", "y", "x"], "text (2)": ["p", "q", "r"],
        "big": ["9223372036854775808", "1", ""], "raw": ["ab", "", "\ufffd"],
    }  # fmt: skip
    assert read.columns["day"].kind == "date32[day]"


@pytest.mark.parametrize("n_rows", [1, 7, None])
def test_parquet_in_pieces_is_the_same_table(tmp_path, monkeypatch, n_rows):
    monkeypatch.setattr(parquet_reader, "_ROWS", 10)
    frame = pd.DataFrame({"a": range(95), "b": [f"t{number}" for number in range(95)]})
    frame.to_parquet(tmp_path / "raw.parquet", row_group_size=17)
    whole = read_table(tmp_path / "raw.parquet")
    pieces = list(read_chunks(tmp_path / "raw.parquet", n_rows))
    assert whole.frame["a"].tolist() == [str(number) for number in range(95)]
    joined = pd.concat([piece.frame for piece in pieces], ignore_index=True)
    pd.testing.assert_frame_equal(joined, whole.frame)
    assert np.concatenate([piece.rows for piece in pieces]).tolist() == whole.rows.tolist() == list(range(1, 96))
    assert max(len(piece.rows) for piece in pieces) <= (n_rows or 10)


def test_broken_parquet_is_one_clear_error(tmp_path):
    pd.DataFrame({"a": range(1000)}).to_parquet(tmp_path / "raw.parquet")
    whole = (tmp_path / "raw.parquet").read_bytes()
    for data in (whole[:-20], whole[:100], b"PAR1\x15", whole[:8] + bytes(200) + whole[208:]):
        (tmp_path / "raw.parquet").write_bytes(data)
        with pytest.raises(InputError, match=r"^raw\.parquet: the Parquet file cannot be read \("):
            read_table(tmp_path / "raw.parquet")
    (tmp_path / "x.csv").write_text("PAR1,b\n1,2\n")
    assert read_table(tmp_path / "x.csv").format == "csv"
    parquet.write_table(arrow.table({}), tmp_path / "none.parquet")
    with pytest.raises(InputError, match="no columns"):
        read_table(tmp_path / "none.parquet")


# --- all formats against all files -----------------------------------------------------------------------------------

FORMATS = [name for name in get_args(Format) if name != "auto"]


def samples(folder: Path) -> dict[str, Path]:
    """Write one honest file per format; every format but the platforms' own stands here."""
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    pyreadstat.write_sav(frame, str(folder / "spss.bin"))
    pyreadstat.write_dta(frame, str(folder / "stata.dta"))
    frame.to_parquet(folder / "parquet.bin")
    (folder / "xlsx.bin").write_bytes(workbook_bytes())
    texts = {
        "csv": "a,b\n1,2\n", "tsv": "a\tb\n1\t2\n", "marked_text": "(QCODE)a(/QCODE){#x}", "code_list": "A>>b\n",
        "self_assessment": json.dumps(RESULT), "coded_segments": "id,document,tag,content\n1,d,t,c\n",
        "odk": "g/x,_id,_uuid,_submission_time\n1,2,3,4\n",
        "refi_qda": '<CodeBook><Codes><Code guid="1" name="a" xmlns="urn:QDA-XML:codebook:1.0"/></Codes></CodeBook>',
    }  # fmt: skip
    for name, text in texts.items():
        (folder / f"{name}.bin").write_text(text)
    return {path.stem: path for path in folder.iterdir()}


def test_each_file_is_recognised_by_its_content_and_a_wrong_format_is_one_clear_error(tmp_path):
    files = samples(tmp_path)
    assert {name: read_table(path).format for name, path in files.items()} == {name: name for name in files}
    text = {"csv", "tsv", "marked_text", "code_list", "coded_segments", "odk", "self_assessment", "refi_qda"}
    allowed = {(name, wanted) for name in text for wanted in ("csv", "tsv", "code_list")}
    allowed |= {(name, name) for name in files} | {("xlsx", "xls"), ("xlsx", "ods")}
    read = set()
    for name, path in files.items():
        for wanted in FORMATS:
            message = read_or_message(path, wanted)
            if message:
                assert message.startswith(path.name), (name, wanted, message)
            else:
                read.add((name, wanted))
    assert read <= allowed, "text can be read as a plain table, a workbook as any workbook, and nothing else"
    assert {(name, name) for name in files} <= read


def read_or_message(path: Path, wanted: str) -> str:
    """Return why a file cannot be read in a format; empty when it can."""
    try:
        table = read_table(path, format=wanted)
    except InputError as error:
        return str(error)
    assert table.n_records == len(table.frame) + len(table.refused)
    return ""


def test_an_empty_file_of_any_format_is_one_clear_error(tmp_path):
    for content in (b"", b"\x00", b"\n\n", b"$FL2", b"PAR1\x15", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        (tmp_path / "raw.bin").write_bytes(content)
        for wanted in ("auto", *FORMATS):
            message = read_or_message(tmp_path / "raw.bin", wanted)
            assert message.startswith("raw.bin"), (content, wanted)
