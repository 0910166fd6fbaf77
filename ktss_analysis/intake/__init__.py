"""Raw sources to canonical tables: pseudonyms, conversion, cleaning rules, flags, change log, quarantine."""

from .check import check_study
from .clean import Clean, clean_sources
from .pseudonyms import Pseudonymiser
from .schemas import RECORDS, TABLES, conform, empty_table
from .write import read_clean, write_clean

__all__ = [
    "RECORDS", "TABLES", "Clean", "Pseudonymiser", "check_study", "clean_sources", "conform", "empty_table",
    "read_clean", "write_clean",
]  # fmt: skip
