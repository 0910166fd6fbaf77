"""Rounding half up on the decimal text, and the notation of five languages."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktss_analysis.display.numbers import (
    KINDS,
    DisplayError,
    format_coefficient,
    format_count,
    format_interval,
    format_number,
    format_p,
    format_share,
    format_value,
    percent_digits,
    round_half_up,
)

NB = "\u00a0"
M = "\u2212"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (2.25, 1, "2.3"),
        (-2.25, 1, f"{M}2.3"),
        (1.005, 2, "1.01"),
        (2.675, 2, "2.68"),
        (0.125, 2, "0.13"),
        (0.5, 0, "1"),
        (1.5, 0, "2"),
        (2.5, 0, "3"),
        (-0.5, 0, f"{M}1"),
        (-0.04, 1, "0.0"),
        (-0.0, 2, "0.00"),
        (9.995, 2, "10.00"),
        (1e-9, 2, "0.00"),
        (-1e-9, 2, "0.00"),
        (1e21, 0, "1,000,000,000,000,000,000,000"),
        (1234.5, 1, "1,234.5"),
        (np.float32(0.15), 1, "0.2"),
        (np.int64(7), 1, "7.0"),
        (Decimal("0.45"), 1, "0.5"),
    ],
)
def test_number(value: float, digits: int, text: str) -> None:
    assert format_number(value, digits=digits) == text


@pytest.mark.parametrize("value", [2.25, 1.005, 2.675])
def test_negative_control_binary_rounding_differs(value: float) -> None:
    digits = len(repr(value).split(".")[1]) - 1
    assert f"{value:.{digits}f}" != format_number(value, digits=digits)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.125, ".13"),
        (0.83, ".83"),
        (1.0, "1.00"),
        (-0.125, f"{M}.13"),
        (0.0, ".00"),
        (-0.001, ".00"),
        (1.03, "1.03"),
    ],
)
def test_coefficient(value: float, text: str) -> None:
    assert format_coefficient(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.825, "83"), (0.145, "15"), (0.285, "29"), (0.0, "0"), (1.0, "100"), (0.005, "1"), (0.0049, "0")],
)
def test_share(value: float, text: str) -> None:
    assert format_share(value) == f"{text}{NB}%"
    assert percent_digits(value) == text


@pytest.mark.parametrize(
    ("locale", "number", "count", "coefficient", "interval"),
    [
        ("en", "12,345.7", "12,345", ".83", "[.70, .95]"),
        ("it", "12.345,7", "12.345", "0,83", "[0,70; 0,95]"),
        ("pl", f"12{NB}345,7", f"12{NB}345", "0,83", "[0,70; 0,95]"),
        ("fi", f"12{NB}345,7", f"12{NB}345", "0,83", "[0,70; 0,95]"),
        ("nl", "12.345,7", "12.345", "0,83", "[0,70; 0,95]"),
    ],
)
def test_notation_of_languages(locale: str, number: str, count: str, coefficient: str, interval: str) -> None:
    assert format_number(12345.65, digits=1, locale=locale) == number
    assert format_count(12345, locale=locale) == count
    assert format_coefficient(0.825, locale=locale) == coefficient
    assert format_interval(0.7, 0.95, locale=locale) == interval


def test_language_tag_with_region() -> None:
    assert format_number(0.5, digits=1, locale="nl-BE") == "0,5"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0.7, 0.95), "[.70, .95]"),
        ((0.7, 0.95, "share"), f"70–95{NB}%"),
        ((0.704, 0.951, "share", 0.95), f"95{NB}% CI 70–95{NB}%"),
        ((0.7, 0.95, "coefficient", 0.95, "pl"), f"95{NB}% PU [0,70; 0,95]"),
        ((0.7, 0.95, "coefficient", 0.975, "it"), f"97,5{NB}% IC [0,70; 0,95]"),
        ((-0.125, 0.2, "correlation"), f"[{M}.13, .20]"),
        ((61.25, 70.05, "points"), "[61.3, 70.1]"),
        ((2, 14, "count"), "[2, 14]"),
    ],
)
def test_interval(arguments: tuple, text: str) -> None:
    assert format_interval(*arguments) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0461, ".046"), (0.0005, f"<{NB}.001"), (0.001, ".001"), (0.0, f"<{NB}.001"),
        (0.9996, f">{NB}.999"), (1.0, "1.000"), (0.0125, ".013"),
    ],
)  # fmt: skip
def test_p(value: float, text: str) -> None:
    assert format_p(value) == text


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, pd.NA, np.nan, True, np.True_, "x", pd.NaT])
def test_a_missing_number_is_never_printed(value: object) -> None:
    for kind in KINDS:
        with pytest.raises(DisplayError, match="not a number to print"):
            format_value(value, kind)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: format_share(83), "not a share"),
        (lambda: format_share(-0.01), "not a share"),
        (lambda: format_count(2.5), "not a count"),
        (lambda: format_count(-1), "not a count"),
        (lambda: format_p(1.2), "p = 1.2"),
        (lambda: format_interval(0.9, 0.2), "lower limit is above"),
        (lambda: format_number(1, digits=-1), "digits=-1"),
        (lambda: format_number(1, digits=1, locale="xx-not"), "locale 'xx-not'"),
        (lambda: format_value(1, "percentage"), "kind='percentage'"),
    ],
)
def test_user_errors(call, message: str) -> None:
    with pytest.raises(DisplayError, match=message):
        call()


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)


@given(NUMBERS, st.integers(0, 6))
def test_agrees_with_decimal_arithmetic(value: float, digits: int) -> None:
    exact = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    assert round_half_up(value, digits) == exact
    text = format_number(value, digits=digits).replace(M, "-").replace(",", "")
    assert Decimal(text) == exact
    assert not re.fullmatch(r"-0(\.0*)?", text)
    assert "e" not in text.lower()


def by_hand(text: str, digits: int) -> str:
    """Round plain decimal text letter by letter: steps 3 and 4 of the recipe, written apart."""
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    before, _, after = text.partition(".")
    after = after.ljust(digits + 1, "0")
    whole = int(before + after[:digits]) + (after[digits] >= "5")
    kept = str(whole).rjust(digits + 1, "0")
    body = f"{kept[:-digits]}.{kept[-digits:]}" if digits else kept
    return body if whole == 0 else sign + body


@given(st.integers(-(10**9), 10**9), st.integers(0, 6), st.integers(0, 4))
def test_agrees_with_the_written_recipe(units: int, places: int, digits: int) -> None:
    value = float(Decimal(units).scaleb(-places))
    plain = f"{Decimal(repr(value)):f}"
    assert format_number(value, digits=digits).replace(M, "-").replace(",", "") == by_hand(plain, digits)


@given(NUMBERS, st.integers(0, 4))
def test_sign_plays_no_part(value: float, digits: int) -> None:
    assert round_half_up(-value, digits) == -round_half_up(value, digits)


@given(st.integers(1, 400), st.data())
def test_percent_of_counts_is_within_half_a_point(n: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, n))
    assert abs(int(percent_digits(count / n)) - 100 * count / n) <= 0.5 + 1e-9
