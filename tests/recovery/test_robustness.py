"""Shuffled, untidy, tiny, incomplete and structureless studies: the same numbers, or an honest gap."""

from __future__ import annotations

import csv
import html
import io
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml
from inprocess import run_notebooks, run_reports
from openpyxl import load_workbook
from planted_run import ANALYSIS, Run, run_analysis, run_demo

from ktss_analysis.disclosure import NOT_ABOUT_PEOPLE, SIZES
from ktss_analysis.display import emit
from ktss_analysis.display.catalogue import Catalogue
from ktss_analysis.pipeline.layout import NODES
from ktss_analysis.pipeline.publish import render_document

DOCUMENTS = tuple(node.name for node in NODES if node.document)
STREAM_OF = {"best_worst": "ranking"}  # where the stream's name is not the activity's
SAID = ("workshop", "guide_review", "focus_groups", "best_worst")  # missing ones that a chapter must admit
ACTIVITIES = (
    "register", "guide_review", "tool_review", "workshop", "best_worst", "focus_groups", "quality_board", "assembly",
    "triage",
)  # fmt: skip


# ------------------------------------------------------------------------------------------- helpers


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay figures out, but do not spend time on writing their pictures."""

    def blank(figure: object) -> tuple[str, bytes]:
        figure.clear()  # type: ignore[attr-defined]
        return '<svg xmlns="http://www.w3.org/2000/svg"/>', b""

    monkeypatch.setattr(emit, "_pictures", blank)


def texts(run: Run) -> dict[str, str]:
    """Return all that a document prints, figures' alternative texts included, by document."""
    found = {}
    for name in DOCUMENTS:
        path = run.stages / name / "executed.ipynb"
        if path.is_file():
            notebook = nbformat.read(path, as_version=4)
            found[name] = "\n".join(_printed(notebook))
    return found


