"""The browser of the tests: the machine's Chromium, or one that Playwright brings.

`python -m tests.plugins.chromium` fetches one if there is none.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Quiet and reproducible; without a sandbox because tests also run as root in containers.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = "no Chromium: none in PATH (chromium, google-chrome), and Playwright could not fetch its own"


def find() -> str | None:
    """Return the path of a Chromium, or None."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of a Chromium; a test that asks for it is skipped where there is none."""
    path = find()
    if path is None:
        pytest.skip(MISSING)
    return path


@pytest.fixture(scope="session")
def _running(chromium_path: str) -> Iterator[tuple[Browser, asyncio.AbstractEventLoop]]:
    """The browser of all tests of this process, and the loop that drives it, which stands still between them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield browser, loop
        asyncio._set_running_loop(loop)
        browser.close()


@pytest.fixture
def chromium(
    _running: tuple[Browser, asyncio.AbstractEventLoop], live_server: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Browser]:
    """The browser, without anything of earlier tests, for pages of the live server.

    While Playwright's loop runs in this thread, Django takes another connection for it: the loop goes on after the
    database is set up and stops before it is emptied, and its connection is closed. What a test asks of the database
    meanwhile is quick.
    """
    browser, loop = _running
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    # Playwright sets it itself after each call; starting a browser for each test took half of their time.
    asyncio._set_running_loop(loop)
    yield browser
    for context in browser.contexts:
        context.close()
    connections.close_all()
    asyncio._set_running_loop(None)


def main() -> None:
    if find() is None:
        print("No Chromium here; asking Playwright for one.", file=sys.stderr)
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        done = subprocess.run(command, capture_output=True, timeout=300)
        if done.returncode != 0 or find() is None:
            print("It could not fetch one: the browser's tests will be skipped.", file=sys.stderr)


if __name__ == "__main__":
    main()
