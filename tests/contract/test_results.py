"""The result store: ids, states, columns, order, and a round trip without loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.core import Estimate, KtssError, StatisticError
from ktss_analysis.evidence import publish
from ktss_analysis.glossary import COLUMNS, RESULT_COLUMNS, check_columns
from ktss_analysis.results import (
    combine,
    count_row,
    fingerprint,
    read_results,
    result_id,
    rows_from,
    text_row,
    write_results,
)
from ktss_analysis.rules import apply_gates, load_rules


def share(target: str = "S01", value: float = 26 / 30, n: int = 30) -> pd.DataFrame:
    estimate = Estimate(value, 0.7, 0.95, 0.95, "Wilson", n, 0)
    return rows_from(estimate, stream="guide_review", statistic="item_cvi", target_type="skill", target_id=target,
                     aspect="relevance", unit="share")  # fmt: skip


def test_ids_are_composed_and_stable() -> None:
    assert result_id("tool_review", "item_cvi", "S03-2", "relevance") == "tool_review.item_cvi.relevance.S03-2"
    assert share()["result_id"].iloc[0] == "guide_review.item_cvi.relevance.S01"


def test_every_result_column_is_in_the_glossary() -> None:
    assert set(RESULT_COLUMNS) <= set(COLUMNS)
    assert list(share().columns) == list(RESULT_COLUMNS)


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(KtssError, match="'colour' is not in the glossary"):
        check_columns(pd.DataFrame({"colour": []}), "results")


def test_one_id_stands_for_one_number() -> None:
    with pytest.raises(KtssError, match="computed twice"):
        combine([share(), share()])


def test_a_row_without_number_needs_a_reason() -> None:
    rows = share()
    rows["estimate"], rows["status"] = np.nan, "undefined"
    with pytest.raises(KtssError, match="no number and no reason"):
        combine([rows])


def test_ok_without_number_is_refused() -> None:
    rows = share()
    rows["estimate"] = np.nan
    with pytest.raises(KtssError, match="status ok but no number"):
        combine([rows])
    with pytest.raises(StatisticError):
        Estimate(float("nan"))


def test_rows_survive_the_file_with_all_digits(tmp_path: Path) -> None:
    texts = text_row("- it's =SUM(A1)", stream="focus_groups", statistic="quote", target_type="skill", target_id="S01")
    rows = combine([share(value=0.1 + 0.2), share("S02", 1 / 3), texts,
                    count_row(7, stream="triage", statistic="n_comments")])  # fmt: skip
    write_results(rows, tmp_path / "results.csv")
    pd.testing.assert_frame_equal(read_results(tmp_path / "results.csv"), rows)


def test_the_file_is_the_same_whatever_the_order_of_rows(tmp_path: Path) -> None:
    write_results(pd.concat([share("S01"), share("S02")]), tmp_path / "a.csv")
    write_results(pd.concat([share("S02"), share("S01")]), tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_the_fingerprint_follows_answers_not_order_or_pseudonyms() -> None:
    frame = pd.DataFrame({"person_id": ["a", "b"], "target_id": ["S01", "S02"], "value": [1.0, 2.0],
                          "source_row": ["f:2", "f:3"]})  # fmt: skip
    other = frame.iloc[::-1].assign(person_id=["x", "y"], source_row=["f:8", "f:9"])
    assert fingerprint(frame, "ratings") == fingerprint(other, "ratings")
    assert fingerprint(frame, "ratings") != fingerprint(frame.assign(value=[1.0, 3.0]), "ratings")


def test_gates_take_the_number_away_and_say_why(repo: Path) -> None:
    rules = load_rules(repo / "params" / "rules.yaml")
    alpha = rows_from(Estimate(0.8, 0.6, 0.9, 0.95, "alpha", 12, 0), stream="self_assessment",
                      statistic="cronbach_alpha", target_type="skill", target_id="S01")  # fmt: skip
    gated = apply_gates(combine([alpha, share()]), rules)
    small = gated[gated["statistic"] == "cronbach_alpha"].iloc[0]
    assert small["status"] == "too_few"
    assert np.isnan(small["estimate"])
    assert "n = 12" in small["reason"]
    assert gated[gated["statistic"] == "item_cvi"]["status"].iloc[0] == "ok"


def test_publishing_masks_small_cells_and_leaves_no_trace(tmp_path: Path) -> None:
    rows = combine([share("S01", 1.0, 4), share("S02", 1.0, 5)])
    public = publish(rows, 5, tmp_path / "public.csv").set_index("target_id")
    assert public.loc["S01", "status"] == "masked"
    assert public.loc["S01", ["estimate", "ci_low", "ci_high", "n_used"]].isna().all()
    assert public.loc["S02", "status"] == "ok"
    line = next(line for line in (tmp_path / "public.csv").read_text().splitlines() if "S01" in line)
    assert "4" not in line.replace("S01", "")


def people(country: str, role: str, count: int) -> pd.DataFrame:
    return count_row(
        count, stream="participants", statistic="people", target_type="category", target_id=role, aspect="country_role",
        group=country, label=role,
    )  # fmt: skip


def test_a_small_cell_of_a_table_of_people_is_hidden_with_its_complement(tmp_path: Path) -> None:
    counts = {"it": (2, 10, 8), "pl": (7, 9, 6), "fi": (12, 5, 20)}
    rows = combine(
        people(country, role, count)
        for country, line in counts.items()
        for role, count in zip(("officer", "manager", "liaison"), line, strict=True)
    )
    public = publish(rows, 5, tmp_path / "public.csv")
    hidden = set(
        zip(
            public.loc[public["status"] == "masked", "group"],
            public.loc[public["status"] == "masked", "target_id"],
            strict=True,
        )
    )
    assert ("it", "officer") in hidden
    for country in counts:
        assert sum(group == country for group, _ in hidden) != 1
    for role in ("officer", "manager", "liaison"):
        assert sum(target == role for _, target in hidden) != 1
    assert (public["label"] != "").all(), "the name of a hidden cell stays"
    assert public.loc[public["status"] == "masked", ["estimate", "n_used"]].isna().all(axis=None)
    assert (rows["status"] == "ok").all(), "the private rows hold all"
