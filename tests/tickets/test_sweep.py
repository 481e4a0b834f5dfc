"""What time does to a ticket: warnings, broken promises, closing by silence. Each needs the claim it was given."""

from uuid import uuid4

import pytest

from accounts.principal import Principal
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, MONDAY, TUESDAY, address_for
from tickets import actions
from tickets.models import CloseReason, Kind, Status, Ticket, TicketTimer

WARN = MONDAY + 45 * MINUTE
DEADLINE = MONDAY + HOUR
OFFICE_OPENS = MONDAY.replace(hour=9, minute=0)


@pytest.fixture
def boss(grace):
    return Principal.agent(grace)


def claimed(row):
    """Hand the row out as the relay does, with a fresh claim."""
    claim = uuid4()
    type(row).objects.filter(pk=row.pk).update(claim=claim)
    row.refresh_from_db()
    return claim


@pytest.fixture
def clock(ticket):
    return ticket.clocks.get(target="first_response")


def sweep(clock, at, claim=None):
    actions.breach_or_warn(clock=clock, claim=claim or claimed(clock), at=at)
    clock.refresh_from_db()


def test_near_the_deadline_it_warns_and_waits_for_it(ticket, clock):
    sweep(clock, WARN)

    event = ticket.events.get(kind=Kind.CLOCK_WARNED)
    assert (clock.warned_at, clock.due_at, clock.claim) == (WARN, DEADLINE, None)
    assert (event.by, event.face, event.cause, event.at) == (None, "system", f"clock:{clock.pk}", WARN)
    assert event.data == {"clock": clock.pk, "target": "first_response", "deadline": DEADLINE.isoformat(), "share": 75}


def test_past_it_the_promise_is_broken_and_nothing_more_is_due(ticket, clock):
    sweep(clock, WARN)
    sweep(clock, DEADLINE + MINUTE)

    assert (clock.breached_at, clock.due_at, clock.claim) == (DEADLINE, None, None)
    assert clock.is_running
    assert [e.kind for e in ticket.events.order_by("number")][1:] == [Kind.CLOCK_WARNED, Kind.CLOCK_BREACHED]


def test_looked_at_too_late_it_does_not_warn_any_more(ticket, clock):
    sweep(clock, DEADLINE + DAY)

    assert (clock.warned_at, clock.breached_at) == (DEADLINE + DAY, DEADLINE)
    assert [e.kind for e in ticket.events.order_by("number")][1:] == [Kind.CLOCK_BREACHED]


def test_looked_at_too_early_it_waits(ticket, clock):
    sweep(clock, MONDAY + MINUTE)

    assert (clock.due_at, clock.claim, clock.warned_at) == (WARN, None, None)
    assert ticket.events.count() == 1


@pytest.mark.parametrize("at", [WARN, DEADLINE])
def test_without_the_claim_nothing_happens(at, ticket, clock):
    claimed(clock)

    sweep(clock, at, claim=uuid4())

    assert (clock.warned_at, clock.breached_at) == (None, None)
    assert ticket.events.count() == 1


def test_a_claim_works_once(ticket, clock):
    claim = claimed(clock)

    for _ in range(2):
        sweep(clock, DEADLINE, claim=claim)

    assert ticket.events.filter(kind=Kind.CLOCK_BREACHED).count() == 1


def test_a_clock_that_stopped_meanwhile_is_left_alone(ticket, clock, boss):
    claim = claimed(clock)
    actions.reply(ticket=ticket, text="Hello.", by=boss, at=MONDAY)

    sweep(clock, DEADLINE, claim=claim)

    assert clock.breached_at is None
    assert not ticket.events.filter(kind=Kind.CLOCK_BREACHED).exists()


# --- Several warnings ------------------------------------------------------------------------------


@pytest.fixture
def strict(ada, billing):
    """Return the clock of a plan that warns three times, in an office that is open from 9 to 17."""
    billing.hours = cast.make_hours("Office")
    billing.save()
    plan = cast.make_plan("Strict", first_response=10 * HOUR)
    plan.warnings = [50, 75, 90]
    plan.save()
    ticket = cast.make_ticket(ada, cast.make_topic("Strict", department=billing, sla_plan=plan), at=OFFICE_OPENS)
    return ticket.clocks.get()


def warnings(clock):
    return [(e.data["share"], e.at) for e in clock.ticket.events.filter(kind=Kind.CLOCK_WARNED).order_by("number")]


def test_it_warns_at_every_share_of_its_working_time(strict):
    at_half, at_three_quarters, at_the_tenth = (OFFICE_OPENS + hours * HOUR for hours in (5, 7.5, 25))

    assert strict.due_at == at_half
    sweep(strict, at_half)
    assert (strict.warned_share, strict.due_at) == (50, at_three_quarters)
    sweep(strict, at_three_quarters)
    assert (strict.warned_share, strict.due_at) == (75, at_the_tenth)
    sweep(strict, at_the_tenth)

    assert (strict.warned_share, strict.due_at, strict.deadline_at) == (90, OFFICE_OPENS + 26 * HOUR, strict.warn_at)
    assert warnings(strict) == [(50, at_half), (75, at_three_quarters), (90, at_the_tenth)]


