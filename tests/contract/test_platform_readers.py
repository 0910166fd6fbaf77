"""Contract of the platform readers: each knows its own exports, steals nobody's, and says what the file says.

The files are written here after the vendors' documented layouts. Where no real export is at hand (Microsoft
Forms, EUSurvey), this is the only evidence; tests/real/test_platform_exports.py reads real exports of the others.
The layout of EUSurvey follows its published source (EUSurvey/EUSURVEY, XlsExportCreator.java).
"""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from ktss_analysis.core import InputError
from ktss_analysis.readers import READERS, find_reader, read_chunks, read_table
from ktss_analysis.readers.layout import RECOGNISED, plain

LIMESURVEY_CODES = [
    ["id", "submitdate", "lastpage", "startlanguage", "seed", "Q1", "Q2[S1]", "Q2[S2]", "Q3[A]", "Q3[B]", "Q4",
     "Q4[other]"],
    ["1", "2026-03-01 10:00:00", "3", "en", "1", "A2", "1", "5", "Y", "", "-oth-", "a gardener"],
    ["2", "", "1", "it", "2", "A1", "2", "", "Y", "Y", "N/A", ""],
]  # fmt: skip
LIMESURVEY_TEXTS = [
    ["Response ID", "Date submitted", "Last page", "Start language", "How often do you listen?", "I ask [when unsure]"],
    ["1", "2026-03-01 10:00:00", "3", "en", "Often", "Yes"],
]
LIMESURVEY_BOTH = [
    [
        "Q1. How often do you listen?",
        "Q2[S1]. I agree that [I listen]",
        "Q2[S2]. I agree that [I ask]",
        "Q5[x]. Share []",
    ],
    ["Often", "1", "5", "3"],
]
QUALTRICS = [
    ["StartDate", "EndDate", "Status", "Finished", "ResponseId", "UserLanguage", "Q1", "Q2_1", "Q2_-1", "Q3_2", "Q4",
     "Q5"],
    ["Start Date", "End Date", "Response Type", "Finished", "Response ID", "User Language", "How <b>often</b>?",
     "Check all - Listening", "Check all - None", "Matrix - I ask", "Anything else?", "Pick some"],
    ['{"ImportId":"startDate"}', '{"ImportId":"endDate"}', '{"ImportId":"status"}', '{"ImportId":"finished"}',
     '{"ImportId":"_recordId"}', '{"ImportId":"userLanguage"}', '{"ImportId":"QID1"}', '{"ImportId":"QID2_1"}',
     '{"ImportId":"QID2_4"}', '{"ImportId":"QID3_2"}', '{"ImportId":"QID4_TEXT"}', '{"ImportId":"QID5"}'],
    ["2026-03-01 10:00:00", "2026-03-01 10:09:00", "0", "1", "R_1", "EN", "5", "1", "", "2", "line\nbreak", "1,3"],
    ["2026-03-01 11:00:00", "2026-03-01 11:09:00", "1", "1", "R_2", "IT", "-99", "", "1", "-99", "", "2"],
    ["2026-03-01 12:00:00", "2026-03-01 12:09:00", "8", "0", "R_3", "EN", "1", "", "", "1", "", ""],
]  # fmt: skip
QUALTRICS_LEGACY = [
    [*(f"V{number}" for number in range(1, 11)), "Q1", "LocationLatitude", ""],
    ["ResponseID", "ResponseSet", "Name", "ExternalDataReference", "EmailAddress", "IPAddress", "Status", "StartDate",
     "EndDate", "Finished", "How often?", "LocationLatitude", ""],
    ["R_1", "Default", "Anonymous", "", "", "", "0", "2026-03-01 10:00:00", "2026-03-01 10:01:00", "1", "4", "", ""],
]  # fmt: skip
GOOGLE = [
    ["Timestamp", "How often do you listen?", "Rate these [I ask]", "Rate these [I wait]", "Which tools do you use?"],
    ["2026/03/01 10:00:00 AM GMT+1", "Often", "4", "5", "Pen;Paper"],
    ["2026/03/01 10:05:00 AM GMT+1", "Never, or not that I know", "3", "1", "Paper"],
    ["2026/03/01 10:06:00 AM GMT+1", "Often", "2", "2", "Pen;Board;Paper"],
]
MICROSOFT = [
    [
        "ID",
        "Start time",
        "Completion time",
        "Email",
        "Name",
        "I listen\u00a0well",
        "Which tools?",
        "Points - Which tools?",
    ],
    [1, datetime(2026, 3, 1, 10), datetime(2026, 3, 1, 10, 5), "anonymous", None, 4, "Pen;Paper;", 1],
    [2, datetime(2026, 3, 1, 11), datetime(2026, 3, 1, 11, 5), "anonymous", None, 5, "Board;", 0],
]  # fmt: skip
EUSURVEY = [
    ["Alias", "soft-skills"],
    ["Export Date", datetime(2026, 3, 1, 10)],
    [],
    ["How often? (ID1)", "Skills: I ask (ID2)", "Which tools? (ID3)", "Why? (ID4)", "Time 1 (r1):Day (c1)",
     "Contribution Id", "Languages"],
    ["Often (a4)", "Agree (b5)", "Pen (t1);Paper; lined (t2)", "because (really)", "x", "c-1", "EN"],
    ["Rarely (a2)", "Disagree (b1)", "Pen (t1)", "no reason", "", "c-2", "FR"],
    ["Often (a4)", "Agree (b5)", "", "", "", "c-3", "FR"],
]  # fmt: skip
REDCAP = [
    ["record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "often", "tools___a",
     "tools___2", "why", "tool_complete"],
    ["1", "start_arm_1", "", "", "4", "1", "0", "", "2"],
    ["1", "end_arm_1", "", "", "5", "0", "0", "x", "2"],
    ["1", "end_arm_1", "visit", "1", "", "", "", "", ""],
]  # fmt: skip
REDCAP_LABELS = [
    ["Record ID", "How often?", "Which tools? (choice=Pen)", "Which tools? (choice=Paper)", "Why?", "Complete?"],
    ["1", "Often", "Checked", "Unchecked", "", "Complete"],
]
SURVEYMONKEY = [
    ["RespondentID", "CollectorID", "How often?", "Which tools?", "", "Rate these", "", "Why?"],
    ["", "", "Response", "Pen", "Paper", "I ask", "I wait", "Open-Ended Response"],
    ["11", "9", "Often", "Pen", "", "Agree", "Disagree", "because"],
    ["12", "9", "Never", "Pen", "Paper", "Agree", "Agree", ""],
]
ALCHEMER = [
    ["Response ID", "Time Started", "Date Submitted", "Status", "How often?", "Need #1:What do you need?",
     "Need #2:What do you need?", "Choose all: words"],
    ["1", "Mar 1, 2026 10:00", "Mar 1, 2026 10:05", "Complete", "Often", "time", "rest", "kind;clear"],
    ["2", "Mar 1, 2026 11:00", "Mar 1, 2026 11:05", "Partial", "Never", "", "", "clear"],
    ["3", "Mar 1, 2026 12:00", "Mar 1, 2026 12:05", "Complete", "Never", "", "", "kind;open;clear"],
]  # fmt: skip
JISC = [
    ["Unique Response Number", "1. Skills", "1.1. I listen", "1.1.a. Why?", "2. Which tools?"],
    [1, None, "7 – Very important", "", "Text,Figure"],
    [2, None, "6 – Important", "x", "Figure"],
    [3, None, "X – Don't know", "", "Text,Table"],
]
EXPORTS = {
    "limesurvey": (LIMESURVEY_CODES, LIMESURVEY_TEXTS, LIMESURVEY_BOTH),
    "qualtrics": (QUALTRICS, QUALTRICS_LEGACY),
    "google_forms": (GOOGLE,),
    "microsoft_forms": (MICROSOFT,),
    "eusurvey": (EUSURVEY,),
    "redcap": (REDCAP, REDCAP_LABELS),
    "surveymonkey": (SURVEYMONKEY,),
    "alchemer": (ALCHEMER,),
    "jisc": (JISC,),
}
PLATFORMS = [reader for reader in READERS.values() if set(reader.formats) & set(EXPORTS)]
WORKBOOKS = ("microsoft_forms", "eusurvey", "jisc")


