"""After a change of plan or business hours open clocks are reckoned anew: in steps, once, and history stays."""

from datetime import date, datetime
from uuid import uuid4

import pytest

from accounts.models import AuditEvent, AuditKind
from sla import holidays, hours, reckoning
from sla.models import BusinessHours, Reckoning, Scope
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, MONDAY, TUESDAY
from tickets import actions, clocks
from tickets import reckoning as reckoning_tickets
from tickets.actions import reckoning as steps
from tickets.models import FAR_FUTURE, Kind, Status, Ticket, TicketClock

pytestmark = pytest.mark.django_db

# Monday, 2 November 2026, 9:00 in UTC.
SOON = MONDAY + MINUTE


@pytest.fixture
def office(plan) -> BusinessHours:
    hours = cast.make_hours("Office")
    plan.hours = hours
    plan.save()
    return hours


def claimed(row: Reckoning) -> Reckoning:
    row.claim = uuid4()
    Reckoning.objects.filter(pk=row.pk).update(claim=row.claim)
    return row


def ask(scope, number=0, at=SOON) -> Reckoning:
    reckoning.ask(scope, number, at=at)
    return claimed(Reckoning.objects.get(scope=scope, number=number))


def reckon(scope, number=0, at=SOON) -> Reckoning:
    row = ask(scope, number, at)
    while not actions.reckon_step(row, claim=row.claim, at=at):
        pass
    row.refresh_from_db()
    return row


def promise(plan, target, within) -> None:
    plan.targets.update_or_create(target=target, priority=None, defaults={"within": within})


def deadlines(ticket) -> dict[str, datetime]:
    return dict(ticket.clocks.running().values_list("target", "deadline_at"))


def told(ticket) -> list:
    return [(c["target"], c["did"]) for e in ticket.events.filter(kind=Kind.RECKONED) for c in e.data["clocks"]]


def test_another_promise_holds_since_the_clock_started(ticket, plan):
    promise(plan, "first_response", 3 * HOUR)

    row = reckon(Scope.PLAN, plan.pk)

    ticket = Ticket.objects.get(pk=ticket.pk)
    event = ticket.events.get(kind=Kind.RECKONED)
    assert deadlines(ticket)["first_response"] == ticket.next_due_at == MONDAY + 3 * HOUR
    assert (event.by, event.cause, event.at) == (None, f"reckoning:{row.pk}", SOON)
    assert (event.data["scope"], event.data["number"]) == ("plan", plan.pk)
    [clock] = event.data["clocks"]
    assert (clock["target"], clock["did"]) == ("first_response", "changed")
    assert (clock["within"], clock["deadline"]) == (3 * 3600, (MONDAY + 3 * HOUR).isoformat())
    assert (row.looked_at, row.moved, row.failed, row.finished_at) == (1, 1, 0, SOON)


def test_it_looks_again_when_the_new_deadline_comes(ticket, plan):
    TicketClock.objects.filter(target="first_response").update(warned_at=SOON)
    promise(plan, "first_response", 3 * HOUR)

    reckon(Scope.PLAN, plan.pk)

    clock = ticket.clocks.get(target="first_response")
    assert (clock.warned_at, clock.due_at) == (None, clock.warn_at)


def test_one_priority_alone_moves_its_tickets_alone(ada, topic, plan, ticket):
    low = cast.make_ticket(ada, topic, priority=cast.priority("Low"))
    plan.targets.create(target="first_response", priority=cast.priority("Low"), within=5 * HOUR)

    row = reckon(Scope.PLAN, plan.pk)

    assert (row.looked_at, row.moved) == (2, 1)
    assert deadlines(low)["first_response"] == MONDAY + 5 * HOUR
    assert told(ticket) == []


def test_what_changes_nothing_is_no_event_and_no_activity(ticket, plan):
    before = Ticket.objects.values().get(pk=ticket.pk)

    assert reckon(Scope.PLAN, plan.pk).moved == 0
    assert Ticket.objects.values().get(pk=ticket.pk) == before


def test_being_reckoned_is_no_activity(ticket, plan):
    promise(plan, "first_response", 3 * HOUR)

    reckon(Scope.PLAN, plan.pk, at=TUESDAY)

    assert Ticket.objects.get(pk=ticket.pk).last_activity_at == MONDAY


