"""Coded tables: the same order, the same checks and the same texts as with every text written out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pandera.errors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktss_analysis.core import PipelineError
from ktss_analysis.intake import TABLES, empty_table
from ktss_analysis.intake.coded import as_arrow, check_content, coded, combined, repeated, sort_rows, spelled, stacked
from ktss_analysis.intake.schemas import schema
from ktss_analysis.secret import keyed_hash, keyed_hashes

WORDS = st.sampled_from(["a", "b", "ä", "Z", "10", "9", " ", None])
ROWS = st.lists(st.tuples(WORDS, st.sampled_from([1, 2]), WORDS, st.sampled_from([1.0, 2.5, None]), WORDS), max_size=25)


def responses(rows: list[tuple]) -> pd.DataFrame:
    names = ["person_id", "occasion", "item_id", "value", "language"]
    frame = pd.DataFrame(rows, columns=names)
    frame["source"] = "raw"
    frame["source_row"] = [f"raw.csv:{place % 3}" for place in range(len(frame))]
    return frame


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, cut=st.integers(0, 25))
def test_stacking_and_sorting_is_what_pandas_does_with_texts(rows: list[tuple], cut: int) -> None:
    frame = responses(rows)
    parts = [part for part in (frame.iloc[:cut], frame.iloc[cut:]) if len(part)] or [empty_table("responses")]
    found = spelled(sort_rows(stacked(parts, "responses")))
    plain = empty_table("responses") if frame.empty else frame.reindex(columns=TABLES["responses"])
    plain = plain.astype(empty_table("responses").dtypes.to_dict())
    names = [name for name in plain.columns if name != "source_row"] + ["source_row"]
    expected = plain.sort_values(names, kind="stable", na_position="last", ignore_index=True)
    pd.testing.assert_frame_equal(found, expected)


@settings(max_examples=100, deadline=None)
@given(rows=ROWS)
def test_repeated_keys_are_those_that_pandas_finds(rows: list[tuple]) -> None:
    table = stacked([responses(rows)] if rows else [empty_table("responses")], "responses")
    names = ["person_id", "occasion", "item_id"]
    found = repeated(combined(table, names))
    assert found.tolist() == spelled(table).duplicated(names, keep=False).tolist()


def test_many_columns_do_not_overflow_the_key() -> None:
    generator = np.random.default_rng(1)
    frame = pd.DataFrame({f"c{place}": generator.integers(0, 5_000, 4_000) for place in range(12)})
    order = np.argsort(combined(frame, list(frame.columns)), kind="stable")
    expected = frame.sort_values(list(frame.columns), kind="stable").index
    assert order.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("responses", "item_id", None), ("responses", "occasion", 0), ("codings", "valence", "?"),
        ("comments", "review", "open"),
    ],
)  # fmt: skip
def test_content_is_checked_as_by_the_schema(table: str, column: str, value: object) -> None:
    row = {name: "x" for name, kind in empty_table(table).dtypes.items() if str(kind) == "string"}
    row |= {name: 1 for name, kind in empty_table(table).dtypes.items() if str(kind) in ("Int64", "Float64")}
    row |= {"valence": "+", "review": "pending"} if table != "responses" else {}
    row = {name: text for name, text in row.items() if name in TABLES[table]}
    good, bad = (stacked([pd.DataFrame([entry])], table) for entry in (row, row | {column: value}))
    check_content(good, table)
    schema(table).validate(spelled(good))
    with pytest.raises(PipelineError, match=column):
        check_content(bad, table)
    with pytest.raises(pandera.errors.SchemaError, match=column):
        schema(table).validate(spelled(bad))


def test_a_foreign_column_is_refused() -> None:
    with pytest.raises(PipelineError, match="does not belong there"):
        stacked([pd.DataFrame({"colour": ["red"]})], "responses")


def test_arrow_keeps_codes_and_missing_texts() -> None:
    table = as_arrow(pd.DataFrame({"language": coded(pd.Series(["pl", None, "en", "pl"]))}))
    assert table.column("language").to_pylist() == ["pl", None, "en", "pl"]
    assert str(table.schema.field("language").type).startswith("dictionary")


@given(texts=st.lists(st.text(max_size=8), max_size=6), n_signs=st.integers(1, 20))
def test_many_hashes_are_the_single_ones(texts: list[str], n_signs: int) -> None:
    found = keyed_hashes(b"key of a test, long enough", "person", texts, n_signs)
    assert found.tolist() == [keyed_hash(b"key of a test, long enough", "person", text)[:n_signs] for text in texts]
