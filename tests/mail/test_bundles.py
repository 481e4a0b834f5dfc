"""Mails that a worker sends one after another: what they cost together, and that each still stands for itself."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import Role, User
from accounts.principal import Principal
from mail import composing, outbound
from mail.common import Common
from mail.models import MailState, OutgoingMail, Template
from mail.outbound import send_all
from mail.transport import smtp
from tests import cast
from tests.cast import MONDAY, TUESDAY
from tests.mail.sink import HANG_UP
from tickets import actions
from tickets.models import Department, DepartmentAccess, Ticket

pytestmark = pytest.mark.django_db

AGENTS = TICKETS = 10


@pytest.fixture
def burst(ada, topic, billing):
    """Ten tickets that ten agents are told of, and nobody else."""
    Department.objects.filter(pk=billing.pk).update(acknowledges=False)
    role = Role.objects.get(name="All access")
    DepartmentAccess.objects.all().delete()
    for number in range(AGENTS):
        agent = User.objects.create(name=f"Agent {number}", handle=f"a{number}", is_agent=True)
        agent.addresses.create(email=f"agent{number}@example.com", is_primary=True, verified_at=MONDAY)
        DepartmentAccess.objects.create(agent=agent, department=billing, role=role)
    topic.department.refresh_from_db()
    return [cast.make_ticket(ada, topic) for _number in range(TICKETS)]


def take(mails):
    """Do what the relay does."""
    claim = uuid4()
    pks = [mail.pk for mail in mails]
    OutgoingMail.objects.filter(pk__in=pks).update(claim=claim, due_at=now() + timedelta(seconds=120))
    return pks, claim


def said(message):
    """Return all of it but the link that switches alerts off, which says when it was made."""
    headers = {name: text for name, text in message.extra_headers.items() if name != "List-Unsubscribe"}
    return message.subject, message.body, message.alternatives, headers


def waiting():
    return list(OutgoingMail.objects.filter(state=MailState.QUEUED).order_by("pk"))


def test_a_burst_is_one_mail_per_agent_and_deed_and_few_queries_each(burst, sink):
    mails = waiting()
    assert len(mails) == AGENTS * TICKETS

    with CaptureQueriesContext(connection) as queries:
        for start in range(0, len(mails), 25):
            became = send_all(*take(mails[start : start + 25]))
            assert set(became.values()) == {MailState.SENT}

    told = [(one.recipient, str(one.message["Subject"])) for one in sink.received]
    assert len(told) == len(set(told)) == AGENTS * TICKETS
    assert len(queries) < 4.0 * AGENTS * TICKETS
    # One connection for each bundle.
    assert sink.commands.count("EHLO") == 4


def test_replies_in_as_many_tickets_ask_only_for_what_is_their_own(ada_confirmed, topic, grace, sink):
    """Two Message-IDs, the mailbox it came by, words, files and quotation; and each is written down twice."""
    for _number in range(TICKETS):
        actions.reply(
            ticket=cast.make_ticket(ada_confirmed, topic), text="Here.", by=Principal.agent(grace), at=TUESDAY
        )
    mails = [mail for mail in waiting() if mail.template == Template.TICKET_REPLY]

    def cost(some):
        with CaptureQueriesContext(connection) as queries:
            became = send_all(*take(some))
        assert set(became.values()) == {MailState.SENT}
        return len(queries)

    first, others = cost(mails[:1]), cost(mails[1:])

    assert others - first <= 8 * (len(mails) - 2)


def test_a_bundle_says_of_each_ticket_what_a_mail_by_itself_says(burst):
    mails = waiting()
    common = Common(mails)

    for mail in mails[:: AGENTS + 1]:
        alone = composing.compose(OutgoingMail.objects.get(pk=mail.pk))
        together = composing.compose(mail, common)
        assert said(together) == said(alone)


def test_readers_of_other_languages_and_zones_get_their_own_words(burst, settings):
    Ticket.objects.filter(pk=burst[0].pk).update(next_due_at=MONDAY)
    User.objects.filter(name="Agent 1").update(time_zone="Asia/Tokyo")
    mails = [mail for mail in waiting() if mail.ticket_id == burst[0].pk]
    common = Common(mails)

    first, tokyo, third = (composing.compose(mail, common).body for mail in mails[:3])

    assert first == third != tokyo


def test_who_may_not_see_the_ticket_any_more_is_left_out_of_the_bundle(burst, sink):
    mails = waiting()[:5]
    DepartmentAccess.objects.filter(agent=mails[2].user).delete()

    became = send_all(*take(mails))

    assert became.pop(mails[2].pk) == MailState.CANCELLED
    assert set(became.values()) == {MailState.SENT}


def test_one_that_is_refused_leaves_the_others_alone(burst, sink, monkeypatch):
    mails = waiting()[:4]

    async def refuse_one(server, session, envelope, address, options):
        if address == mails[1].recipient:
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    monkeypatch.setattr(sink, "handle_RCPT", refuse_one)

    became = send_all(*take(mails))

    assert became.pop(mails[1].pk) == MailState.BOUNCED
    assert set(became.values()) == {MailState.SENT}
    assert len(sink.received) == 3


def test_a_server_that_ends_the_connection_after_each_mail_gets_them_all(burst, sink, monkeypatch):
    async def take_and_close(server, session, envelope):
        sink.received.append(envelope)
        server.transport.write(b"250 OK\r\n")
        server.transport.close()

    monkeypatch.setattr(sink, "handle_DATA", take_and_close)

    became = send_all(*take(waiting()[:3]))

    assert set(became.values()) == {MailState.SENT}
    assert len(sink.received) == 3


def test_a_server_that_hangs_up_in_the_middle_leaves_one_mail_open(burst, sink):
    sink.answers["END"] = HANG_UP

    became = send_all(*take(waiting()[:3]))

    assert set(became.values()) == {MailState.PERHAPS_SENT}
    assert sink.commands.count("DATA") == 3


def test_after_some_seconds_the_rest_is_let_go_of_as_if_it_had_not_been_begun(burst, sink, monkeypatch):
    monkeypatch.setattr(outbound, "PATIENCE", -1.0)
    mails = waiting()[:3]
    OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails]).update(attempts=2, first_tried_at=MONDAY)
    OutgoingMail.objects.filter(pk=mails[0].pk).update(attempts=0, first_tried_at=None)

    became = send_all(*take(mails))

    assert list(became.values()) == [MailState.SENT]
    for mail in OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails]).exclude(pk__in=became):
        assert (mail.claim, mail.state) == (None, MailState.DEFERRED if mail.attempts else MailState.QUEUED)
        assert (mail.attempts, mail.first_tried_at) in {(0, None), (2, MONDAY)}
        assert mail.due_at <= now()


def test_those_whose_worker_died_come_last(burst, sink):
    mails = waiting()[:4]
    OutgoingMail.objects.filter(pk=mails[0].pk).update(state=MailState.SENDING)

    send_all(*take(mails))

    assert sink.received[-1].recipient == mails[0].recipient


def test_no_connection_stays_open_after_a_bundle(burst, sink):
    send_all(*take(waiting()[:2]))

    assert smtp._kept.smtp is None
    assert not smtp._kept.is_on


def test_a_mail_by_itself_keeps_no_connection(ticket, sink):
    mail = OutgoingMail.objects.get(template=Template.TICKET_OPENED)

    send_all(*take([mail]))

    assert smtp._kept.smtp is None
