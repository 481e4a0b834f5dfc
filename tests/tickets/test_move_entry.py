"""Moving a message or a note to another ticket."""

import pytest

from accounts.models import User
from accounts.principal import Principal
from core.files import store
from core.models import NewFile
from sla.models import Target
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY
from tickets import actions
from tickets.errors import ChangedMeanwhile, NotAllowed, NotOffered
from tickets.models import Awaiting, CloseReason, Kind, Status, ThreadEntry, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(grace: User) -> Principal:
    return Principal.agent(grace)


@pytest.fixture
def other(topic) -> Ticket:
    return cast.make_ticket(cast.make_person("bob@example.org", "Bob"), topic, subject="Another matter")


def write(ticket: Ticket, person: User, text: str = "Wrong place.", **given: object) -> ThreadEntry:
    wanted = {
        "source": "mail",
        "by": Principal.requester(person),
        "at": MONDAY + HOUR,
        "address": cast.address_for(person),
    }
    return actions.add_message(ticket=ticket, text=text, **(wanted | given))


def move(entry: ThreadEntry, to: Ticket, by: Principal, **given: object) -> ThreadEntry:
    return actions.move_entry(entry=entry, ticket=entry.ticket, to=to, by=by, **({"at": TUESDAY} | given))


def test_it_goes_to_the_end_with_its_files_and_keeps_where_it_was_written(ticket, other, ada, boss) -> None:
    entry = write(ticket, ada, files=[NewFile(store([b"x"]), "x.txt", "text/plain")])

    moved = move(entry, other, boss)

    assert (moved.pk, moved.ticket, moved.number, moved.origin_ticket) == (entry.pk, other, 2, ticket)
    assert [file.name for file in moved.attachments.all()] == ["x.txt"]
    assert list(ticket.entries.values_list("number", flat=True)) == [1]
    assert [entry.number for entry in other.entries.in_order()] == [1, 2]


def test_both_histories_tell_of_it_as_one_deed(ticket, other, ada, boss) -> None:
    move(write(ticket, ada), other, boss)

    away, here = ticket.events.get(kind=Kind.ENTRY_MOVED_AWAY), other.events.get(kind=Kind.ENTRY_MOVED_HERE)
    assert (away.data, here.data) == ({"number": 2, "to": other.pk}, {"number": 2, "from": ticket.pk})
    assert away.deed == here.deed


def test_the_number_it_had_is_not_given_again(ticket, other, ada, boss) -> None:
    move(write(ticket, ada), other, boss)

    assert write(ticket, ada).number == 3


def test_moved_back_it_comes_last(ticket, other, ada, boss) -> None:
    moved = move(write(ticket, ada), other, boss)

    assert move(moved, ticket, boss).number == 3
    assert other.entries.count() == 1


def test_its_author_takes_no_part_there_unless_that_is_wanted(ticket, other, ada, boss) -> None:
    move(write(ticket, ada), other, boss)
    assert not other.participants.filter(user=ada).exists()

    move(write(ticket, ada), other, boss, lets_take_part=True)
    assert other.participants.get(user=ada).address == cast.address_for(ada)
    # Wanted again, it is so already.
    move(write(ticket, ada), other, boss, lets_take_part=True)


def test_the_other_ticket_waits_for_an_answer_and_this_one_no_more(ticket, other, ada, boss, plan) -> None:
    for each in (ticket, other):
        actions.reply(ticket=each, text="Which invoice?", by=boss, at=MONDAY)
    plan.targets.create(target=Target.NEXT_RESPONSE, within=HOUR)
    entry = write(ticket, ada)
    assert ticket.clocks.running().filter(target=Target.NEXT_RESPONSE).exists()

    move(entry, other, boss)

    here, there = Ticket.objects.get(pk=ticket.pk), Ticket.objects.get(pk=other.pk)
    assert (here.awaiting, there.awaiting) == (Awaiting.REQUESTER, Awaiting.AGENT)
    assert not here.clocks.running().filter(target=Target.NEXT_RESPONSE).exists()
    assert there.clocks.running().filter(target=Target.NEXT_RESPONSE).exists()


