"""The HTML documents in a browser: accessible in light and dark and on a phone, self-contained, usable by keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from chromium import axe_source

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DOCUMENTS = ("report", "technical-annex", "audit-annex")
VIEWS = {"desktop": (1440, "light"), "dark": (1100, "dark"), "phone": (320, "light")}


@contextmanager
def opened(browser: Any, path: Path, *, width: int = 1280, scheme: str = "light") -> Iterator[tuple[Any, list[str]]]:
    """Open a file; also give the list of everything the page asked for beside itself."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(path.as_uri())
        yield page, [url for url in asked if url != path.as_uri() and not url.startswith("data:")]
    finally:
        page.close()


def axe_violations(page: Any) -> list[str]:
    page.evaluate(axe_source())
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [f"{v['id']}: {v['nodes'][0]['html'][:150]} ({len(v['nodes'])} times)" for v in found["violations"]]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_axe_finds_no_violation_and_nothing_scrolls_sideways(browser, public, document: str, view: str) -> None:
    width, scheme = VIEWS[view]
    with opened(browser, public / f"{document}.html", width=width, scheme=scheme) as (page, asked):
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert asked == []


def test_axe_can_fail(browser, tmp_path: Path) -> None:
    page_file = tmp_path / "bad.html"
    bad = "<!DOCTYPE html><title>x</title><p style='color:#bbb'>pale</p><img src='data:,'>"
    page_file.write_text(bad, encoding="utf-8")
    with opened(browser, page_file) as (page, _):
        found = " ".join(axe_violations(page))
    assert "image-alt" in found
    assert "html-has-lang" in found


def test_skip_link_and_contents_work_with_the_keyboard(browser, public: Path) -> None:
    with opened(browser, public / "report.html") as (page, _):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip-link"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        first = page.locator("nav.contents a").first
        first.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == first.get_attribute("href")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_headings_descend_one_level_at_a_time(browser, public: Path, document: str) -> None:
    with opened(browser, public / f"{document}.html") as (page, _):
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_quotes_in_other_languages_say_so(browser, public: Path) -> None:
    with opened(browser, public / "report.html") as (page, _):
        languages = page.evaluate("[...document.querySelectorAll('blockquote [lang]')].map(q => q.lang)")
    assert {"it", "pl", "fi"} <= set(languages)


def test_print_style_hides_what_paper_cannot_use(browser, public: Path) -> None:
    with opened(browser, public / "report.html", scheme="dark") as (page, _):
        page.emulate_media(media="print")
        shown = page.evaluate(
            "JSON.stringify([getComputedStyle(document.querySelector('.site-bar')).display,"
            " getComputedStyle(document.body).backgroundColor])"
        )
    assert json.loads(shown) == ["none", "rgb(255, 255, 255)"]
