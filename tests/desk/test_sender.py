"""From which address a reply is mailed (PARITY K21): who may choose which, what is kept, what goes away meanwhile."""

from collections.abc import Callable
from email.utils import parseaddr
from io import BytesIO
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import User
from accounts.principal import Principal
from mail import composing, outbound
from mail.management.commands.receive_mail import receive
from mail.models import IncomingState, Mailbox, MailState, OutgoingMail, OwnAddress, Template, Writer
from tests import cast
from tests.cast import DAY, TUESDAY, VIEW_ONLY
from tests.desk.conftest import AtDesk, toasts
from tests.desk.test_budgets import queries
from tests.desk.test_held import come, press, write_to
from tests.mail.samples import mail as sample
from tickets import actions
from tickets.errors import SenderNotOffered
from tickets.models import Department, DepartmentAccess, HeldReply, HelpTopic, Stopped, Ticket

pytestmark = pytest.mark.django_db


def make_address(email: str, **writer: Department | HelpTopic) -> OwnAddress:
    address: OwnAddress = OwnAddress.objects.create(email=email, name="")
    Writer.objects.create(address=address, **writer)
    return address


@pytest.fixture(autouse=True)
def _mail_server(settings: object) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"


@pytest.fixture
def usual(billing: Department) -> OwnAddress:
    """Billing's own address, from which mails of the ticket come."""
    return make_address("billing@example.com", department=billing)


@pytest.fixture
def other(usual: OwnAddress, support: Department, grace: User) -> OwnAddress:
    """Support's, where Grace works too."""
    cast.give_access(grace, support)
    return make_address("support@example.com", department=support)


def offered(page: HttpResponse) -> list[str]:
    return [label for _value, label in page.context["form"].fields["sender"].widget.choices]


def mailed(ticket: Ticket) -> OutgoingMail:
    return OutgoingMail.objects.filter(ticket=ticket, template=Template.TICKET_REPLY).latest("pk")


def send(mail: OutgoingMail) -> OutgoingMail:
    OutgoingMail.objects.filter(pk=mail.pk).update(claim=(claim := uuid4()), due_at=timezone.now())
    outbound.send(mail.pk, claim)
    mail.refresh_from_db()
    return mail


# --- What is offered --------------------------------------------------------------------------------


def test_with_one_address_nothing_is_asked(desk: AtDesk, ticket: Ticket, usual: OwnAddress) -> None:
    assert 'name="sender"' not in desk.look(ticket).text


def test_addresses_of_departments_in_which_the_agent_may_reply_are_offered(
    desk: AtDesk, ticket: Ticket, other: OwnAddress, elsewhere: Department, topic: HelpTopic, grace: User
) -> None:
    make_address("kernel@example.com", department=elsewhere)
    watched = Department.objects.create(name="Watched")
    cast.give_access(grace, watched, role=VIEW_ONLY)
    make_address("watched@example.com", department=watched)
    managed = Department.objects.create(name="Managed", manager=grace)
    make_address("managed@example.com", department=managed)
    part = Department.objects.create(name="Part", parent=Department.objects.create(name="Whole"))
    make_address("whole@example.com", department=part.parent)
    cast.give_access(grace, part)
    make_address("refunds@example.com", topic=cast.make_topic("Refunds", department=ticket.department))

    page = desk.look(ticket)

    assert offered(page) == [
        "billing@example.com",  # the usual one, before the others
        "managed@example.com",
        "refunds@example.com",
        "support@example.com",
        "whole@example.com",
    ]
    assert page.text.count('name="sender"') == 1


def test_without_an_address_of_its_own_the_ticket_s_usual_one_is_the_site_s(
    desk: AtDesk, ticket: Ticket, support: Department, grace: User
) -> None:
    cast.give_access(grace, support)
    make_address("support@example.com", department=support)

    assert offered(desk.look(ticket)) == ["helpdesk@localhost", "support@example.com"]


# --- What is chosen ---------------------------------------------------------------------------------


def test_a_reply_comes_from_the_address_that_was_chosen(desk: AtDesk, ticket: Ticket, other: OwnAddress) -> None:
    desk.reply(ticket, sender=other.pk, then="resolve")

    assert composing.compose(mailed(ticket)).from_email == "Help desk <support@example.com>"
    assert "From <b><bdi>support@example.com</bdi></b>" in desk.look(ticket).text
    assert "replied from" in desk.client.get(f"/desk/tickets/{ticket.number}/history/").text


