"""The self-assessment in a real browser: from disk, by mouse and keyboard, saved, resumed, printed, never sending."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import axe_source, chromium
from tool_sample import LANGUAGES, framework, published

from ktss_analysis.readers import read_table
from ktss_analysis.rules import load_rules
from ktss_analysis.selfassessment.accessibility import accessibility_page
from ktss_analysis.selfassessment.evidence import evidence_of
from ktss_analysis.selfassessment.feedback import comparison, feedback
from ktss_analysis.selfassessment.instrument import instrument_of
from ktss_analysis.selfassessment.page import page_data, render_page
from ktss_analysis.selfassessment.strings import PSEUDO, load_strings

pytestmark = pytest.mark.browser

SKILLS = ["S01", "S02", "S03"]
ITEMS = [item.id for item in framework().items]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def rules(repo: Path) -> Any:
    return load_rules(repo / "params" / "rules.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, rules: Any) -> Path:
    """Write the pages of the sample: English and Polish with bands, the others without; a pseudo-locale; 60 items."""
    place = tmp_path_factory.mktemp("tool")
    for language in LANGUAGES:
        instrument = instrument_of(framework(), language)
        rows = published(SKILLS, language, n=150, norms=True) if language in ("en", "pl") else None
        page = render_page(instrument, evidence_of(instrument, rules, rows), languages=LANGUAGES)
        (place / f"index.{language}.html").write_text(page.html, encoding="utf-8")
    instrument = instrument_of(framework(), "en")
    page = render_page(instrument, evidence_of(instrument, rules), strings=load_strings(PSEUDO))
    (place / "pseudo.html").write_text(page.html, encoding="utf-8")
    for name, n_skills in (("sixty", 15), ("many", 75)):
        instrument = instrument_of(framework(n_skills, 4), "en")
        html = render_page(instrument, evidence_of(instrument, rules)).html
        (place / f"{name}.html").write_text(html, encoding="utf-8")
    return place


class Visit:
    """A page opened from disk with the network off; everything it asks for or breaks is noted."""

    def __init__(self, browser: Any, path: Path, *, fragment: str = "", **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.context.set_offline(True)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.add_init_script(
            "window.violations = [];"
            "document.addEventListener('securitypolicyviolation', (e) => window.violations.push(e.violatedDirective));"
        )
        self.page.goto(path.as_uri() + fragment)

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            own = [url for url in self.requests if not url.startswith("blob:")]
            assert len(own) == 1, own  # the page itself
            assert self.errors == []
            assert self.page.evaluate("window.violations") == []
        self.context.close()

    def answer(self, answers: dict[str, object]) -> None:
        for item, value in answers.items():
            self.page.locator(f'input[name="{item}"][value="{value}"]').check()

    def result(self) -> None:
        self.page.click("#to-review")
        self.page.click("#to-result")

    def download(self, button: str, path: Path) -> Path:
        with self.page.expect_download() as started:
            self.page.click(button)
        started.value.save_as(path)
        return path


def answers_of(value: int = 4) -> dict[str, object]:
    return dict.fromkeys(ITEMS, value)


def shown_rows(page: Any) -> list[list[str]]:
    return page.eval_on_selector_all(
        "#scores tbody tr", "rows => rows.map(r => [...r.children].map(c => c.textContent))"
    )


def test_the_whole_path_by_mouse(browser, folder, rules):
    with Visit(browser, folder / "index.en.html") as visit:
        page = visit.page
        assert page.locator("#done-text").text_content() == "0 of 12 answered"
        assert not page.locator(".turned").first.is_visible()
        answers = {**answers_of(), "S02-1": "not_applicable", "S03-1": "prefer_not_to_say", "S03-2": 5}
        del answers["S03-3"]
        visit.answer(answers)
        assert page.locator("#done-text").text_content() == "11 of 12 answered"
        page.click("#to-review")
        assert page.evaluate("document.activeElement.id") == "review-heading"
        assert page.locator("#review-text").text_content() == "1 statement has no answer yet:"
        page.click("#review-open a")
        assert page.evaluate("document.activeElement.name") == "S03-3"
        page.click("#to-result")
        assert page.evaluate("document.activeElement.id") == "result-heading"
        instrument = instrument_of(framework(), "en")
        strings = load_strings("en")
        data = page_data(instrument, evidence_of(instrument, rules, published(SKILLS, n=150, norms=True)), strings)
        wanted = feedback(data, answers, strings)
        names = [skill["name"] for skill in data["skills"]]
        assert shown_rows(page) == [
            [name, entry["score"], entry["band"], entry["answered"]]
            for name, entry in zip(names, wanted["skills"], strict=True)
        ]
        sentences = page.eval_on_selector_all("#sentences p", "all => all.map(p => p.textContent)")
        assert sentences == [
            text for entry in wanted["skills"] for text in (entry["sentence"], entry["norm"], entry["modules"]) if text
        ]
        assert page.locator("#differences").text_content() == wanted["differences"]
        assert page.locator("#result-bands").text_content() == wanted["bands"]
        assert page.locator("svg .dot").count() == 2
        assert page.locator("svg .band").count() == 2
        assert shown_rows(page)[2][1] == strings.text("table.no_score")


def test_keyboard_alone_reaches_the_result(browser, folder):
    with Visit(browser, folder / "index.en.html") as visit:
        press = visit.page.keyboard.press
        press("Tab")
        assert visit.page.evaluate("document.activeElement.className") == "skip"
        press("Enter")
        seen = 0
        for _ in range(60):
            press("Tab")
            kind = visit.page.evaluate("document.activeElement.type ?? ''")
            if kind == "radio":
                press("ArrowDown")
                press("ArrowDown")
                seen += 1
            if visit.page.evaluate("document.activeElement.id") == "to-review":
                break
        assert seen == 12
        press("Enter")
        assert visit.page.evaluate("document.activeElement.id") == "review-heading"
        while visit.page.evaluate("document.activeElement.id") != "to-result":
            press("Tab")
        press("Enter")
        assert visit.page.evaluate("document.activeElement.id") == "result-heading"
        assert len(shown_rows(visit.page)) == 3


def test_answers_are_kept_only_when_asked_and_can_be_erased(browser, folder):
    with Visit(browser, folder / "index.en.html") as visit:
        page = visit.page
        visit.answer({"S01-1": 4})
        assert page.evaluate("localStorage.length") == 0
        page.check("#keep")
        visit.answer({"S01-2": 2})
        assert page.evaluate("localStorage.length") == 1
        page.reload()
        visit.requests.pop()
        assert page.locator("#done-text").text_content() == "2 of 12 answered"
        assert page.is_checked("#keep")
        page.click("#erase")
        page.click("#erase-no")
        assert page.evaluate("localStorage.length") == 1
        page.click("#erase")
        page.click("#erase-yes")
        assert page.evaluate("localStorage.length") == 0
        assert page.locator("#done-text").text_content() == "0 of 12 answered"
        assert page.locator("#erase-state").text_content() == load_strings("en").text("erase.done")
        assert page.evaluate("document.activeElement.id") == "erase"


def test_unticking_forgets_at_once(browser, folder):
    with Visit(browser, folder / "index.en.html") as visit:
        visit.page.check("#keep")
        visit.answer({"S01-1": 4})
        assert visit.page.evaluate("localStorage.length") == 1
        visit.page.uncheck("#keep")
        assert visit.page.evaluate("localStorage.length") == 0


def test_a_file_resumes_compares_and_reads_back_in_python(browser, folder, tmp_path, rules):
    answers = {**answers_of(), "S01-3": "not_applicable", "S02-4": "prefer_not_to_say"}
    with Visit(browser, folder / "index.en.html") as visit:
        visit.answer(answers)
        visit.result()
        first = visit.download("#save-json", tmp_path / "first.json")
        table = visit.download("#save-csv", tmp_path / "first.csv")
    content = json.loads(first.read_text())
    assert content["answers"] == {item: answers[item] for item in ITEMS}
    assert content["instrument"]["hash"] == instrument_of(framework(), "en").hash
    json_row, csv_row = read_table(first), read_table(table)
    assert (json_row.format, csv_row.format) == ("self_assessment", "self_assessment")
    assert json_row.frame.iloc[0].to_dict() == csv_row.frame.iloc[0].to_dict()
    assert json_row.frame["S01-3"][0] == "not_applicable"
    with Visit(browser, folder / "index.en.html") as visit:
        visit.page.set_input_files("#resume", first)
        visit.page.locator("#resume-state:not(:empty)").wait_for()
        assert visit.page.locator("#resume-state").text_content() == "12 answers were read from the file."
        low = {**answers, **{item: (5 if item.endswith("-2") else 1) for item in ITEMS if item.startswith("S02")}}
        visit.answer(low)
        visit.result()
        visit.page.set_input_files("#compare", first)
        visit.page.locator("#comparison").wait_for()
        instrument, strings = instrument_of(framework(), "en"), load_strings("en")
        data = page_data(instrument, evidence_of(instrument, rules, published(SKILLS, n=150, norms=True)), strings)
        wanted = [f"{entry['sentence']} ({entry['score']})" for entry in comparison(data, answers, low, strings)]
        assert visit.page.eval_on_selector_all("#changes li", "all => all.map(li => li.textContent)") == wanted
        second = json.loads(visit.download("#save-json", tmp_path / "second.json").read_text())
    assert (second["occasion"], second["person_code"]) == (2, content["person_code"])


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"kind": "other"}, "file.wrong_kind"),
        ({"format_version": 2}, "file.wrong_kind"),
        ({"instrument.id": "another"}, "file.wrong_instrument"),
        ({"instrument.version": "1.1.0"}, "file.wrong_version"),
        ({"instrument.language": "pl"}, "file.wrong_language"),
        ({"instrument.hash": "sha256:" + "0" * 64}, "file.wrong_text"),
        ({"answers.S01-1": 9}, "file.wrong_answer"),
        ({"answers.S99-1": 3}, "file.wrong_answer"),
    ],
)
def test_a_file_of_another_version_is_refused_in_words(browser, folder, tmp_path, change, key):
    instrument = instrument_of(framework(), "en")
    content: dict[str, Any] = {
        "kind": "ktss-self-assessment", "format_version": 1, "created": "2026-01-02", "occasion": 1,
        "instrument": {"id": "sample", "version": "1.2.0", "language": "en", "hash": instrument.hash},
        "answers": answers_of(),
    }  # fmt: skip
    for path, value in change.items():
        part, _, name = path.partition(".")
        if name:
            content[part][name] = value
        else:
            content[part] = value
    (tmp_path / "r.json").write_text(json.dumps(content))
    with Visit(browser, folder / "index.en.html") as visit:
        visit.page.set_input_files("#resume", tmp_path / "r.json")
        visit.page.locator("#resume-state:not(:empty)").wait_for()
        text = str(visit.page.locator("#resume-state").text_content())
        entry = str(load_strings("en").entries[key])
        assert re.fullmatch(re.sub(r"\\\{\w+\\\}", ".+", re.escape(entry)), text)
        assert visit.page.locator("#done-text").text_content() == "0 of 12 answered"


def test_a_colleague_gets_a_blank_copy_and_his_file_says_so(browser, folder, tmp_path):
    with Visit(browser, folder / "index.en.html", fragment="#colleague") as visit:
        assert visit.page.is_visible("#colleague")
        visit.page.check("#keep")
        visit.answer(answers_of())
        assert visit.page.evaluate("localStorage.length") == 0, "the owner's answers are not overwritten"
        visit.result()
        assert visit.page.locator("#result-heading").text_content() == load_strings("en").text(
            "result.colleague_heading"
        )
        file = visit.download("#save-json", tmp_path / "colleague.json")
    assert json.loads(file.read_text())["respondent"] == "colleague"
    with Visit(browser, folder / "index.en.html") as visit:
        visit.answer(answers_of(3))
        visit.result()
        visit.page.set_input_files("#compare", file)
        visit.page.locator("#comparison").wait_for()
        assert "colleague" in str(visit.page.locator("#comparison-intro").text_content())
        assert visit.page.locator("#changes li").count() == 3


def test_without_javascript_the_form_can_be_read_and_printed(browser, folder):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((folder / "index.en.html").as_uri())
        assert page.locator("fieldset").count() == 12
        assert page.locator("noscript").count() == 1
        assert page.locator("noscript h3").is_visible()
        assert page.locator(".turned").first.is_visible(), "adding up by hand needs the marks"
        assert not page.locator("#to-review").is_visible()
        pdf = page.pdf(tagged=True)
        assert b"/StructTreeRoot" in pdf


def test_print_holds_the_result_and_no_controls(browser, folder):
    with Visit(browser, folder / "index.en.html") as visit:
        visit.answer(answers_of())
        visit.result()
        visit.page.emulate_media(media="print")
        assert visit.page.is_visible("#scores")
        for hidden in ("#save-json", "#erase", "#keep", ".bar", "#resume"):
            assert not visit.page.locator(hidden).is_visible(), hidden
        pdf = visit.page.pdf(tagged=True, outline=True)
        assert b"/StructTreeRoot" in pdf
        assert b"/Lang" in pdf


def test_it_works_in_a_sandboxed_frame_without_storage(browser, folder, tmp_path):
    (tmp_path / "course.html").write_text(
        f'<!DOCTYPE html><title>x</title><iframe sandbox="allow-scripts" width="900" height="700" '
        f'src="{(folder / "index.en.html").as_uri()}"></iframe>'
    )
    with browser.new_context() as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((tmp_path / "course.html").as_uri())
        frame = page.frames[1]
        frame.click("#keep")
        for item, value in answers_of().items():
            frame.check(f'input[name="{item}"][value="{value}"]')
        assert frame.locator("#keep-state").text_content() == load_strings("en").text("keep.failed")
        frame.click("#to-review")
        frame.click("#to-result")
        assert frame.locator("#scores tbody tr").count() == 3
        assert errors == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_reaches_its_result(browser, folder, language):
    with Visit(browser, folder / f"index.{language}.html") as visit:
        assert visit.page.evaluate("document.documentElement.lang") == language
        visit.answer(answers_of())
        visit.result()
        rows = shown_rows(visit.page)
        strings = load_strings(language)
        if language in ("en", "pl"):
            assert rows[0][1] == ("3.5" if language == "en" else "3,5")
            assert visit.page.locator("svg .band").count() == 3
        else:
            assert rows[0][1:3] == ["4", strings.text("table.no_band")]
            assert visit.page.locator("svg .band").count() == 0


def test_pseudo_locale_shows_no_text_of_its_own(browser, folder):
    own = ("Sample en", "Skill", "Statement", "label", "sample", "SYNTHETIC", "Module one")
    with Visit(browser, folder / "pseudo.html") as visit:
        visit.answer(answers_of())
        visit.result()
        texts = visit.page.evaluate(
            """() => {
              const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
              const found = [];
              while (walker.nextNode()) {
                const parent = walker.currentNode.parentElement;
                if (!parent.matches("script, style, noscript")) found.push(walker.currentNode.textContent.trim());
              }
              return found.filter(Boolean);
            }"""
        )
    plain = [text for text in texts if not text.startswith("\u27e6") and not any(word in text for word in own)]
    assert [text for text in plain if re.search(r"[A-Za-z]{3}", text)] == []
    assert sum(text.startswith("\u27e6") for text in texts) > 40, "control: the marked texts were found"


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"viewport": {"width": 320, "height": 640}},
        {"forced_colors": "active"},
    ],
    ids=["light", "dark", "phone", "forced colours"],
)
def test_axe_finds_nothing_in_any_state(browser, folder, options):
    with Visit(browser, folder / "index.en.html", **options) as visit:
        visit.page.evaluate(axe_source())
        states = {
            "start": lambda: None,
            "some answered": lambda: visit.answer({"S01-1": 4, "S02-2": 1}),
            "review": lambda: visit.page.click("#to-review"),
            "result": lambda: visit.page.click("#to-result"),
            "erase": lambda: visit.page.click("#erase"),
        }
        for state, go in states.items():
            go()
            found = visit.page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", TAGS)
            faults = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found["violations"]]
            assert faults == [], state
            assert len(found["passes"]) > 20
            sideways = visit.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
            assert not sideways, state


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_in_the_accessibility_statement(browser, tmp_path, language):
    (tmp_path / "statement.html").write_text(accessibility_page(framework(), language, "help@example.org"), "utf-8")
    with Visit(browser, tmp_path / "statement.html", viewport={"width": 320, "height": 640}) as visit:
        visit.page.evaluate(axe_source())
        found = visit.page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", TAGS)
        assert [fault["id"] for fault in found["violations"]] == []
        assert not visit.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_axe_can_fail(browser, tmp_path):
    (tmp_path / "bad.html").write_text("<html><body><img src='data:,'><input><h3>x</h3></body></html>")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((tmp_path / "bad.html").as_uri())
        page.evaluate(axe_source())
        assert len(page.evaluate("axe.run()")["violations"]) >= 4


def test_wider_text_spacing_breaks_nothing(browser, folder):
    spacing = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }"
    with Visit(browser, folder / "index.en.html", viewport={"width": 320, "height": 640}) as visit:
        visit.answer(answers_of())
        visit.result()
        visit.page.evaluate(
            "css => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s]; }", spacing
        )
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_targets_are_large_enough(browser, folder):
    with Visit(browser, folder / "index.en.html", viewport={"width": 390, "height": 800}) as visit:
        visit.answer(answers_of())
        visit.result()
        small = visit.page.evaluate(
            """() => [...document.querySelectorAll("button, fieldset label, .languages a, input[type=file], #keep")]
              .filter((e) => e.offsetParent !== null)
              .map((e) => [e.outerHTML.slice(0, 60), e.getBoundingClientRect()])
              .filter(([, r]) => r.width < 20 || r.height < 24).map(([html]) => html)
              .filter((html) => !html.includes('id="keep"'))"""
        )
        assert small == []


def test_the_policy_stops_what_the_page_never_does(browser, folder, tmp_path):
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(
            "window.violations = [];"
            "document.addEventListener('securitypolicyviolation', (e) => window.violations.push(e.violatedDirective));"
        )
        page.goto((folder / "index.en.html").as_uri())
        page.evaluate(
            """() => { fetch("data:,x").catch(() => {}); const s = document.createElement("script");
                       s.textContent = "window.broken = 1"; document.body.append(s);
                       const i = new Image(); i.src = "http://127.0.0.1:9/x.png"; }"""
        )
        for _ in range(100):  # a waiting function of Playwright would itself break the policy
            if len(page.evaluate("window.violations")) >= 3:
                break
            page.wait_for_timeout(50)
        assert page.evaluate("window.broken") is None
        assert {v.split("-elem")[0] for v in page.evaluate("window.violations")} >= {
            "connect-src",
            "script-src",
            "img-src",
        }


def test_sixty_items_are_ready_and_scored_quickly_and_three_hundred_work(browser, folder):
    for name, n_items in (("sixty", 60), ("many", 300)):
        with Visit(browser, folder / f"{name}.html") as visit:
            assert visit.page.locator("fieldset").count() == n_items
            visit.page.evaluate(
                "() => document.querySelectorAll('fieldset').forEach((f) => f.querySelectorAll('input')[3].click())"
            )
            visit.result()
            assert visit.page.locator("#scores tbody tr").count() == n_items // 4
            if n_items == 60:
                assert visit.page.evaluate("document.querySelectorAll('*').length") <= 1500


# --- Python and the browser give the same numbers and the same strings


def _modules(page: Any) -> None:
    """Load the page's own modules as functions of an empty page."""
    from ktss_analysis.selfassessment.page import ASSETS

    source = "".join((ASSETS / name).read_text() for name in ("score.mjs", "feedback.mjs"))
    source = re.sub(r"^import [^;]+;\n", "", source, flags=re.MULTILINE).replace("export ", "")
    page.evaluate(source + "\nglobalThis.ktss = { feedback, comparison, makeTexts, scoresOf, scoreSkill };")


