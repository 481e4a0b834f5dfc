"""Departments' own addresses and accounts: what From says, where answers go, which way mail takes, who waits alone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from accounts import letters
from core import mailing, secrets
from mail import addresses, composing, outages, outbound, senders, signing
from mail.models import (
    Fault,
    Mailbox,
    MailState,
    OutgoingMail,
    OwnAddress,
    Security,
    SendingAccount,
    SignsIn,
    Suppressed,
    Template,
    Writer,
)
from mail.rehearsing import rehearse
from mail.transport import smtp
from mail.trouble import Trouble
from tests import cast
from tests.cast import MINUTE, MONDAY
from tests.mail.sink import Sink
from tickets.canned import begun, inserted
from tickets.models import CannedResponse, Department, HelpTopic

pytestmark = pytest.mark.django_db


@pytest.fixture
def billing_writes(billing):
    address = OwnAddress.objects.create(email="billing@example.com", name="Billing, Acme")
    Writer.objects.create(address=address, department=billing)
    return address


@pytest.fixture
def own_server(billing_writes):
    """A server of Billing's own, which asks for a password."""
    with Sink(user="billing", password="s3cret") as sink:
        account = SendingAccount.objects.create(
            name="billing",
            host="127.0.0.1",
            port=sink.port,
            security=Security.NONE,
            username="billing",
            secret=secrets.encrypt(b"s3cret"),
        )
        OwnAddress.objects.filter(pk=billing_writes.pk).update(account=account)
        sink.account = account
        yield sink


def mail_of(ticket):
    return OutgoingMail.objects.get(ticket=ticket, template=Template.TICKET_OPENED)


def send(mail):
    claim = uuid4()
    OutgoingMail.objects.filter(pk=mail.pk).update(claim=claim, due_at=now() + timedelta(seconds=120))
    state = outbound.send(mail.pk, claim)
    mail.refresh_from_db()
    return state


# --- From and Reply-To ----------------------------------------------------------------------------


def test_without_an_address_of_its_own_a_department_writes_from_the_site_s(ticket):
    assert composing.compose(mail_of(ticket)).from_email == "Help desk <helpdesk@localhost>"


def test_a_department_writes_from_its_own(ticket, billing_writes):
    message = composing.compose(mail_of(ticket))

    assert message.from_email == '"Billing, Acme" <billing@example.com>'


def test_a_department_without_one_writes_from_that_of_what_it_is_part_of(ada, topic, billing):
    parent = Department.objects.create(name="Finance")
    Department.objects.filter(pk=billing.pk).update(parent=parent)
    Writer.objects.create(address=OwnAddress.objects.create(email="finance@example.com"), department=parent)
    topic.department.refresh_from_db()

    message = composing.compose(mail_of(cast.make_ticket(ada, topic)))

    assert message.from_email == "Help desk <finance@example.com>"


def test_a_help_topic_s_address_holds_while_the_ticket_is_with_its_department(ticket, billing_writes):
    Writer.objects.create(address=OwnAddress.objects.create(email="refunds@example.com"), topic=ticket.topic)

    assert senders.of_ticket(ticket).email == "refunds@example.com"

    HelpTopic.objects.filter(pk=ticket.topic_id).update(department=Department.objects.create(name="Elsewhere"))
    ticket.topic.refresh_from_db()
    assert senders.of_ticket(ticket).email == "billing@example.com"


def test_texts_can_name_the_address_that_the_mails_come_from_and_nothing_else_of_it(ticket, billing_writes, grace):
    Department.objects.filter(pk=ticket.department_id).update(is_public=False)
    ticket.department.refresh_from_db()
    canned = CannedResponse(title="x")
    canned.write("<p>Write to {{ ticket.department.email }} ({{ ticket.department }}).</p>")
    canned.save()

    told = inserted(canned, ticket=ticket, agent=grace).text
    begins = begun(canned, topic=ticket.topic, address=None, subject="x", agent=grace).text
    billing_writes.delete()

    assert told == begins == "Write to billing@example.com (Help desk)."
    assert senders.address_of(ticket) in inserted(canned, ticket=ticket, agent=grace).text


