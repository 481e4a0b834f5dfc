"""Who has as many open tickets as one may have: told where they are known, and by mail alone where they are not."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from accounts.principal import Principal
from core.models import Numbering, SiteSettings
from mail.models import IncomingMail, OutgoingMail, Reason, Template
from portal import pace
from tests import cast
from tests.tickets.test_concurrency import at_once
from tickets import actions
from tickets.models import Attachment, Ticket

pytestmark = pytest.mark.django_db

NEW = "/new/"


def text_of(response) -> str:
    return response.content.decode()


# --- Signed in ------------------------------------------------------------------------------------


@pytest.fixture
def asked(one_each, ada_confirmed, topic) -> Ticket:
    return cast.make_ticket(ada_confirmed, topic, subject="The invoice of May")


def test_who_is_signed_in_is_told_why_what_to_do_and_where(sign_in, ada_confirmed, asked, filled_in):
    answer = sign_in(ada_confirmed).post(NEW, filled_in(text="And of June."))

    assert answer.status_code == 422
    page = text_of(answer)
    assert "You have as many open tickets as one may have at a time. Answer one of them" in page
    assert reverse("portal:my_ticket", args=[asked.number]) in page
    assert "The invoice of May" in page
    assert Ticket.objects.count() == 1


def test_all_that_was_typed_stays_and_can_be_sent_once_there_is_room(sign_in, ada_confirmed, asked, filled_in, grace):
    browser = sign_in(ada_confirmed)
    form = filled_in(text="And of June.", attachments=[SimpleUploadedFile("june.txt", b"9.99")])
    answer = browser.post(NEW, form)
    (kept,) = answer.context["form"].kept
    assert all(one in text_of(answer) for one in ("And of June.", "The invoice of October is wrong", kept.reference))

    actions.reply_and_resolve(ticket=asked, text="Paid back.", by=cast.principal(grace), at=now())
    browser.post(NEW, filled_in(text="And of June.", **{"attachments-kept": kept.reference}))

    assert Attachment.objects.get().name == "june.txt"
    assert Ticket.objects.count() == 2


def test_of_many_the_latest_are_shown_at_the_same_cost(sign_in, ada_confirmed, topic, filled_in, grace, monkeypatch):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    costs = []
    for most in (1, 9):
        SiteSettings.objects.update(most_open_tickets=0)
        while Ticket.objects.count() < most:
            cast.make_ticket(ada_confirmed, topic)
        SiteSettings.objects.update(most_open_tickets=most)
        browser = sign_in(ada_confirmed)
        browser.get(NEW)
        with CaptureQueriesContext(connection) as asked:
            page = text_of(browser.post(NEW, filled_in()))
        costs.append(len(asked))
        assert page.count('class="t-row"') == min(most, 5)

    assert costs[0] == costs[1]


def test_an_old_ticket_that_would_be_followed_by_one_says_so_too(sign_in, ada_confirmed, asked, topic, grace):
    SiteSettings.objects.update(most_open_tickets=0)
    old = cast.make_ticket(ada_confirmed, topic, at=now() - timedelta(days=900))
    by = cast.principal(grace)
    actions.reply_and_resolve(ticket=old, text="Paid back.", by=by, at=now() - timedelta(days=899))
    actions.close(ticket=old, by=Principal.requester(ada_confirmed), at=now() - timedelta(days=898))
    SiteSettings.objects.update(most_open_tickets=1)

    answer = sign_in(ada_confirmed).post(reverse("portal:my_message", args=[old.number]), {"text": "Still wrong."})

    assert answer.status_code == 409
    assert "as many open tickets as one may have" in text_of(answer)
    assert "Still wrong." in text_of(answer)


# --- Not signed in ----------------------------------------------------------------------------------


def as_told(response) -> str:
    """Return the page without what differs between any two tickets."""
    number = response.context["ticket"].number
    return re.sub(r'nonce="[^"]+"|#?' + re.escape(number), "", text_of(response))


@pytest.mark.parametrize("numbering", Numbering.values)
@pytest.mark.parametrize("has_mail", [True, False])
def test_the_answer_tells_nobody_that_an_address_has_tickets(full, filled_in, settings, numbering, has_mail):
    settings.MAIL_URL = "smtp://127.0.0.1:9" if has_mail else ""
    SiteSettings.objects.update(numbering=numbering)

    new = Client().post(NEW, filled_in(email="ann@example.org"), follow=True)
    known = Client().post(NEW, filled_in(email="ada@example.org"), follow=True)

    assert Ticket.objects.count() == 2
    assert IncomingMail.objects.count() == 1
    assert as_told(new) == as_told(known)
    assert "We have your ticket" in text_of(known)
    assert "#" + known.context["ticket"].number in text_of(known)
    [(one, status), (other, status_too)] = new.redirect_chain[0], known.redirect_chain[0]
    assert (len(one), status) == (len(other), status_too)


def test_numbers_tell_nothing_either(full, filled_in):
    SiteSettings.objects.update(numbering=Numbering.SEQUENCE, next_number=100)

    for email in ("ann@example.org", "ada@example.org", "bea@example.org"):
        Client().post(NEW, filled_in(email=email))

    assert SiteSettings.load().next_number == 103


@pytest.mark.django_db(transaction=True)
def test_a_guest_costs_one_number_whether_the_ticket_is_opened_or_waits(full, filled_in):
    """Without a test's own transaction, in which numbers are drawn at another time."""
    SiteSettings.objects.update(numbering=Numbering.SEQUENCE, next_number=100)

    told = [
        Client().post(NEW, filled_in(email=email), follow=True).context["ticket"].number
        for email in ("ann@example.org", "ada@example.org", "bea@example.org")
    ]

    assert [int(number) for number in told] == [100, 101, 102]
    assert SiteSettings.load().next_number == 103


