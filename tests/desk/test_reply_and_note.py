"""The composer: replies, internal notes, files, and what keeps one from being taken for the other."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import User
from tests import cast
from tests.desk.conftest import AtDesk, toasts
from tickets import actions
from tickets.models import Attachment, Awaiting, EntryKind, Kind, Source, Status, ThreadEntry, Ticket

TEXT = "ערב טוב 😀 <script>alert(1)</script> & more"


def newest(ticket: Ticket) -> ThreadEntry:
    return ticket.entries.order_by("-number")[0]


@pytest.mark.parametrize(
    ("then", "status", "awaiting", "said"),
    [
        ("resolve", Status.RESOLVED, Awaiting.REQUESTER, "#%s resolved and reply sent"),
        ("await", Status.OPEN, Awaiting.REQUESTER, "Reply to #%s sent, awaiting requester"),
        ("keep", Status.OPEN, Awaiting.AGENT, "Reply to #%s sent, we keep working on it"),
    ],
)
def test_each_way_to_send_does_what_its_button_says(
    ticket: Ticket, desk: AtDesk, settings: object, then: str, status: str, awaiting: str, said: str
) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"

    answer = desk.reply(ticket, then=then, body="It is corrected.")

    ticket.refresh_from_db()
    entry = newest(ticket)
    assert (entry.kind, entry.text, entry.author) == (EntryKind.REPLY, "It is corrected.", desk.agent)
    assert (ticket.status, ticket.awaiting) == (status, awaiting)
    assert toasts(answer) == [said % ticket.number]
    assert answer["Location"].endswith(f"/desk/tickets/{ticket.number}/#e{entry.number}")


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("resolve", "#%s resolved and reply saved. Not mailed: no mail server is set"),
        ("await", "Reply to #%s saved, awaiting requester. Not mailed: no mail server is set"),
        ("keep", "Reply to #%s saved, we keep working on it. Not mailed: no mail server is set"),
    ],
)
def test_without_a_mail_server_nothing_claims_to_be_sent(ticket: Ticket, desk: AtDesk, then: str, said: str) -> None:
    answer = desk.reply(ticket, then=then, body="It is corrected.")

    assert toasts(answer) == [said % ticket.number]
    assert newest(ticket).text == "It is corrected."


def test_resolving_with_the_reply_is_one_deed(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, then="resolve")

    replied, resolved = ticket.events.order_by("-number")[:2][::-1]
    assert (replied.kind, resolved.kind) == (Kind.REPLIED, Kind.RESOLVED)
    assert replied.deed == resolved.deed


def test_a_note_is_internal_and_leaves_the_ticket_as_it_is(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.reply(ticket, kind="note", then="note", body="She means invoice 4711.")

    ticket.refresh_from_db()
    assert newest(ticket).kind == EntryKind.NOTE
    assert (ticket.status, ticket.awaiting) == (Status.OPEN, Awaiting.AGENT)
    assert toasts(answer) == [f"Note added to #{ticket.number}"]


def test_the_notes_address_writes_notes_whatever_else_the_form_says(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, "note", kind="reply", then="resolve", body="Not for Ada.")

    ticket.refresh_from_db()
    assert newest(ticket).kind == EntryKind.NOTE
    assert ticket.status == Status.OPEN


@pytest.mark.parametrize(("kind", "then"), [("note", "await"), ("note", "resolve"), ("reply", "note")])
def test_a_note_sent_by_the_replys_button_or_the_other_way_round_is_neither(
    ticket: Ticket, desk: AtDesk, kind: str, then: str
) -> None:
    answer = desk.reply(ticket, kind=kind, then=then, body="For whom?")

    assert answer.status_code == 422
    assert "You chose one kind of entry and pressed the button of the other." in answer.text
    assert "For whom?" in answer.text
    assert ticket.entries.count() == 1


def test_what_was_written_is_shown_and_never_run(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, body=TEXT)

    page = desk.look(ticket).text

    assert "ערב טוב 😀 &lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "<script>alert(1)" not in page


@pytest.mark.parametrize("body", ["", " \n\t "])
def test_nothing_written_says_so_by_the_field(ticket: Ticket, desk: AtDesk, body: str) -> None:
    answer = desk.reply(ticket, body=body)

    assert answer.status_code == 422
    assert "Write something first, or attach a file." in answer.text
    assert ticket.entries.count() == 1


def test_ten_megabytes_get_a_sentence_and_stay(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.reply(ticket, body="x" * 10_000_000)

    assert answer.status_code == 422
    assert "10000000 characters long; 100000 fit" in answer.text
    assert "x" * 10_000_000 in answer.text


@pytest.mark.parametrize(
    "broken",
    [
        {"seen": ""},
        {"seen": "x"},
        {"seen": "-1"},
        {"seen": "9" * 30},
        {"request_key": ""},
        {"request_key": "<script>"},
        {"kind": "message"},
        {"then": ""},
        {"then": "explode"},
    ],
)
def test_a_tampered_form_is_refused_with_a_sentence_and_keeps_the_text(
    ticket: Ticket, desk: AtDesk, broken: dict[str, str]
) -> None:
    answer = desk.reply(ticket, **({"body": "Dear Ada, look."} | broken))

    assert answer.status_code == 422
    assert "Dear Ada, look." in answer.text
    assert "data-error-summary" in answer.text
    assert ticket.entries.count() == 1


def test_a_null_character_is_refused_with_a_sentence(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.reply(ticket, body="a\x00b")

    assert answer.status_code == 422
    assert "Null characters are not allowed." in answer.text


# --- Files ---------------------------------------------------------------------------------------


def test_files_are_attached_under_a_harmless_name(ticket: Ticket, desk: AtDesk) -> None:
    file = SimpleUploadedFile("../../e\u202etxt.<b>.png", b"\x89PNG\r\n\x1a\n", content_type="text/html")

    desk.reply(ticket, body="", attachments=[file])

    attachment = Attachment.objects.get()
    assert attachment.entry == newest(ticket)
    assert (attachment.name, attachment.content_type) == ("etxt.<b>.png", "image/png")
    page = desk.look(ticket).text
    assert "etxt.&lt;b&gt;.png" in page
    assert reverse("desk:file", args=[attachment.pk]) in page


def test_a_refused_form_keeps_its_files_too(ticket: Ticket, desk: AtDesk) -> None:
    file = SimpleUploadedFile("proof.txt", b"proof")
    refused = desk.reply(ticket, body="Here", then="", attachments=[file])
    reference = refused.context["form"].kept[0].reference

    assert refused.status_code == 422
    assert reference in refused.text
    desk.reply(ticket, body="Here", **{"attachments-kept": [reference]})

    assert [a.name for a in newest(ticket).attachments.all()] == ["proof.txt"]


# --- Sent twice, and others at the same time ---------------------------------------------------------


def test_a_form_sent_twice_is_one_reply(ticket: Ticket, desk: AtDesk) -> None:
    seen = ticket.last_event_number
    answers = [desk.reply(ticket, then="resolve", seen=seen) for _n in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert ticket.entries.count() == 2


def test_a_form_sent_before_with_another_text_is_not_swallowed(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, body="First")
    answer = desk.reply(ticket, body="Second")

    assert answer.status_code == 422
    assert "This form was sent before with other words or files." in answer.text
    assert "Second" in answer.text
    fresh = answer.context["form"].data["request_key"]
    assert desk.reply(ticket, body="Second", request_key=fresh).status_code == 302
    assert newest(ticket).text == "Second"


def test_a_form_sent_before_with_another_file_is_not_swallowed(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, body="See the file", attachments=[SimpleUploadedFile("one.txt", b"1")])
    answer = desk.reply(ticket, body="See the file", attachments=[SimpleUploadedFile("two.txt", b"2")])

    assert answer.status_code == 422
    assert "This form was sent before with other words or files." in answer.text


def test_the_same_reply_with_the_other_button_does_not_claim_to_resolve(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, then="await")

    again = desk.reply(ticket, then="resolve")

    ticket.refresh_from_db()
    assert (ticket.status, ticket.entries.count()) == (Status.OPEN, 2)
    assert toasts(again) == [f"This reply to #{ticket.number} was sent before, and the ticket is not resolved"]


def test_what_happened_meanwhile_is_told_once_and_the_text_stays(ticket: Ticket, desk: AtDesk, ada: User) -> None:
    seen = ticket.last_event_number
    actions.add_message(
        ticket=ticket,
        address=cast.address_for(ada),
        text="I found it myself.",
        source=Source.WEB,
        by=cast.principal(ada),
        at=cast.TUESDAY,
    )

    told = desk.reply(ticket, seen=seen, body="We look into it.")

    assert told.status_code == 422
    assert "This ticket changed while you were writing." in told.text
    assert "<b><bdi>Ada</bdi></b> wrote a message" in told.text
    assert "I found it myself." in told.text
    assert "We look into it." in told.text
    assert ticket.entries.count() == 2
    again = desk.reply(ticket, seen=told.context["form"]["seen"].value(), body="We look into it.")
    assert again.status_code == 302
    assert newest(ticket).text == "We look into it."


def test_who_may_read_and_not_reply_is_told_so_and_keeps_the_text(
    ticket: Ticket, desk: AtDesk, support: object
) -> None:
    desk.send(ticket, "transfer", department=support.pk, keep_access="on")

    answer = desk.reply(ticket, body="One more thing")

    assert answer.status_code == 422
    assert "Your role in this department does not include this." in answer.text
    assert "One more thing" in answer.text
    assert ticket.entries.filter(kind=EntryKind.REPLY).count() == 0
    assert desk.reply(ticket, kind="note", then="note", body="One more thing").status_code == 302


def test_taking_back_send_and_resolve_reopens_and_leaves_the_reply(ticket: Ticket, desk: AtDesk) -> None:
    resolved = desk.reply(ticket, then="resolve")

    desk.undo(resolved)

    ticket.refresh_from_db()
    assert ticket.status == Status.REOPENED
    assert newest(ticket).kind == EntryKind.REPLY


def test_the_draft_that_arrived_is_named_so_that_the_browser_forgets_it(ticket: Ticket, desk: AtDesk) -> None:
    desk.reply(ticket, kind="note", then="note")

    assert f'data-sent="{desk.agent.pk}:{ticket.number}:note"' in desk.look(ticket).text


@pytest.mark.parametrize("name", ["reply", "note", "claim", "release", "reopen", "remove-referral"])
def test_a_buttons_address_leads_to_the_ticket(ticket: Ticket, desk: AtDesk, name: str) -> None:
    answer = desk.form(ticket, name, "?queue=mine")

    assert answer.status_code == 302
    assert answer["Location"] == reverse("desk:ticket", args=[ticket.number]) + "?queue=mine"


def test_only_post_presses_a_button(ticket: Ticket, at_desk: Callable[[User], AtDesk], grace: User) -> None:
    client = at_desk(grace).client

    assert client.put(reverse("desk:claim", args=[ticket.number])).status_code == 405
