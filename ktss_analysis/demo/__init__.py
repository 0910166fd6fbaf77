"""Seeded generator of the demonstration study: invented raw exports with a planted truth."""

from __future__ import annotations

from .generator import DEFAULT_SEED, write_demo

__all__ = ["DEFAULT_SEED", "write_demo"]
