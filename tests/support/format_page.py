"""The table of real files in docs/formats.md, and what the readers make of a file in the words of that table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ktss_analysis.core import InputError
from ktss_analysis.readers import read_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "formats.md"
_ROW = re.compile(r"\| `([\w-]+/[^`]+)` \| ([^|]+) \| ([^|]+) \|")


def page_rows() -> dict[str, tuple[str, str]]:
    """Return file -> (verdict, reason) of all rows of the page; a file may stand there once."""
    found: dict[str, tuple[str, str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        match = _ROW.fullmatch(line.strip())
        if match:
            assert match[1] not in found, f"{match[1]} stands twice in {PAGE.name}"
            found[match[1]] = (match[2].strip(), match[3].strip())
    return found


def verdict(path: Path) -> str:
    """Return what the readers make of a file."""
    try:
        table = read_table(path)
    except InputError:
        return "refused"
    refused = f", {len(table.refused)} set aside" if table.refused else ""
    return f"{table.format}: {len(table.frame)} rows, {table.frame.shape[1]} columns{refused}"


def assert_page_is_true(data: Path, files: Iterable[Path]) -> None:
    """Compare the page with the readers for all given files below the folder of real data."""
    said = page_rows()
    found = {path.relative_to(data).as_posix(): verdict(path) for path in files}
    assert {name: said.get(name, ("not in the table", ""))[0] for name in found} == found
    assert all(said[name][1] for name in found)