def test_a_holiday_moves_what_it_lies_before(ada, topic, plan, office):
    promise(plan, "resolution", 10 * HOUR)
    ticket = cast.make_ticket(ada, topic)
    tuesday = deadlines(ticket)["resolution"]
    office.holidays.create(day=tuesday.date(), name="Strike")
    office.touch()

    reckon(Scope.HOURS, office.pk)

    assert deadlines(ticket)["resolution"] == tuesday + DAY
    assert told(ticket) == [("resolution", "changed")]


def test_the_hours_of_a_department_count_for_its_tickets_alone(ada, billing, support, plan):
    here, there = (
        cast.make_ticket(ada, cast.make_topic(one.name, department=one, sla_plan=plan)) for one in (billing, support)
    )
    billing.hours = cast.make_hours("Night", "20:00", "04:00")
    billing.save()

    row = reckon(Scope.DEPARTMENT, billing.pk)

    assert deadlines(here)["first_response"].hour == 21
    assert row.looked_at == 1
    assert told(there) == []


def test_business_hours_of_the_site_count_where_neither_department_nor_plan_has_any(ticket):
    cast.make_hours("Site", "20:00", "04:00", is_default=True)

    reckon(Scope.SITE)

    assert deadlines(ticket)["first_response"].hour == 21


def test_the_default_hours_change_where_they_hold_and_not_elsewhere(ada, billing, support, plan):
    site = cast.make_hours("Site", is_default=True)
    support.hours = cast.make_hours("Own")
    support.save()
    for one in (billing, support):
        cast.make_ticket(ada, cast.make_topic(one.name, department=one, sla_plan=plan))

    assert reckoning.concerned(Scope.HOURS, site.pk) == 1
    assert reckoning.concerned(Scope.HOURS, support.hours_id) == 1
    assert reckoning.concerned(Scope.SITE) == 1


# --- History ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_broken_promise_stays_broken_whatever_holds_now(ticket, plan, is_seen):
    if is_seen:
        cast.run_clock(ticket, at=MONDAY + 2 * HOUR)
    before = TicketClock.objects.values().get(ticket=ticket, target="first_response")
    promise(plan, "first_response", 30 * HOUR)

    reckon(Scope.PLAN, plan.pk, at=MONDAY + 2 * HOUR)

    assert TicketClock.objects.values().get(ticket=ticket, target="first_response") == before


def test_a_promise_that_was_kept_stays_kept(ticket, plan, grace):
    actions.reply(ticket=ticket, text="Hello.", by=cast.principal(grace), at=MONDAY + HOUR / 2)
    promise(plan, "first_response", MINUTE)

    reckon(Scope.PLAN, plan.pk, at=MONDAY + HOUR)

    clock = ticket.clocks.get(target="first_response")
    assert (clock.outcome, clock.breached_at, clock.within) == ("met", None, HOUR)


def test_a_promise_that_would_have_been_broken_by_now_is(ticket, plan):
    promise(plan, "first_response", 10 * MINUTE)

    reckon(Scope.PLAN, plan.pk, at=MONDAY + HOUR / 2)
    cast.run_clock(ticket, at=MONDAY + HOUR / 2)

    assert ticket.clocks.get(target="first_response").breached_at == MONDAY + 10 * MINUTE


def test_what_was_paused_stays_uncounted(ada, topic, plan, grace):
    plan.pauses = ["third_party:resolution"]
    plan.save()
    ticket, by = cast.make_ticket(ada, topic), cast.principal(grace)
    actions.await_third_party(ticket=ticket, by=by, at=MONDAY + HOUR)
    actions.stop_waiting(ticket=ticket, by=by, at=MONDAY + 3 * HOUR)
    promise(plan, "resolution", 10 * HOUR)

    reckon(Scope.PLAN, plan.pk, at=MONDAY + 4 * HOUR)

    assert deadlines(ticket)["resolution"] == MONDAY + 12 * HOUR


def test_other_pauses_hold_from_now_on(ada, topic, plan, grace):
    ticket, by = cast.make_ticket(ada, topic), cast.principal(grace)
    actions.await_third_party(ticket=ticket, by=by, at=MONDAY + HOUR)
    plan.pauses = ["third_party:resolution"]
    plan.save()

    reckon(Scope.PLAN, plan.pk, at=MONDAY + 2 * HOUR)

    clock = ticket.clocks.get(target="resolution")
    assert (clock.paused_by, clock.has_deadline) == ("third_party", False)
    assert told(ticket) == [("resolution", "paused")]
    assert [span.started_at for span in clock.stretches()] == [MONDAY, MONDAY + 2 * HOUR]