def _written(result: dict[str, Any]) -> str:
    parts = [
        [e[k] for k in ("id", "score", "band", "answered", "sentence", "norm", "modules")] for e in result["skills"]
    ]
    return json.dumps([parts, result["bands"], result["differences"]], ensure_ascii=False, separators=(",", ":"))


_JS_WRITTEN = """
  const written = (r) => JSON.stringify([r.skills.map((e) => [e.id, e.score, e.band, e.answered, e.sentence, e.norm,
    e.modules]), r.bands, r.differences]);
"""
CHOICES = (1, 2, 3, 4, 5, "not_applicable", "prefer_not_to_say", None)


@pytest.mark.parametrize("language", ["en", "pl", "fi"])
@pytest.mark.parametrize("banded", [True, False], ids=["bands", "no bands"])
def test_every_pattern_of_a_scale_is_the_same_in_both(browser, rules, language, banded):
    instrument, strings = instrument_of(framework(1, 4), language), load_strings(language)
    rows = published(["S01"], language, n=150, norms=True) if banded else None
    data = page_data(instrument, evidence_of(instrument, rules, rows), strings)
    ids = [item.id for item in instrument.items]
    patterns = list(itertools.product(CHOICES, repeat=4))
    with browser.new_context() as context:
        page = context.new_page()
        _modules(page)
        found = page.evaluate(
            """([data, ids, patterns]) => {""" + _JS_WRITTEN + """
              const text = ktss.makeTexts(data.strings, data.language);
              const form = (p) => Object.fromEntries(ids.map((id, i) => [id, p[i]]));
              return patterns.map((p) => written(ktss.feedback(data, form(p), text)));
            }""",
            [data, ids, patterns],
        )  # fmt: skip
    wanted = [_written(feedback(data, dict(zip(ids, pattern, strict=True)), strings)) for pattern in patterns]
    assert len(found) == 4096
    assert found == wanted


