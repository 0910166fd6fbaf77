"""Every chart: nothing collides, nothing leaves the sheet, nothing masked gets out, importing is cheap."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from ktss_analysis.display import figures
from ktss_analysis.display.colours import dark_colours
from ktss_analysis.display.figures import base
from ktss_analysis.display.numbers import DisplayError
from ktss_analysis.display.palette import LIGHT, verdict_mark
from ktss_analysis.display.style import house_style, save_figure, spread, text_width, wrap

SECRET = 0.4321
SECRET_COUNT = 4
REASON = "fewer than five answers"
LONG_REASON = "too few answers: at least twenty people are needed before an interval is printed for this skill"
NAMES = (
    "Aktywne słuchanie i zadawanie pytań w rozmowach z przedsiębiorcami",
    "Vuorovaikutus- ja neuvottelutaidot yhteiskehittämishankkeissa",
    "Empathy",
    "Negoziazione e gestione dei conflitti tra università e impresa",
    "Työhyvinvointikehittämissuunnitelmavalmiudet",
    "Trust & $costs$ of a_b",
    "Storytelling for people who have never met a scientist before in their working life",
)
OPTIONS: dict[str, Any] = {
    "title": "Reviewers support most of the skills; one interval lies below the line and needs a second look",
    "subtitle": "Share of reviewers rating the skill relevant, Wilson interval, thirty guide reviewers",
    "source_line": "Source: guide review of an illustrative study. Licence CC BY 4.0.",
    "synthetic": True,
}


def rows(k: int, *, hide: bool = True) -> pd.DataFrame:
    """Return `k` rows with long names; the second is masked (and carries numbers that must not get out)."""
    share = np.linspace(0.97, 0.3, k)
    frame = pd.DataFrame(
        {
            "target_id": [f"S{i + 1:02d}" for i in range(k)],
            "label": [NAMES[i % len(NAMES)] for i in range(k)],
            "estimate": share,
            "ci_low": np.maximum(0, share - 0.17),
            "ci_high": np.minimum(1, share + 0.1),
            "ci_level": 0.95,
            "n_used": 24 + np.arange(k) % 7,
            "status": "ok",
            "reason": "",
        }
    )
    if hide:
        frame.loc[1, ["estimate", "ci_low", "ci_high", "n_used"]] = [SECRET, SECRET, SECRET, SECRET_COUNT]
        frame.loc[1, ["status", "reason"]] = ["masked", REASON]
        if k > 5:
            frame.loc[5, ["status", "reason"]] = ["too_few", LONG_REASON]
    return frame


def graded(k: int) -> pd.DataFrame:
    frame = rows(k)
    return frame.assign(grade=["+0-?"[i % 4] for i in range(k)])


SCALE = ("strongly disagree", "disagree", "neither", "agree", "strongly agree")


def answers(k: int) -> pd.DataFrame:
    parts = []
    for i, row in rows(k).iterrows():
        counts = [1 + i % 3, 2, 3 + i % 5, 9 - i % 4, 10, 2]
        for name, count in zip((*SCALE, "don't know"), counts, strict=True):
            parts.append({**row.to_dict(), "value": name, "count": count})
    return pd.DataFrame(parts)


def boxes(k: int) -> pd.DataFrame:
    parts = []
    for i in range(k):
        for step, count in zip(("invited", "consented", "took part", "used"), (1033 + i, 41, 40, 36), strict=True):
            hidden = i == 1 and step == "took part"
            parts.append({"target_id": f"A{i}", "label": NAMES[i % len(NAMES)], "group": step,
                          "count": SECRET_COUNT if hidden else count, "status": "masked" if hidden else "ok",
                          "reason": REASON if hidden else ""})  # fmt: skip
    return pd.DataFrame(parts)


def rounds(k: int) -> pd.DataFrame:
    first, last = rows(k, hide=False).assign(round=1), rows(k).assign(round=2)
    last.loc[last["status"] == "ok", "estimate"] = 0.7 + 0.01 * np.arange((last["status"] == "ok").sum()) % 0.2
    return pd.concat([first, last], ignore_index=True)


def verdicts(k: int) -> pd.DataFrame:
    words = list(LIGHT.verdicts)
    frame = rows(k)[["target_id", "label", "status", "reason"]]
    return frame.assign(
        verdict=[words[i % len(words)] for i in range(k)], group=[f"Tier {1 + i * 3 // k}" for i in range(k)]
    )


STREAMS = ("Guide review: relevance", "Workshop: agreement", "Focus groups: salience", "Tool review: items")


def grades(k: int) -> pd.DataFrame:
    parts = []
    for i in range(k):
        for j, stream in enumerate(STREAMS):
            hidden = (i, j) == (1, 2)
            parts.append({"target_id": f"S{i:02d}", "label": NAMES[i % len(NAMES)], "stream": stream,
                          "grade": "++0-?"[(i * 3 + j * (i % 4)) % 5],
                          "status": "masked" if hidden else "ok",
                          "reason": REASON if hidden else ""})  # fmt: skip
    return pd.DataFrame(parts)


def tiered(k: int) -> pd.DataFrame:
    return rows(k).assign(group=[f"Tier {1 + i * 3 // k}" for i in range(k)])


def curve(k: int) -> pd.DataFrame:
    x = np.arange(1, k + 1)
    share = 1 - 0.5**x
    frame = pd.DataFrame({"value": x, "estimate": share, "lowest": share * 0.8, "status": "ok", "reason": ""})
    frame["highest"] = np.minimum(1, share * 1.1)
    frame.loc[1, ["estimate", "lowest", "highest"]] = SECRET
    frame.loc[1, ["status", "reason"]] = ["masked", REASON]
    return frame


def cells(k: int) -> pd.DataFrame:
    parts = []
    for i in range(k):
        for j in range(i + 1):
            hidden = (i, j) == (2, 1)
            parts.append({"target_id": f"S{i:02d}", "label": NAMES[i % len(NAMES)],
                          "group": f"S{j:02d} {NAMES[j % len(NAMES)]}",
                          "estimate": SECRET if hidden else np.cos(i * 7 + j * 3) * 0.9,
                          "status": "masked" if hidden else "ok",
                          "reason": REASON if hidden else ""})  # fmt: skip
    return pd.DataFrame(parts)


def eigenvalues(k: int) -> pd.DataFrame:
    x = np.arange(1, k + 1)
    return pd.DataFrame({"value": x, "estimate": 3.5 * np.exp(-0.5 * x) + 0.4, "reference": 1.6 - 1.2 * x / k})


def paths(k: int) -> pd.DataFrame:
    kinds = ("wording of an item or of a label of the scale", "add", "remove", "move between modules",
             "scope", "technical", "praise")[: max(2, k)]  # fmt: skip
    parts = [
        {"kind": kind, "outcome": outcome, "label": change, "count": 6 + (7 * i + 3 * j + m) % 11,
         "status": "ok", "reason": ""}
        for i, kind in enumerate(kinds)
        for j, outcome in enumerate(("accept", "accept in part", "reject", "defer"))
        for m, change in enumerate(("major", "minor", "no change"))
    ]  # fmt: skip
    parts[3].update(status="masked", reason=REASON, count=SECRET_COUNT)
    return pd.DataFrame(parts)


def scores(k: int) -> pd.DataFrame:
    frame = rows(k)
    frame[["estimate", "ci_low", "ci_high"]] *= 100
    return frame


LINES = {"supported from": 0.7, "not supported below": 0.78}
CHARTS: dict[str, Callable[..., figures.Figure]] = {
    "dot_interval": lambda k, **o: figures.dot_interval(graded(k), thresholds=LINES, value_format="share", **o),
    "dot_interval_groups": lambda k, **o: figures.dot_interval(tiered(k), thresholds={"target": 0.7}, **o),
    "likert": lambda k, **o: figures.likert(answers(k), scale=SCALE, neutral="neither", missing="don't know", **o),
    "likert_stacked": lambda k, **o: figures.likert(
        answers(k), scale=SCALE, neutral="neither", missing="don't know", variant="stacked", **o
    ),
    "flow": lambda k, **o: figures.flow(boxes(k), **o),
    "slope": lambda k, **o: figures.slope(rounds(k), highlight=["S01", "S03"], **o),
    "tiles": lambda k, **o: figures.tiles(verdicts(k), **o),
    "grade_matrix": lambda k, **o: figures.grade_matrix(grades(k), verdicts=verdicts(k), **o),
    "upset": lambda k, **o: figures.upset(grades(k), **o),
    "tiers": lambda k, **o: figures.tiers(tiered(k), **o),
    "saturation": lambda k, **o: figures.saturation(curve(k), thresholds={"known": 0.8}, **o),
    "heatmap": lambda k, **o: figures.heatmap(cells(k), value_format="correlation", **o),
    "scree": lambda k, **o: figures.scree(eigenvalues(k), **o),
    "alluvial": lambda k, **o: figures.alluvial(paths(k), **o),
    "gauge_strip": lambda k, **o: figures.gauge_strip(scores(k), **o),
}
WITH_HIDDEN = sorted(set(CHARTS) - {"scree"})


def texts_of(figure: Any) -> list[tuple[str, Any]]:
    """Return every visible text with its box in pixels."""
    from matplotlib.text import Text

    with house_style():
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
        found = [
            (text.get_text(), text.get_window_extent(renderer))
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text().strip()
        ]
    return [(text, box) for text, box in found if box.width > 0]


def faults(figure: Any, slack: float = 1.0) -> list[str]:
    """Return what is wrong with the texts of a figure: overlaps, and parts outside the sheet."""
    found = texts_of(figure)
    width, height = figure.get_size_inches() * figure.dpi
    wrong = [
        f"{text!r} leaves the sheet"
        for text, box in found
        if box.x0 < -slack or box.y0 < -slack or box.x1 > width + slack or box.y1 > height + slack
    ]
    for index, (text, box) in enumerate(found):
        for other, rest in found[index + 1 :]:
            wide = min(box.x1, rest.x1) - max(box.x0, rest.x0)
            high = min(box.y1, rest.y1) - max(box.y0, rest.y0)
            if wide > slack and high > slack:
                wrong.append(f"{text!r} overlaps {other!r}")
    return wrong


class Summary(NamedTuple):
    alt: str
    data: pd.DataFrame
    texts: list[str]
    faults: list[str]


@cache
def summary(name: str, k: int, width: float = 8.0) -> Summary:
    """Return what several tests ask of one chart; the chart itself is not kept."""
    chart = CHARTS[name](k, **OPTIONS, width=width)
    return Summary(chart.alt, chart.data, [text for text, _ in texts_of(chart.figure)], faults(chart.figure))


@pytest.mark.parametrize(("k", "width"), [(3, 8.0), (8, 6.5), (25, 8.0), (25, 6.5)])
@pytest.mark.parametrize("name", CHARTS)
def test_no_text_overlaps_or_leaves_the_sheet(name: str, k: int, width: float) -> None:
    assert len(summary(name, k, width).texts) > 4
    assert summary(name, k, width).faults == []


def test_negative_control_an_overlap_and_a_clipped_label_are_found() -> None:
    chart = CHARTS["dot_interval"](3, **OPTIONS)
    chart.figure.text(0.5, 0.5, "one label")
    chart.figure.text(0.51, 0.505, "another label")
    chart.figure.text(0.97, 0.02, "too far to the right")
    wrong = faults(chart.figure)
    assert "'one label' overlaps 'another label'" in wrong
    assert "'too far to the right' leaves the sheet" in wrong


def longer(text: str) -> str:
    """Return a text of the pseudo-locale: its letters carry accents and it is two fifths longer."""
    extra = "ŵéłł " * (1 + len(text) * 2 // 25)
    return f"[{text} {extra.strip()}]"[: max(len(text) + 2, int(len(text) * 1.4))] + "]"


@pytest.mark.parametrize("width", [7.2, 6.5])
@pytest.mark.parametrize("name", CHARTS)
def test_no_text_overlaps_when_all_words_are_two_fifths_longer(
    name: str, width: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "NAMES", tuple(map(longer, NAMES)))
    monkeypatch.setattr(sys.modules[__name__], "STREAMS", tuple(map(longer, STREAMS)))
    options = OPTIONS | {key: longer(OPTIONS[key]) for key in ("title", "subtitle", "source_line")}
    words = {key: longer(word) for key, word in figures.WORDS.items()}
    chart = CHARTS[name](25, **options, width=width, words=words)
    drawn = texts_of(chart.figure)
    assert any("ŵé" in text for text, _ in drawn)
    assert faults(chart.figure) == []


@pytest.mark.parametrize("k", [3, 25])
@pytest.mark.parametrize("name", CHARTS)
def test_alternative_text_is_short_and_marked(name: str, k: int) -> None:
    alt = summary(name, k).alt
    assert 30 < len(alt) <= 250
    assert alt.startswith("Synthetic data.")
    assert alt.endswith(".")
    assert "nan" not in alt
    assert "None" not in alt
    assert not CHARTS[name](k, title="A statement").alt.startswith("Synthetic")


@pytest.mark.parametrize("name", WITH_HIDDEN)
def test_hidden_values_stay_hidden(name: str) -> None:
    chart = summary(name, 8)
    drawn = " ".join(chart.texts)
    for text in (drawn, chart.alt):
        assert "43" not in text.replace("S43", "")
        assert "not shown" in text
    hidden = chart.data[chart.data["status"] != "ok"]
    assert len(hidden)
    numbers = hidden.select_dtypes("number").drop(columns=["value", "round", "ci_level"], errors="ignore")
    masked = numbers[(hidden["status"] == "masked").to_numpy()]
    if name != "upset":
        assert masked.isna().all().all()
    assert SECRET not in chart.data.select_dtypes("number").to_numpy()


@pytest.mark.parametrize("name", WITH_HIDDEN)
def test_reason_is_printed(name: str) -> None:
    drawn = " ".join(" ".join(summary(name, 8).texts).split())
    assert REASON in drawn


def test_loss_beside_a_hidden_count_is_not_printed() -> None:
    chart = figures.flow(boxes(2), **OPTIONS)
    drawn = [text for text, _ in texts_of(chart.figure)]
    assert drawn.count("\u22121") == 1
    assert drawn.count("\u22124") == 1
    shown_all = boxes(2).assign(status="ok", count=lambda frame: frame["count"].replace(SECRET_COUNT, 40))
    assert [text for text, _ in texts_of(figures.flow(shown_all, **OPTIONS).figure)].count("\u22121") == 2


@pytest.mark.parametrize("name", CHARTS)
def test_mark_on_synthetic_data(name: str) -> None:
    stamped = summary(name, 3).texts
    plain = [text for text, _ in texts_of(CHARTS[name](3, **{**OPTIONS, "synthetic": False}).figure)]
    assert "SYNTHETIC DATA" in stamped
    assert "SYNTHETIC DATA" not in plain


@pytest.mark.parametrize("name", CHARTS)
def test_input_is_not_changed_and_table_is_new(name: str) -> None:
    before = {key: builder(8) for key, builder in BUILDERS.items()}
    first, second = CHARTS[name](8, **OPTIONS), CHARTS[name](8, **OPTIONS)
    pd.testing.assert_frame_equal(first.data, second.data)
    assert first.alt == second.alt
    for key, builder in BUILDERS.items():
        pd.testing.assert_frame_equal(before[key], builder(8))


BUILDERS: dict[str, Callable[[int], pd.DataFrame]] = {"rows": rows, "cells": cells, "paths": paths}


@pytest.mark.parametrize(
    ("draw", "given"),
    [
        (figures.dot_interval, graded(8)),
        (figures.tiers, tiered(8)),
        (figures.flow, boxes(3)),
        (figures.slope, rounds(8)),
        (figures.heatmap, cells(4)),
        (figures.saturation, curve(5)),
        (figures.alluvial, paths(3)),
        (figures.gauge_strip, scores(3)),
    ],
)
def test_tables_with_nullable_types_give_the_same_chart(draw: Callable[..., Any], given: pd.DataFrame) -> None:
    nullable = given.convert_dtypes()
    hidden = (nullable["status"] == "masked").to_numpy()
    for name in nullable.select_dtypes("number").columns.difference(["round", "value"]):
        nullable.loc[hidden, name] = pd.NA
    plain, other = draw(given, **OPTIONS), draw(nullable, **OPTIONS)
    assert [text for text, _ in texts_of(plain.figure)] == [text for text, _ in texts_of(other.figure)]
    assert plain.alt == other.alt


def test_a_threshold_that_names_its_value_is_not_repeated() -> None:
    chart = figures.dot_interval(rows(3), thresholds={"70 %": 0.7}, value_format="share", **OPTIONS)
    plain = figures.dot_interval(rows(3), thresholds={"70\u00a0%": 0.7}, value_format="share", **OPTIONS)
    assert "70\u00a0% 70\u00a0%" not in [text for text, _ in texts_of(plain.figure)]
    assert "70\u00a0%" in [text for text, _ in texts_of(plain.figure)]
    assert "70 % 70\u00a0%" in [text for text, _ in texts_of(chart.figure)]


def test_rows_given_are_left_alone() -> None:
    given = rows(8)
    copy = given.copy(deep=True)
    figures.dot_interval(given, **OPTIONS)
    pd.testing.assert_frame_equal(given, copy)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_same_input_same_bytes(kind: str) -> None:
    copies = []
    for _ in range(2):
        target = io.BytesIO()
        save_figure(CHARTS["dot_interval"](3, **OPTIONS).figure, target, kind)
        copies.append(target.getvalue())
    assert copies[0] == copies[1]
    assert len(copies[0]) > 5000


@pytest.mark.parametrize("name", CHARTS)
def test_dark_theme_uses_its_background(name: str) -> None:
    from matplotlib.colors import to_hex

    chart = CHARTS[name](3, **OPTIONS, theme="dark")
    assert to_hex(chart.figure.get_facecolor()).upper() == "#14181F"
    assert faults(chart.figure) == []


@pytest.mark.parametrize("name", CHARTS)
def test_every_colour_of_a_chart_has_its_partner_on_dark(name: str) -> None:
    drawings = []
    for theme in ("light", "dark"):
        target = io.BytesIO()
        save_figure(CHARTS[name](8, **OPTIONS, theme=theme).figure, target, "svg")
        drawings.append(target.getvalue().decode("utf-8"))
    light, dark = drawings
    for colour, other in dark_colours(light).items():
        if other == "#000000":
            continue  # the default of SVG, which is not written out
        for role in ("fill", "stroke"):
            assert (f"{role}: {colour}" in light) <= (f"{role}: {other}" in dark)
    with pytest.raises(DisplayError, match="no partner"):
        dark_colours(dark)


def test_locale_and_words_reach_drawing_and_alternative_text() -> None:
    words = {
        "not_shown": "nie pokazano",
        "synthetic": "DANE SZTUCZNE",
        "alt.hidden": "Nie pokazano: {count}.",
    }
    chart = figures.dot_interval(rows(3), **OPTIONS, locale="pl", words=words)
    drawn = " ".join(text for text, _ in texts_of(chart.figure))
    assert "0,97 [0,80; 1,00]" in drawn
    assert "nie pokazano" in drawn
    assert "DANE SZTUCZNE" in drawn
    assert "Nie pokazano: 1." in chart.alt


def test_likert_shares_leave_out_those_who_did_not_judge() -> None:
    data = CHARTS["likert"](3, **OPTIONS).data
    first = data[data["target_id"] == "S01"].set_index("value")
    assert first.loc["agree", "share"] == pytest.approx(9 / 25)
    assert first.loc[list(SCALE), "share"].sum() == pytest.approx(1)
    assert np.isnan(first.loc["don't know", "share"])


def test_likert_is_sorted_by_the_lower_limit() -> None:
    data = figures.likert(answers(8).iloc[::-1], scale=SCALE, neutral="neither", missing="don't know", **OPTIONS).data
    limits = data.drop_duplicates("target_id").query("status == 'ok'")["ci_low"].tolist()
    assert limits == sorted(limits, reverse=True)


def test_upset_counts_each_target_once() -> None:
    data = figures.upset(grades(25), **OPTIONS).data
    assert data["count"].sum() == 25
    left_out = data[data["status"] != "ok"]
    assert left_out["target_id"].tolist() == ["S01"]


def test_alluvial_keeps_at_most_five_streams_per_stage_and_loses_none() -> None:
    given = paths(7)
    data = figures.alluvial(given, **OPTIONS).data
    ok = data[data["status"] == "ok"]
    assert ok["kind"].nunique() == 5
    assert ok["count"].sum() == given.loc[given["status"] == "ok", "count"].sum()


def test_scree_counts_components_above_reference() -> None:
    values = pd.DataFrame({"value": [1, 2, 3, 4], "estimate": [3.0, 1.0, 1.5, 0.5], "reference": [1.4, 1.2, 1.1, 0.9]})
    assert "1 stand above" in figures.scree(values, **OPTIONS).alt


def test_scree_counts_nothing_when_a_component_is_hidden() -> None:
    values = eigenvalues(4).assign(status=["ok", "undefined", "ok", "ok"], reason=["", "not positive definite", "", ""])
    alt = figures.scree(values, **OPTIONS).alt
    assert "stand above" not in alt
    assert "1 not shown." in alt


def test_a_table_without_any_number_can_be_drawn() -> None:
    hidden = rows(3).assign(status="masked", reason=REASON)
    for chart in (figures.dot_interval(hidden, **OPTIONS), figures.gauge_strip(hidden, **OPTIONS)):
        assert "3 not shown." in chart.alt
        assert faults(chart.figure) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: figures.dot_interval(rows(3).drop(columns="estimate"), **OPTIONS),
            "column 'estimate' is missing",
        ),
        (lambda: figures.dot_interval(rows(3).iloc[:0], **OPTIONS), "no rows"),
        (
            lambda: figures.dot_interval(rows(3).assign(status="ok", estimate=np.nan), **OPTIONS),
            "S01 has status 'ok'",
        ),
        (lambda: figures.dot_interval(rows(3).assign(status="fine"), **OPTIONS), "status 'fine'"),
        (lambda: figures.dot_interval(rows(3)), "needs a title"),
        (lambda: figures.dot_interval(rows(3), titel="x", **OPTIONS), "option 'titel'"),
        (lambda: figures.dot_interval(rows(3), **OPTIONS, theme="sepia"), "theme='sepia'"),
        (
            lambda: figures.likert(answers(3), scale=SCALE[:4], neutral="neither", **OPTIONS),
            "not in the scale",
        ),
        (lambda: figures.likert(answers(3), scale=SCALE, **OPTIONS), "neutral category named"),
        (lambda: figures.tiles(verdicts(3).assign(verdict="great"), **OPTIONS), "verdict 'great'"),
        (lambda: figures.grade_matrix(grades(3).assign(grade="A"), **OPTIONS), "grade 'A'"),
        (
            lambda: figures.gauge_strip(scores(3).assign(estimate=101.0, status="ok"), **OPTIONS),
            "outside the scale",
        ),
        (lambda: figures.slope(rows(3).assign(round=1), **OPTIONS), "two or more"),
    ],
)
def test_user_errors_name_the_problem(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(DisplayError, match=message):
        call()


def test_labels_moved_apart_keep_order_and_do_not_overlap() -> None:
    wanted, sizes = [1.0, 1.05, 1.02, 3.0], [0.3, 0.2, 0.2, 0.4]
    placed = spread(wanted, sizes, 0.0, 4.0)
    order = np.argsort(wanted, kind="stable")
    for above, below in pairwise(order):
        assert placed[below] - placed[above] >= (sizes[above] + sizes[below]) / 2 - 1e-9
    assert placed[3] == 3.0


def test_wrapped_lines_fit_and_long_words_are_split() -> None:
    for name in NAMES:
        lines = wrap(name, 1.0).split("\n")
        assert max(text_width(line) for line in lines) <= 1.0
        assert "".join(lines).replace("-", "").replace(" ", "") == name.replace("-", "").replace(" ", "")
    assert wrap(NAMES[0], 1.0, lines=2).endswith("…")


def test_house_style_puts_the_old_settings_back() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams.copy())
    with house_style():
        assert matplotlib.rcParams["svg.hashsalt"] == "ktss"
        assert matplotlib.rcParams["pdf.fonttype"] == 42
    assert dict(matplotlib.rcParams.copy()) == before


def test_importing_and_drawing_do_not_load_pyplot() -> None:
    code = (
        "import sys; import ktss_analysis.display.figures as f; assert 'matplotlib' not in sys.modules;"
        "import pandas as pd; rows = pd.DataFrame({'target_id': ['a'], 'estimate': [.5]});"
        "f.dot_interval(rows, title='t');"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_threads_may_draw_at_once() -> None:
    expected = [text for text, _ in texts_of(CHARTS["tiers"](8, **OPTIONS).figure)]
    results: list[list[str]] = []
    threads = [
        threading.Thread(
            target=lambda: results.append([text for text, _ in texts_of(CHARTS["tiers"](8, **OPTIONS).figure)])
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def test_a_forest_plot_of_25_rows_is_drawn_quickly() -> None:
    data = graded(25)
    figures.dot_interval(data, **OPTIONS)
    times = []
    for _ in range(5):
        start = time.process_time()
        figures.dot_interval(data, thresholds=LINES, value_format="share", **OPTIONS)
        times.append(time.process_time() - start)
    assert min(times) < 0.3


def test_verdict_spellings_are_one() -> None:
    assert verdict_mark("not_decided") == verdict_mark("Not decided") == verdict_mark("undecided")


def test_names_in_sentences_are_cut() -> None:
    assert base.short("a" * 60) == "a" * 37 + "…"
