"""Forms of the portal that wait since their person has too many open tickets: what administrators make of them."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from accounts.principal import Principal
from core.models import SiteSettings
from mail import intake, ledger
from mail.management.commands.receive_mail import receive
from mail.models import Door, IncomingMail, IncomingState, OutgoingMail, Reason, Template
from tests import cast
from tests.cast import address_for
from tests.mail.samples import mail
from tickets import actions
from tickets.models import Attachment, Source

pytestmark = pytest.mark.django_db

NEW = "/new/"


@pytest.fixture
def waiting(browser, filled_in, full) -> IncomingMail:
    """A form with Ada's address that opened nothing."""
    files = [SimpleUploadedFile("jüne.txt", b"9.99"), SimpleUploadedFile("big.bin", bytes(range(256)) * 500)]
    browser.post(NEW, filled_in(text="Kranzfuchs\n.\nFrom here", subject=f"[#{full.number}] Äpfel", attachments=files))
    return IncomingMail.objects.get()


def test_it_waits_for_an_administrator_with_all_that_was_typed(waiting, full):
    assert (waiting.state, waiting.reason, waiting.door) == ("quarantined", "too_many_open", Door.PORTAL)
    assert (waiting.sender, waiting.subject) == ("ada@example.org", f"[#{full.number}] Äpfel")


def test_let_through_it_is_the_ticket_that_it_would_have_been(waiting, admin_user, topic, full):
    ledger.let_through(waiting, by=Principal.administrator(admin_user), at=now())
    done = intake.take_in_at_once(IncomingMail.objects.get(pk=waiting.pk))

    assert done.state == IncomingState.TICKET
    ticket = done.ticket
    assert ticket != full
    assert (ticket.source, ticket.topic, ticket.requester) == (Source.WEB, topic, full.requester)
    assert (ticket.subject, ticket.entries.get().text) == (f"[#{full.number}] Äpfel", "Kranzfuchs\n.\nFrom here")
    assert list(Attachment.objects.order_by("position").values_list("name", "blob__size")) == [
        ("jüne.txt", 4),
        ("big.bin", 128_000),
    ]
    assert not done.remarks


def test_it_gets_the_number_that_the_page_told(full, filled_in, admin_user):
    told = Client().post(NEW, filled_in(), follow=True).context["ticket"].number
    waiting = IncomingMail.objects.get()

    ledger.let_through(waiting, by=Principal.administrator(admin_user), at=now())
    done = intake.take_in_at_once(IncomingMail.objects.get(pk=waiting.pk))

    assert done.ticket.number == told


def test_taken_in_again_without_room_it_waits_on(waiting, admin_user, full, grace):
    by = Principal.administrator(admin_user)
    ledger.take_in_again(waiting, by=by, at=now())
    assert intake.take_in_at_once(IncomingMail.objects.get(pk=waiting.pk)).reason == Reason.TOO_MANY_OPEN

    actions.reply_and_resolve(ticket=full, text="Paid back.", by=cast.principal(grace), at=now())
    ledger.take_in_again(waiting, by=by, at=now())
    assert intake.take_in_at_once(IncomingMail.objects.get(pk=waiting.pk)).state == IncomingState.TICKET


def test_an_administrator_can_put_it_into_an_open_ticket(waiting, admin_user, full):
    done = ledger.force(waiting, full, by=Principal.administrator(admin_user), at=now())

    assert (done.state, done.ticket) == (IncomingState.MESSAGE, full)
    assert address_for(full.requester).email == "ada@example.org"


def test_put_there_it_keeps_what_its_words_quote(browser, filled_in, full, admin_user):
    text = "See what your colleague wrote.\n\nOn Monday Grace wrote:\n> It is paid back.\n> Really."
    browser.post(NEW, filled_in(text=text))

    done = ledger.force(IncomingMail.objects.get(), full, by=Principal.administrator(admin_user), at=now())

    assert (done.entry.text, done.entry.source) == (text, Source.WEB)


@pytest.mark.parametrize("email", ["ada@bücher.example", '"ada,love"@example.org'])
def test_an_address_that_few_write_waits_as_any_and_its_ticket_is_theirs(
    one_each, browser, filled_in, topic, admin_user, email
):
    ada = cast.make_person(email, "Müller, Ada <b@example.net>", confirmed=False)
    cast.make_ticket(ada, topic)

    assert browser.post(NEW, filled_in(email=email)).status_code == 302
    waiting = IncomingMail.objects.get()
    ledger.let_through(waiting, by=Principal.administrator(admin_user), at=now())
    done = intake.take_in_at_once(IncomingMail.objects.get(pk=waiting.pk))

    assert (done.state, done.sender) == (IncomingState.TICKET, email)
    assert done.ticket.requester == ada


@pytest.mark.parametrize("subject", ["Out of office: how do I turn it on?", "Undelivered Mail Returned to Sender"])
def test_a_person_filled_it_in_though_it_looks_like_a_programs_answer(
    full, browser, filled_in, admin_user, grace, subject
):
    report = b"From: mailer-daemon@example.net\r\nSubject: failed\r\n\r\n550 5.1.1 <bob@example.net>: user unknown\r\n"
    browser.post(NEW, filled_in(subject=subject, attachments=[SimpleUploadedFile("came back.eml", report)]))
    actions.reply_and_resolve(ticket=full, text="Paid back.", by=cast.principal(grace), at=now())

    waiting = IncomingMail.objects.get()
    ledger.take_in_again(waiting, by=Principal.administrator(admin_user), at=now())
    done = intake.take_in_at_once(IncomingMail.objects.get(pk=waiting.pk))

    assert done.state == IncomingState.TICKET
    assert Attachment.objects.get().name == "came back.eml"
    assert OutgoingMail.objects.filter(ticket=done.ticket, template=Template.TICKET_OPENED).exists()


def test_forms_with_an_address_leave_its_mails_alone(full, filled_in, billing):
    SiteSettings.objects.update(most_mails_an_hour=5, most_open_tickets=1)
    for number in range(6):
        Client().post(NEW, filled_in(text=f"Filled in {number}"))

    row = receive(BytesIO(mail("By mail.", subject=f"Re: [#{full.number}] x")))

    assert (row.state, row.ticket) == (IncomingState.MESSAGE, full)


@pytest.mark.parametrize(
    "subject", ["ü" * 1000, "Ähm " * 249 + "Ende", "About =?utf-8?q?words?= that are encoded", 'a "b", <c>; \\d']
)
@pytest.mark.parametrize("name", ["ü" * 120 + " " + "y" * 100 + ".eml", "100%20, it's (so) *0*=x;.zip"])
def test_what_was_typed_and_the_names_of_files_are_as_they_were(full, browser, filled_in, admin_user, subject, name):
    text = "  Before\n\n-- \nbegin\n> quoted\n.\nFrom here" + "x" * 3000
    browser.post(NEW, filled_in(subject=subject, text=text, attachments=[SimpleUploadedFile(name, b"\r\n--x\n.\n")]))

    waiting = IncomingMail.objects.get()
    ledger.let_through(waiting, by=Principal.administrator(admin_user), at=now())
    done = intake.take_in_at_once(IncomingMail.objects.get(pk=waiting.pk))

    assert (done.ticket.subject, done.entry.text) == (subject, text)
    file = Attachment.objects.get()
    assert (file.name, file.blob.size) == (name, 8)