def test_a_promise_that_is_new_starts_and_one_that_is_gone_ends(ticket, plan):
    plan.targets.all().delete()
    reckon(Scope.PLAN, plan.pk)
    gone, due = deadlines(ticket), Ticket.objects.get(pk=ticket.pk).next_due_at
    promise(plan, "resolution", 5 * HOUR)
    reckon(Scope.PLAN, plan.pk, at=SOON + MINUTE)

    assert (gone, due) == ({}, FAR_FUTURE)
    assert deadlines(ticket) == {"resolution": MONDAY + 5 * HOUR}
    assert Ticket.objects.get(pk=ticket.pk).next_due_at == MONDAY + 5 * HOUR


# --- In steps ----------------------------------------------------------------------------------------


@pytest.fixture
def many(ada, topic, monkeypatch):
    monkeypatch.setattr(steps, "BATCH", 2)
    return [cast.make_ticket(ada, topic) for _n in range(5)]


def due(tickets) -> list[datetime]:
    return [deadlines(ticket)["first_response"] for ticket in tickets]


def test_it_goes_on_where_it_stopped(many, plan):
    promise(plan, "first_response", 3 * HOUR)
    row = ask(Scope.PLAN, plan.pk)

    actions.reckon_step(row, claim=row.claim, at=SOON)

    assert due(many) == [MONDAY + 3 * HOUR] * 2 + [MONDAY + HOUR] * 3
    row = claimed(row)
    assert actions.reckon_for_a_while(row, claim=row.claim, clock=lambda: SOON)
    row.refresh_from_db()
    assert due(many) == [MONDAY + 3 * HOUR] * 5
    assert (row.looked_at, row.moved, row.due_at, row.claim) == (5, 5, None, None)
    assert all(told(ticket) == [("first_response", "changed")] for ticket in many)


def test_a_second_change_begins_anew_and_the_first_worker_stops(many, plan):
    promise(plan, "first_response", 3 * HOUR)
    first = ask(Scope.PLAN, plan.pk)
    actions.reckon_step(first, claim=first.claim, at=SOON)
    promise(plan, "first_response", 5 * HOUR)
    reckoning.ask(Scope.PLAN, plan.pk, at=SOON + MINUTE)

    assert actions.reckon_step(first, claim=first.claim, at=SOON + MINUTE)
    assert due(many) == [MONDAY + 3 * HOUR] * 2 + [MONDAY + HOUR] * 3
    again = claimed(Reckoning.objects.get())
    assert again.due_at == SOON + MINUTE + reckoning.SETTLES
    assert actions.reckon_for_a_while(again, claim=again.claim, clock=lambda: SOON + MINUTE)
    assert due(many) == [MONDAY + 5 * HOUR] * 5
    assert [len(told(ticket)) for ticket in many] == [2, 2, 1, 1, 1]


def test_after_some_steps_others_get_their_turn(many, plan, monkeypatch):
    monkeypatch.setattr(steps, "STEPS", 1)
    row = ask(Scope.PLAN, plan.pk)

    assert not actions.reckon_for_a_while(row, claim=row.claim, clock=lambda: TUESDAY)
    row.refresh_from_db()
    assert (row.due_at, row.claim, row.looked_at) == (TUESDAY, None, 2)


