"""The palette keeps its promises: contrast, distance for colour-blind readers, a shape for each meaning."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktss_analysis.display.colours import (
    COLOUR_BLINDNESS,
    Ink,
    cam02_ucs,
    contrast_ratio,
    dark_colours,
    luminance,
    mix,
    rgb,
    simulate,
    smallest_distance,
    text_colour_on,
)
from ktss_analysis.display.numbers import DisplayError
from ktss_analysis.display.palette import (
    DARK,
    LIGHT,
    RAMP_STEPS,
    THEMES,
    Theme,
    grade_mark,
    likert_steps,
    ramp_colour,
    verdict_mark,
)

VISIONS = ("normal", *COLOUR_BLINDNESS)
ALL = pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06X}")


def colours_of(theme: Theme, role: str) -> list[str]:
    if role == "categories":
        return [mark.colour for mark in theme.categories]
    if role == "verdicts":
        return list(dict.fromkeys(mark.colour for mark in theme.verdicts.values()))
    return list(theme.likert)


def distance(colours: list[str]) -> float:
    return min(smallest_distance(colours, vision) for vision in VISIONS)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#FFFFFF", 21.0),
        ("#FFFFFF", "#FFFFFF", 1.0),
        ("#767676", "#FFFFFF", 4.54),
        ("#777777", "#FFFFFF", 4.48),
    ],
)
def test_contrast_ratio_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast_ratio(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast_ratio(one, other) == contrast_ratio(other, one)


@pytest.mark.parametrize(
    ("role", "theme", "ratios"),
    [
        ("categories", LIGHT, (11.1, 3.73, 3.67, 4.55, 11.5)),
        ("verdicts", LIGHT, (8.67, 3.01, 10.7, 3.88)),
        ("likert", LIGHT, (5.99, 2.21, 1.44, 2.68, 8.31)),
        ("categories", DARK, (10.5, 7.09, 15.6, 6.61, 4.27)),
        ("likert", DARK, (7.52, 3.05, 2.19, 4.21, 9.35)),
    ],
)
def test_contrast_of_the_palette_as_measured(role: str, theme: Theme, ratios: tuple[float, ...]) -> None:
    measured = [contrast_ratio(colour, theme.background) for colour in colours_of(theme, role)]
    assert measured == pytest.approx(ratios, rel=0.005)


@pytest.mark.parametrize(
    ("role", "theme", "distances"),
    [
        ("categories", LIGHT, (34, 25, 24, 29)),
        ("verdicts", LIGHT, (29, 29, 23, 24)),
        ("likert", LIGHT, (27, 25, 24, 28)),
        ("categories", DARK, (30, 15, 22, 23)),
        ("likert", DARK, (24, 22, 22, 24)),
    ],
)
def test_distance_of_the_palette_as_measured(role: str, theme: Theme, distances: tuple[float, ...]) -> None:
    """Measured once with colorspacious 1.1.2; the order is normal, deutan, protan, tritan."""
    colours = colours_of(theme, role)
    ours = [smallest_distance(colours, vision) for vision in ("normal", "deutan", "protan", "tritan")]
    assert ours == pytest.approx(distances, abs=0.6)


@ALL
@pytest.mark.parametrize("role", ["categories", "verdicts", "likert"])
def test_colours_stay_apart_for_every_reader(theme: Theme, role: str) -> None:
    assert distance(colours_of(theme, role)) >= 15


def test_negative_control_a_bad_palette_fails() -> None:
    red_and_green = ["#C1272D", "#3E7C17", "#0F4C8A"]
    assert smallest_distance(red_and_green) > 30
    assert distance(red_and_green) < 15
    equal_lightness = ["#B85C00", "#3F7F2F", "#7A6A00", "#A6506B"]
    assert distance(equal_lightness) < 10


def test_negative_control_a_famous_palette_fails_on_contrast() -> None:
    okabe_ito = ("#E69F00", "#56B4E9", "#F0E442")
    assert [round(contrast_ratio(colour, "#FFFFFF"), 2) for colour in okabe_ito] == [2.25, 2.31, 1.32]


@ALL
def test_graphics_and_text_can_be_seen(theme: Theme) -> None:
    for role in ("categories", "verdicts"):
        assert min(contrast_ratio(colour, theme.background) for colour in colours_of(theme, role)) >= 3
    for ink in (theme.text, theme.secondary, theme.note):
        assert contrast_ratio(ink, theme.background) >= 4.5
        assert contrast_ratio(ink, theme.band) >= 4.5
    assert contrast_ratio(theme.outline, theme.background) >= 3


@ALL
def test_text_in_segments_can_be_read(theme: Theme) -> None:
    for k in range(2, 12):
        for colour in likert_steps(k, theme):
            assert contrast_ratio(text_colour_on(colour), colour) >= 4.5


@settings(max_examples=40)
@given(COLOURS)
def test_text_colour_reaches_the_limit_on_any_background(colour: str) -> None:
    assert contrast_ratio(text_colour_on(colour), colour) >= 4.5


@ALL
def test_shape_alone_tells_meanings_apart(theme: Theme) -> None:
    for marks in (theme.verdicts.values(), theme.grades.values(), theme.categories):
        looks = [(mark.marker, mark.filled) for mark in marks]
        assert len(set(looks)) == len(looks)
        glyphs = [mark.glyph for mark in marks]
        assert len(set(glyphs)) == len(glyphs)


@ALL
def test_likert_steps(theme: Theme) -> None:
    assert likert_steps(5, theme) == theme.likert
    for k in range(2, 12):
        steps = likert_steps(k, theme)
        assert len(set(steps)) == len(steps) == k
        assert (steps[0], steps[-1]) == (theme.likert[0], theme.likert[-1])
        light = [luminance(colour) for colour in steps[: k // 2]]
        assert light == sorted(light, reverse=theme is DARK)


@ALL
def test_the_ramp_rises_steadily_and_its_numbers_can_be_read(theme: Theme) -> None:
    steps = [ramp_colour(step / RAMP_STEPS, theme) for step in range(RAMP_STEPS + 1)]
    light = [cam02_ucs(colour)[0] for colour in steps]
    assert light == sorted(light, reverse=theme is LIGHT)
    assert min(abs(one - other) for one, other in pairwise(light)) > 0.8
    for vision in VISIONS:
        seen = [cam02_ucs(simulate(colour, vision))[0] for colour in steps]
        assert seen == sorted(seen, reverse=theme is LIGHT)
    assert min(contrast_ratio(text_colour_on(colour), colour) for colour in steps) >= 4.5
    for share in (-0.01, 1.01, float("nan")):
        with pytest.raises(DisplayError, match="0 to 1"):
            ramp_colour(share, theme)


def inks_of(theme: Theme) -> list[str]:
    """Return every colour that a chart of the theme can hold."""
    plain = [getattr(theme, name) for name in ("background", "text", "secondary", "note", "grid", "band", "outline")]
    marks = [mark.colour for marks in (theme.categories, theme.verdicts.values(), theme.grades.values())
             for mark in marks]  # fmt: skip
    filled = [*(colour for k in range(2, 12) for colour in likert_steps(k, theme)),
              *(ramp_colour(step / RAMP_STEPS, theme) for step in range(RAMP_STEPS + 1))]  # fmt: skip
    return [*plain, *marks, *filled, *map(text_colour_on, (*marks, *filled))]


def test_every_light_colour_leads_to_the_dark_one_in_its_place() -> None:
    light, dark = inks_of(LIGHT), inks_of(DARK)
    assert [ink.dark for ink in light] == dark
    partners = {ink.lower(): ink.dark.lower() for ink in light}
    drawing = "".join(f'<path style="fill: {ink.lower()}"/>' for ink in light)
    assert dark_colours(drawing) == dict(sorted(partners.items()))


def test_negative_control_a_colour_without_partner_and_one_with_two_are_refused() -> None:
    with pytest.raises(DisplayError, match="#abcdee of a drawing has no partner"):
        dark_colours('<path style="fill: #abcdee"/>')
    with pytest.raises(DisplayError, match="turns into #14181f on dark; it cannot turn into #000000 too"):
        Ink("#FFFFFF", "#000000")


def test_machado_matrices_keep_greys_grey() -> None:
    for vision, matrix in COLOUR_BLINDNESS.items():
        assert matrix.sum(axis=1) == pytest.approx(np.ones(3), abs=2e-6)
        assert rgb(simulate("#808080", vision)) == pytest.approx(rgb("#808080"), abs=1 / 255)


def test_colour_space_has_white_and_black_at_its_ends() -> None:
    assert cam02_ucs("#FFFFFF") == pytest.approx([100, 0, 0], abs=2.5)
    assert cam02_ucs("#000000")[0] == pytest.approx(0, abs=0.01)


@settings(max_examples=40)
@given(COLOURS, COLOURS, st.floats(0, 1))
def test_mixing_stays_between(one: str, other: str, share: float) -> None:
    mixed, ends = rgb(mix(one, other, share)), np.array([rgb(one), rgb(other)])
    assert (mixed >= ends.min(axis=0) - 1 / 255).all()
    assert (mixed <= ends.max(axis=0) + 1 / 255).all()


def test_unknown_names_are_refused() -> None:
    for call in (
        lambda: verdict_mark("great"),
        lambda: grade_mark("A"),
        lambda: likert_steps(1),
        lambda: rgb("red"),
        lambda: simulate("#FFFFFF", "mono"),
        lambda: smallest_distance(["#FFFFFF"]),
    ):
        with pytest.raises(DisplayError):
            call()
