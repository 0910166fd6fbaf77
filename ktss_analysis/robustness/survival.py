"""How often a verdict comes out again when other people of the same kind had been asked: a bootstrap of people."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..evidence import STREAM
from ..results import combine, count_row, rows_from
from ..rules import STREAMS, apply_gates
from ..streams.common import Setting, Tables, mark
from .panels import LETTERS, Grades, IntArray
from .sample import OUTCOMES, Sample, sample_of, verdicts_of

METHOD = "bootstrap of people within guide review, tool review and last round, of whole focus groups"
PEOPLE = ("relevance", "consensus", "items")


def survival(tables: Tables, setting: Setting) -> pd.DataFrame:
    r"""Return, per skill, the share of resamples in which the rule gives the same verdict.

    .. math:: \hat p = \frac{1}{B} \sum_b [v_b = v], \qquad s = \sqrt{\hat p (1 - \hat p) / B}

    People are drawn with replacement within each source; of the focus groups whole groups are drawn, because people in
    a group are not independent. Sources are drawn independently of each other. All statistics, gates, grades and the
    verdict table are applied anew to each of the :math:`B` resamples.

    Parameters
    ----------
    tables : mapping
        Canonical tables; needs ``ratings``, ``codings`` and ``codebook``.
    setting : Setting
        Study and rules; :math:`B` is ``outputs.boot``, the seed follows from the study's.

    Returns
    -------
    pandas.DataFrame
        ``verdict_survival`` (share), ``verdict_survival_error`` (its Monte Carlo standard error, :math:`s`) and
        ``verdict_share`` per verdict that occurs; n is the smallest panel a grade of the skill rests on. ``undefined``
        where the verdict is "not decided", which more answers would change, not other ones. ``n_resamples`` once.

    Notes
    -----
    A share near 1 says that the verdict does not hang on who happened to be asked, not that it is right. The bootstrap
    knows only the people it has: with few of them its shares are themselves uncertain, beyond the Monte Carlo error.

    References
    ----------
    Efron, B., & Tibshirani, R. J. (1993). *An introduction to the bootstrap*. https://doi.org/10.1201/9780429246593
    """
    sample = sample_of(tables, setting)
    once = sample.grades(sample.once())
    now = verdicts_of(once, setting.rules)[0]
    drawn = verdicts_of(sample.grades(_resamples(sample)), setting.rules)
    source = mark(tables["ratings"], "ratings", "all") if len(tables["ratings"]) else ""
    rows = [_rows(sample, once, now, drawn, place, source) for place in range(len(sample.skills))]
    rows.append(count_row(len(drawn), stream=STREAM, statistic="n_resamples", unit="count of rows"))
    return apply_gates(combine(rows), setting.rules)


def _resamples(sample: Sample) -> dict[str, IntArray]:
    """Return how often each person (or group) was drawn, shape (n_resamples, size) per stream."""
    setting = sample.setting
    weights = {}
    for stream in STREAMS:
        size = sample.size(stream)
        rng = np.random.default_rng(setting.seed("survival", stream))
        equal = np.full(size, 1 / size) if size else np.zeros(0)
        weights[stream] = (
            rng.multinomial(size, equal, size=setting.n_boot) if size else np.zeros((setting.n_boot, 0), dtype=np.int64)
        )
    return weights


def _rows(
    sample: Sample, once: dict[str, Grades], now: IntArray, drawn: IntArray, place: int, source: str
) -> pd.DataFrame:
    """Return the rows of one skill."""
    n_used = _smallest_panel(once, place)
    skill = sample.skills[place]
    common: dict[str, Any] = {
        "stream": STREAM, "target_type": "skill", "n_used": n_used,
        "unit": "share of resamples", "method": f"{METHOD}; {len(drawn)} resamples", "source_rows": source,
    }  # fmt: skip
    share = float((drawn[:, place] == now[place]).mean())
    error = float(np.sqrt(share * (1 - share) / len(drawn)))
    absent: dict[str, Any] = {}
    if OUTCOMES[now[place]] == "not_decided":
        share = error = float("nan")
        absent = {"status": "undefined", "reason": "there is no verdict yet that could come out again"}
    numbers = {"verdict_survival": share, "verdict_survival_error": error}
    parts = [
        rows_from(pd.DataFrame({"target_id": [skill], "estimate": [value]}), statistic=name, **common, **absent)
        for name, value in numbers.items()
    ]  # fmt: skip
    counts = np.bincount(drawn[:, place], minlength=len(OUTCOMES))
    occurring = pd.DataFrame({"group": OUTCOMES, "estimate": counts / len(drawn)})[counts > 0]
    occurring["target_id"] = skill
    if not absent:
        parts.append(rows_from(occurring, statistic="verdict_share", **common))
    return pd.concat(parts)


def _smallest_panel(once: dict[str, Grades], place: int) -> int:
    """Return the smallest number of people that a grade of the skill rests on."""
    sizes = [
        int(once[stream].n[0, place])
        for stream in PEOPLE
        if LETTERS[once[stream].letters[0, place]] != "?"
    ]  # fmt: skip
    return min(sizes, default=0)