def test_a_message_brings_back_what_was_done(ticket, other, ada, boss) -> None:
    actions.close_unresolved(ticket=other, reason=CloseReason.SPAM, by=boss, at=MONDAY)

    move(write(ticket, ada), other, boss)

    assert Ticket.objects.get(pk=other.pk).status == Status.REOPENED


def test_a_note_changes_nobodys_turn(ticket, other, boss) -> None:
    actions.reply(ticket=other, text="Which?", by=boss, at=MONDAY)
    actions.close_unresolved(ticket=other, reason=CloseReason.SPAM, by=boss, at=MONDAY)
    note = actions.add_note(ticket=ticket, text="Hm.", by=boss, at=MONDAY)

    move(note, other, boss)

    there = Ticket.objects.get(pk=other.pk)
    assert (there.status, there.awaiting) == (Status.CLOSED, Awaiting.REQUESTER)


def test_a_wrong_new_ticket_is_closed_as_a_duplicate(ticket, other, boss) -> None:
    move(ticket.entries.get(), other, boss)

    here = Ticket.objects.get(pk=ticket.pk)
    assert (here.status, here.close_reason, here.entries.count()) == (Status.CLOSED, CloseReason.DUPLICATE, 0)
    assert not here.clocks.running().exists()
    assert len({event.deed for event in here.events.filter(at=TUESDAY)}) == 1


def test_moved_back_it_is_open_again(ticket, other, boss) -> None:
    moved = move(ticket.entries.get(), other, boss)

    move(moved, ticket, boss)

    assert Ticket.objects.get(pk=ticket.pk).status == Status.REOPENED


def test_what_opened_a_ticket_goes_last(ticket, other, ada, boss) -> None:
    write(ticket, ada)

    with pytest.raises(NotOffered, match="It opened this ticket"):
        move(ticket.entries.get(number=1), other, boss)


def test_a_reply_stays(ticket, other, boss) -> None:
    with pytest.raises(NotOffered, match="was mailed"):
        move(actions.reply(ticket=ticket, text="For you.", by=boss, at=MONDAY), other, boss)


def test_nowhere_else_is_refused(ticket, other, ada, boss) -> None:
    entry = write(ticket, ada)
    with pytest.raises(NotOffered, match="already"):
        move(entry, ticket, boss)
    actions.move_entry(entry=entry, ticket=ticket, to=other, by=boss, at=TUESDAY)
    with pytest.raises(NotOffered, match="any more"):
        actions.move_entry(entry=entry, ticket=ticket, to=other, by=boss, at=TUESDAY)


def test_it_needs_the_right_in_both_departments(ticket, other, ada, boss, ken, support) -> None:
    entry = write(ticket, ada)
    theirs = cast.make_ticket(ada, department=support)
    cast.give_access(ken, ticket.department, cast.VIEW_ONLY)
    cast.give_access(boss.user, support, cast.VIEW_ONLY)

    for by, to in [(boss, theirs), (Principal.agent(ken), theirs)]:
        with pytest.raises(NotAllowed, match="Your role in this department"):
            move(entry, to, by)
    assert ThreadEntry.objects.get(pk=entry.pk).ticket == ticket


def test_who_did_not_see_what_happened_is_asked_again(ticket, other, ada, boss, ken, billing) -> None:
    entry = write(ticket, ada)
    seen = Ticket.objects.get(pk=ticket.pk).last_event_number
    cast.give_access(ken, billing)
    actions.add_note(ticket=ticket, text="I do it.", by=Principal.agent(ken), at=MONDAY)

    with pytest.raises(ChangedMeanwhile):
        move(entry, other, boss, seen=seen)