def text_file(
    folder: Path, rows: list[list[object]], name: str = "raw.csv", *, mark: str = ",", encoding: str = "utf-8"
) -> Path:
    stream = io.StringIO()
    csv.writer(stream, delimiter=mark).writerows([["" if cell is None else cell for cell in row] for row in rows])
    path = folder / name
    path.write_bytes(stream.getvalue().encode(encoding))
    return path


def workbook(folder: Path, sheets: dict[str, list[list[object]]], name: str = "raw.xlsx") -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(folder / name)
    book.close()
    return folder / name


def export(folder: Path, format: str, rows: list[list[object]], name: str = "raw") -> Path:
    if format in WORKBOOKS:
        return workbook(folder, {"Content": rows}, f"{name}.xlsx")
    return text_file(folder, rows, f"{name}.csv")


@pytest.mark.parametrize("format", EXPORTS)
def test_each_export_is_known_by_its_reader_alone(tmp_path, format):
    for number, rows in enumerate(EXPORTS[format]):
        path = export(tmp_path, format, rows, f"raw{number}")
        head = path.read_bytes()[:4096]
        assert [reader.formats[0] for reader in PLATFORMS if reader.sniff(path, head)] == [format]
        assert read_table(path).format == format
        assert read_table(path, format=format).frame.equals(read_table(path).frame)


@pytest.mark.parametrize("format", EXPORTS)
@pytest.mark.parametrize("dress", ["xlsx", "semicolon", "utf-16", "bom", "cr"])
def test_each_export_is_the_same_in_other_clothes(tmp_path, format, dress):
    rows = EXPORTS[format][0]
    expected = read_table(export(tmp_path, format, rows))
    if dress == "xlsx":
        path = workbook(tmp_path, {"Content": rows}, "dressed.xlsx")
    elif dress == "cr":
        path = text_file(tmp_path, rows, "dressed.csv")
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\r"))
    else:
        encoding = {"utf-16": "utf-16", "bom": "utf-8-sig"}.get(dress, "utf-8")
        path = text_file(tmp_path, rows, "dressed.csv", mark=";" if dress == "semicolon" else ",", encoding=encoding)
    dressed = read_table(path)
    assert dressed.format == format
    assert list(dressed.frame.columns) == list(expected.frame.columns)
    assert dressed.columns == expected.columns or format == "eusurvey"
    assert len(dressed.frame) == len(expected.frame)


PLAIN_TABLES = {
    "items": [["person", "S01", "S02"], ["p1", "4", "5"]],
    "demo": [["e-mail", "date", "S01_relevance", "S01_clarity"], ["a@example.org", "2026-01-01", "4", "3"]],
    "questions": [["How often do you listen?", "Do you ask?"], ["Often", "Yes"]],
    "sensor": [["Timestamp", "Temperature", "Humidity"], ["2026-03-01 10:00:00", "21.5", "40"]],
    "stamped questions without stamps": [["Timestamp", "How often do you listen?"], ["first", "Often"]],
    "ids": [["id", "name", "score"], ["1", "x", "3"]],
    "task": [["id", "score", "task_complete"], ["1", "3", "1"]],
    "dates": [["id", "start", "end"], ["1", "2026-03-01", "2026-03-02"]],
    "status": [["ID", "Status", "Date Submitted"], ["1", "open", "2026-03-01"]],
    "numbered": [["1. First", "2. Second", "3. Third"], ["1", "2", "3"]],
    "bracketed": [["a [m]", "b [kg]", "c [s]"], ["1", "2", "3"]],
    "R": [["", "Sepal.Length", "Sepal.Width", "Species"], ["1", "5.1", "3.5", "setosa"]],
    "Qualtrics names without texts": [["StartDate", "EndDate", "Status", "Q1"], ["2026-03-01", "2026-03-01", "0", "3"]],
    "alias": [["Alias", "Name"], ["Export", "x"], ["y", "z"]],
    "json": [["a", "b"], ['{"ImportId":"x"}', '{"ImportId":"y"}'], ["1", "2"]],
    "one cell": [["a"]],
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN_TABLES)
def test_plain_tables_stay_plain(tmp_path, name):
    path = text_file(tmp_path, PLAIN_TABLES[name])
    assert find_reader(path).name == "text table"
    book = workbook(tmp_path, {"Data": PLAIN_TABLES[name]})
    assert find_reader(book).name == "workbook"
    assert not any(reader.sniff(book, book.read_bytes()[:4096]) for reader in PLATFORMS)


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\xff\xfe", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0broken", b'"', b"\r\n\r\n"]
)
def test_nothing_is_recognised_in_broken_files(tmp_path, content):
    path = tmp_path / "raw.csv"
    path.write_bytes(content)
    assert not any(reader.sniff(path, content[:4096]) for reader in PLATFORMS)


