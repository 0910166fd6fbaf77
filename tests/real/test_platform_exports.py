"""Real exports of survey platforms: recognised, no row lost, and the same cells as an independent reading.

The independent reading is csv of the standard library (or openpyxl for workbooks), with the header rows counted by
hand. Every folder of real exports stands in the table of docs/formats.md, which a test here holds to the files.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from format_page import assert_page_is_true, verdict

from ktss_analysis.core import InputError
from ktss_analysis.intake import Clean, clean_sources
from ktss_analysis.readers import read_table
from ktss_analysis.study import load_study

FOLDERS = ("export-*", "likert-labels", "questionr-*", "limesurvey-structure-files", "delphi-enlight-3rounds")
QUALTRICS = "export-qualtrics-tools"
REDCAP = "export-redcap-redcapr"


def lines(path: Path, encoding: str = "utf-8-sig") -> list[list[str]]:
    """Read a comma-separated file; blanks behind a separator are no part of the cell, as in the readers."""
    with path.open(encoding=encoding, newline="") as stream:
        return [record for record in csv.reader(stream) if record]


def sheet(path: Path) -> list[list[Any]]:
    book = openpyxl.load_workbook(path, read_only=True)
    rows = [list(row) for row in book.active.iter_rows(values_only=True)]
    book.close()
    return rows


@pytest.fixture
def data(shared: Path) -> Path:
    return shared / "data"


def real_files(data: Path) -> list[Path]:
    folders = [folder for pattern in FOLDERS for folder in sorted(data.glob(pattern))]
    no_data = ("README", "reference_", "LICENSE")
    return [path for folder in folders for path in sorted(folder.iterdir()) if not path.name.startswith(no_data)]


def test_the_page_says_the_truth_about_every_real_file(data: Path) -> None:
    files = real_files(data)
    assert len(files) >= 60
    assert_page_is_true(data, files)


def test_plain_tables_among_the_exports_lose_no_row(data: Path) -> None:
    plain = [path for path in real_files(data) if verdict(path).startswith("csv: ")]
    assert len(plain) >= 14
    for path in plain:
        mark = ";" if path.parent.name == "export-surveygizmo-jupyter2015" else ","
        with path.open(encoding="utf-8-sig", newline="") as stream:
            n_rows = sum(1 for record in csv.reader(stream, delimiter=mark) if record) - 1
        assert f"csv: {n_rows} rows" in verdict(path), path.name


# ------------------------------------------------------------------------------------------------- Qualtrics

QUALTRICS_HEADERS = {
    "Better_Sample_Survey__Better_Sample_Survey.csv": 3,
    "Comment_Coding__Test_Survey_for_Coded_Comments.csv": 3,
    "Many_Different_Question_Types__Sample_Survey.csv": 2,
    "Many_Different_Question_Types__Sample_Survey_(Insights).csv": 3,
    "No_Basis_for_Evaluation__No_Basis_for_Evaluation_(Insights).csv": 3,
    "No_Basis_for_Evaluation__No_Basis_for_Evaluation_(Legacy).csv": 2,
    "Single_Answer_Matrix_Questions__Single_Answer_Matrix_Questions.csv": 2,
    "Single_Answer_Matrix_Questions__Single_Answer_Matrix_Questions_(Insights).csv": 3,
    "Text_Entry_Components__Questions_with_Text_Entry_Components.csv": 3,
    "User_Notes_Survey__Notes_Survey.csv": 3,
}


@pytest.mark.parametrize("name", QUALTRICS_HEADERS)
def test_qualtrics_cells_are_those_of_the_file(data: Path, name: str) -> None:
    path = data / QUALTRICS / name
    table = read_table(path)
    expected = lines(path)
    body = expected[QUALTRICS_HEADERS[name] :]
    width = table.frame.shape[1]
    assert table.format == "qualtrics"
    assert table.frame.to_numpy().tolist() == [row[:width] for row in body]
    assert not any(cell for row in body for cell in row[width:])  # the nameless last column of a legacy export
    assert path.read_bytes().decode("utf-8-sig").splitlines()[table.rows[0] - 1].startswith(body[0][0])


def test_qualtrics_layouts_of_one_survey_agree(data: Path) -> None:
    stem = "No_Basis_for_Evaluation__No_Basis_for_Evaluation"
    structure = data / QUALTRICS / f"{stem}.qsf"
    new = read_table(data / QUALTRICS / f"{stem}_(Insights).csv", structure=structure)
    old = read_table(data / QUALTRICS / f"{stem}_(Legacy).csv", structure=structure)
    assert new.frame["ResponseID"].tolist() == old.frame["ResponseID"].tolist()
    for name in ("Q1", "Q3_1", "Q3_4", "Q4_2"):
        assert new.frame[name].tolist() == old.frame[name].tolist()
        assert new.columns[name].labels == old.columns[name].labels
    assert new.columns["Q1"].labels == {"1": "Great", "2": "In the middle", "3": "Awful", "-1": "No opinion"}
    assert new.columns["Q4_2"].labels["-2"] == "Never tried it"
    assert new.columns["Q4_2"].text == "Indicate how you feel about the following vegetables-Cucumbers"
    assert new.columns["Q2_-2"].labels == {"1": "I've never had squash"}
    assert any("Survey test 15" in note for note in new.notes)


def test_qualtrics_labels_cover_the_codes_of_the_file(data: Path) -> None:
    """Each cell of a question with value labels is one of its codes, but for those the survey forgot."""
    for stem in (
        "Better_Sample_Survey__Better_Sample_Survey",
        "No_Basis_for_Evaluation__No_Basis_for_Evaluation",
        "Single_Answer_Matrix_Questions__Single_Answer_Matrix_Questions",
    ):
        path = next((data / QUALTRICS).glob(f"{stem}*Insights*.csv"), data / QUALTRICS / f"{stem}.csv")
        table = read_table(path, structure=data / QUALTRICS / f"{stem}.qsf")
        labelled = [name for name, info in table.columns.items() if info.labels and info.kind != "system"]
        assert len(labelled) >= 15
        for name in labelled:
            cells = set(table.frame[name]) - {""}
            assert cells <= set(table.columns[name].labels), name


def test_qualtrics_in_german_and_legacy(data: Path) -> None:
    table = read_table(data / "export-qualtrics-qualtRics" / "sample.csv")
    assert table.columns["StartDate"].text == "Anfangsdatum"
    assert table.frame["ResponseId"].tolist() == ["R_2YPOQ602ER1jkf1"]
    assert table.frame["Q2"].tolist() == ["Hello World!"]
    legacy = read_table(data / "export-qualtrics-qualtRics" / "sample_legacy.csv")
    assert legacy.frame["ResponseID"].tolist() == ["R_2YPOQ602ER1jkf1"]
    assert legacy.columns["Q2"].text == "This is a free text question."


# ------------------------------------------------------------------------------------------------ LimeSurvey


def test_limesurvey_with_the_survey_file(data: Path) -> None:
    folder = data / "export-limesurvey-rse2017"
    path = folder / "rse2017_uk_public_data.csv"
    table = read_table(path, structure=folder / "uk_core_survey.lss")
    expected = lines(path, "utf-8")
    assert table.format == "limesurvey"
    assert table.frame.to_numpy().tolist() == expected[1:]
    assert len(table.frame) == 253
    assert "likertagree2[affSat1]" in table.frame.columns
    info = table.columns["likertagree2[affSat1]"]
    assert info.text.startswith("Please rate the following propositions.")
    assert info.text.endswith("[I find real enjoyment in my job]")
    # the labels in the cells stand in the survey file, but for one that was worded anew before the survey opened
    unknown = set(table.frame["likertagree2[affSat1]"]) - {""} - set(info.labels.values())
    assert unknown == {"Neither agree or disagree"}
    # the labels of a column against the survey file read in another way
    root = ElementTree.parse(folder / "uk_core_survey.lss").getroot()
    questions = {row.findtext("title"): row.findtext("qid") for row in root.findall("questions/rows/row")}
    answers = [row for row in root.findall("answers/rows/row") if row.findtext("qid") == questions["edu1"]]
    answers.sort(key=lambda row: int(row.findtext("sortorder") or 0))
    wanted = [(row.findtext("code"), " ".join((row.findtext("answer") or "").split())) for row in answers]
    assert list(table.columns["edu1"].labels.items()) == wanted
    assert len(wanted) >= 5
    assert any(note.startswith("not in the structure file: ") for note in table.notes)  # the file came later


@pytest.mark.parametrize(
    ("name", "code", "texts"),
    [
        ("blank-survey.lss", "Q00", {"en": "this is an example question"}),
        ("survey-one-question-two-languages.lss", "Q1", {"en": "", "et": ""}),
    ],
)
def test_limesurvey_files_of_version_six(
    data: Path, tmp_path: Path, name: str, code: str, texts: dict[str, str]
) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(
        f"id,submitdate,lastpage,startlanguage,{code}\n1,2026-03-01 10:00:00,1,en,hello\n", encoding="utf-8"
    )
    info = read_table(path, structure=data / "limesurvey-structure-files" / name).columns[code]
    assert info.texts == texts
    assert info.kind == "T"


# ------------------------------------------------------------------------------------------------------ REDCap


@pytest.mark.parametrize(
    ("name", "n_rows"),
    [
        ("blank-for-gray-status", 6), ("checkboxes-1", 4), ("clinical-trial-1", 500), ("dag", 3),
        ("longitudinal", 18), ("nonnumeric-record-id", 3), ("repeating-instruments-sparse", 9),
        ("simple", 5), ("survey", 2), ("validation-types-1", 1),
    ],
)  # fmt: skip
def test_redcap_with_its_dictionary(data: Path, name: str, n_rows: int) -> None:
    path = data / REDCAP / f"{name}__data.csv"
    table = read_table(path, structure=data / REDCAP / f"{name}__dictionary.csv")
    expected = lines(path)
    assert table.format == "redcap"
    assert list(table.frame.columns) == expected[0]
    assert table.frame.to_numpy().tolist() == expected[1:]
    assert len(table.frame) == n_rows
    assert not any(note.startswith("not in the data dictionary") for note in table.notes)
    fields = lines(data / REDCAP / f"{name}__dictionary.csv")[1:]
    for field in fields:
        if field[3] in ("radio", "dropdown") and field[0] in table.columns:
            assert len(table.columns[field[0]].labels) == field[5].count("|") + 1
        if field[0] in table.frame.columns:
            assert table.columns[field[0]].text.split() == re.sub(r"<[^>]+>", " ", field[4]).split()


def test_redcap_events_instruments_and_boxes(data: Path) -> None:
    table = read_table(
        data / REDCAP / "longitudinal__data.csv", structure=data / REDCAP / "longitudinal__dictionary.csv"
    )
    assert table.columns["gym___0"].text == "Gym (Weight Training) [Monday]"
    assert table.columns["race"].labels["1"] == "Asian"
    notes = "\n".join(table.notes)
    assert "enrollment_arm_1 (2)" in notes
    assert "branching logic), so empty is not refused: 'given_birth', 'num_children'" in notes
    repeated = read_table(data / REDCAP / "repeating-instruments-sparse__data.csv")
    assert "a person has several rows; repeated instruments in 'redcap_repeat_instrument': bp (4)" in repeated.notes


# ------------------------------------------------------------------- platforms that write question texts alone


def test_google_forms(data: Path) -> None:
    path = data / "export-googleforms-dask" / "2019-user-survey-results.csv"
    table = read_table(path)
    expected = lines(path)
    assert table.format == "google_forms"
    assert table.frame.to_numpy().tolist() == expected[1:]
    assert len(table.frame) == 259
    grids = [name for name, info in table.columns.items() if info.kind == "grid"]
    assert len(grids) == 10
    assert table.columns[grids[4]].text == "What common feature requests do you care about most? [Improve Scaling]"
    [note] = [note for note in table.notes if "joined by ';'" in note]
    for name in ("Dask APIs", "Local machine or Cluster?", "Preferred Cloud?"):
        assert repr(name) in note
    assert not any("How often do you use Dask?" in note for note in table.notes)


def test_surveymonkey_two_header_rows(data: Path) -> None:
    path = data / "export-surveymonkey-538" / "star-wars-survey__StarWars.csv"
    table = read_table(path)
    expected = lines(path, "latin-1")
    assert table.format == "surveymonkey"
    assert len(table.frame) == len(expected) - 2 == 1186
    assert table.rows[0] == 3
    assert table.frame["RespondentID"].tolist() == [row[0] for row in expected[2:]]
    assert table.frame["Gender"].tolist() == [row[33] for row in expected[2:]]
    view = (
        "Please state whether you view the following characters favorably, unfavorably, or are unfamiliar with "
        "him/her. [Jar Jar Binks]"
    )
    assert table.frame[view].tolist() == [row[26] for row in expected[2:]]
    boxes = [name for name, info in table.columns.items() if info.kind == "checkbox"]
    assert len(boxes) == 6
    assert all(name.startswith("Which of the following Star Wars films have you seen?") for name in boxes)
    assert "Have you seen any of the 6 films in the Star Wars franchise?" in table.frame.columns


def test_surveymonkey_other_files(data: Path) -> None:
    steak = read_table(data / "export-surveymonkey-538" / "steak-survey__steak-risk-survey.csv")
    assert len(steak.frame) == len(lines(data / "export-surveymonkey-538" / "steak-survey__steak-risk-survey.csv")) - 2
    assert not any("<br>" in info.text for info in steak.columns.values())
    comma = read_table(data / "export-surveymonkey-538" / "comma-survey__comma-survey.csv")
    assert comma.rows[0] == 2  # the authors took the second row of headers away
    assert len(comma.frame) == 1129


def test_alchemer(data: Path) -> None:
    path = data / "export-surveygizmo-jupyter2015" / "20160115235816-SurveyExport.csv"
    table = read_table(path)
    expected = lines(path)
    assert table.format == "alchemer"
    assert table.frame.to_numpy().tolist() == expected[1:]
    assert len(table.frame) == 1706
    status = [row[2] for row in expected[1:]]
    assert f"rows that are not complete by column 'Status': Partial {status.count('Partial')}" in table.notes
    info = table.columns[" ".join(expected[0][11].split())]
    assert info.text == "What needs in your workflow does Jupyter Notebook address? [Workflow Need #1]"
    assert any("'Select all the words that best describe Jupyter Notebook.'" in note for note in table.notes)


@pytest.mark.parametrize(("stem", "n_rows"), [("round1", 65), ("round2", 63), ("round4", 60)])
def test_jisc(data: Path, stem: str, n_rows: int) -> None:
    path = next((data / "delphi-enlight-3rounds").glob(f"{stem}_*.xlsx"))
    table = read_table(path)
    expected = sheet(path)
    assert table.format == "jisc"
    assert len(table.frame) == len(expected) - 1 == n_rows
    assert list(table.frame.columns) == [" ".join(str(cell).split()) for cell in expected[0]]
    for place in (0, len(expected[0]) // 2, len(expected[0]) - 1):
        wanted = ["" if row[place] is None else str(row[place]) for row in expected[1:]]
        assert table.frame.iloc[:, place].tolist() == wanted
    assert not any(re.match(r"\d+\.", info.text) for info in table.columns.values())
    assert sum(1 for info in table.columns.values() if info.text) > 0.9 * len(expected[0])


def test_jisc_lists(data: Path) -> None:
    path = next((data / "delphi-enlight-3rounds").glob("round2_*.xlsx"))
    table = read_table(path)
    [note] = [note for note in table.notes if "joined by ','" in note]
    assert "2.1.a. A.1. Timeline of experiment" in note
    several = [row[3] for row in sheet(path)[1:] if row[3] and set(row[3].split(",")) > {"Text"}]
    assert several
    assert table.frame.iloc[:, 3].isin(several).sum() == len(several)


# ---------------------------------------------------------------------------- through cleaning, labels and all

STUDY = """
id: platform-exports
title: Exports of platforms
framework: framework.yaml
rules: {rules}
data_dir: {data}
languages: [en]
sources:
  - name: source
    activity: tool_review
    files: ["{file}"]
    structure: "{structure}"
{source}
    blocks:
{blocks}
"""
FRAMEWORK = """
id: platform-exports
version: 1.0.0
status: pilot
title: {en: Platform exports}
languages: [en]
skills: [{id: S, name: {en: A skill}}]
"""


@pytest.fixture
def clean(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Clean]:
    monkeypatch.setenv("KTSS_PSEUDONYM_KEY", "a key for tests of real files only")

    def run(folder: Path, file: str, structure: str, source: str, blocks: list[str]) -> Clean:
        (tmp_path / "framework.yaml").write_text(FRAMEWORK, encoding="utf-8")
        text = STUDY.format(
            rules=(repo / "params" / "rules.yaml").as_posix(), data=folder.as_posix(), file=file,
            structure=structure, source=source, blocks="\n".join(f"      - {block}" for block in blocks),
        )  # fmt: skip
        (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
        return clean_sources(load_study(tmp_path / "study.yaml"))

    return run


def test_limesurvey_labels_become_the_numbers_of_their_codes(data: Path, clean: Callable[..., Clean]) -> None:
    folder, file = data / "export-limesurvey-rse2017", "rse2017_uk_public_data.csv"
    pattern = "likertagree1[{target}]"
    block = f"{{table: ratings, columns: '{pattern}', target_type: question, aspect: agreement, labels: file}}"
    result = clean(folder, file, "uk_core_survey.lss", "    person: {column: column 1}", [block])
    header, *rows = lines(folder / file, "utf-8")
    numbers = {"Strongly disagree": 1, "Disagree": 2, "Agree": 4, "Strongly Agree": 5}
    places = [place for place, cell in enumerate(header) if cell.startswith("likertagree1[")]
    expected = [numbers[row[place]] for row in rows for place in places if row[place] in numbers]
    found = result.tables["ratings"]["value"].dropna()
    assert sorted(found) == sorted(expected)
    # the survey file spells the middle label in another way than the answers: never guessed, all logged
    middle = sum(1 for row in rows for place in places if row[place] == "Neither agree or disagree")
    log = result.change_log.query("action == 'set_missing'")
    assert len(log) == middle > 100
    assert set(log["before"]) == {"Neither agree or disagree"}


def test_limesurvey_codes_out_of_order_are_said(data: Path) -> None:
    folder = data / "export-limesurvey-rse2017"
    table = read_table(folder / "rse2017_uk_public_data.csv", structure=folder / "uk_core_survey.lss")
    assert table.columns["time1can[time1can]"].labels["A5"] == "4"
    [note] = [note for note in table.notes if "the codes do not follow the order of the options" in note]
    assert "'time1can[time1can]'" in note
    assert "likertagree" not in note


def test_limesurvey_codes_out_of_order_are_no_scale(data: Path, clean: Callable[..., Clean]) -> None:
    folder, file = data / "export-limesurvey-rse2017", "rse2017_uk_public_data.csv"
    block = "{table: ratings, columns: 'time1can[{target}]', target_type: question, aspect: hours, labels: file}"
    with pytest.raises(InputError, match=r"column 'time1can\[time1can\]'.*no scale.*A5 = 4"):
        clean(folder, file, "uk_core_survey.lss", "    person: {column: column 1}", [block])


def test_qualtrics_numbers_no_opinion_and_tests(data: Path, clean: Callable[..., Clean]) -> None:
    stem = "No_Basis_for_Evaluation__No_Basis_for_Evaluation"
    folder, file = data / QUALTRICS, f"{stem}_(Insights).csv"
    columns = "{Q3_1: squash, Q3_4: beans}"
    block = f"{{table: ratings, columns: {columns}, target_type: question, aspect: liking, scale: [1, 3]}}"
    source = "    person: {column: ResponseID}\n    missing: ['-1']"
    result = clean(folder, file, f"{stem}.qsf", f"{source}\n    test_answers: keep", [block])
    header, *rows = lines(folder / file)
    cells = [row[header.index(name)] for row in rows[2:] for name in ("Q3_1", "Q3_4")]
    found = result.tables["ratings"]["value"].dropna()
    assert sorted(found) == sorted(int(cell) for cell in cells if cell in ("1", "2", "3"))
    empty = sum(1 for pair in zip(cells[::2], cells[1::2], strict=True) if set(pair) <= {"-1", ""})
    assert (result.quarantine["rule"] == "row.no_answer").sum() == empty == 1
    assert (result.change_log["before"] == "-1").sum() == cells.count("-1") - 2 * empty == 7
    # all rows of this file are tests by Status, and are set aside unless the study wants them
    without = clean(folder, file, f"{stem}.qsf", source, [block])
    assert without.accounts[["n_read", "n_used", "n_set_aside"]].to_numpy().tolist() == [[15, 0, 15]]


def test_redcap_events_become_rounds(data: Path, clean: Callable[..., Clean]) -> None:
    file = "longitudinal__data.csv"
    blocks = [
        f"{{table: ratings, columns: {{pmq4: openness}}, target_type: question, aspect: openness, labels: file, "
        f"round: {number}, when: {{redcap_event_name: [{event}]}}}}"
        for number, event in enumerate(("dose_1_arm_1", "visit_1_arm_1"), 1)
    ]
    source = "    person: {column: study_id}\n    repeated: keep"
    result = clean(data / REDCAP, file, "longitudinal__dictionary.csv", source, blocks)
    found = result.tables["ratings"].dropna(subset="value").groupby("round")["value"].apply(sorted)
    header, *rows = lines(data / REDCAP / file)
    event, answer = header.index("redcap_event_name"), header.index("pmq4")
    for number, name in enumerate(("dose_1_arm_1", "visit_1_arm_1"), 1):
        assert found[number] == sorted(float(row[answer]) for row in rows if row[event] == name and row[answer])
