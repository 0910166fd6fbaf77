"""The self-assessment page and its exports: what is shown, what is not, and what can never happen."""

from __future__ import annotations

import html
import io
import json
import math
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest
from limesurvey_import import ANSWER_CODE_LENGTH, CODE, import_survey
from tool_sample import LANGUAGES, framework, published

from ktss_analysis.core import KtssError, StudyError
from ktss_analysis.display.numbers import format_number
from ktss_analysis.framework import Framework, instrument_hash
from ktss_analysis.rules import load_rules
from ktss_analysis.selfassessment.accessibility import CHECKS, LIMITS, accessibility_page
from ktss_analysis.selfassessment.build import build_tool
from ktss_analysis.selfassessment.evidence import evidence_of
from ktss_analysis.selfassessment.exports import write_exports
from ktss_analysis.selfassessment.exports.questionnaire import questionnaire_data
from ktss_analysis.selfassessment.feedback import comparison, feedback
from ktss_analysis.selfassessment.instrument import instrument_of
from ktss_analysis.selfassessment.page import channel_faults, content_hash, page_data, page_script, policy, render_page
from ktss_analysis.selfassessment.scoring import (
    Score,
    band_tenths,
    differ,
    divided_half_up,
    needed,
    score_skill,
    tenths_text,
)
from ktss_analysis.selfassessment.strings import PSEUDO, available_languages, load_strings
from ktss_analysis.selfassessment.strings import catalogue as string_catalogue


@pytest.fixture(scope="module")
def rules(repo):
    return load_rules(repo / "params" / "rules.yaml")


def parts(rules, rows=None, language="en", fw: Framework | None = None):
    fw = fw or framework()
    instrument = instrument_of(fw, language)
    evidence = evidence_of(instrument, rules, rows)
    strings = load_strings(language)
    return instrument, evidence, strings, page_data(instrument, evidence, strings)


SKILLS = ["S01", "S02", "S03"]
ALL_FOUR = {f"S{k:02d}-{i}": 4 for k in (1, 2, 3) for i in (1, 2, 3, 4)}


# --- accessibility statement


def test_the_accessibility_statement_claims_what_tests_check(repo):
    source = (repo / "tests" / "browser" / "test_selfassessment.py").read_text(encoding="utf-8")
    defined = set(re.findall(r"^def (test_\w+)", source, flags=re.MULTILINE))
    assert set(CHECKS.values()) <= defined
    english = load_strings("en").entries
    assert {f"accessibility.{key}" for key in (*CHECKS, *LIMITS)} <= set(english)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_accessibility_statement_is_linked_and_names_whom_to_write_to(rules, tmp_path, language):
    build_tool(framework(), rules, tmp_path, languages=[language], contact="help@example.org & co", exports=False)
    page = (tmp_path / f"accessibility.{language}.html").read_text(encoding="utf-8")
    texts = load_strings(language)
    assert html.escape(texts.text("accessibility.axe"), quote=False) in page.replace("&#39;", "'")
    assert "help@example.org &amp; co" in page
    assert "<script" not in page
    assert ('lang="' + language) in page
    assert (texts.text("about.translation") in page.replace("&#39;", "'")) == (language != "en")
    for name in (f"index.{language}.html", "index.html"):
        assert f'href="accessibility.{language}.html"' in (tmp_path / name).read_text(encoding="utf-8")


def test_without_a_contact_the_accessibility_statement_says_so():
    page = accessibility_page(framework(), "en")
    assert load_strings("en").text("accessibility.nobody") in page
    assert "write to" not in page


# --- scores


def test_a_reversed_item_is_turned_and_answers_without_a_number_are_left_out():
    items = [{"id": "a", "key": 1}, {"id": "b", "key": -1}, {"id": "c", "key": 1}, {"id": "d", "key": 1}]
    score = score_skill(items, {"a": 5, "b": 2, "c": "not_applicable", "d": 3}, (1, 5), 0.75)
    assert score == Score(total=5 + 4 + 3, answered=3, items=4, enough=True)
    assert not score_skill(items, {"a": 5, "b": 2, "c": None}, (1, 5), 0.75).enough