def _forms(n_items: int, n_forms: int, seed: int) -> np.ndarray:
    """Return random forms by a generator that JavaScript repeats: a 32-bit linear congruence, upper bits."""
    state, numbers = seed, np.empty(n_items * n_forms, dtype=np.int64)
    for place in range(numbers.size):
        state = (1664525 * state + 1013904223) % 2**32
        numbers[place] = (state >> 16) % 8
    return numbers.reshape(n_forms, n_items)


def _parity(browser: Any, n_forms: int, chunk: int, data: dict[str, Any], seen: dict[str, Any]) -> list[int]:
    """Return the chunks of random forms whose texts differ between Python (`data`) and the browser (`seen`)."""
    strings = load_strings("en")
    ids = [item["id"] for skill in data["skills"] for item in skill["items"]]
    forms = _forms(len(ids), n_forms, 7)
    with browser.new_context() as context:
        page = context.new_page()
        page.goto("about:blank")
        _modules(page)
        found = page.evaluate(
            """([data, ids, n, chunk, choices]) => {""" + _JS_WRITTEN + """
              const text = ktss.makeTexts(data.strings, data.language);
              let state = 7;
              const out = [];
              for (let start = 0; start < n; start += chunk) {
                const lines = [];
                for (let k = 0; k < chunk; k += 1) {
                  const answers = {};
                  for (const id of ids) {
                    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
                    answers[id] = choices[(state >>> 16) % 8];
                  }
                  lines.push(written(ktss.feedback(data, answers, text)));
                }
                out.push(lines.join("\\n"));
              }
              return out.map(hash);
              function hash(text) {
                let h1 = 0x811c9dc5;
                for (let i = 0; i < text.length; i += 1) h1 = Math.imul(h1 ^ text.charCodeAt(i), 0x01000193) >>> 0;
                return [h1, text.length];
              }
            }""",
            [seen, ids, n_forms, chunk, CHOICES],
        )  # fmt: skip
    different = []
    for place, start in enumerate(range(0, n_forms, chunk)):
        lines = [
            _written(feedback(data, {key: CHOICES[code] for key, code in zip(ids, form, strict=True)}, strings))
            for form in forms[start : start + chunk].tolist()
        ]
        if _fnv("\n".join(lines)) != tuple(found[place]):
            different.append(place)
    return different