def test_a_reply_comes_from_the_usual_address_where_nothing_was_chosen(
    desk: AtDesk, ticket: Ticket, other: OwnAddress
) -> None:
    desk.reply(ticket, sender="")

    assert composing.compose(mailed(ticket)).from_email == "Help desk <billing@example.com>"
    assert "From <b>" not in desk.look(ticket).text


@pytest.mark.parametrize("plus", [True, False])
def test_an_answer_to_the_chosen_address_lands_in_the_ticket(
    desk: AtDesk, ticket: Ticket, other: OwnAddress, support: Department, plus: bool
) -> None:
    Mailbox.objects.create(name="support", address="support@example.com", department=support, plus_addresses=plus)
    desk.reply(ticket, sender=other.pk)
    message = composing.compose(mailed(ticket)).message()

    to = parseaddr(message["Reply-To"])[1]
    row = receive(BytesIO(sample(to=to, references=message["Message-ID"])), mailbox_name="support")

    assert to.startswith("support+r" if plus else "support@")
    assert (row.state, row.ticket) == (IncomingState.MESSAGE, ticket)
    ticket.refresh_from_db()
    assert ticket.department.name == "Billing"


def test_who_may_not_write_from_an_address_is_refused_and_loses_nothing(
    desk: AtDesk, ticket: Ticket, other: OwnAddress, elsewhere: Department, grace: User
) -> None:
    kernel = make_address("kernel@example.com", department=elsewhere)

    answer = desk.reply(ticket, sender=kernel.pk, body="Kept words")

    assert answer.status_code == 422
    assert "gone, or no longer yours to write from" in answer.text
    assert "Kept words" in answer.text
    assert ticket.entries.count() == 1
    with pytest.raises(SenderNotOffered):
        actions.reply(ticket=ticket, text="x", by=Principal.agent(grace), at=TUESDAY, sender=kernel.pk)


def test_a_stale_choice_is_told_also_where_one_address_is_left(desk: AtDesk, ticket: Ticket, other: OwnAddress) -> None:
    gone = other.pk
    other.delete()

    answer = desk.reply(ticket, sender=gone)

    assert answer.status_code == 422
    assert "gone, or no longer yours to write from" in answer.text


def test_a_note_does_not_care_from_which_address_a_reply_would_come(desk: AtDesk, ticket: Ticket) -> None:
    desk.reply(ticket, "note", kind="note", then="note", sender="999")

    assert ticket.entries.filter(kind="note").exists()


# --- What waits -------------------------------------------------------------------------------------


def later(desk: AtDesk, ticket: Ticket, **data: object) -> HeldReply:
    desk.reply(ticket, later="own", later_at=f"{timezone.now() + 2 * DAY:%Y-%m-%dT%H:%M}", **data)
    held: HeldReply = HeldReply.objects.get()
    return held


def test_a_reply_that_waits_keeps_its_address_and_so_does_who_takes_it_up_again(
    desk: AtDesk, ticket: Ticket, other: OwnAddress
) -> None:
    held = later(desk, ticket, sender=other.pk)

    assert "From: <bdi>support@example.com</bdi>" in desk.look(ticket).text
    press(desk, ticket, held, "undo")
    page = desk.look(ticket, f"?edit={held.pk}")
    assert page.context["form"]["sender"].value() == str(other.pk)

    press(desk, ticket, held, "send")
    assert composing.compose(mailed(ticket)).from_email == "Help desk <support@example.com>"


@pytest.mark.parametrize("how", ["deleted", "no longer there"])
def test_a_reply_whose_address_went_away_waits_and_says_so(
    desk: AtDesk, ticket: Ticket, other: OwnAddress, support: Department, grace: User, how: str
) -> None:
    held = later(desk, ticket, sender=other.pk, body="Kept words")
    if how == "deleted":
        other.delete()
    else:
        DepartmentAccess.objects.filter(agent=grace, department=support).delete()

    come(held)

    held.refresh_from_db()
    assert held.why == Stopped.SENDER
    assert not ticket.entries.filter(kind="reply").exists()
    answer = press(desk, ticket, held, "send")
    assert toasts(answer) == ["You cannot write from this address, or not any more. Choose another one."]
    card = desk.look(ticket).text
    assert "Choose another sender" in card
    assert "Send anyway" not in card
    page = desk.client.get(press(desk, ticket, held, "undo")["Location"]).content.decode()
    assert "Kept words" in page
    assert "goes from the usual one unless you choose another" in page


