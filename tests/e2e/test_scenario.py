"""A ticket's whole life, as the people in it see it: their pages, their mails, and nothing else."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.helpdesk import HelpDesk, everything_in, link_in, text_of
from tests.e2e.visitors import Visitors, sign_in

JANE = "jane@user.com"
KEN, ROSA, MARY, VIKTOR = (f"{name}@example.com" for name in ("ken", "rosa", "mary", "viktor"))
SUMMARY = "Entire mobile/online banking system is down"
DETAILS = "Customers are reporting a 404 error when browsing to online banking"
NOTE = "Coordinating with sys admin team to address critical system outage"
MARYS_NOTE = "Pool member lb-02 is marked healthy and answers nothing"
ANSWER = "We discovered a failed load balancer. The issue has been fixed and online systems should be working now"
SCREENSHOT = "online-banking-404.png"

TICKET_LINK, DESK_LINK = "/t/", "/desk/tickets/"


@pytest.fixture
def waits(helpdesk: HelpDesk) -> Iterator[HelpDesk]:
    """The running help desk; how long it waits is put back to what it was."""
    yield helpdesk
    helpdesk.wait_only(close_after=timedelta(days=3), reopen_within=timedelta(days=14))


class Requester:
    """Somebody without an account: what they see in the portal, and get by mail."""

    def __init__(self, page: Page, helpdesk: HelpDesk, address: str) -> None:
        self.page = page
        self.helpdesk = helpdesk
        self.address = address
        self.read = len(helpdesk.mails_to(address))
        self.seen: set[str] = set()
        page.on("response", lambda response: self.seen.add(response.url))

    def open_ticket(self, *, name: str, topic: str, summary: str, details: str, file: Path | None = None) -> str:
        """Open a ticket from the start page on, and return its number."""
        page = self.page
        page.goto("/")
        page.get_by_role("main").get_by_role("link", name="Open a ticket").click()
        page.get_by_label("Your e-mail address").fill(self.address)
        page.get_by_label("Your name").fill(name)
        page.get_by_label(topic).check()
        page.get_by_label("Summary").fill(summary)
        page.get_by_label("What happens?").fill(details)
        if file:
            page.locator("input[type=file]").set_input_files(file)
        page.get_by_role("button", name="Send ticket").click()
        number = page.locator(".big-number").inner_text()
        assert re.fullmatch(r"#\d{6,}", number)
        return number[1:]

    def next_mail(self) -> EmailMessage:
        mail = self.helpdesk.next_mail_to(self.address, self.read)
        self.read += 1
        return mail

    def no_more_mail(self) -> bool:
        return len(self.helpdesk.mails_to(self.address)) == self.read

    def follow(self, mail: EmailMessage) -> None:
        """Open the ticket by the link in the mail."""
        self.page.goto(link_in(mail, TICKET_LINK))

    def stands_at(self) -> str:
        return self.page.locator('.stepper [aria-current="step"] .step-t').inner_text().splitlines()[0]

    def confirm(self) -> None:
        self.page.get_by_role("button", name="Yes, close it").click()
        expect(self.page.get_by_text("Thank you. The ticket is closed.")).to_be_visible()

    def object(self, words: str) -> None:
        """Say no, and why."""
        self.page.get_by_role("link", name=re.compile("eopen$")).click()
        self.page.get_by_label("What is still wrong?").fill(words)
        self.page.get_by_role("button", name="Send and reopen").click()
        expect(self.page.locator(".msg-me").last).to_contain_text(words)


def test_a_ticket_lives_from_the_outage_to_the_answer(waits: HelpDesk, visitors: Visitors, tmp_path: Path):
    helpdesk = waits
    known = {address: len(helpdesk.mails_to(address)) for address in (KEN, ROSA, MARY, VIKTOR)}
    jane = Requester(visitors(), helpdesk, JANE)

    # 1. Jane opens a ticket, is told its number, and gets a mail with nothing in it that anybody typed.
    screenshot = tmp_path / SCREENSHOT
    jane.page.goto("/")
    jane.page.screenshot(path=screenshot)
    number = jane.open_ticket(
        name="Jane", topic="Business critical outage", summary=SUMMARY, details=DETAILS, file=screenshot
    )
    expect(jane.page.get_by_text("A person answers within 1 hour.")).to_be_visible()
    first = jane.next_mail()
    assert number in first["Subject"]
    assert number in text_of(first)
    assert first["Auto-Submitted"] == "auto-replied"
    for typed in ("Jane", "Entire", "banking", "Customers", "404 error", SCREENSHOT):
        assert typed not in everything_in(first)
    jane.follow(first)
    expect(jane.page.get_by_role("heading", level=1)).to_have_text(SUMMARY)
    assert jane.stands_at() == "Opened"

    # 2. The department is told, and only it. The topic has set what follows; nobody has the ticket.
    for agent in (KEN, ROSA):
        alert = helpdesk.next_mail_to(agent, known[agent])
        assert f"[#{number}] {SUMMARY}" in alert["Subject"]
        assert DETAILS in text_of(alert)
        assert link_in(alert, DESK_LINK) == f"{helpdesk.url}/desk/tickets/{number}/"
    assert len(helpdesk.mails_to(MARY)) == known[MARY]

    # 3. Ken sees it on top of his queue, answers, and hands it over with a note.
    ken = visitors.agent("ken")
    row = ken.locator("tr[data-row]").first
    expect(row).to_contain_text(number)
    expect(row.locator(".c-prio")).to_contain_text("Emergency")
    expect(row.locator(".c-sla")).to_contain_text(re.compile(r"\b(1h|5\dm)"))
    row.get_by_role("link", name=SUMMARY).click()
    expect(ken.locator(".entry-requester .prose")).to_have_text(DETAILS)
    expect(ken.locator(".props")).to_contain_text("Nobody")
    for what in ("Support", "Business critical outage", "Emergency", "Sev-A (1h/4h, 24/7)"):
        expect(ken.locator(".props")).to_contain_text(what)
    expect(ken.locator(".clocks")).to_contain_text(re.compile("First response.*of 1h.*Resolution.*of 4h", re.DOTALL))
    with ken.expect_download() as download:
        ken.get_by_role("link", name=SCREENSHOT).click()
    assert download.value.path().read_bytes() == screenshot.read_bytes()

    write(ken, "reply", "We see the outage as well and are looking for its cause.")
    ken.get_by_label("Other ways to send").click()
    ken.get_by_role("button", name="Send, we keep working on it").click()
    expect(ken.locator(".entry-held")).to_contain_text("then we keep working on it")
    ken.get_by_role("button", name="Send now").click()
    expect(ken.get_by_text(f"Reply to #{number} sent")).to_be_visible()
    answer = jane.next_mail()
    assert "We see the outage as well" in text_of(answer)
    assert "Entire" not in everything_in(answer)

    ken.get_by_role("link", name="Transfer", exact=True).click()
    dialog = ken.get_by_role("dialog")
    dialog.get_by_label("Department").select_option(label="System Administrators")
    dialog.get_by_label("Internal note").fill(NOTE)
    expect(dialog.get_by_label("Keep access")).to_be_checked()
    dialog.get_by_role("button", name="Transfer").click()
    expect(ken.get_by_text(f"#{number} transferred to System Administrators")).to_be_visible()
    expect(ken.locator(".entry-note").last).to_contain_text(NOTE)

    # 4. Mary is told with the note, follows the mail's link through the sign-in, claims, notes, answers and resolves.
    for agent in (MARY, VIKTOR):
        told = helpdesk.next_mail_to(agent, known[agent])
        assert NOTE in text_of(told)
    mary = visitors()
    mary.goto(link_in(told, DESK_LINK))
    sign_in(mary, "mary")
    expect(mary.get_by_role("heading", level=1)).to_have_text(SUMMARY)
    mary.get_by_role("button", name="Claim").click()
    expect(mary.locator(".props")).to_contain_text("Mary Okafor")
    write(mary, "note", MARYS_NOTE)
    mary.get_by_role("button", name="Add note").click()
    expect(mary.locator(".entry-note").last).to_contain_text(MARYS_NOTE)
    write(mary, "reply", ANSWER)
    mary.get_by_role("button", name="Send and resolve").click()
    # She takes it back, finds all of it in the composer, and sends it once more.
    mary.get_by_role("article", name="Mary Okafor Reply about to go").get_by_role("button", name="Undo").click()
    expect(mary.get_by_label("Text", exact=True)).to_have_text(ANSWER)
    send_and_resolve(mary, number)

    # 5. Jane gets one mail about both, sees where the ticket stands, and says no.
    answer = jane.next_mail()
    assert ANSWER in text_of(answer)
    assert first["Message-ID"] in answer["References"]
    jane.follow(answer)
    assert jane.stands_at() == "Resolved"
    expect(jane.page.locator(".msg-answer")).to_contain_text(ANSWER)
    known[MARY] = len(helpdesk.mails_to(MARY))
    jane.object("It works in the browser, and is still down on phones.")
    assert "still down on phones" in text_of(helpdesk.next_mail_to(MARY, known[MARY]))

    mary.goto(link_in(told, DESK_LINK))
    expect(mary.locator(".ticket-facts")).to_contain_text("Reopened")
    expect(mary.locator(".entry-requester").last).to_contain_text("still down on phones")
    mary.keyboard.press("e")
    mary.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    expect(mary.get_by_text(f"#{number} resolved")).to_be_visible()
    resolved = jane.next_mail()
    # Her address is confirmed by now: she wrote from the link that was mailed to it.
    assert SUMMARY in resolved["Subject"]
    jane.follow(resolved)
    jane.confirm()

    # After closing she reopens it; resolved again it closes by itself; what she writes too late is a new ticket.
    jane.object("Down again since this minute.")
    helpdesk.wait_only(close_after=timedelta(seconds=1), reopen_within=timedelta(days=14))
    mary.reload()
    write(mary, "reply", "The second load balancer failed too. Both are replaced.")
    send_and_resolve(mary, number)
    # A second apart, on two threads of the worker: either may come first.
    answer, closed = sorted((jane.next_mail(), jane.next_mail()), key=lambda mail: "we heard nothing" in text_of(mail))
    assert "Both are replaced" in text_of(answer)
    assert "we heard nothing against it" in text_of(closed)
    jane.follow(closed)
    expect(jane.page.get_by_role("heading", name="This ticket is closed")).to_be_visible()

    helpdesk.wait_only(close_after=timedelta(days=3), reopen_within=timedelta(milliseconds=1))
    jane.follow(closed)
    jane.page.get_by_label("Write to us").fill("Months later: statements show a 404 error.")
    jane.page.get_by_role("button", name="Send as a new ticket").click()
    expect(jane.page.get_by_text(f"Ticket #{number} was closed too long ago")).to_be_visible()
    follow_up = jane.page.locator(".big-number").inner_text()[1:]
    assert follow_up != number
    jane.follow(jane.next_mail())
    expect(jane.page.locator(".facts")).to_contain_text(f"#{number}")

    # 6. Ken finds it where he handed it over, with Mary's steps and her answer, and the history says all of it.
    ken.goto("/desk/queues/handed-over/")
    row = ken.locator("tr[data-row]").filter(has_text=number)
    expect(row).to_contain_text("With Mary Okafor, System Administrators")
    row.get_by_role("link", name=SUMMARY).click()
    for told in (NOTE, MARYS_NOTE, ANSWER):
        expect(ken.locator(".entry").filter(has_text=told)).to_be_visible()
    expect(ken.locator(".panel")).to_contain_text("came after")
    ken.get_by_role("link", name="History").click()
    assert_history(ken)

    # Nobody but agents ever saw a note.
    assert jane.no_more_mail()
    leaks = (NOTE, MARYS_NOTE)
    for mail in helpdesk.mails_to(JANE):
        assert not any(leak in everything_in(mail) for leak in leaks)
    for url in sorted(jane.seen):
        response = jane.page.request.get(url)
        told = f"{response.headers_array}".encode() + response.body()
        assert not any(leak.encode() in told for leak in leaks), url


def send_and_resolve(page: Page, number: str) -> None:
    """Send what is in the composer, without waiting for as long as it could be taken back."""
    page.get_by_role("button", name="Send and resolve").click()
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text(f"Reply to #{number} sent")).to_be_visible()


def write(page: Page, kind: str, words: str) -> None:
    """Put words into the desk's composer, as a reply or as an internal note."""
    label = {"reply": "Reply", "note": "Internal note"}[kind]
    page.locator(".tabs label").filter(has_text=label).click()
    page.get_by_label("Text", exact=True).fill(words)


