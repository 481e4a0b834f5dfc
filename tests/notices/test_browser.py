"""The bell in a real browser: its menu, and what is new while the page stays open."""

import time

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from notices.models import Notice
from tests import cast
from tests.browsing import PATIENCE
from tests.desk.test_browser import context, page, three  # noqa: F401 - fixtures
from tickets.models import HelpTopic, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def test_the_bell_lists_and_announces_what_is_new(
    page: Page,  # noqa: F811
    grace: User,
    ada: User,
    topic: HelpTopic,
    three: list[Ticket],  # noqa: F811
) -> None:
    page.clock.install()
    page.goto("/desk/agents/")
    unread = Notice.objects.filter(agent=grace).count()
    bell = page.locator("[data-bell] summary")
    expect(bell).to_contain_text(f"Notices, {unread} unread")
    page.clock.fast_forward(31_000)
    # What was new before is known once the first answer is read: only then is something newer told.
    deadline = time.monotonic() + PATIENCE / 1000
    while not page.evaluate("window.desk.store.get('notices-newest')"):
        assert time.monotonic() < deadline, "the bell never looked"
        page.wait_for_timeout(50)
    fresh = cast.make_ticket(ada, topic, subject="Something new")

    page.clock.fast_forward(31_000)

    expect(page.locator("[data-toasts]")).to_contain_text(f"New ticket from Ada: #{fresh.number} Something new")
    expect(bell).to_contain_text(f"Notices, {unread + 1} unread")
    bell.focus()
    page.keyboard.press("Enter")
    first = page.locator("[data-bell-list] .notice").first
    expect(first).to_contain_text("Something new")
    page.keyboard.press("ArrowDown")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/tickets/{fresh.number}/")
    expect(page.locator("[data-bell] summary")).to_contain_text(f"Notices, {unread} unread")
