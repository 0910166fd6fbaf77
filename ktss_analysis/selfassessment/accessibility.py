"""The accessibility statement: what is checked, by which test, what is not, and whom to write to."""

from __future__ import annotations

from ..framework import Framework
from .instrument import instrument_of
from .page import content_hash, fill_template, page_css
from .strings import load_strings

CHECKS = {
    "axe": "test_axe_finds_nothing_in_any_state",
    "keyboard": "test_keyboard_alone_reaches_the_result",
    "spacing": "test_wider_text_spacing_breaks_nothing",
    "targets": "test_targets_are_large_enough",
    "script": "test_without_javascript_the_form_can_be_read_and_printed",
}
"""Sentence of the statement -> the test of ``tests/browser/test_selfassessment.py`` that makes it true."""

LIMITS = ("people", "browsers", "files")
"""Sentences on what nobody has checked."""


def accessibility_page(framework: Framework, language: str, contact: str = "") -> str:
    """Return the accessibility statement of a self-assessment as one page without a script.

    Parameters
    ----------
    framework : Framework
        For the title.
    language : str
        Language of the page.
    contact : str
        Whom to write to when something is in the way; the page says so when nobody is named.
    """
    texts = load_strings(language)
    css = page_css()
    return fill_template(
        "accessibility.html.j2", trusted={"css": css}, t=texts.text, language=language, checks=list(CHECKS),
        limits=LIMITS, contact=contact, title=instrument_of(framework, language).title, unreviewed=not texts.reviewed,
        policy=f"default-src 'none'; style-src {content_hash(css)}; base-uri 'none'; form-action 'none'",
    )  # fmt: skip
