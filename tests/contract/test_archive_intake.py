"""From archives, coded texts and results of the self-assessment to canonical tables: no record is lost on the way."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from ktss_analysis.framework import Framework, instrument_hash
from ktss_analysis.intake import check_study, clean_sources
from ktss_analysis.study import Study, load_study

FRAMEWORK = {
    "id": "toy", "version": "1.0.0", "status": "pilot", "title": {"en": "Toy"}, "languages": ["en"],
    "scale": {"min": 1, "max": 5}, "skills": [{"id": "S01", "name": {"en": "Listening"}}],
    "items": [{"id": f"S01-{n}", "skill": "S01", "text": {"en": f"Item {n}"}} for n in (1, 2, 3)],
}  # fmt: skip
CODINGS = {
    "table": "codings",
    "fields": {"group_id": {"column": "document"}, "turn": {"column": "turn"}, "code_id": {"column": "code"},
               "coder_id": {"value": "k1"}},
}  # fmt: skip


def study_of(folder: Path, repo: Path, source: dict, files: dict[str, str]) -> Study:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "framework.yaml").write_text(yaml.safe_dump(FRAMEWORK))
    content = {
        "id": "toy", "title": "Toy", "framework": "framework.yaml", "synthetic": True, "languages": ["en"],
        "rules": (repo / "params" / "rules.yaml").as_posix(),
        "privacy": {"pseudonym_key": "a key for this test only"},
        "sources": [{"name": "raw", **source}],
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    return load_study(folder / "study.yaml")


def result(code: str, answers: dict[str, object], **changes: object) -> str:
    check_sum = instrument_hash(Framework.model_validate(FRAMEWORK), "en")
    instrument = {"id": FRAMEWORK["id"], "version": FRAMEWORK["version"], "language": "en", "hash": check_sum}
    return json.dumps({"kind": "ktss-self-assessment", "format_version": 1, "instrument": instrument,
                       "created": "2024-05-17", "answers": answers, "person_code": code, **changes})  # fmt: skip


def test_results_that_people_sent_back_become_responses(tmp_path, repo):
    files = {
        "r1.json": result("anna", {"S01-1": 4, "S01-2": "not_applicable", "S01-3": None}, seconds=60),
        "r2.json": result("berta", {"S01-1": 9, "S01-3": 2}),
        "r3.json": result("carla", {"S01-1": "often"}),
        "r4.json": result("anna", {"S01-1": 5}, occasion=2, created="2024-06-01"),
    }
    source = {
        "activity": "self_assessment", "files": ["r*.json"], "missing": "file", "repeated": "keep",
        "person": {"column": "person_code"}, "answered_on": {"column": "created"}, "seconds": {"column": "seconds"},
        "blocks": [{"table": "responses", "columns": "{target}", "scale": "framework", "when": {"occasion": ["1"]}},
                   {"table": "responses", "columns": "{target}", "scale": "framework", "occasion": 2,
                    "when": {"occasion": ["2"]}}],
    }  # fmt: skip
    clean = clean_sources(study_of(tmp_path, repo, source, files))
    accounts = clean.accounts.set_index("file")[["n_read", "n_used", "n_set_aside"]]
    assert accounts.to_dict("index") == {
        name: {"n_read": 1, "n_used": int(name != "r3.json"), "n_set_aside": int(name == "r3.json")} for name in files
    }
    assert clean.quarantine[["file", "rule"]].to_numpy().tolist() == [["r3.json", "row.unreadable"]]
    assert "answers.S01-1" in clean.quarantine["reason"].iloc[0]
    cells = clean.change_log[clean.change_log["action"] == "set_missing"]
    assert sorted(cells[["file", "column", "rule", "before"]].itertuples(index=False, name=None)) == [
        ("r1.json", "S01-2", "missing.code", "not_applicable"), ("r2.json", "S01-1", "value.out_of_range", "9"),
    ]  # fmt: skip
    answers = clean.tables["responses"].dropna(subset=["value"])
    assert sorted(zip(answers["occasion"], answers["item_id"], answers["value"], strict=True)) == [
        (1, "S01-1", 4), (1, "S01-3", 2), (2, "S01-1", 5),
    ]  # fmt: skip
    assert answers["person_id"].nunique() == 2
    assert not answers.astype(str).apply(lambda column: column.str.contains("anna|berta")).to_numpy().any()


def test_cells_with_several_codes_become_codings_and_none_is_lost(tmp_path, repo):
    text = 'document,turn,codes,text\ng1,1,"A; B",we said\ng1,2,,nothing coded\ng2,1,A,more words\n'
    source = {"activity": "focus_groups", "files": ["raw.csv"], "format": "coded_segments", "repeated": "keep",
              "blocks": [CODINGS]}  # fmt: skip
    study = study_of(tmp_path, repo, source, {"raw.csv": text})
    clean = clean_sources(study)
    assert clean.accounts[["n_read", "n_used", "n_set_aside"]].to_numpy().tolist() == [[4, 3, 1]]
    codings = clean.tables["codings"]
    assert sorted(codings[["group_id", "turn", "code_id", "source_row"]].itertuples(index=False, name=None)) == [
        ("g1", 1, "A", "raw.csv:2"), ("g1", 1, "B", "raw.csv:2"), ("g2", 1, "A", "raw.csv:4"),
    ]  # fmt: skip
    assert clean.quarantine[["row", "rule"]].to_numpy().tolist() == [[3, "row.incomplete"]]
    written = clean.quarantine.to_csv() + clean.change_log.to_csv() + codings.to_csv()
    assert "said" not in written
    assert "nothing coded" not in written
    assert set(check_study(study)["rule"]) >= {"row.incomplete"}


def test_broken_marks_stand_in_quarantine_with_their_line(tmp_path, repo):
    texts = {"g1.txt": "(QCODE)one(/QCODE){#A} and (QCODE)two(/QCODE){#B}\n\n(QCODE)lost(/QCODE)\n",
             "g2.txt": "x\n(QCODE)three(/QCODE){#A, #B}\n"}  # fmt: skip
    source = {"activity": "focus_groups", "files": ["g*.txt"], "repeated": "keep", "blocks": [CODINGS]}
    clean = clean_sources(study_of(tmp_path, repo, source, texts))
    accounts = clean.accounts.set_index("file")[["n_read", "n_used", "n_set_aside"]]
    assert accounts.loc["g1.txt"].tolist() == [3, 2, 1]
    assert accounts.loc["g2.txt"].tolist() == [2, 2, 0]
    assert clean.quarantine[["file", "row", "rule"]].to_numpy().tolist() == [["g1.txt", 3, "row.unreadable"]]
    assert "lost" not in clean.quarantine.to_csv()
    assert sorted(clean.tables["codings"]["source_row"]) == ["g1.txt:1", "g1.txt:1", "g2.txt:2", "g2.txt:2"]


def test_xml_is_parsed_in_one_place_and_nothing_is_unpacked_to_disk(repo):
    parsers = re.compile(
        r"^\s*(?:from|import) (?:defusedxml|lxml|"
        r"xml\.(?!etree\.ElementTree import (?:Element|ParseError)$|sax\.saxutils))"
    )
    for path in sorted((repo / "ktss_analysis" / "readers").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        found = [line for line in text.splitlines() if parsers.match(line)]
        assert not found or path.name == "archive.py", (path.name, found)
        assert "zipfile" not in text or not re.search(r"\.extract(?:all)?\(", text), path.name
    assert parsers.match("from xml.etree.ElementTree import fromstring")
    assert parsers.match("    import lxml.etree")
    assert not parsers.match("    from xml.etree.ElementTree import Element")
