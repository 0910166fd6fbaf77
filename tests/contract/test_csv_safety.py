"""Tables that a spreadsheet may open: nothing in them runs, and what was written can be had back."""

from __future__ import annotations

import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktss_analysis.csvfile import neutralise, original, write_csv

BLANKS = ' \t\u00a0\u200b\ufeff\u00ad\u2060"'
CALL = "cmd|' /C calc'!A0"
PAYLOADS = [
    "=1+1", " =1+1", "\t=1+1", "\u00a0=1", f"\u200b\ufeff={CALL}", "＝1+1", "＠SUM(1)", f"−2+3+{CALL}",
    f"@SUM(1+9)*{CALL}", f"+1+{CALL}", f"-2+3+{CALL}", "%0A=1", 'DDE ("cmd";"/C calc";"!A0")A0',
    'fine;=HYPERLINK("x")', "fine\n=1+1", "fine\r\n@SUM(1)", f"fine\t+{CALL}", "a|=1", "a,\u200b=1", 'a;"=1"',
    "'=1", "''=1", "\r=1",
]  # fmt: skip


def runs(cell: str) -> bool:
    """Tell whether a spreadsheet that trims blanks and quotes would take a cell for a formula."""
    bare = cell.strip(BLANKS + "\r\n")
    if bare.startswith(tuple("=@＝＠")) or bare.upper().startswith("DDE"):
        return True
    return bare.startswith(tuple("+-−＋－%")) and any(sign in bare for sign in "|(!")


def dangerous(content: str) -> list[str]:
    """Return the cells that run, however the file is split: as written, or by another separator, quotes ignored."""
    cells = [cell for row in csv.reader(content.splitlines(keepends=True)) for cell in row]
    for separator in ",;\t|":
        cells += [cell for line in content.split("\n") for cell in line.split(separator)]
    return [cell for cell in cells if runs(cell)]


def test_no_cell_of_a_written_table_is_a_formula_for_any_separator(tmp_path, shared):
    lines = (shared / "data" / "nasty-formula-injection" / "csv-payload.txt").read_text().splitlines()
    texts = [*PAYLOADS, *lines, *[f"She said; {line}" for line in lines], *[f"first\n{line}" for line in lines]]
    frame = pd.DataFrame({"=header": texts, "text": [*texts[1:], "end"]})
    written = write_csv(frame, tmp_path / "table.csv").read_text()
    assert dangerous(written) == []


def test_the_search_finds_formulas_that_were_not_neutralised():
    """Negative control: each payload is found when it is written as it is."""
    for text in PAYLOADS:
        if not text.startswith(("'", "%")):
            assert dangerous(f'"{text}"'), text


@given(st.text(alphabet="=+-@'\t\r\n ;,|(a1!＝\u200b\"%D", max_size=12) | st.sampled_from(PAYLOADS))
def test_the_text_comes_back(text):
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    assert original(neutralise(text)) == plain
    assert not runs(neutralise(plain)) or plain in ("+", "-")


@pytest.mark.parametrize(
    "text", ["+", "-", "plain", "it's", "a, b; c", "list:\n- one\n- two", "5 - Strongly agree", ""]
)
def test_harmless_texts_stay_as_they_are(text):
    assert neutralise(text) == text