def test_few_tickets_among_many_are_found_in_short_steps(many, plan, monkeypatch):
    # Keys go on from test to test on PostgreSQL: not thousands of steps.
    monkeypatch.setattr(steps, "SPAN", max(1, many[0].pk // 20))
    promise(plan, "first_response", 3 * HOUR)

    assert reckon(Scope.PLAN, plan.pk).moved == 5


def test_one_that_cannot_be_reckoned_does_not_stop_the_others(many, plan, monkeypatch):
    broken, real = many[1].pk, hours.used_up

    def used_up(runs, span, calendar):
        if TicketClock.objects.filter(ticket=broken, started_at=runs[0][0]).exists():
            raise ValueError("no such day")
        return real(runs, span, calendar)

    TicketClock.objects.filter(ticket=broken).update(started_at=MONDAY + 7 * MINUTE)
    many[1].clocks.get(target="first_response").spans.update(started_at=MONDAY + 7 * MINUTE)
    monkeypatch.setattr("tickets.deadlines.used_up", used_up)
    promise(plan, "first_response", 3 * HOUR)

    row = reckon(Scope.PLAN, plan.pk)

    assert due(many) == [MONDAY + 3 * HOUR, MONDAY + HOUR] + [MONDAY + 3 * HOUR] * 3
    assert (row.moved, row.failed) == (4, 1)


def test_of_each_that_moves_only_what_moves_is_written(many, plan, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(steps, "BATCH", 100)
    promise(plan, "first_response", 3 * HOUR)
    row = ask(Scope.PLAN, plan.pk)

    # The same for all of them, and each clock and ticket.
    with django_assert_max_num_queries(17 + 2 * len(many)):
        actions.reckon_step(row, claim=row.claim, at=SOON)

    assert due(many) == [MONDAY + 3 * HOUR] * 5


def test_all_at_once_comes_to_the_same_as_one_by_one(many, plan, office, grace):
    by = cast.principal(grace)
    plan.pauses = ["third_party:resolution", "requester:first_response"]
    plan.save()
    actions.await_third_party(ticket=many[1], by=by, at=MONDAY + 5 * MINUTE)
    actions.reply(ticket=many[2], text="Hello.", by=by, at=MONDAY + 5 * MINUTE)
    actions.close_unresolved(ticket=many[3], reason="spam", by=by, at=MONDAY + 5 * MINUTE)
    promise(plan, "resolution", 12 * HOUR)
    promise(plan, "next_response", 12 * HOUR)
    at = MONDAY + 6 * MINUTE

    moved = reckoning_tickets.retarget_all(
        list(Ticket.objects.select_related("department", "sla_plan").order_by("pk")), at=at, cause="reckoned"
    )

    assert [ticket.pk for ticket in moved] == [many[n].pk for n in (0, 1, 2, 4)]
    for ticket in Ticket.objects.all():
        clocks.retarget(ticket, at=at, cause="reckoned")
        assert ticket.clock_changes == []
        assert ticket.next_due_at == next((one.next_due_at for one in moved if one == ticket), ticket.next_due_at)


# --- Who asks for it ------------------------------------------------------------------------------------


def test_it_is_recorded_in_the_audit_log(ticket, plan, admin_user):
    promise(plan, "first_response", 3 * HOUR)
    reckoning.ask(Scope.PLAN, plan.pk, at=SOON, by=admin_user)
    row = claimed(Reckoning.objects.get())

    actions.reckon_for_a_while(row, claim=row.claim, clock=lambda: SOON)

    event = AuditEvent.objects.get(kind=AuditKind.RECKONED)
    assert (event.by, event.target_model, event.target_id, event.at) == (admin_user, "sla.slaplan", plan.pk, SOON)
    assert event.changes == {"looked_at": [None, 1], "moved": [None, 1], "failed": [None, 0]}


def test_a_year_that_is_filled_in_counts(ada, topic, plan, office):
    office.country = "DE"
    office.save()
    promise(plan, "resolution", 600 * HOUR)
    ticket = cast.make_ticket(ada, topic)
    before = deadlines(ticket)["resolution"]

    holidays.fill_in_years(SOON)
    holidays.fill_in_years(SOON)
    row = claimed(Reckoning.objects.get(scope=Scope.HOURS, number=office.pk))
    actions.reckon_for_a_while(row, claim=row.claim, clock=lambda: SOON)

    assert office.holidays.filter(day=date(2026, 12, 25)).exists()
    assert deadlines(ticket)["resolution"] > before


def test_closed_tickets_are_left_alone_and_not_counted(ticket, plan, grace):
    actions.close_unresolved(ticket=ticket, reason="spam", by=cast.principal(grace), at=SOON)
    promise(plan, "first_response", 3 * HOUR)

    assert reckoning.concerned(Scope.PLAN, plan.pk) == 0
    assert reckon(Scope.PLAN, plan.pk).looked_at == 0
    assert Ticket.objects.get(pk=ticket.pk).status == Status.CLOSED


def test_counting_ends_somewhere(ada, topic, plan, monkeypatch):
    monkeypatch.setattr(reckoning, "MOST_COUNTED", 1)
    for _n in range(3):
        cast.make_ticket(ada, topic)

    assert reckoning.concerned(Scope.PLAN, plan.pk) == 2
