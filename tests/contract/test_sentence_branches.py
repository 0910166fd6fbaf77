"""Every automatic sentence in every branch: the English texts stand in a file that people have read.

After a change of wording: ``python3 run.py python tests/contract/test_sentence_branches.py`` writes the file anew; read
the difference before it is committed.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from sentence_cases import SKILLS, Case, cases, frame
from small_study import small_study

from ktss_analysis.display import document  # noqa: F401 - it registers the sentences
from ktss_analysis.display.book import Book
from ktss_analysis.display.catalogue import Catalogue
from ktss_analysis.display.registry import SENTENCES
from ktss_analysis.results import combine
from ktss_analysis.rules import load_rules
from ktss_analysis.study import Study

GOLDEN = Path(__file__).resolve().parent / "golden" / "sentences.en.txt"
REPO = Path(__file__).resolve().parents[2]
FRAMEWORK = """
skills:
  - {id: S01, name: {en: Listening}}
  - {id: S02, name: {en: Negotiation}}
  - {id: S03, name: {en: Humour}}
items:
  - {id: S01-1, skill: S01, text: {en: I listen.}}
  - {id: S01-2, skill: S01, text: {en: I ask.}}
  - {id: S01-3, skill: S01, text: {en: I wait.}}
  - {id: S02-1, skill: S02, text: {en: I prepare.}}
