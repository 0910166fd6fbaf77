"""One dictionary of all public statistics: tests, docs and the command line read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Statistic:
    """Facts about one public statistic.

    Parameters
    ----------
    name : str
        The public function's name, also the name on the command line.
    function : callable
        The function itself.
    family : str
        Heading it is listed under.
    symbol : str
        The field's usual symbol, as plain text.
    data : {"items", "ratings", "units", "counts", "choices", "codings", "facets", "summary"}
        What the first argument is: persons x items, raters x targets, units x raters, a table of counts, long
        choices, long codings, long ratings with facets, or summary numbers and texts.
    returns : {"estimate", "frame", "other"}
        One `Estimate`, a tidy frame with the same fields as columns, or something else.
    bounds : tuple of float or None
        Smallest and largest value the estimate can take.
    min_n : int
        Fewest persons or units for which a number is returned at all.
    invariant_to : frozenset of str
        Changes that must not alter the value: ``"row_order"``, ``"column_order"``, ``"affine"``,
        ``"relabel"``.
    source : str
        DOI or full reference of the formula.
    """

    name: str
    function: Callable[..., Any]
    family: str
    symbol: str
    data: str
    returns: str
    bounds: tuple[float | None, float | None]
    min_n: int
    source: str
    invariant_to: frozenset[str] = field(default_factory=frozenset)


STATISTICS: dict[str, Statistic] = {}


def statistic(
    *,
    family: str,
    symbol: str,
    data: str,
    source: str,
    returns: str = "estimate",
    bounds: tuple[float | None, float | None] = (None, None),
    min_n: int = 1,
    invariant_to: set[str] | frozenset[str] = frozenset(),
) -> Callable[[Function], Function]:
    """Register a public statistic under its function name; see `Statistic` for the facts."""

    def register(function: Function) -> Function:
        STATISTICS[function.__name__] = Statistic(
            function.__name__,
            function,
            family,
            symbol,
            data,
            returns,
            bounds,
            min_n,
            source,
            frozenset(invariant_to),
        )
        return function

    return register
