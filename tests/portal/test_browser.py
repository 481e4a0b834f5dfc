"""The requester's pages in a real browser: whole without script, and readable with the strangest of contents.

Whether the ordinary pages can be read by everybody is asked in tests/e2e/test_axe.py.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.files import store
from core.models import NewFile
from tests import axe, cast
from tests.browsing import new_context, next_page
from tests.cast import DAY, HOUR, MINUTE
from tickets import actions, links
from tickets.models import Source, Status, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
NOT_A_FAULT = ("404 (Not Found)", "422 (Unprocessable", "409 (Conflict)")


@pytest.fixture
def visit(chromium: Browser, live_server) -> Iterator[Callable[..., Page]]:
    """`visit("/new/", size="phone")` opens a page; faults in its console fail the test at the end."""
    contexts: list[BrowserContext] = []
    pages: list[Page] = []

    def open_page(path: str, *, size: str = "desktop", script: bool = True, judged: bool = False) -> Page:
        width, height = SIZES[size]
        context = new_context(
            chromium,
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            bypass_csp=judged,  # axe tries inline styles
        )
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        pages.append(page)
        page.goto(live_server.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    faults = [fault for page in pages for fault in page.faults]
    assert [fault for fault in faults if not any(known in fault for known in NOT_A_FAULT)] == []


@pytest.fixture
def topics(plan) -> None:
    sev_a = cast.make_plan("Sev-A (1h/4h, 24/7)", first_response=HOUR, resolution=4 * HOUR)
    cast.make_topic(
        "Business critical outage",
        hint="A service that customers or branches depend on is down",
        advice="If you cannot reach this page, call +44 20 7946 0199.",
        sla_plan=sev_a,
        position=1,
    )
    cast.make_topic("Something does not work", hint="An error, a fault, something slow", position=2, sla_plan=plan)
    cast.make_topic("Access and accounts", hint="Sign-in, permissions, new starters", position=3)


def tell_a_story(requester, ken, mary, systems, *, upto: str) -> Ticket:
    """Let the ticket live: opened, answered, transferred, asked, resolved, and closed as far as `upto`."""
    start = timezone.now() - 4 * HOUR
    files = [NewFile(store([b"\x89PNG\r\n\x1a\n" * 9000]), "sign-in-404.png", "image/png")]
    ticket = cast.make_ticket(
        requester,
        subject="Entire mobile/online banking system is down",
        text="Customers are reporting a 404 error when browsing to online banking.\n\nOur test accounts fail as well.",
        files=files,
        at=start,
    )
    by_ken, by_mary = cast.principal(ken), cast.principal(mary)
    by_jane = cast.Principal.link(requester, ticket.pk)
    if upto == "opened":
        return ticket
    actions.reply(ticket=ticket, text="I can reproduce this. Next update at 09:45.", by=by_ken, at=start + 7 * MINUTE)
    actions.transfer(ticket=ticket, to=systems, note="Coordinating.", by=by_ken, at=start + 29 * MINUTE)
    actions.add_message(
        ticket=ticket,
        address=cast.address_for(requester),
        text="Any news? שלום 👋 https://status.example.com/",
        source=Source.WEB,
        by=by_jane,
        at=start + HOUR,
    )
    ticket = actions.claim(ticket=ticket, by=by_mary, at=start + HOUR)
    if upto == "assigned":
        return ticket
    words = "We discovered a failed load balancer. The issue has been fixed and online systems should be working now."
    actions.reply_and_resolve(ticket=ticket, text=words, by=by_mary, at=start + 3 * HOUR)
    if upto == "closed":
        actions.close(ticket=ticket, by=by_jane, at=start + 3 * HOUR)
    if upto == "long closed":
        actions.close(ticket=ticket, by=by_jane, at=start - 30 * DAY)
    if upto == "reopened":
        actions.add_message(
            ticket=ticket,
            address=cast.address_for(requester),
            text="It is down again. " * 40,
            source=Source.WEB,
            by=by_jane,
            at=start + 3 * HOUR,
        )
    return ticket


@pytest.fixture
def story(ken, elsewhere) -> Callable[[str], Ticket]:
    jane = cast.make_person("jane@example.org", "Jane Ellery", confirmed=False)
    elsewhere.name = "System Administrators"
    elsewhere.save()
    mary = cast.make_agent("Mary Okafor", elsewhere)
    return lambda upto: tell_a_story(jane, ken, mary, elsewhere, upto=upto)


def link_to(ticket: Ticket) -> str:
    return reverse("portal:ticket", args=[links.token_for(ticket.participants.get())])


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page where SHOTS names a folder: to be looked at, beside the design."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def judge(page: Page, name: str) -> None:
    """Look at the page as it is now in both sizes and themes: nothing too wide, no violation that axe knows."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            axe.settle(page)
            look = f"{name}-{scheme}-{size}"
            shoot(page, look)
            overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert overflow <= 0, f"{look} is {overflow} px too wide"
            assert axe.told(axe.violations(page)) == [], look


