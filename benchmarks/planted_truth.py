"""How often a study finds what was planted in it: the demonstration with other seeds, raw exports to verdicts.

Each seed draws other answers from the same planted truth. The raw files are written, cleaned and judged by the package,
then compared with the truth. Counts per seed go to benchmarks/planted_truth.csv, the table to docs/planted-truth.md.

    python -m benchmarks.planted_truth --seeds 200 --write            # seeds 1 to 200, about ten seconds each
    python -m benchmarks.planted_truth --seeds 200 --minutes 4 --write  # as many of them as four minutes allow
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.decision_rules import put
from ktss_analysis.demo import write_demo
from ktss_analysis.evidence import decide
from ktss_analysis.intake import clean_sources
from ktss_analysis.item_evidence import item_flags
from ktss_analysis.results import combine
from ktss_analysis.rules import apply_gates, by_id, load_rules
from ktss_analysis.streams import expert_review, focus_groups, responses, workshop
from ktss_analysis.streams.common import Setting
from ktss_analysis.study import load_study

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "planted-truth.md"
RECORDS = ROOT / "benchmarks" / "planted_truth.csv"
SOURCES = ("register", "guide_review", "tool_review", "workshop", "focus_groups")
RESAMPLES = 200
"""Of intervals that no verdict looks at."""

MEASURES: dict[str, tuple[str, float, float]] = {
    "strong_kept": ("strong skill with sound items: keep", 0.95, 1.0),
    "strong_dropped": ("strong skill: drop", 0.0, 0.0),
    "irrelevant_dropped": ("irrelevant skill: drop", 0.95, 1.0),
    "irrelevant_kept": ("irrelevant skill: keep or keep provisionally", 0.0, 0.05),
    "as_expected": ("any skill: a verdict that fits its profile", 0.90, 1.0),
    "divided_revised": ("skill on which the panel is divided: revise", 0.90, 1.0),
    "bad_items_revised": ("valued skill with two bad items: revise", 0.80, 1.0),
    "interval_covers": ("interval of a skill's relevance holds the true share", 0.93, 0.97),
    "sound_flagged": ("sound item, loading .7 or more: flagged by its item-rest correlation", math.nan, math.nan),
    "misskeyed_flagged": ("item with the wrong key: check its scoring", 0.90, 1.0),
    "weak_flagged": ("item with loading .10: flagged by its item-rest correlation", 0.60, 1.0),
    "duplicates_flagged": ("two items that ask the same: redundant", 0.60, 1.0),
}
"""Measure -> what it counts, and between which shares it should lie; nan where it is only reported."""


def judged(folder: Path) -> tuple[dict[str, str], dict[str, set[str]], pd.DataFrame]:
    """Return verdicts of the skills, flags of the items, and all result rows, from a study folder's raw files."""
    study = load_study(folder / "study.yaml")
    fewer = {"outputs": study.outputs.model_copy(update={"boot": RESAMPLES})}
    setting = Setting(study.model_copy(update=fewer), load_rules(study.rules_path))
    tables = clean_sources(study, SOURCES).tables
    rows = apply_gates(
        combine(
            [
                expert_review.content_validity(tables, setting, activity="guide_review", target_type="skill"),
                expert_review.content_validity(tables, setting, activity="tool_review", target_type="item"),
                workshop.consensus(tables, setting),
                focus_groups.salience(tables, setting),
                focus_groups.coder_agreement(tables, setting),
                responses.item_analysis(tables, setting),
            ]
        ),
        setting.rules,
    )
    decided = decide(by_id(rows), setting.framework, setting.rules)
    flags: dict[str, set[str]] = {}
    for row in item_flags(rows, setting.framework, setting.rules).itertuples():
        flags.setdefault(str(row.target_id), set()).add(str(row.label))
    return {skill: outcome for skill, (_, outcome, _) in decided.items()}, flags, rows


def record(seed: int) -> dict[str, int]:
    """Return, for one seed, how often each measure could occur (``n_...``) and did."""
    with tempfile.TemporaryDirectory() as place:
        write_demo(Path(place), seed=seed)
        verdicts, flags, rows = judged(Path(place))
        skills, items = (pd.read_csv(Path(place) / "truth" / f"{name}.csv", keep_default_na=False)
                         for name in ("skills", "items"))  # fmt: skip
    found = _of_skills(skills, verdicts) | _of_items(items, flags)
    found["interval_covers"] = _covered(skills, rows)
    counts = {"seed": seed}
    for name, hits in found.items():
        counts |= {name: sum(hits), f"n_{name}": len(hits)}
    return counts


