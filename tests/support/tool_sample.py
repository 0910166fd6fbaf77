"""Small self-assessments for tests: a framework of any size, and published results that allow bands and norms."""

from __future__ import annotations

import pandas as pd

from ktss_analysis.framework import Framework

LANGUAGES = ["en", "it", "pl", "fi", "nl"]


def framework(n_skills: int = 3, n_items: int = 4, *, low: int = 1, high: int = 5, **changes: object) -> Framework:
    """Return a framework; the second item of each skill is reverse-keyed."""
    points = range(low, high + 1)
    content: dict[str, object] = {
        "id": "sample", "version": "1.2.0", "status": "pilot", "languages": LANGUAGES,
        "title": {tag: f"Sample {tag}" for tag in LANGUAGES},
        "scale": {"min": low, "max": high, "labels": {tag: [f"{tag} label {p}" for p in points] for tag in LANGUAGES}},
        "skills": [
            {"id": f"S{k:02d}", "name": {tag: f"Skill {k} {tag}" for tag in LANGUAGES}, "cluster": "all",
             "esco": {"uri": f"http://data.europa.eu/esco/skill/{k}", "match": "close", "label": f"esco {k}"}}
            for k in range(1, n_skills + 1)
        ],
        "clusters": {"all": {"en": "All"}},
        "modules": [{"id": "M1", "name": {"en": "Module one"}, "skills": ["S01"]}],
        "items": [
            {"id": f"S{k:02d}-{i}", "skill": f"S{k:02d}", "key": -1 if i == 2 else 1,
             "text": {tag: f"Statement {k}.{i} in {tag}." for tag in LANGUAGES}}
            for k in range(1, n_skills + 1) for i in range(1, n_items + 1)
        ],
    }  # fmt: skip
    return Framework.model_validate({**content, **changes})


def published(
    skills: list[str], language: str = "en", *, n: int = 60, alpha: float = 0.8, low: float = 0.7, norms: bool = False
) -> pd.DataFrame:
    """Return result rows that license a band for each skill, and deciles when `norms`."""
    rows = []
    for place, skill in enumerate(skills):
        common = {"stream": "self_assessment", "target_id": skill, "n_used": n, "status": "ok"}
        reliability = {"estimate": alpha, "ci_low": low, "ci_high": 0.9}
        rows.append({**common, "statistic": "cronbach_alpha_by_language", "group": language, **reliability})
        rows.append({**common, "statistic": "score_sd", "group": language, "estimate": 0.6 + 0.05 * place})
        for step in range(10, 100, 10) if norms else ():
            value = 1.5 + step / 30
            rows.append(
                {**common, "statistic": "score_quantile", "group": f"{language}_q{step}", "estimate": value,
                 "ci_low": value - 0.2, "ci_high": value + 0.2}
            )  # fmt: skip
    return pd.DataFrame(rows)
