"""One browser and one run of the demonstration study for all browser tests of the report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import chromium
from demo_run import demo_run


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return the system's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def public(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the public folder of a run; the browser is asked for first, so that a skip costs nothing."""
    return demo_run(tmp_path_factory.mktemp("demo")) / "public"