def test_seen_late_it_warns_once_of_the_greatest_share(strict):
    late = OFFICE_OPENS + 8 * HOUR

    sweep(strict, late)

    assert warnings(strict) == [(75, late)]
    assert strict.due_at == OFFICE_OPENS + 25 * HOUR


def test_a_warning_that_the_plan_does_not_give_any_more_is_left_out(strict):
    strict.plan.warnings = []
    strict.plan.save()

    sweep(strict, OFFICE_OPENS + 5 * HOUR)

    assert warnings(strict) == []
    assert (strict.due_at, strict.warned_at) == (strict.deadline_at, None)


def test_of_a_share_that_is_not_used_up_yet_it_warns_then(strict):
    """The plan was saved a moment ago, and the clock is not reckoned by it yet."""
    strict.plan.warnings = [90]
    strict.plan.save()

    sweep(strict, OFFICE_OPENS + 5 * HOUR)

    assert warnings(strict) == []
    assert (strict.due_at, strict.warned_share) == (OFFICE_OPENS + 25 * HOUR, 0)


def test_with_more_time_it_warns_again_of_what_is_not_used_up_any_more(strict, boss):
    sweep(strict, OFFICE_OPENS + 7.5 * HOUR)
    relaxed = cast.make_plan("Relaxed", first_response=13 * HOUR)
    relaxed.warnings = [50, 75, 90]
    relaxed.save()

    actions.change_plan(ticket=strict.ticket, to=relaxed, by=boss, at=OFFICE_OPENS + 7.5 * HOUR)

    strict.refresh_from_db()
    assert (strict.warned_share, strict.due_at) == (50, OFFICE_OPENS + (24 + 1.75) * HOUR)


# --- Closing by silence ----------------------------------------------------------------------------


@pytest.fixture
def timer(ticket, boss):
    actions.reply_and_resolve(ticket=ticket, text="Done.", by=boss, at=MONDAY)
    return ticket.timers.get()


def silence(timer, at, claim=None):
    actions.let_time_act(timer=timer, claim=claim or claimed(timer), at=at)
    return Ticket.objects.get(pk=timer.ticket_id)


def test_after_the_time_it_closes_by_itself(ticket, timer):
    closed = silence(timer, MONDAY + 3 * DAY)

    event = ticket.events.latest("number")
    assert (closed.status, closed.close_reason) == (Status.CLOSED, CloseReason.SILENCE)
    assert (event.kind, event.by, event.face, event.cause) == (Kind.CLOSED, None, "system", "timer:close_after")
    assert not TicketTimer.objects.exists()


def test_before_it_waits_until_then(timer):
    assert silence(timer, MONDAY + 3 * DAY - MINUTE).status == Status.RESOLVED

    timer.refresh_from_db()
    assert (timer.due_at, timer.claim) == (MONDAY + 3 * DAY, None)


def test_without_the_claim_it_stays(timer):
    claimed(timer)

    assert silence(timer, MONDAY + 3 * DAY, claim=uuid4()).status == Status.RESOLVED


def test_a_claim_closes_once(ticket, timer):
    claim = claimed(timer)

    for _ in range(2):
        silence(timer, MONDAY + 3 * DAY, claim=claim)

    assert ticket.events.filter(kind=Kind.CLOSED).count() == 1


def test_a_requester_who_objected_in_time_is_not_closed_over(ticket, timer, ada):
    claim = claimed(timer)
    actions.add_message(
        ticket=ticket,
        address=address_for(ada),
        text="No.",
        source="web",
        by=Principal.link(ada, ticket.pk),
        at=TUESDAY,
    )

    assert silence(timer, MONDAY + 3 * DAY, claim=claim).status == Status.REOPENED


def test_resolved_anew_it_waits_anew(ticket, timer, boss):
    actions.reopen(ticket=ticket, by=boss, at=TUESDAY)
    actions.resolve(ticket=ticket, by=boss, at=TUESDAY)
    timer = ticket.timers.get()

    assert silence(timer, MONDAY + 3 * DAY).status == Status.RESOLVED
    assert silence(timer, TUESDAY + 3 * DAY).status == Status.CLOSED


def test_a_stray_timer_of_a_ticket_at_work_is_dropped(ticket):
    timer = TicketTimer.objects.create(ticket=ticket, kind="close", due_at=MONDAY)

    assert silence(timer, TUESDAY).status == Status.OPEN
    assert not TicketTimer.objects.exists()
