"""Published examples, recomputed in every run: an auditor sees that the functions still give the known numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..results import rows_from


@dataclass(frozen=True, slots=True)
class Published:
    """A published number: what it is, as it was printed, where, and how it is recomputed."""

    name: str
    printed: str
    source: str
    compute: Callable[[], float]


SHROUT_FLEISS = (
    (9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7),
)  # fmt: skip
KRIPPENDORFF = (
    (1, 1, None, 1), (2, 2, 3, 2), (3, 3, 3, 3), (3, 3, 3, 3), (2, 2, 2, 2), (1, 2, 3, 4), (4, 4, 4, 4),
    (1, 1, 2, 1), (2, 2, 2, 2), (None, 5, 5, 5), (None, None, 1, 1), (None, None, 3, None),
)  # fmt: skip


def _krippendorff(level: Literal["nominal", "ordinal"]) -> float:
    from ..psychometrics.agreement import krippendorff_alpha

    units = np.array(KRIPPENDORFF, dtype=float)
    return _value(krippendorff_alpha(units, level=level))


def _value(estimate: Any) -> float:
    if estimate.value is None:
        raise ValueError(estimate.reason)
    return float(estimate.value)


def _feldt(limit: str, alpha: float, n_persons: int, n_items: int) -> float:
    from ..psychometrics.intervals import feldt_interval

    return float(getattr(feldt_interval(alpha, n_persons, n_items), limit))


def _wilson(limit: str, count: int, n: int) -> float:
    from ..psychometrics.intervals import wilson_interval

    return float(getattr(wilson_interval(count, n), limit))


def _item_cvi(relevant: int, n: int) -> float:
    from ..psychometrics.content import item_cvi

    ratings = pd.DataFrame({"item": [4] * relevant + [1] * (n - relevant)})
    return float(item_cvi(ratings)["estimate"].iloc[0])


def _critical_cvr(n: int) -> float:
    from ..psychometrics.content import critical_cvr

    return float(critical_cvr(n).ratio)


def _aiken() -> float:
    from ..psychometrics.content import aiken_v

    ratings = pd.DataFrame({"item": [4, 4, 4, 4, 4, 4, 4, 4, 3, 3]})
    return float(aiken_v(ratings, scale=(1, 5))["estimate"].iloc[0])


def _disagreement() -> float:
    from ..psychometrics.consensus import disagreement_index

    ratings = pd.DataFrame({"skill": [4, 5, 6] + [7] * 5 + [8] * 5 + [9] * 2})
    return float(disagreement_index(ratings, scale=(1, 9))["estimate"].iloc[0])


def _icc() -> float:
    from ..psychometrics.agreement import icc

    return _value(icc(np.array(SHROUT_FLEISS, dtype=float), model="A-1"))


def _sus() -> float:
    from ..psychometrics.usability import system_usability_scale

    columns = {f"SUS{k:02d}": [3.0, 3.0] for k in range(1, 11)}
    return _value(system_usability_scale(pd.DataFrame(columns)))


PUBLISHED: tuple[Published, ...] = (
    Published("item_cvi, 5 of 6 experts", ".83", "PMC7253559, table 4", lambda: _item_cvi(5, 6)),
    Published("Wilson lower limit, 26 of 30", ".703", "Wilson 1927, doi 10.1080/01621459.1927.10502953",
              lambda: _wilson("low", 26, 30)),
    Published("critical CVR, 10 experts", ".80", "Ayre and Scally 2014, doi 10.1177/0748175613513808",
              lambda: _critical_cvr(10)),
    Published("critical CVR, 40 experts", ".30", "Ayre and Scally 2014, doi 10.1177/0748175613513808",
              lambda: _critical_cvr(40)),
    Published("Aiken's V, mean 3.8 of 1 to 5", ".70", "Merino-Soto 2022, doi 10.6018/analesps.489431", _aiken),
    Published("disagreement index", ".164", "BMJ Open 2012;2:e001431, table 1", _disagreement),
    Published("Feldt lower limit, alpha .913", ".904", "MRC-CBU, after C. Evans",
              lambda: _feldt("low", 0.913, 873, 20)),
    Published("Feldt upper limit, alpha .913", ".921", "MRC-CBU, after C. Evans",
              lambda: _feldt("high", 0.913, 873, 20)),
    Published("Krippendorff's alpha, nominal", ".743", "Krippendorff 2011, example with missing data",
              lambda: _krippendorff("nominal")),
    Published("Krippendorff's alpha, ordinal", ".815", "Krippendorff 2011, example with missing data",
              lambda: _krippendorff("ordinal")),
    Published("ICC(A,1), Shrout and Fleiss", ".29", "Shrout and Fleiss 1979, doi 10.1037/0033-2909.86.2.420", _icc),
    Published("SUS, all answers 3", "50", "Brooke 1996, SUS: a quick and dirty usability scale", _sus),
)  # fmt: skip


def agrees(printed: str, computed: float) -> tuple[bool, str]:
    """Tell whether a number, rounded half up to the digits printed, is the printed number; and its text."""
    digits = len(printed.partition(".")[2])
    rounded = Decimal(repr(computed)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    text = f"{rounded:f}"
    shown = text[1:] if printed.startswith(".") and text.startswith("0.") else text
    return shown == printed, shown


def published_values(examples: tuple[Published, ...] = PUBLISHED) -> pd.DataFrame:
    """Recompute published examples and return one result row for each.

    Returns
    -------
    pandas.DataFrame
        Rows of stream ``verification``: `estimate` is 1 when the number agrees to the printed digit, else 0;
        `label` holds the number as printed, `group` the number as computed here, `method` the source.
    """
    records = []
    for example in examples:
        same, shown = agrees(example.printed, example.compute())
        records.append(
            {"target_id": example.name, "estimate": float(same), "label": example.printed, "group": shown,
             "method": example.source, "status": "ok", "unit": "count of rows"}
        )  # fmt: skip
    return rows_from(pd.DataFrame(records), stream="verification", statistic="published_value", target_type="example")
