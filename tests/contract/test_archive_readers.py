"""Archives, statistical files, forms, qualitative projects and our own result files: read rightly or refused."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest

from ktss_analysis.core import InputError
from ktss_analysis.readers import archive, read_table
from ktss_analysis.readers.archive import open_archive, parse_xml

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
