"""How the mail of a reply ends: as its author chose, else as they always sign; in what there is of that."""

from email import message_from_bytes, policy

import pytest

from accounts.models import Preferences, Signs, User
from accounts.principal import Principal
from mail import composing
from mail.models import MailTemplate, OutgoingMail, Template
from tests import cast
from tests.cast import TUESDAY
from tickets import actions
from tickets.models import Department, ThreadEntry, Ticket

pytestmark = pytest.mark.django_db


def sent(ticket: Ticket, agent: User, signs: Signs | None = None) -> tuple[str, str]:
    """Return text and HTML of the mail that carries a reply of this agent."""
    actions.reply(ticket=ticket, text="The answer.", by=Principal.agent(agent), at=TUESDAY, signs=signs)
    return newest()


def newest() -> tuple[str, str]:
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
    page = sign_in(grace).get(f"/desk/tickets/{ticket.number}/").content.decode()
    # The composer says how the next one ends.
    assert page.count("flourish") == 1
    assert 'data-signs="own" dir="auto">Signed with a flourish</p>' in page


def test_no_other_mail_is_signed(ticket, grace, billing):
    Department.objects.filter(pk=billing.pk).update(signature="Signed with a flourish")
    Preferences.objects.create(agent=grace, signature="Signed with a flourish")

    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=TUESDAY, resolution="Found it.")

    mail = OutgoingMail.objects.get(template=Template.TICKET_RESOLVED)
    assert "flourish" not in composing.compose(mail).message().as_string()


# --- Chosen for one reply (PARITY K21) --------------------------------------------------------------

OWN, DEPARTMENTS, NAME = "Yours, G.", "Your friends in Billing", "Grace\nBilling"


@pytest.mark.parametrize("always", Signs)
@pytest.mark.parametrize("chosen", [None, *Signs])
@pytest.mark.parametrize("has_own", [True, False])
@pytest.mark.parametrize("has_departments", [True, False])
def test_what_is_chosen_for_a_reply_holds_and_else_what_its_author_always_does(
    ticket, grace, billing, always, chosen, has_own, has_departments
):
    Department.objects.filter(pk=billing.pk).update(signature=DEPARTMENTS if has_departments else "")
    Preferences.objects.create(agent=grace, signature=OWN if has_own else "", signs=always)

    text, html = sent(ticket, grace, chosen)

    below = DEPARTMENTS if has_departments else NAME
    ways = {Signs.OWN: OWN if has_own else below, Signs.DEPARTMENT: below, Signs.NOTHING: None}
    ends = ways[chosen or always]
    assert [one for one in (OWN, DEPARTMENTS, NAME) if one in text] == ([ends] if ends else [])
    in_html = "Grace<br>" if ends == NAME else ends
    assert [one for one in (OWN, DEPARTMENTS, "Grace<br>") if one in html] == ([in_html] if in_html else [])


def test_a_reply_that_is_mailed_again_ends_as_it_did(ticket, grace, ada):
    Preferences.objects.create(agent=grace, signature=OWN)
    sent(ticket, grace, Signs.NOTHING)

    entry = ThreadEntry.objects.latest("pk")
    to = [ada.addresses.get().pk]
    actions.resend(ticket=ticket, entry=entry, addresses=to, by=Principal.agent(grace), at=TUESDAY)

    assert OutgoingMail.objects.filter(template=Template.TICKET_REPLY).count() == 2
    assert OWN not in newest()[0]


def test_mailed_again_by_a_colleague_it_names_who_wrote_it(ticket, grace, ada, billing):
    MailTemplate.objects.create(
        template=Template.TICKET_REPLY,
        language="en",
        subject="S",
        body="<p>{{ agent.name }}</p>",
        text="{{ agent.name }}",
    )
    sent(ticket, grace, None)

    entry, by = ThreadEntry.objects.latest("pk"), cast.principal(cast.make_agent("Eve", billing))
    actions.resend(ticket=ticket, entry=entry, addresses=[ada.addresses.get().pk], by=by, at=TUESDAY)

    text = newest()[0]
    assert "Grace" in text
    assert "Eve" not in text


@pytest.mark.parametrize(("chosen", "said"), [(Signs.OWN, OWN), (Signs.DEPARTMENT, NAME), (Signs.NOTHING, "")])
def test_an_administrators_template_ends_as_chosen_too(ticket, grace, chosen, said):
    Preferences.objects.create(agent=grace, signature=OWN)
    body = "<p>{{ event.words }}</p><p>[{{ signature }}]</p>"
    MailTemplate.objects.create(
        template=Template.TICKET_REPLY, language="en", subject="Answered", body=body, text="[{{ signature }}]"
    )

    text, _html = sent(ticket, grace, chosen)

    assert f"[{said}]" in text
