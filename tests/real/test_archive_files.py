"""Real statistical files, qualitative projects and coded texts: read as an independent reading says, or refused."""

from __future__ import annotations

import csv
import json
import re
import struct
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from format_page import assert_page_is_true

from ktss_analysis.intake import clean_sources
from ktss_analysis.readers import read_table
from ktss_analysis.readers.refi_project import SOURCES, _place
from ktss_analysis.study import load_study

HERE = Path(__file__).resolve().parent
FOLDERS = ("spss-*", "sjlabelled-*", "jasp-*", "qdpx-*", "qcoder-*", "qualcoder-*")
SPSS = "spss-readstat-fixtures"
DERIVED = "nasty-derived-encodings/efc_labelled_derived.sav"


@pytest.fixture
def data(shared) -> Path:
    return shared / "data"


def cases_in_header(path: Path) -> int:
    """Return the number of cases as the header of a system file gives it, read without any library."""
    head = path.read_bytes()[:84]
    assert head[:3] == b"$FL"
    [n_cases] = struct.unpack("<i", head[80:84])
    return n_cases


def test_spss_system_files_have_the_cases_of_their_headers(data):
    files = [*sorted((data / SPSS).glob("*.*sav")), data / DERIVED]
    assert len(files) == 17
    for path in files:
        table = read_table(path)
        assert table.format == "spss", path.name
        assert table.n_records == cases_in_header(path) == len(table.frame), path.name
        assert table.rows.tolist() == list(range(1, table.n_records + 1))
        assert set(table.columns) == set(table.frame.columns), path.name


@pytest.mark.parametrize("name", ["basic__sample.sav", "basic__sample.zsav", "basic__sample.por", "basic__sample.dta"])
def test_one_sample_in_four_formats_equals_its_text_file(data, name):
    table = read_table(data / SPSS / name)
    with (data / SPSS / "basic__sample.csv").open(encoding="utf-8-sig") as stream:
        expected = list(csv.DictReader(stream))
    assert table.n_records == len(expected) == 5
    for row, wanted in zip(table.frame.rename(columns=str.lower).to_dict("records"), expected, strict=True):
        assert row["mychar"] == wanted["mychar"]
        assert (row["mydate"], row["dtime"]) == (wanted["mydate"], wanted["dtime"].removesuffix(".000000"))
        assert row["mytime"] == wanted["mytime"].removesuffix(".000000").replace("0:00:00", "00:00:00", 1).replace(
            "000:00:00", "00:00:00"
        )
        assert all(float(row[key]) == float(wanted[key]) for key in ("mynum", "mylabl", "myord"))
        assert row["mylabl"] in ("1", "2")
    columns = {key.lower(): info for key, info in table.columns.items()}
    assert columns["mylabl"].labels == {"1": "Male", "2": "Female"}
    assert columns["myord"].labels == {"1": "low", "2": "medium", "3": "high"}
    assert columns["dtime"].text == "datetime"


def test_declared_missing_values_stay_cells(data):
    table = read_table(data / SPSS / "basic__sample_missing.sav")
    with (data / SPSS / "basic__sample_missing_user.csv").open() as stream:
        expected = list(csv.DictReader(stream))
    for key in ("mynum", "mylabl", "myord"):
        wanted = ["" if row[key] == "#NULL!" else float(row[key]) for row in expected]
        assert [float(cell) if cell else "" for cell in table.frame[key]] == wanted
    assert set(table.columns["mynum"].missing) == {"2500", "-1"}, "2500 lies in the declared range 2000 to 3000"
    assert table.columns["myord"].missing == ("-1", "-2", "-3")
    assert table.columns["mylabl"].labels["-1"] == "undetermined"
    assert read_table(data / SPSS / "missing_data__missing_char.sav").columns["mychar"].missing == ("Z",)
    assert read_table(data / SPSS / "missing_data__missing_test.sav").columns["var1"].missing == ("1",)
    assert read_table(data / SPSS / "haven__labelled-num-na.sav").columns["VAR00002"].missing == ("9",)


