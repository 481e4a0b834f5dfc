"""POST tickets.email: raw mail, as automail.php and automail.pl send it (PARITY I07, Y03)."""

import pytest
from django.test import Client

from mail import intake
from mail.models import BannedSender, Door, IncomingMail, IncomingState
from tests.api.conftest import KEY
from tickets.models import Source, Ticket

pytestmark = pytest.mark.django_db

MAIL = """\
From: Peter Rotich <peter@osticket.example>
To: support@example.org
Subject: Testing
Message-ID: <one@osticket.example>
Date: Thu, 7 Feb 2013 11:01:04 -0600

Testing testing.
"""


def said(response) -> tuple[int, str]:
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    return response.status_code, response.content.decode()


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
def test_a_mail_becomes_a_ticket_and_the_answer_is_its_number(send, kind):
    response = send("tickets.email", MAIL.replace("\n", "\r\n"), Content_Type=kind)

    ticket, mail = Ticket.objects.get(), IncomingMail.objects.get()
    assert said(response) == (201, ticket.number)
    assert (ticket.source, mail.door, mail.state) == (Source.MAIL, Door.API, IncomingState.TICKET)


def test_the_same_mail_twice_is_one_ticket_with_one_number(send):
    assert send("tickets.email", MAIL).content == send("tickets.email", MAIL).content
    assert Ticket.objects.count() == 1
    assert IncomingMail.objects.count() == 2


def test_a_mail_that_became_no_ticket_is_taken_all_the_same(send):
    """Else the mail server would send it again, or answer a robot."""
    assert said(send("tickets.email", "Auto-Submitted: auto-replied\n" + MAIL)) == (201, "0")
    assert not Ticket.objects.exists()


def test_a_banned_sender_is_denied_and_the_mail_stands_in_the_ledger(send):
    BannedSender.objects.create(pattern="*@osticket.*")

    assert said(send("tickets.email", MAIL)) == (403, "Ticket denied")
    assert IncomingMail.objects.get().state == IncomingState.IGNORED


def test_an_empty_request_is_told(send):
    assert said(send("tickets.email", "")) == (400, "Unable to read email request")
    assert said(send("tickets.email", " \r\n \r\n")) == (400, "Unable to read email request")


def test_what_cannot_be_stored_is_to_be_sent_again(send, monkeypatch):
    def full(*args: object, **given: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(intake, "store_held", full)

    assert said(send("tickets.email", MAIL)) == (500, "Unable to create new ticket: unknown error")


def test_what_is_stored_but_cannot_be_taken_in_now_is_not_sent_again(send, monkeypatch):
    def away(*args: object, **given: object) -> None:
        raise OSError("The files are away")

    monkeypatch.setattr(intake, "take_in_held", away)

    assert said(send("tickets.email", MAIL)) == (201, "0")
    assert IncomingMail.objects.get().state == IncomingState.STORED


def test_a_mail_that_grows_too_large_while_it_comes_leaves_nothing(api_key, settings, monkeypatch, files_dir):
    settings.MAIL_MOST_BYTES = 1000
    monkeypatch.setattr("api.reading.CHUNK", 100)

    response = Client().generic("POST", "/api/tickets.email", MAIL + "x" * 2000, headers={"X-API-Key": KEY})

    assert response.status_code == 400
    assert not IncomingMail.objects.exists()
    assert not list(files_dir.rglob("incoming-*"))
