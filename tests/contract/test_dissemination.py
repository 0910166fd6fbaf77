"""The kit for dissemination: who paid, the emblem, what may be told, and drawings that never cut a text."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.image import imread

from ktss_analysis.core import KtssError, StudyError
from ktss_analysis.demo import write_demo
from ktss_analysis.display.book import Book
from ktss_analysis.display.colours import contrast_ratio
from ktss_analysis.dissemination import emblem, pictures
from ktss_analysis.dissemination.brand import brand_of
from ktss_analysis.dissemination.deck import LAYOUTS, open_deck
from ktss_analysis.dissemination.kit import build_kit
from ktss_analysis.dissemination.pages import html_page, markdown_text
from ktss_analysis.dissemination.stories import TELLERS, stories
from ktss_analysis.dissemination.texts import MOST_NAMES, Section, listed_names, plain_summary
from ktss_analysis.pipeline.graph import run_study
from ktss_analysis.results import result_id
from ktss_analysis.rules import load_rules
from ktss_analysis.study import Funding, Study, load_study

EMPTY = {"ci_low": np.nan, "ci_high": np.nan, "ci_level": np.nan, "n_used": 20, "unit": "people", "status": "ok",
         "reason": "", "label": "", "group": "", "aspect": "", "target_type": "study", "target_id": "all"}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder)
    return load_study(folder / "study.yaml")


def changed(study: Study, **values: Any) -> Study:
    """Return a copy of a study file with other values, loaded anew."""
    content = yaml.safe_load(study.path.read_text(encoding="utf-8")) | values
    for name in [name for name, value in values.items() if value is None]:
        del content[name]
    path = study.path.with_name("changed.yaml")
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_study(path)


def row(stream: str, statistic: str, estimate: float, **values: Any) -> dict[str, Any]:
    whole = EMPTY | {"stream": stream, "statistic": statistic, "estimate": estimate} | values
    parts = (whole["aspect"], whole["target_id"], whole["group"])
    return whole | {"result_id": ".".join([stream, statistic, *filter(None, parts)])}


def book_of(study: Study, rows: list[dict[str, Any]], language: str = "en") -> Book:
    columns = [*EMPTY, "stream", "statistic", "estimate", "result_id"]
    return Book(pd.DataFrame(rows, columns=columns), study, load_rules(study.rules_path), language)


def verdict_rows(study: Study, verdicts: dict[str, str]) -> list[dict[str, Any]]:
    """Return verdicts on skills, the first ones as given and the rest dropped."""
    given = {skill.id: verdicts.get(skill.id, "drop") for skill in study.instrument.skills}
    names = ("keep", "keep_discordant", "provisional", "revise", "drop", "not_decided")
    counts = {name: list(given.values()).count(name) for name in names}
    return [
        row("decisions", "n_skills", len(given), unit="skills"),
        *(row("decisions", "n_verdict", n, group=name, unit="skills") for name, n in counts.items()),
        *(row("decisions", "verdict", np.nan, target_type="skill", target_id=skill, label=label, unit="text")
          for skill, label in given.items()),
    ]  # fmt: skip


# ------------------------------------------------------------------------------ who paid


def test_a_run_is_refused_before_it_starts_when_nothing_is_said_about_funding(study: Study, tmp_path: Path) -> None:
    silent = changed(study, funding=None)
    with pytest.raises(StudyError, match=r"funding: nothing is said.*funding: none.*dissemination: false"):
        run_study(silent, tmp_path / "run", quiet=True)
    assert not (tmp_path / "run" / "private" / "stages").exists()
    changed(study, funding=None, outputs={"dissemination": False}).require_funding()
    declared = changed(study, funding="none")
    declared.require_funding()
    assert declared.funding.none


def test_the_kit_itself_refuses_a_study_that_does_not_say_who_paid(study: Study) -> None:
    with pytest.raises(StudyError, match="must say who paid"):
        brand_of(book_of(changed(study, funding=None), []))


@pytest.mark.parametrize(
    ("funding", "problem"),
    [
        ({"emblem": "eu", "statement": "Co-funded by the European Union"}, "statement.*disclaimer"),
        ({"emblem": "eu"}, "statement.*disclaimer"),
        ({"none": True, "statement": "Somebody paid"}, "no funding to name, and names some"),
        ({"emblem": "eu", "statement": "Co-funded", "disclaimer": "Ours"}, "invented data was funded by nobody"),
    ],
)
def test_half_a_funding_line_is_refused(study: Study, funding: dict[str, Any], problem: str) -> None:
    with pytest.raises(StudyError, match=problem):
        changed(study, funding=funding)


# ------------------------------------------------------------------------------ emblem


def test_the_emblem_has_the_published_geometry() -> None:
    """Interinstitutional style guide, Annex A1: a circle of a third of the height, stars of an eighteenth."""
    height = 180.0
    centres = np.array(emblem.star_centres(height))
    middle = np.array([1.5 * height / 2, height / 2])
    assert np.allclose(np.linalg.norm(centres - middle, axis=1), height / 3)
    hours = np.degrees(np.arctan2(centres[:, 0] - middle[0], middle[1] - centres[:, 1])) % 360
    assert np.allclose(np.sort(hours), np.arange(0, 360, 30))
    for centre in centres:
        corners = np.array(emblem.star_corners((centre[0], centre[1]), height)) - centre
        outer = corners[::2]
        assert np.allclose(np.linalg.norm(outer, axis=1), height / 18)
        assert np.allclose(outer[0], [0, -height / 18])
        sides = np.linalg.norm(outer - np.roll(outer, -2, axis=0), axis=1)
        assert np.allclose(sides, sides[0])
        # an inner corner lies where two sides of the star cross: on the line from a point to the second next one
        start, end, inner = outer[0], outer[2], corners[1]
        cross = (end[0] - start[0]) * (inner[1] - start[1]) - (end[1] - start[1]) * (inner[0] - start[0])
        assert cross == pytest.approx(0, abs=1e-9)


def test_the_emblem_has_its_colours_and_a_white_edge_and_is_drawn(tmp_path: Path) -> None:
    svg = emblem.emblem_svg("Emblem <of> the EU")
    assert svg.count("<polygon") == 12
    assert "&lt;of&gt;" in svg
    drawn = imread(io.BytesIO(pictures.emblem_picture(svg)))[:, :, :3]
    tall, wide, _ = drawn.shape
    assert wide / tall == pytest.approx((1.5 + 2 / 25) / (1 + 2 / 25), abs=0.01)
    assert np.allclose(drawn[2, 2], 1)
    assert np.allclose(drawn[tall // 2, wide // 2] * 255, (0, 0x33, 0x99), atol=1)
    yellow = np.all(np.abs(drawn * 255 - (0xFF, 0xCC, 0)) < 2, axis=2)
    assert 0.015 < yellow.mean() < 0.05


# ------------------------------------------------------------------------------ stories


def test_without_rows_there_is_no_story_and_still_a_kit(study: Study, tmp_path: Path) -> None:
    rules = load_rules(study.rules_path)
    paths = build_kit(book_of(study, []).rows, study, rules, tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in paths}
    assert {"index.html", "summary.pdf", "slides.pptx", "press.txt", "plain-language.md"} <= names
    assert not any(name.startswith("cards/") for name in names)
    headings = [section.heading for section in plain_summary(book_of(study, []))]
    assert headings == ["What is this about?", "What do we not know?", "What may you do with this?"]


def test_masked_rows_give_no_story(study: Study) -> None:
    hidden = {"status": "masked", "reason": "fewer people than the minimum cell", "n_used": pd.NA}
    rows = [
        row("participants", "n_used_people", np.nan, target_id="any", **hidden),
        row("tool_review", "system_usability_scale", np.nan, unit="points", **hidden),
        row("focus_groups", "groups_raising", np.nan, target_type="skill", target_id="S01", **hidden),
    ]
    assert stories(book_of(study, rows)) == []


@pytest.mark.parametrize("n", [4, 7, 15])
def test_few_reviewers_give_no_verdict_in_words(study: Study, n: int) -> None:
    rows = [row("guide_review", "item_cvi", 1.0, aspect="relevance", target_type="skill", target_id="S01", n_used=n,
                unit="share", ci_low=0.6, ci_high=1.0, ci_level=0.95)]  # fmt: skip
    assert stories(book_of(study, rows)) == []


def test_enough_reviewers_give_one(study: Study) -> None:
    rows = [row("guide_review", "item_cvi", 1.0, aspect="relevance", target_type="skill", target_id="S01", n_used=30,
                unit="share", ci_low=0.89, ci_high=1.0, ci_level=0.95)]  # fmt: skip
    (story,) = stories(book_of(study, rows))
    assert story.statement == "Of 1 skills, reviewers support 1."
    assert story.base == "Reviewers: n = 30; intervals of 95\u00a0%"


@pytest.mark.parametrize(
    ("low", "high", "said"), [(70.0, 80.0, "more usable"), (60.0, 75.0, "more or less"), (40.0, 60.0, "less usable")]
)
def test_usability_is_read_from_the_whole_interval(study: Study, low: float, high: float, said: str) -> None:
    rows = [row("tool_review", "system_usability_scale", (low + high) / 2, unit="points", ci_low=low, ci_high=high,
                ci_level=0.95)]  # fmt: skip
    (story,) = stories(book_of(study, rows))
    assert said in story.statement


def test_a_verdict_set_by_people_is_not_called_supported_by_the_criteria(study: Study) -> None:
    rows = verdict_rows(study, {"S01": "keep"})
    (plain,) = stories(book_of(study, rows))
    assert "meets all criteria" in plain.statement
    changed_by_hand = row("decisions", "override", np.nan, target_type="skill", target_id="S01", label="keep")
    (story,) = stories(book_of(study, [*rows, changed_by_hand]))
    assert story.statement == "1 of 25 skills is ready."
    assert "set by people against the rule" in story.explanation


def test_every_number_of_a_story_is_a_claim_and_every_story_can_be_told(study: Study) -> None:
    assert len(TELLERS) == 7
    rows = [row("participants", "n_used_people", 12, target_id="any", n_used=12),
            row("participants", "n_used_people", 12, target_id="workshop", n_used=12)]  # fmt: skip
    book = book_of(study, rows)
    (story,) = stories(book)
    numbers = set(re.findall(r"\d+", f"{story.statement} {story.base} {story.drawn} {story.chart}"))
    assert numbers - {"0", "1", "4", "8"} <= {claim.text for claim in book.claims}  # those are of the colour
    assert {claim.chapter for claim in book.claims} == {"story.people"}


def test_numbers_that_were_formed_and_not_printed_are_no_claims(study: Study) -> None:
    book = book_of(study, [row("participants", "n_used_people", 12, target_id="any", n_used=12)])
    assert stories(book) == []  # no activity to draw
    assert book.claims == []


def test_long_lists_of_names_end_with_how_many_more(study: Study) -> None:
    skills = [skill.id for skill in study.instrument.skills]
    names = listed_names(book_of(study, []), skills)
    assert len(names) == MOST_NAMES + 1
    assert names[-1] == f"and {len(skills) - MOST_NAMES} more"


def test_long_names_leave_room_for_the_rest_of_the_page(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    skills = [skill.id for skill in study.instrument.skills][:8]
    book = book_of(study, [])
    monkeypatch.setattr(Book, "name", lambda self, target, kind="skill": "n" * 100)
    assert listed_names(book, skills) == ["n" * 100] * 4 + ["and 4 more"]


@pytest.mark.parametrize(("licence", "free"), [("CC BY 4.0", True), ("CC BY-NC-ND 4.0", False), ("Ask us", False)])
def test_only_an_open_licence_is_called_free_to_change(study: Study, licence: str, free: bool) -> None:
    *_, use = plain_summary(book_of(changed(study, licence=licence), []))
    assert ("change this text for free" in use.sentences[0]) == free
    assert f"licence is {licence}." in use.sentences[0]


# ------------------------------------------------------------------------------ drawing


def facts_of(study: Study, statement: str, *, title: str = "A study", language: str = "en") -> dict[str, Any]:
    rows = [row("participants", "n_used_people", 12, target_id="any", n_used=12),
            row("participants", "n_used_people", 12, target_id="workshop", n_used=12)]  # fmt: skip
    book = book_of(study, rows, language)
    (story,) = stories(book)
    brand = replace(brand_of(book), source=title)
    fields = ("kicker", "base", "chart", "drawn", "explanation")
    told = {name: getattr(story, name) for name in fields} | {"statement": statement}
    return brand.facts() | {"cards": [told], "stories": [told]}


def test_a_statement_that_does_not_fit_is_refused_and_never_cut(study: Study) -> None:
    with pytest.raises(KtssError, match="the statement of a card does not fit; make it shorter"):
        pictures.card_pictures(facts_of(study, "A very long statement without an end. " * 30))


def test_a_title_that_does_not_fit_is_refused(study: Study) -> None:
    with pytest.raises(KtssError, match="the foot of a card does not fit"):
        pictures.card_pictures(facts_of(study, "Short.", title="A title of many words " * 40))


def test_long_words_are_hyphenated_before_they_leave_the_card(study: Study) -> None:
    word = "yhteistyötaitojenkehittämissuunnitelmatyöryhmä"
    measured = pictures.extents("cards.typ", facts_of(study, f"Yksi {word} riittää.", language="fi"))
    assert len(measured) == 6
    assert all(part["needs"] <= part["has"] + 1e-6 for part in measured)
    for picture in pictures.card_pictures(facts_of(study, f"Yksi {word} riittää.", language="fi")):
        drawn = imread(io.BytesIO(picture))[:, :, :3]
        assert np.allclose(drawn[100:400, -30:], 1), "the right edge is white: nothing runs over it"


def test_markup_in_texts_of_the_study_is_text(study: Study) -> None:
    hostile = '#panic("x") *bold* <script>alert(1)</script> @ref $x$ \\ [link]'
    wide, square = pictures.card_pictures(facts_of(study, "Short.", title=hostile))
    assert len(wide) > 10_000
    assert len(square) > 10_000
    book = book_of(study, [])
    brand = replace(brand_of(book), title=hostile, source=hostile)
    page = html_page("text.html.j2", book, brand, "Heading", sections=[Section(hostile, (hostile,), (hostile,))])
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            tags.append(tag)

    Tags().feed(page.decode("utf-8"))
    assert "script" not in tags
    text = markdown_text("Title", [Section(hostile, (hostile,), (hostile,))], brand).decode("utf-8")
    assert "<script>" not in text.replace("\\<", "")


def test_text_colours_of_the_drawings_can_be_read() -> None:
    source = (pictures.ASSETS / "kit.typ").read_text(encoding="utf-8")
    colours = dict(re.findall(r'#let ([a-z-]+) = rgb\("(#[0-9A-F]{6})"\)', source))
    for ground in ("#FFFFFF", colours["panel"]):
        for name in ("ink", "grey", "navy", "alarm"):
            assert contrast_ratio(colours[name], ground) >= 4.5, (name, ground)
    assert contrast_ratio("#FFFFFF", colours["navy"]) >= 4.5
    assert contrast_ratio(colours["line-colour"], "#FFFFFF") < 4.5, "control: the rule can fail"


def test_pictures_say_what_they_are() -> None:
    plain = pictures.emblem_picture(emblem.emblem_svg("E"))
    texts = {"Title": "Zażółć", "Description": "Ein Bild", "Author": ""}
    described = pictures.with_texts(plain, texts, "pl-PL")
    assert pictures.png_texts(described) == {"Title": "Zażółć", "Description": "Ein Bild"}
    assert np.array_equal(imread(io.BytesIO(described)), imread(io.BytesIO(plain)))
    with pytest.raises(KtssError, match="no PNG"):
        pictures.with_texts(b"GIF89a", texts, "en")


def test_the_deck_has_the_layouts_and_nothing_of_the_shipped_design() -> None:
    deck = open_deck()
    assert tuple(layout.name for layout in deck.slide_layouts) == LAYOUTS
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, rel=1e-3)
    packed = io.BytesIO()
    deck.save(packed)
    assert b"thumbnail" not in packed.getvalue()
    assert b"printerSettings" not in packed.getvalue()


def test_funding_declared_none_is_silent(study: Study) -> None:
    brand = brand_of(book_of(changed(study, funding="none"), []))
    assert (brand.funding, brand.disclaimer, brand.emblem_svg) == ("", "", "")
    assert Funding(none=True).is_declared
    assert not Funding().is_declared
    assert json.loads(json.dumps(brand.facts()))["stamp"] == "SYNTHETIC DATA"


def test_ids_in_these_tests_are_composed_as_in_results() -> None:
    assert row("a", "b", 1, aspect="c", target_id="d", group="e")["result_id"] == result_id(
        "a", "b", "d", aspect="c", group="e"
    )
