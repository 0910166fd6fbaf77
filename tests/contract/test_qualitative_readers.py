"""Qualitative projects, coded segments and marked-up texts: codings, codebooks and turns, or one clear error."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ktss_analysis.core import InputError
from ktss_analysis.readers import read_table

# --- qualitative projects --------------------------------------------------------------------------------------------

GUID = "{:08x}-0000-4000-8000-000000000000".format
SPEECH = (
    "Moderator: welcome 😀 everybody\r\n\r\n"
    "A: I mostly listen to the client\r\nB: żeby wynegocjować, trzeba słuchać\r\n"
)
PASSAGES = ["welcome 😀 everybody", "I mostly listen to the client", "trzeba słuchać"]
XML = '<?xml version="1.0" encoding="utf-8"?>\n'


def selection(number: int, start: int, end: int, name: str, code: str, user: int = 1) -> str:
    return (
        f'<PlainTextSelection guid="{GUID(900 + number)}" startPosition="{start}" endPosition="{end}" name="{name}" '
        f'creatingUser="{GUID(user)}" creationDateTime="2024-05-0{number + 1}T10:00:00Z">'
        f'<Coding guid="{GUID(800 + number)}">'
        f'<CodeRef targetGUID="{code}"/></Coding></PlainTextSelection>'
    )


CODEBOOK = (
    f'<CodeBook><Codes><Code guid="{GUID(10)}" name="Listening" isCodable="true" color="#FF0000">'
    f"<Description>Being open to what others say.</Description>"
    f'<Code guid="{{{GUID(11).upper()}}}" name="Active" isCodable="true"/>'
    f'</Code><Code guid="{GUID(12)}" name="Folder" isCodable="false">'
    f'<Code guid="{GUID(13)}" name="Active" isCodable="true"/>'
    "</Code></Codes></CodeBook>"
)


def project(folder: Path, inner: str, text: bytes | None = None, *, name: str = "raw.qdpx",
            member: str = "sources/t1.txt", codebook: str = CODEBOOK, users: bool = True) -> Path:  # fmt: skip
    qde = (
        f'{XML}<Project xmlns="urn:QDA-XML:project:1.0" name="p" origin="test" creatingUserGUID="{GUID(1)}">'
        + (f'<Users><User guid="{GUID(1)}" name="Ann"/><User guid="{GUID(2)}" id="BX"/></Users>' if users else "")
        + f"{codebook}<Sources>{inner}</Sources></Project>"
    )
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive_file:
        archive_file.writestr("project.qde", qde.encode())
        if text is not None:
            archive_file.writestr(member, text)
    return folder / name


def zipfile_member(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive_file:
        return archive_file.read("project.qde")


def text_source(inner: str, path: str = "internal://t1.txt") -> str:
    return f'<TextSource guid="{GUID(50)}" name="Group Warsaw" plainTextPath="{path}">{inner}</TextSource>'


def spans(view: str, wide: bool, shift: int = 0) -> list[tuple[int, int]]:
    def units(part: str) -> int:
        return len(part.encode("utf-16-le")) // 2 if wide else len(part)

    starts = [view.index(passage) for passage in PASSAGES]
    return [
        (units(view[:start]) + shift, units(view[:start] + passage) + shift)
        for start, passage in zip(starts, PASSAGES, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "one_sign", "wide", "shift", "member", "way"),
    [
        (SPEECH, False, False, 0, "sources/t1.txt", ""),
        (SPEECH, True, False, 0, "Sources/T1.TXT", "characters, line ends as one"),
        (SPEECH, False, True, 0, "sources\\t1.txt", "UTF-16 units"),
        (SPEECH, True, True, 0, "sources/t1.txt", "UTF-16 units, line ends as one"),
        ("\ufeff" + SPEECH, False, False, 1, "sources/t1.txt", "characters after a byte order mark"),
        (SPEECH.replace("\r\n", "\n"), False, False, 0, "sources/t1.txt", ""),
        (SPEECH.replace("\r\n", "\u2029"), False, False, 0, "sources/t1.txt", ""),
    ],
    ids=["standard", "line ends", "nvivo", "both", "mark", "unix", "paragraph signs"],
)
def test_turns_are_right_whatever_a_program_counts(tmp_path, text, one_sign, wide, shift, member, way):
    view = text.removeprefix("\ufeff")
    view = view.replace("\r\n", "\n") if one_sign else view
    marks = [
        selection(number, start, end, name, GUID(11))
        for number, ((start, end), name) in enumerate(
            zip(
                spans(view, wide, shift),
                ["welcome 😀 everybody", "I mostly listen to...", "trzeba słuchać"],
                strict=True,
            )
        )
    ]
    table = read_table(project(tmp_path, text_source("".join(marks)), text.encode(), member=member))
    assert table.frame["turn"].tolist() == ["1", "2", "3"]
    assert table.frame["last_turn"].tolist() == ["1", "2", "3"]
    assert [note for note in table.notes if "positions count" in note] == (
        [f"positions count {way} in 1 sources, as the words of the passages show"] if way else []
    )


def test_codings_name_code_coder_and_place_but_never_the_words(tmp_path):
    marks = selection(0, 0, 9, "Moderator", GUID(10)) + selection(1, 34, 63, "", f"{{{GUID(11)}}}", user=2)
    marks += selection(2, 11, 66, "", GUID(13), user=7)
    table = read_table(project(tmp_path, text_source(marks), SPEECH.encode()))
    assert (table.format, table.sheet, table.header_row, table.rows.tolist()) == ("refi_qda", "codings", 0, [1, 2, 3])
    assert table.frame["document"].tolist() == ["Group Warsaw"] * 3
    assert table.frame["code"].tolist() == ["Listening", "Active", "Active"]
    assert table.frame["path"].tolist() == ["Listening", "Listening > Active", "Folder > Active"]
    assert table.frame["coder"].tolist() == ["Ann", "BX", ""]
    assert table.frame["coder_id"].tolist() == [GUID(1), GUID(2), GUID(7)]
    assert table.frame["length"].tolist() == ["9", "29", "55"]
    assert table.frame[["turn", "last_turn"]].to_numpy().tolist() == [["1", "1"], ["2", "2"], ["1", "2"]]
    assert table.frame["created"].tolist()[0] == "2024-05-01T10:00:00Z"
    assert any("(Active)" in note for note in table.notes)
    shown = table.frame.to_csv() + " ".join(table.notes)
    assert "Moderator" not in shown
    assert "listen to" not in shown


def test_the_words_of_a_project_are_read_out_on_demand(tmp_path):
    starts = [number for number, _ in spans(SPEECH, wide=True)]
    marks = "".join(
        selection(number, start, end, passage, GUID(11))
        for number, ((start, end), passage) in enumerate(zip(spans(SPEECH, wide=True), PASSAGES, strict=True))
    )
    marks += selection(3, 0, 9, "", GUID(99))
    path = project(tmp_path, text_source(marks), SPEECH.encode())
    table = read_table(path, sheet="quotes")
    assert table.frame["text"].tolist() == PASSAGES
    assert table.frame["start"].tolist() == [str(start) for start in starts]
    assert [entry.row for entry in table.refused] == [4]
    assert list(table.frame.columns)[:-1] == list(read_table(path).frame.columns)


def test_codebook_coders_and_sources_of_a_project(tmp_path):
    path = project(tmp_path, text_source(selection(0, 0, 9, "", GUID(10))), SPEECH.encode())
    book = read_table(path, sheet="codebook").frame
    assert book["code"].tolist() == ["Listening", "Active", "Folder", "Active"]
    assert book["parent"].tolist() == ["", GUID(10), "", GUID(12)]
    assert book["level"].tolist() == ["1", "2", "1", "2"]
    assert book.loc[0, ["description", "colour", "codable"]].tolist() == [
        "Being open to what others say.",
        "#FF0000",
        "TRUE",
    ]
    assert book["codable"].tolist()[2] == "FALSE"
    assert read_table(path, sheet=3).frame.to_numpy().tolist() == [[GUID(1), "Ann", "1"], [GUID(2), "BX", "0"]]
    [source] = read_table(path, sheet="sources").frame.to_dict("records")
    assert (source["n_turns"], source["n_codings"], source["n_characters"]) == ("3", "1", str(len(SPEECH)))
    with pytest.raises(
        InputError, match="no such part; found 'memos'; allowed: codings, codebook, coders, sources, quotes"
    ):
        read_table(path, sheet="memos")
    with pytest.raises(InputError, match="no such part; found 9"):
        read_table(path, sheet=9)


def test_codings_that_cannot_be_right_are_set_aside_one_by_one(tmp_path):
    marks = (
        selection(0, 0, 9, "", GUID(77)) + selection(1, 9, 3, "", GUID(10)) + selection(2, 0, 9999, "", GUID(10))
        + selection(3, 0, 9, "", GUID(10))
        + selection(4, 0, 9, "", GUID(11)).replace('endPosition="9"', 'endPosition="x"')
    )  # fmt: skip
    table = read_table(project(tmp_path, text_source(marks), SPEECH.encode()))
    assert table.rows.tolist() == [4]
    assert [(entry.row, entry.reason.split(":")[0].split(" '")[0]) for entry in table.refused] == [
        (1, "the codebook has no code"), (2, "the passage ends before it starts"),
        (3, f"the passage 0 to 9999 lies outside the text of {len(SPEECH)} signs"), (5, "the passage from"),
    ]  # fmt: skip
    assert table.n_records == 5


def test_a_passage_without_a_start_counts_as_a_place_outside_the_text(tmp_path):
    mark = selection(0, 0, 9, "", GUID(10)).replace('startPosition="0"', 'startPosition=""')
    [coding] = read_table(project(tmp_path, text_source(mark), SPEECH.encode())).frame.to_dict("records")
    assert (coding["turn"], coding["start"], coding["length"]) == ("4", "", ""), "counted on after three paragraphs"


def test_other_media_and_whole_sources(tmp_path):
    code = f'<Coding guid="{GUID(700)}" creatingUser="{GUID(2)}"><CodeRef targetGUID="{GUID(10)}"/></Coding>'
    inner = (
        f'<AudioSource guid="{GUID(60)}" name="rec"><Transcript guid="{GUID(61)}">'
        f"<PlainTextContent>one\ntwo three</PlainTextContent>"
        f'<SyncPoint guid="{GUID(62)}" timeStamp="0" position="4"/>'
        f'<SyncPoint guid="{GUID(63)}" timeStamp="900" position="7"/>'
        f'<TranscriptSelection guid="{GUID(64)}" fromSyncPoint="{GUID(62)}" toSyncPoint="{GUID(63)}">'
        f"{code}</TranscriptSelection>"
        f'</Transcript><AudioSelection guid="{GUID(65)}" begin="1500" end="2000">{code}</AudioSelection></AudioSource>'
        f'<PDFSource guid="{GUID(66)}" name="doc">'
        f'<PDFSelection guid="{GUID(67)}" page="2" firstX="1" firstY="9" secondX="5" secondY="3">'
        f"{code}</PDFSelection>{code}</PDFSource>"
    )
    table = read_table(project(tmp_path, inner))
    assert table.frame[["document", "kind", "turn", "start"]].to_numpy().tolist() == [
        ["rec", "text", "2", "4"], ["rec", "time", "3", "1500"],
        ["doc", "whole", "", ""], ["doc", "area", "1", "2:1,9"],
    ]  # fmt: skip
    assert table.frame["coder"].tolist() == ["BX"] * 4
    assert "codings of a whole source have no turn: 1" in table.notes


def test_text_outside_the_project_is_told_and_places_are_numbered(tmp_path):
    marks = selection(0, 50, 60, "", GUID(10)) + selection(1, 5, 9, "", GUID(11)) + selection(2, 50, 70, "", GUID(11))
    for path in ("relative:///t1.txt", "internal://lost.txt"):
        table = read_table(project(tmp_path, text_source(marks, path), SPEECH.encode()))
        assert table.frame["turn"].tolist() == ["2", "1", "2"]
        assert any("is not in the project" in note for note in table.notes)
        assert any("running number" in note and note.endswith(": 3") for note in table.notes)


def test_codebook_file_and_bare_project_file(tmp_path):
    book = (
        f'{XML}<CodeBook xmlns="urn:QDA-XML:codebook:1.0" origin="x"><Codes>'
        f'<Code guid="{GUID(1)}" name="Ą" isCodable="true"/></Codes></CodeBook>'
    )
    for encoding in ("utf-8", "utf-16"):
        (tmp_path / "b.qdc").write_bytes(book.replace("utf-8", encoding).encode(encoding))
        table = read_table(tmp_path / "b.qdc")
        assert (table.sheet, table.frame["code"].tolist()) == ("codebook", ["Ą"])
    qde = zipfile_member(project(tmp_path, text_source(selection(0, 0, 9, "", GUID(10)))))
    (tmp_path / "p.qde").write_bytes(qde)
    assert read_table(tmp_path / "p.qde").frame["code"].tolist() == ["Listening"]


def test_projects_that_are_refused(tmp_path):
    with pytest.raises(InputError, match="neither codes nor codings"):
        read_table(project(tmp_path, "", codebook=""))
    (tmp_path / "x.qdc").write_text("<html/>")
    with pytest.raises(InputError, match="neither a REFI-QDA project nor a codebook; found '<html>'"):
        read_table(tmp_path / "x.qdc")
    (tmp_path / "y.qdc").write_text(f"<!DOCTYPE x><CodeBook>{CODEBOOK}</CodeBook>")
    with pytest.raises(InputError, match="document type or entities"):
        read_table(tmp_path / "y.qdc")
    deep = '<Code guid="1" name="a">' * 200 + "</Code>" * 200
    with pytest.raises(InputError, match=r"too many levels; allowed: up to 100"):
        read_table(project(tmp_path, "", codebook=f"<CodeBook><Codes>{deep}</Codes></CodeBook>"))
    with zipfile.ZipFile(tmp_path / "two.qdpx", "w") as archive_file:
        archive_file.writestr("a.qde", "<Project/>")
        archive_file.writestr("b.qde", "<Project/>")
    with pytest.raises(InputError, match=r"no REFI-QDA project; found '2 \.qde files'"):
        read_table(tmp_path / "two.qdpx")
    path = project(tmp_path, "", member="../evil.txt", text=b"x")
    with pytest.raises(InputError, match="leads out of the archive"):
        read_table(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="the archive is damaged"):
        read_table(path)


def test_a_code_without_an_id_is_set_aside(tmp_path):
    codes = f'<Code name="a"/><Code guid="{GUID(5)}" name="b"/><Code guid="{GUID(5)}" name="c"/>'
    book = f"<CodeBook><Codes>{codes}</Codes></CodeBook>"
    table = read_table(project(tmp_path, "", codebook=book))
    assert (table.rows.tolist(), [entry.row for entry in table.refused]) == ([2], [1, 3])


# --- marked-up texts -------------------------------------------------------------------------------------------------


def marked(folder: Path, text: str, name: str = "group 1.txt") -> Path:
    (folder / name).write_text(text, newline="")
    return folder / name


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_marks_give_codes_turns_and_positions_in_the_plain_text(tmp_path, newline):
    text = (
        "Title\n\nA: I (QCODE)mostly (QCODE)listen(/QCODE){#listening}, really(/QCODE){#a b, #open}.\n\n"
        "B: (QCODE)no\nwell(/QCODE){#doubt}"
    )
    table = read_table(marked(tmp_path, text.replace("\n", newline)), sheet="quotes")
    plain = "Title\n\nA: I mostly listen, really.\n\nB: no\nwell"
    assert (table.format, table.sheet, table.header_row) == ("marked_text", "quotes", 0)
    assert table.frame["document"].tolist() == ["group 1"] * 4
    assert table.frame["code"].tolist() == ["a b", "open", "listening", "doubt"]
    assert table.frame["turn"].tolist() == ["2", "2", "2", "3"]
    assert table.frame["last_turn"].tolist() == ["2", "2", "2", "4"]
    assert table.rows.tolist() == [3, 3, 3, 5]
    for row in table.frame.itertuples():
        assert plain[int(row.start) : int(row.end)] == row.text
        assert int(row.length) == len(row.text)
    assert table.frame["text"].tolist() == ["mostly listen, really", "mostly listen, really", "listen", "no\nwell"]


def test_the_words_are_read_out_only_on_demand(tmp_path):
    table = read_table(marked(tmp_path, "(QCODE)secret words(/QCODE){#x}"))
    assert "secret" not in table.frame.to_csv()
    assert "text" not in table.frame
    with pytest.raises(InputError, match="no such part; found 'codebook'; allowed: codings, quotes"):
        read_table(tmp_path / "group 1.txt", sheet="codebook")


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("one\n(QCODE)a(/QCODE){#x\nrest", 2, "the brace after the passage is not closed"),
        ("(QCODE)a(/QCODE){x}", 1, "a code is written #code; found {x}"),
        ("(QCODE)a(/QCODE){#x, y}", 1, "a code is written #code"),
        ("(QCODE)a(/QCODE){}", 1, "a code is written #code"),
        ("(QCODE)a(/QCODE) and {#x}", 1, "no {#code} stands directly after (/QCODE)"),
        ("(QCODE)a(/QCODE)", 1, "no {#code} stands directly after (/QCODE)"),
        ("one\n\n(QCODE)a{#x}", 3, "(QCODE) is opened and never closed"),
        ("a(/QCODE){#x}", 1, "(/QCODE) closes nothing"),
    ],
)
def test_a_broken_mark_costs_its_own_passage_alone(tmp_path, text, line, reason):
    path = marked(tmp_path, f"{text}\n(QCODE)good(/QCODE) {{#fine}}\n")
    table = read_table(path)
    assert table.frame["code"].tolist() == ["fine"]
    [refused] = table.refused
    assert (refused.row, refused.rule, refused.cells) == (line, "row.unreadable", ())
    assert refused.reason.startswith(reason)
    assert table.n_records == 2


def test_codes_outside_the_list_are_set_aside(tmp_path):
    codes = tmp_path / "codes.csv"
    codes.write_text("code_id,code,code.description\n1,x,About x\n2,y,\n")
    path = marked(tmp_path, "(QCODE)a(/QCODE){#x}(QCODE)b(/QCODE){#z}")
    table = read_table(path, structure=codes)
    assert table.columns["code"].labels == {"x": "About x"}
    assert [entry.reason for entry in table.refused] == ["the list of codes has no z; allowed: x, y"]
    codes.write_text("id;name\n1;x\n")
    with pytest.raises(InputError, match=r"codes\.csv: the list of codes has no column 'code'; found 'id, name'"):
        read_table(path, structure=codes)


def test_plain_transcripts_and_tables_are_no_marked_text(tmp_path):
    for number, text in enumerate(["a,b\n1,2\n", "A: hello (QCODE\nB: hi\n", "note\n{#x}\n"]):
        assert read_table(marked(tmp_path, text, f"{number}.txt")).format == "csv"
    with pytest.raises(InputError, match="holds no marks"):
        read_table(tmp_path / "0.txt", format="marked_text")


# --- lists of codes --------------------------------------------------------------------------------------------------


def test_a_list_of_codes_becomes_a_codebook(tmp_path):
    path = marked(tmp_path, "\ufeffalone\tmemo of it\nA>>x\n\nA>>B>>y\tmemo, two\nA>>x\nA>>>>z\nA >> w\n")
    table = read_table(path, format="code_list")
    assert (table.format, table.header_row, table.rows.tolist()) == ("code_list", 0, [1, 2, 2, 4, 4, 7])
    assert table.frame["code_id"].tolist() == ["alone", "A", "A > x", "A > B", "A > B > y", "A > w"]
    assert table.frame["parent"].tolist() == ["", "", "A", "A", "A > B", "A"]
    assert table.frame["codable"].tolist() == ["TRUE", "FALSE", "TRUE", "FALSE", "TRUE", "TRUE"]
    assert table.frame["description"].tolist() == ["memo of it", "", "", "", "memo, two", ""]
    assert [(entry.row, entry.reason) for entry in table.refused] == [
        (5, "an earlier line has the same code"), (6, "the line is no code"),
    ]  # fmt: skip


def test_a_list_of_codes_is_recognised(tmp_path):
    table = read_table(marked(tmp_path, "alone\tmemo of it\nA>>x\n"))
    assert (table.format, table.frame["code"].tolist()) == ("code_list", ["alone", "A", "x"])


def test_tables_with_double_arrows_are_no_list_of_codes(tmp_path):
    for number, text in enumerate(["a\tb\tc\nx>>y\t1\t2\n", "a,b\n1,2\n", "quote\n>> mine\n"]):
        assert read_table(marked(tmp_path, text, f"{number}.txt")).format in ("csv", "tsv")
    with pytest.raises(InputError, match="lists no codes"):
        read_table(marked(tmp_path, ">>\n"), format="code_list")
