"""Exports of ODK Central and KoboToolbox with their XLSForm. The files are built here after the documented layouts."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from ktss_analysis.core import InputError
from ktss_analysis.readers import read_table
from ktss_analysis.readers.xlsform import language_of, read_form

SURVEY = [
    ["type", "name", "label::English (en)", "label::Polski (pl)", "hint::English (en)"],
    ["start", "start", "", "", ""],
    ["begin_group", "tool", "Your skills", "", ""],
    ["select_one agree", "S01-1", "I listen.", "Słucham.", "h"],
    ["begin group", "inner", "", "", ""],
    ["select_multiple tools or_other", "used", "Tools used", "Narzędzia", ""],
    ["end group", "", "", "", ""],
    ["end_group", "", "", "", ""],
    ["integer", "years", "Years", "Lata", ""],
    ["note", "bye", "Thanks", "", ""],
    ["text", "why", "Why?", "", ""],
]
CHOICES = [
    ["list_name", "name", "label::English (en)", "label::Polski (pl)"],
    ["agree", "1", "never", "nigdy"], ["agree", "5", "always", "zawsze"],
    ["tools", "mail", "E-mail", "Poczta"], ["tools", "chat", "Chat", ""],
]  # fmt: skip
KOBO = (
    '"start";"tool/S01-1";"tool/inner/used";"tool/inner/used/mail";"tool/inner/used/chat";"years";"_id";"_uuid";'
    '"_submission_time"\n"2024-01-01T10:00:00";"5";"mail chat";"1";"1";"7";"11";"u1";"2024-01-01T10:05:00"\n'
    '"2024-01-02T10:00:00";"1";"mail";"1";"0";"3";"12";"u2";"2024-01-02T10:05:00"\n'
)
CENTRAL = (
    "SubmissionDate,start,tool-S01-1,tool-inner-used,tool-inner-used/mail,years,meta-instanceID,KEY,SubmitterID\n"
    "2024-01-01T10:00:00.000Z,x,5,mail chat,1,7,uuid:1,uuid:1,3\n"
)


def form(folder: Path, survey: list[list[str]] = SURVEY, language: str = "Polski (pl)") -> Path:
    book = openpyxl.Workbook()
    for title, rows in (
        ("survey", survey), ("choices", CHOICES), ("settings", [["form_id", "default_language"], ["f", language]]),
    ):  # fmt: skip
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.remove(book.worksheets[0])
    book.save(folder / "form.xlsx")
    book.close()
    return folder / "form.xlsx"


def export(folder: Path, text: str, name: str = "raw.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_kobo_export_without_the_form(tmp_path):
    table = read_table(export(tmp_path, KOBO))
    assert (table.format, table.separator, table.header_row, table.rows.tolist()) == ("odk", ";", 1, [2, 3])
    assert list(table.frame.columns) == [
        "start", "S01-1", "used", "used/mail", "used/chat", "years", "_id", "_uuid", "_submission_time",
    ]  # fmt: skip
    assert table.columns["_uuid"].kind == "system"
    assert "several answers in one cell, joined by ' ': 'used'" in table.notes


@pytest.mark.parametrize(("text", "language"), [(KOBO, "Polski (pl)"), (CENTRAL, "English (en)")])
def test_the_form_gives_names_texts_labels_and_types(tmp_path, text, language):
    table = read_table(export(tmp_path, text), structure=form(tmp_path, language=language))
    polish = language.startswith("P")
    assert {"S01-1", "used", "used/mail", "years"} <= set(table.frame.columns)
    item = table.columns["S01-1"]
    assert item.text == ("Słucham." if polish else "I listen.")
    assert item.texts == {"en": "I listen.", "pl": "Słucham."}
    assert item.labels == ({"1": "nigdy", "5": "zawsze"} if polish else {"1": "never", "5": "always"})
    assert (item.kind, table.columns["used"].kind, table.columns["years"].kind) == (
        "select_one", "select_multiple", "integer",
    )  # fmt: skip
    assert table.columns["used/mail"].text == ("Narzędzia [Poczta]" if polish else "Tools used [E-mail]")
    assert table.columns["used"].labels == {}, "a cell of several answers is no single label"
    assert "questions of the form without a column: 'why'" in table.notes
    assert any("joined by ' ': 'used'" in note for note in table.notes)


def test_texts_as_headers_become_names(tmp_path):
    text = KOBO.replace("tool/S01-1", "I listen.").replace("tool/inner/used/mail", "Tools used/E-mail")
    text = text.replace("tool/inner/used/chat", "Tools used/Chat").replace("tool/inner/used", "Tools used")
    table = read_table(export(tmp_path, text), structure=form(tmp_path))
    assert list(table.frame.columns)[1:5] == ["S01-1", "used", "used/mail", "used/chat"]


def test_central_without_the_form_keeps_its_groups_and_says_so(tmp_path):
    table = read_table(export(tmp_path, CENTRAL))
    assert list(table.frame.columns)[2:5] == ["tool-S01-1", "tool-inner-used", "tool-inner-used/mail"]
    assert any("give the form as 'structure'" in note for note in table.notes)


def test_names_that_would_meet_keep_their_groups(tmp_path):
    text = "a/x,b/x,c/y,_id,_uuid,_submission_time\n1,2,3,4,5,6\n"
    assert list(read_table(export(tmp_path, text)).frame.columns)[:3] == ["a/x", "b/x", "y"]
    survey = [["type", "name", "label"], ["begin_group", "a", ""], ["integer", "x", "X"], ["end_group", "", ""],
              ["begin_group", "b", ""], ["integer", "x", "X"], ["end_group", "", ""]]  # fmt: skip
    table = read_table(export(tmp_path, text), structure=form(tmp_path, survey))
    assert list(table.frame.columns)[:2] == ["a/x", "b/x"]
    assert table.columns["a/x"].text == "X"


def test_a_workbook_export(tmp_path):
    book = openpyxl.Workbook()
    for line in KOBO.replace('"', "").splitlines():
        book.active.append(line.split(";"))
    book.create_sheet("repeat").append(["name", "_parent_index"])
    book.save(tmp_path / "raw.xlsx")
    book.close()
    table = read_table(tmp_path / "raw.xlsx")
    assert (table.format, list(table.frame.columns)[1]) == ("odk", "S01-1")


def test_other_tables_and_companions_are_refused(tmp_path):
    for text in ("_id,_uuid\n1,2\n", "KEY,a\n1,2\n", "a/b,c\n1,2\n"):
        assert read_table(export(tmp_path, text)).format == "csv"
    with pytest.raises(InputError, match="does not look like an export of ODK Central or KoboToolbox"):
        read_table(export(tmp_path, "a,b\n1,2\n"), format="odk")
    other = openpyxl.Workbook()
    other.active.append(["type", "name"])
    other.save(tmp_path / "other.xlsx")
    other.close()
    with pytest.raises(InputError, match=r"other\.xlsx: the form has no sheet 'survey'"):
        read_table(export(tmp_path, KOBO), structure=tmp_path / "other.xlsx")


@pytest.mark.parametrize(
    ("text", "tag"),
    [("English (en)", "en"), ("en", "en"), ("Português (pt-BR)", "pt-BR"), ("Polski", "Polski"), ("", "")],
)
def test_languages_of_a_form(text, tag):
    assert language_of(text) == tag


def test_groups_and_types_of_a_form(tmp_path):
    questions = {question.name: question for question in read_form(form(tmp_path)).questions}
    assert questions["used"].groups == ("tool", "inner")
    assert questions["years"].groups == ()
    assert set(questions["used"].choices) == {"mail", "chat"}
    assert questions["why"].texts == {"en": "Why?"}


def test_the_form_in_the_place_of_the_answers_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"form\.xlsx: the file is an XLSForm: .*name this one as its 'structure'"):
        read_table(form(tmp_path))
    book = openpyxl.Workbook()
    for row in (["type", "name", "label"], ["manager", "Ann", "x"]):
        book.active.append(row)
    book.save(tmp_path / "plain.xlsx")
    book.close()
    assert read_table(tmp_path / "plain.xlsx").format == "xlsx"