@pytest.mark.parametrize("value", [0, 6, 2.5, True, "4", "no answer"])
def test_an_impossible_answer_is_refused(value):
    with pytest.raises(ValueError, match="item a"):
        score_skill([{"id": "a", "key": 1}], {"a": value}, (1, 5), 0.75)


@pytest.mark.parametrize(("n", "share", "least"), [(4, 0.75, 3), (1, 0.75, 1), (3, 0.75, 3), (8, 0.5, 4), (5, 0.01, 1)])
def test_how_many_answers_a_score_needs(n, share, least):
    assert needed(n, share) == least


def test_rounding_is_half_up_and_equals_the_reports_own():
    for denominator in range(1, 25):
        for numerator in range(-6 * denominator, 6 * denominator + 1):
            tenths = divided_half_up(10 * numerator, denominator)
            if denominator in (3, 6, 7, 9, 11, 12, 13, 14, 15, 17, 18, 19, 21, 22, 23, 24):
                continue  # no exact half, and the report sees a binary fraction: the next test has these
            assert tenths_text(tenths, ".") == format_number(numerator / denominator, digits=1)
    assert tenths_text(divided_half_up(45, 2), ".") == "2.3"  # 2.25: binary rounding would print 2.2


def test_rounding_never_leaves_the_nearest_tenth():
    for denominator in range(1, 60):
        for numerator in range(5 * denominator + 1):
            tenths = divided_half_up(10 * numerator, denominator)
            assert abs(tenths * denominator - 10 * numerator) * 2 <= denominator


def test_a_band_is_kept_inside_the_scale():
    assert band_tenths(Score(20, 4, 4, True), 500, (1, 5)) == (45, 50)
    assert band_tenths(Score(4, 4, 4, True), 500, (1, 5)) == (10, 15)
    assert band_tenths(Score(13, 4, 4, True), 530, (1, 5)) == (27, 38)  # 3.25 - .53 = 2.72, 3.25 + .53 = 3.78


def test_two_scores_differ_only_beyond_their_common_error():
    high, low = Score(16, 4, 4, True), Score(12, 4, 4, True)
    just_wide_enough = math.ceil(1000 / math.sqrt(2))
    assert differ(high, low, (just_wide_enough, just_wide_enough)) == 0
    assert differ(high, low, (just_wide_enough - 1, just_wide_enough - 1)) == 1
    assert differ(low, high, (just_wide_enough - 1, just_wide_enough - 1)) == -1
    assert differ(high, low, (600, 600), factor=1.3) == 0


# --- what the published results allow


def test_without_results_there_is_no_band_and_no_decimal(rules):
    _, evidence, strings, data = parts(rules)
    assert evidence.skills == {}
    shown = feedback(data, {**ALL_FOUR, "S01-1": 5}, strings)
    assert {entry["band"] for entry in shown["skills"]} == {strings.text("table.no_band")}
    assert all(re.fullmatch(r"\d", entry["score"]) for entry in shown["skills"])
    assert shown["bands"] == strings.text("bands.none")
    assert shown["differences"] == strings.text("differences.unknown")


def test_a_band_follows_from_the_lower_limit_while_few_took_part(rules):
    few = evidence_of(instrument_of(framework(), "en"), rules, published(SKILLS, n=60)).skills["S01"]
    many = evidence_of(instrument_of(framework(), "en"), rules, published(SKILLS, n=200)).skills["S01"]
    assert (few.used, many.used) == (0.7, 0.8)
    assert few.half_widths[4] == math.ceil(1000 * 1.959963984540054 * 0.6 * math.sqrt(0.3))
    assert many.half_widths[4] == math.ceil(1000 * 1.959963984540054 * 0.6 * math.sqrt(0.2))
    assert few.half_widths[3] == math.ceil(1000 * 1.959963984540054 * 0.6 * math.sqrt(0.3 * 4 / 3))
    assert set(few.half_widths) == {3, 4}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows.assign(group="it"),
        lambda rows: rows.assign(status="too_few"),
        lambda rows: rows[rows["statistic"] != "score_sd"],
        lambda rows: rows.assign(ci_low=float("nan")),
        lambda rows: rows.assign(ci_low=-0.1),
    ],
    ids=["other language", "gate not passed", "no spread", "no interval", "lower limit below zero"],
)
def test_a_band_needs_reliability_with_an_interval_in_this_language(rules, spoil):
    rows = published(SKILLS)
    assert set(evidence_of(instrument_of(framework(), "en"), rules, rows).skills) == set(SKILLS), "control"
    assert evidence_of(instrument_of(framework(), "en"), rules, spoil(rows)).skills == {}


