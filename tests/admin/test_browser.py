"""The administration in a real browser: nothing that the content security policy stops.

Whether its pages can be read by everybody is asked in tests/e2e/test_axe.py.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.admin import site
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from mail.models import Mailbox, OutgoingMail, Template
from tests import cast
from tests.browsing import new_context, next_page
from tests.cast import MONDAY, PASSWORD
from tickets.models import HelpTopic, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def enter(chromium: Browser, live_server, admin_user, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Page]]:
    """`enter()` signs Rosa Root in through the sign-in page; faults in the console fail the test at the end."""
    contexts, faults = [], []

    def entered() -> Page:
        context = new_context(chromium, base_url=live_server.url)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto("/admin/")
        page.get_by_label("E-mail address").fill("root@example.com")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).to_have_url(f"{live_server.url}/admin/")
        return page

    yield entered
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def rows(ticket, grace, accountants) -> None:
    OutgoingMail.objects.create(
        recipient="ada@example.org",
        address=cast.address_for(ticket.requester),
        user=ticket.requester,
        template=Template.TICKET_LINK,
        ticket=ticket,
        created_at=MONDAY,
    )


def every_page(admin_user) -> list[str]:
    paths = ["/admin/"]
    for model in site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        paths.append(reverse(f"admin:{name}_changelist"))
        row = model._default_manager.order_by("pk").last()
        # The log, the locks and the alerts have one page for all of their rows.
        if row is not None and model.__name__ not in {"User", "AuditEvent", "Lock", "AlertRule", "Breaker"}:
            paths.append(reverse(f"admin:{name}_change", args=[row.pk]))
            paths.append(reverse(f"admin:{name}_history", args=[row.pk]))
    made = (
        "accounts_agent",
        "accounts_role",
        "accounts_team",
        "sla_businesshours",
        "sla_slaplan",
        "tickets_department",
        "tickets_helptopic",
    )
    ticket = Ticket.objects.latest("pk").number
    return [
        *paths,
        *(reverse(f"admin:{name}_add") for name in made),
        reverse("admin:tickets_helptopic_arrange"),
        f"{reverse('rights:why')}?who=grace&number={ticket}&face=desk&deed=view",
        f"{reverse('rights:who')}?number={ticket}",
        reverse("rights:see-as"),
        f"{reverse('admin:accounts_auditevent_changelist')}?kind=signed_in",
    ]


def test_no_page_meets_the_content_security_policy(enter, rows, admin_user):
    page = enter()

    for path in every_page(admin_user):
        response = page.goto(path)
        assert response is not None
        assert response.status == 200, path
        assert "default-src 'none'" in response.headers["content-security-policy"]


@pytest.fixture
def three(db) -> list[HelpTopic]:
    return [HelpTopic.objects.create(name=name, position=n) for n, name in enumerate(("Cards", "Loans", "Rooms"))]


def arranged() -> list[str]:
    return list(HelpTopic.objects.filter(parent=None).order_by("position").values_list("name", flat=True))


def rows_of(page: Page) -> list[str]:
    return page.locator(".arrange > li > .arrange-row a").all_inner_texts()


def test_a_topic_is_dragged_to_its_place(enter, three):
    page = enter()
    page.goto("/admin/tickets/helptopic/arrange/")
    handle = page.locator(f"#topic-{three[2].pk} > .arrange-row .arrange-handle")

    first = page.locator(f"#topic-{three[0].pk} > .arrange-row").bounding_box()
    handle.hover()
    page.mouse.down()
    # Browsers take it for dragging after some way only.
    page.mouse.move(first["x"] + 40, first["y"] + 30, steps=8)
    page.mouse.move(first["x"] + 40, first["y"] + 2, steps=4)
    # The rows stand in their new order before the form is on its way: a reload would give it up.
    with next_page(page):
        page.mouse.up()

    expect(page.locator(".arrange > li > .arrange-row a")).to_have_text(["Rooms", "Cards", "Loans", "General question"])
    page.reload()
    assert rows_of(page) == arranged() == ["Rooms", "Cards", "Loans", "General question"]


def test_a_topic_is_moved_by_keyboard_and_the_focus_goes_along(enter, three):
    page = enter()
    page.goto("/admin/tickets/helptopic/arrange/")

    page.get_by_role("button", name="Move Rooms up").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".arrange > li > .arrange-row a")).to_have_text(["Cards", "Rooms", "Loans", "General question"])
    assert arranged() == ["Cards", "Rooms", "Loans", "General question"]
    expect(page.locator(f"#topic-{three[2].pk}")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Move Rooms up")).to_be_focused()


def test_a_mail_is_looked_at_in_a_page_that_runs_nothing(enter, rows):
    page = enter()

    page.goto(reverse("admin:mail_outgoingmail_change", args=[OutgoingMail.objects.latest("pk").pk]))
    with next_page(page):
        page.get_by_role("link", name="Show it as a mail program would").click()

    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("window.origin") == "null"


def test_an_agent_is_made_with_access_to_a_department(enter, rows):
    page = enter()

    page.goto("/admin/accounts/agent/add/")
    page.get_by_label("Name:").fill("Nadia Rahman")
    page.get_by_label("E-mail address").fill("nadia@example.com")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Add another Access to a department").click()
    page.locator("#id_department_access-0-department").select_option(label="Billing")
    page.locator("#id_department_access-0-role").select_option(label="Limited access")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("row", name="Nadia Rahman")).to_contain_text("Billing")


def test_a_requesters_organisation_is_found_while_typing(enter, rows, ticket):
    ticket.requester.organization = None
    page = enter()

    page.goto(reverse("admin:accounts_user_change", args=[ticket.requester_id]))
    page.locator(".select2-selection").click()

    expect(page.locator(".select2-results")).to_be_visible()


def test_names_of_variables_are_completed_while_typing(enter):
    page = enter()
    page.goto("/admin/mail/mailtemplate/add/?template=ticket_reply&language=en")
    body = page.locator("[name=body]")

    body.press("Control+End")
    body.press_sequentially("<p>{{ ticket.num")
    expect(page.get_by_role("listbox", name="Text").get_by_role("option")).to_contain_text(["ticket.number"])
    body.press("Enter")

    expect(body).to_have_value(re.compile(r"<p>\{\{ ticket\.number \}\}$"))


def test_a_test_of_what_is_saved_asks_before_what_is_not_is_lost(enter):
    box = Mailbox.objects.create(name="support", address="support@example.com")
    page, asked = enter(), []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.goto(reverse("admin:mail_mailbox_change", args=[box.pk]))

    page.get_by_label("Notes:").fill("half written")
    page.get_by_role("button", name="Switch off").click()

    expect(page.get_by_label("Notes:")).to_have_value("half written")
    assert len(asked) == 1
    assert "did not save it" in asked[0]
    box.refresh_from_db()
    assert box.is_active


def test_a_form_that_was_refused_begins_with_what_is_wrong(enter):
    page = enter()
    page.goto("/admin/sla/businesshours/add/")
    page.get_by_label("Name", exact=False).first.fill("Office")
    page.get_by_label("Time zone").fill("Mars/Base")
    with next_page(page):
        page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("This time zone is not known")).to_be_visible()
    expect(page.get_by_label("Time zone")).to_be_focused()