def _of_skills(skills: pd.DataFrame, verdicts: Mapping[str, str]) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = {name: [] for name in MEASURES if not name.endswith(("flagged", "covers"))}
    for row in skills.itertuples():
        outcome, plant = verdicts[row.skill_id], row.plant
        found["as_expected"].append(outcome in row.expected_verdict.split("|"))
        if row.profile == "strong":
            found["strong_dropped"].append(outcome == "drop")
            if row.has_items == "yes" and not plant:
                found["strong_kept"].append(outcome in ("keep", "keep_discordant"))
        if row.profile == "irrelevant":
            found["irrelevant_dropped"].append(outcome == "drop")
            found["irrelevant_kept"].append(outcome in ("keep", "keep_discordant", "provisional"))
        if plant == "polarised":
            found["divided_revised"].append(outcome == "revise")
        if plant == "two_bad_items":
            found["bad_items_revised"].append(outcome == "revise")
    return found


def _of_items(items: pd.DataFrame, flags: Mapping[str, set[str]]) -> dict[str, list[bool]]:
    low, none = {"weak", "check_scoring"}, set[str]()
    defect = dict(zip(items["item_id"], items["defect"], strict=True))
    sound = items[(items["defect"] == "") & (items["loading"].abs() >= 0.7)]["item_id"]
    twins = [item for item, kind in defect.items() if kind == "near_duplicate"]
    return {
        "sound_flagged": [bool(low & flags.get(item, none)) for item in sound],
        "misskeyed_flagged": [
            "check_scoring" in flags.get(item, none) for item, kind in defect.items() if kind == "misskeyed"
        ],
        "weak_flagged": [bool(low & flags.get(item, none)) for item, kind in defect.items() if kind == "weak"],
        "duplicates_flagged": [all("redundant" in flags.get(item, none) for item in twins)],
    }  # fmt: skip


def _covered(skills: pd.DataFrame, rows: pd.DataFrame) -> list[bool]:
    known = rows.set_index("result_id")
    limits = [known.loc[f"guide_review.item_cvi.relevance.{skill}"] for skill in skills["skill_id"]]
    return [
        bool(row["ci_low"] <= share <= row["ci_high"]) for row, share in zip(limits, skills["relevance"], strict=True)
    ]


def performance(records: pd.DataFrame) -> pd.DataFrame:
    """Return, per measure, its share over all seeds and the Monte Carlo error of that share.

    The error is the standard error of the mean over seeds, because skills of one study share people; where every seed
    gives the same, it is that of a single study more or less that differs.
    """
    lines = []
    for name, (what, low, high) in MEASURES.items():
        shares = (records[name] / records[f"n_{name}"]).to_numpy(float)
        error = max(float(shares.std(ddof=1) / np.sqrt(len(shares))), 0.0) if len(shares) > 1 else float("nan")
        cases = int(records[f"n_{name}"].sum())
        lines.append({"measure": name, "what": what, "share": float(records[name].sum() / cases), "error": error,
                      "cases": cases, "low": low, "high": high})  # fmt: skip
    return pd.DataFrame(lines).set_index("measure")


def meets(line: pd.Series, n_seeds: int) -> bool:
    """Tell whether a share lies in its range, give or take three Monte Carlo errors."""
    if math.isnan(line["low"]):
        return True
    error = max(float(line["error"]), 1 / (n_seeds * max(line["cases"] / n_seeds, 1)))
    slack = 0.0 if line["low"] == line["high"] else 3 * error
    return bool(line["low"] - slack <= line["share"] <= line["high"] + slack)


def table(records: pd.DataFrame) -> str:
    """Return the page's table as Markdown."""
    lines = [
        f"{len(records)} seeds, {int(records['seed'].min())} to {int(records['seed'].max())}, were run.",
        "",
        "| what should happen, or not | wanted | found | Monte Carlo error | cases |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for _, row in performance(records).iterrows():
        wanted = f"{row['low']:.2f}" if row["low"] == row["high"] else f"{row['low']:.2f} to {row['high']:.2f}"
        wanted = "–" if math.isnan(row["low"]) else wanted
        lines.append(f"| {row['what']} | {wanted} | {row['share']:.3f} | {row['error']:.3f} | {int(row['cases'])} |")
    return "\n".join(lines)


def run(n_seeds: int, minutes: float | None = None) -> pd.DataFrame:
    """Return the records of seeds 1 to `n_seeds`, or of as many as fit into the time."""
    began, found = time.monotonic(), []
    for seed in range(1, n_seeds + 1):
        found.append(record(seed))
        if minutes is not None and time.monotonic() - began > 60 * minutes:
            break
    return pd.DataFrame(found)


def main() -> None:
    """Run the seeds; print the table, or write it into the page with the counts per seed beside it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("--write", action="store_true", help="write docs/planted-truth.md and the counts per seed")
    options = parser.parse_args()
    records = run(options.seeds, options.minutes)
    if options.write:
        records.to_csv(RECORDS, index=False, lineterminator="\n")
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), "seeds", table(records)), encoding="utf-8")
    else:
        print(table(records))


if __name__ == "__main__":
    main()
