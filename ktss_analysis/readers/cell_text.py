"""The one way in which a typed value of a workbook or a statistical file becomes the text of a cell."""

from __future__ import annotations

import datetime

_EXACT = 1e15
"""Whole numbers up to here have one decimal text; above, a double no longer tells neighbours apart."""


def cell_text(value: object) -> str:
    """Return the text of a cell.

    Parameters
    ----------
    value : object
        A value as a library gives it.

    Returns
    -------
    str
        Whole numbers without ``.0``, other numbers in full precision, dates in ISO 8601, to the second where
        they have a time, durations in seconds, truth values as TRUE and FALSE; ``""`` for
        None and for what is not a number.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, datetime.timedelta):
        return number_text(value.total_seconds())
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return "" if value is None else str(value)


def number_text(value: float) -> str:
    """Return a number without ``.0`` when it is whole, else in full precision; ``""`` for what is not a number."""
    if value != value:
        return ""
    return str(int(value)) if abs(value) < _EXACT and float(value).is_integer() else repr(float(value))