def test_whatever_kept_it_from_going_it_goes_from_no_address_that_is_gone(
    desk: AtDesk, ticket: Ticket, other: OwnAddress, ada: User
) -> None:
    held = later(desk, ticket, sender=other.pk)
    other.delete()
    # It waits for its time yet.
    waiting = desk.look(ticket).text
    assert (f"/held/{held.pk}/send/" in waiting, "Choose another sender" in waiting) == (False, True)
    write_to(ticket, ada)
    come(held)

    card = desk.look(ticket).text

    assert "A message came in meanwhile" in card
    assert "This address is gone, or no longer yours to write from." in card
    assert ("Send anyway" in card, "Choose another sender" in card) == (False, True)


def test_one_whose_address_is_there_can_be_sent_anyway(
    desk: AtDesk, ticket: Ticket, other: OwnAddress, ada: User
) -> None:
    held = later(desk, ticket, sender=other.pk)
    write_to(ticket, ada)
    come(held)

    card = desk.look(ticket).text

    assert ("Send anyway" in card, "Choose another sender" in card) == (True, False)


def test_an_address_that_became_the_usual_one_is_as_good(
    desk: AtDesk, ticket: Ticket, other: OwnAddress, support: Department, grace: User
) -> None:
    held = later(desk, ticket, sender=other.pk)
    actions.transfer(ticket=ticket, to=support, by=cast.principal(grace), at=timezone.now())

    page = desk.look(ticket, f"?edit={held.pk}")
    assert page.context["form"]["sender"].value() == ""
    assert "goes from the usual one" not in page.text
    assert f"/held/{held.pk}/send/" in desk.look(ticket).text
    come(held)

    assert composing.compose(mailed(ticket)).from_email == "Help desk <support@example.com>"


# --- What is mailed again ---------------------------------------------------------------------------


def resend(desk: AtDesk, ticket: Ticket) -> HttpResponse:
    OutgoingMail.objects.filter(ticket=ticket, template=Template.TICKET_REPLY).update(state=MailState.FAILED)
    part = ticket.participants.get()
    url = f"/desk/tickets/{ticket.number}/entries/2/resend/"
    ticket.refresh_from_db()
    return desk.client.post(url, {"to": [part.address_id], "seen": ticket.last_event_number})


def test_a_reply_is_mailed_again_and_changed_from_the_same_address(
    desk: AtDesk, ticket: Ticket, other: OwnAddress
) -> None:
    desk.reply(ticket, sender=other.pk)

    resend(desk, ticket)

    assert OutgoingMail.objects.filter(ticket=ticket, template=Template.TICKET_REPLY).count() == 2
    assert composing.compose(mailed(ticket)).from_email == "Help desk <support@example.com>"
    assert desk.look(ticket, "?again=2").context["form"]["sender"].value() == str(other.pk)


def test_a_reply_is_not_mailed_again_from_an_address_that_is_not_the_agent_s(
    desk: AtDesk, at_desk: Callable[[User], AtDesk], ticket: Ticket, other: OwnAddress, billing: Department
) -> None:
    desk.reply(ticket, sender=other.pk)
    colleague = at_desk(cast.make_agent("Colleague", billing))

    answer = resend(colleague, ticket)

    assert answer.status_code == 422
    assert "Change and send again" in answer.text
    assert OutgoingMail.objects.filter(ticket=ticket, template=Template.TICKET_REPLY).count() == 1


def test_a_mail_whose_address_is_gone_fails_and_says_so(desk: AtDesk, ticket: Ticket, other: OwnAddress) -> None:
    desk.reply(ticket, sender=other.pk)
    other.delete()

    mail = send(mailed(ticket))

    assert mail.state == MailState.FAILED
    page = desk.look(ticket).text
    assert "the address that was chosen for it is gone" in page
    assert "somebody or something that is gone" in page


def test_choosing_costs_the_page_the_same_however_many_addresses_there_are(
    desk: AtDesk, ticket: Ticket, other: OwnAddress, grace: User
) -> None:
    url = f"/desk/tickets/{ticket.number}/"
    few = queries(desk, url)
    for n in range(5):
        department = Department.objects.create(name=f"Department {n}")
        cast.give_access(grace, department)
        make_address(f"department{n}@example.com", department=department)

    assert queries(desk, url) == few