def test_answers_are_asked_for_at_the_mailbox_of_the_address_signed(ticket, billing_writes):
    Mailbox.objects.create(name="all", address="all@example.com", is_default=True)
    Mailbox.objects.create(name="billing", address="billing@example.com")

    [reply_to] = composing.compose(mail_of(ticket)).reply_to

    signed = signing.read_reply_address(reply_to.partition("<")[2].rstrip(">"), at=now())
    assert reply_to.startswith('"Billing, Acme" <billing+r')
    assert signed.ticket_id == ticket.pk


def test_an_address_without_a_mailbox_asks_for_answers_where_another_one_is_fetched(ticket, billing_writes):
    shared = Mailbox.objects.create(name="shared", address="shared@example.com")
    OwnAddress.objects.filter(pk=billing_writes.pk).update(mailbox=shared)

    [reply_to] = composing.compose(mail_of(ticket)).reply_to

    assert "<shared+r" in reply_to


def test_a_mail_from_any_own_address_is_known_as_ours(billing_writes):
    assert "billing@example.com" in addresses.own_addresses()
    assert "Billing+r1.2.3@example.com" in addresses.own_addresses()


def test_a_name_cannot_break_the_header(ticket, billing_writes):
    OwnAddress.objects.filter(pk=billing_writes.pk).update(name="Acme\r\nBcc: eve@example.net")

    raw = composing.compose(mail_of(ticket)).message().as_bytes()

    assert b"\nBcc:" not in raw


# --- Which way ------------------------------------------------------------------------------------


def test_its_mails_go_by_its_own_account_and_others_by_the_site_s(ticket, own_server, sink):
    mail = mail_of(ticket)

    assert send(mail) == MailState.SENT

    assert [one.sender for one in own_server.received] == ["billing@example.com"]
    assert not sink.received
    assert mail.account == own_server.account


def test_without_mail_url_all_goes_by_accounts_and_without_any_nothing(ada, topic, own_server, settings):
    settings.MAIL_URL = ""
    mail = mail_of(cast.make_ticket(ada, topic))
    assert mail.state == MailState.QUEUED
    assert send(mail) == MailState.SENT

    Writer.objects.all().delete()
    of_the_site = mail_of(cast.make_ticket(ada, topic))
    assert send(of_the_site) == MailState.SENT
    assert [one.sender for one in own_server.received] == ["billing@example.com"] * 2

    OwnAddress.objects.update(account=None)
    other = mail_of(cast.make_ticket(ada, topic))
    assert (other.state, other.why) == (MailState.SUPPRESSED, Suppressed.NO_SERVER)


def test_an_address_without_a_way_out_is_passed_over_for_the_default_one(ticket, billing_writes, settings):
    settings.MAIL_URL = ""
    for name in ("first", "second"):
        account = SendingAccount.objects.create(name=name, host="smtp.example.com")
        OwnAddress.objects.create(email=f"{name}@example.com", account=account, is_default=name == "second")

    assert senders.of_ticket(ticket).email == "second@example.com"
    assert senders.of_site().email == "second@example.com"

    settings.MAIL_URL = "smtp://127.0.0.1:9"
    assert senders.of_ticket(ticket).email == "billing@example.com"
    assert composing.compose(mail_of(ticket)).from_email == '"Billing, Acme" <billing@example.com>'


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "site@example.com"),
        ({"off": {"is_default": True}}, "off@example.com"),
        ({"site": {"email": "another@example.com"}}, "first@example.com"),
        ({"site": {"email": "another@example.com"}, "first": {"account": None}}, "another@example.com"),
    ],
)
def test_without_mail_url_the_default_comes_first_then_that_of_mail_from_then_one_that_is_on(
    db, settings, changes, expected
):
    settings.MAIL_URL, settings.MAIL_FROM = "", "Support <site@example.com>"
    for name in ("off", "first", "site"):
        account = SendingAccount.objects.create(name=name, host="smtp.example.com", is_active=name != "off")
        OwnAddress.objects.create(email=f"{name}@example.com", account=account)
    for name, fields in changes.items():
        OwnAddress.objects.filter(email=f"{name}@example.com").update(**fields)

    assert senders.of_site().email == expected


