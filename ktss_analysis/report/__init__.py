"""The report as HTML, tagged PDF and DOCX from one executed notebook."""

from __future__ import annotations

from ktss_analysis.report.render import FORMATS, render

__all__ = ["FORMATS", "render"]