@pytest.mark.parametrize("format", EXPORTS)
def test_declared_platform_and_other_file_is_one_clear_error(tmp_path, format):
    path = text_file(tmp_path, PLAIN_TABLES["items"])
    with pytest.raises(InputError, match=r"raw\.csv: the file does not look like an export of .*allowed"):
        read_table(path, format=format)


def test_platforms_have_one_format_each_and_full_score(tmp_path):
    assert {reader.formats for reader in PLATFORMS} == {(format,) for format in EXPORTS}
    path = text_file(tmp_path, GOOGLE)
    assert READERS["Google Forms"].sniff(path, b"") == RECOGNISED > READERS["text table"].sniff(path, b"")


def test_rows_stay_true_and_none_is_lost(tmp_path):
    path = text_file(tmp_path, QUALTRICS)
    table = read_table(path)
    assert table.rows.tolist() == [4, 6, 7]
    assert table.header_row == 1
    for format, exports in EXPORTS.items():
        for rows in exports:
            table = read_table(export(tmp_path, format, rows))
            n_above = {"eusurvey": 4, "surveymonkey": 2}.get(format, 1)
            if format == "qualtrics":
                n_above = 3 if rows is QUALTRICS else 2
            assert table.n_records == len(rows) - n_above
            assert not table.refused
            assert set(table.columns) <= set(table.frame.columns)


@pytest.mark.parametrize("format", [name for name in EXPORTS if name != "eusurvey"])
def test_irregular_text_is_read_like_a_workbook(tmp_path, format):
    """Short, long and empty rows, line breaks and quotes: block by block as with all cells at hand."""
    rows = [[*row] for row in EXPORTS[format][0]]
    width = len(rows[-1])
    more = [
        ["x", 'say "so"'],
        ["a\nb"],
        [*rows[-1], "too long"],
        [""] * width,
        [*rows[-1], "", ""],
        ["last"],
        [""] * width,
    ]
    rows += [more[number % len(more)] for number in range(3 * len(more))]
    text = read_table(text_file(tmp_path, rows), format=format)
    book = read_table(workbook(tmp_path, {"Content": [row if any(row) else [] for row in rows]}), format=format)
    filled = (text.frame != "").any(axis="columns")
    book_filled = (book.frame != "").any(axis="columns")
    dated = format == "microsoft_forms"  # dates look otherwise in text
    assert text.frame[filled].to_numpy().tolist() == book.frame[book_filled].to_numpy().tolist() or dated
    assert filled.sum() == book_filled.sum()
    assert [refused.cells for refused in text.refused] == [refused.cells for refused in book.refused] or dated
    assert len(text.refused) == len(book.refused) == 3
    assert list(text.frame.columns) == list(book.frame.columns)
    assert len(text.frame) + len(text.refused) == text.n_records


def test_a_row_that_is_too_long_is_set_aside(tmp_path):
    path = text_file(tmp_path, [*SURVEYMONKEY, [*SURVEYMONKEY[2], "one", "more"]])
    table = read_table(path)
    assert [refused.row for refused in table.refused] == [5]
    assert len(table.frame) == 2


def test_same_table_when_the_format_is_declared_plain(tmp_path):
    path = text_file(tmp_path, QUALTRICS)
    table = read_table(path, format="csv")
    assert table.format == "csv"
    assert len(table.frame) == 5
    assert not table.columns


@pytest.mark.parametrize("format", EXPORTS)
def test_pieces_of_an_export_are_the_export(tmp_path, format):
    path = export(tmp_path, format, EXPORTS[format][0])
    table, chunks = read_table(path), read_chunks(path, 2)
    pieces = list(chunks)
    assert all(len(piece.frame) <= 2 for piece in pieces)
    assert pd.concat([piece.frame for piece in pieces], ignore_index=True).equals(table.frame)
    assert [row for piece in pieces for row in piece.rows] == table.rows.tolist()
    assert all(piece.columns == table.columns for piece in pieces)
    assert tuple(chunks.notes) == table.notes


def test_another_part_of_an_export_is_a_plain_table(tmp_path):
    path = workbook(tmp_path, {"Sheet1": MICROSOFT, "Codes": [["code", "meaning"], ["1", "no"]]})
    assert read_table(path).format == "microsoft_forms"
    other = read_table(path, sheet="Codes")
    assert (other.format, list(other.frame.columns)) == ("xlsx", ["code", "meaning"])
    texts = read_table(text_file(tmp_path, QUALTRICS), header_row=2)
    assert (texts.format, texts.header_row, len(texts.frame)) == ("csv", 2, 4)
    with pytest.raises(InputError, match="does not look like an export of Microsoft Forms"):
        read_table(path, sheet="Codes", format="microsoft_forms")


def test_the_line_that_names_the_separator_is_no_record(tmp_path):
    path = text_file(tmp_path, GOOGLE, mark=";")
    path.write_bytes(b"sep=;\r\n" + path.read_bytes())
    table = read_table(path)
    assert table.format == "google_forms"
    assert table.rows.tolist() == [3, 4, 5]


