"""The published results as open data: a glossary, a workbook and a Frictionless Data Package."""
