"""Runs of the demonstration study that several tests of documents and data look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from demo_run import demo_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of the demonstration study, made in this process."""
    return demo_run(tmp_path_factory.mktemp("content"))


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run with so few people that most cells are masked or too small."""
    return demo_run(tmp_path_factory.mktemp("few"), n=8)