def test_header_row_leaves_out_what_stands_above(tmp_path):
    path = text_file(tmp_path, [["A title"], *GOOGLE])
    table = read_table(path, format="google_forms", header_row=2)
    assert table.header_row == 2
    assert table.rows.tolist() == [3, 4, 5]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p>How\n <b>often</b>?&nbsp;<br/></p>", "How often?"), ("a < b and c > d", "a < b and c > d"),
        ("one<br>two<div>three</div>", "one two three"), ("<sp>x", "x"), ("<18 or >60", "<18 or >60"),
        ("<style>p {}</style>x", "x"), ("R&amp;D", "R&D"), ("", ""), ("<script>x()</script>", ""), ("&lt;b&gt;", "<b>"),
    ],
)  # fmt: skip
def test_words_of_a_marked_up_text(text, words):
    assert plain(text) == words


# ------------------------------------------------------------------------------------------------ LimeSurvey

LSS = """<?xml version="1.0" encoding="UTF-8"?>
<document><LimeSurveyDocType>Survey</LimeSurveyDocType><DBVersion>{version}</DBVersion>
<languages><language>it</language><language>en</language></languages>
{tables}
<surveys><rows><row><sid>1</sid><language>en</language></row></rows></surveys></document>"""


def xml_table(name: str, rows: list[dict[str, str]]) -> str:
    cells = "".join(
        "<row>" + "".join(f"<{key}><![CDATA[{value}]]></{key}>" for key, value in row.items()) + "</row>"
        for row in rows
    )
    return f"<{name}><rows>{cells}</rows></{name}>"


QUESTIONS = [
    ("10", "0", "!", "Q1", "0", "N", {"en": "<p>How often do you listen?</p>", "it": "Quanto spesso ascolti?"}),
    ("20", "0", "F", "Q2", "0", "N", {"en": "I agree that", "it": "Concordo che"}),
    ("21", "20", "T", "S1", "0", "N", {"en": "I listen", "it": "ascolto"}),
    ("22", "20", "T", "S2", "0", "N", {"en": "I ask", "it": "chiedo"}),
    ("30", "0", "M", "Q3", "0", "Y", {"en": "Which tools?", "it": "Quali strumenti?"}),
    ("31", "30", "T", "A", "0", "N", {"en": "Pen", "it": "Penna"}),
    ("32", "30", "T", "B", "0", "N", {"en": "Paper", "it": "Carta"}),
    ("40", "0", "L", "Q4", "0", "Y", {"en": "Who are you?", "it": "Chi sei?"}),
    ("50", "0", "1", "Q5", "0", "N", {"en": "Now and then", "it": "Ora e allora"}),
    ("51", "50", "T", "a", "0", "N", {"en": "I wait", "it": "aspetto"}),
    ("60", "0", ";", "Q6", "0", "N", {"en": "Grid", "it": "Griglia"}),
    ("61", "60", "T", "y", "0", "N", {"en": "row", "it": "riga"}),
    ("62", "60", "T", "x", "1", "N", {"en": "column", "it": "colonna"}),
    ("70", "0", "R", "Q7", "0", "N", {"en": "Rank", "it": "Ordina"}),
]  # fmt: skip
ANSWERS = [
    ("1", "10", "A2", "0", "2", {"en": "Often", "it": "Spesso"}),
    ("2", "10", "A1", "0", "1", {"en": "Rarely", "it": "Raramente"}),
    ("3", "20", "1", "0", "1", {"en": "No", "it": "No"}),
    ("4", "20", "5", "0", "2", {"en": "Yes", "it": "Sì"}),
    ("5", "40", "T", "0", "1", {"en": "Trainer", "it": "Docente"}),
    ("6", "50", "n1", "0", "1", {"en": "now low", "it": "ora basso"}),
    ("7", "50", "t1", "1", "1", {"en": "then low", "it": "allora basso"}),
    ("8", "70", "r1", "0", "1", {"en": "first", "it": "primo"}),
    ("9", "70", "r2", "0", "2", {"en": "second", "it": "secondo"}),
]


def old_lss() -> str:
    questions, parts = [], []
    for qid, parent, kind, title, scale, other, texts in QUESTIONS:
        for language, text in texts.items():
            row = {"qid": qid, "parent_qid": parent, "type": kind, "title": title, "question": text, "other": other,
                   "language": language, "scale_id": scale}  # fmt: skip
            (questions if parent == "0" else parts).append(row)
    answers = [
        {"qid": qid, "code": code, "answer": text, "sortorder": place, "language": language, "scale_id": scale}
        for _, qid, code, scale, place, texts in ANSWERS
        for language, text in texts.items()
    ]
    tables = xml_table("answers", answers) + xml_table("questions", questions) + xml_table("subquestions", parts)
    return LSS.format(version=261, tables=tables)


def new_lss() -> str:
    questions, parts, texts_of, answers, answer_texts = [], [], [], [], []
    for qid, parent, kind, title, scale, other, texts in QUESTIONS:
        row = {"qid": qid, "parent_qid": parent, "type": kind, "title": title, "other": other, "scale_id": scale}
        (questions if parent == "0" else parts).append(row)
        texts_of += [{"qid": qid, "question": text, "language": language} for language, text in texts.items()]
    for aid, qid, code, scale, place, texts in ANSWERS:
        answers.append({"aid": aid, "qid": qid, "code": code, "sortorder": place, "scale_id": scale})
        answer_texts += [{"aid": aid, "answer": text, "language": language} for language, text in texts.items()]
    named = {"answers": answers, "answer_l10ns": answer_texts, "questions": questions, "subquestions": parts,
             "question_l10ns": texts_of}  # fmt: skip
    return LSS.format(version=630, tables="".join(xml_table(name, rows) for name, rows in named.items()))


