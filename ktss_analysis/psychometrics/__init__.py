"""Statistics for instruments, expert panels and coded talk: formulas only, no files, no prose.

Persons (or rated units) are rows, items are columns; options are keyword-only. A single quantity comes as an
`Estimate`, a quantity per item as a frame with the same fields as columns.
"""

from .agreement import agreement_summary
from .agreement_planning import icc_sample_size
from .alpha import cronbach_alpha, standardized_alpha
from .alpha_intervals import alpha_sample_size, bonett_interval, reliability_interval
from .attrition import round_attrition
from .coder_agreement import coder_agreement
from .coding import code_cooccurrence, code_salience, framework_matrix, saturation
from .conditional_error import conditional_error
from .consensus import (
    central_tendency,
    disagreement_index,
    kendall_w,
    round_stability,
    share_agreeing,
    tastle_wierman,
)
from .content import aiken_v, content_validity_ratio, critical_cvr, item_cvi, modified_kappa, scale_cvi
from .dimensionality import bartlett_sphericity, correlation_eigenvalues, kmo, parallel_analysis
from .factor_analysis import FactorFit, fit_efa
from .generalizability import GeneralizabilityStudy, decision_study, generalizability
from .greatest_lower_bound import greatest_lower_bound
from .gwet import brennan_prediger, g_index, gwet_ac, percent_agreement
from .intervals import (
    clopper_pearson_interval,
    feldt_interval,
    fisher_interval,
    median_interval,
    wilson_interval,
)
from .intraclass import icc, icc_models
from .items import inter_item_correlations, item_statistics, score_items
from .joint_counts import JointCounts, joint_counts
from .kappa import cohen_kappa, conger_kappa, fleiss_kappa
from .krippendorff import krippendorff_alpha
from .lower_bounds import guttman_lambdas, split_half
from .missing_data import em_moments, little_mcar, missing_patterns
from .ordinal_reliability import categorical_omega, latent_omega, ordinal_alpha
from .pattern_totals import pattern_totals
from .plackett_luce import PlackettLuceFit, plackett_luce
from .polychoric import PolychoricFit, polychoric
from .polyserial import polyserial
from .rank_tests import friedman_nemenyi
from .ranking import affine_plane_design, best_worst_scores, ranking_tiers
from .reading_ease import lix, readability
from .registry import STATISTICS, Statistic, statistic
from .reliability import omega_total, standard_error_of_measurement
from .resampling import bootstrap_interval, jackknife_interval
from .retention import Retention, empirical_kaiser, velicer_map
from .retest import limits_of_agreement, retest_error, retest_summary, smallest_detectable_change
from .schmid_leiman import omega_hierarchical
from .screening import (
    duplicate_answers,
    even_odd_consistency,
    intra_individual_variability,
    longstring,
    mahalanobis_distance,
    psychometric_synonyms,
    reversed_rater,
    speeders,
)
from .usability import sus_scores, system_usability_scale

__all__ = [
    "STATISTICS",
    "FactorFit",
    "GeneralizabilityStudy",
    "JointCounts",
    "PlackettLuceFit",
    "PolychoricFit",
    "Retention",
    "Statistic",
    "affine_plane_design",
    "agreement_summary",
    "aiken_v",
    "alpha_sample_size",
    "bartlett_sphericity",
    "best_worst_scores",
    "bonett_interval",
    "bootstrap_interval",
    "brennan_prediger",
    "categorical_omega",
    "central_tendency",
    "clopper_pearson_interval",
    "code_cooccurrence",
    "code_salience",
    "coder_agreement",
    "cohen_kappa",
    "conditional_error",
    "conger_kappa",
    "content_validity_ratio",
    "correlation_eigenvalues",
    "critical_cvr",
    "cronbach_alpha",
    "decision_study",
    "disagreement_index",
    "duplicate_answers",
    "em_moments",
    "empirical_kaiser",
    "even_odd_consistency",
    "feldt_interval",
    "fisher_interval",
    "fit_efa",
    "fleiss_kappa",
    "framework_matrix",
    "friedman_nemenyi",
    "g_index",
    "generalizability",
    "greatest_lower_bound",
    "guttman_lambdas",
    "gwet_ac",
    "icc",
    "icc_models",
    "icc_sample_size",
    "inter_item_correlations",
    "intra_individual_variability",
    "item_cvi",
    "item_statistics",
    "jackknife_interval",
    "joint_counts",
    "kendall_w",
    "kmo",
    "krippendorff_alpha",
    "latent_omega",
    "limits_of_agreement",
    "little_mcar",
    "lix",
    "longstring",
    "mahalanobis_distance",
    "median_interval",
    "missing_patterns",
    "modified_kappa",
    "omega_hierarchical",
    "omega_total",
    "ordinal_alpha",
    "parallel_analysis",
    "pattern_totals",
    "percent_agreement",
    "plackett_luce",
    "polychoric",
    "polyserial",
    "psychometric_synonyms",
    "ranking_tiers",
    "readability",
    "reliability_interval",
    "retest_error",
    "retest_summary",
    "reversed_rater",
    "round_attrition",
    "round_stability",
    "saturation",
    "scale_cvi",
    "score_items",
    "share_agreeing",
    "smallest_detectable_change",
    "speeders",
    "split_half",
    "standard_error_of_measurement",
    "standardized_alpha",
    "statistic",
    "sus_scores",
    "system_usability_scale",
    "tastle_wierman",
    "velicer_map",
    "wilson_interval",
]