def test_scripts_labels_and_an_old_file(data):
    assert list(read_table(data / SPSS / "basic__hebrews.sav").frame.columns) == ["ותק_ב"]
    assert read_table(data / SPSS / "basic__tegulu.sav").frame.iloc[0, 1].startswith("నేను గతంలో")
    umlauts = read_table(data / SPSS / "haven__umlauts.sav").columns["var1"]
    assert umlauts.text == "This is an ä-umlaut"
    assert umlauts.labels == {"1": "the ä umlaut", "2": "the ü umlaut", "3": "the ö umlaut"}
    gender = read_table(data / SPSS / "haven__labelled-str.sav").columns["gender"]
    assert gender.labels == {"M": "Male", "F": "Female"}
    electric = read_table(data / SPSS / "foreign__electric.sav")
    assert electric.frame.loc[0].tolist() == [
        "13",
        "3",
        "40",
        "70",
        "16",
        "321",
        "0",
        "68.8",
        "190",
        "9",
        "0",
        "Y",
        "1",
    ]
    assert (electric.frame["EDUYR"] == "").any()
    assert electric.columns["DAYOFWK"].labels["9"] == "MISSING"
    assert electric.columns["DAYOFWK"].missing == ("9",)
    ordered = read_table(data / SPSS / "basic__ordered_category.sav").columns["Col1"]
    assert (ordered.kind, ordered.labels) == ("ordinal", {"1": "high", "2": "low", "3": "medium"})


def test_a_date_beyond_the_calendar_does_not_stop_the_file(data):
    table = read_table(data / SPSS / "haven__datetime.sav")
    assert table.frame["date"].tolist() == ["2014-09-22", "2014-09-23"]
    assert table.frame["time"].tolist() == ["12:11:10", "15:59:20"]
    assert table.frame["date.posix"].tolist() == ["6306150067200", "2014-09-23T15:59:20"]
    assert any("date.posix" in note for note in table.notes)


def test_multiple_response_sets_are_named(data):
    table = read_table(data / SPSS / "multiple_response__simple_alltypes.sav")
    notes = " | ".join(table.notes)
    assert "'mymrset' (My multiple response set): columns bool1, bool2, bool3; ticked is 1" in notes
    assert "'categorical_array': columns ca_subvar_1, ca_subvar_2, ca_subvar_3" in notes
    assert table.frame["y"].tolist() == ["2000-01-01", "2000-01-02", "1950-12-24", "1776-07-04", "", ""]
    assert set(table.columns["z"].missing) == {"-9", "999"}


def test_labelled_file_holds_the_numbers_and_labels_of_the_plain_one(data):
    table = read_table(data / DERIVED)
    plain = pd.read_csv(data / "sjlabelled-efc" / "efc.csv")
    assert list(table.frame.columns) == list(plain.columns)
    pd.testing.assert_frame_equal(table.frame.apply(pd.to_numeric), plain, check_dtype=False, check_exact=True)
    codebook = pd.read_csv(data / "sjlabelled-efc" / "efc_codebook.csv", dtype=str, keep_default_na=False)
    for name, part in codebook.groupby("variable"):
        assert table.columns[name].text == part["label"].iloc[0]
        labelled = part[part["value"] != ""]
        assert table.columns[name].labels == dict(zip(labelled["value"], labelled["value_label"], strict=True))