def tabbed() -> str:
    lines = [
        "class\ttype/scale\tname\trelevance\ttext\thelp\tlanguage\tvalidation\tmandatory\tother",
        "S\t\tlanguage\t\ten",
    ]
    for language in ("en", "it"):
        lines.append(f"G\t\tPart\t1\t\t\t{language}")
        for qid, parent, kind, title, _, other, texts in QUESTIONS:
            if parent != "0":
                continue
            lines.append(f"Q\t{kind}\t{title}\t1\t{texts[language]}\t\t{language}\t\t\t{other}")
            for _, owner, _, part, axis, _, words in QUESTIONS:
                if owner == qid:
                    lines.append(f"SQ\t{axis}\t{part}\t1\t{words[language]}\t\t{language}")
            for _, owner, code, axis, _, words in sorted(ANSWERS, key=lambda answer: answer[4]):
                if owner == qid:
                    lines.append(f"A\t{axis}\t{code}\t\t{words[language]}\t\t{language}")
    return "\n".join(lines)


STRUCTURES = {"old.lss": old_lss, "new.lss": new_lss, "survey.txt": tabbed}


@pytest.fixture(params=STRUCTURES)
def structure(request, tmp_path) -> Path:
    path = tmp_path / request.param
    path.write_text(STRUCTURES[request.param](), encoding="utf-8")
    return path


def test_limesurvey_codes_with_structure(tmp_path, structure):
    table = read_table(text_file(tmp_path, LIMESURVEY_CODES), structure=structure)
    assert list(table.frame.columns) == LIMESURVEY_CODES[0]
    often = table.columns["Q1"]
    assert often.text == "How often do you listen?"
    assert often.texts == {"en": "How often do you listen?", "it": "Quanto spesso ascolti?"}
    assert list(often.labels.items()) == [("A1", "Rarely"), ("A2", "Often")]  # in the order of the answers
    assert often.kind == "!"
    assert table.columns["Q2[S2]"].texts == {"en": "I agree that [I ask]", "it": "Concordo che [chiedo]"}
    assert table.columns["Q2[S2]"].labels == {"1": "No", "5": "Yes"}
    assert table.columns["Q3[A]"].labels == {"Y": "Yes", "N": "No"}
    assert table.columns["Q4"].labels == {"T": "Trainer", "-oth-": "Other"}
    assert table.columns["Q4"].missing == ("N/A",)
    assert table.columns["Q4[other]"].text == "Who are you? [Other]"
    notes = "\n".join(table.notes)
    assert "1 rows have no submitdate" in notes
    assert "answered in en (1), it (1)" in notes
    assert "boxes to tick, one column for each option: 'Q3'" in notes


def test_limesurvey_other_spellings_and_two_way_questions(tmp_path, structure):
    header = ["id", "submitdate", "lastpage", "Q2_S1", "Q5[a][1]", "Q5[a][2]", "Q6[y_x]", "Q7[1]", "Q7[2]", "Q99"]
    table = read_table(
        text_file(tmp_path, [header, ["1", "x", "1", "5", "n1", "t1", "free", "r2", "r1", "?"]]), structure=structure
    )
    assert list(table.frame.columns)[3] == "Q2[S1]"
    assert table.columns["Q5[a][1]"].labels == {"n1": "now low"}
    assert table.columns["Q5[a][2]"].labels == {"t1": "then low"}
    assert table.columns["Q6[y_x]"].texts["it"] == "Griglia [riga] [colonna]"
    assert table.columns["Q7[1]"].labels == {"r1": "first", "r2": "second"}
    assert any("not in the structure file: 'Q99'" in note for note in table.notes)


def test_limesurvey_full_texts_become_codes_with_the_structure(tmp_path, structure):
    header = [
        "ID risposta",
        "Quanto spesso ascolti?",
        "Concordo che [ascolto]",
        "Chi sei? [Other]",
        "Nobody asked this",
    ]
    path = text_file(tmp_path, [header, ["1", "Spesso", "Sì", "", ""]])
    table = read_table(path, format="limesurvey", structure=structure)
    assert list(table.frame.columns) == ["ID risposta", "Q1", "Q2[S1]", "Q4[other]", "Nobody asked this"]
    assert table.columns["Q1"].labels == {"A1": "Raramente", "A2": "Spesso"}  # the language of the cells
    assert table.columns["Q2[S1]"].labels == {"1": "No", "5": "Sì"}


def test_limesurvey_codes_out_of_order_are_said(tmp_path):
    answers = {"A1": "No", "A3": "Perhaps", "A2": "Yes"}
    rows = [{"qid": "1", "code": code, "answer": text, "sortorder": str(place), "language": "en", "scale_id": "0"}
            for place, (code, text) in enumerate(answers.items())]  # fmt: skip
    for codes, said in ((["A1", "A3", "A2"], True), (["A1", "A2", "A3"], False), (["A3", "A2", "A1"], False)):
        for row, code in zip(rows, codes, strict=True):
            row["code"] = code
        question = {"qid": "1", "parent_qid": "0", "type": "L", "title": "Q1", "question": "Well?", "language": "en"}
        tables = xml_table("answers", rows) + xml_table("questions", [question])
        path = tmp_path / "survey.lss"
        path.write_text(LSS.format(version=261, tables=tables), encoding="utf-8")
        table = read_table(text_file(tmp_path, [["id", "Q1"], ["1", "A1"]]), format="limesurvey", structure=path)
        assert any("do not follow the order of the options" in note for note in table.notes) == said


def test_limesurvey_without_structure(tmp_path):
    table = read_table(text_file(tmp_path, LIMESURVEY_BOTH))
    assert list(table.frame.columns) == ["Q1", "Q2[S1]", "Q2[S2]", "Q5[x]"]
    assert table.columns["Q2[S2]"].text == "I agree that [I ask]"
    assert table.columns["Q5[x]"].text == "Share"
    table = read_table(text_file(tmp_path, LIMESURVEY_TEXTS))
    assert list(table.frame.columns)[:4] == ["id", "submitdate", "lastpage", "startlanguage"]
    assert table.columns["I ask [when unsure]"].text == "I ask [when unsure]"


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]><document>&x;</document>',
        '<!DOCTYPE a SYSTEM "file:///etc/hostname"><document/>',
        '<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;">]><document>&b;</document>',
        "<document><questions>",
        "<html/>",
        "class\tname\n",
        "no table",
        '{"SurveyElements": []}',
    ],
)
def test_limesurvey_structure_that_is_none_or_an_attack_is_refused(tmp_path, content):
    path = tmp_path / "survey.lss"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(
        InputError,
        match=r"survey\.lss.*(is no LimeSurvey survey|XML defines a document type or entities|XML is not well-formed)",
    ):
        read_table(text_file(tmp_path, LIMESURVEY_CODES), structure=path)