@pytest.mark.django_db(transaction=True)
def test_the_same_form_twice_at_once_waits_once_and_both_are_told_the_same(full, filled_in):
    form = filled_in()

    told = at_once(*[lambda: Client().post(NEW, form, follow=True).context["ticket"].number for _time in range(3)])

    assert len(set(told)) == 1
    assert (IncomingMail.objects.count(), Ticket.objects.count()) == (1, 1)
    assert OutgoingMail.objects.filter(template=Template.OVER_LIMIT).count() == 1


def test_the_same_form_sent_again_tells_the_same_number_and_waits_once(full, filled_in, grace):
    first, again = (Client().post(NEW, filled_in(), follow=True) for _time in range(2))
    actions.reply_and_resolve(ticket=full, text="Paid back.", by=cast.principal(grace), at=now())
    later = Client().post(NEW, filled_in(), follow=True)

    assert len({answer.context["ticket"].number for answer in (first, again, later)}) == 1
    assert (IncomingMail.objects.count(), Ticket.objects.count()) == (1, 1)


def test_every_answer_takes_the_same_time_where_there_is_a_limit(full, filled_in, monkeypatch):
    waited = []
    monkeypatch.setattr(pace, "ANSWER_AFTER", timedelta(seconds=60))
    monkeypatch.setattr(pace.time, "sleep", waited.append)

    for email in ("ann@example.org", "ada@example.org"):
        Client().post(NEW, filled_in(email=email))
    assert len(waited) == 2
    assert all(50 < seconds <= 60 for seconds in waited)

    SiteSettings.objects.update(most_open_tickets=0)
    Client().post(NEW, filled_in(email="bea@example.org"))
    assert len(waited) == 2


def test_so_does_the_page_after_it(full, filled_in, monkeypatch):
    told = [Client().post(NEW, filled_in(email=email))["Location"] for email in ("ann@example.org", "ada@example.org")]
    waited = []
    monkeypatch.setattr(pace, "ANSWER_AFTER", timedelta(seconds=60))
    monkeypatch.setattr(pace.time, "sleep", waited.append)

    for address in told:
        Client().get(address)
    assert len(waited) == 2
    assert all(50 < seconds <= 60 for seconds in waited)

    SiteSettings.objects.update(most_open_tickets=0)
    Client().get(told[0])
    assert len(waited) == 2


def test_files_that_are_written_once_more_where_it_waits_take_their_time_where_it_does_not(
    full, filled_in, monkeypatch
):
    waited = []
    monkeypatch.setattr(pace.time, "sleep", waited.append)
    monkeypatch.setattr(pace, "BYTES_A_SECOND", 100)

    for email in ("ann@example.org", "ada@example.org"):
        Client().post(NEW, filled_in(email=email, attachments=[SimpleUploadedFile("log.txt", b"line\n" * 1200)]))

    assert all(50 < seconds <= 60 for seconds in waited)
    assert len(waited) == 2


def test_who_is_signed_in_learns_nothing_of_an_address_that_they_type(sign_in, full, filled_in):
    bob = cast.make_person("bob@example.net", "Bob", confirmed=False)

    answer = sign_in(bob).post(NEW, filled_in(), follow=True)

    assert "We have your ticket" in text_of(answer)
    assert IncomingMail.objects.get().reason == Reason.TOO_MANY_OPEN


def test_the_owner_hears_of_it_by_mail_once_a_day_and_nothing_typed_is_repeated(full, filled_in):
    from mail.composing import compose

    for number in range(3):
        Client().post(NEW, filled_in(text=f"Kranzfuchs {number}", subject="Kranzfuchs"))

    row = OutgoingMail.objects.get(template=Template.OVER_LIMIT)
    assert (row.recipient, row.ticket) == ("ada@example.org", full)
    assert "Kranzfuchs" not in compose(row).message().as_string()
    assert IncomingMail.objects.count() == 3
