"""Every page can be read by everybody: axe finds nothing, no page is wider than its window, no policy is broken.

In the ordinary run axe judges the pages by turns on a desktop in light and on a phone in dark colours, and only some of
those that are alike; with --long each, on both in both. What the console says of a policy fails the test by the
fixture `visitors`.
"""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.browsing import next_page
from tests.e2e.helpdesk import HelpDesk, link_in
from tests.e2e.visitors import DESKTOP, Visitors
from tests.mail.sink import Sink

pytestmark = pytest.mark.once

PHONE, NARROW = {"width": 390, "height": 844}, {"width": 320, "height": 700}
LOOKS = [(DESKTOP, "light"), (PHONE, "dark"), (DESKTOP, "dark"), (PHONE, "light")]

QUEUES = ("open", "handed-over", "closed", "mine", "unassigned", "overdue", "awaiting-requester", "resolved")


class Judge:
    """Looks at pages, and remembers all that is wrong with them."""

    def __init__(self, visitors: Visitors, long_run: bool) -> None:
        self.visitors = visitors
        self.turns = cycle([LOOKS] if long_run else [LOOKS[:1], LOOKS[1:2]])
        self.rules: list[str] = []
        self.wrong: list[str] = []

    def look(self, page: Page, name: str = "") -> None:
        """Judge the page as it stands now; leave it as it was."""
        name = name or re.sub(r"\d{6,}|[\w-]{60,}", "…", page.url.removeprefix(self.visitors.helpdesk.url))
        for size in (PHONE, NARROW):
            page.set_viewport_size(size)
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wider > 0:
                self.wrong.append(f"{name}: {wider} px too wide for {size['width']}")
        for size, scheme in next(self.turns):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            with self.visitors.unheard():
                told = axe.told(axe.violations(page, self.rules))
            self.wrong += [f"{name}, {size['width']} {scheme}: {line}" for line in told]
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light", reduced_motion="reduce")

    def visit(self, page: Page, *paths: str, status: int = 200) -> None:
        for path in paths:
            response = page.goto(path)
            assert response is not None
            assert response.status == status, path
            self.look(page)


@pytest.fixture
def judge(visitors: Visitors, long_run: bool) -> Iterator[Judge]:
    judge = Judge(visitors, long_run)
    yield judge
    assert not judge.wrong, "\n".join(judge.wrong)


def test_the_portal(judge: Judge, visitors: Visitors, helpdesk: HelpDesk):
    visitors.expected = {404, 422}
    page = visitors()
    judge.visit(page, "/", "/new/", "/check/", "/check/sent/")
    judge.visit(page, "/t/forged/", "/nothing/", status=404)
    for path, button in (("/check/", "Mail me the link"), ("/new/", "Send ticket")):
        page.goto(path)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("alert")).to_be_visible()
        judge.look(page, f"{path} with errors")
    page.get_by_label("Your e-mail address").fill("lea@user.com")
    page.get_by_label("Your name").fill("Lea")
    page.get_by_label("Access and accounts").check()
    page.get_by_label("Summary").fill("No mail since this morning 📭")
    page.get_by_label("What happens?").fill("Nothing arrives. لا شيء")
    page.locator("input[type=file]").set_input_files(
        [{"name": "log.txt", "mimeType": "text/plain", "buffer": b"250 OK"}]
    )
    judge.look(page, "/new/ with a file")
    page.get_by_role("button", name="Send ticket").click()
    expect(page.locator(".big-number")).to_be_visible()
    judge.look(page, "/new/sent/")


def test_the_portals_ticket_in_every_state(judge: Judge, visitors: Visitors, helpdesk: HelpDesk):
    page = visitors()
    for status in ("open", "assigned", "reopened", "resolved", "closed"):
        number, address = helpdesk.row(
            "SELECT number, email FROM tickets_ticket"
            " JOIN tickets_participant ON ticket_id = tickets_ticket.id"
            " JOIN accounts_address ON accounts_address.id = address_id"
            f" WHERE status = '{status}' AND email LIKE '%@example.com' ORDER BY entry_count DESC"
        )
        known = len(helpdesk.mails_to(address))
        page.goto("/check/")
        page.get_by_label("Your e-mail address").fill(address)
        page.get_by_label("Ticket number").fill(number)
        page.get_by_role("button", name="Mail me the link").click()
        page.goto(link_in(helpdesk.next_mail_to(address, known), "/t/"))
        judge.look(page, f"a ticket that is {status}")
    helpdesk.wait_only(close_after=timedelta(days=3), reopen_within=timedelta(milliseconds=1))
    page.reload()
    helpdesk.wait_only(close_after=timedelta(days=3), reopen_within=timedelta(days=14))
    judge.look(page, "a ticket that was closed long ago")