def test_limesurvey_structure_of_another_survey_is_refused(tmp_path, structure):
    with pytest.raises(InputError, match="this LimeSurvey survey"):
        read_table(text_file(tmp_path, PLAIN_TABLES["items"]), format="limesurvey", structure=structure)


def test_a_companion_in_the_place_of_the_answers_is_refused(tmp_path, dictionary):
    message = "it describes the questions and holds no answers"
    for path in (tmp_path / "old.lss", tmp_path / "new.lss", qsf(tmp_path), dictionary):
        if path.suffix == ".lss":
            path.write_text(STRUCTURES[path.name](), encoding="utf-8")
        with pytest.raises(InputError, match=message):
            read_table(path)
    assert read_table(dictionary, format="csv").frame.shape == (5, 18)


# ------------------------------------------------------------------------------------------------- Qualtrics


def qsf(folder: Path) -> Path:
    scale = {str(number): {"Display": label} for number, label in enumerate(["Never", "<b>Often</b>", "Always"], 1)}
    questions = [
        {"QuestionID": "QID1", "DataExportTag": "Q1", "QuestionType": "MC", "Selector": "SAVR",
         "QuestionText": "How often?", "Choices": scale, "RecodeValues": {"1": "1", "2": "3", "3": "5"},
         "Language": {"IT": {"QuestionText": "Quanto <i>spesso</i>?"}}},
        {"QuestionID": "QID2", "DataExportTag": "Q2", "QuestionType": "MC", "Selector": "MAVR",
         "QuestionText": "Check all", "Choices": {"1": {"Display": "Listening"}, "4": {"Display": "None"}},
         "RecodeValues": {"1": "1", "4": "-1"},
         "Language": []},
        {"QuestionID": "QID3", "DataExportTag": "Q3", "QuestionType": "Matrix", "Selector": "Likert",
         "SubSelector": "SingleAnswer", "QuestionText": "Matrix",
         "Choices": [{"Display": "I wait"}, {"Display": "I ask"}], "Answers": [{"Display": "No"}, {"Display": "Yes"}]},
        {"QuestionID": "QID4", "DataExportTag": "Q4", "QuestionType": "TE", "Selector": "SL",
         "QuestionText": "Anything else?"},
        {"QuestionID": "QID5", "DataExportTag": "Q5", "QuestionType": "MC", "Selector": "MAVR",
         "QuestionText": "Pick some", "Choices": scale},
    ]  # fmt: skip
    path = folder / "survey.qsf"
    elements = [{"Element": "BL", "Payload": []}, *({"Element": "SQ", "Payload": entry} for entry in questions)]
    path.write_text(json.dumps({"SurveyEntry": {}, "SurveyElements": elements}), encoding="utf-8")
    return path


def test_qualtrics_with_its_survey(tmp_path):
    table = read_table(text_file(tmp_path, QUALTRICS), structure=qsf(tmp_path))
    assert list(table.frame.columns) == QUALTRICS[0]
    assert table.columns["Q1"].text == "How often?"
    assert table.columns["Q1"].texts == {"it": "Quanto spesso?"}
    assert table.columns["Q1"].labels == {"1": "Never", "3": "Often", "5": "Always"}
    assert table.columns["Q1"].missing == ("-99",)
    assert table.columns["Q1"].kind == "MC SAVR"
    assert table.columns["Q2_1"].labels == {"1": "Listening"}
    assert table.columns["Q2_-1"].labels == {"1": "None"}
    assert table.columns["Q3_2"].labels == {"1": "No", "2": "Yes"}
    assert table.columns["Q3_2"].missing == ("-99",)
    assert table.columns["Q4"].labels == {}
    assert table.columns["Q5"].labels == {"1": "Never", "2": "Often", "3": "Always"}
    assert table.columns["Status"].labels["1"] == "Survey preview"


def test_qualtrics_previews_and_spam_are_counted_and_kept(tmp_path):
    table = read_table(text_file(tmp_path, QUALTRICS))
    assert len(table.frame) == 3
    notes = "\n".join(table.notes)
    assert "by column 'Status' (Survey preview 1, Spam 1); test_answers of the source decides" in notes
    assert "several answers in one cell, joined by ',': 'Q5'" in notes
    assert table.columns["Q1"].missing == ()  # without the survey nobody knows that -99 is no value
    worded = [[cell.replace("0", "IP Address") if number > 2 and place == 2 else cell for place, cell in enumerate(row)]
              for number, row in enumerate(QUALTRICS)]  # fmt: skip
    worded[4][2], worded[5][2] = "Survey Preview", "IP Address"
    assert any("(Survey preview 1)" in note for note in read_table(text_file(tmp_path, worded)).notes)


def test_qualtrics_legacy_names(tmp_path):
    table = read_table(text_file(tmp_path, QUALTRICS_LEGACY), structure=qsf(tmp_path))
    assert list(table.frame.columns)[:3] == ["ResponseID", "ResponseSet", "Name"]
    assert list(table.frame.columns)[-2:] == ["Q1", "LocationLatitude"]
    assert table.columns["Q1"].labels["5"] == "Always"
    assert table.rows.tolist() == [3]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"SurveyElements": [{"Element": "SQ", "Payload": {}}]}', "\xff", "[" * 100_000]
)
def test_qualtrics_survey_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "survey.qsf"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=r"survey\.qsf.*the structure file is no Qualtrics survey"):
        read_table(text_file(tmp_path, QUALTRICS), structure=path)


# --------------------------------------------------------------------------------------------------- REDCap

