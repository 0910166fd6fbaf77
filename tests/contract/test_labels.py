"""Labels to numbers: nothing typographic gets in the way, nothing is guessed, and what is unknown is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from ktss_analysis.core import InputError, StudyError
from ktss_analysis.intake import check_study, clean_sources
from ktss_analysis.intake.labels import CONTRADICTION, LabelTable, disorder, file_labels, matched
from ktss_analysis.lexicon import ShippedScale, fold, no_opinion_texts, shipped_scale, shipped_scales, undressed
from ktss_analysis.lexicon.scales import checked
from ktss_analysis.readers import ColumnInfo, read_table
from ktss_analysis.study import Study, load_study

LANGUAGES = ["en", "it", "pl", "fi", "nl", "de", "fr", "es", "pt"]
AGREEMENT = LabelTable(shipped_scale("agreement-5").pairs())


def study_on(folder: Path, columns: list[str], source: dict, *, block: dict | None = None) -> Study:
    """Write a study whose items are the given columns, in their order."""
    source = dict(source)
    items = [{"id": f"Q{place:02d}", "skill": "S1", "text": {"en": name}} for place, name in enumerate(columns, 1)]
    framework = {
        "id": "f", "version": "1.0.0", "status": "pilot", "languages": ["en"], "scale": {"min": 1, "max": 7},
        "skills": [{"id": "S1", "name": {"en": "One"}}], "items": items,
    }  # fmt: skip
    (folder / "framework.yaml").write_text(yaml.safe_dump(framework), encoding="utf-8")
    mapping = {name: item["id"] for name, item in zip(columns, items, strict=True)}
    content = {
        "id": "s", "title": "S", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
        "privacy": {"pseudonym_key": "a public key of the tests"}, "data_dir": str(source.pop("folder", folder)),
        "sources": [{"name": "raw", "activity": "self_assessment", **source,
                     "blocks": [{"table": "responses", "columns": mapping, **(block or {})}]}],
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_study(folder / "study.yaml")


def answers(study: Study) -> pd.DataFrame:
    table = clean_sources(study).tables["responses"]
    place = table["source_row"].str.rpartition(":")[2].astype(int)
    return table.assign(row=place).pivot(index="row", columns="item_id", values="value").astype(float)


# ------------------------------------------------------------------------------------------- one text
@pytest.mark.parametrize(
    "text",
    [
        "Strongly agree", "STRONGLY AGREE", " strongly\u00a0 agree ", "strongly\tagree", "Strongly&nbsp;agree",
        "<b>Strongly</b> agree", "5 - Strongly agree", "5 – strongly agree", "5. Strongly agree",
        "5) Strongly agree", "5: Strongly agree", "5 = Strongly agree", "5 Strongly agree", "[5] Strongly agree",
        "(5) Strongly agree", "Strongly agree (5)", "Strongly agree [5]", "Strongly agree = 5",
        "Strongly agree – 5", "A5: Strongly agree", "Strongly agree (A5)", "[5]", "(5)", "Strongly agree.",
        "Fortemente d’accordo", "FORTEMENTE D´ACCORDO", "Stimme voll und ganz zu", "Tout à fait d&rsquo;accord",
        "tout a fait d'accord", "Zdecydowanie się zgadzam", "TÄYSIN SAMAA MIELTÄ", "Concordo totalmente;",
    ],
)  # fmt: skip
def test_clothes_of_a_label_do_not_count(text):
    found = AGREEMENT.get(fold(text), matched(text, AGREEMENT))
    assert found == 5


@pytest.mark.parametrize(
    "text", ["4 - Strongly agree", "Strongly agree (1)", "[2] Strongly agree", "A1: Strongly agree"]
)
def test_a_code_that_contradicts_its_label_is_not_guessed(text):
    assert matched(text, AGREEMENT) == CONTRADICTION


@pytest.mark.parametrize(
    "text",
    ["Strongly", "agree strongly", "Stronly agree", "Strongly agree or agree", "[9]", "9 - far out", "agree 5 times",
     "2025-01-05", "3.5 points", "A5", "disagree/agree", "not agree", "", "-", "5 5"],
)  # fmt: skip
def test_what_is_no_label_stays_unknown(text):
    assert matched(text, AGREEMENT) is None


def test_undressing_needs_a_label_with_letters():
    assert undressed("2 – 3") == []
    assert undressed("1-2 times") == []
    assert undressed("Unfamiliar (N/A)") == []


def test_two_labels_that_fold_to_one_text_are_refused():
    with pytest.raises(StudyError, match="'NEVER ' stands for 1 and for 2"):
        LabelTable([("Never", 1), ("NEVER ", 2)])
    assert LabelTable([("Never", 1), ("NEVER", 1)]) == {"never": 1.0}


# --------------------------------------------------------------------------------------- shipped scales
def test_every_shipped_scale_is_complete_in_every_language():
    scales = shipped_scales()
    expected = {f"{family}-{points}" for family in ("agreement", "frequency", "importance", "satisfaction")
                for points in (4, 5, 7)} | {"relevance-4", "clarity-4"}  # fmt: skip
    assert set(scales) == expected
    for name, scale in scales.items():
        assert list(scale.labels) == LANGUAGES, name
        assert {len(points) for points in scale.labels.values()} == {int(name[-1])}, name
        assert all(text.strip() == text != "" for text, _ in scale.pairs()), name
        assert scale.review == "draft"


def test_no_shipped_text_means_two_points_and_none_is_a_refusal_to_judge():
    for name, scale in shipped_scales().items():
        table = LabelTable(scale.pairs(), name)
        assert {fold(text): number for text, number in scale.pairs()} == dict(table)
        assert not set(table) & no_opinion_texts(), name


def test_a_broken_scale_is_refused():
    with pytest.raises(StudyError, match=r"x-2: 'SI' is point 2, and 'Sí' is point 1"):
        checked(ShippedScale("x-2", {"es": (("Sí",), ("No",)), "xx": (("Ano",), ("SI",))}, "draft"))
    with pytest.raises(StudyError, match="1 points; allowed: 2"):
        checked(ShippedScale("x-2", {"es": (("Sí",),)}, "draft"))


def test_opposite_ends_are_opposite():
    """The texts of the ends differ in every language, and the middle of an odd scale is one of its own."""
    for name, scale in shipped_scales().items():
        for language, points in scale.labels.items():
            folded = [{fold(text) for text in texts} for texts in points]
            assert len(set.union(*folded)) == sum(map(len, folded)), (name, language)


# ---------------------------------------------------------------------------------------- study file
def test_a_study_uses_a_shipped_scale_in_mixed_languages(tmp_path):
    (tmp_path / "raw.csv").write_text(
        "who,a,b,c\n1,Strongly agree,D'accordo,Neutraal\n2,Zdecydowanie się zgadzam,Eri mieltä,weiß nicht\n"
        "3,Totalmente de acuerdo,5 - Strongly agree,Stronly agree\n4,4 - Strongly agree,2,6\n",
        encoding="utf-8",
    )
    study = study_on(tmp_path, ["a", "b", "c"], {"files": ["raw.csv"]}, block={"labels": "agreement-5"})
    table = answers(study)
    assert table.to_numpy(dtype=float)[:3, :2].tolist() == [[5, 4], [5, 2], [5, 5]]
    assert table.loc[2, "Q03"] == 3
    assert table.loc[5].fillna(0).tolist() == [0, 2, 0]
    log = clean_sources(study).change_log
    assert log[["row", "column", "rule", "before"]].to_numpy().tolist() == [
        [3, "c", "missing.no_opinion", "weiß nicht"],
        [4, "c", "label.unknown", "Stronly agree"],
        [5, "a", "label.contradicts", "4 - Strongly agree"],
        [5, "c", "value.out_of_range", "6"],
    ]


def test_check_lists_unknown_labels_once_with_count_and_nearest(tmp_path):
    rows = "".join(f"{n},Stronly agree,Maybe\n" for n in range(4)) + "9,agree,Perhaps\n"
    (tmp_path / "raw.csv").write_text("who,a,b\n" + rows, encoding="utf-8")
    study = study_on(tmp_path, ["a", "b"], {"files": ["raw.csv"]}, block={"labels": "agreement-5"})
    problems = check_study(study)
    unknown = problems[problems["rule"] == "label.unknown"].set_index("found")
    assert unknown["n_cells"].to_dict() == {"Stronly agree": 4, "Maybe": 4, "Perhaps": 1}
    assert unknown.loc["Stronly agree", "allowed"].startswith("nearest known: 'Strongly agree' (5)")
    assert (unknown.loc["Maybe", "row"], unknown.loc["Maybe", "column"]) == (2, "b")
    assert unknown.loc["Maybe", "allowed"].startswith("whole numbers from 1 to 5 or the labels 'Strongly disagree'")
    assert (unknown["level"] == "warning").all()


def test_labels_that_do_not_exist_or_do_not_fit_the_scale_are_refused(tmp_path):
    (tmp_path / "raw.csv").write_text("a\nAgree\n")
    with pytest.raises(
        StudyError, match=r"study\.yaml, line \d+, .*labels: needs label -> number, or one of: framewor"
    ):
        study_on(tmp_path, ["a"], {"files": ["raw.csv"]}, block={"labels": "agreement-6"})
    study = study_on(tmp_path, ["a"], {"files": ["raw.csv"]}, block={"labels": "agreement-5", "scale": [0, 4]})
    with pytest.raises(StudyError, match="labels agreement-5 stand for 1 to 5, but scale is 0 to 4"):
        clean_sources(study)


def test_missing_numbers_count_only_outside_the_scale(tmp_path):
    (tmp_path / "raw.csv").write_text("a,b\n98,5\n99,7\n8,7\n")
    study = study_on(tmp_path, ["a", "b"], {"files": ["raw.csv"], "missing_numbers": [7, 98, 99]},
                     block={"scale": [1, 7]})  # fmt: skip
    log = clean_sources(study).change_log
    assert log[["row", "column", "rule", "before"]].to_numpy().tolist() == [
        [2, "a", "missing.number", "98"], [3, "a", "missing.number", "99"], [4, "a", "value.out_of_range", "8"],
    ]  # fmt: skip
    assert answers(study)["Q02"].tolist() == [5, 7, 7]


def test_a_no_opinion_text_that_is_a_label_of_the_scale_is_an_answer(tmp_path):
    (tmp_path / "raw.csv").write_text("a\nDon't know\nyes\n")
    labels = {"Don't know": 2, "yes": 3, "no": 1}
    study = study_on(tmp_path, ["a"], {"files": ["raw.csv"]}, block={"labels": labels})
    assert answers(study)["Q01"].tolist() == [2, 3]
    study = study_on(tmp_path, ["a"], {"files": ["raw.csv"], "no_opinion": []}, block={"labels": {"yes": 3}})
    assert clean_sources(study).change_log["rule"].tolist() == ["label.unknown"]


# ------------------------------------------------------------------------------ labels: file, missing: file
def test_file_labels():
    assert file_labels({"1": "Never", "2": "Always"}, "x") == {"1": 1, "never": 1, "2": 2, "always": 2}
    assert file_labels({"A1": "Never", "A2": "Always"}, "x") == {"a1": 1, "never": 1, "a2": 2, "always": 2}
    assert file_labels({"-9": "none", "1.0": "Yes"}, "x") == {"-9": -9, "none": -9, "1.0": 1, "yes": 1}
    assert file_labels({"A1": "x", "B2": "y"}, "x") is None
    assert file_labels({"SQ": "x"}, "x") is None
    with pytest.raises(StudyError, match="'never' stands for 1 and for 2"):
        file_labels({"1": "Never", "2": "never"}, "x")


def with_columns(monkeypatch, columns: dict[str, ColumnInfo]) -> None:
    from dataclasses import replace

    from ktss_analysis.intake import gather

    def read(path, **options):
        return replace(read_table(path, **options), columns=columns)

    monkeypatch.setattr(gather, "read_table", read)


def test_numbers_from_the_files_own_value_labels(tmp_path, monkeypatch):
    (tmp_path / "raw.csv").write_text("a,b\n1,Low\nAlways,2\n99,High\nRefused,3\n")
    with_columns(monkeypatch, {
        "a": ColumnInfo(labels={"1": "Never", "5": "Always", "99": "Refused"}, missing=("99",)),
        "b": ColumnInfo(labels={"1": "Low", "2": "Middle", "3": "High"}),
    })  # fmt: skip
    source = {"files": ["raw.csv"], "missing": "file"}
    study = study_on(tmp_path, ["a", "b"], source, block={"labels": "file", "scale": [1, 5]})
    assert answers(study).fillna(0).to_numpy().tolist() == [[1, 1], [5, 2], [0, 3], [0, 3]]
    log = clean_sources(study).change_log
    assert log[["row", "rule", "before"]].to_numpy().tolist() == [
        [4, "missing.code", "99"], [5, "missing.code", "Refused"],
    ]  # fmt: skip


def test_a_file_without_value_labels_is_refused_in_words(tmp_path, monkeypatch):
    (tmp_path / "raw.csv").write_text("a,b\n1,Low\n")
    with_columns(monkeypatch, {"a": ColumnInfo(labels={"1": "Never"})})
    study = study_on(tmp_path, ["a", "b"], {"files": ["raw.csv"]}, block={"labels": "file"})
    with pytest.raises(InputError, match=r"raw\.csv, column 'b': labels: file, but .* found 'no value labels'"):
        clean_sources(study)


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ({"A1": "No", "A3": "Perhaps", "A2": "Yes"}, "do not follow the order of the options"),
        ({"A1": "0", "A2": "1", "A3": "2"}, "other numbers than their labels"),
    ],
)
def test_lettered_codes_that_are_no_scale_are_refused(tmp_path, monkeypatch, codes, words):
    (tmp_path / "raw.csv").write_text("a\nA1\nA3\n")
    with_columns(monkeypatch, {"a": ColumnInfo(labels=codes)})
    study = study_on(tmp_path, ["a"], {"files": ["raw.csv"]}, block={"labels": "file"})
    with pytest.raises(
        InputError, match=rf"raw\.csv, column 'a': labels: file, but .*{words}.* found 'A1 = "
    ) as caught:
        clean_sources(study)
    assert all(f"{code} = {label}" in str(caught.value) for code, label in codes.items())
    assert check_study(study)["level"].eq("error").any()
    own = {"A1": 1, "A2": 3, "A3": 2}
    study = study_on(tmp_path, ["a"], {"files": ["raw.csv"]}, block={"labels": own, "scale": [1, 3]})
    assert answers(study)["Q01"].tolist() == [1, 2]
    assert check_study(study).query("rule == 'dictionary.contradicts'").empty, "what was corrected is no contradiction"


@pytest.mark.parametrize(
    "codes",
    [
        {"A1": "No", "A2": "Perhaps", "A3": "Yes"}, {"A3": "Yes", "A2": "Perhaps", "A1": "No"},
        {"A1": "1", "A2": "2"}, {"A1": "No", "A2": "Yes", "A0": "Don't know"}, {"1": "No", "3": "Perhaps", "2": "Yes"},
        {"A1": "No", "-oth-": "Other"}, {"A1": "once", "A2": "2 or 3 times"},
    ],
    ids=["rising", "falling", "labels are the numbers", "no opinion last", "numbers of the author", "other", "counts"],
)  # fmt: skip
def test_lettered_codes_that_may_be_a_scale(codes):
    assert disorder(codes) == ""


# --------------------------------------------------------------------------------------- real files
def test_math_anxiety_labels_give_the_reference_numbers(shared, tmp_path):
    folder = shared / "data" / "likert-labels"
    raw = pd.read_csv(folder / "mass.csv")
    items = list(raw.columns[1:])
    study = study_on(tmp_path, items, {"files": ["mass.csv"], "folder": folder}, block={"labels": "agreement-5"})
    table = answers(study)
    order = ["strongly disagree", "disagree", "neutral", "agree", "strongly agree"]
    by_hand = raw[items].map(lambda text: order.index(text.lower()) + 1)
    assert (table.to_numpy() == by_hand.to_numpy()).all()
    assert clean_sources(study).change_log.query("action == 'set_missing'").empty


def test_pisa_labels_of_three_scales_with_curly_apostrophe(shared, tmp_path):
    folder = shared / "data" / "likert-labels"
    raw = pd.read_csv(folder / "pisa2009_items_sample.csv")
    items = [name for name in raw.columns if name.startswith("ST24")]
    source = {"files": ["pisa2009_items_sample.csv"], "folder": folder}
    study = study_on(tmp_path, items, source, block={"labels": "agreement-4"})
    table = clean_sources(study).tables["responses"]
    expected = raw[items].melt()["value"].dropna().str.lower().map(
        {"strongly disagree": 1, "disagree": 2, "agree": 3, "strongly agree": 4})  # fmt: skip
    assert table["value"].value_counts().to_dict() == expected.value_counts().to_dict()
    online = [name for name in raw.columns if name.startswith("ST26")]
    study = study_on(tmp_path, online, source, block={"labels": {
        "Never or almost never": 1, "Several times a month": 2, "Several times a week": 3, "Several times a day": 4,
        "Don't know what it is": 0}, "scale": [0, 4]})  # fmt: skip
    cleaned = clean_sources(study)
    assert (cleaned.tables["responses"]["value"] == 0).sum() == (raw[online] == "Don’t know what it is").sum().sum()
    assert "label.unknown" not in set(cleaned.change_log["rule"])


def test_french_labels_that_no_shipped_scale_has_are_listed_not_guessed(shared, tmp_path):
    folder = shared / "data" / "questionr-hdv2003-french"
    raw = pd.read_csv(folder / "hdv2003.csv")
    source = {"files": ["hdv2003.csv"], "folder": folder, "person": {"column": "id"}}
    study = study_on(tmp_path, ["trav.satisf"], source, block={"labels": "satisfaction-5"})
    problems = check_study(study).query("rule == 'label.unknown'").set_index("found")
    counts = raw["trav.satisf"].value_counts()
    assert problems["n_cells"].to_dict() == counts.to_dict(), "nouns, not adjectives: none is a label of the scale"
    assert problems.loc["Satisfaction", "allowed"].startswith("nearest known: 'Satisfait' (4)")
    labels = {"Insatisfaction": 1, "Équilibre": 2, "Satisfaction": 3}
    study = study_on(tmp_path, ["trav.satisf"], source, block={"labels": labels})
    table = answers(study)["Q01"].dropna()
    assert (
        table.map({1: "Insatisfaction", 2: "Equilibre", 3: "Satisfaction"}).value_counts().to_dict() == counts.to_dict()
    )


def test_delphi_labels_with_numbers_and_dashes(shared, tmp_path):
    folder = shared / "data" / "delphi-enlight-3rounds"
    raw = read_table(next(folder.glob("round1_*.xlsx"))).frame
    items = [name for name in raw.columns if raw[name].str.match(r"7 . Very important").any()]
    assert len(items) == 61
    labels = {"Not important": 1, "Very important": 7}
    source = {"files": ["round1_*.xlsx"], "folder": folder}
    study = study_on(tmp_path, items, source, block={"labels": labels, "leading_number": True, "scale": [1, 7]})
    table = answers(study)
    by_hand = raw[items].apply(lambda column: pd.to_numeric(column.str.extract(r"^(\d)")[0]))
    assert np.array_equal(table.to_numpy(), by_hand.to_numpy(dtype=float), equal_nan=True)
    assert set(clean_sources(study).change_log.query("action == 'set_missing'")["before"].str[0]) <= {"X"}


def test_surveymonkey_importance_and_favour(shared, tmp_path):
    folder = shared / "data" / "export-surveymonkey-538"
    raw = pd.read_csv(folder / "comma-survey__comma-survey.csv", encoding="utf-8")
    item = next(name for name in raw.columns if name.startswith("In your opinion, how important or unimportant"))
    labels = {"Very unimportant": 1, "Somewhat unimportant": 2, "Neither important nor unimportant (neutral)": 3,
              "Somewhat important": 4, "Very important": 5}  # fmt: skip
    source = {"files": ["comma-survey__*.csv"], "folder": folder, "person": {"column": "RespondentID"}}
    study = study_on(tmp_path, [item], source, block={"labels": labels})
    counts = answers(study)["Q01"].value_counts()
    expected = raw[item].value_counts()
    assert {label: int(counts.get(number, 0)) for label, number in labels.items()} == {
        label: int(expected.get(label, 0)) for label in labels
    }


def test_google_forms_satisfaction_grid(shared, tmp_path):
    folder = shared / "data" / "export-googleforms-dask"
    raw = pd.read_csv(folder / "2019-user-survey-results.csv")
    items = [name for name in raw.columns if "[" in name and raw[name].isin(["Critical to me"]).any()]
    assert items
    labels = {"Not relevant for me": 1, "Somewhat useful": 2, "Critical to me": 3}
    study = study_on(tmp_path, items, {"files": ["2019-*.csv"], "folder": folder}, block={"labels": labels})
    table = clean_sources(study).tables["responses"]["value"].value_counts().to_dict()
    expected = raw[items].melt()["value"].dropna().map(labels).value_counts().to_dict()
    assert table == expected
