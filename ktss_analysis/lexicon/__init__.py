"""Words that questionnaires share: response labels in nine languages, and texts that mean "no opinion"."""

from .folding import fold, undressed
from .scales import ShippedScale, no_opinion_texts, shipped_scale, shipped_scales

__all__ = ["ShippedScale", "fold", "no_opinion_texts", "shipped_scale", "shipped_scales", "undressed"]