# --- Mails about accounts ---------------------------------------------------------------------------


@pytest.fixture
def letter(settings):
    """Return what puts a link to sign in into the outbox, and that mail."""
    settings.EMAIL_BACKEND = "mail.backend.OutboxBackend"

    def write():
        letters.send("sign_in_link", "ada@example.org", url="https://help.example/", minutes=15)
        return OutgoingMail.objects.filter(template=Template.ACCOUNT).latest("pk")

    return write


def test_a_link_to_sign_in_goes_by_the_account_there_is_where_no_mail_url_is_set(letter, own_server, settings):
    settings.MAIL_URL = ""
    mail = letter()
    assert (mail.state, mail.account) == (MailState.QUEUED, own_server.account)

    assert send(mail) == MailState.SENT

    [received] = own_server.received
    assert received.sender == "billing@example.com"
    assert received.message["From"] == '"Billing, Acme" <billing@example.com>'
    assert mailing.has_mail()


def test_without_any_way_out_it_is_not_kept_and_the_pages_know(letter, billing_writes, settings):
    settings.MAIL_URL = ""
    SendingAccount.objects.create(name="unused", host="smtp.example.com")

    mail = letter()

    assert (mail.state, mail.why, mail.body) == (MailState.SUPPRESSED, Suppressed.NO_SERVER, None)
    assert not mailing.has_mail()
    assert mailing.if_mailed("A link is on its way") == "Not mailed: no mail server is set"


def test_it_comes_from_the_default_address_beside_mail_url_too(letter, own_server, sink):
    mail = letter()
    assert mail.account is None
    assert composing.compose(mail).from_email == "Help desk <helpdesk@localhost>"

    OwnAddress.objects.update(is_default=True)
    by_account = letter()

    assert send(by_account) == MailState.SENT
    assert [one.sender for one in own_server.received] == ["billing@example.com"]
    assert not sink.received


def test_a_default_address_without_an_account_is_written_from_by_mail_url(letter, billing_writes, sink):
    OwnAddress.objects.update(is_default=True)
    mail = letter()

    assert send(mail) == MailState.SENT

    assert [one.sender for one in sink.received] == ["billing@example.com"]


