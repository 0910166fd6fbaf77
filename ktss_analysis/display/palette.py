"""Colours, marker shapes and the arithmetic that shows they can be told apart.

Never colour alone: each meaning also has a shape and a word. Neighbouring steps differ in lightness, because
hue is what colour-blind readers lose. The facts are tests: contrast by WCAG 2, distance in CAM02-UCS after
simulating colour blindness.

References
----------
WCAG 2.2, success criteria 1.4.3 and 1.4.11 (contrast).
Machado, Oliveira & Fernandes (2009), IEEE TVCG 15(6), doi:10.1109/TVCG.2009.113 (simulation, severity 1).
Moroney et al. (2002), The CIECAM02 color appearance model, Color Imaging Conference 10.
Luo, Cui & Li (2006), Color Research and Application 31(4), doi:10.1002/col.20227 (CAM02-UCS).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .numbers import DisplayError

FloatArray = NDArray[np.float64]


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


_LIGHT_VERDICTS = ("#0F4C8A", "#D5810E", "#7A1238", "#7A828E")
_DARK_VERDICTS = ("#8EC1F0", "#FFA63D", "#C4528A", "#DDE2E8")

LIGHT = Theme(
    name="light",
    background="#FFFFFF",
    text="#1B1F27",
    secondary="#3D4552",
    note="#5B6470",
    grid="#E3E6EA",
    band="#F1F4F8",
    outline="#3D4552",
    categories=(
        Mark("#0B3C6F", "o", True, "●"),
        Mark("#D9600B", "^", True, "▲"),
        Mark("#009688", "s", True, "■"),
        Mark("#8E5BD6", "D", True, "◆"),
        Mark("#6B1F12", "X", True, "✕"),
    ),
    verdicts=_verdicts(*_LIGHT_VERDICTS),
    grades=_grades(*_LIGHT_VERDICTS),
    likert=("#A6460F", "#E3A06B", "#D4D7DB", "#6FA3D0", "#1F4E8C"),
)

DARK = Theme(
    name="dark",
    background="#14181F",
    text="#F2F4F7",
    secondary="#D0D5DC",
    note="#A9B1BC",
    grid="#2C333D",
    band="#1D232C",
    outline="#D0D5DC",
    categories=(
        Mark("#9CCBFF", "o", True, "●"),
        Mark("#F08A24", "^", True, "▲"),
        Mark("#FFF1A8", "s", True, "■"),
        Mark("#C77DFF", "D", True, "◆"),
    ),
    verdicts=_verdicts(*_DARK_VERDICTS),
    grades=_grades(*_DARK_VERDICTS),
    likert=("#E8955A", "#8A5A36", "#4A505A", "#4C7FB0", "#8EC1F0"),
)

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


def rgb(colour: str) -> FloatArray:
    """Return red, green, blue from 0 to 1 of ``#RRGGBB``."""
    text = colour.lstrip("#")
    try:
        if len(text) != 6:
            raise ValueError
        return np.array([int(text[at : at + 2], 16) / 255 for at in (0, 2, 4)])
    except ValueError:
        raise DisplayError(f"{colour!r} is not a colour; allowed: #RRGGBB") from None


def to_hex(values: FloatArray) -> str:
    """Return ``#RRGGBB`` of red, green, blue from 0 to 1, clipped to what a screen can show."""
    return "#" + "".join(f"{int(part):02X}" for part in np.floor(np.clip(values, 0, 1) * 255 + 0.5))


def mix(first: str, second: str, share: float) -> str:
    """Return the colour `share` of the way from `first` to `second`."""
    return to_hex(rgb(first) * (1 - share) + rgb(second) * share)


