"""What notebooks may name: sentences, tables and figures, each registered where it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Sentence = Callable[..., str]
Shown = Callable[..., None]
Function = TypeVar("Function", bound=Callable[..., object])

SENTENCES: dict[str, Sentence] = {}
TABLES: dict[str, Shown] = {}
CHARTS: dict[str, Shown] = {}


def sentence(key: str) -> Callable[[Sentence], Sentence]:
    """Register a function that returns the sentences of `key`."""
    return _into(SENTENCES, key)


def table(name: str) -> Callable[[Shown], Shown]:
    """Register a function that prints a table."""
    return _into(TABLES, name)


def chart(name: str) -> Callable[[Shown], Shown]:
    """Register a function that draws a figure."""
    return _into(CHARTS, name)


def _into(registry: dict[str, Function], name: str) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        registry[name] = function
        return function

    return register
