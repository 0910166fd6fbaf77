"""The demonstration as committed, run once for all tests that need it."""

from __future__ import annotations

import pytest
from planted_run import Run, run_demo


@pytest.fixture(scope="session")
def golden_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return the run of the demonstration with its own seed and all plants."""
    return run_demo(tmp_path_factory.mktemp("golden-run"))