"""
#: Sentences that other tests go through branch by branch.
ELSEWHERE = {
    "card": "tests/e2e: the cards of the demonstration study; test_overrides",
    "checklist.lead": "test_checklists",
    "checklists.intro": "one fixed text",
    "claims.intro": "one fixed text",
    "cite": "test_display",
    "content.set": "one fixed text",
    "decisions": "test_overrides, test_annex_texts",
    "focus_groups.cooccurrence": "test_shown_statistics",
    "overlap.lead": "tests/recovery/test_people_behind_verdicts",
    "survival.lead": "tests/recovery/test_people_behind_verdicts",
    "self_assessment.coefficients": "test_shown_statistics",
    "self_assessment.factorability": "test_shown_statistics",
    "self_assessment.missing": "test_shown_statistics",
}
#: Entries of a family that no case below asks for, each with the reason.
NOT_HERE = {
    "one_page.overridden": "test_overrides",
    "participants.lead.population": "needs a study that names its population; test_display",
    "participants.masking": "said as it stands", "self_assessment.intro": "said as it stands",
    "guide_review.intro": "said as it stands", "guide_review.modules": "said as it stands",
    "tool_review.intro": "said as it stands", "focus_groups.caution": "said as it stands",
    "summary.words": "said as it stands", "votes.caution": "said as it stands",
    "ranking.caution": "part of ranking.tiers", "quote.no_contrary": "part of a card",
    "self_assessment.retest": "test_shown_statistics", "focus_groups.cooccurrence": "said as it stands",
}  # fmt: skip
FAMILIES = ("one_page.", "summary.", "participants.", "guide_review.", "tool_review.", "workshop.", "ranking.",
            "focus_groups.", "votes.", "triage.", "limits.", "sensitivity.", "quote.",
            "self_assessment.reliability", "self_assessment.structure", "self_assessment.flagged",
            "self_assessment.retest", "self_assessment.time", "self_assessment.page")  # fmt: skip


def said(study: Study, case: Case, language: str = "en") -> str:
    """Return what a case says."""
    book = Book(combine(frame(case.rows)), study, load_rules(study.rules_path), language, facts=case.facts)
    return SENTENCES[case.key](book, **case.options)


def page(study: Study) -> str:
    """Return the golden page: sentence, branch, text."""
    lines = ["# The automatic sentences, branch by branch", ""]
    key = ""
    for case in sorted(cases(), key=lambda one: list(SENTENCES).index(one.key)):
        if case.key != key:
            key = case.key
            lines += [f"## {key}", ""]
        text = said(study, case).replace("\u00a0", "~") or "(nothing)"
        lines += [f"*{case.name}*", "", text, ""]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return small_study(tmp_path_factory.mktemp("sentences"), FRAMEWORK)


def test_sentences_say_what_people_have_read(study: Study) -> None:
    assert page(study).splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_every_sentence_has_cases_or_a_test_of_its_own() -> None:
    covered = {case.key for case in cases()}
    assert sorted(set(SENTENCES) - covered - set(ELSEWHERE)) == []
    assert sorted(covered & set(ELSEWHERE)) == []


def test_every_entry_of_the_catalogue_is_reached(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    text = Catalogue.text
    monkeypatch.setattr(Catalogue, "text", lambda self, key, **rest: (asked.add(key), text(self, key, **rest))[1])
    for case in cases():
        said(study, case)
    family = {key for key in Catalogue("en").keys_under("") if key.startswith(FAMILIES)}
    family -= {key for key in family if key.startswith("self_assessment.missing")}
    assert len(family) > 90
    assert sorted(family - asked - set(NOT_HERE)) == []
    assert sorted(set(NOT_HERE) & (asked - {"ranking.caution"})) == [], "an exception that is no longer needed"


def test_every_plural_form_and_zero_are_reached(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    counts: dict[str, set[bool]] = {}
    text = Catalogue.text

    def record(self: Catalogue, key: str, *, count: int | None = None, **slots: str) -> str:
        if count is not None:
            counts.setdefault(key, set()).add(count == 1)
        return text(self, key, count=count, **slots)

    monkeypatch.setattr(Catalogue, "text", record)
    for case in cases():
        said(study, case)
    english = Catalogue("en")
    forms = {key for key in english.keys_under("") if len(english._entries[key]) > 1 and key.startswith(FAMILIES)}
    told_apart = {key for key in forms if english._entries[key][0] != english._entries[key][1]}
    lacking = sorted(key for key in told_apart & set(counts) if counts[key] != {True, False})
    assert lacking == []


OVERCLAIM = re.compile(
    r"\b(valid|validated|prove[sdn]?|proof|significan\w+|reliable instrument|guarantee\w*)\b", re.IGNORECASE
)


def test_no_branch_claims_more_than_data_can_show(study: Study) -> None:
    texts = {case.name: said(study, case) for case in cases()}
    assert {name: match[0] for name, text in texts.items() if (match := OVERCLAIM.search(text))} == {}
    assert OVERCLAIM.search("The tool is validated."), "the search can fail"


@pytest.mark.parametrize("language", ["it", "pl", "fi", "nl"])
def test_every_branch_can_be_said_in_every_language(study: Study, language: str) -> None:
    for case in cases():
        english, text = said(study, case), said(study, case, language)
        assert bool(text) == bool(english), case.name
        assert not re.search(r"(?<!\])\{[a-z_]+\}", text), case.name


# ------------------------------------------------------------------------------ which claim at which design and n


def test_reviewers_alone_license_no_word_on_consistency(study: Study) -> None:
    experts = [row for case in cases() if case.key == "guide_review.overall" for row in case.rows[:1]][:1]
    book = Book(combine(frame(experts)), study, load_rules(study.rules_path))
    text = SENTENCES["self_assessment.reliability"](book)
    assert text.startswith("For this study, no data")
    assert not re.search(r"alpha|consisten", text)


@pytest.mark.parametrize(("n", "judged"), [(20, False), (29, False), (30, True), (99, True), (100, True)])
def test_consistency_is_judged_in_words_from_the_n_of_the_rules_on(study: Study, n: int, judged: bool) -> None:
    from sentence_cases import alpha

    rules = load_rules(study.rules_path)
    assert rules.value("claim_consistency") == 30
    book = Book(combine(frame([alpha("S01", 0.85, 0.72, 0.93, n)])), study, rules)
    text = SENTENCES["self_assessment.reliability"](book)
    assert ("are consistent" in text) == judged
    assert ("nothing is concluded" in text) == (not judged)
    assert ("pilot estimates" in text) == (30 <= n < 100)


def test_names_come_from_the_framework_and_not_as_ids(study: Study) -> None:
    for case in cases():
        text = said(study, case)
        assert not any(re.search(rf"\b{skill}\b(?!-)", text) for skill in SKILLS), case.name


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(page(small_study(Path(name), FRAMEWORK)), encoding="utf-8")
    os.sys.stdout.write(f"wrote {GOLDEN}\n")  # type: ignore[attr-defined]
