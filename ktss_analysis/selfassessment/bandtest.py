"""Three questions that ask whether people read a score's band as it is meant: a sheet for the focus groups.

The right answers are fixed here, before anybody answers; `streams.bandtest` counts them.
"""

from __future__ import annotations

from ..framework import Framework
from .instrument import instrument_of
from .page import content_hash, fill_template, page_css
from .scoring import tenths_text
from .strings import load_strings

RIGHT = {"q1": "b", "q2": "c", "q3": "a"}
"""Question -> letter of the right answer. ``d`` is always "I do not know"."""

LETTERS = ("a", "b", "c")
EXAMPLE = {"a": (32, 26, 38), "b": (36, 30, 42)}
"""The two scores that the sheet shows, in tenths of a point on a scale from 1 to 5: score, lower and upper end."""

LIMITS = (1, 5)
_LEFT, _WIDTH = 20, 600


def bandtest_page(framework: Framework, language: str) -> str:
    """Return the sheet as one page to print or fill in by hand; it holds no script."""
    from ..display.numbers import decimal_mark

    texts = load_strings(language)
    mark = decimal_mark(language)
    css = page_css()
    rows = [
        {
            "name": texts.text(f"bandtest.{key}"), "y": 34 + 62 * place, "dot": _place(score), "left": _place(low),
            "width": _place(high) - _place(low), "score": tenths_text(score, mark),
            "band": f"{tenths_text(low, mark)}\u00a0\u2013\u00a0{tenths_text(high, mark)}",
        }
        for place, (key, (score, low, high)) in enumerate(EXAMPLE.items())
    ]  # fmt: skip
    questions = [
        {
            "id": question,
            "text": texts.text(f"bandtest.{question}"),
            "options": [(letter, texts.text(f"bandtest.{question}.{letter}")) for letter in LETTERS]
            + [("d", texts.text("bandtest.unsure"))],
        }
        for question in RIGHT
    ]
    return fill_template(
        "bandtest.html.j2", trusted={"css": css}, t=texts.text, language=language, limits=LIMITS, rows=rows,
        questions=questions, framework=framework.id, version=framework.version,
        title=instrument_of(framework, language).title, ticks=[_place(10 * point) for point in range(1, 6)],
        policy=f"default-src 'none'; style-src {content_hash(css)}; base-uri 'none'; form-action 'none'",
        stamp="SYNTHETIC" if framework.status == "illustrative" else "",
    )  # fmt: skip


def _place(tenths: int) -> float:
    """Return where a value stands on the line of the drawing."""
    low, high = LIMITS
    return round(_LEFT + _WIDTH * (tenths / 10 - low) / (high - low), 1)
