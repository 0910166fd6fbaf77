"""Checks of a run from outside: statistics against published values, files against their record."""
