"""Contract of the intake: planted defects are found where they stand, and nobody's identity gets out."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from ktss_analysis.core import InputError, PipelineError, StudyError
from ktss_analysis.csvfile import write_csv
from ktss_analysis.glossary import COLUMNS, check_columns
from ktss_analysis.intake import (
    RECORDS,
    TABLES,
    Clean,
    Pseudonymiser,
    check_study,
    clean_sources,
    conform,
    empty_table,
    people,
    read_clean,
    write_clean,
)  # fmt: skip
from ktss_analysis.intake.cells import to_dates
from ktss_analysis.intake.labels import fold, leading_number
from ktss_analysis.study import Study, load_study

KEY = "a-public-key-for-tests-only"
FRAMEWORK = {
    "id": "toy", "version": "1.2.0", "status": "pilot", "languages": ["en", "it"],
    "scale": {"min": 1, "max": 5, "labels": {
        "en": ["Never", "Rarely", "Sometimes", "Often", "Always"],
        "it": ["Mai", "Raramente", "Talvolta", "Spesso", "Sempre"]}},
    "skills": [{"id": f"S{n}", "name": {"en": f"Skill {n}"}} for n in range(1, 5)],
    "modules": [{"id": "M1", "name": {"en": "Module 1"}}],
    "items": [
        {"id": f"S{n}-{m}", "skill": f"S{n}", "text": {"en": f"Item {m} of skill {n}"}, "version": "1.1.0"}
        for n in range(1, 5) for m in range(1, 4)
    ],
}  # fmt: skip
ITEMS = [item["id"] for item in FRAMEWORK["items"]]


def make(folder: Path, files: dict[str, str | bytes], sources: list[dict], **study) -> Study:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "framework.yaml").write_text(yaml.safe_dump(FRAMEWORK))
    content = {
        "id": "toy", "title": "Toy", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
        "privacy": {"pseudonym_key": KEY}, "languages": ["en"], "sources": sources, **study,
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    return load_study(folder / "study.yaml")


def source(blocks: list[dict], file: str = "raw.csv", **options) -> dict:
    return {"name": "raw", "activity": "guide_review", "files": [file], "blocks": blocks, **options}


def skills(**options) -> dict:
    return {"table": "ratings", "columns": "{target}_relevance", "target_type": "skill",
    "aspect": "relevance",
            "scale": [1, 4], **options}  # fmt: skip


def changes(clean: Clean, *columns: str) -> list[tuple]:
    return list(clean.change_log[list(columns)].itertuples(index=False, name=None))


def test_every_cell_rule_fires_where_the_defect_stands(tmp_path):
    text = (
        "who;S1_relevance;S2_relevance;S3_relevance;S4_relevance;when\n"
        "a@x.eu;4;n/a;3;2;2025-01-05\n"
        "b@x.eu;7;2,5;many;3;05.01.2025\n"
        "c@x.eu;0;–;;4;the fifth\n"
    )
    study = make(tmp_path, {"raw.csv": text},
                 [source([skills()], person={"column": "who"}, answered_on={"column": "when"})])  # fmt: skip
    clean = clean_sources(study)
    assert changes(clean, "file", "row", "column", "rule", "action", "before") == [
        ("raw.csv", 2, "S2_relevance", "missing.code", "set_missing", "n/a"),
        ("raw.csv", 3, "S1_relevance", "value.out_of_range", "set_missing", "7"),
        ("raw.csv", 3, "S2_relevance", "value.not_whole", "set_missing", "2,5"),
        ("raw.csv", 3, "S3_relevance", "value.not_a_number", "set_missing", "many"),
        ("raw.csv", 4, "S1_relevance", "value.out_of_range", "set_missing", "0"),
        ("raw.csv", 4, "S2_relevance", "missing.code", "set_missing", "–"),
        ("raw.csv", 4, "when", "date.unreadable", "flagged", "the fifth"),
    ]
    reasons = dict(changes(clean, "rule", "reason"))
    assert reasons["value.out_of_range"] == "is outside the scale; allowed: whole numbers from 1 to 4"
    ratings = clean.tables["ratings"]
    assert len(ratings) == 12, "a missing answer stays as a row"
    assert ratings["value"].notna().sum() == 5
    assert sorted(ratings["answered_on"].dropna().unique()) == ["2025-01-05"]
    row = ratings[(ratings["source_row"] == "raw.csv:2") & (ratings["target_id"] == "S1")].iloc[0]
    assert (row["value"], row["round"], row["aspect"], row["source"]) == (4.0, 1, "relevance", "raw")


def test_labels_in_two_languages_and_typographic_clothes(tmp_path):
    text = "who,S1-1,S1-2,S1-3,S2-1\na,often,SPESSO, Always ,sometimez\nb,4,Mai,“Never”,9 - far out\n"
    study = make(tmp_path, {"raw.csv": text}, [
        source([{"table": "responses", "columns": "{target}", "scale": "framework", "labels": "framework"}],
               person={"column": "who"})])  # fmt: skip
    clean = clean_sources(study)
    values = clean.tables["responses"].pivot_table(index="source_row", columns="item_id", values="value")
    assert values.loc["raw.csv:2"].to_dict() == {"S1-1": 4, "S1-2": 4, "S1-3": 5}
    assert values.loc["raw.csv:3"].dropna().to_dict() == {"S1-1": 4, "S1-2": 1}
    assert changes(clean, "row", "column", "rule", "before") == [
        (2, "S2-1", "label.unknown", "sometimez"),
        (3, "S1-3", "label.unknown", "“Never”"),
        (3, "S2-1", "label.unknown", "9 - far out"),
    ]


def test_leading_numbers_only_when_asked(tmp_path):
    text = "S1_relevance,S2_relevance\n4 – very relevant,2. hardly\n3,9 - too much\n"
    study = make(tmp_path, {"raw.csv": text}, [source([skills(leading_number=True)])])
    clean = clean_sources(study)
    assert clean.tables["ratings"]["value"].dropna().sort_values().tolist() == [2, 3, 4]
    assert changes(clean, "row", "rule") == [(3, "value.out_of_range")]
    study = make(tmp_path, {"raw.csv": text}, [source([skills()])])
    assert set(clean_sources(study).change_log["rule"]) == {"value.not_a_number"}


@pytest.mark.parametrize(
    ("text", "number"),
    [("7 – Very important", 7), ("7-x", 7), ("3 = so so", 3), ("10) ten", 10), ("2 words", 2), ("4", 4),
     ("X – none", None), ("3.5 points", None), ("2025-01-05", None), ("1,5 – x", None)],
)  # fmt: skip
def test_leading_number(text, number):
    assert leading_number(text) == number


def test_fold_keeps_different_words_apart():
    assert fold("  Così – “ÉTÉ”\u00a0Łódź ") == fold('cosi - "ete" lodz')
    assert fold("never") != fold("ever")
    assert fold("+") != fold("-")


DIRTY = (
    "who,S1_relevance,S2_relevance,day\n"
    "a@x.eu,4,3,2025-01-01\n"
    "A@X.EU ,4,3,2025-01-02\n"
    "b@x.eu,4,3,2025-01-01\n"
    "b@x.eu,1,1,2025-01-03\n"
    ",,,\n"
    "c@x.eu,3,3,2025-02-09\n"
    "d@x.eu,n/a,,2025-01-01\n"
    "e@x.eu,2,2,2025-01-01\n"
    "f@x.eu,2,2,2025-01-01,9\n"
    ",3,3,2025-01-01\n"
)


def dirty(folder: Path, **options) -> Study:
    settings = {
        "person": {"column": "who"}, "answered_on": {"column": "day"}, "closes": "2025-01-31",
        "exclude": [{"column": "who", "values": ["E@x.eu"], "reason": "withdrew by letter"}], **options,
    }  # fmt: skip
    return make(folder, {"raw.csv": DIRTY}, [source([skills()], **settings)])


def test_every_row_rule_fires_and_rows_are_conserved(tmp_path):
    clean = clean_sources(dirty(tmp_path))
    found = {(row.row, row.rule): row.reason for row in clean.quarantine.itertuples()}
    assert set(found) == {
        (3, "row.repeated"), (5, "row.repeated"), (6, "row.empty"), (7, "row.late"), (8, "row.no_answer"),
        (9, "row.excluded"), (10, "row.too_long"),
    }  # fmt: skip
    assert found[3, "row.repeated"].startswith("same person, same answers")
    assert found[5, "row.repeated"].startswith("same person, other answers")
    assert "2025-02-09" in found[7, "row.late"]
    assert found[9, "row.excluded"] == "withdrew by letter"
    assert (11, "person.missing", "flagged") in changes(clean, "row", "rule", "action")
    account = clean.accounts.iloc[0]
    assert (account["n_read"], account["n_used"], account["n_set_aside"]) == (10, 3, 7)
    aside = clean.change_log[clean.change_log["action"] == "set_aside"]
    assert sorted(aside["row"]) == sorted(clean.quarantine["row"])


def test_repeats_by_choice(tmp_path):
    last = clean_sources(dirty(tmp_path, repeated="last"))
    assert set(last.quarantine.query("rule == 'row.repeated'")["row"]) == {2, 4}
    with pytest.raises(InputError, match=r"raw\.csv, row 3: source 'raw': the same person.*also in raw\.csv, row 2"):
        clean_sources(dirty(tmp_path, repeated="refuse"))


def test_many_rows_per_person_when_asked_but_not_twice_the_same_judgement(tmp_path):
    text = "who,round,S1_relevance\na,1,4\na,2,3\na,1,1\n"
    blocks = [skills(round=1, when={"round": ["1"]}), skills(round=2, when={"round": ["2"]})]
    study = make(tmp_path, {"raw.csv": text}, [source(blocks, person={"column": "who"}, repeated="keep")])
    clean = clean_sources(study)
    assert clean.tables["ratings"][["round", "value"]].to_numpy().tolist() == [[1, 4], [2, 3]]
    assert clean.quarantine[["row", "rule"]].to_numpy().tolist() == [[4, "row.repeated"]]


def test_one_id_in_two_sources_is_refused_in_the_users_words(tmp_path):
    block = {"table": "comments", "fields": {"comment_id": {"column": "id"}, "text": {"column": "text"}}}
    first = source([block], activity="triage", repeated="keep")
    study = make(tmp_path, {"raw.csv": "id,text\nC1,good\n"}, [first, {**first, "name": "again"}])
    with pytest.raises(
        InputError, match=r"raw\.csv:2: table comments: the same comment_id stands in two sources, 'again'"
    ):
        clean_sources(study)


def test_lost_row_stops_the_run(tmp_path, monkeypatch):
    original = people.accounts_of

    def lose(result):
        name, table = result.tables[0]
        result.tables[0] = (name, table[table.index != table.index.max()])
        return original(result)

    monkeypatch.setattr("ktss_analysis.intake.one_source.accounts_of", lose)
    with pytest.raises(PipelineError, match="10 rows read, but 2 used and 7 set aside"):
        clean_sources(dirty(tmp_path))


def test_no_identifier_in_any_output_or_error(tmp_path):
    text = (
        "who,Full name,S1_relevance,S2_relevance,note\n"
        "anna.bianchi@tto.it,Anna Bianchi,4,anna.bianchi@tto.it,write to me: anna.bianchi@tto.it!\n"
        "anna.bianchi@tto.it,Anna Bianchi,1,1,\n"
        "Piotr-1975,Piotr Nowak,x@y.pl,Piotr-1975,\n"
        "Zed-4711,Zed Zulu,,,\n"
    )
    study = make(tmp_path / "in", {"raw.csv": text},
                 [source([skills()], person={"column": "who"}, free_text=["note"])])  # fmt: skip
    clean = clean_sources(study)
    paths = write_clean(clean, tmp_path / "out")
    shown = "".join(path.read_text() for path in paths if path.suffix == ".csv")
    shown += "".join(read_clean(tmp_path / "out", name).to_csv() for name in TABLES)
    shown += check_study(study).to_csv() + repr(Pseudonymiser(study)) + str(clean.notes)
    assert Pseudonymiser(study).person("anna.bianchi@tto.it") in shown
    for secret in ("anna", "bianchi", "piotr", "nowak", "zed", "4711", "y.pl", KEY):
        assert secret not in shown.casefold()
    assert clean.tables["comments"]["text"].tolist() == ["write to me: [e-mail]!"]
    assert "text.identifier_masked" in set(clean.change_log["rule"])
    record = json.loads(clean.quarantine.loc[clean.quarantine["row"] == 3, "record"].iloc[0])
    assert record == {
        "who": Pseudonymiser(study).person("anna.bianchi@tto.it"),
        "S1_relevance": "1",
        "S2_relevance": "1",
    }
    refusing = make(
        tmp_path / "in", {"raw.csv": text}, [source([skills()], person={"column": "who"}, repeated="refuse")]
    )
    with pytest.raises(InputError) as caught:
        clean_sources(refusing)
    assert "anna" not in str(caught.value)


def test_pseudonyms(tmp_path, monkeypatch):
    study = make(tmp_path, {}, [])
    names = Pseudonymiser(study)
    assert names.person("Anna@X.eu ") == names.person("  anna@x.EU")
    assert names.person("ﬁona") == names.person("fiona"), "NFKC"
    assert names.person("anna") != names.person("anne")
    assert names.person("anna")[0] == "P"
    assert len(names.person("anna")) == 11
    real = make(tmp_path / "real", {}, [], synthetic=False, privacy={})
    monkeypatch.setenv("KTSS_PSEUDONYM_KEY", "another key of enough length")
    assert Pseudonymiser(real).person("anna") != names.person("anna")
    assert Pseudonymiser(study).person("anna") == names.person("anna"), "synthetic data keep their public key"
    monkeypatch.setenv("KTSS_PSEUDONYM_KEY", "short")
    with pytest.raises(StudyError, match="KTSS_PSEUDONYM_KEY: the key is too short") as caught:
        Pseudonymiser(real)
    assert "'short'" not in str(caught.value)


def test_key_file_is_made_once_private_and_ignored(tmp_path, monkeypatch):
    monkeypatch.delenv("KTSS_PSEUDONYM_KEY", raising=False)
    (tmp_path / ".git").mkdir()
    study = make(tmp_path / "a" / "b", {}, [], synthetic=False, privacy={})
    first = Pseudonymiser(study).person("anna")
    path = tmp_path / ".ktss" / "pseudonym.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tmp_path / ".ktss" / ".gitignore").read_text() == "*\n"
    assert Pseudonymiser(study).person("anna") == first
    path.unlink()
    assert Pseudonymiser(study).person("anna") != first


def test_one_person_is_one_pseudonym_in_all_sources_and_in_people(tmp_path):
    register = "mail,acts,land,years,invited,ok\na@x.eu,guide_review;workshop,it,3,yes,yes\n"
    register += "b@x.eu,,PL,abc,1,no\nc@x.eu,,Mars,2,x,sì\n"
    study = make(
        tmp_path,
        {"reg.csv": register, "raw.csv": "id,S1_relevance\nA@x.eu,4\nb@x.eu,3\nz@x.eu,2\n"},
        [
            source([skills()], person={"column": "id"}),
            {"name": "register", "activity": "register", "files": ["reg.csv"],
             "person": {"column": "mail"}, "blocks": [
                {"table": "people", "fields": {"streams": {"column": "acts"}, "country": {"column": "land"},
                 "kt_years": {"column": "years"}, "invited": {"column": "invited"},
                 "consented": {"column": "ok"}}}]},
        ],
    )  # fmt: skip
    clean = clean_sources(study)
    names = Pseudonymiser(study)
    people_table = clean.tables["people"].set_index("person_id")
    a, b, c, z = (names.person(f"{letter}@x.eu") for letter in "abcz")
    assert people_table.loc[a, ["streams", "country", "kt_years", "used"]].tolist() == [
        "guide_review|workshop",
        "IT",
        3,
        True,
    ]
    assert people_table.loc[z, "streams"] == "guide_review"
    assert people_table["used"].to_dict() == {a: True, b: False, c: False, z: True}
    assert people_table["consented"].to_dict()[b] is False or not people_table.loc[b, "consented"]
    assert changes(clean, "source", "row", "column", "rule") == [
        ("raw", 3, "", "row.no_consent"),
        ("register", 3, "years", "value.not_a_number"),
        ("register", 4, "land", "label.unknown"),
    ]
    alone = clean_sources(study, ["guide_review"])
    assert "row.no_consent" in set(alone.quarantine["rule"]), "the register is asked even when it is not cleaned"
    assert set(alone.accounts["source"]) == {"raw"}


def test_choices(tmp_path):
    text = (
        "who,set,shown,best,worst\n"
        "a,1,S1;S2;S3,S1,S3\na,2,S1;S2;S3,S2,S2\na,3,S1;S2;S3,S4,S1\na,4,S1;S2;S3,,\na,1,S1;S2;S3,S2,S1\n,,,,\na,,x,y,z\n"
    )
    block = {"table": "choices", "fields": {"set_id": {"column": "set"}, "shown": {"column": "shown"},
             "best": {"column": "best"}, "worst": {"column": "worst"}}}  # fmt: skip
    study = make(tmp_path, {"raw.csv": text}, [
        source([block], activity="best_worst", person={"column": "who"}, repeated="keep")])  # fmt: skip
    clean = clean_sources(study)
    choices = clean.tables["choices"][["set_id", "shown", "best"]].astype(object).fillna("")
    assert choices.to_numpy().tolist() == [
        ["1", "S1|S2|S3", "S1"], ["4", "S1|S2|S3", ""],
    ]  # fmt: skip
    found = {row.row: (row.rule, row.reason) for row in clean.quarantine.itertuples()}
    assert found[3] == ("choice.broken", "set 2: best and worst are both 'S2'")
    assert found[4] == ("choice.broken", "set 3: S4 was not shown in it")
    assert [found[row][0] for row in (6, 7, 8)] == ["row.repeated", "row.empty", "row.incomplete"]


def test_codings_keep_the_minus(tmp_path):
    text = "g,t,p,c,by,tone,twice\nFG1,1,a,C1,K1,-,yes\nFG1,2,,C1,K1,−,no\nFG1,3,b,C2,K1,bad,maybe\n"
    fields = {
        "group_id": "g",
        "turn": "t",
        "code_id": "c",
        "coder_id": "by",
        "valence": "tone",
        "double_coded": "twice",
    }
    block = {"table": "codings", "fields": {name: {"column": column} for name, column in fields.items()}}
    study = make(tmp_path, {"raw.csv": text}, [
        source([block], activity="focus_groups", person={"column": "p"}, repeated="keep")])  # fmt: skip
    clean = clean_sources(study)
    codings = clean.tables["codings"]
    assert sorted(codings["valence"].fillna("?")) == ["-", "-", "?"]
    assert codings["person_id"].isna().sum() == 1
    assert changes(clean, "row", "column", "rule") == [
        (4, "tone", "label.unknown"),
        (4, "twice", "label.unknown"),
    ]


def test_triage_tables_and_unknown_ids(tmp_path):
    text = "id,item,from,to,old,new\nX1,S1-1,1.0.0,1.1.0,=old,new\nX2,retired,1.0.0,1.1.0,old,new\n"
    text += "X1,S1-2,1,2,a,b\n"
    names = {
        "change_id": "id",
        "item_id": "item",
        "from_version": "from",
        "to_version": "to",
        "before": "old",
        "after": "new",
    }
    block = {"table": "changes", "fields": {name: {"column": column} for name, column in names.items()}}
    codes = {"table": "codebook", "fields": {"code_id": {"column": "code"}, "skill_id": {"column": "skill"}}}
    study = make(tmp_path, {"raw.csv": text, "c.csv": "code,skill\nC1,S1\nC2,S77\nC3,\n"}, [
        source([block], activity="triage", repeated="keep"),
        {**source([codes], file="c.csv", activity="focus_groups", repeated="keep"), "name": "codes"},
    ])  # fmt: skip
    clean = clean_sources(study)
    assert clean.tables["changes"]["change_id"].tolist() == ["X1", "X2"], "the history may name retired items"
    assert clean.tables["codebook"]["code_id"].tolist() == ["C1", "C3"]
    assert clean.quarantine[["file", "row", "rule"]].to_numpy().tolist() == [
        ["c.csv", 3, "target.unknown"], ["raw.csv", 4, "row.repeated"],
    ]  # fmt: skip
    aside = clean.change_log.query("action == 'set_aside'")
    assert len(aside) == 2, "each row is logged once"


def test_free_texts_wait_for_review_with_stable_ids(tmp_path):
    text = "who,S1_relevance,S1_comment,any\na,4,Good,n/a\nb,3,,-\nc,2,Good,\nd,,only words,\n"
    comments = {"table": "comments", "columns": "{target}_comment", "target_type": "skill"}
    study = make(tmp_path, {"raw.csv": text}, [
        source([skills(), comments], person={"column": "who"}, free_text=["any"])])  # fmt: skip
    clean = clean_sources(study)
    table = clean.tables["comments"]
    assert sorted(table["text"]) == ["Good", "Good", "only words"]
    assert set(table["review"]) == {"pending"}
    assert set(table["target_id"]) == {"S1"}
    assert set(table["stream"]) == {"guide_review"}
    assert table["comment_id"].is_unique
    assert not clean.tables["people"].set_index("person_id").loc[Pseudonymiser(study).person("d"), "used"]


def test_when_sends_rows_to_their_part(tmp_path):
    text = "who,part,S1_relevance\na,one,4\nb,Two,3\nc,three,2\n"
    blocks = [skills(round=1, when={"part": ["one"]}), skills(round=2, when={"part": ["two"]})]
    clean = clean_sources(make(tmp_path, {"raw.csv": text}, [source(blocks, person={"column": "who"})]))
    assert clean.tables["ratings"][["round", "value"]].to_numpy().tolist() == [[1, 4], [2, 3]]
    assert clean.quarantine[["row", "rule"]].to_numpy().tolist() == [[4, "row.no_part"]]


def flags_study(folder: Path) -> Study:
    rng = np.random.default_rng(5)
    level = np.array([1, 2, 4, 5]).repeat(3)
    rows = []
    for person in range(12):
        answers = np.clip(level + rng.integers(-1, 2, 12), 1, 5)
        relevance = np.array([4, 4, 3, 1, 2, 4, 3, 1, 2, 4, 3, 2]) - (rng.random(12) < 0.2)
        seconds = 200
        if person == 3:
            answers, seconds = np.full(12, 4), 20
        if person == 5:
            relevance = 5 - np.clip(relevance, 1, 4)
        if person == 7:
            seconds = 23
        rows.append([f"p{person}", seconds, *answers, *np.clip(relevance, 1, 4)])
    header = ["who", "time", *(f"{item}_self" for item in ITEMS), *(f"{item}_rel" for item in ITEMS)]
    text = "\n".join(",".join(map(str, row)) for row in [header, *rows])
    blocks = [
        {"table": "responses", "columns": "{target}_self", "scale": "framework"},
        {
            "table": "ratings",
            "columns": "{target}_rel",
            "target_type": "item",
            "aspect": "relevance",
            "scale": [1, 4],
        },
    ]
    return make(folder, {"raw.csv": text}, [
        source(blocks, activity="tool_review", person={"column": "who"}, seconds={"column": "time"}),
    ])  # fmt: skip


def test_flags_find_the_planted_people_and_change_nothing(tmp_path):
    clean = clean_sources(flags_study(tmp_path))
    assert changes(clean, "row", "rule") == [
        (5, "flag.careless"), (5, "flag.longstring"), (5, "flag.speed"), (7, "flag.reversed_rater"), (9,
        "flag.speed"),
    ]  # fmt: skip
    assert set(clean.change_log["action"]) == {"flagged"}
    assert len(clean.quarantine) == 0
    assert clean.tables["responses"]["value"].notna().sum() == 144
    person = clean.tables["responses"].query("source_row == 'raw.csv:5'")
    assert set(person["value"]) == {4.0}
    reason = clean.change_log.query("rule == 'flag.reversed_rater'")["reason"].iloc[0]
    assert "correlation -0." in reason
    assert "12 targets" in reason


def test_decimal_mark_is_settled_per_file(tmp_path):
    files = {"a.csv": "n;S1_relevance\n2,5;4\n1,125;3\n", "b.csv": "n,S1_relevance\n2.5,4\n1.125,3\n"}
    block = {"table": "ratings", "fields": {"target_id": {"value": "S1"}, "value": {"column": "n"}},
             "target_type": "skill", "aspect": "importance", "whole": False}  # fmt: skip
    study = make(tmp_path, files, [source([block], files=["*.csv"])])
    assert sorted(clean_sources(study).tables["ratings"]["value"]) == [1.125, 1.125, 2.5, 2.5]
    files["b.csv"] = 'n,S1_relevance\n"1,125",3\n'
    study = make(tmp_path, files, [source([block], files=["*.csv"])])
    with pytest.raises(InputError, match=r"b\.csv, column 'n': the decimal mark is not clear.*found '1,125'"):
        clean_sources(study)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("who,S1_relevance\na,4\n", {"person": {"column": "E-mail"}},
         r"raw\.csv, column 'E-mail': source 'raw' needs a column that is not there; found 'headers: who"),
        ("e mail,S1_relevance\na,4\n", {"person": {"column": "E-mail"}}, "found 'nearest: e mail'"),
        ("who,S1_relevance,S7_relevance\na,4,4\n", {}, r"the framework has no 's7'.*allowed: S"),
        ("who,x\na,4\n", {}, r"no column fits the pattern '.target._relevance'; found 'who, x'; .*S1, S2"),
    ],
)  # fmt: skip
def test_column_faults_say_what_is_there_and_what_is_wanted(tmp_path, text, options, message):
    study = make(tmp_path, {"raw.csv": text}, [source([skills()], **options)])
    with pytest.raises(InputError, match=message):
        clean_sources(study)


def test_column_mapping_by_header(tmp_path):
    text = "“How relevant is   Skill 1?”,b\n4,1\n"
    columns = {'"how relevant is skill 1?"': "S1", "b": "S2"}
    clean = clean_sources(make(tmp_path, {"raw.csv": text}, [source([skills(columns=columns)])]))
    assert clean.tables["ratings"][["target_id", "value"]].to_numpy().tolist() == [["S1", 4], ["S2", 1]]
    assert any("not asked: S3, S4" in note for note in clean.notes)
    for wrong, message in (
        ({"b": "S9"}, "no 'S9'"),
        ({"b": "S1", "“How relevant is Skill 1?”": "S1"}, "two columns give 'S1'"),
    ):
        with pytest.raises(InputError, match=message):
            clean_sources(make(tmp_path, {"raw.csv": text}, [source([skills(columns=wrong)])]))


def test_check_lists_everything_and_writes_nothing(tmp_path):
    study = dirty(tmp_path)
    other = {**study.sources[0].model_dump(), "name": "other", "person": {"column": "nobody"}}
    study = make(tmp_path, {"raw.csv": DIRTY}, [study.sources[0].model_dump(), other])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    problems = check_study(study)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    check_columns(problems, "problems")
    assert problems.iloc[0][["level", "source", "column", "rule"]].tolist() == [
        "error",
        "other",
        "nobody",
        "input",
    ]
    rules = dict(zip(problems["rule"], problems["level"], strict=True))
    assert rules["row.too_long"] == "warning"
    assert rules["row.late"] == "note"
    assert (problems["level"] == "error").sum() == 1
    missing_file = make(tmp_path, {}, [source([skills()], file="absent.csv")])
    assert "no file 'absent.csv'" in check_study(missing_file)["reason"].iloc[0]


def test_tables_keep_the_glossary_and_survive_writing(tmp_path):
    clean = clean_sources(flags_study(tmp_path))
    for name, frame in {**clean.tables, **{name: getattr(clean, name) for name in RECORDS}}.items():
        check_columns(frame, name)
        assert list(frame.columns) == list({**TABLES, **RECORDS}[name])
        assert {column: str(dtype) for column, dtype in frame.dtypes.items()} == {
            column: COLUMNS[column].dtype for column in frame.columns
        }
    first, second = write_clean(clean, tmp_path / "one"), write_clean(clean, tmp_path / "two")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    for name in TABLES:
        pd.testing.assert_frame_equal(read_clean(tmp_path / "one", name), clean.tables[name])
    for name in RECORDS:
        pd.testing.assert_frame_equal(
            read_clean(tmp_path / "one", name), getattr(clean, name).replace("", pd.NA), check_dtype=True
        )
    with pytest.raises(PipelineError, match="no table 'nothing'"):
        read_clean(tmp_path / "one", "nothing")
    (tmp_path / "one" / "ratings.parquet").unlink()
    with pytest.raises(PipelineError, match="run the cleaning step first"):
        read_clean(tmp_path / "one", "ratings")


def test_schema_refuses_what_cleaning_must_not_let_through():
    good = pd.DataFrame({"person_id": ["P1"], "occasion": [1], "item_id": ["S1-1"], "value": [3.0], "source": ["a"]})
    assert len(conform(good, "responses")) == 1
    for fault in ({"person_id": [None]}, {"occasion": [0]}, {"item_id": [None]}):
        with pytest.raises(PipelineError, match="does not keep its schema"):
            conform(good.assign(**fault), "responses")
    with pytest.raises(PipelineError, match="does not keep its schema"):
        conform(pd.concat([good, good]), "responses")
    with pytest.raises(PipelineError, match="column 'extra' does not belong there"):
        conform(good.assign(extra=1), "responses")
    with pytest.raises(PipelineError, match="does not fit its column"):
        conform(good.assign(value=["three"]), "responses")
    for name in TABLES:
        assert conform(empty_table(name), name).empty


def test_csv_files_do_not_run_in_a_spreadsheet(tmp_path, shared):
    payloads = (shared / "data" / "nasty-formula-injection" / "csv-payload.txt").read_text().splitlines()
    payloads += ["\tx", "\rx", "+1", "-1+2", "@x", "+", "-", "plain", "a=b", 'say "hi"', "two\nlines"]
    frame = pd.DataFrame({"text": payloads, "n": np.linspace(-1, 1, len(payloads))})
    path = write_csv(frame, tmp_path / "deep" / "x.csv")
    raw = path.read_bytes()
    assert b"\r\n" not in raw
    back = pd.read_csv(path, keep_default_na=False)
    assert back["n"].tolist() == frame["n"].tolist(), "numbers keep their sign and all digits"
    assert back["n"].iloc[0] == -1
    for text, written in zip(payloads, back["text"], strict=True):
        assert written.removeprefix("'").replace("\r", "\n") == text.removeprefix("'").replace("\r", "\n")
        assert not written.startswith(("=", "@", "\t", "\r"))
        assert not (written.startswith(("+", "-")) and len(written) > 1)
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_read_only_folder_for_the_key_is_explained(tmp_path, monkeypatch):
    monkeypatch.delenv("KTSS_PSEUDONYM_KEY", raising=False)
    study = make(tmp_path / "s", {}, [], synthetic=False, privacy={})

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StudyError, match=r"cannot be written.*set the environment variable KTSS_PSEUDONYM_KEY"):
        Pseudonymiser(study)


def test_dates_of_any_century_are_read():
    texts = pd.Series(["1583-01-01", "9999-12-31", "2024-02-30", ""])
    stamps, bad = to_dates(texts, ["%Y-%m-%d"], frozenset())
    assert stamps.dt.strftime("%Y-%m-%d").fillna("").tolist() == ["1583-01-01", "9999-12-31", "", ""]
    assert bad.tolist() == [False, False, True, False]
