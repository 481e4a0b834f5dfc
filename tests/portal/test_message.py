"""What a requester does on the ticket page: write, reopen, confirm."""

import re
from threading import Barrier, Thread

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from core.models import Blob
from portal.reading import count_seen
from tests import cast
from tests.cast import DAY
from tickets import actions
from tickets.models import Attachment, CloseReason, Status, Ticket

pytestmark = pytest.mark.django_db

KEY = "0123456789abcdef0123456789abcdef"


def text_of(response) -> str:
    return response.content.decode()


def send(browser, page, ticket, **changes):
    form = {"text": "Any news?", "request_key": KEY, "seen": count_seen(ticket)} | changes
    return browser.post(f"{page}message/", form)


# --- Writing -------------------------------------------------------------------------------------


def test_a_message_is_added_and_the_page_goes_to_it(browser, page, ticket):
    response = send(browser, page, ticket, attachments=[SimpleUploadedFile("log.txt", b"404")])

    entry = ticket.entries.get(number=2)
    assert (entry.kind, entry.text, entry.author) == ("message", "Any news?", ticket.requester)
    assert entry.attachments.get().name == "log.txt"
    assert response.headers["Location"] == f"{page}#e2"
    assert "Your message is sent." in text_of(browser.get(page))


def test_the_first_post_confirms_the_address(browser, page, ticket, ada_address):
    send(browser, page, ticket)

    ada_address.refresh_from_db()
    assert ada_address.verified_at is not None
    assert ada_address.user.email == "ada@example.org"


def test_a_file_alone_is_a_message(browser, page, ticket):
    send(browser, page, ticket, text="", attachments=[SimpleUploadedFile("log.txt", b"404")])

    assert ticket.entries.get(number=2).text == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write something first, or attach a file."),
        (" \n\t\x00", "Write something first, or attach a file."),
        ("x" * 100_001, "This text has 100001 characters; up to 100000 can be sent."),
    ],
)
def test_a_message_of_nothing_or_too_much_gets_a_sentence(browser, page, ticket, text, sentence):
    response = send(browser, page, ticket, text=text)

    assert response.status_code == 422
    (told,) = response.context["form"].errors["text"]
    assert told.startswith(sentence)
    assert 'id="id_text_error"' in text_of(response)
    assert ticket.entries.count() == 1


def test_a_bad_file_keeps_text_and_other_files(browser, page, ticket):
    files = [SimpleUploadedFile("run.exe", b"x"), SimpleUploadedFile("log.txt", b"404")]

    response = send(browser, page, ticket, attachments=files)

    assert response.status_code == 422
    assert response.context["form"].errors["attachments"] == ["run.exe is a program, and programs cannot be attached."]
    assert "Any news?" in text_of(response)
    send(browser, page, ticket, **{"attachments-kept": [kept.reference for kept in response.context["form"].kept]})
    assert Attachment.objects.get().name == "log.txt"


def test_the_same_message_twice_is_one(browser, page, ticket):
    first, second = send(browser, page, ticket), send(browser, page, ticket)

    assert ticket.entries.count() == 2
    assert first.headers["Location"] == second.headers["Location"]


def test_another_text_from_the_same_form_is_another_message(browser, page, ticket):
    send(browser, page, ticket)
    send(browser, page, ticket, text="Still nothing?")

    assert ticket.entries.count() == 3


