"""Twenty-five mistakes that people make, and the whole text with which each is answered: what, where, what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from ktss_analysis.core import KtssError
from ktss_analysis.intake import check_study
from ktss_analysis.study import load_study

Content = dict[str, Any]
ANSWERS = "person;submitted;LIS1;LIS2;NEG1;NEG2\n" + "".join(
    f"p{n}@x.example;2026-01-{n:02d};{n % 5 + 1};{(n + 1) % 5 + 1};{(n + 2) % 5 + 1};{(n + 3) % 5 + 1}\n"
    for n in range(10, 22)
)
REVIEWS = "reviewer;LIS relevant;NEG relevant\nr1;4;3\nr2;3;3\nr3;4;2\n"


class Desk:
    """An analyst's folder with a good study; a mistake changes one thing of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, str | bytes] = {"answers.csv": ANSWERS, "reviews.csv": REVIEWS}
        self.framework: Content = {
            "id": "f", "version": "1.0.0", "status": "pilot", "languages": ["en"],
            "scale": {"min": 1, "max": 5, "labels": {"en": ["Never", "Rarely", "Sometimes", "Often", "Always"]}},
            "skills": [{"id": "LIS", "name": {"en": "Listening"}}, {"id": "NEG", "name": {"en": "Negotiating"}}],
            "items": [{"id": f"{skill}{n}", "skill": skill, "text": {"en": f"I do {skill} {n}."}}
                      for skill in ("LIS", "NEG") for n in (1, 2)],
        }  # fmt: skip
        self.answers: Content = {
            "name": "answers", "activity": "self_assessment", "files": ["answers.csv"], "person": {"column": "person"},
            "answered_on": {"column": "submitted"},
            "blocks": [{"table": "responses", "columns": "{target}", "scale": "framework", "labels": "framework"}],
        }  # fmt: skip
        self.reviews: Content = {
            "name": "reviews", "activity": "guide_review", "files": ["reviews.csv"], "person": {"column": "reviewer"},
            "blocks": [{"table": "ratings", "columns": "{target} relevant", "target_type": "skill",
                        "aspect": "relevance", "scale": [1, 4]}],
        }  # fmt: skip
        self.study: Content = {
            "id": "s", "title": "S", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
            "privacy": {"pseudonym_key": "a public key of the tests"}, "sources": [self.answers, self.reviews],
        }  # fmt: skip

    def messages(self) -> list[str]:
        """Return everything that `ktss check` says about it, one line per error or warning, without the folder."""
        for name, content in self.files.items():
            (self.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        for name, part in (("framework.yaml", self.framework), ("study.yaml", self.study)):
            if name not in self.files:
                (self.folder / name).write_text(yaml.safe_dump(part, allow_unicode=True), encoding="utf-8")
        try:
            table = check_study(load_study(self.folder / "study.yaml"))
        except KtssError as error:
            return [str(error).replace(f"{self.folder}/", "")]
        table = table[table["level"] != "note"]
        lines = []
        for row in json.loads(table.to_json(orient="records")):
            place = [row["file"], row["row"] and f"row {row['row']}", row["column"] and f"column {row['column']!r}"]
            found = [row["found"] and f"found {row['found']!r}", row["allowed"] and f"allowed: {row['allowed']}"]
            where = ", ".join(filter(None, place))
            text = "; ".join(filter(None, [row["reason"], *found]))
            lines.append(": ".join(filter(None, [row["level"], where, text])).replace(f"{self.folder}/", ""))
        return lines


def misspelt_column(desk: Desk) -> None:
    desk.answers["person"] = {"column": "persson"}


def wrong_sheet(desk: Desk) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Responses"
    for line in ANSWERS.splitlines():
        book.active.append(line.split(";"))
    book.save(desk.folder / "answers.xlsx")
    desk.answers |= {"files": ["answers.xlsx"], "sheet": "Answers"}


def absent_file(desk: Desk) -> None:
    desk.answers["files"] = ["answer.csv"]


def comma_decimals(desk: Desk) -> None:
    desk.files["answers.csv"] = ANSWERS.replace(";1;", ";1,5;", 1)


def swapped_files(desk: Desk) -> None:
    desk.answers["files"], desk.reviews["files"] = desk.reviews["files"], desk.answers["files"]


def label_typo(desk: Desk) -> None:
    desk.files["answers.csv"] = ANSWERS.replace(";1;", ";Somtimes;", 2)


def renamed_item(desk: Desk) -> None:
    desk.answers["blocks"][0]["columns"] = {"LIS1": "LIS1", "LIS2": "LISS2"}


def wrong_scale(desk: Desk) -> None:
    desk.reviews["blocks"][0]["scale"] = [1, 3]


def scale_upside_down(desk: Desk) -> None:
    desk.reviews["blocks"][0]["scale"] = [4, 1]


def two_header_rows(desk: Desk) -> None:
    first, rest = ANSWERS.split("\n", 1)
    desk.files["answers.csv"] = f"{first}\nWho are you?;When?;I do LIS 1.;I do LIS 2.;I do NEG 1.;I do NEG 2.\n{rest}"


def ids_as_floats(desk: Desk) -> None:
    desk.files["reviews.csv"] = "reviewer;LIS relevant;NEG relevant\n12.0;4;3\n12;3;3\n13.0;4;2\n"


def percent_signs(desk: Desk) -> None:
    desk.files["reviews.csv"] = REVIEWS.replace("r2;3;", "r2;75%;")


def unknown_key(desk: Desk) -> None:
    desk.answers["persn"] = {"column": "person"}


def key_twice(desk: Desk) -> None:
    text = yaml.safe_dump(desk.study, sort_keys=False)
    desk.files["study.yaml"] = text.replace("title: S\n", "title: S\ntitle: T\n")


def tab_in_yaml(desk: Desk) -> None:
    desk.files["study.yaml"] = yaml.safe_dump(desk.study, sort_keys=False).replace("title: S", "\ttitle: S")


def unknown_activity(desk: Desk) -> None:
    desk.answers["activity"] = "self-assessment"


def pattern_without_target(desk: Desk) -> None:
    desk.reviews["blocks"][0]["columns"] = "{skill} relevant"


def pattern_that_fits_nothing(desk: Desk) -> None:
    desk.reviews["blocks"][0]["columns"] = "{target}_relevant"


def one_label_two_numbers(desk: Desk) -> None:
    desk.answers["blocks"][0]["labels"] = {"Never": 1, "never ": 2}


def unknown_scale_name(desk: Desk) -> None:
    desk.answers["blocks"][0]["labels"] = "agreement"


def labels_of_another_scale(desk: Desk) -> None:
    desk.answers["blocks"][0] |= {"labels": "agreement-7"}


def american_dates(desk: Desk) -> None:
    desk.files["answers.csv"] = re.sub(r"2026-01-\d(\d)", r"01/0\g<1>/2026", ANSWERS).replace("01/00/", "01/09/")


def open_quotation_mark(desk: Desk) -> None:
    desk.files["answers.csv"] = ANSWERS.replace("p12@x", '"p12@x')


def empty_file(desk: Desk) -> None:
    desk.files["answers.csv"] = ""


def item_of_no_skill(desk: Desk) -> None:
    desk.framework["items"][0]["skill"] = "LISTEN"


def same_person_twice(desk: Desk) -> None:
    desk.reviews["repeated"] = "refuse"
    desk.files["reviews.csv"] = REVIEWS + "R1 ;1;1\n"


def excel_saved_as_csv(desk: Desk) -> None:
    wrong_sheet(desk)
    (desk.folder / "answers.xlsx").rename(desk.folder / "renamed.csv")
    desk.answers |= {"files": ["renamed.csv"], "sheet": "Responses", "format": "csv"}


def semicolons_read_as_commas(desk: Desk) -> None:
    desk.answers["separator"] = ","


MISTAKES: dict[Callable[[Desk], None], list[str]] = {
    misspelt_column: [
        (
            "error: answers.csv, column 'persson': source 'answers' needs a column that is not there; found "
            "'nearest: person'; allowed: a header of the file; correct the study file, or name the file that has "
            "the column"
        ),
    ],
    wrong_sheet: [
        "error: answers.xlsx: there is no such sheet; found 'Answers'; allowed: sheets 'Responses'",
    ],
    absent_file: [
        "error: study.yaml, source 'answers': no file 'answer.csv' in FOLDER; nearest: answers.csv",
    ],
    comma_decimals: [
        (
            "warning: answers.csv, row 2, column 'LIS1': is no whole number; found '1,5'; allowed: whole numbers "
            "from 1 to 5 or the labels 'Never', 'Rarely', 'Sometimes', 'Often', 'Always'; write whole: false if "
            "decimals are meant"
        ),
    ],
    swapped_files: [
        (
            "error: reviews.csv, column 'person': source 'answers' needs a column that is not there; found "
            "'headers: reviewer, LIS relevant, NEG relevant'; allowed: a header of the file; correct the study "
            "file, or name the file that has the column"
        ),
        (
            "error: answers.csv, column 'reviewer': source 'reviews' needs a column that is not there; found "
            "'headers: person, submitted, LIS1, LIS2, NEG1, NEG2'; allowed: a header of the file; correct the "
            "study file, or name the file that has the column"
        ),
    ],
    label_typo: [
        (
            "warning: answers.csv, row 2, column 'LIS1': is no label of the study file; found 'Somtimes'; "
            "allowed: nearest known: 'Sometimes' (3)"
        ),
    ],
    renamed_item: [
        (
            "error: answers.csv, column 'LIS2': source 'answers': the framework has no 'LISS2'; found 'LISS2'; "
            "allowed: LIS2, LIS1"
        ),
    ],
    wrong_scale: [
        (
            "warning: reviews.csv, row 2, column 'LIS relevant': is outside the scale; found '4'; allowed: whole "
            "numbers from 1 to 3"
        ),
        (
            "warning: reviews.csv, row 4, column 'LIS relevant': is outside the scale; found '4'; allowed: whole "
            "numbers from 1 to 3"
        ),
    ],
    scale_upside_down: [
        (
            "error: study.yaml, source 'reviews': scale [4.0, 1.0]: the first number is not below the second; "
            "allowed: [lowest, highest]"
        ),
    ],
    two_header_rows: [
        (
            "warning: answers.csv, row 2: looks like a second row of headers: no cell is an answer, and none is "
            "written again below"
        ),
    ],
    ids_as_floats: [
        "warning: reviews.csv, row 3: same person, other answers; the first one is used: reviews.csv, row 2",
    ],
    percent_signs: [
        (
            "warning: reviews.csv, row 3, column 'LIS relevant': is no number; found '75%'; allowed: whole "
            "numbers from 1 to 4"
        ),
    ],
    unknown_key: [
        "study.yaml, line 18, sources[1].persn: there is no such key; nearest: person, opens",
    ],
    key_twice: [
        "study.yaml, line 3: key 'title' stands there twice, first in line 2",
    ],
    tab_in_yaml: [
        (
            "study.yaml, line 2: not YAML: found a tab character that violates indentation; indent with blanks, "
            "never with tabs"
        ),
    ],
    unknown_activity: [
        (
            "study.yaml, line 7, sources[1].activity: Input should be 'register', 'guide_review', 'tool_review', "
            "'workshop', 'best_worst', 'focus_groups', 'quality_board', 'assembly', 'self_assessment' or "
            "'triage'; found 'self-assessment'"
        ),
    ],
    pattern_without_target: [
        (
            "study.yaml, line 22, sources[2].blocks[1]: a column pattern needs the word {target}, e.g. "
            "'{target}_relevance'"
        ),
    ],
    pattern_that_fits_nothing: [
        (
            "error: reviews.csv: source 'reviews': no column fits the pattern '{target}_relevant'; found "
            "'reviewer, LIS relevant, NEG relevant'; allowed: {target} is one of LIS, NEG"
        ),
    ],
    one_label_two_numbers: [
        (
            "error: study.yaml, source 'answers': label 'never' stands for 1 and for 2; give each label one "
            "number (case, accents, blanks, typographic signs and HTML do not count)"
        ),
    ],
    unknown_scale_name: [
        (
            "study.yaml, line 12, sources[1].blocks[1].labels: needs label -> number, or one of: framework, "
            "file, agreement-4, agreement-5, agreement-7, frequency-4, frequency-5, frequency-7, importance-4, "
            "importance-5, importance-7, satisfaction-4, satisfaction-5, satisfaction-7, relevance-4, clarity-4; "
            "found 'agreement'"
        ),
    ],
    labels_of_another_scale: [
        (
            "error: study.yaml, source 'answers': labels agreement-7 stand for 1 to 7, but scale is 1 to 5; "
            "correct the scale, or write label -> number under 'labels'"
        ),
    ],
    american_dates: [
        (
            "error: answers.csv, column 'submitted': the dates may be day first or month first, and no cell of "
            "the column decides; found '01/02/2026, 01/03/2026, 01/04/2026'; allowed: date_formats: [\"%d/%m/%Y\"] "
            'or date_formats: ["%m/%d/%Y"] in the study file'
        ),
    ],
    open_quotation_mark: [
        (
            "error: answers.csv, row 4: a quotation mark is opened and never closed, so the rest of the file "
            'would be one cell; allowed: pairs of " around a cell, doubled inside it'
        ),
    ],
    empty_file: [
        "error: answers.csv: the file is empty; allowed: a row of headers and rows below it",
    ],
    item_of_no_skill: [
        ("error: framework.yaml, line 1, the file: items[1] (LIS1): skill 'LISTEN' is not among the skills LIS, NEG"),
    ],
    same_person_twice: [
        (
            "error: reviews.csv, row 5: source 'reviews': the same person stands there more than once; found "
            "'also in reviews.csv, row 2'; allowed: one row per person; choose repeated: first, last or keep"
        ),
    ],
    excel_saved_as_csv: [
        (
            "error: renamed.csv: the file is no text table, although its name or the study file says so; "
            "allowed: a CSV or TSV file; for a workbook give format: xlsx"
        ),
    ],
    semicolons_read_as_commas: [
        (
            "error: answers.csv, column 'person': source 'answers' needs a column that is not there; found "
            "'headers: person;submitted;LIS1;LIS2;NEG1;NEG2'; allowed: cells cut at ';': correct or remove "
            "'separator' in the study file"
        ),
    ],
}
"""Each mistake -> all errors and warnings of `ktss check`; FOLDER stands for the analyst's folder."""


def test_the_study_without_a_mistake_has_no_finding(tmp_path):
    assert Desk(tmp_path).messages() == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
def test_a_mistake_is_answered_with_what_where_and_what_to_do(tmp_path, mistake):
    desk = Desk(tmp_path)
    mistake(desk)
    found = [line.replace(str(tmp_path), "FOLDER") for line in desk.messages()]
    assert found == MISTAKES[mistake]


def test_there_are_at_least_25_and_each_names_a_place():
    assert len(MISTAKES) >= 25
    places = re.compile(r"(answers|reviews|renamed|answer)\.(csv|xlsx)|(study|framework)\.yaml")
    assert all(places.search(line) for lines in MISTAKES.values() for line in lines)
    assert all(lines for lines in MISTAKES.values())
