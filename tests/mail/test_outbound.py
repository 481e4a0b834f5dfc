"""Sending: every way in which a mail server can fail, and what the row says then. The servers here are real."""

import asyncio
import socket
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.mail import EmailMessage
from django.db import connections
from django.utils.timezone import now

from accounts.models import Address
from accounts.principal import Principal
from mail import composing, outages, outbound, people, transport
from mail.backend import OutboxBackend
from mail.models import Fault, MailState, Outage, OutgoingMail, Suppressed, Template
from mail.outbound import GIVE_UP, next_try, send, send_again
from mail.url import parse
from tests import cast
from tests.cast import MINUTE, MONDAY
from tests.mail.sink import HANG_UP, Sink
from tickets.errors import DeedRefused
from tickets.models import Ticket

QUEUED, DEFERRED, SENT = MailState.QUEUED, MailState.DEFERRED, MailState.SENT
BOUNCED, FAILED, PERHAPS = MailState.BOUNCED, MailState.FAILED, MailState.PERHAPS_SENT


@pytest.fixture
def mail(ticket):
    """The acknowledgement to Ada, handed out by the relay."""
    mail = OutgoingMail.objects.get(template=Template.TICKET_OPENED)
    return hand_out(mail)


def test_a_mail_is_sent_and_its_row_says_so(mail, sink):
    assert send(mail.pk, mail.claim) == SENT

    [received] = sink.received
    mail.refresh_from_db()
    assert (received.sender, received.recipient) == ("helpdesk@localhost", "ada@example.org")
    assert received.message["Message-ID"] == mail.message_id
    assert (mail.state, mail.due_at, mail.claim, mail.attempts, mail.last_error) == (SENT, None, None, 1, "")
    assert mail.handed_over_at <= mail.sent_at


# One of each end; tests/mail/test_fault_matrix.py has them all.
REFUSALS = [
    # step, answer, what becomes of the mail
    ("RCPT", "450 4.2.1 Greylisted", DEFERRED),
    ("RCPT", "550 5.1.1 No such user", BOUNCED),
    ("END", "554 5.7.1 Looks like spam", FAILED),
    ("END", HANG_UP, PERHAPS),
]


@pytest.mark.parametrize(("step", "answer", "state"), REFUSALS)
def test_what_a_server_s_answer_makes_of_the_mail(mail, sink, step, answer, state):
    sink.answers[step] = answer

    assert send(mail.pk, mail.claim) == state

    mail.refresh_from_db()
    assert mail.state == state
    assert mail.claim is None
    assert (mail.due_at is not None) == (state == DEFERRED)
    assert (mail.handed_over_at is not None) == (state == PERHAPS)
    assert mail.last_error
    if answer != HANG_UP:
        assert answer[:3] in mail.last_error
    assert not sink.received


def test_nobody_listening_is_tried_again(mail, settings):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        settings.MAIL_URL = f"smtp://127.0.0.1:{gone.getsockname()[1]}"

    assert send(mail.pk, mail.claim) == DEFERRED


def test_an_unknown_name_is_tried_again(mail, settings):
    settings.MAIL_URL = "smtp://no-such-host.invalid"

    assert send(mail.pk, mail.claim) == DEFERRED


def test_a_server_that_says_nothing_is_given_up_after_the_timeout(mail, settings):
    settings.SOCKET_TIMEOUT = 0.2
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.MAIL_URL = f"smtp://127.0.0.1:{silent.getsockname()[1]}"

        assert send(mail.pk, mail.claim) == DEFERRED

    mail.refresh_from_db()
    assert mail.last_error == "The mail server did not answer in time."


def test_a_server_that_takes_too_long_to_answer_leaves_it_open(mail, sink, settings):
    settings.SOCKET_TIMEOUT = 0.2
    sink.delay = 1.0

    assert send(mail.pk, mail.claim) == PERHAPS


def test_starttls_is_required_where_it_was_asked_for(mail, sink, settings):
    settings.MAIL_URL = f"smtp+tls://127.0.0.1:{sink.port}"

    assert send(mail.pk, mail.claim) == DEFERRED
    assert "MAIL" not in sink.commands


def test_tls_from_the_start_does_not_fall_back(mail, sink, settings):
    settings.SOCKET_TIMEOUT = 0.5
    settings.MAIL_URL = f"smtps://127.0.0.1:{sink.port}"

    assert send(mail.pk, mail.claim) == DEFERRED
    assert not sink.commands


