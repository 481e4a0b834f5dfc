"""How tests stand in front of a browser: contexts alike, patience, and waiting for the page that a press leads to."""

from contextlib import AbstractContextManager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

# How long a page may take to show what is expected, in milliseconds: two cores are shared with much else.
PATIENCE = 30_000


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return a context that is patient and in which nothing moves: half-way there is nothing to be judged."""
    expect.set_options(timeout=PATIENCE)
    context = browser.new_context(**{"reduced_motion": "reduce"} | options)
    context.set_default_timeout(PATIENCE)
    return context


def next_page(page: Page) -> AbstractContextManager[Any]:
    """`with next_page(page): …` goes on once the page that the block leads to is loaded.

    For what is done next without looking at the page: another `goto`, which would give up the answer on its way, or a
    look at words that the page before has as well.
    """
    return page.expect_navigation(wait_until="load", timeout=PATIENCE)
