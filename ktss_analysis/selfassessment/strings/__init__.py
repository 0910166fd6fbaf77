"""The page's own texts: one JSON file per language, with slots and plural forms."""

from .catalogue import PSEUDO, Strings, available_languages, load_strings

__all__ = ["PSEUDO", "Strings", "available_languages", "load_strings"]