@pytest.mark.parametrize(("password", "state"), [("p/w:%23", SENT), ("wrong", DEFERRED)])
def test_user_and_password_are_used(mail, settings, password, state):
    with Sink(user="desk@example.com", password="p/w:#") as sink:
        quoted = password.replace("/", "%2F").replace(":", "%3A")
        settings.MAIL_URL = f"smtp://desk%40example.com:{quoted}@127.0.0.1:{sink.port}"

        assert send(mail.pk, mail.claim) == state

    mail.refresh_from_db()
    assert "wrong" not in mail.last_error


def test_a_refusal_after_a_refusal_is_sent_when_the_server_takes_it(mail, sink):
    sink.answers["END"] = "451 4.3.0 Later"
    send(mail.pk, mail.claim)
    sink.answers.clear()

    assert send_now(mail) == SENT
    assert len(sink.received) == 1


def test_dots_and_line_ends_arrive_as_they_were(sink, ada_confirmed, topic):
    cast.make_ticket(ada_confirmed, topic, text=".\n..two\n\n.end")
    mail = hand_out(OutgoingMail.objects.get(template=Template.TICKET_OPENED))

    send(mail.pk, mail.claim)

    text = sink.received[0].message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert "> .\n> ..two\n>\n> .end" in text
    assert b"\n" not in sink.received[0].data.replace(b"\r\n", b"")


# --- Claims ---------------------------------------------------------------------------------------


def test_without_the_claim_nothing_is_sent_and_nothing_written(mail, sink):
    assert send(mail.pk, uuid4()) is None

    assert not sink.commands
    assert OutgoingMail.objects.get(pk=mail.pk).attempts == 0


@pytest.mark.django_db(transaction=True)
def test_the_same_message_twice_sends_one_mail(mail, sink, monkeypatch):
    """The broker delivered it twice, and the second worker starts while the first waits for the answer."""
    second = []

    async def dawdle(server, session, envelope):
        await in_thread(lambda: second.append(send(mail.pk, mail.claim)))
        return "250 OK"

    monkeypatch.setattr(sink, "handle_DATA", dawdle)

    assert send(mail.pk, mail.claim) == SENT
    assert second == [None]
    assert sink.commands.count("DATA") == 1


@pytest.mark.django_db(transaction=True)
def test_a_claim_lost_before_the_handing_over_sends_nothing(mail, sink, monkeypatch):
    """Another worker got the mail while this one was still talking to the server."""
    taken_by_another = uuid4()

    async def steal(server, session, envelope, address, options):
        envelope.rcpt_tos.append(address)
        await in_thread(lambda: OutgoingMail.objects.filter(pk=mail.pk).update(claim=taken_by_another))
        return "250 OK"

    monkeypatch.setattr(sink, "handle_RCPT", steal)

    assert send(mail.pk, mail.claim) is None

    assert "DATA" not in sink.commands
    mail.refresh_from_db()
    assert (mail.claim, mail.state, mail.handed_over_at) == (taken_by_another, MailState.SENDING, None)


@pytest.mark.django_db(transaction=True)
def test_a_late_yes_ends_the_doubt(mail, sink, monkeypatch):
    """The claim ran out while the server took its time; the mail was called perhaps_sent meanwhile."""

    async def dawdle(server, session, envelope):
        await in_thread(lambda: send_now(mail))
        return "250 OK"

    monkeypatch.setattr(sink, "handle_DATA", dawdle)

    assert send(mail.pk, mail.claim) == SENT

    mail.refresh_from_db()
    assert (mail.state, mail.due_at, mail.last_error) == (SENT, None, "")


@pytest.mark.django_db(transaction=True)
def test_a_late_no_ends_it_too(mail, sink, monkeypatch):
    async def dawdle(server, session, envelope):
        await in_thread(lambda: send_now(mail))
        return "554 5.7.1 No"

    monkeypatch.setattr(sink, "handle_DATA", dawdle)

    assert send(mail.pk, mail.claim) == FAILED


@pytest.mark.django_db(transaction=True)
def test_a_late_yes_says_nothing_about_a_mail_that_is_sent_again(mail, sink, monkeypatch, admin_user):
    async def dawdle(server, session, envelope):
        def meanwhile():
            send_now(mail)
            send_again(mail, by=Principal.administrator(admin_user), at=now())

        await in_thread(meanwhile)
        return "250 OK"

    monkeypatch.setattr(sink, "handle_DATA", dawdle)

    assert send(mail.pk, mail.claim) is None

    mail.refresh_from_db()
    assert mail.state == QUEUED


