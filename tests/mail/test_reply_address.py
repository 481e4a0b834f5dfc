"""Where answers to our mails go: to the mailbox by which the ticket came, signed, if it can be."""

from email.utils import parseaddr
from io import BytesIO

import pytest

from accounts.models import Address, User
from mail import composing, signing
from mail.management.commands.receive_mail import receive
from mail.models import IncomingState, Mailbox, OutgoingMail, Template
from mail.signing import Role
from tests import cast
from tests.cast import TUESDAY, address_for
from tests.mail.samples import SUPPORT, mail
from tickets import actions
from tickets.models import Department, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(billing: Department) -> Mailbox:
    return Mailbox.objects.create(name="support", address=SUPPORT, department=billing)


def answer_to(template: Template = Template.TICKET_OPENED) -> str:
    message = composing.compose(OutgoingMail.objects.filter(template=template).order_by("-pk").first()).message()
    return parseaddr(message["Reply-To"])[1]


def test_it_is_the_mailbox_that_the_ticket_came_by(mailbox: Mailbox) -> None:
    Mailbox.objects.create(name="other", address="other@example.com", is_default=True)
    row = receive(BytesIO(mail()), mailbox_name="support")

    email = answer_to()

    assert email.startswith("support+r")
    signed = signing.read_reply_address(email, at=TUESDAY)
    assert signed is not None
    assert (signed.ticket_id, signed.address) == (row.ticket.pk, Address.objects.get(email="ada@example.org"))


@pytest.mark.parametrize(
    ("default", "expected"), [("yes", "other+r"), ("no", "helpdesk+r")], ids=["a default", "no default"]
)
def test_else_it_is_the_default_one_or_the_sites(ticket: Ticket, default: str, expected: str) -> None:
    Mailbox.objects.create(name="other", address="other@example.com", is_default=default == "yes")

    assert answer_to().startswith(expected)


def test_nobody_answers_into_a_mailbox_that_is_off(mailbox: Mailbox) -> None:
    receive(BytesIO(mail()), mailbox_name="support")
    Mailbox.objects.update(is_active=False)

    assert answer_to().startswith("helpdesk+r")


def test_a_server_without_extended_addresses_gets_its_plain_one(mailbox: Mailbox) -> None:
    Mailbox.objects.update(plus_addresses=False)
    receive(BytesIO(mail()), mailbox_name="support")

    assert answer_to() == SUPPORT


def test_an_agents_counts_as_the_agents(mailbox: Mailbox, grace: User) -> None:
    receive(BytesIO(mail()), mailbox_name="support")

    signed = signing.read_reply_address(answer_to(Template.ALERT_NEW), at=TUESDAY)

    assert signed is not None
    assert (signed.role, signed.address) == (Role.AGENT, address_for(grace))


def test_answers_find_their_ticket_by_every_sign(mailbox: Mailbox, grace: User) -> None:
    """Ada asks, Grace answers, and Ada's program answers that as programs do."""
    ticket = receive(BytesIO(mail()), mailbox_name="support").ticket
    actions.reply(ticket=ticket, text="Which invoice?", by=cast.principal(grace), at=TUESDAY)
    sent = composing.compose(OutgoingMail.objects.get(template=Template.TICKET_REPLY)).message()

    by_address = mail("10-77", to=parseaddr(sent["Reply-To"])[1], subject="else", message_id="<2@example.org>")
    by_id = mail("10-78", subject="else", message_id="<3@example.org>", in_reply_to=sent["Message-ID"])
    by_subject = mail("10-79", subject=f"AW: {sent['Subject']}", message_id="<4@example.org>")

    rows = [receive(BytesIO(raw), mailbox_name="support") for raw in (by_address, by_id, by_subject)]
    assert [(row.state, row.ticket, row.reason) for row in rows] == [
        (IncomingState.MESSAGE, ticket, "reply_address"),
        (IncomingState.MESSAGE, ticket, "signed_id"),
        (IncomingState.MESSAGE, ticket, "subject"),
    ]


def test_our_answer_names_the_mail_that_it_answers(mailbox: Mailbox) -> None:
    receive(BytesIO(mail()), mailbox_name="support")

    message = composing.compose(OutgoingMail.objects.get(template=Template.TICKET_OPENED)).message()

    assert message["In-Reply-To"] == "<first@example.org>"
    assert message["References"].split()[-1] == "<first@example.org>"


# --- What mails say of it -----------------------------------------------------------------------------


def said(template: Template, **of: object) -> str:
    return composing.compose(OutgoingMail.objects.filter(template=template, **of).latest("pk")).body


def test_only_where_a_mailbox_takes_answers_a_reply_says_that_it_can_be_answered(mailbox: Mailbox, grace: User) -> None:
    row = receive(BytesIO(mail()), mailbox_name="support")
    actions.reply(ticket=row.ticket, text="Which one?", by=cast.principal(grace), at=TUESDAY)

    assert "To answer, reply to this mail or open the ticket." in said(Template.TICKET_REPLY)
    Mailbox.objects.update(is_active=False)
    assert "To answer, open the ticket." in said(Template.TICKET_REPLY)


def test_an_alert_says_who_reads_what_is_answered_where_a_mailbox_takes_it(mailbox: Mailbox, grace: User) -> None:
    receive(BytesIO(mail()), mailbox_name="support")

    assert "What you answer to this mail goes to the requester." in said(Template.ALERT_NEW, user=grace)
    Mailbox.objects.update(is_active=False)
    assert "What you answer" not in said(Template.ALERT_NEW, user=grace)