def _linear(values: FloatArray) -> FloatArray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _gamma(values: FloatArray) -> FloatArray:
    clipped = np.clip(values, 0, 1)
    return np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** (1 / 2.4) - 0.055)


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2, 0 (black) to 1 (white)."""
    return float(_linear(rgb(colour)) @ np.array([0.2126, 0.7152, 0.0722]))


def contrast_ratio(foreground: str, background: str) -> float:
    """Return the contrast ratio of WCAG 2, 1 to 21; text needs 4.5, graphics 3."""
    dark, light = sorted((luminance(foreground), luminance(background)))
    return (light + 0.05) / (dark + 0.05)


def text_colour_on(background: str) -> str:
    """Return white or near-black, whichever is easier to read on `background`; black where both miss 4.5."""
    best = max(("#FFFFFF", "#111111"), key=lambda ink: contrast_ratio(ink, background))
    return best if contrast_ratio(best, background) >= 4.5 else "#000000"


COLOUR_BLINDNESS: dict[str, FloatArray] = {
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def simulate(colour: str, vision: str) -> str:
    """Return how `colour` looks with full protanopia, deuteranopia or tritanopia (Machado et al. 2009)."""
    if vision == "normal":
        return colour
    if vision not in COLOUR_BLINDNESS:
        raise DisplayError(f"vision={vision!r}; allowed: normal, {', '.join(COLOUR_BLINDNESS)}")
    return to_hex(_gamma(COLOUR_BLINDNESS[vision] @ _linear(rgb(colour))))


_SRGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) * 100
_CAT02 = np.array([[0.7328, 0.4296, -0.1624], [-0.7036, 1.6975, 0.0061], [0.0030, 0.0136, 0.9834]])
_HUNT = np.array([[0.38971, 0.68898, -0.07868], [-0.22981, 1.18340, 0.04641], [0.0, 0.0, 1.0]])
_WHITE = np.array([95.047, 100.0, 108.883])
_ADAPTING_LUMINANCE, _BACKGROUND = 64 / np.pi / 5, 20.0


def _compress(cone: FloatArray, level: float) -> FloatArray:
    power = (level * np.abs(cone) / 100) ** 0.42
    return np.sign(cone) * 400 * power / (power + 27.13) + 0.1


def cam02_ucs(colour: str) -> FloatArray:
    """Return lightness J', a', b' in CAM02-UCS, where equal distances look equally different.

    Viewing conditions of sRGB: white D65, adapting luminance 64 / pi / 5, background 20, average surround.
    """
    k = 1 / (5 * _ADAPTING_LUMINANCE + 1)
    level = 0.2 * k**4 * 5 * _ADAPTING_LUMINANCE + 0.1 * (1 - k**4) ** 2 * (5 * _ADAPTING_LUMINANCE) ** (1 / 3)
    n = _BACKGROUND / _WHITE[1]
    boost = 0.725 * n**-0.2
    degree = 1 - np.exp((-_ADAPTING_LUMINANCE - 42) / 92) / 3.6
    gain = degree * _WHITE[1] / (_CAT02 @ _WHITE) + 1 - degree
    to_cones = _HUNT @ np.linalg.inv(_CAT02) @ np.diag(gain) @ _CAT02
    red, green, blue = _compress(to_cones @ _SRGB_TO_XYZ @ _linear(rgb(colour)), level)
    white = _compress(to_cones @ _WHITE, level)
    a, b = red - 12 * green / 11 + blue / 11, (red + green - 2 * blue) / 9
    hue = np.arctan2(b, a)
    achromatic = (2 * red + green + blue / 20 - 0.305) * boost
    achromatic_white = (2 * white[0] + white[1] + white[2] / 20 - 0.305) * boost
    lightness = 100 * max(achromatic / achromatic_white, 0) ** (0.69 * (1.48 + np.sqrt(n)))
    eccentricity = (np.cos(hue + 2) + 3.8) / 4
    t = 50000 / 13 * boost * eccentricity * np.hypot(a, b) / (red + green + 21 * blue / 20)
    chroma = t**0.9 * np.sqrt(lightness / 100) * (1.64 - 0.29**n) ** 0.73
    colourfulness = np.log(1 + 0.0228 * chroma * level**0.25) / 0.0228
    return np.array(
        [1.7 * lightness / (1 + 0.007 * lightness), colourfulness * np.cos(hue), colourfulness * np.sin(hue)]
    )


def smallest_distance(colours: Iterable[str], vision: str = "normal") -> float:
    """Return the distance of the two closest colours in CAM02-UCS as a reader with `vision` sees them."""
    points = [cam02_ucs(simulate(colour, vision)) for colour in colours]
    if len(points) < 2:
        raise DisplayError("a distance needs two colours or more")
    return min(float(np.linalg.norm(one - other)) for one, other in combinations(points, 2))
