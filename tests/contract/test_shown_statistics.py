"""Statistics for expert readers: rows equal the functions, gates hold, and the annex says what could not be said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from ktss_analysis import psychometrics as p
from ktss_analysis.disclosure import mask
from ktss_analysis.display import coefficients, emit
from ktss_analysis.display.book import Book
from ktss_analysis.display.registry import SENTENCES, TABLES
from ktss_analysis.results import combine
from ktss_analysis.rules import apply_gates, load_rules
from ktss_analysis.streams import consistency, expert_review, focus_groups, stability, structure, workshop
from ktss_analysis.streams.common import Setting
from ktss_analysis.study import load_study

SKILLS = ("S1", "S2")
ITEMS = [f"{skill}-{number}" for skill in SKILLS for number in range(1, 5)]
SOURCES = """
- {name: experts, activity: guide_review, files: [a.csv], person: {column: who}, blocks: [
    {table: ratings, columns: "{target}", target_type: skill, aspect: relevance, scale: [1, 4]},
    {table: ratings, columns: "{target}", target_type: skill, aspect: essential, scale: [1, 3]}]}
- {name: panel, activity: workshop, files: [b.csv], person: {column: who}, blocks: [
    {table: ratings, columns: "{target}", target_type: skill, aspect: importance, scale: [1, 9]}]}