DICTIONARY = """"Variable / Field Name","Form Name","Section Header","Field Type","Field Label","Choices, Calculations, OR Slider Labels","Field Note","Text Validation Type OR Show Slider Number","Text Validation Min","Text Validation Max",Identifier?,"Branching Logic (Show field only if...)","Required Field?","Custom Alignment","Question Number (surveys only)","Matrix Group Name","Matrix Ranking?","Field Annotation"
record_id,tool,,text,"Record ID",,,,,,,,,,,,,
often,tool,,radio,"<b>How often?</b>","4, Often, or nearly|5, Always",,,,,,,,,,,,
tools,tool,,checkbox,"Which tools?","A, Pen | 2, Paper",,,,,,,,,,,,
since,tool,,text,"Since when?",,,date_ymd,,,,,,,,,,
why,tool,,notes,"Why?",,,,,,y,"[often] = '5'",,,,,,
"""  # noqa: E501


@pytest.fixture
def dictionary(tmp_path) -> Path:
    path = tmp_path / "dictionary.csv"
    path.write_text(DICTIONARY, encoding="utf-8")
    return path


def test_redcap_with_its_dictionary(tmp_path, dictionary):
    table = read_table(text_file(tmp_path, REDCAP), structure=dictionary)
    assert list(table.frame.columns) == REDCAP[0]
    assert table.columns["often"].text == "How often?"
    assert table.columns["often"].labels == {"4": "Often, or nearly", "5": "Always"}
    assert table.columns["tools___a"].text == "Which tools? [Pen]"
    assert table.columns["tools___2"].labels == {"1": "Checked", "0": "Unchecked"}
    assert table.columns["tool_complete"].labels["2"] == "Complete"
    notes = "\n".join(table.notes)
    assert "events in 'redcap_event_name': start_arm_1 (1), end_arm_1 (2)" in notes
    assert "repeated instruments in 'redcap_repeat_instrument': visit (1)" in notes
    assert "branching logic), so empty is not refused: 'why'" in notes
    assert "not in the data dictionary" not in notes


def test_redcap_labels_become_fields_with_the_dictionary(tmp_path, dictionary):
    rows = [[*REDCAP_LABELS[0], "Extra"], [*REDCAP_LABELS[1], ""]]
    table = read_table(text_file(tmp_path, rows), structure=dictionary)
    assert list(table.frame.columns) == ["record_id", "often", "tools___a", "tools___2", "why", "Complete?", "Extra"]
    assert any("not in the data dictionary: 'Complete?', 'Extra'" in note for note in table.notes)


def test_redcap_metadata_of_the_api(tmp_path):
    path = tmp_path / "metadata.csv"
    path.write_text(
        "field_name,form_name,field_type,field_label,select_choices_or_calculations\noften,t,yesno,Often?,\n"
    )
    table = read_table(text_file(tmp_path, REDCAP), structure=path)
    assert table.columns["often"].labels == {"1": "Yes", "0": "No"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", r"no REDCap data dictionary.*no column field_label"),
        (DICTIONARY + 'often,tool,,text,"Again",,,,,,,,,,,,,\n', r"row 7: .*names a field twice.*often"),
        (DICTIONARY.replace("often", "x1").replace("record_id", "x2").replace("why", "x3").replace("tools", "x4"),
         r"not look like an export of this REDCap project"),
    ],
)  # fmt: skip
def test_redcap_dictionary_that_does_not_fit_is_refused(tmp_path, content, message):
    path = tmp_path / "dictionary.csv"
    path.write_text(content, encoding="utf-8")
    rows = [["often", "why"], ["4", "x"]]
    with pytest.raises(InputError, match=message):
        read_table(text_file(tmp_path, rows), format="redcap", structure=path)


# -------------------------------------------------------------------------------------------------- EUSurvey


def test_eusurvey_with_ids(tmp_path):
    table = read_table(workbook(tmp_path, {"Content": EUSURVEY}))
    assert list(table.frame.columns) == ["ID1", "ID2", "ID3", "ID4", "r1:c1", "Contribution Id", "Languages"]
    assert table.header_row == 4
    assert table.rows.tolist() == [5, 6, 7]
    assert table.columns["ID2"].text == "Skills: I ask"
    assert table.columns["ID1"].labels == {"Often (a4)": "Often", "Rarely (a2)": "Rarely"}
    assert table.columns["ID3"].labels == {"Pen (t1)": "Pen", "Paper; lined (t2)": "Paper; lined"}
    assert table.columns["ID4"].labels == {}  # free text
    assert table.columns["r1:c1"].text == "Time 1: Day"
    assert any("several answers in one cell, joined by ';': 'ID3'" in note for note in table.notes)


def test_eusurvey_without_ids(tmp_path):
    rows = [
        *EUSURVEY[:3],
        ["How often?", "Skills: I ask (all)", "Why?", "Last Update"],
        ["Often", "Agree", "x", "2026-03-01"],
    ]
    table = read_table(workbook(tmp_path, {"Content": rows}))
    assert list(table.frame.columns) == ["How often?", "Skills: I ask (all)", "Why?", "Last Update"]
    assert table.columns["Last Update"].kind == "system"


def test_eusurvey_free_text_in_brackets_is_no_label(tmp_path):
    rows = [
        *EUSURVEY[:3],
        ["Who? (ID1)", "How often? (ID2)"],
        ["Anna (Milan)", "Often (a4)"],
        ["Eva (Turku)", "Often (a4)"],
    ]
    table = read_table(workbook(tmp_path, {"Content": rows}))
    assert table.columns["ID1"].labels == {}
    assert table.columns["ID2"].labels == {"Often (a4)": "Often"}


