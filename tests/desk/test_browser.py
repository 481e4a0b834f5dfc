"""The desk in a real browser: single keys, dialogs, drafts; the console stays quiet."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from accounts.models import Preferences, User
from core.files import store
from core.models import NewFile, SiteSettings
from tests import cast
from tests.browsing import new_context
from tests.cast import MINUTE
from tickets import actions, tasks
from tickets.models import Department, EntryKind, HeldReply, HelpTopic, Status, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

# Where the composer is written in, once its editor is there.
WRITING = "#id_editor"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def context(
    chromium: Browser, live_server: object, grace: User, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    """Grace's browser, signed in. Its settings are the test's parameter, if it has one."""
    made = new_context(chromium, base_url=live_server.url, **getattr(request, "param", {"viewport": DESKTOP}))
    client = Client()
    client.force_login(grace, backend=settings.AUTHENTICATION_BACKENDS[-1])
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    made.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose console must have nothing to complain of, such as what the CSP refused."""
    troubles: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        # A refused form answers 422, which the console tells as well.
        if message.type in {"error", "warning"} and "422" not in message.text:
            troubles.append(message.text)

    made = context.new_page()
    made.on("console", listen)
    made.on("pageerror", lambda error: troubles.append(str(error)))
    yield made
    made.wait_for_timeout(100)
    assert troubles == []


@pytest.fixture
def three(ada: User, topic: HelpTopic, grace: User) -> list[Ticket]:
    """Three tickets in the order of their deadlines: over, due within the hour, answered with everything there is."""
    now = timezone.now()
    over, soon = (cast.make_ticket(ada, topic, at=now - span) for span in (90 * MINUTE, 20 * MINUTE))
    png = NewFile(store([b"\x89PNG\r\n\x1a\n"]), "screen 😀.png", "image/png")
    full = cast.make_ticket(ada, topic, at=now - 10 * MINUTE, files=[png], subject="אין גישה <b>" + "x" * 300)
    by = cast.principal(grace)
    actions.reply(ticket=full, text="See https://example.org/", by=by, at=now - 9 * MINUTE, keeps=True)
    actions.add_note(ticket=full, text="A note", by=by, at=now - 8 * MINUTE)
    for name in ("Low", "High", "Low", "Normal"):
        actions.change_priority(ticket=full, to=cast.priority(name), by=by, at=now - 7 * MINUTE)
    return [over, soon, full]


# --- Keys ----------------------------------------------------------------------------------------


def test_single_keys_lead_through_the_queue_and_its_tickets(page: Page, three: list[Ticket]) -> None:
    over, soon, _full = three
    page.goto("/desk/")
    for key, ticket in (("j", over), ("j", soon), ("k", over), ("k", over)):
        page.keyboard.press(key)
        expect(page.locator(f"#t{ticket.number} .row-link")).to_be_focused()

    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/tickets/{over.number}/?queue=open")
    page.keyboard.press("j")
    page.wait_for_url(f"**/desk/tickets/{soon.number}/?queue=open")
    page.keyboard.press("k")
    page.wait_for_url(f"**/desk/tickets/{over.number}/?queue=open")