"""


@pytest.fixture(scope="module")
def setting(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Setting:
    folder = tmp_path_factory.mktemp("study")
    framework = {
        "id": "f", "version": "1.0.0", "status": "pilot", "languages": ["en"], "scale": {"min": 1, "max": 5},
        "skills": [{"id": skill, "name": {"en": f"Skill {skill[1]}"}} for skill in SKILLS],
        "items": [{"id": item, "skill": item[:2], "text": {"en": f"I do {item}."}} for item in ITEMS],
    }  # fmt: skip
    study = {
        "id": "s", "title": "S", "framework": "framework.yaml", "rules": "rules.yaml", "synthetic": True,
        "privacy": {"pseudonym_key": "a public key of the tests"}, "sources": yaml.safe_load(SOURCES),
    }  # fmt: skip
    for name, content in (("framework", framework), ("study", study)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "rules.yaml").write_text((repo / "params" / "rules.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return Setting(load_study(folder / "study.yaml"), load_rules(folder / "rules.yaml"))


def form(n: int, *, seed: int = 4, n_occasions: int = 1) -> dict[str, pd.DataFrame]:
    """Return answers of `n` people to eight statements of two skills, in canonical form."""
    generator = np.random.default_rng(seed)
    skills = np.repeat(generator.normal(size=(n, 2)), 4, axis=1)
    parts = []
    for occasion in range(1, n_occasions + 1):
        cells = np.clip(np.round(3 + skills + generator.normal(scale=0.7, size=(n, 8))), 1, 5)
        wide = pd.DataFrame(cells, columns=ITEMS, index=pd.Index([f"p{i}" for i in range(n)], name="person_id"))
        long = wide.reset_index().melt(id_vars="person_id", var_name="item_id", value_name="value")
        parts.append(long.assign(occasion=occasion, source="form", source_row="1", seconds=60.0))
    return {"responses": pd.concat(parts, ignore_index=True)}


def items_of(tables: dict[str, pd.DataFrame], skill: str, occasion: int = 1) -> pd.DataFrame:
    rows = tables["responses"]
    rows = rows[(rows["occasion"] == occasion) & rows["item_id"].str.startswith(skill)]
    return rows.pivot(index="person_id", columns="item_id", values="value")


def number(rows: pd.DataFrame, result_id: str, column: str = "estimate") -> float:
    return float(rows.set_index("result_id").loc[result_id, column])


def ungated(setting: Setting) -> Setting:
    """Return the setting with every gate at one person: the control for the gates."""
    gates = {name: gate.model_copy(update={"minimum": 1}) for name, gate in setting.rules.gates.items()}
    return Setting(setting.study, setting.rules.model_copy(update={"gates": gates}))


# ------------------------------------------------------------------------------------- rows are the functions' numbers


@pytest.fixture(scope="module")
def many(setting: Setting) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    tables = form(240, n_occasions=2)
    streams = (consistency.other_coefficients, stability.retest, structure.missing_answers, structure.factorability)
    return tables, combine([stream(tables, setting) for stream in streams])


def test_every_coefficient_is_that_of_its_function(many, setting: Setting) -> None:
    tables, rows = many
    answers = items_of(tables, "S1")
    bounds = p.guttman_lambdas(answers).set_index("statistic")["estimate"]
    halves = p.split_half(answers).set_index("statistic")["estimate"]
    error = p.standard_error_of_measurement(answers)
    expected = {
        "guttman_lambda_2": bounds["lambda_2"], "guttman_lambda_6": bounds["lambda_6"],
        "split_half_mean": halves["split_half_mean"], "split_half_min": halves["split_half_min"],
        "split_half_max": halves["split_half_max"], "ordinal_alpha": p.ordinal_alpha(answers, n_boot=10).value,
        "categorical_omega": p.categorical_omega(answers, estimator="uls", n_boot=10).value,
        "greatest_lower_bound": p.greatest_lower_bound(answers).value,
        "smallest_detectable_change_one_occasion": 1.959963984540054 * np.sqrt(2) * error.value,
    }  # fmt: skip
    found = {name: number(rows, f"self_assessment.{name}.S1") for name in expected}
    assert found == pytest.approx({name: float(value) for name, value in expected.items()}, abs=1e-9)
    low = number(rows, "self_assessment.smallest_detectable_change_one_occasion.S1", "ci_low")
    assert low == pytest.approx(1.959963984540054 * np.sqrt(2) * error.low)
    methods = rows[rows["statistic"].isin(expected)].set_index("statistic")["method"]
    assert "ULS" in methods["categorical_omega"].iloc[0]
    assert methods["guttman_lambda_2"].str.startswith("lambda 2, Guttman").all()


def test_the_retest_pairs_the_same_people_and_counts_those_who_came_once(setting: Setting) -> None:
    tables = form(30, n_occasions=2)
    responses = tables["responses"]
    gone = (responses["occasion"] == 2) & responses["person_id"].isin(["p3", "p7"])
    tables["responses"] = responses[~gone]
    rows = stability.retest(tables, setting)
    scores = [items_of(tables, "S2", occasion).mean(axis=1) for occasion in (1, 2)]
    pairs = pd.concat(scores, axis=1, join="inner")
    assert len(pairs) == 28
    expected = p.retest_summary(pairs.to_numpy()).set_index("statistic")["estimate"]
    for name, (statistic, _) in stability.STATISTICS.items():
        assert number(rows, f"self_assessment.{statistic}.S2.occasion_1_to_2") == pytest.approx(float(expected[name]))
    icc = "self_assessment.retest_icc_agreement.S2.occasion_1_to_2"
    assert [number(rows, icc, column) for column in ("n_used", "n_missing")] == [28, 2]
    later = scores[1][pairs.index].mean() - scores[0][pairs.index].mean()
    assert number(rows, "self_assessment.retest_bias.S2.occasion_1_to_2") == pytest.approx(later)


def test_one_occasion_has_no_retest(setting: Setting) -> None:
    assert stability.retest(form(30), setting).empty
    assert stability.retest({"responses": form(3)["responses"].iloc[:0]}, setting).empty


def test_missing_answers_are_counted_and_tested(setting: Setting) -> None:
    tables = form(120)
    responses = tables["responses"]
    gap = ((responses["item_id"] == "S1-1") & responses["person_id"].isin([f"p{i}" for i in range(12)])) | (
        (responses["item_id"] == "S2-4") & responses["person_id"].isin([f"p{i}" for i in range(8, 20)])
    )
    tables["responses"] = responses[~gap]
    rows = structure.missing_answers(tables, setting)
    counts = [
        number(rows, f"self_assessment.{name}.all")
        for name in ("complete_answers", "missing_answers", "missing_patterns")
    ]
    assert counts == [100, 24, 4]
    wide = tables["responses"].pivot(index="person_id", columns="item_id", values="value")
    test = p.little_mcar(wide)
    assert number(rows, "self_assessment.little_mcar.all") == pytest.approx(test.estimate.value, rel=1e-6)
    assert number(rows, "self_assessment.little_mcar_p.all") == pytest.approx(test.p_value, rel=1e-6)
    assert f"df {test.df}" in rows.loc[rows["statistic"] == "little_mcar", "method"].iloc[0]


def test_criteria_of_the_number_of_dimensions_are_those_of_their_functions(many) -> None:
    tables, rows = many
    wide = tables["responses"].query("occasion == 1").pivot(index="person_id", columns="item_id", values="value")
    bartlett = p.bartlett_sphericity(wide).iloc[0]
    pairs = p.polychoric(wide).frame
    expected = {
        "kmo": p.kmo(wide)["estimate"].iloc[0], "bartlett_chi_square": bartlett["estimate"],
        "bartlett_p": bartlett["p_value"], "velicer_map": p.velicer_map(wide).n_factors,
        "empirical_kaiser": p.empirical_kaiser(wide).n_factors, "sparse_pairs": (pairs["empty_cells"] > 0).mean(),
    }  # fmt: skip
    found = {name: number(rows, f"self_assessment.{name}.all") for name in expected}
    assert found == pytest.approx({name: float(value) for name, value in expected.items()})
    assert found["velicer_map"] == found["empirical_kaiser"] == 2, "two skills were planted"


# ------------------------------------------------------------------------------------- gates


GATED = ("ordinal_alpha", "categorical_omega", "greatest_lower_bound", "kmo", "bartlett_chi_square", "velicer_map",
         "empirical_kaiser", "sparse_pairs", "little_mcar")  # fmt: skip


def small_form(setting: Setting) -> pd.DataFrame:
    tables = form(30)
    tables["responses"] = tables["responses"].drop(index=[0, 40])
    return combine([consistency.other_coefficients(tables, setting), structure.missing_answers(tables, setting),
                    structure.factorability(tables, setting)])  # fmt: skip


@pytest.mark.parametrize("statistic", GATED)
def test_below_its_gate_a_statistic_says_from_which_n_on_it_is_reported(setting: Setting, statistic: str) -> None:
    rows = small_form(setting)
    mine = rows[rows["statistic"] == statistic]
    assert len(mine)
    assert set(mine["status"]) == {"too_few"}
    assert mine[["estimate", "ci_low", "ci_high"]].isna().all(axis=None)
    minimum = setting.rules.gates[statistic].minimum
    assert mine["reason"].str.endswith(f"reported from n = {minimum}").all()


def test_the_control_without_gates_gives_numbers(setting: Setting) -> None:
    rows = small_form(ungated(setting))
    assert set(rows.loc[rows["statistic"].isin(GATED), "status"]) == {"ok"}


def test_what_thirty_people_allow_is_reported(setting: Setting) -> None:
    rows = apply_gates(small_form(setting), setting.rules)
    allowed = ["guttman_lambda_2", "guttman_lambda_6", "split_half_mean", "smallest_detectable_change_one_occasion"]
    assert set(rows.loc[rows["statistic"].isin(allowed), "status"]) == {"ok"}
    fewer = apply_gates(consistency.other_coefficients(form(19), setting), setting.rules)
    assert set(fewer["status"]) == {"too_few"}, "nineteen are too few for all of them"


def test_every_new_statistic_has_a_gate(many, setting: Setting) -> None:
    counts = {"complete_answers", "missing_answers", "missing_patterns"}
    assert set(many[1]["statistic"]) - counts <= set(setting.rules.gates)


# ------------------------------------------------------------------------------------- coders, reviewers, leavers


def test_coders_have_ac1_share_and_prevalence_beside_alpha(setting: Setting) -> None:
    rows = []
    for turn in range(60):
        coded = {"c1": turn % 3 == 0, "c2": turn % 3 == 0 or turn in (7, 50)}
        for coder, hit in coded.items():
            base = {"group_id": f"FG{turn % 4}", "turn": turn, "coder_id": coder, "double_coded": True}
            rows.append({**base, "code_id": "trust" if hit else "other"})
            rows += [{**base, "code_id": "rare"}] if turn < 3 else []
    codebook = pd.DataFrame({"code_id": ["trust", "rare", "other"], "skill_id": [None, None, None]})
    found = focus_groups.coder_agreement({"codings": pd.DataFrame(rows), "codebook": codebook}, setting)
    marks = np.array([[turn % 3 == 0, turn % 3 == 0 or turn in (7, 50)] for turn in range(60)], dtype=float)
    assert number(found, "focus_groups.gwet_ac1.trust") == pytest.approx(p.gwet_ac(marks).value)
    assert number(found, "focus_groups.krippendorff_alpha.trust") == pytest.approx(p.krippendorff_alpha(marks).value)
    assert number(found, "focus_groups.coder_agreement_share.trust") == pytest.approx(58 / 60)
    assert number(found, "focus_groups.code_prevalence.trust") == pytest.approx(42 / 120)
    rare = found[(found["target_id"] == "rare") & (found["unit"] == "coefficient")]
    assert set(rare["statistic"]) == {"krippendorff_alpha", "gwet_ac1"}
    assert set(rare["status"]) == {"too_few"}
    assert found.loc[found["statistic"] == "gwet_ac1", "ci_low"].notna().any()


def ratings(
    n: int, aspect: str, source: str, high: int, *, number: int = 1, people: range | None = None
) -> pd.DataFrame:
    generator = np.random.default_rng(n)
    who = [f"r{i}" for i in (people or range(n))]
    frames = []
    for skill in SKILLS:
        values = generator.integers(max(1, high - 2), high + 1, size=len(who)).astype(float)
        frames.append(pd.DataFrame({"person_id": who, "target_id": skill, "value": values}))
    return pd.concat(frames, ignore_index=True).assign(
        source=source, aspect=aspect, target_type="skill", round=number, language="en"
    )


@pytest.mark.parametrize(("n", "small"), [(8, True), (11, True), (12, False), (30, False)])
def test_only_a_small_panel_is_corrected_for_chance(setting: Setting, n: int, small: bool) -> None:
    table = ratings(n, "relevance", "experts", 4)
    rows = expert_review.content_validity({"ratings": table}, setting, activity="guide_review", target_type="skill")
    mine = rows[rows["statistic"] == "modified_kappa"]
    assert len(mine) == (2 if small else 0)
    assert (rows["statistic"] == "scale_cvi_universal").sum() == (1 if small else 0)
    if small:
        wide = table.pivot(index="person_id", columns="target_id", values="value")
        assert mine["estimate"].to_list() == pytest.approx(p.modified_kappa(wide)["estimate"].astype(float).to_list())


def test_essential_votes_are_counted_where_they_were_asked(setting: Setting) -> None:
    table = ratings(20, "essential", "experts", 3)
    rows = expert_review.essential({"ratings": table}, setting, activity="guide_review", target_type="skill")
    wide = table.pivot(index="person_id", columns="target_id", values="value")
    expected = p.content_validity_ratio(wide).set_index("target_id")
    for skill in SKILLS:
        base = f"essential.{skill}"
        votes = (wide[skill] == 3).sum()
        assert number(rows, f"guide_review.content_validity_ratio.{base}") == pytest.approx((votes - 10) / 10)
        assert number(rows, f"guide_review.n_essential.{base}") == votes
        assert (
            number(rows, f"guide_review.n_essential_needed.{base}") == expected.loc[skill, "n_essential_needed"] == 15
        )
    unasked = {"ratings": ratings(20, "relevance", "experts", 4)}
    assert expert_review.essential(unasked, setting, activity="guide_review", target_type="skill").empty


@pytest.mark.parametrize(("n_left", "status"), [(3, "masked"), (4, "masked"), (6, "ok")])
def test_few_leavers_are_not_compared(setting: Setting, n_left: int, status: str) -> None:
    first = ratings(20, "importance", "panel", 9)
    second = ratings(20, "importance", "panel", 9, number=2, people=range(20 - n_left))
    rows = workshop.consensus({"ratings": pd.concat([first, second], ignore_index=True)}, setting)
    before = rows[rows["statistic"] == "attrition_delta"]
    assert before["n_used"].to_list() == [n_left, n_left]
    after = mask(apply_gates(rows, setting.rules), 5)
    after = after[after["statistic"] == "attrition_delta"]
    assert set(after["status"]) == {status}
    assert after["estimate"].isna().all() == (status != "ok")
    if status == "ok":
        tables = [part.pivot(index="person_id", columns="target_id", values="value") for part in (first, second)]
        expected = p.round_attrition(*tables)["estimate"].astype(float).to_list()
        assert after["estimate"].to_list() == pytest.approx(expected)


# ------------------------------------------------------------------------------------- the annex in words


@pytest.fixture
def annex(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Book, dict[str, pd.DataFrame]]]:
    printed: dict[str, pd.DataFrame] = {}

    def catch(frame: pd.DataFrame, *, label: str, caption: str, notes: list[str], **_: str) -> None:
        printed[label] = frame
        printed[label].attrs["notes"] = " ".join(notes)

    monkeypatch.setattr(emit, "emit_table", catch)

    def make(*rows: pd.DataFrame) -> tuple[Book, dict[str, pd.DataFrame]]:
        public = mask(apply_gates(combine(rows), setting.rules), 5)
        return Book(public, setting.study, setting.rules), printed

    return make


def test_what_is_too_few_is_said_in_words_with_the_n_it_needs(annex, setting: Setting) -> None:
    book, printed = annex(small_form(setting))
    text = SENTENCES["self_assessment.coefficients"](book)
    assert "Not reported: ordinal alpha and categorical omega." in text
    assert "These need 100 people with complete answers, and there are at most 30." in text
    assert "Not reported: greatest lower bound. This needs 200 people" in text
    book.show_table("coefficients")
    table = printed["tbl-coefficients"]
    assert not {"Ordinal alpha", "Categorical omega", "Greatest lower bound"} & set(table.columns)
    assert "With fewer than 100 people, pilot estimates: Guttman's λ₂" in table.attrs["notes"]
    structural = SENTENCES["self_assessment.factorability"](book)
    assert structural.startswith("Not reported: Kaiser-Meyer-Olkin measure, Bartlett's test")
    book.show_table("structure")
    assert "tbl-structure" not in printed
    missing = SENTENCES["self_assessment.missing"](book)
    assert missing.startswith("28 of 30 people answered all statements; 2 answers are missing")
    assert missing.endswith("that is done from 50 people on.")


def test_what_is_allowed_stands_in_tables(annex, many) -> None:
    book, printed = annex(many[1])
    for key in ("self_assessment.coefficients", "self_assessment.retest", "self_assessment.factorability"):
        assert "Not reported" not in SENTENCES[key](book), key
    for name in ("coefficients", "retest", "structure"):
        book.show_table(name)
    coefficient = printed["tbl-coefficients"]
    assert {"Ordinal alpha", "Categorical omega", "Greatest lower bound"} <= set(coefficient.columns)
    assert "pilot estimates: greatest lower bound" in coefficient.attrs["notes"]
    assert list(printed["tbl-retest"]["n"]) == ["240", "240"]
    assert list(printed["tbl-structure"]["Value"])[2] == "<\u00a0.001"
    assert "retain 2 dimensions" in SENTENCES["self_assessment.factorability"](book)
    said = {claim.result_id for claim in book.claims}
    assert {"self_assessment.ordinal_alpha.S1", "self_assessment.kmo.all"} <= said, "every number is a claim"


def test_a_form_without_gaps_and_without_a_second_occasion_says_so(annex, setting: Setting) -> None:
    tables = form(60)
    book, printed = annex(consistency.other_coefficients(tables, setting), structure.missing_answers(tables, setting))
    assert SENTENCES["self_assessment.missing"](book) == "All 60 people answered all statements; no answer is missing."
    assert "Nobody answered on a second occasion" in SENTENCES["self_assessment.retest"](book)
    book.show_table("retest")
    assert "tbl-retest" not in printed


def test_leavers_too_few_are_said_in_words(annex, setting: Setting) -> None:
    first = ratings(20, "importance", "panel", 9)
    second = ratings(20, "importance", "panel", 9, number=2, people=range(17))
    book, printed = annex(workshop.consensus({"ratings": pd.concat([first, second], ignore_index=True)}, setting))
    assert SENTENCES["workshop.leavers"](book).endswith("each group must have at least 5 panellists.")
    book.show_table("leavers")
    assert not printed
    rounds = SENTENCES["workshop.concordance_by_round"](book)
    assert "Round 1: W = " in rounds
    assert "Round 2: W = " in rounds


def test_tables_of_reviewers_show_votes_and_the_correction_of_small_panels(annex, setting: Setting) -> None:
    tables = {"ratings": pd.concat([ratings(8, "relevance", "experts", 4), ratings(8, "essential", "experts", 3)])}
    options = {"activity": "guide_review", "target_type": "skill"}
    book, printed = annex(expert_review.content_validity(tables, setting, **options),
                          expert_review.essential(tables, setting, **options))  # fmt: skip
    book.show_table("content", **options)
    book.show_table("scale_cvi")
    book.show_table("essential")
    assert "Relevance beyond chance" in printed["tbl-content-skill"].columns
    assert "All reviewers agree" in printed["tbl-scale-cvi"].columns
    assert list(printed["tbl-essential-skill"]["Needed"]) == ["7", "7"], "exact test, eight votes"


def test_every_name_in_a_not_reported_sentence_is_in_the_catalogue(setting: Setting) -> None:
    book = Book(combine([]), setting.study, setting.rules)
    for statistic in (*coefficients.CONSISTENCY, *coefficients.STABILITY, *coefficients.STRUCTURE, "attrition_delta"):
        assert coefficients.statistic_name(book, statistic)
    assert {"coefficients", "retest", "structure", "leavers", "cooccurrence"} <= set(TABLES)
