"""A due date set by hand: it overrides what the plan promises, until somebody takes it away."""

import pytest

from sla import reckoning
from sla.models import Reckoning, Scope
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, MONDAY, TUESDAY
from tests.tickets.test_reckoning import reckon
from tests.tickets.test_sweep import sweep
from tickets import actions
from tickets.errors import ChangedMeanwhile, NotOffered
from tickets.models import Kind, Ticket

pytestmark = pytest.mark.django_db

DUE = MONDAY + 30 * HOUR


@pytest.fixture
def by(grace):
    return cast.principal(grace)


@pytest.fixture
def set_to(ticket, by):
    def do(to=DUE, at=MONDAY + MINUTE) -> Ticket:
        return actions.set_due_date(ticket=ticket, to=to, by=by, at=at)

    return do


def resolution(ticket):
    return ticket.clocks.running().get(target="resolution")


def test_it_takes_the_place_of_the_deadline_of_the_resolution_alone(ticket, set_to):
    set_to()

    clock = resolution(ticket)
    assert (clock.deadline_at, clock.is_manual, clock.within) == (DUE, True, 4 * HOUR)
    assert ticket.clocks.get(target="first_response").deadline_at == MONDAY + HOUR
    assert Ticket.objects.get(pk=ticket.pk).manual_due_at == DUE


def test_who_set_it_and_when_stands_in_the_event(ticket, set_to, grace):
    set_to()
    set_to(DUE + HOUR, at=MONDAY + HOUR)

    first, second = ticket.events.filter(kind=Kind.DUE_DATE_SET).order_by("number")
    assert (first.by, first.at, first.data["from"], first.data["to"]) == (grace, MONDAY + MINUTE, None, DUE.isoformat())
    assert (second.data["from"], second.data["to"]) == (DUE.isoformat(), (DUE + HOUR).isoformat())
    [told] = second.data["clocks"]
    assert (told["did"], told["deadline"], told["manual"]) == ("changed", (DUE + HOUR).isoformat(), True)


def test_the_same_again_is_no_event(ticket, set_to):
    set_to()
    set_to()

    assert ticket.events.filter(kind=Kind.DUE_DATE_SET).count() == 1


def test_taken_away_the_plan_holds_as_if_it_always_had(ticket, set_to, by):
    set_to()
    actions.remove_due_date(ticket=ticket, by=by, at=MONDAY + HOUR)

    clock = resolution(ticket)
    assert (clock.deadline_at, clock.is_manual) == (MONDAY + 4 * HOUR, False)
    assert Ticket.objects.get(pk=ticket.pk).manual_due_at is None
    assert ticket.events.get(kind=Kind.DUE_DATE_REMOVED).data["from"] == DUE.isoformat()


@pytest.mark.parametrize("to", [MONDAY, MONDAY - DAY, MONDAY + 800 * DAY])
def test_the_past_and_the_far_future_are_refused(ticket, set_to, to):
    with pytest.raises(NotOffered, match="within the next two years"):
        set_to(to, at=MONDAY)


def test_without_a_plan_there_is_no_clock_to_set(ticket, set_to):
    Ticket.objects.update(sla_plan=None)

    with pytest.raises(NotOffered, match="no SLA plan"):
        set_to()


def test_who_did_not_see_what_others_did_is_refused(ticket, by, billing):
    seen = ticket.last_event_number
    actions.add_note(ticket=ticket, text="Wait.", by=cast.principal(cast.make_agent("Boris", billing)), at=MONDAY)

    with pytest.raises(ChangedMeanwhile):
        actions.set_due_date(ticket=ticket, to=DUE, by=by, at=MONDAY, seen=seen)


# --- What becomes of it -------------------------------------------------------------------------------


def test_no_pause_moves_it_and_what_was_paused_stays_uncounted_after_it(ada, topic, plan, by):
    plan.pauses = ["third_party:resolution"]
    plan.save()
    ticket = cast.make_ticket(ada, topic)
    actions.set_due_date(ticket=ticket, to=DUE, by=by, at=MONDAY)
    actions.await_third_party(ticket=ticket, by=by, at=MONDAY + HOUR)
    assert (resolution(ticket).deadline_at, resolution(ticket).paused_by) == (DUE, "third_party")

    actions.stop_waiting(ticket=ticket, by=by, at=MONDAY + 3 * HOUR)
    actions.remove_due_date(ticket=ticket, by=by, at=MONDAY + 3 * HOUR)

    assert resolution(ticket).deadline_at == MONDAY + 6 * HOUR