def test_a_claim_that_ended_after_the_handing_over_is_perhaps_sent(mail, sink):
    OutgoingMail.objects.filter(pk=mail.pk).update(state=MailState.SENDING, handed_over_at=now(), attempts=1)

    assert send(mail.pk, mail.claim) == PERHAPS

    assert not sink.commands
    mail.refresh_from_db()
    assert (mail.due_at, mail.claim) == (None, None)


def test_a_claim_that_ended_before_it_is_sent(mail, sink):
    OutgoingMail.objects.filter(pk=mail.pk).update(state=MailState.SENDING, attempts=1, first_tried_at=now())

    assert send(mail.pk, mail.claim) == SENT
    assert OutgoingMail.objects.get(pk=mail.pk).attempts == 2


@pytest.mark.django_db(transaction=True)
def test_handed_over_at_is_committed_before_the_message_leaves(mail, sink, monkeypatch):
    seen = []

    async def look(server, session, envelope):
        await in_thread(lambda: seen.append(OutgoingMail.objects.get(pk=mail.pk)))
        return "250 OK"

    monkeypatch.setattr(sink, "handle_DATA", look)

    send(mail.pk, mail.claim)

    [row] = seen
    assert row.handed_over_at is not None
    assert row.state == MailState.SENDING
    # The claim starts anew there, so the answer has all of its time.
    assert row.due_at > row.handed_over_at + timedelta(seconds=100)


def test_a_mail_that_kills_its_worker_over_and_over_fails(mail, sink):
    OutgoingMail.objects.filter(pk=mail.pk).update(attempts=outbound.MOST_ATTEMPTS)

    assert send(mail.pk, mail.claim) == FAILED


def test_a_mail_that_cannot_be_rendered_is_tried_again(mail, sink):
    OutgoingMail.objects.filter(pk=mail.pk).update(template="no_such_template")

    assert send(mail.pk, mail.claim) == DEFERRED
    assert "no_such_template" in OutgoingMail.objects.get(pk=mail.pk).last_error


def test_an_error_that_no_database_holds_keeps_no_mail_under_way(mail, sink, monkeypatch):
    def stumble(*given):
        raise ValueError("a\x00b")

    monkeypatch.setattr(composing, "compose", stumble)

    assert send(mail.pk, mail.claim) == DEFERRED

    mail.refresh_from_db()
    assert (mail.last_error, mail.claim) == ("ValueError: a b", None)


def test_a_mail_nobody_may_read_any_more_is_cancelled(mail, sink):
    Ticket.objects.filter(pk=mail.ticket_id).update(trashed_at=MONDAY)

    assert send(mail.pk, mail.claim) == MailState.CANCELLED
    assert not sink.commands


def test_a_mail_server_taken_away_suppresses_what_is_queued(mail, settings):
    settings.MAIL_URL = ""

    assert send(mail.pk, mail.claim) == MailState.SUPPRESSED

    mail.refresh_from_db()
    assert (mail.why, mail.due_at) == (Suppressed.NO_SERVER, None)


@pytest.mark.parametrize("state", [SENT, BOUNCED, FAILED, PERHAPS, MailState.SUPPRESSED, MailState.CANCELLED])
def test_what_has_ended_is_not_sent_by_a_message_that_comes_late(mail, sink, state):
    OutgoingMail.objects.filter(pk=mail.pk).update(state=state, why="demo")

    assert send(mail.pk, mail.claim) is None
    assert not sink.commands


# --- Bounces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "bounces"), [("550 5.1.1 No such user", True), ("550 5.7.1 Blocked", False), ("550 No", False)]
)
def test_an_address_that_nobody_has_is_remembered(mail, sink, answer, bounces):
    sink.answers["RCPT"] = answer

    send(mail.pk, mail.claim)

    assert (Address.objects.get(email="ada@example.org").bouncing_at is not None) == bounces


def test_a_mail_to_an_address_that_nobody_has_is_left_out_even_if_it_was_written_before(mail, sink):
    Address.objects.filter(email="ada@example.org").update(bouncing_at=MONDAY)

    assert send(mail.pk, mail.claim) == MailState.SUPPRESSED

    mail.refresh_from_db()
    assert (mail.why, mail.due_at, sink.commands) == (Suppressed.BOUNCING, None, [])


def test_that_a_server_takes_a_mail_says_nothing_for_a_full_mailbox_behind_it(mail, sink):
    until = now() + timedelta(hours=1)
    Address.objects.filter(email="ada@example.org").update(resting_until=until, soft_bounces=2)

    assert send(mail.pk, mail.claim) == SENT

    address = Address.objects.get(email="ada@example.org")
    assert (address.resting_until, address.soft_bounces) == (until, 2)


# --- The account's own troubles -----------------------------------------------------------------------


