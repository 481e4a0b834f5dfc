"""How the mail of a reply ends: as its author signs, else as the department does, else with the author's name."""

from email import message_from_bytes, policy

import pytest

from accounts.models import Preferences, User
from accounts.principal import Principal
from mail import composing
from mail.models import OutgoingMail, Template
from tests.cast import TUESDAY
from tickets import actions
from tickets.models import Department, ThreadEntry, Ticket

pytestmark = pytest.mark.django_db


def sent(ticket: Ticket, agent: User) -> tuple[str, str]:
    """Return text and HTML of the mail that carries a reply of this agent."""
    actions.reply(ticket=ticket, text="The answer.", by=Principal.agent(agent), at=TUESDAY)
    mail = OutgoingMail.objects.filter(template=Template.TICKET_REPLY).latest("pk")
    message = message_from_bytes(composing.compose(mail).message().as_bytes(), policy=policy.default)
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return text.replace("\r\n", "\n"), html


def test_without_a_signature_it_ends_with_name_and_department(ticket, grace):
    text, html = sent(ticket, grace)

    assert "The answer.\n\nGrace\nBilling\n" in text
    assert "Grace<br>" in html


def test_an_agent_signs_as_they_set(ticket, grace, billing):
    Department.objects.filter(pk=billing.pk).update(signature="The department")
    Preferences.objects.create(agent=grace, signature="Yours,\nGrace <Hopper> https://example.com/grace")

    text, html = sent(ticket, grace)

    assert "The answer.\n\nYours,\nGrace <Hopper> https://example.com/grace\n" in text
    assert "Grace &lt;Hopper&gt;" in html
    assert 'href="https://example.com/grace"' in html
    assert "The department" not in text + html


@pytest.mark.parametrize("own", ["", "  \n"])
def test_who_has_no_signature_signs_as_the_department(ticket, grace, billing, own):
    Department.objects.filter(pk=billing.pk).update(signature="Your friends in Billing")
    Preferences.objects.create(agent=grace, signature=own)

    text, html = sent(ticket, grace)

    assert "The answer.\n\nYour friends in Billing\n" in text
    assert "Your friends in Billing" in html


def test_a_signature_stands_in_the_mail_alone(ticket, grace, sign_in):
    Preferences.objects.create(agent=grace, signature="Signed with a flourish")

    sent(ticket, grace)

    assert ThreadEntry.objects.latest("pk").text == "The answer."
    assert "flourish" not in sign_in(grace).get(f"/desk/tickets/{ticket.number}/").content.decode()


def test_no_other_mail_is_signed(ticket, grace, billing):
    Department.objects.filter(pk=billing.pk).update(signature="Signed with a flourish")
    Preferences.objects.create(agent=grace, signature="Signed with a flourish")

    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=TUESDAY, resolution="Found it.")

    mail = OutgoingMail.objects.get(template=Template.TICKET_RESOLVED)
    assert "flourish" not in composing.compose(mail).message().as_string()
