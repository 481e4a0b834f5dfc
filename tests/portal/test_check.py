"""Check a ticket: one answer for all, a mail for those who may."""

import re
import time
from datetime import timedelta

import pytest
from django.test import Client

from mail.models import OutgoingMail, OwnAddress, SendingAccount, Template
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return response.content.decode()


def ask(browser, email: object, number: object):
    return browser.post("/check/", {"email": email, "number": number}, follow=True)


def links_mailed() -> list[tuple[str, int | None]]:
    return list(OutgoingMail.objects.filter(template=Template.TICKET_LINK).values_list("recipient", "ticket"))


def test_who_takes_part_gets_a_fresh_link(browser, ticket):
    response = ask(browser, " ADA@example.org ", f"# {ticket.number} ")

    assert response.status_code == 200
    assert links_mailed() == [("ada@example.org", ticket.pk)]


def test_the_answer_is_the_same_whether_or_not_there_is_such_a_ticket(browser, ticket, grace, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:25"
    asked = [
        ("ada@example.org", ticket.number),
        ("ada@example.org", "000000"),
        ("nobody@example.org", ticket.number),
        ("grace@example.com", ticket.number),
        ("ada@example.org", "x' OR 1=1 --"),
    ]

    answers = [ask(Client(), *one) for one in asked]

    assert len({re.sub(r'nonce="[^"]+"', "", text_of(answer)) for answer in answers}) == 1
    assert {tuple(answer.redirect_chain) for answer in answers} == {(("/check/sent/", 302),)}
    assert len(links_mailed()) == 1


def test_every_answer_takes_the_same_time(ticket, monkeypatch):
    from portal import pace

    waited = []
    monkeypatch.setattr(pace, "ANSWER_AFTER", timedelta(seconds=60))
    monkeypatch.setattr(time, "sleep", waited.append)

    ask(Client(), "ada@example.org", ticket.number)
    ask(Client(), "nobody@example.org", ticket.number)

    assert all(50 < seconds <= 60 for seconds in waited)
    assert len(waited) == 2


def test_both_answers_cost_the_same_but_for_the_row_of_the_mail(ticket, django_assert_max_num_queries):
    with django_assert_max_num_queries(40) as for_nobody:
        Client().post("/check/", {"email": "nobody@example.org", "number": ticket.number})
    with django_assert_max_num_queries(40) as for_ada:
        Client().post("/check/", {"email": "ada@example.org", "number": ticket.number})

    told = [query["sql"] for query in for_ada if "mail_outgoingmail" in query["sql"]]
    assert told
    assert len(for_ada) - len(for_nobody) <= len(told) + 4  # savepoints and settings around the row


@pytest.mark.parametrize(
    ("email", "number", "field", "sentence"),
    [
        ("", "123456", "email", "Write your e-mail address, so that we can answer."),
        ("ada", "123456", "email", "This is no e-mail address. Write it like ada@example.org."),
        ("ada@example.org", "", "number", "Write the ticket number. It is in every mail about the ticket."),
        ("ada@example.org", "1" * 41, "number", "This is no ticket number. It is in every mail about the ticket."),
    ],
)
def test_bad_input_gets_a_sentence_by_its_field_and_stays(browser, email, number, field, sentence):
    response = browser.post("/check/", {"email": email, "number": number})

    assert response.status_code == 422
    assert response.context["form"].errors == {field: [sentence]}
    assert f'id="id_{field}_error"' in text_of(response)
    assert email in text_of(response)
    assert number in text_of(response)


def test_a_stranger_cannot_fill_a_mailbox(browser, ticket):
    for _ in range(6):
        assert ask(browser, "ada@example.org", ticket.number).status_code == 200

    assert len(links_mailed()) == 3


def test_one_client_cannot_try_numbers_for_long(browser, ticket, monkeypatch):
    from portal.views import check

    monkeypatch.setattr(check, "CLIENT_LIMIT", 2)
    for number in ("100000", "100001"):
        ask(browser, "ada@example.org", number)

    response = browser.post("/check/", {"email": "ada@example.org", "number": ticket.number})

    assert response.status_code == 429
    assert "Wait a while, then ask again." in text_of(response)
    assert links_mailed() == []


@pytest.mark.parametrize("change", [{"trashed": True}, {"inactive": True}])
def test_no_link_to_a_ticket_in_the_trash_nor_for_who_was_switched_off(browser, ticket, ada, at, change):
    if "trashed" in change:
        Ticket.objects.update(trashed_at=at)
    else:
        ada.is_active = False
        ada.save()

    ask(browser, "ada@example.org", ticket.number)

    assert links_mailed() == []


def test_asking_confirms_nothing(browser, ticket, ada_address):
    ask(browser, "ada@example.org", ticket.number)

    ada_address.refresh_from_db()
    assert ada_address.verified_at is None


def test_without_a_mail_server_the_page_says_so(browser, settings):
    settings.MAIL_URL = ""

    for address in ("/check/", "/check/sent/"):
        assert "This help desk has no mail server, so no link can be mailed." in text_of(browser.get(address))


def test_where_only_departments_have_a_way_out_no_page_says_that_nothing_is_mailed(browser, settings):
    settings.MAIL_URL = ""
    account = SendingAccount.objects.create(name="Ours", host="smtp.example.com")
    OwnAddress.objects.create(email="support@example.com", account=account)

    for address in ("/", "/check/", "/check/sent/", "/new/"):
        assert "no mail server" not in text_of(browser.get(address))


def test_home_offers_both_ways_and_agents_the_desk(browser, sign_in, grace):
    guest, agent = text_of(browser.get("/")), text_of(sign_in(grace).get("/"))

    assert 'href="/new/"' in guest
    assert 'action="/check/"' in guest
    assert "Go to the desk" not in guest
    assert "Go to the desk" in agent