def test_norms_are_a_range_and_need_all_deciles_with_limits(rules):
    _, _, strings, data = parts(rules, published(SKILLS, n=150, norms=True))
    shown = feedback(data, ALL_FOUR, strings)["skills"][0]
    # answers 4, turned 2, 4, 4: mean 3.5; deciles 1.83, 2.17, ... with limits 0.2 beside them
    assert shown["norm"] == "Of 150 people who took part in the study, between 50 % and 70 % rated themselves lower."
    rows = published(SKILLS, n=150, norms=True)
    broken = rows[~((rows["statistic"] == "score_quantile") & (rows["group"] == "en_q50"))]
    _, _, _, data = parts(rules, broken)
    assert feedback(data, ALL_FOUR, strings)["skills"][0]["norm"] == ""


def test_the_lowest_skill_is_named_only_beyond_the_error(rules):
    _, _, strings, data = parts(rules, published(SKILLS))
    close = {**ALL_FOUR, "S02-1": 3}
    assert feedback(data, close, strings)["differences"] == strings.text("differences.none")
    far = {**ALL_FOUR, **{f"S02-{i}": (5 if i == 2 else 1) for i in (1, 2, 3, 4)}}
    text = feedback(data, far, strings)["differences"]
    assert "Skill 2 en" in text
    assert "Skill 3 en" not in text


def test_a_change_is_reported_only_beyond_the_error_and_never_without_bands(rules):
    _, _, strings, data = parts(rules, published(SKILLS))
    before = {**ALL_FOUR, **{f"S01-{i}": (5 if i == 2 else 1) for i in (1, 2, 3, 4)}, "S03-1": None, "S03-2": None}
    sentences = [entry["sentence"] for entry in comparison(data, before, ALL_FOUR, strings)]
    assert sentences == [
        strings.text("change.up", skill="Skill 1 en"),
        strings.text("change.same", skill="Skill 2 en"),
        strings.text("change.missing", skill="Skill 3 en"),
    ]
    _, _, _, bare = parts(rules)
    assert comparison(bare, before, ALL_FOUR, strings)[0]["sentence"] == strings.text(
        "change.unknown", skill="Skill 1 en"
    )


# --- the page


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, list[str]] = {}
        self._open = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._open = tag
        if tag in ("script", "style"):
            self.inline.setdefault(tag, []).append("")

    def handle_data(self, data):
        if self._open in ("script", "style"):
            self.inline[self._open][-1] += data

    def handle_endtag(self, tag):
        self._open = ""


def test_the_policy_names_exactly_the_script_and_style_of_the_page(rules):
    instrument, evidence, _, _ = parts(rules)
    found = Elements(render_page(instrument, evidence).html)
    [style], [data, script] = found.inline["style"], found.inline["script"]
    meta = next(dict(a)["content"] for tag, a in found.tags if dict(a).get("http-equiv") == "Content-Security-Policy")
    assert meta == policy()
    assert content_hash(script) in meta
    assert content_hash(style) in meta
    assert "connect-src 'none'" in meta
    assert "default-src 'none'" in meta
    assert json.loads(data)["id"] == "sample"


def test_the_page_loads_nothing_and_links_only_to_its_neighbours(rules):
    instrument, evidence, _, _ = parts(rules)
    found = Elements(render_page(instrument, evidence, languages=LANGUAGES).html)
    for tag, attributes in found.tags:
        assert "src" not in attributes
        assert tag not in ("link", "img", "iframe", "object", "embed", "form", "base")
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        if "href" in attributes:
            neighbours = r"#[\w-]+|index\.[a-z]{2}\.html(#colleague)?|accessibility\.en\.html"
            assert re.fullmatch(neighbours, str(attributes["href"]))


