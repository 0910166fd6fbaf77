"""Raw files to text tables: one module per family of formats, chosen by `read_table`."""

from .chunks import RawChunks
from .companions import companion_of
from .numbers import Numbers, decimal_marks, find_decimal, is_ambiguous, to_number
from .registry import READERS, Reader, find_reader, read_chunks, read_table
from .table import ColumnInfo, RawTable, ReadOptions, Refused

__all__ = [
    "READERS", "ColumnInfo", "Numbers", "RawChunks", "RawTable", "ReadOptions", "Reader", "Refused", "companion_of",
    "decimal_marks", "find_decimal", "find_reader", "is_ambiguous", "read_chunks", "read_table", "to_number",
]  # fmt: skip