# --- Readable by all -----------------------------------------------------------------------------


def test_a_ticket_of_extremes_is_readable_by_all(visit, story, ken):
    ticket = story("opened")
    Ticket.objects.filter(pk=ticket.pk).update(subject="Incomprehensibilities" * 28)
    words = "w" * 3000 + "\n\n" + "long " * 3000
    files = [NewFile(store([b"%d" % n]), f"{'long-name-' * 20}{n}.txt", "text/plain") for n in range(20)]
    actions.reply(ticket=ticket, text=words, files=files, by=cast.principal(ken), at=timezone.now())

    judge(visit(link_to(ticket), judged=True), "ticket-extreme")


def test_no_page_breaks_its_own_policy(visit, topics, story):
    """The fixture fails on any message of the console."""
    for path in ("/", "/check/", "/check/sent/", "/t/forged/", link_to(story("resolved"))):
        visit(path).wait_for_load_state("networkidle")
    page = visit("/new/")
    page.get_by_label("Business critical outage").check()
    page.get_by_text("We aim to solve it within 4 hours.").wait_for()
    page.get_by_role("button", name="Send ticket").click()
    page.get_by_role("alert").wait_for()


def test_the_newest_answer_is_on_the_first_screen(visit, story):
    for size, (_width, height) in SIZES.items():
        page = visit(link_to(story("resolved")), size=size)

        box = page.get_by_text("We discovered a failed load balancer.").bounding_box()
        assert box["y"] + 24 < height, size


# --- Without script ---------------------------------------------------------------------------------


def test_the_whole_way_goes_without_script(visit, topics, story, ken, tmp_path):
    picture = tmp_path / "screen.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" * 10)
    page = visit("/", script=False)
    page.get_by_role("link", name="Open a ticket").last.click()
    page.get_by_label("Business critical outage").check()
    expect(page.get_by_text("We answer within 1 hour.").first).to_be_visible()
    page.get_by_label("Your name").fill("Jane")
    page.get_by_label("Summary").fill("Entire mobile/online banking system is down")
    page.get_by_label("What happens?").fill("Customers are reporting a 404 error.")
    page.set_input_files("input[type=file]", picture)
    with next_page(page):
        page.get_by_role("button", name="Send ticket").click()

    # The address was forgotten: everything else is still there, the file too.
    expect(page.get_by_label("Business critical outage")).to_be_checked()
    expect(page.get_by_label("screen.png")).to_be_checked()
    page.get_by_label("Your e-mail address").fill("jane@user.com")
    with next_page(page):
        page.get_by_role("button", name="Send ticket").click()

    ticket = Ticket.objects.get(subject__startswith="Entire mobile", requester__name="Jane")
    expect(page.get_by_text(f"#{ticket.number}")).to_be_visible()
    shoot(page, "sent-light-desktop")
    assert ticket.entries.get().attachments.get().name == "screen.png"

    actions.reply_and_resolve(ticket=ticket, text="Fixed.", by=cast.principal(ken), at=timezone.now())
    page.goto(page.url.partition("/new/")[0] + link_to(ticket))
    page.get_by_role("link", name="No, reopen").click()
    page.get_by_label("What is still wrong?").fill("No, it is down again.")
    page.get_by_role("button", name="Send and reopen").click()

    # Not the words as they stood in the form.
    expect(page.locator(".msg-me").last).to_contain_text("No, it is down again.")
    ticket.refresh_from_db()
    assert ticket.status == Status.REOPENED

    actions.resolve(ticket=ticket, by=cast.principal(ken), at=timezone.now())
    page.reload()
    page.get_by_role("button", name="Yes, close it").click()

    expect(page.get_by_text("Thank you. The ticket is closed.")).to_be_visible()
    ticket.refresh_from_db()
    assert ticket.status == Status.CLOSED
    with page.expect_download() as download:
        page.get_by_role("link", name="screen.png").click()
    assert download.value.suggested_filename == "screen.png"