def _printed(notebook: nbformat.NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind, content in output["data"].items():
                if not kind.startswith("image/"):
                    yield content if isinstance(content, str) else "".join(map(str, content))


def check_texts(printed: dict[str, str]) -> None:
    """No missing number leaks as a word, and a skill or code is never named by its id."""
    assert printed
    for name, text in printed.items():
        for word in (r"\bnan\b", r"<NA>", r"\bNone\b(?! of)", r"\bNaT\b"):
            assert not re.search(word, text, re.I if "nan" in word else 0), (name, word)
        if name not in (
            "12_audit_annex",
            "13_quality_board",
        ):  # claims are result ids; the board's table names skills by id
            hit = re.search(r"(?<![\w.~-])[SC]\d\d(?![\w\\-])", text)
            assert hit is None, (name, text[max(0, hit.start() - 80) : hit.end() + 40])


def check_rows(run: Run) -> None:
    """Every published row is a number or an honest gap; no number rests on a few people."""
    public = run.public
    assert len(public)
    gap = public["status"] != "ok"
    assert public.loc[gap, ["estimate", "ci_low", "ci_high"]].isna().all().all()
    assert (public.loc[gap, "reason"] != "").all()
    people = ~public["unit"].isin(NOT_ABOUT_PEOPLE) & ~public["statistic"].isin(SIZES)
    assert not (public.loc[people & ~gap, "n_used"].between(1, 4)).fillna(False).any()
    raw = run.public_file.read_text(encoding="utf-8")
    assert not re.search(r"(?i)(^|[,\s])(nan|<na>|none|inf)($|[,\s])", raw, re.M)
    assert "@" not in raw


def report_text(page: Path) -> str:
    """Return the visible text of an HTML page."""
    text = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", page.read_text(encoding="utf-8"))
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


@pytest.fixture(scope="module")
def clean_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_demo(tmp_path_factory.mktemp("clean"), clean=True)


# ------------------------------------------------------------------------------------------- shuffled


def shuffle_text(path: Path, rng: random.Random) -> None:
    """Shuffle a text file of the tidy variant: UTF-8, one of three separators."""
    text = path.read_bytes().decode("utf-8-sig")
    first = text.splitlines()[0]
    separator = max(";\t,", key=first.count)
    header, *rows = csv.reader(io.StringIO(text), delimiter=separator)
    order = rng.sample(range(len(header)), len(header))
    rng.shuffle(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerows([row[place] for place in order] for row in (header, *rows))


def shuffle_book(path: Path, sheet: str, rng: random.Random) -> None:
    book = load_workbook(path)
    cells = book[sheet]
    header, *rows = cells.iter_rows(values_only=True)
    order = rng.sample(range(len(header)), len(header))
    rng.shuffle(rows)
    for number, row in enumerate((header, *rows), 1):
        for column, place in enumerate(order, 1):
            cells.cell(number, column).value = row[place]
    book.save(path)


def shuffle(data: Path, rng: random.Random) -> int:
    """Shuffle rows and columns of every raw file; return how many files there were."""
    sheets = {"register": "Register", "tool_review": "Responses", "workshop_round2": "Round 2"}
    files = sorted(path for path in data.rglob("*") if path.is_file())
    for path in files:
        if path.suffix == ".xlsx":
            (sheet,) = (name for part, name in sheets.items() if part in path.name)
            shuffle_book(path, sheet, rng)
        else:
            shuffle_text(path, rng)
    return len(files)


def test_order_of_rows_and_columns_changes_no_byte(clean_run: Run, tmp_path: Path) -> None:
    shutil.copytree(clean_run.study.parent, tmp_path / "study")
    before = {path: path.read_bytes() for path in (tmp_path / "study" / "data").rglob("*") if path.is_file()}
    assert shuffle(tmp_path / "study" / "data", random.Random(3)) == len(before) == 19
    assert all(path.read_bytes() != content for path, content in before.items())
    run = run_analysis(tmp_path / "study" / "study.yaml", tmp_path / "run")
    assert run.public_file.read_bytes() == clean_run.public_file.read_bytes()


# ------------------------------------------------------------------------------------------- untidy


def test_untidy_files_give_the_results_of_tidy_ones(golden_run: Run, clean_run: Run) -> None:
    """Formats, repeated and late forms change what cleaning did, and nothing else."""
    dirty, tidy = (
        run.public[run.public["stream"] != "cleaning"].drop(columns="result_id") for run in (golden_run, clean_run)
    )
    assert len(golden_run.quarantine()) > len(clean_run.quarantine())
    pd.testing.assert_frame_equal(dirty, tidy)


# ------------------------------------------------------------------------------------------- tiny


@pytest.mark.parametrize(
    "n", [4, pytest.param(8, marks=pytest.mark.nightly), pytest.param(15, marks=pytest.mark.nightly)]
)
def test_tiny_study_is_reported_with_its_gaps(n: int, tmp_path: Path) -> None:
    run = run_demo(tmp_path, n=n)
    check_rows(run)
    assert set(run.labels("decisions", "verdict").values()) == {"not_decided"}
    run_notebooks(run.study, run.folder, only=DOCUMENTS)
    check_texts(texts(run))
    place = run.stages / "10_report"
    render_document(place / "executed.ipynb", place, stem="report", formats=("html",))
    statuses = set(run.public["status"])
    assert statuses >= ({"ok", "masked", "too_few"} if n < 5 else {"ok", "too_few"})
    page = report_text(place / "report.html")
    words = Catalogue("en")
    assert words.text("limits.not_decided") in " ".join(page.split())
    assert not re.search(r"\bnan\b", page, re.I)


@pytest.mark.nightly
def test_panel_of_fifteen_is_judged_and_its_reviews_are_not(tmp_path: Path) -> None:
    run = run_demo(tmp_path, n=15)
    check_rows(run)
    grades = {aspect: set(part["label"]) for aspect, part in run.select("decisions", "grade").groupby("aspect")}
    assert grades["relevance"] == {"not_evaluable"}
    assert grades["items"] == {"not_evaluable"}
    assert grades["consensus"] - {"not_evaluable"}
    assert set(run.labels("decisions", "verdict").values()) == {"not_decided"}
    alpha = run.select("self_assessment", "cronbach_alpha")
    assert set(alpha["status"]) == {"too_few"}
    assert (run.select("guide_review", "item_cvi")["status"] == "ok").all(), "counts are shown from five answers"


# ------------------------------------------------------------------------------------------- incomplete


def without(golden: Run, activity: str, place: Path) -> Run:
    """Run the demonstration without one activity; notebooks that do not depend on it keep their outputs."""
    study = yaml.safe_load(golden.study.read_text(encoding="utf-8"))
    left = [source for source in study["sources"] if source["activity"] != activity]
    assert len(left) < len(study["sources"])
    folder = golden.study.parent
    study |= {"sources": left, "data_dir": str(folder / "data"), "framework": str(folder / "framework.yaml"),
              "rules": str(folder / "rules.yaml")}  # fmt: skip
    path = place / "study.yaml"
    path.write_text(yaml.safe_dump(study, allow_unicode=True, sort_keys=False), encoding="utf-8")
    again: list[str] = []
    for node in NODES:
        if node.name not in ANALYSIS:
            continue
        if activity in node.activities or set(again) & set(node.needs):
            again.append(node.name)
        else:
            shutil.copytree(golden.stages / node.name, place / "run" / "private" / "stages" / node.name)
    run_notebooks(path, place / "run", only=again)
    return Run(path, place / "run")


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_study_without_one_source(golden_run: Run, activity: str, tmp_path: Path, no_pictures: None) -> None:
    run = without(golden_run, activity, tmp_path)
    check_rows(run)
    check_verdicts(run, golden_run, activity)
    stream = STREAM_OF.get(activity, activity)
    shared = {"decisions", "participants", "cleaning", stream}
    if activity == "tool_review":
        shared.add("self_assessment")
    if activity == "triage":
        shared |= {"guide_review", "tool_review"}  # their comments came from there
    # decisions cite the review and its answers date the earlier wording; the first comments are of the groups
    parted = {"tool_review": ["finding", "retest"], "focus_groups": ["median_days_open"]}.get(activity, [])
    kept, before = (
        r.public[~r.public["stream"].isin(shared) & ~r.public["statistic"].isin(parted)] for r in (run, golden_run)
    )
    pd.testing.assert_frame_equal(kept, before)
    found = run.public[run.public["statistic"] == "finding"]
    assert set(found["aspect"]) == ({"evidence_unknown"} if activity == "tool_review" else set())
    mine = run.public[run.public["stream"] == stream]
    assert not set(mine["unit"]) & {"share", "coefficient", "correlation", "points"}
    if activity in SAID:
        run_notebooks(run.study, run.folder, only=DOCUMENTS[:1])
        printed = texts(run)
        check_texts(printed)
        words = Catalogue("en")
        name = words.text(f"activity.{activity}")
        assert words.text("stream.not_collected", stream=name) in printed["10_report"]
        assert words.text("limits.not_collected", stream=name) in printed["10_report"]


def check_verdicts(run: Run, golden: Run, activity: str) -> None:
    found, before = run.labels("decisions", "verdict"), golden.labels("decisions", "verdict")
    grades = run.select("decisions", "grade")
    silent = {"guide_review": "relevance", "workshop": "consensus", "focus_groups": "salience", "tool_review": "items"}
    if activity not in silent:
        assert found == before
        return
    mine = grades[grades["aspect"] == silent[activity]]
    assert set(mine["label"]) == {"not_evaluable"}
    assert set(mine["reason"]) <= {"not_collected", "no_items"}
    if activity in ("guide_review", "workshop"):
        assert set(found.values()) == {"not_decided"}
    elif activity == "tool_review":
        assert "keep" not in found.values()
        assert "drop" in found.values()
    else:
        assert set(found) == set(before)


@pytest.mark.nightly
@pytest.mark.parametrize("activity", ACTIVITIES)
def test_documents_of_a_study_without_one_source(golden_run: Run, activity: str, tmp_path: Path) -> None:
    run = without(golden_run, activity, tmp_path)
    run_reports(run.study, run.folder)
    check_texts(texts(run))


# ------------------------------------------------------------------------------------------- no structure


def test_study_without_structure_supports_nothing(tmp_path: Path) -> None:
    run = run_demo(tmp_path, null=True)
    check_rows(run)
    grades = run.select("decisions", "grade")
    judged = grades[grades["aspect"].isin(["relevance", "consensus", "items"])]
    assert "supported" not in set(judged["label"])
    assert not {"keep", "keep_discordant", "provisional"} & set(run.labels("decisions", "verdict").values())
    alpha = run.select("self_assessment", "cronbach_alpha").set_index("target_id")
    assert (alpha["ci_low"] < 0.50).all()
    # 48 pairs within skills; an r of .80 among 30 unrelated answers has a probability below 1e-7
    assert "redundant" not in set(run.select("decisions", "item_flag")["label"])
    # a 95 % interval for r = 0 excludes 0 in one pair of twenty: at most 7 of 48 with probability .99
    pairs = run.select("self_assessment", "inter_item_correlation")
    outside = (pairs["ci_low"] > 0) | (pairs["ci_high"] < 0)
    assert len(pairs) == 48
    assert outside.sum() <= 7
    tiers = run.labels("ranking", "tier")
    assert len(set(tiers.values())) <= 3, "chance separates few tiers"