def test_another_priority_plan_and_department_leave_it(ticket, set_to, by, support):
    set_to()

    actions.change_priority(ticket=ticket, to=cast.priority("Low"), by=by, at=MONDAY + 2 * MINUTE)
    actions.change_plan(ticket=ticket, to=cast.make_plan("Fast", resolution=HOUR), by=by, at=MONDAY + 2 * MINUTE)
    actions.transfer(ticket=ticket, to=support, by=by, at=MONDAY + 3 * MINUTE)

    assert resolution(ticket).deadline_at == DUE
    assert resolution(ticket).within == HOUR


def test_reckoning_anew_leaves_it(ticket, set_to, plan):
    set_to()
    plan.targets.filter(target="resolution").update(within=2 * HOUR)

    reckon(Scope.PLAN, plan.pk)

    assert (resolution(ticket).deadline_at, resolution(ticket).within) == (DUE, 2 * HOUR)


def test_a_plan_that_promises_no_solution_gets_a_clock_for_it(ticket, set_to, by, plan):
    plan.targets.filter(target="resolution").delete()
    reckon(Scope.PLAN, plan.pk)
    assert not ticket.clocks.running().filter(target="resolution").exists()

    set_to()
    assert resolution(ticket).deadline_at == DUE
    assert reckon(Scope.PLAN, plan.pk, at=MONDAY + 2 * MINUTE).moved == 0

    actions.remove_due_date(ticket=ticket, by=by, at=MONDAY + HOUR)
    assert not ticket.clocks.running().filter(target="resolution").exists()


def test_it_warns_at_the_shares_of_the_working_time_until_then(ticket, set_to):
    set_to(MONDAY + 8 * HOUR)

    assert resolution(ticket).warn_at == MONDAY + 6 * HOUR
    clock = resolution(ticket)
    sweep(clock, MONDAY + 6 * HOUR)
    assert (clock.warned_share, clock.due_at) == (75, MONDAY + 8 * HOUR)


def test_on_a_weekend_it_warns_all_the_same(ada, topic, plan, by):
    plan.hours = cast.make_hours("Office")
    plan.save()
    friday_evening = MONDAY + 4 * DAY + 10 * HOUR
    ticket = cast.make_ticket(ada, topic, at=friday_evening)

    actions.set_due_date(ticket=ticket, to=friday_evening + 12 * HOUR, by=by, at=friday_evening)

    assert resolution(ticket).warn_at == friday_evening + 9 * HOUR


def test_it_is_broken_like_any_promise(ticket, set_to):
    set_to()
    clock = resolution(ticket)

    sweep(clock, DUE + MINUTE)

    assert clock.breached_at == DUE


@pytest.mark.parametrize("is_seen", [True, False])
def test_on_an_overdue_ticket_the_broken_promise_ends_and_stays_broken(ticket, set_to, is_seen):
    if is_seen:
        sweep(resolution(ticket), MONDAY + 5 * HOUR)

    set_to(at=MONDAY + 5 * HOUR)

    before, after = ticket.clocks.filter(target="resolution").order_by("pk")
    assert (before.outcome, before.deadline_at) == ("cancelled", MONDAY + 4 * HOUR)
    assert before.breached_at == MONDAY + 4 * HOUR
    assert (after.deadline_at, after.started_at, after.breached_at) == (DUE, MONDAY, None)


def test_a_broken_due_date_stays_where_another_plan_comes(ticket, set_to, by):
    set_to(MONDAY + HOUR)
    sweep(resolution(ticket), MONDAY + 2 * HOUR)

    slow = cast.make_plan("Slow", resolution=50 * HOUR)
    actions.change_plan(ticket=ticket, to=slow, by=by, at=MONDAY + 3 * HOUR)

    assert resolution(ticket).breached_at == MONDAY + HOUR


@pytest.mark.parametrize(("at", "stays"), [(TUESDAY, True), (DUE, False), (DUE + DAY, False)])
def test_a_ticket_that_comes_back_keeps_what_is_still_to_come(ticket, set_to, by, at, stays):
    set_to()
    actions.resolve(ticket=ticket, resolution="So.", by=by, at=MONDAY + HOUR)

    actions.reopen(ticket=ticket, by=by, at=at)

    clock, event = resolution(ticket), ticket.events.get(kind=Kind.REOPENED)
    assert clock.is_manual == stays
    assert clock.deadline_at == (DUE if stays else at + 4 * HOUR)
    assert event.data.get("due_dropped") == (None if stays else DUE.isoformat())


def test_a_change_of_the_plan_concerns_such_tickets_too(ticket, set_to, plan):
    set_to()

    assert reckoning.concerned(Scope.PLAN, plan.pk) == 1
    assert not Reckoning.objects.exists()
