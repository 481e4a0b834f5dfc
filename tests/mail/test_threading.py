"""Every mail of a ticket's life threads for a program that takes RFC 5322 at its word, and says if it is automatic."""

import re
from collections import defaultdict
from uuid import uuid4

import pytest
from django.utils.timezone import now

from accounts import letters
from accounts.principal import Principal
from mail import composing, intake, outbound
from mail.models import Door, Mailbox, MailState, OutgoingMail, Template
from tests.cast import HOUR
from tests.mail.every import every_row
from tickets import actions
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

MESSAGE_ID = re.compile(r"<[^<>@\s]{1,200}@[^<>@\s]{1,200}>")


# What every mail says of itself, (RFC 3834, RFC 2369): whether nobody wrote it, and whether it can be switched off.
BY_HAND, AS_ANSWER, BY_ITSELF = None, "auto-replied", "auto-generated"
SAYS = {
    Template.TICKET_OPENED: (AS_ANSWER, False),
    Template.TICKET_ANSWERED: (AS_ANSWER, False),
    Template.TICKET_OPENED_FOR: (BY_ITSELF, False),
    Template.TICKET_REPLY: (BY_HAND, False),
    Template.TICKET_MESSAGE: (BY_ITSELF, False),
    Template.TICKET_RESOLVED: (BY_ITSELF, False),
    Template.TICKET_CLOSED: (BY_ITSELF, False),
    Template.TICKET_COLLABORATOR: (BY_ITSELF, False),
    Template.TICKET_LINK: (BY_ITSELF, False),
    Template.MESSAGE_RECEIVED: (AS_ANSWER, False),
    Template.OVER_LIMIT: (AS_ANSWER, False),
    Template.AGENT_COMMANDS: (AS_ANSWER, False),
    Template.ALERT_NEW: (BY_ITSELF, True),
    Template.ALERT_MESSAGE: (BY_ITSELF, True),
    Template.ALERT_NOTE: (BY_ITSELF, True),
    Template.ALERT_TRANSFER: (BY_ITSELF, True),
    Template.ALERT_ASSIGNED: (BY_ITSELF, True),
    Template.ALERT_CLOCK: (BY_ITSELF, True),
}


class Checker:
    """What a strict mail program of each recipient knows, and what it thinks of the next mail."""

    def __init__(self, root):
        self.root = root
        self.known = defaultdict(list)
        self.seen = set()

    def wrote(self, who, message_id):
        self.known[who].append(message_id)

    def got(self, who, message):
        [message_id] = MESSAGE_ID.findall(message["Message-ID"])
        references = MESSAGE_ID.findall(message["References"])
        assert message_id not in self.seen, "a Message-ID is used twice"
        assert message_id not in references
        assert references[0] == self.root
        assert [message["In-Reply-To"]] == references[-1:]
        known = self.known[who]
        assert len(references) == len(set(references))
        # Only what this recipient wrote or got, oldest first, and nothing left out.
        assert references[1:] == known[-10:], f"{who}: {references[1:]} of {known}"
        assert "\n" not in message["References"].replace("\r\n ", "").replace("\n ", "")
        self.seen.add(message_id)
        known.append(message_id)


def send_all(sink):
    """Send what waits; return who got which message, in the order of the outbox."""
    claim = uuid4()
    waiting = OutgoingMail.objects.filter(state=MailState.QUEUED)
    pks = list(waiting.order_by("pk").values_list("pk", flat=True))
    waiting.update(claim=claim, due_at=now() + HOUR)
    before = len(sink.received)
    became = outbound.send_all(pks, claim)
    assert set(became.values()) <= {MailState.SENT}
    by_id = {str(one.message["Message-ID"]): one for one in sink.received[before:]}
    mails = OutgoingMail.objects.filter(pk__in=pks).order_by("pk")
    return [(mail, by_id[mail.message_id].message) for mail in mails]


