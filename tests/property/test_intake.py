"""What holds for any raw file: order leaves no trace, rows are conserved, texts and numbers survive."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ktss_analysis.core import InputError
from ktss_analysis.csvfile import write_csv
from ktss_analysis.intake import TABLES, Clean, clean_sources
from ktss_analysis.intake.labels import fold
from ktss_analysis.readers import read_table, to_number
from ktss_analysis.study import load_study

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SETTINGS = settings(QUICK, max_examples=12, phases=[Phase.explicit, Phase.reuse, Phase.generate])
TARGETS = [f"S{number}" for number in range(1, 13)]
FRAMEWORK = {
    "id": "toy", "version": "1.0.0", "status": "pilot", "languages": ["en"],
    "skills": [{"id": target, "name": {"en": target}} for target in TARGETS],
}  # fmt: skip
CELLS = st.sampled_from(["1", "2", "3", "4", "0", "9", "", "n/a", "-", "2,5", "x", " 3 ", "4.0"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n"), max_size=12)


def clean_rows(folder: Path, header: list[str], rows: list[list[str]], person: bool, separator: str = ";") -> Clean:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerows([header, *rows])
    (folder / "raw.csv").write_text(stream.getvalue(), encoding="utf-8")
    (folder / "framework.yaml").write_text(yaml.safe_dump(FRAMEWORK))
    source = {
        "name": "raw", "activity": "guide_review", "files": ["raw.csv"], "separator": separator,
        "header_row": 1,
        "free_text": ["note"], "decimal": ",", "repeated": "first", "answered_on": {"column": "day"},
        "blocks": [{"table": "ratings", "columns": "{target}_r", "target_type": "skill",
        "aspect": "relevance",
                    "scale": [1, 4]}],
    }  # fmt: skip
    if person:
        source["person"] = {"column": "who"}
    study = {
        "id": "toy", "title": "Toy", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
        "privacy": {"pseudonym_key": "a-public-key-for-tests-only"}, "sources": [source],
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    return clean_sources(load_study(folder / "study.yaml"))


def rows_of(draw) -> list[list[str]]:
    n_rows = draw(st.integers(1, 14))
    return [
        [draw(st.sampled_from(["a@x.eu", "B ", "b", "", "c"])), f"2025-01-{index + 1:02d}", draw(TEXTS),
         *[draw(CELLS) for _ in TARGETS]]
        for index in range(n_rows)
    ]  # fmt: skip


@st.composite
def tables(draw):
    return rows_of(draw)


HEADER = ["who", "day", "note", *(f"{target}_r" for target in TARGETS)]


@SETTINGS
@given(rows=tables(), person=st.booleans(), seed=st.integers(0, 2**16))
def test_order_of_rows_and_columns_leaves_no_trace(rows, person, seed):
    generator = np.random.default_rng(seed)
    columns = generator.permutation(len(HEADER))
    lines = generator.permutation(len(rows))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        first = clean_rows(Path(one), HEADER, rows, person)
        second = clean_rows(
            Path(two),
            [HEADER[c] for c in columns],
            [[rows[r][c] for c in columns] for r in lines],
            person,
            "\t",
        )
    for name in TABLES:
        pd.testing.assert_frame_equal(
            first.tables[name].drop(columns="source_row"), second.tables[name].drop(columns="source_row")
        )
    counts = ["n_read", "n_used", "n_set_aside", "n_changed"]
    pd.testing.assert_frame_equal(first.accounts[counts], second.accounts[counts])


@SETTINGS
@given(rows=tables(), person=st.booleans())
def test_each_row_is_used_or_set_aside_and_each_cell_is_kept_or_logged(rows, person):
    with tempfile.TemporaryDirectory() as folder:
        clean = clean_rows(Path(folder), HEADER, rows, person)
    account = clean.accounts.iloc[0]
    assert account["n_read"] == account["n_used"] + account["n_set_aside"] == len(rows)
    used = {int(text.split(":")[1]) for text in clean.tables["ratings"]["source_row"]}
    aside = set(clean.quarantine["row"])
    assert not used & aside
    assert used | aside == set(range(2, len(rows) + 2))
    ratings = clean.tables["ratings"]
    assert ratings["value"].dropna().isin([1, 2, 3, 4]).all()
    logged = set(zip(clean.change_log["row"], clean.change_log["column"], strict=True))
    for row in ratings[ratings["value"].isna()].itertuples():
        place = int(row.source_row.split(":")[1])
        cell = rows[place - 2][HEADER.index(f"{row.target_id}_r")].strip()
        assert (not cell) != ((place, f"{row.target_id}_r") in logged)


@QUICK
@given(
    cells=st.lists(st.lists(TEXTS.map(str.strip), min_size=3, max_size=3), min_size=1, max_size=8),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_text_survives_the_reader(cells, separator, encoding):
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        [["a", "b", "c"], *cells]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw.csv"
        path.write_bytes(stream.getvalue().encode(encoding))
        table = read_table(path, header_row=1)
    expected = list(cells)
    while expected and not any(cell.strip() for cell in expected[-1]):
        expected.pop()
    assert table.frame.to_numpy().tolist() == expected
    assert table.separator == separator


@QUICK
@given(
    numbers=st.lists(
        st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 4)), min_size=1, max_size=20
    ),
    grouped=st.booleans(),
    mark=st.sampled_from([".", ","]),
)
def test_numbers_come_back_with_either_mark(numbers, grouped, mark):
    swap = {".": ",", ",": "."} if mark == "," else {}
    texts = [
        "".join(swap.get(sign, sign) for sign in (f"{number:,.4f}" if grouped else f"{number:.4f}"))
        for number in numbers
    ]
    assert to_number(texts, decimal=mark).numbers.tolist() == numbers
    assert to_number(texts).numbers.tolist() == numbers, "four decimals are clear"


@QUICK
@given(texts=st.lists(TEXTS, max_size=20))
def test_no_text_breaks_the_conversion(texts):
    try:
        values, bad = to_number(texts)
    except InputError as error:
        if "decimal mark" not in str(error):
            raise
        return
    assert values.shape == bad.shape == (len(texts),)
    assert not np.isinf(values).any()
    assert np.isnan(values[bad]).all()


@QUICK
@given(text=TEXTS)
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)
    assert fold(f"  {text}\u00a0") == fold(text)


@QUICK
@given(texts=st.lists(st.text(max_size=8), min_size=1, max_size=8))
def test_written_csv_is_deterministic_and_harmless(texts):
    frame = pd.DataFrame({"text": pd.array(texts, dtype="object"), "n": np.arange(len(texts)) / 3})
    with tempfile.TemporaryDirectory() as folder:
        try:
            first = write_csv(frame, Path(folder) / "a.csv").read_bytes()
        except UnicodeEncodeError:
            return
        assert write_csv(frame, Path(folder) / "b.csv").read_bytes() == first
        read = list(csv.reader(io.StringIO(first.decode(), newline="")))
    assert len(read) == len(texts) + 1
    for (cell, number), value in zip(read[1:], frame["n"], strict=True):
        assert float(number) == value
        assert not cell.startswith(("=", "@", "\t", "\r"))
        assert cell in ("+", "-") or not cell.startswith(("+", "-"))


def test_the_order_test_can_fail(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    row = ["a", "2025-01-01", "", *["1"] * 12]
    first = clean_rows(tmp_path / "one", HEADER, [row], True)
    second = clean_rows(tmp_path / "two", HEADER, [[*row[:-1], "2"]], True)
    with pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(first.tables["ratings"], second.tables["ratings"])
