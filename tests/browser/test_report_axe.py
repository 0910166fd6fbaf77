"""The HTML documents in a browser: accessible in light and dark and on a phone, self-contained, usable by keyboard."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from chromium import axe_source, need

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DOCUMENTS = ("report", "technical-annex", "audit-annex", "quality-board")
VIEWS = {"desktop": (1440, "light"), "dark": (1100, "dark"), "phone": (320, "light"), "dark phone": (320, "dark")}


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


def luminance_at_corner(page: Any, picture: Any) -> float:
    """Return the mean of red, green and blue of the pixel at the top left corner of what the reader sees."""
    from PIL import Image

    corner = Image.open(BytesIO(picture.screenshot())).convert("RGB").getpixel((3, 3))
    return sum(corner) / 3


@pytest.mark.parametrize(("scheme", "low", "high"), [("light", 250, 255), ("dark", 10, 40)])
def test_figures_have_the_ground_of_the_page(browser, public, scheme: str, low: float, high: float) -> None:
    for document in ("report", "technical-annex"):
        with opened(browser, public / f"{document}.html", scheme=scheme) as (page, _):
            pictures = page.locator("figure img")
            assert pictures.count() == page.locator("figure img.follows").count() > 0
            for number in (0, pictures.count() - 1):
                assert low <= luminance_at_corner(page, pictures.nth(number)) <= high


def test_paper_is_light_where_the_screen_is_dark(browser, public: Path, tmp_path: Path) -> None:
    from PIL import Image

    pdftoppm = shutil.which("pdftoppm")
    need(pdftoppm, "pdftoppm")
    with opened(browser, public / "report.html", scheme="dark") as (page, _):
        page.pdf(path=tmp_path / "paper.pdf")
    command = [str(pdftoppm), "-r", "20", "-gray", "-png", "-f", "3", "-l", "8", "paper.pdf", "page"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    shades = [Image.open(path).convert("L").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
              for path in sorted(tmp_path.glob("page*.png"))]  # fmt: skip
    assert len(shades) == 6
    assert min(shades) > 200


def test_on_a_phone_a_figure_keeps_its_size_and_is_moved_by_keyboard(browser, public: Path) -> None:
    with opened(browser, public / "report.html", width=320) as (page, _):
        shown = page.evaluate(
            "[...document.querySelectorAll('.figure-scroll')].map(box => ({inside: box.scrollWidth,"
            " outside: box.clientWidth, name: document.getElementById(box.getAttribute('aria-labelledby')).innerText}))"
        )
        assert len(shown) > 8
        assert all(box["inside"] > 600 and box["outside"] < 320 and len(box["name"]) > 10 for box in shown)
        box = page.locator(".figure-scroll").first
        box.focus()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0", timeout=5000)


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
