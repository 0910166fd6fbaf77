"""Texts, tables and figures of the reports, made from published results alone."""
