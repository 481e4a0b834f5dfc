"""The rows behind the promises: started, warned of, stopped, each with its spans."""

import pytest

from accounts.principal import Principal
from sla.models import Target
from tests.cast import HOUR, MINUTE, MONDAY, TUESDAY
from tickets import actions, clocks
from tickets.models import FAR_FUTURE, Ticket
from tickets.models.clock import Outcome


@pytest.fixture
def boss(grace):
    return Principal.agent(grace)


def clock_of(ticket, target="first_response"):
    return ticket.clocks.get(target=target)


def test_a_clock_is_looked_at_first_when_three_quarters_are_gone(ticket):
    clock = clock_of(ticket)

    assert (clock.started_at, clock.within, clock.deadline_at) == (MONDAY, HOUR, MONDAY + HOUR)
    assert clock.warn_at == clock.due_at == clock.next_due() == MONDAY + 45 * MINUTE


def test_it_says_how_much_is_left(ticket):
    clock = clock_of(ticket)

    assert clock.time_left(MONDAY + 20 * MINUTE) == 40 * MINUTE
    assert clock.time_left(MONDAY + 2 * HOUR) == -HOUR
    assert clock.took() is None


def test_a_stopped_one_says_how_long_it_took_and_what_was_left(ticket, boss):
    actions.reply(ticket=ticket, text="Hello.", by=boss, at=MONDAY + 20 * MINUTE)

    clock = clock_of(ticket)
    assert not clock.is_running
    assert clock.took() == 20 * MINUTE
    assert clock.time_left(TUESDAY) == 40 * MINUTE
    assert clock.next_due() is None


def test_every_clock_has_its_span_from_cause_to_end(ticket, boss):
    actions.reply(ticket=ticket, text="Hello.", by=boss, at=MONDAY + 20 * MINUTE)

    span = clock_of(ticket).spans.get()
    assert (span.started_at, span.ended_at, span.cause) == (MONDAY, MONDAY + 20 * MINUTE, "opened")
    assert clock_of(ticket, "resolution").spans.get().ended_at is None


@pytest.mark.parametrize(
    ("late", "breached"), [(-MINUTE, None), (0 * MINUTE, None), (MINUTE, MONDAY + HOUR)], ids=["early", "just", "late"]
)
def test_met_late_is_still_a_breach_even_if_nobody_looked(late, breached, ticket, boss):
    actions.reply(ticket=ticket, text="Hello.", by=boss, at=MONDAY + HOUR + late)

    clock = clock_of(ticket)
    assert (clock.outcome, clock.breached_at) == (Outcome.MET, breached)


def test_a_cancelled_one_breaks_no_promise(ticket, boss):
    actions.close_unresolved(ticket=ticket, reason="spam", by=boss, at=MONDAY + HOUR)

    assert {(c.outcome, c.breached_at) for c in ticket.clocks.all()} == {(Outcome.CANCELLED, None)}


def test_what_was_broken_before_it_was_cancelled_stays_broken_even_if_nobody_looked(ticket, boss):
    actions.close_unresolved(ticket=ticket, reason="obsolete", by=boss, at=TUESDAY)

    assert {(c.outcome, c.breached_at == c.deadline_at) for c in ticket.clocks.all()} == {(Outcome.CANCELLED, True)}


def test_one_promise_runs_once(ticket):
    clocks.start(ticket, [Target.FIRST_RESPONSE], since=TUESDAY, cause="opened")

    assert ticket.clock_changes == []
    assert ticket.clocks.filter(target=Target.FIRST_RESPONSE).count() == 1


def test_what_the_plan_does_not_promise_does_not_start(ticket):
    clocks.start(ticket, [Target.NEXT_RESPONSE], since=TUESDAY, cause="opened")

    assert ticket.clock_changes == []
    assert not ticket.clocks.filter(target=Target.NEXT_RESPONSE).exists()


def test_the_ticket_is_due_when_the_nearest_of_its_promises_is(ticket, boss):
    seen = [ticket.next_due_at]
    actions.reply(ticket=ticket, text="Hello.", by=boss, at=MONDAY)
    seen.append(Ticket.objects.get(pk=ticket.pk).next_due_at)
    actions.resolve(ticket=ticket, by=boss, at=MONDAY)
    seen.append(Ticket.objects.get(pk=ticket.pk).next_due_at)

    assert seen == [MONDAY + HOUR, MONDAY + 4 * HOUR, FAR_FUTURE]


def test_overdue_is_asked_of_one_moment(ticket):
    just_before, at = MONDAY + HOUR - MINUTE, MONDAY + HOUR

    assert not Ticket.objects.overdue(just_before).exists()
    assert list(Ticket.objects.overdue(at)) == [ticket]
