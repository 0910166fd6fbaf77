"""The system's Chromium for browser tests: found on PATH, started without any network chatter of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--no-default-browser-check",
]  # fmt: skip


def need(found: object, what: str) -> None:
    """Skip when something is not installed; fail instead where the browser tests must run."""
    if found:
        return
    if os.environ.get("KTSS_REQUIRE_BROWSER"):
        pytest.fail(f"KTSS_REQUIRE_BROWSER is set, but {what} was not found")
    pytest.skip(f"{what} was not found")


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a browser of Playwright's synchronous interface."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    need(path, "a Chromium on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def axe_source() -> str:
    """Return the script of axe-core that the package `axe-playwright-python` brings."""
    try:
        from axe_playwright_python.base import AXE_SCRIPT
    except ImportError:
        need(None, "the package axe-playwright-python")
    return str(AXE_SCRIPT)
