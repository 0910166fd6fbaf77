"""Colours and marker shapes of the charts, as pairs for light and dark pages.

Never colour alone: each meaning also has a shape and a word. Neighbouring steps differ in lightness, because
hue is what colour-blind readers lose. The facts are tests: contrast by WCAG 2, distance in CAM02-UCS after
simulating colour blindness (`colours`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .colours import Ink, mix
from .numbers import DisplayError


@dataclass(frozen=True, slots=True)
class Mark:
    """How one meaning looks: colour, matplotlib marker, filled or hollow, the same shape as a character."""

    colour: str
    marker: str
    filled: bool
    glyph: str


@dataclass(frozen=True, slots=True)
class Theme:
    """All colours of one background."""

    name: str
    background: str
    text: str
    secondary: str
    note: str
    grid: str
    band: str
    outline: str
    categories: tuple[Mark, ...]
    verdicts: dict[str, Mark]
    grades: dict[str, Mark]
    likert: tuple[str, str, str, str, str]
    ramp: tuple[str, str, str]


def _verdicts(keep: str, revise: str, drop: str, open_: str) -> dict[str, Mark]:
    return {
        "keep": Mark(keep, "o", True, "●"),
        "keep, discordant": Mark(keep, "D", False, "◇"),
        "provisional": Mark(revise, "^", False, "△"),
        "revise": Mark(revise, "^", True, "▲"),
        "drop": Mark(drop, "s", True, "■"),
        "not decided": Mark(open_, "o", False, "○"),
    }


def _grades(keep: str, revise: str, drop: str, open_: str) -> dict[str, Mark]:
    return {
        "+": Mark(keep, "o", True, "●"),
        "0": Mark(revise, "^", True, "▲"),
        "-": Mark(drop, "s", True, "■"),
        "?": Mark(open_, "o", False, "○"),
    }


_VERDICTS = (("#0F4C8A", "#8EC1F0"), ("#D5810E", "#FFA63D"), ("#7A1238", "#C4528A"), ("#7A828E", "#DDE2E8"))
_LIKERT = (
    ("#A6460F", "#E8955A"), ("#E3A06B", "#8A5A36"), ("#D4D7DB", "#4A505A"), ("#6FA3D0", "#4C7FB0"),
    ("#1F4E8C", "#8EC1F0"),
)  # fmt: skip
_CATEGORIES = (
    (("#0B3C6F", "#9CCBFF"), "o", "●"),
    (("#D9600B", "#F08A24"), "^", "▲"),
    (("#009688", "#FFF1A8"), "s", "■"),
    (("#8E5BD6", "#C77DFF"), "D", "◆"),
    (("#6B1F12", "#2F8A7E"), "X", "✕"),
)


def _theme(name: str, ink: Callable[[str, str], str]) -> Theme:
    """Return the colours of one ground; `ink` makes one of a light colour and its dark partner."""
    verdicts = [ink(*pair) for pair in _VERDICTS]
    low_pole, low_pale, neutral, high_pale, high_pole = (ink(*pair) for pair in _LIKERT)
    return Theme(
        name=name,
        background=ink("#FFFFFF", "#14181F"),
        text=ink("#1B1F27", "#F2F4F7"),
        secondary=ink("#3D4552", "#D0D5DC"),
        note=ink("#5B6470", "#A9B1BC"),
        grid=ink("#E3E6EA", "#2C333D"),
        band=ink("#F1F4F8", "#1D232C"),
        outline=ink("#3D4552", "#D0D5DC"),
        categories=tuple(Mark(ink(*pair), marker, True, glyph) for pair, marker, glyph in _CATEGORIES),
        verdicts=_verdicts(*verdicts),
        grades=_grades(*verdicts),
        likert=(low_pole, low_pale, neutral, high_pale, high_pole),
        ramp=(ink("#EDF2F8", "#1F2935"), ink("#7FAAD4", "#3F74A6"), ink("#12406F", "#B9DCFB")),
    )


LIGHT = _theme("light", Ink)
"""Colours are `Ink`: each knows the one in its place on dark."""
DARK = _theme("dark", lambda _, dark: dark)

THEMES: dict[str, Theme] = {"light": LIGHT, "dark": DARK}

_VERDICT_NAMES = {
    "keep provisionally": "provisional",
    "provisionally keep": "provisional",
    "keep discordant": "keep, discordant",
    "discordant": "keep, discordant",
    "undecided": "not decided",
    "": "not decided",
}


def verdict_mark(verdict: str, theme: Theme = LIGHT) -> Mark:
    """Return the look of a verdict; spelling with spaces, hyphens or underscores is one."""
    name = " ".join(str(verdict).lower().replace("_", " ").replace("-", " ").split())
    name = _VERDICT_NAMES.get(name, name)
    if name not in theme.verdicts:
        raise DisplayError(f"verdict {verdict!r} is not known; allowed: {', '.join(theme.verdicts)}")
    return theme.verdicts[name]


def grade_mark(grade: str, theme: Theme = LIGHT) -> Mark:
    """Return the look of a grade: ``+``, ``0``, ``-`` (a typographic minus too) or ``?``."""
    name = str(grade).replace("\u2212", "-")
    if name not in theme.grades:
        raise DisplayError(f"grade {grade!r} is not known; allowed: + 0 - ?")
    return theme.grades[name]


def likert_steps(k: int, theme: Theme = LIGHT) -> tuple[str, ...]:
    """Return `k` colours from the lower pole to the upper one; an odd `k` has the grey in the middle."""
    if k < 2:
        raise DisplayError(f"a scale has {k} step(s); allowed: 2 or more")
    low_pole, low_pale, neutral, high_pale, high_pole = theme.likert
    half = k // 2
    low = [mix(low_pole, low_pale, step) for step in (np.linspace(0, 1, half) if half > 1 else [0.0])]
    high = [mix(high_pole, high_pale, step) for step in (np.linspace(0, 1, half) if half > 1 else [0.0])]
    return (*low, *([neutral] if k % 2 else []), *reversed(high))


RAMP_STEPS = 32


def ramp_colour(share: float, theme: Theme = LIGHT) -> str:
    """Return the colour of a value between 0 (close to the ground) and 1 (far from it), in `RAMP_STEPS` steps."""
    if not 0 <= share <= 1:
        raise DisplayError(f"a place on the ramp is {share!r}; allowed: 0 to 1")
    near, middle, far = theme.ramp
    place = round(share * RAMP_STEPS) / RAMP_STEPS * 2
    return mix(near, middle, place) if place <= 1 else mix(middle, far, place - 1)
