"""`ktss map`: what it understands of a file, that its proposal works when pasted, and that it shows no cell."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rapidfuzz import fuzz
from typer.testing import CliRunner

from ktss_analysis.cli import app
from ktss_analysis.core import InputError
from ktss_analysis.framework import Framework, load_framework
from ktss_analysis.intake import check_study, clean_sources
from ktss_analysis.lexicon import fold
from ktss_analysis.mapping import map_files
from ktss_analysis.mapping.content import declared_scale, fit_scale
from ktss_analysis.mapping.targets import TEXT_MATCH, known_texts, target_by_id, target_by_text
from ktss_analysis.mapping.words import activity_of_name, words
from ktss_analysis.readers import ColumnInfo
from ktss_analysis.study import load_study

REPO = Path(__file__).resolve().parent.parent.parent
FRAMEWORK = REPO / "params" / "demo" / "framework.yaml"


@pytest.fixture(scope="module")
def framework() -> Framework:
    return load_framework(FRAMEWORK)


@pytest.fixture(scope="module")
def demo():
    files = [path for path in (REPO / "data" / "demo").rglob("synthetic_*") if path.is_file()]
    return map_files(files, framework=FRAMEWORK)


def pasted(folder: Path, text: str, data: Path, framework: Path = FRAMEWORK):
    """Return a study whose sources are the text that `ktss map` printed, as it stands."""
    head = {
        "id": "pasted", "title": "Pasted", "framework": str(framework), "synthetic": True, "data_dir": str(data),
        "rules": str(REPO / "params" / "rules.yaml"), "languages": ["en", "it", "pl", "fi", "nl"],
        "privacy": {"pseudonym_key": "public-demonstration-key-of-synthetic-data"},
    }  # fmt: skip
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(head) + text, encoding="utf-8")
    return load_study(path)


# ------------------------------------------------------------------------------------ the demonstration
def test_the_pasted_block_reads_the_demonstration(demo, tmp_path):
    study = pasted(tmp_path, demo.yaml, REPO / "data" / "demo")
    problems = check_study(study)
    assert problems[problems["level"] == "error"].empty
    found, meant = (
        clean_sources(study).tables,
        clean_sources(load_study(REPO / "params" / "demo" / "study.yaml")).tables,
    )
    for table in ("codings", "codebook", "choices", "suggestions", "decisions", "changes", "item_versions"):
        assert len(found[table]) == len(meant[table]) > 0, table
    answers = [
        tables["responses"].pivot_table(index="person_id", columns="item_id", values="value")
        for tables in (found, meant)
    ]
    assert answers[0].equals(answers[1])
    for kind in ("skill", "module", "item"):
        mine, theirs = (tables["ratings"].query(f"target_type == '{kind}'") for tables in (found, meant))
        mine = mine[~mine["source"].isin(["synthetic_workshop_round1"])]  # the demonstration closes it on a date
        theirs = theirs[~theirs["source"].isin(["workshop_round1"])]
        assert len(mine) >= len(theirs) > 0, kind


def test_activities_and_single_columns_of_the_demonstration(demo):
    sources = {source["files"][0].rpartition("/")[2]: source for source in demo.sources}
    activities = {name: source["activity"] for name, source in sources.items()}
    assert activities == {
        "synthetic_assembly_votes.csv": "assembly", "synthetic_best_worst.tsv": "best_worst",
        "synthetic_changes.csv": "triage", "synthetic_codebook.csv": "focus_groups",
        "synthetic_codings.csv": "focus_groups", "synthetic_comments.csv": "triage",
        "synthetic_decisions.csv": "triage", "synthetic_guide_review_FI.csv": "guide_review",
        "synthetic_quality_board.csv": "quality_board", "synthetic_quotes.csv": "focus_groups",
        "synthetic_register.xlsx": "register", "synthetic_suggestions.csv": "triage",
        "synthetic_tool_review.xlsx": "tool_review", "synthetic_versions.csv": "triage",
        "synthetic_workshop_round1.csv": "workshop", "synthetic_workshop_round2.xlsx": "workshop",
    }  # fmt: skip
    guide = sources["synthetic_guide_review_FI.csv"]
    assert len(guide["files"]) == 4, "one layout in four files is one source"
    assert guide["person"] == {"column": "e-mail"}
    assert (guide["language"], guide["answered_on"], guide["seconds"]) == (
        {"column": "language"}, {"column": "submitted"}, {"column": "seconds"},
    )  # fmt: skip
    assert guide["free_text"] == ["open comment"]
    blocks = {block["columns"]: block for block in guide["blocks"]}
    assert blocks["{target}_relevance"] == {
        "table": "ratings", "columns": "{target}_relevance", "target_type": "skill", "aspect": "relevance",
        "scale": [1, 4],
    }  # fmt: skip
    assert sources["synthetic_tool_review.xlsx"]["sheet"] == "Responses"
    assert sources["synthetic_workshop_round1.csv"]["blocks"][0]["leading_number"] is True
    rounds = [sources[f"synthetic_workshop_round{name}"]["blocks"][0]["round"] for name in ("1.csv", "2.xlsx")]
    assert rounds == [1, 2]


def test_files_are_described(demo):
    files = demo.files.set_index("file")
    assert files.loc["synthetic_guide_review_PL.tsv", ["format", "encoding", "separator", "n_read"]].tolist() == [
        "tsv", "utf-16", "tab", 7,
    ]  # fmt: skip
    assert files.loc["synthetic_guide_review_IT.csv", ["encoding", "separator", "decimal"]].tolist() == [
        "cp1252",
        ";",
        ",",
    ]
    assert set(files.loc["synthetic_register.xlsx", "sheet"]) == {"README", "Register"}
    assert any("synthetic_guide_review_IT.csv: read as cp1252" in note for note in demo.notes)


def test_what_is_not_understood_has_a_reason(demo):
    table = demo.not_understood
    assert table["reason"].str.len().gt(10).all()
    row = table[table["column"] == "years in KT"].iloc[0]
    assert row["reason"] == "numbers on no usual response scale"


# ------------------------------------------------------------------------------------------- no cell is shown
def test_no_cell_is_shown(tmp_path):
    secrets = ["Anna Bianchi", "anna@x.example", "+39 06 1234567", "RSSMRA80A01H501U", "Via Roma 1", "my secret remark"]
    rows = ["Name;E-mail;Phone;Tax;Street;Remark;LIS;Odd;Only"]
    rows += [
        ";".join([*(f"{text}{n}" for text in secrets), str(n % 4 + 1), f"word{n % 7}", "unique"]) for n in range(30)
    ]
    (tmp_path / "raw.csv").write_text("\n".join(rows), encoding="utf-8")
    found = map_files([tmp_path / "raw.csv"])
    shown = found.yaml + json.dumps(found.as_json())
    for secret in (*secrets, "word", "unique"):
        assert secret not in shown
    assert found.columns.set_index("column").loc["Name", "role"] == "identifier"
    text = "anna@x.example;piotr@x.example\n1;2\n3;4\n"
    (tmp_path / "headless.csv").write_text(text, encoding="utf-8")
    found = map_files([tmp_path / "headless.csv"])
    assert "@x.example" not in json.dumps(found.as_json()["columns"])


def test_the_same_files_in_any_order_give_the_same_map(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.csv").write_text("id,Q1,Q2,Q3\n1,2,3,4\n2,4,4,5\n3,1,2,1\n", encoding="utf-8")
    one = map_files([tmp_path / "a.csv", tmp_path / "b.csv"])
    two = map_files([tmp_path / "b.csv", tmp_path / "a.csv", tmp_path / "a.csv"])
    assert one.as_json() == two.as_json()
    assert one.sources[0]["files"] == ["a.csv", "b.csv"]


# -------------------------------------------------------------------------------------------------- targets
def test_targets_by_id(framework):
    headers = ("S01_relevance", "S01-1_self", "Q7 [S01_2]", "s02", "How useful is M3?", "S01x", "XS01", "S01 or S02",
               "S99")  # fmt: skip
    found = {header: target_by_id(header, framework) for header in headers}
    ids = {
        header: None if target is None else (target.kind, target.id, target.pattern) for header, target in found.items()
    }
    assert ids == {
        "S01_relevance": ("skill", "S01", "{target}_relevance"), "S01-1_self": ("item", "S01-1", "{target}_self"),
        "Q7 [S01_2]": ("item", "S01-2", ""), "s02": ("skill", "S02", "{target}"),
        "How useful is M3?": ("module", "M3", "How useful is {target}?"), "S01x": None, "XS01": None,
        "S01 or S02": None, "S99": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "info", "expected"),
    [
        ("I do what I promised to partners.", ColumnInfo(), ("item", "S07-1", "en")),
        ("Q12", ColumnInfo(text="3.4. I do what I promised to partners"), ("item", "S07-1", "en")),
        ("Q12", ColumnInfo(texts={"it": "Faccio ciò che ho promesso ai partner."}), ("item", "S07-1", "it")),
        ("How relevant is it? [Active listening]", ColumnInfo(), ("skill", "S01", "en")),
        ("Please rate: «I DO WHAT I PROMISED TO PARTNERS.» (1 to 4)", ColumnInfo(), ("item", "S07-1", "en")),
        ("I do what is needed for partners.", ColumnInfo(), None),
        ("I keep promises.", ColumnInfo(), None),
    ],
)  # fmt: skip
def test_targets_by_text(framework, header, info, expected):
    found, nearest = target_by_text(header, info, known_texts(framework))
    if expected is None:
        assert found is None
        assert nearest is not None
        assert nearest.score < TEXT_MATCH
    else:
        assert found is not None
        assert (found.kind, found.id, found.language) == expected
        assert found.score >= TEXT_MATCH


def test_no_two_texts_of_the_demonstration_are_as_alike_as_a_match(framework):
    texts = [(kind, target, fold(framework.name(kind, target, language)))
             for kind in ("item", "skill", "module") for target in framework.target_ids(kind)
             for language in framework.languages]  # fmt: skip
    likest = max(
        fuzz.ratio(one[2], other[2]) for one, other in itertools.combinations(texts, 2) if one[:2] != other[:2]
    )
    assert 80 < likest < 81.5 < TEXT_MATCH


# --------------------------------------------------------------------------------------------------- scales
@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"1": 5, "4": 3, "2": 1}, "numbers 1 to 4"),
        ({"1": 50, "5": 30, "99": 2}, "numbers 1 to 5"),
        ({"0": 5, "10": 3}, "numbers 0 to 10"),
        ({"7 – Very important": 5, "1 - Not important": 2, "4": 3}, "numbers 1 to 7"),
        ({"Strongly agree": 5, "Neutral": 2, "Disagree": 1, "agree": 1, "Completely disagree": 1},
         "agreement-5 (1 to 5)"),
        ({"Nigdy": 5, "Mai": 2, "Often": 1, "Rarely": 3, "Joskus": 1, "Altijd": 1}, "frequency-5 (1 to 5)"),
        ({"ja": 5, "nein": 5}, "yes/no (0 to 1)"),
        ({"Male": 5, "Female": 5}, None),
        ({"Agree": 30, "Disagree": 30, "It depends": 5}, None),
        ({"18": 5, "44": 5}, None),
        ({"2.5": 5, "44.1": 5}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_scale_of_cells(cells, name):
    fit = fit_scale(cells)
    assert (None if fit is None else fit.name) == name


def test_a_scale_that_may_be_another_is_said():
    fit = fit_scale({"Agree": 5, "Disagree": 3})
    assert fit is not None
    assert fit.labels == "agreement-4"
    assert "agreement-7" in fit.also
    assert fit_scale({"1": 50, "5": 30, "99": 2, "-9": 1}).missing_numbers == (-9, 99)


def test_value_labels_of_the_file_are_used():
    info = ColumnInfo(labels={"1": "Never", "2": "Now and then", "3": "All the time", "9": "refused"}, missing=("9",))
    fit = declared_scale(info, {"1": 4, "3": 2, "9": 3})
    assert fit is not None
    assert (fit.labels, fit.low, fit.high, fit.n_unknown) == ("file", 1, 3, 0)
    assert declared_scale(info, {"7": 4, "1": 1}) is None
    assert declared_scale(ColumnInfo(labels={"1": "Yes", "2": "No"}), {"1": 4}) is None
    assert declared_scale(ColumnInfo(labels={str(n): f"Land {n}" for n in range(40)}), {"1": 4}) is None


def test_words_are_unambiguous_and_name_activities(framework):
    assert activity_of_name("synthetic_guide_review_FI") == "guide_review"
    assert activity_of_name("export 2024") is None
    single = [{fold(word) for word in words().roles[role]} for role in ("answered_on", "seconds", "language")]
    assert not set.intersection(*single)


# -------------------------------------------------------------------------------------------------- real exports
REAL = [
    "nasty-derived-encodings/efc_labelled_derived.sav", "export-surveymonkey-538/star-wars-survey__StarWars.csv",
    "likert-labels/mass.csv", "psych-bfi/bfi.csv",
    "questionr-hdv2003-french/hdv2003.csv",
    "delphi-enlight-3rounds/round1_results-for-enlight-conse-2023-03-16-0639.xlsx", "efatools-grips/GRiPS_raw.csv",
    "cieb-digital-competence/anonymized-responses.csv",
]  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_the_pasted_block_passes_check_on_real_exports(shared, tmp_path, name):
    path = shared / "data" / name
    found = map_files([path])
    assert found.sources
    study = pasted(tmp_path, found.yaml, path.parent)
    problems = check_study(study)
    assert problems[problems["level"] == "error"].empty
    assert len(clean_sources(study).tables["ratings"]) > 0


def test_real_texts_are_found_in_a_framework(shared, tmp_path):
    """The framework of the Delphi test knows the statements by its own wording; the export numbers them."""
    framework = REPO / "tests" / "real" / "delphi" / "framework.yaml"
    path = next((shared / "data" / "delphi-enlight-3rounds").glob("round1_*.xlsx"))
    found = map_files([path], framework=framework)
    meant = load_study(REPO / "tests" / "real" / "delphi" / "study.yaml").sources[0].blocks[0].columns
    judged = found.columns.dropna(subset="target_id").set_index("column")["target_id"].to_dict()
    assert len(judged) >= 55
    assert {header: meant[header] for header in judged if header in meant} == {
        header: target for header, target in judged.items() if header in meant
    }


# --------------------------------------------------------------------------------------------------- structures
TABBED = (
    "class\ttype/scale\tname\trelevance\ttext\thelp\tlanguage\n"
    "S\t\tlanguage\t\ten\t\t\n"
    "Q\tF\tSKILL\t1\tHow often do you do this?\t\ten\n"
    "SQ\t0\tS011\t\tI plan my week.\t\ten\nSQ\t0\tS012\t\tI keep to my plan.\t\ten\n"
    "A\t0\tA1\t\tNow and then\t\ten\nA\t0\tA2\t\tMost days\t\ten\nA\t0\tA3\t\tEvery day\t\ten\n"
)
ANSWERS = (
    "id,submitdate,lastpage,startlanguage,SKILL[S011],SKILL[S012]\n"
    "1,2025-01-02 10:00:00,2,en,A1,A3\n2,2025-01-03 11:00:00,2,en,A2,A2\n3,2025-01-04 12:00:00,2,en,A3,A1\n"
)


@pytest.fixture
def survey(tmp_path):
    (tmp_path / "answers.csv").write_text(ANSWERS, encoding="utf-8")
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart" / "survey.txt").write_text(TABBED, encoding="utf-8")
    return tmp_path


def by_row(study) -> list[float]:
    return clean_sources(study).tables["ratings"].sort_values(["source_row", "target_id"])["value"].tolist()


def test_a_structure_beside_the_answers_is_used(survey):
    without = map_files([survey / "answers.csv"])
    assert "structure" not in without.yaml
    assert "labels: file" not in without.yaml, "control: codes alone say nothing"
    (survey / "apart" / "survey.txt").rename(survey / "survey.txt")
    found = map_files([survey / "answers.csv"])
    assert found.sources[0]["structure"] == "survey.txt"
    assert "format" not in found.sources[0]
    [block] = found.sources[0]["blocks"]
    assert (block["labels"], block["scale"]) == ("file", [1, 3])
    assert any("survey.txt was read as its structure" in note for note in found.notes)
    assert map_files([survey / "answers.csv", survey / "survey.txt"]).yaml == found.yaml, "named with the answers"
    study = pasted(survey, found.yaml, survey)
    assert by_row(study) == [1, 3, 2, 2, 3, 1]


def test_a_structure_that_is_named_is_used(survey):
    found = map_files([survey / "answers.csv"], structure=survey / "apart" / "survey.txt")
    assert found.sources[0]["structure"] == "apart/survey.txt"
    study = pasted(survey, found.yaml, survey)
    assert check_study(study).query("level == 'error'").empty
    texts = ["Numero", "How often do you do this? [I plan my week.]", "How often do you do this? [I keep to my plan.]"]
    rows = ["1,Now and then,Every day", "2,Most days,Most days", "3,Every day,Now and then"]
    (survey / "answers.csv").write_text("\n".join([",".join(texts), *rows]) + "\n", encoding="utf-8")
    found = map_files([survey / "answers.csv"], structure=survey / "apart" / "survey.txt")
    assert found.sources[0]["format"] == "limesurvey", "headers in words are not recognised without it"
    study = pasted(survey, found.yaml, survey)
    assert by_row(study) == [1, 3, 2, 2, 3, 1]


def test_a_structure_of_something_else_is_not_used(survey):
    (survey / "other.txt").write_text(TABBED.replace("SKILL", "OTHER"), encoding="utf-8")
    assert "structure" not in map_files([survey / "answers.csv"]).yaml
    with pytest.raises(InputError, match="this LimeSurvey survey"):
        map_files([survey / "answers.csv"], structure=survey / "other.txt")
    with pytest.raises(InputError, match="no such structure file"):
        map_files([survey / "answers.csv"], structure=survey / "none.lss")


def test_two_structures_that_fit_alike_are_left_to_the_analyst(survey):
    for name in ("one.txt", "two.txt"):
        (survey / name).write_text(TABBED, encoding="utf-8")
    found = map_files([survey / "answers.csv"])
    assert "structure" not in found.sources[0] if found.sources else True
    assert any("'one.txt', 'two.txt'" in note and "--structure" in note for note in found.notes)
    (survey / "answers.txt").write_text(TABBED, encoding="utf-8")
    assert map_files([survey / "answers.csv"]).sources[0]["structure"] == "answers.txt", "the name decides"


def test_a_structure_alone_is_refused_as_before(survey):
    with pytest.raises(InputError, match="holds no answers"):
        map_files([survey / "apart" / "survey.txt"])


def test_statements_on_the_frameworks_scale_with_labels_of_the_file_are_answers(tmp_path, framework):
    from openpyxl import Workbook

    item = framework.items[0]
    low, high = map(int, framework.scale.limits)
    book = Workbook()
    book.active.title = "survey"
    for row in (["type", "name", "label::English (en)"], ["select_one often", item.id, item.text["en"]]):
        book.active.append(row)
    choices = book.create_sheet("choices")
    choices.append(["list_name", "name", "label::English (en)"])
    for number in range(low, high + 1):
        choices.append(["often", str(number), f"Step {number}"])
    book.save(tmp_path / "form.xlsx")
    rows = "".join(f"{n},u{n},2025-01-0{n}T10:00:00,{low + n % (high - low + 1)}\n" for n in range(1, 8))
    (tmp_path / "raw.csv").write_text(f"_id,_uuid,_submission_time,{item.id}\n{rows}", encoding="utf-8")
    [source] = map_files([tmp_path / "raw.csv"], framework=FRAMEWORK).sources
    assert source["structure"] == "form.xlsx"
    assert source["blocks"] == [
        {"table": "responses", "columns": {item.id: item.id}, "scale": "framework", "labels": "file"}
    ]


def test_structures_beside_real_exports(shared, tmp_path):
    """Each project of REDCap finds its own dictionary among those of others; the survey of LimeSurvey is found."""
    folder = shared / "data" / "export-redcap-redcapr"
    for data in sorted(folder.glob("*__data.csv")):
        found = map_files([data])
        if found.sources:
            assert found.sources[0]["structure"] == data.name.replace("__data", "__dictionary")
    folder = shared / "data" / "export-limesurvey-rse2017"
    found = map_files([folder / "rse2017_uk_public_data.csv"])
    assert found.sources[0]["structure"] == "uk_core_survey.lss"
    assert "labels: file" in found.yaml
    study = pasted(tmp_path, found.yaml, folder)
    assert check_study(study).query("level == 'error'").empty


# -------------------------------------------------------------------------------------------------- command line
def ktss(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_prints_a_block_and_says_what_it_did_not_understand(tmp_path):
    (tmp_path / "raw.csv").write_text("id,S01,S02,age\n1,4,3,61\n2,1,2,33\n3,2,2,47\n", encoding="utf-8")
    done = ktss("map", tmp_path / "raw.csv", "--framework", FRAMEWORK)
    assert done.exit_code == 0
    block = re.search(r"^sources:\n.*?(?=^Not used)", done.stdout, re.MULTILINE | re.DOTALL)
    assert block is not None
    source = yaml.safe_load(block[0])["sources"][0]
    assert source["blocks"][0]["columns"] == "{target}"
    assert re.search(r"age.*unknown.*numbers on no usual response scale", done.stdout)
    content = json.loads(ktss("map", tmp_path / "raw.csv", "--framework", FRAMEWORK, "--json").stdout)
    assert content["files"][0]["separator"] == ","
    assert content["sources"] == [source]
    assert yaml.safe_load(content["yaml"])["sources"] == [source]


def test_exit_codes_of_the_command(tmp_path):
    (tmp_path / "empty.csv").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "ktss_analysis.cli", "map", str(tmp_path / "empty.csv")],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, "empty.csv: the file is empty" in done.stderr, "Traceback" in done.stderr) == (
        1,
        True,
        False,
    )
    assert isinstance(ktss("map", tmp_path / "absent.csv").exception, InputError)
    assert ktss("map").exit_code == 2
    (tmp_path / "only.csv").write_text("age\n33\n44\n", encoding="utf-8")
    done = ktss("map", tmp_path / "only.csv")
    assert done.exit_code == 0
    assert "No column was understood well enough" in done.stdout


def test_one_unreadable_file_does_not_hide_the_others(tmp_path):
    (tmp_path / "good.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "blank.csv").write_text("\n\n")
    found = map_files([tmp_path / name for name in ("empty.csv", "good.csv")])
    assert found.files["file"].tolist() == ["good.csv"]
    [reason] = found.unreadable
    assert reason.startswith("empty.csv: the file is empty")
    with pytest.raises(InputError, match=r"blank\.csv: .*\nempty\.csv: "):
        map_files([tmp_path / name for name in ("empty.csv", "blank.csv")])