def test_nvivo_project_gives_its_codebook_and_no_codings(data):
    path = data / "qdpx-refi-demo" / "nvivo_project.qdpx"
    with zipfile.ZipFile(path) as archive:
        text = archive.read("project.qde").decode()
    names = re.findall(r'<Code [^>]*name="([^"]*)"', text)
    assert len(names) == 262
    assert "<Coding" not in text
    table = read_table(path)
    assert (table.format, table.sheet, table.n_records) == ("refi_qda", "codebook", len(names))
    assert table.frame["code"].tolist() == names
    assert table.frame["code_id"].tolist() == re.findall(r'<Code guid="([^"]*)"', text)
    assert table.frame["code_id"].is_unique
    depth, levels = 0, []
    for close, empty in re.findall(r"<(/?)Code(?: [^>]*?(/?))?>", text):
        if close:
            depth -= 1
        else:
            levels.append(str(depth + 1))
            depth += not empty
    assert table.frame["level"].tolist() == levels
    assert table.notes == ("there are no codings: part 'codebook' was read",)
    assert len(read_table(path, sheet="codings").frame) == 0
    assert read_table(path, sheet="coders").frame["coder"].tolist() == ["chrisp", "cp"]
    sources = read_table(path, sheet="sources").frame
    assert sources["document_id"].tolist() == re.findall(r'<TextSource [^>]*guid="([^"]*)"', text)
    assert sources["n_characters"].tolist() == ["1", "1"], "the .docx members beside the texts stay closed"


def test_the_exchange_formats_schema_knows_every_element_that_is_read(data):
    schema = (data / "qdpx-refi-demo" / "Project.xsd").read_text()
    elements = set(re.findall(r'<xsd:element name="(\w+)"', schema))
    assert set(SOURCES) <= elements
    selections = {name for name in elements if name.endswith("Selection")}
    assert selections == {
        "PlainTextSelection", "TranscriptSelection", "AudioSelection", "VideoSelection", "PDFSelection",
        "PictureSelection",
    }  # fmt: skip
    for name in selections:
        place = ElementTree.fromstring(f'<{name} startPosition="1" begin="1" page="1" fromSyncPoint="a"/>')
        assert _place(place, {"a": "1"})[0] in ("text", "time", "area"), name