def test_every_mail_of_a_ticket_s_life_threads_strictly(sink, grace, ada_confirmed, billing):
    raw = (
        b"From: ada@example.org\r\nTo: helpdesk@localhost\r\nSubject: Refund\r\n"
        b"Message-ID: <first@example.org>\r\n\r\nWhere is it?\r\n"
    )
    box = Mailbox.objects.create(name="support", address="helpdesk@localhost", department=billing)
    mail = intake.take_in_at_once(intake.store([raw], door=Door.PIPE, at=now(), mailbox=box))
    ticket = Ticket.objects.get(pk=mail.ticket_id)
    checker = Checker(composing.thread_root(ticket))
    checker.wrote("ada@example.org", "<first@example.org>")
    agent = Principal.agent(grace)

    def check():
        for sent, message in send_all(sink):
            checker.got(sent.recipient, message)
            by_hand = sent.template in composing.WRITTEN_BY_HAND
            assert (message["Auto-Submitted"] is None) == by_hand
            assert message["X-Auto-Response-Suppress"]

    check()
    for number in range(12):
        actions.reply(ticket=ticket, text=f"Answer {number}", by=agent, at=now())
        check()
    answered = OutgoingMail.objects.filter(recipient="ada@example.org").latest("pk").message_id
    raw = (
        b"From: ada@example.org\r\nTo: helpdesk@localhost\r\nSubject: Re: Refund\r\n"
        b"Message-ID: <second@example.org>\r\n"
        b"In-Reply-To: " + answered.encode() + b"\r\n\r\nThanks, but no.\r\n"
    )
    assert intake.take_in_at_once(intake.store([raw], door=Door.PIPE, at=now())).ticket_id == ticket.pk
    checker.wrote("ada@example.org", "<second@example.org>")
    check()
    actions.reply_and_resolve(ticket=ticket, text="Here it is.", by=agent, at=now())
    check()

    assert len(checker.known["ada@example.org"]) == 2 + 1 + 12 + 1
    assert len(checker.known["grace@example.com"]) >= 2


def test_a_message_id_that_is_none_spoils_no_thread(sink, grace, billing):
    raw = "From: ada@example.org\r\nTo: helpdesk@localhost\r\nMessage-ID: <ÿþ@example.org>\r\n\r\nWhere is it?\r\n"
    Mailbox.objects.create(name="support", address="helpdesk@localhost", department=billing)
    mail = intake.take_in_at_once(intake.store([raw.encode()], door=Door.PIPE, at=now()))
    assert mail.message_id == "<ÿþ@example.org>"

    actions.reply(ticket=mail.ticket, text="Here it is.", by=Principal.agent(grace), at=now())

    to_ada = [message for sent, message in send_all(sink) if sent.recipient == "ada@example.org"]
    # As it stands on the wire: read, an encoded word would look like what it hides.
    references = [value for message in to_ada for name, value in message.raw_items() if name == "References"]
    assert [each.split()[0] for each in references] == [composing.thread_root(mail.ticket)] * 2


def test_every_kind_of_mail_about_a_ticket_threads_and_says_what_it_is(ada, topic, grace, settings):
    settings.PUBLIC_URL = "https://help.example"
    rows = list(every_row(ada, topic, grace))
    OutgoingMail.objects.all().delete()
    checker = Checker(composing.thread_root(rows[0].ticket))

    for row in rows:
        row.created_at, row.state = now(), MailState.SENT
        # So that the deed may be told of by mails of several kinds, which it never is.
        OutgoingMail.objects.filter(deed=row.deed, recipient=row.recipient).update(deed=uuid4())
        row.save()
        message = composing.compose(row).message()
        checker.got(row.recipient, message)
        automatic, is_unsubscribed = SAYS[row.template]
        assert message["Auto-Submitted"] == automatic, row.template
        assert message["X-Auto-Response-Suppress"] == ("All" if automatic else "OOF, AutoReply"), row.template
        assert (message["List-Unsubscribe"] or "").startswith("<https://") == is_unsubscribed, row.template
        assert (message["List-Unsubscribe-Post"] is not None) == is_unsubscribed, row.template
        assert message["X-Helpdesk-Loop"], row.template

    assert {row.template for row in rows} == SAYS.keys() == {*Template} - {Template.ACCOUNT}


def test_a_mail_about_an_account_is_automatic_and_in_no_thread(ada_confirmed, settings):
    settings.EMAIL_BACKEND, settings.MAIL_URL = "mail.backend.OutboxBackend", "smtp://127.0.0.1:9"
    letters.send("sign_in_link", "ada@example.org", url="https://help.example/", minutes=15)

    message = composing.compose(OutgoingMail.objects.get(template=Template.ACCOUNT)).message()

    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert [message[name] for name in ("List-Unsubscribe", "References", "In-Reply-To")] == [None] * 3