def test_people_and_organisations(judge: Judge, visitors: Visitors, helpdesk: HelpDesk):
    page = visitors.agent("alex")
    judge.visit(page, "/desk/people/", "/desk/people/?q=nobody+at+all", "/desk/people/add/", "/desk/organizations/")
    (person,) = helpdesk.row("SELECT requester_id FROM tickets_ticket ORDER BY entry_count DESC")
    (company,) = helpdesk.row("SELECT id FROM accounts_organization ORDER BY id")
    judge.visit(page, f"/desk/people/{person}/", f"/desk/people/{person}/edit/", f"/desk/people/{person}/delete/")
    one, other = helpdesk.row("SELECT MIN(requester_id), MAX(requester_id) FROM tickets_ticket")
    judge.visit(page, f"/desk/people/{one}/merge/", f"/desk/people/{one}/merge/{other}/")
    judge.visit(page, f"/desk/organizations/{company}/", f"/desk/organizations/{company}/edit/")
    page.goto(f"/desk/people/{one}/")
    page.locator('a[data-dialog="merge"]').click()
    expect(page.get_by_role("dialog")).to_be_visible()
    judge.look(page, "the dialog merge")


def test_the_desks_queues(judge: Judge, visitors: Visitors, long_run: bool):
    page = visitors.agent("alex")
    judge.visit(page, *(f"/desk/queues/{queue}/" for queue in (QUEUES if long_run else QUEUES[:3])))
    page.goto("/desk/queues/open/")
    page.locator(".topbar .menu:not(.bell) summary").click()
    judge.look(page, "a queue with the account menu")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    judge.look(page, "a queue with the shortcuts")
    page.keyboard.press("Escape")
    page.locator("#sidebar [aria-labelledby='nav-departments']").get_by_role("link").first.click()
    expect(page.locator(".chip-x")).to_be_visible()
    judge.look(page, "a queue of one department")
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Open navigation").click()
    judge.look(page, "a queue with the navigation")
    judge.visit(page, "/desk/settings/", "/desk/agents/", "/desk/agents/?find=nobody", "/desk/new/")
    judge.visit(page, "/desk/canned/", "/desk/canned/add/")
    nadia = visitors.agent("nadia")
    nadia.goto("/desk/queues/handed-over/")
    expect(nadia.locator(".empty")).to_be_visible()
    judge.look(nadia, "an empty queue")


def test_the_desks_tickets(judge: Judge, visitors: Visitors, helpdesk: HelpDesk):
    visitors.expected = {404, 422}
    page = visitors.agent("alex")
    for status in ("open", "assigned", "reopened", "resolved", "closed"):
        (number,) = helpdesk.row(
            f"SELECT number FROM tickets_ticket WHERE status = '{status}' ORDER BY entry_count DESC"
        )
        page.goto(f"/desk/tickets/{number}/?queue=open")
        judge.look(page, f"a ticket that is {status}")
    (number,) = helpdesk.row("SELECT number FROM tickets_ticket WHERE status = 'open' ORDER BY entry_count DESC")
    ticket = f"/desk/tickets/{number}/"
    page.goto(ticket)
    for key in ("r", "m"):
        page.keyboard.press(key)
        judge.look(page, f"a ticket, after {key}")
        page.keyboard.press("Escape")
    page.locator(".ticket-actions .menu summary").click()
    judge.look(page, "a ticket with its menu")
    page.keyboard.press("Escape")
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Ticket details").click()
    judge.look(page, "a ticket with its details")
    judge.visit(page, f"{ticket}history/", f"{ticket}clocks/")
    judge.visit(page, "/reports/attainment/", "/reports/attainment/promises/?period=this-quarter")
    judge.visit(page, "/desk/tickets/1/", status=404)


