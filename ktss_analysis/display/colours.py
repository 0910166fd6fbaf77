"""Arithmetic of colours: pairs for light and dark, contrast, what colour-blind readers see, distance.

References
----------
WCAG 2.2, success criteria 1.4.3 and 1.4.11 (contrast).
Machado, Oliveira & Fernandes (2009), IEEE TVCG 15(6), doi:10.1109/TVCG.2009.113 (simulation, severity 1).
Moroney et al. (2002), The CIECAM02 color appearance model, Color Imaging Conference 10.
Luo, Cui & Li (2006), Color Research and Application 31(4), doi:10.1002/col.20227 (CAM02-UCS).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .numbers import DisplayError

FloatArray = NDArray[np.float64]

WHITE, NEAR_BLACK, BLACK = "#FFFFFF", "#111111", "#000000"

_DARK: dict[str, str] = {}
_HEX = re.compile(r"#[0-9a-fA-F]{6}\b")


class Ink(str):
    """A colour ``#RRGGBB`` on the light ground that knows the colour in its place on the dark one.

    A drawing holds light colours alone, so each of them must lead to one dark colour: a light colour that
    already has another partner is refused.

    Raises
    ------
    DisplayError
        When `light` stands for another dark colour already.
    """

    __slots__ = ("dark",)
    dark: str

    def __new__(cls, light: str, dark: str) -> Ink:
        """Return the pair and remember it."""
        self = super().__new__(cls, light)
        self.dark = dark
        known = _DARK.setdefault(light.lower(), dark.lower())
        if known != dark.lower():
            raise DisplayError(f"colour {light} turns into {known} on dark; it cannot turn into {dark} too")
        return self


def dark_colours(drawing: str) -> dict[str, str]:
    """Return the dark partner of each colour of a drawing in the light theme, in order of the names.

    Parameters
    ----------
    drawing : str
        SVG.

    Raises
    ------
    DisplayError
        When a colour of the drawing has no partner: it would stay as it is on a dark page.
    """
    found = sorted({colour.lower() for colour in _HEX.findall(drawing)})
    alone = [colour for colour in found if colour not in _DARK]
    if alone:
        raise DisplayError(f"colour {alone[0]} of a drawing has no partner on dark; take it from the palette")
    return {colour: _DARK[colour] for colour in found}


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
    """Return the colour `share` of the way from `first` to `second`; of two pairs a pair."""
    light = to_hex(rgb(first) * (1 - share) + rgb(second) * share)
    if isinstance(first, Ink) and isinstance(second, Ink):
        return Ink(light, mix(first.dark, second.dark, share))
    return light


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
    """Return white or near-black, whichever is easier to read on `background`; of a pair a pair."""
    if isinstance(background, Ink):
        light, dark = text_colour_on(str(background)), text_colour_on(background.dark)
        # A trace of blue, invisible, tells the pairs apart: each light colour leads to one dark colour.
        trace = 1 + (WHITE, NEAR_BLACK, BLACK).index(dark)
        blue = int(light[-2:], 16) + (-trace if light == WHITE else trace)
        return Ink(f"{light[:-2]}{blue:02X}", dark)
    best = max((WHITE, NEAR_BLACK), key=lambda ink: contrast_ratio(ink, background))
    return best if contrast_ratio(best, background) >= 4.5 else BLACK


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