def _fnv(text: str) -> tuple[int, int]:
    """Return the 32-bit FNV-1a hash over UTF-16 units, and their number."""
    value = 0x811C9DC5
    units = np.frombuffer(text.encode("utf-16-le"), dtype="<u2").tolist()
    for unit in units:
        value = ((value ^ unit) * 0x01000193) & 0xFFFFFFFF
    return value, len(units)


def _full_data(rules: Any, fw: Any = None) -> dict[str, Any]:
    instrument = instrument_of(fw or framework(8, 4), "en")
    skills = [skill.id for skill, _ in instrument.skills]
    rows = published(skills[:-1], n=150, norms=True)
    return page_data(instrument, evidence_of(instrument, rules, rows), load_strings("en"))


def test_random_full_forms_are_the_same_in_both(browser, rules):
    data = _full_data(rules)
    assert _parity(browser, 5_000, 500, data, data) == []


@pytest.mark.nightly
def test_a_hundred_thousand_full_forms_are_the_same_in_both(browser, rules):
    data = _full_data(rules)
    assert _parity(browser, 100_000, 1_000, data, data) == []


def test_one_dropped_reverse_key_is_noticed(browser, rules):
    data = _full_data(rules)
    changed = json.loads(json.dumps(data))
    changed["skills"][3]["items"][1]["key"] = 1
    assert len(_parity(browser, 500, 100, data, changed)) == 5
