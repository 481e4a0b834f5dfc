"""The composer in a real browser: formatting, what is pasted, files on their way; the console stays quiet."""

import base64
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

from accounts.models import Address, User
from core.files import store
from mail.models import OutgoingMail, Template
from tests import cast
from tests.browsing import new_context
from tests.desk.test_sender import make_address
from tests.mail.test_rendering import composed, html_of
from tickets.models import Attachment, CannedFile, CannedResponse, Department, EntryKind, Ticket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

DESKTOP = {"width": 1440, "height": 900}
# One red point.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="


@pytest.fixture
def page(chromium: Browser, live_server: object, grace: User) -> Iterator[Page]:
    """Grace's browser, signed in; its console must have nothing to complain of, such as what the CSP refused."""
    context = new_context(chromium, base_url=live_server.url, viewport=DESKTOP)
    client = Client()
    client.force_login(grace, backend=settings.AUTHENTICATION_BACKENDS[-1])
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    troubles: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "422" not in message.text:
            troubles.append(message.text)

    made = context.new_page()
    made.on("console", listen)
    made.on("pageerror", lambda error: troubles.append(str(error)))
    yield made
    made.wait_for_timeout(100)
    context.close()
    assert troubles == []


def at_composer(page: Page, ticket: Ticket, key: str = "r") -> None:
    """Open the ticket and begin to write, once the editor is there."""
    page.goto(f"/desk/tickets/{ticket.number}/")
    expect(page.locator("#id_editor")).to_be_attached()
    page.keyboard.press(key)
    expect(page.locator("#id_editor")).to_be_focused()


def paste(page: Page, **kinds: str) -> None:
    """Paste into the editor what another program put into the clipboard; `png` as a file, in base64."""
    page.evaluate(
        """(kinds) => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(kinds.png ?? ''), (c) => c.charCodeAt(0));
            if (kinds.png) data.items.add(new File([bytes], 'screen.png', { type: 'image/png' }));
            if (kinds.html) data.setData('text/html', kinds.html);
            if (kinds.text) data.setData('text/plain', kinds.text);
            const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
            document.getElementById('id_editor').dispatchEvent(event);
        }""",
        kinds,
    )


def send(page: Page) -> None:
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-toast]")).to_be_visible()


def test_what_is_formatted_arrives_formatted(page: Page, ticket: Ticket) -> None:
    at_composer(page, ticket)
    page.keyboard.type("It is ")
    page.get_by_role("button", name="Bold").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="Block of code")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Italic")).to_be_focused()
    page.get_by_role("button", name="Bold").click()
    page.keyboard.type("done")
    page.keyboard.press("Control+b")
    page.keyboard.type(".")
    page.keyboard.press("Enter")
    page.keyboard.type("- first")
    page.keyboard.press("Enter")
    page.keyboard.type("second, see ")
    page.keyboard.press("Control+k")
    page.keyboard.type("example.org/help")
    page.keyboard.press("Enter")
    send(page)

    entry = ticket.entries.get(kind=EntryKind.REPLY)
    assert entry.html == (
        "<p>It is <strong>done</strong>.</p><ul><li><p>first</p></li><li><p>second, see "
        '<a href="https://example.org/help" rel="noopener noreferrer nofollow">example.org/help</a></p></li></ul>'
    )
    assert entry.text == "It is done.\n\n- first\n- second, see example.org/help (https://example.org/help)"
    expect(page.locator(".entry-agent .prose strong")).to_have_text("done")


def test_of_what_is_pasted_the_looks_stay_behind(page: Page, ticket: Ticket) -> None:
    at_composer(page, ticket)
    paste(
        page,
        html='<h1 style="color:red" onclick="x()">Title</h1><p class="a" style=\'font-size:30px\'>See <b>this</b>'
        '<img src="https://elsewhere.example/track.png"><script>alert(1)</script></p><style>p{color:red}</style>',
        text="Title See this",
    )
    paste(page, text="one\ntwo\n\nthree")

    html = page.locator("#id_editor").inner_html()
    assert "style=" not in html
    assert "elsewhere" not in html
    assert "<strong>this</strong>" in html
    send(page)
    entry = ticket.entries.get(kind=EntryKind.REPLY)
    assert "See this" in entry.text
    assert entry.text.endswith("one\ntwo\n\nthree")