def test_marked_up_texts_give_the_codes_that_a_plain_search_finds(data):
    folder = data / "qcoder-marked-up-text"
    known = pd.read_csv(folder / "codes.csv")["code"].tolist()
    for path in sorted(folder.glob("CoC_Example?_MU.txt")):
        found = re.findall(r"\(/QCODE\)\{#([^}]*)\}", path.read_text())
        table = read_table(path, structure=folder / "codes.csv")
        assert (table.format, table.n_records, len(table.refused)) == ("marked_text", len(found), 0), path.name
        assert table.frame["code"].tolist() == found, "no passage lies in another one here"
        assert set(found) <= set(known)
        assert table.columns["code"].labels["gender"] == "mentions gender"
        quotes = read_table(path, sheet="quotes").frame["text"].tolist()
        assert quotes == re.findall(r"\(QCODE\)(.*?)\(/QCODE\)", path.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize(
    ("name", "codes", "refused"),
    [
        ("missing_close_curly", ["gender", "harassment", "license"],
         [(4, "no {#code} stands directly after (/QCODE)"), (13, "the brace after the passage is not closed with }")]),
        ("missinghashtag", ["gender_id", "harassment", "consequences", "license"],
         [(4, "a code is written #code; found {gender}")]),
        ("unbalanced_tags", ["gender", "harassment", "consequences", "license"],
         [(4, "(QCODE) is opened and never closed")]),
    ],
)  # fmt: skip
def test_broken_marks_cost_their_own_passages(data, name, codes, refused):
    table = read_table(data / "qcoder-marked-up-text" / f"CoC_Example2_MU_{name}.txt")
    assert table.frame["code"].tolist() == codes
    assert [(entry.row, entry.reason) for entry in table.refused] == refused


@pytest.fixture
def clean(shared, monkeypatch):
    monkeypatch.setenv("KTSS_PSEUDONYM_KEY", "a key for tests of real files only")
    return lambda path: clean_sources(load_study(path))


def test_values_declared_missing_are_set_missing_and_logged(clean):
    result = clean(HERE / "user_missing" / "study.yaml")
    accounts = result.accounts.set_index("source")[["n_read", "n_used", "n_set_aside", "n_changed"]]
    assert accounts.loc["alone"].tolist() == [7, 5, 2, 0]
    assert accounts.loc["beside"].tolist() == [6, 6, 0, 3]
    assert result.quarantine[["row", "rule"]].to_numpy().tolist() == [[6, "row.no_answer"], [7, "row.no_answer"]]
    logged = result.change_log.query("source == 'beside' and rule == 'missing.code'").sort_values(["column", "row"])
    assert logged[["row", "column", "rule", "before"]].to_numpy().tolist() == [
        [5, "x", "missing.code", "8"], [1, "z", "missing.code", "-9"], [4, "z", "missing.code", "999"],
    ]  # fmt: skip
    answers = result.tables["responses"].query("source == 'beside'")
    places = answers["source_row"].str.split(":").str[1].astype(int)
    found = answers.assign(row=places).pivot_table(index="row", columns="item_id", values="value", dropna=False)
    assert found["order"].fillna(-1).tolist() == [1, 2, 3, 4, -1, 9]
    assert found["label"].fillna(-1).tolist() == [1, 1, 0, 0, -1, 1]
    assert found["number"].fillna(-1).tolist() == [-1, -1, 1.234, -1, 3.14159, -1]
    dates = set(result.tables["responses"].query("source == 'alone'")["answered_on"].dropna())
    assert dates == {"2018-05-06", "1880-05-06", "1960-01-01", "1583-01-01"}


def test_labelled_file_gives_the_published_alpha_through_cleaning(clean, shared):
    result = clean(HERE / "efc" / "study.yaml")
    assert result.accounts[["n_read", "n_used", "n_set_aside"]].to_numpy().tolist() == [[908, 902, 6]]
    assert set(result.quarantine["rule"]) == {"row.no_answer"}
    items = result.tables["responses"].pivot_table(index="person_id", columns="item_id", values="value", dropna=False)
    reference = json.loads((shared / "data" / "sjlabelled-efc" / "reference_R.json").read_text())["scale_unrecoded"]
    assert len(items.dropna()) == reference["n_complete"]
    # the reference rests on pairwise covariances of the 902 answers
    moments = items.astype(float).cov()
    k = len(moments)
    alpha = k / (k - 1) * (1 - np.trace(moments) / moments.to_numpy().sum())
    assert alpha == pytest.approx(reference["alpha"], abs=1e-8)


NVIVO_STUDY = """
id: refi
title: A project of NVivo
framework: {folder}/framework.yaml
rules: {rules}
data_dir: .
languages: [en]
sources:
  - name: codebook
    activity: focus_groups
    files: [nvivo_project.qdpx]
    sheet: codebook
    blocks:
      - table: codebook
        fields:
          code_id: {{column: code_id}}
          parent: {{column: parent}}
          label: {{column: path}}
          definition: {{column: description}}
  - name: codings
    activity: focus_groups
    files: [coded.qdpx]
    repeated: keep
    blocks:
      - table: codings
        fields:
          group_id: {{column: document}}
          turn: {{column: turn}}
          code_id: {{column: code_id}}
          coder_id: {{column: coder_id}}
"""


def coded(source: Path, target: Path) -> list[tuple[str, int, str, str]]:
    """Write the real project again with texts and 205 codings by its own two users; return what was coded."""
    lines = [f"Speaker {number % 7}: sentence number {number} — żółć." for number in range(1, 61)]
    text = "\r\n\r\n".join(lines)
    with zipfile.ZipFile(source) as old:
        qde = old.read("project.qde").decode()
    codes = re.findall(r'<Code guid="([^"]*)"', qde)
    users = re.findall(r'<User guid="([^"]*)"', qde)
    guids = re.findall(r'<TextSource [^>]*guid="([^"]*)"', qde)
    facts, marks = [], dict.fromkeys(guids, "")
    for number in range(205):
        guid, turn = guids[number % 2], 7 * number % len(lines)
        start = text.index(lines[turn]) + 3
        code, user = codes[5 * number % len(codes)], users[number // 2 % 2]
        facts.append((f"Group {guids.index(guid) + 1}", turn + 1, code, user))
        marks[guid] += (
            f'<PlainTextSelection guid="{number:08x}-0000-4000-8000-000000000000" startPosition="{start}" '
            f'endPosition="{start + 9}" creatingUser="{user}"><Coding guid="{number:08x}-0000-4000-9000-000000000000" '
            f'creatingUser="{user}"><CodeRef targetGUID="{code}"/></Coding></PlainTextSelection>'
        )
    for place, guid in enumerate(guids, 1):
        element = re.search(rf'<TextSource [^>]*guid="{guid}"[^>]*/>', qde)[0]
        opened = re.sub(r' name="[^"]*"', f' name="Group {place}"', element).replace("/>", ">")
        qde = qde.replace(element, f"{opened}{marks[guid]}</TextSource>")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("project.qde", qde)
        for guid in guids:
            new.writestr(f"sources/{guid}.txt", text)
    return facts


def test_a_project_gives_codebook_and_codings_through_cleaning(clean, data, tmp_path):
    source = data / "qdpx-refi-demo" / "nvivo_project.qdpx"
    (tmp_path / source.name).write_bytes(source.read_bytes())
    facts = coded(source, tmp_path / "coded.qdpx")
    rules = (HERE.parents[1] / "params" / "rules.yaml").as_posix()
    study = tmp_path / "study.yaml"
    study.write_text(NVIVO_STUDY.format(folder=(HERE / "user_missing").as_posix(), rules=rules))
    result = clean(study)
    accounts = result.accounts.set_index("source")[["n_read", "n_used", "n_set_aside"]]
    assert accounts.loc["codebook"].tolist() == [262, 262, 0]
    assert accounts.loc["codings"].tolist() == [205, 205, 0]
    assert len(result.quarantine) == 0
    codings = result.tables["codings"]
    found = codings[["group_id", "turn", "code_id", "coder_id"]].sort_values(list(codings.columns[:2]))
    assert sorted(found.itertuples(index=False, name=None)) == sorted(facts)
    book = result.tables["codebook"].set_index("code_id")
    assert set(codings["code_id"]) <= set(book.index)
    assert book["parent"].dropna().isin(book.index).all()
    assert book["label"].str.count(" > ").max() >= 3
    written = codings.to_csv() + result.change_log.to_csv() + " ".join(result.notes)
    assert "sentence" not in written, "the words that were coded stay in the project"


def test_the_page_on_formats_is_true_for_these_files(data):
    folders = [path for pattern in FOLDERS for path in sorted(data.glob(pattern))]
    assert len(folders) == len(FOLDERS)
    files = [
        path for folder in folders for path in sorted(folder.iterdir())
        if path.name != "README.md" and not path.name.startswith("reference_")
    ]  # fmt: skip
    assert_page_is_true(data, [*files, data / DERIVED])
    with pytest.raises(AssertionError):
        assert_page_is_true(data, [data / "psych-bfi" / "bfi.csv"])


def test_a_list_of_codes_of_qualcoder(data):
    path = data / "qualcoder-examples" / "plain_codes_categories_for_import.txt"
    lines = [line.split("\t")[0] for line in path.read_text().splitlines() if line.strip()]
    frame = read_table(path).frame
    assert frame.loc[frame["codable"] == "TRUE", "code_id"].tolist() == [line.replace(">>", " > ") for line in lines]
    assert frame.loc[frame["codable"] == "FALSE", "code"].tolist() == ["cat1", "cat3", "cat2"]
    assert frame.set_index("code_id").loc["code1", "description"] == "A memo for code 1"
