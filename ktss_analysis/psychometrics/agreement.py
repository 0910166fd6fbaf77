"""Agreement between raters: every coefficient beside the others, and the module where they are found by name.

Here and in `icc` **rows are the units that are rated** (persons, items, turns of speech) and **columns are the
raters**. The coefficients are in the modules `kappa`, `gwet`, `krippendorff` and `intraclass`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..core import Estimate
from .chance_corrected import check_interval
from .checks import FloatArray, as_matrix
from .frames import estimates_frame
from .gwet import brennan_prediger, g_index, gwet_ac, percent_agreement
from .intraclass import icc
from .kappa import cohen_kappa, conger_kappa, fleiss_kappa
from .krippendorff import krippendorff_alpha
from .rating_tables import Weights, count_values
from .registry import statistic

__all__ = [
    "agreement_summary", "brennan_prediger", "cohen_kappa", "conger_kappa", "count_values", "fleiss_kappa", "g_index",
    "gwet_ac", "icc", "krippendorff_alpha", "percent_agreement",
]  # fmt: skip


@statistic(
    family="agreement", symbol="kappa, AC, alpha_K", data="units", returns="frame", bounds=(None, 1), min_n=2,
    invariant_to={"row_order", "column_order", "relabel"}, source="doi:10.1016/0895-4356(93)90018-V",
)  # fmt: skip
def agreement_summary(
    ratings: ArrayLike | pd.DataFrame,
    *,
    weights: Weights | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
) -> pd.DataFrame:
    r"""Compute all agreement coefficients of the same ratings, with what makes them differ.

    Beside each other: the share of agreeing pairs; Cohen's kappa (two raters) or Conger's; Fleiss' kappa; Gwet's
    coefficient; Brennan-Prediger (two raters, no weights: the prevalence- and bias-adjusted kappa, PABAK);
    Krippendorff's alpha; and

    .. math:: \text{prevalence index} = \max_c \pi_c - \min_c \pi_c, \qquad
              \text{bias index} = \frac{1}{r (r - 1)} \sum_{g \ne h} \tfrac{1}{2} \sum_c |p_{gc} - p_{hc}|

    which for two raters and two categories are :math:`|a - d| / n` and :math:`|b - c| / n`.

    Parameters
    ----------
    ratings : array_like or DataFrame, shape (n_units, n_raters)
        Codes; missing cells are allowed, each coefficient treats them by its own rule and says how many units it
        rests on.
    weights : {None, "linear", "quadratic", "ordinal"}, default None
        How far two categories agree, see `gwet_ac`; the same for all. Krippendorff's distances are then 1 - w.
    cluster : array_like, shape (n_units,), optional
        Cluster of each unit; the jackknife leaves out whole clusters. Not used for the share of agreeing pairs.
    ci_level : float, default .95
        Confidence level. All coefficients have the jackknife interval over units (or clusters).

    Returns
    -------
    DataFrame
        One row per `statistic` with the fields of an estimate. The two indices describe the ratings and have no
        interval.

    Raises
    ------
    StatisticError
        For text, wrong weights, or more than 100 different values.

    Notes
    -----
    A high share of agreement with a low kappa and a high prevalence index means: the ratings hardly vary, so
    these units cannot show whether the raters distinguish. Choose the coefficient before seeing the table.

    References
    ----------
    Byrt, T., Bishop, J., & Carlin, J. B. (1993). Bias, prevalence and kappa. *Journal of Clinical Epidemiology,
    46*, 423-429. https://doi.org/10.1016/0895-4356(93)90018-V

    Examples
    --------
    Two raters agree on 46 of 50 units, nearly always that a code is absent:

    >>> from ktss_analysis.psychometrics.agreement import agreement_summary
    >>> pairs = [[0, 0]] * 45 + [[0, 1]] * 2 + [[1, 0]] * 2 + [[1, 1]]
    >>> table = agreement_summary(pairs).set_index("statistic")["estimate"].astype(float).round(3)
    >>> table["percent_agreement"], table["cohen_kappa"], table["gwet_ac"], table["prevalence_index"]
    (np.float64(0.92), np.float64(0.291), np.float64(0.91), np.float64(0.88))
    """
    check_interval("jackknife", ci_level, 1, 0, cluster)
    matrix, _ = as_matrix(ratings, "ratings")
    options: dict[str, Any] = {
        "weights": weights, "ci_method": "jackknife", "cluster": cluster, "ci_level": ci_level,
    }  # fmt: skip
    if matrix.shape[1] == 2:
        by_rater = {"cohen_kappa": cohen_kappa(matrix, layout="ratings", **options)}
    else:
        by_rater = {"conger_kappa": conger_kappa(matrix, **options)}
    found: dict[str, Estimate] = {
        "percent_agreement": percent_agreement(matrix, weights=weights, ci_level=ci_level),
        **by_rater,
        "fleiss_kappa": fleiss_kappa(matrix, layout="ratings", **options),
        "gwet_ac": gwet_ac(matrix, **options),
        "brennan_prediger": brennan_prediger(matrix, **options),
        "krippendorff_alpha": krippendorff_alpha(matrix, **options),
        **_indices(matrix),
    }
    return estimates_frame(found, "agreement_summary")


def _indices(matrix: FloatArray) -> dict[str, Estimate]:
    """Return prevalence and bias index of ratings."""
    present = ~np.isnan(matrix)
    n_units, n_missing = int(present.any(axis=1).sum()), int((~present.any(axis=1)).sum())
    names = {"prevalence_index": "largest minus smallest share of a category", "bias_index": "mean over rater pairs"}
    if n_units == 0:
        absent = {"n_missing": n_missing}
        return {
            key: Estimate.absent("too_few", "no unit is rated", method=name, **absent) for key, name in names.items()
        }
    counts, _ = count_values(matrix[present.any(axis=1)])
    pooled = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    prevalence = float(np.ptp(pooled)) if len(pooled) > 1 else 1.0
    base: dict[str, Any] = {"n_used": n_units, "n_missing": n_missing}
    found = {"prevalence_index": Estimate(prevalence, method=names["prevalence_index"], **base)}
    active = [matrix[there, rater] for rater, there in enumerate(present.T) if there.any()]
    if len(active) < 2:
        reason = f"{len(active)} rater(s) with ratings; needs 2"
        return found | {"bias_index": Estimate.absent("undefined", reason, method=names["bias_index"], **base)}
    values = np.unique(matrix[present])
    shares = np.array([(column[:, None] == values).mean(axis=0) for column in active])
    pairs = np.triu_indices(len(shares), 1)
    bias = float(np.abs(shares[pairs[0]] - shares[pairs[1]]).sum(axis=1).mean() / 2)
    return found | {"bias_index": Estimate(bias, method=names["bias_index"], **base)}
