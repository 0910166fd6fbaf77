"""Files made to break readers, from the tests of other programs: no row lost, and the same numbers in any clothes.

Counts are made with csv of the standard library and an encoding given here by hand.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from format_page import assert_page_is_true

from ktss_analysis.core import InputError
from ktss_analysis.intake import Clean, clean_sources
from ktss_analysis.readers import read_table
from ktss_analysis.study import load_study

ENCODINGS = {
    "test_latin1.csv": "latin-1", "latin1.csv": "latin-1", "enc-iso-8859-1.txt": "latin-1",
    "test_utf16_big.csv": "utf-16", "test_utf16_little.csv": "utf-16", "mass_utf16le_tab.csv": "utf-16",
}  # fmt: skip
SEPARATORS = {
    "sniff_limit.csv": ";", "accent.csv": ";", "mass_utf16le_tab.csv": "\t", "mass_utf8bom_semicolon.csv": ";",
    "PoliticalDemocracy_semicolon_decimalcomma.csv": ";", "csv-payload.txt": ";", "blns.txt": "\t",
    "hdv2003_first400_semicolon_decimalcomma_crlf.csv": ";",
}  # fmt: skip

PADDED = ("escaping.csv",)
"""Blanks behind the separators, before quotation marks."""


@pytest.fixture
def data(shared: Path) -> Path:
    return shared / "data"


def nasty(data: Path) -> list[Path]:
    folders = sorted(data.glob("nasty-*"))
    return [path for folder in folders for path in sorted(folder.iterdir()) if path.name != "README.md"]


def test_the_page_says_the_truth_about_every_nasty_file(data: Path) -> None:
    files = nasty(data)
    assert len(files) >= 85
    assert_page_is_true(data, files)


def test_no_row_of_a_nasty_text_is_lost(data: Path) -> None:
    """Records, less what is above the headers, are rows read, rows set aside, and empty rows at the end."""
    texts = [path for path in nasty(data) if path.suffix in (".csv", ".txt")]
    assert len(texts) >= 70
    for path in texts:
        content = path.read_bytes().decode(ENCODINGS.get(path.name, "utf-8-sig")).replace("\x00", "")
        mark = SEPARATORS.get(path.name, ",")
        reader = csv.reader(io.StringIO(content, newline=""), delimiter=mark, skipinitialspace=path.name in PADDED)
        records, lines = [], []
        start = 0
        for record in reader:
            if record:
                records.append(record)
                lines.append(start + 1)
            start = reader.line_num
        if not any(cell.strip() for record in records for cell in record):
            with pytest.raises(InputError, match=r"empty|no text"):
                read_table(path)
            continue
        table = read_table(path)
        below = [record for record, line in zip(records, lines, strict=True) if line > table.header_row]
        while below and not any(cell.strip() for cell in below[-1]):
            below.pop()
        assert table.n_records == len(below), path.name
        used = [record for record in below if record not in [list(entry.cells) for entry in table.refused]]
        width = table.frame.shape[1]
        assert table.frame.to_numpy().tolist() == [(record + [""] * width)[:width] for record in used], path.name


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("nasty-readr/eol-cr.csv", "nasty-readr/eol-lf.csv"),
        ("nasty-readr/eol-crlf.csv", "nasty-readr/eol-lf.csv"),
        ("nasty-csv-spectrum/newlines_crlf.csv", "nasty-csv-spectrum/newlines.csv"),
        ("nasty-csvkit/test_utf16_big.csv", "nasty-csvkit/test_utf16_little.csv"),
        ("nasty-csvkit/test_skip_lines.xls", "nasty-csvkit/test_skip_lines.xlsx"),
        ("nasty-tabulator/sheet2.xls", "nasty-tabulator/sheet2.xlsx"),
        ("nasty-tabulator/table-with-booleans.xls", "nasty-tabulator/table-with-booleans.ods"),
        ("nasty-tabulator/bom.csv", "nasty-tabulator/sheet2.xlsx"),
        ("nasty-tabulator/skip-rows-before-headers.csv", "nasty-tabulator/bom.csv"),
    ],
)
def test_twins_give_the_same_cells(data: Path, name: str, twin: str) -> None:
    one, other = read_table(data / name).frame, read_table(data / twin).frame
    assert len(one) > 0
    assert [list(one.columns), *one.replace({"\r\n": "\n"}, regex=True).to_numpy().tolist()] == [
        list(other.columns), *other.to_numpy().tolist(),
    ]  # fmt: skip


def cleaned(folder: Path, content: bytes, columns: list[str], block: str) -> Clean:
    folder.mkdir()
    items = ", ".join(f"{{id: S01-{place}, skill: S01, text: {{en: Text}}}}" for place in range(1, len(columns) + 1))
    (folder / "framework.yaml").write_text(
        "id: nasty\nversion: 1.0.0\nstatus: illustrative\nlanguages: [en]\nscale: {min: 1, max: 5}\n"
        f"skills: [{{id: S01, name: {{en: Skill}}}}]\nitems: [{items}]\n"
    )
    mapping = "".join(f'          "{name}": S01-{place}\n' for place, name in enumerate(columns, 1))
    (folder / "study.yaml").write_text(
        "id: nasty\ntitle: Nasty\nsynthetic: true\nframework: framework.yaml\nrules: rules.yaml\n"
        "privacy: {pseudonym_key: public-key-of-the-test}\nsources:\n  - name: raw\n    activity: self_assessment\n"
        f"    files: [raw.csv]\n    blocks:\n      - table: responses\n        {block}\n        columns:\n{mapping}"
    )
    (folder / "raw.csv").write_bytes(content)
    return clean_sources(load_study(folder / "study.yaml"))


def test_numbers_with_decimal_commas_are_the_same_canonical_table(data: Path, tmp_path: Path) -> None:
    plain = pd.read_csv(data / "lavaan-political-democracy" / "PoliticalDemocracy.csv", dtype=str)
    names = [name for name in plain.columns if name[0] in "xy" and name[1:].isdigit()]
    assert len(names) == 11
    dressed = (data / "nasty-derived-encodings" / "PoliticalDemocracy_semicolon_decimalcomma.csv").read_bytes()
    one = cleaned(tmp_path / "dressed", dressed, names, "whole: false").tables["responses"]
    other = cleaned(tmp_path / "plain", plain.to_csv(index=False).encode(), names, "whole: false").tables["responses"]
    values = [frame.pivot_table("value", "source_row", "item_id").sort_index() for frame in (one, other)]
    assert values[0].shape == (75, 11)
    pd.testing.assert_frame_equal(values[0], values[1], check_exact=True)


def test_labels_in_three_encodings_are_the_same_canonical_table(data: Path, tmp_path: Path) -> None:
    """The ids of rows are made from their content, so equal pseudonyms mean equal cells as well."""
    folder = data / "nasty-derived-encodings"
    raw = [
        (folder / "mass_utf16le_tab.csv").read_bytes(), (folder / "mass_utf8bom_semicolon.csv").read_bytes(),
        (data / "likert-labels" / "mass.csv").read_bytes(),
    ]  # fmt: skip
    names = [name for name in read_table(folder / "mass_utf8bom_semicolon.csv").frame.columns if name != "Gender"]
    assert len(names) == 14
    block = "labels: agreement-5"
    tables = [
        cleaned(tmp_path / str(place), content, names, block).tables["responses"] for place, content in enumerate(raw)
    ]
    values = [table.pivot_table("value", "source_row", "item_id", dropna=False).sort_index() for table in tables]
    assert values[0].shape == (20, 14)
    assert float(values[0].notna().to_numpy().mean()) > 0.9
    pd.testing.assert_frame_equal(values[0], values[1])
    pd.testing.assert_frame_equal(values[0], values[2])