@pytest.mark.parametrize("width", [360, 720, 900, 1000, 1280, 1440])
def test_the_queue_fills_its_page_at_every_width(page: Page, three: list[Ticket], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/desk/")
    ends = page.evaluate(
        "[...document.querySelectorAll('.queue-body, .tickets, .tickets tbody tr, .tickets tbody tr > :last-child')]"
        ".filter((each) => each.offsetParent && !each.matches('.group-row > *'))"
        ".map((each) => Math.round(each.getBoundingClientRect().right))"
    )
    assert len(ends) > 5
    assert max(ends) - min(ends) <= (16 if width <= 720 else 1)  # cards keep a margin


def test_a_long_name_of_the_help_desk_leaves_the_account_menu_on_a_phone(page: Page, three: list[Ticket]) -> None:
    SiteSettings.objects.update(name=("The help desk of the long island " * 2)[:60])
    page.set_viewport_size(PHONE)
    page.goto("/desk/")
    expect(page.locator(".topbar .avatar-btn")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_r_writes_a_reply_and_m_a_note_that_cannot_be_mistaken(page: Page, three: list[Ticket]) -> None:
    ticket = three[0]
    page.goto(f"/desk/tickets/{ticket.number}/")
    page.keyboard.press("r")
    expect(page.locator(WRITING)).to_be_focused()
    expect(page.get_by_role("button", name="Send and resolve")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("m")
    expect(page.locator(WRITING)).to_be_focused()
    expect(page.get_by_role("button", name="Send and resolve")).to_be_hidden()
    page.keyboard.type("jkratec is no command here")
    page.keyboard.press("Control+Enter")

    expect(page.locator(".entry-note .prose")).to_have_text("jkratec is no command here")
    expect(page.locator("[data-toast]")).to_contain_text(f"Note added to #{ticket.number}")
    assert ticket.entries.get(kind=EntryKind.NOTE).text == "jkratec is no command here"


def test_a_draft_stays_until_its_text_arrived(page: Page, three: list[Ticket]) -> None:
    url = f"/desk/tickets/{three[0].number}/"
    page.goto(url)
    page.keyboard.press("r")
    page.keyboard.type("Half a sen")
    expect(page.locator("[data-saved]")).to_have_text("Draft saved in this browser")

    page.goto(url)
    expect(page.locator(WRITING)).to_have_text("Half a sen")
    page.locator(WRITING).press("Control+Enter")

    expect(page.locator("[data-toast]")).to_contain_text("resolved and reply saved")
    page.goto(url)
    expect(page.locator(WRITING)).to_have_text("")


def test_c_claims_and_undo_gives_it_back(page: Page, three: list[Ticket]) -> None:
    ticket = three[0]
    page.goto(f"/desk/tickets/{ticket.number}/")
    page.keyboard.press("c")
    expect(page.locator("[data-toast]")).to_contain_text(f"#{ticket.number} is yours")
    page.get_by_role("button", name="Undo").click()

    expect(page.locator("[data-toast]")).to_contain_text(f"#{ticket.number} given back")
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


@pytest.mark.parametrize(("key", "title"), [("a", "Assign"), ("t", "Transfer"), ("e", "Resolve")])
def test_a_key_opens_its_dialog_and_escape_gives_the_focus_back(
    page: Page, three: list[Ticket], key: str, title: str
) -> None:
    ticket = three[0]
    page.goto(f"/desk/tickets/{ticket.number}/")

    page.keyboard.press(key)
    dialog = page.get_by_role("dialog", name=f"{title} #{ticket.number}")
    expect(dialog).to_be_visible()
    expect(dialog.locator(".dialog-body :is(select, textarea)").first).to_be_focused()
    page.keyboard.press("Escape")

    # Closed it is gone at the next turn only; until then the focus is in it, and keys are typing.
    expect(page.locator("dialog", has_text=f"{title} #{ticket.number}")).to_have_count(0)
    page.keyboard.press(key)
    expect(dialog).to_be_visible()


def test_a_dialog_refuses_in_place_then_does_it(
    page: Page, three: list[Ticket], support: Department, ken: User
) -> None:
    ticket = three[0]
    page.goto(f"/desk/tickets/{ticket.number}/?queue=open")
    page.keyboard.press("t")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Internal note").fill("Over to you")
    dialog.get_by_role("button", name="Transfer").click()
    expect(dialog.locator("[data-error-summary]")).to_be_focused()
    expect(dialog.get_by_label("Internal note")).to_have_value("Over to you")

    dialog.get_by_label("Department").select_option("Support")
    expect(dialog.get_by_label("Assign to").locator("option")).to_have_count(2)
    dialog.get_by_label("Assign to").select_option("Ken")
    dialog.get_by_role("button", name="Transfer").click()

    expect(page.locator("[data-toast]")).to_contain_text(f"#{ticket.number} transferred to Support")
    ticket.refresh_from_db()
    assert (ticket.department, ticket.assignee) == (support, ken)


def test_among_many_agents_the_list_follows_the_typing(page: Page, three: list[Ticket], billing: Department) -> None:
    crowd = [cast.make_agent(f"Agent {n:03}", billing) for n in range(60)]
    page.goto(f"/desk/tickets/{three[0].number}/")
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")

    dialog.get_by_label("Find").fill("059")
    expect(dialog.get_by_label("Assign to").locator("optgroup option")).to_have_text([crowd[59].name])
    dialog.get_by_label("Assign to").select_option(crowd[59].name)
    dialog.get_by_role("button", name="Assign", exact=False).last.click()

    expect(page.locator("[data-toast]")).to_contain_text("assigned to Agent 059")


def test_a_transfer_finds_among_the_many_agents_of_the_department(
    page: Page, three: list[Ticket], support: Department
) -> None:
    crowd = [cast.make_agent(f"Agent {n:03}", support) for n in range(60)]
    page.goto(f"/desk/tickets/{three[0].number}/")
    page.keyboard.press("t")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Find")).to_have_count(0)

    # A quick hand types before the new box listens.
    page.evaluate("""() => document.body.addEventListener('htmx:afterSwap', () => {
        const box = document.querySelector('dialog .find input');
        box.value = '059';
        box.dispatchEvent(new Event('input', { bubbles: true }));
    }, { once: true })""")
    dialog.get_by_label("Department").select_option("Support")
    expect(dialog.get_by_label("Assign to").locator("optgroup option")).to_have_text([crowd[59].name])
    dialog.get_by_label("Assign to").select_option(crowd[59].name)
    dialog.get_by_label("Internal note").fill("Over to you")
    dialog.get_by_label("Internal note").press("Control+Enter")

    expect(page.locator("[data-toast]")).to_contain_text("transferred to Support")
    three[0].refresh_from_db()
    assert three[0].assignee == crowd[59]


@pytest.mark.parametrize("context", [{"java_script_enabled": False, "viewport": DESKTOP}], indirect=True)
def test_without_script_every_form_is_a_page(page: Page, three: list[Ticket], support: Department) -> None:
    ticket = three[0]
    page.goto(f"/desk/tickets/{ticket.number}/?queue=open")
    page.get_by_role("link", name="Transfer").click()
    page.get_by_label("Internal note").fill("Over to you")
    page.get_by_label("Department", exact=True).select_option("Support")
    page.get_by_role("button", name="Transfer").click()

    expect(page.locator("[data-toast]")).to_contain_text(f"#{ticket.number} transferred to Support")
    page.get_by_label("Text").fill("Thank you")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".entry-note .prose").last).to_have_text("Thank you")


# --- News ----------------------------------------------------------------------------------------


def test_the_queue_follows_what_happens_and_moves_nothing_under_the_focus(
    page: Page, three: list[Ticket], ada: User, topic: HelpTopic
) -> None:
    page.clock.install()
    page.goto("/desk/")
    first = cast.make_ticket(ada, topic, at=timezone.now() - 30 * MINUTE)
    page.clock.run_for(31_000)
    expect(page.locator(f"#t{first.number}")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Open 4")

    page.keyboard.press("j")
    second = cast.make_ticket(ada, topic, at=timezone.now() - 100 * MINUTE)
    page.clock.run_for(31_000)
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    expect(page.locator(".nav-item", has_text="Open").locator(".nav-count")).to_have_text("5")
    expect(page.locator(f"#t{second.number}")).to_have_count(0)
    expect(page.locator(f"#t{three[0].number} a")).to_be_focused()

    page.get_by_role("button", name="1 new").click()
    expect(page.locator(f"#t{second.number}")).to_be_visible()


def test_a_reply_counts_down_and_comes_back_into_the_composer_or_waits_until_it_is_time(
    page: Page, three: list[Ticket], grace: User
) -> None:
    Preferences.objects.create(agent=grace, undo_seconds=30)
    ticket = three[0]
    page.goto(f"/desk/tickets/{ticket.number}/")
    page.keyboard.press("r")
    page.keyboard.type("Which invoice?")
    page.keyboard.press("Control+Enter")

    toast = page.locator("[data-toast]")
    expect(toast).to_contain_text(f"Reply to #{ticket.number} is about to go")
    expect(toast.locator("[data-left]")).not_to_have_text("30")
    page.keyboard.press("z")
    expect(page.get_by_role("status").filter(has_text="is taken back. Nothing was sent")).to_be_visible()
    expect(page.locator("#id_editor")).to_have_text("Which invoice?")
    # Gone on with at once, behind the last word.
    expect(page.locator("#id_editor")).to_be_focused()
    page.keyboard.type(" The newest?")
    expect(page.locator("#id_editor")).to_have_text("Which invoice? The newest?")

    tomorrow = page.locator("[name=later] option[value^=tomorrow]").get_attribute("value")
    page.locator("[name=later]").select_option(tomorrow)
    page.get_by_role("button", name="Send and resolve").click()
    held = page.get_by_role("article", name="Scheduled reply")
    expect(held).to_contain_text("Will be sent")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    held.get_by_role("button", name="Cancel").click()
    expect(page.locator(".entry-held")).to_contain_text("Not sent: It was taken back.")
    assert ticket.entries.count() == 1


def test_once_a_reply_went_the_head_of_its_ticket_says_whose_turn_it_is(
    page: Page, three: list[Ticket], grace: User
) -> None:
    Preferences.objects.create(agent=grace, undo_seconds=5)
    ticket = three[0]
    page.goto(f"/desk/tickets/{ticket.number}/")
    page.keyboard.press("r")
    page.keyboard.type("Which invoice?")
    page.get_by_label("Other ways to send").click()
    page.get_by_role("button", name="Send, await requester").click()
    expect(page.get_by_role("article", name="Reply about to go")).to_be_visible()
    head = page.locator(".ticket-head")
    expect(head).not_to_contain_text("Awaiting requester")

    held = HeldReply.objects.get()
    HeldReply.objects.filter(pk=held.pk).update(claim=(claim := uuid4()))
    tasks.send_held_reply(held.pk, str(claim))

    # Without a press, and without the page being loaded anew.
    expect(head).to_contain_text("Awaiting requester")


def test_on_a_telephone_a_reply_is_taken_back_by_a_press(page: Page, three: list[Ticket], grace: User) -> None:
    Preferences.objects.create(agent=grace, undo_seconds=30)
    ticket = three[0]
    page.set_viewport_size(PHONE)
    page.goto(f"/desk/tickets/{ticket.number}/")
    page.keyboard.press("r")
    page.keyboard.type("Which invoice?")
    page.get_by_role("button", name="Send and resolve").click()

    undo = page.locator("[data-toast]").get_by_role("button", name="Undo")
    expect(undo).to_be_in_viewport()
    undo.click()

    told = page.locator("[data-toast]", has_text="is taken back")
    expect(told).to_be_in_viewport(ratio=1)
    expect(page.locator("#id_editor")).to_have_text("Which invoice?")
    expect(page.locator("#id_editor")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert ticket.entries.count() == 1
