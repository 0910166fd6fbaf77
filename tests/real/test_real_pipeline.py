"""Real studies through the notebooks: reference numbers in the published results, and a report that fits the study."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from inprocess import run_notebooks, run_reports, run_translation

from ktss_analysis.pipeline.layout import NODES
from ktss_analysis.readers import read_table
from ktss_analysis.results import read_results
from ktss_analysis.study import load_study

HERE = Path(__file__).resolve().parent
ANALYSIS = tuple(node.name for node in NODES if not node.document)
DEMONSTRATION = (
    "soft skill", "knowledge transfer", "technology transfer", "programme guide", "training programme", "KT ",
    "TTO", "university",
)  # fmt: skip
"""Words of the demonstration study, which a report on another study has no reason to print."""


@pytest.fixture(autouse=True)
def _key(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTSS_PSEUDONYM_KEY", "a key for tests of real files only")


class Published:
    """Published results of one run, and what cleaning logged."""

    def __init__(self, study: Path, folder: Path) -> None:
        self.study, self.folder = study, folder
        self.stages = folder / "private" / "stages"
        self.rows = read_results(self.stages / "09_decisions" / "public.csv").set_index("result_id", drop=False)

    def number(self, result_id: str, column: str = "estimate") -> float:
        row = self.rows.loc[result_id]
        assert row["status"] == "ok", f"{result_id}: {row['status']} ({row['reason']})"
        return float(row[column])

    def by_target(self, stream: str, statistic: str, group: str = "", aspect: str = "") -> pd.Series:
        rows = self.rows
        for column, value in (("stream", stream), ("statistic", statistic), ("group", group), ("aspect", aspect)):
            rows = rows[rows[column] == value]
        assert (rows["status"] == "ok").all()
        return rows.set_index("target_id")["estimate"].astype(float)

    def log(self, stage: str) -> pd.DataFrame:
        return pd.read_csv(self.stages / stage / "change_log.csv", keep_default_na=False)


def analyse(study: Path, folder: Path) -> Published:
    run_notebooks(study, folder, only=ANALYSIS)
    return Published(study, folder)


def variant(name: str, place: Path, shared: Path, change: Callable[[dict, dict, dict], None]) -> Path:
    """Write a changed copy of a real study with its framework and rules; return the study file."""
    study, framework = (yaml.safe_load((HERE / name / f"{part}.yaml").read_text()) for part in ("study", "framework"))
    rules = yaml.safe_load((HERE / name / study["rules"]).resolve().read_text())
    study["data_dir"] = str((HERE / name / study["data_dir"]).resolve())
    study["rules"] = "rules.yaml"
    change(study, framework, rules)
    for part, content in (("study", study), ("framework", framework), ("rules", rules)):
        (place / f"{part}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return place / "study.yaml"


def check_item_numbers(published: Published, scale: str, reference: dict, tolerance: float) -> None:
    """Compare alpha, omega, item-rest correlation and alpha without the item with R."""
    assert published.number(f"self_assessment.cronbach_alpha.{scale}") == pytest.approx(
        reference["alpha"], abs=tolerance
    )
    assert published.number(f"self_assessment.cronbach_alpha.{scale}", "n_used") == reference["n_complete"]
    for statistic, key in (
        ("item_rest_correlation", "item_total_corrected"), ("alpha_if_item_deleted", "alpha_if_deleted"),
    ):  # fmt: skip
        found = published.by_target("self_assessment", statistic)
        assert found.to_dict() == pytest.approx(reference[key], abs=tolerance)
    omega = published.number(f"self_assessment.omega_total.{scale}")
    assert omega == pytest.approx(reference["omega_total_1factor_ML_listwise"], abs=1e-5), "an optimiser's number"


# ------------------------------------------------------------------------------------------- CIEB


@pytest.fixture(scope="module")
def cieb(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KTSS_PSEUDONYM_KEY", "a key for tests of real files only")
        return analyse(HERE / "cieb" / "study.yaml", tmp_path_factory.mktemp("cieb"))


def test_cieb_rows_are_accounted_for(cieb: Published) -> None:
    counts = [cieb.number(f"cleaning.{name}.answers") for name in ("rows_read", "rows_used", "rows_set_aside")]
    assert counts == [382, 380, 2]


def test_cieb_reliability_and_items_are_those_of_r(cieb: Published, shared: Path) -> None:
    reference = json.loads((shared / "data" / "cieb-digital-competence" / "reference_R.json").read_text())
    check_item_numbers(cieb, "DC", reference["scale"], 1e-6)


def test_cieb_eigenvalues_are_those_of_r(cieb: Published, shared: Path) -> None:
    reference = json.loads((shared / "data" / "cieb-digital-competence" / "reference_R.json").read_text())
    found = cieb.by_target("self_assessment", "eigenvalue", group="observed").sort_index()
    assert found.to_list() == pytest.approx(reference["dim"]["eigenvalues_pearson"], abs=1e-6)
    chance = cieb.by_target("self_assessment", "eigenvalue", group="reference").sort_index()
    assert chance.is_monotonic_decreasing
    assert chance.iloc[0] < 2
    assert chance.sum() == pytest.approx(23, rel=0.05), "random eigenvalues sum to about the number of items"
    count = cieb.number("self_assessment.parallel_analysis.all")
    assert count == (found.to_numpy() > chance.to_numpy()).argmin(), "components above chance, from the first on"
    assert 1 <= count <= 6, "the authors' own parallel analysis of factors suggested six"


# ------------------------------------------------------------------------------------------- GRiPS


def alpha(items: np.ndarray) -> float:
    k = items.shape[1]
    return k / (k - 1) * (1 - items.var(axis=0, ddof=1).sum() / items.sum(axis=1).var(ddof=1))


def test_grips_impossible_zeros_are_missing_and_nobody_is_dropped(shared: Path, tmp_path: Path) -> None:
    """The R reference reads the 41 zeros as answers and uses 810 rows; here a row with a zero is incomplete."""
    published = analyse(HERE / "grips" / "study.yaml", tmp_path)
    raw = pd.read_csv(shared / "data" / "efatools-grips" / "GRiPS_raw.csv").to_numpy(float)
    complete = raw[(raw > 0).all(axis=1)]
    log = published.log("03_clean_responses")
    assert (log["rule"] == "value.out_of_range").sum() == (raw == 0).sum() == 41
    assert (log["rule"] == "flag.same_answers").sum() == 273
    counts = [published.number(f"cleaning.{name}.answers") for name in ("rows_read", "rows_used", "rows_set_aside")]
    assert counts == [810, 810, 0]
    row = published.rows.loc["self_assessment.cronbach_alpha.RISK"]
    assert (row["n_used"], row["n_missing"]) == (len(complete), 810 - len(complete))
    assert row["estimate"] == pytest.approx(alpha(complete), abs=1e-10)
    assert abs(row["estimate"] - 0.9424428) > 1e-4, "the zeros do matter"


def test_grips_read_as_r_read_it_gives_r_numbers(shared: Path, tmp_path: Path) -> None:
    """With a scale from 0 the same 810 rows give the published alpha .9424428 and all item numbers."""

    def from_zero(study: dict, framework: dict, rules: dict) -> None:
        framework["scale"] = {"min": 0, "max": 5}

    published = analyse(variant("grips", tmp_path, shared, from_zero), tmp_path / "run")
    reference = json.loads((shared / "data" / "efatools-grips" / "reference_R.json").read_text())
    assert published.number("self_assessment.cronbach_alpha.RISK") == pytest.approx(0.9424428, abs=5e-8)
    check_item_numbers(published, "RISK", reference["total"], 1e-6)
    found = published.by_target("self_assessment", "eigenvalue", group="observed").sort_index()
    assert found.to_list() == pytest.approx(reference["dim"]["eigenvalues_pearson"], abs=1e-6)
    assert published.number("self_assessment.parallel_analysis.all") == 1
    assert "value.out_of_range" not in set(published.log("03_clean_responses")["rule"])


# ------------------------------------------------------------------------------------------- cviJmv


@pytest.mark.parametrize(("source", "file"), [("text", "s1.xlsx"), ("workbook", "s1.xlsx"), ("second", "s2.xlsx")])
def test_content_validity_is_that_of_the_reference(shared: Path, tmp_path: Path, source: str, file: str) -> None:
    """CSV and workbook of one sample, each as a tool review of its own, give the same published indices."""

    def only(study: dict, framework: dict, rules: dict) -> None:
        study["sources"] = [one for one in study["sources"] if one["name"] == source]
        study["sources"][0]["activity"] = "tool_review"

    published = analyse(variant("cvijmv", tmp_path, shared, only), tmp_path / "run")
    expected = json.loads((shared / "data" / "cvijmv-samples" / "reference_py.json").read_text())[file]
    found = published.by_target("tool_review", "item_cvi", aspect="relevance")
    assert found.to_dict() == pytest.approx(expected["I_CVI"])
    assert set(published.rows.loc[published.rows["statistic"] == "item_cvi", "n_used"]) == {expected["n_experts"]}
    average = published.number("tool_review.scale_cvi_average.relevance.all")
    assert average == pytest.approx(expected["S_CVI_Ave"])
    if file == "s1.xlsx":
        assert found.to_dict() == pytest.approx({"Q1": 0.8, "Q2": 0.8, "Q3": 0.9})
        assert average == pytest.approx(0.8333, abs=5e-5)


# ------------------------------------------------------------------------------------------- ENLIGHT Delphi


def test_delphi_shares_of_round_one_are_those_of_the_authors(shared: Path, tmp_path: Path) -> None:
    """The authors include from 5 of 7 and count those who could not evaluate in the base; we leave these out."""

    def from_five(study: dict, framework: dict, rules: dict) -> None:
        rules["thresholds"]["agreement_from"]["value"] = 0.66  # 5 of 7 points

    path = variant("delphi", tmp_path, shared, from_five)
    published = analyse(path, tmp_path / "run")
    expected = pd.read_csv(shared / "data" / "delphi-enlight-3rounds" / "expected_Round1_item-rating.csv")
    expected = expected.set_index("Var2")["rating_incl"]
    study = load_study(path)
    log = published.log("01_clean_reviews").query("rule == 'missing.code'")
    cannot = log.groupby("column").size()
    headers = {target: header for header, target in study.sources[0].blocks[0].columns.items()}
    rows = published.rows[(published.rows["statistic"] == "share_agreeing") & (published.rows["group"] == "round_1")]
    assert len(rows) == len(expected) == 61
    for row in rows.itertuples():
        name = study.instrument.name("skill", row.target_id).replace(" from a specific viewpoint", "")
        base = row.n_used + int(cannot.get(headers[row.target_id], 0))
        assert row.estimate * row.n_used / base == pytest.approx(expected[name], abs=1e-9), name
        assert row.n_used + row.n_missing == 65
    assert published.number("workshop.panel_size.all.round_1") == 65


def test_delphi_yes_shares_of_round_four(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "delphi-enlight-3rounds"
    expected = json.loads((folder / "reference_py.json").read_text())["round4"]
    questions = {header: f"R{number:02d}" for number, header in enumerate(expected["yes_share"], 1)}

    def round_four(study: dict, framework: dict, rules: dict) -> None:
        framework["skills"] = [{"id": key, "name": {"en": header}} for header, key in questions.items()]
        framework["clusters"] = {}
        block = {"table": "ratings", "target_type": "skill", "aspect": "support", "scale": [0, 1],
                 "labels": {"Yes": 1, "No": 0}, "columns": questions}  # fmt: skip
        study["plan"] = {}
        study["sources"] = [
            {"name": "round4", "activity": "assembly", "files": ["round4_*.xlsx"], "blocks": [block],
             "person": {"column": "Unique Response Number"}, "repeated": "refuse"}
        ]  # fmt: skip

    path = variant("delphi", tmp_path, shared, round_four)
    raw = read_table(load_study(path).files(load_study(path).sources[0])[0]).frame
    assert set(questions) <= set(raw.columns)
    published = analyse(path, tmp_path / "run")
    rows = published.rows[published.rows["statistic"] == "n_supporting"].set_index("target_id")
    assert published.number("assembly.panel_size.all") == expected["n"] == 60
    for header, share in expected["yes_share"].items():
        row = rows.loc[questions[header]]
        assert row["estimate"] / row["n_used"] == pytest.approx(share, abs=1e-12), header


# ------------------------------------------------------------------------------------------- whole reports


def visible(page: Path) -> str:
    text = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", page.read_text(encoding="utf-8"))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.mark.parametrize(
    ("name", "printed", "missing"),
    [
        ("cieb", ("Digital competence of university teachers", "380 people"), ("guide review", "workshop")),
        ("delphi", ("What reports of light interventions must contain", "65"), ("guide review", "focus groups")),
    ],
)  # fmt: skip
def test_whole_report_of_a_real_study(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, printed: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    study = HERE / name / "study.yaml"
    published = request.getfixturevalue("cieb") if name == "cieb" else analyse(study, tmp_path)
    public = run_reports(study, published.folder)
    pages = {path.name: visible(path) for path in sorted(public.glob("*.html"))}
    documents = {"report.html", "technical-annex.html", "audit-annex.html", "quality-board.html"}
    assert set(pages) == documents | {"index.html"}
    report = pages["report.html"]
    for text in printed:
        assert text in report
    if name == "cieb":
        assert "Digital competence 23 .93 [.92, .94] .93 [.92, .94]" in pages["technical-annex.html"]
    for stream in missing:
        assert re.search(rf"(no|not).{{0,40}}{stream}|{stream}.{{0,40}}not collected", report, re.I), stream
    title = load_study(study).title.lower()
    for page, text in pages.items():
        assert not re.search(r"\bnan\b|<NA>|SYNTHETIC", text, re.I), page
        low = text.lower().replace(title, "")
        assert [word for word in DEMONSTRATION if word.lower() in low] == [], page
    verdicts = published.rows[published.rows["statistic"] == "verdict"]["label"]
    assert set(verdicts) == {"not_decided"}


# ------------------------------------------------------------------------------------------- reports in other languages


def blocks(page: Path) -> list[str]:
    """Return headings, tables, figures, lists and paragraphs of a report in order, but for what only a translation has.

    That is the note that it is a draft, and the line that leads to the English report.
    """
    text = page.read_text(encoding="utf-8")
    text = text[text.index("<main") :]
    draft = r'<div class="callout note"[^>]*>.*?</div>\s*<p>.*?</p>\s*</div>'
    text = re.sub(rf'(?s){draft}|<p class="languages">.*?</p>|<svg\b.*?</svg>', " ", text)
    return re.findall(r"<(h[1-6]|table|figure|li|p|blockquote)\b", text)


@pytest.mark.parametrize(
    ("name", "language", "number"),
    [
        ("cieb", "pl", "380"),
        pytest.param("grips", "it", "", marks=pytest.mark.nightly),
        pytest.param("cvijmv", "fi", "", marks=pytest.mark.nightly),
        pytest.param("delphi", "nl", "", marks=pytest.mark.nightly),
    ],
)
def test_a_translated_report_of_a_real_study_says_what_the_english_one_says(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, language: str, number: str
) -> None:
    study = HERE / name / "study.yaml"
    published = request.getfixturevalue("cieb") if name == "cieb" else analyse(study, tmp_path)
    english, own = (run_translation(study, published.folder, tag) for tag in ("en", language))
    assert blocks(own / f"report.{language}.html") == blocks(english / "report.en.html")
    columns = ["chapter", "result_id", "field"]
    claims = [
        pd.read_csv(folder / "claims.csv", dtype=str, keep_default_na=False)[columns] for folder in (english, own)
    ]
    pd.testing.assert_frame_equal(*claims)
    text = visible(own / f"report.{language}.html")
    assert number in text.replace("\u00a0", " ")
    assert not re.search(r"\bnan\b|<NA>|SYNTHETIC", text, re.I)
    text = text.replace(load_study(study).title, "")
    assert [word for word in DEMONSTRATION if re.search(rf"\b{word.strip()}\b", text)] == []