def test_a_wrong_password_costs_no_mail_its_time_and_is_tried_by_one_for_all(mail, settings, ada_confirmed, topic):
    cast.make_ticket(ada_confirmed, topic)
    other = hand_out(OutgoingMail.objects.filter(template=Template.TICKET_OPENED).exclude(pk=mail.pk).get())
    OutgoingMail.objects.filter(pk=mail.pk).update(attempts=3, first_tried_at=now() - timedelta(days=1))
    with Sink(user="desk@example.com", password="right") as sink:
        settings.MAIL_URL = f"smtp://desk%40example.com:wrong@127.0.0.1:{sink.port}"
        assert send(mail.pk, mail.claim) == DEFERRED
        asked = len(sink.commands)

        assert send(other.pk, other.claim) == DEFERRED

        assert len(sink.commands) == asked
    outage = Outage.objects.get()
    for row in (mail, other):
        row.refresh_from_db()
        assert (row.fault, row.handed_over_at) == (Fault.ACCOUNT, None)
        assert outage.until <= row.due_at <= outage.until + timedelta(seconds=3)
        assert "wrong" not in row.last_error
    assert "wrong" not in str(outage.__dict__)


def test_the_first_that_gets_through_ends_it_and_the_mail_has_all_its_time_again(mail, sink, settings):
    account = transport.account_of(parse(settings.MAIL_URL))
    Outage.objects.create(account=account, since=MONDAY, until=now() - timedelta(seconds=1), failures=9)
    OutgoingMail.objects.filter(pk=mail.pk).update(fault=Fault.ACCOUNT, first_tried_at=MONDAY, attempts=7)
    sink.answers["RCPT"] = "450 4.2.1 Greylisted"

    assert send(mail.pk, mail.claim) == DEFERRED
    assert Outage.objects.exists()
    sink.answers.clear()
    Outage.objects.update(until=now())
    assert send_now(mail) == SENT

    assert not Outage.objects.exists()
    mail.refresh_from_db()
    assert mail.attempts == 2
    assert mail.first_tried_at > MONDAY


def test_what_was_perhaps_sent_opens_no_account_that_is_shut(mail, sink, settings):
    account = transport.account_of(parse(settings.MAIL_URL))
    Outage.objects.create(account=account, since=MONDAY, until=now() - timedelta(seconds=1), failures=9)
    sink.answers["END"] = HANG_UP

    assert send(mail.pk, mail.claim) == PERHAPS

    assert Outage.objects.get().until > now()


def test_a_failure_that_says_less_takes_nothing_back(db):
    outages.note("somewhere", "535 Wrong password", MONDAY, is_certain=True)

    wait = outages.note("somewhere", "It did not answer in time.", MONDAY + MINUTE, is_certain=False)

    assert Outage.objects.get().until == MONDAY + MINUTE + wait


def test_one_busy_moment_of_the_server_keeps_only_its_own_mail(mail, sink):
    sink.answers["CONNECT"] = "421 4.3.2 Too busy"

    for waits in (None, None, "together"):
        send_now(mail)
        assert (Outage.objects.get().until is not None) == bool(waits)


def test_for_the_account_a_mail_waits_five_days_and_no_longer(mail, sink):
    sink.answers["CONNECT"] = "554 5.7.1 Go away"
    OutgoingMail.objects.filter(pk=mail.pk).update(fault=Fault.ACCOUNT, first_tried_at=now() - timedelta(days=4.9))
    assert send_now(mail) == DEFERRED

    OutgoingMail.objects.filter(pk=mail.pk).update(first_tried_at=now() - timedelta(days=5))
    assert send_now(mail) == FAILED

    assert OutgoingMail.objects.get(pk=mail.pk).due_at is None


def test_settings_that_were_repaired_are_tried_at_once(mail, sink, settings):
    account = transport.account_of(parse(f"smtp://desk:wrong@127.0.0.1:{sink.port}"))
    Outage.objects.create(account=account, since=MONDAY, until=now() + timedelta(minutes=5), failures=9)

    assert send(mail.pk, mail.claim) == SENT


# --- Again ------------------------------------------------------------------------------------------


def test_the_waits_between_tries():
    first = [next_try(attempt, MONDAY, MONDAY) - MONDAY for attempt in range(1, 7)]

    for wait, seconds in zip(first, [10, 30, 120, 600, 3600, 3600], strict=True):
        assert timedelta(seconds=seconds * 0.8) <= wait <= timedelta(seconds=seconds * 1.2)


def test_the_waits_are_spread():
    assert len({next_try(1, MONDAY, MONDAY) for _ in range(20)}) > 10


