"""Raw sources to canonical tables: pseudonyms, conversion, cleaning rules, flags, change log, quarantine."""

from .check import check_study
from .clean import Clean, clean_sources
from .in_pieces import Sizes
from .pseudonyms import Pseudonymiser
from .schemas import RECORDS, TABLES, conform, empty_table
from .to_files import Written, clean_to_files
from .write import read_clean, write_clean

__all__ = [
    "RECORDS", "TABLES", "Clean", "Pseudonymiser", "Sizes", "Written", "check_study", "clean_sources",
    "clean_to_files", "conform", "empty_table", "read_clean", "write_clean",
]  # fmt: skip
