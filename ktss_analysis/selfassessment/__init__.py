"""The self-assessment as a web page, generated from the framework and the published results, and its exports."""

from .build import Built, build_tool
from .evidence import Evidence, ScaleEvidence, evidence_of
from .instrument import Instrument, instrument_of

__all__ = [
    "Built", "Evidence", "Instrument", "ScaleEvidence", "build_tool", "evidence_of", "instrument_of",
]  # fmt: skip