def test_a_pasted_image_stands_in_the_reply_and_in_the_mail(page: Page, ticket: Ticket, settings: object) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    at_composer(page, ticket)
    page.keyboard.type("Look: ")
    paste(page, png=PNG)
    expect(page.locator("#id_editor img[alt='screen.png']")).to_be_visible()
    send(page)

    attachment = Attachment.objects.get()
    shown = page.locator(".entry-agent .prose img")
    expect(shown).to_have_attribute("src", f"/desk/files/{attachment.pk}/?inline")
    assert shown.evaluate("(img) => img.decode().then(() => img.naturalWidth)") == 1
    _raw, mail = composed(OutgoingMail.objects.get(template=Template.TICKET_REPLY))
    [image] = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    address = f"cid:{image['Content-ID'].strip('<>')}"
    assert address in html_of(mail)
    assert image.get_payload(decode=True) == base64.b64decode(PNG)
    # What a mail program does with it.
    page.goto("about:blank")
    page.set_content(html_of(mail).replace(address, f"data:image/png;base64,{PNG}"))
    seen = page.get_by_alt_text("screen.png")
    assert seen.evaluate("(img) => img.decode().then(() => img.naturalWidth)") == 1


def test_a_draft_keeps_its_formatting_and_its_files_for_each_kind(page: Page, ticket: Ticket) -> None:
    at_composer(page, ticket, "m")
    page.keyboard.press("Control+b")
    page.keyboard.type("For us")
    page.locator("#id_attachments").set_input_files({"name": "log.txt", "mimeType": "text/plain", "buffer": b"x"})
    expect(page.locator("[data-file-list] input[name=attachments-kept]")).to_have_count(1)
    expect(page.locator("[data-saved]")).to_have_text("Draft saved in this browser")
    page.locator(".tabs label").first.click()
    expect(page.locator("#id_editor")).to_have_text("")
    expect(page.locator("[data-file-list] li")).to_have_count(0)

    page.goto(f"/desk/tickets/{ticket.number}/")
    expect(page.locator("#id_editor strong")).to_have_text("For us")
    page.locator("#id_editor").press("Control+Enter")
    expect(page.locator(".entry-note .prose strong")).to_have_text("For us")
    expect(page.locator(".entry-note .file-name")).to_have_text("log.txt")


def test_a_draft_keeps_from_which_address_it_was_to_come(
    page: Page, ticket: Ticket, grace: User, billing: Department, support: Department, settings: object
) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    cast.give_access(grace, support)
    make_address("billing@example.com", department=billing)
    other = make_address("support@example.com", department=support)
    at_composer(page, ticket)
    sender = page.get_by_role("combobox", name="From")
    expect(sender).to_have_value("")
    page.keyboard.type("From the others")
    sender.select_option("support@example.com")
    expect(page.locator("[data-saved]")).to_have_text("Draft saved in this browser")

    page.reload()
    expect(page.locator("#id_editor")).to_have_text("From the others")
    expect(sender).to_have_value(str(other.pk))

    Ticket.objects.filter(pk=ticket.pk).update(department=support)
    page.reload()
    expect(page.locator("#id_editor")).to_have_text("From the others")
    expect(page.locator("[data-saved]")).to_have_text("Draft saved in this browser")
    expect(sender).to_have_value("")
    expect(sender.locator("option").first).to_have_text("support@example.com")

    Ticket.objects.filter(pk=ticket.pk).update(department=billing)
    other.delete()
    make_address("refunds@example.com", department=support)
    page.reload()
    expect(page.locator("#id_editor")).to_have_text("From the others")
    expect(page.locator("[data-saved]")).to_contain_text("is gone")
    expect(sender).to_have_value("")


def test_looking_at_a_note_s_draft_leaves_the_reply_its_address(
    page: Page, ticket: Ticket, grace: User, billing: Department, support: Department, settings: object
) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    cast.give_access(grace, support)
    make_address("billing@example.com", department=billing)
    other = make_address("support@example.com", department=support)
    at_composer(page, ticket, "m")
    page.keyboard.type("A note")
    reply, note = (page.locator(f".tabs [value={kind}]") for kind in ("reply", "note"))
    reply.check()
    sender = page.get_by_role("combobox", name="From")
    sender.select_option("support@example.com")

    note.check()
    expect(page.locator("#id_editor")).to_have_text("A note")
    reply.check()

    expect(page.locator("#id_editor")).to_have_text("")
    expect(sender).to_have_value(str(other.pk))


