"""Two at once, in real transactions: whoever comes second waits, and is told or gets the first one's answer."""

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.db import connections, transaction

from accounts.people import address_of
from accounts.principal import Principal
from core.models import Numbering, SiteSettings
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY, address_for
from tickets import actions
from tickets.actions.locking import lock_addresses
from tickets.errors import ChangedMeanwhile, DeedRefused, NotAllowed
from tickets.models import Department, Kind, Status, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 3


def at_once(*works: Callable[[], object]) -> list[object]:
    """Do all at the same moment, each in a thread with a connection of its own; return answers or exceptions."""
    line = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        try:
            line.wait(timeout=10)
            return work()
        except DeedRefused as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def twice(work: Callable[[], object]) -> list[object]:
    return at_once(work, work)


@pytest.fixture
def boss(grace):
    return Principal.agent(grace)


@pytest.fixture
def asta(billing):
    return Principal.agent(cast.make_agent("Asta", billing))


def numbers_of(ticket) -> list[int]:
    return list(ticket.events.order_by("number").values_list("number", flat=True))


# --- The same form twice at once ------------------------------------------------------------------------


@pytest.mark.parametrize("key", range(ROUNDS))
def test_the_same_new_ticket_twice_at_once_is_one(key, ada, topic):
    first, second = twice(lambda: cast.make_ticket(ada, topic, request_key=f"form {key}"))

    assert first == second
    assert first.number == second.number
    assert Ticket.objects.count() == first.entries.count() == first.events.count() == 1
    assert first.clocks.count() == 2


@pytest.mark.parametrize("key", range(ROUNDS))
def test_the_same_message_twice_at_once_is_one(key, ticket, ada, boss):
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)

    first, second = twice(
        lambda: actions.add_message(
            ticket=ticket,
            address=address_for(ada),
            text="No.",
            source="web",
            by=Principal.link(ada, ticket.pk),
            at=TUESDAY,
            request_key=f"form {key}",
        )
    )

    ticket = Ticket.objects.get(pk=ticket.pk)
    assert first == second
    assert (ticket.reopened_count, ticket.entry_count, ticket.status) == (1, 3, Status.REOPENED)
    assert numbers_of(ticket) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("key", range(ROUNDS))
def test_the_same_late_message_twice_at_once_opens_one_ticket(key, ticket, ada, boss):
    actions.close_unresolved(ticket=ticket, reason="other", by=boss, at=MONDAY)

    first, second = twice(
        lambda: actions.add_message(
            ticket=ticket,
            address=address_for(ada),
            text="Again.",
            source="web",
            by=Principal.link(ada, ticket.pk),
            at=MONDAY + 90 * cast.DAY,
            request_key=f"form {key}",
        )
    )

    assert first == second
    assert first.ticket == ticket.follow_ups.get()


@pytest.mark.parametrize("deed", ["reply", "reply_and_resolve", "add_note"])
def test_the_same_answer_twice_at_once_is_one(deed, ticket, boss):
    first, second = twice(
        lambda: getattr(actions, deed)(ticket=ticket, text="So.", by=boss, at=MONDAY, request_key="form")
    )

    assert first == second
    assert ticket.entries.filter(text="So.").count() == 1


def test_the_same_new_address_twice_at_once_is_one_person(db):
    first, second = twice(lambda: address_of("New@Example.org", name="New"))

    assert first == second
    assert first.user == second.user


