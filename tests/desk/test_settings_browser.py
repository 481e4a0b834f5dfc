"""An agent's settings and canned responses in a real browser: what scripts do with them."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import AfterReply, Preferences, ThreadOrder, User
from tests.desk.test_browser import WRITING, context, page, three  # noqa: F401 - fixtures
from tickets.models import CannedResponse, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def test_the_browsers_time_zone_is_offered_and_the_signature_shown_as_it_is_typed(page: Page, grace: User) -> None:  # noqa: F811
    page.goto("/desk/settings/")
    here = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    offer = page.locator("[data-zone-offer] button")
    expect(offer).to_contain_text(here.replace("_", " "))

    offer.click()
    page.locator("textarea[name=signature]").fill("Yours,\n<b>Grace</b>")

    expect(page.get_by_label("Time zone")).to_have_value(here)
    expect(offer).to_be_hidden()
    expect(page.locator("[data-signature-shown]")).to_have_text("Yours,\n<b>Grace</b>")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your settings are saved.")).to_be_visible()
    assert User.objects.get(pk=grace.pk).time_zone == here


def test_with_single_keys_off_letters_do_nothing(page: Page, grace: User, three: list[Ticket]) -> None:  # noqa: F811
    Preferences.objects.create(agent=grace, single_keys=False)
    page.goto(f"/desk/tickets/{three[0].number}/?queue=open")

    expect(page.locator(WRITING)).to_be_attached()
    for key in ("r", "m", "j", "?", "a", "c"):
        page.keyboard.press(key)

    expect(page.locator(WRITING)).not_to_be_focused()
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert page.url.endswith(f"/desk/tickets/{three[0].number}/?queue=open")
    page.locator(".topbar .menu:not(.bell) summary").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_role("dialog")).to_contain_text("Single keys are off in your settings")


def test_newest_first_a_reply_leads_to_the_next_ticket(page: Page, grace: User, three: list[Ticket]) -> None:  # noqa: F811
    Preferences.objects.create(agent=grace, thread_order=ThreadOrder.NEWEST_FIRST, after_reply=AfterReply.NEXT)
    page.goto(f"/desk/tickets/{three[0].number}/?queue=open")
    page.keyboard.press("r")
    page.keyboard.type("Which invoice?")
    page.locator(".composer-send summary").click()

    menu = page.locator(".composer-send .menu-list").bounding_box()
    page.get_by_role("button", name="Send, we keep working on it").click()

    page.wait_for_url(f"**/desk/tickets/{three[1].number}/?queue=open")
    expect(page.get_by_text(f"Reply to #{three[0].number}")).to_be_visible()
    # The menu opens into the page, not over its upper edge.
    assert menu is not None
    assert menu["y"] > 100
    # The draft went with the reply.
    page.goto(f"/desk/tickets/{three[0].number}/?queue=open")
    expect(page.locator(WRITING)).to_have_text("")


def test_a_canned_response_is_opened_by_keys_and_a_variable_completed(page: Page, three: list[Ticket]) -> None:  # noqa: F811
    row = CannedResponse.objects.create(
        title="Refund", department=three[0].department, body="<p>About</p>", text="About"
    )
    page.goto("/desk/canned/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/canned/{row.pk}/")

    body = page.get_by_role("textbox", name="Text")
    body.press("Control+End")
    body.press_sequentially("<p>{{ ticket.num")
    expect(page.get_by_role("listbox", name="Text").get_by_role("option")).to_contain_text(["ticket.number"])
    body.press("Enter")
    expect(body).to_have_value("<p>About</p><p>{{ ticket.number }}")
    body.press("Control+Enter")

    expect(page.locator("[data-toast]")).to_contain_text("“Refund” saved")
    row.refresh_from_db()
    assert row.text == "About\n\n{{ ticket.number }}"


def test_fields_in_a_row_stand_at_one_height_though_one_has_a_hint(page: Page, three: list[Ticket]) -> None:  # noqa: F811
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/desk/canned/add/")

    names = ("Title", "Department")
    labels = [page.locator(".new-row label", has_text=name).bounding_box() for name in names]
    fields = [page.locator(".new-row .input").nth(place).bounding_box() for place in range(2)]

    for pair in (labels, fields):
        assert len({(box["y"], box["height"]) for box in pair if box is not None}) == 1
    assert all(box is not None for box in (*labels, *fields))
