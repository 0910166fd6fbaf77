"""Free texts are printed only when somebody has read and released them: the file goes out, and decisions come back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from ktss_analysis.core import InputError, StudyError
from ktss_analysis.intake import check_study, clean_sources, write_clean
from ktss_analysis.pipeline.graph import study_steps
from ktss_analysis.pipeline.publish import write_review
from ktss_analysis.rules import load_rules
from ktss_analysis.streams.common import Setting
from ktss_analysis.streams.focus_groups import released_quotes
from ktss_analysis.study import Study, load_study

REPO = Path(__file__).resolve().parent.parent.parent
TEXTS = ("=HYPERLINK(1); shorter, please", "Nobody knows the trouble of M1", "Ask pat@example.org, she was there")


def make(folder: Path, *, review: str | None = None, texts: tuple[str, ...] = TEXTS) -> Study:
    folder.mkdir(parents=True, exist_ok=True)
    framework = {"id": "toy", "version": "1.0.0", "status": "pilot", "languages": ["en"],
                 "skills": [{"id": "S1", "name": {"en": "Skill 1"}}]}  # fmt: skip
    source = {"name": "groups", "activity": "focus_groups", "files": ["answers.csv"], "person": {"column": "who"},
              "free_text": ["said"], "blocks": [{"table": "ratings", "columns": {"a": "S1"}, "target_type": "skill",
                                                 "aspect": "relevance"}]}  # fmt: skip
    privacy = {"pseudonym_key": "a-public-key-for-tests-only", **({"review": review} if review else {})}
    study = {"id": "toy", "title": "Toy", "framework": "framework.yaml", "rules": str(REPO / "params" / "rules.yaml"),
             "synthetic": True, "privacy": privacy, "languages": ["en"], "sources": [source]}  # fmt: skip
    lines = [f'p{number}@example.org,3,"{text}"' for number, text in enumerate(texts)]
    (folder / "answers.csv").write_text("\n".join(["who,a,said", *lines]) + "\n")
    (folder / "framework.yaml").write_text(yaml.safe_dump(framework))
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    return load_study(folder / "study.yaml")


def review_of(study: Study, run: Path) -> Path:
    write_clean(clean_sources(study), run / "private" / "stages" / "02_clean_focus_groups")
    path = write_review(run)
    assert path is not None
    return path


def decide(path: Path, words: dict[str, str], target: Path, **options: str) -> Path:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    for start, word in words.items():
        table.loc[table["text"].str.contains(start), "review"] = word
    table.to_csv(target, index=False, **options)
    return target


def quotes(study: Study) -> list[str]:
    rows = released_quotes(clean_sources(study).tables, Setting(study, load_rules(study.rules_path)))
    return sorted(rows["label"]) if len(rows) else []


def test_the_file_holds_all_texts_pending_without_contacts_and_without_formulas(tmp_path):
    path = review_of(make(tmp_path / "in"), tmp_path / "run")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert table["review"].tolist() == ["pending"] * 3
    assert "Ask [e-mail], she was there" in set(table["text"])
    assert not table["text"].str.startswith("=").any()
    assert "person_id" not in table
    assert "example.org" not in path.read_text()


@pytest.mark.parametrize("options", [{}, {"sep": ";"}, {"encoding": "utf-16"}])
def test_decisions_come_back_from_any_spreadsheet(tmp_path, options):
    study = make(tmp_path / "in")
    assert quotes(study) == []  # nothing is printed before somebody decides
    decide(review_of(study, tmp_path / "run"), {"HYPERLINK": "Released ", "Nobody": "withheld"},
           tmp_path / "in" / "done.csv", **options)  # fmt: skip
    study = make(tmp_path / "in", review="done.csv")
    comments = clean_sources(study).tables["comments"].set_index("text")["review"]
    assert comments.to_dict() == {
        TEXTS[0]: "released", TEXTS[1]: "withheld", "Ask [e-mail], she was there": "pending"
    }  # fmt: skip
    assert quotes(study) == [TEXTS[0]]
    assert check_study(study).query("rule == 'review'").empty


def test_a_decision_about_another_text_does_not_count(tmp_path):
    study = make(tmp_path / "in")
    decide(review_of(study, tmp_path / "run"), {"HYPERLINK": "released"}, tmp_path / "in" / "done.csv")
    text = (tmp_path / "in" / "done.csv").read_text().replace("shorter, please", "shorter, or else")
    (tmp_path / "in" / "done.csv").write_text(text)
    study = make(tmp_path / "in", review="done.csv")
    assert quotes(study) == []
    problems = check_study(study).query("rule == 'review'")
    assert problems[["level", "n_cells"]].to_numpy().tolist() == [["warning", 1]]


@pytest.mark.parametrize(
    ("content", "message"),
    [("comment_id,review,text\nC1,yes,a\n", "no status"), ("comment_id,text\nC1,a\n", "lacks a column"),
     ("comment_id,review,text\nC1,released,a\nC1,withheld,a\n", "two statuses")],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_the_place(tmp_path, content, message):
    make(tmp_path)
    (tmp_path / "done.csv").write_text(content)
    study = make(tmp_path, review="done.csv")
    with pytest.raises(InputError, match=message) as caught:
        clean_sources(study)
    assert "done.csv" in str(caught.value)
    assert check_study(study).query("level == 'error'")["reason"].str.contains(message).any()


def test_an_absent_file_is_refused_and_a_present_one_is_an_input_of_every_step(tmp_path):
    with pytest.raises(StudyError, match=r"free_text_review\.csv"):
        clean_sources(make(tmp_path / "in", review="done.csv"))
    (tmp_path / "in" / "done.csv").write_text("comment_id,review,text\n")
    study = make(tmp_path / "in", review="done.csv")
    assert all(study.review_path in step.inputs for step in study_steps(study, tmp_path / "run"))
