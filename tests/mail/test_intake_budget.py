"""How often a mail asks the database until it is a ticket, or a message: what it costs hangs on little else."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from bench.mails import mail_bytes
from mail import intake, signing
from mail.models import Door, IncomingMail, IncomingState, Mailbox
from sla.models import SLAPlan
from tests import cast
from tickets.models import Department

NEW_BUDGET = 22
REPLY_BUDGET = 24

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(billing: Department, plan: SLAPlan) -> Mailbox:
    """Where six agents are told of each ticket, which is promised an answer and a solution."""
    SLAPlan.objects.update(is_default=False)
    SLAPlan.objects.filter(pk=plan.pk).update(is_default=True)
    for number in range(6):
        cast.make_agent(f"Agent {number}", billing)
    return Mailbox.objects.create(name="support", address="support@example.com", department=billing, is_default=True)


def take_in(mailbox: Mailbox, sender: str, number: int, answers: str = "") -> tuple[IncomingMail, int]:
    """Return the mail as it was taken in, and how many queries that took."""
    raw = mail_bytes(
        sender=sender,
        name="Ada",
        to=mailbox.address,
        subject="The invoice of October is wrong",
        message_id=f"<{number}@example.org>",
        at=datetime(2026, 11, 2, tzinfo=UTC),
        in_reply_to=answers,
    )
    with CaptureQueriesContext(connection) as asked:
        taken = intake.take_in_held(intake.store_held([raw], door=Door.PIPE, at=now(), mailbox=mailbox))
    return taken, len(asked)


def test_a_new_mail_and_a_reply_keep_to_their_budgets(mailbox: Mailbox, ada, settings) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    address = cast.address_for(ada)
    new, asked = take_in(mailbox, address.email, 1)
    assert (new.state, new.ticket.outgoing_mail.count()) == (IncomingState.TICKET, 7)
    assert asked <= NEW_BUDGET

    reply, asked = take_in(mailbox, address.email, 2, signing.message_id(new.ticket.pk, address))
    assert (reply.state, reply.ticket) == (IncomingState.MESSAGE, new.ticket)
    assert asked <= REPLY_BUDGET


def test_who_is_told_costs_no_query_each(mailbox: Mailbox, ada, billing: Department) -> None:
    _first, few = take_in(mailbox, cast.address_for(ada).email, 1)
    for number in range(6, 20):
        cast.make_agent(f"Agent {number}", billing)

    _second, many = take_in(mailbox, cast.address_for(ada).email, 2)

    assert many == few
