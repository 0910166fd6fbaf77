"""How often the decision rules give which verdict to a skill whose true state is known.

Writes the tables of docs/decision-rules.md: closed-form operating characteristics of the relevance rule, and a
simulation of the verdict table. Everything that judges here is the package's own code: content validity index,
agreement, spread, division, grades, verdicts.

    python -m benchmarks.decision_rules                  # prints the tables
    python -m benchmarks.decision_rules --write          # puts them into docs/decision-rules.md
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ktss_analysis.glossary import RESULT_COLUMNS
from ktss_analysis.psychometrics.consensus import central_tendency, disagreement_index, share_agreeing
from ktss_analysis.psychometrics.content import item_cvi
from ktss_analysis.psychometrics.intervals import wilson_interval
from ktss_analysis.results import rows_from
from ktss_analysis.rules import (
    Graded,
    Rules,
    by_id,
    grade_consensus,
    grade_items,
    grade_relevance,
    grade_share,
    load_rules,
    verdict,
)

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "decision-rules.md"
N_REVIEWERS, N_PANEL, N_ITEMS = 30, 24, 4
TRUE_SHARES = (0.50, 0.60, 0.70, 0.78, 0.85, 0.90, 0.95)
REPLICATES, SEED = 3000, 20240915
OUTCOMES = ("keep", "provisional", "revise", "drop")


@dataclass(frozen=True)
class Profile:
    """True state of a skill.

    Parameters
    ----------
    name : str
        What it stands for.
    relevance : float
        Share of all reviewers who would call the skill relevant.
    agreement : float or None
        Share of all panellists who would rate it 7 or more of 9; None for a panel split between the poles.
    items : tuple of float
        Share of all reviewers who would call each item relevant.
    """

    name: str
    relevance: float
    agreement: float | None
    items: tuple[float, ...]


PROFILES = (
    Profile("strong", 0.95, 0.93, (0.95,) * N_ITEMS),
    Profile("good", 0.90, 0.88, (0.90,) * N_ITEMS),
    Profile("borderline", 0.78, 0.75, (0.85,) * N_ITEMS),
    Profile("valued, two bad items", 0.95, 0.93, (0.95, 0.95, 0.50, 0.45)),
    Profile("liked by reviewers, panel split", 0.95, None, (0.95,) * N_ITEMS),
    Profile("weak", 0.50, 0.45, (0.50,) * N_ITEMS),
    Profile("irrelevant", 0.35, 0.30, (0.35,) * N_ITEMS),
)  # fmt: skip


# ------------------------------------------------------------ the relevance rule, exactly


def relevance_grades(rules: Rules, n: int = N_REVIEWERS) -> list[str]:
    """Return the grade of every possible count of reviewers, from 0 of `n` to `n` of `n`."""
    grades = []
    for count in range(n + 1):
        interval = wilson_interval(count, n, ci_level=rules.ci_level)
        row = {"result_id": "x", "n_used": n, "status": "ok", "ci_low": interval.low, "ci_high": interval.high}
        grades.append(grade_share(row, rules, rules.streams["relevance"].minimum).grade)
    return grades


def relevance_characteristics(rules: Rules, n: int = N_REVIEWERS) -> pd.DataFrame:
    """Return the probability of every grade, and of the usual cut alone, for true shares of reviewers.

    Exact binomial probabilities, no simulation.
    """
    from scipy.stats import binom

    counts, grades = np.arange(n + 1), np.array(relevance_grades(rules, n))
    cut = counts / n >= rules.value("relevance_not_supported")
    rows = []
    for share in TRUE_SHARES:
        weight = binom.pmf(counts, n, share)
        rows.append(
            {"true_share": share, "point_at_or_above_cut": weight[cut].sum(),
             "supported": weight[grades == "+"].sum(), "not_supported": weight[grades == "-"].sum(),
             "undecided": weight[grades == "0"].sum()}
        )  # fmt: skip
    return pd.DataFrame(rows)


def needed(rules: Rules, n: int) -> int | None:
    """Return the smallest count of `n` reviewers that is graded as support; None when no count is."""
    grades = relevance_grades(rules, n)
    return grades.index("+") if "+" in grades else None


# ------------------------------------------------------------ the verdict table, simulated


def _answers(rng: np.random.Generator, share: float, shape: tuple[int, int]) -> np.ndarray:
    """Return answers 1 to 4 of which `share` are 3 or 4 on average."""
    return np.where(rng.random(shape) < share, rng.choice([3, 4], shape), rng.choice([1, 2], shape)).astype(float)


def _votes(rng: np.random.Generator, agreement: float | None, shape: tuple[int, int]) -> np.ndarray:
    """Return panel ratings 1 to 9: 7 to 9 agree, 1 to 6 dissent; a split panel rates 1-2 or 8-9."""
    if agreement is None:
        return np.where(rng.random(shape) < 0.5, rng.choice([1, 2], shape), rng.choice([8, 9], shape)).astype(float)
    dissent = rng.integers(1, 7, shape)
    return np.where(rng.random(shape) < agreement, rng.integers(7, 10, shape), dissent).astype(float)


def _rows(profile: Profile, rules: Rules, names: list[str], rng: np.random.Generator) -> dict[str, dict[str, object]]:
    """Return the result rows of one data set per name, as the streams would publish them."""
    level, size = rules.ci_level, len(names)
    reviewers = (N_REVIEWERS, size)
    cvi = item_cvi(pd.DataFrame(_answers(rng, profile.relevance, reviewers), columns=names),
                   relevant_from=rules.value("relevant_from"), ci_level=level)  # fmt: skip
    parts = [rows_from(cvi, stream="guide_review", statistic="item_cvi", target_type="skill", aspect="relevance")]
    for number, share in enumerate(profile.items, 1):
        items = pd.DataFrame(_answers(rng, share, reviewers), columns=[f"{name}-{number}" for name in names])
        cvi = item_cvi(items, relevant_from=rules.value("relevant_from"), ci_level=level)
        parts.append(rows_from(cvi, stream="tool_review", statistic="item_cvi", target_type="item", aspect="relevance"))
    votes = pd.DataFrame(_votes(rng, profile.agreement, (N_PANEL, size)), columns=names)
    agree_from = 1 + 8 * rules.value("agreement_from")
    middle = central_tendency(votes, ci_level=level)
    panel = {
        "share_agreeing": share_agreeing(votes, agree_from=agree_from, ci_level=level, scale=(1, 9)),
        "interquartile_share": middle.assign(estimate=middle["interquartile_range"] / 8),
        "disagreement_index": disagreement_index(votes, scale=(1, 9), ci_level=level, n_boot=1),
    }
    for statistic, frame in panel.items():
        kept = frame[[column for column in RESULT_COLUMNS if column in frame.columns]]
        parts.append(rows_from(kept, stream="workshop", statistic=statistic, target_type="skill",
                               aspect="importance", group="last_round"))  # fmt: skip
    return {key: row for part in parts for key, row in by_id(part).items()}


def verdicts(profile: Profile, rules: Rules, *, replicates: int, seed: int) -> Iterator[str]:
    """Yield the verdict on the skill in each of `replicates` simulated studies without focus groups."""
    rng = np.random.default_rng([seed, PROFILES.index(profile)])
    names = [f"R{number:05d}" for number in range(replicates)]
    rows = _rows(profile, rules, names, rng)
    for name in names:
        grades = {
            "relevance": grade_relevance(rows, name, rules),
            "consensus": grade_consensus(rows, name, rules),
            "salience": Graded("?", 0, "not_collected", ()),
            "items": grade_items(rows, [f"{name}-{k}" for k in range(1, len(profile.items) + 1)], rules),
        }
        yield verdict(grades, rules)[0]


def verdict_shares(rules: Rules, *, replicates: int = REPLICATES, seed: int = SEED) -> pd.DataFrame:
    """Return, per profile, the share of simulated studies that end in each verdict."""
    rows = []
    for profile in PROFILES:
        counts: Mapping[str, int] = Counter(verdicts(profile, rules, replicates=replicates, seed=seed))
        rows.append({"profile": profile.name, **{name: counts.get(name, 0) / replicates for name in OUTCOMES}})
    return pd.DataFrame(rows).set_index("profile")


# ------------------------------------------------------------ the page


def exact_tables(rules: Rules) -> str:
    """Return the closed-form tables as Markdown."""
    table = relevance_characteristics(rules)
    lines = [
        f"| true share of reviewers | share found at or above {rules.value('relevance_not_supported'):.2f} "
        "| supported | not supported | undecided |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in table.itertuples():
        lines.append(f"| {row.true_share:.2f} | {row.point_at_or_above_cut:.3f} | {row.supported:.3f} | "
                     f"{row.not_supported:.3f} | {row.undecided:.3f} |")  # fmt: skip
    sizes = (20, 22, 24, 26, 28, 30, 34, 36, 40)
    lines += [
        "",
        "| reviewers who answered | " + " | ".join(map(str, sizes)) + " |",
        "| --- |" + " ---: |" * len(sizes),
        "| of whom must call it relevant | " + " | ".join(str(needed(rules, n)) for n in sizes) + " |",
    ]
    return "\n".join(lines)


def simulated_table(shares: pd.DataFrame) -> str:
    """Return the simulated table as Markdown."""
    lines = ["| true state of the skill | " + " | ".join(OUTCOMES) + " |", "| --- |" + " ---: |" * len(OUTCOMES)]
    for name, row in shares.iterrows():
        lines.append(f"| {name} | " + " | ".join(f"{row[outcome]:.3f}" for outcome in OUTCOMES) + " |")
    return "\n".join(lines)


def put(page: str, name: str, content: str) -> str:
    """Return the page with the part between the marks of `name` replaced."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    head, _, rest = page.partition(start)
    _, found, tail = rest.partition(end)
    if not found:
        raise SystemExit(f"{PAGE.name}: the marks {start} and {end} are missing")
    return f"{head}{start}\n\n{content}\n\n{end}{tail}"


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=Path, default=ROOT / "params" / "rules.yaml")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", action="store_true", help="write into docs/decision-rules.md")
    options = parser.parse_args()
    rules = load_rules(options.rules)
    exact = exact_tables(rules)
    simulated = simulated_table(verdict_shares(rules, replicates=options.replicates, seed=options.seed))
    if not options.write:
        print(exact, simulated, sep="\n\n")
        return
    page = put(PAGE.read_text(encoding="utf-8"), "exact", exact)
    PAGE.write_text(put(page, "simulated", simulated), encoding="utf-8")


if __name__ == "__main__":
    main()