def assert_history(page: Page) -> None:
    """See that every step is told: who, what, when, and what set what."""
    steps = page.locator(".steps tbody tr")
    told = [" ".join(step.split()) for step in steps.locator(".step-text").all_inner_texts()]
    expected = [
        r"Jane opened the ticket\. .*Sev-A \(1h/4h, 24/7\) applied.*priority set to Emergency"
        r".*department Support by “Business critical outage”",
        "Ken Tanaka replied and keeps working on it",
        "Ken Tanaka transferred the ticket from Support to System Administrators and kept access",
        "Mary Okafor claimed the ticket",
        "Mary Okafor wrote an internal note",
        "Mary Okafor replied",
        "Mary Okafor resolved the ticket",
        "Jane reopened the ticket",
        "Mary Okafor resolved the ticket",
        "Jane confirmed that it is solved, so the ticket is closed",
        "Jane reopened the ticket",
        "Mary Okafor replied",
        "Mary Okafor resolved the ticket",
        "The ticket closed by itself: nobody objected after it was resolved",
    ]
    rest = iter(told)
    for pattern in expected:
        assert any(re.search(pattern, sentence) for sentence in rest), f"{pattern} is not told in order in {told}"
    for moment in steps.locator("time").all():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT.+", moment.get_attribute("datetime") or "")
    assert steps.locator("time").count() >= steps.count()