def test_after_two_days_it_is_given_up(mail, settings, sink):
    assert timedelta(days=2) == settings.RETRY_FIRST * GIVE_UP
    sink.answers["RCPT"] = "450 4.2.1 Greylisted"
    OutgoingMail.objects.filter(pk=mail.pk).update(
        state=DEFERRED, attempts=50, first_tried_at=now() - timedelta(days=2)
    )

    assert send(mail.pk, mail.claim) == FAILED
    assert OutgoingMail.objects.get(pk=mail.pk).due_at is None


def test_two_days_of_a_server_away_are_some_fifty_tries():
    tries, at = 1, MONDAY
    while (then := next_try(tries, MONDAY, at)) is not None:
        tries, at = tries + 1, then

    assert 45 <= tries <= 65
    assert tries < outbound.MOST_ATTEMPTS
    assert at > MONDAY + timedelta(days=2) - timedelta(hours=1.3)


@pytest.mark.parametrize("state", [BOUNCED, FAILED, PERHAPS])
def test_an_administrator_sends_it_again(mail, sink, admin_user, state):
    OutgoingMail.objects.filter(pk=mail.pk).update(
        state=state, due_at=None, claim=None, attempts=50, first_tried_at=MONDAY, handed_over_at=MONDAY
    )

    send_again(mail, by=Principal.administrator(admin_user), at=now())

    assert send_now(mail) == SENT
    assert len(sink.received) == 1


def test_an_account_mail_that_came_back_is_not_sent_again_for_what_it_said_is_gone(ada, sink, admin_user):
    mail = account_mail()
    assert send_now(mail) == SENT
    OutgoingMail.objects.filter(pk=mail.pk).update(state=BOUNCED)

    with pytest.raises(DeedRefused, match="is not kept"):
        send_again(mail, by=Principal.administrator(admin_user), at=now())

    assert OutgoingMail.objects.get(pk=mail.pk).due_at is None


def test_a_mail_whose_address_was_removed_while_a_worker_had_it_ends(mail, sink):
    OutgoingMail.objects.filter(pk=mail.pk).update(address=None)

    assert send(mail.pk, mail.claim) == MailState.CANCELLED
    assert not sink.received


@pytest.mark.parametrize("how", ["no server", "address gone"])
def test_a_body_that_is_never_sent_is_not_kept(ada, settings, how):
    mail = account_mail()
    if how == "no server":
        settings.MAIL_URL = ""
        assert send_now(mail) == MailState.SUPPRESSED
    else:
        people.address_gone(cast.address_for(ada))

    assert OutgoingMail.objects.get(pk=mail.pk).body is None


@pytest.mark.parametrize(
    "state", [QUEUED, DEFERRED, MailState.SENDING, SENT, MailState.SUPPRESSED, MailState.CANCELLED]
)
def test_other_mails_are_not_sent_again(mail, admin_user, state):
    OutgoingMail.objects.filter(pk=mail.pk).update(state=state, why="demo", due_at=None)

    with pytest.raises(DeedRefused):
        send_again(mail, by=Principal.administrator(admin_user), at=now())

    assert OutgoingMail.objects.get(pk=mail.pk).due_at is None


def test_only_administrators_send_again(mail, grace):
    OutgoingMail.objects.filter(pk=mail.pk).update(state=FAILED)

    with pytest.raises(DeedRefused):
        send_again(mail, by=Principal.agent(grace), at=now())


def test_nothing_is_sent_again_without_a_server(mail, admin_user, settings):
    OutgoingMail.objects.filter(pk=mail.pk).update(state=FAILED, due_at=None)
    settings.MAIL_URL = ""

    with pytest.raises(DeedRefused):
        send_again(mail, by=Principal.administrator(admin_user), at=now())


# --- Helpers --------------------------------------------------------------------------------------


def hand_out(mail):
    """Do what the relay does."""
    OutgoingMail.objects.filter(pk=mail.pk).update(claim=uuid4(), due_at=now() + timedelta(seconds=120))
    mail.refresh_from_db()
    return mail


def account_mail():
    """Return a mail to Ada that came through EMAIL_BACKEND."""
    OutboxBackend().send_messages([EmailMessage("Sign in", "https://…", to=["ada@example.org"])])
    return OutgoingMail.objects.get(template=Template.ACCOUNT)


def send_now(mail):
    mail = hand_out(OutgoingMail.objects.get(pk=mail.pk))
    return send(mail.pk, mail.claim)


async def in_thread(work):
    """Do in another thread, with its own connection to the database, what another process would do."""

    def run():
        try:
            work()
        finally:
            connections.close_all()

    await asyncio.to_thread(run)
