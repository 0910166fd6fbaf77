"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ktss", deadline=None, derandomize=True)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ktss"))

REPO = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repo() -> Path:
    """Return the root of the repository."""
    return REPO


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder with real data sets and reference numbers beside the repository, or skip."""
    folder = REPO.parent / "shared"
    if (folder / "reference").is_dir():
        return folder
    if os.environ.get("KTSS_REQUIRE_SHARED"):
        pytest.fail("KTSS_REQUIRE_SHARED is set, but the folder 'shared' is not beside the repository")
    pytest.skip("the folder 'shared' with real data and reference numbers is not beside the repository")
