"""The landing page of the public folder in a browser: accessible, self-contained, and as wide as a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chromium import axe_source

from ktss_analysis.report.landing import landing_page
from ktss_analysis.study import load_study

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def landing(repo: Path, tmp_path: Path) -> Path:
    study = load_study(repo / "params" / "demo" / "study.yaml")
    outputs = study.outputs.model_copy(update={"languages": ["en", "it", "pl", "fi", "nl"]})
    study = study.model_copy(update={"outputs": outputs})
    path = tmp_path / "index.html"
    path.write_text(landing_page(study, with_tool=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (320, "light")])
def test_axe_finds_no_violation_and_nothing_scrolls_sideways(
    browser: Any, landing: Path, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(landing.as_uri())
    page.evaluate(axe_source())
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    assert [violation["id"] for violation in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert asked == [landing.as_uri()]
    page.close()