@pytest.mark.django_db(transaction=True)
def test_the_same_message_twice_at_once_is_one(page, resolved):
    together, places = Barrier(3), []

    def post() -> None:
        together.wait()
        try:
            places.append(send(Client(), page, resolved).headers["Location"])
        finally:
            connection.close()

    threads = [Thread(target=post) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    resolved.refresh_from_db()
    assert places == [f"{page}#e3"] * 3
    assert (resolved.entry_count, resolved.reopened_count) == (3, 1)


def test_too_many_messages_are_refused_with_the_text_kept(browser, page, ticket, monkeypatch):
    from portal.views import ticket as view

    monkeypatch.setattr(view, "CLIENT_LIMIT", 1)
    send(browser, page, ticket)

    response = send(browser, page, ticket, text="More", attachments=[SimpleUploadedFile("a.txt", b"a")])

    assert response.status_code == 429
    assert "More</textarea>" in text_of(response)
    assert (ticket.entries.count(), Blob.objects.count()) == (2, 0)


@pytest.mark.parametrize("action", ["message", "close"])
def test_a_post_without_a_csrf_token_does_nothing(page, resolved, action):
    response = Client(enforce_csrf_checks=True).post(f"{page}{action}/", {"text": "x", "seen": 99})

    assert response.status_code == 403
    resolved.refresh_from_db()
    assert (resolved.status, resolved.entry_count) == (Status.RESOLVED, 2)


# --- Changed meanwhile -----------------------------------------------------------------------------


def test_an_answer_that_came_meanwhile_is_shown_before_the_message_is_sent(browser, page, ticket, grace, at):
    seen = count_seen(ticket)
    actions.reply(ticket=ticket, text="Here is your answer.", by=cast.principal(grace), at=at)

    response = send(browser, page, ticket, seen=seen, attachments=[SimpleUploadedFile("log.txt", b"404")])

    page_text = text_of(response)
    assert response.status_code == 409
    assert "This ticket changed while you were writing." in page_text
    assert "Grace answered" in page_text
    assert "Here is your answer." in page_text
    assert "Any news?</textarea>" in page_text
    assert [kept.name for kept in response.context["form"].kept] == ["log.txt"]
    assert 'name="seen" value="1"' in page_text
    assert ticket.entries.count() == 2


def test_sent_again_it_goes_through(browser, page, ticket, grace, at):
    seen = count_seen(ticket)
    actions.reply(ticket=ticket, text="Here is your answer.", by=cast.principal(grace), at=at)
    send(browser, page, ticket, seen=seen)
    ticket.refresh_from_db()

    send(browser, page, ticket)

    assert ticket.entries.get(number=3).text == "Any news?"


def test_what_happens_inside_does_not_even_show_by_a_refusal(browser, page, ticket, grace, support, at):
    seen, by = count_seen(ticket), cast.principal(grace)
    actions.add_note(ticket=ticket, text="Hm.", by=by, at=at)
    actions.transfer(ticket=ticket, to=support, note="Yours.", by=by, at=at)

    assert send(browser, page, ticket, seen=seen).status_code == 302


def test_what_happens_inside_changes_nothing_on_the_page(browser, page, answered, grace, at):
    before, by = page_without_keys(browser, page), cast.principal(grace)

    actions.add_note(ticket=answered, text="Hm.", by=by, at=at)
    actions.change_priority(ticket=answered, to=cast.priority("Emergency"), by=by, at=at)

    assert page_without_keys(browser, page) == before


def test_entries_are_not_counted_with_the_notes_between_them(browser, page, ticket, grace, at):
    actions.add_note(ticket=ticket, text="Hm.", by=cast.principal(grace), at=at)

    response = send(browser, page, ticket)

    assert ticket.entries.get(text="Any news?").number == 3
    assert response.headers["Location"] == f"{page}#e2"
    assert 'id="e2"' in text_of(browser.get(page))


def page_without_keys(browser, page) -> str:
    """The page's HTML but for what is made anew for every page."""
    html = text_of(browser.get(page))
    return re.sub(r'(name="(?:csrfmiddlewaretoken|request_key)" value|nonce)="[^"]*"', "", html)


@pytest.mark.parametrize("seen", ["", "x", "-1", "1e9", "9" * 5000])
def test_a_tampered_number_counts_as_having_seen_nothing(browser, page, answered, seen):
    assert send(browser, page, answered, seen=seen).status_code == 409


def test_a_number_from_the_future_harms_nobody(browser, page, answered):
    assert send(browser, page, answered, seen="9" * 30).status_code == 302


# --- Solved or not ----------------------------------------------------------------------------------


def test_yes_closes_the_ticket_and_confirms_the_address(browser, page, resolved, ada_address):
    response = browser.post(f"{page}close/", {"seen": count_seen(resolved)}, follow=True)

    resolved.refresh_from_db()
    ada_address.refresh_from_db()
    assert (resolved.status, resolved.close_reason) == (Status.CLOSED, CloseReason.CONFIRMED)
    assert ada_address.verified_at is not None
    assert "Thank you. The ticket is closed." in text_of(response)


def test_yes_twice_closes_once(browser, page, resolved):
    for _ in range(2):
        response = browser.post(f"{page}close/", {"seen": count_seen(resolved)}, follow=True)
        assert "Thank you. The ticket is closed." in text_of(response)

    assert resolved.events.filter(kind="closed").count() == 1


def test_no_reopens_with_the_requesters_words(browser, page, resolved):
    send(browser, page, resolved, text="No, it is wrong again.")

    resolved.refresh_from_db()
    assert (resolved.status, resolved.assignee.name) == (Status.REOPENED, "Grace")
    assert resolved.entries.get(number=3).text == "No, it is wrong again."


def test_no_needs_words(browser, page, resolved):
    send(browser, page, resolved, text="")

    resolved.refresh_from_db()
    assert resolved.status == Status.RESOLVED


def test_a_ticket_that_is_not_resolved_cannot_be_confirmed(browser, page, ticket):
    response = browser.post(f"{page}close/", {"seen": count_seen(ticket)})

    assert response.status_code == 409
    assert "Only a resolved ticket can be closed like this." in text_of(response)
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN


def test_yes_to_an_older_page_shows_what_is_new_first(browser, page, resolved, grace, at):
    seen = count_seen(resolved)
    actions.reply(ticket=resolved, text="One more thing.", by=cast.principal(grace), at=at)

    response = browser.post(f"{page}close/", {"seen": seen})

    assert response.status_code == 409
    assert "This ticket changed before you confirmed." in text_of(response)
    assert "One more thing." in text_of(response)
    resolved.refresh_from_db()
    assert resolved.status == Status.RESOLVED


def test_a_message_to_a_closed_ticket_reopens_it_within_the_time(browser, page, resolved, grace, at):
    actions.close(ticket=resolved, by=cast.principal(grace), at=at - 13 * DAY)
    resolved.refresh_from_db()

    send(browser, page, resolved)

    resolved.refresh_from_db()
    assert resolved.status == Status.REOPENED


def test_later_it_opens_a_ticket_that_follows_and_tells_its_number(browser, page, resolved, grace, at):
    actions.close(ticket=resolved, by=cast.principal(grace), at=at - 15 * DAY)
    resolved.refresh_from_db()

    response = browser.post(
        f"{page}message/", {"text": "It is back.", "request_key": KEY, "seen": count_seen(resolved)}, follow=True
    )

    follow_up = Ticket.objects.get(follow_up_of=resolved)
    page_text = text_of(response)
    assert follow_up.entries.get().text == "It is back."
    assert f"#{follow_up.number}" in page_text
    assert f"Ticket #{resolved.number} was closed too long ago" in page_text
    assert "It is back." not in page_text
    resolved.refresh_from_db()
    assert resolved.status == Status.CLOSED


def test_yes_is_thanked_also_when_it_was_closed_at_the_same_moment(browser, page, resolved, monkeypatch):
    seen = {"seen": count_seen(resolved)}
    close = actions.close

    def beaten(**deed):
        close(**deed)
        return close(**deed)

    monkeypatch.setattr(actions, "close", beaten)
    response = browser.post(f"{page}close/", seen, follow=True)

    assert "Thank you. The ticket is closed." in text_of(response)
    assert resolved.events.filter(kind="closed").count() == 1
