"""People in front of their browsers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browsing import new_context
from tests.e2e.helpdesk import HelpDesk

DESKTOP = {"width": 1440, "height": 900}


class Visitors:
    """People in front of their browsers. None shares cookies with another."""

    def __init__(self, helpdesk: HelpDesk, chromium: Browser) -> None:
        self.helpdesk = helpdesk
        self.chromium = chromium
        self.contexts: list[BrowserContext] = []
        self.faults: list[str] = []
        # Answers that a page gives on purpose, such as 422, and that the browser puts down as errors.
        self.expected: set[int] = set()

    def __call__(self, *, script: bool = True, **options: Any) -> Page:
        """Return an empty page of somebody new."""
        context = new_context(
            self.chromium,
            base_url=self.helpdesk.url,
            java_script_enabled=script,
            **{"viewport": DESKTOP} | options,
        )
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.faults.append(f"{error.page.url}: {error.error}"))
        self.contexts.append(context)
        return context.new_page()

    def agent(self, name: str, **options: Any) -> Page:
        """Return the page of an agent of the demo after signing in."""
        page = self(**options)
        page.goto("/accounts/login/")
        sign_in(page, name)
        page.wait_for_url("**/desk/queues/open/")
        return page

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """Leave out what is complained of meanwhile, such as what axe tries on a page and its policy refuses."""
        heard = len(self.faults)
        yield
        del self.faults[heard:]

    def take_pictures(self, folder: Path) -> list[Path]:
        pictures = []
        for context in self.contexts:
            for page in context.pages:
                pictures.append(folder / f"page-{len(pictures) + 1}.png")
                page.screenshot(path=pictures[-1], full_page=True)
        return pictures

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        if any(f"the server responded with a status of {status} " in message.text for status in self.expected):
            return
        where = message.page.url if message.page else message.location["url"]
        self.faults.append(f"{where}: {message.text}")


def sign_in(page: Page, name: str) -> None:
    """Fill in the sign-in page for an agent of the demo."""
    page.get_by_label("E-mail address").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(f"{name}-demo-2026")
    page.get_by_role("button", name="Sign in", exact=True).click()
