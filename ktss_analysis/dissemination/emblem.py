"""The emblem of the European Union, drawn after its published geometry.

References
----------
Publications Office of the European Union, Interinstitutional style guide, Annex A1: graphical specifications of the
European emblem (construction, colours). A rectangle of three by two; twelve stars of five points on a circle whose
radius is a third of the height; each star stands in a circle whose radius is an eighteenth of the height, one point
upright; the stars stand like the hours of a clock. Colours: Pantone Reflex Blue and Pantone Yellow. On a coloured
ground a white edge of a twenty-fifth of the height.
"""

from __future__ import annotations

import math
from typing import Final

BLUE: Final = "#003399"
YELLOW: Final = "#FFCC00"
STARS: Final = 12
POINTS: Final = 5
_INNER: Final = math.sin(math.radians(18)) / math.sin(math.radians(54))
"""Radius of the inner corners of a regular five-pointed star as a part of its outer radius."""

Point = tuple[float, float]


def star_centres(height: float) -> list[Point]:
    """Return the centres of the stars in an emblem of that height, from the top clockwise; y goes down."""
    return [
        (0.75 * height + height / 3 * math.sin(turn), 0.5 * height - height / 3 * math.cos(turn))
        for turn in (math.tau * hour / STARS for hour in range(STARS))
    ]


def star_corners(centre: Point, height: float) -> list[Point]:
    """Return the ten corners of a star, its upper point first, clockwise."""
    outer = height / 18
    radii = [outer if corner % 2 == 0 else outer * _INNER for corner in range(2 * POINTS)]
    turns = [math.pi * corner / POINTS for corner in range(2 * POINTS)]
    return [
        (centre[0] + radius * math.sin(turn), centre[1] - radius * math.cos(turn))
        for radius, turn in zip(radii, turns, strict=True)
    ]


def emblem_svg(title: str, *, height: float = 180.0) -> str:
    """Return the emblem as SVG, with a white edge so that it may stand on any ground.

    Parameters
    ----------
    title : str
        Its name in the language of the page; plain text.
    height : float
        Height of the blue rectangle in pixels.
    """
    from html import escape

    edge = height / 25
    stars = "".join(
        f'<polygon points="{" ".join(f"{x:.3f},{y:.3f}" for x, y in star_corners(centre, height))}"/>'
        for centre in star_centres(height)
    )
    box = f"{-edge:g} {-edge:g} {1.5 * height + 2 * edge:g} {height + 2 * edge:g}"
    size = f'width="{1.5 * height + 2 * edge:g}" height="{height + 2 * edge:g}"'
    white = f'<rect x="{-edge:g}" y="{-edge:g}" {size} fill="#FFFFFF"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="{box}" {size}><title>{escape(title)}</title>'
        f'{white}<rect width="{1.5 * height:g}" height="{height:g}" fill="{BLUE}"/>'
        f'<g fill="{YELLOW}">{stars}</g></svg>\n'
    )