@pytest.mark.parametrize(
    "line",
    [
        'fetch("x")', "navigator.sendBeacon(u)", "new RTCPeerConnection()", 'location.href = "x"', "location = x",
        "window.open(u)", "new WebSocket(u)", "import('x')", "a.innerHTML = x", "eval(x)", "image.src = u",
        "document.cookie", "location.replace(u)", "form.submit()",
    ],
)  # fmt: skip
def test_every_way_out_is_seen_in_the_source(line):
    assert channel_faults(page_script()) == []
    assert channel_faults(f"const a = 1;\n{line};") != []


def test_hostile_texts_stay_text(rules):
    evil = "</script><img src=x onerror=alert(1)>{{ 7*7 }} \u2028 ]]> <!--"
    fw = framework()
    fw.items[0].text["en"] = evil
    fw.skills[0].name["en"] = evil
    instrument, evidence, _, _ = parts(rules, fw=fw)
    html = render_page(instrument, evidence).html
    found = Elements(html)
    assert "img" not in {tag for tag, _ in found.tags}
    assert len(found.inline["script"]) == 2
    assert json.loads(found.inline["script"][0])["skills"][0]["name"] == evil
    assert "49" not in re.findall(r"legend>[^<]*", html)[0]


def test_budget_sixty_items_in_every_language_and_three_hundred_still_work(rules):
    for language in LANGUAGES:
        instrument, evidence, _, _ = parts(rules, language=language, fw=framework(15, 4))
        page = render_page(instrument, evidence, languages=LANGUAGES)
        assert page.n_bytes <= 150_000
        assert page.n_gzip <= 40_000
        assert len(Elements(page.html).tags) <= 1500
    instrument, evidence, _, _ = parts(rules, fw=framework(60, 5))
    assert render_page(instrument, evidence).html.count("<fieldset") == 300


def test_a_page_over_its_budget_is_refused(rules):
    fw = framework(15, 4)
    for skill in fw.skills:
        skill.definition["en"] = "long " * 3000
    instrument, evidence, _, _ = parts(rules, fw=fw)
    with pytest.raises(KtssError, match=r"index\.en\.html has \d+ bytes"):
        render_page(instrument, evidence)


def test_a_missing_translation_is_shown_in_the_reference_language_and_said(rules, tmp_path):
    fw = framework()
    del fw.items[0].text["pl"]
    built = build_tool(fw, rules, tmp_path, languages=["pl"], exports=False)
    assert any(note.startswith("pl: no translation of item S01-1") for note in built.notes)
    html = (tmp_path / "index.pl.html").read_text()
    assert '<fieldset id="f-S01-1" tabindex="-1" lang="en">' in html


def test_a_framework_without_items_or_language_is_refused_in_words(rules, tmp_path):
    with pytest.raises(StudyError, match="needs a scale and items"):
        build_tool(framework(items=[]), rules, tmp_path)
    with pytest.raises(StudyError, match="no language 'de'; allowed: en, it"):
        build_tool(framework(), rules, tmp_path, languages=["de"])


def test_the_check_sum_follows_what_is_asked_and_nothing_else():
    first = instrument_hash(framework(), "en")
    assert instrument_hash(framework(), "en") == first
    assert instrument_hash(framework(), "it") != first
    renamed = framework()
    renamed.skills[0].name["en"] = "Another name"
    assert instrument_hash(renamed, "en") == first
    reworded = framework()
    reworded.items[0].text["en"] += "!"
    assert instrument_hash(reworded, "en") != first
    assert instrument_hash(reworded, "it") == instrument_hash(framework(), "it")


def test_two_builds_have_the_same_bytes(rules, tmp_path):
    for name in ("a", "b"):
        build_tool(framework(), rules, tmp_path / name, rows=published(SKILLS))
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


# --- texts


