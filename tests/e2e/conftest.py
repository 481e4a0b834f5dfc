"""The running help desk and the browser in front of it.

Both live as long as this folder's tests. What a page complains about in its console, a broken content security
policy above all, and what server or worker log as an error, fails the test; a picture of each open page is kept.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.helpdesk import HelpDesk, database
from tests.e2e.visitors import Visitors
from tests.mail.sink import Sink
from tests.plugins.chromium import ARGUMENTS


@pytest.fixture(scope="package")
def helpdesk(prepared: Path, prepared_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HelpDesk]:
    """A help desk with the demo, as on a fresh clone."""
    folder = tmp_path_factory.mktemp("helpdesk")
    shutil.copytree(prepared, folder / "data")
    given = os.environ.get("DATABASE_URL", "")
    with database(given, prepared_database) as url, Sink() as sink, HelpDesk(folder, url, sink).running() as running:
        yield running


@pytest.fixture(scope="package")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    visitors = getattr(item, "funcargs", {}).get("visitors")
    if report.when == "call" and report.failed and visitors is not None:
        pictures = visitors.take_pictures(item.funcargs["tmp_path"])
        report.sections.append(("Pictures of the open pages", "\n".join(map(str, pictures))))
    return report


@pytest.fixture
def visitors(helpdesk: HelpDesk, chromium: Browser, tmp_path: Path) -> Iterator[Visitors]:
    """`visitors()` returns the page of somebody new, `visitors.agent("ken")` that of an agent."""
    visitors = Visitors(helpdesk, chromium)
    yield visitors
    for context in visitors.contexts:
        context.close()
    assert visitors.faults == []
    assert helpdesk.new_troubles() == [], helpdesk.log