def test_the_requesters_part_goes_without_script(helpdesk: HelpDesk, visitors: Visitors, tmp_path: Path):
    screenshot = tmp_path / "vpn.txt"
    screenshot.write_text("tunnel closed by peer")
    noor = Requester(visitors(script=False), helpdesk, "noor@user.com")
    number = noor.open_ticket(
        name="Noor",
        topic="Something does not work",
        summary="The VPN drops",
        details="Every ten minutes since Tuesday.",
        file=screenshot,
    )
    noor.follow(noor.next_mail())
    noor.page.get_by_label("Add to this ticket").fill("On cable as well.")
    noor.page.get_by_role("button", name="Send message").click()
    expect(noor.page.locator(".msg-me").last).to_contain_text("On cable as well.")

    ken = visitors.agent("ken")
    ken.goto(f"/desk/tickets/{number}/")
    write(ken, "reply", "Set the MTU to 1350, please.")
    send_and_resolve(ken, number)
    answer = noor.next_mail()
    assert "You wrote" in text_of(answer)
    noor.follow(answer)
    noor.object("Still dropping.")
    ken.goto(f"/desk/tickets/{number}/")
    write(ken, "reply", "Then the client has to be replaced; done.")
    send_and_resolve(ken, number)
    noor.follow(noor.next_mail())
    noor.confirm()
    assert noor.stands_at() == "Closed"
    noor.page.locator(".older summary").click()
    with noor.page.expect_download() as download:
        noor.page.get_by_role("link", name="vpn.txt").click()
    assert download.value.path().read_bytes() == screenshot.read_bytes()