def test_the_five_languages_are_complete_and_only_english_counts_as_reviewed():
    assert set(available_languages()) >= set(LANGUAGES)
    for language in available_languages():
        strings = load_strings(language)
        assert (strings.reviewed != "") is (language == "en")
        for key, entry in strings.entries.items():
            forms = [entry] if isinstance(entry, str) else list(entry.values())
            assert all(text.strip() for text in forms), key


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("part"), "no text 'part'"),
        (lambda c: c.update(part="Teil {part}"), r"'part': slots \['part'\]"),
        (lambda c: c.update(new="x"), "'new' does not exist in English"),
        (lambda c: c["count.items"].pop("one"), "'count.items': plural forms"),
    ],
)
def test_an_incomplete_translation_is_refused(tmp_path, monkeypatch, change, message):
    content = json.loads((string_catalogue.FOLDER / "nl.json").read_text())
    change(content)
    (tmp_path / "nl.json").write_text(json.dumps(content))
    (tmp_path / "en.json").write_text((string_catalogue.FOLDER / "en.json").read_text())
    monkeypatch.setattr(string_catalogue, "FOLDER", tmp_path)
    load_strings.cache_clear()
    try:
        with pytest.raises(StudyError, match=message):
            load_strings("nl")
    finally:
        load_strings.cache_clear()


def test_plural_forms_follow_the_language():
    polish = load_strings("pl")
    shown = [polish.text("count.items", count=n, n=n) for n in (1, 2, 5, 22, 112)]
    assert shown == ["1 stwierdzenie", "2 stwierdzenia", "5 stwierdzeń", "22 stwierdzenia", "112 stwierdzeń"]


def test_the_pseudo_locale_marks_every_text():
    entries = load_strings(PSEUDO).entries.values()
    texts = [text for entry in entries for text in ([entry] if isinstance(entry, str) else entry.values())]
    assert all(text.startswith("\u27e6") and text.endswith("\u27e7") for text in texts)


# --- exports, read back by the tools they are for


@pytest.fixture(scope="module")
def exports() -> dict[str, bytes]:
    return write_exports(framework(), LANGUAGES)


