"""Names of languages in their own language."""

from __future__ import annotations

from babel import Locale


def language_name(tag: str) -> str:
    """Return a language's own name with a capital, e.g. ``'Polski'``."""
    name = Locale.parse(tag.replace("-", "_")).get_language_name() or tag
    return name[:1].upper() + name[1:]
