"""From a number to the text that is printed: the one place where rounding happens.

The algorithm is short enough to be repeated in any language, and the online tool repeats it:

1. Take the shortest decimal text that reads back as the same number (`repr` in Python, `String(x)` in
   JavaScript).
2. For a percentage, move the decimal point of that text two places to the right.
3. Cut the text after the wanted digits. When the first digit cut off is 5 or more, add one to the last digit
   kept. The sign plays no part, so 2.25 becomes 2.3 and -2.25 becomes -2.3.
4. Drop the sign when only zeros are left. Write the sign as U+2212, group the digits before the mark and
   choose the mark by the locale (CLDR, read through Babel).

Binary rounding (`round`, `%.1f`) differs: it turns 2.25 into 2.2 and 1.005 into 1.00.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Literal, SupportsFloat

import numpy as np

from ..core import KtssError

Number = int | float | Decimal | SupportsFloat
Kind = Literal["share", "coefficient", "correlation", "points", "count", "number", "p"]

NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"
EN_DASH = "\u2013"
DECIMALS = {"points": 1, "number": 2, "count": 0}
"""Digits after the decimal mark of kinds that are printed as plain numbers."""
KINDS: tuple[str, ...] = ("share", "coefficient", "correlation", "points", "count", "number")
INTERVAL_WORD = {
    "en": "CI",
    "it": "IC",
    "pl": "PU",
    "fi": "LV",
    "nl": "BI",
    "de": "KI",
    "fr": "IC",
    "es": "IC",
}

_WIDE = Context(prec=800)


class DisplayError(KtssError, ValueError):
    """Something cannot be shown: a number is missing, or a table for a chart lacks what the chart needs."""


def as_decimal(value: Number) -> Decimal:
    """Return the shortest decimal that reads back as `value`.

    Raises
    ------
    DisplayError
        When `value` is missing, infinite, a truth value or not a number: such a value has a status and a
        reason, and these are shown instead.
    """
    if isinstance(value, (bool, np.bool_)) or value is None:
        raise DisplayError(f"{value!r} is not a number to print; show the row's status and reason instead")
    if isinstance(value, (int, np.integer)):
        return Decimal(int(value))
    try:
        text = str(value) if isinstance(value, (Decimal, np.floating)) else repr(float(value))
        exact = Decimal(text)
    except (TypeError, ValueError, ArithmeticError):
        raise DisplayError(f"{value!r} is not a number to print; show the row's status and reason instead") from None
    if not exact.is_finite():
        raise DisplayError(f"{value!r} is not a number to print; show the row's status and reason instead")
    return exact


def round_half_up(value: Number, digits: int) -> Decimal:
    """Return `value` with `digits` decimals, rounded half up by magnitude on its decimal text; never -0."""
    if digits < 0:
        raise DisplayError(f"digits={digits}; allowed: 0 or more")
    rounded = as_decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP, context=_WIDE)
    return abs(rounded) if rounded.is_zero() else rounded


@lru_cache(maxsize=64)
def decimal_mark(locale: str = "en") -> str:
    """Return the decimal mark of `locale` (a BCP 47 tag such as ``"pl"`` or ``"nl-BE"``)."""
    from babel.numbers import get_decimal_symbol

    return str(get_decimal_symbol(_babel_name(locale)))


@lru_cache(maxsize=64)
def _babel_name(locale: str) -> str:
    """Return Babel's name of a locale; a private-use region, as in the pseudo-locale ``en-XA``, is left out."""
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(re.sub(r"-X[A-Z]$", "", locale).replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        raise DisplayError(f"locale {locale!r} is not known; give a language tag such as 'en' or 'pl'") from None


def _grouped(digits_before_mark: str, locale: str) -> str:
    if len(digits_before_mark) <= 3:
        return digits_before_mark
    from babel.numbers import format_decimal

    return str(format_decimal(int(digits_before_mark), format="#,##0", locale=_babel_name(locale)))


def _print(rounded: Decimal, locale: str, *, leading_zero: bool = True) -> str:
    before, _, after = f"{abs(rounded):f}".partition(".")
    mark = decimal_mark(locale)
    bare = not leading_zero and before == "0" and after != "" and mark == "."
    before = "" if bare else _grouped(before, locale)
    return (MINUS if rounded < 0 else "") + before + (mark + after if after else "")


def format_number(value: Number, *, digits: int, locale: str = "en") -> str:
    """Return `value` with exactly `digits` decimals in the notation of `locale`.

    Parameters
    ----------
    value : number
        A finite number of any type; full precision, not rounded before.
    digits : int
        Decimals to print, 0 or more.
    locale : str, default "en"
        BCP 47 tag; decides the decimal mark and the grouping of thousands.

    Raises
    ------
    DisplayError
        For a missing or infinite value, and for an unknown locale.

    Examples
    --------
    >>> format_number(2.25, digits=1), format_number(1.005, digits=2), format_number(2.25, digits=1,
    locale="pl") ('2.3', '1.01', '2,3')
    """
    return _print(round_half_up(value, digits), locale)


def format_exact(value: Number, *, locale: str = "en") -> str:
    """Return `value` with the decimals it was written with: a threshold is printed as it stands in its file."""
    exponent = as_decimal(value).normalize().as_tuple().exponent
    return format_number(value, digits=max(0, -int(exponent)), locale=locale)


def format_count(value: Number, *, locale: str = "en") -> str:
    """Return a count with its thousands grouped; refuse a value that is not a whole number of 0 or more."""
    exact = as_decimal(value)
    if exact != exact.to_integral_value() or exact < 0:
        raise DisplayError(f"{value!r} is not a count; allowed: whole numbers of 0 or more")
    return _print(round_half_up(exact, 0), locale)


def percent_digits(share: Number, digits: int = 0, locale: str = "en") -> str:
    """Return a share (0 to 1) as a percentage without its sign, for places where the sign stands once."""
    exact = as_decimal(share)
    if not 0 <= exact <= 1:
        raise DisplayError(f"{share!r} is not a share; allowed: 0 to 1")
    return _print(round_half_up(exact.scaleb(2), digits), locale)


def format_share(value: Number, locale: str = "en", *, digits: int = 0) -> str:
    """Return a share (0 to 1) as a percentage with a no-break space before the sign, e.g. ``'83 %'``."""
    return f"{percent_digits(value, digits, locale)}{NO_BREAK_SPACE}%"


def format_coefficient(value: Number, *, digits: int = 2, locale: str = "en") -> str:
    """Return a coefficient that cannot exceed 1, without a leading zero: ``'.83'``.

    Only notations with a decimal point drop the zero; with a decimal comma it stays (``'0,83'``), because no
    such language writes ``',83'``.
    """
    return _print(round_half_up(value, digits), locale, leading_zero=False)


def format_p(value: Number, *, locale: str = "en") -> str:
    """Return a probability with three decimals; ``'< .001'`` or ``'> .999'`` instead of 0 or 1."""
    exact = as_decimal(value)
    if not 0 <= exact <= 1:
        raise DisplayError(f"p = {value!r}; allowed: 0 to 1")
    if exact < Decimal("0.001"):
        return f"<{NO_BREAK_SPACE}{format_coefficient(Decimal('0.001'), digits=3, locale=locale)}"
    if exact < 1 and round_half_up(exact, 3) == 1:
        return f">{NO_BREAK_SPACE}{format_coefficient(Decimal('0.999'), digits=3, locale=locale)}"
    return format_coefficient(exact, digits=3, locale=locale)


def format_day(text: str, locale: str = "en") -> str:
    """Return a date such as ``2026-05-04`` as the locale writes it; any other text as it stands.

    English without a country is British, as the texts are.
    """
    from babel.dates import format_date

    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    name = _babel_name(locale)
    return str(format_date(day, "long", locale="en_GB" if name == "en" else name))


def format_value(value: Number, kind: str = "number", locale: str = "en", *, digits: int | None = None) -> str:
    """Return `value` as its kind of number is printed.

    Parameters
    ----------
    value : number
        A finite number.
    kind : {"share", "coefficient", "correlation", "points", "count", "number", "p"}
        Shares are whole percentages, coefficients and correlations have two decimals and no leading zero, points
        one decimal, other numbers two; a probability ("p") has three, see `format_p`.
    locale : str, default "en"
        BCP 47 tag.
    digits : int, optional
        Other than the usual decimals of the kind.
    """
    if kind == "share":
        return format_share(value, locale, digits=0 if digits is None else digits)
    if kind in ("coefficient", "correlation"):
        return format_coefficient(value, digits=2 if digits is None else digits, locale=locale)
    if kind == "count" and digits is None:
        return format_count(value, locale=locale)
    if kind == "p" and digits is None:
        return format_p(value, locale=locale)
    if kind in KINDS:
        return format_number(value, digits=DECIMALS[kind] if digits is None else digits, locale=locale)
    raise DisplayError(f"kind={kind!r}; allowed: {', '.join(map(repr, KINDS))}")


def format_interval(
    low: Number,
    high: Number,
    kind: str = "coefficient",
    level: Number | None = None,
    locale: str = "en",
    *,
    digits: int | None = None,
) -> str:
    """Return an interval: ``'[.70, .95]'``, for shares ``'70–95 %'``.

    With a level the text starts with it: ``'95 % CI [.70, .95]'``.

    Parameters
    ----------
    low, high : number
        The limits, in this order.
    kind : str
        Kind of number, see `format_value`.
    level : number, optional
        Confidence level, 0 to 1; printed with the language's abbreviation in front when given.
    locale : str, default "en"
        BCP 47 tag. With a decimal comma the limits are separated by a semicolon.
    digits : int, optional
        Other than the usual decimals of the kind.

    Raises
    ------
    DisplayError
        When a limit is missing or the limits stand in the wrong order.
    """
    if as_decimal(low) > as_decimal(high):
        raise DisplayError(f"interval from {low!r} to {high!r}: the lower limit is above the upper one")
    if kind == "share":
        places = 0 if digits is None else digits
        text = f"{percent_digits(low, places, locale)}{EN_DASH}{format_share(high, locale, digits=places)}"
    else:
        separator = "; " if decimal_mark(locale) == "," else ", "
        ends = (format_value(limit, kind, locale, digits=digits) for limit in (low, high))
        text = f"[{separator.join(ends)}]"
    if level is None:
        return text
    word = INTERVAL_WORD.get(locale.replace("_", "-").split("-")[0], "CI")
    exact = as_decimal(level)
    percent = format_share(exact, locale, digits=max(0, -int(exact.scaleb(2).normalize().as_tuple().exponent)))
    return f"{percent} {word} {text}"