def test_framework_json_fulfils_its_schema_and_reads_back(exports):
    import jsonschema

    content, schema = json.loads(exports["framework.json"]), json.loads(exports["framework.schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(content, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "items": [{"id": "x"}]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "surprise": 1}, schema)
    back = Framework.model_validate({key: value for key, value in content.items() if key not in ("$schema", "hashes")})
    assert back == framework()
    assert content["hashes"]["en"] == instrument_hash(framework(), "en")


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_turtle_and_jsonld_are_the_same_skos_graph(exports):
    import rdflib
    from rdflib.compare import isomorphic
    from rdflib.namespace import RDF, SKOS

    turtle = rdflib.Graph().parse(data=exports["skills.ttl"], format="turtle", publicID="https://example.org/set")
    linked = rdflib.Graph().parse(data=exports["skills.jsonld"], format="json-ld", publicID="https://example.org/set")
    assert isomorphic(turtle, linked)
    concepts = set(turtle.subjects(RDF.type, SKOS.Concept))
    assert len(concepts) == 3
    for concept in concepts:
        assert {label.language for label in turtle.objects(concept, SKOS.prefLabel)} == set(LANGUAGES)
        assert len(list(turtle.objects(concept, SKOS.closeMatch))) == 1
        assert not list(turtle.objects(concept, SKOS.exactMatch))


def test_no_match_in_esco_is_no_link():
    skills = framework().model_dump()["skills"]
    skills[0]["esco"]["match"] = "none"
    turtle = write_exports(framework(skills=skills), ["en"])["skills.ttl"]
    assert b"esco/skill/1>" not in turtle
    assert b"esco/skill/2>" in turtle


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_xlsform_is_converted_by_pyxform_without_a_warning(exports, tmp_path):
    from pyxform.xls2xform import convert

    path = tmp_path / "form.xlsx"
    path.write_bytes(exports["xlsform.xlsx"])
    result = convert(xlsform=path, validate=False)
    assert [warning for warning in result.warnings if "language" not in warning] == []
    root = ElementTree.fromstring(result.xform)
    bound = [node.get("nodeset", "") for node in root.iter() if node.tag.endswith("}bind")]
    assert sum(name.endswith(("-1", "-2", "-3", "-4")) for name in bound) == 12
    translations = [node.get("lang") for node in root.iter() if node.tag.endswith("}translation")]
    assert translations == ["English (en)", "Italiano (it)", "Polski (pl)", "Suomi (fi)", "Nederlands (nl)"]


def test_limesurvey_imports_the_survey_with_nothing_lost_and_nothing_made_up(exports):
    survey = import_survey(exports["limesurvey.txt"])
    assert survey.settings == {"language": "en", "additional_languages": " ".join(LANGUAGES[1:]), "format": "G"}
    assert set(survey.titles) == set(LANGUAGES)
    assert all(title["surveyls_title"] for title in survey.titles.values())
    assert survey.attributes == [], "a column that the importer does not know becomes an attribute of each question"
    skills = framework().scales()
    ids = [item.id for items in skills.values() for item in items]
    for language in LANGUAGES:
        groups = [group for group in survey.groups if group["language"] == language]
        assert [group["gid"] for group in groups] == list(range(1, len(skills) + 1)), (
            "one group per skill, not per text"
        )
        questions = [question for question in survey.questions if question["language"] == language]
        assert [question["qid"] for question in questions] == list(range(1, len(ids) + 1))
        assert [question["title"] for question in questions] == [key.replace("-", "") for key in ids]
        assert all(CODE.fullmatch(question["title"]) for question in questions), "no code is renamed"
        assert {
            (
                question["type"],
                question["mandatory"],
                question["other"],
                question["encrypted"],
                question["same_default"],
            )
            for question in questions
        } == {("L", "N", "N", "N", "0")}
        answers = [answer for answer in survey.answers if answer["language"] == language]
        assert len(answers) == 7 * len(ids)
        for question in questions:
            own = [answer for answer in answers if answer["qid"] == question["qid"]]
            assert [answer["code"] for answer in own] == ["1", "2", "3", "4", "5", "NA", "PNS"]
            assert [answer["sortorder"] for answer in own] == list(range(1, 8))
            assert all(answer["answer"] and answer["scale_id"] == "0" for answer in own)
    assert max(len(answer["code"]) for answer in survey.answers) <= ANSWER_CODE_LENGTH


def test_limesurvey_keeps_the_signs_of_a_text():
    fw = framework()
    text = '"Yes & no", <b>"perhaps"</b> \\"'
    fw.items[0].text["en"] = text
    survey = import_survey(write_exports(fw, LANGUAGES)["limesurvey.txt"])
    assert html.unescape(survey.questions[0]["question"]) == text


def test_the_model_of_the_importer_takes_what_it_should_not_get():
    """Control: ids become attributes, a group of number 0 is none, and marks around a text go."""
    rows = ["id\tclass\ttype/scale\tname\ttext\tlanguage", "\tS\t\tlanguage\ten\t", "7\tG\t0\tA\t\ten",
            '9\tQ\tL\tQ1\t"""all of it"""\ten', "8\tG\t0\tB\t\ten"]  # fmt: skip
    survey = import_survey(("\ufeff" + "\n".join(rows)).encode())
    assert survey.attributes == [(1, "id", "9")]
    assert survey.questions[0]["question"] == "all of it"
    assert [group["gid"] for group in survey.groups] == [1, 2]


def test_two_items_with_one_limesurvey_code_are_refused():
    items = framework(1, 2).model_dump()["items"]
    items[1]["id"] = "S011"
    with pytest.raises(StudyError, match="same LimeSurvey code"):
        write_exports(framework(1, 2, items=items), ["en"])


ORDER = {
    "codeBook": "docDscr stdyDscr fileDscr dataDscr otherMat",
    "stdyDscr": "citation studyAuthorization stdyInfo studyDevelopment method dataAccs othrStdyMat notes",
    "citation": "titlStmt rspStmt prodStmt distStmt serStmt verStmt biblCit holdings notes",
    "titlStmt": "titl subTitl altTitl parTitl IDNo",
    "verStmt": "version verResp notes",
    "stdyInfo": "studyBudget subject abstract sumDscr qualityStatement notes exPostEvaluation",
    "dataDscr": "varGrp nCubeGrp var nCube notes",
    "varGrp": "labl txt concept defntn universe notes",
    "var": "location labl imputation security embargo respUnit anlysUnit qstn valrng invalrng undocCod universe "
           "TotlResp sumStat txt stdCatgry catgryGrp catgry codInstr verStmt concept derivation varFormat geoMap "
           "catLevel notes",
    "qstn": "preQTxt qstnLit postQTxt forward backward ivuInstr",
    "valrng": "item range key notes",
    "catgry": "catValu labl txt catStat mrow",
}  # fmt: skip
"""The children that the schema of DDI-Codebook 2.5 allows in what we write, in its order."""

ATTRIBUTES = {
    "codeBook": {"version"}, "varGrp": {"ID", "type", "var"}, "var": {"ID", "name", "intrvl"}, "catgry": {"missing"},
    "range": {"min", "max"},
}  # fmt: skip


def test_ddi_codebook_follows_its_schema(exports):
    """Order of elements, their attributes, references and closed lists; the schema itself is not in the repository."""
    root = ElementTree.fromstring(exports["ddi-codebook.xml"])
    for element in root.iter():
        tag = element.tag.removeprefix("{ddi:codebook:2_5}")
        children = [child.tag.removeprefix("{ddi:codebook:2_5}") for child in element]
        allowed = ORDER.get(tag, "").split()
        places = [allowed.index(child) for child in children]
        assert places == sorted(places), tag
        assert {name for name in element.attrib if not name.startswith("{")} <= ATTRIBUTES.get(tag, set()), tag
    ids = [element.get("ID") for element in root.iter() if element.get("ID")]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", str(key)) for key in ids), "an XML id"


def test_ddi_codebook_has_a_variable_per_item(exports):
    namespace = "{ddi:codebook:2_5}"
    root = ElementTree.fromstring(exports["ddi-codebook.xml"])
    assert [child.tag for child in root] == [f"{namespace}stdyDscr", f"{namespace}dataDscr"]
    variables = root.findall(f".//{namespace}var")
    assert [variable.get("name") for variable in variables] == [item.id for item in framework().items]
    for variable in variables:
        assert len(variable.findall(f"{namespace}catgry")) == 7
    groups = root.findall(f".//{namespace}varGrp")
    known = {variable.get("ID") for variable in variables}
    assert all(set(str(group.get("var")).split()) <= known for group in groups)
    assert {group.get("type") for group in groups} == {"subject"}


def test_tables_hold_every_item_and_no_formula(exports):
    fw = framework()
    fw.items[0].text["en"] = "=1+1"
    table = pd.read_csv(io.BytesIO(write_exports(fw, LANGUAGES)["items.csv"]), dtype="str", encoding="utf-8-sig")
    assert table["text_en"][0] == "'=1+1"
    assert table["item_id"].tolist() == [item.id for item in fw.items]
    book = openpyxl.load_workbook(io.BytesIO(exports["items.xlsx"]))
    assert book.sheetnames == ["items", "scale", "skills"]
    assert book["scale"].max_row == 1 + 7


@pytest.mark.parametrize("profile", ["ua1", "3a"])
def test_the_questionnaire_is_a_tagged_pdf(exports, profile):
    checker = pytest.importorskip("page")
    report = checker.validate_pdf_bytes(exports["questionnaire.pdf"], profile=profile)
    assert report.rules.total > 100
    assert [failure.rule_id for failure in report.failures] == []


def test_a_missing_translation_is_marked_in_the_questionnaire():
    fw = framework()
    complete = questionnaire_data(fw, LANGUAGES)
    assert None not in [text for skill in complete["skills"] for item in skill["items"] for text in item["texts"]]
    del fw.items[0].text["pl"]
    assert questionnaire_data(fw, LANGUAGES)["skills"][0]["items"][0]["texts"].index(None) == LANGUAGES.index("pl")
