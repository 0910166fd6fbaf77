"""Real files, as their owners exported them: published counts and coefficients come out again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.intake import Clean, check_study, clean_sources
from ktss_analysis.readers import read_table
from ktss_analysis.study import load_study

HERE = Path(__file__).resolve().parent


@pytest.fixture
def clean(shared, monkeypatch):
    monkeypatch.setenv("KTSS_PSEUDONYM_KEY", "a key for tests of real files only")

    def run(name: str) -> Clean:
        return clean_sources(load_study(HERE / name / "study.yaml"))

    return run


def items_of(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.pivot_table(index="person_id", columns="item_id", values="value", dropna=False).astype(float)


def alpha(items: pd.DataFrame) -> float:
    """Return alpha from the plain definition, independent of the package."""
    k = items.shape[1]
    return k / (k - 1) * (1 - items.var(ddof=1).sum() / items.sum(axis=1).var(ddof=1))


def test_cieb_the_two_rows_of_the_authors_are_set_aside_by_hand(clean, shared):
    folder = shared / "data" / "cieb-digital-competence"
    result = clean("cieb")
    assert result.accounts[["n_read", "n_used", "n_set_aside"]].to_numpy().tolist() == [[382, 380, 2]]
    raw = pd.read_csv(folder / "anonymized-responses.csv")
    left_out = set(raw["ID"]) - set(pd.read_csv(folder / "responses.csv")["ID"])
    assert left_out == set(pd.read_csv(folder / "careless.csv")["ID"])
    assert set(result.quarantine["row"]) == {int(index) + 2 for index in raw.index[raw["ID"].isin(left_out)]}
    assert set(result.quarantine["rule"]) == {"row.excluded"}
    assert result.quarantine["reason"].str.contains("excluded by the authors").all()
    for identifier in left_out:
        assert not result.quarantine["record"].str.contains(identifier).any()
    reference = json.loads((folder / "reference_R.json").read_text())["scale"]
    items = items_of(result.tables["responses"])
    assert items.shape == (reference["n"], reference["k"])
    assert alpha(items) == pytest.approx(reference["alpha"], abs=1e-8)


def test_grips_impossible_zeros_are_logged_and_repeats_stay(clean, shared):
    result = clean("grips")
    assert result.accounts[["n_read", "n_used", "n_set_aside", "n_changed", "n_flagged"]].to_numpy().tolist() == [
        [810, 810, 0, 41, 273]
    ]
    zeros = result.change_log.query("rule == 'value.out_of_range'")
    raw = pd.read_csv(shared / "data" / "efatools-grips" / "GRiPS_raw.csv")
    rows, columns = np.nonzero(raw.to_numpy() == 0)
    assert set(zip(zeros["row"], zeros["column"], strict=True)) == {
        (int(row) + 2, raw.columns[column]) for row, column in zip(rows, columns, strict=True)
    }
    assert set(zeros["before"]) == {"0"}
    flagged = result.change_log.query("rule == 'flag.same_answers'")
    assert (len(flagged), flagged["row"].nunique(), set(flagged["action"])) == (273, 273, {"flagged"})
    items = items_of(result.tables["responses"])
    assert items.shape == (810, 8)
    assert int(items.isna().sum().sum()) == 41
    assert result.tables["responses"]["person_id"].nunique() == 810, "equal rows are different people"


def test_grips_with_the_four_repeated_rows(shared, tmp_path, monkeypatch):
    source = (HERE / "grips" / "study.yaml").read_text()
    folder = (shared / "data" / "nasty-derived-encodings").as_posix()
    source = source.replace("../../../../shared/data/efatools-grips", folder)
    source = source.replace("GRiPS_raw.csv", "GRiPS_first60_plus4_duplicate_rows.csv")
    (tmp_path / "study.yaml").write_text(source)
    (tmp_path / "framework.yaml").write_text((HERE / "grips" / "framework.yaml").read_text())
    monkeypatch.setenv("KTSS_PSEUDONYM_KEY", "a key for tests of real files only")
    result = clean_sources(load_study(tmp_path / "study.yaml"))
    flagged = set(result.change_log.query("rule == 'flag.same_answers'")["row"])
    assert {62, 63, 64, 65} <= flagged
    assert result.accounts["n_used"].tolist() == [64]


def test_same_ratings_from_text_and_workbook(clean, shared):
    result = clean("cvijmv")
    ratings = result.tables["ratings"]
    text, book = (
        ratings[ratings["source"] == name].groupby("target_id")["value"].apply(sorted) for name in ("text", "workbook")
    )
    assert text.to_dict() == book.to_dict()
    places = ratings.assign(row=ratings["source_row"].str.split(":").str[1])
    one, two = (
        places[places["source"] == name].sort_values(["row", "target_id"])[["row", "target_id", "value"]].to_numpy()
        for name in ("text", "workbook")
    )
    assert (one == two).all()
    reference = json.loads((shared / "data" / "cvijmv-samples" / "reference_py.json").read_text())
    for name, file in (("workbook", "s1.xlsx"), ("second", "s2.xlsx")):
        values = ratings[ratings["source"] == name]
        found = (values["value"] >= 3).groupby(values["target_id"]).mean()
        assert found.to_dict() == pytest.approx(reference[file]["I_CVI"])


def test_delphi_workbook_as_the_survey_tool_wrote_it(clean, shared):
    result = clean("delphi")
    ratings = result.tables["ratings"]
    assert len(ratings) == 65 * 61
    assert ratings["value"].dropna().between(1, 7).all()
    assert set(result.change_log["rule"]) <= {"missing.code", "text.identifier_masked"}
    assert result.change_log.query("rule == 'missing.code'")["before"].str.startswith("X – Don't know").all()
    study = load_study(HERE / "delphi" / "study.yaml")
    expected = pd.read_csv(shared / "data" / "delphi-enlight-3rounds" / "expected_Round1_item-rating.csv").set_index(
        "Var2"
    )
    names = {skill.id: skill.name["en"] for skill in study.instrument.skills}
    names["A21-4"] = names["A21-4"].replace(" from a specific viewpoint", "")  # shortened in the authors' table
    assert set(names.values()) == set(expected.index)
    # the authors' own table, among all cells that are not empty: 5 to 7; 1 to 3 or X; X alone
    raw = read_table(study.files(study.sources[0])[0]).frame
    filled = {target: (raw[header] != "").sum() for header, target in study.sources[0].blocks[0].columns.items()}
    groups = ratings.groupby("target_id")["value"]
    included, excluded = (groups.apply(lambda v: (v >= 5).sum()), groups.apply(lambda v: (v <= 3).sum()))
    headers = {target: header for header, target in study.sources[0].blocks[0].columns.items()}
    cannot = result.change_log.query("rule == 'missing.code'").groupby("column").size()
    for target, name in names.items():
        row = expected.loc[name]
        unknown = int(cannot.get(headers[target], 0))
        assert included[target] / filled[target] == pytest.approx(row["rating_incl"], abs=1e-9), name
        assert (excluded[target] + unknown) / filled[target] == pytest.approx(row["rating_excl"], abs=1e-9), name
        assert unknown / filled[target] == pytest.approx(row["rating_unknown"], abs=1e-9), name
    comments = result.tables["comments"]
    assert (comments["review"] == "pending").all()
    assert not comments["text"].str.contains("@").any()


@pytest.mark.parametrize("name", ["cieb", "grips", "cvijmv", "delphi"])
def test_real_studies_have_no_errors(shared, monkeypatch, name):
    monkeypatch.setenv("KTSS_PSEUDONYM_KEY", "a key for tests of real files only")
    problems = check_study(load_study(HERE / name / "study.yaml"))
    assert not (problems["level"] == "error").any()
