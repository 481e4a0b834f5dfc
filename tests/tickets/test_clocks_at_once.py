"""Workers, agents and administrators at the same clock at once, in real transactions: every effect happens once."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from sla import reckoning
from sla.models import Reckoning, Scope, SLAPlan
from tests import cast
from tests.cast import HOUR, MINUTE, MONDAY
from tests.tickets.test_concurrency import at_once
from tickets import actions
from tickets.models import Escalation, EscalationStep, Kind, SetAside, Ticket, TicketClock

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 3
DEADLINE = MONDAY + HOUR
LATE = DEADLINE + MINUTE


@pytest.fixture
def by(grace):
    return cast.principal(grace)


@pytest.fixture
def step(plan):
    return EscalationStep.objects.create(plan=plan, does="raise", target="first_response")


def claimed(row) -> UUID:
    claim = uuid4()
    type(row).objects.filter(pk=row.pk).update(claim=claim)
    return claim


def clock_of(ticket: Ticket) -> TicketClock:
    return ticket.clocks.get(target="first_response")


def asked(scope: Scope, number: int, at: datetime) -> Reckoning:
    reckoning.ask(scope, number, at=at)
    row = Reckoning.objects.get(scope=scope, number=number)
    row.claim = claimed(row)
    return row


def reckon(row: Reckoning, at: datetime) -> None:
    while not actions.reckon_step(row, claim=row.claim, at=at):
        pass


def promise(plan: SLAPlan, within: timedelta) -> None:
    plan.targets.filter(target="first_response").update(within=within)


def check_events(ticket: Ticket) -> None:
    """Whoever came second counted on from the first."""
    events = list(ticket.events.order_by("number"))
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert Ticket.objects.get(pk=ticket.pk).last_event_number == len(events)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_a_breach_and_the_reply_at_once_are_one_breach_and_one_late_answer(turn, ticket, by, step):
    clock = clock_of(ticket)
    claim = claimed(clock)

    at_once(
        lambda: actions.sweep_clocks([clock.pk], claim=claim, at=LATE),
        lambda: actions.reply(ticket=ticket, text="Hello.", by=by, at=LATE),
        lambda: actions.sweep_clocks([clock.pk], claim=claim, at=LATE),
    )

    clock = clock_of(ticket)
    assert (clock.outcome, clock.breached_at, clock.due_at, clock.claim) == ("met", DEADLINE, None, None)
    assert ticket.events.filter(kind=Kind.CLOCK_BREACHED).count() <= 1
    # The promise is kept, though late: nothing is escalated any more.
    assert not Escalation.objects.exists()
    check_events(ticket)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_a_step_and_the_reply_at_once_come_one_after_the_other(turn, ticket, by, step):
    cast.run_clock(ticket, at=LATE)
    escalation = Escalation.objects.get()
    claim = claimed(escalation)

    at_once(
        lambda: actions.escalate(escalation=escalation, claim=claim, at=LATE),
        lambda: actions.reply(ticket=ticket, text="Hello.", by=by, at=LATE),
        lambda: actions.escalate(escalation=escalation, claim=claim, at=LATE),
    )

    done = ticket.events.filter(kind=Kind.ESCALATED).count()
    assert done == ticket.events.filter(kind=Kind.PRIORITY_CHANGED).count() <= 1
    assert not Escalation.objects.exists()
    check_events(ticket)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_deeds_while_clocks_are_reckoned_anew_end_as_if_one_had_come_after_the_other(turn, ticket, plan, by):
    promise(plan, 3 * HOUR)
    row = asked(Scope.PLAN, plan.pk, MONDAY + MINUTE)
    at = MONDAY + 2 * MINUTE

    at_once(
        lambda: reckon(row, at),
        lambda: actions.change_priority(ticket=ticket, to=cast.priority("High"), by=by, at=at),
        lambda: actions.await_third_party(ticket=ticket, by=by, at=at),
        lambda: reckon(row, at),
    )

    clock = clock_of(ticket)
    assert (clock.deadline_at, clock.within, clock.due_at) == (MONDAY + 3 * HOUR, 3 * HOUR, clock.warn_at)
    told = [one for event in ticket.events.all() for one in event.data.get("clocks", ()) if one["did"] == "changed"]
    assert len(told) == 1
    assert Ticket.objects.get(pk=ticket.pk).next_due_at == MONDAY + 3 * HOUR
    check_events(ticket)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_a_sweep_while_clocks_are_reckoned_anew_breaks_what_is_broken_then(turn, ticket, plan, step):
    """A deadline that has passed when it is its turn stays; whoever comes first, it is broken once."""
    clock = clock_of(ticket)
    claim = claimed(clock)
    promise(plan, 3 * HOUR)
    row = asked(Scope.PLAN, plan.pk, LATE)

    at_once(
        lambda: reckon(row, LATE),
        lambda: actions.sweep_clocks([clock.pk], claim=claim, at=LATE),
    )

    assert clock_of(ticket).breached_at == DEADLINE
    assert ticket.events.filter(kind=Kind.CLOCK_BREACHED).count() == Escalation.objects.count() == 1
    assert not SetAside.objects.exists()
    check_events(ticket)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_two_things_that_change_at_once_wait_for_each_other_in_order(turn, ada, topic, plan):
    tickets = [cast.make_ticket(ada, topic) for _n in range(12)]
    office = cast.make_hours("Office", "00:00", "24:00", is_default=True)
    promise(plan, 3 * HOUR)
    rows = [asked(Scope.PLAN, plan.pk, MONDAY), asked(Scope.SITE, 0, MONDAY), asked(Scope.HOURS, office.pk, MONDAY)]

    at_once(*(lambda row=row: reckon(row, MONDAY + MINUTE) for row in rows))

    assert {clock_of(ticket).deadline_at for ticket in tickets} == {MONDAY + 3 * HOUR}
    assert {clock_of(ticket).hours for ticket in tickets} == {office}
    assert Reckoning.objects.exclude(finished_at=None).count() == 3
    for ticket in tickets:
        check_events(ticket)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_saved_again_while_a_worker_is_at_it_the_last_promise_holds(turn, ada, topic, plan):
    tickets = [cast.make_ticket(ada, topic) for _n in range(12)]
    promise(plan, 3 * HOUR)
    row = asked(Scope.PLAN, plan.pk, MONDAY)

    @transaction.atomic
    def save() -> None:
        promise(plan, 5 * HOUR)
        reckoning.ask(Scope.PLAN, plan.pk, at=MONDAY + MINUTE)

    at_once(lambda: reckon(row, MONDAY + MINUTE), save)

    again = Reckoning.objects.get()
    assert (again.finished_at, again.claim, again.due_at) == (None, None, MONDAY + MINUTE + reckoning.SETTLES)
    again.claim = claimed(again)
    reckon(again, MONDAY + 2 * MINUTE)
    assert {clock_of(ticket).deadline_at for ticket in tickets} == {MONDAY + 5 * HOUR}
