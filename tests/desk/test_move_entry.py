"""The dialog that moves a message to another ticket, and what follows for mails that answer it."""

import pytest
from django.urls import reverse

from accounts.models import User
from mail.models import IncomingMail, IncomingState, Mailbox, MailState, OutgoingMail, Reason
from tests import cast
from tests.cast import MONDAY
from tests.desk.conftest import AtDesk, offered, toasts
from tests.mail.samples import SUPPORT, mail
from tests.mail.shown import receive
from tickets import actions
from tickets.models import Department, EntryKind, Participant, Status, ThreadEntry, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(topic, ada: User) -> Ticket:
    return cast.make_ticket(ada, topic, subject="Another matter")


@pytest.fixture
def note(ticket: Ticket, grace: User) -> ThreadEntry:
    return actions.add_note(ticket=ticket, text="Hm.", by=cast.principal(grace), at=MONDAY)


def url(ticket: Ticket, entry: int) -> str:
    return reverse("desk:move-entry", args=[ticket.number, entry])


def send(desk: AtDesk, ticket: Ticket, entry: int, **data: object):
    seen = Ticket.objects.get(pk=ticket.pk).last_event_number
    desk.client.cookies.pop("messages", None)
    return desk.client.post(url(ticket, entry), {"seen": seen} | data)


def test_it_lists_the_authors_other_tickets_and_says_what_follows(desk: AtDesk, ticket: Ticket, other: Ticket) -> None:
    answer = desk.client.get(url(ticket, 1))
    page = answer.content.decode()

    assert offered(answer, "to") == [str(other.pk)]
    assert "does not come to take part by that" in page
    assert "closed as a duplicate" in page
    assert "Let Ada take part in that ticket" in page


def test_a_number_finds_a_ticket(desk: AtDesk, ticket: Ticket, other: Ticket) -> None:
    found = send(desk, ticket, 1, find=f" #{other.number}", refresh="1")
    none = send(desk, ticket, 1, find="000000", refresh="1")

    assert offered(found, "to") == [str(other.pk)]
    assert found.context["dialog"].form.initial["to"] == str(other.pk)
    assert "There is no ticket #000000 that you may see." in none.content.decode()


def test_it_is_moved_and_moved_back(desk: AtDesk, ticket: Ticket, other: Ticket, note: ThreadEntry) -> None:
    answer = send(desk, ticket, 2, to=other.pk)

    assert answer.status_code == 302
    assert toasts(answer) == [f"Moved to #{other.number}"]
    note.refresh_from_db()
    assert note.ticket == other
    here, there = desk.look(ticket).content.decode(), desk.look(other).content.decode()
    assert f"moved entry 2 to ticket <b><bdi>{other.number}</bdi></b>" in here
    assert f"moved this here from ticket <b><bdi>{ticket.number}</bdi></b>" in there
    # Told behind the entry, which stands where it came.
    assert there.index("Hm.") < there.index("moved this here")

    back = desk.undo(answer)
    assert toasts(back) == [f"Moved back to #{ticket.number}"]
    note.refresh_from_db()
    assert (note.ticket, note.number) == (ticket, 3)


def test_the_number_alone_will_do_without_script(desk: AtDesk, ticket: Ticket, other: Ticket, note) -> None:
    assert send(desk, ticket, 2, find=other.number).status_code == 302
    assert other.entries.count() == 2


@pytest.mark.parametrize("to", ["", "0", "x", "9" * 30])
def test_a_ticket_that_is_none_is_refused_with_a_sentence(desk: AtDesk, ticket: Ticket, note, to: str) -> None:
    answer = send(desk, ticket, 2, to=to)

    assert answer.status_code == 422
    assert answer.context["dialog"].form.errors["to"]


def test_nor_is_one_that_the_agent_may_not_see(
    desk: AtDesk, ticket: Ticket, note, ada: User, elsewhere: Department
) -> None:
    theirs = cast.make_ticket(ada, department=elsewhere)

    assert offered(desk.client.get(url(ticket, 1)), "to") == []
    for given in ({"to": theirs.pk}, {"find": theirs.number}):
        assert send(desk, ticket, 2, **given).status_code == 422
    assert theirs.entries.count() == 1


def test_what_cannot_be_moved_says_why(desk: AtDesk, ticket: Ticket, other: Ticket, note, grace: User) -> None:
    answer = send(desk, ticket, 1, to=other.pk)

    assert answer.status_code == 422
    assert "It opened this ticket" in answer.content.decode()
    actions.reply(ticket=ticket, text="For you.", by=cast.principal(grace), at=MONDAY)
    assert desk.client.get(url(ticket, 3)).status_code == 404
    assert desk.client.get(url(ticket, 99)).status_code == 404


def test_only_who_may_is_offered_it(desk: AtDesk, at_desk, ticket: Ticket, note, billing: Department) -> None:
    page = desk.look(ticket).content.decode()
    assert url(ticket, 1) in page
    # One key for all: the newest has it.
    assert page.count('data-key="v"') == 1

    vera = at_desk(cast.make_agent("Vera", billing, role=cast.VIEW_ONLY))
    assert url(ticket, 1) not in vera.look(ticket).content.decode()


def test_the_sender_is_let_take_part(desk: AtDesk, ticket: Ticket, topic) -> None:
    theirs = cast.make_ticket(cast.make_person("bob@example.org", "Bob"), topic)

    send(desk, ticket, 1, to=theirs.pk, lets_take_part="on")

    assert Participant.objects.filter(ticket=theirs, user=ticket.requester).exists()
    assert Ticket.objects.get(pk=ticket.pk).status == Status.CLOSED
    # Nothing is left in it but what happened.
    assert f"moved entry 1 to ticket <b><bdi>{theirs.number}</bdi></b>" in desk.look(ticket).content.decode()


# --- Mails ----------------------------------------------------------------------------------------------


@pytest.fixture
def mailbox(billing: Department) -> Mailbox:
    return Mailbox.objects.create(name="support", address=SUPPORT, department=billing, is_default=True)


def test_answers_to_a_moved_mail_find_the_ticket_where_it_is_now(desk: AtDesk, mailbox: Mailbox, grace: User) -> None:
    right = receive(mail())
    wrong = receive(mail("It is about the same.", message_id="<second@example.org>"))
    assert wrong.ticket != right.ticket

    send(desk, wrong.ticket, 1, to=right.ticket.pk)
    answer = receive(mail("And more.", message_id="<third@example.org>", in_reply_to="<second@example.org>"))

    moved = IncomingMail.objects.get(pk=wrong.pk)
    assert (moved.ticket, moved.entry.number) == (right.ticket, 2)
    assert (answer.ticket, answer.state, answer.reason) == (
        right.ticket,
        IncomingState.MESSAGE,
        Reason.REFERENCES,
    )


def test_what_waits_to_be_mailed_about_it_is_not_sent(
    desk: AtDesk, ticket: Ticket, other: Ticket, ada: User, settings
) -> None:
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    actions.claim(ticket=ticket, by=cast.principal(desk.agent), at=MONDAY)
    entry = actions.add_message(
        ticket=ticket, address=cast.address_for(ada), text="Wrong.", source="mail", by=cast.principal(ada), at=MONDAY
    )
    waiting = OutgoingMail.objects.filter(entry=entry)
    assert [one.state for one in waiting] == [MailState.QUEUED]

    send(desk, ticket, entry.number, to=other.pk)

    assert [one.state for one in waiting.all()] == [MailState.CANCELLED]
    assert ThreadEntry.objects.get(pk=entry.pk, kind=EntryKind.MESSAGE).ticket == other