def test_eusurvey_joins_its_sheets(tmp_path):
    first = [*EUSURVEY[:3], ["Often? (A)", "Ask? (B)"], ["Yes (y)", ""], ["No (n)", "Yes (y)"]]
    second = [*EUSURVEY[:3], ["Why? (C)"], [None], ["because"]]
    table = read_table(workbook(tmp_path, {"Content": first, "Content1": second}))
    assert table.frame.to_dict("list") == {"A": ["Yes (y)", "No (n)"], "B": ["", "Yes (y)"], "C": ["", "because"]}
    assert "the columns of 2 sheets were joined row by row" in table.notes
    with pytest.raises(InputError, match=r"row 7: sheet 'Content1' has rows that sheet 'Content' has not"):
        read_table(workbook(tmp_path, {"Content": first, "Content1": [*second, ["one more"]]}))


# --------------------------------------------------------------------------- platforms that write texts alone


def test_microsoft_forms(tmp_path):
    table = read_table(workbook(tmp_path, {"Sheet1": MICROSOFT}))
    assert list(table.frame.columns)[5:] == ["I listen well", "Which tools?", "Points - Which tools?"]
    assert table.frame["Start time"].tolist() == ["2026-03-01T10:00:00", "2026-03-01T11:00:00"]
    assert table.columns["Email"].kind == "system"
    assert table.columns["Points - Which tools?"].kind == "quiz"
    assert any("several answers in one cell, joined by ';': 'Which tools?'" in note for note in table.notes)


@pytest.mark.parametrize(
    "header",
    [
        ["ID", "Heure de début", "Heure de fin", "Adresse de messagerie", "Nom"],
        ["ID", "Begintijd", "Tijd van voltooien", "E-mail", "Naam"],
        ["Id", "Ξεκίνησε", "Ολοκληρώθηκε", "Email", "Όνομα"],  # not known by its words, but by its cells
    ],
)
def test_microsoft_forms_in_other_languages(tmp_path, header):
    table = read_table(workbook(tmp_path, {"Sheet1": [[*header, *MICROSOFT[0][5:]], *MICROSOFT[1:]]}))
    assert table.format == "microsoft_forms"
    assert table.columns[header[1]].kind == "system"


def test_google_forms(tmp_path):
    table = read_table(text_file(tmp_path, GOOGLE))
    assert table.columns["Rate these [I wait]"].kind == "grid"
    assert table.frame["Which tools do you use?"].tolist() == ["Pen;Paper", "Paper", "Pen;Board;Paper"]
    assert table.notes == ("several answers in one cell, joined by ';': 'Which tools do you use?'",)
    for stamp in ("Zeitstempel", "Informazioni cronologiche", "Sygnatura czasowa"):
        rows = [[stamp, *GOOGLE[0][1:]], ["01.03.2026 10:00:00", *GOOGLE[1][1:]]]
        assert read_table(text_file(tmp_path, rows)).format == "google_forms"
    rows[0][0] = "Χρονική σήμανση"  # a word that is not known: dates with time are enough when the format is declared
    assert find_reader(text_file(tmp_path, rows)).name == "text table"
    assert read_table(text_file(tmp_path, rows), format="google_forms").columns["Χρονική σήμανση"].kind == "system"


def test_surveymonkey(tmp_path):
    table = read_table(text_file(tmp_path, SURVEYMONKEY))
    assert list(table.frame.columns) == [
        "RespondentID", "CollectorID", "How often?", "Which tools? [Pen]", "Which tools? [Paper]", "Rate these [I ask]",
        "Rate these [I wait]", "Why?",
    ]  # fmt: skip
    assert table.columns["Which tools? [Paper]"].kind == "checkbox"
    assert table.columns["Rate these [I wait]"].kind == ""
    assert table.rows.tolist() == [3, 4]
    alone = read_table(text_file(tmp_path, [["Respondent ID", "How often?"], ["11", "Often"]]))
    assert alone.format == "surveymonkey"
    assert alone.frame.shape == (1, 2)


def test_alchemer(tmp_path):
    table = read_table(text_file(tmp_path, ALCHEMER))
    assert list(table.frame.columns) == ALCHEMER[0]
    assert table.columns["Need #2:What do you need?"].text == "What do you need? [Need #2]"
    assert table.columns["Choose all: words"].text == "Choose all: words"
    assert table.notes == (
        "rows that are not complete by column 'Status': Partial 1",
        "several answers in one cell, joined by ';': 'Choose all: words'",
    )


def test_jisc(tmp_path):
    table = read_table(workbook(tmp_path, {"Sheet 1": JISC}))
    assert list(table.frame.columns) == JISC[0]
    assert table.columns["1.1.a. Why?"].text == "Why?"
    assert table.columns["1. Skills"].kind == "heading"
    assert "several answers in one cell, joined by ',': '2. Which tools?'" in table.notes


# ------------------------------------------------------------------------------------------- damaged companions


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return the file with some bytes changed, cut out, repeated or put in."""
    signs = [b'"', b",", b"\n", b"\x00", b"\t", b"<", b"&", b"[]", b"{}", b"null", b"-1", b"___", b"\xff"]
    for _ in range(rng.randint(1, 6)):
        if not content:
            break
        start = rng.randrange(len(content))
        end = start + rng.randint(1, 60)
        kind = rng.randrange(4)
        middle = (bytes([rng.randrange(256)]), b"", 2 * content[start:end], rng.choice(signs))[kind]
        content = content[:start] + middle + content[start if kind == 3 else end :]
    return content


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_companion_is_read_or_refused_and_no_row_is_lost(tmp_path, dictionary, seed):
    rng = random.Random(seed)
    exports = {"limesurvey": LIMESURVEY_CODES, "qualtrics": QUALTRICS, "redcap": REDCAP}
    companions = {
        "limesurvey": [(name, make().encode()) for name, make in STRUCTURES.items()],
        "qualtrics": [("survey.qsf", qsf(tmp_path).read_bytes())],
        "redcap": [("dictionary.csv", dictionary.read_bytes())],
    }
    for format, rows in exports.items():
        path = text_file(tmp_path, rows, f"{format}.csv")
        n_records = read_table(path).n_records
        for name, content in companions[format]:
            (tmp_path / name).write_bytes(damaged(content, rng))
            try:
                table = read_table(path, structure=tmp_path / name)
            except InputError:
                continue
            assert table.n_records == n_records