# --- Two people at once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_two_who_claim_at_once_one_has_it_and_the_other_is_told(turn, ticket, boss, asta):
    answers = at_once(
        lambda: actions.claim(ticket=ticket, by=boss, at=MONDAY),
        lambda: actions.claim(ticket=ticket, by=asta, at=MONDAY),
    )

    holder = Ticket.objects.get(pk=ticket.pk).assignee
    refusals = [answer for answer in answers if isinstance(answer, NotAllowed)]
    assert len(refusals) == 1
    assert f"{holder} has this ticket" in str(refusals[0])
    assert ticket.events.get(kind=Kind.CLAIMED).by == holder


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_a_reply_and_a_message_at_once_one_of_them_learns_of_the_other(turn, ticket, ada, boss):
    answers = at_once(
        lambda: actions.reply(ticket=ticket, text="Which one?", by=boss, at=MONDAY, seen=1),
        lambda: actions.add_message(
            ticket=ticket,
            address=address_for(ada),
            text="By the way.",
            source="web",
            by=Principal.link(ada, ticket.pk),
            at=MONDAY,
            seen=1,
        ),
    )

    assert sum(isinstance(answer, ChangedMeanwhile) for answer in answers) == 1
    assert Ticket.objects.get(pk=ticket.pk).entry_count == ticket.entries.count() == 2


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_who_waited_for_a_transfer_acts_on_the_ticket_as_it_is_then(turn, ticket, boss, support):
    """PostgreSQL hands over the locked row anew, but rows joined to it as they were before the wait."""
    cast.give_access(boss.user, support)
    Department.objects.filter(pk=support.pk).update(close_after=HOUR)

    answers = at_once(
        lambda: actions.transfer(ticket=ticket, to=support, by=boss, at=MONDAY),
        lambda: actions.resolve(ticket=ticket, by=boss, at=MONDAY, resolution="So."),
        lambda: actions.change_priority(ticket=ticket, to=cast.priority("Low"), by=boss, at=MONDAY),
        lambda: actions.change_priority(ticket=ticket, to=cast.priority("Emergency"), by=boss, at=MONDAY),
    )

    assert all(isinstance(answer, Ticket | DeedRefused) for answer in answers)
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert ticket.status == Status.RESOLVED
    assert ticket.closes_at == MONDAY + (HOUR if ticket.department == support else 3 * cast.DAY)
    changes = list(ticket.events.filter(kind=Kind.PRIORITY_CHANGED).order_by("number"))
    for before, after in pairwise(changes):
        assert after.data["from"] == before.data["to"]


def test_confirming_and_objecting_at_once_end_in_one_state(ticket, ada, boss):
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)
    by = Principal.link(ada, ticket.pk)

    answers = at_once(
        lambda: actions.close(ticket=ticket, by=by, at=TUESDAY),
        lambda: actions.reopen(ticket=ticket, by=by, at=TUESDAY),
    )

    # Objecting comes last, or the confirmation is refused: either way the objection stands.
    assert Ticket.objects.get(pk=ticket.pk).status == Status.REOPENED
    assert not isinstance(answers[1], DeedRefused)


def test_many_notes_at_once_are_numbered_without_gap_or_double(ticket, boss):
    at_once(*[lambda i=i: actions.add_note(ticket=ticket, text=f"Note {i}", by=boss, at=MONDAY) for i in range(8)])

    ticket = Ticket.objects.get(pk=ticket.pk)
    assert list(ticket.entries.order_by("number").values_list("number", flat=True)) == list(range(1, 10))
    assert numbers_of(ticket) == list(range(1, 10))
    assert (ticket.entry_count, ticket.last_event_number) == (9, 9)


# --- Numbers -------------------------------------------------------------------------------------------------


def test_two_who_draw_the_same_number_at_once_get_two(ada, ken, topic, monkeypatch):
    """Both throw the dice before either has saved; the unique constraint has the last word."""
    drawn = threading.Barrier(2)
    throws = threading.local()

    def throw(below: int) -> int:
        throws.count = getattr(throws, "count", 0) + 1
        if throws.count > 1:
            return threading.get_ident() % below
        drawn.wait(timeout=10)
        return 1

    monkeypatch.setattr(secrets, "randbelow", throw)

    first, second = at_once(lambda: cast.make_ticket(ada, topic), lambda: cast.make_ticket(ken, topic))

    assert first.number != second.number
    assert "100001" in {first.number, second.number}
    assert Ticket.objects.count() == 2


def test_a_sequence_gives_nobody_the_same(ada, topic):
    SiteSettings.objects.update(numbering=Numbering.SEQUENCE, next_number=1)

    tickets = at_once(*[lambda: cast.make_ticket(ada, topic) for _ in range(6)])

    assert len({ticket.number for ticket in tickets}) == 6


def test_two_mails_do_not_wait_for_each_other_s_number_and_address(ada, ken, topic):
    """Both open their ticket within a transaction of their own; one has more addresses to lock before."""
    SiteSettings.objects.update(numbering=Numbering.SEQUENCE)
    has_locked = threading.Event()
    about = {"topic": topic, "text": "Hello.", "source": "mail", "by": Principal.system("mail:1"), "at": MONDAY}

    def with_a_copy():
        with transaction.atomic():
            lock_addresses([address_for(ada), address_for(ken)])
            has_locked.set()
            # Time enough for the other to come as far as it can.
            time.sleep(0.3)
            return actions.open_received(
                address=address_for(ada), subject="First", collaborators=[address_for(ken)], **about
            ).subject

    def alone():
        has_locked.wait(timeout=10)
        return actions.open_received(address=address_for(ada), subject="Second", **about).subject

    assert at_once(with_a_copy, alone) == ["First", "Second"]
    assert Ticket.objects.count() == 2
