"""What people with an account do in the portal, in a real browser: find their tickets, keep their profile."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import Members, Organization
from tests import axe, cast
from tests.browsing import new_context
from tests.cast import DAY, HOUR, MONDAY, PASSWORD
from tickets import actions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

# A form that is refused says so by its status; axe looks for style sheets beside the pages.
NOT_A_FAULT = ("422 (Unprocessable", "404 (Not Found)")
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def ada(ada_confirmed):
    """With an account, in an organisation that shares its tickets."""
    ada_confirmed.organization = Organization.objects.create(name="Engines", sharing=Members.ALL)
    ada_confirmed.set_password(PASSWORD)
    ada_confirmed.save()
    return ada_confirmed


@pytest.fixture
def enter(chromium: Browser, live_server, ada) -> Iterator[Callable[..., Page]]:
    """`enter("/tickets/")` opens the page after Ada signed in; faults in its console fail the test at the end."""
    context = new_context(chromium, base_url=live_server.url, bypass_csp=True)  # axe tries styles
    faults: list[str] = []

    def entered(path: str) -> Page:
        page = context.new_page()
        page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
        page.goto(f"/accounts/login/?next={path}")
        page.get_by_label("E-mail address").fill("ada@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).to_have_url(live_server.url + path)
        return page

    yield entered
    context.close()
    assert [fault for fault in faults if not any(known in fault for known in NOT_A_FAULT)] == []


@pytest.fixture
def tickets(ada, grace, topic, billing) -> None:
    other = cast.make_topic("Something else", department=billing)
    cast.make_ticket(ada, topic, subject="The invoice is wrong", at=MONDAY)
    cast.make_ticket(ada, other, subject="The printer smokes", at=MONDAY + DAY)
    closed = cast.make_ticket(ada, topic, subject="An old question", at=MONDAY - DAY)
    actions.close_unresolved(ticket=closed, reason="other", by=cast.principal(grace), at=MONDAY - HOUR)
    bob = cast.make_person("bob@example.org", "Bob")
    bob.organization = ada.organization
    bob.save()
    cast.make_ticket(bob, topic, subject="Bob wants to know", at=MONDAY)


def expect_tickets(page: Page, *subjects: str) -> None:
    expect(page.locator(".t-subject")).to_have_text(list(subjects))


def expect_readable(page: Page) -> None:
    """Nothing wider than a phone, and no violation that axe knows, in both colours."""
    page.set_viewport_size(PHONE)
    axe.settle(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert axe.told(axe.violations(page)) == []


def test_tickets_are_searched_sorted_and_filtered(enter, tickets):
    page = enter("/tickets/")
    expect_tickets(page, "The printer smokes", "The invoice is wrong")

    page.get_by_label("Number or words of the summary").fill("invoice")
    page.get_by_role("button", name="Show").click()
    expect_tickets(page, "The invoice is wrong")

    page.get_by_label("Number or words of the summary").fill("nothing like it")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing fits this search.")).to_be_visible()
    page.get_by_role("link", name="Show all of them").click()

    page.get_by_label("Topic").select_option("Something else")
    page.get_by_role("button", name="Show").click()
    expect_tickets(page, "The printer smokes")

    page.goto("/tickets/")
    page.get_by_label("Order").select_option(label="Oldest")
    page.get_by_role("button", name="Show").click()
    expect_tickets(page, "The invoice is wrong", "The printer smokes")

    page.get_by_role("navigation", name="State").get_by_role("link", name="Closed").click()
    expect_tickets(page, "An old question")
    expect_readable(page)


def test_the_organisations_tickets_stand_beside_ones_own(enter, tickets):
    page = enter("/tickets/")

    page.get_by_role("link", name="My organisation's").click()

    expect_tickets(page, "Bob wants to know")
    page.get_by_role("link", name="Bob wants to know").click()
    expect(page.get_by_role("heading", name="Bob wants to know")).to_be_visible()
    # Who takes no part in it reads along, and writes nothing.
    expect(page.get_by_role("button", name="Send")).to_have_count(0)
    page.go_back()
    expect_tickets(page, "Bob wants to know")
    expect_readable(page)


def test_a_profile_is_kept_and_says_what_is_wrong(enter, ada):
    page = enter("/profile/")
    page.get_by_label("Name").fill("")
    page.get_by_label("Phone").fill("+49 30 123456")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Phone")).to_have_value("+49 30 123456")

    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Your profile is saved.")).to_be_visible()
    ada.refresh_from_db()
    assert (ada.name, ada.phone, ada.time_zone) == ("Ada Lovelace", "+49 30 123456", "Asia/Tokyo")
    expect_readable(page)