def test_there_is_one_default_at_most(billing_writes):
    OwnAddress.objects.update(is_default=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        OwnAddress.objects.create(email="other@example.com", is_default=True)


def test_an_account_that_fails_is_left_alone_and_no_other_waits_for_it(ada, topic, ticket, own_server, sink):
    SendingAccount.objects.update(secret=secrets.encrypt(b"wrong"))
    mail, second = mail_of(ticket), mail_of(cast.make_ticket(ada, topic))

    assert send(mail) == MailState.DEFERRED
    asked = len(own_server.commands)
    assert send(second) == MailState.DEFERRED

    assert len(own_server.commands) == asked
    assert (mail.fault, second.fault) == (Fault.ACCOUNT, Fault.ACCOUNT)
    assert second.attempts == 1
    Writer.objects.all().delete()
    assert send(mail_of(cast.make_ticket(ada, topic))) == MailState.SENT
    assert len(sink.received) == 1


def test_a_secret_under_another_key_sends_nothing_and_says_so(ticket, own_server):
    SendingAccount.objects.update(secret=b"gAAAAAB-not-ours")
    mail = mail_of(ticket)

    assert send(mail) == MailState.DEFERRED

    assert mail.fault == Fault.ACCOUNT
    assert "another key" in mail.last_error
    assert not own_server.commands


def test_mails_of_an_account_that_is_switched_off_wait(ticket, own_server):
    SendingAccount.objects.update(is_active=False)
    mail = mail_of(ticket)

    assert send(mail) == MailState.DEFERRED

    assert not own_server.commands
    assert "switched off" in mail.last_error


def test_no_more_mails_than_allowed_go_out_in_a_minute(own_server):
    SendingAccount.objects.update(per_minute=2)
    account = SendingAccount.objects.get()

    at = MONDAY
    assert [senders.may_go(account, at) for _mail in range(3)] == [None, None, at + MINUTE]
    assert senders.may_go(account, at + MINUTE) is None


def test_a_mail_above_the_number_waits_as_if_it_had_not_been_begun(ticket, own_server):
    SendingAccount.objects.update(per_minute=1, minute_at=now(), in_minute=1)
    mail = mail_of(ticket)

    assert send(mail) is None

    assert (mail.state, mail.attempts, mail.claim, mail.first_tried_at) == (MailState.QUEUED, 0, None, None)
    assert now() < mail.due_at <= now() + MINUTE


def test_without_encryption_nothing_leaves_this_machine():
    class Elsewhere:
        def getpeername(self):
            return ("192.0.2.1", 25)

    with pytest.raises(OSError, match="this machine"):
        smtp._require_loopback(type("Smtp", (), {"sock": Elsewhere()})())


def test_an_account_signs_in_as_at_a_mailbox_by_its_token(ticket):
    box = Mailbox.objects.create(
        name="shared",
        address="shared@example.com",
        username="shared@example.com",
        authentication="google",
        access_token=secrets.encrypt(b"t0ken"),
        access_expires_at=now() + timedelta(hours=1),
    )
    account = SendingAccount.objects.create(name="g", host="smtp.example.com", signs_in=SignsIn.MAILBOX, mailbox=box)

    way = senders.way_of(account)

    assert (way.user, way.password, way.is_token, way.port) == ("shared@example.com", "t0ken", True, 587)
    assert "t0ken" not in repr(way)


def test_without_what_it_needs_an_account_has_no_way(db):
    for given in ({"signs_in": SignsIn.MAILBOX}, {"signs_in": SignsIn.PASSWORD}, {"sends_by": "service"}):
        with pytest.raises(Trouble):
            senders.way_of(SendingAccount(name="x", host="smtp.example.com", **given))


# --- A test mail ----------------------------------------------------------------------------------


def test_a_test_mail_tells_stage_by_stage_what_is_right(own_server, billing_writes):
    billing_writes.refresh_from_db()

    found = rehearse(own_server.account, billing_writes, "root@example.com")

    assert [one.is_right for one in found] == [None, True, True, None]
    assert [one.recipient for one in own_server.received] == ["root@example.com"]
    assert own_server.received[0].message["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"answers": {"CONNECT": "554 5.7.1 Go away"}}, "does not talk to us. It said: 554 5.7.1 Go away"),
        ({"answers": {"MAIL": "550 5.7.1 Not from you"}}, "was not taken. The server said: 550 5.7.1 Not from you"),
        ({"answers": {"RCPT": "550 5.1.1 No such user"}}, "was not taken. The server said: 550 5.1.1 No such user"),
        ({"answers": {"END": "554 5.7.1 Spam"}}, "was not taken. The server said: 554 5.7.1 Spam"),
        ({"user": "billing", "password": "other"}, "refuses user and password"),
    ],
)
def test_a_test_mail_says_what_went_wrong(fault, words):
    with Sink(**fault) as sink:
        account = SendingAccount.objects.create(
            name="x",
            host="127.0.0.1",
            port=sink.port,
            security=Security.NONE,
            signs_in=SignsIn.PASSWORD if sink.user else SignsIn.NOT,
            username="billing" if sink.user else "",
            secret=secrets.encrypt(b"s3cret"),
        )

        found = rehearse(account, None, "root@example.com")

    assert found[-1].is_right is False
    assert words in found[-1].text
    assert "s3cret" not in found[-1].text


def test_a_test_mail_to_nobody_listening_says_so():
    account = SendingAccount(name="x", host="127.0.0.1", port=9, security=Security.NONE, signs_in="not")

    [found] = rehearse(account, None, "root@example.com")

    assert "Nothing answers at 127.0.0.1:9" in found.text


def test_a_new_set_up_is_tried_at_once(own_server):
    outages.note(outages.key_of(own_server.account), "535 wrong", now(), is_certain=True)

    outages.forget(own_server.account)

    assert outages.of(own_server.account) is None
