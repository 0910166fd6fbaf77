"""Charts: one function per chart.

Each returns a `Figure`: drawing, table of what is drawn, alternative text. All take a tidy frame with the
glossary's column names and the options of `ktss_analysis.display.style.FrameOptions`. Importing this package
does not load matplotlib.
"""

from __future__ import annotations

from .alluvial import alluvial
from .base import Figure
from .dot_interval import dot_interval
from .flow import flow
from .gauge_strip import gauge_strip
from .grade_matrix import grade_matrix
from .heatmap import heatmap
from .likert import likert
from .saturation import saturation
from .scree import scree
from .slope import slope
from .tiers import tiers
from .tiles import tiles
from .upset import upset
from .words import WORDS

__all__ = [
    "WORDS",
    "Figure",
    "alluvial",
    "dot_interval",
    "flow",
    "gauge_strip",
    "grade_matrix",
    "heatmap",
    "likert",
    "saturation",
    "scree",
    "slope",
    "tiers",
    "tiles",
    "upset",
]