def test_the_desks_dialogs(judge: Judge, visitors: Visitors, helpdesk: HelpDesk, long_run: bool):
    visitors.expected = {422}
    page = visitors.agent("alex")
    (number,) = helpdesk.row("SELECT number FROM tickets_ticket WHERE status = 'open' ORDER BY entry_count DESC")
    ticket = f"/desk/tickets/{number}/"
    page.goto(ticket)
    changes = ("priority", "topic", "plan", "source")
    for name in ("assign", "transfer", *changes, "resolve", "close", "refer", "add-collaborator", "clocks"):
        page.locator(f'a[data-dialog="{name}"]').first.evaluate("link => link.click()")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        judge.look(page, f"the dialog {name}")
        if name in {"transfer", "close"}:
            dialog.locator(".dialog-foot .btn").last.click()
            expect(dialog.locator("[data-error-summary]")).to_be_focused()
            judge.look(page, f"the dialog {name} with errors")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        # Without script the same form is a page of its own.
        if long_run or name in {"transfer", "priority", "refer"}:
            judge.visit(page, f"{ticket}{name}/")
            page.goto(ticket)


def test_sign_in_and_passwords(judge: Judge, visitors: Visitors, helpdesk: HelpDesk):
    visitors.expected = {403, 404, 422}
    page = visitors()
    judge.visit(page, "/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/key/1-forged/")
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill("ken@example.com")
    page.get_by_label("Password").fill("not his")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    judge.look(page, "sign-in with errors")
    page.goto("/accounts/password/reset/")
    page.get_by_label("E-mail address").fill("nobody@example.com")
    page.get_by_role("main").get_by_role("button").click()
    page.wait_for_url("**/password/reset/done/")
    judge.look(page)
    page.goto("/check/")
    page.context.clear_cookies()
    page.get_by_label("Your e-mail address").fill("lea@user.com")
    page.get_by_label("Ticket number").fill("1")
    with next_page(page):
        page.get_by_role("button", name="Mail me the link").click()
    judge.look(page, "a form without its cookie")
    judge.visit(page, "/accounts/link/", "/accounts/link/sent/", "/accounts/register/")
    agent = visitors.agent("rosa")
    judge.visit(agent, "/accounts/password/change/", "/accounts/logout/", "/")
    judge.visit(agent, "/accounts/security/", "/accounts/sessions/", "/accounts/app/use/", "/accounts/passkeys/add/")
    judge.visit(agent, "/admin/", status=403)


def test_the_administration(judge: Judge, visitors: Visitors, helpdesk: HelpDesk, long_run: bool):
    # Django's own pages follow the WCAG, and not all that axe thinks good besides.
    judge.rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    page = visitors.agent("alex")
    judge.visit(page, "/admin/", "/admin/tickets/helptopic/arrange/", "/admin/rights/see-as/")
    (number,) = helpdesk.row("SELECT number FROM tickets_ticket WHERE status = 'open' ORDER BY entry_count DESC")
    judge.visit(page, f"/admin/rights/why/?who=ken&number={number}&face=desk&deed=view")
    (plan,) = helpdesk.row("SELECT id FROM sla_slaplan ORDER BY id")
    (priority,) = helpdesk.row("SELECT id FROM sla_priority ORDER BY id")
    judge.visit(page, f"/admin/sla/diagnosis/?start=2026-11-20T14:30&plan={plan}&priority={priority}")
    judge.visit(page, f"/admin/rights/who/?number={number}", "/admin/accounts/auditevent/", "/admin/accounts/lock/")
    page.goto("/admin/")
    lists = page.locator("#content-main th a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert len(lists) > 10
    for path in lists if long_run else lists[::4]:
        judge.visit(page, path)
        adding = page.locator(".object-tools .addlink")
        forms = [adding.first.get_attribute("href")] if adding.count() else []
        row = page.locator("#result_list tbody th a")
        forms += [row.first.get_attribute("href")] if row.count() else []
        for form in forms:
            assert form is not None
            page.goto(form)
            judge.look(page)


def test_setting_up(judge: Judge, visitors: Visitors, prepared: Path, tmp_path: Path):
    visitors.expected = {422}
    shutil.copytree(prepared, tmp_path / "data")
    with Sink() as sink, HelpDesk(tmp_path, "", sink).running("--empty") as blank:
        page = visitors()
        page.goto(blank.url)
        page.wait_for_url("**/setup/**")
        judge.look(page, "the set-up")
        page.get_by_role("main").get_by_role("button").last.click()
        expect(page.get_by_role("alert")).to_be_visible()
        judge.look(page, "the set-up with errors")