def test_a_canned_response_comes_by_a_slash_with_its_file(page: Page, ticket: Ticket) -> None:
    refund = CannedResponse.objects.create(
        title="Refund", body="<p>About <b>{{ ticket.number }}</b>: paid.</p>", text=""
    )
    CannedResponse.objects.create(title="Delay", body="<p>It takes longer.</p>", text="It takes longer.")
    terms = store([b"terms"])
    CannedFile.objects.create(response=refund, blob=terms, position=1, name="terms.txt", content_type="text/plain")
    at_composer(page, ticket)
    page.keyboard.type("Hello either/or /")
    expect(page.get_by_role("listbox", name="Find a canned response").get_by_role("option")).to_have_count(2)
    page.keyboard.type("ref")
    expect(page.get_by_role("listbox", name="Find a canned response").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")

    expect(page.locator("#id_editor strong")).to_have_text(ticket.number)
    expect(page.locator("[data-file-list] .file-name")).to_have_text("terms.txt")
    send(page)
    entry = ticket.entries.get(kind=EntryKind.REPLY)
    assert "/ref" not in entry.text
    assert entry.text.startswith("Hello either/or")
    assert [file.name for file in entry.attachments.all()] == ["terms.txt"]


def test_what_was_left_out_stays_to_be_read_while_the_draft_is_saved(page: Page, ticket: Ticket) -> None:
    Address.objects.filter(user=ticket.requester).update(verified_at=None)
    body = "<p>Hello {{ requester.name.first }},</p>"
    CannedResponse.objects.create(title="Hello", body=body, text="Hello {{ requester.name.first }},")
    at_composer(page, ticket)
    page.keyboard.type("/hello")
    found = page.get_by_role("listbox", name="Find a canned response").get_by_role("option")
    expect(found).to_have_count(1)
    page.keyboard.press("Enter")
    told = page.locator("[data-saved]")
    expect(told).to_contain_text("Left out, since an address on this ticket is not confirmed")

    # Longer than a draft waits to be saved.
    page.wait_for_timeout(1_500)
    assert page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('draft:'))")

    expect(told).to_contain_text("requester.name.first")


@pytest.mark.parametrize("size", [DESKTOP, {"width": 390, "height": 844}], ids=["desk", "phone"])
@pytest.mark.parametrize("lines", [0, 9])
def test_the_list_that_a_slash_opens_leaves_the_line_to_be_read(
    page: Page, ticket: Ticket, size: dict[str, int], lines: int
) -> None:
    for n in range(8):
        CannedResponse.objects.create(title=f"Refund {n}", body="<p>Paid.</p>", text="Paid.")
    page.set_viewport_size(size)
    at_composer(page, ticket)
    for _line in range(lines):
        page.keyboard.press("Enter")
    page.keyboard.type("/")
    listed = page.locator("[data-canned-slash]")
    expect(listed.get_by_role("option")).to_have_count(8)

    line, box = page.locator("#id_editor p").last.bounding_box(), listed.bounding_box()

    assert box["y"] >= line["y"] + line["height"] or box["y"] + box["height"] <= line["y"]
    assert box["height"] > 60
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= size["height"]


def test_the_list_of_canned_responses_stays_on_a_phone_s_page(page: Page, ticket: Ticket) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    at_composer(page, ticket)
    page.get_by_label("Canned responses").click()

    box = page.locator(".canned-panel").bounding_box()

    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_what_is_typed_while_the_editor_comes_stays_and_goes_on(page: Page, ticket: Ticket) -> None:
    held: list[Route] = []
    page.route("**/django_prose_editor/editor.js", lambda route: held.append(route))
    with page.expect_request("**/django_prose_editor/editor.js"):
        page.goto(f"/desk/tickets/{ticket.number}/", wait_until="commit")
    page.locator("#id_body").press_sequentially("Half a sen")
    expect(page.locator("#id_body")).to_be_focused()
    [route] = held
    route.continue_()

    expect(page.locator("#id_editor")).to_be_focused()
    page.keyboard.type("tence")
    expect(page.locator("#id_editor")).to_have_text("Half a sentence")


def test_the_slash_is_heard_however_late_its_script_comes(page: Page, ticket: Ticket) -> None:
    CannedResponse.objects.create(title="Refund", body="<p>Paid.</p>", text="Paid.")

    def once_the_editor_is_there(route: Route) -> None:
        expect(page.locator("#id_editor")).to_be_attached()
        route.continue_()

    page.route("**/insert.js", once_the_editor_is_there)
    page.goto(f"/desk/tickets/{ticket.number}/", wait_until="commit")
    expect(page.locator("script[src*='insert.js']")).to_be_attached()
    page.wait_for_load_state("load")
    page.keyboard.press("r")
    page.keyboard.type("/")
    expect(page.get_by_role("listbox", name="Find a canned response").get_by_role("option")).to_have_count(1)


def test_what_is_typed_while_the_editor_comes_is_whole(page: Page, ticket: Ticket) -> None:
    held: list[Route] = []
    is_free = False

    def hold(route: Route) -> None:
        # What is let through asks for more, and that is let through at once.
        route.continue_() if is_free else held.append(route)

    page.route("**/django_prose_editor/**", hold)
    page.goto(f"/desk/tickets/{ticket.number}/")
    page.keyboard.press("r")
    expect(page.locator("#id_body")).to_be_focused()
    page.keyboard.type("Which ")
    is_free = True
    for route in held:
        route.continue_()
    expect(page.locator("#id_editor")).to_be_focused()
    page.keyboard.type("invoice?")
    expect(page.locator("#id_editor")).to_have_text("Which invoice?")
